//! `parvis check --store` and `parvis reindex`.

use serde_json::{Value, json};

use super::NotDone;
use super::request::ReindexWhat;
use crate::domain::time::{Timestamp, Zone};
use crate::flow::Desk;
use crate::store::change::Change;
use crate::store::event::{Event, Fence, FenceReason};
use crate::store::verify;

/// A moment of the data folder, for whoever copies it.
pub(super) fn cut(desk: &Desk) -> Result<Value, NotDone> {
    let cut = desk.store.cut()?;
    serde_json::to_value(cut).map_err(|why| NotDone::Refused(why.to_string()))
}

/// One line for each thing that was looked at: `[{what, good, detail, mend}]`.
pub(super) fn check_store(desk: &Desk) -> Result<Value, NotDone> {
    let mut lines = Vec::new();
    let mut findings = verify::verify(&desk.store)?;
    // What is built anew of damaged files differs anyway.
    if findings.iter().all(|finding| finding.faults.is_empty()) {
        findings.extend(verify::compare_if_still(&desk.store)?);
    }
    for finding in findings {
        let good = finding.faults.is_empty();
        let detail = match finding.faults.as_slice() {
            [] => format!("{} looked at", finding.looked_at),
            [first] => first.clone(),
            [first, rest @ ..] => format!("{first}; and {} more", rest.len()),
        };
        let mend = (!good).then(|| mend(finding.what));
        lines.push(json!({ "what": finding.what, "good": good, "detail": detail, "mend": mend }));
    }
    // What matters most first: who waits for mail reads no further.
    lines.insert(0, fence(desk)?);
    Ok(Value::Array(lines))
}

/// What to do about a fault.
fn mend(what: &str) -> &'static str {
    match what {
        "journal" | "people" | "ledgers" | "messages" | "mail files" => {
            "what a disk damaged is in the last backup: parvis drill FILE says how to take it from there"
        }
        "keys" => "chmod -R go= on the folder keys/",
        _ => "parvis reindex --all builds the state again from mail, journal and people",
    }
}

/// Whether mail may leave, as a line of `check`.
pub(super) fn fence(desk: &Desk) -> Result<Value, NotDone> {
    Ok(match desk.store.fence()? {
        Fence::Down => json!({ "what": "fence", "good": true, "detail": "mail leaves", "mend": null }),
        Fence::Up(reason) => json!({
            "what": "fence",
            "good": false,
            "detail": fence_words(reason, &desk.zone),
            "mend": release_words(reason, &desk.zone),
        }),
    })
}

/// Why nothing leaves, in a sentence.
pub fn fence_words(reason: FenceReason, zone: &Zone) -> String {
    let why = match reason {
        FenceReason::Elsewhere => {
            "this folder is in another place than before, a copy or put back".to_owned()
        }
        FenceReason::Restored { of } => {
            format!(
                "this is what was kept on {}, put back; what was owed then may have been sent since",
                said(of, zone)
            )
        }
        FenceReason::Rebuilt => "the state was built again".to_owned(),
    };
    format!("no mail leaves: {why}")
}

/// What lets mail leave again.
pub fn release_words(reason: FenceReason, zone: &Zone) -> String {
    match reason {
        FenceReason::Restored { of } => format!(
            "parvis queue release --newer-than {} (drops what was owed then), or parvis queue release (sends it)",
            of.rfc3339(zone)
        ),
        FenceReason::Elsewhere | FenceReason::Rebuilt => "parvis queue release".to_owned(),
    }
}

/// `2026-11-23 03:15`
fn said(moment: Timestamp, zone: &Zone) -> String {
    moment.rfc3339(zone).get(..16).unwrap_or_default().replace('T', " ")
}

/// Throws derived data away and builds it again. After `--all`, mail is held back.
pub(super) fn reindex(desk: &Desk, what: ReindexWhat) -> Result<Value, NotDone> {
    desk.store.rebuild()?;
    desk.search.rebuild()?;
    let held_back = match what {
        ReindexWhat::Derived => false,
        ReindexWhat::All => {
            let event = Event::Fence { fence: Fence::Up(FenceReason::Rebuilt) };
            desk.store.commit(Change::at(desk.now()).event(event))?;
            true
        }
    };
    let posts: u64 = desk
        .store
        .reader()
        .lists()?
        .iter()
        .map(|list| desk.store.reader().counts(list.id).map(|counts| counts.posts))
        .sum::<Result<u64, _>>()?;
    Ok(json!({ "posts": posts, "held_back": held_back }))
}
