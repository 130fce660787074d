//! The tree of parts of a message, found in one pass over its lines, without recursion.
//!
//! RFC 2045 and 2046. mail-parser reads each header; the tree is ours, because messages nested
//! by the thousand must cost neither stack nor time, and because text has to be read again from
//! its bytes when the charset named is not the charset used. Knows nothing of pages.

use std::ops::Range;

use mail_parser::{ContentType, HeaderName, MessageParser};

use super::Undisplayable;
use super::decode::{self, Transfer};

/// Nested multiparts looked into.
const DEPTH_MAX: usize = 32;
/// Parts of one message looked at, multiparts included.
const PARTS_MAX: usize = 500;
/// Bytes of one part's header that are parsed.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a boundary (RFC 2046 §5.1.1 allows 70).
const BOUNDARY_BYTES_MAX: usize = 256;

/// The parts in the order they stand in, and why the last of them is not the last of the message.
#[derive(Default, Debug)]
pub(in crate::mail) struct Walked {
    pub(in crate::mail) parts: Vec<Part>,
    pub(in crate::mail) fault: Option<Undisplayable>,
}

/// One part, by where it stands and what its header says.
#[derive(Debug)]
pub(in crate::mail) struct Part {
    pub(in crate::mail) parent: Option<usize>,
    pub(in crate::mail) holds: Holds,
    /// Of the header fields, without the empty line.
    pub(in crate::mail) header: Range<usize>,
    pub(in crate::mail) body: Range<usize>,
    pub(in crate::mail) facts: Facts,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::mail) enum Holds {
    Content,
    Parts,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::mail) enum Disposition {
    #[default]
    Unsaid,
    Inline,
    Attachment,
}

/// RFC 3676: may lines be joined, and does the space at their end go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::mail) enum Flow {
    #[default]
    Fixed,
    Flowed,
    FlowedDeletingSpaces,
}

/// What a part's header says of its body, in lower case where case does not count.
#[derive(Debug, Default)]
pub(in crate::mail) struct Facts {
    pub(in crate::mail) media_type: String,
    pub(in crate::mail) charset: Option<String>,
    pub(in crate::mail) flow: Flow,
    pub(in crate::mail) transfer: Transfer,
    pub(in crate::mail) disposition: Disposition,
    pub(in crate::mail) filename: Option<String>,
    pub(in crate::mail) content_id: Option<String>,
    pub(in crate::mail) subject: Option<String>,
    boundary: Option<String>,
}

impl Part {
    pub(in crate::mail) fn is(&self, media_type: &str) -> bool {
        self.facts.media_type == media_type
    }

    pub(in crate::mail) fn is_text(&self) -> bool {
        self.facts.media_type.starts_with("text/")
    }

    /// The body without its transfer encoding.
    pub(in crate::mail) fn bytes(&self, raw: &[u8]) -> Vec<u8> {
        decode::transfer(&raw[self.body.clone()], self.facts.transfer)
    }

    /// The body as text, line ends as LF.
    pub(in crate::mail) fn text(&self, raw: &[u8]) -> String {
        decode::charset(&self.bytes(raw), self.facts.charset.as_deref())
    }
}

/// Finds the parts of a message.
pub(in crate::mail) fn walk(raw: &[u8]) -> Walked {
    let mut walk = Walk {
        raw,
        parser: MessageParser::new().with_mime_headers().header_text(HeaderName::Subject),
        walked: Walked::default(),
        open: Vec::new(),
        at: At::Nowhere,
    };
    walk.begin(0, None);
    let mut start = 0;
    while start < raw.len() && walk.walked.fault.is_none() {
        let end = raw[start..].iter().position(|&b| b == b'\n').map_or(raw.len(), |n| start + n + 1);
        walk.line(start, end);
        start = end;
    }
    walk.finish(start)
}

/// Where the pass is.
#[derive(Clone, Copy)]
enum At {
    Header(usize),
    Body(usize),
    /// In a preamble or an epilogue.
    Nowhere,
}

struct Walk<'a> {
    raw: &'a [u8],
    parser: MessageParser,
    walked: Walked,
    /// Multiparts not yet closed, outermost first, with their delimiter lines `--boundary`.
    open: Vec<(usize, Vec<u8>)>,
    at: At,
}

enum Delimiter {
    Next(usize),
    Close(usize),
}

impl Walk<'_> {
    fn begin(&mut self, start: usize, parent: Option<usize>) {
        if self.walked.parts.len() >= PARTS_MAX {
            self.walked.fault = Some(Undisplayable::TooManyParts);
            self.at = At::Nowhere;
            return;
        }
        self.at = At::Header(self.walked.parts.len());
        self.walked.parts.push(Part {
            parent,
            holds: Holds::Content,
            header: start..start,
            body: start..start,
            facts: Facts::default(),
        });
    }

    fn line(&mut self, start: usize, end: usize) {
        let line = &self.raw[start..end];
        if let Some(delimiter) = self.delimiter(line) {
            self.leave_part(self.before_line_end(start));
            match delimiter {
                Delimiter::Next(level) => {
                    self.close_inside(level + 1, start);
                    let parent = self.open[level].0;
                    self.begin(end, Some(parent));
                }
                Delimiter::Close(level) => {
                    self.close_inside(level, start);
                    self.at = At::Nowhere;
                }
            }
        } else if let At::Header(part) = self.at {
            if line == b"\n" || line == b"\r\n" {
                self.end_header(part, start, end);
            } else if !continues_header(line, start == self.walked.parts[part].header.start) {
                // RFC 7103 §7.1: the empty line is missing, so this one is text already.
                self.end_header(part, start, start);
            }
        }
    }

    /// RFC 2046 §5.1.1: an outer boundary also ends what is inside; blanks after it do not count.
    fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        if !line.starts_with(b"--") {
            return None;
        }
        let line = line.trim_ascii_end();
        self.open.iter().enumerate().rev().find_map(|(level, (_, mark))| {
            match line.strip_prefix(&mark[..])? {
                b"" => Some(Delimiter::Next(level)),
                b"--" => Some(Delimiter::Close(level)),
                _ => None,
            }
        })
    }

    /// The line end before a delimiter belongs to the delimiter.
    fn before_line_end(&self, start: usize) -> usize {
        let before = &self.raw[..start];
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        before.strip_suffix(b"\r").unwrap_or(before).len()
    }

    fn leave_part(&mut self, end: usize) {
        match self.at {
            At::Header(part) => {
                let end = end.max(self.walked.parts[part].header.start);
                self.end_header(part, end, end);
                if let Some((last, _)) = self.open.last()
                    && *last == part
                {
                    self.open.pop();
                    self.walked.parts[part].holds = Holds::Content;
                }
            }
            At::Body(part) => {
                let body = &mut self.walked.parts[part].body;
                body.end = end.max(body.start);
            }
            At::Nowhere => {}
        }
    }

    fn close_inside(&mut self, level: usize, end: usize) {
        for (part, _) in self.open.drain(level..) {
            self.walked.parts[part].body.end = end;
        }
    }

    fn end_header(&mut self, part: usize, header_end: usize, body_start: usize) {
        let parent_type =
            self.walked.parts[part].parent.map(|p| self.walked.parts[p].facts.media_type.as_str());
        let default = match parent_type {
            Some("multipart/digest") => "message/rfc822",
            Some(_) | None => "text/plain",
        };
        let header = self.walked.parts[part].header.start..header_end;
        let facts = read_header(&self.parser, &self.raw[header.clone()], default);
        let boundary = facts.boundary.clone().filter(|_| facts.media_type.starts_with("multipart/"));
        let here = &mut self.walked.parts[part];
        here.header = header;
        here.body = body_start..self.raw.len();
        here.facts = facts;
        self.at = At::Body(part);
        if let Some(boundary) = boundary {
            if self.open.len() >= DEPTH_MAX {
                self.walked.fault = Some(Undisplayable::TooDeep);
                return;
            }
            here.holds = Holds::Parts;
            self.open.push((part, [b"--", boundary.as_bytes()].concat()));
            self.at = At::Nowhere;
        }
    }

    fn finish(mut self, end: usize) -> Walked {
        self.leave_part(end);
        self.close_inside(0, end);
        let mut has_children = vec![false; self.walked.parts.len()];
        for part in &self.walked.parts {
            if let Some(parent) = part.parent {
                has_children[parent] = true;
            }
        }
        for (part, has_children) in self.walked.parts.iter_mut().zip(has_children) {
            // A multipart without parts: its text is better read than lost.
            if !has_children && part.facts.media_type.starts_with("multipart/") {
                part.holds = Holds::Content;
                part.facts.media_type = "text/plain".to_owned();
            }
        }
        self.walked
    }
}

fn continues_header(line: &[u8], first: bool) -> bool {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return true;
    }
    if first && (line.starts_with(b"From ") || line.starts_with(b">From ")) {
        return true;
    }
    let name = line.iter().take_while(|b| b.is_ascii_graphic() && **b != b':').count();
    name > 0 && line[name..].trim_ascii_start().starts_with(b":")
}

fn read_header(parser: &MessageParser, header: &[u8], default_type: &str) -> Facts {
    let header = told_of_parts(&header[..header.len().min(HEADER_BYTES_MAX)]);
    let header = decode::charset(&header, None) + "\n\n";
    let mut facts = Facts { media_type: default_type.to_owned(), ..Facts::default() };
    let Some(message) = parser.parse_headers(header.as_bytes()) else { return facts };
    let content_type = message.header(HeaderName::ContentType).and_then(|v| v.as_content_type());
    if let Some(content_type) = content_type {
        read_content_type(&mut facts, content_type);
    }
    if let Some(transfer) = message.header(HeaderName::ContentTransferEncoding).and_then(|v| v.as_text()) {
        facts.transfer = Transfer::named(transfer);
    }
    if let Some(said) = message.header(HeaderName::ContentDisposition).and_then(|v| v.as_content_type()) {
        facts.disposition = match said.ctype() {
            kind if kind.eq_ignore_ascii_case("attachment") => Disposition::Attachment,
            kind if kind.eq_ignore_ascii_case("inline") => Disposition::Inline,
            _ => Disposition::Unsaid,
        };
        facts.filename = said.attribute("filename").map(str::to_owned).or(facts.filename);
    }
    let id = message.header(HeaderName::ContentId).and_then(|v| v.as_text());
    facts.content_id = id.map(|id| id.trim_matches(['<', '>', ' ']).to_owned()).filter(|id| !id.is_empty());
    facts.subject = message.header(HeaderName::Subject).and_then(|v| v.as_text()).map(str::to_owned);
    facts
}

/// The fields that say what a part is. Most of a header is about how the mail came here, and is not
/// read again for each page.
fn told_of_parts(header: &[u8]) -> Vec<u8> {
    const CONTENT: &[u8] = b"content-"; // RFC 2045 §9: all of MIME's own begin so
    const SUBJECT: &[u8] = b"subject";
    let mut told = Vec::new();
    let mut wanted = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let named = |name: &[u8]| line.get(..name.len()).is_some_and(|is| is.eq_ignore_ascii_case(name));
            wanted = named(CONTENT) || named(SUBJECT);
        }
        if wanted {
            told.extend_from_slice(line);
        }
    }
    told
}

fn read_content_type(facts: &mut Facts, said: &ContentType<'_>) {
    let top = said.ctype().to_ascii_lowercase();
    facts.media_type = match said.subtype() {
        Some(sub) => format!("{top}/{}", sub.to_ascii_lowercase()),
        // RFC 1049: `Content-Type: text` of old mailers.
        None if top == "text" => "text/plain".to_owned(),
        None => top,
    };
    let parameter = |name| said.attribute(name).map(|v| v.trim().to_ascii_lowercase());
    facts.charset = parameter("charset");
    facts.filename = said.attribute("name").map(str::to_owned);
    let boundary = said.attribute("boundary").map(|b| b.trim_end().to_owned());
    facts.boundary = boundary.filter(|b| (1..=BOUNDARY_BYTES_MAX).contains(&b.len()));
    if facts.media_type == "text/plain" && parameter("format").is_some_and(|f| f == "flowed") {
        facts.flow = match parameter("delsp").as_deref() {
            Some("yes") => Flow::FlowedDeletingSpaces,
            Some(_) | None => Flow::Flowed,
        };
    }
}
