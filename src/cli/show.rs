//! Answers in words, or as the JSON they are.

use std::io::{self, Write};

use serde_json::Value;

use super::Voice;
use crate::admin::request::Request;

/// Prints what came of a request.
pub(super) fn answer(request: &Request, answer: &Value, voice: &Voice) -> anyhow::Result<()> {
    if voice.json {
        return json(answer);
    }
    let text = match request {
        Request::ListLs => {
            table(answer, &["address", "name", "language", "posts", "threads", "members", "held"])
        }
        Request::ListShow { .. } | Request::MemberShow { .. } | Request::PersonShow { .. } => {
            facts(answer, 0)
        }
        Request::ListCreate { .. } => list_made(answer),
        Request::ListSet { .. } | Request::ListState { .. } => {
            format!("{} is changed; parvis list show says how it is now\n", word(&answer["address"]))
        }
        Request::ListRemove { .. } => format!(
            "{} is removed. Everything it held is exported to {}, and deleted from the server in 30 days\n",
            word(&answer["address"]),
            word(&answer["exported"])
        ),
        Request::MemberLs { .. } => table(answer, &["email", "name", "reading", "role", "since", "state"]),
        Request::MemberAdd { .. } | Request::MemberSet { .. } | Request::MemberRemove { .. } => {
            format!("{}\n", word(&answer["said"]))
        }
        Request::MemberImport { .. } => members_imported(answer),
        Request::HeldLs { .. } => match answer.as_array().map(Vec::len) {
            Some(0) => "nothing waits\n".to_owned(),
            Some(_) | None => table(answer, &["id", "list", "from", "subject", "reason", "at"]),
        },
        Request::HeldShow { .. } => held_shown(answer),
        Request::HeldDecide { .. } => format!("{} is {}\n", word(&answer["id"]), word(&answer["became"])),
        Request::QueueLs => match answer.as_array().map(Vec::len) {
            Some(0) => "nothing is owed to anybody\n".to_owned(),
            Some(_) | None => table(answer, &["id", "to", "attempts", "next", "last_reply"]),
        },
        Request::QueueRetry { .. } => format!("{} are tried again now\n", word(&answer["again"])),
        Request::QueueDrop { .. } => format!("{} will not be sent\n", word(&answer["dropped"])),
        Request::QueueRelease { .. } => format!(
            "mail may leave: {} released, {} dropped\n",
            word(&answer["released"]),
            word(&answer["dropped"])
        ),
        Request::Post { .. } => format!("taken: {}\n", word(&answer["message_id"])),
        Request::Trace { .. } => traced(answer),
        Request::Reindex { .. } => reindexed(answer),
        Request::Import { .. } => imported(answer),
        Request::Export { .. } | Request::CheckStore => facts(answer, 0),
    };
    print(&text)
}

/// Prints a text as it is.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints one JSON document.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    print(&format!("{value:#}\n"))
}

fn list_made(answer: &Value) -> String {
    let address = word(&answer["address"]);
    format!(
        "{address} is made.\nAdd members: parvis member add {address} anne@example.org --name 'Anne Martin'\n"
    )
}

fn held_shown(answer: &Value) -> String {
    let line = |key: &str| format!("{key}: {}\n", word(&answer[key]));
    let head: String = ["id", "list", "from", "subject", "reason", "at"].into_iter().map(line).collect();
    let id = word(&answer["id"]);
    format!(
        "{head}\n{}\n\nparvis held accept {id} · refuse {id} --reason '…' · discard {id}\n",
        word(&answer["text"]).trim_end()
    )
}

fn members_imported(answer: &Value) -> String {
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

fn imported(answer: &Value) -> String {
    let unreadable = answer["unreadable"].as_array().map_or(0, Vec::len);
    let mut text = format!(
        "{} messages: {} imported, {} were there already, {unreadable} cannot be read\n",
        word(&answer["messages"]),
        word(&answer["imported"]),
        word(&answer["duplicates"]),
    );
    for bad in answer["unreadable"].as_array().into_iter().flatten() {
        text.push_str(&format!("message {}: {}\n", word(&bad["n"]), word(&bad["why"])));
    }
    text
}

fn reindexed(answer: &Value) -> String {
    let mut text = format!("built again: {} posts\n", word(&answer["posts"]));
    if answer["held_back"] == Value::Bool(true) {
        text.push_str("No mail leaves until you say: parvis queue release\n");
    }
    text
}

fn traced(answer: &Value) -> String {
    let mut text = format!("<{}>\n", word(&answer["message_id"]));
    for event in answer["events"].as_array().into_iter().flatten() {
        text.push_str(&format!("{}  {}", word(&event["at"]), word(&event["what"])));
        for key in ["list", "why", "by", "words", "to", "reply"] {
            if let Some(value) = event.get(key).filter(|value| !value.is_null()) {
                text.push_str(&format!(", {key}: {}", word(value)));
            }
        }
        text.push('\n');
    }
    text
}

/// A value as one would write it: absent is a dash.
pub(super) fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Rows of objects, one line each, columns as wide as they need to be.
fn table(rows: &Value, columns: &[&str]) -> String {
    const WIDTH_MAX: usize = 48;
    let cell = |row: &Value, column: &str| {
        let text: String = word(&row[column]).chars().filter(|c| !c.is_control()).collect();
        match text.char_indices().nth(WIDTH_MAX) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    };
    let mut lines: Vec<Vec<String>> =
        vec![columns.iter().map(|c| c.to_uppercase().replace('_', " ")).collect()];
    for row in rows.as_array().into_iter().flatten() {
        lines.push(columns.iter().map(|column| cell(row, column)).collect());
    }
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// An object, a line for each key.
fn facts(value: &Value, indent: usize) -> String {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(object) => {
            let width = object.keys().map(String::len).max().unwrap_or(0);
            let line = |(key, value): (&String, &Value)| match value {
                Value::Array(items) if items.iter().all(Value::is_string) => {
                    let items: Vec<String> = items.iter().map(word).collect();
                    format!("{margin}{key:<width$}  {}\n", items.join(", "))
                }
                Value::Array(items) => {
                    let items: String = items.iter().map(|item| facts(item, indent + 2) + "\n").collect();
                    format!("{margin}{key}\n{items}")
                }
                Value::Object(_) => format!("{margin}{key}\n{}", facts(value, indent + 2)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    format!("{margin}{key:<width$}  {}\n", word(value))
                }
            };
            object.iter().map(line).collect()
        }
        Value::Array(items) => items.iter().map(|item| facts(item, indent) + "\n").collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            format!("{margin}{}\n", word(value))
        }
    }
}
