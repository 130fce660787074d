//! The letters about the care of a list: from what an animator is asked, or somebody told, to a
//! letter. What was decided meanwhile is asked no more.

use super::exchange::group;
use super::orders::{self, Desktop, Wanted};
use super::{Facts, Shown as Frame, Unsigned, compose, name_of, name_or_address, why_held};
use crate::domain::address::EmailAddress;
use crate::domain::care::{Care, Told, Waiting};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::List;
use crate::domain::member::MemberState;
use crate::domain::moderation::HoldReason;
use crate::flow::moderate::HELD;
use crate::flow::{Desk, FlowError};
use crate::letters::{
    self as letters, Decided, Fate, Letter, LookAt, LookWords, NotLooked, NotWanted, Postmaster, Probe,
    SetAside, TopicClosed, Unreached, WaitingItem, WaitingKind, Word, WordBack,
};
use crate::mail::{parse, said};
use crate::store::archive::PostState;
use crate::store::event::{Decider, DropReason};
use crate::store::{OwedLetter, PostInfo, StoreError};

/// So many titles stand on the line of doubtful posts.
const TITLES_MAX: usize = 3;

/// What a letter says of a message.
pub(super) struct About {
    pub(super) info: PostInfo,
    raw: Vec<u8>,
    /// The author's name, or else their address.
    pub(super) author: String,
    address: String,
    pub(super) title: String,
}

pub(super) fn about(desk: &Desk, post: PostId) -> Result<Option<About>, FlowError> {
    let Some(info) = desk.store.post(post)? else { return Ok(None) };
    let raw = match desk.store.raw(post) {
        Ok(Some(raw)) => raw,
        // What is kept no more is spoken of no more.
        Ok(None) | Err(StoreError::Io { .. } | StoreError::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let summary = parse::summarize(&raw);
    let address = summary.author_address.map(|address| address.to_string()).unwrap_or_default();
    let known = info.author.map(|author| name_of(desk, author)).transpose()?.flatten();
    let names = known.into_iter().chain([summary.author_name, address.clone()]);
    let author = names.into_iter().find(|name| !name.trim().is_empty()).unwrap_or_default();
    Ok(Some(About { info, raw, author, address, title: summary.subject }))
}

/// A question to an animator.
pub(super) fn ask(
    desk: &Desk,
    facts: &Facts,
    (list, care): (&List, &Care),
    owed: &OwedLetter,
    mut frame: Frame,
) -> Result<Option<Unsigned>, FlowError> {
    let group = group(list);
    Ok(match care {
        Care::Release { post } => {
            let Some(about) = about(desk, *post)?.filter(waits) else { return Ok(None) };
            frame.enclosed = Some(about.raw);
            let letter = letters::Care::LookAt(LookAt {
                group,
                author: &about.author,
                address: &about.address,
                title: &about.title,
                why: about.info.hold_reason.map_or(letters::WhyHeld::Moderated, why_held),
                until: about.info.received + HELD,
            });
            Some(compose(desk, facts, owed, Letter::Care(letter), frame))
        }
        Care::ReleaseWith { post, mail } => {
            let Some(about) = about(desk, *post)?.filter(waits) else { return Ok(None) };
            let words = desk.store.raw(*mail)?.map(|raw| said::said(&raw).text).unwrap_or_default();
            let (author, title, words) = (about.author.as_str(), about.title.as_str(), words.trim());
            let letter = letters::Care::LookWords(LookWords { group, author, title, words });
            Some(compose(desk, facts, owed, Letter::Care(letter), frame))
        }
        Care::Word { post } => {
            let Some(about) = about(desk, *post)?.filter(waits) else { return Ok(None) };
            frame.enclosed = Some(about.raw);
            let (author, address, title) = (&about.author, &about.address, &about.title);
            let letter = letters::Care::Word(Word { group, author, address, title });
            Some(compose(desk, facts, owed, Letter::Care(letter), frame))
        }
        Care::Gathering { items } => {
            let items = waiting(desk, list, items)?;
            if items.is_empty() {
                return Ok(None);
            }
            let letter = letters::Care::Waiting(letters::Waiting { group, items: &items });
            Some(compose(desk, facts, owed, Letter::Care(letter), frame))
        }
    })
}

fn waits(about: &About) -> bool {
    about.info.state == PostState::Held
}

/// What still waits, under the numbers it has.
fn waiting(desk: &Desk, list: &List, items: &[Waiting]) -> Result<Vec<WaitingItem>, FlowError> {
    let mut shown = Vec::new();
    for (number, item) in (1..).zip(items) {
        shown.extend(match item {
            Waiting::Newcomer(person) => newcomer(desk, list, *person, number)?,
            Waiting::Post(post) => about(desk, *post)?.filter(waits).map(|about| WaitingItem {
                number,
                what: match about.info.hold_reason {
                    Some(HoldReason::Doubtful) => WaitingKind::DoubtfulPost,
                    Some(HoldReason::ToAnimators) => WaitingKind::Word,
                    Some(_) | None => WaitingKind::Post,
                },
                author: about.author,
                title: about.title,
                since: about.info.received,
            }),
            Waiting::Doubtful(posts) => doubtful(desk, posts, number)?,
            Waiting::Unreached(persons) => unreached(desk, list, persons, number)?,
        });
    }
    Ok(shown)
}

fn newcomer(
    desk: &Desk,
    list: &List,
    person: PersonId,
    number: usize,
) -> Result<Option<WaitingItem>, FlowError> {
    let member = desk.store.member(list.id, person)?.filter(|member| member.state == MemberState::Pending);
    let (Some(member), Some(person)) = (member, desk.store.person(person)?) else { return Ok(None) };
    let address = person.addresses.first().map(ToString::to_string).unwrap_or_default();
    let author = if person.name.is_empty() { address } else { format!("{} ({address})", person.name) };
    let since = member.consent.and_then(|consent| consent.confirmed_at).unwrap_or(member.since);
    Ok(Some(WaitingItem { number, author, title: String::new(), since, what: WaitingKind::Newcomer }))
}

fn doubtful(desk: &Desk, posts: &[PostId], number: usize) -> Result<Option<WaitingItem>, FlowError> {
    let (mut titles, mut since, mut count) = (Vec::new(), None, 0);
    for post in posts {
        let Some(info) = desk.store.post(*post)?.filter(|info| info.state == PostState::Held) else {
            continue;
        };
        count += 1;
        since.get_or_insert(info.received);
        if titles.len() < TITLES_MAX {
            let title = about(desk, *post)?.map(|about| about.title).unwrap_or_default();
            titles.extend(Some(title).filter(|title| !title.trim().is_empty()));
        }
    }
    let Some(since) = since else { return Ok(None) };
    let more = if count > titles.len() { ", …" } else { "" };
    let title = format!("{}{more}", titles.join(", "));
    let what = WaitingKind::Doubtful(count);
    Ok(Some(WaitingItem { number, author: String::new(), title, since, what }))
}

/// Members no mail reaches; who can be reached again meanwhile is not there.
fn unreached(
    desk: &Desk,
    list: &List,
    persons: &[PersonId],
    number: usize,
) -> Result<Option<WaitingItem>, FlowError> {
    let (mut who, mut since) = (Vec::new(), None);
    for person in persons {
        let member = desk.store.member(list.id, *person)?;
        if member.is_some_and(|member| member.state == MemberState::Bouncing) {
            let person_there = desk.store.person(*person)?;
            let address = person_there.as_ref().and_then(|person| person.addresses.first().cloned());
            let name = person_there.map(|person| person.name).unwrap_or_default();
            let address = address.map(|address| address.to_string()).unwrap_or_default();
            who.push(if name.is_empty() { address } else { format!("{name} ({address})") });
            since = since.or(desk.store.reach(list.id, *person)?.paused);
        }
    }
    let Some(since) = since else { return Ok(None) };
    let (author, title) = (who.join(", "), String::new());
    Ok(Some(WaitingItem { number, author, title, since, what: WaitingKind::Unreached }))
}

/// Something somebody is told.
pub(super) fn tell(
    desk: &Desk,
    facts: &Facts,
    (list, told): (&List, &Told),
    owed: &OwedLetter,
    frame: Frame,
) -> Result<Option<Unsigned>, FlowError> {
    let wanted = match told {
        Told::Carried { mail, came } => Some(Wanted::Done(*mail, came)),
        Told::Members => Some(Wanted::Members),
        Told::History => Some(Wanted::History),
        Told::Overview => Some(Wanted::Overview),
        Told::Recalled { post, by } => Some(Wanted::Recalled(*post, *by)),
        Told::Decided { .. }
        | Told::Word { .. }
        | Told::Probe
        | Told::Unreached
        | Told::NotWanted
        | Told::NoAnswer
        | Told::Over { .. }
        | Told::Postmaster { .. }
        | Told::SetAside { .. }
        | Told::TopicClosed { .. } => None,
    };
    if let Some(wanted) = wanted {
        return orders::write(&Desktop { desk, facts, list, owed }, &wanted, frame);
    }
    let group = group(list);
    let letter = |letter: letters::Care<'_>| compose(desk, facts, owed, Letter::Care(letter), frame);
    Ok(match told {
        Told::Decided { post } => {
            let Some(about) = about(desk, *post)? else { return Ok(None) };
            let Some(fate) = fate(&about.info) else { return Ok(None) };
            let by = about.info.decided_by;
            let name = match by {
                Some(Decider::Person(person)) => name_or_address(desk, person)?,
                Some(Decider::Operator) | None => String::new(),
            };
            let by_reader = by == Some(Decider::Person(facts.person.id));
            let totals = desk.store.fan(*post)?.map_or((0, 0), |fan| (fan.totals.taken, fan.totals.owed));
            let (author, title) = (about.author.as_str(), about.title.as_str());
            let decided = Decided { group, author, title, fate, by: &name, by_reader, sent: totals };
            Some(letter(letters::Care::Decided(decided)))
        }
        Told::Word { mail, post: _ } => {
            let Some(info) = desk.store.post(*mail)? else { return Ok(None) };
            let by = info.author.map(|author| name_or_address(desk, author)).transpose()?.unwrap_or_default();
            let words = desk.store.raw(*mail)?.map(|raw| said::said(&raw).text).unwrap_or_default();
            Some(letter(letters::Care::WordBack(WordBack { group, by: &by, words: words.trim() })))
        }
        Told::Probe => Some(letter(letters::Care::Probe(Probe { group, address: facts.address.as_str() }))),
        Told::Unreached => {
            let address = facts.person.addresses.first().map(ToString::to_string).unwrap_or_default();
            Some(letter(letters::Care::Unreached(Unreached { group, address: &address })))
        }
        Told::NotWanted => {
            let said = desk.store.warned()?.map(|(_, said)| said).unwrap_or_default();
            let (host, said) = (desk.hostname.as_str(), said.as_str());
            Some(letter(letters::Care::NotWanted(NotWanted { group, host, said })))
        }
        // About no list.
        Told::Postmaster { .. } | Told::SetAside { .. } => None,
        Told::NoAnswer => Some(letter(letters::Care::NotLooked(NotLooked { group, title: None }))),
        Told::Over { post } => {
            let title = about(desk, *post)?.map(|about| about.title).unwrap_or_default();
            Some(letter(letters::Care::NotLooked(NotLooked { group, title: Some(&title) })))
        }
        Told::TopicClosed { post } => {
            let title = about(desk, *post)?.map(|about| about.title).unwrap_or_default();
            Some(letter(letters::Care::TopicClosed(TopicClosed { group, title: &title })))
        }
        Told::Carried { .. } | Told::Members | Told::History | Told::Overview | Told::Recalled { .. } => None,
    })
}

/// What somebody wrote to the operator, while it waits. An answer goes to whoever wrote it.
pub(super) fn pass_on(
    desk: &Desk,
    facts: &Facts,
    post: PostId,
    owed: &OwedLetter,
    mut frame: Frame,
) -> Result<Option<Unsigned>, FlowError> {
    let Some(about) = about(desk, post)?.filter(waits) else { return Ok(None) };
    frame.answers = EmailAddress::parse(&about.address).ok();
    frame.enclosed = Some(about.raw);
    let (host, number) = (desk.hostname.as_str(), post.to_string());
    let (author, address, title) = (&about.author, &about.address, &about.title);
    let letter = letters::Care::Postmaster(Postmaster { host, author, address, title, number: &number });
    Ok(Some(compose(desk, facts, owed, Letter::Care(letter), frame)))
}

/// That a message could not be read. Nothing of it is looked at again.
pub(super) fn set_aside(
    desk: &Desk,
    facts: &Facts,
    post: PostId,
    owed: &OwedLetter,
    frame: Frame,
) -> Unsigned {
    let (host, number) = (desk.hostname.as_str(), post.to_string());
    let letter = letters::Care::SetAside(SetAside { host, number: &number });
    compose(desk, facts, owed, Letter::Care(letter), frame)
}

/// What became of something that waited; nothing, while it does.
fn fate(info: &PostInfo) -> Option<Fate> {
    let by_author =
        matches!((info.decided_by, info.author), (Some(Decider::Person(by)), Some(author)) if by == author);
    Some(match (info.state, info.drop_reason) {
        (PostState::Published, _) => Fate::Sent,
        (PostState::Refused, _) => Fate::Refused,
        (PostState::Dropped, Some(DropReason::Obeyed)) => Fate::DealtWith,
        (PostState::Dropped, Some(DropReason::Over)) => Fate::Over,
        (PostState::Dropped, _) if by_author => Fate::TakenBack,
        (PostState::Dropped, _) => Fate::Discarded,
        (PostState::Held | PostState::Undecided, _) => return None,
    })
}
