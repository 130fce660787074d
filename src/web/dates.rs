//! Days, hours, numbers and sizes as people write them, in French and English.

use crate::domain::calendar::{month_index, month_name, weekday_name};
use crate::domain::list::Language;
use crate::domain::time::{CivilDate, Timestamp, Zone};

use super::words::Words;

/// Keeps a number and its noun on one line.
const NO_BREAK: char = '\u{a0}';

const MONTHS_SHORT: [[&str; 12]; 2] = [
    ["janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

/// `dimanche 22 novembre 2026 à 18 h 30`, `Sunday 22 November 2026 at 18:30`.
pub(crate) fn moment(language: Language, at: Timestamp, zone: &Zone) -> String {
    let day = day(language, at.date_in(zone));
    let hour = hour(language, at, zone);
    match language {
        Language::Fr => format!("{day} à {hour}"),
        Language::En => format!("{day} at {hour}"),
    }
}

/// `dimanche 22 novembre 2026`, `Sunday 22 November 2026`.
pub(crate) fn day(language: Language, date: CivilDate) -> String {
    let weekday = weekday_name(language, date.weekday_from_monday().into());
    format!("{weekday} {}", short_day(language, date))
}

/// `22 novembre 2026`, `22 November 2026`.
pub(crate) fn short_day(language: Language, date: CivilDate) -> String {
    let number = match (language, date.day) {
        (Language::Fr, 1) => "1er".to_owned(),
        (Language::Fr | Language::En, number) => number.to_string(),
    };
    format!("{number}{NO_BREAK}{} {}", month_name(language, date.month), date.year)
}

/// The first and the last of some days, the first without what both have in common; only one if
/// they are the same: `22`, `24 novembre 2026`.
pub(crate) fn span(language: Language, first: CivilDate, last: CivilDate) -> (Option<String>, String) {
    let whole = short_day(language, first);
    let shorter = match (first == last, first.year == last.year, first.month == last.month) {
        (true, _, _) => None,
        (false, true, true) => whole.split(NO_BREAK).next().map(str::to_owned),
        (false, true, false) => whole.rsplit_once(' ').map(|(day, _)| day.to_owned()),
        (false, false, _) => Some(whole),
    };
    (shorter, short_day(language, last))
}

/// `18 h 30`, `18:30`.
pub(crate) fn hour(language: Language, at: Timestamp, zone: &Zone) -> String {
    match (language, at.time_in(zone)) {
        (Language::Fr, (hour, 0)) => format!("{hour}{NO_BREAK}h"),
        (Language::Fr, (hour, minute)) => format!("{hour}{NO_BREAK}h{NO_BREAK}{minute:02}"),
        (Language::En, (hour, minute)) => format!("{hour:02}:{minute:02}"),
    }
}

/// `novembre 2026`, `November 2026`.
pub(crate) fn month(language: Language, year: i16, month: i8) -> String {
    format!("{} {year}", month_name(language, month))
}

/// `nov.`, `Nov`.
pub(crate) fn month_short(language: Language, month: i8) -> &'static str {
    MONTHS_SHORT[row(language)][month_index(month)]
}

/// `12 345` with a narrow space that does not break, `12,345`.
pub(crate) fn number(language: Language, number: u64) -> String {
    let separator = match language {
        Language::Fr => '\u{202f}',
        Language::En => ',',
    };
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// `1,2 Mo`, `1.2 MB`: powers of ten, as file managers show them.
pub(crate) fn size(words: &Words, language: Language, bytes: u64) -> String {
    let point = match language {
        Language::Fr => ',',
        Language::En => '.',
    };
    let shown = |unit: u64| {
        let tenths = u64::try_from((u128::from(bytes) * 10 + u128::from(unit / 2)) / u128::from(unit))
            .unwrap_or(u64::MAX);
        match (tenths / 10, tenths % 10) {
            (whole, tenth) if whole < 10 && tenth > 0 => format!("{whole}{point}{tenth}"),
            (_, _) => number(language, tenths.saturating_add(5) / 10),
        }
    };
    match bytes {
        0..1_000 => words.count(language, "bytes", bytes),
        1_000..1_000_000 => words.tell(language, "kilobytes", &[("shown", &shown(1_000))]),
        1_000_000.. => words.tell(language, "megabytes", &[("shown", &shown(1_000_000))]),
    }
}

fn row(language: Language) -> usize {
    match language {
        Language::Fr => 0,
        Language::En => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_the_readers_way() {
        let paris = Zone::parse("Europe/Paris").expect("bundled");
        for (at, french, english) in [
            (
                "2026-11-22T18:30:00+01:00",
                "dimanche 22\u{a0}novembre 2026 à 18\u{a0}h\u{a0}30",
                "Sunday 22\u{a0}November 2026 at 18:30",
            ),
            (
                "2026-08-01T09:00:00+02:00",
                "samedi 1er\u{a0}août 2026 à 9\u{a0}h",
                "Saturday 1\u{a0}August 2026 at 09:00",
            ),
        ] {
            let at = Timestamp::parse_rfc3339(at).expect("valid");
            assert_eq!(moment(Language::Fr, at, &paris), french);
            assert_eq!(moment(Language::En, at, &paris), english);
        }
        for month in [i8::MIN, 0, 13, i8::MAX] {
            assert!(!month_name(Language::Fr, month).is_empty());
        }
    }

    #[test]
    fn what_two_days_share_is_said_once() {
        let day = |year, month, day| CivilDate { year, month, day };
        for (first, last, french) in [
            (day(2026, 11, 1), day(2026, 11, 1), "1er\u{a0}novembre 2026"),
            (day(2026, 11, 1), day(2026, 11, 24), "1er – 24\u{a0}novembre 2026"),
            (day(2026, 11, 22), day(2026, 12, 3), "22\u{a0}novembre – 3\u{a0}décembre 2026"),
            (day(2025, 12, 31), day(2026, 1, 1), "31\u{a0}décembre 2025 – 1er\u{a0}janvier 2026"),
        ] {
            let (first, last) = span(Language::Fr, first, last);
            assert_eq!(first.map_or(last.clone(), |first| format!("{first} – {last}")), french);
        }
    }

    #[test]
    fn sizes_in_the_readers_way() {
        let words = Words::embedded();
        for (bytes, french, english) in [
            (0, "0\u{a0}octet", "0\u{a0}bytes"),
            (1, "1\u{a0}octet", "1\u{a0}byte"),
            (999, "999\u{a0}octets", "999\u{a0}bytes"),
            (1_234, "1,2\u{a0}ko", "1.2\u{a0}kB"),
            (45_600, "46\u{a0}ko", "46\u{a0}kB"),
            (2_000_000, "2\u{a0}Mo", "2\u{a0}MB"),
            (
                u64::MAX,
                "18\u{202f}446\u{202f}744\u{202f}073\u{202f}710\u{a0}Mo",
                "18,446,744,073,710\u{a0}MB",
            ),
        ] {
            assert_eq!(size(&words, Language::Fr, bytes), french);
            assert_eq!(size(&words, Language::En, bytes), english);
        }
    }
}
