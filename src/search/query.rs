//! What somebody looks for, as they wrote it: words, "phrases", `from:` `subject:` `after:`
//! `before:` `has:attachment` `list:` and `-` before any of them.
//!
//! Anything is a query; what cannot be meant is named, and left out. Pure: words in, values out.

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
        match name.to_ascii_lowercase().as_str() {
            "from" => self.add_words(Within::From, value, phrase, wanted),
            "subject" => self.add_words(Within::Subject, value, phrase, wanted),
            "list" if !value.is_empty() => match wanted {
                Wanted::Yes => self.lists.push(value.to_lowercase()),
                Wanted::No => self.lists_not.push(value.to_lowercase()),
            },
            "has" if matches!(value.to_ascii_lowercase().as_str(), "attachment" | "attachments") => {
                self.attachment = Some(wanted);
            }
            name @ ("after" | "before") => match day(value).map(|day| midnight(day, zone)) {
                // Not before is after.
                Some(moment) if (name == "after") == (wanted == Wanted::Yes) => {
                    self.after = Some(self.after.map_or(moment, |known| known.max(moment)));
                }
                Some(moment) => {
                    self.before = Some(self.before.map_or(moment, |known| known.min(moment)));
                }
                None => self.unread.push(format!("{name}:{value}")),
            },
            name => self.unread.push(format!("{name}:{value}")),
        }
    }
}

fn is_condition(name: &str) -> bool {
    const CONDITIONS: [&str; 6] = ["from", "subject", "after", "before", "has", "list"];
    CONDITIONS.iter().any(|known| known.eq_ignore_ascii_case(name))
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

/// `2026`, `2026-11` or `2026-11-23`: its first day.
fn day(text: &str) -> Option<CivilDate> {
    let mut numbers = text.split('-');
    let mut number = |digits: usize, otherwise: Option<i16>| match numbers.next() {
        Some(part) if part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()) => part.parse().ok(),
        Some(_) => None,
        None => otherwise,
    };
    let (year, month, day) = (number(4, None)?, number(2, Some(1))?, number(2, Some(1))?);
    let ends = numbers.next().is_none();
    CivilDate::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).filter(|_| ends)
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
