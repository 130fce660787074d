//! The words of the command line.

mod bench;
mod digest;
mod person;
mod posts;
mod recovery;
mod search;

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use self::person::{PersonCommand, PostsArg};
pub(super) use self::search::{SearchArgs, with_words_apart};
use crate::domain::list::Language;
use crate::domain::member::{Reading, Role};
use crate::domain::time::Timestamp;

pub(super) use self::bench::{BenchArgs, BenchWhat};
pub(super) use self::digest::DigestCommand;
pub(super) use self::posts::{PostArgs, PostCommand};
pub(super) use self::recovery::{BackupArgs, DrillArgs, RestoreArgs, UnsealArgs};

/// As `Preset::parse` takes them.
const PRESETS: [&str; 3] = ["discussion", "announce", "private"];

/// An email-first community list server.
#[derive(Parser, Debug)]
#[command(name = "parvis", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Try it: parvis demo\nSet one up: parvis init --hostname lists.example.org")]
pub(super) struct Cli {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", env = "PARVIS_CONFIG")]
    // Not clap's own parser of paths: PARVIS_CONFIG= names no file, and is no mistake.
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(super) config: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// What to do
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Try Parvis on this machine alone: two communities, live posts, mailboxes, the archive
    #[command(after_help = "Example: parvis demo --dir /tmp/parvis-demo")]
    Demo(DemoArgs),
    /// Write a configuration file and DKIM keys, print the DNS records to add
    #[command(after_help = "Example: parvis init --hostname lists.example.org --operator me@example.org")]
    Init(InitArgs),
    /// Run the server until SIGTERM or Ctrl-C
    #[command(after_help = "Example: parvis --config /etc/parvis/parvis.toml serve")]
    Serve,
    /// Is this installation right?
    #[command(after_help = "Example: parvis check --offline --store")]
    Check(CheckArgs),
    /// Lists: make, show, change, close
    #[command(subcommand)]
    List(ListCommand),
    /// Members: add, import, show, change, remove
    #[command(subcommand)]
    Member(MemberCommand),
    /// Hand a message to a list, as SMTP would
    #[command(after_help = "Example: parvis post quartier@lists.example.org message.eml")]
    Post(PostArgs),
    /// Put an archive from elsewhere into a list; nobody is mailed
    #[command(subcommand)]
    Import(ImportCommand),
    /// Everything of one list in open formats
    #[command(after_help = "Example: parvis export quartier@lists.example.org --out quartier-2026")]
    Export(ExportArgs),
    /// A copy of everything, while the server runs
    #[command(after_help = "Example: parvis backup /srv/backup/parvis.tar.zst")]
    Backup(BackupArgs),
    /// A whole server from a copy; no mail leaves until `parvis queue release`
    #[command(after_help = "Example: parvis restore /srv/backup/parvis.tar.zst --dir /var/lib/parvis")]
    Restore(RestoreArgs),
    /// Rehearse a restore: put a backup back aside, compare it with the server, say what differs
    #[command(after_help = "Example: parvis drill /srv/backup/parvis.tar.zst")]
    Drill(DrillArgs),
    /// What still has to leave
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Digests and editions
    #[command(subcommand)]
    Digest(DigestCommand),
    /// Posts and requests that wait for somebody
    #[command(subcommand)]
    Held(HeldCommand),
    /// Where is my message?
    #[command(after_help = "Example: parvis trace '<abc@example.org>'")]
    Trace {
        /// Its Message-ID
        message_id: String,
    },
    /// Find words in a list's archive, as its search page does
    Search(SearchArgs),
    /// Every letter Parvis writes, with sample facts
    #[command(after_help = "Example: parvis letters --lang fr")]
    Letters {
        /// Only in this language
        #[arg(long, value_enum)]
        lang: Option<LanguageArg>,
    },
    /// All that is known about somebody
    #[command(subcommand)]
    Person(PersonCommand),
    /// Throw derived data away and build it again
    #[command(after_help = "Example: parvis reindex --all")]
    Reindex {
        /// The whole working state; mail is held back until `parvis queue release`
        #[arg(long)]
        all: bool,
    },
    /// Measure this machine with Parvis's own parts
    #[command(after_help = "Example: parvis bench fan-out --members 10000")]
    Bench(BenchArgs),
    /// Completions for a shell
    #[command(after_help = "Example: parvis completions bash > /etc/bash_completion.d/parvis")]
    Completions {
        /// Which
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    #[command(after_help = "Example: parvis man /usr/local/share/man/man1")]
    Man {
        /// The folder
        dir: PathBuf,
    },
}

/// `parvis demo`
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Where to put everything; a new temporary folder if not said
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Compare what was sent with what arrived, then end
    #[arg(long)]
    pub(super) once: bool,
}

/// `parvis init`
#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// Put everything into this folder instead of /etc/parvis and /var/lib/parvis
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// The name of this server: lists live at NAME@HOST
    #[arg(long, value_name = "HOST")]
    pub(super) hostname: String,
    /// Who runs it
    #[arg(long, value_name = "EMAIL")]
    pub(super) operator: Option<String>,
}

/// `parvis check`
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Ask nobody on the network
    #[arg(long)]
    pub(super) offline: bool,
    /// Look at everything that is kept as well
    #[arg(long)]
    pub(super) store: bool,
}

/// `parvis list …`
#[derive(Subcommand, Debug)]
pub(super) enum ListCommand {
    /// Make a list
    #[command(
        after_help = "Example: parvis list create quartier@lists.example.org --name 'Le quartier' \\\n           --language fr --animator claire@example.org"
    )]
    Create {
        /// Where posts will be sent
        address: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        /// The language it speaks
        #[arg(long, value_enum)]
        language: Option<LanguageArg>,
        /// The settings to begin with: discussion, announce or private
        #[arg(long, default_value = "discussion", value_parser = PossibleValuesParser::new(PRESETS))]
        preset: String,
        /// Who looks after it; may be given several times
        #[arg(long, value_name = "EMAIL")]
        animator: Vec<String>,
    },
    /// All lists
    #[command(after_help = "Example: parvis list ls --json")]
    Ls,
    /// One list with its settings
    #[command(after_help = "Example: parvis list show quartier@lists.example.org --history")]
    Show {
        /// Its address
        address: String,
        /// What was decided in it, by whom and when, the latest first
        #[arg(long)]
        history: bool,
        /// The language of these sentences; that of the list without
        #[arg(long, requires = "history")]
        lang: Option<LanguageArg>,
    },
    /// Change settings
    #[command(after_help = "Example: parvis list set quartier@lists.example.org archive=public footer=none")]
    Set {
        /// Its address
        address: String,
        /// KEY=VALUE; see docs/settings.md
        #[arg(required_unless_present = "past", value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        /// With archive=public: what was written before is shown too, 14 days after members were told
        #[arg(long)]
        past: bool,
        #[arg(long, help = "Yes, tell them")]
        yes: bool,
    },
    /// No more posts, no more members; it can still be read
    #[command(after_help = "Example: parvis list close quartier@lists.example.org")]
    Close {
        /// Its address
        address: String,
    },
    /// Open it again, also when it was removed and is still kept
    #[command(after_help = "Example: parvis list reopen quartier@lists.example.org")]
    Reopen {
        /// Its address
        address: String,
    },
    /// Export it, then take it away; what it held is deleted after 30 days
    #[command(after_help = "Example: parvis list remove quartier@lists.example.org --yes")]
    Remove {
        /// Its address
        address: String,
        /// Yes, really
        #[arg(long)]
        yes: bool,
    },
}

/// `parvis member …`
#[derive(Subcommand, Debug)]
pub(super) enum MemberCommand {
    /// Add somebody who agreed to it
    #[command(
        after_help = "Example: parvis member add quartier@lists.example.org anne@example.org --name 'Anne Martin'"
    )]
    Add {
        /// The list
        list: String,
        /// Their address
        #[arg(required_unless_present = "paper")]
        email: Option<String>,
        /// Their name
        #[arg(long)]
        name: Option<String>,
        /// How they read: each, daily, weekly or none
        #[arg(long, value_name = "R", value_parser = word::<Reading>)]
        reading: Option<Reading>,
        /// What they do: member or animator
        #[arg(long, value_parser = word::<Role>)]
        role: Option<Role>,
        /// Send them no letter
        #[arg(long)]
        no_welcome: bool,
        /// Somebody without e-mail instead, and who brings them the edition: 'Mme Duval, 2e étage, par Paul'
        #[arg(long, value_name = "NAME, HOW", conflicts_with_all = ["email", "name", "reading", "role"])]
        paper: Option<String>,
    },
    /// Add everybody in a CSV file with the columns email,name,reading,day,language,role,since
    #[command(after_help = "Example: parvis member import quartier@lists.example.org members.csv")]
    Import {
        /// The list
        list: String,
        /// The file; - for standard input
        file: PathBuf,
        /// Send each a letter
        #[arg(long)]
        welcome: bool,
        /// Add nobody if one row cannot be taken
        #[arg(long)]
        all_or_nothing: bool,
    },
    /// The members of a list
    #[command(after_help = "Example: parvis member ls quartier@lists.example.org --json")]
    Ls {
        /// The list
        list: String,
    },
    /// Somebody on all their lists
    #[command(after_help = "Example: parvis member show anne@example.org")]
    Show {
        /// Any of their addresses
        email: String,
    },
    /// Change how somebody reads, their name, their address
    #[command(
        after_help = "Example: parvis member set quartier@lists.example.org anne@example.org reading=weekly"
    )]
    Set {
        /// The list
        list: String,
        /// Their address
        email: String,
        /// KEY=VALUE; see docs/settings.md
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
    },
    /// Take somebody out of a list
    #[command(after_help = "Example: parvis member remove quartier@lists.example.org anne@example.org")]
    Remove {
        /// The list
        list: String,
        /// Their address; of somebody who gets it on paper, their name
        email: String,
    },
}

/// `parvis import …`
#[derive(Subcommand, Debug)]
pub(super) enum ImportCommand {
    /// mbox files of any dialect, plain or compressed, and pipermail's text archives
    #[command(after_help = "Example: parvis import mbox quartier@lists.example.org archive.mbox.gz")]
    Mbox {
        /// The list
        list: String,
        /// The files, in order
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Count, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Where messages were found before: rows of an old URL and a Message-ID
        #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
        old_urls: Option<PathBuf>,
        /// Where pipermail had its pages of these files
        #[arg(long, value_name = "URL", conflicts_with = "dry_run")]
        pipermail: Option<String>,
    },
    /// A maildir folder
    #[command(after_help = "Example: parvis import maildir quartier@lists.example.org ~/Maildir/.quartier")]
    Maildir {
        /// The list
        list: String,
        /// The folder
        dir: PathBuf,
        /// Count, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Where messages were found before: rows of an old URL and a Message-ID
        #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
        old_urls: Option<PathBuf>,
    },
}

/// `parvis export`
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// The list
    pub(super) list: String,
    /// Where to write; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// `parvis queue …`
#[derive(Subcommand, Debug)]
pub(super) enum QueueCommand {
    /// Everything that still has to leave
    #[command(after_help = "Example: parvis queue ls --json")]
    Ls,
    /// Try again now
    #[command(after_help = "Example: parvis queue retry")]
    Retry {
        /// Only this one
        id: Option<String>,
    },
    /// Do not send this one
    #[command(after_help = "Example: parvis queue drop 17-4")]
    Drop {
        /// From `parvis queue ls`
        id: String,
    },
    /// Let mail leave again after a restore or `reindex --all`
    #[command(after_help = "Example: parvis queue release --newer-than 2026-11-20")]
    Release {
        /// Drop what was owed before that day or moment
        #[arg(long, value_name = "WHEN", value_parser = moment)]
        newer_than: Option<Timestamp>,
    },
}

/// `parvis held …`
#[derive(Subcommand, Debug)]
pub(super) enum HeldCommand {
    /// What waits
    #[command(after_help = "Example: parvis held ls quartier@lists.example.org")]
    Ls {
        /// Only for this list
        list: Option<String>,
    },
    /// One of them, to read
    #[command(after_help = "Example: parvis held show 17")]
    Show {
        /// From `parvis held ls`
        id: String,
    },
    /// Send it out
    #[command(after_help = "Example: parvis held accept 17")]
    Accept {
        /// From `parvis held ls`
        id: String,
    },
    /// Do not, and tell its author why
    #[command(
        after_help = "Example: parvis held refuse 17 --reason 'Merci, mais la vente est réservée au marché.'"
    )]
    Refuse {
        /// From `parvis held ls`
        id: String,
        /// The words for the author
        #[arg(long, value_name = "R", default_value = "")]
        reason: String,
    },
    /// Throw it away without a word
    #[command(after_help = "Example: parvis held discard 17")]
    Discard {
        /// From `parvis held ls`
        id: String,
    },
}

/// A language by its tag.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the tags say it")]
pub(super) enum LanguageArg {
    Fr,
    En,
}

impl From<LanguageArg> for Language {
    fn from(argument: LanguageArg) -> Language {
        match argument {
            LanguageArg::Fr => Language::Fr,
            LanguageArg::En => Language::En,
        }
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("{text:?} is not KEY=VALUE")),
    }
}

/// One of the words of an enum, as they are written everywhere else.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    // Serde quotes its choices like code: `each`, `daily`.
    serde_json::from_value(serde_json::Value::from(text)).map_err(|why| {
        let choices = why.to_string();
        let choices = choices.split_once("expected ").map_or(choices.as_str(), |(_, choices)| choices);
        format!("it takes {}", choices.trim_start_matches("one of ").replace('`', ""))
    })
}

/// A day, from its midnight (UTC), or a moment.
fn moment(text: &str) -> Result<Timestamp, String> {
    let midnight = || Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
    Timestamp::parse_rfc3339(text).or_else(midnight).ok_or_else(|| {
        "it takes a day such as 2026-11-20 or a moment such as 2026-11-20T08:00:00+01:00".to_owned()
    })
}
