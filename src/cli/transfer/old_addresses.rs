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

/// What pipermail called each message of the mailbox it made its pages from: the volume it stands in,
/// and its number in the mailbox, from 0.
///
/// Of pipermail's own text files each is a volume, and they are taken by their time: a shell names
/// August before June. Of a mailbox the volume is the month of a message's date.
pub(super) fn of_pipermail(base: &str, files: &[PathBuf], zone: &Zone) -> anyhow::Result<String> {
    let mut table = String::new();
    let mut number = 0_u64;
    let mut files: Vec<(Option<Volume>, &PathBuf)> =
        files.iter().map(|file| (Volume::of(file), file)).collect();
    if files.iter().all(|(volume, _)| volume.is_some()) {
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    for (known, file) in &files {
        for item in mbox_items(file)? {
            if let Item::Message(message) = item? {
                let summary = summarize(&message.raw);
                if let (Some(id), Some(date)) = (&summary.message_id, summary.date.or(message.dated)) {
                    let volume =
                        known.as_ref().map_or_else(|| volume(date, zone), |known| known.name.clone());
                    let base = base.trim_end_matches('/');
                    table.push_str(&format!("{base}/{volume}/{number:06}.html\t<{id}>\n"));
                }
            }
            number += 1;
        }
    }
    Ok(table)
}

/// One of pipermail's text files, by its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Volume {
    year: u16,
    /// A month, the first one of a quarter, or month and day as `MMDD`.
    within: u16,
    name: String,
}

impl Volume {
    /// `2005-June.txt`, `2005.txt`, `2005q2.txt`, `Week-of-Mon-20050606.txt`, `20050606.txt`, also packed.
    fn of(file: &Path) -> Option<Volume> {
        let name = file.file_name()?.to_str()?;
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst").strip_suffix(".txt")?;
        let (year, rest) = name.strip_prefix("Week-of-Mon-").unwrap_or(name).split_at_checked(4)?;
        let months = |month: &i8| rest.strip_prefix('-') == Some(month_name(Language::En, *month));
        let within = match rest.as_bytes() {
            [] => 0,
            [b'q', quarter @ b'1'..=b'4'] => u16::from(quarter - b'1') * 3 + 1,
            [_, _, _, _] if rest.bytes().all(|byte| byte.is_ascii_digit()) => rest.parse().ok()?,
            _ => u16::try_from((1..=12).find(months)?).ok()?,
        };
        let digits = year.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| year.parse().ok()).flatten().map(|year| Volume { year, within, name: name.to_owned() })
    }
}

/// `2005-June`
fn volume(date: Timestamp, zone: &Zone) -> String {
    let day = date.date_in(zone);
    format!("{}-{}", day.year, month_name(Language::En, day.month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_of_pipermail_by_their_time() {
        let mut found: Vec<Volume> = [
            "a/2005-June.txt",
            "a/2005-August.txt.gz",
            "a/2004-December.txt",
            "a/1997.txt",
            "a/2005q2.txt",
            "a/Week-of-Mon-20050606.txt",
            "a/20050607.txt",
            "a/list.mbox",
            "a/2005-Brumaire.txt",
            "a/x.txt",
            "a/2005-June",
            "a/123.txt",
            "a/éé.txt",
        ]
        .iter()
        .filter_map(|file| Volume::of(Path::new(file)))
        .collect();
        found.sort();
        let names: Vec<&str> = found.iter().map(|volume| volume.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "1997",
                "2004-December",
                "2005q2",
                "2005-June",
                "2005-August",
                "Week-of-Mon-20050606",
                "20050607"
            ]
        );
    }
}
