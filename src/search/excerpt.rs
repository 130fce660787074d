//! The piece of a text that shows why it was found, with the words looked for marked.
//!
//! Plain text in and out: whoever shows it escapes it.

use std::collections::HashSet;

use super::tokens::unmarked;
use super::words::{Endings, Tongue, Word, beginnings_of, fold, words};

/// An excerpt is about as long, bytes of the text.
const EXCERPT_BYTES: usize = 200;
/// Marked words in one excerpt.
const MARKED_MAX: usize = 12;
/// Letters a word shares with what it is kept under, whatever its ending.
const SHARED_LETTERS: usize = 2;

/// Some words in a row, marked or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// As they were written.
    pub text: String,
    /// They were looked for.
    pub marked: bool,
}

/// The words of an excerpt without their marks.
pub fn plain(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// Whether what was looked for stands in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holds {
    /// Some of it, or nothing was looked for.
    Some,
    /// Nothing of it.
    Nothing,
}

/// Finds words in texts.
pub(super) struct Marker<'a> {
    marks: &'a HashSet<String>,
    endings: &'a Endings,
    /// How what is looked for begins: what begins otherwise need not be looked at.
    beginnings: Vec<String>,
}

impl<'a> Marker<'a> {
    pub(super) fn new(marks: &'a HashSet<String>, endings: &'a Endings) -> Marker<'a> {
        let written = |mark: &String| beginnings_of(mark).iter().map(|word| beginning(word));
        let mut beginnings: Vec<String> =
            marks.iter().flat_map(|mark| written(mark).chain([beginning(mark)])).collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        Marker { marks, endings, beginnings }
    }

    /// The best piece of a text as the index keeps it, and whether anything that was looked for
    /// stands in it.
    pub(super) fn excerpt(&self, kept: &str) -> (Vec<Piece>, Holds) {
        let (tongue, text) = unmarked(kept);
        let found = self.found(text, tongue);
        let holds = if found.is_empty() && !self.marks.is_empty() { Holds::Nothing } else { Holds::Some };
        let (start, end) = window(text, &found);
        let mut pieces = self.pieces(text, &found, start, end);
        let dots = |pieces: &mut Vec<Piece>, at: usize| {
            pieces.insert(at, Piece { text: "…".to_owned(), marked: false });
        };
        if start > 0 {
            dots(&mut pieces, 0);
        }
        if end < text.len() {
            let last = pieces.len();
            dots(&mut pieces, last);
        }
        (pieces, holds)
    }

    /// Whether anything that was looked for stands in a text as the index keeps it.
    pub(super) fn marks_in(&self, kept: &str) -> bool {
        let (tongue, text) = unmarked(kept);
        self.marks.is_empty() || !self.found(text, tongue).is_empty()
    }

    /// A whole line (a subject), with its words marked.
    pub(super) fn line(&self, line: &str, tongue: Tongue) -> Vec<Piece> {
        let found = self.found(line, tongue);
        self.pieces(line, &found, 0, line.len())
    }

    /// Most words begin otherwise than anything that was looked for: that is seen at once.
    fn may_be_marked(&self, word: &str) -> bool {
        let bytes = word.as_bytes();
        let first = &bytes[..bytes.len().min(SHARED_LETTERS)];
        if first.is_ascii() && (first.len() == SHARED_LETTERS || word.is_ascii()) {
            return self.beginnings.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(first));
        }
        let folded = beginning(&fold(word));
        self.beginnings.contains(&folded)
    }

    /// The words that were looked for, and which of them each is.
    fn found<'t>(&self, text: &'t str, tongue: Tongue) -> Vec<(Word<'t>, usize, String)> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let words = words(text);
        let mut found = Vec::new();
        for (n, word) in words.iter().enumerate() {
            if word.joined == 0 && !self.may_be_marked(word.text) {
                continue;
            }
            let mut forms = self.endings.forms(word.text, tongue).into_iter();
            if let Some(form) = forms.find(|form| self.marks.contains(form)) {
                found.push((*word, word.end(), form));
            } else if word.joined > 0 {
                let parts = &words[n..=n + word.joined];
                let whole = self.endings.joined(parts, tongue).filter(|form| self.marks.contains(form));
                let end = parts.last().map_or(word.end(), Word::end);
                found.extend(whole.map(|form| (*word, end, form)));
            }
        }
        found
    }

    fn pieces(
        &self,
        text: &str,
        found: &[(Word<'_>, usize, String)],
        start: usize,
        end: usize,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = start;
        let within = found.iter().filter(|(word, word_end, _)| word.at >= start && *word_end <= end);
        for (word, word_end, _) in within.take(MARKED_MAX) {
            if word.at < at {
                continue;
            }
            pieces.push(Piece { text: text[at..word.at].to_owned(), marked: false });
            pieces.push(Piece { text: text[word.at..*word_end].to_owned(), marked: true });
            at = *word_end;
        }
        pieces.push(Piece { text: text[at..end].to_owned(), marked: false });
        pieces.retain(|piece| !piece.text.is_empty());
        pieces
    }
}

/// Irregular plurals (`yeux`, `oeil`) are not marked; everything else begins alike.
fn beginning(form: &str) -> String {
    form.chars().take(SHARED_LETTERS).collect()
}

/// Where the most of what was looked for stands close together.
fn window(text: &str, found: &[(Word<'_>, usize, String)]) -> (usize, usize) {
    let mut best: Option<(usize, usize)> = None;
    for (n, (first, _, _)) in found.iter().enumerate() {
        let near = found[n..].iter().take_while(|(word, ..)| word.at < first.at + EXCERPT_BYTES);
        let different: HashSet<&str> = near.map(|(.., form)| form.as_str()).collect();
        if best.is_none_or(|(most, _)| different.len() > most) {
            best = Some((different.len(), first.at));
        }
    }
    let centre = best.map_or(0, |(_, at)| at);
    let before = EXCERPT_BYTES / 4;
    let start = if centre <= before { 0 } else { next_word(text, centre - before) };
    let end = word_end(text, start + EXCERPT_BYTES);
    (start.min(end), end)
}

/// The start of the first word at or after a byte.
fn next_word(text: &str, at: usize) -> usize {
    let at = boundary(text, at);
    text[at..].find(' ').map_or(at, |space| at + space + 1)
}

/// The end of the last word before a byte.
fn word_end(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let at = boundary(text, at);
    text[..at].rfind(' ').filter(|space| *space > at / 2).unwrap_or(at)
}

fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tokens::marked;
    use super::*;

    fn excerpt(text: &str, asked: &str) -> String {
        let endings = Endings::new();
        let marks: HashSet<String> = words(asked)
            .iter()
            .flat_map(|word| endings.forms(word.text, Tongue::French).into_iter())
            .collect();
        let marker = Marker::new(&marks, &endings);
        let (pieces, _) = marker.excerpt(&marked(text, Tongue::French));
        pieces.iter().map(|p| if p.marked { format!("[{}]", p.text) } else { p.text.clone() }).collect()
    }

    #[test]
    fn the_words_looked_for_are_marked_as_they_were_written() {
        assert_eq!(excerpt("L’École fête ses écoles.", "ecole"), "L’[École] fête ses [écoles].");
        assert_eq!(excerpt("Rien de tel.", "école"), "Rien de tel.");
        assert_eq!(excerpt("", "école"), "");
        assert_eq!(excerpt("<b>école</b>", "école"), "<b>[école]</b>");
    }

    #[test]
    fn the_best_place_of_a_long_text() {
        let text = format!(
            "{}Le compost du jardin est plein. {}",
            "Un mot de rien. ".repeat(60),
            "Fin. ".repeat(99)
        );
        let found = excerpt(&text, "jardin compost");
        assert!(found.contains("[compost] du [jardin]"), "{found}");
        assert!(found.starts_with('…') && found.ends_with('…') && found.len() < 2 * EXCERPT_BYTES, "{found}");
    }

    proptest! {
        #[test]
        fn any_text_has_an_excerpt(text in "\\PC{0,400}", asked in "\\PC{0,20}") {
            excerpt(&text, &asked);
        }
    }
}
