//! The notes a relay of the cloud writes for programs, where they come by mail: JSON that names who
//! could not be reached, or who complained. They are quoted twice as often as once.

use super::{Bounce, Cause, Outcome, Report, addresses};

/// A note of that kind, if a text begins as one.
pub(super) fn read(text: &str) -> Option<Report> {
    let plain = text.get(..text.len().min(NOTE_BYTES_MAX)).unwrap_or(text).replace('\\', "");
    let start = plain.find("{\"notificationType\":\"")?;
    let note = &plain[start..];
    match value(note, "notificationType")? {
        "Bounce" => Some(bounce(note)),
        "Complaint" => {
            let kind = value(note, "complaintFeedbackType").unwrap_or("abuse").to_owned();
            Some(Report::Complaint { kind, original: note.to_owned() })
        }
        _ => Some(Report::Nothing),
    }
}

/// More of a note is not read.
const NOTE_BYTES_MAX: usize = 64 * 1024;

fn value<'a>(note: &'a str, name: &str) -> Option<&'a str> {
    let at = note.find(&format!("\"{name}\":\""))? + name.len() + 4;
    note[at..].split('"').next()
}

fn bounce(note: &str) -> Report {
    let listed = note.split("\"bouncedRecipients\":[").nth(1).and_then(|rest| rest.split(']').next());
    let recipients = listed.unwrap_or_default().split("\"emailAddress\":\"").skip(1);
    let recipients = recipients.filter_map(|rest| addresses::first_in(rest.split('"').next()?)).collect();
    let said = value(note, "diagnosticCode").unwrap_or_default().to_owned();
    let status = value(note, "status").map(str::to_owned);
    let cause = match value(note, "bounceSubType").unwrap_or_default() {
        "NoEmail" | "Suppressed" | "OnAccountSuppressionList" => Cause::NoSuchMailbox,
        "MailboxFull" => Cause::Full,
        "MessageTooLarge" | "ContentRejected" | "AttachmentRejected" => Cause::Policy,
        _ => super::told_cause(status.as_deref(), &said, &said),
    };
    Report::Bounce(Bounce { recipients, outcome: Outcome::Failed, cause, status, said })
}
