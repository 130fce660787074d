//! The rehearsal of a restore: a copy is put back aside, and compared with the server it is of.
//!
//! Nothing of what is put back is served or sent, and it is taken away again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{copies, open_desk, pages};
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::flow::Clock;
use crate::recovery::RecoveryError;
use crate::recovery::likeness::{self, Differences, Fact};
use crate::recovery::manifest::Manifest;
use crate::recovery::restore::{Counts, Damage, Restored, Wanted, restore};
use crate::recovery::seal::Unseal;
use crate::recovery::source::Source;
use crate::store::cut::{is_whole, only_grows};
use crate::store::event::Event;
use crate::store::{Store, StoreError};
use crate::web;

/// Lists whose pages are compared, and words that are searched in each.
const LISTS_MAX: usize = 20;
const THREADS_MAX: usize = 3;
const WORDS_MAX: usize = 2;
/// The shortest word worth searching, in characters.
const WORD_CHARS_MIN: usize = 4;
/// What follows from the truth by itself may take a while.
const PAGES_WAIT: Duration = Duration::from_secs(60);
const PAGES_PAUSE: Duration = Duration::from_millis(500);
/// What a drill needs beside what it puts back: the working state, and room for the server.
const ROOM_TIMES: u64 = 2;
const ROOM_BYTES: u64 = 128 << 20;

/// A page as a stranger gets it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Its path.
    pub path: String,
    /// Its status.
    pub status: u16,
    /// Its text.
    pub text: String,
}

/// What is asked of the server the copy is of.
pub trait Live {
    /// Everything it holds, and what of that is younger than the journal's line of that number.
    fn facts(&mut self, after: u64) -> Result<Vec<Fact>, RecoveryError>;
    /// Pages as strangers get them.
    fn pages(&mut self, paths: &[String]) -> Result<Vec<Page>, RecoveryError>;
}

/// Whether what is younger than the copy is a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Younger {
    /// It is: it would be lost.
    Differs,
    /// It is told apart: the copy is good as of its moment.
    IsTold,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Drilled {
    /// What was rehearsed.
    pub path: PathBuf,
    /// The moment it is a copy of.
    pub of: Timestamp,
    /// How long it took until a server could have started.
    pub took: Duration,
    /// What differs; a sentence each.
    pub differs: Vec<String>,
    /// What is younger than the copy.
    pub younger: Vec<String>,
    /// What came back.
    pub counts: Counts,
    /// Pages that were compared.
    pub pages: usize,
}

impl Drilled {
    /// Nothing differs.
    pub fn good(&self) -> bool {
        self.differs.is_empty()
    }

    /// As `--json` prints it.
    pub fn json(&self, config: &Config) -> Value {
        let Drilled { path, of, took, differs, younger, counts, pages } = self;
        json!({
            "good": self.good(),
            "seconds": (took.as_secs_f64() * 10.0).round() / 10.0,
            "differs": differs,
            "younger": younger,
            "path": path.display().to_string(),
            "of": of.rfc3339(&config.timezone),
            "lists": counts.lists,
            "members": counts.members,
            "posts": counts.posts,
            "pages": pages,
        })
    }
}

/// Rehearses a copy. Waits for the disk; must be called within a runtime, where one may wait.
pub fn drill(
    config: &Config,
    path: &Path,
    unseal: &Unseal,
    live: &mut dyn Live,
    younger: Younger,
    clock: &Clock,
    progress: &mut dyn FnMut(u64),
) -> Result<Drilled, RecoveryError> {
    let source = Source::find(path)?;
    let aside = tempfile::Builder::new().prefix(".drill-").tempdir_in(&config.data_dir);
    let aside = aside.map_err(|why| failed("make a folder in", &config.data_dir, why))?;
    room(config, &source)?;
    let began = clock();
    let wanted = Wanted {
        source: source.clone(),
        unseal: unseal.clone(),
        into: aside.path().join("data"),
        damage: Damage::TakeTheRest,
        newer: None,
    };
    let put_back = restore(&wanted, &|_| config.timezone.clone(), began, progress)?;
    let mut aside_config = config.clone();
    aside_config.data_dir.clone_from(&wanted.into);
    let desk = open_desk(&aside_config, clock.clone());
    let desk = Arc::new(desk.map_err(|error| RecoveryError::Refused(error.to_string()))?);
    let took = clock().since(began);
    let lines = lines_of_copy(&desk.store)?;
    let mut differs = put_back.damaged.clone();
    if let Some(manifest) = &put_back.manifest {
        differs.extend(settings(manifest, config));
        differs.extend(grown(manifest, &wanted.into, &config.data_dir)?);
        if lines != manifest.journal {
            let there = manifest.journal;
            differs.push(format!("the journal has {lines} lines in the copy, and had {there}"));
        }
    }
    let copy = likeness::facts(&desk.store, u64::MAX)?;
    let Differences { differs: other, younger: mut newer, lists } =
        likeness::compare(&copy, &live.facts(lines)?);
    differs.extend(other);
    let compared = compare_pages(&aside_config, &desk, live, &lists)?;
    differs.extend(compared.differs);
    if younger == Younger::Differs {
        differs.extend(newer.drain(..).map(|what| format!("younger than the copy: {what}")));
    }
    let Restored { of, counts, .. } = put_back;
    // The page is read where nobody knows which folder this was typed in.
    let path = fs::canonicalize(source.path()).unwrap_or_else(|_| source.path().to_owned());
    Ok(Drilled { path, of, took, differs, younger: newer, counts, pages: compared.pages })
}

fn failed(doing: &'static str, path: &Path, why: io::Error) -> RecoveryError {
    RecoveryError::Io { doing, path: path.to_owned(), why }
}

/// A rehearsal must not fill the disk of the server it is for.
fn room(config: &Config, source: &Source) -> Result<(), RecoveryError> {
    let data = &config.data_dir;
    let files = crate::store::cut::files_below(data).map_err(|why| failed("look through", data, why))?;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let needed = bytes * ROOM_TIMES + ROOM_BYTES;
    let free = crate::recovery::free_bytes(data)?;
    if free < needed {
        let (free, needed) = (free >> 20, needed >> 20);
        return Err(RecoveryError::Refused(format!(
            "{} cannot be restored aside: that needs {needed} MiB in {}, and {free} MiB are free",
            source.path().display(),
            data.display()
        )));
    }
    Ok(())
}

/// How long the journal was in the copy; a restore writes a few lines of its own.
fn lines_of_copy(store: &Store) -> Result<u64, StoreError> {
    let (mut last, mut settled) = (0, None);
    store.history(|line| {
        if matches!(line.event, Event::Settled { .. }) && line.seq > 1 {
            settled = Some(line.seq - 1);
        }
        last = line.seq;
    })?;
    Ok(settled.unwrap_or(last))
}

/// What the configuration said then, and says now.
fn settings(manifest: &Manifest, config: &Config) -> Vec<String> {
    let parsed = |lines: &[String]| -> BTreeMap<String, String> {
        let without_place =
            |line: &String| line.rsplit_once("  (").map_or(line.clone(), |(line, _)| line.to_owned());
        let pairs = lines.iter().map(without_place);
        pairs.filter_map(|line| line.split_once(" = ").map(|(k, v)| (k.to_owned(), v.to_owned()))).collect()
    };
    let (then, now) = (parsed(&manifest.settings), parsed(&config.show()));
    let keys: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let nothing = "nothing".to_owned();
    let differing = keys.into_iter().filter(|key| then.get(*key) != now.get(*key));
    differing
        .map(|key| {
            let (then, now) = (then.get(key).unwrap_or(&nothing), now.get(key).unwrap_or(&nothing));
            format!("setting {key}: {then} in the copy, {now} on the server")
        })
        .collect()
}

/// Files only grow, so what was copied of each is how it begins now. One that is gone from the
/// server was taken away on purpose.
fn grown(manifest: &Manifest, copy: &Path, data: &Path) -> Result<Vec<String>, RecoveryError> {
    let mut differs = Vec::new();
    for (path, kept) in manifest.files.iter().filter(|(path, _)| only_grows(path)) {
        let (Some(one), Some(other)) =
            (begins(&copy.join(path), kept.bytes)?, begins(&data.join(path), kept.bytes)?)
        else {
            continue;
        };
        let cannot = |why| failed("compare", &data.join(path), why);
        let Some(at) = first_difference(one, other).map_err(cannot)? else { continue };
        // Whoever was erased since was written over on purpose; what they wrote differs by itself.
        let whole =
            is_whole(&copy.join(path), path).and_then(|whole| Ok(whole && is_whole(&data.join(path), path)?));
        if !whole.map_err(cannot)? {
            differs.push(format!("{path} differs from the server's at byte {at}"));
        }
    }
    Ok(differs)
}

fn begins(path: &Path, bytes: u64) -> Result<Option<impl Read + use<>>, RecoveryError> {
    match File::open(path) {
        Ok(file) => Ok(Some(BufReader::with_capacity(1 << 18, file).take(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, error)),
    }
}

fn first_difference(mut one: impl Read, mut other: impl Read) -> io::Result<Option<u64>> {
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut at = 0_u64;
    loop {
        let (count, others) = (fill(&mut one, &mut left)?, fill(&mut other, &mut right)?);
        let same = left[..count].iter().zip(&right[..others]).take_while(|(a, b)| a == b).count();
        at += same as u64;
        if same < count.max(others) {
            return Ok(Some(at));
        }
        if count == 0 {
            return Ok(None);
        }
    }
}

fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

struct Compared {
    differs: Vec<String>,
    pages: usize,
}

/// Pages and searches of the lists that do not differ anyway.
fn compare_pages(
    config: &Config,
    desk: &Arc<crate::flow::Desk>,
    live: &mut dyn Live,
    differing: &[String],
) -> Result<Compared, RecoveryError> {
    let indexed = desk.search.catch_up_wholly(|_| ());
    indexed.map_err(|error| RecoveryError::Refused(error.to_string()))?;
    let router = pages::pages(config, desk).map_err(|error| RecoveryError::Refused(error.to_string()))?;
    let router = web::router(router);
    let runtime = tokio::runtime::Handle::current();
    let mut paths = paths_of(&desk.store, differing)?;
    if differing.is_empty() {
        paths.push("/".to_owned());
    }
    let compared = paths.len();
    let mut waited = Duration::ZERO;
    loop {
        let asked = live.pages(&paths)?;
        let mut differs = Vec::new();
        for page in &asked {
            let (status, text) = runtime.block_on(web::aside::page(&router, &page.path));
            if (status, &text) != (page.status, &page.text) {
                differs.push(page.path.clone());
            }
        }
        if differs.is_empty() || waited >= PAGES_WAIT {
            let differs = differs.iter().map(|path| format!("page {path} is another in the copy"));
            return Ok(Compared {
                differs: differs.collect(),
                pages: if asked.is_empty() { 0 } else { compared },
            });
        }
        // The search index may still follow.
        paths = differs;
        std::thread::sleep(PAGES_PAUSE);
        waited += PAGES_PAUSE;
    }
}

fn paths_of(store: &Store, differing: &[String]) -> Result<Vec<String>, StoreError> {
    let mut paths = Vec::new();
    let same = |address: &str| !differing.iter().any(|other| other == address);
    let lists = store.reader().lists()?;
    for list in lists.into_iter().filter(|list| same(&list.address.to_string())).take(LISTS_MAX) {
        let name = list.address.name();
        paths.push(format!("/{name}/"));
        if let Some(month) = store.reader().months(list.id)?.last() {
            paths.push(format!("/{name}/{:04}/{:02}/", month.year, month.month));
        }
        let mut words = Vec::new();
        for post in store.reader().latest_posts(list.id, THREADS_MAX)? {
            paths.push(format!("/{name}/m/{}/", encoded(post.message_id.as_str())));
            let long = post.subject.split(|c: char| !c.is_alphabetic());
            words.extend(long.filter(|word| word.chars().count() >= WORD_CHARS_MIN).map(str::to_owned));
        }
        words.sort();
        words.dedup();
        paths.extend(words.iter().take(WORDS_MAX).map(|word| format!("/{name}/search?q={}", encoded(word))));
    }
    Ok(paths)
}

/// Percent-encoded as a part of a path or query.
fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|b| if plain(&b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Takes away what rehearsals left that were cut short.
pub fn sweep(data: &Path) {
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".drill-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Remembers that a rehearsal was good.
pub fn note(config: &Config, drilled: &Drilled, now: Timestamp) {
    if drilled.good() {
        let mut known = copies::remembered(&config.data_dir);
        known.rehearsed = Some(now.seconds());
        copies::remember(&config.data_dir, &known);
    }
}
