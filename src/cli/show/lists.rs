//! Lists and their settings.

use serde_json::Value;

use super::facts;
use super::table::{Cells, table};
use super::words::{count, day_and_hour, word};

/// The settings in the order somebody thinks of them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("What it is", &["name", "description", "promise", "language"]),
    ("Who writes", &["posting", "moderation", "hold_all", "pace", "post_bytes_max", "consent"]),
    ("Who belongs", &["joining", "listed", "roster", "until"]),
    ("Copies", &["reply_to", "own_posts", "subject_prefix", "footer", "edits", "attachments"]),
    ("Digests", &["on_paper", "digest_day", "digest_hour", "curation", "edition_days", "curation_wait"]),
    ("Archive", &["archive", "older_posts", "noindex", "retention"]),
];
/// What stands at the top, and is no setting.
const NO_SETTINGS: [&str; 8] =
    ["address", "state", "since", "posts", "threads", "members", "on_paper", "held"];

pub(super) fn all(answer: &Value) -> String {
    if answer.as_array().is_some_and(Vec::is_empty) {
        return "there are no lists; parvis list create ADDRESS makes one\n".to_owned();
    }
    table(
        answer,
        &[
            ("address", "ADDRESS", Cells::Words),
            ("name", "NAME", Cells::Words),
            ("language", "LANGUAGE", Cells::Words),
            ("posts", "POSTS", Cells::Numbers),
            ("threads", "THREADS", Cells::Numbers),
            ("members", "MEMBERS", Cells::Numbers),
            ("held", "HELD", Cells::Numbers),
            ("state", "STATE", Cells::Words),
        ],
    )
}

pub(super) fn one(list: &Value) -> String {
    let mut text = format!(
        "{}\n{} since {}; {} in {}, {}{}, {} held\n",
        word(&list["address"]),
        word(&list["state"]),
        day_and_hour(&list["since"]),
        count(&list["posts"], "post"),
        count(&list["threads"], "thread"),
        count(&list["members"], "member"),
        match list["on_paper"].as_u64() {
            None | Some(0) => String::new(),
            Some(readers) => format!(" and {readers} on paper"),
        },
        word(&list["held"]),
    );
    let setting = |key: &str| (key.to_owned(), word(&list[key]));
    let mut groups: Vec<(&str, Vec<(String, String)>)> =
        GROUPS.iter().map(|(title, keys)| (*title, keys.iter().map(|key| setting(key)).collect())).collect();
    let is_grouped =
        |key: &str| NO_SETTINGS.contains(&key) || GROUPS.iter().any(|(_, keys)| keys.contains(&key));
    let keys = list.as_object().into_iter().flat_map(|object| object.keys());
    let others: Vec<(String, String)> = keys.filter(|key| !is_grouped(key)).map(|key| setting(key)).collect();
    if !others.is_empty() {
        groups.push(("Other", others));
    }
    let width = groups.iter().flat_map(|(_, settings)| settings).map(|(key, _)| key.len()).max().unwrap_or(0);
    for (title, settings) in &groups {
        text.push_str(&format!("\n{title}\n"));
        for (key, value) in settings {
            text.push_str(&format!("  {key:<width$}  {value}\n"));
        }
    }
    text
}

/// What was decided, a line each.
pub(super) fn history(answer: &Value) -> String {
    let lines = answer["history"].as_array().into_iter().flatten().map(|entry| word(&entry["line"]));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    if text.is_empty() { "nothing has been decided yet\n".to_owned() } else { text }
}

pub(super) fn made(list: &Value) -> String {
    let address = word(&list["address"]);
    format!(
        "{address} is made.\nAdd members: parvis member add {address} anne@example.org --name 'Anne Martin'\n"
    )
}

pub(super) fn changed(list: &Value, settings: &[(String, String)]) -> String {
    let mut keys: Vec<&str> = settings.iter().map(|(key, _)| key.as_str()).collect();
    if list["older_posts"] != "shown" {
        keys.push("older_posts");
    }
    let now: Vec<(&str, String)> = keys.into_iter().map(|key| (key, word(&list[key]))).collect();
    format!("{}\n{}", word(&list["address"]), facts("  ", &now))
}

pub(super) fn removed(list: &Value) -> String {
    let address = word(&list["address"]);
    format!(
        "{address} is removed.\nEverything it held is in {}\nFor 30 days, parvis list reopen {address} brings it back.\n",
        word(&list["exported"])
    )
}

pub(super) fn exported(answer: &Value) -> String {
    let counts = &answer["manifest"]["counts"];
    let mut text = format!(
        "{} is in {}: {}, {}, {}\n",
        word(&answer["list"]),
        word(&answer["out"]),
        count(&counts["posts"], "post"),
        count(&counts["members"], "member"),
        count(&counts["decisions"], "decision"),
    );
    for damaged in answer["manifest"]["damaged"].as_array().into_iter().flatten() {
        text.push_str(&format!("left out, because it is damaged: {}\n", word(damaged)));
    }
    text
}
