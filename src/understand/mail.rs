//! What a whole mail asks for: its address, its subject and its text taken together.
//!
//! The address first, then the subject, then the first line that is neither greeting nor signature.
//! What follows that line may add a command or a doubt, and otherwise changes nothing.

mod asked;
mod at_list;
mod searched;
mod whole;

use at_list::{is_plainly_prose, nothing_but};
use whole::{combined, go_together, meaning, with_address};

use super::book::PhraseBook;
use super::clauses::quotes;
use super::gist::GistHeard;
use super::sentence::{Around, Ear, Found, Heard};
use super::tokens::{self, Kind, Sentence};
use crate::domain::address::EmailAddress;
use crate::domain::command::{AnimatorCommand, Command, Meaning, Scope, Understood};
use crate::domain::list::Language;
use crate::domain::time::CivilDate;

/// Sentences of a mail that are looked at.
const SENTENCES_MAX: usize = 40;
/// Words of prose before or after a command beyond which it is asked about.
const PROSE_WORDS_MAX: usize = 80;
/// Words of a line that is a name, a number or an address below the text.
const SIGNATURE_LINE_WORDS_MAX: usize = 5;
/// Words of an answer to us, beyond which a "yes" is said to somebody else.
const ANSWER_WORDS_MAX: usize = 6;

/// The words of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// Decoded, on one line.
    pub subject: &'a str,
    /// Whether the subject is that of another message.
    pub answers: bool,
    /// What they wrote themselves, without quotes and signature.
    pub text: &'a str,
}

/// A group that may be named in a mail.
#[derive(Clone, Copy, Debug)]
pub struct GroupName<'a> {
    /// As people call it.
    pub name: &'a str,
    /// Its address: `quartier@lists.example`. This is what [`Scope::Named`] gives back.
    pub address: &'a str,
}

/// Who is writing, as far as words depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaker {
    /// Anybody.
    Anybody,
    /// Somebody who may ask who is part of the group.
    SeesMembers,
    /// Somebody who looks after the group.
    Animator,
}

/// Where a mail was sent, as far as that says what is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A list's own address: a command only if it is nothing but one.
    List,
    /// An address for commands.
    Request,
    /// An address that is a command.
    Says(Command),
    /// Where one searches: the words are what is searched for.
    Search,
    /// The answer to something Parvis sent.
    Answer,
}

/// What is known around a mail.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// Where it was sent.
    pub place: Place,
    /// The day it is, where the writer or the list lives.
    pub today: CivilDate,
    /// The writer's language, or the list's: decides where words mean something in both.
    pub language: Option<Language>,
    /// Who writes.
    pub speaker: Speaker,
    /// The writer's name, from their program or from what we know.
    pub name: &'a str,
    /// The writer's addresses, which say nothing when they stand in the text.
    pub own: &'a [EmailAddress],
    /// The groups that may be named.
    pub groups: &'a [GroupName<'a>],
}

/// What a subject or a text says.
#[derive(Clone, PartialEq, Debug)]
enum Said {
    Silent,
    Sure(Vec<Found>),
    Guess(Found),
    Declined(Found),
    Prose {
        doubt: bool,
        words: usize,
    },
    /// What is said to the others.
    ForPeople,
}

impl PhraseBook {
    /// What a mail asks for.
    pub fn read(&self, mail: &Mail<'_>, situation: &Situation<'_>) -> Understood {
        if situation.place == Place::Search {
            return searched::searched(mail, &Reader::new(self, situation));
        }
        if situation.place == Place::List && is_plainly_prose(mail) {
            return Understood { meaning: Meaning::ForPeople, scope: Scope::Here, language: None };
        }
        let reader = Reader::new(self, situation);
        let subject = if mail.answers { Said::Silent } else { reader.said(mail.subject) };
        let text = match (&situation.place, &subject) {
            // Whatever else it says, that is no command and nothing beside.
            (Place::List, Said::Guess(_) | Said::Declined(_) | Said::Prose { .. } | Said::ForPeople) => {
                Said::Prose { doubt: false, words: 0 }
            }
            (_, _) => reader.said(mail.text),
        };
        let said = match situation.place {
            Place::List => nothing_but(mail, subject, text),
            Place::Request | Place::Says(_) | Place::Answer | Place::Search => {
                match combined(subject, text) {
                    Said::Silent if reader.hears_gists() => {
                        let text = reader.hinted(mail.text);
                        let silent = text == Said::Silent && !mail.answers;
                        if silent { reader.hinted(mail.subject) } else { text }
                    }
                    said @ (Said::Silent
                    | Said::Sure(_)
                    | Said::Guess(_)
                    | Said::Declined(_)
                    | Said::Prose { .. }
                    | Said::ForPeople) => said,
                }
            }
        };
        let said = reader.without_asking_back(said, mail);
        let (scope, language) = reader.scope_and_language(&said);
        if let Some(command) = self.people_named(mail, situation, &said) {
            let meaning = Meaning::Certain(command.into_iter().map(Command::Animator).collect());
            return Understood { meaning, scope, language };
        }
        let meaning = match &situation.place {
            Place::Says(command) => with_address(command, said),
            Place::List | Place::Request | Place::Answer | Place::Search => meaning(said),
        };
        let orders = situation.speaker == Speaker::Animator
            && matches!(situation.place, Place::Request | Place::Answer);
        let meaning = if orders { self.orders.instead(mail, meaning) } else { meaning };
        Understood { meaning, scope, language }
    }
}

impl PhraseBook {
    /// The list of people an animator gives, unless their sentences say something else.
    fn people_named(
        &self,
        mail: &Mail<'_>,
        situation: &Situation<'_>,
        said: &Said,
    ) -> Option<Vec<AnimatorCommand>> {
        let read_here = matches!(situation.place, Place::Request | Place::Answer);
        if situation.speaker != Speaker::Animator || !read_here || self.orders.leaves_open(mail.text) {
            return None;
        }
        let about_people = |found: &Found| {
            let of_list = matches!(&found.command, Command::Animator(command) if command.people().is_some());
            // « Nom;Prénom;Adresse » over a table is nobody's new name.
            of_list
                || matches!(
                    found.command,
                    Command::NewAddress(_) | Command::Join | Command::Leave | Command::Name(_)
                )
        };
        let other = |found: &&Found| !about_people(found);
        if matches!(said, Said::Sure(found) if found.iter().any(|found| other(&found))) {
            return None;
        }
        let subject = if mail.answers { "" } else { mail.subject };
        let in_text = self.people.read(without_greeting(mail.text));
        in_text.or_else(|| self.people.read(&format!("{subject}\n{}", mail.text)))
    }
}

/// A text without a first line that only greets somebody: « Bonjour Paul, ».
fn without_greeting(text: &str) -> &str {
    const WORDS_MAX: usize = 4;
    const GREETINGS: [&str; 6] = ["bonjour", "bonsoir", "salut", "hello", "hi", "dear"];
    let text = text.trim_start();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let words: Vec<&str> = first.split_whitespace().collect();
    let greets = words.first().is_some_and(|word| {
        GREETINGS.contains(&tokens::fold(word.trim_end_matches([',', '!', '.'])).as_str())
    });
    let is_short = words.len() <= WORDS_MAX && !first.contains('@');
    if greets && is_short { rest } else { text }
}

/// Everything that is compared with the words of a mail, once.
struct Reader<'a> {
    book: &'a PhraseBook,
    situation: &'a Situation<'a>,
    name: Vec<String>,
    groups: Vec<Vec<Vec<String>>>,
}

impl<'a> Reader<'a> {
    fn new(book: &'a PhraseBook, situation: &'a Situation<'a>) -> Reader<'a> {
        let words = |text: &str| -> Vec<String> {
            tokens::tokens(text, 0, &book.kin).into_iter().map(|token| token.word).collect()
        };
        let spellings = |group: &GroupName<'_>| {
            let local = group.address.split('@').next().unwrap_or_default();
            vec![words(group.name), words(local), vec![group.address.to_ascii_lowercase()]]
        };
        // A name that is a word of the phrase book is that word: Mrs. Stop is asked twice.
        let name = words(situation.name).into_iter().filter(|word| book.vocabulary.get(word).is_none());
        Reader {
            book,
            situation,
            name: name.collect(),
            groups: situation.groups.iter().map(spellings).collect(),
        }
    }

    fn said(&self, text: &str) -> Said {
        let around = self.around(text);
        let ear = Ear { book: self.book, around: &around };
        let sentences = tokens::sentences(text, &self.book.kin);
        let mut heard: Vec<(Heard, &Sentence)> = Vec::new();
        for sentence in sentences.iter().take(SENTENCES_MAX) {
            let spoken = heard.iter().any(|(heard, _)| *heard != Heard::Silent);
            if spoken && is_signature_line(sentence) {
                continue;
            }
            let said = ear.hear(sentence);
            let begins_as_prose = matches!(said, Heard::Prose | Heard::Probably(_) | Heard::Declined(_));
            if self.situation.place == Place::List && !spoken && begins_as_prose {
                return Said::Prose { doubt: false, words: 0 };
            }
            // Below "Cordialement," stands a signature.
            let closes = said == Heard::Silent && sentence.ends_line && sentence.opens_line;
            heard.push((said, sentence));
            if spoken && closes {
                break;
            }
        }
        let more = sentences.len() > SENTENCES_MAX;
        let said = self.in_all(&ear, &heard, more, quotes(text));
        if self.hears_gists() { self.with_gist(said, &ear, &sentences) } else { said }
    }

    /// Only where words alone say what is wanted: a gist says nothing plainly.
    fn hears_gists(&self) -> bool {
        match &self.situation.place {
            Place::Request | Place::Answer => true,
            Place::Says(command) => *command == Command::Help,
            Place::List | Place::Search => false,
        }
    }

    /// What a text is about as a whole, where no sentence of it is a phrase; and what only people
    /// should read, whatever else it seems to ask for.
    fn with_gist(&self, said: Said, ear: &Ear<'_>, sentences: &[Sentence]) -> Said {
        let words: usize = sentences.iter().map(|sentence| sentence.tokens.len()).sum();
        let gist = || ear.gist(&sentences[..sentences.len().min(SENTENCES_MAX)]);
        let answers = |found: &Found| matches!(found.command, Command::Yes | Command::No);
        match said {
            Said::Silent | Said::ForPeople => said,
            // "Yes, I will bring the cake" was not asked by us.
            Said::Guess(ref found) if answers(found) && words > ANSWER_WORDS_MAX && self.asked_nothing() => {
                match gist() {
                    GistHeard::Found(found) => Said::Guess(found),
                    GistHeard::ForPeople => Said::ForPeople,
                    GistHeard::Nothing => Said::Prose { doubt: true, words },
                }
            }
            Said::Sure(ref found) => match gist() {
                GistHeard::ForPeople if !found.iter().any(answers) => Said::Guess(found[0].clone()),
                GistHeard::ForPeople | GistHeard::Found(_) | GistHeard::Nothing => said,
            },
            // What more words speak for is the better guess.
            Said::Guess(ref found) => match gist() {
                GistHeard::ForPeople => Said::ForPeople,
                GistHeard::Found(other)
                    if found.words > 1 && other.words > found.words && other.command != Command::Leave =>
                {
                    Said::Guess(other)
                }
                GistHeard::Found(_) | GistHeard::Nothing => said,
            },
            Said::Declined(ref found) => match gist() {
                GistHeard::Found(other) if other.command != found.command => Said::Guess(other),
                GistHeard::ForPeople | GistHeard::Found(_) | GistHeard::Nothing => said,
            },
            Said::Prose { words, .. } if words > PROSE_WORDS_MAX => said,
            Said::Prose { .. } => match gist() {
                GistHeard::Found(found) => Said::Guess(found),
                GistHeard::ForPeople => Said::ForPeople,
                GistHeard::Nothing => said,
            },
        }
    }

    /// Nothing of ours is answered here, so that a "yes" among other words answers somebody else.
    fn asked_nothing(&self) -> bool {
        self.situation.place == Place::Request
    }

    /// What words hint at that are nothing but politeness and reasons: "I am overwhelmed."
    fn hinted(&self, text: &str) -> Said {
        let around = self.around(text);
        let sentences = tokens::sentences(text, &self.book.kin);
        let few = &sentences[..sentences.len().min(SENTENCES_MAX)];
        match (Ear { book: self.book, around: &around }).gist(few) {
            GistHeard::Found(found) => Said::Guess(found),
            GistHeard::ForPeople => Said::ForPeople,
            GistHeard::Nothing => Said::Silent,
        }
    }

    fn around<'t>(&'t self, text: &'t str) -> Around<'t> {
        Around {
            text,
            today: self.situation.today,
            language: self.situation.language,
            speaker: self.situation.speaker,
            name: &self.name,
            own: self.situation.own,
            groups: &self.groups,
            asides: self.situation.place != Place::List,
        }
    }

    /// What the sentences say together.
    fn in_all(&self, ear: &Ear<'_>, heard: &[(Heard, &Sentence)], more: bool, quoted: bool) -> Said {
        let spoken: Vec<&(Heard, &Sentence)> = heard.iter().filter(|(h, _)| *h != Heard::Silent).collect();
        let Some(((first, sentence), rest)) = spoken.split_first() else { return Said::Silent };
        let mut prose = 0;
        let (mut doubt, mut others, mut declined): (bool, Vec<&Found>, Vec<&Found>) =
            (more, Vec::new(), Vec::new());
        let (mut sures, mut reasons): (Vec<&Found>, Vec<&Found>) = (Vec::new(), Vec::new());
        for (heard, sentence) in rest {
            match heard {
                Heard::Silent => {}
                Heard::Sure(found) => sures.extend(found),
                Heard::Probably(found) => others.push(found),
                Heard::Reason(found) => reasons.push(found),
                Heard::Declined(found) => declined.push(found),
                Heard::Prose => {
                    prose += sentence.tokens.len();
                    doubt |= self.begins_with_doubt(sentence);
                }
            }
        }
        match first {
            Heard::Silent => Said::Silent,
            Heard::Sure(found) => {
                let mut all = found.clone();
                for sure in sures {
                    if !all.iter().any(|known| known.command == sure.command) {
                        all.push(sure.clone());
                    }
                }
                // "Please pause my mail. I am away until Monday."
                if let Some(dated) = reasons.iter().find(|reason| says_until_when(&found[0], reason)) {
                    return Said::Guess((*dated).clone());
                }
                let same = |other: &&Found| all.iter().any(|known| known.command == other.command);
                let contrary = declined.iter().any(same) || !others.iter().all(same);
                // "Stop. I cannot believe it." is no order; "Stop" on a line of its own is.
                let bare = found.iter().map(|found| found.words).sum::<usize>() < 2;
                let torn = bare && prose > 0 && !sentence.ends_line;
                if contrary || doubt || torn || prose > PROSE_WORDS_MAX || !go_together(&all) {
                    Said::Guess(all.remove(0))
                } else {
                    Said::Sure(all)
                }
            }
            Heard::Reason(reason) if !sures.is_empty() => {
                let sure = sures[0];
                let dated = says_until_when(sure, reason);
                let torn = doubt || !declined.is_empty() || sures.len() > 1 || prose > PROSE_WORDS_MAX;
                match (dated, torn) {
                    (true, _) => Said::Guess(reason.clone()),
                    (false, true) => Said::Guess(sure.clone()),
                    (false, false) => Said::Sure(vec![sure.clone()]),
                }
            }
            // What is plainly asked says more than what a sentence before it hinted at.
            Heard::Probably(found) | Heard::Reason(found) => {
                let plain = sures.first().filter(|sure| sure.is_plain());
                Said::Guess(plain.map_or_else(|| found.clone(), |sure| (*sure).clone()))
            }
            Heard::Declined(found) => match sures.first().or(others.first()) {
                Some(other) if other.command != found.command => Said::Guess((*other).clone()),
                Some(_) | None => Said::Declined(found.clone()),
            },
            Heard::Prose => {
                let words = prose + sentence.tokens.len();
                doubt |= self.begins_with_doubt(sentence);
                let told = declined.is_empty() && !doubt && words <= PROSE_WORDS_MAX;
                if let Some(asked) = sures.first().filter(|found| told && found.is_plain())
                    && self.situation.place != Place::List
                    && sures.iter().chain(&others).all(|found| found.command == asked.command)
                    && !quoted
                    && !heard.iter().any(|(_, said)| ear.leaves_a_day_out(&said.tokens, asked))
                {
                    return Said::Sure(vec![(*asked).clone()]);
                }
                let later = sures.first().or(others.first()).filter(|_| words <= PROSE_WORDS_MAX);
                match (later, declined.first()) {
                    (Some(found), _) => Said::Guess((*found).clone()),
                    (None, Some(found)) => Said::Declined((*found).clone()),
                    (None, None) => Said::Prose { doubt, words },
                }
            }
        }
    }

    fn begins_with_doubt(&self, sentence: &Sentence) -> bool {
        let first = sentence.tokens.iter().find(|token| token.kind != Kind::Comma);
        first.is_some_and(|token| self.book.doubts.contains(&token.word))
    }

    fn scope_and_language(&self, said: &Said) -> (Scope, Option<Language>) {
        let found: Vec<&Found> = match said {
            Said::Sure(found) => found.iter().collect(),
            Said::Guess(found) | Said::Declined(found) => vec![found],
            Said::Silent | Said::Prose { .. } | Said::ForPeople => Vec::new(),
        };
        let language = found.iter().find_map(|found| found.language);
        if found.iter().any(|found| found.everywhere) {
            return (Scope::All, language);
        }
        let mut named: Vec<String> = Vec::new();
        for group in found.iter().flat_map(|found| &found.groups) {
            let address = self.situation.groups[*group].address.to_owned();
            if !named.contains(&address) {
                named.push(address);
            }
        }
        (if named.is_empty() { Scope::Here } else { Scope::Named(named) }, language)
    }
}

/// Whether a reason names the day a pause without one ends.
fn says_until_when(pause: &Found, reason: &Found) -> bool {
    let until = |found: &Found| {
        if let Command::Pause(holidays) = &found.command { Some(holidays.until) } else { None }
    };
    until(pause) == Some(None) && matches!(until(reason), Some(Some(_)))
}

/// A name, a telephone number, an address of the web: what stands below a text.
fn is_signature_line(sentence: &Sentence) -> bool {
    let is_name = |token: &tokens::Token| match token.kind {
        Kind::Word => token.capital,
        Kind::Number(_) | Kind::Address(_) | Kind::Comma => true,
    };
    sentence.opens_line
        && sentence.ends_line
        && sentence.tokens.len() <= SIGNATURE_LINE_WORDS_MAX
        && sentence.tokens.iter().all(is_name)
}
