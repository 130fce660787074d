//! The files or the folder an archive is read from: one archive to the server, each with its name
//! to whoever reads the answer.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use serde_json::{Value, json};

use super::must_be_readable;
use crate::admin::pack;
use crate::admin::socket::Blobs;
use crate::flow::import::sources::{maildir_items, mbox_items_from};
use crate::flow::import::{Item, SourceFault};
use crate::mail::maildir;

/// Bytes read from a file at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// What is imported, and how far it has been read.
pub(super) struct Sources {
    paths: Vec<PathBuf>,
    form: Form,
    /// Bytes of all files; unknown for a folder.
    bytes: Option<u64>,
    read: Arc<AtomicU64>,
    /// How many messages came before the first of each file that was begun.
    before: Arc<Mutex<Vec<u64>>>,
}

#[derive(Clone, Copy)]
enum Form {
    Mailbox,
    Maildir,
}

impl Sources {
    /// Files of messages.
    pub(super) fn mailboxes(paths: Vec<PathBuf>) -> anyhow::Result<Sources> {
        let mut bytes = 0;
        for path in &paths {
            let metadata = must_be_readable(path)?;
            if metadata.is_dir() {
                let hint = if maildir::is_maildir(path) { "; parvis import maildir reads it" } else { "" };
                bail!("cannot read {}: it is a folder{hint}", path.display());
            }
            bytes += metadata.len();
        }
        Ok(Sources::new(paths, Form::Mailbox, Some(bytes)))
    }

    /// A folder with a message a file.
    pub(super) fn maildir(path: PathBuf) -> anyhow::Result<Sources> {
        if !must_be_readable(&path)?.is_dir() {
            bail!("cannot read {}: it is no folder; parvis import mbox reads files", path.display());
        }
        Ok(Sources::new(vec![path], Form::Maildir, None))
    }

    fn new(paths: Vec<PathBuf>, form: Form, bytes: Option<u64>) -> Sources {
        Sources { paths, form, bytes, read: Arc::default(), before: Arc::default() }
    }

    /// How much there is to read, if that can be known.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// How much of it was read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// All messages, numbered as those of one archive, ready to be sent.
    pub(super) fn messages(&self) -> Blobs {
        let (paths, form) = (self.paths.clone(), self.form);
        let (read, before) = (self.read.clone(), self.before.clone());
        Box::new(move || {
            let mut last = 0;
            let mut items = paths.into_iter().flat_map(move |path| open(&path, form, &read));
            let mut base = 0;
            Box::new(std::iter::from_fn(move || {
                loop {
                    match items.next()? {
                        Part::Begin => {
                            base = last;
                            before.lock().unwrap_or_else(PoisonError::into_inner).push(base);
                        }
                        Part::Item(Ok(mut item)) => {
                            let n = match &mut item {
                                Item::Message(message) => &mut message.n,
                                Item::Unreadable(unreadable) => &mut unreadable.n,
                            };
                            *n += base;
                            last = *n;
                            return Some(Ok(pack(&item)));
                        }
                        Part::Item(Err(fault)) => return Some(Err(io::Error::other(fault))),
                    }
                }
            }))
        })
    }

    /// Turns a number in the whole archive into a file and a number in it.
    pub(super) fn say_where(&self, unreadable: &mut Value) {
        let Some(n) = unreadable["n"].as_u64() else { return };
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let file = before.partition_point(|before| *before < n).saturating_sub(1);
        if let (Some(path), Some(before)) = (self.paths.get(file), before.get(file)) {
            unreadable["n"] = json!(n - before);
            unreadable["file"] = json!(path.display().to_string());
        }
    }
}

/// What comes out of the files, one after the other.
enum Part {
    Begin,
    Item(Result<Item, SourceFault>),
}

fn open(path: &Path, form: Form, read: &Arc<AtomicU64>) -> Box<dyn Iterator<Item = Part>> {
    type Items = Box<dyn Iterator<Item = Result<Item, SourceFault>>>;
    let items: Result<Items, SourceFault> = match form {
        Form::Maildir => maildir_items(path).map(|items| -> Items { Box::new(items) }),
        Form::Mailbox => File::open(path)
            .map_err(|why| SourceFault(format!("cannot read {}: {why}", path.display())))
            .and_then(|file| {
                let counted = Counted { file, read: read.clone() };
                let input = BufReader::with_capacity(BUFFER_BYTES, counted);
                mbox_items_from(input, &path.display().to_string()).map(|items| -> Items { Box::new(items) })
            }),
    };
    let items: Items = items.unwrap_or_else(|fault| Box::new(std::iter::once(Err(fault))));
    Box::new(std::iter::once(Part::Begin).chain(items.map(Part::Item)))
}

/// Counts what is read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
