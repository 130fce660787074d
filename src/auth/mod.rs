//! Who is writing? SPF, DKIM, DMARC and ARC of a message that stands at the door.
//!
//! `mail-auth` judges, [`crate::dns`] asks; between them stands a budget of time and questions
//! for each message, since strangers choose what has to be asked. What each proof allows is
//! `domain`'s and `flow`'s affair; lists are unknown here.

mod budget;
mod dkim;
pub mod dmarc;
mod relay;
mod results;
mod spf;
mod spf_facts;
mod spf_syntax;

use std::net::IpAddr;
use std::sync::Arc;

use mail_auth::MessageAuthenticator;

pub use relay::{Client, RelaySays, SpamWord};
pub use results::{author_signed, header, relay_vouched, results_in, without_ours};

use crate::dns::Resolver;
use crate::domain::address::EmailAddress;
use crate::domain::network::Network;
use crate::domain::proof::{CheckResult, Checks, DmarcCheck, Means, Proof, judge};
use crate::mail::headers::Headers;
use crate::mail::words::mailboxes;
use budget::Budget;
use dmarc::Walk;

/// Checks messages.
pub struct Checker {
    resolver: Arc<Resolver>,
    library: MessageAuthenticator,
    relays: Vec<Network>,
    believed: Option<String>,
}

/// How a message came to us.
#[derive(Clone, Debug)]
pub struct Arrived<'a> {
    /// Who is at the other end; none: a process on this machine.
    pub peer: Option<IpAddr>,
    /// What it calls itself.
    pub helo: &'a str,
    /// Where problems are reported; none: nowhere.
    pub sender: Option<&'a EmailAddress>,
}

/// What was found out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// All of it in one word.
    pub proof: Proof,
    /// What each check said.
    pub checks: Checks,
    /// What a server in front of us said of it, if one may.
    pub relay: RelaySays,
    /// Who handed the message in, past the servers in front of us; none: nobody knows.
    pub client: Option<Client>,
    /// Where nothing but a signature proves the author: whom the message was signed for. Anybody may
    /// bring it to others, as often as they like.
    pub signed_for: Option<Vec<EmailAddress>>,
}

impl Checker {
    /// Asks `resolver`; believes the topmost `Received:` of these relays about the client, and
    /// `Authentication-Results:` of that name above it.
    pub fn new(resolver: Arc<Resolver>, relays: Vec<Network>, believed: Option<String>) -> Checker {
        Checker { resolver, library: spf_facts::library_that_asks_nobody(), relays, believed }
    }

    /// Looks at a message, and gives its bytes back. Never takes longer than
    /// `budget::TIME_MAX`, but for the hashing of the body.
    pub async fn check(&self, arrived: &Arrived<'_>, raw: Vec<u8>) -> (Vec<u8>, Found) {
        let (raw, hashed) = dkim::hash_body(raw).await;
        let found = self.look_at(arrived, &raw, hashed).await;
        (raw, found)
    }

    /// Whether mail with this reverse-path may come from that address (RFC 7208).
    pub async fn may_send(&self, address: IpAddr, helo: &str, sender: &EmailAddress) -> CheckResult {
        let budget = Budget::new(&self.resolver);
        let client = Client { address, helo: helo.to_owned() };
        let check = spf::check(&self.library, &budget, Some(&client), Some(sender)).await;
        check.map_or(CheckResult::None, |check| check.result)
    }

    async fn look_at(&self, arrived: &Arrived<'_>, raw: &[u8], hashed: Option<dkim::Hashed>) -> Found {
        let (headers, _) = Headers::scan_leniently(raw);
        let from_relay = arrived.peer.is_none_or(|peer| relay::is_one_of(&self.relays, peer));
        let (client, relay) = if from_relay {
            let believed = self.believed.as_deref();
            (relay::client(&headers, &self.relays), relay::says(&headers, believed))
        } else {
            let client = arrived.peer.map(|address| Client { address, helo: arrived.helo.to_owned() });
            (client, RelaySays::default())
        };
        let Some(author) = only_author(&headers) else {
            // The door refuses such posts; whoever else reads this must not take it for somebody's.
            return Found {
                proof: Proof::Disproved,
                checks: Checks::default(),
                relay,
                client,
                signed_for: None,
            };
        };
        let budget = Budget::new(&self.resolver);
        let sender = arrived.sender.map(|address| address.domain().to_ascii_lowercase());
        let (walk, spf, keys) = tokio::join!(
            dmarc::walk(&budget, &author),
            spf::check(&self.library, &budget, client.as_ref(), arrived.sender),
            dkim::keys(&budget, hashed.as_ref(), &author),
        );
        let signatures = dkim::verify(&self.library, hashed.as_ref(), &keys).await;
        let (dkim, covers, mut checks) = self.dkim_means(&budget, &walk, &author, &signatures).await;
        let spf_domain = spf.as_ref().map(|spf| spf.domain.clone());
        let spf_means = spf_means(&budget, &walk, &author, spf.as_ref(), sender.as_deref()).await;
        let mut means = vec![dkim, spf_means, dmarc_means(&walk)];
        checks.spf = spf;
        if let Some(word) = relay.vouches_for(&author, spf_domain.as_deref()) {
            means.push(Means::Proves);
            checks.relay = Some(word);
        }
        let proof = judge(&means);
        let by_others = means.iter().skip(1).any(|means| *means == Means::Proves);
        let signed_for = (dkim == Means::Proves && !by_others).then(|| signed_for(&headers, &covers));
        checks.dmarc = Some(dmarc_check(&budget, &walk, &author, &means).await);
        checks.arc = dkim::arc(&self.library, &budget, hashed.as_ref()).await;
        Found { proof, checks, relay, client, signed_for }
    }

    /// What the author's own signatures say, the fields those that prove are over, and what all of
    /// them said.
    async fn dkim_means(
        &self,
        budget: &Budget<'_>,
        walk: &Walk,
        author: &str,
        signatures: &[dkim::Signature],
    ) -> (Means, Vec<String>, Checks) {
        let checks = Checks {
            dkim: signatures.iter().map(|signature| signature.check.clone()).collect(),
            ..Checks::default()
        };
        let (mut means, mut covers) = (Means::Absent, Vec::new());
        for signature in signatures {
            let domain = &signature.check.domain;
            if !dmarc::aligned(budget, walk, author, domain, walk.strict_dkim()).await {
                continue;
            }
            if signature.means == Means::Proves {
                covers.extend_from_slice(&signature.covers);
            }
            means = match (means, signature.means) {
                (Means::Proves, _) | (_, Means::Proves) => Means::Proves,
                (Means::NobodyToAsk, _) | (_, Means::NobodyToAsk) => Means::NobodyToAsk,
                (Means::Unknown, _) | (_, Means::Unknown) => Means::Unknown,
                (Means::Fails, _) | (_, Means::Fails) => Means::Fails,
                (Means::Absent, Means::Absent) => Means::Absent,
            };
        }
        (means, covers, checks)
    }
}

/// The addresses in those of To and Cc that a signature is over. A field that stands there twice
/// names nobody: signatures are over the last, and readers see the first.
fn signed_for(headers: &Headers<'_>, covers: &[String]) -> Vec<EmailAddress> {
    let mut named = Vec::new();
    for field in ["to", "cc"] {
        if headers.count(field) == 1 && covers.iter().any(|name| name == field) {
            let value = headers.get(field).unwrap_or_default();
            named.extend(mailboxes(&value).into_iter().filter_map(|mailbox| mailbox.address));
        }
    }
    named
}

/// What SPF says about the author: of the reverse-path if that is theirs, and else whether they
/// publish anything, so that they could have been.
async fn spf_means(
    budget: &Budget<'_>,
    walk: &Walk,
    author: &str,
    spf: Option<&crate::domain::proof::DomainCheck>,
    sender: Option<&str>,
) -> Means {
    if let (Some(spf), Some(sender)) = (spf, sender)
        && dmarc::aligned(budget, walk, author, sender, walk.strict_spf()).await
    {
        match spf.result {
            CheckResult::Pass => return Means::Proves,
            CheckResult::Temperror if budget.nobody_to_ask() => return Means::NobodyToAsk,
            CheckResult::Temperror => return Means::Unknown,
            CheckResult::Fail | CheckResult::Softfail | CheckResult::Neutral | CheckResult::Permerror => {
                return Means::Fails;
            }
            CheckResult::None => {}
        }
    }
    spf::published(budget, author).await
}

fn dmarc_means(walk: &Walk) -> Means {
    match walk {
        Walk::Known(records) if records.applies() => Means::Fails,
        Walk::Known(_) => Means::Absent,
        Walk::Unknown => Means::Unknown,
        Walk::NobodyToAsk => Means::NobodyToAsk,
    }
}

async fn dmarc_check(budget: &Budget<'_>, walk: &Walk, author: &str, means: &[Means]) -> DmarcCheck {
    let passed = means.iter().take(2).any(|means| *means == Means::Proves);
    let unsure = means.iter().take(2).any(|means| matches!(means, Means::Unknown | Means::NobodyToAsk));
    let result = match walk {
        Walk::Known(records) if !records.applies() => CheckResult::None,
        Walk::Known(_) if passed => CheckResult::Pass,
        Walk::Known(_) if unsure => CheckResult::Temperror,
        Walk::Known(_) => CheckResult::Fail,
        Walk::Unknown | Walk::NobodyToAsk => CheckResult::Temperror,
    };
    DmarcCheck { result, domain: author.to_owned(), policy: dmarc::policy(budget, walk, author).await }
}

/// The domain of the one author, in lower case.
fn only_author(headers: &Headers<'_>) -> Option<String> {
    if headers.count("from") != 1 {
        return None;
    }
    let mut authors = mailboxes(&headers.get("from")?).into_iter();
    let (Some(author), None) = (authors.next()?.address, authors.next()) else { return None };
    Some(author.domain().to_ascii_lowercase())
}
