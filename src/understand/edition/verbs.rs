//! The words of commands, from `data/phrases/edition.toml`, and finding them in a clause.

use serde::Deserialize;

pub(super) use super::wording::{begins_with, first_word, folded, position, words};
use crate::understand::tokens::fold;

/// What a clause asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verb {
    Drop,
    Keep,
    /// Beside what stands in it.
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
    /// It goes out.
    Send,
    /// It does not go out yet.
    Wait,
    /// They like it.
    Praise,
    /// It asks for something, of these; whether they stand before what asks for it.
    Is(Verb, String, bool),
    /// It asks not to, of these.
    Not(Verb, String),
    /// It does not go out, or these do not.
    NotSend(String),
    /// Nothing but these.
    Only(String),
    /// These two change places.
    Swap(String),
    /// These before another ([`Verb::First`]), or after it.
    Beside(Verb, String, String),
    /// No verb.
    Bare(String),
    /// The same, and something is said not to be so.
    NotSo(String),
    /// More than can be told apart.
    Unclear,
}

/// A verb in two parts, around what it is about: “put it back”.
#[derive(Clone, Debug, Deserialize)]
struct Apart(String, String, Verb);

/// The phrases, each in small letters without accents.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verbs {
    send: Vec<String>,
    sends: Vec<String>,
    sending: Vec<String>,
    approving: Vec<String>,
    wait: Vec<String>,
    praise: Vec<String>,
    pub(super) polite: Vec<String>,
    thanking: Vec<String>,
    idle: Vec<String>,
    leading: Vec<String>,
    correcting: Vec<String>,
    why: Vec<String>,
    telling: Vec<String>,
    weighty: Vec<String>,
    pub(super) conditions: Vec<String>,
    pub(super) requests: Vec<String>,
    reverse: Vec<String>,
    pub(super) retitling: Vec<String>,
    vague: Vec<String>,
    rest: Vec<String>,
    pronouns: Vec<String>,
    two: Vec<String>,
    pub(super) drop: Vec<String>,
    bare_no: Vec<String>,
    except: Vec<String>,
    needless: Vec<String>,
    pub(super) keep: Vec<String>,
    pub(super) restore: Vec<String>,
    beside_others: Vec<String>,
    pub(super) put: Vec<String>,
    order: Vec<String>,
    unfold: Vec<String>,
    fold: Vec<String>,
    apart: Vec<Apart>,
    pub(super) swap: Vec<String>,
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
    pub(super) title: Vec<String>,
    pub(super) naming: Vec<String>,
    pub(super) adding: Vec<String>,
    pub(super) word: Vec<String>,
    pub(super) note: Vec<String>,
    pub(super) intro: Vec<String>,
    pub(super) whole: Vec<String>,
    pub(super) first: Vec<String>,
    pub(super) last: Vec<String>,
    pub(super) later: Vec<String>,
    only: Vec<String>,
    leaving: Vec<String>,
    pub(super) until: Vec<String>,
    pub(super) begin: Vec<String>,
    negation: Vec<String>,
    pub(super) all: Vec<String>,
    pub(super) thanks: Vec<String>,
    pub(super) duplicates: Vec<String>,
    pub(super) questions: Vec<String>,
    pub(super) empty: Vec<String>,
}

/// Fewer words than these say nothing by themselves.
const TELLING_WORDS_MIN: usize = 4;
/// Words of one clause that are looked at.
const CLAUSE_WORDS_MAX: usize = 60;

impl Verbs {
    pub(super) fn of_both_languages() -> Verbs {
        toml::from_str(include_str!("../../../data/phrases/edition.toml"))
            .expect("our own words, which are tested")
    }

    /// Whether these words say nothing.
    pub(super) fn is_polite(&self, text: &str) -> bool {
        let words = words(text);
        let thanks = || self.starting(&words, &self.thanking).is_some() && !self.commands(text);
        words.is_empty() || self.polite.contains(&words.join(" ")) || thanks()
    }

    /// The words behind « intro », if the line begins an introduction.
    pub(super) fn intro<'a>(&self, line: &'a str) -> Option<&'a str> {
        let (word, rest) = first_word(line);
        let rest = self.intro.contains(&fold(word)).then_some(rest)?;
        Some(rest.trim_start_matches([':', '-', '–', '—', ' ', '\u{a0}', '\u{202f}']))
    }

    /// Whether a line begins with a word of command.
    pub(super) fn begins(&self, line: &str) -> bool {
        let words = self.bare(line);
        let starts = |phrases: &[String]| phrases.iter().any(|phrase| begins_with(&words, phrase));
        [
            &self.send,
            &self.sends,
            &self.drop,
            &self.keep,
            &self.restore,
            &self.put,
            &self.order,
            &self.unfold,
            &self.fold,
            &self.swap,
            &self.title,
            &self.naming,
            &self.note,
        ]
        .into_iter()
        .any(|phrases| starts(phrases))
    }

    /// The words of a clause, without what says nothing: « et du coup », « s’il te plaît », « cette semaine ».
    pub(super) fn bare(&self, clause: &str) -> Vec<String> {
        let mut said = words(clause);
        said.truncate(CLAUSE_WORDS_MAX);
        while self.take(&mut said, &self.idle).is_some() {}
        while let Some(leading) = self.starting(&said, &self.leading) {
            said.drain(..leading);
        }
        said
    }

    /// What is said behind « non, pardon », and whether that was.
    pub(super) fn corrected(&self, mut said: Vec<String>) -> (Vec<String>, bool) {
        let mut corrects = false;
        // “no lifts” corrects nothing.
        if said.len() == 1 && said[0] == "no" {
            return (Vec::new(), true);
        }
        while let Some(len) = self.starting(&said, &self.correcting) {
            said.drain(..len);
            corrects = true;
        }
        (said, corrects)
    }

    /// « c’est urgent », “nobody reads them”: why something is asked, which asks for nothing.
    /// Not where it may be more than that: « mais je préférerais attendre ».
    pub(super) fn says_why(&self, clause: &str) -> bool {
        let said = words(clause);
        let tells = || {
            said.len() >= TELLING_WORDS_MIN
                && said[1..].iter().any(|word| self.telling.contains(word))
                && !said.iter().any(|word| word.parse::<u32>().is_ok())
        };
        !self.weighty.iter().any(|phrase| position(&said, phrase).is_some())
            && (self.starting(&said, &self.why).is_some() || tells())
    }

    /// Whether a word of command stands in some words, or one that says where to.
    pub(super) fn commands(&self, clause: &str) -> bool {
        let said = words(clause);
        let has = |phrases: &Vec<String>| phrases.iter().any(|phrase| position(&said, phrase).is_some());
        [&self.send, &self.sends, &self.drop, &self.keep, &self.restore, &self.put, &self.order, &self.unfold]
            .into_iter()
            .chain([&self.fold, &self.swap, &self.title, &self.note, &self.intro, &self.first, &self.last])
            .chain([&self.later, &self.wait, &self.approving, &self.naming])
            .any(has)
    }

    /// « mets », wherever to.
    pub(super) fn puts(&self, clause: &str) -> bool {
        self.longest(&words(clause), &self.put).is_some()
    }

    /// « le 5 aussi ».
    pub(super) fn says_too(&self, clause: &str) -> bool {
        self.longest(&words(clause), &self.beside_others).is_some()
    }

    /// « dans l’ordre inverse », and no more than that.
    pub(super) fn is_reverse(&self, said: &[String]) -> bool {
        let mut said = said.to_vec();
        self.take(&mut said, &self.reverse).is_some()
            && said.iter().all(|word| {
                self.empty.contains(word)
                    || self.order.contains(word)
                    || self.put.contains(word)
                    || self.all.contains(word)
            })
    }

    /// Whether words mean what was spoken of last.
    pub(super) fn is_pronoun(&self, what: &str) -> bool {
        what.split(' ').all(|word| word.is_empty() || self.pronouns.iter().any(|known| known == word))
    }

    /// Whether words mean two things spoken of last.
    pub(super) fn is_two(&self, what: &str) -> bool {
        what.split(' ').any(|word| self.two.iter().any(|known| known == word))
    }

    /// « le reste », “the others”.
    pub(super) fn is_rest(&self, what: &str) -> bool {
        let said = words(what);
        self.starting(&said, &self.rest).is_some()
    }

    /// What the words of a clause ask for, and of what.
    pub(super) fn read(&self, said: &[String]) -> Clause {
        let mut words = said.to_vec();
        if self.is_send(&words) {
            return Clause::Send;
        }
        let line = words.join(" ");
        if self.praise.contains(&line) {
            return Clause::Praise;
        }
        if self.starting(&words, &self.wait).is_some() && !words.iter().any(|w| w.parse::<u32>().is_ok()) {
            return Clause::Wait;
        }
        if let Some(beside) = self.beside(&words) {
            return beside;
        }
        if let Some((at, len)) = self.longest(&words, &self.except) {
            return self.excepting(words[..at].to_vec(), words[at + len..].join(" "));
        }
        // « le 8 peut attendre » is no negation, nor is « pas de covoiturage ».
        if self.take(&mut words, &self.needless).is_some() {
            return Clause::Is(Verb::Drop, words.join(" "), false);
        }
        if let Some(len) = self.starting(&words, &self.bare_no) {
            let mut rest = words[len..].to_vec();
            self.take(&mut rest, &self.drop);
            // None of that kind, however many there are.
            rest.insert(0, "les".to_owned());
            return Clause::Is(Verb::Drop, rest.join(" "), false);
        }
        let refused = ["pas", "plus", "jamais", "not", "t"].iter().any(|no| position(&words, no).is_some());
        let mut negated = false;
        while self.take(&mut words, &self.negation).is_some() {
            negated = true;
        }
        if self.wants_two_things(&words) || self.longest(&words, &self.vague).is_some() {
            return Clause::Unclear;
        }
        let first = words.first().cloned();
        let until = words.iter().any(|word| self.until.contains(word));
        let verb = self.verb(&mut words);
        // « on la garde pour la fois où il fera beau »: for when, nobody knows.
        if until && verb == Some(Verb::Keep) {
            return Clause::Unclear;
        }
        let items_first = first.is_some() && words.first() == first.as_ref();
        let what = words.join(" ");
        match (verb, negated) {
            (Some(verb), false) => Clause::Is(verb, what, items_first),
            // « on ne garde que la fête ».
            (Some(Verb::KeepOnly), true) if !refused => Clause::Is(Verb::KeepOnly, what, items_first),
            (Some(verb), true) => Clause::Not(verb, what),
            (None, true) if words.iter().any(|word| self.sends.contains(word)) => {
                words.retain(|word| !self.sends.contains(word) && !self.sending.contains(word));
                Clause::NotSend(words.join(" "))
            }
            (None, false) if self.starting(&words, &self.only).is_some() => {
                self.take(&mut words, &self.only);
                Clause::Only(words.join(" "))
            }
            // « le chat et la chaudière seulement ».
            (None, false) if words.last().is_some_and(|word| word != "que" && self.only.contains(word)) => {
                words.pop();
                Clause::Only(words.join(" "))
            }
            (None, false) => Clause::Bare(what),
            (None, true) => Clause::NotSo(what),
        }
    }

    /// « enlève le 2 garde le 3 », without anything between them.
    fn wants_two_things(&self, words: &[String]) -> bool {
        let mut rest = words.to_vec();
        self.take(&mut rest, &self.drop).is_some()
            && (self.take(&mut rest, &self.keep).is_some() || self.take(&mut rest, &self.restore).is_some())
            && rest.iter().filter(|word| word.parse::<u32>().is_ok()).count() > 1
    }

    /// « enlève tout sauf le 3 », « tout sauf le 3 », « sauf le 3 ».
    fn excepting(&self, mut before: Vec<String>, what: String) -> Clause {
        let drops = self.take(&mut before, &self.drop).is_some();
        while self.take(&mut before, &self.keep).or(self.take(&mut before, &self.restore)).is_some() {}
        let all = before.iter().all(|word| self.all.contains(word) || self.empty.contains(word));
        match (drops, all) {
            (false, true) => Clause::Is(Verb::Drop, what, false),
            (true, true) => Clause::Is(Verb::KeepOnly, what, false),
            (_, false) => Clause::Bare(format!("{} {what}", before.join(" "))),
        }
    }

    /// Whether words say that it may go, and nothing else.
    pub(super) fn is_send(&self, words: &[String]) -> bool {
        let mut words = words.to_vec();
        while self.take(&mut words, &self.polite).is_some() {}
        let among = |phrases: &[String], word: &String| phrases.contains(word);
        let sends = words.iter().any(|word| among(&self.sends, word))
            && words.iter().all(|word| among(&self.sends, word) || among(&self.sending, word));
        // « Bon, » alone says nothing.
        let likes = words.len() > 1
            && words.iter().any(|word| among(&self.approving, word))
            && words.iter().all(|word| among(&self.approving, word) || among(&self.sending, word));
        sends || likes || self.send.contains(&words.join(" "))
    }

    /// « Lyon avant la gare », « échange 2 et 3 ».
    fn beside(&self, words: &[String]) -> Option<Clause> {
        if let Some((at, len)) = self.longest(words, &self.swap) {
            let rest: Vec<String> = words[..at].iter().chain(&words[at + len..]).cloned().collect();
            return Some(Clause::Swap(rest.join(" ").replace(" avec ", " et ").replace(" with ", " and ")));
        }
        let has = |phrases: &[String]| self.longest(words, phrases).is_some();
        if has(&self.drop) || has(&self.first) || has(&self.last) || has(&self.order) {
            return None;
        }
        [(&self.before, Verb::First), (&self.after, Verb::Last)].into_iter().find_map(|(phrases, place)| {
            let (at, len) = self.longest(words, phrases).filter(|(at, len)| at + len < words.len())?;
            let mut what = words[..at].to_vec();
            self.take(&mut what, &self.put);
            self.take(&mut what, &self.restore);
            Some(Clause::Beside(place, what.join(" "), words[at + len..].join(" ")))
        })
    }

    /// Where to comes before what: « garde la fête pour plus tard » is not kept.
    fn verb(&self, words: &mut Vec<String>) -> Option<Verb> {
        let place = [
            (&self.later, Verb::Later),
            (&self.begin, Verb::First),
            (&self.first, Verb::First),
            (&self.last, Verb::Last),
        ];
        // “Remove the last one”: what stands last, not to its end.
        let which = ["the first", "the last"].iter().find_map(|which| position(words, which));
        let which: Vec<String> = which.map(|at| words.drain(at..at + 2).collect()).unwrap_or_default();
        let stays = self.longest(words, &self.drop).is_some();
        let place = place.into_iter().filter(|(_, verb)| !stays || *verb == Verb::Later);
        let placed = place.into_iter().find(|(phrases, _)| self.longest(words, phrases).is_some());
        let moved = placed.map(|(phrases, verb)| {
            while self.take(words, phrases).is_some() {}
            verb
        });
        words.extend(which);
        if let Some(verb) = moved {
            for helping in [&self.put, &self.keep, &self.restore, &self.drop] {
                self.take(words, helping);
            }
            return Some(verb);
        }
        // « ne laisse que le 1 », “leave only 1 in”.
        let leaves = |word: &String| self.leaving.contains(word);
        let out = self.longest(words, &self.drop).is_some();
        if words.iter().any(leaves) && !out && self.take(words, &self.only).is_some() {
            words.retain(|word| !leaves(word) && word != "in");
            return Some(Verb::KeepOnly);
        }
        if let Some(verb) = self.apart(words) {
            return Some(verb);
        }
        if self.take(words, &self.order).is_some() {
            return Some(Verb::First);
        }
        for (phrases, verb) in [
            (&self.drop, Verb::Drop),
            (&self.unfold, Verb::Unfold),
            (&self.fold, Verb::Fold),
            (&self.restore, Verb::Restore),
            (&self.keep, Verb::Keep),
        ] {
            if self.take(words, phrases).is_some() {
                for helping in [&self.keep, &self.restore, &self.put] {
                    self.take(words, helping);
                }
                if verb == Verb::Keep && self.take(words, &self.only).is_some() {
                    return Some(Verb::KeepOnly);
                }
                // « garde aussi le 4 »: not it alone.
                let too = |word: &String| self.beside_others.contains(word);
                if verb == Verb::Keep && words.iter().any(too) {
                    return Some(Verb::Restore);
                }
                return Some(verb);
            }
        }
        None
    }

    /// “put Helen's thank you back in”.
    fn apart(&self, words: &mut Vec<String>) -> Option<Verb> {
        for Apart(first, second, verb) in &self.apart {
            let Some(at) = position(words, first) else { continue };
            let behind = at + first.split(' ').count();
            let Some(then) = position(&words[behind..], second) else { continue };
            words.drain(behind + then..behind + then + second.split(' ').count());
            words.drain(at..behind);
            return Some(*verb);
        }
        None
    }

    /// Takes the longest of these phrases out.
    pub(super) fn take(&self, words: &mut Vec<String>, phrases: &[String]) -> Option<()> {
        let (at, len) = self.longest(words, phrases)?;
        words.drain(at..at + len);
        Some(())
    }

    /// Where the longest of these phrases stands, and of how many words it is.
    fn longest(&self, words: &[String], phrases: &[String]) -> Option<(usize, usize)> {
        let found = phrases.iter().filter_map(|phrase| {
            let at = position(words, phrase)?;
            Some((at, phrase.split(' ').count()))
        });
        found.max_by_key(|(at, len)| (*len, std::cmp::Reverse(*at)))
    }

    /// Of how many words the longest of these phrases is that words begin with.
    fn starting(&self, words: &[String], phrases: &[String]) -> Option<usize> {
        let found = phrases.iter().filter(|phrase| begins_with(words, phrase));
        found.map(|phrase| phrase.split(' ').count()).max()
    }
}
