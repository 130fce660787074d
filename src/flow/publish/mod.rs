//! A post goes to everybody who reads it at that moment, whoever said so.

mod choose_from;
mod readers;
mod urgent;

use self::choose_from::choose_from;
use self::readers::{Readership, readers};
use self::urgent::Trust;
use super::{Desk, FlowError};
use crate::domain::list::List;
use crate::domain::proof::Proof;
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
    // Who let it out saw it; else the mail system has to say that it is its author's.
    let sure = by.is_some() || info.proof == Some(Proof::Proven);
    let trust = if sure { Trust::Sure } else { Trust::Unsure };
    let Readership { now: readers, later } = readers(desk, list, info.author, summary, (trust, now))?;
    let from = raw.map(|raw| choose_from(desk, info, list, summary, raw));
    Ok(Event::Published { post: info.id, list: list.id, by, readers, from, later })
}
