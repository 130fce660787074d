//! Editions of a curated list: the draft is opened in time, shown to the animators, changed as they
//! answer, and goes out when they say so, or by itself.

use std::time::Duration;

use super::due::{issue_as_edition, packed, settle};
use super::propose::refresh;
use crate::domain::edition::{DigestTold, Edition, EditionItem, Fold, ItemPlace};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::{Curation, List};
use crate::domain::member::{Day, DigestForm, Reading, Role};
use crate::domain::recipient::ListDoor;
use crate::domain::rhythm::Rhythm;
use crate::domain::time::Timestamp;
use crate::domain::units;
use crate::domain::wish::{AskedBecause, Matter, Question};
use crate::flow::{Desk, FlowError, beside, is_current};
use crate::store::StoreError;
use crate::store::change::{Change, Conflict, Expect, Shelf};
use crate::store::event::{Event, LetterAbout, Note, Occasion};
use crate::store::issue::{Issue, NEXT_EDITION};
use crate::store::person_set::PersonSet;
use crate::store::segments::MailPlace;

const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// Whoever sends the draft as it stands tries so often while others change it.
const SENDING_TRIES: usize = 8;
/// Answers to a draft count for so long; once the edition is out they are told that they are late.
const ANSWER_WAIT: Duration = Duration::from_secs(30 * 86_400);

/// What follows from sending an edition, or changing its draft: one commit with what else follows.
pub(in crate::flow) struct Following {
    pub(in crate::flow) expects: Vec<Expect>,
    /// The message its words are in.
    pub(in crate::flow) mail: (PostId, Shelf, Vec<u8>),
    pub(in crate::flow) events: Vec<Event>,
}

/// Opens a draft whose time has come, and sends one that has waited long enough.
pub(super) fn tend(desk: &Desk, list: &List) -> Result<(), FlowError> {
    let now = desk.now();
    match desk.store.draft(list.id)? {
        Some(shown) if shown.draft.goes <= now => {
            if shown.draft.chosen().next().is_some() {
                commit(desk, now, sending(desk, list, shown.draft, Some(shown.document))?)?;
            }
            Ok(())
        }
        Some(_) => Ok(()),
        None => {
            let (opens, goes) = window(desk, list, now);
            let latest = desk.store.reader().editions(list.id, 1)?.first().copied();
            let latest =
                latest.map(|(number, _)| desk.store.reader().edition(list.id, number)).transpose()?;
            let served = latest.flatten().is_some_and(|shown| shown.edition.opened >= opens);
            if now < opens || served {
                return Ok(());
            }
            open(desk, list, goes)?;
            Ok(())
        }
    }
}

/// When the draft of the next edition is made, and when it goes by itself.
fn window(desk: &Desk, list: &List, now: Timestamp) -> (Timestamp, Timestamp) {
    let hour = list.settings.digest_hour;
    let days = list
        .settings
        .edition_days
        .split(',')
        .filter_map(|word| serde_json::from_value::<Day>(serde_json::Value::from(word.trim())).ok());
    let next = days.map(|day| Rhythm::Weekly { day, hour }.latest_turn(now + WEEK, &desk.zone)).min();
    let goes = next.unwrap_or(now + WEEK);
    (goes - patience(list), goes)
}

/// How long a draft waits for the animators.
pub(in crate::flow) fn patience(list: &List) -> Duration {
    units::parse_duration(&list.settings.curation_wait).unwrap_or(WEEK / 7)
}

/// The draft there is, or one of everything that is new; nothing if nothing is. The animators get it,
/// and again if something came since: what they have asked of it stays.
pub fn draft_now(desk: &Desk, list: &List) -> Result<Option<Edition>, FlowError> {
    let Some(shown) = desk.store.draft(list.id)? else {
        return open(desk, list, desk.now() + patience(list));
    };
    let mut draft = shown.draft.clone();
    renewed(desk, list, &mut draft)?;
    if draft.items == shown.draft.items {
        return Ok(Some(shown.draft));
    }
    match offer(desk, list, &draft, Some(shown.document))? {
        true => Ok(Some(draft)),
        // Somebody else was faster: then it is theirs.
        false => Ok(desk.store.draft(list.id)?.map(|shown| shown.draft)),
    }
}

/// What an edition would hold now, whether or not anybody works on one.
pub fn proposed(desk: &Desk, list: &List, goes: Timestamp) -> Result<Edition, FlowError> {
    let number = desk.store.reader().editions(list.id, 1)?.first().map_or(1, |(number, _)| number + 1);
    let mut edition = Edition {
        number,
        revision: 0,
        opened: desk.now(),
        goes,
        title: String::new(),
        intro: String::new(),
        items: Vec::new(),
        by: Vec::new(),
        heard: Vec::new(),
    };
    let awaited: Vec<PostId> = desk.store.awaited(list.id)?.into_iter().map(|(post, _)| post).collect();
    refresh(desk, list, &mut edition, &awaited)?;
    Ok(edition)
}

fn open(desk: &Desk, list: &List, goes: Timestamp) -> Result<Option<Edition>, FlowError> {
    let edition = proposed(desk, list, goes)?;
    if edition.chosen().next().is_none() {
        return Ok(None);
    }
    offer(desk, list, &edition, None)?;
    Ok(Some(edition))
}

/// Keeps a draft and shows it to every animator; `version` is the one it was made from. Whether nobody
/// else was faster.
fn offer(desk: &Desk, list: &List, edition: &Edition, version: Option<PostId>) -> Result<bool, FlowError> {
    let mut following = changing(desk, list, edition, version);
    for person in animators(desk, list)? {
        following.events.extend(asked(desk, list, person, edition, Occasion::default()));
    }
    commit(desk, desk.now(), following)
}

/// Adds what is new since to a draft that is shown again.
pub(in crate::flow) fn renewed(desk: &Desk, list: &List, edition: &mut Edition) -> Result<(), FlowError> {
    let awaited: Vec<PostId> = desk.store.awaited(list.id)?.into_iter().map(|(post, _)| post).collect();
    refresh(desk, list, edition, &awaited)?;
    edition.revision += 1;
    Ok(())
}

/// Shows somebody a draft, and takes their answer.
pub(in crate::flow) fn asked(
    desk: &Desk,
    list: &List,
    person: PersonId,
    edition: &Edition,
    occasion: Occasion,
) -> [Event; 2] {
    let question = desk.store.next_question();
    let asked = Question {
        number: question,
        person,
        list: Some(list.id),
        matter: Matter::Draft { number: edition.number },
        until: desk.now() + ANSWER_WAIT,
        cause: AskedBecause::Ours,
    };
    let occasion = Occasion { question: Some(question), ..occasion };
    let about = LetterAbout::Question { question, person, occasion };
    [
        Event::Asked { question: Box::new(asked) },
        Event::LetterOwed { letter: desk.store.next_letter(), about },
    ]
}

/// What follows from a draft as it is now; `version` is the one it was made from.
pub(in crate::flow) fn changing(
    desk: &Desk,
    list: &List,
    edition: &Edition,
    version: Option<PostId>,
) -> Following {
    let document = desk.store.next_post();
    Following {
        expects: vec![Expect::Draft(list.id, version)],
        mail: (document, Shelf::Transit, written(desk, list, document, edition)),
        events: vec![Event::Drafted { list: list.id, document, mail: somewhere() }],
    }
}

/// What follows from sending an edition. What stands in it and what was dropped counts as read for
/// everybody; what was put off is awaited still.
pub(in crate::flow) fn sending(
    desk: &Desk,
    list: &List,
    mut edition: Edition,
    version: Option<PostId>,
) -> Result<Following, FlowError> {
    let awaited = desk.store.awaited(list.id)?;
    let awaits = |post: &PostId| awaited.iter().any(|(known, _)| known == post);
    // Taken back, or sent by an earlier edition, since the draft was shown.
    edition.items.iter_mut().for_each(|item| item.posts.retain(awaits));
    edition.items.retain(|item| !item.posts.is_empty());
    let read = edition.items.iter().filter(|item| item.place != ItemPlace::Later);
    let posts: Vec<PostId> = read.flat_map(|item| item.posts.clone()).collect();
    let mut waited = PersonSet::default();
    for (_, persons) in awaited.iter().filter(|(post, _)| posts.contains(post)) {
        persons.iter().for_each(|person| waited.insert(person));
    }
    edition.items.retain(|item| item.place == ItemPlace::In);
    edition.heard.clear();
    let shown: Vec<PostId> = edition.items.iter().flat_map(|item| item.posts.clone()).collect();
    let document = desk.store.next_post();
    let (number, list_id, now) = (edition.number, list.id, desk.now());
    let mut events = vec![
        Event::Edition { list: list_id, number, document, mail: somewhere() },
        Event::NotAwaited { list: list_id, posts: posts.clone(), persons: waited.clone() },
    ];
    for (form, readers) in readers(desk, list, &waited, now)? {
        let parts = packed(desk, &shown, form)?;
        let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        for (part, posts) in (1..).zip(parts) {
            let (issue, part) = (desk.store.next_post(), (part, of));
            let edition = Some(number);
            let issue = Issue { number: issue, list: list_id, at: now, posts, form, part, edition };
            events.push(Event::Issued { issue: Box::new(issue), slot: None, readers: readers.clone() });
        }
    }
    for person in animators(desk, list)? {
        let note = Note::Digest { told: DigestTold::WentOut { number } };
        let (list, occasion) = (Some(list_id), Occasion::default());
        let about = LetterAbout::Note { list, person, note, occasion };
        events.push(Event::LetterOwed { letter: desk.store.next_letter(), about });
    }
    Ok(Following {
        expects: vec![Expect::Draft(list_id, version)],
        mail: (document, Shelf::List(list_id), written(desk, list, document, &edition)),
        events,
    })
}

/// An edition that is on record, and sends nothing.
fn kept(desk: &Desk, list: &List, edition: &Edition, version: Option<PostId>) -> Following {
    let (document, number) = (desk.store.next_post(), edition.number);
    Following {
        expects: vec![Expect::Draft(list.id, version)],
        mail: (document, Shelf::List(list.id), written(desk, list, document, edition)),
        events: vec![Event::Edition { list: list.id, number, document, mail: somewhere() }],
    }
}

/// Everybody who reads in digests, and who awaited something before they chose to get each post.
fn readers(
    desk: &Desk,
    list: &List,
    waited: &PersonSet,
    now: Timestamp,
) -> Result<Vec<(DigestForm, PersonSet)>, FlowError> {
    let mut found: Vec<(DigestForm, PersonSet)> = Vec::new();
    for member in desk.store.members(list.id)? {
        let late = member.reading == Reading::Each && waited.contains(member.person);
        if !member.receives_mail(now) || !(member.receives_digests(now) || late) {
            continue;
        }
        match found.iter_mut().find(|(form, _)| *form == member.digest_form) {
            Some((_, persons)) => persons.insert(member.person),
            None => found.push((member.digest_form, PersonSet::from_iter([member.person]))),
        }
    }
    Ok(found)
}

/// Sends the next edition now: the draft as it stands, or everything that is new. Its number; nothing
/// if nothing is new.
pub fn send_now(desk: &Desk, list: &List) -> Result<Option<u32>, FlowError> {
    for _ in 0..SENDING_TRIES {
        // An animator's answer may be faster: then it is that draft which goes.
        match try_sending(desk, list)? {
            Sending::Outrun => {}
            Sending::Nothing => return Ok(None),
            Sending::Sent(number) => return Ok(Some(number)),
        }
    }
    Err(StoreError::Conflict(Conflict::Changed).into())
}

enum Sending {
    Sent(u32),
    Nothing,
    /// Somebody changed the draft meanwhile.
    Outrun,
}

fn try_sending(desk: &Desk, list: &List) -> Result<Sending, FlowError> {
    let now = desk.now();
    let (edition, version) = match desk.store.draft(list.id)? {
        Some(shown) => (shown.draft, Some(shown.document)),
        None => (proposed(desk, list, now)?, desk.store.draft_version(list.id)?),
    };
    let anything = match list.settings.curation {
        Curation::Draft => edition.chosen().next().is_some(),
        Curation::None => !edition.items.is_empty(),
    };
    if !anything {
        return Ok(Sending::Nothing);
    }
    let number = edition.number;
    let following = match list.settings.curation {
        Curation::Draft => sending(desk, list, edition, version)?,
        Curation::None => {
            // Each gets what they await of it, which need not be all, and nobody chose what to leave out.
            let whole = |item| EditionItem { place: ItemPlace::In, fold: Fold::Open, ..item };
            let everything = edition.items.into_iter().map(whole);
            let edition = Edition { items: everything.collect(), ..edition };
            kept(desk, list, &edition, version)
        }
    };
    if !commit(desk, now, following)? {
        return Ok(Sending::Outrun);
    }
    if list.settings.curation == Curation::None {
        issue_as_edition(desk, list, number)?;
    }
    Ok(Sending::Sent(number))
}

/// Those who look after a list.
pub(in crate::flow) fn animators(desk: &Desk, list: &List) -> Result<Vec<PersonId>, FlowError> {
    let members = desk.store.members(list.id)?;
    let animates = members.iter().filter(|member| member.role == Role::Animator && is_current(member));
    Ok(animates.map(|member| member.person).collect())
}

/// Whether it was done; it was not where somebody else was faster: then it is theirs that counts.
fn commit(desk: &Desk, now: Timestamp, following: Following) -> Result<bool, FlowError> {
    let Following { expects, mail: (document, shelf, raw), events } = following;
    let mut change = Change::at(now).mail(document, shelf, &raw, "", now);
    for expect in expects {
        change = change.expect(expect);
    }
    for event in events {
        change = change.event(event);
    }
    match desk.store.commit(change) {
        Ok(()) => Ok(true),
        Err(StoreError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What only the edition itself awaited, on a list that is not curated any more.
pub(super) fn forget_next(desk: &Desk, list: &List, post: PostId) -> Result<(), FlowError> {
    settle(desk, list, &[post], &PersonSet::from_iter([NEXT_EDITION]), Vec::new())
}

/// The committer says where it is.
fn somewhere() -> MailPlace {
    MailPlace { file: String::new(), offset: 0, len: 0 }
}

/// A draft or an edition as a message that any program can read.
fn written(desk: &Desk, list: &List, document: PostId, edition: &Edition) -> Vec<u8> {
    let json = serde_json::to_string_pretty(edition).expect("plain data");
    format!(
        "From: <{}>\r\nSubject: edition {}\r\nDate: {}\r\nMessage-ID: <edition-{document}@{}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: application/json; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
        beside(list, &ListDoor::Request),
        edition.number,
        desk.now().rfc5322(&desk.zone),
        desk.hostname,
        json.replace('\n', "\r\n"),
    )
    .into_bytes()
}
