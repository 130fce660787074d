//! A message enclosed in a letter, whole: each of its bytes is as it was received.

use super::LetterMail;

/// How a message is enclosed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enclosed {
    /// As a message, in the bytes it has (RFC 2046 §5.2.1 allows it no encoding).
    AsItIs,
    /// As a file in base64, for a way that carries seven bits only, or lines longer than a mail's.
    AsFile,
}

/// What stands before the first part of a letter.
const BOUNDARY: &str = "=_parvis_enclosed";
/// RFC 5322 §2.1.1, without CRLF.
const LINE_BYTES_MAX: usize = 998;
/// RFC 2045 §6.8.
const BASE64_LINE: usize = 76;

impl LetterMail {
    /// The letter with a message enclosed; `form` where that can be.
    #[must_use]
    pub fn enclosing(self, message: &[u8], form: Enclosed) -> LetterMail {
        let as_it_is = form == Enclosed::AsItIs && can_be_carried(message);
        let boundary = boundary(message);
        let (head, rest) = split(&self.bytes);
        let mut bytes = Vec::with_capacity(self.bytes.len() + message.len() * 3 / 2);
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(
            format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n")
                .as_bytes(),
        );
        bytes.extend_from_slice(rest);
        let kind = if as_it_is {
            let bits = if message.is_ascii() { "7bit" } else { "8bit" };
            format!("message/rfc822\r\nContent-Transfer-Encoding: {bits}\r\nContent-Disposition: attachment")
        } else {
            "application/octet-stream; name=\"message.eml\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"message.eml\""
                .to_owned()
        };
        bytes.extend_from_slice(format!("\r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n").as_bytes());
        if as_it_is {
            bytes.extend_from_slice(message);
        } else {
            let encoded = data_encoding::BASE64.encode(message);
            for line in encoded.as_bytes().chunks(BASE64_LINE) {
                bytes.extend_from_slice(line);
                bytes.extend_from_slice(b"\r\n");
            }
        }
        bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        LetterMail { bytes, ..self }
    }
}

/// Whether the bytes can travel as they are: whole lines of bearable length, and nothing but text.
fn can_be_carried(message: &[u8]) -> bool {
    let lines_end_well = memchr::memchr_iter(b'\n', message).all(|at| at > 0 && message[at - 1] == b'\r')
        && memchr::memchr_iter(b'\r', message).all(|at| message.get(at + 1) == Some(&b'\n'));
    let short = message.split(|byte| *byte == b'\n').all(|line| line.len() <= LINE_BYTES_MAX + 1);
    lines_end_well && short && !message.contains(&0)
}

/// A boundary that stands nowhere in the message.
fn boundary(message: &[u8]) -> String {
    let free = |boundary: &String| memchr::memmem::find(message, boundary.as_bytes()).is_none();
    (0_u64..).map(|number| format!("{BOUNDARY}_{number}")).find(free).expect("no message holds every number")
}

/// The letter's header without what describes its body; the rest.
fn split(letter: &[u8]) -> (&[u8], &[u8]) {
    let at = memchr::memmem::find(letter, b"\r\nContent-Type:").map_or(0, |at| at + 2);
    letter.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> LetterMail {
        let text = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"a\"\r\n\r\n--a\r\n\r\nBonjour\r\n--a--\r\n";
        LetterMail {
            bytes: text.as_bytes().to_vec(),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn each_byte_arrives() {
        for (message, as_it_is) in [
            ("From: a@x.example\r\n\r\nBonjour\r\n".as_bytes().to_vec(), true),
            ("From: a@x.example\r\n\r\nÉté\r\n".as_bytes().to_vec(), true),
            (b"From: a@x.example\r\n\r\nno end".to_vec(), true),
            (b"From: a@x.example\r\n\r\nbare\nline".to_vec(), false),
            (b"From: a@x.example\r\n\r\nbare\rline".to_vec(), false),
            (b"From: a@x.example\r\n\r\n\0\r\n".to_vec(), false),
            (format!("From: a@x.example\r\n\r\n{}\r\n", "x".repeat(1_000)).into_bytes(), false),
            (format!("From: a@x.example\r\n\r\n--{BOUNDARY}_0\r\n{BOUNDARY}_1\r\n").into_bytes(), true),
        ] {
            for form in [Enclosed::AsItIs, Enclosed::AsFile] {
                let mail = letter().enclosing(&message, form).bytes;
                let found = memchr::memmem::find(&mail, &message).is_some();
                assert_eq!(
                    found,
                    as_it_is && form == Enclosed::AsItIs,
                    "{}",
                    String::from_utf8_lossy(&message)
                );
                let text = String::from_utf8_lossy(&mail).into_owned();
                if !found {
                    let encoded = text.split("message.eml\"\r\n\r\n").nth(1).expect("a file");
                    let encoded = encoded.split("\r\n--").next().expect("its end").replace("\r\n", "");
                    assert_eq!(data_encoding::BASE64.decode(encoded.as_bytes()).expect("base64"), message);
                    assert!(mail.is_ascii());
                }
                assert!(text.matches("\r\n--=_parvis_enclosed").count() >= 3, "{text}");
            }
        }
    }
}
