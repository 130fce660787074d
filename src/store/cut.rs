//! A cut through the data folder: which files there are, and how much of each belongs together.
//!
//! Files of the truth only grow, so their lengths between two groups say all: whoever copies each
//! file up to its length has a folder as it was at that moment, while the store goes on.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{lines, segments};

/// One moment of the data folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cut {
    /// The journal's length in lines.
    pub seq: u64,
    /// What belongs to it, in order of path.
    pub files: Vec<CutFile>,
}

/// One file of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CutFile {
    /// Below the data folder, with `/` between its parts.
    pub path: String,
    /// How much of it counts.
    pub bytes: u64,
}

/// What follows from the truth, or belongs to one process or one place; everything else is copied,
/// whatever it is.
const DERIVED: &[&str] = &["state", "search", "cache", "lock", "control.sock", "check.json", "recovery.json"];
/// Links to folders may lead in circles.
const DEPTH_MAX: usize = 8;

/// Whether something at the top of the data folder is left out of copies.
pub fn is_derived(name: &str) -> bool {
    let kind = name.split('.').next().unwrap_or(name);
    name.starts_with('.') || DERIVED.contains(&name) || matches!(kind, "state" | "search" | "cache")
}

/// Whether a file is only ever appended to, so that what was copied of it stays true.
pub fn only_grows(path: &str) -> bool {
    let kind = path.split('/').next().unwrap_or(path);
    matches!(kind, "mail" | "transit" | "journal" | "people" | "deliveries")
}

/// Looks at every file of the folder that is not derived. Nobody may be writing meanwhile.
pub(super) fn take(data: &Path, seq: u64) -> io::Result<Cut> {
    let mut files = files_below(data)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Cut { seq, files })
}

/// Every file of a folder that is kept like a data folder.
pub fn files_below(data: &Path) -> io::Result<Vec<CutFile>> {
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(data.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            // A name that is no text is none of ours.
            let Some(name) = name.to_str() else { continue };
            if depth == 0 && is_derived(name) || name.starts_with('.') {
                continue;
            }
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            // Whoever keeps mail/ on another disk has put a link there.
            let metadata = match fs::metadata(entry.path()) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if metadata.is_dir() && depth < DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if metadata.is_file() {
                files.push(CutFile { path, bytes: metadata.len() });
            }
        }
    }
    Ok(files)
}

/// Whether everything in a file has the checksum it says: what was written over on purpose has,
/// what a disk changed has not. A file that says none is whole.
pub fn is_whole(file: &Path, path: &str) -> io::Result<bool> {
    match path.split('/').next() {
        Some("mail" | "transit") => Ok(are_records(&fs::read(file)?)),
        Some("journal" | "people" | "deliveries") => {
            let bytes = fs::read(file)?;
            let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
            Ok(lines.all(|line| lines::read::<serde_json::Value>(line).is_some()))
        }
        Some(_) | None => Ok(true),
    }
}

fn are_records(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Ok(head) = segments::Head::read(rest) else { return false };
        let len = usize::try_from(head.record_len()).unwrap_or(usize::MAX);
        let Some((record, after)) = rest.split_at_checked(len) else { return false };
        if segments::open_record(head.id, record).is_err() {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_truth_is_left_out_and_nothing_else() {
        for (name, left_out) in [
            ("state", true),
            ("state.unusable-2", true),
            ("search", true),
            ("lock", true),
            ("control.sock", true),
            (".control-x", true),
            ("mail", false),
            ("journal", false),
            ("keys", false),
            ("templates", false),
            ("removed", false),
            ("set-aside", false),
            ("statements", false),
            ("whatever comes later", false),
        ] {
            assert_eq!(is_derived(name), left_out, "{name}");
        }
    }
}
