//! How well somebody can be reached: what came back of what they were sent, and when it has been
//! too much.
//!
//! Days are counted, not mails: a server that is out of order for an afternoon refuses many, and a
//! forged report is one. Nobody is paused before a letter of their own came back as well, and what
//! was refused for what it is, or for whence it comes, says nothing about its reader.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::PostId;
use super::time::Timestamp;

/// Why a mail did not arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// There is no such mailbox.
    NoSuchMailbox,
    /// It is full.
    Full,
    /// Its server was not reached in days.
    Unreachable,
    /// It does not say.
    Unknown,
}

/// What came back of what one member of one list was sent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    /// Each day something came back, the oldest first: its number since 1970, and its weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<(i64, u8)>,
    /// The latest post that came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
    /// Why, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Obstacle>,
    /// RFC 3463, as their server said it the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// A letter of their own was sent, to see whether it comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probed: Option<Timestamp>,
    /// It came back, and no mail has been sent since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Timestamp>,
}

/// What follows from what came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It is remembered.
    Remember,
    /// A letter of their own is sent, to see whether it comes back.
    Probe,
    /// No more mail, until they say that they can be reached.
    Pause,
}

/// The weight of a day on which there was no such mailbox.
const WEIGHT_NO_MAILBOX: u8 = 4;
/// Of a day of anything that may pass: full, not reached, not said.
const WEIGHT_MAY_PASS: u8 = 2;
/// With this weight together a letter of their own is sent: five days of no such mailbox, ten of a
/// full one.
pub const WEIGHT_TO_PROBE: u32 = 20;
/// However heavy, at least on so many days.
const DAYS_MIN: usize = 5;
/// What came back longer ago does not count.
const COUNTED: i64 = 30;
/// So long nobody pauses because of a letter that may still come back.
pub const PROBE_WAIT: Duration = Duration::from_secs(7 * 86_400);

impl Reach {
    /// Whether there is nothing to remember.
    pub fn is_good(&self) -> bool {
        *self == Reach::default()
    }

    /// The weight of the days that count.
    pub fn weight(&self) -> u32 {
        self.days.iter().map(|(_, weight)| u32::from(*weight)).sum()
    }

    /// A post came back that day; at most once a day is counted, at its heaviest.
    #[must_use]
    pub fn came_back(
        mut self,
        post: PostId,
        why: Obstacle,
        status: Option<String>,
        day: i64,
    ) -> (Reach, Next) {
        let weight = match why {
            Obstacle::NoSuchMailbox => WEIGHT_NO_MAILBOX,
            Obstacle::Full | Obstacle::Unreachable | Obstacle::Unknown => WEIGHT_MAY_PASS,
        };
        self.days.retain(|(known, _)| *known > day - COUNTED && *known <= day);
        match self.days.last_mut() {
            Some((known, heaviest)) if *known == day => *heaviest = weight.max(*heaviest),
            Some(_) | None => self.days.push((day, weight)),
        }
        self.post = self.post.max(Some(post));
        (self.why, self.status) = (Some(why), status);
        let much = self.weight() >= WEIGHT_TO_PROBE && self.days.len() >= DAYS_MIN;
        let next =
            if much && self.probed.is_none() && self.paused.is_none() { Next::Probe } else { Next::Remember };
        (self, next)
    }

    /// The letter of their own came back.
    #[must_use]
    pub fn probe_came_back(mut self, why: Obstacle, status: Option<String>, now: Timestamp) -> (Reach, Next) {
        if self.probed.is_none() || self.paused.is_some() {
            return (self, Next::Remember);
        }
        (self.why, self.status, self.paused) = (Some(why), status, Some(now));
        (self, Next::Pause)
    }

    /// The letter of their own was sent, and nothing of it has come back for so long.
    pub fn probe_arrived(&self, now: Timestamp) -> bool {
        self.paused.is_none() && self.probed.is_some_and(|probed| probed + PROBE_WAIT <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a run of days with these obstacles comes to; `.` is a day without any.
    fn after(days: &str) -> (Reach, Next) {
        let mut reach = (Reach::default(), Next::Remember);
        for (day, what) in days.chars().enumerate() {
            let why = match what {
                'x' => Obstacle::NoSuchMailbox,
                'f' => Obstacle::Full,
                _ => continue,
            };
            let day = i64::try_from(day).expect("few");
            reach = reach.0.came_back(PostId(1), why, None, day);
        }
        reach
    }

    #[test]
    fn days_are_counted() {
        for (days, next) in [
            ("x", Next::Remember),
            ("xxxx", Next::Remember),
            ("xxxxx", Next::Probe),
            ("x.x.x.x.x", Next::Probe),
            ("fffffffff", Next::Remember),
            ("ffffffffff", Next::Probe),
            ("ffffxxx", Next::Probe),
            ("ffxx", Next::Remember),
            // What is a month ago counts no more.
            ("xxxx..............................x", Next::Remember),
        ] {
            assert_eq!(after(days).1, next, "{days}");
        }
    }

    #[test]
    fn a_day_counts_once_at_its_heaviest() {
        let mut reach = Reach::default();
        for why in [Obstacle::Full, Obstacle::NoSuchMailbox, Obstacle::Full] {
            for _ in 0..100 {
                (reach, _) = reach.came_back(PostId(1), why, None, 7);
            }
        }
        assert_eq!((reach.days.len(), reach.weight()), (1, 4));
    }

    #[test]
    fn nobody_is_paused_before_their_own_letter_came_back() {
        let now = Timestamp::from_seconds(1_000_000);
        let (reach, next) = after("xxxxx");
        assert_eq!(next, Next::Probe);
        let (unprobed, next) = reach.clone().probe_came_back(Obstacle::NoSuchMailbox, None, now);
        assert_eq!((unprobed.paused, next), (None, Next::Remember));
        let probed = Reach { probed: Some(now), ..reach };
        assert_eq!(probed.clone().came_back(PostId(9), Obstacle::NoSuchMailbox, None, 5).1, Next::Remember);
        assert!(!probed.probe_arrived(now) && probed.probe_arrived(now + PROBE_WAIT));
        let (paused, next) = probed.probe_came_back(Obstacle::NoSuchMailbox, None, now);
        assert_eq!((paused.paused, next), (Some(now), Next::Pause));
        assert_eq!(paused.probe_came_back(Obstacle::NoSuchMailbox, None, now).1, Next::Remember);
    }
}
