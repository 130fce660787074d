//! `parvis demo`: tells in plain words what happens, and which addresses to open.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Context;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::args::DemoArgs;
use super::{Voice, log, show};
use crate::demo::{self, Demo, Ledger, Teller};

pub(super) fn demo(args: &DemoArgs, voice: &Voice) -> anyhow::Result<ExitCode> {
    log::to_stderr("error");
    let kept;
    let temporary;
    let folder = match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            if std::fs::read_dir(dir)?.next().is_some() {
                anyhow::bail!("{} is not empty; the demo wants a folder to itself", dir.display());
            }
            kept = std::path::absolute(dir)?;
            kept.as_path()
        }
        None => {
            temporary = tempfile::Builder::new().prefix("parvis-demo-").tempdir()?;
            temporary.path()
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let teller = Aloud { quiet: voice.json, line: Mutex::new(false) };
        let demo = demo::run(folder, &teller).await?;
        teller.end_of_line();
        let ledger = demo.ledger().await?;
        tell(&demo, &ledger, args, voice)?;
        if !args.once && ledger.differences.is_empty() {
            let (mut terminate, mut interrupt) =
                (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        demo.stop().await?;
        if let Some(first) = ledger.differences.first() {
            let more = match ledger.differences.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            anyhow::bail!("what was sent and what arrived do not agree: {first}{more}");
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn tell(demo: &Demo, ledger: &Ledger, args: &DemoArgs, voice: &Voice) -> anyhow::Result<()> {
    let Ledger { accepted, published, owed, digests, taken, found, read_back, pages, differences } = ledger;
    if voice.json {
        return show::json(&json!({
            "accepted": accepted, "published": published, "owed": owed, "digests": digests, "taken": taken,
            "found": found, "read_back": read_back, "pages": pages, "differences": differences,
            "archive": format!("http://{}/", demo.archive), "mailboxes": format!("http://{}/", demo.mailboxes),
        }));
    }
    let mut text = format!(
        "\nThe ledger:\n  {accepted:>4} posts were taken by the door\n  {published:>4} of them are in the archive\n  \
         {owed:>4} copies were owed to members, {digests} of them digests of several posts\n  {taken:>4} were taken by their mailboxes\n  \
         {found:>4} were found there\n  {read_back:>4} were read back, each what it should be\n  \
         {pages:>4} pages were fetched\n"
    );
    for difference in differences {
        text.push_str(&format!("  differs: {difference}\n"));
    }
    if differences.is_empty() {
        text.push_str("Everything agrees.\n");
    } else {
        text.push_str("This does not agree.\n");
    }
    if !args.once {
        let smtp: Vec<String> = demo.server.smtp.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "\nOpen the archive:    http://{}/\nOpen the mailboxes:  http://{}/\nThe mails as files:  {}\n\
             Write to it yourself: any SMTP program, to {}, from a member's address, to\n\
             quartier@parvis.example or allotments@parvis.example\n\nCtrl-C ends it.\n",
            demo.archive,
            demo.mailboxes,
            demo.folder.join("mailboxes").display(),
            smtp.join(", "),
        ));
    }
    show::print(&text)
}

/// Tells on stdout, with progress on the same line where that can be seen.
struct Aloud {
    quiet: bool,
    line: Mutex<bool>,
}

impl Aloud {
    fn end_of_line(&self) {
        let mut open = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *open {
            let _ = writeln!(io::stdout());
            *open = false;
        }
    }
}

impl Teller for Aloud {
    fn say(&self, sentence: &str) {
        if self.quiet {
            return;
        }
        self.end_of_line();
        let _ = writeln!(io::stdout(), "{sentence}");
    }

    fn progress(&self, done: u64, of: u64) {
        if self.quiet || !io::stdout().is_terminal() {
            return;
        }
        let mut open = self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = write!(io::stdout(), "\r  {done} of {of}");
        let _ = io::stdout().flush();
        *open = true;
    }
}
