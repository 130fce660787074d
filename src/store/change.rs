//! A change: everything that is to be true together, and what it rests on.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::StoreError;
use super::editions::DocumentRecord;
use super::engine::{EngineError, VALUE_BYTES_MAX};
use super::event::Event;
use super::issue;
use super::keys;
use super::ledger::CopyOutcome;
use super::person_set::PersonSet;
use super::records::{self, LetterRecord, QuestionRecord};
use super::segments::Record;
use super::view::View;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId, QuestionId};
use crate::domain::list::{List, ListAddress};
use crate::domain::member::{Membership, Person};
use crate::domain::time::Timestamp;
use crate::mail::parse::Summary;

/// All of it is done, or none.
#[derive(Debug)]
pub struct Change {
    pub(super) at: Timestamp,
    pub(super) expects: Vec<Expect>,
    pub(super) mails: Vec<NewMail>,
    pub(super) people: Vec<Person>,
    pub(super) events: Vec<Event>,
    pub(super) outcomes: Vec<CopyOutcome>,
    pub(super) summaries: HashMap<PostId, Summary>,
}

/// A message whose bytes are part of a change.
#[derive(Debug)]
pub(super) struct NewMail {
    pub(super) post: PostId,
    pub(super) shelf: Shelf,
    pub(super) record: Record,
}

/// Where the bytes of a message are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shelf {
    /// With a list's posts.
    List(ListId),
    /// With what is no post, and goes after some days.
    Transit,
}

/// What must still be so when a change's turn comes.
#[derive(Clone, PartialEq, Debug)]
pub enum Expect {
    /// The list has no message of this content.
    NewContent(Option<ListId>, [u8; 32]),
    /// Nobody has decided about this message.
    Undecided(PostId),
    /// This message waits.
    Held(PostId),
    /// The membership is as it was seen; `None`: there is none.
    Member(ListId, PersonId, Option<Box<Membership>>),
    /// The person is as they were seen; `None`: there is nobody of that number.
    Person(PersonId, Option<Box<Person>>),
    /// The address belongs to nobody, or to that person.
    AddressOf(EmailAddress, PersonId),
    /// No list has the address, or that one has.
    ListAddressOf(ListAddress, ListId),
    /// The list is as it was seen.
    List(Box<List>),
    /// The letter is still owed.
    LetterOwed(u64),
    /// The draft of the list's next edition is in that message still; `None`: there is none.
    Draft(ListId, Option<PostId>),
    /// Each of these persons awaits each of these posts.
    Awaited(ListId, Vec<PostId>, PersonSet),
    /// Nobody has answered this question.
    Unanswered(QuestionId),
}

/// Somebody else was first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Conflict {
    /// The list has this message already, as that one.
    #[error("the same message is there already, as number {0}")]
    Duplicate(PostId),
    /// Somebody has decided about it already.
    #[error("it was decided in the meantime")]
    Decided,
    /// It is not as it was seen.
    #[error("it was changed in the meantime")]
    Changed,
    /// The address is somebody else's.
    #[error("the address belongs to somebody else")]
    AddressTaken,
}

impl Change {
    /// An empty change, at that moment.
    pub fn at(now: Timestamp) -> Change {
        Change {
            at: now,
            expects: Vec::new(),
            mails: Vec::new(),
            people: Vec::new(),
            events: Vec::new(),
            outcomes: Vec::new(),
            summaries: HashMap::new(),
        }
    }

    /// Refuses the whole change unless this is so when its turn comes.
    pub fn expect(mut self, expect: Expect) -> Change {
        self.expects.push(expect);
        self
    }

    /// Keeps the bytes of a message; an event of this change must speak of it.
    pub fn mail(mut self, post: PostId, shelf: Shelf, raw: &[u8], sender: &str, dated: Timestamp) -> Change {
        self.mails.push(NewMail { post, shelf, record: Record::new(post, raw, sender, dated) });
        self
    }

    /// Saves the committer from reading a message again that the caller has read.
    pub fn summary(mut self, post: PostId, summary: Summary) -> Change {
        self.summaries.insert(post, summary);
        self
    }

    /// A person as they are from now on.
    pub fn person(mut self, person: Person) -> Change {
        self.people.push(person);
        self
    }

    /// One more thing that happened.
    pub fn event(mut self, event: Event) -> Change {
        self.events.push(event);
        self
    }

    /// What became of one more copy.
    pub fn outcome(mut self, outcome: CopyOutcome) -> Change {
        self.outcomes.push(outcome);
        self
    }

    /// What of it does not fit into one value of the state. What strangers write is cut to fit;
    /// what is here was written by somebody who can be told.
    pub(super) fn too_long(&self) -> Option<&'static str> {
        if self.people.iter().any(|person| !fits(person)) {
            return Some("what is known of a person");
        }
        self.events.iter().find_map(|event| match event {
            Event::List { list, .. } => (!fits(list)).then_some("what is known of a list"),
            Event::Member { member, .. } => (!fits(member)).then_some("a membership"),
            Event::LetterOwed { letter: _, about } => {
                let record = LetterRecord { about: about.clone(), since: self.at };
                (!fits(&record)).then_some("what a letter says")
            }
            Event::Asked { question } => {
                let record = QuestionRecord { question: (**question).clone(), since: self.at, answer: None };
                (!fits(&record)).then_some("what somebody is asked")
            }
            Event::Issued { issue, .. } => (!issue::fits(issue)).then_some("a digest"),
            Event::NotAwaited { .. }
            | Event::Drafted { .. }
            | Event::Edition { .. }
            | Event::Settled { .. }
            | Event::Answered { .. }
            | Event::Lapsed { .. }
            | Event::Rethreaded { .. }
            | Event::OldAddresses { .. }
            | Event::KeptBack { .. }
            | Event::Withdrawn { .. }
            | Event::PassGiven { .. }
            | Event::PassEnded { .. }
            | Event::Heeded { .. }
            | Event::Forgetting { .. }
            | Event::Forgotten { .. }
            | Event::Tidied {}
            | Event::Received { .. }
            | Event::Imported { .. }
            | Event::Attempted { .. }
            | Event::Published { .. }
            | Event::Held { .. }
            | Event::Refused { .. }
            | Event::Dropped { .. }
            | Event::Delivered { .. }
            | Event::LetterDone { .. }
            | Event::Banned { .. }
            | Event::Summarized { .. }
            | Event::ThreadPace { .. }
            | Event::Reach { .. }
            | Event::Warned { .. }
            | Event::Fence { .. } => None,
        })
    }

    /// Whether it says nothing but what became of copies.
    pub(super) fn has_outcomes_only(&self) -> bool {
        self.mails.is_empty() && self.people.is_empty() && self.events.is_empty()
    }

    /// Bytes it brings, for the size of groups.
    pub(super) fn weight(&self) -> usize {
        self.mails.iter().map(|mail| mail.record.bytes.len()).sum()
    }
}

fn fits<T: serde::Serialize>(record: &T) -> bool {
    records::encode(record).len() <= VALUE_BYTES_MAX
}

/// The first expectation that does not hold.
pub(super) fn unmet(view: &View<'_>, expects: &[Expect]) -> Result<Option<Conflict>, EngineError> {
    for expect in expects {
        let met = match expect {
            Expect::NewContent(list, content) => match view.get(&keys::content(*list, content))? {
                Some(number) => return Ok(Some(Conflict::Duplicate(PostId(keys::number_u64(&number, 0))))),
                None => Ok(()),
            },
            Expect::Undecided(post) => still(view.has(&keys::undecided_post(*post))?),
            Expect::Held(post) => still(view.has(&keys::held_post(*post))?),
            Expect::Member(list, person, seen) => {
                let now: Option<Membership> = view.record(&keys::member(*list, *person))?;
                // Posts are counted while others decide.
                let counted = |m: &Membership| Membership { posts: 0, ..m.clone() };
                same(now.as_ref().map(counted), seen.as_deref().map(counted))
            }
            Expect::Person(person, seen) => {
                same(view.record::<Person>(&keys::person(*person))?.as_ref(), seen.as_deref())
            }
            Expect::AddressOf(address, person) => owner(view.get(&keys::person_address(address))?, person.0),
            Expect::ListAddressOf(address, list) => owner(view.get(&keys::list_address(address))?, list.0),
            Expect::List(seen) => {
                same(view.record::<List>(&keys::list(seen.id))?.as_ref(), Some(seen.as_ref()))
            }
            Expect::Unanswered(question) => {
                let record: Option<QuestionRecord> = view.record(&keys::question(*question))?;
                still(record.is_some_and(|record| record.answer.is_none()))
            }
            Expect::Draft(list, seen) => {
                let now: Option<DocumentRecord> = view.record(&keys::draft(*list))?;
                same(now.map(|record| record.document), *seen)
            }
            Expect::Awaited(list, posts, persons) => still(issue::all_await(view, *list, posts, persons)?),
            Expect::LetterOwed(letter) => still(view.has(&keys::letter(*letter))?),
        };
        if let Err(conflict) = met {
            return Ok(Some(conflict));
        }
    }
    Ok(None)
}

fn still(so: bool) -> Result<(), Conflict> {
    if so { Ok(()) } else { Err(Conflict::Decided) }
}

fn same<T: PartialEq>(now: Option<T>, seen: Option<T>) -> Result<(), Conflict> {
    if now == seen { Ok(()) } else { Err(Conflict::Changed) }
}

fn owner(found: Option<Vec<u8>>, may_be: u32) -> Result<(), Conflict> {
    match found {
        Some(number) if keys::number_u32(&number, 0) != may_be => Err(Conflict::AddressTaken),
        Some(_) | None => Ok(()),
    }
}

/// The answer to a change that is under way: wait for it, or await it.
#[must_use = "a change counts only once its ticket says so"]
pub struct Ticket(pub(super) oneshot::Receiver<Result<(), StoreError>>);

impl Ticket {
    /// Blocks until the change is durable, or is not made.
    pub fn wait(self) -> Result<(), StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl Future for Ticket {
    type Output = Result<(), StoreError>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
