//! Mailboxes in one file, of every kind, and how we write ours.
//!
//! A message begins at every line that begins with `From `, as Python's `mailbox.mbox` has it:
//! people compare our count with that one. What Python would cut off although it belongs to the
//! message before is put back there and still counted, as [`Why::InsideMessage`].

mod from_line;
mod lines;
mod open;
mod pipermail;
mod reader;
mod write;

pub use from_line::{Postmark, postmark};
pub use open::open_archive;
pub use pipermail::restore_addresses;
pub use reader::MboxReader;
pub use write::write_entry;

/// Bytes of a message in an archive; larger ones are skipped without being held.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A message as it stands in a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MboxEntry {
    /// From 1, as Python counts.
    pub n: u64,
    /// The message: without its `From ` line, without the empty line that ends it, without `>`
    /// before `From `. Line ends as they are in the file.
    pub raw: Vec<u8>,
    /// What stands after `From `, without the line end.
    pub from_line: Vec<u8>,
    /// Where its `From ` line begins, in bytes.
    pub offset: u64,
}

/// Something in a mailbox that is no message, or none we can take.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{why}")]
pub struct Unreadable {
    /// From 1, as Python counts. 0: the file as a whole, which Python counts as no message.
    pub n: u64,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// In words.
    pub why: Why,
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Why {
    /// The file holds nothing.
    #[error("the file is empty")]
    EmptyFile,
    /// The file is something else.
    #[error("no line begins with \"From \": this is not a mailbox")]
    NotAMailbox,
    /// A `From ` line and nothing below it: cut off, or a slip of a program.
    #[error("nothing below the \"From \" line: the file was cut off here, or the message lost")]
    Empty,
    /// Above [`MESSAGE_BYTES_MAX`].
    #[error("larger than 64 MiB")]
    TooLarge,
    /// A line of a text that happens to begin with `From `. Nothing of it is lost.
    #[error("a line of message {0} that begins with \"From \"; its text was kept there")]
    InsideMessage(u64),
    /// The file cannot be read further.
    #[error("the file cannot be read from here on ({0})")]
    Broken(std::io::ErrorKind),
}
