//! Setting the archive right by hand: posts that belong into another conversation, conversations
//! that are two or should be one, posts that are withdrawn.
//!
//! Addresses of posts never change by it. What is decided here is written down as the result: which
//! posts stand where from now on.

use super::{Desk, FlowError};
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::domain::thread::{Node, Placed, tree};
use crate::store::StoreError;
use crate::store::archive::{PostSummary, ThreadId};
use crate::store::change::Change;
use crate::store::event::{Decider, Event};

/// Larger conversations are not set right: it would be one line of the journal with all their posts.
pub const POSTS_MAX: usize = 20_000;

/// Why something was not set right.
#[derive(Debug, thiserror::Error)]
pub enum NotRight {
    /// It cannot be done: one sentence.
    #[error("{0}")]
    Refused(String),
    /// The machine failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for NotRight {
    fn from(error: StoreError) -> NotRight {
        NotRight::Flow(error.into())
    }
}

fn refused<T>(sentence: impl Into<String>) -> Result<T, NotRight> {
    Err(NotRight::Refused(sentence.into()))
}

/// The published post of an id, on that list or on the only one that has it.
pub fn find(desk: &Desk, list: Option<ListId>, id: &MessageId) -> Result<PostSummary, NotRight> {
    let mut found = Vec::new();
    for one in desk.store.reader().lists()? {
        if list.is_none_or(|list| list == one.id) {
            found.extend(desk.store.reader().posts_by_message_id(one.id, id)?);
        }
    }
    let several = found.iter().any(|post| post.list != found[0].list);
    match found.into_iter().next() {
        None => refused(format!("no post <{id}> was published here")),
        Some(_) if several => refused(format!("several lists have a post <{id}>: say which with --list")),
        Some(post) => Ok(post),
    }
}

/// Makes a post, with the answers to it, an answer to another.
pub fn move_to(
    desk: &Desk,
    post: &PostSummary,
    target: &PostSummary,
    by: Decider,
) -> Result<usize, NotRight> {
    if post.list != target.list {
        return refused("they are on different lists");
    }
    let posts = with_answers(desk, post)?;
    if posts.contains(&target.id) {
        return refused("it cannot answer itself, or an answer to itself");
    }
    put(desk, post.list, posts, target.thread.0, Some(target.id), by)
}

/// Begins a conversation of its own with a post and the answers to it.
pub fn split(desk: &Desk, post: &PostSummary, by: Decider) -> Result<usize, NotRight> {
    let posts = with_answers(desk, post)?;
    let Some(thread) = desk.store.reader().thread(post.list, post.thread, POSTS_MAX)? else {
        return refused("its conversation is gone");
    };
    if posts.len() == thread.posts.len() {
        return refused("its conversation begins with it already");
    }
    if ThreadId(post.id) != post.thread {
        return put(desk, post.list, posts, post.id, None, by);
    }
    // The conversation is known by this very post, which came before what it answers: so the others part.
    let others: Vec<PostId> =
        thread.posts.iter().map(|other| other.id).filter(|other| !posts.contains(other)).collect();
    let Some(first) = others.iter().min().copied() else { return refused("its conversation is gone") };
    put(desk, post.list, others, first, None, by)
}

/// Makes one conversation of two, known by the one that began first.
pub fn join(desk: &Desk, one: &PostSummary, other: &PostSummary, by: Decider) -> Result<usize, NotRight> {
    if one.list != other.list {
        return refused("they are on different lists");
    }
    if one.thread == other.thread {
        return refused("they are in one conversation already");
    }
    let (into, from) = (one.thread.min(other.thread), one.thread.max(other.thread));
    let Some(thread) = desk.store.reader().thread(one.list, from, POSTS_MAX)? else {
        return refused("its conversation is gone");
    };
    let posts = thread.posts.iter().map(|post| post.id).collect();
    put(desk, one.list, posts, into.0, None, by)
}

/// Shows a post no more. Its place says that there was one; copies that are still owed are not sent.
pub fn withdraw(desk: &Desk, post: &PostSummary, by: Decider) -> Result<(), NotRight> {
    if post.withdrawn.is_some() {
        return refused("it was withdrawn already");
    }
    let change = Change::at(desk.now()).event(Event::Withdrawn { post: post.id, by });
    Ok(desk.store.commit(change)?)
}

fn put(
    desk: &Desk,
    list: ListId,
    posts: Vec<PostId>,
    into: PostId,
    answers: Option<PostId>,
    by: Decider,
) -> Result<usize, NotRight> {
    let count = posts.len();
    let change = Change::at(desk.now()).event(Event::Rethreaded { list, posts, into, answers, by });
    desk.store.commit(change)?;
    Ok(count)
}

/// A post and all that answers it, itself first.
fn with_answers(desk: &Desk, post: &PostSummary) -> Result<Vec<PostId>, NotRight> {
    let Some(thread) = desk.store.reader().thread(post.list, post.thread, POSTS_MAX + 1)? else {
        return refused("its conversation is gone");
    };
    if thread.posts.len() > POSTS_MAX {
        return refused(format!("its conversation has more than {POSTS_MAX} posts"));
    }
    let posts = thread.posts;
    let nodes: Vec<Node<'_>> = posts
        .iter()
        .map(|post| Node { id: &post.message_id, references: &post.references, date: post.date })
        .collect();
    let placed = tree(&nodes);
    let Some(at) = placed.iter().position(|placed| posts[placed.index].id == post.id) else {
        return refused("its conversation is gone");
    };
    Ok(branch(&placed, at).iter().map(|index| posts[*index].id).collect())
}

/// What stands in reading order below one, by whom each answers.
fn branch(placed: &[Placed], at: usize) -> Vec<usize> {
    let mut branch = vec![placed[at].index];
    for below in &placed[at + 1..] {
        if below.parent.is_some_and(|parent| branch.contains(&parent)) {
            branch.push(below.index);
        } else {
            break;
        }
    }
    branch
}
