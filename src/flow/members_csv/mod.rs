//! Members in and out of tables: `email,name,reading,day,language,role,since`, and what an export
//! adds to that.
//!
//! Tables come from spreadsheets: separated by commas, semicolons or tabs, in UTF-8, UTF-16 or
//! windows-1252. A row that cannot be taken is named by its line, and keeps no other out.

mod read;
mod rows;
mod write;

use crate::domain::member::MEMBER_SETTINGS;
use crate::domain::time::Timestamp;

pub use self::read::{InvalidMemberFile, Rows, read};
pub use self::rows::{AddedMembers, BadRows, add_members};
pub use self::write::{Writer, write_paper};

use super::membership::Wish;

/// The columns everybody uses, in the order they are written.
const COLUMNS: [&str; 7] = ["email", "name", "reading", "day", "language", "role", "since"];

/// A row that was not taken.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct BadRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// In words.
    pub why: String,
}

/// A row that can be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: u64,
    /// What it asks for.
    pub wish: Wish,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Column {
    Email,
    Name,
    Language,
    Since,
    Setting(&'static str),
    /// Written by an export, and for people to read.
    Known,
}

/// What else an export writes: `person` is the number decisions speak of, `joined` how they came.
const FOR_READING: [&str; 2] = ["joined", "person"];

impl Column {
    /// By its name, in any case; the words spreadsheets in French and English use are known too.
    fn named(name: &str) -> Option<Column> {
        let name = name.trim().to_lowercase();
        Some(match name.as_str() {
            "email" | "e-mail" | "mail" | "courriel" | "adresse e-mail" | "email address" => Column::Email,
            "name" | "nom" => Column::Name,
            "language" | "langue" => Column::Language,
            "since" => Column::Since,
            other if FOR_READING.contains(&other) => Column::Known,
            other => Column::Setting(MEMBER_SETTINGS.iter().find(|setting| **setting == other)?),
        })
    }
}

/// A moment, or the midnight (UTC) a day begins with.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text).or_else(|| Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")))
}

/// Spreadsheets take a text that begins with one of these for a formula.
const FORMULA_SIGNS: [char; 4] = ['=', '+', '-', '@'];

/// Whether a text would be taken for a formula, but for apostrophes in front of it.
fn is_like_a_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA_SIGNS)
}

/// A text no spreadsheet takes for a formula; [`unguarded`] gives it back.
fn guarded(text: &str) -> String {
    if is_like_a_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// Takes off what [`guarded`] put in front.
fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_like_a_formula(rest) => rest,
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        for (text, written) in [
            ("Anne", "Anne"),
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("-Anne-", "'-Anne-"),
            ("'t Hooft", "'t Hooft"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), written);
            assert_eq!(unguarded(&guarded(text)), text);
        }
    }
}
