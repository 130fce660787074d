//! What a reader asks for, apart from the path: query, language.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use percent_encoding::percent_decode_str;

use crate::domain::list::Language;
use crate::search::QUERY_CHARS_MAX;

/// Longer queries are read as if there were none, bytes.
const QUERY_BYTES_MAX: usize = 6 * 1024;
/// Parts of a query after so many are not read.
const QUERY_PARTS_MAX: usize = 16;
/// Longer wishes for languages are cut, bytes.
const ACCEPT_BYTES_MAX: usize = 512;
/// The highest number a page can have.
const PAGE_MAX: usize = 1_000_000;

/// What stands behind the `?`, as far as pages know it; the rest is ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Query {
    /// `flat`
    pub(crate) flat: bool,
    /// `page=N`, counted from 1.
    pub(crate) page: usize,
    /// `lang=fr|en`
    pub(crate) language: Option<Language>,
    /// `c=HASH12`
    pub(crate) content: Option<String>,
    /// `k=TOKEN`: opens the attachments of one post.
    pub(crate) key: Option<String>,
    /// `q=WORDS`: what is looked for.
    pub(crate) words: Option<String>,
    /// `order=date`
    pub(crate) newest: bool,
}

impl Query {
    fn nothing() -> Query {
        Query { flat: false, page: 1, language: None, content: None, key: None, words: None, newest: false }
    }

    /// Reads a query as it was sent.
    pub(crate) fn parse(query: &str) -> Query {
        let mut asked = Query::nothing();
        if query.len() > QUERY_BYTES_MAX {
            return asked;
        }
        for part in query.split('&').take(QUERY_PARTS_MAX) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "flat" => asked.flat = true,
                "page" => asked.page = value.parse().unwrap_or(1).clamp(1, PAGE_MAX),
                "lang" => asked.language = language(value),
                "k" => asked.key = is_hash(value).then(|| value.to_owned()),
                "q" => asked.words = Some(words(value)),
                "order" => asked.newest = value == "date",
                "c" => asked.content = is_hash(value).then(|| value.to_owned()),
                _ => {}
            }
        }
        asked
    }
}

/// What a form sends (HTML, `application/x-www-form-urlencoded`).
fn words(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().chars().take(QUERY_CHARS_MAX).collect()
}

fn is_hash(value: &str) -> bool {
    (1..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The language a reader's browser prefers of those we speak (RFC 9110 §12.5.4).
pub(crate) fn preferred_language(headers: &HeaderMap) -> Option<Language> {
    let wishes = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let wishes = wishes.get(..ACCEPT_BYTES_MAX).unwrap_or(wishes);
    let mut best: Option<(u32, Language)> = None;
    for wish in wishes.split(',') {
        let (tag, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let Some(language) = language(tag.trim()) else { continue };
        let weight = thousandths(weight);
        if weight > 0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `fr`, `fr-CA`, `EN-gb`.
fn language(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next().unwrap_or_default();
    Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
}

/// `q=0.8` as 800; what cannot be read counts as 1.
fn thousandths(weight: &str) -> u32 {
    let weight = weight.trim().strip_prefix("q=").map(str::trim);
    let Some((whole, fraction)) = weight.map(|w| w.split_once('.').unwrap_or((w, ""))) else { return 1000 };
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse()) {
        ("0", Ok(thousandths)) => thousandths,
        (_, Ok(_) | Err(_)) => 1000,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_language_a_browser_prefers() {
        for (wishes, language) in [
            ("fr", Some(Language::Fr)),
            ("en-GB,en;q=0.9,fr;q=0.8", Some(Language::En)),
            ("de, fr-CA;q=0.5, en;q=0.4", Some(Language::Fr)),
            ("fr;q=0, en;q=0.1", Some(Language::En)),
            ("de", None),
            ("*", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(wishes));
            assert_eq!(preferred_language(&headers), language, "{wishes}");
        }
    }

    #[test]
    fn a_query_is_read_as_far_as_it_is_known() {
        let nothing = Query::nothing();
        for (query, asked) in [
            ("", nothing.clone()),
            ("flat", Query { flat: true, ..nothing.clone() }),
            (
                "flat&page=3&lang=en",
                Query { flat: true, page: 3, language: Some(Language::En), ..nothing.clone() },
            ),
            ("page=-1&c=..%2f", nothing.clone()),
            ("page=99999999999999999999", nothing.clone()),
            ("c=abcdefghijkl", Query { content: Some("abcdefghijkl".to_owned()), ..nothing.clone() }),
            ("next=//evil.example", nothing.clone()),
            (
                "q=f%C3%AAte+des%20voisins&order=date",
                Query { words: Some("fête des voisins".to_owned()), newest: true, ..nothing.clone() },
            ),
            ("q=%ff%00", Query { words: Some("\u{fffd}\0".to_owned()), ..nothing.clone() }),
        ] {
            assert_eq!(Query::parse(query), asked, "{query}");
        }
        assert_eq!(Query::parse(&format!("flat&x={}", "a".repeat(QUERY_BYTES_MAX))), nothing);
    }

    proptest! {
        #[test]
        fn any_query_and_any_wish_are_read(text in "[ -~]{0,80}") {
            prop_assert!(Query::parse(&text).page >= 1);
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(&text).expect("ASCII"));
            preferred_language(&headers);
        }
    }
}
