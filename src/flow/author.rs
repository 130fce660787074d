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

/// The one member a post from an unknown address may be from: it bears their name, in From or below
/// its text, and answers a post of the list. Either alone anybody could have; that it comes in tells
/// nothing to who does not know both.
pub(super) fn looks_like(desk: &Desk, list: &List, raw: &[u8]) -> Result<Option<PersonId>, StoreError> {
    if list.settings.posting != Posting::Members {
        return Ok(None);
    }
    // The door reads no MIME: the header, and lines as they were sent.
    let (headers, _) = Headers::scan_leniently(raw);
    let from = headers.get("from").and_then(|value| mailboxes(&value).into_iter().next());
    let summary = Summary {
        author_name: from.map(|mailbox| mailbox.name.clone()).unwrap_or_default(),
        references: references::references(&headers),
        ..Summary::default()
    };
    if summary.references.is_empty() || desk.store.reader().thread_answered(list.id, &summary)?.is_none() {
        return Ok(None);
    }
    let mut names = signed_names(raw);
    names.push(summary.author_name.to_lowercase());
    names.retain(|name| name.split_whitespace().count() >= NAME_WORDS_MIN);
    let mut found = None;
    for member in desk.store.members(list.id)? {
        let person = if is_current(&member) { desk.store.person(member.person)? } else { None };
        if let Some(person) = person.filter(|person| names.contains(&person.name.to_lowercase())) {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(person.id);
        }
    }
    Ok(found)
}

/// Lines of a mail in which a name is looked for, and how long such a line is, in bytes.
const SIGNED_LINES_MAX: usize = 200;
const SIGNED_LINE_BYTES_MAX: usize = 120;

/// What may be a name below a text: short lines, as far as the first comma, above any quote. The
/// lines are taken as they came; only what quoted-printable does to an accent is undone.
fn signed_names(raw: &[u8]) -> Vec<String> {
    let lines = raw.split(|byte| *byte == b'\n').skip_while(|line| !line.trim_ascii().is_empty());
    let lines = lines.take(SIGNED_LINES_MAX);
    let own = lines.take_while(|line| !begins_a_quote(line));
    own.filter(|line| !line.starts_with(b">") && line.len() <= SIGNED_LINE_BYTES_MAX)
        .filter_map(|line| {
            let text = String::from_utf8(without_escapes(line)).ok()?;
            let name =
                text.split([',', '|', '·', '–']).next()?.trim_matches([' ', '-', '*', '\r', '.', '\t']);
            (!name.is_empty()).then(|| name.to_lowercase())
        })
        .collect()
}

fn begins_a_quote(line: &[u8]) -> bool {
    const OPENINGS: [&[u8]; 5] = [b"-----", b"_____", b"De :", b"De:", b"From:"];
    OPENINGS.iter().any(|opening| line.starts_with(opening))
}

/// `=C3=A9` as the byte it stands for (RFC 2045 §6.7); anything else as it is.
fn without_escapes(line: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(line.len());
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        let escaped = (*byte == b'=').then(|| digit(line.get(at + 1)).zip(digit(line.get(at + 2)))).flatten();
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::signed_names;

    #[test]
    fn names_below_a_text_are_found_and_those_of_a_quote_are_not() {
        let raw = b"From: a@b.example\r\n\r\nOui, dimanche.\r\n\r\n-- \r\nOdette L=C3=A9ger, 12 rue des Lilas\r\n\r\n> --\r\n> Marcel Dupont\r\n\r\n-----Original-----\r\nClaire Martin\r\n";
        let names = signed_names(raw);
        assert!(names.contains(&"odette léger".to_owned()), "{names:?}");
        assert!(!names.iter().any(|name| name.contains("marcel") || name.contains("claire")), "{names:?}");
    }

    #[test]
    fn no_beginning_of_a_mail_harms() {
        let raw = b"From: a@b.example\r\n\r\nOdette L=C3=A9=\r\n=C\r\n\xff\xfe";
        for end in 0..=raw.len() {
            signed_names(&raw[..end]);
        }
    }
}
