//! The words of a digest that stand around those of its authors.

use serde::Serialize;

use crate::domain::list::Language;
use crate::domain::time::CivilDate;
use crate::letters;

/// The words that need no facts.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Words {
    pub(super) contents: &'static str,
    pub(super) answer: &'static str,
    pub(super) private: &'static str,
    pub(super) page: &'static str,
    pub(super) thread_page: &'static str,
    pub(super) attached: &'static str,
    pub(super) cut: &'static str,
    pub(super) no_words: &'static str,
    pub(super) summary_by: &'static str,
    pub(super) by: &'static str,
    pub(super) on_the_web: &'static str,
    pub(super) rhythm: &'static str,
    pub(super) rhythms: &'static str,
    pub(super) stop: &'static str,
    pub(super) to_all: &'static str,
    pub(super) colon: &'static str,
}

pub(super) fn words(language: Language) -> Words {
    match language {
        Language::Fr => Words {
            contents: "Au sommaire",
            answer: "Répondre au groupe",
            private: "Un mot en privé",
            page: "Le message entier",
            thread_page: "Toute la conversation",
            attached: "Joint",
            cut: "La suite est sur le web.",
            no_words: "(sans texte)",
            summary_by: "Résumé de",
            by: "Préparée par",
            on_the_web: "Sur le web",
            rhythm: "Changer de rythme",
            rhythms: "chaque message, quotidien, hebdo ou rien",
            stop: "Ne plus rien recevoir",
            to_all: "Écrire au groupe",
            colon: "\u{a0}: ",
        },
        Language::En => Words {
            contents: "In this mail",
            answer: "Answer the group",
            private: "A private word",
            page: "The whole message",
            thread_page: "The whole conversation",
            attached: "Attached",
            cut: "There is more on the web.",
            no_words: "(no text)",
            summary_by: "Summary by",
            by: "Put together by",
            on_the_web: "On the web",
            rhythm: "Read in another rhythm",
            rhythms: "every post, daily, weekly or nothing",
            stop: "Stop receiving anything",
            to_all: "Write to the group",
            colon: ": ",
        },
    }
}

/// « 12 messages, dimanche 22 novembre ».
pub(super) fn about(posts: usize, day: CivilDate, language: Language) -> String {
    format!("{}, {}", messages(posts, language), letters::day(day, language))
}

/// « un message », “4 messages”.
pub(super) fn messages(count: usize, language: Language) -> String {
    match (count, language) {
        (1, Language::Fr) => "un message".to_owned(),
        (1, Language::En) => "one message".to_owned(),
        (count, _) => format!("{} messages", letters::number(count, language)),
    }
}

/// « et trois autres messages ».
pub fn others(count: usize, language: Language) -> String {
    match (count, language) {
        (1, Language::Fr) => "et un autre message".to_owned(),
        (1, Language::En) => "and one more message".to_owned(),
        (count, Language::Fr) => format!("et {} autres messages", letters::number(count, language)),
        (count, Language::En) => format!("and {} more messages", letters::number(count, language)),
    }
}

/// The subject of what a member awaited, and what is said of it below.
pub fn subject(
    group: &str,
    posts: usize,
    day: CivilDate,
    part: (u32, u32),
    language: Language,
) -> (String, String) {
    let about = about(posts, day, language);
    (format!("{group}{}{about}{}", words(language).colon, part_words(part)), about)
}

/// The subject of an edition, and what is said of it below.
pub fn subject_of_edition(
    (group, title): (&str, &str),
    posts: usize,
    day: CivilDate,
    part: (u32, u32),
    language: Language,
) -> (String, String) {
    let subject = format!("{group}{}{title}{}", words(language).colon, part_words(part));
    (subject, about(posts, day, language))
}

/// « (1/2) », where there are several.
pub(super) fn part_words((part, of): (u32, u32)) -> String {
    if of > 1 { format!(" ({part}/{of})") } else { String::new() }
}
