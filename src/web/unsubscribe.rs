//! Leaving by one click (RFC 8058): the one thing the web can change.
//!
//! GET asks and changes nothing, because programs that look for harm follow links. POST with
//! exactly `List-Unsubscribe=One-Click` leaves, without cookie, question or redirect.

use std::sync::Arc;

use axum::http::StatusCode;

use crate::domain::time::Timestamp;

use super::answer::Answer;
use super::forms::Form;
use super::pages::{PageError, Pages, Wish};

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

/// Whether a form is exactly what RFC 8058 §3.1 asks for.
fn is_one_click(form: &Form) -> bool {
    matches!(form.fields.as_deref(), Some([(field, value)]) if field == FIELD && value == VALUE)
}

/// GET: a page with one button.
pub(crate) fn ask(pages: &Pages, wish: &Wish, door: &LeaveDoor, token: &str) -> Result<Answer, PageError> {
    let desk = pages.desk(wish, pages.language);
    match (door.look)(token)? {
        Some(group) => {
            let html = pages.templates.render(desk.language, "leave", &desk.leave_question(&group))?;
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
    form: &Form,
    now: Timestamp,
) -> Result<Answer, PageError> {
    let desk = pages.desk(wish, pages.language);
    if !is_one_click(form) {
        return pages.notice(&desk, StatusCode::BAD_REQUEST, "leave_wrong");
    }
    match (door.leave)(token, now)? {
        Leaving::Unknown => pages.notice(&desk, StatusCode::NOT_FOUND, "leave_unknown"),
        left @ (Leaving::Now(_) | Leaving::Before(_)) => {
            let html = pages.templates.render(desk.language, "leave", &desk.left(&left))?;
            Ok(Answer::private(StatusCode::OK, desk.language, html))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn only_the_words_of_rfc_8058_leave() {
        let parts = |name: &str, value: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--x--\r\n")
        };
        for (kind, body, leaves) in [
            (URLENCODED, "List-Unsubscribe=One-Click".to_owned(), true),
            (URLENCODED, "List-Unsubscribe=One%2DClick".to_owned(), true),
            (
                "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
                "List-Unsubscribe=One-Click".to_owned(),
                true,
            ),
            (URLENCODED, "List-Unsubscribe=one-click".to_owned(), false),
            (URLENCODED, "List-Unsubscribe=One-Click&a=b".to_owned(), false),
            (URLENCODED, "a=b".to_owned(), false),
            (URLENCODED, String::new(), false),
            ("text/plain", "List-Unsubscribe=One-Click".to_owned(), false),
            ("", "List-Unsubscribe=One-Click".to_owned(), false),
            ("multipart/form-data; boundary=x", parts("List-Unsubscribe", "One-Click"), true),
            ("multipart/form-data; boundary=\"x\"", parts("List-Unsubscribe", "One-Click"), true),
            ("multipart/form-data; boundary=x", parts("List-Unsubscribe", "Two-Click"), false),
            ("multipart/form-data; boundary=x", parts("Other", "One-Click"), false),
            ("multipart/form-data; boundary=y", parts("List-Unsubscribe", "One-Click"), false),
            ("multipart/form-data", parts("List-Unsubscribe", "One-Click"), false),
            (
                "multipart/form-data; boundary=x",
                parts("List-Unsubscribe", "One-Click").replace("--x--", ""),
                false,
            ),
        ] {
            let form = Form::read(&HeaderMap::new(), "", kind, body.as_bytes());
            assert_eq!(is_one_click(&form), leaves, "{kind}: {body}");
        }
    }
}
