//! An animator's answer to a mail that asks what to do with what waits.
//!
//! A small grammar, not sentences: what goes to an author are the animator's own words, so nothing
//! is guessed here. Anything else decides nothing and is asked about.

use super::tokens;
use crate::domain::command::{Decision, ModeratorAnswer};

/// Items one answer may decide.
const ITEMS_MAX: usize = 200;

const ACCEPT: &[&str] = &[
    "ok",
    "okay",
    "oui",
    "yes",
    "publier",
    "publie",
    "publiez",
    "publish",
    "accept",
    "accepter",
    "accepte",
    "d accord",
    "envoyer",
    "envoie",
    "send",
    "approve",
    "approuver",
    "y",
    "o",
];
const REFUSE: &[&str] = &["non", "no", "refuser", "refuse", "refusé", "reject", "n"];
const DISCARD: &[&str] = &["jeter", "jette", "jetez", "discard", "supprimer", "poubelle", "drop", "trash"];
const BAN: &[&str] = &["bannir", "bannis", "ban", "bloquer", "block"];
/// Politeness beside a decision.
const POLITE: &[&str] = &[
    "merci",
    "merci beaucoup",
    "svp",
    "stp",
    "please",
    "thanks",
    "thank you",
    "bonjour",
    "hello",
    "salut",
    "hi",
];

/// Reads an animator's own words, without quote, signature and telephone footer.
pub fn moderator_answer(text: &str) -> ModeratorAnswer {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_polite(line)).collect();
    let Some((first, rest)) = lines.split_first() else {
        return ModeratorAnswer::All(Decision::Accept);
    };
    if let Some(items) = items(&lines) {
        return ModeratorAnswer::Each(items);
    }
    let unclear = || ModeratorAnswer::Unclear(text.trim().to_owned());
    match decision(first) {
        // An author's words may go over several lines; the other decisions have none.
        Some(Decision::Refuse(words)) => {
            let after = rest_of_text(text, first);
            let words = format!("{words}\n{after}");
            ModeratorAnswer::All(Decision::Refuse(words.trim().to_owned()))
        }
        Some(decision) if rest.is_empty() => ModeratorAnswer::All(decision),
        Some(_) | None => unclear(),
    }
}

/// The text below its first line of words, with its empty lines.
fn rest_of_text<'a>(text: &'a str, first: &str) -> &'a str {
    let after = text.find(first).map_or("", |at| &text[at + first.len()..]);
    after.trim()
}

/// One decision that is all of a line.
fn decision(line: &str) -> Option<Decision> {
    let bare = bare(line);
    let bare = without_polite(&bare);
    let is = |words: &[&str]| words.iter().any(|word| tokens::fold(word) == bare);
    if is(ACCEPT) {
        return Some(Decision::Accept);
    }
    if is(DISCARD) {
        return Some(Decision::Discard);
    }
    if is(BAN) {
        return Some(Decision::Ban);
    }
    let end = line.find(|c: char| !c.is_alphanumeric()).unwrap_or(line.len());
    let (word, words) = line.split_at(end);
    let word = tokens::fold(word);
    if !REFUSE.iter().any(|known| tokens::fold(known) == word) {
        return None;
    }
    let words = words.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, ',' | ':' | '.' | '-' | '–' | '—' | ';' | '!')
    });
    Some(Decision::Refuse(words.trim().to_owned()))
}

/// "1 ok, 2 jeter, 3 non hors sujet", on one line or several.
fn items(lines: &[&str]) -> Option<Vec<(u32, Decision)>> {
    let mut found: Vec<(u32, Decision)> = Vec::new();
    for line in lines {
        for (numbers, said) in numbered(line)? {
            let decision = decision(said)?;
            for number in numbers {
                if found.len() >= ITEMS_MAX || found.iter().any(|(known, _)| *known == number) {
                    return None;
                }
                found.push((number, decision.clone()));
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The numbers at the start of each item of a line, and what is said of them.
fn numbered(line: &str) -> Option<Vec<(Vec<u32>, &str)>> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (numbers, said) = leading_numbers(rest)?;
        // An item ends where a comma or semicolon is followed by a number and a decision.
        let separators = said.char_indices().filter(|(_, c)| matches!(c, ',' | ';'));
        let next = separators.map(|(at, _)| at).find(|at| {
            let after = said[at + 1..].trim_start();
            leading_numbers(after).is_some_and(|(_, said)| starts_with_decision(said))
        });
        let end = next.unwrap_or(said.len());
        found.push((numbers, said[..end].trim()));
        rest = next.map_or("", |at| said[at + 1..].trim_start());
    }
    Some(found)
}

fn starts_with_decision(said: &str) -> bool {
    let end = said.find(|c: char| !c.is_alphanumeric()).unwrap_or(said.len());
    let word = tokens::fold(&said[..end]);
    [ACCEPT, REFUSE, DISCARD, BAN].iter().any(|words| words.iter().any(|known| tokens::fold(known) == word))
}

/// "2", "2)", "2 et 5", "2, 5", "2:" and what follows.
fn leading_numbers(text: &str) -> Option<(Vec<u32>, &str)> {
    let mut numbers = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits == 0 {
            break;
        }
        numbers.push(rest[..digits].parse().ok()?);
        rest = rest[digits..].trim_start_matches([')', '.', ':', '=', '-', '°', '\u{a0}', ' ']);
        let more = ["et ", "and ", "+", "&", ","].iter().find_map(|link| rest.strip_prefix(link));
        match more.map(str::trim_start) {
            Some(after) if after.starts_with(|c: char| c.is_ascii_digit()) => rest = after,
            Some(_) | None => break,
        }
    }
    (!numbers.is_empty() && !rest.is_empty()).then_some((numbers, rest))
}

/// A line in small letters without accents and marks.
fn bare(line: &str) -> String {
    let folded = tokens::fold(line);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn without_polite(bare: &str) -> String {
    let mut bare = bare;
    while let Some(rest) = POLITE.iter().find_map(|polite| {
        bare.strip_suffix(polite)
            .and_then(|rest| rest.strip_suffix(' '))
            .or_else(|| bare.strip_prefix(polite).and_then(|rest| rest.strip_prefix(' ')))
    }) {
        bare = rest;
    }
    bare.to_owned()
}

/// Politeness, or a line of nothing but points and dashes. A question mark or a thumb is neither.
fn is_polite(line: &str) -> bool {
    let bare = bare(line);
    let only_marks = line.chars().all(|c| matches!(c, '.' | ',' | '!' | '-' | '_' | '*' | '=' | ' '));
    only_marks || POLITE.contains(&bare.as_str())
}
