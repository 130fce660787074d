//! What a group of changes made happen, for whoever counts; nothing depends on it.

use std::time::Instant;

use super::change::Change;
use super::event::{Event, LetterOutcome};
use super::ledger::CopyResult;

/// When a group was begun.
#[allow(clippy::disallowed_methods, reason = "how long the disk took is measured, and decides nothing")]
pub(super) fn began() -> Instant {
    Instant::now()
}

/// What happened, by the names under which it is counted.
#[derive(Default)]
pub(super) struct Tally(Vec<(&'static str, &'static str, u64)>);

const POSTS: &str = "parvis_posts_total";
const DELIVERIES: &str = "parvis_deliveries_total";
const LETTERS: &str = "parvis_letters_total";

impl Tally {
    /// What one change makes happen, should it be taken.
    pub(super) fn of(change: &Change) -> Tally {
        let mut tally = Tally::default();
        for event in &change.events {
            if let Some((name, outcome)) = counted(event) {
                tally.note(name, outcome, 1);
            }
        }
        for outcome in &change.outcomes {
            let word = match outcome.result {
                CopyResult::Taken(_) => "taken",
                CopyResult::PutOff { .. } => "put-off",
                CopyResult::Failed(_) => "failed",
                CopyResult::Gone => "gone",
            };
            tally.note(DELIVERIES, word, 1);
        }
        tally
    }

    pub(super) fn add(&mut self, other: Tally) {
        for (name, outcome, times) in other.0 {
            self.note(name, outcome, times);
        }
    }

    fn note(&mut self, name: &'static str, outcome: &'static str, times: u64) {
        match self.0.iter_mut().find(|(n, o, _)| (*n, *o) == (name, outcome)) {
            Some((_, _, so_far)) => *so_far += times,
            None => self.0.push((name, outcome, times)),
        }
    }

    /// It is durable now, and counts.
    pub(super) fn count(self, began: Instant) {
        metrics::histogram!("parvis_commit_seconds").record(began.elapsed().as_secs_f64());
        for (name, outcome, times) in self.0 {
            metrics::counter!(name, "outcome" => outcome).increment(times);
        }
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "most of what is kept is nothing to count")]
fn counted(event: &Event) -> Option<(&'static str, &'static str)> {
    Some(match event {
        Event::Received { .. } => (POSTS, "received"),
        Event::Imported { .. } => (POSTS, "imported"),
        Event::Published { .. } => (POSTS, "published"),
        Event::Held { .. } => (POSTS, "held"),
        Event::Dropped { .. } => (POSTS, "dropped"),
        Event::LetterDone { outcome, .. } => match outcome {
            LetterOutcome::Taken(_) => (LETTERS, "taken"),
            LetterOutcome::Failed(_) => (LETTERS, "failed"),
            LetterOutcome::Pointless => (LETTERS, "pointless"),
        },
        _ => return None,
    })
}
