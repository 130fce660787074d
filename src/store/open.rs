//! Opening the store: one process at a time, what a crash left is put in order, and the question
//! whether this folder is where it was.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::catch_up::{self, Ends, Reached};
use super::engine::{Engine, EngineError};
use super::event::{Event, Fence, FenceReason};
use super::{StoreError, apply, instance, keys, rebuild, segments};
use crate::domain::time::{Timestamp, Zone};

/// What was found while opening, for the log and for `check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The state was not there, or could not be used, and was built from the truth.
    pub rebuilt: Option<String>,
    /// The folder is in another place than when it was last used.
    pub elsewhere: bool,
    /// How many lines its journal had.
    pub lines: u64,
    /// When the last of them was written.
    pub last_line: Option<Timestamp>,
}

/// What opening gives the store.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) reached: Reached,
    pub(super) opened: Opened,
    /// To be committed first.
    pub(super) events: Vec<Event>,
    pub(super) lock: File,
}

/// The folders of the truth.
const FOLDERS: &[&str] = &["mail", "journal", "people", "deliveries", "transit", "keys", "state"];

/// While this file is in a data folder, a restore is putting it together.
pub const UNFINISHED_RESTORE: &str = ".unfinished-restore";

/// Whether a folder is opened that a restore has not finished.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfinished {
    Refuse,
    /// It is the restore that opens it.
    Open,
}

pub(super) fn open(data: &Path, zone: &Zone, unfinished: Unfinished) -> Result<Parts, StoreError> {
    let io = |doing| move |source: std::io::Error| StoreError::of_io(doing, data, source);
    if unfinished == Unfinished::Refuse && data.join(UNFINISHED_RESTORE).exists() {
        return Err(StoreError::Io {
            doing: "open",
            path: data.to_owned(),
            why: "a restore into it was not finished; empty it, and restore again".to_owned(),
        });
    }
    for folder in FOLDERS {
        segments::make_folder(&data.join(folder)).map_err(io("make folders in"))?;
    }
    let lock = lock(data)?;
    make_key_private(data);
    let mark = instance::mark(data).map_err(io("look at"))?;
    sync_folders(data).map_err(io("sync folders in"))?;
    let (engine, mut opened) = open_state(data, &mark, zone)?;
    match follow(data, &engine, zone) {
        Ok(reached) => finish(data, engine, reached, opened, lock, mark),
        // A state that opens but does not take the truth is as bad as one that does not open.
        Err(StoreError::State(why)) => {
            drop(engine);
            move_state_aside(data)?;
            opened.rebuilt = Some(why);
            let engine = Engine::open(&state_folder(data, 1))?;
            let reached = follow(data, &engine, zone)?;
            finish(data, engine, reached, opened, lock, mark)
        }
        Err(error) => Err(error),
    }
}

fn follow(data: &Path, engine: &Engine, zone: &Zone) -> Result<Reached, StoreError> {
    catch_up::catch_up(data, engine, zone, Ends::SetAside)
}

/// A copy by other means may have left the key open to others on this machine.
fn make_key_private(data: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let key = data.join("keys").join("token.key");
    let open = fs::metadata(&key).is_ok_and(|known| known.permissions().mode() & 0o077 != 0);
    if open && fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).is_ok() {
        tracing::warn!(key = %key.display(), "others could read the key; they cannot any more");
    }
}

/// A killed server may have made files and not come to sync their folders; from now on, what is
/// appended to them is answered for.
fn sync_folders(data: &Path) -> std::io::Result<()> {
    for folder in FOLDERS {
        segments::sync_folder(&data.join(folder))?;
    }
    for list in fs::read_dir(data.join("mail"))? {
        let list = list?.path();
        if list.is_dir() {
            segments::sync_folder(&list)?;
        }
    }
    segments::sync_folder(data)
}

fn finish(
    data: &Path,
    engine: Engine,
    mut reached: Reached,
    mut opened: Opened,
    lock: File,
    mark: String,
) -> Result<Parts, StoreError> {
    let io = |source: std::io::Error| StoreError::of_io("mark the state in", data, source);
    engine.checkpoint()?;
    instance::write_state_mark(data, &mark).map_err(io)?;
    let mut events = Vec::new();
    let place =
        engine.get(&keys::setting(apply::PLACE))?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match place {
        Some(place) if place == mark => {}
        Some(_) => {
            opened.elsewhere = true;
            let given = numbers_apart(&engine)?;
            events.push(Event::Settled { place: mark.clone(), given });
            events.push(Event::Fence { fence: Fence::Up(FenceReason::Elsewhere) });
        }
        None => events.push(Event::Settled { place: mark.clone(), given: BTreeMap::new() }),
    }
    opened.lines = reached.journal.seq;
    opened.last_line = super::journal::last_moment(data).map_err(io)?;
    if reached.people.file == 0 {
        reached.people.file = 1;
    }
    Ok(Parts { engine, reached, opened, events, lock })
}

/// How far the numbers of a copy stand from those of what it is a copy of, which may have gone on:
/// more than anybody gives between one copy and the next. What is not named here has the last.
const APART: &[(&str, u64)] = &[("list", 100), ("person", 10_000), ("", 100_000)];

/// Numbers others may have seen since this copy was made: they must not come to mean something else.
fn numbers_apart(engine: &Engine) -> Result<BTreeMap<String, u64>, StoreError> {
    let prefix = keys::setting(apply::HIGHEST);
    let mut given = BTreeMap::new();
    for entry in engine.scan(&prefix, &prefix) {
        let (key, value) = entry?;
        let kind = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        let apart = APART.iter().find(|(known, _)| known.is_empty() || *known == kind);
        let highest = keys::number_u64(&value, 0) + apart.map_or(0, |(_, apart)| *apart);
        given.insert(kind, highest);
    }
    Ok(given)
}

fn lock(data: &Path) -> Result<File, StoreError> {
    let path = data.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| StoreError::of_io("open", &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(StoreError::InUse(data.to_owned())),
    }
}

/// Opens the newest state made in this place; any other is not trusted.
fn open_state(data: &Path, mark: &str, zone: &Zone) -> Result<(Engine, Opened), StoreError> {
    let mut opened = Opened::default();
    let newest = state_folders(data).pop();
    for unfinished in [rebuild::BUILDING, rebuild::COMPARED, rebuild::RENEWED] {
        let _ = fs::remove_dir_all(data.join("state").join(unfinished));
    }
    if let Some((number, _)) = newest {
        for (older, folder) in state_folders(data) {
            if older < number {
                let _ = fs::remove_dir_all(folder);
            }
        }
    }
    let anything_to_build_from = super::journal::files(data).is_ok_and(|files| !files.is_empty());
    let folder = match (&newest, instance::state_mark(data)) {
        (Some((_, folder)), Some(known)) if known == mark => folder.clone(),
        (Some(_), _) => {
            opened.rebuilt = Some("it was made in another place".to_owned());
            move_state_aside(data)?;
            state_folder(data, 1)
        }
        (None, _) => {
            if anything_to_build_from {
                opened.rebuilt = Some("it was not there".to_owned());
            }
            state_folder(data, 1)
        }
    };
    let found = Engine::open(&folder).and_then(|engine| Ok((zone_of(&engine)?, engine)));
    let why = match found {
        Ok((None, engine)) => return Ok((engine, opened)),
        Ok((Some(known), engine)) if known == zone.name() => return Ok((engine, opened)),
        Ok((Some(known), _)) => format!("its months are those of {known}"),
        Err(EngineError::InUse) => return Err(StoreError::InUse(folder)),
        Err(EngineError::Full) => return Err(StoreError::Full),
        Err(error @ (EngineError::Failed(_) | EngineError::Damaged(_))) => error.to_string(),
    };
    opened.rebuilt = Some(why);
    move_state_aside(data)?;
    Ok((Engine::open(&state_folder(data, 1))?, opened))
}

/// In which zone a state sorted posts into months; a new state does not say.
fn zone_of(engine: &Engine) -> Result<Option<String>, EngineError> {
    let name = engine.get(&keys::setting(catch_up::ZONE))?;
    Ok(name.map(|name| String::from_utf8_lossy(&name).into_owned()))
}

fn state_folder(data: &Path, number: u32) -> PathBuf {
    data.join("state").join(format!("{number:06}"))
}

fn state_folders(data: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(data.join("state")).into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))).collect();
    folders.sort();
    folders
}

/// Where a state built beside the one in that folder goes.
pub(super) fn next_state_folder(folder: &Path) -> PathBuf {
    let number: u32 = folder.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse().ok()).unwrap_or(0);
    folder.with_file_name(format!("{:06}", number + 1))
}

/// As many states that could not be used are kept; later ones have the same story to tell.
const UNUSABLE_KEPT_MAX: u32 = 3;

/// What cannot be used is not thrown away before it was looked at: `state.unusable-1` and so on.
fn move_state_aside(data: &Path) -> Result<(), StoreError> {
    let state = data.join("state");
    let unusable = |number: u32| data.join(format!("state.unusable-{number}"));
    let aside = (1..=UNUSABLE_KEPT_MAX).map(unusable).find(|path| !path.exists());
    let io = |source: std::io::Error| StoreError::of_io("move aside", &state, source);
    match aside {
        Some(aside) => fs::rename(&state, aside).map_err(io)?,
        None => fs::remove_dir_all(&state).map_err(io)?,
    }
    segments::make_folder(&state).map_err(io)
}
