//! What the operator is told about backups and their rehearsal.

use super::facts::Facts;

/// How a rehearsal of a restore went, with the way back; or what is wrong with the backups.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a> {
    /// The name of the host.
    pub host: &'a str,
    /// Which of these it is.
    pub turn: RecoveryTurn,
    /// What differs, or why nothing was done; a line each.
    pub found: &'a str,
    /// What is younger than the backup; a line each.
    pub younger: &'a str,
    /// The backup, or where backups go.
    pub file: &'a str,
    /// The moment it is of.
    pub of: &'a str,
    /// How long it took to be back.
    pub took: &'a str,
    /// What came back, in numbers.
    pub counts: &'a str,
    /// What to type on another machine; a line each.
    pub steps: &'a str,
    /// The records of the DNS that name the old machine; a line each.
    pub records: &'a str,
}

/// What a letter about backups says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecoveryTurn {
    /// The rehearsal was good.
    Good,
    /// The rehearsal found differences.
    Differs,
    /// There is no new backup, or no rehearsal of it.
    Failed,
    /// Nobody has rehearsed for a month.
    Unrehearsed,
}

impl<'a> Recovery<'a> {
    /// One that says nothing yet.
    pub fn empty(host: &'a str, turn: RecoveryTurn) -> Recovery<'a> {
        let none = "";
        Recovery {
            host,
            turn,
            found: none,
            younger: none,
            file: none,
            of: none,
            took: none,
            counts: none,
            steps: none,
            records: none,
        }
    }

    pub(super) fn facts(&self, facts: Facts) -> Facts {
        let Recovery { host, turn, found, younger, file, of, took, counts, steps, records } = *self;
        facts
            .phrase("host", host)
            .is("good", turn == RecoveryTurn::Good)
            .is("differs", turn == RecoveryTurn::Differs)
            .is("failed", turn == RecoveryTurn::Failed)
            .is("unrehearsed", turn == RecoveryTurn::Unrehearsed)
            .quote("found", found)
            .quote("younger", younger)
            .phrase("file", file)
            .phrase("of", of)
            .phrase("took", took)
            .phrase("counts", counts)
            .quote("steps", steps)
            .quote("records", records)
    }
}
