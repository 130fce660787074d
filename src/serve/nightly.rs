//! Makes the copies `[backup]` asks for each night, rehearses the newest once a month, and writes to
//! the operator only when something is wrong: a copy that failed, or a month without a rehearsal.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::drill::{self, Drilled, Live, Page, Younger};
use super::{ServeError, check_facts, copies, operator, stopped};
use crate::config::{Closed, Config, Drill};
use crate::domain::time::Timestamp;
use crate::flow::Desk;
use crate::letters::{Letter, Recovery, RecoveryTurn};
use crate::recovery::likeness::{self, Fact};
use crate::recovery::seal::Unseal;
use crate::recovery::{RecoveryError, generations};
use crate::smtp::client::Outbox;

/// How often it is seen whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A copy that failed is tried again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);
/// From one copy to the next, at least: a clock that is put back makes no second one.
const DAY_NEARLY: Duration = Duration::from_secs(20 * 60 * 60);
/// From one rehearsal to the next.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The same trouble is told again after so long.
const TOLD_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Works until the server stops.
pub(super) async fn copy_and_rehearse<O: Outbox>(
    config: Config,
    desk: Arc<Desk>,
    outbox: Arc<O>,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    drill::sweep(&config.data_dir);
    let Some(to) = config.backup.to.clone() else { return Ok(()) };
    let mut failed_at: Option<Timestamp> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        let now = desk.now();
        if !is_due(&config, failed_at, now) {
            continue;
        }
        let night = tokio::select! {
            night = night(&config, &desk, to.clone()) => night?,
            () = stopped(stopping.clone()) => return Ok(()),
        };
        failed_at = night.is_wrong().then_some(now);
        say(&config, &desk, &*outbox, &night, now).await;
    }
}

/// Whether it is the hour, and the last copy is of another night. One that failed is tried again
/// whatever the hour.
fn is_due(config: &Config, failed_at: Option<Timestamp>, now: Timestamp) -> bool {
    let known = copies::remembered(&config.data_dir);
    let last = known.backup.map(Timestamp::from_seconds);
    // A copy by hand into another place is none of ours.
    let ours = known.path.as_deref().is_some_and(|path| {
        config.backup.to.as_deref().is_some_and(|to| std::path::Path::new(path).starts_with(to))
    });
    let fresh = ours && last.is_some_and(|last| now.since(last) < DAY_NEARLY && last <= now);
    let (hour, _) = now.time_in(&config.timezone);
    let turn = match failed_at {
        Some(at) => now.since(at) >= AGAIN_AFTER,
        None => u8::try_from(hour).is_ok_and(|hour| hour == config.backup.hour),
    };
    !fresh && turn
}

/// What came of a night.
#[derive(Default)]
struct Night {
    /// Why there is no copy.
    failed: Option<String>,
    /// What of the copy is not as it was.
    changed: Vec<String>,
    drilled: Option<Drilled>,
    /// Why there was no rehearsal.
    not_drilled: Option<String>,
    /// Nobody has rehearsed for a month.
    unrehearsed: bool,
}

impl Night {
    fn is_wrong(&self) -> bool {
        self.failed.is_some()
    }
}

async fn night(config: &Config, desk: &Arc<Desk>, to: PathBuf) -> Result<Night, ServeError> {
    let (config, desk) = (config.clone(), desk.clone());
    let working = tokio::task::spawn_blocking(move || {
        let mut night = Night::default();
        match copy(&config, &desk, &to) {
            Ok(written) => {
                let changed = written["changed"].as_array().into_iter().flatten();
                night.changed.extend(changed.filter_map(Value::as_str).map(str::to_owned));
                rehearse(&config, &desk, &written, &mut night);
            }
            Err(error) => night.failed = Some(error.to_string()),
        }
        night
    });
    working.await.map_err(|error| ServeError::Task(error.to_string()))
}

fn copy(config: &Config, desk: &Arc<Desk>, to: &std::path::Path) -> Result<Value, RecoveryError> {
    let about = copies::about(config, desk.now());
    let (seal, keep) = (copies::seal(&config.backup.closed), copies::keep(config));
    let cut = || Ok(desk.store.cut()?);
    let written = generations::write(&config.data_dir, cut, &about, &seal, to, keep, &mut |_| ())?;
    let written = copies::written_generation(&written);
    copies::note_backup(config, &written);
    tracing::info!(path = %written["path"], new_bytes = %written["new_bytes"], "a backup is made");
    Ok(written)
}

/// Once a month, if it can be opened here.
fn rehearse(config: &Config, desk: &Arc<Desk>, written: &Value, night: &mut Night) {
    let now = desk.now();
    let last = copies::remembered(&config.data_dir).rehearsed.map(Timestamp::from_seconds);
    if last.is_some_and(|last| now.since(last) < MONTH) {
        return;
    }
    let can_open = match &config.backup.closed {
        Closed::Open | Closed::Passphrase(_) => true,
        Closed::Recipients(_) => config.backup.identity_file.is_some(),
    };
    if config.backup.drill == Drill::Never || !can_open {
        // The first copy is a month old before anybody is asked to rehearse it.
        night.unrehearsed = last.is_some() || first_is_old(config, now);
        return;
    }
    let Some(path) = written["path"].as_str().map(PathBuf::from) else { return };
    let clock = desk.clock.clone();
    let mut live = OfDesk(desk);
    match drill::drill(config, &path, &unseal(config), &mut live, Younger::IsTold, &clock, &mut |_| ()) {
        Ok(drilled) => {
            drill::note(config, &drilled, desk.now());
            night.drilled = Some(drilled);
        }
        Err(error) => night.not_drilled = Some(error.to_string()),
    }
}

fn first_is_old(config: &Config, now: Timestamp) -> bool {
    let first = config.backup.to.as_deref().and_then(|to| generations::list(to).ok());
    let first = first.and_then(|all| all.first().map(|one| one.at));
    first.is_some_and(|at| now.since(at) >= MONTH)
}

fn unseal(config: &Config) -> Unseal {
    let passphrase = match &config.backup.closed {
        Closed::Passphrase(file) => Some(file.clone()),
        Closed::Open | Closed::Recipients(_) => None,
    };
    Unseal { identity: config.backup.identity_file.clone(), passphrase }
}

/// The server itself, asked from within.
pub(super) struct OfDesk<'a>(pub(super) &'a Arc<Desk>);

impl Live for OfDesk<'_> {
    fn facts(&mut self, after: u64) -> Result<Vec<Fact>, RecoveryError> {
        likeness::facts(&self.0.store, after)
    }

    fn pages(&mut self, paths: &[String]) -> Result<Vec<Page>, RecoveryError> {
        let Some(show) = self.0.pages.get() else { return Ok(Vec::new()) };
        let one = |(path, (status, text)): (&String, _)| Page { path: path.clone(), status, text };
        Ok(paths.iter().zip(show(paths)).map(one).collect())
    }
}

/// Says in the log what came of it, and to the operator what must be known.
async fn say<O: Outbox>(config: &Config, desk: &Arc<Desk>, outbox: &O, night: &Night, now: Timestamp) {
    let (_, keys) = check_facts(config, &[]);
    let mut lines: Vec<String> = night.failed.iter().chain(&night.not_drilled).cloned().collect();
    lines.extend(night.changed.iter().cloned());
    for line in &lines {
        tracing::error!("backup: {line}");
    }
    if let Some(drilled) = &night.drilled {
        tracing::info!(good = drilled.good(), seconds = drilled.took.as_secs(), "a restore was rehearsed");
        let page = copies::drill_page(config, drilled);
        operator::tell(config, desk, outbox, &keys, "drill", Letter::Recovery(page.letter())).await;
    }
    let mut known = copies::remembered(&config.data_dir);
    let silent = known.told.is_some_and(|at| now.since(Timestamp::from_seconds(at)) < TOLD_EVERY);
    let turn = match (lines.is_empty(), night.unrehearsed) {
        (false, _) => RecoveryTurn::Failed,
        (true, true) => RecoveryTurn::Unrehearsed,
        (true, false) => return,
    };
    if silent {
        return;
    }
    let to = config.backup.to.as_ref().map(|to| to.display().to_string()).unwrap_or_default();
    let letter = Recovery { found: &lines.join("\n"), file: &to, ..Recovery::empty(&config.hostname, turn) };
    if operator::tell(config, desk, outbox, &keys, "backup", Letter::Recovery(letter)).await {
        known.told = Some(now.seconds());
        copies::remember(&config.data_dir, &known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_failed_is_tried_again_before_the_next_night() {
        let folder = tempfile::tempdir().unwrap();
        let (data, to) = (folder.path().join("data"), folder.path().join("copies"));
        std::fs::create_dir_all(&data).unwrap();
        let text = format!(
            "hostname = \"lists.example\"\ndata_dir = {data:?}\ntimezone = \"Europe/Paris\"\n\
             [backup]\nto = {to:?}\nhour = 3\n"
        );
        let path = folder.path().join("parvis.toml");
        let config = Config::from_text(Some(&text), &path, Vec::new(), &|_| true).unwrap();
        let at = |time: &str| Timestamp::parse_rfc3339(&format!("2026-11-23T{time}:00+01:00")).unwrap();
        let failed = Some(at("03:10"));
        for (failed_at, now, due) in [
            (None, "02:59", false),
            (None, "03:10", true),
            (None, "04:10", false),
            (failed, "03:11", false),
            (failed, "04:09", false),
            (failed, "04:10", true),
            (failed, "12:00", true),
        ] {
            assert_eq!(is_due(&config, failed_at, at(now)), due, "{failed_at:?} {now}");
        }
        // Made by then, by hand as well: nothing is left to do.
        let written = serde_json::json!({ "at": at("03:30").to_string(), "path": to.join("one") });
        copies::note_backup(&config, &written);
        assert!(!is_due(&config, failed, at("04:30")));
    }
}
