//! Who is really writing? What is known about the From of a message, and never a yes or no.
//!
//! What each [`Proof`] allows is said where it is allowed: `door`, `moderation`, and the flow of
//! requests. How one is found out is `auth`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the mail system says about the address in From.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// DMARC passed, or an aligned DKIM signature or SPF did.
    Proven,
    /// The domain publishes nothing to prove it by, or no resolver can be reached at all.
    NoMeans,
    /// The domain could have proven it, and did not.
    Disproved,
    /// DNS trouble: it may be proven later.
    CannotTell,
}

/// What one way of proving a From came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// It says that the domain itself sent this.
    Proves,
    /// The domain publishes it, and it does not say so.
    Fails,
    /// The domain does not publish it.
    Absent,
    /// The DNS did not answer.
    Unknown,
    /// There is nobody to ask.
    NobodyToAsk,
}

/// What all ways together come to. One that proves it is enough.
pub fn judge(means: &[Means]) -> Proof {
    let any = |wanted| means.contains(&wanted);
    if any(Means::Proves) {
        Proof::Proven
    } else if any(Means::NobodyToAsk) {
        Proof::NoMeans
    } else if any(Means::Unknown) {
        Proof::CannotTell
    } else if any(Means::Fails) {
        Proof::Disproved
    } else {
        Proof::NoMeans
    }
}

/// What each check said, as it is told to whoever asks what became of a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Checks {
    /// May the client send for the domain of the reverse-path (RFC 7208)?
    pub spf: Option<DomainCheck>,
    /// What signatures said (RFC 6376), in the order of the message.
    pub dkim: Vec<DomainCheck>,
    /// What the author's domain asks for (RFC 9989).
    pub dmarc: Option<DmarcCheck>,
    /// What servers on the way said (RFC 8617); the domain is the last sealer's.
    pub arc: Option<DomainCheck>,
    /// What the server in front of us said, if it is believed: `dmarc=pass`.
    pub relay: Option<String>,
}

/// A result and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainCheck {
    /// What came of it.
    pub result: CheckResult,
    /// The domain it is about.
    pub domain: String,
}

/// DMARC's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DmarcCheck {
    /// What came of it.
    pub result: CheckResult,
    /// The author's domain.
    pub domain: String,
    /// What that domain wants done with mail that fails.
    pub policy: Policy,
}

/// What a domain wants done with mail that only says it is from there (RFC 9989 §4.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Nothing, or it did not say.
    None,
    /// Looked at with suspicion.
    Quarantine,
    /// Refused.
    Reject,
}

/// The words of RFC 8601 §2.7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the RFC's words")]
pub enum CheckResult {
    None,
    Pass,
    Fail,
    Softfail,
    Neutral,
    Temperror,
    Permerror,
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CheckResult::None => "none",
            CheckResult::Pass => "pass",
            CheckResult::Fail => "fail",
            CheckResult::Softfail => "softfail",
            CheckResult::Neutral => "neutral",
            CheckResult::Temperror => "temperror",
            CheckResult::Permerror => "permerror",
        })
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Policy::None => "none",
            Policy::Quarantine => "quarantine",
            Policy::Reject => "reject",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_proves_is_enough_and_doubt_is_no_disproof() {
        use Means::{Absent, Fails, NobodyToAsk, Proves, Unknown};
        for (means, expected) in [
            (vec![], Proof::NoMeans),
            (vec![Absent, Absent, Absent], Proof::NoMeans),
            (vec![Fails, Absent, Absent], Proof::Disproved),
            (vec![Fails, Fails, Fails], Proof::Disproved),
            (vec![Fails, Proves, Absent], Proof::Proven),
            (vec![Unknown, Proves, Absent], Proof::Proven),
            (vec![NobodyToAsk, Proves], Proof::Proven),
            (vec![Unknown, Fails, Absent], Proof::CannotTell),
            (vec![Unknown, Absent], Proof::CannotTell),
            (vec![NobodyToAsk, Fails, Unknown], Proof::NoMeans),
        ] {
            assert_eq!(judge(&means), expected, "{means:?}");
        }
    }
}
