//! What people ask of a list by mail or with one click. So far: leaving by a token.

use super::membership::{self, Act, Telling};
use super::{Desk, FlowError};
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{MemberState, Membership};
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::letters;
use crate::store::change::{Change, Conflict};
use crate::store::event::MemberCause;
use crate::store::issue::Issue;
use crate::store::{Store, StoreError};

/// What came of a wish to leave.
#[derive(Clone, PartialEq, Debug)]
pub enum Left {
    /// They are a member no more of these.
    Now(Vec<List>),
    /// They were none already.
    Before(Vec<List>),
    /// The token is none of ours, or its lists are gone.
    UnknownToken,
}

/// Others may change the same membership at the same moment; then one looks again.
const ATTEMPTS_MAX: usize = 8;

/// The lists a leave token is about, for the page that asks before anything is done. Who gets
/// several lists in one mail wants no more of that mail: it is all of them.
pub fn lists_of_leave_token(store: &Store, token: &str) -> Result<Vec<List>, StoreError> {
    match leave_purpose(store, token)? {
        Some((lists, _)) => {
            lists.into_iter().filter_map(|list| known_list(store, list).transpose()).collect()
        }
        None => Ok(Vec::new()),
    }
}

/// What lists are called, one after the other, as the first of them would say it.
pub fn names_of(lists: &[List]) -> String {
    let names: Vec<&str> = lists.iter().map(|list| list.settings.name.as_str()).collect();
    lists.first().map(|first| letters::names(&names, first.settings.language)).unwrap_or_default()
}

/// One click leaves (RFC 8058). Twice is as good as once.
pub fn leave_by_token(store: &Store, token: &str, now: Timestamp) -> Result<Left, FlowError> {
    let Some((lists, person)) = leave_purpose(store, token)? else { return Ok(Left::UnknownToken) };
    let (mut left, mut known) = (Vec::new(), Vec::new());
    for list in lists {
        match leave_one(store, list, person, now)? {
            (Some(list), true) => left.push(list),
            (Some(list), false) => known.push(list),
            (None, _) => {}
        }
    }
    Ok(match (left.is_empty(), known.is_empty()) {
        (false, _) => Left::Now(left),
        (true, false) => Left::Before(known),
        (true, true) => Left::UnknownToken,
    })
}

/// The list, if it is there still, and whether they left it just now.
fn leave_one(
    store: &Store,
    list: ListId,
    person: PersonId,
    now: Timestamp,
) -> Result<(Option<List>, bool), FlowError> {
    for _ in 0..ATTEMPTS_MAX {
        let Some((known, change)) = leaving(store, list, person, MemberCause::LeftByClick, now)? else {
            return Ok((None, false));
        };
        let Some(change) = change else { return Ok((Some(known), false)) };
        match store.commit(change) {
            Ok(()) => return Ok((Some(known), true)),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict(Conflict::Changed).into())
}

/// A mail to `quartier-stop+TOKEN@` leaves, whoever sent it.
pub(super) async fn leave_by_mail(desk: &Desk, list: ListId, token: &str) -> Result<(), StoreError> {
    let Some((lists, person)) = leave_purpose(&desk.store, token)? else { return Ok(()) };
    if !lists.contains(&list) {
        return Ok(());
    }
    for list in lists {
        leave_one_by_mail(desk, list, person).await?;
    }
    Ok(())
}

async fn leave_one_by_mail(desk: &Desk, list: ListId, person: PersonId) -> Result<(), StoreError> {
    let store = &desk.store;
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

/// The lists the posts of an issue are of, the one the mail comes from first.
pub(super) fn lists_of_issue(store: &Store, issue: &Issue) -> Result<Vec<ListId>, StoreError> {
    let mut lists = vec![issue.list];
    for post in &issue.posts {
        let list = store.post(*post)?.and_then(|post| post.list);
        lists.extend(list.filter(|list| !lists.contains(list)));
    }
    Ok(lists)
}

/// A list that was not removed.
fn known_list(store: &Store, list: ListId) -> Result<Option<List>, StoreError> {
    Ok(store.list(list)?.filter(|list| list.state != ListState::Removed))
}

/// The lists a token leaves, and who leaves them.
fn leave_purpose(store: &Store, token: &str) -> Result<Option<(Vec<ListId>, PersonId)>, StoreError> {
    Ok(match store.tokens().read(token) {
        Some(Purpose::Leave { list, person }) => Some((vec![list], person)),
        Some(Purpose::LeaveIssue { issue, person }) => {
            let issue = store.issue(issue)?;
            let lists = issue.map(|issue| lists_of_issue(store, &issue)).transpose()?;
            lists.map(|lists| (lists, person))
        }
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
    })
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
