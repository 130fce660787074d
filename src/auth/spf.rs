//! May the client send for the domain of the reverse-path (RFC 7208)?

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::spf::Spf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{DnsError, Error, MX, MessageAuthenticator, Parameters, SpfResult, Txt};

use super::budget::Budget;
use super::relay::Client;
use super::spf_facts::{Facts, Ipv4Facts, Ipv6Facts, MxFacts, PtrFacts, TxtFacts, Wanted};
use super::spf_syntax;
use crate::dns::{Answer, Trouble};
use crate::domain::address::EmailAddress;
use crate::domain::proof::{CheckResult, DomainCheck, Means};

/// RFC 7208 §4.6.4: this many questions may lead nowhere.
const VOID_MAX: usize = 2;

/// Runs of the library for one message; each but the last learns one thing.
const RUNS_MAX: usize = 40;

/// RFC 7208 §4.6.4: this many servers of one domain are looked at, and names of one client.
const NAMES_MAX: usize = 10;

/// Ends a name that was written by [`without_exists`]. No name in the DNS has such a label.
const EXISTS_MARK: &str = ".--exists--.";

/// Judges; none: it is not known who the client is.
pub(super) async fn check(
    library: &MessageAuthenticator,
    budget: &Budget<'_>,
    client: Option<&Client>,
    sender: Option<&EmailAddress>,
) -> Option<DomainCheck> {
    let client = client?;
    let helo = client.helo.trim_end_matches('.').to_ascii_lowercase();
    // RFC 7208 §2.4: a null reverse-path stands for postmaster at the client's own name.
    let sender = sender.map_or_else(|| format!("postmaster@{helo}"), ToString::to_string);
    let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
    let result = judge(library, budget, client.address.to_canonical(), &helo, &sender).await;
    Some(DomainCheck { result, domain })
}

async fn judge(
    library: &MessageAuthenticator,
    budget: &Budget<'_>,
    ip: IpAddr,
    helo: &str,
    sender: &str,
) -> CheckResult {
    let facts = Mutex::new(Facts::default());
    let locked = || facts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut void = 0;
    for _ in 0..RUNS_MAX {
        let result = run(library, &facts, ip, helo, sender).await;
        let Some(wanted) = locked().wanted.take() else { return result_of(result) };
        if matches!(wanted, Wanted::Txt(_)) && result != SpfResult::TempError {
            // It only wants to know how to explain that (`exp=`). Nobody is told.
            return result_of(result);
        }
        match learn(budget, &facts, &wanted, ip).await {
            Learned::Something => {}
            Learned::Nothing => {
                void += 1;
                if void > VOID_MAX {
                    return CheckResult::Permerror;
                }
            }
            Learned::Trouble => return CheckResult::Temperror,
        }
    }
    CheckResult::Permerror
}

async fn run(
    library: &MessageAuthenticator,
    facts: &Mutex<Facts>,
    ip: IpAddr,
    helo: &str,
    sender: &str,
) -> SpfResult {
    let (txt, mx, ptr) = (TxtFacts(facts), MxFacts(facts), PtrFacts(facts));
    let (ipv4, ipv6) = (Ipv4Facts(facts), Ipv6Facts(facts));
    // Our own name stands in explanations only, which nobody is told.
    let parameters = Parameters::new(SpfParameters::verify_mail_from(ip, helo, "unknown", sender))
        .with_txt_cache(&txt)
        .with_mx_cache(&mx)
        .with_ptr_cache(&ptr)
        .with_ipv4_cache(&ipv4)
        .with_ipv6_cache(&ipv6);
    library.check_host(parameters).await.result()
}

enum Learned {
    Something,
    Nothing,
    Trouble,
}

/// Asks for one thing and notes it. Texts are records of their own kind and have their own rules
/// for what is missing; they are no questions that lead nowhere.
async fn learn(budget: &Budget<'_>, facts: &Mutex<Facts>, wanted: &Wanted, ip: IpAddr) -> Learned {
    let locked = || facts.lock().unwrap_or_else(PoisonError::into_inner);
    match wanted {
        Wanted::Txt(name) => {
            let txt = match budget.txt(name).await {
                Answer::Found(texts) => record(&texts.records, ip),
                Answer::NoRecord | Answer::NoName => Txt::Error(Error::Dns(DnsError::InvalidRecordType)),
                Answer::Trouble(_) => return Learned::Trouble,
            };
            locked().txt.insert(name.clone(), txt);
            Learned::Something
        }
        Wanted::Ipv4(name) | Wanted::Ipv6(name) if name.ends_with(EXISTS_MARK) => {
            // RFC 7208 §5.7: an A record, whatever the client's address is.
            let answer = budget.ipv4(name.trim_end_matches(EXISTS_MARK)).await;
            let found = settle(answer);
            let any = usize::from(matches!(&found, Ok(records) if !records.is_empty()));
            locked().ipv4.insert(name.clone(), vec![std::net::Ipv4Addr::UNSPECIFIED; any]);
            locked().ipv6.insert(name.clone(), vec![std::net::Ipv6Addr::UNSPECIFIED; any]);
            outcome(&found)
        }
        Wanted::Ipv4(name) => {
            let found = settle(budget.ipv4(name).await);
            let v4 = |address: &IpAddr| match address {
                IpAddr::V4(address) => Some(*address),
                IpAddr::V6(_) => None,
            };
            let all = found.iter().flatten().filter_map(v4).collect();
            locked().ipv4.insert(name.clone(), all);
            outcome(&found)
        }
        Wanted::Ipv6(name) => {
            let found = settle(budget.ipv6(name).await);
            let v6 = |address: &IpAddr| match address {
                IpAddr::V6(address) => Some(*address),
                IpAddr::V4(_) => None,
            };
            let all = found.iter().flatten().filter_map(v6).collect();
            locked().ipv6.insert(name.clone(), all);
            outcome(&found)
        }
        Wanted::Mx(name) => {
            let mut found = settle(budget.mx(name).await);
            if let Ok(servers) = &mut found {
                servers.sort_by_key(|mx| mx.preference);
                // One more than are looked at, so that the library sees that there are too many.
                servers.truncate(NAMES_MAX + 1);
            }
            let server = |mx: &crate::dns::Mx| MX {
                preference: mx.preference,
                exchanges: Box::new([format!("{}.", mx.exchange).into_boxed_str()]),
            };
            let all = found.iter().flatten().map(server).collect();
            locked().mx.insert(name.clone(), all);
            outcome(&found)
        }
        Wanted::Ptr => {
            let mut names = settle(budget.ptr(ip).await).unwrap_or_default();
            names.truncate(NAMES_MAX);
            let found = Ok(names);
            locked().ptr = Some(found.iter().flatten().cloned().collect());
            // RFC 7208 §5.5: trouble with the client's own names is no trouble of the domain.
            outcome(&found)
        }
    }
}

fn settle<T>(answer: Answer<T>) -> Result<Vec<T>, Trouble> {
    answer.known()
}

fn outcome<T>(found: &Result<Vec<T>, Trouble>) -> Learned {
    match found {
        Ok(records) if records.is_empty() => Learned::Nothing,
        Ok(_) => Learned::Something,
        Err(_) => Learned::Trouble,
    }
}

/// The one SPF record among the texts of a name. RFC 7208 §4.5: of several, none counts.
fn record(texts: &[Vec<u8>], ip: IpAddr) -> Txt {
    let mut records = texts.iter().filter(|text| is_record(text));
    let Some(record) = records.next() else { return Txt::Error(Error::Dns(DnsError::InvalidRecordType)) };
    if records.next().is_some() {
        return Txt::Error(Error::ParseError);
    }
    if !spf_syntax::is_correct(record) {
        return Txt::Error(Error::ParseError);
    }
    // Whatever the library does not like about it, the record is there, and wrong.
    Spf::parse(&without_exists(&without_other_family(record, ip)))
        .map_or(Txt::Error(Error::ParseError), Txt::from)
}

fn is_record(text: &[u8]) -> bool {
    let version = b"v=spf1";
    text.get(..version.len()).is_some_and(|start| start.eq_ignore_ascii_case(version))
        && matches!(text.get(version.len()), None | Some(b' '))
}

/// Without the networks the client cannot be in (RFC 7208 §5): the library finds `::/0` around an
/// IPv4 address.
fn without_other_family(record: &[u8], ip: IpAddr) -> Vec<u8> {
    let other: &[u8] = if ip.is_ipv4() { b"ip6:" } else { b"ip4:" };
    let words = record.split(|byte| *byte == b' ').filter(|word| {
        let word = word.strip_prefix(b"+").or(word.strip_prefix(b"-")).unwrap_or(word);
        let word = word.strip_prefix(b"?").or(word.strip_prefix(b"~")).unwrap_or(word);
        !word.get(..other.len()).is_some_and(|start| start.eq_ignore_ascii_case(other))
    });
    words.collect::<Vec<_>>().join(&b' ')
}

/// `exists:name` as `a:name.--exists--./0//0`, which matches whenever there is an address: the
/// library has a cache for addresses, and none for whether there are any.
fn without_exists(record: &[u8]) -> Vec<u8> {
    let mut words = Vec::new();
    for word in record.split(|byte| *byte == b' ') {
        let (qualifier, mechanism) = match word.split_first() {
            Some((first, rest)) if b"+-~?".contains(first) => (&word[..1], rest),
            Some(_) | None => (&word[..0], word),
        };
        let name = b"exists:";
        let is_exists = mechanism.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let target = mechanism.get(name.len()..).unwrap_or(b"");
        // Anything else about it is for the library to find wrong.
        if is_exists && !target.is_empty() && !target.contains(&b'/') {
            let target = target.strip_suffix(b".").unwrap_or(target);
            words.push([qualifier, b"a:", target, EXISTS_MARK.as_bytes(), b"/0//0"].concat());
        } else {
            words.push(word.to_vec());
        }
    }
    words.join(&b' ')
}

/// Whether a domain publishes SPF, so that its mail could pass.
pub(super) async fn published(budget: &Budget<'_>, domain: &str) -> Means {
    match budget.txt(domain).await {
        Answer::Found(texts) if texts.records.iter().any(|text| is_record(text)) => Means::Fails,
        Answer::Found(_) | Answer::NoRecord | Answer::NoName => Means::Absent,
        Answer::Trouble(Trouble::NoResolver) => Means::NobodyToAsk,
        Answer::Trouble(Trouble::Failed(_)) => Means::Unknown,
    }
}

fn result_of(result: SpfResult) -> CheckResult {
    match result {
        SpfResult::Pass => CheckResult::Pass,
        SpfResult::Fail => CheckResult::Fail,
        SpfResult::SoftFail => CheckResult::Softfail,
        SpfResult::Neutral => CheckResult::Neutral,
        SpfResult::TempError => CheckResult::Temperror,
        SpfResult::PermError => CheckResult::Permerror,
        SpfResult::None => CheckResult::None,
    }
}
