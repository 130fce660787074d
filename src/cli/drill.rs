//! `parvis drill`: a backup put back aside and compared with the server it is of.

use anyhow::{Context, bail};

use super::args::DrillArgs;
use super::progress::Progress;
use super::{Voice, mishap, show, talk};
use crate::admin::Frame;
use crate::admin::request::Request;
use crate::admin::socket::no_blobs;
use crate::config::Config;
use crate::domain::address::EmailAddress;
use crate::letters::{Letter, Letters};
use crate::recovery::RecoveryError;
use crate::recovery::likeness::Fact;
use crate::serve::drill::{self, Drilled, Live, Page, Younger};
use crate::serve::operator::{self, Sheet};
use crate::serve::{copies, system_clock};

pub(super) fn drill(config: &Config, args: &DrillArgs, voice: &Voice) -> anyhow::Result<()> {
    super::log::to_stderr("error");
    let cannot = || format!("cannot rehearse {}", args.file.display());
    let drilled = rehearse(config, args, voice).with_context(cannot)?;
    drill::note(config, &drilled, system_clock()());
    say(config, &drilled, voice)?;
    match drilled.differs.as_slice() {
        [] => Ok(()),
        [first] => bail!("the backup does not give everything back: {first}"),
        [first, rest @ ..] => {
            bail!("the backup does not give everything back: {first}; and {} more", rest.len())
        }
    }
}

fn rehearse(config: &Config, args: &DrillArgs, voice: &Voice) -> anyhow::Result<Drilled> {
    let progress = Progress::new(voice, None);
    let mut bytes = 0;
    let mut tell = |more: u64| {
        bytes += more;
        progress.show(None, || format!("{} MB put in place aside", bytes / 1_000_000));
    };
    let younger = if args.as_of_backup { Younger::IsTold } else { Younger::Differs };
    let unseal = args.unseal.unseal(Some(config));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _within = runtime.enter();
    let mut live = Running { config };
    let drilled = drill::drill(config, &args.file, &unseal, &mut live, younger, &system_clock(), &mut tell);
    progress.end();
    Ok(drilled?)
}

/// The server, asked as every command asks it.
struct Running<'a> {
    config: &'a Config,
}

impl Running<'_> {
    fn ask<T: serde::de::DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>, RecoveryError> {
        let refused = |why: String| RecoveryError::Refused(why);
        let mut text = Vec::new();
        let answer = talk::ask(self.config, request, no_blobs(), |frame| {
            if let Frame::Blob(bytes) = frame {
                text.extend_from_slice(&bytes);
            }
            Ok(())
        });
        answer.map_err(|error| refused(mishap::sentence(&error)))?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line))
            .collect::<Result<_, _>>()
            .map_err(|why| refused(format!("the running server is of another version: {why}")))
    }
}

impl Live for Running<'_> {
    fn facts(&mut self, after: u64) -> Result<Vec<Fact>, RecoveryError> {
        self.ask(&Request::Facts { after })
    }

    fn pages(&mut self, paths: &[String]) -> Result<Vec<Page>, RecoveryError> {
        self.ask(&Request::Pages { paths: paths.to_vec() })
    }
}

/// One page, on the terminal and by mail.
fn say(config: &Config, drilled: &Drilled, voice: &Voice) -> anyhow::Result<()> {
    let page = copies::drill_page(config, drilled);
    let templates = config.data_dir.join("templates").join("mail");
    let (letters, _) = Letters::new(Some(templates));
    let sheet = Sheet {
        letters: &letters,
        hostname: &config.hostname,
        language: config.language,
        zone: &config.timezone,
        now: system_clock()(),
    };
    let postmaster = format!("postmaster@{}", config.hostname);
    let to = config.operator.clone().or_else(|| EmailAddress::parse(&postmaster).ok());
    let Some(to) = to else { return Ok(()) };
    let mail = sheet.write(&to, "drill", Letter::Recovery(page.letter()));
    if voice.json {
        show::json(&drilled.json(config))?;
    } else {
        show::print(&format!("{}\n\n{}\n", mail.subject, mail.text.trim_end()))?;
    }
    if let Some(operator) = &config.operator {
        match operator::send_now(config, &sheet, operator, &mail) {
            Ok(true) => {}
            Ok(false) => show::warn(&format!("this page could not be mailed to {operator}")),
            Err(error) => show::warn(&format!("this page could not be mailed to {operator}: {error}")),
        }
    }
    Ok(())
}
