//! `set-aside/`: what was half written or damaged is moved here, and never thrown away.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{StoreError, segments};

/// The folder, and how to fill it.
pub(super) struct SetAside {
    folder: PathBuf,
}

impl SetAside {
    pub(super) fn new(data: &Path) -> SetAside {
        SetAside { folder: data.join("set-aside") }
    }

    /// Keeps some bytes of a kind, such as `journal`. Failing to is logged: it stops nothing.
    pub(super) fn keep(&self, kind: &str, bytes: &[u8]) {
        if let Err(error) = self.try_keep(kind, bytes) {
            tracing::error!(kind, %error, "damaged bytes could not be set aside");
        }
    }

    /// Moves what stands in a file from an offset on, and cuts the file there.
    pub(super) fn cut_and_keep(&self, kind: &str, path: &Path, offset: u64) -> Result<(), StoreError> {
        let io = |source: std::io::Error| StoreError::of_io("set aside the end of", path, source);
        let mut file = File::open(path).map_err(io)?;
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        if !bytes.is_empty() {
            self.try_keep(kind, &bytes).map_err(io)?;
            tracing::warn!(kind, bytes = bytes.len(), "an unfinished end, never answered for, was set aside");
        }
        self.cut(path, offset)
    }

    /// Cuts a file at an offset, durably.
    pub(super) fn cut(&self, path: &Path, offset: u64) -> Result<(), StoreError> {
        OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|file| file.set_len(offset).and_then(|()| file.sync_all()))
            .map_err(|source| StoreError::of_io("cut", path, source))
    }

    fn try_keep(&self, kind: &str, bytes: &[u8]) -> std::io::Result<()> {
        segments::make_folder(&self.folder)?;
        // Named by what it is, so that what is found again at every start is kept once.
        let name = format!("{kind}-{:08x}-{}", crc32fast::hash(bytes), bytes.len());
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(name)).map_err(|error| error.error)?;
        segments::sync_folder(&self.folder)
    }

    /// What is kept, by name.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
