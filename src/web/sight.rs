//! Who may see what: asked once for every request about a list, before anything else is read.

use crate::domain::list::{ArchivePolicy, List, ListState};

/// What a reader who is not signed in may see of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sight {
    /// Its messages.
    Archive,
    /// Its name, its promise, and how to join.
    Doorstep,
    /// Nothing, not even that it is there.
    Nothing,
}

/// What a stranger may see.
pub(crate) fn of_stranger(list: &List) -> Sight {
    match (list.state, list.settings.archive) {
        (ListState::Removed, _) => Sight::Nothing,
        (ListState::Open | ListState::Closed, ArchivePolicy::Public) => Sight::Archive,
        (ListState::Open | ListState::Closed, ArchivePolicy::Members | ArchivePolicy::None) => {
            if list.settings.listed { Sight::Doorstep } else { Sight::Nothing }
        }
    }
}

/// Whether a stranger finds it among the groups on the first page: all that they may see.
pub(crate) fn is_listed(list: &List) -> bool {
    of_stranger(list) != Sight::Nothing
}
