//! Answers in words, or as the JSON they are.

mod lists;
mod people;
mod posts;
mod table;
mod words;

use std::io::{self, Write};

use serde_json::Value;

pub(super) use self::words::{on_one_line, printable, word};

use self::table::{Cells, table};
use self::words::{count, escaped};
use super::Voice;
use crate::admin::request::{Request, SetRight};

/// Prints what came of a request.
pub(super) fn answer(request: &Request, answer: &Value, voice: &Voice) -> anyhow::Result<()> {
    if voice.json {
        return json(answer);
    }
    let text = match request {
        Request::ListLs => lists::all(answer),
        Request::ListShow { .. } => lists::one(answer),
        Request::ListHistory { .. } => lists::history(answer),
        Request::ListCreate { .. } => lists::made(answer),
        Request::ListSet { settings, .. } => lists::changed(answer, settings),
        Request::ListState { .. } => format!("{} is {}\n", word(&answer["address"]), word(&answer["state"])),
        Request::ListRemove { .. } => lists::removed(answer),
        Request::MemberLs { .. } => people::members(answer),
        Request::MemberShow { .. } => people::member(answer),
        Request::PersonShow { .. } | Request::PersonExport { .. } => people::person(answer),
        Request::PersonErase { .. } => people::erased(answer),
        Request::MemberAdd { .. }
        | Request::MemberAddOnPaper { .. }
        | Request::MemberSet { .. }
        | Request::MemberRemove { .. } => {
            format!("{}\n", word(&answer["said"]))
        }
        Request::MemberImport { .. } => people::imported(answer),
        Request::HeldLs { .. } => posts::waiting(answer),
        Request::HeldShow { .. } => posts::held(answer),
        Request::HeldDecide { .. } => format!("{} is {}\n", word(&answer["id"]), word(&answer["became"])),
        Request::DigestDraft { .. } | Request::DigestSend { .. } | Request::DigestShow { .. } => {
            posts::edition(answer)
        }
        Request::DigestPrint { .. } => posts::on_paper(answer),
        Request::QueueLs => queue(answer),
        Request::QueueRetry { .. } => retried(answer),
        Request::QueueDrop { .. } => format!("{} will not be sent\n", word(&answer["dropped"])),
        Request::QueueRelease { .. } => format!(
            "mail may leave: {} released, {} dropped\n",
            word(&answer["released"]),
            word(&answer["dropped"])
        ),
        Request::Post { .. } => format!("taken: {}\n", word(&answer["message_id"])),
        Request::SetRight { how: SetRight::Withdraw, .. } => {
            format!("{} is withdrawn\n", word(&answer["message_id"]))
        }
        Request::SetRight { .. } => {
            format!(
                "{} post(s) are in the conversation {}\n",
                word(&answer["posts"]),
                word(&answer["thread"])
            )
        }
        Request::Trace { .. } => posts::traced(answer),
        Request::Search { .. } => posts::found(answer),
        Request::Reindex { .. } => reindexed(answer),
        Request::OldAddresses { .. } | Request::Import { .. } => posts::imported(answer),
        Request::Export { .. } => lists::exported(answer),
        Request::Cut
        | Request::Fence
        | Request::Facts { .. }
        | Request::Pages { .. }
        | Request::CheckStore => {
            table(answer, &[("what", "WHAT", Cells::Words), ("detail", "DETAIL", Cells::Words)])
        }
    };
    print(&text)
}

/// Prints a text: its lines, and of strangers' words nothing but letters.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(printable(text).as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Says something that is no part of the answer.
pub(super) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(text));
}

/// Prints one JSON document.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    print(&escaped(&format!("{value:#}\n")))
}

fn queue(answer: &Value) -> String {
    if answer.as_array().is_some_and(Vec::is_empty) {
        return "nothing is owed to anybody\n".to_owned();
    }
    table(
        answer,
        &[
            ("id", "ID", Cells::Words),
            ("to", "TO", Cells::Words),
            ("attempts", "TRIES", Cells::Numbers),
            ("next", "NEXT", Cells::Times),
            ("last_reply", "LAST REPLY", Cells::Words),
        ],
    )
}

fn retried(answer: &Value) -> String {
    let again = match answer["again"].as_u64() {
        Some(0) => "nothing was put off; what is owed is on its way\n".to_owned(),
        Some(1) => "1 is tried again now\n".to_owned(),
        Some(_) | None => format!("{} are tried again now\n", word(&answer["again"])),
    };
    if answer["fenced"] == Value::Bool(true) {
        return format!("{again}But no mail leaves until you say: parvis queue release\n");
    }
    again
}

fn reindexed(answer: &Value) -> String {
    let mut text = format!("built again: {}\n", count(&answer["posts"], "post"));
    if answer["held_back"] == Value::Bool(true) {
        text.push_str("No mail leaves until you say: parvis queue release\n");
    }
    text
}

/// Lines of a key and a value, the values below each other.
fn facts(margin: &str, facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    facts.iter().map(|(key, value)| format!("{margin}{key:<width$}  {value}\n")).collect()
}
