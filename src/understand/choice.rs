//! What somebody picks from a numbered list: « 3 », « le 2 et le 5 », « fil 4 ».

use super::tokens;

/// Numbers taken from one answer.
const PICKED_MAX: usize = 5;
/// A list goes to a few hundred; longer numbers are years, and something else.
const DIGITS_MAX: usize = 3;
/// Words of an answer that picks something; more of them say something else.
const WORDS_MAX: usize = 14;
/// Numbers as words, in French and English, in order.
const NUMBERS: [&[&str]; 10] = [
    &["premier", "premiere", "first"],
    &["deux", "deuxieme", "second", "seconde", "two"],
    &["trois", "troisieme", "three", "third"],
    &["quatre", "quatrieme", "four", "fourth"],
    &["cinq", "cinquieme", "five", "fifth"],
    &["six", "sixieme", "sixth"],
    &["sept", "septieme", "seven", "seventh"],
    &["huit", "huitieme", "eight", "eighth"],
    &["neuf", "neuvieme", "nine", "ninth"],
    &["dix", "dixieme", "ten", "tenth"],
];
/// What people say around a number.
const BESIDE: [&str; 65] = [
    "le", "la", "les", "l", "et", "and", "the", "numero", "number", "n", "no", "message", "messages", "post",
    "posts", "mail", "mails", "svp", "stp", "merci", "please", "thanks", "du", "toute", "tout", "whole",
    "je", "voudrais", "veux", "bien", "aimerais", "lire", "recevoir", "voir", "avoir", "envoyez", "envoie",
    "envoyer", "moi", "donnez", "aussi", "s", "il", "vous", "te", "plait", "one", "it", "i", "would", "d",
    "like", "to", "want", "read", "see", "get", "send", "show", "me", "can", "could", "you", "have", "de",
];

/// What was picked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// In the order they were named, counted from 1.
    pub numbers: Vec<usize>,
    /// The whole conversation of each.
    pub thread: bool,
}

/// What the first line of an answer picks, if it does nothing else.
pub fn choice(text: &str) -> Option<Choice> {
    const THREAD: [&str; 5] = ["fil", "fils", "conversation", "thread", "discussion"];
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !is_greeting(line))?;
    let folded = tokens::fold(line);
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut choice = Choice { numbers: Vec::new(), thread: false };
    if words.len() > WORDS_MAX {
        return None;
    }
    for word in words {
        match word.parse::<usize>() {
            Ok(number) if word.len() <= DIGITS_MAX && number > 0 => choice.numbers.push(number),
            Ok(_) => return None,
            Err(_) if THREAD.contains(&word) => choice.thread = true,
            Err(_) if BESIDE.contains(&word) => {}
            Err(_) => choice.numbers.push(1 + NUMBERS.iter().position(|names| names.contains(&word))?),
        }
    }
    choice.numbers.truncate(PICKED_MAX);
    (!choice.numbers.is_empty()).then_some(choice)
}

fn is_greeting(line: &str) -> bool {
    const GREETINGS: [&str; 8] = ["bonjour", "bonsoir", "salut", "coucou", "hello", "hi", "dear", "cher"];
    let folded = tokens::fold(line);
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.next().is_some_and(|word| GREETINGS.contains(&word))
        && words.count() <= 2
        && !line.contains(char::is_numeric)
}

/// « 3 en entier », “2 and 5 in full”: which of a numbered list somebody wants whole.
pub fn in_full(text: &str) -> Option<Vec<usize>> {
    const WHOLE: [&str; 6] = ["en entier", "en complet", "in full", "entire", "complet", "entier"];
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let folded = tokens::fold(line);
    let said = WHOLE.iter().find(|whole| folded.contains(*whole))?;
    Some(choice(&folded.replacen(said, " ", 1))?.numbers)
}

/// A first line that is nothing but a number, and the words below it.
pub fn numbered_words(text: &str) -> Option<(usize, &str)> {
    let start = text.len() - text.trim_start().len();
    let (line, below) = text[start..].split_once('\n').unwrap_or((&text[start..], ""));
    let number = choice(line).filter(|choice| choice.numbers.len() == 1 && !choice.thread)?.numbers[0];
    Some((number, below.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_want_whole() {
        for (text, wanted) in [
            ("3 en entier", Some(vec![3])),
            ("Le 2 et le 5 en entier, svp", Some(vec![2, 5])),
            ("4 in full please", Some(vec![4])),
            ("112 en entier", Some(vec![112])),
            ("3", None),
            ("je le veux en entier", None),
        ] {
            assert_eq!(in_full(text), wanted, "{text}");
        }
        assert_eq!(numbered_words("3\n\nJe viens !"), Some((3, "Je viens !")));
        assert_eq!(numbered_words("n° 2 :\nMoi aussi\n2"), Some((2, "Moi aussi\n2")));
        assert_eq!(numbered_words("3 personnes viennent"), None);
    }

    #[test]
    fn what_people_pick() {
        for (text, picked) in [
            ("3", Some((vec![3], false))),
            ("\n 3.\n\nMerci !", Some((vec![3], false))),
            ("Le 2 et le 5, merci", Some((vec![2, 5], false))),
            ("n° 4", Some((vec![4], false))),
            ("fil 4", Some((vec![4], true))),
            ("Toute la conversation 1 svp", Some((vec![1], true))),
            ("thread 10", Some((vec![10], true))),
            ("Je voudrais bien lire le premier et le troisième, merci !", Some((vec![1, 3], false))),
            ("Bonjour,\n\nEnvoyez-moi le deuxième s’il vous plaît", Some((vec![2], false))),
            ("Hello\nCould you send me the second one?", Some((vec![2], false))),
            ("Could you send me the third please?", Some((vec![3], false))),
            ("the whole first thread", Some((vec![1], true))),
            ("Bonjour,", None),
            ("0", None),
            ("123", Some((vec![123], false))),
            ("2026", None),
            ("chercher vélo", None),
            ("rendez-vous à 3 heures", None),
            ("", None),
        ] {
            let found = choice(text).map(|choice| (choice.numbers, choice.thread));
            assert_eq!(found, picked, "{text}");
        }
        assert!(choice(&"1 ".repeat(500)).is_none());
    }
}
