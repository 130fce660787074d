//! What somebody wants of a list, once it is understood, and what a letter asked them.
//!
//! A wish is what is carried out; how people say it is not known here. Both stand in the journal,
//! so their names are for ever.

use serde::{Deserialize, Serialize};

use super::care::Care;
use super::edition::DigestAsked;
use super::ids::{ListId, PersonId, PostId, QuestionId};
use super::list::Language;
use super::member::{Day, DigestForm, Membership, Reading};
use super::time::Timestamp;

/// Something a person wants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "kebab-case")]
pub enum Wish {
    /// To become a member.
    Join,
    /// To be a member no more.
    Leave,
    /// To read in another rhythm.
    Read {
        /// Which.
        reading: Reading,
        /// The day of a weekly summary, if they named one.
        #[serde(default)]
        day: Option<Day>,
        /// The hour of a summary, if they named one.
        #[serde(default)]
        hour: Option<u8>,
    },
    /// To get nothing for a while.
    Pause {
        /// From then on; absent: from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        /// Until then; absent: until they say so.
        until: Option<Timestamp>,
    },
    /// To go on after a pause, or to come back after leaving.
    Resume,
    /// To be written to in that language.
    Speak {
        /// Which.
        language: Language,
    },
    /// To get nothing at these hours of the day.
    Quiet {
        /// `22-7`; absent: at no hours.
        hours: Option<String>,
    },
    /// To get only the posts that begin a thread, or all again.
    Threads {
        /// Which.
        wanted: Threads,
    },
    /// To get summaries at another moment, in another form, or with those of other lists.
    Summary {
        /// Which of these.
        summary: SummaryWish,
    },
    /// To be a member no more after that moment; absent: to stay after all.
    End {
        /// The last second of the day they named.
        until: Option<Timestamp>,
    },
    /// To hear nothing more of a thread, or everything.
    Heed {
        /// A post of the thread.
        post: Option<PostId>,
        /// Which of the two.
        heed: Heed,
    },
    /// Whether one's own posts come back.
    OwnPosts {
        /// They do.
        sent: bool,
    },
    /// To be called by the name that stands in that mail; names are kept nowhere else.
    Rename {
        /// Which.
        mail: PostId,
    },
    /// To change who is a member, as an animator; whom it concerns stands in that mail.
    Animate {
        /// Which.
        mail: PostId,
    },
    /// To know what one can write.
    Help,
    /// To see how they read, and what is known of them.
    Settings,
    /// All that is held about them.
    MyData,
    /// To be forgotten.
    Forget {
        /// What happens to their posts, once they said so.
        #[serde(default)]
        posts: Option<PostsLeft>,
    },
    /// To take one of their own posts back.
    Withdraw {
        /// Which, if it is known.
        post: Option<PostId>,
    },
    /// To know what became of their posts.
    Trace,
    /// To find posts; what they look for stands in that mail.
    Search {
        /// Which.
        mail: PostId,
    },
    /// To be written to at another address, the one that stands in that mail.
    Move {
        /// Which.
        mail: PostId,
    },
}

/// What somebody wants of their summaries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum SummaryWish {
    /// They come at that moment.
    At {
        /// The day of a weekly one, if they named one.
        #[serde(default)]
        day: Option<Day>,
        /// The hour, 0 to 23, if they named one.
        #[serde(default)]
        hour: Option<u8>,
    },
    /// They are put together so.
    Form {
        /// How.
        form: DigestForm,
    },
    /// They come in one mail with those of the writer's other lists, or not.
    Together {
        /// They do.
        together: bool,
    },
}

/// Which posts of a list's threads somebody wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threads {
    /// Every post.
    #[default]
    All,
    /// The first of each thread, and all of those they follow.
    First,
}

/// What came of setting a thread right by mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fixed {
    /// The post stands in another thread.
    Moved,
    /// It begins one.
    Split,
    /// Two threads are one.
    Joined,
    /// The thread that was named is not there, or several are.
    NoSuchThread,
    /// It was so already, or cannot be.
    NothingToDo,
}

/// How somebody takes part in one thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heed {
    /// As in any other.
    #[default]
    Usual,
    /// They hear no more of it.
    Mute,
    /// They get all of it, however they read.
    Follow,
}

/// What happens to the posts of somebody who is forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostsLeft {
    /// They stay, under no name.
    Nameless,
    /// They are withdrawn.
    Withdrawn,
}

/// A question somebody was asked by letter, and may answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its number, which its token holds.
    pub number: QuestionId,
    /// Who was asked.
    pub person: PersonId,
    /// About which list; absent: about none in particular.
    pub list: Option<ListId>,
    /// What.
    pub matter: Matter,
    /// An answer counts until then.
    pub until: Timestamp,
    /// What made us ask.
    pub cause: AskedBecause,
}

/// What was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "matter", rename_all = "kebab-case")]
pub enum Matter {
    /// Nothing in particular: any wish may be the answer.
    Talk,
    /// « Est-ce bien ce que vous voulez ? »: oui carries it out.
    Wish {
        /// What is carried out.
        wish: Wish,
    },
    /// In which of their groups they want it.
    WhichList {
        /// What.
        wish: Wish,
    },
    /// To an animator: may this person join?
    Admit {
        /// Who wants to.
        newcomer: PersonId,
    },
    /// To an animator: something about the care of the list.
    Care {
        /// What.
        care: Care,
    },
    /// Somebody was invited by an animator: do they want to join?
    Invitation {
        /// By whom.
        by: PersonId,
    },
    /// After leaving: the way back, to what was.
    Back {
        /// The membership as it was.
        was: Box<Membership>,
    },
    /// What was found for them, numbered: which of it they want to read.
    Found {
        /// The posts, in the order they were told.
        posts: Vec<PostId>,
    },
    /// Whether a post from an unknown address is theirs.
    SamePerson {
        /// The post, which waits.
        post: PostId,
    },
    /// To an address somebody named as their new one: is it theirs?
    Adopt {
        /// Who named it.
        person: PersonId,
    },
    /// Somebody asked for a link to read what members may read: the link is the answer.
    SignIn {
        /// Which of the person's addresses it goes to, from 0: the one that was given.
        address: u8,
    },
    /// Which of two they want: what their words say, or what the address they wrote to is for.
    Either {
        /// The words.
        words: Wish,
        /// The address.
        address: Wish,
    },
    /// Whether a post in their name, that nothing proves, is theirs.
    Yours {
        /// The post, which waits.
        post: PostId,
    },
    /// To an animator: what is to be done with the draft of an edition.
    Draft {
        /// Which of the list's.
        number: u32,
    },
    /// What they wrote before the archive was opened will be shown too: unless they take it out.
    Opening,
    /// Something about a digest.
    Digest {
        /// What.
        asked: DigestAsked,
    },
    /// Whether this post may stand in an archive everybody reads.
    Consent {
        /// The post, which waits.
        post: PostId,
    },
}

/// What made us ask; decides how often that may happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedBecause {
    /// A mail of which nobody knows who wrote it.
    Unproven,
    /// A mail of their own, proven or by token.
    Proven,
    /// Something of ours: a membership that ends, a newcomer to an animator.
    Ours,
}

/// What became of a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// They said yes, and it was carried out.
    Yes,
    /// They said no.
    No,
    /// It was settled otherwise: somebody else answered, or it no longer matters.
    Settled,
}
