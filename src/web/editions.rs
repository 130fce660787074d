//! `/LIST/e/N/`: an edition as it went out, with what its authors wrote.

use super::answer::Answer;
use super::pages::{PageError, Pages, indexed};
use super::routes::{ListPage, Route};
use super::views::{
    ContentsLine, ContentsView, Desk, EditionView, ItemView, Place, PostView, Printed, TEXT_BYTES_MAX,
};
use crate::domain::edition::Fold;
use crate::store::editions::EditionShown;

/// Posts on one page; of a longer edition the others stand in their conversations.
const POSTS_MAX: usize = 100;

pub(crate) fn page(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    number: u32,
) -> Result<Answer, PageError> {
    let archive = pages.archive_of(place.list, desk.eyes);
    let Some(shown) = archive.edition(place.list.id, number)? else { return pages.absent(desk) };
    let mut items = Vec::new();
    let mut room = POSTS_MAX;
    for item in shown.edition.chosen() {
        let posts: Vec<_> = match (item.fold, item.posts.as_slice()) {
            (Fold::Folded, [first, .., last]) => vec![*first, *last],
            (Fold::Folded | Fold::Open, all) => all.to_vec(),
        };
        let mut views = Vec::new();
        let mut title = None;
        for post in posts.into_iter().take(room) {
            let Some(post) = archive.post(post)? else { continue };
            let read = pages.read(desk, place, &post)?;
            let printed = Printed { post: &post, shown: read.as_ref().map(|read| &read.shown) };
            views.push(PostView::new(desk, place, &printed, TEXT_BYTES_MAX / POSTS_MAX));
            if title.is_none() {
                let thread = archive.thread(place.list.id, post.thread, 0)?;
                title = Some((desk.subject(&post.subject), thread.map(|thread| thread.summary.key)));
            }
        }
        room = room.saturating_sub(views.len());
        let Some((subject, key)) = title else { continue };
        let href = key.map(|key| desk.href(&Route::list(place.segment, ListPage::Thread { key })));
        let left_out = item.posts.len().saturating_sub(views.len());
        items.push(ItemView::new(desk, item, subject, href, views, left_out));
    }
    let page = ListPage::Edition { number };
    let view = EditionView::new(desk, place, &shown, items);
    pages.public_page(desk, "edition", &view, &Route::list(place.segment, page), indexed(place.list))
}

/// What a feed says of an edition: the animators' words, and its contents.
pub(crate) fn in_feed(
    pages: &Pages,
    desk: &Desk<'_>,
    place: Place<'_>,
    shown: &EditionShown,
) -> Result<String, PageError> {
    let mut lines = Vec::new();
    for item in shown.edition.chosen() {
        let Some(first) = item.posts.first() else { continue };
        let Some(post) = pages
            .archive_of(place.list, desk.eyes)
            .post(*first)?
            .filter(|post| desk.hidden_because(post).is_none())
        else {
            continue;
        };
        let thread = pages.archive_of(place.list, desk.eyes).thread(place.list.id, post.thread, 0)?;
        let href = thread.map(|thread| thread.summary.key);
        let href = href.map(|key| desk.absolute(&Route::list(place.segment, ListPage::Thread { key })));
        lines.push(ContentsLine::new(desk, item, desk.subject(&post.subject), href));
    }
    Ok(pages.templates.render(desk.language, "edition_contents", &ContentsView::new(desk, shown, lines))?)
}
