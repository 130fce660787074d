//! Messages in a maildir: which files they are, in a lasting order.
//!
//! `cur/` and `new/` hold one message a file; `tmp/` holds what is still being written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Where messages are; a name in both is the one in `cur`.
const FOLDERS: [&str; 2] = ["new", "cur"];

/// Can a file of this name, in `cur` or `new`, be a message?
pub fn is_message_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.')
}

/// What makes a message the same after it was read and its flags changed: `unique:2,S` → `unique`.
pub fn unique_name(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

/// The files that are messages, oldest delivery first where names begin with a time.
pub fn message_files(maildir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = BTreeMap::new();
    for folder in FOLDERS {
        let folder = maildir.join(folder);
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_message_name(&name) && !entry.path().is_dir() {
                found.insert(order(unique_name(&name)), entry.path());
            }
        }
    }
    Ok(found.into_values().collect())
}

fn order(unique: &str) -> (u64, String) {
    let seconds = unique.split(['.', '_']).next().and_then(|s| s.parse().ok());
    (seconds.unwrap_or(u64::MAX), unique.to_owned())
}

/// Is this folder a maildir?
pub fn is_maildir(folder: &Path) -> bool {
    FOLDERS.iter().any(|name| folder.join(name).is_dir())
}
