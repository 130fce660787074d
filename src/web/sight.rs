//! Who may see what: asked once for every request about a list, before anything else is read.

use crate::domain::ids::ListId;
use crate::domain::list::{ArchivePolicy, List, ListState};

/// Somebody who is signed in, or whose feed reader is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reader {
    /// As they are called; may be empty.
    pub name: String,
    /// The lists they are a member of at this moment.
    pub lists: Vec<ListId>,
    /// What their forms must hold, so that no other site can send them.
    pub form: String,
    /// What opens their feeds: the `k=` of their addresses.
    pub feeds: Option<String>,
}

/// Whose eyes a page is written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Eyes {
    /// Anybody's: people's addresses are hidden.
    Stranger,
    /// Those of a member of the list: they had the mails as they were.
    Member,
}

/// What a reader may see of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sight {
    /// Its messages.
    Archive(Eyes),
    /// Its name, its promise, and how to join.
    Doorstep,
    /// Nothing, not even that it is there.
    Nothing,
}

/// What this reader may see; nobody in particular is a stranger.
pub(crate) fn of(list: &List, reader: Option<&Reader>) -> Sight {
    let member = reader.is_some_and(|reader| reader.lists.contains(&list.id));
    match (list.state, list.settings.archive, member) {
        (ListState::Removed, _, _) => Sight::Nothing,
        (ListState::Open | ListState::Closed, ArchivePolicy::Public | ArchivePolicy::Members, true) => {
            Sight::Archive(Eyes::Member)
        }
        (ListState::Open | ListState::Closed, ArchivePolicy::Public, false) => Sight::Archive(Eyes::Stranger),
        (ListState::Open | ListState::Closed, ArchivePolicy::None, true) => Sight::Doorstep,
        (ListState::Open | ListState::Closed, ArchivePolicy::Members | ArchivePolicy::None, false) => {
            if list.settings.listed { Sight::Doorstep } else { Sight::Nothing }
        }
    }
}

/// Whether this reader finds it among the groups on the first page: all that they may see.
pub(crate) fn is_listed(list: &List, reader: Option<&Reader>) -> bool {
    of(list, reader) != Sight::Nothing
}
