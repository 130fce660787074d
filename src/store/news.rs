//! What the queue has not heard of yet: kept in memory between two looks, so that a look costs
//! what is new, and not all that waits.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::event::{Event, Line};
use crate::domain::ids::PostId;

/// Something that concerns who sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// Copies of a post are owed.
    Owed(PostId),
    /// The last of them is answered for.
    AnsweredFor(PostId),
    /// A letter is owed.
    LetterOwed(u64),
    /// It is answered for.
    LetterDone(u64),
}

/// Up to where somebody has heard; at first, nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Heard(u64);

/// Who has not listened for longer looks at everything.
const KEPT_MAX: usize = 16_384;

/// What happened lately.
pub(super) struct Newsroom {
    lately: Mutex<Lately>,
}

struct Lately {
    /// The number of the first that is kept.
    first: u64,
    kept: VecDeque<News>,
}

impl Default for Newsroom {
    fn default() -> Newsroom {
        Newsroom { lately: Mutex::new(Lately { first: 1, kept: VecDeque::new() }) }
    }
}

impl Newsroom {
    /// Tells what is news in these lines. The state has them already: who hears of a post finds it.
    pub(super) fn tell(&self, lines: &[Line]) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.kept.extend(lines.iter().filter_map(|line| news_of(&line.event)));
        while lately.kept.len() > KEPT_MAX {
            lately.kept.pop_front();
            lately.first += 1;
        }
    }

    /// Anything may have changed: everybody looks at everything.
    pub(super) fn forget_all(&self) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.first += lately.kept.len() as u64 + 1;
        lately.kept.clear();
    }

    /// What is new since; `None` if that is not known any more.
    pub(super) fn since(&self, heard: &mut Heard) -> Option<Vec<News>> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = heard.0.checked_sub(lately.first);
        heard.0 = lately.first + lately.kept.len() as u64;
        let skip = usize::try_from(skip?).ok()?;
        Some(lately.kept.iter().skip(skip).copied().collect())
    }
}

fn news_of(event: &Event) -> Option<News> {
    match event {
        Event::Published { post, readers, .. } if !readers.is_empty() => Some(News::Owed(*post)),
        Event::Issued { issue, readers, .. } if !readers.is_empty() => Some(News::Owed(issue.number)),
        Event::Delivered { post, totals: _ } => Some(News::AnsweredFor(*post)),
        Event::LetterOwed { letter, about: _ } => Some(News::LetterOwed(*letter)),
        Event::LetterDone { letter, outcome: _ } => Some(News::LetterDone(*letter)),
        Event::Published { .. }
        | Event::Issued { .. }
        | Event::NotAwaited { .. }
        | Event::Drafted { .. }
        | Event::Edition { .. }
        | Event::Settled { .. }
        | Event::List { .. }
        | Event::Member { .. }
        | Event::Received { .. }
        | Event::Imported { .. }
        | Event::Attempted { .. }
        | Event::Held { .. }
        | Event::Refused { .. }
        | Event::Dropped { .. }
        | Event::Asked { .. }
        | Event::Answered { .. }
        | Event::Lapsed { .. }
        | Event::Rethreaded { .. }
        | Event::OldAddresses { .. }
        | Event::KeptBack { .. }
        | Event::Withdrawn { .. }
        | Event::PassGiven { .. }
        | Event::PassEnded { .. }
        | Event::Heeded { .. }
        | Event::Banned { .. }
        | Event::Summarized { .. }
        | Event::ThreadPace { .. }
        | Event::Reach { .. }
        | Event::Warned { .. }
        | Event::Forgetting { .. }
        | Event::Forgotten { .. }
        | Event::Tidied {}
        | Event::Fence { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::store::event::Totals;

    fn delivered(post: u64) -> Line {
        let event = Event::Delivered { post: PostId(post), totals: Totals::default() };
        Line { seq: post, at: Timestamp::from_seconds(0), group: (0, 1), event }
    }

    #[test]
    fn each_hears_everything_once_or_looks_at_everything() {
        let room = Newsroom::default();
        let (mut one, mut other) = (Heard::default(), Heard::default());
        assert_eq!(room.since(&mut one), None, "who comes first looks at everything");
        assert_eq!(room.since(&mut one), Some(vec![]));
        room.tell(&[delivered(1), delivered(2)]);
        assert_eq!(
            room.since(&mut one),
            Some(vec![News::AnsweredFor(PostId(1)), News::AnsweredFor(PostId(2))])
        );
        assert_eq!(room.since(&mut one), Some(vec![]));
        assert_eq!(room.since(&mut other), None);
        room.forget_all();
        assert_eq!(room.since(&mut one), None);
        room.tell(&[delivered(3)]);
        assert_eq!(room.since(&mut one), Some(vec![News::AnsweredFor(PostId(3))]));
    }

    #[test]
    fn who_did_not_listen_for_long_looks_at_everything() {
        let room = Newsroom::default();
        let mut heard = Heard::default();
        room.since(&mut heard);
        for post in 0..=KEPT_MAX as u64 {
            room.tell(&[delivered(post)]);
        }
        assert_eq!(room.since(&mut heard), None);
    }
}
