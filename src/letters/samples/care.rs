//! Sample facts for the letters about the care of a list.

use super::Neighbourhood;
use crate::domain::time::Timestamp;
use crate::letters::care::{
    Care, Decided, Fate, LookAt, LookWords, NotLooked, NotWanted, Postmaster, Probe, SetAside, TopicClosed,
    Unreached, Waiting, WaitingItem, WaitingKind, Word, WordBack,
};
use crate::letters::kinds::{Group, WhyHeld};

const AUTHOR: &str = "Jeanne Petit";
const ADDRESS: &str = "jeanne@courrier.example";

/// The letter of that sample.
pub(super) fn letter<'a>(name: &str, place: &'a Neighbourhood, group: Group<'a>) -> Care<'a> {
    let (author, address, title) = (AUTHOR, ADDRESS, place.title);
    let decided = |fate| {
        let by = if fate == Fate::Refused { "" } else { "Claire Martin" };
        let by_reader = name == "decided-by-reader";
        let sent = if by_reader { (312, 312) } else { (212, 312) };
        Care::Decided(Decided { group, author, title, fate, by, by_reader, sent })
    };
    match name {
        "look-words" => Care::LookWords(LookWords { group, author, title, words: place.words }),
        "look-words-unread" => Care::LookWords(LookWords { group, author, title, words: "" }),
        "decided" | "decided-by-reader" => decided(Fate::Sent),
        "decided-refused" => decided(Fate::Refused),
        "decided-dealt-with" => decided(Fate::DealtWith),
        "decided-taken-back" => decided(Fate::TakenBack),
        "word" => Care::Word(Word { group, author, address, title }),
        "word-back" => Care::WordBack(WordBack { group, by: "Claire Martin", words: place.words }),
        "waiting" => Care::Waiting(Waiting { group, items: &place.waiting }),
        "waiting-one" => Care::Waiting(Waiting { group, items: &place.waiting[..1] }),
        "not-looked" => Care::NotLooked(NotLooked { group, title: Some(title) }),
        "not-looked-joining" => Care::NotLooked(NotLooked { group, title: None }),
        "probe" => Care::Probe(Probe { group, address: "marcel@courrier.example" }),
        "unreached" => Care::Unreached(Unreached { group, address: "marcel@ancien.example" }),
        "not-wanted" => Care::NotWanted(NotWanted {
            group,
            host: place.address.domain(),
            said: "550 5.7.1 mail from this address is on our block list",
        }),
        "postmaster" => {
            let host = place.address.domain();
            Care::Postmaster(Postmaster { host, author, address, title, number: "42" })
        }
        "set-aside" => Care::SetAside(SetAside { host: place.address.domain(), number: "42" }),
        "topic-closed" => Care::TopicClosed(TopicClosed { group, title }),
        _ => Care::LookAt(LookAt {
            group,
            author,
            address,
            title: if name == "look-at-all" { "" } else { title },
            why: match name {
                "look-at-all" => WhyHeld::HoldAll,
                "look-at-unproven" => WhyHeld::Unproven,
                "look-at-slow" => WhyHeld::SlowThread,
                "look-at-disclosing" => WhyHeld::Disclosing,
                _ => WhyHeld::FirstPost,
            },
            until: Timestamp::from_seconds(place.now.seconds() + 14 * 86_400),
        }),
    }
}

/// What waits in a neighbourhood.
pub(super) fn waiting(title: &str, now: Timestamp) -> Vec<WaitingItem> {
    let since = Timestamp::from_seconds(now.seconds() - 86_400);
    let item = |number, author: &str, title: &str, what| WaitingItem {
        number,
        author: author.to_owned(),
        title: title.to_owned(),
        since,
        what,
    };
    vec![
        item(1, AUTHOR, title, WaitingKind::Post),
        item(2, "paul@courrier.example", "", WaitingKind::Newcomer),
        item(3, "Luc Roy", "", WaitingKind::Word),
        item(4, "", "Casino, Bitcoin", WaitingKind::Doubtful(12)),
        item(5, "Anne Roy (anne@ancien.example)", "", WaitingKind::Unreached),
    ]
}
