//! The letters around digests: which conversation was meant, words from one member to another, an
//! edition that went out, a summary somebody proposes.

use super::facts::Facts;
use super::kinds::{Group, LetterKind};
use super::message::Frame;
use super::words;

/// A letter around a digest.
#[derive(Clone, Copy, Debug)]
pub enum OfDigest<'a> {
    /// To whoever answered a whole digest: which conversation?
    WhichItem(WhichItem<'a>),
    /// To an author: what somebody wrote to them in private.
    PrivateWord(PrivateWord<'a>),
    /// To whoever seems to have written that: was it they?
    AskWord(AboutPost<'a>),
    /// To whoever wrote that: it was not passed on.
    NotPassed(AboutPost<'a>),
    /// To an animator: an edition went out.
    WentOut(WentOut<'a>),
    /// To an animator: may this stand for its conversation?
    AskSummary(AskSummary<'a>),
}

/// Which of these did you mean?
#[derive(Clone, Copy, Debug)]
pub struct WhichItem<'a> {
    /// Of whose digest.
    pub group: Group<'a>,
    /// Its conversations, as its contents number them.
    pub titles: &'a [(usize, String)],
}

/// Somebody wrote to you.
#[derive(Clone, Copy, Debug)]
pub struct PrivateWord<'a> {
    /// Where both are members.
    pub group: Group<'a>,
    /// Who, by name; empty if nobody knows.
    pub author: &'a str,
    /// The subject of the post it is about.
    pub title: &'a str,
    /// What they wrote.
    pub words: &'a str,
    /// Something came with it, which is not here.
    pub had_files: bool,
}

/// A post somebody wrote about.
#[derive(Clone, Copy, Debug)]
pub struct AboutPost<'a> {
    /// Where.
    pub group: Group<'a>,
    /// Its subject.
    pub title: &'a str,
}

/// The edition is out.
#[derive(Clone, Copy, Debug)]
pub struct WentOut<'a> {
    /// Of what.
    pub group: Group<'a>,
    /// What it is called.
    pub heading: &'a str,
    /// Its page, if it has one.
    pub page: Option<&'a str>,
    /// As a PDF.
    pub pdf: &'a str,
    /// Who gets it on paper, and how, a line each.
    pub handed: &'a [String],
}

/// Somebody summed a conversation up.
#[derive(Clone, Copy, Debug)]
pub struct AskSummary<'a> {
    /// Where.
    pub group: Group<'a>,
    /// Who.
    pub author: &'a str,
    /// The subject of the conversation.
    pub title: &'a str,
    /// Their words.
    pub words: &'a str,
}

impl OfDigest<'_> {
    pub(super) fn kind(&self) -> LetterKind {
        match self {
            OfDigest::WhichItem(_) => LetterKind::WhichItem,
            OfDigest::PrivateWord(_) => LetterKind::PrivateWord,
            OfDigest::AskWord(_) => LetterKind::AskWord,
            OfDigest::NotPassed(_) => LetterKind::NotPassed,
            OfDigest::WentOut(_) => LetterKind::WentOut,
            OfDigest::AskSummary(_) => LetterKind::AskSummary,
        }
    }

    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        match self {
            OfDigest::WhichItem(WhichItem { group, titles }) => {
                let item = |(n, title): &(usize, String)| {
                    Facts::default().phrase("n", &n.to_string()).phrase("title", title)
                };
                let items = titles.iter().map(item).collect();
                group.facts(facts, frame.language).each("items", items)
            }
            OfDigest::PrivateWord(word) => word
                .group
                .facts(facts, frame.language)
                .phrase("author", word.author)
                .phrase("title", word.title)
                .text("words", word.words)
                .is("had_files", word.had_files),
            OfDigest::AskWord(about) | OfDigest::NotPassed(about) => {
                about.group.facts(facts, frame.language).phrase("title", about.title)
            }
            OfDigest::WentOut(WentOut { group, heading, page, pdf, handed }) => {
                let line = |who: &String| Facts::default().phrase("who", who);
                group
                    .facts(facts, frame.language)
                    .phrase("heading", heading)
                    .link("page", page.unwrap_or_default())
                    .link("pdf", pdf)
                    .phrase("count", &words::number(handed.len(), frame.language))
                    .is("one", handed.len() == 1)
                    .each("handed", handed.iter().map(line).collect())
            }
            OfDigest::AskSummary(asked) => asked
                .group
                .facts(facts, frame.language)
                .phrase("author", asked.author)
                .phrase("title", asked.title)
                .text("words", asked.words),
        }
    }
}
