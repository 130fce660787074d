//! What a text is about, where no sentence of it is a phrase of the phrase book.
//!
//! A gist is a handful of clues, in any order and with anything between them, that stand together in
//! one sentence: `@off @mails @me`. The gist with the most to go by is proposed, and nothing is ever
//! done on one. Knows nothing of order or grammar; those are `sentence`'s.

use std::collections::HashMap;

use super::pattern::{Chart, Exactness, Pattern, Span, Vocabulary};
use super::sentence::{Ear, Found};
use super::tokens::{Kin, Sentence};
use super::topic::Topic;
use crate::domain::list::Language;

/// Words of a sentence that may still have a gist; a longer one tells a story.
const GIST_SENTENCE_WORDS_MAX: usize = 45;
/// What a clue is worth, beside the words it was found in.
const CLUE_WORTH: usize = 3;
/// Words of a sentence in which one clue alone says something.
const WORDS_AROUND_ONE_MAX: usize = 7;
/// Words of a sentence for each word that was found, and how far apart clues stand, for each clue.
const WORDS_FOR_EACH_MAX: usize = 7;
const WORDS_BETWEEN_MAX: usize = 5;

/// Clues that stand together, and what they are about.
pub(super) struct Gist {
    topic: Topic,
    language: Language,
    clues: Vec<Pattern>,
    /// What must not stand beside them.
    without: Vec<Pattern>,
}

/// What was found.
pub(super) enum GistHeard {
    /// Nothing anybody asks a machine for.
    Nothing,
    /// Probably this.
    Found(Found),
    /// Something only people should read.
    ForPeople,
}

impl Gist {
    /// Reads `clue clue !clue`, where each is a word, a beginning (`ab*`), `@set` or `<date>`.
    pub(super) fn parse(
        text: &str,
        topic: Topic,
        language: Language,
        kin: &Kin,
        vocabulary: &mut Vocabulary,
        sets: &HashMap<String, usize>,
    ) -> Result<Gist, String> {
        let mut gist = Gist { topic, language, clues: Vec::new(), without: Vec::new() };
        for clue in text.split_whitespace() {
            let (clue, wanted) = match clue.strip_prefix('!') {
                Some(clue) => (clue, &mut gist.without),
                None => (clue, &mut gist.clues),
            };
            wanted.push(Pattern::parse(clue, kin, vocabulary, sets)?);
        }
        if gist.clues.is_empty() {
            return Err(format!("{text:?} has no clue"));
        }
        Ok(gist)
    }

    /// What there is to go by, and all that was read; nothing if a clue is missing.
    fn weigh(&self, chart: &Chart, end: usize) -> Option<(usize, Span)> {
        if self.without.iter().any(|clue| longest(clue, chart, end, &[]).is_some()) {
            return None;
        }
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut whole = Span { end, ..Span::default() };
        for clue in &self.clues {
            let (from, span) = longest(clue, chart, end, &taken)?;
            taken.push((from, span.end));
            whole.slips += span.slips;
            whole.typos += span.typos;
            whole.words += span.words;
            whole.kept.extend(span.kept);
        }
        let first = taken.iter().map(|(from, _)| *from).min()?;
        let last = taken.iter().map(|(_, to)| *to).max()?;
        let near = match self.clues.len() {
            // What is said to the others is said to them in however many words.
            1 if self.topic == Topic::People => true,
            1 => end <= WORDS_AROUND_ONE_MAX.max(whole.words * 3),
            clues => last - first <= clues * WORDS_BETWEEN_MAX && end <= whole.words * WORDS_FOR_EACH_MAX,
        };
        if !near {
            return None;
        }
        let worth = self.clues.len() * CLUE_WORTH + whole.words;
        Some((worth.saturating_sub(whole.slips), whole))
    }
}

/// The longest stretch a clue is found in, beside those that are taken.
fn longest(clue: &Pattern, chart: &Chart, end: usize, taken: &[(usize, usize)]) -> Option<(usize, Span)> {
    let mut best: Option<(usize, Span)> = None;
    for at in 0..end {
        for span in clue.spans(chart, at, Exactness::Whole) {
            let free = taken.iter().all(|(from, to)| span.end <= *from || at >= *to);
            let better = best
                .as_ref()
                .is_none_or(|(_, known)| (span.kept.len(), span.words) > (known.kept.len(), known.words));
            if free && better {
                best = Some((at, span));
            }
        }
    }
    best
}

impl Ear<'_> {
    /// What these sentences are about.
    pub(super) fn gist(&self, sentences: &[Sentence]) -> GistHeard {
        let mut best: Option<(usize, Found)> = None;
        for sentence in sentences {
            let tokens = &sentence.tokens;
            if tokens.len() > GIST_SENTENCE_WORDS_MAX || sentence.signs {
                continue;
            }
            let charted = self.chart(tokens);
            for gist in self.book.gists.iter().filter(|gist| self.may_say(gist.topic)) {
                let Some((worth, span)) = gist.weigh(&charted.chart, tokens.len()) else { continue };
                if gist.topic == Topic::People {
                    return GistHeard::ForPeople;
                }
                if best.as_ref().is_some_and(|(known, _)| *known >= worth) {
                    continue;
                }
                if let Some((found, _)) = self.found(gist.topic, gist.language, &span) {
                    best = Some((worth, self.on_its_day(found, sentence)));
                }
            }
        }
        best.map_or(GistHeard::Nothing, |(_, found)| GistHeard::Found(found))
    }
}
