//! How copies leave, as peers see it: whatever a peer does, each copy has one clear outcome, the
//! next one finds its way, and nothing is delivered that was not meant.

#![allow(clippy::unwrap_used)] // in a helper of tests, too, it fails the test

pub(crate) mod by_mx;
mod connections;
pub(crate) mod encryption;
mod troubles;

use std::fmt::Write;
use std::time::Duration;

use expect_test::{Expect, expect};
use parvis::domain::address::EmailAddress;
use parvis::smtp::client::{Bits, Copy, Outbox, Outcome, PoolOptions, SmtpOutbox};
use parvis::smtp::dot_stuff::{DotStuffed, dot_stuff};
use parvis::smtp::route::Route;

use crate::fake_peer::{Dialect, Ending, FakePeer, Point, Script, Trouble};

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
        Outcome::NeedsSevenBits => "NeedsSevenBits".to_owned(),
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
        (vec!["SIZE 1000"], Bits::Seven, "MAIL FROM:<lilas-retour@lists.example> SIZE=7"),
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
async fn what_a_peer_does_not_take_is_not_said_to_it() {
    let text = "été".repeat(100);
    let eight = Copy { bits: Bits::Eight, ..copy_with("a@a.example", dot_stuff(text.as_bytes())) };
    for (offers, copy, expected) in [
        (vec!["SIZE 1000"], &eight, "NeedsSevenBits"),
        (
            vec!["SIZE 200", "8BITMIME"],
            &eight,
            "Refused at Mail (552 5.3.4 it takes messages of at most 200 bytes), 5.3.4",
        ),
    ] {
        let peer = FakePeer::start(Script { offers, ..Script::default() }).await;
        let outbox = outbox(&peer);
        assert_eq!(brief(&outbox.carry(copy.clone()).await), expected);
        // The connection is as good as before.
        assert!(is_taken(&outbox.carry(copy_to("b@a.example")).await));
        let seen = peer.seen();
        assert_eq!((seen.connections, seen.count("MAIL"), seen.count("RSET")), (1, 1, 0));
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
async fn a_large_message_arrives_whole() {
    let peer = FakePeer::start(Script::default()).await;
    let text: String = (0..200_000).map(|line| format!("{}{line}\r\n", ".".repeat(line % 3))).collect();
    assert!(is_taken(&outbox(&peer).carry(copy_with("a@a.example", dot_stuff(text.as_bytes()))).await));
    let content = &peer.seen().taken[0].content;
    assert!(content.ends_with(text.as_bytes()), "{} of {} bytes", content.len(), text.len());
}
