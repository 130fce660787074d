//! Reports of many makes: what is read out of them.
//!
//! One report a file in `tests/bounces/`, and in `expected.txt` a line for each: what became of the
//! mail, why, and whom the report names.

use std::fmt::Write as _;
use std::path::Path;

use parvis::mail::bounce::{self, Cause, Outcome, Report};

fn shown(report: &Report) -> String {
    match report {
        Report::Bounce(bounce) => {
            let outcome = if bounce.outcome == Outcome::Failed { "failed" } else { "delayed" };
            let cause = match bounce.cause {
                Cause::NoSuchMailbox => "gone",
                Cause::Full => "full",
                Cause::Policy => "policy",
                Cause::Unreachable => "unreachable",
                Cause::Unknown => "unknown",
            };
            format!("{outcome} {cause} {}", bounce.recipients.join(","))
        }
        Report::Complaint { kind, .. } => format!("complaint {kind}"),
        Report::Nothing => "nothing".to_owned(),
    }
}

fn read(path: &Path) -> String {
    let raw = std::fs::read(path).expect("readable");
    let raw = match raw.windows(2).any(|pair| pair == b"\r\n") {
        true => raw,
        false => String::from_utf8_lossy(&raw).replace('\n', "\r\n").into_bytes(),
    };
    shown(&bounce::read(&raw)).trim().to_owned()
}

#[test]
fn reports_of_many_makes_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bounces");
    let expected = std::fs::read_to_string(folder.join("expected.txt")).expect("readable");
    let (mut wrong, mut count) = (String::new(), 0);
    for line in expected.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (file, wanted) = line.split_once(": ").expect("a name and what is wanted");
        let found = read(&folder.join(file));
        count += 1;
        if found != wanted {
            writeln!(wrong, "{file}: {found}, not {wanted}").expect("a text");
        }
    }
    let files = std::fs::read_dir(&folder).expect("there").count() - 1;
    assert!(wrong.is_empty() && count == files, "{count} of {files}\n{wrong}");
}

/// Every prefix of every one of them is read without harm, and none of another length names more.
#[test]
fn reports_that_are_cut_off_do_no_harm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bounces");
    for entry in std::fs::read_dir(&folder).expect("there") {
        let raw = std::fs::read(entry.expect("readable").path()).expect("readable");
        for end in (0..raw.len()).step_by(7) {
            bounce::read(&raw[..end]);
        }
    }
}

/// For looking at other collections by hand: `PARVIS_BOUNCES=FOLDER cargo test --test it by_hand`.
#[test]
fn a_collection_looked_at_by_hand() {
    let Ok(folder) = std::env::var("PARVIS_BOUNCES") else { return };
    let mut lines = String::new();
    for entry in std::fs::read_dir(folder).expect("there") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            writeln!(lines, "{name}\t{}", read(&path)).expect("a text");
        }
    }
    std::fs::write("target/bounces.tsv", lines).expect("written");
}
