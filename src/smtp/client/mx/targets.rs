//! Addresses strangers may have us connect to: only those that are somebody's on the Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether mail for anybody may go there: no loopback, private, link-local, shared, documentation,
/// multicast or reserved address, in whatever form it is written (RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        // "This" network; shared address space (RFC 6598); protocol assignments; benchmarks;
        // reserved (RFC 1112 §4).
        || a == 0
        || (a, b & 0xC0) == (100, 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b & 0xFE) == (198, 18)
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Addresses that lead to an IPv4 address are as public as that one: 6to4 (RFC 3056), NAT64
    // (RFC 6052).
    let inner = match segments {
        [0x2002, a, b, ..] => Some((a, b)),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => Some((a, b)),
        _ => None,
    };
    if let Some((a, b)) = inner {
        let ([a, b], [c, d]) = (a.to_be_bytes(), b.to_be_bytes());
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Global unicast is 2000::/3 (RFC 4291 §2.4); in it, Teredo (RFC 4380) and what documents use.
    segments[0] & 0xE000 == 0x2000
        && !(segments[0] == 0x2001 && (segments[1] == 0 || segments[1] == 0xdb8))
        && !(segments[0] == 0x3fff && segments[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_the_internet_are_public() {
        for address in [
            "8.8.8.8",
            "193.0.14.129",
            "2a00:1450:4007::1b",
            "2001:4860::8888",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_public(address.parse().expect(address)), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().expect(address)), "{address}");
        }
    }
}
