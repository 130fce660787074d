//! Whether mail may leave, and why not.

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
