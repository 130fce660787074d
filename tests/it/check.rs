//! What `parvis check` finds with the names of the world as they should be, and with each of them
//! as it should not.

#![allow(clippy::unwrap_used, reason = "in tests, and in what only tests call, it is an assertion")]

use std::sync::Arc;

use parvis::check::{self, Facts, Finding, Front, SelfTest, Sends, State};
use parvis::dns::Resolver;
use parvis::domain::address::EmailAddress;
use parvis::domain::list::ListAddress;
use parvis::domain::mta_sts;
use parvis::domain::network::Network;
use parvis::domain::time::{Timestamp, Zone};
use parvis::smtp::client::{Bits, Copy, Outbox, Outcome, Stage, Trust};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::fake_dns::{FakeDns, Manner};
use crate::smtp_road::by_mx::{page, web};
use crate::smtp_road::encryption::Certificates;

const HOST: &str = "lists.example.org";
const BACK: &str = "7.2.0.192.in-addr.arpa";
const BACK6: &str = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
const KEY: &str = "v=DKIM1; k=rsa; p=QUJDRA==";

fn facts() -> Facts {
    Facts {
        hostname: HOST.to_owned(),
        domains: vec![HOST.to_owned()],
        lists: vec![ListAddress::parse("quartier@lists.example.org").unwrap()],
        operator: Some(EmailAddress::parse("you@example.org").unwrap()),
        keys: vec![("parvis".to_owned(), KEY.to_owned())],
        certificate: None,
        relays: vec![Network::parse("127.0.0.1").unwrap()],
        believed: None,
        front: Front::Ours,
        sends: Sends::Itself,
        port: 25,
        policy_port: 443,
    }
}

/// The world as it should be, but for what `without` names.
fn right_world(dns: &FakeDns, without: &str) {
    let add = |what: &str, add: &dyn Fn()| {
        if what != without {
            add();
        }
    };
    add("A", &|| _ = dns.ip(HOST, "192.0.2.7"));
    add("AAAA", &|| _ = dns.ip(HOST, "2001:db8::7"));
    add("PTR", &|| _ = dns.ptr(BACK, HOST));
    add("PTR6", &|| _ = dns.ptr(BACK6, HOST));
    add("MX", &|| _ = dns.mx(HOST, 10, HOST));
    add("SPF", &|| _ = dns.txt(HOST, "v=spf1 a mx -all"));
    add("DKIM", &|| _ = dns.txt("parvis._domainkey.lists.example.org", "v=DKIM1; k=rsa; p=QUJD RA=="));
    add("DMARC", &|| _ = dns.txt("_dmarc.example.org", "v=DMARC1; p=reject"));
}

/// What is not good, a line each, with the record that mends it.
async fn wrong_with(dns: &FakeDns, facts: &Facts) -> Vec<String> {
    let findings = check::names(facts, &Arc::new(Resolver::new(&[dns.address]))).await;
    let wrong = findings.into_iter().filter(|finding| finding.state != State::Good);
    wrong
        .map(|f| format!("{} {:?}: {} | {}", f.what, f.state, f.detail, f.mend.unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn nothing_is_wrong_with_the_world_as_it_should_be() {
    let dns = FakeDns::start().await;
    right_world(&dns, "");
    assert_eq!(wrong_with(&dns, &facts()).await, [""; 0]);
}

#[tokio::test]
async fn each_thing_that_is_missing_is_named_with_the_record_to_paste() {
    for (without, words) in [
        (
            "PTR",
            "PTR Wrong: 192.0.2.7 has no name | ask whoever rents you 192.0.2.7: 7.2.0.192.in-addr.arpa. 3600 IN PTR lists.example.org.",
        ),
        (
            "PTR6",
            "PTR Wrong: 2001:db8::7 has no name | ask whoever rents you 2001:db8::7: 7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR lists.example.org.",
        ),
        (
            "MX",
            "MX Wrong: lists.example.org has no MX record | lists.example.org. 3600 IN MX 10 lists.example.org.",
        ),
        (
            "SPF",
            "SPF Wrong: lists.example.org does not say who may send in its name | lists.example.org. 3600 IN TXT \"v=spf1 mx -all\"",
        ),
        (
            "DKIM",
            "DKIM Wrong: parvis._domainkey.lists.example.org is not published, so signatures cannot be checked | parvis._domainkey.lists.example.org. 3600 IN TXT \"v=DKIM1; k=rsa; p=QUJDRA==\"",
        ),
        (
            "DMARC",
            "DMARC Wrong: lists.example.org does not say what becomes of mail forged in its name | _dmarc.lists.example.org. 3600 IN TXT \"v=DMARC1; p=quarantine; adkim=r; aspf=r; rua=mailto:you@example.org\"",
        ),
    ] {
        let dns = FakeDns::start().await;
        right_world(&dns, without);
        assert_eq!(wrong_with(&dns, &facts()).await, [words], "without {without}");
    }
}

#[tokio::test]
async fn what_is_there_and_not_right_is_named_too() {
    type Change = (&'static str, fn(&FakeDns), &'static str);
    let cases: &[Change] = &[
        (
            "MX",
            |dns| _ = dns.mx(HOST, 10, "mx.elsewhere.example").ip("mx.elsewhere.example", "192.0.2.99"),
            "mail for lists.example.org goes to mx.elsewhere.example (192.0.2.99), not here",
        ),
        ("MX", |dns| _ = dns.mx(HOST, 10, "nowhere.example"), "which has no address"),
        ("MX", |dns| _ = dns.mx(HOST, 0, ""), "takes no mail"),
        ("SPF", |dns| _ = dns.txt(HOST, "v=spf1 +all"), "lets everybody send"),
        (
            "SPF",
            |dns| _ = dns.txt(HOST, "v=spf1 ip4:192.0.2.0/24 ~all"),
            "does not let 2001:db8::7 send in its name (softfail)",
        ),
        (
            "SPF",
            |dns| _ = dns.txt(HOST, "v=spf1 include:nowhere.example -all"),
            "does not let 192.0.2.7 send in its name (permerror)",
        ),
        (
            "SPF",
            |dns| {
                dns.txt(HOST, "v=spf1 include:slow.example -all").manner("slow.example", Manner::ServFail);
            },
            "SPF Unknown: whether 192.0.2.7 may send for lists.example.org could not be found out",
        ),
        ("", |dns| _ = dns.txt(HOST, "v=spf1 a -all"), "has 2 SPF records"),
        (
            "DKIM",
            |dns| _ = dns.txt("parvis._domainkey.lists.example.org", "v=DKIM1; k=rsa; p=WFla"),
            "another key",
        ),
        (
            "PTR",
            |dns| _ = dns.ptr(BACK, "host7.rented.example"),
            "is named host7.rented.example, not lists.example.org",
        ),
        (
            "",
            |dns| _ = dns.manner("_dmarc.lists.example.org", Manner::ServFail),
            "of lists.example.org could not be found out",
        ),
    ];
    for (without, change, words) in cases {
        let dns = FakeDns::start().await;
        right_world(&dns, without);
        change(&dns);
        let wrong = wrong_with(&dns, &facts()).await;
        assert!(wrong.len() == 1 && wrong[0].contains(words), "{words}: {wrong:?}");
    }
    // A provider's own name is good enough if it leads back.
    let dns = FakeDns::start().await;
    right_world(&dns, "PTR");
    dns.ptr(BACK, "host7.rented.example");
    dns.ip("host7.rented.example", "192.0.2.7");
    assert_eq!(wrong_with(&dns, &facts()).await, [""; 0]);
    // With another server in front, mail goes there first.
    let dns = FakeDns::start().await;
    right_world(&dns, "MX");
    dns.mx(HOST, 10, "mx.elsewhere.example");
    dns.ip("mx.elsewhere.example", "192.0.2.99");
    assert_eq!(wrong_with(&dns, &Facts { front: Front::Another, ..facts() }).await, [""; 0]);
}

#[tokio::test]
async fn without_a_name_server_that_alone_is_said() {
    let dns = FakeDns::start().await;
    dns.all(Some(Manner::Hang));
    let wrong = wrong_with(&dns, &facts()).await;
    assert!(wrong.len() == 1 && wrong[0].starts_with("DNS Wrong: no name server answers"), "{wrong:?}");
}

#[tokio::test]
async fn a_forger_is_not_believed_unless_the_configuration_says_so() {
    type World = fn(&FakeDns);
    let right: World = |dns| right_world(dns, "");
    let everybody: World = |dns| {
        right_world(dns, "SPF");
        dns.txt(HOST, "v=spf1 +all");
    };
    let nothing: World = |_| {};
    let trouble: World = |dns| {
        right_world(dns, "");
        dns.manner("_dmarc.lists.example.org", Manner::ServFail);
    };
    let cases: &[(World, &str, Option<&str>, &str)] = &[
        (right, "127.0.0.1", None, "Good: results forged in the name of lists.example.org prove nothing"),
        (
            right,
            "127.0.0.1",
            Some("mx.example.org"),
            "Good: results forged in the name of lists.example.org and mx",
        ),
        (nothing, "127.0.0.1", Some(HOST), "Good: results forged in the name of lists.example.org prove"),
        // Who lets the whole world stand in front.
        (right, "0.0.0.0/0", Some("mx.example.org"), "so anybody can write as postmaster@lists.example.org"),
        (nothing, "0.0.0.0/0", Some(HOST), "so anybody can write as postmaster@lists.example.org"),
        (right, "::/0", Some("mx.example.org"), "Wrong: a stranger's server (2001:db8::25) is taken for"),
        // No results are believed then, but where the mail came from is: SPF says yes to that.
        (right, "198.51.100.0/24", None, "so anybody can write as postmaster@lists.example.org"),
        (nothing, "198.51.100.0/24", None, "Wrong: a stranger's server (198.51.100.25) is taken for"),
        (everybody, "127.0.0.1", None, "since SPF of lists.example.org lets it"),
        (
            trouble,
            "127.0.0.1",
            None,
            "Unknown: what becomes of a mail forged in the name of lists.example.org could",
        ),
    ];
    for (world, relays, believed, words) in cases {
        let dns = FakeDns::start().await;
        world(&dns);
        let facts = Facts {
            relays: vec![Network::parse(relays).unwrap()],
            believed: believed.map(ToOwned::to_owned),
            ..facts()
        };
        let found = check::forgery(&facts, &Arc::new(Resolver::new(&[dns.address]))).await;
        let told = format!("{:?}: {}", found.state, found.detail);
        assert!(told.contains(words), "{relays} {believed:?}: {told}");
        assert_eq!(found.mend.is_some(), found.state == State::Wrong, "{told}");
    }
}

#[tokio::test]
async fn the_policy_for_mail_is_read_as_those_read_it_who_bring_some() {
    type World = fn(&FakeDns);
    let ours: World = |dns| {
        dns.txt("_mta-sts.lists.example.org", &mta_sts::record(HOST))
            .ip("mta-sts.lists.example.org", "127.0.0.1");
    };
    let older: World = |dns| {
        dns.txt("_mta-sts.lists.example.org", "v=STSv1; id=1").ip("mta-sts.lists.example.org", "127.0.0.1");
    };
    let nowhere: World = |dns| _ = dns.txt("_mta-sts.lists.example.org", &mta_sts::record(HOST));
    let policy = mta_sts::policy(HOST);
    let elsewhere = mta_sts::policy("mx.elsewhere.example");
    let testing = policy.replace("enforce", "testing");
    let cases: &[(World, &str, &str)] = &[
        (ours, &policy, "Good: who brings mail to lists.example.org must encrypt it"),
        (ours, &testing, "Good: who brings mail to lists.example.org is asked to encrypt it"),
        (ours, &elsewhere, "Wrong: the policy of lists.example.org does not name lists.example.org"),
        (
            ours,
            "hello",
            "Wrong: the policy of lists.example.org cannot be read, and so asks nothing of anybody",
        ),
        (older, &policy, "Wrong: the policy of lists.example.org is another than the one others remember"),
        (
            nowhere,
            &policy,
            "Wrong: lists.example.org says that it has a policy, and mta-sts.lists.example.org has no",
        ),
        (|_| {}, &policy, "Good: nobody is asked to encrypt what they bring to lists.example.org; where the"),
        (
            |dns| _ = dns.txt("_mta-sts.lists.example.org", "v=STSv1"),
            &policy,
            "Wrong: what stands at _mta-sts.lists.example.org says nothing",
        ),
        (
            |dns| _ = dns.manner("_mta-sts.lists.example.org", Manner::ServFail),
            &policy,
            "Unknown: what the DNS says of lists.example.org could not be found out",
        ),
    ];
    let site = Certificates::of("mta-sts.lists.example.org");
    for (world, policy, words) in cases {
        let dns = FakeDns::start().await;
        dns.ip(HOST, "127.0.0.1");
        world(&dns);
        let (policy_port, _, _web) = web(&site, page(policy)).await;
        let files = Some(("cert.pem".into(), "key.pem".into()));
        let facts = Facts { policy_port, certificate: files, ..facts() };
        let resolver = Resolver::new(&[dns.address]);
        let findings = check::mail_policy(&facts, &resolver, &site.trust()).await;
        let [found] = &findings[..] else { panic!("{words}: {findings:?}") };
        let told = format!("{:?}: {}", found.state, found.detail);
        assert!(told.starts_with(words), "{told}");
        assert_eq!(found.mend.is_some(), found.state == State::Wrong, "{told}");
        // A certificate nobody trusts is as good as no policy, and another server's policy is its own.
        if *words == cases[0].2 {
            let found = &check::mail_policy(&facts, &resolver, &Trust::none()).await[0];
            assert!(found.state == State::Wrong && found.detail.contains("cannot be read"), "{found:?}");
            let behind = Facts { front: Front::Another, ..facts };
            assert_eq!(check::mail_policy(&behind, &resolver, &site.trust()).await, []);
        }
    }
}

#[tokio::test]
async fn our_own_port_is_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dns = FakeDns::start().await;
    dns.ip(HOST, "127.0.0.1");
    let facts = Facts { port: listener.local_addr().unwrap().port(), ..facts() };
    let resolver = Resolver::new(&[dns.address]);
    let (yes, tls) = ("220 us|250 us|250 ok", "220 us|250-us\r\n250 STARTTLS|250 ok");
    // What it says to each line in turn, the first unasked; then it is gone.
    for (answers, state, words) in [
        (format!("{tls}|250 ok|250 ok|221 bye"), State::Good, "offers TLS"),
        (format!("{yes}|250 ok|250 ok|221 bye"), State::Good, "without TLS"),
        (format!("{yes}|250 ok|450 4.2.0 wait|221 bye"), State::Good, "answers"),
        ("220 us|250 us|451 4.3.0 not now|221 bye".to_owned(), State::Good, "answers"),
        (yes.to_owned(), State::Good, "answers"),
        (format!("{yes}|550 5.1.1 who|221 bye"), State::Wrong, "postmaster@lists.example.org: 550 5.1.1 who"),
        (format!("{yes}|250 ok|554 5.7.1 no relay"), State::Wrong, "quartier@lists.example.org: 554 5.7.1"),
        ("554 no".to_owned(), State::Wrong, "it says \"554 no\""),
        (String::new(), State::Wrong, "nobody answers"),
    ] {
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            let (heard, mut says) = stream.into_split();
            let mut heard = BufReader::new(heard).lines();
            for (turn, answer) in answers.split('|').filter(|answer| !answer.is_empty()).enumerate() {
                if turn > 0 && heard.next_line().await.unwrap().is_none() {
                    break;
                }
                says.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
        };
        let (findings, ()) = tokio::join!(check::door(&facts, &resolver), serve);
        let Finding { state: found, detail, mend, .. } = &findings[0];
        assert!(*found == state && detail.contains(words), "{answers}: {findings:?}");
        assert_eq!(mend.is_some(), state == State::Wrong, "{answers}: {findings:?}");
    }
    drop(listener);
    let findings = check::door(&facts, &resolver).await;
    assert!(findings[0].state == State::Wrong && findings[0].detail.contains("refused"), "{findings:?}");
}

/// Says one thing to whatever it is given.
struct Says(Outcome, std::sync::Mutex<Vec<Copy>>);

impl Outbox for Says {
    async fn carry(&self, copy: Copy) -> Outcome {
        self.1.lock().unwrap().push(copy);
        self.0.clone()
    }
}

#[tokio::test]
async fn a_mail_to_the_operator_goes_the_way_of_copies() {
    let (operator, zone) = (EmailAddress::parse("you@example.org").unwrap(), Zone::utc());
    let now = Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
    let test = SelfTest {
        hostname: HOST,
        operator: &operator,
        route: "smtp://relay.example:25",
        keys: &[],
        now,
        zone: &zone,
    };
    for (outcome, state, words) in [
        (Outcome::Taken { reply: "250 2.0.0 ours now".to_owned() }, State::Good, "250 2.0.0 ours now"),
        (
            Outcome::PutOff {
                code: None,
                enhanced: None,
                reply: "connection refused".to_owned(),
                stage: Stage::Connect,
            },
            State::Wrong,
            "could not be handed over by way of smtp://relay.example:25: connection refused",
        ),
    ] {
        let outbox = Says(outcome, std::sync::Mutex::default());
        let finding = check::self_test(&test, &outbox).await;
        assert!(finding.state == state && finding.detail.contains(words), "{finding:?}");
        let sent = outbox.1.lock().unwrap();
        assert_eq!(
            (sent.len(), sent[0].recipient.as_str(), sent[0].sender.is_none()),
            (1, "you@example.org", true)
        );
        assert_eq!(sent[0].bits, Bits::Seven);
    }
}

#[test]
fn a_certificate_is_for_us_and_does_not_end_soon() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let with = Facts { certificate: Some((chain.clone(), key.clone())), ..facts() };
    let look = |at: &str| {
        let finding =
            check::certificate(&with, Timestamp::parse_rfc3339(&format!("{at}T00:00:00Z")).unwrap());
        format!("{:?}: {}", finding.state, finding.detail)
    };
    assert!(look("2026-11-23").contains("cannot be used"));
    for (name, at, words) in [
        (HOST, "2026-11-01", "Good: "),
        (HOST, "2026-12-20", "Wrong: the certificate in"),
        (HOST, "2027-02-01", "ended at 2027-01-01"),
        ("other.example", "2026-11-01", "is not for lists.example.org"),
    ] {
        let pair = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (rcgen::date_time_ymd(2026, 1, 1), rcgen::date_time_ymd(2027, 1, 1));
        std::fs::write(&chain, params.self_signed(&pair).unwrap().pem()).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        let found = look(at);
        assert!(found.contains(words), "{found}");
    }
    let without = check::certificate(&facts(), Timestamp::from_seconds(0));
    assert!(without.state == State::Good && without.mend.is_some());
}
