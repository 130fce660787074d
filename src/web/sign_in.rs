//! Signing in without a password: asking for a link, pressing its button, signing out.
//!
//! GET changes nothing, because programs that look for harm follow links; every form must come
//! from a page of ours. Whoever asks for a link is answered before anybody looks whether the
//! address is known, so neither words nor time tell. What is done is done by `flow`, behind the
//! [`MembersDoor`] that `serve` hands over.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};

use crate::domain::address::EmailAddress;
use crate::domain::list::Language;

use super::answer::Answer;
use super::forms::{Form, Sender};
use super::pages::{PageError, Pages, Wish};
use super::routes::Route;
use super::sight::{Reader, Sight};
use super::views::{Desk, Place};

/// The field of the form that asks for a link.
const ADDRESS_FIELD: &str = "address";
/// The field that shows that a form is its reader's own.
const FORM_FIELD: &str = "form";
/// The field that says which passes end.
const WHICH_FIELD: &str = "which";
/// The longest cookie looked at, bytes.
const COOKIE_BYTES_MAX: usize = 64;

/// Looking at a link or carrying something out failed: the disk, or a bug.
pub type DoorError = Box<dyn std::error::Error + Send + Sync>;

/// What a browser is to show from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entered {
    /// The value of the cookie.
    pub cookie: String,
    /// For how long.
    pub lasts: Duration,
}

/// What ends when somebody signs out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignOut {
    /// This browser.
    Here,
    /// Every browser, and every feed.
    Everywhere,
    /// Feeds alone, for new ones.
    Feeds,
}

/// The way to `flow` for those who are members somewhere. Web itself cannot write.
pub trait MembersDoor: Send + Sync {
    /// Has a link sent to an address, if it is a member's. Returns before anything is looked up.
    fn ask(&self, address: EmailAddress, language: Language);
    /// Whether a link opens. Changes nothing.
    fn opens(&self, link: &str) -> Result<bool, DoorError>;
    /// Signs in; once for each link.
    fn enter(&self, link: &str) -> Result<Option<Entered>, DoorError>;
    /// Who shows this cookie.
    fn reader(&self, cookie: &str) -> Result<Option<Reader>, DoorError>;
    /// Whose feeds this key opens.
    fn feed_reader(&self, key: &str) -> Result<Option<Reader>, DoorError>;
    /// Signs out whoever shows this cookie.
    fn sign_out(&self, cookie: &str, which: SignOut) -> Result<(), DoorError>;
}

/// The cookie of the site. Over https its name makes browsers keep it to this very host.
pub(crate) fn cookie_name(base_url: &str) -> &'static str {
    if base_url.starts_with("https://") { "__Host-parvis" } else { "parvis" }
}

/// The cookie a browser shows, if it has the shape of ours.
pub(crate) fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    let mut pairs = pairs.flat_map(|field| field.split(';')).filter_map(|pair| pair.split_once('='));
    let value = pairs.find_map(|(key, value)| (key.trim() == name).then_some(value.trim()))?;
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric());
    (plain && (1..=COOKIE_BYTES_MAX).contains(&value.len())).then(|| value.to_owned())
}

fn set_cookie(pages: &Pages, value: &str, lasts: Duration) -> String {
    let name = cookie_name(&pages.site.base_url);
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", lasts.as_secs())
}

/// What `/in/` and its neighbours are answered with.
pub(crate) struct SignIn<'a> {
    pub(crate) pages: &'a Pages,
    pub(crate) wish: &'a Wish,
    pub(crate) door: &'a dyn MembersDoor,
    /// What the browser showed, ours or not.
    pub(crate) cookie: Option<&'a str>,
}

impl SignIn<'_> {
    fn desk(&self) -> Desk<'_> {
        self.pages.desk(self.wish, self.pages.language)
    }

    /// GET `/in/`: a form, or for those who are signed in what they may see.
    pub(crate) fn front(&self) -> Result<Answer, PageError> {
        let desk = self.desk();
        match &self.wish.reader {
            None => self.page(&desk.sign_in_form(None), StatusCode::OK),
            Some(reader) => {
                let mut lists = self.pages.archive.lists()?;
                lists.retain(|list| reader.lists.contains(&list.id));
                let shown: Vec<_> = lists
                    .iter()
                    .filter(|list| super::sight::of(list, Some(reader)) != Sight::Nothing)
                    .map(|list| (list, super::pages::segment_of(list, &lists)))
                    .collect();
                let places: Vec<_> = shown.iter().map(|(list, segment)| Place { list, segment }).collect();
                let html = self.pages.templates.render(desk.language, "you", &desk.you(reader, &places))?;
                Ok(quiet(Answer::private(StatusCode::OK, desk.language, html)))
            }
        }
    }

    /// POST `/in/`: the same answer for everybody.
    pub(crate) fn ask(&self, form: &Form) -> Result<Answer, PageError> {
        let desk = self.desk();
        if form.sender == Sender::Foreign {
            return self.refused();
        }
        let address = form.field(ADDRESS_FIELD).and_then(|text| EmailAddress::parse(text.trim()).ok());
        match address {
            None => self.page(&desk.sign_in_form(Some("in_wrong")), StatusCode::BAD_REQUEST),
            Some(address) => {
                self.door.ask(address, desk.language);
                self.pages.notice(&desk, StatusCode::OK, "in_sent").map(quiet)
            }
        }
    }

    /// GET `/in/TOKEN`: one button, and nothing happens without it.
    pub(crate) fn look(&self, link: &str) -> Result<Answer, PageError> {
        if self.door.opens(link).map_err(PageError::Door)? {
            self.page(&self.desk().sign_in_button(), StatusCode::OK)
        } else {
            self.too_old()
        }
    }

    /// POST `/in/TOKEN`: signed in, and on to what one may see.
    pub(crate) fn enter(&self, link: &str, form: &Form) -> Result<Answer, PageError> {
        if form.sender == Sender::Foreign {
            return self.refused();
        }
        match self.door.enter(link).map_err(PageError::Door)? {
            Some(Entered { cookie, lasts }) => Ok(Answer {
                cookie: Some(set_cookie(self.pages, &cookie, lasts)),
                ..quiet(Answer::elsewhere(StatusCode::SEE_OTHER, self.desk().href(&Route::Home)))
            }),
            None => self.too_old(),
        }
    }

    /// POST `/in/out`.
    pub(crate) fn out(&self, form: &Form) -> Result<Answer, PageError> {
        let theirs = self.wish.reader.as_ref().filter(|reader| form.field(FORM_FIELD) == Some(&reader.form));
        let (Some(cookie), Some(_), Sender::Ours) = (self.cookie, theirs, form.sender) else {
            return self.refused();
        };
        let which = match form.field(WHICH_FIELD) {
            Some("here") => SignOut::Here,
            Some("everywhere") => SignOut::Everywhere,
            Some("feeds") => SignOut::Feeds,
            Some(_) | None => return self.refused(),
        };
        self.door.sign_out(cookie, which).map_err(PageError::Door)?;
        let forget = match which {
            SignOut::Here | SignOut::Everywhere => Some(set_cookie(self.pages, "", Duration::ZERO)),
            SignOut::Feeds => None,
        };
        let there = self.desk().href(&Route::SignIn);
        Ok(Answer { cookie: forget, ..quiet(Answer::elsewhere(StatusCode::SEE_OTHER, there)) })
    }

    fn refused(&self) -> Result<Answer, PageError> {
        self.pages.notice(&self.desk(), StatusCode::FORBIDDEN, "in_refused").map(quiet)
    }

    fn too_old(&self) -> Result<Answer, PageError> {
        self.page(&self.desk().sign_in_form(Some("in_too_old")), StatusCode::NOT_FOUND)
    }

    fn page<V: serde::Serialize>(&self, view: &V, status: StatusCode) -> Result<Answer, PageError> {
        let html = self.pages.templates.render(self.desk().language, "sign_in", view)?;
        Ok(quiet(Answer::private(status, self.desk().language, html)))
    }
}

/// Of these pages the browser tells our own host where a form stood, and nobody else anything:
/// without that, older ones say `Origin: null`, as for a form of a stranger.
fn quiet(answer: Answer) -> Answer {
    Answer { referrer: Some("same-origin"), ..answer }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_cookie_among_others() {
        for (field, cookie) in [
            ("__Host-parvis=abc234", Some("abc234")),
            ("a=b; __Host-parvis=abc234; c=d", Some("abc234")),
            ("parvis=abc234", None),
            ("__Host-parvis=", None),
            ("__Host-parvis=\"abc\"", None),
            ("__Host-parvis", None),
            ("__host-parvis=abc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(field));
            assert_eq!(cookie_of(&headers, cookie_name("https://x.example")).as_deref(), cookie, "{field}");
        }
    }
}
