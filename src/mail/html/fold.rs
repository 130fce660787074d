//! Quoted history in clean HTML, put behind a summary that opens without script.
//!
//! Works on what ammonia wrote: every tag is closed, no text holds a bare `<`.

use super::simplify::HISTORY;

const FOLD: &str = "<details><summary>…</summary>";
const UNFOLD: &str = "</details>";
/// A quote with less text than this is an answer's context and stays in sight.
const SHORT_QUOTE_BYTES: usize = 240;
/// How far into an element one looks to know whether it is short or a forward.
const AHEAD_BYTES: usize = 2_048;
/// What a forwarded message begins with, in lower case.
const FORWARDS: [&str; 6] = [
    "forwarded message",
    "message transféré",
    "message réexpédié",
    "weitergeleitete nachricht",
    "mensaje reenviado",
    "messaggio inoltrato",
];

struct Open<'a> {
    name: &'a str,
    /// Where its tag stands in what is written.
    at: usize,
    /// How much text stood before it.
    text_before: usize,
    folded: bool,
}

/// Folds history, and takes the marks away whatever comes of them.
pub(super) fn fold(html: &str) -> String {
    let mut folder = Folder {
        out: String::with_capacity(html.len() + 256),
        open: Vec::new(),
        text: 0,
        folding: None,
        rest_done: false,
    };
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        folder.text(&rest[..start]);
        rest = &rest[start..];
        let end = tag_len(rest);
        folder.tag(&rest[..end], &rest[end..]);
        rest = &rest[end..];
    }
    folder.text(rest);
    folder.close_rest(0);
    folder.out
}

struct Folder<'a> {
    out: String,
    open: Vec<Open<'a>>,
    /// Letters written so far.
    text: usize,
    /// History that goes on to the end of the element at this depth.
    folding: Option<usize>,
    rest_done: bool,
}

impl<'a> Folder<'a> {
    fn text(&mut self, text: &str) {
        self.text += text.len() - text.bytes().filter(u8::is_ascii_whitespace).count();
        self.out.push_str(text);
    }

    fn tag(&mut self, tag: &'a str, after: &str) {
        if let Some(name) = tag.strip_prefix("</") {
            let name = name.trim_end_matches('>');
            if self.open.last().is_some_and(|open| open.name == name) {
                self.close_rest(self.open.len());
                self.out.push_str(tag);
                if self.open.pop().is_some_and(|open| open.folded) {
                    self.out.push_str(UNFOLD);
                }
            }
            return;
        }
        let inside = tag.trim_start_matches('<').trim_end_matches('>');
        let name = inside.split(' ').next().unwrap_or(inside);
        if matches!(name, "br" | "hr" | "img" | "wbr") {
            self.text += usize::from(name == "img");
            self.out.push_str(tag);
            return;
        }
        let (tag, mark) = without_mark(tag);
        let in_fold = self.folding.is_some() || self.open.iter().any(|open| open.folded);
        let folds = mark.is_some() && !in_fold && self.text > 0 && !is_forward_or_short(after, mark);
        let whole = folds && mark == Some("whole");
        if whole {
            self.out.push_str(FOLD);
        } else if folds && !self.rest_done {
            self.fold_rest();
        }
        let (at, text_before) = (self.out.len(), self.text);
        self.out.push_str(&tag);
        self.open.push(Open { name, at, text_before, folded: whole });
    }

    /// Outlook puts its line into a box of its own: the fold begins where that box does.
    fn fold_rest(&mut self) {
        let text = self.text;
        let boxes =
            self.open.iter().rev().take_while(|open| open.name == "div" && open.text_before == text).count();
        let depth = self.open.len() - boxes;
        let at = self.open.get(depth).map_or(self.out.len(), |open| open.at);
        self.out.insert_str(at, FOLD);
        self.folding = Some(depth);
        self.rest_done = true;
    }

    /// Ends a fold when the element it stands in ends: the one at `depth - 1`.
    fn close_rest(&mut self, depth: usize) {
        if self.folding == Some(depth) || (depth == 0 && self.folding.is_some()) {
            self.out.push_str(UNFOLD);
            self.folding = None;
        }
    }
}

/// The length of the tag at the start; `>` inside quotes does not end it.
fn tag_len(html: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in html.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    html.len()
}

fn without_mark(tag: &str) -> (String, Option<&'static str>) {
    for mark in ["whole", "rest"] {
        let attribute = format!(" {HISTORY}=\"{mark}\"");
        if tag.contains(&attribute) {
            return (tag.replace(&attribute, ""), Some(mark));
        }
    }
    (tag.to_owned(), None)
}

fn is_forward_or_short(after: &str, mark: Option<&str>) -> bool {
    let mut end = after.len().min(AHEAD_BYTES);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let seen = &after[..end];
    let (mut text, mut depth, mut closed) = (String::new(), 1usize, false);
    let mut rest = seen;
    while let Some(start) = rest.find('<') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let len = tag_len(rest);
        let name = rest[1..len].trim_end_matches('>').split(' ').next().unwrap_or("");
        match name {
            "br" | "hr" | "img" | "wbr" => {}
            _ if name.starts_with('/') => depth -= 1,
            _ => depth += 1,
        }
        rest = &rest[len..];
        if depth == 0 {
            closed = true;
            break;
        }
    }
    if !closed {
        text.push_str(rest);
    }
    let short = mark == Some("whole") && closed && text.trim().len() < SHORT_QUOTE_BYTES;
    let lower = text.trim_start().chars().take(200).collect::<String>().to_lowercase();
    short || FORWARDS.iter().any(|forward| lower.contains(forward))
}
