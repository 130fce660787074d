//! Digests: which posts go together to whom, and when.
//!
//! Who reads a list so is written down with each post when it is published; what somebody awaits
//! goes into exactly one issue, frozen in one commit with everybody it is owed to, and is carried
//! like a copy from then on. So whatever crashes or jumps, posts and digests of a member together
//! are each post once.

mod compose;
mod due;

pub(super) use self::compose::compose;
pub use self::compose::message_id;
pub use self::due::{issue_due, issue_now};
