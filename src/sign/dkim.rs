//! Signatures of our own (RFC 6376): relaxed both ways, over the whole body, without an end.
//!
//! What the copies of a post have in common is hashed once ([`Common`]); each copy costs its own
//! fields and the key's work.

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::BASE64;

use super::key::{NotSigned, SigningKey};
use crate::mail::canonical::{self, Form};

/// Fields that are signed where they stand, and may not be added where they do not, nor twice
/// (RFC 6376 §5.4.2, §8.15; RFC 8058 §4 for the two that leave). Those of the way are not here:
/// servers write them (§5.4).
pub(super) const COVERED: [&str; 20] = [
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Author",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Post",
    "List-Help",
    "List-Archive",
    "Archived-At",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// Those of them that differ from one copy to the next.
pub(super) const OWN: [&str; 2] = ["List-Unsubscribe", "List-Unsubscribe-Post"];

/// Characters of a line of the field.
const LINE: usize = 72;

/// A name in DNS and the key that stands behind it.
#[derive(Debug)]
pub struct NamedKey {
    /// `s=`
    pub selector: String,
    /// The private half.
    pub key: SigningKey,
}

/// What all copies of a post in one language have in common, hashed.
#[derive(Clone)]
pub struct Common {
    /// `d=`
    pub(super) domain: String,
    /// The common fields, in the order `names` has.
    pub(super) header: Context,
    /// Of the fields hashed so far.
    pub(super) names: Vec<&'static str>,
    pub(super) body_hash: String,
}

impl Common {
    /// Hashes header fields and a body. A name stands in `h=` once for each field of it.
    pub fn new(domain: &str, head: &[u8], body: &[u8]) -> Common {
        let mut digest = Context::new(&SHA256);
        canonical::body(body, Form::Relaxed, |piece| digest.update(piece));
        let mut common = Common {
            domain: domain.to_ascii_lowercase(),
            header: Context::new(&SHA256),
            names: Vec::new(),
            body_hash: BASE64.encode(digest.finish().as_ref()),
        };
        common.add(head, &COVERED);
        common
    }

    /// Hashes more fields. One name's fields must all come in one call: verifiers take them from
    /// the last to the first (RFC 6376 §5.4.2).
    pub(super) fn add(&mut self, head: &[u8], covered: &[&'static str]) {
        let fields = canonical::fields(head);
        let mut hashed = Vec::with_capacity(head.len());
        for &name in covered {
            for (_, raw) in fields.iter().rev().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())) {
                canonical::push_field(&mut hashed, raw, Form::Relaxed);
                self.names.push(name);
            }
        }
        self.header.update(&hashed);
    }

    /// The `DKIM-Signature` fields of one copy, one for each key. `own` are the fields only this
    /// copy has; `at` is when, in seconds since 1970.
    pub fn sign(&self, keys: &[NamedKey], own: &[u8], at: i64) -> Result<Vec<u8>, NotSigned> {
        let mut whole = self.clone();
        whole.add(own, &COVERED);
        let mut out = Vec::new();
        for named in keys {
            let field = complete(&whole.header, whole.unsigned_field(named, at), &named.key)?;
            out.extend_from_slice(field.as_bytes());
        }
        Ok(out)
    }

    /// The field up to its `b=`.
    fn unsigned_field(&self, named: &NamedKey, at: i64) -> String {
        let Common { domain, header: _, names, body_hash } = self;
        let NamedKey { selector, key } = named;
        let algorithm = key.algorithm().tag();
        let mut field = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n\td={domain}; s={selector};\r\n\tt={at};\r\n\t"
        );
        push_names(&mut field, names.iter().chain(&COVERED));
        field.push_str(&format!(";\r\n\tbh={body_hash};\r\n\tb="));
        field
    }
}

/// A field that ends with `b=`, with its signature over all that is hashed and itself.
pub(super) fn complete(header: &Context, mut field: String, key: &SigningKey) -> Result<String, NotSigned> {
    let mut canonical_field = Vec::with_capacity(field.len());
    canonical::push_field(&mut canonical_field, field.as_bytes(), Form::Relaxed);
    // RFC 6376 §3.7: without the line end.
    canonical_field.truncate(canonical_field.len() - 2);
    let mut digest = header.clone();
    digest.update(&canonical_field);
    let signature = key.sign(&digest.finish())?;
    push_folded(&mut field, &BASE64.encode(&signature));
    field.push_str("\r\n");
    Ok(field)
}

/// Appends `h=` in lines.
pub(super) fn push_names<'a>(field: &mut String, names: impl Iterator<Item = &'a &'static str>) {
    let mut column = 0;
    for (n, name) in names.enumerate() {
        let text = if n == 0 { format!("h={name}") } else { format!(":{name}") };
        if column > 0 && column + text.len() > LINE {
            field.push_str("\r\n\t ");
            column = 0;
        }
        column += text.len();
        field.push_str(&text);
    }
}

/// Appends base64 in lines.
pub(super) fn push_folded(field: &mut String, base64: &str) {
    for (n, line) in base64.as_bytes().chunks(LINE).enumerate() {
        if n > 0 {
            field.push_str("\r\n\t ");
        }
        field.extend(line.iter().copied().map(char::from));
    }
}
