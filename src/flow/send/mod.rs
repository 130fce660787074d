//! What is owed goes out: whose turn it is, each copy and letter made as it leaves, its outcome
//! written down before the next takes its place.

pub mod copies;
pub mod deliver;
pub mod dispatch;
pub mod letter_waits;
pub mod letters;

pub(super) mod compose_copy;
mod lanes;
mod source;
