//! A disk that fails, and an end, at each step of what is written: `strace` puts an error or a
//! signal in the place of the n-th call.

use std::fs;
use std::process::Command;
use std::time::Duration;

use parvis::flow::membership::Telling;

use super::{is_here, settle, times};
use crate::killed::process::{Heard, Home, send_one};
use crate::sink::Sink;

const MEMBERS: usize = 2;
/// Calls that are made to fail, and how.
const FAULTS: &[(&str, &str)] = &[
    ("fdatasync", "error=EIO"),
    ("fdatasync", "signal=KILL"),
    ("fsync", "error=EIO"),
    ("write", "error=ENOSPC"),
    ("write", "signal=KILL"),
    ("rename", "error=EIO"),
    ("rename", "signal=KILL"),
    ("pwrite64", "error=EIO"),
    ("pwrite64", "signal=KILL"),
    ("sync_file_range", "signal=KILL"),
    ("ftruncate", "signal=KILL"),
    ("unlink", "signal=KILL"),
    ("sendto", "signal=KILL"),
];
/// These are made of sockets, and of files that come and go: wherever they are called, they fail.
const ANYWHERE: &[&str] = &["sendto", "unlink"];
/// The n-th call of these fails in the short form; the long form goes through all.
const NTH: &[u64] = &[2, 7];
const POSTS: usize = 4;

#[test]
fn whatever_call_fails_nothing_that_was_answered_is_lost() {
    if !is_here("strace", "failing calls") || !may_trace() {
        return;
    }
    for (call, fault) in FAULTS {
        let last = NTH.last().copied().unwrap_or(1) * times();
        let all: Vec<u64> = if times() > 1 { (1..=last).collect() } else { NTH.to_vec() };
        for nth in all {
            one(call, fault, nth);
        }
    }
}

pub(super) fn may_trace() -> bool {
    let traced = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).status();
    let may = traced.is_ok_and(|status| status.success());
    if !may {
        println!("skipped: failing calls need the right to trace");
    }
    may
}

fn one(call: &str, fault: &str, nth: u64) {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    let about = format!("{call} number {nth}: {fault}");
    let inject = format!("inject={call}:{fault}:when={nth}");
    let args = ["-f", "-qq", "-o", "/dev/null", "-e", &inject];
    let mut posts = Vec::new();
    let args = match ANYWHERE.contains(&call) {
        true => args.map(str::to_owned).to_vec(),
        false => with_paths(&args, &home),
    };
    if let Some(parvis) = home.start_under("strace", &args) {
        for number in 0..POSTS {
            let id = format!("{call}-{nth}-{number}@authors.example");
            let answered = send_one(home.smtp, &id, "m0@members.example");
            posts.push((id, if answered == Some(250) { Heard::Accepted } else { Heard::Nothing }));
        }
        parvis.kill_children();
        parvis.kill();
        parvis.wait();
    }
    wait_for_its_end(&home);
    settle(&home.desk(), &posts, &about);
    // And it goes on as if nothing had been.
    let parvis = home.start();
    let id = format!("{call}-{nth}-after@authors.example");
    assert_eq!(send_one(home.smtp, &id, "m0@members.example"), Some(250), "{about}");
    posts.push((id, Heard::Accepted));
    std::thread::sleep(Duration::from_millis(50));
    assert!(parvis.ask_to_end().success(), "{about}");
    settle(&home.desk(), &posts, &about);
}

/// What was traced may end a moment after what traced it.
pub(super) fn wait_for_its_end(home: &Home) {
    let lock = fs::File::options().write(true).open(home.path("data").join("lock")).expect("there");
    for _ in 0..2_000 {
        if lock.try_lock().is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it does not end");
}

/// Only what concerns the data folder is traced, and so fails. `-P` takes one path each: every file
/// of the truth there is now, and those there will be.
pub(super) fn with_paths(args: &[&str], home: &Home) -> Vec<String> {
    let mut all: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    all.extend(["-P".to_owned(), home.path("data").display().to_string()]);
    let day = fs::read_dir(home.path("data")).expect("readable").flatten();
    for folder in day.filter(|entry| entry.path().is_dir()) {
        all.extend(["-P".to_owned(), folder.path().display().to_string()]);
    }
    for file in
        ["mail/1/000001.mbox", "journal/000001.jsonl", "people/000001.jsonl", "deliveries/000001.jsonl"]
    {
        all.extend(["-P".to_owned(), home.path("data").join(file).display().to_string()]);
    }
    all
}
