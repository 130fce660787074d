//! The part of an archive that everybody may read, where it was opened and what had been written
//! before stays with the members: as if nothing else had ever been there.

use super::StoreError;
use super::apply::named_by;
use super::archive::{ArchiveReader, MonthCount, PostSummary, ThreadId, ThreadSummary, last_post};
use super::engine::EngineError;
use super::keys;
use crate::domain::ids::{ListId, PostId};

impl ArchiveReader {
    /// The same archive without the posts before this number. `None`: all of it.
    pub fn only_from(&self, from: Option<PostId>) -> ArchiveReader {
        ArchiveReader { from, ..self.clone() }
    }

    pub(super) fn sees(&self, post: PostId) -> bool {
        self.from.is_none_or(|from| from <= post)
    }

    pub(super) fn sees_entry<V>(&self, entry: &Result<(Vec<u8>, V), EngineError>) -> bool {
        entry.as_ref().map_or(true, |(key, _)| self.sees_key(key))
    }

    pub(super) fn sees_key(&self, key: &[u8]) -> bool {
        self.sees(last_post(key))
    }

    /// Whether anything of a thread can be seen: its numbers stand in order, the last is the highest.
    pub(super) fn sees_of_thread(&self, list: ListId, thread: ThreadId) -> Result<bool, StoreError> {
        if self.from.is_none() {
            return Ok(true);
        }
        let prefix = keys::thread_posts(list, thread);
        match self.engine().scan(&prefix, &prefix).next_back() {
            Some(entry) => Ok(self.sees_key(&entry?.0)),
            None => Ok(false),
        }
    }

    /// What is known of a thread, from the posts of it that can be seen.
    pub(super) fn as_seen(
        &self,
        list: ListId,
        whole: ThreadSummary,
    ) -> Result<Option<ThreadSummary>, StoreError> {
        if self.from.is_none() {
            return Ok(Some(whole));
        }
        let posts = self.posts_of_thread(list, whole.id)?;
        let (Some(first), Some(last)) = (posts.first(), posts.last()) else { return Ok(None) };
        let named =
            named_by(posts.iter().map(|post| (post, post.no_archive, &post.message_id, &post.references)));
        let last_shown = posts.iter().rev().find(|post| !post.no_archive);
        let words = |of: fn(&PostSummary) -> &String| named.map(of).cloned().unwrap_or_default();
        Ok(Some(ThreadSummary {
            id: whole.id,
            key: whole.key,
            subject: words(|post| &post.subject),
            first_author: words(|post| &post.author_name),
            posts: u32::try_from(posts.len()).unwrap_or(u32::MAX),
            first: first.date,
            last: last.date,
            last_author: last_shown.map(|post| post.author_name.clone()).unwrap_or_default(),
        }))
    }

    /// The months of the posts that can be seen, counted one by one.
    pub(super) fn months_seen(&self, list: ListId) -> Result<Vec<MonthCount>, StoreError> {
        let prefix = keys::all_month_posts(list);
        let mut months: Vec<MonthCount> = Vec::new();
        for entry in self.engine().scan(&prefix, &prefix) {
            let (key, _) = entry?;
            if !self.sees_key(&key) {
                continue;
            }
            let (year, month) = keys::month_at(&key, prefix.len());
            match months.last_mut().filter(|last| (last.year, last.month) == (year, month)) {
                Some(last) => last.posts += 1,
                None => months.push(MonthCount { year, month, posts: 1 }),
            }
        }
        Ok(months)
    }
}
