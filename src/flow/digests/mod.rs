//! Digests: which posts go together to whom, and when.
//!
//! Who reads a list so is written down with each post when it is published; what somebody awaits
//! goes into exactly one issue, frozen in one commit with everybody it is owed to, and is carried
//! like a copy from then on. So whatever crashes or jumps, posts and digests of a member together
//! are each post once.

mod compose;
mod curate;
mod due;
mod editions;
mod elsewhere;
mod print;
mod propose;
mod sheet;

pub(super) use self::compose::compose;
pub(super) use self::compose::issue_of_id;
pub use self::compose::message_id;
pub(super) use self::curate::{Answer, Otherwise, answered, letter};
pub use self::due::{issue_due, issue_now};
pub(super) use self::editions::{Following, animators};
pub use self::editions::{draft_now, proposed, send_now};
pub use self::elsewhere::drop_had_their_turn;
pub use self::print::{For, handed, printed};
pub(super) use self::sheet::{Numbered, numbered, reachable_author, shown};
pub use self::sheet::{heading, title_of_item};
