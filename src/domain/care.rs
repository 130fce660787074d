//! What those who look after a list are asked, and told, by mail.
//!
//! All of it stands in the journal, so the names are for ever; posts, mails and persons stand in it
//! by number, and the words somebody wrote only in their mail.

use serde::{Deserialize, Serialize};

use super::ids::{PersonId, PostId};

/// What an animator is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "care", rename_all = "kebab-case")]
pub enum Care {
    /// What becomes of this post? Later: it was decided, and may be called back.
    Release {
        /// Which.
        post: PostId,
    },
    /// Their answer decided nothing: is the post sent, or refused with those words?
    ReleaseWith {
        /// Which.
        post: PostId,
        /// The answer.
        mail: PostId,
    },
    /// Somebody wrote to those who look after the list; what is answered goes to them.
    Word {
        /// What they wrote.
        post: PostId,
    },
    /// All that waits, by its numbers from 1 on.
    Gathering {
        /// In the order of the numbers.
        items: Vec<Waiting>,
    },
}

/// One of the things that wait.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// A post, or a word to those who look after the list.
    Post(PostId),
    /// Somebody who wants to join.
    Newcomer(PersonId),
    /// Several posts nobody wants, probably.
    Doubtful(Vec<PostId>),
    /// Nothing to decide: members no mail reaches any more.
    Unreached(Vec<PersonId>),
}

/// What somebody is told about the care of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
pub enum Told {
    /// To an animator: what became of a post that waited, and by whom.
    Decided {
        /// Which.
        post: PostId,
    },
    /// To whoever wrote to the animators: what they answer, in that mail.
    Word {
        /// What they answered.
        mail: PostId,
        /// To what.
        post: PostId,
    },
    /// To a member whose mail comes back: does this arrive?
    Probe,
    /// To a member no mail reaches any more, at another of their addresses.
    Unreached,
    /// To the operator: servers refuse our mail for what it is, or for whence it comes.
    NotWanted,
    /// To the operator: what somebody wrote to them.
    Postmaster {
        /// What they wrote.
        post: PostId,
    },
    /// To the operator: a message that could not be read was put aside.
    SetAside {
        /// Which.
        post: PostId,
    },
    /// To a newcomer: nobody answered their wish to join.
    NoAnswer,
    /// To an author: nobody looked at their post in time.
    Over {
        /// Which.
        post: PostId,
    },
    /// To an author: the topic is closed.
    TopicClosed {
        /// What they wrote.
        post: PostId,
    },
    /// To an animator: what came of what they asked for in that mail, one for each thing.
    Carried {
        /// Which.
        mail: PostId,
        /// In the order of the mail.
        came: Vec<Came>,
    },
    /// To an animator: who is a member, as a table.
    Members,
    /// To an animator: what was decided lately, and by whom.
    History,
    /// To an animator: nothing waits, and how the group is.
    Overview,
    /// A post that had gone out was called back; to who did, and to its author.
    Recalled {
        /// Which.
        post: PostId,
        /// By whom.
        by: PersonId,
    },
}

/// What came of one thing an animator asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Came {
    /// It is done.
    Done,
    /// It was so already.
    Already,
    /// What was written is no address.
    NoAddress,
    /// Only a name was written, and it is not in the group.
    NoSuchName,
    /// Only a name was written, and it is that of several.
    SeveralOfThatName,
    /// That address is not in the group.
    NoMember,
    /// An address of the group itself.
    OwnAddress,
    /// They wished to be forgotten, and can only come back by themselves.
    Forgotten,
    /// They are banned, which is to be lifted first.
    Banned,
    /// Nobody joins a closed group.
    Closed,
    /// Nobody else would look after the group.
    LastAnimator,
    /// The mail answers no post of the group.
    NoTopic,
    /// More than one mail may name.
    TooMany,
    /// It could not be done.
    NotDone,
}

impl Care {
    /// Whether it is about this post, and no other.
    pub fn is_about(&self, wanted: PostId) -> bool {
        match self {
            Care::Release { post } | Care::ReleaseWith { post, .. } | Care::Word { post } => *post == wanted,
            Care::Gathering { .. } => false,
        }
    }
}

impl Waiting {
    /// The posts it stands for.
    pub fn posts(&self) -> &[PostId] {
        match self {
            Waiting::Post(post) => std::slice::from_ref(post),
            Waiting::Doubtful(posts) => posts,
            Waiting::Newcomer(_) | Waiting::Unreached(_) => &[],
        }
    }
}
