//! The one who asks. Answers are kept while they are good, by [`Cache`].

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer, RetryDnsHandle};
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use tokio::time::{Instant, timeout};

use super::cache::{Cache, KEPT_MAX};
use super::{Answer, Dnssec, Mx, RECORDS_MAX, Records, TEXT_BYTES_MAX, Tlsa, Trouble, both, name};

/// A question takes no longer, tries at other servers and aliases included.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(5);

/// How long one try at the servers takes.
const TRY_TIME_MAX: Duration = Duration::from_secs(2);

/// Tries after the first.
const AGAIN_MAX: usize = 1;

/// How many aliases lead to an answer at most (CNAME).
const ALIASES_MAX: usize = 8;

/// Questions under way at once, of each server.
const ACTIVE_MAX: usize = 1024;

/// For how long it stands that nothing is there, when the answer does not say.
const NOTHING_KEPT: Duration = Duration::from_secs(60);

/// And at most: people publish a record and try at once.
const NOTHING_KEPT_MAX: Duration = Duration::from_secs(300);

/// For how long the same trouble is not asked for again.
const TROUBLE_KEPT: Duration = Duration::from_secs(5);

/// For how long it stands that a resolver is there, or is not.
const REACHED_KEPT: Duration = Duration::from_secs(10);

type Handle = RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>;

/// Asks the DNS.
pub struct Resolver {
    handle: Handle,
    cache: Mutex<Cache>,
    /// Whether a server's word that it verified something is worth anything.
    vouches: bool,
    reached: Mutex<Option<(Instant, Reached)>>,
    probing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    Yes,
    No,
}

impl Resolver {
    /// Asks these servers; none means those the system names.
    ///
    /// DNSSEC is verified by the resolver we ask, so its word counts where nobody can forge it on
    /// the way: servers the operator named, or ones on this machine (RFC 7672 §2.2.2).
    pub fn new(servers: &[SocketAddr]) -> Resolver {
        let (configs, vouches) = if servers.is_empty() { of_the_system() } else { (named(servers), true) };
        let mut options = ResolverOpts::default();
        options.timeout = TRY_TIME_MAX;
        options.max_active_requests = ACTIVE_MAX;
        let context = Arc::new(PoolContext::new(options, no_tls()));
        let pool = NameServerPool::from_config(configs, context, TokioRuntimeProvider::default());
        Resolver {
            handle: RetryDnsHandle::new(pool, AGAIN_MAX),
            cache: Mutex::default(),
            vouches,
            reached: Mutex::default(),
            probing: tokio::sync::Mutex::default(),
        }
    }

    /// Where mail for a domain goes; not sorted.
    pub async fn mx(&self, domain: &str) -> Answer<Mx> {
        self.ask(domain, RecordType::MX).await.each(|data| {
            let RData::MX(mx) = data else { return None };
            Some(Mx { preference: mx.preference, exchange: name::written(&mx.exchange) })
        })
    }

    /// The IPv4 addresses of a name.
    pub async fn ipv4(&self, name: &str) -> Answer<IpAddr> {
        self.ask(name, RecordType::A).await.each(|data| {
            let RData::A(address) = data else { return None };
            Some(IpAddr::V4(address.0))
        })
    }

    /// The IPv6 addresses of a name.
    pub async fn ipv6(&self, name: &str) -> Answer<IpAddr> {
        self.ask(name, RecordType::AAAA).await.each(|data| {
            let RData::AAAA(address) = data else { return None };
            Some(IpAddr::V6(address.0))
        })
    }

    /// All addresses of a name, IPv4 first.
    pub async fn addresses(&self, name: &str) -> Answer<IpAddr> {
        let (v4, v6) = tokio::join!(self.ipv4(name), self.ipv6(name));
        both(v4, v6)
    }

    /// The texts of a name, the strings of each joined. One over [`TEXT_BYTES_MAX`] is left out.
    pub async fn txt(&self, name: &str) -> Answer<Vec<u8>> {
        self.ask(name, RecordType::TXT).await.each(|data| {
            let RData::TXT(text) = data else { return None };
            Some(text.txt_data.concat()).filter(|text| text.len() <= TEXT_BYTES_MAX)
        })
    }

    /// The names of an address.
    pub async fn ptr(&self, address: IpAddr) -> Answer<String> {
        self.ask(&name::reverse(address), RecordType::PTR).await.each(|data| {
            let RData::PTR(target) = data else { return None };
            Some(name::written(&target)).filter(|name| !name.is_empty())
        })
    }

    /// What certificates must match: `_25._tcp.mx.example`. Worth something only if
    /// [`Dnssec::Secure`].
    pub async fn tlsa(&self, name: &str) -> Answer<Tlsa> {
        self.ask(name, RecordType::TLSA).await.each(|data| {
            let RData::TLSA(tlsa) = data else { return None };
            Some(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            })
        })
    }

    /// Whether any resolver says anything at all.
    pub async fn is_there(&self) -> bool {
        if let Some(reached) = self.reached_lately() {
            return reached == Reached::Yes;
        }
        // One asks, the others wait for what it finds.
        let _only_one = self.probing.lock().await;
        if let Some(reached) = self.reached_lately() {
            return reached == Reached::Yes;
        }
        self.probe().await
    }

    /// Where nobody was there lately, one looks again while the others do without.
    async fn is_there_again(&self) -> bool {
        match self.probing.try_lock() {
            Ok(_only_one) => self.probe().await,
            Err(_) => false,
        }
    }

    async fn probe(&self) -> bool {
        let asked = timeout(TRY_TIME_MAX, self.send(&Name::root(), RecordType::NS)).await;
        let there = asked.is_ok_and(|answer| answer.is_ok_and(|answer| !matches!(answer, Heard::Nobody(_))));
        self.note(if there { Reached::Yes } else { Reached::No });
        there
    }

    async fn ask(&self, text: &str, kind: RecordType) -> Answer<RData> {
        let Some(asked) = name::parse(text) else { return Answer::NoName };
        let text = name::written(&asked);
        let now = Instant::now();
        let kept = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&text, kind, now);
        if let Some(answer) = kept {
            return answer;
        }
        let gone = match self.reached() {
            Some((Reached::No, age)) => age < REACHED_KEPT || !self.is_there_again().await,
            Some((Reached::Yes, _)) => false,
            // Somebody is finding out just now.
            None => self.probing.try_lock().is_err() && !self.is_there().await,
        };
        if gone {
            return Answer::Trouble(Trouble::NoResolver);
        }
        let (answer, good_for) = match timeout(QUESTION_TIME_MAX, self.follow(asked, kind)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => (self.trouble(why).await, TROUBLE_KEPT),
            Err(_) => (self.trouble("no answer in time".to_owned()).await, TROUBLE_KEPT),
        };
        if answer != Answer::Trouble(Trouble::NoResolver) {
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.put(&text, kind, &answer, good_for, Instant::now());
        }
        answer
    }

    /// Nobody said anything to this question; do they to any?
    async fn trouble(&self, why: String) -> Answer<RData> {
        Answer::Trouble(if self.is_there().await { Trouble::Failed(why) } else { Trouble::NoResolver })
    }

    /// Asks, and goes after aliases the server did not follow to their end.
    async fn follow(&self, asked: Name, kind: RecordType) -> Result<(Answer<RData>, Duration), String> {
        let (mut at, mut aliases) = (asked, 0);
        let (mut dnssec, mut good_for) = (Dnssec::Secure, KEPT_MAX);
        loop {
            let response = match self.send(&at, kind).await? {
                Heard::Records(response) => response,
                Heard::Nothing(answer, kept) => return Ok((answer, good_for.min(kept))),
                Heard::Trouble(why) => {
                    return Ok((Answer::Trouble(Trouble::Failed(why)), TROUBLE_KEPT));
                }
                Heard::Nobody(why) => return Err(why),
            };
            if !(self.vouches && response.authentic_data) {
                dnssec = Dnssec::Unsigned;
            }
            let before = at.clone();
            let has = |name: &Name| {
                response.answers.iter().any(|record| record.name == *name && record.record_type() == kind)
            };
            while let Some((target, ttl)) = alias(&response, &at).filter(|_| !has(&at)) {
                aliases += 1;
                if aliases > ALIASES_MAX {
                    return Ok((
                        Answer::Trouble(Trouble::Failed("too many aliases".to_owned())),
                        TROUBLE_KEPT,
                    ));
                }
                good_for = good_for.min(ttl);
                at = target;
            }
            let here =
                response.answers.iter().filter(|record| record.name == at && record.record_type() == kind);
            let here: Vec<_> = here.take(RECORDS_MAX).collect();
            if let Some(ttl) = here.iter().map(|record| record.ttl).min() {
                let records = here.iter().map(|record| record.data.clone()).collect();
                let good_for = good_for.min(Duration::from_secs(u64::from(ttl)));
                return Ok((Answer::Found(Records { records, dnssec }), good_for));
            }
            if response.response_code == ResponseCode::NXDomain {
                return Ok((Answer::NoName, good_for.min(NOTHING_KEPT)));
            }
            if at == before {
                return Ok((Answer::NoRecord, good_for.min(NOTHING_KEPT)));
            }
        }
    }

    async fn send(&self, name: &Name, kind: RecordType) -> Result<Heard, String> {
        let mut request =
            DnsRequest::from_query(Query::query(name.clone(), kind), DnsRequestOptions::default());
        let (mut message, options) = request.into_parts();
        // RFC 6840 §5.7: we would like to know whether the resolver verified it.
        message.metadata.authentic_data = true;
        request = DnsRequest::new(message, options);
        let heard = match self.handle.send(request).first_answer().await {
            Ok(response) => Heard::Records(Box::new(response)),
            Err(NetError::Dns(DnsError::NoRecordsFound(nothing))) => nothing_there(&nothing),
            Err(error @ NetError::Dns(_)) => Heard::Trouble(error.to_string()),
            Err(error @ (NetError::Io(_) | NetError::NoConnections | NetError::Timeout)) => {
                return Ok(Heard::Nobody(error.to_string()));
            }
            // It said something, and we could not make anything of it.
            Err(error) => Heard::Trouble(error.to_string()),
        };
        self.note(Reached::Yes);
        Ok(heard)
    }

    fn note(&self, reached: Reached) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), reached));
    }

    fn reached_lately(&self) -> Option<Reached> {
        self.reached().filter(|(_, age)| *age < REACHED_KEPT).map(|(reached, _)| reached)
    }

    /// Whether somebody was there when one last looked, and how long ago that was.
    fn reached(&self) -> Option<(Reached, Duration)> {
        let (at, reached) = (*self.reached.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some((reached, at.elapsed()))
    }
}

/// What one question to the servers brought.
enum Heard {
    /// Something to read.
    Records(Box<DnsResponse>),
    /// There is nothing, for so long.
    Nothing(Answer<RData>, Duration),
    /// SERVFAIL, REFUSED, a truncated or broken answer.
    Trouble(String),
    /// Silence, or no way there.
    Nobody(String),
}

fn nothing_there(nothing: &NoRecords) -> Heard {
    let kept = nothing.negative_ttl.map_or(NOTHING_KEPT, |ttl| Duration::from_secs(u64::from(ttl)));
    let no_name = nothing.response_code == ResponseCode::NXDomain;
    let answer = if no_name { Answer::NoName } else { Answer::NoRecord };
    Heard::Nothing(answer, kept.min(NOTHING_KEPT_MAX))
}

fn alias(response: &DnsResponse, at: &Name) -> Option<(Name, Duration)> {
    response.answers.iter().filter(|record| record.name == *at).find_map(|record| {
        let RData::CNAME(target) = &record.data else { return None };
        Some((target.0.to_lowercase(), Duration::from_secs(u64::from(record.ttl))))
    })
}

fn named(servers: &[SocketAddr]) -> Vec<NameServerConfig> {
    let config = |server: &SocketAddr| {
        let at = |mut connection: ConnectionConfig| {
            connection.port = server.port();
            connection
        };
        let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
        NameServerConfig::new(server.ip(), true, connections)
    };
    servers.iter().map(config).collect()
}

fn of_the_system() -> (Vec<NameServerConfig>, bool) {
    match read_system_conf() {
        Ok((config, _)) => {
            let here = config.name_servers().iter().all(|server| server.ip.is_loopback());
            (config.name_servers().to_vec(), here)
        }
        Err(error) => {
            tracing::warn!(%error, "the system names no DNS resolver: nobody can be proven, nor mail be sent by MX");
            (Vec::new(), false)
        }
    }
}

/// We speak plain DNS; the library wants to be able to do more.
fn no_tls() -> TlsConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has what these versions need")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    TlsConfig { config }
}
