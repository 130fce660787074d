//! Keeps the index: opens it or begins one, takes in what the journal tells, commits.
//!
//! Each commit holds the place in the journal it has reached, so that index and place are one. An
//! index that will not open, is of another version or of another journal is put aside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument};

use super::SearchError;
use super::schema::{self, Fields, VERSION};
use super::words::Tongue;
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::List;
use crate::store::archive::ArchiveReader;
use crate::store::following::{Place, Touched};

/// Memory the index may take while it grows, bytes.
const WRITER_BYTES: usize = 16 << 20;
/// Threads that look through the parts of the index for one search or several.
const SEARCHING_THREADS_MAX: usize = 4;
/// Lines of the journal looked at together.
const LINES_AT_ONCE: usize = 1_000;
/// Posts taken in between two commits while there is much to do.
const POSTS_A_COMMIT: usize = 4_000;

/// An index that can be looked at.
pub(super) struct Opened {
    pub(super) reader: IndexReader,
    pub(super) fields: Fields,
}

/// What is in hand.
#[derive(Default)]
pub(super) struct Keeper {
    open: Option<Open>,
    /// Searches still look at an older index.
    hidden: bool,
    /// Lists by number, with the language of posts too short to tell theirs.
    tongues: Vec<(ListId, Tongue)>,
}

struct Open {
    index: Index,
    opened: Arc<Opened>,
    /// Begun when there is something to write.
    writer: Option<IndexWriter>,
    place: Place,
    /// The line of the journal that was the last when it was begun: posts are as they were after it.
    begun: u64,
}

/// What a commit says of itself.
#[derive(Serialize, Deserialize)]
struct Mark {
    version: u32,
    place: Place,
    begun: u64,
}

impl Keeper {
    /// The index, opened; begun anew where it cannot be used.
    pub(super) fn open(
        &mut self,
        folder: &Path,
        archive: &ArchiveReader,
    ) -> Result<Arc<Opened>, SearchError> {
        if let Some(open) = &self.open {
            return Ok(open.opened.clone());
        }
        let open = match existing(folder, archive) {
            Ok(Some(open)) => open,
            Ok(None) => begin(folder, archive)?,
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be used, and is built again");
                self.put_aside(folder)?;
                begin(folder, archive)?
            }
        };
        let opened = open.opened.clone();
        self.open = Some(open);
        Ok(opened)
    }

    /// Moves the index out of the way; the next one is begun from nothing.
    pub(super) fn put_aside(&mut self, folder: &Path) -> Result<(), SearchError> {
        self.open = None;
        let aside = aside(folder);
        if folder.exists() {
            if aside.exists() {
                fs::remove_dir_all(&aside)?;
            }
            fs::rename(folder, &aside)?;
        }
        Ok(())
    }

    /// Takes the index away, with all that is said in it; the next one is begun from nothing.
    pub(super) fn throw_away(&mut self, folder: &Path) -> Result<(), SearchError> {
        self.put_aside(folder)?;
        match fs::remove_dir_all(aside(folder)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// From now on searches look at the older one until the new one is whole.
    pub(super) fn show_when_whole(&mut self) {
        self.hidden = true;
    }

    pub(super) fn may_be_shown(&self) -> bool {
        !self.hidden
    }

    /// The new one has everything: it is looked at, and the one put aside goes.
    pub(super) fn whole(&mut self, folder: &Path) -> Option<Arc<Opened>> {
        let aside = aside(folder);
        if aside.exists()
            && let Err(error) = fs::remove_dir_all(&aside)
        {
            tracing::warn!(%error, "an old search index cannot be removed");
        }
        let show = std::mem::take(&mut self.hidden);
        self.open.as_ref().filter(|_| show).map(|open| open.opened.clone())
    }

    /// Lines of the journal it has taken in.
    pub(super) fn reached(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.place.lines())
    }

    /// Takes in what is new, up to a commit.
    pub(super) fn advance(
        &mut self,
        archive: &ArchiveReader,
        folder: &Path,
    ) -> Result<Advanced, SearchError> {
        let Keeper { open, hidden: _, tongues } = self;
        let Some(open) = open.as_mut() else { return Ok(Advanced::Left(0)) };
        if !archive.knows(&open.place) {
            return Ok(Advanced::Anew);
        }
        let mut left = u64::MAX;
        let (mut posts, mut gone) = (0, false);
        let begun_at = open.place;
        while left > 0 && posts < POSTS_A_COMMIT {
            let followed = archive.follow(open.place, LINES_AT_ONCE)?;
            // What a new index has not taken in yet, it takes in as it is now.
            let begun = open.begun;
            if followed
                .touched
                .iter()
                .any(|touched| matches!(touched, Touched::All { line } if *line > begun))
            {
                return Ok(Advanced::Anew);
            }
            if !followed.touched.is_empty() {
                let fields = open.opened.fields;
                let writer = open.writer()?;
                for touched in followed.touched {
                    let post = match touched {
                        Touched::Added(post) => post,
                        Touched::Edition { list, number } => {
                            posts += 1;
                            if let Some(edition) = edition(&fields, archive, tongues, list, number)? {
                                writer.add_document(edition)?;
                            }
                            continue;
                        }
                        Touched::Changed(post) => {
                            writer.delete_term(fields.post_term(post));
                            gone = true;
                            post
                        }
                        Touched::All { .. } => continue,
                    };
                    posts += 1;
                    if let Some(document) = document(&fields, archive, tongues, post)? {
                        writer.add_document(document)?;
                    }
                }
            }
            let stuck = followed.place == open.place;
            (open.place, left) = (followed.place, if stuck { 0 } else { followed.left });
        }
        if posts > 0 || open.place.lines() > begun_at.lines() + SILENT_LINES_MAX {
            open.commit(folder)?;
        }
        if gone {
            open.forget()?;
        }
        Ok(Advanced::Left(left))
    }
}

/// How far it came.
pub(super) enum Advanced {
    /// So many lines of the journal are left.
    Left(u64),
    /// What the index has must not stay: it is to be built from nothing.
    Anew,
}

/// Lines that touch no post are not worth a commit until there are so many.
const SILENT_LINES_MAX: u64 = 10_000;

impl Open {
    fn writer(&mut self) -> Result<&mut IndexWriter, SearchError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            // One thread: the other processor serves.
            None => self.index.writer_with_num_threads(1, WRITER_BYTES)?,
        };
        Ok(self.writer.insert(writer))
    }

    fn commit(&mut self, folder: &Path) -> Result<(), SearchError> {
        let mark = Mark { version: VERSION, place: self.place, begun: self.begun };
        let mark = serde_json::to_string(&mark).map_err(|error| SearchError::Index(error.to_string()))?;
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(&mark);
        prepared.commit()?;
        self.opened.reader.reload()?;
        tracing::trace!(folder = %folder.display(), lines = self.place.lines(), "the search index is committed");
        Ok(())
    }

    /// What was taken out stands in files until they are written anew: that is done at once.
    fn forget(&mut self) -> Result<(), SearchError> {
        let segments: Vec<_> = self
            .index
            .searchable_segment_metas()?
            .iter()
            .filter(|segment| segment.has_deletes())
            .map(tantivy::SegmentMeta::id)
            .collect();
        if segments.is_empty() {
            return Ok(());
        }
        let writer = self.writer()?;
        writer.merge(&segments).wait()?;
        writer.garbage_collect_files().wait()?;
        Ok(self.opened.reader.reload()?)
    }
}

fn document(
    fields: &Fields,
    archive: &ArchiveReader,
    tongues: &mut Vec<(ListId, Tongue)>,
    post: PostId,
) -> Result<Option<TantivyDocument>, SearchError> {
    let summary = archive.post(post)?.filter(|summary| summary.withdrawn.is_none());
    let Some(summary) = summary else { return Ok(None) };
    // Bytes that are damaged are found by subject and author all the same.
    let raw = archive.raw(post).ok().flatten().unwrap_or_default();
    let tongue = tongue(archive, tongues, summary.list)?;
    Ok(Some(fields.document(&summary, &raw, tongue)))
}

fn edition(
    fields: &Fields,
    archive: &ArchiveReader,
    tongues: &mut Vec<(ListId, Tongue)>,
    list: ListId,
    number: u32,
) -> Result<Option<TantivyDocument>, SearchError> {
    // One whose bytes are damaged says nothing.
    let Some(shown) = archive.edition(list, number).ok().flatten() else { return Ok(None) };
    let tongue = tongue(archive, tongues, list)?;
    Ok(Some(fields.edition_document(list, &shown, tongue)))
}

/// The language of a list.
fn tongue(
    archive: &ArchiveReader,
    tongues: &mut Vec<(ListId, Tongue)>,
    list: ListId,
) -> Result<Tongue, SearchError> {
    if let Some((_, tongue)) = tongues.iter().find(|(known, _)| *known == list) {
        return Ok(*tongue);
    }
    let found = archive.list(list)?;
    let tongue = found.map_or(Tongue::Other, |list: List| Tongue::of(list.settings.language.tag()));
    tongues.push((list, tongue));
    Ok(tongue)
}

/// The index as it is; an error where it cannot be used, nothing where there is none.
fn existing(folder: &Path, archive: &ArchiveReader) -> Result<Option<Open>, SearchError> {
    if !folder.join("meta.json").exists() {
        // A folder without is one that was begun and not come far with.
        return if folder.exists() && fs::read_dir(folder)?.next().is_some() {
            Err(SearchError::Index("it has no table of contents".to_owned()))
        } else {
            Ok(None)
        };
    }
    let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
    let (wanted, fields) = schema::schema();
    let mut index = Index::open(directory)?;
    if index.schema() != wanted {
        return Err(SearchError::Index("it has other fields".to_owned()));
    }
    index.set_tokenizers(schema::tokenizers());
    let (place, begun) = match index.load_metas()?.payload {
        Some(payload) => match serde_json::from_str::<Mark>(&payload) {
            Ok(Mark { version: VERSION, place, begun }) if archive.knows(&place) => (place, begun),
            Ok(_) | Err(_) => {
                return Err(SearchError::Index("it is of another archive or version".to_owned()));
            }
        },
        None => (Place::default(), archive.lines()?),
    };
    let damaged = index.validate_checksum()?;
    if !damaged.is_empty() {
        return Err(SearchError::Index(format!("{} of its files are damaged", damaged.len())));
    }
    open(index, fields, place, begun).map(Some)
}

fn begin(folder: &Path, archive: &ArchiveReader) -> Result<Open, SearchError> {
    fs::create_dir_all(folder)?;
    let (schema, fields) = schema::schema();
    let builder = Index::builder().schema(schema).settings(schema::settings());
    let mut index = builder.create_in_dir(folder)?;
    index.set_tokenizers(schema::tokenizers());
    open(index, fields, Place::default(), archive.lines()?)
}

fn open(mut index: Index, fields: Fields, place: Place, begun: u64) -> Result<Open, SearchError> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    if processors > 1 {
        // The parts of the index are looked through beside each other: a common word stands in all.
        index.set_multithread_executor(processors.min(SEARCHING_THREADS_MAX))?;
    }
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok(Open { index, opened: Arc::new(Opened { reader, fields }), writer: None, place, begun })
}

/// Where an index goes that is not used any more.
fn aside(folder: &Path) -> PathBuf {
    folder.with_extension("unusable")
}
