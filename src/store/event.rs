//! What was decided, one line each, in order: the audit trail, and what the state follows from.
//!
//! A line holds a result, never a delta and never facts to be judged again: applying it calls no
//! code that decides, and applying it twice changes nothing. Persons stand in it by number.

use serde::{Deserialize, Serialize};

use super::person_set::PersonSet;
use super::segments::MailPlace;
use crate::domain::from_line::FromLine;
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::List;
use crate::domain::member::Membership;
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::time::Timestamp;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Event {
    /// A server opened this folder in a place it had not been opened in before.
    Settled {
        /// The mark of the place, see `instance`.
        place: String,
    },
    /// A list was made, or its address, settings or state changed; all of it as it is now.
    List {
        /// The list.
        list: Box<List>,
        /// Why this line was written.
        cause: ListCause,
    },
    /// Somebody joined, left or changed how they read; all of it as it is now.
    Member {
        /// The membership.
        member: Box<Membership>,
        /// Why this line was written.
        cause: MemberCause,
        /// Who did it; absent: the operator.
        by: Option<PersonId>,
    },
    /// A message was taken at the door, and its sender told so.
    Received {
        /// Its number.
        post: PostId,
        /// Which list it is for; absent: the operator.
        list: Option<ListId>,
        /// Where its bytes are.
        mail: MailPlace,
        /// Hash of what makes it this message and no other, in hex.
        content: String,
        /// Who its From names, if that is a person we know.
        author: Option<PersonId>,
        /// How sure that is.
        proof: Proof,
        /// The way it came in.
        via: Via,
    },
    /// A message was put into the archive without being sent to anybody.
    Imported {
        /// Its number.
        post: PostId,
        /// The list.
        list: ListId,
        /// Where its bytes are.
        mail: MailPlace,
        /// Hash of what makes it this message and no other, in hex.
        content: String,
        /// When it came where it was imported from, or now if nothing says so.
        dated: Timestamp,
    },
    /// Somebody tries, again, to read a message that may have killed an earlier server.
    Attempted {
        /// The message.
        post: PostId,
        /// How often, this time included.
        attempts: u32,
    },
    /// It is in the archive, and owed to its readers.
    Published {
        /// The post.
        post: PostId,
        /// The list.
        list: ListId,
        /// Who let it out; absent: the rules did.
        by: Option<Decider>,
        /// Everybody it is owed to at that moment.
        readers: PersonSet,
        /// Whose name its copies go out under; absent: the author's, nobody asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<FromLine>,
    },
    /// It waits for somebody.
    Held {
        /// The message.
        post: PostId,
        /// Why.
        reason: HoldReason,
    },
    /// It will not go out; its author is told why.
    Refused {
        /// The post.
        post: PostId,
        /// Who said so.
        by: Option<Decider>,
        /// In which words.
        words: String,
    },
    /// It was put away without a word.
    Dropped {
        /// The message.
        post: PostId,
        /// Why.
        why: DropReason,
        /// Who said so; absent: the rules.
        by: Option<Decider>,
    },
    /// Everybody it was owed to has it, cannot have it, or has left.
    Delivered {
        /// The post.
        post: PostId,
        /// The counts.
        totals: Totals,
    },
    /// A letter is to be written and sent.
    LetterOwed {
        /// Its number.
        letter: u64,
        /// Which.
        about: LetterAbout,
    },
    /// A letter was sent, or will not be.
    LetterDone {
        /// Its number.
        letter: u64,
        /// What became of it.
        outcome: LetterOutcome,
    },
    /// From now on nothing leaves, or mail leaves again.
    Fence {
        /// Which.
        fence: Fence,
    },
}

/// Why a list line was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum ListCause {
    Made,
    Settings,
    State,
}

/// Why a membership line was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberCause {
    /// Added by the operator.
    Added,
    /// Came with a file of members.
    Imported,
    /// Settings changed.
    Set,
    /// Left by mail.
    LeftByMail,
    /// Left with one click (RFC 8058).
    LeftByClick,
    /// Removed by the operator.
    Removed,
}

/// Who decided about something that waited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decider {
    /// Whoever runs the server.
    Operator,
    /// A person.
    Person(PersonId),
}

/// The way a message came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Via {
    Smtp,
    Lmtp,
    Command,
}

/// Why a message was put away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropReason {
    /// A program wrote it.
    Automatic,
    /// One of our own copies came back.
    OwnCopy,
    /// Its From is disproved, and it asks for something.
    Disproved,
    /// Somebody looked at it and threw it away.
    Discarded,
    /// It did its work: a command, a bounce.
    Obeyed,
    /// It ended the reader three times, or its bytes are damaged; they stay where they are.
    Poison,
}

/// What became of the copies of a post.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Everybody it was owed to.
    pub owed: u32,
    /// Taken by their server.
    pub taken: u32,
    /// Refused for good, or given up.
    pub failed: u32,
    /// Left before their copy did.
    pub gone: u32,
}

/// Which letter, about what. Names and addresses are looked up when it is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "kebab-case")]
pub enum LetterAbout {
    /// Somebody is a member now.
    Welcome {
        /// Of this list.
        list: ListId,
        /// Who.
        person: PersonId,
    },
    /// Somebody is a member no more.
    Farewell {
        /// Of this list.
        list: ListId,
        /// Who.
        person: PersonId,
        /// How that came about.
        #[serde(default)]
        ending: Ending,
    },
    /// Somebody looks after a list now.
    NowAnimator {
        /// This list.
        list: ListId,
        /// Who.
        person: PersonId,
    },
    /// A post waits.
    Held {
        /// This one.
        post: PostId,
        /// Its author.
        person: PersonId,
        /// Why.
        reason: HoldReason,
    },
    /// A post will not go out.
    Refused {
        /// This one.
        post: PostId,
        /// Its author.
        person: PersonId,
        /// The words for the author.
        words: String,
    },
}

impl LetterAbout {
    /// Whom it is written to.
    pub fn person(&self) -> PersonId {
        match self {
            LetterAbout::Welcome { person, .. }
            | LetterAbout::Farewell { person, .. }
            | LetterAbout::NowAnimator { person, .. }
            | LetterAbout::Held { person, .. }
            | LetterAbout::Refused { person, .. } => *person,
        }
    }
}

/// How somebody came to be a member no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// They wished it.
    #[default]
    TheyLeft,
    /// Somebody took them out.
    TakenOut,
}

/// What became of a letter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterOutcome {
    /// Their server took it and said this.
    Taken(String),
    /// It was refused for good, or given up, with these words.
    Failed(String),
    /// There is nobody left to write to.
    Pointless,
}

/// Whether mail may leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fence {
    /// It may.
    Down,
    /// Nothing leaves until the operator says so.
    Up(FenceReason),
}

/// Why nothing leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FenceReason {
    /// The folder is in a place it was not in before: a copy, or restored.
    Elsewhere,
    /// The state was built again by `reindex --all`.
    Rebuilt,
}

/// An event with its place in the order of all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// 1, 2, 3, … without a gap.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Which line of its group it is, from 0, and of how many: a group counts when its last is there.
    pub group: (u32, u32),
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
