//! What becomes of unwanted mail: a filter's verdicts, a relay's words, and floods to people.

use std::sync::{Arc, Mutex};

use parvis::domain::list::Preset;
use parvis::domain::moderation::HoldReason;
use parvis::filter::Filter;
use parvis::store::archive::PostState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::door::House;
use super::mail;
use crate::fake_dns::FakeDns;

/// Answers every question with the same bytes, or with silence; tells what it was asked.
async fn rspamd(answer: Option<&'static str>) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(String::new()));
    let seen = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let (mut text, mut buffer) = (Vec::new(), vec![0; 4096]);
                while !text.ends_with(b"?\r\n") {
                    match socket.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(n) => text.extend_from_slice(&buffer[..n]),
                    }
                }
                *seen.lock().unwrap() = String::from_utf8(text).unwrap();
                if let Some(answer) = answer {
                    let _ = socket.write_all(answer.as_bytes()).await;
                } else {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (address, asked)
}

fn json(action: &str) -> &'static str {
    let body = format!("{{\"action\":\"{action}\",\"score\":7.5}}");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Box::leak(answer.into_boxed_str())
}

async fn no_dns() -> FakeDns {
    FakeDns::start().await
}

/// What the door says and what becomes of a member's post.
fn post(answer: Option<&'static str>) -> (String, Option<(PostState, Option<HoldReason>)>, usize, String) {
    let mut house = House::new(no_dns);
    let (address, asked) = house.run(rspamd(answer));
    house.filter_with(Filter::new(&address).unwrap());
    let list = house.list("quartier@lists.example", Preset::Discussion);
    house.member(&list, "a@anne.example", &[]);
    let reply = house.hand_in("a@anne.example", "quartier@lists.example", &mail("a@anne.example"));
    let kept = house.all().pop().map(|post| (post.state, post.hold_reason));
    let letters = house.desk.store.letters().unwrap().len();
    let asked = asked.lock().unwrap().clone();
    (reply, kept, letters, asked)
}

#[test]
fn a_verdict_decides_and_no_verdict_does_not() {
    let published = Some((PostState::Published, None));
    let doubtful = Some((PostState::Held, Some(HoldReason::Doubtful)));
    for (what, answer, code, expected) in [
        ("wanted", Some(json("no action")), "250", published),
        ("greylisting is not ours", Some(json("greylist")), "250", published),
        ("doubtful", Some(json("add header")), "250", doubtful),
        ("doubtful", Some(json("rewrite subject")), "250", doubtful),
        ("clear", Some(json("reject")), "550", None),
        ("nonsense", Some("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "250", published),
        ("an error", Some("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), "250", published),
        ("no HTTP", Some("220 smtp.example\r\n"), "250", published),
        ("silence", None, "250", published),
    ] {
        let (reply, kept, letters, asked) = post(answer);
        assert_eq!((&reply[..3], kept), (code, expected), "{what}: {reply}");
        assert_eq!(letters, 0, "{what}");
        for told in [
            "POST /checkv2 ",
            "\r\nip: 192.0.2.7\r\n",
            "\r\nfrom: a@anne.example\r\n",
            "\r\nrcpt: quartier@lists.example\r\n",
            "Qui a les",
        ] {
            assert!(asked.contains(told), "{what}: {told:?} is not in {asked:?}");
        }
        if code == "550" {
            assert!(reply.starts_with("550 5.7.1 ") && reply.is_ascii(), "{reply}");
        }
    }
}

#[test]
fn a_filter_that_is_down_holds_nothing_up() {
    let mut house = House::new(no_dns);
    house.filter_with(Filter::new("http://127.0.0.1:1").unwrap());
    let list = house.list("quartier@lists.example", Preset::Discussion);
    house.member(&list, "a@anne.example", &[]);
    let reply = house.hand_in("a@anne.example", "quartier@lists.example", &mail("a@anne.example"));
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(house.last().state, PostState::Published);
    for wrong in ["", "localhost", "ftp://x", "https://x.example", "http://"] {
        assert!(Filter::new(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_operator_is_always_reached() {
    let mut house = House::new(no_dns);
    let (address, _) = house.run(rspamd(Some(json("reject"))));
    house.filter_with(Filter::new(&address).unwrap());
    house.list("quartier@lists.example", Preset::Discussion);
    let write = |to: &str| house.hand_in("x@y.example", to, &mail("x@y.example"))[..3].to_owned();
    assert_eq!(write("abuse@lists.example"), "250");
    assert_eq!(write("quartier-animateurs@lists.example"), "550");
    assert_eq!(write("quartier-inscription@lists.example"), "550");
}

#[test]
fn what_people_write_to_the_operator_goes_to_them_and_nothing_else_does() {
    let nobody = House::new(no_dns);
    let mut house = House::run_by("us@elsewhere.example", no_dns);
    let written = |house: &House, head: &str| {
        let before = house.desk.store.letters().unwrap().len();
        let reply =
            house.hand_in("x@y.example", "abuse@lists.example", &format!("{head}{}", mail("x@y.example")));
        assert!(reply.starts_with("250"), "{reply}");
        assert_eq!(house.last().hold_reason, Some(HoldReason::ToOperator));
        house.desk.store.letters().unwrap().len() - before
    };
    assert_eq!(written(&nobody, ""), 0);
    for (head, letters) in [
        ("", 1),
        ("X-Other: a\r\n", 1),
        ("Auto-Submitted: auto-generated\r\n", 0),
        ("Precedence: bulk\r\n", 0),
    ] {
        assert_eq!(written(&house, head), letters, "{head}");
    }
    let (address, _) = house.run(rspamd(Some(json("reject"))));
    house.filter_with(Filter::new(&address).unwrap());
    assert_eq!(written(&house, "X-Other: b\r\n"), 0);
}

#[test]
fn a_relays_word_is_believed_where_its_results_are() {
    let house = House::believing(no_dns, "mx.example");
    let list = house.list("quartier@lists.example", Preset::Discussion);
    house.member(&list, "a@anne.example", &[]);
    let received = "Received: from x (x [192.0.2.7]) by mx.example; now\r\n";
    for (n, (peer, head, expected)) in [
        ("127.0.0.1", format!("X-Spam-Flag: YES\r\n{received}"), Some(HoldReason::Doubtful)),
        ("127.0.0.1", format!("X-Spam-Status: No, score=1\r\n{received}"), None),
        ("127.0.0.1", format!("{received}X-Spam-Flag: YES\r\n"), None),
        ("198.51.100.9", format!("X-Spam-Flag: YES\r\n{received}"), None),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("{head}{}", mail("a@anne.example").replace("Qui a", &format!("{n}. Qui a")));
        let reply = house.hand_in_from(peer, "a@anne.example", "quartier@lists.example", &text);
        assert!(reply.starts_with("250"), "{reply}");
        assert_eq!(house.last().hold_reason, expected, "{head}");
    }
}

#[test]
fn a_flood_to_people_is_put_off_and_members_are_not() {
    let house = House::new(async || {
        let dns = no_dns().await;
        dns.txt("anne.example", "v=spf1 ip4:192.0.2.7 -all");
        dns
    });
    let list = house.list("quartier@lists.example", Preset::Discussion);
    house.member(&list, "a@anne.example", &[]);
    house.member(&list, "p@plain.example", &[]);
    let write = |from: &str, to: &str, n: usize| {
        let text = mail(from).replace("Qui a", &format!("{n}. Qui a"));
        house.hand_in(from, to, &text)[..3].to_owned()
    };
    let places =
        ["quartier-animateurs@lists.example", "quartier-inscription@lists.example", "abuse@lists.example"];
    let answers: Vec<String> = (0..60).map(|n| write("x@y.example", places[n % 3], n)).collect();
    assert_eq!(answers.iter().filter(|code| *code == "250").count(), 20);
    assert!(answers[20..].iter().all(|code| code == "451"), "{answers:?}");
    for n in 0..30 {
        assert_eq!(write("a@anne.example", places[0], 100 + n), "250");
    }
    // Whom nothing proves could be anybody.
    assert_eq!(write("p@plain.example", places[0], 150), "451");
    house.later(3601);
    assert_eq!(write("x@y.example", places[0], 200), "250");
}
