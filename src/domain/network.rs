//! Addresses of machines, one or many that begin alike.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address, or all addresses that begin alike: `10.0.0.0/8`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Takes `127.0.0.1`, `::1` or `10.0.0.0/8`.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let written: IpAddr = address.trim().parse().ok()?;
        let address = if prefix.is_none() { written.to_canonical() } else { written };
        let address_bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = prefix.map_or(Some(address_bits), |p| p.trim().parse().ok())?;
        (prefix_bits <= address_bits).then_some(Network { address, prefix_bits })
    }

    /// Whether an address is of this network; `::ffff:127.0.0.1` is 127.0.0.1 seen from a v6 socket.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |a: IpAddr| match a {
            IpAddr::V4(a) => (u128::from(u32::from(a)) << 96, 32),
            IpAddr::V6(a) => (u128::from(a), 128),
        };
        let ((ours, our_length), (theirs, their_length)) = (bits(self.address), bits(address.to_canonical()));
        let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix_bits)).unwrap_or(0);
        our_length == their_length && (ours ^ theirs) & mask == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

/// Why a text is not a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("neither an address nor a network such as 10.0.0.0/8")]
pub struct InvalidNetwork;

impl FromStr for Network {
    type Err = InvalidNetwork;
    fn from_str(text: &str) -> Result<Network, InvalidNetwork> {
        Network::parse(text).ok_or(InvalidNetwork)
    }
}
