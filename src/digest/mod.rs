//! Several posts in one mail: the page that is read, and the two old forms programs take apart.
//!
//! Facts in, the bytes of a mail out. Knows nothing of storage, members or clocks: what goes in, for
//! whom and when is `flow`'s; what it looks like is here and in `templates/digest`.

mod bodies;
mod burst;
mod condense;
mod templates;
mod view;
mod words;
mod wrap;

pub use burst::{Enclosed, mime, plain};
pub use condense::{Condensed, POST_BYTES_MAX, condense};
pub use templates::{DigestFault, DigestTemplates};
pub use words::{others, subject, subject_of_edition};

use crate::domain::list::Language;

/// Everything a digest says.
#[derive(Clone, PartialEq, Debug)]
pub struct Sheet {
    /// Of its own words; posts stay in theirs.
    pub language: Language,
    /// As people call it.
    pub group: String,
    /// Where posts are sent.
    pub address: String,
    /// Its subject.
    pub title: String,
    /// What an edition is called; empty for a digest.
    pub heading: String,
    /// How many posts and of which day, in words.
    pub about: String,
    /// Which of how many mails, if there are several.
    pub part: Option<(u32, u32)>,
    /// What the animators wrote above it.
    pub intro: String,
    /// Who made it, if somebody did.
    pub by: String,
    /// Its own page.
    pub page: Option<String>,
    /// The archive's.
    pub archive: Option<String>,
    /// Conversations, in the order they are read.
    pub threads: Vec<ThreadPart>,
    /// How one changes how one reads.
    pub doors: Doors,
}

/// Where one writes to about the digest itself.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Doors {
    /// To everybody.
    pub post: String,
    /// Commands.
    pub request: String,
    /// Leaving.
    pub stop: String,
    /// Each list by itself, where it is of several.
    pub lists: Vec<OwnDoors>,
}

/// One of several lists in one mail.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OwnDoors {
    /// What it is called.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Leaving it.
    pub stop: String,
}

/// What was said in one conversation.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ThreadPart {
    /// What the contents number it: its place, or a later one where some before it are not here.
    pub n: usize,
    /// Its subject, without words for answers.
    pub title: String,
    /// Who began it, where another is called the same.
    pub told_apart: String,
    /// Its page.
    pub page: Option<String>,
    /// A word of the animators.
    pub note: String,
    /// What somebody wrote to stand for all of it.
    pub summary: Option<Summary>,
    /// Posts of it that are not here, and can be read on its page.
    pub left_out: usize,
    /// By date.
    pub items: Vec<Item>,
}

/// A summary of a conversation.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Summary {
    /// Whose.
    pub by: String,
    /// The words.
    pub text: String,
}

/// One post of a digest.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Item {
    /// Who wrote, as they write it.
    pub author: String,
    /// When, in words.
    pub when: String,
    /// Its own words.
    pub text: Condensed,
    /// What they are written in (ISO 639-1); empty where that is not certain.
    pub language: String,
    /// Its page.
    pub page: Option<String>,
    /// What came with it.
    pub attachments: Vec<Attached>,
    /// Where an answer lands in its conversation; absent where nobody may write.
    pub answer: Option<String>,
    /// Where its author alone reads what one writes.
    pub private: Option<String>,
}

/// Something that came with a post.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Attached {
    /// Its file's.
    pub name: String,
    /// In words.
    pub size: String,
    /// Where it can be had.
    pub page: Option<String>,
}

/// The bodies of a digest.
#[derive(Clone, PartialEq, Debug)]
pub struct Bodies {
    /// Plain text, with LF.
    pub text: String,
    /// The same as a page.
    pub html: String,
    /// Templates of the folder that could not be used: ours were.
    pub faults: Vec<DigestFault>,
}

/// The body of the mail people read, and the fields that describe it: text and page, saying the same
/// (RFC 2046 §5.1.4), in seven bits.
pub fn page(bodies: &Bodies) -> (Vec<u8>, Vec<u8>) {
    bodies::alternative(bodies)
}
