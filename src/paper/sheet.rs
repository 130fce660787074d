//! What stands on the paper, in order: the facts of an edition as blocks of text.

use hypher::Lang;

use super::Handed;
use super::fonts::Face;
use super::lines::{Span, Tongue};
use super::words::{Words, words};
use crate::digest::{Item, Sheet, ThreadPart};
use crate::domain::list::Language;
use crate::mail::paragraphs::{Paragraph, paragraphs};

/// Something that stands on its own lines.
pub(super) struct Block {
    pub(super) kind: Kind,
    /// Points.
    pub(super) above: f32,
    /// It does not stand at the foot of a page without what follows.
    pub(super) keeps: bool,
}

/// What a block is.
pub(super) enum Kind {
    Text(Text),
    /// A line of the contents.
    Entry {
        title: Vec<Span>,
        thread: usize,
    },
    Rule,
    /// What follows begins a page.
    NewPage,
}

/// A paragraph.
pub(super) struct Text {
    pub(super) spans: Vec<Span>,
    pub(super) tongue: Tongue,
    pub(super) size: f32,
    /// Points from line to line.
    pub(super) leading: f32,
    /// Points from the margin.
    pub(super) indent: f32,
    /// The conversation that begins here.
    pub(super) thread: Option<usize>,
}

/// Text is set in this size, points; older eyes read it.
const SIZE: f32 = 11.0;
const LEADING: f32 = 16.0;
const SMALL: f32 = 9.5;
const SMALL_LEADING: f32 = 13.5;
/// Between paragraphs, points.
const APART: f32 = 6.0;
/// What hangs or is kept apart stands so far in, points.
const INDENT: f32 = 16.0;
/// A space at the beginning of a line, points.
const SPACE: f32 = 4.0;

/// Everything, in order.
pub(super) fn blocks(sheet: &Sheet, handed: &[Handed]) -> Vec<Block> {
    let own =
        Setting { t: words(sheet.language), language: sheet.language, tongue: Some(tongue(sheet.language)) };
    let mut blocks = Vec::new();
    own.front(sheet, &mut blocks);
    for (at, thread) in sheet.threads.iter().enumerate() {
        own.thread(at, thread, &mut blocks);
    }
    own.how_to_answer(sheet, &mut blocks);
    if !handed.is_empty() {
        own.hand_out(sheet, handed, &mut blocks);
    }
    blocks
}

fn tongue(language: Language) -> Lang {
    match language {
        Language::Fr => Lang::French,
        Language::En => Lang::English,
    }
}

fn span(face: Face, text: &str) -> Vec<Span> {
    vec![Span { face, text: text.to_owned() }]
}

fn text(spans: Vec<Span>, tongue: Tongue) -> Text {
    Text { spans, tongue, size: SIZE, leading: LEADING, indent: 0.0, thread: None }
}

fn block(above: f32, text: Text) -> Block {
    Block { kind: Kind::Text(text), above, keeps: false }
}

/// The words and the language of the list.
struct Setting {
    t: Words,
    language: Language,
    tongue: Tongue,
}

impl Setting {
    fn front(&self, sheet: &Sheet, blocks: &mut Vec<Block>) {
        let title = |face: Face, words: &str, size: f32, leading: f32| Text {
            size,
            leading,
            ..text(span(face, &typeset(words, self.language)), None)
        };
        blocks.push(block(0.0, title(Face::Bold, &sheet.group, 26.0, 32.0)));
        if !sheet.heading.is_empty() {
            blocks.push(block(2.0, title(Face::Italic, &capital(&sheet.heading), 16.0, 22.0)));
        }
        blocks.push(block(4.0, self.small(Face::Regular, &capital(&sheet.about))));
        if !sheet.by.is_empty() {
            blocks.push(block(0.0, self.small(Face::Regular, &format!("{} {}", self.t.by, sheet.by))));
        }
        blocks.push(Block { kind: Kind::Rule, above: 10.0, keeps: false });
        self.words(&sheet.intro, (Face::Regular, 0.0), 12.0, self.tongue, blocks);
        let contents = Text { size: 12.0, ..text(span(Face::Bold, self.t.contents), self.tongue) };
        blocks.push(Block { keeps: true, ..block(16.0, contents) });
        for (thread, part) in sheet.threads.iter().enumerate() {
            let mut title = span(Face::Regular, &typeset(&part.title, self.language));
            if !part.told_apart.is_empty() {
                title.extend(span(Face::Italic, &format!(", {}", part.told_apart)));
            }
            blocks.push(Block { kind: Kind::Entry { title, thread }, above: 2.0, keeps: false });
        }
    }

    fn thread(&self, at: usize, part: &ThreadPart, blocks: &mut Vec<Block>) {
        blocks.push(Block { kind: Kind::Rule, above: 22.0, keeps: true });
        let tongue = part.items.first().map_or(self.tongue, |item| self.tongue_of(item));
        let title = Text {
            size: 15.0,
            leading: 20.0,
            thread: Some(at),
            ..text(span(Face::Bold, &self.set(&part.title, tongue)), tongue)
        };
        blocks.push(Block { keeps: true, ..block(8.0, title) });
        self.words(&part.note, (Face::Italic, INDENT), APART, self.tongue, blocks);
        if let Some(summary) = &part.summary {
            let by = format!("{} {}", self.t.summary_by, summary.by);
            let by = Text { indent: INDENT, ..text(span(Face::Bold, &by), None) };
            blocks.push(Block { keeps: true, ..block(APART, by) });
            self.words(&summary.text, (Face::Regular, INDENT), 2.0, self.tongue, blocks);
        }
        for item in &part.items {
            self.item(item, blocks);
        }
        if part.left_out > 0 {
            let others = crate::digest::others(part.left_out, self.language);
            blocks.push(block(APART, self.small(Face::Italic, &format!("({others})"))));
        }
    }

    fn item(&self, item: &Item, blocks: &mut Vec<Block>) {
        let mut by = span(Face::Bold, &item.author);
        by.extend(span(Face::Regular, &format!(", {}", item.when)));
        let by = Text { size: 10.0, ..text(by, None) };
        blocks.push(Block { keeps: true, ..block(10.0, by) });
        let tongue = self.tongue_of(item);
        if item.text.text.trim().is_empty() {
            blocks.push(block(2.0, self.small(Face::Italic, self.t.no_words)));
        }
        self.words(&item.text.text, (Face::Regular, 0.0), 2.0, tongue, blocks);
        if item.text.cut {
            blocks.push(block(2.0, self.small(Face::Italic, self.t.cut)));
        }
        for attached in &item.attachments {
            let words = format!("{}{}{} ({})", self.t.attached, self.t.colon, attached.name, attached.size);
            blocks.push(block(2.0, self.small(Face::Italic, &words)));
        }
    }

    /// Words of people, paragraph by paragraph.
    fn words(
        &self,
        words: &str,
        (face, indent): (Face, f32),
        above: f32,
        tongue: Tongue,
        blocks: &mut Vec<Block>,
    ) {
        let mut above = above;
        for paragraph in paragraphs(words) {
            let item = if paragraph.item { INDENT } else { 0.0 };
            let next = if paragraph.followed { 0.0 } else { APART };
            for line in self.lines_of(&paragraph) {
                let text = if paragraph.aligned {
                    let fixed = line.replace(' ', "\u{a0}");
                    Text { size: 8.5, leading: 11.5, indent, ..text(span(Face::Fixed, &fixed), None) }
                } else {
                    let (face, line) = match line.strip_prefix("> ").or(line.strip_prefix('>')) {
                        Some(quoted) => (Face::Italic, quoted.to_owned()),
                        None => (face, line),
                    };
                    let words = line.trim_start_matches('\u{a0}');
                    let spaces =
                        u8::try_from(line.chars().count() - words.chars().count()).unwrap_or(u8::MAX);
                    let line = words.to_owned();
                    let quoted = if face == Face::Italic { INDENT } else { item };
                    let indent = indent.max(quoted) + SPACE * f32::from(spaces);
                    Text { indent, ..text(span(face, &self.set(&line, tongue)), tongue) }
                };
                blocks.push(block(above, text));
                above = 0.0;
            }
            above = next;
        }
    }

    /// The lines that end by choice.
    fn lines_of(&self, paragraph: &Paragraph) -> Vec<String> {
        if paragraph.aligned {
            return paragraph.pieces.iter().flat_map(|piece| piece.text.lines()).map(str::to_owned).collect();
        }
        let mut lines = vec![String::new()];
        for piece in &paragraph.pieces {
            if let Some(line) = lines.last_mut() {
                line.push_str(&piece.text);
            }
            if piece.ends_line {
                lines.push(String::new());
            }
        }
        lines.retain(|line| !line.trim().is_empty());
        lines
    }

    fn how_to_answer(&self, sheet: &Sheet, blocks: &mut Vec<Block>) {
        blocks.push(Block { kind: Kind::Rule, above: 24.0, keeps: true });
        let title = Text { size: 12.0, ..text(span(Face::Bold, self.t.to_answer), None) };
        blocks.push(Block { keeps: true, ..block(8.0, title) });
        if !sheet.doors.post.is_empty() {
            let mail = format!("{}{}.", self.t.by_mail, sheet.doors.post);
            blocks.push(block(2.0, text(span(Face::Regular, &mail), self.tongue)));
        }
        blocks.push(block(2.0, text(span(Face::Regular, self.t.by_hand), self.tongue)));
    }

    /// The last page, for whoever brings them.
    fn hand_out(&self, sheet: &Sheet, handed: &[Handed], blocks: &mut Vec<Block>) {
        blocks.push(Block { kind: Kind::NewPage, above: 0.0, keeps: false });
        let title = Text { size: 16.0, leading: 22.0, ..text(span(Face::Bold, self.t.hand_to), None) };
        blocks.push(block(0.0, title));
        let edition = if sheet.heading.is_empty() { &sheet.about } else { &sheet.heading };
        blocks.push(block(2.0, self.small(Face::Italic, &format!("{} · {edition}", sheet.group))));
        blocks.push(block(2.0, self.small(Face::Regular, self.t.hand_to_how)));
        for (at, Handed { name, how }) in handed.iter().enumerate() {
            let mut line = span(Face::Regular, "\u{25a1}\u{2002}");
            line.extend(span(Face::Bold, name));
            if !how.is_empty() {
                line.extend(span(Face::Regular, &format!(", {how}")));
            }
            blocks.push(block(if at == 0 { 16.0 } else { 8.0 }, text(line, None)));
        }
    }

    fn small(&self, face: Face, words: &str) -> Text {
        let words = typeset(words, self.language);
        Text { size: SMALL, leading: SMALL_LEADING, ..text(span(face, &words), None) }
    }

    /// The language of a post where it is certain; of a few words it never is.
    fn tongue_of(&self, item: &Item) -> Tongue {
        match item.language.as_str() {
            "" => self.tongue,
            "fr" => Some(Lang::French),
            "en" => Some(Lang::English),
            _ => None,
        }
    }

    fn set(&self, words: &str, tongue: Tongue) -> String {
        match tongue {
            Some(Lang::French) => typeset(words, Language::Fr),
            _ => typeset(words, Language::En),
        }
    }
}

/// Apostrophes, and in French the spaces before its marks.
fn typeset(words: &str, language: Language) -> String {
    let signs: Vec<char> = words.chars().collect();
    let mut set = String::with_capacity(words.len());
    for (at, sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| signs[before]);
        let after = signs.get(at + 1).copied();
        let letters = before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic);
        set.push(match (language, sign, after) {
            (_, '\'', _) if letters => '’',
            (Language::Fr, ' ' | '\u{a0}', Some(';' | '!' | '?')) => '\u{202f}',
            (Language::Fr, ' ', Some(':' | '»')) => '\u{a0}',
            (Language::Fr, ' ', _) if before == Some('«') => '\u{a0}',
            (_, sign, _) => *sign,
        });
    }
    set
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
