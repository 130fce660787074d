//! The fields of a delivery report (RFC 3464 §2) and what status codes mean (RFC 3463).

use super::{Cause, Outcome, addresses};

/// Recipients of one report that are looked at.
const GROUPS_MAX: usize = 200;
/// The digits of a status: `5.123.123`.
const STATUS_CHARS_MAX: usize = 9;

/// What a report says of one recipient.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) recipient: Option<String>,
    /// Absent: nothing is wrong.
    pub(super) outcome: Option<Outcome>,
    /// Whether it says at all what became of the mail.
    pub(super) says: bool,
    pub(super) status: Option<String>,
    pub(super) diagnostic: String,
}

/// Unfolded fields of a text, names in small letters.
pub(super) fn fields(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let (Some((_, value)), false) = (found.last_mut(), line.trim().is_empty()) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            found.push((name.trim().to_lowercase(), value.trim().to_owned()));
        } else {
            found.push((String::new(), String::new()));
        }
    }
    found.into_iter()
}

/// One group for each recipient. A group begins with an empty line, or where a field comes again.
pub(super) fn groups(text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut block: Vec<(String, String)> = Vec::new();
    for (name, value) in fields(text).chain([(String::new(), String::new())]) {
        let repeats = name == "final-recipient" && block.iter().any(|(known, _)| *known == name);
        if name.is_empty() || repeats {
            groups.extend(group(&block));
            block.clear();
        }
        if !name.is_empty() {
            block.push((name, value));
        }
        if groups.len() >= GROUPS_MAX {
            break;
        }
    }
    groups
}

fn group(block: &[(String, String)]) -> Option<Group> {
    let get = |wanted: &str| block.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let recipient = ["original-recipient", "final-recipient", "x-actual-recipient"]
        .into_iter()
        .filter_map(get)
        .find_map(|value| addresses::first_in(value.rsplit(';').next().unwrap_or(value)));
    let status = get("status").and_then(enhanced);
    let diagnostic =
        get("diagnostic-code").map(|value| value.split_once(';').map_or(value, |(_, said)| said));
    if recipient.is_none() && status.is_none() && get("action").is_none() {
        return None;
    }
    let action =
        get("action").unwrap_or_default().split([';', '(', ' ']).next().unwrap_or_default().to_lowercase();
    let outcome = match action.as_str() {
        "failed" | "failure" | "error" | "undeliverable" | "expired" => Some(Outcome::Failed),
        "delayed" | "deferred" => Some(Outcome::Delayed),
        "relayed" | "delivered" | "expanded" => None,
        _ => match status.as_deref().and_then(|status| status.chars().next()) {
            Some('5') => Some(Outcome::Failed),
            Some('4') => Some(Outcome::Delayed),
            _ => None,
        },
    };
    let says = !action.is_empty() || status.is_some();
    let diagnostic = diagnostic.unwrap_or_default().trim().to_owned();
    Some(Group { recipient, outcome, says, status, diagnostic })
}

/// The first status code in a text: `5.1.1`, `#5.1.1`, `(5.7.1)`.
pub(super) fn enhanced(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let begins = matches!(byte, b'2' | b'4' | b'5') && bytes.get(at + 1) == Some(&b'.');
        let before = at.checked_sub(1).map(|before| bytes[before]);
        if !begins || before.is_some_and(|before| before.is_ascii_alphanumeric() || before == b'.') {
            continue;
        }
        let digits = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
        let found: Vec<u8> =
            bytes[at..].iter().take_while(digits).copied().take(STATUS_CHARS_MAX + 1).collect();
        let found = String::from_utf8(found).unwrap_or_default();
        let found = found.trim_end_matches('.');
        let parts: Vec<&str> = found.split('.').collect();
        let short = |part: &&str| (1..=3).contains(&part.len());
        if parts.len() == 3 && parts.iter().all(short) {
            return Some(found.to_owned());
        }
    }
    None
}

/// What a status and the words beside it mean. The words know more than `5.0.0`, and than `5.1.1`
/// said of a full mailbox or of a sender who is not liked.
pub(super) fn cause(status: Option<&str>, said: &str) -> Cause {
    let by_words = super::words::cause(said);
    let Some(status) = status else { return by_words };
    let mut parts = status.split('.').skip(1).map(|part| part.parse::<u16>().unwrap_or(0));
    let (subject, detail) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let by_status = match (subject, detail) {
        // RFC 3463 §3.2: 7 and 8 are about the sender.
        (1, 7 | 8) => Cause::Policy,
        // What is so for now is no missing mailbox.
        (1, 0..=6 | 9..) | (4, 4) if status.starts_with('4') => Cause::Unknown,
        // 5.4.4: no way to that domain; RFC 5248: 5.7.13 is an account that was closed.
        (1, _) | (2, 1) | (4, 4) | (7, 13) => Cause::NoSuchMailbox,
        (2, 2) | (3, 1) => Cause::Full,
        (2, 3) | (3, 4) | (6 | 7, _) => Cause::Policy,
        // 5.4.6: it went in circles.
        (4, 1 | 2 | 6 | 7 | 14) => Cause::Unreachable,
        _ => Cause::Unknown,
    };
    match (by_status, by_words) {
        (Cause::Unknown, by_words) => by_words,
        (Cause::NoSuchMailbox | Cause::Unreachable, Cause::Policy | Cause::Full) => by_words,
        // maildrop and others call a quota « permission denied ».
        (Cause::Policy, Cause::Full) if subject == 7 && detail <= 1 => by_words,
        // Many servers say 5.7.1 of mailboxes they do not know, some 5.4.1.
        (Cause::Policy, Cause::NoSuchMailbox) if (subject, detail) == (7, 1) => by_words,
        (Cause::Unreachable, Cause::NoSuchMailbox) if (subject, detail) == (4, 1) => by_words,
        (by_status, _) => by_status,
    }
}
