//! What Parvis promises when machines fail, shown by making them fail: power cuts, errors of the
//! disk at each step, copies taken under load. Each prints its seed and a ledger.
//!
//! `cargo test --test it faults killed store::full_disk store::damage` is the short form;
//! `PARVIS_FAULTS=50` makes each of these run fifty times as often, `PARVIS_SEED=7` begins with that
//! seed. What a machine cannot do is skipped, and named.

#![allow(
    clippy::disallowed_methods,
    reason = "how often to fail is for whoever runs it to say; failing takes time"
)]
#![allow(clippy::print_stdout, reason = "each prints its seed and its ledger, and what it skips")]

mod backups;
mod clocks;
mod digest_hour;
mod disks;
mod erasing;
mod injected;
mod power;
mod shims;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use parvis::domain::ids::PostId;
use parvis::flow::Desk;
use parvis::store::archive::PostState;
use parvis::store::verify;

use crate::killed::process::Heard;
use crate::sink::header;

/// How many times as often as in the short form.
fn times() -> u64 {
    number("PARVIS_FAULTS").unwrap_or(1).max(1)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Moments and places by a seed, which is printed with what they lead to.
struct Chance(u64);

impl Chance {
    fn seeds(count: u64) -> impl Iterator<Item = u64> {
        let first = number("PARVIS_SEED").unwrap_or(1);
        first..first + count
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (self.0 >> 33) % end
    }
}

/// Everything that was answered 250 is there once, and everything that is there was sent by
/// somebody; all of it whole. Prints what there is.
fn settle(desk: &Desk, posts: &[(String, Heard)], about: &str) {
    let mut kept: BTreeMap<String, (usize, PostState)> = BTreeMap::new();
    for info in desk.store.posts(PostId(0), usize::MAX).expect("readable") {
        let raw = desk.store.raw(info.id).expect("readable").expect("there");
        let id = header(&raw, "message-id");
        let entry = kept.entry(id.trim_matches(['<', '>']).to_owned()).or_insert((0, info.state));
        entry.0 += 1;
    }
    let accepted = posts.iter().filter(|(_, heard)| *heard == Heard::Accepted).count();
    let count = |state: PostState| kept.values().filter(|(_, is)| *is == state).count();
    println!(
        "{about}: {accepted} accepted, {} kept = {} published + {} undecided + {} held + {} refused or put away",
        kept.len(),
        count(PostState::Published),
        count(PostState::Undecided),
        count(PostState::Held),
        count(PostState::Refused) + count(PostState::Dropped),
    );
    for (id, heard) in posts {
        let (times, _) = kept.remove(id).unwrap_or((0, PostState::Undecided));
        match heard {
            Heard::Accepted => assert_eq!(times, 1, "{about}: <{id}> was answered 250"),
            Heard::Nothing => assert!(times <= 1, "{about}: <{id}> is there {times} times"),
        }
    }
    assert!(kept.is_empty(), "{about}: nobody sent {kept:?}");
    let mut findings = verify::verify(&desk.store).expect("verified");
    findings.push(verify::compare_with_rebuilt(&desk.store).expect("compared"));
    for finding in findings {
        assert!(finding.faults.is_empty(), "{about}: {finding:?}");
    }
}

/// Whether a program is here; if not, what needs it is skipped, by name.
fn is_here(program: &str, what: &str) -> bool {
    let here = Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success());
    if !here {
        println!("skipped: {what} needs {program}, which is not here");
    }
    here
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("known");
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}
