//! What the values of the working state look like: a version byte, then JSON.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::archive::{PostState, ThreadId};
use super::event::{DropReason, LetterAbout, RequestDoor, Totals, Via};
use super::passes::Opens;
use super::segments::MailPlace;
use crate::domain::address::EmailAddress;
use crate::domain::from_line::FromLine;
use crate::domain::ids::{ListId, MessageId, PersonId};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, PostsLeft, Question};

const VERSION: u8 = 1;

/// The bytes of a record.
pub(super) fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.push(VERSION);
    serde_json::to_writer(&mut bytes, record).expect("records are plain data");
    bytes
}

/// The record in some bytes; `None` for another version, or damage.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).ok(),
        Some(_) | None => None,
    }
}

/// A message that was kept, whatever became of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct PostRecord {
    pub(super) list: Option<ListId>,
    pub(super) mail: MailPlace,
    pub(super) content: String,
    pub(super) received: Timestamp,
    /// The moment of the event, for what was imported too.
    pub(super) via: Option<Via>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) door: Option<RequestDoor>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) disclosed: bool,
    pub(super) author: Option<PersonId>,
    pub(super) proof: Option<Proof>,
    pub(super) state: PostState,
    pub(super) decided: Option<Decision>,
    /// What lists and threads show; there once it is in the archive.
    pub(super) shown: Option<ShownRecord>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Decision {
    pub(super) at: Timestamp,
    pub(super) by: Option<super::event::Decider>,
    pub(super) reason: Option<HoldReason>,
    pub(super) dropped: Option<DropReason>,
    pub(super) words: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<FromLine>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct ShownRecord {
    #[serde(rename = "id")]
    pub(super) message_id: MessageId,
    /// Parvis gave the id, because the author's program did not.
    #[serde(rename = "own", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) id_is_ours: bool,
    #[serde(rename = "thread")]
    pub(super) thread: ThreadId,
    #[serde(rename = "subject")]
    pub(super) subject: String,
    #[serde(rename = "name")]
    pub(super) author_name: String,
    #[serde(rename = "from")]
    pub(super) author_address: Option<EmailAddress>,
    pub(super) date: Timestamp,
    #[serde(rename = "refs", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<MessageId>,
    #[serde(default)]
    pub(super) attachments: u32,
    #[serde(default)]
    pub(super) excerpt: String,
    #[serde(rename = "lang", default)]
    pub(super) language: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) no_archive: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) withdrawn: Option<super::event::Decider>,
}

/// A thread, or the thread it was joined with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum ThreadRecord {
    Is {
        subject: String,
        first_author: String,
        posts: u32,
        first: Timestamp,
        last: Timestamp,
        last_author: String,
        key: String,
        /// Somebody put posts into it or took some out: it is joined with no other by itself.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_hand: bool,
    },
    Joined {
        into: ThreadId,
    },
}

/// Something that waits for a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct HeldRecord {
    pub(super) reason: HoldReason,
    pub(super) at: Timestamp,
    pub(super) from: String,
    pub(super) subject: String,
}

/// A post on its way to its readers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct FanOutRecord {
    pub(super) list: ListId,
    pub(super) since: Timestamp,
    pub(super) totals: Totals,
}

/// A copy that was put off.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct PutOffRecord {
    pub(super) attempts: u32,
    pub(super) next: Timestamp,
    pub(super) last_reply: String,
}

/// A letter to be written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct LetterRecord {
    pub(super) about: LetterAbout,
    pub(super) since: Timestamp,
}

/// A question somebody was asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct QuestionRecord {
    pub(super) question: Question,
    pub(super) since: Timestamp,
    #[serde(default)]
    pub(super) answer: Option<Answered>,
}

/// That somebody is being forgotten, or was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct ForgettingRecord {
    pub(super) posts: PostsLeft,
    pub(super) since: Timestamp,
    pub(super) done: Option<Timestamp>,
}

/// Whose address a mark was.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct MarkRecord {
    pub(super) person: PersonId,
    pub(super) posts: PostsLeft,
}

/// What somebody reads with.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct PassRecord {
    pub(super) opens: Opens,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}
