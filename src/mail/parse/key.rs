//! What makes two arrivals the same post: id, author, date, subject and text, never the traces of the way.

use sha2::{Digest, Sha256};

use crate::mail::headers::Headers;
use crate::mail::transfer::Transfer;
use crate::mail::words;

/// The fields that count.
const FIELDS: [&str; 4] = ["message-id", "from", "date", "subject"];

/// A hash of decoded Message-ID, From, Date, Subject and body. Bodies that differ in line ends, in
/// trailing blank lines or in the encoding of a single part are the same.
pub fn content_key(raw: &[u8]) -> [u8; 32] {
    let (headers, _) = Headers::scan_leniently(raw);
    let mut hash = Sha256::new();
    for name in FIELDS {
        // Two of a field are another post than one: their number and lengths count.
        hash.update(headers.count(name).to_be_bytes());
        for field in headers.all(name) {
            let value = words::clean(&words::decode(&field.value()));
            hash.update(value.len().to_be_bytes());
            hash.update(value.as_bytes());
        }
    }
    let transfer = headers.get("content-transfer-encoding").map(|value| Transfer::parse(&value));
    let wrapped = transfer.filter(|t| matches!(t, Transfer::Base64 | Transfer::QuotedPrintable));
    match wrapped {
        Some(transfer) => update_with_body(&mut hash, &transfer.decode(headers.body())),
        None => update_with_body(&mut hash, headers.body()),
    }
    hash.finalize().into()
}

fn update_with_body(hash: &mut Sha256, body: &[u8]) {
    let end = body.iter().rposition(|&b| b != b'\n' && b != b'\r').map_or(0, |at| at + 1);
    for line in body[..end].split(|&b| b == b'\n') {
        hash.update(line.strip_suffix(b"\r").unwrap_or(line));
        hash.update(b"\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "From: Zoé <z@x.example>\r\nDate: today\r\nSubject: été\r\n\r\ncafé\r\nau lait\r\n";

    #[test]
    fn one_post_by_several_ways() {
        for other in [
            ONE.replace("\r\n", "\n"),
            format!("Received: by mx\r\nX-Spam: no\r\n{ONE}\r\n\r\n"),
            ONE.replace("Subject: été", "SUBJECT:  =?utf-8?q?=C3=A9t=C3=A9?="),
            ONE.replace("\r\n\r\ncafé", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9"),
            "From: Zoé <z@x.example>\r\nDate: today\r\nSubject: été\r\nContent-Transfer-Encoding: base64\r\n\r\n\
             Y2Fmw6kKYXUgbGFpdAo=\r\n"
                .to_owned(),
        ] {
            assert_eq!(content_key(other.as_bytes()), content_key(ONE.as_bytes()), "{other}");
        }
    }

    #[test]
    fn other_posts() {
        for other in [
            ONE.replace("café", "cafe"),
            // Two that say the same in the same second are two, if their authors' programs say so.
            format!("Message-ID: <2@x>\r\n{ONE}"),
            ONE.replace("today", "tomorrow"),
            ONE.replace("z@x", "y@x"),
            ONE.replace("Subject: été", "Subject: été\r\nSubject: été"),
            ONE.replace("From: Zoé <z@x.example>", "From: Zoé\r\nFrom: <z@x.example>"),
            ONE.replace("café\r\nau", "café\r\n\r\nau"),
        ] {
            assert_ne!(content_key(other.as_bytes()), content_key(ONE.as_bytes()), "{other}");
        }
    }
}
