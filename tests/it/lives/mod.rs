//! Whole lives of members, told in mails: `tests/lives/*.txt`, one life a file.
//!
//! A script is what people send, what they get, and what is so then. Lines:
//!
//! - `list ADDRESS KEY=VALUE…`, `member LIST EMAIL KEY=VALUE…`, `set LIST KEY=VALUE…`: as the operator.
//! - `EMAIL -> ADDRESS: SUBJECT`, then the body, indented; `+ Field: value` adds a field to the
//!   header, `+ proof: proven` says what the mail system would find out.
//! - `EMAIL answers: WORDS`: answers the last mail they got, quoting it, as mail programs do.
//!   `+ about: WORDS` answers the last mail with these words in its subject, `+ quote: unmarked` quotes
//!   it as Outlook does, `+ subject: WORDS` under another subject; lines below stand below the quote.
//! - `EMAIL bounces: 5.1.1`: the last mail they got comes back with a report; `+ to:`, `+ names:`.
//! - `EMAIL gets: WORDS`: the next mail they have not read says this, in its subject or text.
//! - `EMAIL gets nothing`, `nobody gets anything`.
//! - `LIST EMAIL is KEY=VALUE…`, `LIST EMAIL is nobody`; `held N`; `published N`.
//! - `show-past LIST`, `draft LIST`: as the operator; `strangers read LIST N`, `threads LIST N`.
//! - `later 3 days`, `later 2 hours`.

mod forgetting;
mod machines;
mod month;
mod recall;
mod retention;
mod scanners;
mod script;
mod set_aside;
mod town;
mod two_servers;

use std::path::Path;

use parvis::domain::proof::Proof;
use town::Town;

#[test]
fn lives_go_as_they_are_told() {
    let only = std::env::var("PARVIS_LIFE").unwrap_or_default();
    let mut files: Vec<_> = std::fs::read_dir(Path::new("tests/lives"))
        .expect("lives")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .filter(|path| path.display().to_string().contains(&only))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut faults = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        if let Err(fault) = script::play(&text) {
            faults.push(format!("{}:{fault}", file.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Who an address is, to the list that is written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Stranger,
    Member,
    Animator,
    Gone,
    OfAnotherList,
}

/// The letters somebody gets who writes this without proof, but for tokens and numbers.
fn letters_to(class: Class, to: &str, mail: &str, joining: &str) -> (u16, Vec<String>) {
    let mut town = Town::new();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let email = "anne@mail.example";
    let about = vec![pair("name", "Anne_Petit"), pair("language", "en"), pair("reading", "weekly")];
    town.found("quartier@lists.example", &[pair("joining", joining)]);
    town.found("jardin@lists.example", &[]);
    match class {
        Class::Stranger => {}
        Class::Member => town.add("quartier", email, about),
        Class::Animator => {
            town.add("quartier", email, [about, vec![pair("role", "animator")]].concat());
        }
        Class::Gone => {
            town.add("quartier", email, about);
            town.remove("quartier", email);
            town.next(email).expect("a farewell");
        }
        Class::OfAnotherList => town.add("jardin", email, about),
    }
    let raw = format!("From: Anne <{email}>\nTo: <{to}@lists.example>\nMessage-ID: <1@mail.example>\n{mail}");
    let code = town.send(email, false, &format!("{to}@lists.example"), &raw, Proof::NoMeans);
    let letters = std::iter::from_fn(|| town.next(email)).map(|got| without_numbers(&got.raw)).collect();
    (code, letters)
}

/// A letter without what differs from letter to letter.
fn without_numbers(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw).replace("=\r\n", "");
    let mut plain = String::new();
    for line in text.lines().filter(|line| !line.starts_with("Message-ID: <letter-")) {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('+') {
            plain.push_str(before);
            plain.push('+');
            let token = after.len() >= 32 && after.as_bytes()[..32].iter().all(u8::is_ascii_alphanumeric);
            rest = if token { &after[32..] } else { after };
        }
        plain.push_str(rest);
        plain.push('\n');
    }
    plain
}

#[test]
fn nobody_learns_who_is_a_member() {
    let mails = [
        ("quartier-inscription", "Subject: bonjour\n\n"),
        ("quartier-stop", "\n\n"),
        ("quartier-aide", "\n\nBonjour, que peut-on vous demander ?\n"),
        ("quartier-request", "Subject: hebdo\n\n"),
        ("quartier-request", "\n\nBonjour, je pars en vacances, pas de mail jusqu’au 15 décembre svp\n"),
        ("quartier-request", "Subject: settings\n\n"),
        ("quartier-request", "Subject: stop\n\n"),
        ("quartier-request", "Subject: reprendre\n\n"),
        ("quartier-request", "Subject: inviter zoe@mail.example\n\n"),
        ("quartier-request", "\n\nQuelle belle journée, nous étions trente au moins.\n"),
        ("quartier+abcdefghijklmnopqrstuvwxyz234567", "\n\noui\n"),
        ("parvis", "Subject: stop\n\n"),
        ("parvis", "Subject: mes données\n\n"),
        ("parvis", "Subject: help\n\n"),
        ("quartier-animateurs", "\n\nBonjour\n"),
        ("quartier-chercher", "Subject: vélo\n\n"),
    ];
    for (joining, looked_at) in [("open", mails.len()), ("approval", 1), ("closed", 1)] {
        for (to, mail) in &mails[..looked_at] {
            let stranger = letters_to(Class::Stranger, to, mail, joining);
            for class in [Class::Member, Class::Animator, Class::Gone, Class::OfAnotherList] {
                assert_eq!(letters_to(class, to, mail, joining), stranger, "{class:?} {to} {mail} {joining}");
            }
        }
    }
}

#[test]
fn nobody_learns_it_by_a_flood_either() {
    let town = Town::new();
    town.found("quartier@lists.example", &[]);
    town.add("quartier", "anne@members.example", vec![]);
    let room = town.room();
    let ask = |from: &str, proof: Proof| {
        let raw = format!("From: <{from}>\nTo: <quartier-aide@lists.example>\nSubject: aide\n\nBonjour\n");
        town.take_in(&room, from, false, "quartier-aide@lists.example", &raw, proof)
    };
    let flood: Vec<u16> = (0..70).map(|n| ask(&format!("s{n}@flood.example"), Proof::NoMeans)).collect();
    assert!(flood.contains(&250) && flood.ends_with(&[451]), "{flood:?}");
    // Anybody can write her address in From; only what is hers shows that it is.
    assert_eq!(ask("anne@members.example", Proof::NoMeans), 451);
    assert_eq!(ask("anne@members.example", Proof::CannotTell), 451);
    assert_eq!(ask("anne@members.example", Proof::Proven), 250);
}
