//! Files of the truth with some of their messages or lines replaced, as bytes: same length, same
//! places.

use super::lines as records;
use super::segments::{self, Head};
use crate::domain::ids::PostId;

/// A message as it stands in its file.
#[derive(Clone, Copy, Debug)]
pub struct KeptMessage<'a> {
    /// Its number.
    pub post: PostId,
    /// The envelope's sender; empty for none.
    pub sender: &'a str,
    /// The bytes as they were received.
    pub raw: &'a [u8],
}

/// What takes the place of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaced {
    /// The envelope's sender; empty for none.
    pub sender: String,
    /// Not longer than what was there.
    pub raw: Vec<u8>,
}

/// A mail file with some of its messages replaced, and how many; what is no record goes to
/// `damaged`, whose answer must be as long. `None`: nothing is.
pub(super) fn messages(
    file: &[u8],
    work: &mut dyn FnMut(&KeptMessage<'_>) -> Option<Replaced>,
    damaged: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
) -> (Option<Vec<u8>>, usize) {
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut replaced) = (0, 0);
    let mut put = |start: usize, bytes: &[u8]| {
        out.get_or_insert_with(|| file.to_vec())[start..start + bytes.len()].copy_from_slice(bytes);
        replaced += 1;
    };
    while at < file.len() {
        match record_at(file, at) {
            Some((head, end)) => {
                let slot = &file[at..end];
                let sender = segments::sender(slot);
                if let Ok(raw) = head.message(slot) {
                    let kept = KeptMessage { post: head.id, sender: &sender, raw: &raw };
                    if let Some(new) = work(&kept).and_then(|new| fitting(slot, &head, new)) {
                        put(at, &new);
                    }
                }
                at = end;
            }
            None => {
                let end = next_record(file, at + 1);
                if let Some(new) = damaged(&file[at..end]).filter(|new| new.len() == end - at) {
                    put(at, &new);
                }
                at = end;
            }
        }
    }
    (out, replaced)
}

/// The record that begins there, and where it ends, with the empty lines behind it.
fn record_at(file: &[u8], at: usize) -> Option<(Head, usize)> {
    let head = Head::read(&file[at..]).ok()?;
    head.message(&file[at..]).ok()?;
    let mut end = at + usize::try_from(head.record_len()).ok()?;
    while file.get(end) == Some(&b'\n') {
        end += 1;
    }
    Some((head, end))
}

fn next_record(file: &[u8], from: usize) -> usize {
    let mut at = from.min(file.len());
    while let Some(found) = memchr::memmem::find(&file[at..], b"\nFrom ") {
        at += found + 1;
        if record_at(file, at).is_some() {
            return at;
        }
    }
    file.len()
}

/// The new record, filled up with empty lines to the length of the old one. In what is so short that
/// not even this fits, nothing is left but where it ends.
fn fitting(slot: &[u8], head: &Head, new: Replaced) -> Option<Vec<u8>> {
    let tries = [
        (new.sender.as_str(), new.raw.as_slice()),
        ("", &new.raw),
        ("x", &new.raw),
        ("x", b"\n"),
        ("x", b""),
    ];
    tries.iter().find_map(|(sender, raw)| {
        let mut bytes = segments::record_like(slot, head.id, raw, sender);
        (bytes.len() <= slot.len()).then(|| {
            bytes.resize(slot.len(), b'\n');
            bytes
        })
    })
}

/// A file of lines with some of them replaced, checksums right again, and how many.
pub(super) fn lines(file: &[u8], work: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) -> (Option<Vec<u8>>, usize) {
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut replaced) = (0, 0);
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        if let Some(new) = work(line).filter(|new| new.len() == line.len()) {
            let new = records::seal_again(line, new);
            out.get_or_insert_with(|| file.to_vec())[at..at + line.len()].copy_from_slice(&new);
            replaced += 1;
        }
        at += line.len();
    }
    (out, replaced)
}

#[cfg(test)]
mod tests {
    use super::super::segments::{Record, open_record};
    use super::*;
    use crate::domain::time::Timestamp;

    fn record(id: u64, raw: &str) -> Vec<u8> {
        Record::new(PostId(id), raw.as_bytes(), "anne@author.example", Timestamp::from_seconds(0)).bytes
    }

    #[test]
    fn others_stay_where_they_are() {
        let kept = record(1, "Subject: a\r\n\r\nFrom here\r\n");
        let hers = record(2, "From: anne@author.example\r\nSubject: b\r\n\r\nwords of hers\r\n");
        let last = record(3, "Subject: c\n\nopen end");
        let file = [kept.as_slice(), &hers, b"torn bytes of anne\n", &last].concat();
        let mut seen = Vec::new();
        let mut work = |message: &KeptMessage<'_>| {
            seen.push((message.post.0, message.sender.to_owned()));
            (message.post == PostId(2))
                .then(|| Replaced { sender: String::new(), raw: b"Subject: b\r\n\r\n\r\n".to_vec() })
        };
        let mut damaged = |bytes: &[u8]| Some(bytes.to_ascii_uppercase());
        let (out, replaced) = messages(&file, &mut work, &mut damaged);
        let out = out.expect("changed");
        assert_eq!((out.len(), replaced), (file.len(), 2));
        assert_eq!(seen.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(&out[..kept.len()], kept.as_slice());
        let slot = &out[kept.len()..kept.len() + hers.len()];
        assert_eq!(open_record(PostId(2), slot).as_deref(), Ok(&b"Subject: b\r\n\r\n\r\n"[..]));
        assert!(!String::from_utf8_lossy(slot).contains("anne"));
        assert!(out.ends_with(&last));
        assert!(memchr::memmem::find(&out, b"TORN BYTES OF ANNE").is_some());
        // And again: the same walk, nothing moved.
        let mut ids = Vec::new();
        messages(
            &out,
            &mut |message| {
                ids.push(message.post.0);
                None
            },
            &mut |_| None,
        );
        assert_eq!(ids, [1, 2, 3]);
    }

    #[test]
    fn what_is_too_short_for_anything_says_nothing() {
        let file = record(7, "\n");
        let mut work = |_: &KeptMessage<'_>| {
            Some(Replaced { sender: "a-longer-one@author.example".into(), raw: vec![b'x'; 500] })
        };
        let (out, _) = messages(&file, &mut work, &mut |_| None);
        let out = out.expect("changed");
        assert_eq!(out.len(), file.len());
        assert!(open_record(PostId(7), &out).is_ok_and(|raw| raw.len() <= 1));
    }

    #[test]
    fn garbage_and_every_prefix() {
        let file = [record(1, "a: b\n\nc\n"), record(2, "a: b\n\nd\n")].concat();
        for end in 0..file.len() {
            let (out, _) = messages(&file[..end], &mut |_| None, &mut |bytes| Some(bytes.to_vec()));
            assert!(out.is_none_or(|out| out == file[..end]));
        }
        let from = "\nFrom ".repeat(100_000);
        assert_eq!(messages(from.as_bytes(), &mut |_| None, &mut |_| None).0, None);
    }
}
