//! Signing in, and what somebody who is signed in may do about it.

use serde::Serialize;

use crate::domain::list::ArchivePolicy;

use super::super::routes::{ListPage, Route};
use super::super::sight::Reader;
use super::super::text::one_line;
use super::{Desk, Frame, Link, NAME_CHARS_MAX, Place};

/// Asks for an address, or for one press of a button.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SignInView {
    frame: Frame,
    title: String,
    words: String,
    /// What was wrong with what came before.
    problem: Option<String>,
    /// Where the address is sent; absent on the page with the button alone.
    asks: Option<String>,
}

/// What somebody who is signed in finds at `/in/`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct YouView {
    frame: Frame,
    title: String,
    words: String,
    groups: Vec<YourGroup>,
    /// Where the buttons lead, and what their forms hold.
    action: String,
    form: String,
}

#[derive(Clone, Debug, Serialize)]
struct YourGroup {
    language: &'static str,
    name: Link,
    /// The feed only they know; of a group without messages on the web there is none.
    feed: Option<String>,
}

impl<'a> Desk<'a> {
    /// The form that asks for a link.
    pub(crate) fn sign_in_form(&self, problem: Option<&str>) -> SignInView {
        let asks = Some(self.href(&Route::SignIn));
        self.sign_in_page("in_title", "in_words", problem, asks)
    }

    /// The page a link opens.
    pub(crate) fn sign_in_button(&self) -> SignInView {
        self.sign_in_page("in_enter_title", "in_enter_words", None, None)
    }

    fn sign_in_page(
        &self,
        title: &str,
        words: &str,
        problem: Option<&str>,
        asks: Option<String>,
    ) -> SignInView {
        let title = self.say(title);
        let mut frame = self.frame(&title, None, &[]);
        frame.noindex = true;
        let problem = problem.map(|key| self.say(key));
        SignInView { frame, title, words: self.say(words), problem, asks }
    }

    /// Their groups, their feeds, and the way out.
    pub(crate) fn you(&self, reader: &Reader, places: &[Place<'_>]) -> YouView {
        let name = one_line(&reader.name, NAME_CHARS_MAX);
        let title = if name.is_empty() {
            self.say("you_title_nameless")
        } else {
            self.tell("you_title", &[("name", &name)])
        };
        let mut frame = self.frame(&title, None, &[]);
        frame.noindex = true;
        YouView {
            frame,
            title,
            words: self.say(if places.is_empty() { "you_no_groups" } else { "you_words" }),
            groups: places.iter().map(|place| self.your_group(reader, *place)).collect(),
            action: self.href(&Route::SignOut),
            form: reader.form.clone(),
        }
    }

    fn your_group(&self, reader: &Reader, place: Place<'_>) -> YourGroup {
        let settings = &place.list.settings;
        let has_feed = settings.archive != ArchivePolicy::None;
        let route = Route::list(place.segment, ListPage::Feed);
        YourGroup {
            language: settings.language.tag(),
            name: Link {
                text: one_line(&settings.name, NAME_CHARS_MAX),
                href: self.href(&Route::list(place.segment, ListPage::Front)),
            },
            feed: reader
                .feeds
                .as_ref()
                .filter(|_| has_feed)
                .map(|key| format!("{}?k={}", self.absolute(&route), super::super::routes::encode(key))),
        }
    }
}
