//! How well are people understood? Run by hand, over phrasings or over prose.
//!
//!     cargo run --example understood -- phrasings FILE...
//!     cargo run --example understood -- prose FOLDER     (one sentence a line, in *.txt)
//!
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

use parvis::domain::command::{Command, Meaning};
use parvis::domain::time::CivilDate;
use parvis::understand::{GroupName, Mail, PhraseBook, Place, Situation, Speaker};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var_os("PHRASES").map(PathBuf::from);
    let (book, faults) = PhraseBook::new(folder.as_deref());
    for fault in faults {
        eprintln!("{fault}");
    }
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("phrasings") => args.try_for_each(|file| phrasings(&book, Path::new(&file))),
        Some("prose") => prose(&book, Path::new(&args.next().ok_or("which folder?")?)),
        Some(_) | None => Err("phrasings FILE..., or prose FOLDER".into()),
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
        ("first-posts", _) => "FirstPostsOnly".to_owned(),
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
