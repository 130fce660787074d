//! What is said for one copy, without I/O: MAIL, RCPT and DATA, as the peer can take them.

use std::io::Write;

use super::{Bits, Copy, Stage};
use crate::domain::address::EmailAddress;

/// What a peer may offer that is of use here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// RFC 2920.
    Pipelining,
    /// RFC 1870.
    Size,
    /// RFC 6152.
    EightBitMime,
}

impl Extension {
    /// The extension one line of an EHLO answer offers, if it is of use here.
    pub(super) fn in_line(line: &[u8]) -> Option<Extension> {
        let keyword = line.split(|b| b.is_ascii_whitespace()).next()?;
        match keyword.to_ascii_uppercase().as_slice() {
            b"PIPELINING" => Some(Extension::Pipelining),
            b"SIZE" => Some(Extension::Size),
            b"8BITMIME" => Some(Extension::EightBitMime),
            _ => None,
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
    let size = offers.contains(&Extension::Size).then(|| copy.head.received_len() + copy.body.received_len());
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

/// The grammar of an envelope once more, just before it is written: whatever way an address came
/// here, it cannot end its command and begin another.
pub(super) fn is_speakable(address: &str) -> bool {
    EmailAddress::parse(address).is_ok_and(|parsed| parsed.as_str() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert!(!is_speakable(address), "{address:?}");
        }
    }
}
