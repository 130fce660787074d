//! What the server a copy was made of may have sent after the copy was made, and so is not sent by
//! the one that came from the copy.

use super::Desk;
use crate::domain::ids::PostId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::event::LetterAbout;

/// Whether copies of a post, owed since then, were owed at that moment: what had come and was only
/// to be decided by the rules was decided there too, in the same breath.
pub fn was_owed_at(
    desk: &Desk,
    post: PostId,
    since: Timestamp,
    moment: Timestamp,
) -> Result<bool, StoreError> {
    if since <= moment {
        return Ok(true);
    }
    let Some(info) = desk.store.post(post)? else { return Ok(false) };
    let decided_since = info.decided_at.is_some_and(|at| at > moment);
    Ok(info.received <= moment && decided_since && info.decided_by.is_none())
}

/// The same for a letter that says what became of a mail.
pub fn was_letter_owed_at(
    desk: &Desk,
    about: &LetterAbout,
    since: Timestamp,
    moment: Timestamp,
) -> Result<bool, StoreError> {
    let answers = match about {
        LetterAbout::Question { occasion, .. } | LetterAbout::Note { occasion, .. } => occasion.answers,
        LetterAbout::Held { post, .. } | LetterAbout::Refused { post, .. } => Some(*post),
        LetterAbout::Welcome { .. } | LetterAbout::Farewell { .. } | LetterAbout::NowAnimator { .. } => None,
    };
    match answers {
        Some(mail) => was_owed_at(desk, mail, since, moment),
        None => Ok(since <= moment),
    }
}
