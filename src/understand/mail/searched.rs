//! At the place where one searches, the words are what is searched for: those of the subject, or of
//! the first line that is more than a greeting, without what people say around them.

use super::{Mail, Meaning, Reader, Said, Scope, Understood};
use crate::domain::command::Command;
use crate::understand::tokens;

/// Lines looked at: a greeting, and what stands below it.
const LINES_MAX: usize = 6;
/// What people write above what they look for.
const HEADINGS: [&str; 8] =
    ["recherche", "rechercher", "chercher", "search", "searching", "demande", "question", "request"];

pub(super) fn searched(mail: &Mail<'_>, reader: &Reader<'_>) -> Understood {
    let subject = if mail.answers { "" } else { mail.subject };
    let lines = std::iter::once(subject).chain(mail.text.lines()).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).take(LINES_MAX).collect();
    let says = |line: &&&str| !is_heading(line) && reader.said(line) != Said::Silent;
    let meaning = match lines.iter().find(says).or(lines.first()) {
        None => Meaning::Nothing,
        Some(words) => Meaning::Certain(vec![Command::Search(sought(words, reader))]),
    };
    Understood { meaning, scope: Scope::Here, language: None }
}

fn is_heading(line: &str) -> bool {
    let folded = tokens::fold(line);
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| HEADINGS.contains(&word))
}

/// « je cherche la recette du taboulé »: what is looked for in it. Conditions and phrases stay as they are.
fn sought(words: &str, reader: &Reader<'_>) -> String {
    let exact = words.contains([':', '"', '«', '“', '”']) || words.contains(" -");
    let found = match reader.said(words) {
        Said::Sure(found) => found.into_iter().next(),
        Said::Guess(found) => Some(found),
        Said::Silent | Said::Declined(_) | Said::Prose { .. } | Said::ForPeople => None,
    };
    match found.map(|found| found.command) {
        Some(Command::Search(within)) if !exact => within,
        _ => words.to_owned(),
    }
}
