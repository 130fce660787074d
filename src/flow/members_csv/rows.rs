//! Makes members of the rows of a table.

use std::collections::HashMap;

use super::{BadRow, Row, Rows};
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::List;
use crate::domain::member::MemberState;
use crate::domain::time::Timestamp;
use crate::flow::FlowError;
use crate::flow::membership::{ATTEMPTS_MAX, Act, AddOutcome, Plan, plan};
use crate::store::change::{Change, Conflict};
use crate::store::event::{Event, MemberCause};
use crate::store::{Store, StoreError};

/// Rows that become true together.
const CHUNK_ROWS: usize = 50;

/// What happens where a row cannot be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadRows {
    /// The others are.
    LeftOut,
    /// None is.
    StopAll,
}

/// What came of a table of members.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct AddedMembers {
    /// Members now, and none before.
    pub added: u64,
    /// Members before, and something about them changed.
    pub updated: u64,
    /// Members before, just so.
    pub as_before: u64,
    /// What was not taken, by line.
    pub bad: Vec<BadRow>,
    /// Columns nothing is known of.
    pub ignored_columns: Vec<String>,
}

/// Makes members of rows. Blocks; durable when it returns.
///
/// Who left by themselves does not come back with a table: it may be older than their wish.
pub fn add_members(
    store: &Store,
    list: &List,
    rows: Rows,
    act: Act,
    bad_rows: BadRows,
) -> Result<AddedMembers, FlowError> {
    let Rows { rows, bad, ignored_columns } = rows;
    let mut adding = Adding {
        store,
        list,
        act,
        gone: None,
        lines_of: HashMap::new(),
        done: AddedMembers { bad, ignored_columns, ..AddedMembers::default() },
    };
    match bad_rows {
        BadRows::LeftOut => {
            for chunk in rows.chunks(CHUNK_ROWS) {
                adding.chunk(chunk, bad_rows)?;
            }
        }
        BadRows::StopAll if !adding.done.bad.is_empty() => {}
        BadRows::StopAll => adding.chunk(&rows, bad_rows)?,
    }
    adding.done.bad.sort_by_key(|row| row.line);
    Ok(adding.done)
}

struct Adding<'a> {
    store: &'a Store,
    list: &'a List,
    act: Act,
    /// Who left by themselves, and when; looked up once somebody who left is met.
    gone: Option<HashMap<PersonId, Timestamp>>,
    lines_of: HashMap<PersonId, u64>,
    done: AddedMembers,
}

impl Adding<'_> {
    fn chunk(&mut self, rows: &[Row], bad_rows: BadRows) -> Result<(), FlowError> {
        for _ in 0..ATTEMPTS_MAX {
            let mut done = AddedMembers::default();
            let mut lines_of = HashMap::new();
            let mut change = Change::at(self.act.now);
            for row in rows {
                let plan = match self.plan(row, &lines_of)? {
                    Ok(plan) => plan,
                    Err(why) => {
                        done.bad.push(BadRow { line: row.line, why });
                        continue;
                    }
                };
                lines_of.insert(plan.person(), row.line);
                let (with_row, added) = plan.carry(self.store, change, self.act);
                change = with_row;
                match added.outcome {
                    AddOutcome::Joined => done.added += 1,
                    AddOutcome::Updated => done.updated += 1,
                    AddOutcome::AsBefore => done.as_before += 1,
                }
            }
            if bad_rows == BadRows::StopAll && !done.bad.is_empty() {
                self.done.bad.append(&mut done.bad);
                return Ok(());
            }
            match self.store.commit(change) {
                Ok(()) => {
                    self.done.count(done);
                    self.lines_of.extend(lines_of);
                    return Ok(());
                }
                // Somebody joined, left or changed something meanwhile: look again.
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict(Conflict::Changed).into())
    }

    fn plan(
        &mut self,
        row: &Row,
        lines_of: &HashMap<PersonId, u64>,
    ) -> Result<Result<Plan, String>, FlowError> {
        let plan = match plan(self.store, self.list, &row.wish, self.act, MemberCause::Imported)? {
            Ok(plan) => plan,
            Err(not_done) => return Ok(Err(not_done.to_string())),
        };
        let email = &row.wish.email;
        let person = plan.person();
        if let Some(line) = lines_of.get(&person).or_else(|| self.lines_of.get(&person)) {
            return Ok(Err(format!("{email} is another address of the person in line {line}")));
        }
        if plan.member_before().is_some_and(|member| member.state == MemberState::Left)
            && let Some(left) = self.left_by_themselves(person)?
        {
            let day = left.to_string();
            let day = day.split('T').next().unwrap_or_default();
            return Ok(Err(format!(
                "{email} left on {day}; if they asked to come back, add them with member add"
            )));
        }
        Ok(Ok(plan))
    }

    fn left_by_themselves(&mut self, person: PersonId) -> Result<Option<Timestamp>, FlowError> {
        if self.gone.is_none() {
            self.gone = Some(gone(self.store, self.list.id)?);
        }
        Ok(self.gone.as_ref().and_then(|gone| gone.get(&person)).copied())
    }
}

impl AddedMembers {
    fn count(&mut self, other: AddedMembers) {
        let AddedMembers { added, updated, as_before, bad, ignored_columns: _ } = other;
        self.added += added;
        self.updated += updated;
        self.as_before += as_before;
        self.bad.extend(bad);
    }
}

/// Everybody whose last word about a list was that they leave it.
fn gone(store: &Store, list: ListId) -> Result<HashMap<PersonId, Timestamp>, FlowError> {
    let mut gone = HashMap::new();
    store.history(|line| {
        let Event::Member { member, cause, by: _ } = line.event else { return };
        if member.list != list {
            return;
        }
        let by_themselves = matches!(cause, MemberCause::LeftByMail | MemberCause::LeftByClick);
        if member.state == MemberState::Left && by_themselves {
            gone.insert(member.person, line.at);
        } else {
            gone.remove(&member.person);
        }
    })?;
    Ok(gone)
}
