//! What is read out of a sentence and kept: dates, durations, hours, numbers, addresses, words.
//!
//! The names of months and days are the phrase book's; how dates are put together is the same in
//! both languages, and is here. What could be meant in two ways says so.

use std::collections::HashMap;
use std::ops::Range;

use crate::domain::address::EmailAddress;
use crate::domain::member::Day;
use crate::domain::time::CivilDate;

use super::tokens::{Kind, Token};

/// Further away than this, a day without its year is asked about.
const NEAR_DAYS: i32 = 200;
/// The longest pause in words, in days.
const DURATION_DAYS_MAX: u32 = 800;
/// Words of a name.
const NAME_WORDS_MAX: usize = 4;
/// Words that are searched for; more of them are a sentence to people.
const SEARCH_WORDS_MAX: usize = 6;

/// A place in a phrase where something is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Slot {
    Date,
    Duration,
    Day,
    Hour,
    Number,
    Address,
    Words,
    Name,
    Group,
}

/// What was read.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kept {
    Date(ReadDate),
    Duration(u32),
    Day(Day),
    Hour {
        hour: u8,
        exact: bool,
    },
    Number(u64),
    Address(EmailAddress),
    Words(Range<usize>),
    Group(usize),
    /// Every group there is.
    Everywhere,
}

/// A day, and how sure it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ReadDate {
    pub(super) date: CivilDate,
    pub(super) certainty: DateCertainty,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DateCertainty {
    Sure,
    /// 6/8: which of them is the month? Depends on the language.
    DayFirst,
    /// "the 3rd": of a month that is not named.
    DayAlone,
    Doubtful,
}

/// Names in dates, in every language at once.
#[derive(Default)]
pub(super) struct Calendar {
    pub(super) months: HashMap<String, i8>,
    pub(super) days: HashMap<String, Day>,
    pub(super) numbers: HashMap<String, u32>,
    pub(super) units: HashMap<String, Unit>,
    pub(super) words: HashMap<String, DateWord>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    Day,
    Week,
    Fortnight,
    Month,
    Year,
    Hour,
}

/// Words that make another day of a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DateWord {
    /// prochain, next
    Next,
    /// fin, end
    End,
    /// demain, tomorrow
    Tomorrow,
    /// le, de, of, the, er, th: nothing
    Small,
    /// midi, noon
    Noon,
    /// minuit, midnight
    Midnight,
    /// am, du matin
    Morning,
    /// pm, du soir
    Evening,
    /// Noël, Christmas
    Christmas,
}

impl Slot {
    pub(super) const ALL: [Slot; 9] = [
        Slot::Date,
        Slot::Duration,
        Slot::Day,
        Slot::Hour,
        Slot::Number,
        Slot::Address,
        Slot::Words,
        Slot::Name,
        Slot::Group,
    ];

    pub(super) fn of_name(name: &str) -> Option<Slot> {
        Some(match name {
            "date" => Slot::Date,
            "duration" => Slot::Duration,
            "day" => Slot::Day,
            "hour" => Slot::Hour,
            "number" => Slot::Number,
            "address" => Slot::Address,
            "words" => Slot::Words,
            "name" => Slot::Name,
            "group" => Slot::Group,
            _ => return None,
        })
    }
}

/// Reads slots out of one sentence.
pub(super) struct SlotReader<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) calendar: &'a Calendar,
    pub(super) today: CivilDate,
    /// Names and addresses of groups, as words.
    pub(super) groups: &'a [Vec<Vec<String>>],
}

impl SlotReader<'_> {
    /// Everything of that kind that begins here: where it ends, and what it is.
    pub(super) fn read(&self, slot: Slot, at: usize) -> Vec<(usize, Kept)> {
        match slot {
            Slot::Date => self.dates(at).into_iter().map(|(end, date)| (end, Kept::Date(date))).collect(),
            Slot::Duration => self.duration(at).into_iter().collect(),
            Slot::Day => self.day(at).map(|(end, day)| (end, Kept::Day(day))).into_iter().collect(),
            Slot::Hour => self.hour(at).into_iter().collect(),
            Slot::Number => match self.tokens.get(at).map(|token| &token.kind) {
                Some(Kind::Number(number)) => vec![(at + 1, Kept::Number(*number))],
                Some(Kind::Word | Kind::Address(_) | Kind::Comma) | None => Vec::new(),
            },
            Slot::Address => match self.tokens.get(at).map(|token| &token.kind) {
                Some(Kind::Address(address)) => vec![(at + 1, Kept::Address(address.clone()))],
                Some(Kind::Word | Kind::Number(_) | Kind::Comma) | None => Vec::new(),
            },
            Slot::Words => {
                let rest = self.tokens.get(at..).unwrap_or_default();
                let few =
                    rest.len() <= SEARCH_WORDS_MAX && rest.iter().all(|token| token.kind != Kind::Comma);
                self.words(at, self.tokens.len()).filter(|_| few).into_iter().collect()
            }
            Slot::Name => (1..=NAME_WORDS_MAX).filter_map(|len| self.words(at, at + len)).collect(),
            Slot::Group => self.group(at),
        }
    }

    fn words(&self, at: usize, end: usize) -> Option<(usize, Kept)> {
        let first = self.tokens.get(at).filter(|token| token.kind != Kind::Comma)?;
        let last = self.tokens.get(end.checked_sub(1)?)?;
        Some((end, Kept::Words(first.at.start..last.at.end)))
    }

    fn group(&self, at: usize) -> Vec<(usize, Kept)> {
        let mut found = Vec::new();
        for (n, spellings) in self.groups.iter().enumerate() {
            for spelling in spellings {
                let here = self.tokens[at..].iter().take(spelling.len()).map(|token| &token.word);
                if !spelling.is_empty() && here.eq(spelling) {
                    found.push((at + spelling.len(), Kept::Group(n)));
                }
            }
        }
        found
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).map(|token| token.word.as_str())
    }

    fn is(&self, at: usize, word: DateWord) -> bool {
        self.word(at).and_then(|w| self.calendar.words.get(w)).is_some_and(|known| *known == word)
    }

    fn skip_small(&self, mut at: usize) -> usize {
        while self.is(at, DateWord::Small) {
            at += 1;
        }
        at
    }

    /// A number in digits or words.
    fn number(&self, at: usize) -> Option<(usize, u32)> {
        let token = self.tokens.get(at)?;
        if let Kind::Number(number) = token.kind {
            return u32::try_from(number).ok().map(|number| (at + 1, number));
        }
        let first = *self.calendar.numbers.get(&token.word)?;
        // Twenty-one, vingt et un, dix-huit.
        let next = if self.word(at + 1) == Some("et") { at + 2 } else { at + 1 };
        let second = self.word(next).and_then(|word| self.calendar.numbers.get(word));
        match second {
            Some(second) if first.is_multiple_of(10) && first >= 10 && *second < 10 && *second > 0 => {
                Some((next + 1, first + second))
            }
            Some(_) | None => Some((at + 1, first)),
        }
    }

    fn duration(&self, at: usize) -> Option<(usize, Kept)> {
        let (next, count) = self.number(at)?;
        let unit = *self.calendar.units.get(self.word(next)?)?;
        let days = match unit {
            Unit::Day => count,
            Unit::Week => count.saturating_mul(7),
            Unit::Fortnight => count.saturating_mul(14),
            // As people count: to the same day of that month.
            Unit::Month => {
                self.days_until(self.today.plus_months(i32::try_from(count.min(99)).unwrap_or(99)))
            }
            Unit::Year => count.saturating_mul(365),
            Unit::Hour => return None,
        };
        (1..=DURATION_DAYS_MAX).contains(&days).then_some((next + 1, Kept::Duration(days)))
    }

    fn days_until(&self, end: CivilDate) -> u32 {
        (0..DURATION_DAYS_MAX).find(|days| self.plus(*days) >= end).unwrap_or(DURATION_DAYS_MAX)
    }

    fn plus(&self, days: u32) -> CivilDate {
        self.today.plus_days(i32::try_from(days).unwrap_or(i32::MAX))
    }

    fn day(&self, at: usize) -> Option<(usize, Day)> {
        let at = self.skip_small(at);
        self.calendar.days.get(self.word(at)?).map(|day| (at + 1, *day))
    }

    /// `8`, `8h`, `8 heures`, `20h30`, `8:00`, `8 am`, `8 o'clock`, midi.
    fn hour(&self, at: usize) -> Option<(usize, Kept)> {
        if self.is(at, DateWord::Noon) {
            return Some((at + 1, Kept::Hour { hour: 12, exact: true }));
        }
        if self.is(at, DateWord::Midnight) {
            return Some((at + 1, Kept::Hour { hour: 0, exact: true }));
        }
        let (mut end, mut hour) = self.number(at)?;
        let mut exact = true;
        let unit = self.word(end).and_then(|word| self.calendar.units.get(word));
        let colon = self.tokens.get(end).is_some_and(|t| t.kind == Kind::Comma);
        if unit == Some(&Unit::Hour) || colon {
            if let Some(Kind::Number(minutes)) = self.tokens.get(end + 1).map(|t| &t.kind) {
                exact = *minutes == 0;
                end += 2;
            } else if unit.is_some() {
                end += 1;
            }
        }
        if self.is(end, DateWord::Evening) && hour <= 12 {
            hour = hour % 12 + 12;
            end += 1;
        } else if self.is(end, DateWord::Morning) && hour <= 12 {
            hour %= 12;
            end += 1;
        }
        let hour = u8::try_from(if hour == 24 { 0 } else { hour }).ok().filter(|hour| *hour <= 23)?;
        Some((end, Kept::Hour { hour, exact }))
    }

    /// Every way to read a date from here.
    fn dates(&self, at: usize) -> Vec<(usize, ReadDate)> {
        let start = self.skip_small(at);
        let mut found = Vec::new();
        found.extend(self.near_day(start));
        found.extend(self.end_of_month(start));
        found.extend(self.in_numbers(start));
        // "lundi 15 août", "Monday, August 15"
        let named = self.day(start).map(|(end, _)| self.skip_small(self.skip_comma(end)));
        for from in [Some(start), named].into_iter().flatten() {
            found.extend(self.day_and_month(from));
            found.extend(self.month_and_day(from));
        }
        found.extend(self.month_alone(start));
        found
    }

    fn skip_comma(&self, at: usize) -> usize {
        at + usize::from(self.tokens.get(at).is_some_and(|token| token.kind == Kind::Comma))
    }

    /// Monday, lundi prochain, demain, Noël, la semaine prochaine.
    fn near_day(&self, at: usize) -> Option<(usize, ReadDate)> {
        let sure = |end, date| Some((end, ReadDate { date, certainty: DateCertainty::Sure }));
        if self.is(at, DateWord::Tomorrow) {
            return sure(at + 1, self.today.plus_days(1));
        }
        if self.is(at, DateWord::Christmas) {
            return self.coming(12, 25).and_then(|date| sure(at + 1, date.date));
        }
        let before = self.is(at, DateWord::Next);
        let from = at + usize::from(before);
        if let Some((end, day)) = self.day(from) {
            let after = !before && self.is(end, DateWord::Next);
            let wanted = day as u8;
            let ahead = (wanted + 7 - self.today.weekday_from_monday()) % 7;
            let date = self.today.plus_days(i32::from(if ahead == 0 { 7 } else { ahead }));
            return sure(end + usize::from(after), date);
        }
        let unit = self.word(from).and_then(|word| self.calendar.units.get(word));
        let after = self.is(from + 1, DateWord::Next);
        if before || after {
            let end = from + 1 + usize::from(after && !before);
            let date = match unit {
                Some(Unit::Week) => self.today.plus_days(7 - i32::from(self.today.weekday_from_monday())),
                Some(Unit::Month) => {
                    let next = self.today.plus_months(1);
                    CivilDate { day: 1, ..next }
                }
                Some(Unit::Day | Unit::Fortnight | Unit::Year | Unit::Hour) | None => return None,
            };
            return Some((end, ReadDate { date, certainty: DateCertainty::Doubtful }));
        }
        None
    }

    /// Fin août, the end of the month.
    fn end_of_month(&self, at: usize) -> Option<(usize, ReadDate)> {
        if !self.is(at, DateWord::End) {
            return None;
        }
        let at = self.skip_small(at + 1);
        let word = self.word(at)?;
        let first = match self.calendar.months.get(word) {
            Some(month) if *month == self.today.month => CivilDate { day: 1, ..self.today },
            Some(month) => self.coming(*month, 1)?.date,
            None if self.calendar.units.get(word) == Some(&Unit::Month) => CivilDate { day: 1, ..self.today },
            None => return None,
        };
        let date = first.plus_months(1).plus_days(-1);
        Some((at + 1, ReadDate { date, certainty: self.certainty_of(date) }))
    }

    /// 15/08, 15.8.2027, 2027-08-15.
    fn in_numbers(&self, at: usize) -> Option<(usize, ReadDate)> {
        let number = |n: usize| match self.tokens.get(at + n).map(|token| &token.kind) {
            Some(Kind::Number(number)) => i16::try_from(*number).ok(),
            Some(Kind::Word | Kind::Address(_) | Kind::Comma) | None => None,
        };
        let joined = |n: usize| matches!(self.word(at + n), Some("/" | "-" | "."));
        let (first, second) = (number(0)?, joined(1).then(|| number(2)).flatten()?);
        let third = joined(3).then(|| number(4)).flatten();
        let end = at + if third.is_some() { 5 } else { 3 };
        if first > 31 {
            let date = CivilDate::new(first, i8::try_from(second).ok()?, i8::try_from(third?).ok()?)?;
            return self.not_past(date).map(|date| (end, date));
        }
        let (mut day, mut month) = (first, second);
        let mut certainty = if first <= 12 && second <= 12 && first != second {
            DateCertainty::DayFirst
        } else {
            DateCertainty::Sure
        };
        if month > 12 {
            (day, month) = (second, first);
            certainty = DateCertainty::Sure;
        }
        let (day, month) = (i8::try_from(day).ok()?, i8::try_from(month).ok()?);
        let read = match third {
            Some(year) => {
                self.not_past(CivilDate::new(if year < 100 { 2000 + year } else { year }, month, day)?)?
            }
            None => self.coming(month, day)?,
        };
        let certainty = if read.certainty == DateCertainty::Doubtful { read.certainty } else { certainty };
        Some((end, ReadDate { certainty, ..read }))
    }

    /// 15 août, 1er septembre 2027, 15th of August.
    fn day_and_month(&self, at: usize) -> Option<(usize, ReadDate)> {
        let (end, day) = self.number(at)?;
        let after = self.skip_small(end);
        let Some(month) = self.word(after).and_then(|word| self.calendar.months.get(word)) else {
            // "jusqu'au 15": the next fifteenth.
            let day = i8::try_from(day).ok().filter(|day| *day > 0)?;
            let unit = self.word(after).is_some_and(|word| self.calendar.units.contains_key(word));
            let only_digits = matches!(self.tokens.get(at)?.kind, Kind::Number(_));
            let next = (0..=1).filter_map(|months| {
                let month = self.today.plus_months(months);
                CivilDate::new(month.year, month.month, day)
            });
            let date = next.into_iter().find(|date| *date > self.today);
            let date = date
                .filter(|_| !unit && only_digits && self.word(end).is_none_or(|w| !matches!(w, "/" | "-")))?;
            return Some((after, ReadDate { date, certainty: DateCertainty::DayAlone }));
        };
        self.with_year(after + 1, *month, day)
    }

    /// August 15th, 2027.
    fn month_and_day(&self, at: usize) -> Option<(usize, ReadDate)> {
        let month = *self.calendar.months.get(self.word(at)?)?;
        let from = self.skip_small(at + 1);
        let (end, day) = self.number(from)?;
        let end = self.skip_small(end);
        let year_after_comma = matches!(self.tokens.get(end).map(|t| &t.kind), Some(Kind::Comma))
            && matches!(self.tokens.get(end + 1).map(|t| &t.kind), Some(Kind::Number(1900..=2999)));
        self.with_year(end + usize::from(year_after_comma), month, day)
    }

    fn with_year(&self, at: usize, month: i8, day: u32) -> Option<(usize, ReadDate)> {
        let day = i8::try_from(day).ok()?;
        if let Some(Kind::Number(year @ 1900..=2999)) = self.tokens.get(at).map(|token| &token.kind) {
            let year = i16::try_from(*year).ok()?;
            return self.not_past(CivilDate::new(year, month, day)?).map(|date| (at + 1, date));
        }
        self.coming(month, day).map(|date| (at, date))
    }

    /// Until September: its first day.
    fn month_alone(&self, at: usize) -> Option<(usize, ReadDate)> {
        let month = *self.calendar.months.get(self.word(at)?)?;
        let date = self.coming(month, 1)?.date;
        Some((at + 1, ReadDate { date, certainty: DateCertainty::Doubtful }))
    }

    /// The next such day.
    fn coming(&self, month: i8, day: i8) -> Option<ReadDate> {
        let years =
            (0..=4).filter_map(|years| CivilDate::new(self.today.year.checked_add(years)?, month, day));
        let date = years.into_iter().find(|date| *date > self.today)?;
        Some(ReadDate { date, certainty: self.certainty_of(date) })
    }

    fn not_past(&self, date: CivilDate) -> Option<ReadDate> {
        (date > self.today).then_some(ReadDate { date, certainty: DateCertainty::Sure })
    }

    fn certainty_of(&self, date: CivilDate) -> DateCertainty {
        if date > self.today.plus_days(NEAR_DAYS) { DateCertainty::Doubtful } else { DateCertainty::Sure }
    }
}
