//! Answers to several things at once, by their numbers.

use super::free::{self, Act};
use super::{Decision, Words, bare, tokens};

/// Items one answer may decide.
const ITEMS_MAX: usize = 200;

/// "1 ok, 2 jeter, 3 non hors sujet", on one line or several.
pub(super) fn read(words: &Words, lines: &[&str]) -> Option<Vec<(u32, Decision)>> {
    let mut found: Vec<(u32, Decision)> = Vec::new();
    for line in lines {
        for (numbers, said) in numbered(words, line)? {
            let decision = words.decision(said)?;
            // « 1 no 2 yes »: what goes to an author are no decisions about others.
            if matches!(&decision, Decision::Refuse(given) if decides_others(words, given)) {
                return None;
            }
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
fn numbered<'l>(words: &Words, line: &'l str) -> Option<Vec<(Vec<u32>, &'l str)>> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (numbers, said) = leading_numbers(rest)?;
        // An item ends where a comma or semicolon is followed by a number and a decision.
        let separators = said.char_indices().filter(|(_, c)| matches!(c, ',' | ';'));
        let next = separators.map(|(at, _)| at).find(|at| {
            let after = said[at + 1..].trim_start();
            leading_numbers(after).is_some_and(|(_, said)| starts_with_decision(words, said))
        });
        let end = next.unwrap_or(said.len());
        found.push((numbers, said[..end].trim()));
        rest = next.map_or("", |at| said[at + 1..].trim_start());
    }
    Some(found)
}

fn decides_others(words: &Words, given: &str) -> bool {
    given.char_indices().filter(|(_, c)| c.is_ascii_digit()).any(|(at, _)| {
        leading_numbers(&given[at..]).is_some_and(|(_, said)| starts_with_decision(words, said))
    })
}

fn starts_with_decision(words: &Words, said: &str) -> bool {
    let end = said.find(|c: char| !c.is_alphanumeric()).unwrap_or(said.len());
    let word = tokens::fold(&said[..end]);
    [&words.accept, &words.refuse, &words.discard, &words.ban].iter().any(|known| known.contains(&word))
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

/// Before a number, in small letters.
const BEFORE: &[&str] = &[
    "no", "n", "nr", "nos", "num", "numero", "numeros", "number", "numbers", "le", "la", "les", "l", "pour",
    "the", "item", "items", "point", "points", "message", "messages", "et", "and",
];

/// « le 2 : bloque l’expéditeur. 1 à 4 ok, le 6 à la poubelle, pour le reste j’attends »: what is said
/// of numbers, one clause after the other. A clause that leaves its numbers open decides nothing of
/// them; one that is not understood, and could be about others, leaves all of it to be asked about.
pub(super) fn freely(words: &Words, lines: &[&str]) -> Option<Vec<(u32, Decision)>> {
    let mut found: Vec<(u32, Decision)> = Vec::new();
    for clause in lines.iter().flat_map(|line| clauses(line)) {
        let (numbers, said) = numbers(&clause)?;
        if said.contains('?') {
            return None;
        }
        let act = free::act(words, &said).filter(|_| free::says_nothing_else(words, &said));
        if numbers.is_empty() {
            let idle = act.is_none() && (free::is_open(words, &said) || free::is_polite(words, &said));
            if !idle || names_others(&said) && act.is_some() {
                return None;
            }
            continue;
        }
        let decision = match act {
            Some(Act::Accept) => Decision::Accept,
            Some(Act::Refuse) => Decision::Refuse(String::new()),
            Some(Act::Discard) => Decision::Discard,
            Some(Act::Ban) => Decision::Ban,
            None => match words.decision(said.trim_matches([' ', ':', ','])) {
                Some(decision @ Decision::Refuse(_)) if !free::is_open(words, &said) => decision,
                Some(_) | None if free::is_open(words, &said) => continue,
                Some(_) | None => return None,
            },
        };
        for number in numbers {
            if found.len() >= ITEMS_MAX || found.iter().any(|(known, _)| *known == number) {
                return None;
            }
            found.push((number, decision.clone()));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// What speaks of those that were not numbered.
fn names_others(said: &str) -> bool {
    let bare = bare(said);
    ["reste", "autres", "rest", "others", "tout", "tous", "all", "everything"]
        .iter()
        .any(|word| bare.split(' ').any(|token| token == *word))
}

/// A line cut where something new is said of a number: at full stops and semicolons, and at a comma
/// or an « et » with a number behind it, once something was said of the one before.
fn clauses(line: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for sentence in split_sentences(line) {
        let mut current = String::new();
        for piece in sentence.split_inclusive([',', ';']) {
            let bare_piece = bare(piece);
            let begins = bare_piece.split(' ').find(|word| !BEFORE.contains(word)).is_some_and(is_number);
            let says = bare(&current)
                .split(' ')
                .any(|word| !word.is_empty() && !BEFORE.contains(&word) && !is_number(word));
            if begins && says {
                found.push(std::mem::take(&mut current));
            }
            current.push_str(piece);
        }
        found.push(current);
    }
    found.retain(|clause| clause.chars().any(char::is_alphanumeric));
    found
}

/// At full stops, but not at that of « n. 3 » or of « 1. ok ».
fn split_sentences(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut before = String::new();
    for word in line.split_inclusive(' ') {
        let trimmed = word.trim_end();
        found.last_mut().expect("never empty").push_str(word);
        let ends = trimmed.ends_with(['.', '!', ';']) && trimmed.len() > 1;
        let stem = tokens::fold(trimmed.trim_end_matches(['.', '!', ';']));
        if ends && !is_number(&stem) && !["no", "n", "nr", "num"].contains(&stem.as_str()) {
            found.push(String::new());
        }
        before.clear();
        before.push_str(trimmed);
    }
    found
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers a clause begins or ends with, and the rest of it. `None`: numbers stand elsewhere.
fn numbers(clause: &str) -> Option<(Vec<u32>, String)> {
    let spaced = clause.replace(['°', '#'], " ").replace('/', " , ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let plain = |token: &&str| bare(token);
    let is_part = |token: &&str| {
        let bare = plain(token);
        let range = token
            .split(['-', '–', ',', '&', '+', ')', ':', '.'])
            .all(|part| part.is_empty() || is_number(part));
        bare.is_empty()
            || BEFORE.contains(&bare.as_str())
            || range
            || ["a", "to", "through", "until", "au"].contains(&bare.as_str())
    };
    let lead = tokens.iter().take_while(|token| is_part(token)).count();
    let (group, said) = if tokens[..lead].iter().any(|token| token.bytes().any(|byte| byte.is_ascii_digit()))
    {
        (&tokens[..lead], tokens[lead..].join(" "))
    } else {
        let tail = tokens.iter().rev().take_while(|token| is_part(token)).count();
        let at = tokens.len() - tail.min(tokens.len() - lead.min(tokens.len()));
        (&tokens[at..], tokens[..at].join(" "))
    };
    if said.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let has = group.iter().any(|token| token.bytes().any(|byte| byte.is_ascii_digit()));
    if !has {
        return Some((Vec::new(), clause.to_owned()));
    }
    Some((counted(group)?, said))
}

/// « 1-3 », « 1 à 4 », « 1, 2 et 5 ».
fn counted(group: &[&str]) -> Option<Vec<u32>> {
    let mut found: Vec<u32> = Vec::new();
    let mut range = false;
    for token in group {
        let spread = token.replace(['-', '–'], " – ");
        for word in
            spread.split(|c: char| c.is_whitespace() || matches!(c, ',' | '&' | '+' | ')' | ':' | '.'))
        {
            if word == "–" || ["a", "to", "through", "until", "au"].contains(&bare(word).as_str()) {
                range = !found.is_empty();
            } else if is_number(word) {
                let number: u32 = word.parse().ok()?;
                let first = found.last().copied().filter(|_| range).map_or(number, |last| last + 1);
                if number < first || number - first > 100 {
                    return None;
                }
                found.extend(first..=number);
                range = false;
            }
        }
    }
    Some(found)
}
