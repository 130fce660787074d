//! How much strangers may write to people: to those who look after a list, to whoever runs the
//! server, and to the addresses where one asks for something.
//!
//! A list's posts have the list's own rules. What is over a limit is asked to come later, so that
//! a person who is caught with a flood is still heard.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::ids::ListId;
use crate::domain::time::Timestamp;

/// Limits are for so long.
const SPAN: Duration = Duration::from_secs(3600);

/// Messages of strangers to the people of one list, or of the server, in that time.
const PLACE_MAX: u32 = 60;

/// Messages to all of them from one network: what one customer of a provider has (/24, /48).
const NETWORK_MAX: u32 = 20;

/// Mails that ask to join, from one network: what one household or one bot has (threats: C10).
const JOINS_MAX: u32 = 10;

/// Places and networks counted at once. Of more, all begin anew.
const COUNTED_MAX: usize = 20_000;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Counted {
    /// The people of a list; of the server.
    Place(Option<ListId>),
    /// The first bytes of an address.
    Network([u8; 6]),
    /// The same, where somebody asks to join.
    Joins([u8; 6]),
}

/// Counts by the hour.
#[derive(Default)]
pub(super) struct Caps {
    counts: Mutex<HashMap<Counted, (Timestamp, u32)>>,
}

/// Whether one more is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// It is.
    Left,
    /// There were too many already.
    Full,
}

impl Caps {
    /// Counts a stranger's message to the people of a list (none: of the server).
    pub(super) fn one_more(&self, place: Option<ListId>, client: Option<IpAddr>, now: Timestamp) -> Room {
        let mut limits = vec![(Counted::Place(place), PLACE_MAX)];
        limits.extend(client.map(|address| (Counted::Network(network(address)), NETWORK_MAX)));
        self.count(&limits, now)
    }

    /// Counts a mail that asks to join, whoever it says it is from.
    pub(super) fn one_more_join(&self, client: Option<IpAddr>, now: Timestamp) -> Room {
        let Some(address) = client else { return Room::Left };
        self.count(&[(Counted::Joins(network(address)), JOINS_MAX)], now)
    }

    fn count(&self, limits: &[(Counted, u32)], now: Timestamp) -> Room {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTED_MAX {
            counts.retain(|_, (since, _)| now.since(*since) < SPAN);
            if counts.len() >= COUNTED_MAX {
                counts.clear();
            }
        }
        if limits.iter().any(|(what, limit)| used(&counts, *what, now) >= *limit) {
            return Room::Full;
        }
        for (what, _) in limits {
            let count = used(&counts, *what, now);
            let since = counts.get(what).filter(|_| count > 0).map_or(now, |(since, _)| *since);
            counts.insert(*what, (since, count + 1));
        }
        Room::Left
    }
}

fn used(counts: &HashMap<Counted, (Timestamp, u32)>, what: Counted, now: Timestamp) -> u32 {
    counts.get(&what).filter(|(since, _)| now.since(*since) < SPAN).map_or(0, |(_, count)| *count)
}

fn network(address: IpAddr) -> [u8; 6] {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            [0, 0, 4, a, b, c]
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, e, f, ..] = address.octets();
            [a, b, c, d, e, f]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(caps: &Caps, many: u32, list: u32, client: &str, seconds: i64) -> u32 {
        let now = Timestamp::from_seconds(1_800_000_000 + seconds);
        let client = client.parse().ok();
        let one = |_: &u32| caps.one_more(Some(ListId(list)), client, now) == Room::Left;
        u32::try_from((0..many).filter(one).count()).expect("few")
    }

    #[test]
    fn one_network_cannot_take_everybodys_place() {
        let caps = Caps::default();
        assert_eq!(taken(&caps, 100, 1, "192.0.2.7", 0), NETWORK_MAX);
        assert_eq!(taken(&caps, 100, 2, "192.0.2.200", 10), 0);
        assert_eq!(taken(&caps, 5, 1, "198.51.100.1", 10), 5);
        assert_eq!(taken(&caps, 100, 1, "2001:db8:1::1", 10), NETWORK_MAX);
        assert_eq!(taken(&caps, 100, 1, "2001:db8:1:ffff::1", 10), 0);
        // An hour after the first.
        assert_eq!(taken(&caps, 100, 1, "192.0.2.7", 3600), NETWORK_MAX);
    }

    #[test]
    fn one_network_asks_for_few_to_join() {
        let caps = Caps::default();
        let asked = |client: &str, seconds: i64| {
            let now = Timestamp::from_seconds(1_800_000_000 + seconds);
            let one = |_: &u32| caps.one_more_join(client.parse().ok(), now) == Room::Left;
            u32::try_from((0..100).filter(one).count()).expect("few")
        };
        assert_eq!(asked("192.0.2.7", 0), JOINS_MAX);
        assert_eq!(asked("192.0.2.99", 1), 0);
        assert_eq!(asked("2001:db8:1::1", 1), JOINS_MAX);
        assert_eq!(asked("2001:db8:1:2::1", 1), 0);
        assert_eq!(asked("192.0.2.7", 3600), JOINS_MAX);
    }

    #[test]
    fn many_networks_are_one_flood() {
        let caps = Caps::default();
        let all: u32 = (0..200).map(|n| taken(&caps, 1, 1, &format!("203.0.{n}.1"), 0)).sum();
        assert_eq!(all, PLACE_MAX);
        assert_eq!(taken(&caps, 1, 2, "198.51.100.1", 0), 1);
        assert_eq!(taken(&caps, 100, 1, "", 3599), 0);
        assert_eq!(taken(&caps, 100, 1, "", 3600), PLACE_MAX);
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let caps = Caps::default();
        for n in 0..30_000_u32 {
            taken(&caps, 1, n, "", 0);
        }
        assert!(caps.counts.lock().expect("whole").len() <= COUNTED_MAX);
    }
}
