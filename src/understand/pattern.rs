//! A phrase of the phrase book, ready to be found in a sentence.
//!
//! `(a)` may be missing, `[a|b]` is one of them, `ab*` whatever begins so, `@name` a set of phrases,
//! `<date>` something that is read and kept. Phrases are ours or an operator's; only sentences are strangers'.

use std::collections::HashMap;

use super::slots::{Kept, Slot};
use super::tokens::{self, Kin};

/// How deep brackets may stand in brackets.
const DEPTH_MAX: usize = 6;

/// Words of the phrase book by number.
#[derive(Default)]
pub(super) struct Vocabulary {
    numbers: HashMap<String, usize>,
    /// Beginnings of words, as `désinscri*`, and their numbers.
    stems: Vec<(String, usize)>,
}

/// A phrase as a small automaton.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    nodes: Vec<Vec<Edge>>,
    end: usize,
    /// What it can begin with: most phrases begin nowhere in most sentences.
    firsts: Vec<Label>,
}

#[derive(Clone, Debug)]
struct Edge {
    label: Label,
    to: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Label {
    Free,
    Word(usize),
    Set(usize),
    Slot(Slot),
}

/// A stretch of a sentence that says something.
#[derive(Clone, Debug, Default)]
pub(super) struct Span {
    pub(super) end: usize,
    /// Slips of the finger, and words stepped over.
    pub(super) slips: usize,
    /// Slips of the finger alone.
    pub(super) typos: usize,
    /// Words that were matched.
    pub(super) words: usize,
    pub(super) kept: Vec<Kept>,
}

/// What is known of a sentence before phrases are looked for in it.
pub(super) struct Chart {
    /// For each token the words it may be, and whether that is a slip.
    pub(super) words: Vec<Vec<(usize, bool)>>,
    /// For each set, for each place, what of it begins there.
    pub(super) sets: Vec<Vec<Vec<Span>>>,
    /// For each place, where something begins that says nothing, its ends.
    pub(super) idle: Vec<Vec<usize>>,
    /// For each slot and place.
    pub(super) slots: HashMap<Slot, Vec<Vec<(usize, Kept)>>>,
    /// Tokens that may be stepped over when a phrase is only to be proposed.
    pub(super) passable: Vec<bool>,
}

impl Chart {
    /// Where one can come from the start by nothing but politeness.
    pub(super) fn reached_by_idle(&self, end: usize) -> Vec<usize> {
        let mut reached = vec![0];
        for at in 0..end {
            if reached.contains(&at) {
                for next in &self.idle[at] {
                    if !reached.contains(next) {
                        reached.push(*next);
                    }
                }
            }
        }
        reached.sort_unstable();
        reached
    }

    /// Whether one can come from there to the end by nothing but politeness.
    pub(super) fn leads_to_end(&self, from: usize, end: usize) -> bool {
        let mut reached = vec![false; end + 1];
        reached[from] = true;
        for at in from..end {
            if reached[at] {
                for next in &self.idle[at] {
                    reached[*next] = true;
                }
            }
        }
        reached[end]
    }

    /// Whether politeness stands there.
    pub(super) fn is_idle_at(&self, at: usize) -> bool {
        self.idle.iter().enumerate().any(|(from, ends)| from <= at && ends.iter().any(|end| *end > at))
    }
}

/// How exactly a phrase has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Exactness {
    /// Nothing between its words but politeness.
    Whole,
    /// A word or two may stand between.
    Loose,
}

/// Slips of the finger and words stepped over, in one phrase.
const SLIPS_MAX: usize = 2;

impl Vocabulary {
    /// The number of a word, if it stands in the phrase book.
    pub(super) fn get(&self, word: &str) -> Option<usize> {
        self.numbers.get(word).copied()
    }

    /// The beginnings a word has of those in the phrase book.
    pub(super) fn stems_of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.stems.iter().filter(|(stem, _)| word.starts_with(stem)).map(|(_, number)| *number)
    }

    /// Words that were probably meant.
    pub(super) fn meant_by<'a>(&'a self, written: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.numbers.iter().filter(|(word, _)| tokens::is_slip(written, word)).map(|(_, number)| *number)
    }

    fn number(&mut self, word: &str) -> usize {
        let next = self.numbers.len() + self.stems.len();
        *self.numbers.entry(word.to_owned()).or_insert(next)
    }

    fn stem(&mut self, stem: &str) -> usize {
        if let Some((_, number)) = self.stems.iter().find(|(known, _)| known == stem) {
            return *number;
        }
        let number = self.numbers.len() + self.stems.len();
        self.stems.push((stem.to_owned(), number));
        number
    }
}

impl Pattern {
    /// Reads a phrase; `sets` are the names it may use.
    pub(super) fn parse(
        text: &str,
        kin: &Kin,
        vocabulary: &mut Vocabulary,
        sets: &HashMap<String, usize>,
    ) -> Result<Pattern, String> {
        let mut builder = Builder { nodes: vec![Vec::new()], kin, vocabulary, sets };
        let (end, rest) = builder.either(text, 0, 0)?;
        if !rest.is_empty() {
            return Err(format!("a bracket closes in {text:?} that did not open"));
        }
        let pattern = Pattern { nodes: builder.nodes, end, firsts: Vec::new() };
        if pattern.closure(0).contains(&end) {
            return Err(format!("{text:?} could be nothing at all"));
        }
        Ok(pattern.with_firsts())
    }

    /// The same after one of a set, which is needed or not.
    pub(super) fn after_set(&self, set: usize, needed: bool) -> Pattern {
        let mut nodes: Vec<Vec<Edge>> = vec![vec![Edge { label: Label::Set(set), to: 1 }]];
        if !needed {
            nodes[0].push(Edge { label: Label::Free, to: 1 });
        }
        for node in &self.nodes {
            nodes.push(node.iter().map(|edge| Edge { label: edge.label, to: edge.to + 1 }).collect());
        }
        Pattern { nodes, end: self.end + 1, firsts: Vec::new() }.with_firsts()
    }

    fn with_firsts(mut self) -> Pattern {
        let edges = self.closure(0).into_iter().flat_map(|node| &self.nodes[node]);
        self.firsts = edges.map(|edge| edge.label).filter(|label| *label != Label::Free).collect();
        self
    }

    fn may_begin(&self, chart: &Chart, at: usize) -> bool {
        self.firsts.iter().any(|label| match label {
            Label::Free => true,
            Label::Word(number) => {
                chart.words.get(at).is_some_and(|w| w.iter().any(|(word, _)| word == number))
            }
            Label::Set(set) => chart.sets.get(*set).and_then(|s| s.get(at)).is_some_and(|s| !s.is_empty()),
            Label::Slot(slot) => chart.slots.get(slot).and_then(|s| s.get(at)).is_some_and(|s| !s.is_empty()),
        })
    }

    /// Every stretch from `from` that is this phrase; of several with one end, the best.
    pub(super) fn spans(&self, chart: &Chart, from: usize, exactness: Exactness) -> Vec<Span> {
        if !self.may_begin(chart, from) {
            return Vec::new();
        }
        let mut found: Vec<Span> = Vec::new();
        let mut seen: HashMap<(usize, usize), usize> = HashMap::new();
        let mut waiting = vec![(0, Span { end: from, ..Span::default() })];
        while let Some((node, span)) = waiting.pop() {
            if seen.get(&(node, span.end)).is_some_and(|slips| *slips <= span.slips) {
                continue;
            }
            seen.insert((node, span.end), span.slips);
            if node == self.end {
                match found.iter_mut().find(|known| known.end == span.end) {
                    Some(known) if known.slips > span.slips => *known = span.clone(),
                    Some(_) => {}
                    None => found.push(span.clone()),
                }
            }
            for edge in &self.nodes[node] {
                waiting.extend(steps(edge.label, chart, &span).into_iter().map(|span| (edge.to, span)));
            }
            // Between two words of the phrase, not around it.
            if span.words > 0 && node != self.end {
                let idle = chart.idle.get(span.end).into_iter().flatten();
                waiting.extend(idle.map(|end| (node, Span { end: *end, ..span.clone() })));
                let loose = exactness == Exactness::Loose && span.slips < SLIPS_MAX;
                if loose && chart.passable.get(span.end).is_some_and(|passable| *passable) {
                    waiting.push((node, Span { end: span.end + 1, slips: span.slips + 1, ..span.clone() }));
                }
            }
        }
        found
    }

    /// Nodes reached without a word.
    fn closure(&self, from: usize) -> Vec<usize> {
        let mut reached = vec![from];
        let mut at = 0;
        while at < reached.len() {
            for edge in &self.nodes[reached[at]] {
                if edge.label == Label::Free && !reached.contains(&edge.to) {
                    reached.push(edge.to);
                }
            }
            at += 1;
        }
        reached
    }
}

fn steps(label: Label, chart: &Chart, span: &Span) -> Vec<Span> {
    let with = |end: usize, slips: usize, words: usize, kept: &[Kept]| {
        let kept = span.kept.iter().chain(kept).cloned().collect();
        Span { end, slips: span.slips + slips, typos: span.typos, words: span.words + words, kept }
    };
    let steps: Vec<Span> = match label {
        Label::Free => vec![span.clone()],
        Label::Word(number) => {
            let words = chart.words.get(span.end).into_iter().flatten();
            let is = words.filter(|(word, _)| *word == number);
            let typed = |slip: usize| Span { typos: span.typos + slip, ..with(span.end + 1, slip, 1, &[]) };
            is.map(|(_, slip)| typed(usize::from(*slip))).collect()
        }
        Label::Set(set) => {
            let of_set = chart.sets.get(set).and_then(|places| places.get(span.end)).into_iter().flatten();
            let all = |inner: &Span| {
                let outer = with(inner.end, inner.slips, inner.words, &inner.kept);
                Span { typos: span.typos + inner.typos, ..outer }
            };
            of_set.map(all).collect()
        }
        Label::Slot(slot) => {
            let of_slot = chart.slots.get(&slot).and_then(|places| places.get(span.end));
            let of_slot = of_slot.into_iter().flatten();
            // However many words are searched for, they say no more than one.
            let words = |end: usize| if slot == Slot::Words { 1 } else { end - span.end };
            of_slot.map(|(end, kept)| with(*end, 0, words(*end), std::slice::from_ref(kept))).collect()
        }
    };
    steps.into_iter().filter(|step| step.slips <= SLIPS_MAX).collect()
}

/// Builds nodes from the text of a phrase.
struct Builder<'a> {
    nodes: Vec<Vec<Edge>>,
    kin: &'a Kin,
    vocabulary: &'a mut Vocabulary,
    sets: &'a HashMap<String, usize>,
}

impl Builder<'_> {
    /// `a|b|c` up to a closing bracket; gives the last node and what follows.
    fn either<'t>(&mut self, text: &'t str, from: usize, depth: usize) -> Result<(usize, &'t str), String> {
        if depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} brackets in brackets"));
        }
        let end = self.node();
        let mut rest = text;
        loop {
            let (last, after) = self.sequence(rest, from, depth)?;
            self.edge(last, Label::Free, end);
            match after.strip_prefix('|') {
                Some(more) => rest = more,
                None => return Ok((end, after)),
            }
        }
    }

    fn sequence<'t>(&mut self, text: &'t str, from: usize, depth: usize) -> Result<(usize, &'t str), String> {
        let (mut at, mut rest) = (from, text.trim_start());
        loop {
            let special = rest.find(['(', '[', '@', '<', '|', ')', ']']).unwrap_or(rest.len());
            at = self.plain(&rest[..special], at);
            rest = &rest[special..];
            match rest.chars().next() {
                Some(open @ ('(' | '[')) => {
                    let close = if open == '(' { ')' } else { ']' };
                    let (end, after) = self.either(&rest[1..], at, depth + 1)?;
                    let after = after.strip_prefix(close);
                    rest = after.ok_or_else(|| format!("{open} is not closed in {text:?}"))?;
                    if open == '(' {
                        self.edge(at, Label::Free, end);
                    }
                    at = end;
                }
                Some('@') => {
                    let len = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '-');
                    let (name, after) = rest[1..].split_at(len.unwrap_or(rest.len() - 1));
                    let set = self.sets.get(name).ok_or_else(|| format!("there is no set @{name}"))?;
                    at = self.step(at, Label::Set(*set));
                    rest = after;
                }
                Some('<') => {
                    let close = rest.find('>').ok_or_else(|| format!("< is not closed in {text:?}"))?;
                    let name = &rest[1..close];
                    let slot = Slot::of_name(name).ok_or_else(|| format!("there is no <{name}>"))?;
                    at = self.step(at, Label::Slot(slot));
                    rest = &rest[close + 1..];
                }
                Some(_) | None => return Ok((at, rest)),
            }
        }
    }

    /// Words without brackets.
    fn plain(&mut self, text: &str, from: usize) -> usize {
        let mut at = from;
        for piece in text.split_whitespace() {
            // Alone they are words of a phrase, between digits of a sentence.
            if matches!(piece, "-" | "/") {
                let number = self.vocabulary.number(piece);
                at = self.step(at, Label::Word(number));
                continue;
            }
            if let Some(stem) = piece.strip_suffix('*').filter(|stem| !stem.is_empty()) {
                let number = self.vocabulary.stem(&tokens::fold(stem));
                at = self.step(at, Label::Word(number));
                continue;
            }
            for token in tokens::tokens(piece, 0, self.kin) {
                let number = self.vocabulary.number(&token.word);
                at = self.step(at, Label::Word(number));
            }
        }
        at
    }

    fn step(&mut self, from: usize, label: Label) -> usize {
        let to = self.node();
        self.edge(from, label, to);
        to
    }

    fn node(&mut self) -> usize {
        self.nodes.push(Vec::new());
        self.nodes.len() - 1
    }

    fn edge(&mut self, from: usize, label: Label, to: usize) {
        self.nodes[from].push(Edge { label, to });
    }
}
