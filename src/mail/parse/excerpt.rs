//! The beginning of what the author wrote here and now: no quotes, no signature, no armour.

use std::borrow::Cow;

use crate::mail::mime::{Part, Shape, Structure};
use crate::mail::{charset, words};

/// How much of a text part is decoded, in bytes.
const TEXT_BYTES_READ: usize = 32 * 1024;
/// How many characters of the author's words are gathered, for the language and the excerpt.
const OWN_WORDS_CHARS: usize = 500;
/// How long an excerpt is, in characters.
const EXCERPT_CHARS: usize = 200;

/// The author's own words, on one line.
pub(super) fn own_words(raw: &[u8], structure: &Structure) -> String {
    let Some((index, is_html)) = text_part(structure) else { return String::new() };
    let part = &structure.parts[index];
    let end = part.body.end.min(part.body.start + TEXT_BYTES_READ);
    let bytes = part.transfer.decode(&raw[part.body.start..end]);
    let text = charset::decode(&bytes, part.content_type.parameter("charset").as_deref());
    let text = if is_html { Cow::Owned(without_tags(&text)) } else { text };
    gather(&text)
}

/// The first text that is no attachment, plain before HTML; and whether it is HTML.
fn text_part(structure: &Structure) -> Option<(usize, bool)> {
    let readable = |part: &&Part| part.shape == Shape::Leaf && part.disposition.essence != "attachment";
    let find = |kinds: &[&str]| {
        structure
            .parts
            .iter()
            .enumerate()
            .take_while(|(_, part)| part.shape != Shape::Message)
            .filter(|(_, part)| readable(part))
            .find(|(_, part)| kinds.contains(&part.content_type.essence.as_str()))
            .map(|(index, _)| index)
    };
    let plain = find(&["text/plain", "text", ""]).map(|index| (index, false));
    plain.or_else(|| find(&["text/html"]).map(|index| (index, true)))
}

/// Lines that are neither quotes, nor what introduces them, nor signature, up to a limit.
fn gather(text: &str) -> String {
    let mut out = String::new();
    let mut held: Option<&str> = None; // a line that may introduce a quote
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let bare = line.trim_start();
        if line == "--" || line.starts_with("-----BEGIN PGP SIGNATURE") || is_original_message(bare) {
            break;
        }
        if line.starts_with("-----BEGIN PGP") {
            // The armour's own header ends with an empty line (RFC 9580 §7).
            lines.by_ref().find(|l| l.is_empty());
            continue;
        }
        if bare.starts_with('>') {
            held = None;
            continue;
        }
        if bare.is_empty() {
            continue;
        }
        out_push(&mut out, held.take());
        if out.len() >= OWN_WORDS_CHARS * 4 {
            break;
        }
        if bare.ends_with(':') {
            held = Some(bare);
        } else {
            out_push(&mut out, Some(bare));
        }
    }
    out_push(&mut out, held);
    let cleaned = words::clean(&out);
    words::first_chars(&cleaned, OWN_WORDS_CHARS).to_owned()
}

fn out_push(out: &mut String, line: Option<&str>) {
    if let Some(line) = line {
        out.push_str(line);
        out.push(' ');
    }
}

/// The line above a message that was quoted without marks.
fn is_original_message(line: &str) -> bool {
    let Some(inner) = line.strip_prefix("-----") else {
        return line.len() >= 20 && line.bytes().all(|b| b == b'_');
    };
    let inner = inner.trim_matches(['-', ' ']).to_lowercase();
    ["original message", "message d'origine", "message d’origine", "message original", "forwarded message"]
        .contains(&inner.as_str())
}

/// The text of HTML, roughly: no tags, no style, no script, common entities.
fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        push_entities(&mut out, &rest[..open]);
        let tag = &rest[open + 1..];
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            out.push('<');
            rest = tag;
            continue;
        }
        let name_end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(tag.len());
        let name = tag[..name_end].to_ascii_lowercase();
        let end = if tag.starts_with("!--") { tag.find("-->").map(|at| at + 2) } else { tag.find('>') };
        let Some(end) = end else { return out };
        rest = &tag[end + 1..];
        if matches!(name.as_str(), "style" | "script" | "head" | "title" | "blockquote") {
            let closing = format!("</{name}");
            let Some(at) = find_ignoring_case(rest, &closing) else { return out };
            rest = &rest[at..];
        }
        if matches!(
            name.as_str(),
            "br" | "p" | "/p" | "div" | "/div" | "tr" | "li" | "h1" | "h2" | "h3" | "hr"
        ) {
            out.push('\n');
        }
    }
    push_entities(&mut out, rest);
    out
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let here = from + at;
        if text.as_bytes()[here..].len() >= needle.len()
            && text.as_bytes()[here..here + needle.len()].eq_ignore_ascii_case(needle.as_bytes())
        {
            return Some(here);
        }
        from = here + 2;
    }
    None
}

fn push_entities(out: &mut String, text: &str) {
    const LONGEST: usize = 10;
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.extend(rest[..at].chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST).position(|b| b == b';');
        let known = end.and_then(|end| Some((end, entity(&rest[1..end])?)));
        let (len, c) = known.map_or((1, '&'), |(end, c)| (end + 1, c));
        out.push(c);
        rest = &rest[len..];
    }
    out.extend(rest.chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    const NAMED: [(&str, char); 14] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("eacute", 'é'),
        ("egrave", 'è'),
        ("agrave", 'à'),
        ("ccedil", 'ç'),
        ("ecirc", 'ê'),
        ("ugrave", 'ù'),
        ("rsquo", '’'),
        ("hellip", '…'),
    ];
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// The first characters of a text, ending with a whole word.
pub(super) fn excerpt(text: &str) -> String {
    let cut = words::first_chars(text, EXCERPT_CHARS);
    if cut.len() == text.len() {
        return cut.to_owned();
    }
    let whole = cut.rfind(' ').filter(|at| *at > cut.len() / 2).map_or(cut, |at| &cut[..at]);
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ones_own_words_are_gathered() {
        for (text, own) in [
            ("Yes.\n\nOn Monday Anne wrote:\n> why?\n> because\n\nAgreed.\n-- \nBob", "Yes. Agreed."),
            ("This is the list:\none\ntwo", "This is the list: one two"),
            ("> all quoted", ""),
            ("Hello\n-----Original Message-----\nFrom: x", "Hello"),
            (
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHi\n-----BEGIN PGP SIGNATURE-----\nxyz",
                "Hi",
            ),
            ("Answer:\n", "Answer:"),
        ] {
            assert_eq!(gather(text), own, "{text:?}");
        }
    }

    #[test]
    fn html_without_its_tags() {
        for (html, text) in [
            ("<p>Un caf&eacute; &amp; l&#39;eau</p>", "Un café & l'eau"),
            ("<style>p { x }</STYLE><div>a</div><div>b</div>", "a b"),
            ("a < b <!-- <p>no --> c", "a < b c"),
            ("a<blockquote>old</blockquote>b", "ab"),
            ("&#xD800; &unknown; &", "&#xD800; &unknown; &"),
            ("<", "<"),
        ] {
            assert_eq!(gather(&without_tags(html)), text, "{html:?}");
        }
    }

    #[test]
    fn bombs_of_tags_are_read_in_one_pass() {
        for bomb in ["<", "<style>", "<!--", "&", "</", "<p", "&#1"] {
            let _ = without_tags(&bomb.repeat(TEXT_BYTES_READ / bomb.len()));
        }
    }
}
