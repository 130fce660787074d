//! Content-Type and Content-Disposition values (RFC 2045 §5.1, RFC 2183, RFC 2231).

use crate::mail::charset;

/// At most this many parameters of one value are read.
const PARAMETERS_MAX: usize = 64;

/// A media type or disposition with its parameters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ContentType {
    /// In lower case: `text/plain`, or `attachment` for a disposition.
    pub(crate) essence: String,
    /// Names in lower case with what RFC 2231 adds to them (`name*0*`), values without quotes.
    pub(crate) parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Reads an unfolded value; whatever it is, something comes out.
    pub(crate) fn parse(value: &str) -> ContentType {
        let mut segments = Segments { rest: value };
        let mut essence = segments.next().unwrap_or_default();
        essence.retain(|c| !c.is_whitespace() && c != '"');
        essence.make_ascii_lowercase();
        let mut parameters = Vec::new();
        for segment in segments.take(PARAMETERS_MAX) {
            let Some((name, value)) = segment.split_once('=') else { continue };
            let name = name.trim().to_ascii_lowercase();
            if !name.is_empty() {
                parameters.push((name, unquote(value.trim())));
            }
        }
        ContentType { essence, parameters }
    }

    /// The type in front of the slash.
    pub(crate) fn is_kind(&self, kind: &str) -> bool {
        self.essence.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'))
    }

    /// A parameter, put together and decoded where RFC 2231 took it apart.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let plain = self.parameters.iter().find(|(n, _)| n == name);
        if let Some((_, value)) = plain {
            return Some(value.clone());
        }
        let mut pieces: Vec<(usize, bool, &str)> = Vec::new();
        for (full, value) in &self.parameters {
            let Some(rest) = full.strip_prefix(name).and_then(|rest| rest.strip_prefix('*')) else {
                continue;
            };
            let (number, encoded) = match rest.strip_suffix('*') {
                Some(number) => (number, true),
                None => (rest, rest.is_empty()),
            };
            let number = if number.is_empty() { Some(0) } else { number.parse().ok() };
            if let Some(number) = number {
                pieces.push((number, encoded, value));
            }
        }
        (!pieces.is_empty()).then(|| join_pieces(pieces))
    }

    /// How often a parameter is given.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.parameters.iter().filter(|(n, _)| n.split('*').next() == Some(name)).count()
    }
}

/// RFC 2231 §3 and §4: pieces in the order of their numbers, the charset in front of the first.
fn join_pieces(mut pieces: Vec<(usize, bool, &str)>) -> String {
    pieces.sort_by_key(|(number, _, _)| *number);
    let mut label = None;
    let mut bytes = Vec::new();
    for (at, (_, encoded, value)) in pieces.into_iter().enumerate() {
        let mut value = value;
        if at == 0 && encoded {
            let mut parts = value.splitn(3, '\'');
            if let (Some(charset), Some(_), Some(text)) = (parts.next(), parts.next(), parts.next()) {
                (label, value) = (Some(charset), text);
            }
        }
        if encoded {
            bytes.extend(percent_encoding::percent_decode_str(value));
        } else {
            bytes.extend_from_slice(value.as_bytes());
        }
    }
    charset::decode(&bytes, label).into_owned()
}

/// The parts of a value between semicolons that are neither quoted nor in comments; comments gone.
struct Segments<'a> {
    rest: &'a str,
}

impl Iterator for Segments<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        let mut segment = String::new();
        let (mut in_quotes, mut escaped, mut comment_depth) = (false, false, 0usize);
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if in_quotes || comment_depth > 0 => escaped = true,
                '"' if comment_depth == 0 => in_quotes = !in_quotes,
                '(' if !in_quotes => comment_depth += 1,
                ')' if comment_depth > 0 => {
                    comment_depth -= 1;
                    continue;
                }
                ';' if !in_quotes && comment_depth == 0 => {
                    self.rest = &self.rest[at + 1..];
                    return Some(segment);
                }
                _ => {}
            }
            if comment_depth == 0 {
                segment.push(c);
            }
        }
        self.rest = "";
        Some(segment)
    }
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.split_whitespace().next().unwrap_or_default().to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        match c {
            _ if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => break,
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_they_are_written() {
        for (value, essence, name, parameter) in [
            ("text/plain; charset=utf-8", "text/plain", "charset", Some("utf-8")),
            ("Text/HTML; CharSet=\"ISO-8859-1\"; x", "text/html", "charset", Some("ISO-8859-1")),
            ("text/plain (a comment; charset=x) ; charset=y", "text/plain", "charset", Some("y")),
            ("multipart/mixed; boundary=\"a;b \\\" c\"", "multipart/mixed", "boundary", Some("a;b \" c")),
            ("multipart/mixed; boundary= ab c", "multipart/mixed", "boundary", Some("ab")),
            ("a/b; name*=utf-8'fr'%C3%A9t%C3%A9", "a/b", "name", Some("été")),
            ("a/b; name*1=two; name*0*=iso-8859-1''%E9n-", "a/b", "name", Some("én-two")),
            ("text/plain; charset=", "text/plain", "charset", Some("")),
            ("", "", "charset", None),
            (";;;", "", "charset", None),
        ] {
            let read = ContentType::parse(value);
            assert_eq!(
                (read.essence.as_str(), read.parameter(name).as_deref()),
                (essence, parameter),
                "{value:?}"
            );
        }
        assert_eq!(ContentType::parse("a/b; boundary=x; boundary=y").count("boundary"), 2);
    }

    #[test]
    fn bombs_are_read_in_one_pass() {
        for bomb in ["(", ";", "\"", "; a=b", "; n*1=x", "\\", "("] {
            let _ = ContentType::parse(&bomb.repeat(400_000 / bomb.len())).parameter("n");
        }
    }
}
