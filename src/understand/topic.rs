//! The names phrases are filed under, and the commands they make with what was read beside them.

use std::ops::Range;

use crate::domain::address::EmailAddress;
use crate::domain::command::{
    Addresses, AnimatorCommand, Called, Command, Holidays, OwnPosts, QuietHours, Rhythm,
};
use crate::domain::list::Language;
use crate::domain::member::{DigestForm, Reading, Role};
use crate::domain::time::CivilDate;
use crate::domain::wish::{SummaryWish, Threads};

use super::slots::{DateCertainty, Kept, ReadDate};

/// A name of the phrase book.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Topic {
    Join,
    Leave,
    ReadEach,
    ReadDaily,
    ReadWeekly,
    ReadNone,
    Pause,
    Resume,
    Mute,
    Follow,
    FirstPosts,
    /// All posts of each thread again.
    WholeThreads,
    /// When a summary comes.
    SummaryAt,
    FormPage,
    FormMime,
    FormPlain,
    /// One mail for all groups.
    Together,
    /// One mail for each group.
    Apart,
    /// A member until a day that is named.
    Until,
    Quiet,
    QuietOff,
    OwnPostsOn,
    OwnPostsOff,
    Search,
    Thread,
    Settings,
    Name,
    French,
    English,
    NewAddress,
    OldAddress,
    MyData,
    ForgetMe,
    Withdraw,
    Where,
    Help,
    ComeBack,
    Yes,
    No,
    /// They say they want to stay: leaving is declined.
    Stay,
    Add,
    Invite,
    Remove,
    Ban,
    Unban,
    /// Somebody looks after the group from now on.
    Animates,
    /// They do no more.
    AnimatesNot,
    Members,
    Slow,
    Split,
    MoveTo,
    JoinWith,
    Close,
    Reopen,
    History,
    Letter,
    /// Something only people should read: a death, somebody else's address.
    People,
}

const NAMES: &[(&str, Topic)] = &[
    ("join", Topic::Join),
    ("leave", Topic::Leave),
    ("read-each", Topic::ReadEach),
    ("read-daily", Topic::ReadDaily),
    ("read-weekly", Topic::ReadWeekly),
    ("read-none", Topic::ReadNone),
    ("pause", Topic::Pause),
    ("resume", Topic::Resume),
    ("mute", Topic::Mute),
    ("follow", Topic::Follow),
    ("first-posts", Topic::FirstPosts),
    ("whole-threads", Topic::WholeThreads),
    ("summary-at", Topic::SummaryAt),
    ("form-page", Topic::FormPage),
    ("form-mime", Topic::FormMime),
    ("form-plain", Topic::FormPlain),
    ("together", Topic::Together),
    ("apart", Topic::Apart),
    ("until", Topic::Until),
    ("quiet", Topic::Quiet),
    ("quiet-off", Topic::QuietOff),
    ("own-posts-on", Topic::OwnPostsOn),
    ("own-posts-off", Topic::OwnPostsOff),
    ("search", Topic::Search),
    ("thread", Topic::Thread),
    ("settings", Topic::Settings),
    ("name", Topic::Name),
    ("french", Topic::French),
    ("english", Topic::English),
    ("new-address", Topic::NewAddress),
    ("old-address", Topic::OldAddress),
    ("my-data", Topic::MyData),
    ("forget-me", Topic::ForgetMe),
    ("withdraw", Topic::Withdraw),
    ("where", Topic::Where),
    ("help", Topic::Help),
    ("come-back", Topic::ComeBack),
    ("yes", Topic::Yes),
    ("no", Topic::No),
    ("stay", Topic::Stay),
    ("add", Topic::Add),
    ("invite", Topic::Invite),
    ("remove", Topic::Remove),
    ("ban", Topic::Ban),
    ("unban", Topic::Unban),
    ("animates", Topic::Animates),
    ("animates-not", Topic::AnimatesNot),
    ("members", Topic::Members),
    ("close", Topic::Close),
    ("reopen", Topic::Reopen),
    ("slow", Topic::Slow),
    ("split", Topic::Split),
    ("move-to", Topic::MoveTo),
    ("join-with", Topic::JoinWith),
    ("history", Topic::History),
    ("letter", Topic::Letter),
    ("people", Topic::People),
];

/// Whether what was read leaves no doubt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Sureness {
    Sure,
    Doubtful,
}

impl Topic {
    pub(super) fn of_name(name: &str) -> Option<Topic> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, topic)| *topic)
    }

    /// Whether it only answers a question.
    pub(super) fn answers(self) -> bool {
        matches!(self, Topic::Yes | Topic::No)
    }

    /// Whether one leaves or joins other things than groups, too.
    pub(super) fn takes_an_object(self) -> bool {
        matches!(self, Topic::Leave | Topic::Join)
    }

    /// Whether only those who look after the group say such a thing.
    pub(super) fn is_animators(self) -> bool {
        use Topic::{Add, Animates, AnimatesNot, Ban, Close, History, Invite, Letter, Members, Remove};
        use Topic::{JoinWith, MoveTo, Reopen, Slow, Split, Unban};
        let about_people = matches!(self, Add | Invite | Remove | Ban | Unban | Animates | AnimatesNot);
        about_people
            || matches!(self, Members | Slow | Split | MoveTo | JoinWith | Close | Reopen | History | Letter)
    }

    /// The command, with what was read; nothing if what it needs was not.
    pub(super) fn command(self, read: &Read<'_>) -> Option<(Command, Sureness)> {
        let sure = |command| Some((command, Sureness::Sure));
        match self {
            Topic::Join => sure(Command::Join),
            Topic::Leave | Topic::Stay => sure(Command::Leave),
            Topic::ReadEach => Some(read.rhythm(Reading::Each)),
            Topic::ReadDaily => Some(read.rhythm(Reading::Daily)),
            Topic::ReadWeekly => Some(read.rhythm(Reading::Weekly)),
            Topic::ReadNone => Some(read.rhythm(Reading::None)),
            Topic::Pause => read.pause(),
            Topic::Resume => sure(Command::Resume),
            Topic::Mute => sure(Command::Mute),
            Topic::Follow => sure(Command::Follow),
            Topic::FirstPosts => sure(Command::Threads(Threads::First)),
            Topic::WholeThreads => sure(Command::Threads(Threads::All)),
            Topic::SummaryAt => read.moment(),
            Topic::FormPage => sure(Command::Summary(SummaryWish::Form { form: DigestForm::Page })),
            Topic::FormMime => sure(Command::Summary(SummaryWish::Form { form: DigestForm::Mime })),
            Topic::FormPlain => sure(Command::Summary(SummaryWish::Form { form: DigestForm::Plain })),
            Topic::Together => sure(Command::Summary(SummaryWish::Together { together: true })),
            Topic::Apart => sure(Command::Summary(SummaryWish::Together { together: false })),
            // The end of a membership is asked about, however plainly it is said.
            Topic::Until => Some((Command::Until(Some(read.day()?)), Sureness::Doubtful)),
            Topic::Quiet => read.quiet(),
            Topic::QuietOff => sure(Command::Quiet(None)),
            Topic::OwnPostsOn => sure(Command::OwnPosts(OwnPosts::Sent)),
            Topic::OwnPostsOff => sure(Command::OwnPosts(OwnPosts::NotSent)),
            Topic::Search => sure(Command::Search(read.words()?)),
            Topic::Thread => sure(Command::Thread(read.number()?)),
            Topic::Settings => sure(Command::Settings),
            Topic::Name => sure(Command::Name(read.name()?)),
            Topic::French => sure(Command::Language(Language::Fr)),
            Topic::English => sure(Command::Language(Language::En)),
            Topic::NewAddress => {
                let mut addresses = read.addresses().into_iter().rev();
                let (new, old) = (addresses.next(), addresses.next());
                sure(Command::NewAddress(Addresses { old, new }))
            }
            Topic::OldAddress => {
                let mut addresses = read.addresses().into_iter();
                let (old, new) = (addresses.next(), addresses.next());
                sure(Command::NewAddress(Addresses { old, new }))
            }
            Topic::MyData => sure(Command::MyData),
            Topic::ForgetMe => sure(Command::ForgetMe),
            Topic::Withdraw => sure(Command::Withdraw),
            Topic::Where => sure(Command::WhereIsMyMessage),
            Topic::Help => sure(Command::Help),
            Topic::ComeBack => sure(Command::ComeBack),
            Topic::Yes => sure(Command::Yes),
            Topic::No => sure(Command::No),
            Topic::Add => sure(Command::Animator(AnimatorCommand::Add(read.some_called()?))),
            Topic::Invite => sure(Command::Animator(AnimatorCommand::Invite(read.some_called()?))),
            Topic::Remove => sure(Command::Animator(AnimatorCommand::Remove(read.some_called()?))),
            Topic::Ban => sure(Command::Animator(AnimatorCommand::Ban(read.some_called()?))),
            Topic::Unban => sure(Command::Animator(AnimatorCommand::Unban(read.some_called()?))),
            Topic::Animates => {
                sure(Command::Animator(AnimatorCommand::Role(Role::Animator, read.some_called()?)))
            }
            Topic::AnimatesNot => {
                sure(Command::Animator(AnimatorCommand::Role(Role::Member, read.some_called()?)))
            }
            Topic::Members => sure(Command::Animator(AnimatorCommand::Members)),
            Topic::Slow => sure(Command::Animator(AnimatorCommand::Slow)),
            Topic::Split => sure(Command::Animator(AnimatorCommand::Split)),
            Topic::MoveTo => sure(Command::Animator(AnimatorCommand::MoveTo(read.words()?))),
            Topic::JoinWith => sure(Command::Animator(AnimatorCommand::JoinWith(read.words()?))),
            Topic::Close => sure(Command::Animator(AnimatorCommand::Close)),
            Topic::Reopen => sure(Command::Animator(AnimatorCommand::Reopen)),
            Topic::History => sure(Command::Animator(AnimatorCommand::History)),
            Topic::Letter => sure(Command::Animator(AnimatorCommand::Letter)),
            Topic::People => None,
        }
    }
}

/// What was read beside a phrase.
pub(super) struct Read<'a> {
    pub(super) kept: &'a [Kept],
    pub(super) text: &'a str,
    pub(super) language: Language,
    pub(super) today: CivilDate,
}

impl Read<'_> {
    fn rhythm(&self, reading: Reading) -> (Command, Sureness) {
        let mut rhythm = Rhythm::of(reading);
        let mut sureness = Sureness::Sure;
        for kept in self.kept {
            match kept {
                Kept::Day(day) if reading == Reading::Weekly => {
                    if rhythm.day.is_some() {
                        sureness = Sureness::Doubtful;
                    }
                    rhythm.day = Some(*day);
                }
                Kept::Hour { hour, exact } => {
                    rhythm.hour = Some(*hour);
                    if !exact {
                        sureness = Sureness::Doubtful;
                    }
                }
                Kept::Day(_)
                | Kept::Date(_)
                | Kept::Duration(_)
                | Kept::Number(_)
                | Kept::Address(_)
                | Kept::Words(_)
                | Kept::Group(_)
                | Kept::Everywhere => {}
            }
        }
        (Command::Read(rhythm), sureness)
    }

    /// The moment a summary is to come; nothing if none was named.
    fn moment(&self) -> Option<(Command, Sureness)> {
        let (Command::Read(rhythm), sureness) = self.rhythm(Reading::Weekly) else { return None };
        let Rhythm { day, hour, .. } = rhythm;
        let named = day.is_some() || hour.is_some();
        named.then_some((Command::Summary(SummaryWish::At { day, hour }), sureness))
    }

    /// The only day that was named, if it is still to come.
    fn day(&self) -> Option<CivilDate> {
        let mut dates = self
            .kept
            .iter()
            .filter_map(|kept| if let Kept::Date(read) = kept { Some(read.date) } else { None });
        dates.next().filter(|date| *date >= self.today && dates.next().is_none())
    }

    fn pause(&self) -> Option<(Command, Sureness)> {
        let mut sureness = Sureness::Sure;
        let (mut dates, mut duration) = (Vec::new(), None);
        for kept in self.kept {
            match kept {
                Kept::Date(read) => {
                    let doubtful = match read.certainty {
                        DateCertainty::Sure | DateCertainty::DayAlone => false,
                        DateCertainty::DayFirst => self.language == Language::En,
                        DateCertainty::Doubtful => true,
                    };
                    if doubtful {
                        sureness = Sureness::Doubtful;
                    }
                    dates.push(*read);
                }
                Kept::Duration(days) => duration = Some(*days),
                Kept::Number(_)
                | Kept::Day(_)
                | Kept::Hour { .. }
                | Kept::Address(_)
                | Kept::Words(_)
                | Kept::Group(_)
                | Kept::Everywhere => {}
            }
        }
        let (from, until) = match (dates.as_slice(), duration) {
            ([], None) => (None, None),
            ([], Some(days)) => (None, Some(self.today.plus_days(i32::try_from(days).ok()?))),
            ([from], Some(days)) => (Some(from.date), Some(from.date.plus_days(i32::try_from(days).ok()?))),
            ([until], None) => (None, Some(until.date)),
            ([from, until, ..], _) => (Some(first_day(from, until.date)), Some(until.date)),
        };
        // An end before the beginning is no pause anybody wants.
        if matches!((from, until), (Some(from), Some(until)) if until <= from) {
            return None;
        }
        Some((Command::Pause(Holidays { from, until }), sureness))
    }

    fn quiet(&self) -> Option<(Command, Sureness)> {
        let mut hours = self.kept.iter().filter_map(|kept| {
            if let Kept::Hour { hour, exact } = kept { Some((*hour, *exact)) } else { None }
        });
        let ((from, one), (to, other)) = match (hours.next(), hours.next()) {
            (Some(from), Some(to)) => (from, to),
            // "rien la nuit": what most people mean by that.
            (_, _) => return Some((Command::Quiet(Some(NIGHT)), Sureness::Doubtful)),
        };
        let sureness = if one && other { Sureness::Sure } else { Sureness::Doubtful };
        (from != to).then_some((Command::Quiet(Some(QuietHours { from, to })), sureness))
    }

    fn words(&self) -> Option<String> {
        self.said_at(self.range()?)
    }

    /// A name with what of it the writer was called before: that was passed over as a signature is.
    fn name(&self) -> Option<String> {
        let range = self.range()?;
        let names = |word: &str| word.starts_with(char::is_uppercase) && word.chars().any(char::is_lowercase);
        let mut start = range.start;
        while let Some(before) = self.text.get(..start).and_then(|text| text.strip_suffix(' ')) {
            let word = before.rsplit([' ', '\n', '\u{a0}']).next().unwrap_or_default();
            if !names(word) || !word.chars().all(|c| c.is_alphabetic() || c == '-') {
                break;
            }
            start = before.len() - word.len();
        }
        let mut end = range.end;
        while let Some(behind) = self.text.get(end..).and_then(|text| text.strip_prefix(' ')) {
            let word = behind.split(|c: char| !c.is_alphabetic() && c != '-').next().unwrap_or_default();
            if !names(word) {
                break;
            }
            end += 1 + word.len();
        }
        self.said_at(start..end)
    }

    fn said_at(&self, range: Range<usize>) -> Option<String> {
        let words = self.text.get(range)?.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.trim_matches(|c: char| matches!(c, '"' | '«' | '»' | ' ' | '\u{a0}' | ':'));
        (!words.is_empty()).then(|| words.to_owned())
    }

    fn range(&self) -> Option<Range<usize>> {
        self.kept.iter().find_map(|kept| match kept {
            Kept::Words(range) => Some(range.clone()),
            Kept::Date(_)
            | Kept::Duration(_)
            | Kept::Day(_)
            | Kept::Hour { .. }
            | Kept::Number(_)
            | Kept::Address(_)
            | Kept::Group(_)
            | Kept::Everywhere => None,
        })
    }

    fn number(&self) -> Option<u64> {
        self.kept.iter().find_map(|kept| if let Kept::Number(number) = kept { Some(*number) } else { None })
    }

    /// Those who were named, by their addresses or else by a name.
    fn some_called(&self) -> Option<Vec<Called>> {
        let mut called: Vec<Called> = self.addresses().into_iter().map(Called::at).collect();
        if called.is_empty() {
            // « Anne n’est plus animatrice » speaks of Anne.
            let negated = |name: &String| {
                name.split_whitespace()
                    .any(|word| word.to_lowercase().starts_with(['n']) && word.contains(['\'', '’']))
            };
            called.extend(self.words().filter(|name| !negated(name)).map(Called::by_name));
        }
        Some(called).filter(|called| !called.is_empty())
    }

    fn addresses(&self) -> Vec<EmailAddress> {
        let addresses = self
            .kept
            .iter()
            .filter_map(|kept| if let Kept::Address(address) = kept { Some(address.clone()) } else { None });
        addresses.collect()
    }
}

/// "From the 3rd to the 15th of August": of August too, or of the month before.
fn first_day(from: &ReadDate, until: CivilDate) -> CivilDate {
    if from.certainty != DateCertainty::DayAlone {
        return from.date;
    }
    let same_month = CivilDate::new(until.year, until.month, from.date.day).filter(|day| *day < until);
    same_month.unwrap_or_else(|| {
        let before = until.plus_months(-1);
        CivilDate::new(before.year, before.month, from.date.day).unwrap_or(from.date)
    })
}

/// Hours of the night, if nobody says which.
const NIGHT: QuietHours = QuietHours { from: 22, to: 7 };
