//! What somebody who goes through the posts first would propose: long conversations folded,
//! duplicates and thanks left out, questions nobody answered on top.

use std::collections::HashMap;

use crate::digest::condense;
use crate::domain::edition::{Edition, EditionItem, Fold, ITEMS_MAX, ItemPlace, Noticed};
use crate::domain::ids::PostId;
use crate::domain::list::List;
use crate::flow::{Desk, FlowError};
use crate::mail::show::show;
use crate::mail::subject;
use crate::store::archive::{PostSummary, ThreadId};

/// More new posts of one conversation than this are folded.
const FOLD_FROM: usize = 5;
/// Thanks are short, words.
const THANKS_WORDS_MAX: usize = 14;
/// Words that thank.
const THANKS: &[&str] = &["merci", "mercis", "remercie", "remercions", "thanks", "thank", "bravo"];
/// So much of two texts is compared, characters.
const COMPARED_CHARS: usize = 300;
/// Texts shorter than this are alike by chance, characters.
const COMPARED_CHARS_MIN: usize = 20;

/// A post on its way into an edition.
struct Candidate {
    post: PostSummary,
    words: String,
}

/// Adds what is new to an edition, and takes out what is no more. How many items are new.
pub(super) fn refresh(
    desk: &Desk,
    list: &List,
    edition: &mut Edition,
    awaited: &[PostId],
) -> Result<usize, FlowError> {
    for item in &mut edition.items {
        item.posts.retain(|post| awaited.contains(post));
    }
    edition.items.retain(|item| !item.posts.is_empty());
    let known: Vec<PostId> = edition.items.iter().flat_map(|item| item.posts.clone()).collect();
    let mut threads: Vec<(ThreadId, Vec<Candidate>)> = Vec::new();
    for post in awaited.iter().filter(|post| !known.contains(post)) {
        let Some(post) = desk.store.reader().post(*post)? else { continue };
        let words = desk.store.raw(post.id)?.map(|raw| condense(&show(&raw)).text).unwrap_or_default();
        let thread = post.thread;
        let candidate = Candidate { post, words };
        match threads.iter_mut().find(|(known, _)| *known == thread) {
            Some((_, candidates)) => candidates.push(candidate),
            None => threads.push((thread, vec![candidate])),
        }
    }
    let mut of_threads: HashMap<ThreadId, usize> = HashMap::new();
    for (at, item) in edition.items.iter().enumerate() {
        if let Some(post) =
            item.posts.first().map(|post| desk.store.reader().post(*post)).transpose()?.flatten()
        {
            of_threads.insert(post.thread, at);
        }
    }
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut items: Vec<EditionItem> = Vec::new();
    let mut number = edition.items.iter().map(|item| item.number).max().unwrap_or(0);
    for (thread, mut candidates) in threads {
        candidates.sort_by_key(|one| (one.post.date, one.post.id));
        let posts: Vec<PostId> = candidates.iter().map(|one| one.post.id).collect();
        if let Some(at) = of_threads.get(&thread) {
            edition.items[*at].posts.extend(posts);
            continue;
        }
        if edition.items.len() + items.len() >= ITEMS_MAX {
            break;
        }
        let noticed = noticed(desk, list, thread, &candidates, &mut seen)?;
        number += 1;
        items.push(EditionItem {
            number,
            fold: if posts.len() > FOLD_FROM { Fold::Folded } else { Fold::Open },
            posts,
            title: String::new(),
            note: String::new(),
            place: match noticed {
                Some(Noticed::Thanks | Noticed::Duplicate) => ItemPlace::Dropped,
                Some(Noticed::Unanswered) | None => ItemPlace::In,
            },
            noticed,
        });
    }
    let first_time = edition.items.is_empty();
    items.sort_by_key(|item| match item.noticed {
        Some(Noticed::Unanswered) => 0,
        None => 1,
        Some(Noticed::Duplicate | Noticed::Thanks) => 2,
    });
    if first_time {
        // Numbers as they are read.
        (1..).zip(&mut items).for_each(|(n, item)| item.number = n);
    }
    let new = items.len();
    edition.items.extend(items);
    Ok(new)
}

fn noticed(
    desk: &Desk,
    list: &List,
    thread: ThreadId,
    candidates: &[Candidate],
    seen: &mut Vec<(String, String)>,
) -> Result<Option<Noticed>, FlowError> {
    let Some(first) = candidates.first() else { return Ok(None) };
    let title = compared(subject::bare(&first.post.subject, &list.settings.subject_prefix));
    let words = compared(&first.words);
    let alike = |(known_title, known_words): &&(String, String)| {
        let long = words.chars().count() >= COMPARED_CHARS_MIN;
        *known_words == words && (long || *known_title == title)
    };
    if seen.iter().any(|known| alike(&known)) {
        return Ok(Some(Noticed::Duplicate));
    }
    seen.push((title, words));
    if candidates.iter().all(|one| is_thanks(&one.words)) {
        return Ok(Some(Noticed::Thanks));
    }
    let whole = desk.store.reader().thread(list.id, thread, 0)?.map_or(1, |thread| thread.summary.posts);
    let asks = first.words.contains('?') || first.post.subject.contains('?');
    Ok((whole == 1 && asks).then_some(Noticed::Unanswered))
}

/// Nothing but thanks: a few words, one of which thanks, and nothing is asked.
fn is_thanks(words: &str) -> bool {
    let own: Vec<String> = words
        .lines()
        .filter(|line| !line.starts_with('>'))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    own.len() <= THANKS_WORDS_MAX
        && !words.contains('?')
        && own.iter().any(|word| THANKS.contains(&word.as_str()))
}

/// Letters and digits alone, in small letters.
fn compared(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(COMPARED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_are_short_and_ask_nothing() {
        for (words, thanks) in [
            ("Merci beaucoup Marcel !", true),
            ("> Voici le plan\n\nUn grand merci à toutes et à tous", true),
            ("Merci, et qui apporte le pain ?", false),
            ("Oui", false),
            (
                "Merci à Marcel qui nous a prêté son camion tout le samedi et qui le prêtera encore dimanche prochain",
                false,
            ),
        ] {
            assert_eq!(is_thanks(words), thanks, "{words}");
        }
    }
}
