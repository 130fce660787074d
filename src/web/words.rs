//! The words of the pages, in French and English, from `data/locales/*/web.ftl`.
//!
//! Knows nothing of pages: a key and facts in, a sentence out. Dates and numbers that stand in
//! sentences are written by `dates`; plural forms are chosen here.

use std::collections::BTreeMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::domain::list::Language;

use super::dates;

/// Every sentence of the pages.
pub(crate) struct Words {
    french: Locale,
    english: Locale,
}

struct Locale {
    bundle: FluentBundle<FluentResource>,
    /// The messages that need no facts, as templates use them.
    plain: BTreeMap<String, String>,
}

impl Words {
    /// The words that come with the program.
    pub(crate) fn embedded() -> Words {
        Words {
            french: Locale::read("fr", include_str!("../../data/locales/fr/web.ftl")),
            english: Locale::read("en", include_str!("../../data/locales/en/web.ftl")),
        }
    }

    /// The messages without a variable, by their names.
    pub(crate) fn plain(&self, language: Language) -> &BTreeMap<String, String> {
        &self.locale(language).plain
    }

    /// A sentence without facts.
    pub(crate) fn say(&self, language: Language, key: &str) -> String {
        self.tell(language, key, &[])
    }

    /// A sentence with words put in.
    pub(crate) fn tell(&self, language: Language, key: &str, facts: &[(&str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, value) in facts {
            arguments.set(*name, FluentValue::from(*value));
        }
        self.locale(language).write(key, &arguments)
    }

    /// A sentence that depends on how many there are; `$shown` is the number as people write it.
    pub(crate) fn count(&self, language: Language, key: &str, count: u64) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("count", FluentValue::from(count));
        arguments.set("n", FluentValue::from(count));
        arguments.set("shown", FluentValue::from(dates::number(language, count)));
        self.locale(language).write(key, &arguments)
    }

    fn locale(&self, language: Language) -> &Locale {
        match language {
            Language::Fr => &self.french,
            Language::En => &self.english,
        }
    }
}

impl Locale {
    fn read(tag: &str, text: &'static str) -> Locale {
        let language: LanguageIdentifier = tag.parse().expect("our own tags");
        let resource = FluentResource::try_new(text.to_owned()).expect("a test reads every embedded locale");
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Strangers' words are kept apart by <bdi> in the templates, not by invisible characters.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).expect("a test looks for names used twice");
        let mut locale = Locale { bundle, plain: BTreeMap::new() };
        for key in keys(text) {
            if let Some(sentence) = locale.try_write(key, &FluentArgs::new()) {
                locale.plain.insert(key.to_owned(), sentence);
            }
        }
        locale
    }

    fn write(&self, key: &str, arguments: &FluentArgs<'_>) -> String {
        // A test asks for every key the code names, so the key itself is never seen.
        self.try_write(key, arguments).unwrap_or_else(|| key.to_owned())
    }

    fn try_write(&self, key: &str, arguments: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut faults = Vec::new();
        let sentence = self.bundle.format_pattern(pattern, Some(arguments), &mut faults).into_owned();
        faults.is_empty().then_some(sentence)
    }
}

/// The names of the messages of a locale file: what stands before `=` at the start of a line.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRENCH: &str = include_str!("../../data/locales/fr/web.ftl");
    const ENGLISH: &str = include_str!("../../data/locales/en/web.ftl");

    #[test]
    fn both_languages_say_the_same_things() {
        let sorted = |text| {
            let mut all: Vec<&str> = keys(text).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(sorted(FRENCH), sorted(ENGLISH));
        let words = Words::embedded();
        let plain = |language| words.plain(language).keys().collect::<Vec<_>>();
        assert_eq!(plain(Language::Fr), plain(Language::En), "the same messages take facts");
    }

    #[test]
    fn french_spaces_do_not_break_and_apostrophes_are_round() {
        for line in FRENCH.lines().filter(|line| !line.starts_with('#')) {
            let sentence = line.split_once('=').map_or(line, |(_, value)| value);
            for wrong in [" ;", " :", " !", " ?", " »", "« ", "'", "...", "\u{a0};", "\u{a0}?", "\u{a0}!"] {
                assert!(!sentence.contains(wrong), "{wrong:?} in {line:?}");
            }
        }
        for line in ENGLISH.lines().filter(|line| !line.starts_with('#')) {
            assert!(!line.contains('\'') && !line.contains("..."), "{line:?}");
        }
    }

    #[test]
    fn numbers_choose_their_plural() {
        let words = Words::embedded();
        for (language, count, sentence) in [
            (Language::Fr, 0, "aucun message"),
            (Language::Fr, 1, "1\u{a0}message"),
            (Language::Fr, 1234, "1\u{202f}234\u{a0}messages"),
            (Language::En, 0, "no messages"),
            (Language::En, 1, "1\u{a0}message"),
            (Language::En, 1234, "1,234\u{a0}messages"),
        ] {
            assert_eq!(words.count(language, "messages", count), sentence);
        }
    }

    #[test]
    fn what_strangers_wrote_is_not_read_as_fluent() {
        let words = Words::embedded();
        let told = words.tell(Language::Fr, "in_reply_to", &[("author", "{ $x } \u{2068}é")]);
        assert_eq!(told, "en réponse à { $x } \u{2068}é");
    }
}
