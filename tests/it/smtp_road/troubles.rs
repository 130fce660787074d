//! Every step of the conversation and every way it goes wrong: what becomes of the copy, and of the next.

use std::time::Duration;

use expect_test::expect;
use parvis::smtp::client::{Fate, Outbox, Outcome, PoolOptions, Timeouts};
use parvis::smtp::dot_stuff::dot_stuff;
use tokio::task::JoinSet;

use super::{brief, copy_to, copy_with, is_taken, outbox, outbox_with};
use crate::fake_peer::{Does, FakePeer, Point, Script, Trouble};

/// Timeouts that are long but for one.
fn short_at(point: Point) -> Timeouts {
    const SHORT: Duration = Duration::from_millis(150);
    let mut timeouts = Timeouts::default();
    *match point {
        Point::Banner => &mut timeouts.greeting,
        Point::Hello | Point::Helo => &mut timeouts.hello,
        Point::StartTls => &mut timeouts.encryption,
        Point::Auth => &mut timeouts.login,
        Point::Mail | Point::Rset => &mut timeouts.mail,
        Point::Rcpt => &mut timeouts.rcpt,
        Point::Data => &mut timeouts.data,
        Point::Content => &mut timeouts.block,
        Point::Dot => &mut timeouts.final_dot,
        Point::Quit => &mut timeouts.quit,
    } = SHORT;
    timeouts
}

/// What becomes of a copy whose peer makes this trouble, once; the next copy always arrives.
async fn outcome_of(point: Point, does: Does) -> String {
    let waits = match does {
        Does::Hang | Does::Drip => true,
        // Who says much while a message is sent to it, and reads nothing, is waited for as well.
        Does::EndlessLines | Does::EndlessLine => point == Point::Content,
        Does::Drop | Does::Say(_) | Does::SayAndDrop(_) => false,
    };
    let peer = FakePeer::start(Script::with([Trouble::at(point, does).on_connection(1).the_nth(1)])).await;
    let timeouts = if waits { short_at(point) } else { Timeouts::default() };
    // More than the buffers of both sides hold, so that a peer who reads no more is felt.
    let length = if point == Point::Content { 12_000_000 } else { 1 };
    let body = dot_stuff(&b"x".repeat(length));
    let options = PoolOptions { rest_after_failure: Duration::ZERO, timeouts, ..PoolOptions::default() };
    let troubled = outbox_with(&peer, options);
    // Far more than the short limit, far less than any other: who waits for ever is found here.
    let patience = Duration::from_secs(30);
    let outcome = tokio::time::timeout(patience, troubled.carry(copy_with("first@a.example", body)))
        .await
        .unwrap_or_else(|_| panic!("{point:?}: still waiting"));
    // With a timeout as short, a slow machine could put the next copy into trouble, too.
    let next = if waits { outbox(&peer) } else { troubled.clone() };
    let following = next.carry(copy_to("next@a.example")).await;
    assert!(is_taken(&following), "{point:?}: {following:?}");
    for outbox in [troubled, next] {
        let closed = tokio::time::timeout(patience, outbox.close()).await;
        assert!(closed.is_ok(), "{point:?}: still saying goodbye");
    }
    let seen = peer.seen();
    let count = |name: &str| seen.taken.iter().filter(|taken| taken.recipient.starts_with(name)).count();
    assert_eq!(count("next"), 1);
    match &outcome {
        Outcome::Taken { .. } => assert_eq!(count("first"), 1, "{point:?}: {outcome:?}"),
        Outcome::Lost { fate: Fate::Unknown, .. } => {}
        Outcome::PutOff { .. }
        | Outcome::Refused { .. }
        | Outcome::NeedsSevenBits
        | Outcome::Lost { fate: Fate::NotTaken, .. } => {
            assert_eq!(count("first"), 0, "{point:?}: {outcome:?}");
        }
    }
    format!("{}, {} connections", brief(&outcome), if waits { 2 } else { seen.connections })
}

async fn story_of(troubles: &[(&str, Does)]) -> String {
    let points = [
        Point::Banner,
        Point::Hello,
        Point::Mail,
        Point::Rcpt,
        Point::Data,
        Point::Content,
        Point::Dot,
        Point::Quit,
    ];
    let mut stories = JoinSet::new();
    let cases = points.iter().flat_map(|point| troubles.iter().map(move |trouble| (*point, trouble.clone())));
    for (number, (point, (name, does))) in cases.enumerate() {
        let name = name.to_string();
        stories.spawn(
            async move { (number, format!("{point:?}, {name}: {}\n", outcome_of(point, does).await)) },
        );
    }
    let mut told = stories.join_all().await;
    told.sort();
    told.into_iter().map(|(_, line)| line).collect()
}

fn says(text: &str) -> Does {
    Does::Say(text.to_owned())
}

#[tokio::test]
async fn peers_that_hang_up_delay_only_the_copy_they_were_given() {
    let troubles = [
        ("drops", Does::Drop),
        ("421", Does::SayAndDrop("421 4.3.2 going down\r\n".to_owned())),
        ("552 and drops", Does::SayAndDrop("552 5.3.4 too much\r\n".to_owned())),
    ];
    expect![[r#"
        Banner, drops: PutOff at Greeting, 2 connections
        Banner, 421: PutOff at Greeting (421 4.3.2 going down), 2 connections
        Banner, 552 and drops: PutOff at Greeting (552 5.3.4 too much), 2 connections
        Hello, drops: PutOff at Hello, 2 connections
        Hello, 421: PutOff at Hello (421 4.3.2 going down), 2 connections
        Hello, 552 and drops: PutOff at Hello, 2 connections
        Mail, drops: Lost at Mail, NotTaken, 2 connections
        Mail, 421: PutOff at Mail (421 4.3.2 going down), 2 connections
        Mail, 552 and drops: Refused at Mail (552 5.3.4 too much), 5.3.4, 2 connections
        Rcpt, drops: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, 421: PutOff at Rcpt (421 4.3.2 going down), 2 connections
        Rcpt, 552 and drops: Refused at Rcpt (552 5.3.4 too much), 5.3.4, 2 connections
        Data, drops: Lost at Data, NotTaken, 2 connections
        Data, 421: PutOff at Data (421 4.3.2 going down), 2 connections
        Data, 552 and drops: Refused at Data (552 5.3.4 too much), 5.3.4, 2 connections
        Content, drops: Lost at Content, NotTaken, 2 connections
        Content, 421: PutOff at Content (421 4.3.2 going down), 2 connections
        Content, 552 and drops: Refused at Content (552 5.3.4 too much), 5.3.4, 2 connections
        Dot, drops: Lost at Content, Unknown, 2 connections
        Dot, 421: PutOff at Content (421 4.3.2 going down), 2 connections
        Dot, 552 and drops: Refused at Content (552 5.3.4 too much), 5.3.4, 2 connections
        Quit, drops: Taken (250 2.0.0 taken), 1 connections
        Quit, 421: Taken (250 2.0.0 taken), 1 connections
        Quit, 552 and drops: Taken (250 2.0.0 taken), 1 connections
    "#]]
    .assert_eq(&story_of(&troubles).await);
}

#[tokio::test]
async fn peers_that_never_answer_are_given_up() {
    let troubles = [("hangs", Does::Hang), ("drips", Does::Drip)];
    expect![[r#"
        Banner, hangs: PutOff at Greeting, 2 connections
        Banner, drips: PutOff at Greeting, 2 connections
        Hello, hangs: PutOff at Hello, 2 connections
        Hello, drips: PutOff at Hello, 2 connections
        Mail, hangs: Lost at Mail, NotTaken, 2 connections
        Mail, drips: Lost at Mail, NotTaken, 2 connections
        Rcpt, hangs: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, drips: Lost at Rcpt, NotTaken, 2 connections
        Data, hangs: Lost at Data, NotTaken, 2 connections
        Data, drips: Lost at Data, NotTaken, 2 connections
        Content, hangs: Lost at Content, NotTaken, 2 connections
        Content, drips: Lost at Content, NotTaken, 2 connections
        Dot, hangs: Lost at Content, Unknown, 2 connections
        Dot, drips: Lost at Content, Unknown, 2 connections
        Quit, hangs: Taken (250 2.0.0 taken), 2 connections
        Quit, drips: Taken (250 2.0.0 taken), 2 connections
    "#]]
    .assert_eq(&story_of(&troubles).await);
}

#[tokio::test]
async fn peers_that_put_off_or_refuse_are_believed() {
    let troubles = [("4xx", says("451 4.3.0 not today\r\n")), ("5xx", says("550 5.7.1 not you\r\n"))];
    expect![[r#"
        Banner, 4xx: PutOff at Greeting (451 4.3.0 not today), 2 connections
        Banner, 5xx: PutOff at Greeting (550 5.7.1 not you), 2 connections
        Hello, 4xx: PutOff at Hello (451 4.3.0 not today), 2 connections
        Hello, 5xx: Taken (250 2.0.0 taken), 1 connections
        Mail, 4xx: PutOff at Mail (451 4.3.0 not today), 1 connections
        Mail, 5xx: Refused at Mail (550 5.7.1 not you), 5.7.1, 1 connections
        Rcpt, 4xx: PutOff at Rcpt (451 4.3.0 not today), 1 connections
        Rcpt, 5xx: Refused at Rcpt (550 5.7.1 not you), 5.7.1, 1 connections
        Data, 4xx: PutOff at Data (451 4.3.0 not today), 1 connections
        Data, 5xx: Refused at Data (550 5.7.1 not you), 5.7.1, 1 connections
        Content, 4xx: PutOff at Content (451 4.3.0 not today), 1 connections
        Content, 5xx: Refused at Content (550 5.7.1 not you), 5.7.1, 1 connections
        Dot, 4xx: PutOff at Content (451 4.3.0 not today), 1 connections
        Dot, 5xx: Refused at Content (550 5.7.1 not you), 5.7.1, 1 connections
        Quit, 4xx: Taken (250 2.0.0 taken), 1 connections
        Quit, 5xx: Taken (250 2.0.0 taken), 1 connections
    "#]]
    .assert_eq(&story_of(&troubles).await);
}

#[tokio::test]
async fn peers_that_speak_garbage_are_not_listened_to() {
    let troubles = [
        ("garbage", says("hello\0\r\n")),
        ("999", says("999 what\r\n")),
        ("blank line", says("\r\n")),
        ("NUL", says("250 a\0b\r\n")),
        ("two codes", says("250-yes\r\n550 no\r\n")),
        ("wrong kind", says("300 hm\r\n")),
        ("endless lines", Does::EndlessLines),
        ("endless line", Does::EndlessLine),
    ];
    expect![[r#"
        Banner, garbage: PutOff at Greeting, 2 connections
        Banner, 999: PutOff at Greeting, 2 connections
        Banner, blank line: PutOff at Greeting, 2 connections
        Banner, NUL: PutOff at Greeting, 2 connections
        Banner, two codes: PutOff at Greeting, 2 connections
        Banner, wrong kind: PutOff at Greeting (300 hm), 2 connections
        Banner, endless lines: PutOff at Greeting, 2 connections
        Banner, endless line: PutOff at Greeting, 2 connections
        Hello, garbage: PutOff at Hello, 2 connections
        Hello, 999: PutOff at Hello, 2 connections
        Hello, blank line: PutOff at Hello, 2 connections
        Hello, NUL: PutOff at Hello, 2 connections
        Hello, two codes: PutOff at Hello, 2 connections
        Hello, wrong kind: PutOff at Hello (300 hm), 2 connections
        Hello, endless lines: PutOff at Hello, 2 connections
        Hello, endless line: PutOff at Hello, 2 connections
        Mail, garbage: Lost at Mail, NotTaken, 2 connections
        Mail, 999: Lost at Mail, NotTaken, 2 connections
        Mail, blank line: Lost at Mail, NotTaken, 2 connections
        Mail, NUL: Lost at Mail, NotTaken, 2 connections
        Mail, two codes: Lost at Mail, NotTaken, 2 connections
        Mail, wrong kind: Lost at Mail, NotTaken, 2 connections
        Mail, endless lines: Lost at Mail, NotTaken, 2 connections
        Mail, endless line: Lost at Mail, NotTaken, 2 connections
        Rcpt, garbage: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, 999: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, blank line: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, NUL: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, two codes: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, wrong kind: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, endless lines: Lost at Rcpt, NotTaken, 2 connections
        Rcpt, endless line: Lost at Rcpt, NotTaken, 2 connections
        Data, garbage: Lost at Data, NotTaken, 2 connections
        Data, 999: Lost at Data, NotTaken, 2 connections
        Data, blank line: Lost at Data, NotTaken, 2 connections
        Data, NUL: Lost at Data, NotTaken, 2 connections
        Data, two codes: Lost at Data, NotTaken, 2 connections
        Data, wrong kind: Taken (250 2.0.0 taken), 1 connections
        Data, endless lines: Lost at Data, NotTaken, 2 connections
        Data, endless line: Lost at Data, NotTaken, 2 connections
        Content, garbage: Lost at Content, Unknown, 2 connections
        Content, 999: Lost at Content, Unknown, 2 connections
        Content, blank line: Lost at Content, Unknown, 2 connections
        Content, NUL: Lost at Content, Unknown, 2 connections
        Content, two codes: Lost at Content, Unknown, 2 connections
        Content, wrong kind: Lost at Content, Unknown, 2 connections
        Content, endless lines: Lost at Content, NotTaken, 2 connections
        Content, endless line: Lost at Content, NotTaken, 2 connections
        Dot, garbage: Lost at Content, Unknown, 2 connections
        Dot, 999: Lost at Content, Unknown, 2 connections
        Dot, blank line: Lost at Content, Unknown, 2 connections
        Dot, NUL: Lost at Content, Unknown, 2 connections
        Dot, two codes: Lost at Content, Unknown, 2 connections
        Dot, wrong kind: Lost at Content, Unknown, 2 connections
        Dot, endless lines: Lost at Content, Unknown, 2 connections
        Dot, endless line: Lost at Content, Unknown, 2 connections
        Quit, garbage: Taken (250 2.0.0 taken), 1 connections
        Quit, 999: Taken (250 2.0.0 taken), 1 connections
        Quit, blank line: Taken (250 2.0.0 taken), 1 connections
        Quit, NUL: Taken (250 2.0.0 taken), 1 connections
        Quit, two codes: Taken (250 2.0.0 taken), 1 connections
        Quit, wrong kind: Taken (250 2.0.0 taken), 1 connections
        Quit, endless lines: Taken (250 2.0.0 taken), 1 connections
        Quit, endless line: Taken (250 2.0.0 taken), 1 connections
    "#]]
    .assert_eq(&story_of(&troubles).await);
}
