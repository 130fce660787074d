//! Persons and their memberships: who somebody is, and how they read one list.

use serde::{Deserialize, Serialize};

use super::address::EmailAddress;
use super::ids::{ListId, PersonId, PostId};
use super::list::Language;
use super::time::{Timestamp, Zone};
use super::wish::Threads;

/// Somebody: one or more addresses, a name, a language.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// The number everything else knows them by.
    pub id: PersonId,
    /// At least one; mail goes to the first.
    pub addresses: Vec<EmailAddress>,
    /// As they write it themselves; empty if nobody told us.
    pub name: String,
    /// Absent: that of the list.
    pub language: Option<Language>,
}

impl Person {
    /// Whether that is only the number of somebody who is forgotten.
    pub fn is_nobody(&self) -> bool {
        self.addresses.is_empty() && self.name.is_empty()
    }
}

/// How a member reads a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// Every post as it comes.
    #[default]
    Each,
    /// One mail a day.
    Daily,
    /// One mail a week.
    Weekly,
    /// Nothing; reads on the web.
    None,
}

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names of the days say what they are")]
pub enum Day {
    #[default]
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// What somebody does in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads and writes.
    #[default]
    Member,
    /// Looks after the list as well.
    Animator,
}

/// Whether mail goes to a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberState {
    /// Reads as they chose.
    #[default]
    Active,
    /// On holiday, by their own wish.
    Paused,
    /// Their mailbox refuses our mail; asked again before anything else happens.
    Bouncing,
    /// Asked to join; not confirmed yet.
    Pending,
    /// Was a member.
    Left,
}

/// How a digest is put together for a member.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestForm {
    /// One page to read.
    #[default]
    Page,
    /// `multipart/digest` (RFC 2046 §5.1.5).
    Mime,
    /// RFC 1153.
    Plain,
}

/// How what a member reads comes to them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// By mail.
    #[default]
    Mail,
    /// Somebody brings them the edition on paper; they have no address.
    Paper,
}

impl Medium {
    /// Whether it is the usual one.
    pub fn is_mail(&self) -> bool {
        *self == Medium::Mail
    }
}

/// How somebody came to be a member: the proof of consent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Joined {
    /// The operator or an animator answers for their consent.
    Declared,
    /// Came with an archive or a file of members from elsewhere.
    Imported,
    /// Asked and confirmed by mail.
    Confirmed,
}

/// One person on one list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Membership {
    /// The list.
    pub list: ListId,
    /// The person.
    pub person: PersonId,
    /// How they came.
    pub joined: Joined,
    /// When they came.
    pub since: Timestamp,
    /// Whether mail goes out to them.
    pub state: MemberState,
    /// How they read.
    pub reading: Reading,
    /// Which day a weekly digest comes; absent: the list's.
    pub day: Option<Day>,
    /// At which hour a digest comes, 0 to 23; absent: the list's.
    pub hour: Option<u8>,
    /// What they do in the list.
    pub role: Role,
    /// The membership ends by itself then.
    pub until: Option<Timestamp>,
    /// That end is the member's own wish, and theirs to take back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_by_wish: bool,
    /// A pause that was told beforehand begins by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_from: Option<Timestamp>,
    /// A pause ends by itself then.
    pub pause_until: Option<Timestamp>,
    /// How a digest is put together.
    pub digest_form: DigestForm,
    /// Hours without mail, `22-7`; absent: none.
    pub quiet: Option<String>,
    /// Whether authors get a copy of their own posts; absent: as the list says.
    pub own_posts: Option<bool>,
    /// Which posts of each thread they want.
    #[serde(default)]
    pub threads: Threads,
    /// What they agreed to, when they asked by mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Posts published so far.
    pub posts: u32,
    /// Whether their summary comes in one mail with those of their other lists; absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<bool>,
    /// By mail, or on paper.
    #[serde(default, skip_serializing_if = "Medium::is_mail")]
    pub medium: Medium,
}

/// That somebody agreed to be written to, so that it can be shown later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// Which words they were shown: the version of the letter that asked them.
    pub text: String,
    /// The mail that asked for it; absent: somebody invited them.
    pub asked: Option<PostId>,
    /// When that came.
    pub asked_at: Timestamp,
    /// Their answer, once it came.
    pub confirmed: Option<PostId>,
    /// When that came.
    pub confirmed_at: Option<Timestamp>,
}

impl Membership {
    /// A new active member with the usual settings.
    pub fn new(list: ListId, person: PersonId, joined: Joined, since: Timestamp) -> Membership {
        Membership {
            list,
            person,
            joined,
            since,
            state: MemberState::Active,
            reading: Reading::default(),
            day: None,
            hour: None,
            role: Role::default(),
            until: None,
            ends_by_wish: false,
            pause_from: None,
            pause_until: None,
            digest_form: DigestForm::default(),
            quiet: None,
            own_posts: None,
            threads: Threads::default(),
            consent: None,
            posts: 0,
            together: None,
            medium: Medium::Mail,
        }
    }

    /// Whether each post is sent to them at that moment.
    pub fn receives_each_post(&self, now: Timestamp) -> bool {
        self.reading == Reading::Each && self.receives_mail(now)
    }

    /// Whether posts are kept for them at that moment, to be sent together.
    pub fn receives_digests(&self, now: Timestamp) -> bool {
        matches!(self.reading, Reading::Daily | Reading::Weekly) && self.receives_mail(now)
    }

    /// When their quiet hours end, if it is quiet at that moment.
    pub fn quiet_until(&self, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let (from, to) = self.quiet.as_deref()?.split_once('-')?;
        let (from, to): (u8, u8) = (from.parse().ok()?, to.parse().ok()?);
        let hour = now.time_in(zone).0.unsigned_abs();
        let quiet = if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to };
        quiet.then(|| now.next_hour(to, zone))
    }

    /// Whether a pause that was told beforehand lasts at that moment.
    pub fn pause_has_begun(&self, now: Timestamp) -> bool {
        let lasts = self.pause_until.is_none_or(|end| now < end);
        self.pause_from.is_some_and(|from| from <= now) && lasts
    }

    /// Whether any mail of the list is sent to them at that moment.
    pub fn receives_mail(&self, now: Timestamp) -> bool {
        let lasts = self.until.is_none_or(|end| now < end);
        let awake = match self.state {
            MemberState::Active => !self.pause_has_begun(now),
            MemberState::Paused => self.pause_until.is_some_and(|end| end <= now),
            MemberState::Bouncing | MemberState::Pending | MemberState::Left => false,
        };
        lasts && awake && self.medium.is_mail()
    }
}

/// Why a member setting was not taken. Says the key, the value and what would be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMemberSetting(pub String);

/// The keys `member set` takes for the membership itself (`name`, `email` and `language` are the person's).
pub const MEMBER_SETTINGS: &[&str] = &[
    "reading",
    "day",
    "hour",
    "role",
    "until",
    "pause_until",
    "digest_form",
    "quiet",
    "own_posts",
    "threads",
    "state",
    "together",
];

impl Membership {
    /// Changes one setting by its name; an empty value takes it back.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), InvalidMemberSetting> {
        let absent = value.is_empty();
        match key {
            "reading" => self.reading = word(key, value, "each, daily, weekly or none")?,
            "role" => self.role = word(key, value, "member or animator")?,
            "digest_form" => self.digest_form = word(key, value, "page, mime or plain")?,
            "threads" => self.threads = word(key, value, "all or first")?,
            "state" => self.state = word(key, value, "active, paused, bouncing, pending or left")?,
            "day" if absent => self.day = None,
            "day" => self.day = Some(word(key, value, "a day of the week in English, such as monday")?),
            "hour" if absent => self.hour = None,
            "hour" => match value.parse() {
                Ok(hour @ 0..=23) => self.hour = Some(hour),
                Ok(_) | Err(_) => return Err(wrong(key, value, "an hour from 0 to 23")),
            },
            "until" => {
                self.until = moment(key, value)?;
                self.ends_by_wish = false;
            }
            "pause_until" => self.pause_until = moment(key, value)?,
            "quiet" if absent => self.quiet = None,
            "quiet" => {
                let hour = |h: &str| h.parse::<u8>().is_ok_and(|h| h <= 23);
                if !value.split_once('-').is_some_and(|(from, to)| hour(from) && hour(to)) {
                    return Err(wrong(key, value, "hours such as 22-7"));
                }
                self.quiet = Some(value.to_owned());
            }
            "own_posts" => self.own_posts = yes_or_no(key, value)?,
            "together" => self.together = yes_or_no(key, value)?,
            _ => {
                return Err(InvalidMemberSetting(format!(
                    "a member has no setting {key:?}; there are name, email, language, {}",
                    MEMBER_SETTINGS.join(", ")
                )));
            }
        }
        Ok(())
    }
}

fn word<T: serde::de::DeserializeOwned>(
    key: &str,
    value: &str,
    choices: &str,
) -> Result<T, InvalidMemberSetting> {
    serde_json::from_value(serde_json::Value::from(value)).map_err(|_| wrong(key, value, choices))
}

/// Nothing takes the setting back.
fn yes_or_no(key: &str, value: &str) -> Result<Option<bool>, InvalidMemberSetting> {
    match value {
        "" => Ok(None),
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        _ => Err(wrong(key, value, "yes or no")),
    }
}

fn moment(key: &str, value: &str) -> Result<Option<Timestamp>, InvalidMemberSetting> {
    if value.is_empty() {
        return Ok(None);
    }
    let midnight = || Timestamp::parse_rfc3339(&format!("{value}T00:00:00Z"));
    Timestamp::parse_rfc3339(value)
        .or_else(midnight)
        .map(Some)
        .ok_or_else(|| wrong(key, value, "a day such as 2026-12-31"))
}

fn wrong(key: &str, value: &str, choices: &str) -> InvalidMemberSetting {
    InvalidMemberSetting(format!("{key} cannot be {value:?}: it takes {choices}"))
}
