//! Whose turn it is: the moments at which a digest is due to those who read in one rhythm.
//!
//! Days and hours are those of a clock on the wall, so that summer time moves nothing. What somebody
//! awaits is sent once, whatever clocks do; this only says when.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::list::ListSettings;
use super::member::{Day, Membership, Reading};
use super::time::{Timestamp, Zone};

/// When somebody's digests are due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rhythm {
    /// Each day at that hour.
    Daily {
        /// 0 to 23.
        hour: u8,
    },
    /// Once a week.
    Weekly {
        /// On that day.
        day: Day,
        /// 0 to 23.
        hour: u8,
    },
}

const DAY: Duration = Duration::from_secs(86_400);

impl Rhythm {
    /// A member's own, or else their list's; `None` for who reads no digests.
    pub fn of(member: &Membership, settings: &ListSettings) -> Option<Rhythm> {
        let hour = member.hour.unwrap_or(settings.digest_hour);
        match member.reading {
            Reading::Daily => Some(Rhythm::Daily { hour }),
            Reading::Weekly => Some(Rhythm::Weekly { day: member.day.unwrap_or(settings.digest_day), hour }),
            Reading::Each | Reading::None => None,
        }
    }

    /// The turn that is due at that moment, if one is: the latest one, when somebody has awaited
    /// something since before it, and it was not served yet.
    ///
    /// What is served in the future was so by a clock that was wrong; it counts for one period, so
    /// that a clock that jumps back brings no second digest, and for no longer.
    pub fn turn(
        self,
        oldest_awaited: Timestamp,
        served: Option<Timestamp>,
        now: Timestamp,
        zone: &Zone,
    ) -> Option<Timestamp> {
        let turn = self.latest_turn(now, zone);
        let is_served = served.is_some_and(|served| served >= turn && served <= now + self.period());
        (oldest_awaited < turn && !is_served).then_some(turn)
    }

    /// The latest moment that was due, at the latest now.
    pub fn latest_turn(self, now: Timestamp, zone: &Zone) -> Timestamp {
        let (hour, days) = match self {
            Rhythm::Daily { hour } => (hour, 1),
            Rhythm::Weekly { hour, .. } => (hour, 7),
        };
        let today = now.date_in(zone);
        let is_due = |back: &i32| match self {
            Rhythm::Daily { .. } => true,
            Rhythm::Weekly { day, .. } => today.plus_days(-back).weekday_from_monday() == day as u8,
        };
        let turns =
            (0..=days).filter(is_due).map(|back| Timestamp::at_hour(today.plus_days(-back), hour, zone));
        turns.into_iter().find(|turn| *turn <= now).unwrap_or(now)
    }

    fn period(self) -> Duration {
        match self {
            Rhythm::Daily { .. } => DAY,
            Rhythm::Weekly { .. } => 7 * DAY,
        }
    }
}

/// `daily-8`, `weekly-monday-8`.
impl fmt::Display for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rhythm::Daily { hour } => write!(f, "daily-{hour}"),
            Rhythm::Weekly { day, hour } => write!(f, "weekly-{}-{hour}", *day as u8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("valid")
    }

    #[test]
    fn turns_are_those_of_a_clock_on_the_wall() {
        let paris = Zone::parse("Europe/Paris").expect("bundled");
        let daily = |hour| Rhythm::Daily { hour };
        let weekly = |day| Rhythm::Weekly { day, hour: 8 };
        for (rhythm, now, turn) in [
            (daily(8), "2026-11-23T07:59:59+01:00", "2026-11-22T08:00:00+01:00"),
            (daily(8), "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00+01:00"),
            (weekly(Day::Monday), "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00+01:00"),
            (weekly(Day::Monday), "2026-11-23T07:00:00+01:00", "2026-11-16T08:00:00+01:00"),
            (weekly(Day::Sunday), "2026-11-23T07:00:00+01:00", "2026-11-22T08:00:00+01:00"),
            // 02:00 is not there that day, and comes twice the other one.
            (daily(2), "2027-03-28T12:00:00+02:00", "2027-03-28T03:00:00+02:00"),
            (daily(2), "2026-10-25T12:00:00+01:00", "2026-10-25T02:00:00+02:00"),
            (daily(2), "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+02:00"),
        ] {
            assert_eq!(rhythm.latest_turn(at(now), &paris), at(turn), "{rhythm} at {now}");
        }
    }

    /// One post an hour, a clock that jumps: no turn comes twice, and none is missed for long.
    #[test]
    fn whatever_the_clock_does_a_day_brings_one_digest() {
        let zone = Zone::utc();
        let rhythm = Rhythm::Daily { hour: 8 };
        for (jump_at, hours) in [(30, 1), (30, -1), (31, 24), (31, -24), (50, 26), (50, -26), (70, 9600)] {
            let (mut clock, mut served, mut awaited) = (at("2026-11-20T00:30:00Z"), None, Vec::new());
            let mut issues = Vec::new();
            for hour in 0..300 {
                clock = clock + Duration::from_secs(3600);
                if hour == jump_at && hours >= 0 {
                    clock = clock + Duration::from_secs(3600 * u64::try_from(hours).expect("forward"));
                } else if hour == jump_at {
                    clock = clock - Duration::from_secs(3600 * u64::try_from(-hours).expect("back"));
                }
                awaited.push(clock);
                let oldest = awaited.iter().copied().min().expect("one is there");
                if let Some(turn) = rhythm.turn(oldest, served, clock, &zone) {
                    assert!(served != Some(turn), "{hours}: {turn} came twice");
                    served = Some(turn);
                    awaited.clear();
                    issues.push(hour);
                }
            }
            let longest = issues.windows(2).map(|two| two[1] - two[0]).max();
            assert!(longest.is_some_and(|hours| hours <= 72), "{hours}: {issues:?}");
            assert!((10..=14).contains(&issues.len()), "{hours}: {issues:?}");
        }
    }
}
