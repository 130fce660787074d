//! Drafts and editions: where their words are, and what is known of them.
//!
//! What animators write stands in a message of ours, as JSON, with a list's mail, or, while it is a
//! draft, with what is no post; here is only where.

use serde::{Deserialize, Serialize};

use super::apply::HIGHEST_POST;
use super::archive::{ArchiveReader, PostSummary, ThreadId, read_kept_mail};
use super::engine::EngineError;
use super::keys;
use super::segments::MailPlace;
use super::view::View;
use super::{Store, StoreError};
use crate::domain::edition::Edition;
use crate::domain::ids::{ListId, PostId};
use crate::domain::member::Person;
use crate::domain::time::Timestamp;
use crate::mail::headers::Headers;

/// Where the words of a draft or an edition are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct DocumentRecord {
    pub(super) document: PostId,
    pub(super) mail: MailPlace,
    pub(super) at: Timestamp,
}

/// A draft, and the message its words are in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DraftShown {
    /// Says which version it is: what is changed must be this one still.
    pub document: PostId,
    /// All of it.
    pub draft: Edition,
}

/// An edition as it went out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EditionShown {
    /// The number of the message its words are in, which no post has.
    pub document: PostId,
    /// All of it.
    pub edition: Edition,
    /// When.
    pub at: Timestamp,
    /// The names of those who worked on it.
    pub by: Vec<String>,
}

impl ArchiveReader {
    /// The post that stands for a conversation, if one does.
    pub fn summary(&self, list: ListId, thread: ThreadId) -> Result<Option<PostSummary>, StoreError> {
        let post: Option<PostId> = self.record(&keys::summary(list, thread.0))?;
        let post = post.map(|post| self.post(post)).transpose()?.flatten();
        Ok(post.filter(|post| post.withdrawn.is_none() && post.thread == thread))
    }

    /// An edition of a list, by its number.
    pub fn edition(&self, list: ListId, number: u32) -> Result<Option<EditionShown>, StoreError> {
        let Some(record) = self.record::<DocumentRecord>(&keys::edition(list, number))? else {
            return Ok(None);
        };
        if !self.sees(record.document) {
            return Ok(None);
        }
        let Some(edition) = read_document(self, &record)? else { return Ok(None) };
        let mut by = Vec::new();
        for person in &edition.by {
            let person: Option<Person> = self.record(&keys::person(*person))?;
            by.extend(person.and_then(|person| signature(&person)));
        }
        Ok(Some(EditionShown { document: record.document, edition, at: record.at, by }))
    }

    /// When each edition of a list went out, by number, the latest first.
    pub fn editions(&self, list: ListId, take: usize) -> Result<Vec<(u32, Timestamp)>, StoreError> {
        let prefix = keys::editions(list);
        let mut found = Vec::new();
        for entry in self.engine().scan(&prefix, &prefix).rev().take(take) {
            let (key, value) = entry?;
            let number = keys::number_u32(&key, prefix.len());
            found.extend(super::records::decode::<DocumentRecord>(&value).map(|record| (number, record.at)));
        }
        Ok(found)
    }
}

impl Store {
    /// The draft of a list's next edition, if there is one.
    pub fn draft(&self, list: ListId) -> Result<Option<DraftShown>, StoreError> {
        let Some(record) = self.reader.record::<DocumentRecord>(&keys::draft(list))? else { return Ok(None) };
        let draft = read_document(&self.reader, &record)?;
        Ok(draft.map(|draft| DraftShown { document: record.document, draft }))
    }

    /// Which version of a list's draft there is, whether or not it can be read.
    pub fn draft_version(&self, list: ListId) -> Result<Option<PostId>, StoreError> {
        let record: Option<DocumentRecord> = self.reader.record(&keys::draft(list))?;
        Ok(record.map(|record| record.document))
    }
}

/// What somebody signs with: their name, or who they are at their server.
fn signature(person: &Person) -> Option<String> {
    match person.name.trim() {
        "" => person.addresses.first().map(|address| address.local_part().to_owned()),
        name => Some(name.to_owned()),
    }
}

fn read_document(reader: &ArchiveReader, record: &DocumentRecord) -> Result<Option<Edition>, StoreError> {
    let raw = match read_kept_mail(reader.data(), record.document, &record.mail) {
        Ok(kept) => kept.raw,
        // What is no post is not kept for ever: then there is no draft any more.
        Err(StoreError::Io { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (headers, _) = Headers::scan_leniently(&raw);
    Ok(serde_json::from_slice(headers.body()).ok())
}

/// A list's draft is this one from now on.
pub(super) fn note_draft(
    view: &mut View<'_>,
    list: ListId,
    record: &DocumentRecord,
) -> Result<(), EngineError> {
    keep(view, record)?;
    view.put_record(keys::draft(list), record);
    Ok(())
}

/// An edition went out; there is no draft any more.
pub(super) fn note_edition(
    view: &mut View<'_>,
    list: ListId,
    number: u32,
    record: &DocumentRecord,
) -> Result<(), EngineError> {
    keep(view, record)?;
    view.put_record(keys::edition(list, number), record);
    view.remove(keys::draft(list));
    Ok(())
}

/// The message is accounted for, and no other gets its number.
fn keep(view: &mut View<'_>, record: &DocumentRecord) -> Result<(), EngineError> {
    let end = record.mail.offset.saturating_add(record.mail.len);
    super::apply::raise_key(view, keys::mail_file_end(&record.mail.file), end)?;
    super::apply::raise(view, HIGHEST_POST, record.document.0)
}
