//! Moves the simulation: lets the flow run until everybody waits, then goes to the next moment at
//! which anything happens.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parvis::domain::list::Language;
use parvis::domain::pace::Felt;
use parvis::domain::retry::RetrySchedule;
use parvis::domain::time::Zone;
use parvis::flow::receive::PostRoom;
use parvis::flow::send::copies::CopyMaker;
use parvis::flow::send::deliver::{Spread, carry_out};
use parvis::flow::send::dispatch::{Dispatch, Ended, Sorted, Work};
use parvis::flow::{Desk, FlowError, decide};
use parvis::letters::Letters;
use parvis::store::archive::PostState;
use parvis::store::{PostInfo, Store, StoreOptions};
use tokio::task::{Id, JoinSet};

use super::acts::Act;
use super::chance::Chance;
use super::model::{Fate, Model};
use super::peers::{Peers, message_id};
use super::road::{Planted, Road};
use super::time::{HOUR, MINUTE, Time};

/// A server that runs.
pub(super) struct Open {
    pub(super) desk: Arc<Desk>,
    pub(super) room: Arc<PostRoom>,
    pub(super) dispatch: Dispatch,
    maker: Arc<CopyMaker>,
    in_hand: JoinSet<Result<Ended, FlowError>>,
    works: HashMap<Id, Work>,
    spread: Spread,
}

/// How much of the working state outlives the end of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StateLeft {
    AsItWas,
    /// As it was some while before.
    Older,
    Nothing,
}

/// How a server ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// What is in hand is finished.
    Asked,
    /// In the middle of everything, with half a line at the end of files.
    Killed(StateLeft),
}

pub(super) struct Simulation {
    pub(super) chance: Chance,
    pub(super) time: Time,
    pub(super) peers: Arc<Peers>,
    pub(super) model: Arc<Mutex<Model>>,
    pub(super) planted: Planted,
    /// By moment and order.
    pub(super) acts: BTreeMap<(i64, u64), Act>,
    pub(super) runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    road: Arc<Road>,
    open: Option<Open>,
}

/// Copies on their way at once.
const AT_ONCE: usize = 5;
/// More than any run takes: then it goes in circles.
const STEPS_MAX: u32 = 100_000;
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_hours(48);

impl Simulation {
    pub(super) fn new(seed: u64, planted: Planted) -> Simulation {
        let (time, model) = (Time::default(), Arc::new(Mutex::new(Model::default())));
        let peers = Arc::new(Peers::new(seed, time.clone(), model.clone()));
        let mut simulation = Simulation {
            chance: Chance::new(seed),
            time,
            road: Arc::new(Road::new(peers.clone(), planted)),
            peers,
            model,
            planted,
            acts: BTreeMap::new(),
            runtime: tokio::runtime::Builder::new_current_thread().build().expect("a runtime"),
            folder: folder(),
            open: None,
        };
        std::fs::create_dir_all(simulation.data().join("keys")).expect("made");
        // The same key each time, so that a seed says everything.
        let key = simulation.data().join("keys/token.key");
        std::fs::write(&key, [7; 32]).expect("written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key, private).expect("ours");
        simulation.start();
        simulation
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn open(&self) -> &Open {
        self.open.as_ref().expect("the server runs")
    }

    pub(super) fn store(&self) -> &Store {
        &self.open().desk.store
    }

    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs until nothing is planned and nothing moves any more.
    pub(super) fn run(&mut self) -> Result<(), String> {
        for _ in 0..STEPS_MAX {
            self.settle()?;
            // What is due and was not handed out waits for one of those in hand to end.
            let due = self.open().dispatch.next_due(self.time.clock()).map(|due| self.time.when_shown(due));
            let due = due.filter(|due| *due > self.time.passed());
            let act = self.acts.first_key_value().map(|((at, _), _)| *at);
            let answer = self.peers.next_answer();
            let Some(next) = [due, act, answer].into_iter().flatten().min() else { return Ok(()) };
            self.time.go_on_to(next);
            let now = self.time.passed();
            if answer.is_some_and(|at| at <= now) {
                self.peers.answer_next();
            } else if act.is_some_and(|at| at <= now)
                && let Some((_, act)) = self.acts.pop_first()
            {
                self.perform(act)?;
            }
        }
        Err("it never ends".to_owned())
    }

    /// Hands out what there is, until everything in hand waits for a peer.
    fn settle(&mut self) -> Result<(), String> {
        let Simulation { open, road, time, runtime, peers, planted, .. } = self;
        let open = open.as_mut().expect("the server runs");
        loop {
            let now = time.clock();
            for post in open.dispatch.refill(&open.desk, now).map_err(|e| e.to_string())? {
                open.maker.forget(post);
            }
            while open.dispatch.sort(&open.desk, &**road) == Sorted::NotYet {}
            while open.in_hand.len() < AT_ONCE {
                let Some(work) = open.dispatch.take(now, AT_ONCE) else { break };
                let (spread, attempts) = (open.spread.next(), open.dispatch.letter_attempts(&work));
                let (desk, road, maker) = (open.desk.clone(), road.clone(), open.maker.clone());
                let carried = work.clone();
                let _in_the_runtime = runtime.enter();
                let task = open
                    .in_hand
                    .spawn(async move { carry_out(&desk, &*road, &maker, &carried, attempts, spread).await });
                open.works.insert(task.id(), work);
            }
            let Some(ended) = runtime.block_on(next_ended(&mut open.in_hand, peers)) else { return Ok(()) };
            let (id, ended) = match ended {
                Ok((id, ended)) => (id, ended.map_err(|error| error.to_string())?),
                Err(failed) if *planted == Planted::OutcomeLost => {
                    (failed.id(), Ended::Settled(Felt::Answered))
                }
                Err(failed) => return Err(format!("sending something failed: {failed}")),
            };
            let work = open.works.remove(&id).expect("it was handed out");
            open.dispatch.give_back(&work, ended, time.clock());
        }
    }

    pub(super) fn end(&mut self, end: End) {
        if end == End::Asked {
            // Nothing new is begun, and what is in hand is waited for.
            while let Some(at) = self.peers.next_answer() {
                self.time.go_on_to(at);
                self.peers.answer_next();
                let Simulation { open, runtime, peers, .. } = self;
                let open = open.as_mut().expect("the server runs");
                while runtime.block_on(next_ended(&mut open.in_hand, peers)).is_some() {}
            }
        }
        let fans = self.store().fans().expect("readable");
        let Open { desk, room, maker, mut in_hand, .. } = self.open.take().expect("the server runs");
        self.runtime.block_on(in_hand.shutdown());
        self.peers.server_dies();
        drop((room, maker));
        let desk = Arc::into_inner(desk).expect("nobody else has it");
        drop(Arc::into_inner(desk.store).expect("nobody else has it"));
        let state = self.data().join("state");
        match end {
            End::Asked | End::Killed(StateLeft::AsItWas) => {}
            End::Killed(StateLeft::Older) => {
                let remembered = self.folder.path().join("state");
                if remembered.is_dir() {
                    std::fs::remove_dir_all(&state).expect("removed");
                    std::fs::rename(remembered, &state).expect("put in its place");
                }
            }
            End::Killed(StateLeft::Nothing) => std::fs::remove_dir_all(&state).expect("removed"),
        }
        if end != End::Asked {
            let ledger = fans.last().map(|fan| self.data().join(format!("deliveries/{}.jsonl", fan.post)));
            self.leave_half_lines(ledger);
        }
    }

    /// As a kill in the middle of a write leaves them.
    fn leave_half_lines(&mut self, ledger: Option<PathBuf>) {
        let last = |folder: &str| {
            let files = std::fs::read_dir(self.data().join(folder)).expect("readable");
            files.map(|entry| entry.expect("readable").path()).max()
        };
        for (file, half) in [
            (last("journal"), r#"{"seq":99999,"at":"2026-11-2"#),
            (last("people"), r#"{"id":77,"addr"#),
            (ledger, r#"{"at":"2026-11-22T12:00:0"#),
        ] {
            if let Some(file) = file.filter(|file| self.chance.one_in(2) && file.exists()) {
                let mut file = std::fs::OpenOptions::new().append(true).open(file).expect("writable");
                std::io::Write::write_all(&mut file, half.as_bytes()).expect("written");
            }
        }
    }

    /// Keeps the working state as it is now, for [`StateLeft::Older`].
    pub(super) fn remember_state(&self) {
        let remembered = self.folder.path().join("state");
        let _ = std::fs::remove_dir_all(&remembered);
        copy_folder(&self.data().join("state"), &remembered);
    }

    pub(super) fn start(&mut self) {
        let desk = Arc::new(desk(&self.data(), &self.time));
        self.open = Some(Open {
            room: Arc::new(PostRoom::new(desk.clone())),
            dispatch: Dispatch::of(&desk),
            maker: Arc::default(),
            in_hand: JoinSet::new(),
            works: HashMap::new(),
            spread: Spread::default(),
            desk,
        });
        decide::decide_left_behind(&self.open().desk).expect("decided");
        decide::Suspects::default().decide(&self.open().desk).expect("decided");
        self.learn_decisions();
    }

    pub(super) fn decide(&mut self) -> Result<(), String> {
        decide::decide_waiting(&self.open().desk).map_err(|error| error.to_string())?;
        self.learn_decisions();
        Ok(())
    }

    /// Who a post should go to is known by the model at the moment it was published.
    pub(super) fn learn_decisions(&self) {
        for (id, infos) in self.kept() {
            let mut model = self.model();
            let Some(post) = model.posts.get_mut(&id) else { continue };
            // What was refused may be sent again, and is another then.
            let Some(last) = infos.last() else { continue };
            match (last.state, &post.fate) {
                (PostState::Undecided, Fate::Ended) => post.fate = Fate::Open,
                (PostState::Held, Fate::Open | Fate::Ended) => post.fate = Fate::Waiting,
                (PostState::Published, Fate::Open | Fate::Waiting | Fate::Ended) => {
                    model.published(&id, self.time.clock());
                }
                (PostState::Refused | PostState::Dropped, Fate::Waiting) => {
                    post.fate = Fate::Ended;
                    post.ended += 1;
                }
                (PostState::Undecided, Fate::Open | Fate::Waiting | Fate::Published { .. })
                | (PostState::Held, Fate::Waiting | Fate::Published { .. })
                | (PostState::Published, Fate::Published { .. })
                | (PostState::Refused | PostState::Dropped, _) => {}
            }
        }
    }

    /// Everything of a list that Parvis has, by Message-ID.
    pub(super) fn kept(&self) -> BTreeMap<String, Vec<PostInfo>> {
        let mut kept: BTreeMap<String, Vec<PostInfo>> = BTreeMap::new();
        let posts = self.store().posts(parvis::domain::ids::PostId(0), usize::MAX).expect("readable");
        for info in posts.into_iter().filter(|info| info.list.is_some()) {
            let raw = self.store().raw(info.id).expect("readable").expect("there");
            kept.entry(message_id(&raw)).or_default().push(info);
        }
        kept
    }
}

type Joined = Result<(Id, Result<Ended, FlowError>), tokio::task::JoinError>;

/// The next piece of work that ends, or nothing if all wait for somebody's answer.
async fn next_ended(in_hand: &mut JoinSet<Result<Ended, FlowError>>, peers: &Peers) -> Option<Joined> {
    loop {
        if peers.parked() == in_hand.len() {
            return None;
        }
        tokio::select! {
            biased;
            Some(ended) = in_hand.join_next_with_id() => return Some(ended),
            () = peers.arrived.notified() => {}
        }
    }
}

/// Memory where there is some to be used as a disk: what a power cut leaves is not looked at here.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a folder")
}

fn desk(data: &Path, time: &Time) -> Desk {
    let zone = Zone::parse("Europe/Paris").expect("bundled");
    let options = StoreOptions { data: data.to_owned(), zone: zone.clone(), reserve_bytes: 0 };
    let store = Store::open(options, time.clock()).expect("it opens");
    Desk {
        pages: Default::default(),
        search: parvis::search::Search::new(store.reader().clone(), zone.clone()),
        store: Arc::new(store),
        letters: Letters::new(None).0,
        digests: parvis::digest::DigestTemplates::new(None).0,
        phrases: parvis::understand::PhraseBook::new(None).0,
        hostname: "lists.example".to_owned(),
        base_url: "https://lists.example".to_owned(),
        language: Language::Fr,
        zone,
        operator: None,
        signer: None,
        rewrite_from_always: Vec::new(),
        retry: RetrySchedule {
            waits: [5 * MINUTE, 30 * MINUTE, 3 * HOUR, 8 * HOUR].map(minutes).to_vec(),
            give_up_after: GIVE_UP_AFTER,
        },
        clock: time.as_clock(),
        bell: Arc::default(),
        letter_waits: Default::default(),
        taking: AtomicUsize::new(0),
    }
}

fn minutes(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).expect("forward"))
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}
