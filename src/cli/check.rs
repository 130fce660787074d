//! `parvis check`: is this installation right? One line each, good or what to do.

mod network;

use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::args::CheckArgs;
use super::{Voice, mishap, show, talk};
use crate::admin::request::Request;
use crate::admin::socket::{self, no_blobs};
use crate::check::{self, Finding, State};
use crate::config::{Config, DkimKeyFile, Presence, Storage};
use crate::serve;
use crate::sign;
use crate::smtp::route::Route;

/// What `Config::show` writes behind a key nobody wrote.
const DEFAULT: &str = "  (default)";

pub(super) fn check(
    args: &CheckArgs,
    config: impl FnOnce() -> anyhow::Result<Config>,
    voice: &Voice,
) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    match config() {
        Ok(config) => {
            lines.extend(fence(&config)?);
            let fenced = !lines.is_empty();
            lines.extend(in_force(&config, voice));
            lines.extend(installation(&config));
            if !args.offline {
                lines.extend(network::network(&config)?.iter().map(found));
            }
            if args.store {
                let answer = talk::ask(&config, &Request::CheckStore, no_blobs(), |_| Ok(()))?;
                let found = answer.as_array().cloned().unwrap_or_default();
                lines.extend(found.into_iter().filter(|line| !fenced || line["what"] != "fence"));
            }
        }
        // That there is no configuration is an answer too.
        Err(error) => lines.push(line("configuration", false, &mishap::sentence(&error), None)),
    }
    let wrong: Vec<String> = lines
        .iter()
        .filter(|line| line["good"] == Value::Bool(false))
        .map(|line| show::word(&line["what"]))
        .collect();
    if voice.json {
        show::json(&Value::Array(lines))?;
    } else {
        show::print(&lines.iter().map(words).collect::<String>())?;
    }
    if !wrong.is_empty() {
        bail!("this installation is not right: {}", wrong.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// That no mail leaves comes before everything else.
fn fence(config: &Config) -> anyhow::Result<Option<Value>> {
    if !config.data_dir.join("journal").is_dir() {
        return Ok(None);
    }
    let fence = talk::ask(config, &Request::Fence, no_blobs(), |_| Ok(()))?;
    Ok((fence["good"] == Value::Bool(false)).then_some(fence))
}

/// The configuration: every key for programs, what somebody wrote for people.
fn in_force(config: &Config, voice: &Voice) -> Vec<Value> {
    let keys = config.show();
    if voice.json {
        return keys.iter().map(|key| line("configuration", true, key, None)).collect();
    }
    let (defaults, written): (Vec<&String>, Vec<&String>) =
        keys.iter().partition(|key| key.ends_with(DEFAULT));
    let mut lines: Vec<Value> =
        written.into_iter().map(|key| line("configuration", true, key, None)).collect();
    let rest = format!("{} other keys are at their defaults (all: parvis check --json)", defaults.len());
    lines.push(line("configuration", true, &rest, None));
    lines
}

fn installation(config: &Config) -> Vec<Value> {
    let server = match socket::connect(&config.data_dir) {
        Ok(_) => "it is running",
        Err(_) => "it is not running",
    };
    let operator = match &config.operator {
        Some(operator) => format!("mail to postmaster goes to {operator}, and waits in parvis held ls"),
        None => "nobody is named; mail to postmaster waits in parvis held ls".to_owned(),
    };
    vec![
        line("server", true, server, None),
        storage(config),
        delivery(config),
        tls(config),
        dkim(config),
        line("operator", true, &operator, None),
    ]
}

fn storage(config: &Config) -> Value {
    let data = config.data_dir.display();
    match &config.storage {
        Storage::Sled if config.data_dir.is_dir() => {
            line("storage", true, &format!("everything is in {data}"), None)
        }
        Storage::Sled if config.data_dir.exists() => {
            line("storage", false, &format!("{data} is no folder"), Some("data_dir = \"/var/lib/parvis\""))
        }
        Storage::Sled => line("storage", true, &format!("{data} will be made at the first start"), None),
        Storage::Postgres(_) => line(
            "storage",
            false,
            "several nodes on one database are not built yet",
            Some("[storage] url = \"sled\""),
        ),
    }
}

fn delivery(config: &Config) -> Value {
    const SMARTHOST: &str = "[delivery] route = \"smtp://your-mail-server:25\"";
    match Route::parse(&config.delivery.route) {
        Ok(Route::Mx) => line("delivery", true, "copies go to each domain's own servers", None),
        Ok(route) => line("delivery", true, &format!("copies go to {route}"), None),
        Err(why) => line("delivery", false, &why.to_string(), Some(SMARTHOST)),
    }
}

fn tls(config: &Config) -> Value {
    let (facts, _) = serve::check_facts(config, &[]);
    match &config.smtp.tls {
        _ if facts.certificate.is_some() => found(&check::certificate(&facts, serve::system_clock()())),
        Presence::There(files) | Presence::Absent(files) => {
            line("TLS", true, &format!("without: there is no {}", files.cert.display()), None)
        }
    }
}

fn dkim(config: &Config) -> Value {
    match &config.dkim {
        Presence::There(keys) => {
            let mut signing = Vec::new();
            for DkimKeyFile { selector, file } in keys {
                match sign::read_key(file) {
                    Ok(key) => signing.push(format!("{selector} ({})", key.algorithm().tag())),
                    Err(error) => {
                        let place = config.written_at("dkim.keys");
                        let detail = format!("{error} (dkim.keys: {place})");
                        return line("DKIM", false, &detail, Some("openssl genrsa 2048, into that file"));
                    }
                }
            }
            if signing.is_empty() {
                return line("DKIM", true, "copies are not signed: dkim.keys is empty", None);
            }
            let detail = format!("copies and letters are signed by {}", signing.join(", "));
            line("DKIM", true, &detail, None)
        }
        Presence::Absent(keys) => {
            let files: Vec<String> = keys.iter().map(|key| key.file.display().to_string()).collect();
            let detail = format!("copies are not signed: there is no {}", files.join(", "));
            line("DKIM", true, &detail, None)
        }
    }
}

/// What was looked at, as a line. What could not be found out now is no fault of the installation:
/// it is told, and does not make the whole wrong.
fn found(finding: &Finding) -> Value {
    let Finding { what, about: _, state, detail, mend } = finding;
    let word = match state {
        State::Good => "good",
        State::Wrong => "wrong",
        State::Unknown => "unknown",
    };
    let mut line = line(what, *state != State::Wrong, detail, mend.as_deref());
    line["state"] = word.into();
    line
}

fn line(what: &str, good: bool, detail: &str, mend: Option<&str>) -> Value {
    let state = if good { "good" } else { "wrong" };
    json!({ "what": what, "good": good, "state": state, "detail": detail, "mend": mend })
}

fn words(line: &Value) -> String {
    let (what, detail) = (show::word(&line["what"]), show::word(&line["detail"]));
    let head = match (line["state"].as_str(), line["good"].as_bool()) {
        (Some("unknown"), _) => "not known",
        (_, Some(true)) => "good ",
        (_, Some(false) | None) => "wrong",
    };
    let mend = if line["mend"].is_null() {
        String::new()
    } else {
        format!("       mend it: {}\n", show::word(&line["mend"]))
    };
    format!("{head}  {what}: {detail}\n{mend}")
}
