//! The language a text is in, only when it is beyond doubt.

use whatlang::{Detector, Info, Lang};

use crate::mail::words;

/// How much of a text a doubtful language is told by, in characters.
const LANGUAGE_CHARS_READ: usize = 250;
/// Fewer letters than this do not show a language.
const LANGUAGE_LETTERS_MIN: usize = 60;

/// ISO 639-1 of a text, when it is long enough and beyond doubt.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    if !is_long_enough(text) {
        return None;
    }
    if let Some(plain) = by_common_words(text) {
        return Some(plain);
    }
    let text = words::first_chars(text, LANGUAGE_CHARS_READ);
    let detector = Detector::with_allowlist(LANGUAGES.iter().map(|(lang, _)| *lang).collect());
    let info = detector.detect(text).filter(Info::is_reliable)?;
    LANGUAGES.iter().find(|(lang, _)| *lang == info.lang()).map(|(_, tag)| *tag)
}

/// The same of a text that is too short for that: good enough to be read aloud by. Nothing for a long
/// one, which was told when it came, or is in doubt.
pub(in crate::mail) fn of_short_text(text: &str) -> Option<&'static str> {
    if is_long_enough(text) {
        return None;
    }
    let text = words::first_chars(text, LANGUAGE_CHARS_READ);
    let info = whatlang::detect(text).filter(Info::is_reliable)?;
    LANGUAGES.iter().find(|(lang, _)| *lang == info.lang()).map(|(_, tag)| *tag)
}

fn is_long_enough(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).nth(LANGUAGE_LETTERS_MIN - 1).is_some()
}

/// French or English by their commonest words, none of which the neighbours share four of. Most
/// posts are told by these in a fortieth of the time.
fn by_common_words(text: &str) -> Option<&'static str> {
    const FRENCH: [&str; 18] = [
        "les", "des", "une", "est", "que", "pour", "dans", "vous", "nous", "pas", "avec", "sur", "qui",
        "sont", "cette", "mais", "du", "je",
    ];
    const ENGLISH: [&str; 18] = [
        "the", "and", "that", "with", "this", "have", "from", "you", "are", "would", "they", "which",
        "there", "what", "of", "your", "been", "will",
    ];
    const DISTINCT_MIN: u32 = 4;
    let (mut french, mut english) = (0u32, 0u32); // one bit for each word met
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| (2..=6).contains(&word.len())) {
        let bit =
            |words: &[&str]| words.iter().position(|w| word.eq_ignore_ascii_case(w)).map_or(0, |at| 1 << at);
        french |= bit(&FRENCH);
        english |= bit(&ENGLISH);
    }
    match (french.count_ones(), english.count_ones()) {
        (french @ DISTINCT_MIN.., english) if english * DISTINCT_MIN <= french => Some("fr"),
        (french, english @ DISTINCT_MIN..) if french * DISTINCT_MIN <= english => Some("en"),
        _ => None,
    }
}

/// The languages told apart: each one more costs time at every post, and makes short texts doubtful.
const LANGUAGES: [(Lang, &str); 28] = [
    (Lang::Fra, "fr"),
    (Lang::Eng, "en"),
    (Lang::Deu, "de"),
    (Lang::Spa, "es"),
    (Lang::Ita, "it"),
    (Lang::Por, "pt"),
    (Lang::Cat, "ca"),
    (Lang::Nld, "nl"),
    (Lang::Dan, "da"),
    (Lang::Nob, "nb"),
    (Lang::Swe, "sv"),
    (Lang::Fin, "fi"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Hun, "hu"),
    (Lang::Ron, "ro"),
    (Lang::Tur, "tr"),
    (Lang::Vie, "vi"),
    (Lang::Ell, "el"),
    (Lang::Rus, "ru"),
    (Lang::Ukr, "uk"),
    (Lang::Bul, "bg"),
    (Lang::Ara, "ar"),
    (Lang::Pes, "fa"),
    (Lang::Heb, "he"),
    (Lang::Cmn, "zh"),
    (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"),
];

#[cfg(test)]
mod tests {
    use super::of_text;

    #[test]
    fn languages_only_when_sure() {
        let english =
            "The meeting on Saturday will take place in the large room on the ground floor of the house.";
        assert_eq!(of_text(english), Some("en"));
        assert_eq!(of_text("ok merci"), None);
        let german =
            "Die Versammlung am Samstag findet im großen Saal im Erdgeschoss des Hauses statt, um zehn Uhr.";
        assert_eq!(of_text(german), Some("de"));
        let catalan = "La reunió de dissabte es farà a la sala gran de la planta baixa, i les portes que donen al pati.";
        assert_ne!(of_text(catalan), Some("fr"));
        let french = "La réunion de samedi aura lieu dans la grande salle du rez-de-chaussée, à dix heures.";
        assert_eq!(of_text(french), Some("fr"));
    }
}
