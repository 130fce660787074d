//! How often one address is written to because of mails that claim to be from it.
//!
//! Whoever knows an address can have letters sent to it, so there are few of them: a confirmation
//! a list and day, three a day to somebody we do not know, sixty an hour to all of those together
//! (subscription bombing); and to anybody no more than ten a day, so that two machines that are
//! polite to each other come to an end (RFC 3834 §2).

use std::time::Duration;

use super::talk::{Sure, Talk};
use crate::domain::ids::{ListId, PersonId, QuestionId};
use crate::domain::member::Role;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, AskedBecause, Matter, Wish};
use crate::flow::FlowError;
use crate::store::OpenQuestion;

/// What is counted, is counted over so long.
const DAY: Duration = Duration::from_secs(86_400);
/// Letters a day to an address that is no member's, because of mails nobody proved.
const UNPROVEN_PER_STRANGER_MAX: usize = 3;
/// Letters a day to a person because of mails without a token.
const PER_PERSON_MAX: usize = 10;
/// Letters a day to a person who answers by token: a long conversation, and no endless one.
const BY_TOKEN_MAX: usize = 30;
/// Letters a day to somebody who looks after the group and is busy with it.
const PER_ANIMATOR_MAX: usize = 100;
/// Confirmations an hour to addresses nobody proved, on the whole server.
const CONFIRMATIONS_PER_HOUR_MAX: usize = 60;
/// Questions looked at for that, newest first.
const LOOK_BACK: u32 = 1_000;

impl Talk<'_> {
    /// Whether the writer may be written to, about that.
    pub(super) fn may_write(&self, list: Option<ListId>, matter: &Matter) -> Result<bool, FlowError> {
        let asked = self.desk.store.questions_to(self.person.id)?;
        let today: Vec<&OpenQuestion> = asked.iter().filter(|q| within(q.since, DAY, self.now)).collect();
        if asks_to_join(matter) && today.iter().any(|question| is_confirmation_for(question, list)) {
            return Ok(false);
        }
        let again =
            |q: &&OpenQuestion| q.question.matter == *matter && q.question.list == list && q.answer.is_none();
        // A machine that answers each question with the same words is asked once.
        if *matter != Matter::Talk && today.iter().copied().any(|question| again(&question)) {
            return Ok(false);
        }
        let theirs = today.iter().filter(|q| q.question.cause != AskedBecause::Ours).count() + self.letters;
        let unproven = today.iter().filter(|q| q.question.cause == AskedBecause::Unproven).count();
        let looks_after = list.map(|list| self.current(list)).transpose()?.flatten();
        let looks_after = looks_after.is_some_and(|member| member.role == Role::Animator);
        let few_enough = match self.sure {
            Sure::ByToken | Sure::Proven if looks_after => theirs < PER_ANIMATOR_MAX,
            Sure::ByToken => theirs < BY_TOKEN_MAX,
            Sure::Proven => theirs < PER_PERSON_MAX,
            Sure::Unproven(_) if self.current_lists()?.is_empty() => {
                unproven + self.letters < UNPROVEN_PER_STRANGER_MAX
            }
            Sure::Unproven(_) => unproven + self.letters < PER_PERSON_MAX,
        };
        if !few_enough {
            tracing::info!(post = %self.post, "not answered: that address was written to often enough today");
            return Ok(false);
        }
        if self.is_unproven()
            && asks_to_join(matter)
            && self.confirmations_this_hour()? >= CONFIRMATIONS_PER_HOUR_MAX
        {
            tracing::warn!(post = %self.post, "not answered: somebody has very many addresses asked to join");
            return Ok(false);
        }
        Ok(true)
    }

    /// Whether an address may be asked something because of a mail from another.
    pub(super) fn may_ask_unknown(&self, person: PersonId, matter: &Matter) -> Result<bool, FlowError> {
        let asked = self.desk.store.questions_to(person)?;
        let today = asked.iter().filter(|q| within(q.since, DAY, self.now));
        let unproven: Vec<_> = today.filter(|q| q.question.cause == AskedBecause::Unproven).collect();
        let again = unproven.iter().any(|q| q.question.matter == *matter && q.answer.is_none());
        Ok(!again && unproven.len() < UNPROVEN_PER_STRANGER_MAX)
    }

    fn confirmations_this_hour(&self) -> Result<usize, FlowError> {
        const HOUR: Duration = Duration::from_secs(3_600);
        let first = QuestionId(self.desk.store.questions_asked().saturating_sub(LOOK_BACK));
        let recent = self.desk.store.questions_from(first)?;
        let counts = |q: &&OpenQuestion| {
            q.question.cause == AskedBecause::Unproven
                && asks_to_join(&q.question.matter)
                && within(q.since, HOUR, self.now)
        };
        Ok(recent.iter().filter(counts).count())
    }
}

fn within(moment: Timestamp, span: Duration, now: Timestamp) -> bool {
    now < moment + span
}

fn asks_to_join(matter: &Matter) -> bool {
    match matter {
        Matter::Wish { wish: Wish::Join } | Matter::Invitation { .. } => true,
        Matter::Wish { .. }
        | Matter::Talk
        | Matter::Found { .. }
        | Matter::Care { .. }
        | Matter::WhichList { .. }
        | Matter::Admit { .. }
        | Matter::Draft { .. }
        | Matter::Digest { .. }
        | Matter::Back { .. }
        | Matter::SamePerson { .. }
        | Matter::Adopt { .. }
        | Matter::SignIn { .. }
        | Matter::Either { .. }
        | Matter::Yours { .. }
        | Matter::Opening
        | Matter::Consent { .. } => false,
    }
}

/// Who has said yes since, and left again, may ask again.
fn is_confirmation_for(question: &OpenQuestion, list: Option<ListId>) -> bool {
    asks_to_join(&question.question.matter)
        && question.question.list == list
        && question.answer != Some(Answered::Yes)
}
