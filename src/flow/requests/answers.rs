//! Answers to the letters in which somebody was asked something.

use super::hear::{Heard, Said, Scope};
use super::talk::Talk;
use super::{Fate, Request, commanding, hearing, joining, rights, seeking, summaries, wishes};
use crate::domain::edition::DigestTold;
use crate::domain::ids::PostId;
use crate::domain::list::{List, ListState};
use crate::domain::member::{Membership, Role};
use crate::domain::wish::{Answered, Matter, Question, Wish};
use crate::flow::FlowError;
use crate::flow::digests::{self, Answer, Following, Otherwise};
use crate::flow::opening::older_posts;
use crate::store::OpenQuestion;
use crate::store::event::{Event, MemberCause, Note, Occasion};

/// What somebody answered, and that it is theirs is beyond doubt.
pub(super) fn answer(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    said: &Said,
) -> Result<Fate, FlowError> {
    let asked = &question.question;
    let list = match asked.list {
        Some(list) => talk.list(list)?.filter(|list| list.state != ListState::Removed),
        None => None,
    };
    match (&asked.matter, &said.heard) {
        (Matter::Opening, heard) => opening(talk, request, question, list.as_ref(), heard, said),
        (Matter::Digest { asked: about }, _) => match &list {
            Some(list) => super::digests::asked(talk, request, question, (list, about), said),
            None => Ok(Fate::Done),
        },
        (Matter::Draft { number }, _) => draft(talk, request, list.as_ref(), *number, said),
        (Matter::Talk | Matter::Care { .. } | Matter::SignIn { .. }, _) => {
            hearing(talk, request, asked.list, said)
        }
        (Matter::Found { posts }, _) => match seeking::picked(talk, request, asked.list, posts)? {
            Some(fate) => Ok(fate),
            None => hearing(talk, request, asked.list, said),
        },
        // Twice is as good as once.
        (
            Matter::SamePerson { .. }
            | Matter::Consent { .. }
            | Matter::Yours { .. }
            | Matter::Either { .. }
            | Matter::Adopt { .. }
            | Matter::Wish { .. }
            | Matter::WhichList { .. }
            | Matter::Admit { .. }
            | Matter::Invitation { .. }
            | Matter::Back { .. },
            Heard::Yes | Heard::No,
        ) if question.answer.is_some() => Ok(Fate::Done),
        (Matter::Wish { wish: Wish::Join } | Matter::Invitation { .. }, Heard::Yes) => match &list {
            Some(list) => joining::confirm(talk, request, list, question),
            None => Ok(Fate::Done),
        },
        (Matter::Invitation { .. } | Matter::Wish { wish: Wish::Join }, Heard::No) => {
            talk.settle(asked.number, Answered::No);
            joining::declined(talk, list.as_ref())?;
            Ok(Fate::Done)
        }
        (Matter::Wish { wish: Wish::Forget { posts: None } }, heard) if rights::chosen(heard).is_some() => {
            rights::answer_to_forget(talk, question, heard)
        }
        (
            Matter::Consent { .. } | Matter::Yours { .. } | Matter::SamePerson { .. } | Matter::Adopt { .. },
            Heard::Yes | Heard::No,
        ) => rights::answer_yes_or_no(talk, question, list.as_ref(), said.heard == Heard::Yes),
        (Matter::Wish { wish: Wish::Animate { mail } }, Heard::Yes) => {
            talk.settle(asked.number, Answered::Yes);
            commanded(talk, asked, *mail)?;
            Ok(Fate::Done)
        }
        (Matter::Wish { wish } | Matter::Either { words: wish, .. }, Heard::Yes) => {
            talk.settle(asked.number, Answered::Yes);
            let wish = summaries::confirmed(talk, asked.list, wish)?;
            wishes::wish(talk, asked.list, &Scope::Here, &wish)?;
            Ok(Fate::Done)
        }
        (Matter::WhichList { wish }, heard) => which_list(talk, request, question, wish, heard, said),
        (Matter::Admit { newcomer }, heard) => {
            admit(talk, request, question, list.as_ref(), (*newcomer, heard), said)
        }
        (Matter::Back { was }, heard) => {
            come_back(talk, request, question, list.as_ref(), (was, heard), said)
        }
        (Matter::Wish { .. } | Matter::Either { .. }, Heard::No) => {
            talk.settle(asked.number, Answered::No);
            Ok(Fate::Done)
        }
        (
            Matter::Wish { .. }
            | Matter::Invitation { .. }
            | Matter::SamePerson { .. }
            | Matter::Consent { .. }
            | Matter::Yours { .. }
            | Matter::Either { .. }
            | Matter::Adopt { .. },
            Heard::Wishes(_)
            | Heard::Either(..)
            | Heard::Guess(_)
            | Heard::ForPeople
            | Heard::ForOthers
            | Heard::Nothing
            | Heard::Declined,
        ) => hearing(talk, request, asked.list, said),
    }
}

/// What an animator asked for, and confirms.
fn commanded(talk: &mut Talk<'_>, asked: &Question, mail: PostId) -> Result<(), FlowError> {
    let list = match (asked.list, wishes::lists_meant(talk, None, &Scope::Here)?.as_slice()) {
        (Some(list), _) => Some(list),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let list = list.map(|list| talk.list(list)).transpose()?.flatten();
    let Some(list) = list.filter(|list| list.state != ListState::Removed) else {
        return talk.tell(None, Note::Help);
    };
    let Some(member) = talk.current(list.id)? else { return talk.tell(Some(list.id), Note::NoMember) };
    let shown = commanding::was_shown(talk.sure, asked.cause);
    commanding::obey(talk, &list, &member, mail, shown)
}

/// What an animator wants of a draft; what has nothing to do with it is heard as ever.
fn draft(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    list: Option<&List>,
    number: u32,
    said: &Said,
) -> Result<Fate, FlowError> {
    let Some(list) = list else { return Ok(Fate::Done) };
    let animates = talk.current(list.id)?.is_some_and(|member| member.role == Role::Animator);
    if !animates {
        return hearing(talk, request, Some(list.id), said);
    }
    let words = crate::mail::said::said(request.raw).in_place;
    let occasion = Occasion { answers: Some(talk.post), ..Occasion::default() };
    let otherwise = match said.heard {
        Heard::Wishes(_) => Otherwise::Request,
        Heard::Guess(_)
        | Heard::Either(..)
        | Heard::Yes
        | Heard::No
        | Heard::Declined
        | Heard::ForPeople
        | Heard::ForOthers
        | Heard::Nothing => Otherwise::Nothing,
    };
    match digests::answered(talk.desk, list, number, talk.person.id, (&words, otherwise), occasion)? {
        Answer::Followed(following) => {
            let Following { expects, mail: (document, shelf, raw), events } = *following;
            expects.into_iter().for_each(|expect| talk.expect(expect));
            talk.mail(document, shelf, raw);
            events.into_iter().for_each(|event| talk.event(event));
            Ok(Fate::Done)
        }
        Answer::TooLate => {
            let gone = talk.desk.store.reader().edition(list.id, number)?.is_some();
            let note = Note::Digest { told: DigestTold::Gone { number } };
            talk.tell(Some(list.id), if gone { note } else { Note::TooLate })?;
            Ok(Fate::Done)
        }
        Answer::SomethingElse => hearing(talk, request, Some(list.id), said),
    }
}

/// The older posts of an archive that is being opened: theirs stay among members, or may be shown.
fn opening(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    list: Option<&List>,
    heard: &Heard,
    said: &Said,
) -> Result<Fate, FlowError> {
    let out = match heard {
        Heard::No => true,
        Heard::Wishes(wishes) => matches!(wishes.as_slice(), [Wish::Withdraw { .. }]),
        Heard::Guess(wish) => matches!(wish, Wish::Withdraw { .. }),
        Heard::Yes
        | Heard::Either(..)
        | Heard::ForPeople
        | Heard::ForOthers
        | Heard::Nothing
        | Heard::Declined => false,
    };
    let (Some(list), None) = (list, question.answer) else { return Ok(Fate::Done) };
    if out {
        talk.settle(question.question.number, Answered::No);
        let posts = older_posts(talk.desk, list, &talk.person)?;
        let count = posts.len() as u64;
        if !posts.is_empty() {
            talk.event(Event::KeptBack { list: list.id, posts, by: talk.person.id });
        }
        talk.tell(Some(list.id), Note::KeptBack { posts: count })?;
        return Ok(Fate::Done);
    }
    if *heard == Heard::Yes {
        talk.settle(question.question.number, Answered::Yes);
        return Ok(Fate::Done);
    }
    hearing(talk, request, Some(list.id), said)
}

/// The wish is known; the answer says for which group.
fn which_list(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    wish: &Wish,
    heard: &Heard,
    said: &Said,
) -> Result<Fate, FlowError> {
    let mine = talk.current_lists()?;
    let named = said.mentioned.iter().copied().filter(|list| mine.contains(list));
    let lists: Vec<_> = match &said.scope {
        Scope::All => mine.clone(),
        Scope::Here | Scope::Named(_) => named.collect(),
    };
    if lists.is_empty() {
        return match heard {
            Heard::Wishes(_) | Heard::Guess(_) | Heard::Either(..) | Heard::ForPeople | Heard::ForOthers => {
                hearing(talk, request, None, said)
            }
            Heard::Yes | Heard::No | Heard::Nothing | Heard::Declined => Ok(Fate::Done),
        };
    }
    if question.answer.is_none() {
        talk.settle(question.question.number, Answered::Yes);
        for list in lists {
            wishes::wish(talk, Some(list), &Scope::Here, wish)?;
        }
    }
    Ok(Fate::Done)
}

/// Empty, or a yes, lets the newcomer in; a no does not. Anything else is something else.
fn admit(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    list: Option<&List>,
    (newcomer, heard): (crate::domain::ids::PersonId, &Heard),
    said: &Said,
) -> Result<Fate, FlowError> {
    let yes = match heard {
        Heard::Yes | Heard::Nothing => true,
        Heard::No => false,
        Heard::Wishes(_)
        | Heard::Guess(_)
        | Heard::Either(..)
        | Heard::ForPeople
        | Heard::ForOthers
        | Heard::Declined => {
            return hearing(talk, request, question.question.list, said);
        }
    };
    if let (Some(list), None) = (list, question.answer) {
        joining::admit(talk, list, question, newcomer, yes)?;
    }
    Ok(Fate::Done)
}

/// Whoever left comes back to what was, by almost any word that is not a no.
fn come_back(
    talk: &mut Talk<'_>,
    request: &Request<'_>,
    question: &OpenQuestion,
    list: Option<&List>,
    (was, heard): (&Membership, &Heard),
    said: &Said,
) -> Result<Fate, FlowError> {
    let returns = match heard {
        Heard::Yes => true,
        Heard::Wishes(wishes) => matches!(wishes.as_slice(), [Wish::Resume | Wish::Join]),
        Heard::Guess(wish) => matches!(wish, Wish::Resume | Wish::Join),
        Heard::No
        | Heard::Either(..)
        | Heard::ForPeople
        | Heard::ForOthers
        | Heard::Nothing
        | Heard::Declined => false,
    };
    let Some(list) = list.filter(|list| returns && list.state == ListState::Open) else {
        return hearing(talk, request, question.question.list, said);
    };
    if question.answer.is_some() {
        return Ok(Fate::Done);
    }
    talk.settle(question.question.number, Answered::Yes);
    if talk.current(list.id)?.is_none() {
        talk.set_member(was.clone(), MemberCause::CameBack, None)?;
    }
    talk.tell(Some(list.id), Note::Settings)?;
    Ok(Fate::Done)
}
