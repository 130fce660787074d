//! `parvis import …` and `parvis export`: archives in and out, with progress.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::args::{ExportArgs, ImportCommand};
use super::{Voice, show, talk};
use crate::admin::request::{Rehearsal, Request};
use crate::admin::socket::{Blobs, no_blobs};
use crate::admin::{Frame, pack};
use crate::config::Config;
use crate::flow::import::sources::{maildir_items, mbox_items};
use crate::flow::import::{Item, SourceFault};

pub(super) fn import(config: &Config, command: ImportCommand, voice: &Voice) -> anyhow::Result<()> {
    let (list, paths, dry_run) = match command {
        ImportCommand::Mbox { list, files, dry_run } => (list, files, dry_run),
        ImportCommand::Maildir { list, dir, dry_run } => {
            if !dir.is_dir() {
                bail!("cannot read {}: it is not a folder", dir.display());
            }
            (list, vec![dir], dry_run)
        }
    };
    for path in &paths {
        fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    let rehearsal = if dry_run { Rehearsal::Dry } else { Rehearsal::ForReal };
    let request = Request::Import { list, rehearsal };
    let blobs: Blobs = Box::new(|| Box::new(paths.into_iter().flat_map(packed_messages)));
    let progress = Progress::new(voice);
    let answer = talk::ask(config, &request, blobs, |frame| {
        progress.show(&frame);
        Ok(())
    })?;
    progress.end();
    show::answer(&request, &answer, voice)
}

/// The messages of one file or folder, ready to be sent.
fn packed_messages(path: PathBuf) -> Box<dyn Iterator<Item = io::Result<Vec<u8>>>> {
    fn packed(
        items: Result<impl Iterator<Item = Result<Item, SourceFault>> + 'static, SourceFault>,
    ) -> Box<dyn Iterator<Item = io::Result<Vec<u8>>>> {
        match items {
            Ok(items) => Box::new(items.map(|item| item.map(|item| pack(&item)).map_err(io::Error::other))),
            Err(fault) => Box::new(std::iter::once(Err(io::Error::other(fault)))),
        }
    }
    if path.is_dir() { packed(maildir_items(&path)) } else { packed(mbox_items(&path)) }
}

pub(super) fn export(config: &Config, args: &ExportArgs, voice: &Voice) -> anyhow::Result<()> {
    let out = &args.out;
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let request = Request::Export { list: args.list.clone() };
    let mut files = Files { folder: out.clone(), open: None };
    let answer = talk::ask(config, &request, no_blobs(), |frame| files.take(frame))
        .with_context(|| format!("cannot export {} to {}", args.list, out.display()))?;
    files.close()?;
    if voice.json {
        return show::json(&answer);
    }
    show::print(&format!("{} is exported to {}\n", args.list, out.display()))
}

/// Files that arrive piece by piece.
struct Files {
    folder: PathBuf,
    open: Option<BufWriter<File>>,
}

impl Files {
    fn take(&mut self, frame: Frame) -> io::Result<()> {
        match frame {
            Frame::Name(name) => {
                self.close()?;
                // A name, and never a way out of the folder.
                let name =
                    Path::new(&name).file_name().ok_or_else(|| io::Error::other("a file without a name"))?;
                self.open = Some(BufWriter::new(File::create(self.folder.join(name))?));
                Ok(())
            }
            Frame::Blob(bytes) => match &mut self.open {
                Some(file) => file.write_all(&bytes),
                None => Err(io::Error::other("bytes came before the name of their file")),
            },
            Frame::Request(_) | Frame::End | Frame::Progress(_) | Frame::Done(_) | Frame::Failed(_) => Ok(()),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        self.open.take().map_or(Ok(()), |mut file| file.flush())
    }
}

/// A bar on a terminal, a line now and then elsewhere, nothing with `--json`.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(voice: &Voice) -> Progress {
        let bar = (!voice.json).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {pos} messages, {per_sec} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        Progress { bar }
    }

    #[allow(clippy::print_stderr, reason = "progress is no part of the answer")]
    fn show(&self, frame: &Frame) {
        let (Some(bar), Frame::Progress(counts)) = (&self.bar, frame) else { return };
        let messages = counts["messages"].as_u64().unwrap_or(0);
        bar.set_position(messages);
        let said = |key: &str| show::word(counts.get(key).unwrap_or(&Value::Null));
        if !io::stderr().is_terminal() {
            eprintln!(
                "{messages} messages read, {} imported, {} there already",
                said("imported"),
                said("duplicates")
            );
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
