//! What an animator wants of a draft edition, in their own words: commands in any mixture, items by
//! number or by what they are about.
//!
//! Line by line, clause by clause. What is not understood is given back as it was written, and
//! nothing is done about it; a negation never does the opposite of what was meant.

mod items;
mod verbs;

pub use items::DraftItem;

use self::items::{Found, find};
use self::verbs::{Clause, Verb, Verbs};
use crate::domain::edition::EditionWish;

/// What was heard of one answer to a draft.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DraftAnswer {
    /// In the order it was written.
    pub wishes: Vec<EditionWish>,
    /// What was not understood, as it was written.
    pub unclear: Vec<String>,
}

/// Wishes of one answer that are obeyed, and lines of it that are read.
const LINES_MAX: usize = 400;
/// Titles and notes are cut, characters.
const WORDS_CHARS_MAX: usize = 500;
/// An introduction is cut, characters.
const INTRO_CHARS_MAX: usize = 10_000;

/// Reads an animator's own words, without quote, signature and telephone footer.
pub fn draft_answer(text: &str, items: &[DraftItem<'_>]) -> DraftAnswer {
    let verbs = Verbs::of_both_languages();
    let mut answer = DraftAnswer::default();
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let line = line.trim();
        if line.is_empty() || verbs.is_polite(line) {
            continue;
        }
        if let Some(first) = verbs.intro(line) {
            let below = lines[at..].iter().take_while(|line| !is_wholly_command(line, items, &verbs)).count();
            let words = std::iter::once(first).chain(lines[at..at + below].iter().copied());
            let words = words.collect::<Vec<_>>().join("\n");
            answer.wishes.push(EditionWish::Intro(cut(words.trim(), INTRO_CHARS_MAX)));
            at += below;
            continue;
        }
        read_line(line, items, &verbs, &mut answer);
    }
    answer
}

/// Whether nothing but commands stands on a line.
fn is_wholly_command(line: &str, items: &[DraftItem<'_>], verbs: &Verbs) -> bool {
    let mut alone = DraftAnswer::default();
    let starts_like_one = verbs.begins(line);
    if !starts_like_one || line.trim().is_empty() {
        return false;
    }
    read_line(line.trim(), items, verbs, &mut alone);
    alone.unclear.is_empty() && !alone.wishes.is_empty()
}

fn read_line(line: &str, items: &[DraftItem<'_>], verbs: &Verbs, answer: &mut DraftAnswer) {
    if let Some(wish) = verbs.titled(line) {
        let wish = match wish {
            (Verb::Note, Some(number), words) if is_there(items, number) => {
                Some(EditionWish::Note(number, cut(words, WORDS_CHARS_MAX)))
            }
            (Verb::Title, Some(number), words) if is_there(items, number) && !words.is_empty() => {
                Some(EditionWish::Title(Some(number), cut(words, WORDS_CHARS_MAX)))
            }
            (Verb::Title, None, words) if !words.is_empty() => {
                Some(EditionWish::Title(None, cut(words, WORDS_CHARS_MAX)))
            }
            _ => None,
        };
        match wish {
            Some(wish) => answer.wishes.push(wish),
            None => answer.unclear.push(line.to_owned()),
        }
        return;
    }
    let mut before: Option<Verb> = None;
    // « 2 et 5 à retirer »: numbers may come first.
    let mut numbers: Vec<&str> = Vec::new();
    for clause in verbs.clauses(line) {
        if verbs.is_polite(clause) {
            continue;
        }
        match verbs.read(clause) {
            Clause::Is(Verb::Send, _) => answer.wishes.push(EditionWish::Send),
            Clause::Is(verb, what) => {
                before = Some(verb);
                for earlier in std::mem::take(&mut numbers) {
                    act(verb, earlier, earlier, (items, verbs), answer);
                }
                act(verb, &what, clause, (items, verbs), answer);
            }
            // « retirer 2, 5 et 7 »: the verb goes on.
            Clause::Bare(what) => match before {
                Some(verb) => act(verb, &what, clause, (items, verbs), answer),
                None if is_numbers(&what) => numbers.push(clause),
                None if looks_like_a_sign_off(clause) => {}
                None => answer.unclear.push(clause.to_owned()),
            },
            Clause::NotThese(Verb::Drop, what) => act(Verb::Restore, &what, clause, (items, verbs), answer),
            Clause::Not(_) | Clause::NotThese(..) => answer.unclear.push(clause.to_owned()),
        }
    }
    answer.unclear.extend(numbers.into_iter().map(str::to_owned));
}

fn is_numbers(what: &str) -> bool {
    !what.is_empty() && what.split(' ').all(|word| word.parse::<u32>().is_ok())
}

/// A name below the commands: few words, no number.
fn looks_like_a_sign_off(clause: &str) -> bool {
    clause.split_whitespace().count() <= 3
        && !clause.chars().any(|c| c.is_ascii_digit())
        && clause.chars().next().is_some_and(char::is_uppercase)
}

fn act(
    verb: Verb,
    what: &str,
    clause: &str,
    (items, verbs): (&[DraftItem<'_>], &Verbs),
    answer: &mut DraftAnswer,
) {
    let numbers = match find(what, items, verbs) {
        Found::These(numbers) => numbers,
        Found::Nothing => {
            answer.unclear.push(clause.to_owned());
            return;
        }
    };
    let wish = match verb {
        Verb::Drop => EditionWish::Drop(numbers),
        Verb::Keep => EditionWish::Keep(numbers),
        // Said of what stands in it already, it changes nothing.
        Verb::Restore => {
            let out = |n: &u32| items.iter().any(|item| item.number == *n && !item.is_in);
            let numbers: Vec<u32> = numbers.into_iter().filter(out).collect();
            if numbers.is_empty() {
                return;
            }
            EditionWish::Keep(numbers)
        }
        Verb::KeepOnly => EditionWish::KeepOnly(numbers),
        Verb::First => EditionWish::First(numbers),
        Verb::Last => EditionWish::Last(numbers),
        Verb::Later => EditionWish::Later(numbers),
        Verb::Unfold => EditionWish::Unfold(numbers),
        Verb::Fold => EditionWish::Fold(numbers),
        Verb::Send | Verb::Title | Verb::Note => {
            answer.unclear.push(clause.to_owned());
            return;
        }
    };
    // « 3 en premier, puis 1 »: one after the other, not each before all.
    match (answer.wishes.last_mut(), wish) {
        (Some(EditionWish::First(known)), EditionWish::First(more))
        | (Some(EditionWish::Last(known)), EditionWish::Last(more))
        | (Some(EditionWish::Keep(known)), EditionWish::Keep(more))
        | (Some(EditionWish::KeepOnly(known)), EditionWish::KeepOnly(more)) => {
            more.into_iter().for_each(|n| {
                if !known.contains(&n) {
                    known.push(n);
                }
            });
        }
        (_, wish) => answer.wishes.push(wish),
    }
}

fn is_there(items: &[DraftItem<'_>], number: u32) -> bool {
    items.iter().any(|item| item.number == number)
}

fn cut(words: &str, chars_max: usize) -> String {
    words
        .chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .take(chars_max)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests;
