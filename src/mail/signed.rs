//! Whether a signature that was good on a message still is on what was made from it: whether all
//! bytes it was made over are the same, in its own canonical form (RFC 6376 §3.7).
//!
//! Needs no key and asks nobody: that it was good once is somebody else's finding.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::canonical::{self, Form};

/// Signatures of one message looked at; more are nobody's.
const SIGNATURES_MAX: usize = 20;
/// Names in `h=` looked at.
const NAMES_MAX: usize = 1_000;

/// A message, taken apart at its empty line.
#[derive(Clone, Copy, Debug)]
pub struct Halves<'a> {
    /// The header.
    pub head: &'a [u8],
    /// What follows the empty line.
    pub body: &'a [u8],
}

/// A signature of a message, and whether another message keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// `d=`, in lower case.
    pub domain: String,
    /// Whether it holds there too.
    pub holds: bool,
}

/// The signatures of `before`, in their order, and which of them hold in `after` as well as there.
pub fn kept(before: Halves<'_>, after: Halves<'_>) -> Vec<Kept> {
    let (fields_before, fields_after) = (canonical::fields(before.head), canonical::fields(after.head));
    let mut bodies = [HashMap::new(), HashMap::new()];
    let signatures = fields_before.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"dkim-signature"));
    let one = |(_, raw): &(&[u8], &[u8])| {
        let tags = Tags::of(raw)?;
        let there = fields_after.iter().any(|(_, other)| tags.form(other) == tags.form(raw));
        let same_head = || tags.header(&fields_before) == tags.header(&fields_after);
        let mut hash =
            |n: usize, body| *bodies[n].entry(tags.body_relaxed).or_insert_with(|| tags.body(body));
        let holds = there && same_head() && hash(0, before.body) == hash(1, after.body);
        Some(Kept { domain: tags.domain, holds })
    };
    signatures.take(SIGNATURES_MAX).filter_map(one).collect()
}

/// What of a `DKIM-Signature` says over what it was made.
struct Tags {
    domain: String,
    names: Vec<String>,
    header_form: Form,
    body_relaxed: bool,
}

impl Tags {
    fn of(raw: &[u8]) -> Option<Tags> {
        let value = raw.get(raw.iter().position(|&b| b == b':')? + 1..)?;
        let text: String = String::from_utf8_lossy(value).chars().filter(|c| !c.is_whitespace()).collect();
        let tags: HashMap<&str, &str> = text.split(';').filter_map(|tag| tag.split_once('=')).collect();
        // RFC 6376 §3.5: simple is the default, and what stands behind the slash is the body's.
        let (head, body) =
            tags.get("c").map_or(("simple", "simple"), |c| c.split_once('/').unwrap_or((c, "simple")));
        Some(Tags {
            domain: tags.get("d")?.to_ascii_lowercase(),
            names: tags.get("h")?.split(':').take(NAMES_MAX).map(str::to_ascii_lowercase).collect(),
            header_form: if head.eq_ignore_ascii_case("relaxed") { Form::Relaxed } else { Form::Simple },
            body_relaxed: body.eq_ignore_ascii_case("relaxed"),
        })
    }

    fn form(&self, raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(raw.len());
        canonical::push_field(&mut out, raw, self.header_form);
        out
    }

    /// What of a header it was made over: of fields of one name the last first (RFC 6376 §5.4.2).
    fn header(&self, fields: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut left: HashMap<String, Vec<&[u8]>> = HashMap::new();
        for (name, raw) in fields {
            left.entry(String::from_utf8_lossy(name).to_ascii_lowercase()).or_default().push(raw);
        }
        let mut out = Vec::new();
        for name in &self.names {
            if let Some(raw) = left.get_mut(name).and_then(Vec::pop) {
                canonical::push_field(&mut out, raw, self.header_form);
            }
        }
        out
    }

    /// Of the whole body: an `l=` would let others write below, so it counts for nothing here.
    fn body(&self, body: &[u8]) -> [u8; 32] {
        let form = if self.body_relaxed { Form::Relaxed } else { Form::Simple };
        let mut digest = Sha256::new();
        canonical::body(body, form, |piece| digest.update(piece));
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "DKIM-Signature: v=1; c=FORM; d=Author.Example; h=From : To:\r\n Subject:Subject:List-Id; b=x\r\n\
                        From: Anne <a@author.example>\r\nTo: ants@lists.example\r\nSubject: Saturday\r\n\r\n";
    const BODY: &str = "Hello  all\r\n\r\nAnne\r\n";

    fn holds(form: &str, head: impl Fn(String) -> String, body: &str) -> bool {
        let before = HEAD.replace("FORM", form);
        let after = head(before.clone());
        let halves = |head, body| Halves { head: str::as_bytes(head), body: str::as_bytes(body) };
        let kept = kept(halves(&before, BODY), halves(&after, body));
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].domain, "author.example");
        kept[0].holds
    }

    #[test]
    fn what_a_signature_notices() {
        let same = |head: String| head;
        for (form, change, body, expected) in [
            ("simple/simple", &same as &dyn Fn(String) -> String, BODY, true),
            ("relaxed", &same, "Hello all\r\n\r\nAnne\r\n", false),
            ("relaxed/relaxed", &same, "Hello all \r\n\r\nAnne\r\n\r\n", true),
            ("relaxed/relaxed", &same, "Hello all\r\n\r\nAnne\r\n-- \r\nAnts\r\n", false),
            ("simple", &|head| format!("List-Post: x\r\nReceived: y\r\n{head}"), BODY, true),
            // It says that there was no List-Id, and one Subject.
            ("simple", &|head| format!("List-Id: x\r\n{head}"), BODY, false),
            ("simple", &|head| format!("Subject: x\r\n{head}"), BODY, false),
            ("relaxed", &|head| head.replace("Subject: Sat", "SUBJECT:  Sat"), BODY, true),
            ("simple", &|head| head.replace("Subject: Sat", "SUBJECT:  Sat"), BODY, false),
            ("relaxed", &|head| head.replace("Subject: ", "Subject: [ants] "), BODY, false),
            ("relaxed", &|head| head.replace("DKIM-Sig", "X-Original-DKIM-Sig"), BODY, false),
            ("relaxed", &|head| head.replace("From: Anne", "From: Anne via Ants"), BODY, false),
        ] {
            assert_eq!(holds(form, change, body), expected, "{form} {:?} {body:?}", change("H".to_owned()));
        }
    }

    #[test]
    fn what_is_no_signature_is_none() {
        for field in [
            "DKIM-Signature: \r\n",
            "DKIM-Signature: v=1; d=x.example\r\n",
            "DKIM-Signature: h=From\r\n",
            "DKIM-Signature\r\n",
        ] {
            let halves = Halves { head: field.as_bytes(), body: b"" };
            assert_eq!(kept(halves, halves), []);
        }
    }
}
