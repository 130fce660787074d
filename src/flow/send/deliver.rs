//! The loop that empties the queue: so many copies at once, each answered for before another
//! takes its place.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet, yield_now};

use super::copies::{CopyMaker, put_off_copy, send_copy};
use super::dispatch::{Dispatch, Ended, Sorted, Work};
use super::letters::send_letter;
use crate::domain::pace::Felt;
use crate::domain::retry::Next;
use crate::flow::{Desk, FULL_PAUSE, FlowError};
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
    let mut dispatch = Dispatch::of(&desk);
    let maker = Arc::new(CopyMaker::default());
    let mut in_hand: JoinSet<Result<Ended, FlowError>> = JoinSet::new();
    let mut works: HashMap<Id, Work> = HashMap::new();
    let mut spread = Spread::default();
    let mut look = true;
    let patience = stopped_for(stop.clone(), STOP_WAIT);
    tokio::pin!(patience);
    loop {
        if look {
            changes.borrow_and_update();
            look = !refill(&desk, &mut dispatch, &maker)?;
        }
        let sorted = dispatch.sort(&desk, &*outbox);
        while in_hand.len() < at_once && !*stop.borrow() {
            let Some(work) = dispatch.take(desk.now(), at_once) else { break };
            let how = (dispatch.letter_attempts(&work), spread.next());
            let task = start(&mut in_hand, &desk, &outbox, &maker, &work, how);
            works.insert(task, work);
        }
        if *stop.borrow() && in_hand.is_empty() {
            return Ok(());
        }
        let now = desk.now();
        let no_later = if look { FULL_PAUSE } else { LOOK_AGAIN };
        let due_in = dispatch.next_due(now).map_or(no_later, |due| due.since(now).min(no_later));
        tokio::select! {
            () = &mut patience => {
                tracing::warn!(copies = in_hand.len(), "peers that do not answer are left; their copies are still owed");
                return Ok(());
            }
            () = yield_now(), if sorted == Sorted::NotYet => {}
            Some(ended) = in_hand.join_next_with_id(), if !in_hand.is_empty() => {
                // Those that ended with it make room together.
                let mut ended = Some(ended);
                while let Some(one) = ended {
                    let (id, one) = how_it_ended(one)?;
                    if let Some(work) = works.remove(&id)
                        && let Some(again) = put_back(&desk, &mut dispatch, work, one, spread.next())
                    {
                        let task = start(&mut in_hand, &desk, &outbox, &maker, &again, (0, spread.next()));
                        works.insert(task, again);
                    }
                    ended = in_hand.try_join_next_with_id();
                }
                // When the last is back, what was put off meanwhile has its moment to be known.
                look |= in_hand.is_empty();
            }
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

/// Begins a piece of work, at its attempt of that number and with that spread of its retry.
fn start<O: Outbox + 'static>(
    in_hand: &mut JoinSet<Result<Ended, FlowError>>,
    desk: &Arc<Desk>,
    outbox: &Arc<O>,
    maker: &Arc<CopyMaker>,
    work: &Work,
    (attempts, spread): (u32, f64),
) -> Id {
    let (desk, outbox, maker, work) = (desk.clone(), outbox.clone(), maker.clone(), work.clone());
    in_hand.spawn(async move { carry_out(&desk, &*outbox, &maker, &work, attempts, spread).await }).id()
}

/// A failure of ours: in its words, and in those its reader's server is spared.
type OurFailure = (String, &'static str);

/// Which piece of work ended, and how; an error where nothing more may leave.
fn how_it_ended(
    ended: Result<(Id, Result<Ended, FlowError>), JoinError>,
) -> Result<(Id, Result<Ended, OurFailure>), FlowError> {
    Ok(match ended {
        Ok((id, Err(error))) if error.is_for_want_of_room() => (id, Err((error.to_string(), NO_ROOM))),
        Ok((id, ended)) => (id, Ok(ended?)),
        Err(failed) => (failed.id(), Err((failed.to_string(), OURS))),
    })
}

/// Gives a piece of work back. Gives what is to be done instead, if it ended in a failure of ours.
fn put_back(
    desk: &Desk,
    dispatch: &mut Dispatch,
    work: Work,
    ended: Result<Ended, OurFailure>,
    spread: f64,
) -> Option<Work> {
    match ended {
        Ok(ended) => {
            dispatch.give_back(&work, ended, desk.now());
            None
        }
        Err((error, why)) => {
            tracing::error!(error, ?work, "sending something ended in a failure of ours");
            after_a_failure(desk, dispatch, work, why, spread)
        }
    }
}

/// Looks what is owed; whether it could be read. It cannot while a full disk keeps the state shut.
fn refill(desk: &Desk, dispatch: &mut Dispatch, maker: &CopyMaker) -> Result<bool, FlowError> {
    match dispatch.refill(desk, desk.now()).map_err(FlowError::from) {
        Ok(finished) => {
            finished.into_iter().for_each(|post| maker.forget(post));
            Ok(true)
        }
        Err(error) if error.is_for_want_of_room() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Why a copy was put off that we could not go on with.
const OURS: &str = "a failure of ours, which is in the log";
/// The same, when nothing could be read.
const NO_ROOM: &str = "the disk was full";

/// A failure of ours must not keep a copy claimed until the next start, nor be met again at once:
/// it is put off, as if its peer had failed. Gives what is to be done for that.
fn after_a_failure(
    desk: &Desk,
    dispatch: &mut Dispatch,
    work: Work,
    why: &'static str,
    spread: f64,
) -> Option<Work> {
    match work {
        Work::Copy(post, person) => return Some(Work::PutOff(post, person, why)),
        Work::Letter(ref letter) => {
            let attempts = dispatch.letter_attempts(&work) + 1;
            let now = desk.now();
            // A letter that is given up is so when it is written, where it is known why.
            let next = match desk.retry.next(attempts, letter.since, now, spread) {
                Next::At(next) => next,
                Next::GiveUp => now,
            };
            desk.letter_waits.put_off(letter.letter, next, why.to_owned());
            dispatch.give_back(&work, Ended::LetterPutOff, now);
        }
        Work::PutOff(..) => {
            let settled = Ended::Settled(Felt::Answered);
            dispatch.give_back(&work, settled, desk.now());
        }
    }
    None
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
            send_copy(desk, outbox, maker, *post, *person, spread).await.map(Ended::Settled)
        }
        Work::PutOff(post, person, why) => loop {
            match put_off_copy(desk, *post, *person, why, spread).await {
                Err(error) if error.is_for_want_of_room() => tokio::time::sleep(FULL_PAUSE).await,
                done => return done.map(|()| Ended::Settled(Felt::Answered)),
            }
        },
        Work::Letter(letter) => send_letter(desk, outbox, letter, attempts, spread).await,
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
