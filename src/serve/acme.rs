//! Gets certificates by itself: the first when there is none, another before that one ends.
//!
//! What an authority refuses leaves what is in use as it is; it is asked again later, and later
//! each time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::facts::front;
use super::{ServeError, stopped};
use crate::check::Front;
use crate::config::{Acme, Config};
use crate::dns::Resolver;
use crate::domain::mta_sts;
use crate::domain::time::{Timestamp, Zone};
use crate::flow::{Clock, Desk};
use crate::net::acme::{AcmeRequest, Answers, obtain, write_secret};
use crate::net::certificate::{Certificate, CertificateError};
use crate::net::certificates::{Certificates, WatchedFiles};
use crate::web::front::Challenges;

/// How often it is looked whether it is time.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// After the first failure; twice as long after each further one. Let's Encrypt allows five an hour.
const RETRY_FIRST: Duration = Duration::from_secs(30 * 60);

/// The longest of these waits.
const RETRY_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// This part of a certificate's life before its end, another is fetched: 30 days of 90, 2 of 6.
const RENEWAL_PART: u32 = 3;

/// At so many domains at most: an authority puts a hundred names into a certificate.
const POLICY_NAMES_MAX: usize = 50;

impl Answers for Challenges {
    fn show(&self, token: &str, answer: &str) {
        Challenges::show(self, token, answer);
    }

    fn forget(&self, token: &str) {
        Challenges::forget(self, token);
    }
}

/// Where what was fetched is kept: key and chain in one file, so that they change together.
pub(super) fn certificate_file(config: &Config) -> PathBuf {
    config.keys_dir().join("acme-certificate.pem")
}

/// The names mail servers read our policy at, of those that lead where our own does (RFC 8461): an
/// authority would not find us at others, and then refuse all of them.
async fn policy_names(config: &Config, desk: &Desk, resolver: &Resolver) -> Vec<String> {
    if front(config) == Front::Another {
        return Vec::new();
    }
    let ours = resolver.addresses(&config.hostname).await.found().unwrap_or_default();
    let mut domains = vec![config.hostname.clone()];
    for list in desk.store.reader().lists().unwrap_or_default() {
        if !domains.iter().any(|domain| domain == list.address.domain()) {
            domains.push(list.address.domain().to_owned());
        }
    }
    domains.truncate(POLICY_NAMES_MAX);
    let mut names = Vec::new();
    for domain in domains {
        let name = mta_sts::host(&domain);
        let led_to = resolver.addresses(&name).await.found().unwrap_or_default();
        if !led_to.is_empty() && led_to.iter().all(|address| ours.contains(address)) {
            names.push(name);
        }
    }
    names
}

/// What is ordered: our name, and that of the pages where it is another.
fn request(config: &Config, acme: &Acme) -> AcmeRequest {
    let url = config.web.base_url.split_once("://").map_or("", |(_, rest)| rest);
    let host = url.split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    let mut names = vec![config.hostname.clone()];
    if !host.is_empty() && host != config.hostname && host.parse::<std::net::IpAddr>().is_err() {
        names.push(host);
    }
    AcmeRequest {
        directory: acme.directory.clone(),
        email: acme.email.as_ref().map(|email| email.as_str().to_owned()),
        names,
        account_file: config.keys_dir().join("acme-account.json"),
    }
}

/// Is it time for another?
fn is_due(current: Option<&Certificate>, names: &[String], now: Timestamp) -> bool {
    let Some(current) = current else { return true };
    let life = current.not_after.since(current.not_before);
    let left = current.not_after.since(now);
    left < life / RENEWAL_PART || names.iter().any(|name| !current.covers(name))
}

/// Fetches whenever it is time, until the server stops.
pub(super) async fn keep(
    config: Config,
    desk: Arc<Desk>,
    resolver: Arc<Resolver>,
    certificates: Arc<Certificates>,
    challenges: Challenges,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    let Some(acme) = &config.acme else { return Ok(()) };
    let clock = desk.clock.clone();
    let (mut request, file) = (request(&config, acme), certificate_file(&config));
    let always = request.names.clone();
    let mut fetched = WatchedFiles::new(&file, &file).look().and_then(Result::ok);
    let mut failures = 0_u32;
    loop {
        let mut wait = LOOK_EVERY;
        let policies = tokio::select! {
            policies = policy_names(&config, &desk, &resolver) => policies,
            () = stopped(stopping.clone()) => return Ok(()),
        };
        request.names = always.iter().cloned().chain(policies).collect();
        if is_due(fetched.as_ref(), &request.names, clock()) {
            let ordered = tokio::select! {
                ordered = obtain(&request, &challenges) => ordered,
                () = stopped(stopping.clone()) => return Ok(()),
            };
            let names = request.names.join(", ");
            match ordered.map_err(|e| e.to_string()).and_then(|pem| take(&pem, &file, &certificates, &clock))
            {
                Ok(certificate) => {
                    let until = certificate.not_after.rfc3339(&Zone::utc());
                    tracing::info!(%names, %until, "a new certificate was fetched and is in use");
                    (fetched, failures) = (Some(certificate), 0);
                }
                Err(error) => {
                    wait = RETRY_FIRST.saturating_mul(1 << failures.min(8)).min(RETRY_MAX);
                    failures += 1;
                    let minutes = wait.as_secs() / 60;
                    let directory = &request.directory;
                    tracing::error!(
                        %names, %directory, %error,
                        "no new certificate was fetched; what is in use stays, and it is tried again in {minutes} minutes"
                    );
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
    }
}

/// Uses what came, and keeps it; what is not fit is neither used nor kept.
fn take(
    pem: &str,
    file: &std::path::Path,
    in_use: &Certificates,
    clock: &Clock,
) -> Result<Certificate, String> {
    let certificate = Certificate::parse(pem.as_bytes(), pem.as_bytes());
    let certificate = certificate.map_err(|error: CertificateError| error.to_string())?;
    in_use.replace(certificate.clone(), clock()).map_err(|error| error.to_string())?;
    write_secret(file, pem).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(certificate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn certificate(from: (i32, u8, u8), until: (i32, u8, u8)) -> Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["lists.example.org".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let pem = params.self_signed(&key).unwrap().pem() + &key.serialize_pem();
        Certificate::parse(pem.as_bytes(), pem.as_bytes()).unwrap()
    }

    #[test]
    fn another_is_due_when_a_third_of_its_life_is_left_or_a_name_is_missing() {
        let ours = ["lists.example.org".to_owned()];
        let both = ["lists.example.org".to_owned(), "pages.example.org".to_owned()];
        let ninety = certificate((2026, 9, 1), (2026, 11, 30));
        let six = certificate((2026, 9, 1), (2026, 9, 7));
        for (current, names, at, due) in [
            (None, &ours[..], "2026-09-02", true),
            (Some(&ninety), &ours[..], "2026-09-02", false),
            (Some(&ninety), &ours[..], "2026-10-30", false),
            (Some(&ninety), &ours[..], "2026-11-01", true),
            (Some(&ninety), &ours[..], "2027-01-01", true),
            (Some(&ninety), &both[..], "2026-09-02", true),
            (Some(&six), &ours[..], "2026-09-04", false),
            (Some(&six), &ours[..], "2026-09-06", true),
        ] {
            let now = Timestamp::parse_rfc3339(&format!("{at}T00:00:00Z")).unwrap();
            assert_eq!(is_due(current, names, now), due, "{names:?} {at}");
        }
    }
}
