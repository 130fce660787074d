//! What of a message can be found: the author's own words, and the files beside them.

use super::super::html;
use super::super::quote::{self, Block};
use super::parts::Part;
use super::{Walked, bodies, decode, guarded, names, parts, readable_text};

/// Of an attachment that is text, so much is read, bytes as they stand in the mail.
const ATTACHED_BYTES_MAX: usize = 128 * 1024;
/// Attachments whose names and texts are read.
const ATTACHMENTS_MAX: usize = 50;
/// More of the author's words than this is not read, bytes.
const OWN_BYTES_MAX: usize = 256 * 1024;

/// A message, as far as it can be found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Searched {
    /// What the author wrote, without quotes, signature and footers; the quotes where there is
    /// nothing else.
    pub own: String,
    /// The names of the files beside it, one a line, and the text of those that are text.
    pub attached: String,
}

/// Reads a message for those who will look for it. Any bytes give something, in bounded time.
pub fn searched(raw: &[u8]) -> Searched {
    guarded(|| {
        let walked = parts::walk(raw);
        let bodies = bodies::choose(raw, &walked.parts);
        let (text, _) = readable_text(&bodies.pieces);
        let mut attached = String::new();
        for (index, n) in bodies.attachments.iter().zip(1..).take(ATTACHMENTS_MAX) {
            attach(&mut attached, raw, &walked, *index, n);
        }
        Searched { own: own_words(first_bytes(&text, OWN_BYTES_MAX)), attached }
    })
    .unwrap_or_default()
}

fn attach(attached: &mut String, raw: &[u8], walked: &Walked, index: usize, n: u32) {
    let part = &walked.parts[index];
    let kind = super::kind_of(raw, part);
    attached.push_str(&names::of(part, kind, &raw[part.body.clone()], n));
    attached.push('\n');
    if is_readable(part) {
        let body = &raw[part.body.clone()];
        let bytes = decode::transfer(&body[..body.len().min(ATTACHED_BYTES_MAX)], part.facts.transfer);
        let text = decode::charset(&bytes, part.facts.charset.as_deref());
        attached.push_str(&if part.is("text/html") { html::to_text(&text) } else { text });
        attached.push('\n');
    }
}

/// Text that people read, whatever its sender calls it.
fn is_readable(part: &Part) -> bool {
    let named = |ends: &[&str]| {
        let name = part.facts.filename.as_deref().unwrap_or_default().to_lowercase();
        ends.iter().any(|end| name.ends_with(end))
    };
    part.is_text() && !part.is("text/x-vcard") && !part.is("text/vcard")
        || named(&[".txt", ".md", ".csv", ".ics", ".log", ".patch", ".diff"])
}

fn own_words(text: &str) -> String {
    let blocks = quote::blocks(text);
    let joined = |pick: &dyn Fn(&Block) -> Option<String>| {
        blocks.iter().filter_map(pick).collect::<Vec<_>>().join("\n")
    };
    let own = joined(&|block| match block {
        Block::Text(text) => Some(without_seals(text)),
        Block::Quote { .. } | Block::Signature(_) => None,
    });
    if !own.trim().is_empty() {
        return own;
    }
    joined(&|block| match block {
        Block::Quote { heading: _, text } => Some(text.clone()),
        Block::Text(_) | Block::Signature(_) => None,
    })
}

/// Without the rows of letters that seal or encrypt a text (RFC 9580 §6.2): nobody looks for them.
fn without_seals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        let is = |what: &str| line.starts_with(what) && line.trim_end().ends_with("-----");
        if is("-----BEGIN PGP SIGNATURE") || is("-----BEGIN PGP MESSAGE") || is("-----BEGIN PGP PUBLIC") {
            inside = true;
        } else if is("-----END PGP") {
            inside = false;
        } else if !inside {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn first_bytes(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAIL: &str = "From: Anne <anne@lilas.example>\r\nSubject: Bac\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
        Le bac est arrivé.\r\n\r\nLe 3 mai 2026, Paul a écrit :\r\n> Et le compost ?\r\n\r\n-- \r\nAnne, 06 00 00 00 00\r\n\
        --b\r\nContent-Type: text/plain; name=tour.txt\r\nContent-Disposition: attachment; filename=tour.txt\r\n\r\n\
        Lundi Marie, mardi Paul\r\n\
        --b\r\nContent-Type: application/pdf; name=\"plan du jardin.pdf\"\r\n\r\nJVBERi0=\r\n--b--\r\n";

    #[test]
    fn own_words_and_attachments_and_nothing_else() {
        let searched = searched(MAIL.as_bytes());
        assert_eq!(searched.own.trim(), "Le bac est arrivé.");
        for word in ["tour.txt", "mardi Paul", "plan du jardin.pdf"] {
            assert!(searched.attached.contains(word), "{word}: {}", searched.attached);
        }
        assert!(!searched.attached.contains("JVBER"));
    }

    #[test]
    fn who_only_quotes_is_found_by_that() {
        let mail = b"Subject: x\r\n\r\n> Et le compost ?\r\n";
        assert_eq!(searched(mail).own.trim(), "Et le compost ?");
        let sealed = "Bonjour\n-----BEGIN PGP SIGNATURE-----\niQEzBAEB\n-----END PGP SIGNATURE-----\nAnne";
        assert_eq!(without_seals(sealed), "Bonjour\nAnne\n");
    }

    proptest! {
        #[test]
        fn any_bytes_give_something(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..MAIL.len()) {
            searched(&bytes);
            searched(&MAIL.as_bytes()[..cut]);
        }
    }
}
