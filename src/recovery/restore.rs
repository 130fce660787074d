//! A data folder from a copy: put in place, looked at, and given its configuration.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::archive::make_private;
use super::manifest::{CONFIGURATION, Manifest};
use super::seal::Unseal;
use super::source::{Source, Unpacked};
use super::{RecoveryError, io_error, refused};
use crate::domain::member::{MemberState, Membership};
use crate::domain::time::{Timestamp, Zone};
use crate::store::change::Change;
use crate::store::event::{Event, Fence, FenceReason};
use crate::store::newer::Newer;
use crate::store::open::UNFINISHED_RESTORE;
use crate::store::{Store, StoreOptions, verify};

/// What is restored, and where to.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The copy.
    pub source: Source,
    /// What opens it.
    pub unseal: Unseal,
    /// The folder; made if it is not there, and empty if it is.
    pub into: PathBuf,
    /// What happens when part of the copy is damaged.
    pub damage: Damage,
    /// A folder with a journal that is younger.
    pub newer: Option<PathBuf>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The moment it is a copy of.
    pub of: Timestamp,
    /// How much there is.
    pub counts: Counts,
    /// What a newer journal added.
    pub newer: Option<Newer>,
    /// What it says about itself; a copy by other means says nothing.
    pub manifest: Option<Manifest>,
    /// What is not as it was; a sentence each.
    pub damaged: Vec<String>,
    /// The configuration, if one came along.
    pub configuration: Option<PathBuf>,
    /// Which keys came along.
    pub keys: Keys,
    /// In which moments are told.
    pub zone: Zone,
}

/// How much of everything there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub lists: u64,
    pub members: u64,
    pub posts: u64,
    pub held: u64,
    pub owed: u64,
}

/// Which keys came along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys {
    /// What tokens are derived from.
    pub token: bool,
    /// What signs copies.
    pub dkim: bool,
}

/// A whole server from a copy: everything in place, the working state built, the fence up, and what
/// a newer journal says was decided since.
pub fn restore(
    wanted: &Wanted,
    zone: &dyn Fn(Option<&str>) -> Zone,
    now: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored, RecoveryError> {
    let unpacked = unpack(wanted, progress)?;
    progress(0);
    let into = &fs::canonicalize(&wanted.into).map_err(io_error("find", &wanted.into))?;
    let keys = Keys {
        token: into.join("keys").join("token.key").is_file(),
        dkim: into.join("keys").join("dkim.pem").is_file(),
    };
    let text = unpacked.configuration.as_deref();
    let configuration = text.map(|text| write_configuration(into, text)).transpose()?;
    let zone = zone(text);
    let options = StoreOptions { data: into.clone(), zone: zone.clone(), reserve_bytes: 0 };
    let store = Store::open_restored(options, now)?;
    let last = last_moment(&store)?;
    let of = match &unpacked.manifest {
        // It was begun then, and has what came until its lengths were known.
        Some(manifest) => last.map_or(manifest.at, |last| last.max(manifest.at)),
        None => last.unwrap_or(now),
    };
    // As it is said and typed again, by seconds: all of what was owed then lies before it.
    let of = Timestamp::from_seconds((of + ALMOST_A_SECOND).seconds());
    let newer = wanted.newer.as_deref().map(|folder| store.follow_newer(folder)).transpose()?;
    let fence = Fence::Up(FenceReason::Restored { of });
    store.commit(Change::at(now).event(Event::Fence { fence }))?;
    let mut damaged = unpacked.faults;
    for finding in verify::verify(&store)? {
        damaged.extend(finding.faults);
    }
    let counts = count(&store)?;
    drop(store);
    finish(into)?;
    Ok(Restored { of, counts, newer, manifest: unpacked.manifest, damaged, configuration, keys, zone })
}

const ALMOST_A_SECOND: Duration = Duration::from_millis(999);

/// The moment of the last line the copy's journal had.
fn last_moment(store: &Store) -> Result<Option<Timestamp>, RecoveryError> {
    let (mut last, lines) = (None, store.opened().lines);
    store.history(|line| {
        if line.seq <= lines {
            last = Some(line.at);
        }
    })?;
    Ok(last)
}

fn is_member(member: &Membership) -> bool {
    !matches!(member.state, MemberState::Left | MemberState::Pending)
}

/// Counts what a store holds.
pub fn count(store: &Store) -> Result<Counts, RecoveryError> {
    let mut counts = Counts { held: store.held()?.len() as u64, ..Counts::default() };
    for list in store.reader().lists()? {
        counts.lists += 1;
        counts.posts += store.reader().counts(list.id)?.posts;
        counts.members += store.members(list.id)?.iter().filter(|one| is_member(one)).count() as u64;
    }
    for fan in store.fans()? {
        counts.owed += u64::from(store.owed(fan.post)?.len());
    }
    Ok(counts)
}

/// What happens when part of a copy is damaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Damage {
    /// Nothing is restored.
    Refuse,
    /// What can be read is.
    TakeTheRest,
}

/// Puts the files in place. Until [`finish`] no server opens the folder.
pub(super) fn unpack(wanted: &Wanted, progress: &mut dyn FnMut(u64)) -> Result<Unpacked, RecoveryError> {
    let into = &wanted.into;
    must_be_empty(into)?;
    fs::create_dir_all(into).map_err(io_error("make", into))?;
    let into = &fs::canonicalize(into).map_err(io_error("find", into))?;
    make_private(into, 0o700)?;
    let mark = into.join(UNFINISHED_RESTORE);
    File::create(&mark).and_then(|file| file.sync_all()).map_err(io_error("write", &mark))?;
    let unpacked = wanted.source.unpack(&wanted.unseal, into, progress);
    let unpacked = match unpacked {
        Ok(unpacked) => unpacked,
        Err(error) => {
            clear(into);
            return Err(error);
        }
    };
    if let (Damage::Refuse, [first, rest @ ..]) = (wanted.damage, unpacked.faults.as_slice()) {
        clear(into);
        let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
        return refused(format!(
            "{} is not as it was written: {first}{more}. Another backup is better; \
             --keep-going restores what can be read of this one",
            wanted.source.path().display()
        ));
    }
    Ok(unpacked)
}

fn must_be_empty(folder: &Path) -> Result<(), RecoveryError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("read", folder)(error)),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    // A disk of its own has that in it from the beginning.
    match names.into_iter().find(|name| name != "lost+found") {
        Some(name) => refused(format!(
            "{} is not empty ({name} is in it), and a restore replaces nothing: name a new folder",
            folder.display()
        )),
        None => Ok(()),
    }
}

/// What was begun is no data folder; nothing of it was there before.
fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name() == "lost+found" {
            continue;
        }
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}

/// Writes the configuration that came along, for the folder it is in now.
fn write_configuration(into: &Path, text: &str) -> Result<PathBuf, RecoveryError> {
    let path = into.join(CONFIGURATION);
    let into = fs::canonicalize(into).map_err(io_error("find", into))?;
    let Some(data) = into.to_str() else {
        return refused(format!("{} cannot be written into a configuration, which is UTF-8", into.display()));
    };
    let text = with_data_dir(text, data);
    fs::write(&path, text).map_err(io_error("write", &path))?;
    make_private(&path, 0o600)?;
    File::open(&path).and_then(|file| file.sync_all()).map_err(io_error("sync", &path))?;
    Ok(path)
}

/// The same configuration with another `data_dir`; what else it says stays as it was written.
fn with_data_dir(text: &str, data: &str) -> String {
    let line = format!("data_dir = {}", serde_json::Value::from(data));
    let is_key = |text: &str| text.trim_start().split('=').next().map(str::trim) == Some("data_dir");
    let top = text.lines().position(|line| line.trim_start().starts_with('[')).unwrap_or(usize::MAX);
    let written = text.lines().take(top).position(is_key);
    let mut lines: Vec<&str> = text.lines().collect();
    match written {
        Some(at) => lines[at] = &line,
        None => lines.insert(0, &line),
    }
    lines.join("\n") + "\n"
}

/// Everything is in place: a server may open the folder.
fn finish(into: &Path) -> Result<(), RecoveryError> {
    let mark = into.join(UNFINISHED_RESTORE);
    match fs::remove_file(&mark) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("remove", &mark)(error));
        }
        Ok(()) | Err(_) => {}
    }
    File::open(into).and_then(|folder| folder.sync_all()).map_err(io_error("sync", into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_moves_with_its_folder() {
        for (before, after) in [
            ("hostname = \"a\"\n", "data_dir = \"/srv/é\"\nhostname = \"a\"\n"),
            (
                "hostname = \"a\"\ndata_dir = \"x\"\n[web]\n",
                "hostname = \"a\"\ndata_dir = \"/srv/é\"\n[web]\n",
            ),
            (
                "#data_dir = \"x\"\n[web]\ndata_dir = 1\n",
                "data_dir = \"/srv/é\"\n#data_dir = \"x\"\n[web]\ndata_dir = 1\n",
            ),
            ("", "data_dir = \"/srv/é\"\n"),
        ] {
            assert_eq!(with_data_dir(before, "/srv/é"), after, "{before}");
        }
    }
}
