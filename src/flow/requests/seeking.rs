//! Somebody looks for posts, and picks from what was found.

use super::talk::Talk;
use super::{Fate, Request, hear};
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::List;
use crate::domain::wish::Matter;
use crate::flow::FlowError;
use crate::flow::looking::{Library, is_public};
use crate::mail::said;
use crate::store::event::Note;
use crate::understand::choice;

/// Looks for the words that stand in a mail, and tells what was found.
pub(super) fn seek(talk: &mut Talk<'_>, list: Option<ListId>, mail: PostId) -> Result<(), FlowError> {
    let library = Library::of(talk.desk, talk.person.id, list)?;
    let Some(words) = hear::words_sought(talk.desk, mail)? else { return talk.tell(list, Note::Help) };
    let posts = match library.find(talk.desk, &words) {
        Ok(found) => found.groups.iter().flat_map(|group| &group.hits).map(|hit| hit.post.id).collect(),
        Err(error) => {
            // Told as nothing found: the index is built again, and they may ask again.
            tracing::warn!(%error, "a search by mail could not be made");
            Vec::new()
        }
    };
    let list = speaks_for(talk, list)?;
    tell(talk, list, posts.clone(), Note::Found { mail, posts })
}

/// Sends what they picked by its number; `None`: they said something else.
pub(super) fn picked(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    list: Option<ListId>,
    posts: &[PostId],
) -> Result<Option<Fate>, FlowError> {
    let Some(choice) = choice(&said::said(request.raw).text) else { return Ok(None) };
    let wanted: Vec<PostId> =
        choice.numbers.iter().filter_map(|number| posts.get(number.checked_sub(1)?)).copied().collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    tell(talk, list, posts.to_vec(), Note::AskedFor { posts: wanted, thread: choice.thread })?;
    Ok(Some(Fate::Done))
}

/// A letter whose answer may pick again.
fn tell(talk: &mut Talk<'_>, list: Option<ListId>, posts: Vec<PostId>, note: Note) -> Result<(), FlowError> {
    talk.tell_and_hear(list, Matter::Found { posts }, note)
}

/// The list a letter comes from: none where its name is more than the reader may know.
fn speaks_for(talk: &Talk<'_>, list: Option<ListId>) -> Result<Option<ListId>, FlowError> {
    let Some(known) = list.map(|list| talk.list(list)).transpose()?.flatten() else { return Ok(None) };
    let named = |list: &List| is_public(list) || list.settings.listed;
    let theirs = talk.current(known.id)?.is_some();
    Ok((theirs || named(&known)).then_some(known.id))
}
