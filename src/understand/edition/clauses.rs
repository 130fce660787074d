//! A line cut where another command may begin, without what says nothing.

use super::verbs::{Verbs, begins_with, first_word, position, words};

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
            if let Some(quoted) = quoted(rest) {
                at += quoted;
                continue;
            }
            if first == ' ' && self.begins_anew(&line[from..at], rest) {
                clauses.push(line[from..at].trim());
                (from, at) = (at + 1, at + 1);
                continue;
            }
            let ends = match first {
                ',' | ';' | '!' | '…' | '(' | ')' | '→' => Some(first.len_utf8()),
                '-' | '=' if rest[1..].starts_with('>') => Some(2),
                // Not in the middle of « 2.5 », nor of « no. 5 ».
                '.' if ends_a_sentence(&line[from..at], rest) => Some(1),
                _ => JOINTS
                    .iter()
                    .find(|joint| starts_ignoring_case(rest, joint))
                    .filter(|joint| !self.waits(&line[from..at], &rest[joint.len()..]))
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
        // « j’aimerais que le yoga …, et que la fête … »: not the party alone.
        let wishes =
            clauses.first().is_some_and(|first| words(first).iter().skip(1).any(|word| word == "que"));
        for clause in clauses.iter_mut().skip(1).filter(|_| wishes) {
            if let ("que", rest) = first_word(clause) {
                *clause = rest.trim_start();
            }
        }
        clauses
    }

    /// « retire le 3 parce qu’il est vieux », « envoie sans le 3 ».
    fn begins_anew(&self, clause: &str, rest: &str) -> bool {
        let why = WHY.iter().any(|why| starts_ignoring_case(rest, why));
        let without = WITHOUT.iter().any(|without| starts_ignoring_case(rest, without));
        why || without && self.is_send(&self.bare(clause))
    }

    /// « mets la fête » goes on: « et le concert en premier »; so do « garde la fête », where « et les
    /// confitures pour la semaine prochaine » follows, and « inverse 2 ».
    fn waits(&self, clause: &str, rest: &str) -> bool {
        let said = words(clause);
        // “all but the cat”.
        if said.last().is_some_and(|word| self.all.contains(word) || word == "nothing") {
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
        !placed && (has(&self.put) || has(&self.keep) && self.puts_off(rest))
    }
}

impl Verbs {
    /// « les confitures pour la semaine prochaine », with no other verb in it.
    fn puts_off(&self, rest: &str) -> bool {
        let next = words(rest.split([',', '.', ';']).next().unwrap_or_default());
        let has = |phrases: &[String]| phrases.iter().any(|phrase| position(&next, phrase).is_some());
        let until = next.iter().position(|word| self.until.contains(word));
        let later = self.later.iter().filter_map(|phrase| position(&next, phrase)).min();
        let commands = [&self.put, &self.drop, &self.keep, &self.restore].into_iter().any(|verb| has(verb));
        !commands && until.zip(later).is_some_and(|(until, later)| until <= later)
    }
}

/// A sentence of a line.
pub(super) struct Sentence<'a> {
    pub(super) text: &'a str,
    /// It ends in a question mark.
    pub(super) asks: bool,
}

/// The sentences of a line; what stands between quotation marks is in one of them.
pub(super) fn sentences(line: &str) -> Vec<Sentence<'_>> {
    let mut found = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < line.len() {
        let rest = &line[at..];
        let first = rest.chars().next().unwrap_or(' ');
        if let Some(quoted) = quoted(rest) {
            at += quoted;
            continue;
        }
        let behind = rest[first.len_utf8()..].chars().next();
        let ends = match first {
            '.' => ends_a_sentence(&line[from..at], rest),
            '!' | '?' | ';' => behind.is_none_or(|c| !c.is_alphanumeric()),
            _ => false,
        };
        at += first.len_utf8();
        if ends {
            found.push(Sentence { text: line[from..at].trim(), asks: first == '?' });
            from = at;
        }
    }
    found.push(Sentence { text: line[from..].trim(), asks: false });
    found.retain(|sentence| !words(sentence.text).is_empty());
    found
}

/// How long what a text begins with is, if that is between quotation marks.
fn quoted(text: &str) -> Option<usize> {
    let open = text.chars().next()?;
    let close = match open {
        '«' => '»',
        '“' => '”',
        '"' => '"',
        _ => return None,
    };
    let inside = &text[open.len_utf8()..];
    let end = inside.find(close)?;
    (inside[..end].chars().count() <= QUOTED_CHARS_MAX).then_some(open.len_utf8() + end + close.len_utf8())
}

/// What a title in quotation marks is at most, characters.
const QUOTED_CHARS_MAX: usize = 200;

impl Verbs {
    /// « Envoie si Nadia est d’accord »: only under a condition, of which we know nothing.
    pub(super) fn is_conditional(&self, sentence: &str) -> bool {
        let said = self.bare(sentence);
        self.conditions.iter().any(|phrase| position(&said, phrase).is_some())
    }

    /// « Peux-tu retirer le 3 ? » asks for it; « On garde le 3 ? » asks whether.
    pub(super) fn asks_for_it(&self, question: &str) -> bool {
        let mut said = words(question);
        while let Some(len) =
            self.polite.iter().filter(|p| begins_with(&said, p)).map(|p| p.split(' ').count()).max()
        {
            said.drain(..len);
        }
        self.requests.iter().any(|phrase| begins_with(&said, phrase))
    }

    /// « Pourquoi avoir ôté le 3 ? ».
    pub(super) fn asks_why(&self, question: &str) -> bool {
        let said = words(question);
        ["pourquoi", "why", "how come"].iter().any(|why| begins_with(&said, why))
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
