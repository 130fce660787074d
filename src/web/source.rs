//! A stand-in for the read-only face of the store and for reading messages, so that pages can be
//! built and looked at. Goes away when `store::archive` and `mail::show` are there.

use std::sync::{Arc, Mutex};

use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::domain::list::List;
use crate::domain::time::Timestamp;

/// The store could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// The number of a thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadId(pub u64);

/// Whether a post can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum PostState {
    Published,
    Withdrawn,
}

/// What pages show of a post without its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct PostSummary {
    pub id: PostId,
    pub list: ListId,
    pub message_id: MessageId,
    pub hash12: String,
    pub thread: ThreadId,
    pub subject: String,
    pub author_name: String,
    pub author_address: Option<EmailAddress>,
    pub date: Timestamp,
    pub received: Timestamp,
    pub references: Vec<MessageId>,
    pub attachments: u32,
    pub excerpt: String,
    pub language: Option<String>,
    pub no_archive: bool,
    pub state: PostState,
}

/// What pages show of a thread without its posts.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct ThreadSummary {
    pub id: ThreadId,
    pub key: String,
    pub subject: String,
    pub first_author: String,
    pub posts: u32,
    pub first: Timestamp,
    pub last: Timestamp,
    pub last_author: String,
}

/// A thread with its posts.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct Thread {
    pub summary: ThreadSummary,
    pub posts: Vec<PostSummary>,
}

/// How many posts a month has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct MonthCount {
    pub year: i16,
    pub month: i8,
    pub posts: u32,
}

/// Lists and posts in memory.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct ArchiveReader {
    pub lists: Arc<Vec<List>>,
    pub posts: Arc<Vec<(PostSummary, Vec<u8>)>>,
    pub tokens: Arc<Vec<(String, String)>>,
    pub left: Arc<Mutex<Vec<String>>>,
}

#[allow(missing_docs)]
impl ArchiveReader {
    pub fn lists(&self) -> Result<Vec<List>, StoreError> {
        Ok(self.lists.to_vec())
    }

    pub fn lists_named(&self, name: &str) -> Result<Vec<List>, StoreError> {
        Ok(self.lists.iter().filter(|list| list.address.name() == name).cloned().collect())
    }

    pub fn posts_by_message_id(&self, list: ListId, id: &MessageId) -> Result<Vec<PostSummary>, StoreError> {
        Ok(self.of(list).into_iter().filter(|p| p.message_id == *id).collect())
    }

    pub fn raw(&self, id: PostId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.posts.iter().find(|(p, _)| p.id == id).map(|(_, raw)| raw.clone()))
    }

    pub fn months(&self, list: ListId) -> Result<Vec<MonthCount>, StoreError> {
        let mut months = std::collections::BTreeMap::new();
        for post in self.of(list) {
            let day = post.date.date_in(&crate::domain::time::Zone::utc());
            *months.entry((day.year, day.month)).or_insert(0) += 1;
        }
        Ok(months.into_iter().map(|((year, month), posts)| MonthCount { year, month, posts }).collect())
    }

    pub fn month(
        &self,
        list: ListId,
        year: i16,
        month: i8,
        skip: usize,
        take: usize,
    ) -> Result<Vec<PostSummary>, StoreError> {
        let within = |p: &PostSummary| {
            let day = p.date.date_in(&crate::domain::time::Zone::utc());
            (day.year, day.month) == (year, month)
        };
        Ok(self.of(list).into_iter().filter(within).skip(skip).take(take).collect())
    }

    pub fn latest_threads(
        &self,
        list: ListId,
        skip: usize,
        take: usize,
    ) -> Result<Vec<ThreadSummary>, StoreError> {
        let mut ids: Vec<ThreadId> = self.of(list).iter().map(|p| p.thread).collect();
        ids.sort();
        ids.dedup();
        let mut threads: Vec<ThreadSummary> =
            ids.into_iter().filter_map(|id| self.thread(list, id, 1).ok().flatten()).map(|t| t.summary).collect();
        threads.sort_by_key(|t| std::cmp::Reverse(t.last));
        Ok(threads.into_iter().skip(skip).take(take).collect())
    }

    pub fn thread_of(&self, list: ListId, hash: &str) -> Result<Option<ThreadId>, StoreError> {
        Ok(self.of(list).iter().find(|p| p.hash12 == hash).map(|p| p.thread))
    }

    pub fn thread(&self, list: ListId, id: ThreadId, take: usize) -> Result<Option<Thread>, StoreError> {
        let posts: Vec<PostSummary> = self.of(list).into_iter().filter(|p| p.thread == id).collect();
        let (Some(first), Some(last)) = (posts.first(), posts.last()) else { return Ok(None) };
        let summary = ThreadSummary {
            id,
            key: first.hash12.clone(),
            subject: first.subject.clone(),
            first_author: first.author_name.clone(),
            posts: u32::try_from(posts.len()).unwrap_or(u32::MAX),
            first: first.date,
            last: last.date,
            last_author: last.author_name.clone(),
        };
        Ok(Some(Thread { summary, posts: posts.into_iter().take(take).collect() }))
    }

    pub fn latest_posts(&self, list: ListId, take: usize) -> Result<Vec<PostSummary>, StoreError> {
        Ok(self.of(list).into_iter().rev().take(take).collect())
    }

    fn of(&self, list: ListId) -> Vec<PostSummary> {
        let mut posts: Vec<_> = self.posts.iter().map(|(p, _)| p).filter(|p| p.list == list).cloned().collect();
        posts.sort_by_key(|p| p.date);
        posts
    }

    /// Stands in for `flow::obey_command::look_at_leave_token`.
    pub fn look_at_leave_token(&self, token: &str) -> Result<Option<String>, StoreError> {
        Ok(self.tokens.iter().find(|(t, _)| t == token).map(|(_, list)| list.clone()))
    }

    /// Stands in for `flow::obey_command::leave_by_token`.
    pub fn leave_by_token(&self, token: &str, _now: Timestamp) -> Result<Option<String>, StoreError> {
        let found = self.look_at_leave_token(token)?;
        if found.is_some() {
            self.left.lock().expect("no holder panics").push(token.to_owned());
        }
        Ok(found)
    }
}
