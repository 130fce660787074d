//! Copies side by side in one folder, one a moment: plain folders anyone can read, in which a file
//! that did not change since the last copy is the same file on the disk.
//!
//! Encrypted ones are whole archives: what cannot be read cannot be compared either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::archive::{
    self, BEGIN_AGAIN_MAX, Unfinished, copied, forget_cached, make_private, open_at, outside,
};
use super::manifest::{About, CONFIGURATION, Hashing, Kept, MANIFEST, Manifest, kept_of};
use super::seal::Seal;
use super::{RecoveryError, io_error, refused};
use crate::domain::time::{Timestamp, Zone};
use crate::store::cut::{Cut, CutFile, is_whole, only_grows};

/// What an encrypted generation's name ends in.
const SEALED: &str = ".tar.zst.age";
/// What a generation that is being written begins with.
const UNFINISHED: &str = ".unfinished-";
const BUFFER_BYTES: usize = 1 << 18;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Which generations stay: the newest of each of the last so many days, weeks and months that have one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Keep {
    pub days: usize,
    pub weeks: usize,
    pub months: usize,
}

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// How many of its bytes were not there in the generation before.
    pub new_bytes: u64,
    /// Files that should only have grown, and are not what they were; a sentence each.
    pub changed: Vec<String>,
    /// Generations that were taken away by the rule.
    pub removed: Vec<PathBuf>,
}

/// One generation that is whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generation {
    /// Where.
    pub path: PathBuf,
    /// Of which moment.
    pub at: Timestamp,
    /// Which of that second.
    nth: u32,
}

/// Every whole generation in a folder, oldest first.
pub fn list(folder: &Path) -> Result<Vec<Generation>, RecoveryError> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(io_error("read", folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(io_error("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, at) = (entry.path(), moment_of(&name));
        let whole = if name.ends_with(SEALED) { path.is_file() } else { path.join(MANIFEST).is_file() };
        found.extend(at.filter(|_| whole).map(|(at, nth)| Generation { path, at, nth }));
    }
    found.sort_by_key(|one| (one.at, one.nth));
    Ok(found)
}

/// `2026-11-23T031500Z`, and what may follow it.
fn name_of(at: Timestamp) -> String {
    let text = at.rfc3339(&Zone::utc());
    format!("{}Z", text.get(..19).unwrap_or(&text).replace(':', ""))
}

fn moment_of(name: &str) -> Option<(Timestamp, u32)> {
    let (date, time) = name.get(..18)?.strip_suffix('Z')?.split_once('T')?;
    let (hours, minutes, seconds) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    let rest = name.get(18..)?.trim_end_matches(SEALED);
    let nth = match rest.strip_prefix('-') {
        Some(number) => number.parse().ok()?,
        None if rest.is_empty() => 1,
        None => return None,
    };
    Some((Timestamp::parse_rfc3339(&format!("{date}T{hours}:{minutes}:{seconds}Z"))?, nth))
}

/// Writes one more generation into a folder, then takes away what the rule does not keep.
pub fn write(
    data: &Path,
    mut cut: impl FnMut() -> Result<Cut, RecoveryError>,
    about: &About,
    seal: &Seal,
    folder: &Path,
    keep: Keep,
    progress: &mut dyn FnMut(u64),
) -> Result<Written, RecoveryError> {
    fs::create_dir_all(folder).map_err(io_error("make", folder))?;
    outside(data, &folder.join("one"))?;
    let before = list(folder)?;
    let ending = if seal.is_open() { "" } else { SEALED };
    let name = |n: u32| match n {
        1 => format!("{}{ending}", name_of(about.at)),
        n => format!("{}-{n}{ending}", name_of(about.at)),
    };
    let same_second = before.iter().filter(|one| name_of(one.at) == name_of(about.at));
    let path = folder.join(name(1 + same_second.map(|one| one.nth).max().unwrap_or(0)));
    let mut written = if seal.is_open() {
        let last = before.iter().rfind(|one| one.path.is_dir()).map(|one| one.path.as_path());
        plain(data, &mut cut, about, folder, &path, last, progress)?
    } else {
        let manifest = archive::write(data, cut, about, seal, &path, progress)?;
        let new_bytes = manifest.bytes();
        Written { path, manifest, new_bytes, changed: Vec::new(), removed: Vec::new() }
    };
    let (all, newest) = (list(folder)?, written.path.clone());
    let moments: Vec<Timestamp> = all.iter().map(|one| one.at).collect();
    let kept = kept(&moments, keep);
    for (at, one) in all.iter().enumerate() {
        if kept.contains(&at) || one.path == newest {
            continue;
        }
        let gone = if one.path.is_dir() { remove(&one.path) } else { fs::remove_file(&one.path) };
        gone.map_err(io_error("take away", &one.path))?;
        written.removed.push(one.path.clone());
    }
    Ok(written)
}

/// A generation that is half gone does not look like one.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(MANIFEST)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => fs::remove_dir_all(path),
    }
}

/// Which of these moments, oldest first, the rule keeps.
fn kept(moments: &[Timestamp], keep: Keep) -> BTreeSet<usize> {
    let day = |at: &Timestamp| at.seconds().div_euclid(DAY_SECONDS);
    // 1970 began on a Thursday.
    let week = |at: &Timestamp| (day(at) + 3).div_euclid(7);
    let month = |at: &Timestamp| {
        let date = at.date_in(&Zone::utc());
        i64::from(date.year) * 12 + i64::from(date.month)
    };
    let mut stay = BTreeSet::new();
    let mut newest_of_each = |count: usize, period: &dyn Fn(&Timestamp) -> i64| {
        let mut newest = BTreeMap::new();
        for (at, moment) in moments.iter().enumerate() {
            newest.insert(period(moment), at);
        }
        stay.extend(newest.into_values().rev().take(count));
    };
    newest_of_each(keep.days, &day);
    newest_of_each(keep.weeks, &week);
    newest_of_each(keep.months, &month);
    stay
}

fn plain(
    data: &Path,
    cut: &mut dyn FnMut() -> Result<Cut, RecoveryError>,
    about: &About,
    folder: &Path,
    path: &Path,
    last: Option<&Path>,
    progress: &mut dyn FnMut(u64),
) -> Result<Written, RecoveryError> {
    let unfinished = folder.join(format!("{UNFINISHED}{}", name_of(about.at)));
    for _ in 0..BEGIN_AGAIN_MAX {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(io_error("clear", &unfinished))?;
        }
        fs::create_dir(&unfinished).map_err(io_error("make", &unfinished))?;
        make_private(&unfinished, 0o700)?;
        let filled = fill(data, &cut()?, about, &unfinished, last, progress);
        match filled {
            Ok(mut written) => {
                fs::rename(&unfinished, path).map_err(io_error("name", path))?;
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync", folder))?;
                path.clone_into(&mut written.path);
                return Ok(written);
            }
            Err(Unfinished::Moved) => {}
            Err(Unfinished::Failed(error)) => {
                let _ = fs::remove_dir_all(&unfinished);
                return Err(error);
            }
        }
    }
    let _ = fs::remove_dir_all(&unfinished);
    refused("files of the data folder went away while they were copied, again and again")
}

fn fill(
    data: &Path,
    cut: &Cut,
    about: &About,
    into: &Path,
    last: Option<&Path>,
    progress: &mut dyn FnMut(u64),
) -> Result<Written, Unfinished> {
    let before = last.and_then(|last| Some((last, read_manifest(last).ok()?)));
    let mut manifest = Manifest::begin(about, cut.seq);
    let mut written = Written {
        path: into.to_owned(),
        manifest: manifest.clone(),
        new_bytes: 0,
        changed: Vec::new(),
        removed: Vec::new(),
    };
    if let Some(text) = &about.configuration {
        write_new(into, CONFIGURATION, text.as_bytes())?;
        manifest.files.insert(CONFIGURATION.to_owned(), kept_of(text.as_bytes()));
    }
    for file in copied(cut) {
        let CutFile { path, bytes } = file;
        let Some(source) = open_at(data, path)? else { return Err(Unfinished::Moved) };
        let (earlier, same_length) = match &before {
            Some((folder, earlier)) => {
                let kept = earlier.files.get(path);
                (kept.map(|kept| (folder.join(path), kept)), kept.is_some_and(|kept| kept.bytes == *bytes))
            }
            None => (None, false),
        };
        let kept = match earlier {
            Some((twin, known)) if same_length && hash_of(&source, *bytes, data, path)? == *known => {
                link(&twin, into, path, known)?
            }
            _ => {
                let whole = || is_whole(&data.join(path), path).map_err(io_error("read", &data.join(path)));
                if same_length && only_grows(path) && !whole()? {
                    written.changed.push(format!(
                        "{path} has the length it had, and other bytes: parvis check --store says more"
                    ));
                }
                written.new_bytes += bytes;
                copy(data, into, file)?
            }
        };
        if kept.bytes != *bytes {
            return Err(Unfinished::Moved);
        }
        progress(*bytes);
        manifest.files.insert(path.clone(), kept);
    }
    sync_folders(into)?;
    // The manifest last: where it is, the generation is whole.
    write_new(into, MANIFEST, &manifest.text())?;
    sync_folders(into)?;
    written.manifest = manifest;
    Ok(written)
}

fn hash_of(source: &File, bytes: u64, data: &Path, path: &str) -> Result<Kept, RecoveryError> {
    let mut source = Hashing::new(BufReader::with_capacity(BUFFER_BYTES, source).take(bytes));
    io::copy(&mut source, &mut io::sink()).map_err(io_error("read", &data.join(path)))?;
    Ok(source.kept())
}

/// The same file once more, if the disk can do that and it still is what it was; else a copy of it.
fn link(twin: &Path, into: &Path, path: &str, known: &Kept) -> Result<Kept, RecoveryError> {
    let there = File::open(twin).map_err(io_error("read", twin))?;
    let kept = hash_of(&there, known.bytes, twin, "")?;
    if kept != *known {
        return refused(format!(
            "{} is not what was copied there; that disk cannot be trusted",
            twin.display()
        ));
    }
    let target = into.join(path);
    make_folder_of(&target)?;
    if fs::hard_link(twin, &target).is_err() {
        fs::copy(twin, &target).map_err(io_error("write", &target))?;
        make_private(&target, 0o600)?;
        File::open(&target).and_then(|file| file.sync_all()).map_err(io_error("sync", &target))?;
    }
    Ok(kept)
}

/// Copies what counts of a file, and reads what was written.
fn copy(data: &Path, into: &Path, CutFile { path, bytes }: &CutFile) -> Result<Kept, Unfinished> {
    let Some(source) = open_at(data, path)? else { return Err(Unfinished::Moved) };
    let mut source = Hashing::new(BufReader::with_capacity(BUFFER_BYTES, source).take(*bytes));
    let target = into.join(path);
    make_folder_of(&target)?;
    let mut file = File::options()
        .create_new(true)
        .read(true)
        .write(true)
        .open(&target)
        .map_err(io_error("write", &target))?;
    make_private(&target, 0o600)?;
    io::copy(&mut source, &mut file).map_err(io_error("write", &target))?;
    file.sync_all().map_err(io_error("sync", &target))?;
    let kept = source.kept();
    forget_cached(&file);
    let written = File::open(&target).map_err(io_error("read", &target))?;
    if hash_of(&written, kept.bytes, &target, "")? != kept {
        let what =
            format!("{} reads otherwise than it was written; that disk cannot be trusted", target.display());
        return Err(RecoveryError::Refused(what).into());
    }
    Ok(kept)
}

fn write_new(into: &Path, path: &str, bytes: &[u8]) -> Result<(), RecoveryError> {
    let target = into.join(path);
    fs::write(&target, bytes).map_err(io_error("write", &target))?;
    make_private(&target, 0o600)?;
    File::open(&target).and_then(|file| file.sync_all()).map_err(io_error("sync", &target))
}

fn make_folder_of(path: &Path) -> Result<(), RecoveryError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io_error("make", folder))
}

fn sync_folders(folder: &Path) -> Result<(), RecoveryError> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(io_error("read", &folder))?.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync", &folder))?;
    }
    Ok(())
}

/// What a generation says about itself.
pub fn read_manifest(generation: &Path) -> Result<Manifest, RecoveryError> {
    let path = generation.join(MANIFEST);
    let text = fs::read(&path).map_err(io_error("read", &path))?;
    Manifest::read(&text).map_err(|why| RecoveryError::Refused(format!("{}: {why}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_names_a_generation_and_is_read_from_it() {
        let at = Timestamp::parse_rfc3339("2026-11-23T03:15:00Z").expect("a moment");
        assert_eq!(name_of(at), "2026-11-23T031500Z");
        for (name, nth) in [
            ("2026-11-23T031500Z", Some(1)),
            ("2026-11-23T031500Z-2", Some(2)),
            ("2026-11-23T031500Z.tar.zst.age", Some(1)),
            ("2026-11-23T031500Z-12.tar.zst.age", Some(12)),
            ("2026-11-23T031500Z-old", None),
            ("2026-11-23", None),
            (".unfinished-2026-11-23T031500Z", None),
            ("été", None),
            ("", None),
        ] {
            assert_eq!(moment_of(name), nth.map(|nth| (at, nth)), "{name}");
        }
    }

    #[test]
    fn of_two_years_of_nights_a_few_stay() {
        let first = Timestamp::parse_rfc3339("2024-11-24T03:00:00Z").expect("a moment").seconds();
        let nights: Vec<Timestamp> =
            (0..730).map(|n| Timestamp::from_seconds(first + n * DAY_SECONDS)).collect();
        let kept = kept(&nights, Keep { days: 3, weeks: 3, months: 3 });
        let names: Vec<String> = kept.into_iter().map(|at| name_of(nights[at])[..10].to_owned()).collect();
        // The last day of a week is its Sunday.
        assert_eq!(
            names,
            ["2026-09-30", "2026-10-31", "2026-11-15", "2026-11-21", "2026-11-22", "2026-11-23"]
        );
    }
}
