//! A text in blocks: what the author wrote, what they quote, their signature.
//!
//! Only for showing: quotes can be folded, and every line of the text stands in some block.
//! Line by line with a few lines of looking ahead; what cannot be told apart stays text.

mod headings;
mod words;

use headings::{Heading, History};

/// Quotes of at most this many lines are shown unfolded.
const SHORT_QUOTE_LINES: usize = 3;
/// Lines below `-- ` beyond which it was no signature mark.
const SIGNATURE_LINES_MAX: usize = 30;
/// Empty lines allowed between an attribution and what it attributes.
const GAP_LINES_MAX: usize = 2;
/// Bytes of a line that may be a footer put there by a telephone.
const FOOTER_BYTES_MAX: usize = 120;

/// A stretch of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// What the author wrote.
    Text(String),
    /// What they answer to. One level of `>` is taken off; deeper ones stay.
    Quote {
        /// « Le 12 mai, Marie a écrit : », or the lines Outlook puts there.
        heading: Option<String>,
        /// What is quoted.
        text: String,
    },
    /// What stands below `-- `, or what a telephone or a list adds.
    Signature(String),
}

impl Block {
    /// A quote so short that folding it would hide what is being answered.
    pub fn short(&self) -> bool {
        match self {
            Block::Quote { text, .. } => text.lines().count() <= SHORT_QUOTE_LINES,
            Block::Text(_) | Block::Signature(_) => false,
        }
    }
}

/// Cuts a text into blocks.
pub fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    Cut::of(&lines, Aim::Show).run()
}

/// What is left of an answer for whoever obeys it: neither quote nor signature, nor a message that
/// was forwarded, even where nothing was written above them.
pub fn own_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let own = Cut::of(&lines, Aim::Obey).run().into_iter().filter_map(|block| match block {
        Block::Text(text) => Some(text),
        Block::Quote { .. } | Block::Signature(_) => None,
    });
    own.collect::<Vec<_>>().join("\n\n")
}

/// The same, each part below the last line of what is quoted before it, with `> ` before that.
pub fn own_words_in_place(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let (mut parts, mut quoted): (Vec<String>, Option<String>) = (Vec::new(), None);
    for block in Cut::of(&lines, Aim::Obey).run() {
        match block {
            Block::Text(text) => {
                parts.extend(quoted.take());
                parts.push(text);
            }
            Block::Quote { heading: _, text } => {
                let last = text.lines().rfind(|line| !line.trim().is_empty());
                quoted = last.map(|line| format!("> {line}"));
            }
            Block::Signature(_) => quoted = None,
        }
    }
    parts.join("\n")
}

/// History below an answer whose lines nothing marks as quoted, as Outlook puts it there: somebody
/// may have written among them, or below.
pub fn unmarked_history(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut cut = Cut::of(&lines, Aim::Obey);
    let mut at = 0;
    while at < lines.len() {
        at = cut.step(at);
    }
    cut.unmarked
}

/// What the blocks are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// A page: in doubt a line is what the author wants to be read.
    Show,
    /// Obeying what was written: in doubt a line is somebody else's.
    Obey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Signature,
}

struct Cut<'a> {
    lines: &'a [&'a str],
    blocks: Vec<Block>,
    kind: Kind,
    /// Lines of the block being read, of `kind`.
    pending: Vec<&'a str>,
    aim: Aim,
    /// The last history without marks.
    unmarked: Option<String>,
}

impl<'a> Cut<'a> {
    fn of(lines: &'a [&'a str], aim: Aim) -> Cut<'a> {
        Cut { lines, blocks: Vec::new(), kind: Kind::Text, pending: Vec::new(), aim, unmarked: None }
    }

    fn run(mut self) -> Vec<Block> {
        let mut at = 0;
        while at < self.lines.len() {
            at = self.step(at);
        }
        self.flush();
        self.blocks
    }

    /// Takes one line or more; returns the next line to look at.
    fn step(&mut self, at: usize) -> usize {
        let line = self.lines[at];
        if is_quoted(line) && !self.is_not_quoted(at) {
            self.flush();
            return self.quote(None, at);
        }
        if let Some(heading) = headings::attribution(self.lines, at)
            && let Some(next) = self.attributed(&heading)
        {
            return next;
        }
        match headings::history(self.lines, at) {
            Some(History::Quoted { from }) if self.has_own_words() => {
                self.flush();
                let heading = self.lines[at..from].join("\n");
                return self.rest(Some(heading), from);
            }
            Some(History::Forwarded { from }) if self.aim == Aim::Obey => {
                self.flush();
                return self.rest(None, from);
            }
            // A forward is content; nothing above it, so is a quoted block of headers.
            Some(History::Forwarded { from } | History::Quoted { from }) => {
                self.begin(Kind::Text);
                self.pending.extend(&self.lines[at..from]);
                return from;
            }
            None => {}
        }
        if self.starts_signature(at) {
            self.begin(Kind::Signature);
        } else if self.kind == Kind::Signature && line.trim().is_empty() && self.footer_is_over(at) {
            self.flush();
        }
        self.pending.push(line);
        at + 1
    }

    /// An attribution with its quote; nothing if there is no quote and it may be prose.
    fn attributed(&mut self, heading: &Heading) -> Option<usize> {
        let gap =
            self.lines[heading.end..].iter().take(GAP_LINES_MAX + 1).take_while(|l| l.trim().is_empty());
        let next = heading.end + gap.count();
        if self.lines.get(next).is_some_and(|line| is_quoted(line)) {
            self.flush();
            return Some(self.quote(Some(heading.text.clone()), next));
        }
        if heading.certain && self.has_own_words() {
            self.flush();
            return Some(self.rest(Some(heading.text.clone()), heading.end));
        }
        None
    }

    /// A run of lines marked with `>`.
    fn quote(&mut self, heading: Option<String>, from: usize) -> usize {
        let mut end = from;
        let mut at = from;
        while at < self.lines.len() {
            if is_quoted(self.lines[at]) {
                end = at + 1;
            } else if !self.lines[at].trim().is_empty() {
                break;
            }
            at += 1;
        }
        let text: Vec<&str> = self.lines[from..end].iter().map(|line| unquoted(line)).collect();
        self.push_quote(heading, &text);
        end
    }

    /// History without marks, which goes on to the end.
    fn rest(&mut self, heading: Option<String>, from: usize) -> usize {
        let text = self.lines[from..].to_vec();
        let unmarked: Vec<&str> = text.iter().copied().filter(|line| !is_quoted(line)).collect();
        self.unmarked = Some(unmarked.join("\n")).filter(|unmarked| !unmarked.trim().is_empty());
        self.push_quote(heading, &text);
        self.lines.len()
    }

    fn push_quote(&mut self, heading: Option<String>, text: &[&str]) {
        self.blocks.push(Block::Quote { heading, text: without_outer_blanks(text).join("\n") });
        self.kind = Kind::Text;
    }

    fn begin(&mut self, kind: Kind) {
        if self.kind != kind {
            self.flush();
            self.kind = kind;
        }
    }

    fn flush(&mut self) {
        let lines = std::mem::take(&mut self.pending);
        let text = without_outer_blanks(&lines).join("\n");
        if !text.is_empty() {
            self.blocks.push(match self.kind {
                Kind::Text => Block::Text(text),
                Kind::Signature => Block::Signature(text),
            });
        }
        self.kind = Kind::Text;
    }

    fn has_own_words(&self) -> bool {
        self.aim == Aim::Obey
            || !self.blocks.is_empty()
            || self.pending.iter().any(|line| !line.trim().is_empty())
    }

    /// `>From` in running text was escaped by a mailbox, and a sentence that speaks of versions or
    /// prices ("any Python / >3.12 will do") was cut before the sign: neither is a quote.
    fn is_not_quoted(&self, at: usize) -> bool {
        let quoted = |line: Option<&&str>| line.is_some_and(|l| is_quoted(l));
        let line = self.lines[at];
        let above = at.checked_sub(1).and_then(|before| self.lines.get(before));
        let running = above.is_some_and(|above| !above.trim().is_empty() && !above.trim().ends_with(':'));
        let compares = line
            .strip_prefix('>')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '='));
        (line.starts_with(">From ") || (running && compares))
            && !quoted(self.lines.get(at + 1))
            && !quoted(above)
    }

    fn starts_signature(&self, at: usize) -> bool {
        let line = self.lines[at].trim_end();
        if line == "--" || line == "\u{2014}" {
            // To the next quote or the end.
            let below = self.lines[at + 1..].iter().take(SIGNATURE_LINES_MAX + 1);
            let below = below.take_while(|l| !is_quoted(l)).count();
            return below <= SIGNATURE_LINES_MAX;
        }
        let ends = |next: &&str| next.trim().is_empty() || is_quoted(next) || next.starts_with("_____");
        let last_or_alone = self.lines.get(at + 1).is_none_or(ends);
        let above = at.checked_sub(1).map_or("", |above| self.lines[above]);
        let first = above.trim().is_empty() || is_quoted(above) || self.kind == Kind::Signature;
        let footer = line.len() <= FOOTER_BYTES_MAX && last_or_alone && headings::is_device_footer(line);
        // Mailman's rule is known also right below the last line.
        let apart = first || line.len() == headings::MAILMAN_RULE;
        footer || (apart && headings::is_list_footer(self.lines, at))
    }

    /// Below a footer that is no signature mark, an empty line gives the word back to the author.
    fn footer_is_over(&self, at: usize) -> bool {
        let is_footer = self.pending.len() == 1 && headings::is_device_footer(self.pending[0]);
        is_footer && self.lines[at..].iter().any(|line| !line.trim().is_empty())
    }
}

/// A quote mark at the start of a line, possibly after one space.
fn is_quoted(line: &str) -> bool {
    line.strip_prefix(' ').unwrap_or(line).starts_with('>')
}

/// Takes one level of quoting off.
fn unquoted(line: &str) -> &str {
    let line = line.strip_prefix(' ').filter(|l| l.starts_with('>')).unwrap_or(line);
    let line = line.strip_prefix('>').unwrap_or(line);
    line.strip_prefix(' ').unwrap_or(line)
}

fn without_outer_blanks<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let said = |line: &&str| !line.trim().is_empty();
    let start = lines.iter().position(said).unwrap_or(lines.len());
    let end = lines.iter().rposition(said).map_or(start, |last| last + 1);
    &lines[start..end]
}

#[cfg(test)]
mod tests;
