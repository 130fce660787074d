//! An answer that does not say what it answers: written to the address of one post, it is told which.

use super::headers::Headers;
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

#[cfg(test)]
mod tests {
    use super::*;

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
