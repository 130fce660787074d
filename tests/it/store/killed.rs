//! SIGKILL at any moment: every number that was acknowledged is there.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use parvis::domain::ids::{ListId, PostId};
use parvis::store::{Store, verify};

use super::history::Dice;
use super::scene::*;

/// Where the victim keeps its store.
const VICTIM: &str = "PARVIS_TEST_VICTIM_STORE";
const THREADS: u64 = 8;
const ROUNDS: u64 = 10;

/// Starts this test binary as a victim, and kills it; again and again on the same store.
#[test]
fn what_was_answered_survives_every_kill() {
    let mut scene = Scene::new();
    make_list(scene.store(), "quartier");
    (0..3).for_each(|n| {
        join(scene.store(), &[ListId(1)], &format!("reader{n}"));
    });
    let mut dice = Dice(3);
    let mut answered: BTreeSet<u64> = BTreeSet::new();
    for round in 0..ROUNDS {
        scene.close();
        answered.extend(run_and_kill(&scene.data(), dice.roll(60)));
        let store = scene.reopen();
        let present = numbers(store);
        let lost: Vec<&u64> = answered.difference(&present).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} were answered, and are not there");
        assert_eq!(
            present.len(),
            store.posts(PostId(0), 1_000_000).expect("readable").len(),
            "none is there twice"
        );
    }
    assert!(!answered.is_empty());
    let store = scene.store();
    for finding in verify::verify(store).expect("readable") {
        assert_eq!(finding.faults, [""; 0], "{}", finding.what);
    }
    assert_eq!(verify::compare_with_rebuilt(store).expect("built").faults, [""; 0]);
}

/// What the victim acknowledged before it died; it dies some time after so many.
fn run_and_kill(data: &Path, after: usize) -> Vec<u64> {
    let mut victim = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "store::killed::victim", "--nocapture"])
        .env(VICTIM, data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let output = BufReader::new(victim.stdout.take().expect("piped"));
    let mut numbers = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("done ").and_then(|number| number.parse().ok()));
    let mut answered: Vec<u64> = numbers.by_ref().take(after).collect();
    victim.kill().expect("killed");
    victim.wait().expect("gone");
    answered.extend(numbers);
    answered
}

/// The numbers the posts of a store carry in their subjects.
fn numbers(store: &Store) -> BTreeSet<u64> {
    let posts = store.posts(PostId(0), 1_000_000).expect("readable");
    let raws = posts.iter().map(|post| store.raw(post.id).expect("readable").expect("there"));
    let number = |raw: Vec<u8>| {
        let text = String::from_utf8(raw).expect("ascii");
        let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("one");
        subject.parse().expect("a number")
    };
    raws.map(number).collect()
}

/// The victim: numbered posts from several threads, each number said once it is durable.
#[test]
fn victim() {
    let Some(data) = std::env::var_os(VICTIM) else { return };
    let store = open(Path::new(&data)).expect("opens");
    let first = store.next_post().0 * 1_000;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for number in (first + thread..).step_by(usize::try_from(THREADS).expect("small")) {
                    bring(store, number);
                    let mut out = std::io::stdout().lock();
                    out.write_all(format!("done {number}\n").as_bytes()).expect("somebody reads");
                    out.flush().expect("somebody reads");
                }
            });
        }
    });
}

fn bring(store: &Store, number: u64) {
    let list = ListId(1);
    let raw = mail("anne", &number.to_string(), &ids(&format!("{number}@writers.example"), &[]));
    let id = receive(store, list, &raw);
    if !number.is_multiple_of(3) {
        publish(store, list, id);
        let reader = store.readers(list, at(3)).expect("readable").iter().next().expect("some");
        outcome(store, id, reader, taken());
    }
}
