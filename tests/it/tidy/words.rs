//! What no file holds: work left undone, traces of somebody's machine, blanks nobody sees.

use super::{Found, files_below, none, root};

/// Folders and files that are ours to the last byte.
const OURS: &[&str] = &[
    ".ci",
    ".clippy.toml",
    ".gitattributes",
    ".gitignore",
    ".rustfmt.toml",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "data",
    "deny.toml",
    "deploy",
    "docs",
    "examples",
    "src",
    "templates",
    "tests",
];

/// Files that show mail or a conversation as it is: a blank at the end of a line belongs to it.
const AS_RECEIVED: &[&str] = &[".eml", ".mbox"];
/// Folders of the same.
const AS_RECEIVED_BELOW: &[&str] =
    &["tests/dialogues/", "tests/fixtures/", "tests/posts/", "tests/letters/", "tests/pages/"];

/// Marks of work left undone, and why they are not left in.
const UNDONE: &[&str] = &["todo!", "unimplemented!", "dbg!", "FIXME", "XXX", "TODO"];

/// Paths of somebody's machine, and names of places packages come from. A program that is built
/// anywhere names neither.
const MACHINES: &[&str] =
    &["/home/", "/root/", "/Users/", "/mnt/", "/work/", "/workspace/", "index.crates.", "static.crates."];

/// The files whose work it is to name such things.
const NAMES_THEM: &[&str] = &["tests/it/tidy/words.rs", "CONTRIBUTING.md"];

fn ours() -> Vec<Found> {
    OURS.iter().flat_map(|place| files_below(place)).filter(is_text).collect()
}

/// Pictures and keys are not UTF-8; mail as it was received need not be either.
fn is_text(file: &Found) -> bool {
    is_as_received(&file.path) || std::str::from_utf8(&file.bytes).is_ok()
}

fn is_as_received(path: &str) -> bool {
    AS_RECEIVED.iter().any(|ending| path.ends_with(ending))
        || AS_RECEIVED_BELOW.iter().any(|folder| path.starts_with(folder))
}

/// One fault for each line of a file that `is_wrong` says something about.
fn faults_by_line(file: &Found, is_wrong: impl Fn(&[u8]) -> Option<String>) -> Vec<String> {
    let lines = file.bytes.split(|byte| *byte == b'\n').zip(1..);
    lines.filter_map(|(line, n)| Some(format!("{}:{n}: {}", file.path, is_wrong(line)?))).collect()
}

fn holds(line: &[u8], word: &str) -> bool {
    line.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn nothing_is_left_undone() {
    let files = ours().into_iter().filter(|f| !is_as_received(&f.path) && !NAMES_THEM.contains(&&*f.path));
    let undone =
        |line: &[u8]| UNDONE.iter().find(|word| holds(line, word)).map(|word| format!("{word} is left"));
    none(&files.flat_map(|file| faults_by_line(&file, undone)).collect::<Vec<_>>());
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let files = ours().into_iter().filter(|file| !NAMES_THEM.contains(&&*file.path));
    let named =
        |line: &[u8]| MACHINES.iter().find(|name| holds(line, name)).map(|name| format!("names {name}"));
    let mut faults: Vec<String> = files.flat_map(|file| faults_by_line(&file, named)).collect();
    let here = root().to_str().expect("a path in UTF-8");
    for file in ours() {
        faults.extend(faults_by_line(&file, |line| holds(line, here).then(|| format!("names {here}"))));
    }
    none(&faults);
}

#[test]
fn lines_end_with_what_is_seen() {
    let mut faults = Vec::new();
    for file in ours() {
        if is_as_received(&file.path) {
            continue;
        }
        faults.extend(faults_by_line(&file, |line| match line.last() {
            Some(b'\r') => Some("ends with CR".to_owned()),
            // In Rust files rustfmt leaves blanks and tabs in literals only, where they are meant.
            Some(_) | None if file.path.ends_with(".rs") => None,
            Some(b' ' | b'\t') => Some("ends with a blank".to_owned()),
            Some(_) | None => line.contains(&b'\t').then(|| "holds a tab".to_owned()),
        }));
    }
    none(&faults);
}

/// Also what was received is LF in git: tests that need CRLF make it, so that no editor or
/// checkout changes what they compare.
#[test]
fn files_end_with_one_line_feed_and_hold_no_cr() {
    let mut faults = Vec::new();
    for file in ours() {
        let ends_well = file.bytes.is_empty() || file.bytes.ends_with(b"\n");
        let ends_twice = file.bytes.ends_with(b"\n\n");
        if !is_as_received(&file.path) && (!ends_well || ends_twice) {
            faults.push(format!("{}: should end with one line feed", file.path));
        }
        if file.bytes.windows(2).any(|pair| pair == b"\r\n") {
            faults.push(format!("{}: has lines that end with CRLF", file.path));
        }
    }
    none(&faults);
}
