//! In place, or elsewhere? A data folder that was copied or restored must not send what the first
//! one sends, so the folder's place on its disk is remembered in the journal and in the state.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A mark no copy of the folder has: device, inode and time of birth of `journal/`.
pub(super) fn mark(data: &Path) -> io::Result<String> {
    let metadata = fs::metadata(data.join("journal"))?;
    let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = born.map_or(0, |born| born.as_nanos());
    Ok(format!("{}:{}:{born}", metadata.dev(), metadata.ino()))
}

/// The mark the state was made under; absent for a new one.
pub(super) fn state_mark(data: &Path) -> Option<String> {
    fs::read_to_string(data.join("state").join("instance")).ok()
}

/// Writes the mark beside the state.
pub(super) fn write_state_mark(data: &Path, mark: &str) -> io::Result<()> {
    let folder = data.join("state");
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    io::Write::write_all(&mut file, mark.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(folder.join("instance")).map_err(|error| error.error)?;
    super::segments::sync_folder(&folder)
}
