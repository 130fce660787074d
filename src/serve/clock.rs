//! The clock of this machine, and what is made of it when it jumps.
//!
//! A machine that is told a wrong time, for a minute or for a day, must not end questions, drop what
//! is held, or give copies up because of it. So a jump beyond [`BELIEVED_AHEAD`] or [`BELIEVED_BACK`]
//! counts only once the clock has kept it for [`PROBATION`]; until then time goes on as it did.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::flow::Clock;

/// A machine that slept for so long is believed at once; nothing is forgotten that fast.
const BELIEVED_AHEAD: Duration = Duration::from_secs(2 * 86_400);
/// Put back by so much, it was set right.
const BELIEVED_BACK: Duration = Duration::from_secs(3_600);
/// How long another time must stand before it counts.
const PROBATION: Duration = Duration::from_secs(3_600);
/// Two times that are apart by less are the same one.
const SAME: Duration = Duration::from_secs(60);

/// The clock of this machine.
#[allow(clippy::disallowed_methods, reason = "the one place where the server reads the clock")]
pub fn system_clock() -> Clock {
    let begun = std::time::Instant::now();
    let known = Mutex::new(Known::default());
    Arc::new(move || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let shown = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        known.lock().unwrap_or_else(PoisonError::into_inner).now(shown, begun.elapsed())
    })
}

/// What is known of a clock that can be set, beside one that only runs.
#[derive(Default)]
struct Known {
    /// What the first showed when the second said zero.
    zero: Option<Timestamp>,
    /// Another zero, and since when it would be it.
    claimed: Option<(Timestamp, Duration)>,
}

impl Known {
    /// What time it is: one clock shows `shown`, the other has run for `ran`.
    fn now(&mut self, shown: Timestamp, ran: Duration) -> Timestamp {
        let says = shown - ran;
        let zero = self.zero.unwrap_or(says);
        if says.since(zero) <= BELIEVED_AHEAD && zero.since(says) <= BELIEVED_BACK {
            if self.claimed.take().is_some() {
                tracing::info!("the clock is right again");
            }
            self.zero = Some(says);
            return shown;
        }
        let since = match self.claimed {
            Some((claimed, since)) if claimed.since(says).max(says.since(claimed)) <= SAME => since,
            Some(_) | None => {
                let (shown, counted) = (shown.to_string(), (zero + ran).to_string());
                tracing::warn!(
                    shown,
                    counted,
                    "the clock jumped: unless it stays so for an hour, time goes on as before"
                );
                ran
            }
        };
        if ran.saturating_sub(since) >= PROBATION {
            tracing::warn!(now = %shown, "the clock has kept its new time for an hour: it counts from now on");
            (self.zero, self.claimed) = (Some(says), None);
            return shown;
        }
        self.claimed = Some((says, since));
        zero + ran
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn a_jump_counts_once_it_has_lasted() {
        // At which second since the start the clock is how many seconds wrong, and what is made of it.
        let table: &[(u64, i64, i64)] = &[
            (0, 0, 0),
            (10, 5, 5),                  // set by a hand's breadth
            (20, 400 * DAY, 5),          // told nonsense
            (30, -400 * DAY, 5),         // other nonsense
            (40, 5, 5),                  // right again
            (50, DAY, DAY),              // slept
            (60, 0, DAY),                // put back by a day: not believed yet
            (3_000, 30, DAY),            // nearly the same
            (3_700, 30, 30),             // it has lasted
            (4_000, 30 - 3_000, -2_970), // put back by less than an hour
            (5_000, 400 * DAY, -2_970),
            (8_599, 400 * DAY, -2_970),
            (8_600, 400 * DAY, 400 * DAY),
        ];
        let (start, mut known) = (Timestamp::from_seconds(1_795_000_000), Known::default());
        for (ran, wrong, counted) in table {
            let ran = Duration::from_secs(*ran);
            let moved = |by: i64| {
                let by_so_much = Duration::from_secs(by.unsigned_abs());
                if by < 0 { start + ran - by_so_much } else { start + ran + by_so_much }
            };
            assert_eq!(known.now(moved(*wrong), ran), moved(*counted), "{ran:?}: {wrong}");
        }
    }
}
