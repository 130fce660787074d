//! The HTML twin of a letter: the same words in the same order, made from the plain text.
//!
//! One column, the reader's own fonts, their light or dark, no images and nothing fetched from
//! anywhere. No `<title>`: in mail the Subject is the title, and it must not be said twice.

use super::message::Frame;
use super::text::{ANSWER_END, ANSWER_START, LINK_END, LINK_START};
use crate::domain::list::Language;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;padding:16px;background:#fff;color:#1c1c1c}\
.letter{max-width:34em;margin:0 auto}\
.answers{margin:0 0 16px;padding:8px 12px;border-left:4px solid #2f6f4f;background:#eef5f0}\
blockquote{margin:0 0 16px;padding:0 12px;border-left:4px solid #999}\
a{color:#1a5fb4}\
@media (prefers-color-scheme:dark){\
body{background:#1b1b1b;color:#e8e8e8}\
.answers{border-color:#7fc8a0;background:#22302a}\
a{color:#9cc4f5}}";

/// Where an answer to the letter goes.
pub(super) struct Answer<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) subject: &'a str,
}

/// A paragraph of the plain text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Words,
    Answers,
    Quote,
}

/// The letter as a page of its own.
pub(super) fn twin(marked: &str, language: Language, answer: &Answer<'_>) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <style>{STYLE}</style>\n</head>\n\
         <body style=\"font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;\
         font-size:16px;line-height:1.5\">\n<div class=\"letter\">\n"
    );
    for paragraph in marked.trim_end().split("\n\n") {
        write_paragraph(paragraph, answer, &mut page);
    }
    page.push_str("</div>\n</body>\n</html>\n");
    page
}

/// Lines of one kind that follow each other are one block.
fn write_paragraph(paragraph: &str, answer: &Answer<'_>, page: &mut String) {
    let mut lines = paragraph.lines().peekable();
    while let Some(first) = lines.next() {
        let block = block_of(first);
        let (open, close) = match block {
            Block::Words => ("<p style=\"margin:0 0 16px\">", "</p>\n"),
            Block::Answers => ("<div class=\"answers\">", "</div>\n"),
            Block::Quote => ("<blockquote>", "</blockquote>\n"),
        };
        page.push_str(open);
        write_line(first, answer, page);
        while let Some(next) = lines.next_if(|l| block_of(l) == block) {
            page.push_str("<br>\n");
            write_line(next, answer, page);
        }
        page.push_str(close);
    }
}

fn block_of(line: &str) -> Block {
    if line.starts_with('>') {
        Block::Quote
    } else if line.contains(ANSWER_START) {
        Block::Answers
    } else {
        Block::Words
    }
}

fn write_line(line: &str, answer: &Answer<'_>, page: &mut String) {
    let mut rest = line.strip_prefix('>').map_or(line, |l| l.strip_prefix(' ').unwrap_or(l));
    while let Some(start) = rest.find([ANSWER_START, LINK_START]) {
        escape(&rest[..start], page);
        let end_mark = if rest[start..].starts_with(ANSWER_START) { ANSWER_END } else { LINK_END };
        let inner = &rest[start + 1..];
        let (words, after) = inner.split_once(end_mark).unwrap_or((inner, ""));
        match end_mark {
            ANSWER_END => write_answer(words, answer, page),
            _ => write_link(words, page),
        }
        rest = after;
    }
    escape(rest, page);
}

/// The words to answer; tapping them begins that answer (RFC 6068 §2).
fn write_answer(words: &str, answer: &Answer<'_>, page: &mut String) {
    let to = answer.frame.reply_to.unwrap_or(answer.frame.from.address).as_str();
    page.push_str("<a href=\"mailto:");
    percent_encode(to, page);
    page.push_str("?subject=");
    percent_encode(&format!("Re: {}", answer.subject), page);
    page.push_str("&amp;body=");
    percent_encode(words, page);
    page.push_str("\"><b>");
    escape(words, page);
    page.push_str("</b></a>");
}

fn write_link(target: &str, page: &mut String) {
    let web = target.starts_with("https://") || target.starts_with("http://");
    page.push_str("<a href=\"");
    if web {
        escape(target, page);
    } else {
        page.push_str("mailto:");
        percent_encode(target, page);
    }
    page.push_str("\">");
    escape(target, page);
    page.push_str("</a>");
}

fn escape(text: &str, page: &mut String) {
    for c in text.chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            _ => page.push(c),
        }
    }
}

/// RFC 6068 §2: everything but unreserved characters and the `@` and `+` of addresses.
pub(super) fn percent_encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}
