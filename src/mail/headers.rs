//! The header of a message as the bytes it is made of: where each field begins and ends, and no more.
//!
//! One pass, bounded, tolerant of LF line ends and of bytes outside ASCII. It knows nothing of what
//! fields mean and never looks into the body. RFC 5322 §2.2 and §3.6; threats M02 (header bombs) and
//! M18 (malformed first line, missing separator).

use std::borrow::Cow;

use super::charset;

/// A header is at most this long, in bytes with its line ends.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// A header has at most this many fields.
pub const FIELDS_MAX: usize = 1_000;
/// One field is at most this long, in bytes with its folding.
pub const FIELD_BYTES_MAX: usize = 32 * 1024;

/// Why bytes do not begin with a header that can be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderFault {
    /// Longer than [`HEADER_BYTES_MAX`].
    #[error("the header is longer than 256 KiB")]
    HeaderTooLong,
    /// More than [`FIELDS_MAX`].
    #[error("the header has more than 1000 fields")]
    TooManyFields,
    /// A field longer than [`FIELD_BYTES_MAX`].
    #[error("a header field is longer than 32 KiB")]
    FieldTooLong,
    /// The first line begins with a blank, as if it continued a field.
    #[error("the first header line begins with a blank")]
    BlankFirst,
    /// Text that is no field comes before the empty line.
    #[error("the header is not ended by an empty line")]
    NoSeparator,
}

/// One field: `Name: value`, folded or not, with its line end.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    raw: &'a [u8],
    colon: usize,
}

/// The fields of one header in their order, and where the body begins.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    raw: &'a [u8],
    fields: Vec<Field<'a>>,
    body_offset: usize,
}

impl<'a> Field<'a> {
    /// The bytes, with the line end.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The name as it was written, without blanks before the colon.
    pub fn name(&self) -> &'a str {
        std::str::from_utf8(self.raw[..self.colon].trim_ascii_end()).expect("scan takes ASCII names only")
    }

    /// Whether this field has that name; case does not count.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// Whether blanks stand before the colon, as only RFC 822 allowed (RFC 5322 §4.5).
    pub fn has_blank_before_colon(&self) -> bool {
        self.raw[..self.colon].last().is_some_and(u8::is_ascii_whitespace)
    }

    /// What follows the colon, with folding and line end.
    pub fn value_bytes(&self) -> &'a [u8] {
        &self.raw[self.colon + 1..]
    }

    /// The value as text: unfolded (RFC 5322 §2.2.3), trimmed, UTF-8 or else windows-1252.
    /// Encoded words are left as they are.
    pub fn value(&self) -> Cow<'a, str> {
        let bytes = self.value_bytes().trim_ascii();
        if bytes.iter().any(|&b| b == b'\r' || b == b'\n') {
            let unfolded: Vec<u8> = bytes.iter().copied().filter(|&b| b != b'\r' && b != b'\n').collect();
            Cow::Owned(charset::guess(&unfolded).into_owned())
        } else {
            charset::guess(bytes)
        }
    }
}

impl<'a> Headers<'a> {
    /// Reads the header at the beginning of a message.
    pub fn scan(raw: &'a [u8]) -> Result<Headers<'a>, HeaderFault> {
        match Self::scan_leniently(raw) {
            (headers, None) => Ok(headers),
            (_, Some(fault)) => Err(fault),
        }
    }

    /// Reads what can be read, for messages that must be kept whatever they look like: fields over
    /// a limit are left out, text that is no field begins the body.
    pub fn scan_leniently(raw: &'a [u8]) -> (Headers<'a>, Option<HeaderFault>) {
        let mut headers = Headers { raw, fields: Vec::with_capacity(24), body_offset: raw.len() };
        let mut fault = None;
        let mut at = 0;
        let mut open: Option<(usize, usize)> = None; // where the last field began, and its colon
        while at < raw.len() {
            let end = line_end(raw, at);
            let line = &raw[at..end];
            if is_blank_line(line) {
                headers.body_offset = end;
                break;
            }
            if matches!(line[0], b' ' | b'\t') {
                if open.is_none() {
                    fault.get_or_insert(HeaderFault::BlankFirst);
                }
            } else {
                headers.close_field(open.take(), at, &mut fault);
                match colon_of(line) {
                    Some(colon) => open = Some((at, colon)),
                    // Archives have the separator of mailbox files among the fields.
                    None if line.starts_with(b"From ") || line.starts_with(b">From ") => {
                        fault.get_or_insert(HeaderFault::NoSeparator);
                    }
                    None => {
                        fault.get_or_insert(HeaderFault::NoSeparator);
                        headers.body_offset = at;
                        return (headers, fault);
                    }
                }
            }
            at = end;
        }
        headers.close_field(open, at, &mut fault);
        if headers.body_offset > HEADER_BYTES_MAX && fault.is_none() {
            // The whole of a message without a body is its header.
            fault = Some(HeaderFault::HeaderTooLong);
        }
        (headers, fault)
    }

    fn close_field(&mut self, open: Option<(usize, usize)>, end: usize, fault: &mut Option<HeaderFault>) {
        let Some((start, colon)) = open else { return };
        if end > HEADER_BYTES_MAX {
            fault.get_or_insert(HeaderFault::HeaderTooLong);
        } else if end - start > FIELD_BYTES_MAX {
            fault.get_or_insert(HeaderFault::FieldTooLong);
        } else if self.fields.len() == FIELDS_MAX {
            fault.get_or_insert(HeaderFault::TooManyFields);
        } else {
            self.fields.push(Field { raw: &self.raw[start..end], colon });
        }
    }

    /// All fields in their order.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.all(name).next().map(|field| field.value())
    }

    /// The fields of that name in their order.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Field<'a>> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    /// How many fields have that name.
    pub fn count(&self, name: &str) -> usize {
        self.all(name).count()
    }

    /// Whether there is a field of that name.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Where the body begins: behind the empty line, or at the end if there is none.
    pub fn body_offset(&self) -> usize {
        self.body_offset
    }

    /// The bytes behind the empty line.
    pub fn body(&self) -> &'a [u8] {
        &self.raw[self.body_offset..]
    }
}

/// Where the line that begins at `at` ends, behind its line feed.
pub(crate) fn line_end(raw: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |n| at + n + 1)
}

/// Whether a line is the empty one that ends a header.
pub(crate) fn is_blank_line(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | b"\r" | b"")
}

/// Where the colon of a field's first line is: after a name of printable ASCII (RFC 5322 §3.6.8),
/// perhaps with blanks behind it.
fn colon_of(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|&b| b == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: &Headers<'_>) -> Vec<String> {
        headers.fields().iter().map(|f| format!("{}={}", f.name(), f.value())).collect()
    }

    #[test]
    fn fields_keep_their_bytes_and_order() {
        for eol in ["\r\n", "\n"] {
            let raw = "From: Anne <a@x.example>\nSubject: one\n two\n\tthree\nX-Empty:\nfrom : b\n\nbody\n"
                .replace('\n', eol);
            let headers = Headers::scan(raw.as_bytes()).expect("well formed");
            assert_eq!(
                names(&headers),
                ["From=Anne <a@x.example>", "Subject=one two\tthree", "X-Empty=", "from=b"]
            );
            let joined: Vec<u8> = headers.fields().iter().flat_map(|f| f.raw().to_vec()).collect();
            assert_eq!(joined, &raw.as_bytes()[..headers.body_offset() - eol.len()]);
            assert_eq!(headers.body(), format!("body{eol}").as_bytes());
            assert_eq!((headers.count("FROM"), headers.count("To")), (2, 0));
            assert!(headers.fields()[3].has_blank_before_colon());
        }
    }

    #[test]
    fn bytes_outside_ascii_are_read_as_text() {
        let raw = b"Subject: r\xe9union\r\nTo: r\xc3\xa9union\r\n\r\n";
        let headers = Headers::scan(raw).expect("well formed");
        assert_eq!(headers.get("subject").as_deref(), Some("réunion"));
        assert_eq!(headers.get("to").as_deref(), Some("réunion"));
    }

    #[test]
    fn what_is_not_a_header_says_why() {
        let many = "X: y\r\n".repeat(FIELDS_MAX + 1) + "\r\n";
        let field = format!("Subject: {}\r\n\r\n", "x".repeat(FIELD_BYTES_MAX));
        let header = format!("X: {}\r\n", "x".repeat(30_000)).repeat(9) + "\r\n";
        for (raw, fault) in [
            (" X: y\r\nFrom: a\r\n\r\n", Some(HeaderFault::BlankFirst)),
            ("From: a\r\nhello there\r\n\r\nbody", Some(HeaderFault::NoSeparator)),
            ("From: a\r\nSee this: it is text\r\n\r\n", Some(HeaderFault::NoSeparator)),
            ("From: a\r\n: nameless\r\n\r\n", Some(HeaderFault::NoSeparator)),
            (&many, Some(HeaderFault::TooManyFields)),
            (&many[6..], None),
            (&field, Some(HeaderFault::FieldTooLong)),
            (&header, Some(HeaderFault::HeaderTooLong)),
            ("", None),
            ("\r\nbody", None),
            ("From: a", None),
        ] {
            assert_eq!(Headers::scan(raw.as_bytes()).err(), fault, "{:?}", &raw[..raw.len().min(40)]);
        }
    }

    #[test]
    fn at_import_the_rest_of_a_broken_header_is_read() {
        let (headers, fault) = Headers::scan_leniently(b">From x Mon\nFrom: a\n\nbody");
        assert_eq!(
            (names(&headers), headers.body(), fault.is_some()),
            (vec!["From=a".into()], &b"body"[..], true)
        );
        let (headers, _) = Headers::scan_leniently(b"From: a\nhello\nyou");
        assert_eq!(headers.body(), b"hello\nyou");
    }
}
