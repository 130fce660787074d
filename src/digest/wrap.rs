//! Text for a terminal: paragraphs cut at [`COLUMNS`], what is set in columns left as it is.

use crate::mail::paragraphs::{Paragraph, paragraphs};

/// As wide as text in a mail is (RFC 5322 §2.1.1 says 78 at most; some room for one more quote).
pub(super) const COLUMNS: usize = 72;

/// Lines that are no wider stay as they were typed: breaking off their last word helps nobody.
const KEPT_COLUMNS: usize = 78;

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

/// Their spaces are as they were typed: a program that is copied from here has to run.
fn write(paragraph: &Paragraph, out: &mut String) {
    let from = out.len();
    set(paragraph, out);
    let spaced = out[from..].replace('\u{a0}', " ");
    out.replace_range(from.., &spaced);
}

fn set(paragraph: &Paragraph, out: &mut String) {
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
        let words = line.trim_start_matches('\u{a0}');
        let indent = " ".repeat(line.chars().count() - words.chars().count());
        out.push_str(&indent);
        if indent.len() + words.chars().count() <= KEPT_COLUMNS {
            out.push_str(words);
            out.push('\n');
            continue;
        }
        let begin = if words.starts_with('>') { "> " } else { hanging };
        let mut column = indent.len();
        let first = column;
        for word in words.split(' ') {
            let length = word.chars().count();
            if column > first && column + 1 + length > COLUMNS {
                out.push('\n');
                out.push_str(&indent);
                out.push_str(begin);
                column = indent.len() + begin.len();
                out.push_str(word);
                column += length;
                continue;
            }
            if column > first {
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
        let program =
            "let rec map f = function\n    [] -> []\n  | a :: l ->\n\tlet r = f a in\n        r :: map f l";
        assert_eq!(wrapped(program), program.replace('\t', "    "), "what is set in lines keeps them");
        let ragged = "whoever cuts lines at seventy-six columns and breaks a line early, does so:";
        assert_eq!(wrapped(ragged), ragged, "no word hangs alone below a line that fits");
        assert!(hanging(7, &"mot ".repeat(40)).lines().all(|line| line.chars().count() <= COLUMNS));
    }
}
