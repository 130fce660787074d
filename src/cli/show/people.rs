//! Members, and people on all their lists.

use serde_json::Value;

use super::facts;
use super::table::{Cells, table};
use super::words::{day_and_hour, to_the_second, word};

pub(super) fn members(answer: &Value) -> String {
    if answer.as_array().is_some_and(Vec::is_empty) {
        return "it has no members yet; parvis member add LIST EMAIL adds one\n".to_owned();
    }
    table(
        answer,
        &[
            ("email", "EMAIL", Cells::Words),
            ("name", "NAME", Cells::Words),
            ("reading", "READING", Cells::Words),
            ("role", "ROLE", Cells::Words),
            ("since", "SINCE", Cells::Times),
            ("state", "STATE", Cells::Words),
        ],
    )
}

/// Somebody on all their lists.
pub(super) fn member(person: &Value) -> String {
    let mut text = facts(
        "",
        &[
            ("name", word(&person["name"])),
            ("addresses", word(&person["addresses"])),
            ("language", word(&person["language"])),
        ],
    );
    for member in person["lists"].as_array().into_iter().flatten() {
        text.push_str(&format!("\n{}\n", word(&member["list"])));
        let mut lines =
            vec![("member since", day_and_hour(&member["since"])), ("came", word(&member["joined"]))];
        for key in [
            "state",
            "role",
            "reading",
            "day",
            "hour",
            "digest_form",
            "together",
            "quiet",
            "own_posts",
            "posts",
        ] {
            if !member[key].is_null() {
                lines.push((key, word(&member[key])));
            }
        }
        for key in ["until", "pause_until"] {
            if !member[key].is_null() {
                lines.push((key, day_and_hour(&member[key])));
            }
        }
        lines.extend(bounces(&member["bounces"]));
        text.push_str(&facts("  ", &lines));
    }
    text
}

/// What came back of what they were sent, in a sentence.
fn bounces(standing: &Value) -> Option<(&'static str, String)> {
    if standing.is_null() {
        return None;
    }
    let why = match standing["why"].as_str() {
        Some("no-such-mailbox") => "their server knows no such mailbox",
        Some("full") => "their mailbox is full",
        Some("unreachable") => "their server is not reached",
        Some(_) | None => "their server does not say why",
    };
    let status = if standing["status"].is_null() {
        String::new()
    } else {
        format!(" ({})", word(&standing["status"]))
    };
    let days = word(&standing["days"]);
    let days = if days == "1" { "one day".to_owned() } else { format!("{days} days") };
    let (score, of) = (word(&standing["score"]), word(&standing["of"]));
    let mut text =
        format!("{why}{status}: on {days} since {}, score {score} of {of}", word(&standing["since"]));
    if !standing["paused"].is_null() {
        text.push_str(&format!("; no mail since {}", day_and_hour(&standing["paused"])));
    } else if !standing["probed"].is_null() {
        text.push_str(&format!("; asked {} whether anything arrives", day_and_hour(&standing["probed"])));
    }
    Some(("bounces", text))
}

/// All that is held about somebody.
pub(super) fn person(person: &Value) -> String {
    let mut text = member(person);
    let some = |key: &str| person[key].as_array().is_some_and(|items| !items.is_empty());
    if some("posts") {
        text.push_str("\nPosts\n");
        text.push_str(&table(
            &person["posts"],
            &[
                ("at", "AT", Cells::Times),
                ("list", "LIST", Cells::Words),
                ("state", "STATE", Cells::Words),
                ("subject", "SUBJECT", Cells::Words),
                ("message_id", "MESSAGE-ID", Cells::Words),
            ],
        ));
    }
    if some("history") {
        text.push_str("\nHistory\n");
    }
    for event in person["history"].as_array().into_iter().flatten() {
        let of: Vec<String> = ["letter", "list", "state", "role", "reading"]
            .into_iter()
            .filter(|key| event.get(key).is_some_and(|value| !value.is_null()))
            .map(|key| word(&event[key]))
            .collect();
        let (at, what) = (to_the_second(&event["at"]), word(&event["what"]));
        text.push_str(&format!("{at}  {what}  {}\n", of.join(", ")));
    }
    text
}

/// A table of members that was read.
pub(super) fn imported(answer: &Value) -> String {
    let mut text = format!(
        "{} added, {} changed, {} were members already\n",
        word(&answer["added"]),
        word(&answer["updated"]),
        word(&answer["known"])
    );
    for column in answer["ignored_columns"].as_array().into_iter().flatten() {
        text.push_str(&format!("the column {:?} was not looked at\n", word(column)));
    }
    for bad in answer["bad"].as_array().into_iter().flatten() {
        text.push_str(&format!("line {}: {}\n", word(&bad["line"]), word(&bad["why"])));
    }
    text
}

/// What was done about somebody who is forgotten.
pub(super) fn erased(answer: &Value) -> String {
    let posts = if answer["posts"] == "withdrawn" { "say nothing any more" } else { "are under no name" };
    let mut text = facts(
        "",
        &[
            ("forgotten", word(&answer["addresses"])),
            ("memberships ended", word(&answer["lists"])),
            ("messages of theirs", format!("{} {posts}", word(&answer["own"]))),
            ("messages that named them", word(&answer["mentions"])),
            ("lines that named them", word(&answer["lines"])),
            ("other files that named them", word(&answer["files"])),
            ("exports made again", word(&answer["exports"])),
        ],
    );
    text.push_str("\nWhat is kept, or is not in our hands\n");
    for kept in answer["kept"].as_array().into_iter().flatten() {
        text.push_str(&format!("  {}\n", word(kept)));
    }
    text
}
