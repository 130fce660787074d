//! Reading on the web what members may read, without a password: a link by mail, and the passes
//! it gives.
//!
//! Whoever asks is answered the same at once, by the web; here is what happens after that. A link
//! is a question that is answered by pressing its button; what it gives is a pass, in the journal
//! like everything else, so that it outlives restarts and can be taken back.

use std::time::Duration;

use super::{Desk, FlowError, is_current};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::Language;
use crate::domain::member::Person;
use crate::domain::time::Timestamp;
use crate::domain::token::{Purpose, Token};
use crate::domain::wish::{Answered, AskedBecause, Matter, Question};
use crate::store::change::{Change, Expect};
use crate::store::event::{Event, LetterAbout, Occasion};
use crate::store::{OpenQuestion, Opens, Pass, StoreError};

/// A link opens for so long: time for a server that puts strangers off twice, and for a coffee.
const LINK_WAIT: Duration = Duration::from_secs(30 * 60);
/// A browser stays signed in for so long.
const PASS_LASTS: Duration = Duration::from_secs(365 * 86_400);
/// A feed is read without anybody noticing it, so it must not end by itself; it can be changed.
const FEEDS_LAST: Duration = Duration::from_secs(10 * 365 * 86_400);
/// Links to one person in an hour, whoever asks for them.
const LINKS_PER_HOUR_MAX: usize = 3;
/// Links to one person in a day.
const LINKS_PER_DAY_MAX: usize = 10;
/// Links to all people in an hour, asked for by whoever it is.
const LINKS_OF_ALL_PER_HOUR_MAX: usize = 600;
/// Questions looked at for that, the newest.
const LOOK_BACK: u32 = 2_000;
/// Browsers one person is signed in with; the one signed in longest ago makes room.
const BROWSERS_MAX: usize = 20;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Somebody who showed a pass that opens something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The pass they showed.
    pub pass: Pass,
    /// Who they are.
    pub person: Person,
    /// The lists they are a member of at this moment.
    pub lists: Vec<ListId>,
    /// What opens their feeds.
    pub feeds: Option<Token>,
    /// What stands in their forms.
    pub form: Token,
}

/// Which of somebody's passes end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The one they showed.
    This,
    /// All of them, those of feeds too.
    All,
    /// Those of their feeds, for a new one.
    Feeds,
}

/// Sends a link, if the address is a member's and was not sent too many. Nobody is told which.
pub fn ask(desk: &Desk, address: &EmailAddress, language: Language) -> Result<(), FlowError> {
    let now = desk.now();
    let Some(person) = desk.store.person_at(address)? else { return Ok(()) };
    let at = person.addresses.iter().position(|one| one == address).and_then(|at| u8::try_from(at).ok());
    let (Some(at), false) = (at, lists_of(desk, person.id)?.is_empty()) else { return Ok(()) };
    if !may_send(desk, person.id, now)? {
        tracing::info!(person = %person.id, "no link to sign in: too many were asked for");
        return Ok(());
    }
    let (number, matter) = (desk.store.next_question(), Matter::SignIn { address: at });
    let (until, cause) = (now + LINK_WAIT, AskedBecause::Unproven);
    let question = Question { number, person: person.id, list: None, matter, until, cause };
    let occasion = Occasion { question: Some(number), language: Some(language), ..Occasion::default() };
    let about = LetterAbout::Question { question: number, person: person.id, occasion };
    let change = Change::at(now)
        .event(Event::Asked { question: Box::new(question) })
        .event(Event::LetterOwed { letter: desk.store.next_letter(), about });
    desk.store.commit(change)?;
    desk.nudge();
    Ok(())
}

fn may_send(desk: &Desk, person: PersonId, now: Timestamp) -> Result<bool, FlowError> {
    let is_link = |asked: &&OpenQuestion| matches!(asked.question.matter, Matter::SignIn { .. });
    let within = |asked: &OpenQuestion, span: Duration| now < asked.since + span;
    let theirs = desk.store.questions_to(person)?;
    let of_theirs = |span| theirs.iter().filter(is_link).filter(|asked| within(asked, span)).count();
    let first = crate::domain::ids::QuestionId(desk.store.questions_asked().saturating_sub(LOOK_BACK));
    let recent = desk.store.questions_from(first)?;
    let of_all = recent.iter().filter(is_link).filter(|asked| within(asked, HOUR)).count();
    Ok(of_theirs(HOUR) < LINKS_PER_HOUR_MAX
        && of_theirs(DAY) < LINKS_PER_DAY_MAX
        && of_all < LINKS_OF_ALL_PER_HOUR_MAX)
}

/// Whether a link still opens. Looking changes nothing, since programs look at links in mails.
pub fn opens(desk: &Desk, token: &str) -> Result<bool, FlowError> {
    Ok(link(desk, token)?.is_some())
}

/// Presses the button of a link: what the browser is to show from now on, and for how long.
pub fn enter(desk: &Desk, token: &str) -> Result<Option<(Token, Duration)>, FlowError> {
    let now = desk.now();
    let Some(asked) = link(desk, token)? else { return Ok(None) };
    let (question, person) = (asked.question.number, asked.question.person);
    let passes = valid_passes(desk, person, now)?;
    let pass = desk.store.next_pass();
    let mut change = Change::at(now)
        .expect(Expect::Unanswered(question))
        .event(Event::Answered { question, answer: Answered::Yes })
        .event(Event::PassGiven { pass, person, opens: Opens::Pages, until: now + PASS_LASTS });
    let browsers: Vec<&Pass> = passes.iter().filter(|pass| pass.opens == Opens::Pages).collect();
    for oldest in browsers.iter().take((browsers.len() + 1).saturating_sub(BROWSERS_MAX)) {
        change = change.event(Event::PassEnded { pass: oldest.number, person });
    }
    if !passes.iter().any(|pass| pass.opens == Opens::Feeds) {
        change = change.event(new_feeds(desk, person, now));
    }
    match desk.store.commit(change) {
        Ok(()) => Ok(Some((desk.store.tokens().token(Purpose::Pass { pass, person }), PASS_LASTS))),
        // Pressed twice at the same moment: once counts.
        Err(StoreError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Who shows that, if it still opens anything of that kind.
pub fn holder(desk: &Desk, token: &str, opens: Opens) -> Result<Option<Holder>, FlowError> {
    let Some(Purpose::Pass { pass, person }) = desk.store.tokens().read(token) else { return Ok(None) };
    let now = desk.now();
    let pass = desk.store.pass(person, pass)?.filter(|pass| now < pass.until && pass.opens == opens);
    let (Some(pass), Some(person)) = (pass, desk.store.person(person)?) else { return Ok(None) };
    let feeds = valid_passes(desk, person.id, now)?.into_iter().rfind(|pass| pass.opens == Opens::Feeds);
    let token = |purpose| desk.store.tokens().token(purpose);
    Ok(Some(Holder {
        feeds: feeds.map(|pass| token(Purpose::Pass { pass: pass.number, person: person.id })),
        form: token(Purpose::Form { pass: pass.number, person: person.id }),
        lists: lists_of(desk, person.id)?,
        pass,
        person,
    }))
}

/// Ends passes of whoever shows that one.
pub fn end(desk: &Desk, token: &str, ending: Ending) -> Result<(), FlowError> {
    let Some(holder) = holder(desk, token, Opens::Pages)? else { return Ok(()) };
    let (now, person) = (desk.now(), holder.person.id);
    let ends = |pass: &Pass| match ending {
        Ending::This => pass.number == holder.pass.number,
        Ending::All => true,
        Ending::Feeds => pass.opens == Opens::Feeds,
    };
    let mut change = Change::at(now);
    for pass in desk.store.passes_of(person)?.iter().filter(|pass| ends(pass)) {
        change = change.event(Event::PassEnded { pass: pass.number, person });
    }
    if ending == Ending::Feeds {
        change = change.event(new_feeds(desk, person, now));
    }
    desk.store.commit(change)?;
    Ok(())
}

fn new_feeds(desk: &Desk, person: PersonId, now: Timestamp) -> Event {
    let pass = desk.store.next_pass();
    Event::PassGiven { pass, person, opens: Opens::Feeds, until: now + FEEDS_LAST }
}

/// The question behind a link that opens.
fn link(desk: &Desk, token: &str) -> Result<Option<OpenQuestion>, FlowError> {
    let Some(Purpose::Question { question, person }) = desk.store.tokens().read(token) else {
        return Ok(None);
    };
    let asked = desk.store.question(question)?.filter(|asked| {
        matches!(asked.question.matter, Matter::SignIn { .. })
            && asked.question.person == person
            && asked.answer.is_none()
            && desk.now() < asked.question.until
    });
    Ok(if desk.store.person(person)?.is_some() { asked } else { None })
}

fn valid_passes(desk: &Desk, person: PersonId, now: Timestamp) -> Result<Vec<Pass>, FlowError> {
    let mut passes = desk.store.passes_of(person)?;
    passes.retain(|pass| now < pass.until);
    Ok(passes)
}

fn lists_of(desk: &Desk, person: PersonId) -> Result<Vec<ListId>, FlowError> {
    let memberships = desk.store.memberships(person)?;
    Ok(memberships.iter().filter(|member| is_current(member)).map(|member| member.list).collect())
}
