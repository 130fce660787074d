//! Files that are only appended to: what a group adds to each, and how long each is without it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{is_full, segments};

/// More files than this are not kept open, nor their lengths remembered between groups.
const OPEN_MAX: usize = 128;

/// Appends to files below one folder, each up to a length that is known.
pub(super) struct Appender {
    data: PathBuf,
    known: HashMap<String, Known>,
    /// How many of those are open.
    open: usize,
    /// What this group adds, in the order it was first named.
    staged: Vec<(String, Vec<u8>)>,
    /// Where a file stands in `staged`.
    places: HashMap<String, usize>,
}

struct Known {
    len: u64,
    file: Option<File>,
}

/// What a failed write means for the store.
pub(super) enum Failure {
    /// What was written of the group was taken back: it can be tried again.
    TakenBack(PathBuf, io::Error),
    /// Nothing more can be trusted.
    Broken(PathBuf, io::Error),
}

impl Appender {
    pub(super) fn new(data: &Path) -> Appender {
        Appender {
            data: data.to_owned(),
            known: HashMap::new(),
            open: 0,
            staged: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// The length a file has, or will have once what is staged is written. Makes no file.
    pub(super) fn len(&mut self, file: &str) -> io::Result<u64> {
        let staged = self.places.get(file).map_or(0, |at| self.staged[*at].1.len());
        Ok(self.written(file)? + staged as u64)
    }

    /// Adds bytes to what the group writes; where they will begin.
    pub(super) fn stage(&mut self, file: &str, bytes: &[u8]) -> io::Result<u64> {
        let offset = self.len(file)?;
        match self.places.get(file) {
            Some(at) => self.staged[*at].1.extend_from_slice(bytes),
            None => {
                self.places.insert(file.to_owned(), self.staged.len());
                self.staged.push((file.to_owned(), bytes.to_vec()));
            }
        }
        Ok(offset)
    }

    /// Bytes that are staged and not yet in their file.
    pub(super) fn staged(&self, file: &str, offset: u64, len: u64) -> Option<&[u8]> {
        let (_, bytes) = &self.staged[*self.places.get(file)?];
        let start = usize::try_from(offset.checked_sub(self.known.get(file)?.len)?).ok()?;
        bytes.get(start..start.checked_add(usize::try_from(len).ok()?)?)
    }

    /// Writes what is staged, file by file, in the order given by `rank`, each synced before the next.
    pub(super) fn write(&mut self, rank: impl Fn(&str) -> u8) -> Result<(), Failure> {
        self.places.clear();
        let mut staged = std::mem::take(&mut self.staged);
        staged.sort_by_key(|(file, _)| rank(file));
        for (at, (file, bytes)) in staged.iter().enumerate() {
            if let Err(error) = self.append(file, bytes).and_then(|()| self.sync(file)) {
                let path = self.data.join(file);
                return Err(match passes(&error) && self.take_back(&staged[..=at]) {
                    true => Failure::TakenBack(path, error),
                    false => Failure::Broken(path, error),
                });
            }
        }
        for (file, bytes) in &staged {
            if let Some(known) = self.known.get_mut(file) {
                known.len += bytes.len() as u64;
            }
        }
        if self.known.len() > OPEN_MAX {
            self.known.clear();
            self.open = 0;
        }
        Ok(())
    }

    /// Forgets what is staged.
    pub(super) fn unstage(&mut self) {
        self.staged.clear();
        self.places.clear();
    }

    /// Stops holding a file that is not written to any more.
    pub(super) fn close(&mut self, file: &str) {
        if self.known.remove(file).is_some_and(|known| known.file.is_some()) {
            self.open -= 1;
        }
    }

    fn written(&mut self, file: &str) -> io::Result<u64> {
        if let Some(known) = self.known.get(file) {
            return Ok(known.len);
        }
        let len = len_on_disk(&self.data.join(file))?;
        self.known.insert(file.to_owned(), Known { len, file: None });
        Ok(len)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> io::Result<()> {
        self.written(file)?;
        let Some(known) = self.known.get_mut(file) else { return Ok(()) };
        if known.file.is_none() {
            known.file = Some(segments::open_to_append(&self.data.join(file))?);
            self.open += 1;
        }
        known.file.as_mut().map_or(Ok(()), |handle| handle.write_all(bytes))
    }

    fn sync(&mut self, file: &str) -> io::Result<()> {
        let Some(known) = self.known.get_mut(file) else { return Ok(()) };
        known.file.as_ref().map_or(Ok(()), File::sync_data)?;
        // A group may write to more files than a process may have open.
        if self.open > OPEN_MAX {
            known.file = None;
            self.open -= 1;
        }
        Ok(())
    }

    /// Cuts files back to what they were before the group; whether they all are.
    fn take_back(&self, begun: &[(String, Vec<u8>)]) -> bool {
        begun.iter().all(|(file, _)| {
            let Some(known) = self.known.get(file) else { return false };
            let path = self.data.join(file);
            let cut = |handle: &File| handle.set_len(known.len).and_then(|()| handle.sync_all()).is_ok();
            match &known.file {
                Some(handle) => cut(handle),
                // It could not even be opened, or made.
                None if len_on_disk(&path).is_ok_and(|len| len == known.len) => true,
                None => OpenOptions::new().write(true).open(path).is_ok_and(|handle| cut(&handle)),
            }
        })
    }
}

/// Whether what failed may succeed another time: there was no room, or too much was open. Anything
/// else is believed to stay as it is; a second sync would say it was well when it was not.
fn passes(error: &io::Error) -> bool {
    use rustix::io::Errno;
    is_full(error) || Errno::from_io_error(error).is_some_and(|e| e == Errno::MFILE || e == Errno::NFILE)
}

fn len_on_disk(path: &Path) -> io::Result<u64> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_may_write_to_more_files_than_are_kept_open() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = Appender::new(folder.path());
        for round in 0..3_u64 {
            for number in 0..(OPEN_MAX * 2) {
                let offset = files.stage(&format!("{number}.txt"), b"ab").expect("staged");
                assert_eq!(offset, round * 2);
            }
            assert!(files.write(|_| 0).is_ok());
            assert!(files.open <= OPEN_MAX);
        }
        assert_eq!(std::fs::read(folder.path().join("200.txt")).expect("there"), b"ababab");
    }

    #[test]
    fn what_is_staged_can_be_read_before_it_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = Appender::new(folder.path());
        files.stage("a", b"one").expect("staged");
        assert!(files.write(|_| 0).is_ok());
        let offset = files.stage("a", b"two").expect("staged");
        assert_eq!(files.staged("a", offset, 3), Some(&b"two"[..]));
        for (file, offset, len) in [("a", 0, 3), ("a", offset, 4), ("b", 0, 1), ("a", u64::MAX, 1)] {
            assert_eq!(files.staged(file, offset, len), None);
        }
        files.unstage();
        assert_eq!(files.len("a").expect("known"), 3);
    }
}
