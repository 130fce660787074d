//! What people have a right to: to be forgotten, to be asked before everybody reads them, and not to
//! have others speak in their name.

use super::hear::Heard;
use super::talk::Talk;
use super::{Fate, addresses};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::{ArchivePolicy, Attachments, Consent, List};
use crate::domain::member::{Joined, Role};
use crate::domain::moderation::{self, Body, HoldReason, PostFacts, Verdict, Weight};
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, AskedBecause, Matter, PostsLeft, Question, Wish};
use crate::flow::author::{author_of, standing};
use crate::flow::membership::ANSWER_WAIT;
use crate::flow::publish::publish;
use crate::flow::send::letters::language_of_their_groups;
use crate::flow::{Desk, FlowError, forget as forgetting, is_current};
use crate::mail::compose;
use crate::mail::parse;
use crate::store::OpenQuestion;
use crate::store::PostInfo;
use crate::store::archive::PostState;
use crate::store::change::Expect;
use crate::store::event::{Decider, DropReason, Event, LetterAbout, MemberCause, Note, Occasion};

/// What somebody who wishes to be forgotten chose for their posts; nothing, if they said something else.
pub(super) fn chosen(heard: &Heard) -> Option<PostsLeft> {
    match heard {
        Heard::Yes => Some(PostsLeft::Nameless),
        Heard::Wishes(wishes) => match wishes.as_slice() {
            [Wish::Withdraw { .. }] => Some(PostsLeft::Withdrawn),
            [Wish::Forget { .. }] => Some(PostsLeft::Nameless),
            _ => None,
        },
        // Between the two that the letter names, whoever speaks of withdrawing means that one.
        Heard::Guess(Wish::Withdraw { .. }) => Some(PostsLeft::Withdrawn),
        Heard::Guess(_)
        | Heard::No
        | Heard::Either(..)
        | Heard::Declined
        | Heard::ForPeople
        | Heard::ForOthers
        | Heard::Nothing => None,
    }
}

/// They chose, once.
pub(super) fn answer_to_forget(
    talk: &mut Talk<'_>,
    question: &OpenQuestion,
    heard: &Heard,
) -> Result<Fate, FlowError> {
    if let (Some(posts), None) = (chosen(heard), question.answer) {
        talk.settle(question.question.number, Answered::Yes);
        forget(talk, posts)?;
    }
    Ok(Fate::Done)
}

/// They said whether a post may go out, or a post or an address is theirs at all.
pub(super) fn answer_yes_or_no(
    talk: &mut Talk<'_>,
    question: &OpenQuestion,
    list: Option<&List>,
    yes: bool,
) -> Result<Fate, FlowError> {
    let asked = &question.question;
    talk.settle(asked.number, if yes { Answered::Yes } else { Answered::No });
    match (&asked.matter, list) {
        (Matter::Consent { .. }, Some(list)) => consented(talk, list, yes)?,
        (Matter::Yours { post }, Some(list)) if yes => let_go(talk, list, *post)?,
        (Matter::SamePerson { post }, Some(list)) if yes => addresses::same_person(talk, list, *post)?,
        (Matter::Yours { post } | Matter::SamePerson { post }, _) if !yes => {
            addresses::somebody_else(talk, *post)?;
        }
        (Matter::Adopt { person }, _) if yes => addresses::adopt(talk, *person)?,
        (_, _) => {}
    }
    Ok(Fate::Done)
}

/// From here on they are no member of anything; one last letter goes out, and then nothing names them.
fn forget(talk: &mut Talk<'_>, posts: PostsLeft) -> Result<(), FlowError> {
    let person = talk.person.id;
    // Once they are in no group, nothing says any more what they read.
    let language = language_of_their_groups(talk.desk, person)?;
    let (expects, events) = forgetting::beginning(talk.desk, &talk.person, posts, None)?;
    for member in talk.desk.store.memberships(person)? {
        talk.set_member(forgetting::ended(&member), MemberCause::Forgotten, None)?;
    }
    expects.into_iter().for_each(|expect| talk.expect(expect));
    events.into_iter().for_each(|event| talk.event(event));
    let occasion = Occasion { answers: Some(talk.post), language, ..Occasion::default() };
    talk.owe(LetterAbout::Note { list: None, person, note: Note::Forgotten { posts }, occasion });
    Ok(())
}

/// A post that waited for its author's word goes the way theirs go.
pub(super) fn let_go(talk: &mut Talk<'_>, list: &List, post: PostId) -> Result<(), FlowError> {
    let desk = talk.desk;
    let waits = desk.store.post(post)?.filter(|info| info.state == PostState::Held);
    let (Some(info), Some(raw)) = (waits, desk.store.raw(post)?) else { return Ok(()) };
    let facts = PostFacts {
        standing: standing(desk, list.id, Some(talk.person.id))?,
        proof: Proof::Proven,
        body: if info.disclosed { Body::Disclosing } else { Body::Plain },
        weight: match list.settings.attachments {
            Attachments::Hold if compose::are_large(&raw) => Weight::Large,
            Attachments::Hold | Attachments::Link | Attachments::Keep => Weight::Usual,
        },
    };
    talk.expect(Expect::Held(post));
    match moderation::decide(list, &facts) {
        Verdict::Publish => {
            let summary = parse::summarize(&raw);
            let by = Some(Decider::Person(talk.person.id));
            let info = PostInfo { author: Some(talk.person.id), ..info };
            let published = publish(desk, list, &info, (&summary, Some(&raw)), by, talk.now)?;
            talk.event(published);
        }
        Verdict::Hold(reason) => talk.event(Event::Held { post, reason }),
    }
    Ok(())
}

/// What they answered about being read by everybody counts for all of theirs that waits for it.
fn consented(talk: &mut Talk<'_>, list: &List, yes: bool) -> Result<(), FlowError> {
    for item in talk.desk.store.held()? {
        let author = author_of(talk.desk, item.id)?;
        let theirs = author.is_some_and(|author| talk.person.addresses.contains(&author));
        if item.reason != HoldReason::Consent || item.list != Some(list.id) || !theirs {
            continue;
        }
        if yes {
            let_go(talk, list, item.id)?;
        } else {
            let by = Some(Decider::Person(talk.person.id));
            talk.expect(Expect::Held(item.id));
            talk.event(Event::Dropped { post: item.id, why: DropReason::Discarded, by });
        }
    }
    Ok(())
}

/// Whether members of a list may have to be asked before everybody reads them: only who is proven
/// may be written to unasked.
pub(in crate::flow) fn asks_consent(list: &List, proof: Proof) -> bool {
    let settings = &list.settings;
    settings.consent == Consent::Ask && settings.archive == ArchivePolicy::Public && proof == Proof::Proven
}

/// Where that is so, whether the author of a post is to be asked: they are somebody who
/// neither joined by themselves, knowing it, nor for whom the operator answered, and have not said
/// yes before. `None`: it need not wait. The events ask; none, where they were asked already.
pub(in crate::flow) fn ask_consent(
    desk: &Desk,
    list: &List,
    person: PersonId,
    post: PostId,
    now: Timestamp,
) -> Result<Option<Vec<Event>>, FlowError> {
    let Some(member) = desk.store.member(list.id, person)?.filter(is_current) else { return Ok(None) };
    let answered_for = member.joined != Joined::Imported || member.role == Role::Animator;
    if answered_for || member.posts > 0 {
        return Ok(None);
    }
    let asked = desk.store.questions_to(person)?;
    let of_list = |q: &&OpenQuestion| {
        q.question.list == Some(list.id) && matches!(q.question.matter, Matter::Consent { .. })
    };
    if asked.iter().filter(of_list).any(|q| q.answer == Some(Answered::Yes)) {
        return Ok(None);
    }
    if asked.iter().filter(of_list).any(|q| q.answer.is_none() && now < q.question.until) {
        return Ok(Some(Vec::new()));
    }
    Ok(Some(question(desk, list, person, Matter::Consent { post }, now)))
}

/// Where few write to many, a post in the name of one of them that nothing proves waits, and they
/// are asked at the address we know; once a day at most.
pub(in crate::flow) fn ask_whether_theirs(
    desk: &Desk,
    list: &List,
    person: PersonId,
    post: PostId,
    now: Timestamp,
) -> Result<Vec<Event>, FlowError> {
    const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
    let lately = desk.store.questions_to(person)?.iter().any(|asked| {
        matches!(asked.question.matter, Matter::Yours { .. })
            && now < asked.since + DAY
            && asked.answer.is_none()
    });
    Ok(if lately { Vec::new() } else { question(desk, list, person, Matter::Yours { post }, now) })
}

fn question(desk: &Desk, list: &List, person: PersonId, matter: Matter, now: Timestamp) -> Vec<Event> {
    let number = desk.store.next_question();
    let (list, cause, until) = (Some(list.id), AskedBecause::Ours, now + ANSWER_WAIT);
    let occasion = Occasion { question: Some(number), ..Occasion::default() };
    let about = LetterAbout::Question { question: number, person, occasion };
    vec![
        Event::Asked { question: Box::new(Question { number, person, list, matter, until, cause }) },
        Event::LetterOwed { letter: desk.store.next_letter(), about },
    ]
}
