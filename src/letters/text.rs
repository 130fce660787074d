//! A letter's plain text between the template and the mail: marks, blank lines, subject.
//!
//! Two things must be known of the rendered text to make its HTML twin: which words are there to be
//! answered, and what is a link. Both are marked with control characters, which no fact can hold.

/// Before the words a reader may answer; `[[` in a template.
pub(super) const ANSWER_START: char = '\u{2}';
/// After them; `]]` in a template.
pub(super) const ANSWER_END: char = '\u{3}';
/// Before an address or a page.
pub(super) const LINK_START: char = '\u{e}';
/// After it.
pub(super) const LINK_END: char = '\u{f}';

/// Puts the marks into a template's source, and takes out what could be mistaken for them.
pub(super) fn mark_template(source: &str) -> String {
    let visible = source.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let (mut start, mut end) = ([0; 4], [0; 4]);
    let (start, end) = (ANSWER_START.encode_utf8(&mut start), ANSWER_END.encode_utf8(&mut end));
    visible.collect::<String>().replace("[[", start).replace("]]", end)
}

/// The letter as it is read.
pub(super) fn without_marks(marked: &str) -> String {
    marked.chars().filter(|c| !is_mark(*c)).collect()
}

/// One line, without marks.
pub(super) fn subject(rendered: &str) -> String {
    let plain = without_marks(rendered);
    plain
        .split(['\n', '\r'])
        .map(|l| l.trim_matches(' '))
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// No blanks at line ends, one empty line at most between paragraphs, one line end at the end.
pub(super) fn tidy(rendered: &str) -> String {
    let mut tidy = String::with_capacity(rendered.len());
    let mut blank = false;
    for line in rendered.lines().map(|l| l.trim_end_matches([' ', '\t', '\r'])) {
        if line.is_empty() {
            blank = true;
            continue;
        }
        if blank && !tidy.is_empty() {
            tidy.push('\n');
        }
        blank = false;
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy
}

fn is_mark(c: char) -> bool {
    matches!(c, ANSWER_START | ANSWER_END | LINK_START | LINK_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_leave_no_holes() {
        assert_eq!(tidy("\n\nBonjour,\n\n\n\nA  \nB\n \n"), "Bonjour,\n\nA\nB\n");
        assert_eq!(subject("Bienvenue\r\nBcc: x@y.example\n"), "Bienvenue Bcc: x@y.example");
    }

    #[test]
    fn words_to_answer_are_plain_words_to_the_reader() {
        let marked = mark_template("r\u{e}épondez : [[stop]]\n");
        assert_eq!(marked, "répondez : \u{2}stop\u{3}\n");
        assert_eq!(without_marks(&marked), "répondez : stop\n");
    }
}
