//! Who is really writing? What is known about the From of a message, and never a yes or no.

use serde::{Deserialize, Serialize};

/// What the mail system says about the address in From.
///
/// Until signatures are verified at the door, every message has [`Proof::NoMeans`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// DMARC passed, or an aligned DKIM signature or SPF did.
    Proven,
    /// The domain publishes nothing to prove it by, or no resolver can be reached at all.
    NoMeans,
    /// The domain could have proven it, and did not.
    Disproved,
    /// DNS trouble: it may be proven later.
    CannotTell,
}
