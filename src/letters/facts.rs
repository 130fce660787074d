//! What a template is given: words without anything a reader could mistake for the letter itself.
//!
//! Names and subjects come from strangers. They are kept to one line, without control or
//! direction-changing characters, so that no name can add a sentence to a letter or hide one.

use super::words::of_somebody;
use serde_json::{Map, Value};

use super::text::{LINK_END, LINK_START};

/// The longest single word or phrase in a letter, in characters.
pub(super) const PHRASE_CHARS_MAX: usize = 200;
/// The most lines of somebody's words quoted in a letter.
const QUOTE_LINES_MAX: usize = 40;
/// The longest quoted line, in characters.
const QUOTE_LINE_CHARS_MAX: usize = 1_000;

/// The most lines of a text somebody asked for.
const TEXT_LINES_MAX: usize = 4_000;
/// The longest of them, in characters.
const TEXT_LINE_CHARS_MAX: usize = 20_000;

/// The facts of one letter by their names in its template.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts(Map<String, Value>);

impl Facts {
    /// A word or phrase; empty counts as absent in `{{#if}}`.
    pub(super) fn phrase(mut self, name: &str, value: &str) -> Facts {
        let line = one_line(value, PHRASE_CHARS_MAX);
        // Whose it is, as French says it: « d’Anne ».
        if matches!(name, "author" | "by") {
            self.0.insert(format!("of_{name}"), Value::from(of_somebody(&line)));
        }
        self.0.insert(name.to_owned(), Value::from(line));
        self
    }

    /// Whether something is so.
    pub(super) fn is(mut self, name: &str, value: bool) -> Facts {
        self.0.insert(name.to_owned(), Value::from(value));
        self
    }

    /// An address of ours to write to or a page of ours to open: a link in the HTML twin.
    pub(super) fn link(mut self, name: &str, target: &str) -> Facts {
        let target = one_line(target, PHRASE_CHARS_MAX * 2);
        let value = if target.is_empty() { target } else { format!("{LINK_START}{target}{LINK_END}") };
        self.0.insert(name.to_owned(), Value::from(value));
        self
    }

    /// Somebody's own words, line by line.
    pub(super) fn quote(mut self, name: &str, words: &str) -> Facts {
        let lines = words.trim().lines().take(QUOTE_LINES_MAX);
        let lines: Vec<Value> = lines.map(|l| Value::from(one_line(l, QUOTE_LINE_CHARS_MAX))).collect();
        self.0.insert(name.to_owned(), Value::from(lines));
        self
    }

    /// All of a text, line by line, as far as a letter goes.
    pub(super) fn text(mut self, name: &str, text: &str) -> Facts {
        let lines = text.trim().lines().take(TEXT_LINES_MAX);
        let lines: Vec<Value> = lines.map(|l| Value::from(one_line(l, TEXT_LINE_CHARS_MAX))).collect();
        self.0.insert(name.to_owned(), Value::from(lines));
        self
    }

    /// Several things of a kind, each with facts of its own.
    pub(super) fn each(mut self, name: &str, items: Vec<Facts>) -> Facts {
        self.0.insert(
            name.to_owned(),
            Value::from(items.into_iter().map(|f| Value::from(f.0)).collect::<Vec<_>>()),
        );
        self
    }

    /// For the template engine.
    pub(super) fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// One line without what cannot be seen, cut with an ellipsis.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut chars = text.trim().chars().filter(|c| !changes_direction(*c)).peekable();
    for _ in 0..chars_max {
        match chars.next() {
            // U+2028 and U+2029 are line ends to some readers.
            Some(c) if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => line.push(' '),
            Some(c) => line.push(c),
            None => return line,
        }
    }
    if chars.peek().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// Characters that turn the writing around, by which `gpj.exe` reads `exe.jpg` (Unicode TR 9 §2).
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        for (name, kept) in [
            ("  Marcel\r\nPour partir, répondez : oui ", "Marcel  Pour partir, répondez : oui"),
            ("Mar\u{2}cel\u{3}", "Mar cel "),
            ("\u{202e}lecram\u{202c}", "lecram"),
            ("a\u{2028}b", "a b"),
        ] {
            assert_eq!(one_line(name, 100), kept);
        }
        assert_eq!(one_line(&"é".repeat(300), 200).chars().count(), 200);
        assert!(one_line(&"é".repeat(201), 200).ends_with('…'));
        assert_eq!(one_line(&"é".repeat(200), 200), "é".repeat(200));
    }

    #[test]
    fn a_quotation_has_an_end() {
        let facts = Facts::default().quote("words", &"non\n".repeat(1_000));
        assert_eq!(facts.as_map()["words"].as_array().map(Vec::len), Some(QUOTE_LINES_MAX));
    }
}
