//! A disk that is full, and then is not: the test runs itself again on a small disk of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use parvis::domain::ids::{ListId, PostId};
use parvis::store::change::Conflict;
use parvis::store::{Store, StoreError, verify};

use super::scene::*;

/// Where the small disk is, for the process that was started on it.
const DISK: &str = "PARVIS_TEST_SMALL_DISK";

/// Starts this test once more where a small disk is mounted for it alone; needs a kernel and rights
/// that allow that.
#[test]
fn on_a_full_disk_nothing_is_taken_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = "mount -t tmpfs -o size=12m,mode=0700 none \"$1\" || exit 77\n\
                 shift; exec \"$@\"";
    let test = "store::full_disk::inside";
    let run = |namespace: &str| {
        Command::new("unshare")
            .args([namespace, "sh", "-c", mount, "sh"])
            .arg(folder.path())
            .arg(std::env::current_exe().expect("known"))
            .args(["--exact", test, "--nocapture"])
            .env(DISK, folder.path())
            .output()
    };
    // Not root: as root of a namespace of one's own.
    for namespace in ["-m", "-rm"] {
        let Ok(output) = run(namespace) else { continue };
        match output.status.code() {
            Some(0) => return,
            Some(1 | 77) if !String::from_utf8_lossy(&output.stdout).contains("running 1 test") => {}
            other => panic!(
                "{other:?}\n{}\n{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
    println!("skipped: no disk can be mounted here");
}

/// The part that runs on the small disk; nothing in an ordinary run.
#[test]
fn inside() {
    let Some(disk) = std::env::var_os(DISK) else { return };
    let disk = Path::new(&disk);
    // What is left decides whether the truth or the state meets the end of the disk first.
    for free_kib in [0, 300, 2_000, 4_000] {
        let data = disk.join(format!("data{free_kib}"));
        fills_up(&data, &disk.join("ballast"), free_kib << 10);
        fs::remove_dir_all(&data).expect("removed");
    }
}

struct Taken {
    raws: BTreeMap<PostId, Vec<u8>>,
    tried: usize,
}

fn fills_up(data: &Path, ballast: &Path, free: usize) {
    let mut store = open(data).expect("opens");
    let list = make_list(&store, "quartier");
    join(&store, &[list], "anne");
    let mut taken = Taken { raws: BTreeMap::new(), tried: 0 };
    (0..20).for_each(|_| assert!(bring(&store, list, &mut taken).is_ok()));
    fill(ballast, free);
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
        fill(ballast, free / 2);
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
    let _ = fs::remove_file(ballast);
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

/// Fills the disk up to so many free bytes.
fn fill(path: &Path, leave: usize) {
    let mut file = File::options().create(true).append(true).open(path).expect("made");
    while file.write_all(&[0; 4096]).is_ok() {}
    let len = file.metadata().expect("known").len();
    file.set_len(len.saturating_sub(leave as u64)).expect("cut");
}

fn make_room(data: &Path, ballast: &Path) {
    let len = fs::metadata(ballast).map_or(0, |metadata| metadata.len());
    if len > 0 {
        File::options().write(true).open(ballast).expect("there").set_len(len / 3).expect("cut");
    }
    for number in 1..=9 {
        let _ = fs::remove_dir_all(data.join(format!("state.unusable-{number}")));
    }
}
