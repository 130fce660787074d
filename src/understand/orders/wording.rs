//! One wording of `orders.toml`, and whether it stands in a sentence.

use std::collections::HashMap;

use crate::understand::tokens::{self, Kin, Kind, Token};

/// Words that may stand where a wording has `..`.
const GAP_WORDS_MAX: usize = 6;

/// One thing a wording wants next.
enum Step {
    /// One of these, each a word or several.
    OneOf(Vec<Vec<String>>),
    /// A number, which is kept.
    Number,
    /// An address.
    Address,
    /// A few words of any kind.
    Gap,
}

/// A wording: words, choices, gaps.
pub(super) struct Wording {
    steps: Vec<Step>,
}

/// Where a wording stands.
pub(super) struct Stands {
    /// The number in it.
    pub(super) number: Option<u64>,
}

impl Wording {
    pub(super) fn parse(text: &str) -> Wording {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (piece, after) = match rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
                Some((inside, after)) => (inside, after),
                None => rest.split_once(' ').unwrap_or((rest, "")),
            };
            steps.push(match piece {
                ".." => Step::Gap,
                "#" => Step::Number,
                "@" => Step::Address,
                choices => Step::OneOf(choices.split('|').map(words).collect()),
            });
            rest = after.trim_start();
        }
        Wording { steps }
    }

    /// Where it stands first in these words.
    pub(super) fn find(&self, tokens: &[Token], numbers: &HashMap<String, u64>) -> Option<Stands> {
        (0..tokens.len()).find_map(|start| self.from(start, tokens, numbers))
    }

    /// Every place each step may end at, one step after the other.
    fn from(&self, start: usize, tokens: &[Token], numbers: &HashMap<String, u64>) -> Option<Stands> {
        let mut places = vec![start];
        let mut number = None;
        for step in &self.steps {
            let mut next: Vec<usize> = Vec::new();
            for at in places {
                match step {
                    Step::Gap => next.extend(at..=(at + GAP_WORDS_MAX).min(tokens.len())),
                    Step::Address => {
                        let is = tokens.get(at).is_some_and(|token| matches!(token.kind, Kind::Address(_)));
                        next.extend(is.then_some(at + 1));
                    }
                    Step::Number => {
                        let read = tokens.get(at).and_then(|token| number_in(token, numbers));
                        number = read.or(number);
                        next.extend(read.map(|_| at + 1));
                    }
                    Step::OneOf(choices) => next.extend(choices.iter().filter_map(|wanted| {
                        let here = tokens[at..].iter().take(wanted.len()).map(|token| &token.word);
                        here.eq(wanted).then_some(at + wanted.len())
                    })),
                }
            }
            next.sort_unstable();
            next.dedup();
            places = next;
            if places.is_empty() {
                return None;
            }
        }
        Some(Stands { number })
    }
}

fn words(text: &str) -> Vec<String> {
    tokens::tokens(text, 0, &Kin::new()).into_iter().map(|token| token.word).collect()
}

fn number_in(token: &Token, numbers: &HashMap<String, u64>) -> Option<u64> {
    match token.kind {
        Kind::Number(number) => Some(number),
        Kind::Word => numbers.get(&token.word).copied(),
        Kind::Address(_) | Kind::Comma => None,
    }
}
