//! Every call by which a group is written fails in turn: for want of room, or because the disk is
//! broken. The test runs itself again with those calls in the hands of a small library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use parvis::domain::address::EmailAddress;
use parvis::domain::ids::{ListId, PersonId, PostId};
use parvis::store::change::{Change, Shelf};
use parvis::store::ledger::CopyOutcome;
use parvis::store::{Store, StoreError, verify};

use super::scene::*;

/// Where the folder of the inner run is.
const FOLDER: &str = "PARVIS_TEST_FAILING_CALLS";
const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;
const EMFILE: i32 = 24;
const EIO: i32 = 5;
/// A commit makes fewer calls of each kind than this.
const CALLS_MAX: u64 = 60;

#[test]
fn each_call_of_a_commit_may_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, library) = (folder.path().join("calls.c"), folder.path().join("calls.so"));
    std::fs::write(&source, include_str!("failing_calls.c")).expect("written");
    let built = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .status();
    match built {
        Ok(built) => assert!(built.success(), "the library does not compile"),
        Err(_) => return println!("skipped: failing calls need cc, which is not here"),
    }
    let output = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", "store::failing_calls::inside", "--nocapture"])
        .env("LD_PRELOAD", &library)
        .env("FAIL_ROOT", folder.path().join("data"))
        .env("FAIL_CONTROL", folder.path().join("control"))
        .env(FOLDER, folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for (about, _) in TRIALS {
        let line =
            said.lines().find(|line| line.contains(about)).expect("each says how many calls there were");
        assert!(!line.contains(": 0 calls"), "{line}");
    }
}

/// What fails, and how.
struct Trial {
    kinds: &'static str,
    errno: i32,
    /// So many calls fail, from the one whose turn it is.
    count: u64,
    then: Then,
}

/// What is to be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Nothing was changed, and it goes on as soon as there is room.
    NotTaken,
    /// Taken or not, and it goes on as soon as there is room.
    GoesOn,
    /// It is closed until it is opened again.
    Closed,
}

const TRIALS: &[(&str, Trial)] = &[
    ("no room, once", Trial { kinds: "cws", errno: ENOSPC, count: 1, then: Then::NotTaken }),
    ("no room until there is", Trial { kinds: "cw", errno: ENOSPC, count: 1_000, then: Then::NotTaken }),
    ("over quota", Trial { kinds: "cws", errno: EDQUOT, count: 1, then: Then::NotTaken }),
    ("too many files", Trial { kinds: "c", errno: EMFILE, count: 1, then: Then::NotTaken }),
    ("no room, for the state too", Trial { kinds: "cwS", errno: ENOSPC, count: 1_000, then: Then::GoesOn }),
    ("a broken disk", Trial { kinds: "ws", errno: EIO, count: 1, then: Then::Closed }),
];

/// The part that runs with failing calls; nothing in an ordinary run.
#[test]
fn inside() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut disk = Disk { control: folder.join("control"), serial: 0 };
    for (about, trial) in TRIALS {
        let mut calls = 0;
        for nth in 1..CALLS_MAX {
            let data = folder.join("data");
            if !one(&data, &mut disk, about, trial, nth) {
                break;
            }
            calls = nth;
            std::fs::remove_dir_all(&data).expect("removed");
        }
        let _ = std::fs::remove_dir_all(folder.join("data"));
        println!("{about}: {calls} calls");
    }
}

/// The disk, as far as it is told to fail.
struct Disk {
    control: PathBuf,
    serial: u64,
}

impl Disk {
    fn fail(&mut self, trial: &Trial, from: u64) {
        self.serial += 1;
        let Trial { kinds, errno, count, then: _ } = trial;
        std::fs::write(&self.control, format!("{} {from} {count} {errno} {kinds}\n", self.serial))
            .expect("written");
    }

    /// Whether a call failed since then.
    fn mend(&mut self) -> bool {
        std::fs::remove_file(&self.control).expect("there");
        std::fs::remove_file(self.control.with_extension("fired")).is_ok()
    }
}

/// A change that adds to every kind of file, of which some are new.
struct Everything {
    post: PostId,
    person: PersonId,
    raw: Vec<u8>,
    change: Change,
}

fn everything(store: &Store, (list, owed, anne): (ListId, PostId, PersonId), name: &str) -> Everything {
    let raw = mail(name, "Tout à la fois", "");
    let post = store.next_post();
    let (person, change) = member_change(store, &[list], name);
    let change = change
        .mail(post, Shelf::List(list), &raw, "sender@writers.example", at(2))
        .event(received(Some(list), post, &raw, None))
        .outcome(CopyOutcome { post: owed, person: anne, result: taken() });
    Everything { post, person, raw, change }
}

/// Lets the n-th call fail; `false` if there are fewer.
fn one(data: &Path, disk: &mut Disk, about: &str, trial: &Trial, nth: u64) -> bool {
    let about = format!("{about}, call {nth}");
    let store = open(data).expect("opens");
    let old = make_list(&store, "quartier");
    let anne = join(&store, &[old], "anne");
    let raw = mail("anne", "Avant", "");
    let owed = post(&store, old, &raw);
    let list = make_list(&store, "club");
    let before = truth(data);
    let Everything { post, person, raw: brought, change } = everything(&store, (list, owed, anne), "bruno");
    disk.fail(trial, nth);
    let answer = store.commit(change);
    let again = if answer.is_err() { store.commit(Change::at(at(9))) } else { Ok(()) };
    if !disk.mend() {
        assert!(answer.is_ok(), "{about}: {answer:?}");
        return false;
    }
    match trial.then {
        Then::NotTaken => {
            let told = matches!(answer, Err(StoreError::Full))
                || trial.errno == EMFILE && matches!(answer, Err(StoreError::Io { .. }));
            assert!(told, "{about}: {answer:?}");
            assert_eq!(truth(data), before, "{about}: something was left");
            assert_eq!(store.post(post).expect("readable"), None, "{about}");
            assert_eq!(store.person(person).expect("readable"), None, "{about}");
            assert_eq!(store.owed(owed).expect("readable").iter().count(), 1, "{about}");
        }
        Then::GoesOn => match &answer {
            Ok(()) | Err(StoreError::Full | StoreError::State(_)) => {}
            Err(other) => panic!("{about}: {other}"),
        },
        Then::Closed => {
            assert!(matches!(answer, Err(StoreError::Closed)), "{about}: {answer:?}");
            assert!(matches!(again, Err(StoreError::Closed)), "{about}: {again:?}");
            assert!(matches!(store.room(), Err(StoreError::Closed)), "{about}: the door must say so");
        }
    }
    let store = match trial.then {
        Then::NotTaken | Then::GoesOn => store,
        Then::Closed => {
            drop(store);
            open(data).expect("opens again")
        }
    };
    let next = everything(&store, (list, owed, anne), "carole");
    let (third, third_raw) = (next.post, next.raw);
    store.commit(next.change).unwrap_or_else(|error| panic!("{about}: then {error}"));
    // By what it says: numbers of what was not taken are given again after a start.
    let there = store.raw(post).expect("readable").as_ref() == Some(&brought);
    let bruno = EmailAddress::parse("bruno@members.example").expect("an address");
    let known = store.person_at(&bruno).expect("readable").is_some();
    // People are written before the journal: where it ended between the two, somebody is known who
    // is nowhere yet.
    let alone = trial.then == Then::Closed && known;
    assert!(known == there || alone, "{about}: half of it is there");
    assert!(there || answer.is_err(), "{about}: it was answered, and is lost");
    assert_eq!(store.raw(owed).expect("readable"), Some(raw), "{about}");
    assert_eq!(store.raw(third).expect("readable"), Some(third_raw), "{about}");
    let mut findings = verify::verify(&store).expect("verified");
    findings.push(verify::compare_with_rebuilt(&store).expect("compared"));
    for finding in findings {
        assert_eq!(finding.faults, [""; 0], "{about}: {}", finding.what);
    }
    true
}

/// Every file of the truth that has anything in it.
fn truth(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> =
        ["mail", "journal", "people", "deliveries", "transit"].map(|name| data.join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("readable");
            if !bytes.is_empty() {
                files.insert(path, bytes);
            }
        }
    }
    files
}

#[test]
fn all_whose_changes_were_taken_together_are_told_why_they_failed() {
    let mut scene = Scene::new();
    let post = scene.store().next_post();
    // A file where a folder should be: nothing can be put there.
    std::fs::remove_dir(scene.data().join("transit")).expect("empty");
    std::fs::write(scene.data().join("transit"), b"").expect("written");
    let store = scene.store();
    let tickets: Vec<_> = (0..200)
        .map(|_| {
            let raw = mail("anne", "Une demande", "");
            store.submit(
                Change::at(at(1))
                    .mail(post, Shelf::Transit, &raw, "sender@writers.example", at(1))
                    .event(received(None, post, &raw, None)),
            )
        })
        .collect();
    for ticket in tickets {
        let answer = ticket.wait();
        assert!(matches!(answer, Err(StoreError::Io { .. })), "{answer:?}");
    }
    std::fs::remove_file(scene.data().join("transit")).expect("there");
    make_list(scene.store(), "quartier");
    scene.reopen();
}
