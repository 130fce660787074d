//! Lines of JSON that end with a checksum over what stands before it: the form of the journal, of
//! `people/` and of the ledgers. A torn or changed line is seen, and is no line.

use serde::Serialize;
use serde::de::DeserializeOwned;

const CHECKSUM: &str = ",\"crc\":\"";
const CHECKSUM_END: &str = "\"}";

/// The text of a record that serialises to a JSON object, with its checksum and its line end.
pub(super) fn write<T: Serialize>(record: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).expect("records are plain data");
    bytes.pop();
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes.push(b'\n');
    bytes
}

/// A line some bytes of which were written over, with its checksum right again; a line that was
/// damaged before stays so.
pub(super) fn seal_again(before: &[u8], after: Vec<u8>) -> Vec<u8> {
    let tail_len = CHECKSUM.len() + 8 + CHECKSUM_END.len() + 1;
    let body_len = before.len().saturating_sub(tail_len);
    let whole = |line: &[u8]| line[body_len..] == *format!("{}\n", checksum(&line[..body_len])).as_bytes();
    if !whole(before) {
        return after;
    }
    let body = &after[..body_len];
    [body, checksum(body).as_bytes(), b"\n"].concat()
}

fn checksum(body: &[u8]) -> String {
    format!("{CHECKSUM}{:08x}{CHECKSUM_END}", crc32fast::hash(body))
}

/// The record in one line, line end included, if its checksum is right.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = bytes.strip_suffix(b"\n")?;
    let tail_len = CHECKSUM.len() + 8 + CHECKSUM_END.len();
    let (body, tail) = text.split_at_checked(text.len().checked_sub(tail_len)?)?;
    // Compared as text: any other byte is another line, also where it would mean the same number.
    if tail != checksum(body).as_bytes() {
        return None;
    }
    let mut json = body.to_vec();
    json.push(b'}');
    serde_json::from_slice(&json).ok()
}
