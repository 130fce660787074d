//! Which items of a draft some words mean: numbers, places, kinds, titles, authors.

use super::verbs::{Verbs, position, words};
use crate::domain::edition::{ITEMS_MAX, Noticed};
use crate::understand::tokens::fold;

/// An item as its draft shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DraftItem<'a> {
    /// Which number stands before it.
    pub number: u32,
    /// What it is called.
    pub title: &'a str,
    /// Who wrote in it.
    pub authors: &'a [String],
    /// What the draft says was noticed about it.
    pub noticed: Option<Noticed>,
    /// Whether it stands in the edition so far.
    pub is_in: bool,
}

/// What some words mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// At least one.
    These(Vec<u32>),
    /// No item, or it cannot be told which.
    Nothing,
}

/// Words of this length and more may differ in their ends, characters.
const STEM_CHARS: usize = 4;

/// The items some words mean: « la fête et le vélo » are two, if either half is one.
pub(super) fn find(what: &str, items: &[DraftItem<'_>], verbs: &Verbs) -> Found {
    let said = words(what);
    let parts: Vec<&[String]> = said.split(|word| matches!(word.as_str(), "et" | "and")).collect();
    if parts.len() > 1 && parts.len() <= ITEMS_MAX {
        let mut together: Vec<u32> = Vec::new();
        for part in &parts {
            match find_one(part, items, verbs) {
                Found::These(numbers) => numbers.into_iter().for_each(|number| {
                    if !together.contains(&number) {
                        together.push(number);
                    }
                }),
                // An "and" inside a title, or a half that says nothing.
                Found::Nothing => return find_one(&said, items, verbs),
            }
        }
        return Found::These(together);
    }
    find_one(&said, items, verbs)
}

fn find_one(said: &[String], items: &[DraftItem<'_>], verbs: &Verbs) -> Found {
    if let Some(numbers) = numbers(said) {
        let known = |n: &u32| items.iter().any(|item| item.number == *n);
        return if numbers.iter().all(known) { Found::These(numbers) } else { Found::Nothing };
    }
    let among = |phrases: &[String]| phrases.iter().any(|phrase| position(said, phrase).is_some());
    let of = |kind: Noticed| {
        let found: Vec<u32> = items.iter().filter(|i| i.noticed == Some(kind)).map(|i| i.number).collect();
        if found.is_empty() { Found::Nothing } else { Found::These(found) }
    };
    let content: Vec<&String> = said.iter().filter(|word| !verbs.empty.contains(word)).collect();
    if content.is_empty() && !among(&verbs.thanks) {
        return Found::Nothing;
    }
    match by_words(&content, said, items) {
        Found::Nothing => {}
        found @ Found::These(_) => return found,
    }
    if among(&verbs.thanks) {
        return of(Noticed::Thanks);
    }
    if among(&verbs.duplicates) {
        return of(Noticed::Duplicate);
    }
    if among(&verbs.questions) {
        return of(Noticed::Unanswered);
    }
    if among(&verbs.all) {
        return Found::These(items.iter().map(|item| item.number).collect());
    }
    place(said, items)
}

/// « 2 5 », « 2 à 5 », « n° 3 »: nothing but numbers, small words apart.
fn numbers(said: &[String]) -> Option<Vec<u32>> {
    let mut found: Vec<u32> = Vec::new();
    let mut range = false;
    for word in said {
        match word.parse::<u32>() {
            Ok(number) if range => {
                let from = found.last().copied()?;
                let to = number.min(from.saturating_add(u32::try_from(ITEMS_MAX).unwrap_or(u32::MAX)));
                (from + 1..=to).for_each(|n| found.push(n));
                range = false;
            }
            Ok(number) => found.push(number),
            Err(_) if matches!(word.as_str(), "a" | "to") && !found.is_empty() => range = true,
            Err(_) => {}
        }
    }
    (!found.is_empty()).then_some(found)
}

/// « le premier », “the last one”.
fn place(said: &[String], items: &[DraftItem<'_>]) -> Found {
    const PLACES: [(&[&str], usize); 5] = [
        (&["premier", "premiere", "first"], 0),
        (&["deuxieme", "second", "seconde"], 1),
        (&["troisieme", "third"], 2),
        (&["quatrieme", "fourth"], 3),
        (&["cinquieme", "fifth"], 4),
    ];
    let shown: Vec<u32> = items.iter().filter(|item| item.is_in).map(|item| item.number).collect();
    let named = |names: &[&str]| said.iter().any(|word| names.contains(&word.as_str()));
    const COUNTS: [(&[&str], usize); 3] =
        [(&["deux", "two", "2"], 2), (&["trois", "three", "3"], 3), (&["quatre", "four", "4"], 4)];
    let last = named(&["dernier", "derniere", "derniers", "dernieres", "last"]);
    // « les deux premiers », “the last three”.
    let several = last || named(&["premiers", "premieres", "first"]);
    if let Some((_, count)) = COUNTS.iter().find(|(names, _)| several && named(names)) {
        let from = if last { shown.len().saturating_sub(*count) } else { 0 };
        let some: Vec<u32> = shown.iter().skip(from).take(*count).copied().collect();
        return if some.len() == *count { Found::These(some) } else { Found::Nothing };
    }
    let found = if last {
        shown.last()
    } else {
        PLACES.iter().find(|(names, _)| named(names)).and_then(|(_, at)| shown.get(*at))
    };
    found.map_or(Found::Nothing, |number| Found::These(vec![*number]))
}

/// The items whose titles and authors hold most of these words, and at least half of them. Several
/// that hold as many are meant only where more than one is spoken of.
fn by_words(content: &[&String], said: &[String], items: &[DraftItem<'_>]) -> Found {
    let score = |item: &DraftItem<'_>| {
        let of_title = words(item.title);
        let of_authors: Vec<String> = item.authors.iter().flat_map(|name| words(&fold(name))).collect();
        let held = |word: &&&String| of_title.iter().chain(&of_authors).any(|own| alike(own, word));
        content.iter().filter(held).count()
    };
    let scores: Vec<(u32, usize)> = items.iter().map(|item| (item.number, score(item))).collect();
    let best = scores.iter().map(|(_, score)| *score).max().unwrap_or(0);
    if best == 0 || best * 2 < content.len() {
        return Found::Nothing;
    }
    let found: Vec<u32> =
        scores.iter().filter(|(_, score)| *score == best).map(|(number, _)| *number).collect();
    let plural = said.iter().any(|word| {
        matches!(word.as_str(), "les" | "tous" | "toutes" | "all" | "both" | "messages" | "those")
    });
    if found.len() == 1 || plural { Found::These(found) } else { Found::Nothing }
}

/// The same word, but for its end: « voisins » and « voisin ».
fn alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let shorter = one.len().min(other.len());
    common >= STEM_CHARS && common + 2 >= shorter && one.len().abs_diff(other.len()) <= 3
}
