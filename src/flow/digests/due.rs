//! Whose turn it is, and the issues they get.

use std::collections::{BTreeMap, HashMap};

use super::editions;
use crate::digest::{POST_BYTES_MAX, condense};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{Curation, List};
use crate::domain::member::{DigestForm, Membership, Reading};
use crate::domain::rhythm::Rhythm;
use crate::domain::time::Timestamp;
use crate::flow::{Desk, FlowError, is_current};
use crate::mail::show::show;
use crate::store::StoreError;
use crate::store::archive::{PostSummary, ThreadId};
use crate::store::change::{Change, Expect};
use crate::store::event::{Event, Fence};
use crate::store::issue::{Issue, NEXT_EDITION, Slot};
use crate::store::person_set::PersonSet;

/// A mail of several posts is at most about so large; what goes beyond is in the next one. Bytes.
const MAIL_BYTES_MAX: usize = 900 * 1024;
/// What the frame of a post weighs in one of them, bytes.
const FRAME_BYTES: usize = 4 * 1024;
/// Posts of a list that are looked at for one group of readers; more come the next time.
const POSTS_AT_ONCE: usize = 5_000;

/// Who gets what they await.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Those whose turn it is.
    Due,
    /// Everybody who may get mail.
    All,
}

/// What becomes of what a member awaits.
enum Turn {
    /// It goes out; whose turn that is, if it is one.
    Now(Option<Slot>),
    /// It waits.
    Wait,
    /// They want no mail any more.
    Never,
}

/// Readers who await the same posts in the same form, and whose turn it is.
type Groups = BTreeMap<(DigestForm, Option<Slot>, Vec<PostId>), PersonSet>;

/// Freezes the digests that are due. Cheap when there are none.
pub fn issue_due(desk: &Desk) -> Result<(), FlowError> {
    if desk.store.fence()? != Fence::Down {
        return Ok(());
    }
    let mut together = Together::default();
    for list in desk.store.reader().lists()? {
        match list.settings.curation {
            Curation::None => drop(issue(desk, &list, Whose::Due, None, Some(&mut together))?),
            Curation::Draft => editions::tend(desk, &list)?,
        }
    }
    together.issue(desk)
}

/// Freezes what the readers of a list await now, whoever's turn it is. The issues, by number.
pub fn issue_now(desk: &Desk, list: &List) -> Result<Vec<PostId>, FlowError> {
    issue(desk, list, Whose::All, None, None)
}

/// The same, as what an edition of that number holds for each of them.
pub(super) fn issue_as_edition(desk: &Desk, list: &List, number: u32) -> Result<Vec<PostId>, FlowError> {
    issue(desk, list, Whose::All, Some(number), None)
}

fn issue(
    desk: &Desk,
    list: &List,
    whose: Whose,
    edition: Option<u32>,
    mut together: Option<&mut Together>,
) -> Result<Vec<PostId>, FlowError> {
    let now = desk.now();
    let mut waiting: BTreeMap<PersonId, Vec<PostId>> = BTreeMap::new();
    let mut known = Known { desk, list, now, posts: HashMap::new(), turns: HashMap::new() };
    for (post, persons) in desk.store.awaited(list.id)?.into_iter().take(POSTS_AT_ONCE) {
        if known.learn(post)? {
            // Of what an edition awaited while the list was curated, none is left when it is not.
            let readers = persons.iter().filter(|person| *person != NEXT_EDITION);
            readers.for_each(|person| waiting.entry(person).or_default().push(post));
            if persons.contains(NEXT_EDITION) {
                editions::forget_next(desk, list, post)?;
            }
        } else {
            // Taken back in the meantime.
            settle(desk, list, &[post], &persons, Vec::new())?;
        }
    }
    let mut groups = Groups::new();
    let mut unwanted: BTreeMap<Vec<PostId>, PersonSet> = BTreeMap::new();
    for (person, posts) in waiting {
        let member = desk.store.member(list.id, person)?;
        match known.turn(member.as_ref(), &posts, whose)? {
            Turn::Wait => {}
            Turn::Never => unwanted.entry(posts).or_default().insert(person),
            Turn::Now(slot) => {
                let joins = member.as_ref().is_some_and(|member| member.together == Some(true));
                let form = member.map(|member| member.digest_form).unwrap_or_default();
                if let (Some(together), true, DigestForm::Page) = (together.as_deref_mut(), joins, form) {
                    let posts = known.parts(posts, form)?.concat();
                    together.0.entry(person).or_default().push((list.id, slot, posts));
                    continue;
                }
                groups.entry((form, slot, posts)).or_default().insert(person);
            }
        }
    }
    for (posts, persons) in unwanted {
        settle(desk, list, &posts, &persons, Vec::new())?;
    }
    let (mut readers, mut numbers) = (0, Vec::new());
    for ((form, slot, posts), persons) in groups {
        let mut events = Vec::new();
        let parts = known.parts(posts.clone(), form)?;
        let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        for (part, posts) in (1..).zip(parts) {
            let number = desk.store.next_post();
            numbers.push(number);
            let at = desk.now();
            let issue = Issue { number, list: list.id, at, posts, form, part: (part, of), edition };
            let (issue, slot, readers) = (Box::new(issue), slot.clone(), persons.clone());
            events.push(Event::Issued { issue, slot, readers });
        }
        readers += persons.len();
        settle(desk, list, &posts, &persons, events)?;
    }
    if readers > 0 {
        tracing::info!(list = %list.address, readers, "digests are on their way");
    }
    Ok(numbers)
}

/// One commit: they await these posts until then, and no more after it.
pub(super) fn settle(
    desk: &Desk,
    list: &List,
    posts: &[PostId],
    persons: &PersonSet,
    events: Vec<Event>,
) -> Result<(), FlowError> {
    let awaited = Expect::Awaited(list.id, posts.to_vec(), persons.clone());
    let mut change = Change::at(desk.now()).expect(awaited);
    if events.is_empty() {
        let (list, posts, persons) = (list.id, posts.to_vec(), persons.clone());
        change = change.event(Event::NotAwaited { list, posts, persons });
    }
    commit(desk, events.into_iter().fold(change, Change::event))
}

fn commit(desk: &Desk, change: Change) -> Result<(), FlowError> {
    match desk.store.commit(change) {
        // Somebody else was faster: then they have it.
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What one list has for somebody, and whose turn that is.
type Share = (ListId, Option<Slot>, Vec<PostId>);

/// What members get of several lists in one mail.
#[derive(Default)]
struct Together(BTreeMap<PersonId, Vec<Share>>);

impl Together {
    /// One commit for all who get the same: issue by issue, and what each list had for them.
    fn issue(self, desk: &Desk) -> Result<(), FlowError> {
        let mut groups: BTreeMap<Vec<Share>, PersonSet> = BTreeMap::new();
        for (person, shares) in self.0 {
            groups.entry(shares).or_default().insert(person);
        }
        for (shares, persons) in groups {
            let Some((first, ..)) = shares.first() else { continue };
            let all: Vec<PostId> = shares.iter().flat_map(|(_, _, posts)| posts.clone()).collect();
            let mut change = Change::at(desk.now());
            for (list, _, posts) in &shares {
                change = change.expect(Expect::Awaited(*list, posts.clone(), persons.clone()));
            }
            let parts = packed(desk, &all, DigestForm::Page)?;
            let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
            for (part, posts) in (1..).zip(parts) {
                let (number, at, form) = (desk.store.next_post(), desk.now(), DigestForm::Page);
                let issue = Issue { number, list: *first, at, posts, form, part: (part, of), edition: None };
                let slot = shares.first().and_then(|(_, slot, _)| slot.clone());
                change =
                    change.event(Event::Issued { issue: Box::new(issue), slot, readers: persons.clone() });
            }
            for (list, _, posts) in shares.into_iter().skip(1) {
                let persons = persons.clone();
                change = change.event(Event::NotAwaited { list, posts, persons });
            }
            commit(desk, change)?;
        }
        Ok(())
    }
}

/// What is known of a list while its digests are made.
struct Known<'a> {
    desk: &'a Desk,
    list: &'a List,
    now: Timestamp,
    posts: HashMap<PostId, Post>,
    turns: HashMap<Rhythm, Option<Timestamp>>,
}

struct Post {
    summary: PostSummary,
    published: Timestamp,
    /// Once somebody asked.
    weights: Option<Weights>,
}

impl Known<'_> {
    /// Whether there is such a post still.
    fn learn(&mut self, post: PostId) -> Result<bool, FlowError> {
        let summary = self.desk.store.reader().post(post)?;
        let info = self.desk.store.post(post)?;
        let (Some(summary), Some(info)) = (summary, info) else { return Ok(false) };
        if summary.withdrawn.is_some() {
            return Ok(false);
        }
        let published = info.decided_at.unwrap_or(info.received);
        self.posts.insert(post, Post { summary, published, weights: None });
        Ok(true)
    }

    fn turn(
        &mut self,
        member: Option<&Membership>,
        posts: &[PostId],
        whose: Whose,
    ) -> Result<Turn, FlowError> {
        let Some(member) = member.filter(|member| is_current(member) && member.reading != Reading::None)
        else {
            return Ok(Turn::Never);
        };
        if !member.receives_mail(self.now) {
            return Ok(Turn::Wait);
        }
        let rhythm = match (Rhythm::of(member, &self.list.settings), whose) {
            (Some(rhythm), Whose::Due) => rhythm,
            // What they awaited before they chose to get each post goes out at once.
            (Some(_), Whose::All) | (None, _) => return Ok(Turn::Now(None)),
        };
        let served = match self.turns.get(&rhythm) {
            Some(served) => *served,
            None => {
                let served = self.desk.store.served(self.list.id, rhythm)?;
                self.turns.insert(rhythm, served);
                served
            }
        };
        let published = posts.iter().filter_map(|post| self.posts.get(post)).map(|post| post.published);
        let Some(oldest) = published.min() else { return Ok(Turn::Wait) };
        Ok(match rhythm.turn(oldest, served, self.now, &self.desk.zone) {
            Some(at) => Turn::Now(Some(Slot { rhythm, at })),
            None => Turn::Wait,
        })
    }

    /// The posts as they are read, conversation by conversation, in mails that are not too large.
    fn parts(&mut self, mut posts: Vec<PostId>, form: DigestForm) -> Result<Vec<Vec<PostId>>, FlowError> {
        let mut begun: HashMap<ThreadId, (Timestamp, PostId)> = HashMap::new();
        for post in &posts {
            let Some(Post { summary, .. }) = self.posts.get(post) else { continue };
            let first = begun.entry(summary.thread).or_insert((summary.date, *post));
            *first = (*first).min((summary.date, *post));
        }
        posts.sort_by_key(|post| {
            self.posts.get(post).map(|known| (begun.get(&known.summary.thread), known.summary.date, *post))
        });
        pack(posts, |post| self.weight(post, form))
    }

    /// About what a post adds to a mail, bytes.
    fn weight(&mut self, post: PostId, form: DigestForm) -> Result<usize, FlowError> {
        let Some(known) = self.posts.get_mut(&post) else { return Ok(0) };
        let weights = match known.weights {
            Some(weights) => weights,
            None => *known.weights.insert(Weights::of(self.desk, post)?),
        };
        Ok(weights.in_form(form))
    }
}

/// What a post weighs, bytes.
#[derive(Clone, Copy)]
struct Weights {
    /// Its author's words, as text and as a page.
    words: usize,
    /// All of it.
    whole: usize,
}

impl Weights {
    fn of(desk: &Desk, post: PostId) -> Result<Weights, FlowError> {
        let raw = desk.store.raw(post)?.unwrap_or_default();
        let words = condense(&show(&raw)).text;
        // Quoted-printable, in a text and in a page.
        let encoded = words.len() + 2 * words.bytes().filter(|byte| !byte.is_ascii()).count();
        Ok(Weights { words: 2 * encoded, whole: raw.len() })
    }

    fn in_form(self, form: DigestForm) -> usize {
        FRAME_BYTES
            + match form {
                DigestForm::Page => self.words,
                DigestForm::Plain => self.whole.min(POST_BYTES_MAX),
                DigestForm::Mime => self.whole,
            }
    }
}

/// Posts in the order they are read, in mails that are not too large.
pub(super) fn packed(desk: &Desk, posts: &[PostId], form: DigestForm) -> Result<Vec<Vec<PostId>>, FlowError> {
    pack(posts.to_vec(), |post| Ok(Weights::of(desk, post)?.in_form(form)))
}

fn pack(
    posts: Vec<PostId>,
    mut weigh: impl FnMut(PostId) -> Result<usize, FlowError>,
) -> Result<Vec<Vec<PostId>>, FlowError> {
    let mut parts: Vec<Vec<PostId>> = Vec::new();
    let mut room = 0;
    for post in posts {
        let weight = weigh(post)?;
        match parts.last_mut().filter(|part| weight <= room && part.len() < Issue::POSTS_MAX) {
            Some(part) => part.push(post),
            None => {
                parts.push(vec![post]);
                room = MAIL_BYTES_MAX;
            }
        }
        room = room.saturating_sub(weight);
    }
    Ok(parts)
}
