//! Signatures: the author's and others' (RFC 6376), and those of servers on the way (RFC 8617).
//!
//! The body is hashed once, on a thread for that; verifying needs only the header and the hashes.
//! Keys are asked for before, so that the library finds all it needs.

use std::collections::HashMap;
use std::sync::Mutex;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::{DomainKey, VerifySignature};
use mail_auth::{AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, Txt};

use super::budget::Budget;
use super::spf_facts::Facts;
use crate::dns::{Answer, Trouble};
use crate::domain::proof::{CheckResult, DomainCheck, Means};

/// Signatures looked at; a message has one to three.
const SIGNATURES_MAX: usize = 10;

/// Seals looked at; each server on the way adds one.
const SEALS_MAX: usize = 10;

/// Smaller bodies are hashed at once: handing them to a thread would take longer.
const AT_ONCE_BYTES_MAX: usize = 64 << 10;

type BodyHashes =
    Vec<(mail_auth::dkim::Canonicalization, mail_auth::common::crypto::HashAlgorithm, u64, Vec<u8>)>;

/// What verifying needs of a message.
pub(super) struct Hashed {
    head: Vec<u8>,
    bodies: BodyHashes,
}

/// What one signature says.
pub(super) struct Signature {
    pub(super) check: DomainCheck,
    pub(super) means: Means,
    /// The names of the fields it is over (`h=`), in small letters.
    pub(super) covers: Vec<String>,
}

/// Keys by name, or why there is none.
pub(super) type Keys = HashMap<String, Key>;

pub(super) struct Key {
    txt: Txt,
    state: Means,
}

/// Hashes the body in the ways its signatures ask for, and gives the message back. None: nothing is
/// signed, or there is no header.
pub(super) async fn hash_body(raw: Vec<u8>) -> (Vec<u8>, Option<Hashed>) {
    if raw.len() <= AT_ONCE_BYTES_MAX {
        let hashed = hash(&raw);
        return (raw, hashed);
    }
    let hashing = tokio::task::spawn_blocking(move || {
        let hashed = hash(&raw);
        (raw, hashed)
    });
    hashing.await.expect("hashing does not panic, and its thread is not aborted")
}

fn hash(raw: &[u8]) -> Option<Hashed> {
    let message = AuthenticatedMessage::parse(raw)?;
    let signed = !message.dkim_headers.is_empty() || is_sealed(&message);
    let head = raw.get(..message.body_offset as usize)?.to_vec();
    signed.then_some(Hashed { head, bodies: message.body_hashes })
}

/// Whether anything of a seal is there, be it whole or not.
fn is_sealed(message: &AuthenticatedMessage<'_>) -> bool {
    let none =
        message.as_headers.is_empty() && message.ams_headers.is_empty() && message.aar_headers.is_empty();
    message.has_arc_errors || !none
}

impl Hashed {
    /// The header, with the hashes of the body it was cut from.
    fn message(&self) -> Option<AuthenticatedMessage<'_>> {
        let mut message = AuthenticatedMessage::parse(&self.head)?;
        message.body_hashes = self.bodies.clone();
        Some(message)
    }
}

/// Asks for the keys of the signatures, the author's own first.
pub(super) async fn keys(budget: &Budget<'_>, hashed: Option<&Hashed>, author: &str) -> Keys {
    let Some(message) = hashed.and_then(Hashed::message) else { return Keys::new() };
    let mut names: Vec<(bool, String)> = message
        .dkim_headers
        .iter()
        .take(SIGNATURES_MAX)
        .map(|header| (!header.header.d.eq_ignore_ascii_case(author), header.header.domain_key()))
        .collect();
    names.sort();
    names.dedup();
    drop(message);
    fetch(budget, names.into_iter().map(|(_, name)| name)).await
}

async fn fetch(budget: &Budget<'_>, names: impl Iterator<Item = String>) -> Keys {
    let mut keys = Keys::new();
    for name in names {
        let name = name.to_lowercase();
        let (txt, state) = match budget.txt(&name).await {
            // RFC 6376 §3.6.2.2: of several, one that can be read will do.
            Answer::Found(texts) => {
                let parsed: Vec<_> = texts.records.iter().map(|text| DomainKey::parse(text)).collect();
                let key = parsed.into_iter().reduce(|one, next| if one.is_ok() { one } else { next });
                (Txt::from(key.expect("found is never empty")), Means::Fails)
            }
            Answer::NoRecord | Answer::NoName => {
                (Txt::Error(Error::Dns(DnsError::InvalidRecordType)), Means::Absent)
            }
            Answer::Trouble(trouble) => {
                let state = match trouble {
                    Trouble::NoResolver => Means::NobodyToAsk,
                    Trouble::Failed(_) => Means::Unknown,
                };
                (Txt::Error(Error::Dns(DnsError::Resolver(trouble.to_string()))), state)
            }
        };
        keys.insert(name, Key { txt, state });
    }
    keys
}

fn facts(keys: &Keys) -> Facts {
    Facts::with_txt(keys.iter().map(|(name, key)| (name.clone(), key.txt.clone())))
}

/// What the signatures say, with these keys.
pub(super) async fn verify(
    library: &MessageAuthenticator,
    hashed: Option<&Hashed>,
    keys: &Keys,
) -> Vec<Signature> {
    let Some(mut message) = hashed.and_then(Hashed::message) else { return Vec::new() };
    message.dkim_headers.truncate(SIGNATURES_MAX);
    for header in &mut message.dkim_headers {
        // Reports of failures (RFC 6651) and signing for others (RFC 6541) would ask for more.
        header.header.r = false;
        header.header.atps = None;
    }
    let facts = Mutex::new(facts(keys));
    let txt = super::spf_facts::TxtFacts(&facts);
    let outputs = library.verify_dkim(Parameters::new(&message).with_txt_cache(&txt)).await;
    let read = |output: &mail_auth::DkimOutput<'_>| {
        let signature = output.signature()?;
        let state = keys.get(&signature.domain_key().to_lowercase()).map_or(Means::Unknown, |key| key.state);
        let result = result_of(output.result());
        // A signature whose key is nowhere says nothing about what its domain publishes.
        let means = if result == CheckResult::Pass { Means::Proves } else { state };
        let covers = signature.h.iter().map(|name| name.to_ascii_lowercase()).collect();
        Some(Signature { check: DomainCheck { result, domain: signature.d.to_lowercase() }, means, covers })
    };
    outputs.iter().filter_map(read).collect()
}

fn result_of(result: &DkimResult) -> CheckResult {
    match result {
        DkimResult::Pass => CheckResult::Pass,
        DkimResult::Neutral(_) => CheckResult::Neutral,
        DkimResult::Fail(_) => CheckResult::Fail,
        DkimResult::PermError(_) => CheckResult::Permerror,
        DkimResult::TempError(_) => CheckResult::Temperror,
        DkimResult::None => CheckResult::None,
    }
}

/// What servers on the way have sealed. Told, and never believed: anybody may seal.
pub(super) async fn arc(
    library: &MessageAuthenticator,
    budget: &Budget<'_>,
    hashed: Option<&Hashed>,
) -> Option<DomainCheck> {
    let message = hashed.and_then(Hashed::message)?;
    if !is_sealed(&message) {
        return None;
    }
    let domain = message.as_headers.last().map_or(String::new(), |last| last.header.d.to_lowercase());
    if message.as_headers.is_empty() || message.ams_headers.is_empty() {
        return Some(DomainCheck { result: CheckResult::Fail, domain });
    }
    if message.as_headers.len() > SEALS_MAX || message.ams_headers.len() > SEALS_MAX {
        return Some(DomainCheck { result: CheckResult::Fail, domain });
    }
    let seals = message.as_headers.iter().rev().map(|header| header.header.domain_key());
    let signature = message.ams_headers.iter().rev().take(1).map(|header| header.header.domain_key());
    let mut names: Vec<String> = signature.chain(seals).collect();
    names.dedup();
    let facts = Mutex::new(facts(&fetch(budget, names.into_iter()).await));
    let txt = super::spf_facts::TxtFacts(&facts);
    let output = library.verify_arc(Parameters::new(&message).with_txt_cache(&txt)).await;
    let result = match output.result() {
        DkimResult::Pass => CheckResult::Pass,
        DkimResult::None => CheckResult::None,
        DkimResult::TempError(_) => CheckResult::Temperror,
        DkimResult::Neutral(_) | DkimResult::Fail(_) | DkimResult::PermError(_) => CheckResult::Fail,
    };
    Some(DomainCheck { result, domain })
}
