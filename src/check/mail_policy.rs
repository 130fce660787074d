//! Whether those who bring us mail are asked to encrypt it, and whether what they read then is right
//! (MTA-STS, RFC 8461). A policy that is wrong keeps mail away.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::door::no_way_there;
use super::{Facts, Finding, Front, trouble};
use crate::dns::Resolver;
use crate::domain::mta_sts;
use crate::init::{mail_policy_records, record_line};
use crate::smtp::client::{Trust, read_policy, says_policy};

const WHAT: &str = "MTA-STS";

/// For a connection.
const WAIT: Duration = Duration::from_secs(10);

/// A line for each domain whose mail comes to our own door.
pub async fn mail_policy(facts: &Facts, resolver: &Resolver, trust: &Trust) -> Vec<Finding> {
    let mut findings = Vec::new();
    if facts.front == Front::Another {
        return findings;
    }
    for domain in &facts.domains {
        findings.extend(one(facts, resolver, domain, trust).await);
    }
    findings
}

async fn one(facts: &Facts, resolver: &Resolver, domain: &str, trust: &Trust) -> Option<Finding> {
    let [place, record] = mail_policy_records(domain, &facts.hostname);
    let texts = match resolver.txt(&mta_sts::record_name(domain)).await.known() {
        Err(why) => return Some(trouble(WHAT, domain, &why)),
        Ok(texts) => texts,
    };
    let ours = mta_sts::record(&facts.hostname);
    if texts.is_empty() {
        // Without a certificate there is nothing to ask for.
        facts.certificate.as_ref()?;
        let detail = format!(
            "nobody is asked to encrypt what they bring to {domain}; where the certificate here holds for \
             {} too, they can be: {place} and {record}",
            mta_sts::host(domain)
        );
        return Some(Finding::good(WHAT, domain, detail));
    }
    if !says_policy(&texts) {
        let detail = format!("what stands at {} says nothing", mta_sts::record_name(domain));
        return Some(Finding::wrong(WHAT, domain, detail, record));
    }
    let host = mta_sts::host(domain);
    let addresses = match resolver.addresses(&host).await.known() {
        Err(why) => return Some(trouble(WHAT, domain, &why)),
        Ok(addresses) => addresses,
    };
    let Some(address) = addresses.first() else {
        let detail = format!("{domain} says that it has a policy, and {host} has no address");
        return Some(Finding::wrong(WHAT, domain, detail, place));
    };
    let finding = read(facts, domain, *address, trust).await;
    let is_old = finding.state == super::State::Good && !texts.iter().any(|text| text == ours.as_bytes());
    if is_old && resolver.addresses(&facts.hostname).await.found().is_some_and(|here| here.contains(address))
    {
        let detail = format!("the policy of {domain} is another than the one others remember");
        return Some(Finding::wrong(WHAT, domain, detail, record));
    }
    Some(finding)
}

/// As they read it who bring mail.
async fn read(facts: &Facts, domain: &str, address: IpAddr, trust: &Trust) -> Finding {
    let host = mta_sts::host(domain);
    let connected = timeout(WAIT, TcpStream::connect(SocketAddr::new(address, facts.policy_port))).await;
    let policy = match connected.map_err(std::io::Error::from).flatten() {
        Err(why) if no_way_there(why.kind(), address) => {
            let detail =
                format!("the policy of {domain} could not be found out: from here no way leads to {host}");
            return Finding::unknown(WHAT, domain, detail);
        }
        Err(why) => Err(format!("{host}: {why}")),
        Ok(stream) => read_policy(stream, domain, trust.clone()).await,
    };
    match policy {
        Err(why) => {
            let detail =
                format!("the policy of {domain} cannot be read, and so asks nothing of anybody: {why}");
            let mend = format!(
                "let https://{host}{} lead here, with a certificate for that name ([acme] fetches one), or take \
                 its records away",
                mta_sts::PATH
            );
            Finding::wrong(WHAT, domain, detail, mend)
        }
        Ok(policy) if !policy.names(&facts.hostname) => {
            let detail = format!(
                "the policy of {domain} does not name {}, so careful servers bring no mail",
                facts.hostname
            );
            let mend = record_line(&host, "CNAME", &format!("{}.", facts.hostname));
            Finding::wrong(WHAT, domain, detail, mend)
        }
        Ok(policy) if policy.is_enforced() => {
            Finding::good(WHAT, domain, format!("who brings mail to {domain} must encrypt it"))
        }
        Ok(_) => Finding::good(WHAT, domain, format!("who brings mail to {domain} is asked to encrypt it")),
    }
}
