//! A post goes to everybody who reads it at that moment, whoever said so.

mod choose_from;
mod readers;

use self::choose_from::choose_from;
use self::readers::{Readership, readers};
use super::{Desk, FlowError};
use crate::domain::list::List;
use crate::domain::time::Timestamp;
use crate::mail::parse::Summary;
use crate::store::PostInfo;
use crate::store::event::{Decider, Event};

/// What publishes a post: its readers, and under whose name it goes. Without its bytes the author's
/// stays.
pub(super) fn publish(
    desk: &Desk,
    list: &List,
    info: &PostInfo,
    (summary, raw): (&Summary, Option<&[u8]>),
    by: Option<Decider>,
    now: Timestamp,
) -> Result<Event, FlowError> {
    let Readership { now: readers, later } = readers(desk, list, info.author, summary, now)?;
    let from = raw.map(|raw| choose_from(desk, info, list, summary, raw));
    Ok(Event::Published { post: info.id, list: list.id, by, readers, from, later })
}
