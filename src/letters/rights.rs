//! The letters about what is kept of somebody, and about words a machine should not act on alone.

use super::exchange::{Act, day_of, group_facts};
use super::facts::Facts;
use super::kinds::{Group, names_or_keeper};
use super::message::Frame;
use super::words;
use crate::domain::time::Timestamp;

/// To be forgotten: what becomes of your posts?
#[derive(Clone, Copy, Debug)]
pub struct AskForget<'a> {
    /// Where.
    pub host: &'a str,
}

/// All that is kept about you; the files go with it.
#[derive(Clone, Copy, Debug)]
pub struct MyData<'a> {
    /// By whom.
    pub host: &'a str,
    /// Messages that found no room.
    pub left_out: usize,
}

/// The last letter.
#[derive(Clone, Copy, Debug)]
pub struct Forgotten<'a> {
    /// By whom.
    pub host: &'a str,
    /// Whether the text of their posts goes too.
    pub withdrawn: bool,
}

/// May everybody read what you write?
#[derive(Clone, Copy, Debug)]
pub struct AskConsent<'a> {
    /// Where.
    pub group: Group<'a>,
    /// The subject of the post that waits.
    pub title: &'a str,
    /// Until when an answer counts.
    pub until: Timestamp,
}

/// Is this post in your name yours?
#[derive(Clone, Copy, Debug)]
pub struct AskYours<'a> {
    /// Where.
    pub group: Group<'a>,
    /// Its subject.
    pub title: &'a str,
    /// How many people would get it.
    pub people: usize,
}

/// The words say one thing, the address they were written to another.
#[derive(Clone, Copy, Debug)]
pub struct AskEither<'a> {
    /// Where.
    pub group: Group<'a>,
    /// What the words say.
    pub act: Act<'a>,
    /// What the address is for.
    pub at: WrittenTo,
}

/// What an address is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrittenTo {
    /// `quartier-inscription@`.
    Join,
    /// `quartier-stop@`.
    Leave,
}

/// Nothing changes.
#[derive(Clone, Copy, Debug)]
pub struct Unchanged<'a> {
    /// Where; absent: in no group in particular.
    pub group: Option<Group<'a>>,
}

/// People will read it.
#[derive(Clone, Copy, Debug)]
pub struct PassedOn<'a> {
    /// Where; absent: those who run the server.
    pub group: Option<Group<'a>>,
    /// The names of those who will.
    pub animators: &'a [&'a str],
}

impl AskForget<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        group_facts(None, facts, frame.language).phrase("host", self.host)
    }
}

impl MyData<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let left_out = match self.left_out {
            0 => String::new(),
            count => words::number(count, frame.language),
        };
        group_facts(None, facts, frame.language).phrase("host", self.host).phrase("left_out", &left_out)
    }
}

impl Forgotten<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        group_facts(None, facts, frame.language).phrase("host", self.host).is("withdrawn", self.withdrawn)
    }
}

impl AskConsent<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = self.group.facts(facts, frame.language);
        facts.phrase("title", self.title).phrase("until", &day_of(self.until, frame))
    }
}

impl AskYours<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let AskYours { group, title, people } = *self;
        group
            .facts(facts, frame.language)
            .phrase("title", title)
            .is("several", people > 1)
            .phrase("people", &people.to_string())
    }
}

impl AskEither<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = self.group.facts(facts, frame.language).is("at_join", self.at == WrittenTo::Join);
        self.act.facts(facts, frame)
    }
}

impl Unchanged<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        group_facts(self.group, facts, frame.language)
    }
}

impl PassedOn<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let readers = names_or_keeper(self.animators, frame.language);
        group_facts(self.group, facts, frame.language).phrase("reader", &readers)
    }
}
