//! The letters about what is kept of somebody, and about words a machine should not act on alone.

use super::acts::Act;
use super::exchange::{day_of, group_facts};
use super::facts::Facts;
use super::kinds::{Group, reader_facts};
use super::message::Frame;
use super::words;
use crate::domain::time::Timestamp;
use crate::domain::wish::Fixed;

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

/// What was written before an archive was opened will be shown too.
#[derive(Clone, Copy, Debug)]
pub struct OpeningSoon<'a> {
    /// Where.
    pub group: Group<'a>,
    /// How many of these posts the reader wrote.
    pub own: usize,
    /// From then on.
    pub until: Timestamp,
}

/// What they wrote before an archive was opened stays with the members.
#[derive(Clone, Copy, Debug)]
pub struct KeptBack<'a> {
    /// Where.
    pub group: Group<'a>,
    /// How many posts.
    pub posts: u64,
}

/// What came of setting a conversation right.
#[derive(Clone, Copy, Debug)]
pub struct SetRight<'a> {
    /// Where.
    pub group: Group<'a>,
    /// The subject of the post.
    pub title: &'a str,
    /// What the conversation is called in which it stands now.
    pub thread: &'a str,
    /// The page of the post.
    pub page: &'a str,
    /// What came of it.
    pub fixed: Fixed,
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
    /// Nobody else looks after the group than the one who wrote.
    pub alone: bool,
}

impl AskForget<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        group_facts(None, facts, frame.language).phrase("host", self.host)
    }
}

impl MyData<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let left_out = some(self.left_out, frame);
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

impl OpeningSoon<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = self.group.facts(facts, frame.language);
        facts.phrase("own", &some(self.own, frame)).phrase("until", &day_of(self.until, frame))
    }
}

impl SetRight<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let is = |fixed| self.fixed == fixed;
        let facts = self.group.facts(facts, frame.language);
        facts
            .phrase("title", self.title)
            .phrase("thread", self.thread)
            .link("page", self.page)
            .is("done", is(Fixed::Moved) || is(Fixed::Split) || is(Fixed::Joined))
            .is("moved", is(Fixed::Moved))
            .is("split", is(Fixed::Split))
            .is("joined", is(Fixed::Joined))
            .is("no_such_thread", is(Fixed::NoSuchThread))
            .is("nothing_to_do", is(Fixed::NothingToDo))
    }
}

impl KeptBack<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let posts = usize::try_from(self.posts).unwrap_or(usize::MAX);
        self.group.facts(facts, frame.language).phrase("posts", &some(posts, frame))
    }
}

/// A number, where there is something to count.
fn some(count: usize, frame: &Frame<'_>) -> String {
    if count == 0 { String::new() } else { words::number(count, frame.language) }
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
        let facts = group_facts(self.group, facts, frame.language);
        reader_facts(facts, self.animators, frame.language).is("alone", self.alone)
    }
}
