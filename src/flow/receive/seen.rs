//! What is known of a message at the door, and how each of its recipients sees it.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::domain::address::EmailAddress;
use crate::domain::door::{Form, Patience};
use crate::domain::ids::PersonId;
use crate::domain::proof::Proof;
use crate::domain::unwanted::Unwanted;

/// What is known of a message before anything is kept.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) content: [u8; 32],
    pub(super) form: Form,
    pub(super) automatic: bool,
    /// It says of itself that it reports something (RFC 6522).
    pub(super) is_report: bool,
    pub(super) author: Option<PersonId>,
    pub(super) proof: Proof,
    pub(super) patience: Patience,
    /// Whom it was signed for, where nothing but a signature proves it.
    pub(super) signed_for: Option<Vec<EmailAddress>>,
    pub(super) unwanted: Unwanted,
    /// Who handed it in, if anybody knows.
    pub(super) client: Option<IpAddr>,
    /// What we write about it in its header; empty if it was not looked into.
    pub(super) results: String,
    pub(super) bytes: u64,
}

impl Seen {
    /// The same as this recipient sees it. What somebody signed for others proves nothing here: who
    /// got it from them may have brought it (replay, RFC 6376 §8.6).
    pub(super) fn at(&self, recipient: &EmailAddress) -> Cow<'_, Seen> {
        match &self.signed_for {
            Some(named) if self.proof == Proof::Proven && !named.contains(recipient) => {
                tracing::info!(to = %recipient, "a message was signed for others, and proves nothing here");
                Cow::Owned(Seen { proof: Proof::Disproved, ..self.clone() })
            }
            Some(_) | None => Cow::Borrowed(self),
        }
    }
}
