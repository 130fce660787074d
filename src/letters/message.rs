//! A letter as a mail: header fields and two bodies (RFC 5322, RFC 2046 §5.1.4).
//!
//! Quoted-printable throughout, so that the bytes are 7-bit clean and lines stay short whoever
//! carries them.

use mail_builder::encoders::QuotedPrintableEncoder;
use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

use super::facts::one_line;
use super::html::percent_encode;
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::list::{Language, ListAddress};
use crate::domain::time::{Timestamp, Zone};

/// Cannot occur in quoted-printable, where `=` is followed by a digit, A–F or a line end.
const BOUNDARY: &str = "=_parvis_letter";
/// The same around a letter and its files; these are in base64, which has no underscore.
const BOUNDARY_OF_FILES: &str = "=_parvis_files";
/// The most Message-IDs in References, the first and the latest: one header field stays readable.
const REFERENCES_MAX: usize = 20;
/// The longest Message-ID referred to, in bytes: with its brackets and field name it fits a line.
const REFERENCE_BYTES_MAX: usize = 900;
/// The longest name shown before an address, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Everything about a letter that is not its words.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The reader's.
    pub language: Language,
    /// Who is written to, by the name we know them by.
    pub to: Mailbox<'a>,
    /// Who writes: a service address that can be answered.
    pub from: Mailbox<'a>,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<&'a EmailAddress>,
    /// The list it is about, if it is about one.
    pub list: Option<ListHeaders<'a>>,
    /// Its own.
    pub message_id: &'a MessageId,
    /// When it is written.
    pub date: Timestamp,
    /// The reader's.
    pub zone: &'a Zone,
    /// The message it answers.
    pub in_reply_to: Option<&'a MessageId>,
    /// What that message referred to, oldest first.
    pub references: &'a [MessageId],
    /// Whether it answers anything.
    pub auto: AutoSubmitted,
}

/// A file that goes with a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// ASCII.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A name and an address.
#[derive(Clone, Copy, Debug)]
pub struct Mailbox<'a> {
    /// May be empty.
    pub name: &'a str,
    /// Where mail goes.
    pub address: &'a EmailAddress,
}

/// RFC 3834 §5: what kind of automatic mail it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoSubmitted {
    /// Written by itself: a notice, a reminder.
    Generated,
    /// An answer to a mail.
    Replied,
}

/// What the List-* fields of a letter are made from (RFC 2369, RFC 2919).
#[derive(Clone, Copy, Debug)]
pub struct ListHeaders<'a> {
    /// As people call it.
    pub name: &'a str,
    /// Where posts are sent.
    pub address: &'a ListAddress,
    /// Where its archive is, for a reader who may see it.
    pub archive: Option<&'a str>,
    /// To a member: how to leave.
    pub unsubscribe: Option<Unsubscribe<'a>>,
}

/// How to leave at once.
#[derive(Clone, Copy, Debug)]
pub struct Unsubscribe<'a> {
    /// Whatever is written there.
    pub mail: &'a EmailAddress,
    /// RFC 8058: the https page that takes a POST.
    pub one_click: Option<&'a str>,
}

/// The whole mail.
pub(super) fn write(
    frame: &Frame<'_>,
    subject: &str,
    text: &str,
    html: &str,
    attachments: &[Attachment],
) -> Vec<u8> {
    let mut mail = Vec::with_capacity(2 * (text.len() + html.len()) + 2_048);
    write_header(frame, subject, &mut mail);
    let body = |kind: &'static str, content: &str| {
        let encoded = QuotedPrintableEncoder::new().preserve_line_breaks();
        let encoded = encoded.encode(content.replace('\n', "\r\n").as_bytes());
        let encoded = encoded.expect("memory takes every write");
        MimePart::new(ContentType::new(kind).attribute("charset", "utf-8"), encoded)
            .transfer_encoding("quoted-printable")
    };
    let parts = vec![body("text/plain", text), body("text/html", html)];
    let alternative = ContentType::new("multipart/alternative").attribute("boundary", BOUNDARY);
    let letter = MimePart::new(alternative, parts);
    if attachments.is_empty() {
        letter.write_part(&mut mail);
        return mail;
    }
    let file = |file: &Attachment| {
        // Named so, a part is written as it is: it must be in base64 already.
        let encoded = data_encoding::BASE64_MIME.encode(&file.bytes);
        MimePart::new(ContentType::new(file.kind), encoded).attachment(file.name).transfer_encoding("base64")
    };
    let parts: Vec<MimePart<'_>> = std::iter::once(letter).chain(attachments.iter().map(file)).collect();
    let mixed = ContentType::new("multipart/mixed").attribute("boundary", BOUNDARY_OF_FILES);
    MimePart::new(mixed, parts).write_part(&mut mail);
    mail
}

fn write_header(frame: &Frame<'_>, subject: &str, mail: &mut Vec<u8>) {
    field("From", &mailbox(frame.from), mail);
    field("To", &mailbox(frame.to), mail);
    if let Some(address) = frame.reply_to {
        // Our name stands for our addresses only; answers may go to whoever wrote to the operator.
        let is_ours = address.domain().eq_ignore_ascii_case(frame.from.address.domain());
        let name = if is_ours { frame.from.name } else { "" };
        field("Reply-To", &mailbox(Mailbox { name, address }), mail);
    }
    field("Subject", &Text::new(subject), mail);
    line("Date", &frame.date.rfc5322(frame.zone), mail);
    line("Message-ID", &format!("<{}>", frame.message_id), mail);
    write_thread(frame, mail);
    let auto = match frame.auto {
        AutoSubmitted::Generated => "auto-generated",
        AutoSubmitted::Replied => "auto-replied",
    };
    line("Auto-Submitted", auto, mail);
    // Exchange does not look at Auto-Submitted before it sends an out-of-office answer.
    line("X-Auto-Response-Suppress", "All", mail);
    if let Some(list) = &frame.list {
        write_list(list, frame.language, mail);
    }
    line("Content-Language", frame.language.tag(), mail);
    line("MIME-Version", "1.0", mail);
}

/// RFC 5322 §3.6.4: the parent's references and the parent itself.
fn write_thread(frame: &Frame<'_>, mail: &mut Vec<u8>) {
    let can_be_written = |id: &&MessageId| id.as_str().is_ascii() && id.as_str().len() <= REFERENCE_BYTES_MAX;
    let Some(parent) = frame.in_reply_to.filter(can_be_written) else { return };
    line("In-Reply-To", &format!("<{parent}>"), mail);
    let older: Vec<&MessageId> =
        frame.references.iter().filter(can_be_written).filter(|id| *id != parent).collect();
    let skipped = older.len().saturating_sub(REFERENCES_MAX - 1);
    let kept = older.iter().enumerate().filter(|(i, _)| *i == 0 || *i > skipped).map(|(_, id)| *id);
    let ids: Vec<String> = kept.chain([parent]).map(|id| format!("<{id}>")).collect();
    line("References", &ids.join("\r\n "), mail);
}

/// RFC 2369. No List-Post: nothing that answers a letter should go to everybody.
fn write_list(list: &ListHeaders<'_>, language: Language, mail: &mut Vec<u8>) {
    let (help, join, owner) = match language {
        Language::Fr => ("aide", "inscription", "animateurs"),
        Language::En => ("help", "join", "animators"),
    };
    // A List-Id is written like a mailbox (RFC 2919 §3), so the same writer quotes or encodes its name.
    let name = one_line(list.name, NAME_CHARS_MAX);
    field("List-Id", &Address::new_address(Some(name), list.address.list_id()), mail);
    line("List-Help", &mailto(&list.address.beside(help)), mail);
    line("List-Subscribe", &mailto(&list.address.beside(join)), mail);
    line("List-Owner", &mailto(&list.address.beside(owner)), mail);
    if let Some(archive) = list.archive.filter(|url| is_header_url(url)) {
        line("List-Archive", &format!("<{archive}>"), mail);
    }
    if let Some(Unsubscribe { mail: address, one_click }) = list.unsubscribe {
        let address = mailto(address.as_str());
        match one_click.filter(|url| url.starts_with("https://") && is_header_url(url)) {
            Some(url) => {
                line("List-Unsubscribe", &format!("<{url}>,\r\n {address}"), mail);
                line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click", mail);
            }
            None => line("List-Unsubscribe", &address, mail),
        }
    }
}

fn mailbox(mailbox: Mailbox<'_>) -> Address<'static> {
    let name = one_line(mailbox.name, NAME_CHARS_MAX);
    Address::new_address(Some(name).filter(|n| !n.is_empty()), mailbox.address.as_str().to_owned())
}

fn mailto(address: &str) -> String {
    let mut url = "<mailto:".to_owned();
    percent_encode(address, &mut url);
    url.push('>');
    url
}

fn is_header_url(url: &str) -> bool {
    url.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
}

fn field(name: &str, value: &impl Header, mail: &mut Vec<u8>) {
    mail.extend_from_slice(name.as_bytes());
    mail.extend_from_slice(b": ");
    value.write_header(mail, name.len() + 2);
}

fn line(name: &str, value: &str, mail: &mut Vec<u8>) {
    mail.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}
