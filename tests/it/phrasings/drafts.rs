//! What animators answer to a draft in the words they have, kept apart from those the reader was made
//! with: few are not understood, and those are asked about; next to none is taken for something else.

use parvis::domain::edition::{Edition, EditionItem, EditionWish, Fold, ItemPlace, Noticed};
use parvis::domain::ids::PostId;
use parvis::domain::time::Timestamp;
use parvis::understand::{DraftItem, draft_answer};

use super::file;

/// Of the phrases so many are understood at once, and so many wrongly, at most.
const RIGHT_MIN: usize = 30;
const WRONG_MAX: usize = 0;

struct Known {
    title: [&'static str; 2],
    authors: Vec<String>,
    noticed: Option<Noticed>,
    is_in: bool,
}

fn known() -> Vec<Known> {
    let one = |title, authors: &[&str], noticed, is_in| Known {
        title,
        authors: authors.iter().map(|name| (*name).to_owned()).collect(),
        noticed,
        is_in,
    };
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

fn draft(known: &[Known]) -> Edition {
    let item = |(number, one): (u32, &Known)| EditionItem {
        number,
        posts: vec![PostId(u64::from(number))],
        title: String::new(),
        note: String::new(),
        place: if one.is_in { ItemPlace::In } else { ItemPlace::Dropped },
        fold: if number == 5 { Fold::Folded } else { Fold::Open },
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
    }
}

/// The draft after an answer, as the file says it.
fn shown(edition: &Edition, sent: bool) -> String {
    let mut said: Vec<String> = edition.chosen().map(|item| item.number.to_string()).collect();
    said.extend(sent.then(|| "send".to_owned()));
    said.extend(Some(format!("title={}", edition.title)).filter(|_| !edition.title.is_empty()));
    for item in &edition.items {
        said.extend(Some(format!("note{}={}", item.number, item.note)).filter(|_| !item.note.is_empty()));
        said.extend(
            Some(format!("unfold={}", item.number)).filter(|_| item.number == 5 && item.fold == Fold::Open),
        );
    }
    said.extend(
        Some(format!("intro={}", edition.intro.replace('\n', "⏎"))).filter(|_| !edition.intro.is_empty()),
    );
    said.join(" ")
}

#[test]
fn drafts_in_free_wording() {
    let known = known();
    let text = file("drafts.heldout.txt");
    let (mut language, mut right, mut asked, mut wrong) = (0, 0, Vec::new(), Vec::new());
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
        let heard = draft_answer(&answer.replace('⏎', "\n"), &items);
        let mut edition = draft(&known);
        heard.wishes.iter().for_each(|wish| edition.apply(wish));
        let unclear = !heard.unclear.is_empty();
        let found = shown(&edition, heard.wishes.contains(&EditionWish::Send) && !unclear);
        let untouched = found == shown(&draft(&known), false);
        if found == wanted && !unclear || wanted == "?" && untouched {
            right += 1;
        } else if unclear && (untouched || found == wanted) {
            asked.push(format!("{answer} -> {found}"));
        } else {
            wrong.push(format!("{answer} -> {found}, not {wanted}; {:?} {:?}", heard.wishes, heard.unclear));
        }
    }
    let report = format!("{right} right\nasked back:\n{}\nwrong:\n{}", asked.join("\n"), wrong.join("\n"));
    assert!(wrong.len() <= WRONG_MAX && right >= RIGHT_MIN, "{report}");
}
