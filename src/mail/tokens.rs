//! Takes this server's own tokens out of a message that many will read.
//!
//! Who quotes or forwards a letter hands on the addresses and links in it, and what only one person
//! should have is then everybody's. Texts are looked into as they read, through quoted-printable and
//! base64 (RFC 2045 §6) and through forwarded messages; files of other kinds stay as they are.

use super::mask::fields;
use super::show::decode::Transfer;
use super::show::parts::{self, Holds, Part};
use super::transfer::{encode_base64, encode_quoted_printable};
use crate::domain::token::Token;

/// Stands where a token stood in a text.
const IN_TEXT: &[u8] = b"[removed]";
/// The same in a header, where brackets would mean something (RFC 5322 §3.2.3).
const IN_HEADER: &[u8] = b"removed";
/// Forwarded messages inside each other that are looked into.
const FORWARDED_MAX: usize = 4;

/// A message without them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WithoutTokens {
    /// Its bytes. No signature of its author's holds any more, so it carries none.
    pub raw: Vec<u8>,
    /// Those that stood where people read; not those in its header, which mail programs write.
    pub disclosed: Vec<String>,
}

/// Takes out every token that `is_secret`; nothing if there is none.
pub fn without_tokens(raw: &[u8], is_secret: &dyn Fn(&str) -> bool) -> Option<WithoutTokens> {
    let mut search = Search { is_secret, found: Vec::new() };
    let cleaned = search.message(raw, FORWARDED_MAX)?;
    Some(WithoutTokens { raw: without_signatures(&cleaned), disclosed: search.found })
}

struct Search<'a> {
    is_secret: &'a dyn Fn(&str) -> bool,
    found: Vec<String>,
}

impl Search<'_> {
    fn message(&mut self, raw: &[u8], depth: usize) -> Option<Vec<u8>> {
        let walked = parts::walk(raw);
        let mut out = Vec::with_capacity(raw.len());
        let mut changed = false;
        let mut at = 0;
        for (number, part) in walked.parts.iter().enumerate() {
            let header = &raw[at.max(part.header.start)..part.header.end];
            changed |= self.text(&raw[at..part.header.start.max(at)], &mut out);
            // Those of a forwarded message are read like its text.
            let outermost = number == 0 && depth == FORWARDED_MAX;
            changed |= if outermost { self.header(header, &mut out) } else { self.text(header, &mut out) };
            out.extend_from_slice(&raw[part.header.end..part.body.start]);
            at = part.body.start;
            if part.holds == Holds::Content {
                changed |= self.body(raw, part, depth, &mut out);
                at = part.body.end;
            }
        }
        changed |= self.text(&raw[at..], &mut out);
        changed.then_some(out)
    }

    /// The body of a leaf, and whether it is another than before.
    fn body(&mut self, raw: &[u8], part: &Part, depth: usize, out: &mut Vec<u8>) -> bool {
        let as_it_is = &raw[part.body.clone()];
        let wrapped = matches!(part.facts.transfer, Transfer::Base64 | Transfer::QuotedPrintable);
        let is_message = part.is("message/rfc822") || part.is("message/global");
        if !part.is_text() && !part.facts.media_type.starts_with("message/") {
            out.extend_from_slice(as_it_is);
            return false;
        }
        if !wrapped && !is_message {
            return self.text(as_it_is, out);
        }
        let bytes = part.bytes(raw);
        let cleaned = if is_message && depth > 0 {
            self.message(&bytes, depth - 1)
        } else {
            let mut cleaned = Vec::with_capacity(bytes.len());
            self.text(&bytes, &mut cleaned).then_some(cleaned)
        };
        match (&cleaned, part.facts.transfer) {
            (None, _) => out.extend_from_slice(as_it_is),
            (Some(bytes), Transfer::Base64) => out.extend_from_slice(&encode_base64(bytes)),
            (Some(bytes), Transfer::QuotedPrintable) => {
                out.extend_from_slice(&encode_quoted_printable(bytes))
            }
            (Some(bytes), Transfer::Plain | Transfer::Unknown) => out.extend_from_slice(bytes),
        }
        cleaned.is_some()
    }

    fn text(&mut self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let mut found = std::mem::take(&mut self.found);
        let changed = self.replace(text, IN_TEXT, out, &mut |token| found.push(token.to_owned()));
        self.found = found;
        changed
    }

    fn header(&self, header: &[u8], out: &mut Vec<u8>) -> bool {
        self.replace(header, IN_HEADER, out, &mut |_| {})
    }

    fn replace(&self, text: &[u8], instead: &[u8], out: &mut Vec<u8>, found: &mut dyn FnMut(&str)) -> bool {
        let (mut kept, mut at, mut changed) = (0, 0, false);
        while at < text.len() {
            let run = text[at..].iter().take_while(|b| Token::is_symbol(**b)).count();
            // A link may be glued to a letter or digit before it (`%2B`), or one behind it.
            let last = run.checked_sub(Token::CHARS).map(|more| at + more);
            for start in last.into_iter().chain(last.filter(|last| *last > at).map(|_| at)) {
                let end = start + Token::CHARS;
                let token = std::str::from_utf8(&text[start..end]).unwrap_or_default();
                if start >= kept && (self.is_secret)(token) {
                    found(token);
                    out.extend_from_slice(&text[kept..start]);
                    out.extend_from_slice(instead);
                    (kept, changed) = (end, true);
                    break;
                }
            }
            at += run.max(1);
        }
        out.extend_from_slice(&text[kept..]);
        changed
    }
}

/// RFC 6376 §3.5: they were for other bytes.
fn without_signatures(raw: &[u8]) -> Vec<u8> {
    let walked = parts::walk(raw);
    let Some(outer) = walked.parts.first() else { return raw.to_vec() };
    let mut out = Vec::with_capacity(raw.len());
    for field in fields(&raw[outer.header.clone()]) {
        let name = field.split(|b| *b == b':').next().unwrap_or_default().trim_ascii();
        if !name.eq_ignore_ascii_case(b"dkim-signature") {
            out.extend_from_slice(field);
        }
    }
    out.extend_from_slice(&raw[outer.header.end..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "abcdefghijklmnopqrstuvwxyz234567";
    const OTHER: &str = "zbcdefghijklmnopqrstuvwxyz234567";

    fn is_secret(token: &str) -> bool {
        token.eq_ignore_ascii_case(SECRET)
    }

    fn cleaned(raw: &str) -> Option<(String, Vec<String>)> {
        let found = without_tokens(raw.as_bytes(), &is_secret)?;
        Some((String::from_utf8(found.raw).expect("ascii"), found.disclosed))
    }

    fn reads(raw: &str) -> String {
        let walked = parts::walk(raw.as_bytes());
        walked.parts.iter().map(|part| part.text(raw.as_bytes())).collect()
    }

    #[test]
    fn what_holds_none_stays() {
        for body in ["Bonjour.".to_owned(), OTHER.to_owned(), format!("{SECRET}7a{SECRET}aa"), "a".repeat(90)]
        {
            let hidden = body.contains(SECRET);
            let raw = format!("From: a@b.example\r\nSubject: x\r\n\r\n{body}\r\n");
            assert_eq!(without_tokens(raw.as_bytes(), &is_secret).is_some(), hidden, "{body}");
        }
    }

    #[test]
    fn a_text_loses_them_wherever_they_stand() {
        for (text, left) in [
            ("Écrire à quartier+TOKEN@lists.example.", "Écrire à quartier+[removed]@lists.example."),
            ("https://lists.example/u/TOKEN", "https://lists.example/u/[removed]"),
            ("mailto:re%2BTOKEN@lists.example?subject=x", "mailto:re%2B[removed]@lists.example?subject=x"),
            ("TOKEN et TOKEN", "[removed] et [removed]"),
            ("<letter-3-1.TOKEN@lists.example>", "<letter-3-1.[removed]@lists.example>"),
        ] {
            let text = text.replace("TOKEN", SECRET);
            let quoted = String::from_utf8(encode_quoted_printable(text.as_bytes())).expect("ascii");
            let packed = String::from_utf8(encode_base64(text.as_bytes())).expect("ascii");
            for (transfer, body) in [("8bit", text.clone()), ("quoted-printable", quoted), ("base64", packed)]
            {
                let raw = format!(
                    "From: a@b.example\r\nDKIM-Signature: v=1;\r\n b=x\r\nContent-Type: text/html; \
                     charset=utf-8\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n{body}\r\n"
                );
                let (raw, disclosed) = cleaned(&raw).expect("there is one");
                assert_eq!(reads(&raw).trim_end(), left, "{transfer}");
                assert_eq!(disclosed.first().map(String::as_str), Some(SECRET));
                assert!(!raw.contains("DKIM-Signature") && !raw.contains("b=x"), "{raw}");
            }
        }
    }

    #[test]
    fn a_forwarded_message_loses_them_too() {
        let quoted = format!(
            "List-Unsubscribe: <mailto:q+{SECRET}@x.example>\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nre+{}=\r\n{}@x.example\r\n",
            &SECRET[..9],
            &SECRET[9..]
        );
        let raw = format!(
            "From: a@b.example\r\nReferences: <letter-1-1.{SECRET}@x.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nVoici.\r\n--x\r\n\
             Content-Type: message/rfc822\r\n\r\n{quoted}\r\n--x\r\nContent-Type: application/pdf\r\n\r\n\
             {SECRET}\r\n--x--\r\n"
        );
        let (raw, disclosed) = cleaned(&raw).expect("there are some");
        assert_eq!(disclosed.len(), 2, "those of the header are no disclosure");
        assert_eq!(raw.matches(SECRET).count(), 1, "files of other kinds stay: {raw}");
        assert!(raw.contains("References: <letter-1-1.removed@x.example>"), "{raw}");
        assert!(raw.contains("<mailto:q+[removed]@x.example>"), "{raw}");
    }

    #[test]
    fn a_header_alone_discloses_nothing() {
        let raw =
            format!("From: a@b.example\r\nIn-Reply-To: <letter-1-1.{SECRET}@x.example>\r\n\r\nBonjour.\r\n");
        let (raw, disclosed) = cleaned(&raw).expect("there is one");
        assert!(disclosed.is_empty() && !raw.contains(SECRET), "{raw}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            proptest::prop_assert!(without_tokens(&bytes, &is_secret).is_none());
        }
    }
}
