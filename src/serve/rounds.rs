//! What the server does again and again: deciding what came in, and what time brings.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{ServeError, stopped};
use crate::flow::decide::{self, Suspects};
use crate::flow::{Desk, FULL_PAUSE, FlowError};
use crate::store::StoreError;

/// What was taken is decided as it comes; first what an earlier server left behind.
pub(super) async fn decide(desk: Arc<Desk>, mut stopping: watch::Receiver<bool>) -> Result<(), ServeError> {
    let mut changes = desk.store.changes();
    let mut work: fn(&Desk) -> Result<usize, FlowError> = decide::decide_left_behind;
    loop {
        let deciding = desk.clone();
        let more = match on_a_thread(move || work(&deciding)).await {
            Ok(decided) => {
                work = decide::decide_next;
                decided > 0
            }
            // What was taken is safe, and is decided once there is room to write that down.
            Err(ServeError::Flow(FlowError::Store(StoreError::Full))) => {
                tracing::warn!("the disk is full: what came in waits");
                tokio::select! {
                    () = tokio::time::sleep(FULL_PAUSE) => {}
                    () = stopped(stopping.clone()) => return Ok(()),
                }
                continue;
            }
            Err(error) => return Err(error),
        };
        if *stopping.borrow() {
            // What waits is decided at the next start; it is kept.
            return Ok(());
        }
        if more {
            continue;
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return Ok(()) },
            _ = stopping.changed() => {}
        }
    }
}

/// What was being read when an earlier server ended has its turn when this one has lived a while.
pub(super) async fn decide_suspects(
    desk: Arc<Desk>,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    let suspects = Arc::new(Suspects::default());
    loop {
        tokio::select! {
            () = tokio::time::sleep(SUSPECTS_EVERY) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        let (desk, suspects) = (desk.clone(), suspects.clone());
        match on_a_thread(move || suspects.decide(&desk)).await {
            Ok(()) | Err(ServeError::Flow(FlowError::Store(StoreError::Full))) => {}
            Err(error) => return Err(error),
        }
    }
}

/// What is due because time passes: ends of memberships and pauses, questions nobody answered; digests.
pub(super) async fn every(
    pause: Duration,
    first: Duration,
    work: fn(&Desk) -> Result<(), FlowError>,
    desk: Arc<Desk>,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    tokio::select! {
        () = tokio::time::sleep(first) => {}
        () = stopped(stopping.clone()) => return Ok(()),
    }
    loop {
        let keeping = desk.clone();
        match on_a_thread(move || work(&keeping)).await {
            Ok(()) | Err(ServeError::Flow(FlowError::Store(StoreError::Full))) => {}
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
    }
}

/// A machine that starts with a wrong clock is often told the right time soon: where it shows a time
/// long after what was last written, or before, what time takes away waits.
pub(super) fn house_begins_after(desk: &Desk) -> Duration {
    let now = desk.now();
    let Some(written) = desk.store.opened().last_line else { return Duration::ZERO };
    if now.since(written) <= STRANGE_AHEAD && written.since(now) <= STRANGE_BACK {
        return Duration::ZERO;
    }
    tracing::warn!(%now, %written, "the clock is far from what was last written: nothing is let go for an hour");
    STRANGE_WAIT
}

/// Longer than servers are off.
const STRANGE_AHEAD: Duration = Duration::from_secs(30 * 86_400);
const STRANGE_BACK: Duration = Duration::from_secs(3_600);
const STRANGE_WAIT: Duration = Duration::from_secs(3_600);
/// How often it is looked what has become due.
pub(super) const HOUSE_EVERY: Duration = Duration::from_secs(300);
/// How often it is looked whose digest is due.
pub(super) const DIGESTS_EVERY: Duration = Duration::from_secs(60);
/// Longer than servers live that are ended again and again.
const SUSPECTS_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FlowError> + Send + 'static,
) -> Result<T, ServeError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ServeError::Task(error.to_string()))?.map_err(ServeError::from)
}
