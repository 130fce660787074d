//! What is said for one copy, without I/O: MAIL, RCPT and DATA, as the peer can take them.

use std::io::Write;

use super::{Bits, Copy, Stage};
use crate::domain::address::EmailAddress;

/// What a peer may offer that is of use here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// RFC 2920.
    Pipelining,
    /// RFC 1870, with the most the peer takes, in bytes, if it says.
    Size(Option<usize>),
    /// RFC 6152.
    EightBitMime,
    /// RFC 3207.
    StartTls,
    /// RFC 4954, with RFC 4616.
    AuthPlain,
    /// RFC 4954, with what everybody who has no PLAIN has.
    AuthLogin,
}

impl Extension {
    /// The extensions one line of an EHLO answer offers that are of use here.
    pub(super) fn in_line(line: &[u8]) -> Vec<Extension> {
        let line = String::from_utf8_lossy(line).to_ascii_uppercase();
        // `AUTH=PLAIN` is what servers said before there was a standard, and some still do.
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        match words.next() {
            Some("PIPELINING") => vec![Extension::Pipelining],
            Some("SIZE") => {
                let most = words.next().and_then(|digits| digits.parse().ok());
                // RFC 1870 §4: 0 is no limit that is known.
                vec![Extension::Size(most.filter(|most| *most > 0))]
            }
            Some("8BITMIME") => vec![Extension::EightBitMime],
            Some("STARTTLS") => vec![Extension::StartTls],
            Some("AUTH") => words
                .filter_map(|mechanism| match mechanism {
                    "PLAIN" => Some(Extension::AuthPlain),
                    "LOGIN" => Some(Extension::AuthLogin),
                    _ => None,
                })
                .collect(),
            Some(_) | None => Vec::new(),
        }
    }
}

/// The commands of a transaction, in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Reset,
    Mail,
    Rcpt,
    Data,
}

impl Step {
    pub(super) fn stage(self) -> Stage {
        match self {
            Step::Reset | Step::Mail => Stage::Mail,
            Step::Rcpt => Stage::Rcpt,
            Step::Data => Stage::Data,
        }
    }
}

/// Writes the commands of `steps` for this copy, with what the peer offers, in place of `commands`.
pub(super) fn write(commands: &mut Vec<u8>, steps: &[Step], copy: &Copy, offers: &[Extension]) {
    let says_size = offers.iter().any(|offer| matches!(offer, Extension::Size(_)));
    let size = says_size.then(|| copy.received_len());
    let body_type = match copy.bits {
        Bits::Eight if offers.contains(&Extension::EightBitMime) => " BODY=8BITMIME",
        Bits::Eight | Bits::Seven => "",
    };
    commands.clear();
    for step in steps {
        match step {
            Step::Reset => write!(commands, "RSET\r\n"),
            Step::Mail => {
                let sender = copy.sender.as_ref().map_or("", EmailAddress::as_str);
                match size {
                    Some(size) => write!(commands, "MAIL FROM:<{sender}> SIZE={size}{body_type}\r\n"),
                    None => write!(commands, "MAIL FROM:<{sender}>{body_type}\r\n"),
                }
            }
            Step::Rcpt => write!(commands, "RCPT TO:<{}>\r\n", copy.recipient),
            Step::Data => write!(commands, "DATA\r\n"),
        }
        .expect("a Vec takes what is written to it");
    }
}

/// What the peer has not promised to take of this copy, as far as that is known before it is asked.
pub(super) fn unfit(copy: &Copy, offers: &[Extension]) -> Option<Unfit> {
    let address = copy.sender.iter().chain([&copy.recipient]).find(|a| !is_speakable(a.as_str()));
    if let Some(address) = address {
        return Some(Unfit::Address(address.clone()));
    }
    let most = offers.iter().find_map(|offer| match offer {
        Extension::Size(most) => *most,
        Extension::Pipelining
        | Extension::EightBitMime
        | Extension::StartTls
        | Extension::AuthPlain
        | Extension::AuthLogin => None,
    });
    if let Some(most) = most.filter(|most| copy.received_len() > *most) {
        return Some(Unfit::TooLarge { most });
    }
    match copy.bits {
        Bits::Eight if !offers.contains(&Extension::EightBitMime) => Some(Unfit::EightBits),
        Bits::Eight | Bits::Seven => None,
    }
}

/// Why a copy cannot be given to a peer as it is.
pub(super) enum Unfit {
    /// An address SMTP cannot carry; not without SMTPUTF8 either, which we do not speak.
    Address(EmailAddress),
    /// It needs 8BITMIME.
    EightBits,
    /// It is larger than what the peer says it takes.
    TooLarge { most: usize },
}

/// The grammar of an envelope once more, just before it is written: whatever way an address came
/// here, it cannot end its command and begin another.
pub(super) fn is_speakable(address: &str) -> bool {
    EmailAddress::parse(address).is_ok_and(|parsed| parsed.as_str() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_offers() {
        use Extension::*;
        for (line, offers) in [
            ("PIPELINING", &[Pipelining][..]),
            ("size 1000", &[Size(Some(1000))]),
            ("SIZE", &[Size(None)]),
            ("SIZE 0", &[Size(None)]),
            ("SIZE much", &[Size(None)]),
            ("STARTTLS", &[StartTls]),
            ("AUTH LOGIN PLAIN CRAM-MD5", &[AuthLogin, AuthPlain]),
            ("AUTH=PLAIN", &[AuthPlain]),
            ("AUTH", &[]),
            ("PLAIN", &[]),
            ("", &[]),
        ] {
            assert!(Extension::in_line(line.as_bytes()) == offers, "{line:?}");
        }
    }

    #[test]
    fn an_address_that_would_end_its_command_is_not_spoken() {
        for address in ["a@b.example", "\"a b\"@c.example", "\"a>b\"@c.example"] {
            assert!(is_speakable(address), "{address:?}");
        }
        for address in [
            "",
            "a",
            "a@b>\r\nDATA\r\n",
            "a@b.example ",
            "\r\na@b.example",
            "a@b.example\r\n",
            "a b@c.example",
            "a>@b.example",
            "\"a\r\nRSET\"@b.example",
            "a@b.example> SIZE=1",
            "andré@c.example",
        ] {
            assert!(!is_speakable(address), "{address:?}");
        }
    }
}
