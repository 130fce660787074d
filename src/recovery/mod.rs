//! Copies of a whole server, and a whole server from a copy.
//!
//! Knows what a data folder is made of only by the rule `store::cut` has, so that what is added to
//! it comes along. Sends nothing, and knows neither lists nor people.

pub mod archive;
pub mod generations;
pub mod likeness;
pub mod manifest;
pub mod restore;
pub mod seal;
pub mod source;

use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Why there is no copy, or nothing came back from one.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// One sentence.
    #[error("{0}")]
    Refused(String),
    /// The disk, or what is on it.
    #[error("cannot {doing} {}: {why}", path.display())]
    Io {
        /// A verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An error of the disk, for `map_err`.
fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecoveryError {
    let path = path.to_owned();
    move |why| RecoveryError::Io { doing, path, why }
}

fn refused<T>(sentence: impl Into<String>) -> Result<T, RecoveryError> {
    Err(RecoveryError::Refused(sentence.into()))
}

/// Room on the disk a folder is on.
pub fn free_bytes(folder: &Path) -> Result<u64, RecoveryError> {
    let disk =
        rustix::fs::statvfs(folder).map_err(|why| io_error("ask for free space in", folder)(why.into()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
