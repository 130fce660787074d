//! Whose name stands somewhere in a text: the words an address is made of.

use crate::understand::tokens;

/// Letters of a word that may be the beginning of a name in an address.
const PART_CHARS_MIN: usize = 2;

/// The words of a text, one behind the other, that an address is made of: « denise aubry » of
/// `denise.aubry@…`, wherever they stand. Two at least, each of them a part of it.
pub(super) fn name_of(local: &str, text: &str) -> Option<String> {
    let folded = tokens::fold(local);
    let parts: Vec<&str> = folded.split(['.', '_', '-']).filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 || parts.iter().any(|part| part.chars().count() < PART_CHARS_MIN) {
        return None;
    }
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ",;:()<>[]|\"«»“”".contains(c))
        .map(|word| word.trim_end_matches(['.', '!', '?']))
        .filter(|word| !word.is_empty())
        .collect();
    (0..words.len()).find_map(|start| run(&words[start..], &parts))
}

/// The name that begins here, if all parts are in it and nothing else.
fn run(words: &[&str], parts: &[&str]) -> Option<String> {
    let mut left: Vec<&str> = parts.to_vec();
    let mut taken = 0;
    for word in words {
        let pieces = tokens::fold(word);
        let pieces: Vec<&str> = pieces.split(['-', '\'', '’']).filter(|piece| !piece.is_empty()).collect();
        // « Peter O’Neill » is peter.oneill, « Fatima El Amrani » fatima.elamrani.
        let joined = pieces.concat();
        if let Some(at) = left.iter().position(|part| *part == joined) {
            left.remove(at);
        } else if !pieces.is_empty() && pieces.iter().all(|piece| left.contains(piece)) {
            left.retain(|part| !pieces.contains(part));
        } else {
            break;
        }
        taken += 1;
        if left.is_empty() {
            break;
        }
    }
    (left.is_empty() && taken >= 2)
        .then(|| words[..taken].iter().map(|word| with_capital(word)).collect::<Vec<_>>().join(" "))
}

/// « Martin Léa » and « Léa Martin ».
pub(super) fn are_the_same_words(one: &str, other: &str) -> bool {
    let words = |name: &str| {
        let mut words: Vec<String> = name.split_whitespace().map(tokens::fold).collect();
        words.sort();
        words
    };
    words(one) == words(other)
}

fn with_capital(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        Some(_) | None => word.to_owned(),
    }
}
