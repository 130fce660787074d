//! Atom feeds (RFC 4287) of a list and of one conversation.

use axum::http::StatusCode;
use serde::Serialize;

use crate::domain::time::{Timestamp, Zone};
use crate::store::archive::PostSummary;

use super::answer::{Answer, Content};
use super::pages::{PageError, Pages, indexed};
use super::routes::{ListPage, Route, encode};
use super::text::one_line;
use super::views::{BodyView, Desk, Place};

/// Posts in a feed, the newest.
pub(crate) const FEED_POSTS: usize = 30;
/// More text of one post than this is not in a feed, bytes.
const ENTRY_TEXT_BYTES_MAX: usize = 32 * 1024;
const TITLE_CHARS_MAX: usize = 200;

#[derive(Serialize)]
struct FeedView {
    language: &'static str,
    id: String,
    title: String,
    subtitle: String,
    updated: String,
    itself: String,
    page: String,
    entries: Vec<EntryView>,
}

#[derive(Serialize)]
struct EntryView {
    id: String,
    page: String,
    title: String,
    author: String,
    published: String,
    updated: String,
    language: Option<String>,
    /// HTML, written by the `text` template and escaped once more by `feed`.
    content: String,
}

#[derive(Serialize)]
struct ContentView {
    body: BodyView,
}

/// `/LIST/feed.atom`
pub(crate) fn of_list(pages: &Pages, desk: &Desk<'_>, place: Place<'_>) -> Result<Answer, PageError> {
    let posts = pages.archive_of(place.list, desk.eyes).latest_posts(place.list.id, FEED_POSTS)?;
    let settings = &place.list.settings;
    let itself = Route::list(place.segment, ListPage::Feed);
    let page = Route::list(place.segment, ListPage::Front);
    feed(pages, desk, place, posts, (&itself, &page), &settings.name, &settings.promise)
}

/// `/LIST/t/THREAD/feed.atom`
pub(crate) fn of_thread(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    key: &str,
) -> Result<Answer, PageError> {
    let archive = pages.archive_of(place.list, desk.eyes);
    let Some(id) = archive.thread_of(place.list.id, key)? else { return pages.absent(desk) };
    let Some(whole) = super::threads::whole(pages, desk.eyes, place.list, id)? else {
        return pages.absent(desk);
    };
    let thread = &whole.thread;
    let itself = Route::list(place.segment, ListPage::ThreadFeed { key: thread.summary.key.clone() });
    if thread.summary.key != key {
        return Ok(Answer::elsewhere(StatusCode::FOUND, desk.href(&itself)));
    }
    let page = Route::list(place.segment, ListPage::Thread { key: key.to_owned() });
    // They come by date.
    let posts = thread.posts.iter().rev().take(FEED_POSTS).cloned().collect();
    let title = desk.subject(&thread.summary.subject);
    feed(pages, desk, place, posts, (&itself, &page), &title, &place.list.settings.name)
}

/// `/LIST/search/feed.atom?q=…`: the newest that hold these words.
pub(crate) fn of_search(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    words: &str,
    posts: Vec<PostSummary>,
) -> Result<Answer, PageError> {
    let query = format!("?q={}", encode(words));
    let itself = desk.absolute(&Route::list(place.segment, ListPage::SearchFeed)) + &query;
    let page = desk.absolute(&Route::list(place.segment, ListPage::Search)) + &query;
    let title = desk.tell("search_feed_title", &[("words", words)]);
    let key = desk.feed_key().replacen('?', "&", 1);
    written(pages, desk, place, posts, (itself + &key, page), &title, &place.list.settings.name)
}

/// Editions in a feed, the newest.
const FEED_EDITIONS: usize = 20;

/// `/LIST/e/feed.atom`
pub(crate) fn of_editions(pages: &Pages, desk: &Desk<'_>, place: Place<'_>) -> Result<Answer, PageError> {
    let itself = Route::list(place.segment, ListPage::EditionFeed);
    let page = Route::list(place.segment, ListPage::Front);
    let mut entries = Vec::new();
    let mut updated = place.list.since;
    for (number, at) in pages.archive.editions(place.list.id, FEED_EDITIONS)? {
        let Some(shown) = pages.archive_of(place.list, desk.eyes).edition(place.list.id, number)? else {
            continue;
        };
        updated = updated.max(at);
        let content = super::editions::in_feed(pages, desk, place, &shown)?;
        let address = desk.absolute(&Route::list(place.segment, ListPage::Edition { number }));
        let by: Vec<String> = shown.by.iter().filter_map(|name| desk.name(name)).collect();
        entries.push(EntryView {
            id: address.clone(),
            page: address,
            title: super::views::edition_title(desk, &shown),
            author: if by.is_empty() { place.list.settings.name.clone() } else { by.join(", ") },
            published: rfc3339(at),
            updated: rfc3339(at),
            language: Some(place.list.settings.language.tag().to_owned()),
            content,
        });
    }
    let title = desk.tell("edition_feed_title", &[("name", &place.list.settings.name)]);
    let view = FeedView {
        language: desk.language.tag(),
        // RFC 4287 §4.2.6: not that of the feed of posts.
        id: desk.absolute(&itself),
        title: one_line(&title, TITLE_CHARS_MAX),
        subtitle: one_line(&place.list.settings.promise, TITLE_CHARS_MAX),
        updated: rfc3339(updated),
        itself: desk.absolute(&itself) + &desk.feed_key(),
        page: desk.absolute(&page),
        entries,
    };
    finished(pages, desk, place, &view)
}

fn feed(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    posts: Vec<PostSummary>,
    (itself, page): (&Route, &Route),
    title: &str,
    subtitle: &str,
) -> Result<Answer, PageError> {
    let addresses = (desk.absolute(itself) + &desk.feed_key(), desk.absolute(page));
    written(pages, desk, place, posts, addresses, title, subtitle)
}

fn written(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    posts: Vec<PostSummary>,
    (itself, page): (String, String),
    title: &str,
    subtitle: &str,
) -> Result<Answer, PageError> {
    let mut entries = Vec::new();
    let mut updated = place.list.since;
    for post in posts.iter().filter(|post| desk.hidden_because(post).is_none()) {
        updated = updated.max(post.received);
        entries.push(entry(pages, desk, place, post)?);
    }
    let view = FeedView {
        language: desk.language.tag(),
        id: page.clone(),
        title: one_line(title, TITLE_CHARS_MAX),
        subtitle: one_line(subtitle, TITLE_CHARS_MAX),
        updated: rfc3339(updated),
        itself,
        page,
        entries,
    };
    finished(pages, desk, place, &view)
}

fn finished(pages: &Pages, desk: &Desk<'_>, place: Place<'_>, view: &FeedView) -> Result<Answer, PageError> {
    let atom = pages.templates.render(desk.language, "feed", view)?;
    Ok(Answer {
        indexed: indexed(place.list),
        language: Some(desk.language),
        ..Answer::public(Content::Atom(atom))
    })
}

fn entry(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    post: &PostSummary,
) -> Result<EntryView, PageError> {
    let content = match pages.read(desk, place, post)? {
        Some(read) => {
            let body = BodyView::new(desk, &read.shown, ENTRY_TEXT_BYTES_MAX);
            pages.templates.render(desk.language, "text", &ContentView { body })?
        }
        None => String::new(),
    };
    let id = post.message_id.clone();
    let page = desk.absolute(&Route::list(place.segment, ListPage::Post { id }));
    Ok(EntryView {
        // RFC 4287 §4.2.6: no two entries share one, though posts may share a Message-ID.
        id: format!("{page}?c={}", post.hash12),
        page,
        title: desk.subject(&post.subject),
        author: desk.author(post),
        published: rfc3339(post.date),
        updated: rfc3339(post.received.max(post.date)),
        language: post.language.clone(),
        content,
    })
}

fn rfc3339(at: Timestamp) -> String {
    at.rfc3339(&Zone::utc())
}
