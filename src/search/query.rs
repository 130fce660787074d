//! What somebody looks for, as they wrote it: words, "phrases", `from:` `subject:` `after:`
//! `before:` `has:attachment` `list:` and `-` before any of them.
//!
//! Anything is a query; what cannot be meant is named, and left out. Pure: words in, values out.

use super::words::fold;
use crate::domain::time::{CivilDate, Timestamp, Zone};

/// More of a query is not read, characters.
pub const QUERY_CHARS_MAX: usize = 400;
/// Words and conditions that are looked for; further ones are left out.
const PARTS_MAX: usize = 24;

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Query {
    pub(super) clauses: Vec<Clause>,
    /// Lists named, by local part or address; empty: those at hand.
    pub(super) lists: Vec<String>,
    pub(super) lists_not: Vec<String>,
    /// From this moment on.
    pub(super) after: Option<Timestamp>,
    /// Up to this moment, which does not count.
    pub(super) before: Option<Timestamp>,
    pub(super) attachment: Option<Wanted>,
    /// What could not be understood.
    pub(super) unread: Vec<String>,
}

/// Words that stand together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Clause {
    pub(super) within: Within,
    pub(super) words: String,
    pub(super) wanted: Wanted,
    /// In quotation marks.
    pub(super) phrase: bool,
}

/// Where words are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Within {
    Anywhere,
    From,
    Subject,
}

/// Whether something must be there, or must not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Yes,
    No,
}

impl Query {
    /// Reads a query; days begin where `zone` says.
    pub(super) fn parse(text: &str, zone: &Zone) -> Query {
        let text: String = text.chars().take(QUERY_CHARS_MAX).collect();
        let mut query = Query::default();
        let mut rest = text.as_str();
        for _ in 0..PARTS_MAX {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            rest = query.take_part(rest, zone);
        }
        query
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        let Query { clauses, lists: _, lists_not: _, after, before, attachment, unread: _ } = self;
        clauses.is_empty() && after.is_none() && before.is_none() && attachment.is_none()
    }

    /// Whether words are looked for, beside conditions.
    pub(super) fn has_words(&self) -> bool {
        self.clauses.iter().any(|clause| clause.wanted == Wanted::Yes)
    }

    /// Takes one word, phrase or condition; returns what follows.
    fn take_part<'a>(&mut self, text: &'a str, zone: &Zone) -> &'a str {
        let (wanted, text) = match text.strip_prefix(['-', '−', '–']) {
            Some(rest) if rest.starts_with(|c: char| !c.is_whitespace()) => (Wanted::No, rest),
            Some(_) | None => (Wanted::Yes, text),
        };
        let end = text.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(text.len());
        let condition = text[..end].split_once(':').filter(|(name, _)| is_condition(name));
        match condition {
            Some((name, _)) => {
                let (value, phrase, rest) = value(text[name.len() + 1..].trim_start());
                self.add_condition(name, value, phrase, wanted, zone);
                rest
            }
            None => {
                let (words, phrase, rest) = value(text);
                self.add_words(Within::Anywhere, words, phrase, wanted);
                rest
            }
        }
    }

    fn add_words(&mut self, within: Within, words: &str, phrase: bool, wanted: Wanted) {
        if words.chars().any(char::is_alphanumeric) {
            self.clauses.push(Clause { within, words: words.to_owned(), wanted, phrase });
        }
    }

    fn add_condition(&mut self, name: &str, value: &str, phrase: bool, wanted: Wanted, zone: &Zone) {
        let Some(condition) = Condition::named(name) else { return };
        let unread = || format!("{name}:{value}");
        match condition {
            Condition::From => self.add_words(Within::From, value, phrase, wanted),
            Condition::Subject => self.add_words(Within::Subject, value, phrase, wanted),
            Condition::List if value.is_empty() => self.unread.push(unread()),
            Condition::List => match wanted {
                Wanted::Yes => self.lists.push(value.to_lowercase()),
                Wanted::No => self.lists_not.push(value.to_lowercase()),
            },
            Condition::Has if ATTACHMENT.contains(&fold(value).as_str()) => self.attachment = Some(wanted),
            Condition::Has => self.unread.push(unread()),
            Condition::After | Condition::Before => match day(value).map(|day| midnight(day, zone)) {
                // Not before is after.
                Some(moment) if (condition == Condition::After) == (wanted == Wanted::Yes) => {
                    self.after = Some(self.after.map_or(moment, |known| known.max(moment)));
                }
                Some(moment) => {
                    self.before = Some(self.before.map_or(moment, |known| known.min(moment)));
                }
                None => self.unread.push(unread()),
            },
        }
    }
}

/// What can be asked of a post beside its words, in English and in French.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Condition {
    From,
    Subject,
    After,
    Before,
    Has,
    List,
}

/// What `has:` can ask for.
const ATTACHMENT: [&str; 10] = [
    "attachment",
    "attachments",
    "file",
    "piece-jointe",
    "pieces-jointes",
    "piece",
    "pj",
    "fichier",
    "fichiers",
    "piece jointe",
];

impl Condition {
    fn named(name: &str) -> Option<Condition> {
        Some(match fold(name).as_str() {
            "from" | "de" => Condition::From,
            "subject" | "sujet" | "objet" => Condition::Subject,
            "after" | "apres" | "depuis" => Condition::After,
            "before" | "avant" => Condition::Before,
            "has" | "avec" => Condition::Has,
            "list" | "liste" => Condition::List,
            _ => return None,
        })
    }
}

fn is_condition(name: &str) -> bool {
    Condition::named(name).is_some()
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '«' | '»' | '„')
}

/// A word, or what stands in quotation marks; whether it did; and what follows. Marks that are
/// never closed close at the end.
fn value(text: &str) -> (&str, bool, &str) {
    match text.strip_prefix(is_quote) {
        Some(inside) => match inside.find(is_quote) {
            Some(end) => {
                let rest = &inside[end..];
                let mark = rest.chars().next().map_or(0, char::len_utf8);
                (inside[..end].trim(), true, &rest[mark..])
            }
            None => (inside.trim(), true, ""),
        },
        None => {
            let end = text.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(text.len());
            (&text[..end], false, &text[end..])
        }
    }
}

/// When a day begins.
fn midnight(day: CivilDate, zone: &Zone) -> Timestamp {
    Timestamp::from_seconds(Timestamp::last_second_of(day.plus_days(-1), zone).seconds() + 1)
}

/// `2026`, `2026-11` or `2026-11-23`, and as one writes it in French, `11/2026`, `23/11/2026` or
/// « novembre 2026 »: its first day.
fn day(text: &str) -> Option<CivilDate> {
    let folded = fold(text);
    let parts: Vec<&str> = folded
        .split(|c: char| c.is_whitespace() || "-/.".contains(c))
        .filter(|part| !part.is_empty())
        .collect();
    let year = |text: &str| number(text, 4..=4);
    let small = |text: &str| number(text, 1..=2);
    let (year, month, day) = match parts.as_slice() {
        [one] => (year(one)?, 1, 1),
        [one, two] if one.len() == 4 => (year(one)?, small(two)?, 1),
        [one, two] => (year(two)?, small(one).or_else(|| month_named(one))?, 1),
        [one, two, three] if one.len() == 4 => (year(one)?, small(two)?, small(three)?),
        [one, two, three] => {
            let day = if *one == "1er" { 1 } else { small(one)? };
            (year(three)?, small(two).or_else(|| month_named(two))?, day)
        }
        _ => return None,
    };
    CivilDate::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let is_one = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if is_one { text.parse().ok() } else { None }
}

/// A month by its French or English name, without accents.
fn month_named(name: &str) -> Option<i16> {
    const MONTHS: [(&str, &str); 12] = [
        ("janvier", "january"),
        ("fevrier", "february"),
        ("mars", "march"),
        ("avril", "april"),
        ("mai", "may"),
        ("juin", "june"),
        ("juillet", "july"),
        ("aout", "august"),
        ("septembre", "september"),
        ("octobre", "october"),
        ("novembre", "november"),
        ("decembre", "december"),
    ];
    (1..).zip(MONTHS).find(|(_, (french, english))| name == *french || name == *english).map(|(n, _)| n)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> String {
        let query = Query::parse(text, &Zone::utc());
        let mut said: Vec<String> = query
            .clauses
            .iter()
            .map(|clause| {
                let sign = if clause.wanted == Wanted::Yes { "+" } else { "-" };
                let marks = if clause.phrase { "\"" } else { "" };
                format!("{sign}{:?}({marks}{}{marks})", clause.within, clause.words)
            })
            .collect();
        said.extend(query.lists.iter().map(|list| format!("list({list})")));
        said.extend(query.lists_not.iter().map(|list| format!("not-list({list})")));
        said.extend(query.after.map(|at| format!("after({})", at.rfc3339(&Zone::utc()))));
        said.extend(query.before.map(|at| format!("before({})", at.rfc3339(&Zone::utc()))));
        said.extend(query.attachment.map(|wanted| format!("attachment({wanted:?})")));
        said.extend(query.unread.iter().map(|part| format!("unread({part})")));
        said.join(" ")
    }

    #[test]
    fn everything_one_can_ask() {
        for (text, meant) in [
            ("fête des voisins", "+Anywhere(fête) +Anywhere(des) +Anywhere(voisins)"),
            ("\"fête des voisins\"", "+Anywhere(\"fête des voisins\")"),
            ("« fête des voisins »", "+Anywhere(\"fête des voisins\")"),
            ("“a b” c", "+Anywhere(\"a b\") +Anywhere(c)"),
            ("-pluie vélo", "-Anywhere(pluie) +Anywhere(vélo)"),
            ("-\"sous la pluie\"", "-Anywhere(\"sous la pluie\")"),
            ("from:anne", "+From(anne)"),
            ("FROM:\"Anne Martin\" clés", "+From(\"Anne Martin\") +Anywhere(clés)"),
            ("-from:anne subject:bac", "-From(anne) +Subject(bac)"),
            ("after:2026-11", "after(2026-11-01T00:00:00+00:00)"),
            ("before:2026-11-23", "before(2026-11-23T00:00:00+00:00)"),
            ("after:2026", "after(2026-01-01T00:00:00+00:00)"),
            ("-after:2026", "before(2026-01-01T00:00:00+00:00)"),
            ("after:2026 after:2025", "after(2026-01-01T00:00:00+00:00)"),
            ("after:hier", "unread(after:hier)"),
            ("after:2026-13", "unread(after:2026-13)"),
            ("after:", "unread(after:)"),
            ("de:anne objet:bac", "+From(anne) +Subject(bac)"),
            ("après:23/11/2026", "after(2026-11-23T00:00:00+00:00)"),
            ("avant:11/2026", "before(2026-11-01T00:00:00+00:00)"),
            ("depuis:\"1er août 2026\"", "after(2026-08-01T00:00:00+00:00)"),
            ("after:\"novembre 2026\"", "after(2026-11-01T00:00:00+00:00)"),
            ("avec:pièce-jointe liste:club", "list(club) attachment(Yes)"),
            ("after:31/02/2026", "unread(after:31/02/2026)"),
            ("after:1/2/3/4", "unread(after:1/2/3/4)"),
            ("has:attachment", "attachment(Yes)"),
            ("-has:attachment", "attachment(No)"),
            ("has:photo", "unread(has:photo)"),
            ("list:quartier -list:club", "list(quartier) not-list(club)"),
            ("from: anne clés", "+From(anne) +Anywhere(clés)"),
            ("http://a.example/x", "+Anywhere(http://a.example/x)"),
            ("10:30", "+Anywhere(10:30)"),
            ("- a -", "+Anywhere(a)"),
            ("\"", ""),
            ("\"\"\"", ""),
            ("***", ""),
            ("", ""),
        ] {
            assert_eq!(said(text), meant, "{text}");
        }
    }

    #[test]
    fn hostile_queries_are_short() {
        let words = "mot ".repeat(10_000);
        assert_eq!(Query::parse(&words, &Zone::utc()).clauses.len(), PARTS_MAX);
        let marks = "\"".repeat(10_000);
        assert!(Query::parse(&marks, &Zone::utc()).is_empty());
    }

    proptest! {
        #[test]
        fn anything_is_a_query(text in "\\PC{0,60}|[a-z:\"«» -]{0,60}") {
            let query = Query::parse(&text, &Zone::utc());
            prop_assert!(query.clauses.len() <= PARTS_MAX);
        }
    }
}
