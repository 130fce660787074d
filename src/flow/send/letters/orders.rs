//! The letters about what animators ask for: from a mail, read again, and from what is true now, to
//! a letter.

use super::care::about;
use super::exchange::group;
use super::{Facts, Shown as Frame, Unsigned, compose, compose_with, name_of};
use crate::domain::care::Came;
use crate::domain::command::Holding;
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::{Language, List, Roster};
use crate::domain::member::{MemberState, Membership, Person, Reading, Role};
use crate::flow::members_csv::Writer;
use crate::flow::requests::{Item, Kind, planned};
use crate::flow::{Desk, FlowError, history, is_current, whereabouts};
use crate::letters::{
    Act, AskWish, Attachment, History, Letter, MemberRow, Members, MembersShown, Order, OrderAct, OrderLine,
    Ordered, Overview, Recalled, Whereto,
};
use crate::store::OwedLetter;
use crate::store::archive::PostState;

/// So many decisions are told in one letter.
const DECISIONS_MAX: usize = 60;
/// Posts of so many days are counted.
const POSTS_WITHIN: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);
/// Of a list with more than that, the latest only.
const POSTS_LOOKED_AT: usize = 5_000;

/// Whatever it takes to write one.
pub(super) struct Desktop<'a> {
    pub(super) desk: &'a Desk,
    pub(super) facts: &'a Facts,
    pub(super) list: &'a List,
    pub(super) owed: &'a OwedLetter,
}

/// Which.
pub(super) enum Wanted<'a> {
    /// This is what was understood of that mail.
    Ask(PostId),
    /// This is what came of it.
    Done(PostId, &'a [Came]),
    Members,
    History,
    Overview,
    Recalled(PostId, PersonId),
}

pub(super) fn write(
    at: &Desktop<'_>,
    wanted: &Wanted<'_>,
    frame: Frame,
) -> Result<Option<Unsigned>, FlowError> {
    let Desktop { desk, facts, list, owed } = *at;
    let group = group(list);
    // Who looks after the list no more is told nothing of it.
    let member = desk.store.member(list.id, facts.person.id)?;
    let role = member.filter(is_current).map(|member| member.role);
    match wanted {
        Wanted::Recalled(post, by) => return recalled(at, *post, *by, frame),
        Wanted::Members => {
            let Some(shown) = role.and_then(|role| members_shown(list.settings.roster, role)) else {
                return Ok(None);
            };
            return members(at, shown, frame).map(Some);
        }
        Wanted::History | Wanted::Overview if role != Some(Role::Animator) => return Ok(None),
        Wanted::Ask(_) | Wanted::Done(..) | Wanted::History | Wanted::Overview => {}
    }
    if let Wanted::Ask(mail) = wanted
        && planned(desk, list, *mail)?.is_empty()
    {
        // About a conversation: the mail itself, which this answers, says what.
        let asked = AskWish { group: Some(group), act: Act::Animate };
        return Ok(Some(compose(desk, facts, owed, Letter::AskWish(asked), frame)));
    }
    let send = |order: Order<'_>| Some(compose(desk, facts, owed, Letter::Order(order), frame));
    Ok(match wanted {
        Wanted::Ask(mail) => {
            let items = planned(desk, list, *mail)?;
            let lines: Vec<OrderLine> =
                items.iter().map(|item| line(item, item.problem.unwrap_or(Came::Done))).collect();
            send(Order::Ask(Ordered { group, lines: &lines }))
        }
        Wanted::Done(mail, came) => {
            let items = planned(desk, list, *mail)?;
            let lines: Vec<OrderLine> =
                items.iter().zip(*came).map(|(item, came)| line(item, *came)).collect();
            send(Order::Done(Ordered { group, lines: &lines }))
        }
        Wanted::Recalled(..) | Wanted::Members => None,
        Wanted::History => {
            let entries = history::of_list(desk, list, Some(DECISIONS_MAX))?;
            send(Order::History(History { group, entries: &entries }))
        }
        Wanted::Overview => {
            let now = desk.now();
            let members = desk.store.members(list.id)?;
            let count = |state| members.iter().filter(|member| member.state == state).count();
            let posts = desk.store.reader().latest_posts(list.id, POSTS_LOOKED_AT)?;
            let lately = posts.iter().filter(|post| now < post.received + POSTS_WITHIN).count();
            send(Order::Overview(Overview {
                group,
                members: members.iter().filter(|member| is_current(member)).count(),
                paused: count(MemberState::Paused),
                unreached: count(MemberState::Bouncing),
                posts: lately,
            }))
        }
    })
}

/// A thing that was asked for, as a letter says it.
fn line(item: &Item, came: Came) -> OrderLine {
    let Item { kind, called, person, thread, problem: _ } = item;
    let address = called.address.as_ref().or(person.as_ref().and_then(|person| person.addresses.first()));
    let known = person.as_ref().map(|person| person.name.as_str()).filter(|name| !name.is_empty());
    let name = known.unwrap_or(&called.name);
    OrderLine {
        act: match kind {
            Kind::Add => OrderAct::Add,
            Kind::Invite => OrderAct::Invite,
            Kind::Remove => OrderAct::Remove,
            Kind::Ban => OrderAct::Ban,
            Kind::Unban => OrderAct::Unban,
            Kind::Role(Role::Animator) => OrderAct::Animate,
            Kind::Role(Role::Member) => OrderAct::AnimateNot,
            Kind::Hold(Holding::All) => OrderAct::HoldAll,
            Kind::Hold(Holding::AsUsual) => OrderAct::HoldNot,
            Kind::Pace(Some(_)) => OrderAct::Pace,
            Kind::Pace(None) => OrderAct::PaceNot,
            Kind::Slow => OrderAct::Slow,
            Kind::Close => OrderAct::Close,
            Kind::Reopen => OrderAct::Reopen,
        },
        who: match address {
            Some(address) if name.is_empty() => address.to_string(),
            Some(address) => format!("{name} ({address})"),
            None => called.written.clone(),
        },
        posts: if let Kind::Pace(Some(posts)) = kind { *posts } else { 0 },
        title: thread.as_ref().map(|(_, title)| title.clone()).unwrap_or_default(),
        came,
    }
}

/// How much of the members somebody may know who asks for them.
fn members_shown(roster: Roster, role: Role) -> Option<MembersShown> {
    match (roster, role) {
        (Roster::Hidden, Role::Animator) => Some(MembersShown::Count),
        (Roster::Animators | Roster::Members, Role::Animator) => Some(MembersShown::Whole),
        (Roster::Members, Role::Member) => Some(MembersShown::Names),
        (Roster::Hidden | Roster::Animators, Role::Member) => None,
    }
}

/// Everybody, in the text and for animators as a table. How the others read is nobody else's business.
fn members(at: &Desktop<'_>, shown: MembersShown, frame: Frame) -> Result<Unsigned, FlowError> {
    let Desktop { desk, facts, list, owed } = *at;
    let mut everybody: Vec<(Person, Membership)> = Vec::new();
    for member in desk.store.members(list.id)? {
        let counts = match shown {
            MembersShown::Whole => member.state != MemberState::Left,
            MembersShown::Names | MembersShown::Count => is_current(&member),
        };
        if counts && let Some(person) = desk.store.person(member.person)? {
            everybody.push((person, member));
        }
    }
    everybody.sort_by_key(|(person, _)| person.name.to_lowercase());
    let row = |(person, member): &(Person, Membership)| MemberRow {
        name: person.name.clone(),
        address: person.addresses.first().map(ToString::to_string).unwrap_or_default(),
        reading: if shown == MembersShown::Whole { member.reading } else { Reading::Each },
        role: member.role,
        state: if shown == MembersShown::Whole { member.state } else { MemberState::Active },
    };
    let count = everybody.len();
    let rows: Vec<MemberRow> = match shown {
        MembersShown::Whole | MembersShown::Names => everybody.iter().map(row).collect(),
        MembersShown::Count => Vec::new(),
    };
    let letter = Letter::Order(Order::Members(Members { group: group(list), count, rows: &rows, shown }));
    if shown != MembersShown::Whole {
        return Ok(compose(desk, facts, owed, letter, frame));
    }
    let name = match facts.language {
        Language::Fr => "membres.csv",
        Language::En => "members.csv",
    };
    let files = [Attachment { name, kind: "text/csv", bytes: table(&everybody) }];
    Ok(compose_with(desk, facts, owed, letter, frame, &files))
}

/// With the mark spreadsheet programs know UTF-8 by.
fn table(everybody: &[(Person, Membership)]) -> Vec<u8> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    let written = Writer::new(&mut bytes).and_then(|mut table| {
        everybody.iter().try_for_each(|(person, member)| table.member(person, member))?;
        table.finish()
    });
    if let Err(error) = written {
        tracing::error!(%error, "a table of members could not be written");
    }
    bytes
}

/// How far a post had gone when it was called back.
fn recalled(
    at: &Desktop<'_>,
    post: PostId,
    by: PersonId,
    frame: Frame,
) -> Result<Option<Unsigned>, FlowError> {
    let Desktop { desk, facts, list, owed } = *at;
    let Some(about) = about(desk, post)? else { return Ok(None) };
    let name = name_of(desk, by)?.unwrap_or_default();
    let (taken, of) = match (whereabouts::sent(desk, post)?, about.info.state) {
        (Whereto::Sent { taken, of }, PostState::Published) => {
            let (read, awaited) = history::in_digests(desk, list, post)?;
            (taken + read, of + read + awaited)
        }
        (
            Whereto::Sent { .. }
            | Whereto::Waits
            | Whereto::Refused(_)
            | Whereto::PutAway
            | Whereto::CalledBack,
            _,
        ) => (0, 0),
    };
    let order = Order::Recalled(Recalled {
        group: group(list),
        author: &about.author,
        title: &about.title,
        by: &name,
        by_reader: by == facts.person.id,
        own: about.info.author == Some(facts.person.id),
        gone: (taken, of),
    });
    Ok(Some(compose(desk, facts, owed, Letter::Order(order), frame)))
}
