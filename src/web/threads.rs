//! Conversations: their pages, their mbox, and where one post stands in one.

use std::collections::HashMap;

use axum::http::StatusCode;

use crate::domain::ids::PostId;
use crate::domain::thread::{Node, tree};
use crate::store::archive::{PostState, PostSummary, Thread};

use super::answer::Answer;
use super::mbox;
use super::pages::{PageError, Pages, Wish, indexed};
use super::routes::{ListPage, Route};
use super::views::{Arrangement, Desk, InThread, Neighbours, Opened, Place, Stands, ThreadView};

/// Posts on one page of a conversation.
const POSTS_PER_PAGE: usize = 200;
/// Posts of a conversation that are looked at: later ones are found by month.
const THREAD_POSTS_MAX: usize = 20_000;
/// The place of a post is counted in conversations of at most so many.
const COUNTED_POSTS_MAX: u32 = 1_000;
/// What the mails of one page may weigh together, bytes; later posts show an excerpt.
const PAGE_RAW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A conversation found by the hash in its address.
enum Sought {
    Nothing,
    /// It is known by another hash now: it was joined or split.
    Moved(String),
    Here(Thread),
}

fn seek(pages: &Pages, place: Place<'_>, key: &str, take: usize) -> Result<Sought, PageError> {
    let Some(id) = pages.archive.thread_of(place.list.id, key)? else { return Ok(Sought::Nothing) };
    let Some(thread) = pages.archive.thread(place.list.id, id, take)? else { return Ok(Sought::Nothing) };
    let readable = thread.posts.iter().any(|post| post.state == PostState::Published);
    Ok(match (readable, thread.summary.key == key) {
        (false, _) => Sought::Nothing,
        (true, false) => Sought::Moved(thread.summary.key),
        (true, true) => Sought::Here(thread),
    })
}

/// `/LIST/t/THREAD/`
pub(crate) fn page(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
    key: &str,
) -> Result<Answer, PageError> {
    let thread = match seek(pages, place, key, THREAD_POSTS_MAX)? {
        Sought::Nothing => return pages.absent(desk),
        Sought::Moved(key) => {
            let there = desk.href(&Route::list(place.segment, ListPage::Thread { key }));
            return Ok(Answer::elsewhere(StatusCode::FOUND, there));
        }
        Sought::Here(thread) => thread,
    };
    let arrangement = if wish.query.flat { Arrangement::Flat } else { Arrangement::Nested };
    let count = thread.posts.len().div_ceil(POSTS_PER_PAGE);
    let number = wish.query.page;
    if number > count {
        return pages.absent(desk);
    }
    let posts = arranged(&thread.posts, arrangement, (number - 1) * POSTS_PER_PAGE);
    let mut opened = Opened { summary: &thread.summary, arrangement, posts, page: number, pages: count };
    read_posts(pages, desk, place, &mut opened.posts)?;
    let view = ThreadView::new(desk, place, &opened);
    let route = Route::list(place.segment, ListPage::Thread { key: key.to_owned() });
    pages.public_page(desk, "thread", &view, &route, indexed(place.list))
}

/// The posts of one page in their order.
fn arranged(posts: &[PostSummary], arrangement: Arrangement, skip: usize) -> Vec<InThread<'_>> {
    let nodes: Vec<Node<'_>> = posts
        .iter()
        .map(|post| Node { id: &post.message_id, references: &post.references, date: post.date })
        .collect();
    let mut placed = tree(&nodes);
    match arrangement {
        Arrangement::Nested => {}
        Arrangement::Flat => placed.sort_by_key(|placed| (posts[placed.index].date, posts[placed.index].id)),
    }
    let placed: Vec<_> = placed.into_iter().skip(skip).take(POSTS_PER_PAGE).collect();
    let here: HashMap<PostId, Stands> = placed.iter().map(|p| (posts[p.index].id, Stands::Here)).collect();
    placed
        .iter()
        .map(|placed| InThread {
            post: &posts[placed.index],
            depth: placed.depth,
            parent: placed.parent.map(|parent| {
                let parent = &posts[parent];
                (parent, here.get(&parent.id).copied().unwrap_or(Stands::Elsewhere))
            }),
            shown: None,
        })
        .collect()
}

/// Reads the mails of one page, as far as its room goes.
fn read_posts(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    posts: &mut [InThread<'_>],
) -> Result<(), PageError> {
    let mut room = PAGE_RAW_BYTES_MAX;
    for one in posts {
        if room == 0 {
            break;
        }
        one.shown = match pages.read(desk, place, one.post)? {
            Some(read) => {
                room = room.saturating_sub(read.raw_bytes);
                Some(read.shown)
            }
            None => None,
        };
    }
    Ok(())
}

/// `/LIST/t/THREAD/mbox`: by date, addresses masked.
pub(crate) fn mbox(pages: &Pages, desk: &Desk<'_>, place: Place<'_>, key: &str) -> Result<Answer, PageError> {
    let posts = match seek(pages, place, key, THREAD_POSTS_MAX)? {
        Sought::Nothing => return pages.absent(desk),
        Sought::Moved(key) => {
            let there = desk.href(&Route::list(place.segment, ListPage::ThreadMbox { key }));
            return Ok(Answer::elsewhere(StatusCode::FOUND, there));
        }
        Sought::Here(thread) => thread.posts,
    };
    Ok(mbox::file(pages, desk, posts))
}

/// A post's conversation, by date, as far as its page speaks of it.
pub(crate) struct Around {
    key: String,
    before: Option<PostSummary>,
    after: Option<PostSummary>,
    position: Option<(usize, usize)>,
}

impl Around {
    /// For the page of the post.
    pub(crate) fn neighbours(&self) -> Neighbours<'_> {
        Neighbours {
            thread_key: &self.key,
            position: self.position,
            previous: self.before.as_ref(),
            next: self.after.as_ref(),
        }
    }
}

/// Where a post stands in its conversation; `None` if it stands alone.
pub(crate) fn around(
    pages: &Pages,
    place: Place<'_>,
    post: &PostSummary,
) -> Result<Option<Around>, PageError> {
    let take = usize::try_from(COUNTED_POSTS_MAX).unwrap_or(usize::MAX);
    let Some(thread) = pages.archive.thread(place.list.id, post.thread, take)? else { return Ok(None) };
    let key = thread.summary.key;
    if thread.summary.posts > COUNTED_POSTS_MAX {
        return Ok(Some(Around { key, before: None, after: None, position: None }));
    }
    let mut posts = thread.posts;
    posts.retain(|other| other.state == PostState::Published && !other.no_archive || other.id == post.id);
    posts.sort_by_key(|other| (other.date, other.id));
    let Some(at) = posts.iter().position(|other| other.id == post.id) else { return Ok(None) };
    if posts.len() == 1 {
        return Ok(Some(Around { key, before: None, after: None, position: None }));
    }
    let position = Some((at + 1, posts.len()));
    let before = at.checked_sub(1).map(|before| posts[before].clone());
    let after = posts.get(at + 1).cloned();
    Ok(Some(Around { key, before, after, position }))
}
