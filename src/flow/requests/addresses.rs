//! One person, several addresses: a post from an address we do not know, and a new address.

use super::talk::Talk;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::List;
use crate::domain::member::{MemberState, Person};
use crate::domain::wish::{AskedBecause, Matter, Wish};
use crate::flow::author::author_of;
use crate::flow::{Desk, FlowError};
use crate::store::archive::PostState;
use crate::store::change::Expect;
use crate::store::event::{Decider, DropReason, Event, Note};

/// It is theirs: the address joins the others, and the post goes the way theirs go.
pub(super) fn same_person(talk: &mut Talk<'_>, list: &List, post: PostId) -> Result<(), FlowError> {
    let waits = talk.desk.store.post(post)?.is_some_and(|info| info.state == PostState::Held);
    let Some(address) = author_of(talk.desk, post)?.filter(|_| waits) else { return Ok(()) };
    if !take_address(talk, &address, Place::Last)? {
        return Ok(());
    }
    super::rights::let_go(talk, list, post)
}

/// It is not: nobody gets it, and nobody is told.
pub(super) fn somebody_else(talk: &mut Talk<'_>, post: PostId) -> Result<(), FlowError> {
    let waits = talk.desk.store.post(post)?.is_some_and(|info| info.state == PostState::Held);
    if waits {
        let by = Some(Decider::Person(talk.person.id));
        talk.expect(Expect::Held(post));
        talk.event(Event::Dropped { post, why: DropReason::Discarded, by });
    }
    Ok(())
}

/// Where an address goes among somebody's others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Mail goes there from now on.
    First,
    /// It is known as theirs.
    Last,
}

/// An address becomes the writer's; not if it is that of another member.
fn take_address(talk: &mut Talk<'_>, address: &EmailAddress, place: Place) -> Result<bool, FlowError> {
    if let Some(other) = talk.desk.store.person_at(address)?.filter(|other| other.id != talk.person.id) {
        let members = talk.desk.store.memberships(other.id)?;
        if members.iter().any(|member| member.state != MemberState::Left) {
            return Ok(false);
        }
        let mut without = other.clone();
        without.addresses.retain(|known| known != address);
        talk.change_person(other, without);
    }
    talk.person.addresses.retain(|known| known != address);
    match place {
        Place::First => talk.person.addresses.insert(0, address.clone()),
        Place::Last => talk.person.addresses.push(address.clone()),
    }
    Ok(true)
}

/// « J'ai une nouvelle adresse »: the address that was not written from is asked.
pub(super) fn move_to(talk: &mut Talk<'_>, list: Option<ListId>, mail: PostId) -> Result<(), FlowError> {
    let named = super::hear::addresses_in(talk.desk, mail)?;
    if talk.current_lists()?.is_empty() {
        // From the new one: whoever they were is asked at the address we know.
        let known = match named.old {
            Some(old) => talk.desk.store.person_at(&old)?,
            None => None,
        };
        if let Some(known) = known.filter(|known| known.id != talk.person.id) {
            ask_at_known_address(talk, known.id, mail)?;
        }
        return Ok(());
    }
    let Some(new) = named.new.filter(|new| !talk.person.addresses.contains(new)) else {
        return talk.tell(list, Note::Help);
    };
    let person = match talk.desk.store.person_at(&new)? {
        Some(person) => person.id,
        None => {
            let id = talk.desk.store.next_person();
            talk.expect(Expect::AddressOf(new.clone(), id));
            talk.add_person(Person { id, addresses: vec![new], name: String::new(), language: None });
            id
        }
    };
    // It is theirs, as they say, so it reads what they do.
    let of_list = list.map(|list| talk.list(list)).transpose()?.flatten().map(|list| list.settings.language);
    talk.ask_unknown(person, talk.person.language.or(of_list), Matter::Adopt { person: talk.person.id })
}

fn ask_at_known_address(talk: &mut Talk<'_>, person: PersonId, mail: PostId) -> Result<(), FlowError> {
    talk.ask_unknown(person, None, Matter::Wish { wish: Wish::Move { mail } })
}

/// The new address said yes: from now on it is that person's first.
pub(super) fn adopt(talk: &mut Talk<'_>, owner: PersonId) -> Result<(), FlowError> {
    let Some(before) = talk.desk.store.person(owner)? else { return Ok(()) };
    let Some(address) = talk.person.addresses.first().cloned() else { return Ok(()) };
    if !talk.current_lists()?.is_empty() || owner == talk.person.id {
        return Ok(());
    }
    let mut after = before.clone();
    after.addresses.retain(|known| *known != address);
    after.addresses.insert(0, address.clone());
    talk.person.addresses.retain(|known| *known != address);
    talk.change_person(before, after);
    talk.tell_about(owner, Note::Done { wish: Wish::Move { mail: talk.post } });
    Ok(())
}

/// The known address said yes to a mail from a new one.
pub(super) fn move_here(talk: &mut Talk<'_>, mail: PostId) -> Result<(), FlowError> {
    let Some(address) = author_of(talk.desk, mail)? else { return Ok(()) };
    if take_address(talk, &address, Place::First)? {
        talk.tell(None, Note::Done { wish: Wish::Move { mail } })?;
    }
    Ok(())
}

/// Asks the known address about a post that waits; once a day at most.
pub(in crate::flow) fn ask_whether_same(
    desk: &Desk,
    list: &List,
    person: PersonId,
    post: PostId,
    now: crate::domain::time::Timestamp,
) -> Result<Option<Vec<Event>>, FlowError> {
    const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
    let asked = desk.store.questions_to(person)?;
    let lately = asked.iter().any(|asked| {
        matches!(asked.question.matter, Matter::SamePerson { .. })
            && now < asked.since + DAY
            && asked.answer.is_none()
    });
    if lately {
        return Ok(None);
    }
    let number = desk.store.next_question();
    let question = crate::domain::wish::Question {
        number,
        person,
        list: Some(list.id),
        matter: Matter::SamePerson { post },
        until: now + crate::flow::membership::ANSWER_WAIT,
        cause: AskedBecause::Unproven,
    };
    let occasion = crate::store::event::Occasion { question: Some(number), ..Default::default() };
    let about = crate::store::event::LetterAbout::Question { question: number, person, occasion };
    Ok(Some(vec![
        Event::Asked { question: Box::new(question) },
        Event::LetterOwed { letter: desk.store.next_letter(), about },
    ]))
}
