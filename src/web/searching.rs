//! `/search` and `/LIST/search`: what this reader may read, and nothing of what they may not.

use std::collections::HashMap;

use crate::domain::ids::ListId;
use crate::domain::list::List;
use crate::search::{Found, Gathered, Order, Reader, Shelf, Standing, Wish as Asked};

use super::answer::{Answer, Content, Indexed, Keep};
use super::pages::{PageError, Pages, Wish, segment_of};
use super::sight::{self, Eyes, Sight};
use super::views::{Desk, OpenSearchView, Place, Results, SearchView};

/// Conversations on one page of what was found.
const THREADS_PER_PAGE: usize = 10;
/// Posts on one page of an author.
const POSTS_PER_PAGE: usize = 30;
/// Further pages are not made: another word finds more than page 41.
const PAGES_MAX: usize = 40;

/// The lists a reader may look into.
pub(crate) struct Library {
    lists: Vec<List>,
    segments: HashMap<ListId, String>,
    pub(super) shelves: Vec<Shelf>,
}

impl Library {
    /// All whose messages this reader may read.
    pub(crate) fn of(pages: &Pages, desk: &Desk<'_>) -> Result<Library, PageError> {
        let mut lists = pages.archive.lists()?;
        // Lists seen from the doorstep take part in what addresses look like.
        lists.retain(|list| sight::is_listed(list, desk.reader));
        let segments = lists.iter().map(|list| (list.id, segment_of(list, &lists))).collect();
        let mut shelves = Vec::new();
        lists.retain(|list| match sight::of(list, desk.reader) {
            Sight::Archive(eyes) => {
                shelves.push(shelf_of(list, eyes));
                true
            }
            Sight::Doorstep | Sight::Nothing => false,
        });
        Ok(Library { lists, segments, shelves })
    }

    /// Where what a list has stands, if it may be read.
    pub(crate) fn place(&self, list: ListId) -> Option<Place<'_>> {
        let list = self.lists.iter().find(|known| known.id == list)?;
        Some(Place { list, segment: self.segments.get(&list.id)? })
    }
}

/// What these eyes may find in a list.
fn shelf_of(list: &List, eyes: Eyes) -> Shelf {
    let (reader, from) = match eyes {
        Eyes::Stranger => (Reader::Stranger, list.open_from()),
        Eyes::Member => (Reader::Member, None),
    };
    Shelf { list: list.id, address: list.address.to_string(), reader, from }
}

/// `/search`
pub(crate) fn everywhere(pages: &Pages, wish: &Wish, desk: &Desk<'_>) -> Result<Answer, PageError> {
    let library = Library::of(pages, desk)?;
    let at_hand: Vec<ListId> = library.lists.iter().map(|list| list.id).collect();
    results(pages, wish, desk, &library, None, &at_hand)
}

/// `/LIST/search`
pub(crate) fn in_list(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
) -> Result<Answer, PageError> {
    let library = Library::of(pages, desk)?;
    results(pages, wish, desk, &library, Some(place), &[place.list.id])
}

fn results(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    library: &Library,
    place: Option<Place<'_>>,
    at_hand: &[ListId],
) -> Result<Answer, PageError> {
    let words = wish.words();
    let page = wish.query.page;
    let order = if wish.query.newest { Order::Newest } else { Order::Relevance };
    if page > PAGES_MAX {
        return pages.absent(desk);
    }
    let seen = pages.search.reached() >= pages.threads.moment().lines();
    let found = pages.search.find(&Asked {
        query: words,
        readable: &library.shelves,
        at_hand,
        order,
        gathered: Gathered::Threads,
        nearly: true,
        skip: (page - 1) * THREADS_PER_PAGE,
        take: THREADS_PER_PAGE,
    })?;
    if found.groups.is_empty() && page > 1 {
        return pages.absent(desk);
    }
    // What the index had not seen yet changes an answer without a line of the journal.
    let keep = if seen && found.behind == Standing::UpToDate { Keep::Here } else { Keep::No };
    let count = found.groups_in_all.div_ceil(THREADS_PER_PAGE).min(PAGES_MAX);
    let threads = thread_keys(pages, &found)?;
    // Posts of several lists stand beside each other: nobody's address is shown on such a page.
    let view = SearchView::new(
        &Desk { eyes: Eyes::Stranger, ..*desk },
        &Results {
            place,
            words,
            order,
            found: &found,
            threads,
            place_of: &|list| library.place(list),
            page,
            pages: count,
        },
    );
    let html = pages.templates.render(desk.language, "search", &view)?;
    Ok(Answer {
        language: Some(desk.language),
        indexed: Indexed::No,
        keep,
        ..Answer::public(Content::Html(html))
    })
}

/// `/LIST/by/NAME/`: what one author wrote, the newest first.
pub(crate) fn author(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
    name: &str,
) -> Result<Answer, PageError> {
    let page = wish.query.page;
    if page > PAGES_MAX {
        return pages.absent(desk);
    }
    let part = ((page - 1) * POSTS_PER_PAGE, POSTS_PER_PAGE);
    let found = pages.search.by_author(&shelf_of(place.list, desk.eyes), name, part)?;
    let Some(first) = found.groups.first().and_then(|group| group.hits.first()) else {
        return pages.absent(desk);
    };
    // As they write it themselves, and not as somebody wrote it into an address.
    let name = first.post.author_name.clone();
    let view = SearchView::of_author(
        &Desk { eyes: Eyes::Stranger, ..*desk },
        &Results {
            place: Some(place),
            words: &format!("from:\"{}\"", name.replace('"', " ")),
            order: Order::Newest,
            found: &found,
            threads: thread_keys(pages, &found)?,
            place_of: &|_| Some(place),
            page,
            pages: found.groups_in_all.div_ceil(POSTS_PER_PAGE).min(PAGES_MAX),
        },
        &name,
    );
    let html = pages.templates.render(desk.language, "search", &view)?;
    Ok(Answer { language: Some(desk.language), indexed: Indexed::No, ..Answer::public(Content::Html(html)) })
}

/// `/opensearch.xml` (OpenSearch 1.1)
pub(crate) fn description(pages: &Pages, desk: &Desk<'_>) -> Result<Answer, PageError> {
    let xml = pages.templates.render(desk.language, "opensearch", &OpenSearchView::new(desk))?;
    Ok(Answer { language: Some(desk.language), ..Answer::public(Content::OpenSearch(xml)) })
}

/// What the pages of the threads that were found are called.
fn thread_keys(pages: &Pages, found: &Found) -> Result<Vec<Option<String>>, PageError> {
    let mut keys = Vec::new();
    for group in &found.groups {
        let list = group.hits.first().map(|hit| hit.post.list);
        keys.push(match list {
            Some(list) => pages.archive.thread_key(list, group.thread)?,
            None => None,
        });
    }
    Ok(keys)
}
