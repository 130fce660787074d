//! Why the store does not do what it was asked, and what a failing call to the system means: no room
//! is no failure, it passes.

use std::io;
use std::path::{Path, PathBuf};

use super::change::Conflict;
use super::engine::EngineError;
use super::segments::RecordFault;

/// Why the store does not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder open.
    #[error("{0} is in use by another parvis")]
    InUse(PathBuf),
    /// The disk, or what is on it.
    #[error("cannot {doing} {path}: {why}")]
    Io {
        /// A verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// No room on the disk; nothing was changed.
    #[error("the disk is full")]
    Full,
    /// A write failed earlier; nothing is taken until the server is started again.
    #[error("the store is closed after a failed write; start the server again once the disk is in order")]
    Closed,
    /// The bytes of a message are not what they were.
    #[error("the message at {offset} of {file} is damaged: {fault}")]
    Damaged {
        /// Below the data folder.
        file: String,
        /// Bytes from its start.
        offset: u64,
        /// What is wrong with it.
        fault: RecordFault,
    },
    /// A record is longer than one can be; nothing was changed.
    #[error("{0} is too long to be kept")]
    TooLong(&'static str),
    /// The state does not answer.
    #[error("{0}")]
    State(String),
    /// Somebody else was first; nothing was changed.
    #[error("{0}")]
    Conflict(Conflict),
}

impl StoreError {
    /// What it means that the system could not do something.
    pub(super) fn of_io(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
        if is_full(&source) {
            return StoreError::Full;
        }
        StoreError::Io { doing, path: path.to_owned(), why: source.to_string() }
    }
}

/// Whether there is no room: on the disk, or for this user.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> StoreError {
        match error {
            EngineError::Full => StoreError::Full,
            EngineError::InUse | EngineError::Failed(_) | EngineError::Damaged(_) => {
                StoreError::State(error.to_string())
            }
        }
    }
}
