//! `parvis backup` and `parvis restore`: copies of everything, and everything from a copy.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::args::{BackupArgs, RestoreArgs, UnsealArgs};
use super::owner::HandedOver;
use super::progress::Progress;
use super::{Voice, mishap, show, talk};
use crate::admin::request::Request;
use crate::admin::socket::no_blobs;
use crate::admin::{fence_words, release_words};
use crate::config::{Closed, Config};
use crate::domain::time::Zone;
use crate::flow::forget;
use crate::recovery::restore::{Damage, Restored, Wanted};
use crate::recovery::seal::{Seal, Unseal, is_recipient};
use crate::recovery::source::Source;
use crate::recovery::{RecoveryError, archive, generations, restore as putting_back};
use crate::serve::{copies, open_desk, system_clock};
use crate::store::cut::Cut;
use crate::store::event::FenceReason;

pub(super) fn backup(config: &Config, args: &BackupArgs, voice: &Voice) -> anyhow::Result<()> {
    let target = args.file.as_deref().or(args.to.as_deref()).context("it needs a place to write to")?;
    let cannot = || format!("cannot back up {} to {}", config.data_dir.display(), target.display());
    let answer = back_up(config, args, voice).with_context(cannot)?;
    if voice.json {
        show::json(&answer)?;
    } else {
        show::print(&written(&answer))?;
    }
    if let Some(first) = answer["changed"].as_array().and_then(|changed| changed.first()) {
        bail!("the copy is made, and something is not as it was: {}", show::word(first));
    }
    Ok(())
}

fn back_up(config: &Config, args: &BackupArgs, voice: &Voice) -> anyhow::Result<Value> {
    if !config.data_dir.join("journal").is_dir() {
        bail!("there is nothing to copy: {} is no data folder", config.data_dir.display());
    }
    let seal = seal(config, args)?;
    let about = copies::about(config, system_clock()());
    let cut = || cut(config);
    let progress = Progress::new(voice, None);
    let mut bytes = 0;
    let mut tell = |more: u64| {
        bytes += more;
        progress.show(None, || format!("{} MB copied", bytes / 1_000_000));
    };
    let done = match (&args.file, &args.to) {
        (Some(file), _) => archive::write(&config.data_dir, cut, &about, &seal, file, &mut tell)
            .map(|manifest| copies::written_to(file, &manifest, manifest.bytes())),
        (None, Some(folder)) => {
            let keep = copies::keep(config);
            generations::write(&config.data_dir, cut, &about, &seal, folder, keep, &mut tell)
                .map(|written| copies::written_generation(&written))
        }
        (None, None) => bail!("it needs a place to write to"),
    };
    progress.end();
    let done = done?;
    copies::note_backup(config, &done);
    Ok(done)
}

/// What the command says, or what the configuration does.
fn seal(config: &Config, args: &BackupArgs) -> anyhow::Result<Seal> {
    if let Some(wrong) = args.recipient.iter().find(|key| !is_recipient(key)) {
        bail!("{wrong:?} is no key of age; age-keygen makes one and prints it: age1…");
    }
    let BackupArgs { recipient, passphrase_file, .. } = args;
    let said = match (recipient.is_empty(), passphrase_file) {
        (false, _) => Some(Seal::Recipients(recipient.clone())),
        (true, Some(file)) => Some(Seal::Passphrase(file.clone())),
        (true, None) => None,
    };
    Ok(said.unwrap_or_else(|| copies::seal(&config.backup.closed)))
}

fn cut(config: &Config) -> Result<Cut, RecoveryError> {
    let answer = talk::ask(config, &Request::Cut, no_blobs(), |_| Ok(()));
    let answer = answer.map_err(|error| RecoveryError::Refused(mishap::sentence(&error)))?;
    serde_json::from_value(answer)
        .map_err(|why| RecoveryError::Refused(format!("the running server is of another version: {why}")))
}

fn written(answer: &Value) -> String {
    let mega = |key: &str| answer[key].as_u64().unwrap_or(0) / 1_000_000;
    let removed = answer["removed"].as_array().map_or(0, Vec::len);
    let mut text = format!(
        "{} is written and read again: {} files, {} MB, {} MB of them new\n",
        show::word(&answer["path"]),
        show::word(&answer["files"]),
        mega("bytes"),
        mega("new_bytes"),
    );
    if removed > 0 {
        text.push_str(&format!("{removed} older taken away, as [backup] says\n"));
    }
    text
}

impl UnsealArgs {
    /// What the command says, then what the configuration does.
    pub(super) fn unseal(&self, config: Option<&Config>) -> Unseal {
        let identity = config.and_then(|config| config.backup.identity_file.clone());
        let passphrase = config.and_then(|config| match &config.backup.closed {
            Closed::Passphrase(file) => Some(file.clone()),
            Closed::Open | Closed::Recipients(_) => None,
        });
        Unseal {
            identity: self.identity.clone().or(identity),
            passphrase: self.passphrase_file.clone().or(passphrase),
        }
    }
}

pub(super) fn restore(args: &RestoreArgs, config: Option<&Config>, voice: &Voice) -> anyhow::Result<()> {
    let cannot = || format!("cannot restore {} to {}", args.file.display(), args.dir.display());
    let put_back = put_back(args, config, voice).with_context(cannot)?;
    let forgotten = forget_again(&put_back, &args.dir).with_context(cannot)?;
    let zone = put_back.zone.clone();
    if voice.json {
        let mut answer = as_json(&put_back, &args.dir, &zone);
        answer["forgotten_again"] = json!(forgotten);
        show::json(&answer)
    } else {
        show::print(&told(&put_back, &args.dir, &zone, forgotten))
    }
}

/// Who was forgotten after the copy was made is in it; they go now, and not when a server starts.
fn forget_again(put_back: &Restored, dir: &Path) -> anyhow::Result<usize> {
    let data = std::fs::canonicalize(dir)?;
    let (data, zone) = (Value::from(data.to_string_lossy()), Value::from(put_back.zone.name()));
    // Its own configuration may speak of files that are not on this machine yet.
    let text = format!("hostname = \"localhost\"\ndata_dir = {data}\ntimezone = {zone}\n");
    let desk = Config::from_text(Some(&text), &dir.join("parvis.toml"), Vec::new(), &|_| false)?;
    Ok(forget::forget_again(&open_desk(&desk, system_clock())?)?)
}

fn put_back(args: &RestoreArgs, config: Option<&Config>, voice: &Voice) -> anyhow::Result<Restored> {
    let wanted = Wanted {
        source: Source::find(&args.file)?,
        unseal: args.unseal.unseal(config),
        into: args.dir.clone(),
        damage: if args.keep_going { Damage::TakeTheRest } else { Damage::Refuse },
        newer: args.journal.clone(),
    };
    let _theirs = HandedOver::at_the_end(&args.dir);
    let progress = Progress::new(voice, None);
    let mut bytes = 0;
    let mut tell = |more: u64| {
        bytes += more;
        progress.show(None, || match more {
            0 => "the files are in place; the working state is built from them".to_owned(),
            _ => format!("{} MB put in place", bytes / 1_000_000),
        });
    };
    let now = system_clock()();
    let zone = |text: Option<&str>| copies::zone_of(text, config);
    let done = putting_back::restore(&wanted, &zone, now, &mut tell);
    progress.end();
    Ok(done?)
}

fn as_json(restored: &Restored, dir: &Path, zone: &Zone) -> Value {
    let Restored { of, counts, newer, damaged, configuration, keys, .. } = restored;
    json!({
        "dir": dir.display().to_string(),
        "of": of.rfc3339(zone),
        "lists": counts.lists,
        "members": counts.members,
        "posts": counts.posts,
        "held": counts.held,
        "owed": counts.owed,
        "configuration": configuration.as_ref().map(|path| path.display().to_string()),
        "token_key": keys.token,
        "newer": newer.as_ref().map(|newer| json!({
            "applied": newer.applied,
            "messages": newer.messages,
            "lost": newer.lost,
            "unknown": newer.unknown,
        })),
        "damaged": damaged,
        "fenced": true,
    })
}

/// What is there again, what is not, and what comes next.
fn told(restored: &Restored, dir: &Path, zone: &Zone, forgotten: usize) -> String {
    let Restored { of, counts, newer, damaged, configuration, keys, .. } = restored;
    let reason = FenceReason::Restored { of: *of };
    let count = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let mut lines = vec![
        fence_words(reason, zone),
        format!(
            "{} holds {}, {}, {}; {} held; {} owed",
            dir.display(),
            count(counts.lists, "list"),
            count(counts.members, "member"),
            count(counts.posts, "post"),
            counts.held,
            count(counts.owed, "copy").replace("copys", "copies"),
        ),
    ];
    if let Some(newer) = newer {
        lines.push(format!(
            "from the newer journal: {}, {}; {} lost with the machine, {} about people nobody knows",
            count(newer.applied, "line"),
            count(newer.messages, "message"),
            count(newer.lost, "message"),
            count(newer.unknown, "line"),
        ));
    }
    if forgotten > 0 {
        lines.push(format!("{} forgotten since, and again now", count(forgotten as u64, "person")));
    }
    lines.extend(damaged.iter().map(|fault| format!("damaged: {fault}")));
    if !keys.token {
        lines.push(
            "keys/token.key was not in it: links and addresses in mail sent before work no more".to_owned(),
        );
    }
    if !keys.dkim {
        lines.push(
            "keys/dkim.pem was not in it: copies leave unsigned until parvis init makes another".to_owned(),
        );
    }
    lines.push(match configuration {
        Some(path) => format!("its configuration is {}", path.display()),
        None => "no configuration was in it: write one with this data_dir, or parvis init".to_owned(),
    });
    let config = configuration.as_ref().map_or("parvis.toml".into(), |path| path.display().to_string());
    lines.push("Next:".to_owned());
    lines.push(format!("  chown -R parvis: {}   if the server runs as that user", dir.display()));
    lines.push(format!("  parvis --config {config} check --store"));
    lines.push(format!("  parvis --config {config} serve"));
    lines.push(format!("  parvis --config {config} queue ls"));
    let release = release_words(reason, zone).replace("parvis ", &format!("parvis --config {config} "));
    lines.push(format!("  {release}"));
    lines.join("\n") + "\n"
}
