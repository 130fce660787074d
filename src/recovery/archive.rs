//! A copy in one file: a tar archive, compressed, encrypted when asked, read again when written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::manifest::{About, CONFIGURATION, Hashing, Kept, MANIFEST, Manifest, kept_of};
use super::seal::{Closing, Seal};
use super::{RecoveryError, io_error, refused};
use crate::store::cut::{Cut, CutFile};

/// Of zstd: fast, and as small as mail gets without waiting.
const COMPRESSION_LEVEL: i32 = 3;
/// How often a copy is begun again because a file went away while it was read.
pub(super) const BEGIN_AGAIN_MAX: u32 = 5;
const BUFFER_BYTES: usize = 1 << 20;

/// Why a copy is not finished.
pub(super) enum Unfinished {
    /// A file that was there when we began is not any more: somebody was erased, or time took it.
    Moved,
    Failed(RecoveryError),
}

impl From<RecoveryError> for Unfinished {
    fn from(error: RecoveryError) -> Unfinished {
        Unfinished::Failed(error)
    }
}

/// Writes a copy of the data folder to a file, which is replaced once the copy is whole.
pub fn write(
    data: &Path,
    mut cut: impl FnMut() -> Result<Cut, RecoveryError>,
    about: &About,
    seal: &Seal,
    file: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, RecoveryError> {
    outside(data, file)?;
    let closing = seal.closing()?;
    for _ in 0..BEGIN_AGAIN_MAX {
        match write_once(data, &cut()?, about, &closing, file, progress) {
            Ok(manifest) => return Ok(manifest),
            Err(Unfinished::Moved) => {}
            Err(Unfinished::Failed(error)) => return Err(error),
        }
    }
    refused("files of the data folder went away while they were copied, again and again")
}

/// A copy inside what is copied would be copied the next time.
pub(super) fn outside(data: &Path, target: &Path) -> Result<(), RecoveryError> {
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let folder = fs::canonicalize(folder).map_err(io_error("find", folder))?;
    match fs::canonicalize(data) {
        Ok(data) if folder.starts_with(&data) => {
            refused(format!("{} is inside the data folder; a copy belongs elsewhere", target.display()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn write_once(
    data: &Path,
    cut: &Cut,
    about: &About,
    closing: &Closing,
    file: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, Unfinished> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable by its owner alone: keys and addresses are in it.
    let made = tempfile::Builder::new().prefix(".parvis-backup-").tempfile_in(folder);
    let temporary = made.map_err(io_error("write to", folder))?;
    let cannot_write = || io_error("write", file);
    let manifest = {
        let out = BufWriter::with_capacity(BUFFER_BYTES, temporary.as_file());
        let sealed = closing.writer(out).map_err(cannot_write())?;
        let mut zipped = zstd::Encoder::new(sealed, COMPRESSION_LEVEL).map_err(cannot_write())?;
        zipped.include_checksum(true).map_err(cannot_write())?;
        let mut tar = tar::Builder::new(zipped);
        let manifest = fill(&mut tar, data, cut, about, file, progress)?;
        let zipped = tar.into_inner().map_err(cannot_write())?;
        let sealed = zipped.finish().map_err(cannot_write())?;
        sealed.finish().map_err(cannot_write())?;
        manifest
    };
    temporary.as_file().sync_all().map_err(cannot_write())?;
    forget_cached(temporary.as_file());
    let written = File::open(temporary.path()).map_err(cannot_write())?;
    let read = closing
        .reader(BufReader::with_capacity(BUFFER_BYTES, written))
        .and_then(|plain| contents(plain, &mut |_, _, entry| io::copy(entry, &mut io::sink()).map(drop)));
    let found = match read {
        Ok(found) => found,
        Err(why) => return Err(RecoveryError::Refused(not_as_written(file, &why.to_string())).into()),
    };
    if let Some(fault) = manifest.faults(&found.files).first() {
        return Err(RecoveryError::Refused(not_as_written(file, fault)).into());
    }
    temporary.persist(file).map_err(|error| io_error("write", file)(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync", folder))?;
    Ok(manifest)
}

fn not_as_written(file: &Path, why: &str) -> String {
    format!("what was written to {} reads otherwise ({why}); the disk cannot be trusted", file.display())
}

/// What is read again should come from the disk, as far as the system follows such a wish.
pub(super) fn forget_cached(file: &File) {
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

fn fill<W: Write>(
    tar: &mut tar::Builder<W>,
    data: &Path,
    cut: &Cut,
    about: &About,
    file: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, Unfinished> {
    let mut manifest = Manifest::begin(about, cut.seq);
    if let Some(text) = &about.configuration {
        append(tar, CONFIGURATION, text.len() as u64, about, text.as_bytes())
            .map_err(io_error("write", file))?;
        manifest.files.insert(CONFIGURATION.to_owned(), kept_of(text.as_bytes()));
    }
    for CutFile { path, bytes } in copied(cut) {
        let Some(source) = open_at(data, path)? else { return Err(Unfinished::Moved) };
        let mut source = Hashing::new(source.take(*bytes));
        append(tar, path, *bytes, about, &mut source).map_err(io_error("copy", &data.join(path)))?;
        let kept = source.kept();
        if kept.bytes != *bytes {
            // Shorter than a moment ago; nothing of ours does that to a file it keeps.
            return Err(Unfinished::Moved);
        }
        progress(*bytes);
        manifest.files.insert(path.clone(), kept);
    }
    let text = manifest.text();
    append(tar, MANIFEST, text.len() as u64, about, text.as_slice()).map_err(io_error("write", file))?;
    Ok(manifest)
}

/// What of the folder is copied as it is; two names belong to the copy itself.
pub(super) fn copied(cut: &Cut) -> impl Iterator<Item = &CutFile> {
    cut.files.iter().filter(|file| ![MANIFEST, CONFIGURATION].contains(&file.path.as_str()))
}

/// A file of the data folder; none if it went away.
pub(super) fn open_at(data: &Path, path: &str) -> Result<Option<File>, RecoveryError> {
    match File::open(data.join(path)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", &data.join(path))(error)),
    }
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    path: &str,
    bytes: u64,
    about: &About,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(about.at.seconds()).unwrap_or(0));
    // A file that became shorter would end the archive in disorder: zeros stand in, and its hash tells.
    tar.append_data(&mut header, path, content.chain(io::repeat(0)).take(bytes))
}

/// What stands in an archive.
pub(super) struct Contents {
    pub(super) manifest: Option<Manifest>,
    /// Each file but the manifest.
    pub(super) files: BTreeMap<String, Kept>,
}

/// Reads an archive through; each file's path, length and bytes go to `each`, which reads them all.
pub(super) fn contents(
    plain: impl Read,
    each: &mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> io::Result<Contents> {
    let mut found = Contents { manifest: None, files: BTreeMap::new() };
    let mut tar = tar::Archive::new(zstd::Decoder::new(plain)?);
    let mut last = String::from("its beginning");
    let entries = tar.entries()?;
    for entry in entries {
        let after = |why: io::Error| io::Error::other(format!("it is damaged after {last}: {why}"));
        let entry = entry.map_err(after)?;
        let path = entry.path().map_err(after)?;
        let path = safe(&path).ok_or_else(|| io::Error::other("a name in it leads out of it"))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let inside = |why: io::Error| io::Error::other(format!("it is damaged in {path}: {why}"));
        let bytes = entry.size();
        let mut entry = Hashing::new(entry);
        if path == MANIFEST {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(inside)?;
            found.manifest = Some(Manifest::read(&text).map_err(io::Error::other)?);
        } else {
            each(&path, bytes, &mut entry).map_err(inside)?;
            found.files.insert(path.clone(), entry.kept());
        }
        last = path;
    }
    // What stands behind the last file has its checksum too.
    io::copy(&mut tar.into_inner(), &mut io::sink())
        .map_err(|why| io::Error::other(format!("it is damaged after {last}: {why}")))?;
    Ok(found)
}

/// A path that stays below where it is put.
pub(super) fn safe(path: &Path) -> Option<String> {
    use std::path::Component;
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Makes a file readable by its owner alone.
pub(super) fn make_private(path: &Path, mode: u32) -> Result<(), RecoveryError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(io_error("protect", path))
}
