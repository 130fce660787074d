//! What somebody wishes, as the letters that ask about it and those that tell of it say it.

use super::exchange::day_of;
use super::facts::Facts;
use super::message::Frame;
use super::words;
use crate::domain::list::Language;
use crate::domain::member::{Day, DigestForm, Reading};
use crate::domain::time::Timestamp;
use crate::domain::wish::{Heed, Threads};

/// What somebody wishes, as letters say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act<'a> {
    /// To join.
    Join,
    /// To leave.
    Leave,
    /// To read so; the day and the hour of a summary.
    Read(Reading, Option<Day>, Option<u8>),
    /// Summaries in that form.
    Form(DigestForm),
    /// Summaries of all groups in one mail, or not.
    Together(bool),
    /// To be a member until then; absent: for good.
    End(Option<Timestamp>),
    /// Nothing for a while.
    Pause(Option<Timestamp>, Option<Timestamp>),
    /// Mail again.
    Resume,
    /// Letters in that language.
    Speak(Language),
    /// Nothing at these hours, `22-7`.
    Quiet(Option<&'a str>),
    /// Which posts of threads.
    Threads(Threads),
    /// One thread, by its subject.
    Heed(Heed, &'a str),
    /// Whether one's own posts come back.
    OwnPosts(bool),
    /// To be called so.
    Rename,
    /// To be written to elsewhere.
    Move,
    /// To change who is a member.
    Animate,
    /// To see how they read.
    Settings,
    /// All that is held about them.
    MyData,
    /// To be forgotten.
    Forget,
    /// To take a post back, by its subject.
    Withdraw(&'a str),
    /// What became of their posts.
    Trace,
    /// To find posts.
    Search,
    /// What one can write.
    Help,
}

impl Act<'_> {
    pub(super) fn facts(self, facts: Facts, frame: &Frame<'_>) -> Facts {
        let reading = |wanted| matches!(self, Act::Read(reading, ..) if reading == wanted);
        let heed = |wanted| matches!(self, Act::Heed(heed, _) if heed == wanted);
        let day =
            if let Act::Read(_, Some(day), _) = self { words::weekday(day, frame.language) } else { "" };
        let hour = if let Act::Read(_, _, Some(hour)) = self { hour.to_string() } else { String::new() };
        let last_day = if let Act::End(Some(until)) = self { day_of(until, frame) } else { String::new() };
        let told = |day: Option<Timestamp>| day.map(|day| day_of(day, frame)).unwrap_or_default();
        let (from_day, until) = if let Act::Pause(from, until) = self { (from, until) } else { (None, None) };
        let hours = if let Act::Quiet(Some(hours)) = self { hours } else { "" };
        let (from, to) = hours.split_once('-').unwrap_or_default();
        let thread = if let Act::Heed(_, subject) | Act::Withdraw(subject) = self { subject } else { "" };
        facts
            .is("join", self == Act::Join)
            .is("leave", self == Act::Leave)
            .is("read_each", reading(Reading::Each))
            .is("read_daily", reading(Reading::Daily))
            .is("read_weekly", reading(Reading::Weekly))
            .is("read_none", reading(Reading::None))
            .phrase("day", day)
            .phrase("hour", &hour)
            .is("form_page", self == Act::Form(DigestForm::Page))
            .is("form_mime", self == Act::Form(DigestForm::Mime))
            .is("form_plain", self == Act::Form(DigestForm::Plain))
            .is("together", self == Act::Together(true))
            .is("apart", self == Act::Together(false))
            .phrase("last_day", &last_day)
            .is("stay", self == Act::End(None))
            .is("pause", matches!(self, Act::Pause(..)))
            .phrase("from", &told(from_day))
            .phrase("until", &told(until))
            .is("resume", self == Act::Resume)
            .is("speak_french", self == Act::Speak(Language::Fr))
            .is("speak_english", self == Act::Speak(Language::En))
            .is("quiet", matches!(self, Act::Quiet(Some(_))))
            .phrase("quiet_from", from)
            .phrase("quiet_to", to)
            .is("quiet_never", self == Act::Quiet(None))
            .is("first_only", self == Act::Threads(Threads::First))
            .is("whole_threads", self == Act::Threads(Threads::All))
            .is("mute", heed(Heed::Mute))
            .is("follow", heed(Heed::Follow))
            .is("as_usual", heed(Heed::Usual))
            .phrase("thread", thread)
            .is("own_posts", self == Act::OwnPosts(true))
            .is("no_own_posts", self == Act::OwnPosts(false))
            .is("rename", self == Act::Rename)
            .is("move", self == Act::Move)
            .is("animate", self == Act::Animate)
            .is("settings", self == Act::Settings)
            .is("my_data", self == Act::MyData)
            .is("forget", self == Act::Forget)
            .is("withdraw", matches!(self, Act::Withdraw(_)))
            .is("trace", self == Act::Trace)
            .is("search", self == Act::Search)
            .is("help", self == Act::Help)
    }
}
