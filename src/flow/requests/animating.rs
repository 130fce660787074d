//! What animators answer to the mails that ask about what waits.
//!
//! The small grammar decides, and nothing else does: other words are shown back with the question
//! whether they were meant for the author. An empty answer says ok, but only where it is certain
//! that nothing was written.

use super::hear::{Heard, Said};
use super::talk::Talk;
use super::{Fate, Request, commanding, hearing, joining, recalling};
use crate::domain::care::{Care, Told, Waiting};
use crate::domain::command::{Decision, ModeratorAnswer};
use crate::domain::ids::{PostId, QuestionId};
use crate::domain::list::{List, ListState};
use crate::domain::member::{MemberState, Membership};
use crate::domain::wish::{Answered, AskedBecause, Matter, Wish};
use crate::flow::author::author_of;
use crate::flow::moderate::{self, HELD, looks_after, settle_others};
use crate::flow::{FlowError, send::letters};
use crate::letters::WaitingKind;
use crate::mail::said::{self, Said as Words};
use crate::mail::{parse, subject};
use crate::store::archive::PostState;
use crate::store::event::{Decider, DropReason, Event, LetterAbout, MemberCause, Note, Occasion};
use crate::store::{OpenQuestion, PostInfo};
use crate::understand::{Held, moderator_answer};

/// So often somebody is asked about one post what they meant.
const ASKED_BACK_MAX: usize = 3;
/// So many doubtful posts are sent one by one when somebody wants to see them.
const SHOWN_MAX: usize = 30;
/// Words at the end of an unmarked history that must be our own for it to be nothing but history.
const TAIL_WORDS: usize = 5;

/// What an animator answered.
pub(super) fn answer(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    care: &Care,
    said: &Said,
) -> Result<Fate, FlowError> {
    let list = question.question.list.map(|list| talk.list(list)).transpose()?.flatten();
    let Some(list) = list.filter(|list| list.state != ListState::Removed) else { return Ok(Fate::Done) };
    if !looks_after(talk.desk, list.id, talk.person.id)? {
        return Ok(Fate::Away(DropReason::Unproven));
    }
    if let Some(post) = called_back(talk, care, said)? {
        recalling::recall(talk, &list, post)?;
        return Ok(Fate::Done);
    }
    if is_for_the_group(said) {
        return hearing(talk, request, Some(list.id), said);
    }
    let words = said::said(request.raw);
    let answer = if words.text.trim().is_empty() && !is_surely_empty(talk, request, question, &words)? {
        ModeratorAnswer::Unclear(String::new())
    } else {
        read(talk, &list, care, &words)?
    };
    match care {
        Care::Release { post } => release(talk, question, &list, *post, None, &answer),
        Care::ReleaseWith { post, mail } => release(talk, question, &list, *post, Some(*mail), &answer),
        Care::Word { post } => word(talk, question, &list, *post, (&answer, &words.text)),
        Care::Gathering { items } => gathering(talk, question, &list, items, &answer),
    }
}

/// What their words decide, of what the letter they answer named.
fn read(talk: &Talk<'_>, list: &List, care: &Care, words: &Words) -> Result<ModeratorAnswer, FlowError> {
    let named = letters::named(talk.desk, list, care)?;
    let held: Vec<Held<'_>> = named
        .iter()
        .filter(|named| !matches!(named.item.what, WaitingKind::Unreached))
        .map(|named| {
            let doubtful = matches!(named.item.what, WaitingKind::Doubtful(_) | WaitingKind::DoubtfulPost);
            Held {
                number: u32::try_from(named.item.number).unwrap_or(u32::MAX),
                author: if doubtful { "" } else { &named.item.author },
                title: if doubtful { "" } else { &named.item.title },
                text: if doubtful { "" } else { &named.text },
                doubtful,
            }
        })
        .collect();
    Ok(moderator_answer(&words.text, &words.name, &held))
}

/// The post a « retirer » calls back: the one that was asked about, once it has gone out.
fn called_back(talk: &Talk<'_>, care: &Care, said: &Said) -> Result<Option<PostId>, FlowError> {
    let (Care::Release { post } | Care::ReleaseWith { post, .. }) = care else { return Ok(None) };
    let withdraws =
        matches!(&said.heard, Heard::Wishes(wishes) if matches!(wishes.as_slice(), [Wish::Withdraw { .. }]));
    let out = talk.desk.store.post(*post)?.is_some_and(|info| info.state == PostState::Published);
    Ok((withdraws && out).then_some(*post))
}

/// A wish about the group, beyond a doubt, and no decision.
fn is_for_the_group(said: &Said) -> bool {
    let animates = |wish: &Wish| matches!(wish, Wish::Animate { .. } | Wish::Help);
    matches!(&said.heard, Heard::Wishes(wishes) if wishes.iter().all(animates))
}

/// Whether nothing at all was written, and the mail is the answer it seems to be.
fn is_surely_empty(
    talk: &Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    words: &Words,
) -> Result<bool, FlowError> {
    if words.sealed || parse::summarize(request.raw).fault.is_some() {
        return Ok(false);
    }
    let Some(letter) = letters::asked_in(talk.desk, question)? else { return Ok(false) };
    let same_subject = words.subject.trim() == letter.subject.trim();
    if !subject::is_a_reply(&words.subject) && !same_subject {
        return Ok(false);
    }
    // Somebody may have written below a quote that nothing marks: only our own last words are ours.
    Ok(words.history.as_deref().is_none_or(|history| ends_in(history, &letter.text)))
}

/// Whether the last words of a text stand in another in the same order.
fn ends_in(text: &str, whole: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (text, whole) = (words(text), words(whole));
    let tail = &text[text.len().saturating_sub(TAIL_WORDS)..];
    tail.len() == TAIL_WORDS && whole.windows(TAIL_WORDS).any(|window| window == tail)
}

/// What an answer is about, if it waits still; else they are told who decided.
fn still_held(talk: &mut Talk<'_>, list: &List, post: PostId) -> Result<Option<PostInfo>, FlowError> {
    let Some(info) = talk.desk.store.post(post)? else { return Ok(None) };
    if info.state != PostState::Held {
        decided(talk, list, post)?;
        return Ok(None);
    }
    Ok(Some(info))
}

/// About one post: the decision, if it waits and there is one.
fn release(
    talk: &mut Talk<'_>,
    question: &OpenQuestion,
    list: &List,
    post: PostId,
    earlier: Option<PostId>,
    answer: &ModeratorAnswer,
) -> Result<Fate, FlowError> {
    let Some(info) = still_held(talk, list, post)? else { return Ok(Fate::Done) };
    let decision = match (answer, earlier) {
        // A bare no to « ou le refuser avec ces mots ? » means those words.
        (ModeratorAnswer::All(Decision::Refuse(words)), Some(mail)) if words.is_empty() => {
            let raw = talk.desk.store.raw(mail)?;
            Decision::Refuse(raw.map(|raw| said::said(&raw).text).unwrap_or_default().trim().to_owned())
        }
        (ModeratorAnswer::All(decision), _) => decision.clone(),
        (ModeratorAnswer::Each(items), _) => match items.as_slice() {
            [(1, decision)] => decision.clone(),
            _ => return unclear(talk, list, post, ""),
        },
        (ModeratorAnswer::Unclear(words), _) => return unclear(talk, list, post, words),
    };
    settle(talk, question, &decision);
    decide(talk, &info, Some(question.question.number), decision)?;
    Ok(Fate::Done)
}

fn settle(talk: &mut Talk<'_>, question: &OpenQuestion, decision: &Decision) {
    if question.answer.is_none() {
        let yes = *decision == Decision::Accept;
        talk.settle(question.question.number, if yes { Answered::Yes } else { Answered::No });
    }
}

/// All that follows from a decision.
fn decide(
    talk: &mut Talk<'_>,
    info: &PostInfo,
    answered: Option<QuestionId>,
    decision: Decision,
) -> Result<(), FlowError> {
    let by = Decider::Person(talk.person.id);
    let outcome = moderate::outcome(talk.desk, info, by, decision, &talk.new_people())?;
    outcome.expects.into_iter().for_each(|expect| talk.expect(expect));
    if let Some(person) = outcome.person {
        talk.add_person(person);
    }
    if let Some(member) = outcome.member {
        let left = Membership { state: MemberState::Left, ..member };
        talk.set_member(left, MemberCause::Removed, Some(talk.person.id))?;
    }
    outcome.events.into_iter().for_each(|event| talk.event(event));
    settle_others(talk.desk, info, by, answered)?.into_iter().for_each(|event| talk.event(event));
    Ok(())
}

/// It was decided before: who did, and what, is told.
fn decided(talk: &mut Talk<'_>, list: &List, post: PostId) -> Result<(), FlowError> {
    if !talk.may_write(Some(list.id), &Matter::Talk)? {
        return Ok(());
    }
    let note = Note::Care { told: Told::Decided { post } };
    let matter = Matter::Care { care: Care::Release { post } };
    talk.tell_and_ask(list.id, note, matter, HELD);
    Ok(())
}

/// Words that decide nothing: were they meant for the author? A machine says the same again, and
/// is not asked again.
fn unclear(talk: &mut Talk<'_>, list: &List, post: PostId, words: &str) -> Result<Fate, FlowError> {
    let mut asked = 0;
    for earlier in talk.desk.store.questions_to(talk.person.id)? {
        let Matter::Care { care: Care::ReleaseWith { post: known, mail } } = earlier.question.matter else {
            continue;
        };
        if known != post {
            continue;
        }
        asked += 1;
        let said_before = talk.desk.store.raw(mail)?.map(|raw| said::said(&raw).text).unwrap_or_default();
        if said_before.trim() == words.trim() {
            return Ok(Fate::Done);
        }
    }
    if asked < ASKED_BACK_MAX {
        let care = Care::ReleaseWith { post, mail: talk.post };
        talk.ask(Some(list.id), Matter::Care { care })?;
    }
    Ok(Fate::Done)
}

/// A word from somebody: what is answered goes to them, « ok » says that nothing need be.
fn word(
    talk: &mut Talk<'_>,
    question: &OpenQuestion,
    list: &List,
    post: PostId,
    (answer, words): (&ModeratorAnswer, &str),
) -> Result<Fate, FlowError> {
    let Some(info) = still_held(talk, list, post)? else { return Ok(Fate::Done) };
    // « Bien sûr, avec plaisir » is an answer to whoever wrote; « ok » says that none is needed.
    let bare = words.trim().trim_end_matches(['.', '!']).trim_end();
    let says_nothing = bare.is_empty() || bare.eq_ignore_ascii_case("ok");
    let decision = match answer {
        ModeratorAnswer::All(Decision::Accept) if !says_nothing => {
            write_back(talk, list, &info)?;
            &Decision::Accept
        }
        ModeratorAnswer::All(decision @ (Decision::Accept | Decision::Discard | Decision::Ban)) => decision,
        ModeratorAnswer::Unclear(words) if words.trim().is_empty() => return Ok(Fate::Done),
        ModeratorAnswer::All(Decision::Refuse(_))
        | ModeratorAnswer::Each(_)
        | ModeratorAnswer::Unclear(_) => {
            write_back(talk, list, &info)?;
            &Decision::Accept
        }
    };
    settle(talk, question, decision);
    decide(talk, &info, Some(question.question.number), decision.clone())?;
    Ok(Fate::Done)
}

fn write_back(talk: &mut Talk<'_>, list: &List, info: &PostInfo) -> Result<(), FlowError> {
    let Some(address) = author_of(talk.desk, info.id)? else { return Ok(()) };
    let known = match info.author {
        Some(author) => Some(author),
        None => talk.desk.store.person_at(&address)?.map(|person| person.id),
    };
    let person = match known {
        Some(person) => person,
        None => commanding::stranger(talk, address),
    };
    let note = Note::Care { told: Told::Word { mail: talk.post, post: info.id } };
    let occasion = Occasion { answers: Some(info.id), ..Occasion::default() };
    talk.owe(LetterAbout::Note { list: Some(list.id), person, note, occasion });
    Ok(())
}

/// The answer to all that waits, by its numbers. What the numbers leave open is asked again.
fn gathering(
    talk: &mut Talk<'_>,
    question: &OpenQuestion,
    list: &List,
    items: &[Waiting],
    answer: &ModeratorAnswer,
) -> Result<Fate, FlowError> {
    let mut left = Vec::new();
    for item in items {
        if still_waits(talk, list, item)? {
            left.push(item);
        }
    }
    let decisions: Vec<(u32, Decision)> = match (answer, left.as_slice(), items.len()) {
        (ModeratorAnswer::Each(decisions), _, _) => decisions.clone(),
        (ModeratorAnswer::All(decision), [_], 1) => vec![(1, decision.clone())],
        (ModeratorAnswer::All(_) | ModeratorAnswer::Unclear(_), [], _) => return Ok(Fate::Done),
        (ModeratorAnswer::All(_) | ModeratorAnswer::Unclear(_), _, _) => {
            return ask_again(talk, question, list, items);
        }
    };
    let mut unknown = false;
    for (number, decision) in decisions {
        let at = usize::try_from(number).unwrap_or(usize::MAX).checked_sub(1);
        match at.and_then(|at| items.get(at)) {
            Some(item) => decide_item(talk, list, item, decision)?,
            None => unknown = true,
        }
    }
    if unknown { ask_again(talk, question, list, items) } else { Ok(Fate::Done) }
}

fn still_waits(talk: &Talk<'_>, list: &List, item: &Waiting) -> Result<bool, FlowError> {
    if let Waiting::Newcomer(person) = item {
        let member = talk.membership_of(list.id, *person)?;
        return Ok(member.is_some_and(|member| member.state == MemberState::Pending));
    }
    for post in item.posts() {
        if talk.desk.store.post(*post)?.is_some_and(|info| info.state == PostState::Held) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same once more: the numbers stay what they are. A machine that answers it is told nothing.
fn ask_again(
    talk: &mut Talk<'_>,
    question: &OpenQuestion,
    list: &List,
    items: &[Waiting],
) -> Result<Fate, FlowError> {
    let asked = talk.desk.store.questions_to(talk.person.id)?;
    let again = asked.iter().filter(|asked| {
        asked.question.matter == question.question.matter && asked.question.cause != AskedBecause::Ours
    });
    if again.count() < ASKED_BACK_MAX {
        let matter = Matter::Care { care: Care::Gathering { items: items.to_vec() } };
        let (person, cause) = (talk.person.id, talk.cause());
        let question = talk.new_question(person, Some(list.id), matter, cause, HELD);
        let occasion = Occasion { question: Some(question), ..Occasion::default() };
        talk.owe(LetterAbout::Question { question, person, occasion });
    }
    Ok(Fate::Done)
}

fn decide_item(
    talk: &mut Talk<'_>,
    list: &List,
    item: &Waiting,
    decision: Decision,
) -> Result<(), FlowError> {
    match item {
        Waiting::Newcomer(person) => {
            let yes = decision == Decision::Accept;
            if still_waits(talk, list, item)? {
                joining::decide_about(talk, list, *person, yes, None)?;
            }
            if decision == Decision::Ban {
                let by = Some(talk.person.id);
                talk.event(Event::Banned {
                    list: list.id,
                    person: *person,
                    ban: crate::store::event::Ban::On,
                    by,
                });
            }
        }
        Waiting::Post(post) => match talk.desk.store.post(*post)? {
            Some(info) if info.state == PostState::Held => decide(talk, &info, None, decision)?,
            Some(_) => decided(talk, list, *post)?,
            None => {}
        },
        Waiting::Unreached(_) => {}
        // Nobody publishes a dozen unseen: they come one by one.
        Waiting::Doubtful(posts) if decision == Decision::Accept => {
            for post in posts.iter().take(SHOWN_MAX) {
                let (_, events) = moderate::question(
                    talk.desk,
                    talk.person.id,
                    list.id,
                    Care::Release { post: *post },
                    talk.now + HELD,
                );
                events.into_iter().for_each(|event| talk.event(event));
            }
        }
        Waiting::Doubtful(posts) => {
            // No words go to addresses that are doubtful themselves, and none of them is banned unseen.
            for post in posts {
                let held = talk.desk.store.post(*post)?.filter(|info| info.state == PostState::Held);
                if let Some(info) = held {
                    decide(talk, &info, None, Decision::Discard)?;
                }
            }
        }
    }
    Ok(())
}
