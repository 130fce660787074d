//! How many connections are open at a door, in all and from each peer: of mail, or of the web.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::network::Network;

/// Parts of a hundred of all slots from which on patience is short.
const CROWDED_PERCENT: usize = 80;

/// The places at the door, shared by all its listeners.
#[derive(Debug)]
pub struct Slots {
    connections_max: usize,
    per_peer_max: usize,
    trusted_relays: Vec<Network>,
    taken: Mutex<Taken>,
}

#[derive(Default, Debug)]
struct Taken {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// One place, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    counted_as: Option<IpAddr>,
}

impl Slots {
    /// Trusted relays and local processes are counted in all, and not per peer.
    pub fn new(connections_max: usize, per_peer_max: usize, trusted_relays: Vec<Network>) -> Arc<Slots> {
        Arc::new(Slots { connections_max, per_peer_max, trusted_relays, taken: Mutex::default() })
    }

    /// A place for this peer, if there is one left.
    ///
    /// `peer` is nobody for a process on this machine.
    pub fn take(self: &Arc<Slots>, peer: Option<IpAddr>) -> Option<Slot> {
        let counted_as = peer.filter(|address| !self.is_trusted(*address)).map(network_of);
        let mut taken = self.taken();
        if taken.all >= self.connections_max {
            return None;
        }
        if let Some(network) = counted_as {
            let from_peer = taken.by_peer.entry(network).or_default();
            if *from_peer >= self.per_peer_max {
                return None;
            }
            *from_peer += 1;
        }
        taken.all += 1;
        Some(Slot { slots: Arc::clone(self), counted_as })
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted_relays.iter().any(|network| network.contains(address))
    }

    /// Places in use.
    pub fn in_use(&self) -> usize {
        self.taken().all
    }

    /// Are so many places taken that slow peers must make room?
    pub fn are_crowded(&self) -> bool {
        self.in_use() * 100 > self.connections_max * CROWDED_PERCENT
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.all -= 1;
        if let Some(network) = self.counted_as
            && let Some(from_peer) = taken.by_peer.get_mut(&network)
        {
            *from_peer -= 1;
            if *from_peer == 0 {
                taken.by_peer.remove(&network);
            }
        }
    }
}

/// What one household or server has: an IPv4 address, or the /64 an IPv6 address is in.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Option<IpAddr> {
        Some(address.parse().expect(address))
    }

    #[test]
    fn each_peer_has_its_share_and_gives_it_back() {
        let slots = Slots::new(10, 2, vec!["127.0.0.1".parse().expect("an address")]);
        let first = slots.take(peer("192.0.2.1"));
        let second = slots.take(peer("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(slots.take(peer("192.0.2.1")).is_none());
        let other = slots.take(peer("192.0.2.2"));
        assert!(other.is_some());
        drop(first);
        assert!(slots.take(peer("192.0.2.1")).is_some());
        assert_eq!(slots.in_use(), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_peer() {
        let slots = Slots::new(10, 2, Vec::new());
        let _held = [slots.take(peer("2001:db8:1:2::1")), slots.take(peer("2001:db8:1:2:ffff::9"))];
        assert!(slots.take(peer("2001:db8:1:2:5::5")).is_none());
        assert!(slots.take(peer("2001:db8:1:3::1")).is_some());
    }

    #[test]
    fn relays_and_local_processes_count_only_in_all() {
        let slots = Slots::new(5, 1, vec!["::ffff:127.0.0.1".parse().expect("an address")]);
        let held: Vec<_> = (0..4).map(|_| slots.take(peer("127.0.0.1"))).collect();
        assert!(held.iter().all(Option::is_some) && !slots.are_crowded());
        let last = slots.take(None);
        assert!(last.is_some() && slots.are_crowded());
        assert!(slots.take(None).is_none());
    }
}
