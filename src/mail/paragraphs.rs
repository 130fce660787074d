//! The text of a mail, set for reading: paragraphs instead of lines cut at 72 columns.
//!
//! Mail programs cut lines; telephones are narrower than they thought, paper is wider. A line that
//! ends because the next word did not fit goes on with the next one; lines that end by choice
//! (addresses, poems, lists) stay, and what is set in columns keeps its columns.

use serde::Serialize;

use super::text::{Segment, links};

/// Lines of wrapped mail are at least and at most this wide, characters.
const WRAPPED_COLUMNS: std::ops::RangeInclusive<usize> = 50..=80;
/// A line of this width that ends within a sentence did not end by choice, characters.
const FULL_COLUMNS: usize = 52;
/// So many spaces inside a line are a column, not a slip.
const COLUMN_GAP: &str = "   ";

/// Lines that end by choice keep this much of what they stand in, columns.
const INDENT_MAX: usize = 24;
/// A tab at the beginning of a line, columns.
const TAB_COLUMNS: usize = 4;

/// What stands between two blank lines.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Paragraph {
    /// In columns: shown as typed, in a fixed width.
    pub aligned: bool,
    /// An item of a list: its second line hangs below its first word.
    pub item: bool,
    /// No blank line stood below it.
    pub followed: bool,
    /// Its words.
    pub pieces: Vec<Piece>,
}

/// A few words, or a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Piece {
    /// The words; at the beginning of a line that stood further in, so many U+00A0.
    pub text: String,
    /// `http:` or `https:`.
    pub href: Option<String>,
    /// The line ends here by choice.
    pub ends_line: bool,
}

/// Sets a text in paragraphs.
pub fn paragraphs(text: &str) -> Vec<Paragraph> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let width = wrapped_at(&lines);
    let mut paragraphs = Vec::new();
    for lines in lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty()) {
        if is_aligned(lines) {
            paragraphs.push(aligned(lines));
        } else {
            set(&mut paragraphs, lines, width);
        }
    }
    paragraphs
}

fn aligned(lines: &[&str]) -> Paragraph {
    let text = lines.join("\n");
    let pieces = vec![Piece { text, href: None, ends_line: false }];
    Paragraph { aligned: true, item: false, followed: false, pieces }
}

/// Sets the lines between two blank ones, each item of a list by itself.
fn set(paragraphs: &mut Vec<Paragraph>, lines: &[&str], width: Option<usize>) {
    let begin = |item: bool| Paragraph { aligned: false, item, followed: false, pieces: Vec::new() };
    let mut paragraph = begin(false);
    let mut joined = String::new();
    for (at, line) in lines.iter().enumerate() {
        // Of lines that are made one, none stands further in than the others.
        let indent = if joined.is_empty() { indent_of(line) } else { 0 };
        let line = line.trim_start();
        if joined.is_empty() && (begins_item(line) || paragraph.item) {
            if !paragraph.pieces.is_empty() {
                end_line(&mut paragraph.pieces, false);
                paragraph.followed = true;
                paragraphs.push(std::mem::replace(&mut paragraph, begin(false)));
            }
            paragraph.item = begins_item(line);
        }
        joined.push_str(line);
        match lines.get(at + 1) {
            Some(next) if within_a_sentence(lines[at], next) => joined.push(' '),
            Some(next) if width.is_some_and(|width| goes_on(lines[at], next, width)) => joined.push(' '),
            following => {
                let words = unbroken(&std::mem::take(&mut joined));
                add_line(&mut paragraph.pieces, &format!("{}{words}", "\u{a0}".repeat(indent)));
                end_line(&mut paragraph.pieces, following.is_some());
            }
        }
    }
    paragraphs.push(paragraph);
}

/// How far in a line stands, columns.
fn indent_of(line: &str) -> usize {
    let indent = line.chars().take_while(|c| c.is_whitespace());
    indent.map(|c| if c == '\t' { TAB_COLUMNS } else { 1 }).sum::<usize>().min(INDENT_MAX)
}

/// French puts a space before these marks, and no line may begin with one.
pub fn unbroken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let marked = |mark: char| ":;?!»%€".contains(mark);
        let mut following = letters.clone();
        // Not before the signs of programs: “a :: l”, “x != y”.
        let before_mark = letter == ' '
            && following.next().is_some_and(marked)
            && following.next().is_none_or(|next| !(":=;".contains(next) || next.is_alphanumeric()));
        let after_mark = letter == ' ' && out.ends_with('«');
        out.push(if before_mark || after_mark { '\u{a0}' } else { letter });
    }
    out
}

fn end_line(pieces: &mut [Piece], ends_line: bool) {
    if let Some(last) = pieces.last_mut() {
        last.ends_line = ends_line;
    }
}

fn add_line(pieces: &mut Vec<Piece>, line: &str) {
    for segment in links(line) {
        let (text, href) = match segment {
            Segment::Plain(text) => (text, None),
            Segment::Url(url) => (url, Some(url.to_owned())),
        };
        if !text.is_empty() {
            pieces.push(Piece { text: text.to_owned(), href, ends_line: false });
        }
    }
}

/// The width at which a program cut the lines of this text, if one did.
fn wrapped_at(lines: &[&str]) -> Option<usize> {
    let mut width = 0;
    for line in lines {
        let columns = line.chars().count();
        match columns > *WRAPPED_COLUMNS.end() {
            // A whole paragraph on one line: this writer's program leaves lines alone.
            true if line.trim().contains(' ') => return None,
            true => {}
            false => width = width.max(columns),
        }
    }
    WRAPPED_COLUMNS.contains(&width).then_some(width)
}

/// Whether a line ended only because the first word of the next did not fit.
fn goes_on(line: &str, next: &str, width: usize) -> bool {
    let next_word = next.trim_start();
    let word = next_word.split(' ').next().unwrap_or_default();
    let indent = next.chars().count() - next_word.chars().count();
    let full = line.chars().count() + 1 + indent + word.chars().count() > width;
    // The second line of an item of a list stands below the first one's words.
    let hangs = indent > 0 && (begins_item(line) || line.starts_with(char::is_whitespace));
    let by_choice = is_of_a_program(line) || is_of_a_program(next) || is_link(line) || is_link(next);
    full && (indent == 0 || hangs) && !begins_item(next_word) && !by_choice
}

/// Whether two lines are one sentence, cut by one program or by two after each other.
fn within_a_sentence(line: &str, next: &str) -> bool {
    line.chars().count() >= FULL_COLUMNS
        && !line.starts_with(char::is_whitespace)
        && line.ends_with(|c: char| c.is_alphanumeric() || c == ',')
        && next.starts_with(char::is_lowercase)
        && !line.starts_with('>')
        && !line.contains(['{', '}', ';', '=', '<'])
        && !is_of_a_program(line)
        && !is_of_a_program(next)
        && !is_link(line)
        && !is_link(next)
}

/// Items of a list, and quotes.
fn begins_item(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = number.len() < line.len() && (number.starts_with(". ") || number.starts_with(") "));
    let marked = ["- ", "* ", "• ", "– ", "— ", "+ ", ">", "#"].iter().any(|mark| line.starts_with(mark));
    numbered || marked
}

/// What somebody typed into a machine, or it answered: commands, code, logs.
fn is_of_a_program(line: &str) -> bool {
    let line = line.trim();
    let prompts = ["$ ", "# ", "% ", ">>> ", "./", "sudo ", "#!"];
    let begins = prompts.iter().any(|prompt| line.starts_with(prompt));
    let ends = line.ends_with(['\\', '{', '}']);
    let has_sign = ["&&", "||", "::", "->", "=>", "==", "!=", ":=", "();", " | ", "</", "/>"]
        .iter()
        .any(|sign| line.contains(sign));
    let is_option = |word: &str| {
        let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    let is_set = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c))
        })
    };
    begins || ends || has_sign || line.split(' ').any(|word| is_option(word) || is_set(word))
}

fn is_link(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("http://") || line.starts_with("https://")
}

/// Tables, drawings, programs and patches.
fn is_aligned(lines: &[&str]) -> bool {
    let has_gap = |line: &&&str| {
        let text = line.trim_start();
        text.contains(COLUMN_GAP) || text.contains('\t')
    };
    let is_barred = |line: &&&str| line.matches('|').count() >= 2;
    let is_indented = |line: &&str| line.starts_with("    ") || line.starts_with('\t');
    let several = |count: usize| count >= 2;
    several(lines.iter().filter(has_gap).count())
        || several(lines.iter().filter(is_barred).count())
        || (lines.len() >= 2 && lines.iter().all(is_indented))
        || lines.iter().any(|line| line.starts_with("@@ -") || line.starts_with("diff --git "))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Expect) {
        let mut shown = String::new();
        for paragraph in paragraphs(text) {
            shown.push_str(match (paragraph.aligned, paragraph.item) {
                (true, _) => "[columns]\n",
                (false, true) => "[item]\n",
                (false, false) => "[text]\n",
            });
            for piece in paragraph.pieces {
                match piece.href {
                    Some(href) => shown.push_str(&format!("<{}|{href}>", piece.text)),
                    None => shown.push_str(&piece.text),
                }
                shown.push_str(if piece.ends_line { "/\n" } else { "" });
            }
            shown.push('\n');
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn lines_cut_by_a_program_go_on() {
        check(
            "Bonjour à toutes et à tous,\n\nle vide-grenier aura lieu dimanche prochain sur la place, comme tous\nles ans, de neuf heures à dix-huit heures. Il reste douze emplacements\nà prendre.\n\nÀ dimanche,\nJeanne",
            expect![[r#"
                [text]
                Bonjour à toutes et à tous,
                [text]
                le vide-grenier aura lieu dimanche prochain sur la place, comme tous les ans, de neuf heures à dix-huit heures. Il reste douze emplacements à prendre.
                [text]
                À dimanche,/
                Jeanne
            "#]],
        );
    }

    #[test]
    fn lines_that_end_by_choice_stay() {
        check(
            "Voici ce qu’il reste à trouver d’ici dimanche, par ordre d’urgence :\n- deux tables pliantes de la longueur d’un bras, ou à peu près, et\n- une rallonge\n1. rue des Lilas\n\nhttps://lilas.example/plan\nPlace du Marché\n75000 Paris",
            expect![[r#"
                [text]
                Voici ce qu’il reste à trouver d’ici dimanche, par ordre d’urgence :
                [item]
                - deux tables pliantes de la longueur d’un bras, ou à peu près, et
                [item]
                - une rallonge
                [item]
                1. rue des Lilas
                [text]
                <https://lilas.example/plan|https://lilas.example/plan>/
                Place du Marché/
                75000 Paris
            "#]],
        );
    }

    #[test]
    fn a_writer_whose_program_leaves_lines_alone_is_left_alone() {
        check(
            "Une phrase de soixante-dix caractères environ, ou un peu plus, je crois\nPuis un paragraphe qui tient sur une seule ligne bien plus longue que ce que couperait un programme.",
            expect![[r#"
                [text]
                Une phrase de soixante-dix caractères environ, ou un peu plus, je crois/
                Puis un paragraphe qui tient sur une seule ligne bien plus longue que ce que couperait un programme.
            "#]],
        );
    }

    #[test]
    fn what_two_programs_cut_after_each_other_is_one_sentence() {
        check(
            "The sample rate is not one of those that the standard master clocks can deliver, so that to capture\nall of it\nyou would need twice as much, which is\nsupported.\n\n1. Il faut compter deux heures pour tout installer, ou un peu\nplus, selon le temps",
            expect![[r#"
                [text]
                The sample rate is not one of those that the standard master clocks can deliver, so that to capture all of it/
                you would need twice as much, which is/
                supported.
                [item]
                1. Il faut compter deux heures pour tout installer, ou un peu plus, selon le temps
            "#]],
        );
    }

    #[test]
    fn columns_stay_columns() {
        check(
            "samedi     9 h    Claire\ndimanche   10 h   Marcel\n\n    let a = 1;\n    let b = 2;",
            expect![[r#"
                [columns]
                samedi     9 h    Claire
                dimanche   10 h   Marcel
                [columns]
                    let a = 1;
                    let b = 2;
            "#]],
        );
    }

    #[test]
    fn lines_that_stand_further_in_stay_there() {
        check(
            "let rec map f = function\n    [] -> []\n  | a :: l -> f a :: map f l\n\n  Les lignes d’un paragraphe que son programme a coupées à la fin\n  se suivent, même en retrait.\n\n- pain\n  - complet",
            expect![[r#"
                [text]
                let rec map f = function/
                    [] -> []/
                  | a :: l -> f a :: map f l
                [text]
                Les lignes d’un paragraphe que son programme a coupées à la fin se suivent, même en retrait.
                [item]
                - pain
                [item]
                  - complet
            "#]],
        );
    }

    #[test]
    fn lines_of_programs_stay() {
        check(
            "Then run these two in the folder that holds the sources, one by one:\n./configure --prefix=/usr/local --enable-shared --with-system-expat\nmake -j4 && make install DESTDIR=/tmp/stage PREFIX=/usr/local\nexport PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games\nand then it should work for everybody who has the same distribution\nas I have.",
            expect![[r#"
                [text]
                Then run these two in the folder that holds the sources, one by one:/
                ./configure --prefix=/usr/local --enable-shared --with-system-expat/
                make -j4 && make install DESTDIR=/tmp/stage PREFIX=/usr/local/
                export PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games/
                and then it should work for everybody who has the same distribution as I have.
            "#]],
        );
    }

    #[test]
    fn french_marks_stay_with_their_words_and_programs_as_they_are() {
        for (typed, set) in [
            ("Qui vient ? Moi !", "Qui vient\u{a0}? Moi\u{a0}!"),
            ("« oui » : non", "«\u{a0}oui\u{a0}»\u{a0}: non"),
            ("a :: l if x != y", "a :: l if x != y"),
            ("i := 1", "i := 1"),
        ] {
            assert_eq!(unbroken(typed), set);
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-z|>\t\n -]{0,300}") {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let mut set = String::new();
            for paragraph in paragraphs(&text) {
                for piece in paragraph.pieces {
                    set.push_str(&piece.text);
                    set.push(if piece.ends_line { '\n' } else { ' ' });
                }
            }
            prop_assert_eq!(words(&set), words(&text));
        }
    }
}
