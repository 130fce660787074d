//! Which letters there are, and the facts each of them is written from.

use super::care::Care;
use super::draft::Draft;
use super::exchange::{
    AskAdmit, AskJoin, AskLeave, AskSame, AskWhich, AskWish, Done, EndsSoon, Help, JoinWaits, NoEntry,
    NoMember, Settings, SignIn, TakenBack, TooLate, Whereabouts,
};
use super::facts::Facts;
use super::finding::{AskedFor, Found};
use super::message::Frame;
use super::of_digests::OfDigest;
use super::orders::Order;
use super::recovery::Recovery;
use super::rights::{
    AskConsent, AskEither, AskForget, AskYours, Forgotten, KeptBack, MyData, OpeningSoon, PassedOn, SetRight,
    Unchanged,
};
use super::words;
use crate::domain::contraction;
use crate::domain::list::{ArchivePolicy, Language, ListAddress, Posting};
use crate::domain::member::Reading;
use crate::domain::time::Timestamp;

/// A letter with its facts.
#[derive(Clone, Copy, Debug)]
pub enum Letter<'a> {
    /// To a new member.
    Welcome(Welcome<'a>),
    /// To somebody who is no member any more.
    Farewell(Farewell<'a>),
    /// To an author whose post waits.
    Held(Held<'a>),
    /// To an author whose post does not go out.
    Refused(Refused<'a>),
    /// To somebody who looks after a list from now on.
    NowAnimator(NowAnimator<'a>),
    /// To somebody who may want to join.
    AskJoin(AskJoin<'a>),
    /// To somebody who may want to leave.
    AskLeave(AskLeave<'a>),
    /// To somebody of whom we think they want this.
    AskWish(AskWish<'a>),
    /// To somebody who did not say in which group.
    AskWhich(AskWhich<'a>),
    /// To an animator, about a newcomer.
    AskAdmit(AskAdmit<'a>),
    /// What one can write.
    Help(Help<'a>),
    /// How one reads.
    Settings(Settings<'a>),
    /// What one wished is done.
    Done(Done<'a>),
    /// To somebody who is not part of it.
    NoMember(NoMember<'a>),
    /// To somebody who wishes to be forgotten: what becomes of their posts?
    AskForget(AskForget<'a>),
    /// All that is kept about somebody, to themselves.
    MyData(MyData<'a>),
    /// The last letter to somebody who is forgotten.
    Forgotten(Forgotten<'a>),
    /// To the author of a first post that everybody could read.
    AskConsent(AskConsent<'a>),
    /// The older posts of an archive will be shown.
    Opening(OpeningSoon<'a>),
    /// Theirs stay among members.
    KeptBack(KeptBack<'a>),
    /// What came of setting a conversation right.
    SetRight(SetRight<'a>),
    /// To who looks after a list, about a post in their name.
    AskYours(AskYours<'a>),
    /// To somebody whose words and whose address say two things.
    AskEither(AskEither<'a>),
    /// To somebody who wants nothing.
    Unchanged(Unchanged<'a>),
    /// To somebody whose words are for people.
    PassedOn(PassedOn<'a>),
    /// To somebody who waits to be let in.
    JoinWaits(JoinWaits<'a>),
    /// To somebody who is not let in.
    NoEntry(NoEntry<'a>),
    /// To a member whose membership ends.
    EndsSoon(EndsSoon<'a>),
    /// To somebody whose answer came too late.
    TooLate(TooLate<'a>),
    /// What became of one's posts.
    Whereabouts(Whereabouts<'a>),
    /// What was found for somebody.
    Found(Found<'a>),
    /// Posts somebody asked for.
    AskedFor(AskedFor<'a>),
    /// What became of a wish to take a post back.
    TakenBack(TakenBack<'a>),
    /// To a member, about a post or wish from an unknown address.
    AskSame(AskSame<'a>),
    /// About the care of a list.
    Care(Care<'a>),
    /// About what an animator asks for.
    Order(Order<'a>),
    /// To somebody who wants to read on the web what members may read.
    SignIn(SignIn<'a>),
    /// Around a digest.
    Digest(OfDigest<'a>),
    /// To an animator: the draft of an edition.
    Draft(Draft<'a>),
    /// To the operator, when the weekly look finds wrong what was right.
    Check(Check<'a>),
    /// To the operator: how the rehearsal of a restore went, or what is wrong with the backups.
    Recovery(Recovery<'a>),
}

/// The name of a letter, which is the name of its folder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "described at the letter of the same name")]
pub enum LetterKind {
    Welcome,
    Farewell,
    Held,
    Refused,
    NowAnimator,
    AskJoin,
    AskLeave,
    AskWish,
    AskWhich,
    AskAdmit,
    Help,
    Settings,
    Done,
    NoMember,
    AskForget,
    MyData,
    Forgotten,
    AskConsent,
    Opening,
    KeptBack,
    SetRight,
    AskYours,
    AskEither,
    Unchanged,
    PassedOn,
    JoinWaits,
    NoEntry,
    EndsSoon,
    TooLate,
    Whereabouts,
    Found,
    AskedFor,
    TakenBack,
    AskSame,
    LookAt,
    LookWords,
    Decided,
    Word,
    WordBack,
    Waiting,
    NotLooked,
    TopicClosed,
    Probe,
    Unreached,
    NotWanted,
    AskOrders,
    OrdersDone,
    Members,
    History,
    Overview,
    Recalled,
    Postmaster,
    SetAside,
    SignIn,
    WhichItem,
    PrivateWord,
    AskWord,
    NotPassed,
    WentOut,
    AskSummary,
    Draft,
    Check,
    Recovery,
}

/// The list a letter is about.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// As people call it.
    pub name: &'a str,
    /// Where posts are sent.
    pub address: &'a ListAddress,
}

/// You are a member now.
#[derive(Clone, Copy, Debug)]
pub struct Welcome<'a> {
    /// Of what.
    pub group: Group<'a>,
    /// How it came about.
    pub arrival: Arrival<'a>,
    /// What members may expect, in the group's own words; empty if it has none.
    pub promise: &'a str,
    /// The names of those who look after it.
    pub animators: &'a [&'a str],
    /// Who may write to it.
    pub posting: Posting,
    /// Who may read what is written.
    pub archive: ArchivePolicy,
    /// Where that is on the web.
    pub archive_url: Option<&'a str>,
    /// For how many days it is kept; absent: for good.
    pub kept_days: Option<u64>,
    /// How this member reads.
    pub reading: Reading,
}

/// How somebody became a member.
#[derive(Clone, Copy, Debug)]
pub enum Arrival<'a> {
    /// A person who looks after the group added them: that person's name.
    AddedBy(&'a str),
    /// The operator added them: the name of the host.
    AddedByOperator(&'a str),
    /// They came with a community from elsewhere.
    Imported,
    /// They asked, and confirmed.
    Confirmed,
}

/// You are no member any more.
#[derive(Clone, Copy, Debug)]
pub struct Farewell<'a> {
    /// Of what.
    pub group: Group<'a>,
    /// How it came about.
    pub departure: Departure,
    /// Until when answering this letter undoes it.
    pub back_until: Timestamp,
    /// Where one asks to join, if one can.
    pub join_address: Option<&'a str>,
}

/// How somebody stopped being a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Departure {
    /// They left.
    Left,
    /// An animator or the operator took them out.
    Removed,
    /// The membership had an end from the beginning.
    Ended,
}

/// Your post waits for somebody to look at it.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// Where it was sent.
    pub group: Group<'a>,
    /// Its subject; not said where nothing is known of who sent it.
    pub title: &'a str,
    /// Why it waits.
    pub why: WhyHeld,
    /// The names of those who will look at it.
    pub animators: &'a [&'a str],
}

/// Why a post waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyHeld {
    /// It is the first of somebody who joined by themselves.
    FirstPost,
    /// Every post of this list is looked at.
    Moderated,
    /// Every post is, for the time being.
    HoldAll,
    /// Its From is not proven.
    Unproven,
    /// It is larger than the list takes, which is this many bytes.
    TooLarge(u64),
    /// It carries an attachment, on a list that holds those.
    Attachment,
    /// Its MIME or header is not as it should be.
    OddForm,
    /// It held an address or a link that only one person should have; that was taken out.
    Disclosing,
    /// Its author is not a member.
    NotAMember,
    /// Its author wrote many in a short time.
    Pace,
    /// A filter found it suspicious.
    Unwanted,
    /// Its thread was slowed down.
    SlowThread,
}

/// Your post will not go out.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// Where it was sent.
    pub group: Group<'a>,
    /// Its subject.
    pub title: &'a str,
    /// What the animator wrote about it; may be empty.
    pub words: &'a str,
    /// The name of who decided, if it is to be said.
    pub by: Option<&'a str>,
}

/// You look after this list now.
#[derive(Clone, Copy, Debug)]
pub struct NowAnimator<'a> {
    /// Which.
    pub group: Group<'a>,
    /// The names of the others who do.
    pub others: &'a [&'a str],
    /// The name of the host, whose keepers can help.
    pub host: &'a str,
}

/// Something about the installation was right and is not any more.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// The name of the host.
    pub host: &'a str,
    /// What was found, a line each, in the words of `parvis check`.
    pub found: &'a str,
}

impl LetterKind {
    /// Every letter.
    pub const ALL: [LetterKind; 63] = [
        LetterKind::Welcome,
        LetterKind::Farewell,
        LetterKind::Held,
        LetterKind::Refused,
        LetterKind::NowAnimator,
        LetterKind::AskJoin,
        LetterKind::AskLeave,
        LetterKind::AskWish,
        LetterKind::AskWhich,
        LetterKind::AskAdmit,
        LetterKind::Help,
        LetterKind::Settings,
        LetterKind::Done,
        LetterKind::NoMember,
        LetterKind::AskForget,
        LetterKind::MyData,
        LetterKind::Forgotten,
        LetterKind::AskConsent,
        LetterKind::Opening,
        LetterKind::KeptBack,
        LetterKind::SetRight,
        LetterKind::AskYours,
        LetterKind::AskEither,
        LetterKind::Unchanged,
        LetterKind::PassedOn,
        LetterKind::JoinWaits,
        LetterKind::NoEntry,
        LetterKind::EndsSoon,
        LetterKind::TooLate,
        LetterKind::Whereabouts,
        LetterKind::Found,
        LetterKind::AskedFor,
        LetterKind::TakenBack,
        LetterKind::AskSame,
        LetterKind::LookAt,
        LetterKind::LookWords,
        LetterKind::Decided,
        LetterKind::Word,
        LetterKind::WordBack,
        LetterKind::Waiting,
        LetterKind::NotLooked,
        LetterKind::TopicClosed,
        LetterKind::Probe,
        LetterKind::Unreached,
        LetterKind::NotWanted,
        LetterKind::AskOrders,
        LetterKind::OrdersDone,
        LetterKind::Members,
        LetterKind::History,
        LetterKind::Overview,
        LetterKind::Recalled,
        LetterKind::Postmaster,
        LetterKind::SetAside,
        LetterKind::SignIn,
        LetterKind::WhichItem,
        LetterKind::PrivateWord,
        LetterKind::AskWord,
        LetterKind::NotPassed,
        LetterKind::WentOut,
        LetterKind::AskSummary,
        LetterKind::Draft,
        LetterKind::Check,
        LetterKind::Recovery,
    ];

    /// The folder of its templates.
    pub fn name(self) -> &'static str {
        match self {
            LetterKind::Welcome => "welcome",
            LetterKind::Farewell => "farewell",
            LetterKind::Held => "held",
            LetterKind::Refused => "refused",
            LetterKind::NowAnimator => "now-animator",
            LetterKind::AskJoin => "ask-join",
            LetterKind::AskLeave => "ask-leave",
            LetterKind::AskWish => "ask-wish",
            LetterKind::AskWhich => "ask-which",
            LetterKind::AskAdmit => "ask-admit",
            LetterKind::Help => "help",
            LetterKind::Settings => "settings",
            LetterKind::Done => "done",
            LetterKind::NoMember => "no-member",
            LetterKind::AskForget => "ask-forget",
            LetterKind::MyData => "my-data",
            LetterKind::Forgotten => "forgotten",
            LetterKind::AskConsent => "ask-consent",
            LetterKind::Opening => "opening",
            LetterKind::KeptBack => "kept-back",
            LetterKind::SetRight => "set-right",
            LetterKind::AskYours => "ask-yours",
            LetterKind::AskEither => "ask-either",
            LetterKind::Unchanged => "unchanged",
            LetterKind::PassedOn => "passed-on",
            LetterKind::JoinWaits => "join-waits",
            LetterKind::NoEntry => "no-entry",
            LetterKind::EndsSoon => "ends-soon",
            LetterKind::TooLate => "too-late",
            LetterKind::Whereabouts => "whereabouts",
            LetterKind::Found => "found",
            LetterKind::AskedFor => "asked-for",
            LetterKind::TakenBack => "taken-back",
            LetterKind::AskSame => "ask-same",
            LetterKind::LookAt => "look-at",
            LetterKind::LookWords => "look-words",
            LetterKind::Decided => "decided",
            LetterKind::Word => "word",
            LetterKind::WordBack => "word-back",
            LetterKind::Waiting => "waiting",
            LetterKind::NotLooked => "not-looked",
            LetterKind::TopicClosed => "topic-closed",
            LetterKind::Probe => "probe",
            LetterKind::Unreached => "unreached",
            LetterKind::NotWanted => "not-wanted",
            LetterKind::AskOrders => "ask-orders",
            LetterKind::OrdersDone => "orders-done",
            LetterKind::Members => "members",
            LetterKind::History => "history",
            LetterKind::Overview => "overview",
            LetterKind::Recalled => "recalled",
            LetterKind::Postmaster => "postmaster",
            LetterKind::SetAside => "set-aside",
            LetterKind::SignIn => "sign-in",
            LetterKind::WhichItem => "which-item",
            LetterKind::PrivateWord => "private-word",
            LetterKind::AskWord => "ask-word",
            LetterKind::NotPassed => "not-passed",
            LetterKind::WentOut => "went-out",
            LetterKind::AskSummary => "ask-summary",
            LetterKind::Draft => "draft",
            LetterKind::Check => "check",
            LetterKind::Recovery => "recovery",
        }
    }
}

impl Letter<'_> {
    /// Which letter it is.
    pub fn kind(&self) -> LetterKind {
        match self {
            Letter::Welcome(_) => LetterKind::Welcome,
            Letter::Farewell(_) => LetterKind::Farewell,
            Letter::Held(_) => LetterKind::Held,
            Letter::Refused(_) => LetterKind::Refused,
            Letter::NowAnimator(_) => LetterKind::NowAnimator,
            Letter::AskJoin(_) => LetterKind::AskJoin,
            Letter::AskLeave(_) => LetterKind::AskLeave,
            Letter::AskWish(_) => LetterKind::AskWish,
            Letter::AskWhich(_) => LetterKind::AskWhich,
            Letter::AskAdmit(_) => LetterKind::AskAdmit,
            Letter::Help(_) => LetterKind::Help,
            Letter::Settings(_) => LetterKind::Settings,
            Letter::Done(_) => LetterKind::Done,
            Letter::NoMember(_) => LetterKind::NoMember,
            Letter::AskForget(_) => LetterKind::AskForget,
            Letter::MyData(_) => LetterKind::MyData,
            Letter::Forgotten(_) => LetterKind::Forgotten,
            Letter::AskConsent(_) => LetterKind::AskConsent,
            Letter::Opening(_) => LetterKind::Opening,
            Letter::KeptBack(_) => LetterKind::KeptBack,
            Letter::SetRight(_) => LetterKind::SetRight,
            Letter::AskYours(_) => LetterKind::AskYours,
            Letter::AskEither(_) => LetterKind::AskEither,
            Letter::Unchanged(_) => LetterKind::Unchanged,
            Letter::PassedOn(_) => LetterKind::PassedOn,
            Letter::JoinWaits(_) => LetterKind::JoinWaits,
            Letter::NoEntry(_) => LetterKind::NoEntry,
            Letter::EndsSoon(_) => LetterKind::EndsSoon,
            Letter::TooLate(_) => LetterKind::TooLate,
            Letter::Whereabouts(_) => LetterKind::Whereabouts,
            Letter::Found(_) => LetterKind::Found,
            Letter::AskedFor(_) => LetterKind::AskedFor,
            Letter::TakenBack(_) => LetterKind::TakenBack,
            Letter::AskSame(_) => LetterKind::AskSame,
            Letter::Care(care) => care.kind(),
            Letter::Order(order) => order.kind(),
            Letter::SignIn(_) => LetterKind::SignIn,
            Letter::Draft(_) => LetterKind::Draft,
            Letter::Digest(letter) => letter.kind(),
            Letter::Check(_) => LetterKind::Check,
            Letter::Recovery(_) => LetterKind::Recovery,
        }
    }

    pub(super) fn facts(&self, frame: &Frame<'_>) -> Facts {
        let facts = Facts::default().phrase("to", frame.to.name);
        match self {
            Letter::Welcome(welcome) => welcome.facts(facts, frame),
            Letter::Farewell(farewell) => farewell.facts(facts, frame),
            Letter::Held(held) => held.facts(facts, frame),
            Letter::Refused(refused) => refused.facts(facts, frame),
            Letter::NowAnimator(animator) => animator.facts(facts, frame),
            Letter::AskJoin(letter) => letter.facts(facts, frame),
            Letter::AskLeave(letter) => letter.facts(facts, frame),
            Letter::AskWish(letter) => letter.facts(facts, frame),
            Letter::AskWhich(letter) => letter.facts(facts, frame),
            Letter::AskAdmit(letter) => letter.facts(facts, frame),
            Letter::Help(letter) => letter.facts(facts, frame),
            Letter::Settings(letter) => letter.facts(facts, frame),
            Letter::Done(letter) => letter.facts(facts, frame),
            Letter::NoMember(letter) => letter.facts(facts, frame),
            Letter::AskForget(letter) => letter.facts(facts, frame),
            Letter::MyData(letter) => letter.facts(facts, frame),
            Letter::Forgotten(letter) => letter.facts(facts, frame),
            Letter::AskConsent(letter) => letter.facts(facts, frame),
            Letter::Opening(letter) => letter.facts(facts, frame),
            Letter::KeptBack(letter) => letter.facts(facts, frame),
            Letter::SetRight(letter) => letter.facts(facts, frame),
            Letter::AskYours(letter) => letter.facts(facts, frame),
            Letter::AskEither(letter) => letter.facts(facts, frame),
            Letter::Unchanged(letter) => letter.facts(facts, frame),
            Letter::PassedOn(letter) => letter.facts(facts, frame),
            Letter::JoinWaits(letter) => letter.facts(facts, frame),
            Letter::NoEntry(letter) => letter.facts(facts, frame),
            Letter::EndsSoon(letter) => letter.facts(facts, frame),
            Letter::TooLate(letter) => letter.facts(facts, frame),
            Letter::Whereabouts(letter) => letter.facts(facts, frame),
            Letter::Found(letter) => letter.facts(facts, frame),
            Letter::AskedFor(letter) => letter.facts(facts, frame),
            Letter::TakenBack(letter) => letter.facts(facts, frame),
            Letter::AskSame(letter) => letter.facts(facts, frame),
            Letter::Care(care) => care.facts(facts, frame),
            Letter::Order(order) => order.facts(facts, frame),
            Letter::SignIn(letter) => letter.facts(facts, frame),
            Letter::Recovery(recovery) => recovery.facts(facts),
            Letter::Draft(draft) => draft.add_to(facts, frame),
            Letter::Digest(letter) => letter.facts(facts, frame),
            Letter::Check(check) => facts.phrase("host", check.host).quote("found", check.found),
        }
    }
}

impl Group<'_> {
    /// Its name, alone and as one says « du quartier » and « au quartier ».
    pub(super) fn named(&self, facts: Facts, language: Language) -> Facts {
        facts
            .phrase("group", self.name)
            .phrase("of_group", &contraction::of(self.name, language))
            .phrase("to_group", &contraction::to(self.name, language))
    }

    pub(super) fn facts(&self, facts: Facts, language: Language) -> Facts {
        let animators = match language {
            Language::Fr => "animateurs",
            Language::En => "animators",
        };
        self.named(facts, language)
            .link("post_address", &self.address.to_string())
            .link("animators_address", &self.address.beside(animators))
    }
}

impl Welcome<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Welcome { group, arrival, promise, animators, posting, archive, archive_url, .. } = *self;
        let reading = self.reading;
        let (added_by, added_by_host) = match arrival {
            Arrival::AddedBy(name) => (name, ""),
            Arrival::AddedByOperator(host) => ("", host),
            Arrival::Imported | Arrival::Confirmed => ("", ""),
        };
        let named = animators.iter().filter(|n| !n.trim().is_empty()).count();
        let members_may_post = match posting {
            Posting::Anyone | Posting::Members => true,
            Posting::Animators => false,
        };
        group
            .facts(facts, frame.language)
            .phrase("added_by", added_by)
            .phrase("added_by_host", added_by_host)
            .is("imported", matches!(arrival, Arrival::Imported))
            .is("confirmed", matches!(arrival, Arrival::Confirmed))
            .phrase("promise", promise)
            .phrase("animators", &words::names(animators, frame.language))
            .is("no_animator", named == 0)
            .is("one_animator", named == 1)
            .is("several_animators", named > 1)
            .phrase("kept_for", &words::days(self.kept_days, frame.language))
            .is("open_to_posts", members_may_post)
            .is("archive_public", archive == ArchivePolicy::Public)
            .is("archive_members", archive == ArchivePolicy::Members)
            .is("archive_none", archive == ArchivePolicy::None)
            .link("archive_url", archive_url.unwrap_or_default())
            .is("reading_each", reading == Reading::Each)
            .is("reading_daily", reading == Reading::Daily)
            .is("reading_weekly", reading == Reading::Weekly)
            .is("reading_none", reading == Reading::None)
    }
}

impl Farewell<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Farewell { group, departure, back_until, join_address } = *self;
        let until = back_until.date_in(frame.zone);
        let until = match frame.language {
            Language::Fr => format!("au {}", words::day(until, frame.language)),
            Language::En => words::day(until, frame.language),
        };
        group
            .facts(facts, frame.language)
            .is("left", departure == Departure::Left)
            .is("ended", departure == Departure::Ended)
            .phrase("back_until", &until)
            .link("join_address", join_address.unwrap_or_default())
    }
}

impl Held<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Held { group, title, why, animators } = *self;
        // RFC 3834 §6: a letter to somebody unproven holds nothing the requester typed.
        let title = if why == WhyHeld::Unproven { "" } else { title };
        let facts = group.facts(facts, frame.language).phrase("title", title);
        why_facts(reader_facts(facts, animators, frame.language), why, frame)
    }
}

/// Why a post waits, as facts.
pub(super) fn why_facts(facts: Facts, why: WhyHeld, frame: &Frame<'_>) -> Facts {
    let limit = match why {
        WhyHeld::TooLarge(limit) => words::size(limit, frame.language),
        WhyHeld::FirstPost
        | WhyHeld::Moderated
        | WhyHeld::HoldAll
        | WhyHeld::Unproven
        | WhyHeld::Attachment
        | WhyHeld::OddForm
        | WhyHeld::Disclosing
        | WhyHeld::NotAMember
        | WhyHeld::Pace
        | WhyHeld::SlowThread
        | WhyHeld::Unwanted => String::new(),
    };
    facts
        .is("first_post", why == WhyHeld::FirstPost)
        .is("moderated", why == WhyHeld::Moderated)
        .is("hold_all", why == WhyHeld::HoldAll)
        .is("unproven", why == WhyHeld::Unproven)
        .is("too_large", matches!(why, WhyHeld::TooLarge(_)))
        .phrase("limit", &limit)
        .is("attachment", why == WhyHeld::Attachment)
        .is("odd_form", why == WhyHeld::OddForm)
        .is("disclosing", why == WhyHeld::Disclosing)
        .is("not_a_member", why == WhyHeld::NotAMember)
        .is("pace", why == WhyHeld::Pace)
        .is("unwanted", why == WhyHeld::Unwanted)
        .is("slow_thread", why == WhyHeld::SlowThread)
}

impl Refused<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let Refused { group, title, words, by } = *self;
        group
            .facts(facts, frame.language)
            .phrase("title", title)
            .quote("words", words)
            .phrase("by", &names_or_keeper(by.as_slice(), frame.language))
    }
}

impl NowAnimator<'_> {
    fn facts(&self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let NowAnimator { group, others, host } = *self;
        group
            .facts(facts, frame.language)
            .phrase("others", &words::names(others, frame.language))
            .phrase("host", host)
    }
}

/// Who will read it, and whether that is more than one: the verb behind follows it.
pub(super) fn reader_facts(facts: Facts, names: &[&str], language: Language) -> Facts {
    let named = names.iter().filter(|name| !name.trim().is_empty()).count();
    facts.phrase("reader", &names_or_keeper(names, language)).is("readers", named > 1)
}

pub(super) fn names_or_keeper(names: &[&str], language: Language) -> String {
    match (words::names(names, language), language) {
        (named, _) if !named.is_empty() => named,
        (_, Language::Fr) => "la personne qui s’occupe du groupe".to_owned(),
        (_, Language::En) => "the person who looks after the group".to_owned(),
    }
}
