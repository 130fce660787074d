//! Reading along the journal for what follows from it beside the state: the search index.
//!
//! Never ahead of the state: what is told about has happened there already. Who follows keeps the
//! [`Place`] it has reached with what it made of it, and goes on from there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

use super::archive::ArchiveReader;
use super::catch_up::POSITION;
use super::event::{Event, Line};
use super::journal::{self, Found, Position};
use super::{StoreError, keys, lines};
use crate::domain::ids::{ListId, PostId};

/// Longer lines than this are none of ours, bytes.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Up to where somebody has read the journal; at first, nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// The file, and where its last line that was read begins.
    file: u32,
    line: u64,
    /// Where the next one begins.
    offset: u64,
    /// The number of the last line that was read.
    seq: u64,
}

impl Place {
    /// How many lines were read.
    pub fn lines(&self) -> u64 {
        self.seq
    }
}

/// What happened to what the archive shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Touched {
    /// It was not there before.
    Added(PostId),
    /// It stands elsewhere, or is shown no more.
    Changed(PostId),
    /// An edition of a list went out.
    Edition {
        /// Of this list.
        list: ListId,
        /// Which of its editions.
        number: u32,
    },
    /// Any post may say something else now: somebody was taken out of all of them.
    All {
        /// The line of the journal that says so.
        line: u64,
    },
}

/// Some of what happened, in its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Followed {
    /// What the archive shows otherwise than before.
    pub touched: Vec<Touched>,
    /// Where to go on.
    pub place: Place,
    /// Lines of the journal that follow.
    pub left: u64,
}

impl ArchiveReader {
    /// What happened after a place, as far as the state has it; at most `take` lines.
    pub fn follow(&self, from: Place, take: usize) -> Result<Followed, StoreError> {
        let reached = self.lines()?;
        let mut followed = Followed { touched: Vec::new(), place: from, left: 0 };
        if reached <= from.seq {
            return Ok(followed);
        }
        let start = Position { file: from.file, offset: from.offset, seq: from.seq };
        let mut lines = 0;
        let mut enough = false;
        let read = journal::read_from(self.data(), start, |found, place| {
            if lines == take || followed.place.seq >= reached {
                enough = true;
                return Err(io::Error::other("enough"));
            }
            lines += 1;
            // A damaged line is no line; `check` names it.
            if let Found::Line(line) = found {
                followed.touched.extend(touched(&line));
                let Position { file, offset, seq: _ } = place.end;
                followed.place = Place { file, line: place.start.offset, offset, seq: line.seq };
            }
            Ok(())
        });
        match read {
            Err(source) if !enough => Err(StoreError::of_io("read", &self.data().join("journal"), source)),
            Ok(()) | Err(_) => {
                followed.left = reached.saturating_sub(followed.place.seq);
                Ok(followed)
            }
        }
    }

    /// Lines of the journal the state has.
    pub fn lines(&self) -> Result<u64, StoreError> {
        let reached: Option<Position> = self.record(&keys::setting(POSITION))?;
        Ok(reached.map_or(0, |reached| reached.seq))
    }

    /// Whether a place is one of this journal: the line before it is there, and the one it was.
    pub fn knows(&self, place: &Place) -> bool {
        place.seq == 0 || self.line_before(place).is_ok_and(|line| line.is_some_and(|l| l.seq == place.seq))
    }

    fn line_before(&self, place: &Place) -> io::Result<Option<Line>> {
        let Some(len) = place.offset.checked_sub(place.line).filter(|len| *len <= LINE_BYTES_MAX) else {
            return Ok(None);
        };
        let mut file = File::open(journal::path(self.data(), place.file))?;
        file.seek(SeekFrom::Start(place.line))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        Ok(lines::read(&bytes))
    }
}

fn touched(line: &Line) -> Vec<Touched> {
    match &line.event {
        Event::Published { post, .. } | Event::Imported { post, .. } => vec![Touched::Added(*post)],
        Event::Withdrawn { post, .. } => vec![Touched::Changed(*post)],
        Event::Rethreaded { posts, .. } | Event::KeptBack { posts, .. } => {
            posts.iter().copied().map(Touched::Changed).collect()
        }
        Event::Edition { list, number, document: _, mail: _ } => {
            vec![Touched::Edition { list: *list, number: *number }]
        }
        Event::Forgotten { .. } => vec![Touched::All { line: line.seq }],
        Event::Forgetting { .. }
        | Event::Tidied {}
        | Event::Settled { .. }
        | Event::List { .. }
        | Event::Member { .. }
        | Event::Received { .. }
        | Event::Attempted { .. }
        | Event::Held { .. }
        | Event::Refused { .. }
        | Event::Dropped { .. }
        | Event::Delivered { .. }
        | Event::LetterOwed { .. }
        | Event::LetterDone { .. }
        | Event::Asked { .. }
        | Event::Answered { .. }
        | Event::Lapsed { .. }
        | Event::OldAddresses { .. }
        | Event::Heeded { .. }
        | Event::Banned { .. }
        | Event::Summarized { .. }
        | Event::ThreadPace { .. }
        | Event::Reach { .. }
        | Event::Warned { .. }
        | Event::PassGiven { .. }
        | Event::PassEnded { .. }
        | Event::Issued { .. }
        | Event::NotAwaited { .. }
        | Event::Drafted { .. }
        | Event::Fence { .. } => Vec::new(),
    }
}
