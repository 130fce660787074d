//! Senders who make us ask a DNS that is against us.

use std::time::{Duration, Instant};

use parvis::domain::proof::Proof;

use super::{Key, ask, checker, mail, told};
use crate::fake_dns::{FakeDns, Manner};

const CLIENT: &str = "192.0.2.7";

/// A resolver that answers for others while it is bad to one.
async fn world(key: &Key) -> FakeDns {
    let dns = FakeDns::start().await;
    dns.txt("s._domainkey.anne.example", &key.record).txt("anne.example", "v=spf1 ip4:192.0.2.7 -all");
    for (name, manner) in [
        ("hang.example", Manner::Hang),
        ("servfail.example", Manner::ServFail),
        ("truncated.example", Manner::AlwaysTruncated),
        ("garbage.example", Manner::Garbage),
    ] {
        dns.manner(name, manner).manner(&format!("_dmarc.{name}"), manner);
        dns.manner(&format!("s._domainkey.{name}"), manner);
    }
    for n in 0..10_000 {
        dns.txt("many.example", &format!("v=spf1 ip4:192.0.2.7 -all {n}"));
    }
    dns.alias("ring.example", "gnir.example").alias("gnir.example", "ring.example");
    dns.alias("_dmarc.ring.example", "_dmarc.ring.example");
    let large = format!("v=DKIM1; k=rsa; p={}", "A".repeat(60_000));
    dns.txt("s._domainkey.large.example", &large).txt("large.example", "v=spf1 -all");
    dns
}

#[tokio::test]
async fn nothing_hostile_passes_or_takes_long_and_others_do_not_wait() {
    let key = Key::new();
    let dns = world(&key).await;
    let checker = checker(&dns, None);
    let signed = |domain: &str| key.sign(domain, &mail(&format!("a@{domain}")));
    let check = async |domain: &'static str| {
        let began = Instant::now();
        let found = ask(&checker, CLIENT, &format!("a@{domain}"), &signed(domain)).await;
        assert!(began.elapsed() < Duration::from_secs(15), "{domain}: {:?}", began.elapsed());
        (found.proof, told(&found))
    };
    let neighbour = async {
        let began = Instant::now();
        let (proof, _) = check("anne.example").await;
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        proof
    };
    let (hang, servfail, truncated, garbage, many, ring, large, neighbour) = tokio::join!(
        check("hang.example"),
        check("servfail.example"),
        check("truncated.example"),
        check("garbage.example"),
        check("many.example"),
        check("ring.example"),
        check("large.example"),
        neighbour,
    );
    for (proof, told) in [hang, servfail, truncated, garbage, ring] {
        assert_eq!(proof, Proof::CannotTell, "{told}");
        assert!(told.contains("temperror") && !told.contains("=pass"), "{told}");
    }
    // Several records are a mistake, not a pass; a key that is too long is no key.
    assert_eq!(many.0, Proof::Disproved, "{}", many.1);
    assert!(many.1.contains("spf=permerror"), "{}", many.1);
    assert_eq!(large.0, Proof::Disproved, "{}", large.1);
    assert_eq!(neighbour, Proof::Proven);
}

#[tokio::test]
async fn no_message_asks_for_more_than_its_share() {
    let key = Key::new();
    let dns = FakeDns::start().await;
    // Ten includes with ten servers each, and as many signatures and labels as one likes.
    let includes: String = (0..10).map(|n| format!(" include:i{n}.greedy.example")).collect();
    dns.txt("greedy.example", &format!("v=spf1{includes} -all"));
    for n in 0..10 {
        dns.txt(&format!("i{n}.greedy.example"), "v=spf1 mx ptr exists:%{i}.e.greedy.example ?all");
        for server in 0..20 {
            dns.mx(&format!("i{n}.greedy.example"), server, &format!("mx{server}.greedy.example"));
        }
    }
    let domain = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.greedy.example";
    let mut message = mail(&format!("a@{domain}"));
    for n in 0..40 {
        message = key.sign(&format!("d{n}.greedy.example"), &message);
    }
    let found = ask(&checker(&dns, None), CLIENT, "a@greedy.example", &message).await;
    let mut asked = dns.asked();
    asked.sort();
    asked.dedup();
    assert!(asked.len() <= 30, "{} questions: {}", asked.len(), told(&found));
    assert_ne!(found.proof, Proof::Proven);
}

#[tokio::test]
async fn garbage_in_the_header_and_the_dns_ends() {
    let key = Key::new();
    let dns = FakeDns::start().await;
    let records = [
        "v=spf1",
        "v=spf1 ",
        "v=spf1 include:",
        "v=spf1 a:%{",
        "v=spf1 a:%{d999999999999}",
        "v=spf1 redirect=x.example",
        "v=spf1 exists:",
        "v=spf1 exists:%{ir}.%{v}._spf.%{d2}/33 a/99//999 mx:",
        "v=spf1 ip4:1.2.3.4/99 -all",
        "v=spf1 include:x.example",
        "v=DMARC1;;;p=;;",
        "v=DMARC1; p=reject; adkim=",
        "v=DKIM1; p=",
        "\u{7f}\u{1}",
    ];
    for (n, record) in records.iter().enumerate() {
        for name in ["x", "_dmarc.x", "s._domainkey.x"] {
            dns.txt(&format!("{name}{n}.example"), record);
        }
    }
    dns.txt("x.example", "v=spf1 include:x.example");
    let checker = checker(&dns, None);
    for n in 0..records.len() {
        let domain = format!("x{n}.example");
        let found =
            ask(&checker, CLIENT, &format!("a@{domain}"), &key.sign(&domain, &mail(&format!("a@{domain}"))))
                .await;
        assert_ne!(found.proof, Proof::Proven, "{domain}: {}", told(&found));
    }
    let whole = key.sign("x.example", &mail("a@x.example"));
    for end in (0..whole.len()).step_by(7) {
        ask(&checker, CLIENT, "a@x.example", &whole[..end]).await;
    }
    for header in [
        "DKIM-Signature: ",
        "DKIM-Signature: a=",
        "ARC-Seal: i=1",
        "ARC-Seal: i=99999999999999999999",
        "From:",
        ":",
    ] {
        ask(&checker, CLIENT, "a@x.example", &format!("{header}\r\n{}", mail("a@x.example"))).await;
    }
}
