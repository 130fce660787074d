//! What those who look after a list ask for by mail: who is part of it, who does what in it, one
//! conversation slowed down or closed; and what they may know.
//!
//! The words are read again from the mail each time, since no name stands in the journal. What
//! concerns more than one person is shown first and done when they say yes.

use super::hear::{animator_commands_in, topic_of};
use super::joining;
use super::talk::{Sure, Talk};
use crate::domain::address::EmailAddress;
use crate::domain::care::{Came, Care, Told};
use crate::domain::command::{AnimatorCommand, Called, Holding};
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::{List, ListState, Roster};
use crate::domain::member::{Joined, MemberState, Membership, Person, Role};
use crate::domain::moderation::ThreadPace;
use crate::domain::wish::{Matter, Wish};
use crate::flow::membership::{self, Act, NotDone, Telling};
use crate::flow::moderate::{HELD, waiting_now};
use crate::flow::{Desk, FlowError, is_current, lists};
use crate::store::archive::ThreadId;
use crate::store::change::Expect;
use crate::store::event::{Ban, Event, MemberCause, Note};

/// So many people are named by one mail; what is more is told, and left.
const PEOPLE_MAX: usize = 100;

/// What one thing is that an animator asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::flow) enum Kind {
    Add,
    Invite,
    Remove,
    Ban,
    Unban,
    Role(Role),
    Hold(Holding),
    Pace(Option<u32>),
    Slow,
    Close,
    Reopen,
}

/// One thing an animator asks for.
#[derive(Clone, Debug)]
pub(in crate::flow) struct Item {
    pub(in crate::flow) kind: Kind,
    /// As it was written; nobody, where it is about a conversation.
    pub(in crate::flow) called: Called,
    /// Who that is, if they are known.
    pub(in crate::flow) person: Option<Person>,
    /// The conversation it is about.
    pub(in crate::flow) thread: Option<(ThreadId, String)>,
    /// Why it cannot be done, as far as that can be told before.
    pub(in crate::flow) problem: Option<Came>,
}

/// Whether a mail only asks to be told something.
pub(super) fn only_asks(talk: &Talk<'_>, list: &List, mail: PostId) -> Result<bool, FlowError> {
    let commands = animator_commands_in(talk.desk, list, mail)?;
    Ok(commands.iter().all(AnimatorCommand::only_asks))
}

/// All that a mail asks to be done, one by one.
pub(in crate::flow) fn planned(desk: &Desk, list: &List, mail: PostId) -> Result<Vec<Item>, FlowError> {
    let mut items = Vec::new();
    for command in animator_commands_in(desk, list, mail)? {
        let (kind, people) = match command {
            AnimatorCommand::Add(people) => (Kind::Add, people),
            AnimatorCommand::Invite(people) => (Kind::Invite, people),
            AnimatorCommand::Remove(people) => (Kind::Remove, people),
            AnimatorCommand::Ban(people) => (Kind::Ban, people),
            AnimatorCommand::Unban(people) => (Kind::Unban, people),
            AnimatorCommand::Role(role, people) => (Kind::Role(role), people),
            AnimatorCommand::Hold(holding) => (Kind::Hold(holding), vec![Called::default()]),
            AnimatorCommand::Pace(posts) => (Kind::Pace(posts), vec![Called::default()]),
            AnimatorCommand::Slow => (Kind::Slow, vec![Called::default()]),
            AnimatorCommand::Close => (Kind::Close, vec![Called::default()]),
            AnimatorCommand::Reopen => (Kind::Reopen, vec![Called::default()]),
            // Told or done by themselves, see `tell_asked`.
            AnimatorCommand::Split
            | AnimatorCommand::MoveTo(_)
            | AnimatorCommand::JoinWith(_)
            | AnimatorCommand::Members
            | AnimatorCommand::History
            | AnimatorCommand::Letter => continue,
        };
        for called in people {
            items.push(match kind {
                Kind::Slow | Kind::Close | Kind::Reopen => about_topic(desk, list, mail, kind)?,
                Kind::Hold(_) | Kind::Pace(_) => about_list(list, kind),
                Kind::Add | Kind::Invite | Kind::Remove | Kind::Ban | Kind::Unban | Kind::Role(_) => {
                    about_somebody(desk, list, kind, called)?
                }
            });
        }
    }
    for item in items.iter_mut().skip(PEOPLE_MAX) {
        item.problem = Some(Came::TooMany);
    }
    items.truncate(PEOPLE_MAX + 1);
    Ok(items)
}

fn about_topic(desk: &Desk, list: &List, mail: PostId, kind: Kind) -> Result<Item, FlowError> {
    let thread = topic_of(desk, list, mail)?;
    let problem = thread.is_none().then_some(Came::NoTopic);
    Ok(Item { kind, called: Called::default(), person: None, thread, problem })
}

/// How the whole list works.
fn about_list(list: &List, kind: Kind) -> Item {
    let settings = &list.settings;
    let is_so = match kind {
        Kind::Hold(holding) => settings.hold_all == (holding == Holding::All),
        Kind::Pace(posts) => settings.pace == pace_words(posts),
        Kind::Add
        | Kind::Invite
        | Kind::Remove
        | Kind::Ban
        | Kind::Unban
        | Kind::Role(_)
        | Kind::Slow
        | Kind::Close
        | Kind::Reopen => false,
    };
    let problem = is_so.then_some(Came::Already);
    Item { kind, called: Called::default(), person: None, thread: None, problem }
}

fn about_somebody(desk: &Desk, list: &List, kind: Kind, called: Called) -> Result<Item, FlowError> {
    let mut problem = None;
    let person = match &called.address {
        Some(address) => desk.store.person_at(address)?,
        None if called.name.is_empty() => {
            problem = Some(Came::NoAddress);
            None
        }
        None => match members_called(desk, list, &called.name)?.as_slice() {
            [only] => Some(only.clone()),
            // Nobody can be added by their name alone.
            _ if matches!(kind, Kind::Add | Kind::Invite) => {
                problem = Some(Came::NoAddress);
                None
            }
            [] => {
                problem = Some(Came::NoSuchName);
                None
            }
            [..] => {
                problem = Some(Came::SeveralOfThatName);
                None
            }
        },
    };
    let member = match &person {
        Some(person) => desk.store.member(list.id, person.id)?.filter(is_current),
        None => None,
    };
    let banned = match &person {
        Some(person) => desk.store.is_banned(list.id, person.id)?,
        None => false,
    };
    let problem = problem.or(match kind {
        Kind::Remove | Kind::Role(_) if member.is_none() => Some(Came::NoMember),
        Kind::Add | Kind::Invite if list.state != ListState::Open => Some(Came::Closed),
        Kind::Add | Kind::Invite if banned => Some(Came::Banned),
        Kind::Add | Kind::Invite if member.is_some() => Some(Came::Already),
        Kind::Unban if !banned => Some(Came::Already),
        Kind::Ban if banned => Some(Came::Already),
        Kind::Role(role) if member.as_ref().is_some_and(|member| member.role == role) => Some(Came::Already),
        Kind::Add
        | Kind::Invite
        | Kind::Remove
        | Kind::Role(_)
        | Kind::Ban
        | Kind::Unban
        | Kind::Hold(_)
        | Kind::Pace(_)
        | Kind::Slow
        | Kind::Close
        | Kind::Reopen => None,
    });
    Ok(Item { kind, called, person, thread: None, problem })
}

/// The members of that name, or of that first name.
fn members_called(desk: &Desk, list: &List, name: &str) -> Result<Vec<Person>, FlowError> {
    let plain = |text: &str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = plain(name);
    let (mut whole, mut first) = (Vec::new(), Vec::new());
    for member in desk.store.members(list.id)?.into_iter().filter(is_current) {
        let Some(person) = desk.store.person(member.person)? else { continue };
        let theirs = plain(&person.name);
        if theirs == wanted {
            whole.push(person);
        } else if theirs.split(' ').next() == Some(wanted.as_str()) {
            first.push(person);
        }
    }
    Ok(if whole.is_empty() { first } else { whole })
}

/// What was understood was shown, or not yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    Yes,
    No,
}

/// Does what an animator asks for, or shows it first.
pub(super) fn obey(
    talk: &mut Talk<'_>,
    list: &List,
    member: &Membership,
    mail: PostId,
    shown: Shown,
) -> Result<(), FlowError> {
    let commands = animator_commands_in(talk.desk, list, mail)?;
    if member.role != Role::Animator {
        let who_is_here = |command: &AnimatorCommand| matches!(command, AnimatorCommand::Members);
        let may_know = list.settings.roster == Roster::Members && commands.iter().all(who_is_here);
        let told = if may_know { Note::Care { told: Told::Members } } else { Note::Help };
        return talk.tell(Some(list.id), told);
    }
    for command in commands {
        tell_asked(talk, list, mail, &command)?;
    }
    let items = planned(talk.desk, list, mail)?;
    if items.is_empty() {
        return Ok(());
    }
    // One thing that is plain is done at once; several are looked at first.
    let unclear = |item: &Item| item.problem.is_some_and(|problem| problem != Came::Already);
    if shown == Shown::No && items.len() > 1 && !items.iter().all(unclear) {
        return talk.ask(Some(list.id), Matter::Wish { wish: Wish::Animate { mail } });
    }
    let mut came = Vec::new();
    for item in &items {
        came.push(match item.problem {
            Some(problem) => problem,
            None => carry_out(talk, list, item)?,
        });
    }
    talk.tell(Some(list.id), Note::Care { told: Told::Carried { mail, came } })
}

/// What is only asked for is answered; what is said of a post's conversation is done, and told.
fn tell_asked(
    talk: &mut Talk<'_>,
    list: &List,
    mail: PostId,
    command: &AnimatorCommand,
) -> Result<(), FlowError> {
    let told = match command {
        AnimatorCommand::Split | AnimatorCommand::MoveTo(_) | AnimatorCommand::JoinWith(_) => {
            let raw = talk.desk.store.raw(mail)?.unwrap_or_default();
            let answered = super::answered_post(talk.desk, list.id, &raw)?;
            return super::fixing::set_thread_right(talk, list, answered, command);
        }
        AnimatorCommand::Members => Told::Members,
        AnimatorCommand::History => Told::History,
        AnimatorCommand::Letter => {
            let items = waiting_now(talk.desk, list.id)?;
            if !items.is_empty() {
                let matter = Matter::Care { care: Care::Gathering { items } };
                return talk.ask_for_long(list.id, matter, HELD);
            }
            Told::Overview
        }
        AnimatorCommand::Add(_)
        | AnimatorCommand::Invite(_)
        | AnimatorCommand::Remove(_)
        | AnimatorCommand::Ban(_)
        | AnimatorCommand::Unban(_)
        | AnimatorCommand::Role(..)
        | AnimatorCommand::Hold(_)
        | AnimatorCommand::Pace(_)
        | AnimatorCommand::Slow
        | AnimatorCommand::Close
        | AnimatorCommand::Reopen => return Ok(()),
    };
    talk.tell(Some(list.id), Note::Care { told })
}

fn carry_out(talk: &mut Talk<'_>, list: &List, item: &Item) -> Result<Came, FlowError> {
    let by = Some(talk.person.id);
    let act = Act { now: talk.now, by, telling: Telling::Letter };
    let store = &talk.desk.store;
    let address = item.called.address.clone().or_else(|| {
        let person = item.person.as_ref();
        person.and_then(|person| person.addresses.first().cloned())
    });
    Ok(match (item.kind, address) {
        (Kind::Slow, _) => pace(talk, list, item, ThreadPace::Slow),
        (Kind::Close, _) => pace(talk, list, item, ThreadPace::Closed),
        (Kind::Reopen, _) => pace(talk, list, item, ThreadPace::Usual),
        (Kind::Hold(holding), _) => {
            let value = if holding == Holding::All { "yes" } else { "no" };
            set(talk, list, "hold_all", value)
        }
        (Kind::Pace(posts), _) => set(talk, list, "pace", &pace_words(posts)),
        (_, None) => Came::NoAddress,
        (Kind::Add, Some(email)) => {
            let name = Some(item.called.name.clone()).filter(|name| !name.is_empty());
            let (language, since) = (None, None);
            let (settings, joined) = (Vec::new(), Joined::Declared);
            let wish = membership::Wish { email, name, language, since, settings, joined };
            came_of(membership::add_member(store, list, &wish, act)?)
        }
        (Kind::Invite, Some(address)) => {
            let invited = joining::invite(talk, list, &address)?;
            if invited { Came::Done } else { Came::Already }
        }
        (Kind::Remove, Some(address)) => came_of(membership::remove_member(store, list, &address, act)?),
        (Kind::Role(role), Some(address)) => {
            if role == Role::Member && joining::animators(talk, list.id)?.len() <= 1 {
                return Ok(Came::LastAnimator);
            }
            let word = if role == Role::Animator { "animator" } else { "member" };
            let set = [("role".to_owned(), word.to_owned())];
            came_of(membership::set_member(store, list, &address, &set, act)?)
        }
        (Kind::Ban, Some(address)) => ban(talk, list, item, address)?,
        (Kind::Unban, Some(_)) => {
            if let Some(person) = &item.person {
                talk.event(Event::Banned { list: list.id, person: person.id, ban: Ban::Off, by });
            }
            Came::Done
        }
    })
}

fn came_of<T>(asked: Result<T, NotDone>) -> Came {
    match asked {
        Ok(_) => Came::Done,
        Err(why) => {
            tracing::info!(%why, "an animator asked for something that could not be done");
            match why {
                NotDone::Address(..) => Came::NoAddress,
                NotDone::OwnAddress(_) => Came::OwnAddress,
                NotDone::Closed(_) => Came::Closed,
                NotDone::Forgotten(_) => Came::Forgotten,
                NotDone::NotAMember(..) => Came::NoMember,
                NotDone::AddressTaken(_) | NotDone::Setting(_) => Came::NotDone,
            }
        }
    }
}

/// Whoever has that address writes here no more, and is a member no more.
fn ban(talk: &mut Talk<'_>, list: &List, item: &Item, address: EmailAddress) -> Result<Came, FlowError> {
    let person = match &item.person {
        Some(person) => person.id,
        None => stranger(talk, address),
    };
    if person == talk.person.id {
        return Ok(Came::NotDone);
    }
    let by = Some(talk.person.id);
    talk.event(Event::Banned { list: list.id, person, ban: Ban::On, by });
    if let Some(member) = talk.membership_of(list.id, person)?.filter(is_current) {
        let left = Membership { state: MemberState::Left, ..member };
        talk.set_member(left, MemberCause::Removed, by)?;
    }
    Ok(Came::Done)
}

/// Somebody nobody knew gets a number.
pub(super) fn stranger(talk: &mut Talk<'_>, address: EmailAddress) -> PersonId {
    let known = talk.new_people().into_iter().find(|person| person.addresses.contains(&address));
    if let Some(known) = known {
        return known.id;
    }
    let id = talk.desk.store.next_person();
    talk.expect(Expect::AddressOf(address.clone(), id));
    talk.add_person(Person { id, addresses: vec![address], name: String::new(), language: None });
    id
}

fn pace_words(posts: Option<u32>) -> String {
    posts.map(|posts| posts.to_string()).unwrap_or_default()
}

/// Changes how the whole list works.
fn set(talk: &Talk<'_>, list: &List, key: &str, value: &str) -> Came {
    let settings = [(key.to_owned(), value.to_owned())];
    match lists::set_by(talk.desk, list, &settings, Some(talk.person.id)) {
        Ok(_) => Came::Done,
        Err(why) => {
            tracing::warn!(%why, key, "an animator's change of settings could not be kept");
            Came::NotDone
        }
    }
}

fn pace(talk: &mut Talk<'_>, list: &List, item: &Item, pace: ThreadPace) -> Came {
    let Some((thread, _)) = &item.thread else { return Came::NoTopic };
    let by = Some(talk.person.id);
    talk.event(Event::ThreadPace { list: list.id, thread: thread.0, pace, by });
    Came::Done
}

/// Whether what is asked in that letter was shown in it, thing by thing: nothing that somebody
/// unproven wrote stands in a letter to whom they say they are.
pub(super) fn was_shown(sure: Sure, cause: crate::domain::wish::AskedBecause) -> Shown {
    use crate::domain::wish::AskedBecause;
    match (sure, cause) {
        (Sure::ByToken, AskedBecause::Proven | AskedBecause::Ours) => Shown::Yes,
        (Sure::ByToken | Sure::Proven | Sure::Unproven(_), _) => Shown::No,
    }
}
