//! The DNS as it should be, and as it is.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use parvis::dns::{Answer, Dnssec, Mx, RECORDS_MAX, Records, Resolver, TEXT_BYTES_MAX, Tlsa, Trouble};

use crate::fake_dns::{FakeDns, Manner};

fn found<T>(records: Vec<T>) -> Answer<T> {
    Answer::Found(Records { records, dnssec: Dnssec::Unsigned })
}

fn failed<T>(answer: &Answer<T>) -> bool {
    matches!(answer, Answer::Trouble(Trouble::Failed(_)))
}

#[tokio::test]
async fn each_kind_of_record_is_read() {
    let dns = FakeDns::start().await;
    dns.mx("list.example", 10, "MX1.list.example").mx("list.example", 5, "mx2.list.example");
    dns.mx("nomail.example", 0, ".");
    dns.ip("mx1.list.example", "192.0.2.1").ip("mx1.list.example", "2001:db8::1");
    dns.ip("v4.example", "192.0.2.4").ip("v6.example", "2001:db8::6");
    dns.txt("text.example", "v=spf1 -all").txt("text.example", &"k".repeat(700));
    dns.ptr("1.2.0.192.in-addr.arpa", "MX1.list.example");
    dns.tlsa("_25._tcp.mx1.list.example", 3, 1, 1, &[7; 32]);
    dns.alias("www.example", "v4.example");
    let resolver = Resolver::new(&[dns.address]);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();

    let mx = |preference, exchange: &str| Mx { preference, exchange: exchange.to_owned() };
    let two = vec![mx(10, "mx1.list.example"), mx(5, "mx2.list.example")];
    assert_eq!(resolver.mx("List.Example").await, found(two));
    assert_eq!(resolver.mx("nomail.example").await, found(vec![mx(0, "")]));
    let both = vec![address("192.0.2.1"), address("2001:db8::1")];
    assert_eq!(resolver.addresses("mx1.list.example").await, found(both));
    assert_eq!(resolver.addresses("v4.example").await, found(vec![address("192.0.2.4")]));
    assert_eq!(resolver.addresses("v6.example.").await, found(vec![address("2001:db8::6")]));
    assert_eq!(resolver.addresses("www.example").await, found(vec![address("192.0.2.4")]));
    let texts = vec![b"v=spf1 -all".to_vec(), vec![b'k'; 700]];
    assert_eq!(resolver.txt("text.example").await, found(texts));
    assert_eq!(resolver.ptr(address("192.0.2.1")).await, found(vec!["mx1.list.example".to_owned()]));
    let tlsa = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] };
    assert_eq!(resolver.tlsa("_25._tcp.mx1.list.example").await, found(vec![tlsa]));

    assert_eq!(resolver.mx("v4.example").await, Answer::NoRecord);
    assert_eq!(resolver.addresses("text.example").await, Answer::NoRecord);
    assert_eq!(resolver.txt("nobody.example").await, Answer::NoName);
    assert_eq!(resolver.addresses("nobody.example").await, Answer::NoName);
    let before = dns.asked().len();
    for impossible in ["", "a..b", &"a".repeat(64), "é.example"] {
        let answer = resolver.txt(impossible).await;
        assert!(matches!(answer, Answer::NoName | Answer::NoRecord), "{impossible}: {answer:?}");
    }
    assert!(dns.asked().len() <= before + 1, "what cannot be a name is not asked for");
}

#[tokio::test]
async fn only_a_verified_answer_is_secure() {
    let dns = FakeDns::start().await;
    dns.tlsa("_25._tcp.signed.example", 3, 1, 1, &[1]).verified("_25._tcp.signed.example");
    dns.tlsa("_25._tcp.plain.example", 3, 1, 1, &[1]);
    let resolver = Resolver::new(&[dns.address]);
    for (name, expected) in
        [("_25._tcp.signed.example", Dnssec::Secure), ("_25._tcp.plain.example", Dnssec::Unsigned)]
    {
        let Answer::Found(records) = resolver.tlsa(name).await else { panic!("{name}") };
        assert_eq!(records.dnssec, expected, "{name}");
    }
}

#[tokio::test]
async fn an_answer_is_asked_for_once() {
    let dns = FakeDns::start().await;
    dns.txt("a.example", "one");
    let resolver = Resolver::new(&[dns.address]);
    for _ in 0..5 {
        assert_eq!(resolver.txt("a.example").await, found(vec![b"one".to_vec()]));
        assert_eq!(resolver.txt("none.example").await, Answer::NoName);
    }
    assert_eq!(dns.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_misbehaves_costs_little_time() {
    let dns = FakeDns::start().await;
    for (name, manner) in [
        ("hang.example", Manner::Hang),
        ("servfail.example", Manner::ServFail),
        ("refused.example", Manner::Refused),
        ("truncated.example", Manner::AlwaysTruncated),
        ("garbage.example", Manner::Garbage),
        ("wrong.example", Manner::WrongId),
    ] {
        dns.manner(name, manner).txt(name, "never seen");
    }
    dns.txt("good.example", "seen");
    let resolver = Resolver::new(&[dns.address]);
    let began = Instant::now();
    let ask = |name: &'static str| resolver.txt(name);
    let (hang, servfail, refused, truncated, garbage, wrong, good) = tokio::join!(
        ask("hang.example"),
        ask("servfail.example"),
        ask("refused.example"),
        ask("truncated.example"),
        ask("garbage.example"),
        ask("wrong.example"),
        async {
            let answer = ask("good.example").await;
            assert!(began.elapsed() < Duration::from_secs(2), "others' trouble does not hold it up");
            answer
        },
    );
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    for (what, answer) in [
        ("hang", hang),
        ("servfail", servfail),
        ("refused", refused),
        ("truncated", truncated),
        ("garbage", garbage),
        ("wrong", wrong),
    ] {
        assert!(failed(&answer), "{what}: {answer:?}");
    }
    assert_eq!(good, found(vec![b"seen".to_vec()]));
}

#[tokio::test]
async fn a_ring_of_aliases_ends() {
    let dns = FakeDns::start().await;
    dns.alias("a.ring.example", "b.ring.example").alias("b.ring.example", "a.ring.example");
    for n in 0..20 {
        dns.alias(&format!("n{n}.long.example"), &format!("n{}.long.example", n + 1));
    }
    dns.txt("n6.long.example", "the end");
    let resolver = Resolver::new(&[dns.address]);
    assert!(failed(&resolver.txt("a.ring.example").await));
    assert!(failed(&resolver.addresses("n0.long.example").await));
    assert_eq!(resolver.txt("n0.long.example").await, found(vec![b"the end".to_vec()]));
    assert!(dns.asked().len() < 40);
}

#[tokio::test]
async fn a_huge_answer_is_cut() {
    let dns = FakeDns::start().await;
    for n in 0..10_000 {
        dns.txt("many.example", &format!("text {n}"));
    }
    dns.txt("large.example", &"x".repeat(60_000)).txt("large.example", "small");
    dns.txt("limit.example", &"x".repeat(TEXT_BYTES_MAX));
    let resolver = Resolver::new(&[dns.address]);
    let many = resolver.txt("many.example").await.found().unwrap();
    assert_eq!(many.len(), RECORDS_MAX);
    assert_eq!(resolver.txt("large.example").await, found(vec![b"small".to_vec()]));
    assert_eq!(resolver.txt("limit.example").await.found().unwrap()[0].len(), TEXT_BYTES_MAX);
}

#[tokio::test]
async fn no_resolver_at_all_is_told_apart() {
    // Nobody listens there.
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let resolver = Resolver::new(&[closed]);
    assert_eq!(resolver.txt("a.example").await, Answer::Trouble(Trouble::NoResolver));
    assert!(!resolver.is_there().await);

    // One that never says anything to anybody; then it comes back.
    let dns = FakeDns::start().await;
    dns.txt("a.example", "one").all(Some(Manner::Hang));
    let silent = Resolver::new(&[dns.address]);
    assert_eq!(silent.txt("a.example").await, Answer::Trouble(Trouble::NoResolver));
    let began = Instant::now();
    assert_eq!(silent.mx("b.example").await, Answer::Trouble(Trouble::NoResolver));
    assert!(began.elapsed() < Duration::from_secs(1), "known for a while, not waited for again");

    // One that fails at everything is there.
    let failing = FakeDns::start().await;
    failing.all(Some(Manner::ServFail));
    let resolver = Resolver::new(&[failing.address]);
    assert!(failed(&resolver.txt("a.example").await));
    assert!(resolver.is_there().await);
}

#[tokio::test]
async fn a_second_server_helps_out() {
    let dead: SocketAddr = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dns = FakeDns::start().await;
    dns.txt("a.example", "one");
    let resolver = Resolver::new(&[dead, dns.address]);
    assert_eq!(resolver.txt("a.example").await, found(vec![b"one".to_vec()]));
}
