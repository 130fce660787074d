//! Decisions among other words: « Je connais Paul. Laisse passer. »
//!
//! A clause that is wholly a decision counts, whatever is told beside it, as long as nothing in the
//! mail takes it back or leaves it open, and all that count say the same. What is told beside it goes
//! to nobody, but for words that are plainly given for the author.

use super::speech::Says;
use super::{Clause, Decision, Words, bare, clauses};

/// Words of a mail that may be read so; longer ones are letters to people.
const WORDS_MAX: usize = 45;
/// Words of a mail that only says what the post is.
const REASON_WORDS_MAX: usize = 2;
/// Words before those that are given for the author.
const TOLD_WORDS_MAX: usize = 4;

/// What a clause has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    Accept,
    Refuse,
    Discard,
    Ban,
}

/// The one decision a mail holds among other words.
pub(super) fn decision(words: &Words, text: &str, lines: &[&str]) -> Option<Decision> {
    let (told, given) = parted(words, text);
    let said = match &given {
        Some(_) => told,
        None => lines.join("\n"),
    };
    if said.contains(['?', '\u{ff1f}']) || bare(&said).split(' ').count() > WORDS_MAX || is_open(words, &said)
    {
        return None;
    }
    if begins_with_no(words, &said) && given.is_none() {
        return None;
    }
    match (act(words, &said), given) {
        (Some(Act::Refuse), Some(given)) => Some(Decision::Refuse(given)),
        // What else is said may be meant for the author: that is asked about.
        (Some(Act::Refuse), None) => only_refuses(words, &said).then(|| Decision::Refuse(String::new())),
        (Some(_) | None, Some(_)) | (None, None) => None,
        (Some(Act::Accept), None) => Some(Decision::Accept),
        (Some(Act::Discard), None) => Some(Decision::Discard),
        (Some(Act::Ban), None) => Some(Decision::Ban),
    }
}

/// « non non c’est bon »: what begins so and is no plain refusal is none at all.
fn begins_with_no(words: &Words, said: &str) -> bool {
    let bare = bare(said);
    let whole = words.without_polite(&bare);
    let other = words.no_refusal.iter().any(|phrase| whole.starts_with(phrase.as_str()));
    !other && whole.split(' ').next().is_some_and(|word| matches!(word, "non" | "no" | "nan" | "nope"))
}

fn only_refuses(words: &Words, said: &str) -> bool {
    clauses(said).flat_map(linked).all(|clause| {
        of_clause(words, &bare(&clause)) == Some(Act::Refuse) || words.clause(&clause) == Clause::Polite
    })
}

/// What all clauses that decide agree on.
pub(super) fn act(words: &Words, said: &str) -> Option<Act> {
    let mut found: Vec<Act> = Vec::new();
    let (mut reason, mut other) = (false, false);
    for clause in said.split(['?', '\u{ff1f}']).flat_map(clauses).flat_map(linked) {
        let bare = bare(&clause);
        match of_clause(words, &bare) {
            Some(act) => found.push(act),
            None if words.reason.contains(words.without_polite(&stripped(words, &bare))) => reason = true,
            None if words.contrary.contains(&stripped(words, &bare)) => return None,
            None if matches!(words.says(&bare), Says::Why) => reason = true,
            None if is_weighty(words, &bare) => return None,
            None => other |= words.clause(&clause) != Clause::Polite,
        }
    }
    let slight = |act: &Act| *act == Act::Accept && other && !says_strongly(words, said);
    found.retain(|act| !slight(act));
    let is = |act| found.contains(&act);
    match (is(Act::Accept), is(Act::Refuse), is(Act::Discard), is(Act::Ban)) {
        (true, false, false, false) if !reason => Some(Act::Accept),
        (false, true, false, false) => Some(Act::Refuse),
        (false, false, true, false) => Some(Act::Discard),
        (false, false, _, true) => Some(Act::Ban),
        (false, false, false, false) if reason && bare(said).split(' ').count() <= REASON_WORDS_MAX => {
            Some(Act::Discard)
        }
        _ => None,
    }
}

/// Whether every clause decides, says why, or is mere politeness.
pub(super) fn says_nothing_else(words: &Words, said: &str) -> bool {
    said.split(['?', '\u{ff1f}']).flat_map(clauses).flat_map(linked).all(|clause| {
        let bare = bare(&clause);
        let reason = || words.reason.contains(words.without_polite(&stripped(words, &bare)));
        of_clause(words, &bare).is_some() || words.clause(&clause) == Clause::Polite || reason()
    })
}

/// Whether a yes among other words is more than « super » or « oui ».
fn says_strongly(words: &Words, said: &str) -> bool {
    said.split(['?', '\u{ff1f}']).flat_map(clauses).flat_map(linked).any(|clause| {
        let bare = bare(&clause);
        let whole = words.without_polite(&bare);
        let strong = |text: &str| words.accept.contains(text) && !words.slight.contains(text);
        let plainly = || matches!(words.says(&bare), Says::Decides { act: Act::Accept, plainly: true });
        strong(&bare) || strong(whole) || strong(&stripped(words, &bare)) || plainly()
    })
}

/// Whether a clause that is no decision speaks like one.
fn is_weighty(words: &Words, bare: &str) -> bool {
    if matches!(words.says(bare), Says::Weighty) {
        return true;
    }
    let begins = |word: &str| {
        // Short ones only as they are: « ban », and no « banc ».
        words
            .weighty
            .iter()
            .any(|stem| if stem.len() <= 3 { word == stem } else { word.starts_with(stem.as_str()) })
    };
    bare.split(' ').any(begins)
}

fn of_clause(words: &Words, bare: &str) -> Option<Act> {
    let of = |text: &str| {
        if words.accept.contains(text) {
            Some(Act::Accept)
        } else if words.refuse_whole.contains(text) || words.refuse.contains(text) {
            Some(Act::Refuse)
        } else if words.discard.contains(text) {
            Some(Act::Discard)
        } else if words.ban.contains(text) {
            Some(Act::Ban)
        } else {
            None
        }
    };
    let said = || match words.says(bare) {
        Says::Decides { act, .. } => Some(act),
        Says::Why | Says::Weighty | Says::Tells => None,
    };
    of(words.without_polite(bare)).or_else(|| of(&stripped(words, bare))).or_else(said)
}

/// Without what may stand before or behind a decision and changes nothing in it.
fn stripped(words: &Words, bare: &str) -> String {
    let mut rest = words.without_polite(bare);
    loop {
        let cut = words.filler.iter().find_map(|filler| {
            let behind = rest.strip_suffix(filler.as_str()).and_then(|rest| rest.strip_suffix(' '));
            behind.or_else(|| rest.strip_prefix(filler.as_str()).and_then(|rest| rest.strip_prefix(' ')))
        });
        match cut {
            Some(shorter) => rest = words.without_polite(shorter),
            None => return rest.to_owned(),
        }
    }
}

/// « jette et bloque », « throw away + ban »: where another clause may begin without a mark.
fn linked(clause: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for word in clause.split_whitespace() {
        if ["et", "and", "+", "&", "donc", "so", "mais", "but", "car", "because", "-"]
            .contains(&word.to_lowercase().as_str())
        {
            found.push(String::new());
        } else {
            let last = found.last_mut().expect("never empty");
            last.push_str(word);
            last.push(' ');
        }
    }
    found.retain(|part| !part.trim().is_empty());
    found
}

/// Whether it leaves something open: a condition, a delay, a change, a doubt.
pub(super) fn is_open(words: &Words, said: &str) -> bool {
    let spaced = format!(" {} ", bare(said));
    words.open.iter().any(|open| spaced.contains(&format!(" {open} ")))
}

/// Words to an author without what asks them to write it otherwise: that leaves nothing open.
pub(super) fn without_wishes(words: &Words, said: &str) -> String {
    let said = bare(said);
    let keeps = |word: &&str| !words.wishes.iter().any(|wish| wish == word);
    said.split(' ').filter(keeps).collect::<Vec<_>>().join(" ")
}

pub(super) fn is_polite(words: &Words, said: &str) -> bool {
    clauses(said).all(|clause| words.clause(clause) == Clause::Polite)
}

/// « Je refuse. Dites-lui : « … » »: what is told to us, and what is given for the author.
fn parted(words: &Words, text: &str) -> (String, Option<String>) {
    for (at, _) in text.match_indices([':', '"', '“', '«']) {
        let before = &text[..at];
        let clause =
            before.rsplit(['.', '!', '\n', ';']).find(|clause| !clause.trim().is_empty()).unwrap_or(before);
        let spaced = format!(" {} ", bare(clause));
        if words.intro.iter().any(|intro| spaced.contains(&format!(" {intro} "))) {
            let start = before.len() - clause.len();
            let told = before.get(..start.min(before.len())).unwrap_or_default();
            let told = format!("{told}\n{}", without_intro(words, clause));
            return (told, Some(unquoted(&text[at..])));
        }
    }
    (text.to_owned(), None)
}

/// What stands before the words that introduce: « Refuse it, and tell him » → « Refuse it ».
fn without_intro(words: &Words, clause: &str) -> String {
    let bare = bare(clause);
    let spaced = format!(" {bare} ");
    let at = words.intro.iter().filter_map(|intro| spaced.find(&format!(" {intro} "))).min();
    let before = at.map_or("", |at| spaced.get(..at).unwrap_or_default());
    before.trim().trim_end_matches(" and").trim_end_matches(" et").to_owned()
}

/// What is given for somebody, without the marks around it, and without what stands behind them.
fn unquoted(text: &str) -> String {
    let text = text.trim_start_matches(':').trim();
    for (open, close) in [('«', '»'), ('“', '”'), ('"', '"')] {
        if let Some(inside) = text.strip_prefix(open) {
            return inside.split(close).next().unwrap_or(inside).trim().to_owned();
        }
    }
    text.to_owned()
}

/// The words of a refusal that are for its author: « it, and tell him this: … » → « … ».
pub(super) fn for_the_author(words: &Words, text: &str, signs: &dyn Fn(&str) -> bool) -> String {
    let text = match parted(words, text) {
        (told, Some(given)) if bare(&told).split(' ').count() <= TOLD_WORDS_MAX => given,
        _ => text.to_owned(),
    };
    let rest = ["it", "this", "this one", "that", "celui-ci"].iter().find_map(|object| {
        let rest = text.strip_prefix(object)?;
        rest.starts_with(['.', ',', ':', '\n']).then(|| rest.trim_start_matches(['.', ',', ':', '\n', ' ']))
    });
    let text = rest.unwrap_or(&text).trim();
    let because = ["car ", "parce que ", "because "].iter().find_map(|because| text.strip_prefix(because));
    let text = because.unwrap_or(text);
    // « (trop long) »
    let inside = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let text = inside.filter(|inside| !inside.contains(['(', ')'])).unwrap_or(text).trim().to_owned();
    match text.rsplit_once('\n') {
        Some((before, last)) if signs(last) && last.contains(',') => before.trim().to_owned(),
        None if signs(&text) => String::new(),
        Some(_) | None => text,
    }
}
