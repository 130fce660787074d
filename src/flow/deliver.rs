//! The loop that empties the queue: so many copies at once, each answered for before another
//! takes its place.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::dispatch::{Dispatch, Ended, Work};
use super::send_copies::{CopyMaker, send_copy};
use super::write_letters::send_letter;
use super::{Desk, FlowError};
use crate::smtp::client::Outbox;

/// Without news, the queue is looked at anyway.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(30);

/// A server that is asked to end waits so long for a peer that says nothing; the copy it was given
/// is still owed at the next start.
const STOP_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Sends what is owed until `stop` becomes true, then waits a while for what is in hand.
///
/// Ends with an error when the store no longer takes outcomes: nothing more may leave then.
pub async fn deliver<O: Outbox + 'static>(
    desk: Arc<Desk>,
    outbox: Arc<O>,
    at_once: usize,
    mut stop: watch::Receiver<bool>,
) -> Result<(), FlowError> {
    let mut changes = desk.store.changes();
    let mut dispatch = Dispatch::default();
    let maker = Arc::new(CopyMaker::default());
    let mut in_hand: JoinSet<(Work, Result<Ended, FlowError>)> = JoinSet::new();
    let mut spread = Spread::default();
    let mut look = true;
    let patience = stopped_for(stop.clone(), STOP_WAIT);
    tokio::pin!(patience);
    loop {
        if look {
            changes.borrow_and_update();
            for post in dispatch.refill(&desk, desk.now())? {
                maker.forget(post);
            }
            look = false;
        }
        while in_hand.len() < at_once && !*stop.borrow() {
            let Some(work) = dispatch.take() else { break };
            let (desk, outbox, maker) = (desk.clone(), outbox.clone(), maker.clone());
            let (spread, attempts) = (spread.next(), dispatch.letter_attempts(&work));
            in_hand.spawn(async move {
                let ended = carry_out(&desk, &*outbox, &maker, &work, attempts, spread).await;
                (work, ended)
            });
        }
        if *stop.borrow() && in_hand.is_empty() {
            return Ok(());
        }
        let due_in = dispatch.next_due().map_or(LOOK_AGAIN, |due| due.since(desk.now()).min(LOOK_AGAIN));
        tokio::select! {
            () = &mut patience => {
                tracing::warn!(copies = in_hand.len(), "peers that do not answer are left; their copies are still owed");
                return Ok(());
            }
            Some(ended) = in_hand.join_next(), if !in_hand.is_empty() => match ended {
                Ok((work, Ok(ended))) => {
                    dispatch.give_back(&work, ended, &desk.retry, desk.now(), spread.next());
                    // When the last is back, what was put off meanwhile has its moment to be known.
                    look |= in_hand.is_empty();
                }
                Ok((_, Err(error))) => return Err(error),
                Err(error) => tracing::error!(%error, "sending something ended in a failure of ours"),
            },
            changed = changes.changed(), if !*stop.borrow() => {
                if changed.is_err() {
                    return Ok(());
                }
                look = true;
            }
            () = desk.bell.notified(), if !*stop.borrow() => look = true,
            _ = stop.changed(), if !*stop.borrow() => {}
            () = tokio::time::sleep(due_in.max(SHORTEST_PAUSE)), if !*stop.borrow() => look = true,
        }
    }
}

/// Returns so long after the word to stop.
async fn stopped_for(mut stop: watch::Receiver<bool>, long: std::time::Duration) {
    // A sender that is gone has stopped as well.
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(long).await;
}

/// What is due is looked for at most this often.
const SHORTEST_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Sends one thing, and keeps what became of it.
pub async fn carry_out<O: Outbox>(
    desk: &Desk,
    outbox: &O,
    maker: &CopyMaker,
    work: &Work,
    attempts: u32,
    spread: f64,
) -> Result<Ended, FlowError> {
    match work {
        Work::Copy(post, person) => {
            send_copy(desk, outbox, maker, *post, *person, spread).await?;
            Ok(Ended::Settled)
        }
        Work::Letter(letter) => send_letter(desk, outbox, letter, attempts).await,
    }
}

/// Numbers between 0 and 1 that keep retries apart; which ones does not matter.
#[derive(Default)]
pub struct Spread(u64);

impl Spread {
    /// The next one.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> f64 {
        // The golden ratio's multiples fill the unit interval evenly.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}
