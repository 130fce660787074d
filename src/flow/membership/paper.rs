//! Who has no e-mail, and gets the edition from somebody's hand: a name, and how.
//!
//! They are members like any other, but that no mail is written to them. Name and how stand together
//! in `people/`, as they were written: « Mme Duval, 2e étage, par Paul ».

use super::{Act, AddOutcome, Added, Asked, NotDone, again, parse_name};
use crate::domain::list::{List, ListState};
use crate::domain::member::{Joined, Medium, Membership, Person, Reading};
use crate::flow::{FlowError, is_current};
use crate::store::change::{Change, Expect};
use crate::store::event::{Event, MemberCause};
use crate::store::{Store, StoreError};

/// Has somebody get the editions of a list on paper; of the same name it changes how.
pub fn add_on_paper(store: &Store, list: &List, who: &str, act: Act) -> Asked<Added> {
    let name = match parse_name(who) {
        Ok(name) if !name_of(&name).is_empty() => name,
        Ok(_) => return Ok(Err(NotDone::Setting("--paper takes a name, and how it gets there".to_owned()))),
        Err(not_done) => return Ok(Err(not_done)),
    };
    if list.state != ListState::Open {
        return Ok(Err(NotDone::Closed(list.address.clone())));
    }
    again(store, || {
        let before = known(store, list, name_of(&name))?;
        let id = before.as_ref().map_or_else(|| store.next_person(), |person| person.id);
        let person = Person { id, addresses: Vec::new(), name: name.clone(), language: None };
        let seen = store.member(list.id, id)?;
        let member = match &seen {
            Some(member) => member.clone(),
            None => Membership {
                medium: Medium::Paper,
                reading: Reading::None,
                ..Membership::new(list.id, id, Joined::Declared, act.now)
            },
        };
        let outcome = match &before {
            None => AddOutcome::Joined,
            Some(before) if before.name == name => AddOutcome::AsBefore,
            Some(_) => AddOutcome::Updated,
        };
        let mut change = Change::at(act.now)
            .expect(Expect::Person(id, before.map(Box::new)))
            .person(person.clone())
            .expect(Expect::Member(list.id, id, seen.clone().map(Box::new)));
        if seen.is_none() {
            let cause = MemberCause::Added;
            change = change.event(Event::Member { member: Box::new(member.clone()), cause, by: act.by });
        }
        Ok(Ok((change, Added { outcome, person, member })))
    })
}

/// Who gets the editions of a list on paper under that name.
pub fn on_paper(store: &Store, list: &List, name: &str) -> Result<Option<Person>, FlowError> {
    Ok(known(store, list, name_of(name))?)
}

fn known(store: &Store, list: &List, name: &str) -> Result<Option<Person>, StoreError> {
    for member in store.members(list.id)? {
        if member.medium != Medium::Paper || !is_current(&member) {
            continue;
        }
        let person = store.person(member.person)?;
        if let Some(person) = person.filter(|person| name_of(&person.name).eq_ignore_ascii_case(name)) {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

/// What stands before the first comma.
fn name_of(who: &str) -> &str {
    who.split(',').next().unwrap_or_default().trim()
}
