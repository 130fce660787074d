//! From the truth to the working state: catching up after a crash, and building all of it again.

use std::fs;
use std::path::{Path, PathBuf};

use super::engine::{Engine, EngineError};
use super::event::Line;
use super::journal::{self, Found};
use super::ledger::CopyOutcome;
use super::records::FanOutRecord;
use super::segments::{self, MailPlace};
use super::set_aside::SetAside;
use super::view::View;
use super::{StoreError, apply, archive, keys, ledger, people};
use crate::domain::ids::PostId;
use crate::domain::time::Zone;
use crate::mail::parse::{self, Summary};

/// What the key of the journal position the state has reached is called.
pub(super) const POSITION: &str = "position";
/// What the key of the place in `people/` the state has reached is called.
pub(super) const PEOPLE: &str = "people";

/// Lines applied at once.
const BATCH_LINES: usize = 2_000;

/// Where a state stands in the truth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reached {
    pub(super) journal: journal::Position,
    pub(super) people: people::Position,
    pub(super) group: u64,
}

/// Makes the state follow from everything the truth holds beyond what it has seen. What a crash
/// left half written is moved to `set-aside/`.
pub(super) fn catch_up(data: &Path, engine: &Engine, zone: &Zone) -> Result<Reached, StoreError> {
    let set_aside = SetAside::new(data);
    let people = catch_up_people(data, engine, &set_aside)?;
    let (journal, group) = catch_up_journal(data, engine, zone, &set_aside)?;
    catch_up_ledgers(data, engine)?;
    cut_mail_tails(data, engine, &set_aside)?;
    let mut view = View::new(engine);
    view.put_record(keys::setting(PEOPLE), &people);
    view.put_record(keys::setting(POSITION), &journal);
    engine.apply(&view.into_batch())?;
    Ok(Reached { journal, people, group })
}

/// Builds the whole state again in a folder of its own; the folder, complete and synced.
pub(super) fn build_beside(data: &Path, zone: &Zone) -> Result<PathBuf, StoreError> {
    let folder = data.join("state").join("building");
    let io = |doing, source: std::io::Error| StoreError::Io {
        doing,
        path: folder.clone(),
        why: source.to_string(),
    };
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| io("clear", e))?;
    }
    segments::make_folder(&folder).map_err(|e| io("make", e))?;
    let engine = Engine::open(&folder)?;
    catch_up(data, &engine, zone)?;
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
    let folder = build_beside(data, zone)?;
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
    fs::remove_dir_all(&folder).map_err(|e| io(&folder, "clear", e))?;
    Ok((compared, differences))
}

fn catch_up_people(
    data: &Path,
    engine: &Engine,
    set_aside: &SetAside,
) -> Result<people::Position, StoreError> {
    let file = people::current(data).map_err(|e| io(data, "read people in", e))?;
    let seen: Option<people::Position> = record(engine, &keys::setting(PEOPLE))?;
    // A file written anew has another number, and is read from its start.
    let from = seen.filter(|seen| seen.file == file).unwrap_or(people::Position { file, offset: 0 });
    let mut view = View::new(engine);
    let mut failure = None;
    let mut torn: Option<(u64, Vec<u8>)> = None;
    let mut end = people::read_from(data, from, |found| match found {
        Ok(person) => {
            if let Some((_, bytes)) = torn.take() {
                set_aside.keep("people", &bytes);
            }
            if let Err(error) = apply::apply_person(&mut view, &person) {
                failure.get_or_insert(error);
            }
        }
        Err(damaged) => torn = Some(damaged),
    })
    .map_err(|e| io(data, "read people in", e))?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    if let Some((offset, bytes)) = torn {
        set_aside.keep("people", &bytes);
        set_aside.cut(&people::path(data, file), offset)?;
        end.offset = offset;
    }
    engine.apply(&view.into_batch())?;
    Ok(end)
}

fn catch_up_journal(
    data: &Path,
    engine: &Engine,
    zone: &Zone,
    set_aside: &SetAside,
) -> Result<(journal::Position, u64), StoreError> {
    let from: journal::Position = record(engine, &keys::setting(POSITION))?.unwrap_or_default();
    let mut reached = from;
    let mut group_reached = 0;
    // Lines of the group that is being read, with the position before the first of them.
    let mut group: Vec<Line> = Vec::new();
    let mut group_start = from;
    let mut ready: Vec<Line> = Vec::new();
    let mut damaged: Vec<(journal::Position, Vec<u8>)> = Vec::new();
    let mut failure: Option<StoreError> = None;
    let mut end_of_file = from;
    journal::read_from(data, from, |found, after| {
        match found {
            Found::Damaged(at, bytes) => {
                damaged.push((at, bytes));
                end_of_file = journal::Position { seq: reached.seq, ..after };
            }
            Found::Line(line) => {
                // Damage that is followed by a whole line is not a torn end: what stands after it stays.
                for (_, bytes) in damaged.drain(..) {
                    set_aside.keep("journal", &bytes);
                }
                if group.is_empty() {
                    group_start = journal::Position { seq: reached.seq, ..end_of_file };
                    if group_start.file < after.file {
                        group_start = journal::Position { file: after.file, offset: 0, seq: reached.seq };
                    }
                }
                let (number, at, of) = line.group;
                group.push(*line);
                end_of_file = after;
                if at + 1 >= of {
                    reached = after;
                    group_reached = number;
                    ready.append(&mut group);
                    if ready.len() >= BATCH_LINES
                        && let Err(error) = apply_lines(data, engine, zone, &mut ready, reached)
                    {
                        failure = Some(error);
                        return Err(std::io::Error::other("the state took no more"));
                    }
                }
            }
        }
        Ok(())
    })
    .map_err(|error| failure.take().unwrap_or_else(|| io(data, "read the journal in", error)))?;
    apply_lines(data, engine, zone, &mut ready, reached)?;
    if !group.is_empty() || !damaged.is_empty() {
        // The last group, never answered.
        let start = if group.is_empty() { damaged[0].0 } else { group_start };
        set_aside.cut_and_keep("journal", &journal::path(data, start.file), start.offset)?;
        reached = journal::Position { seq: reached.seq, ..start };
    } else if reached.file == 0 {
        reached.file = 1;
    }
    Ok((reached, group_reached))
}

fn apply_lines(
    data: &Path,
    engine: &Engine,
    zone: &Zone,
    lines: &mut Vec<Line>,
    reached: journal::Position,
) -> Result<(), StoreError> {
    let mut view = View::new(engine);
    let mut summarize = |post: PostId, place: &MailPlace| -> Summary {
        archive::read_mail(data, post, place)
            .map_or_else(|_| Summary::default(), |raw| parse::summarize(&raw))
    };
    for line in lines.drain(..) {
        apply::apply(&mut view, &line, zone, &mut summarize)?;
    }
    view.put_record(keys::setting(POSITION), &reached);
    Ok(engine.apply(&view.into_batch())?)
}

/// Outcomes are in their ledgers before the state knows them.
fn catch_up_ledgers(data: &Path, engine: &Engine) -> Result<(), StoreError> {
    let prefix = keys::fan_outs();
    let posts: Vec<PostId> = engine
        .scan(&prefix, &prefix)
        .map(|entry| Ok(PostId(keys::number_u64(&entry?.0, prefix.len()))))
        .collect::<Result<_, EngineError>>()?;
    for post in posts {
        let mut view = View::new(engine);
        let key = keys::fan_out(post);
        let Some(fan_out) = view.record::<FanOutRecord>(&key)? else { continue };
        let path = ledger::path(data, post);
        let (found, end) =
            ledger::read_from(data, post, fan_out.ledger_bytes).map_err(|e| io(&path, "read", e))?;
        for line in found {
            for (person, result) in line.copies {
                apply::apply_outcome(&mut view, &CopyOutcome { post, person, result })?;
            }
        }
        if let Some(mut fan_out) = view.record::<FanOutRecord>(&key)? {
            fan_out.ledger_bytes = end;
            view.put_record(key, &fan_out);
        }
        engine.apply(&view.into_batch())?;
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > end) {
            SetAside::new(data).cut_and_keep("deliveries", &path, end)?;
        }
    }
    Ok(())
}

/// Mail that no journal line speaks of was never answered; it stands at the end of its file.
fn cut_mail_tails(data: &Path, engine: &Engine, set_aside: &SetAside) -> Result<(), StoreError> {
    for file in mail_files(data)? {
        let known = engine.get(&keys::mail_file_end(&file))?.map_or(0, |value| keys::number_u64(&value, 0));
        let path = data.join(&file);
        let len = fs::metadata(&path).map_err(|e| io(&path, "look at", e))?.len();
        if len > known {
            set_aside.cut_and_keep("mail", &path, known)?;
        }
    }
    Ok(())
}

/// Every mail file, below the data folder, in order.
pub(super) fn mail_files(data: &Path) -> Result<Vec<String>, StoreError> {
    let mut files = Vec::new();
    for entry in folder_entries(&data.join("mail"))? {
        let list = entry.file_name().to_string_lossy().into_owned();
        for segment in folder_entries(&entry.path())? {
            files.push(format!("mail/{list}/{}", segment.file_name().to_string_lossy()));
        }
    }
    for entry in folder_entries(&data.join("transit"))? {
        files.push(format!("transit/{}", entry.file_name().to_string_lossy()));
    }
    files.retain(|file| file.ends_with(".mbox"));
    files.sort();
    Ok(files)
}

fn folder_entries(folder: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(|e| io(folder, "read", e)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io(folder, "read", error)),
    }
}

pub(super) fn record<T: serde::de::DeserializeOwned>(
    engine: &Engine,
    key: &[u8],
) -> Result<Option<T>, EngineError> {
    Ok(engine.get(key)?.and_then(|bytes| super::records::decode(&bytes)))
}

fn io(path: &Path, doing: &'static str, source: std::io::Error) -> StoreError {
    StoreError::Io { doing, path: path.to_owned(), why: source.to_string() }
}
