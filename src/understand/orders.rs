//! What animators ask for in whole sentences: « rien ne part sans que je l’aie lu ».
//!
//! Wordings of `data/phrases/orders.toml` are looked for where no phrase was understood; what is found
//! is proposed, never done at once. A sentence that leaves it open, tells of the past or asks people
//! makes the mail one for people. Knows nothing of lists of people; those are `people`'s.

mod wording;

use std::collections::HashMap;

use serde::Deserialize;

use super::book::own_words;
use super::mail::Mail;
use super::tokens::{self, Kin, Kind, Sentence, Token};
use crate::domain::command::{AnimatorCommand, Called, Command, Holding, Meaning};
use crate::domain::member::Role;
use wording::Wording;

/// Sentences that are looked at.
const SENTENCES_MAX: usize = 20;
/// Words of a sentence that may ask for something; a longer one tells a story.
const SENTENCE_WORDS_MAX: usize = 40;
/// The most posts in ten minutes that are a pace.
const PACE_MAX: u64 = 100;
/// Words of a name.
const NAME_WORDS_MAX: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    hold_all: Vec<String>,
    hold_off: Vec<String>,
    pace: Vec<String>,
    pace_off: Vec<String>,
    members: Vec<String>,
    letter: Vec<String>,
    history: Vec<String>,
    close: Vec<String>,
    reopen: Vec<String>,
    slow: Vec<String>,
    animates: Vec<String>,
    animates_not: Vec<String>,
    remove_named: Vec<String>,
    open: Vec<String>,
    verbs: Vec<String>,
    numbers: HashMap<String, u64>,
}

/// The wordings of orders.
pub(super) struct Orders {
    hold_all: Vec<Wording>,
    hold_off: Vec<Wording>,
    pace: Vec<Wording>,
    pace_off: Vec<Wording>,
    members: Vec<Wording>,
    letter: Vec<Wording>,
    history: Vec<Wording>,
    close: Vec<Wording>,
    reopen: Vec<Wording>,
    slow: Vec<Wording>,
    animates: Vec<Wording>,
    animates_not: Vec<Wording>,
    remove_named: Vec<Wording>,
    open: Vec<Wording>,
    verbs: Vec<String>,
    numbers: HashMap<String, u64>,
}

/// What the words of a mail ask for as orders.
#[derive(PartialEq, Debug)]
pub(super) enum Ordered {
    /// None is in it.
    Nothing,
    /// Something that leaves it open, or is said to people.
    Open,
    /// These, to be proposed.
    These(Vec<AnimatorCommand>),
}

impl Orders {
    pub(super) fn own() -> Orders {
        let file: File = own_words(include_str!("../../data/phrases/orders.toml"));
        let read = |wordings: Vec<String>| wordings.iter().map(|text| Wording::parse(text)).collect();
        Orders {
            hold_all: read(file.hold_all),
            hold_off: read(file.hold_off),
            pace: read(file.pace),
            pace_off: read(file.pace_off),
            members: read(file.members),
            letter: read(file.letter),
            history: read(file.history),
            close: read(file.close),
            reopen: read(file.reopen),
            slow: read(file.slow),
            animates: read(file.animates),
            animates_not: read(file.animates_not),
            remove_named: read(file.remove_named),
            open: read(file.open),
            verbs: file.verbs,
            numbers: file.numbers,
        }
    }

    /// The meaning of a mail of which nothing was understood for certain.
    pub(super) fn instead(&self, mail: &Mail<'_>, meaning: Meaning) -> Meaning {
        let read = self.read(mail);
        if let Meaning::Certain(commands) = &meaning {
            // "I want to approve each message": to look after them all is no way to read.
            let reads = matches!(commands.as_slice(), [Command::Read(_)]);
            let holds = matches!(&read, Ordered::These(orders) if matches!(orders.as_slice(), [AnimatorCommand::Hold(_)]));
            if !(reads && holds) {
                return meaning;
            }
        }
        match read {
            Ordered::Nothing => meaning,
            Ordered::Open => {
                let order = matches!(meaning, Meaning::Guess(Command::Animator(_)));
                // What was taken for the writer's own wish speaks of others.
                let own =
                    matches!(meaning, Meaning::Guess(Command::Join | Command::Leave | Command::Withdraw));
                let for_people =
                    order || self.asks_about_orders(mail) || own && self.speaks_of_orders(mail.text);
                if for_people { Meaning::ForPeople } else { meaning }
            }
            Ordered::These(mut commands) => {
                // Several are shown before they are done, whatever they are.
                if commands.len() > 1 {
                    Meaning::Certain(commands.into_iter().map(Command::Animator).collect())
                } else {
                    commands.pop().map_or(meaning, |only| Meaning::Guess(Command::Animator(only)))
                }
            }
        }
    }

    /// Whether a mail leaves open what it speaks of, or says it to people.
    pub(super) fn leaves_open(&self, text: &str) -> bool {
        let sentences = tokens::sentences(text, &Kin::new());
        sentences.iter().take(SENTENCES_MAX).any(|sentence| self.has(&self.open, sentence))
    }

    /// Whether an order is wondered about: « Faut-il que je lève la limite des messages ? »
    fn asks_about_orders(&self, mail: &Mail<'_>) -> bool {
        let sentences = tokens::sentences(mail.text, &Kin::new());
        sentences.iter().take(SENTENCES_MAX).any(|sentence| {
            sentence.tokens.len() <= SENTENCE_WORDS_MAX
                && !self.of_sentence(sentence, mail.answers).is_empty()
        })
    }

    fn speaks_of_orders(&self, text: &str) -> bool {
        let sentences = tokens::sentences(text, &Kin::new());
        let mut words = sentences.iter().flat_map(|sentence| &sentence.tokens);
        words.any(|token| self.verbs.iter().any(|begins| token.word.starts_with(begins)))
    }

    fn read(&self, mail: &Mail<'_>) -> Ordered {
        let mut sentences = tokens::sentences(mail.text, &Kin::new());
        if sentences.len() > SENTENCES_MAX {
            return Ordered::Nothing;
        }
        if !mail.answers {
            sentences.extend(tokens::sentences(mail.subject, &Kin::new()));
        }
        let mut found: Vec<AnimatorCommand> = Vec::new();
        for sentence in sentences.iter().filter(|sentence| sentence.tokens.len() <= SENTENCE_WORDS_MAX) {
            if self.has(&self.open, sentence) {
                return Ordered::Open;
            }
            for command in self.of_sentence(sentence, mail.answers) {
                if !found.contains(&command) {
                    found.push(command);
                }
            }
        }
        if let Some(about_somebody) = self.about_somebody(&sentences) {
            found.push(about_somebody);
        }
        match found.as_slice() {
            [] => Ordered::Nothing,
            // What only asks stands alone; two that change the same thing are no order.
            [_] => Ordered::These(found),
            several if several.iter().any(AnimatorCommand::only_asks) || contradict(several) => Ordered::Open,
            [..] => Ordered::These(found),
        }
    }

    fn of_sentence(&self, sentence: &Sentence, answers: bool) -> Vec<AnimatorCommand> {
        let mut found = Vec::new();
        if self.has(&self.hold_off, sentence) {
            found.push(AnimatorCommand::Hold(Holding::AsUsual));
        } else if self.has(&self.hold_all, sentence) {
            found.push(AnimatorCommand::Hold(Holding::All));
        }
        if self.has(&self.pace_off, sentence) {
            found.push(AnimatorCommand::Pace(None));
        } else if let Some(posts) = self.number(&self.pace, sentence) {
            found.push(AnimatorCommand::Pace(Some(posts)));
        }
        if answers {
            let topics = [
                (&self.reopen, AnimatorCommand::Reopen),
                (&self.close, AnimatorCommand::Close),
                (&self.slow, AnimatorCommand::Slow),
            ];
            let said = topics.into_iter().find(|(wordings, _)| self.has(wordings, sentence));
            found.extend(said.map(|(_, command)| command));
        }
        let asked = [
            (&self.members, AnimatorCommand::Members),
            (&self.history, AnimatorCommand::History),
            (&self.letter, AnimatorCommand::Letter),
        ];
        let said = asked.into_iter().find(|(wordings, _)| self.has(wordings, sentence));
        found.extend(said.map(|(_, command)| command));
        found
    }

    /// Another role for whoever has the one address in it; or somebody named is to be removed.
    fn about_somebody(&self, sentences: &[Sentence]) -> Option<AnimatorCommand> {
        let any = |wordings: &[Wording]| sentences.iter().any(|sentence| self.has(wordings, sentence));
        let mut addresses = sentences.iter().flat_map(|sentence| &sentence.tokens).filter_map(|token| {
            if let Kind::Address(address) = &token.kind { Some(address.clone()) } else { None }
        });
        match (addresses.next(), addresses.next()) {
            (Some(address), None) => {
                let roles = [(&self.animates_not, Role::Member), (&self.animates, Role::Animator)];
                let (_, role) = roles.into_iter().find(|(wordings, _)| any(wordings))?;
                Some(AnimatorCommand::Role(role, vec![Called::at(address)]))
            }
            (None, _) if any(&self.remove_named) => {
                let name = sentences.iter().find_map(whole_name)?;
                Some(AnimatorCommand::Remove(vec![Called::by_name(name)]))
            }
            (_, _) => None,
        }
    }

    fn has(&self, wordings: &[Wording], sentence: &Sentence) -> bool {
        wordings.iter().any(|wording| wording.find(&sentence.tokens, &self.numbers).is_some())
    }

    fn number(&self, wordings: &[Wording], sentence: &Sentence) -> Option<u32> {
        let found = wordings.iter().find_map(|wording| wording.find(&sentence.tokens, &self.numbers))?;
        found.number.filter(|number| (1..=PACE_MAX).contains(number)).and_then(|n| u32::try_from(n).ok())
    }
}

/// Two of them set the same thing, each otherwise.
fn contradict(commands: &[AnimatorCommand]) -> bool {
    let kind = |command: &AnimatorCommand| std::mem::discriminant(command);
    let of_topic = |command: &&AnimatorCommand| {
        matches!(command, AnimatorCommand::Slow | AnimatorCommand::Close | AnimatorCommand::Reopen)
    };
    let twice =
        |(at, one): (usize, &AnimatorCommand)| commands[..at].iter().any(|other| kind(other) == kind(one));
    commands.iter().enumerate().any(twice) || commands.iter().filter(of_topic).count() > 1
}

/// The first two words or more that all begin with a capital letter.
fn whole_name(sentence: &Sentence) -> Option<String> {
    const PARTICLES: [&str; 10] = ["de", "du", "des", "la", "le", "van", "von", "der", "den", "di"];
    const TITLES: [&str; 8] = ["mme", "mr", "mrs", "ms", "madame", "monsieur", "sad", "sadly"];
    let is_part =
        |token: &Token| token.kind == Kind::Word && token.capital && !TITLES.contains(&token.word.as_str());
    let tokens = &sentence.tokens;
    let mut at = 0;
    while at < tokens.len() {
        let run = tokens[at..]
            .iter()
            .take_while(|token| is_part(token) || PARTICLES.contains(&token.word.as_str()));
        let mut words: Vec<&Token> = run.collect();
        let length = words.len().max(1);
        while words.last().is_some_and(|token| !is_part(token)) {
            words.pop();
        }
        let capitals = words.iter().filter(|token| is_part(token)).count();
        // Alone on its line it signs.
        let signs = words.len() == tokens.len();
        if !signs && is_part(&tokens[at]) && capitals >= 2 && words.len() <= NAME_WORDS_MAX {
            return Some(words.iter().map(|token| token.word.clone()).collect::<Vec<_>>().join(" "));
        }
        at += length;
    }
    None
}

#[cfg(test)]
mod tests;
