//! Editions among what is found: what animators wrote above and beside the posts.
//!
//! They stand in the index apart from the posts, and are found beside them. What an edition says is
//! read in the store when it is found, for whoever looks: an item of which they may read no post is
//! not said at all.

use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use super::compile::Compiled;
use super::excerpt::{Holds, Marker, Piece, plain};
use super::gather::Gather;
use super::schema::{Fields, beginning};
use super::tokens::marked;
use super::words::{Endings, Tongue};
use super::{Gathered, Order, Reader, SearchError, Shelf};
use crate::domain::edition::{self, EditionItem};
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::{Language, List};
use crate::domain::time::Timestamp;
use crate::mail::mask::mask_addresses;
use crate::store::archive::ArchiveReader;
use crate::store::editions::EditionShown;

/// Editions told beside the posts of one search.
const TOLD_MAX: usize = 5;
/// Editions looked at for them: some of what is found may not be theirs to read.
const LOOKED_AT_MAX: usize = 50;
/// Of what an edition says, so much is looked at, bytes.
const READ_BYTES_MAX: usize = 64 * 1024;
/// Lists in the index have numbers below this; their editions stand above it.
const EDITIONS_OF: u64 = 1 << 32;

/// An edition that was found.
#[derive(Clone, Debug)]
pub struct EditionHit {
    /// Of this list.
    pub list: ListId,
    /// Which of its editions.
    pub number: u32,
    /// When it went out.
    pub at: Timestamp,
    /// Who worked on it, addresses masked.
    pub by: Vec<String>,
    /// Its title with marked words, addresses masked; nothing where it is called by its number.
    pub title: Vec<Piece>,
    /// Why it was found, in the animators' words, addresses masked.
    pub excerpt: Vec<Piece>,
}

impl EditionHit {
    /// What it is called, without marks.
    pub fn heading(&self, language: Language) -> String {
        edition::heading(&plain(&self.title), self.number, language)
    }
}

impl Fields {
    /// Where the editions of a list stand.
    pub(super) fn editions_term(&self, list: ListId) -> Term {
        Term::from_field_u64(self.list, EDITIONS_OF | u64::from(list.0))
    }

    /// An edition as it is kept.
    pub(super) fn edition_document(
        &self,
        list: ListId,
        shown: &EditionShown,
        tongue: Tongue,
    ) -> TantivyDocument {
        let mut kept = TantivyDocument::default();
        kept.add_u64(self.post, shown.document.0);
        kept.add_u64(self.list, EDITIONS_OF | u64::from(list.0));
        kept.add_u64(self.edition, u64::from(shown.edition.number));
        kept.add_i64(self.date, shown.at.seconds());
        let mut words = |field, text: &str, tongue| {
            if !text.is_empty() {
                kept.add_text(field, marked(&mask_addresses(text), tongue));
            }
        };
        words(self.subject, &shown.edition.title, tongue);
        words(self.author, &shown.by.join(", "), Tongue::Other);
        words(self.body, &said(shown, |_| true), tongue);
        kept
    }
}

/// The animators' words, of these items.
fn said(shown: &EditionShown, tells: impl Fn(&EditionItem) -> bool) -> String {
    let items = shown.edition.chosen().filter(|item| tells(item));
    let words = items.flat_map(|item| [item.title.as_str(), item.note.as_str()]);
    let parts: Vec<&str> =
        [shown.edition.intro.as_str()].into_iter().chain(words).filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// Looks for editions in these lists.
pub(super) struct Editions<'a> {
    pub(super) archive: &'a ArchiveReader,
    pub(super) searcher: &'a Searcher,
    pub(super) fields: &'a Fields,
    pub(super) shelves: &'a [&'a Shelf],
}

impl Editions<'_> {
    /// Whether there are any.
    pub(super) fn are_there(&self) -> Result<bool, SearchError> {
        for shelf in self.shelves {
            if self.searcher.doc_freq(&self.fields.editions_term(shelf.list))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The best of them.
    pub(super) fn find(&self, compiled: &Compiled, order: Order) -> Result<Vec<EditionHit>, SearchError> {
        // Each has a number of its own, as posts have.
        let gather = Gather { order, gathered: Gathered::Posts, skip: 0, take: LOOKED_AT_MAX };
        let heap = self.searcher.search(&*compiled.query, &gather)?;
        let endings = Endings::new();
        let marker = Marker::new(&compiled.marks, &endings);
        let mut hits = Vec::new();
        for one in heap.groups.iter().flat_map(|group| &group.best) {
            hits.extend(self.hit(one.at, &marker)?);
            if hits.len() == TOLD_MAX {
                break;
            }
        }
        Ok(hits)
    }

    fn hit(&self, at: DocAddress, marker: &Marker<'_>) -> Result<Option<EditionHit>, SearchError> {
        let columns = self.searcher.segment_reader(at.segment_ord).fast_fields();
        let document = PostId(columns.column_first_or_default::<u64>("post")?.get_val(at.doc_id));
        let number = columns.column_first_or_default::<u64>("edition")?.get_val(at.doc_id);
        let number = u32::try_from(number).unwrap_or_default();
        for shelf in self.shelves {
            let readable = self.archive.only_from(shelf.from);
            let Some(shown) = readable.edition(shelf.list, number)?.filter(|one| one.document == document)
            else {
                continue;
            };
            let Some(list) = self.archive.list(shelf.list)? else { continue };
            return self.told(shelf, &list, &shown, marker);
        }
        Ok(None)
    }

    /// What of it this reader may read; nothing where that is not what was looked for.
    fn told(
        &self,
        shelf: &Shelf,
        list: &List,
        shown: &EditionShown,
        marker: &Marker<'_>,
    ) -> Result<Option<EditionHit>, SearchError> {
        let mut told = Vec::new();
        for item in shown.edition.chosen() {
            if self.tells(shelf, item)? {
                told.push(item.number);
            }
        }
        let tongue = Tongue::of(list.settings.language.tag());
        let words = mask_addresses(&said(shown, |item| told.contains(&item.number)));
        let words = marked(&beginning(&words, READ_BYTES_MAX), tongue);
        let title = mask_addresses(&shown.edition.title);
        let by: Vec<String> = shown.by.iter().map(|name| mask_addresses(name)).collect();
        let names = marked(&by.join(", "), Tongue::Other);
        let (excerpt, holds) = marker.excerpt(&words);
        if holds == Holds::Nothing
            && ![&marked(&title, tongue), &names].into_iter().any(|text| marker.marks_in(text))
        {
            return Ok(None);
        }
        Ok(Some(EditionHit {
            list: shelf.list,
            number: shown.edition.number,
            at: shown.at,
            by,
            title: marker.line(&title, tongue),
            excerpt,
        }))
    }

    /// Whether they may read any post of an item.
    fn tells(&self, shelf: &Shelf, item: &EditionItem) -> Result<bool, SearchError> {
        for post in &item.posts {
            let Some(post) = self.archive.post(*post)? else { continue };
            let kept_back = shelf.from.is_some_and(|from| post.id < from);
            let hidden = shelf.reader == Reader::Stranger && post.no_archive;
            if !kept_back && !hidden && post.withdrawn.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
