//! Tokens: the 32 characters in an address or a link that say what it is for, and prove we made it.
//!
//! A token is derived from a key, never stored: 5 bits of kind, 51 bits of what it is about, and
//! 96 bits of HMAC-SHA-256 over both, in base32 without case (RFC 4648 §6, lower case). Nothing on
//! disk holds a token that could be stolen, and a rebuilt server knows the ones it gave away.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::address::EmailAddress;
use super::ids::{ListId, PassId, PersonId, PostId, QuestionId};

/// The secret all tokens of an installation are derived from; kept in `keys/`.
#[derive(Clone)]
pub struct TokenKey([u8; TokenKey::BYTES]);

/// What a token is for, and whom it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Where the copy of a post that could not be delivered to a person comes back (VERP).
    Bounce {
        /// The post.
        post: PostId,
        /// Whom the copy was for.
        person: PersonId,
    },
    /// Leaves a list, whoever sends or clicks it (RFC 8058).
    Leave {
        /// The list.
        list: ListId,
        /// Who leaves.
        person: PersonId,
    },
    /// Leaves all the lists one mail was made of, whoever sends or clicks it (RFC 8058).
    LeaveIssue {
        /// The digest.
        issue: PostId,
        /// Who leaves.
        person: PersonId,
    },
    /// Where the letter comes back that asks whether anything arrives.
    Probe {
        /// The list.
        list: ListId,
        /// Who is asked.
        person: PersonId,
    },
    /// Opens the attachments of a post, whoever has the link: they had them in their copy.
    Attachments {
        /// The post.
        post: PostId,
    },
    /// Answers one post from a digest: what is written there lands in its conversation. Whoever
    /// writes is judged as if they wrote to the list.
    Answer {
        /// The post.
        post: PostId,
    },
    /// Answers a whole digest: whoever writes is asked which of its conversations they mean.
    Digest {
        /// The digest.
        issue: PostId,
    },
    /// Writes to the author of a post in private; neither learns the other's address.
    Private {
        /// The post.
        post: PostId,
    },
    /// Opens an edition as a PDF, with whom to hand it to, for those who look after the list.
    Paper {
        /// The list.
        list: ListId,
        /// Which of its editions.
        edition: u32,
    },
    /// Answers one question one person was asked; what it is about, and until when it can be
    /// answered, is kept with the question.
    Question {
        /// The question.
        question: QuestionId,
        /// Who was asked.
        person: PersonId,
    },
    /// Opens what a person may read on the web, in the browser or the feed reader it was given to;
    /// whether it still does is kept with the pass.
    Pass {
        /// Which.
        pass: PassId,
        /// Whose.
        person: PersonId,
    },
    /// Stands in the forms of whoever holds that pass, so that no other site can send them.
    Form {
        /// Which.
        pass: PassId,
        /// Whose.
        person: PersonId,
    },
}

/// The text form of a token: exactly [`Token::CHARS`] of `a`-`z`, `2`-`7`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token(String);

const KIND_SHIFT: u32 = 51;
const FIRST_SHIFT: u32 = 24;
const SECOND_MASK: u64 = (1 << FIRST_SHIFT) - 1;
const FIRST_MASK: u64 = (1 << (KIND_SHIFT - FIRST_SHIFT)) - 1;
const SUBJECT_BYTES: usize = 7;
const MAC_BYTES: usize = 12;
const MARK_BYTES: usize = 16;

impl TokenKey {
    /// 256 bits.
    pub const BYTES: usize = 32;

    /// From the bytes kept in `keys/`.
    pub fn new(bytes: [u8; Self::BYTES]) -> TokenKey {
        TokenKey(bytes)
    }

    /// The token for a purpose; always the same one.
    pub fn token(&self, purpose: Purpose) -> Token {
        let mut bytes = [0; SUBJECT_BYTES + MAC_BYTES + 1];
        bytes[..SUBJECT_BYTES].copy_from_slice(&subject(purpose).to_be_bytes()[1..]);
        let mac = self.mac(&bytes[..SUBJECT_BYTES]).finalize().into_bytes();
        bytes[SUBJECT_BYTES..SUBJECT_BYTES + MAC_BYTES].copy_from_slice(&mac[..MAC_BYTES]);
        bytes[SUBJECT_BYTES + MAC_BYTES] = mac[MAC_BYTES];
        Token(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }

    /// What a token is for, if it is one of ours. Any case is taken; mail programs change it.
    pub fn read(&self, text: &str) -> Option<Purpose> {
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
        if bytes.len() != SUBJECT_BYTES + MAC_BYTES + 1 {
            return None;
        }
        let (subject, mac) = bytes.split_at(SUBJECT_BYTES);
        self.mac(subject).verify_truncated_left(mac).ok()?;
        let mut number = [0; 8];
        number[1..].copy_from_slice(subject);
        purpose(u64::from_be_bytes(number))
    }

    /// What an address leaves behind when it is forgotten: enough to know it again, and nothing to
    /// read it from without the key.
    pub fn mark_of(&self, address: &EmailAddress) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"parvis forgotten 1\0");
        mac.update(address.key().as_bytes());
        data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()[..MARK_BYTES])
    }

    fn mac(&self, subject: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"parvis token 1\0");
        mac.update(subject);
        mac
    }
}

fn subject(purpose: Purpose) -> u64 {
    let (kind, first, second) = match purpose {
        Purpose::Bounce { post, person } => (1, post.0, person.0),
        Purpose::Leave { list, person } => (2, u64::from(list.0), person.0),
        Purpose::LeaveIssue { issue, person } => (28, issue.0, person.0),
        Purpose::Probe { list, person } => (5, u64::from(list.0), person.0),
        Purpose::Attachments { post } => (8, post.0, 0),
        Purpose::Answer { post } => (24, post.0, 0),
        Purpose::Digest { issue } => (25, issue.0, 0),
        Purpose::Private { post } => (26, post.0, 0),
        Purpose::Paper { list, edition } => (27, u64::from(list.0), edition),
        Purpose::Question { question, person } => (4, u64::from(question.0), person.0),
        Purpose::Pass { pass, person } => (16, u64::from(pass.0), person.0),
        Purpose::Form { pass, person } => (17, u64::from(pass.0), person.0),
    };
    (kind << KIND_SHIFT) | ((first & FIRST_MASK) << FIRST_SHIFT) | (u64::from(second) & SECOND_MASK)
}

fn purpose(subject: u64) -> Option<Purpose> {
    let first = (subject >> FIRST_SHIFT) & FIRST_MASK;
    let person = PersonId(u32::try_from(subject & SECOND_MASK).ok()?);
    let list = || u32::try_from(first).ok().map(ListId);
    match subject >> KIND_SHIFT {
        1 => Some(Purpose::Bounce { post: PostId(first), person }),
        2 => Some(Purpose::Leave { list: list()?, person }),
        4 => Some(Purpose::Question { question: QuestionId(u32::try_from(first).ok()?), person }),
        5 => Some(Purpose::Probe { list: list()?, person }),
        24 => Some(Purpose::Answer { post: PostId(first) }),
        25 => Some(Purpose::Digest { issue: PostId(first) }),
        26 => Some(Purpose::Private { post: PostId(first) }),
        27 => Some(Purpose::Paper { list: list()?, edition: person.0 }),
        28 => Some(Purpose::LeaveIssue { issue: PostId(first), person }),
        8 => Some(Purpose::Attachments { post: PostId(first) }),
        16 => Some(Purpose::Pass { pass: PassId(u32::try_from(first).ok()?), person }),
        17 => Some(Purpose::Form { pass: PassId(u32::try_from(first).ok()?), person }),
        _ => None,
    }
}

impl Token {
    /// The length of every token.
    pub const CHARS: usize = 32;

    /// Whether a text has the shape of a token, ours or not.
    pub fn has_shape(text: &str) -> bool {
        text.len() == Self::CHARS && text.bytes().all(Self::is_symbol)
    }

    /// Whether tokens are written with that character, in either case (RFC 4648 §6).
    pub fn is_symbol(byte: u8) -> bool {
        byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key never shows in a log.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSES: [Purpose; 13] = [
        Purpose::LeaveIssue { issue: PostId(12), person: PersonId(34) },
        Purpose::Digest { issue: PostId(3) },
        Purpose::Private { post: PostId(3) },
        Purpose::Paper { list: ListId(3), edition: 12 },
        Purpose::Attachments { post: PostId(7) },
        Purpose::Bounce { post: PostId(1), person: PersonId(1) },
        Purpose::Bounce { post: PostId::MAX, person: PersonId::MAX },
        Purpose::Leave { list: ListId(1), person: PersonId(1) },
        Purpose::Probe { list: ListId(1), person: PersonId::MAX },
        Purpose::Question { question: QuestionId(1), person: PersonId(1) },
        Purpose::Pass { pass: PassId::MAX, person: PersonId::MAX },
        Purpose::Form { pass: PassId(1), person: PersonId(1) },
        Purpose::Question { question: QuestionId::MAX, person: PersonId::MAX },
    ];

    #[test]
    fn a_token_says_what_it_is_for_in_any_case() {
        let key = TokenKey::new([7; 32]);
        for purpose in PURPOSES {
            let token = key.token(purpose);
            assert!(Token::has_shape(token.as_str()), "{token}");
            assert_eq!(key.read(token.as_str()), Some(purpose));
            assert_eq!(key.read(&token.as_str().to_ascii_uppercase()), Some(purpose));
        }
    }

    #[test]
    fn no_other_text_is_a_token() {
        let key = TokenKey::new([7; 32]);
        let token = key.token(PURPOSES[0]).to_string();
        for i in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[i] = if other[i] == b'a' { b'b' } else { b'a' };
            assert_eq!(key.read(std::str::from_utf8(&other).expect("ascii")), None, "character {i}");
        }
        assert_eq!(TokenKey::new([8; 32]).read(&token), None);
        assert_eq!(key.read(&token[1..]), None);
        assert_eq!(key.read(""), None);
    }
}
