//! What an animator wants of a draft edition, in their own words: commands in any mixture, items by
//! number or by what they are about.
//!
//! Line by line, clause by clause. What is not understood is given back as it was written, and
//! nothing is done about it; a negation never does the opposite of what was meant.

mod clauses;
mod items;
mod line;
mod speech;
mod verbs;
mod wording;

pub use items::DraftItem;
pub(super) use items::alike;

use self::line::Reader;
use self::verbs::Verbs;
use crate::domain::edition::EditionWish;

/// What was heard of one answer to a draft.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DraftAnswer {
    /// In the order it was written.
    pub wishes: Vec<EditionWish>,
    /// What was not understood, as it was written.
    pub unclear: Vec<String>,
}

/// Lines of one answer that are read.
const LINES_MAX: usize = 400;
/// Titles and notes are cut, characters.
const WORDS_CHARS_MAX: usize = 500;
/// An introduction is cut, characters.
const INTRO_CHARS_MAX: usize = 10_000;
/// Shorter numbers are no telephone's.
const TELEPHONE_DIGITS_MIN: usize = 8;
/// Before a line of the draft below which somebody wrote.
const QUOTED: char = '>';

/// Reads an animator's own words, without signature and telephone footer; of what they quote only the
/// lines right above their own words, with `>` before them: these say which item is meant.
pub fn draft_answer(text: &str, items: &[DraftItem<'_>]) -> DraftAnswer {
    let verbs = Verbs::of_both_languages();
    let mut reader = Reader::new(items, &verbs);
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let line = line.trim();
        if let Some(quoted) = line.strip_prefix(QUOTED) {
            reader.below(quoted);
            continue;
        }
        if line.is_empty() || verbs.is_polite(line) || is_a_telephone(line) {
            continue;
        }
        if let Some(first) = verbs.intro(line) {
            let below = lines[at..].iter().take_while(|line| !is_wholly_command(line, items, &verbs)).count();
            let words = std::iter::once(first).chain(lines[at..at + below].iter().copied());
            let words = words.filter(|line| !line.starts_with(QUOTED)).collect::<Vec<_>>().join("\n");
            reader.intro(&words);
            at += below;
            continue;
        }
        reader.line(line);
    }
    reader.end()
}

/// « 06 12 34 56 78 », below a name.
fn is_a_telephone(line: &str) -> bool {
    let digits = line.chars().filter(char::is_ascii_digit).count();
    digits >= TELEPHONE_DIGITS_MIN
        && line.starts_with(['0', '+', '('])
        && line.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '.' | '-' | '(' | ')' | '/'))
}

/// Whether nothing but commands stands on a line.
fn is_wholly_command(line: &str, items: &[DraftItem<'_>], verbs: &Verbs) -> bool {
    if line.trim().is_empty() || !verbs.begins(line) {
        return false;
    }
    let mut alone = Reader::new(items, verbs);
    alone.line(line.trim());
    let alone = alone.end();
    alone.unclear.is_empty() && !alone.wishes.is_empty()
}

fn cut(words: &str, chars_max: usize) -> String {
    let kept: String = words.chars().filter(|c| *c == '\n' || !c.is_control()).take(chars_max).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests;
