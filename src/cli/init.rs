//! `parvis init`: a configuration file, keys, and the DNS records to add.

use std::path::Path;

use anyhow::Context;
use serde_json::json;

use super::Voice;
use super::args::InitArgs;
use super::owner::HandedOver;
use super::show;
use crate::domain::address::EmailAddress;
use crate::init::{DATA_DIR, DkimKey, InitPlace, InitRequest, plan, write};

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
    let _theirs = HandedOver::at_the_end(match &request.place {
        InitPlace::System => Path::new(DATA_DIR),
        InitPlace::Folder(folder) => folder,
    });
    write(&plan)?;
    let files: Vec<String> = plan.files.iter().map(|file| file.path.display().to_string()).collect();
    if voice.json {
        return show::json(&json!({ "files": files, "records": plan.records }));
    }
    // What is printed is a zone file, and may go into one; everything else is said beside it.
    show::warn(&format!("Written: {}\n\nAdd these records to your DNS zone:\n", files.join(", ")));
    show::print(&plan.records)?;
    let (start, parvis) = match &request.place {
        InitPlace::System => {
            let start = "systemctl enable --now parvis      (or, where there is no systemd: parvis serve)";
            (start.to_owned(), "parvis".to_owned())
        }
        InitPlace::Folder(folder) => {
            let parvis = format!("parvis --config {}", folder.join("parvis.toml").display());
            (format!("{parvis} serve"), parvis)
        }
    };
    show::warn(&format!(
        "\nThen start the server:\n\n    {start}\n\nlook whether all is well, and make a first list:\n\n    \
         {parvis} check\n    {parvis} list create NAME@{}",
        args.hostname
    ));
    Ok(())
}
