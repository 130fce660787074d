//! The engines the working state can live in. The only rooms that know one by its name.
//!
//! An engine offers ordered keys, batches that are applied whole, and prefix scans; nothing else.
//! What it holds follows from the journal and can be built again, so an engine may lose its
//! youngest batches in a crash, but never part of one.

mod sled;

pub(super) use self::sled::{Engine, Health};

/// What went wrong below.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// Somebody in this process still has it open.
    #[error("the working state is in use")]
    InUse,
    /// No room on the disk.
    #[error("the disk is full")]
    Full,
    /// The disk failed it, or nobody could open it again after that.
    #[error("the working state does not answer: {0}")]
    Failed(String),
    /// What it holds is not what was written, or not what can be written.
    #[error("the working state is damaged: {0}")]
    Damaged(String),
}

/// Keys to write (`Some`) and to take away (`None`), all or none.
pub(super) type Batch = std::collections::BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The largest value: sled keeps larger ones in files it never syncs.
pub(super) const VALUE_BYTES_MAX: usize = 4096;

/// A key and its value, or why there are no more.
pub(super) type Entry = Result<(Vec<u8>, Vec<u8>), EngineError>;
