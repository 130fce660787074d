//! Copies of everything: what the configuration says about them, and when the last was made.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admin::{fence_words, release_words};
use crate::config::{Closed, Config};
use crate::domain::time::{Timestamp, Zone};
use crate::net::acme::write_secret;
use crate::recovery::generations::{Keep, Written};
use crate::recovery::manifest::{About, Manifest};
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
