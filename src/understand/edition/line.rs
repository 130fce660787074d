//! One line after the other: what its clauses ask for, with what was spoken of before them.

use super::clauses::{Sentence, sentences};
use super::items::{DraftItem, Found, find, find_first};
use super::speech::Speech;
use super::verbs::{Clause, Verb, Verbs, words};
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
    /// « À enlever : », above a list of items.
    heading: Option<Verb>,
}

/// What is known within one line.
#[derive(Default)]
struct Line<'l> {
    /// « retirer 2, 5 et 7 »: the verb goes on.
    verb: Option<Verb>,
    /// It was said in a sentence before this one.
    earlier: bool,
    /// « 2 et 5 à retirer »: what is spoken of comes first.
    waiting: Vec<Waiting<'l>>,
    /// What may be no more than why.
    told: Vec<&'l str>,
    /// Something was understood.
    understood: bool,
    /// « non, pardon »: what follows stands for what was asked last.
    corrects: bool,
}

/// What was spoken of, and nothing was asked about it yet.
struct Waiting<'l> {
    clause: &'l str,
    numbers: Vec<u32>,
    /// Items are all that was said, and nothing was denied of them.
    bare: bool,
}

impl Line<'_> {
    fn waits_for(&self) -> Vec<u32> {
        self.waiting.iter().flat_map(|waiting| waiting.numbers.clone()).collect()
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(items: &'a [DraftItem<'a>], verbs: &'a Verbs) -> Reader<'a> {
        let (spoken_of, named) = (Vec::new(), Vec::new());
        Reader { items, verbs, answer: DraftAnswer::default(), spoken_of, named, praise: None, heading: None }
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
        let item = line.starts_with(LIST_SIGNS);
        let heading = self.heading.take().filter(|_| item);
        if self.hands_over(line) || self.titled(line) {
            return;
        }
        self.heading = heading.or_else(|| self.heads_a_list(line));
        if heading.is_none() && self.heading.is_some() {
            return;
        }
        let mut state = Line { verb: heading, ..Line::default() };
        for sentence in sentences(line) {
            self.sentence(&sentence, &mut state);
        }
        self.give_back(&mut state);
        if state.understood {
            return;
        }
        // A name below the commands.
        let signs = |words: &String| looks_like_a_sign_off(words) && !self.verbs.commands(words);
        if line.split_whitespace().count() <= SIGN_OFF_WORDS_MAX {
            self.answer.unclear.retain(|words| !(signs(words) && line.contains(words.as_str())));
        }
    }

    /// « À enlever : », with the items below it.
    fn heads_a_list(&self, line: &str) -> Option<Verb> {
        let head = line.strip_suffix(':')?;
        let Clause::Is(verb, what, _) = self.verbs.read(&self.verbs.bare(head)) else { return None };
        self.verbs.is_pronoun(&what).then_some(verb)
    }

    /// All of a sentence is understood, or nothing of it is done.
    fn sentence<'l>(&mut self, sentence: &Sentence<'l>, line: &mut Line<'l>) {
        let text = sentence.text;
        line.earlier = line.understood;
        if sentence.asks && self.verbs.asks_why(text) {
            let numbers = self.found_within(text);
            line.waiting.push(Waiting { clause: text, numbers, bare: false });
            return;
        }
        if self.verbs.is_conditional(text) || sentence.asks && !self.verbs.asks_for_it(text) {
            self.unclear(text);
            return;
        }
        let (answer, named) = (self.answer.clone(), self.named.len());
        let mut polite = false;
        for clause in self.verbs.clauses(text) {
            // « Bises, Claire ».
            if !(polite && looks_like_a_sign_off(clause) && !self.verbs.commands(clause)) {
                self.clause(clause, line);
            }
            polite = self.verbs.is_polite(clause);
        }
        let done = self.answer.wishes != answer.wishes;
        let told = std::mem::take(&mut line.told);
        if !(done || line.understood) {
            told.iter().for_each(|words| self.unclear(words));
        }
        let open = line.waiting.iter().any(|one| !one.numbers.iter().all(|n| self.named.contains(n)));
        let half =
            self.answer.unclear[answer.unclear.len()..].iter().any(|words| !self.asks_by_itself(words));
        if done && (half || open && line.waiting.iter().any(|one| text.contains(one.clause))) {
            self.answer = answer;
            self.named.truncate(named);
            line.waiting.clear();
            self.unclear(text);
        }
    }

    /// « retirer le 9 »: what cannot be done of it changes nothing of what is said beside it.
    fn asks_by_itself(&self, clause: &str) -> bool {
        matches!(self.verbs.read(&self.verbs.bare(clause)), Clause::Is(..))
    }

    fn unclear(&mut self, words: &str) {
        let words = words.trim_end_matches(['.', ';', ' ']);
        self.answer.unclear.push(words.to_owned());
    }

    /// « Sous la chaudière, ajoute : … »; whether it was that.
    fn hands_over(&mut self, line: &str) -> bool {
        let Some(speech) = Speech::of(line) else { return false };
        if !self.verbs.hands_over(speech.head) || self.verbs.is_conditional(speech.head) {
            return false;
        }
        let (words, send) = if speech.tail.is_empty() {
            self.verbs.without_sending(speech.words)
        } else {
            (speech.words, None)
        };
        let speech = Speech { words, ..speech };
        let clauses = self.verbs.clauses(speech.head);
        // The last of them alone, or with what it is about before it.
        for from in (0..clauses.len()).rev().take(2) {
            let before = (self.answer.clone(), self.spoken_of.clone(), self.named.len());
            let mut state = Line::default();
            clauses[..from].iter().for_each(|clause| self.clause(clause, &mut state));
            self.give_back(&mut state);
            let understood = self.answer.unclear.len() == before.0.unclear.len() || from == 0;
            let wish = self.verbs.spoken(&clauses[from..].join(" "), &speech, self.items, &self.spoken_of);
            let Some(wish) = wish.filter(|_| understood) else {
                (self.answer, self.spoken_of) = (before.0, before.1);
                self.named.truncate(before.2);
                continue;
            };
            self.answer.wishes.push(wish);
            let mut state = Line { understood: true, ..Line::default() };
            for sentence in sentences(speech.tail) {
                self.sentence(&sentence, &mut state);
            }
            self.give_back(&mut state);
            self.answer.wishes.extend(send.map(|_| EditionWish::Send));
            return true;
        }
        false
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
            None => self.unclear(line),
        }
        self.answer.wishes.extend(send.map(|_| EditionWish::Send));
        true
    }

    fn clause<'l>(&mut self, clause: &'l str, line: &mut Line<'l>) {
        if self.verbs.is_polite(clause) {
            return;
        }
        // « je ne garde que les travaux, le reste saute », “everything else goes”: where to is said already.
        if self.verbs.is_rest(clause) && matches!(self.answer.wishes.last(), Some(EditionWish::KeepOnly(_))) {
            return;
        }
        if self.verbs.is_send(&words(clause)) {
            return self.wish(EditionWish::Send, line);
        }
        let said = self.verbs.bare(clause);
        let (said, corrects) = self.verbs.corrected(said);
        line.corrects |= corrects && line.understood;
        if said.is_empty() {
            return;
        }
        if self.verbs.is_reverse(&said) {
            let shown = self.items.iter().rev().filter(|item| item.is_in).map(|item| item.number).collect();
            return self.done(Verb::First, shown, line);
        }
        match self.verbs.read(&said) {
            Clause::Send => self.wish(EditionWish::Send, line),
            Clause::Wait => self.wish(EditionWish::Wait, line),
            Clause::Praise => self.praise = self.praise.take().or(Some(clause.to_owned())),
            Clause::Swap(what) => match self.found(&what).as_slice() {
                [one, other] => self.wish(EditionWish::Swap(*one, *other), line),
                _ => self.unclear(clause),
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
                    (line.verb, line.earlier) = (Some(Verb::KeepOnly), false);
                    self.done(Verb::KeepOnly, numbers, line);
                }
            },
            Clause::Bare(what) => self.bare(clause, &what, line),
            Clause::NotSo(what) => {
                let numbers = self.found_first(&what);
                match numbers.is_empty() {
                    true => self.bare(clause, &what, line),
                    false => line.waiting.push(Waiting { clause, numbers, bare: false }),
                }
            }
            Clause::Unclear => self.unclear(clause),
        }
    }

    /// A clause without a verb.
    fn bare<'l>(&mut self, clause: &'l str, what: &str, line: &mut Line<'l>) {
        let why = self.verbs.says_why(clause);
        if why && (line.understood || !self.answer.wishes.is_empty() || !line.waiting.is_empty()) {
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
        // « Retire le chat. Les travaux, en tête »: it goes on to what follows at once, or is said to.
        let goes_on = !self.verbs.puts(clause) && (!line.earlier || self.verbs.says_too(clause));
        match line.verb.filter(|_| goes_on) {
            Some(verb) if !numbers.is_empty() => self.done(verb, numbers, line),
            None if !numbers.is_empty() => line.waiting.push(Waiting { clause, numbers, bare: true }),
            _ => match self.found_first(what) {
                // « Les travaux ont pris du retard »: what is asked comes behind it.
                numbers if !numbers.is_empty() && (line.verb.is_none() || line.earlier) => {
                    line.waiting.push(Waiting { clause, numbers, bare: false });
                }
                _ if why => line.told.push(clause),
                _ => self.unclear(clause),
            },
        }
    }

    fn act<'l>(&mut self, verb: Verb, what: &str, clause: &'l str, items_first: bool, line: &mut Line<'l>) {
        let (numbers, spoken_of) = if self.verbs.is_pronoun(what) {
            let waiting = line.waits_for();
            let meant = if waiting.is_empty() { self.spoken_of.clone() } else { waiting };
            let two = self.verbs.is_two(what);
            (if two && meant.len() != 2 { Vec::new() } else { meant }, true)
        } else {
            let mut found = self.found(what);
            if items_first && !found.is_empty() {
                let before = line.waiting.extract_if(.., |one| one.bare).flat_map(|one| one.numbers);
                found = before.chain(found).collect();
            }
            (found, false)
        };
        if numbers.is_empty() {
            // « en entier, pas résumé »: said already. « Les gens veulent tous les détails »: why.
            let why = line.understood && self.verbs.says_why(clause);
            if !(why || what.is_empty() && line.verb == Some(verb)) {
                self.unclear(clause);
            }
            return;
        }
        if spoken_of {
            line.waiting.clear();
        }
        self.correct(line);
        (line.verb, line.earlier) = (Some(verb), false);
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
            None => self.unclear(clause),
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
        let moved = match self.verbs.is_pronoun(what) {
            true if !line.waiting.is_empty() => line.waits_for(),
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

    /// The items that what a sentence begins with means.
    fn found_first(&self, what: &str) -> Vec<u32> {
        match find_first(what, self.items, self.verbs) {
            Found::These(numbers) => numbers,
            Found::Nothing => Vec::new(),
        }
    }

    /// The items that are spoken of anywhere in a sentence.
    fn found_within(&self, text: &str) -> Vec<u32> {
        let starts =
            text.char_indices().filter(|(at, _)| *at == 0 || text[..*at].ends_with([' ', '’', '\'']));
        let mut found = starts.map(|(at, _)| self.found_first(&text[at..]));
        found.find(|numbers| !numbers.is_empty()).unwrap_or_default()
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
        for Waiting { clause, numbers, bare: _ } in std::mem::take(&mut line.waiting) {
            // « Le chat est retrouvé, enlève le 2 »: that was why.
            let why = !numbers.is_empty() && numbers.iter().all(|number| self.named.contains(number));
            if !why {
                self.spoken_of = numbers;
                self.unclear(clause);
            }
        }
    }

    fn is_there(&self, number: u32) -> bool {
        self.items.iter().any(|item| item.number == number)
    }
}

/// Before the items of a list.
const LIST_SIGNS: [char; 6] = ['-', '–', '—', '•', '*', '·'];
/// « Anne-Marie du Moulin ».
const SIGN_OFF_WORDS_MAX: usize = 3;

/// A name below the commands: few words, no number.
fn looks_like_a_sign_off(clause: &str) -> bool {
    clause.split_whitespace().count() <= SIGN_OFF_WORDS_MAX
        && !clause.chars().any(|c| c.is_ascii_digit())
        && clause.chars().next().is_some_and(char::is_uppercase)
}
