//! A clock that is a number: time goes on by what the driver says, and the clock on the wall may be
//! set forward and back beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parvis::domain::time::Timestamp;
use parvis::flow::Clock;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
/// 22 November 2026, noon.
const BEGIN: i64 = 1_795_348_800_000;

/// Milliseconds since the simulation began, and what the clock on the wall is wrong by.
#[derive(Clone, Default)]
pub(super) struct Time {
    passed: Arc<AtomicI64>,
    wrong_by: Arc<AtomicI64>,
}

impl Time {
    /// True time.
    pub(super) fn passed(&self) -> i64 {
        self.passed.load(Ordering::SeqCst)
    }

    pub(super) fn go_on_to(&self, moment: i64) {
        self.passed.fetch_max(moment, Ordering::SeqCst);
    }

    pub(super) fn set_clock_by(&self, millis: i64) {
        self.wrong_by.fetch_add(millis, Ordering::SeqCst);
    }

    /// What the clock shows.
    pub(super) fn clock(&self) -> Timestamp {
        Timestamp::from_millis(BEGIN + self.passed() + self.wrong_by.load(Ordering::SeqCst))
    }

    /// When the clock will show that, if nobody sets it.
    pub(super) fn when_shown(&self, moment: Timestamp) -> i64 {
        moment.millis() - BEGIN - self.wrong_by.load(Ordering::SeqCst)
    }

    pub(super) fn as_clock(&self) -> Clock {
        let time = self.clone();
        Arc::new(move || time.clock())
    }
}
