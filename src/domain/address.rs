//! E-mail addresses: parsed once, and whoever holds one need not check it again.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// An address that can be written into an SMTP envelope as it is (RFC 5321 §4.1.2).
///
/// The local part is a dot-string or a quoted string, the domain a host name (A-labels for
/// international names). Written as the person wrote it; compared by [`EmailAddress::key`].
#[derive(Clone, Debug)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

/// Why a text is not an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidAddress {
    /// Nothing before or after the `@`, or no `@`.
    #[error("an address is written name@domain")]
    Shape,
    /// The local part holds something else than RFC 5321 allows, or is over 64 bytes.
    #[error("the part before the @ is not one mail can be sent to")]
    LocalPart,
    /// The domain is not a host name, or is over 255 bytes.
    #[error("the part after the @ is not a domain")]
    Domain,
    /// Letters outside ASCII, which need SMTPUTF8 (RFC 6531).
    #[error("addresses with letters outside ASCII are not taken yet")]
    NotAscii,
}

impl EmailAddress {
    /// RFC 5321 §4.5.3.1.1, bytes.
    pub const LOCAL_PART_MAX: usize = 64;
    /// RFC 5321 §4.5.3.1.2, bytes.
    pub const DOMAIN_MAX: usize = 255;

    /// Takes `name@domain`, without angle brackets.
    pub fn parse(text: &str) -> Result<EmailAddress, InvalidAddress> {
        let text = text.trim();
        if !text.is_ascii() {
            return Err(InvalidAddress::NotAscii);
        }
        let at = text.rfind('@').ok_or(InvalidAddress::Shape)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if local.is_empty() || domain.is_empty() {
            return Err(InvalidAddress::Shape);
        }
        if local.len() > Self::LOCAL_PART_MAX || !(is_dot_string(local) || is_quoted_string(local)) {
            return Err(InvalidAddress::LocalPart);
        }
        if !is_domain(domain) {
            return Err(InvalidAddress::Domain);
        }
        Ok(EmailAddress { text: text.to_owned(), at })
    }

    /// As it was written: `Marie.Curie@Example.org`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`, as it was written.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`, as it was written.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// What two spellings of one address have in common: lower case. Dots and plus signs count.
    pub fn key(&self) -> String {
        self.text.to_ascii_lowercase()
    }
}

/// RFC 5322 §3.2.3 `dot-atom-text`.
fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// RFC 5321 §4.1.2 `Quoted-string`, without control characters.
fn is_quoted_string(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else { return false };
    let mut escaped = false;
    for byte in inner.bytes() {
        match (escaped, byte) {
            (_, 0..=31 | 127) => return false,
            (true, _) => escaped = false,
            (false, b'\\') => escaped = true,
            (false, b'"') => return false,
            (false, _) => {}
        }
    }
    !escaped && !inner.is_empty()
}

fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// A host name of RFC 1123 §2.1 with at least one label; underscores are met in practice.
pub(crate) fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    text.len() <= EmailAddress::DOMAIN_MAX && text.split('.').all(label)
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &EmailAddress) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for EmailAddress {}

impl std::hash::Hash for EmailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        EmailAddress::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_mail_can_be_sent_to() {
        for text in
            ["a@b.example", "Marie.Curie+x@Example.org", "\"a b\"@c.example", "o'neil@d", "x@xn--9ca.example"]
        {
            let address = EmailAddress::parse(text).expect(text);
            assert_eq!(address.as_str(), text);
            assert_eq!(format!("{}@{}", address.local_part(), address.domain()), text);
        }
    }

    #[test]
    fn texts_that_are_no_address() {
        use InvalidAddress::*;
        for (text, why) in [
            ("", Shape),
            ("marie", Shape),
            ("@example.org", Shape),
            ("a@", Shape),
            ("a..b@c.example", LocalPart),
            ("a b@c.example", LocalPart),
            ("a>\r\nDATA\r\n@c.example", LocalPart),
            ("\"a\r\nRSET\"@c.example", LocalPart),
            ("a@b@c.example", LocalPart),
            ("a@-c.example", Domain),
            ("a@c..example", Domain),
            ("a@[127.0.0.1]", Domain),
            ("a@b.example\r\nRCPT", Domain),
            ("é@c.example", NotAscii),
        ] {
            assert_eq!(EmailAddress::parse(text).map(|a| a.to_string()), Err(why), "{text:?}");
        }
    }

    #[test]
    fn case_is_kept_and_does_not_count() {
        let (one, other) = (EmailAddress::parse("A@X.example"), EmailAddress::parse("a@x.example"));
        assert_eq!(one, other);
        assert_ne!(EmailAddress::parse("a+b@x.example"), other);
    }
}
