//! Copies of everything: what the configuration says about them, and when the last was made.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::drill::Drilled;
use crate::admin::{fence_words, release_words};
use crate::config::{Closed, Config};
use crate::domain::list::Language;
use crate::domain::time::{Timestamp, Zone};
use crate::init::record_line;
use crate::letters::{Recovery, RecoveryTurn, moment};
use crate::net::acme::write_secret;
use crate::recovery::generations::{Keep, Written};
use crate::recovery::manifest::{About, Manifest};
use crate::recovery::restore::Counts;
use crate::recovery::seal::Seal;
use crate::store::event::Fence;
use crate::store::{Store, StoreError};

/// The file of the data folder that remembers it; it may be lost.
const FILE: &str = "recovery.json";

/// What is remembered of backups and rehearsals.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// When the last copy was made, in seconds since 1970.
    pub backup: Option<i64>,
    /// Where it is.
    pub path: Option<String>,
    /// When a restore was last rehearsed, and good.
    pub rehearsed: Option<i64>,
    /// When the operator was last told that something is wrong.
    pub told: Option<i64>,
}

/// What a copy says about itself.
pub fn about(config: &Config, at: Timestamp) -> About {
    About {
        at,
        hostname: config.hostname.clone(),
        settings: config.show(),
        configuration: config.written.clone(),
    }
}

/// Which copies stay.
pub fn keep(config: &Config) -> Keep {
    let backup = &config.backup;
    Keep { days: backup.keep_days, weeks: backup.keep_weeks, months: backup.keep_months }
}

/// For whom copies are closed.
pub fn seal(closed: &Closed) -> Seal {
    match closed {
        Closed::Open => Seal::Open,
        Closed::Recipients(keys) => Seal::Recipients(keys.clone()),
        Closed::Passphrase(file) => Seal::Passphrase(file.clone()),
    }
}

/// An archive that was written, as JSON.
pub fn written_to(path: &Path, manifest: &Manifest, new_bytes: u64) -> Value {
    json!({
        "path": path.display().to_string(),
        "at": manifest.at.to_string(),
        "journal": manifest.journal,
        "files": manifest.files.len(),
        "bytes": manifest.bytes(),
        "new_bytes": new_bytes,
        "changed": [],
        "removed": [],
    })
}

/// A generation that was written, as JSON.
pub fn written_generation(written: &Written) -> Value {
    let mut answer = written_to(&written.path, &written.manifest, written.new_bytes);
    answer["changed"] = json!(written.changed);
    answer["removed"] = written.removed.iter().map(|path: &PathBuf| path.display().to_string()).collect();
    answer
}

/// A server that sends nothing says so first, each time it starts.
pub fn say_if_fenced(store: &Store, zone: &Zone) -> Result<(), StoreError> {
    if let Fence::Up(reason) = store.fence()? {
        tracing::warn!(release = release_words(reason, zone), "{}", fence_words(reason, zone));
    }
    Ok(())
}

/// In which zone a restored server sorts posts into months: its own configuration's, that of the
/// command, or the usual one.
pub fn zone_of(text: Option<&str>, config: Option<&Config>) -> Zone {
    let own = text
        .and_then(|text| Config::from_text(Some(text), Path::new("parvis.toml"), Vec::new(), &|_| true).ok());
    let zone = own.as_ref().or(config).map(|config| config.timezone.clone());
    zone.or_else(|| Zone::parse("Europe/Paris")).unwrap_or_else(Zone::utc)
}

/// What is remembered in a data folder.
pub fn remembered(data: &Path) -> Remembered {
    let text = std::fs::read(data.join(FILE)).ok();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Remembers; that it cannot be is logged, and stops nothing.
pub fn remember(data: &Path, remembered: &Remembered) {
    let text = serde_json::to_string(remembered).map_err(std::io::Error::from);
    if let Err(error) = text.and_then(|text| write_secret(&data.join(FILE), &text)) {
        tracing::warn!(%error, "when the last backup was made cannot be written down");
    }
}

/// Remembers that a copy was made.
pub fn note_backup(config: &Config, written: &Value) {
    let mut known = remembered(&config.data_dir);
    known.backup = written["at"].as_str().and_then(Timestamp::parse_rfc3339).map(Timestamp::seconds);
    known.path = written["path"].as_str().map(str::to_owned);
    remember(&config.data_dir, &known);
}

/// The page a rehearsal ends in, in words: what the letter and the command say.
pub struct DrillPage {
    turn: RecoveryTurn,
    host: String,
    found: String,
    younger: String,
    file: String,
    of: String,
    took: String,
    counts: String,
    steps: String,
    records: String,
}

/// Puts a rehearsal and the way back for this very installation into words.
pub fn drill_page(config: &Config, drilled: &Drilled) -> DrillPage {
    let (host, data, file) = (&config.hostname, config.data_dir.display(), drilled.path.display());
    let written = format!("{data}/parvis.toml");
    let steps = [
        format!("parvis restore {file} --dir {data}"),
        format!("chown -R parvis {data}"),
        format!("parvis --config {written} check"),
        format!("parvis --config {written} serve"),
        format!(
            "parvis --config {written} queue release --newer-than {}",
            drilled.of.rfc3339(&config.timezone)
        ),
    ];
    let records = [record_line(host, "A", "192.0.2.1"), record_line(host, "AAAA", "2001:db8::1")];
    DrillPage {
        turn: if drilled.good() { RecoveryTurn::Good } else { RecoveryTurn::Differs },
        host: host.clone(),
        found: drilled.differs.join("\n"),
        younger: drilled.younger.join("\n"),
        file: file.to_string(),
        of: moment(drilled.of, &config.timezone, config.language),
        took: took(drilled.took),
        counts: counts(drilled.counts, config.language),
        steps: steps.join("\n"),
        records: records.join("\n"),
    }
}

impl DrillPage {
    /// As a letter.
    pub fn letter(&self) -> Recovery<'_> {
        Recovery {
            found: &self.found,
            younger: &self.younger,
            file: &self.file,
            of: &self.of,
            took: &self.took,
            counts: &self.counts,
            steps: &self.steps,
            records: &self.records,
            ..Recovery::empty(&self.host, self.turn)
        }
    }
}

/// `3 min 12 s`
fn took(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..60 => format!("{seconds}\u{a0}s"),
        _ => format!("{}\u{a0}min {}\u{a0}s", seconds / 60, seconds % 60),
    }
}

fn counts(counts: Counts, language: Language) -> String {
    let Counts { lists, members, posts, .. } = counts;
    let many = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    match language {
        Language::Fr => {
            let (lists, members) = (many(lists, "groupe"), many(members, "membre"));
            format!("{lists}, {members} et {}", many(posts, "message"))
        }
        Language::En => {
            let (lists, members) = (many(lists, "group"), many(members, "member"));
            format!("{lists}, {members} and {}", many(posts, "post"))
        }
    }
}
