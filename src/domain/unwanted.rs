//! Whether anybody wants this mail: what a filter says, and nothing about lists.

/// A verdict on a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unwanted {
    /// It looks like any mail, or nobody looked.
    No,
    /// It may be unwanted: somebody should look.
    Doubtful,
    /// It is.
    Clearly,
}
