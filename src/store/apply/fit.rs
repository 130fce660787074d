//! Texts of strangers, made to fit the engine's values. What is left out here is still in the mail,
//! the journal or the ledger.

use crate::domain::ids::PostId;
use crate::store::engine::VALUE_BYTES_MAX;
use crate::store::keys;
use crate::store::records::{self, PostRecord};
use crate::store::view::View;

/// Subjects, in bytes as JSON writes them.
pub(super) const SUBJECT_BYTES_MAX: usize = 1_200;
/// Names of authors, in bytes as JSON writes them.
pub(super) const NAME_BYTES_MAX: usize = 800;
/// What servers answered and what animators told an author, in bytes as JSON writes them.
pub(super) const WORDS_BYTES_MAX: usize = 600;
/// What is left of a text when there is room for hardly anything.
const SCRAP_BYTES_MAX: usize = 150;
/// Less than the engine takes, so that a decision can be added to it.
const POST_BYTES_MAX: usize = VALUE_BYTES_MAX - 200;

/// The beginning of a text that JSON can write in so many bytes.
pub(super) fn fitting(mut text: String, bytes_max: usize) -> String {
    if text.len() * ESCAPED_BYTES_MAX <= bytes_max {
        return text;
    }
    let mut bytes = 0;
    let end = text.char_indices().find(|(_, c)| {
        bytes += match c {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => ESCAPED_BYTES_MAX,
            other => other.len_utf8(),
        };
        bytes > bytes_max
    });
    if let Some((end, _)) = end {
        text.truncate(end);
    }
    text
}

/// `\u0001`
const ESCAPED_BYTES_MAX: usize = 6;

/// Keeps what is known of a post. Should it be too long, references go first, from the middle,
/// then the excerpt, then most of the other texts.
pub(super) fn put_post(view: &mut View<'_>, post: PostId, record: &mut PostRecord) {
    let mut bytes = records::encode(record);
    while bytes.len() > POST_BYTES_MAX && shorten(record) {
        bytes = records::encode(record);
    }
    view.put(keys::post(post), bytes);
}

/// Whether there was something to leave out.
fn shorten(record: &mut PostRecord) -> bool {
    let before = record.clone();
    if let Some(shown) = &mut record.shown {
        let count = shown.references.len();
        if count > 1 {
            shown.references.drain(count / 4..count / 4 + count.div_ceil(4).min(count - 1));
            return true;
        }
        if !shown.excerpt.is_empty() {
            shown.excerpt.clear();
            return true;
        }
        shown.references.clear();
        shown.subject = fitting(std::mem::take(&mut shown.subject), SCRAP_BYTES_MAX);
        shown.author_name = fitting(std::mem::take(&mut shown.author_name), SCRAP_BYTES_MAX);
    }
    if let Some(decided) = &mut record.decided {
        decided.words = decided.words.take().map(|words| fitting(words, SCRAP_BYTES_MAX));
    }
    before != *record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_json_would_exceed_the_room() {
        for (text, bytes_max, kept) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("a\"b", 3, "a\""),
            ("\u{1}\u{1}", 7, "\u{1}"),
            ("éé", 3, "é"),
            ("", 0, ""),
        ] {
            assert_eq!(fitting(text.to_owned(), bytes_max), kept, "{text:?}");
            assert!(serde_json::to_string(kept).expect("a text").len() - 2 <= bytes_max);
        }
    }
}
