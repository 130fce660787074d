//! Conversations: their pages, their mbox, and where one post stands in one.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::StatusCode;

use crate::domain::ids::{ListId, PostId};
use crate::domain::list::List;
use crate::domain::thread::{Node, Placed, tree};
use crate::mail::summary::{own_words, summary_words};
use crate::store::archive::{PostState, PostSummary, Thread, ThreadId};

use super::answer::Answer;
use super::kept::Kept;
use super::mbox;
use super::pages::{PageError, Pages, Wish, indexed};
use super::routes::{ListPage, Route};
use super::sight::Eyes;
use super::views::{Arrangement, Desk, InThread, Neighbours, Opened, Place, Stands, SummaryView, ThreadView};

/// Posts on one page of a conversation.
const POSTS_PER_PAGE: usize = 100;
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
    Here(Arc<Whole>),
}

/// A conversation as its pages need it: read once for all of them.
pub(crate) struct Whole {
    pub(crate) thread: Thread,
    /// In reading order.
    nested: Vec<Placed>,
}

/// Conversations that were read, by list, thread and the first post that may be seen.
pub(crate) type ReadThreads = Kept<(ListId, ThreadId, Option<PostId>), Whole>;

/// Shorter conversations are read as quickly as found.
const KEPT_FROM_POSTS: usize = 100;
/// What one post of a conversation that is kept weighs, about: texts of a few hundred bytes, bytes.
const POST_BYTES: usize = 1_024;
/// What all conversations that are kept may weigh together, bytes: four of the longest.
pub(crate) const READ_THREADS_BYTES_MAX: usize = 4 * THREAD_POSTS_MAX * POST_BYTES;

/// A conversation, read now or before.
pub(crate) fn whole(
    pages: &Pages,
    eyes: Eyes,
    list: &List,
    id: ThreadId,
) -> Result<Option<Arc<Whole>>, PageError> {
    let archive = pages.archive_of(list, eyes);
    let from = match eyes {
        Eyes::Stranger => list.open_from(),
        Eyes::Member => None,
    };
    let key = (list.id, id, from);
    if let Some(known) = pages.threads.get(&key) {
        return Ok(Some(known));
    }
    let moment = pages.threads.moment();
    let Some(thread) = archive.thread(list.id, id, THREAD_POSTS_MAX)? else { return Ok(None) };
    let nodes: Vec<Node<'_>> = thread
        .posts
        .iter()
        .map(|post| Node { id: &post.message_id, references: &post.references, date: post.date })
        .collect();
    let nested = tree(&nodes);
    let count = thread.posts.len();
    let whole = Arc::new(Whole { thread, nested });
    if count >= KEPT_FROM_POSTS {
        pages.threads.put(key, Arc::clone(&whole), count * POST_BYTES, moment);
    }
    Ok(Some(whole))
}

fn seek(pages: &Pages, eyes: Eyes, place: Place<'_>, key: &str) -> Result<Sought, PageError> {
    let archive = pages.archive_of(place.list, eyes);
    let Some(id) = archive.thread_of(place.list.id, key)? else { return Ok(Sought::Nothing) };
    let Some(whole) = whole(pages, eyes, place.list, id)? else { return Ok(Sought::Nothing) };
    let thread = &whole.thread;
    let readable = thread.posts.iter().any(|post| post.state == PostState::Published);
    Ok(match (readable, thread.summary.key == key) {
        (false, _) => Sought::Nothing,
        (true, false) => Sought::Moved(thread.summary.key.clone()),
        (true, true) => Sought::Here(whole),
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
    let whole = match seek(pages, desk.eyes, place, key)? {
        Sought::Nothing => return pages.absent(desk),
        Sought::Moved(key) => {
            let there = desk.href(&Route::list(place.segment, ListPage::Thread { key }));
            return Ok(Answer::elsewhere(StatusCode::FOUND, there));
        }
        Sought::Here(whole) => whole,
    };
    let thread = &whole.thread;
    let arrangement = if wish.query.flat { Arrangement::Flat } else { Arrangement::Nested };
    let count = thread.posts.len().div_ceil(POSTS_PER_PAGE);
    let number = wish.query.page;
    if number > count {
        return pages.absent(desk);
    }
    let posts = arranged(&whole, arrangement, (number - 1) * POSTS_PER_PAGE);
    let mut opened = Opened { summary: &thread.summary, arrangement, posts, page: number, pages: count };
    read_posts(pages, desk, place, &mut opened.posts)?;
    let view = ThreadView::new(desk, place, &opened, stands_for(pages, desk, place, thread.summary.id)?);
    let route = Route::list(place.segment, ListPage::Thread { key: key.to_owned() });
    pages.public_page(desk, "thread", &view, &route, indexed(place.list))
}

/// What somebody wrote to stand for a conversation, if it may be read.
fn stands_for(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    thread: ThreadId,
) -> Result<Option<SummaryView>, PageError> {
    let post = pages.archive_of(place.list, desk.eyes).summary(place.list.id, thread)?;
    let Some(post) = post.filter(|post| desk.hidden_because(post).is_none()) else { return Ok(None) };
    let Some(raw) = pages.archive.raw(post.id)? else { return Ok(None) };
    let own = own_words(&raw);
    Ok(Some(SummaryView::new(desk, &post, summary_words(&own))))
}

/// The posts of one page in their order.
fn arranged(whole: &Whole, arrangement: Arrangement, skip: usize) -> Vec<InThread<'_>> {
    let posts = &whole.thread.posts;
    let placed: Vec<Placed> = match arrangement {
        Arrangement::Nested => whole.nested.iter().skip(skip).take(POSTS_PER_PAGE).copied().collect(),
        Arrangement::Flat => {
            // Posts come by date: the page is known before who answers whom.
            let mut placed = whole.nested.clone();
            placed.sort_unstable_by_key(|placed| placed.index);
            placed.into_iter().skip(skip).take(POSTS_PER_PAGE).collect()
        }
    };
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
    let posts = match seek(pages, desk.eyes, place, key)? {
        Sought::Nothing => return pages.absent(desk),
        Sought::Moved(key) => {
            let there = desk.href(&Route::list(place.segment, ListPage::ThreadMbox { key }));
            return Ok(Answer::elsewhere(StatusCode::FOUND, there));
        }
        Sought::Here(whole) => whole,
    };
    Ok(mbox::file(pages, desk, posts.thread.posts.clone()))
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
    eyes: Eyes,
    place: Place<'_>,
    post: &PostSummary,
) -> Result<Option<Around>, PageError> {
    let archive = pages.archive_of(place.list, eyes);
    let Some(summary) = archive.thread(place.list.id, post.thread, 0)? else { return Ok(None) };
    let summary = summary.summary;
    let key = summary.key;
    if summary.posts > COUNTED_POSTS_MAX {
        return Ok(Some(Around { key, before: None, after: None, position: None }));
    }
    let Some(whole) = whole(pages, eyes, place.list, summary.id)? else { return Ok(None) };
    let mut posts = whole.thread.posts.clone();
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
