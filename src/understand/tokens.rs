//! A text as words that can be compared: no case, no accents, no apostrophes; and its sentences.

use std::collections::HashMap;
use std::ops::Range;

use crate::domain::address::EmailAddress;

/// Words of a sentence that are looked at; a longer one is prose.
pub(super) const SENTENCE_WORDS_MAX: usize = 60;
/// Characters of a word or an address; a longer one is several.
const WORD_CHARS_MAX: usize = 400;
/// Bytes of a line after which the next one goes on with the same sentence.
const WRAPPED_LINE_BYTES_MIN: usize = 50;

/// A word, number, address or comma.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    /// Small letters without accents; a comma is `,`.
    pub(super) word: String,
    /// What else it is.
    pub(super) kind: Kind,
    /// Where it stands in the text.
    pub(super) at: Range<usize>,
    /// It begins with a capital letter.
    pub(super) capital: bool,
}

/// What a token is beside its letters.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    Word,
    Number(u64),
    Address(EmailAddress),
    Comma,
}

/// Words read as others: `jveux` as `je veux`, `mails` as `mail`.
pub(super) type Kin = HashMap<String, Vec<String>>;

/// A stretch of a text up to its full stop, or the end of its line.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) tokens: Vec<Token>,
    pub(super) question: bool,
    /// It begins a line.
    pub(super) opens_line: bool,
    /// It ends its line.
    pub(super) ends_line: bool,
    /// It holds signs of programs, tables and headings, which nobody writes to be obeyed.
    pub(super) signs: bool,
}

/// Signs of programs, tables and headings.
const SIGNS: [char; 9] = ['=', '|', '{', '}', '\\', '#', '~', '^', '$'];

/// What French leaves of a word before an apostrophe.
const ELIDED: &[(&str, &str)] = &[
    ("l", "le"),
    ("d", "de"),
    ("j", "je"),
    ("m", "me"),
    ("n", "ne"),
    ("s", "se"),
    ("t", "te"),
    ("c", "ce"),
    ("qu", "que"),
    ("jusqu", "jusque"),
    ("lorsqu", "lorsque"),
    ("puisqu", "puisque"),
    ("quelqu", "quelque"),
    ("aujourd", "aujourd"),
];

/// Small letters without accents.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' => out.push('a'),
            'ç' => out.push('c'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'î' | 'ï' | 'í' | 'ì' => out.push('i'),
            'ô' | 'ö' | 'ó' | 'ò' | 'õ' => out.push('o'),
            'û' | 'ü' | 'ù' | 'ú' => out.push('u'),
            'ÿ' => out.push('y'),
            'ñ' => out.push('n'),
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            '\u{300}'..='\u{36f}' => {}
            _ => out.push(c),
        }
    }
    out
}

/// The sentences of a text, without empty ones.
pub(super) fn sentences(text: &str, kin: &Kin) -> Vec<Sentence> {
    let mut found = Vec::new();
    for (line, from) in joined_lines(text) {
        let mut start = 0;
        let stops = stops(line);
        let ends = stops.into_iter().chain([(line.len(), line.len(), false)]);
        let mut opens_line = true;
        for (end, next, question) in ends {
            let tokens = tokens(&line[start..end], from + start, kin);
            if tokens.iter().any(|token| token.kind != Kind::Comma) {
                let ends_line = line[next..].trim().is_empty();
                let signs = line[start..end].contains(SIGNS);
                found.push(Sentence { tokens, question, opens_line, ends_line, signs });
                opens_line = false;
            } else if question && let Some(last) = found.last_mut().filter(|_| !opens_line) {
                last.question = true;
            }
            start = next;
        }
    }
    found
}

/// Lines, with those a program broke put together again: each with where it begins.
fn joined_lines(text: &str) -> Vec<(&str, usize)> {
    let mut lines: Vec<(&str, usize)> = Vec::new();
    let mut goes_on = false;
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end();
        if let Some((joined, from)) = lines.last_mut().filter(|_| goes_on && !line.is_empty()) {
            *joined = &text[*from..at + line.len()];
        } else {
            lines.push((line, at));
        }
        goes_on =
            line.chars().count() >= WRAPPED_LINE_BYTES_MIN && !line.ends_with(['.', '!', '?', ':', '…']);
        at += raw.len();
    }
    lines
}

/// Where sentences end on a line: before the mark, after it, and whether it asks.
fn stops(line: &str) -> Vec<(usize, usize, bool)> {
    let mut found: Vec<(usize, usize, bool)> = Vec::new();
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let (mut end, mut question) = (at + c.len_utf8(), c == '?');
        while let Some((next, more)) = chars.next_if(|(_, c)| matches!(c, '.' | '!' | '?' | '…')) {
            end = next + more.len_utf8();
            question |= more == '?';
        }
        let follows = line[end..].chars().next();
        let inside = c == '.' && follows.is_some_and(char::is_alphanumeric);
        let letter = line[..at].chars().rev().take_while(|c| c.is_alphanumeric()).count() == 1;
        let abbreviated = c == '.' && letter && follows.is_some();
        if !inside && !abbreviated {
            found.push((at, end, question));
        }
    }
    found
}

/// The words of a text.
pub(super) fn tokens(text: &str, offset: usize, kin: &Kin) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(c) = text[rest..].chars().next() {
        let end = rest + piece_len(&text[rest..]);
        if end > rest {
            let at = offset + rest..offset + end;
            piece(&text[rest..end], at, kin, &mut found);
            rest = end;
            continue;
        }
        if matches!(c, ',' | ';' | ':' | '(' | ')') {
            let at = offset + rest..offset + rest + 1;
            found.push(Token { word: ",".to_owned(), kind: Kind::Comma, at, capital: false });
        } else if matches!(c, '-' | '/' | '.' | '\u{2013}') && between_digits(text, rest, c.len_utf8()) {
            let at = offset + rest..offset + rest + c.len_utf8();
            let word = match c {
                '/' => "/",
                '.' => ".",
                _ => "-",
            };
            found.push(Token { word: word.to_owned(), kind: Kind::Word, at, capital: false });
        }
        rest += c.len_utf8();
    }
    found
}

fn between_digits(text: &str, at: usize, len: usize) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    digit(text[..at].chars().next_back()) && digit(text[at + len..].chars().next())
}

/// The bytes of a word, number or address at the start of a text; 0 if there is none.
fn piece_len(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')');
    let run = text.chars().take(WORD_CHARS_MAX).take_while(|c| !ends(*c)).map(char::len_utf8).sum::<usize>();
    if text[..run].contains('@') {
        return run;
    }
    let mut end = 0;
    let mut digits = None;
    for c in text[..run].chars() {
        let is_part = c.is_alphanumeric() || is_mark(c) || (end > 0 && is_apostrophe(c));
        // "15h": a number, then a word; "s.v.p": one word.
        let dotted = c == '.' && end > 0 && digits == Some(false);
        if !(is_part || dotted) || digits.is_some_and(|digits| digits != c.is_ascii_digit() && digits) {
            break;
        }
        digits.get_or_insert(c.is_ascii_digit());
        end += c.len_utf8();
    }
    end
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '´' | '`' | '‘')
}

fn piece(text: &str, at: Range<usize>, kin: &Kin, found: &mut Vec<Token>) {
    let capital = text.chars().next().is_some_and(char::is_uppercase);
    if text.contains('@') {
        let bare =
            text.trim_start_matches("mailto:").trim_matches(['.', '"', '«', '»', '!', '?', ':', '\'', '*']);
        if let Ok(address) = EmailAddress::parse(bare) {
            found.push(Token { word: address.key(), kind: Kind::Address(address), at, capital });
        }
        return;
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let number = text.parse().unwrap_or(u64::MAX);
        found.push(Token { word: text.to_owned(), kind: Kind::Number(number), at, capital: false });
        return;
    }
    let text: String = text.chars().filter(|c| *c != '.').collect();
    let mut push = |word: &str| {
        let token = |word: &str| Token { word: word.to_owned(), kind: Kind::Word, at: at.clone(), capital };
        let lower: String = word.chars().flat_map(char::to_lowercase).collect();
        let folded = fold(word);
        match kin.get(&lower).or_else(|| kin.get(&folded)) {
            Some(words) => found.extend(words.iter().map(|word| token(word))),
            None => found.push(token(&folded)),
        }
    };
    let mut parts = text.split(is_apostrophe).filter(|part| !part.is_empty()).peekable();
    let mut pending = String::new();
    while let Some(part) = parts.next() {
        let elided = ELIDED.iter().find(|(short, _)| pending.is_empty() && *short == fold(part));
        match elided.filter(|_| parts.peek().is_some()) {
            Some((_, whole)) => push(whole),
            None => pending.push_str(part),
        }
    }
    if !pending.is_empty() {
        push(&pending);
    }
}

/// Whether two words differ by so few slips of the finger that one was probably meant: a letter too
/// many, missing, wrong, or two the wrong way round; once in five letters, twice from eight on.
pub(super) fn is_slip(written: &str, meant: &str) -> bool {
    let allowed = match meant.len() {
        0..=4 => return false,
        5..=7 => 1,
        _ => 2,
    };
    if written.len().abs_diff(meant.len()) > allowed || written.len() > 40 || !written.is_ascii() {
        return false;
    }
    // Nobody misses the first letter; so "stop" is no "top".
    if written.as_bytes().first() != meant.as_bytes().first() {
        return false;
    }
    distance(written.as_bytes(), meant.as_bytes()) <= allowed
}

/// Edits between two words, neighbours changing places being one (optimal string alignment).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..=b.len() {
            let other = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + other);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
