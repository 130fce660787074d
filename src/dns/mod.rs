//! Asks the DNS, with limits: how long, how much, how often.
//!
//! One [`Resolver`] for the whole program. Every question has one of four outcomes ([`Answer`]);
//! whoever asks decides what each means. Knows nothing of mail or lists.

mod cache;
mod name;
mod resolver;

use std::fmt;
use std::net::IpAddr;

pub use resolver::Resolver;

/// What came of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<T> {
    /// At least one record.
    Found(Records<T>),
    /// The name exists, and has no such record.
    NoRecord,
    /// There is no such name (NXDOMAIN), or it cannot be one.
    NoName,
    /// Nobody knows. Asking later may help.
    Trouble(Trouble),
}

/// At most [`RECORDS_MAX`] records, in the order they came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Records<T> {
    /// Never empty.
    pub records: Vec<T>,
    /// Whether all of it was signed, the way there (CNAME) included.
    pub dnssec: Dnssec,
}

/// What DNSSEC says about an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dnssec {
    /// A resolver that we may believe says it has verified it.
    Secure,
    /// Nobody vouches for it.
    Unsigned,
}

/// Why nobody knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// No resolver can be reached at all: none is configured, or none says anything to anybody.
    NoResolver,
    /// A resolver is there, and this question has no answer: a time limit, SERVFAIL, garbage.
    Failed(String),
}

/// Where mail for a domain goes (RFC 5321 §5.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mx {
    /// The lower, the better.
    pub preference: u16,
    /// In lower case, without the dot at the end; empty for the root: it takes no mail (RFC 7505).
    pub exchange: String,
}

/// What a server's certificate must match (RFC 6698 §2.1).
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are the RFC's")]
pub struct Tlsa {
    pub usage: u8,
    pub selector: u8,
    pub matching: u8,
    pub data: Vec<u8>,
}

/// The most records kept of one answer.
pub const RECORDS_MAX: usize = 100;

/// The longest text kept, its strings joined. An RSA key of 8,192 bits takes 1.5 KB of it.
pub const TEXT_BYTES_MAX: usize = 8 << 10;

impl<T> Answer<T> {
    /// The records, if there are any.
    pub fn found(self) -> Option<Vec<T>> {
        match self {
            Answer::Found(records) => Some(records.records),
            Answer::NoRecord | Answer::NoName | Answer::Trouble(_) => None,
        }
    }

    /// The records, or none; trouble stays trouble.
    pub fn known(self) -> Result<Vec<T>, Trouble> {
        match self {
            Answer::Found(records) => Ok(records.records),
            Answer::NoRecord | Answer::NoName => Ok(Vec::new()),
            Answer::Trouble(trouble) => Err(trouble),
        }
    }

    /// Each record that can be read as something else.
    fn each<U>(self, read: impl Fn(T) -> Option<U>) -> Answer<U> {
        match self {
            Answer::Found(Records { records, dnssec }) => {
                let records: Vec<U> = records.into_iter().filter_map(read).collect();
                if records.is_empty() { Answer::NoRecord } else { Answer::Found(Records { records, dnssec }) }
            }
            Answer::NoRecord => Answer::NoRecord,
            Answer::NoName => Answer::NoName,
            Answer::Trouble(trouble) => Answer::Trouble(trouble),
        }
    }
}

/// A and AAAA of one name as one answer. What one of them says stands, whatever the other's trouble.
fn both(v4: Answer<IpAddr>, v6: Answer<IpAddr>) -> Answer<IpAddr> {
    match (v4, v6) {
        (Answer::Found(mut v4), Answer::Found(v6)) => {
            v4.records.extend(v6.records);
            if v6.dnssec == Dnssec::Unsigned {
                v4.dnssec = Dnssec::Unsigned;
            }
            Answer::Found(v4)
        }
        (Answer::Found(one), Answer::NoRecord | Answer::NoName | Answer::Trouble(_))
        | (Answer::NoRecord | Answer::NoName | Answer::Trouble(_), Answer::Found(one)) => Answer::Found(one),
        (Answer::Trouble(trouble), Answer::NoRecord | Answer::NoName | Answer::Trouble(_))
        | (Answer::NoRecord | Answer::NoName, Answer::Trouble(trouble)) => Answer::Trouble(trouble),
        (Answer::NoName, Answer::NoRecord | Answer::NoName) | (Answer::NoRecord, Answer::NoName) => {
            Answer::NoName
        }
        (Answer::NoRecord, Answer::NoRecord) => Answer::NoRecord,
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoResolver => f.write_str("no DNS resolver can be reached"),
            Trouble::Failed(why) => write!(f, "the DNS did not answer: {why}"),
        }
    }
}
