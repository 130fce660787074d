//! An archive that comes from another server may have posts only members could read: they stay with
//! the members, also while it comes in.

use super::super::Desk;
use super::super::lists::{self, ListFault};
use crate::domain::ids::PostId;
use crate::domain::list::{List, Opening};
use crate::flow::export::OpenFrom;

/// While posts come in, none of them is for strangers.
const NONE_YET: Opening = Opening { from: PostId(u64::MAX), past: None };

/// Closes a list to strangers before such an archive comes in.
pub fn close(desk: &Desk, list: &List, until: &OpenFrom) -> Result<List, ListFault> {
    if *until == OpenFrom::Beginning {
        return Ok(list.clone());
    }
    let posts = desk.store.reader().counts(list.id)?.posts;
    match list.opening {
        None if posts > 0 => Err(ListFault::Refused(
            "some of these posts were for members only, and what this list has is not: \
             import them into a list without posts"
                .to_owned(),
        )),
        // It comes in again: what was closed then is.
        Some(opening) if posts > 0 && opening != NONE_YET => Ok(list.clone()),
        None | Some(_) => lists::open_past(desk, list, Some(NONE_YET)),
    }
}

/// Opens what strangers could read of it, once all of it is there.
pub fn open(desk: &Desk, list: &List, until: &OpenFrom) -> Result<(), ListFault> {
    if list.opening != Some(NONE_YET) {
        return Ok(());
    }
    let from = match until {
        OpenFrom::Beginning | OpenFrom::End => None,
        OpenFrom::Post(id) => {
            let posts = desk.store.reader().posts_by_message_id(list.id, id)?;
            posts.iter().map(|post| post.id).max()
        }
    };
    // One that did not come in opens nothing.
    let from = from.unwrap_or_else(|| desk.store.next_post());
    lists::open_past(desk, list, Some(Opening { from, past: None })).map(drop)
}
