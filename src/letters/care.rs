//! The letters to those who look after a list, and what becomes of their decisions; and the facts
//! each of them is written from.

use super::facts::Facts;
use super::kinds::{Group, LetterKind, WhyHeld, names_or_keeper, why_facts};
use super::message::Frame;
use super::words;
use crate::domain::time::Timestamp;

/// A letter about the care of a list.
#[derive(Clone, Copy, Debug)]
pub enum Care<'a> {
    /// To an animator: what becomes of this post?
    LookAt(LookAt<'a>),
    /// To an animator: were these words meant for the author?
    LookWords(LookWords<'a>),
    /// To an animator: it was decided, and by whom.
    Decided(Decided<'a>),
    /// To an animator: somebody wrote to those who look after the list.
    Word(Word<'a>),
    /// To whoever wrote to them: their answer.
    WordBack(WordBack<'a>),
    /// To an animator: all that waits.
    Waiting(Waiting<'a>),
    /// To an author or a newcomer: nobody answered in time.
    NotLooked(NotLooked<'a>),
    /// To an author: the topic is closed.
    TopicClosed(TopicClosed<'a>),
    /// To a member whose mail comes back: does this arrive?
    Probe(Probe<'a>),
    /// To a member no mail reaches any more, at another address.
    Unreached(Unreached<'a>),
    /// To the operator: servers refuse our mail.
    NotWanted(NotWanted<'a>),
    /// To the operator: somebody wrote to them.
    Postmaster(Postmaster<'a>),
    /// To the operator.
    SetAside(SetAside<'a>),
}

/// What becomes of this post? It is enclosed.
#[derive(Clone, Copy, Debug)]
pub struct LookAt<'a> {
    /// Where it was sent.
    pub group: Group<'a>,
    /// Its author, by name if they have one.
    pub author: &'a str,
    /// Their address.
    pub address: &'a str,
    /// Its subject.
    pub title: &'a str,
    /// Why it waits.
    pub why: WhyHeld,
    /// When it goes unseen.
    pub until: Timestamp,
}

/// Were these words meant for the author?
#[derive(Clone, Copy, Debug)]
pub struct LookWords<'a> {
    /// Where the post was sent.
    pub group: Group<'a>,
    /// Its author.
    pub author: &'a str,
    /// Its subject.
    pub title: &'a str,
    /// What the animator wrote; may be empty.
    pub words: &'a str,
}

/// What was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is on its way.
    Sent,
    /// It was refused.
    Refused,
    /// It was thrown away.
    Discarded,
    /// Its author took it back.
    TakenBack,
    /// It was a word, and somebody dealt with it.
    DealtWith,
    /// Nobody had looked at it in time.
    Over,
}

/// It was decided.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// Where.
    pub group: Group<'a>,
    /// Its author.
    pub author: &'a str,
    /// Its subject.
    pub title: &'a str,
    /// What became of it.
    pub fate: Fate,
    /// Who decided, by name; empty: the operator, or somebody who told us none.
    pub by: &'a str,
    /// That was the reader.
    pub by_reader: bool,
    /// So many have it, of so many, if it was sent.
    pub sent: (u32, u32),
}

/// Somebody wrote to those who look after the list. It is enclosed.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// Which.
    pub group: Group<'a>,
    /// Who, by name if they have one.
    pub author: &'a str,
    /// Their address.
    pub address: &'a str,
    /// Its subject.
    pub title: &'a str,
}

/// The animators' answer.
#[derive(Clone, Copy, Debug)]
pub struct WordBack<'a> {
    /// Whose.
    pub group: Group<'a>,
    /// Who answers.
    pub by: &'a str,
    /// In these words.
    pub words: &'a str,
}

/// All that waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Where.
    pub group: Group<'a>,
    /// By their numbers from 1 on; what was decided meanwhile is not there.
    pub items: &'a [WaitingItem],
}

/// One thing that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingItem {
    /// Its number.
    pub number: usize,
    /// Who wrote it, or wants to join.
    pub author: String,
    /// Its subject; of doubtful ones, the first few.
    pub title: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is.
    pub what: WaitingKind,
}

/// What waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitingKind {
    /// A post.
    Post,
    /// A post nobody wants, probably.
    DoubtfulPost,
    /// So many of those.
    Doubtful(usize),
    /// Somebody who wants to join.
    Newcomer,
    /// A word to those who look after the list.
    Word,
    /// Nothing to decide: members no mail reaches any more.
    Unreached,
}

/// Nobody answered in time.
#[derive(Clone, Copy, Debug)]
pub struct NotLooked<'a> {
    /// Where.
    pub group: Group<'a>,
    /// The post's subject; absent: they wanted to join.
    pub title: Option<&'a str>,
}

/// The topic is closed.
#[derive(Clone, Copy, Debug)]
pub struct TopicClosed<'a> {
    /// Where.
    pub group: Group<'a>,
    /// The post's subject.
    pub title: &'a str,
}

/// Does this arrive?
#[derive(Clone, Copy, Debug)]
pub struct Probe<'a> {
    /// Whose mail came back.
    pub group: Group<'a>,
    /// From where.
    pub address: &'a str,
}

/// Nothing reaches you there.
#[derive(Clone, Copy, Debug)]
pub struct Unreached<'a> {
    /// Whose mail came back.
    pub group: Group<'a>,
    /// From where.
    pub address: &'a str,
}

/// Servers refuse our mail for what it is, or for whence it comes.
#[derive(Clone, Copy, Debug)]
pub struct NotWanted<'a> {
    /// Of which list, for instance.
    pub group: Group<'a>,
    /// The host.
    pub host: &'a str,
    /// What one of them said.
    pub said: &'a str,
}

/// Somebody wrote to whoever runs the server. It is enclosed.
#[derive(Clone, Copy, Debug)]
pub struct Postmaster<'a> {
    /// The name of the host.
    pub host: &'a str,
    /// Who, by name if they have one.
    pub author: &'a str,
    /// Their address.
    pub address: &'a str,
    /// Its subject.
    pub title: &'a str,
    /// Its number, in `parvis held ls`.
    pub number: &'a str,
}

/// A message that could not be read was put aside.
#[derive(Clone, Copy, Debug)]
pub struct SetAside<'a> {
    /// The name of the host.
    pub host: &'a str,
    /// Its number, as `mail/` and the log have it.
    pub number: &'a str,
}

impl Care<'_> {
    pub(super) fn kind(&self) -> LetterKind {
        match self {
            Care::LookAt(_) => LetterKind::LookAt,
            Care::LookWords(_) => LetterKind::LookWords,
            Care::Decided(_) => LetterKind::Decided,
            Care::Word(_) => LetterKind::Word,
            Care::WordBack(_) => LetterKind::WordBack,
            Care::Waiting(_) => LetterKind::Waiting,
            Care::NotLooked(_) => LetterKind::NotLooked,
            Care::TopicClosed(_) => LetterKind::TopicClosed,
            Care::Probe(_) => LetterKind::Probe,
            Care::Unreached(_) => LetterKind::Unreached,
            Care::NotWanted(_) => LetterKind::NotWanted,
            Care::Postmaster(_) => LetterKind::Postmaster,
            Care::SetAside(_) => LetterKind::SetAside,
        }
    }

    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let of = |group: Group<'_>| group.facts(facts.clone(), frame.language);
        match *self {
            Care::LookAt(LookAt { group, author, address, title, why, until }) => {
                let until = words::day(until.date_in(frame.zone), frame.language);
                let facts = of(group).phrase("author", author).phrase("address", address);
                why_facts(facts.phrase("title", title).phrase("until", &until), why, frame)
            }
            Care::LookWords(LookWords { group, author, title, words }) => {
                of(group).phrase("author", author).phrase("title", title).quote("words", words)
            }
            Care::Decided(decided) => decided.facts(of(decided.group), frame),
            Care::Word(Word { group, author, address, title }) => {
                of(group).phrase("author", author).phrase("address", address).phrase("title", title)
            }
            Care::WordBack(WordBack { group, by, words }) => {
                let by: &[&str] = if by.is_empty() { &[] } else { &[by] };
                of(group).phrase("by", &names_or_keeper(by, frame.language)).quote("words", words)
            }
            Care::Waiting(Waiting { group, items }) => {
                let shown = items.iter().map(|item| item.facts(frame)).collect();
                let plain = |item: &&WaitingItem| item.what == WaitingKind::Post;
                of(group)
                    .each("items", shown)
                    .is("several", items.len() > 1)
                    .is("posts", items.iter().any(|item| plain(&item)))
                    .is("doubtful", items.iter().any(|item| matches!(item.what, WaitingKind::Doubtful(_))))
            }
            Care::NotLooked(NotLooked { group, title }) => {
                of(group).phrase("title", title.unwrap_or_default()).is("joining", title.is_none())
            }
            Care::TopicClosed(TopicClosed { group, title }) => of(group).phrase("title", title),
            Care::Probe(Probe { group, address }) | Care::Unreached(Unreached { group, address }) => {
                of(group).phrase("address", address)
            }
            Care::NotWanted(NotWanted { group, host, said }) => {
                of(group).phrase("host", host).quote("said", said)
            }
            Care::Postmaster(Postmaster { host, author, address, title, number }) => facts
                .phrase("host", host)
                .phrase("author", author)
                .phrase("address", address)
                .phrase("title", title)
                .phrase("number", number),
            Care::SetAside(SetAside { host, number }) => facts.phrase("host", host).phrase("number", number),
        }
    }
}

impl Decided<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Decided { group: _, author, title, fate, by, by_reader, sent: (taken, of) } = *self;
        let by: &[&str] = if by.is_empty() { &[] } else { &[by] };
        facts
            .phrase("author", author)
            .phrase("title", title)
            .phrase("by", &names_or_keeper(by, frame.language))
            .is("by_reader", by_reader)
            .is("sent", fate == Fate::Sent)
            .is("refused", fate == Fate::Refused)
            .is("discarded", fate == Fate::Discarded)
            .is("taken_back", fate == Fate::TakenBack)
            .is("dealt_with", fate == Fate::DealtWith)
            .is("over", fate == Fate::Over)
            .is("waiting_copies", fate == Fate::Sent && (1..of).contains(&taken))
            .phrase("taken", &taken.to_string())
            .phrase("of", &of.to_string())
    }
}

impl WaitingItem {
    fn facts(&self, frame: &Frame<'_>) -> Facts {
        let WaitingItem { number, author, title, since, what } = self;
        let count = if let WaitingKind::Doubtful(count) = what { *count } else { 0 };
        Facts::default()
            .phrase("number", &number.to_string())
            .phrase("author", author)
            .phrase("title", title)
            .phrase("since", &words::day(since.date_in(frame.zone), frame.language))
            .is("post", *what == WaitingKind::Post)
            .is("doubtful_post", *what == WaitingKind::DoubtfulPost)
            .is("doubtful", count > 0)
            .phrase("count", &count.to_string())
            .is("newcomer", *what == WaitingKind::Newcomer)
            .is("word", *what == WaitingKind::Word)
            .is("unreached", *what == WaitingKind::Unreached)
    }
}
