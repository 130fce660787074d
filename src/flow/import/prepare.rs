//! The part of an import that costs: hashing and reading messages, on several threads at once.
//!
//! Two passes, so that numbers are given in the archive's order and to new messages only: first
//! what each is and whether the list has it; then, with its number, the change that keeps it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::{Item, Message, UnreadableMessage};
use crate::domain::ids::{ListId, PostId};
use crate::domain::time::Timestamp;
use crate::flow::forget::in_place_of;
use crate::mail::headers::Headers;
use crate::mail::mbox;
use crate::mail::parse::{self, Summary};
use crate::store::change::{Change, Expect, Shelf};
use crate::store::event::Event;
use crate::store::segments::MailPlace;
use crate::store::{Store, StoreError};

/// Threads that look at messages. The store's own is busy meanwhile.
const THREADS: usize = 2;
/// Envelope dates are often written in local time without a zone.
const CLOCKS_DIFFER: Duration = Duration::from_secs(86_400);

/// What an item turned out to be.
pub(super) enum Looked {
    Unreadable(UnreadableMessage),
    /// The list has it.
    Known,
    New(New),
}

/// A message the list does not have yet.
pub(super) struct New {
    message: Message,
    content: [u8; 32],
}

impl New {
    /// Enough of the content's hash to tell messages apart, as the store does.
    pub(super) fn short_content(&self) -> [u8; 16] {
        self.content.first_chunk().copied().expect("16 of 32 bytes")
    }
}

/// Looks at some items; the answers are in their order.
pub(super) fn look_at(store: &Store, list: ListId, items: Vec<Item>) -> Vec<Result<Looked, StoreError>> {
    in_parallel(items, |item| match item {
        Item::Unreadable(unreadable) => Ok(Looked::Unreadable(unreadable)),
        Item::Message(message) => look_at_message(store, list, message),
    })
}

fn look_at_message(store: &Store, list: ListId, message: Message) -> Result<Looked, StoreError> {
    let unreadable =
        |why: &str| Ok(Looked::Unreadable(UnreadableMessage { n: message.n, why: why.to_owned() }));
    if message.raw.len() > mbox::MESSAGE_BYTES_MAX {
        return unreadable("larger than 64 MiB");
    }
    if message.raw.trim_ascii().is_empty() {
        return unreadable("it is empty");
    }
    if Headers::scan_leniently(&message.raw).0.fields().is_empty() {
        return unreadable("no header field, so nothing says who wrote it, when, about what");
    }
    // Decoders of charsets are not ours; one message must not stop the others.
    let Ok(content) = catch_unwind(AssertUnwindSafe(|| parse::content_key(&message.raw))) else {
        return unreadable("it could not be decoded");
    };
    match store.same_content(Some(list), &content)? {
        Some(_) => Ok(Looked::Known),
        None => {
            let mut message = message;
            // Whoever was forgotten here stays so, whatever archive brings them.
            if let Some(without) = in_place_of(store, list, &message.raw)? {
                message = Message { raw: without, sender: String::new(), ..message };
            }
            Ok(Looked::New(New { message, content }))
        }
    }
}

/// The change that keeps each message, and its weight in bytes, in the order of the messages.
pub(super) fn make_changes(list: ListId, now: Timestamp, new: Vec<(PostId, New)>) -> Vec<(Change, usize)> {
    in_parallel(new, |(post, new)| make_change(list, now, post, new))
}

fn make_change(list: ListId, now: Timestamp, post: PostId, new: New) -> (Change, usize) {
    let New { message, content } = new;
    let summary = parse::summarize(&message.raw);
    let dated = came_at(&message, &summary, now);
    let event = Event::Imported {
        post,
        list,
        mail: MailPlace { file: String::new(), offset: 0, len: 0 },
        content: data_encoding::HEXLOWER.encode(&content),
        dated,
    };
    let change = Change::at(now)
        .expect(Expect::NewContent(Some(list), content))
        .mail(post, Shelf::List(list), &message.raw, &message.sender, dated)
        .summary(post, summary)
        .event(event);
    (change, message.raw.len())
}

/// When a message came where it is imported from: as the archive says, or its latest trace, or its author.
fn came_at(message: &Message, summary: &Summary, now: Timestamp) -> Timestamp {
    let told = message.dated.or_else(|| parse::latest_trace(&message.raw)).or(summary.date);
    told.filter(|at| *at <= now + CLOCKS_DIFFER).unwrap_or(now)
}

/// Does the same to each, on [`THREADS`] threads, this one included; the results are in order.
fn in_parallel<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(THREADS).max(1);
    let mut items = items.into_iter();
    let mine: Vec<T> = items.by_ref().take(share).collect();
    std::thread::scope(|scope| {
        let mut others = Vec::new();
        while items.len() > 0 {
            let part: Vec<T> = items.by_ref().take(share).collect();
            let work = &work;
            others.push(scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>()));
        }
        let mut results: Vec<R> = mine.into_iter().map(&work).collect();
        for other in others {
            match other.join() {
                Ok(part) => results.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}
