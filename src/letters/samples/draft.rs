//! Sample facts for the draft of an edition.

use crate::domain::edition::{EditionWish, Fold, ItemPlace, Noticed};
use crate::domain::time::Timestamp;
use crate::letters::draft::{Draft, DraftLine};
use crate::letters::kinds::Group;

/// A draft as it is first shown, and after an answer.
pub(super) fn letter<'a>(name: &str, group: Group<'a>, now: Timestamp) -> Draft<'a> {
    let again = name == "draft-again";
    Draft {
        group,
        number: 12,
        heading: if again { "La semaine du quartier" } else { "" },
        intro: if again { "Chères voisines, chers voisins,\n\nla semaine fut belle." } else { "" },
        goes: now + std::time::Duration::from_secs(86_400),
        items: DRAFT,
        understood: if again { UNDERSTOOD } else { &[] },
        unclear: if again { "enlève le barbecue" } else { "" },
        again,
    }
}

const UNDERSTOOD: &[EditionWish] = &[EditionWish::Intro(String::new())];
const DRAFT: &[DraftLine<'static>] = &[
    DraftLine {
        number: 1,
        title: "Qui a une échelle\u{202f}?",
        authors: "Anne Martin",
        posts: 1,
        noticed: Some(Noticed::Unanswered),
        place: ItemPlace::In,
        fold: Fold::Open,
        note: "",
    },
    DraftLine {
        number: 3,
        title: "La fête des voisins",
        authors: "Jeanne Petit, Marcel Dupont",
        posts: 9,
        noticed: None,
        place: ItemPlace::In,
        fold: Fold::Folded,
        note: "le samedi 12",
    },
    DraftLine {
        number: 4,
        title: "Vélo volé",
        authors: "Léa Noir",
        posts: 2,
        noticed: None,
        place: ItemPlace::Later,
        fold: Fold::Open,
        note: "",
    },
    DraftLine {
        number: 2,
        title: "La soupe",
        authors: "Claire Roux",
        posts: 1,
        noticed: Some(Noticed::Thanks),
        place: ItemPlace::Dropped,
        fold: Fold::Open,
        note: "",
    },
];
