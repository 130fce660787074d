//! The trace line every server puts in front of a message it takes (RFC 5321 §4.4).

use std::net::IpAddr;

use super::envelope::{Envelope, Peer};
use crate::domain::time::{Timestamp, Zone};

/// Our `Received:` field for this envelope, folded, with its CRLF.
///
/// `by` is our host name, `id` an atom that is ours alone for this message. A recipient is named
/// only when there is a single one: another would learn of a hidden copy (RFC 5321 §7.6).
pub fn received_line(envelope: &Envelope, by: &str, id: &str, at: Timestamp, zone: &Zone) -> String {
    let helo = as_word(&envelope.helo);
    let from = match envelope.peer {
        Peer::Address(IpAddr::V4(address)) => format!("{helo} ([{address}])"),
        Peer::Address(IpAddr::V6(address)) => format!("{helo} ([IPv6:{address}])"),
        Peer::Local => format!("{helo} (local)"),
    };
    let recipient = match envelope.recipients.as_slice() {
        [only] => format!("\r\n\tfor <{only}>"),
        _ => String::new(),
    };
    let (with, id, date) = (envelope.protocol.keyword(), as_word(id), at.rfc5322(zone));
    format!("Received: from {from}\r\n\tby {by} with {with} id {id}{recipient};\r\n\t{date}\r\n")
}

/// What a peer calls itself, with nothing in it that has a meaning in a header.
fn as_word(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._-:[]+=/*!#$%&'^`{|}~".contains(c);
    let word: String = text.chars().map(|c| if harmless(c) { c } else { '?' }).collect();
    if word.is_empty() { "unknown".to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::EmailAddress;
    use crate::smtp::envelope::{Protocol, ReversePath};
    use expect_test::{Expect, expect};

    fn check(protocol: Protocol, peer: Peer, helo: &str, recipients: &[&str], expected: Expect) {
        let envelope = Envelope {
            protocol,
            peer,
            helo: helo.to_owned(),
            sender: ReversePath::NULL,
            recipients: recipients.iter().map(|r| EmailAddress::parse(r).expect(r)).collect(),
            raw: Vec::new(),
            eight_bit: false,
        };
        let at = Timestamp::from_seconds(1_795_341_600);
        let zone = Zone::parse("Europe/Paris").expect("a zone");
        let line = received_line(&envelope, "lists.example.org", "7F3K", at, &zone);
        assert!(line.ends_with("\r\n") && !line.replace("\r\n\t", "").trim_end().contains(['\r', '\n']));
        expected.assert_eq(&line.replace("\r\n", "\n"));
    }

    #[test]
    fn a_single_recipient_is_named() {
        check(
            Protocol::Esmtp,
            Peer::Address("192.0.2.7".parse().expect("an address")),
            "mail.anne.example",
            &["quartier@lists.example.org"],
            expect![[r#"
                Received: from mail.anne.example ([192.0.2.7])
                	by lists.example.org with ESMTP id 7F3K
                	for <quartier@lists.example.org>;
                	Sun, 22 Nov 2026 11:00:00 +0100
            "#]],
        );
    }

    #[test]
    fn of_several_recipients_none_is_named() {
        check(
            Protocol::Lmtp,
            Peer::Local,
            "mta",
            &["a@lists.example.org", "b@lists.example.org"],
            expect![[r#"
                Received: from mta (local)
                	by lists.example.org with LMTP id 7F3K;
                	Sun, 22 Nov 2026 11:00:00 +0100
            "#]],
        );
    }

    #[test]
    fn a_hostile_name_stays_a_word() {
        check(
            Protocol::Smtp,
            Peer::Address("2001:db8::1".parse().expect("an address")),
            "x)(by\r\nBcc:<v@x>;\u{e9}",
            &["a@lists.example.org", "b@lists.example.org"],
            expect![[r#"
                Received: from x??by??Bcc:?v?x??? ([IPv6:2001:db8::1])
                	by lists.example.org with SMTP id 7F3K;
                	Sun, 22 Nov 2026 11:00:00 +0100
            "#]],
        );
    }
}
