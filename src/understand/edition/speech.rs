//! Words somebody wants to stand in the edition: between quotation marks or behind a colon, with what
//! says where.

use super::items::{DraftItem, Found, find};
use super::verbs::{Verb, Verbs, begins_with, first_word, position, words};
use crate::domain::edition::EditionWish;

/// A line that hands over words, cut.
pub(super) struct Speech<'a> {
    /// What says where to, with what may be asked before it.
    pub(super) head: &'a str,
    /// The words.
    pub(super) words: &'a str,
    /// What is asked behind them.
    pub(super) tail: &'a str,
}

/// Quotation marks, and how each ends.
const QUOTES: [(char, char); 6] = [('«', '»'), ('“', '”'), ('"', '"'), ('„', '“'), ('‘', '’'), ('\'', '\'')];

impl<'a> Speech<'a> {
    /// Words between quotation marks, else behind a colon.
    pub(super) fn of(line: &'a str) -> Option<Speech<'a>> {
        Speech::quoted(line).or_else(|| {
            let (head, words) = line.split_once(':')?;
            let (head, words) = (head.trim(), words.trim());
            (!words.is_empty()).then_some(Speech { head, words, tail: "" })
        })
    }

    fn quoted(line: &'a str) -> Option<Speech<'a>> {
        let (open, close, from) = line.char_indices().find_map(|(at, c)| {
            let (open, close) = QUOTES.iter().find(|(open, _)| *open == c)?;
            // An apostrophe stands between letters.
            let begins = line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            begins.then_some((*open, *close, at))
        })?;
        let inside = &line[from + open.len_utf8()..];
        let ends = |at: usize| {
            let behind = inside[at + close.len_utf8()..].chars().next();
            behind.is_none_or(|c| !c.is_alphanumeric())
        };
        let end =
            inside.char_indices().filter(|(_, c)| *c == close).map(|(at, _)| at).find(|at| ends(*at))?;
        let space = |c: char| c.is_whitespace();
        // « Titre : la fête “surprise” »: the marks are part of it.
        let behind_colon = line[..from].rsplit_once(':').map(|(_, behind)| behind.trim());
        if behind_colon.is_some_and(|behind| !behind.is_empty()) {
            return None;
        }
        let head = line[..from].trim_end_matches(|c: char| space(c) || c == ':');
        Some(Speech {
            head: head.trim(),
            words: inside[..end].trim_matches(space),
            tail: inside[end + close.len_utf8()..].trim_matches(|c: char| space(c) || matches!(c, '.' | ',')),
        })
    }
}

impl Verbs {
    /// What is wanted of words that are handed over, if `head` says it: « sous la chaudière, ajoute ».
    pub(super) fn spoken(
        &self,
        head: &str,
        speech: &Speech<'_>,
        items: &[DraftItem<'_>],
        below: &[u32],
    ) -> Option<EditionWish> {
        let mut said = self.bare(head);
        let mut takes = |phrases: &[String]| self.take(&mut said, phrases).is_some();
        let titled = takes(&self.naming) | takes(&self.title);
        let intro = !titled && takes(&self.intro);
        let noted = !titled && takes(&self.note) | takes(&self.word);
        let adds = takes(&self.adding);
        let above = !titled && takes(&self.begin) | takes(&self.first);
        let whole = self.take(&mut said, &self.whole).is_some();
        let what = said.join(" ");
        let one = match find(&what, items, self) {
            Found::These(numbers) if numbers.len() == 1 => numbers.first().copied(),
            Found::These(_) => return None,
            Found::Nothing => None,
        };
        let nothing_else = said.iter().all(|word| self.empty.contains(word));
        let number = one.or(match below {
            [number] if !titled && !intro && !above && nothing_else => Some(*number),
            _ => None,
        });
        let words = speech.words;
        match number {
            Some(number) if titled => {
                Some(EditionWish::Title(Some(number), super::cut(words, super::WORDS_CHARS_MAX)))
            }
            Some(number) if noted || adds => {
                Some(EditionWish::Note(number, super::cut(words, super::WORDS_CHARS_MAX)))
            }
            Some(_) => None,
            None if !nothing_else => None,
            None if titled => Some(EditionWish::Title(None, super::cut(words, super::WORDS_CHARS_MAX))),
            None if intro || above || (noted && whole) => {
                Some(EditionWish::Intro(super::cut(words, super::INTRO_CHARS_MAX)))
            }
            None => None,
        }
    }

    /// « titre 2 La fête », « note 3 à lire », « appelle-la La semaine », with neither marks nor colon.
    pub(super) fn titled<'a>(&self, line: &'a str) -> Option<(Verb, Option<u32>, &'a str)> {
        if let Some(named) = self.named(line).or_else(|| self.retitled(line)) {
            return Some(named);
        }
        let (word, rest) = first_word(line);
        let word = super::verbs::folded(word);
        let verb = if self.title.contains(&word) {
            Verb::Title
        } else if self.note.contains(&word) {
            Verb::Note
        } else {
            return None;
        };
        let bare = |text: &'a str| {
            text.trim_start_matches(|c: char| {
                c.is_whitespace() || matches!(c, ':' | '-' | '–' | '—' | '.' | ')' | '=')
            })
        };
        let mut rest = bare(rest);
        // « titre du 2 ».
        let (small, behind) = first_word(rest);
        if matches!(
            super::verbs::folded(small).as_str(),
            "du" | "de" | "of" | "for" | "pour" | "n" | "no" | "sur"
        ) && bare(behind).starts_with(|c: char| c.is_ascii_digit())
        {
            rest = bare(behind);
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        match rest[..digits].parse() {
            Ok(number) if digits <= 4 => Some((verb, Some(number), bare(&rest[digits..]))),
            // « Titre trop long » is about one.
            Ok(_) | Err(_) => is_title(rest, line).then_some((verb, None, rest)),
        }
    }

    /// “call it The week” names the whole.
    fn named<'a>(&self, line: &'a str) -> Option<(Verb, Option<u32>, &'a str)> {
        let said = words(line);
        let naming = self.naming.iter().filter(|phrase| begins_with(&said, phrase));
        let naming = naming.max_by_key(|phrase| phrase.len())?;
        let rest = behind_words(line, naming.split(' ').count())?;
        let title = rest.trim_matches(|c: char| c.is_whitespace() || c == ':');
        // « Renomme le 2 en … » is about an item.
        let item = words(title).iter().take(ITEM_WORDS).any(|word| word.parse::<u32>().is_ok());
        (!title.is_empty() && !item && is_title(title, line)).then_some((Verb::Title, None, title))
    }

    /// « change le titre du 2 en La fête », “set the heading of 1 to Street party”.
    fn retitled<'a>(&self, line: &'a str) -> Option<(Verb, Option<u32>, &'a str)> {
        CONNECTING.iter().find_map(|connecting| {
            let (head, title) = line.split_once(connecting)?;
            let mut said = self.bare(head);
            let verb = self.take(&mut said, &self.retitling);
            let titles = self.take(&mut said, &self.title).or(self.take(&mut said, &self.naming));
            (verb.is_some() && titles.is_some() || begins_with(&words(head), "renomme")).then_some(())?;
            let number = said.iter().find_map(|word| word.parse::<u32>().ok());
            let rest = said.iter().all(|word| word.parse::<u32>().is_ok() || self.empty.contains(word));
            (rest && is_title(title, title)).then(|| (Verb::Title, number, title.trim()))
        })
    }

    /// A title, and a word to send behind it: « La semaine et envoie ».
    pub(super) fn without_sending<'a>(&self, title: &'a str) -> (&'a str, Option<&'a str>) {
        for (at, _) in title.char_indices().filter(|(_, c)| matches!(c, ' ' | ',' | '.' | ';')) {
            let rest = title[at..].trim_start_matches([' ', ',', '.', ';']);
            let joined = ["et ", "puis ", "and ", "then "].iter().find_map(|joint| rest.strip_prefix(joint));
            let marked = title[at..].starts_with([',', '.', ';']);
            let tail = joined.or(Some(rest).filter(|_| marked));
            if let Some(tail) = tail.filter(|tail| self.is_send(&self.bare(tail))) {
                return (title[..at].trim(), Some(tail));
            }
        }
        (title, None)
    }

    /// Whether a phrase for handing words over stands in some words.
    pub(super) fn hands_over(&self, head: &str) -> bool {
        let said = words(head);
        [&self.title, &self.naming, &self.note, &self.word, &self.intro, &self.adding, &self.begin]
            .into_iter()
            .any(|phrases| phrases.iter().any(|phrase| position(&said, phrase).is_some()))
    }
}

/// Between what is renamed and its new name.
const CONNECTING: [&str; 5] = [" to ", " en ", " par ", " into ", " as "];
/// So many words may say which item.
const ITEM_WORDS: usize = 3;

/// Whether words are a title: they begin like one, or stand between marks or behind a colon.
fn is_title(text: &str, line: &str) -> bool {
    let begins = text.trim_start_matches(|c: char| !c.is_alphanumeric()).chars().next();
    let marked = text.starts_with(['«', '“', '"', '„']) || line.contains([':', '=']);
    marked || begins.is_some_and(|c| c.is_uppercase() || c.is_ascii_digit())
}

/// What stands behind so many words of a line.
fn behind_words(line: &str, count: usize) -> Option<&str> {
    let mut seen = 0;
    let mut inside = false;
    for (at, c) in line.char_indices() {
        let letter = c.is_alphanumeric();
        if inside && !letter {
            seen += 1;
            if seen == count {
                return Some(&line[at..]);
            }
        }
        inside = letter;
    }
    None
}
