//! Whether a post goes out now, or waits for somebody to look at it. It never refuses.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::door::Standing;
use super::list::{Attachments, List, Moderation, Posting};
use super::proof::Proof;

/// What is known of a post once it has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PostFacts {
    /// Who writes.
    pub standing: Standing,
    /// How sure that is.
    pub proof: Proof,
    /// Whether it can be read, and read in one way only.
    pub body: Body,
    /// What its attachments weigh.
    pub weight: Weight,
}

/// What the attachments of a post weigh, together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// What copies may carry.
    Usual,
    /// More than that.
    Large,
}

/// How well the body of a post can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// Like any mail.
    Plain,
    /// It held what only one person should have, which was taken out.
    Disclosing,
    /// Two programs may read two different messages in it.
    Ambiguous,
    /// Nested too deep, in too many parts, or the reader failed.
    NotDisplayable,
}

/// What happens to a post.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes out.
    Publish,
    /// It waits, and why.
    Hold(HoldReason),
}

/// Why something waits for a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// The first post of somebody who joined by themselves.
    FirstPost,
    /// The list looks at every post.
    Moderated,
    /// Everything waits for a while, by the animators' wish.
    HoldAll,
    /// The author's domain could have proven it and did not, it cannot be told, or the list wants
    /// proof and there are no means.
    Unproven,
    /// A filter thinks that nobody wants it. No letter is written about it.
    Doubtful,
    /// Two programs may read two different messages in it.
    Ambiguous,
    /// It held an address or a link that only one person should have, which was taken out.
    Disclosing,
    /// It cannot be shown.
    NotDisplayable,
    /// Its attachments are large, on a list that looks at those.
    Attachment,
    /// It was written to several lists, and only some of them would have taken it.
    OtherList,
    /// It looks like a member's, and came from an address that is not known to be theirs.
    OtherAddress,
    /// Its author has not said yet whether everybody may read it.
    Consent,
    /// Its author wrote more within a few minutes than the list wants.
    Pace,
    /// Its thread was slowed down.
    SlowThread,
    /// Not a post: a word to those who look after the list.
    ToAnimators,
    /// Not a post: a word to the operator.
    ToOperator,
    /// Not a post: somebody asks for something.
    Request,
}

impl HoldReason {
    /// Whether accepting it would publish a post.
    pub fn is_post(self) -> bool {
        match self {
            HoldReason::FirstPost
            | HoldReason::Moderated
            | HoldReason::HoldAll
            | HoldReason::Unproven
            | HoldReason::Doubtful
            | HoldReason::Ambiguous
            | HoldReason::Disclosing
            | HoldReason::NotDisplayable
            | HoldReason::Attachment
            | HoldReason::OtherList
            | HoldReason::Consent
            | HoldReason::OtherAddress
            | HoldReason::Pace
            | HoldReason::SlowThread => true,
            HoldReason::ToAnimators | HoldReason::ToOperator | HoldReason::Request => false,
        }
    }
}

/// What happens to further posts of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThreadPace {
    /// As in any other.
    #[default]
    Usual,
    /// Each waits for an animator.
    Slow,
    /// There are none: the topic is closed.
    Closed,
}

/// As in `held ls`: `first-post`.
impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HoldReason::FirstPost => "first-post",
            HoldReason::Moderated => "moderated",
            HoldReason::HoldAll => "hold-all",
            HoldReason::Unproven => "unproven",
            HoldReason::Doubtful => "doubtful",
            HoldReason::Ambiguous => "ambiguous",
            HoldReason::Disclosing => "disclosing",
            HoldReason::NotDisplayable => "not-displayable",
            HoldReason::Attachment => "attachment",
            HoldReason::OtherList => "other-list",
            HoldReason::OtherAddress => "other-address",
            HoldReason::Consent => "consent",
            HoldReason::Pace => "pace",
            HoldReason::SlowThread => "slow-thread",
            HoldReason::ToAnimators => "to-animators",
            HoldReason::ToOperator => "to-operator",
            HoldReason::Request => "request",
        })
    }
}

/// Does this post go out now?
pub fn decide(list: &List, post: &PostFacts) -> Verdict {
    let settings = &list.settings;
    let hold = |reason| Verdict::Hold(reason);
    match (post.proof, post.body) {
        (Proof::Disproved | Proof::CannotTell, _) => return hold(HoldReason::Unproven),
        // Where few speak to many, nobody speaks by writing their address into From.
        (Proof::NoMeans, _) if settings.posting == Posting::Animators => return hold(HoldReason::Unproven),
        (_, Body::NotDisplayable) => return hold(HoldReason::NotDisplayable),
        (_, Body::Ambiguous) => return hold(HoldReason::Ambiguous),
        (_, Body::Disclosing) => return hold(HoldReason::Disclosing),
        (Proof::Proven | Proof::NoMeans, Body::Plain) => {}
    }
    let is_held = settings.attachments == Attachments::Hold && post.weight == Weight::Large;
    if is_held && post.standing != Standing::Animator {
        return hold(HoldReason::Attachment);
    }
    match (settings.hold_all, settings.moderation, post.standing) {
        (_, _, Standing::Animator) => Verdict::Publish,
        (true, _, Standing::Stranger | Standing::Member | Standing::Newcomer) => hold(HoldReason::HoldAll),
        (false, Moderation::All, Standing::Stranger | Standing::Member | Standing::Newcomer) => {
            hold(HoldReason::Moderated)
        }
        (false, Moderation::FirstPost, Standing::Newcomer | Standing::Stranger) => {
            hold(HoldReason::FirstPost)
        }
        (false, Moderation::FirstPost, Standing::Member) => Verdict::Publish,
        (false, Moderation::None, Standing::Stranger | Standing::Member | Standing::Newcomer) => {
            Verdict::Publish
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ListId;
    use crate::domain::list::{Language, ListAddress, ListSettings, ListState, Preset};
    use crate::domain::time::Timestamp;

    fn check(moderation: Moderation, standing: Standing, expected: Verdict) {
        let mut settings = ListSettings::preset(Preset::Discussion, "Quartier", Language::Fr);
        settings.moderation = moderation;
        let list = List {
            id: ListId(1),
            address: ListAddress::parse("quartier@lists.example").expect("valid"),
            state: ListState::Open,
            since: Timestamp::from_seconds(0),
            settings,
            opening: None,
        };
        let facts = |proof, body| PostFacts { standing, proof, body, weight: Weight::Usual };
        assert_eq!(
            decide(&list, &facts(Proof::NoMeans, Body::Plain)),
            expected,
            "{moderation:?} {standing:?}"
        );
        for (proof, body, reason) in [
            (Proof::Disproved, Body::Plain, HoldReason::Unproven),
            (Proof::CannotTell, Body::Plain, HoldReason::Unproven),
            (Proof::Proven, Body::Ambiguous, HoldReason::Ambiguous),
            (Proof::Proven, Body::NotDisplayable, HoldReason::NotDisplayable),
            (Proof::Proven, Body::Disclosing, HoldReason::Disclosing),
        ] {
            assert_eq!(decide(&list, &facts(proof, body)), Verdict::Hold(reason));
        }
    }

    #[test]
    fn few_speak_to_many_only_when_they_are_proven() {
        let mut settings = ListSettings::preset(Preset::Announce, "Lettre", Language::Fr);
        settings.posting = Posting::Animators;
        let list = List {
            id: ListId(1),
            address: ListAddress::parse("lettre@lists.example").expect("valid"),
            state: ListState::Open,
            since: Timestamp::from_seconds(0),
            settings,
            opening: None,
        };
        for (proof, expected) in [
            (Proof::Proven, Verdict::Publish),
            (Proof::NoMeans, Verdict::Hold(HoldReason::Unproven)),
            (Proof::CannotTell, Verdict::Hold(HoldReason::Unproven)),
            (Proof::Disproved, Verdict::Hold(HoldReason::Unproven)),
        ] {
            let post =
                PostFacts { standing: Standing::Animator, proof, body: Body::Plain, weight: Weight::Usual };
            assert_eq!(decide(&list, &post), expected, "{proof:?}");
        }
    }

    #[test]
    fn large_attachments_wait_where_the_list_says_so() {
        let mut settings = ListSettings::preset(Preset::Discussion, "Quartier", Language::Fr);
        settings.moderation = Moderation::None;
        for (attachments, weight, standing, expected) in [
            (Attachments::Hold, Weight::Large, Standing::Member, Verdict::Hold(HoldReason::Attachment)),
            (Attachments::Hold, Weight::Large, Standing::Animator, Verdict::Publish),
            (Attachments::Hold, Weight::Usual, Standing::Member, Verdict::Publish),
            (Attachments::Link, Weight::Large, Standing::Member, Verdict::Publish),
        ] {
            let list = List {
                id: ListId(1),
                address: ListAddress::parse("quartier@lists.example").expect("valid"),
                state: ListState::Open,
                since: Timestamp::from_seconds(0),
                settings: ListSettings { attachments, ..settings.clone() },
                opening: None,
            };
            let post = PostFacts { standing, proof: Proof::NoMeans, body: Body::Plain, weight };
            assert_eq!(decide(&list, &post), expected, "{attachments:?} {weight:?} {standing:?}");
        }
    }

    #[test]
    fn who_waits_and_who_does_not() {
        use HoldReason::{FirstPost, Moderated};
        use Standing::{Animator, Member, Newcomer, Stranger};
        use Verdict::{Hold, Publish};
        for (moderation, standing, expected) in [
            (Moderation::None, Stranger, Publish),
            (Moderation::None, Newcomer, Publish),
            (Moderation::FirstPost, Member, Publish),
            (Moderation::FirstPost, Newcomer, Hold(FirstPost)),
            (Moderation::FirstPost, Stranger, Hold(FirstPost)),
            (Moderation::All, Member, Hold(Moderated)),
            (Moderation::All, Animator, Publish),
        ] {
            check(moderation, standing, expected);
        }
    }
}
