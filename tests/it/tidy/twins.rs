//! French and English say the same things: each letter, each word of the pages, each variable in
//! it has its twin in the other language.

use std::collections::{BTreeMap, BTreeSet};

use super::{files_below, none};

/// Each language's folder of locales, and of letters.
const PAIRS: &[(&str, &str)] =
    &[("data/locales/fr", "data/locales/en"), ("templates/mail/fr", "templates/mail/en")];

fn names_below(folder: &str) -> BTreeSet<String> {
    let inside = format!("{folder}/");
    files_below(folder).into_iter().filter_map(|f| f.path.strip_prefix(&inside).map(str::to_owned)).collect()
}

#[test]
fn every_file_has_its_twin() {
    for (french, english) in PAIRS {
        let (fr, en) = (names_below(french), names_below(english));
        assert!(!fr.is_empty(), "{french} is empty");
        let lonely: Vec<&String> = fr.symmetric_difference(&en).collect();
        assert!(lonely.is_empty(), "in only one of {french} and {english}: {lonely:?}");
    }
}

/// The messages of a Fluent file, each with the variables it uses.
fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let key = line.split_once(" =").map(|(key, _)| key).filter(|key| !key.starts_with([' ', '.', '}']));
        if let Some(key) = key {
            let again = found.insert(key.to_owned(), BTreeSet::new());
            assert!(again.is_none(), "{key} is there twice");
            current = Some(key.to_owned());
        }
        if let Some(variables) = current.as_ref().and_then(|key| found.get_mut(key)) {
            variables.extend(line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect::<String>()
            }));
        }
    }
    found
}

#[test]
fn every_word_of_the_pages_has_its_twin() {
    let mut faults = Vec::new();
    let files = |folder: &str| files_below(folder).into_iter().map(|file| messages(&file.text()));
    for (fr, en) in files("data/locales/fr").zip(files("data/locales/en")) {
        for (key, variables) in &fr {
            match en.get(key) {
                None => faults.push(format!("{key}: French only")),
                Some(others) if others != variables => {
                    faults.push(format!("{key}: French uses {variables:?}, English {others:?}"));
                }
                Some(_) => {}
            }
        }
        faults
            .extend(en.keys().filter(|key| !fr.contains_key(*key)).map(|key| format!("{key}: English only")));
    }
    none(&faults);
}

/// The facts a handlebars template uses, in any order.
fn facts(text: &str) -> BTreeSet<String> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}").map(|(tag, _)| tag.trim()))
        // « d’Anne »: what English says of somebody with the bare name.
        .map(|tag| tag.strip_prefix("of_").unwrap_or(tag).to_owned())
        .collect()
}

#[test]
fn letters_use_the_same_facts_in_both_languages() {
    let mut faults = Vec::new();
    for (fr, en) in files_below("templates/mail/fr").iter().zip(&files_below("templates/mail/en")) {
        let (french, english) = (facts(&fr.text()), facts(&en.text()));
        let lonely: Vec<&String> = french.symmetric_difference(&english).collect();
        if !lonely.is_empty() {
            faults.push(format!("{} and {}: {lonely:?} in one of them only", fr.path, en.path));
        }
    }
    none(&faults);
}

#[test]
fn messages_are_read_with_their_variables() {
    let text = "# a\none = { $x } and\n    { $y ->\n       *[other] { $z }\n    }\ntwo = plain\n";
    let read: Vec<String> = messages(text).into_iter().map(|(k, v)| format!("{k} {v:?}")).collect();
    assert_eq!(read, [r#"one {"x", "y", "z"}"#, "two {}"]);
}
