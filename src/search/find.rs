//! From what is asked to what is found: asks the index, looks every answer up in the store, and
//! makes excerpts.

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
    let looking = Looking { archive, searcher: &searcher, fields: &opened.fields, shelves: &shelves };
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
    let looking = Looking { archive, searcher: &searcher, fields: &opened.fields, shelves: &shelves };
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

/// A thread as the index shows it.
struct Looked {
    group: Group,
    /// Nothing that was looked for stands in what the index keeps of its best post, which is only
    /// the beginning: the language to read the rest in.
    below: Option<Tongue>,
}

struct Looking<'a> {
    archive: &'a ArchiveReader,
    searcher: &'a Searcher,
    fields: &'a Fields,
    shelves: &'a [&'a Shelf],
}

impl<'a> Looking<'a> {
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
        // Each is a block to unpack: the processors share them.
        let executor = self.searcher.index().search_executor();
        let looked = executor.map(|one| Ok(self.group(one, &marker)), heap.groups.iter())?;
        let looked: Vec<Option<Looked>> = looked.into_iter().collect::<Result<_, _>>()?;
        let (mut reads_left, mut bytes_left) = (MAILS_READ_MAX, MAILS_READ_BYTES_MAX);
        for Looked { mut group, below } in looked.into_iter().flatten() {
            if let Some(tongue) = below
                && let Some(best) = group.hits.first_mut()
                && reads_left > 0
            {
                reads_left -= 1;
                let below = self.excerpt_below(best.post.id, tongue, &mut bytes_left, &marker);
                best.excerpt = below.unwrap_or(std::mem::take(&mut best.excerpt));
            }
            found.groups.push(group);
        }
        Ok(())
    }

    fn group(&self, gathering: &Gathering, marker: &Marker<'_>) -> Result<Option<Looked>, SearchError> {
        let (mut hits, mut below) = (Vec::new(), None);
        for one in &gathering.best {
            let Some((hit, further)) = self.hit(one.at, marker)? else { continue };
            if hits.is_empty() {
                below = further;
            }
            hits.push(hit);
        }
        let thread = hits.first().map(|hit: &Hit| hit.post.thread);
        let posts = gathering.posts;
        Ok(thread.map(|thread| Looked { group: Group { thread, posts, hits }, below }))
    }

    /// A post, and its language where its excerpt is to be looked for further down. What the store
    /// does not know as published, or not in these lists, is not shown.
    fn hit(&self, at: DocAddress, marker: &Marker<'_>) -> Result<Option<(Hit, Option<Tongue>)>, SearchError> {
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
        let (excerpt, holds) = marker.excerpt(shown);
        let below = (holds == Holds::Nothing && is_cut(shown)).then(|| unmarked(shown).0);
        Ok(Some((Hit { excerpt, subject, post }, below)))
    }

    /// From further down than the index keeps, where only there stands what was looked for.
    fn excerpt_below(
        &self,
        post: PostId,
        tongue: Tongue,
        bytes_left: &mut usize,
        marker: &Marker<'_>,
    ) -> Option<Vec<Piece>> {
        // Bytes that are damaged have no piece to show.
        let raw = self.archive.raw(post).ok().flatten()?;
        *bytes_left = bytes_left.checked_sub(raw.len())?;
        let (excerpt, holds) = marker.excerpt(&shown_whole(&raw, tongue));
        (holds == Holds::Some).then_some(excerpt)
    }
}
