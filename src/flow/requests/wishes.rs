//! A wish that was understood: carried out where the table of proof allows it, asked back where
//! it does not.

use super::hear::Scope;
use super::summaries::{self, Settled};
use super::talk::{Sure, Talk};
use super::{addresses, commanding, joining, recalling, seeking};
use crate::domain::authority::{Course, Deed, course};
use crate::domain::ids::ListId;
use crate::domain::list::List;
use crate::domain::member::{MemberState, Membership, Reading};
use crate::domain::time::Timestamp;
use crate::domain::wish::{Heed, Matter, Question, SummaryWish, Threads, Wish};
use crate::flow::FlowError;
use crate::flow::author::author_of;
use crate::flow::membership::ANSWER_WAIT;
use crate::store::event::{Event, MemberCause, Note};

/// What kind of act a wish is.
fn deed(wish: &Wish) -> Deed {
    match wish {
        Wish::Join | Wish::Animate { .. } => Deed::Weighty,
        Wish::Leave | Wish::End { .. } => Deed::Leave,
        // What cannot be undone is never done on From alone.
        Wish::MyData | Wish::Forget { .. } | Wish::Move { .. } => Deed::Weighty,
        Wish::Read { .. }
        | Wish::Pause { .. }
        | Wish::Resume
        | Wish::Speak { .. }
        | Wish::Quiet { .. }
        | Wish::Threads { .. }
        | Wish::Heed { .. }
        | Wish::OwnPosts { .. }
        | Wish::Summary { .. }
        | Wish::Rename { .. }
        | Wish::Help
        | Wish::Settings
        | Wish::Withdraw { .. }
        | Wish::Search { .. }
        | Wish::Trace => Deed::OnOneself,
    }
}

/// The same with what is known of who wishes it: knowing is less than doing, and the posts of others
/// are not one's own.
fn deed_here(talk: &Talk<'_>, list: Option<ListId>, wish: &Wish) -> Result<Deed, FlowError> {
    if let Wish::Animate { mail } = wish {
        let list = list.map(|list| talk.list(list)).transpose()?.flatten();
        let asks = match list {
            Some(list) => commanding::only_asks(talk, &list, *mail)?,
            None => false,
        };
        return Ok(if asks { Deed::OnOneself } else { Deed::Weighty });
    }
    if let Wish::Withdraw { post: Some(post) } = wish {
        let author = talk.desk.store.post(*post)?.and_then(|info| info.author);
        return Ok(if author == Some(talk.person.id) { Deed::OnOneself } else { Deed::Weighty });
    }
    Ok(deed(wish))
}

/// Whether a yes to that does only what a proven sender may have done without a token.
pub(super) fn is_done_for_the_proven(talk: &Talk<'_>, question: &Question) -> Result<bool, FlowError> {
    let wish = match &question.matter {
        Matter::Wish { wish } | Matter::Either { words: wish, .. } => wish,
        Matter::Talk
        | Matter::WhichList { .. }
        | Matter::Admit { .. }
        | Matter::Care { .. }
        | Matter::Invitation { .. }
        | Matter::Back { .. }
        | Matter::Found { .. }
        | Matter::SamePerson { .. }
        | Matter::Adopt { .. }
        | Matter::SignIn { .. }
        | Matter::Yours { .. }
        | Matter::Consent { .. }
        | Matter::Opening
        | Matter::Digest { .. }
        | Matter::Draft { .. } => return Ok(false),
    };
    let deed = deed_here(talk, question.list, wish)?;
    Ok(course(deed, crate::domain::proof::Proof::Proven) == Course::Do)
}

/// A wish nobody can misunderstand.
pub(super) fn wish(
    talk: &mut Talk<'_>,
    list: Option<ListId>,
    scope: &Scope,
    wish: &Wish,
) -> Result<(), FlowError> {
    let course = match talk.sure {
        Sure::ByToken => Course::Do,
        Sure::Proven => course(deed_here(talk, list, wish)?, crate::domain::proof::Proof::Proven),
        Sure::Unproven(proof) => course(deed_here(talk, list, wish)?, proof),
    };
    let lists = if talk.is_unproven() { list.into_iter().collect() } else { lists_meant(talk, list, scope)? };
    match (wish, course) {
        (Wish::Summary { summary: SummaryWish::Together { together } }, Course::Do) => {
            summaries::put_together(talk, list, *together)
        }
        (_, Course::Nothing) => Ok(()),
        // What one can write is no secret, and asking « oui » for it would say as much.
        (Wish::Help, Course::Do | Course::AskYes | Course::AskToken) => talk.tell(list, Note::Help),
        (Wish::Join, Course::Do | Course::AskYes | Course::AskToken) => join(talk, &lists),
        // Whatever proves who writes: what becomes of their posts is theirs to say, and cannot be undone.
        (Wish::Forget { posts: None }, Course::Do) => talk.ask(None, Matter::Wish { wish: wish.clone() }),
        (Wish::Forget { .. } | Wish::MyData, Course::AskYes | Course::AskToken) => {
            talk.ask(None, Matter::Wish { wish: wish.clone() })
        }
        (_, Course::AskYes | Course::AskToken) => talk.ask(list, Matter::Wish { wish: wish.clone() }),
        (_, Course::Do) if is_about_a_list(wish) => {
            if lists.is_empty() {
                return which(talk, wish);
            }
            for list in lists {
                carry_out(talk, list, wish)?;
            }
            Ok(())
        }
        (_, Course::Do) => carry_out_everywhere(talk, list, wish),
    }
}

/// A wish we only think they have: proposed.
pub(super) fn guess(
    talk: &mut Talk<'_>,
    list: Option<ListId>,
    scope: &Scope,
    wish: &Wish,
) -> Result<(), FlowError> {
    if *wish == Wish::Help {
        return talk.tell(list, Note::Help);
    }
    if *wish == Wish::Join {
        let here = || list.into_iter().collect();
        let lists = if talk.is_unproven() { here() } else { lists_meant(talk, list, scope)? };
        return join(talk, &lists);
    }
    let everywhere = matches!(wish, Wish::Forget { .. } | Wish::MyData);
    talk.ask(list.filter(|_| !everywhere), Matter::Wish { wish: wish.clone() })
}

fn join(talk: &mut Talk<'_>, lists: &[ListId]) -> Result<(), FlowError> {
    if lists.is_empty() {
        return talk.tell(None, Note::Help);
    }
    for list in lists {
        if let Some(list) = talk.list(*list)? {
            joining::ask_to_join(talk, &list)?;
        }
    }
    Ok(())
}

fn is_about_a_list(wish: &Wish) -> bool {
    match wish {
        Wish::Join
        | Wish::Leave
        | Wish::Read { .. }
        | Wish::Pause { .. }
        | Wish::Resume
        | Wish::Quiet { .. }
        | Wish::Threads { .. }
        | Wish::Heed { .. }
        | Wish::OwnPosts { .. }
        | Wish::Summary { .. }
        | Wish::End { .. }
        | Wish::Animate { .. }
        | Wish::Settings => true,
        Wish::Speak { .. }
        | Wish::Rename { .. }
        | Wish::Help
        | Wish::MyData
        | Wish::Forget { .. }
        | Wish::Withdraw { .. }
        | Wish::Trace
        | Wish::Search { .. }
        | Wish::Move { .. } => false,
    }
}

/// The lists somebody means: the one they wrote to, those they name, all of theirs, or the only one.
/// None if that cannot be told.
pub(super) fn lists_meant(
    talk: &Talk<'_>,
    list: Option<ListId>,
    scope: &Scope,
) -> Result<Vec<ListId>, FlowError> {
    let mine = talk.current_lists()?;
    Ok(match scope {
        Scope::Here => match (list, mine.as_slice()) {
            (Some(list), _) => vec![list],
            (None, [only]) => vec![*only],
            (None, _) => Vec::new(),
        },
        Scope::Named(named) => named.clone(),
        Scope::All => mine,
    })
}

/// It is not known in which group.
fn which(talk: &mut Talk<'_>, wish: &Wish) -> Result<(), FlowError> {
    if talk.current_lists()?.is_empty() {
        return talk.tell(None, Note::NoMember);
    }
    talk.ask(None, Matter::WhichList { wish: wish.clone() })
}

/// Does it, in one list.
fn carry_out(talk: &mut Talk<'_>, list: ListId, wish: &Wish) -> Result<(), FlowError> {
    let Some(known) = talk.list(list)? else { return Ok(()) };
    if *wish == Wish::Resume && talk.current(list)?.is_none() && way_back(talk, &known)? {
        return Ok(());
    }
    let Some(member) = talk.current(list)? else {
        return talk.tell(Some(list), Note::NoMember);
    };
    let settled = summaries::settled(&member, wish);
    let wish = match &settled {
        Settled::Wish(wish) => wish,
        Settled::Rhythm(wish) => return talk.ask(Some(list), Matter::Wish { wish: wish.clone() }),
    };
    match wish {
        Wish::Leave => return leave(talk, member),
        Wish::Settings => return talk.tell(Some(list), Note::Settings),
        Wish::Heed { post, heed } => return attend(talk, list, *post, *heed),
        Wish::Animate { mail } => {
            return commanding::obey(talk, &known, &member, *mail, commanding::Shown::No);
        }
        Wish::Join
        | Wish::Read { .. }
        | Wish::Pause { .. }
        | Wish::Resume
        | Wish::Quiet { .. }
        | Wish::Threads { .. }
        | Wish::OwnPosts { .. }
        | Wish::Summary { .. }
        | Wish::End { .. }
        | Wish::Speak { .. }
        | Wish::Rename { .. }
        | Wish::Help
        | Wish::MyData
        | Wish::Forget { .. }
        | Wish::Withdraw { .. }
        | Wish::Trace
        | Wish::Search { .. }
        | Wish::Move { .. } => {}
    }
    let after = changed(&member, wish, talk.now);
    if member.state == MemberState::Bouncing && after.state != member.state {
        let (list, person) = (member.list, member.person);
        talk.event(Event::Reach { list, person, reach: Box::default() });
    }
    if after != member {
        talk.set_member(after, MemberCause::Wished, Some(talk.person.id))?;
    }
    talk.tell(Some(list), Note::Done { wish: wish.clone() })
}

/// A membership as a wish makes it.
fn changed(member: &Membership, wish: &Wish, now: Timestamp) -> Membership {
    let mut after = member.clone();
    match wish {
        Wish::Read { reading, day, hour } => {
            after.reading = *reading;
            after.day = day.or(after.day);
            after.hour = hour.or(after.hour);
            if *reading == Reading::Each {
                after.threads = Threads::All;
            }
            wake(&mut after);
        }
        // A pause that is over before it begins is none.
        Wish::Pause { until, .. } if until.is_some_and(|until| until <= now) => {}
        Wish::Pause { from: Some(from), until } if *from > now && member.state == MemberState::Active => {
            after.pause_from = Some(*from);
            after.pause_until = *until;
        }
        Wish::Pause { until, .. } => {
            after.pause_from = None;
            after.state = MemberState::Paused;
            after.pause_until = *until;
        }
        Wish::Resume => wake(&mut after),
        Wish::Quiet { hours } => after.quiet.clone_from(hours),
        Wish::Threads { wanted } => after.threads = *wanted,
        Wish::OwnPosts { sent } => after.own_posts = Some(*sent),
        Wish::Summary { summary: SummaryWish::At { day, hour } } => {
            after.day = day.or(after.day);
            after.hour = hour.or(after.hour);
        }
        Wish::Summary { summary: SummaryWish::Form { form } } => after.digest_form = *form,
        Wish::Summary { summary: SummaryWish::Together { together } } => after.together = Some(*together),
        Wish::End { until: Some(until) } => {
            // An end the group has set is not put off by a wish.
            if member.until.is_none_or(|end| member.ends_by_wish || *until < end) {
                after.until = Some(*until);
                after.ends_by_wish = true;
            }
        }
        Wish::End { until: None } if member.ends_by_wish => {
            after.until = None;
            after.ends_by_wish = false;
        }
        Wish::End { until: None }
        | Wish::Join
        | Wish::Leave
        | Wish::Speak { .. }
        | Wish::Heed { .. }
        | Wish::Animate { .. }
        | Wish::Rename { .. }
        | Wish::Help
        | Wish::Settings
        | Wish::MyData
        | Wish::Forget { .. }
        | Wish::Withdraw { .. }
        | Wish::Trace
        | Wish::Search { .. }
        | Wish::Move { .. } => {}
    }
    after
}

fn wake(member: &mut Membership) {
    if matches!(member.state, MemberState::Paused | MemberState::Bouncing) {
        member.state = MemberState::Active;
    }
    member.pause_from = None;
    member.pause_until = None;
}

/// At once, with a farewell that knows the way back.
fn leave(talk: &mut Talk<'_>, member: Membership) -> Result<(), FlowError> {
    let (list, person) = (member.list, member.person);
    let was = Matter::Back { was: Box::new(member.clone()) };
    let left = Membership { state: MemberState::Left, ..member };
    talk.set_member(left, MemberCause::LeftByMail, None)?;
    let cause = talk.cause();
    talk.new_question(person, Some(list), was, cause, ANSWER_WAIT);
    talk.owe(crate::store::event::LetterAbout::Farewell {
        list,
        person,
        ending: crate::store::event::Ending::TheyLeft,
    });
    Ok(())
}

/// Whoever left a few days ago and says « reprendre » comes back to what was.
fn way_back(talk: &mut Talk<'_>, list: &List) -> Result<bool, FlowError> {
    for question in talk.desk.store.questions_to(talk.person.id)? {
        let asked = &question.question;
        let counts = asked.list == Some(list.id) && question.answer.is_none() && talk.now < asked.until;
        if let (Matter::Back { was }, true) = (&asked.matter, counts) {
            talk.settle(asked.number, crate::domain::wish::Answered::Yes);
            talk.set_member((**was).clone(), MemberCause::CameBack, None)?;
            talk.tell(Some(list.id), Note::Settings)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// More or less of one thread.
fn attend(
    talk: &mut Talk<'_>,
    list: ListId,
    post: Option<crate::domain::ids::PostId>,
    heed: Heed,
) -> Result<(), FlowError> {
    let thread = match post {
        Some(post) => talk.desk.store.post(post)?.and_then(|info| info.thread),
        None => None,
    };
    // Nothing was answered, so nobody knows which thread: what can be said tells how.
    let Some(thread) = thread else { return talk.tell(Some(list), Note::Help) };
    let person = talk.person.id;
    talk.event(Event::Heeded { list, thread: thread.0, person, heed });
    talk.tell(Some(list), Note::Done { wish: Wish::Heed { post, heed } })
}

/// What concerns the person and no list in particular.
fn carry_out_everywhere(talk: &mut Talk<'_>, list: Option<ListId>, wish: &Wish) -> Result<(), FlowError> {
    if let Wish::Move { mail } = wish {
        let author = author_of(talk.desk, *mail)?;
        let from_theirs = author.is_none_or(|author| talk.person.addresses.contains(&author));
        return if from_theirs {
            addresses::move_to(talk, list, *mail)
        } else {
            addresses::move_here(talk, *mail)
        };
    }
    if let Wish::Withdraw { post } = wish {
        return recalling::withdraw(talk, list, *post);
    }
    // What is held about somebody is theirs to know, member or not.
    if *wish == Wish::MyData {
        return talk.tell(None, Note::MyData);
    }
    if let Wish::Search { mail } = wish {
        return seeking::seek(talk, list, *mail);
    }
    if talk.current_lists()?.is_empty() {
        return talk.tell(list, Note::NoMember);
    }
    if *wish == Wish::Trace {
        return talk.tell(list, Note::Trace);
    }
    match wish {
        Wish::Speak { language } => talk.person.language = Some(*language),
        Wish::Rename { mail } => {
            let Some(name) = super::hear::name_in(talk.desk, *mail)? else {
                return talk.tell(list, Note::Help);
            };
            talk.person.name = name;
        }
        Wish::Join
        | Wish::Leave
        | Wish::Read { .. }
        | Wish::Pause { .. }
        | Wish::Resume
        | Wish::Quiet { .. }
        | Wish::Threads { .. }
        | Wish::Heed { .. }
        | Wish::OwnPosts { .. }
        | Wish::Summary { .. }
        | Wish::End { .. }
        | Wish::Animate { .. }
        | Wish::Help
        | Wish::Settings
        | Wish::MyData
        | Wish::Forget { .. }
        | Wish::Withdraw { .. }
        | Wish::Trace
        | Wish::Search { .. }
        | Wish::Move { .. } => {}
    }
    talk.tell(list, Note::Done { wish: wish.clone() })
}
