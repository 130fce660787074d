//! Forgetting somebody: from the wish to the day nothing names them.
//!
//! It begins with one commit that says so, ends their memberships and leaves the hash of each of
//! their addresses, so that an old archive or backup does not bring them back. A last letter may
//! still go out. Then every file is looked through ([`carry_out`]); that can be stopped anywhere and
//! is taken up again, since what tells who is meant goes last. What is said of all this to people is
//! in docs/privacy.md.

mod plan;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;

use self::plan::Plan;
pub use self::plan::{in_place_of, instead_of};
use super::about::each_post;
use super::export::{self, ExportError, Folder};
use super::{Desk, FlowError};
use crate::domain::ids::PersonId;
use crate::domain::list::{ListAddress, ListState};
use crate::domain::member::{MemberState, Membership, Person};
use crate::domain::time::Timestamp;
use crate::domain::wish::PostsLeft;
use crate::mail::forget::also_called;
use crate::store::archive::PostState;
use crate::store::change::{Change, Expect};
use crate::store::event::{Decider, DropReason, Event, MemberCause};
use crate::store::forget::Holds;
use crate::store::{Forgetting, StoreError};

/// A last letter is waited for so long.
const LAST_LETTER_WAIT: Duration = Duration::from_secs(86_400);

/// What is not taken away; docs/privacy.md says why.
pub const KEPT: [&str; 7] = [
    "Message-IDs, since links and answers name posts by them; not where they hold a whole address",
    "what is inside files attached to messages, but for text and calendars",
    "in the words of others: what they quoted, without the name above it; a first name alone; what tells who they are without naming them",
    "the journal, where they are a number that nothing joins with a name any more",
    "one hash of each address, made with a key of this server, so that an old archive does not bring them back",
    "backups and other copies made before: restored with the journal of today, they forget again",
    "what members have in their own mailboxes",
];

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Report {
    /// Messages of theirs that are nobody's now, or say nothing any more; requests too.
    pub own: usize,
    /// Messages of others in which their addresses and names were written over.
    pub mentions: usize,
    /// Lines of the journal and of ledgers in which another server's words named them.
    pub lines: usize,
    /// Other files that named them.
    pub files: usize,
    /// Exports of removed lists that were made again.
    pub exports: usize,
}

/// What begins it, to be committed with what else follows from the wish; the memberships are the
/// caller's to end, with [`ended`].
pub(super) fn beginning(
    desk: &Desk,
    person: &Person,
    posts: PostsLeft,
    by: Option<Decider>,
) -> Result<(Vec<Expect>, Vec<Event>), FlowError> {
    let marks = person.addresses.iter().map(|address| desk.store.mark_of(address)).collect();
    let mut expects = Vec::new();
    let mut events = vec![Event::Forgetting { person: person.id, posts, marks, by }];
    for item in desk.store.held()? {
        let author = desk.store.post(item.id)?.and_then(|info| info.author);
        let wrote = person.addresses.iter().any(|address| address.as_str().eq_ignore_ascii_case(&item.from));
        if author == Some(person.id) || wrote {
            expects.push(Expect::Held(item.id));
            events.push(Event::Dropped { post: item.id, why: DropReason::Discarded, by });
        }
    }
    for pass in desk.store.passes_of(person.id)? {
        events.push(Event::PassEnded { pass: pass.number, person: person.id });
    }
    for asked in desk.store.questions_to(person.id)? {
        events.push(Event::Lapsed { question: asked.question.number });
    }
    Ok((expects, events))
}

/// A membership of somebody who is forgotten: that there was one, and none of their wishes.
pub(super) fn ended(member: &Membership) -> Membership {
    let bare = Membership::new(member.list, member.person, member.joined, member.since);
    Membership { state: MemberState::Left, ..bare }
}

/// Begins it for the operator. Nobody is written to.
pub fn begin(desk: &Desk, person: &Person, posts: PostsLeft, by: Option<Decider>) -> Result<(), FlowError> {
    let (expects, events) = beginning(desk, person, posts, by)?;
    let before = desk.store.person(person.id)?;
    let mut change = Change::at(desk.now()).expect(Expect::Person(person.id, before.clone().map(Box::new)));
    if before.as_ref() != Some(person) {
        for address in &person.addresses {
            change = change.expect(Expect::AddressOf(address.clone(), person.id));
        }
        change = change.person(person.clone());
    }
    for expect in expects {
        change = change.expect(expect);
    }
    for member in desk.store.memberships(person.id)? {
        let seen = Expect::Member(member.list, member.person, Some(Box::new(member.clone())));
        let (member, cause) = (Box::new(ended(&member)), MemberCause::Forgotten);
        change = change.expect(seen).event(Event::Member { member, cause, by: None });
    }
    for event in events {
        change = change.event(event);
    }
    Ok(desk.store.commit(change)?)
}

/// Takes everybody out again whom a restored backup brought back. Nothing is waited for: nobody
/// writes to anybody from there yet. How many people that were.
pub fn forget_again(desk: &Desk) -> Result<usize, FlowError> {
    let mut done = 0;
    for forgetting in desk.store.forgettings()? {
        if desk.store.person(forgetting.person)?.is_some() {
            carry_out(desk, forgetting.person)?;
            done += 1;
        }
    }
    Ok(done)
}

/// Takes up what was begun and not finished, and what a restored backup brought back. Cheap when
/// there is nothing. How many people that were.
pub fn carry_out_due(desk: &Desk) -> Result<usize, FlowError> {
    let mut done = 0;
    for forgetting in desk.store.forgettings()? {
        let is_back = desk.store.person(forgetting.person)?.is_some();
        if (forgetting.done.is_none() || is_back) && !waits_for_letter(desk, &forgetting, desk.now())? {
            let report = carry_out(desk, forgetting.person)?;
            tracing::info!(person = %forgetting.person, ?report, "somebody was forgotten, as they wished");
            done += 1;
        }
    }
    Ok(done)
}

fn waits_for_letter(desk: &Desk, forgetting: &Forgetting, now: Timestamp) -> Result<bool, FlowError> {
    let owed = || -> Result<bool, StoreError> {
        Ok(desk.store.letters()?.iter().any(|letter| letter.about.person() == forgetting.person))
    };
    Ok(now < forgetting.since + LAST_LETTER_WAIT && owed()?)
}

/// Takes somebody out of everything that is kept. Blocks; durable when it returns. Mail goes in and
/// out meanwhile. To be called once it was begun; done twice, it changes nothing more.
pub fn carry_out(desk: &Desk, person: PersonId) -> Result<Report, FlowError> {
    let forgetting = desk.store.forgettings()?.into_iter().find(|forgetting| forgetting.person == person);
    let Some(forgetting) = forgetting else { return Ok(Report::default()) };
    let mut report = Report::default();
    if let Some(known) = desk.store.person(person)? {
        let plan = Arc::new(plan(desk, &known, forgetting.posts)?);
        look_through(desk, &plan, &mut report)?;
        if forgetting.posts == PostsLeft::Withdrawn {
            show_no_more(desk, person, &plan)?;
        }
        desk.store.forget_person(person)?;
    }
    report.exports = export_removed_again(desk)?;
    desk.store.renew_state()?;
    desk.search.throw_away()?;
    desk.store.commit(Change::at(desk.now()).event(Event::Forgotten { person }))?;
    renew_search(desk);
    Ok(report)
}

/// The words of posts stand in the index too, if there is one. It follows the journal by itself, and
/// begins anew after that line; here it is waited for.
fn renew_search(desk: &Desk) {
    if desk.store.data().join("search").exists()
        && let Err(error) = desk.search.catch_up_wholly(|_| ())
    {
        tracing::error!(%error, "the index of words is not renewed yet; it will be, by itself");
    }
}

/// Who is meant, by which names, and which messages are theirs. Names are kept before anything
/// that holds them is touched.
fn plan(desk: &Desk, known: &Person, posts: PostsLeft) -> Result<Plan, FlowError> {
    let mut names = desk.store.kept_names(known.id)?;
    let mut add = |name: String| {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    add(known.name.clone());
    let mut own = std::collections::HashSet::new();
    each_post(desk, |info| -> Result<(), FlowError> {
        let theirs = info.author == Some(known.id);
        let shown = desk.store.reader().post(info.id)?;
        if let Some(shown) = &shown
            && !theirs
            && !shown.author_address.as_ref().is_some_and(|address| known.addresses.contains(address))
        {
            return Ok(());
        }
        // What cannot be read cannot be told to be theirs; where it lies, it is looked through.
        let Ok(Some(raw)) = desk.store.raw(info.id) else { return Ok(()) };
        let called = also_called(&raw, &known.addresses);
        if theirs || !called.is_empty() || plan::is_from(&raw, &known.addresses) {
            own.insert(info.id);
        }
        called.into_iter().for_each(&mut add);
        Ok(())
    })?;
    desk.store.keep_names(known.id, &names)?;
    Ok(Plan::new(desk, known, &names, own, posts)?)
}

fn look_through(desk: &Desk, plan: &Arc<Plan>, report: &mut Report) -> Result<(), FlowError> {
    let own = Arc::new(AtomicUsize::new(0));
    for file in desk.store.files_that_name()? {
        let (in_messages, in_damage, in_text) = (plan.clone(), plan.clone(), plan.clone());
        match file.holds {
            Holds::Posts(_) | Holds::Transit => {
                let (holds, counted) = (file.holds, own.clone());
                let before = own.load(Ordering::Relaxed);
                let replaced = desk.store.replace_messages(
                    &file.name,
                    move |message| {
                        let (theirs, new) = in_messages.message(holds, message)?;
                        counted.fetch_add(usize::from(theirs), Ordering::Relaxed);
                        Some(new)
                    },
                    move |bytes| in_damage.text(bytes),
                )?;
                report.mentions += replaced - (own.load(Ordering::Relaxed) - before).min(replaced);
            }
            Holds::Lines => {
                report.lines += desk.store.replace_lines(&file.name, move |line| in_text.text(line))?;
            }
            Holds::Bytes => {
                report.files += desk.store.replace_bytes(&file.name, move |bytes| in_text.text(bytes))?;
            }
        }
    }
    report.own += own.load(Ordering::Relaxed);
    Ok(())
}

/// Their posts say on the web that they were withdrawn.
fn show_no_more(desk: &Desk, person: PersonId, plan: &Plan) -> Result<(), FlowError> {
    for post in plan.own() {
        if desk.store.reader().post(*post)?.is_some_and(|post| post.withdrawn.is_none()) {
            let event = Event::Withdrawn { post: *post, by: Decider::Person(person) };
            desk.store.commit(Change::at(desk.now()).event(event))?;
        }
    }
    Ok(())
}

/// What lists held when they were removed is made again from what is kept, while it is.
fn export_removed_again(desk: &Desk) -> Result<usize, FlowError> {
    let mut made = 0;
    let folders = std::fs::read_dir(desk.store.data().join(super::REMOVED)).into_iter().flatten().flatten();
    for folder in folders {
        let name = folder.file_name().to_string_lossy().into_owned();
        // ADDRESS-YYYY-MM-DD, perhaps with a number behind it: the host ends where the date begins.
        let address =
            (1..name.len()).rev().filter(|at| name.is_char_boundary(*at) && name[*at..].starts_with("-2"));
        let found = address
            .filter_map(|at| ListAddress::parse(&name[..at]).ok())
            .find_map(|address| desk.store.list_at(&address).transpose());
        let Some(list) = found.transpose()?.filter(|list| list.state == ListState::Removed) else { continue };
        let again = || -> Result<(), ExportError> {
            let mut files = Folder::new(&folder.path())?;
            export::export(&desk.store, &list, desk.now(), &mut |piece| files.take(piece))?;
            Ok(files.finish()?)
        };
        match again() {
            Ok(()) => made += 1,
            Err(ExportError::Store(error)) => return Err(error.into()),
            Err(ExportError::Sink(error)) => {
                tracing::error!(folder = %folder.path().display(), %error, "an export could not be made again");
            }
        }
    }
    Ok(made)
}

/// Whether somebody wrote anything that is kept, though no person has that address.
pub fn has_written(desk: &Desk, address: &crate::domain::address::EmailAddress) -> Result<bool, FlowError> {
    let mut found = false;
    each_post(desk, |info| -> Result<(), FlowError> {
        let shown = desk.store.reader().post(info.id)?;
        found |= match shown {
            Some(shown) => shown.author_address.as_ref() == Some(address),
            None if info.state == PostState::Published => false,
            None => match desk.store.raw(info.id) {
                Ok(Some(raw)) => plan::is_from(&raw, std::slice::from_ref(address)),
                Ok(None) | Err(_) => false,
            },
        };
        Ok(())
    })?;
    Ok(found)
}
