//! What Parvis remembers: the truth in plain files, and a working state that follows from it.
//!
//! One verb changes anything: [`Store::commit`]. It is durable when it returns. Everything else
//! asks. Knows nothing of sockets, and never what a rule would decide.

mod apply;
pub mod archive;
mod catch_up;
pub mod change;
mod committer;
pub mod cut;
pub mod editions;
mod engine;
mod error;
pub mod event;
mod files;
pub mod following;
pub mod forget;
mod instance;
pub mod issue;
mod journal;
mod kept;
mod keys;
pub mod ledger;
mod lines;
pub mod newer;
pub mod news;
mod old_addresses;
pub mod open;
mod part;
mod passes;
mod people;
pub mod person_set;
mod post_info;
mod questions;
mod readers;
mod rebuild;
mod records;
pub mod rewrite;
pub mod segments;
mod set_aside;
mod tally;
pub mod verify;
mod view;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use self::archive::ArchiveReader;
use self::change::{Change, Ticket};
use self::committer::{Committer, Request};
pub use self::error::StoreError;
use self::error::is_full;
pub use self::forget::Forgetting;
use self::news::{Heard, News, Newsroom};
pub use self::old_addresses::{OldAddress, PATH_BYTES_MAX};
pub use self::open::Opened;
pub use self::passes::{Opens, Pass};
pub use self::post_info::PostInfo;
pub use self::questions::{Due, Fan, HeldItem, OpenQuestion, OwedLetter, PutOff};
pub use self::readers::Readers;
use self::readers::ReadersCache;
use self::segments::MailPlace;
use crate::domain::ids::{ListId, PassId, PersonId, PostId, QuestionId};
use crate::domain::time::{Timestamp, Zone};
use crate::domain::token::TokenKey;

/// Where the store is, and how it is kept.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The data folder.
    pub data: PathBuf,
    /// In which posts are sorted into months.
    pub zone: Zone,
    /// Posts are put off while less than this is free, in bytes.
    pub reserve_bytes: u64,
}

/// Everything kept. Shared behind an [`Arc`].
pub struct Store {
    reader: ArchiveReader,
    requests: Option<mpsc::UnboundedSender<Request>>,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
    changed: watch::Receiver<u64>,
    readers: Arc<ReadersCache>,
    newsroom: Arc<Newsroom>,
    numbers: Numbers,
    tokens: TokenKey,
    options: StoreOptions,
    opened: Opened,
    _lock: File,
}

/// The next numbers to give.
struct Numbers {
    post: AtomicU64,
    list: AtomicU64,
    person: AtomicU64,
    letter: AtomicU64,
    question: AtomicU64,
    pass: AtomicU64,
}

/// How long what the state has seen may be younger than what it has safely on disk. The journal
/// holds the difference.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(3);
/// Below this many free file entries, posts are put off as well.
const RESERVE_INODES: u64 = 1_000;

impl Store {
    /// Opens the data folder, making what is not there and mending what a crash left.
    pub fn open(options: StoreOptions, now: Timestamp) -> Result<Store, StoreError> {
        Store::open_with(options, now, open::Unfinished::Refuse)
    }

    /// Opens a folder that a restore is putting together, which nobody else may.
    pub fn open_restored(options: StoreOptions, now: Timestamp) -> Result<Store, StoreError> {
        Store::open_with(options, now, open::Unfinished::Open)
    }

    fn open_with(
        options: StoreOptions,
        now: Timestamp,
        unfinished: open::Unfinished,
    ) -> Result<Store, StoreError> {
        let parts = open::open(&options.data, &options.zone, unfinished)?;
        let tokens = token_key(&options.data)?;
        let data = Arc::new(options.data.clone());
        let reader = ArchiveReader::new(parts.engine.clone(), data);
        let closed = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(AtomicBool::new(false));
        let readers = Arc::new(ReadersCache::default());
        let newsroom = Arc::new(Newsroom::default());
        let (changed_sender, changed) = watch::channel(parts.reached.journal.seq);
        let mut committer = Committer {
            data: options.data.clone(),
            engine: parts.engine.clone(),
            zone: options.zone.clone(),
            position: parts.reached.journal,
            people: parts.reached.people,
            ledger: parts.reached.ledger,
            closed: closed.clone(),
            changed: changed_sender,
            readers: readers.clone(),
            newsroom: newsroom.clone(),
            files: files::Appender::new(&options.data),
            segments: std::collections::BTreeMap::new(),
        };
        for file in catch_up::mail_files(&options.data)? {
            if let Some((list, number)) = segments::segment_number(&file) {
                committer.segments.insert(list, number);
            }
        }
        let (requests, inbox) = mpsc::unbounded_channel();
        let threads = vec![
            spawn("commit", move || committer.run(inbox))?,
            spawn("checkpoint", checkpoints(parts.engine, requests.downgrade(), stop.clone()))?,
        ];
        let mut store = Store {
            reader,
            requests: Some(requests),
            threads,
            stop,
            closed,
            changed,
            readers,
            newsroom,
            numbers: Numbers::none(),
            tokens,
            options,
            opened: parts.opened,
            _lock: parts.lock,
        };
        let mut first = Change::at(now);
        first.events = parts.events;
        first.events.extend(store.finished_but_not_said()?);
        if !first.events.is_empty() {
            store.commit(first)?;
        }
        store.numbers = Numbers::after(store.reader.engine())?;
        Ok(store)
    }

    /// Makes a change. Durable when this returns; not made at all when it fails.
    pub fn commit(&self, change: Change) -> Result<(), StoreError> {
        self.submit(change).wait()
    }

    /// Begins a change; the ticket says when it is durable.
    pub fn submit(&self, change: Change) -> Ticket {
        let (answer, ticket) = oneshot::channel();
        match change.too_long() {
            // Found later, it would be in the journal, and no state could be made from that.
            Some(what) => {
                let _ = answer.send(Err(StoreError::TooLong(what)));
            }
            None => self.request(Request::Commit(Box::new(change), answer)),
        }
        Ticket(ticket)
    }

    /// Builds the whole working state again from the truth, and goes on with that.
    pub fn rebuild(&self) -> Result<(), StoreError> {
        let (answer, ticket) = oneshot::channel();
        self.request(Request::Rebuild(answer));
        Ticket(ticket).wait()
    }

    /// What there is between two groups, to be copied while the store goes on.
    pub fn cut(&self) -> Result<cut::Cut, StoreError> {
        let (answer, taken) = oneshot::channel();
        self.request(Request::Cut(answer));
        taken.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Has the one thread that writes do something with files nobody else writes to meanwhile.
    fn alter(
        &self,
        work: impl FnOnce(&mut Committer) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (answer, ticket) = oneshot::channel();
        self.request(Request::Alter(Box::new(work), answer));
        Ticket(ticket).wait()
    }

    fn request(&self, request: Request) {
        if let Some(requests) = &self.requests {
            // With the thread gone the answer's channel closes, which reads as `Closed`.
            let _ = requests.send(request);
        }
    }

    /// The read-only face.
    pub fn reader(&self) -> &ArchiveReader {
        &self.reader
    }

    /// What was found when it was opened.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Says when something was committed: the journal's length in lines.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// The journal's length in lines: while it stays, nothing but copies has moved.
    pub fn journal_len(&self) -> u64 {
        *self.changed.borrow()
    }

    /// What concerns who sends and is new since; `None`: look at everything.
    pub fn news(&self, heard: &mut Heard) -> Option<Vec<News>> {
        self.newsroom.since(heard)
    }

    /// The key tokens are derived from.
    pub fn tokens(&self) -> &TokenKey {
        &self.tokens
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.options.data
    }

    /// Whether a message can be taken now.
    pub fn room(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let disk = self.disk()?;
        let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        // File systems without a table of inodes say there are none at all.
        let inodes_short = disk.f_files > 0 && disk.f_favail < RESERVE_INODES;
        if bytes < self.options.reserve_bytes || inodes_short { Err(StoreError::Full) } else { Ok(()) }
    }

    /// Room on the disk of the data folder.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        let disk = self.disk()?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn disk(&self) -> Result<rustix::fs::StatVfs, StoreError> {
        rustix::fs::statvfs(self.data())
            .map_err(|source| StoreError::of_io("ask for free space in", self.data(), source.into()))
    }

    /// A number no post has had.
    pub fn next_post(&self) -> PostId {
        PostId(self.numbers.post.fetch_add(1, Ordering::Relaxed))
    }

    /// The highest number a message has had.
    pub fn posts_kept(&self) -> u64 {
        self.numbers.post.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// A number no list has had.
    pub fn next_list(&self) -> ListId {
        ListId(narrow(self.numbers.list.fetch_add(1, Ordering::Relaxed)))
    }

    /// A number no person has had.
    pub fn next_person(&self) -> PersonId {
        PersonId(narrow(self.numbers.person.fetch_add(1, Ordering::Relaxed)))
    }

    /// The highest number a question has had.
    pub fn questions_asked(&self) -> u32 {
        narrow(self.numbers.question.load(Ordering::Relaxed).saturating_sub(1))
    }

    /// A number no question has had.
    pub fn next_question(&self) -> QuestionId {
        QuestionId(narrow(self.numbers.question.fetch_add(1, Ordering::Relaxed)))
    }

    /// A number no pass has had.
    pub fn next_pass(&self) -> PassId {
        PassId(narrow(self.numbers.pass.fetch_add(1, Ordering::Relaxed)))
    }

    /// A number no letter has had.
    pub fn next_letter(&self) -> u64 {
        self.numbers.letter.fetch_add(1, Ordering::Relaxed)
    }
}

/// Waits for what is under way, and makes the state's files as young as they can be.
impl Drop for Store {
    fn drop(&mut self) {
        self.requests = None;
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended in a panic");
            }
        }
    }
}

impl Numbers {
    /// Before it is known which were given.
    fn none() -> Numbers {
        let [post, list, person, letter, question, pass] = [const { AtomicU64::new(0) }; 6];
        Numbers { post, list, person, letter, question, pass }
    }

    fn after(engine: &engine::Engine) -> Result<Numbers, StoreError> {
        let next = |name: &str| -> Result<AtomicU64, StoreError> {
            let highest = engine.get(&keys::setting(name))?.map_or(0, |value| keys::number_u64(&value, 0));
            Ok(AtomicU64::new(highest + 1))
        };
        Ok(Numbers {
            post: next(apply::HIGHEST_POST)?,
            list: next(apply::HIGHEST_LIST)?,
            person: next(apply::HIGHEST_PERSON)?,
            letter: next(apply::HIGHEST_LETTER)?,
            question: next(apply::HIGHEST_QUESTION)?,
            pass: next(apply::HIGHEST_PASS)?,
        })
    }
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).expect("fewer than four thousand million were given")
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| StoreError::of_io("start the thread", Path::new(name), source))
}

/// From time to time, makes what the state has seen survive a power cut; has it put in order where
/// the disk failed it, also when nobody writes anything.
fn checkpoints(
    engine: engine::Engine,
    requests: mpsc::WeakUnboundedSender<Request>,
    stop: Arc<AtomicBool>,
) -> impl FnOnce() + Send + 'static {
    move || {
        loop {
            let stopping = stop.load(Ordering::Acquire);
            if engine.health() != engine::Health::Good
                && let Some(requests) = requests.upgrade()
            {
                let _ = requests.send(Request::Revive);
            } else if let Err(error) = engine.checkpoint() {
                tracing::error!(%error, "the state could not be made safe; the journal holds it");
            }
            if stopping {
                return;
            }
            std::thread::park_timeout(CHECKPOINT_EVERY);
        }
    }
}

/// The installation's key: made once, from the system's randomness, readable to its owner alone.
fn token_key(data: &Path) -> Result<TokenKey, StoreError> {
    let path = data.join("keys").join("token.key");
    let io = |doing, source: io::Error| StoreError::of_io(doing, &path, source);
    match std::fs::read(&path) {
        Ok(bytes) => {
            let bytes = <[u8; TokenKey::BYTES]>::try_from(bytes);
            let wrong = || io("use", io::Error::other("it should be 32 bytes long"));
            bytes.map(TokenKey::new).map_err(|_| wrong())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; TokenKey::BYTES];
            getrandom::fill(&mut bytes).map_err(|e| io("make", io::Error::other(e.to_string())))?;
            write_private(&path, &bytes).map_err(|e| io("write", e))?;
            Ok(TokenKey::new(bytes))
        }
        Err(error) => Err(io("read", error)),
    }
}

/// Writes a file of mode 0600 that is whole or not there.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    segments::sync_folder(folder)
}

fn mail_error(place: &MailPlace, error: io::Error) -> StoreError {
    StoreError::of_io("read", Path::new(&place.file), error)
}
