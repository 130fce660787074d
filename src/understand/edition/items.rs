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

/// Words of this length and more may differ in their ends, be cut short, have one letter wrong, bytes.
const STEM_CHARS: usize = 4;
/// So many words beside numbers that are none of their items' say something else.
const STRANGE_WORDS: usize = 2;
/// So many words at the beginning of a sentence may say what it is about, and so many items.
const FIRST_WORDS_MAX: usize = 8;
const FIRST_ITEMS_MAX: usize = 3;
const SHORT_CHARS: usize = 5;
const MISTYPED_CHARS: usize = 6;

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

/// The items that what words begin with means: « les travaux ont pris du retard ».
pub(super) fn find_first(what: &str, items: &[DraftItem<'_>], verbs: &Verbs) -> Found {
    let said = words(what);
    let first = |len: usize| match find_one(&said[..len], items, verbs) {
        Found::These(numbers) if numbers.len() <= FIRST_ITEMS_MAX => Some(Found::These(numbers)),
        Found::These(_) | Found::Nothing => None,
    };
    (1..=said.len().min(FIRST_WORDS_MAX)).rev().find_map(first).unwrap_or(Found::Nothing)
}

fn find_one(said: &[String], items: &[DraftItem<'_>], verbs: &Verbs) -> Found {
    // « les 3 premiers » are not the third.
    if let some @ Found::These(_) = several(said, items) {
        return some;
    }
    if let Some(numbers) = numbers(said) {
        let known = |n: &u32| items.iter().any(|item| item.number == *n);
        // « ajoute au 3 que la salle est prise » says more than which.
        let of_it = |word: &String| {
            let theirs = items.iter().filter(|item| numbers.contains(&item.number));
            word.parse::<u32>().is_ok()
                || verbs.empty.contains(word)
                || theirs.into_iter().any(|item| holds(item, word))
        };
        if numbers.iter().all(known) {
            let more = said.iter().filter(|word| !of_it(word)).count();
            return if more < STRANGE_WORDS { Found::These(numbers) } else { Found::Nothing };
        }
        // « le loto du 12 »: a number may be part of what it is called.
        if said.iter().all(|word| word.parse::<u32>().is_ok() || verbs.empty.contains(word)) {
            return Found::Nothing;
        }
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
    // Nothing else may be said of them: « tout le monde » is not everything.
    let alone = |phrases: &[String]| {
        let among_them = |word: &str| phrases.iter().any(|phrase| phrase.split(' ').any(|one| one == word));
        among(phrases) && content.iter().all(|word| among_them(word))
    };
    for (phrases, kind) in [
        (&verbs.thanks, Noticed::Thanks),
        (&verbs.duplicates, Noticed::Duplicate),
        (&verbs.questions, Noticed::Unanswered),
    ] {
        if alone(phrases) {
            return of(kind);
        }
    }
    if alone(&verbs.all) {
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

fn shown(items: &[DraftItem<'_>]) -> Vec<u32> {
    items.iter().filter(|item| item.is_in).map(|item| item.number).collect()
}

fn says(said: &[String], names: &[&str]) -> bool {
    said.iter().any(|word| names.contains(&word.as_str()))
}

const LAST: [&str; 5] = ["dernier", "derniere", "derniers", "dernieres", "last"];

/// « les deux premiers », “the last three”.
fn several(said: &[String], items: &[DraftItem<'_>]) -> Found {
    const COUNTS: [(&[&str], usize); 5] = [
        (&["deux", "two", "2"], 2),
        (&["trois", "three", "3"], 3),
        (&["quatre", "four", "4"], 4),
        (&["cinq", "five", "5"], 5),
        (&["six", "6"], 6),
    ];
    let last = says(said, &LAST);
    if !last && !says(said, &["premiers", "premieres", "first"]) {
        return Found::Nothing;
    }
    let Some((_, count)) = COUNTS.iter().find(|(names, _)| says(said, names)) else { return Found::Nothing };
    let shown = shown(items);
    let from = if last { shown.len().saturating_sub(*count) } else { 0 };
    let some: Vec<u32> = shown.iter().skip(from).take(*count).copied().collect();
    if some.len() == *count { Found::These(some) } else { Found::Nothing }
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
    let shown = shown(items);
    let found = if says(said, &LAST) {
        // « l’avant-dernier », “the last but one”.
        let but_one = says(said, &["avant", "but"]);
        shown.len().checked_sub(if but_one { 2 } else { 1 }).and_then(|at| shown.get(at))
    } else {
        PLACES.iter().find(|(names, _)| says(said, names)).and_then(|(_, at)| shown.get(*at))
    };
    found.map_or(Found::Nothing, |number| Found::These(vec![*number]))
}

/// The items whose titles and authors hold most of these words, and enough of them. Several that hold
/// as many are meant only where more than one is spoken of.
fn by_words(content: &[&String], said: &[String], items: &[DraftItem<'_>]) -> Found {
    let titles: Vec<(Vec<String>, Vec<String>)> = items
        .iter()
        .map(|item| (words(item.title), item.authors.iter().flat_map(|name| words(&fold(name))).collect()))
        .collect();
    let score = |(title, authors): &(Vec<String>, Vec<String>)| {
        // Lucien is not Lucie.
        let held = |word: &&&String| title.iter().any(|own| alike(own, word)) || authors.contains(word);
        content.iter().filter(held).count()
    };
    let scores: Vec<usize> = titles.iter().map(score).collect();
    let best = scores.iter().copied().max().unwrap_or(0);
    let found: Vec<usize> = (0..items.len()).filter(|at| scores.get(*at) == Some(&best)).collect();
    // Where nothing else is near, one word of three will do.
    let alone = found.len() == 1 && scores.iter().filter(|score| **score > 0).count() == 1;
    if best == 0 || content.len() > 1 && best * 2 <= content.len() && !(alone && best * 3 >= content.len()) {
        return Found::Nothing;
    }
    let of_several = |word: &String| {
        matches!(word.as_str(), "les" | "tous" | "toutes" | "all" | "both" | "messages" | "those")
    };
    // “lifts” are more than “Lift to the station”.
    let plural = |word: &&String| {
        word.strip_suffix('s')
            .is_some_and(|one| found.iter().all(|at| titles[*at].0.iter().any(|own| own == one)))
    };
    // Of two that say the same, the one that stands there.
    let double = |at: &&usize| items[**at].noticed == Some(Noticed::Duplicate) && !items[**at].is_in;
    if let ([one], true) =
        (found.iter().filter(|at| !double(at)).collect::<Vec<_>>().as_slice(), found.len() > 1)
    {
        return Found::These(vec![items[**one].number]);
    }
    let several = said.iter().any(of_several) || content.iter().any(plural);
    if found.len() == 1 || several {
        Found::These(found.into_iter().map(|at| items[at].number).collect())
    } else {
        Found::Nothing
    }
}

/// Whether a word stands in the title of an item, or is of its authors.
fn holds(item: &DraftItem<'_>, word: &str) -> bool {
    item.authors.iter().flat_map(|name| words(name)).any(|own| own == word)
        || words(item.title).iter().any(|own| alike(own, word))
}

/// The same word, but for its end, or cut short, or mistyped: « voisins » and « voisin », « covoit ».
pub(in crate::understand) fn alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let (shorter, longer) = (one.len().min(other.len()), one.len().max(other.len()));
    let ending = common >= STEM_CHARS && common + 2 >= shorter && longer - shorter <= 3;
    let short = common == shorter && shorter >= SHORT_CHARS;
    // One letter too many, missing or another: what is behind it is the same.
    let behind = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    let mistyped = shorter >= MISTYPED_CHARS && longer - shorter <= 1 && common + behind + 1 >= longer;
    ending || short || mistyped
}
