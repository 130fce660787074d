//! Building the whole state again from the truth, beside the one in use.

use std::fs;
use std::path::{Path, PathBuf};

use super::catch_up::{Ends, catch_up};
use super::engine::Engine;
use super::{StoreError, segments};
use crate::domain::time::Zone;

/// The folder, below `state/`, of a state that will take the place of the one in use.
pub(super) const BUILDING: &str = "building";
/// The folder, below `state/`, of a state that is only compared with the one in use.
pub(super) const COMPARED: &str = "compared";

/// The folder of one that will take its place after somebody was forgotten.
pub(super) const RENEWED: &str = "renewed";

/// Builds the whole state again in a folder of its own; the folder, complete and synced. Changes
/// nothing else: the server goes on meanwhile.
pub(super) fn build_beside(data: &Path, zone: &Zone, name: &str) -> Result<PathBuf, StoreError> {
    let folder = data.join("state").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| StoreError::of_io("clear", &folder, e))?;
    }
    segments::make_folder(&folder).map_err(|e| StoreError::of_io("make", &folder, e))?;
    let engine = Engine::open(&folder)?;
    catch_up(data, &engine, zone, Ends::Leave)?;
    engine.checkpoint()?;
    drop(engine);
    Ok(folder)
}

/// Builds the state again beside the present one and says in which keys they differ.
pub(super) fn differences(
    data: &Path,
    engine: &Engine,
    zone: &Zone,
) -> Result<(u64, Vec<String>), StoreError> {
    let folder = build_beside(data, zone, COMPARED)?;
    let built = Engine::open(&folder)?;
    let (mut compared, mut differences) = (0, Vec::new());
    let mut present = engine.scan(b"", b"");
    let mut again = built.scan(b"", b"");
    let (mut left, mut right) = (present.next().transpose()?, again.next().transpose()?);
    loop {
        let order = match (&left, &right) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        compared += 1;
        let name = |entry: &Option<(Vec<u8>, Vec<u8>)>| {
            entry.as_ref().map_or_else(String::new, |(key, _)| key.escape_ascii().to_string())
        };
        match order {
            std::cmp::Ordering::Less => differences.push(format!("{} should not be there", name(&left))),
            std::cmp::Ordering::Greater => differences.push(format!("{} is missing", name(&right))),
            std::cmp::Ordering::Equal if left != right => {
                differences.push(format!("{} is another", name(&left)))
            }
            std::cmp::Ordering::Equal => {}
        }
        if order.is_le() {
            left = present.next().transpose()?;
        }
        if order.is_ge() {
            right = again.next().transpose()?;
        }
    }
    drop((present, again, built));
    fs::remove_dir_all(&folder).map_err(|e| StoreError::of_io("clear", &folder, e))?;
    Ok((compared, differences))
}
