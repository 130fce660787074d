//! Messages: what waits, where one is, what was imported.

use serde_json::Value;

use super::facts;
use super::table::{Cells, table};
use super::words::{count, day_and_hour, printable, to_the_second, word};

pub(super) fn waiting(answer: &Value) -> String {
    if answer.as_array().is_some_and(Vec::is_empty) {
        return "nothing waits\n".to_owned();
    }
    table(
        answer,
        &[
            ("id", "ID", Cells::Words),
            ("list", "LIST", Cells::Words),
            ("from", "FROM", Cells::Words),
            ("subject", "SUBJECT", Cells::Words),
            ("reason", "REASON", Cells::Words),
            ("at", "SINCE", Cells::Times),
        ],
    )
}

/// One message, to be read and decided about.
pub(super) fn held(item: &Value) -> String {
    let head = facts(
        "",
        &[
            ("From", word(&item["from"])),
            ("Subject", word(&item["subject"])),
            ("List", word(&item["list"])),
            ("Waits", format!("since {}, because: {}", to_the_second(&item["at"]), word(&item["reason"]))),
        ],
    );
    let id = word(&item["id"]);
    format!(
        "{head}\n{}\n\nDecide: parvis held accept {id}\n        parvis held refuse {id} --reason '…'\n        \
         parvis held discard {id}\n",
        printable(item["text"].as_str().unwrap_or("-").trim_end())
    )
}

/// An edition, or its draft: what stands in it, a line each.
pub(super) fn edition(answer: &Value) -> String {
    let when = match (answer["at"].is_null(), answer["goes"].is_null()) {
        (false, _) => format!("went out {}", to_the_second(&answer["at"])),
        (true, false) => format!("a draft; goes {}", to_the_second(&answer["goes"])),
        (true, true) => "a draft".to_owned(),
    };
    let mut text = format!("{} ({when})\n", word(&answer["title"]));
    for item in answer["items"].as_array().into_iter().flatten() {
        let place = match item["place"].as_str() {
            Some("dropped") => "  (dropped)",
            Some("later") => "  (the next time)",
            Some(_) | None => "",
        };
        text.push_str(&format!("{:>4}. {}{place}\n", word(&item["n"]), word(&item["title"])));
    }
    text
}

/// Posts that were found, best first.
pub(super) fn found(answer: &Value) -> String {
    let mut text = String::new();
    for hit in answer.as_array().into_iter().flatten() {
        let day = day_and_hour(&hit["date"]);
        let said = |key: &str| word(&hit[key]);
        text.push_str(&format!(
            "{day}  {}\n  {}\n  {}\n  {}\n\n",
            said("from"),
            said("subject"),
            said("excerpt"),
            word(&hit["url"])
        ));
    }
    if text.is_empty() { "nothing found\n".to_owned() } else { text.trim_end().to_owned() + "\n" }
}

/// The way of a message, a line for each thing that happened.
pub(super) fn traced(answer: &Value) -> String {
    const SAID: [(&str, &str); 7] = [
        ("to", ""),
        ("list", "for "),
        ("by", "by "),
        ("why", "because: "),
        ("words", "in these words: "),
        ("reply", ""),
        ("checks", "by: "),
    ];
    let mut text = format!("<{}>\n", word(&answer["message_id"]));
    for event in answer["events"].as_array().into_iter().flatten() {
        let mut line = format!("{}  {}", to_the_second(&event["at"]), word(&event["what"]));
        for (key, before) in SAID {
            // Copies are of the list their post is for; that was said once.
            let repeated = key == "list" && !event["to"].is_null();
            if let Some(value) = event.get(key).filter(|value| !value.is_null() && !repeated) {
                // Of what went out in the end, it tells why it had waited.
                let before = if key == "why" && event["what"] == "published" {
                    "had waited because: "
                } else {
                    before
                };
                line.push_str(&format!("  {before}{}", word(value)));
            }
        }
        if event["what"] == "owed" {
            let attempts = count(&event["attempts"], "attempt");
            line.push_str(&format!("  {attempts} so far, next {}", to_the_second(&event["next"])));
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// An archive that was read.
pub(super) fn imported(answer: &Value) -> String {
    let unreadable = answer["unreadable"].as_array().map_or(0, Vec::len);
    let unnamed = answer["unreadable_unnamed"].as_u64().unwrap_or(0);
    let imported = if answer["dry_run"] == Value::Bool(true) { "would be imported" } else { "imported" };
    let mut text = format!(
        "{}: {} {imported}, {} there already, {} cannot be read\n",
        count(&answer["messages"], "message"),
        word(&answer["imported"]),
        word(&answer["duplicates"]),
        unreadable as u64 + unnamed,
    );
    if answer["search"] == "follows" {
        text.push_str("Search will find them in a moment.\n");
    }
    if answer["older_posts"] == "members" {
        text.push_str("Those that were for members only still are, as list.toml says.\n");
    }
    for bad in answer["unreadable"].as_array().into_iter().flatten() {
        let why = word(&bad["why"]);
        text.push_str(&format!("{}, message {}: {why}\n", word(&bad["file"]), word(&bad["n"])));
    }
    if let Some(noted) = answer["old_urls"].as_u64() {
        let known = word(&answer["old_urls_known"]);
        text.push_str(&format!("{noted} old addresses lead here from now on, {known} did already\n"));
    }
    for bad in answer["old_urls_unusable"].as_array().into_iter().flatten() {
        text.push_str(&format!("old address {}: {}\n", word(&bad["n"]), word(&bad["why"])));
    }
    if unnamed > 0 {
        text.push_str(&format!("and {unnamed} more that are not named here\n"));
    }
    text
}

/// A printed edition, and whom it is for.
pub(super) fn on_paper(answer: &Value) -> String {
    let handed = answer["handed"].as_array().map_or(0, Vec::len);
    let whom = match handed {
        0 => "nobody gets it on paper yet; parvis member add LIST --paper 'NAME, HOW' says who".to_owned(),
        1 => "its last page says to whom it goes".to_owned(),
        count => format!("its last page says to which {count} people it goes"),
    };
    format!("edition {} is in {}; {whom}\n", word(&answer["n"]), word(&answer["pdf"]))
}
