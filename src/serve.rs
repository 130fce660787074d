//! The server: builds everything once, owns the tasks, reads the clock.
//!
//! Decides nothing about mail. What it starts, [`Server::stop`] ends: what is in hand is finished,
//! nothing new is begun.

mod acme;
mod certificates;
mod clock;
pub mod copies;
pub mod drill;
mod facts;
mod index;
mod measurements;
mod nightly;
mod only_pages;
pub mod operator;
mod pages;
mod rounds;
mod web_doors;
mod weekly;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

mod road;

pub use road::Road;

use crate::admin::socket;
use crate::auth::Checker;
use crate::config::{ArcSeal, Config, DkimKeyFile, LmtpListen, Presence, TlsFiles};
use crate::digest::DigestTemplates;
use crate::dns::Resolver;
use crate::domain::retry::RetrySchedule;
use crate::filter::{Filter, NoAddress};
use crate::flow::receive::PostRoom;
use crate::flow::{Clock, Desk, FlowError, digests, forget, keep_house, send::deliver};
use crate::letters::Letters;
use crate::net::certificates::{Certificates, WatchedFiles, install_crypto_provider};
use crate::net::door;
use crate::net::slots::Slots;
use crate::search::Search;
use crate::sign::{self, NamedKey, NoSigner, Signer};
use crate::smtp::server::{Deadlines, ServerOptions, StartTls, serve as serve_smtp};
use crate::smtp::session::Door;
use crate::store::{Store, StoreError, StoreOptions};
use crate::understand::PhraseBook;
use crate::web::front::Challenges;

use self::rounds::{
    DIGESTS_EVERY, HOUSE_EVERY, decide, decide_suspects, every, house_begins_after, on_a_thread,
};
pub use clock::system_clock;
pub use facts::check_facts;
pub use only_pages::only_pages;
pub use pages::show_aside;
pub use pages::{members_door, pages as pages_of};

/// Why a server cannot start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error("cannot open the data folder: {0}")]
    Store(#[from] StoreError),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What signs mail.
    #[error("{problem} (dkim.keys: {place})")]
    Signer {
        /// What is wrong with which file.
        problem: NoSigner,
        /// Where that file is named.
        place: String,
    },
    /// What carries mail out.
    #[error("cannot carry mail out: {0}")]
    Outbox(String),
    /// The filter.
    #[error(transparent)]
    Filter(#[from] NoAddress),
    /// The pages.
    #[error("cannot make the web pages: {0}")]
    Web(String),
    /// The store closed while serving.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// A task failed.
    #[error("{0}")]
    Task(String),
}

impl ServeError {
    /// Whether another process has the data folder open.
    pub fn is_in_use(&self) -> bool {
        matches!(self, ServeError::Store(StoreError::InUse(_)))
    }
}

/// A running server.
pub struct Server {
    /// What everything works with.
    pub desk: Arc<Desk>,
    /// Where posts come in.
    pub smtp: Vec<SocketAddr>,
    /// Where LMTP is spoken over TCP.
    pub lmtp: Vec<SocketAddr>,
    /// Where pages are read.
    pub web: Vec<SocketAddr>,
    /// Where they are read over https.
    pub web_tls: Vec<SocketAddr>,
    /// Where measurements are read.
    pub metrics: Vec<SocketAddr>,
    resolver: Arc<Resolver>,
    reload: Arc<Notify>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<(), ServeError>>,
}

/// Opens the data folder and sets everything on the desk.
pub fn open_desk(config: &Config, clock: Clock) -> Result<Desk, ServeError> {
    /// Less free than this, and posts are put off: three of the largest, and at least this much.
    const RESERVE_BYTES_MIN: u64 = 64 << 20;
    let options = StoreOptions {
        data: config.data_dir.clone(),
        zone: config.timezone.clone(),
        reserve_bytes: RESERVE_BYTES_MIN.max(3 * config.smtp.message_bytes_max),
    };
    let store = Store::open(options, clock())?;
    if let Some(why) = &store.opened().rebuilt {
        tracing::warn!(%why, "the working state was built again from mail, journal and people");
    }
    copies::say_if_fenced(&store, &config.timezone)?;
    let (letters, faults) = Letters::new(Some(config.data_dir.join("templates").join("mail")));
    for fault in faults {
        tracing::warn!(template = %fault.path.display(), why = %fault.why, "a letter's own template is not used");
    }
    let (digests, faults) = DigestTemplates::new(Some(config.data_dir.join("templates").join("digest")));
    for fault in faults {
        tracing::warn!(template = %fault.path.display(), why = %fault.why, "a digest's own template is not used");
    }
    let (phrases, faults) = PhraseBook::new(Some(&config.data_dir.join("phrases")));
    for fault in faults {
        tracing::warn!(phrases = %fault.path.display(), why = %fault.why, "phrases are not used");
    }
    Ok(Desk {
        search: Search::new(store.reader().clone(), config.timezone.clone()),
        store: Arc::new(store),
        letters,
        digests,
        phrases,
        hostname: config.hostname.clone(),
        base_url: config.web.base_url.clone(),
        language: config.language,
        zone: config.timezone.clone(),
        bell: Arc::default(),
        letter_waits: Arc::default(),
        taking: AtomicUsize::new(0),
        pages: OnceLock::new(),
        signer: None,
        operator: config.operator.clone(),
        rewrite_from_always: config.delivery.rewrite_from_always.clone(),
        retry: RetrySchedule {
            waits: config.delivery.retry.clone(),
            give_up_after: config.delivery.give_up_after,
        },
        clock,
    })
}

/// What signs, if there are keys.
fn signer(config: &Config) -> Result<Option<Signer>, ServeError> {
    let Some(files) = config.dkim.there().filter(|files| !files.is_empty()) else {
        if config.arc == ArcSeal::On {
            tracing::warn!("arc.seal is on, and there is no key to seal with: copies leave without");
        }
        return Ok(None);
    };
    let place = || config.written_at("dkim.keys");
    let wrong = |problem| ServeError::Signer { problem, place: place() };
    let mut keys = Vec::new();
    for DkimKeyFile { selector, file } in files {
        if sign::others_may_read(file) {
            tracing::warn!(file = %file.display(), "others on this machine may read a DKIM key; chmod 600 it");
        }
        keys.push(NamedKey { selector: selector.clone(), key: sign::read_key(file).map_err(wrong)? });
    }
    let signer = Signer::start(keys).map_err(wrong)?;
    Ok(Some(match config.arc {
        ArcSeal::On => signer.that_seals(&config.hostname),
        ArcSeal::Off => signer,
    }))
}

/// Starts everything. Returns once all doors are open.
pub async fn start(config: &Config, clock: Clock) -> Result<Server, ServeError> {
    install_crypto_provider();
    // Before anything else: a key that cannot be used is no reason to open the data folder.
    let signer = signer(config)?.map(Arc::new);
    let opening = config.clone();
    let desk = tokio::task::spawn_blocking(move || open_desk(&opening, clock));
    let mut desk = desk.await.map_err(|error| ServeError::Task(error.to_string()))??;
    desk.signer = signer;
    let desk = Arc::new(desk);
    let resolver = Arc::new(Resolver::new(&config.dns.servers));
    let outbox = Arc::new(road::road(config, &resolver)?);
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(decide(desk.clone(), stopping.clone()));
    tasks.spawn(decide_suspects(desk.clone(), stopping.clone()));
    tasks.spawn(index::keep(desk.clone(), stopping.clone()));
    let at_once = std::time::Duration::ZERO;
    let (house, digests) = (house_begins_after(&desk), digests::issue_due);
    let erasing = desk.clone();
    // Who was forgotten is so whatever the clock says.
    on_a_thread(move || forget::carry_out_due(&erasing)).await?;
    tasks.spawn(every(HOUSE_EVERY, house, keep_house::keep_house, desk.clone(), stopping.clone()));
    tasks.spawn(every(DIGESTS_EVERY, at_once, digests, desk.clone(), stopping.clone()));
    let (certificates, reload) = (Certificates::new(), Arc::new(Notify::new()));
    show_certificate(config, &certificates, &desk.clock, &reload, &stopping, &mut tasks).await?;
    // Where there is none, that is known before the first message waits for it.
    let looked_for = resolver.clone();
    tokio::spawn(async move { looked_for.is_there().await });
    let (smtp, lmtp) = open_doors(config, &desk, &certificates, &resolver, &stopping, &mut tasks).await?;
    pages::show_aside(config, &desk);
    let (pages, challenges) = (pages::pages(config, &desk)?, Challenges::default());
    let web = web_doors::open(
        config,
        pages,
        &certificates,
        &challenges,
        measurements::health(&desk),
        &stopping,
        &mut tasks,
    )
    .await?;
    let metrics = measurements::open(config, &desk, &certificates, &stopping, &mut tasks).await?;
    tasks.spawn(nightly::copy_and_rehearse(config.clone(), desk.clone(), outbox.clone(), stopping.clone()));
    tasks.spawn(weekly::look(config.clone(), desk.clone(), outbox.clone(), stopping.clone()));
    if config.acme.is_some() {
        let (config, desk, stopping) = (config.clone(), desk.clone(), stopping.clone());
        tasks.spawn(acme::keep(config, desk, resolver.clone(), certificates, challenges, stopping));
    }
    let control_path = socket::path(&config.data_dir);
    let control = socket::listen(&config.data_dir)
        .map_err(|source| ServeError::Listen { address: control_path.display().to_string(), source })?;
    tasks.spawn(control_commands(control, control_path, desk.clone(), stopping.clone()));
    let (tended, stopping_to_tend) = (outbox.clone(), stopping.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = tended.tend() => {}
            () = stopped(stopping_to_tend) => {}
        }
        Ok(())
    });
    let delivering =
        deliver::deliver(desk.clone(), outbox.clone(), config.delivery.connections_max, stopping);
    tasks.spawn(async move {
        let ended = delivering.await;
        outbox.close().await;
        ended.map_err(ServeError::from)
    });
    let web_doors::Opened { plain, tls } = web;
    Ok(Server { desk, smtp, lmtp, web: plain, web_tls: tls, metrics, resolver, stop, reload, tasks })
}

impl Server {
    /// Waits until it is known whether somebody answers questions about names.
    pub async fn settled(&self) {
        self.resolver.is_there().await;
    }

    /// Begins to end: what is in hand is finished.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Looks at once whether the certificate's files have changed.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// Waits for the end. A task that fails ends the others.
    pub async fn wait(&mut self) -> Result<(), ServeError> {
        let mut ended = Ok(());
        while let Some(task) = self.tasks.join_next().await {
            let task = task.unwrap_or_else(|error| Err(ServeError::Task(error.to_string())));
            if let Err(error) = task {
                tracing::error!(%error, "a part of the server ended; the rest is stopped");
                self.stop.send_replace(true);
                ended = ended.and(Err(error));
            }
        }
        ended
    }
}

/// The certificate of the files, if there are any, and a task that keeps looking at them. One that
/// we fetched ourselves comes before those of the configuration.
async fn show_certificate(
    config: &Config,
    certificates: &Arc<Certificates>,
    clock: &Clock,
    reload: &Arc<Notify>,
    stopping: &watch::Receiver<bool>,
    tasks: &mut JoinSet<Result<(), ServeError>>,
) -> Result<(), ServeError> {
    let fetched = acme::certificate_file(config);
    let named = match &config.smtp.tls {
        _ if config.acme.is_some() && fetched.exists() => TlsFiles { cert: fetched.clone(), key: fetched },
        Presence::There(named) => named.clone(),
        Presence::Absent(_) => return Ok(()),
    };
    let mut files = WatchedFiles::new(&named.cert, &named.key);
    let (shown, names, now) = (certificates.clone(), named.clone(), clock.clone());
    let looked = tokio::task::spawn_blocking(move || {
        certificates::look(&mut files, &shown, &names, &now);
        files
    });
    let files = looked.await.map_err(|error| ServeError::Task(error.to_string()))?;
    if config.acme.is_some() {
        // From here on, what is fetched counts.
        return Ok(());
    }
    let keeping = (certificates.clone(), clock.clone(), reload.clone(), stopping.clone());
    let (certificates, clock, reload, stopping) = keeping;
    tasks.spawn(certificates::keep(files, certificates, named, clock, reload, stopping));
    Ok(())
}

async fn open_doors(
    config: &Config,
    desk: &Arc<Desk>,
    certificates: &Arc<Certificates>,
    resolver: &Arc<Resolver>,
    stopping: &watch::Receiver<bool>,
    tasks: &mut JoinSet<Result<(), ServeError>>,
) -> Result<(Vec<SocketAddr>, Vec<SocketAddr>), ServeError> {
    let slots = Slots::new(
        config.smtp.connections_max,
        config.smtp.connections_per_peer_max,
        config.smtp.trusted_relays.clone(),
    );
    let (relays, believed) = (config.smtp.trusted_relays.clone(), config.smtp.trusted_authserv_id.clone());
    let checker = Arc::new(Checker::new(resolver.clone(), relays, believed));
    let mut room = PostRoom::new(desk.clone()).checking(checker);
    if let Some(address) = &config.rspamd {
        room = room.filtering(Filter::new(address)?);
    }
    let room = Arc::new(room);
    let options = |door| ServerOptions {
        hostname: config.hostname.clone(),
        door,
        message_bytes_max: usize::try_from(config.smtp.message_bytes_max).unwrap_or(usize::MAX),
        slots: slots.clone(),
        deadlines: Deadlines::default(),
        tls: Some(StartTls::new(certificates)),
    };
    let (mut smtp, mut lmtp) = (Vec::new(), Vec::new());
    for address in &config.smtp.listen {
        let listener = listen(*address).await?;
        smtp.extend(listener.local_addr());
        let serving = serve_smtp(listener, room.clone(), options(Door::Smtp), stopping.clone());
        tasks.spawn(to_its_end(serving));
    }
    for place in &config.smtp.lmtp_listen {
        let options = options(Door::Lmtp);
        match place {
            LmtpListen::Address(address) => {
                let listener = listen(*address).await?;
                lmtp.extend(listener.local_addr());
                let serving = serve_smtp(listener, room.clone(), options, stopping.clone());
                tasks.spawn(to_its_end(serving));
            }
            LmtpListen::Unix(path) => {
                let listener = listen_unix(path)?;
                let serving = serve_smtp(listener, room.clone(), options, stopping.clone());
                tasks.spawn(to_its_end(serving));
            }
        }
    }
    Ok((smtp, lmtp))
}

async fn control_commands(
    listener: UnixListener,
    path: PathBuf,
    desk: Arc<Desk>,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    socket::serve(listener, path, desk, stopped(stopping)).await.map_err(|e| ServeError::Task(e.to_string()))
}

/// What carries mail out by this configuration, for somebody who is no server.
pub fn way_out(config: &Config) -> Result<Road, ServeError> {
    install_crypto_provider();
    road::road(config, &Arc::new(Resolver::new(&config.dns.servers)))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address: address.to_string(), source })
}

fn listen_unix(path: &PathBuf) -> Result<UnixListener, ServeError> {
    // A socket left by a server that was killed; the data folder's lock says there is no other now.
    let _ = std::fs::remove_file(path);
    UnixListener::bind(path)
        .map_err(|source| ServeError::Listen { address: path.display().to_string(), source })
}

/// A door is shut when the server stops, and nothing else ends it.
async fn to_its_end(door: impl Future<Output = ()>) -> Result<(), ServeError> {
    door.await;
    Ok(())
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    door::stopped(&mut stopping).await;
}
