//! A line cut where another command may begin, without what says nothing.

use super::verbs::{Verbs, position, words};

/// What separates clauses, beside commas and full stops.
const JOINTS: [&str; 8] = [" et ", " puis ", " and ", " then ", " mais ", " but ", " so ", " donc "];

/// Before these begins why.
const WHY: [&str; 11] = [
    " parce ",
    " puisqu",
    " vu qu",
    " car c",
    " car il",
    " car elle",
    " car on",
    " car je",
    " because ",
    " since it",
    " as it",
];
/// Before these begins what is left out of what is sent.
const WITHOUT: [&str; 4] = [" sans ", " sauf ", " without ", " except "];

impl Verbs {
    /// A line cut where another command may begin; what stands in parentheses says why, and is left out.
    pub(super) fn clauses<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let mut clauses: Vec<&str> = Vec::new();
        let (mut from, mut at) = (0, 0);
        while at < line.len() {
            let rest = &line[at..];
            let first = rest.chars().next().unwrap_or(' ');
            if first == ' ' && self.begins_anew(&line[from..at], rest) {
                clauses.push(line[from..at].trim());
                (from, at) = (at + 1, at + 1);
                continue;
            }
            let ends = match first {
                ',' | ';' | '!' | '…' | '(' | ')' => Some(first.len_utf8()),
                // Not in the middle of « 2.5 », nor of « no. 5 ».
                '.' if ends_a_sentence(&line[from..at], rest) => Some(1),
                _ => JOINTS
                    .iter()
                    .find(|joint| starts_ignoring_case(rest, joint))
                    .filter(|_| !self.waits(&line[from..at]))
                    .map(|joint| joint.len()),
            };
            let Some(len) = ends else {
                at += first.len_utf8();
                continue;
            };
            clauses.push(line[from..at].trim());
            at += len;
            if first == '(' {
                at += aside(&line[at..]);
            }
            from = at;
        }
        clauses.push(line[from..].trim());
        clauses.retain(|clause| !words(clause).is_empty());
        clauses
    }

    /// « retire le 3 parce qu’il est vieux », « envoie sans le 3 ».
    fn begins_anew(&self, clause: &str, rest: &str) -> bool {
        let why = WHY.iter().any(|why| starts_ignoring_case(rest, why));
        let without = WITHOUT.iter().any(|without| starts_ignoring_case(rest, without));
        why || without && self.is_send(&self.bare(clause))
    }

    /// « mets la fête » goes on: « et le concert en premier »; so does « inverse 2 ».
    fn waits(&self, clause: &str) -> bool {
        let said = words(clause);
        // “all but the cat”.
        if said.last().is_some_and(|word| self.all.contains(word)) {
            return true;
        }
        let has = |phrases: &[String]| phrases.iter().any(|phrase| position(&said, phrase).is_some());
        if has(&self.swap) {
            return !said.iter().any(|word| matches!(word.as_str(), "et" | "and"));
        }
        let placed = has(&self.begin)
            || has(&self.first)
            || has(&self.last)
            || has(&self.later)
            || has(&self.before)
            || has(&self.after);
        has(&self.put) && !placed
    }
}

/// How much of a text stands before the end of what is in parentheses; nothing where a number does,
/// which may be what is meant.
fn aside(text: &str) -> usize {
    match text.find(')') {
        Some(end) if !text[..end].contains(|c: char| c.is_ascii_digit()) => end + 1,
        Some(_) | None => 0,
    }
}

fn ends_a_sentence(before: &str, rest: &str) -> bool {
    let behind = &rest[1..];
    let number = behind.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let short = words(before).last().is_some_and(|word| matches!(word.as_str(), "no" | "nr" | "num"));
    (behind.is_empty() || behind.starts_with([' ', '.'])) && !(number && short)
}

fn starts_ignoring_case(text: &str, ascii: &str) -> bool {
    text.get(..ascii.len()).is_some_and(|start| start.eq_ignore_ascii_case(ascii))
}
