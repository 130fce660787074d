//! What became of a message that was kept.

use super::archive::{PostState, ThreadId};
use super::event::{Decider, DropReason, RequestDoor, Via};
use super::records::PostRecord;
use super::segments::MailPlace;
use crate::domain::from_line::FromLine;
use crate::domain::ids::{ListId, MessageId, PersonId, PostId};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;

/// Everything known of a message that was kept.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PostInfo {
    pub id: PostId,
    pub list: Option<ListId>,
    pub state: PostState,
    pub mail: MailPlace,
    pub received: Timestamp,
    pub via: Option<Via>,
    pub door: Option<RequestDoor>,
    /// It held what only one person should have; that was taken out of it.
    pub disclosed: bool,
    pub author: Option<PersonId>,
    pub proof: Option<Proof>,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<Decider>,
    pub hold_reason: Option<HoldReason>,
    pub drop_reason: Option<DropReason>,
    pub refusal: Option<String>,
    pub from_line: Option<FromLine>,
    pub message_id: Option<MessageId>,
    /// Parvis made the id, because it came without one.
    pub id_is_ours: bool,
    pub thread: Option<ThreadId>,
    pub date: Option<Timestamp>,
}

impl PostInfo {
    /// From what the index keeps of it.
    pub(super) fn of(id: PostId, record: PostRecord) -> PostInfo {
        let PostRecord {
            list,
            mail,
            content: _,
            received,
            via,
            door,
            disclosed,
            author,
            proof,
            state,
            decided,
            shown,
        } = record;
        PostInfo {
            id,
            list,
            state,
            mail,
            received,
            via,
            door,
            disclosed,
            author,
            proof,
            decided_at: decided.as_ref().map(|d| d.at),
            decided_by: decided.as_ref().and_then(|d| d.by),
            hold_reason: decided.as_ref().and_then(|d| d.reason),
            drop_reason: decided.as_ref().and_then(|d| d.dropped),
            from_line: decided.as_ref().and_then(|d| d.from),
            refusal: decided.and_then(|d| d.words),
            message_id: shown.as_ref().map(|s| s.message_id.clone()),
            id_is_ours: shown.as_ref().is_some_and(|s| s.id_is_ours),
            thread: shown.as_ref().map(|s| s.thread),
            date: shown.map(|s| s.date),
        }
    }
}
