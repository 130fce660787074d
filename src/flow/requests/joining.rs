//! How somebody becomes a member by mail: asked, confirmed, and where the list wants it, admitted.

use super::talk::Talk;
use super::{Fate, Request};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, QuestionId};
use crate::domain::list::{Joining, List, ListState};
use crate::domain::member::{Consent, Joined, MemberState, Membership, Person, Role};
use crate::domain::moderation::HoldReason;
use crate::domain::wish::{Answered, AskedBecause, Matter, Wish};
use crate::flow::membership::{ANSWER_WAIT, answerable};
use crate::flow::{FlowError, is_current};
use crate::store::OpenQuestion;
use crate::store::change::Expect;
use crate::store::event::{LetterAbout, MemberCause, Note};

/// Which words of the letter `ask-join` are those somebody agrees to; raised when they change.
const CONSENT_TEXT: &str = "ask-join 2";

/// Somebody asks to join. They are asked back whoever they are, so that nobody else learns
/// whether they are a member.
pub(super) fn ask_to_join(talk: &mut Talk<'_>, list: &List) -> Result<(), FlowError> {
    if list.settings.joining == Joining::Closed || list.state != ListState::Open {
        return talk.tell(Some(list.id), Note::JoinClosed);
    }
    let seen = talk.membership(list.id)?;
    if !talk.is_unproven() && seen.as_ref().is_some_and(is_current) {
        return talk.tell(Some(list.id), Note::Settings);
    }
    let matter = Matter::Wish { wish: Wish::Join };
    if !talk.may_write(Some(list.id), &matter)? {
        return Ok(());
    }
    if !seen.as_ref().is_some_and(is_current) {
        let pending = pending(talk, list.id, talk.person.id, Some(talk.post));
        talk.set_member(pending, MemberCause::Asked, None)?;
    }
    talk.ask(Some(list.id), matter)
}

fn pending(
    talk: &Talk<'_>,
    list: ListId,
    person: PersonId,
    asked: Option<crate::domain::ids::PostId>,
) -> Membership {
    let consent = Consent {
        text: CONSENT_TEXT.to_owned(),
        asked,
        asked_at: talk.now,
        confirmed: None,
        confirmed_at: None,
    };
    Membership {
        state: MemberState::Pending,
        consent: Some(consent),
        ..Membership::new(list, person, Joined::Confirmed, talk.now)
    }
}

/// They said yes, from the address itself.
pub(super) fn confirm(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    list: &List,
    question: &OpenQuestion,
) -> Result<Fate, FlowError> {
    let invited = matches!(question.question.matter, Matter::Invitation { .. });
    let may_enter = list.state == ListState::Open && (invited || list.settings.joining != Joining::Closed);
    if !may_enter {
        talk.settle(question.question.number, Answered::Settled);
        talk.tell(Some(list.id), Note::JoinClosed)?;
        return Ok(Fate::Done);
    }
    talk.settle(question.question.number, Answered::Yes);
    let seen = talk.membership(list.id)?;
    if seen.as_ref().is_some_and(is_current) {
        talk.tell(Some(list.id), Note::Settings)?;
        return Ok(Fate::Done);
    }
    if !invited && talk.desk.store.is_banned(list.id, talk.person.id)? {
        declined(talk, Some(list))?;
        talk.tell(Some(list.id), Note::NotAdmitted)?;
        return Ok(Fate::Done);
    }
    let mut member = match seen.filter(|member| member.state == MemberState::Pending) {
        Some(pending) => pending,
        None => pending(talk, list.id, talk.person.id, None),
    };
    if let Some(consent) = &mut member.consent {
        consent.confirmed = Some(talk.post);
        consent.confirmed_at = Some(talk.now);
    }
    take_name(talk, request);
    if invited || list.settings.joining == Joining::Open {
        enter(talk, member, MemberCause::Confirmed, None)?;
        return Ok(Fate::Done);
    }
    let newcomer = member.person;
    talk.set_member(member, MemberCause::Confirmed, None)?;
    talk.tell(Some(list.id), Note::JoinWaits)?;
    let animators = animators(talk, list.id)?;
    for animator in &animators {
        talk.ask_other(*animator, list.id, Matter::Admit { newcomer });
    }
    // With nobody to ask, it waits for the operator.
    Ok(if animators.is_empty() { Fate::Waits(HoldReason::Request) } else { Fate::Done })
}

/// What they call themselves is theirs to say once the address is proven.
fn take_name(talk: &mut Talk<'_>, request: &Request<'_>) {
    let summary = crate::mail::parse::summarize(request.raw);
    if talk.person.name.is_empty() {
        talk.person.name = summary.author_name;
    }
}

/// They are a member from now on, and welcome.
fn enter(
    talk: &mut Talk<'_>,
    member: Membership,
    cause: MemberCause,
    by: Option<PersonId>,
) -> Result<(), FlowError> {
    let (list, person) = (member.list, member.person);
    let member = Membership { state: MemberState::Active, since: talk.now, ..member };
    talk.set_member(member, cause, by)?;
    talk.event(answerable(&talk.desk.store, person, list, Matter::Talk, talk.now));
    talk.owe(LetterAbout::Welcome { list, person });
    Ok(())
}

/// Those who look after a list.
pub(super) fn animators(talk: &Talk<'_>, list: ListId) -> Result<Vec<PersonId>, FlowError> {
    let members = talk.desk.store.members(list)?;
    let animates = |member: &&Membership| member.role == Role::Animator && is_current(member);
    Ok(members.iter().filter(animates).map(|member| member.person).collect())
}

/// An animator says yes or no to a newcomer. The first one counts.
pub(super) fn admit(
    talk: &mut Talk<'_>,
    list: &List,
    question: &OpenQuestion,
    newcomer: PersonId,
    yes: bool,
) -> Result<(), FlowError> {
    let number = question.question.number;
    let animates = talk.current(list.id)?.is_some_and(|member| member.role == Role::Animator);
    let member = talk.membership_of(list.id, newcomer)?;
    let waits = member.is_some_and(|member| member.state == MemberState::Pending);
    if !animates || !waits {
        talk.settle(number, Answered::Settled);
        return Ok(());
    }
    talk.settle(number, if yes { Answered::Yes } else { Answered::No });
    decide_about(talk, list, newcomer, yes, Some(number))
}

/// What follows from that, if they still wait; nobody else is asked any more.
pub(super) fn decide_about(
    talk: &mut Talk<'_>,
    list: &List,
    newcomer: PersonId,
    yes: bool,
    answered: Option<QuestionId>,
) -> Result<(), FlowError> {
    let member = talk.membership_of(list.id, newcomer)?;
    let Some(member) = member.filter(|member| member.state == MemberState::Pending) else { return Ok(()) };
    let matter = Matter::Admit { newcomer };
    for animator in animators(talk, list.id)? {
        for other in talk.desk.store.questions_to(animator)? {
            let same = other.question.matter == matter
                && other.question.list == Some(list.id)
                && Some(other.question.number) != answered
                && other.answer.is_none();
            if same {
                talk.settle_by_the_way(other.question.number);
            }
        }
    }
    let by = Some(talk.person.id);
    if yes {
        enter(talk, member, MemberCause::Admitted, by)
    } else {
        let left = Membership { state: MemberState::Left, ..member };
        talk.set_member(left, MemberCause::NotJoined, by)?;
        talk.tell_other(newcomer, list.id, Note::NotAdmitted);
        Ok(())
    }
}

/// An animator invites somebody: that address is asked, and nothing more.
pub(super) fn invite(talk: &mut Talk<'_>, list: &List, address: &EmailAddress) -> Result<bool, FlowError> {
    let known = talk.desk.store.person_at(address)?;
    if talk.desk.store.forgotten_at(address)?.is_some() {
        return Ok(false);
    }
    let person = match &known {
        Some(person) => person.clone(),
        None => Person {
            id: talk.desk.store.next_person(),
            addresses: vec![address.clone()],
            name: String::new(),
            language: None,
        },
    };
    let seen = talk.membership_of(list.id, person.id)?;
    let today = talk.desk.store.questions_to(person.id)?;
    let was_asked = today.iter().any(|asked| {
        matches!(asked.question.matter, Matter::Invitation { .. })
            && asked.question.list == Some(list.id)
            && talk.now < asked.since + ANSWER_WAIT
    });
    if seen.as_ref().is_some_and(is_current) || was_asked {
        return Ok(false);
    }
    if known.is_none() {
        talk.expect(Expect::AddressOf(address.clone(), person.id));
        talk.add_person(person.clone());
    }
    let pending = pending(talk, list.id, person.id, None);
    let by = talk.person.id;
    talk.set_member(pending, MemberCause::Asked, Some(by))?;
    let matter = Matter::Invitation { by };
    let wait = ANSWER_WAIT;
    let question = talk.new_question(person.id, Some(list.id), matter, AskedBecause::Unproven, wait);
    let occasion =
        crate::store::event::Occasion { question: Some(question), unproven: true, ..Default::default() };
    talk.owe(LetterAbout::Question { question, person: person.id, occasion });
    Ok(true)
}

/// They do not want to, and were only asking or asked.
pub(super) fn declined(talk: &mut Talk<'_>, list: Option<&List>) -> Result<(), FlowError> {
    let Some(list) = list else { return Ok(()) };
    let Some(member) = talk.membership(list.id)? else { return Ok(()) };
    if member.state == MemberState::Pending {
        let left = Membership { state: MemberState::Left, ..member };
        talk.set_member(left, MemberCause::NotJoined, None)?;
    }
    Ok(())
}
