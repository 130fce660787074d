//! Posts that are taken back: by who wrote them, or by those who look after the list.
//!
//! One that waits goes out no more. One that has gone out is called back: what is still owed of it
//! is not sent, its place in the archive says that there was one, and how many have it is told as
//! it is.

use std::time::Duration;

use super::talk::Talk;
use crate::domain::care::Told;
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::List;
use crate::domain::member::Role;
use crate::domain::wish::{Matter, Wish};
use crate::flow::FlowError;
use crate::flow::moderate::settle_others;
use crate::flow::whereabouts::{is_there, last_posts};
use crate::store::PostInfo;
use crate::store::archive::PostState;
use crate::store::change::Expect;
use crate::store::event::{Decider, DropReason, Event, Note};

/// Nobody who says no more means an older one.
const LATEST: Duration = Duration::from_secs(7 * 86_400);
/// Somebody's posts among which it is looked for.
const LATEST_LOOKED_AT: usize = 5;

/// A post is taken back: one's own, or where one looks after the list, any.
pub(super) fn withdraw(
    talk: &mut Talk<'_>,
    list: Option<ListId>,
    post: Option<PostId>,
) -> Result<(), FlowError> {
    let info = post.map(|post| talk.desk.store.post(post)).transpose()?.flatten();
    let Some(info) = info else { return ask_about_latest(talk, list) };
    let own = info.author == Some(talk.person.id);
    let of_list = info.list.map(|list| talk.list(list)).transpose()?.flatten();
    match (info.state, of_list) {
        (PostState::Held, _) if own => take_back(talk, &info),
        (PostState::Published, Some(list)) if own || animates(talk, list.id)? => recall(talk, &list, info.id),
        (
            PostState::Held
            | PostState::Published
            | PostState::Undecided
            | PostState::Refused
            | PostState::Dropped,
            _,
        ) => talk.tell(info.list, Note::Trace),
    }
}

/// Which one is not said: the latest is asked about, by its title.
fn ask_about_latest(talk: &mut Talk<'_>, list: Option<ListId>) -> Result<(), FlowError> {
    for info in last_posts(talk.desk, talk.person.id, list, LATEST_LOOKED_AT)? {
        if is_there(talk.desk, &info)? && talk.now < info.received + LATEST {
            return talk.ask(info.list, Matter::Wish { wish: Wish::Withdraw { post: Some(info.id) } });
        }
    }
    talk.tell(list, Note::Trace)
}

fn animates(talk: &Talk<'_>, list: ListId) -> Result<bool, FlowError> {
    Ok(talk.current(list)?.is_some_and(|member| member.role == Role::Animator))
}

/// Nobody will get it.
fn take_back(talk: &mut Talk<'_>, info: &PostInfo) -> Result<(), FlowError> {
    let by = Decider::Person(talk.person.id);
    talk.expect(Expect::Held(info.id));
    talk.event(Event::Dropped { post: info.id, why: DropReason::Discarded, by: Some(by) });
    let told = settle_others(talk.desk, info, by, None)?;
    told.into_iter().for_each(|event| talk.event(event));
    talk.tell(info.list, Note::TakenBack)
}

/// Nobody gets it any more who has not got it. Its author is told, if it was not them.
pub(super) fn recall(talk: &mut Talk<'_>, list: &List, post: PostId) -> Result<(), FlowError> {
    let note = Note::Care { told: Told::Recalled { post, by: talk.person.id } };
    let Some(shown) = talk.desk.store.reader().post(post)? else {
        return talk.tell(Some(list.id), Note::Trace);
    };
    if shown.withdrawn.is_none() {
        let by = Decider::Person(talk.person.id);
        talk.event(Event::Withdrawn { post, by });
        let author = talk.desk.store.post(post)?.and_then(|info| info.author);
        if let Some(author) = author.filter(|author| *author != talk.person.id)
            && talk.membership_of(list.id, author)?.is_some_and(|m| m.receives_mail(talk.now))
        {
            talk.tell_other(author, list.id, note.clone());
        }
    }
    talk.tell(Some(list.id), note)
}
