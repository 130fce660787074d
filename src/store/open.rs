//! Opening the store: one process at a time, what a crash left is put in order, and the question
//! whether this folder is where it was.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::engine::Engine;
use super::event::{Event, Fence, FenceReason};
use super::rebuild::{self, Reached};
use super::{StoreError, apply, instance, keys, segments};
use crate::domain::time::Zone;

/// What was found while opening, for the log and for `check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The state was not there, or could not be used, and was built from the truth.
    pub rebuilt: Option<String>,
    /// The folder is in another place than when it was last used.
    pub elsewhere: bool,
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

pub(super) fn open(data: &Path, zone: &Zone) -> Result<Parts, StoreError> {
    let io = |doing| {
        move |source: std::io::Error| StoreError::Io { doing, path: data.to_owned(), why: source.to_string() }
    };
    for folder in FOLDERS {
        segments::make_folder(&data.join(folder)).map_err(io("make folders in"))?;
    }
    let lock = lock(data)?;
    let mark = instance::mark(data).map_err(io("look at"))?;
    let (engine, mut opened) = open_state(data, &mark)?;
    let reached = match rebuild::catch_up(data, &engine, zone) {
        Ok(reached) => reached,
        Err(error @ StoreError::Io { .. }) => return Err(error),
        // A state that opens but does not take the truth is as bad as one that does not open.
        Err(error) => {
            move_state_aside(data)?;
            opened.rebuilt = Some(error.to_string());
            let folder = engine.folder();
            drop(engine);
            let engine = Engine::open(&folder)?;
            let reached = rebuild::catch_up(data, &engine, zone)?;
            return finish(data, engine, reached, opened, lock, mark);
        }
    };
    finish(data, engine, reached, opened, lock, mark)
}

fn finish(
    data: &Path,
    engine: Engine,
    mut reached: Reached,
    mut opened: Opened,
    lock: File,
    mark: String,
) -> Result<Parts, StoreError> {
    let io = |source: std::io::Error| StoreError::Io {
        doing: "mark the state in",
        path: data.to_owned(),
        why: source.to_string(),
    };
    engine.checkpoint()?;
    instance::write_state_mark(data, &mark).map_err(io)?;
    let mut events = Vec::new();
    let place =
        engine.get(&keys::setting(apply::PLACE))?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match place {
        Some(place) if place == mark => {}
        Some(_) => {
            opened.elsewhere = true;
            events.push(Event::Settled { place: mark.clone() });
            events.push(Event::Fence { fence: Fence::Up(FenceReason::Elsewhere) });
        }
        None => events.push(Event::Settled { place: mark.clone() }),
    }
    if reached.people.file == 0 {
        reached.people.file = 1;
    }
    Ok(Parts { engine, reached, opened, events, lock })
}

fn lock(data: &Path) -> Result<File, StoreError> {
    let path = data.join("lock");
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(|source| {
            StoreError::Io { doing: "open", path: path.clone(), why: source.to_string() }
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(StoreError::InUse(data.to_owned())),
    }
}

/// Opens the newest state made in this place; any other is not trusted.
fn open_state(data: &Path, mark: &str) -> Result<(Engine, Opened), StoreError> {
    let mut opened = Opened::default();
    let newest = state_folders(data).pop();
    let _ = fs::remove_dir_all(data.join("state").join("building"));
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
    match Engine::open(&folder) {
        Ok(engine) => Ok((engine, opened)),
        Err(error) => {
            opened.rebuilt = Some(error.to_string());
            move_state_aside(data)?;
            Ok((Engine::open(&state_folder(data, 1))?, opened))
        }
    }
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

/// What cannot be used is not thrown away before it was looked at: `state.unusable-1` and so on.
fn move_state_aside(data: &Path) -> Result<(), StoreError> {
    let state = data.join("state");
    let aside = (1..).map(|n| data.join(format!("state.unusable-{n}"))).find(|path| !path.exists());
    let io = |source: std::io::Error| StoreError::Io {
        doing: "move aside",
        path: data.join("state"),
        why: source.to_string(),
    };
    if let Some(aside) = aside {
        fs::rename(&state, aside).map_err(io)?;
    }
    segments::make_folder(&state).map_err(io)
}
