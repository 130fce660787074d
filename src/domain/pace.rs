//! How many copies at once go to one destination: few at first, more as it takes them, fewer when
//! it says that this is too much.

use std::time::Duration;

use super::time::Timestamp;

/// What a destination did with a copy, as far as pace is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Felt {
    /// It took it.
    Took,
    /// It answered, and what it said says nothing about how fast we are.
    Answered,
    /// It is busy (451), or broke off.
    Busy,
    /// It wants no more for now (421).
    Enough,
    /// Nobody could be spoken to.
    Unreachable,
}

/// The pace towards one destination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pace {
    window: usize,
    most: usize,
    /// Taken since the window last changed.
    took: usize,
    /// How often it wanted no more since it last took one.
    enough: u32,
    rests_until: Option<Timestamp>,
    known: Known,
}

/// Whether a destination has taken anything lately.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// It has.
    Good,
    /// It may be slow, or not there at all.
    Not,
}

/// What can be done for a destination now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// So many copies may be on their way to it at once.
    For(usize),
    /// None until then.
    Resting(Timestamp),
    /// None, and what waits for it is better put off.
    Shut,
}

impl Pace {
    const FIRST: usize = 2;
    const REST: Duration = Duration::from_secs(10);
    const REST_MAX: Duration = Duration::from_mins(5);
    /// After so many rests in a row without a copy taken, there is no point in waiting here.
    const SHUT_AFTER: u32 = 4;

    /// Towards a destination that nothing is known of; `most` copies at once in the best case.
    pub fn new(most: usize) -> Pace {
        let most = most.max(1);
        let window = Pace::FIRST.min(most);
        Pace { window, most, took: 0, enough: 0, rests_until: None, known: Known::Not }
    }

    /// What can be done now.
    pub fn room(&self, now: Timestamp) -> Room {
        match self.rests_until {
            Some(until) if now < until && self.enough >= Pace::SHUT_AFTER => Room::Shut,
            Some(until) if now < until => Room::Resting(until),
            Some(_) | None => Room::For(self.window),
        }
    }

    /// Until when it rests, if it was ever asked to.
    pub fn rests_until(&self) -> Option<Timestamp> {
        self.rests_until
    }

    /// Whether it has taken anything since it was last in trouble.
    pub fn known(&self) -> Known {
        self.known
    }

    /// Learns from what became of a copy.
    pub fn felt(&mut self, felt: Felt, now: Timestamp) {
        match felt {
            Felt::Took => {
                (self.enough, self.known) = (0, Known::Good);
                self.took += 1;
                if self.took >= self.window && self.window < self.most {
                    (self.window, self.took) = (self.window + 1, 0);
                }
            }
            Felt::Answered => {}
            Felt::Busy => (self.window, self.took) = ((self.window / 2).max(1), 0),
            // The others that were on their way then say the same, once more.
            Felt::Enough if self.rests_until.is_some_and(|until| now < until) => {}
            Felt::Enough => {
                (self.window, self.took, self.known) = ((self.window / 2).max(1), 0, Known::Not);
                let rest = Pace::REST.saturating_mul(1 << self.enough.min(16)).min(Pace::REST_MAX);
                self.enough = self.enough.saturating_add(1);
                self.rests_until = Some(now + rest);
            }
            Felt::Unreachable => (self.window, self.took, self.known) = (1, 0, Known::Not),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn after(felt: &[Felt]) -> Pace {
        let mut pace = Pace::new(4);
        felt.iter().for_each(|felt| pace.felt(*felt, at(0)));
        pace
    }

    #[test]
    fn the_pace_grows_with_what_is_taken_and_falls_with_trouble() {
        use Felt::*;
        for (felt, room) in [
            (&[][..], Room::For(2)),
            (&[Took], Room::For(2)),
            (&[Took, Took], Room::For(3)),
            (&[Took; 5], Room::For(4)),
            (&[Took; 50], Room::For(4)),
            (&[Took, Took, Took, Took, Took, Busy], Room::For(2)),
            (&[Busy, Busy, Busy], Room::For(1)),
            (&[Answered; 9], Room::For(2)),
            (&[Took, Took, Took, Took, Took, Unreachable], Room::For(1)),
            (&[Unreachable, Took], Room::For(2)),
            (&[Enough], Room::Resting(at(10))),
            (&[Enough, Enough, Enough, Enough, Enough], Room::Resting(at(10))),
        ] {
            assert_eq!(after(felt).room(at(0)), room, "{felt:?}");
        }
        assert_eq!(Pace::new(1).room(at(0)), Room::For(1));
        assert_eq!(Pace::new(0).room(at(0)), Room::For(1));
    }

    #[test]
    fn rests_grow_until_nothing_waits_for_them() {
        let (mut pace, mut now) = (Pace::new(4), at(0));
        for seconds in [10, 20, 40] {
            pace.felt(Felt::Enough, now);
            let end = now + Duration::from_secs(seconds);
            assert_eq!(pace.room(now), Room::Resting(end));
            now = end;
            assert_eq!(pace.room(now), Room::For(1));
        }
        pace.felt(Felt::Enough, now);
        assert_eq!(pace.room(now), Room::Shut);
        now = now + Duration::from_secs(80);
        assert_eq!(pace.room(now), Room::For(1), "it is asked again, by one copy");
        pace.felt(Felt::Took, now);
        pace.felt(Felt::Enough, now);
        assert_eq!(pace.room(now), Room::Resting(now + Duration::from_secs(10)));
    }
}
