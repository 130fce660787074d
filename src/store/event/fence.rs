//! Whether mail may leave, and what a folder in a new place keeps apart from the one it is a copy of.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// Whether mail may leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fence {
    /// It may.
    Down,
    /// Nothing leaves until the operator says so.
    Up(FenceReason),
}

/// Why nothing leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FenceReason {
    /// The folder is in a place it was not in before: a copy, or restored.
    Elsewhere,
    /// It was put back by `parvis restore`.
    Restored {
        /// The moment it is a copy of.
        of: Timestamp,
    },
    /// The state was built again by `reindex --all`.
    Rebuilt,
}

/// The highest number of each kind that counts as given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the kinds say it")]
pub struct Given {
    pub post: u64,
    pub list: u64,
    pub person: u64,
    pub letter: u64,
    pub question: u64,
}
