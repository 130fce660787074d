//! `parvis check`: is this installation right? One line each, good or what to do.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::CheckArgs;
use super::{Voice, show, talk};
use crate::admin::request::Request;
use crate::admin::socket::no_blobs;
use crate::config::{Config, Presence, Storage};
use crate::smtp::route::Route;

pub(super) fn check(
    args: &CheckArgs,
    config: impl FnOnce() -> anyhow::Result<Config>,
    voice: &Voice,
) -> anyhow::Result<ExitCode> {
    let config = config()?;
    let mut lines =
        vec![line("configuration", true, &format!("{} is {}", "hostname", config.hostname), None)];
    lines.extend(config.show().into_iter().map(|key| line("in force", true, &key, None)));
    lines.extend(installation(&config));
    if !args.offline {
        let detail = "DNS, ports and the way out are not looked at by this version";
        lines.push(line("network", true, detail, None));
    }
    if args.store {
        let answer = talk::ask(&config, &Request::CheckStore, no_blobs(), |_| Ok(()))?;
        lines.extend(answer.as_array().cloned().unwrap_or_default());
    }
    let good = lines.iter().all(|line| line["good"] == Value::Bool(true));
    if voice.json {
        show::json(&Value::Array(lines))?;
    } else {
        show::print(&lines.iter().map(words).collect::<String>())?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn installation(config: &Config) -> Vec<Value> {
    let mut lines = Vec::new();
    lines.push(match &config.storage {
        Storage::Sled => line("storage", true, "the state is kept in the data folder", None),
        Storage::Postgres(_) => line(
            "storage",
            false,
            "several nodes on one database are not built yet",
            Some("[storage] url = \"sled\""),
        ),
    });
    lines.push(match Route::parse(&config.delivery.route).map(|route| route.built()) {
        Ok(Ok(())) => line("delivery", true, &format!("copies go to {}", config.delivery.route), None),
        Ok(Err(why)) => line(
            "delivery",
            false,
            &format!("{why}; copies wait in the queue"),
            Some("[delivery] route = \"smtp://your-mail-server:25\""),
        ),
        Err(why) => line(
            "delivery",
            false,
            &why.to_string(),
            Some("[delivery] route = \"smtp://your-mail-server:25\""),
        ),
    });
    lines.push(match &config.smtp.tls {
        Presence::There(files) => {
            line("TLS", true, &format!("the certificate is {}", files.cert.display()), None)
        }
        Presence::Absent(files) => {
            line("TLS", true, &format!("without: there is no {}", files.cert.display()), None)
        }
    });
    lines.push(match &config.dkim {
        Presence::There(keys) => line("DKIM", true, &format!("{} keys are there", keys.len()), None),
        Presence::Absent(_) => line("DKIM", true, "copies are not signed: there is no key", None),
    });
    let operator = match &config.operator {
        Some(operator) => format!("mail to postmaster waits for {operator} in parvis held ls"),
        None => "nobody is named; mail to postmaster waits in parvis held ls".to_owned(),
    };
    lines.push(line("operator", true, &operator, None));
    lines
}

fn line(what: &str, good: bool, detail: &str, mend: Option<&str>) -> Value {
    json!({ "what": what, "good": good, "detail": detail, "mend": mend })
}

fn words(line: &Value) -> String {
    let (what, detail) = (show::word(&line["what"]), show::word(&line["detail"]));
    match (line["good"] == Value::Bool(true), &line["mend"]) {
        (true, _) => format!("good   {what}: {detail}\n"),
        (false, Value::Null) => format!("wrong  {what}: {detail}\n"),
        (false, mend) => format!("wrong  {what}: {detail}\n       mend it: {}\n", show::word(mend)),
    }
}
