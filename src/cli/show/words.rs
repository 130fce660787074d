//! Single values as one would write them.

use serde_json::Value;

/// A value as one would write it: absent and empty are a dash.
pub(in crate::cli) fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(word).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
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

/// What strangers wrote can hold anything; a line of ours stays one line, and says nothing to the
/// terminal but letters.
pub(super) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// The same for a text of several lines.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unprintable(*c)).collect()
}

/// Controls, and the marks that turn the direction of writing around.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
        ] {
            assert_eq!(word(&value), said);
        }
        assert_eq!(to_the_second(&json!("2026-11-23T03:50:44+01:00")), "2026-11-23 03:50:44");
        assert_eq!(count(&json!(1), "post"), "1 post");
        assert_eq!(count(&json!(0), "post"), "0 posts");
    }

    #[test]
    fn strangers_do_not_speak_to_the_terminal() {
        assert_eq!(on_one_line("a\u{1b}[31mb\r\nc"), "a [31mb  c");
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\n\tc"), "a[2Jb\n\tc");
    }
}
