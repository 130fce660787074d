//! What the operator counts: the numbers of `/metrics`, and whether all is well.
//!
//! What happens is counted where it happens; what is so now is asked of the store when somebody
//! looks. The names are in docs/metrics.md.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{ServeError, listen, stopped, to_its_end};
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::flow::Desk;
use crate::net::certificates::Certificates;
use crate::store::StoreError;
use crate::web::front::{self, Health};
use crate::web::server::{self, WebDoor};

/// How often what was measured is gathered when nobody asks.
const GATHER_EVERY: Duration = Duration::from_secs(5);

/// The upper ends of the classes commits are counted in, seconds.
const COMMIT_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Whether mail can be taken now, or the word for why not.
pub(super) fn health(desk: &Arc<Desk>) -> Health {
    let desk = Arc::clone(desk);
    Arc::new(move || match desk.store.room() {
        Ok(()) => Ok(()),
        Err(StoreError::Full) => Err("the disk is short"),
        Err(StoreError::Closed) => Err("the store is closed"),
        Err(
            StoreError::Conflict(_)
            | StoreError::InUse(_)
            | StoreError::Io { .. }
            | StoreError::Damaged { .. }
            | StoreError::TooLong(_)
            | StoreError::State(_),
        ) => Err("the store is in trouble"),
    })
}

/// Opens the sockets measurements are read at, and begins to count if there are any.
pub(super) async fn open(
    config: &Config,
    desk: &Arc<Desk>,
    certificates: &Arc<Certificates>,
    stopping: &watch::Receiver<bool>,
    tasks: &mut JoinSet<Result<(), ServeError>>,
) -> Result<Vec<std::net::SocketAddr>, ServeError> {
    let mut opened = Vec::new();
    if config.metrics_listen.is_empty() {
        return Ok(opened);
    }
    let counted = count()?;
    let (gathering, stop) = (counted.clone(), stopping.clone());
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(GATHER_EVERY) => gathering.run_upkeep(),
                () = stopped(stop.clone()) => return Ok(()),
            }
        }
    });
    let (asked, shown) = (desk.clone(), certificates.clone());
    let text = move || {
        let now =
            now(&asked, &shown).unwrap_or_else(|error| format!("# the store cannot be asked: {error}\n"));
        counted.render() + &now
    };
    let pages = front::measurements(Arc::new(text), health(desk));
    for address in &config.metrics_listen {
        let listener = listen(*address).await?;
        opened.extend(listener.local_addr());
        let serving = server::serve(WebDoor::plain(listener), pages.clone(), stopping.clone());
        tasks.spawn(to_its_end(serving));
    }
    Ok(opened)
}

/// From here on, what happens in this process is counted.
fn count() -> Result<PrometheusHandle, ServeError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("parvis_commit_seconds".to_owned()), COMMIT_SECONDS)
        .map_err(|error| ServeError::Task(error.to_string()))?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    // Another server in the same process, as in tests, counts there already.
    let _ = metrics::set_global_recorder(recorder);
    metrics::describe_counter!(
        "parvis_door_replies_total",
        "Refusals and puttings-off said at the door, by code and enhanced code."
    );
    metrics::describe_counter!("parvis_door_connections_total", "Connections at the door.");
    metrics::describe_counter!("parvis_door_turned_away_total", "Connections for which there was no place.");
    metrics::describe_counter!("parvis_posts_total", "Posts and other messages by what became of them.");
    metrics::describe_counter!("parvis_deliveries_total", "Attempts at copies by outcome.");
    metrics::describe_counter!(
        "parvis_road_connections_total",
        "Connections to other servers, by what was asked of their encryption and what came of it."
    );
    metrics::describe_counter!("parvis_letters_total", "Letters of our own by outcome.");
    metrics::describe_histogram!(
        "parvis_commit_seconds",
        metrics::Unit::Seconds,
        "How long groups of changes took to be durable."
    );
    Ok(handle)
}

/// What is so at this moment.
fn now(desk: &Desk, certificates: &Certificates) -> Result<String, StoreError> {
    let now = desk.now();
    let fans = desk.store.fans()?;
    let letters = desk.store.letters()?;
    let copies: u64 = fans
        .iter()
        .map(|fan| {
            u64::from(fan.totals.owed.saturating_sub(fan.totals.taken + fan.totals.failed + fan.totals.gone))
        })
        .sum();
    let oldest = fans.iter().map(|fan| fan.since).chain(letters.iter().map(|letter| letter.since)).min();
    let held = desk.store.held()?;
    let mut text = String::new();
    let mut gauge = |name: &str, what: &str, value: f64| {
        let _ = writeln!(text, "# HELP {name} {what}\n# TYPE {name} gauge\n{name} {value}");
    };
    gauge("parvis_queue_copies", "Copies owed.", as_number(copies));
    gauge("parvis_queue_letters", "Letters owed.", as_number(letters.len() as u64));
    gauge("parvis_queue_age_seconds", "Age of what is owed longest.", age(oldest, now));
    gauge("parvis_held_items", "What waits for a person.", as_number(held.len() as u64));
    gauge(
        "parvis_held_age_seconds",
        "Age of what waits longest.",
        age(held.iter().map(|item| item.at).min(), now),
    );
    let undecided = desk.store.undecided()?.len() as u64;
    gauge("parvis_undecided_messages", "Messages taken and not decided about yet.", as_number(undecided));
    let good = if desk.store.room().is_ok() { 1.0 } else { 0.0 };
    gauge("parvis_healthy", "1 while mail can be taken: the store is open and the disk has room.", good);
    let free = desk.store.free_bytes()?;
    gauge("parvis_disk_free_bytes", "Room on the disk of the data folder.", as_number(free));
    if let Some(certificate) = certificates.current() {
        let left = certificate.not_after.millis().saturating_sub(now.millis()) / 1000;
        gauge("parvis_certificate_seconds_left", "Until the certificate in use ends.", signed(left));
    }
    Ok(text)
}

fn age(since: Option<Timestamp>, now: Timestamp) -> f64 {
    since.map_or(0.0, |since| now.since(since).as_secs_f64())
}

/// Exact up to 2^53, which no queue has.
#[allow(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn as_number(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
fn signed(seconds: i64) -> f64 {
    seconds as f64
}
