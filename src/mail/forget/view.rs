//! The readable bytes of a piece of a message, each with where it came from, so that some of them
//! can be written over without anything moving (RFC 2045 §6.7, §6.8; RFC 2047 §4).

use std::ops::Range;

use data_encoding::BASE64;

use super::traces::{Place, Traces, What, Within};
use crate::mail::headers::Headers;
use crate::mail::transfer::Transfer;

/// Where one readable byte stands.
#[derive(Clone, Copy, Debug)]
enum From {
    /// As itself, at this place.
    Itself(usize),
    /// As `=E9`, the equals sign at this place.
    Hex(usize),
    /// In a run of base64, as its n-th byte.
    Base64(usize, usize),
}

/// A run of base64: the places of its characters, and what they say.
struct Run {
    characters: Vec<usize>,
    bytes: Vec<u8>,
    changed: bool,
}

/// What a piece of a message says.
pub(super) struct View {
    /// In lower case, since nobody keeps to one.
    said: Vec<u8>,
    from: Vec<From>,
    runs: Vec<Run>,
    /// Where Message-IDs stand, in bytes of `said`.
    ids: Vec<Range<usize>>,
}

impl View {
    fn new() -> View {
        View { said: Vec::new(), from: Vec::new(), runs: Vec::new(), ids: Vec::new() }
    }

    /// Bytes that say what they are.
    pub(super) fn of_plain(text: &[u8]) -> View {
        let mut view = View::new();
        view.plain(text, 0..text.len());
        view
    }

    /// The body of a part.
    pub(super) fn of_body(raw: &[u8], body: Range<usize>, transfer: Transfer) -> View {
        let mut view = View::new();
        match transfer {
            Transfer::Plain | Transfer::Unknown => view.plain(raw, body),
            Transfer::QuotedPrintable => view.quoted_printable(raw, body),
            Transfer::Base64 => view.base64(raw, body),
        }
        view
    }

    /// The header of a part, with its encoded words read.
    pub(super) fn of_header(raw: &[u8], header: Range<usize>) -> View {
        const IDS: [&str; 5] =
            ["message-id", "in-reply-to", "references", "resent-message-id", "x-original-message-id"];
        let mut view = View::new();
        let (headers, _) = Headers::scan_leniently(&raw[header.clone()]);
        let mut at = header.start;
        for field in headers.fields() {
            // Fields lie in the header one after the other, some left out between them.
            let Some(offset) = memchr::memmem::find(&raw[at..header.end], field.raw()) else { continue };
            let (start, end) = (at + offset, at + offset + field.raw().len());
            view.plain(raw, at..start);
            let began = view.said.len();
            view.words(raw, start..end);
            if IDS.iter().any(|name| field.is(name)) {
                view.ids.push(began..view.said.len());
            }
            at = end;
        }
        view.plain(raw, at..header.end);
        view
    }

    fn push(&mut self, byte: u8, from: From) {
        self.said.push(byte.to_ascii_lowercase());
        self.from.push(from);
    }

    fn plain(&mut self, raw: &[u8], range: Range<usize>) {
        for at in range {
            self.push(raw[at], From::Itself(at));
        }
    }

    fn quoted_printable(&mut self, raw: &[u8], range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            match (raw[at], hex(raw, at + 1, range.end)) {
                (b'=', Some(byte)) => {
                    self.push(byte, From::Hex(at));
                    at += 3;
                }
                // A soft line end says nothing.
                (b'=', None) if raw[at + 1..range.end].starts_with(b"\r\n") => at += 3,
                (b'=', None) if raw[at + 1..range.end].starts_with(b"\n") => at += 2,
                (byte, _) => {
                    self.push(byte, From::Itself(at));
                    at += 1;
                }
            }
        }
    }

    fn base64(&mut self, raw: &[u8], range: Range<usize>) {
        let is_one = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
        let end = range.end;
        let padding = memchr::memchr(b'=', &raw[range.clone()]).map_or(end, |n| range.start + n);
        let mut characters: Vec<usize> = (range.start..padding).filter(|at| is_one(raw[*at])).collect();
        // A last group of two or three stands for one or two bytes; of one for none.
        characters.truncate(characters.len() - usize::from(characters.len() % 4 == 1));
        let text: Vec<u8> = characters.iter().map(|at| raw[*at]).collect();
        let bytes = crate::mail::transfer::decode_base64(&text);
        let run = self.runs.len();
        for (n, byte) in bytes.iter().enumerate() {
            self.push(*byte, From::Base64(run, n));
        }
        self.runs.push(Run { characters, bytes, changed: false });
    }

    /// A field, with what its encoded words say in their place.
    fn words(&mut self, raw: &[u8], range: Range<usize>) {
        let mut at = range.start;
        let mut after_word = false;
        while let Some(found) = memchr::memmem::find(&raw[at..range.end], b"=?") {
            let start = at + found;
            let Some(word) = Word::at(raw, start, range.end) else {
                self.plain(raw, at..start + 2);
                (at, after_word) = (start + 2, false);
                continue;
            };
            // Blanks between two words are not shown (RFC 2047 §6.2).
            if !after_word || !raw[at..start].trim_ascii().is_empty() {
                self.plain(raw, at..start);
            }
            match word.encoding {
                b'b' | b'B' => self.base64(raw, word.text.clone()),
                _ => self.q(raw, word.text.clone()),
            }
            (at, after_word) = (word.end, true);
        }
        self.plain(raw, at..range.end);
    }

    fn q(&mut self, raw: &[u8], range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            match (raw[at], hex(raw, at + 1, range.end)) {
                (b'=', Some(byte)) => {
                    self.push(byte, From::Hex(at));
                    at += 3;
                    continue;
                }
                (b'_', _) => self.push(b' ', From::Itself(at)),
                (byte, _) => self.push(byte, From::Itself(at)),
            }
            at += 1;
        }
    }

    /// Writes over every place where somebody is named; how many there were.
    pub(super) fn mask(&mut self, traces: &Traces, out: &mut [u8]) -> usize {
        let mut places = traces.find(&self.said, Within::Text);
        for ids in self.ids.clone() {
            let inside = traces.find(&self.said[ids.clone()], Within::MessageId);
            places.extend(inside.into_iter().map(|place| Place {
                start: place.start + ids.start,
                end: place.end + ids.start,
                ..place
            }));
        }
        for place in &places {
            for at in place.start..place.end {
                match (place.what, self.said[at]) {
                    // It stays an address, of nobody.
                    (What::Address, b'@' | b'.' | b'%' | b'=' | b'&' | b'#' | b';' | b' ')
                    // Folded fields and quoted lines stay what they are.
                    | (What::Name, b'\r' | b'\n' | b'>' | b' ' | b'\t') => {}
                    (What::Address, _) => self.write(at, b'x', out),
                    (What::Name, _) => self.write(at, b'*', out),
                }
            }
        }
        self.write_runs(out);
        places.len()
    }

    /// Writes blanks over a range of what is said, line ends left.
    pub(super) fn blank(&mut self, range: Range<usize>, out: &mut [u8]) {
        for at in range {
            if !matches!(self.said[at], b'\r' | b'\n') {
                self.write(at, b' ', out);
            }
        }
        self.write_runs(out);
    }

    /// What is said, in lower case.
    pub(super) fn said(&self) -> &[u8] {
        &self.said
    }

    fn write(&mut self, at: usize, byte: u8, out: &mut [u8]) {
        match self.from[at] {
            From::Itself(place) => out[place] = byte,
            From::Hex(place) => out[place..place + 3].copy_from_slice(format!("={byte:02X}").as_bytes()),
            From::Base64(run, n) => {
                let run = &mut self.runs[run];
                run.changed |= run.bytes[n] != byte;
                run.bytes[n] = byte;
            }
        }
    }

    fn write_runs(&self, out: &mut [u8]) {
        for run in self.runs.iter().filter(|run| run.changed) {
            let encoded = BASE64.encode(&run.bytes);
            for (place, character) in run.characters.iter().zip(encoded.bytes()) {
                out[*place] = character;
            }
        }
    }
}

fn hex(raw: &[u8], at: usize, end: usize) -> Option<u8> {
    let digit = |at: usize| (at < end).then(|| char::from(raw[at]).to_digit(16)).flatten();
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

/// `=?charset?Q?text?=`.
struct Word {
    encoding: u8,
    text: Range<usize>,
    end: usize,
}

impl Word {
    fn at(raw: &[u8], start: usize, end: usize) -> Option<Word> {
        const CHARSET_BYTES_MAX: usize = 60;
        let charset = start + 2;
        let mark = |from: usize| memchr::memchr(b'?', &raw[from..end]).map(|n| from + n);
        let after_charset = mark(charset)?;
        if after_charset == charset || after_charset - charset > CHARSET_BYTES_MAX {
            return None;
        }
        let encoding = *raw.get(after_charset + 1).filter(|b| b"bBqQ".contains(b))?;
        let text = after_charset + 3;
        if text > end || raw[after_charset + 2] != b'?' {
            return None;
        }
        let close = mark(text)?;
        (raw.get(close + 1) == Some(&b'=') && close + 2 <= end).then_some(Word {
            encoding,
            text: text..close,
            end: close + 2,
        })
    }
}
