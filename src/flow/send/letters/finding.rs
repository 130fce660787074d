//! What was found for somebody, and the posts they asked for, as letters; read anew when they are
//! written, so that nobody gets what they may not read any more.

use super::Facts;
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::List;
use crate::flow::looking::{Blocks, Library, SENT_BYTES_MAX};
use crate::flow::{Desk, FlowError, requests};
use crate::letters::{FoundEdition, FoundItem, PostAskedFor};
use crate::mail::mask::mask_addresses;
use crate::search::{EditionHit, Found, Reader, plain};
use crate::store::archive::PostSummary;

/// What is told of a search.
pub(super) struct Finding {
    pub(super) words: String,
    pub(super) items: Vec<FoundItem>,
    pub(super) editions: Vec<FoundEdition>,
    pub(super) in_all: u64,
    pub(super) nearly: bool,
    pub(super) meant: Option<String>,
}

/// What was found for the words that stand in a mail.
pub(super) fn found(
    desk: &Desk,
    facts: &Facts,
    mail: PostId,
    posts: &[PostId],
) -> Result<Option<Finding>, FlowError> {
    let Some(words) = requests::words_sought(desk, mail)? else { return Ok(None) };
    let asked_at = desk.store.post(mail)?.and_then(|info| info.list);
    let library = Library::of(desk, facts.person.id, asked_at)?;
    // Without the index the posts are there all the same, with their first words.
    let again = library.find(desk, &words).ok();
    let mut items = Vec::new();
    for post in posts {
        if let Some((post, reader)) = readable(desk, facts, *post)? {
            items.push(item(desk, facts, &post, reader, again.as_ref())?);
        }
    }
    let in_all = again.as_ref().map_or(0, |found| found.posts_in_all).max(items.len() as u64);
    let mut editions = Vec::new();
    for hit in again.iter().flat_map(|found| &found.editions) {
        editions.extend(edition(desk, facts, hit)?);
    }
    let nearly = again.as_ref().is_some_and(|found| found.nearly);
    let meant = again.and_then(|found| found.suggestion).filter(|_| items.is_empty());
    Ok(Some(Finding { words, items, editions, in_all, nearly, meant }))
}

fn edition(desk: &Desk, facts: &Facts, hit: &EditionHit) -> Result<Option<FoundEdition>, FlowError> {
    let Some(list) = desk.store.list(hit.list)? else { return Ok(None) };
    Ok(Some(FoundEdition {
        title: hit.heading(list.settings.language),
        date: hit.at,
        list: elsewhere(facts, hit.list).then(|| list.settings.name.clone()),
        excerpt: plain(&hit.excerpt),
        page: Some(desk.edition_url(&list, hit.number)),
    }))
}

/// Whether a list is not the one they looked in.
fn elsewhere(facts: &Facts, list: ListId) -> bool {
    facts.list.as_ref().is_none_or(|here| here.id != list)
}

/// A post, if the reader of the letter may read it, and who they are to its list.
fn readable(desk: &Desk, facts: &Facts, post: PostId) -> Result<Option<(PostSummary, Reader)>, FlowError> {
    let Some(known) = desk.store.reader().post(post)? else { return Ok(None) };
    let library = Library::of(desk, facts.person.id, Some(known.list))?;
    Ok(library.post(desk, post)?.map(|post| (post, library.reader())))
}

fn item(
    desk: &Desk,
    facts: &Facts,
    post: &PostSummary,
    reader: Reader,
    again: Option<&Found>,
) -> Result<FoundItem, FlowError> {
    let hits = again.into_iter().flat_map(|found| &found.groups).flat_map(|group| &group.hits);
    let excerpt = hits.into_iter().find(|hit| hit.post.id == post.id).map(|hit| plain(&hit.excerpt));
    let list = desk.store.list(post.list)?;
    Ok(FoundItem {
        title: seen(&post.subject, reader),
        author: author(post, reader),
        date: post.date,
        list: list.as_ref().filter(|_| elsewhere(facts, post.list)).map(|list| list.settings.name.clone()),
        excerpt: excerpt.unwrap_or_else(|| seen(&post.excerpt, reader)),
        page: list.map(|list: List| desk.post_url(&list, &post.message_id)),
    })
}

/// Posts somebody asked for, and whether there is more of them.
pub(super) fn asked_for(
    desk: &Desk,
    facts: &Facts,
    posts: &[PostId],
    thread: bool,
) -> Result<(Vec<PostAskedFor>, bool), FlowError> {
    let (mut told, mut cut, mut room) = (Vec::new(), false, SENT_BYTES_MAX);
    for post in posts {
        let Some((post, _)) = readable(desk, facts, *post)? else { continue };
        let library = Library::of(desk, facts.person.id, Some(post.list))?;
        let (wanted, more) = if thread { library.thread(desk, &post)? } else { (vec![post], false) };
        cut |= more;
        for post in wanted {
            let blocks = if thread { Blocks::Own } else { Blocks::WithQuotes };
            let said = library.text(desk, post.id, blocks)?;
            if said.text.len() > room {
                cut = true;
                break;
            }
            room -= said.text.len();
            let list = desk.store.list(post.list)?;
            told.push(PostAskedFor {
                title: seen(&post.subject, library.reader()),
                author: author(&post, library.reader()),
                date: post.date,
                text: said.text,
                files: said.files,
                page: list.map(|list| desk.post_url(&list, &post.message_id)),
            });
        }
    }
    Ok((told, cut))
}

fn seen(text: &str, reader: Reader) -> String {
    match reader {
        Reader::Member => text.to_owned(),
        Reader::Stranger => mask_addresses(text),
    }
}

fn author(post: &PostSummary, reader: Reader) -> String {
    match (post.author_name.trim(), &post.author_address, reader) {
        ("", Some(address), Reader::Member) => address.to_string(),
        ("", _, _) => "…".to_owned(),
        (name, _, reader) => seen(name, reader),
    }
}
