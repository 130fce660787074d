//! Finds words in the archive: the one home of tantivy, and of what words are.
//!
//! The index follows the journal (`keeper`), is never ahead of the store, and may be lost at any
//! time: it is built again by itself. Who may read which lists is said by whoever asks; every
//! answer is looked up in the store again before it is given. Knows nothing of pages or mail.

mod compile;
mod editions;
mod excerpt;
mod find;
mod gather;
mod keeper;
mod query;
mod schema;
mod suggest;
mod tokens;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::editions::EditionHit;
pub use self::excerpt::{Piece, plain};
pub use self::find::{Found, Group, Hit};
use self::keeper::{Advanced, Keeper, Opened};
pub use self::query::QUERY_CHARS_MAX;
use crate::domain::ids::{ListId, PostId};
use crate::domain::time::Zone;
use crate::store::StoreError;
use crate::store::archive::ArchiveReader;

/// The folder of the index, in the data folder.
const FOLDER: &str = "search";

/// Why something could not be looked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SearchError {
    /// The index does not answer; it will be built again.
    #[error("the search index does not answer: {0}")]
    Index(String),
    /// The archive does not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<tantivy::TantivyError> for SearchError {
    fn from(error: tantivy::TantivyError) -> SearchError {
        SearchError::Index(error.to_string())
    }
}

impl From<std::io::Error> for SearchError {
    fn from(error: std::io::Error) -> SearchError {
        SearchError::Index(error.to_string())
    }
}

/// Who will see what is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// Anybody: no addresses, and nothing whose author does not want it read by strangers.
    Stranger,
    /// Somebody who has the posts in their mailbox anyway.
    Member,
}

/// In which order answers come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The most fitting first.
    Relevance,
    /// The newest first.
    Newest,
}

/// How answers are gathered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gathered {
    /// Posts of one thread together.
    Threads,
    /// Each for itself.
    Posts,
}

/// A list that may be looked into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shelf {
    /// The list.
    pub list: ListId,
    /// Its whole address: by it, or by its local part, `list:` calls it.
    pub address: String,
    /// Who they are to this list.
    pub reader: Reader,
    /// The first number of the posts they may read; absent: all.
    pub from: Option<PostId>,
}

/// What somebody looks for.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// As they wrote it.
    pub query: &'a str,
    /// Every list they may read.
    pub readable: &'a [Shelf],
    /// Those they look into unless the query names others; every one of them is among the readable.
    pub at_hand: &'a [ListId],
    /// In which order.
    pub order: Order,
    /// Threads or posts.
    pub gathered: Gathered,
    /// Where nothing holds all the words: what holds nearly all of them.
    pub nearly: bool,
    /// Answers that are passed over.
    pub skip: usize,
    /// Answers at most.
    pub take: usize,
}

/// Looks for words, and keeps the index. Cheap to clone; every method may wait for the disk.
#[derive(Clone)]
pub struct Search {
    inner: Arc<Inner>,
}

struct Inner {
    archive: ArchiveReader,
    folder: PathBuf,
    zone: Zone,
    /// What searches look at; never waited for while the index grows.
    shown: RwLock<Option<Arc<Opened>>>,
    keeper: Mutex<Keeper>,
    /// Something in the index could not be read: the keeper builds it again.
    broken: AtomicBool,
    /// Lines of the journal the index has not seen.
    behind: AtomicU64,
    /// Lines of the journal searches have seen.
    reached: AtomicU64,
}

/// Whether there is more to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The index has all the archive has.
    UpToDate,
    /// So many lines of the journal are left.
    Behind(u64),
}

/// How long an index that grows beside other work waits for more of it.
const GROWING_PAUSE: Duration = Duration::from_millis(200);

/// An index that grows on a thread of its own.
pub struct Growing {
    search: Search,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Growing {
    /// Takes in what is left.
    pub fn finish(mut self) -> Result<(), SearchError> {
        self.end();
        self.search.catch_up_wholly(|_| ())
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // What became of it shows when the rest is taken in.
            let _ = thread.join();
        }
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.end();
    }
}

impl Search {
    /// Over this archive; days begin where `zone` says. Touches nothing yet.
    pub fn new(archive: ArchiveReader, zone: Zone) -> Search {
        let folder = archive.data().join(FOLDER);
        let inner = Inner {
            archive,
            folder,
            zone,
            shown: RwLock::new(None),
            keeper: Mutex::new(Keeper::default()),
            broken: AtomicBool::new(false),
            behind: AtomicU64::new(0),
            reached: AtomicU64::new(0),
        };
        Search { inner: Arc::new(inner) }
    }

    /// Finds. Never waits for the index to grow.
    pub fn find(&self, wish: &Wish<'_>) -> Result<Found, SearchError> {
        let Some(opened) = self.opened()? else { return Ok(Found::not_yet()) };
        let mut found = self.guarded(|| find::find(&self.inner.archive, &opened, &self.inner.zone, wish))?;
        found.behind = self.behind();
        Ok(found)
    }

    /// What one author wrote in a list, under that name; the newest first.
    pub fn by_author(
        &self,
        shelf: &Shelf,
        name: &str,
        (skip, take): (usize, usize),
    ) -> Result<Found, SearchError> {
        let Some(opened) = self.opened()? else { return Ok(Found::not_yet()) };
        self.guarded(|| find::by_author(&self.inner.archive, &opened, shelf, name, (skip, take)))
    }

    /// Lines of the journal the index has not seen yet, as far as anybody looked.
    pub fn behind(&self) -> Standing {
        match self.inner.behind.load(Ordering::Relaxed) {
            0 => Standing::UpToDate,
            lines => Standing::Behind(lines),
        }
    }

    /// Lines of the journal whose posts searches find; no more are there when that is all.
    pub fn reached(&self) -> u64 {
        self.inner.reached.load(Ordering::Acquire)
    }

    /// Takes in what is new, up to a commit; opens the index, or begins one, if need be.
    pub fn catch_up(&self) -> Result<Standing, SearchError> {
        let mut keeper = self.inner.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner.broken.swap(false, Ordering::AcqRel) {
            keeper.put_aside(&self.inner.folder)?;
            self.show(None);
        }
        let done = caught(|| self.advance(&mut keeper));
        if done.is_err() {
            // What was half done is forgotten; the last commit stands.
            *keeper = Keeper::default();
            self.inner.broken.store(true, Ordering::Release);
        }
        done
    }

    /// Takes in everything that is there by now.
    pub fn catch_up_wholly(&self, mut progress: impl FnMut(u64)) -> Result<(), SearchError> {
        while let Standing::Behind(lines) = self.catch_up()? {
            progress(lines);
        }
        Ok(())
    }

    /// Lets go of the index; it is opened again when somebody needs it.
    pub fn close(&self) {
        *self.inner.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Keeper::default();
        self.show(None);
    }

    /// Takes the index away with all that is said in it; it is built again from what is there then.
    pub fn throw_away(&self) -> Result<(), StoreError> {
        let mut keeper = self.inner.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        self.show(None);
        keeper.throw_away(&self.inner.folder).map_err(|error| StoreError::Io {
            doing: "remove",
            path: self.inner.folder.clone(),
            why: error.to_string(),
        })
    }

    /// Takes in what is new on a thread of its own, as long as somebody else is at work.
    pub fn grow_beside(&self) -> Growing {
        let stop = Arc::new(AtomicBool::new(false));
        let (search, stopping) = (self.clone(), stop.clone());
        let work = move || {
            while !stopping.load(Ordering::Acquire) {
                match search.catch_up() {
                    Ok(Standing::Behind(_)) => {}
                    Ok(Standing::UpToDate) | Err(_) => std::thread::park_timeout(GROWING_PAUSE),
                }
            }
        };
        let thread = std::thread::Builder::new().name("index".to_owned()).spawn(work).ok();
        Growing { search: self.clone(), stop, thread }
    }

    /// Throws the index away and builds it again; searches look at the old one meanwhile.
    pub fn rebuild(&self) -> Result<(), SearchError> {
        {
            let mut keeper = self.inner.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            keeper.put_aside(&self.inner.folder)?;
            keeper.show_when_whole();
        }
        self.catch_up_wholly(|_| ())
    }

    fn advance(&self, keeper: &mut Keeper) -> Result<Standing, SearchError> {
        let opened = keeper.open(&self.inner.folder, &self.inner.archive)?;
        if keeper.may_be_shown() && self.shown().is_none() {
            self.show(Some(opened));
        }
        let left = match keeper.advance(&self.inner.archive, &self.inner.folder)? {
            Advanced::Left(left) => left,
            Advanced::Anew => {
                self.show(None);
                keeper.throw_away(&self.inner.folder)?;
                1
            }
        };
        self.inner.behind.store(left, Ordering::Relaxed);
        if left > 0 {
            return Ok(Standing::Behind(left));
        }
        if let Some(opened) = keeper.whole(&self.inner.folder) {
            self.show(Some(opened));
        }
        self.inner.reached.store(keeper.reached(), Ordering::Release);
        Ok(Standing::UpToDate)
    }

    fn shown(&self) -> Option<Arc<Opened>> {
        self.inner.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, opened: Option<Arc<Opened>>) {
        self.inner.reached.store(0, Ordering::Release);
        *self.inner.shown.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }

    /// What can be looked at; opened now if nobody did. `None`: it is being built.
    fn opened(&self) -> Result<Option<Arc<Opened>>, SearchError> {
        if let Some(opened) = self.shown() {
            return Ok(Some(opened));
        }
        let mut keeper = match self.inner.keeper.try_lock() {
            Ok(keeper) => keeper,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(None),
        };
        let opened = keeper.open(&self.inner.folder, &self.inner.archive)?;
        self.show(Some(opened.clone()));
        Ok(Some(opened))
    }

    /// A broken index costs an answer, and is built again.
    fn guarded<T>(&self, look: impl FnOnce() -> Result<T, SearchError>) -> Result<T, SearchError> {
        let looked = caught(look);
        if matches!(looked, Err(SearchError::Index(_))) {
            self.inner.broken.store(true, Ordering::Release);
        }
        looked
    }
}

/// Files of others' making are read by a library of others: a panic there is an error here.
fn caught<T>(work: impl FnOnce() -> Result<T, SearchError>) -> Result<T, SearchError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(SearchError::Index("it is damaged".to_owned())))
}
