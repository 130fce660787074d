//! How many connections there are, how long they live, and what happens when there can be none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parvis::smtp::client::{Carrier, Outbox, Outcome, PoolOptions, SmtpOutbox, Stage, Timeouts};
use parvis::smtp::dot_stuff::dot_stuff;
use parvis::smtp::route::Route;
use tokio::task::JoinSet;

use super::{HOSTNAME, brief, copy_to, copy_with, is_taken, outbox, outbox_with};
use crate::fake_peer::{Does, FakePeer, Point, Script, Trouble};

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

#[test]
fn routes_that_are_not_built_are_refused_when_the_outbox_is_made() {
    for (route, hostname, why) in [
        ("mx", HOSTNAME, "mx is a route to many servers"),
        ("smtp://a.example", "a\r\nRSET", "\"a\\r\\nRSET\" is not a host name to introduce ourselves with"),
    ] {
        let made = SmtpOutbox::new(Route::parse(route).unwrap(), hostname, PoolOptions::default());
        assert_eq!(made.err().expect(route).to_string(), why);
    }
}
