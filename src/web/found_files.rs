//! What was found, as a feed and as a file: `/LIST/search/feed.atom` and `/LIST/search/mbox`.

use crate::search::{Gathered, Order, Shelf, Wish as Asked};
use crate::store::archive::PostSummary;

use super::answer::{Answer, Keep};
use super::feeds::{self, FEED_POSTS};
use super::mbox;
use super::pages::{PageError, Pages, Wish};
use super::searching::Library;
use super::views::{Desk, Place};

/// Posts found that are put into one file.
const MBOX_POSTS_MAX: usize = 1_000;

/// `/LIST/search/feed.atom`
pub(crate) fn feed(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
) -> Result<Answer, PageError> {
    let words = wish.words();
    match newest(pages, desk, place, words, FEED_POSTS)? {
        Some(posts) => Ok(Answer { keep: Keep::No, ..feeds::of_search(pages, desk, place, words, posts)? }),
        None => pages.absent(desk),
    }
}

/// `/LIST/search/mbox`
pub(crate) fn mbox(
    pages: &Pages,
    wish: &Wish,
    desk: &Desk<'_>,
    place: Place<'_>,
) -> Result<Answer, PageError> {
    let words = wish.words();
    match newest(pages, desk, place, words, MBOX_POSTS_MAX)? {
        Some(posts) => Ok(Answer { keep: Keep::No, ..mbox::file(pages, desk, posts) }),
        None => pages.absent(desk),
    }
}

/// The newest posts of one list that hold these words; `None` where none were given.
fn newest(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    words: &str,
    take: usize,
) -> Result<Option<Vec<PostSummary>>, PageError> {
    let library = Library::of(pages, desk)?;
    // Posts of other lists have no place in a file of this one.
    let here: Vec<Shelf> =
        library.shelves.iter().filter(|shelf| shelf.list == place.list.id).cloned().collect();
    let found = pages.search.find(&Asked {
        query: words,
        readable: &here,
        at_hand: &[place.list.id],
        order: Order::Newest,
        gathered: Gathered::Posts,
        nearly: false,
        skip: 0,
        take,
    })?;
    let posts = found.groups.into_iter().flat_map(|group| group.hits).map(|hit| hit.post).collect();
    Ok((!found.nothing_asked).then_some(posts))
}
