//! A list: its address, its policies, and the words of its addresses.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::EmailAddress;
use super::ids::{ListId, PostId};
use super::time::{CivilDate, Timestamp};
use super::units;

/// The languages Parvis writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Language {
    /// Both, French first.
    pub const ALL: [Language; 2] = [Language::Fr, Language::En];

    /// The BCP 47 tag: `fr` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Fr => "fr",
            Language::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The words of the configuration, joined for a sentence.
            pub const WORDS: &str = concat_words!($($word),+);

            /// The word of the configuration.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            fn parse(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

macro_rules! concat_words {
    ($first:literal $(, $rest:literal)*) => { concat!($first $(, ", ", $rest)*) };
}

choice! {
    /// Who may write to the list.
    Posting {
        /// Whoever knows the address.
        Anyone = "anyone",
        /// Its members.
        Members = "members",
        /// Those who look after it.
        Animators = "animators",
    }
}
choice! {
    /// Which posts wait for an animator.
    Moderation {
        /// None of them.
        None = "none",
        /// The first one of somebody who joined by themselves.
        FirstPost = "first-post",
        /// Each.
        All = "all",
    }
}
choice! {
    /// How one becomes a member.
    Joining {
        /// By asking and confirming.
        Open = "open",
        /// By asking; an animator decides.
        Approval = "approval",
        /// By being added.
        Closed = "closed",
    }
}
choice! {
    /// Who may read the archive.
    ArchivePolicy {
        /// Everybody.
        Public = "public",
        /// Members.
        Members = "members",
        /// There is none.
        None = "none",
    }
}
choice! {
    /// Who may see who is a member.
    Roster {
        /// Nobody but the operator.
        Hidden = "hidden",
        /// Those who look after the list.
        Animators = "animators",
        /// Members.
        Members = "members",
    }
}
choice! {
    /// Where an answer goes.
    ReplyTo {
        /// To who wrote.
        Author = "author",
        /// To everybody.
        List = "list",
    }
}
choice! {
    /// What stands under a copy.
    Footer {
        /// One line: which group, how to leave.
        Short = "short",
        /// Nothing.
        None = "none",
    }
}
choice! {
    /// Whether a copy may differ from the post.
    Edits {
        /// Prefix and footer, where the list has them.
        Auto = "auto",
        /// Never: the author's signature survives.
        None = "none",
    }
}
choice! {
    /// What happens to large attachments.
    Attachments {
        /// Replaced by links into the archive.
        Link = "link",
        /// Sent to everybody.
        Keep = "keep",
        /// The post waits for an animator.
        Hold = "hold",
    }
}
choice! {
    /// Whether somebody edits the digest before it goes.
    Curation {
        /// Nobody.
        None = "none",
        /// The animators, by answering its draft.
        Draft = "draft",
    }
}
choice! {
    /// Whether first-time posters of a public archive are asked.
    Consent {
        /// They are.
        Ask = "ask",
        /// They are not.
        None = "none",
    }
}

/// A set of settings to begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preset {
    /// Members talk among themselves.
    #[default]
    Discussion,
    /// Few write, everybody reads.
    Announce,
    /// Like a discussion, and unknown to strangers.
    Private,
}

impl Preset {
    /// By its word on the command line.
    pub fn parse(word: &str) -> Option<Preset> {
        match word {
            "discussion" => Some(Preset::Discussion),
            "announce" => Some(Preset::Announce),
            "private" => Some(Preset::Private),
            _ => None,
        }
    }
}

/// Everything a list's keeper can choose. Names and values are those of `list set`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is described in docs/settings.md by its name")]
pub struct ListSettings {
    pub name: String,
    pub description: String,
    pub promise: String,
    pub language: Language,
    pub posting: Posting,
    pub moderation: Moderation,
    pub joining: Joining,
    pub archive: ArchivePolicy,
    #[serde(with = "yes_no")]
    pub listed: bool,
    pub roster: Roster,
    pub reply_to: ReplyTo,
    #[serde(with = "yes_no")]
    pub own_posts: bool,
    pub subject_prefix: String,
    pub footer: Footer,
    pub edits: Edits,
    pub attachments: Attachments,
    #[serde(with = "byte_size")]
    pub post_bytes_max: u64,
    pub digest_day: super::member::Day,
    pub digest_hour: u8,
    pub curation: Curation,
    pub edition_days: String,
    pub curation_wait: String,
    pub consent: Consent,
    #[serde(with = "yes_no")]
    pub noindex: bool,
    #[serde(with = "yes_no")]
    pub hold_all: bool,
    pub pace: String,
    pub retention: String,
    pub until: String,
}

/// Whether a list takes posts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListState {
    /// It does.
    Open,
    /// It can be read; nobody can write or join.
    Closed,
    /// It is gone for everybody; what it held is deleted 30 days later.
    Removed,
}

/// One community's list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct List {
    /// The number everything else knows it by.
    pub id: ListId,
    /// Where posts are sent.
    pub address: ListAddress,
    /// Whether it takes posts.
    pub state: ListState,
    /// When it was made.
    pub since: Timestamp,
    /// What its keeper chose.
    pub settings: ListSettings,
    /// How much of its archive everybody may read, where that is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
}

/// An archive that was for members, and was opened: what had been written before that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The first number a post can have that everybody may read.
    pub from: PostId,
    /// When the older ones may be read as well, as members were told; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<Timestamp>,
}

impl List {
    /// The first number a post can have that strangers may read; absent: all.
    pub fn open_from(&self) -> Option<PostId> {
        self.opening.map(|opening| opening.from)
    }
}

/// The address posts are sent to: `quartier@lists.example.org`, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ListAddress {
    name: String,
    domain: String,
}

/// Why a text cannot be a list's address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidListAddress {
    /// Not an address at all.
    #[error("{0:?} is not an address: write it as quartier@lists.example.org")]
    NotAnAddress(String),
    /// Not `[a-z0-9][a-z0-9-]{0,22}`.
    #[error("{0:?} cannot be a list's name: up to 23 small letters, digits and hyphens, the first no hyphen")]
    Name(String),
    /// A name that has another meaning.
    #[error("{0:?} cannot be a list's name: it has another meaning for mail")]
    Reserved(String),
}

impl ListAddress {
    /// Names of new lists are at most this long, so that their token addresses fit 64 bytes.
    pub const NAME_MAX: usize = 23;

    /// Names that are never a list.
    pub const RESERVED: &[&str] =
        &["postmaster", "abuse", "mailer-daemon", "parvis", "re", "bounces", "noreply"];

    /// The address of a new list.
    pub fn parse(text: &str) -> Result<ListAddress, InvalidListAddress> {
        let address =
            EmailAddress::parse(text).map_err(|_| InvalidListAddress::NotAnAddress(text.to_owned()))?;
        let address = ListAddress {
            name: address.local_part().to_ascii_lowercase(),
            domain: address.domain().to_ascii_lowercase(),
        };
        let name = &address.name;
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if name.len() > Self::NAME_MAX || name.starts_with('-') || !plain {
            return Err(InvalidListAddress::Name(name.clone()));
        }
        if Self::RESERVED.contains(&name.as_str()) {
            return Err(InvalidListAddress::Reserved(name.clone()));
        }
        Ok(address)
    }

    /// The part before the `@`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// An address beside the list's own: `quartier-stop@…` for `stop`.
    pub fn beside(&self, word: &str) -> String {
        format!("{}-{word}@{}", self.name, self.domain)
    }

    /// The List-Id, which never changes (RFC 2919 §2): `quartier.lists.example.org`.
    pub fn list_id(&self) -> String {
        format!("{}.{}", self.name, self.domain)
    }
}

impl fmt::Display for ListAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.domain)
    }
}

impl From<ListAddress> for String {
    fn from(address: ListAddress) -> String {
        address.to_string()
    }
}

impl TryFrom<String> for ListAddress {
    type Error = InvalidListAddress;
    fn try_from(text: String) -> Result<ListAddress, InvalidListAddress> {
        ListAddress::parse(&text)
    }
}

impl ListSettings {
    /// What a preset begins with.
    pub fn preset(preset: Preset, name: &str, language: Language) -> ListSettings {
        let mut settings = ListSettings {
            name: name.to_owned(),
            description: String::new(),
            promise: String::new(),
            language,
            posting: Posting::Members,
            moderation: Moderation::FirstPost,
            joining: Joining::Open,
            archive: ArchivePolicy::Members,
            listed: false,
            roster: Roster::Animators,
            reply_to: ReplyTo::List,
            own_posts: true,
            subject_prefix: String::new(),
            footer: Footer::Short,
            edits: Edits::Auto,
            attachments: Attachments::Link,
            post_bytes_max: 10 << 20,
            digest_day: super::member::Day::Monday,
            digest_hour: 8,
            curation: Curation::None,
            edition_days: "monday".to_owned(),
            curation_wait: "24 h".to_owned(),
            consent: Consent::Ask,
            noindex: false,
            hold_all: false,
            pace: String::new(),
            retention: "none".to_owned(),
            until: String::new(),
        };
        match preset {
            Preset::Discussion => {}
            Preset::Announce => {
                settings.posting = Posting::Animators;
                settings.moderation = Moderation::None;
                settings.archive = ArchivePolicy::Public;
                settings.listed = true;
                settings.roster = Roster::Hidden;
                settings.reply_to = ReplyTo::Author;
            }
            Preset::Private => {
                settings.joining = Joining::Approval;
                settings.roster = Roster::Members;
            }
        }
        settings
    }
}

/// Why a list setting was not taken. Says the key, the value and what would be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidListSetting(pub String);

impl ListSettings {
    /// The day the list closes by itself after.
    pub fn last_day(&self) -> Option<CivilDate> {
        let mut parts = self.until.splitn(3, '-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok()?;
        let day = parts.next()?.parse().ok()?;
        CivilDate::new(year, month, day)
    }

    /// For how many days posts are kept, a day that has begun counted whole; absent: for good.
    pub fn kept_days(&self) -> Option<u64> {
        units::parse_duration(&self.retention).map(|kept| kept.as_secs().div_ceil(86_400))
    }
}

impl ListSettings {
    /// The keys of `list set`, in the order they are shown.
    pub const KEYS: &[&str] = &[
        "name",
        "description",
        "promise",
        "language",
        "posting",
        "moderation",
        "joining",
        "archive",
        "listed",
        "roster",
        "reply_to",
        "own_posts",
        "subject_prefix",
        "footer",
        "edits",
        "attachments",
        "post_bytes_max",
        "digest_day",
        "digest_hour",
        "curation",
        "edition_days",
        "curation_wait",
        "consent",
        "noindex",
        "hold_all",
        "pace",
        "retention",
        "until",
    ];

    /// Changes one setting by its name.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), InvalidListSetting> {
        let value = value.trim();
        let wrong =
            |choices: &str| InvalidListSetting(format!("{key} cannot be {value:?}: it takes {choices}"));
        let text = |bytes_max: usize| {
            let fits = value.len() <= bytes_max && !value.chars().any(char::is_control);
            fits.then(|| value.to_owned())
                .ok_or_else(|| wrong(&format!("one line of at most {bytes_max} bytes")))
        };
        let yes_no = || match value {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(wrong("yes or no")),
        };
        match key {
            "name" if value.is_empty() => return Err(wrong("a name people know the group by")),
            "name" => self.name = text(100)?,
            "description" => self.description = text(500)?,
            "promise" => self.promise = text(500)?,
            "subject_prefix" => self.subject_prefix = text(50)?,
            "language" => match value {
                "fr" => self.language = Language::Fr,
                "en" => self.language = Language::En,
                _ => return Err(wrong("fr or en")),
            },
            "posting" => self.posting = Posting::parse(value).ok_or_else(|| wrong(Posting::WORDS))?,
            "moderation" => {
                self.moderation = Moderation::parse(value).ok_or_else(|| wrong(Moderation::WORDS))?
            }
            "joining" => self.joining = Joining::parse(value).ok_or_else(|| wrong(Joining::WORDS))?,
            "archive" => {
                self.archive = ArchivePolicy::parse(value).ok_or_else(|| wrong(ArchivePolicy::WORDS))?
            }
            "listed" => self.listed = yes_no()?,
            "roster" => self.roster = Roster::parse(value).ok_or_else(|| wrong(Roster::WORDS))?,
            "reply_to" => self.reply_to = ReplyTo::parse(value).ok_or_else(|| wrong(ReplyTo::WORDS))?,
            "own_posts" => self.own_posts = yes_no()?,
            "footer" => self.footer = Footer::parse(value).ok_or_else(|| wrong(Footer::WORDS))?,
            "edits" => self.edits = Edits::parse(value).ok_or_else(|| wrong(Edits::WORDS))?,
            "attachments" => {
                self.attachments = Attachments::parse(value).ok_or_else(|| wrong(Attachments::WORDS))?
            }
            "post_bytes_max" => {
                let size = units::parse_size(value).filter(|size| *size >= 64 << 10);
                self.post_bytes_max =
                    size.ok_or_else(|| wrong("a size of 64 KiB or more, such as 10 MiB"))?;
            }
            "digest_day" => {
                let day = serde_json::from_value(serde_json::Value::from(value));
                self.digest_day = day.map_err(|_| wrong("a day of the week in English, such as monday"))?;
            }
            "digest_hour" => {
                let hour = value.parse().ok().filter(|hour| *hour <= 23);
                self.digest_hour = hour.ok_or_else(|| wrong("an hour from 0 to 23"))?;
            }
            "curation" => self.curation = Curation::parse(value).ok_or_else(|| wrong(Curation::WORDS))?,
            "edition_days" => {
                let day =
                    |d: &str| serde_json::from_value::<super::member::Day>(serde_json::Value::from(d.trim()));
                if !value.split(',').all(|d| day(d).is_ok()) {
                    return Err(wrong("days of the week in English with commas between"));
                }
                self.edition_days = value.split(',').map(str::trim).collect::<Vec<_>>().join(",");
            }
            "curation_wait" => {
                if units::parse_duration(value).is_none() {
                    return Err(wrong("a time such as 24 h"));
                }
                self.curation_wait = value.to_owned();
            }
            "consent" => self.consent = Consent::parse(value).ok_or_else(|| wrong(Consent::WORDS))?,
            "noindex" => self.noindex = yes_no()?,
            "hold_all" => self.hold_all = yes_no()?,
            "pace" => {
                if !value.is_empty() && !value.parse::<u32>().is_ok_and(|n| n > 0) {
                    return Err(wrong(
                        "a number of posts per author in ten minutes, or nothing for no limit",
                    ));
                }
                self.pace = value.to_owned();
            }
            "retention" => {
                if value != "none" && units::parse_duration(value).is_none() {
                    return Err(wrong("none, or a time such as 365 days"));
                }
                self.retention = value.to_owned();
            }
            "until" => {
                if !value.is_empty() && Timestamp::parse_rfc3339(&format!("{value}T00:00:00Z")).is_none() {
                    return Err(wrong("a day such as 2026-12-31, or nothing"));
                }
                self.until = value.to_owned();
            }
            _ => return Err(unknown_setting(key)),
        }
        Ok(())
    }

    /// Every setting by its name, as `list set` would take it.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let json = serde_json::to_value(self).expect("plain data");
        let word = |key: &str| json[key].as_str().map_or_else(|| json[key].to_string(), str::to_owned);
        Self::KEYS.iter().map(|key| (*key, word(key))).collect()
    }
}

fn unknown_setting(key: &str) -> InvalidListSetting {
    let hint = match units::nearest(key, ListSettings::KEYS) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", ListSettings::KEYS.join(", ")),
    };
    InvalidListSetting(format!("a list has no setting {key:?}; {hint}"))
}

/// `yes` and `no` in files and on the command line, a `bool` in here.
mod yes_no {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *value { "yes" } else { "no" })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        match <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.as_ref() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(de::Error::custom("neither yes nor no")),
        }
    }
}

/// `10 MiB` in files and on the command line, bytes in here.
mod byte_size {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::units;

    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&units::show_size(*value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        units::parse_size(&text).ok_or_else(|| de::Error::custom("not a size"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_shown_and_set_again() {
        for preset in [Preset::Discussion, Preset::Announce, Preset::Private] {
            let settings = ListSettings::preset(preset, "Le quartier", Language::Fr);
            let mut again = ListSettings::preset(Preset::Discussion, "x", Language::En);
            for (key, value) in settings.values() {
                again.set(key, &value).unwrap_or_else(|e| panic!("{e}"));
            }
            assert_eq!(again, settings);
        }
    }

    #[test]
    fn a_wrong_setting_is_told_what_would_be_right() {
        let mut settings = ListSettings::preset(Preset::Discussion, "x", Language::Fr);
        for (key, value, sentence) in [
            ("posting", "member", "posting cannot be \"member\": it takes anyone, members, animators"),
            ("postings", "members", "a list has no setting \"postings\"; did you mean posting?"),
            ("listed", "maybe", "listed cannot be \"maybe\": it takes yes or no"),
            ("digest_hour", "24", "digest_hour cannot be \"24\": it takes an hour from 0 to 23"),
        ] {
            assert_eq!(settings.set(key, value), Err(InvalidListSetting(sentence.to_owned())));
        }
    }

    #[test]
    fn names_that_cannot_be_a_list() {
        assert!(ListAddress::parse("Quartier@Lists.Example.org").is_ok());
        for text in [
            "postmaster@x.example",
            "-a@x.example",
            "a_b@x.example",
            "x",
            "abcdefghijklmnopqrstuvwx@x.example",
        ] {
            assert!(ListAddress::parse(text).is_err(), "{text}");
        }
    }
}
