//! What making somebody a member, or changing how they are one, comes to: worked out first, carried
//! out if nobody was faster.

use super::{
    Act, AddOutcome, Added, NotDone, Telling, Wish, answerable, owe, parse_address, parse_language,
    parse_name,
};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{InvalidMemberSetting, MemberState, Membership, Person, Role};
use crate::domain::recipient::{LocalPart, meanings};
use crate::domain::wish::Matter;
use crate::store::change::{Change, Expect};
use crate::store::event::{Event, LetterAbout, MemberCause};
use crate::store::{Store, StoreError};

/// A person and a membership as they were seen, and as they are to be.
pub(in crate::flow) struct Plan {
    person_before: Option<Person>,
    person: Person,
    member_before: Option<Membership>,
    member: Membership,
    cause: MemberCause,
}

/// What a wish comes to, before anything is done.
pub(in crate::flow) fn plan(
    store: &Store,
    list: &List,
    wish: &Wish,
    act: Act,
    cause: MemberCause,
) -> Result<Result<Plan, NotDone>, StoreError> {
    if is_own_address(list, &wish.email) {
        return Ok(Err(NotDone::OwnAddress(wish.email.clone())));
    }
    if list.state != ListState::Open {
        return Ok(Err(NotDone::Closed(list.address.clone())));
    }
    if store.forgotten_at(&wish.email)?.is_some() {
        return Ok(Err(NotDone::Forgotten(wish.email.clone())));
    }
    let person_before = store.person_at(&wish.email)?;
    let person = person_before.clone().unwrap_or_else(|| Person {
        id: store.next_person(),
        addresses: vec![wish.email.clone()],
        name: String::new(),
        language: None,
    });
    let member_before = store.member(list.id, person.id)?;
    let member = match &member_before {
        Some(member) if is_member(member) => member.clone(),
        Some(_) | None => Membership::new(list.id, person.id, wish.joined, act.now),
    };
    let mut plan = Plan { person_before, person, member_before, member, cause };
    plan.take(store, wish).map(|settings| settings.map(|()| plan).map_err(NotDone::from))
}

/// Copies to the list's own addresses would come back to it.
fn is_own_address(list: &List, email: &EmailAddress) -> bool {
    let ours = |meaning: &LocalPart| match meaning {
        LocalPart::List { name, door: _ } => name == list.address.name(),
        LocalPart::Service | LocalPart::Operator | LocalPart::Answer(_) | LocalPart::Bounce(_) => false,
    };
    email.domain().eq_ignore_ascii_case(list.address.domain())
        && meanings(email.local_part()).iter().any(ours)
}

/// Who never confirmed is no member yet.
fn is_member(member: &Membership) -> bool {
    !matches!(member.state, MemberState::Left | MemberState::Pending)
}

impl Plan {
    /// Nothing is to change yet.
    pub(super) fn of(person: Person, member: Membership) -> Plan {
        Plan {
            person_before: Some(person.clone()),
            person,
            member_before: Some(member.clone()),
            member,
            cause: MemberCause::Set,
        }
    }

    pub(in crate::flow) fn person(&self) -> PersonId {
        self.person.id
    }

    /// As it was, if there was any.
    pub(in crate::flow) fn member_before(&self) -> Option<&Membership> {
        self.member_before.as_ref()
    }

    fn take(&mut self, store: &Store, wish: &Wish) -> Result<Result<(), InvalidMemberSetting>, StoreError> {
        // What others know them by is not for one list to change.
        let may_rename = match &self.person_before {
            Some(person) => is_in_no_other_list(store, person.id, self.member.list)?,
            None => true,
        };
        if let Some(name) = wish.name.as_ref().filter(|_| may_rename || self.person.name.is_empty()) {
            self.person.name.clone_from(name);
        }
        if wish.language.is_some() && (may_rename || self.person.language.is_none()) {
            self.person.language = wish.language;
        }
        if let Some(since) = wish.since {
            self.member.since = since;
        }
        if self.cause == MemberCause::Added && self.member.state == MemberState::Bouncing {
            // Whoever adds them again knows that the address works.
            self.member.state = MemberState::Active;
        }
        for (key, value) in &wish.settings {
            if let Err(error) = self.member.set(key, value) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Changes one setting of somebody known at `email`.
    pub(super) fn set(
        &mut self,
        store: &Store,
        list: &List,
        email: &EmailAddress,
        key: &str,
        value: &str,
    ) -> Result<Result<(), NotDone>, StoreError> {
        let value = value.trim();
        let set = match key {
            "name" => parse_name(value).map(|name| self.person.name = name),
            "language" => parse_language(value).map(|language| self.person.language = language),
            "email" => match parse_address(value) {
                Ok(new) if is_own_address(list, &new) => Err(NotDone::OwnAddress(new)),
                Ok(new) => return self.set_address(store, email, new),
                Err(not_done) => Err(not_done),
            },
            "state" if value == "left" => {
                Err(NotDone::Setting("state cannot be set to left: remove the member".to_owned()))
            }
            "state" if value == "pending" => {
                Err(NotDone::Setting("state cannot be set to pending: nobody would be asked".to_owned()))
            }
            _ => self.member.set(key, value).map_err(NotDone::from),
        };
        Ok(set)
    }

    /// Mail goes to `new` from now on; `old` is theirs no more.
    fn set_address(
        &mut self,
        store: &Store,
        old: &EmailAddress,
        new: EmailAddress,
    ) -> Result<Result<(), NotDone>, StoreError> {
        if store.person_at(&new)?.is_some_and(|other| other.id != self.person.id) {
            return Ok(Err(NotDone::AddressTaken(new)));
        }
        self.person.addresses.retain(|address| address != old && *address != new);
        self.person.addresses.insert(0, new);
        Ok(Ok(()))
    }

    /// Adds it to a change, if anything is to change.
    pub(in crate::flow) fn carry(self, store: &Store, change: Change, act: Act) -> (Change, Added) {
        let Plan { person_before, person, member_before, member, cause } = self;
        let (list, id) = (member.list, person.id);
        let before = member_before.as_ref().filter(|before| is_member(before));
        let joins = before.is_none();
        let begins_to_animate =
            member.role == Role::Animator && before.is_none_or(|before| before.role != Role::Animator);
        let mut change = change.expect(Expect::Person(id, person_before.clone().map(Box::new)));
        let renamed =
            person_before.as_ref() != Some(&person) || !same_spelling(person_before.as_ref(), &person);
        if renamed {
            for address in &person.addresses {
                change = change.expect(Expect::AddressOf(address.clone(), id));
            }
            change = change.person(person.clone());
        }
        let changed = before != Some(&member);
        if changed {
            let seen = Expect::Member(list, id, member_before.clone().map(Box::new));
            let event = Event::Member { member: Box::new(member.clone()), cause, by: act.by };
            change = change.expect(seen).event(event);
        }
        // One letter for one thing: what it is to look after a group says that one is part of it.
        if begins_to_animate {
            change = owe(store, change, act, LetterAbout::NowAnimator { list, person: id });
        } else if joins {
            if act.telling == Telling::Letter {
                change = change.event(answerable(store, id, list, Matter::Talk, act.now));
            }
            change = owe(store, change, act, LetterAbout::Welcome { list, person: id });
        }
        let outcome = match (joins, changed || renamed) {
            (true, _) => AddOutcome::Joined,
            (false, true) => AddOutcome::Updated,
            (false, false) => AddOutcome::AsBefore,
        };
        (change, Added { outcome, person, member })
    }
}

/// Addresses that differ in capitals alone are equal, and yet somebody may want to correct one.
fn same_spelling(before: Option<&Person>, after: &Person) -> bool {
    let spelled =
        |person: &Person| person.addresses.iter().map(|a| a.as_str().to_owned()).collect::<Vec<_>>();
    before.is_some_and(|before| spelled(before) == spelled(after))
}

fn is_in_no_other_list(store: &Store, person: PersonId, list: ListId) -> Result<bool, StoreError> {
    let memberships = store.memberships(person)?;
    Ok(memberships.iter().all(|member| member.list == list || !is_member(member)))
}
