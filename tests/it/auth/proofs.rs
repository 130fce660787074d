//! Each of the four proofs, by what domains publish and messages carry.

use mail_auth::arc::ArcSealer;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults};
use parvis::domain::proof::Proof;

use super::{Key, ask, checker, mail, told};
use crate::fake_dns::{FakeDns, Manner};

const CLIENT: &str = "192.0.2.7";
const STRANGER: &str = "203.0.113.9";

/// A world of domains, each with its own habits.
async fn world(key: &Key) -> FakeDns {
    let dns = FakeDns::start().await;
    dns.txt("s._domainkey.anne.example", &key.record);
    dns.txt("_dmarc.anne.example", "v=DMARC1; p=reject");
    dns.txt("anne.example", "v=spf1 ip4:192.0.2.7 -all");
    dns.txt("s._domainkey.news.anne.example", &key.record);
    dns.txt("news.anne.example", "v=spf1 ip4:192.0.2.7 -all");
    // Strict: nothing but the very same domain counts.
    dns.txt("_dmarc.strict.example", "v=DMARC1; p=quarantine; adkim=s; aspf=s");
    dns.txt("s._domainkey.sub.strict.example", &key.record);
    dns.txt("sub.strict.example", "v=spf1 ip4:192.0.2.7 -all");
    // Nothing but SPF, nothing but a signature, nothing at all.
    dns.txt("spf.example", "v=spf1 ip4:192.0.2.7 -all").txt("spf.example", "site-verification=1");
    dns.txt("s._domainkey.dkim.example", &key.record);
    dns.ip("plain.example", "192.0.2.80").mx("plain.example", 10, "mail.plain.example");
    // Somebody else's, with all there is.
    dns.txt("s._domainkey.eve.example", &key.record);
    dns.txt("eve.example", "v=spf1 ip4:203.0.113.9 -all").txt("_dmarc.eve.example", "v=DMARC1; p=none");
    // A public suffix that says so, and two people below it.
    dns.txt("_dmarc.city.example", "v=DMARC1; psd=y; p=none");
    for name in ["one.city.example", "two.city.example"] {
        dns.txt(&format!("_dmarc.{name}"), "v=DMARC1; p=reject");
        dns.txt(&format!("s._domainkey.{name}"), &key.record);
    }
    // The DNS fails.
    dns.manner("_dmarc.trouble.example", Manner::ServFail).manner("trouble.example", Manner::ServFail);
    dns.manner("s._domainkey.trouble.example", Manner::ServFail);
    dns.txt("_dmarc.halfway.example", "v=DMARC1; p=reject");
    dns.manner("s._domainkey.halfway.example", Manner::ServFail);
    dns
}

/// What it is, where it comes from, with which reverse-path, the message, and what is expected.
type Case = (&'static str, &'static str, &'static str, String, Proof);

async fn check(dns: &FakeDns, cases: Vec<Case>) {
    let checker = checker(dns, None);
    for (what, peer, sender, message, expected) in cases {
        let found = ask(&checker, peer, sender, &message).await;
        assert_eq!(found.proof, expected, "{what}: {}", told(&found));
    }
}

#[tokio::test]
async fn who_could_be_proven_and_was() {
    let key = Key::new();
    let dns = world(&key).await;
    let signed = |domain: &str, from: &str| key.sign(domain, &mail(from));
    check(
        &dns,
        vec![
            (
                "signed by themselves",
                STRANGER,
                "x@eve.example",
                signed("anne.example", "anne@anne.example"),
                Proof::Proven,
            ),
            (
                "by their organisation",
                STRANGER,
                "x@eve.example",
                signed("anne.example", "a@news.anne.example"),
                Proof::Proven,
            ),
            (
                "by a part of it",
                STRANGER,
                "x@eve.example",
                signed("news.anne.example", "a@anne.example"),
                Proof::Proven,
            ),
            (
                "From in capitals",
                STRANGER,
                "x@eve.example",
                signed("anne.example", "Anne <ANNE@Anne.Example>"),
                Proof::Proven,
            ),
            ("sent from their server", CLIENT, "anne@anne.example", mail("anne@anne.example"), Proof::Proven),
            (
                "by a part's server",
                CLIENT,
                "anne@news.anne.example",
                mail("anne@anne.example"),
                Proof::Proven,
            ),
            ("SPF alone, no DMARC", CLIENT, "a@spf.example", mail("a@spf.example"), Proof::Proven),
            (
                "a signature alone, no DMARC",
                STRANGER,
                "x@eve.example",
                signed("dkim.example", "a@dkim.example"),
                Proof::Proven,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn who_could_be_proven_and_was_not() {
    let key = Key::new();
    let dns = world(&key).await;
    let signed = |domain: &str, from: &str| key.sign(domain, &mail(from));
    let broken = |domain: &str, from: &str| signed(domain, from).replace("puits\r\nDate", "puit\r\nDate");
    check(
        &dns,
        vec![
            ("nothing of theirs", STRANGER, "anne@anne.example", mail("anne@anne.example"), Proof::Disproved),
            (
                "somebody else's all",
                STRANGER,
                "x@eve.example",
                signed("eve.example", "anne@anne.example"),
                Proof::Disproved,
            ),
            (
                "changed on the way",
                STRANGER,
                "x@eve.example",
                broken("anne.example", "a@anne.example"),
                Proof::Disproved,
            ),
            (
                "strict: a part's signature",
                STRANGER,
                "x@eve.example",
                signed("sub.strict.example", "a@strict.example"),
                Proof::Disproved,
            ),
            (
                "strict: a part's server",
                CLIENT,
                "a@sub.strict.example",
                mail("a@strict.example"),
                Proof::Disproved,
            ),
            ("SPF alone, elsewhere", STRANGER, "a@spf.example", mail("a@spf.example"), Proof::Disproved),
            ("SPF alone, other path", STRANGER, "x@eve.example", mail("a@spf.example"), Proof::Disproved),
            (
                "a signature alone, broken",
                STRANGER,
                "x@eve.example",
                broken("dkim.example", "a@dkim.example"),
                Proof::Disproved,
            ),
            (
                "a neighbour below a suffix",
                STRANGER,
                "x@eve.example",
                signed("two.city.example", "a@one.city.example"),
                Proof::Disproved,
            ),
            (
                "several authors",
                CLIENT,
                "anne@anne.example",
                mail("anne@anne.example, eve@eve.example"),
                Proof::Disproved,
            ),
            (
                "two From",
                CLIENT,
                "anne@anne.example",
                format!("From: x@eve.example\r\n{}", mail("anne@anne.example")),
                Proof::Disproved,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn who_cannot_be_proven_or_not_now() {
    let key = Key::new();
    let dns = world(&key).await;
    let signed = |domain: &str, from: &str| key.sign(domain, &mail(from));
    check(
        &dns,
        vec![
            ("nothing published", STRANGER, "a@plain.example", mail("a@plain.example"), Proof::NoMeans),
            ("no such domain", STRANGER, "a@nowhere.example", mail("a@nowhere.example"), Proof::NoMeans),
            (
                "a key that is nowhere",
                STRANGER,
                "a@plain.example",
                signed("plain.example", "a@plain.example"),
                Proof::NoMeans,
            ),
            (
                "somebody else's signature",
                STRANGER,
                "x@eve.example",
                signed("eve.example", "a@plain.example"),
                Proof::NoMeans,
            ),
            ("the DNS fails", STRANGER, "a@trouble.example", mail("a@trouble.example"), Proof::CannotTell),
            (
                "the key cannot be had",
                STRANGER,
                "x@eve.example",
                signed("halfway.example", "a@halfway.example"),
                Proof::CannotTell,
            ),
            ("null path, their HELO", CLIENT, "", mail("anne@anne.example"), Proof::Disproved),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_was_found_out_is_written_down() {
    let key = Key::new();
    let dns = world(&key).await;
    let checker = checker(&dns, None);
    for (peer, sender, message, expected) in [
        (
            CLIENT,
            "anne@anne.example",
            key.sign("anne.example", &mail("anne@anne.example")),
            "Proven: spf=pass smtp.mailfrom=anne.example; dkim=pass header.d=anne.example; \
             dmarc=pass (p=reject) header.from=anne.example",
        ),
        (
            STRANGER,
            "x@eve.example",
            key.sign("eve.example", &mail("anne@anne.example")),
            "Disproved: spf=pass smtp.mailfrom=eve.example; dkim=pass header.d=eve.example; \
             dmarc=fail (p=reject) header.from=anne.example",
        ),
        (
            STRANGER,
            "a@plain.example",
            mail("a@plain.example"),
            "NoMeans: spf=none smtp.mailfrom=plain.example; dmarc=none (p=none) header.from=plain.example",
        ),
        (
            STRANGER,
            "a@trouble.example",
            mail("a@trouble.example"),
            "CannotTell: spf=temperror smtp.mailfrom=trouble.example; \
             dmarc=temperror (p=none) header.from=trouble.example",
        ),
    ] {
        assert_eq!(told(&ask(&checker, peer, sender, &message).await), expected);
    }
}

#[tokio::test]
async fn without_any_resolver_nobody_has_means() {
    let key = Key::new();
    let dns = FakeDns::start().await;
    dns.all(Some(Manner::Hang));
    let checker = checker(&dns, None);
    let message = key.sign("anne.example", &mail("anne@anne.example"));
    let found = ask(&checker, CLIENT, "anne@anne.example", &message).await;
    assert_eq!(found.proof, Proof::NoMeans, "{}", told(&found));
}

#[tokio::test]
async fn a_server_in_front_names_the_client_and_is_believed_only_if_it_may() {
    let key = Key::new();
    let dns = world(&key).await;
    let received = |client: &str| {
        format!("Received: from mail.anne.example (unknown [{client}])\r\n\tby mx.example; now\r\n")
    };
    let results = "Authentication-Results: mx.example; dmarc=pass header.from=anne.example\r\n";
    let other = "Authentication-Results: lists.example; dmarc=pass header.from=anne.example\r\n";
    let anne = mail("anne@anne.example");
    let amavis = received("127.0.0.1");
    for (what, believed, peer, head, expected) in [
        ("its Received names the client", None, "127.0.0.1", received(CLIENT), Proof::Proven),
        ("and somebody else", None, "127.0.0.1", received(STRANGER), Proof::Disproved),
        ("through a filter beside it", None, "127.0.0.1", amavis + &received(CLIENT), Proof::Proven),
        ("a socket on this machine", None, "", received(CLIENT), Proof::Proven),
        ("a stranger's Received names nobody", None, STRANGER, received(CLIENT), Proof::Disproved),
        (
            "its word, above",
            Some("mx.example"),
            "127.0.0.1",
            format!("{results}{}", received(STRANGER)),
            Proof::Proven,
        ),
        (
            "its word, and nobody to believe",
            None,
            "127.0.0.1",
            format!("{results}{}", received(STRANGER)),
            Proof::Disproved,
        ),
        (
            "forged below",
            Some("mx.example"),
            "127.0.0.1",
            format!("{}{results}", received(STRANGER)),
            Proof::Disproved,
        ),
        ("forged without Received", Some("mx.example"), "127.0.0.1", results.to_owned(), Proof::Disproved),
        (
            "by a stranger",
            Some("mx.example"),
            STRANGER,
            format!("{results}{}", received(CLIENT)),
            Proof::Disproved,
        ),
        (
            "under our own name",
            Some("mx.example"),
            "127.0.0.1",
            format!("{other}{}", received(STRANGER)),
            Proof::Disproved,
        ),
    ] {
        let checker = checker(&dns, believed);
        let found = ask(&checker, peer, "anne@anne.example", &format!("{head}{anne}")).await;
        assert_eq!(found.proof, expected, "{what}: {}", told(&found));
    }
}

#[tokio::test]
async fn seals_are_told_and_not_believed() {
    let key = Key::new();
    let dns = world(&key).await;
    let checker = checker(&dns, None);
    let original = mail("anne@anne.example");
    let message = AuthenticatedMessage::parse(original.as_bytes()).unwrap();
    let results = AuthenticationResults::new("eve.example");
    let set = ArcSealer::from_key(key.key())
        .domain("eve.example")
        .selector("s")
        .headers(["From", "To", "Subject", "Date"])
        .seal(&message, &results, &ArcOutput::default())
        .unwrap();
    let mut head = Vec::new();
    set.write_header(&mut head);
    let sealed = format!("{}{original}", String::from_utf8(head).unwrap());
    let found = ask(&checker, STRANGER, "x@eve.example", &sealed).await;
    assert!(told(&found).ends_with("arc=pass"), "{}", told(&found));
    assert_eq!(found.proof, Proof::Disproved);
    let changed = ask(&checker, STRANGER, "x@eve.example", &sealed.replace("Qui", "QUI")).await;
    assert!(told(&changed).ends_with("arc=fail"), "{}", told(&changed));
}

#[tokio::test]
async fn a_signature_of_part_of_the_body_is_none() {
    let key = Key::new();
    let dns = world(&key).await;
    let checker = checker(&dns, None);
    let signature = mail_auth::dkim::DkimSigner::from_key(key.key())
        .domain("dkim.example")
        .selector("s")
        .headers(["From", "Subject"])
        .body_length(true)
        .sign(mail("a@dkim.example").as_bytes())
        .unwrap();
    let mut head = Vec::new();
    signature.write_header(&mut head);
    let message = format!("{}{}more\r\n", String::from_utf8(head).unwrap(), mail("a@dkim.example"));
    assert!(message.contains("l="));
    let found = ask(&checker, STRANGER, "x@eve.example", &message).await;
    assert_ne!(found.proof, Proof::Proven, "{}", told(&found));
}
