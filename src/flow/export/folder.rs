//! An export as files in a folder: all of them, or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Piece;

/// Takes an export's pieces into a folder. Files of an earlier export there are replaced at
/// [`Folder::finish`]; without it nothing changes.
pub struct Folder {
    path: PathBuf,
    files: Vec<(&'static str, NamedTempFile)>,
}

impl Folder {
    /// Makes the folder if it is not there, readable to its owner alone if it is new.
    pub fn new(path: &Path) -> io::Result<Folder> {
        if !path.is_dir() {
            make_private(path)?;
        }
        Ok(Folder { path: path.to_owned(), files: Vec::new() })
    }

    /// Takes one more piece.
    pub fn take(&mut self, piece: Piece<'_>) -> io::Result<()> {
        match (piece, self.files.last_mut()) {
            (Piece::File(name), _) => {
                self.files.push((name, NamedTempFile::new_in(&self.path)?));
                Ok(())
            }
            (Piece::Bytes(bytes), Some((_, file))) => file.write_all(bytes),
            (Piece::Bytes(_), None) => Err(io::Error::other("bytes came before the name of a file")),
        }
    }

    /// Gives the files their names, the last one last; what is named is safe on the disk.
    pub fn finish(self) -> io::Result<()> {
        for (_, file) in &self.files {
            file.as_file().sync_all()?;
        }
        for (name, file) in self.files {
            file.persist(self.path.join(name)).map_err(|error| error.error)?;
        }
        File::open(&self.path)?.sync_all()
    }
}

/// Members' addresses are nobody else's business.
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
