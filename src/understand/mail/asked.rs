//! When a guess is done without asking back.
//!
//! A phrase among other words is only a guess. It is as good as said outright where the sentence it
//! stands in asks it of us ("merci de", an imperative), no other sentence asks for anything else, and
//! nothing in the mail is about others, about what was or about what might be. All of that is looked
//! for in the phrase book's sets (`asking`, `orders`, `told`); nothing here knows a word.

use super::{Mail, PROSE_WORDS_MAX, Place, Reader, Said, is_signature_line};
use crate::domain::command::{Command, Holidays, QuietHours, Rhythm};
use crate::domain::list::Language;
use crate::domain::member::Reading;
use crate::understand::clauses::quotes;
use crate::understand::gist::GistHeard;
use crate::understand::pattern::Chart;
use crate::understand::sentence::{Ear, Found, Heard};
use crate::understand::slots::{DateCertainty, Kept, Slot};
use crate::understand::tokens::{self, Kind, Sentence, Token};

/// Sentences of a mail that is plain; more tell a story.
const PLAIN_SENTENCES_MAX: usize = 10;

/// What is said of a sentence by a phrase alone, by its gist alone, or by both: words, and percent of
/// the words that say anything. Two readings that agree need not have read as much.
const HEARD_WORDS_MIN: usize = 2;
const HEARD_PERCENT_MIN: usize = 60;
const HINTED_WORDS_MIN: usize = 3;
const HINTED_PERCENT_MIN: usize = 40;
const BOTH_PERCENT_MIN: usize = 25;

/// What a sentence does to a guess.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weighed {
    /// It asks for it.
    For,
    /// It has nothing to do with it.
    Beside,
    /// It casts a doubt on it.
    Against,
}

impl Reader<'_> {
    /// A guess as what is wanted, if it is asked of us and nothing in the mail speaks against it.
    pub(super) fn without_asking_back(&self, said: Said, mail: &Mail<'_>) -> Said {
        match said {
            Said::Guess(found) if self.is_asked_plainly(&found, mail) => Said::Sure(vec![found]),
            Said::Silent
            | Said::Sure(_)
            | Said::Guess(_)
            | Said::Declined(_)
            | Said::Prose { .. }
            | Said::ForPeople => said,
        }
    }

    fn is_asked_plainly(&self, found: &Found, mail: &Mail<'_>) -> bool {
        let here = match &self.situation.place {
            Place::Request => true,
            Place::Says(command) => *command == Command::Help,
            Place::List | Place::Search | Place::Answer => false,
        };
        if !here || !may_be_done(&found.command, mail.answers) || quotes(mail.text) {
            return false;
        }
        let subject = if mail.answers { "" } else { mail.subject };
        let mut asked = false;
        let (mut words, mut count, mut days) = (0, 0, Vec::new());
        for text in [subject, mail.text] {
            let around = self.around(text);
            let ear = Ear { book: self.book, around: &around };
            for sentence in tokens::sentences(text, &self.book.kin) {
                if asked && is_signature_line(&sentence) {
                    continue;
                }
                words += sentence.tokens.len();
                count += 1;
                if count > PLAIN_SENTENCES_MAX || words > PROSE_WORDS_MAX {
                    return false;
                }
                match ear.weigh(&sentence, found, &mut days) {
                    Weighed::For => asked = true,
                    Weighed::Beside => {}
                    Weighed::Against => return false,
                }
            }
        }
        asked && self.names_all(&found.command, &days)
    }

    /// Whether a command says all the days and hours that were named beside it.
    fn names_all(&self, command: &Command, mentions: &[Mention]) -> bool {
        let days = mentions.iter().filter(|mention| **mention == Mention::Day).count();
        let months = mentions.iter().filter(|mention| **mention == Mention::Month).count();
        let hours = mentions.iter().filter(|mention| matches!(mention, Mention::Hour(_))).count();
        match command {
            Command::Read(Rhythm { reading: Reading::None, .. }) if mentions.contains(&Mention::Unit) => {
                false
            }
            Command::Read(rhythm) => {
                days <= usize::from(rhythm.day.is_some())
                    && months == 0
                    && (hours == 0 || rhythm.hour.is_some_and(|hour| mentions.contains(&Mention::Hour(hour))))
            }
            Command::Pause(Holidays { from, until }) => {
                let named = usize::from(from.is_some()) + usize::from(until.is_some());
                // "Until the holidays are over": an end that was named and not understood.
                let dated = until.is_some() && days + months <= named;
                dated && !mentions.contains(&Mention::Doubtful)
            }
            Command::Quiet(Some(QuietHours { from, to })) => {
                [from, to].iter().all(|hour| mentions.contains(&Mention::Hour(**hour)))
            }
            Command::NewAddress(addresses) => {
                let named = usize::from(addresses.old.is_some()) + usize::from(addresses.new.is_some());
                mentions.iter().filter(|mention| **mention == Mention::Address).count() <= named
            }
            Command::Join
            | Command::Leave
            | Command::Resume
            | Command::Mute
            | Command::Follow
            | Command::Threads(_)
            | Command::Summary(_)
            | Command::Until(_)
            | Command::Quiet(None)
            | Command::OwnPosts(_)
            | Command::Search(_)
            | Command::Thread(_)
            | Command::Settings
            | Command::Name(_)
            | Command::Language(_)
            | Command::MyData
            | Command::ForgetMe
            | Command::Withdraw
            | Command::WhereIsMyMessage
            | Command::Help
            | Command::ComeBack
            | Command::Yes
            | Command::No
            | Command::Animator(_) => !mentions.contains(&Mention::Address),
        }
    }
}

/// Something a command may have been meant for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mention {
    Day,
    Month,
    /// A week, a month.
    Unit,
    Hour(u8),
    Address,
    /// A date of which nobody can tell which number is the month.
    Doubtful,
}

/// What can be undone by another mail, only answers, or is asked once more by what it leads to.
fn may_be_done(command: &Command, answers: bool) -> bool {
    match command {
        Command::Join
        | Command::Leave
        | Command::Read(_)
        | Command::Pause(_)
        | Command::Resume
        | Command::Threads(_)
        | Command::Quiet(_)
        | Command::OwnPosts(_)
        | Command::Settings
        | Command::Language(_)
        | Command::NewAddress(_)
        | Command::ForgetMe
        | Command::WhereIsMyMessage => true,
        Command::Mute | Command::Follow => answers,
        Command::Search(_)
        | Command::Thread(_)
        | Command::Name(_)
        | Command::Summary(_)
        | Command::Until(_)
        | Command::MyData
        | Command::Withdraw
        | Command::Help
        | Command::ComeBack
        | Command::Yes
        | Command::No
        | Command::Animator(_) => false,
    }
}

impl Ear<'_> {
    /// What one sentence does to a guess, and what it names.
    fn weigh(&self, sentence: &Sentence, found: &Found, mentions: &mut Vec<Mention>) -> Weighed {
        let tokens = &sentence.tokens;
        if sentence.signs || tokens.len() > tokens::SENTENCE_WORDS_MAX {
            return Weighed::Against;
        }
        let charted = self.chart(tokens);
        let numbers = &self.book.numbers;
        let wonders = !found.command.only_asks() && self.tells(&numbers.wondering, tokens, &charted.chart);
        // "I cannot join the walk", "I end my subscription": joining other things, and the contrary of it.
        let negated = found.command == Command::Join
            && tokens.iter().any(|token| self.book.negations.contains(&token.word));
        if negated || wonders || self.tells(&numbers.told, tokens, &charted.chart) {
            return Weighed::Against;
        }
        self.mention(tokens, &charted.chart, found.language, mentions);
        let same = |other: &Found| other.command == found.command;
        let weight = |other: &Found| if other.faint { 0 } else { other.words };
        let heard = match self.hear(sentence) {
            Heard::Sure(all) if all.iter().all(same) => weight(&all[0]),
            Heard::Probably(other) if same(&other) => weight(&other),
            Heard::Sure(_) | Heard::Probably(_) | Heard::Declined(_) => return Weighed::Against,
            Heard::Silent | Heard::Reason(_) | Heard::Prose => 0,
        };
        let hinted = match self.gist(std::slice::from_ref(sentence)) {
            GistHeard::Found(other) if same(&other) => weight(&other),
            GistHeard::ForPeople | GistHeard::Found(_) => return Weighed::Against,
            GistHeard::Nothing => 0,
        };
        let says = |at: &usize| tokens[*at].kind != Kind::Comma && !charted.chart.is_idle_at(*at);
        let of = (0..tokens.len()).filter(says).count();
        let share = |words: usize, percent: usize| words * 100 >= of * percent;
        // Joining and quiet nights are spoken of for other reasons, too.
        let told_too = matches!(found.command, Command::Join | Command::Quiet(_));
        let enough = match (heard, hinted) {
            (0, hinted) => !told_too && hinted >= HINTED_WORDS_MIN && share(hinted, HINTED_PERCENT_MIN),
            (heard, 0) => !told_too && heard >= HEARD_WORDS_MIN && share(heard, HEARD_PERCENT_MIN),
            (heard, hinted) => share(heard.max(hinted), BOTH_PERCENT_MIN),
        };
        let asked = found.command.only_asks() && sentence.question;
        if enough && (asked || self.asks(tokens, &charted.chart)) { Weighed::For } else { Weighed::Beside }
    }

    /// Whether something of these sets stands there, and is more than politeness.
    fn tells(&self, sets: &[usize], tokens: &[Token], chart: &Chart) -> bool {
        let told = |set: &usize| {
            (0..tokens.len()).any(|at| {
                let spans = &chart.sets[*set][at];
                spans.iter().any(|span| span.slips == 0 && !(at..span.end).all(|word| chart.is_idle_at(word)))
            })
        };
        sets.iter().any(told)
    }

    /// Whether something is asked of whoever reads this.
    fn asks(&self, tokens: &[Token], chart: &Chart) -> bool {
        let spans = |set: &usize, at: usize| chart.sets[*set][at].iter().any(|span| span.slips == 0);
        let numbers = &self.book.numbers;
        let reached = chart.reached_by_idle(tokens.len());
        let begins = |at: usize| reached.contains(&at) || (at > 0 && self.breaks(&tokens[at - 1]));
        (0..tokens.len()).any(|at| {
            numbers.asking.iter().any(|set| spans(set, at))
                || (begins(at) && numbers.orders.iter().any(|set| spans(set, at)))
                || self.commands(tokens, at)
        })
    }

    /// A French imperative: « enlevez-moi », and not « vous enlevez ».
    fn commands(&self, tokens: &[Token], at: usize) -> bool {
        const ENDING: &str = "ez";
        const NO_VERBS: [&str; 8] = ["chez", "assez", "nez", "rez", "avez", "allez", "savez", "lez"];
        let token = &tokens[at];
        let written = self.around.text.get(token.at.clone()).map(tokens::fold).unwrap_or_default();
        let after_you = at > 0 && tokens[at - 1].word == "vous";
        token.kind == Kind::Word
            && written.ends_with(ENDING)
            && !NO_VERBS.contains(&written.as_str())
            && !after_you
    }

    fn mention(
        &self,
        tokens: &[Token],
        chart: &Chart,
        language: Option<Language>,
        mentions: &mut Vec<Mention>,
    ) {
        let calendar = &self.book.calendar;
        for (at, token) in tokens.iter().enumerate() {
            if matches!(&token.kind, Kind::Address(address) if !self.around.own.contains(address)) {
                mentions.push(Mention::Address);
            }
            if calendar.days.contains_key(&token.word) {
                mentions.push(Mention::Day);
            } else if calendar.months.contains_key(&token.word) {
                mentions.push(Mention::Month);
            } else if calendar.units.contains_key(&token.word) {
                mentions.push(Mention::Unit);
            }
            for (end, kept) in chart.slots[&Slot::Hour][at].iter().chain(&chart.slots[&Slot::Date][at]) {
                match kept {
                    // A number alone may count anything.
                    Kept::Hour { hour, .. } if *end > at + 1 => mentions.push(Mention::Hour(*hour)),
                    Kept::Date(read) => match read.certainty {
                        DateCertainty::Doubtful => mentions.push(Mention::Doubtful),
                        DateCertainty::DayFirst if language != Some(Language::Fr) => {
                            mentions.push(Mention::Doubtful);
                        }
                        DateCertainty::Sure | DateCertainty::DayFirst | DateCertainty::DayAlone => {}
                    },
                    Kept::Hour { .. }
                    | Kept::Duration(_)
                    | Kept::Day(_)
                    | Kept::Number(_)
                    | Kept::Address(_)
                    | Kept::Words(_)
                    | Kept::Group(_)
                    | Kept::Everywhere => {}
                }
            }
        }
    }
}
