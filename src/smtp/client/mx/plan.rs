//! Which servers take a domain's mail, in which order, and what is asked of each of them.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::policies::Policies;
use super::policy::Mode;
use super::signposts::{Asked, Exchange, Signposts, Vouched};
use super::{MxOptions, reachable};
use crate::smtp::client::answer::kept;
use crate::smtp::client::tls::{Encryption, Security, Tlsa};
use crate::smtp::client::{EnhancedCode, Outcome, Stage};

/// At most so many servers of a domain are tried.
const HOSTS_MAX: usize = 5;

/// Where mail for a domain goes.
#[derive(Debug)]
pub(super) struct Plan {
    /// What domains with the same servers have in common.
    pub(super) site: Arc<str>,
    /// The best first; never empty.
    pub(super) hosts: Vec<Host>,
}

/// One server, and what is asked of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) addresses: Arc<[SocketAddr]>,
    pub(super) security: Security,
}

/// Finds ways to domains.
pub(super) struct Planner {
    pub(super) signposts: Arc<dyn Signposts>,
    pub(super) policies: Policies,
    pub(super) encryption: Encryption,
    pub(super) hostname: String,
    pub(super) options: MxOptions,
    /// Among servers that are as good as each other, which comes first.
    pub(super) dice: RandomState,
}

/// Whether DNSSEC vouches for the names of the servers, so that what they say of themselves counts.
struct Servers {
    exchanges: Vec<Exchange>,
    vouched: Vouched,
}

impl Planner {
    /// The way to a domain, or what becomes of a copy for it. `turn` differs from one plan to the next.
    pub(super) async fn plan(&self, domain: &str, turn: u64) -> Result<Plan, Outcome> {
        let mut servers = self.servers(domain).await?;
        let lot = |host: &str| self.dice.hash_one((host, turn));
        servers.exchanges.sort_by_cached_key(|exchange| (exchange.preference, lot(&exchange.host)));
        servers.exchanges.truncate(HOSTS_MAX);
        let best = servers.exchanges.iter().map(|exchange| exchange.preference).min().unwrap_or(0);
        let mut site: Vec<&str> = servers
            .exchanges
            .iter()
            .filter(|exchange| exchange.preference == best)
            .map(|exchange| exchange.host.as_str())
            .collect();
        site.sort_unstable();
        let site: Arc<str> = site.join(",").into();
        let policy = match self.options.security {
            Security::Never => None,
            Security::Opportunistic | Security::Encrypted | Security::Verified | Security::Dane(_) => {
                self.policies.of(domain, &*self.signposts, &self.encryption, &self.options).await
            }
        };
        let enforced = policy.as_ref().filter(|policy| policy.mode == Mode::Enforce);
        let (mut hosts, mut doubts) = (Vec::new(), Vec::new());
        for Exchange { host, .. } in &servers.exchanges {
            match &policy {
                Some(policy) if !policy.names(host) => match policy.mode {
                    Mode::Enforce => {
                        doubts.push(Doubt::Later(format!(
                            "the MTA-STS policy of {domain} does not name {host}"
                        )));
                        continue;
                    }
                    Mode::Testing | Mode::None => {
                        tracing::info!(
                            domain,
                            host,
                            "a server is not in the MTA-STS policy, which is being tested"
                        );
                    }
                },
                Some(_) | None => {}
            }
            match self.host(host, servers.vouched, enforced.is_some()).await {
                Ok(host) => hosts.push(host),
                Err(doubt) => doubts.push(doubt),
            }
        }
        if hosts.is_empty() { Err(no_way(domain, doubts)) } else { Ok(Plan { site, hosts }) }
    }

    /// The mail servers of a domain: those it names, else itself (RFC 5321 §5.1).
    async fn servers(&self, domain: &str) -> Result<Servers, Outcome> {
        let (mut exchanges, vouched) = match self.signposts.exchanges(domain).await {
            Asked::Found(exchanges, vouched) => (exchanges, vouched),
            // What DNSSEC says of a record that is not there nobody tells; the address will do.
            Asked::NoRecord => (vec![Exchange { preference: 0, host: domain.to_owned() }], Vouched::Yes),
            // Zones are broken for an hour now and then: believed when it stays so.
            Asked::NoName => return Err(later([5, 1, 2], &format!("there is no domain {domain}"))),
            Asked::Trouble(why) => {
                return Err(later([4, 4, 3], &format!("cannot find the mail servers of {domain}: {why}")));
            }
        };
        let named = exchanges.len();
        exchanges.retain(|exchange| !exchange.host.is_empty());
        if named > 0 && exchanges.is_empty() {
            return Err(never([5, 1, 10], 556, &format!("{domain} takes no mail (RFC 7505)")));
        }
        // Mail that would come back, or go to one that stands behind us (RFC 5321 §5.1).
        let ours = |exchange: &&Exchange| exchange.host.eq_ignore_ascii_case(&self.hostname);
        if let Some(us) = exchanges.iter().filter(ours).map(|exchange| exchange.preference).min() {
            exchanges.retain(|exchange| exchange.preference < us);
            if exchanges.is_empty() {
                return Err(never([5, 4, 6], 554, &format!("mail for {domain} would come back to us")));
            }
        }
        Ok(Servers { exchanges, vouched })
    }

    /// One server with its addresses and what is asked of it.
    async fn host(&self, name: &str, vouched: Vouched, enforced: bool) -> Result<Host, Doubt> {
        let (found, addresses_vouched) = match self.signposts.addresses(name).await {
            Asked::Found(addresses, vouched) => (addresses, vouched),
            Asked::NoRecord | Asked::NoName => return Err(Doubt::NoAddress(name.to_owned())),
            Asked::Trouble(why) => return Err(Doubt::Later(format!("cannot find {name}: {why}"))),
        };
        let addresses: Arc<[SocketAddr]> = reachable(&found, &self.options)
            .into_iter()
            .map(|address| SocketAddr::new(address, self.options.port))
            .collect();
        if addresses.is_empty() {
            return Err(Doubt::Private(name.to_owned()));
        }
        let asked = match &self.options.security {
            Security::Never => Security::Never,
            _ if (vouched, addresses_vouched) == (Vouched::Yes, Vouched::Yes) => {
                match self.dane(name, enforced).await? {
                    Some(security) => security,
                    None => self.without_dane(enforced),
                }
            }
            Security::Opportunistic | Security::Encrypted | Security::Verified | Security::Dane(_) => {
                self.without_dane(enforced)
            }
        };
        Ok(Host { name: name.to_owned(), addresses, security: asked })
    }

    fn without_dane(&self, enforced: bool) -> Security {
        if enforced { Security::Verified } else { self.options.security.clone() }
    }

    /// What the server's own zone asks (RFC 7672 §2.2), if DNSSEC vouches for it.
    async fn dane(&self, host: &str, enforced: bool) -> Result<Option<Security>, Doubt> {
        let name = format!("_{}._tcp.{host}", self.options.port);
        match self.signposts.certificates(&name).await {
            Asked::Found(records, Vouched::Yes) => {
                let usable: Vec<Tlsa> = records.into_iter().filter(Tlsa::is_usable).collect();
                Ok(Some(match usable.is_empty() {
                    false => Security::Dane(usable.into()),
                    // They want TLS, and say nothing we could check (RFC 7672 §2.2).
                    true if self.without_dane(enforced) == Security::Opportunistic => Security::Encrypted,
                    true => self.without_dane(enforced),
                }))
            }
            Asked::Found(_, Vouched::No) | Asked::NoRecord | Asked::NoName => Ok(None),
            // Somebody may be keeping the records from us (RFC 7672 §2.1.2).
            Asked::Trouble(why) => {
                Err(Doubt::Later(format!("cannot find the TLSA records of {host}: {why}")))
            }
        }
    }
}

/// Why a server is not tried.
enum Doubt {
    NoAddress(String),
    Private(String),
    Later(String),
}

/// What becomes of a copy for a domain none of whose servers can be tried.
fn no_way(domain: &str, doubts: Vec<Doubt>) -> Outcome {
    let mut worst = None;
    for doubt in doubts {
        match doubt {
            Doubt::Later(why) => return later([4, 4, 1], &why),
            // One that should not be there hides nothing: the others are as they are.
            Doubt::Private(host) => {
                worst = Some(never(
                    [5, 4, 4],
                    550,
                    &format!("{host}, which takes mail for {domain}, has no public address"),
                ));
            }
            Doubt::NoAddress(host) => {
                worst.get_or_insert_with(|| {
                    later([5, 4, 4], &format!("{host}, which takes mail for {domain}, has no address"))
                });
            }
        }
    }
    worst.unwrap_or_else(|| later([5, 4, 4], &format!("{domain} has no mail server")))
}

/// To be tried again. A class of 5 says that this is for good if it stays so.
fn later([class, subject, detail]: [u8; 3], why: &str) -> Outcome {
    Outcome::PutOff {
        code: None,
        enhanced: Some(EnhancedCode { class, subject: subject.into(), detail: detail.into() }),
        reply: kept(why),
        stage: Stage::Connect,
    }
}

fn never([class, subject, detail]: [u8; 3], code: u16, why: &str) -> Outcome {
    let enhanced = EnhancedCode { class, subject: subject.into(), detail: detail.into() };
    let reply = kept(&format!("{code} {enhanced} {why}"));
    Outcome::Refused { code, enhanced: Some(enhanced), reply, stage: Stage::Connect }
}

/// Addresses of both kinds by turns, so that one that cannot be reached does not hide the other.
pub(super) fn by_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().map(IpAddr::to_canonical).partition(IpAddr::is_ipv4);
    let longest = v4.len().max(v6.len());
    (0..longest).flat_map(|at| [v4.get(at), v6.get(at)]).flatten().copied().collect()
}
