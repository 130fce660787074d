//! HTML cut into tags and text, as browsers cut it (WHATWG HTML §13.2.5), in one pass.
//!
//! Comments, doctypes, scripts and styles are dropped here. What comes out is written anew and
//! parsed again by ammonia, so a difference to a browser costs a word, never safety.

/// Attributes anybody needs; all others are dropped.
const ATTRIBUTES: [&str; 13] = [
    "href", "src", "alt", "colspan", "rowspan", "start", "lang", "dir", "class", "id", "style", "type",
    "width",
];
/// Elements whose content is no HTML, and not for reading.
const RAW_ELEMENTS: [&str; 9] =
    ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"];
/// Elements whose text stands on lines of its own.
const LINES: [&str; 11] = ["br", "p", "div", "li", "tr", "blockquote", "table", "h1", "h2", "h3", "pre"];
/// Bytes of an element's name.
const NAME_BYTES_MAX: usize = 20;

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// With its character references as they are.
    Text(&'a str),
    Open(String, Attributes<'a>),
    Close(String),
}

/// The known ones, values as they are written, the first of each name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Attributes<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

pub(super) struct Tokens<'a> {
    html: &'a str,
    at: usize,
}

pub(super) fn tokens(html: &str) -> Tokens<'_> {
    Tokens { html, at: 0 }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.html[self.at..];
            let bytes = rest.as_bytes();
            match (bytes.first()?, bytes.get(1)) {
                (b'<', Some(b'!' | b'?')) => self.at += comment_len(rest),
                (b'<', Some(b'/')) => {
                    if bytes.get(2).is_some_and(u8::is_ascii_alphabetic) {
                        let (name, _, len) = tag(&rest[2..]);
                        self.at += 2 + len;
                        return Some(Token::Close(name));
                    }
                    self.at += rest.find('>').map_or(rest.len(), |end| end + 1);
                }
                (b'<', Some(letter)) if letter.is_ascii_alphabetic() => {
                    let (name, attributes, len) = tag(&rest[1..]);
                    self.at += 1 + len;
                    if let Some(raw) = RAW_ELEMENTS.iter().find(|raw| **raw == name) {
                        self.at += raw_len(&self.html[self.at..], raw);
                        continue;
                    }
                    return Some(Token::Open(name, attributes));
                }
                _ => {
                    let len = 1 + count(&bytes[1..], |b| b != b'<');
                    self.at += len;
                    return Some(Token::Text(&rest[..len]));
                }
            }
        }
    }
}

/// A comment, doctype or processing instruction at the start of `rest`.
fn comment_len(rest: &str) -> usize {
    let Some(inside) = rest.strip_prefix("<!--") else {
        return rest.find('>').map_or(rest.len(), |end| end + 1);
    };
    if inside.starts_with('>') {
        return 5;
    }
    if inside.starts_with("->") {
        return 6;
    }
    let mut from = 0;
    while let Some(dashes) = inside[from..].find("--") {
        let after = &inside[from + dashes + 2..];
        if after.starts_with('>') {
            return 4 + from + dashes + 3;
        }
        if after.starts_with("!>") {
            return 4 + from + dashes + 4;
        }
        from += dashes + 1;
    }
    rest.len()
}

/// The content of a raw element, up to its end tag.
fn raw_len(rest: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(end) = rest[from..].find("</") {
        let at = from + end;
        let after = rest.as_bytes().get(at + 2..at + 2 + name.len());
        if after.is_some_and(|after| after.eq_ignore_ascii_case(name.as_bytes())) {
            return at;
        }
        from = at + 2;
    }
    rest.len()
}

/// Name, attributes and length (with the `>`) of a tag whose `<` or `</` is read.
fn tag(rest: &str) -> (String, Attributes<'_>, usize) {
    let bytes = rest.as_bytes();
    let ends_name = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    let name_len = bytes.iter().position(ends_name).unwrap_or(rest.len());
    let name = rest.get(..name_len.min(NAME_BYTES_MAX)).unwrap_or("").to_ascii_lowercase();
    let mut attributes = Attributes::default();
    let mut at = name_len;
    loop {
        at += count(&bytes[at..], |b| b.is_ascii_whitespace() || b == b'/');
        match bytes.get(at) {
            None => return (name, attributes, rest.len()),
            Some(b'>') => return (name, attributes, at + 1),
            Some(_) => {}
        }
        // A name may begin with `=` (§13.2.5.32).
        let key_len =
            1 + count(&bytes[at + 1..], |b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>' | b'='));
        let key = &bytes[at..at + key_len];
        at += key_len;
        let blanks = count(&bytes[at..], |b| b.is_ascii_whitespace());
        if bytes.get(at + blanks) != Some(&b'=') {
            continue;
        }
        at += blanks + 1;
        at += count(&bytes[at..], |b| b.is_ascii_whitespace());
        let (start, end, next) = value(bytes, at);
        let known = ATTRIBUTES.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(key));
        if let (Some(known), Some(value)) = (known, rest.get(start..end))
            && attributes.get(known).is_none()
        {
            attributes.0.push((known, value));
        }
        at = next;
    }
}

/// Start, end and what comes after an attribute's value.
fn value(bytes: &[u8], at: usize) -> (usize, usize, usize) {
    match bytes.get(at) {
        Some(quote @ (b'"' | b'\'')) => {
            let end = at + 1 + count(&bytes[at + 1..], |b| b != *quote);
            (at + 1, end, (end + 1).min(bytes.len()))
        }
        _ => {
            let end = at + count(&bytes[at..], |b| !b.is_ascii_whitespace() && b != b'>');
            (at, end, end)
        }
    }
}

fn count(bytes: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| holds(**b)).count()
}

/// The words alone, for HTML nothing better can be done with, and to see how much it says.
pub(in crate::mail) fn without_tags(html: &str) -> String {
    let mut out = String::new();
    for token in tokens(html) {
        match token {
            Token::Text(text) => unescape_into(&mut out, text),
            Token::Open(name, _) | Token::Close(name) => {
                if matches!(name.as_str(), "td" | "th") {
                    out.push(' ');
                } else if LINES.contains(&name.as_str()) && !out.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
    }
    out
}

/// The character references that are met in nearly every mail; others stay as they are.
fn unescape_into(out: &mut String, text: &str) {
    const REFERENCES: [(&str, &str); 12] = [
        ("amp;", "&"),
        ("lt;", "<"),
        ("gt;", ">"),
        ("quot;", "\""),
        ("nbsp;", " "),
        ("#39;", "'"),
        ("apos;", "'"),
        ("eacute;", "é"),
        ("egrave;", "è"),
        ("agrave;", "à"),
        ("ccedil;", "ç"),
        ("rsquo;", "’"),
    ];
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        match REFERENCES.iter().find(|(name, _)| after.starts_with(name)) {
            Some((name, character)) => {
                out.push_str(character);
                rest = &after[name.len()..];
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}
