//! Reads a table of members: what can be taken, and what cannot and why.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{BadRow, COLUMNS, Column, Row, moment, unguarded};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId};
use crate::domain::member::{Joined, Membership};
use crate::domain::time::Timestamp;
use crate::flow::membership::{NotDone, Wish, parse_address, parse_language, parse_name};
use crate::mail::charset;

/// The largest file read, in bytes.
const FILE_BYTES_MAX: usize = 64 << 20;
/// A row goes over at most so many lines; a quotation mark open for longer was never closed.
const ROW_LINES_MAX: usize = 20;
/// More columns than this are not looked at.
const COLUMNS_MAX: usize = 200;
/// Text of a file shown in an error, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// What a file of members holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows {
    /// What can be taken, in the file's order.
    pub rows: Vec<Row>,
    /// What cannot.
    pub bad: Vec<BadRow>,
    /// Columns nothing is known of, and nothing was taken from.
    pub ignored_columns: Vec<String>,
}

/// Why a whole file cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidMemberFile {
    /// There is nothing in it.
    #[error("the file is empty; its first line should name the columns: {}", COLUMNS.join(","))]
    Empty,
    /// Above 64 MiB.
    #[error("the file is larger than 64 MiB")]
    TooLarge,
    /// The first line is a member already.
    #[error(
        "line {0} holds an address, not the names of the columns; write a line such as email,name above it"
    )]
    NoHeader(u64),
    /// The first line names no `email`.
    #[error("line {0} names no column email; it says {1:?}")]
    NoEmailColumn(u64, String),
}

/// Reads a file of members.
pub fn read(bytes: &[u8], now: Timestamp) -> Result<Rows, InvalidMemberFile> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(InvalidMemberFile::TooLarge);
    }
    let text = decode(bytes);
    let mut records = Records { text: &text, at: 0, line: 1, delimiter: b',', columns: Vec::new() };
    let header = records.header().ok_or(InvalidMemberFile::Empty)?;
    let (columns, ignored_columns) = columns(&header)?;
    records.columns.clone_from(&columns);
    let mut rows = Rows { ignored_columns, ..Rows::default() };
    let mut lines_of: HashMap<String, u64> = HashMap::new();
    while let Some(Record { line, fields }) = records.next() {
        let read = fields.and_then(|fields| row(&columns, &fields, now)).and_then(|wish| {
            match lines_of.insert(wish.email.key(), line) {
                None => Ok(wish),
                Some(earlier) => {
                    lines_of.insert(wish.email.key(), earlier);
                    Err(format!("{} is in line {earlier} already", wish.email))
                }
            }
        });
        match read {
            Ok(wish) => rows.rows.push(Row { line, wish }),
            Err(why) => rows.bad.push(BadRow { line, why }),
        }
    }
    Ok(rows)
}

/// UTF-8 or UTF-16 with its mark, UTF-8 without, else windows-1252.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let units = |of: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| of([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => Cow::Owned(units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Cow::Owned(units(u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => charset::guess(rest),
        _ => charset::guess(bytes),
    };
    // Line ends of the Macintosh before 2001, which one spreadsheet still offers.
    if text.contains('\r') && !text.contains('\n') { Cow::Owned(text.replace('\r', "\n")) } else { text }
}

fn columns(header: &Record) -> Result<(Vec<Option<Column>>, Vec<String>), InvalidMemberFile> {
    let names = header.fields.clone().unwrap_or_default();
    let columns: Vec<Option<Column>> = names.iter().map(|name| Column::named(name)).collect();
    if !columns.contains(&Some(Column::Email)) {
        if names.iter().any(|name| EmailAddress::parse(name).is_ok()) {
            return Err(InvalidMemberFile::NoHeader(header.line));
        }
        let said: String = names.join(",").chars().take(SHOWN_CHARS_MAX).collect();
        return Err(InvalidMemberFile::NoEmailColumn(header.line, said));
    }
    let unknown = names.iter().zip(&columns).filter(|(name, column)| column.is_none() && !name.is_empty());
    let unknown = unknown.map(|(name, _)| name.clone()).collect();
    Ok((columns, unknown))
}

fn row(columns: &[Option<Column>], fields: &[String], now: Timestamp) -> Result<Wish, String> {
    if let Some(extra) = fields.iter().skip(columns.len()).find(|field| !field.is_empty()) {
        let shown: String = extra.chars().take(SHOWN_CHARS_MAX).collect();
        return Err(format!(
            "{shown:?} is beyond the last column; a text with a separator in it goes in \"…\""
        ));
    }
    let mut email = None;
    let mut wish = (None, None, None, Vec::new());
    for (column, field) in columns.iter().zip(fields).filter(|(_, field)| !field.is_empty()) {
        let said = |not_done: NotDone| not_done.to_string();
        match column {
            Some(Column::Email) => email = Some(parse_address(unguarded(field)).map_err(said)?),
            Some(Column::Name) => wish.0 = Some(parse_name(unguarded(field)).map_err(said)?),
            Some(Column::Language) => wish.1 = parse_language(field).map_err(said)?,
            Some(Column::Since) => wish.2 = Some(since(field, now)?),
            Some(Column::Setting(key)) => wish.3.push(setting(key, field)?),
            Some(Column::Known) | None => {}
        }
    }
    let (name, language, since, settings) = wish;
    let email = email.ok_or("there is no address")?;
    Ok(Wish { email, name, language, since, settings, joined: Joined::Imported })
}

fn since(field: &str, now: Timestamp) -> Result<Timestamp, String> {
    match moment(field) {
        Some(since) if since <= now => Ok(since),
        Some(_) => Err(format!("since cannot be {field:?}: that day is still to come")),
        None => Err(format!("since cannot be {field:?}: it takes a day such as 2019-03-31")),
    }
}

/// A setting a membership takes.
fn setting(key: &str, field: &str) -> Result<(String, String), String> {
    let value = field.to_lowercase();
    if key == "state" && matches!(value.as_str(), "left" | "pending") {
        return Err(format!("state is {value}: whoever this is was no member"));
    }
    // Times keep their capitals.
    let value = if matches!(key, "until" | "pause_until") { field.to_owned() } else { value };
    let mut trial = Membership::new(ListId(0), PersonId(0), Joined::Imported, Timestamp::from_seconds(0));
    trial.set(key, &value).map_err(|error| error.to_string())?;
    Ok((key.to_owned(), value))
}

/// The rows of a text, one at a time.
struct Records<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
    /// The line at that place.
    line: u64,
    delimiter: u8,
    columns: Vec<Option<Column>>,
}

/// One row, or why it is none.
struct Record {
    line: u64,
    fields: Result<Vec<String>, String>,
}

impl Records<'_> {
    /// The first row, which tells the separator as well.
    fn header(&mut self) -> Option<Record> {
        self.skip_blank();
        if let Some(&delimiter) =
            self.line_here().strip_prefix("sep=").and_then(|rest| rest.as_bytes().first())
        {
            // What spreadsheets write for each other.
            self.advance(self.line_here().len());
            self.skip_blank();
            self.delimiter = delimiter;
        } else {
            let line = self.line_here().as_bytes();
            let count = |sign: u8| line.iter().filter(|byte| **byte == sign).count();
            self.delimiter = *b",;\t".iter().rev().max_by_key(|sign| count(**sign)).unwrap_or(&b',');
        }
        self.next()
    }

    fn next(&mut self) -> Option<Record> {
        loop {
            self.skip_blank();
            let line = self.line;
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return None;
            }
            let len = record_len(rest, self.delimiter);
            let fields =
                len.map(|len| self.fields(&rest[..len])).filter(|fields| !self.swallows_rows(fields));
            let (Some(len), Some(fields)) = (len, fields) else {
                self.advance(self.line_here().len());
                let why = "a quotation mark is opened and not closed in its line".to_owned();
                return Some(Record { line, fields: Err(why) });
            };
            self.advance(len);
            // Spreadsheets end a table with rows of nothing but separators.
            if fields.iter().any(|field| !field.is_empty()) {
                return Some(Record { line, fields: Ok(fields) });
            }
        }
    }

    fn fields(&self, record: &str) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(self.delimiter)
            .buffer_capacity(record.len().clamp(64, 8192))
            .from_reader(record.as_bytes());
        let mut fields = csv::StringRecord::new();
        // Reading from memory what is text cannot fail; if it did, the row would be empty.
        let _ = reader.read_record(&mut fields);
        fields.iter().take(COLUMNS_MAX).map(|field| field.trim().to_owned()).collect()
    }

    /// Postal addresses may go over several lines; an address or a name that does so is the next
    /// rows, behind a quotation mark that was never closed.
    fn swallows_rows(&self, fields: &[String]) -> bool {
        let several = |field: &String| field.contains('\n');
        let columns = self.columns.iter().copied().chain(std::iter::repeat(None));
        let mut both = fields.iter().zip(columns).filter(|(field, _)| several(field));
        both.any(|(field, column)| column.is_some() || field.contains('@'))
    }

    fn line_here(&self) -> &str {
        let rest = &self.text[self.at..];
        rest.split_inclusive('\n').next().unwrap_or_default()
    }

    fn skip_blank(&mut self) {
        loop {
            let line = self.line_here();
            if line.is_empty() || !line.trim().is_empty() {
                return;
            }
            let len = line.len();
            self.advance(len);
        }
    }

    fn advance(&mut self, bytes: usize) {
        let passed = &self.text.as_bytes()[self.at..self.at + bytes];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at += bytes;
    }
}

/// The length of the row a text begins with, line end included; `None` if it has no end near by.
fn record_len(text: &str, delimiter: u8) -> Option<usize> {
    let mut state = Place::FieldStart;
    let mut lines = 0;
    for (at, byte) in text.bytes().enumerate() {
        state = match (state, byte) {
            (Place::Quoted, b'"') => Place::QuoteInQuoted,
            (Place::Quoted, b'\n') => {
                lines += 1;
                if lines >= ROW_LINES_MAX {
                    return None;
                }
                Place::Quoted
            }
            (Place::Quoted, _) | (Place::QuoteInQuoted, b'"') => Place::Quoted,
            (Place::FieldStart | Place::InField | Place::QuoteInQuoted, b'\n') => return Some(at + 1),
            (Place::FieldStart | Place::InField | Place::QuoteInQuoted, byte) if byte == delimiter => {
                Place::FieldStart
            }
            (Place::FieldStart, b'"') => Place::Quoted,
            (Place::FieldStart | Place::InField | Place::QuoteInQuoted, _) => Place::InField,
        };
    }
    (state != Place::Quoted).then_some(text.len())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    InField,
    Quoted,
    /// Behind a mark that closes the field, or is the first of two.
    QuoteInQuoted,
}
