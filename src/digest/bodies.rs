//! A text and its page as one MIME body.

use super::Bodies;
use crate::mail::transfer::encode_quoted_printable;

/// Cannot occur in quoted-printable, where `=` is followed by a digit, A–F or a line end.
const BOUNDARY: &str = "=_parvis_digest";

/// The fields of a `multipart/alternative`, and its body.
pub(super) fn alternative(bodies: &Bodies) -> (Vec<u8>, Vec<u8>) {
    let fields =
        format!("MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"{BOUNDARY}\"\r\n");
    let mut body = Vec::with_capacity(2 * (bodies.text.len() + bodies.html.len()));
    for (kind, content) in [("plain", &bodies.text), ("html", &bodies.html)] {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Type: text/{kind}; charset=utf-8\r\n").as_bytes(),
        );
        body.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        body.extend_from_slice(&encode_quoted_printable(content.replace('\n', "\r\n").as_bytes()));
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (fields.into_bytes(), body)
}
