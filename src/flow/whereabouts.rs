//! What became of somebody's last posts.

use super::{Desk, FlowError};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::letters::{Whereabout, Whereto};
use crate::mail::parse;
use crate::store::PostInfo;
use crate::store::archive::PostState;

/// So many of the latest messages of everybody are looked at.
const LOOK_BACK: usize = 5_000;
/// So many of one's own are told.
const TOLD_MAX: usize = 3;

/// The latest posts of somebody, the newest first; of one list, or of all.
pub(super) fn last_posts(
    desk: &Desk,
    person: PersonId,
    list: Option<ListId>,
    take: usize,
) -> Result<Vec<PostInfo>, FlowError> {
    let theirs = |info: &PostInfo| {
        let is_request = info.door.is_some();
        let of_list = match list {
            Some(list) => info.list == Some(list),
            None => info.list.is_some(),
        };
        info.author == Some(person) && of_list && !is_request && info.via.is_some()
    };
    let newest = desk.store.newest_posts().take(LOOK_BACK);
    let found = newest.filter(|info| info.as_ref().map_or(true, theirs)).take(take);
    Ok(found.collect::<Result<_, _>>()?)
}

/// Whether a post waits or is out, and can be taken back.
pub(super) fn is_there(desk: &Desk, info: &PostInfo) -> Result<bool, FlowError> {
    Ok(match info.state {
        PostState::Held => true,
        PostState::Published => {
            desk.store.reader().post(info.id)?.is_some_and(|post| post.withdrawn.is_none())
        }
        PostState::Undecided | PostState::Refused | PostState::Dropped => false,
    })
}

/// The same in words for a letter.
pub(super) fn of(desk: &Desk, person: PersonId, list: Option<ListId>) -> Result<Vec<Whereabout>, FlowError> {
    let mut told = Vec::new();
    for info in last_posts(desk, person, list, TOLD_MAX)? {
        let title = desk.store.raw(info.id)?.map(|raw| parse::summarize(&raw).subject).unwrap_or_default();
        let whereto = match info.state {
            PostState::Published if is_withdrawn(desk, info.id)? => Whereto::CalledBack,
            PostState::Published => sent(desk, info.id)?,
            PostState::Held | PostState::Undecided => Whereto::Waits,
            PostState::Refused => Whereto::Refused(info.refusal.unwrap_or_default()),
            PostState::Dropped => Whereto::PutAway,
        };
        told.push(Whereabout { title, received: info.received, whereto });
    }
    Ok(told)
}

fn is_withdrawn(desk: &Desk, post: PostId) -> Result<bool, FlowError> {
    Ok(desk.store.reader().post(post)?.is_some_and(|post| post.withdrawn.is_some()))
}

/// How many copies were taken so far.
pub(super) fn sent(desk: &Desk, post: PostId) -> Result<Whereto, FlowError> {
    if let Some(fan) = desk.store.fan(post)? {
        return Ok(Whereto::Sent { taken: fan.totals.taken, of: fan.totals.owed });
    }
    let mut last = std::collections::HashMap::new();
    for line in desk.store.ledger(post)? {
        last.extend(line.copies);
    }
    let taken = |result: &&crate::store::ledger::CopyResult| {
        matches!(result, crate::store::ledger::CopyResult::Taken(_))
    };
    let taken = last.values().filter(taken).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Whereto::Sent { taken: count(taken), of: count(last.len()) })
}
