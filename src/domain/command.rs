//! What somebody may ask for by mail, and how sure it is that they did.
//!
//! Values only: `understand` makes them of words, `flow` carries them out. Nothing is carried out
//! but what is [`Meaning::Certain`]; a guess is proposed and done when the answer is yes.

use super::address::EmailAddress;
use super::list::Language;
use super::member::{Day, Reading, Role};
use super::recipient::ListDoor;
use super::time::CivilDate;
use super::wish::{SummaryWish, Threads};

/// One thing that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// To become a member.
    Join,
    /// To be a member no more.
    Leave,
    /// Another rhythm.
    Read(Rhythm),
    /// No mail for a while.
    Pause(Holidays),
    /// Mail again, after a pause.
    Resume,
    /// Nothing more of the thread that is answered.
    Mute,
    /// Every post of the thread that is answered.
    Follow,
    /// Which posts of each thread they want.
    Threads(Threads),
    /// When, in which form and beside what a summary comes.
    Summary(SummaryWish),
    /// To be a member no more after that day; absent: to stay after all.
    Until(Option<CivilDate>),
    /// Hours without mail; absent: none any more.
    Quiet(Option<QuietHours>),
    /// Whether a copy of one's own posts comes back.
    OwnPosts(OwnPosts),
    /// Posts that hold these words, as they were written.
    Search(String),
    /// A thread by its number.
    Thread(u64),
    /// What is set, in sentences.
    Settings,
    /// To be called so, as it was written.
    Name(String),
    /// The language of letters.
    Language(Language),
    /// To be written to at another address.
    NewAddress(Addresses),
    /// A copy of all that is held about oneself.
    MyData,
    /// To be forgotten.
    ForgetMe,
    /// To take back a post of one's own, the one that is answered.
    Withdraw,
    /// What became of one's last posts.
    WhereIsMyMessage,
    /// What can be asked for.
    Help,
    /// Back into a group one has left: the answer to a farewell.
    ComeBack,
    /// Yes, to what was asked.
    Yes,
    /// No, to what was asked.
    No,
    /// What only those who look after the group may ask.
    Animator(AnimatorCommand),
}

/// What those who look after a group ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnimatorCommand {
    /// Make these members.
    Add(Vec<Called>),
    /// Ask these whether they want to be.
    Invite(Vec<Called>),
    /// These are members no more.
    Remove(Vec<Called>),
    /// These are members no more, and cannot write or join again.
    Ban(Vec<Called>),
    /// These may join again.
    Unban(Vec<Called>),
    /// These do that in the group from now on.
    Role(Role, Vec<Called>),
    /// Who is a member?
    Members,
    /// Every further post of the thread that is answered waits.
    Slow,
    /// The post that is answered begins a thread of its own.
    Split,
    /// It belongs into the thread of these words.
    MoveTo(String),
    /// Its thread and that of these words are one.
    JoinWith(String),
    /// What waits before it goes out.
    Hold(Holding),
    /// So many posts from each in ten minutes; absent: as many as they like.
    Pace(Option<u32>),
    /// Nobody writes to the thread that is answered any more.
    Close,
    /// The thread that is answered goes on as any other.
    Reopen,
    /// What was decided lately, and by whom?
    History,
    /// The animators' own letter, now.
    Letter,
}

/// Which posts wait for an animator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holding {
    /// Each of them.
    All,
    /// Those the list's rules say.
    AsUsual,
}

impl AnimatorCommand {
    /// Whether nothing is changed by it: it may be answered, but not undone.
    pub fn only_asks(&self) -> bool {
        match self {
            AnimatorCommand::Members | AnimatorCommand::History | AnimatorCommand::Letter => true,
            AnimatorCommand::Add(_)
            | AnimatorCommand::Invite(_)
            | AnimatorCommand::Remove(_)
            | AnimatorCommand::Ban(_)
            | AnimatorCommand::Unban(_)
            | AnimatorCommand::Role(..)
            | AnimatorCommand::Split
            | AnimatorCommand::MoveTo(_)
            | AnimatorCommand::JoinWith(_)
            | AnimatorCommand::Hold(_)
            | AnimatorCommand::Pace(_)
            | AnimatorCommand::Slow
            | AnimatorCommand::Close
            | AnimatorCommand::Reopen => false,
        }
    }

    /// Those it names, if it is about people.
    pub fn people(&self) -> Option<&[Called]> {
        match self {
            AnimatorCommand::Add(people)
            | AnimatorCommand::Invite(people)
            | AnimatorCommand::Remove(people)
            | AnimatorCommand::Ban(people)
            | AnimatorCommand::Unban(people)
            | AnimatorCommand::Role(_, people) => Some(people),
            AnimatorCommand::Members
            | AnimatorCommand::Hold(_)
            | AnimatorCommand::Pace(_)
            | AnimatorCommand::Slow
            | AnimatorCommand::Split
            | AnimatorCommand::MoveTo(_)
            | AnimatorCommand::JoinWith(_)
            | AnimatorCommand::Close
            | AnimatorCommand::Reopen
            | AnimatorCommand::History
            | AnimatorCommand::Letter => None,
        }
    }
}

/// Somebody, as an animator names them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Called {
    /// Their name, if it was written.
    pub name: String,
    /// Their address, if one was written that can be one.
    pub address: Option<EmailAddress>,
    /// All that was written of them.
    pub written: String,
}

impl Called {
    /// Somebody of whom only the address was written.
    pub fn at(address: EmailAddress) -> Called {
        let written = address.as_str().to_owned();
        Called { name: String::new(), address: Some(address), written }
    }

    /// Somebody of whom only the name was written.
    pub fn by_name(name: String) -> Called {
        Called { written: name.clone(), name, address: None }
    }
}

/// How and when to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rhythm {
    /// Each post, a summary, or nothing.
    pub reading: Reading,
    /// The day of a weekly summary, if one was named.
    pub day: Option<Day>,
    /// The hour of a summary, 0 to 23, if one was named.
    pub hour: Option<u8>,
}

/// When somebody wants no mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Holidays {
    /// The first day without mail; absent: from now on.
    pub from: Option<CivilDate>,
    /// The day that was named as the end; absent: until they say so.
    pub until: Option<CivilDate>,
}

/// Hours without mail, such as 22 to 7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QuietHours {
    /// The hour they begin, 0 to 23.
    pub from: u8,
    /// The hour they end, 0 to 23.
    pub to: u8,
}

/// Whether one's own posts come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnPosts {
    /// They do.
    Sent,
    /// They do not.
    NotSent,
}

/// What was said of an address that changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Addresses {
    /// The one that is given up, if it was named.
    pub old: Option<EmailAddress>,
    /// The one to write to from now on, if it was named.
    pub new: Option<EmailAddress>,
}

/// What a mail asks for, all its words taken together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// This, in this order, without a doubt.
    Certain(Vec<Command>),
    /// Probably this. It is proposed, and done only when they say yes.
    Guess(Command),
    /// They say that they do **not** want this, and nothing else: nothing is done.
    Declined(Command),
    /// The address they wrote to says one thing and their words another: they are asked which.
    Contradiction {
        /// What the address says.
        address: Command,
        /// What the words say.
        words: Box<Meaning>,
    },
    /// Words for people: to be read by those who look after the group, unexecuted.
    ForPeople,
    /// No words at all.
    Nothing,
}

/// Which groups it is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// The one that was written to; at an address of the whole server, the only one there is.
    #[default]
    Here,
    /// These, each as a name or address that was offered.
    Named(Vec<String>),
    /// Every one of them.
    All,
}

/// What was understood of a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Understood {
    /// What it asks for.
    pub meaning: Meaning,
    /// Which groups that is about.
    pub scope: Scope,
    /// The language the words that were understood are in, if that can be told.
    pub language: Option<Language>,
}

impl Command {
    /// What an address alone says, if it says anything.
    pub fn of_door(door: &ListDoor) -> Option<Command> {
        match door {
            ListDoor::Join => Some(Command::Join),
            ListDoor::Leave | ListDoor::LeaveByToken(_) => Some(Command::Leave),
            ListDoor::Help => Some(Command::Help),
            // What is searched for stands in the words.
            ListDoor::Search
            | ListDoor::Post
            | ListDoor::Request
            | ListDoor::Animators
            | ListDoor::Poll
            | ListDoor::Event
            | ListDoor::Bounce(_)
            | ListDoor::Answer(_) => None,
        }
    }

    /// Whether nothing is changed by it: it may be answered, but not undone.
    pub fn only_asks(&self) -> bool {
        match self {
            Command::Search(_)
            | Command::Thread(_)
            | Command::Settings
            | Command::WhereIsMyMessage
            | Command::Help => true,
            Command::Animator(command) => command.only_asks(),
            Command::Join
            | Command::Leave
            | Command::Read(_)
            | Command::Pause(_)
            | Command::Resume
            | Command::Mute
            | Command::Follow
            | Command::Threads(_)
            | Command::Summary(_)
            | Command::Until(_)
            | Command::Quiet(_)
            | Command::OwnPosts(_)
            | Command::Name(_)
            | Command::Language(_)
            | Command::NewAddress(_)
            | Command::MyData
            | Command::ForgetMe
            | Command::Withdraw
            | Command::ComeBack
            | Command::Yes
            | Command::No => false,
        }
    }
}

impl Rhythm {
    /// This reading, on the list's day and hour.
    pub fn of(reading: Reading) -> Rhythm {
        Rhythm { reading, day: None, hour: None }
    }
}

/// What an animator's answer decides about what waits (interface: "answering the mail that asks").
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It goes out.
    Accept,
    /// It does not, and its author is told these words, which may be none.
    Refuse(String),
    /// It does not, without a word.
    Discard,
    /// The same, and its author writes here no more.
    Ban,
}

/// An animator's answer to a mail that asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ModeratorAnswer {
    /// One decision, on all the mail asked about.
    All(Decision),
    /// Decisions by the numbers of a list of items: "1 ok, 2 jeter, 3 non hors sujet".
    Each(Vec<(u32, Decision)>),
    /// Decides nothing; these words may have been meant for the author, and are asked about.
    Unclear(String),
}
