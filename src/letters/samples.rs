//! One neighbourhood and its people, so that every letter can be read before anybody gets it.

mod care;
mod draft;
mod exchange;
mod of_digests;
mod orders;

use super::care::WaitingItem;
use super::exchange::Whereabout;
use super::facts::Facts;
use super::finding::{FoundEdition, FoundItem, PostAskedFor};
use super::history::HistoryEntry;
use super::kinds::{
    Arrival, Check, Departure, Farewell, Group, Held, Letter, LetterKind, NowAnimator, Refused, Welcome,
    WhyHeld,
};
use super::message::{AutoSubmitted, Frame, ListHeaders, Mailbox, Unsubscribe};
use super::orders::{MemberRow, OrderLine};
use super::recovery::{Recovery, RecoveryTurn};
use super::{LetterMail, Letters};
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::list::{ArchivePolicy, Language, ListAddress, Posting};
use crate::domain::member::Reading;
use crate::domain::time::{Timestamp, Zone};

/// A letter with facts made up for it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Its language.
    pub language: Language,
    /// Which letter.
    pub kind: LetterKind,
    /// The letter's name, and what is particular here: `held-unproven`.
    pub name: &'static str,
}

/// What the samples are made from, in one language.
struct Neighbourhood {
    address: ListAddress,
    name: &'static str,
    promise: &'static str,
    title: &'static str,
    words: &'static str,
    archive: &'static str,
    join: String,
    service: EmailAddress,
    token: EmailAddress,
    stop: EmailAddress,
    reader: EmailAddress,
    message_id: MessageId,
    post_id: MessageId,
    zone: Zone,
    now: Timestamp,
    whereabouts: Vec<Whereabout>,
    sought: &'static str,
    found: Vec<FoundItem>,
    found_editions: Vec<FoundEdition>,
    asked_for: Vec<PostAskedFor>,
    waiting: Vec<WaitingItem>,
    titles: Vec<(usize, String)>,
    handed: Vec<String>,
    ordered: Vec<OrderLine>,
    history: Vec<HistoryEntry>,
    rows: Vec<MemberRow>,
}

const SAMPLES: &[(LetterKind, &str)] = &[
    (LetterKind::Welcome, "welcome"),
    (LetterKind::Welcome, "welcome-by-operator"),
    (LetterKind::Welcome, "welcome-imported"),
    (LetterKind::Welcome, "welcome-confirmed"),
    (LetterKind::Farewell, "farewell"),
    (LetterKind::Farewell, "farewell-removed"),
    (LetterKind::Farewell, "farewell-ended"),
    (LetterKind::Held, "held"),
    (LetterKind::Held, "held-moderated"),
    (LetterKind::Held, "held-all"),
    (LetterKind::Held, "held-unproven"),
    (LetterKind::Held, "held-too-large"),
    (LetterKind::Held, "held-attachment"),
    (LetterKind::Held, "held-odd-form"),
    (LetterKind::Held, "held-not-a-member"),
    (LetterKind::Held, "held-pace"),
    (LetterKind::Held, "held-unwanted"),
    (LetterKind::Held, "held-slow"),
    (LetterKind::Held, "held-disclosing"),
    (LetterKind::Refused, "refused"),
    (LetterKind::Refused, "refused-without-words"),
    (LetterKind::NowAnimator, "now-animator"),
    (LetterKind::NowAnimator, "now-animator-alone"),
    (LetterKind::AskJoin, "ask-join"),
    (LetterKind::AskJoin, "ask-join-public"),
    (LetterKind::AskJoin, "ask-join-invited"),
    (LetterKind::AskLeave, "ask-leave"),
    (LetterKind::AskWish, "ask-wish"),
    (LetterKind::AskWish, "ask-wish-pause"),
    (LetterKind::AskWhich, "ask-which"),
    (LetterKind::AskAdmit, "ask-admit"),
    (LetterKind::Help, "help"),
    (LetterKind::Settings, "settings"),
    (LetterKind::Settings, "settings-paused"),
    (LetterKind::Settings, "settings-away-soon"),
    (LetterKind::Done, "done"),
    (LetterKind::Done, "done-pause"),
    (LetterKind::Done, "done-mute"),
    (LetterKind::Done, "done-last-day"),
    (LetterKind::Done, "done-hour"),
    (LetterKind::Done, "done-edition"),
    (LetterKind::NoMember, "no-member"),
    (LetterKind::AskForget, "ask-forget"),
    (LetterKind::MyData, "my-data"),
    (LetterKind::MyData, "my-data-large"),
    (LetterKind::Forgotten, "forgotten"),
    (LetterKind::Forgotten, "forgotten-withdrawn"),
    (LetterKind::AskConsent, "ask-consent"),
    (LetterKind::Opening, "opening"),
    (LetterKind::KeptBack, "kept-back"),
    (LetterKind::SetRight, "set-right"),
    (LetterKind::SetRight, "set-right-not-found"),
    (LetterKind::AskYours, "ask-yours"),
    (LetterKind::AskEither, "ask-either"),
    (LetterKind::AskEither, "ask-either-join"),
    (LetterKind::Unchanged, "unchanged"),
    (LetterKind::PassedOn, "passed-on"),
    (LetterKind::PassedOn, "passed-on-to-two"),
    (LetterKind::PassedOn, "passed-on-alone"),
    (LetterKind::JoinWaits, "join-waits"),
    (LetterKind::JoinWaits, "join-waits-for-two"),
    (LetterKind::NoEntry, "no-entry"),
    (LetterKind::NoEntry, "no-entry-declined"),
    (LetterKind::EndsSoon, "ends-soon"),
    (LetterKind::EndsSoon, "ends-soon-wished"),
    (LetterKind::TooLate, "too-late"),
    (LetterKind::TooLate, "too-late-edition"),
    (LetterKind::Whereabouts, "whereabouts"),
    (LetterKind::Whereabouts, "whereabouts-none"),
    (LetterKind::Found, "found"),
    (LetterKind::Found, "found-nothing"),
    (LetterKind::AskedFor, "asked-for"),
    (LetterKind::AskedFor, "asked-for-thread"),
    (LetterKind::WhichItem, "which-item"),
    (LetterKind::PrivateWord, "private-word"),
    (LetterKind::AskWord, "ask-word"),
    (LetterKind::NotPassed, "not-passed"),
    (LetterKind::WentOut, "went-out"),
    (LetterKind::AskSummary, "ask-summary"),
    (LetterKind::WentOut, "went-out-on-paper"),
    (LetterKind::TakenBack, "taken-back"),
    (LetterKind::TakenBack, "taken-back-too-late"),
    (LetterKind::AskSame, "ask-same"),
    (LetterKind::AskSame, "ask-same-moves"),
    (LetterKind::LookAt, "look-at"),
    (LetterKind::LookAt, "look-at-all"),
    (LetterKind::LookAt, "look-at-unproven"),
    (LetterKind::LookAt, "look-at-slow"),
    (LetterKind::LookAt, "look-at-disclosing"),
    (LetterKind::LookWords, "look-words"),
    (LetterKind::LookWords, "look-words-unread"),
    (LetterKind::Decided, "decided"),
    (LetterKind::Decided, "decided-by-reader"),
    (LetterKind::Decided, "decided-refused"),
    (LetterKind::Decided, "decided-dealt-with"),
    (LetterKind::Decided, "decided-taken-back"),
    (LetterKind::Word, "word"),
    (LetterKind::WordBack, "word-back"),
    (LetterKind::Waiting, "waiting"),
    (LetterKind::Waiting, "waiting-one"),
    (LetterKind::NotLooked, "not-looked"),
    (LetterKind::NotLooked, "not-looked-joining"),
    (LetterKind::TopicClosed, "topic-closed"),
    (LetterKind::Probe, "probe"),
    (LetterKind::Unreached, "unreached"),
    (LetterKind::NotWanted, "not-wanted"),
    (LetterKind::AskOrders, "ask-orders"),
    (LetterKind::AskOrders, "ask-orders-unclear"),
    (LetterKind::AskOrders, "ask-orders-topic"),
    (LetterKind::OrdersDone, "orders-done"),
    (LetterKind::OrdersDone, "orders-done-some"),
    (LetterKind::OrdersDone, "orders-done-none"),
    (LetterKind::Members, "members"),
    (LetterKind::Members, "members-names"),
    (LetterKind::Members, "members-count"),
    (LetterKind::History, "history"),
    (LetterKind::History, "history-none"),
    (LetterKind::Overview, "overview"),
    (LetterKind::Overview, "overview-quiet"),
    (LetterKind::Recalled, "recalled"),
    (LetterKind::Recalled, "recalled-own"),
    (LetterKind::Recalled, "recalled-of-reader"),
    (LetterKind::Recalled, "recalled-late"),
    (LetterKind::Postmaster, "postmaster"),
    (LetterKind::SetAside, "set-aside"),
    (LetterKind::SignIn, "sign-in"),
    (LetterKind::Draft, "draft"),
    (LetterKind::Draft, "draft-again"),
    (LetterKind::Check, "check"),
    (LetterKind::Recovery, "recovery"),
    (LetterKind::Recovery, "recovery-differs"),
    (LetterKind::Recovery, "recovery-failed"),
    (LetterKind::Recovery, "recovery-unrehearsed"),
];

/// Every letter in every language, with each of its turns.
pub fn samples() -> Vec<Sample> {
    let of = |language| SAMPLES.iter().map(move |&(kind, name)| Sample { language, kind, name });
    Language::ALL.into_iter().flat_map(of).collect()
}

impl Sample {
    /// The letter, written.
    pub fn compose(&self, letters: &Letters) -> LetterMail {
        let place = Neighbourhood::of(self.language);
        letters.compose(self.letter(&place), &self.frame(&place))
    }

    pub(super) fn facts(&self) -> Facts {
        let place = Neighbourhood::of(self.language);
        self.letter(&place).facts(&self.frame(&place))
    }

    fn letter<'a>(&self, place: &'a Neighbourhood) -> Letter<'a> {
        let group = Group { name: place.name, address: &place.address };
        match self.kind {
            LetterKind::Welcome => Letter::Welcome(self.welcome(place, group)),
            LetterKind::Farewell => Letter::Farewell(Farewell {
                group,
                departure: match self.name {
                    "farewell" => Departure::Left,
                    "farewell-ended" => Departure::Ended,
                    _ => Departure::Removed,
                },
                back_until: Timestamp::from_seconds(place.now.seconds() + 7 * 86_400),
                join_address: (self.name == "farewell").then_some(place.join.as_str()),
            }),
            LetterKind::Held => Letter::Held(Held {
                group,
                title: if self.name == "held-pace" { "" } else { place.title },
                why: self.why(),
                animators: if self.name == "held-all" { &[] } else { &["Claire Martin"] },
            }),
            LetterKind::Refused => Letter::Refused(Refused {
                group,
                title: place.title,
                words: if self.name == "refused" { place.words } else { "" },
                by: (self.name == "refused").then_some("Claire Martin"),
            }),
            LetterKind::NowAnimator => Letter::NowAnimator(NowAnimator {
                group,
                others: if self.name == "now-animator" { &["Claire Martin", "Paul Petit"] } else { &[] },
                host: place.address.domain(),
            }),
            LetterKind::AskJoin
            | LetterKind::AskLeave
            | LetterKind::AskWish
            | LetterKind::AskWhich
            | LetterKind::AskAdmit
            | LetterKind::Help
            | LetterKind::Settings
            | LetterKind::Done
            | LetterKind::NoMember
            | LetterKind::AskForget
            | LetterKind::MyData
            | LetterKind::Forgotten
            | LetterKind::AskConsent
            | LetterKind::Opening
            | LetterKind::KeptBack
            | LetterKind::SetRight
            | LetterKind::AskYours
            | LetterKind::AskEither
            | LetterKind::Unchanged
            | LetterKind::PassedOn
            | LetterKind::JoinWaits
            | LetterKind::NoEntry
            | LetterKind::EndsSoon
            | LetterKind::TooLate
            | LetterKind::Whereabouts
            | LetterKind::Found
            | LetterKind::AskedFor
            | LetterKind::TakenBack
            | LetterKind::AskSame
            | LetterKind::SignIn => exchange::letter(self.kind, self.name, place, group),
            LetterKind::Recovery => {
                Letter::Recovery(recovery(self.name, self.language, place.address.domain()))
            }
            LetterKind::LookAt
            | LetterKind::LookWords
            | LetterKind::Decided
            | LetterKind::Word
            | LetterKind::WordBack
            | LetterKind::Waiting
            | LetterKind::NotLooked
            | LetterKind::TopicClosed
            | LetterKind::Probe
            | LetterKind::Unreached
            | LetterKind::NotWanted
            | LetterKind::Postmaster
            | LetterKind::SetAside => Letter::Care(care::letter(self.name, place, group)),
            LetterKind::WhichItem
            | LetterKind::PrivateWord
            | LetterKind::AskWord
            | LetterKind::NotPassed
            | LetterKind::WentOut
            | LetterKind::AskSummary => {
                Letter::Digest(of_digests::letter(self.kind, self.name, place, group))
            }
            LetterKind::AskOrders
            | LetterKind::OrdersDone
            | LetterKind::Members
            | LetterKind::History
            | LetterKind::Overview
            | LetterKind::Recalled => Letter::Order(orders::letter(self.name, self.language, place, group)),
            LetterKind::Draft => Letter::Draft(draft::letter(self.name, group, place.now)),
            LetterKind::Check => Letter::Check(Check {
                host: place.address.domain(),
                found: "MX – lilas.example has no MX record\n\
                        → lilas.example. 3600 IN MX 10 lilas.example.",
            }),
        }
    }

    fn welcome<'a>(&self, place: &'a Neighbourhood, group: Group<'a>) -> Welcome<'a> {
        let plain = Welcome {
            group,
            arrival: Arrival::AddedBy("Claire Martin"),
            promise: place.promise,
            animators: &["Claire Martin"],
            posting: Posting::Members,
            archive: ArchivePolicy::Members,
            archive_url: Some(place.archive),
            kept_days: None,
            reading: Reading::Each,
        };
        match self.name {
            "welcome-by-operator" => Welcome {
                arrival: Arrival::AddedByOperator(place.address.domain()),
                promise: "",
                animators: &[],
                archive: ArchivePolicy::None,
                archive_url: None,
                reading: Reading::Weekly,
                ..plain
            },
            "welcome-imported" => Welcome {
                arrival: Arrival::Imported,
                animators: &["Claire Martin", "Paul Petit"],
                posting: Posting::Animators,
                archive: ArchivePolicy::Public,
                kept_days: Some(365),
                reading: Reading::Daily,
                ..plain
            },
            "welcome-confirmed" => {
                Welcome { arrival: Arrival::Confirmed, archive_url: None, reading: Reading::None, ..plain }
            }
            _ => plain,
        }
    }

    fn why(&self) -> WhyHeld {
        match self.name {
            "held-moderated" => WhyHeld::Moderated,
            "held-all" => WhyHeld::HoldAll,
            "held-unproven" => WhyHeld::Unproven,
            "held-too-large" => WhyHeld::TooLarge(10 << 20),
            "held-attachment" => WhyHeld::Attachment,
            "held-odd-form" => WhyHeld::OddForm,
            "held-not-a-member" => WhyHeld::NotAMember,
            "held-pace" => WhyHeld::Pace,
            "held-unwanted" => WhyHeld::Unwanted,
            "held-slow" => WhyHeld::SlowThread,
            "held-disclosing" => WhyHeld::Disclosing,
            _ => WhyHeld::FirstPost,
        }
    }

    fn frame<'a>(&self, place: &'a Neighbourhood) -> Frame<'a> {
        let answers = matches!(self.kind, LetterKind::Held | LetterKind::Refused).then_some(&place.post_id);
        let member = self.kind != LetterKind::Farewell;
        let unsubscribe = Unsubscribe { mail: &place.stop, one_click: None };
        Frame {
            language: self.language,
            to: Mailbox { name: "Marcel Dupont", address: &place.reader },
            from: Mailbox { name: place.name, address: &place.service },
            reply_to: Some(&place.token),
            list: Some(ListHeaders {
                name: place.name,
                address: &place.address,
                archive: Some(place.archive),
                unsubscribe: member.then_some(unsubscribe),
            }),
            message_id: &place.message_id,
            date: place.now,
            zone: &place.zone,
            in_reply_to: answers,
            references: &[],
            auto: if answers.is_some() { AutoSubmitted::Replied } else { AutoSubmitted::Generated },
        }
    }
}

impl Neighbourhood {
    fn of(language: Language) -> Neighbourhood {
        const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234567";
        let (short, help, stop, join) = match language {
            Language::Fr => ("quartier", "aide", "stop", "inscription"),
            Language::En => ("commons", "help", "leave", "join"),
        };
        let beside = |word: &str| email(&format!("{short}-{word}@lilas.example"));
        let (name, promise, title, words, archive) = match language {
            Language::Fr => (
                "Le quartier des Lilas",
                "deux ou trois messages par semaine, entre voisines et voisins, et jamais de publicité.",
                "Vide-grenier dimanche",
                "Bonjour Marcel, le vide-grenier est déjà annoncé\u{a0}: voyez le message de Jeanne.\n\
                 Parlez-en plutôt en lui répondant\u{202f}?",
                "https://lilas.example/quartier/",
            ),
            Language::En => (
                "The Elm Street commons",
                "two or three messages a week, between neighbours, and never any advertising.",
                "Jumble sale on Sunday",
                "Hello Marcel, the jumble sale has been announced already: see Jane’s message.\n\
                 Would you rather answer hers?",
                "https://lilas.example/commons/",
            ),
        };
        let now = Timestamp::parse_rfc3339("2026-11-22T18:30:00+01:00").expect("written here");
        Neighbourhood {
            address: ListAddress::parse(&format!("{short}@lilas.example")).expect("written here"),
            name,
            promise,
            title,
            words,
            archive,
            join: format!("{short}-{join}@lilas.example"),
            service: beside(help),
            token: email(&format!("{short}+{TOKEN}@lilas.example")),
            stop: email(&format!("{short}-{stop}+{TOKEN}@lilas.example")),
            reader: email("marcel@courrier.example"),
            message_id: MessageId::parse("sample@lilas.example").expect("written here"),
            post_id: MessageId::parse("vide-grenier@courrier.example").expect("written here"),
            zone: Zone::parse("Europe/Paris").expect("bundled"),
            now,
            whereabouts: exchange::whereabouts(title, words),
            sought: exchange::sought(language),
            found: exchange::found(language),
            found_editions: exchange::found_editions(language),
            asked_for: exchange::asked_for(language),
            waiting: care::waiting(title, now),
            titles: vec![(1, title.to_owned()), (2, of_digests::OTHER_TITLE.to_owned())],
            handed: of_digests::HANDED.map(str::to_owned).to_vec(),
            ordered: orders::ordered(title),
            history: orders::history(title, now),
            rows: orders::rows(),
        }
    }
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("written here")
}

fn recovery<'a>(name: &str, language: Language, host: &'a str) -> Recovery<'a> {
    let (of, counts) = match language {
        Language::Fr => ("dimanche 22 novembre à 3\u{a0}h", "2 groupes, 48 membres et 3120 messages"),
        Language::En => ("Sunday 22 November at 3 am", "2 groups, 48 members and 3120 posts"),
    };
    let rehearsed = |turn| Recovery {
        of,
        counts,
        took: "12\u{a0}s",
        file: "/srv/copies/2026-11-22T020000Z",
        steps: "parvis restore /srv/copies/2026-11-22T020000Z --dir /var/lib/parvis\n\
                parvis --config /var/lib/parvis/parvis.toml serve\n\
                parvis queue release --newer-than 2026-11-22",
        records: "lilas.example. 3600 IN A 192.0.2.1",
        ..Recovery::empty(host, turn)
    };
    match name {
        "recovery-differs" => Recovery {
            found: "anne@voisins.example, member of quartier@lilas.example, is missing in the copy",
            ..rehearsed(RecoveryTurn::Differs)
        },
        "recovery-failed" => Recovery {
            found: "cannot write to /srv/copies, No space left on device",
            file: "/srv/copies",
            ..Recovery::empty(host, RecoveryTurn::Failed)
        },
        "recovery-unrehearsed" => {
            Recovery { file: "/srv/copies", ..Recovery::empty(host, RecoveryTurn::Unrehearsed) }
        }
        _ => rehearsed(RecoveryTurn::Good),
    }
}
