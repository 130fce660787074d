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
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(format!("{CHECKSUM}{crc:08x}{CHECKSUM_END}\n").as_bytes());
    bytes
}

/// The record in one line, line end included, if its checksum is right.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = bytes.strip_suffix(b"\n")?;
    let tail_len = CHECKSUM.len() + 8 + CHECKSUM_END.len();
    let (body, tail) = text.split_at_checked(text.len().checked_sub(tail_len)?)?;
    let crc = std::str::from_utf8(tail).ok()?.strip_prefix(CHECKSUM)?.strip_suffix(CHECKSUM_END)?;
    if u32::from_str_radix(crc, 16).ok()? != crc32fast::hash(body) {
        return None;
    }
    let mut json = body.to_vec();
    json.push(b'}');
    serde_json::from_slice(&json).ok()
}
