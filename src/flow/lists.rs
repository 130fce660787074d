//! Making and changing lists.

use super::{Desk, FlowError};
use crate::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
use crate::domain::recipient::names_collide;
use crate::store::StoreError;
use crate::store::change::{Change, Expect};
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
            ListState::Open | ListState::Closed => "there is a list at this address already",
            ListState::Removed => "a list of this address was removed, and is kept for 30 days",
        };
        return refused(format!("{address}: {state}"));
    }
    for other in desk.store.reader().lists()? {
        let same_host = other.address.domain() == address.domain();
        if same_host && names_collide(other.address.name(), address.name()) {
            return refused(format!(
                "{address} cannot be made: one of it and {} would be read as an address of the other",
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
    let list = List { id, address: address.clone(), state: ListState::Open, since: now, settings };
    let event = Event::List { list: Box::new(list.clone()), cause: ListCause::Made };
    desk.store.commit(Change::at(now).expect(Expect::ListAddressOf(address, id)).event(event))?;
    Ok(list)
}

/// A list that is there, by its address or, if only one has it, its name.
pub fn find(desk: &Desk, text: &str) -> Result<List, ListFault> {
    let named = match text.split_once('@') {
        Some((name, domain)) => {
            let mut lists = desk.store.reader().lists_named(&name.to_ascii_lowercase())?;
            lists.retain(|list| list.address.domain().eq_ignore_ascii_case(domain));
            lists
        }
        None => desk.store.reader().lists_named(&text.to_ascii_lowercase())?,
    };
    match <[List; 1]>::try_from(named) {
        Ok([list]) => Ok(list),
        Err(lists) if lists.is_empty() => Err(ListFault::Refused(format!("there is no list {text}"))),
        Err(_) => Err(ListFault::Refused(format!("several lists are named {text}; write the whole address"))),
    }
}

/// Changes settings; all of them, or none.
pub fn set(desk: &Desk, list: &List, settings: &[(String, String)]) -> Result<List, ListFault> {
    let mut changed = list.clone();
    for (key, value) in settings {
        changed.settings.set(key, value).map_err(|why| ListFault::Refused(why.to_string()))?;
    }
    keep(desk, list, changed, ListCause::Settings)
}

/// Closes, reopens or removes a list.
pub fn set_state(desk: &Desk, list: &List, state: ListState) -> Result<List, ListFault> {
    keep(desk, list, List { state, ..list.clone() }, ListCause::State)
}

fn keep(desk: &Desk, seen: &List, changed: List, cause: ListCause) -> Result<List, ListFault> {
    let change = Change::at(desk.now())
        .expect(Expect::List(Box::new(seen.clone())))
        .event(Event::List { list: Box::new(changed.clone()), cause });
    desk.store.commit(change)?;
    Ok(changed)
}
