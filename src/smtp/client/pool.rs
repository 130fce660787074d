//! Connections to one smarthost or mail store, kept warm: any number of tasks bring copies, a
//! bounded number of connections carries them.
//!
//! Each copy has a connection to itself from its MAIL to its last answer, so a slow peer delays
//! only the copies it was given. No lock is held while anybody waits. Knows nothing of retries.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::opening::{Login, Manners, Target};
use super::tls::{Encryption, Security, Trust};
use super::{Carrier, Copy, Outbox, Outcome, Stage, Timeouts};
use crate::domain::address::is_domain;
use crate::smtp::route::Route;

/// How an [`SmtpOutbox`] uses its connections.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// Most connections at once.
    pub connections_max: usize,
    /// Copies a connection carries before it is replaced.
    pub copies_per_connection_max: u32,
    /// How long a connection without work is kept.
    pub idle_max: Duration,
    /// How long nothing is tried after a connection could not be made.
    pub rest_after_failure: Duration,
    /// How long a peer may take.
    pub timeouts: Timeouts,
    /// What is asked of TLS.
    pub security: Security,
    /// Who we are to the peer, if it wants to know.
    pub login: Option<Login>,
    /// Who may vouch for a peer that must prove its name.
    pub trust: Trust,
}

impl PoolOptions {
    const CONNECTIONS_MAX: usize = 64;
    /// Servers that count stop at a thousand or more (Exim's default is 1,000).
    const COPIES_PER_CONNECTION_MAX: u32 = 1_000;
    const IDLE_MAX: Duration = Duration::from_secs(10);
    const REST_AFTER_FAILURE: Duration = Duration::from_secs(5);
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions {
            connections_max: PoolOptions::CONNECTIONS_MAX,
            copies_per_connection_max: PoolOptions::COPIES_PER_CONNECTION_MAX,
            idle_max: PoolOptions::IDLE_MAX,
            rest_after_failure: PoolOptions::REST_AFTER_FAILURE,
            timeouts: Timeouts::default(),
            security: Security::Opportunistic,
            login: None,
            trust: Trust::none(),
        }
    }
}

/// Why an outbox cannot be made from its configuration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidOutbox {
    /// The route names no one server: an `MxOutbox` is for that.
    #[error("mx is a route to many servers")]
    ManyServers,
    /// The name to say hello with is none.
    #[error("{0:?} is not a host name to introduce ourselves with")]
    Hostname(String),
    /// No connection would ever be made.
    #[error("connections_max is 0, so nothing could leave")]
    NoConnections,
}

/// The [`Outbox`] that talks to one smarthost or mail store. Clones share the connections.
///
/// When no connection can be made, `carry` answers [`Outcome::PutOff`] at [`Stage::Connect`],
/// `Greeting` or `Hello`, and for [`PoolOptions::rest_after_failure`] it says so again without
/// trying: a caller that sees this should leave the rest of its batch for later. When some
/// connections stand and one more cannot be made (servers limit them per client), copies wait for
/// those that stand, and one more is tried after each rest.
#[derive(Clone)]
pub struct SmtpOutbox {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    manners: Manners,
    options: PoolOptions,
    /// One permit for each copy that may be on its way.
    places: Semaphore,
    /// Rung when a connection becomes idle, for those who have a place and could not open one.
    given_back: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those without work; the one used last is taken first, so that those not needed grow old.
    idle: Vec<Connection>,
    /// Connections that stand, idle or not.
    open: usize,
    resting: Option<Rest>,
    phase: Phase,
}

#[derive(Clone)]
struct Rest {
    until: Instant,
    because: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Working,
    Closed,
}

struct Connection {
    carrier: Carrier,
    used_at: Instant,
    counted: Counted,
}

/// Counts a connection as open for as long as it lives. Not to be dropped under the lock.
struct Counted(Arc<Shared>);

impl SmtpOutbox {
    /// An outbox over `route` that introduces itself as `hostname`. Connects to nothing yet.
    pub fn new(route: Route, hostname: &str, options: PoolOptions) -> Result<SmtpOutbox, InvalidOutbox> {
        let target = Target::of(&route, options.security.clone()).ok_or(InvalidOutbox::ManyServers)?;
        check(hostname, &options)?;
        let manners = Manners {
            hostname: hostname.to_owned(),
            timeouts: options.timeouts.clone(),
            login: options.login.clone(),
            encryption: Encryption::new(options.trust.clone()),
        };
        Ok(SmtpOutbox::to(target, manners, options))
    }

    /// An outbox to one server, whose options were checked.
    pub(super) fn to(target: Target, manners: Manners, options: PoolOptions) -> SmtpOutbox {
        let places = Semaphore::new(options.connections_max.min(Semaphore::MAX_PERMITS));
        SmtpOutbox {
            shared: Arc::new(Shared {
                target,
                manners,
                options,
                places,
                given_back: Notify::new(),
                state: Mutex::default(),
            }),
        }
    }

    /// Closes connections that have been idle too long, for as long as it is polled: a task for the
    /// one who owns the outbox to run beside it. Without it they stay until they are used or closed.
    pub async fn tend(&self) {
        loop {
            let shared = &self.shared;
            let idle_max = shared.options.idle_max;
            // What becomes idle while this sleeps is not due before it wakes.
            let oldest = shared.state().idle.first().map(|connection| connection.used_at);
            sleep_until(oldest.unwrap_or_else(Instant::now) + idle_max).await;
            self.close_idle().await;
        }
    }

    /// Closes what has been idle too long.
    pub(super) async fn close_idle(&self) {
        let (now, idle_max) = (Instant::now(), self.shared.options.idle_max);
        let due: Vec<Connection> = {
            let mut state = self.shared.state();
            let due = state.idle.partition_point(|connection| connection.used_at + idle_max <= now);
            state.idle.drain(..due).collect()
        };
        quit_all(due).await;
    }

    /// Says goodbye on all connections without work; to be called when those who bring copies have
    /// stopped. A copy still on its way arrives, and its connection is closed after it without a
    /// word; copies brought from now on are put off.
    pub async fn close(&self) {
        let idle = {
            let mut state = self.shared.state();
            state.phase = Phase::Closed;
            std::mem::take(&mut state.idle)
        };
        self.shared.places.close();
        self.shared.given_back.notify_waiters();
        quit_all(idle).await;
    }

    /// A connection that can carry: a warm one, a fresh one, or one that others give back.
    async fn connection(&self) -> Result<(Connection, Past), Outcome> {
        let shared = &self.shared;
        loop {
            let warm = shared.state().idle.pop();
            match warm {
                Some(worn) if worn.carrier.carried() >= shared.options.copies_per_connection_max => {
                    // Here and not after its last copy, whose outcome somebody waits to write down.
                    worn.carrier.quit().await;
                }
                Some(warm) => return Ok((warm, Past::Used)),
                None => {}
            }
            let refused = match self.fresh().await {
                Ok(fresh) => return Ok((fresh, Past::Fresh)),
                Err(refused) => refused,
            };
            let until = {
                let state = shared.state();
                match &state.resting {
                    Some(rest) if state.open > 0 && state.phase == Phase::Working => rest.until,
                    Some(_) | None => return Err(refused),
                }
            };
            // Rung, or time to try again: either way the loop looks at everything anew.
            let _rung = timeout_at(until, shared.given_back.notified()).await;
        }
    }

    async fn fresh(&self) -> Result<Connection, Outcome> {
        let shared = &self.shared;
        let Shared { target, manners, options, .. } = &**shared;
        {
            let mut state = shared.state();
            if state.phase == Phase::Closed {
                return Err(closed());
            }
            if let Some(rest) = &mut state.resting {
                let now = Instant::now();
                if now < rest.until {
                    return Err(rest.because.clone());
                }
                // One tries, the others wait for what it finds.
                rest.until = now + options.rest_after_failure;
            }
        }
        match Carrier::reach(target, manners).await {
            Ok(carrier) => {
                let mut state = shared.state();
                state.open += 1;
                state.resting = None;
                drop(state);
                Ok(Connection { carrier, used_at: Instant::now(), counted: Counted(shared.clone()) })
            }
            Err(because) => {
                let until = Instant::now() + options.rest_after_failure;
                shared.state().resting = Some(Rest { until, because: because.clone() });
                Err(because)
            }
        }
    }

    /// Takes a connection back after its copy.
    fn give_back(&self, mut connection: Connection) {
        if !connection.carrier.is_open() {
            return;
        }
        connection.used_at = Instant::now();
        let late = {
            let mut state = self.shared.state();
            match state.phase {
                Phase::Working => {
                    state.idle.push(connection);
                    None
                }
                Phase::Closed => Some(connection),
            }
        };
        self.shared.given_back.notify_one();
        drop(late);
    }
}

/// Whether a connection has carried copies before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Past {
    Fresh,
    Used,
}

impl Outbox for SmtpOutbox {
    async fn carry(&self, copy: Copy) -> Outcome {
        let Ok(_place) = self.shared.places.acquire().await else { return closed() };
        let (mut connection, past) = match self.connection().await {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        let mut outcome = connection.carrier.carry(&copy).await;
        if past == Past::Used && connection.carrier.went_stale() {
            drop(connection);
            // Once, and on a fresh one: the others that wait here may be as stale.
            connection = match self.fresh().await {
                Ok(fresh) => fresh,
                Err(unreachable) => return unreachable,
            };
            outcome = connection.carrier.carry(&copy).await;
        }
        self.give_back(connection);
        outcome
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock, and what it guards is whole after each step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let last = {
            let mut state = self.0.state();
            state.open -= 1;
            state.open == 0
        };
        if last {
            // Nobody is left to give one back.
            self.0.given_back.notify_waiters();
        }
    }
}

async fn quit_all(connections: Vec<Connection>) {
    let mut goodbyes = JoinSet::new();
    for Connection { carrier, used_at: _, counted } in connections {
        goodbyes.spawn(async move {
            carrier.quit().await;
            drop(counted);
        });
    }
    while goodbyes.join_next().await.is_some() {}
}

/// Whether an outbox can be made of these.
pub(super) fn check(hostname: &str, options: &PoolOptions) -> Result<(), InvalidOutbox> {
    if !is_domain(hostname) {
        return Err(InvalidOutbox::Hostname(hostname.to_owned()));
    }
    if options.connections_max == 0 {
        return Err(InvalidOutbox::NoConnections);
    }
    Ok(())
}

pub(super) fn closed() -> Outcome {
    Outcome::PutOff {
        code: None,
        enhanced: None,
        reply: "the server is stopping".to_owned(),
        stage: Stage::Connect,
    }
}
