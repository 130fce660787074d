//! A disk that is full, and then is not: the test runs itself again
//! on a small disk of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use parvis::domain::ids::{ListId, PostId};
use parvis::store::change::Conflict;
use parvis::store::{Store, StoreError, verify};

use super::scene::*;
use crate::small_disk::{self, Ballast};

/// Starts the next test once more where a small disk is mounted for it alone.
#[test]
fn on_a_full_disk_nothing_is_taken_and_nothing_is_lost() {
    small_disk::run_on_one("store::full_disk::inside", 12);
}

/// The part that runs on the small disk; nothing in an ordinary run.
#[test]
fn inside() {
    let Some(disk) = small_disk::place() else { return };
    let ballast = Ballast::on(&disk);
    // What is left decides whether the truth or the state meets the end of the disk first.
    for free_kib in [0, 300, 2_000, 4_000] {
        let data = disk.join(format!("data{free_kib}"));
        fills_up(&data, &ballast, free_kib << 10);
        fs::remove_dir_all(&data).expect("removed");
    }
}

struct Taken {
    raws: BTreeMap<PostId, Vec<u8>>,
    tried: usize,
}

fn fills_up(data: &Path, ballast: &Ballast, free: usize) {
    let mut store = open(data).expect("opens");
    let list = make_list(&store, "quartier");
    join(&store, &[list], "anne");
    let mut taken = Taken { raws: BTreeMap::new(), tried: 0 };
    (0..20).for_each(|_| assert!(bring(&store, list, &mut taken).is_ok()));
    ballast.leave(free);
    for round in 0..3 {
        while matches!(bring(&store, list, &mut taken), Ok(())) {}
        for _ in 0..8 {
            let refused = bring_twice_at_once(&store, list, &mut taken);
            assert!(refused, "{free} free, round {round}");
        }
        if round == 2 {
            // Closing makes the state's files young, or fails to: nothing depends on it.
            drop(store);
            store = match open(data) {
                Ok(store) => store,
                Err(StoreError::Full | StoreError::Io { .. } | StoreError::State(_)) => {
                    make_room(data, ballast);
                    open(data).expect("opens once there is room")
                }
                Err(other) => panic!("{other}"),
            };
        }
        make_room(data, ballast);
        let after = bring(&store, list, &mut taken);
        assert!(after.is_ok(), "{free} free, round {round}: {after:?}");
        all_is_there(&store, &taken);
        ballast.leave(free / 2);
    }
    make_room(data, ballast);
    for finding in verify::verify(&store).expect("readable") {
        assert_eq!(finding.faults, [""; 0], "{}", finding.what);
    }
    drop(store);
    make_room(data, ballast);
    let store = open(data).expect("opens");
    all_is_there(&store, &taken);
    drop(store);
    let _ = fs::remove_dir_all(data.join("state"));
    ballast.remove();
    all_is_there(&open(data).expect("opens"), &taken);
}

/// Received and published, as the door and what follows do it.
fn bring(store: &Store, list: ListId, taken: &mut Taken) -> Result<(), StoreError> {
    taken.tried += 1;
    let raw = mail("anne", &format!("No {} {}", taken.tried, "x".repeat(8_000)), "");
    let (post, change) = receive_change(store, list, &raw);
    store.commit(change)?;
    taken.raws.insert(post, raw);
    store.commit(parvis::store::change::Change::at(at(3)).event(published(store, list, post)))
}

/// A message that comes twice at once; who is told that it is there already must find it there.
fn bring_twice_at_once(store: &Store, list: ListId, taken: &mut Taken) -> bool {
    taken.tried += 1;
    let raw = mail("anne", &format!("Twice {} {}", taken.tried, "x".repeat(60_000)), "");
    let changes = [receive_change(store, list, &raw), receive_change(store, list, &raw)];
    let tickets = changes.map(|(post, change)| (post, store.submit(change)));
    let answers = tickets.map(|(post, ticket)| (post, ticket.wait()));
    for (post, answer) in &answers {
        match answer {
            Ok(()) => {
                taken.raws.insert(*post, raw.clone());
            }
            Err(StoreError::Conflict(Conflict::Duplicate(first))) => {
                assert!(store.post(*first).expect("readable").is_some(), "the first is there");
            }
            Err(StoreError::Full | StoreError::State(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    answers.iter().any(|(_, answer)| answer.is_err())
}

fn all_is_there(store: &Store, taken: &Taken) {
    for (post, raw) in &taken.raws {
        assert_eq!(store.raw(*post).expect("readable").as_ref(), Some(raw), "message {post}");
    }
}

fn make_room(data: &Path, ballast: &Ballast) {
    ballast.shrink();
    for number in 1..=9 {
        let _ = fs::remove_dir_all(data.join(format!("state.unusable-{number}")));
    }
}
