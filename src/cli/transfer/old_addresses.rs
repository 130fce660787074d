//! Where posts of an archive were found before: from a table, or worked out from the way pipermail
//! numbered them.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::domain::calendar::month_name;
use crate::domain::list::Language;
use crate::domain::time::{Timestamp, Zone};
use crate::flow::import::Item;
use crate::flow::import::sources::mbox_items;
use crate::mail::parse::summarize;

/// The table in a file.
pub(super) fn table(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What pipermail called each message of the mailbox it made its pages from: the month of its date,
/// and its number in the mailbox, from 0.
pub(super) fn of_pipermail(base: &str, files: &[PathBuf], zone: &Zone) -> anyhow::Result<String> {
    let mut table = String::new();
    let mut number = 0_u64;
    for file in files {
        for item in mbox_items(file)? {
            if let Item::Message(message) = item? {
                let summary = summarize(&message.raw);
                if let (Some(id), Some(date)) = (&summary.message_id, summary.date.or(message.dated)) {
                    let volume = volume(date, zone);
                    let base = base.trim_end_matches('/');
                    table.push_str(&format!("{base}/{volume}/{number:06}.html\t<{id}>\n"));
                }
            }
            number += 1;
        }
    }
    Ok(table)
}

/// `2005-June`
fn volume(date: Timestamp, zone: &Zone) -> String {
    let day = date.date_in(zone);
    format!("{}-{}", day.year, month_name(Language::En, day.month))
}
