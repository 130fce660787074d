//! Text for a terminal: paragraphs cut at [`COLUMNS`], what is set in columns left as it is.

use crate::mail::paragraphs::{Paragraph, paragraphs};

/// As wide as text in a mail is (RFC 5322 §2.1.1 says 78 at most; some room for one more quote).
pub(super) const COLUMNS: usize = 72;

/// A text set in lines of [`COLUMNS`] characters at most, longer words apart.
pub(super) fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for paragraph in paragraphs(text) {
        write(&paragraph, &mut out);
        if !paragraph.followed {
            out.push('\n');
        }
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

fn write(paragraph: &Paragraph, out: &mut String) {
    let whole = || {
        let mut text = String::new();
        for piece in &paragraph.pieces {
            text.push_str(&piece.text);
            if piece.ends_line {
                text.push('\n');
            }
        }
        text
    };
    if paragraph.aligned {
        out.push_str(&whole());
        out.push('\n');
        return;
    }
    let hanging = if paragraph.item { "  " } else { "" };
    for line in whole().lines() {
        let quoted = line.starts_with('>');
        let mut column = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > COLUMNS {
                let begin = if quoted { "> " } else { hanging };
                out.push('\n');
                out.push_str(begin);
                column = begin.len();
                out.push_str(word);
                column += length;
                continue;
            }
            if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push('\n');
    }
}

/// A title of a table of contents behind its number: the following lines hang below its words.
pub(super) fn hanging(number: usize, title: &str) -> String {
    let mut out = format!("{number:>3}. ");
    let indent = out.len();
    let mut column = indent;
    for word in title.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > COLUMNS {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_a_terminal() {
        let long = "Le vide-grenier aura lieu dimanche prochain sur la place, comme tous les ans, de neuf heures à dix-huit heures.";
        let set = wrapped(&format!("{long}\n\n- {long}\n- une rallonge\n\na     b\nc     d\n\n> {long}"));
        assert_eq!(
            set,
            "Le vide-grenier aura lieu dimanche prochain sur la place, comme tous les\n\
             ans, de neuf heures à dix-huit heures.\n\n\
             - Le vide-grenier aura lieu dimanche prochain sur la place, comme tous\n\
             \x20 les ans, de neuf heures à dix-huit heures.\n\
             - une rallonge\n\n\
             a     b\nc     d\n\n\
             > Le vide-grenier aura lieu dimanche prochain sur la place, comme tous\n\
             > les ans, de neuf heures à dix-huit heures."
        );
        assert_eq!(wrapped(""), "");
        assert!(hanging(7, &"mot ".repeat(40)).lines().all(|line| line.chars().count() <= COLUMNS));
    }
}
