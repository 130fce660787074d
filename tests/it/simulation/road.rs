//! The way from Parvis to the peers, and what can be wrong with it or with the steps around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parvis::smtp::client::{Copy, Outbox, Outcome};

use super::peers::Peers;
use super::time::{HOUR, MINUTE};

/// What is planted, to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Planted {
    Nothing,
    /// An outbox that takes a connection for dead and sends again what was taken.
    SentTwice,
    /// The step between the peer's 250 and keeping it fails, and the work counts as settled.
    OutcomeLost,
    /// Copies are made long before they are sent, and nobody looks again.
    MadeTooEarly,
    /// A door that does not ask whether it has a post already.
    TakenTwice,
}

pub(super) struct Road {
    pub(super) peers: Arc<Peers>,
    pub(super) planted: Planted,
    carried: AtomicU32,
}

/// A planted fault shows on each copy of this number.
const EACH: u32 = 5;

impl Road {
    pub(super) fn new(peers: Arc<Peers>, planted: Planted) -> Road {
        Road { peers, planted, carried: AtomicU32::new(0) }
    }
}

impl Outbox for Road {
    async fn carry(&self, copy: Copy) -> Outcome {
        let faulty = self.carried.fetch_add(1, Ordering::SeqCst) % EACH == EACH - 1;
        match (self.planted, faulty) {
            (Planted::SentTwice, true) => {
                let outcome = self.peers.carry(copy.clone()).await;
                if matches!(outcome, Outcome::Taken { .. }) {
                    self.peers.pass(MINUTE).await;
                    return self.peers.carry(copy).await;
                }
                outcome
            }
            (Planted::OutcomeLost, true) => {
                let outcome = self.peers.carry(copy).await;
                if matches!(outcome, Outcome::Taken { .. }) {
                    // Without the message of a panic, since this one is meant.
                    std::panic::resume_unwind(Box::new("the outcome is lost"));
                }
                outcome
            }
            (Planted::MadeTooEarly, _) => {
                self.peers.pass(8 * HOUR).await;
                self.peers.carry(copy).await
            }
            (Planted::SentTwice | Planted::OutcomeLost, false) => self.peers.carry(copy).await,
            (Planted::Nothing | Planted::TakenTwice, _) => self.peers.carry(copy).await,
        }
    }
}
