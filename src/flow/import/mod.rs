//! Puts the messages of an archive into a list, and writes to nobody.
//!
//! A message the list has already, by what it says and not by its number, is counted and passed
//! over: an import can be stopped anywhere and begun again, or run twice, and doubles nothing.
//! Nothing here knows where messages come from; see [`sources`].

pub mod closed;
pub mod old_addresses;
mod prepare;
pub mod sources;

use std::collections::{HashSet, VecDeque};

use serde::Serialize;

use self::prepare::{Looked, look_at, make_changes};
use crate::domain::ids::ListId;
use crate::domain::time::Timestamp;
use crate::store::change::{Change, Conflict, Ticket};
use crate::store::{Store, StoreError};

/// Messages looked at together, by all threads.
const CHUNK_MESSAGES: usize = 512;
/// A chunk takes no more messages once it has this many bytes.
const CHUNK_BYTES: usize = 4 << 20;
/// Messages the store was given and has not answered for.
const IN_FLIGHT_MESSAGES_MAX: usize = 2 * CHUNK_MESSAGES;
/// Their bytes, unless a single one is larger.
const IN_FLIGHT_BYTES_MAX: usize = 16 << 20;
/// Unreadable messages named one by one; further ones are counted.
const UNREADABLE_NAMED_MAX: usize = 50_000;

/// What came of an import, so far or in all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Imported {
    /// Everything Python's `mailbox` would count: the sum of what follows.
    pub messages: u64,
    /// In the archive now, and durable.
    pub imported: u64,
    /// In it already.
    pub duplicates: u64,
    /// Could not be taken, each with its reason.
    pub unreadable: Vec<UnreadableMessage>,
    /// Could not be taken either, beyond those that are named.
    #[serde(skip_serializing_if = "is_zero")]
    pub unreadable_unnamed: u64,
}

/// Something in an archive that is no message, or none we can take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnreadableMessage {
    /// Its place in the archive, from 1.
    pub n: u64,
    /// In words.
    pub why: String,
}

/// What an archive holds, in its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A message.
    Message(Message),
    /// Something that counts as one, and cannot be taken.
    Unreadable(UnreadableMessage),
}

/// A message, and what the archive says about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its place in the archive, from 1.
    pub n: u64,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// The envelope's sender; empty for none.
    pub sender: String,
    /// When it came, if the archive says so.
    pub dated: Option<Timestamp>,
}

/// Why an archive cannot be read, or read further.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceFault(pub String);

/// Whether anything is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run {
    /// It is.
    Real,
    /// Only looked at and counted.
    Dry,
}

/// An import that did not reach the end of its archive. What it says was imported is durable.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Stopped {
    /// What was done until then.
    pub so_far: Box<Imported>,
    /// Why it went no further.
    pub cause: StopCause,
}

/// Why an import stopped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StopCause {
    /// The store takes nothing more.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive cannot be read further.
    #[error(transparent)]
    Source(#[from] SourceFault),
}

/// Puts the messages of an archive into a list, in the archive's order. Blocks; durable when it
/// returns. `progress` hears now and then how far it is.
pub fn import(
    store: &Store,
    list: ListId,
    now: Timestamp,
    items: impl Iterator<Item = Result<Item, SourceFault>>,
    run: Run,
    progress: &mut dyn FnMut(&Imported),
) -> Result<Imported, Stopped> {
    let mut import =
        Import { store, list, now, run, done: Imported::default(), in_flight: InFlight::default() };
    let mut seen = HashSet::new();
    let mut items = items.fuse();
    let mut stopped = None;
    while stopped.is_none() {
        let chunk = read_chunk(&mut items, &mut stopped);
        if chunk.is_empty() {
            break;
        }
        if let Err(error) = import.chunk(chunk, &mut seen) {
            stopped = Some(error.into());
        }
        progress(&import.done);
    }
    // What was given to the store is answered for, whatever stopped the rest.
    let settled = import.settle(0, 0);
    progress(&import.done);
    match stopped.or(settled.err().map(StopCause::from)) {
        None => Ok(import.done),
        Some(cause) => Err(Stopped { so_far: Box::new(import.done), cause }),
    }
}

impl Imported {
    /// Counts another import, of another file of the same archive, to this one.
    pub fn add(&mut self, other: Imported) {
        let Imported { messages, imported, duplicates, unreadable, unreadable_unnamed } = other;
        self.messages += messages;
        self.imported += imported;
        self.duplicates += duplicates;
        self.unreadable.extend(unreadable);
        self.unreadable_unnamed += unreadable_unnamed;
    }

    /// How many could not be taken.
    pub fn unreadable_count(&self) -> u64 {
        self.unreadable.len() as u64 + self.unreadable_unnamed
    }

    fn name(&mut self, unreadable: UnreadableMessage) {
        self.messages += 1;
        if self.unreadable.len() < UNREADABLE_NAMED_MAX {
            self.unreadable.push(unreadable);
        } else {
            self.unreadable_unnamed += 1;
        }
    }

    fn duplicate(&mut self) {
        self.messages += 1;
        self.duplicates += 1;
    }

    fn import(&mut self) {
        self.messages += 1;
        self.imported += 1;
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The next items; what ends the archive before its end goes to `stopped`.
fn read_chunk(
    items: &mut impl Iterator<Item = Result<Item, SourceFault>>,
    stopped: &mut Option<StopCause>,
) -> Vec<Item> {
    let mut chunk = Vec::with_capacity(CHUNK_MESSAGES);
    let mut bytes = 0;
    while chunk.len() < CHUNK_MESSAGES && bytes < CHUNK_BYTES {
        match items.next() {
            None => break,
            Some(Ok(item)) => {
                if let Item::Message(message) = &item {
                    bytes += message.raw.len();
                }
                chunk.push(item);
            }
            Some(Err(fault)) => {
                *stopped = Some(fault.into());
                break;
            }
        }
    }
    chunk
}

/// An import under way.
struct Import<'a> {
    store: &'a Store,
    list: ListId,
    now: Timestamp,
    run: Run,
    done: Imported,
    in_flight: InFlight,
}

/// What the store was given and has not answered for, in order.
#[derive(Default)]
struct InFlight {
    tickets: VecDeque<(Ticket, usize)>,
    bytes: usize,
}

impl Import<'_> {
    /// Looks at some items and gives the new ones to the store. `seen` is what a dry run would
    /// have put there.
    fn chunk(&mut self, chunk: Vec<Item>, seen: &mut HashSet<[u8; 16]>) -> Result<(), StoreError> {
        if self.run == Run::Real {
            self.store.room()?;
        }
        let mut fresh = Vec::new();
        for looked in look_at(self.store, self.list, chunk) {
            match looked? {
                Looked::Unreadable(unreadable) => self.done.name(unreadable),
                Looked::Known => self.done.duplicate(),
                Looked::New(new) => match self.run {
                    Run::Real => fresh.push((self.store.next_post(), new)),
                    Run::Dry if seen.insert(new.short_content()) => self.done.import(),
                    Run::Dry => self.done.duplicate(),
                },
            }
        }
        for (change, bytes) in make_changes(self.list, self.now, fresh) {
            self.submit(change, bytes)?;
        }
        Ok(())
    }

    fn submit(&mut self, change: Change, bytes: usize) -> Result<(), StoreError> {
        self.settle(IN_FLIGHT_MESSAGES_MAX - 1, IN_FLIGHT_BYTES_MAX.saturating_sub(bytes))?;
        self.in_flight.bytes += bytes;
        self.in_flight.tickets.push_back((self.store.submit(change), bytes));
        Ok(())
    }

    /// Waits until no more than so many messages and bytes are unanswered. All that was given is
    /// asked after even when one answer is an error.
    fn settle(&mut self, messages_max: usize, bytes_max: usize) -> Result<(), StoreError> {
        let mut failed = None;
        while self.in_flight.tickets.len() > messages_max || self.in_flight.bytes > bytes_max {
            let Some((ticket, bytes)) = self.in_flight.tickets.pop_front() else { break };
            self.in_flight.bytes -= bytes;
            match ticket.wait() {
                Ok(()) => self.done.import(),
                Err(StoreError::Conflict(Conflict::Duplicate(_))) => self.done.duplicate(),
                Err(error) => {
                    failed.get_or_insert(error);
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
