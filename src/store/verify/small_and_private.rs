//! What sled must not be given, and what others must not read.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::{Finding, unreadable};
use crate::store::engine::VALUE_BYTES_MAX;
use crate::store::{Store, StoreError};

/// Group and others.
const OTHERS: u32 = 0o077;

/// No value of the state is large, and none went into a file of its own, which is never synced.
pub(super) fn state_values(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "state values", looked_at: 0, faults: Vec::new() };
    for entry in store.reader().engine().scan(b"", b"") {
        let (key, value) = entry?;
        finding.looked_at += 1;
        if value.len() > VALUE_BYTES_MAX {
            let (key, bytes) = (key.escape_ascii(), value.len());
            finding.faults.push(format!("{key} has {bytes} bytes; {VALUE_BYTES_MAX} are allowed"));
        }
    }
    for folder in fs::read_dir(store.data().join("state")).into_iter().flatten().flatten() {
        let blobs = folder.path().join("blobs");
        if fs::read_dir(&blobs).is_ok_and(|mut entries| entries.next().is_some()) {
            finding.faults.push(format!("{} is not empty", blobs.display()));
        }
    }
    Ok(finding)
}

/// Keys are for the server's user alone.
pub(super) fn keys(store: &Store) -> Result<Finding, StoreError> {
    let mut finding = Finding { what: "keys", looked_at: 0, faults: Vec::new() };
    for key in fs::read_dir(store.data().join("keys")).into_iter().flatten().flatten() {
        let metadata = key.metadata().map_err(|source| unreadable(store, "keys", source))?;
        finding.looked_at += 1;
        if metadata.mode() & OTHERS != 0 {
            let path = key.path();
            finding.faults.push(format!("others on this machine may read it: chmod 600 {}", path.display()));
        }
    }
    Ok(finding)
}
