//! Who stands on one line, whatever stands around them: a row of a table, an address book's line, a
//! sentence with a name beside an address.

use crate::domain::address::EmailAddress;
use crate::domain::command::Called;
use crate::understand::tokens;

/// Words of a name beside an address.
const NAME_WORDS_MAX: usize = 4;
/// Characters kept of how it was written.
const WRITTEN_CHARS_MAX: usize = 120;
/// Words with a capital letter that are no part of a name.
const NO_NAMES: [&str; 34] = [
    "bonjour",
    "bonsoir",
    "salut",
    "hello",
    "hi",
    "merci",
    "thanks",
    "please",
    "peux",
    "pouvez",
    "pourrais",
    "could",
    "can",
    "would",
    "tel",
    "mail",
    "email",
    "courriel",
    "adresse",
    "nouveaux",
    "nouvelle",
    "nouveau",
    "nouvelles",
    "ajouter",
    "ajoute",
    "ajoutez",
    "add",
    "inviter",
    "invite",
    "retirer",
    "remove",
    "the",
    "les",
    "le",
];

/// Everybody on a line; `heading` is the first row of the table it is of.
pub(super) fn read(line: &str, heading: Option<&str>) -> Vec<Called> {
    let columns: Vec<&str> =
        line.split([';', '\t', ',', '|']).map(str::trim).filter(|c| !c.is_empty()).collect();
    let addresses = line.matches('@').count();
    let of_address =
        |column: &str| parted(column).is_some_and(|(before, _)| !before.is_empty()) || is_cell(column);
    let cells = |column: &&str| if column.contains('@') { of_address(column) } else { is_cell(column) };
    if addresses == 1 && columns.len() > 1 && columns.iter().all(cells) {
        return row(line, &columns, heading).into_iter().collect();
    }
    beside(line)
}

/// A name, a telephone number, a word or two: nothing anybody says.
fn is_cell(column: &str) -> bool {
    let said = column.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic));
    said.count() <= NAME_WORDS_MAX
}

fn row(line: &str, columns: &[&str], heading: Option<&str>) -> Option<Called> {
    let cell = columns.iter().find(|column| column.contains('@'))?;
    let (before, address) = parted(cell)?;
    let names: Vec<&str> = columns.iter().copied().filter(|column| is_name(column)).take(2).collect();
    let family_first = match heading {
        Some(heading) => {
            let folded = tokens::fold(heading);
            let at = |names: &[&str]| names.iter().filter_map(|name| folded.find(name)).min();
            let given = at(&["prenom", "first", "given", "forename"]);
            given.is_some_and(|given| {
                at(&["nom;", "nom,", "nom\t", "surname", "last", "family"])
                    .is_some_and(|family| family < given)
            })
        }
        // « Martin, Léa ; lea@… » as address books have it, and “SINGH,Daljit,d.singh@…”.
        None => names.len() == 2 || line.split([';', '\t']).next().is_some_and(|first| first.contains(',')),
    };
    let name = match names.as_slice() {
        [] => before.to_owned(),
        [family, given] if family_first => format!("{given} {family}"),
        [one] if before.is_empty() => (*one).to_owned(),
        // « Martin, Léa <lea@…> »
        [family] => format!("{before} {family}"),
        more => more.join(" "),
    };
    Some(called(&name, address, line))
}

/// The address in some words, and the name before it.
fn parted(words: &str) -> Option<(&str, EmailAddress)> {
    let ends = |c: char| c.is_whitespace() || "<>()[]\"',;«»“”|".contains(c);
    let found = words.split(ends).find(|word| word.contains('@'))?;
    let bare = found.trim_start_matches("mailto:").trim_end_matches(['.', ':', '!', '?']);
    let address = EmailAddress::parse(bare).ok()?;
    let before = words.get(..words.find(found)?)?.trim_matches(edge);
    Some((if is_name(before) { before } else { "" }, address))
}

/// Every address of a sentence, with the name right before or behind it.
fn beside(line: &str) -> Vec<Called> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, word) in words_of(line).filter(|(_, word)| word.contains('@')) {
        let Some((_, address)) = parted(word) else { continue };
        let before = line.get(from..at).unwrap_or_default();
        let behind = line.get(at + word.len()..).unwrap_or_default();
        let name = last_name(before).or_else(|| bracketed(behind));
        found.push(called(&name.unwrap_or_default(), address, word));
        from = at + word.len();
    }
    found
}

fn words_of(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    line.split_inclusive([' ', '\t', '\u{a0}', '\u{202f}', ',', ';']).map(move |piece| {
        let start = at;
        at += piece.len();
        (start, piece.trim_end_matches([' ', '\t', '\u{a0}', '\u{202f}', ',', ';']))
    })
}

/// The words with a capital letter that end some words: « (Samira Haddad, » → « Samira Haddad ».
fn last_name(before: &str) -> Option<String> {
    // « "Hamon, Lucie" <lucie@…> »
    let quoted =
        before.trim_end_matches(|c: char| c.is_whitespace() || c == '<').strip_suffix(['"', '”', '»']);
    if let Some((_, inside)) = quoted.and_then(|quoted| quoted.rsplit_once(['"', '“', '«'])) {
        return is_name(&inside.replace(',', " ")).then(|| inside.trim().to_owned());
    }
    let trimmed = before.trim_end_matches(edge);
    let mut words: Vec<&str> = Vec::new();
    for word in trimmed.split_whitespace().rev() {
        let stops = word.ends_with([',', '.', ';', ':', ')', '!', '?']);
        let bare = word.trim_matches(edge);
        if stops && !words.is_empty() || !is_name(bare) || words.len() >= NAME_WORDS_MAX {
            break;
        }
        words.insert(0, bare);
        if word.starts_with(['(', '"', '«', '“']) {
            break;
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// « zoe@… (Zoé Lambert) »
fn bracketed(behind: &str) -> Option<String> {
    let inside = behind.trim_start().strip_prefix('(')?.split(')').next()?.trim();
    is_name(inside).then(|| inside.to_owned())
}

fn edge(c: char) -> bool {
    c.is_whitespace() || "<>()[]\"'«»“”,:;-–—|*•".contains(c)
}

fn is_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let fits = |word: &&str| {
        let bare = word.trim_matches(edge);
        let particle =
            ["de", "du", "des", "d", "la", "le", "van", "von", "der", "den", "da", "di", "el", "ben"];
        let capital = bare.starts_with(char::is_uppercase)
            && bare.chars().all(|c| c.is_alphabetic() || "-’'.".contains(c));
        (capital && !NO_NAMES.contains(&tokens::fold(bare).as_str())) || particle.contains(&bare)
    };
    !words.is_empty()
        && words.len() <= NAME_WORDS_MAX
        && words.iter().all(fits)
        && text.contains(char::is_uppercase)
}

fn called(name: &str, address: EmailAddress, written: &str) -> Called {
    Called {
        name: put_right(name),
        address: Some(address),
        written: written.chars().take(WRITTEN_CHARS_MAX).collect(),
    }
}

/// « ROUX Jean-Pierre » → « Jean-Pierre Roux »; « Hamon, Lucie » → « Lucie Hamon ».
pub(super) fn put_right(name: &str) -> String {
    let name = name.trim_matches(edge);
    if let Some((family, given)) = name.split_once(',') {
        return put_right(&format!("{} {}", given.trim(), family.trim()));
    }
    let shouted = |word: &&str| word.chars().count() > 2 && word.chars().all(|c| !c.is_lowercase());
    let (family, given): (Vec<&str>, Vec<&str>) = name.split_whitespace().partition(shouted);
    let words: Vec<&str> = if given.is_empty() { family } else { given.into_iter().chain(family).collect() };
    words
        .iter()
        .map(|word| if shouted(word) { in_small_letters(word) } else { (*word).to_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

/// « NÉDÉLEC-ROY » → « Nédélec-Roy »
fn in_small_letters(word: &str) -> String {
    let mut starts = true;
    word.chars()
        .flat_map(|c| {
            let kept: Vec<char> = if starts { vec![c] } else { c.to_lowercase().collect() };
            starts = !c.is_alphabetic();
            kept
        })
        .collect()
}
