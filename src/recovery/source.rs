//! Where a server comes back from: an archive, a generation, or a copy of the folder by `rsync` or
//! hand, whole or only what cannot be replaced.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::archive::{contents, make_private};
use super::generations;
use super::manifest::{CONFIGURATION, Hashing, Kept, MANIFEST, Manifest};
use super::seal::Unseal;
use super::{RecoveryError, io_error, refused};
use crate::store::cut::files_below;

const BUFFER_BYTES: usize = 1 << 18;
/// Without these there is no server.
const NEEDED: &[&str] = &["mail", "journal", "people"];

/// What something is that a server can come back from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// One file.
    Archive(PathBuf),
    /// A folder like a data folder.
    Folder(PathBuf),
}

/// What came out of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unpacked {
    /// What it says about itself; a copy by other means says nothing.
    pub manifest: Option<Manifest>,
    /// The configuration that was in it.
    pub configuration: Option<String>,
    /// What is not as it says; a sentence each.
    pub faults: Vec<String>,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Source {
    /// Looks what stands at a path. Of a folder of generations it is the newest.
    pub fn find(path: &Path) -> Result<Source, RecoveryError> {
        let metadata = fs::metadata(path).map_err(io_error("read", path))?;
        if metadata.is_file() {
            return Ok(Source::Archive(path.to_owned()));
        }
        // A generation says what it holds; before the first post there is no mail in it.
        if path.join(MANIFEST).is_file() {
            return Ok(Source::Folder(path.to_owned()));
        }
        if NEEDED.iter().any(|name| path.join(name).is_dir()) {
            let missing: Vec<&str> =
                NEEDED.iter().filter(|name| !path.join(name).is_dir()).copied().collect();
            if !missing.is_empty() {
                return refused(format!("{} has no {}", path.display(), missing.join("/ and no ") + "/"));
            }
            return Ok(Source::Folder(path.to_owned()));
        }
        match generations::list(path)?.pop() {
            Some(newest) => Source::find(&newest.path),
            None => refused(format!("{} holds no backup and is no data folder", path.display())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Source::Archive(path) | Source::Folder(path) => path,
        }
    }

    /// Puts everything below a folder that is there, each file synced. Faults of what is copied are
    /// told in the end; what cannot be read any further ends it there, and is a fault too.
    pub fn unpack(
        &self,
        unseal: &Unseal,
        into: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Unpacked, RecoveryError> {
        let mut put = Put { into, configuration: None, files: 0, bytes: 0, progress };
        let (manifest, files, broken) = match self {
            Source::Archive(path) => {
                let plain = unseal.open(path)?;
                match contents(plain, &mut |name, _, entry| put.file(name, entry)) {
                    Ok(found) => (found.manifest, found.files, None),
                    Err(error) if is_of_the_target(&error) => return Err(io_error("write to", into)(error)),
                    Err(error) => (None, BTreeMap::new(), Some(error.to_string())),
                }
            }
            Source::Folder(path) => {
                let manifest = match path.join(MANIFEST).is_file() {
                    true => Some(generations::read_manifest(path)?),
                    false => None,
                };
                (manifest, copy_folder(path, &mut put)?, None)
            }
        };
        let Put { configuration, files: count, bytes, .. } = put;
        let mut faults: Vec<String> = broken.into_iter().collect();
        match &manifest {
            Some(manifest) => faults.extend(manifest.faults(&files)),
            None if faults.is_empty() && matches!(self, Source::Archive(_)) => {
                faults.push(format!("it has no {MANIFEST}: it is not whole"));
            }
            None => {}
        }
        Ok(Unpacked { manifest, configuration, faults, files: count, bytes })
    }
}

/// What the disk we write to said; anything else is the archive's own.
fn is_of_the_target(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || error.get_ref().is_some_and(|inner| inner.is::<TargetError>())
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct TargetError(io::Error);

struct Put<'a> {
    into: &'a Path,
    configuration: Option<String>,
    files: u64,
    bytes: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl Put<'_> {
    fn file(&mut self, path: &str, content: &mut dyn Read) -> io::Result<()> {
        if path == CONFIGURATION {
            let mut text = Vec::new();
            content.read_to_end(&mut text)?;
            self.configuration = String::from_utf8(text).ok();
            return Ok(());
        }
        let target = self.into.join(path);
        let made = |error: io::Error| io::Error::other(TargetError(error));
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(made)?;
        }
        let mut file = File::create(&target).map_err(made)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            file.write_all(&buffer[..count]).map_err(made)?;
            self.bytes += count as u64;
            (self.progress)(count as u64);
        }
        make_private(&target, 0o600).map_err(io::Error::other)?;
        file.sync_all().map_err(made)?;
        self.files += 1;
        Ok(())
    }
}

fn copy_folder(folder: &Path, put: &mut Put<'_>) -> Result<BTreeMap<String, Kept>, RecoveryError> {
    let mut found = BTreeMap::new();
    let mut files = files_below(folder).map_err(io_error("look through", folder))?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    for file in files {
        if file.path == MANIFEST {
            continue;
        }
        let path = folder.join(&file.path);
        let source = File::open(&path).map_err(io_error("read", &path))?;
        let mut source = Hashing::new(BufReader::with_capacity(BUFFER_BYTES, source));
        put.file(&file.path, &mut source).map_err(io_error("copy", &path))?;
        found.insert(file.path, source.kept());
    }
    Ok(found)
}
