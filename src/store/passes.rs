//! What can be asked of the store about passes: what opens pages and feeds to whom.

use serde::{Deserialize, Serialize};

use super::records::{self, PassRecord};
use super::{Store, StoreError, keys};
use crate::domain::ids::{PassId, PersonId};
use crate::domain::time::Timestamp;

/// What a pass opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// Every page its holder may see.
    Pages,
    /// The feeds of the lists they are members of, and no page.
    Feeds,
}

/// A pass that was not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pass {
    /// Its number, which its token holds.
    pub number: PassId,
    /// Whose.
    pub person: PersonId,
    /// What it opens.
    pub opens: Opens,
    /// When it was given.
    pub since: Timestamp,
    /// It ends by itself then.
    pub until: Timestamp,
}

impl Store {
    /// One pass, if it was not ended; whether its time is over is for the caller to look at.
    pub fn pass(&self, person: PersonId, number: PassId) -> Result<Option<Pass>, StoreError> {
        let record: Option<PassRecord> = self.reader.record(&keys::pass(person, number))?;
        Ok(record.map(|record| pass(person, number, &record)))
    }

    /// The passes of a person, the oldest first.
    pub fn passes_of(&self, person: PersonId) -> Result<Vec<Pass>, StoreError> {
        self.passes_below(&keys::passes_of(person))
    }

    /// Everybody's passes.
    pub fn passes(&self) -> Result<Vec<Pass>, StoreError> {
        self.passes_below(&keys::passes())
    }

    fn passes_below(&self, prefix: &[u8]) -> Result<Vec<Pass>, StoreError> {
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(prefix, prefix) {
            let (key, value) = entry?;
            let Some(record) = records::decode::<PassRecord>(&value) else { continue };
            let (person, number) = (PersonId(keys::number_u32(&key, 1)), PassId(keys::number_u32(&key, 5)));
            found.push(pass(person, number, &record));
        }
        Ok(found)
    }
}

fn pass(person: PersonId, number: PassId, record: &PassRecord) -> Pass {
    let PassRecord { opens, since, until } = *record;
    Pass { number, person, opens, since, until }
}
