//! Names as the DNS takes them.

use std::net::IpAddr;

use hickory_resolver::proto::rr::Name;

/// A name to ask for, from its root. None: nothing in the DNS can be called that.
pub(super) fn parse(name: &str) -> Option<Name> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    Some(name.to_lowercase())
}

/// As we write it: in lower case, without the dot at the end; empty for the root.
pub(super) fn written(name: &Name) -> String {
    let mut text = name.to_ascii().to_ascii_lowercase();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// Where the name of an address stands: `7.2.0.192.in-addr.arpa` (RFC 1035 §3.5, RFC 3596 §2.5).
pub(super) fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let digits = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let mut name: String = digits.map(|digit| format!("{digit:x}.")).collect();
            name.push_str("ip6.arpa");
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_are_written() {
        for (name, expected) in [
            ("Example.ORG", Some("example.org")),
            ("example.org.", Some("example.org")),
            ("_25._tcp.mx.example", Some("_25._tcp.mx.example")),
            (".", Some("")),
            ("a..b", None),
            (&"a".repeat(64), None),
            (&"a.".repeat(128), None),
        ] {
            assert_eq!(parse(name).as_ref().map(written).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn addresses_are_named_backwards() {
        for (address, expected) in [
            ("192.0.2.7", "7.2.0.192.in-addr.arpa"),
            ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ] {
            assert_eq!(reverse(address.parse().expect("an address")), expected);
        }
    }
}
