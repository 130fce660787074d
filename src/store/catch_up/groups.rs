//! Which lines of the journal count: those of groups that were written whole.

use std::ops::Range;

use crate::store::event::Line;
use crate::store::journal::{self, Found};

/// Lines on their way from the journal to the state, group by group.
pub(super) struct JournalReading {
    /// After the last group that counts.
    pub(super) reached: journal::Position,
    /// Lines of groups that count, to be applied.
    pub(super) ready: Vec<Line>,
    /// Lines of a group whose last has not been met yet.
    group: Vec<Line>,
    /// Where those begin.
    group_start: journal::Position,
    /// What stands after the last line and is none, and where.
    no_lines: Vec<(journal::Position, Vec<u8>)>,
    pub(super) damage_inside: bool,
}

impl JournalReading {
    pub(super) fn new(from: journal::Position) -> JournalReading {
        JournalReading {
            reached: from,
            ready: Vec::new(),
            group: Vec::new(),
            group_start: from,
            no_lines: Vec::new(),
            damage_inside: false,
        }
    }

    /// Takes what was found; gives back damage that turns out not to be at the end.
    pub(super) fn take(&mut self, found: Found, place: Range<journal::Position>) -> Vec<Vec<u8>> {
        let line = match found {
            Found::Damaged(bytes) => {
                self.no_lines.push((place.start, bytes));
                return Vec::new();
            }
            Found::Line(line) => *line,
        };
        let damaged: Vec<Vec<u8>> = self.no_lines.drain(..).map(|(_, bytes)| bytes).collect();
        self.damage_inside |= !damaged.is_empty();
        let first_of = |line: &Line| line.seq.saturating_sub(u64::from(line.group.0));
        if self.group.first().is_some_and(|before| first_of(before) != first_of(&line)) {
            // A later group began, so this one had been written whole: its last line is damaged.
            self.ready.append(&mut self.group);
        }
        if self.group.is_empty() {
            self.group_start = place.start;
        }
        let (at, of) = line.group;
        let seq = line.seq;
        self.group.push(line);
        if at + 1 >= of {
            self.reached = journal::Position { seq, ..place.end };
            self.ready.append(&mut self.group);
        }
        damaged
    }

    /// Where the journal's files end with a group that was never answered.
    pub(super) fn unfinished(&self) -> Vec<journal::Position> {
        let mut starts: Vec<journal::Position> = self.no_lines.iter().map(|(start, _)| *start).collect();
        if !self.group.is_empty() {
            starts.push(self.group_start);
        }
        starts.sort();
        starts.dedup_by_key(|start| start.file);
        starts
    }
}
