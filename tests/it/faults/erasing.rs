//! Somebody is forgotten, and the machine ends at each step of that: taken up again, nothing names
//! them, and everything else is there.

use std::fs;
use std::path::Path;
use std::process::Command;

use parvis::flow::membership::Telling;

use super::injected::{may_trace, wait_for_its_end};
use super::{is_here, settle, times};
use crate::killed::process::{Heard, Home, log, member, send_one};
use crate::sink::Sink;

const MEMBERS: usize = 3;
const POSTS: usize = 4;
/// Each file is written beside itself, synced, renamed, and its folder synced.
const ENDS: &[(&str, &str)] = &[("rename", "signal=KILL"), ("fsync", "signal=KILL"), ("rename", "error=EIO")];
const NTH: &[u64] = &[1, 2, 4];

#[test]
fn whoever_is_forgotten_is_so_wherever_it_was_cut() {
    if !is_here("strace", "an end while somebody is forgotten") || !may_trace() {
        return;
    }
    for (call, fault) in ENDS {
        let all: Vec<u64> = if times() > 1 { (1..=20).collect() } else { NTH.to_vec() };
        for nth in all {
            one(call, fault, nth);
        }
    }
}

fn one(call: &str, fault: &str, nth: u64) {
    let (sink, about) = (Sink::open(), format!("forgetting, {call} number {nth}: {fault}"));
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    let parvis = home.start();
    let mut posts = Vec::new();
    for number in 0..POSTS {
        let id = format!("{number}@authors.example");
        assert_eq!(send_one(home.smtp, &id, &member(number % 2)), Some(250), "{about}");
        posts.push((id, Heard::Accepted));
    }
    assert!(parvis.ask_to_end().success(), "{about}");
    let gone = member(1);
    assert!(!naming(&home.path("data"), &gone).is_empty(), "{about}: it is there");
    let mut erase = Command::new("strace");
    erase.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={call}:{fault}:when={nth}")]);
    erase.arg(env!("CARGO_BIN_EXE_parvis")).arg("--config").arg(home.path("parvis.toml"));
    erase.args(["person", "erase", &gone]).env_clear();
    let ended = erase.output().expect("it runs").status;
    wait_for_its_end(&home);
    // Whoever asked for it asks again where they saw no answer; the server does the rest.
    let mut again = Command::new(env!("CARGO_BIN_EXE_parvis"));
    again.arg("--config").arg(home.path("parvis.toml")).args(["person", "erase", &gone]).env_clear();
    again.output().expect("it runs");
    let parvis = home.start();
    assert!(parvis.ask_to_end().success(), "{about}: {}", log(&home));
    println!("{about}: ended with {ended}");
    assert_eq!(naming(&home.path("data"), &gone), [""; 0], "{about}");
    settle(&home.desk(), &posts, &about);
}

/// The files that have these words in them.
fn naming(folder: &Path, words: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(naming(&path, words));
        } else if fs::read(&path).is_ok_and(|b| memchr::memmem::find(&b, words.as_bytes()).is_some()) {
            found.push(path.display().to_string());
        }
    }
    found
}
