//! Words around lists of people, addresses as they are spelt for robots, and whose they are.

use super::{folded_words, naming, rows};
use crate::domain::command::AnimatorCommand;
use crate::understand::tokens;

/// Whether a phrase stands among words with blanks around each; `..` in it is a few words, or none.
pub(super) fn stands(phrase: &str, spaced: &str) -> bool {
    const BETWEEN_MAX: usize = 6;
    let mut parts = phrase.split(" .. ");
    let Some(first) = parts.next() else { return false };
    let mut places: Vec<usize> =
        spaced.match_indices(&format!(" {first} ")).map(|(at, found)| at + found.len() - 1).collect();
    for part in parts {
        let wanted = format!(" {part} ");
        let behind = |from: usize| {
            let at = spaced.get(from..)?.find(&wanted)?;
            let between = spaced[from..from + at].split_whitespace().count();
            (between <= BETWEEN_MAX).then_some(from + at + wanted.len() - 1)
        };
        places = places.into_iter().filter_map(behind).collect();
    }
    !places.is_empty()
}

/// « remi (arobase) fai.example » as an address.
pub(super) fn at_signs(text: &str) -> String {
    const SPELLED: [&str; 8] = ["(at)", "[at]", "(arobase)", "[arobase]", "{at}", "(AT)", "(à)", "(chez)"];
    SPELLED.iter().fold(text.to_owned(), |text, sign| {
        if !text.contains(sign) {
            return text;
        }
        [format!(" {sign} "), format!(" {sign}"), format!("{sign} "), (*sign).to_owned()]
            .iter()
            .fold(text, |text, wanted| text.replace(wanted.as_str(), "@"))
    })
}

/// The same people, by the names that stand in the text for their addresses.
pub(super) fn named_in(mut command: AnimatorCommand, text: &str) -> AnimatorCommand {
    let (AnimatorCommand::Add(people)
    | AnimatorCommand::Invite(people)
    | AnimatorCommand::Remove(people)
    | AnimatorCommand::Ban(people)
    | AnimatorCommand::Unban(people)) = &mut command
    else {
        return command;
    };
    for called in people.iter_mut() {
        let local = called.address.as_ref().and_then(|address| address.as_str().split('@').next());
        if let Some(name) = local.and_then(|local| naming::name_of(local, text))
            && !naming::are_the_same_words(&name, &called.name)
        {
            called.name = rows::put_right(&name);
        }
    }
    // A line that is a name, above the line that is its address.
    let names: Vec<String> =
        people.iter().filter(|c| c.address.is_some()).map(|c| tokens::fold(&c.name)).collect();
    people.retain(|c| c.address.is_some() || c.name.is_empty() || !names.contains(&tokens::fold(&c.name)));
    command
}

/// The first row of a table: « nom;email ».
pub(super) fn is_heading(line: &str) -> bool {
    const COLUMNS: [&str; 32] = [
        "nom",
        "prenom",
        "name",
        "email",
        "e",
        "mail",
        "adresse",
        "address",
        "courriel",
        "first",
        "last",
        "mel",
        "surname",
        "forename",
        "given",
        "family",
        "tel",
        "telephone",
        "phone",
        "portable",
        "mobile",
        "rue",
        "lot",
        "flat",
        "classe",
        "class",
        "appartement",
        "appt",
        "batiment",
        "house",
        "plot",
        "no",
    ];
    let words = folded_words(line);
    words.len() > 1 && words.iter().all(|word| COLUMNS.contains(&word.as_str()))
}
