//! An answer cut into stretches: at marks, at ends of lines, at words that link or except.

use crate::understand::moderator::{Words, bare};

/// A stretch between two marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'t> {
    pub(super) text: &'t str,
    /// Where it stands.
    pub(super) at: usize,
    /// What links it to the one before.
    pub(super) link: Link,
    /// A line, or a sentence, ends here.
    pub(super) ends: bool,
    pub(super) line: usize,
}

/// What stands between a stretch and the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Link {
    /// A mark, the end of a line, « mais ».
    Mark,
    /// « et », “&”: an enumeration goes on, or ends here.
    And,
    /// « sauf ».
    Except,
}

/// The text cut at marks and at words that link or except.
pub(super) fn stretches<'t>(words: &Words, text: &'t str) -> Vec<Stretch<'t>> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut link = Link::Mark;
    for (line, raw) in text.split_inclusive('\n').enumerate() {
        let base = from;
        from += raw.len();
        let mut start = base;
        let mut at = base;
        for piece in raw.split_inclusive([' ', '\n', '\u{a0}', '\u{202f}']) {
            let word = bare(piece);
            let links = matches!(
                word.as_str(),
                "et" | "and" | "mais" | "but" | "puis" | "then" | "donc" | "so" | "car" | "because" | "while"
            );
            let excepts = words.several.except.contains(&word)
                || (word == "part" && text[start..at].trim_end().ends_with(['à', 'a', 'À']));
            if links || excepts {
                push(&mut found, text, (start, at), (link, false, line));
                start = at + piece.len();
                // « all but the cat »
                let excepts = excepts && (word != "but" || ends_in_all(found.last()));
                link = match word.as_str() {
                    _ if excepts => Link::Except,
                    "et" | "and" => Link::And,
                    _ => Link::Mark,
                };
            }
            at += piece.len();
            let trimmed = piece.trim_end();
            let stem = trimmed.trim_end_matches(['.', '!', ',', ';', ':', ')', '…']);
            let numbered = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit())
                || word == "no"
                || word == "n";
            let ends = trimmed.ends_with([';', '!', '…']) || (trimmed.ends_with('.') && !numbered);
            let cuts = trimmed.ends_with([',', ':', ')'])
                || trimmed.ends_with('(')
                || is_mark(trimmed)
                || (trimmed.ends_with('.') && !numbered);
            let opens = trimmed.starts_with('(') && trimmed.len() > 1;
            if opens {
                push(&mut found, text, (start, at - piece.len()), (link, false, line));
                start = at - piece.len();
                link = Link::Mark;
            }
            if ends || cuts {
                push(&mut found, text, (start, at), (link, ends, line));
                start = at;
                link = if matches!(trimmed, "+" | "&") { Link::And } else { Link::Mark };
            }
        }
        push(&mut found, text, (start, from), (link, true, line));
        link = Link::Mark;
        if let Some(last) = found.last_mut() {
            last.ends = true;
        }
    }
    found
}

fn is_mark(piece: &str) -> bool {
    !piece.is_empty()
        && piece.chars().all(|c| matches!(c, '-' | '–' | '—' | '=' | '/' | '>' | '→' | '(' | ')' | '+' | '&'))
}

fn ends_in_all(last: Option<&Stretch<'_>>) -> bool {
    last.is_some_and(|last| matches!(bare(last.text).rsplit(' ').next(), Some("all" | "everything")))
}

fn push<'t>(
    found: &mut Vec<Stretch<'t>>,
    text: &'t str,
    (start, end): (usize, usize),
    (link, ends, line): (Link, bool, usize),
) {
    let piece = text.get(start..end).unwrap_or_default();
    if piece.chars().any(char::is_alphanumeric) {
        found.push(Stretch { text: piece, at: start, link, ends, line });
    } else if ends && let Some(last) = found.last_mut() {
        last.ends = true;
    }
}
