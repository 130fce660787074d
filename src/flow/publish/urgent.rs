//! Urgent words of those who look after a list: they go at once to everybody who gets mail, also to
//! those who read a day's or a week's posts together.
//!
//! The word stands at the beginning of the subject, on its own, and the writer looks after the list
//! and is beyond doubt who they say they are. Nobody else's « urgent » means more than the word.

use crate::domain::ids::{ListId, PersonId};
use crate::domain::member::Role;
use crate::flow::{Desk, FlowError, is_current};

/// The word in both languages.
const WORDS: [&str; 2] = ["urgent", "urgente"];

/// Whether the writer may have a post go to everybody at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trust {
    /// It is proven, or somebody who may has let it out.
    Sure,
    /// Anybody may have written it.
    Unsure,
}

/// Whether a post goes to everybody at once.
pub(super) fn is_urgent(
    desk: &Desk,
    list: ListId,
    author: Option<PersonId>,
    subject: &str,
    trust: Trust,
) -> Result<bool, FlowError> {
    let (Some(author), Trust::Sure, true) = (author, trust, says_urgent(subject)) else { return Ok(false) };
    let member = desk.store.member(list, author)?;
    Ok(member.is_some_and(|member| member.role == Role::Animator && is_current(&member)))
}

/// « Urgent : coupure d’eau », « \[URGENT\] … », “Urgent - …”, « Urgent ! ». Not « urgent besoin de … »,
/// and not an answer.
fn says_urgent(subject: &str) -> bool {
    let subject = subject.trim();
    let (bracketed, rest) = match subject.strip_prefix(['[', '(']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, subject),
    };
    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let after = after.trim_start();
    let marked = if bracketed {
        after.starts_with([']', ')'])
    } else {
        after.is_empty() || after.starts_with([':', '!', '-', '–', '—', ',', '.'])
    };
    marked && WORDS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_stands_at_the_beginning_on_its_own() {
        for (subject, urgent) in [
            ("Urgent : coupure d’eau", true),
            ("URGENT\u{a0}: coupure", true),
            ("[urgent] water is off", true),
            ("Urgent - water", true),
            ("Urgent !", true),
            ("urgent", true),
            ("Urgent besoin d’une échelle", false),
            ("Re: Urgent : coupure d’eau", false),
            ("Pas urgent : la soupe", false),
            ("Urgentiste : qui en connaît un", false),
            ("[urgent question] soup", false),
            ("", false),
        ] {
            assert_eq!(says_urgent(subject), urgent, "{subject}");
        }
    }
}
