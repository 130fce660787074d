//! `parvis check --store` and `parvis reindex`.

use serde_json::{Value, json};

use super::NotDone;
use super::request::ReindexWhat;
use crate::flow::Desk;
use crate::store::change::Change;
use crate::store::event::{Event, Fence, FenceReason};
use crate::store::verify;

/// One line for each thing that was looked at: `[{what, good, detail, mend}]`.
pub(super) fn check_store(desk: &Desk) -> Result<Value, NotDone> {
    let mut lines = Vec::new();
    for finding in verify::verify(&desk.store)? {
        let good = finding.faults.is_empty();
        let detail = match finding.faults.as_slice() {
            [] => format!("{} looked at", finding.looked_at),
            [first] => first.clone(),
            [first, rest @ ..] => format!("{first}; and {} more", rest.len()),
        };
        let mend =
            (!good).then_some("parvis reindex --all builds the state again from mail, journal and people");
        lines.push(json!({ "what": finding.what, "good": good, "detail": detail, "mend": mend }));
    }
    let fence = match desk.store.fence()? {
        Fence::Down => json!({ "what": "fence", "good": true, "detail": "mail leaves", "mend": null }),
        Fence::Up(reason) => {
            let why = match reason {
                FenceReason::Elsewhere => "this folder is in another place than before, a copy or restored",
                FenceReason::Rebuilt => "the state was built again",
            };
            let detail = format!("no mail leaves: {why}");
            json!({ "what": "fence", "good": false, "detail": detail, "mend": "parvis queue release" })
        }
    };
    lines.push(fence);
    Ok(Value::Array(lines))
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
