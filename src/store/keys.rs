//! Every key of the working state, as one table. Numbers are big-endian, so that keys sort by them.
//!
//! | key | value |
//! |---|---|
//! | `S` name | counters, the journal position reached, the fence |
//! | `L` list · `l` address | a list · its number |
//! | `P` person · `p` address | a person · their number |
//! | `M` list person · `m` person list | a membership · nothing |
//! | `O` post | a post |
//! | `I` list hash(Message-ID) post | nothing |
//! | `C` list content | which post already has this content |
//! | `n` list hash(Message-ID) | the thread an id belongs to, mentioned ones too |
//! | `T` list thread · `t` list thread post | a thread, or where it went · nothing |
//! | `R` list newest-first thread | nothing |
//! | `Y` list month · `y` list month date post | how many · nothing |
//! | `U` post | undecided: attempts to read it |
//! | `H` post | held: why, since when |
//! | `F` post · `f` post chunk | a fan-out · who is still owed |
//! | `D` post | the first and the last file of its ledger |
//! | `Q` post person · `q` time post person | a copy put off · nothing |
//! | `X` letter · `x` time letter | a letter owed · nothing |
//! | `W` question · `w` person question | a question that can be answered · nothing |
//! | `K` person pass | a pass that opens something |
//! | `h` list thread person | how they take part in that thread |
//! | `B` list person | nothing: they may write there no more |
//! | `b` list person | what came back of what they were sent |
//! | `k` list thread | slowed down, or closed |
//! | `v` list post chunk | who awaits a post in a digest |
//! | `V` issue | several posts in one mail |
//! | `j` list · `J` list number | the draft of the next edition · an edition |
//! | `Z` person · `z` mark | being forgotten, or forgotten · whose address it was |
//! | `G` file | where the last record of a mail file ends |

use sha2::{Digest, Sha256};

use super::archive::ThreadId;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, MessageId, PassId, PersonId, PostId, QuestionId};
use crate::domain::list::ListAddress;
use crate::domain::time::Timestamp;

/// A Message-ID as keys hold it: the first 60 bits of its SHA-256, so that twelve base32
/// characters say exactly as much.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(super) struct IdHash(pub(super) [u8; 8]);

impl IdHash {
    /// Characters of the text form, as in `/LIST/t/THREAD/`.
    pub(super) const CHARS: usize = 12;

    pub(super) fn of(id: &MessageId) -> IdHash {
        IdHash::of_digest(&Sha256::digest(id.as_str().as_bytes()))
    }

    pub(super) fn of_digest(digest: &[u8]) -> IdHash {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        bytes[7] &= 0xf0;
        IdHash(bytes)
    }

    pub(super) fn text(self) -> String {
        let mut text = data_encoding::BASE32_NOPAD.encode(&self.0).to_ascii_lowercase();
        text.truncate(Self::CHARS);
        text
    }

    pub(super) fn parse(text: &str) -> Option<IdHash> {
        if text.len() != Self::CHARS {
            return None;
        }
        let padded = format!("{}a", text.to_ascii_uppercase());
        let bytes = data_encoding::BASE32_NOPAD.decode(padded.to_ascii_uppercase().as_bytes()).ok()?;
        let hash = IdHash(bytes.try_into().ok()?);
        (hash.text() == text).then_some(hash)
    }
}

macro_rules! key {
    ($tag:literal) => {
        vec![$tag]
    };
    ($tag:literal $(, $part:expr)+) => {{
        let mut key: Vec<u8> = vec![$tag];
        $( key.extend_from_slice(AsRef::<[u8]>::as_ref(&$part)); )+
        key
    }};
}

pub(super) fn setting(name: &str) -> Vec<u8> {
    key!(b'S', name)
}
pub(super) fn lists() -> Vec<u8> {
    key!(b'L')
}
pub(super) fn list(list: ListId) -> Vec<u8> {
    key!(b'L', list.0.to_be_bytes())
}
pub(super) fn list_address(address: &ListAddress) -> Vec<u8> {
    key!(b'l', address.to_string())
}
/// Addresses that begin with `name@`.
pub(super) fn list_name(name: &str) -> Vec<u8> {
    key!(b'l', name, b"@")
}
pub(super) fn persons() -> Vec<u8> {
    key!(b'P')
}
pub(super) fn person(person: PersonId) -> Vec<u8> {
    key!(b'P', person.0.to_be_bytes())
}
pub(super) fn person_address(address: &EmailAddress) -> Vec<u8> {
    key!(b'p', address.key())
}
pub(super) fn members(list: ListId) -> Vec<u8> {
    key!(b'M', list.0.to_be_bytes())
}
pub(super) fn member(list: ListId, person: PersonId) -> Vec<u8> {
    key!(b'M', list.0.to_be_bytes(), person.0.to_be_bytes())
}
pub(super) fn memberships(person: PersonId) -> Vec<u8> {
    key!(b'm', person.0.to_be_bytes())
}
pub(super) fn membership(person: PersonId, list: ListId) -> Vec<u8> {
    key!(b'm', person.0.to_be_bytes(), list.0.to_be_bytes())
}
pub(super) fn posts() -> Vec<u8> {
    key!(b'O')
}
pub(super) fn post(post: PostId) -> Vec<u8> {
    key!(b'O', post.0.to_be_bytes())
}
pub(super) fn posts_of_id(list: ListId, id: IdHash) -> Vec<u8> {
    key!(b'I', list.0.to_be_bytes(), id.0)
}
pub(super) fn post_of_id(list: ListId, id: IdHash, post: PostId) -> Vec<u8> {
    key!(b'I', list.0.to_be_bytes(), id.0, post.0.to_be_bytes())
}
/// Where no list is concerned (the operator's mail), the list is number 0, which none has.
pub(super) fn content(list: Option<ListId>, content: &[u8; 32]) -> Vec<u8> {
    key!(b'C', list.map_or(0, |list| list.0).to_be_bytes(), content[..16])
}
pub(super) fn node(list: ListId, id: IdHash) -> Vec<u8> {
    key!(b'n', list.0.to_be_bytes(), id.0)
}
pub(super) fn thread(list: ListId, thread: ThreadId) -> Vec<u8> {
    key!(b'T', list.0.to_be_bytes(), thread.0.0.to_be_bytes())
}
pub(super) fn thread_posts(list: ListId, thread: ThreadId) -> Vec<u8> {
    key!(b't', list.0.to_be_bytes(), thread.0.0.to_be_bytes())
}
pub(super) fn thread_post(list: ListId, thread: ThreadId, post: PostId) -> Vec<u8> {
    key!(b't', list.0.to_be_bytes(), thread.0.0.to_be_bytes(), post.0.to_be_bytes())
}
pub(super) fn recent(list: ListId) -> Vec<u8> {
    key!(b'R', list.0.to_be_bytes())
}
pub(super) fn recent_thread(list: ListId, last: Timestamp, thread: ThreadId) -> Vec<u8> {
    key!(b'R', list.0.to_be_bytes(), (!sortable(last)).to_be_bytes(), thread.0.0.to_be_bytes())
}
pub(super) fn months(list: ListId) -> Vec<u8> {
    key!(b'Y', list.0.to_be_bytes())
}
pub(super) fn month(list: ListId, year: i16, month: i8) -> Vec<u8> {
    key!(b'Y', list.0.to_be_bytes(), month_number(year, month).to_be_bytes())
}
pub(super) fn month_posts(list: ListId, year: i16, month: i8) -> Vec<u8> {
    key!(b'y', list.0.to_be_bytes(), month_number(year, month).to_be_bytes())
}
pub(super) fn all_month_posts(list: ListId) -> Vec<u8> {
    key!(b'y', list.0.to_be_bytes())
}
pub(super) fn month_post(list: ListId, (year, month): (i16, i8), date: Timestamp, post: PostId) -> Vec<u8> {
    let month = month_number(year, month);
    key!(b'y', list.0.to_be_bytes(), month.to_be_bytes(), sortable(date).to_be_bytes(), post.0.to_be_bytes())
}
pub(super) fn awaited_of(list: ListId) -> Vec<u8> {
    key!(b'v', list.0.to_be_bytes())
}
pub(super) fn awaited(list: ListId, post: PostId, chunk: u32) -> Vec<u8> {
    key!(b'v', list.0.to_be_bytes(), post.0.to_be_bytes(), chunk.to_be_bytes())
}
pub(super) fn draft(list: ListId) -> Vec<u8> {
    key!(b'j', list.0.to_be_bytes())
}
pub(super) fn editions(list: ListId) -> Vec<u8> {
    key!(b'J', list.0.to_be_bytes())
}
pub(super) fn edition(list: ListId, number: u32) -> Vec<u8> {
    key!(b'J', list.0.to_be_bytes(), number.to_be_bytes())
}
pub(super) fn summary(list: ListId, thread: PostId) -> Vec<u8> {
    key!(b's', list.0.to_be_bytes(), thread.0.to_be_bytes())
}
pub(super) fn issue(number: PostId) -> Vec<u8> {
    key!(b'V', number.0.to_be_bytes())
}
pub(super) fn undecided() -> Vec<u8> {
    key!(b'U')
}
pub(super) fn undecided_post(post: PostId) -> Vec<u8> {
    key!(b'U', post.0.to_be_bytes())
}
pub(super) fn held() -> Vec<u8> {
    key!(b'H')
}
pub(super) fn held_post(post: PostId) -> Vec<u8> {
    key!(b'H', post.0.to_be_bytes())
}
pub(super) fn fan_outs() -> Vec<u8> {
    key!(b'F')
}
pub(super) fn fan_out(post: PostId) -> Vec<u8> {
    key!(b'F', post.0.to_be_bytes())
}
pub(super) fn ledger_files(post: PostId) -> Vec<u8> {
    key!(b'D', post.0.to_be_bytes())
}
pub(super) fn owed(post: PostId) -> Vec<u8> {
    key!(b'f', post.0.to_be_bytes())
}
pub(super) fn owed_chunk(post: PostId, chunk: u32) -> Vec<u8> {
    key!(b'f', post.0.to_be_bytes(), chunk.to_be_bytes())
}
pub(super) fn put_off_of(post: PostId) -> Vec<u8> {
    key!(b'Q', post.0.to_be_bytes())
}
pub(super) fn put_off(post: PostId, person: PersonId) -> Vec<u8> {
    key!(b'Q', post.0.to_be_bytes(), person.0.to_be_bytes())
}
pub(super) fn due_copies() -> Vec<u8> {
    key!(b'q')
}
pub(super) fn due_copy(at: Timestamp, post: PostId, person: PersonId) -> Vec<u8> {
    key!(b'q', sortable(at).to_be_bytes(), post.0.to_be_bytes(), person.0.to_be_bytes())
}
pub(super) fn letters() -> Vec<u8> {
    key!(b'X')
}
pub(super) fn letter(letter: u64) -> Vec<u8> {
    key!(b'X', letter.to_be_bytes())
}
pub(super) fn questions() -> Vec<u8> {
    key!(b'W')
}
pub(super) fn question(question: QuestionId) -> Vec<u8> {
    key!(b'W', question.0.to_be_bytes())
}
pub(super) fn questions_to(person: PersonId) -> Vec<u8> {
    key!(b'w', person.0.to_be_bytes())
}
pub(super) fn question_to(person: PersonId, question: QuestionId) -> Vec<u8> {
    key!(b'w', person.0.to_be_bytes(), question.0.to_be_bytes())
}
pub(super) fn passes() -> Vec<u8> {
    key!(b'K')
}
pub(super) fn passes_of(person: PersonId) -> Vec<u8> {
    key!(b'K', person.0.to_be_bytes())
}
pub(super) fn pass(person: PersonId, pass: PassId) -> Vec<u8> {
    key!(b'K', person.0.to_be_bytes(), pass.0.to_be_bytes())
}
pub(super) fn heeds(list: ListId) -> Vec<u8> {
    key!(b'h', list.0.to_be_bytes())
}
pub(super) fn heed(list: ListId, thread: PostId, person: PersonId) -> Vec<u8> {
    key!(b'h', list.0.to_be_bytes(), thread.0.to_be_bytes(), person.0.to_be_bytes())
}
pub(super) fn bans(list: ListId) -> Vec<u8> {
    key!(b'B', list.0.to_be_bytes())
}
pub(super) fn ban(list: ListId, person: PersonId) -> Vec<u8> {
    key!(b'B', list.0.to_be_bytes(), person.0.to_be_bytes())
}
pub(super) fn reaches(list: ListId) -> Vec<u8> {
    key!(b'b', list.0.to_be_bytes())
}
pub(super) fn reach(list: ListId, person: PersonId) -> Vec<u8> {
    key!(b'b', list.0.to_be_bytes(), person.0.to_be_bytes())
}
pub(super) fn thread_paces(list: ListId) -> Vec<u8> {
    key!(b'k', list.0.to_be_bytes())
}
pub(super) fn thread_pace(list: ListId, thread: PostId) -> Vec<u8> {
    key!(b'k', list.0.to_be_bytes(), thread.0.to_be_bytes())
}
pub(super) fn forgettings() -> Vec<u8> {
    key!(b'Z')
}
pub(super) fn forgetting(person: PersonId) -> Vec<u8> {
    key!(b'Z', person.0.to_be_bytes())
}
pub(super) fn forgotten_mark(mark: &str) -> Vec<u8> {
    key!(b'z', mark)
}
pub(super) fn old_addresses() -> Vec<u8> {
    key!(b'a')
}
pub(super) fn old_address(path: &[u8; 16]) -> Vec<u8> {
    key!(b'a', path)
}
pub(super) fn mail_file_end(file: &str) -> Vec<u8> {
    key!(b'G', file)
}

/// The number at a place of a key.
pub(super) fn number_u32(key: &[u8], at: usize) -> u32 {
    key.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// The number at a place of a key.
pub(super) fn number_u64(key: &[u8], at: usize) -> u64 {
    key.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_be_bytes)
}

/// The moment at a place of a key.
pub(super) fn moment(key: &[u8], at: usize) -> Timestamp {
    Timestamp::from_millis((number_u64(key, at) ^ SIGN).cast_signed())
}

/// The month at a place of a key.
pub(super) fn month_at(key: &[u8], at: usize) -> (i16, i8) {
    let number = number_u32(key, at);
    (i16::try_from(number / 100).unwrap_or(0), i8::try_from(number % 100).unwrap_or(0))
}

const SIGN: u64 = 1 << 63;

fn sortable(moment: Timestamp) -> u64 {
    moment.millis().cast_unsigned() ^ SIGN
}

fn month_number(year: i16, month: i8) -> u32 {
    u32::from(year.unsigned_abs()) * 100 + u32::from(month.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_hash_is_the_same_as_text() {
        let hash = IdHash::of(&MessageId::parse("<a@b.example>").expect("valid"));
        assert_eq!(IdHash::parse(&hash.text()), Some(hash));
        assert_eq!(IdHash::parse("short"), None);
        assert_eq!(IdHash::parse("é23456789012"), None);
    }

    #[test]
    fn every_letter_is_one_kind_of_key() {
        let rows = include_str!("keys.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
        let kinds = rows.filter_map(|row| row.split(" | ").next()).flat_map(|keys| keys.split(" · "));
        let mut letters: Vec<&str> = kinds.filter_map(|kind| kind.split('`').nth(1)).collect();
        letters.sort_unstable();
        let twice = letters.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
        assert!(letters.len() > 25, "{letters:?}");
    }

    #[test]
    fn moments_sort_as_they_come() {
        let early = due_copy(Timestamp::from_seconds(-5), PostId(9), PersonId(9));
        let late = due_copy(Timestamp::from_seconds(5), PostId(1), PersonId(1));
        assert!(early < late);
        assert_eq!(moment(&late, 1), Timestamp::from_seconds(5));
        let list = ListId(1);
        let newest_first = |s| recent_thread(list, Timestamp::from_seconds(s), ThreadId(PostId(1)));
        assert!(newest_first(10) < newest_first(5));
    }
}
