//! A list's prefix in the subjects of its copies: there once, whatever was answered with what.

use crate::domain::list::Language;

use super::words;

/// Words that programs put in front of the subject of an answer or a forwarded message, in small
/// letters without the colon.
const REPLY_WORDS: [&str; 23] = [
    "re", "ré", "aw", "antw", "sv", "vs", "réf", "ref", "rép", "rep", "res", "odp", "ynt", "tr", "fw", "fwd",
    "wg", "rv", "vb", "i", "enc", "doorst", "pd",
];
/// Answers, as opposed to forwarded messages: several in a row say no more than one.
const ANSWER_WORDS: [&str; 13] =
    ["re", "ré", "aw", "antw", "sv", "vs", "réf", "ref", "rép", "rep", "res", "odp", "ynt"];

/// What stands for a subject that is empty.
fn no_subject(language: Language) -> &'static str {
    match language {
        Language::Fr => "(sans objet)",
        Language::En => "(no subject)",
    }
}

/// How a copy's subject differs from the post's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Prefixed {
    /// The prefix is there already, once, or there is none to add.
    Unchanged,
    /// The prefix goes in front of the subject as it is.
    InFront,
    /// The subject becomes this text.
    Rewritten(String),
}

/// Where `prefix` goes in a decoded, cleaned subject: in front, unless it is there already behind
/// nothing but reply words. Of several, the first stays. Case does not count.
pub fn prefixed(subject: &str, prefix: &str, language: Language) -> Prefixed {
    let (subject, prefix) = (subject.trim(), prefix.trim());
    if prefix.is_empty() {
        return Prefixed::Unchanged;
    }
    if subject.is_empty() {
        return Prefixed::Rewritten(format!("{prefix} {}", no_subject(language)));
    }
    let (tokens, rest) = leading_tokens(subject, prefix);
    let prefixes = tokens.iter().filter(|token| matches!(token, Token::Prefix)).count();
    match prefixes {
        0 if !rest.is_empty() => Prefixed::InFront,
        0 => Prefixed::Rewritten(format!("{prefix} {}", rewritten(&tokens, rest, prefix, language))),
        1 if !rest.is_empty() => Prefixed::Unchanged,
        _ => Prefixed::Rewritten(rewritten(&tokens, rest, prefix, language)),
    }
}

/// Whether a subject is that of an answer, and of no forwarded message.
pub fn is_a_reply(subject: &str) -> bool {
    reply_word(subject.trim_start()).is_some_and(|(_, word)| ANSWER_WORDS.contains(&word.as_str()))
}

/// A decoded, cleaned subject without words for answers and the list's prefix in front of it.
pub fn bare<'a>(subject: &'a str, prefix: &str) -> &'a str {
    let prefix = prefix.trim();
    // No subject holds it, so nothing is taken for a prefix.
    leading_tokens(subject.trim(), if prefix.is_empty() { "\0" } else { prefix }).1.trim()
}

/// The same without `[quartier]` in front of it, which says no more than who one is among: a mark
/// of the same letters as one of these names, or one of them with « -users », « -list » behind it.
pub fn without_mark<'a>(subject: &'a str, names: &[&str]) -> &'a str {
    let mut rest = subject;
    while let Some((mark, behind)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        if !is_mark(mark, names) {
            break;
        }
        rest = bare(behind, "");
    }
    rest
}

/// A name without the « via Les Lilas » that a server put behind it which had to write in its own.
pub fn without_via<'a>(author: &'a str, names: &[&str]) -> &'a str {
    match author.rsplit_once(" via ") {
        Some((author, list)) if is_mark(list, names) && !author.trim().is_empty() => author.trim(),
        Some(_) | None => author,
    }
}

fn is_mark(mark: &str, names: &[&str]) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mark = letters(mark);
    !mark.is_empty()
        && names.iter().any(|name| {
            let name = letters(name);
            let ending = mark.strip_prefix(&name).filter(|_| !name.is_empty());
            ending.is_some_and(|ending| ending.is_empty() || MARK_ENDINGS.contains(&ending))
        })
}

/// Behind the name of a list, in its mark.
const MARK_ENDINGS: [&str; 7] = ["users", "list", "liste", "l", "discuss", "announce", "infos"];

/// Whether a subject is another message's: it begins with a word programs put there when one
/// answers or forwards.
pub fn is_answered(subject: &str) -> bool {
    reply_word(subject.trim_start()).is_some()
}

/// What may stand in front of the subject proper.
#[derive(Clone, Copy)]
enum Token<'a> {
    /// A reply word with its colon; whether it is an answer's.
    Reply {
        text: &'a str,
        is_answer: bool,
    },
    Prefix,
}

fn leading_tokens<'a>(subject: &'a str, prefix: &str) -> (Vec<Token<'a>>, &'a str) {
    let mut tokens = Vec::new();
    let mut rest = subject;
    loop {
        if let Some(after) = strip_prefix_ignoring_case(rest, prefix) {
            tokens.push(Token::Prefix);
            rest = after.trim_start();
        } else if let Some((text, word)) = reply_word(rest) {
            let is_answer = ANSWER_WORDS.contains(&word.as_str());
            tokens.push(Token::Reply { text, is_answer });
            rest = rest[text.len()..].trim_start();
        } else {
            return (tokens, rest);
        }
    }
}

/// The reply word a text begins with, up to its colon, and the word alone in small letters.
fn reply_word(text: &str) -> Option<(&str, String)> {
    const LONGEST: usize = 16;
    let (colon, colon_char) = text.char_indices().take(LONGEST).find(|(_, c)| matches!(c, ':' | '：'))?;
    let head = text[..colon].trim_end();
    // `Re[2]:`, `Re(2):`, `Re^2:`
    let word =
        head.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | '*'));
    let word = word.trim_end().to_lowercase();
    REPLY_WORDS.contains(&word.as_str()).then(|| (&text[..colon + colon_char.len_utf8()], word))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in prefix.chars() {
        let found = rest.next()?;
        if found != wanted && !found.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(rest.as_str())
}

/// The first prefix and one of adjacent answer words stay where they are.
fn rewritten(tokens: &[Token<'_>], rest: &str, prefix: &str, language: Language) -> String {
    let mut out: Vec<&str> = Vec::new();
    let (mut prefix_written, mut last_was_answer) = (false, false);
    for token in tokens {
        match *token {
            Token::Prefix if prefix_written => {}
            Token::Prefix => {
                out.push(prefix);
                prefix_written = true;
            }
            Token::Reply { is_answer: true, .. } if last_was_answer => {}
            Token::Reply { text, is_answer } => {
                out.push(text);
                last_was_answer = is_answer;
            }
        }
    }
    out.push(if rest.is_empty() { no_subject(language) } else { rest });
    words::clean(&out.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_says_which_list_is_left_out() {
        for (subject, shown) in [
            ("[Ants-users] Queens", "Queens"),
            ("[ants] Re: [ANTS] Queens", "Queens"),
            ("[Les fourmis] Reines", "Reines"),
            ("[Vends] vélo", "[Vends] vélo"),
            ("[URGENT] fuite", "[URGENT] fuite"),
            ("[antsy] Queens", "[antsy] Queens"),
            ("[] x", "[] x"),
            ("[ants", "[ants"),
            ("[ants]", ""),
            ("", ""),
        ] {
            assert_eq!(without_mark(subject, &["ants", "Les fourmis"]), shown, "{subject}");
        }
        assert_eq!(without_mark("[] x", &["", "🐜"]), "[] x");
        for (author, shown) in [
            ("Anne via Ants-users", "Anne"),
            ("Anne via Les fourmis", "Anne"),
            ("Anne via Toulouse", "Anne via Toulouse"),
            (" via ants", " via ants"),
            ("Anne", "Anne"),
        ] {
            assert_eq!(without_via(author, &["ants", "Les fourmis"]), shown, "{author}");
        }
    }

    fn shown(subject: &str) -> String {
        match prefixed(subject, "[ants]", Language::En) {
            Prefixed::Unchanged => subject.to_owned(),
            Prefixed::InFront => format!("[ants] {subject}"),
            Prefixed::Rewritten(text) => text,
        }
    }

    #[test]
    fn the_prefix_is_there_once() {
        for (subject, expected) in [
            ("x", "[ants] x"),
            ("[ants] x", "[ants] x"),
            ("[ANTS] x", "[ANTS] x"),
            ("Re: x", "[ants] Re: x"),
            ("Re: [ants] x", "Re: [ants] x"),
            ("[ants] Re: x", "[ants] Re: x"),
            ("[ants] Re: [ants] x", "[ants] Re: x"),
            ("Re: [ants] Re: [Ants] x", "Re: [ants] x"),
            ("RE : [ants] x", "RE : [ants] x"),
            ("Re[2]: [ants] x", "Re[2]: [ants] x"),
            ("AW: [ants] x", "AW: [ants] x"),
            ("SV: VS: [ants] x", "SV: VS: [ants] x"),
            ("Réf : [ants] x", "Réf : [ants] x"),
            ("TR: [ants] x", "TR: [ants] x"),
            ("Fwd: [ants] Re: [ants] x", "Fwd: [ants] Re: x"),
            ("AW: [ants] RE: [ants] AW: [ants] x", "AW: [ants] x"),
            ("[ants][ants] x", "[ants] x"),
            ("[other] x", "[ants] [other] x"),
            ("news of [ants] x", "[ants] news of [ants] x"),
            ("[ants]", "[ants] (no subject)"),
            ("Re: [ants]", "Re: [ants] (no subject)"),
            ("", "[ants] (no subject)"),
            ("  ", "[ants] (no subject)"),
            ("Re:", "[ants] Re: (no subject)"),
            ("Rendez-vous : samedi", "[ants] Rendez-vous : samedi"),
            ("Re：[ants] x", "Re：[ants] x"),
            ("été", "[ants] été"),
        ] {
            assert_eq!(shown(subject), expected, "{subject:?}");
            assert_eq!(shown(&shown(subject)), shown(subject), "twice {subject:?}");
        }
        assert_eq!(prefixed("", "[a]", Language::Fr), Prefixed::Rewritten("[a] (sans objet)".to_owned()));
        assert_eq!(prefixed("x", "", Language::Fr), Prefixed::Unchanged);
    }

    #[test]
    fn bombs_are_read_in_one_pass() {
        for bomb in ["Re: ", "[ants] ", "Re: [ants] ", ":", "Re"] {
            let _ = shown(&bomb.repeat(1_000_000 / bomb.len()));
        }
    }
}
