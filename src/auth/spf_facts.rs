//! What is known of the DNS while the library judges, and the first thing it misses.
//!
//! The library looks into caches before it asks; ours answer everything, so that it never asks by
//! itself: what is not known yet is noted as wanted, and the library runs again once we know.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use mail_auth::hickory_resolver::TokioResolver;
use mail_auth::hickory_resolver::config::{ResolveHosts, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::net::runtime::TokioRuntimeProvider;
use mail_auth::{DnsError, DnssecStatus, Error, MX, MessageAuthenticator, RecordSet, ResolverCache, Txt};

/// What may be wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Txt(String),
    Ipv4(String),
    Ipv6(String),
    Mx(String),
    Ptr,
}

/// What is known so far.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) txt: HashMap<String, Txt>,
    pub(super) ipv4: HashMap<String, Vec<Ipv4Addr>>,
    pub(super) ipv6: HashMap<String, Vec<Ipv6Addr>>,
    pub(super) mx: HashMap<String, Vec<MX>>,
    pub(super) ptr: Option<Vec<String>>,
    /// The first thing that was missing in this run.
    pub(super) wanted: Option<Wanted>,
}

impl Facts {
    pub(super) fn with_txt(txt: impl Iterator<Item = (String, Txt)>) -> Facts {
        Facts { txt: txt.collect(), ..Facts::default() }
    }
}

/// The library, with a resolver that has no servers.
pub(super) fn library_that_asks_nobody() -> MessageAuthenticator {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has what these versions need")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let mut options = ResolverOpts::default();
    options.use_hosts_file = ResolveHosts::Never;
    let nobody = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    let resolver = TokioResolver::builder_with_config(nobody, TokioRuntimeProvider::default())
        .with_options(options)
        .with_tls_config(tls)
        .build()
        .expect("a resolver without servers needs nothing");
    MessageAuthenticator(resolver)
}

/// The library's caches tell a name only to a hasher; this one writes it down.
#[derive(Default)]
struct Overheard(Vec<u8>);

impl Hasher for Overheard {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn name_of<Q: Hash + ?Sized>(key: &Q) -> String {
    let mut overheard = Overheard::default();
    key.hash(&mut overheard);
    let mut bytes = overheard.0;
    // `str` ends what it hashes with a byte that is in no text.
    if bytes.last() == Some(&0xff) {
        bytes.pop();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn not_known_yet() -> Error {
    Error::Dns(DnsError::Resolver("not asked yet".to_owned()))
}

fn records<T>(rrset: Vec<T>) -> RecordSet<T> {
    RecordSet { rrset: rrset.into(), dnssec_status: DnssecStatus::Indeterminate }
}

macro_rules! facts_about {
    ($(#[$about:meta])* $name:ident, $key:ty, $value:ty, $get:expr) => {
        $(#[$about])*
        pub(super) struct $name<'a>(pub(super) &'a Mutex<Facts>);

        impl ResolverCache<$key, $value> for $name<'_> {
            fn get<Q>(&self, key: &Q) -> Option<$value>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                let mut facts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let get: fn(&mut Facts, String) -> $value = $get;
                Some(get(&mut facts, name_of(key)))
            }

            fn remove<Q>(&self, _: &Q) -> Option<$value>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                None
            }

            fn insert(&self, _: $key, _: $value, _: std::time::Instant) {}
        }
    };
}

facts_about!(
    /// Texts.
    TxtFacts, Box<str>, Txt, |facts, name| {
        facts.txt.get(&name).cloned().unwrap_or_else(|| {
            facts.wanted.get_or_insert(Wanted::Txt(name));
            Txt::Error(not_known_yet())
        })
    }
);
facts_about!(
    /// IPv4 addresses.
    Ipv4Facts, Box<str>, RecordSet<Ipv4Addr>, |facts, name| {
        records(facts.ipv4.get(&name).cloned().unwrap_or_else(|| {
            facts.wanted.get_or_insert(Wanted::Ipv4(name));
            Vec::new()
        }))
    }
);
facts_about!(
    /// IPv6 addresses.
    Ipv6Facts, Box<str>, RecordSet<Ipv6Addr>, |facts, name| {
        records(facts.ipv6.get(&name).cloned().unwrap_or_else(|| {
            facts.wanted.get_or_insert(Wanted::Ipv6(name));
            Vec::new()
        }))
    }
);
facts_about!(
    /// Where mail goes.
    MxFacts, Box<str>, RecordSet<MX>, |facts, name| {
        records(facts.mx.get(&name).cloned().unwrap_or_else(|| {
            facts.wanted.get_or_insert(Wanted::Mx(name));
            Vec::new()
        }))
    }
);
facts_about!(
    /// The names of the client.
    PtrFacts, IpAddr, RecordSet<Box<str>>, |facts, _| {
        let names = facts.ptr.clone().unwrap_or_else(|| {
            facts.wanted.get_or_insert(Wanted::Ptr);
            Vec::new()
        });
        records(names.into_iter().map(String::into_boxed_str).collect())
    }
);
