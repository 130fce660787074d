//! Mail as it was received, appended to mbox files anyone can read: `mail/LIST-ID/000042.mbox`,
//! and `transit/2026-11-22.mbox` for what is no post.
//!
//! A record is an mboxrd entry (RFC 4155, with `>From ` quoting that can be undone) whose header
//! begins with a line of ours saying how long it is and what it hashes to, so that a torn end is
//! seen and the bytes given back are the bytes received:
//!
//! ```text
//! From anne@example.org Sun Nov 22 17:30:00 2026
//! X-Parvis-Record: v1 id=17 len=1234 sha256=… eol=crlf end=line
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::ids::{ListId, PostId};
use crate::domain::time::{CivilDate, Timestamp, Zone};

/// A segment is sealed, and the next begun, when it is at least this long, in bytes.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;

/// Where the bytes of a message are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailPlace {
    /// The file, below the data folder: `mail/3/000042.mbox`.
    pub file: String,
    /// Where its record begins, in bytes.
    pub offset: u64,
    /// How long the record is, `From ` line and closing blank line included, in bytes.
    pub len: u64,
}

/// A message made ready to be appended; made outside the committer, since it costs.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) bytes: Vec<u8>,
}

/// How the lines of a message ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LineEnds {
    /// All with CR LF; kept as LF.
    Crlf,
    /// As they are kept.
    AsIs,
}

/// Why a record does not give a message back.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordFault {
    /// The first lines are not those of a record.
    #[error("no record begins there")]
    NoRecord,
    /// It ends before it should.
    #[error("the record is cut short")]
    CutShort,
    /// The bytes are not those received.
    #[error("the bytes are not those received")]
    Changed,
    /// It is the record of another message.
    #[error("it is the record of message {0}")]
    Other(PostId),
}

const MARK: &str = "X-Parvis-Record: v1 ";
/// Stands for a sender there is none of.
const NOBODY: &str = "MAILER-DAEMON";

impl Record {
    /// The record of a message as received from that envelope sender at that moment.
    pub(super) fn new(id: PostId, raw: &[u8], sender: &str, at: Timestamp) -> Record {
        Record { bytes: record_bytes(id, raw, sender, &at.asctime_utc()) }
    }
}

/// The record of another message in the place of that one, received at the same moment.
pub(super) fn record_like(record: &[u8], id: PostId, raw: &[u8], sender: &str) -> Vec<u8> {
    let line = record.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let at = line.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
    record_bytes(id, raw, sender, &String::from_utf8_lossy(at))
}

fn record_bytes(id: PostId, raw: &[u8], sender: &str, at: &str) -> Vec<u8> {
    let line_ends = line_ends(raw);
    let sender = if sender.is_empty() { NOBODY } else { sender };
    let ends_line = raw.last().is_none_or(|byte| *byte == b'\n');
    let mut stored = Vec::with_capacity(raw.len() + 64);
    quote(raw, line_ends, &mut stored);
    if !ends_line {
        stored.push(b'\n');
    }
    let mut bytes = Vec::with_capacity(stored.len() + 300);
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(raw));
    let eol = match line_ends {
        LineEnds::Crlf => "crlf",
        LineEnds::AsIs => "as-is",
    };
    let end = if ends_line { "line" } else { "open" };
    write!(
        bytes,
        "From {} {at}\n{MARK}id={id} len={} sha256={hash} eol={eol} end={end}\n",
        sender.replace([' ', '\t', '\r', '\n'], ""),
        stored.len(),
    )
    .expect("memory takes it");
    bytes.extend_from_slice(&stored);
    bytes.push(b'\n');
    bytes
}

/// The message in a record, checked.
pub(super) fn open_record(id: PostId, record: &[u8]) -> Result<Vec<u8>, RecordFault> {
    let head = Head::read(record)?;
    if head.id != id {
        return Err(RecordFault::Other(head.id));
    }
    let raw = head.message(record)?;
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&raw));
    if hash == head.sha256 { Ok(raw) } else { Err(RecordFault::Changed) }
}

/// The envelope's sender in a record; empty for none.
pub(super) fn sender(record: &[u8]) -> String {
    let line = record.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let word = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let sender = String::from_utf8_lossy(word);
    if sender == NOBODY { String::new() } else { sender.into_owned() }
}

/// What the first two lines of a record say.
pub(super) struct Head {
    pub(super) id: PostId,
    sha256: String,
    line_ends: LineEnds,
    ends_line: bool,
    start: usize,
    len: usize,
}

impl Head {
    pub(super) fn read(record: &[u8]) -> Result<Head, RecordFault> {
        Head::parse(record).ok_or(RecordFault::NoRecord)
    }

    fn parse(record: &[u8]) -> Option<Head> {
        if !record.starts_with(b"From ") {
            return None;
        }
        let first = memchr::memchr(b'\n', record)? + 1;
        let second = first + memchr::memchr(b'\n', &record[first..])? + 1;
        let line = std::str::from_utf8(&record[first..second - 1]).ok()?;
        let mut head = Head {
            id: PostId(0),
            sha256: String::new(),
            line_ends: LineEnds::AsIs,
            ends_line: true,
            start: second,
            len: 0,
        };
        for field in line.strip_prefix(MARK)?.split(' ') {
            match field.split_once('=')? {
                ("id", value) => head.id = value.parse().ok()?,
                ("len", value) => head.len = value.parse().ok()?,
                ("sha256", value) => head.sha256 = value.to_owned(),
                ("eol", "crlf") => head.line_ends = LineEnds::Crlf,
                ("eol", "as-is") => head.line_ends = LineEnds::AsIs,
                ("end", "line") => head.ends_line = true,
                ("end", "open") => head.ends_line = false,
                (_, _) => return None,
            }
        }
        Some(head)
    }

    /// Bytes from the `From ` line to the closing blank line.
    pub(super) fn record_len(&self) -> u64 {
        (self.start + self.len + 1) as u64
    }

    pub(super) fn message(&self, record: &[u8]) -> Result<Vec<u8>, RecordFault> {
        let end = self.start.checked_add(self.len).ok_or(RecordFault::CutShort)?;
        let mut stored = record.get(self.start..end).ok_or(RecordFault::CutShort)?;
        if record.get(end) != Some(&b'\n') {
            return Err(RecordFault::CutShort);
        }
        if !self.ends_line {
            stored = stored.strip_suffix(b"\n").ok_or(RecordFault::Changed)?;
        }
        Ok(unquote(stored, self.line_ends))
    }
}

fn line_ends(raw: &[u8]) -> LineEnds {
    let mut lines = memchr::memchr_iter(b'\n', raw).peekable();
    let any = lines.peek().is_some();
    let all_crlf = lines.all(|at| at > 0 && raw[at - 1] == b'\r');
    if any && all_crlf { LineEnds::Crlf } else { LineEnds::AsIs }
}

/// mboxrd: every line of `>`s followed by `From ` gets one more `>`.
fn quote(raw: &[u8], line_ends: LineEnds, out: &mut Vec<u8>) {
    for line in lines(raw) {
        if is_from_line(line) {
            out.push(b'>');
        }
        match (line_ends, line.strip_suffix(b"\r\n")) {
            (LineEnds::Crlf, Some(text)) => {
                out.extend_from_slice(text);
                out.push(b'\n');
            }
            (LineEnds::Crlf, None) | (LineEnds::AsIs, _) => out.extend_from_slice(line),
        }
    }
}

fn unquote(stored: &[u8], line_ends: LineEnds) -> Vec<u8> {
    let mut raw = Vec::with_capacity(stored.len() + stored.len() / 32);
    for line in lines(stored) {
        let line = match line.strip_prefix(b">") {
            Some(rest) if is_from_line(rest) => rest,
            Some(_) | None => line,
        };
        match (line_ends, line.strip_suffix(b"\n")) {
            (LineEnds::Crlf, Some(text)) => {
                raw.extend_from_slice(text);
                raw.extend_from_slice(b"\r\n");
            }
            (LineEnds::Crlf, None) | (LineEnds::AsIs, _) => raw.extend_from_slice(line),
        }
    }
    raw
}

fn is_from_line(line: &[u8]) -> bool {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    line[quotes..].starts_with(b"From ")
}

/// Lines with their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line)
    })
}

/// The file a list's n-th segment is in, below the data folder.
pub(super) fn segment_file(list: ListId, number: u32) -> String {
    format!("mail/{list}/{number:06}.mbox")
}

/// The file of what is no post, by the day it came.
pub(super) fn transit_file(at: Timestamp) -> String {
    let CivilDate { year, month, day } = at.date_in(&Zone::utc());
    format!("transit/{year:04}-{month:02}-{day:02}.mbox")
}

/// The number of the segment a path names.
pub(super) fn segment_number(file: &str) -> Option<(ListId, u32)> {
    let (list, number) = file.strip_prefix("mail/")?.strip_suffix(".mbox")?.split_once('/')?;
    Some((list.parse().ok()?, number.parse().ok()?))
}

/// Reads the record at a place.
pub(super) fn read_record(data: &Path, place: &MailPlace) -> io::Result<Vec<u8>> {
    let file = File::open(data.join(&place.file))?;
    let mut bytes = vec![0; usize::try_from(place.len).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, place.offset)?;
    Ok(bytes)
}

/// Opens a file to append to; a new one is synced with its folder before its first record.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = !path.exists();
    make_folder(folder)?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    if new && let Err(error) = file.sync_all().and_then(|()| sync_folder(folder)) {
        return Err(undone(error, fs::remove_file(path)));
    }
    Ok(file)
}

/// What went wrong with something new, which was taken away: left there, it would be taken for one
/// that was synced.
fn undone(error: io::Error, removed: io::Result<()>) -> io::Error {
    match removed {
        Ok(()) => error,
        Err(left) => io::Error::other(format!("{error}; and it cannot be removed: {left}")),
    }
}

/// Makes a folder and those above it, each synced with its parent.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut at = folder;
    while !at.as_os_str().is_empty() && !at.exists() {
        missing.push(at.to_owned());
        match at.parent() {
            Some(parent) => at = parent,
            None => break,
        }
    }
    for folder in missing.iter().rev() {
        // What people wrote, and who they are, is nobody else's to read on a machine of several.
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty())
            && let Err(error) = sync_folder(parent)
        {
            return Err(undone(error, fs::remove_dir(folder)));
        }
    }
    Ok(())
}

/// Makes names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(raw: &[u8]) {
        let record = Record::new(PostId(7), raw, "anne@author.example", Timestamp::from_seconds(0));
        assert_eq!(
            open_record(PostId(7), &record.bytes).as_deref(),
            Ok(raw),
            "{:?}",
            String::from_utf8_lossy(raw)
        );
        assert_eq!(Head::read(&record.bytes).map(|h| h.record_len()).ok(), Some(record.bytes.len() as u64));
        for cut in 0..record.bytes.len() {
            assert!(open_record(PostId(7), &record.bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_was_received_is_given_back() {
        for raw in [
            &b""[..],
            b"Subject: a\r\n\r\nbody\r\n",
            b"Subject: a\n\nbody\n",
            b"Subject: a\r\n\nmixed\n",
            b"Subject: a\r\n\r\nFrom here\r\n>From there\r\n>>From far\r\nopen end",
            b"\r\n",
            b"\n",
            b"no line end",
            b"bare\rcr\r\n",
            "é\u{0}\r\n".as_bytes(),
        ] {
            round_trip(raw);
        }
    }

    #[test]
    fn a_record_reads_as_an_mbox_entry() {
        let record = Record::new(
            PostId(7),
            b"Subject: a\r\n\r\nFrom me\r\n",
            "a b@c.example",
            Timestamp::from_seconds(0),
        );
        let text = String::from_utf8(record.bytes).expect("ascii");
        assert!(
            text.starts_with("From ab@c.example Thu Jan  1 00:00:00 1970\nX-Parvis-Record: v1 id=7 len=")
        );
        assert!(text.ends_with("eol=crlf end=line\nSubject: a\n\n>From me\n\n"), "{text}");
    }

    #[test]
    fn a_changed_byte_is_seen() {
        let mut record =
            Record::new(PostId(7), b"Subject: a\r\n\r\nbody\r\n", "", Timestamp::from_seconds(0)).bytes;
        let last = record.len() - 3;
        record[last] ^= 1;
        assert_eq!(open_record(PostId(7), &record), Err(RecordFault::Changed));
        assert_eq!(open_record(PostId(8), &record), Err(RecordFault::Other(PostId(7))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_given_back(lines in prop::collection::vec("(>{0,2}From )?[a-z \r]{0,8}(\r\n|\n)?", 0..12)) {
            let raw = lines.concat();
            let record = Record::new(PostId(1), raw.as_bytes(), "", Timestamp::from_seconds(0));
            prop_assert_eq!(open_record(PostId(1), &record.bytes), Ok(raw.into_bytes()));
        }

        #[test]
        fn garbage_is_no_record(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open_record(PostId(1), &bytes).is_err());
        }
    }
}
