//! Whom a post goes to: everybody who reads each one, less those who want to hear no more of its
//! thread or of threads that have begun, and those who follow it however they read. Whoever reads
//! posts together with others gets it later.

use super::urgent::{self, Trust};
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::{Curation, List};
use crate::domain::time::Timestamp;
use crate::domain::wish::Heed;
use crate::flow::{Desk, FlowError};
use crate::mail::parse::Summary;
use crate::store::issue::NEXT_EDITION;
use crate::store::person_set::PersonSet;

/// Who gets a post: nobody is in both.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Readership {
    /// A copy, now.
    pub(super) now: PersonSet,
    /// In their next digest.
    pub(super) later: PersonSet,
}

/// The readers of a post at that moment.
pub(super) fn readers(
    desk: &Desk,
    list: &List,
    author: Option<PersonId>,
    post: &Summary,
    (trust, now): (Trust, Timestamp),
) -> Result<Readership, FlowError> {
    let known = desk.store.readers_of_each(list.id, now)?;
    let mut readers = PersonSet::clone(&known.each);
    let mut later = PersonSet::clone(&known.later);
    if let Some(thread) = desk.store.reader().thread_answered(list.id, post)? {
        for person in known.first_only.iter() {
            readers.remove(person);
            later.remove(person);
        }
        for (known, person, heed) in desk.store.heeds(list.id)? {
            let same = desk.store.reader().thread_now(list.id, known)? == Some(thread);
            match heed {
                Heed::Follow if same && may_get_mail(desk, list.id, person, now)? => {
                    readers.insert(person);
                    later.remove(person);
                }
                Heed::Mute if same => {
                    readers.remove(person);
                    later.remove(person);
                }
                Heed::Follow | Heed::Mute | Heed::Usual => {}
            }
        }
    }
    if let Some(author) = author.filter(|author| readers.contains(*author) || later.contains(*author)) {
        let member = desk.store.member(list.id, author)?;
        let wanted = member.and_then(|member| member.own_posts).unwrap_or(list.settings.own_posts);
        if !wanted {
            readers.remove(author);
            later.remove(author);
        }
    }
    if urgent::is_urgent(desk, list.id, author, &post.subject, trust)? {
        later.iter().for_each(|person| readers.insert(person));
        later = PersonSet::default();
    }
    if list.settings.curation == Curation::Draft {
        later.insert(NEXT_EDITION);
    }
    Ok(Readership { now: readers, later })
}

fn may_get_mail(desk: &Desk, list: ListId, person: PersonId, now: Timestamp) -> Result<bool, FlowError> {
    Ok(desk.store.member(list, person)?.is_some_and(|member| member.receives_mail(now)))
}
