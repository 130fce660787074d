//! Words that are set here and not by templates: those of paragraphs, and what was looked for among
//! them. They are most of what stands on a page, and a template takes each word by itself.
//!
//! Everything is escaped here, link by link and mark by mark; what is made here is safe to print.

use serde::Serialize;

use super::super::templates::escaped;
use super::SUBJECT_CHARS_MAX;
use crate::mail::paragraphs::{self, Piece as Said};
use crate::search::Piece as Found;

/// A paragraph, its words ready to print.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Paragraph {
    aligned: bool,
    item: bool,
    followed: bool,
    /// Escaped.
    words: String,
}

/// Sets a text.
pub(crate) fn set(text: &str) -> Vec<Paragraph> {
    let set_one = |one: paragraphs::Paragraph| Paragraph {
        words: words(&one),
        aligned: one.aligned,
        item: one.item,
        followed: one.followed,
    };
    paragraphs::paragraphs(text).into_iter().map(set_one).collect()
}

fn words(paragraph: &paragraphs::Paragraph) -> String {
    let mut words = String::with_capacity(paragraph.pieces.iter().map(|piece| piece.text.len() + 8).sum());
    for Said { text, href, ends_line } in &paragraph.pieces {
        match href {
            Some(href) => {
                let link = [
                    "<a href=\"",
                    &escaped(href),
                    "\" rel=\"nofollow noopener noreferrer ugc\">",
                    &escaped(text),
                    "</a>",
                ];
                link.iter().for_each(|part| words.push_str(part));
            }
            None => words.push_str(&escaped(text)),
        }
        if *ends_line {
            words.push_str("<br>\n");
        }
    }
    words
}

/// What was found, with what was looked for marked; escaped.
pub(crate) fn marked(pieces: &[Found]) -> String {
    let mut set = String::new();
    for Found { text, marked } in pieces {
        // Spaces at the edges stand between pieces.
        let plain: String = text.chars().filter(|c| !c.is_control()).take(SUBJECT_CHARS_MAX).collect();
        let (before, after) = if *marked { ("<mark>", "</mark>") } else { ("", "") };
        [before, &escaped(&plain), after].iter().for_each(|part| set.push_str(part));
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_strangers_stay_words() {
        let set = set("Voir <b>https://a.example/?a=1&b=\"2</b>\nune ligne\n\n<script>x</script>");
        let words: Vec<&str> = set.iter().map(|one| one.words.as_str()).collect();
        assert_eq!(
            words,
            [
                "Voir &lt;b&gt;<a href=\"https://a.example/?a&#x3D;1&amp;b&#x3D;\" rel=\"nofollow noopener \
                 noreferrer ugc\">https://a.example/?a&#x3D;1&amp;b&#x3D;</a>&quot;2&lt;/b&gt;<br>\nune ligne",
                "&lt;script&gt;x&lt;/script&gt;",
            ]
        );
    }

    #[test]
    fn marks_stand_around_escaped_words() {
        let piece = |text: &str, marked| Found { text: text.to_owned(), marked };
        let found = [piece("<i> et ", false), piece("</mark>\u{7}", true), piece(" & fin", false)];
        assert_eq!(marked(&found), "&lt;i&gt; et <mark>&lt;/mark&gt;</mark> &amp; fin");
    }
}
