//! The skeleton of a message: which parts lie where in its bytes, and how they are nested.
//!
//! One pass over the lines with a stack of open boundaries, bounded in depth and number (RFC 2046
//! §5.1; threat M01). Nothing is decoded here. What is found is what reading programs agree on:
//! a boundary line is `--`, the boundary, and at most blanks (RFC 2046 §5.1.1).

use std::ops::Range;

use super::content_type::ContentType;
use super::headers::{Headers, is_blank_line, line_end};
use super::transfer::Transfer;

/// Parts may be nested this deep; what lies deeper is one opaque part.
pub const DEPTH_MAX: usize = 32;
/// At most this many parts of a message are told apart.
pub const PARTS_MAX: usize = 500;

/// Why a message's structure was not followed to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MimeFault {
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("parts are nested more than 32 deep")]
    TooDeep,
    /// More parts than [`PARTS_MAX`].
    #[error("there are more than 500 parts")]
    TooManyParts,
}

/// What a part is, for those who walk over parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Holds no parts that can be told apart.
    Leaf,
    /// A multipart whose boundary was met and closed.
    Multipart {
        /// Where the line of the closing boundary begins.
        close: usize,
    },
    /// A multipart without a boundary, or whose boundary was never met or never closed.
    BrokenMultipart,
    /// A `message/rfc822`; the next part is the root of what it carries.
    Message,
}

/// One part of a message.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The part this one lies in; `None` for the whole.
    pub(crate) parent: Option<usize>,
    pub(crate) depth: usize,
    /// The header with its empty line.
    pub(crate) header: Range<usize>,
    /// The body; of a multipart, with all its parts.
    pub(crate) body: Range<usize>,
    pub(crate) content_type: ContentType,
    pub(crate) transfer: Transfer,
    pub(crate) disposition: ContentType,
    pub(crate) has_content_id: bool,
    pub(crate) shape: Shape,
}

/// All parts in the order of their beginnings, the whole message first.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) parts: Vec<Part>,
    pub(crate) fault: Option<MimeFault>,
}

impl Structure {
    /// Follows the structure of a message whose top header was scanned.
    pub(crate) fn of(raw: &[u8], headers: &Headers<'_>) -> Structure {
        let mut walk = Walk {
            raw,
            open: Vec::new(),
            current: 0,
            structure: Structure { parts: Vec::with_capacity(4), fault: None },
        };
        walk.begin_part(None, 0, 0..headers.body_offset(), headers);
        let mut at = headers.body_offset();
        // A whole without boundaries needs no look at its lines.
        while at < raw.len() && walk.structure.fault != Some(MimeFault::TooManyParts) && !walk.open.is_empty()
        {
            at = walk.line(at);
        }
        walk.finish();
        walk.structure
    }

    /// Whether a part lies in (or is) one for which `test` holds.
    pub(crate) fn lies_in(&self, part: usize, test: impl Fn(&Part) -> bool) -> bool {
        let mut at = Some(part);
        while let Some(index) = at {
            if test(&self.parts[index]) {
                return true;
            }
            at = self.parts[index].parent;
        }
        false
    }
}

/// A multipart whose boundary is looked for.
struct Open {
    boundary: Vec<u8>,
    part: usize,
    met: bool,
    closed: bool,
}

struct Walk<'a> {
    raw: &'a [u8],
    open: Vec<Open>,
    /// The part whose body is being passed.
    current: usize,
    structure: Structure,
}

enum Delimiter {
    Next,
    Close,
}

impl Walk<'_> {
    /// Passes one line of a body; returns where the next begins.
    fn line(&mut self, at: usize) -> usize {
        let end = line_end(self.raw, at);
        let Some((level, delimiter)) = self.delimiter(&self.raw[at..end]) else { return end };
        // The line end in front of a boundary belongs to the boundary (RFC 2046 §5.1.1).
        let content_end = before_line_end(self.raw, at);
        self.close_parts_above(level, content_end);
        self.open[level].met = true;
        let multipart = self.open[level].part;
        match delimiter {
            Delimiter::Close => {
                self.open[level].closed = true;
                self.structure.parts[multipart].shape = Shape::Multipart { close: at };
                self.current = multipart;
                end
            }
            Delimiter::Next => self.part(multipart, end),
        }
    }

    /// Whether a line is a boundary of an open multipart, innermost first.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, Delimiter)> {
        let text = line.strip_prefix(b"--")?.trim_ascii_end();
        self.open.iter().enumerate().rev().filter(|(_, open)| !open.closed).find_map(|(level, open)| {
            match text.strip_prefix(open.boundary.as_slice())? {
                b"" => Some((level, Delimiter::Next)),
                b"--" => Some((level, Delimiter::Close)),
                _ => None,
            }
        })
    }

    /// Begins the part whose header begins at `start`; returns where its body begins.
    fn part(&mut self, multipart: usize, start: usize) -> usize {
        let mut parent = multipart;
        let mut start = start;
        // Each turn is a message in a message; `begin_part` bounds them.
        loop {
            let mut end = start;
            while end < self.raw.len() {
                let next = line_end(self.raw, end);
                let line = &self.raw[end..next];
                if is_blank_line(line) {
                    end = next;
                    break;
                }
                if self.delimiter(line).is_some() {
                    break;
                }
                end = next;
            }
            let (headers, _) = Headers::scan_leniently(&self.raw[start..end]);
            let header_end = start + headers.body_offset();
            let depth = self.structure.parts[parent].depth + 1;
            let Some(part) = self.begin_part(Some(parent), depth, start..header_end, &headers) else {
                return end;
            };
            if self.structure.parts[part].shape != Shape::Message || header_end >= self.raw.len() {
                return header_end;
            }
            (parent, start) = (part, header_end);
        }
    }

    /// Adds a part; `None` when there are too many.
    fn begin_part(
        &mut self,
        parent: Option<usize>,
        depth: usize,
        header: Range<usize>,
        headers: &Headers<'_>,
    ) -> Option<usize> {
        if self.structure.parts.len() == PARTS_MAX {
            self.structure.fault = Some(MimeFault::TooManyParts);
            return None;
        }
        let index = self.structure.parts.len();
        let in_digest =
            parent.is_some_and(|p| self.structure.parts[p].content_type.essence == "multipart/digest");
        let default = if in_digest { "message/rfc822" } else { "text/plain" };
        let content_type = match headers.get("content-type") {
            Some(value) => ContentType::parse(&value),
            None => ContentType { essence: default.to_owned(), parameters: Vec::new() },
        };
        let transfer =
            headers.get("content-transfer-encoding").map_or(Transfer::Plain, |v| Transfer::parse(&v));
        let disposition =
            headers.get("content-disposition").map(|v| ContentType::parse(&v)).unwrap_or_default();
        let mut shape = Shape::Leaf;
        let holds_parts = matches!(transfer, Transfer::Plain | Transfer::Unknown);
        if content_type.is_kind("multipart") {
            shape = Shape::BrokenMultipart;
            let boundary = content_type.parameter("boundary").unwrap_or_default().trim_end().to_owned();
            if depth == DEPTH_MAX {
                self.structure.fault.get_or_insert(MimeFault::TooDeep);
            } else if holds_parts && !boundary.is_empty() {
                self.open.push(Open { boundary: boundary.into(), part: index, met: false, closed: false });
            }
        } else if holds_parts && matches!(content_type.essence.as_str(), "message/rfc822" | "message/global")
        {
            if depth == DEPTH_MAX {
                self.structure.fault.get_or_insert(MimeFault::TooDeep);
            } else if parent.is_some() {
                shape = Shape::Message;
            }
        }
        let body = header.end..self.raw.len();
        let has_content_id = headers.has("content-id");
        self.structure.parts.push(Part {
            parent,
            depth,
            header,
            body,
            content_type,
            transfer,
            disposition,
            has_content_id,
            shape,
        });
        self.current = index;
        Some(index)
    }

    /// Ends the parts that lie in the multipart at `level`, which a boundary line ends.
    fn close_parts_above(&mut self, level: usize, content_end: usize) {
        let keeper = self.open[level].part;
        let mut at = self.current;
        while at != keeper {
            let part = &mut self.structure.parts[at];
            part.body.end = content_end.max(part.body.start);
            let Some(parent) = part.parent else { break };
            at = parent;
        }
        self.open.truncate(level + 1);
    }

    fn finish(&mut self) {
        // Parts still open reach to the end, which their ranges say already.
        self.open.clear();
    }
}

/// Where the text before the line that begins at `at` ends, without its line end.
fn before_line_end(raw: &[u8], at: usize) -> usize {
    let text = &raw[..at];
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(raw: &str) -> (String, Option<MimeFault>) {
        let (headers, _) = Headers::scan_leniently(raw.as_bytes());
        let structure = Structure::of(raw.as_bytes(), &headers);
        let line = |p: &Part| {
            let body = raw[p.body.clone()].replace("\r\n", "|");
            let body = if p.shape == Shape::Leaf { body } else { String::new() };
            let shape = match p.shape {
                Shape::Leaf => "",
                Shape::Multipart { .. } => " closed",
                Shape::BrokenMultipart => " broken",
                Shape::Message => " message",
            };
            format!("{}{}{shape} {body}", " ".repeat(p.depth), p.content_type.essence).trim_end().to_owned()
        };
        (structure.parts.iter().map(line).collect::<Vec<_>>().join("\n"), structure.fault)
    }

    #[test]
    fn parts_are_found_where_they_are() {
        for (raw, expected) in [
            ("\r\nhello", "text/plain hello"),
            (
                "Content-Type: multipart/mixed; boundary=a\r\n\r\npre\r\n--a\r\n\r\none\r\n--a \r\nContent-Type: \
                 text/html\r\n\r\ntwo\r\n\r\n--a--\r\npost\r\n",
                "multipart/mixed closed\n text/plain one\n text/html two|",
            ),
            (
                // An outer boundary ends inner parts, and one boundary may begin with another.
                "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/alternative; \
                 boundary=ab\r\n\r\n--ab\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a--\r\n",
                "multipart/mixed closed\n multipart/alternative broken\n  text/plain one\n text/plain two",
            ),
            (
                "Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\nSubject: x\r\n\r\none\r\n--a--\r\n",
                "multipart/digest closed\n message/rfc822 message\n  text/plain one",
            ),
            ("Content-Type: multipart/mixed; boundary=a\r\n\r\nnothing\r\n", "multipart/mixed broken"),
            ("Content-Type: multipart/mixed\r\n\r\n--\r\n", "multipart/mixed broken"),
            (
                "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n--a\r\nContent-Type: text/x\r\n--a--",
                "multipart/mixed closed\n text/plain\n text/x",
            ),
            ("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny", "message/rfc822 Subject: x||y"),
        ] {
            assert_eq!(outline(raw), (expected.to_owned(), None), "{raw:?}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested: String = (0..20_000)
            .map(|n| format!("Content-Type: multipart/mixed; boundary={n}\r\n\r\n--{n}\r\n"))
            .collect();
        let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(20_000);
        let messages = format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n{messages}");
        let empty =
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n".to_owned() + &"--x\r\n".repeat(100_000);
        for (raw, fault) in
            [(nested, MimeFault::TooDeep), (messages, MimeFault::TooDeep), (empty, MimeFault::TooManyParts)]
        {
            let (headers, _) = Headers::scan_leniently(raw.as_bytes());
            let structure = Structure::of(raw.as_bytes(), &headers);
            assert_eq!(structure.fault, Some(fault));
            assert!(structure.parts.iter().all(|p| p.depth <= DEPTH_MAX));
        }
    }
}
