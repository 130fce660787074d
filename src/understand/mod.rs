//! Understanding people: what a mail asks for, in French or English, in their own words.
//!
//! Words come in as values ([`Mail`]) and a meaning goes out; what is done about it, for whom, and
//! whether they may, is `flow`'s. The phrases are data (`data/phrases`), which an operator's folder
//! adds to. Knows nothing of bytes, storage or clocks: the day is an argument.

mod book;
mod choice;
mod clauses;
mod edition;
mod ending;
mod gist;
mod mail;
mod moderator;
mod orders;
mod pattern;
mod people;
mod sentence;
mod slots;
mod tokens;
mod topic;

pub use book::{PhraseBook, PhraseFault};
pub use choice::{Choice, choice, in_full, numbered_words};
pub use edition::{DraftAnswer, DraftItem, draft_answer};
pub use mail::{GroupName, Mail, Place, Situation, Speaker};
pub use moderator::{Held, moderator_answer};
pub use tokens::fold;
