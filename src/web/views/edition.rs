//! An edition as a page.

use serde::Serialize;

use super::super::routes::{ListPage, Route};
use super::super::text::{many_lines, one_line};
use super::set::{Paragraph, set};
use super::{Desk, Frame, Link, Place, PostView, When};
use crate::domain::edition::EditionItem;
use crate::store::editions::EditionShown;

/// Longer titles and names are cut, characters.
const TITLE_CHARS_MAX: usize = 300;

/// The page of an edition.
#[derive(Serialize)]
pub(crate) struct EditionView {
    frame: Frame,
    title: String,
    when: When,
    by: Option<String>,
    intro: Option<Vec<Paragraph>>,
    items: Vec<ItemView>,
    feed: Link,
}

/// A conversation in it.
#[derive(Serialize)]
pub(crate) struct ItemView {
    title: String,
    href: Option<String>,
    note: Option<Vec<Paragraph>>,
    posts: Vec<PostView>,
    others: Option<String>,
}

impl ItemView {
    pub(crate) fn new(
        desk: &Desk<'_>,
        item: &EditionItem,
        subject: String,
        href: Option<String>,
        posts: Vec<PostView>,
        left_out: usize,
    ) -> ItemView {
        let named = one_line(&desk.masked(&item.title), TITLE_CHARS_MAX);
        ItemView {
            title: if named.is_empty() { subject } else { named },
            href,
            note: words(desk, &item.note),
            posts,
            others: (left_out > 0).then(|| desk.count("edition_others", left_out as u64)),
        }
    }
}

impl EditionView {
    pub(crate) fn new(
        desk: &Desk<'_>,
        place: Place<'_>,
        shown: &EditionShown,
        items: Vec<ItemView>,
    ) -> EditionView {
        let number = shown.edition.number;
        let title = edition_title(desk, shown);
        let by: Vec<String> = shown.by.iter().filter_map(|name| desk.name(name)).collect();
        EditionView {
            frame: desk.list_frame(place, &title, ListPage::Edition { number }, &[]),
            when: desk.when(shown.at),
            by: (!by.is_empty()).then(|| desk.tell("edition_by", &[("names", &by.join(", "))])),
            intro: words(desk, &shown.edition.intro),
            title,
            items,
            feed: Link {
                text: desk.say("edition_feed"),
                href: desk.feed_href(&Route::list(place.segment, ListPage::EditionFeed)),
            },
        }
    }
}

/// What an edition is called on the web.
pub(crate) fn edition_title(desk: &Desk<'_>, shown: &EditionShown) -> String {
    let named = one_line(&desk.masked(&shown.edition.title), TITLE_CHARS_MAX);
    match named.as_str() {
        "" => desk.tell("edition_title", &[("number", &shown.edition.number.to_string())]),
        _ => named,
    }
}

/// An edition as a feed says it.
#[derive(Serialize)]
pub(crate) struct ContentsView {
    intro: Option<Vec<Paragraph>>,
    lines: Vec<ContentsLine>,
}

/// A conversation in its contents.
#[derive(Serialize)]
pub(crate) struct ContentsLine {
    title: String,
    href: Option<String>,
    note: Option<Vec<Paragraph>>,
}

impl ContentsView {
    pub(crate) fn new(desk: &Desk<'_>, shown: &EditionShown, lines: Vec<ContentsLine>) -> ContentsView {
        ContentsView { intro: words(desk, &shown.edition.intro), lines }
    }
}

impl ContentsLine {
    pub(crate) fn new(
        desk: &Desk<'_>,
        item: &EditionItem,
        subject: String,
        href: Option<String>,
    ) -> ContentsLine {
        let named = one_line(&desk.masked(&item.title), TITLE_CHARS_MAX);
        ContentsLine {
            title: if named.is_empty() { subject } else { named },
            href,
            note: words(desk, &item.note),
        }
    }
}

/// Words of an animator as strangers may read them.
fn words(desk: &Desk<'_>, text: &str) -> Option<Vec<Paragraph>> {
    let text = many_lines(&desk.masked(text));
    (!text.trim().is_empty()).then(|| set(&text))
}
