//! A text as words that can be found: no case, no accents, no endings, in French and in English.
//!
//! `L’école`, `ecole` and `écoles` are one word. The same code reads what is kept and what is
//! asked, so that both come to the same end. Knows nothing of messages, and keeps nothing.

mod common;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use self::common::{ELECTRONIC_MAIL, ELIDED, ENGLISH, FRENCH, KEPT_AS_EMAIL, PLURALS, PRONOUNS, SUFFIXES};

/// Longer words are noise (keys, encoded files) and cannot be found, characters.
const WORD_CHARS_MAX: usize = 40;
/// Shorter words end in an `s` of their own: `bus`, `dos`.
const PLURAL_BYTES_MIN: usize = 3;
/// Parts of a word joined by hyphens that are one word too.
const JOINED_PARTS_MAX: usize = 4;

/// The language words are read in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Tongue {
    French,
    English,
    /// Whose endings we do not know.
    Other,
}

impl Tongue {
    pub(super) const ALL: [Tongue; 3] = [Tongue::French, Tongue::English, Tongue::Other];

    /// Of an ISO 639-1 code.
    pub(super) fn of(code: &str) -> Tongue {
        match code {
            "fr" => Tongue::French,
            "en" => Tongue::English,
            _ => Tongue::Other,
        }
    }
}

/// A stretch of letters and digits of a text, as it stands there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// In bytes from the start of the text.
    pub(super) at: usize,
    /// Words of one text are counted from 0.
    pub(super) position: u32,
    /// How many of the words that follow are joined to it by hyphens.
    pub(super) joined: usize,
}

impl Word<'_> {
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// The words of a text, without what French leaves before an apostrophe and English behind one.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let runs = runs(text);
    let mut words: Vec<Word<'_>> = Vec::with_capacity(runs.len());
    let mut chain = 0;
    for (n, run) in runs.iter().enumerate() {
        let between = |one: &Run<'_>, other: &Run<'_>| text.get(one.end..other.start).unwrap_or_default();
        let before = n.checked_sub(1).map_or("", |before| between(&runs[before], run));
        let after = runs.get(n + 1).map_or("", |after| between(run, after));
        let part = is_apostrophe(after) && is_one_of(run.text, ELIDED)
            || is_apostrophe(before) && is_one_of(run.text, SUFFIXES) && !is_hyphen(after);
        if part || run.text.len() > WORD_CHARS_MAX && run.text.chars().count() > WORD_CHARS_MAX {
            chain = 0;
            continue;
        }
        chain = if is_hyphen(before) && chain > 0 { chain + 1 } else { 1 };
        let position = u32::try_from(words.len()).unwrap_or(u32::MAX);
        words.push(Word { text: run.text, at: run.start, position, joined: 0 });
        if (2..=JOINED_PARTS_MAX).contains(&chain) {
            let first = words.len() - chain;
            words[first].joined = chain - 1;
        }
    }
    words
}

struct Run<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

/// What stands between signs. Chinese and Japanese put none between words: there each sign is one.
fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut start: Option<usize> = None;
    for (at, c) in text.char_indices() {
        let is_part = if c.is_ascii() {
            c.is_ascii_alphanumeric()
        } else {
            c.is_alphanumeric() && !is_ideogram(c) || is_within(c) && start.is_some()
        };
        match (start, is_part) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                runs.push(Run { text: &text[from..at], start: from, end: at });
                start = None;
            }
            (None, false) | (Some(_), true) => {}
        }
        if is_ideogram(c) {
            let end = at + c.len_utf8();
            runs.push(Run { text: &text[at..end], start: at, end });
        }
    }
    if let Some(from) = start {
        runs.push(Run { text: &text[from..], start: from, end: text.len() });
    }
    runs
}

/// Accents written after their letter, and what may stand inside a word without being seen.
fn is_within(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
}

fn is_ideogram(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn is_apostrophe(between: &str) -> bool {
    matches!(between, "'" | "’" | "ʼ" | "‘" | "´" | "`")
}

fn is_hyphen(between: &str) -> bool {
    matches!(between, "-" | "‐" | "\u{2011}")
}

fn is_one_of(word: &str, among: &[&str]) -> bool {
    among.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Small letters without accents; ligatures as two letters.
pub(super) fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.nfkd().flat_map(char::to_lowercase).filter(|c| !is_within(*c)) {
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            c => folded.push(c),
        }
    }
    folded
}

/// Takes endings off words.
#[derive(Clone)]
pub(super) struct Endings {
    french: Stemmer,
    english: Stemmer,
}

impl Endings {
    pub(super) fn new() -> Endings {
        Endings { french: Stemmer::new(Algorithm::French), english: Stemmer::new(Algorithm::English) }
    }

    /// What a word is kept under: once as its accents have it, once without them where that is
    /// another. Nothing for words that are everywhere.
    pub(super) fn forms(&self, word: &str, tongue: Tongue) -> Forms {
        let folded = fold(word);
        if is_electronic_mail(word, &folded) {
            return Forms::one(KEPT_AS_EMAIL.to_owned());
        }
        match tongue {
            Tongue::Other => Forms::one(folded),
            Tongue::English if is_common(&folded, ENGLISH) => Forms::default(),
            Tongue::English => Forms::one(self.english.stem(&folded).into_owned()),
            Tongue::French if is_common(&folded, FRENCH) => Forms::default(),
            Tongue::French => {
                if let Ok(known) = PLURALS.binary_search_by_key(&folded.as_str(), |(plural, _)| *plural) {
                    return Forms::one(self.french.stem(PLURALS[known].1).into_owned());
                }
                let plain = self.french.stem(of_one(&folded)).into_owned();
                if word.is_ascii() {
                    return Forms::one(plain);
                }
                let written: String =
                    word.nfc().flat_map(char::to_lowercase).filter(|c| !is_within(*c)).collect();
                let accented = fold(&self.french.stem(of_one(&written)));
                let other = (accented != plain && !accented.is_empty()).then_some(accented);
                Forms { first: Some(plain), other }
            }
        }
    }

    /// What several words joined by hyphens are kept under together: `rendez-vous` as `rendezvous`.
    pub(super) fn joined(&self, parts: &[Word<'_>], tongue: Tongue) -> Option<String> {
        let letters = |part: &Word<'_>| part.text.chars().all(|c| c.is_alphabetic() || is_within(c));
        let last = parts.last()?;
        if parts.len() < 2 || !parts.iter().all(letters) || is_one_of(&fold(last.text), PRONOUNS) {
            return None;
        }
        let whole: String = parts.iter().map(|part| part.text).collect();
        (whole.chars().count() <= WORD_CHARS_MAX).then(|| self.forms(&whole, tongue).first).flatten()
    }
}

/// A French word without the `s` of its plural where the stemmer leaves it, since verbs end so too:
/// `vélos`, `amis`, `perdus`.
fn of_one(word: &str) -> &str {
    let one = word.strip_suffix('s').filter(|one| one.len() >= PLURAL_BYTES_MIN);
    one.filter(|one| one.ends_with(['a', 'i', 'o', 'u'])).unwrap_or(word)
}

/// What a word is kept under; nothing, one thing or two.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Forms {
    pub(super) first: Option<String>,
    pub(super) other: Option<String>,
}

impl Forms {
    fn one(form: String) -> Forms {
        Forms { first: (!form.is_empty()).then_some(form), other: None }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = String> {
        self.first.into_iter().chain(self.other)
    }
}

/// Whether a word is one of those for what this is all about. « Mel » is a name, « mél » is mail.
fn is_electronic_mail(word: &str, folded: &str) -> bool {
    is_common(folded, ELECTRONIC_MAIL) && !(word.is_ascii() && folded.starts_with("mel"))
}

/// How the words begin that are kept under another.
pub(super) fn beginnings_of(kept: &str) -> &'static [&'static str] {
    if kept == KEPT_AS_EMAIL { ELECTRONIC_MAIL } else { &[] }
}

/// Whether a word is so common in French or English that looking for it finds everything.
pub(super) fn is_everywhere(word: &str) -> bool {
    let folded = fold(word);
    is_common(&folded, FRENCH) || is_common(&folded, ENGLISH)
}

fn is_common(folded: &str, sorted: &[&str]) -> bool {
    sorted.binary_search(&folded).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forms(word: &str, tongue: Tongue) -> Vec<String> {
        Endings::new().forms(word, tongue).into_iter().collect()
    }

    #[test]
    fn words_one_would_call_the_same() {
        for (tongue, one, others) in [
            (Tongue::French, "école", &["ecole", "écoles", "ÉCOLES", "Ecoles", "e\u{301}cole"][..]),
            (Tongue::French, "réunion", &["reunions", "RÉUNIONS", "réu\u{ad}nion"]),
            (Tongue::French, "préféré", &["préférée", "prefere", "préférés"]),
            (Tongue::French, "cœur", &["coeurs", "CŒUR"]),
            (Tongue::French, "travail", &["travaux"]),
            (Tongue::French, "lieu", &["lieux"]),
            (Tongue::French, "cheval", &["chevaux"]),
            (Tongue::French, "vélo", &["vélos", "VELOS"]),
            (Tongue::French, "perdu", &["perdus", "perdue", "perdues"]),
            (Tongue::French, "ami", &["amis", "amie", "amies"]),
            (Tongue::French, "agenda", &["agendas"]),
            (Tongue::French, "clé", &["clés", "clef", "clefs"]),
            (Tongue::French, "repas", &["Repas"]),
            (Tongue::French, "jardinage", &["jardinages"]),
            (Tongue::English, "meeting", &["meetings", "Meetings"]),
            (Tongue::English, "garden", &["gardens", "GARDEN"]),
            (Tongue::Other, "straße", &["strasse", "STRASSE"]),
            (Tongue::French, "courriel", &["mails", "Mél", "EMAIL", "courriels"]),
            (Tongue::English, "mail", &["emails", "email"]),
        ] {
            let wanted = forms(one, tongue);
            for other in others {
                let found = forms(other, tongue);
                assert!(
                    found.iter().any(|form| wanted.contains(form)),
                    "{one}: {wanted:?}, {other}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn words_that_are_others() {
        for (tongue, one, other) in [
            (Tongue::French, "porte", "portail"),
            (Tongue::French, "bus", "bu"),
            (Tongue::French, "lundi", "lundiville"),
            (Tongue::English, "gardener", "gate"),
            (Tongue::French, "mail", "Mel"),
            (Tongue::French, "courriel", "courrier"),
        ] {
            let (one, other) = (forms(one, tongue), forms(other, tongue));
            assert!(!one.iter().any(|form| other.contains(form)), "{one:?} {other:?}");
        }
        assert_eq!(forms("les", Tongue::French), Vec::<String>::new());
        assert_eq!(forms("The", Tongue::English), Vec::<String>::new());
        assert_eq!(forms("les", Tongue::English), ["les"]);
    }

    #[test]
    fn a_text_in_words() {
        for (text, found) in [
            ("L’école d'Anne, aujourd'hui.", &["école", "Anne", "aujourd", "hui"][..]),
            ("qu’il s'agit jusqu'à lorsqu’elle", &["il", "agit", "à", "elle"]),
            ("Marie's garden, don't", &["Marie", "garden", "don"]),
            ("O'Brien", &["O", "Brien"]),
            ("plan_2026.pdf (v2)", &["plan", "2026", "pdf", "v2"]),
            ("東京です", &["東", "京", "で", "す"]),
            ("", &[]),
        ] {
            let words: Vec<&str> = words(text).iter().map(|word| word.text).collect();
            assert_eq!(words, found, "{text}");
        }
        let noise = "a".repeat(WORD_CHARS_MAX + 1);
        assert!(words(&noise).is_empty());
    }

    #[test]
    fn what_hyphens_join() {
        for (text, joined) in [
            ("rendez-vous", Some("rendezvous")),
            ("e-mail", Some("email")),
            ("peut-on", None),
            ("2026-11", None),
            ("un deux", None),
        ] {
            let words = words(text);
            let parts = &words[..=words[0].joined];
            assert_eq!(Endings::new().joined(parts, Tongue::Other).as_deref(), joined, "{text}");
        }
    }

    #[test]
    fn the_tables_are_sorted() {
        assert!(FRENCH.is_sorted() && ENGLISH.is_sorted() && PLURALS.is_sorted());
    }

    proptest! {
        #[test]
        fn any_text_has_words_where_they_stand(text in "\\PC{0,80}|[a-z'’\\-éœ \u{301}]{0,60}") {
            let endings = Endings::new();
            let words = words(&text);
            for (n, word) in words.iter().enumerate() {
                prop_assert_eq!(text.get(word.at..word.end()), Some(word.text));
                prop_assert!(n + word.joined < words.len());
                for tongue in Tongue::ALL {
                    let _ = endings.forms(word.text, tongue);
                    let _ = endings.joined(&words[n..=n + word.joined], tongue);
                }
            }
        }
    }
}
