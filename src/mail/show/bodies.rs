//! Which parts are the text, which are its HTML, and which came beside it.
//!
//! A message is a row of pieces: what one `multipart/alternative` says in several forms is one
//! piece, every other text shown in place is another.

use super::super::html;
use super::parts::{Disposition, Holds, Part};
use super::unflowed;

/// A text part with less than this share of what the HTML says is a stub.
const STUB_PERCENT: usize = 10;
/// Characters of a text that only says "read the HTML".
const NOTICE_CHARACTERS_MAX: usize = 400;
/// Said by programs in place of a text, in lower case.
const NOTICES: [&str; 14] = [
    "html viewer",
    "html-compatible",
    "html compatible",
    "html-capable",
    "html enabled",
    "html-enabled",
    "support html",
    "supporte pas le html",
    "supporte pas html",
    "format html",
    "au format html",
    "in html format",
    "view this email in your browser",
    "mime-fähig",
];

/// What is read at one place.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) html: Option<String>,
    alternative: Option<usize>,
}

/// The pieces, and the parts beside them.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) pieces: Vec<Piece>,
    pub(super) attachments: Vec<usize>,
}

enum Role {
    Text,
    Html,
    Attachment,
    /// Another form of what is read anyway.
    Nothing,
    /// Read, and given as a file as well, because its encoding is not known.
    TextAndAttachment,
}

pub(super) fn choose(raw: &[u8], parts: &[Part]) -> Bodies {
    let mut bodies = Bodies::default();
    for (index, part) in parts.iter().enumerate() {
        if part.holds == Holds::Parts {
            continue;
        }
        let alternative = outermost_alternative(parts, index);
        match role(part, alternative, &bodies) {
            Role::Text => piece(&mut bodies, alternative).text.push_str(&unflowed(raw, part)),
            Role::Html => add_html(piece(&mut bodies, alternative), part.text(raw)),
            Role::Attachment => bodies.attachments.push(index),
            Role::Nothing => {}
            Role::TextAndAttachment => {
                piece(&mut bodies, alternative).text.push_str(&unflowed(raw, part));
                bodies.attachments.push(index);
            }
        }
    }
    bodies
}

fn role(part: &Part, alternative: Option<usize>, bodies: &Bodies) -> Role {
    let is_root = part.parent.is_none();
    if part.facts.disposition == Disposition::Attachment && !is_root {
        return Role::Attachment;
    }
    let named = part.facts.filename.is_some() && !is_root;
    let has_body = !bodies.pieces.is_empty();
    let known = part.facts.transfer != super::decode::Transfer::Unknown;
    match part.facts.media_type.as_str() {
        "text/plain" if named && has_body => Role::Attachment,
        "text/plain" | "text" if !known => Role::TextAndAttachment,
        "text/plain" | "text" => Role::Text,
        "text/html" if named && has_body && alternative.is_none() => Role::Attachment,
        "text/html" => Role::Html,
        "text/calendar" => Role::Attachment,
        "text/x-amp-html" | "text/watch-html" | "text/enriched" | "text/richtext"
            if alternative.is_some() =>
        {
            Role::Nothing
        }
        _ if part.is_text() && !has_body && !named => Role::Text,
        _ => Role::Attachment,
    }
}

fn outermost_alternative(parts: &[Part], index: usize) -> Option<usize> {
    let ancestors = std::iter::successors(parts[index].parent, |parent| parts[*parent].parent);
    ancestors.filter(|ancestor| parts[*ancestor].is("multipart/alternative")).last()
}

fn piece(bodies: &mut Bodies, alternative: Option<usize>) -> &mut Piece {
    let same = alternative.is_some() && bodies.pieces.last().is_some_and(|p| p.alternative == alternative);
    if !same {
        bodies.pieces.push(Piece { alternative, ..Piece::default() });
    }
    bodies.pieces.last_mut().expect("one was just pushed or found")
}

fn add_html(piece: &mut Piece, html: String) {
    match &mut piece.html {
        Some(before) => before.push_str(&html),
        None => piece.html = Some(html),
    }
}

/// All pieces as HTML, when at least one of them is.
pub(super) fn html(pieces: &[Piece]) -> Option<String> {
    pieces.iter().any(|piece| piece.html.is_some()).then(|| {
        let as_html = |piece: &Piece| match &piece.html {
            // What one piece leaves open must not swallow the next.
            Some(html) => format!("<div>{html}</div>"),
            None => format!("<pre>\n{}</pre>", html::escape(&piece.text)),
        };
        pieces.iter().map(as_html).collect()
    })
}

/// Is this text only there because a text has to be?
pub(super) fn is_stub(text: &str, html: &str) -> bool {
    let count = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let said = count(text);
    if said == 0 {
        return true;
    }
    if said <= NOTICE_CHARACTERS_MAX {
        let lower = text.to_lowercase();
        if NOTICES.iter().any(|notice| lower.contains(notice)) && count(&html::without_tags(html)) > 2 * said
        {
            return true;
        }
    }
    said * 100 < count(&html::without_tags(html)) * STUB_PERCENT
}
