//! The read-only face of the store: lists, threads, posts. Whoever holds it cannot write.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::event::Decider;
use super::keys::{self, IdHash};
use super::records::{self, PostRecord, ThreadRecord};
use super::segments;
use super::{StoreError, mail_error};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::domain::list::{List, ListState};
use crate::domain::time::Timestamp;
use crate::mail::parse::Summary;

/// A thread, by the post of it that came first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(pub PostId);

/// Where a message stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostState {
    /// Kept; nobody has decided yet.
    Undecided,
    /// In the archive.
    Published,
    /// Waits for somebody.
    Held,
    /// Did not go out, and its author was told.
    Refused,
    /// Put away.
    Dropped,
}

/// What pages and threads show of a post.
#[derive(Clone, PartialEq, Debug)]
pub struct PostSummary {
    /// Its number.
    pub id: PostId,
    /// The list.
    pub list: ListId,
    /// Its Message-ID; one made by Parvis if it came without.
    pub message_id: MessageId,
    /// Tells posts of one Message-ID apart: `?c=HASH12`.
    pub hash12: String,
    /// Its thread.
    pub thread: ThreadId,
    /// Decoded and cleaned; may be empty.
    pub subject: String,
    /// As they write it; may be empty.
    pub author_name: String,
    /// Not for strangers.
    pub author_address: Option<EmailAddress>,
    /// When it was written, as far as that can be believed; sorts.
    pub date: Timestamp,
    /// When it came.
    pub received: Timestamp,
    /// What it answers, the nearest last.
    pub references: Vec<MessageId>,
    /// How many.
    pub attachments: u32,
    /// The first words of the author.
    pub excerpt: String,
    /// ISO 639-1, where it is certain.
    pub language: Option<String>,
    /// The author asked not to be archived in public.
    pub no_archive: bool,
    /// It was shown once, and is no more; who said so.
    pub withdrawn: Option<WithdrawnBy>,
    /// Where it stands.
    pub state: PostState,
}

/// Who said that a post is shown no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WithdrawnBy {
    /// Who wrote it.
    Author,
    /// Somebody who looks after the list.
    Animator,
    /// Whoever runs the server.
    Operator,
}

/// What lists of threads show.
#[derive(Clone, PartialEq, Debug)]
pub struct ThreadSummary {
    /// The thread.
    pub id: ThreadId,
    /// The THREAD of `/LIST/t/THREAD/`.
    pub key: String,
    /// Of its earliest post.
    pub subject: String,
    /// Of its earliest post.
    pub first_author: String,
    /// How many posts.
    pub posts: u32,
    /// The date of its earliest post.
    pub first: Timestamp,
    /// The date of its latest post.
    pub last: Timestamp,
    /// Of its latest post.
    pub last_author: String,
}

/// A thread with posts of it, by their dates.
#[derive(Clone, PartialEq, Debug)]
pub struct Thread {
    /// What is known of the whole.
    pub summary: ThreadSummary,
    /// As many as were asked for.
    pub posts: Vec<PostSummary>,
}

/// One month of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MonthCount {
    pub year: i16,
    pub month: i8,
    pub posts: u32,
}

/// A message with its envelope's sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptMail {
    /// Empty for none.
    pub sender: String,
    /// The bytes as they were received.
    pub raw: Vec<u8>,
}

/// How much a list holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ListCounts {
    pub posts: u64,
    pub threads: u64,
}

/// Reads the archive. Cheap to clone; every method may wait for the disk.
#[derive(Clone)]
pub struct ArchiveReader {
    pub(super) engine: Engine,
    pub(super) data: Arc<PathBuf>,
    /// Posts before this one are not there; absent: all are.
    pub(super) from: Option<PostId>,
}

impl ArchiveReader {
    pub(super) fn new(engine: Engine, data: Arc<PathBuf>) -> ArchiveReader {
        ArchiveReader { engine, data, from: None }
    }

    /// Open and closed lists, by address.
    pub fn lists(&self) -> Result<Vec<List>, StoreError> {
        let mut lists: Vec<List> = self.all(&keys::lists())?;
        lists.retain(|list| list.state != ListState::Removed);
        lists.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(lists)
    }

    /// The lists of that local part, on whatever domain.
    pub fn lists_named(&self, local_part: &str) -> Result<Vec<List>, StoreError> {
        let prefix = keys::list_name(local_part);
        let mut lists = Vec::new();
        for entry in self.engine.scan(&prefix, &prefix) {
            let (_, number) = entry?;
            let list = self.list(ListId(keys::number_u32(&number, 0)))?;
            lists.extend(list.filter(|list| list.state != ListState::Removed));
        }
        Ok(lists)
    }

    /// One list, removed ones too.
    pub fn list(&self, list: ListId) -> Result<Option<List>, StoreError> {
        self.record(&keys::list(list))
    }

    /// How much a list holds.
    pub fn counts(&self, list: ListId) -> Result<ListCounts, StoreError> {
        Ok(self.record(&keys::setting(&counts_name(list)))?.unwrap_or_default())
    }

    /// A published post.
    pub fn post(&self, post: PostId) -> Result<Option<PostSummary>, StoreError> {
        if !self.sees(post) {
            return Ok(None);
        }
        let record: Option<PostRecord> = self.record(&keys::post(post))?;
        Ok(record.and_then(|record| summary_of(post, record)))
    }

    /// The published posts of one Message-ID, in the order they came.
    pub fn posts_by_message_id(&self, list: ListId, id: &MessageId) -> Result<Vec<PostSummary>, StoreError> {
        let mut posts = self.posts_of(&keys::posts_of_id(list, IdHash::of(id)), 0, usize::MAX)?;
        posts.retain(|post| post.message_id == *id);
        Ok(posts)
    }

    /// The bytes as they were received, checked against their hash.
    pub fn raw(&self, post: PostId) -> Result<Option<Vec<u8>>, StoreError> {
        let record: Option<PostRecord> = self.record(&keys::post(post))?;
        let Some(record) = record else { return Ok(None) };
        // What was no post goes after some weeks, whole days at a time.
        let goes = record.mail.file.starts_with("transit/") && !self.data.join(&record.mail.file).exists();
        if goes { Ok(None) } else { read_mail(&self.data, post, &record.mail).map(Some) }
    }

    /// The months that have posts, the oldest first.
    pub fn months(&self, list: ListId) -> Result<Vec<MonthCount>, StoreError> {
        if self.from.is_some() {
            return self.months_seen(list);
        }
        let prefix = keys::months(list);
        let mut months = Vec::new();
        for entry in self.engine.scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let (year, month) = keys::month_at(&key, prefix.len());
            months.push(MonthCount { year, month, posts: keys::number_u32(&value, 0) });
        }
        Ok(months)
    }

    /// Posts of a month by date, `take` of them after the first `skip`.
    pub fn month(
        &self,
        list: ListId,
        (year, month): (i16, i8),
        skip: usize,
        take: usize,
    ) -> Result<Vec<PostSummary>, StoreError> {
        self.posts_of(&keys::month_posts(list, year, month), skip, take)
    }

    /// The numbers of a list's published posts, in the order they came.
    pub fn post_numbers(&self, list: ListId) -> Result<Vec<PostId>, StoreError> {
        let prefix = keys::all_month_posts(list);
        let keys = self.engine.scan(&prefix, &prefix);
        let mut posts: Vec<PostId> =
            keys.map(|entry| entry.map(|(key, _)| last_post(&key))).collect::<Result<_, _>>()?;
        posts.retain(|post| self.sees(*post));
        posts.sort_unstable();
        Ok(posts)
    }

    /// The latest posts by date, the newest first.
    pub fn latest_posts(&self, list: ListId, take: usize) -> Result<Vec<PostSummary>, StoreError> {
        let prefix = keys::all_month_posts(list);
        let mut posts = Vec::new();
        let seen = self.engine.scan(&prefix, &prefix).rev().filter(|entry| self.sees_entry(entry));
        for entry in seen.take(take) {
            let (key, _) = entry?;
            posts.extend(self.post(last_post(&key))?);
        }
        Ok(posts)
    }

    /// Threads by their latest post, the newest first.
    pub fn latest_threads(
        &self,
        list: ListId,
        skip: usize,
        take: usize,
    ) -> Result<Vec<ThreadSummary>, StoreError> {
        let prefix = keys::recent(list);
        let mut threads = Vec::new();
        let mut passed = 0;
        for entry in self.engine.scan(&prefix, &prefix) {
            let id = ThreadId(last_post(&entry?.0));
            if threads.len() == take {
                break;
            }
            if !self.sees_of_thread(list, id)? {
                continue;
            }
            passed += 1;
            if passed > skip {
                threads.extend(self.thread_summary(list, id)?);
            }
        }
        Ok(threads)
    }

    /// The thread that the twelve characters of any of its ids name.
    pub fn thread_of(&self, list: ListId, hash: &str) -> Result<Option<ThreadId>, StoreError> {
        let Some(hash) = IdHash::parse(hash) else { return Ok(None) };
        let Some(number) = self.engine.get(&keys::node(list, hash))? else { return Ok(None) };
        let thread = self.thread_summary(list, ThreadId(PostId(keys::number_u64(&number, 0))))?;
        Ok(thread.map(|thread| thread.id))
    }

    /// The thread a new post would be put into, because it answers a post of it.
    pub fn thread_answered(&self, list: ListId, post: &Summary) -> Result<Option<ThreadId>, StoreError> {
        let mut oldest: Option<ThreadId> = None;
        for id in &post.references {
            let Some(number) = self.engine.get(&keys::node(list, IdHash::of(id)))? else { continue };
            if let Some(thread) = self.thread_now(list, PostId(keys::number_u64(&number, 0)))? {
                oldest = Some(oldest.map_or(thread, |known| known.min(thread)));
            }
        }
        Ok(oldest)
    }

    /// What a thread once known by that post is known by now: it may have been joined with another.
    pub fn thread_now(&self, list: ListId, thread: PostId) -> Result<Option<ThreadId>, StoreError> {
        Ok(self.thread_summary(list, ThreadId(thread))?.map(|summary| summary.id))
    }

    /// A thread with its first `take` posts by date; one that was joined with another gives that.
    pub fn thread(&self, list: ListId, thread: ThreadId, take: usize) -> Result<Option<Thread>, StoreError> {
        let Some(summary) = self.thread_summary(list, thread)? else { return Ok(None) };
        if take == 0 {
            return Ok(Some(Thread { summary, posts: Vec::new() }));
        }
        let mut posts = self.posts_of_thread(list, summary.id)?;
        posts.truncate(take);
        Ok(Some(Thread { summary, posts }))
    }

    /// By date.
    pub(super) fn posts_of_thread(
        &self,
        list: ListId,
        thread: ThreadId,
    ) -> Result<Vec<PostSummary>, StoreError> {
        let mut posts = self.posts_of(&keys::thread_posts(list, thread), 0, THREAD_POSTS_MAX)?;
        posts.sort_by_key(|post| (post.date, post.id));
        Ok(posts)
    }

    /// What the page of a thread is called; of one that was joined with another, of that.
    pub fn thread_key(&self, list: ListId, thread: ThreadId) -> Result<Option<String>, StoreError> {
        Ok(self.thread_summary(list, thread)?.map(|summary| summary.key))
    }

    fn thread_summary(&self, list: ListId, thread: ThreadId) -> Result<Option<ThreadSummary>, StoreError> {
        let mut id = thread;
        for _ in 0..JOINS_MAX {
            match self.record(&keys::thread(list, id))? {
                Some(ThreadRecord::Joined { into }) => id = into,
                Some(ThreadRecord::Is {
                    subject,
                    first_author,
                    posts,
                    first,
                    last,
                    last_author,
                    key,
                    by_hand: _,
                }) => {
                    let summary =
                        ThreadSummary { id, key, subject, first_author, posts, first, last, last_author };
                    return self.as_seen(list, summary);
                }
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The posts whose numbers end the keys below a prefix.
    fn posts_of(&self, prefix: &[u8], skip: usize, take: usize) -> Result<Vec<PostSummary>, StoreError> {
        let mut posts = Vec::new();
        let seen = self.engine.scan(prefix, prefix).filter(|entry| self.sees_entry(entry));
        for entry in seen.skip(skip).take(take) {
            let (key, _) = entry?;
            posts.extend(self.post(last_post(&key))?);
        }
        Ok(posts)
    }

    pub(super) fn record<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        Ok(self.engine.get(key)?.and_then(|bytes| records::decode(&bytes)))
    }

    pub(super) fn all<T: serde::de::DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for entry in self.engine.scan(prefix, prefix) {
            found.extend(records::decode(&entry?.1));
        }
        Ok(found)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }
}

/// More posts than this of one thread are not looked at.
const THREAD_POSTS_MAX: usize = 50_000;
/// Longer chains of joined threads are not followed; joining keeps them short.
const JOINS_MAX: usize = 1_000;

pub(super) fn counts_name(list: ListId) -> String {
    format!("counts/{list}")
}

pub(super) fn last_post(key: &[u8]) -> PostId {
    PostId(keys::number_u64(key, key.len().saturating_sub(8)))
}

pub(super) fn read_mail(
    data: &std::path::Path,
    post: PostId,
    place: &segments::MailPlace,
) -> Result<Vec<u8>, StoreError> {
    read_kept_mail(data, post, place).map(|kept| kept.raw)
}

pub(super) fn read_kept_mail(
    data: &std::path::Path,
    post: PostId,
    place: &segments::MailPlace,
) -> Result<KeptMail, StoreError> {
    let record = segments::read_record(data, place).map_err(|error| mail_error(place, error))?;
    let opened = segments::open_record(post, &record).map_err(|fault| StoreError::Damaged {
        file: place.file.clone(),
        offset: place.offset,
        fault,
    });
    opened.map(|raw| KeptMail { sender: segments::sender(&record), raw })
}

pub(super) fn summary_of(id: PostId, record: PostRecord) -> Option<PostSummary> {
    let PostRecord {
        list,
        mail: _,
        content,
        received,
        via: _,
        door: _,
        disclosed: _,
        author,
        proof: _,
        state,
        decided: _,
        shown,
    } = record;
    let withdrawn_by = |by: Decider| match by {
        Decider::Operator => WithdrawnBy::Operator,
        Decider::Person(person) if Some(person) == author => WithdrawnBy::Author,
        Decider::Person(_) => WithdrawnBy::Animator,
    };
    let (list, shown) = (list?, shown?);
    let digest = data_encoding::HEXLOWER.decode(content.as_bytes()).ok()?;
    (state == PostState::Published).then(|| PostSummary {
        id,
        list,
        message_id: shown.message_id,
        hash12: IdHash::of_digest(digest.get(..8).unwrap_or(&[0; 8])).text(),
        thread: shown.thread,
        subject: shown.subject,
        author_name: shown.author_name,
        author_address: shown.author_address,
        date: shown.date,
        received,
        references: shown.references,
        attachments: shown.attachments,
        excerpt: shown.excerpt,
        language: shown.language,
        no_archive: shown.no_archive,
        withdrawn: shown.withdrawn.map(withdrawn_by),
        state,
    })
}
