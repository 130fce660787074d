//! Single values as one would write them, and what may reach a terminal or a log.
//!
//! Strangers choose subjects, names, addresses, ids, and what their servers answer. A line of ours
//! stays one line, and nothing of theirs speaks to the terminal.

use serde_json::Value;

/// A value as one would write it, on one line: absent and empty are a dash.
pub(in crate::cli) fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => on_one_line(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(word).collect::<Vec<_>>().join(", "),
        Value::Object(_) => on_one_line(&value.to_string()),
    }
}

/// `2026-11-23 03:50` of a moment, in the zone it is told in.
pub(super) fn day_and_hour(value: &Value) -> String {
    until_char(value, 16)
}

/// `2026-11-23 03:50:44`
pub(super) fn to_the_second(value: &Value) -> String {
    until_char(value, 19)
}

fn until_char(value: &Value, end: usize) -> String {
    let text = word(value);
    text.get(..end).unwrap_or(&text).replace('T', " ")
}

/// A text as one line that holds nothing but letters.
pub(in crate::cli) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// The same for a text of several lines.
pub(in crate::cli) fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unprintable(*c)).collect()
}

/// A JSON document that is the same to every reader of JSON, and harmless on a terminal. Such
/// characters stand within strings only, where their escapes mean the same (RFC 8259 §7).
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unprintable(c) {
            // None of them is beyond the first plane, where one escape would not do.
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// Controls (C1 too: U+009B begins what ESC [ begins), line ends of other kinds, and the marks that
/// turn the direction of writing around.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 post`, `2 posts`
pub(super) fn count(value: &Value, one: &str) -> String {
    let plural = if value.as_u64() == Some(1) { "" } else { "s" };
    format!("{} {one}{plural}", word(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_in_words() {
        for (value, said) in [
            (json!(null), "-"),
            (json!(""), "-"),
            (json!(true), "yes"),
            (json!(3), "3"),
            (json!(["a", "b"]), "a, b"),
            (json!(["a\nb"]), "a b"),
            (json!({ "a": "\u{9b}2J" }), "{\"a\":\" 2J\"}"),
        ] {
            assert_eq!(word(&value), said);
        }
        assert_eq!(to_the_second(&json!("2026-11-23T03:50:44+01:00")), "2026-11-23 03:50:44");
        assert_eq!(count(&json!(1), "post"), "1 post");
        assert_eq!(count(&json!(0), "post"), "0 posts");
    }

    #[test]
    fn strangers_do_not_speak_to_the_terminal() {
        assert_eq!(on_one_line("a\u{1b}[31mb\r\nc\u{9b}2J"), "a [31mb  c 2J");
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\n\tc\u{2028}"), "a[2Jb\n\tc");
    }

    #[test]
    fn json_stays_what_it_says() {
        let value = json!({ "subject": "a\u{1b}[31m\u{9b}2J\u{202e}\u{2028}\u{7f}é", "n": [1] });
        let text = escaped(&format!("{value:#}"));
        assert!(!text.chars().any(|c| c != '\n' && is_unprintable(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
