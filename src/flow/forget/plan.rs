//! What is written in the place of somebody, wherever they stand.

use std::collections::{HashMap, HashSet};

use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::Language;
use crate::domain::member::Person;
use crate::domain::wish::PostsLeft;
use crate::flow::Desk;
use crate::mail::forget::{
    Instead, Traces, WithWords, forget_author, forget_author_in_place, mask_message, mask_text,
};
use crate::mail::headers::Headers;
use crate::mail::words::mailboxes;
use crate::store::forget::Holds;
use crate::store::rewrite::{KeptMessage, Replaced};
use crate::store::{Store, StoreError};

/// Who is forgotten, and how; knows no store, so that it can work where files are written.
pub(super) struct Plan {
    person: PersonId,
    addresses: Vec<EmailAddress>,
    traces: Traces,
    own: HashSet<PostId>,
    posts: PostsLeft,
    languages: HashMap<ListId, Language>,
    default_language: Language,
}

impl Plan {
    pub(super) fn new(
        desk: &Desk,
        known: &Person,
        names: &[String],
        own: HashSet<PostId>,
        posts: PostsLeft,
    ) -> Result<Plan, StoreError> {
        let lists = desk.store.reader().lists()?;
        Ok(Plan {
            person: known.id,
            addresses: known.addresses.clone(),
            traces: Traces::new(&known.addresses, names.iter().map(String::as_str)),
            own,
            posts,
            languages: lists.iter().map(|list| (list.id, list.settings.language)).collect(),
            default_language: desk.language,
        })
    }

    /// The messages that are theirs.
    pub(super) fn own(&self) -> &HashSet<PostId> {
        &self.own
    }

    /// What takes the place of a message, and whether it was theirs; nothing, where they are not in it.
    pub(super) fn message(&self, holds: Holds, message: &KeptMessage<'_>) -> Option<(bool, Replaced)> {
        let (language, words) = match (holds, self.posts) {
            (Holds::Posts(list), posts) => {
                let words = match posts {
                    PostsLeft::Nameless => WithWords::Keep,
                    PostsLeft::Withdrawn => WithWords::Remove,
                };
                (self.languages.get(&list).copied().unwrap_or(self.default_language), words)
            }
            // What they asked of us is nobody else's business, and has done its work.
            (Holds::Transit | Holds::Lines | Holds::Bytes, _) => (self.default_language, WithWords::Remove),
        };
        if self.own.contains(&message.post) || is_from(message.raw, &self.addresses) {
            let instead = instead_of(self.person, language);
            let raw = forget_author_in_place(message.raw, &self.traces, &instead.borrow(), words);
            return (raw != message.raw || !message.sender.is_empty())
                .then(|| (true, Replaced { sender: String::new(), raw }));
        }
        let sender = mask_text(message.sender.as_bytes(), &self.traces);
        let raw = mask_message(message.raw, &self.traces);
        if sender.is_none() && raw.is_none() {
            return None;
        }
        let sender = sender.map_or_else(
            || message.sender.to_owned(),
            |masked| String::from_utf8_lossy(&masked.bytes).into_owned(),
        );
        let raw = raw.map_or_else(|| message.raw.to_vec(), |masked| masked.bytes);
        Some((false, Replaced { sender, raw }))
    }

    /// The same for what is no message.
    pub(super) fn text(&self, text: &[u8]) -> Option<Vec<u8>> {
        mask_text(text, &self.traces).map(|masked| masked.bytes)
    }
}

/// Whether a message says that it is from one of these.
pub(super) fn is_from(raw: &[u8], addresses: &[EmailAddress]) -> bool {
    let (headers, _) = Headers::scan_leniently(raw);
    headers.all("from").any(|field| {
        let from = mailboxes(&field.value());
        from.iter().any(|mailbox| mailbox.address.as_ref().is_some_and(|address| addresses.contains(address)))
    })
}

/// What stands in the place of an author.
pub struct InsteadOf {
    name: String,
    address: String,
    note: &'static str,
}

impl InsteadOf {
    /// As the mail room takes it.
    pub fn borrow(&self) -> Instead<'_> {
        Instead { name: &self.name, address: &self.address, note: self.note }
    }
}

/// The name a forgotten author's posts bear, in the language of their list: the same on all of
/// them, so that a conversation can still be followed, and nobody's.
pub fn instead_of(person: PersonId, language: Language) -> InsteadOf {
    let (name, note) = match language {
        Language::Fr => ("Ex-membre", "Message retiré par son auteur"),
        Language::En => ("Former member", "Message withdrawn by its author"),
    };
    InsteadOf { name: format!("{name} {person}"), address: format!("ex-{person}@parvis.invalid"), note }
}

/// A message of an old archive whose author was forgotten here: what is taken in its place; `None`
/// if its author is not one of them.
pub fn in_place_of(store: &Store, list: ListId, raw: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let (headers, _) = Headers::scan_leniently(raw);
    let from = headers.get("from").map(|value| mailboxes(&value)).unwrap_or_default();
    let addresses: Vec<(EmailAddress, String)> =
        from.into_iter().filter_map(|m| Some((m.address?, m.name.to_string()))).collect();
    for (address, name) in &addresses {
        if let Some((person, posts)) = store.forgotten_at(address)? {
            let language = store.list(list)?.map_or(Language::default(), |list| list.settings.language);
            let traces = Traces::new([address], [name.as_str()]);
            let words = match posts {
                PostsLeft::Nameless => WithWords::Keep,
                PostsLeft::Withdrawn => WithWords::Remove,
            };
            return Ok(Some(forget_author(raw, &traces, &instead_of(person, language).borrow(), words)));
        }
    }
    Ok(None)
}
