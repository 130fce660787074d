//! Words of strangers as a page may hold them: on one line, or several, and harmless.

/// Words of strangers on one line: no control characters, none that turn the direction of writing
/// around, at most `chars_max` characters.
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .filter(|c| is_harmless(*c))
        .take(chars_max + 1)
        .collect();
    let plain = plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match plain.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain,
    }
}

/// The same for text of several lines: line ends and tabs stay.
pub(crate) fn many_lines(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || *c == '\t' || (!c.is_control() && is_harmless(*c))).collect()
}

/// Neither a direction override nor a code point XML 1.0 §2.2 leaves out.
fn is_harmless(c: char) -> bool {
    !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_words_cannot_turn_the_line_around() {
        assert_eq!(one_line("a\u{202e}b\r\n c\u{0}d\u{2029}e", 100), "ab c d e");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(many_lines("a\u{8}\r\nb\tc\u{ffff}"), "a\nb\tc");
    }
}
