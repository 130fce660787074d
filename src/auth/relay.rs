//! What a mail server in front of us says: who handed the message in, and what it found out.
//!
//! Believed is only what stands above the topmost `Received:`, or in it: the server wrote that
//! itself, and whatever is below came from outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::domain::network::Network;
use crate::mail::headers::{Field, Headers};

/// Servers in front of each other, at most.
const RELAYS_MAX: usize = 10;

/// Who handed a message in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// What it called itself.
    pub helo: String,
}

/// What a trusted relay wrote above its `Received:`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RelaySays {
    /// Its results: `dmarc=pass` and the domain that is about.
    passed: Vec<(Method, String)>,
    /// Its verdict on unwanted mail.
    pub spam: Option<SpamWord>,
}

/// A verdict on unwanted mail in a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpamWord {
    /// It is unwanted.
    Spam,
    /// It is not.
    Ham,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Method {
    Dmarc,
    Dkim,
    Spf,
}

/// Whether an address is one of the servers in front of us.
pub(super) fn is_one_of(relays: &[Network], address: IpAddr) -> bool {
    relays.iter().any(|network| network.contains(address))
}

/// The client of the first server in front of us that is not itself one.
pub(super) fn client(headers: &Headers<'_>, relays: &[Network]) -> Option<Client> {
    for field in headers.all("received").take(RELAYS_MAX) {
        let client = client_in(&field.value())?;
        if !is_one_of(relays, client.address) {
            return Some(client);
        }
    }
    None
}

/// `from mail.anne.example (unknown [192.0.2.7]) by …`, as Postfix, Sendmail, Exim and we write it.
fn client_in(received: &str) -> Option<Client> {
    let rest = received.trim_start().strip_prefix("from ")?.trim_start();
    let (helo, rest) = rest.split_once(char::is_whitespace)?;
    let comment = rest.trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let comment = comment.map_or("", |(comment, _)| comment);
    // Exim puts what the client calls itself behind its address.
    let said = comment.split_whitespace().find_map(|word| word.strip_prefix("helo="));
    let address = comment.split_whitespace().find_map(bracketed);
    match (address, said) {
        (Some(address), said) => Some(Client { address, helo: said.unwrap_or(helo).to_owned() }),
        (None, Some(said)) => Some(Client { address: bracketed(helo)?, helo: said.to_owned() }),
        (None, None) => None,
    }
}

/// `[192.0.2.7]`, `[IPv6:2001:db8::1]`, and `[192.0.2.7]:2525`.
fn bracketed(word: &str) -> Option<IpAddr> {
    let inside = word.strip_prefix('[')?.split_once(']')?.0;
    let v6 = inside.get(..5).filter(|start| start.eq_ignore_ascii_case("ipv6:"));
    let address = match v6 {
        Some(_) => inside[5..].parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => inside.parse::<Ipv4Addr>().ok().map(IpAddr::V4).or_else(|| inside.parse().ok()),
    };
    address.map(|address| address.to_canonical())
}

/// What stands above the topmost `Received:`, if there is one and `believed` wrote it.
pub(super) fn says(headers: &Headers<'_>, believed: Option<&str>) -> RelaySays {
    let mut says = RelaySays::default();
    let Some(believed) = believed.filter(|_| headers.has("received")) else { return says };
    let above = headers.fields().iter().take_while(|field| !field.is("received"));
    for field in above {
        if field.is("authentication-results") {
            says.passed.extend(passed_in(&field.value(), believed));
        } else if says.spam.is_none() {
            says.spam = spam_word(field);
        }
    }
    says
}

impl RelaySays {
    /// Its word for this author, if it has one: `dmarc=pass`.
    pub(super) fn vouches_for(&self, author: &str, spf_domain: Option<&str>) -> Option<String> {
        let word = |(method, domain): &(Method, String)| {
            let about_them = domain == author;
            match method {
                Method::Dmarc if about_them => Some("dmarc=pass".to_owned()),
                Method::Dkim if about_them => Some("dkim=pass".to_owned()),
                Method::Spf if about_them && spf_domain.is_none_or(|domain| domain == author) => {
                    Some("spf=pass".to_owned())
                }
                Method::Dmarc | Method::Dkim | Method::Spf => None,
            }
        };
        self.passed.iter().find_map(word)
    }
}

/// RFC 8601 §2.2: `id; method=result property=value …; …`, with comments anywhere.
fn passed_in(value: &str, believed: &str) -> Vec<(Method, String)> {
    let value = without_comments(value);
    let mut parts = value.split(';');
    let id = parts.next().unwrap_or("").split_whitespace().next().unwrap_or("").trim_matches('"');
    if !id.eq_ignore_ascii_case(believed) {
        return Vec::new();
    }
    parts.filter_map(passed).collect()
}

fn passed(part: &str) -> Option<(Method, String)> {
    let mut words = part.split_whitespace();
    let (method, property) = match words.next()?.to_ascii_lowercase().as_str() {
        "dmarc=pass" => (Method::Dmarc, "header.from="),
        "dkim=pass" => (Method::Dkim, "header.d="),
        "spf=pass" => (Method::Spf, "smtp.mailfrom="),
        _ => return None,
    };
    let value = words.find_map(|word| word.strip_prefix(property))?.trim_matches('"');
    let domain = value.rsplit_once('@').map_or(value, |(_, domain)| domain);
    Some((method, domain.to_ascii_lowercase()))
}

/// RFC 5322 §3.2.2: comments nest, and a backslash takes the meaning from what follows. In a quoted
/// string nothing is a comment; a `;` in one would mislead us, so it goes.
pub(super) fn without_comments(value: &str) -> String {
    let (mut text, mut depth, mut quoted, mut escaped) =
        (String::with_capacity(value.len()), 0_usize, false, false);
    for c in value.chars() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '"' if depth == 0 => {
                quoted = !quoted;
                text.push(c);
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth = depth.saturating_sub(1);
                text.push(' ');
            }
            ';' if quoted => {}
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text
}

/// As SpamAssassin and rspamd write it: `X-Spam-Flag: YES`, `X-Spam-Status: No, score=…`,
/// `X-Spam: Yes`.
fn spam_word(field: &Field<'_>) -> Option<SpamWord> {
    if !["x-spam-flag", "x-spam-status", "x-spam"].iter().any(|name| field.is(name)) {
        return None;
    }
    let value = field.value();
    let word: String = value.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" | "spam" => Some(SpamWord::Spam),
        "no" | "false" | "ham" => Some(SpamWord::Ham),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_stands_where_each_server_writes_it() {
        for (received, expected) in [
            ("from mail.anne.example (unknown [192.0.2.7]) by mx", Some(("192.0.2.7", "mail.anne.example"))),
            (
                "from mail.anne.example (mail.anne.example [IPv6:2001:db8::7])\r\n\tby mx",
                Some(("2001:db8::7", "mail.anne.example")),
            ),
            (
                "from mail.anne.example ([192.0.2.7])\r\n\tby lists.example",
                Some(("192.0.2.7", "mail.anne.example")),
            ),
            (
                "from mail.anne.example ([192.0.2.7]:4025 helo=said.example) by mx",
                Some(("192.0.2.7", "said.example")),
            ),
            ("from [192.0.2.7] (helo=said.example) by mx", Some(("192.0.2.7", "said.example"))),
            // What the client calls itself is not where it is.
            ("from [198.51.100.1] (unknown [192.0.2.7]) by mx", Some(("192.0.2.7", "[198.51.100.1]"))),
            ("from [192.0.2.7] (helo=[198.51.100.1]) by mx", Some(("192.0.2.7", "[198.51.100.1]"))),
            ("from mail (local)\r\n\tby lists.example", None),
            ("by mx.example (Postfix, from userid 1000) id 7", None),
            ("from mail.anne.example by mx.example", None),
            ("from [192.0.2.7] by mx.example", None),
            ("", None),
        ] {
            let found = client_in(received);
            let found = found.as_ref().map(|client| (client.address.to_string(), client.helo.as_str()));
            assert_eq!(found, expected.map(|(address, helo)| (address.to_owned(), helo)), "{received}");
        }
    }

    fn says_of(header: &str, believed: Option<&str>) -> Option<String> {
        let raw = format!("{}\r\n\r\ntext\r\n", header.replace('\n', "\r\n"));
        let (headers, _) = Headers::scan_leniently(raw.as_bytes());
        says(&headers, believed).vouches_for("anne.example", None)
    }

    #[test]
    fn only_the_relays_own_word_is_believed() {
        let received = "Received: from x (x [192.0.2.7]) by mx.example; now";
        let passed = "dmarc=pass (p=reject) header.from=anne.example";
        for (header, expected) in [
            (format!("Authentication-Results: mx.example; {passed}\n{received}"), Some("dmarc=pass")),
            (
                format!("Authentication-Results: MX.example 1;\n\tspf=fail; {passed}\n{received}"),
                Some("dmarc=pass"),
            ),
            (format!("Authentication-Results: (c) \"mx.example\"; {passed}\n{received}"), Some("dmarc=pass")),
            // Below, of another name, or of nobody.
            (format!("{received}\nAuthentication-Results: mx.example; {passed}"), None),
            (format!("Authentication-Results: mx.example; {passed}"), None),
            (format!("Authentication-Results: mx.example.evil.example; {passed}\n{received}"), None),
            (format!("Authentication-Results: evil.example; x=\"; mx.example; {passed}\"\n{received}"), None),
            (format!("X-Authentication-Results: mx.example; {passed}\n{received}"), None),
            // About somebody else, or not passed.
            (
                format!("Authentication-Results: mx.example; dmarc=pass header.from=bob.example\n{received}"),
                None,
            ),
            (
                format!(
                    "Authentication-Results: mx.example; dmarc=fail header.from=anne.example\n{received}"
                ),
                None,
            ),
            (
                format!(
                    "Authentication-Results: mx.example; dmarc=fail ({passed}) header.from=x\n{received}"
                ),
                None,
            ),
            (format!("Authentication-Results: mx.example; spf=fail reason=\"; {passed}\"\n{received}"), None),
            (
                format!("Authentication-Results: mx.example; dkim=pass header.d=anne.example\n{received}"),
                Some("dkim=pass"),
            ),
            (
                format!(
                    "Authentication-Results: mx.example; spf=pass smtp.mailfrom=a@anne.example\n{received}"
                ),
                Some("spf=pass"),
            ),
        ] {
            assert_eq!(says_of(&header, Some("mx.example")).as_deref(), expected, "{header}");
            assert_eq!(says_of(&header, None), None, "{header}");
        }
    }

    #[test]
    fn garbage_is_no_word() {
        let header =
            "Authentication-Results: mx.example (a(b)c); dmarc=pass header.from=anne.example\nReceived: x";
        for end in 0..header.len() {
            says_of(&header[..end], Some("mx.example"));
            client_in(&header[..end]);
        }
        for text in ["(((((", ")))))", "\\", "\"", "from ", "from x (", "from x ([", "from x ([IPv6", "[é]"]
        {
            assert_eq!(client_in(text), None);
            assert_eq!(bracketed(text), None);
            without_comments(text);
        }
    }

    #[test]
    fn a_verdict_has_many_names() {
        for (field, expected) in [
            ("X-Spam-Flag: YES", Some(SpamWord::Spam)),
            ("X-Spam-Status: No, score=-1.9 required=5.0", Some(SpamWord::Ham)),
            ("X-Spam-Status: Yes, score=12", Some(SpamWord::Spam)),
            ("X-Spam: yes", Some(SpamWord::Spam)),
            ("X-Spam-Score: 12", None),
            ("X-Spam-Flag: perhaps", None),
        ] {
            let raw = format!("{field}\r\nReceived: from x\r\n\r\n");
            let (headers, _) = Headers::scan_leniently(raw.as_bytes());
            assert_eq!(says(&headers, Some("mx.example")).spam, expected, "{field}");
            let below = format!("Received: from x\r\n{field}\r\n\r\n");
            let (headers, _) = Headers::scan_leniently(below.as_bytes());
            assert_eq!(says(&headers, Some("mx.example")).spam, None, "{field}");
        }
    }
}
