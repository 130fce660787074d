//! Sample facts for the letters of a conversation.

use super::Neighbourhood;
use crate::domain::list::{ArchivePolicy, Language};
use crate::domain::member::{Day, DigestForm, Reading};
use crate::domain::time::Timestamp;
use crate::domain::wish::Fixed;
use crate::domain::wish::{Heed, Threads};
use crate::letters::acts::Act;
use crate::letters::exchange::{
    AskAdmit, AskJoin, AskLeave, AskSame, AskWhich, AskWish, Done, EndsSoon, GoneEdition, Help, JoinWaits,
    NoEntry, NoMember, Pause, Settings, SignIn, TakenBack, TooLate, Whereabout, Whereabouts, Whereto,
    WhyNoEntry,
};
use crate::letters::finding::{AskedFor, Found, FoundEdition, FoundItem, PostAskedFor};
use crate::letters::kinds::{Group, Letter, LetterKind};
use crate::letters::rights::{
    AskConsent, AskEither, AskForget, AskYours, Forgotten, KeptBack, MyData, OpeningSoon, PassedOn, SetRight,
    Unchanged, WrittenTo,
};

pub(super) fn letter<'a>(
    kind: LetterKind,
    name: &'static str,
    place: &'a Neighbourhood,
    group: Group<'a>,
) -> Letter<'a> {
    let week_on = Timestamp::from_seconds(place.now.seconds() + 7 * 86_400);
    match kind {
        LetterKind::AskJoin => Letter::AskJoin(AskJoin {
            group,
            invited_by: (name == "ask-join-invited").then_some("Claire Martin"),
            promise: if name == "ask-join" { place.promise } else { "" },
            archive: if name == "ask-join-public" { ArchivePolicy::Public } else { ArchivePolicy::Members },
            kept_days: (name == "ask-join-public").then_some(365),
            host: place.address.domain(),
            until: week_on,
        }),
        LetterKind::AskLeave => Letter::AskLeave(AskLeave { group }),
        LetterKind::AskWish => Letter::AskWish(AskWish {
            group: Some(group),
            act: match name {
                "ask-wish" => Act::Read(Reading::Weekly, Some(Day::Friday), None),
                _ => Act::Pause(None, Some(week_on)),
            },
        }),
        LetterKind::AskWhich => Letter::AskWhich(AskWhich {
            groups: &["quartier@lilas.example", "jardin@lilas.example"],
            act: Act::Leave,
        }),
        LetterKind::AskAdmit => Letter::AskAdmit(AskAdmit { group, address: "jeanne@courrier.example" }),
        LetterKind::Settings => Letter::Settings(settings(name, place, group, week_on)),
        LetterKind::Done => Letter::Done(Done {
            group: Some(group),
            act: match name {
                "done" => Act::Read(Reading::Daily, None, None),
                "done-pause" => Act::Pause(None, None),
                "done-last-day" => Act::End(Some(week_on)),
                "done-hour" | "done-edition" => Act::Read(Reading::Weekly, Some(Day::Friday), Some(18)),
                _ => Act::Heed(Heed::Mute, place.title),
            },
            curated: name == "done-edition",
        }),
        LetterKind::NoMember => {
            Letter::NoMember(NoMember { group: Some(group), join_address: Some(place.join.as_str()) })
        }
        LetterKind::AskForget
        | LetterKind::MyData
        | LetterKind::Forgotten
        | LetterKind::AskConsent
        | LetterKind::Opening
        | LetterKind::KeptBack
        | LetterKind::SetRight
        | LetterKind::AskYours
        | LetterKind::AskEither
        | LetterKind::Unchanged
        | LetterKind::PassedOn => rights(kind, name, place, group, week_on),
        LetterKind::JoinWaits => Letter::JoinWaits(JoinWaits { group, animators: animators(name) }),
        LetterKind::NoEntry => Letter::NoEntry(NoEntry {
            group,
            why: if name == "no-entry" { WhyNoEntry::Closed } else { WhyNoEntry::Declined },
        }),
        LetterKind::EndsSoon => {
            Letter::EndsSoon(EndsSoon { group, until: week_on, by_wish: name == "ends-soon-wished" })
        }
        LetterKind::TooLate => Letter::TooLate(TooLate {
            group: Some(group),
            edition: (name == "too-late-edition").then_some(GoneEdition {
                number: 12,
                title: place.title,
                at: place.now,
            }),
        }),
        LetterKind::Whereabouts => Letter::Whereabouts(Whereabouts {
            group: Some(group),
            posts: if name == "whereabouts" { &place.whereabouts } else { &[] },
        }),
        LetterKind::Found => found_letter(name, place, group),
        LetterKind::AskedFor => asked_for_letter(name, place, group),
        LetterKind::TakenBack => Letter::TakenBack(TakenBack { group, in_time: name == "taken-back" }),
        LetterKind::SignIn => Letter::SignIn(SignIn {
            host: place.address.domain(),
            link: "https://lilas.example/in/abcdefghijklmnopqrstuvwxyz234567",
            until: place.now + std::time::Duration::from_secs(1_800),
        }),
        LetterKind::AskSame => Letter::AskSame(AskSame {
            group: Some(group),
            address: "marcel.dupont@travail.example",
            moves: name == "ask-same-moves",
        }),
        LetterKind::Help
        | LetterKind::LookAt
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
        | LetterKind::AskOrders
        | LetterKind::OrdersDone
        | LetterKind::Members
        | LetterKind::History
        | LetterKind::Overview
        | LetterKind::Recalled
        | LetterKind::Postmaster
        | LetterKind::SetAside
        | LetterKind::Check
        | LetterKind::Recovery
        | LetterKind::Draft
        | LetterKind::WhichItem
        | LetterKind::PrivateWord
        | LetterKind::AskWord
        | LetterKind::NotPassed
        | LetterKind::WentOut
        | LetterKind::AskSummary
        | LetterKind::Welcome
        | LetterKind::Farewell
        | LetterKind::Held
        | LetterKind::Refused
        | LetterKind::NowAnimator => Letter::Help(Help { group: Some(group), host: place.address.domain() }),
    }
}

/// The letters about what is kept, and about words for people.
#[allow(clippy::wildcard_enum_match_arm, reason = "the caller sends no other letter here")]
fn rights<'a>(
    kind: LetterKind,
    name: &'static str,
    place: &'a Neighbourhood,
    group: Group<'a>,
    week_on: Timestamp,
) -> Letter<'a> {
    let host = place.address.domain();
    match kind {
        LetterKind::MyData => {
            Letter::MyData(MyData { host, left_out: if name == "my-data" { 0 } else { 3 } })
        }
        LetterKind::Forgotten => {
            Letter::Forgotten(Forgotten { host, withdrawn: name == "forgotten-withdrawn" })
        }
        LetterKind::AskConsent => {
            Letter::AskConsent(AskConsent { group, title: place.title, until: week_on })
        }
        LetterKind::Opening => Letter::Opening(OpeningSoon { group, own: 12, until: week_on }),
        LetterKind::SetRight => Letter::SetRight(SetRight {
            group,
            title: place.title,
            thread: place.title,
            page: "https://lists.example.org/quartier/m/4711%40courrier.example/",
            fixed: if name == "set-right" { Fixed::Moved } else { Fixed::NoSuchThread },
        }),
        LetterKind::KeptBack => Letter::KeptBack(KeptBack { group, posts: 12 }),
        LetterKind::AskYours => Letter::AskYours(AskYours { group, title: place.title, people: 312 }),
        LetterKind::AskEither => Letter::AskEither(AskEither {
            group,
            act: Act::Read(Reading::Daily, None, None),
            at: if name == "ask-either-join" { WrittenTo::Join } else { WrittenTo::Leave },
        }),
        LetterKind::Unchanged => Letter::Unchanged(Unchanged { group: Some(group) }),
        LetterKind::PassedOn => Letter::PassedOn(PassedOn {
            group: Some(group),
            animators: animators(name),
            alone: name == "passed-on-alone",
        }),
        _ => Letter::AskForget(AskForget { host }),
    }
}

/// One, or two where the sample says so.
fn animators(name: &str) -> &'static [&'static str] {
    if name.ends_with("-two") { &["Claire Martin", "Anne Petit"] } else { &["Claire Martin"] }
}

fn settings<'a>(name: &str, place: &'a Neighbourhood, group: Group<'a>, week_on: Timestamp) -> Settings<'a> {
    let plain = Settings {
        group,
        address: place.reader.as_str(),
        reading: Reading::Each,
        curated: false,
        day: Day::Monday,
        hour: 8,
        form: DigestForm::Page,
        together: false,
        own_posts: true,
        ends_by_wish: false,
        pause: Pause::No,
        quiet: None,
        threads: Threads::All,
        until: None,
        since: place.now,
    };
    match name {
        "settings-paused" => Settings {
            reading: Reading::Weekly,
            day: Day::Sunday,
            hour: 18,
            together: true,
            form: DigestForm::Plain,
            ends_by_wish: true,
            pause: Pause::Until(week_on),
            quiet: Some("22-7"),
            until: Some(week_on),
            ..plain
        },
        "settings-away-soon" => {
            Settings { pause: Pause::From(place.now, Some(week_on)), since: place.now, ..plain }
        }
        _ => plain,
    }
}

pub(super) fn whereabouts(title: &str, words: &str) -> Vec<Whereabout> {
    let received = Timestamp::parse_rfc3339("2026-11-21T10:00:00+01:00").expect("written here");
    let post = |whereto| Whereabout { title: title.to_owned(), received, whereto };
    vec![
        post(Whereto::Sent { taken: 8, of: 12 }),
        post(Whereto::Waits),
        post(Whereto::Refused(words.lines().next().unwrap_or_default().to_owned())),
    ]
}

fn found_letter<'a>(name: &str, place: &'a Neighbourhood, group: Group<'a>) -> Letter<'a> {
    let some = name == "found";
    Letter::Found(Found {
        group: Some(group),
        words: place.sought,
        items: if some { &place.found } else { &[] },
        editions: if some { &place.found_editions } else { &[] },
        nearly: false,
        in_all: if some { 12 } else { 0 },
        meant: (!some).then_some(place.title),
    })
}

fn asked_for_letter<'a>(name: &str, place: &'a Neighbourhood, group: Group<'a>) -> Letter<'a> {
    let thread = name == "asked-for-thread";
    Letter::AskedFor(AskedFor {
        group: Some(group),
        title: place.title,
        thread,
        cut: false,
        posts: if thread { &place.asked_for } else { &place.asked_for[..1] },
    })
}

/// What the reader of the samples looked for.
pub(super) fn sought(language: Language) -> &'static str {
    match language {
        Language::Fr => "clé du local",
        Language::En => "key of the hall",
    }
}

/// An edition in which it was found.
pub(super) fn found_editions(language: Language) -> Vec<FoundEdition> {
    let (title, excerpt) = match language {
        Language::Fr => ("Un automne au local", "Le local est à nous\u{a0}: la clé est chez Claire."),
        Language::En => ("Autumn at the hall", "The hall is ours: Claire has the key."),
    };
    vec![FoundEdition {
        title: title.to_owned(),
        date: Timestamp::parse_rfc3339("2026-10-12T08:00:00+02:00").expect("written here"),
        list: None,
        excerpt: excerpt.to_owned(),
        page: Some("https://lilas.example/quartier/e/12/".to_owned()),
    }]
}

/// What was found for them.
pub(super) fn found(language: Language) -> Vec<FoundItem> {
    let item = |title: &str, author: &str, day: &str, excerpt: &str, page: &str| FoundItem {
        title: title.to_owned(),
        author: author.to_owned(),
        date: Timestamp::parse_rfc3339(day).expect("written here"),
        list: None,
        excerpt: excerpt.to_owned(),
        page: Some(format!("https://lilas.example/quartier/m/{page}@lilas.example/")),
    };
    match language {
        Language::Fr => vec![
            item(
                "Les clés",
                "Claire Martin",
                "2026-10-04T09:00:00+02:00",
                "…la clé du local est chez moi…",
                "cles",
            ),
            item(
                "Peinture",
                "Paul Petit",
                "2026-05-12T18:00:00+02:00",
                "Le local sera repeint samedi.",
                "local",
            ),
        ],
        Language::En => vec![
            item(
                "Keys",
                "Claire Martin",
                "2026-10-04T09:00:00+02:00",
                "…the key of the hall is with me…",
                "keys",
            ),
            item(
                "Painting",
                "Paul Petit",
                "2026-05-12T18:00:00+02:00",
                "We paint the hall on Saturday.",
                "hall",
            ),
        ],
    }
}

/// What they then asked for.
pub(super) fn asked_for(language: Language) -> Vec<PostAskedFor> {
    let texts: [&str; 2] = match language {
        Language::Fr => {
            ["Bonjour,\n\nla clé du local est chez moi jusqu’à jeudi.", "Merci, je passe demain."]
        }
        Language::En => {
            ["Hello,\n\nthe key of the hall is with me until Thursday.", "Thanks, I will call tomorrow."]
        }
    };
    let post = |item: FoundItem, text: &str| PostAskedFor {
        title: item.title,
        author: item.author,
        date: item.date,
        text: text.to_owned(),
        files: Vec::new(),
        page: item.page,
    };
    found(language).into_iter().zip(texts).map(|(item, text)| post(item, text)).collect()
}
