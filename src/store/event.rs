//! What was decided, one line each, in order: the audit trail, and what the state follows from.
//!
//! A line holds a result, never a delta and never facts to be judged again: applying it calls no
//! code that decides, and applying it twice changes nothing. Persons stand in it by number.

mod fence;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::issue::{Issue, Slot};
use super::old_addresses::OldAddress;
use super::passes::Opens;
use super::person_set::PersonSet;
use super::segments::MailPlace;
use crate::domain::care::Told;
use crate::domain::edition::DigestTold;
use crate::domain::from_line::FromLine;
use crate::domain::ids::{ListId, PassId, PersonId, PostId, QuestionId};
use crate::domain::list::{Language, List};
use crate::domain::member::Membership;
use crate::domain::moderation::{HoldReason, ThreadPace};
use crate::domain::proof::Proof;
use crate::domain::reach::Reach;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, Fixed, Heed, PostsLeft, Question, Wish};

pub use self::fence::{Fence, FenceReason};

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Event {
    /// A server opened this folder in a place it had not been opened in before.
    Settled {
        /// The mark of the place, see `instance`.
        place: String,
        /// The highest number of each kind that counts as given from here on; none: those that
        /// were. What this folder is a copy of may have given more of them to others since.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        given: BTreeMap<String, u64>,
    },
    /// A list was made, or its address, settings or state changed; all of it as it is now.
    List {
        /// The list.
        list: Box<List>,
        /// Why this line was written.
        cause: ListCause,
        /// Who changed it by mail; absent: the operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
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
        /// What it asks of us, by the address it was written to; absent: it is a post, or for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        door: Option<RequestDoor>,
        /// It held what only one person should have; that was taken out of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        disclosed: bool,
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
        /// Everybody who gets it with others in one mail, later.
        #[serde(default, skip_serializing_if = "PersonSet::is_empty")]
        later: PersonSet,
    },
    /// Several posts go to these readers in one mail. What of them they awaited, they await no more.
    Issued {
        /// Which, and in what form.
        issue: Box<Issue>,
        /// Whose turn it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<Slot>,
        /// Everybody it is owed to.
        readers: PersonSet,
    },
    /// The draft of a list's next edition was made or changed.
    Drafted {
        /// The list.
        list: ListId,
        /// The number of the message its words are in.
        document: PostId,
        /// Where that is.
        mail: MailPlace,
    },
    /// An edition went out.
    Edition {
        /// The list.
        list: ListId,
        /// Which of the list's.
        number: u32,
        /// The number of the message its words are in.
        document: PostId,
        /// Where that is.
        mail: MailPlace,
    },
    /// A post stands for its conversation from now on.
    Summarized {
        /// The list.
        list: ListId,
        /// The thread, by the post it is known by.
        thread: PostId,
        /// The post, whose words they are.
        post: PostId,
        /// Who said so.
        by: Decider,
    },
    /// These posts are awaited no more by these persons, who want no mail now.
    NotAwaited {
        /// The list.
        list: ListId,
        /// Which.
        posts: Vec<PostId>,
        /// Whom.
        persons: PersonSet,
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
    /// Somebody is asked something, and may answer by mail.
    Asked {
        /// All of it.
        question: Box<Question>,
    },
    /// A question was answered.
    Answered {
        /// Which.
        question: QuestionId,
        /// How.
        answer: Answered,
    },
    /// A question is of no more use: its time is over.
    Lapsed {
        /// Which.
        question: QuestionId,
    },
    /// These posts of a list stand in this thread from now on, put there by hand.
    Rethreaded {
        /// The list.
        list: ListId,
        /// Which. With `answers`, the first of them is the one that answers.
        posts: Vec<PostId>,
        /// The thread, by the post it is known by; a new one if no thread is.
        into: PostId,
        /// What the first answers from now on; absent: what it says itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<PostId>,
        /// Who said so.
        by: Decider,
    },
    /// A published post is shown no more; that there was one stays.
    #[allow(missing_docs, reason = "the names say it")]
    Withdrawn { post: PostId, by: Decider },
    /// Posts of a list had these addresses in another archive.
    OldAddresses {
        /// The list.
        list: ListId,
        /// Where each was.
        addresses: Vec<OldAddress>,
    },
    /// These posts of a list, written before its archive was opened, stay with its members.
    KeptBack {
        /// The list.
        list: ListId,
        /// Which.
        posts: Vec<PostId>,
        /// Who wrote them and said so.
        by: PersonId,
    },
    /// A browser or a feed reader of somebody's may read from now on what they may read.
    #[allow(missing_docs, reason = "the names say it")]
    PassGiven { pass: PassId, person: PersonId, opens: Opens, until: Timestamp },
    /// A pass opens nothing any more.
    #[allow(missing_docs, reason = "the names say it")]
    PassEnded { pass: PassId, person: PersonId },
    /// How somebody takes part in one thread from now on.
    Heeded {
        /// The list.
        list: ListId,
        /// The thread, by the post it is known by.
        thread: PostId,
        /// Who.
        person: PersonId,
        /// How.
        heed: Heed,
    },
    /// Somebody may write to a list no more, or may again.
    Banned {
        /// The list.
        list: ListId,
        /// Who.
        person: PersonId,
        /// Which of the two.
        ban: Ban,
        /// Who said so; absent: the operator.
        by: Option<PersonId>,
    },
    /// What came back of what a member was sent, all of it as it is now.
    Reach {
        /// The list.
        list: ListId,
        /// Who.
        person: PersonId,
        /// As it is now.
        reach: Box<Reach>,
    },
    /// The operator was told that servers do not want our mail.
    Warned {
        /// What one of them said.
        said: String,
    },
    /// What happens to further posts of one thread from now on.
    ThreadPace {
        /// The list.
        list: ListId,
        /// The thread, by the post it is known by.
        thread: PostId,
        /// What.
        pace: ThreadPace,
        /// Who said so; absent: the operator.
        by: Option<PersonId>,
    },
    /// Somebody is to be forgotten, and what names them is being taken out.
    Forgetting {
        /// Who.
        person: PersonId,
        /// What happens to their posts.
        posts: PostsLeft,
        /// What tells their addresses again, should they come with an old archive: hashes, with our key.
        marks: Vec<String>,
        /// Who wished it; absent: they did.
        by: Option<Decider>,
    },
    /// What was kept long enough was let go, once more.
    Tidied {},
    /// Nothing names them any more.
    Forgotten {
        /// Who.
        person: PersonId,
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
    /// Removed by the operator or an animator.
    Removed,
    /// Asked to join by mail; nothing is confirmed yet.
    Asked,
    /// Confirmed that they want to join.
    Confirmed,
    /// An animator said yes to them.
    Admitted,
    /// An animator said no to them, or they to an invitation, or nobody answered in time.
    NotJoined,
    /// Changed their own settings by mail.
    Wished,
    /// Came back in time after leaving.
    CameBack,
    /// The membership had an end, and that has come.
    Ended,
    /// They wished to be forgotten.
    Forgotten,
    /// Their mail came back for days, and a letter of their own as well.
    Unreachable,
    /// They complained to their provider about our mail.
    Complained,
}

/// What a mail to an address of ours asks for, before it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestDoor {
    /// `quartier-inscription@`.
    Join,
    /// `quartier-stop@`.
    Leave,
    /// `quartier-aide@`.
    Help,
    /// `quartier-request@`, `parvis@host`: whatever it says.
    Request,
    /// `quartier-chercher@`.
    Search,
    /// `quartier+TOKEN@`: an answer to this question.
    Answer(QuestionId),
    /// The same: an answer to a whole digest.
    Digest {
        /// Which.
        issue: PostId,
    },
    /// The same: a private word to the author of this post.
    Private {
        /// The post.
        post: PostId,
    },
    /// `quartier-bounces+TOKEN@`: this post came back from them.
    Bounce {
        /// The post.
        post: PostId,
        /// Whose copy it was.
        person: PersonId,
    },
    /// The same of the letter that asks whether anything arrives.
    Probe {
        /// The list.
        list: ListId,
        /// Who was asked.
        person: PersonId,
    },
    /// A report that came to the operator's address; it waits for them, read or not.
    Report,
    /// `quartier@`: a whole mail that may be nothing but a request written there by mistake.
    Post,
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

/// Whether somebody may write to a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ban {
    /// They may not.
    On,
    /// They may again.
    Off,
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
    /// It asks for something in the name of somebody who did not write it.
    Unproven,
    /// Nobody looked at it for as long as things wait.
    Over,
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
    /// Somebody is asked something.
    Question {
        /// What.
        question: QuestionId,
        /// Who.
        person: PersonId,
        /// What made us write.
        occasion: Occasion,
    },
    /// Somebody is told something.
    Note {
        /// Of this list; absent: of none in particular.
        list: Option<ListId>,
        /// Who.
        person: PersonId,
        /// What.
        note: Note,
        /// What made us write.
        occasion: Occasion,
    },
}

/// What a letter answers, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Occasion {
    /// The mail it answers.
    #[serde(default)]
    pub answers: Option<PostId>,
    /// Whose token takes what they write back.
    #[serde(default)]
    pub question: Option<QuestionId>,
    /// The language that mail was written in; absent: the person's.
    #[serde(default)]
    pub language: Option<Language>,
    /// Nobody knows who wrote that mail: the letter says nothing only a member's would say.
    #[serde(default)]
    pub unproven: bool,
}

/// What somebody is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// What one can write.
    Help,
    /// How they read.
    Settings,
    /// What they wished is done.
    Done {
        /// What.
        wish: Wish,
    },
    /// They are no member, and what they wish concerns members.
    NoMember,
    /// They are a member already.
    MemberAlready,
    /// They confirmed, and an animator will decide.
    JoinWaits,
    /// One joins this list by invitation only.
    JoinClosed,
    /// The animators decided not to take them in.
    NotAdmitted,
    /// Their membership ends soon.
    EndsSoon,
    /// All that is held about them, in files.
    MyData,
    /// They are forgotten; the last they hear.
    Forgotten {
        /// What becomes of their posts.
        posts: PostsLeft,
    },
    /// Nothing changes, as they wish.
    Unchanged,
    /// People will read what they wrote.
    PassedOn,
    /// What they answered is too old to count.
    TooLate,
    /// What became of their last posts.
    Trace,
    /// What was found for them.
    Found {
        /// Where what they look for stands.
        mail: PostId,
        /// The best of it, in order.
        posts: Vec<PostId>,
    },
    /// Posts they asked for.
    AskedFor {
        /// Which, in their order.
        posts: Vec<PostId>,
        /// The whole conversation of the first.
        thread: bool,
    },
    /// Their post was taken back, and nobody will get it.
    TakenBack,
    /// Their post has gone out already, and cannot be taken back by mail.
    GoneAlready,
    /// What came of setting a thread right.
    SetRight {
        /// The post they answered.
        post: PostId,
        /// What came of it.
        fixed: Fixed,
    },
    /// What they wrote before the archive was opened stays with the members.
    KeptBack {
        /// How many posts.
        posts: u64,
    },
    /// Something about a digest.
    Digest {
        /// What.
        told: DigestTold,
    },
    /// Something about the care of the list.
    Care {
        /// What.
        told: Told,
    },
}

impl LetterAbout {
    /// The mail it answers, if it does.
    pub fn answers(&self) -> Option<PostId> {
        match self {
            LetterAbout::Question { occasion, .. } | LetterAbout::Note { occasion, .. } => occasion.answers,
            LetterAbout::Welcome { .. }
            | LetterAbout::Farewell { .. }
            | LetterAbout::NowAnimator { .. }
            | LetterAbout::Held { .. }
            | LetterAbout::Refused { .. } => None,
        }
    }

    /// Whom it is written to.
    pub fn person(&self) -> PersonId {
        match self {
            LetterAbout::Welcome { person, .. }
            | LetterAbout::Farewell { person, .. }
            | LetterAbout::NowAnimator { person, .. }
            | LetterAbout::Held { person, .. }
            | LetterAbout::Refused { person, .. }
            | LetterAbout::Question { person, .. }
            | LetterAbout::Note { person, .. } => *person,
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
    /// The membership had an end.
    TimeOver,
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
