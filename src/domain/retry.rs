//! When a copy that was put off is tried again, and when it is given up.

use std::time::Duration;

use super::time::Timestamp;

/// Nothing waits longer for a member's quiet hours.
const DAY: Duration = Duration::from_secs(86_400);

/// The waits between attempts, and the end of all patience.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetrySchedule {
    /// After the first failure, the second, …; the last one repeats. Never empty.
    pub waits: Vec<Duration>,
    /// Counted from the moment the copy was owed.
    pub give_up_after: Duration,
}

/// What to do with a copy that was put off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Try again at that moment.
    At(Timestamp),
    /// Stop trying.
    GiveUp,
}

impl RetrySchedule {
    /// From when on nothing can wait that was put off at the right time: the clock was wrong when
    /// that was written down.
    pub fn absurd_from(&self, now: Timestamp) -> Timestamp {
        let longest = self.waits.iter().max().copied().unwrap_or_default();
        now + longest.max(DAY) * 2
    }

    /// How often something is tried until it is given up. Half of that it is tried at least, however
    /// late it is: a clock that jumps, or a server that was away for a week, costs nobody their copy.
    fn attempts_in_time(&self) -> u128 {
        let (mut left, mut attempts) = (self.give_up_after, 0);
        for wait in &self.waits {
            attempts += 1;
            match left.checked_sub(*wait) {
                Some(rest) => left = rest,
                None => return attempts,
            }
        }
        let last = self.waits.last().map_or(0, Duration::as_millis);
        attempts + left.as_millis().checked_div(last).unwrap_or(0)
    }

    /// After `attempts` failures (1 or more) of a copy owed since `owed`. `spread` is a number
    /// between 0 and 1 that moves the moment by up to a tenth, so that copies put off together do
    /// not come back together.
    pub fn next(&self, attempts: u32, owed: Timestamp, now: Timestamp, spread: f64) -> Next {
        if now.since(owed) >= self.give_up_after && u128::from(attempts) >= self.attempts_in_time() / 2 {
            return Next::GiveUp;
        }
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(index).or(self.waits.last()).copied().unwrap_or(Duration::from_secs(300));
        Next::At(now + wait.mul_f64(1.0 + 0.1 * spread.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_then_stay_then_end() {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        let schedule = RetrySchedule { waits: vec![minutes(5), minutes(15)], give_up_after: minutes(60) };
        let owed = Timestamp::from_seconds(0);
        let at = |m: u64| owed + minutes(m);
        assert_eq!(schedule.next(1, owed, at(0), 0.0), Next::At(at(5)));
        assert_eq!(schedule.next(2, owed, at(5), 0.0), Next::At(at(20)));
        assert_eq!(schedule.next(9, owed, at(20), 0.0), Next::At(at(35)));
        assert_eq!(schedule.next(10, owed, at(60), 0.0), Next::GiveUp);
        assert_eq!(schedule.next(1, owed, at(0), 1.0), Next::At(at(5) + Duration::from_secs(30)));
        assert_eq!(schedule.next(1, owed, at(600_000), 0.0), Next::At(at(600_005)), "too early to give up");
        // 5 + 15 minutes, and two more of 15: four in an hour, and half of that is enough.
        assert_eq!(schedule.next(2, owed, at(600_000), 0.0), Next::GiveUp);
        assert_eq!(schedule.absurd_from(at(0)), at(2 * 24 * 60));
    }
}
