//! Files that are only appended to: what the committer has open, and how far each is known good.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::segments;

/// More files than this are not kept open.
const OPEN_MAX: usize = 128;

/// Appends to files below one folder, each up to a length that is known.
pub(super) struct Appender {
    data: PathBuf,
    open: HashMap<String, Open>,
    /// What this group adds, in the order it is written.
    staged: Vec<(String, Vec<u8>)>,
}

struct Open {
    file: File,
    len: u64,
}

/// What a failed write means for the store.
pub(super) enum Failure {
    /// The disk is full; what was written of the group was taken back.
    Full,
    /// Nothing more can be trusted.
    Broken(PathBuf, io::Error),
}

impl Appender {
    pub(super) fn new(data: &Path) -> Appender {
        Appender { data: data.to_owned(), open: HashMap::new(), staged: Vec::new() }
    }

    /// The length a file has, or will have once what is staged is written.
    pub(super) fn len(&mut self, file: &str) -> io::Result<u64> {
        if !self.open.contains_key(file) {
            if self.open.len() >= OPEN_MAX && self.staged.is_empty() {
                self.open.clear();
            }
            let handle = segments::open_to_append(&self.data.join(file))?;
            let len = handle.metadata()?.len();
            self.open.insert(file.to_owned(), Open { file: handle, len });
        }
        let written = self.open.get(file).map_or(0, |open| open.len);
        let staged = self.staged.iter().find(|(name, _)| name == file).map_or(0, |(_, bytes)| bytes.len());
        Ok(written + staged as u64)
    }

    /// Adds bytes to what the group writes; where they will begin.
    pub(super) fn stage(&mut self, file: &str, bytes: &[u8]) -> io::Result<u64> {
        let offset = self.len(file)?;
        match self.staged.iter_mut().find(|(name, _)| name == file) {
            Some((_, staged)) => staged.extend_from_slice(bytes),
            None => self.staged.push((file.to_owned(), bytes.to_vec())),
        }
        Ok(offset)
    }

    /// Writes what is staged, file by file, in the order given by `rank`, each synced before the next.
    pub(super) fn write(&mut self, rank: impl Fn(&str) -> u8) -> Result<(), Failure> {
        let mut staged = std::mem::take(&mut self.staged);
        staged.sort_by_key(|(file, _)| rank(file));
        for (file, bytes) in &staged {
            let Some(open) = self.open.get_mut(file) else { continue };
            let path = self.data.join(file);
            if let Err(error) = open.file.write_all(bytes) {
                let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                return if full && self.take_back(&staged) {
                    Err(Failure::Full)
                } else {
                    Err(Failure::Broken(path, error))
                };
            }
            open.file.sync_data().map_err(|error| Failure::Broken(path, error))?;
        }
        for (file, bytes) in &staged {
            if let Some(open) = self.open.get_mut(file) {
                open.len += bytes.len() as u64;
            }
        }
        Ok(())
    }

    /// Forgets what is staged.
    pub(super) fn unstage(&mut self) {
        self.staged.clear();
    }

    /// Cuts files back to what they were before the group.
    fn take_back(&mut self, staged: &[(String, Vec<u8>)]) -> bool {
        staged.iter().all(|(file, _)| match self.open.get(file) {
            Some(open) => open.file.set_len(open.len).and_then(|()| open.file.sync_all()).is_ok(),
            None => true,
        })
    }

    /// Stops holding a file, which somebody else is about to replace.
    pub(super) fn close(&mut self, file: &str) {
        self.open.remove(file);
    }
}
