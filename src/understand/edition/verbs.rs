//! The words of commands, from `data/phrases/edition.toml`, and finding them in a clause.

use serde::Deserialize;

use crate::understand::tokens::fold;

/// What a clause asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Send,
    Drop,
    Keep,
    /// Of what does not stand in it.
    Restore,
    KeepOnly,
    First,
    Last,
    Later,
    Unfold,
    Fold,
    Title,
    Note,
}

/// A clause, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Clause {
    /// It asks for something, of these.
    Is(Verb, String),
    /// It asks not to.
    Not(Verb),
    /// The same, of these.
    NotThese(Verb, String),
    /// No verb.
    Bare(String),
}

/// The phrases, each in small letters without accents.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verbs {
    send: Vec<String>,
    polite: Vec<String>,
    drop: Vec<String>,
    keep: Vec<String>,
    put: Vec<String>,
    order: Vec<String>,
    unfold: Vec<String>,
    fold: Vec<String>,
    title: Vec<String>,
    naming: Vec<String>,
    adding: Vec<String>,
    word: Vec<String>,
    note: Vec<String>,
    intro: Vec<String>,
    first: Vec<String>,
    last: Vec<String>,
    later: Vec<String>,
    only: Vec<String>,
    begin: Vec<String>,
    negation: Vec<String>,
    pub(super) all: Vec<String>,
    pub(super) thanks: Vec<String>,
    pub(super) duplicates: Vec<String>,
    pub(super) questions: Vec<String>,
    pub(super) empty: Vec<String>,
}

/// What separates clauses, beside commas and full stops.
const JOINTS: [&str; 6] = [" et ", " puis ", " and ", " then ", " mais ", " but "];

impl Verbs {
    pub(super) fn of_both_languages() -> Verbs {
        toml::from_str(include_str!("../../../data/phrases/edition.toml"))
            .expect("our own words, which are tested")
    }

    /// Whether these words say nothing.
    pub(super) fn is_polite(&self, text: &str) -> bool {
        let words = words(text);
        words.is_empty() || self.polite.contains(&words.join(" "))
    }

    /// The words behind « intro », if the line begins an introduction.
    pub(super) fn intro<'a>(&self, line: &'a str) -> Option<&'a str> {
        let (word, rest) = first_word(line);
        self.intro.contains(&fold(word)).then(|| rest.trim_start_matches([':', '-', '–', '—', ' ', '\u{a0}']))
    }

    /// « titre 2 La fête », « note 3 : à lire ».
    pub(super) fn titled<'a>(&self, line: &'a str) -> Option<(Verb, Option<u32>, &'a str)> {
        if let Some(named) = self.named(line).or_else(|| self.worded(line)) {
            return Some(named);
        }
        let (word, rest) = first_word(line);
        let word = fold(word);
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
        let rest = bare(rest);
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        match rest[..digits].parse() {
            Ok(number) if digits <= 4 => Some((verb, Some(number), bare(&rest[digits..]))),
            Ok(_) | Err(_) => Some((verb, None, rest)),
        }
    }

    /// « appelle-la La semaine », “call it ‘The week’”.
    fn named<'a>(&self, line: &'a str) -> Option<(Verb, Option<u32>, &'a str)> {
        let said = words(line);
        let naming = self.naming.iter().find(|phrase| begins_with(&said, phrase))?;
        let rest = behind_words(line, naming.split(' ').count())?;
        let quotes = |c: char| c.is_whitespace() || matches!(c, ':' | '«' | '»' | '“' | '”' | '"');
        let title = rest.trim_matches(quotes);
        (!title.is_empty()).then_some((Verb::Title, None, title))
    }

    /// « ajoute un mot au 3 : venez nombreux ».
    fn worded<'a>(&self, line: &'a str) -> Option<(Verb, Option<u32>, &'a str)> {
        let (before, rest) = line.split_once(':')?;
        let said = words(before);
        let adds = self.adding.iter().any(|phrase| begins_with(&said, phrase));
        let word = self.word.iter().any(|phrase| position(&said, phrase).is_some());
        let mut numbers = said.iter().filter_map(|word| word.parse().ok());
        match (numbers.next(), numbers.next()) {
            (Some(number), None) if adds && word && !rest.trim().is_empty() => {
                Some((Verb::Note, Some(number), rest.trim()))
            }
            (Some(_) | None, _) => None,
        }
    }

    /// Whether a line begins with a word of command.
    pub(super) fn begins(&self, line: &str) -> bool {
        let words = words(line);
        let starts = |phrases: &[String]| phrases.iter().any(|phrase| begins_with(&words, phrase));
        [
            &self.send,
            &self.drop,
            &self.keep,
            &self.put,
            &self.order,
            &self.unfold,
            &self.fold,
            &self.title,
            &self.naming,
            &self.note,
        ]
        .into_iter()
        .any(|phrases| starts(phrases))
    }

    /// A line cut where another command may begin.
    pub(super) fn clauses<'a>(&self, line: &'a str) -> Vec<&'a str> {
        let mut clauses: Vec<&str> = Vec::new();
        let (mut from, mut at) = (0, 0);
        while at < line.len() {
            let rest = &line[at..];
            let mark = rest.chars().next().map_or(1, char::len_utf8);
            let joint =
                JOINTS.iter().find(|joint| starts_ignoring_case(rest, joint)).map(|joint| joint.len());
            let ends = match (rest.chars().next(), joint) {
                (Some(',' | ';' | '!'), _) => Some(1),
                // Not in the middle of « 2.5 » or « etc.).
                (Some('.'), _) if rest[1..].starts_with(' ') || rest.len() == 1 => Some(1),
                (_, Some(len)) if !self.waits_for_a_place(&line[from..at]) => Some(len),
                _ => None,
            };
            if let Some(len) = ends {
                clauses.push(line[from..at].trim());
                at += len;
                from = at;
            } else {
                at += mark;
            }
        }
        clauses.push(line[from..].trim());
        clauses.retain(|clause| !words(clause).is_empty());
        clauses
    }

    /// « mets la fête » goes on: « et le concert en premier ».
    fn waits_for_a_place(&self, clause: &str) -> bool {
        let words = words(clause);
        let has = |phrases: &[String]| phrases.iter().any(|phrase| position(&words, phrase).is_some());
        let begins = has(&self.begin);
        has(&self.put) && !begins && !has(&self.first) && !has(&self.last) && !has(&self.later)
    }

    /// What a clause asks for, and of what.
    pub(super) fn read(&self, clause: &str) -> Clause {
        let mut words = words(clause);
        if self.is_send(&words) {
            return Clause::Is(Verb::Send, String::new());
        }
        // « pas de covoiturage cette fois »: no negation of anything.
        let bare_no = ["pas de", "pas d", "plus de"].iter().any(|no| begins_with(&words, no));
        let refused = ["pas", "plus", "jamais", "not"].iter().any(|no| position(&words, no).is_some());
        let negated = !bare_no && self.take(&mut words, &self.negation).is_some();
        while !bare_no && self.take(&mut words, &self.negation).is_some() {}
        let verb = self.verb(&mut words);
        let what = words.join(" ");
        match (verb, negated) {
            (Some(verb), false) => Clause::Is(verb, what),
            // « on ne garde que la fête ».
            (Some(Verb::KeepOnly), true) if !refused => Clause::Is(Verb::KeepOnly, what),
            (Some(verb), true) => Clause::NotThese(verb, what),
            (None, true)
                if self.is_send(&words) || self.send.iter().any(|s| position(&words, s).is_some()) =>
            {
                Clause::Not(Verb::Send)
            }
            (None, _) => Clause::Bare(what),
        }
    }

    fn is_send(&self, words: &[String]) -> bool {
        let mut words = words.to_vec();
        while self.take(&mut words, &self.polite).is_some() {}
        self.send.contains(&words.join(" "))
    }

    /// Where to comes before what: « garde la fête pour plus tard » is not kept.
    fn verb(&self, words: &mut Vec<String>) -> Option<Verb> {
        let place = [
            (&self.later, Verb::Later),
            (&self.begin, Verb::First),
            (&self.first, Verb::First),
            (&self.last, Verb::Last),
        ];
        // "Remove the last one": what stands last, not to its end.
        let has = |phrases: &[String]| phrases.iter().any(|phrase| position(words, phrase).is_some());
        let which = position(words, "the first").or(position(words, "the last")).is_some();
        let stays = has(&self.drop) || (which && has(&self.keep));
        let place = place.into_iter().filter(|(_, verb)| !stays || *verb == Verb::Later);
        for (phrases, verb) in place {
            if self.take(words, phrases).is_some() {
                for helping in [&self.put, &self.keep, &self.drop] {
                    self.take(words, helping);
                }
                return Some(verb);
            }
        }
        if self.take(words, &self.order).is_some() {
            return Some(Verb::First);
        }
        for (phrases, verb) in [
            (&self.drop, Verb::Drop),
            (&self.unfold, Verb::Unfold),
            (&self.fold, Verb::Fold),
            (&self.keep, Verb::Keep),
        ] {
            if self.take(words, phrases).is_some() {
                if verb == Verb::Keep && self.take(words, &self.only).is_some() {
                    return Some(Verb::KeepOnly);
                }
                return Some(verb);
            }
        }
        None
    }

    /// Takes the longest of these phrases out, and what stands before it if it is a verb's.
    fn take(&self, words: &mut Vec<String>, phrases: &[String]) -> Option<()> {
        let found = phrases.iter().filter_map(|phrase| {
            let at = position(words, phrase)?;
            Some((at, phrase.split(' ').count()))
        });
        let (at, len) = found.max_by_key(|(at, len)| (*len, std::cmp::Reverse(*at)))?;
        words.drain(at..at + len);
        Some(())
    }
}

/// The words of a text in small letters, without accents and signs; a range stays one word.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut folded = fold(text);
    // « 2-4 »: from 2 to 4.
    let letters: Vec<(usize, char)> = folded.char_indices().collect();
    let dashes = letters.windows(3).filter(|three| {
        three[0].1.is_ascii_digit() && matches!(three[1].1, '-' | '–') && three[2].1.is_ascii_digit()
    });
    let dashes: Vec<(usize, usize)> = dashes.map(|three| (three[1].0, three[2].0)).collect();
    for (from, to) in dashes.into_iter().rev() {
        folded.replace_range(from..to, " a ");
    }
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Where a phrase stands among words.
pub(super) fn position(words: &[String], phrase: &str) -> Option<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words
        .windows(phrase.len())
        .position(|window| window.iter().map(String::as_str).eq(phrase.iter().copied()))
}

fn begins_with(words: &[String], phrase: &str) -> bool {
    position(words, phrase) == Some(0)
}

fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_alphanumeric() && c != '’' && c != '\'').unwrap_or(line.len());
    line.split_at(end)
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

fn starts_ignoring_case(text: &str, ascii: &str) -> bool {
    text.get(..ascii.len()).is_some_and(|start| start.eq_ignore_ascii_case(ascii))
}
