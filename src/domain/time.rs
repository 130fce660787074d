//! Moments, time zones, and how they are written.
//!
//! The clock is never read here: `serve` and `cli` pass moments in.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

/// The year, month and day on which a moment falls somewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CivilDate {
    /// 1 to 9999.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
}

/// A time zone by its IANA name, such as `Europe/Paris`.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Timestamp {
    /// The earliest moment that can be written: 0001-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);
    /// The latest moment that can be written in every zone: the last day of 9998.
    pub const MAX: Timestamp = Timestamp(253_370_764_800_000);

    /// Moments outside [`Timestamp::MIN`] to [`Timestamp::MAX`] become the nearest of them.
    pub fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Moments outside [`Timestamp::MIN`] to [`Timestamp::MAX`] become the nearest of them.
    pub fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// Reads RFC 3339, such as `2026-11-22T18:30:00+01:00`.
    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_millis(moment.as_millisecond()))
    }

    /// RFC 3339 with the zone's offset, to the second: `2026-11-22T18:30:00+01:00`.
    pub fn rfc3339(self, zone: &Zone) -> String {
        let zoned = self.jiff().to_zoned(zone.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The form of mail headers (RFC 5322 §3.3): `Sun, 22 Nov 2026 18:30:00 +0100`.
    pub fn rfc5322(self, zone: &Zone) -> String {
        let zoned = self.jiff().to_zoned(zone.zone.clone());
        zoned.strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
    }

    /// The form of mbox `From ` lines (RFC 4155): `Sun Nov 22 17:30:00 2026`, in UTC.
    pub fn asctime_utc(self) -> String {
        self.jiff().to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string()
    }

    /// The day it is in that zone.
    pub fn date_in(self, zone: &Zone) -> CivilDate {
        let date = self.jiff().to_zoned(zone.zone.clone()).date();
        CivilDate { year: date.year(), month: date.month(), day: date.day() }
    }

    /// Hour and minute in that zone.
    pub fn time_in(self, zone: &Zone) -> (i8, i8) {
        let time = self.jiff().to_zoned(zone.zone.clone()).time();
        (time.hour(), time.minute())
    }

    /// The last second of a day in a zone.
    pub fn last_second_of(day: CivilDate, zone: &Zone) -> Timestamp {
        let last = jiff::civil::Date::new(day.year, day.month, day.day)
            .map(|date| date.at(23, 59, 59, 0))
            .and_then(|moment| moment.to_zoned(zone.zone.clone()));
        last.map_or(Timestamp::from_seconds(0), |moment| {
            Timestamp::from_millis(moment.timestamp().as_millisecond())
        })
    }

    /// When a clock in that zone shows this full hour that day; the first time, if it does so twice,
    /// and as much later as the clock was moved, if it never does.
    pub fn at_hour(day: CivilDate, hour: u8, zone: &Zone) -> Timestamp {
        let hour = i8::try_from(hour.min(23)).unwrap_or(23);
        let moment = jiff::civil::Date::new(day.year, day.month, day.day)
            .map(|date| date.at(hour, 0, 0, 0))
            .and_then(|moment| moment.to_zoned(zone.zone.clone()));
        moment.map_or(Timestamp::from_seconds(0), |moment| {
            Timestamp::from_millis(moment.timestamp().as_millisecond())
        })
    }

    /// The next moment at which a clock in that zone shows this full hour; now, if it does so now.
    pub fn next_hour(self, hour: u8, zone: &Zone) -> Timestamp {
        let (now_hour, now_minute) = self.time_in(zone);
        let now_minutes = i64::from(now_hour) * 60 + i64::from(now_minute);
        let wait = (i64::from(hour) * 60 - now_minutes).rem_euclid(24 * 60);
        let whole_minutes = self.0 - self.0.rem_euclid(60_000);
        Timestamp::from_millis(if wait == 0 { self.0 } else { whole_minutes + wait * 60_000 })
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).expect("kept between MIN and MAX")
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, duration: Duration) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, duration: Duration) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_sub(millis(duration)))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// UTC, RFC 3339, milliseconds only where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 time"))
    }
}

impl CivilDate {
    /// That day, if there is one: no 30 February.
    pub fn new(year: i16, month: i8, day: i8) -> Option<CivilDate> {
        let in_range = (1..=9998).contains(&year);
        in_range.then(|| jiff::civil::Date::new(year, month, day).ok()).flatten().map(Self::of)
    }

    /// So many days later, or earlier; the last day that can be written if it is beyond that.
    pub fn plus_days(self, days: i32) -> CivilDate {
        self.plus(jiff::Span::new().days(i64::from(days.clamp(-100_000, 100_000))))
    }

    /// The same day so many months later; the last of that month if it is shorter.
    pub fn plus_months(self, months: i32) -> CivilDate {
        self.plus(jiff::Span::new().months(i64::from(months.clamp(-1_200, 1_200))))
    }

    fn plus(self, span: jiff::Span) -> CivilDate {
        let date = jiff::civil::Date::new(self.year, self.month, self.day);
        date.map_or(self, |date| Self::of(date.saturating_add(span)))
    }

    fn of(date: jiff::civil::Date) -> CivilDate {
        CivilDate { year: date.year(), month: date.month(), day: date.day() }
    }

    /// 0 is Monday, 6 is Sunday.
    pub fn weekday_from_monday(self) -> u8 {
        let date = jiff::civil::Date::new(self.year, self.month, self.day);
        date.map_or(0, |d| d.weekday().to_monday_zero_offset().unsigned_abs())
    }
}

impl Zone {
    /// By IANA name; `None` if there is no such zone.
    pub fn parse(name: &str) -> Option<Zone> {
        let zone = TimeZone::get(name).ok()?;
        Some(Zone { name: name.to_owned(), zone })
    }

    /// Coordinated Universal Time.
    pub fn utc() -> Zone {
        Zone { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_its_several_spellings() {
        let paris = Zone::parse("Europe/Paris").expect("bundled");
        let moment = Timestamp::parse_rfc3339("2026-11-22T18:30:05+01:00").expect("valid");
        assert_eq!(moment.to_string(), "2026-11-22T17:30:05Z");
        assert_eq!(moment.rfc3339(&paris), "2026-11-22T18:30:05+01:00");
        assert_eq!(moment.rfc5322(&paris), "Sun, 22 Nov 2026 18:30:05 +0100");
        assert_eq!(moment.asctime_utc(), "Sun Nov 22 17:30:05 2026");
        assert_eq!(moment.date_in(&paris).weekday_from_monday(), 6);
        let json = serde_json::to_string(&moment).expect("plain");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).expect("own output"), moment);
    }

    #[test]
    fn days_are_counted_over_the_ends_of_months() {
        let day = |y, m, d| CivilDate::new(y, m, d).expect("there is one");
        assert_eq!(CivilDate::new(2027, 2, 29), None);
        assert_eq!(day(2028, 2, 28).plus_days(2), day(2028, 3, 1));
        assert_eq!(day(2027, 12, 31).plus_days(1), day(2028, 1, 1));
        assert_eq!(day(2027, 1, 31).plus_months(1), day(2027, 2, 28));
        assert!(day(9998, 12, 31).plus_days(100_000) > day(9998, 12, 31));
    }

    #[test]
    fn absurd_moments_stay_writable() {
        for millis in [i64::MIN, i64::MAX, -1, 0] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse_rfc3339(&moment.to_string()), Some(moment));
            assert!(!moment.rfc5322(&Zone::parse("Pacific/Auckland").expect("bundled")).is_empty());
        }
    }
}
