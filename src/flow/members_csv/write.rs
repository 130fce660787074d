//! The table an export writes: one row a member, every setting a column.

use std::io::{self, Write};

use serde_json::Value;

use super::{COLUMNS, FOR_READING, guarded};
use crate::domain::member::{MEMBER_SETTINGS, Membership, Person};

/// Writes members row by row.
pub struct Writer<W: Write> {
    csv: csv::Writer<W>,
    columns: Vec<&'static str>,
}

impl<W: Write> Writer<W> {
    /// Begins a table with its names of columns.
    pub fn new(out: W) -> io::Result<Writer<W>> {
        let mut columns = COLUMNS.to_vec();
        let rest = ["state"].iter().chain(MEMBER_SETTINGS).chain(&FOR_READING);
        for column in rest {
            if !columns.contains(column) {
                columns.push(column);
            }
        }
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(&columns)?;
        Ok(Writer { csv, columns })
    }

    /// Adds a row.
    pub fn member(&mut self, person: &Person, member: &Membership) -> io::Result<()> {
        let settings = serde_json::to_value(member).unwrap_or_default();
        let row = self.columns.iter().map(|column| match *column {
            "email" => person.addresses.first().map(|a| guarded(a.as_str())).unwrap_or_default(),
            "name" => guarded(&person.name),
            "language" => person.language.map(|language| language.tag().to_owned()).unwrap_or_default(),
            "person" => person.id.to_string(),
            column => word(&settings[column]),
        });
        Ok(self.csv.write_record(row)?)
    }

    /// Writes what is still held.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }
}

/// Those who have no address, a row each: `name,how,since`.
pub fn write_paper(out: &mut dyn Write, people: &[(Person, Membership)]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["name", "how", "since"])?;
    for (person, member) in people {
        let (name, how) = person.name.split_once(',').unwrap_or((&person.name, ""));
        let since = serde_json::to_value(member.since).unwrap_or_default();
        csv.write_record([guarded(name.trim()), guarded(how.trim()), word(&since)])?;
    }
    csv.flush()
}

/// A setting as `member set` takes it; nothing where it is absent.
fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(word) => word.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
