//! Letters about the archive: that it will be opened, and what was set right in it.

use super::Facts;
use super::exchange::group;
use crate::domain::ids::PostId;
use crate::domain::list::List;
use crate::domain::wish::{Fixed, Question};
use crate::flow::{Desk, FlowError, opening};
use crate::letters::{KeptBack, Letter, OpeningSoon, SetRight};

/// The older posts will be shown too.
pub(super) fn opening_soon<'a>(
    desk: &Desk,
    facts: &Facts,
    list: &'a List,
    asked: &Question,
) -> Result<Letter<'a>, FlowError> {
    let own = opening::own_posts_to_tell(desk, list, &facts.person)?;
    Ok(Letter::Opening(OpeningSoon { group: group(list), own, until: asked.until }))
}

/// Theirs will not.
pub(super) fn kept_back(list: &List, posts: u64) -> Letter<'_> {
    Letter::KeptBack(KeptBack { group: group(list), posts })
}

/// Where a post stands now.
pub(super) fn set_right<T>(
    desk: &Desk,
    list: &List,
    post: PostId,
    fixed: Fixed,
    send: impl FnOnce(Letter<'_>) -> Option<T>,
) -> Result<Option<T>, FlowError> {
    let Some(post) = desk.store.reader().post(post)? else { return Ok(None) };
    let thread = desk.store.reader().thread(post.list, post.thread, 0)?;
    let thread = thread.map(|thread| thread.summary.subject).unwrap_or_default();
    let (title, page) = (post.subject.as_str(), desk.post_url(list, &post.message_id));
    Ok(send(Letter::SetRight(SetRight { group: group(list), title, thread: &thread, page: &page, fixed })))
}
