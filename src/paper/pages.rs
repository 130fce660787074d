//! What stands where: blocks into lines, lines onto A4 pages.

use super::fonts::{Face, Fonts, Run};
use super::lines::{Line, Setter, Span};
use super::sheet::{Block, Kind, Text};
use super::words::Footer;

/// A4, points.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;
const MARGIN: f32 = 82.0;
const TOP: f32 = 72.0;
const BOTTOM: f32 = 90.0;
const FOOT: f32 = 52.0;
const FOOT_SIZE: f32 = 8.5;
const TEXT_WIDTH: f32 = WIDTH - 2.0 * MARGIN;
/// Lines of a paragraph that are never alone at the foot or the head of a page.
const TOGETHER: usize = 2;
/// Of what follows a heading so much stands below it, points.
const FOLLOWS: f32 = 48.0;
const ENTRY_SIZE: f32 = 11.0;
const ENTRY_LEADING: f32 = 16.0;
/// Kept free for the number of a page in the contents.
const ENTRY_NUMBER: f32 = 34.0;

/// One page.
#[derive(Default)]
pub(super) struct Page {
    pub(super) marks: Vec<Mark>,
    /// Entries of the contents: the conversation each leads to, and the box it stands in.
    pub(super) entries: Vec<(usize, [f32; 4])>,
}

/// Something drawn.
pub(super) enum Mark {
    Run { x: f32, y: f32, size: f32, run: Run },
    Rule { x: f32, y: f32, width: f32 },
}

/// All pages, and where each conversation begins.
pub(super) struct Laid {
    pub(super) pages: Vec<Page>,
    /// By conversation: its page from 0, points from the top, and its title.
    pub(super) begins: Vec<(usize, f32, String)>,
}

pub(super) fn lay_out(blocks: &[Block], fonts: &Fonts, footer: &Footer) -> Laid {
    let mut press = Press {
        fonts,
        setter: Setter::new(fonts),
        laid: Laid { pages: vec![Page::default()], begins: Vec::new() },
        y: TOP,
    };
    for (at, block) in blocks.iter().enumerate() {
        press.block(block, blocks.get(at + 1..).unwrap_or_default());
    }
    press.number_entries();
    press.feet(footer);
    press.laid
}

struct Press<'f> {
    fonts: &'f Fonts,
    setter: Setter<'f>,
    laid: Laid,
    /// Where the next line begins.
    y: f32,
}

impl Press<'_> {
    fn block(&mut self, block: &Block, rest: &[Block]) {
        let above = if self.y <= TOP { 0.0 } else { block.above };
        match &block.kind {
            Kind::NewPage => {
                if self.y > TOP {
                    self.turn();
                }
            }
            Kind::Rule => {
                let below: f32 = if block.keeps { height_of_kept(rest) } else { 0.0 };
                if self.y + above + below > HEIGHT - BOTTOM {
                    self.turn();
                } else {
                    self.y += above;
                    if self.y > TOP {
                        self.mark(Mark::Rule { x: MARGIN, y: self.y, width: TEXT_WIDTH });
                    }
                }
            }
            Kind::Entry { title, thread } => self.entry(title, *thread, above),
            Kind::Text(text) => self.text(text, above, block.keeps, rest),
        }
    }

    fn text(&mut self, text: &Text, above: f32, keeps: bool, rest: &[Block]) {
        let width = (TEXT_WIDTH - text.indent) / text.size;
        let lines = self.setter.lines(&text.spans, width, text.tongue);
        let mut left = lines.as_slice();
        self.y += above;
        let wanted = if keeps { height_of_kept(rest) } else { 0.0 };
        #[allow(clippy::cast_precision_loss, reason = "a few")]
        let all = lines.len() as f32 * text.leading;
        if keeps && self.y + all + wanted > HEIGHT - BOTTOM && self.y > TOP {
            self.turn();
        }
        let mut first = true;
        while !left.is_empty() {
            let fit = self.fitting(text.leading);
            let now = match left.len() {
                count if count <= fit => count,
                // Neither the first line alone at the foot nor the last one at the head of a page.
                count if count - fit < TOGETHER => fit.saturating_sub(TOGETHER - 1),
                _ => fit,
            };
            let now = if now < TOGETHER.min(left.len()) { 0 } else { now };
            if now == 0 && self.y > TOP {
                self.turn();
                continue;
            }
            let (here, after) = left.split_at(now.clamp(1, left.len()));
            for line in here {
                if std::mem::take(&mut first) && text.thread.is_some() {
                    let title = text.spans.iter().map(|span| span.text.as_str()).collect();
                    self.laid.begins.push((self.laid.pages.len() - 1, self.y, title));
                }
                self.line(line, MARGIN + text.indent, text.size, text.leading);
            }
            left = after;
        }
    }

    /// How many lines have room on this page.
    fn fitting(&self, leading: f32) -> usize {
        let room = (HEIGHT - BOTTOM - self.y) / leading;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few, and not below 0")]
        let lines = room.max(0.0) as usize;
        lines
    }

    fn line(&mut self, line: &Line, x: f32, size: f32, leading: f32) {
        let mut x = x;
        let baseline = self.y + leading * 0.5 + size * 0.35;
        for Span { face, text } in &line.spans {
            for mut run in self.fonts.shape(text, *face) {
                stretch(&mut run, line.stretch);
                let width = run.width * size;
                self.mark(Mark::Run { x, y: baseline, size, run });
                x += width;
            }
        }
        self.y += leading;
    }

    fn entry(&mut self, title: &[Span], thread: usize, above: f32) {
        let lines = self.setter.lines(title, (TEXT_WIDTH - ENTRY_NUMBER) / ENTRY_SIZE, None);
        self.y += above;
        if self.fitting(ENTRY_LEADING) < lines.len() {
            self.turn();
        }
        let top = self.y;
        for line in &lines {
            self.line(&Line { stretch: 0.0, ..line.clone() }, MARGIN, ENTRY_SIZE, ENTRY_LEADING);
        }
        let place = [MARGIN, top, WIDTH - MARGIN, self.y];
        self.page().entries.push((thread, place));
    }

    /// Once it is known where everything stands.
    fn number_entries(&mut self) {
        for page in &mut self.laid.pages {
            for (thread, [_, _, right, bottom]) in &page.entries {
                let Some((number, ..)) = self.laid.begins.get(*thread) else { continue };
                let baseline = bottom - ENTRY_LEADING * 0.5 + ENTRY_SIZE * 0.35;
                for run in self.fonts.shape(&(number + 1).to_string(), Face::Regular) {
                    let x = right - run.width * ENTRY_SIZE;
                    page.marks.push(Mark::Run { x, y: baseline, size: ENTRY_SIZE, run });
                }
            }
        }
    }

    fn feet(&mut self, footer: &Footer) {
        let of = self.laid.pages.len();
        for (at, page) in self.laid.pages.iter_mut().enumerate() {
            let y = HEIGHT - FOOT;
            let mut x = MARGIN;
            for run in self.fonts.shape(&self.fonts.printable(&footer.left, Face::Regular), Face::Regular) {
                let width = run.width * FOOT_SIZE;
                page.marks.push(Mark::Run { x, y, size: FOOT_SIZE, run });
                x += width;
            }
            for run in self.fonts.shape(&footer.page(at + 1, of), Face::Regular) {
                let x = WIDTH - MARGIN - run.width * FOOT_SIZE;
                page.marks.push(Mark::Run { x, y, size: FOOT_SIZE, run });
            }
        }
    }

    fn page(&mut self) -> &mut Page {
        if self.laid.pages.is_empty() {
            self.laid.pages.push(Page::default());
        }
        self.laid.pages.last_mut().expect("there is one")
    }

    fn mark(&mut self, mark: Mark) {
        self.page().marks.push(mark);
    }

    fn turn(&mut self) {
        self.laid.pages.push(Page::default());
        self.y = TOP;
    }
}

/// What must stand below a block that keeps to what follows, points.
fn height_of_kept(rest: &[Block]) -> f32 {
    let mut height = FOLLOWS;
    for block in rest.iter().take_while(|block| block.keeps) {
        height += block.above;
        if let Kind::Text(text) = &block.kind {
            height += text.leading;
        }
    }
    height
}

/// Makes the spaces of a run wider, ems.
fn stretch(run: &mut Run, by: f32) {
    for glyph in &mut run.glyphs {
        if run.text.get(glyph.text.clone()) == Some(" ") {
            glyph.advance += by;
            run.width += by;
        }
    }
}
