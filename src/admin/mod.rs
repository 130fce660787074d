//! What the operator's commands do: one code, whether a server is running or not.
//!
//! A command becomes a [`Request`]; [`perform`] carries it out on a [`Desk`]. A running server does
//! so for whoever writes to the socket in its data folder ([`socket`]); without one, the command
//! opens the folder itself. Answers are JSON, as `--json` prints them; `cli` puts them into words.

mod archive;
mod digests;
mod frames;
mod held;
mod likeness;
mod lists;
mod members;
mod posts;
mod queue;
pub mod request;
mod searches;
mod set_right;
pub mod socket;
mod upkeep;

use std::sync::Arc;

use serde_json::Value;

pub use self::archive::pack;
pub use self::frames::{Channel, Frame, Given};
pub use self::request::Request;
pub use self::upkeep::{fence_words, release_words};
use crate::flow::lists::ListFault;
use crate::flow::{Desk, FlowError};
use crate::store::StoreError;

/// Why something was not done: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// What was asked cannot be, or there is nothing of the kind.
    #[error("{0}")]
    Refused(String),
    /// The machine failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The one who asked is gone, or speaks another language.
    #[error("the conversation with the command broke: {0}")]
    Channel(#[from] std::io::Error),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> NotDone {
        if let StoreError::Conflict(conflict) = error {
            return NotDone::Refused(conflict.to_string());
        }
        NotDone::Flow(error.into())
    }
}

impl From<ListFault> for NotDone {
    fn from(fault: ListFault) -> NotDone {
        match fault {
            ListFault::Refused(sentence) => NotDone::Refused(sentence),
            ListFault::Flow(error) => NotDone::Flow(error),
        }
    }
}

pub(crate) fn refused<T>(sentence: impl Into<String>) -> Result<T, NotDone> {
    Err(NotDone::Refused(sentence.into()))
}

/// Carries a request out. Waits for the disk; call it where one may wait.
pub fn perform(desk: &Arc<Desk>, request: Request, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    match request {
        Request::ListCreate { address, name, language, preset, animators } => {
            lists::create(desk, address, name, language, preset, &animators)
        }
        Request::ListLs => lists::ls(desk),
        Request::ListShow { list } => lists::show(desk, &list),
        Request::ListHistory { list, language } => lists::history(desk, &list, language),
        Request::ListSet { list, settings, past } => lists::set(desk, &list, &settings, past),
        Request::ListState { list, state } => lists::set_state(desk, &list, state),
        Request::ListRemove { list } => archive::remove(desk, &list),
        Request::MemberAdd { list, email, name, reading, role, welcome } => {
            members::add(desk, &list, &email, name, reading, role, welcome)
        }
        Request::MemberAddOnPaper { list, who } => members::add_on_paper(desk, &list, &who),
        Request::MemberImport { list, welcome, bad_rows } => {
            members::import(desk, &list, welcome, bad_rows, channel)
        }
        Request::MemberLs { list } => members::ls(desk, &list),
        Request::MemberShow { email } => members::show(desk, &email),
        Request::MemberSet { list, email, settings } => members::set(desk, &list, &email, &settings),
        Request::MemberRemove { list, email } => members::remove(desk, &list, &email),
        Request::PersonShow { email } => members::person(desk, &email),
        Request::PersonExport { email } => members::export_person(desk, &email),
        Request::PersonErase { email, posts } => members::erase_person(desk, &email, posts),
        Request::Post { list, sender } => posts::post(desk, &list, sender, channel),
        Request::SetRight { list, message_id, how } => {
            set_right::set_right(desk, list.as_deref(), &message_id, &how)
        }
        Request::Trace { message_id } => posts::trace(desk, &message_id),
        Request::Search { list, query } => searches::search(desk, &list, &query),
        Request::HeldLs { list } => held::ls(desk, list.as_deref()),
        Request::HeldShow { id } => held::show(desk, &id, channel),
        Request::HeldDecide { id, decision } => held::decide(desk, &id, decision),
        Request::DigestDraft { list } => digests::draft(desk, &list),
        Request::DigestSend { list } => digests::send(desk, &list),
        Request::DigestShow { list, number } => digests::show(desk, &list, number),
        Request::DigestPrint { list, number } => digests::print(desk, &list, number, channel),
        Request::QueueLs => queue::ls(desk, channel),
        Request::QueueRetry { id } => queue::retry(desk, id.as_deref()),
        Request::QueueDrop { id } => queue::drop_copy(desk, &id),
        Request::QueueRelease { newer_than } => queue::release(desk, newer_than),
        Request::OldAddresses { list } => archive::old_addresses(desk, &list, channel),
        Request::Import { list, rehearsal, open_from } => {
            archive::import(desk, &list, rehearsal, &open_from, channel)
        }
        Request::Export { list } => archive::export(desk, &list, channel),
        Request::Fence => upkeep::fence(desk),
        Request::Cut => upkeep::cut(desk),
        Request::Facts { after } => likeness::facts_after(desk, after, channel),
        Request::Pages { paths } => likeness::pages(desk, &paths, channel),
        Request::CheckStore => upkeep::check_store(desk),
        Request::Reindex { what } => upkeep::reindex(desk, what),
    }
}
