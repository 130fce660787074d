//! The letters of a conversation with one person: what they are asked, and what became of what
//! they wished; and the facts each of them is written from.

use super::acts::Act;
use super::facts::Facts;
use super::kinds::Group;
use super::message::Frame;
use super::words;
use crate::domain::list::{ArchivePolicy, Language};
use crate::domain::member::{Day, DigestForm, Reading};
use crate::domain::time::Timestamp;
use crate::domain::wish::Threads;

/// Do you want to join? It says what one agrees to.
#[derive(Clone, Copy, Debug)]
pub struct AskJoin<'a> {
    /// What.
    pub group: Group<'a>,
    /// The name of the animator who invites them; absent: they asked, or somebody did in their name.
    pub invited_by: Option<&'a str>,
    /// What members may expect, in the group's own words; empty if it has none.
    pub promise: &'a str,
    /// Who may read what is written.
    pub archive: ArchivePolicy,
    /// For how many days messages are kept; absent: for good.
    pub kept_days: Option<u64>,
    /// Who keeps the data: the name of the host.
    pub host: &'a str,
    /// Until when an answer counts.
    pub until: Timestamp,
}

/// Do you really want to leave?
#[derive(Clone, Copy, Debug)]
pub struct AskLeave<'a> {
    /// What.
    pub group: Group<'a>,
}

/// Is it this that you want?
#[derive(Clone, Copy, Debug)]
pub struct AskWish<'a> {
    /// Where; absent: in no group in particular.
    pub group: Option<Group<'a>>,
    /// What we think they want.
    pub act: Act<'a>,
}

/// In which of your groups?
#[derive(Clone, Copy, Debug)]
pub struct AskWhich<'a> {
    /// The addresses of those there are.
    pub groups: &'a [&'a str],
    /// What we think they want.
    pub act: Act<'a>,
}

/// To an animator: may this person join?
#[derive(Clone, Copy, Debug)]
pub struct AskAdmit<'a> {
    /// What.
    pub group: Group<'a>,
    /// Their address, which they have confirmed.
    pub address: &'a str,
}

/// What one can write.
#[derive(Clone, Copy, Debug)]
pub struct Help<'a> {
    /// To which group; absent: to the whole host.
    pub group: Option<Group<'a>>,
    /// The host.
    pub host: &'a str,
}

/// How somebody reads a group.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Which.
    pub group: Group<'a>,
    /// Their address.
    pub address: &'a str,
    /// How they read.
    pub reading: Reading,
    /// Whether summaries are editions, which come when they appear.
    pub curated: bool,
    /// The day of their weekly summary.
    pub day: Day,
    /// The hour of their summary, 0 to 23.
    pub hour: u8,
    /// How their summaries are put together.
    pub form: DigestForm,
    /// Whether they come in one mail with those of other groups.
    pub together: bool,
    /// Whether their own posts come back.
    pub own_posts: bool,
    /// Whether the end is their own wish.
    pub ends_by_wish: bool,
    /// That they pause.
    pub pause: Pause,
    /// Hours without mail, `22-7`.
    pub quiet: Option<&'a str>,
    /// Whether they get the first post of each thread only.
    pub threads: Threads,
    /// When the membership ends by itself.
    pub until: Option<Timestamp>,
    /// Since when they are a member.
    pub since: Timestamp,
}

/// Whether somebody pauses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// They do not.
    No,
    /// Until they say so.
    Open,
    /// Until then.
    Until(Timestamp),
    /// They will, from then on, until then if that is known.
    From(Timestamp, Option<Timestamp>),
}

/// It is done.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// Where; absent: everywhere.
    pub group: Option<Group<'a>>,
    /// What.
    pub act: Act<'a>,
    /// Whether summaries of the group are editions.
    pub curated: bool,
}

/// What one is not part of cannot be changed.
#[derive(Clone, Copy, Debug)]
pub struct NoMember<'a> {
    /// What; absent: no group of this host.
    pub group: Option<Group<'a>>,
    /// Where one asks to join, if one can.
    pub join_address: Option<&'a str>,
}

/// You confirmed; somebody will look at it.
#[derive(Clone, Copy, Debug)]
pub struct JoinWaits<'a> {
    /// What.
    pub group: Group<'a>,
    /// The names of those who will.
    pub animators: &'a [&'a str],
}

/// One does not get in.
#[derive(Clone, Copy, Debug)]
pub struct NoEntry<'a> {
    /// What.
    pub group: Group<'a>,
    /// Why not.
    pub why: WhyNoEntry,
}

/// Why one does not get in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNoEntry {
    /// By invitation only.
    Closed,
    /// Those who look after it said no.
    Declined,
}

/// Your membership ends soon.
#[derive(Clone, Copy, Debug)]
pub struct EndsSoon<'a> {
    /// Of what.
    pub group: Group<'a>,
    /// When.
    pub until: Timestamp,
    /// Whether it is their own wish.
    pub by_wish: bool,
}

/// Your answer came too late to count.
#[derive(Clone, Copy, Debug)]
pub struct TooLate<'a> {
    /// About what.
    pub group: Option<Group<'a>>,
    /// The edition that had gone; absent: its time was over.
    pub edition: Option<GoneEdition<'a>>,
}

/// An edition that went out before an answer to its draft came.
#[derive(Clone, Copy, Debug)]
pub struct GoneEdition<'a> {
    /// Which of the list's.
    pub number: u32,
    /// What it is called; empty: by its number.
    pub title: &'a str,
    /// When it went.
    pub at: Timestamp,
}

/// What became of somebody's last posts.
#[derive(Clone, Copy, Debug)]
pub struct Whereabouts<'a> {
    /// In which group; absent: in all of them.
    pub group: Option<Group<'a>>,
    /// The newest first; none if nothing of theirs came in.
    pub posts: &'a [Whereabout],
}

/// One post, and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whereabout {
    /// Its subject.
    pub title: String,
    /// When it came in.
    pub received: Timestamp,
    /// What became of it.
    pub whereto: Whereto,
}

/// What became of a post.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whereto {
    /// It went out, and so many of so many servers have taken their copy.
    Sent {
        /// How many copies were taken.
        taken: u32,
        /// Of how many.
        of: u32,
    },
    /// It waits for somebody to look at it.
    Waits,
    /// It did not go out; the words of who decided, if any.
    Refused(String),
    /// It was put away.
    PutAway,
    /// It had gone out, and was called back.
    CalledBack,
}

/// A wish to take a post back.
#[derive(Clone, Copy, Debug)]
pub struct TakenBack<'a> {
    /// Where it was sent.
    pub group: Group<'a>,
    /// Whether nobody will get it; else it has gone out already.
    pub in_time: bool,
}

/// The link that opens on the web what members may read.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// Of which host.
    pub host: &'a str,
    /// The page with the button.
    pub link: &'a str,
    /// Until when it opens.
    pub until: Timestamp,
}

/// Is this also you?
#[derive(Clone, Copy, Debug)]
pub struct AskSame<'a> {
    /// Where.
    pub group: Option<Group<'a>>,
    /// The address we do not know.
    pub address: &'a str,
    /// Whether they want to be written to there from now on; else they wrote a post from there.
    pub moves: bool,
}

pub(super) fn group_facts(group: Option<Group<'_>>, facts: Facts, language: Language) -> Facts {
    match group {
        Some(group) => group.facts(facts, language),
        None => facts.phrase("group", "").link("post_address", "").link("animators_address", ""),
    }
}

pub(super) fn day_of(moment: Timestamp, frame: &Frame<'_>) -> String {
    words::day(moment.date_in(frame.zone), frame.language)
}

impl AskJoin<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let AskJoin { group, invited_by, promise, archive, kept_days, host, until } = *self;
        group
            .facts(facts, frame.language)
            .phrase("invited_by", invited_by.unwrap_or_default())
            .is("invited", invited_by.is_some())
            .phrase("promise", promise)
            .is("archive_public", archive == ArchivePolicy::Public)
            .is("archive_members", archive == ArchivePolicy::Members)
            .phrase("kept_for", &words::days(kept_days, frame.language))
            .phrase("host", host)
            .phrase("until", &day_of(until, frame))
    }
}

impl AskLeave<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        self.group.facts(facts, frame.language)
    }
}

impl AskWish<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        self.act.facts(group_facts(self.group, facts, frame.language), frame)
    }
}

impl AskWhich<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = group_facts(None, facts, frame.language).quote("groups", &self.groups.join("\n"));
        self.act.facts(facts, frame)
    }
}

impl AskAdmit<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        self.group.facts(facts, frame.language).phrase("address", self.address)
    }
}

impl Help<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        group_facts(self.group, facts, frame.language).phrase("host", self.host)
    }
}

impl Settings<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Settings { group, address, reading, day, hour, pause, quiet, threads, until, since, .. } = *self;
        let summarized = matches!(reading, Reading::Daily | Reading::Weekly);
        let (from, to) = quiet.and_then(|hours| hours.split_once('-')).unwrap_or_default();
        let pause_until = match pause {
            Pause::Until(until) | Pause::From(_, Some(until)) => day_of(until, frame),
            Pause::No | Pause::Open | Pause::From(_, None) => String::new(),
        };
        let pause_from = if let Pause::From(from, _) = pause { day_of(from, frame) } else { String::new() };
        group
            .facts(facts, frame.language)
            .phrase("address", address)
            .is("reading_each", reading == Reading::Each)
            .is("reading_daily", reading == Reading::Daily)
            .is("reading_weekly", reading == Reading::Weekly)
            .is("reading_none", reading == Reading::None)
            .is("edition", summarized && self.curated)
            .is("summary", summarized && !self.curated)
            .phrase("day", words::weekday(day, frame.language))
            .phrase("hour", &hour.to_string())
            .is("form_mime", summarized && self.form == DigestForm::Mime)
            .is("form_plain", summarized && self.form == DigestForm::Plain)
            .is("together", summarized && self.together)
            .is("own_posts", reading == Reading::Each && self.own_posts)
            .is("no_own_posts", reading == Reading::Each && !self.own_posts)
            .is("ends_by_wish", self.ends_by_wish)
            .is("paused", matches!(pause, Pause::Open | Pause::Until(_)))
            .phrase("pause_from", &pause_from)
            .phrase("pause_until", &pause_until)
            .is("quiet", quiet.is_some())
            .phrase("quiet_from", from)
            .phrase("quiet_to", to)
            .is("first_only", threads == Threads::First)
            .phrase("ends", &until.map(|until| day_of(until, frame)).unwrap_or_default())
            .phrase("since", &day_of(since, frame))
    }
}

impl Done<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let summarized = matches!(self.act, Act::Read(Reading::Daily | Reading::Weekly, ..));
        let facts = group_facts(self.group, facts, frame.language).is("edition", self.curated && summarized);
        self.act.facts(facts, frame)
    }
}

impl NoMember<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let join = self.join_address.unwrap_or_default();
        group_facts(self.group, facts, frame.language).link("join_address", join)
    }
}

impl JoinWaits<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = self.group.facts(facts, frame.language);
        super::kinds::reader_facts(facts, self.animators, frame.language)
    }
}

impl NoEntry<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        self.group.facts(facts, frame.language).is("declined", self.why == WhyNoEntry::Declined)
    }
}

impl EndsSoon<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = self.group.facts(facts, frame.language).phrase("until", &day_of(self.until, frame));
        facts.is("ends_by_wish", self.by_wish)
    }
}

impl TooLate<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let number = self.edition.map(|edition| edition.number.to_string()).unwrap_or_default();
        group_facts(self.group, facts, frame.language)
            .phrase("edition", &number)
            .phrase("title", self.edition.map_or("", |edition| edition.title))
            .phrase("went", &self.edition.map(|edition| day_of(edition.at, frame)).unwrap_or_default())
    }
}

impl Whereabouts<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let of_post = |post: &Whereabout| {
            let (taken, of) = match post.whereto {
                Whereto::Sent { taken, of } => (taken, of),
                Whereto::Waits | Whereto::Refused(_) | Whereto::PutAway | Whereto::CalledBack => (0, 0),
            };
            let words = if let Whereto::Refused(words) = &post.whereto { words.as_str() } else { "" };
            let count = |n: u32| words::number(n as usize, frame.language);
            Facts::default()
                .phrase("title", &post.title)
                .phrase("received", &words::moment(post.received, frame.zone, frame.language))
                .is("sent", matches!(post.whereto, Whereto::Sent { .. }))
                .phrase("taken", &count(taken))
                .phrase("of", &count(of))
                .is("waits", post.whereto == Whereto::Waits)
                .is("refused", matches!(post.whereto, Whereto::Refused(_)))
                .phrase("words", words)
                .is("put_away", post.whereto == Whereto::PutAway)
                .is("called_back", post.whereto == Whereto::CalledBack)
        };
        let facts = group_facts(self.group, facts, frame.language);
        let is_there = |post: &Whereabout| matches!(post.whereto, Whereto::Sent { .. } | Whereto::Waits);
        let facts = facts.is("can_be_taken_back", self.posts.iter().any(is_there));
        facts.is("some", !self.posts.is_empty()).each("posts", self.posts.iter().map(of_post).collect())
    }
}

impl TakenBack<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        self.group.facts(facts, frame.language).is("in_time", self.in_time)
    }
}

impl SignIn<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let SignIn { host, link, until } = *self;
        let until = words::hour(until, frame.zone, frame.language);
        group_facts(None, facts, frame.language)
            .phrase("host", host)
            .link("link", link)
            .phrase("until", &until)
    }
}

impl AskSame<'_> {
    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let facts = group_facts(self.group, facts, frame.language);
        facts.phrase("address", self.address).is("moves", self.moves)
    }
}
