//! What arrives through the door: who says it comes from whom, for whom, and the bytes.
//!
//! RFC 5321 §2.3.1. Nothing in an envelope is proven; only the peer's address is a fact.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::domain::address::EmailAddress;

/// One accepted message with everything the dialogue said about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// What was spoken, for the `with` of our `Received:` line.
    pub protocol: Protocol,
    /// Who is at the other end of the connection.
    pub peer: Peer,
    /// The name the peer gave itself: printable ASCII without spaces, at most 255 bytes.
    pub helo: String,
    /// Where problems with this message are reported.
    pub sender: ReversePath,
    /// Each address once, in the order they were accepted; never empty.
    pub recipients: Vec<EmailAddress>,
    /// The message: every line ends in CRLF, dots unstuffed, no bare CR or LF and no NUL in it,
    /// our own `Received:` not yet in front of it.
    pub raw: Vec<u8>,
    /// The peer announced `BODY=8BITMIME` (RFC 6152).
    pub eight_bit: bool,
}

/// The reverse-path of RFC 5321 §4.1.1.2: an address, or the null `<>` of reports about mail.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReversePath(Option<EmailAddress>);

impl ReversePath {
    /// `<>`: nobody is to be told about problems with this message.
    pub const NULL: ReversePath = ReversePath(None);

    /// The address to report to, unless the path is null.
    pub fn address(&self) -> Option<&EmailAddress> {
        self.0.as_ref()
    }

    /// Is this `<>`?
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }
}

impl From<EmailAddress> for ReversePath {
    fn from(address: EmailAddress) -> ReversePath {
        ReversePath(Some(address))
    }
}

/// With the angle brackets: `<anne@example.org>` or `<>`.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0.as_ref().map_or("", EmailAddress::as_str))
    }
}

/// How the peer spoke: the keywords of RFC 3848.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// HELO: no extensions.
    Smtp,
    /// EHLO.
    Esmtp,
    /// EHLO after STARTTLS.
    Esmtps,
    /// LHLO (RFC 2033): one final answer for each recipient.
    Lmtp,
}

impl Protocol {
    /// The word after `with` in a `Received:` line.
    pub fn keyword(self) -> &'static str {
        match self {
            Protocol::Smtp => "SMTP",
            Protocol::Esmtp => "ESMTP",
            Protocol::Esmtps => "ESMTPS",
            Protocol::Lmtp => "LMTP",
        }
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Peer {
    /// Over TCP. An IPv4 address that came through an IPv6 socket is an IPv4 address here.
    Address(IpAddr),
    /// A process on this machine, over a unix socket.
    Local,
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Peer {
        Peer::Address(address.ip().to_canonical())
    }
}

impl Peer {
    /// Its address, unless it is on this machine.
    pub fn address(self) -> Option<IpAddr> {
        match self {
            Peer::Address(address) => Some(address),
            Peer::Local => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Address(address) => write!(f, "{address}"),
            Peer::Local => f.write_str("local"),
        }
    }
}
