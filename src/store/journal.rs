//! The journal's files: `journal/000007.jsonl`, one line of JSON for each thing that happened.
//!
//! Lines are written in groups, one sync for each; only the last group can be incomplete after a
//! crash, and it was never answered.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::event::Line;
use super::lines;
use crate::domain::time::Timestamp;

/// A file is sealed, and the next begun, when it is at least this long, in bytes.
pub(super) const FILE_BYTES: u64 = 64 << 20;

/// A place in the journal: before the line that follows.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, serde::Serialize, serde::Deserialize,
)]
pub(super) struct Position {
    /// 1, 2, 3, …
    pub(super) file: u32,
    /// Bytes from its start.
    pub(super) offset: u64,
    /// The sequence number of the last line before it.
    pub(super) seq: u64,
}

/// A line as it was found.
pub(super) enum Found {
    Line(Box<Line>),
    /// Bytes that are no line.
    Damaged(Vec<u8>),
}

pub(super) fn path(data: &Path, file: u32) -> PathBuf {
    data.join("journal").join(format!("{file:06}.jsonl"))
}

/// The numbers of the files there are, in order.
pub(super) fn files(data: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    match std::fs::read_dir(data.join("journal")) {
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

/// As much of the end of a file as the last lines are looked for in, in bytes.
const END_BYTES: u64 = 1 << 20;

/// When the last line that can be read was written.
pub(super) fn last_moment(data: &Path) -> io::Result<Option<Timestamp>> {
    for number in files(data)?.into_iter().rev() {
        let mut file = File::open(path(data, number))?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(END_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').rev();
        if let Some(line) = lines.find_map(lines::read::<Line>) {
            return Ok(Some(line.at));
        }
    }
    Ok(None)
}

/// Every line from a position on, in order, each with where it begins and where it ends.
pub(super) fn read_from(
    data: &Path,
    from: Position,
    mut each: impl FnMut(Found, std::ops::Range<Position>) -> io::Result<()>,
) -> io::Result<()> {
    for number in files(data)?.into_iter().filter(|n| *n >= from.file) {
        let mut offset = if number == from.file { from.offset } else { 0 };
        let mut reader = BufReader::with_capacity(1 << 18, File::open(path(data, number))?);
        reader.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = reader.read_until(b'\n', &mut bytes)?;
            if read == 0 {
                break;
            }
            let start = Position { file: number, offset, seq: 0 };
            offset += read as u64;
            let found = match lines::read::<Line>(&bytes) {
                Some(line) => Found::Line(Box::new(line)),
                None => Found::Damaged(bytes.clone()),
            };
            each(found, start..Position { file: number, offset, seq: 0 })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PostId;
    use crate::domain::moderation::HoldReason;
    use crate::store::event::Event;

    #[test]
    fn a_line_with_another_byte_is_no_line() {
        let line = Line {
            seq: 3,
            at: Timestamp::from_seconds(5),
            group: (0, 1),
            event: Event::Held { post: PostId(9), reason: HoldReason::FirstPost },
        };
        let bytes = lines::write(&line);
        let text = String::from_utf8(bytes.clone()).expect("JSON");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        assert!(text.contains(r#""what":"held","post":9,"reason":"first-post""#), "{text}");
        assert_eq!(lines::read(&bytes), Some(line));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                assert_eq!(lines::read::<Line>(&other), None, "byte {at}");
            }
            assert_eq!(lines::read::<Line>(&bytes[..at]), None, "cut at {at}");
        }
    }
}
