//! What a drill asks: everything this server holds, in facts, and how its pages look.

use serde_json::{Value, json};

use super::{Channel, NotDone, refused};
use crate::flow::Desk;
use crate::recovery::RecoveryError;
use crate::recovery::likeness;

/// Lines sent at once, in bytes.
const CHUNK_BYTES: usize = 1 << 20;

pub(super) fn facts_after(desk: &Desk, after: u64, channel: &mut dyn Channel) -> Result<Value, NotDone> {
    let facts = likeness::facts(&desk.store, after).map_err(|error| match error {
        RecoveryError::Store(error) => NotDone::from(error),
        other @ (RecoveryError::Refused(_) | RecoveryError::Io { .. }) => NotDone::Refused(other.to_string()),
    })?;
    send(channel, facts.iter().map(|fact| serde_json::to_value(fact).unwrap_or_default()))?;
    Ok(json!({ "facts": facts.len() }))
}

pub(super) fn pages(desk: &Desk, paths: &[String], channel: &mut dyn Channel) -> Result<Value, NotDone> {
    let Some(show) = desk.pages.get() else { return refused("there are no pages here") };
    let shown = show(paths);
    let count = shown.len();
    let page = |(path, (status, text)): (&String, (u16, String))| json!({ "path": path, "status": status, "text": text });
    send(channel, paths.iter().zip(shown).map(page))?;
    Ok(json!({ "pages": count }))
}

fn send(channel: &mut dyn Channel, lines: impl Iterator<Item = Value>) -> Result<(), NotDone> {
    let mut chunk = Vec::new();
    for line in lines {
        chunk.extend_from_slice(line.to_string().as_bytes());
        chunk.push(b'\n');
        if chunk.len() >= CHUNK_BYTES {
            channel.bytes(&chunk)?;
            chunk.clear();
        }
    }
    Ok(channel.bytes(&chunk)?)
}
