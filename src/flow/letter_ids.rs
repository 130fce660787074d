//! The Message-IDs of letters, and what an answer to one of them is about.
//!
//! Some mail programs do not write to Reply-To (s-nail unless it is told to, some telephones), but to
//! the address in From. All of them say what they answer, so what a letter asks stands in its
//! Message-ID too: the token that its address for answers has.

use super::Desk;
use super::requests::door_of_token;
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::recipient::{ListDoor, LocalPart, meanings};
use crate::domain::wish::Matter;
use crate::mail::headers::Headers;
use crate::store::event::RequestDoor;
use crate::store::{OwedLetter, StoreError};

/// How the local part of each begins.
const BEGINNING: &str = "letter-";

/// The id of a letter; `answers` is where one answers what it asks. It stays the same however often the
/// letter is written anew.
pub(super) fn of_letter(hostname: &str, owed: &OwedLetter, answers: Option<&EmailAddress>) -> MessageId {
    let token = answers.and_then(token_of).map(|token| format!(".{token}")).unwrap_or_default();
    let id = format!("{BEGINNING}{}-{}{token}@{hostname}", owed.letter, owed.since.millis());
    MessageId::parse(&id).expect("digits, a token and a host name")
}

fn token_of(address: &EmailAddress) -> Option<String> {
    meanings(address.local_part()).into_iter().find_map(|meaning| match meaning {
        LocalPart::List { door: ListDoor::Answer(token), .. } | LocalPart::Answer(token) => Some(token),
        LocalPart::List { .. } | LocalPart::Service | LocalPart::Operator | LocalPart::Bounce(_) => None,
    })
}

/// The question a mail answers by what it says it is an answer to, if that is a letter that asks one.
pub(super) fn question_answered(desk: &Desk, raw: &[u8]) -> Option<RequestDoor> {
    let (headers, _) = Headers::scan_leniently(raw);
    asked(desk, &headers).map(|(_, door)| door)
}

/// Where a mail to a list should have gone because it answers a letter that asks; `all` are the
/// addresses it went to, since who answers to all wrote there too.
pub(super) fn address_answered(desk: &Desk, headers: &Headers, all: &[EmailAddress]) -> Option<EmailAddress> {
    let (token, _) = asked(desk, headers)?;
    let there = all.iter().find(|address| address.local_part().ends_with(&token)).cloned();
    there.or_else(|| EmailAddress::parse(&format!("re+{token}@{}", desk.hostname)).ok())
}

/// The same, if that letter shows the draft of an edition.
pub(super) fn draft_answered(
    desk: &Desk,
    headers: &Headers,
    all: &[EmailAddress],
) -> Result<Option<EmailAddress>, StoreError> {
    let Some((_, RequestDoor::Answer(question))) = asked(desk, headers) else { return Ok(None) };
    let asked = desk.store.question(question)?;
    let is_draft = asked.is_some_and(|asked| matches!(asked.question.matter, Matter::Draft { .. }));
    Ok(if is_draft { address_answered(desk, headers, all) } else { None })
}

/// The token of a question, and the question.
fn asked(desk: &Desk, headers: &Headers) -> Option<(String, RequestDoor)> {
    let answered = headers.get("In-Reply-To")?;
    let mut ids = answered.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    ids.find_map(|id| {
        let (local, host) = id.rsplit_once('@')?;
        let (_, token) = local.strip_prefix(BEGINNING)?.split_once('.')?;
        let door = door_of_token(desk, token)?;
        let ours = host.eq_ignore_ascii_case(&desk.hostname);
        (ours && matches!(door, RequestDoor::Answer(_))).then(|| (token.to_owned(), door))
    })
}
