//! What programs write above and below a quote, in the languages they are met in.

use super::words::{
    DEVICE_FOOTERS, FORWARDS, FROM_FIELDS, MOMENT_FIELDS, OPENINGS, ORIGINALS, OTHER_FIELDS, VERBS,
};

/// Lines an attribution may be broken over.
const ATTRIBUTION_LINES_MAX: usize = 4;
/// Bytes of an attribution.
const ATTRIBUTION_BYTES_MAX: usize = 400;
/// Lines searched for the fields of a block of headers.
const HEADER_LINES_MAX: usize = 14;
/// Digits of a day, a year and an hour: what people rarely write before "wrote:".
const DATE_AND_HOUR_DIGITS: usize = 7;
/// Words after the verb: "schrieb Marie Muster am Fr., 28. Apr. 2017 um 11:53 Uhr".
const VERB_TAIL_WORDS_MAX: usize = 10;
/// Bytes of such a field's name; one of Arabic has two a letter.
const FIELD_BYTES_MAX: usize = 32;
/// Fields that make such a block.
const HEADER_FIELDS_MIN: usize = 3;

/// « Le 12 mai 2026 à 10:23, Marie a écrit : »
pub(super) struct Heading {
    /// On one line.
    pub(super) text: String,
    /// The line after it.
    pub(super) end: usize,
    /// It has the shape only programs write, so what follows is a quote even without marks.
    pub(super) certain: bool,
}

/// A message put below another one without quote marks; `from` is its first line of text.
pub(super) enum History {
    Quoted { from: usize },
    Forwarded { from: usize },
}

/// An attribution that starts at this line.
pub(super) fn attribution(lines: &[&str], at: usize) -> Option<Heading> {
    let first = lines[at].trim();
    let lower = first.to_lowercase();
    if stands_above_quote(lines, at) {
        return Some(Heading { text: first.to_owned(), end: at + 1, certain: false });
    }
    let opened = OPENINGS.iter().any(|opening| lower.starts_with(opening)) || starts_with_date(&lower);
    let mut text = String::new();
    for (n, line) in lines[at..].iter().take(ATTRIBUTION_LINES_MAX).enumerate() {
        let line = line.trim_matches(is_blank_or_bidi);
        let is_end_of_address = line == ">:" && text.contains('<');
        if line.is_empty()
            || (line.starts_with('>') && !is_end_of_address)
            || text.len() + line.len() > ATTRIBUTION_BYTES_MAX
        {
            return None;
        }
        if !text.is_empty() && !is_end_of_address {
            text.push(' ');
        }
        text.push_str(line);
        if let Some(certain) = ends_attribution(&text, opened) {
            return Some(Heading { text, end: at + n + 1, certain });
        }
        // Only what opens like an attribution may go on over the next line.
        if !opened && !looks_like_a_name(line) {
            return None;
        }
    }
    None
}

/// Marks of direction stand around everything where Hebrew and Arabic are written.
fn is_blank_or_bidi(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Is this whole text an attribution, and is it certain?
fn ends_attribution(text: &str, opened: bool) -> Option<bool> {
    // Zoho: "---- On Tue, 22 Dec 2015 14:17:36 +0530 Marie <marie@…> wrote ----"
    let dashed = text.strip_prefix("----").and_then(|t| t.strip_suffix("----"));
    let body = dashed.or_else(|| text.strip_suffix([':', '：']))?;
    let lower = body.trim_matches([' ', '\u{a0}', '\u{202f}', ',', ':']).to_lowercase();
    let verb = VERBS.iter().any(|verb| holds_verb(&lower, verb));
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    let addressed = lower.contains('@') && lower.contains('<');
    let dated = opened && (digits >= DATE_AND_HOUR_DIGITS || (digits >= 3 && lower.contains('@')));
    // "2026-05-12 10:23 GMT+02:00 Marie <marie@…>:"
    // "чт, 10 июн. 2027 г. в 10:23, Marie <marie@…>:"
    let dated_and_addressed = addressed && digits >= DATE_AND_HOUR_DIGITS;
    let verbless = dated_and_addressed || (starts_with_date(&lower) && lower.contains('@'));
    (verb || verbless).then_some(dated || (verb && addressed) || (verb && dashed.is_some()))
}

/// A line with a date and a name right above a quote, of programs that write no verb.
fn stands_above_quote(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    let above = lines.get(at + 1).is_some_and(|l| l.is_empty())
        && lines.get(at + 2).is_some_and(|l| l.starts_with('>'));
    let directly = lines.get(at + 1).is_some_and(|l| l.starts_with('>'));
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    (above || directly) && line.len() <= 160 && starts_with_date(&line.to_lowercase()) && digits >= 8
}

/// The verb at the end, or followed by a few words ("schrieb Marie Muster").
fn holds_verb(lower: &str, verb: &str) -> bool {
    let Some(at) = lower.rfind(verb) else { return false };
    let after = &lower[at + verb.len()..];
    let ends_word = after.chars().next().is_none_or(|c| !c.is_alphabetic());
    ends_word && after.split_whitespace().count() <= VERB_TAIL_WORDS_MAX
}

fn starts_with_date(lower: &str) -> bool {
    let digits = lower.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &lower[digits..];
    matches!(digits, 1 | 2 | 4)
        && rest.starts_with(['-', '/', '.', ' ', '年'])
        && rest.bytes().any(|b| b.is_ascii_digit())
}

/// "Marie Dupont <marie@exemple.example>", before a line with the verb alone.
fn looks_like_a_name(line: &str) -> bool {
    line.contains('@') && line.contains('<') && line.len() <= 120
}

/// A message below this one, from this line on.
pub(super) fn history(lines: &[&str], at: usize) -> Option<History> {
    let line = lines[at].trim().trim_start_matches('*').trim_end_matches('*');
    let bare =
        line.trim_matches(['-', '_', '=', ' ', '\u{a0}', ':', '<', '>']).to_lowercase().replace('’', "'");
    let ruled = line.starts_with("--") || line.starts_with("__") || line.starts_with("==");
    let is_forward = FORWARDS.iter().any(|f| bare == *f || (ruled && bare.starts_with(f)));
    if is_forward && (ruled || line.ends_with(':')) {
        let header = skip_blanks(lines, at + 1);
        return Some(History::Forwarded { from: header_block(lines, header).unwrap_or(at + 1) });
    }
    if ruled && ORIGINALS.contains(&bare.as_str()) {
        let header = skip_blanks(lines, at + 1);
        return Some(History::Quoted { from: header_block(lines, header).unwrap_or(at + 1) });
    }
    // Outlook on the web draws a line of underscores above the block.
    let rule = line.len() >= 10 && bare.is_empty() && ruled;
    let block = if rule { skip_blanks(lines, at + 1) } else { at };
    // GMX and Orange write when before who.
    let begins = |name: &str| FROM_FIELDS.contains(&name) || MOMENT_FIELDS.contains(&name);
    if rule || field(line).is_some_and(|name| begins(&name)) {
        return header_block(lines, block).map(|from| History::Quoted { from });
    }
    None
}

fn skip_blanks(lines: &[&str], at: usize) -> usize {
    let blanks =
        lines[at.min(lines.len())..].iter().take(2).take_while(|line| line.trim().is_empty()).count();
    at + blanks
}

/// The first line after a block of header fields that starts here.
fn header_block(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines.get(at).and_then(|line| field(line))?;
    let is_from = FROM_FIELDS.contains(&first.as_str());
    if !is_from && !OTHER_FIELDS.contains(&first.as_str()) {
        return None;
    }
    let (mut fields, mut from_seen, mut end) = (0, false, at);
    for (n, line) in lines[at..].iter().take(HEADER_LINES_MAX).enumerate() {
        match field(line) {
            Some(name) if FROM_FIELDS.contains(&name.as_str()) => {
                (fields, from_seen) = (fields + 1, true);
                end = at + n + 1;
            }
            Some(name) if OTHER_FIELDS.contains(&name.as_str()) => {
                fields += 1;
                end = at + n + 1;
            }
            Some(_) | None if line.trim().is_empty() => {
                if fields >= HEADER_FIELDS_MIN || fields == 0 {
                    break;
                }
                // Some programs leave an empty line after each field.
            }
            // One that is not known, between others.
            Some(name) if !name.contains(' ') && fields > 0 && fields < HEADER_FIELDS_MIN => end = at + n + 1,
            // A field that went over to the next line; the text begins after an empty one.
            Some(_) | None => {
                if n + 1 == lines.len() - at || fields == 0 {
                    break;
                }
                if end == at + n && fields < HEADER_FIELDS_MIN + 2 && line.contains(['@', ';', '<']) {
                    end = at + n + 1;
                } else {
                    break;
                }
            }
        }
    }
    (from_seen && fields >= HEADER_FIELDS_MIN).then_some(end)
}

/// The name of a header field as programs write it in a text: `De :`, `*From:*`, `Objet :`.
fn field(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(['*', '>', ' ']);
    let (name, _) = line.split_once(':')?;
    let name = name.trim_matches(['*', ' ', '\u{a0}', '\u{202f}']);
    (name.len() <= FIELD_BYTES_MAX).then(|| name.to_lowercase())
}

/// « Envoyé de mon iPhone »
pub(super) fn is_device_footer(line: &str) -> bool {
    let lower = line.trim().trim_start_matches(['(', '[', '*', '-', ' ']).to_lowercase();
    DEVICE_FOOTERS.iter().any(|footer| lower.starts_with(footer)) && lower.split_whitespace().count() <= 12
}

/// How long the rule is that Mailman puts above its footer, characters.
pub(super) const MAILMAN_RULE: usize = 47;

/// The rule and the lines below it that list programs add at the very end.
pub(super) fn is_list_footer(lines: &[&str], at: usize) -> bool {
    let rule = lines[at].trim_end();
    let is_rule = rule.len() >= 20 && rule.bytes().all(|b| b == b'_');
    let below = &lines[at + 1..];
    let said = || below.iter().filter(|line| !line.trim().is_empty());
    is_rule
        && below.len() <= 12
        && said().next().is_some()
        && said().any(|line| line.contains("://") || line.contains('@'))
        && !below.iter().any(|line| line.starts_with('>'))
}
