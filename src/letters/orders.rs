//! The letters about what those who look after a list ask for by mail: what was understood, what
//! came of it, who is a member, what was decided; and the facts each of them is written from.

use super::facts::Facts;
use super::history::HistoryEntry;
use super::kinds::{Group, LetterKind, names_or_keeper};
use super::message::Frame;
use super::words::{self, capitalised};
use crate::domain::care::Came;
use crate::domain::member::{MemberState, Reading, Role};

/// The most lines of a table in the text of a letter; all of it is in its file.
const ROWS_MAX: usize = 200;

/// A letter about what an animator asked for.
#[derive(Clone, Copy, Debug)]
pub enum Order<'a> {
    /// This is what was understood: is it right?
    Ask(Ordered<'a>),
    /// This is what came of it.
    Done(Ordered<'a>),
    /// Who is a member.
    Members(Members<'a>),
    /// What was decided lately.
    History(History<'a>),
    /// Nothing waits, and how the group is.
    Overview(Overview<'a>),
    /// A post that had gone out was called back.
    Recalled(Recalled<'a>),
}

/// Several things that were asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ordered<'a> {
    /// In which group.
    pub group: Group<'a>,
    /// One by one.
    pub lines: &'a [OrderLine],
}

/// One thing that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderLine {
    /// What.
    pub act: OrderAct,
    /// Whom it concerns: a name and an address, or what was written.
    pub who: String,
    /// The subject of the conversation it concerns.
    pub title: String,
    /// So many posts, where it is about their pace.
    pub posts: u32,
    /// What came of it, or would.
    pub came: Came,
}

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the words say it")]
pub enum OrderAct {
    Add,
    Invite,
    Remove,
    Ban,
    Unban,
    Animate,
    AnimateNot,
    HoldAll,
    HoldNot,
    Pace,
    PaceNot,
    Slow,
    Close,
    Reopen,
}

/// Who is a member.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    /// Of what.
    pub group: Group<'a>,
    /// How many they are.
    pub count: usize,
    /// Those the reader may know.
    pub rows: &'a [MemberRow],
    /// How much of them that is.
    pub shown: MembersShown,
}

/// How much the reader may know of the members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MembersShown {
    /// Everything; the whole table goes with it as a file.
    Whole,
    /// Names and addresses.
    Names,
    /// How many.
    Count,
}

/// One member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberRow {
    /// As they call themselves; may be empty.
    pub name: String,
    /// Where mail goes.
    pub address: String,
    /// How they read.
    pub reading: Reading,
    /// What they do.
    pub role: Role,
    /// Whether mail goes to them.
    pub state: MemberState,
}

/// What was decided lately.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// In which group.
    pub group: Group<'a>,
    /// The latest first.
    pub entries: &'a [HistoryEntry],
}

/// How the group is.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'a> {
    /// Which.
    pub group: Group<'a>,
    /// Its members.
    pub members: usize,
    /// Those of them who have a pause.
    pub paused: usize,
    /// Those of them no mail reaches.
    pub unreached: usize,
    /// Posts within thirty days.
    pub posts: usize,
}

/// A post was called back.
#[derive(Clone, Copy, Debug)]
pub struct Recalled<'a> {
    /// Where it was sent.
    pub group: Group<'a>,
    /// Its author.
    pub author: &'a str,
    /// Its subject.
    pub title: &'a str,
    /// Who called it back, by name.
    pub by: &'a str,
    /// That was the reader.
    pub by_reader: bool,
    /// The reader wrote it.
    pub own: bool,
    /// So many have it, of so many.
    pub gone: (u32, u32),
}

impl Order<'_> {
    pub(super) fn kind(&self) -> LetterKind {
        match self {
            Order::Ask(_) => LetterKind::AskOrders,
            Order::Done(_) => LetterKind::OrdersDone,
            Order::Members(_) => LetterKind::Members,
            Order::History(_) => LetterKind::History,
            Order::Overview(_) => LetterKind::Overview,
            Order::Recalled(_) => LetterKind::Recalled,
        }
    }

    pub(super) fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let of = |group: Group<'_>| group.facts(facts, frame.language);
        match *self {
            Order::Ask(Ordered { group, lines }) => {
                let (good, bad): (Vec<&OrderLine>, Vec<&OrderLine>) =
                    lines.iter().partition(|line| line.came == Came::Done);
                let each = |lines: Vec<&OrderLine>| lines.into_iter().map(OrderLine::facts).collect();
                of(group)
                    .is("some", !good.is_empty())
                    .is("problems", !bad.is_empty())
                    .each("lines", each(good))
                    .each("problem_lines", each(bad))
            }
            Order::Done(Ordered { group, lines }) => {
                let all = lines.iter().all(|line| line.came == Came::Done);
                let none = lines.iter().all(|line| line.came != Came::Done);
                of(group)
                    .is("all", all)
                    .is("none", none)
                    .is("unread", lines.iter().any(|line| line.came == Came::NoAddress))
                    .each("lines", lines.iter().map(OrderLine::facts).collect())
            }
            Order::Members(Members { group, count, rows, shown: how_much }) => {
                let shown: Vec<Facts> = rows.iter().take(ROWS_MAX).map(MemberRow::facts).collect();
                of(group)
                    .phrase("count", &capitalised(&words::number(count, frame.language)))
                    .is("one", count == 1)
                    .is("whole", how_much == MembersShown::Whole)
                    .is("only_count", how_much == MembersShown::Count)
                    .is("more", rows.len() > ROWS_MAX)
                    .each("rows", shown)
            }
            Order::History(History { group, entries }) => {
                let line = |entry: &HistoryEntry| {
                    Facts::default().phrase("line", &entry.line(frame.date, frame.zone, frame.language))
                };
                of(group).is("some", !entries.is_empty()).each("lines", entries.iter().map(line).collect())
            }
            Order::Overview(Overview { group, members, paused, unreached, posts }) => of(group)
                .phrase("members", &capitalised(&words::number(members, frame.language)))
                .is("one_member", members == 1)
                .phrase("paused", &some(paused, frame))
                .is("one_paused", paused == 1)
                .phrase("unreached", &some(unreached, frame))
                .is("one_unreached", unreached == 1)
                .phrase("posts", &capitalised(&some(posts, frame)))
                .is("one_post", posts == 1),
            Order::Recalled(recalled) => recalled.facts(of(recalled.group), frame),
        }
    }
}

/// A number there is; nothing for none.
fn some(count: usize, frame: &Frame<'_>) -> String {
    if count == 0 { String::new() } else { words::number(count, frame.language) }
}

impl OrderLine {
    fn facts(&self) -> Facts {
        let OrderLine { act, who, title, posts, came } = self;
        let acts = [
            ("add", OrderAct::Add),
            ("invite", OrderAct::Invite),
            ("remove", OrderAct::Remove),
            ("ban", OrderAct::Ban),
            ("unban", OrderAct::Unban),
            ("animate", OrderAct::Animate),
            ("animate_not", OrderAct::AnimateNot),
            ("hold_all", OrderAct::HoldAll),
            ("hold_not", OrderAct::HoldNot),
            ("pace", OrderAct::Pace),
            ("pace_not", OrderAct::PaceNot),
            ("slow", OrderAct::Slow),
            ("close", OrderAct::Close),
            ("reopen", OrderAct::Reopen),
        ];
        let cames = [
            ("done", Came::Done),
            ("already", Came::Already),
            ("no_address", Came::NoAddress),
            ("no_such_name", Came::NoSuchName),
            ("several", Came::SeveralOfThatName),
            ("no_member", Came::NoMember),
            ("own_address", Came::OwnAddress),
            ("forgotten", Came::Forgotten),
            ("banned", Came::Banned),
            ("closed", Came::Closed),
            ("last_animator", Came::LastAnimator),
            ("no_topic", Came::NoTopic),
            ("too_many", Came::TooMany),
            ("not_done", Came::NotDone),
        ];
        let facts = Facts::default().phrase("who", who).phrase("title", title);
        let facts = facts.phrase("posts", &posts.to_string()).is("one_post", *posts == 1);
        let of_group = [OrderAct::HoldAll, OrderAct::HoldNot, OrderAct::Pace, OrderAct::PaceNot];
        let facts = facts.is("of_group", of_group.contains(act));
        let facts = acts.iter().fold(facts, |facts, (name, one)| facts.is(name, act == one));
        cames.iter().fold(facts, |facts, (name, one)| facts.is(name, came == one))
    }
}

impl MemberRow {
    fn facts(&self) -> Facts {
        let MemberRow { name, address, reading, role, state } = self;
        Facts::default()
            .phrase("name", name)
            .phrase("address", address)
            .is("animator", *role == Role::Animator)
            .is("daily", *reading == Reading::Daily)
            .is("weekly", *reading == Reading::Weekly)
            .is("nothing", *reading == Reading::None)
            .is("paused", *state == MemberState::Paused)
            .is("unreached", *state == MemberState::Bouncing)
            .is("pending", *state == MemberState::Pending)
    }
}

impl Recalled<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Recalled { group: _, author, title, by, by_reader, own, gone: (taken, of) } = *self;
        let by: &[&str] = if by.is_empty() { &[] } else { &[by] };
        facts
            .phrase("author", author)
            .phrase("title", title)
            .phrase("by", &names_or_keeper(by, frame.language))
            .is("by_reader", by_reader)
            .is("own", own)
            .is("nobody", taken == 0)
            .is("everybody", taken > 0 && taken >= of)
            .is("some", taken > 0 && taken < of)
            .is("one", taken == 1)
            .phrase("taken", &taken.to_string())
            .phrase("of", &of.to_string())
    }
}
