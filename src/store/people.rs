//! `people/`: the one place that joins a number with addresses and a name.
//!
//! Lines are appended as people come and change; the last line of a number counts. Erasing
//! somebody writes the whole file anew under the next number and takes the old one away.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::lines;
use crate::domain::member::Person;

/// How much of which file the state has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Position {
    /// 1, 2, 3, …: rises with each rewriting.
    pub(super) file: u32,
    /// Bytes from its start.
    pub(super) offset: u64,
}

pub(super) fn path(data: &Path, file: u32) -> PathBuf {
    data.join("people").join(format!("{file:06}.jsonl"))
}

/// The number of the file in force; 0 if there is none yet.
pub(super) fn current(data: &Path) -> io::Result<u32> {
    let mut newest = 0;
    match std::fs::read_dir(data.join("people")) {
        Ok(entries) => {
            for entry in entries {
                let name = entry?.file_name();
                let number: Option<u32> =
                    name.to_str().and_then(|n| n.strip_suffix(".jsonl")).and_then(|n| n.parse().ok());
                newest = newest.max(number.unwrap_or(0));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(newest)
}

/// Everybody in a file from an offset on, in order, and how far it could be read. Damaged lines
/// are given as their offset and bytes.
pub(super) fn read_from(
    data: &Path,
    from: Position,
    mut each: impl FnMut(Result<Person, (u64, Vec<u8>)>),
) -> io::Result<Position> {
    let mut offset = from.offset;
    if from.file > 0 {
        let mut reader = BufReader::new(File::open(path(data, from.file))?);
        reader.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            each(lines::read(&bytes).ok_or_else(|| (offset, bytes.clone())));
            offset += bytes.len() as u64;
            bytes.clear();
        }
    }
    Ok(Position { file: from.file, offset })
}
