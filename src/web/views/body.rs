//! The text of one mail, with its quotes folded.

use serde::Serialize;

use crate::mail::show::{Block, Preferred, Shown};

use super::super::sight::Eyes;
use super::super::text::{many_lines, one_line};
use super::Desk;
use super::set::{Paragraph, set};

/// More text of one post than this is not set on a page; its original has it all. Bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Longer introductions of quotes are cut, characters.
const HEADING_CHARS_MAX: usize = 200;

/// The text of one mail.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BodyView {
    parts: Vec<PartView>,
    /// Cleaned by `mail::html`, and by nothing else.
    html: Option<String>,
    /// What is missing, and why.
    notices: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct PartView {
    /// Who is quoted and how much: the words on a folded quote.
    quote: Option<String>,
    /// Stands open, because the words below it speak of it.
    short_quote: bool,
    signature: bool,
    paragraphs: Vec<Paragraph>,
}

impl BodyView {
    /// A mail as strangers may read it. `bytes_max` is what the page has room for.
    pub(crate) fn new(desk: &Desk<'_>, shown: &Shown, bytes_max: usize) -> BodyView {
        let mut left = bytes_max.min(TEXT_BYTES_MAX);
        let mut parts = Vec::new();
        let mut notices = Vec::new();
        let html = match (&shown.html, shown.preferred) {
            (Some(html), Preferred::Html) if html.as_str().len() <= left => {
                let masked = match desk.eyes {
                    Eyes::Stranger => Some(html.masked()),
                    Eyes::Member => None,
                };
                Some(below_headings(masked.as_ref().unwrap_or(html).as_str()))
            }
            (Some(_) | None, _) => None,
        };
        if html.is_none() {
            for block in &shown.blocks {
                let whole = block_text(block);
                let text = cut(whole, left);
                left -= text.len();
                parts.push(part(desk, block, text));
                if text.len() < whole.len() {
                    notices.push(desk.say("cut"));
                    break;
                }
            }
            parts.retain(|part| !part.paragraphs.is_empty());
            if parts.is_empty() && shown.attachments.is_empty() {
                notices.push(desk.say("no_text"));
            }
        }
        if shown.fault.is_some() {
            notices.push(desk.say("fault"));
        }
        BodyView { parts, html, notices }
    }

    /// How many characters a reader sees: what a page's room is counted by.
    pub(crate) fn weight(shown: &Shown) -> usize {
        shown.blocks.iter().map(|block| block_text(block).len()).sum()
    }
}

fn block_text(block: &Block) -> &str {
    match block {
        Block::Text(text) | Block::Quote { text, .. } | Block::Signature(text) => text,
    }
}

fn part(desk: &Desk<'_>, block: &Block, text: &str) -> PartView {
    let text = match block {
        // The mark is for programs (RFC 3676 §4.3); the page draws its own.
        Block::Signature(_) => text.strip_prefix("--").map_or(text, |rest| rest.trim_start()),
        Block::Text(_) | Block::Quote { .. } => text,
    };
    let text = many_lines(&desk.masked(text));
    let paragraphs = set(&text);
    match block {
        Block::Text(_) => PartView { quote: None, short_quote: false, signature: false, paragraphs },
        Block::Signature(_) => PartView { quote: None, short_quote: false, signature: true, paragraphs },
        Block::Quote { heading, .. } => {
            let heading = heading.as_deref().map(|h| one_line(&desk.masked(h), HEADING_CHARS_MAX));
            let heading = heading.map(|h| h.trim_end_matches([':', ' ', '\u{a0}']).to_owned());
            let heading = heading.filter(|heading| !heading.is_empty());
            let short_quote = block.short();
            let quote = if short_quote { heading } else { Some(folded_words(desk, heading, &text)) };
            PartView { quote, short_quote, signature: false, paragraphs }
        }
    }
}

fn folded_words(desk: &Desk<'_>, heading: Option<String>, text: &str) -> String {
    let count = text.lines().filter(|line| !line.trim().is_empty()).count();
    let lines = desk.count("quote_lines", u64::try_from(count).unwrap_or(u64::MAX));
    match heading {
        Some(heading) => desk.tell("quote_of", &[("heading", &heading), ("lines", &lines)]),
        None => lines,
    }
}

/// Headings of a mail stand below those of the page. Only tags are touched: in cleaned HTML, a `<`
/// that opens none is written `&lt;`.
fn below_headings(html: &str) -> String {
    let mut html = html.to_owned();
    // From below, so that none is moved twice.
    for (level, below) in [(3, 6), (2, 5), (1, 4)] {
        html = html.replace(&format!("<h{level}"), &format!("<h{below}"));
        html = html.replace(&format!("</h{level}"), &format!("</h{below}"));
    }
    html
}

fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
