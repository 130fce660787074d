//! Whose name a copy goes out under: the author's, unless servers would then refuse it.
//!
//! A domain that publishes `p=reject` or `quarantine` says that only mail signed or sent by itself
//! is from there (RFC 9989). A list's copy is sent by the list, and signed by the author only if
//! the signature survives what the list does to posts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is known when a post is published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FromFacts {
    /// Whose the author's domain is.
    pub domain: AuthorDomain,
    /// What it asks for.
    pub policy: AuthorPolicy,
    /// What our copy keeps of what the author's domain vouches with.
    pub signature: AuthorSignature,
}

/// Whose the author's domain is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorDomain {
    /// The list's: we sign for it.
    TheLists,
    /// One whose mail other servers do not believe from us, whatever it publishes.
    NeverBelieved,
    /// Anybody else's.
    Another,
}

/// What the author's domain wants done with mail that only says it is from there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorPolicy {
    /// Nothing.
    None,
    /// `p=quarantine`
    Quarantine,
    /// `p=reject`
    Reject,
    /// The DNS did not answer.
    Unknown,
    /// It was not looked up: there is no resolver, or the post came another way than by mail.
    NotAsked,
}

/// Whether a copy carries a signature of the author's domain that was good when the post came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorSignature {
    /// One that holds in our copy.
    Holds,
    /// One, and what the list does to posts breaks it.
    Breaks,
    /// None.
    Absent,
}

/// Whose name the copies of a post go out under, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromLine {
    /// The author's: their domain asks for nothing.
    NoPolicy,
    /// The author's: what their domain asks for is not known, and nobody could be asked.
    NotAsked,
    /// The author's: it is the list's own domain.
    OwnDomain,
    /// The author's: their signature holds in the copies.
    SignatureHolds,
    /// The list's: the author's domain asks for quarantine.
    Quarantine,
    /// The list's: the author's domain asks for refusal.
    Reject,
    /// The list's: other servers never believe that domain from us.
    NeverBelieved,
    /// The list's: the DNS did not say what the author's domain asks for.
    Unknown,
}

/// Decides whose name the copies of a post go out under.
pub fn decide(facts: &FromFacts) -> FromLine {
    let FromFacts { domain, policy, signature } = facts;
    match (domain, signature, policy) {
        (AuthorDomain::TheLists, _, _) => FromLine::OwnDomain,
        (AuthorDomain::NeverBelieved | AuthorDomain::Another, AuthorSignature::Holds, _) => {
            FromLine::SignatureHolds
        }
        (AuthorDomain::NeverBelieved, AuthorSignature::Breaks | AuthorSignature::Absent, _) => {
            FromLine::NeverBelieved
        }
        (AuthorDomain::Another, AuthorSignature::Breaks | AuthorSignature::Absent, policy) => match policy {
            AuthorPolicy::None => FromLine::NoPolicy,
            AuthorPolicy::Quarantine => FromLine::Quarantine,
            AuthorPolicy::Reject => FromLine::Reject,
            AuthorPolicy::Unknown => FromLine::Unknown,
            AuthorPolicy::NotAsked => FromLine::NotAsked,
        },
    }
}

impl FromLine {
    /// Whether From is the list's.
    pub fn is_rewritten(self) -> bool {
        match self {
            FromLine::NoPolicy | FromLine::NotAsked | FromLine::OwnDomain | FromLine::SignatureHolds => false,
            FromLine::Quarantine | FromLine::Reject | FromLine::NeverBelieved | FromLine::Unknown => true,
        }
    }
}

/// As in `trace`.
impl fmt::Display for FromLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FromLine::NoPolicy => "From is the author's: their domain does not forbid it",
            FromLine::NotAsked => {
                "From is the author's: nobody could be asked whether their domain forbids it"
            }
            FromLine::OwnDomain => "From is the author's: it is the list's own domain",
            FromLine::SignatureHolds => "From is the author's: their domain's signature holds in the copies",
            FromLine::Quarantine => {
                "From is the list's: the author's domain asks for quarantine of what others send, and its \
                 signature does not hold in the copies"
            }
            FromLine::Reject => {
                "From is the list's: the author's domain asks for refusal of what others send, and its \
                 signature does not hold in the copies"
            }
            FromLine::NeverBelieved => {
                "From is the list's: the author's domain is in delivery.rewrite_from_always, and its \
                 signature does not hold in the copies"
            }
            FromLine::Unknown => {
                "From is the list's: the DNS did not say whether the author's domain forbids what others send"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use AuthorDomain::{Another, NeverBelieved, TheLists};
        use AuthorPolicy::{None, NotAsked, Quarantine, Reject, Unknown};
        use AuthorSignature::{Absent, Breaks, Holds};
        for (domain, policy, signature, expected) in [
            (Another, None, Absent, FromLine::NoPolicy),
            (Another, None, Breaks, FromLine::NoPolicy),
            (Another, Quarantine, Absent, FromLine::Quarantine),
            (Another, Quarantine, Breaks, FromLine::Quarantine),
            (Another, Reject, Absent, FromLine::Reject),
            (Another, Reject, Breaks, FromLine::Reject),
            (Another, Reject, Holds, FromLine::SignatureHolds),
            (Another, Unknown, Absent, FromLine::Unknown),
            (Another, Unknown, Holds, FromLine::SignatureHolds),
            (Another, NotAsked, Breaks, FromLine::NotAsked),
            (NeverBelieved, None, Absent, FromLine::NeverBelieved),
            (NeverBelieved, NotAsked, Breaks, FromLine::NeverBelieved),
            (NeverBelieved, None, Holds, FromLine::SignatureHolds),
            (TheLists, Reject, Breaks, FromLine::OwnDomain),
            (TheLists, Unknown, Absent, FromLine::OwnDomain),
        ] {
            let facts = FromFacts { domain, policy, signature };
            assert_eq!(decide(&facts), expected, "{facts:?}");
        }
    }
}
