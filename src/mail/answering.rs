//! An answer that does not say what it answers: written to the address of one post, it is told which.

use super::headers::Headers;
use super::transfer::encode_quoted_printable;
use crate::domain::ids::MessageId;

/// Ids of earlier messages that are named beside the one that is answered; the first and the latest.
const EARLIER_MAX: usize = 10;

/// The same message as an answer to `parent`: its References and In-Reply-To are those a mail program
/// would have written (RFC 5322 §3.6.4), in place of any it had.
pub fn in_thread(raw: &[u8], parent: &MessageId, earlier: &[MessageId]) -> Vec<u8> {
    let (headers, _) = Headers::scan_leniently(raw);
    let skipped = earlier.len().saturating_sub(EARLIER_MAX - 1);
    let kept = earlier.iter().enumerate().filter(|(at, _)| *at == 0 || *at > skipped).map(|(_, id)| id);
    let ids: Vec<String> =
        kept.filter(|id| *id != parent).chain([parent]).map(|id| format!("<{id}>")).collect();
    let mut out = format!("In-Reply-To: <{parent}>\r\nReferences: {}\r\n", ids.join("\r\n ")).into_bytes();
    let mut from = 0;
    for field in headers.fields() {
        let bytes = field.raw();
        let at = from + memchr::memmem::find(&raw[from..], bytes).unwrap_or(0);
        if !field.is("in-reply-to") && !field.is("references") {
            out.extend_from_slice(&raw[from..at]);
            out.extend_from_slice(bytes);
        }
        from = at + bytes.len();
    }
    out.extend_from_slice(&raw[from..]);
    out
}

/// Fields that describe a body, or are about the way it came.
const OF_THE_BODY: [&str; 8] = [
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-language",
    "mime-version",
    "dkim-signature",
    "subject",
    "to",
];

/// The same message from the same author with another subject, to a list, saying nothing but these
/// words of theirs; with what was attached to it all of its body stays.
pub fn own_words(raw: &[u8], subject: &str, text: &str, list: &str) -> Vec<u8> {
    let (headers, _) = Headers::scan_leniently(raw);
    let whole = !super::show::show(raw).attachments.is_empty();
    let dropped = |field: &str| match field {
        "subject" | "to" | "dkim-signature" => true,
        other => !whole && OF_THE_BODY.contains(&other),
    };
    let mut out = Vec::with_capacity(raw.len() + text.len());
    for field in headers.fields() {
        if !OF_THE_BODY.iter().any(|name| field.is(name) && dropped(name)) {
            out.extend_from_slice(field.raw());
            if !out.ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    let subject = super::words::unstructured(subject, "Subject: ".len());
    out.extend_from_slice(format!("Subject: {subject}\r\nTo: <{list}>\r\n").as_bytes());
    if whole {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(headers.body());
        return out;
    }
    out.extend_from_slice(
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
          Content-Transfer-Encoding: quoted-printable\r\n\r\n",
    );
    let text = text.trim().replace("\r\n", "\n").replace('\n', "\r\n");
    out.extend_from_slice(&encode_quoted_printable(text.as_bytes()));
    out.extend_from_slice(b"\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_words_alone() {
        let raw = "From: Anne <a@b.example>\r\nTo: <lilas+t@l.example>\r\nSubject: Re: Lilas\r\n\
                   Message-ID: <1@b>\r\nDKIM-Signature: x\r\nContent-Type: text/html\r\n\r\n<p>Ça</p>";
        let own = own_words(raw.as_bytes(), "Re: La fête", "Ça me va.\n", "lilas@l.example");
        assert_eq!(
            String::from_utf8(own).expect("text"),
            "From: Anne <a@b.example>\r\nMessage-ID: <1@b>\r\nSubject: Re: La =?utf-8?Q?f=C3=AAte?=\r\n\
             To: <lilas@l.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=87a me va.\r\n"
        );
    }

    #[test]
    fn it_answers_that_and_nothing_else() {
        let id = |text: &str| MessageId::parse(text).expect("an id");
        let raw = b"Received: x\r\nIn-Reply-To: <digest@b>\r\nSubject: Re: x\r\nReferences: <a@b>\r\n <digest@b>\r\n\r\nReferences: stays\r\n";
        let told = in_thread(raw, &id("p@b"), &[id("root@b"), id("p@b")]);
        assert_eq!(
            String::from_utf8_lossy(&told),
            "In-Reply-To: <p@b>\r\nReferences: <root@b>\r\n <p@b>\r\nReceived: x\r\nSubject: Re: x\r\n\r\nReferences: stays\r\n"
        );
        for raw in [&b""[..], b"\r\n\r\n", b"no header", b"\xff: \r\n"] {
            let told = in_thread(raw, &id("p@b"), &[]);
            assert!(told.ends_with(raw));
        }
    }
}
