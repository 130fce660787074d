//! `deliveries/POST.jsonl`: who has been sent a post, and what their server said.
//!
//! One line for each group of outcomes; detail for `trace`, and the truth about which copies are
//! still owed when the state is lost.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines;
use crate::domain::ids::{PersonId, PostId};
use crate::domain::time::Timestamp;

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
    /// When.
    pub at: Timestamp,
    /// Whose copies, and what became of them.
    pub copies: Vec<(PersonId, CopyResult)>,
}

pub(super) fn path(data: &Path, post: PostId) -> PathBuf {
    data.join("deliveries").join(format!("{post}.jsonl"))
}

/// The posts that have a ledger, in order.
pub(super) fn posts(data: &Path) -> io::Result<Vec<PostId>> {
    let mut posts = Vec::new();
    for entry in std::fs::read_dir(data.join("deliveries"))? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|n| n.strip_suffix(".jsonl")).and_then(|n| n.parse().ok());
        posts.extend(number.map(PostId));
    }
    posts.sort();
    Ok(posts)
}

/// What stands in a ledger.
pub(super) struct Read {
    /// Its whole lines, in order.
    pub(super) lines: Vec<LedgerLine>,
    /// Where the last of them ends; what follows was never answered for.
    pub(super) end: u64,
    /// What stands between them and is no line, with its offset.
    pub(super) damaged: Vec<(u64, Vec<u8>)>,
    /// What stands after them and is no line, with its offset.
    pub(super) rest: Vec<(u64, Vec<u8>)>,
}

/// Reads a post's ledger from an offset on.
pub(super) fn read_from(data: &Path, post: PostId, offset: u64) -> io::Result<Read> {
    let mut read = Read { lines: Vec::new(), end: offset, damaged: Vec::new(), rest: Vec::new() };
    let file = match File::open(path(data, post)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(read),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(offset))?;
    let (mut at, mut bytes) = (offset, Vec::new());
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let start = at;
        at += bytes.len() as u64;
        match lines::read(&bytes) {
            Some(line) => {
                read.lines.push(line);
                read.damaged.append(&mut read.rest);
                read.end = at;
            }
            None => read.rest.push((start, bytes.clone())),
        }
        bytes.clear();
    }
    Ok(read)
}
