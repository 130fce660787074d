//! The commands an operator types: words in, words out, and nothing decided.
//!
//! The only room that prints. What commands do is `admin`'s; here they are asked for, of a running
//! server or of the data folder, and the answer is put into words or JSON.

mod args;
mod bench;
mod check;
mod demo;
mod doing;
mod drill;
mod heaps;
mod init;
mod log;
mod mishap;
mod owner;
mod papers;
mod progress;
mod recover;
mod run;
mod show;
mod talk;
mod transfer;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use self::args::{Cli, Command};
use crate::config::{Config, ConfigPath, environment};

/// Everything is said to this: the answer on stdout, the rest on stderr.
struct Voice {
    json: bool,
}

/// Runs a command line. The exit code: 0 done, 1 not done, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(args::with_words_apart(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes.
            let code = if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
            let _ = error.print();
            return code;
        }
    };
    mishap::say_faults_plainly();
    match mishap::caught(|| perform(cli)) {
        Ok(code) => code,
        Err(error) if mishap::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            mishap::say(&error);
            ExitCode::FAILURE
        }
    }
}

fn perform(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { config: path, json, command } = cli;
    let voice = Voice { json };
    if matches!(command, Command::Serve | Command::Demo(_) | Command::Bench(_) | Command::Import(_)) {
        heaps::give_back_soon();
    }
    let config = || -> anyhow::Result<Config> {
        // PARVIS_CONFIG= names no file.
        let written = path.clone().filter(|path| !path.as_os_str().is_empty());
        let path = written.map_or(ConfigPath::Default, ConfigPath::Written);
        Config::load(&path, environment()).map_err(anyhow::Error::from)
    };
    match command {
        Command::Demo(args) => return demo::demo(&args, &voice).context("cannot show the demo"),
        Command::Init(args) => init::init(&args, &voice)?,
        Command::Serve => run::serve(&config()?)?,
        Command::Check(args) => return check::check(&args, config, &voice),
        Command::Letters { lang } => papers::letters(lang.map(Into::into), &voice)?,
        Command::Completions { shell } => papers::completions(shell)?,
        Command::Man { dir } => {
            papers::man(&dir).with_context(|| format!("cannot write manual pages to {}", dir.display()))?
        }
        Command::Bench(args) => bench::bench(&args, &voice)?,
        Command::Import(command) => transfer::import(&config()?, command, &voice)?,
        Command::Backup(args) => recover::backup(&config()?, &args, &voice)?,
        Command::Drill(args) => drill::drill(&config()?, &args, &voice)?,
        Command::Restore(args) => recover::restore(&args, config().ok().as_ref(), &voice)?,
        Command::Export(args) => transfer::export(&config()?, &args, &voice)?,
        other @ (Command::List(_)
        | Command::Member(_)
        | Command::Post(_)
        | Command::Queue(_)
        | Command::Digest(_)
        | Command::Held(_)
        | Command::Trace { .. }
        | Command::Search(_)
        | Command::Person(_)
        | Command::Reindex { .. }) => talk::command(&config()?, other, &voice)?,
    }
    Ok(ExitCode::SUCCESS)
}
