//! Texts as words, and phrases among them.

use crate::understand::tokens::fold;

/// The words of a text in small letters, without accents and signs; a range stays one word.
pub(super) fn words(text: &str) -> Vec<String> {
    // « n° 5 » is no negation.
    let mut folded = fold(text).replace("n°", " numero ").replace("nº", " numero ");
    // « 2-4 »: from 2 to 4.
    let letters: Vec<(usize, char)> = folded.char_indices().collect();
    let dashes = letters.windows(3).filter(|three| {
        three[0].1.is_ascii_digit() && matches!(three[1].1, '-' | '–') && three[2].1.is_ascii_digit()
    });
    let dashes: Vec<(usize, usize)> = dashes.map(|three| (three[1].0, three[2].0)).collect();
    for (from, to) in dashes.into_iter().rev() {
        folded.replace_range(from..to, " a ");
    }
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

pub(super) fn folded(word: &str) -> String {
    fold(word)
}

/// Where a phrase stands among words.
pub(super) fn position(words: &[String], phrase: &str) -> Option<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words
        .windows(phrase.len())
        .position(|window| window.iter().map(String::as_str).eq(phrase.iter().copied()))
}

pub(super) fn begins_with(words: &[String], phrase: &str) -> bool {
    let mut said = words.iter().map(String::as_str);
    phrase.split(' ').all(|word| said.next() == Some(word))
}

pub(super) fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let end = line.find(|c: char| !c.is_alphanumeric() && c != '’' && c != '\'').unwrap_or(line.len());
    line.split_at(end)
}
