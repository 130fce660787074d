//! What only one person should have and stands in a post for all: it is taken out before the post is
//! kept, and what can be made worthless is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::token::Purpose;
use crate::flow::Desk;
use crate::mail::tokens::{WithoutTokens, without_tokens};
use crate::store::StoreError;
use crate::store::event::Event;

/// The post without them; nothing if there are none.
pub(super) fn cleaned(desk: &Desk, raw: &[u8]) -> Option<WithoutTokens> {
    let is_secret = |token: &str| desk.store.tokens().read(token).is_some_and(is_for_one);
    // Not even a fault of the reader keeps a post from being kept.
    catch_unwind(AssertUnwindSafe(|| without_tokens(raw, &is_secret))).unwrap_or_else(|_| {
        tracing::error!("a post could not be searched for what is for one person only");
        None
    })
}

/// Whether it is for one person; what opens one post to all who had it is not.
fn is_for_one(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Bounce { .. }
        | Purpose::Leave { .. }
        | Purpose::LeaveIssue { .. }
        | Purpose::Probe { .. }
        | Purpose::Paper { .. }
        | Purpose::Question { .. }
        | Purpose::Pass { .. }
        | Purpose::Form { .. } => true,
        Purpose::Attachments { .. }
        | Purpose::Answer { .. }
        | Purpose::Digest { .. }
        | Purpose::Private { .. } => false,
    }
}

/// What ends those of them that can end. Who is made to leave by a stranger is told so, and asked back
/// by one answer; the others do nothing for whoever reads them in a post.
pub(super) fn ended(desk: &Desk, disclosed: &[String]) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for token in disclosed {
        let event = match desk.store.tokens().read(token) {
            Some(Purpose::Question { question, .. }) => {
                let open = desk.store.question(question)?.is_some_and(|asked| asked.answer.is_none());
                open.then_some(Event::Lapsed { question })
            }
            Some(Purpose::Pass { pass, person } | Purpose::Form { pass, person }) => {
                desk.store.pass(person, pass)?.map(|_| Event::PassEnded { pass, person })
            }
            Some(
                Purpose::Bounce { .. }
                | Purpose::Leave { .. }
                | Purpose::LeaveIssue { .. }
                | Purpose::Probe { .. }
                | Purpose::Paper { .. }
                | Purpose::Attachments { .. }
                | Purpose::Answer { .. }
                | Purpose::Digest { .. }
                | Purpose::Private { .. },
            )
            | None => None,
        };
        events.extend(event.filter(|event| !events.contains(event)));
    }
    Ok(events)
}
