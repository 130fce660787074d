//! `parvis import …` and `parvis export`: archives in and out, with progress.

mod old_addresses;
mod sources;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use self::sources::Sources;
use super::args::{ExportArgs, ImportCommand};
use super::progress::Progress;
use super::{Voice, show, talk};
use crate::admin::Frame;
use crate::admin::request::{Rehearsal, Request};
use crate::admin::socket::{Blobs, no_blobs};
use crate::config::Config;
use crate::flow::export::{ARCHIVE, LIST, MANIFEST, OpenFrom, read_list};

/// Bytes of a table sent at a time.
const PIECE_BYTES: usize = 256 * 1024;

pub(super) fn import(config: &Config, command: ImportCommand, voice: &Voice) -> anyhow::Result<()> {
    let mut table = String::new();
    let mut open_from = OpenFrom::default();
    let (list, sources, dry_run, old_urls) = match command {
        ImportCommand::Mbox { list, files, dry_run, old_urls, pipermail } => {
            let sources = Sources::mailboxes(files.clone())?;
            if let [file] = files.as_slice() {
                open_from = exported_open_from(file)?;
            }
            if let Some(base) = &pipermail {
                table.push_str(&old_addresses::of_pipermail(base, &files, &config.timezone)?);
            }
            (list, sources, dry_run, old_urls)
        }
        ImportCommand::Maildir { list, dir, dry_run, old_urls } => {
            (list, Sources::maildir(dir)?, dry_run, old_urls)
        }
    };
    if let Some(path) = &old_urls {
        table.push_str(&old_addresses::table(path)?);
    }
    let rehearsal = if dry_run { Rehearsal::Dry } else { Rehearsal::ForReal };
    let request = Request::Import { list: list.clone(), rehearsal, open_from };
    let blobs: Blobs = sources.messages();
    let progress = Progress::new(voice, sources.bytes());
    let answer = talk::ask(config, &request, blobs, |frame| {
        if let Frame::Progress(counts) = &frame {
            progress.show(Some(sources.bytes_read()), || how_far(counts));
        }
        Ok(())
    });
    progress.end();
    let mut answer = answer?;
    for unreadable in answer["unreadable"].as_array_mut().into_iter().flatten() {
        sources.say_where(unreadable);
    }
    answer["dry_run"] = json!(dry_run);
    if !table.is_empty() {
        let noted = note_old_addresses(config, list, table)?;
        answer["old_urls"] = noted["old_urls"].clone();
        answer["old_urls_known"] = noted["known"].clone();
        answer["old_urls_unusable"] = noted["unusable"].clone();
    }
    show::answer(&request, &answer, voice)
}

/// Of the archive of an export, what stands beside it says which posts were for members.
fn exported_open_from(archive: &Path) -> anyhow::Result<OpenFrom> {
    let settings = archive.with_file_name(LIST);
    if !archive.ends_with(ARCHIVE) || !settings.exists() {
        return Ok(OpenFrom::default());
    }
    let said = || format!("cannot find out from {} which posts are for members", settings.display());
    let text = fs::read_to_string(&settings).with_context(said)?;
    Ok(read_list(&text).with_context(said)?.open_from)
}

/// Sent a piece at a time: frames have a size.
fn note_old_addresses(config: &Config, list: String, table: String) -> anyhow::Result<Value> {
    let pieces: Vec<Vec<u8>> = table.into_bytes().chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect();
    let blobs: Blobs = Box::new(move || Box::new(pieces.clone().into_iter().map(Ok)));
    talk::ask(config, &Request::OldAddresses { list }, blobs, |_| Ok(()))
}

fn how_far(counts: &Value) -> String {
    let said = |key: &str| show::word(&counts[key]);
    format!(
        "{} messages read, {} imported, {} there already",
        said("messages"),
        said("imported"),
        said("duplicates")
    )
}

pub(super) fn export(config: &Config, args: &ExportArgs, voice: &Voice) -> anyhow::Result<()> {
    let out = &args.out;
    let request = Request::Export { list: args.list.clone() };
    let progress = Progress::new(voice, None);
    let mut files = Files { folder: out.clone(), open: None, bytes: 0 };
    let answer = talk::ask(config, &request, no_blobs(), |frame| {
        files.take(frame)?;
        progress.show(None, || format!("{} MB written", files.bytes / 1_000_000));
        Ok(())
    });
    progress.end();
    let mut answer = answer?;
    files.close().with_context(|| format!("cannot export {}", args.list))?;
    answer["out"] = json!(out.display().to_string());
    show::answer(&request, &answer, voice)
}

/// `parvis digest print`: the PDF is whole before anything stands under its name.
pub(super) fn print(
    config: &Config,
    list: &str,
    number: Option<u32>,
    pdf: &Path,
    voice: &Voice,
) -> anyhow::Result<()> {
    let request = Request::DigestPrint { list: list.to_owned(), number };
    let mut bytes = Vec::new();
    let mut answer = talk::ask(config, &request, no_blobs(), |frame| {
        if let Frame::Blob(more) = frame {
            bytes.extend(more);
        }
        Ok(())
    })?;
    if pdf.as_os_str() == "-" {
        return io::stdout().lock().write_all(&bytes).context("cannot write standard output");
    }
    let cannot = || format!("cannot write {}", pdf.display());
    let folder = pdf.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    file.write_all(&bytes).with_context(cannot)?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable).with_context(cannot)?;
    file.persist(pdf).with_context(cannot)?;
    answer["pdf"] = json!(pdf.display().to_string());
    show::answer(&request, &answer, voice)
}

/// Files that arrive piece by piece.
struct Files {
    folder: PathBuf,
    open: Option<(PathBuf, BufWriter<File>)>,
    bytes: u64,
}

impl Files {
    fn take(&mut self, frame: Frame) -> io::Result<()> {
        match frame {
            Frame::Name(name) => self.begin(&name),
            Frame::Blob(bytes) => match &mut self.open {
                Some((path, file)) => {
                    self.bytes += bytes.len() as u64;
                    file.write_all(&bytes).map_err(|why| cannot_write(path, &why))
                }
                None => Err(io::Error::other("bytes came before the name of their file")),
            },
            Frame::Request(_) | Frame::End | Frame::Progress(_) | Frame::Done(_) | Frame::Failed(_) => Ok(()),
        }
    }

    /// The first file makes the folder: what cannot be exported leaves none behind. A manifest from
    /// before goes away first, since it says that an export is whole, and comes last.
    fn begin(&mut self, name: &str) -> io::Result<()> {
        if self.open.is_none() {
            fs::create_dir_all(&self.folder).map_err(|why| cannot_write(&self.folder, &why))?;
            let manifest = self.folder.join(MANIFEST);
            match fs::remove_file(&manifest) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot_write(&manifest, &why));
                }
                Ok(()) | Err(_) => {}
            }
        }
        self.close()?;
        // A name, and never a way out of the folder.
        let name = Path::new(name).file_name().ok_or_else(|| io::Error::other("a file without a name"))?;
        let path = self.folder.join(name);
        let file = File::create(&path).map_err(|why| cannot_write(&path, &why))?;
        self.open = Some((path, BufWriter::new(file)));
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some((path, mut file)) => {
                let written = file.flush().and_then(|()| file.get_ref().sync_all());
                written.map_err(|why| cannot_write(&path, &why))
            }
            None => Ok(()),
        }
    }
}

fn cannot_write(path: &Path, why: &io::Error) -> io::Error {
    io::Error::other(format!("cannot write {}: {why}", path.display()))
}

/// Something to be read must be there before anything begins.
fn must_be_readable(path: &Path) -> anyhow::Result<fs::Metadata> {
    let cannot = || format!("cannot read {}", path.display());
    let metadata = fs::metadata(path).with_context(cannot)?;
    if metadata.is_file() {
        File::open(path).with_context(cannot)?;
    }
    if metadata.is_dir() && fs::read_dir(path).is_err() {
        bail!("cannot read {}: the folder may not be opened", path.display());
    }
    Ok(metadata)
}
