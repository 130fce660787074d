//! How often one client may have what costs something, asked before anything is looked up.
//!
//! A client is an address, or for IPv6 the network of one customer. Behind a server that is
//! trusted, it is the last address of `X-Forwarded-For` that is not trusted itself; without one
//! nobody is counted, as the server in front is not.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};

use crate::domain::network::Network;
use crate::domain::time::Timestamp;

/// Pages of one client in a minute: twenty a second, all day long.
const PAGES_PER_MINUTE_MAX: u32 = 1_200;
/// Whole conversations as files, of one client in a minute.
const FILES_PER_MINUTE_MAX: u32 = 60;
/// Links to sign in, asked for by one client in an hour.
const LINKS_PER_HOUR_MAX: u32 = 20;
/// Clients counted at once. Of more, those that have not come for longest are forgotten.
const CLIENTS_MAX: usize = 20_000;
/// Addresses of `X-Forwarded-For` looked at, the last ones.
const FORWARDED_MAX: usize = 20;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address a connection comes from, as the socket says it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Something that costs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Costs {
    /// Any answer.
    Page,
    /// A conversation or a feed as one file.
    File,
    /// A search.
    Search,
    /// A link to sign in.
    Link,
}

/// Who may have how much.
pub(crate) struct Limits {
    trusted: Vec<Network>,
    searches_per_minute_max: u32,
    used: Mutex<HashMap<(Costs, IpAddr), Bucket>>,
}

/// What is left at that moment; it fills by itself.
#[derive(Clone, Copy)]
struct Bucket {
    /// In thousandths.
    left: u64,
    at: Timestamp,
}

impl Limits {
    pub(crate) fn new(trusted: Vec<Network>, searches_per_minute_max: u32) -> Limits {
        Limits { trusted, searches_per_minute_max, used: Mutex::default() }
    }

    /// Whom a request is counted for; `None`: for nobody.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        if !self.is_trusted(peer) {
            return Some(network_of(peer));
        }
        let fields: Vec<&str> =
            headers.get_all(FORWARDED_FOR).iter().filter_map(|field| field.to_str().ok()).collect();
        let addresses = fields.iter().rev().flat_map(|field| field.rsplit(','));
        for address in addresses.take(FORWARDED_MAX) {
            // What the trusted server wrote cannot be read: it cannot be told whose it is.
            let address = address_in(address.trim())?;
            if !self.is_trusted(address) {
                return Some(network_of(address));
            }
        }
        None
    }

    /// Takes one; else says how long to wait.
    pub(crate) fn take(&self, costs: Costs, client: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let Some(client) = client else { return Ok(()) };
        let (most, span) = match costs {
            Costs::Page => (PAGES_PER_MINUTE_MAX, MINUTE),
            Costs::File => (FILES_PER_MINUTE_MAX, MINUTE),
            Costs::Search => (self.searches_per_minute_max, MINUTE),
            Costs::Link => (LINKS_PER_HOUR_MAX, HOUR),
        };
        let full = u64::from(most) * 1_000;
        let span_millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= CLIENTS_MAX {
            make_room(&mut used, now);
        }
        let bucket = used.entry((costs, client)).or_insert(Bucket { left: full, at: now });
        let passed = u64::try_from(now.since(bucket.at).as_millis()).unwrap_or(0).min(span_millis);
        let left = full.min(bucket.left + full * passed / span_millis);
        if left < 1_000 {
            // What has come since stays uncounted until a whole one is there.
            let missing = (1_000 - left) * span_millis / full.max(1);
            return Err(Duration::from_millis(missing.clamp(1, span_millis)));
        }
        *bucket = Bucket { left: left - 1_000, at: now };
        Ok(())
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// The older half goes.
fn make_room(used: &mut HashMap<(Costs, IpAddr), Bucket>, now: Timestamp) {
    used.retain(|(costs, _), bucket| *costs == Costs::Link || now.since(bucket.at) < MINUTE);
    if used.len() < CLIENTS_MAX {
        return;
    }
    let mut times: Vec<Timestamp> = used.values().map(|bucket| bucket.at).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    used.retain(|_, bucket| bucket.at > median);
}

/// `203.0.113.7`, `203.0.113.7:51234`, `2001:db8::1`, `[2001:db8::1]:51234`.
fn address_in(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address: Option<IpAddr> = bare.parse().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// One customer of a provider has a whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn limits() -> Limits {
        let trusted = ["127.0.0.1", "10.0.0.0/8"].iter().filter_map(|n| Network::parse(n)).collect();
        Limits::new(trusted, 60)
    }

    #[test]
    fn the_client_is_the_last_address_nobody_vouches_for() {
        let limits = limits();
        for (peer, forwarded, client) in [
            ("203.0.113.7", vec![], Some("203.0.113.7")),
            ("203.0.113.7", vec!["198.51.100.1"], Some("203.0.113.7")),
            ("127.0.0.1", vec![], None),
            ("127.0.0.1", vec!["198.51.100.1"], Some("198.51.100.1")),
            ("127.0.0.1", vec!["192.0.2.1, 198.51.100.1, 10.1.2.3"], Some("198.51.100.1")),
            ("127.0.0.1", vec!["192.0.2.1", "198.51.100.1"], Some("198.51.100.1")),
            ("127.0.0.1", vec!["192.0.2.1, unknown"], None),
            ("::ffff:127.0.0.1", vec!["[2001:db8:1:2:3::4]:99"], Some("2001:db8:1:2::")),
            ("2001:db8:1:2:aaaa::1", vec![], Some("2001:db8:1:2::")),
            ("127.0.0.1", vec!["198.51.100.1:4711"], Some("198.51.100.1")),
            ("127.0.0.1", vec!["10.1.1.1"], None),
        ] {
            let mut headers = HeaderMap::new();
            for field in &forwarded {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(field));
            }
            let found = limits.client(peer.parse().ok(), &headers);
            assert_eq!(found, client.and_then(|client| client.parse().ok()), "{peer} {forwarded:?}");
        }
        assert_eq!(limits.client(None, &HeaderMap::new()), None);
    }

    fn taken(limits: &Limits, costs: Costs, many: u32, client: &str, seconds: i64) -> u32 {
        let now = Timestamp::from_seconds(1_800_000_000 + seconds);
        let one = |_: &u32| limits.take(costs, client.parse().ok(), now).is_ok();
        u32::try_from((0..many).filter(one).count()).expect("few")
    }

    #[test]
    fn each_client_has_its_own_measure_and_it_fills_again() {
        let limits = limits();
        assert_eq!(taken(&limits, Costs::Search, 100, "192.0.2.1", 0), 60);
        assert_eq!(taken(&limits, Costs::Search, 100, "192.0.2.2", 0), 60);
        assert_eq!(taken(&limits, Costs::Page, 100, "192.0.2.1", 0), 100);
        assert_eq!(taken(&limits, Costs::Search, 100, "192.0.2.1", 10), 10);
        assert_eq!(taken(&limits, Costs::Search, 100, "192.0.2.1", 1_000), 60);
        assert_eq!(taken(&limits, Costs::Search, 100, "", 0), 100, "nobody is counted as nobody");
        let now = Timestamp::from_seconds(1_800_001_000);
        let wait = limits.take(Costs::Search, "192.0.2.1".parse().ok(), now);
        assert_eq!(wait, Err(Duration::from_secs(1)));
        assert_eq!(taken(&limits, Costs::Link, 100, "192.0.2.1", 0), 20);
        // A clock that goes back takes nothing away for ever.
        assert_eq!(taken(&limits, Costs::Link, 100, "192.0.2.1", -50_000), 0);
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let limits = limits();
        for n in 0..60_000_u32 {
            let client = IpAddr::from((n + 1).to_be_bytes());
            let _ = limits.take(Costs::Page, Some(client), Timestamp::from_seconds(i64::from(n) / 1_000));
        }
        assert!(limits.used.lock().expect("whole").len() <= CLIENTS_MAX);
    }

    proptest! {
        #[test]
        fn any_field_is_read(field in "[ -~]{0,60}") {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, HeaderValue::from_str(&field).expect("ASCII"));
            limits().client("127.0.0.1".parse().ok(), &headers);
        }
    }
}
