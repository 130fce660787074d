//! Who wrote something, as far as a list is concerned: what they are to it, whether they may be
//! written to, and which member a stranger may be.

use super::{Desk, FlowError, is_current};
use crate::domain::address::EmailAddress;
use crate::domain::door::Standing;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{List, Posting};
use crate::domain::member::{Joined, MemberState, Role};
use crate::mail::autoreply;
use crate::mail::headers::Headers;
use crate::mail::parse::Summary;
use crate::mail::references;
use crate::mail::words::mailboxes;
use crate::store::StoreError;

/// A name of fewer words than this may be anybody's.
const NAME_WORDS_MIN: usize = 2;

/// Who somebody is to a list.
pub(super) fn standing(desk: &Desk, list: ListId, author: Option<PersonId>) -> Result<Standing, StoreError> {
    let Some(person) = author else { return Ok(Standing::Stranger) };
    let Some(member) = desk.store.member(list, person)? else { return Ok(Standing::Stranger) };
    Ok(match (member.state, member.role, member.joined) {
        (MemberState::Left | MemberState::Pending, _, _) => Standing::Stranger,
        (_, Role::Animator, _) => Standing::Animator,
        (_, Role::Member, Joined::Confirmed) if member.posts == 0 => Standing::Newcomer,
        (_, Role::Member, Joined::Confirmed | Joined::Declared | Joined::Imported) => Standing::Member,
    })
}

/// The address a message is from.
pub(super) fn author_of(desk: &Desk, mail: PostId) -> Result<Option<EmailAddress>, FlowError> {
    let Some(raw) = desk.store.raw(mail)? else { return Ok(None) };
    let (headers, _) = Headers::scan_leniently(&raw);
    let from = headers.get("from").map(|value| mailboxes(&value)).unwrap_or_default();
    Ok(from.into_iter().find_map(|mailbox| mailbox.address))
}

/// An author we may write to: a member, whose mail was not written by a program. A stranger gets
/// no letter, since anybody could have written their address into From (RFC 3834 §2).
pub(super) fn may_be_told(
    desk: &Desk,
    list: &List,
    author: Option<PersonId>,
    raw: &[u8],
) -> Result<Option<PersonId>, FlowError> {
    let Some(person) = author else { return Ok(None) };
    let is_member = desk.store.member(list.id, person)?.is_some_and(|m| m.receives_mail(desk.now()));
    let (headers, _) = Headers::scan_leniently(raw);
    // A null sender never gets as far as this, so any address of theirs stands for the envelope's.
    let address = desk.store.person(person)?.and_then(|person| person.addresses.into_iter().next());
    let by_a_person = autoreply::may_be_answered(&headers, address.as_ref()).is_ok();
    Ok((is_member && by_a_person).then_some(person))
}

/// The one member a post from an unknown address may be from: it bears their name, and answers a
/// post of the list. Either alone anybody could have; that it comes in tells nothing to who does
/// not know both.
pub(super) fn looks_like(desk: &Desk, list: &List, raw: &[u8]) -> Result<Option<PersonId>, StoreError> {
    if list.settings.posting != Posting::Members {
        return Ok(None);
    }
    // The header is enough, and all the door may read.
    let (headers, _) = Headers::scan_leniently(raw);
    let from = headers.get("from").and_then(|value| mailboxes(&value).into_iter().next());
    let summary = Summary {
        author_name: from.map(|mailbox| mailbox.name.clone()).unwrap_or_default(),
        references: references::references(&headers),
        ..Summary::default()
    };
    if summary.author_name.split_whitespace().count() < NAME_WORDS_MIN
        || desk.store.reader().thread_answered(list.id, &summary)?.is_none()
    {
        return Ok(None);
    }
    let name = summary.author_name.to_lowercase();
    let mut found = None;
    for member in desk.store.members(list.id)? {
        let person = if is_current(&member) { desk.store.person(member.person)? } else { None };
        if let Some(person) = person.filter(|person| person.name.to_lowercase() == name) {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(person.id);
        }
    }
    Ok(found)
}
