//! The numbers and names by which things are known.
//!
//! Persons, lists and posts are numbers, so that the journal can speak of them without naming
//! anybody. Numbers are given once and never used again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

number! {
    /// One community's list. Stable for ever: the folder `mail/LIST-ID/` is named by it.
    ListId(u32)
}
number! {
    /// One person: one or more addresses, a name, a language. At most [`PersonId::MAX`].
    PersonId(u32)
}
number! {
    /// One message kept for a list, published or not. At most [`PostId::MAX`].
    PostId(u64)
}

number! {
    /// One question somebody was asked by mail. At most [`QuestionId::MAX`].
    QuestionId(u32)
}

number! {
    /// One pass: what opens pages or feeds without a password. At most [`PassId::MAX`].
    PassId(u32)
}

impl PassId {
    /// Tokens hold a pass's number in 27 bits.
    pub const MAX: PassId = PassId((1 << 27) - 1);
}

impl QuestionId {
    /// Tokens hold a question's number in 27 bits.
    pub const MAX: QuestionId = QuestionId((1 << 27) - 1);
}

impl PersonId {
    /// Tokens hold a person's number in 24 bits.
    pub const MAX: PersonId = PersonId((1 << 24) - 1);
}

impl PostId {
    /// Tokens hold a post's number in 27 bits.
    pub const MAX: PostId = PostId((1 << 27) - 1);
}

/// A Message-ID without its angle brackets (RFC 5322 §3.6.4), as the author's program wrote it.
///
/// Real mail breaks the grammar in every way, so anything without white space, control
/// characters and angle brackets, of at most 998 bytes (one header line), is taken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// The longest Message-ID kept, in bytes: what fits one header line (RFC 5322 §2.1.1).
    pub const BYTES_MAX: usize = 990;

    /// Takes `<id>` or `id`; `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<MessageId> {
        let text = text.trim();
        let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text);
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '<' && c != '>';
        (!inner.is_empty() && inner.len() <= Self::BYTES_MAX && inner.chars().all(plain))
            .then(|| MessageId(inner.to_owned()))
    }

    /// Without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_what_stands_between_the_brackets() {
        for (text, id) in [
            ("<a@b.example>", Some("a@b.example")),
            (" a@b.example ", Some("a@b.example")),
            ("<no-at-sign>", Some("no-at-sign")),
            ("<a b@c>", None),
            ("<>", None),
            ("<a@b", None),
            ("a\u{0}b@c", None),
        ] {
            assert_eq!(MessageId::parse(text).as_ref().map(MessageId::as_str), id, "{text:?}");
        }
    }
}
