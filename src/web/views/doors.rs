//! What can be done by mail: joining a group, writing to it, leaving it.

use serde::Serialize;

use crate::domain::list::{Joining, Language, List, ListState, Posting};

use super::{Desk, Link, mailto};

/// A thing to do by mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Door {
    pub(crate) title: String,
    pub(crate) words: Addressed,
    pub(crate) button: Option<Link>,
    /// A quieter second sentence.
    pub(crate) more: Option<Addressed>,
}

/// A sentence around an address, which is broken before its `@` if anywhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Addressed {
    before: String,
    local_part: String,
    domain: String,
    after: String,
}

impl Desk<'_> {
    /// How to join; nothing for a group nobody can join any more.
    pub(crate) fn join_door(&self, list: &List) -> Option<Door> {
        if list.state != ListState::Open {
            return None;
        }
        let (join, leave, animators) = match self.language {
            Language::Fr => ("inscription", "stop", "animateurs"),
            Language::En => ("join", "leave", "animators"),
        };
        let (address, words, button) = match list.settings.joining {
            Joining::Open => (list.address.beside(join), "join_open", "join_button"),
            Joining::Approval => (list.address.beside(join), "join_approval", "join_button"),
            Joining::Closed => (list.address.beside(animators), "join_closed", "ask_button"),
        };
        Some(Door {
            title: self.say("join_title"),
            words: self.addressed(words, &address),
            button: Some(Link { text: self.say(button), href: mailto(&address, &[]) }),
            more: Some(self.addressed("leave_words", &list.address.beside(leave))),
        })
    }

    /// How to write; nothing for a group that takes no messages any more.
    pub(crate) fn write_door(&self, list: &List) -> Option<Door> {
        if list.state != ListState::Open {
            return None;
        }
        let address = list.address.to_string();
        let button = Some(Link { text: self.say("write_button"), href: mailto(&address, &[]) });
        let (words, button) = match list.settings.posting {
            Posting::Anyone => ("write_anyone", button),
            Posting::Members => ("write_members", button),
            Posting::Animators => ("write_animators", None),
        };
        let words = self.addressed(words, &address);
        Some(Door { title: self.say("write_title"), words, button, more: None })
    }

    fn addressed(&self, key: &str, address: &str) -> Addressed {
        let sentence = self.tell(key, &[("address", address)]);
        let (before, after) = sentence.split_once(address).unwrap_or((&sentence, ""));
        let (local_part, domain) = address.split_once('@').unwrap_or((address, ""));
        Addressed {
            before: before.to_owned(),
            local_part: local_part.to_owned(),
            domain: domain.to_owned(),
            after: after.to_owned(),
        }
    }
}
