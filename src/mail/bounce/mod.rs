//! What a mail says that came back: which recipients could not be reached, for good or for now, and
//! why; or that somebody complained; or nothing of the kind.
//!
//! RFC 3464 where it is followed, and the wording of forty years where it is not. Whose bounce it is
//! is not known here: what a stranger's text names is never taken for a proof. Total and linear.

mod addresses;
mod notice;
mod pieces;
mod stage;
mod status;
mod words;

use std::fmt;

use self::pieces::Pieces;
use self::stage::Stage;
use super::autoreply::{self, Automatic};
use super::headers::Headers;
use super::words as header_words;
use crate::domain::address::EmailAddress;

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// Somebody could not be reached.
    Bounce(Bounce),
    /// Somebody complained (RFC 5965).
    Complaint {
        /// What kind, as the report calls it: `abuse`.
        kind: String,
        /// The header of the message that was complained about, as far as it is there.
        original: String,
    },
    /// An absence notice, a receipt, a delivery that went well, a person's words.
    Nothing,
}

/// A message that could not be delivered, or not yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounce {
    /// The addresses it names; none, where it names none.
    pub recipients: Vec<String>,
    /// For good, or not yet.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// RFC 3463, if it is given: `5.1.1`.
    pub status: Option<String>,
    /// What the other server said, on one line.
    pub said: String,
}

/// Whether anybody tries again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nobody does.
    Failed,
    /// Their server does.
    Delayed,
}

/// Why a message did not arrive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cause {
    /// There is no such mailbox, or no such domain, or it is closed.
    NoSuchMailbox,
    /// The mailbox is full.
    Full,
    /// What was sent, or who sends, is not wanted: content, reputation, size, policy.
    Policy,
    /// Their server could not be reached, or gave up.
    Unreachable,
    /// It does not say.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::NoSuchMailbox => "no such mailbox",
            Cause::Full => "mailbox full",
            Cause::Policy => "refused for what it is or whence it comes",
            Cause::Unreachable => "unreachable",
            Cause::Unknown => "not said",
        })
    }
}

/// More of a bounce is not read: the reasons stand at its beginning.
const READ_BYTES_MAX: usize = 256 * 1024;
/// More of what a server said is not kept.
const SAID_CHARS_MAX: usize = 300;

/// Reads a mail that came to an address for bounces.
pub fn read(raw: &[u8]) -> Report {
    // Programs that keep mail put a blank line on top: then all of it would be a text that names anybody.
    let raw = raw.trim_ascii_start();
    let raw = &raw[..raw.len().min(READ_BYTES_MAX)];
    let (headers, _) = Headers::scan_leniently(raw);
    let mut pieces = Pieces::of(raw, &headers);
    pieces.human = words::without_stamps(&pieces.human);
    if let Some(feedback) = &pieces.feedback {
        return complaint(feedback, &pieces);
    }
    // A receipt; but some say by it that they threw the mail away (RFC 8098 §3.2.6.2).
    if pieces.receipt.as_ref().is_some_and(|receipt| !receipt.contains("deleted")) {
        return Report::Nothing;
    }
    if let Some(report) = notice::read(&pieces.human) {
        return report;
    }
    let groups = status::groups(&pieces.status);
    if groups.iter().any(|group| group.says) {
        return of_groups(&groups, &headers, &pieces);
    }
    of_words(&headers, &pieces, groups.into_iter().find_map(|group| group.recipient))
}

/// What one line of a server's reply means: for refusals in the SMTP dialogue.
pub fn cause_of(reply: &str) -> Cause {
    status::cause(status::enhanced(reply).as_deref(), reply)
}

/// The status code in a server's reply, if there is one: `5.1.1`.
pub fn status_of(reply: &str) -> Option<String> {
    status::enhanced(reply)
}

fn complaint(feedback: &str, pieces: &Pieces) -> Report {
    let kind = status::fields(feedback).find(|(name, _)| name == "feedback-type").map(|(_, value)| value);
    match kind.unwrap_or_default().to_lowercase() {
        // RFC 5965 §7.3, RFC 6430: that it is no spam, or a report about signatures, is no complaint.
        kind if kind == "not-spam" || kind == "auth-failure" => Report::Nothing,
        kind => Report::Complaint { kind, original: pieces.original.clone() },
    }
}

fn of_groups(groups: &[status::Group], headers: &Headers<'_>, pieces: &Pieces) -> Report {
    let of = |outcome| groups.iter().filter(move |group| group.outcome == Some(outcome));
    let outcome = match (of(Outcome::Failed).next(), of(Outcome::Delayed).next()) {
        (Some(_), _) => Outcome::Failed,
        (None, Some(_)) => Outcome::Delayed,
        (None, None) => return Report::Nothing,
    };
    let mut recipients: Vec<String> = Vec::new();
    for address in of(outcome).filter_map(|group| group.recipient.clone()) {
        if !recipients.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
            recipients.push(address);
        }
    }
    if recipients.is_empty() {
        recipients = addresses::named(headers, &pieces.human);
    }
    let first = of(outcome).next().expect("one is why we are here");
    let said = if first.diagnostic.is_empty() {
        words::telling_line(&pieces.human)
    } else {
        first.diagnostic.clone()
    };
    let status = first.status.clone().filter(|status| !status.ends_with(".0.0"));
    let status = status.or_else(|| status::enhanced(&said)).or_else(|| first.status.clone());
    let cause = told_cause(status.as_deref(), &said, &pieces.human);
    bounce(recipients, outcome, cause, status, &said)
}

/// No report, but perhaps the words of one; or one that only names somebody.
fn of_words(headers: &Headers<'_>, pieces: &Pieces, reported: Option<String>) -> Report {
    let subject = headers.get("subject").map(|value| header_words::clean(&header_words::decode(&value)));
    let subject = subject.unwrap_or_default();
    if words::is_complaint(&subject) {
        let original = format!("{}{}", pieces.original, pieces.human);
        return Report::Complaint { kind: "abuse".to_owned(), original };
    }
    let listed = headers.get("x-failed-recipients").map(|value| addresses::all_in(&value));
    let listed = listed.or_else(|| reported.map(|address| vec![address])).unwrap_or_default();
    let by_machine = headers.get("from").is_none_or(|from| words::is_daemon(&from));
    let signs = words::Signs::of(&subject, &pieces.human);
    let came_back = by_machine && !pieces.original.is_empty() && !words::is_absence(&subject);
    let is_bounce = !listed.is_empty() || signs.is_bounce(by_machine) || came_back;
    let away = words::is_absence(&subject) && !signs.subject;
    let is_absence = listed.is_empty() && (away || !by_machine) && is_absence(headers, &subject, &signs);
    if !is_bounce || is_absence {
        return Report::Nothing;
    }
    let outcome = if signs.delayed && !(signs.failed && listed.is_empty() && !signs.warns) {
        Outcome::Delayed
    } else {
        Outcome::Failed
    };
    let recipients = addresses::either(listed, addresses::named(headers, &pieces.human), &pieces.original);
    let said = words::telling_line(&pieces.human);
    let refusal = |text: &str| status::enhanced(text).filter(|status| !status.starts_with('2'));
    let status = refusal(&said).or_else(|| refusal(&pieces.human));
    let cause = told_cause(status.as_deref(), &said, &pieces.human);
    bounce(recipients, outcome, cause, status, &said)
}

/// Somebody is away, by their program's marks or by the subject it chose.
fn is_absence(headers: &Headers<'_>, subject: &str, signs: &words::Signs) -> bool {
    let person = EmailAddress::parse("somebody@x.example").ok();
    let marked = matches!(
        autoreply::automatic_post(headers, person.as_ref()),
        Some(Automatic::AutoSubmitted | Automatic::AbsenceNotice)
    );
    words::is_absence(subject) || (marked && !signs.subject)
}

/// What the status and the telling line say, or else all that people read.
fn told_cause(status: Option<&str>, said: &str, human: &str) -> Cause {
    let cause = match (status::cause(status, said), words::cause(human)) {
        (Cause::Unknown, by_all) => by_all,
        (_, Cause::Policy) if words::is_of_the_sender(human) => Cause::Policy,
        // « Service unavailable » is what a machine makes of the words above it.
        (Cause::Unreachable, by_all @ (Cause::NoSuchMailbox | Cause::Full))
            if said.to_lowercase().ends_with("service unavailable") =>
        {
            by_all
        }
        (known, _) => known,
    };
    let stage = stage::of(human).or_else(|| stage::of(said));
    match (stage, cause) {
        (Some(Stage::Sender), Cause::NoSuchMailbox | Cause::Unknown) => Cause::Policy,
        (Some(Stage::Content), Cause::Unknown) => Cause::Policy,
        (_, cause) => cause,
    }
}

fn bounce(
    recipients: Vec<String>,
    outcome: Outcome,
    cause: Cause,
    status: Option<String>,
    said: &str,
) -> Report {
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SAID_CHARS_MAX).collect();
    Report::Bounce(Bounce { recipients, outcome, cause, status, said })
}

#[cfg(test)]
mod tests;
