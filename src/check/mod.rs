//! Is what the world sees of this installation right? Names, the door, the certificate, and whether
//! a forger is believed.
//!
//! Each [`Finding`] is one thing that was looked at: good, or what is wrong and the exact record or
//! line that mends it. Reads what is given and asks the DNS and our own door; changes nothing.

mod certificate;
mod door;
mod forgery;
mod mail_policy;
mod names;
mod self_test;
mod tags;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

pub use certificate::certificate;
pub use door::door;
pub use forgery::forgery;
pub use mail_policy::mail_policy;
pub use names::names;
pub use self_test::{SelfTest, self_test};

use crate::auth::Checker;
use crate::dns::{Resolver, Trouble};
use crate::domain::address::EmailAddress;
use crate::domain::list::ListAddress;
use crate::domain::network::Network;

/// What one look came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// As it should be.
    Good,
    /// Not so.
    Wrong,
    /// It could not be found out now.
    Unknown,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// `MX`, `SPF`, `port 25`: the same word every time.
    pub what: &'static str,
    /// Of which name or address.
    pub about: String,
    /// How it is.
    pub state: State,
    /// That in words, `about` included.
    pub detail: String,
    /// The record or line that mends it.
    pub mend: Option<String>,
}

/// What is known of the installation beforehand.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Our name.
    pub hostname: String,
    /// The domains lists have; our name among them.
    pub domains: Vec<String>,
    /// A list of each of some domains: mail for it is to be taken.
    pub lists: Vec<ListAddress>,
    /// Who runs it.
    pub operator: Option<EmailAddress>,
    /// The public halves of the signing keys: selector and record.
    pub keys: Vec<(String, String)>,
    /// The files of the certificate, if there are any.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Who is believed about the sender of a mail, and under which name.
    pub relays: Vec<Network>,
    /// See above.
    pub believed: Option<String>,
    /// Whether another mail server may stand in front of this one.
    pub front: Front,
    /// Whether copies leave from here, or from a smarthost that has names of its own.
    pub sends: Sends,
    /// Where mail servers listen: 25, but in tests.
    pub port: u16,
    /// Where policies for mail are read: 443, but in tests.
    pub policy_port: u16,
}

/// What mail meets first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Front {
    /// Parvis's own door.
    Ours,
    /// A mail server that hands it over, by LMTP.
    Another,
}

/// Whose addresses copies leave from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sends {
    /// From ours.
    Itself,
    /// Through another server.
    ThroughAnother,
}

impl Finding {
    fn new(what: &'static str, about: &str, state: State, detail: String) -> Finding {
        Finding { what, about: about.to_owned(), state, detail, mend: None }
    }

    fn good(what: &'static str, about: &str, detail: String) -> Finding {
        Finding::new(what, about, State::Good, detail)
    }

    fn wrong(what: &'static str, about: &str, detail: String, mend: String) -> Finding {
        Finding { mend: Some(mend), ..Finding::new(what, about, State::Wrong, detail) }
    }

    fn unknown(what: &'static str, about: &str, detail: String) -> Finding {
        Finding::new(what, about, State::Unknown, detail)
    }
}

/// What the DNS does not answer is no fault of ours.
fn trouble(what: &'static str, about: &str, trouble: &Trouble) -> Finding {
    let why = match trouble {
        Trouble::NoResolver => "no name server answers",
        Trouble::Failed(why) => why,
    };
    Finding::unknown(what, about, format!("what the DNS says of {about} could not be found out: {why}"))
}

/// The one the door has.
fn checker(facts: &Facts, resolver: &Arc<Resolver>) -> Checker {
    Checker::new(resolver.clone(), facts.relays.clone(), facts.believed.clone())
}

/// An address as it is written in a greeting or a record.
fn listed(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
