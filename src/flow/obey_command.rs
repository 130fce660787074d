//! What people ask of a list by mail or with one click. So far: leaving by a token.

use super::membership::{self, Act, Telling};
use super::{Desk, FlowError};
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{MemberState, Membership};
use crate::domain::time::Timestamp;
use crate::domain::token::{Purpose, TokenKey};
use crate::store::change::{Change, Conflict};
use crate::store::event::MemberCause;
use crate::store::{Store, StoreError};

/// What came of a wish to leave.
#[derive(Clone, PartialEq, Debug)]
pub enum Left {
    /// They are a member no more; the list, for its name.
    Now(Box<List>),
    /// They were none already.
    Before(Box<List>),
    /// The token is none of ours, or its list is gone.
    UnknownToken,
}

/// Others may change the same membership at the same moment; then one looks again.
const ATTEMPTS_MAX: usize = 8;

/// The list a leave token is about, for the page that asks before anything is done.
pub fn list_of_leave_token(store: &Store, token: &str) -> Result<Option<List>, StoreError> {
    let Some((list, _)) = leave_purpose(store.tokens(), token) else { return Ok(None) };
    known_list(store, list)
}

/// One click leaves (RFC 8058). Twice is as good as once.
pub fn leave_by_token(store: &Store, token: &str, now: Timestamp) -> Result<Left, FlowError> {
    let Some((list, person)) = leave_purpose(store.tokens(), token) else { return Ok(Left::UnknownToken) };
    for _ in 0..ATTEMPTS_MAX {
        let Some((known, change)) = leaving(store, list, person, MemberCause::LeftByClick, now)? else {
            return Ok(Left::UnknownToken);
        };
        let Some(change) = change else { return Ok(Left::Before(Box::new(known))) };
        match store.commit(change) {
            Ok(()) => return Ok(Left::Now(Box::new(known))),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict(Conflict::Changed).into())
}

/// A mail to `quartier-stop+TOKEN@` leaves, whoever sent it.
pub(super) async fn leave_by_mail(desk: &Desk, list: ListId, token: &str) -> Result<(), StoreError> {
    let store = &desk.store;
    let Some((named, person)) = leave_purpose(store.tokens(), token) else { return Ok(()) };
    if named != list {
        return Ok(());
    }
    for _ in 0..ATTEMPTS_MAX {
        let leaving = leaving(store, list, person, MemberCause::LeftByMail, desk.now())?;
        let Some((_, Some(change))) = leaving else { return Ok(()) };
        match store.submit(change).await {
            Err(StoreError::Conflict(_)) => {}
            other => return other,
        }
    }
    Err(StoreError::Conflict(Conflict::Changed))
}

/// A list that was not removed.
fn known_list(store: &Store, list: ListId) -> Result<Option<List>, StoreError> {
    Ok(store.list(list)?.filter(|list| list.state != ListState::Removed))
}

fn leave_purpose(tokens: &TokenKey, token: &str) -> Option<(ListId, PersonId)> {
    match tokens.read(token) {
        Some(Purpose::Leave { list, person }) => Some((list, person)),
        Some(
            Purpose::Bounce { .. }
            | Purpose::Probe { .. }
            | Purpose::Question { .. }
            | Purpose::Attachments { .. }
            | Purpose::Answer { .. }
            | Purpose::Digest { .. }
            | Purpose::Private { .. }
            | Purpose::Paper { .. }
            | Purpose::Pass { .. }
            | Purpose::Form { .. },
        )
        | None => None,
    }
}

/// The list, and the change that ends the membership if there is one to end.
fn leaving(
    store: &Store,
    list: ListId,
    person: PersonId,
    cause: MemberCause,
    now: Timestamp,
) -> Result<Option<(List, Option<Change>)>, StoreError> {
    let Some(known) = known_list(store, list)? else { return Ok(None) };
    let member = store.member(list, person)?.filter(|member| member.state != MemberState::Left);
    let change = member.map(|member| end_membership(store, member, cause, now));
    Ok(Some((known, change)))
}

/// Ends a membership and owes the farewell.
pub fn end_membership(store: &Store, member: Membership, cause: MemberCause, now: Timestamp) -> Change {
    membership::ending(store, member, cause, Act { now, by: None, telling: Telling::Letter })
}
