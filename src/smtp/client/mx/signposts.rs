//! What delivery by MX has to find out about names, and from whom: whoever wires things knows a
//! resolver, and a test says what it likes.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use super::super::tls::Tlsa;

/// What came of a question about a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked<T> {
    /// At least one record.
    Found(Vec<T>, Vouched),
    /// The name exists, without such a record.
    NoRecord,
    /// There is no such name.
    NoName,
    /// Nobody knows now, and why.
    Trouble(String),
}

/// Whether DNSSEC vouches for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vouched {
    /// It does.
    Yes,
    /// It says nothing.
    No,
}

/// A mail server of a domain (RFC 5321 §5.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The lower, the better.
    pub preference: u16,
    /// Without a dot at the end; empty where a domain takes no mail (RFC 7505).
    pub host: String,
}

/// An answer that is on its way.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Asked<T>> + Send + 'a>>;

/// Who is asked about names. Answers within seconds, and keeps what it was told for as long as it
/// may: each copy may ask.
pub trait Signposts: Send + Sync {
    /// The mail servers of a domain.
    fn exchanges<'a>(&'a self, domain: &'a str) -> Asking<'a, Exchange>;
    /// The addresses of a host, of both kinds.
    fn addresses<'a>(&'a self, host: &'a str) -> Asking<'a, IpAddr>;
    /// What certificates must match, of a name such as `_25._tcp.mx.example`.
    fn certificates<'a>(&'a self, name: &'a str) -> Asking<'a, Tlsa>;
    /// The texts of a name.
    fn texts<'a>(&'a self, name: &'a str) -> Asking<'a, Vec<u8>>;
}
