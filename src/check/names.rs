//! What the DNS says of us: where mail goes, that addresses and names agree, and who may send.
//!
//! RFC 5321 §5.1 (MX), RFC 1912 §2.1 (PTR), RFC 7208 (SPF), RFC 6376 (DKIM), RFC 9989 (DMARC).

use std::net::IpAddr;
use std::sync::Arc;

use super::tags::tag;
use super::{Facts, Finding, Front, Sends, State, checker, listed, trouble};
use crate::dns::{Answer, Mx, Resolver, Trouble};
use crate::domain::address::EmailAddress;
use crate::domain::proof::CheckResult;
use crate::init::{dmarc_record, record_line, txt};

/// Labels of a name that are looked at for a DMARC record (RFC 9989 §4.10).
const LABELS_MAX: usize = 8;

/// What is written where our own address would stand, when we do not know it.
const OUR_ADDRESS: &str = "192.0.2.1";

/// Everything the DNS says.
pub async fn names(facts: &Facts, resolver: &Arc<Resolver>) -> Vec<Finding> {
    if !resolver.is_there().await {
        let detail = "no name server answers, so nothing about names can be looked at".to_owned();
        let mend = "[dns] servers = [\"9.9.9.9:53\"]".to_owned();
        let finding = Finding::wrong("DNS", &facts.hostname, detail, mend);
        // Whoever has another server send can do without.
        return match facts.sends {
            Sends::Itself => vec![finding],
            Sends::ThroughAnother => vec![Finding { state: State::Unknown, ..finding }],
        };
    }
    let (addresses, mut findings) = addresses(facts, resolver).await;
    for address in &addresses {
        findings.push(ptr(facts, resolver, *address).await);
    }
    for domain in &facts.domains {
        findings.push(mx(facts, resolver, domain, &addresses).await);
        findings.push(spf(facts, resolver, domain, &addresses).await);
        for (selector, record) in &facts.keys {
            findings.push(dkim(resolver, domain, selector, record).await);
        }
        findings.push(dmarc(facts, resolver, domain).await);
    }
    findings
}

async fn addresses(facts: &Facts, resolver: &Resolver) -> (Vec<IpAddr>, Vec<Finding>) {
    let host = facts.hostname.as_str();
    match resolver.addresses(host).await {
        Answer::Found(found) => {
            let detail = format!("{host} is at {}", listed(&found.records));
            (found.records, vec![Finding::good("address", host, detail)])
        }
        Answer::NoRecord | Answer::NoName => {
            let detail = format!("{host} has no address (write this machine's own)");
            (Vec::new(), vec![Finding::wrong("address", host, detail, record_line(host, "A", OUR_ADDRESS))])
        }
        Answer::Trouble(why) => (Vec::new(), vec![trouble("address", host, &why)]),
    }
}

/// Many servers refuse mail from addresses whose name does not lead back to them.
async fn ptr(facts: &Facts, resolver: &Resolver, address: IpAddr) -> Finding {
    let (what, about, host) = ("PTR", address.to_string(), facts.hostname.as_str());
    let mend = format!(
        "ask whoever rents you {address}: {}",
        record_line(&reverse(address), "PTR", &format!("{host}."))
    );
    match resolver.ptr(address).await.known() {
        Err(why) => trouble(what, &about, &why),
        Ok(names) if names.iter().any(|name| name.eq_ignore_ascii_case(host)) => {
            Finding::good(what, &about, format!("{address} is named {host}, and {host} is at {address}"))
        }
        Ok(names) if names.is_empty() => Finding::wrong(what, &about, format!("{address} has no name"), mend),
        Ok(names) => {
            for name in names.iter().take(2) {
                let leads_back =
                    resolver.addresses(name).await.found().unwrap_or_default().contains(&address);
                if leads_back {
                    let detail =
                        format!("{address} is named {name}, which leads back; {host} would be better");
                    return Finding::good(what, &about, detail);
                }
            }
            Finding::wrong(what, &about, format!("{address} is named {}, not {host}", names.join(", ")), mend)
        }
    }
}

/// `7.2.0.192.in-addr.arpa` (RFC 1035 §3.5, RFC 3596 §2.5).
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits: Vec<String> =
                (0..32).map(|at| format!("{:x}", address.to_bits() >> (4 * at) & 0xf)).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

async fn mx(facts: &Facts, resolver: &Resolver, domain: &str, ours: &[IpAddr]) -> Finding {
    let (what, host) = ("MX", facts.hostname.as_str());
    let mend = record_line(domain, "MX", &format!("10 {host}."));
    let found = match resolver.mx(domain).await.known() {
        Err(why) => return trouble(what, domain, &why),
        Ok(found) => found,
    };
    // RFC 5321 §5.1: without one, mail goes to the name itself; others rightly want one.
    let Some(first) = found.iter().min_by_key(|mx| mx.preference) else {
        return Finding::wrong(what, domain, format!("{domain} has no MX record"), mend);
    };
    let Mx { exchange, .. } = first;
    if exchange.is_empty() {
        let detail = format!("{domain} says that it takes no mail (RFC 7505)");
        return Finding::wrong(what, domain, detail, mend);
    }
    let led_to = match resolver.addresses(exchange).await.known() {
        Err(why) => return trouble(what, exchange, &why),
        Ok(led_to) => led_to,
    };
    if led_to.is_empty() {
        let detail = format!("mail for {domain} goes to {exchange}, which has no address");
        return Finding::wrong(what, domain, detail, mend);
    }
    let leads_here =
        exchange.eq_ignore_ascii_case(host) || led_to.iter().any(|address| ours.contains(address));
    match (leads_here, facts.front) {
        (true, Front::Ours | Front::Another) => {
            Finding::good(what, domain, format!("mail for {domain} comes to {exchange}"))
        }
        (false, Front::Another) => {
            let detail = format!("mail for {domain} goes to {exchange}, which has to hand it over");
            Finding::good(what, domain, detail)
        }
        (false, Front::Ours) => {
            let detail = format!("mail for {domain} goes to {exchange} ({}), not here", listed(&led_to));
            Finding::wrong(what, domain, detail, mend)
        }
    }
}

async fn texts(resolver: &Resolver, name: &str) -> Result<Vec<String>, Trouble> {
    let found = resolver.txt(name).await.known()?;
    Ok(found.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

async fn spf(facts: &Facts, resolver: &Arc<Resolver>, domain: &str, ours: &[IpAddr]) -> Finding {
    let what = "SPF";
    let record = record_line(domain, "TXT", &txt("v=spf1 mx -all"));
    let is_spf = |text: &String| {
        text.eq_ignore_ascii_case("v=spf1") || text.to_ascii_lowercase().starts_with("v=spf1 ")
    };
    let found: Vec<String> = match texts(resolver, domain).await {
        Err(why) => return trouble(what, domain, &why),
        Ok(texts) => texts.into_iter().filter(is_spf).collect(),
    };
    let mend = match facts.sends {
        Sends::Itself => record,
        Sends::ThroughAnother => {
            format!("{record}  (and in it what the server that sends for you asks for, such as include:…)")
        }
    };
    match found.as_slice() {
        [] => Finding::wrong(what, domain, format!("{domain} does not say who may send in its name"), mend),
        [one]
            if one
                .split_whitespace()
                .any(|term| term.eq_ignore_ascii_case("+all") || term.eq_ignore_ascii_case("all")) =>
        {
            Finding::wrong(what, domain, format!("{domain} lets everybody send in its name: {one}"), mend)
        }
        [one] => match facts.sends {
            Sends::Itself => let_us_send(facts, resolver, domain, ours, one, mend).await,
            Sends::ThroughAnother => Finding::good(what, domain, format!("{domain}: {one}")),
        },
        // RFC 7208 §4.5.
        several => {
            let detail = format!("{domain} has {} SPF records, and so none that counts", several.len());
            Finding::wrong(what, domain, detail, mend)
        }
    }
}

/// Whether it lets our own addresses send, as others find out (RFC 7208 §4).
async fn let_us_send(
    facts: &Facts,
    resolver: &Arc<Resolver>,
    domain: &str,
    ours: &[IpAddr],
    record: &str,
    mend: String,
) -> Finding {
    let what = "SPF";
    let Ok(sender) = EmailAddress::parse(&format!("postmaster@{domain}")) else {
        return Finding::unknown(
            what,
            domain,
            format!("{domain} could not be found out: no mail has that name"),
        );
    };
    let checker = checker(facts, resolver);
    for address in ours {
        match checker.may_send(*address, &facts.hostname, &sender).await {
            CheckResult::Pass => {}
            CheckResult::Temperror => {
                let detail = format!(
                    "whether {address} may send for {domain} could not be found out: its record, {record}, \
                     leads to names that cannot be looked up now"
                );
                return Finding::unknown(what, domain, detail);
            }
            result @ (CheckResult::None
            | CheckResult::Fail
            | CheckResult::Softfail
            | CheckResult::Neutral
            | CheckResult::Permerror) => {
                let detail = format!("{domain} does not let {address} send in its name ({result}): {record}");
                return Finding::wrong(what, domain, detail, mend);
            }
        }
    }
    Finding::good(what, domain, format!("{domain}: {record}"))
}

async fn dkim(resolver: &Resolver, domain: &str, selector: &str, record: &str) -> Finding {
    let what = "DKIM";
    let name = format!("{selector}._domainkey.{domain}");
    let mend = record_line(&name, "TXT", &txt(record));
    let found = match texts(resolver, &name).await {
        Err(why) => return trouble(what, &name, &why),
        Ok(found) => found,
    };
    let ours = tag(record, "p");
    match found.as_slice() {
        [] => Finding::wrong(
            what,
            &name,
            format!("{name} is not published, so signatures cannot be checked"),
            mend,
        ),
        found if found.iter().any(|text| tag(text, "p") == ours) => {
            Finding::good(what, &name, format!("{name} is the key that signs"))
        }
        _ => Finding::wrong(what, &name, format!("{name} is another key than the one that signs"), mend),
    }
}

async fn dmarc(facts: &Facts, resolver: &Resolver, domain: &str) -> Finding {
    let what = "DMARC";
    let labels: Vec<&str> = domain.split('.').collect();
    for from in 0..labels.len().saturating_sub(1).min(LABELS_MAX) {
        let above = labels[from..].join(".");
        let found = match texts(resolver, &format!("_dmarc.{above}")).await {
            Err(why) => return trouble(what, domain, &why),
            Ok(found) => found,
        };
        let policy = found.iter().find(|text| tag(text, "v").as_deref() == Some("DMARC1"));
        if let Some(policy) = policy {
            return Finding::good(what, domain, format!("_dmarc.{above}: {policy}"));
        }
    }
    let detail = format!("{domain} does not say what becomes of mail forged in its name");
    let mend = record_line(&format!("_dmarc.{domain}"), "TXT", &txt(&dmarc_record(facts.operator.as_ref())));
    Finding::wrong(what, domain, detail, mend)
}
