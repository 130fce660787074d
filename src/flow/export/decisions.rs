//! `decisions.jsonl`: the journal's lines about one list, one JSON object a line.
//!
//! Persons stand in it by the numbers of the column `person` in `members.csv`; posts by number and,
//! as soon as they have one, by the Message-ID that finds them in `archive.mbox`.

use std::collections::HashSet;
use std::io::Write;

use serde_json::{Map, Value};

use super::ExportError;
use crate::domain::ids::{ListId, PostId};
use crate::store::event::{Event, Line};
use crate::store::{Store, StoreError};

/// Writes every decision; how many there are.
pub(super) fn write(store: &Store, list: ListId, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut of_list = Lines { list, posts: HashSet::new() };
    let mut count = 0;
    let mut failed: Option<ExportError> = None;
    store.history(|line| {
        if failed.is_none() && of_list.is_decision(&line.event) {
            match describe(store, line) {
                Ok(mut text) => {
                    text.push('\n');
                    count += 1;
                    failed = out.write_all(text.as_bytes()).err().map(ExportError::from);
                }
                Err(error) => failed = Some(error.into()),
            }
        }
    })?;
    failed.map_or(Ok(count), Err)
}

/// Which lines of the journal are about a list.
struct Lines {
    list: ListId,
    posts: HashSet<PostId>,
}

impl Lines {
    fn is_decision(&mut self, event: &Event) -> bool {
        match event {
            Event::List { list, .. } => list.id == self.list,
            Event::Member { member, .. } => member.list == self.list,
            Event::Received { post, list, .. } => {
                if *list == Some(self.list) {
                    self.posts.insert(*post);
                }
                false
            }
            Event::Published { list, .. } | Event::Banned { list, .. } | Event::ThreadPace { list, .. } => {
                *list == self.list
            }
            Event::Held { post, .. } | Event::Refused { post, .. } | Event::Dropped { post, .. } => {
                self.posts.contains(post)
            }
            Event::Issued { issue, .. } => issue.list == self.list,
            Event::Drafted { list, .. } | Event::Edition { list, .. } | Event::Summarized { list, .. } => {
                *list == self.list
            }
            Event::NotAwaited { .. }
            | Event::Imported { .. }
            | Event::Settled { .. }
            | Event::Attempted { .. }
            | Event::Delivered { .. }
            | Event::LetterOwed { .. }
            | Event::LetterDone { .. }
            | Event::Asked { .. }
            | Event::Answered { .. }
            | Event::Lapsed { .. }
            | Event::Rethreaded { .. }
            | Event::OldAddresses { .. }
            | Event::KeptBack { .. }
            | Event::Withdrawn { .. }
            | Event::PassGiven { .. }
            | Event::PassEnded { .. }
            | Event::Heeded { .. }
            | Event::Reach { .. }
            | Event::Warned { .. }
            | Event::Forgetting { .. }
            | Event::Forgotten { .. }
            | Event::Tidied {}
            | Event::Fence { .. } => false,
        }
    }
}

fn describe(store: &Store, line: Line) -> Result<String, StoreError> {
    let Line { seq: _, at, group: _, event } = line;
    let post = match &event {
        Event::Published { post, .. }
        | Event::Held { post, .. }
        | Event::Refused { post, .. }
        | Event::Dropped { post, .. } => Some(*post),
        Event::Issued { .. }
        | Event::NotAwaited { .. }
        | Event::Drafted { .. }
        | Event::Edition { .. }
        | Event::Settled { .. }
        | Event::List { .. }
        | Event::Member { .. }
        | Event::Received { .. }
        | Event::Imported { .. }
        | Event::Attempted { .. }
        | Event::Delivered { .. }
        | Event::LetterOwed { .. }
        | Event::LetterDone { .. }
        | Event::Asked { .. }
        | Event::Answered { .. }
        | Event::Lapsed { .. }
        | Event::Rethreaded { .. }
        | Event::OldAddresses { .. }
        | Event::KeptBack { .. }
        | Event::Withdrawn { .. }
        | Event::PassGiven { .. }
        | Event::PassEnded { .. }
        | Event::Heeded { .. }
        | Event::Banned { .. }
        | Event::Summarized { .. }
        | Event::ThreadPace { .. }
        | Event::Reach { .. }
        | Event::Warned { .. }
        | Event::Forgetting { .. }
        | Event::Forgotten { .. }
        | Event::Tidied {}
        | Event::Fence { .. } => None,
    };
    let mut object = Map::new();
    object.insert("at".to_owned(), Value::from(at.to_string()));
    if let Ok(Value::Object(said)) = serde_json::to_value(&event) {
        object.extend(said);
    }
    if let Event::Published { readers, .. } | Event::Issued { readers, .. } = &event {
        // How many it went to; who they were is told by the lines about members.
        object.insert("readers".to_owned(), Value::from(readers.len()));
    }
    if let Event::Published { later, .. } = &event
        && !later.is_empty()
    {
        object.insert("later".to_owned(), Value::from(later.len()));
    }
    if let Some(id) =
        post.map(|post| store.post(post)).transpose()?.flatten().and_then(|info| info.message_id)
    {
        object.insert("message_id".to_owned(), Value::from(id.as_str()));
    }
    Ok(Value::Object(object).to_string())
}
