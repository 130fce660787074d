//! Copies that wait, by destination: each has its pace, and all of them take turns.

use std::collections::{HashMap, VecDeque};

use crate::domain::ids::{PersonId, PostId};
use crate::domain::pace::{Felt, Known, Pace, Room};
use crate::domain::time::Timestamp;
use crate::smtp::client::Destination;

/// Copies of posts that take turns.
#[derive(Default)]
pub(super) struct Turns {
    order: VecDeque<PostId>,
    people: HashMap<PostId, VecDeque<PersonId>>,
}

impl Turns {
    pub(super) fn push(&mut self, post: PostId, person: PersonId) {
        let order = &mut self.order;
        let people = self.people.entry(post).or_insert_with(|| {
            order.push_back(post);
            VecDeque::new()
        });
        people.push_back(person);
    }

    pub(super) fn pop(&mut self) -> Option<(PostId, PersonId)> {
        let post = self.order.pop_front()?;
        let people = self.people.get_mut(&post)?;
        let person = people.pop_front()?;
        if people.is_empty() {
            self.people.remove(&post);
        } else {
            self.order.push_back(post);
        }
        Some((post, person))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// The lanes, and what of each is in hand.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: HashMap<Destination, Lane>,
    /// Those in which copies wait; they take turns.
    order: VecDeque<Destination>,
    in_hand: HashMap<(PostId, PersonId), Held>,
    /// How many in hand are for destinations nothing good is known of.
    doubtful: usize,
}

struct Lane {
    waiting: Turns,
    in_hand: usize,
    /// One server that takes everything has none: it was put there for this.
    pace: Option<Pace>,
}

struct Held {
    destination: Destination,
    known: Known,
}

/// Lanes without copies are kept for their pace, up to so many.
const LANES_MAX: usize = 20_000;

impl Lanes {
    pub(super) fn push(&mut self, destination: Destination, post: PostId, person: PersonId) {
        if self.lanes.len() >= LANES_MAX && !self.lanes.contains_key(&destination) {
            self.lanes.retain(|_, lane| !lane.waiting.is_empty() || lane.in_hand > 0);
        }
        let lane = self.lanes.entry(destination.clone()).or_insert_with(|| Lane {
            waiting: Turns::default(),
            in_hand: 0,
            pace: match &destination {
                Destination::One => None,
                Destination::Of { at_once_max, .. } => Some(Pace::new(*at_once_max)),
            },
        });
        if lane.waiting.is_empty() {
            self.order.push_back(destination);
        }
        lane.waiting.push(post, person);
    }

    /// The next copy, and whether it can be tried; else it is to be put off. At most `doubtful_max`
    /// in hand are for destinations nothing good is known of, so that any number of dead ones
    /// leaves room for the others.
    pub(super) fn take(&mut self, now: Timestamp, doubtful_max: usize) -> Option<(PostId, PersonId, bool)> {
        for _ in 0..self.order.len() {
            let destination = self.order.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&destination) else { continue };
            let known = lane.pace.as_ref().map_or(Known::Good, Pace::known);
            let room = lane.pace.as_ref().map_or(Room::For(usize::MAX), |pace| pace.room(now));
            let open = match room {
                Room::For(window) if lane.in_hand < window => match known {
                    Known::Good => Some(true),
                    Known::Not if self.doubtful < doubtful_max => Some(true),
                    Known::Not => None,
                },
                Room::For(_) | Room::Resting(_) => None,
                Room::Shut => Some(false),
            };
            let taken = open.and_then(|open| lane.waiting.pop().map(|copy| (copy, open)));
            if taken.is_some() {
                lane.in_hand += 1;
            }
            if !lane.waiting.is_empty() {
                self.order.push_back(destination.clone());
            }
            if let Some(((post, person), open)) = taken {
                self.doubtful += usize::from(known == Known::Not);
                self.in_hand.insert((post, person), Held { destination, known });
                return Some((post, person, open));
            }
        }
        None
    }

    pub(super) fn give_back(&mut self, post: PostId, person: PersonId, felt: Felt, now: Timestamp) {
        let Some(held) = self.in_hand.remove(&(post, person)) else { return };
        self.doubtful -= usize::from(held.known == Known::Not);
        if let Some(lane) = self.lanes.get_mut(&held.destination) {
            lane.in_hand -= 1;
            if let Some(pace) = &mut lane.pace {
                pace.felt(felt, now);
            }
        }
    }

    /// When the first lane that rests after `now` may go on.
    pub(super) fn next_rested(&self, now: Timestamp) -> Option<Timestamp> {
        let rests = self
            .order
            .iter()
            .filter_map(|destination| self.lanes.get(destination)?.pace.as_ref()?.rests_until());
        rests.filter(|until| *until > now).min()
    }

    pub(super) fn are_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Forgets what waits; what is in hand is still known.
    pub(super) fn clear(&mut self) {
        self.order.clear();
        self.lanes.values_mut().for_each(|lane| lane.waiting = Turns::default());
    }
}
