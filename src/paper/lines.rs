//! Where lines end: the breaks that are best for a whole paragraph (Knuth and Plass, 1981), words
//! divided where their language divides them.

use std::collections::HashMap;

use hypher::{Lang, hyphenate_bounded};

use super::fonts::{Face, Fonts};
use crate::mail::text::{Segment, links};

/// Words are divided in this language; absent: not at all.
pub(super) type Tongue = Option<Lang>;

/// Some words of a paragraph, in one face.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Span {
    pub(super) face: Face,
    pub(super) text: String,
}

/// One line, ready to be drawn.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    pub(super) spans: Vec<Span>,
    /// What each of its spaces is wider than usual, ems; below zero: narrower.
    pub(super) stretch: f32,
}

/// What may follow a piece of a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    /// A space, or the end of a line in its place.
    Space,
    /// The rest of the word, or a hyphen and the end of a line.
    Syllable,
    /// The rest of the word, or the end of a line without a hyphen.
    Seam,
    /// The rest of the word.
    Nothing,
}

/// A piece of a word that is never divided.
struct Piece {
    text: String,
    face: Face,
    width: f32,
    after: After,
}

/// A space may become so much wider or narrower, as a share of itself.
const WIDER: f32 = 0.5;
const NARROWER: f32 = 0.3;
/// Spaces wider than this, ems, look worse than a line that ends early.
const STRETCH_MAX: f32 = 0.55;
/// What a hyphen costs, and two below each other.
const HYPHEN_COST: f32 = 2_500.0;
const HYPHENS_COST: f32 = 6_000.0;
/// A word shorter than this is not divided, characters.
const DIVIDED_CHARS_MIN: usize = 6;
/// So many characters of a word stay on either side of a hyphen.
const BEFORE_HYPHEN: usize = 2;
const AFTER_HYPHEN: usize = 3;
/// Longer words are no words, and end where the line does; characters.
const WORD_CHARS_MAX: usize = 60;
/// More pieces than this would not fit on any line: none is looked at for its beginning.
const PIECES_OF_LINE_MAX: usize = 400;

/// Sets paragraphs in lines; remembers how wide words are.
pub(super) struct Setter<'f> {
    fonts: &'f Fonts,
    widths: HashMap<(Face, String), f32>,
}

impl<'f> Setter<'f> {
    pub(super) fn new(fonts: &'f Fonts) -> Setter<'f> {
        Setter { fonts, widths: HashMap::new() }
    }

    /// A paragraph in lines `width` ems wide.
    pub(super) fn lines(&mut self, spans: &[Span], width: f32, tongue: Tongue) -> Vec<Line> {
        let pieces = self.pieces(spans, width, tongue);
        if pieces.is_empty() {
            return Vec::new();
        }
        let space = self.width(" ", Face::Regular);
        let hyphen = self.width("-", Face::Regular);
        let breaks = best_breaks(&pieces, width, space, hyphen);
        let mut lines = Vec::with_capacity(breaks.len());
        let mut from = 0;
        for end in breaks {
            lines.push(line(&pieces[from..end], end == pieces.len(), width, space, hyphen));
            from = end;
        }
        lines
    }

    fn width(&mut self, text: &str, face: Face) -> f32 {
        let key = (face, text.to_owned());
        if let Some(known) = self.widths.get(&key) {
            return *known;
        }
        let width = self.fonts.width(text, face);
        self.widths.insert(key, width);
        width
    }

    fn pieces(&mut self, spans: &[Span], width: f32, tongue: Tongue) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for Span { face, text } in spans {
            let printable = self.fonts.printable(text, *face);
            for (at, word) in printable.split(' ').enumerate() {
                if at > 0
                    && let Some(last) = pieces.last_mut()
                {
                    last.after = After::Space;
                }
                for (part, after) in divided(word, tongue) {
                    self.add(&mut pieces, &part, *face, after, width);
                }
            }
        }
        pieces
    }

    /// Adds a piece; one that is wider than a line in several.
    fn add(&mut self, pieces: &mut Vec<Piece>, text: &str, face: Face, after: After, width: f32) {
        let whole = self.width(text, face);
        if whole <= width {
            pieces.push(Piece { text: text.to_owned(), face, width: whole, after });
            return;
        }
        let mut part = String::new();
        let mut wide = 0.0;
        for sign in text.chars() {
            let more = self.width(&sign.to_string(), face);
            if wide + more > width && !part.is_empty() {
                let text = std::mem::take(&mut part);
                pieces.push(Piece { text, face, width: wide, after: After::Seam });
                wide = 0.0;
            }
            part.push(sign);
            wide += more;
        }
        pieces.push(Piece { text: part, face, width: wide, after });
    }
}

/// A word and where it may be divided.
fn divided(word: &str, tongue: Tongue) -> Vec<(String, After)> {
    if word.is_empty() {
        return Vec::new();
    }
    let is_address = word.contains('@') || links(word).iter().any(|part| matches!(part, Segment::Url(_)));
    if is_address || word.chars().count() > WORD_CHARS_MAX {
        return at_marks(word);
    }
    let mut parts = Vec::new();
    // A hyphen of the author's own divides without another one.
    for half in word.split_inclusive(['-', '–', '—', '/']) {
        syllables(half, tongue, &mut parts);
        if let Some((_, after)) = parts.last_mut() {
            *after = After::Seam;
        }
    }
    if let Some((_, after)) = parts.last_mut() {
        *after = After::Nothing;
    }
    parts
}

/// An address goes on behind its marks.
fn at_marks(word: &str) -> Vec<(String, After)> {
    let parts = word.split_inclusive(['/', '.', '?', '&', '=', '_', '-', '@', '%']);
    let mut parts: Vec<(String, After)> = parts.map(|part| (part.to_owned(), After::Seam)).collect();
    if let Some((_, after)) = parts.last_mut() {
        *after = After::Nothing;
    }
    parts
}

const APOSTROPHES: [char; 2] = ['’', '\''];

fn syllables(half: &str, tongue: Tongue, parts: &mut Vec<(String, After)>) {
    let is_letter = |c: char| c.is_alphabetic() || APOSTROPHES.contains(&c);
    let start = half.find(is_letter).unwrap_or(half.len());
    let end =
        half.rfind(is_letter).map_or(start, |at| at + half[at..].chars().next().map_or(1, char::len_utf8));
    let word = &half[start..end];
    let plain = word.chars().all(is_letter) && !word.chars().any(char::is_numeric);
    // « l’inondation »: the article stays with its word.
    let Some(tongue) = tongue.filter(|_| plain && word.chars().count() >= DIVIDED_CHARS_MIN) else {
        parts.push((half.to_owned(), After::Nothing));
        return;
    };
    // “the neighbours’ dog”: one behind a word belongs to what follows it.
    let inner = word.trim_end_matches(APOSTROPHES);
    let end = start + inner.len();
    let stem =
        inner.rfind(APOSTROPHES).map_or(0, |at| at + inner[at..].chars().next().map_or(1, char::len_utf8));
    let found: Vec<&str> = hyphenate_bounded(&inner[stem..], tongue, BEFORE_HYPHEN, AFTER_HYPHEN).collect();
    let count = found.len();
    if count == 0 {
        parts.push((half.to_owned(), After::Nothing));
    }
    for (at, syllable) in found.into_iter().enumerate() {
        let mut text = String::new();
        if at == 0 {
            text.push_str(&half[..start + stem]);
        }
        text.push_str(syllable);
        if at + 1 == count {
            text.push_str(&half[end..]);
        }
        parts.push((text, if at + 1 == count { After::Nothing } else { After::Syllable }));
    }
}

/// The pieces lines end before, so that all of them together look best.
fn best_breaks(pieces: &[Piece], width: f32, space: f32, hyphen: f32) -> Vec<usize> {
    let count = pieces.len();
    // The least cost of ending a line before each piece, and where that line begins.
    let mut best: Vec<(f32, usize)> = vec![(f32::INFINITY, 0); count + 1];
    best[0].0 = 0.0;
    for end in 1..=count {
        let last = end == count;
        let after = pieces[end - 1].after;
        if !last && after == After::Nothing {
            continue;
        }
        let hyphenated = !last && after == After::Syllable;
        let mut natural = if hyphenated { hyphen } else { 0.0 };
        let mut spaces = 0_u16;
        for from in (end.saturating_sub(PIECES_OF_LINE_MAX)..end).rev() {
            natural += pieces[from].width;
            if from + 1 < end && pieces[from].after == After::Space {
                natural += space;
                spaces += 1;
            }
            let room = f32::from(spaces) * space;
            let alone = from + 1 == end;
            if natural - room * NARROWER > width && !alone {
                break;
            }
            let before = best[from].0;
            if before.is_infinite() {
                continue;
            }
            let mut cost = before + line_cost(natural, width, room, last);
            if hyphenated {
                cost += HYPHEN_COST;
                let above = from.checked_sub(1).map(|above| pieces[above].after);
                cost += if above == Some(After::Syllable) { HYPHENS_COST } else { 0.0 };
            }
            if cost < best[end].0 {
                best[end] = (cost, from);
            }
        }
    }
    let mut breaks = vec![count];
    let mut at = best[count].1;
    while at > 0 {
        breaks.push(at);
        at = best[at].1;
    }
    breaks.reverse();
    breaks
}

/// How bad a line looks.
fn line_cost(natural: f32, width: f32, room: f32, last: bool) -> f32 {
    const BADNESS_MAX: f32 = 10_000_000.0;
    /// A line without spaces is as good as one with so much of it, ems.
    const ROOM_MIN: f32 = 0.25;
    let spare = width - natural;
    if last && spare >= 0.0 {
        return 1.0;
    }
    let may = room.max(ROOM_MIN) * if spare < 0.0 { NARROWER } else { WIDER };
    let ratio = spare.abs() / may;
    let badness = (100.0 * ratio.powi(3)).min(BADNESS_MAX);
    // Of two that are as bad, the fuller one.
    (10.0 + badness).powi(2) + spare.max(0.0)
}

fn line(pieces: &[Piece], last: bool, width: f32, space: f32, hyphen: f32) -> Line {
    let mut spans: Vec<Span> = Vec::new();
    let mut natural = 0.0;
    let mut spaces = 0_u16;
    let count = pieces.len();
    for (at, piece) in pieces.iter().enumerate() {
        let mut text = piece.text.clone();
        natural += piece.width;
        let ends = at + 1 == count;
        if piece.after == After::Space && !ends {
            text.push(' ');
            natural += space;
            spaces += 1;
        }
        if piece.after == After::Syllable && ends && !last {
            text.push(super::fonts::SOFT_HYPHEN);
            natural += hyphen;
        }
        match spans.last_mut().filter(|span| span.face == piece.face) {
            Some(span) => span.text.push_str(&text),
            None => spans.push(Span { face: piece.face, text }),
        }
    }
    let spare = width - natural;
    let each = if spaces > 0 { spare / f32::from(spaces) } else { 0.0 };
    let stretch = match (last, each) {
        (true, each) if each > 0.0 => 0.0,
        (_, each) if each > STRETCH_MAX => 0.0,
        (_, each) => each.max(-space * NARROWER),
    };
    Line { spans, stretch }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(word: &str, tongue: Tongue) -> String {
        let parts = divided(word, tongue);
        let mark = |after: After| match after {
            After::Space => " ",
            After::Syllable => "-",
            After::Seam => "|",
            After::Nothing => "",
        };
        parts.into_iter().map(|(text, after)| text + mark(after)).collect()
    }

    #[test]
    fn words_are_divided_as_their_language_does() {
        for (word, tongue, wanted) in [
            ("inondation", Some(Lang::French), "inon-da-tion"),
            ("l’inondation,", Some(Lang::French), "l’inon-da-tion,"),
            ("« Aujourd’hui »", Some(Lang::French), "« Aujourd’hui »"),
            ("porte-parole", Some(Lang::French), "porte-|pa-role"),
            ("neighbourhood", Some(Lang::English), "neigh-bour-hood"),
            ("neighbourhood", None, "neighbourhood"),
            ("neighbourhood’s", Some(Lang::English), "neighbourhood’s"),
            ("neighbours’", Some(Lang::English), "neigh-bours’"),
            ("l'e'galite'", Some(Lang::French), "l'e'ga-lite'"),
            ("", Some(Lang::French), ""),
            ("2026-11-23", Some(Lang::French), "2026-|11-|23"),
            ("https://a.example/b-c?d=e", Some(Lang::French), "https:/|/|a.|example/|b-|c?|d=|e"),
        ] {
            assert_eq!(parts(word, tongue), wanted, "{word}");
        }
    }

    /// Whatever signs stand in it and around it.
    #[test]
    fn no_word_is_lost() {
        let signs = ["", "'", "’", "l’", "''", "(", "».", "-", "\"", "’-", "1", "é"];
        for word in ["souligne", "égalité", "neighbours", "a", ""] {
            for (before, behind) in signs.iter().flat_map(|one| signs.iter().map(move |two| (one, two))) {
                let whole = format!("{before}{word}{behind}{word}{before}");
                for tongue in [Some(Lang::French), Some(Lang::English), None] {
                    let again: String = divided(&whole, tongue).into_iter().map(|(part, _)| part).collect();
                    assert_eq!(again, whole);
                }
            }
        }
    }

    #[test]
    fn lines_are_full_and_none_is_too_wide() {
        let fonts = Fonts::ours();
        let mut setter = Setter::new(&fonts);
        let text =
            "La réunion des habitants de la rue des Lilas aura lieu dans la grande salle, et non dans \
                    la bibliothèque, comme on l’avait annoncé la semaine dernière. Aucune inscription n’est \
                    nécessaire, mais des volontaires seraient particulièrement bienvenus."
                .to_owned();
        for width in [12.0, 20.0, 38.0] {
            let spans = [Span { face: Face::Regular, text: text.clone() }];
            let lines = setter.lines(&spans, width, Some(Lang::French));
            assert!(lines.len() > 2);
            let mut again = String::new();
            for (at, line) in lines.iter().enumerate() {
                let said: String = line.spans.iter().map(|span| span.text.as_str()).collect();
                let spaces = said.matches(' ').count();
                #[allow(clippy::cast_precision_loss, reason = "a few")]
                let wide = fonts.width(&said, Face::Regular) + spaces as f32 * line.stretch;
                assert!(wide <= width + 0.05, "{wide} > {width}: {said}");
                assert!(at + 1 == lines.len() || wide > width * 0.7, "{wide} of {width}: {said}");
                match said.strip_suffix(super::super::fonts::SOFT_HYPHEN) {
                    Some(half) => again.push_str(half),
                    None => again.push_str(&format!("{said} ")),
                }
            }
            assert_eq!(again.trim(), text);
        }
    }

    #[test]
    fn no_word_is_too_long_and_no_text_too_odd() {
        let fonts = Fonts::ours();
        let mut setter = Setter::new(&fonts);
        for text in [
            "x".repeat(3_000),
            "漢字かな".repeat(300),
            "👩‍👩‍👧‍👦🏽".repeat(200),
            "- ".repeat(2_000),
            "\u{202e}\u{0}\u{ad}\u{ad}".repeat(50),
            "a-".repeat(4_000),
        ] {
            let spans = [Span { face: Face::Italic, text }];
            for line in setter.lines(&spans, 30.0, Some(Lang::English)) {
                let said: String = line.spans.iter().map(|span| span.text.as_str()).collect();
                assert!(fonts.width(&said, Face::Italic) <= 30.6, "{said}");
            }
        }
    }
}
