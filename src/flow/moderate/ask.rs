//! Who is asked about what waits, and who is told what became of it.
//!
//! Each animator gets the thing whole, in a letter of their own whose answer counts from them alone.
//! What nobody wants, probably, waits for the day's gathering; so does what comes in greater numbers
//! than anybody reads.

use std::time::Duration;

use crate::domain::care::{Care, Told};
use crate::domain::ids::{ListId, PersonId, PostId, QuestionId};
use crate::domain::list::List;
use crate::domain::member::{Person, Role};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, AskedBecause, Matter, Question};
use crate::flow::{Desk, FlowError, is_current};
use crate::store::change::{Change, Expect};
use crate::store::event::{Decider, DropReason, Event, LetterAbout, Note, Occasion};
use crate::store::{OpenQuestion, PostInfo};

/// Things wait for so long; then they end.
pub(in crate::flow) const HELD: Duration = Duration::from_secs(14 * 86_400);
/// Letters a day to one animator about single things that wait; what is more is gathered.
const SINGLE_LETTERS_PER_DAY_MAX: usize = 20;
const DAY: Duration = Duration::from_secs(86_400);

/// Something that waits from now on.
#[derive(Clone, Copy)]
pub(in crate::flow) struct Held {
    pub(in crate::flow) post: PostId,
    pub(in crate::flow) reason: HoldReason,
    pub(in crate::flow) proof: Proof,
    pub(in crate::flow) author: Option<PersonId>,
}

/// What is asked, to be part of the change that has something wait.
#[derive(Default)]
pub(in crate::flow) struct Asking {
    /// The operator, where nobody else looks after the list and we did not know them yet.
    pub(in crate::flow) person: Option<Person>,
    pub(in crate::flow) events: Vec<Event>,
}

impl Asking {
    /// With it in a change.
    pub(in crate::flow) fn onto(self, mut change: Change) -> Change {
        if let Some(person) = self.person {
            change = change.expect(Expect::Person(person.id, None));
            for address in &person.addresses {
                change = change.expect(Expect::AddressOf(address.clone(), person.id));
            }
            change = change.person(person);
        }
        self.events.into_iter().fold(change, Change::event)
    }
}

/// Those who look after a list: its animators who get mail, all of them if none does; without any,
/// the operator.
pub(in crate::flow) fn lookers(
    desk: &Desk,
    list: ListId,
) -> Result<(Vec<PersonId>, Option<Person>), FlowError> {
    let mut animators = desk.store.members(list)?;
    animators.retain(|member| member.role == Role::Animator && is_current(member));
    let now = desk.now();
    if animators.iter().any(|member| member.receives_mail(now)) {
        animators.retain(|member| member.receives_mail(now));
    }
    let animators: Vec<PersonId> = animators.iter().map(|member| member.person).collect();
    match operator_as_person(desk)?.filter(|_| animators.is_empty()) {
        Some((id, new)) => Ok((vec![id], new)),
        None => Ok((animators, None)),
    }
}

/// Whether what waits for a list is asked of that person, and of nobody else.
pub(in crate::flow) fn is_the_only_looker(
    desk: &Desk,
    list: ListId,
    person: PersonId,
) -> Result<bool, FlowError> {
    Ok(lookers(desk, list)?.0 == [person])
}

/// The operator's number, and who that is if we did not know them yet; none, if nobody is named.
fn operator_as_person(desk: &Desk) -> Result<Option<(PersonId, Option<Person>)>, FlowError> {
    let Some(operator) = &desk.operator else { return Ok(None) };
    if let Some(person) = desk.store.person_at(operator)? {
        return Ok(Some((person.id, None)));
    }
    let id = desk.store.next_person();
    let (addresses, name, language) = (vec![operator.clone()], String::new(), None);
    Ok(Some((id, Some(Person { id, addresses, name, language }))))
}

/// What somebody wrote to the operator goes to them, if anybody is named.
pub(in crate::flow) fn pass_on(desk: &Desk, post: PostId) -> Result<Asking, FlowError> {
    tell_operator(desk, Told::Postmaster { post })
}

/// A message nobody will read is put aside; the operator is told, if anybody is named.
pub(in crate::flow) fn set_aside(desk: &Desk, change: Change, post: PostId) -> Result<Change, FlowError> {
    let change = change.event(Event::Dropped { post, why: DropReason::Poison, by: None });
    Ok(tell_operator(desk, Told::SetAside { post })?.onto(change))
}

fn tell_operator(desk: &Desk, told: Told) -> Result<Asking, FlowError> {
    let Some((operator, person)) = operator_as_person(desk)? else { return Ok(Asking::default()) };
    let note = Note::Care { told };
    let about = LetterAbout::Note { list: None, person: operator, note, occasion: Occasion::default() };
    let letter = desk.store.next_letter();
    Ok(Asking { person, events: vec![Event::LetterOwed { letter, about }] })
}

/// The operator, if they are somebody we can write to by number.
pub(in crate::flow) fn operator(desk: &Desk) -> Result<Option<PersonId>, FlowError> {
    let Some((id, new)) = operator_as_person(desk)? else { return Ok(None) };
    if new.is_some() {
        desk.store.commit(Asking { person: new, events: Vec::new() }.onto(Change::at(desk.now())))?;
    }
    Ok(Some(id))
}

/// Whether somebody may decide about what waits for a list.
pub(in crate::flow) fn looks_after(desk: &Desk, list: ListId, person: PersonId) -> Result<bool, FlowError> {
    let member = desk.store.member(list, person)?;
    if member.is_some_and(|member| member.role == Role::Animator && is_current(&member)) {
        return Ok(true);
    }
    let addresses = desk.store.person(person)?.map(|person| person.addresses).unwrap_or_default();
    Ok(desk.operator.as_ref().is_some_and(|operator| addresses.contains(operator)))
}

/// What is asked of a thing that waits, if it is asked about by itself.
fn matter(held: Held) -> Option<Care> {
    let Held { post, reason, proof, author: _ } = held;
    match reason {
        HoldReason::FirstPost
        | HoldReason::Moderated
        | HoldReason::HoldAll
        | HoldReason::Unproven
        | HoldReason::Ambiguous
        | HoldReason::Disclosing
        | HoldReason::NotDisplayable
        | HoldReason::Attachment
        | HoldReason::OtherList
        | HoldReason::Pace
        | HoldReason::SlowThread => Some(Care::Release { post }),
        // Words nobody can be told apart from a forgery's wait for the gathering.
        HoldReason::ToAnimators => (proof != Proof::Disproved).then_some(Care::Word { post }),
        HoldReason::Doubtful
        | HoldReason::OtherAddress
        | HoldReason::Consent
        | HoldReason::ToOperator
        | HoldReason::Request => None,
    }
}

/// Asks those who look after a list about something that waits from now on.
pub(in crate::flow) fn ask(
    desk: &Desk,
    list: &List,
    held: Held,
    now: Timestamp,
) -> Result<Asking, FlowError> {
    let Some(care) = matter(held) else { return Ok(Asking::default()) };
    let (lookers, person) = lookers(desk, list.id)?;
    let mut events = Vec::new();
    for looker in lookers {
        // Who wrote to the animators as one of them knows what they wrote.
        if matches!(care, Care::Word { .. }) && held.author == Some(looker) {
            continue;
        }
        let asked = desk.store.questions_to(looker)?;
        let today = asked.iter().filter(|asked| now < asked.since + DAY && is_single(&asked.question.matter));
        if today.count() < SINGLE_LETTERS_PER_DAY_MAX {
            let until = now + HELD;
            events.extend(question(desk, looker, list.id, care.clone(), until).1);
        }
    }
    Ok(Asking { person, events })
}

fn is_single(matter: &Matter) -> bool {
    matches!(matter, Matter::Care { care: Care::Release { .. } | Care::Word { .. } })
}

/// A question to one animator, with its letter.
pub(in crate::flow) fn question(
    desk: &Desk,
    person: PersonId,
    list: ListId,
    care: Care,
    until: Timestamp,
) -> (QuestionId, [Event; 2]) {
    let number = desk.store.next_question();
    let (list, matter, cause) = (Some(list), Matter::Care { care }, AskedBecause::Ours);
    let question = Question { number, person, list, matter, until, cause };
    let occasion = Occasion { question: Some(number), ..Occasion::default() };
    let letter = desk.store.next_letter();
    let about = LetterAbout::Question { question: number, person, occasion };
    (number, [Event::Asked { question: Box::new(question) }, Event::LetterOwed { letter, about }])
}

/// Whoever was asked about a post is asked no more.
pub(super) fn settled(desk: &Desk, list: ListId, post: PostId) -> Result<Vec<Event>, FlowError> {
    let mut events = Vec::new();
    for looker in lookers(desk, list)?.0 {
        for question in open_about(desk, looker, post)? {
            events.push(Event::Answered { question, answer: Answered::Settled });
        }
    }
    Ok(events)
}

/// What somebody was asked about a post, and has not answered.
fn open_about(desk: &Desk, looker: PersonId, post: PostId) -> Result<Vec<QuestionId>, FlowError> {
    let about_it = |asked: &OpenQuestion| {
        let care = matches!(&asked.question.matter, Matter::Care { care } if care.is_about(post));
        care && asked.answer.is_none()
    };
    let asked = desk.store.questions_to(looker)?;
    Ok(asked.iter().filter(|asked| about_it(asked)).map(|asked| asked.question.number).collect())
}

/// After a decision: nobody else is asked any more, and who was is told who decided.
pub(in crate::flow) fn settle_others(
    desk: &Desk,
    info: &PostInfo,
    by: Decider,
    answered: Option<QuestionId>,
) -> Result<Vec<Event>, FlowError> {
    let Some(list) = info.list else { return Ok(Vec::new()) };
    let (lookers, _) = lookers(desk, list)?;
    let mut events = Vec::new();
    for looker in lookers {
        let mut others = open_about(desk, looker, info.id)?;
        others.retain(|question| Some(*question) != answered);
        let was_asked = !others.is_empty();
        events.extend(
            others.into_iter().map(|question| Event::Answered { question, answer: Answered::Settled }),
        );
        if was_asked && by != Decider::Person(looker) {
            events.extend(tell(desk, looker, list, info.id));
        }
    }
    Ok(events)
}

/// Tells an animator what became of a post. What they answer is about that post too.
fn tell(desk: &Desk, person: PersonId, list: ListId, post: PostId) -> [Event; 2] {
    let number = desk.store.next_question();
    let until = desk.now() + HELD;
    let (matter, cause) = (Matter::Care { care: Care::Release { post } }, AskedBecause::Ours);
    let question = Question { number, person, list: Some(list), matter, until, cause };
    let occasion = Occasion { question: Some(number), ..Occasion::default() };
    let note = Note::Care { told: Told::Decided { post } };
    let about = LetterAbout::Note { list: Some(list), person, note, occasion };
    let letter = desk.store.next_letter();
    [Event::Asked { question: Box::new(question) }, Event::LetterOwed { letter, about }]
}
