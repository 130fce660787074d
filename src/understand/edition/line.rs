//! One line after the other: what its clauses ask for, with what was spoken of before them.

use super::items::{DraftItem, Found, find};
use super::speech::Speech;
use super::verbs::{Clause, Verb, Verbs};
use super::{DraftAnswer, INTRO_CHARS_MAX, WORDS_CHARS_MAX, cut};
use crate::domain::edition::EditionWish;

/// Reads an answer.
pub(super) struct Reader<'a> {
    items: &'a [DraftItem<'a>],
    verbs: &'a Verbs,
    answer: DraftAnswer,
    /// What was spoken of last: « remets-le ».
    spoken_of: Vec<u32>,
    /// Everything that was spoken of: « enlève le reste ».
    named: Vec<u32>,
    /// They like it, and say no more than that.
    praise: Option<String>,
}

/// What is known within one line.
#[derive(Default)]
struct Line<'l> {
    /// « retirer 2, 5 et 7 »: the verb goes on.
    verb: Option<Verb>,
    /// « 2 et 5 à retirer »: what is spoken of comes first.
    waiting: Vec<(&'l str, Vec<u32>)>,
    /// Something was understood.
    understood: bool,
    /// « non, pardon »: what follows stands for what was asked last.
    corrects: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(items: &'a [DraftItem<'a>], verbs: &'a Verbs) -> Reader<'a> {
        let (spoken_of, named) = (Vec::new(), Vec::new());
        Reader { items, verbs, answer: DraftAnswer::default(), spoken_of, named, praise: None }
    }

    /// What follows is written below this line of the draft.
    pub(super) fn below(&mut self, quoted: &str) {
        let quoted = quoted.trim_start_matches(['>', ' ']);
        let digits: String = quoted.chars().take_while(char::is_ascii_digit).collect();
        let number = digits.parse().ok().filter(|number| self.is_there(*number));
        self.spoken_of = number.into_iter().collect();
    }

    pub(super) fn intro(&mut self, words: &str) {
        self.answer.wishes.push(EditionWish::Intro(cut(words.trim(), INTRO_CHARS_MAX)));
    }

    pub(super) fn end(mut self) -> DraftAnswer {
        if let Some(praise) = self.praise.take() {
            match (self.answer.wishes.is_empty(), self.answer.unclear.is_empty()) {
                (true, true) => self.answer.wishes.push(EditionWish::Send),
                (true, false) => self.answer.unclear.insert(0, praise),
                (false, _) => {}
            }
        }
        // Who writes both thinks better of it.
        if self.answer.wishes.contains(&EditionWish::Wait) {
            self.answer.wishes.retain(|wish| *wish != EditionWish::Send);
        }
        self.answer
    }

    pub(super) fn line(&mut self, line: &str) {
        if self.hands_over(line) || self.titled(line) {
            return;
        }
        let mut state = Line::default();
        for clause in self.verbs.clauses(line) {
            self.clause(clause, &mut state);
        }
        self.give_back(&mut state);
    }

    /// « Sous la chaudière, ajoute : … »; whether it was that.
    fn hands_over(&mut self, line: &str) -> bool {
        let Some(speech) = Speech::of(line) else { return false };
        if !self.verbs.hands_over(speech.head) {
            return false;
        }
        let clauses = self.verbs.clauses(speech.head);
        let starts = (0..clauses.len()).rev().take(2);
        // The last of them alone, or with what it is about before it.
        let found = starts.into_iter().find_map(|from| {
            let head = clauses[from..].join(" ");
            let wish = self.verbs.spoken(&head, &speech, self.items, &self.spoken_of)?;
            Some((from, wish))
        });
        let Some((from, wish)) = found else { return false };
        let mut state = Line::default();
        clauses[..from].iter().for_each(|clause| self.clause(clause, &mut state));
        self.give_back(&mut state);
        self.answer.wishes.push(wish);
        let mut state = Line { understood: true, ..Line::default() };
        for clause in self.verbs.clauses(speech.tail) {
            self.clause(clause, &mut state);
        }
        self.give_back(&mut state);
        true
    }

    /// « titre 2 La fête »; whether it was that.
    fn titled(&mut self, line: &str) -> bool {
        let Some((verb, number, words)) = self.verbs.titled(line) else { return false };
        let there = number.is_none_or(|number| self.is_there(number));
        let titles = verb == Verb::Title;
        let (words, send) = if titles { self.verbs.without_sending(words) } else { (words, None) };
        let said =
            cut(words.trim_matches(['«', '»', '“', '”', '"', ' ', '\u{a0}', '\u{202f}']), WORDS_CHARS_MAX);
        let wish = match (verb, number) {
            (Verb::Note, Some(number)) if there => Some(EditionWish::Note(number, said)),
            (Verb::Title, number) if there && !said.is_empty() => Some(EditionWish::Title(number, said)),
            _ => None,
        };
        match wish {
            Some(wish) => self.answer.wishes.push(wish),
            None => self.answer.unclear.push(line.to_owned()),
        }
        self.answer.wishes.extend(send.map(|_| EditionWish::Send));
        true
    }

    fn clause<'l>(&mut self, clause: &'l str, line: &mut Line<'l>) {
        if self.verbs.is_polite(clause) {
            return;
        }
        let said = self.verbs.bare(clause);
        let (said, corrects) = self.verbs.corrected(said);
        line.corrects |= corrects && line.understood;
        if said.is_empty() {
            return;
        }
        match self.verbs.read(&said) {
            Clause::Send => self.wish(EditionWish::Send, line),
            Clause::Wait => self.wish(EditionWish::Wait, line),
            Clause::Praise => self.praise = self.praise.take().or(Some(clause.to_owned())),
            Clause::Swap(what) => match self.found(&what).as_slice() {
                [one, other] => self.wish(EditionWish::Swap(*one, *other), line),
                _ => self.answer.unclear.push(clause.to_owned()),
            },
            Clause::Beside(place, what, other) => match self.beside(place, &what, &other, line) {
                Some(wish) => self.wish(wish, line),
                None => self.bare(clause, &format!("{what} {other}"), line),
            },
            Clause::Is(verb, what, after) => self.act(verb, &what, clause, after, line),
            Clause::NotSend(what) => match self.found(&what) {
                numbers if numbers.is_empty() => self.wish(EditionWish::Wait, line),
                numbers => self.done(Verb::Drop, numbers, line),
            },
            Clause::Not(verb, what) => self.not(verb, &what, clause, line),
            Clause::Only(what) => match self.found(&what) {
                numbers if numbers.is_empty() => self.bare(clause, &what, line),
                numbers => {
                    line.verb = Some(Verb::KeepOnly);
                    self.done(Verb::KeepOnly, numbers, line);
                }
            },
            Clause::Bare(what) => self.bare(clause, &what, line),
        }
    }

    /// A clause without a verb.
    fn bare<'l>(&mut self, clause: &'l str, what: &str, line: &mut Line<'l>) {
        if self.verbs.says_why(clause)
            && (line.understood || !self.answer.wishes.is_empty() || !line.waiting.is_empty())
        {
            return;
        }
        if self.verbs.is_rest(what) && line.understood {
            return;
        }
        let numbers = self.found(what);
        if line.corrects
            && !numbers.is_empty()
            && let Some(verb) = line.verb
        {
            self.correct(line);
            return self.done(verb, numbers, line);
        }
        match line.verb {
            Some(verb) if !numbers.is_empty() => self.done(verb, numbers, line),
            None if !numbers.is_empty() => line.waiting.push((clause, numbers)),
            _ if looks_like_a_sign_off(clause) => {}
            _ => self.answer.unclear.push(clause.to_owned()),
        }
    }

    fn act<'l>(&mut self, verb: Verb, what: &str, clause: &'l str, items_first: bool, line: &mut Line<'l>) {
        let (numbers, spoken_of) = if self.verbs.is_pronoun(what) {
            let waiting: Vec<u32> = line.waiting.iter().flat_map(|(_, numbers)| numbers.clone()).collect();
            let meant = if waiting.is_empty() { self.spoken_of.clone() } else { waiting };
            let two = self.verbs.is_two(what);
            (if two && meant.len() != 2 { Vec::new() } else { meant }, true)
        } else {
            let mut found = self.found(what);
            if items_first && !found.is_empty() {
                let waiting = std::mem::take(&mut line.waiting);
                let before: Vec<u32> = waiting.into_iter().flat_map(|(_, numbers)| numbers).collect();
                found = before.into_iter().chain(found).collect();
            }
            (found, false)
        };
        if numbers.is_empty() {
            // « en entier, pas résumé »: said already. « Les gens veulent tous les détails »: why.
            let why = line.understood && self.verbs.says_why(clause);
            if !(why || what.is_empty() && line.verb == Some(verb)) {
                self.answer.unclear.push(clause.to_owned());
            }
            return;
        }
        if spoken_of {
            line.waiting.clear();
        }
        self.correct(line);
        line.verb = Some(verb);
        // « remets-le », « non, garde-le »: it, and not it alone.
        let beside = spoken_of || self.verbs.is_rest(what);
        let verb = if beside && verb == Verb::Keep { Verb::Restore } else { verb };
        self.done(verb, numbers, line);
    }

    fn not<'l>(&mut self, verb: Verb, what: &str, clause: &'l str, line: &mut Line<'l>) {
        let opposite = match verb {
            Verb::Drop | Verb::Later => Some(Verb::Restore),
            Verb::Keep | Verb::Restore => Some(Verb::Drop),
            Verb::Unfold => Some(Verb::Fold),
            Verb::Fold => Some(Verb::Unfold),
            Verb::KeepOnly | Verb::First | Verb::Last | Verb::Title | Verb::Note => None,
        };
        match opposite {
            Some(opposite) => self.act(opposite, what, clause, false, line),
            None => self.answer.unclear.push(clause.to_owned()),
        }
    }

    /// What was asked last is not meant.
    fn correct(&mut self, line: &mut Line<'_>) {
        if std::mem::take(&mut line.corrects) {
            self.answer.wishes.pop();
        }
    }

    fn beside(&self, place: Verb, what: &str, other: &str, line: &Line<'_>) -> Option<EditionWish> {
        let other = match self.found(other).as_slice() {
            [one] => *one,
            _ => return None,
        };
        let waiting = || line.waiting.iter().flat_map(|(_, numbers)| numbers.clone()).collect::<Vec<u32>>();
        let moved = match self.verbs.is_pronoun(what) {
            true if !line.waiting.is_empty() => waiting(),
            true => self.spoken_of.clone(),
            false => self.found(what),
        };
        if moved.is_empty() || moved.contains(&other) {
            return None;
        }
        let before = place == Verb::First;
        Some(if before { EditionWish::Before(moved, other) } else { EditionWish::After(moved, other) })
    }

    /// The items some words mean; none where it cannot be told.
    fn found(&self, what: &str) -> Vec<u32> {
        if self.verbs.is_rest(what) {
            let others = self.items.iter().filter(|item| item.is_in && !self.named.contains(&item.number));
            return if self.named.is_empty() { Vec::new() } else { others.map(|item| item.number).collect() };
        }
        match find(what, self.items, self.verbs) {
            Found::These(numbers) => numbers,
            Found::Nothing => Vec::new(),
        }
    }

    fn done(&mut self, verb: Verb, numbers: Vec<u32>, line: &mut Line<'_>) {
        self.spoken_of.clone_from(&numbers);
        self.named.extend(&numbers);
        let wish = match verb {
            Verb::Drop => EditionWish::Drop(numbers),
            Verb::Keep => EditionWish::Keep(numbers),
            Verb::Restore => EditionWish::Restore(numbers),
            Verb::KeepOnly => EditionWish::KeepOnly(numbers),
            Verb::First => EditionWish::First(numbers),
            Verb::Last => EditionWish::Last(numbers),
            Verb::Later => EditionWish::Later(numbers),
            Verb::Unfold => EditionWish::Unfold(numbers),
            Verb::Fold => EditionWish::Fold(numbers),
            Verb::Title | Verb::Note => return,
        };
        self.wish(wish, line);
    }

    fn wish(&mut self, wish: EditionWish, line: &mut Line<'_>) {
        line.understood = true;
        if wish == EditionWish::Wait && self.answer.wishes.contains(&wish) {
            return;
        }
        // « 3 en premier, puis 1 »: one after the other, not each before all.
        match (self.answer.wishes.last_mut(), wish) {
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
            (_, wish) => self.answer.wishes.push(wish),
        }
    }

    /// What was spoken of, and nothing asked about it.
    fn give_back(&mut self, line: &mut Line<'_>) {
        for (clause, numbers) in std::mem::take(&mut line.waiting) {
            self.spoken_of = numbers;
            if !looks_like_a_sign_off(clause) {
                self.answer.unclear.push(clause.to_owned());
            }
        }
    }

    fn is_there(&self, number: u32) -> bool {
        self.items.iter().any(|item| item.number == number)
    }
}

/// A name below the commands: few words, no number.
fn looks_like_a_sign_off(clause: &str) -> bool {
    clause.split_whitespace().count() <= 3
        && !clause.chars().any(|c| c.is_ascii_digit())
        && clause.chars().next().is_some_and(char::is_uppercase)
}
