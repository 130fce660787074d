//! Leaving on a day that is named: « je quitterai le groupe le 31 décembre ».
//!
//! What a sentence says is heard without the day; if that is to leave, the day is the last one, and
//! nobody loses what they still wanted to read. It is asked about, however plainly it was said.

use super::sentence::{Ear, Found, Heard};
use super::slots::{DateCertainty, Kept, ReadDate};
use super::tokens::{Kind, Sentence, Token};
use crate::domain::command::Command;
use crate::domain::time::CivilDate;

/// "Number 9" is no ninth of a month.
fn is_whole(read: &ReadDate) -> bool {
    match read.certainty {
        DateCertainty::Sure | DateCertainty::DayFirst | DateCertainty::Doubtful => true,
        DateCertainty::DayAlone => false,
    }
}

/// Letters of the short name of a day, which is another word elsewhere.
const SHORT_DAY_MAX: usize = 3;

impl Ear<'_> {
    /// The end of a membership, if this sentence speaks of one.
    pub(super) fn ending(&self, sentence: &Sentence) -> Option<Heard> {
        let (from, end, day) = self.day_named(sentence)?;
        let mut rest = sentence.clone();
        rest.tokens.drain(from..end);
        let mut found = match self.hear_words(&rest) {
            Heard::Sure(mut found) if found.len() == 1 => found.remove(0),
            Heard::Probably(found) => found,
            Heard::Sure(_) | Heard::Silent | Heard::Reason(_) | Heard::Declined(_) | Heard::Prose => {
                return None;
            }
        };
        if found.command != Command::Leave {
            return None;
        }
        found.command = Command::Until(Some(day));
        Some(Heard::Probably(found))
    }

    /// What a sentence is about, on the day it names.
    pub(super) fn on_its_day(&self, mut found: Found, sentence: &Sentence) -> Found {
        if found.command == Command::Leave
            && let Some((_, _, day)) = self.day_named(sentence)
        {
            found.command = Command::Until(Some(day));
        }
        found
    }

    /// The one day still to come that a sentence names, and where it stands.
    fn day_named(&self, sentence: &Sentence) -> Option<(usize, usize, CivilDate)> {
        let tokens = &sentence.tokens;
        let calendar = &self.book.calendar;
        let names_day = |token: &Token| {
            calendar.months.contains_key(&token.word)
                || calendar.days.contains_key(&token.word)
                || calendar.words.contains_key(&token.word)
        };
        if !tokens.iter().any(|token| matches!(token.kind, Kind::Number(_)) || names_day(token)) {
            return None;
        }
        let chart = self.chart(tokens).chart;
        let spans = |sets: &[usize]| -> Vec<(usize, usize, Option<CivilDate>)> {
            let all = sets.iter().flat_map(|set| chart.sets[*set].iter().enumerate());
            let exact = all.flat_map(|(at, spans)| spans.iter().map(move |span| (at, span)));
            exact
                .filter(|(_, span)| span.slips == 0)
                .map(|(at, span)| {
                    let day = span.kept.iter().find_map(|kept| match kept {
                        Kept::Date(read) if is_whole(read) => Some(read.date),
                        Kept::Date(_)
                        | Kept::Duration(_)
                        | Kept::Day(_)
                        | Kept::Hour { .. }
                        | Kept::Number(_)
                        | Kept::Address(_)
                        | Kept::Words(_)
                        | Kept::Group(_)
                        | Kept::Everywhere => None,
                    });
                    (at, span.end, day)
                })
                .collect()
        };
        let stretches = spans(&self.book.numbers.period);
        let mut named = spans(&self.book.numbers.upon);
        // « mon » is no Monday.
        let says_when = |token: &Token| {
            matches!(token.kind, Kind::Number(_)) || token.word.len() > SHORT_DAY_MAX && names_day(token)
        };
        named.retain(|(from, end, _)| tokens[*from..*end].iter().any(says_when));
        let (from, end, day) = named.iter().max_by_key(|(from, end, _)| (end - from, *from))?;
        let apart = |other: &(usize, usize, Option<CivilDate>)| other.1 <= *from || other.0 >= *end;
        let at_once = !spans(&self.book.numbers.now).is_empty();
        let alone = stretches.iter().all(apart) && !named.iter().any(apart) && !at_once;
        day.filter(|day| alone && *day >= self.around.today).map(|day| (*from, *end, day))
    }
}
