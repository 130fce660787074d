//! Policies of MTA-STS (RFC 8461): fetched by https, kept for as long as they hold.
//!
//! A policy that cannot be fetched is as good as none, but for one that is kept: who can keep us
//! from fetching cannot make us forget (RFC 8461 §5.1).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::policy::{self, Mode, POLICY_BYTES_MAX, Policy};
use super::signposts::{Asked, Signposts};
use super::{MxOptions, reachable};
use crate::domain::mta_sts;
use crate::smtp::client::tls::{Encryption, Security, Trust, name_of};

/// A policy is fetched within this time, or counts as missing (RFC 8461 §3.3 suggests a minute).
const FETCH_TIME_MAX: Duration = Duration::from_secs(30);
/// After a fetch that failed, none is tried for so long (RFC 8461 §3.3: five minutes).
const FETCH_PAUSE: Duration = Duration::from_mins(5);
/// Policies are kept of so many domains; then all are forgotten, and fetched again.
const KEPT_MAX: usize = 10_000;

/// The policies that are known.
#[derive(Default)]
pub(super) struct Policies {
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    /// Of the policy, or of the one that could not be fetched.
    id: String,
    policy: Option<Arc<Policy>>,
    good_until: Instant,
    /// Until then, a policy that is missing is not fetched.
    rests_until: Instant,
}

impl Policies {
    /// What `domain` asks of those who bring it mail, if it asks anything.
    pub(super) async fn of(
        &self,
        domain: &str,
        signposts: &dyn Signposts,
        encryption: &Encryption,
        options: &MxOptions,
    ) -> Option<Arc<Policy>> {
        let texts = match signposts.texts(&mta_sts::record_name(domain)).await {
            Asked::Found(texts, _) => texts,
            Asked::NoRecord | Asked::NoName | Asked::Trouble(_) => Vec::new(),
        };
        let now = Instant::now();
        let Some(id) = policy::id_in(&texts) else { return self.still_good(domain, now) };
        if let Some(kept) = self.kept().get(domain).filter(|kept| kept.id == id) {
            match &kept.policy {
                Some(policy) if now < kept.good_until => return Some(policy.clone()),
                None if now < kept.rests_until => return None,
                Some(_) | None => {}
            }
        }
        let fetched = timeout(FETCH_TIME_MAX, fetch(domain, signposts, encryption, options)).await;
        let fetched = fetched.unwrap_or_else(|_| Err("it took too long".to_owned()));
        let policy = match fetched.map(|bytes| policy::parse(&bytes)) {
            Ok(Some(policy)) => Some(Arc::new(policy)),
            Ok(None) => {
                tracing::info!(domain, "what is said to be an MTA-STS policy is none");
                None
            }
            Err(why) => {
                tracing::info!(domain, %why, "the MTA-STS policy cannot be fetched");
                None
            }
        };
        let before = self.still_good(domain, now);
        if policy.is_none() && before.is_some() {
            return before;
        }
        let good_until = now + policy.as_ref().map_or(Duration::ZERO, |policy| policy.age);
        let kept = Kept { id, policy: policy.clone(), good_until, rests_until: now + FETCH_PAUSE };
        let mut all = self.kept();
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        all.insert(domain.to_owned(), kept);
        policy.filter(|policy| policy.mode != Mode::None)
    }

    fn still_good(&self, domain: &str, now: Instant) -> Option<Arc<Policy>> {
        let kept = self.kept();
        let kept = kept.get(domain).filter(|kept| now < kept.good_until)?;
        kept.policy.clone().filter(|policy| policy.mode != Mode::None)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        // Each step leaves it whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, with a certificate that holds; redirects are
/// not followed (RFC 8461 §3.3).
async fn fetch(
    domain: &str,
    signposts: &dyn Signposts,
    encryption: &Encryption,
    options: &MxOptions,
) -> Result<Vec<u8>, String> {
    let host = mta_sts::host(domain);
    let addresses = match signposts.addresses(&host).await {
        Asked::Found(addresses, _) => addresses,
        Asked::NoRecord | Asked::NoName => return Err(format!("{host} has no address")),
        Asked::Trouble(why) => return Err(why),
    };
    let addresses = reachable(&addresses, options);
    let Some(address) = addresses.first() else { return Err(format!("{host} has no public address")) };
    let failed = |error: &dyn std::fmt::Display| format!("{host}: {error}");
    let stream = TcpStream::connect(SocketAddr::new(*address, options.policy_port));
    let stream = stream.await.map_err(|error| failed(&error))?;
    get(stream, &host, encryption).await
}

/// The policy of a domain, for whoever looks whether its own is right: from this connection, as
/// those read it who bring mail.
pub async fn read_policy(stream: TcpStream, domain: &str, trust: Trust) -> Result<MailPolicy, String> {
    let (host, encryption) = (mta_sts::host(domain), Encryption::new(trust));
    let bytes = timeout(FETCH_TIME_MAX, get(stream, &host, &encryption)).await;
    let bytes = bytes.unwrap_or_else(|_| Err("it took too long".to_owned()))?;
    policy::parse(&bytes).map(MailPolicy).ok_or_else(|| "what is there is no policy".to_owned())
}

/// Whether these texts, of `_mta-sts.` of a domain, say that it has a policy.
pub fn says_policy(texts: &[Vec<u8>]) -> bool {
    policy::id_in(texts).is_some()
}

/// What a domain asks of those who bring it mail.
#[derive(Clone, Debug)]
pub struct MailPolicy(Policy);

impl MailPolicy {
    /// Whether mail may be brought to this server.
    pub fn names(&self, server: &str) -> bool {
        self.0.names(server)
    }

    /// Whether it is meant.
    pub fn is_enforced(&self) -> bool {
        self.0.mode == Mode::Enforce
    }
}

async fn get(stream: TcpStream, host: &str, encryption: &Encryption) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{host}: {error}");
    let config = encryption.config(&Security::Verified).map_err(|error| failed(&error))?;
    let name = name_of(host).ok_or_else(|| failed(&"no name for a certificate"))?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| failed(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    // Ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(async move { _ = connection.await });
    let request = Request::get(mta_sts::PATH)
        .header(header::HOST, host)
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&error))?;
    let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
    if response.status() != StatusCode::OK {
        return Err(failed(&response.status()));
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/plain")) {
        return Err(failed(&"not text/plain"));
    }
    let body = Limited::new(response.into_body(), POLICY_BYTES_MAX).collect().await;
    body.map(|body| body.to_bytes().to_vec()).map_err(|error| failed(&error))
}
