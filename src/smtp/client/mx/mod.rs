//! Delivery to each domain's own servers (RFC 5321 §5): found by name, tried in order, each with a
//! bounded number of connections whatever the number of domains behind it.
//!
//! Whoever has an address on a list chooses where this connects to: targets that are not on the
//! Internet are refused, and everything found out is bounded. Knows nothing of retries.

mod plan;
mod policies;
mod policy;
mod signposts;
mod targets;

use std::collections::HashMap;
use std::hash::RandomState;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::carrier::Protocol;
use super::opening::{Manners, Place, Target, TlsBegins};
use super::pool::{InvalidOutbox, PoolOptions, SmtpOutbox, check};
use super::tls::{Encryption, Security};
use super::{Copy, Destination, Outbox, Outcome, Stage};
use plan::{Host, Plan, Planner, by_turns};
use policies::Policies;
pub use policies::{MailPolicy, read_policy, says_policy};
pub use signposts::{Asked, Asking, Exchange, Signposts, Vouched};
use targets::is_public;

/// How an [`MxOutbox`] finds and treats servers.
#[derive(Clone, Debug)]
pub struct MxOptions {
    /// The port of mail servers.
    pub port: u16,
    /// The port policies are fetched from.
    pub policy_port: u16,
    /// Whether it may connect to addresses that are not on the Internet.
    pub private_targets: PrivateTargets,
    /// Most connections at once to one host, whatever the number of domains it serves.
    pub connections_per_host_max: usize,
    /// For how long a way is taken without asking again. Who answers keeps records for as long as
    /// they say; this only spares the questions.
    pub plan_kept: Duration,
    /// What is asked where neither a policy nor DANE asks for more.
    pub security: Security,
}

/// Whether loopback, private and link-local addresses are connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrivateTargets {
    /// They are not.
    Refuse,
    /// They are: for networks of one's own, and tests.
    Allow,
}

impl MxOptions {
    const CONNECTIONS_PER_HOST_MAX: usize = 4;
    const HTTPS_PORT: u16 = 443;
    const PLAN_KEPT: Duration = Duration::from_mins(1);
}

impl Default for MxOptions {
    fn default() -> MxOptions {
        MxOptions {
            port: crate::smtp::route::Route::SMTP_PORT,
            policy_port: MxOptions::HTTPS_PORT,
            private_targets: PrivateTargets::Refuse,
            connections_per_host_max: MxOptions::CONNECTIONS_PER_HOST_MAX,
            plan_kept: MxOptions::PLAN_KEPT,
            security: Security::Opportunistic,
        }
    }
}

/// The [`Outbox`] that brings copies to each domain's own servers. Clones share everything.
#[derive(Clone)]
pub struct MxOutbox {
    shared: Arc<Shared>,
}

struct Shared {
    planner: Planner,
    manners: Manners,
    pool_options: PoolOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plans: HashMap<String, Known>,
    /// One for each server and what is asked of it.
    pools: HashMap<Host, Used>,
    /// Places at each server, by its name.
    places: HashMap<String, Arc<Semaphore>>,
    /// How many plans were made.
    turns: u64,
    phase: Phase,
}

/// A plan, as long as it is not looked up again.
struct Known {
    plan: Arc<Plan>,
    until: Instant,
}

struct Used {
    pool: SmtpOutbox,
    at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Working,
    Closed,
}

/// Ways are kept of so many domains; then all are forgotten.
const PLANS_MAX: usize = 10_000;
/// No further server is tried when the ones before have taken so long.
const TRYING_MAX: Duration = Duration::from_mins(1);
/// Servers that were not used for so long are forgotten, and their connections closed.
const POOL_KEPT: Duration = Duration::from_mins(2);
/// How often it is looked for those.
const TEND_EVERY: Duration = Duration::from_secs(5);

impl MxOutbox {
    /// An outbox that introduces itself as `hostname`, and asks `signposts` for the way.
    pub fn new(
        signposts: Arc<dyn Signposts>,
        hostname: &str,
        options: MxOptions,
        pool_options: PoolOptions,
    ) -> Result<MxOutbox, InvalidOutbox> {
        let pool_options = PoolOptions { connections_max: options.connections_per_host_max, ..pool_options };
        check(hostname, &pool_options)?;
        let encryption = Encryption::new(pool_options.trust.clone());
        let manners = Manners {
            hostname: hostname.to_owned(),
            timeouts: pool_options.timeouts.clone(),
            // What a smarthost is told is nothing for strangers.
            login: None,
            encryption: encryption.clone(),
        };
        let planner = Planner {
            signposts,
            policies: Policies::default(),
            encryption,
            hostname: hostname.to_owned(),
            options,
            dice: RandomState::new(),
        };
        let shared = Shared { planner, manners, pool_options, state: Mutex::default() };
        Ok(MxOutbox { shared: Arc::new(shared) })
    }

    /// Closes connections that have been idle too long, for as long as it is polled.
    pub async fn tend(&self) {
        loop {
            sleep(TEND_EVERY).await;
            let now = Instant::now();
            let (pools, forgotten) = {
                let mut state = self.shared.state();
                let forgotten: Vec<SmtpOutbox> = state
                    .pools
                    .extract_if(|_, used| used.at + POOL_KEPT <= now)
                    .map(|(_, used)| used.pool)
                    .collect();
                // A place that nobody holds but this map is nobody's.
                state.places.retain(|_, places| Arc::strong_count(places) > 1);
                state.plans.retain(|_, known| known.until > now);
                (state.pools.values().map(|used| used.pool.clone()).collect::<Vec<_>>(), forgotten)
            };
            for pool in forgotten {
                pool.close().await;
            }
            for pool in pools {
                pool.close_idle().await;
            }
        }
    }

    /// As [`SmtpOutbox::close`].
    pub async fn close(&self) {
        let pools: Vec<SmtpOutbox> = {
            let mut state = self.shared.state();
            state.phase = Phase::Closed;
            state.pools.drain().map(|(_, used)| used.pool).collect()
        };
        for pool in pools {
            pool.close().await;
        }
    }

    async fn plan(&self, domain: &str) -> Result<Arc<Plan>, Outcome> {
        let turn = {
            let mut state = self.shared.state();
            let known = state.plans.get(domain).filter(|known| Instant::now() < known.until);
            if let Some(known) = known {
                return Ok(known.plan.clone());
            }
            state.turns += 1;
            state.turns
        };
        let plan = Arc::new(self.shared.planner.plan(domain, turn).await?);
        let mut state = self.shared.state();
        if state.plans.len() >= PLANS_MAX {
            state.plans.clear();
        }
        let known =
            Known { plan: plan.clone(), until: Instant::now() + self.shared.planner.options.plan_kept };
        state.plans.insert(domain.to_owned(), known);
        Ok(plan)
    }

    /// The connections to a server, and the places there; `None` once closed.
    fn pool(&self, host: &Host) -> Option<(SmtpOutbox, Arc<Semaphore>)> {
        let shared = &self.shared;
        let mut state = shared.state();
        if state.phase == Phase::Closed {
            return None;
        }
        let places = state
            .places
            .entry(host.name.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(shared.pool_options.connections_max)))
            .clone();
        let used = state.pools.entry(host.clone()).or_insert_with(|| {
            let target = Target {
                place: Place::Addresses(host.name.clone(), host.addresses.clone()),
                protocol: Protocol::Smtp,
                tls: TlsBegins::AfterStartTls,
                security: host.security.clone(),
            };
            let pool = SmtpOutbox::to(target, shared.manners.clone(), shared.pool_options.clone());
            Used { pool, at: Instant::now() }
        });
        used.at = Instant::now();
        Some((used.pool.clone(), places))
    }
}

impl Outbox for MxOutbox {
    async fn carry(&self, copy: Copy) -> Outcome {
        let domain = copy.recipient.domain().to_ascii_lowercase();
        let plan = match self.plan(&domain).await {
            Ok(plan) => plan,
            Err(outcome) => return outcome,
        };
        let began = Instant::now();
        let mut first = None;
        for host in &plan.hosts {
            let Some((pool, places)) = self.pool(host) else { return super::pool::closed() };
            let Ok(_place) = places.acquire().await else { return super::pool::closed() };
            let outcome = pool.carry(copy.clone()).await;
            match &outcome {
                // Nothing was said of the copy: another server may take it (RFC 5321 §5.1).
                Outcome::PutOff { stage, .. } if *stage < Stage::Mail => {
                    first.get_or_insert(outcome);
                }
                Outcome::Taken { .. }
                | Outcome::PutOff { .. }
                | Outcome::Refused { .. }
                | Outcome::NeedsSevenBits
                | Outcome::Lost { .. } => return outcome,
            }
            if began.elapsed() >= TRYING_MAX {
                break;
            }
        }
        first.unwrap_or_else(super::pool::closed)
    }

    fn destination(&self, domain: impl FnOnce() -> String) -> Destination {
        let domain = domain().to_ascii_lowercase();
        let site = self.shared.state().plans.get(&domain).map(|known| known.plan.site.clone());
        Destination::Of {
            servers: site.unwrap_or_else(|| domain.into()),
            at_once_max: self.shared.pool_options.connections_max,
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock, and what it guards is whole after each step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The addresses that may be connected to, of both kinds by turns.
fn reachable(addresses: &[IpAddr], options: &MxOptions) -> Vec<IpAddr> {
    let mut addresses = by_turns(addresses);
    match options.private_targets {
        PrivateTargets::Refuse => addresses.retain(|address| is_public(*address)),
        PrivateTargets::Allow => {}
    }
    addresses
}
