//! Sample facts for the letters around digests.

use super::Neighbourhood;
use crate::letters::kinds::{Group, LetterKind};
use crate::letters::of_digests::{AboutPost, AskSummary, OfDigest, PrivateWord, WentOut, WhichItem};

/// A conversation beside the usual one.
pub(super) const OTHER_TITLE: &str = "Vélo / bicycle";
/// Neighbours without e-mail.
pub(super) const HANDED: [&str; 2] = ["Mme Duval, 2e étage, par Paul", "M. Haddad"];

pub(super) fn letter<'a>(
    kind: LetterKind,
    name: &'static str,
    place: &'a Neighbourhood,
    group: Group<'a>,
) -> OfDigest<'a> {
    let about = AboutPost { group, title: place.title };
    match kind {
        LetterKind::PrivateWord => OfDigest::PrivateWord(PrivateWord {
            group,
            author: "Jeanne Petit",
            title: place.title,
            words: place.words,
            had_files: true,
        }),
        LetterKind::AskWord => OfDigest::AskWord(about),
        LetterKind::NotPassed => OfDigest::NotPassed(about),
        LetterKind::AskSummary => OfDigest::AskSummary(AskSummary {
            group,
            author: "Jeanne Petit",
            title: place.title,
            words: place.words,
        }),
        LetterKind::WentOut => OfDigest::WentOut(WentOut {
            group,
            heading: place.title,
            page: Some("https://lilas.example/quartier/e/12/"),
            pdf: "https://lilas.example/quartier/e/12/paper.pdf?k=abcdefghijklmnopqrstuvwxyz234567",
            handed: if name == "went-out" { &[] } else { &place.handed },
        }),
        // The only other one that comes here.
        kind => {
            debug_assert_eq!(kind, LetterKind::WhichItem);
            OfDigest::WhichItem(WhichItem { group, titles: &place.titles })
        }
    }
}
