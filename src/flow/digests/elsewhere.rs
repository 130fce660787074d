//! Digests that another server may have sent: the one this folder is a copy of.

use std::collections::BTreeMap;

use super::due::settle;
use crate::domain::list::Curation;
use crate::domain::rhythm::Rhythm;
use crate::domain::time::Timestamp;
use crate::flow::after_restore::was_owed_at;
use crate::flow::{Desk, FlowError};
use crate::store::issue::NEXT_EDITION;
use crate::store::person_set::PersonSet;

/// Of what was published at that moment, whoever has had a turn since awaits nothing any more. Gives
/// how many shares of readers that are. Editions are looked at by people before they leave.
pub fn drop_had_their_turn(desk: &Desk, moment: Timestamp) -> Result<u64, FlowError> {
    let (now, mut dropped) = (desk.now(), 0);
    for list in desk.store.reader().lists()? {
        if list.settings.curation != Curation::None {
            continue;
        }
        let mut turns: BTreeMap<Rhythm, Timestamp> = BTreeMap::new();
        for (post, persons) in desk.store.awaited(list.id)? {
            let published = desk.store.post(post)?.and_then(|info| info.decided_at);
            let Some(published) = published else { continue };
            if !was_owed_at(desk, post, published, moment)? {
                continue;
            }
            let mut served = PersonSet::default();
            for person in persons.iter().filter(|person| *person != NEXT_EDITION) {
                let member = desk.store.member(list.id, person)?;
                let rhythm = member.and_then(|member| Rhythm::of(&member, &list.settings));
                // Who chose to get each post since, got these at once.
                let last = rhythm.map_or(now, |rhythm| {
                    *turns.entry(rhythm).or_insert_with(|| rhythm.latest_turn(now, &desk.zone))
                });
                if last > moment {
                    served.insert(person);
                }
            }
            if !served.is_empty() {
                dropped += u64::from(served.len());
                settle(desk, &list, &[post], &served, Vec::new())?;
            }
        }
    }
    Ok(dropped)
}
