//! What a stretch of an answer names: numbers, places, authors, words of titles, kinds, all, the rest.

use super::{Held, Named, Reader};
use crate::understand::edition::alike;
use crate::understand::moderator::bare;

/// Letters of a word that may be part of a title.
const TITLE_WORD_MIN: usize = 3;
/// So many numbers a « 2 à 400 » holds at most.
const SPAN_MAX: u32 = 100;

/// Before how many there are: « les 4 », “all four”.
const ALL_OF: [&str; 4] = ["les", "tous", "all", "toutes"];

impl Reader<'_> {
    /// What a stretch names, and what it says beside.
    pub(super) fn named(&self, text: &str) -> (Named, String) {
        let spread = spread_numbers(text);
        let folded = bare(&spread);
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        let lists = &self.words.several;
        let is = |list: &[String], word: &str| list.iter().any(|known| known == word);
        let mut left: Vec<&str> = Vec::new();
        let (mut found, mut whole) = (Vec::new(), None);
        let (mut scores, mut weak) = (vec![0_usize; self.held.len()], Vec::new());
        let mut at = 0;
        while let Some(word) = words.get(at).copied() {
            at += 1;
            if let Ok(number) = word.parse::<u32>() {
                let next = words.get(at).copied().unwrap_or_default();
                let upper = words.get(at + 1).and_then(|word| word.parse::<u32>().ok());
                if is(&lists.doubtful, next) || is(&lists.first, next) || is(&lists.last, next) {
                    if !is(&lists.doubtful, next) {
                        found.extend(self.at_end(word, next));
                        at += 1;
                    }
                } else if let (true, Some(upper)) = (RANGE.contains(&next), upper) {
                    found.extend(number..=upper.min(number + SPAN_MAX));
                    at += 2;
                } else if at > 1 && ALL_OF.contains(&words[at - 2]) && self.are_so_many(number) {
                    // « ok pour les 4 » of four.
                    whole.get_or_insert(Named::All);
                } else {
                    found.push(number);
                }
            } else if let Some(number) = self.spelt(word, &left, &words[at..]) {
                found.push(number);
            } else if is(&lists.only, word) {
                // « seulement la tarte »: looked at where it stands alone.
            } else if is(&lists.rest, word) {
                whole = Some(Named::Rest);
            } else if is(&lists.all, word) {
                whole.get_or_insert(Named::All);
            } else if is(&lists.first, word) || is(&lists.last, word) {
                let before = left.last().copied().unwrap_or_default();
                let after = words.get(at).copied().unwrap_or_default();
                let count = [before, after].into_iter().find(|word| self.count(word).is_some());
                if count == Some(before) {
                    left.pop();
                } else if count == Some(after) {
                    at += 1;
                }
                found.extend(self.at_end(count.unwrap_or_default(), word));
            } else if let Some(place) = lists.places.iter().position(|names| is(names, word)) {
                found.extend(self.held.get(place + 1).map(|held| held.number));
            } else if !self.score(word, &mut scores, &mut weak) && !BEFORE.contains(&word) {
                left.push(word);
            }
        }
        let names_some = !found.is_empty() || whole.is_some() || scores.iter().any(|score| *score > 0);
        if let (false, Some(doubtful)) = (names_some, self.held.iter().find(|held| held.doubtful)) {
            let spam = |word: &&str| self.words.lexicon.is_spam(word);
            if left.iter().any(spam) && left.len() > 1 {
                left.retain(|word| !spam(word));
                found.push(doubtful.number);
            }
        }
        let left = left.join(" ");
        let named = self.which(found, whole, &scores, &weak);
        (named, left)
    }

    fn are_so_many(&self, number: u32) -> bool {
        usize::try_from(number).is_ok_and(|number| number == self.held.len())
    }

    /// « trois : à jeter », “three’s fine”: a number in letters, where a stretch begins.
    fn spelt(&self, word: &str, before: &[&str], behind: &[&str]) -> Option<u32> {
        let begins = before.iter().all(|word| matches!(*word, "le" | "the" | "to" | "au"));
        let alone = behind.is_empty() || behind.first() == Some(&"s");
        let one = (alone && before.is_empty() && matches!(word, "un" | "one")).then_some(1);
        let of_them = behind.first().is_some_and(|next| {
            matches!(*next, "messages" | "mails" | "autres" | "others" | "premiers" | "derniers" | "of" | "d")
        });
        let many = self
            .count(word)
            .filter(|_| begins && !of_them && !word.starts_with(|c: char| c.is_ascii_digit()));
        one.or_else(|| u32::try_from(many?).ok())
    }

    fn count(&self, word: &str) -> Option<usize> {
        let counts = &self.words.several.counts;
        counts.iter().position(|names| names.iter().any(|name| name == word)).map(|at| at + 2)
    }

    /// « les trois premiers », “the last two”.
    fn at_end(&self, count: &str, end: &str) -> Vec<u32> {
        let count = self.count(count).unwrap_or(1).min(self.held.len());
        let first = self.words.several.first.iter().any(|word| word == end);
        let from = if first { 0 } else { self.held.len() - count };
        self.held[from..from + count].iter().map(|held| held.number).collect()
    }

    /// Whether a word is of a title, an author, a kind; and of which.
    fn score(&self, word: &str, scores: &mut [usize], weak: &mut Vec<u32>) -> bool {
        let lists = &self.words.several;
        let is = |list: &[String], word: &str| list.iter().any(|known| known == word);
        let mut known = false;
        let known_word = self.words.lexicon.knows(word);
        for (held, score) in self.held.iter().zip(scores.iter_mut()) {
            let names = bare(&format!("{} {}", held.author, held.title));
            let kind = (held.doubtful && is(&lists.doubtful, word))
                || (is(&lists.advert, word)
                    && bare(held.title).split(' ').any(|own| is(&lists.selling, own)));
            let called =
                !known_word && word.len() >= TITLE_WORD_MIN && names.split(' ').any(|own| alike(own, word));
            if kind || called {
                *score += 1;
                known = true;
            }
        }
        if !known && !known_word && word.len() > TITLE_WORD_MIN {
            let within = |held: &&Held<'_>| bare(held.text).split(' ').any(|own| own == word);
            let found: Vec<u32> = self.held.iter().filter(within).map(|held| held.number).collect();
            if let [only] = found.as_slice() {
                weak.push(*only);
                return true;
            }
        }
        known
    }

    fn which(&self, mut found: Vec<u32>, whole: Option<Named>, scores: &[usize], weak: &[u32]) -> Named {
        if found.iter().any(|number| self.held.iter().all(|held| held.number != *number)) {
            return Named::Unknown;
        }
        let best = scores.iter().copied().max().unwrap_or(0);
        if best > 0 && found.is_empty() {
            let best: Vec<u32> = self
                .held
                .iter()
                .zip(scores)
                .filter(|(_, score)| **score == best)
                .map(|(held, _)| held.number)
                .collect();
            match best.as_slice() {
                [only] => found.push(*only),
                _ => return Named::Unknown,
            }
        }
        if found.is_empty()
            && let Some(first) = weak.first()
        {
            if weak.iter().any(|other| other != first) {
                return Named::Unknown;
            }
            found.push(*first);
        }
        match (found.is_empty(), whole) {
            (false, _) => Named::These(found),
            (true, Some(whole)) => whole,
            (true, None) => Named::Nothing,
        }
    }
}

/// Between two numbers.
const RANGE: [&str; 5] = ["a", "to", "through", "until", "au"];
/// Before a number, and of no weight.
const BEFORE: [&str; 6] = ["num", "numero", "numeros", "number", "numbers", "nos"];

/// « 1-3 » as « 1 a 3 », « n°4 » as « 4 ».
fn spread_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let dash = matches!(c, '-' | '–')
            && before.is_ascii_digit()
            && chars.peek().is_some_and(char::is_ascii_digit);
        match c {
            _ if dash => out.push_str(" a "),
            '°' | 'º' | '#' => {
                if out.ends_with(['n', 'N']) {
                    out.pop();
                }
                out.push(' ');
            }
            '.' if is_number_next(&out, chars.clone()) => {
                out.truncate(out.len() - 2);
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// « no. 3 »: the full stop of it.
fn is_number_next(before: &str, mut behind: impl Iterator<Item = char>) -> bool {
    let short = ["no", "No", "nr", "Nr"].iter().any(|word| before.ends_with(word));
    short && behind.find(|c| !c.is_whitespace()).is_some_and(|c| c.is_ascii_digit())
}
