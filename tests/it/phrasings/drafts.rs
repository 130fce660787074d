//! What animators answer to a draft in the words they have, kept apart from those the reader was made
//! with: few are not understood, and those are asked about; next to none is taken for something else.

use std::collections::BTreeSet;

use parvis::domain::edition::{Edition, EditionItem, EditionWish, Fold, ItemPlace, Noticed};
use parvis::domain::ids::PostId;
use parvis::domain::time::Timestamp;
use parvis::mail::said::said;
use parvis::understand::{DraftItem, draft_answer};

use super::file;

struct Known {
    title: [&'static str; 2],
    authors: Vec<String>,
    noticed: Option<Noticed>,
    is_in: bool,
}

fn one(title: [&'static str; 2], authors: &[&str], noticed: Option<Noticed>, is_in: bool) -> Known {
    Known { title, authors: authors.iter().map(|name| (*name).to_owned()).collect(), noticed, is_in }
}

/// The draft of the files `drafts.lilas`.
fn lilas() -> Vec<Known> {
    vec![
        one(["Fête des voisins", "Fête des voisins"], &["Anne Martin"], None, true),
        one(["Perdu chat gris", "Lost grey cat"], &["Paul Roux"], None, true),
        one(["Merci !", "Thanks!"], &["Léa Martin"], None, true),
        one(["Travaux rue des Lilas", "Roadworks rue des Lilas"], &["Karim Benali"], None, true),
        one(["Cherche baby-sitter", "Looking for a babysitter"], &["Inès Caron"], None, true),
    ]
}

/// The draft of all others.
fn block() -> Vec<Known> {
    vec![
        one(
            ["Qui garde un chat en août ?", "Can anyone feed my cat in August?"],
            &["Sophie Bernard"],
            Some(Noticed::Unanswered),
            true,
        ),
        one(
            ["Réunion du conseil syndical", "Minutes of the committee"],
            &["Paul Girard", "Nadia Haddad"],
            None,
            true,
        ),
        one(
            ["Marché de Noël : appel aux bénévoles", "Christmas fair: helpers wanted"],
            &["Lucie Faure"],
            None,
            true,
        ),
        one(
            ["Marché de Noël : appel aux bénévoles", "Christmas fair: helpers wanted"],
            &["Lucie Faure"],
            Some(Noticed::Duplicate),
            false,
        ),
        one(
            ["Chaudière en panne bâtiment B", "Boiler broken in block B"],
            &["Karim Ziani", "Paul Girard"],
            None,
            true,
        ),
        one(
            ["Merci pour l’accueil", "Thank you for the warm welcome"],
            &["Hélène Prat", "Helen Pratt"],
            Some(Noticed::Thanks),
            false,
        ),
        one(["Covoiturage vers la gare", "Lift share to the station"], &["Tom Weber"], None, true),
        one(["Covoiturage pour Lyon samedi", "Lift share to Leeds on Saturday"], &["Inès Morel"], None, true),
    ]
}

/// The long conversation about the boiler.
fn is_folded(known: &[Known], number: u32) -> bool {
    number == 5 && known.len() == 8
}

fn draft(known: &[Known]) -> Edition {
    let item = |(number, one): (u32, &Known)| EditionItem {
        number,
        posts: vec![PostId(u64::from(number))],
        title: String::new(),
        note: String::new(),
        place: if one.is_in { ItemPlace::In } else { ItemPlace::Dropped },
        fold: if is_folded(known, number) { Fold::Folded } else { Fold::Open },
        noticed: one.noticed,
    };
    let now = Timestamp::from_seconds(0);
    Edition {
        number: 1,
        revision: 0,
        opened: now,
        goes: now,
        title: String::new(),
        intro: String::new(),
        items: (1..).zip(known).map(item).collect(),
        by: Vec::new(),
        heard: Vec::new(),
    }
}

/// The draft after an answer, as the files say it: the items, and what else was wanted.
fn shown(known: &[Known], edition: &Edition, sent: bool) -> BTreeSet<String> {
    let numbers: Vec<String> = edition.chosen().map(|item| item.number.to_string()).collect();
    let mut said = vec![numbers.join(" ")];
    said.extend(sent.then(|| "send".to_owned()));
    let mut words = |key: &str, words: &str| {
        said.extend((!words.is_empty()).then(|| format!("{key}={}", words.replace('\n', "⏎"))));
    };
    words("title", &edition.title);
    words("intro", &edition.intro);
    for item in &edition.items {
        words(&format!("note{}", item.number), &item.note);
        words(&format!("title{}", item.number), &item.title);
        let (was, is) = (is_folded(known, item.number), item.fold == Fold::Folded);
        words("unfold", if was && !is { "5" } else { "" });
        words("fold", &if is && !was { item.number.to_string() } else { String::new() });
    }
    said.into_iter().collect()
}

/// What became of the answers of one file.
#[derive(Default)]
struct Read {
    right: usize,
    asked: Vec<String>,
    wrong: Vec<String>,
}

fn read(name: &str) -> Read {
    let known = if name.contains("lilas") { lilas() } else { block() };
    let text = file(name);
    let (mut language, mut read) = (0, Read::default());
    for line in text.lines() {
        match line {
            "# fr" => language = 0,
            "# en" => language = 1,
            _ => {}
        }
        let Some((wanted, answer)) = line.split_once(" | ").filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let items: Vec<DraftItem<'_>> = (1..)
            .zip(&known)
            .map(|(number, one)| DraftItem {
                number,
                title: one.title[language],
                authors: &one.authors,
                noticed: one.noticed,
                is_in: one.is_in,
            })
            .collect();
        let heard = draft_answer(&own_words(answer), &items);
        let mut edition = draft(&known);
        heard.wishes.iter().for_each(|wish| edition.apply(wish));
        let unclear = !heard.unclear.is_empty();
        let found = shown(&known, &edition, heard.wishes.contains(&EditionWish::Send) && !unclear);
        let untouched = found == shown(&known, &draft(&known), false);
        let wanted_parts: BTreeSet<String> = wanted.split("; ").map(str::to_owned).collect();
        let said = format!("{answer} -> {found:?}, not {wanted}; {:?} {:?}", heard.wishes, heard.unclear);
        if found == wanted_parts && !unclear || wanted == "?" && untouched {
            read.right += 1;
        } else if unclear && (untouched || found == wanted_parts) {
            read.asked.push(said);
        } else {
            read.wrong.push(said);
        }
    }
    read
}

/// What the mail they are in says, without quote and signature.
fn own_words(answer: &str) -> String {
    let raw = format!(
        "Subject: Re: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        answer.replace('⏎', "\r\n")
    );
    said(raw.as_bytes()).in_place
}

#[test]
fn drafts_in_free_wording() {
    for (name, right_min, wrong_max) in [
        ("drafts.heldout.txt", 42, 0),
        ("drafts.fresh.txt", 60, 0),
        ("drafts.kept.txt", 57, 0),
        ("drafts.careful.txt", 37, 0),
        ("drafts.lilas.txt", 44, 0),
        ("drafts.lilas.kept.txt", 36, 1),
        ("drafts.lilas.second.txt", 43, 0),
    ] {
        let Read { right, asked, wrong } = read(name);
        let report =
            format!("{name}: {right} right\nasked back:\n{}\nwrong:\n{}", asked.join("\n"), wrong.join("\n"));
        assert!(wrong.len() <= wrong_max && right >= right_min, "{report}");
    }
}
