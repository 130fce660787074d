//! The code itself: who may name whom, where each library lives, and how files look.
//!
//! Each rule is a table; a case is a line. What a test here finds is named by file and line, so
//! that it can be mended or argued with in the table.

mod layers;
mod links;
mod shape;
mod source;
mod twins;
mod words;

use std::path::Path;

/// The project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file, and its path below the project's folder, with `/` between names.
struct Found {
    path: String,
    bytes: Vec<u8>,
}

impl Found {
    /// The file as text; every file with one of these endings is UTF-8.
    fn text(&self) -> String {
        match String::from_utf8(self.bytes.clone()) {
            Ok(text) => text,
            Err(error) => panic!("{}: not UTF-8 at byte {}", self.path, error.utf8_error().valid_up_to()),
        }
    }
}

/// Every file below a folder, in the order of their paths.
fn files_below(folder: &str) -> Vec<Found> {
    let mut waiting = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(place) = waiting.pop() {
        if place.is_dir() {
            let entries = std::fs::read_dir(&place).expect("a folder of ours can be read");
            waiting.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
        } else if place.is_file() {
            let bytes = std::fs::read(&place).expect("a file of ours can be read");
            found.push(Found { path: relative(&place), bytes });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The Rust files below a folder.
fn rust_files(folder: &str) -> Vec<Found> {
    let found: Vec<Found> = files_below(folder).into_iter().filter(|f| f.path.ends_with(".rs")).collect();
    assert!(!found.is_empty(), "no Rust file below {folder}");
    found
}

fn relative(place: &Path) -> String {
    let path = place.strip_prefix(root()).expect("below the project's folder");
    path.to_str().expect("our own names are UTF-8").to_owned()
}

/// Fails with every fault on a line of its own.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
