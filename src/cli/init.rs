//! `parvis init`: a configuration file, keys, and the DNS records to add.

use anyhow::Context;
use serde_json::json;

use super::Voice;
use super::args::InitArgs;
use super::show;
use crate::config::DEFAULT_PATH;
use crate::domain::address::EmailAddress;
use crate::init::{DkimKey, InitPlace, InitRequest, plan, write};

pub(super) fn init(args: &InitArgs, voice: &Voice) -> anyhow::Result<()> {
    let place = match &args.dir {
        Some(dir) => InitPlace::Folder(
            std::path::absolute(dir).with_context(|| format!("cannot use {}", dir.display()))?,
        ),
        None => InitPlace::System,
    };
    let operator = match &args.operator {
        Some(text) => {
            Some(EmailAddress::parse(text).with_context(|| format!("{text:?} cannot be the operator"))?)
        }
        None => None,
    };
    let request = InitRequest { place, hostname: args.hostname.clone(), operator };
    let key = DkimKey::generate().context("cannot make a DKIM key")?;
    let plan = plan(&request, &key)?;
    write(&plan)?;
    let files: Vec<String> = plan.files.iter().map(|file| file.path.display().to_string()).collect();
    if voice.json {
        return show::json(&json!({ "files": files, "records": plan.records }));
    }
    let config = files.iter().find(|file| file.ends_with(".toml")).map_or(DEFAULT_PATH, String::as_str);
    show::print(&format!(
        "Written: {}\n\nAdd these records to your DNS zone:\n\n{}\n\
         Then start the server:\n\n    parvis --config {config} serve\n\n\
         and make a first list:\n\n    parvis --config {config} list create NAME@{}\n",
        files.join(", "),
        plan.records,
        args.hostname
    ))
}
