//! « résumé : … » in answer to a conversation: an animator's words stand for it from then on, a
//! member's are shown to the animators, one of whom may say yes.

use super::digests::animators;
use super::{Desk, FlowError};
use crate::domain::edition::DigestAsked;
use crate::domain::ids::{PersonId, PostId};
use crate::domain::list::List;
use crate::domain::time::Timestamp;
use crate::domain::wish::{AskedBecause, Matter, Question};
use crate::mail::parse::Summary;
use crate::mail::summary::{is_summary, own_words};
use crate::store::event::{Decider, Event, LetterAbout, Occasion};

/// A summary can be accepted for so long.
const ANSWER_WAIT: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// What follows, beside its being published, from a post that sums up what it answers.
pub(super) fn proposed(
    desk: &Desk,
    list: &List,
    (post, author): (PostId, Option<PersonId>),
    summary: &Summary,
    raw: &[u8],
    now: Timestamp,
) -> Result<Vec<Event>, FlowError> {
    if summary.references.is_empty() || !is_summary(&own_words(raw)) {
        return Ok(Vec::new());
    }
    let Some(thread) = desk.store.reader().thread_answered(list.id, summary)? else { return Ok(Vec::new()) };
    let animators = animators(desk, list)?;
    if let Some(author) = author.filter(|author| animators.contains(author)) {
        let by = Decider::Person(author);
        return Ok(vec![Event::Summarized { list: list.id, thread: thread.0, post, by }]);
    }
    let mut events = Vec::new();
    for person in animators {
        let number = desk.store.next_question();
        let matter = Matter::Digest { asked: DigestAsked::Summary { post } };
        let (until, cause) = (now + ANSWER_WAIT, AskedBecause::Ours);
        let question = Question { number, person, list: Some(list.id), matter, until, cause };
        events.push(Event::Asked { question: Box::new(question) });
        let occasion = Occasion { question: Some(number), ..Occasion::default() };
        let about = LetterAbout::Question { question: number, person, occasion };
        events.push(Event::LetterOwed { letter: desk.store.next_letter(), about });
    }
    Ok(events)
}
