//! What the door answers: a refusal in words, and our own trouble in fewer.

use crate::domain::door::{Form, Refusal};
use crate::domain::list::{Joining, Language, List, ListState};
use crate::domain::recipient::ListDoor;
use crate::flow::beside;
use crate::letters::{DoorRefusal, door as words};
use crate::smtp::reply::Reply;
use crate::store::StoreError;

/// Our own trouble is never a refusal: the sender keeps the message and comes again.
pub(super) fn later(error: &StoreError) -> Reply {
    match error {
        StoreError::Full => Reply::new(452, "4.3.1 no room at the moment; please try again later"),
        StoreError::Conflict(_)
        | StoreError::Closed
        | StoreError::InUse(_)
        | StoreError::Io { .. }
        | StoreError::Damaged { .. }
        | StoreError::TooLong(_)
        | StoreError::State(_) => {
            tracing::error!(%error, "a message could not be kept; its sender was asked to try again");
            Reply::new(451, "4.3.0 something of ours is out of order; please try again later")
        }
    }
}

/// What a filter is sure nobody wants.
pub(super) fn unwanted_reply(language: Language) -> Reply {
    Reply::new(550, &format!("5.7.1 {}", words(DoorRefusal::Unwanted, language)))
}

/// Strangers have written to these people more than enough for now.
pub(super) fn flood_reply() -> Reply {
    Reply::new(451, "4.7.1 too much mail for these people at the moment; please try again later")
}

/// Why the door refuses a post, as it is said there.
pub(super) fn refusal_reply(list: &List, refusal: Refusal, language: Language) -> Reply {
    let join = beside(list, &ListDoor::Join);
    let can_join = list.settings.joining != Joining::Closed && list.state == ListState::Open;
    let (code, class, why) = match refusal {
        Refusal::ListClosed => (550, "5.7.1", DoorRefusal::ListClosed),
        Refusal::MembersOnly => {
            (550, "5.7.1", DoorRefusal::MembersOnly { join: can_join.then_some(join.as_str()) })
        }
        Refusal::AnimatorsOnly => (550, "5.7.1", DoorRefusal::AnimatorsOnly),
        Refusal::TooLarge(limit) => (552, "5.3.4", DoorRefusal::TooLarge { limit }),
        Refusal::Automatic => (550, "5.7.1", DoorRefusal::AutomaticMail),
        Refusal::Form(Form::NotOneAuthor) => (550, "5.6.0", DoorRefusal::DuplicateFrom),
        Refusal::Form(Form::TooManyHops) => (554, "5.4.6", DoorRefusal::Loop),
        Refusal::Form(Form::Unreadable | Form::Sound | Form::OwnCopy) => {
            (550, "5.6.0", DoorRefusal::HeaderDefect)
        }
    };
    Reply::new(code, &format!("{class} {}", words(why, language)))
}
