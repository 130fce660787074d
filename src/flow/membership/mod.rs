//! Who is a member, as the operator or an animator says: added, changed, taken out.
//!
//! What cannot be done because of what was asked is a [`NotDone`], a sentence for whoever asked; an
//! error is our own trouble. Everything here blocks until it is durable.

mod paper;
mod plan;

pub use self::paper::{add_on_paper, on_paper};
pub(super) use self::plan::{Plan, plan};
use super::{FlowError, is_current};
use crate::domain::address::{EmailAddress, InvalidAddress};
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::{Language, List, ListAddress};
use crate::domain::member::{InvalidMemberSetting, Joined, MemberState, Membership, Person};
use crate::domain::time::Timestamp;
use crate::domain::wish::{AskedBecause, Matter, Question};
use crate::mail::words::clean;
use crate::store::change::{Change, Conflict, Expect};
use crate::store::event::{Ending, Event, LetterAbout, MemberCause};
use crate::store::{Store, StoreError};

/// The longest name of a person, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// What is written in answer to a letter counts for so long.
pub const ANSWER_WAIT: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);
/// Others may change the same membership at the same moment; then one looks again.
pub(super) const ATTEMPTS_MAX: usize = 8;

/// Who acts, when, and who is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Act {
    /// The moment.
    pub now: Timestamp,
    /// Who does it; absent: the operator.
    pub by: Option<PersonId>,
    /// Whether the person concerned gets a letter.
    pub telling: Telling,
}

/// Whether the person concerned gets a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Telling {
    /// One, if there is something to tell.
    Letter,
    /// None.
    Nobody,
}

/// Somebody to be made a member. What is absent stays as it is, or is as usual.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// Their address.
    pub email: EmailAddress,
    /// Their name.
    pub name: Option<String>,
    /// Their language.
    pub language: Option<Language>,
    /// When they came.
    pub since: Option<Timestamp>,
    /// Settings of the membership by their names.
    pub settings: Vec<(String, String)>,
    /// Who answers for their consent.
    pub joined: Joined,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Added {
    /// In short.
    pub outcome: AddOutcome,
    /// Who.
    pub person: Person,
    /// As it is now.
    pub member: Membership,
}

/// What came of adding somebody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddOutcome {
    /// They are a member now.
    Joined,
    /// They were one already; something else changed.
    Updated,
    /// They were one already, and nothing changed.
    AsBefore,
}

/// Why something asked for is not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotDone {
    /// An address no mail can be sent to.
    #[error("{0:?} is not an address: {1}")]
    Address(String, InvalidAddress),
    /// Copies to it would come back as posts or commands.
    #[error("{0} is an address of the list itself")]
    OwnAddress(EmailAddress),
    /// Nobody can join a closed list.
    #[error("{0} is closed; parvis list reopen opens it again")]
    Closed(ListAddress),
    /// Only they can say that they want to be known here again.
    #[error("whoever had {0} wished to be forgotten; they can ask to join by mail themselves")]
    Forgotten(EmailAddress),
    /// There is no such member.
    #[error("{0} is not a member of {1}")]
    NotAMember(EmailAddress, ListAddress),
    /// The address is another person's.
    #[error("{0} belongs to somebody else")]
    AddressTaken(EmailAddress),
    /// A setting of the person that cannot be so.
    #[error("{0}")]
    Setting(String),
}

impl From<InvalidMemberSetting> for NotDone {
    fn from(error: InvalidMemberSetting) -> NotDone {
        NotDone::Setting(error.to_string())
    }
}

/// What was asked for, or why not.
pub type Asked<T> = Result<Result<T, NotDone>, FlowError>;

/// An address somebody wrote.
pub fn parse_address(text: &str) -> Result<EmailAddress, NotDone> {
    EmailAddress::parse(text).map_err(|why| NotDone::Address(text.to_owned(), why))
}

/// A name somebody wrote, on one line.
pub fn parse_name(text: &str) -> Result<String, NotDone> {
    let name = clean(text);
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(NotDone::Setting(format!("a name has at most {NAME_CHARS_MAX} characters")));
    }
    Ok(name)
}

/// `fr` or `en`, a region behind it or not; nothing: that of the list.
pub fn parse_language(text: &str) -> Result<Option<Language>, NotDone> {
    let tag = text.trim().to_ascii_lowercase();
    match tag.split(['-', '_']).next() {
        Some("") | None => Ok(None),
        Some("fr") => Ok(Some(Language::Fr)),
        Some("en") => Ok(Some(Language::En)),
        Some(_) => Err(NotDone::Setting(format!("language cannot be {text:?}: it takes fr or en"))),
    }
}

/// Makes somebody a member; of somebody who is one already it changes what is asked for.
pub fn add_member(store: &Store, list: &List, wish: &Wish, act: Act) -> Asked<Added> {
    again(store, || {
        let change = Change::at(act.now);
        Ok(plan(store, list, wish, act, MemberCause::Added)?.map(|plan| plan.carry(store, change, act)))
    })
}

/// Changes settings of a member, or the name, language or address of the person.
pub fn set_member(
    store: &Store,
    list: &List,
    email: &EmailAddress,
    pairs: &[(String, String)],
    act: Act,
) -> Asked<Added> {
    again(store, || {
        let Some((person, member)) = member_at(store, list.id, email)? else {
            return Ok(Err(NotDone::NotAMember(email.clone(), list.address.clone())));
        };
        let mut plan = Plan::of(person, member);
        for (key, value) in pairs {
            if let Err(not_done) = plan.set(store, list, email, key, value)? {
                return Ok(Err(not_done));
            }
        }
        Ok(Ok(plan.carry(store, Change::at(act.now), act)))
    })
}

/// Takes somebody out.
pub fn remove_member(store: &Store, list: &List, email: &EmailAddress, act: Act) -> Asked<Person> {
    again(store, || {
        let Some((person, member)) = member_at(store, list.id, email)? else {
            return Ok(Err(NotDone::NotAMember(email.clone(), list.address.clone())));
        };
        Ok(Ok((ending(store, member, MemberCause::Removed, act), person)))
    })
}

/// Somebody who is a member, or has asked to be.
fn member_at(
    store: &Store,
    list: ListId,
    email: &EmailAddress,
) -> Result<Option<(Person, Membership)>, StoreError> {
    let Some(person) = store.person_at(email)? else { return Ok(None) };
    let member = store.member(list, person.id)?.filter(|member| member.state != MemberState::Left);
    Ok(member.map(|member| (person, member)))
}

type Planned<T> = Result<Result<(Change, T), NotDone>, StoreError>;

/// Commits what `plan` says; where somebody else was first, plans again.
fn again<T>(store: &Store, plan: impl Fn() -> Planned<T>) -> Asked<T> {
    for _ in 0..ATTEMPTS_MAX {
        let (change, result) = match plan()? {
            Ok(planned) => planned,
            Err(not_done) => return Ok(Err(not_done)),
        };
        match store.commit(change) {
            Ok(()) => return Ok(Ok(result)),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict(Conflict::Changed).into())
}

/// Ends a membership.
pub(in crate::flow) fn ending(store: &Store, member: Membership, cause: MemberCause, act: Act) -> Change {
    let (list, person) = (member.list, member.person);
    let seen = Expect::Member(list, person, Some(Box::new(member.clone())));
    let was = Matter::Back { was: Box::new(member.clone()) };
    let left = Membership { state: MemberState::Left, ..member.clone() };
    let change =
        Change::at(act.now).expect(seen).event(Event::Member { member: Box::new(left), cause, by: act.by });
    let ending = match cause {
        MemberCause::LeftByMail | MemberCause::LeftByClick => Ending::TheyLeft,
        MemberCause::Ended => Ending::TimeOver,
        MemberCause::Removed
        | MemberCause::Set
        | MemberCause::Added
        | MemberCause::Imported
        | MemberCause::Asked
        | MemberCause::Confirmed
        | MemberCause::Admitted
        | MemberCause::NotJoined
        | MemberCause::Wished
        | MemberCause::CameBack
        | MemberCause::Unreachable
        | MemberCause::Complained
        | MemberCause::Forgotten => Ending::TakenOut,
    };
    // Who was taken out asks to join like anybody else; who left may change their mind.
    let matter = if ending == Ending::TheyLeft { was } else { Matter::Talk };
    let change = if act.telling == Telling::Letter && is_current(&member) {
        change.event(answerable(store, person, list, matter, act.now))
    } else {
        change
    };
    owe(store, change, act, LetterAbout::Farewell { list, person, ending })
}

/// What the letter that goes with it can be answered about, for a week.
pub(super) fn answerable(
    store: &Store,
    person: PersonId,
    list: ListId,
    matter: Matter,
    now: Timestamp,
) -> Event {
    let (number, until) = (store.next_question(), now + ANSWER_WAIT);
    let (list, cause) = (Some(list), AskedBecause::Ours);
    Event::Asked { question: Box::new(Question { number, person, list, matter, until, cause }) }
}

fn owe(store: &Store, change: Change, act: Act, about: LetterAbout) -> Change {
    match act.telling {
        Telling::Letter => change.event(Event::LetterOwed { letter: store.next_letter(), about }),
        Telling::Nobody => change,
    }
}
