//! Looking for posts by mail: what somebody may read, what is found there, and what they then pick.
//!
//! Members may read what their lists have kept; anybody, what everybody may read. Asked anew each
//! time something is written to them.

use super::{Desk, FlowError, is_current};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{ArchivePolicy, List, ListState};
use crate::mail::mask::mask_addresses;
use crate::mail::show::{Block, show};
use crate::search::{Found, Gathered, Order, Reader, SearchError, Shelf, Wish};
use crate::store::archive::PostSummary;

/// Posts told by one letter.
pub(super) const TOLD_MAX: usize = 10;
/// Posts of a conversation sent by one letter.
pub(super) const SENT_MAX: usize = 60;
/// Text of all posts sent by one letter, bytes.
pub(super) const SENT_BYTES_MAX: usize = 256 * 1024;

/// What somebody may look into.
pub(super) struct Library {
    shelves: Vec<Shelf>,
    at_hand: Vec<ListId>,
    reader: Reader,
}

impl Library {
    /// `person` is somebody who is sure to be the one who asks. At a list's own address that list is
    /// at hand; else all of theirs, or all that everybody may read if they have none.
    pub(super) fn of(desk: &Desk, person: PersonId, list: Option<ListId>) -> Result<Library, FlowError> {
        let memberships = desk.store.memberships(person)?;
        let mine: Vec<ListId> = memberships.iter().filter(|m| is_current(m)).map(|m| m.list).collect();
        let all = desk.store.reader().lists()?;
        let as_member = match list {
            Some(list) => mine.contains(&list),
            None => all.iter().any(|list| mine.contains(&list.id) && is_kept(list)),
        };
        let open =
            |list: &&List| if as_member { mine.contains(&list.id) && is_kept(list) } else { is_public(list) };
        let readable: Vec<&List> = all.iter().filter(open).collect();
        let reader = if as_member { Reader::Member } else { Reader::Stranger };
        let shelves = readable.iter().map(|list| Shelf {
            list: list.id,
            address: list.address.to_string(),
            reader,
            // What was written before an archive was opened is for members.
            from: if as_member { None } else { list.open_from() },
        });
        let at_hand =
            readable.iter().map(|known| known.id).filter(|known| list.is_none_or(|list| list == *known));
        Ok(Library { shelves: shelves.collect(), at_hand: at_hand.collect(), reader })
    }

    /// Who they are to these lists.
    pub(super) fn reader(&self) -> Reader {
        self.reader
    }

    /// The best posts.
    pub(super) fn find(&self, desk: &Desk, words: &str) -> Result<Found, SearchError> {
        desk.search.find(&Wish {
            query: words,
            readable: &self.shelves,
            at_hand: &self.at_hand,
            order: Order::Relevance,
            gathered: Gathered::Posts,
            nearly: true,
            skip: 0,
            take: TOLD_MAX,
        })
    }

    /// A published post, if they may read it.
    pub(super) fn post(&self, desk: &Desk, post: PostId) -> Result<Option<PostSummary>, FlowError> {
        let found = desk.store.reader().post(post)?;
        Ok(found.filter(|post| self.may_read(post)))
    }

    /// The posts of the conversation one belongs to, by their dates; and whether there are more.
    pub(super) fn thread(
        &self,
        desk: &Desk,
        post: &PostSummary,
    ) -> Result<(Vec<PostSummary>, bool), FlowError> {
        let thread = desk.store.reader().thread(post.list, post.thread, SENT_MAX + 1)?;
        let mut posts = thread.map(|thread| thread.posts).unwrap_or_default();
        posts.retain(|post| self.may_read(post));
        let more = posts.len() > SENT_MAX;
        posts.truncate(SENT_MAX);
        Ok((posts, more))
    }

    fn may_read(&self, post: &PostSummary) -> bool {
        let hidden = self.reader == Reader::Stranger && post.no_archive;
        let may = |shelf: &Shelf| shelf.list == post.list && shelf.from.is_none_or(|from| from <= post.id);
        !hidden && post.withdrawn.is_none() && self.shelves.iter().any(may)
    }

    /// What a post says, its own words and what it answers, with addresses where they may be seen.
    pub(super) fn text(&self, desk: &Desk, post: PostId, blocks: Blocks) -> Result<Told, FlowError> {
        let raw = desk.store.raw(post)?.unwrap_or_default();
        let shown = show(&raw);
        let kept = shown.blocks.iter().filter_map(|block| match (block, blocks) {
            (Block::Text(text), _) => Some(text.clone()),
            (Block::Quote { heading: _, text }, Blocks::WithQuotes) => {
                Some(text.lines().map(|line| format!("> {line}\n")).collect())
            }
            (Block::Quote { .. } | Block::Signature(_), _) => None,
        });
        let text = kept.collect::<Vec<String>>().join("\n");
        let text = match self.reader {
            Reader::Member => text,
            Reader::Stranger => mask_addresses(&text),
        };
        let files = shown.attachments.into_iter().filter(|file| !file.inline).map(|file| file.name);
        Ok(Told { text, files: files.collect() })
    }
}

/// Which parts of a post are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blocks {
    /// Its own words.
    Own,
    /// What it answers as well.
    WithQuotes,
}

/// What a post says.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) files: Vec<String>,
}

fn is_kept(list: &List) -> bool {
    list.state != ListState::Removed && list.settings.archive != ArchivePolicy::None
}

/// Whether everybody may read a list, on the web too.
pub(super) fn is_public(list: &List) -> bool {
    list.state != ListState::Removed && list.settings.archive == ArchivePolicy::Public
}
