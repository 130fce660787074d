//! Which changes are written together: what waits, up to a measure; of outcomes a few more.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{Answer, Request};
use crate::store::change::Change;

/// A group takes no more changes than this, so that its first one does not wait long for its last…
const GROUP_CHANGES_MAX: usize = 512;
/// …nor more bytes of mail.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// Outcomes of copies come one by one, each with a connection that waits for it. While several are
/// on their way, so many of them are written together…
const OUTCOMES_TOGETHER: usize = 16;
/// …or what has come after so many naps: each costs what a sync does.
const NAPS_MAX: u32 = 4;
const NAP: Duration = Duration::from_millis(1);

/// Changes that are written together.
pub(super) struct Group {
    pub(super) changes: Vec<(Box<Change>, Answer)>,
    weight: usize,
    outcomes_only: bool,
}

impl Group {
    pub(super) fn of(change: Box<Change>, answer: Answer) -> Group {
        let mut group = Group { changes: Vec::new(), weight: 0, outcomes_only: true };
        group.add(change, answer);
        group
    }

    fn add(&mut self, change: Box<Change>, answer: Answer) {
        self.weight += change.weight();
        self.outcomes_only &= change.has_outcomes_only();
        self.changes.push((change, answer));
    }

    /// Adds what waits, up to what is no change or no longer fits: the former is given.
    pub(super) fn take_in(&mut self, requests: &mut mpsc::UnboundedReceiver<Request>) -> Option<Request> {
        while self.changes.len() < GROUP_CHANGES_MAX && self.weight < GROUP_BYTES_MAX {
            match requests.try_recv() {
                Ok(Request::Commit(change, answer)) => self.add(change, answer),
                Ok(
                    other @ (Request::Rebuild(_) | Request::Cut(_) | Request::Revive | Request::Alter(..)),
                ) => return Some(other),
                Err(_) => return None,
            }
        }
        None
    }

    /// Waits a little where it holds nothing but outcomes, and few.
    pub(super) fn wait_for_more(
        &mut self,
        requests: &mut mpsc::UnboundedReceiver<Request>,
    ) -> Option<Request> {
        for _ in 0..NAPS_MAX {
            if !self.outcomes_only || self.changes.len() >= OUTCOMES_TOGETHER {
                break;
            }
            std::thread::sleep(NAP);
            let other = self.take_in(requests);
            if other.is_some() {
                return other;
            }
        }
        None
    }
}
