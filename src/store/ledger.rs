//! `deliveries/000007.jsonl`: who has been sent a post, and what their server said.
//!
//! One line for each post in a group of outcomes; detail for `trace`, and the truth about which
//! copies are still owed when the state is lost. All posts share a file until it is full: a file of
//! its own for each would cost every post three syncs before its first copy is answered for.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::lines;
use crate::domain::ids::{PersonId, PostId};
use crate::domain::time::Timestamp;

/// Before the last reply of a copy that was tried for days.
pub const GIVEN_UP: &str = "given up: ";

/// What became of one copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyOutcome {
    /// The post.
    pub post: PostId,
    /// Whose copy.
    pub person: PersonId,
    /// What became of it.
    pub result: CopyResult,
}

/// What became of a copy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyResult {
    /// Their server took it, and said this.
    Taken(String),
    /// It is tried again.
    PutOff {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried again.
        next: Timestamp,
        /// What their server said, or why it could not be asked.
        reply: String,
    },
    /// Refused for good, given up or dropped, with these words.
    Failed(String),
    /// They left before it did.
    Gone,
}

/// The outcomes of one group, for one post.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Of which post.
    pub post: PostId,
    /// When.
    pub at: Timestamp,
    /// Whose copies, and what became of them.
    pub copies: Vec<(PersonId, CopyResult)>,
}

/// A file is sealed, and the next begun, when it is at least this long, in bytes.
pub(super) const FILE_BYTES: u64 = 16 << 20;

/// How much of which file the state has seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// 1, 2, 3, …
    pub(super) file: u32,
    /// Bytes from its start.
    pub(super) offset: u64,
}

/// A file, below the data folder.
pub(super) fn name(file: u32) -> String {
    format!("deliveries/{file:06}.jsonl")
}

/// The numbers of the files there are, in order.
pub(super) fn files(data: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    match std::fs::read_dir(data.join("deliveries")) {
        Ok(entries) => {
            for entry in entries {
                let name = entry?.file_name();
                let number: Option<u32> =
                    name.to_str().and_then(|n| n.strip_suffix(".jsonl")).and_then(|n| n.parse().ok());
                numbers.extend(number);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What stands in one file.
pub(super) struct Read {
    /// Where the last whole line ends; what follows was never answered for.
    pub(super) end: u64,
    /// What stands between lines and is none, with its offset.
    pub(super) damaged: Vec<(u64, Vec<u8>)>,
    /// What stands after them and is none, with its offset.
    pub(super) rest: Vec<(u64, Vec<u8>)>,
}

/// Reads a file from an offset on; whole lines go to `each`.
pub(super) fn read_from(
    data: &Path,
    from: Position,
    mut each: impl FnMut(LedgerLine) -> io::Result<()>,
) -> io::Result<Read> {
    let mut read = Read { end: from.offset, damaged: Vec::new(), rest: Vec::new() };
    let file = match File::open(data.join(name(from.file))) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(read),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(1 << 17, file);
    reader.seek(SeekFrom::Start(from.offset))?;
    let (mut at, mut bytes) = (from.offset, Vec::new());
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let start = at;
        at += bytes.len() as u64;
        match lines::read(&bytes) {
            Some(line) => {
                each(line)?;
                read.damaged.append(&mut read.rest);
                read.end = at;
            }
            None => read.rest.push((start, bytes.clone())),
        }
        bytes.clear();
    }
    Ok(read)
}

/// The lines of one post in the files from `first` to `last`.
pub(super) fn of_post(data: &Path, post: PostId, (first, last): (u32, u32)) -> io::Result<Vec<LedgerLine>> {
    let mut found = Vec::new();
    // Lines begin with their post, so the others need not be understood.
    let begins = format!("{{\"post\":{post},");
    for file in files(data)?.into_iter().filter(|file| (first..=last).contains(file)) {
        let mut reader = BufReader::with_capacity(1 << 17, File::open(data.join(name(file)))?);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            if bytes.starts_with(begins.as_bytes()) {
                found.extend(lines::read::<LedgerLine>(&bytes));
            }
            bytes.clear();
        }
    }
    Ok(found)
}
