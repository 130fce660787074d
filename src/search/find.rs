//! From what is asked to what is found: asks the index, looks every answer up in the store, and
//! makes excerpts.

use std::cell::Cell;

use tantivy::schema::Value;
use tantivy::{DocAddress, Searcher, TantivyDocument};

use super::compile::{Compiled, Compiler, Needed, Sought, compile};
use super::editions::{EditionHit, Editions};
use super::excerpt::{Holds, Marker, Piece};
use super::gather::{Gather, Gathering};
use super::keeper::Opened;
use super::query::Query;
use super::schema::{Fields, author_key, is_cut, shown_whole};
use super::tokens::unmarked;
use super::words::{Endings, Tongue};
use super::{Gathered, Order, Reader, SearchError, Shelf, Standing, Wish, suggest};
use crate::domain::ids::PostId;
use crate::domain::time::Zone;
use crate::mail::mask::mask_addresses;
use crate::store::archive::{ArchiveReader, PostSummary, ThreadId};

/// Mails read to show a piece of what stands far down in them, for one query.
const MAILS_READ_MAX: usize = 5;
/// And no more of them than these bytes together, so that large mails cost no more than others.
const MAILS_READ_BYTES_MAX: usize = 256 * 1024;

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// One for each thread, or each post.
    pub groups: Vec<Group>,
    /// Editions whose own words hold what is looked for: the best few, on the first page alone.
    pub editions: Vec<EditionHit>,
    /// How many of these there are in all.
    pub groups_in_all: usize,
    /// How many posts there are in all.
    pub posts_in_all: u64,
    /// Nothing holds all the words; what was found holds nearly all.
    pub nearly: bool,
    /// What may have been meant, where nothing was found.
    pub suggestion: Option<String>,
    /// Conditions that could not be understood.
    pub unread: Vec<String>,
    /// Nothing was asked for.
    pub nothing_asked: bool,
    /// Whether the index had everything.
    pub behind: Standing,
}

/// A thread in which something was found.
#[derive(Clone, Debug)]
pub struct Group {
    /// The thread.
    pub thread: ThreadId,
    /// Posts of it that were found.
    pub posts: u32,
    /// The best of them; never empty.
    pub hits: Vec<Hit>,
}

/// A post that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The post, as the store has it.
    pub post: PostSummary,
    /// Its subject with marked words, addresses masked.
    pub subject: Vec<Piece>,
    /// Why it was found, in its own words, addresses masked.
    pub excerpt: Vec<Piece>,
}

impl Found {
    fn nothing() -> Found {
        Found {
            groups: Vec::new(),
            editions: Vec::new(),
            groups_in_all: 0,
            posts_in_all: 0,
            nearly: false,
            suggestion: None,
            unread: Vec::new(),
            nothing_asked: false,
            behind: Standing::UpToDate,
        }
    }

    /// There is no index yet.
    pub(super) fn not_yet() -> Found {
        Found { behind: Standing::Behind(1), ..Found::nothing() }
    }
}

pub(super) fn find(
    archive: &ArchiveReader,
    opened: &Opened,
    zone: &Zone,
    wish: &Wish<'_>,
) -> Result<Found, SearchError> {
    let query = Query::parse(wish.query, zone);
    let shelves = shelves_meant(&query, wish);
    let mut found = Found { unread: query.unread.clone(), ..Found::nothing() };
    found.nothing_asked = query.is_empty();
    let searcher = opened.reader.searcher();
    let looking = Looking::new(archive, &searcher, &opened.fields, &shelves);
    if let Some(compiled) = compile(&opened.fields, &query, &shelves, Sought::Posts, Needed::All) {
        let order = if compiled.ranked { wish.order } else { Order::Newest };
        looking.gather(&compiled, wish, order, &mut found)?;
    }
    // A condition alone is about posts: nobody asks for every edition of a month.
    if wish.skip == 0 && query.has_words() {
        let fields = &opened.fields;
        let editions = Editions { archive, searcher: &searcher, fields, shelves: &shelves };
        if editions.are_there()?
            && let Some(compiled) = compile(fields, &query, &shelves, Sought::Editions, Needed::All)
        {
            found.editions = editions.find(&compiled, wish.order)?;
        }
    }
    if found.posts_in_all == 0 && found.editions.is_empty() && query.has_words() && !shelves.is_empty() {
        let compiler = Compiler::of_strangers(&opened.fields);
        let asked = suggest::Asked { archive, compiler: &compiler, searcher: &searcher, shelves: &shelves };
        found.suggestion = suggest::suggest(&asked, &query, wish.query)?;
        if wish.nearly
            && let Some(compiled) =
                compile(&opened.fields, &query, &shelves, Sought::Posts, Needed::NearlyAll)
        {
            looking.gather(&compiled, wish, wish.order, &mut found)?;
            found.nearly = found.posts_in_all > 0;
        }
    }
    Ok(found)
}

pub(super) fn by_author(
    archive: &ArchiveReader,
    opened: &Opened,
    shelf: &Shelf,
    name: &str,
    (skip, take): (usize, usize),
) -> Result<Found, SearchError> {
    let mut found = Found::nothing();
    let Some(key) = author_key(name) else { return Ok(found) };
    let (fields, reader, endings) = (&opened.fields, shelf.reader, Endings::new());
    let compiler = Compiler { fields, reader, sought: Sought::Posts, endings };
    let searcher = opened.reader.searcher();
    let shelves = [shelf];
    let looking = Looking::new(archive, &searcher, &opened.fields, &shelves);
    let compiled = compiler.by_author(&key, shelf);
    let wish = Wish {
        query: "",
        readable: &[],
        at_hand: &[],
        order: Order::Newest,
        gathered: Gathered::Posts,
        nearly: false,
        skip,
        take,
    };
    looking.gather(&compiled, &wish, Order::Newest, &mut found)?;
    Ok(found)
}

/// The lists at hand, or those the query names; never one the reader may not read.
fn shelves_meant<'w>(query: &Query, wish: &Wish<'w>) -> Vec<&'w Shelf> {
    let named = |names: &[String], address: &str| {
        let local_part = address.split('@').next().unwrap_or_default();
        names.iter().any(|name| name == address || name == local_part)
    };
    let meant = |shelf: &&Shelf| match query.lists.as_slice() {
        [] => wish.at_hand.contains(&shelf.list),
        names => named(names, &shelf.address),
    };
    wish.readable.iter().filter(meant).filter(|shelf| !named(&query.lists_not, &shelf.address)).collect()
}

/// How far down in a mail the piece that shows why it was found may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// In what the index keeps of it.
    Beginning,
    /// Anywhere: the mail is read.
    Whole,
}

struct Looking<'a> {
    archive: &'a ArchiveReader,
    searcher: &'a Searcher,
    fields: &'a Fields,
    shelves: &'a [&'a Shelf],
    /// Mails that may still be read to show a piece of them.
    reads_left: Cell<usize>,
    /// What these may weigh together, bytes.
    bytes_left: Cell<usize>,
}

impl<'a> Looking<'a> {
    fn new(
        archive: &'a ArchiveReader,
        searcher: &'a Searcher,
        fields: &'a Fields,
        shelves: &'a [&'a Shelf],
    ) -> Looking<'a> {
        let (reads_left, bytes_left) = (Cell::new(MAILS_READ_MAX), Cell::new(MAILS_READ_BYTES_MAX));
        Looking { archive, searcher, fields, shelves, reads_left, bytes_left }
    }

    fn gather(
        &self,
        compiled: &Compiled,
        wish: &Wish<'_>,
        order: Order,
        found: &mut Found,
    ) -> Result<(), SearchError> {
        let Wish { gathered, skip, take, .. } = *wish;
        let heap = self.searcher.search(&*compiled.query, &Gather { order, gathered, skip, take })?;
        found.groups_in_all = heap.groups_in_all;
        found.posts_in_all = heap.posts;
        let endings = Endings::new();
        let marker = Marker::new(&compiled.marks, &endings);
        for gathering in &heap.groups {
            found.groups.extend(self.group(gathering, &marker)?);
        }
        Ok(())
    }

    fn group(&self, gathering: &Gathering, marker: &Marker<'_>) -> Result<Option<Group>, SearchError> {
        let mut hits = Vec::new();
        for one in &gathering.best {
            // What stands far down is looked for in the best of a thread alone.
            let depth = if hits.is_empty() { Depth::Whole } else { Depth::Beginning };
            hits.extend(self.hit(one.at, marker, depth)?);
        }
        let thread = hits.first().map(|hit: &Hit| hit.post.thread);
        Ok(thread.map(|thread| Group { thread, posts: gathering.posts, hits }))
    }

    /// What the store does not know as published, or not in these lists, is not shown.
    fn hit(
        &self,
        at: DocAddress,
        marker: &Marker<'_>,
        depth: Depth,
    ) -> Result<Option<Hit>, SearchError> {
        let segment = self.searcher.segment_reader(at.segment_ord);
        let posts = segment.fast_fields().column_first_or_default::<u64>("post")?;
        let Some(post) = self.archive.post(PostId(posts.get_val(at.doc_id)))? else { return Ok(None) };
        let Some(shelf) = self.shelves.iter().find(|shelf| shelf.list == post.list) else { return Ok(None) };
        let kept_back = shelf.from.is_some_and(|from| post.id < from);
        if shelf.reader == Reader::Stranger && post.no_archive || post.withdrawn.is_some() || kept_back {
            return Ok(None);
        }
        let kept: TantivyDocument = self.searcher.doc(at)?;
        let shown = kept.get_first(self.fields.shown).and_then(|value| value.as_str()).unwrap_or_default();
        let tongue = post.language.as_deref().map_or(Tongue::French, Tongue::of);
        let subject = marker.line(&mask_addresses(&post.subject), tongue);
        let (mut excerpt, holds) = marker.excerpt(shown);
        if holds == Holds::Nothing && depth == Depth::Whole && is_cut(shown) {
            excerpt = self.excerpt_below(&post, shown, marker).unwrap_or(excerpt);
        }
        Ok(Some(Hit { excerpt, subject, post }))
    }

    /// From further down than the index keeps, where only there stands what was looked for.
    fn excerpt_below(&self, post: &PostSummary, shown: &str, marker: &Marker<'_>) -> Option<Vec<Piece>> {
        self.reads_left.set(self.reads_left.get().checked_sub(1)?);
        // Bytes that are damaged have no piece to show.
        let raw = self.archive.raw(post.id).ok().flatten()?;
        let room = self.bytes_left.get().checked_sub(raw.len())?;
        self.bytes_left.set(room);
        let (excerpt, holds) = marker.excerpt(&shown_whole(&raw, unmarked(shown).0));
        (holds == Holds::Some).then_some(excerpt)
    }
}
