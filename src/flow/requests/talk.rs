//! One person's request while it is worked on: all that follows from it is gathered here, and
//! becomes one change at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Fate, Request};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId, QuestionId};
use crate::domain::list::{Language, List};
use crate::domain::member::{Membership, Person};
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, AskedBecause, Matter, Question};
use crate::flow::membership::ANSWER_WAIT;
use crate::flow::moderate::Asking;
use crate::flow::{Desk, FlowError, is_current};
use crate::store::StoreError;
use crate::store::change::{Change, Expect, Shelf};
use crate::store::event::{Event, LetterAbout, MemberCause, Note, Occasion};

/// A letter in which nothing in particular was asked can be answered for so long.
const TALK_WAIT: Duration = Duration::from_secs(30 * 86_400);

/// How sure it is that the one who writes is the one in From.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sure {
    /// They answer what only they were sent.
    ByToken,
    /// The mail system proves it.
    Proven,
    /// Anybody may have written it.
    Unproven(Proof),
}

/// A membership as it was seen, and as it is to be.
struct Changed {
    before: Option<Membership>,
    after: Membership,
    cause: MemberCause,
    by: Option<PersonId>,
}

/// What follows from one request.
pub(super) struct Talk<'a> {
    pub(super) desk: &'a Desk,
    pub(super) now: Timestamp,
    /// The mail.
    pub(super) post: PostId,
    /// Who it says it is from.
    pub(super) person: Person,
    person_before: Option<Person>,
    pub(super) sure: Sure,
    /// The language it was written in.
    language: Option<Language>,
    others: Vec<(Option<Person>, Person)>,
    members: BTreeMap<(ListId, PersonId), Changed>,
    expects: Vec<Expect>,
    mails: Vec<(PostId, Shelf, Vec<u8>)>,
    events: Vec<Event>,
    /// Letters owed so far.
    pub(super) letters: usize,
}

impl<'a> Talk<'a> {
    pub(super) fn begin(
        desk: &'a Desk,
        request: &Request<'_>,
        address: EmailAddress,
        language: Option<Language>,
    ) -> Result<Talk<'a>, FlowError> {
        let person_before = desk.store.person_at(&address)?;
        let person = person_before.clone().unwrap_or_else(|| Person {
            id: desk.store.next_person(),
            addresses: vec![address.clone()],
            name: String::new(),
            language: None,
        });
        Ok(Talk {
            desk,
            now: request.now,
            post: request.info.id,
            person,
            person_before,
            sure: Sure::Unproven(Proof::NoMeans),
            language,
            others: Vec::new(),
            members: BTreeMap::new(),
            expects: Vec::new(),
            mails: Vec::new(),
            events: Vec::new(),
            letters: 0,
        })
    }

    /// Whether nobody knows who wrote.
    pub(super) fn is_unproven(&self) -> bool {
        matches!(self.sure, Sure::Unproven(_))
    }

    pub(super) fn list(&self, list: ListId) -> Result<Option<List>, StoreError> {
        self.desk.store.list(list)
    }

    /// The writer's membership as it is by now, ended ones too.
    pub(super) fn membership(&self, list: ListId) -> Result<Option<Membership>, StoreError> {
        self.membership_of(list, self.person.id)
    }

    pub(super) fn membership_of(
        &self,
        list: ListId,
        person: PersonId,
    ) -> Result<Option<Membership>, StoreError> {
        match self.members.get(&(list, person)) {
            Some(changed) => Ok(Some(changed.after.clone())),
            None => self.desk.store.member(list, person),
        }
    }

    /// The writer's membership, if they are a member.
    pub(super) fn current(&self, list: ListId) -> Result<Option<Membership>, StoreError> {
        Ok(self.membership(list)?.filter(is_current))
    }

    /// The lists the writer is a member of.
    pub(super) fn current_lists(&self) -> Result<Vec<ListId>, StoreError> {
        let memberships = self.desk.store.memberships(self.person.id)?;
        Ok(memberships.iter().filter(|member| is_current(member)).map(|member| member.list).collect())
    }

    /// A membership as it is from now on.
    pub(super) fn set_member(
        &mut self,
        after: Membership,
        cause: MemberCause,
        by: Option<PersonId>,
    ) -> Result<(), StoreError> {
        let key = (after.list, after.person);
        let before = match self.members.remove(&key) {
            Some(changed) => changed.before,
            None => self.desk.store.member(after.list, after.person)?,
        };
        self.members.insert(key, Changed { before, after, cause, by });
        Ok(())
    }

    /// Somebody else we did not know.
    pub(super) fn add_person(&mut self, person: Person) {
        self.others.push((None, person));
    }

    /// Those nobody knew before this change.
    pub(super) fn new_people(&self) -> Vec<Person> {
        let new = self.others.iter().filter(|(before, _)| before.is_none());
        new.map(|(_, person)| person.clone()).collect()
    }

    /// Somebody else as they are from now on.
    pub(super) fn change_person(&mut self, before: Person, after: Person) {
        self.others.push((Some(before), after));
    }

    /// Asks an address that may be a stranger's something; a few times a day at most.
    pub(super) fn ask_unknown(
        &mut self,
        person: PersonId,
        language: Option<Language>,
        matter: Matter,
    ) -> Result<(), FlowError> {
        if self.may_ask_unknown(person, &matter)? {
            let cause = AskedBecause::Unproven;
            let question = self.new_question(person, None, matter, cause, ANSWER_WAIT);
            let occasion =
                Occasion { question: Some(question), unproven: true, language, ..Occasion::default() };
            self.owe(LetterAbout::Question { question, person, occasion });
        }
        Ok(())
    }

    /// Tells somebody else something about no list in particular.
    pub(super) fn tell_about(&mut self, person: PersonId, note: Note) {
        let question = self.new_question(person, None, Matter::Talk, AskedBecause::Ours, TALK_WAIT);
        let occasion = Occasion { question: Some(question), ..Occasion::default() };
        self.owe(LetterAbout::Note { list: None, person, note, occasion });
    }

    /// Has those who look after a list asked.
    pub(super) fn take(&mut self, asking: Asking) {
        self.others.extend(asking.person.map(|person| (None, person)));
        self.events.extend(asking.events);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn expect(&mut self, expect: Expect) {
        self.expects.push(expect);
    }

    /// Keeps the bytes of a message of ours; an event must speak of it.
    pub(super) fn mail(&mut self, post: PostId, shelf: Shelf, raw: Vec<u8>) {
        self.mails.push((post, shelf, raw));
    }

    /// A question is answered, by this request and no other.
    pub(super) fn settle(&mut self, question: QuestionId, answer: Answered) {
        self.expects.push(Expect::Unanswered(question));
        self.events.push(Event::Answered { question, answer });
    }

    /// Another's question is settled by the way, if nobody was faster.
    pub(super) fn settle_by_the_way(&mut self, question: QuestionId) {
        self.events.push(Event::Answered { question, answer: Answered::Settled });
    }

    /// Asks the writer something. Not at all where they were written to too often.
    pub(super) fn ask(&mut self, list: Option<ListId>, matter: Matter) -> Result<(), FlowError> {
        if !self.may_write(list, &matter)? {
            return Ok(());
        }
        let question = self.new_question(self.person.id, list, matter, self.cause(), ANSWER_WAIT);
        let occasion = self.occasion(Some(question));
        self.owe(LetterAbout::Question { question, person: self.person.id, occasion });
        Ok(())
    }

    /// Tells the writer something, and takes what they answer.
    pub(super) fn tell(&mut self, list: Option<ListId>, note: Note) -> Result<(), FlowError> {
        self.tell_and_hear(list, Matter::Talk, note)
    }

    /// Tells the writer something, and knows what their answer is about.
    pub(super) fn tell_and_hear(
        &mut self,
        list: Option<ListId>,
        matter: Matter,
        note: Note,
    ) -> Result<(), FlowError> {
        if !self.may_write(list, &Matter::Talk)? {
            return Ok(());
        }
        let question = self.new_question(self.person.id, list, matter, self.cause(), TALK_WAIT);
        let occasion = self.occasion(Some(question));
        self.owe(LetterAbout::Note { list, person: self.person.id, note, occasion });
        Ok(())
    }

    /// Tells the writer something whose answer is about this matter, whatever was written today.
    pub(super) fn tell_and_ask(&mut self, list: ListId, note: Note, matter: Matter, wait: Duration) {
        let (person, list) = (self.person.id, Some(list));
        let question = self.new_question(person, list, matter, self.cause(), wait);
        let occasion = self.occasion(Some(question));
        self.owe(LetterAbout::Note { list, person, note, occasion });
    }

    /// Asks the writer something whose answer counts for so long, unless they were written to too often.
    pub(super) fn ask_for_long(
        &mut self,
        list: ListId,
        matter: Matter,
        wait: Duration,
    ) -> Result<(), FlowError> {
        if self.may_write(Some(list), &Matter::Talk)? {
            let (person, cause) = (self.person.id, self.cause());
            let question = self.new_question(person, Some(list), matter, cause, wait);
            let occasion = self.occasion(Some(question));
            self.owe(LetterAbout::Question { question, person, occasion });
        }
        Ok(())
    }

    /// Asks somebody else something, of our own accord.
    pub(super) fn ask_other(&mut self, person: PersonId, list: ListId, matter: Matter) {
        let question = self.new_question(person, Some(list), matter, AskedBecause::Ours, ANSWER_WAIT);
        let occasion = Occasion { question: Some(question), ..Occasion::default() };
        self.owe(LetterAbout::Question { question, person, occasion });
    }

    /// Tells somebody else something, of our own accord.
    pub(super) fn tell_other(&mut self, person: PersonId, list: ListId, note: Note) {
        let question = self.new_question(person, Some(list), Matter::Talk, AskedBecause::Ours, TALK_WAIT);
        let occasion = Occasion { question: Some(question), ..Occasion::default() };
        self.owe(LetterAbout::Note { list: Some(list), person, note, occasion });
    }

    pub(super) fn owe(&mut self, about: LetterAbout) {
        self.letters += 1;
        self.events.push(Event::LetterOwed { letter: self.desk.store.next_letter(), about });
    }

    /// A question, and its number.
    pub(super) fn new_question(
        &mut self,
        person: PersonId,
        list: Option<ListId>,
        matter: Matter,
        cause: AskedBecause,
        wait: Duration,
    ) -> QuestionId {
        let number = self.desk.store.next_question();
        let question = Question { number, person, list, matter, until: self.now + wait, cause };
        self.events.push(Event::Asked { question: Box::new(question) });
        number
    }

    pub(super) fn cause(&self) -> AskedBecause {
        match self.sure {
            Sure::ByToken | Sure::Proven => AskedBecause::Proven,
            Sure::Unproven(_) => AskedBecause::Unproven,
        }
    }

    fn occasion(&self, question: Option<QuestionId>) -> Occasion {
        Occasion {
            answers: Some(self.post),
            question,
            // A member's own language would tell that they are known here.
            language: self.language,
            unproven: self.is_unproven(),
        }
    }

    /// Everything as one change.
    pub(super) fn finish(self, fate: Fate) -> Change {
        let Talk { now, post, person, person_before, others, members, expects, mails, events, .. } = self;
        let mut change = Change::at(now).expect(Expect::Undecided(post));
        let speaks_of = |event: &Event| !matches!(event, Event::Heeded { .. });
        let needed = person_before.is_some() || !members.is_empty() || events.iter().any(speaks_of);
        if needed && person_before.as_ref() != Some(&person) {
            change = change.expect(Expect::Person(person.id, person_before.map(Box::new)));
            for address in person.addresses.iter().filter(|address| !passes_on(&others, address)) {
                change = change.expect(Expect::AddressOf(address.clone(), person.id));
            }
            change = change.person(person);
        }
        for (before, after) in others {
            change = change.expect(Expect::Person(after.id, before.map(Box::new))).person(after);
        }
        for (post, shelf, raw) in mails {
            change = change.mail(post, shelf, &raw, "", now);
        }
        for expect in expects {
            change = change.expect(expect);
        }
        for ((list, person), Changed { before, after, cause, by }) in members {
            change = change.expect(Expect::Member(list, person, before.map(Box::new)));
            change = change.event(Event::Member { member: Box::new(after), cause, by });
        }
        for event in events {
            change = change.event(event);
        }
        change.event(match fate {
            Fate::Done => Event::Dropped { post, why: crate::store::event::DropReason::Obeyed, by: None },
            Fate::Waits(reason) => Event::Held { post, reason },
            Fate::Away(why) => Event::Dropped { post, why, by: None },
        })
    }
}

/// Whether an address is somebody else's until this change: then what is expected of it is that.
fn passes_on(others: &[(Option<Person>, Person)], address: &EmailAddress) -> bool {
    others.iter().any(|(before, _)| before.as_ref().is_some_and(|before| before.addresses.contains(address)))
}
