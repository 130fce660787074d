//! Whether a forger's trick works here: a mail from a stranger's address, in our own name, that
//! brings along the results and the `Received:` we would have written ourselves (RFC 8601 §5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{Facts, Finding, checker};
use crate::auth::{Arrived, Checker, Found};
use crate::dns::Resolver;
use crate::domain::address::EmailAddress;
use crate::domain::proof::Proof;
use crate::init::{record_line, txt};

/// Nobody's, for documentation (RFC 5737, RFC 3849): whoever is believed from there is anybody.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 25));

/// And one of the newer kind.
const STRANGER_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x25));

/// What the stranger calls itself. No such name can exist (RFC 6761 §6.4).
const STRANGERS_NAME: &str = "forger.invalid";

/// Has the door's own checker look at such a mail.
pub async fn forgery(facts: &Facts, resolver: &Arc<Resolver>) -> Finding {
    let checker = checker(facts, resolver);
    // The forger says that it came from us, where we may send from.
    let ours = resolver.addresses(&facts.hostname).await.found().unwrap_or_default();
    let mail = forged(facts, ours.first().copied());
    let (v4, v6) =
        tokio::join!(look(facts, &checker, STRANGER, &mail), look(facts, &checker, STRANGER_V6, &mail));
    let looks = [(STRANGER, v4), (STRANGER_V6, v6)];
    for (stranger, found) in &looks {
        if let Some(wrong) = believed(facts, *stranger, found) {
            return wrong;
        }
    }
    judged(facts, looks.map(|(_, found)| found.proof))
}

async fn look(facts: &Facts, checker: &Checker, stranger: IpAddr, mail: &str) -> Found {
    let sender = EmailAddress::parse(&author(facts)).ok();
    let arrived = Arrived { peer: Some(stranger), helo: STRANGERS_NAME, sender: sender.as_ref() };
    checker.check(&arrived, mail.as_bytes().to_vec()).await.1
}

/// Of all names ours is the one whose mail we should know best.
fn author(facts: &Facts) -> String {
    format!("postmaster@{}", facts.hostname)
}

fn forged(facts: &Facts, ours: Option<IpAddr>) -> String {
    let (host, from) = (&facts.hostname, author(facts));
    let ours = match ours {
        Some(IpAddr::V6(address)) => format!("IPv6:{address}"),
        Some(IpAddr::V4(address)) => address.to_string(),
        None => Ipv4Addr::new(203, 0, 113, 25).to_string(),
    };
    let result = |name: &String| {
        format!(
            "Authentication-Results: {name};\r\n\tdmarc=pass header.from={host};\r\n\
             \tdkim=pass header.d={host};\r\n\tspf=pass smtp.mailfrom={from}\r\n"
        )
    };
    let names = std::iter::once(host).chain(&facts.believed);
    let results: String = names.map(result).collect();
    format!(
        "{results}Received: from {host} ({host} [{ours}])\r\n\tby {host} with ESMTPS;\r\n\
         \tThu, 1 Jan 1970 00:00:00 +0000\r\nFrom: <{from}>\r\nTo: <{from}>\r\n\
         Subject: forged\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\
         Message-ID: <forged@{STRANGERS_NAME}>\r\n\r\nforged\r\n"
    )
}

/// What is wrong, if the forger got through.
fn believed(facts: &Facts, stranger: IpAddr, found: &Found) -> Option<Finding> {
    let (what, host) = ("forged mail", facts.hostname.as_str());
    let client = found.client.as_ref().map(|client| client.address);
    if client != Some(stranger) || found.checks.relay.is_some() {
        let outcome = match found.proof {
            Proof::Proven => format!(", so anybody can write as {}", author(facts)),
            Proof::NoMeans | Proof::Disproved | Proof::CannotTell => String::new(),
        };
        let detail = format!(
            "a stranger's server ({stranger}) is taken for one that stands in front of this one, and what \
             it says about the sender is believed{outcome}"
        );
        let mend = "[smtp] trusted_relays = [\"127.0.0.1\", \"::1\"], and no address but of servers of yours";
        return Some(Finding::wrong(what, host, detail, mend.to_owned()));
    }
    (found.proof == Proof::Proven).then(|| {
        let detail = format!(
            "a mail that a stranger's server ({stranger}) sends as {} counts as proven, since SPF of {host} \
             lets it",
            author(facts)
        );
        Finding::wrong(what, host, detail, record_line(host, "TXT", &txt("v=spf1 mx -all")))
    })
}

/// What is said when it did not.
fn judged(facts: &Facts, proofs: [Proof; 2]) -> Finding {
    let (what, host) = ("forged mail", facts.hostname.as_str());
    if proofs.contains(&Proof::CannotTell) {
        let detail = format!(
            "what becomes of a mail forged in the name of {host} could not be found out: the DNS has trouble \
             (such mail is put off meanwhile)"
        );
        return Finding::unknown(what, host, detail);
    }
    let name = facts.believed.as_deref().filter(|name| !name.eq_ignore_ascii_case(host));
    let names = name.map_or_else(|| host.to_owned(), |name| format!("{host} and {name}"));
    let detail =
        format!("results forged in the name of {names} prove nothing when a stranger's server brings them");
    Finding::good(what, host, detail)
}
