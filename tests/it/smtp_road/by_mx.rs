//! Delivery to each domain's own servers, as they see it: which of them gets a copy, which never
//! hears of it, and what a domain may ask of those who bring it mail.
//!
//! Hosts are addresses of the loopback network with one port: 127.0.0.1, 127.0.0.2, ….

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parvis::smtp::client::{
    Asked, Asking, Destination, Exchange, MxOptions, MxOutbox, Outbox, PoolOptions, PrivateTargets,
    Signposts, Tlsa, Trust, Vouched,
};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::encryption::Certificates;
use super::{HOSTNAME, brief, copy_to, is_taken};
use crate::fake_peer::{Does, FakePeer, Point, Script, Tls, Trouble};

/// A DNS of a few lines: `a.example MX 10 mx.a.example`, `mx.a.example A 127.0.0.1`; a name with no
/// line is none. `signed` in front vouches for a line, `trouble` makes it unknown.
#[derive(Default)]
struct Names {
    lines: Mutex<Vec<String>>,
    certificates: HashMap<String, Tlsa>,
}

impl Names {
    fn of(lines: &[&str]) -> Names {
        Names { lines: Mutex::new(lines.iter().map(|line| (*line).to_owned()).collect()), ..Names::default() }
    }

    fn ask<T>(&self, name: &str, kinds: &[&str], read: impl Fn(&str) -> T) -> Asked<T> {
        let (mut found, mut vouched, mut exists) = (Vec::new(), Vouched::Yes, false);
        for line in self.lines.lock().unwrap().iter() {
            let (signed, rest) = match line.strip_prefix("signed ") {
                Some(rest) => (Vouched::Yes, rest),
                None => (Vouched::No, line.as_str()),
            };
            let (trouble, rest) = match rest.strip_prefix("trouble ") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let (owner, rest) = rest.split_once(' ').unwrap();
            if owner != name {
                continue;
            }
            exists = true;
            let (kind, value) = rest.split_once(' ').unwrap_or((rest, ""));
            if kinds.contains(&kind) {
                if trouble {
                    return Asked::Trouble("nobody answers".to_owned());
                }
                found.push(read(value));
                if signed == Vouched::No {
                    vouched = Vouched::No;
                }
            }
        }
        match (found.is_empty(), exists) {
            (false, _) => Asked::Found(found, vouched),
            (true, true) => Asked::NoRecord,
            (true, false) => Asked::NoName,
        }
    }
}

impl Signposts for Names {
    fn exchanges<'a>(&'a self, domain: &'a str) -> Asking<'a, Exchange> {
        Box::pin(async move {
            self.ask(domain, &["MX"], |value| {
                let (preference, host) = value.split_once(' ').unwrap();
                Exchange { preference: preference.parse().unwrap(), host: host.trim_matches('.').to_owned() }
            })
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Asking<'a, IpAddr> {
        Box::pin(async move { self.ask(host, &["A", "AAAA"], |value| value.parse().unwrap()) })
    }

    fn certificates<'a>(&'a self, name: &'a str) -> Asking<'a, Tlsa> {
        Box::pin(async move { self.ask(name, &["TLSA"], |value| self.certificates[value].clone()) })
    }

    fn texts<'a>(&'a self, name: &'a str) -> Asking<'a, Vec<u8>> {
        Box::pin(async move { self.ask(name, &["TXT"], |value| value.as_bytes().to_vec()) })
    }
}

fn options(port: u16) -> MxOptions {
    MxOptions { port, private_targets: PrivateTargets::Allow, ..MxOptions::default() }
}

fn outbox(names: Names, options: MxOptions, trust: Trust) -> MxOutbox {
    let pool_options = PoolOptions { trust, rest_after_failure: Duration::ZERO, ..PoolOptions::default() };
    MxOutbox::new(Arc::new(names), HOSTNAME, options, pool_options).unwrap()
}

/// One copy for somebody at a.example, and how many connections each of the three hosts saw.
async fn carried(lines: &[&str], scripts: [Option<Script>; 3]) -> String {
    let first = FakePeer::start(scripts[0].clone().unwrap_or_default()).await;
    let mut peers = Vec::new();
    for (script, ip) in scripts.into_iter().skip(1).zip(["127.0.0.2", "127.0.0.3"]) {
        match script {
            Some(script) => peers.push(Some(first.start_beside(ip, script).await)),
            None => peers.push(None),
        }
    }
    let outbox = outbox(Names::of(lines), options(first.port()), Trust::none());
    let outcome = outbox.carry(copy_to("a@A.example")).await;
    outbox.close().await;
    let mut story = brief(&outcome);
    let all = [Some(first)].into_iter().chain(peers);
    for peer in all {
        let connections = peer.map_or(0, |peer| peer.seen().connections);
        story.push_str(&format!(", {connections}"));
    }
    story
}

fn takes() -> Option<Script> {
    Some(Script::default())
}

fn troubled(at: Point, does: Does) -> Option<Script> {
    Some(Script::with([Trouble::at(at, does)]))
}

const TAKEN: &str = "Taken (250 2.0.0 taken)";

#[tokio::test]
async fn servers_are_tried_in_their_order() {
    let three = [
        "a.example MX 30 c.example",
        "a.example MX 10 a1.example",
        "a.example MX 20 b.example",
        "a1.example A 127.0.0.1",
        "b.example A 127.0.0.2",
        "c.example A 127.0.0.3",
    ];
    let no = |text: &str| troubled(Point::Banner, Does::Say(text.to_owned()));
    for (scripts, expected) in [
        ([takes(), takes(), takes()], format!("{TAKEN}, 1, 0, 0")),
        ([no("421 4.3.2 later\r\n"), takes(), takes()], format!("{TAKEN}, 1, 1, 0")),
        ([no("554 5.7.1 no\r\n"), takes(), takes()], format!("{TAKEN}, 1, 1, 0")),
        ([troubled(Point::Banner, Does::Drop), None, takes()], format!("{TAKEN}, 1, 0, 1")),
        ([troubled(Point::Hello, Does::Drop), takes(), takes()], format!("{TAKEN}, 1, 1, 0")),
        // What is said of the copy is said for the domain.
        (
            [troubled(Point::Rcpt, Does::Say("550 5.1.1 no\r\n".to_owned())), takes(), takes()],
            "Refused at Rcpt (550 5.1.1 no), 5.1.1, 1, 0, 0".to_owned(),
        ),
        (
            [no("421 4.3.2 later\r\n"), no("421 4.3.2 later\r\n"), no("421 4.3.2 later\r\n")],
            "PutOff at Greeting (421 4.3.2 later), 1, 1, 1".to_owned(),
        ),
    ] {
        assert_eq!(carried(&three, scripts).await, expected);
    }
}

#[tokio::test]
async fn names_lead_to_servers_or_nowhere() {
    let many: Vec<String> = (0..50).map(|n| format!("a.example MX 10 nowhere{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (name, lines, expected) in [
        ("no mx", &["a.example A 127.0.0.1"][..], format!("{TAKEN}, 1, 0, 0")),
        (
            "a second address",
            &["a.example A 127.0.0.3", "a.example A 127.0.0.1"],
            format!("{TAKEN}, 1, 0, 0"),
        ),
        (
            "one has no address",
            &["a.example MX 1 b.example", "a.example MX 2 c.example", "c.example A 127.0.0.1"],
            format!("{TAKEN}, 1, 0, 0"),
        ),
        (
            "one is unknown",
            &[
                "a.example MX 1 b.example",
                "trouble b.example A",
                "a.example MX 2 c.example",
                "c.example A 127.0.0.1",
            ],
            format!("{TAKEN}, 1, 0, 0"),
        ),
        (
            "null mx",
            &["a.example MX 0 .", "a.example A 127.0.0.1"],
            "Refused at Connect (556 5.1.10 a.example takes no mail (RFC 7505)), 5.1.10, 0, 0, 0".to_owned(),
        ),
        ("no name", &[], "PutOff at Connect, 0, 0, 0".to_owned()),
        (
            "mx unknown",
            &["trouble a.example MX", "a.example A 127.0.0.1"],
            "PutOff at Connect, 0, 0, 0".to_owned(),
        ),
        (
            "address unknown",
            &["a.example MX 1 b.example", "trouble b.example A"],
            "PutOff at Connect, 0, 0, 0".to_owned(),
        ),
        ("no address", &["a.example TXT hello"], "PutOff at Connect, 0, 0, 0".to_owned()),
        ("fifty that lead nowhere", &many, "PutOff at Connect, 0, 0, 0".to_owned()),
        (
            "ourselves",
            &["a.example MX 10 LISTS.example", "lists.example A 127.0.0.1"],
            "Refused at Connect (554 5.4.6 mail for a.example would come back to us), 5.4.6, 0, 0, 0"
                .to_owned(),
        ),
        (
            "behind ourselves",
            &["a.example MX 10 lists.example", "a.example MX 20 b.example", "b.example A 127.0.0.1"],
            "Refused at Connect (554 5.4.6 mail for a.example would come back to us), 5.4.6, 0, 0, 0"
                .to_owned(),
        ),
        (
            "in front of ourselves",
            &["a.example MX 10 b.example", "a.example MX 20 lists.example", "b.example A 127.0.0.1"],
            format!("{TAKEN}, 1, 0, 0"),
        ),
    ] {
        assert_eq!(carried(lines, [takes(), None, None]).await, expected, "{name}");
    }
}

#[tokio::test]
async fn servers_as_good_as_each_other_take_turns() {
    let one = FakePeer::start(Script::default()).await;
    let other = one.start_beside("127.0.0.2", Script::default()).await;
    let mut lines = vec!["x.example A 127.0.0.1".to_owned(), "y.example A 127.0.0.2".to_owned()];
    for number in 0..40 {
        lines.push(format!("d{number}.example MX 10 x.example"));
        lines.push(format!("d{number}.example MX 10 y.example"));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let outbox = outbox(Names::of(&lines), options(one.port()), Trust::none());
    for number in 0..40 {
        assert!(is_taken(&outbox.carry(copy_to(&format!("a@d{number}.example"))).await));
    }
    let (one, other) = (one.seen().taken.len(), other.seen().taken.len());
    assert!(one + other == 40 && one > 0 && other > 0, "{one} and {other}");
    // They are one destination: what delays one domain delays the other.
    let of = |domain: &str| outbox.destination(|| domain.to_owned());
    assert_eq!(of("d1.example"), of("d2.example"));
    assert_ne!(of("d1.example"), of("never-asked.example"));
    let Destination::Of { servers, at_once_max } = of("d1.example") else { panic!("many servers") };
    assert_eq!((&*servers, at_once_max), ("x.example,y.example", 4));
}

#[tokio::test]
async fn strangers_cannot_have_us_connect_to_what_is_not_on_the_internet() {
    let peer = FakePeer::start(Script::default()).await;
    for lines in [
        &["a.example A 127.0.0.1"][..],
        &["a.example MX 10 b.example", "b.example A 127.0.0.1"],
        &["a.example MX 10 b.example", "b.example A 127.0.0.1", "b.example A 10.0.0.1", "b.example AAAA ::1"],
        &["a.example AAAA ::ffff:127.0.0.1"],
        &["a.example A 169.254.169.254"],
        &["a.example AAAA fe80::1"],
    ] {
        let options = MxOptions { private_targets: PrivateTargets::Refuse, ..options(peer.port()) };
        let outcome = outbox(Names::of(lines), options, Trust::none()).carry(copy_to("a@a.example")).await;
        assert!(brief(&outcome).starts_with("Refused at Connect (550 5.4.4 "), "{outcome:?}");
    }
    assert_eq!(peer.seen().connections, 0);
}

#[tokio::test]
async fn one_host_gets_few_connections_whatever_the_number_of_its_domains() {
    let peer = FakePeer::start(Script::default()).await;
    let mut lines = vec!["mx.example A 127.0.0.1".to_owned()];
    lines.extend((0..30).map(|number| format!("d{number}.example MX 10 mx.example")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let options = MxOptions { connections_per_host_max: 3, ..options(peer.port()) };
    let outbox = outbox(Names::of(&lines), options, Trust::none());
    let mut tasks = JoinSet::new();
    for number in 0..90 {
        let outbox = outbox.clone();
        tasks.spawn(async move {
            assert!(is_taken(&outbox.carry(copy_to(&format!("a{number}@d{}.example", number % 30))).await));
        });
    }
    tasks.join_all().await;
    let seen = peer.seen();
    assert_eq!(seen.taken.len(), 90);
    assert!(seen.open_most <= 3, "{} connections at once", seen.open_most);
}

#[tokio::test]
async fn a_slow_domain_does_not_hold_up_another() {
    let slow = FakePeer::start(Script::with([Trouble::at(Point::Banner, Does::Hang)])).await;
    let fast = slow.start_beside("127.0.0.2", Script::default()).await;
    let names = Names::of(&["slow.example A 127.0.0.1", "fast.example A 127.0.0.2"]);
    let outbox = outbox(names, options(slow.port()), Trust::none());
    let mut stuck = JoinSet::new();
    for number in 0..10 {
        let outbox = outbox.clone();
        stuck.spawn(async move { outbox.carry(copy_to(&format!("a{number}@slow.example"))).await });
    }
    slow.until(|seen| seen.connections > 0).await;
    for number in 0..50 {
        assert!(is_taken(&outbox.carry(copy_to(&format!("a{number}@fast.example"))).await));
    }
    assert!(stuck.try_join_next().is_none());
    assert!(slow.seen().connections <= 4);
    assert_eq!(fast.seen().taken.len(), 50);
}

#[tokio::test]
async fn what_a_zone_says_of_certificates_counts_when_dnssec_vouches_for_it() {
    let (good, other) = (Certificates::of("mx.example"), Certificates::of("mx.example"));
    let record = |of: &Certificates, usage| Tlsa {
        usage,
        selector: 1,
        matching: 1,
        data: Sha256::digest(&of.own_key).to_vec(),
    };
    for (name, mx, address, tlsa, expected) in [
        ("all signed", "signed ", "signed ", "signed TLSA good", TAKEN),
        ("another certificate", "signed ", "signed ", "signed TLSA other", "PutOff at Encryption"),
        ("unknown", "signed ", "signed ", "signed trouble TLSA", "PutOff at Connect"),
        ("of no use for mail", "signed ", "signed ", "signed TLSA useless", TAKEN),
        ("the records are not signed", "signed ", "signed ", "TLSA other", TAKEN),
        ("the way to the server is not signed", "", "signed ", "signed TLSA other", TAKEN),
        ("its address is not signed", "signed ", "", "signed TLSA other", TAKEN),
    ] {
        let script = Script { tls: Tls::Offered(good.server.clone()), ..Script::default() };
        let peer = FakePeer::start(script).await;
        let owner = format!("_{}._tcp.mx.example", peer.port());
        let tlsa = tlsa.replace("TLSA", &format!("{owner} TLSA"));
        let mut names = Names::of(&[
            &format!("{mx}a.example MX 10 mx.example"),
            &format!("{address}mx.example A 127.0.0.1"),
            &tlsa,
        ]);
        names.certificates.insert("good".to_owned(), record(&good, 3));
        names.certificates.insert("other".to_owned(), record(&other, 3));
        names.certificates.insert("useless".to_owned(), record(&other, 1));
        let outbox = outbox(names, options(peer.port()), Trust::none());
        assert_eq!(brief(&outbox.carry(copy_to("a@a.example")).await), expected, "{name}");
        assert!(peer.seen().taken.iter().all(|taken| taken.encrypted), "{name}");
    }
    // Records that are of no use still say that there is TLS.
    let peer = FakePeer::start(Script::default()).await;
    let mut names = Names::of(&[
        "signed a.example MX 10 mx.example",
        "signed mx.example A 127.0.0.1",
        &format!("signed _{}._tcp.mx.example TLSA useless", peer.port()),
    ]);
    names.certificates.insert("useless".to_owned(), record(&other, 1));
    let outbox = outbox(names, options(peer.port()), Trust::none());
    assert_eq!(brief(&outbox.carry(copy_to("a@a.example")).await), "PutOff at Encryption");
}

/// Says `answer` to each request over TLS; gives its port, and counts.
pub(crate) async fn web(
    certificates: &Certificates,
    answer: String,
) -> (u16, Arc<Mutex<Vec<String>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, acceptor) =
        (Arc::new(Mutex::new(Vec::new())), TlsAcceptor::from(certificates.server.clone()));
    let (noted, mut tasks) = (asked.clone(), JoinSet::new());
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap() == 0 {
                    break;
                }
            }
            noted
                .lock()
                .unwrap()
                .push(String::from_utf8(request).unwrap().lines().next().unwrap().to_owned());
            // Who hangs up in between is no fault of ours.
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, asked, tasks)
}

pub(crate) fn page(policy: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{policy}", policy.len())
}

#[tokio::test]
async fn a_policy_is_fetched_and_obeyed() {
    let (mail, other) = (Certificates::of("mx.example"), Certificates::of("mx.example"));
    let enforce = "version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\nmax_age: 86400\r\n";
    let elsewhere = enforce.replace("mx: mx", "mx: other");
    let (offered, never) = (Tls::Offered(mail.server.clone()), Tls::Never);
    for (name, answer, tls, trusts_mail, expected) in [
        ("kept", page(enforce), &offered, true, "Taken, encrypted"),
        ("the certificate does not hold", page(enforce), &offered, false, "PutOff at Encryption"),
        ("no TLS", page(enforce), &never, true, "PutOff at Encryption"),
        ("not in the policy", page(&elsewhere), &offered, true, "PutOff at Connect"),
        ("being tested", page(&elsewhere.replace("enforce", "testing")), &never, true, "Taken, in clear"),
        ("none any more", page(&enforce.replace("enforce", "none")), &never, true, "Taken, in clear"),
        ("no policy", page("hello"), &never, true, "Taken, in clear"),
        (
            "not there",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
            &never,
            true,
            "Taken, in clear",
        ),
        (
            "elsewhere",
            format!(
                "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{enforce}",
                enforce.len()
            ),
            &never,
            true,
            "Taken, in clear",
        ),
        ("a page", page(enforce).replace("text/plain", "text/html"), &never, true, "Taken, in clear"),
        (
            "endless",
            page(&format!("{enforce}{}", "x: y\r\n".repeat(20_000))),
            &never,
            true,
            "Taken, in clear",
        ),
    ] {
        let site = Certificates::of("mta-sts.a.example");
        let (policy_port, asked, _web) = web(&site, answer).await;
        let peer = FakePeer::start(Script { tls: tls.clone(), ..Script::default() }).await;
        let names = Names::of(&[
            "a.example MX 10 mx.example",
            "mx.example A 127.0.0.1",
            "_mta-sts.a.example TXT v=STSv1; id=1",
            "mta-sts.a.example A 127.0.0.1",
        ]);
        let mail = if trusts_mail { &mail } else { &other };
        let trust = Trust::of(vec![mail.authority.clone(), site.authority.clone()]);
        let outbox = outbox(names, MxOptions { policy_port, ..options(peer.port()) }, trust);
        let outcome = outbox.carry(copy_to("a@a.example")).await;
        let again = outbox.carry(copy_to("b@a.example")).await;
        assert_eq!(is_taken(&outcome), is_taken(&again), "{name}");
        let story = match peer.seen().taken.first() {
            Some(taken) if taken.encrypted => "Taken, encrypted".to_owned(),
            Some(_) => "Taken, in clear".to_owned(),
            None => brief(&outcome),
        };
        assert_eq!(story, expected, "{name}: {outcome:?}");
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked, ["GET /.well-known/mta-sts.txt HTTP/1.1"], "{name}: fetched once, and kept");
    }
}

#[tokio::test]
async fn who_can_hide_a_policy_cannot_make_us_forget_it() {
    let site = Certificates::of("mta-sts.a.example");
    let enforce = "version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 86400\n";
    let (policy_port, _asked, web) = web(&site, page(enforce)).await;
    let peer = FakePeer::start(Script::default()).await;
    let names = Arc::new(Names::of(&[
        "a.example MX 10 mx.example",
        "mx.example A 127.0.0.1",
        "_mta-sts.a.example TXT v=STSv1; id=1",
        "mta-sts.a.example A 127.0.0.1",
    ]));
    let pool_options =
        PoolOptions { trust: site.trust(), rest_after_failure: Duration::ZERO, ..PoolOptions::default() };
    let options = MxOptions { policy_port, plan_kept: Duration::ZERO, ..options(peer.port()) };
    let outbox = MxOutbox::new(names.clone(), HOSTNAME, options, pool_options).unwrap();
    assert_eq!(brief(&outbox.carry(copy_to("a@a.example")).await), "PutOff at Encryption");
    drop(web);
    for line in
        ["_mta-sts.a.example TXT v=STSv1; id=2", "trouble _mta-sts.a.example TXT", "a.example TXT nothing"]
    {
        line.clone_into(&mut names.lines.lock().unwrap()[2]);
        assert_eq!(brief(&outbox.carry(copy_to("a@a.example")).await), "PutOff at Encryption", "{line}");
    }
}
