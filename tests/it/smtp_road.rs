//! How copies leave, as peers see it: whatever a peer does, each copy has one clear outcome, the
//! next one finds its way, and nothing is delivered that was not meant.

#![allow(clippy::unwrap_used)] // in a helper of tests, too, it fails the test

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use expect_test::{Expect, expect};
use parvis::domain::address::EmailAddress;
use parvis::smtp::client::{
    Bits, Carrier, Copy, Fate, Outbox, Outcome, PoolOptions, SmtpOutbox, Stage, Timeouts,
};
use parvis::smtp::dot_stuff::{DotStuffed, dot_stuff};
use parvis::smtp::route::Route;
use tokio::task::JoinSet;

use crate::fake_peer::{Dialect, Does, Ending, FakePeer, Point, Script, Trouble};

const HOSTNAME: &str = "lists.example";

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn copy_with(recipient: &str, body: DotStuffed) -> Copy {
    Copy {
        sender: Some(address("lilas-retour@lists.example")),
        recipient: address(recipient),
        head: dot_stuff(format!("Subject: hello\r\nTo: {recipient}\r\n\r\n").as_bytes()),
        body,
        bits: Bits::Seven,
    }
}

fn copy_to(recipient: &str) -> Copy {
    copy_with(recipient, dot_stuff(b"See you on Sunday.\r\n.\r\n"))
}

fn outbox_with(peer: &FakePeer, options: PoolOptions) -> SmtpOutbox {
    SmtpOutbox::new(Route::parse(&peer.route("smtp")).unwrap(), HOSTNAME, options).unwrap()
}

/// As configured by default, but for the rest after a connection that could not be made.
fn outbox(peer: &FakePeer) -> SmtpOutbox {
    outbox_with(peer, PoolOptions { rest_after_failure: Duration::ZERO, ..PoolOptions::default() })
}

fn is_taken(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Taken { .. })
}

/// An outcome without the words of the system, which are not ours to fix.
fn brief(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Taken { reply } => format!("Taken ({reply})"),
        Outcome::PutOff { code: Some(_), reply, stage, .. } => format!("PutOff at {stage:?} ({reply})"),
        Outcome::PutOff { code: None, stage, .. } => format!("PutOff at {stage:?}"),
        Outcome::Refused { code, enhanced, reply, stage } => {
            assert!(reply.starts_with(&code.to_string()), "{reply}");
            format!("Refused at {stage:?} ({reply}), {}", enhanced.map(|e| e.to_string()).unwrap_or_default())
        }
        Outcome::Lost { stage, fate, .. } => format!("Lost at {stage:?}, {fate:?}"),
    }
}

/// Gives the peer of `script` a copy for each recipient over one outbox, one after the other.
async fn carry_to(script: Script, recipients: &[&str], expected: Expect) {
    let peer = FakePeer::start(script).await;
    let outbox = outbox(&peer);
    let mut story = String::new();
    for recipient in recipients {
        let outcome = outbox.carry(copy_to(recipient)).await;
        writeln!(story, "{recipient}: {}", brief(&outcome)).unwrap();
    }
    outbox.close().await;
    let seen = peer.until(|seen| seen.open == 0).await;
    for (connection, line) in &seen.commands {
        writeln!(story, "  {connection} {line}").unwrap();
    }
    let taken: Vec<&str> = seen.taken.iter().map(|taken| taken.recipient.as_str()).collect();
    writeln!(story, "taken: {taken:?}").unwrap();
    expected.assert_eq(&story);
}

/// Timeouts that are long but for one.
fn short_at(point: Point) -> Timeouts {
    const SHORT: Duration = Duration::from_millis(150);
    let mut timeouts = Timeouts::default();
    *match point {
        Point::Banner => &mut timeouts.greeting,
        Point::Hello | Point::Helo => &mut timeouts.hello,
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
        Outcome::PutOff { .. } | Outcome::Refused { .. } | Outcome::Lost { fate: Fate::NotTaken, .. } => {
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

#[tokio::test]
async fn a_refusal_is_for_one_recipient_and_the_connection_goes_on() {
    let script = Script::with([
        Trouble::say(Point::Rcpt, "450 4.2.1 mailbox busy\r\n").to("b@a.example"),
        Trouble::say(Point::Rcpt, "550-5.1.1 no such person\r\n550 5.1.1 here\r\n").to("c@a.example"),
    ]);
    carry_to(
        script,
        &["a@a.example", "b@a.example", "c@a.example", "d@a.example"],
        expect![[r#"
        a@a.example: Taken (250 2.0.0 taken)
        b@a.example: PutOff at Rcpt (450 4.2.1 mailbox busy)
        c@a.example: Refused at Rcpt (550 5.1.1 no such person 5.1.1 here), 5.1.1
        d@a.example: Taken (250 2.0.0 taken)
          1 EHLO lists.example
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<a@a.example>
          1 DATA
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<b@a.example>
          1 DATA
          1 RSET
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<c@a.example>
          1 DATA
          1 RSET
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<d@a.example>
          1 DATA
          1 QUIT
        taken: ["a@a.example", "d@a.example"]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_peer_that_wants_data_for_nobody_gets_an_empty_message_and_stays_in_step() {
    let script = Script::with([
        Trouble::say(Point::Rcpt, "550 5.1.1 no\r\n").to("a@a.example"),
        Trouble::say(Point::Data, "354 go\r\n"),
    ]);
    carry_to(
        script,
        &["a@a.example", "b@a.example"],
        expect![[r#"
        a@a.example: Refused at Rcpt (550 5.1.1 no), 5.1.1
        b@a.example: Taken (250 2.0.0 taken)
          1 EHLO lists.example
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<a@a.example>
          1 DATA
          1 RSET
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<b@a.example>
          1 DATA
          1 QUIT
        taken: ["b@a.example"]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn an_empty_message_is_never_sent_where_somebody_could_get_it() {
    let script = Script::with([
        Trouble::say(Point::Mail, "550 5.7.1 no\r\n").on_connection(1),
        Trouble::say(Point::Rcpt, "250 ok\r\n"),
        Trouble::say(Point::Data, "354 go\r\n"),
    ]);
    carry_to(
        script,
        &["a@a.example", "b@a.example"],
        expect![[r#"
        a@a.example: Refused at Mail (550 5.7.1 no), 5.7.1
        b@a.example: Taken (250 2.0.0 taken)
          1 EHLO lists.example
          1 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          1 RCPT TO:<a@a.example>
          1 DATA
          2 EHLO lists.example
          2 MAIL FROM:<lilas-retour@lists.example> SIZE=58
          2 RCPT TO:<b@a.example>
          2 DATA
          2 QUIT
        taken: ["b@a.example"]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn without_pipelining_each_command_waits_for_its_answer() {
    for (offers, at_once) in [(vec!["PIPELINING"], 3), (vec!["SIZE"], 1), (vec!["8BITMIME"], 1)] {
        let peer = FakePeer::start(Script { offers, ..Script::default() }).await;
        let outbox = outbox(&peer);
        for recipient in ["a@a.example", "b@a.example"] {
            assert!(is_taken(&outbox.carry(copy_to(recipient)).await));
        }
        assert_eq!(peer.seen().commands_at_once_most, at_once);
    }
}

#[tokio::test]
async fn without_pipelining_refusals_end_a_transaction_early() {
    let script = Script {
        offers: vec![],
        ..Script::with([
            Trouble::say(Point::Mail, "452 4.3.1 no room\r\n").the_nth(1),
            Trouble::say(Point::Rcpt, "550 5.1.1 no\r\n").to("b@a.example"),
            Trouble::say(Point::Data, "451 4.3.0 later\r\n").the_nth(1),
        ])
    };
    carry_to(
        script,
        &["a@a.example", "b@a.example", "c@a.example", "d@a.example"],
        expect![[r#"
        a@a.example: PutOff at Mail (452 4.3.1 no room)
        b@a.example: Refused at Rcpt (550 5.1.1 no), 5.1.1
        c@a.example: PutOff at Data (451 4.3.0 later)
        d@a.example: Taken (250 2.0.0 taken)
          1 EHLO lists.example
          1 MAIL FROM:<lilas-retour@lists.example>
          1 RSET
          1 MAIL FROM:<lilas-retour@lists.example>
          1 RCPT TO:<b@a.example>
          1 RSET
          1 MAIL FROM:<lilas-retour@lists.example>
          1 RCPT TO:<c@a.example>
          1 DATA
          1 RSET
          1 MAIL FROM:<lilas-retour@lists.example>
          1 RCPT TO:<d@a.example>
          1 DATA
          1 QUIT
        taken: ["d@a.example"]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_peer_of_the_days_of_helo_is_spoken_to_as_it_can() {
    let script = Script { dialect: Dialect::OldSmtp, ..Script::default() };
    carry_to(
        script,
        &["a@a.example", "b@a.example"],
        expect![[r#"
        a@a.example: Taken (250 2.0.0 taken)
        b@a.example: Taken (250 2.0.0 taken)
          1 EHLO lists.example
          1 HELO lists.example
          1 MAIL FROM:<lilas-retour@lists.example>
          1 RCPT TO:<a@a.example>
          1 DATA
          1 MAIL FROM:<lilas-retour@lists.example>
          1 RCPT TO:<b@a.example>
          1 DATA
          1 QUIT
        taken: ["a@a.example", "b@a.example"]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn eight_bits_are_announced_to_those_who_offer_to_take_them() {
    for (offers, bits, mail) in [
        (vec!["8BITMIME"], Bits::Eight, "MAIL FROM:<lilas-retour@lists.example> BODY=8BITMIME"),
        (
            vec!["8bitmime", "size"],
            Bits::Eight,
            "MAIL FROM:<lilas-retour@lists.example> SIZE=7 BODY=8BITMIME",
        ),
        (vec!["8BITMIME"], Bits::Seven, "MAIL FROM:<lilas-retour@lists.example>"),
        (vec!["SIZE 1000"], Bits::Eight, "MAIL FROM:<lilas-retour@lists.example> SIZE=7"),
    ] {
        let peer = FakePeer::start(Script { offers, ..Script::default() }).await;
        let body = dot_stuff("été".as_bytes());
        let copy = Copy { head: dot_stuff(b""), bits, ..copy_with("a@a.example", body) };
        assert!(is_taken(&outbox(&peer).carry(copy).await));
        let seen = peer.seen();
        assert_eq!(seen.commands[1].1, mail);
        assert_eq!(seen.taken[0].content, "été\r\n".as_bytes());
    }
}

#[tokio::test]
async fn letters_that_want_no_answer_have_no_sender() {
    let peer = FakePeer::start(Script::default()).await;
    assert!(is_taken(&outbox(&peer).carry(Copy { sender: None, ..copy_to("a@a.example") }).await));
    assert_eq!(peer.seen().taken[0].sender, "");
    assert_eq!(
        peer.seen().taken[0].content,
        b"Subject: hello\r\nTo: a@a.example\r\n\r\nSee you on Sunday.\r\n.\r\n"
    );
}

#[tokio::test]
async fn a_mail_store_is_spoken_to_in_lmtp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let script = Script {
        dialect: Dialect::Lmtp,
        ..Script::with([
            Trouble::say(Point::Rcpt, "550 5.1.1 no\r\n").to("b@a.example"),
            Trouble::say(Point::Dot, "452 4.2.2 mailbox full\r\n").the_nth(2),
        ])
    };
    let over_tcp = FakePeer::start(script.clone()).await;
    let over_socket = FakePeer::start_on_socket(&path, script).await;
    for (peer, route) in
        [(&over_tcp, over_tcp.route("lmtp")), (&over_socket, format!("lmtp://{}", path.display()))]
    {
        let outbox =
            SmtpOutbox::new(Route::parse(&route).unwrap(), HOSTNAME, PoolOptions::default()).unwrap();
        let mut outcomes = vec![];
        for recipient in ["a@a.example", "b@a.example", "c@a.example", "d@a.example"] {
            outcomes.push(brief(&outbox.carry(copy_to(recipient)).await));
        }
        assert_eq!(
            outcomes,
            [
                "Taken (250 2.0.0 taken)",
                "Refused at Rcpt (550 5.1.1 no), 5.1.1",
                "PutOff at Content (452 4.2.2 mailbox full)",
                "Taken (250 2.0.0 taken)",
            ]
        );
        assert_eq!((peer.seen().connections, peer.seen().count("LHLO lists.example")), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_copies_arrive_once_each_over_a_few_connections() {
    const COPIES: usize = 10_000;
    const TASKS: usize = 16;
    let peer = FakePeer::start(Script::default()).await;
    let outbox = outbox_with(&peer, PoolOptions { connections_max: TASKS, ..PoolOptions::default() });
    let (next, body) = (Arc::new(AtomicUsize::new(0)), dot_stuff(&b"See you on Sunday.\r\n".repeat(10)));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (outbox, next, body) = (outbox.clone(), next.clone(), body.clone());
        tasks.spawn(async move {
            let mut taken = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= COPIES {
                    return taken;
                }
                let copy = copy_with(&format!("reader{number}@a.example"), body.clone());
                taken += usize::from(is_taken(&outbox.carry(copy).await));
            }
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<usize>(), COPIES);
    let seen = peer.seen();
    let mut recipients: Vec<&str> = seen.taken.iter().map(|taken| taken.recipient.as_str()).collect();
    recipients.sort_unstable();
    recipients.dedup();
    assert_eq!((seen.taken.len(), recipients.len()), (COPIES, COPIES));
    for taken in &seen.taken {
        let own = format!("Subject: hello\r\nTo: {}\r\n\r\n", taken.recipient);
        assert!(taken.content.starts_with(own.as_bytes()), "{} got another's copy", taken.recipient);
    }
    assert!(seen.open_most <= TASKS, "{} connections at once", seen.open_most);
    assert!(seen.connections <= 2 * TASKS, "{} connections", seen.connections);
}

#[tokio::test]
async fn answers_before_they_are_due_are_not_believed() {
    let injected = "354 go\r\n250 2.0.0 taken, believe me\r\n";
    for (trouble, first, connections) in [
        (Trouble::say(Point::Banner, "220 hi\r\n250 ok\r\n"), "PutOff at Hello", 2),
        (Trouble::say(Point::Data, injected), "Lost at Data, NotTaken", 2),
        (Trouble::say(Point::Dot, "250 ok\r\n250 ok\r\n"), "Taken (250 ok)", 2),
        (Trouble::say(Point::Dot, "250 ok\r\n421 bye\r\n"), "Taken (250 ok)", 2),
        (Trouble::say(Point::Dot, "250 ok\r\n25"), "Taken (250 ok)", 2),
    ] {
        let peer = FakePeer::start(Script::with([trouble.on_connection(1)])).await;
        let outbox = outbox(&peer);
        assert_eq!(brief(&outbox.carry(copy_to("a@a.example")).await), first);
        assert!(is_taken(&outbox.carry(copy_to("b@a.example")).await));
        assert_eq!(peer.seen().connections, connections);
    }
}

#[tokio::test]
async fn a_post_cannot_smuggle_another_past_a_lenient_peer() {
    let smuggled =
        "MAIL FROM:<x@b.example>\r\nRCPT TO:<y@b.example>\r\nDATA\r\nSubject: gift\r\n\r\nhi\r\n.\r\n";
    for end in
        ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r\n.\r\n", "\r\r\n.\r\r\n"]
    {
        let peer = FakePeer::start(Script { ending: Ending::Lenient, ..Script::default() }).await;
        let body = dot_stuff(format!("Bonjour{end}{smuggled}").as_bytes());
        let outbox = outbox(&peer);
        assert!(is_taken(&outbox.carry(copy_with("a@a.example", body)).await));
        assert!(is_taken(&outbox.carry(copy_to("b@a.example")).await));
        let seen = peer.seen();
        assert_eq!((seen.dots, seen.taken.len(), seen.count("MAIL")), (2, 2, 2), "{end:?}");
        assert!(String::from_utf8_lossy(&seen.taken[0].content).contains("Subject: gift"));
    }
}

#[tokio::test]
async fn a_connection_carries_many_copies_and_is_replaced_when_worn() {
    for (copies_per_connection_max, connections) in [(1_000, 1), (10, 5), (1, 50)] {
        let peer = FakePeer::start(Script::default()).await;
        let outbox = outbox_with(&peer, PoolOptions { copies_per_connection_max, ..PoolOptions::default() });
        for number in 0..50 {
            assert!(is_taken(&outbox.carry(copy_to(&format!("reader{number}@a.example"))).await));
        }
        outbox.close().await;
        let seen = peer.seen();
        assert_eq!((seen.connections, seen.count("QUIT"), seen.taken.len()), (connections, connections, 50));
        assert_eq!(seen.open_most, 1);
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_with_a_word() {
    let peer = FakePeer::start(Script::default()).await;
    let options = PoolOptions { idle_max: Duration::from_millis(50), ..PoolOptions::default() };
    let outbox = outbox_with(&peer, options);
    let mut tasks = JoinSet::new();
    let tended = outbox.clone();
    tasks.spawn(async move { tended.tend().await });
    for round in 1..=2 {
        assert!(is_taken(&outbox.carry(copy_to("a@a.example")).await));
        peer.until(|seen| seen.open == 0 && seen.count("QUIT") == round).await;
    }
}

#[tokio::test]
async fn after_closing_copies_are_put_off() {
    let peer = FakePeer::start(Script::default()).await;
    let outbox = outbox(&peer);
    assert!(is_taken(&outbox.carry(copy_to("a@a.example")).await));
    outbox.close().await;
    assert_eq!(brief(&outbox.carry(copy_to("b@a.example")).await), "PutOff at Connect");
    assert_eq!((peer.seen().connections, peer.seen().count("QUIT")), (1, 1));
}

#[tokio::test]
async fn a_copy_given_to_a_connection_that_had_died_takes_another_at_once() {
    let limit = Does::SayAndDrop("421 4.7.0 enough for one connection\r\n".to_owned());
    for trouble in [
        Trouble::at(Point::Mail, Does::Drop).the_nth(2),
        Trouble::at(Point::Mail, limit).the_nth(2),
        Trouble::at(Point::Dot, Does::SayAndDrop("250 ok\r\n".to_owned())),
        Trouble::at(Point::Dot, Does::SayAndDrop("250 ok\r\n421 bye\r\n".to_owned())),
    ] {
        let peer = FakePeer::start(Script::with([trouble.clone().on_connection(1)])).await;
        let outbox = outbox(&peer);
        for recipient in ["a@a.example", "b@a.example"] {
            let outcome = outbox.carry(copy_to(recipient)).await;
            assert!(is_taken(&outcome), "{trouble:?}: {outcome:?}");
        }
        assert_eq!((peer.seen().connections, peer.seen().taken.len()), (2, 2), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_copy_whose_final_dot_was_sent_is_never_sent_again_by_itself() {
    let peer = FakePeer::start(Script::with([Trouble::at(Point::Dot, Does::Drop).the_nth(2)])).await;
    let outbox = outbox(&peer);
    assert!(is_taken(&outbox.carry(copy_to("a@a.example")).await));
    let outcome = outbox.carry(copy_to("b@a.example")).await;
    assert_eq!(brief(&outcome), "Lost at Content, Unknown");
    let seen = peer.seen();
    assert_eq!((seen.connections, seen.dots), (1, 2));
}

#[tokio::test]
async fn a_peer_that_hangs_over_one_copy_does_not_hold_up_the_others() {
    let script = Script::with([Trouble::at(Point::Rcpt, Does::Hang).to("slow@a.example")]);
    let peer = FakePeer::start(script).await;
    let outbox = outbox_with(&peer, PoolOptions { connections_max: 2, ..PoolOptions::default() });
    let mut stuck = JoinSet::new();
    let shared = outbox.clone();
    stuck.spawn(async move { shared.carry(copy_to("slow@a.example")).await });
    peer.until(|seen| seen.count("RCPT") == 1).await;
    for number in 0..20 {
        assert!(is_taken(&outbox.carry(copy_to(&format!("reader{number}@a.example"))).await));
    }
    assert!(stuck.try_join_next().is_none());
    assert_eq!(peer.seen().connections, 2);
}

#[tokio::test]
async fn a_peer_that_allows_two_connections_gets_two_and_all_the_copies() {
    let peer = FakePeer::start(Script { connections_max: 2, ..Script::default() }).await;
    let options = PoolOptions { rest_after_failure: Duration::from_mins(1), ..PoolOptions::default() };
    let outbox = outbox_with(&peer, options);
    // Two stand before the others come, so that none of them finds a peer that takes nobody.
    let (one, other) =
        tokio::join!(outbox.carry(copy_to("a@a.example")), outbox.carry(copy_to("b@a.example")));
    assert!(is_taken(&one) && is_taken(&other));
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let outbox = outbox.clone();
        tasks.spawn(async move {
            for number in 0..20 {
                let outcome = outbox.carry(copy_to(&format!("reader{task}.{number}@a.example"))).await;
                assert!(is_taken(&outcome), "{outcome:?}");
            }
        });
    }
    tasks.join_all().await;
    let seen = peer.seen();
    assert_eq!(seen.taken.len(), 162);
    assert!(seen.connections <= 2 + 6, "{} connections", seen.connections);
}

#[tokio::test]
async fn a_peer_that_takes_nobody_is_left_alone_for_a_while() {
    let script = Script { connections_max: 0, ..Script::default() };
    let peer = FakePeer::start(script).await;
    let outbox = outbox_with(&peer, PoolOptions::default());
    for _ in 0..1_000 {
        let outcome = outbox.carry(copy_to("a@a.example")).await;
        assert_eq!(brief(&outcome), "PutOff at Greeting (421 4.7.0 too many connections)");
    }
    assert_eq!(peer.seen().connections, 1);
}

#[tokio::test]
async fn where_nobody_listens_copies_are_put_off() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("smtp://{}", listener.local_addr().unwrap())
    };
    for route in [&closed, "smtp://nobody.invalid:25", "lmtp:///nowhere/at/all"] {
        let outbox = SmtpOutbox::new(Route::parse(route).unwrap(), HOSTNAME, PoolOptions::default()).unwrap();
        let Outcome::PutOff { code: None, stage: Stage::Connect, reply, .. } =
            outbox.carry(copy_to("a@a.example")).await
        else {
            panic!("{route}");
        };
        assert!(reply.starts_with("cannot connect to "), "{reply}");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_pick_up_is_given_up() {
    // A listener with no room: those waiting fill its queue, and who comes after gets no answer.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        waiting.spawn(async move {
            let _held = tokio::net::TcpStream::connect(address).await;
            std::future::pending::<()>().await;
        });
    }
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    let route = Route::parse(&format!("smtp://{address}")).unwrap();
    let short = Duration::from_millis(150);
    let timeouts = Timeouts { connect: short, greeting: short, ..Timeouts::default() };
    let refused = Carrier::open(&route, HOSTNAME, &timeouts).await.err().expect("nobody picks up");
    assert_eq!(brief(&refused), "PutOff at Connect");
}

#[tokio::test]
async fn a_large_message_arrives_whole() {
    let peer = FakePeer::start(Script::default()).await;
    let text: String = (0..200_000).map(|line| format!("{}{line}\r\n", ".".repeat(line % 3))).collect();
    assert!(is_taken(&outbox(&peer).carry(copy_with("a@a.example", dot_stuff(text.as_bytes()))).await));
    let content = &peer.seen().taken[0].content;
    assert!(content.ends_with(text.as_bytes()), "{} of {} bytes", content.len(), text.len());
}

#[test]
fn routes_that_are_not_built_are_refused_when_the_outbox_is_made() {
    for (route, hostname, why) in [
        (
            "mx",
            HOSTNAME,
            "delivery by mx is not built yet; name a smarthost, as in smtp://mail.example.org:25",
        ),
        (
            "smtps://a.example",
            HOSTNAME,
            "delivery over smtps is not built yet; use smtp:// to a smarthost on this machine or network",
        ),
        ("smtp://a.example", "a\r\nRSET", "\"a\\r\\nRSET\" is not a host name to introduce ourselves with"),
    ] {
        let made = SmtpOutbox::new(Route::parse(route).unwrap(), hostname, PoolOptions::default());
        assert_eq!(made.err().expect(route).to_string(), why);
    }
}
