//! What lists and threads need to know of a message, at the speed of an import.
//!
//! Total: any bytes give a [`Summary`]. Showing a message in full is the business of other rooms.

mod excerpt;
mod faults;
mod key;
pub(in crate::mail) mod language;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use faults::SINGLETONS;
pub use faults::{SingletonFault, singleton_faults};
pub use key::content_key;

use super::headers::{HeaderFault, Headers};
use super::mime::{MimeFault, Part, Shape, Structure};
use super::{date, references, words};
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::time::Timestamp;

/// A subject is kept up to this many characters.
pub const SUBJECT_CHARS_MAX: usize = 300;
/// An author's name is kept up to this many characters.
const NAME_CHARS_MAX: usize = 200;

/// What lists of posts and threads are made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// The Message-ID the author's program gave.
    pub message_id: Option<MessageId>,
    /// The first author's name, decoded and cleaned; empty if only an address was given.
    pub author_name: String,
    /// The first author's address.
    pub author_address: Option<EmailAddress>,
    /// Decoded, cleaned, at most [`SUBJECT_CHARS_MAX`] characters.
    pub subject: String,
    /// What the Date field says, unless that is absurd (before 1970, after 2100).
    pub date: Option<Timestamp>,
    /// What is answered, oldest first, at most 200.
    pub references: Vec<MessageId>,
    /// Parts that are neither the text, nor pictures inside it, nor signatures.
    pub attachments: u32,
    /// The beginning of the author's own words.
    pub excerpt: String,
    /// The language of those words (ISO 639-1), when it is beyond doubt.
    pub language: Option<&'static str>,
    /// The author asked not to be archived: `X-No-Archive: yes` or `Archive: no`.
    pub no_archive: bool,
    /// What kept the message from being read whole.
    pub fault: Option<SummaryFault>,
}

/// What kept a message from being read whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SummaryFault {
    /// Its header is no header.
    #[error(transparent)]
    Header(HeaderFault),
    /// Its parts are too many or too deep.
    #[error(transparent)]
    Mime(MimeFault),
    /// A decoder failed on it.
    #[error("the message could not be decoded")]
    Decoder,
}

/// Reads what lists and threads need. Never fails and never panics; see [`Summary::fault`].
pub fn summarize(raw: &[u8]) -> Summary {
    let (headers, header_fault) = Headers::scan_leniently(raw);
    let fault = header_fault.map(SummaryFault::Header);
    // The decoders of charsets are not ours.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut summary = of_header(&headers);
        of_body(raw, &headers, &mut summary);
        summary
    }));
    let mut summary =
        read.unwrap_or_else(|_| Summary { fault: Some(SummaryFault::Decoder), ..Summary::default() });
    summary.fault = fault.or(summary.fault);
    summary
}

/// When a message came to the last place it came to, by the topmost Received (RFC 5321 §4.4).
pub fn latest_trace(raw: &[u8]) -> Option<Timestamp> {
    let (headers, _) = Headers::scan_leniently(raw);
    let trace = headers.get("received")?;
    match trace.rsplit_once(';') {
        Some((_, moment)) => date::parse(moment),
        // As sendmail wrote it until 1994: `by host, Fri, 2 Oct 92 18:40:58 +0100`.
        None => trace.split_once(',').and_then(|(_, moment)| date::parse(moment)),
    }
}

fn of_header(headers: &Headers<'_>) -> Summary {
    let from = headers.get("from").unwrap_or_default();
    let author = words::mailboxes(&from).into_iter().next();
    let (name, address) = match author {
        Some(mailbox) if mailbox.address.is_some() => (mailbox.name, mailbox.address),
        Some(mailbox) => {
            let address = obscured_address(&mailbox.text);
            let name = if mailbox.name.is_empty() && address.is_none() { mailbox.text } else { mailbox.name };
            (name, address)
        }
        None => (String::new(), None),
    };
    let subject = words::clean(&words::decode(&headers.get("subject").unwrap_or_default()));
    Summary {
        message_id: references::message_id(headers),
        author_name: words::first_chars(&name, NAME_CHARS_MAX).to_owned(),
        author_address: address,
        subject: words::first_chars(&subject, SUBJECT_CHARS_MAX).to_owned(),
        date: headers.get("date").and_then(|value| date::parse(&value)),
        references: references::references(headers),
        no_archive: asks_not_to_be_archived(headers),
        ..Summary::default()
    }
}

/// `x at y.example`, as public archives write addresses against harvesters.
fn obscured_address(text: &str) -> Option<EmailAddress> {
    let (local, domain) = text.split_once(" at ")?;
    EmailAddress::parse(&format!("{}@{}", local.trim(), domain.trim())).ok()
}

fn asks_not_to_be_archived(headers: &Headers<'_>) -> bool {
    let first_word = |name| {
        let value = headers.get(name).unwrap_or_default();
        value.split([';', ' ', '(']).next().unwrap_or_default().trim().to_ascii_lowercase()
    };
    // RFC 5536 §3.2.2. Some list servers add the first to all they send; from a list it means nothing.
    (first_word("x-no-archive") == "yes" && !headers.has("list-id")) || first_word("archive") == "no"
}

fn of_body(raw: &[u8], headers: &Headers<'_>, summary: &mut Summary) {
    let structure = Structure::of(raw, headers);
    summary.fault = structure.fault.map(SummaryFault::Mime);
    let attachments = (0..structure.parts.len()).filter(|&part| is_attachment(&structure, part)).count();
    summary.attachments = u32::try_from(attachments).unwrap_or(u32::MAX);
    let own_words = excerpt::own_words(raw, &structure);
    summary.excerpt = excerpt::excerpt(&own_words);
    summary.language = language::of_text(&own_words);
}

/// Whether a part is something a reader would open beside the text.
pub(super) fn is_attachment(structure: &Structure, index: usize) -> bool {
    let part = &structure.parts[index];
    let in_message = part.parent.is_some_and(|p| structure.lies_in(p, |p| p.shape == Shape::Message));
    match part.shape {
        Shape::Multipart { .. } | Shape::BrokenMultipart => return false,
        _ if in_message => return false,
        Shape::Message => return true,
        Shape::Leaf => {}
    }
    let parent = part.parent.map(|p| structure.parts[p].content_type.essence.as_str()).unwrap_or_default();
    let essence = part.content_type.essence.as_str();
    let machinery = matches!(
        essence,
        "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature"
    ) || (parent == "multipart/encrypted" && essence == "application/pgp-encrypted");
    let in_the_text = parent == "multipart/related" && part.has_content_id && !essence.starts_with("text/");
    if machinery || in_the_text {
        return false;
    }
    is_named(part) || !(is_text(essence) || (parent == "multipart/alternative" && essence == "text/calendar"))
}

fn is_text(essence: &str) -> bool {
    matches!(essence, "text/plain" | "text/html" | "text/enriched" | "text" | "")
}

/// Whether a part says that it is a file.
fn is_named(part: &Part) -> bool {
    part.disposition.essence == "attachment"
        || part.disposition.parameter("filename").is_some()
        || part.content_type.parameter("name").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POST: &str = "Message-ID: <1@x.example>\nFrom: =?utf-8?q?Zo=C3=A9?= <zoe@x.example>\n\
        Subject: =?iso-8859-1?q?R=E9union?= de\n samedi\nDate: Sun, 22 Nov 2026 18:30:00 +0100\n\
        In-Reply-To: <0@x.example>\nX-No-Archive: Yes\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n\
        Content-Transfer-Encoding: quoted-printable\n\nLe 21 nov. 2026, Anne a =E9crit :\n> ancien\n\
        Bonjour =E0 toutes et =E0 tous, la r=E9union de samedi aura lieu dans la grande salle du rez-de-chauss=E9e.\n\
        -- \nZoe\n--b\nContent-Type: application/pdf; name=a.pdf\n\nx\n--b--\n";

    #[test]
    fn a_post_in_short() {
        for raw in [POST.to_owned(), POST.replace('\n', "\r\n")] {
            let summary = summarize(raw.as_bytes());
            assert_eq!(summary.message_id.expect("given").as_str(), "1@x.example");
            assert_eq!(
                (summary.author_name.as_str(), summary.subject.as_str()),
                ("Zoé", "Réunion de samedi")
            );
            assert_eq!(summary.author_address.expect("given").as_str(), "zoe@x.example");
            assert_eq!(summary.date.expect("given").to_string(), "2026-11-22T17:30:00Z");
            assert_eq!(summary.references.len(), 1);
            assert_eq!((summary.attachments, summary.no_archive, summary.fault), (1, true, None));
            assert_eq!(
                summary.excerpt,
                "Bonjour à toutes et à tous, la réunion de samedi aura lieu dans la grande salle du rez-de-chaussée."
            );
            assert_eq!(summary.language, Some("fr"));
        }
    }

    #[test]
    fn odd_messages_are_summarized_all_the_same() {
        for (raw, author, address, fault) in [
            ("From: Anne\n\nx", "Anne", None, None),
            ("From: anne at x.example (Anne)\n\nx", "Anne", Some("anne@x.example"), None),
            ("Subject: x\n\n", "", None, None),
            (" x\nFrom: a@b.example\n\n", "", Some("a@b.example"), Some(HeaderFault::BlankFirst)),
            ("hello", "", None, Some(HeaderFault::NoSeparator)),
        ] {
            let summary = summarize(raw.as_bytes());
            assert_eq!(summary.author_name, author, "{raw:?}");
            assert_eq!(summary.author_address.as_ref().map(EmailAddress::as_str), address, "{raw:?}");
            assert_eq!(summary.fault, fault.map(SummaryFault::Header), "{raw:?}");
        }
    }

    #[test]
    fn every_beginning_of_a_post_is_summarized() {
        for end in 0..POST.len() {
            let _ = (summarize(&POST.as_bytes()[..end]), content_key(&POST.as_bytes()[..end]));
        }
    }

    proptest! {
        #[test]
        fn garbage_is_summarized(raw: Vec<u8>, text in "(\\PC|[-:\r\n=?<>()\"; ]){0,300}") {
            let _ = (summarize(&raw), content_key(&raw));
            let _ = (summarize(text.as_bytes()), content_key(text.as_bytes()));
            let wrapped = format!("Content-Type: multipart/mixed; boundary=-\n\n---\n{text}\n-----\n");
            let _ = summarize(wrapped.as_bytes());
        }
    }
}
