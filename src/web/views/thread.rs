//! A conversation: its posts one below the other, by who answers whom or by date.

use serde::Serialize;

use crate::domain::time::Timestamp;
use crate::mail::show::Shown;
use crate::store::archive::{PostSummary, ThreadSummary};

use super::super::dates;
use super::super::routes::{ListPage, Route};
use super::super::text::many_lines;
use super::set::{Paragraph, set};
use super::{BodyView, Desk, Door, Frame, Link, Pager, Place, PostView, Printed};

/// Deeper answers are not set further in.
const DEPTH_SHOWN_MAX: usize = 6;
/// What the texts of one page may weigh together, bytes; later posts show an excerpt.
const PAGE_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// How a conversation is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrangement {
    /// Answers below what they answer.
    Nested,
    /// By date.
    Flat,
}

/// A conversation opened at one of its pages.
pub(crate) struct Opened<'p> {
    pub(crate) summary: &'p ThreadSummary,
    pub(crate) arrangement: Arrangement,
    pub(crate) posts: Vec<InThread<'p>>,
    /// Counted from 1.
    pub(crate) page: usize,
    pub(crate) pages: usize,
}

/// A post in its place.
pub(crate) struct InThread<'p> {
    pub(crate) post: &'p PostSummary,
    /// 0 for the first.
    pub(crate) depth: usize,
    /// What it answers, and whether that stands on this page.
    pub(crate) parent: Option<(&'p PostSummary, Stands)>,
    /// What could be read of it.
    pub(crate) shown: Option<Shown>,
}

/// Where the post that is answered can be found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stands {
    /// On the same page.
    Here,
    /// On another one.
    Elsewhere,
}

/// `/LIST/t/THREAD/`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ThreadView {
    frame: Frame,
    title: String,
    facts: String,
    nested: bool,
    nested_href: String,
    flat_href: String,
    summary: Option<SummaryView>,
    posts: Vec<PostView>,
    pager: Option<Pager>,
    mbox: Link,
    feed: Link,
    doors: Vec<Door>,
}

/// What stands for a conversation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SummaryView {
    by: String,
    words: Vec<Paragraph>,
}

impl SummaryView {
    pub(crate) fn new(desk: &Desk<'_>, post: &PostSummary, words: &str) -> SummaryView {
        let by = desk.tell("summary_by", &[("name", &desk.author(post))]);
        SummaryView { by, words: set(&many_lines(&desk.masked(words))) }
    }
}

impl ThreadView {
    /// One page of a conversation.
    pub(crate) fn new(
        desk: &Desk<'_>,
        place: Place<'_>,
        opened: &Opened<'_>,
        stands: Option<SummaryView>,
    ) -> ThreadView {
        let summary = opened.summary;
        let key = summary.key.clone();
        let page = ListPage::Thread { key: key.clone() };
        let route = Route::list(place.segment, page.clone());
        let flat: &[(&str, &str)] = match opened.arrangement {
            Arrangement::Nested => &[],
            Arrangement::Flat => &[("flat", "")],
        };
        let number = opened.page.to_string();
        let mut query = flat.to_vec();
        if opened.page > 1 {
            query.push(("page", &number));
        }
        // One whose posts are all hidden has no name either.
        let hidden = opened.posts.iter().all(|one| desk.hidden_because(one.post).is_some());
        let title = match opened.posts.first() {
            Some(first) if hidden && summary.subject.is_empty() => desk.title_of_hidden(first.post),
            Some(_) | None => desk.subject(bare_subject(&summary.subject)),
        };
        let mut frame = desk.list_frame(place, &title, page, &query);
        let feed = Link {
            text: desk.say("thread_feed"),
            href: desk.feed_href(&Route::list(place.segment, ListPage::ThreadFeed { key: key.clone() })),
        };
        let mbox = Link {
            text: desk.say("thread_mbox"),
            href: desk.href(&Route::list(place.segment, ListPage::ThreadMbox { key })),
        };
        frame.feeds.push(feed.clone());
        ThreadView {
            summary: stands,
            frame,
            title,
            facts: facts(desk, summary),
            nested: opened.arrangement == Arrangement::Nested,
            nested_href: desk.href(&route),
            flat_href: desk.href_with(&route, &[("flat", "")]),
            posts: posts(desk, place, opened),
            pager: desk.pager(&route, flat, opened.page, opened.pages),
            mbox,
            feed,
            doors: desk.join_door(place.list).into_iter().collect(),
        }
    }
}

fn facts(desk: &Desk<'_>, summary: &ThreadSummary) -> String {
    let messages = desk.count("messages", summary.posts.into());
    let day = |at: Timestamp| at.date_in(&desk.site.zone);
    let when = match dates::span(desk.language, day(summary.first), day(summary.last)) {
        (None, day) => day,
        (Some(first), last) => desk.tell("thread_between", &[("first", &first), ("last", &last)]),
    };
    desk.tell("in_order", &[("first", &messages), ("second", &when)])
}

fn posts(desk: &Desk<'_>, place: Place<'_>, opened: &Opened<'_>) -> Vec<PostView> {
    let title = bare_subject(&opened.summary.subject);
    let mut room = PAGE_TEXT_BYTES_MAX;
    let mut views = Vec::with_capacity(opened.posts.len());
    for InThread { post, depth, parent, shown } in &opened.posts {
        let weight = shown.as_ref().map_or(0, BodyView::weight);
        let fits = shown.as_ref().filter(|_| weight <= room);
        if fits.is_some() {
            room -= weight;
        }
        let hidden = desk.hidden_because(post).is_some();
        let view = PostView::new(desk, place, &Printed { post, shown: fits }, super::TEXT_BYTES_MAX);
        let depth = match opened.arrangement {
            Arrangement::Nested => (*depth).min(DEPTH_SHOWN_MAX),
            Arrangement::Flat => 0,
        };
        let answers = parent.filter(|_| !hidden).and_then(|parent| answered(desk, place, parent));
        let view = view.below(depth, answers);
        let renamed = !hidden && bare_subject(&post.subject) != title;
        views.push(if renamed { view.titled(desk.subject(&post.subject)) } else { view });
    }
    views
}

/// Whom a post answers: an anchor on this page, or a page of its own.
fn answered(desk: &Desk<'_>, place: Place<'_>, (parent, stands): (&PostSummary, Stands)) -> Option<Link> {
    if desk.hidden_because(parent).is_some() {
        return None;
    }
    let own = Route::list(place.segment, ListPage::Post { id: parent.message_id.clone() });
    Some(Link {
        text: desk.tell("in_reply_to", &[("author", &desk.author(parent))]),
        href: match stands {
            Stands::Here => format!("#m-{}", parent.hash12),
            Stands::Elsewhere => desk.href(&own),
        },
    })
}

/// A subject without what mail programs put before it: `Re:`, `Fwd:`, `TR:`, in any number.
pub(super) fn bare_subject(subject: &str) -> &str {
    const MARKS: [&str; 8] = ["re", "fw", "fwd", "tr", "aw", "sv", "rép", "réf"];
    let mut bare = subject.trim();
    while let Some((mark, rest)) = bare.split_once(':') {
        let mark = mark.trim();
        if !MARKS.iter().any(|known| mark.to_lowercase() == *known) {
            break;
        }
        bare = rest.trim_start();
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_compared_without_their_marks() {
        for (subject, bare) in [
            ("Re: Vide-grenier", "Vide-grenier"),
            ("RE : re: Fwd: Vide-grenier", "Vide-grenier"),
            ("Rappel : réunion", "Rappel : réunion"),
            ("Re:", ""),
        ] {
            assert_eq!(bare_subject(subject), bare);
        }
    }
}
