//! Where copies go: to one server that takes them all, or to each domain's own.
//!
//! Parsed from `delivery.route`; resolves nothing and connects to nothing.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::domain::address::is_domain;

/// The value of `delivery.route`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// `mx`: the servers each recipient's domain names (RFC 5321 §5).
    Mx,
    /// `smtp://host:port`: one smarthost.
    Smtp(Peer),
    /// `smtps://host:port`: one smarthost, TLS from the first byte (RFC 8314 §3).
    Smtps(Peer),
    /// `lmtp://host:port`: a mail store that answers for each recipient (RFC 2033).
    Lmtp(Peer),
    /// `lmtp:///path/to/socket`: the same on this machine.
    LmtpSocket(PathBuf),
}

/// A machine and its port.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Peer {
    /// A host name or an IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Why a text is not a route.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidRoute {
    /// Not `mx` and none of the schemes.
    #[error(
        "route {0:?} is not one of mx, smtp://host:port, smtps://host:port, lmtp://host:port, lmtp:///path"
    )]
    Scheme(String),
    /// What follows the scheme is no host and port.
    #[error("route {0:?} does not name a host and a port, as in smtp://mail.example.org:25")]
    Peer(String),
    /// A socket's path that is `/`.
    #[error("route {0:?} does not name a socket, as in lmtp:///run/dovecot/lmtp")]
    Socket(String),
}

impl Route {
    /// RFC 5321 §4.5.4.2.
    pub const SMTP_PORT: u16 = 25;
    /// RFC 8314 §7.3.
    pub const SMTPS_PORT: u16 = 465;
    /// RFC 2033 §5 forbids LMTP on port 25; 24 is "any private mail system", and customary.
    pub const LMTP_PORT: u16 = 24;

    /// Takes `mx` or a scheme with a host, and a port where it is not the usual one.
    pub fn parse(text: &str) -> Result<Route, InvalidRoute> {
        let text = text.trim();
        if text == "mx" {
            return Ok(Route::Mx);
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| InvalidRoute::Scheme(text.to_owned()))?;
        let peer = |port| Peer::parse(rest, port).ok_or_else(|| InvalidRoute::Peer(text.to_owned()));
        match scheme {
            "smtp" => peer(Route::SMTP_PORT).map(Route::Smtp),
            "smtps" => peer(Route::SMTPS_PORT).map(Route::Smtps),
            "lmtp" if rest.starts_with('/') => match rest.trim_end_matches('/') {
                "" => Err(InvalidRoute::Socket(text.to_owned())),
                _ => Ok(Route::LmtpSocket(PathBuf::from(rest))),
            },
            "lmtp" => peer(Route::LMTP_PORT).map(Route::Lmtp),
            _ => Err(InvalidRoute::Scheme(text.to_owned())),
        }
    }
}

impl Peer {
    fn parse(text: &str, usual_port: u16) -> Option<Peer> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']')?;
                address.parse::<Ipv6Addr>().ok()?;
                let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
                (address, port)
            }
            None => match text.rsplit_once(':') {
                // Without brackets, nobody can tell where an IPv6 address ends and its port begins.
                Some((host, _)) if host.contains(':') => return None,
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.parse::<IpAddr>().is_err() && !is_domain(host) {
            return None;
        }
        let port = match port {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => usual_port,
        };
        (port != 0).then(|| Peer { host: host.to_owned(), port })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Peer { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::Mx => f.write_str("mx"),
            Route::Smtp(peer) => write!(f, "smtp://{peer}"),
            Route::Smtps(peer) => write!(f, "smtps://{peer}"),
            Route::Lmtp(peer) => write!(f, "lmtp://{peer}"),
            Route::LmtpSocket(path) => write!(f, "lmtp://{}", path.display()),
        }
    }
}

impl FromStr for Route {
    type Err = InvalidRoute;

    fn from_str(text: &str) -> Result<Route, InvalidRoute> {
        Route::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_print_as_they_are_read() {
        for (text, printed) in [
            ("mx", "mx"),
            (" smtp://localhost:2525 ", "smtp://localhost:2525"),
            ("smtp://mail.example.org", "smtp://mail.example.org:25"),
            ("smtp://127.0.0.1:25/", "smtp://127.0.0.1:25"),
            ("smtps://mail.example.org", "smtps://mail.example.org:465"),
            ("lmtp://[::1]:24", "lmtp://[::1]:24"),
            ("lmtp://[::1]", "lmtp://[::1]:24"),
            ("lmtp:///run/dovecot/lmtp", "lmtp:///run/dovecot/lmtp"),
        ] {
            let route = Route::parse(text).expect(text);
            assert_eq!(route.to_string(), printed);
            assert_eq!(Route::parse(printed), Ok(route));
        }
    }

    #[test]
    fn texts_that_are_no_route() {
        for text in [
            "",
            "MX",
            "http://a.example",
            "smtp:a.example",
            "smtp://",
            "smtp://:25",
            "smtp:///a",
            "smtp://a b:25",
            "smtp://a.example:0",
            "smtp://a.example:+25",
            "smtp://a.example:65536",
            "smtp://a.example:x",
            "smtp://a.example:25/path",
            "smtp://user@a.example:25",
            "smtp://::1:25",
            "smtp://[::1",
            "smtp://[::1]25",
            "smtp://[a.example]:25",
            "lmtp:///",
            "smtp://a.example\r\nDATA",
        ] {
            assert!(Route::parse(text).is_err(), "{text:?}");
        }
    }
}
