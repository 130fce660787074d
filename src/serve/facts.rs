//! What is known of an installation before it is looked at: from its configuration and its keys.

use crate::check::{Facts, Front, Sends};
use crate::config::{Config, DkimKeyFile, Presence};
use crate::domain::list::ListAddress;
use crate::sign::{self, NamedKey};

use super::acme::certificate_file;

/// Where policies for mail are read (RFC 8461 §3.3).
const HTTPS_PORT: u16 = 443;

/// At how many domains it is tried whether mail for a list is taken.
const LISTS_TRIED_MAX: usize = 5;

/// For our name and these lists; and the keys that sign. A key that cannot be read is
/// left out: the configuration's own check tells.
pub fn check_facts(config: &Config, lists: &[ListAddress]) -> (Facts, Vec<NamedKey>) {
    let mut keys = Vec::new();
    for DkimKeyFile { selector, file } in config.dkim.there().into_iter().flatten() {
        if let Ok(key) = sign::read_key(file) {
            keys.push(NamedKey { selector: selector.clone(), key });
        }
    }
    let mut all = vec![config.hostname.clone()];
    let mut tried: Vec<ListAddress> = Vec::new();
    for list in lists {
        if !tried.iter().any(|other| other.domain() == list.domain()) {
            tried.push(list.clone());
        }
        if all.iter().all(|domain| domain != list.domain()) {
            all.push(list.domain().to_owned());
        }
    }
    tried.truncate(LISTS_TRIED_MAX);
    let facts = Facts {
        hostname: config.hostname.clone(),
        domains: all,
        lists: tried,
        operator: config.operator.clone(),
        keys: keys.iter().map(|named| (named.selector.clone(), named.key.record())).collect(),
        certificate: certificate(config),
        relays: config.smtp.trusted_relays.clone(),
        believed: config.smtp.trusted_authserv_id.clone(),
        front: front(config),
        sends: if config.delivery.route == "mx" { Sends::Itself } else { Sends::ThroughAnother },
        port: config.delivery.port,
        policy_port: HTTPS_PORT,
    };
    (facts, keys)
}

/// What mail meets first.
pub(super) fn front(config: &Config) -> Front {
    let behind = config.smtp.listen.is_empty() || !config.smtp.lmtp_listen.is_empty();
    if behind { Front::Another } else { Front::Ours }
}

fn certificate(config: &Config) -> Option<(std::path::PathBuf, std::path::PathBuf)> {
    let fetched = certificate_file(config);
    if config.acme.is_some() && fetched.exists() {
        return Some((fetched.clone(), fetched));
    }
    match &config.smtp.tls {
        Presence::There(files) => Some((files.cert.clone(), files.key.clone())),
        Presence::Absent(_) => None,
    }
}
