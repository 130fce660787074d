//! What time takes away: mail that did its work, what other servers answered, what nobody decided
//! about, and lists that were removed a month ago. Once a day; docs/privacy.md has the table.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use super::about::each_post;
use super::{Desk, FlowError, REMOVED};
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::{ListAddress, ListState};
use crate::domain::moderation::HoldReason;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::mail::forget::without_words;
use crate::store::PostInfo;
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{Decider, DropReason, Event, RequestDoor};
use crate::store::rewrite::Replaced;

const DAY: Duration = Duration::from_secs(86_400);
/// Requests and words to animators, once nothing more is to be done about them. Longer
/// than any question that may still read them.
const TRANSIT_KEPT: Duration = Duration::from_secs(60 * 86_400);
/// Reports of what could not be delivered: what they say of somebody is counted, and they name others.
const REPORTS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Posts that did not go out.
const REFUSED_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// What waits for somebody who never comes.
const HELD_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// A first post whose author does not say whether everybody may read it; they were told when.
const CONSENT_WAIT: Duration = Duration::from_secs(8 * 86_400);
/// What other servers said about copies.
const REPLIES_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// What a removed list held.
const REMOVED_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Posts shown no more by one commit.
const POSTS_AT_ONCE: usize = 200;

/// How much was let go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LetGo {
    /// Things that waited too long.
    pub held: usize,
    /// Posts that are older than their list keeps them.
    pub posts: usize,
    /// Messages whose bytes are gone.
    pub messages: usize,
    /// Files of ledgers without what was answered.
    pub ledgers: usize,
    /// Exports of removed lists.
    pub exports: usize,
}

/// Lets go what is due, if that was not done today. Cheap when it was.
pub fn let_go_once_a_day(desk: &Desk) -> Result<(), FlowError> {
    let now = desk.now();
    if desk.store.tidied()?.is_some_and(|last| now < last + DAY) {
        return Ok(());
    }
    let gone = let_go(desk)?;
    if gone != LetGo::default() {
        tracing::info!(?gone, "what was kept long enough was let go");
    }
    desk.store.commit(Change::at(now).event(Event::Tidied {}))?;
    Ok(())
}

/// Lets go what is due.
pub fn let_go(desk: &Desk) -> Result<LetGo, FlowError> {
    let now = desk.now();
    Ok(LetGo {
        held: held(desk, now)?,
        posts: old_posts(desk, now)? + posts_of_removed(desk, now)?,
        messages: messages(desk, now)?,
        ledgers: desk.store.forget_replies(now - REPLIES_KEPT)?,
        exports: exports(desk, now)?,
    })
}

/// What waited too long is put away by the rules.
fn held(desk: &Desk, now: Timestamp) -> Result<usize, FlowError> {
    let mut count = 0;
    for item in desk.store.held()? {
        let kept = if item.reason == HoldReason::Consent { CONSENT_WAIT } else { HELD_KEPT };
        if now < item.at + kept {
            continue;
        }
        let event = Event::Dropped { post: item.id, why: DropReason::Discarded, by: None };
        match desk.store.commit(Change::at(now).expect(Expect::Held(item.id)).event(event)) {
            Ok(()) => count += 1,
            // Somebody came after all.
            Err(crate::store::StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(count)
}

/// Posts older than their list keeps them are shown no more; that there was one stays.
fn old_posts(desk: &Desk, now: Timestamp) -> Result<usize, FlowError> {
    let mut count = 0;
    for list in desk.store.reader().lists()? {
        let Some(kept) = units::parse_duration(&list.settings.retention) else { continue };
        let end = (now - kept).date_in(&desk.zone);
        for month in desk.store.reader().months(list.id)? {
            if (month.year, month.month) > (end.year, end.month) {
                break;
            }
            let posts = desk.store.reader().month(list.id, (month.year, month.month), 0, usize::MAX)?;
            let old = posts.iter().filter(|post| post.date + kept <= now && post.withdrawn.is_none());
            let old: Vec<PostId> = old.map(|post| post.id).collect();
            for some in old.chunks(POSTS_AT_ONCE) {
                let withdrawn = |post: &PostId| Event::Withdrawn { post: *post, by: Decider::Operator };
                let change = some.iter().map(withdrawn).fold(Change::at(now), Change::event);
                desk.store.commit(change)?;
                count += some.len();
            }
        }
    }
    Ok(count)
}

/// Lists that were removed so long ago that nobody brings them back: each export of theirs is over.
fn removed_for_good(desk: &Desk, now: Timestamp) -> Result<HashSet<ListId>, FlowError> {
    let mut days: HashMap<String, Timestamp> = HashMap::new();
    for (Exported { address, day }, _) in exported(desk) {
        let latest = days.entry(address).or_insert(day);
        *latest = (*latest).max(day);
    }
    let mut over = HashSet::new();
    for (address, _) in days.into_iter().filter(|(_, day)| *day + REMOVED_KEPT <= now) {
        let Ok(address) = ListAddress::parse(&address) else { continue };
        let list = desk.store.list_at(&address)?;
        over.extend(list.filter(|list| list.state == ListState::Removed).map(|list| list.id));
    }
    Ok(over)
}

/// What a removed list held is shown no more, to nobody, once nobody can bring it back.
fn posts_of_removed(desk: &Desk, now: Timestamp) -> Result<usize, FlowError> {
    let over = removed_for_good(desk, now)?;
    if over.is_empty() {
        return Ok(0);
    }
    let mut count = 0;
    let mut due: Vec<PostId> = Vec::new();
    each_post(desk, |info| -> Result<(), FlowError> {
        if info.list.is_some_and(|list| over.contains(&list)) && info.state == PostState::Published {
            let shown = desk.store.reader().post(info.id)?;
            if shown.is_some_and(|post| post.withdrawn.is_none()) {
                due.push(info.id);
            }
        }
        Ok(())
    })?;
    for some in due.chunks(POSTS_AT_ONCE) {
        let withdrawn = |post: &PostId| Event::Withdrawn { post: *post, by: Decider::Operator };
        desk.store.commit(some.iter().map(withdrawn).fold(Change::at(now), Change::event))?;
        count += some.len();
    }
    Ok(count)
}

/// Whether nobody needs the words of a published post any more.
fn is_too_old(
    desk: &Desk,
    info: &PostInfo,
    kept: &HashMap<ListId, Duration>,
    now: Timestamp,
) -> Result<bool, FlowError> {
    let Some(kept) = info.list.and_then(|list| kept.get(&list)) else { return Ok(false) };
    let shown = desk.store.reader().post(info.id)?;
    Ok(shown.is_some_and(|post| post.withdrawn.is_some() && post.date + *kept <= now))
}

/// Whether nobody needs the bytes of a message any more.
fn is_over(info: &PostInfo, now: Timestamp) -> bool {
    let in_transit = info.mail.file.starts_with("transit/");
    let report = matches!(info.door, Some(RequestDoor::Bounce { .. } | RequestDoor::Probe { .. }));
    let kept = match (report, in_transit) {
        (true, _) => REPORTS_KEPT,
        (false, true) => TRANSIT_KEPT,
        (false, false) => REFUSED_KEPT,
    };
    match info.state {
        PostState::Refused | PostState::Dropped => info.decided_at.is_some_and(|at| at + kept <= now),
        PostState::Undecided | PostState::Held | PostState::Published => false,
    }
}

/// Files of transit in which nothing is needed go whole; elsewhere, bytes are written over.
fn messages(desk: &Desk, now: Timestamp) -> Result<usize, FlowError> {
    let mut over: BTreeMap<String, HashSet<PostId>> = BTreeMap::new();
    let mut others: HashMap<String, usize> = HashMap::new();
    let lists = desk.store.reader().lists()?.into_iter();
    let kept: HashMap<ListId, Duration> =
        lists.filter_map(|list| Some((list.id, units::parse_duration(&list.settings.retention)?))).collect();
    let mut bare: HashSet<PostId> = HashSet::new();
    let removed = removed_for_good(desk, now)?;
    each_post(desk, |info| -> Result<(), FlowError> {
        let of_removed = info.list.is_some_and(|list| removed.contains(&list));
        let too_old =
            (of_removed && info.state == PostState::Published) || is_too_old(desk, &info, &kept, now)?;
        if too_old {
            bare.insert(info.id);
        }
        let waits = of_removed && info.state == PostState::Held;
        if too_old || waits || is_over(&info, now) {
            over.entry(info.mail.file).or_default().insert(info.id);
        } else {
            *others.entry(info.mail.file).or_default() += 1;
        }
        Ok(())
    })?;
    let mut count = 0;
    for (file, posts) in over {
        let bare = bare.clone();
        if file.starts_with("transit/") && !others.contains_key(&file) {
            count += if desk.store.take_file_away(&file)? { posts.len() } else { 0 };
            continue;
        }
        count += desk.store.replace_messages(
            &file,
            move |message| {
                if !posts.contains(&message.post) {
                    return None;
                }
                // Threads stay what they were.
                let raw =
                    if bare.contains(&message.post) { without_words(message.raw) } else { b"\n".to_vec() };
                let says_more = message.raw.len() > raw.len() || !message.sender.is_empty();
                says_more.then(|| Replaced { sender: String::new(), raw })
            },
            |_| None,
        )?;
    }
    Ok(count)
}

/// Exports of removed lists, named by the day they were made.
fn exports(desk: &Desk, now: Timestamp) -> Result<usize, FlowError> {
    let mut count = 0;
    for (_, folder) in exported(desk).into_iter().filter(|(export, _)| export.day + REMOVED_KEPT <= now) {
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => count += 1,
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "an old export stays")
            }
        }
    }
    Ok(count)
}

/// An export that was made when a list was removed, as its name says: ADDRESS-YYYY-MM-DD.
struct Exported {
    address: String,
    day: Timestamp,
}

fn exported(desk: &Desk) -> Vec<(Exported, PathBuf)> {
    let folders = std::fs::read_dir(desk.store.data().join(REMOVED)).into_iter().flatten().flatten();
    folders
        .filter_map(|folder| {
            let name = folder.file_name().to_string_lossy().into_owned();
            let (at, day) = (0..name.len()).rev().find_map(|at| {
                let day = Timestamp::parse_rfc3339(&format!("{}T00:00:00Z", name.get(at..at + 10)?))?;
                Some((at, day))
            })?;
            let address = name.get(..at)?.trim_end_matches('-').to_owned();
            Some((Exported { address, day }, folder.path()))
        })
        .collect()
}
