//! Everything of one list in formats other programs read: its posts, members, settings, decisions.
//!
//! Posts go out as they were accepted: the line our own door put in front of each is taken off, so
//! that what is imported again is what came. Nothing here knows whether the files go to a disk or
//! through a socket.

mod archive;
mod decisions;
mod folder;
mod manifest;
mod settings;

use std::io::{self, Write};

pub use self::folder::Folder;
pub use self::manifest::{Counts, DamagedPost, Manifest, ManifestFile};
pub use self::settings::{ExportedList, InvalidListFile, OpenFrom, read_list};

use self::manifest::Digest;
use super::{is_current, members_csv};
use crate::domain::ids::ListId;
use crate::domain::list::List;
use crate::domain::member::{Membership, Person};
use crate::domain::time::Timestamp;
use crate::store::archive::PostState;
use crate::store::{OldAddress, Store, StoreError};

/// Address and settings.
pub const LIST: &str = "list.toml";
/// The members there are now.
pub const MEMBERS: &str = "members.csv";
/// Who gets the editions on paper, and how.
pub const PAPER: &str = "paper.csv";
/// Who decided what, when.
pub const DECISIONS: &str = "decisions.jsonl";
/// Where posts were found before they came here, if anything is known of that.
pub const OLD_ADDRESSES: &str = "old-urls.tsv";
/// The posts, in the order they came (mboxrd).
pub const ARCHIVE: &str = "archive.mbox";
/// What the other files are. Comes last: with it the export is whole.
pub const MANIFEST: &str = "manifest.json";

/// Bytes of a file handed on at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// An export on its way: a file begins, then its bytes come, then the next file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// From here on the bytes are those of this file.
    File(&'static str),
    /// Some of its bytes.
    Bytes(&'a [u8]),
}

/// Takes an export, piece by piece.
pub type Sink<'a> = dyn FnMut(Piece<'_>) -> io::Result<()> + 'a;

/// Why an export was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever takes the export takes no more.
    #[error("the export cannot be written: {0}")]
    Sink(#[from] io::Error),
}

/// Sends all files of a list to `sink`. Blocks. What is published meanwhile may be left out.
///
/// A post whose bytes are damaged is left out and named in the manifest; the rest goes on.
pub fn export(
    store: &Store,
    list: &List,
    now: Timestamp,
    sink: &mut Sink<'_>,
) -> Result<Manifest, ExportError> {
    let mut files = Files { sink, written: Vec::new() };
    files.write(LIST, |out| {
        Ok(out.write_all(settings::list_toml(list, &open_from(store, list)?).as_bytes())?)
    })?;
    let members = files.write(MEMBERS, |out| write_members(store, list.id, out))?;
    let on_paper = on_paper(store, list.id)?;
    if !on_paper.is_empty() {
        files.write(PAPER, |out| Ok(members_csv::write_paper(out, &on_paper)?))?;
    }
    let decisions = files.write(DECISIONS, |out| decisions::write(store, list.id, out))?;
    let old = store.reader().old_addresses(list.id)?;
    if !old.is_empty() {
        files.write(OLD_ADDRESSES, |out| write_old_addresses(store, &old, out))?;
    }
    let archived = files.write(ARCHIVE, |out| archive::write(store, list.id, out))?;
    let manifest = Manifest {
        parvis: env!("CARGO_PKG_VERSION").to_owned(),
        list: list.address.to_string(),
        at: now,
        counts: Counts { posts: archived.posts, members, decisions },
        damaged: archived.damaged,
        files: files.written,
    };
    let text = manifest.text();
    sink(Piece::File(MANIFEST))?;
    sink(Piece::Bytes(text.as_bytes()))?;
    Ok(manifest)
}

/// Which post of the archive is the first that everybody may read.
fn open_from(store: &Store, list: &List) -> Result<OpenFrom, StoreError> {
    let Some(from) = list.open_from() else { return Ok(OpenFrom::Beginning) };
    let archive = store.reader();
    for number in archive.post_numbers(list.id)?.into_iter().filter(|number| *number >= from) {
        if let Some(post) = archive.post(number)?.filter(|post| post.state == PostState::Published) {
            return Ok(OpenFrom::Post(post.message_id));
        }
    }
    Ok(OpenFrom::End)
}

/// As `parvis import … --old-urls` reads it.
fn write_old_addresses(store: &Store, old: &[OldAddress], out: &mut dyn Write) -> Result<(), ExportError> {
    for address in old {
        if let Some(post) = store.reader().post(address.post)? {
            writeln!(out, "{}\t<{}>", address.path, post.message_id)?;
        }
    }
    Ok(())
}

fn write_members(store: &Store, list: ListId, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut file = members_csv::Writer::new(out)?;
    let mut count = 0;
    for member in store.members(list)? {
        // Who has not confirmed is not a member, and who left is forgotten.
        let is_member = is_current(&member) && member.medium.is_mail();
        let person = if is_member { store.person(member.person)? } else { None };
        if let Some(person) = person {
            file.member(&person, &member)?;
            count += 1;
        }
    }
    file.finish()?;
    Ok(count)
}

/// Those who have no address.
fn on_paper(store: &Store, list: ListId) -> Result<Vec<(Person, Membership)>, ExportError> {
    let mut found = Vec::new();
    for member in store.members(list)?.into_iter().filter(is_current) {
        if !member.medium.is_mail() {
            found.extend(store.person(member.person)?.map(|person| (person, member)));
        }
    }
    Ok(found)
}

/// Cuts files into pieces, and keeps count of what was in them.
struct Files<'a, 'b> {
    sink: &'a mut Sink<'b>,
    written: Vec<ManifestFile>,
}

/// One file on its way.
struct Out<'a, 'b> {
    sink: &'a mut Sink<'b>,
    piece: Vec<u8>,
    digest: Digest,
}

impl Files<'_, '_> {
    fn write<T>(
        &mut self,
        name: &'static str,
        write: impl FnOnce(&mut dyn Write) -> Result<T, ExportError>,
    ) -> Result<T, ExportError> {
        (self.sink)(Piece::File(name))?;
        let mut out =
            Out { sink: self.sink, piece: Vec::with_capacity(PIECE_BYTES), digest: Digest::default() };
        let done = write(&mut out)?;
        out.flush()?;
        self.written.push(out.digest.of(name));
        Ok(done)
    }
}

impl Write for Out<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE_BYTES {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            self.digest.update(&self.piece);
            (self.sink)(Piece::Bytes(&self.piece))?;
            self.piece.clear();
        }
        Ok(())
    }
}
