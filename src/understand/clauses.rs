//! The clauses of one sentence, and what they say together.
//!
//! A story and a plain request in one sentence ("we leave for Spain, please hold my mail") are the
//! request, as long as the story casts no doubt on it. Knows nothing of phrases; those are `sentence`'s.

use super::pattern::Chart;
use super::sentence::{Ear, Found, Heard};
use super::tokens::{Kind, Token};
use crate::domain::command::Command;

/// Words of a request that is plain whatever story stands beside it; "stop" and "pause" are told too.
const PLAIN_WORDS_MIN: usize = 3;
/// Words somebody puts around what others said.
const QUOTED: [char; 6] = ['«', '»', '“', '”', '„', '"'];

/// Whether a text gives the words of others.
pub(super) fn quotes(text: &str) -> bool {
    text.contains(QUOTED)
}

impl Found {
    /// Whether this is so plainly asked of us that a story beside it changes nothing.
    pub(super) fn is_plain(&self) -> bool {
        let asked_of_us = match &self.command {
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
            | Command::MyData => true,
            // Said of other things too, or to the others, or undone by nobody.
            Command::Mute
            | Command::Follow
            | Command::Search(_)
            | Command::Thread(_)
            | Command::Name(_)
            | Command::Summary(_)
            | Command::Until(_)
            | Command::ForgetMe
            | Command::Withdraw
            | Command::WhereIsMyMessage
            | Command::Help
            | Command::ComeBack
            | Command::Yes
            | Command::No
            | Command::Animator(_) => false,
        };
        asked_of_us && self.words >= PLAIN_WORDS_MIN
    }
}

impl Ear<'_> {
    /// The sentence cut at its commas, and where a "but" or "and" begins something else.
    pub(super) fn clauses<'t>(&self, tokens: &'t [Token]) -> Vec<&'t [Token]> {
        tokens.split(|token| self.breaks(token)).filter(|clause| !clause.is_empty()).collect()
    }

    /// What the clauses of one sentence say together.
    pub(super) fn together(&self, tokens: &[Token], heard: Vec<Heard>) -> Heard {
        let (mut sure, mut probably, mut declined, mut prose) = (Vec::new(), None, None, false);
        for clause in heard {
            match clause {
                Heard::Silent => {}
                Heard::Sure(found) => sure.extend(found),
                Heard::Probably(found) | Heard::Reason(found) => probably = probably.or(Some(found)),
                Heard::Declined(found) => declined = declined.or(Some(found)),
                Heard::Prose => prose = true,
            }
        }
        // "Yes, ..." and "No, ..." open a sentence that says something else.
        let answers = |found: &Found| matches!(found.command, Command::Yes | Command::No);
        let only_answers = !sure.is_empty() && sure.iter().all(answers);
        let opened = sure.len() > 1 && sure.iter().any(answers);
        sure.retain(|found| !opened || !answers(found));
        let contrary =
            declined.as_ref().is_some_and(|declined| sure.iter().any(|f| f.command == declined.command));
        match (sure.is_empty(), probably, declined) {
            (false, None, Some(declined)) if only_answers => Heard::Declined(declined),
            (false, None, _) if !prose && !opened && !contrary => Heard::Sure(sure),
            (false, None, None) if self.is_beside_a_story(tokens, &sure) => Heard::Sure(sure),
            (false, _, Some(declined)) if contrary => Heard::Declined(declined),
            (false, _, _) => Heard::Probably(sure.remove(0)),
            (true, Some(found), _) => Heard::Probably(found),
            (true, None, Some(declined)) => Heard::Declined(declined),
            (true, None, None) if prose => Heard::Prose,
            (true, None, None) => Heard::Silent,
        }
    }

    /// One plain request beside clauses that cast no doubt on it, at an address for requests.
    fn is_beside_a_story(&self, tokens: &[Token], sure: &[Found]) -> bool {
        let doubted = || tokens.iter().any(|token| self.book.doubts.contains(&token.word));
        let (first, last) = (tokens.first().map_or(0, |t| t.at.start), tokens.last().map_or(0, |t| t.at.end));
        let own_words = || self.around.text.get(first..last).is_some_and(|text| !quotes(text));
        let plain = sure.len() == 1 && sure[0].is_plain() && !self.leaves_a_day_out(tokens, &sure[0]);
        self.around.asides && plain && !doubted() && own_words()
    }

    /// Whether a day stands somewhere that a request may have been meant for, and does not name.
    pub(super) fn leaves_a_day_out(&self, tokens: &[Token], asked: &Found) -> bool {
        let undated = matches!(&asked.command, Command::Read(rhythm) if rhythm.day.is_none())
            || matches!(&asked.command, Command::Pause(holidays) if holidays.until.is_none());
        let calendar = &self.book.calendar;
        let is_day = |token: &Token| {
            calendar.days.contains_key(&token.word) || calendar.months.contains_key(&token.word)
        };
        undated && tokens.iter().any(is_day)
    }

    /// The words without those that name what is given up: "weekly instead of every message".
    pub(super) fn without_contrast(&self, tokens: &[Token], chart: &Chart) -> Option<Vec<Token>> {
        let begins = |at: &usize| {
            self.book.numbers.contrast.iter().any(|set| chart.sets[*set][*at].iter().any(|s| s.slips == 0))
        };
        let from = (1..tokens.len()).find(begins)?;
        let to = tokens[from..].iter().position(|t| t.kind == Kind::Comma).map_or(tokens.len(), |n| from + n);
        Some([&tokens[..from], &tokens[to..]].concat())
    }

    /// Without "Bonjour Claire," and the like.
    pub(super) fn without_greeting<'t>(&self, tokens: &'t [Token]) -> &'t [Token] {
        const NAMED_MAX: usize = 5;
        let chart = self.chart(&tokens[..tokens.len().min(NAMED_MAX + 3)]);
        let greets = self.book.numbers.greeting.iter().flat_map(|set| &chart.chart.sets[*set][0]);
        let Some(greeted) = greets.filter(|span| span.slips == 0).map(|span| span.end).max() else {
            return tokens;
        };
        // "Bonjour Claire," goes as far as the comma; what is not a name stays.
        let named = tokens[greeted..]
            .iter()
            .take(NAMED_MAX)
            .take_while(|t| t.kind == Kind::Word && t.capital)
            .count();
        let comma = greeted + named;
        match tokens.get(comma).map(|token| &token.kind) {
            Some(Kind::Comma) => &tokens[comma + 1..],
            None => &[],
            Some(Kind::Word | Kind::Number(_) | Kind::Address(_)) => tokens,
        }
    }
}
