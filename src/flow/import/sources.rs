//! Where archives come from: mailboxes in one file, and maildirs.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{Item, Message, SourceFault, UnreadableMessage};
use crate::domain::time::Timestamp;
use crate::mail::headers::Headers;
use crate::mail::maildir;
use crate::mail::mbox::{self, MESSAGE_BYTES_MAX, MboxReader, Unreadable, Why, open_archive, postmark};
use crate::mail::words::mailboxes;

/// Bytes read from a file at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// The messages of a mailbox in one file: of any dialect, plain, gzip or zstd.
pub fn mbox_items(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Item, SourceFault>> + use<>, SourceFault> {
    let fault = |why: std::io::Error| SourceFault(format!("cannot read {}: {why}", path.display()));
    let file = File::open(path).map_err(fault)?;
    if file.metadata().map_err(fault)?.is_dir() {
        return Err(SourceFault(format!("cannot read {}: it is a folder", path.display())));
    }
    mbox_items_from(BufReader::with_capacity(BUFFER_BYTES, file), &path.display().to_string())
}

/// The same from any reader; `name` is what to call it when it cannot be read.
pub fn mbox_items_from<R: BufRead + 'static>(
    input: R,
    name: &str,
) -> Result<impl Iterator<Item = Result<Item, SourceFault>> + use<R>, SourceFault> {
    let name = name.to_owned();
    let input = open_archive(input).map_err(|why| SourceFault(format!("cannot read {name}: {why}")))?;
    Ok(MboxReader::new(input).filter_map(move |entry| mbox_item(entry, &name)))
}

fn mbox_item(entry: Result<mbox::MboxEntry, Unreadable>, name: &str) -> Option<Result<Item, SourceFault>> {
    match entry {
        Ok(mbox::MboxEntry { n, raw, from_line, offset: _ }) => {
            let mark = postmark(&from_line);
            Some(Ok(Item::Message(Message { n, raw, sender: mark.sender, dated: mark.at })))
        }
        Err(Unreadable { n, offset: _, why }) => match why {
            Why::EmptyFile => None,
            Why::NotAMailbox | Why::Broken(_) => Some(Err(SourceFault(format!("cannot read {name}: {why}")))),
            Why::Empty | Why::TooLarge | Why::InsideMessage(_) => {
                Some(Ok(Item::Unreadable(UnreadableMessage { n, why: why.to_string() })))
            }
        },
    }
}

/// The messages of a maildir, the oldest delivery first.
pub fn maildir_items(
    folder: &Path,
) -> Result<impl Iterator<Item = Result<Item, SourceFault>> + use<>, SourceFault> {
    let fault = |why: String| SourceFault(format!("cannot read {}: {why}", folder.display()));
    if !maildir::is_maildir(folder) {
        return Err(fault("it has neither a folder new nor cur, so it is no maildir".to_owned()));
    }
    let files = maildir::message_files(folder).map_err(|error| fault(error.to_string()))?;
    Ok((1..).zip(files).map(|(n, path)| {
        Ok(match maildir_message(n, &path) {
            Ok(message) => Item::Message(message),
            Err(why) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Item::Unreadable(UnreadableMessage { n, why: format!("{name}: {why}") })
            }
        })
    }))
}

fn maildir_message(n: u64, path: &PathBuf) -> Result<Message, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err("not a file".to_owned());
    }
    let mut raw = Vec::new();
    // One byte more than is taken tells that there is more.
    let limit = MESSAGE_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut raw).map_err(|error| error.to_string())?;
    if raw.starts_with(b"From ") {
        // Some deliver with the line of a mailbox in front.
        let end = raw.iter().position(|byte| *byte == b'\n').map_or(raw.len(), |at| at + 1);
        let mark = postmark(raw[5..end].trim_ascii_end());
        raw.drain(..end);
        return Ok(Message { n, raw, sender: mark.sender, dated: mark.at.or_else(|| delivered_at(path)) });
    }
    let sender = return_path(&raw);
    Ok(Message { n, raw, sender, dated: delivered_at(path) })
}

/// Names of files in a maildir begin with the second of their delivery.
fn delivered_at(path: &Path) -> Option<Timestamp> {
    let name = path.file_name()?.to_str()?;
    let seconds: i64 = name.split(['.', '_', ':']).next()?.parse().ok()?;
    // Files somebody numbered or named by a day are no moments.
    (seconds > YEAR_1990).then(|| Timestamp::from_seconds(seconds))
}

const YEAR_1990: i64 = 631_152_000;

/// Who delivered a message says so in front of it (RFC 5321 §4.4).
fn return_path(raw: &[u8]) -> String {
    let (headers, _) = Headers::scan_leniently(raw);
    let value = headers.get("return-path").unwrap_or_default();
    let address = mailboxes(&value).into_iter().find_map(|mailbox| mailbox.address);
    address.map(|address| address.to_string()).unwrap_or_default()
}
