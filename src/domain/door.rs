//! What the door refuses while the sender's server is still on the line.
//!
//! Decided from the envelope, the top-level header and what is known of the author; nothing is
//! kept of what is refused here. What only a full reading can show is never refused, it is held
//! (see [`super::moderation`]).

use std::time::Duration;

use super::list::{List, ListState, Posting};
use super::proof::Proof;

/// Who writes, to that list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Not a member.
    Stranger,
    /// A member whose posts are known.
    Member,
    /// A member who joined by themselves and has not written yet.
    Newcomer,
    /// Looks after the list.
    Animator,
}

/// What the header shows without being read as MIME.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// The whole message in bytes.
    pub bytes: u64,
    /// Who writes.
    pub standing: Standing,
    /// How sure that is.
    pub proof: Proof,
    /// How long the sender has been asked to come again because that cannot be told.
    pub patience: Patience,
    /// What is wrong with its form, if anything.
    pub form: Form,
    /// Whether a person wrote it.
    pub writer: Writer,
}

/// The form of a message's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One author, and nothing twice that may be there once.
    Sound,
    /// No From, several, or none that is an address (RFC 5322 §3.6.2).
    NotOneAuthor,
    /// The header cannot be read, or is over its limits.
    Unreadable,
    /// Over [`RECEIVED_MAX`] servers have handed it on (RFC 5321 §6.3).
    TooManyHops,
    /// It carries this list's own mark: one of our copies comes back.
    OwnCopy,
}

/// Whether one may still ask a sender to come again until the DNS answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// For so long only: [`PATIENCE`].
    Left,
    /// It was asked for long enough.
    Over,
}

/// How long a message is put off while it cannot be told who writes.
pub const PATIENCE: Duration = Duration::from_secs(3600);

/// Who made a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writer {
    /// A person, as far as one can tell.
    Person,
    /// A program: a vacation notice, a bounce, a newsletter (RFC 3834 §2).
    Machine,
}

/// RFC 5321 §6.3: at least 100 servers may hand a message on.
pub const RECEIVED_MAX: usize = 100;

/// Why the door refuses. The words for each are `letters::door`'s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The list takes no more posts.
    ListClosed,
    /// Only members may write.
    MembersOnly,
    /// Only those who look after it may write.
    AnimatorsOnly,
    /// Larger than the list takes; the limit in bytes.
    TooLarge(u64),
    /// Written by a program.
    Automatic,
    /// See [`Form`].
    Form(Form),
}

/// What the door says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Kept, to be decided.
    Admit,
    /// Told so in the dialogue; nothing is kept.
    Refuse(Refusal),
    /// Taken and forgotten: answering would feed a loop.
    Swallow,
    /// Asked to come again: what is missing may be known later.
    NotNow,
}

/// May this message in, to that list?
pub fn admit(list: &List, arrival: &Arrival) -> Admission {
    match arrival.form {
        Form::Sound => {}
        Form::OwnCopy => return Admission::Swallow,
        form @ (Form::NotOneAuthor | Form::Unreadable | Form::TooManyHops) => {
            return Admission::Refuse(Refusal::Form(form));
        }
    }
    if arrival.writer == Writer::Machine {
        return Admission::Refuse(Refusal::Automatic);
    }
    match list.state {
        ListState::Open => {}
        ListState::Closed | ListState::Removed => return Admission::Refuse(Refusal::ListClosed),
    }
    let limit = list.settings.post_bytes_max;
    if arrival.bytes > limit {
        return Admission::Refuse(Refusal::TooLarge(limit));
    }
    // Who would not be let in whoever they are need not come again.
    let admit = match (arrival.proof, arrival.patience) {
        (Proof::CannotTell, Patience::Left) => Admission::NotNow,
        (Proof::CannotTell, Patience::Over) | (Proof::Proven | Proof::NoMeans | Proof::Disproved, _) => {
            Admission::Admit
        }
    };
    match (list.settings.posting, arrival.standing) {
        (Posting::Anyone, _) | (_, Standing::Animator) => admit,
        (Posting::Members, Standing::Member | Standing::Newcomer) => admit,
        (Posting::Members, Standing::Stranger) => Admission::Refuse(Refusal::MembersOnly),
        (Posting::Animators, Standing::Stranger | Standing::Member | Standing::Newcomer) => {
            Admission::Refuse(Refusal::AnimatorsOnly)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ListId;
    use crate::domain::list::{Language, ListAddress, ListSettings, Preset};
    use crate::domain::time::Timestamp;

    const SOUND: Arrival = Arrival {
        bytes: 1000,
        standing: Standing::Member,
        proof: Proof::NoMeans,
        patience: Patience::Left,
        form: Form::Sound,
        writer: Writer::Person,
    };

    fn check(change: impl Fn(&mut List, &mut Arrival), expected: Admission) {
        let mut list = List {
            id: ListId(1),
            address: ListAddress::parse("quartier@lists.example").expect("valid"),
            state: ListState::Open,
            since: Timestamp::from_seconds(0),
            settings: ListSettings::preset(Preset::Discussion, "Quartier", Language::Fr),
            opening: None,
        };
        let mut arrival = SOUND;
        change(&mut list, &mut arrival);
        assert_eq!(admit(&list, &arrival), expected);
    }

    #[test]
    fn who_may_write() {
        use Admission::{Admit, Refuse};
        use Refusal::{AnimatorsOnly, MembersOnly};
        use Standing::{Animator, Member, Newcomer, Stranger};
        for (posting, standing, expected) in [
            (Posting::Anyone, Stranger, Admit),
            (Posting::Members, Member, Admit),
            (Posting::Members, Newcomer, Admit),
            (Posting::Members, Animator, Admit),
            (Posting::Members, Stranger, Refuse(MembersOnly)),
            (Posting::Animators, Animator, Admit),
            (Posting::Animators, Member, Refuse(AnimatorsOnly)),
            (Posting::Animators, Stranger, Refuse(AnimatorsOnly)),
        ] {
            check(
                |list, arrival| {
                    list.settings.posting = posting;
                    arrival.standing = standing;
                },
                expected,
            );
        }
    }

    #[test]
    fn what_is_refused_whoever_writes() {
        use Admission::{NotNow, Refuse, Swallow};
        check(|list, _| list.state = ListState::Closed, Refuse(Refusal::ListClosed));
        check(|_, arrival| arrival.bytes = 10 << 20, Admission::Admit);
        check(|_, arrival| arrival.bytes = (10 << 20) + 1, Refuse(Refusal::TooLarge(10 << 20)));
        check(|_, arrival| arrival.writer = Writer::Machine, Refuse(Refusal::Automatic));
        check(|_, arrival| arrival.form = Form::OwnCopy, Swallow);
        check(|_, arrival| arrival.form = Form::NotOneAuthor, Refuse(Refusal::Form(Form::NotOneAuthor)));
        check(|_, arrival| arrival.proof = Proof::CannotTell, NotNow);
        let cannot_tell = |arrival: &mut Arrival| arrival.proof = Proof::CannotTell;
        check(
            |_, arrival| {
                cannot_tell(arrival);
                arrival.patience = Patience::Over;
            },
            Admission::Admit,
        );
        check(
            |_, arrival| {
                cannot_tell(arrival);
                arrival.standing = Standing::Stranger;
            },
            Refuse(Refusal::MembersOnly),
        );
        check(|_, arrival| arrival.proof = Proof::Disproved, Admission::Admit);
    }
}
