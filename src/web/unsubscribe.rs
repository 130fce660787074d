//! Leaving by one click (RFC 8058): the one thing the web can change.
//!
//! GET asks and changes nothing, because programs that look for harm follow links. POST with
//! exactly `List-Unsubscribe=One-Click` leaves, without cookie, question or redirect.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::domain::time::Timestamp;

use super::answer::Answer;
use super::pages::{PageError, Pages, Wish};

/// The longest form taken, bytes.
pub(crate) const FORM_BYTES_MAX: usize = 4 * 1024;
const FIELD: &str = "List-Unsubscribe";
const VALUE: &str = "One-Click";

/// Looking at a token or obeying it failed: the disk, or a bug.
pub type LeaveError = Box<dyn std::error::Error + Send + Sync>;

type Look = Arc<dyn Fn(&str) -> Result<Option<String>, LeaveError> + Send + Sync>;
type Leave = Arc<dyn Fn(&str, Timestamp) -> Result<Leaving, LeaveError> + Send + Sync>;

/// The way to `flow` for those who hold a token. Web itself cannot write.
#[derive(Clone)]
pub struct LeaveDoor {
    /// The name of the group a token leaves; `None` for what is no token of ours. Changes nothing.
    pub look: Look,
    /// Leaves it. Twice is as good as once.
    pub leave: Leave,
}

/// What came of a wish to leave; with the name of the group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leaving {
    /// They are a member no more, and get a letter that says so.
    Now(String),
    /// They were none already.
    Before(String),
    /// The token is none of ours, or its group is gone.
    Unknown,
}

/// What a form says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Exactly what RFC 8058 §3.1 asks for.
    OneClick,
    /// Anything else.
    Other,
}

impl Form {
    /// Reads a form in either of the two encodings (RFC 8058 §3.1: "application/x-www-form-urlencoded
    /// or multipart/form-data").
    pub(crate) fn parse(content_type: &str, body: &[u8]) -> Form {
        let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let pairs = match kind.trim().to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => urlencoded(body),
            "multipart/form-data" => multipart(parameters, body),
            _ => None,
        };
        match pairs.as_deref() {
            Some([(field, value)]) if field == FIELD && value == VALUE => Form::OneClick,
            Some(_) | None => Form::Other,
        }
    }
}

fn urlencoded(body: &[u8]) -> Option<Vec<(String, String)>> {
    let body = std::str::from_utf8(body).ok()?.trim_end_matches(['\r', '\n']);
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(|text| text.into_owned())
    };
    body.split('&')
        .map(|pair| pair.split_once('=').and_then(|(key, value)| Some((decode(key)?, decode(value)?))))
        .collect()
}

/// RFC 7578, as far as one plain field needs it.
fn multipart(parameters: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    let boundary = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    if boundary.is_empty() {
        return None;
    }
    let body = std::str::from_utf8(body).ok()?;
    let delimiter = format!("--{boundary}");
    let mut sections = body.split(delimiter.as_str());
    sections.next()?;
    let mut pairs = Vec::new();
    for section in sections {
        if section.starts_with("--") {
            return Some(pairs);
        }
        let section = section.trim_start_matches([' ', '\t']);
        let section = section.strip_prefix("\r\n").or_else(|| section.strip_prefix('\n'))?;
        let (header, value) = section.split_once("\r\n\r\n").or_else(|| section.split_once("\n\n"))?;
        let value = value.strip_suffix("\r\n").or_else(|| value.strip_suffix('\n'))?;
        pairs.push((field_name(header)?, value.to_owned()));
    }
    None
}

/// `Content-Disposition: form-data; name="List-Unsubscribe"`
fn field_name(header: &str) -> Option<String> {
    let line = header.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    line.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case("name").then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// GET: a page with one button.
pub(crate) fn ask(pages: &Pages, wish: &Wish, door: &LeaveDoor, token: &str) -> Result<Answer, PageError> {
    let desk = pages.desk(wish, pages.language);
    match (door.look)(token)? {
        Some(group) => {
            let html = pages.templates.render("leave", &desk.leave_question(&group))?;
            Ok(Answer::private(StatusCode::OK, desk.language, html))
        }
        None => pages.notice(&desk, StatusCode::NOT_FOUND, "leave_unknown"),
    }
}

/// POST: leaves.
pub(crate) fn leave(
    pages: &Pages,
    wish: &Wish,
    door: &LeaveDoor,
    token: &str,
    form: Form,
    now: Timestamp,
) -> Result<Answer, PageError> {
    let desk = pages.desk(wish, pages.language);
    if form == Form::Other {
        return pages.notice(&desk, StatusCode::BAD_REQUEST, "leave_wrong");
    }
    match (door.leave)(token, now)? {
        Leaving::Unknown => pages.notice(&desk, StatusCode::NOT_FOUND, "leave_unknown"),
        left @ (Leaving::Now(_) | Leaving::Before(_)) => {
            let html = pages.templates.render("leave", &desk.left(&left))?;
            Ok(Answer::private(StatusCode::OK, desk.language, html))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn only_the_words_of_rfc_8058_leave() {
        let parts = |name: &str, value: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--x--\r\n")
        };
        for (kind, body, form) in [
            (URLENCODED, "List-Unsubscribe=One-Click".to_owned(), Form::OneClick),
            (URLENCODED, "List-Unsubscribe=One%2DClick".to_owned(), Form::OneClick),
            (
                "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
                "List-Unsubscribe=One-Click".to_owned(),
                Form::OneClick,
            ),
            (URLENCODED, "List-Unsubscribe=one-click".to_owned(), Form::Other),
            (URLENCODED, "List-Unsubscribe=One-Click&a=b".to_owned(), Form::Other),
            (URLENCODED, "a=b".to_owned(), Form::Other),
            (URLENCODED, String::new(), Form::Other),
            ("text/plain", "List-Unsubscribe=One-Click".to_owned(), Form::Other),
            ("", "List-Unsubscribe=One-Click".to_owned(), Form::Other),
            ("multipart/form-data; boundary=x", parts("List-Unsubscribe", "One-Click"), Form::OneClick),
            ("multipart/form-data; boundary=\"x\"", parts("List-Unsubscribe", "One-Click"), Form::OneClick),
            ("multipart/form-data; boundary=x", parts("List-Unsubscribe", "Two-Click"), Form::Other),
            ("multipart/form-data; boundary=x", parts("Other", "One-Click"), Form::Other),
            ("multipart/form-data; boundary=y", parts("List-Unsubscribe", "One-Click"), Form::Other),
            ("multipart/form-data", parts("List-Unsubscribe", "One-Click"), Form::Other),
            (
                "multipart/form-data; boundary=x",
                parts("List-Unsubscribe", "One-Click").replace("--x--", ""),
                Form::Other,
            ),
        ] {
            assert_eq!(Form::parse(kind, body.as_bytes()), form, "{kind}: {body}");
        }
    }

    proptest! {
        #[test]
        fn any_form_is_read(kind in "(multipart/form-data; boundary=-|application/x-www-form-urlencoded)",
                            body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Form::parse(&kind, &body), Form::Other);
        }
    }
}
