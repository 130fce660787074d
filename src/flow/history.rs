//! What was decided about a list, by whom and when: read from the journal, which is the only place
//! that remembers it, and put into words by `letters`.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Desk, FlowError, is_current, whereabouts};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{Membership, Role};
use crate::domain::moderation::ThreadPace;
use crate::domain::time::Timestamp;
use crate::letters::{Happened, HistoryEntry, Whereto, names};
use crate::mail::parse;
use crate::store::event::{Ban, Decider, DropReason, Event, Line, ListCause, MemberCause};
use crate::store::issue::NEXT_EDITION;

/// Mails of several posts after a post that are looked at for it.
const ISSUES_LOOKED_AT: u64 = 5_000;

/// What one line of the journal says, by number.
#[derive(Clone)]
struct Raw {
    at: Timestamp,
    who: Option<PersonId>,
    what: Happened,
    whom: Option<PersonId>,
    post: Option<PostId>,
    title: String,
    words: String,
}

/// What was decided, the latest first; at most so many.
pub fn of_list(desk: &Desk, list: &List, max: Option<usize>) -> Result<Vec<HistoryEntry>, FlowError> {
    let mut seen = Seen {
        list: list.id,
        posts: HashMap::new(),
        held: HashSet::new(),
        members: HashMap::new(),
        settings: None,
    };
    let mut found: VecDeque<Raw> = VecDeque::new();
    desk.store.history(|line| {
        if let Some(raw) = seen.read(&line) {
            found.push_back(raw);
            if max.is_some_and(|max| found.len() > max) {
                found.pop_front();
            }
        }
    })?;
    found.into_iter().rev().map(|raw| in_words(desk, list, raw)).collect()
}

fn in_words(desk: &Desk, list: &List, raw: Raw) -> Result<HistoryEntry, FlowError> {
    let Raw { at, who, what, whom, post, mut title, words } = raw;
    let who = who.map(|who| called(desk, who)).transpose()?.unwrap_or_default();
    let mut whom = whom.map(|whom| called(desk, whom)).transpose()?.unwrap_or_default();
    let mut who = who;
    if let Some(post) = post {
        let summary = desk.store.raw(post).ok().flatten().map(|raw| parse::summarize(&raw));
        if let Some(summary) = summary {
            title = summary.subject;
            if whom.is_empty() {
                let address = summary.author_address.map(|address| address.to_string()).unwrap_or_default();
                whom = if summary.author_name.is_empty() { address } else { summary.author_name };
            }
        }
    }
    if what == Happened::Edition
        && let Some(shown) =
            title.parse().ok().map(|n| desk.store.reader().edition(list.id, n)).transpose()?
    {
        let by = shown.map(|shown| shown.by).unwrap_or_default();
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        who = names(&by, list.settings.language);
    }
    Ok(HistoryEntry { at, who, what, whom, title, words })
}

/// By name, or else by address.
fn called(desk: &Desk, person: PersonId) -> Result<String, FlowError> {
    let Some(person) = desk.store.person(person)? else { return Ok(String::new()) };
    let address = person.addresses.first().map(ToString::to_string).unwrap_or_default();
    Ok(if person.name.is_empty() { address } else { person.name })
}

/// What earlier lines said.
struct Seen {
    list: ListId,
    posts: HashMap<PostId, Option<PersonId>>,
    held: HashSet<PostId>,
    members: HashMap<PersonId, (bool, Role)>,
    settings: Option<List>,
}

impl Seen {
    #[allow(clippy::wildcard_enum_match_arm, reason = "most lines are no decision about this list")]
    fn read(&mut self, line: &Line) -> Option<Raw> {
        let raw = |who, what, whom, post| Raw {
            at: line.at,
            who,
            what,
            whom,
            post,
            title: String::new(),
            words: String::new(),
        };
        match &line.event {
            Event::List { list, cause, by } if list.id == self.list => {
                self.of_list(list, *cause, line.at).map(|raw| Raw { who: *by, ..raw })
            }
            Event::Member { member, cause, by } if member.list == self.list => {
                let what = self.of_member(member, *cause, *by)?;
                Some(raw(*by, what, Some(member.person), None))
            }
            Event::Received { post, list, author, .. } => {
                if *list == Some(self.list) {
                    self.posts.insert(*post, *author);
                }
                None
            }
            Event::Held { post, .. } => {
                self.held.insert(*post);
                None
            }
            Event::Published { post, list, by: Some(by), .. } if *list == self.list => {
                let author = self.posts.get(post).copied().flatten();
                let who = person_of(*by);
                let by_author = who.is_some() && who == author;
                (!by_author).then(|| raw(who, Happened::Sent, author, Some(*post)))
            }
            Event::Refused { post, by: Some(by), words } => {
                let author = *self.posts.get(post)?;
                let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
                Some(Raw { words, ..raw(person_of(*by), Happened::Refused, author, Some(*post)) })
            }
            Event::Dropped { post, why, by } => {
                let author = *self.posts.get(post)?;
                let who = by.and_then(person_of);
                let what = match (why, by) {
                    (DropReason::Over, _) if self.held.contains(post) => Happened::Over,
                    (DropReason::Discarded, Some(_)) if who.is_some() && who == author => Happened::TakenBack,
                    (DropReason::Discarded, Some(_)) => Happened::Discarded,
                    (
                        DropReason::Automatic
                        | DropReason::OwnCopy
                        | DropReason::Disproved
                        | DropReason::Discarded
                        | DropReason::Obeyed
                        | DropReason::Unproven
                        | DropReason::Over
                        | DropReason::Poison,
                        _,
                    ) => return None,
                };
                Some(raw(who, what, author, Some(*post)))
            }
            Event::Withdrawn { post, by } => {
                // What is kept no longer than the list says goes by itself.
                let by_rule = |list: &List| *by == Decider::Operator && list.settings.retention != "none";
                if self.settings.as_ref().is_some_and(by_rule) {
                    return None;
                }
                let author = *self.posts.get(post)?;
                Some(raw(person_of(*by), Happened::Recalled, author, Some(*post)))
            }
            Event::Rethreaded { list, into, by, .. } if *list == self.list => {
                Some(raw(person_of(*by), Happened::Moved, None, Some(*into)))
            }
            Event::Banned { list, person, ban, by } if *list == self.list => {
                let what = if *ban == Ban::On { Happened::Banned } else { Happened::Unbanned };
                Some(raw(*by, what, Some(*person), None))
            }
            Event::ThreadPace { list, thread, pace, by } if *list == self.list => {
                let what = match pace {
                    ThreadPace::Slow => Happened::Slowed,
                    ThreadPace::Closed => Happened::TopicClosed,
                    ThreadPace::Usual => Happened::TopicReopened,
                };
                Some(raw(*by, what, None, Some(*thread)))
            }
            Event::Edition { list, number, .. } if *list == self.list => {
                Some(Raw { title: number.to_string(), ..raw(None, Happened::Edition, None, None) })
            }
            _ => None,
        }
    }

    fn of_list(&mut self, list: &List, cause: ListCause, at: Timestamp) -> Option<Raw> {
        let before = self.settings.replace(list.clone());
        let (what, title) = match cause {
            ListCause::Made => (Happened::Made, String::new()),
            ListCause::State => match list.state {
                ListState::Open => (Happened::GroupReopened, String::new()),
                ListState::Closed | ListState::Removed => (Happened::GroupClosed, String::new()),
            },
            ListCause::Settings => (Happened::Settings, differences(before.as_ref()?, list)?),
        };
        Some(Raw { at, who: None, what, whom: None, post: None, title, words: String::new() })
    }

    fn of_member(
        &mut self,
        member: &Membership,
        cause: MemberCause,
        by: Option<PersonId>,
    ) -> Option<Happened> {
        let now = (is_current(member), member.role);
        let before = self.members.insert(member.person, now);
        let was_member = before.is_some_and(|(current, _)| current);
        let role_before = before.map(|(_, role)| role).unwrap_or_default();
        let role = || match (role_before, member.role) {
            (Role::Member, Role::Animator) => Some(Happened::Animates),
            (Role::Animator, Role::Member) => Some(Happened::AnimatesNot),
            (Role::Member, Role::Member) | (Role::Animator, Role::Animator) => None,
        };
        match cause {
            MemberCause::Added if !was_member && member.role == Role::Animator => Some(Happened::Animates),
            MemberCause::Added if !was_member => Some(Happened::Added),
            MemberCause::Added | MemberCause::Set => role(),
            MemberCause::LeftByMail | MemberCause::LeftByClick | MemberCause::Ended => Some(Happened::Left),
            MemberCause::Removed => was_member.then_some(Happened::Removed),
            MemberCause::Asked => by.map(|_| Happened::Invited),
            MemberCause::Confirmed | MemberCause::CameBack => is_current(member).then_some(Happened::Joined),
            MemberCause::Admitted => Some(Happened::Admitted),
            MemberCause::NotJoined => by.map(|_| Happened::NotAdmitted),
            MemberCause::Unreachable => Some(Happened::Unreached),
            MemberCause::Complained => Some(Happened::Complained),
            MemberCause::Imported | MemberCause::Wished | MemberCause::Forgotten => None,
        }
    }
}

fn person_of(by: Decider) -> Option<PersonId> {
    match by {
        Decider::Operator => None,
        Decider::Person(person) => Some(person),
    }
}

/// The settings that are not as they were.
fn differences(before: &List, after: &List) -> Option<String> {
    let values = |list: &List| serde_json::to_value(&list.settings).unwrap_or_default();
    let (before, after) = (values(before), values(after));
    let word = |value: &serde_json::Value| value.to_string().trim_matches('"').to_owned();
    let changed = after.as_object()?.iter().filter(|(key, value)| before.get(key) != Some(value));
    let changed: Vec<String> = changed.map(|(key, value)| format!("{key}={}", word(value))).collect();
    (!changed.is_empty()).then(|| changed.join(", "))
}

/// Of those who read posts together: how many got this one, and how many still await it.
pub(super) fn in_digests(desk: &Desk, list: &List, post: PostId) -> Result<(u32, u32), FlowError> {
    let mut awaited = 0;
    for (waiting, persons) in desk.store.awaited(list.id)? {
        if waiting == post {
            awaited = persons.iter().filter(|person| *person != NEXT_EDITION).count();
        }
    }
    let mut got = 0;
    let last = desk.store.posts_kept().min(post.0 + ISSUES_LOOKED_AT);
    for number in post.0 + 1..=last {
        let Some(issue) = desk.store.issue(PostId(number))? else { continue };
        if issue.posts.contains(&post)
            && let Whereto::Sent { taken, .. } = whereabouts::sent(desk, issue.number)?
        {
            got += taken;
        }
    }
    Ok((got, u32::try_from(awaited).unwrap_or(u32::MAX)))
}
