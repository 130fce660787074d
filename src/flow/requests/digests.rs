//! Answers to a whole digest, and private words to the author of a post in it.
//!
//! What answers a digest never becomes a post titled « Re: Digest »: it goes into the conversation
//! that was meant, and where nobody can tell which, its author is asked while the mail waits. A
//! private word is a letter of ours with the author's name and words in it, and the answer is one
//! too, so that neither learns the other's address.

use std::time::Duration;

use super::hear::{Heard, Said};
use super::talk::{Sure, Talk};
use super::{Fate, Request, hearing, sureness};
use crate::domain::command::{Decision, ModeratorAnswer};
use crate::domain::edition::{DigestAsked, DigestTold};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::{List, Posting};
use crate::domain::member::Role;
use crate::domain::moderation::HoldReason;
use crate::domain::wish::{Answered, AskedBecause, Matter};
use crate::flow::FlowError;
use crate::flow::digests::{self, Numbered};
use crate::flow::obey_command;
use crate::mail::{answering, parse, said, subject};
use crate::store::OpenQuestion;
use crate::store::change::{Expect, Shelf};
use crate::store::event::{Decider, DropReason, Event, LetterAbout, Note, Occasion, Via};
use crate::store::segments::MailPlace;
use crate::understand::{choice, in_full, moderator_answer, numbered_words};

/// Private words one person has passed on to another in a day.
const WORDS_A_DAY_MAX: usize = 5;
/// Private words that reach one person in a day, whoever they are from.
const WORDS_TO_ONE_MAX: usize = 20;
const DAY: Duration = Duration::from_secs(86_400);
/// Answers to a private word find their way back for so long.
const WORD_WAIT: Duration = Duration::from_secs(30 * 86_400);
/// What begins a conversation of its own.
const NEW: [&str; 6] = ["nouveau", "nouvelle", "new", "nouveau sujet", "new topic", "nouvelle conversation"];

/// Where a mail that answered a digest goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    /// Beside this post.
    Conversation(PostId),
    /// It begins one.
    New,
}

/// What somebody wrote to a whole digest.
pub(super) fn answer(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    issue: PostId,
    said: &Said,
) -> Result<Fate, FlowError> {
    let Some(sure) = sureness(request) else { return Ok(Fate::Away(DropReason::Unproven)) };
    talk.sure = sure;
    let (Some(list), Some(issue)) = (&request.list, talk.desk.store.issue(issue)?) else {
        return Ok(Fate::Away(DropReason::Obeyed));
    };
    // Who has left the first of several lists since answers for another.
    let mut reads = obey_command::lists_of_issue(&talk.desk.store, &issue)?;
    reads.sort_by_key(|of| *of != list.id);
    let mut own = None;
    for of in reads {
        if own.is_none() && talk.current(of)?.is_some() {
            own = talk.list(of)?;
        }
    }
    let list = own.as_ref().unwrap_or(list);
    if talk.current(list.id)?.is_none() || matches!(said.heard, Heard::Wishes(_) | Heard::Nothing) {
        return hearing(talk, request, Some(list.id), said);
    }
    let words = said::said(request.raw);
    let there = digests::numbered(talk.desk, list, &issue, list.settings.language)?;
    if let Some(wanted) = in_full(&words.text).or_else(|| in_full(&words.subject)) {
        let posts: Vec<PostId> = wanted.iter().filter_map(|n| posts_of(&there, *n)).flatten().collect();
        if !posts.is_empty() {
            talk.tell(Some(list.id), Note::AskedFor { posts, thread: false })?;
            return Ok(Fate::Done);
        }
    }
    let bare = subject::bare(&words.subject, &list.settings.subject_prefix).to_lowercase();
    let by_subject = there.iter().find(|one| !bare.is_empty() && one.title.to_lowercase() == bare);
    let by_number = numbered_words(&words.text).and_then(|(n, below)| Some((of_number(&there, n)?, below)));
    let mail = request.info.id;
    match (by_number, by_subject, there.as_slice()) {
        (Some((one, below)), _, _) if !below.is_empty() => publish(talk, list, mail, into(one), Some(below)),
        (None, Some(one), _) | (None, None, [one]) => publish(talk, list, mail, into(one), None),
        (Some(_) | None, _, []) => hearing(talk, request, Some(list.id), said),
        (Some(_) | None, _, _) => {
            let before = talk.letters;
            let asked = DigestAsked::Which { issue: issue.number, mail };
            talk.ask(Some(list.id), Matter::Digest { asked })?;
            // Where nobody may be written to any more, people see to it.
            Ok(if talk.letters > before { Fate::Done } else { Fate::Waits(HoldReason::ToAnimators) })
        }
    }
}

fn posts_of(there: &[Numbered], number: usize) -> Option<Vec<PostId>> {
    Some(of_number(there, number)?.posts.clone())
}

fn of_number(there: &[Numbered], number: usize) -> Option<&Numbered> {
    there.iter().find(|one| one.n == number)
}

fn into(one: &Numbered) -> Into {
    one.posts.last().map_or(Into::New, |post| Into::Conversation(*post))
}

/// What somebody answered who was asked something about a digest.
pub(super) fn asked(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    (list, asked): (&List, &DigestAsked),
    said: &Said,
) -> Result<Fate, FlowError> {
    match asked {
        DigestAsked::Which { issue, mail } => which(talk, request, question, (list, *issue, *mail), said),
        DigestAsked::Word { mail, post } => match said.heard {
            Heard::Yes if question.answer.is_none() => {
                talk.settle(question.question.number, Answered::Yes);
                word(talk, list, *mail, None, *post)
            }
            Heard::Yes => Ok(Fate::Done),
            Heard::No => {
                talk.settle(question.question.number, Answered::No);
                Ok(Fate::Done)
            }
            Heard::Wishes(_)
            | Heard::Guess(_)
            | Heard::Either(..)
            | Heard::Declined
            | Heard::ForPeople
            | Heard::ForOthers
            | Heard::Nothing => hearing(talk, request, Some(list.id), said),
        },
        DigestAsked::Back { with, post } => word(talk, list, request.info.id, Some(*with), *post),
        DigestAsked::Summary { post } => summary(talk, request, question, (list, *post), said),
    }
}

fn which(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    (list, issue, mail): (&List, PostId, PostId),
    said: &Said,
) -> Result<Fate, FlowError> {
    if question.answer.is_some() {
        return Ok(Fate::Done);
    }
    let words = said::said(request.raw).text;
    let first = words.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let first = first.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let Some(issue) = talk.desk.store.issue(issue)? else { return Ok(Fate::Done) };
    let there = digests::numbered(talk.desk, list, &issue, list.settings.language)?;
    let picked = choice(&words).and_then(|choice| choice.numbers.first().copied());
    let picked = picked.and_then(|number| of_number(&there, number)).map(into);
    let picked = picked.or_else(|| NEW.contains(&first.as_str()).then_some(Into::New));
    match (picked, &said.heard) {
        (Some(into), _) => {
            talk.settle(question.question.number, Answered::Yes);
            publish(talk, list, mail, into, None)
        }
        (None, Heard::No) => {
            talk.settle(question.question.number, Answered::No);
            Ok(Fate::Done)
        }
        (
            None,
            Heard::Wishes(_)
            | Heard::Guess(_)
            | Heard::Either(..)
            | Heard::Yes
            | Heard::Declined
            | Heard::ForPeople
            | Heard::ForOthers
            | Heard::Nothing,
        ) => hearing(talk, request, Some(list.id), said),
    }
}

/// A mail becomes a post of its list, as if it had been written to the conversation it was meant for;
/// what happens to it then is decided as of any other.
fn publish(
    talk: &mut Talk<'_>,
    list: &List,
    mail: PostId,
    into: Into,
    words: Option<&str>,
) -> Result<Fate, FlowError> {
    let (Some(info), Some(raw)) = (talk.desk.store.post(mail)?, talk.desk.store.raw(mail)?) else {
        return Ok(Fate::Done);
    };
    let parent = match into {
        Into::Conversation(post) => talk.desk.store.reader().post(post)?,
        Into::New => None,
    };
    // A digest may be of several lists: the conversation's own is meant.
    let own = parent.as_ref().map(|parent| talk.list(parent.list)).transpose()?.flatten();
    let list = own.as_ref().unwrap_or(list);
    let Some(member) = talk.current(list.id)? else { return Ok(Fate::Waits(HoldReason::ToAnimators)) };
    if talk.desk.store.is_banned(list.id, talk.person.id)? {
        return Ok(Fate::Away(DropReason::Discarded));
    }
    if list.settings.posting == Posting::Animators && member.role != Role::Animator {
        return Ok(Fate::Waits(HoldReason::ToAnimators));
    }
    let said = said::said(&raw);
    let own = words.unwrap_or(&said.text);
    let subject = match &parent {
        Some(parent) => format!("Re: {}", subject::bare(&parent.subject, &list.settings.subject_prefix)),
        None => subject::bare(&said.subject, &list.settings.subject_prefix).to_owned(),
    };
    let written = answering::own_words(&raw, &subject, own, &list.address.to_string());
    let written = match &parent {
        Some(parent) => answering::in_thread(&written, &parent.message_id, &parent.references),
        None => written,
    };
    let content = parse::content_key(&written);
    if talk.desk.store.same_content(Some(list.id), &content)?.is_some() {
        return Ok(Fate::Done);
    }
    let post = talk.desk.store.next_post();
    talk.expect(Expect::NewContent(Some(list.id), content));
    talk.mail(post, Shelf::List(list.id), written);
    talk.event(Event::Received {
        post,
        list: Some(list.id),
        mail: MailPlace { file: String::new(), offset: 0, len: 0 },
        content: data_encoding::HEXLOWER.encode(&content),
        author: Some(talk.person.id),
        proof: info.proof.unwrap_or(crate::domain::proof::Proof::NoMeans),
        via: Via::Command,
        door: None,
        disclosed: false,
    });
    Ok(Fate::Done)
}

/// A private word to the author of a post.
pub(super) fn private(talk: &mut Talk<'_>, request: &Request<'_>, post: PostId) -> Result<Fate, FlowError> {
    let Some(sure) = sureness(request) else { return Ok(Fate::Away(DropReason::Unproven)) };
    talk.sure = sure;
    let Some(list) = &request.list else { return Ok(Fate::Away(DropReason::Obeyed)) };
    // Who is no member learns nothing, not even that there is such a post.
    if talk.current(list.id)?.is_none() {
        return Ok(Fate::Away(DropReason::Unproven));
    }
    match talk.sure {
        Sure::Proven | Sure::ByToken => word(talk, list, request.info.id, None, post),
        Sure::Unproven(_) => {
            let asked = DigestAsked::Word { mail: request.info.id, post };
            talk.ask(Some(list.id), Matter::Digest { asked })?;
            Ok(Fate::Done)
        }
    }
}

/// Passes words on: to `with`, or to the author of the post they are about.
fn word(
    talk: &mut Talk<'_>,
    list: &List,
    mail: PostId,
    with: Option<PersonId>,
    post: PostId,
) -> Result<Fate, FlowError> {
    let me = talk.person.id;
    if talk.current(list.id)?.is_none() || talk.desk.store.is_banned(list.id, me)? {
        return Ok(Fate::Away(DropReason::Discarded));
    }
    let to = match with {
        Some(person) => {
            talk.desk.store.member(list.id, person)?.filter(crate::flow::is_current).map(|_| person)
        }
        None => digests::reachable_author(talk.desk, list, post)?,
    };
    let Some(to) = to.filter(|to| *to != me) else { return not_passed(talk, list, post) };
    let today = talk.desk.store.questions_to(to)?.into_iter().filter(|asked| talk.now < asked.since + DAY);
    let words = today.filter_map(|asked| {
        let Matter::Digest { asked: DigestAsked::Back { with, .. } } = asked.question.matter else {
            return None;
        };
        Some(with)
    });
    let words: Vec<PersonId> = words.collect();
    let mine = words.iter().filter(|from| **from == me).count();
    if mine >= WORDS_A_DAY_MAX || words.len() >= WORDS_TO_ONE_MAX {
        return not_passed(talk, list, post);
    }
    let back = Matter::Digest { asked: DigestAsked::Back { with: me, post } };
    let question = talk.new_question(to, Some(list.id), back, AskedBecause::Ours, WORD_WAIT);
    let occasion = Occasion { question: Some(question), ..Occasion::default() };
    let note = Note::Digest { told: DigestTold::Word { mail, with: me, post } };
    talk.owe(LetterAbout::Note { list: Some(list.id), person: to, note, occasion });
    Ok(Fate::Done)
}

fn not_passed(talk: &mut Talk<'_>, list: &List, post: PostId) -> Result<Fate, FlowError> {
    talk.tell(Some(list.id), Note::Digest { told: DigestTold::NotPassed { post } })?;
    Ok(Fate::Done)
}

/// An animator says whether somebody's words may stand for a conversation.
fn summary(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    (list, post): (&List, PostId),
    said: &Said,
) -> Result<Fate, FlowError> {
    let animates = talk.current(list.id)?.is_some_and(|member| member.role == Role::Animator);
    let words = said::said(request.raw);
    let answer = match moderator_answer(&words.text, &words.name, &[]) {
        ModeratorAnswer::All(Decision::Accept) if animates && !words.text.trim().is_empty() => Answered::Yes,
        ModeratorAnswer::All(Decision::Refuse(_) | Decision::Discard) if animates => Answered::No,
        ModeratorAnswer::All(_) | ModeratorAnswer::Each(_) | ModeratorAnswer::Unclear(_) => {
            return hearing(talk, request, Some(list.id), said);
        }
    };
    if question.answer.is_some() {
        return Ok(Fate::Done);
    }
    talk.settle(question.question.number, answer);
    let shown = talk.desk.store.reader().post(post)?;
    if let (Answered::Yes, Some(shown)) = (answer, shown) {
        let by = Decider::Person(talk.person.id);
        talk.event(Event::Summarized { list: list.id, thread: shown.thread.0, post, by });
    }
    Ok(Fate::Done)
}
