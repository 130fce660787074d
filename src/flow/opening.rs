//! Opening an archive that was for members: what is written from then on may be read by everybody;
//! what had been written before only where that is asked for, after members were told, and without
//! the posts of those who do not want it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lists::{self, ListFault};
use super::{Desk, FlowError, is_current};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{ArchivePolicy, List, Opening};
use crate::domain::member::Person;
use crate::domain::time::Timestamp;
use crate::domain::wish::{AskedBecause, Matter, Question};
use crate::store::archive::PostState;
use crate::store::change::Change;
use crate::store::event::{Event, LetterAbout, Occasion};

/// Members have so long to take their older posts out.
pub const NOTICE: Duration = Duration::from_secs(14 * 86_400);
/// Members told in one change.
const TOLD_AT_ONCE: usize = 200;

/// What becomes of the posts written before an archive was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Past {
    /// They stay with the members, or as they are.
    Kept,
    /// They are to be shown too; whoever asks has not said that they are sure.
    Asked,
    /// They are to be shown too, for sure.
    Shown,
}

/// What strangers may read after a change of settings: less than all where an archive was opened.
pub(super) fn after_change(desk: &Desk, before: &List, after: &List) -> Result<Option<Opening>, FlowError> {
    let is_open = |list: &List| list.settings.archive == ArchivePolicy::Public;
    Ok(match (is_open(before), is_open(after)) {
        (true, false) => None,
        // What came from another archive says which of it was for members.
        (false, false) | (true, true) => after.opening,
        (false, true) if is_empty(desk, before.id)? || is_new(desk, before.id)? => after.opening,
        // Whatever came in before this moment was written for members.
        (false, true) => {
            let next = desk.store.next_post();
            Some(Opening { from: after.open_from().map_or(next, |from| from.max(next)), past: None })
        }
    })
}

/// Whether nobody was ever a member, and so nobody wrote in the belief that only members read:
/// what is there came from elsewhere, and whoever brought it here opens it.
fn is_new(desk: &Desk, list: ListId) -> Result<bool, FlowError> {
    Ok(desk.store.members(list)?.is_empty())
}

/// Whether nothing was ever written that could be opened.
fn is_empty(desk: &Desk, list: ListId) -> Result<bool, FlowError> {
    if desk.store.reader().counts(list)?.posts > 0 {
        return Ok(false);
    }
    let held = desk.store.held()?.iter().any(|item| item.list == Some(list));
    Ok(!held && desk.store.undecided()?.is_empty())
}

/// Has the older posts of an open archive shown too: at once where there is nobody to tell, else
/// when members have had their time.
pub fn show_past(desk: &Desk, list: &List) -> Result<List, ListFault> {
    let refused = |sentence: String| Err(ListFault::Refused(sentence));
    if list.settings.archive != ArchivePolicy::Public {
        return refused("its archive is not public: set archive=public with it".to_owned());
    }
    let Some(opening) = list.opening else {
        return refused("everybody may read all of its archive already".to_owned());
    };
    if let Some(day) = opening.past {
        let day = day_of(desk, day);
        return refused(format!("its members were told: everybody may read the older posts from {day} on"));
    }
    let told = readers(desk, list.id)?;
    if told.is_empty() {
        return lists::open_past(desk, list, None);
    }
    let at = desk.now() + NOTICE;
    tell(desk, list.id, &told, at)?;
    lists::open_past(desk, list, Some(Opening { past: Some(at), ..opening }))
}

/// What showing the older posts would come to, for whoever has not said that they are sure.
pub fn not_sure(desk: &Desk, list: &List) -> ListFault {
    match readers(desk, list.id) {
        Ok(told) => ListFault::Refused(format!(
            "its members ({}) would be told by letter, and from {} on everybody could read what was written before; \
             say --yes if that is right",
            told.len(),
            day_of(desk, desk.now() + NOTICE)
        )),
        Err(error) => error.into(),
    }
}

fn readers(desk: &Desk, list: ListId) -> Result<Vec<PersonId>, FlowError> {
    let members = desk.store.members(list)?;
    Ok(members.iter().filter(|member| is_current(member)).map(|member| member.person).collect())
}

fn day_of(desk: &Desk, at: Timestamp) -> String {
    at.rfc3339(&desk.zone).chars().take(10).collect()
}

/// One letter each. Who was told by a run that was broken off is not told again.
fn tell(desk: &Desk, list: ListId, persons: &[PersonId], until: Timestamp) -> Result<(), FlowError> {
    for some in persons.chunks(TOLD_AT_ONCE) {
        let mut change = Change::at(desk.now());
        for person in some.iter().copied() {
            if was_told(desk, list, person)? {
                continue;
            }
            let number = desk.store.next_question();
            let (matter, cause) = (Matter::Opening, AskedBecause::Ours);
            let question = Question { number, person, list: Some(list), matter, until, cause };
            let occasion = Occasion { question: Some(number), ..Occasion::default() };
            let about = LetterAbout::Question { question: number, person, occasion };
            change = change
                .event(Event::Asked { question: Box::new(question) })
                .event(Event::LetterOwed { letter: desk.store.next_letter(), about });
        }
        desk.store.commit(change)?;
    }
    Ok(())
}

fn was_told(desk: &Desk, list: ListId, person: PersonId) -> Result<bool, FlowError> {
    let now = desk.now();
    let asked = desk.store.questions_to(person)?;
    Ok(asked.iter().any(|q| {
        q.question.matter == Matter::Opening && q.question.list == Some(list) && now < q.question.until
    }))
}

/// In longer archives nobody's posts are counted for the letter: every member would cost a look at all.
const COUNTED_POSTS_MAX: u64 = 2_000;

/// How many of these posts are somebody's; 0 where that is not worth finding out.
pub(super) fn own_posts_to_tell(desk: &Desk, list: &List, person: &Person) -> Result<usize, FlowError> {
    if desk.store.reader().counts(list.id)?.posts > COUNTED_POSTS_MAX {
        return Ok(0);
    }
    Ok(older_posts(desk, list, person)?.len())
}

/// What somebody wrote to a list before its archive was opened, and what of it strangers do not see
/// anyway left out.
pub(super) fn older_posts(desk: &Desk, list: &List, person: &Person) -> Result<Vec<PostId>, FlowError> {
    let Some(opening) = list.opening else { return Ok(Vec::new()) };
    let archive = desk.store.reader();
    let mut posts = Vec::new();
    for number in archive.post_numbers(list.id)? {
        if number >= opening.from {
            break;
        }
        let Some(post) = archive.post(number)?.filter(|post| post.state == PostState::Published) else {
            continue;
        };
        let theirs = post.author_address.as_ref().is_some_and(|address| person.addresses.contains(address));
        if theirs && post.withdrawn.is_none() && !post.no_archive {
            posts.push(number);
        }
    }
    Ok(posts)
}

/// Opens what members were told would be opened, where the time has come.
pub(super) fn open_due(desk: &Desk) -> Result<(), FlowError> {
    let now = desk.now();
    for list in desk.store.reader().lists()? {
        let due = list.opening.and_then(|opening| opening.past).is_some_and(|at| at <= now);
        if due {
            match lists::open_past(desk, &list, None) {
                Ok(_) => {}
                Err(ListFault::Flow(error)) => return Err(error),
                // Somebody changed it meanwhile: it is looked at again.
                Err(ListFault::Refused(_)) => {}
            }
        }
    }
    Ok(())
}
