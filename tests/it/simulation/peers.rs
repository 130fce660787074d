//! The servers of everybody who is written to: they take, put off, refuse, hang and drop, by seed,
//! and remember what they got. Nothing moves until the driver lets the next of them answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parvis::domain::time::Timestamp;
use parvis::smtp::client::{Copy, Fate, Outbox, Outcome, Stage};
use tokio::sync::{Notify, oneshot};

use super::chance::Chance;
use super::model::Model;
use super::time::{DAY, HOUR, MINUTE, Time};

/// Whose copy of what: the recipient's address and the Message-ID.
pub(super) type Item = (String, String);

/// How a peer meets a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Temper {
    Takes,
    PutsOff,
    Refuses,
    /// Says nothing for so long that we give up, and may have it.
    Hangs {
        took: bool,
    },
    /// The connection breaks before the final dot, or behind it.
    Drops {
        took: bool,
    },
    /// Nothing is at stake: somebody of ours only waits.
    OnlyTime,
}

struct Parked {
    until: i64,
    order: u64,
    item: Item,
    temper: Temper,
    answer: oneshot::Sender<Outcome>,
}

/// What the peers know in the end.
#[derive(Default)]
pub(super) struct Seen {
    /// What lies in the mailboxes, and how often.
    pub(super) mailboxes: BTreeMap<Item, u32>,
    /// How many more there may be than one: the peer or the process went away in between.
    pub(super) excused: BTreeMap<Item, u32>,
    pub(super) refused: BTreeSet<Item>,
    /// The clock, each time a copy was brought and not taken.
    pub(super) put_off: BTreeMap<Item, Vec<Timestamp>>,
    /// What no peer should ever have seen.
    pub(super) faults: Vec<String>,
}

#[derive(Default)]
struct State {
    parked: Vec<Parked>,
    orders: u64,
    seen: Seen,
    /// Addresses nobody answers for, and how long.
    away: BTreeMap<String, (i64, i64)>,
}

pub(super) struct Peers {
    time: Time,
    model: Arc<Mutex<Model>>,
    chance: Mutex<Chance>,
    state: Mutex<State>,
    /// Rings when somebody begins to wait.
    pub(super) arrived: Notify,
}

impl Peers {
    pub(super) fn new(seed: u64, time: Time, model: Arc<Mutex<Model>>) -> Peers {
        let chance = Mutex::new(Chance::new(seed ^ 0x5EED_0F9E_E125));
        Peers { time, model, chance, state: Mutex::default(), arrived: Notify::new() }
    }

    pub(super) fn is_away(&self, address: &str, from: i64, until: i64) {
        self.state().away.insert(address.to_owned(), (from, until));
    }

    pub(super) fn parked(&self) -> usize {
        self.state().parked.len()
    }

    pub(super) fn next_answer(&self) -> Option<i64> {
        self.state().parked.iter().map(|parked| parked.until).min()
    }

    /// Lets the one answer who has waited longest.
    pub(super) fn answer_next(&self) {
        let mut state = self.state();
        let soonest =
            state.parked.iter().enumerate().min_by_key(|(_, p)| (p.until, p.order)).map(|(at, _)| at);
        let Some(at) = soonest else { return };
        let Parked { until: _, order: _, item, temper, answer } = state.parked.swap_remove(at);
        match temper {
            Temper::Takes => *state.seen.mailboxes.entry(item).or_default() += 1,
            Temper::Hangs { took: true } | Temper::Drops { took: true } => {
                *state.seen.mailboxes.entry(item.clone()).or_default() += 1;
                *state.seen.excused.entry(item).or_default() += 1;
            }
            Temper::Refuses => drop(state.seen.refused.insert(item)),
            Temper::PutsOff | Temper::Hangs { took: false } | Temper::Drops { took: false } => {
                state.seen.put_off.entry(item).or_default().push(self.time.clock());
            }
            Temper::OnlyTime => {}
        }
        // Nobody listens if the server ended.
        let _ = answer.send(outcome(temper));
    }

    /// The server is gone in the middle of everything; some peers had just taken what they were given.
    pub(super) fn server_dies(&self) {
        let mut state = self.state();
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        for parked in std::mem::take(&mut state.parked) {
            let could_take = match parked.temper {
                Temper::Takes | Temper::Hangs { took: true } | Temper::Drops { took: true } => true,
                Temper::PutsOff | Temper::Refuses | Temper::Hangs { .. } | Temper::Drops { .. } => false,
                Temper::OnlyTime => false,
            };
            if could_take && chance.one_in(2) {
                *state.seen.mailboxes.entry(parked.item.clone()).or_default() += 1;
                *state.seen.excused.entry(parked.item).or_default() += 1;
            }
        }
    }

    pub(super) fn seen(&self) -> Seen {
        std::mem::take(&mut self.state().seen)
    }

    /// Waits so long, of the time of the simulation.
    pub(super) async fn pass(&self, millis: i64) {
        let item = (String::new(), String::new());
        let waits = self.park(item, Temper::OnlyTime, millis);
        let _ = waits.await;
    }

    fn park(&self, item: Item, temper: Temper, millis: i64) -> oneshot::Receiver<Outcome> {
        let (answer, waits) = oneshot::channel();
        let mut state = self.state();
        state.orders += 1;
        let (until, order) = (self.time.passed() + millis, state.orders);
        state.parked.push(Parked { until, order, item, temper, answer });
        drop(state);
        self.arrived.notify_one();
        waits
    }

    /// Nobody may be written to who does not want it at that moment.
    fn look_at(&self, item: &Item) {
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let (recipient, id) = item;
        let Some(post) = model.posts.get(id) else { return };
        if !model.gets_mail(&(post.list, recipient.clone())) {
            let fault = format!("{recipient} is sent <{id}> of {} and wants no mail of it now", post.list);
            drop(model);
            self.state().seen.faults.push(fault);
        }
    }

    fn meet(&self, item: &Item) -> (Temper, i64) {
        let now = self.time.passed();
        let away = self.state().away.get(&item.0).copied();
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        if away.is_some_and(|(from, until)| (from..until).contains(&now)) {
            return (Temper::PutsOff, 1_000);
        }
        let seconds = 1_000 * (1 + i64::try_from(chance.below(20)).expect("small"));
        match chance.below(100) {
            0..70 => (Temper::Takes, seconds),
            70..84 => (Temper::PutsOff, seconds),
            84..87 => (Temper::Refuses, seconds),
            87..91 => (Temper::Hangs { took: chance.one_in(2) }, 10 * MINUTE),
            91..97 => (Temper::Drops { took: chance.one_in(3) }, seconds),
            _ => (Temper::Takes, HOUR),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Peers {
    async fn carry(&self, copy: Copy) -> Outcome {
        let item = (copy.recipient.key(), message_id(copy.head.as_bytes()));
        self.look_at(&item);
        let (temper, millis) = self.meet(&item);
        let waits = self.park(item, temper, millis.min(DAY));
        waits.await.unwrap_or_else(|_| outcome(Temper::Drops { took: false }))
    }
}

fn outcome(temper: Temper) -> Outcome {
    let lost = |why: &str, stage, fate| Outcome::Lost { why: why.to_owned(), stage, fate };
    match temper {
        Temper::Takes | Temper::OnlyTime => Outcome::Taken { reply: "250 2.0.0 taken".to_owned() },
        Temper::PutsOff => {
            let reply = "450 4.2.1 the mailbox rests".to_owned();
            Outcome::PutOff { code: Some(450), enhanced: None, reply, stage: Stage::Rcpt }
        }
        Temper::Refuses => {
            let reply = "550 5.1.1 nobody of that name".to_owned();
            Outcome::Refused { code: 550, enhanced: None, reply, stage: Stage::Rcpt }
        }
        Temper::Hangs { .. } => lost("nothing came back", Stage::Content, Fate::Unknown),
        Temper::Drops { took: true } => lost("the connection broke", Stage::Content, Fate::Unknown),
        Temper::Drops { took: false } => lost("the connection broke", Stage::Data, Fate::NotTaken),
    }
}

/// The Message-ID in a header, without its brackets.
pub(super) fn message_id(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let line = head.lines().find_map(|line| {
        line.split_once(':')
            .filter(|(name, _)| name.eq_ignore_ascii_case("message-id"))
            .map(|(_, value)| value)
    });
    line.unwrap_or_default().trim().trim_matches(['<', '>']).to_owned()
}
