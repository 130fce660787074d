//! Making and changing lists.

use super::membership::ATTEMPTS_MAX;
use super::{Desk, FlowError, opening};
use crate::domain::ids::PersonId;
use crate::domain::list::{Language, List, ListAddress, ListSettings, ListState, Opening, Preset};
use crate::domain::recipient::names_collide;
use crate::store::StoreError;
use crate::store::change::{Change, Conflict, Expect};
use crate::store::event::{Event, ListCause};

/// What a new list begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewList {
    /// Where posts will be sent.
    pub address: String,
    /// What people call it; absent: the name in its address.
    pub name: Option<String>,
    /// The language it speaks.
    pub language: Language,
    /// The settings to begin with.
    pub preset: Preset,
}

/// Why a list was not made or changed: one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ListFault {
    /// What was asked cannot be.
    #[error("{0}")]
    Refused(String),
    /// The machine failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<StoreError> for ListFault {
    fn from(error: StoreError) -> ListFault {
        if let StoreError::Conflict(conflict) = error {
            return ListFault::Refused(conflict.to_string());
        }
        ListFault::Flow(error.into())
    }
}

/// Makes a list.
pub fn create(desk: &Desk, new: &NewList) -> Result<List, ListFault> {
    let refused = |sentence: String| Err(ListFault::Refused(sentence));
    let address = match ListAddress::parse(&new.address) {
        Ok(address) => address,
        Err(why) => return refused(why.to_string()),
    };
    if let Some(taken) = desk.store.list_at(&address)? {
        let state = match taken.state {
            ListState::Open | ListState::Closed => "it is there already",
            ListState::Removed => {
                "it was removed, and is kept for 30 days; parvis list reopen brings it back"
            }
        };
        return refused(state.to_owned());
    }
    for other in desk.store.reader().lists()? {
        let same_host = other.address.domain() == address.domain();
        if same_host && names_collide(other.address.name(), address.name()) {
            return refused(format!(
                "one of it and {} would be read as an address of the other",
                other.address
            ));
        }
    }
    let mut settings = ListSettings::preset(new.preset, address.name(), new.language);
    if let Some(name) = &new.name {
        settings.set("name", name).map_err(|why| ListFault::Refused(why.to_string()))?;
    }
    let now = desk.now();
    let id = desk.store.next_list();
    let list =
        List { id, address: address.clone(), state: ListState::Open, since: now, settings, opening: None };
    let event = Event::List { list: Box::new(list.clone()), cause: ListCause::Made, by: None };
    desk.store.commit(Change::at(now).expect(Expect::ListAddressOf(address, id)).event(event))?;
    Ok(list)
}

/// A list that is there, by its address or, if only one has it, its name.
pub fn find(desk: &Desk, text: &str) -> Result<List, ListFault> {
    let address = text.trim().to_ascii_lowercase();
    let (name, domain) = match address.split_once('@') {
        Some((name, domain)) => (name, Some(domain)),
        None => (address.as_str(), None),
    };
    let mut named = desk.store.reader().lists_named(name)?;
    named.retain(|list| domain.is_none_or(|domain| list.address.domain() == domain));
    match <[List; 1]>::try_from(named) {
        Ok([list]) => Ok(list),
        Err(lists) if lists.is_empty() => Err(ListFault::Refused(format!("there is no list {text}"))),
        Err(_) => Err(ListFault::Refused(format!("several lists are named {text}; write the whole address"))),
    }
}

/// A list that was removed and is still kept, by its whole address.
pub fn find_removed(desk: &Desk, text: &str) -> Result<Option<List>, ListFault> {
    let Ok(address) = ListAddress::parse(text.trim()) else { return Ok(None) };
    Ok(desk.store.list_at(&address)?.filter(|list| list.state == ListState::Removed))
}

/// Changes settings, as the operator; all of them, or none.
pub fn set(desk: &Desk, list: &List, settings: &[(String, String)]) -> Result<List, ListFault> {
    set_by(desk, list, settings, None)
}

/// The same; `by` did it by mail.
pub(super) fn set_by(
    desk: &Desk,
    list: &List,
    settings: &[(String, String)],
    by: Option<PersonId>,
) -> Result<List, ListFault> {
    keep(desk, list, (ListCause::Settings, by), |list| {
        let before = list.clone();
        for (key, value) in settings {
            list.settings.set(key, value).map_err(|why| ListFault::Refused(why.to_string()))?;
        }
        list.opening = opening::after_change(desk, &before, list)?;
        Ok(())
    })
}

/// Says how much of an archive everybody may read.
pub(super) fn open_past(desk: &Desk, list: &List, opening: Option<Opening>) -> Result<List, ListFault> {
    keep(desk, list, (ListCause::Settings, None), |list| {
        list.opening = opening;
        Ok(())
    })
}

/// Closes, reopens or removes a list.
pub fn set_state(desk: &Desk, list: &List, state: ListState) -> Result<List, ListFault> {
    keep(desk, list, (ListCause::State, None), |list| {
        list.state = state;
        // Whoever reopens it does not want it closed again for the day that is over.
        let over = list.settings.last_day().is_some_and(|day| day < desk.now().date_in(&desk.zone));
        if state == ListState::Open && over {
            list.settings.until = String::new();
        }
        Ok(())
    })
}

/// Changes a list; where somebody else was first, the same is changed in what they made of it.
fn keep(
    desk: &Desk,
    seen: &List,
    (cause, by): (ListCause, Option<PersonId>),
    alter: impl Fn(&mut List) -> Result<(), ListFault>,
) -> Result<List, ListFault> {
    let mut seen = seen.clone();
    for _ in 0..ATTEMPTS_MAX {
        let mut changed = seen.clone();
        alter(&mut changed)?;
        if changed == seen {
            return Ok(changed);
        }
        let change = Change::at(desk.now()).expect(Expect::List(Box::new(seen.clone()))).event(Event::List {
            list: Box::new(changed.clone()),
            cause,
            by,
        });
        match desk.store.commit(change) {
            Ok(()) => return Ok(changed),
            Err(StoreError::Conflict(_)) => match desk.store.list(seen.id)? {
                Some(now) => seen = now,
                None => break,
            },
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict(Conflict::Changed).into())
}
