//! The real program, killed again and again while it works: what was answered 250 is there, and
//! reaches everybody; nobody gets more than a connection's worth twice.
//!
//! `PARVIS_KILLS=500 cargo test --test it killed -- --nocapture` kills as often as that,
//! `PARVIS_SEED=7` at other moments. Each prints its seed and a ledger.

mod digest_hour;
pub(crate) mod process;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parvis::domain::ids::PostId;
use parvis::flow::membership::Telling;
use parvis::store::archive::PostState;
use parvis::store::verify;
use process::{CONNECTIONS_MAX, Heard, Home, Parvis, Senders, log, member, send_one};

use crate::sink::{Got, Sink, header};

const MEMBERS: usize = 20;
const KILLS: usize = 30;
const KILLS_BY_A_SINK: usize = 40;
const DRAIN_WAIT: Duration = Duration::from_secs(120);

fn number_from(name: &str) -> Option<usize> {
    #[allow(clippy::disallowed_methods, reason = "how often to kill is for whoever runs it to say")]
    std::env::var(name).ok()?.parse().ok()
}

/// Waits until everybody has each of these.
fn drain(sink: &Sink, ids: &[String], members: usize) {
    let mut waited = Duration::ZERO;
    loop {
        let got = sink.got();
        let got = counted(&got);
        let missing = ids.iter().flat_map(|id| (0..members).map(|number| (member(number), id.clone())));
        let missing: Vec<_> = missing.filter(|item| !got.contains_key(item)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(waited < DRAIN_WAIT, "{} copies never came, such as {:?}", missing.len(), missing[0]);
        std::thread::sleep(Duration::from_millis(50));
        waited += Duration::from_millis(50);
    }
}

type Item = (String, String);

fn counted(got: &[Got]) -> BTreeMap<Item, Vec<&Got>> {
    let mut counted: BTreeMap<Item, Vec<&Got>> = BTreeMap::new();
    for got in got {
        counted.entry((got.recipient.clone(), got.message_id.clone())).or_default().push(got);
    }
    counted
}

/// How many copies came again after each end of a process; all of them are as the first was.
fn repeated(got: &[Got]) -> BTreeMap<usize, usize> {
    let mut repeated = BTreeMap::new();
    for ((recipient, id), copies) in counted(got) {
        for pair in copies.windows(2) {
            *repeated.entry(pair[0].epoch).or_default() += 1;
            assert_ne!(pair[0].epoch, pair[1].epoch, "{recipient} got <{id}> twice from one process");
            assert_eq!(
                String::from_utf8_lossy(&pair[0].raw),
                String::from_utf8_lossy(&pair[1].raw),
                "{recipient} got <{id}> twice, and not the same"
            );
        }
    }
    repeated
}

/// How many came again at all.
fn at_most_a_connections_worth(got: &[Got]) -> usize {
    let repeated = repeated(got);
    for (epoch, count) in &repeated {
        assert!(*count <= CONNECTIONS_MAX, "kill {epoch} repeated {count} copies");
    }
    repeated.values().sum()
}

/// Stops it, and looks at what it keeps: every post once, nothing owed, everything whole.
fn compare(home: &Home, parvis: &Parvis, posts: &[(String, Heard)]) -> usize {
    let status = parvis.ask_to_end();
    assert!(status.success(), "{status}: {}", log(home));
    let desk = home.desk();
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for info in desk.store.posts(PostId(0), usize::MAX).expect("readable") {
        assert_eq!(info.state, PostState::Published, "{}", info.id);
        let raw = desk.store.raw(info.id).expect("readable").expect("there");
        let id = header(&raw, "message-id");
        *kept.entry(id.trim_matches(['<', '>']).to_owned()).or_default() += 1;
    }
    for (id, heard) in posts {
        let times = kept.remove(id).unwrap_or(0);
        match heard {
            Heard::Accepted => assert_eq!(times, 1, "<{id}> was answered 250"),
            Heard::Nothing => assert!(times <= 1, "<{id}> is there {times} times"),
        }
    }
    assert!(kept.is_empty(), "nobody sent {kept:?}");
    assert!(desk.store.fans().expect("readable").is_empty(), "something is owed");
    assert!(desk.store.letters().expect("readable").is_empty(), "letters are owed");
    let mut findings = verify::verify(&desk.store).expect("verified");
    findings.push(verify::compare_with_rebuilt(&desk.store).expect("compared"));
    for finding in findings {
        assert!(finding.faults.is_empty(), "{finding:?}");
    }
    desk.store.posts(PostId(0), usize::MAX).expect("readable").len()
}

/// What became of everything, in one line: all that was accepted is published, and everybody has it.
fn say(about: &str, posts: &[(String, Heard)], published: usize, got: &[Got], again: usize) {
    let (accepted, sent) = (accepted(posts).len(), counted(got).len());
    println!(
        "{about}: seed {}; {accepted} accepted of {} tried; {published} published, 0 held, 0 refused, 0 missing; \
         {sent} copies sent once, {again} of them again",
        seed(),
        posts.len(),
    );
}

fn accepted(posts: &[(String, Heard)]) -> Vec<String> {
    posts.iter().filter(|(_, heard)| *heard == Heard::Accepted).map(|(id, _)| id.clone()).collect()
}

fn seed() -> usize {
    number_from("PARVIS_SEED").unwrap_or(1)
}

/// Moments by the seed, from 2 to 400 ms; each thirtieth start lives up to 2 s.
fn moments() -> impl Iterator<Item = Duration> {
    let first = u64::try_from(seed()).unwrap_or(1).wrapping_mul(0x5851_F42D_4C95_7F2D);
    (1_u64..).map(move |n| {
        let longest = if n.is_multiple_of(30) { 2_000 } else { 400 };
        Duration::from_millis((n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ first) % longest + 2)
    })
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_took_and_sends_it() {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    let mut parvis = home.start();
    let senders = Senders::begin(home.smtp, 3, Duration::from_millis(150));
    let kills = number_from("PARVIS_KILLS").unwrap_or(KILLS);
    for moment in moments().take(kills) {
        std::thread::sleep(moment);
        parvis.kill();
        parvis.wait();
        sink.next_epoch();
        parvis = home.start();
    }
    let posts = senders.end();
    drain(&sink, &accepted(&posts), MEMBERS);
    let published = compare(&home, &parvis, &posts);
    let again = at_most_a_connections_worth(&sink.got());
    say("killed at any moment", &posts, published, &sink.got(), again);
    assert!(published > kills, "the kills met nothing: {published} posts");
}

/// The worst moment: a member's server has said 250, and the very next thing is the end (RFC 1047).
#[test]
fn killed_by_a_server_that_just_took_a_copy() {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    let running = Arc::new(Mutex::new(home.start()));
    let kills = number_from("PARVIS_KILLS").unwrap_or(KILLS_BY_A_SINK);
    let (victim, taken) = (running.clone(), AtomicUsize::new(0));
    let left = Arc::new(AtomicUsize::new(kills));
    let to_kill = left.clone();
    sink.after_each(move || {
        let nth = taken.fetch_add(1, Ordering::SeqCst);
        if nth % 11 == 10 {
            // Looked at while nobody can put the next one in its place: the last one lives.
            let victim = victim.lock().expect("whole");
            if to_kill.load(Ordering::SeqCst) > 0 {
                victim.kill();
            }
        }
    });
    let senders = Senders::begin(home.smtp, 2, Duration::from_millis(60));
    while left.load(Ordering::SeqCst) > 0 {
        let parvis = running.lock().expect("whole").clone();
        parvis.wait();
        left.fetch_sub(1, Ordering::SeqCst);
        sink.next_epoch();
        let next = home.start();
        *running.lock().expect("whole") = next;
    }
    let posts = senders.end();
    drain(&sink, &accepted(&posts), MEMBERS);
    let parvis = running.lock().expect("whole").clone();
    let published = compare(&home, &parvis, &posts);
    let again = at_most_a_connections_worth(&sink.got());
    say("killed right after their 250", &posts, published, &sink.got(), again);
    assert!(again > 0, "the moment between their 250 and our note of it was never met");
}

#[test]
fn asked_to_end_it_loses_nothing_and_repeats_nothing() {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    let mut parvis = home.start();
    let senders = Senders::begin(home.smtp, 3, Duration::from_millis(100));
    for moment in moments().take(6) {
        std::thread::sleep(moment + Duration::from_millis(100));
        let status = parvis.ask_to_end();
        assert!(status.success(), "{status}: {}", log(&home));
        sink.next_epoch();
        parvis = home.start();
    }
    let posts = senders.end();
    drain(&sink, &accepted(&posts), MEMBERS);
    let published = compare(&home, &parvis, &posts);
    assert_eq!(repeated(&sink.got()), BTreeMap::new());
    say("asked to end", &posts, published, &sink.got(), 0);
}

#[test]
fn killed_while_letters_are_owed_it_writes_them() {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Letter);
    let running = Arc::new(Mutex::new(None::<Parvis>));
    let (victim, taken) = (running.clone(), AtomicUsize::new(0));
    sink.after_each(move || {
        if taken.fetch_add(1, Ordering::SeqCst) == 4
            && let Some(parvis) = &*victim.lock().expect("whole")
        {
            parvis.kill();
        }
    });
    let first = {
        // Until it is known here, nobody can kill it.
        let mut running = running.lock().expect("whole");
        running.insert(home.start()).clone()
    };
    first.wait();
    sink.next_epoch();
    let parvis = home.start();
    assert_eq!(send_one(home.smtp, "last@authors.example", &member(0)), Some(250));
    drain(&sink, &["last@authors.example".to_owned()], MEMBERS);
    compare(&home, &parvis, &[("last@authors.example".to_owned(), Heard::Accepted)]);
    let got = sink.got();
    let letters = counted(&got).into_iter().filter(|((_, id), _)| id.starts_with("letter-"));
    let letters: Vec<usize> = letters.map(|(_, copies)| copies.len()).collect();
    assert_eq!(letters.len(), MEMBERS, "one letter for each");
    assert!(letters.iter().sum::<usize>() <= MEMBERS + CONNECTIONS_MAX, "{letters:?}");
}
