//! French spaces and apostrophes: what a typesetter does, so that whoever edits a template need not.

/// U+00A0, before a colon and inside « ».
const NO_BREAK: char = '\u{a0}';
/// U+202F, before ; ! and ?.
const NARROW_NO_BREAK: char = '\u{202f}';

/// Sets the words of a template, and leaves what stands in `{{ }}` alone.
///
/// Spaces that were written become unbreakable ones where French asks for it; none is added, so
/// that addresses, hours and links stay what they are.
pub(super) fn typeset(template: &str) -> String {
    let mut set = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let end = rest[start..].find("}}").map_or(rest.len(), |e| start + e + 2);
        // The character after the expression decides about the space before it, and the reverse.
        set_words(&rest[..start], &mut set);
        set.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    set_words(rest, &mut set);
    set
}

fn set_words(words: &str, set: &mut String) {
    let chars: Vec<char> = words.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| chars[b]);
        let after = chars.get(i + 1).copied();
        set.push(match (before, c, after) {
            (_, ' ', Some(';' | '!' | '?')) => NARROW_NO_BREAK,
            (_, ' ', Some(':' | '»')) | (Some('«'), ' ', _) => NO_BREAK,
            (Some(b), '\'', Some(a)) if b.is_alphabetic() && a.is_alphabetic() => '’',
            // An expression follows or goes before: l'{{name}}.
            (Some(b), '\'', None) if b.is_alphabetic() => '’',
            _ => c,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_where_french_wants_them() {
        for (written, set) in [
            ("Bonjour : voici", "Bonjour\u{a0}: voici"),
            ("« {{title}} » ?", "«\u{a0}{{title}}\u{a0}»\u{202f}?"),
            ("{{group}} : un mot", "{{group}}\u{a0}: un mot"),
            ("l'envie d'{{x}}", "l’envie d’{{x}}"),
            ("https://x.example:80/?a=b ; 18:30", "https://x.example:80/?a=b\u{202f}; 18:30"),
            ("{{#if a ':' }} '", "{{#if a ':' }} '"),
            ("{{never closed : ", "{{never closed : "),
        ] {
            assert_eq!(typeset(written), set);
        }
    }
}
