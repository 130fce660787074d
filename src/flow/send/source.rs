//! What copies are made of: a post, or several in one mail. Knows nothing of who gets them.

use super::compose_copy::compose_copy;
use crate::domain::from_line::FromLine;
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::domain::list::{Language, List};
use crate::flow::{Desk, FlowError, digests, obey_command};
use crate::mail::compose::{FromEdit, PreparedCopy};
use crate::store::PostInfo;
use crate::store::issue::Issue;

/// All copies of something, and the bytes it was made of, if somebody else wrote them.
pub(super) type Composed = (PreparedCopy, Option<Vec<u8>>);

/// What copies are made of.
pub(super) enum Source {
    Post(Box<PostInfo>),
    /// Several posts in one mail: those of these lists, or all of them where none is named.
    Issue(Box<Issue>, Vec<ListId>),
}

impl Source {
    pub(super) fn of(desk: &Desk, number: PostId) -> Result<Option<Source>, FlowError> {
        if let Some(info) = desk.store.post(number)? {
            return Ok(Some(Source::Post(Box::new(info))));
        }
        Ok(desk.store.issue(number)?.map(|issue| Source::Issue(Box::new(issue), Vec::new())))
    }

    /// What it holds of these lists alone; all of it where none is named.
    pub(super) fn only(self, of: &[ListId]) -> Source {
        match self {
            Source::Post(info) => Source::Post(info),
            Source::Issue(issue, _) => Source::Issue(issue, of.to_vec()),
        }
    }

    /// The list its copies come from.
    pub(super) fn list(&self) -> Option<ListId> {
        match self {
            Source::Post(info) => info.list,
            Source::Issue(issue, of) => Some(of.first().copied().unwrap_or(issue.list)),
        }
    }

    /// Of how many posts it is made, as far as they are there still.
    pub(super) fn posts(&self, desk: &Desk) -> Result<usize, FlowError> {
        match self {
            Source::Post(_) => Ok(1),
            Source::Issue(issue, of) => digests::shown(desk, &issue.posts, of),
        }
    }

    /// The lists its posts are of; the one its copies come from first.
    pub(super) fn lists(&self, desk: &Desk) -> Result<Vec<ListId>, FlowError> {
        Ok(match self {
            Source::Post(info) => info.list.into_iter().collect(),
            Source::Issue(issue, of) if of.is_empty() => obey_command::lists_of_issue(&desk.store, issue)?,
            Source::Issue(_, of) => of.clone(),
        })
    }

    pub(super) fn message_id(&self) -> Option<MessageId> {
        match self {
            Source::Post(info) => info.message_id.clone(),
            Source::Issue(..) => None,
        }
    }

    /// What all copies in that language have in common, and the bytes it was made of, if somebody
    /// else wrote them.
    pub(super) fn compose(
        &self,
        desk: &Desk,
        list: &List,
        language: Language,
    ) -> Result<Option<Composed>, FlowError> {
        match self {
            Source::Post(info) => {
                let Some(raw) = desk.store.raw(info.id)? else { return Ok(None) };
                let member_name = author_name(desk, info)?;
                let from = match info.from_line.is_some_and(FromLine::is_rewritten) {
                    true => FromEdit::ViaList { member_name: &member_name },
                    false => FromEdit::AsItIs,
                };
                let whole = compose_copy(desk, info, list, language, from, &raw);
                Ok(Some((whole, Some(raw))))
            }
            Source::Issue(issue, of) => {
                Ok(digests::compose(desk, (issue, of), list, language)?.map(|whole| (whole, None)))
            }
        }
    }
}

/// What the list calls the author of a post; empty for strangers.
fn author_name(desk: &Desk, info: &PostInfo) -> Result<String, FlowError> {
    let author = info.author.map(|person| desk.store.person(person)).transpose()?.flatten();
    Ok(author.map_or_else(String::new, |person| person.name))
}
