//! How well are people understood? Run by hand, over phrasings or over prose.
//!
//!     cargo run --example understood -- phrasings FILE...
//!     cargo run --example understood -- prose FOLDER     (one sentence a line, in *.txt)
//!     cargo run --example understood -- animators FILE...
//!
//! What animators write is `what it says | the mail`, `; ` between several: `add EMAIL NAME`,
//! `set hold_all=yes`, `close thread`, `none`; a file named `decisions*` or `gathering*` holds answers
//! to letters that ask (`accept 1 2; refuse 3 WORDS`), the items being those in [`HELD`].
//! `PHRASES=FOLDER` adds an operator's wordings. The files of phrasings are those of `tests/phrases`;
//! prose must not be understood as anything, at the list's own address or at the one for requests.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a tool for one's own terminal; most commands go by their kind's name"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use parvis::domain::command::{
    AnimatorCommand, Called, Command, Decision, Holding, Meaning, ModeratorAnswer,
};
use parvis::domain::member::Role;
use parvis::domain::time::CivilDate;
use parvis::understand::{GroupName, Held, Mail, PhraseBook, Place, Situation, Speaker, moderator_answer};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("PHRASES").map(PathBuf::from);
    let (book, faults) = PhraseBook::new(folder.as_deref());
    for fault in faults {
        eprintln!("{fault}");
    }
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("phrasings") => args.try_for_each(|file| phrasings(&book, Path::new(&file))),
        Some("animators") => args.try_for_each(|file| animators(&book, Path::new(&file))),
        Some("prose") => prose(&book, Path::new(&args.next().ok_or("which folder?")?)),
        Some(_) | None => Err("phrasings FILE..., prose FOLDER, or animators FILE...".into()),
    }
}

/// What is asked for, without what is read beside it.
fn kind(command: &Command) -> String {
    let text = format!("{command:?}");
    let name: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    match command {
        Command::Read(rhythm) => format!("Read{:?}", rhythm.reading),
        _ => name,
    }
}

fn shown(meaning: &Meaning) -> (char, String) {
    match meaning {
        Meaning::Certain(commands) => ('!', commands.iter().map(kind).collect::<Vec<_>>().join("+")),
        Meaning::Guess(command) => ('?', kind(command)),
        Meaning::Declined(command) => ('-', kind(command)),
        Meaning::Contradiction { .. } => ('?', "Either".to_owned()),
        Meaning::ForPeople => (' ', "People".to_owned()),
        Meaning::Nothing => (' ', "Nothing".to_owned()),
    }
}

/// The kind a name in a file of phrasings stands for.
fn wanted_kind(wanted: &str) -> String {
    let first = wanted.trim_start_matches('?').split(' ').next().unwrap_or_default();
    match (first, wanted.split(' ').nth(1).unwrap_or_default()) {
        ("read", rhythm) => format!("Read{}{}", rhythm[..1].to_uppercase(), &rhythm[1..]),
        ("first-posts" | "whole-threads", _) => "Threads".to_owned(),
        ("summary", _) => "Summary".to_owned(),
        ("quiet" | "quiet-off", _) => "Quiet".to_owned(),
        ("own-posts-on" | "own-posts-off", _) => "OwnPosts".to_owned(),
        ("where", _) => "WhereIsMyMessage".to_owned(),
        ("members" | "add" | "remove" | "invite" | "slow" | "history" | "letter", _) => "Animator".to_owned(),
        (name, _) => {
            let part = |part: &str| part[..1].to_uppercase() + &part[1..];
            name.split('-').map(part).collect()
        }
    }
}

fn read(book: &PhraseBook, mail: &str, place: Place) -> Meaning {
    let (subject, text) = match mail.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((subject, text)) => (subject, text.trim_start_matches(' ')),
        None => ("", mail),
    };
    let situation = Situation {
        place,
        today: CivilDate { year: 2027, month: 6, day: 10 },
        language: None,
        speaker: Speaker::Animator,
        name: "Marcel Dupont",
        own: &[],
        groups: &[GroupName { name: "Le quartier des Lilas", address: "quartier@lilas.example" }],
    };
    book.read(&Mail { subject, answers: subject.starts_with("Re"), text }, &situation).meaning
}

fn phrasings(book: &PhraseBook, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let quiet = std::env::var_os("COUNTS_ONLY").is_some();
    for line in fs::read_to_string(file)?.lines().filter(|line| !line.starts_with('#')) {
        let Some((wanted, mail)) = line.split_once(" | ") else { continue };
        let (mark, found) = shown(&read(book, &mail.replace('⏎', "\n"), Place::Request));
        let kind = wanted_kind(wanted);
        let for_people = matches!(wanted, "people" | "nothing") || wanted.starts_with("not ");
        let outcome = match (mark, found == kind) {
            _ if for_people && matches!(mark, ' ' | '-') => "left alone rightly",
            ('!', true) if wanted.starts_with('?') => "surer than was written down",
            ('!', true) => "sure and right",
            ('!', false) => "WRONG",
            ('?', true) => "proposed rightly",
            ('?', false) => "proposed, but another thing",
            (' ', _) if found == "People" => "passed to people",
            (_, _) => "missed",
        };
        *counts.entry(outcome).or_default() += 1;
        if !quiet && !matches!(outcome, "sure and right" | "proposed rightly" | "left alone rightly") {
            println!("{outcome}: {mark}{found}, not {wanted}: {mail}");
        }
    }
    println!("{}: {counts:?}", file.display());
    Ok(())
}

fn prose(book: &PhraseBook, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.sort();
    let (mut sentences, mut counts) = (0, BTreeMap::<(&str, char), usize>::new());
    for file in files.iter().filter(|file| file.extension().is_some_and(|ext| ext == "txt")) {
        for line in fs::read_to_string(file)?.lines().filter(|line| !line.trim().is_empty()) {
            sentences += 1;
            for (name, place) in [("list", Place::List), ("request", Place::Request)] {
                let (mark, found) = shown(&read(book, line, place));
                *counts.entry((name, mark)).or_default() += 1;
                if matches!(mark, '!' | '?') {
                    println!("{name}: {mark}{found}: {line}");
                }
            }
        }
    }
    println!("{sentences} sentences (! obeyed, ? proposed): {counts:?}");
    Ok(())
}

/// What waits in the letter that files of answers are about: author, title in French and English.
const HELD: [(&str, &str, bool); 4] = [
    ("Paul Roux", "Tarte aux pommes / Apple tart recipe", false),
    ("Léa Martin", "Perceuse à vendre / Drill for sale", false),
    ("Karim Benali", "Parking", false),
    ("", "", true),
];

fn animators(book: &PhraseBook, file: &Path) -> Result<(), Box<dyn Error>> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in fs::read_to_string(file)?.lines().filter(|line| !line.starts_with('#')) {
        let Some((wanted, mail)) = line.split_once(" | ") else { continue };
        let mail = mail.replace('⏎', "\n");
        let (mark, mut found) = if name.starts_with("decisions") || name.starts_with("gathering") {
            decided(&mail, name.starts_with("gathering"))
        } else {
            ordered(book, &mail)
        };
        let mut wanted_all: Vec<String> =
            wanted.split("; ").flat_map(one_by_one).map(|one| plain(&one)).collect();
        wanted_all.sort();
        found = found.iter().map(|one| plain(one)).collect();
        found.sort();
        let none = wanted == "none";
        let outcome = match (mark, found == wanted_all) {
            (' ', _) if none => "left alone rightly",
            (_, true) => "right",
            (' ', _) => "asked back",
            ('?', _) => "WRONG, but asked",
            (_, _) => "WRONG",
        };
        *counts.entry(outcome).or_default() += 1;
        if !matches!(outcome, "right" | "left alone rightly") {
            println!("{outcome}: {mark}{}, not {wanted}: {}", found.join("; "), mail.replace('\n', "⏎"));
        }
    }
    println!("{}: {counts:?}", file.display());
    Ok(())
}

fn plain(text: &str) -> String {
    text.to_lowercase().trim_end_matches(['.', '!', '?', ' ']).to_owned()
}

/// `accept 1 2` as `accept 1` and `accept 2`.
fn one_by_one(wanted: &str) -> Vec<String> {
    let mut words = wanted.split(' ');
    let (verb, rest) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
    let numbers: Vec<&&str> = rest.iter().take_while(|word| word.parse::<u32>().is_ok()).collect();
    if numbers.is_empty() || !matches!(verb, "accept" | "refuse" | "discard" | "ban") {
        return vec![wanted.to_owned()];
    }
    let more = rest[numbers.len()..].join(" ");
    numbers.iter().map(|number| format!("{verb} {number} {more}").trim().to_owned()).collect()
}

fn decided(mail: &str, gathering: bool) -> (char, Vec<String>) {
    let raw = format!("From: c@a.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{mail}\n");
    let said = parvis::mail::said::said(raw.as_bytes()).text;
    let mail = said.as_str();
    let held = |(at, (author, title, doubtful)): (usize, &(&'static str, &'static str, bool))| Held {
        number: u32::try_from(at).map_or(0, |at| at + 1),
        author,
        title,
        text: "",
        doubtful: *doubtful,
    };
    let one = [Held { number: 1, author: "Jeanne Petit", title: "", text: "", doubtful: false }];
    let several: Vec<Held<'_>> = HELD.iter().enumerate().map(held).collect();
    let said = |decision: &Decision| match decision {
        Decision::Accept => ("accept", String::new()),
        Decision::Refuse(words) => ("refuse", words.clone()),
        Decision::Discard => ("discard", String::new()),
        Decision::Ban => ("ban", String::new()),
    };
    match moderator_answer(mail, "", if gathering { &several } else { &one }) {
        ModeratorAnswer::All(decision) => {
            let (verb, words) = said(&decision);
            ('!', vec![format!("{verb} {words}").trim().to_owned()])
        }
        ModeratorAnswer::Each(decisions) => {
            let each = decisions.iter().map(|(number, decision)| {
                let (verb, words) = said(decision);
                format!("{verb} {number} {words}").trim().to_owned()
            });
            ('!', each.collect())
        }
        ModeratorAnswer::Unclear(_) => (' ', Vec::new()),
    }
}

fn ordered(book: &PhraseBook, mail: &str) -> (char, Vec<String>) {
    let with_subject = mail.strip_prefix("Subject: ").and_then(|rest| rest.split_once("\n\n"));
    let (subject, text) = with_subject.unwrap_or(("", mail));
    let mail = match subject.strip_prefix("Re: ") {
        Some(_) => format!("[{subject}]{text}"),
        None if subject.is_empty() => text.to_owned(),
        None => format!("[{subject}]{text}"),
    };
    let mark_and_all = |commands: &[Command], mark| (mark, commands.iter().flat_map(order).collect());
    match read(book, &mail, Place::Request) {
        Meaning::Certain(commands) => mark_and_all(&commands, '!'),
        Meaning::Guess(command) => mark_and_all(&[command], '?'),
        Meaning::Declined(_) | Meaning::Contradiction { .. } | Meaning::ForPeople | Meaning::Nothing => {
            (' ', Vec::new())
        }
    }
}

fn order(command: &Command) -> Vec<String> {
    let called = |verb: &str, people: &[Called], end: &str| -> Vec<String> {
        let one = |called: &Called| {
            let address = called.address.as_ref().map_or("", |address| address.as_str());
            let name =
                if verb == "add" || verb == "invite" || address.is_empty() { &called.name } else { "" };
            let words: Vec<&str> = [verb, address, name, end].into_iter().filter(|w| !w.is_empty()).collect();
            words.join(" ")
        };
        people.iter().map(one).collect()
    };
    let Command::Animator(command) = command else { return vec![format!("{command:?}")] };
    match command {
        AnimatorCommand::Add(people) => called("add", people, ""),
        AnimatorCommand::Invite(people) => called("invite", people, ""),
        AnimatorCommand::Remove(people) => called("remove", people, ""),
        AnimatorCommand::Ban(people) => called("ban", people, ""),
        AnimatorCommand::Unban(people) => called("unban", people, ""),
        AnimatorCommand::Role(Role::Animator, people) => called("role", people, "animator"),
        AnimatorCommand::Role(Role::Member, people) => called("role", people, "member"),
        AnimatorCommand::Close => vec!["close thread".to_owned()],
        AnimatorCommand::Reopen => vec!["reopen thread".to_owned()],
        AnimatorCommand::Hold(Holding::All) => vec!["set hold_all=yes".to_owned()],
        AnimatorCommand::Hold(Holding::AsUsual) => vec!["set hold_all=no".to_owned()],
        AnimatorCommand::Pace(posts) => {
            vec![format!("set pace={}", posts.map(|posts| posts.to_string()).unwrap_or_default())]
        }
        other => vec![format!("{other:?}").to_lowercase()],
    }
}
