//! What the templates print, every word ready.
//!
//! A view is made from plain data (lists, summaries, a shown mail) and a [`Desk`]: the words, the
//! reader's language, the site. Making one reads no store and cannot fail.

mod account;
mod body;
mod doors;
mod edition;
mod lists;
mod post;
mod search;
mod set;
mod thread;

use serde::Serialize;

use crate::domain::list::{Language, List};
use crate::domain::time::{Timestamp, Zone};
use crate::mail::mask::mask_addresses;
use crate::mail::paragraphs::unbroken;
use crate::store::archive::PostSummary;

use super::dates;
use super::routes::{ListPage, Route};
use super::sight::{Eyes, Reader};
use super::text::one_line;
use super::unsubscribe::Leaving;
use super::words::Words;

pub(crate) use body::{BodyView, TEXT_BYTES_MAX};
pub(crate) use doors::Door;
pub(crate) use edition::{ContentsLine, ContentsView, EditionView, ItemView, edition_title};
pub(crate) use lists::{FrontView, HomeView, Latest, ListLine, MonthPage, MonthView, More};
pub(crate) use post::{Neighbours, PostPageView, PostView, Printed};
pub(crate) use search::{OpenSearchView, Results, SearchBox, SearchView};
pub(crate) use thread::{Arrangement, InThread, Opened, Stands, SummaryView, ThreadView};

/// Longer subjects are cut, characters.
const SUBJECT_CHARS_MAX: usize = 300;
/// Longer names are cut, characters.
const NAME_CHARS_MAX: usize = 80;
/// So much of an address without a name is shown, characters.
const LOCAL_PART_CHARS_MAX: usize = 4;

/// What is the same on every page of one server.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Without a slash at its end.
    pub(crate) base_url: String,
    /// The part of it after the host: mostly empty.
    pub(crate) base_path: String,
    /// The part of it people know the server by.
    pub(crate) host: String,
    pub(crate) zone: Zone,
    pub(crate) style: Route,
}

/// Whether a reader chose their language on a page, and so takes it along in links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Chosen {
    /// By a link of ours.
    Here,
    /// In their browser.
    Elsewhere,
}

/// Everything a view is written with.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) words: &'a Words,
    pub(crate) site: &'a Site,
    pub(crate) language: Language,
    pub(crate) chosen: Chosen,
    /// Whom the words of a list are shown to.
    pub(crate) eyes: Eyes,
    /// Who is signed in.
    pub(crate) reader: Option<&'a Reader>,
}

/// A list and the segment its pages stand under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) list: &'a List,
    pub(crate) segment: &'a str,
}

/// Words that lead somewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Link {
    pub(crate) text: String,
    pub(crate) href: String,
}

/// A moment in words and for machines.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct When {
    pub(crate) words: String,
    pub(crate) datetime: String,
}

/// What surrounds every page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Frame {
    language: &'static str,
    title: String,
    site: Link,
    /// Where this page stands, outermost first; the page itself is not among them.
    path: Vec<Link>,
    style: String,
    icon: String,
    opensearch: String,
    canonical: Option<String>,
    feeds: Vec<Link>,
    noindex: bool,
    other_language: Link,
    other_language_tag: &'static str,
    /// The way to sign in, or who is.
    account: Link,
}

/// The pages before and after this one, of something long.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Pager {
    here: String,
    previous: Option<Link>,
    next: Option<Link>,
}

/// A page with one thing to say.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NoticeView {
    frame: Frame,
    title: String,
    words: String,
}

/// The page behind the link to leave a group.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LeaveView {
    frame: Frame,
    title: String,
    words: String,
    more: Option<String>,
    /// Shown until they have left.
    button: bool,
}

impl Desk<'_> {
    pub(crate) fn say(&self, key: &str) -> String {
        self.words.say(self.language, key)
    }

    pub(crate) fn tell(&self, key: &str, facts: &[(&str, &str)]) -> String {
        self.words.tell(self.language, key, facts)
    }

    pub(crate) fn count(&self, key: &str, count: u64) -> String {
        self.words.count(self.language, key, count)
    }

    /// A link within the site.
    pub(crate) fn href(&self, route: &Route) -> String {
        self.href_with(route, &[])
    }

    /// A link within the site, with a query.
    pub(crate) fn href_with(&self, route: &Route, query: &[(&str, &str)]) -> String {
        let mut href = format!("{}{}", self.site.base_path, route.path());
        let lang = [("lang", self.language.tag())];
        let chosen: &[(&str, &str)] = match self.chosen {
            Chosen::Here => &lang,
            Chosen::Elsewhere => &[],
        };
        for (at, (key, value)) in query.iter().chain(chosen).enumerate() {
            href.push(if at == 0 { '?' } else { '&' });
            href.push_str(key);
            if !value.is_empty() {
                href.push('=');
                href.push_str(&super::routes::encode(value));
            }
        }
        href
    }

    /// The address of a page for the whole world.
    pub(crate) fn absolute(&self, route: &Route) -> String {
        format!("{}{}", self.site.base_url, route.path())
    }

    pub(crate) fn when(&self, at: Timestamp) -> When {
        let words = dates::moment(self.language, at, &self.site.zone);
        When { words, datetime: at.rfc3339(&self.site.zone) }
    }

    pub(crate) fn day(&self, at: Timestamp) -> When {
        let words = dates::short_day(self.language, at.date_in(&self.site.zone));
        When { words, datetime: at.rfc3339(&self.site.zone) }
    }

    pub(crate) fn subject(&self, subject: &str) -> String {
        let subject = unbroken(&one_line(&self.masked(subject), SUBJECT_CHARS_MAX));
        if subject.is_empty() { self.say("no_subject") } else { subject }
    }

    /// Who wrote: their name, or as much of the address as tells nobody where to write.
    pub(crate) fn author(&self, post: &PostSummary) -> String {
        let name = self.name(&post.author_name);
        let address = post.author_address.as_ref();
        match (name, address) {
            (Some(name), _) => name,
            (None, Some(address)) if self.eyes == Eyes::Member => address.to_string(),
            (None, Some(address)) => {
                let kept: String = address.local_part().chars().take(LOCAL_PART_CHARS_MAX).collect();
                format!("{}…", one_line(&kept, LOCAL_PART_CHARS_MAX))
            }
            (None, None) => self.say("no_author"),
        }
    }

    /// A name as strangers may see it, if there is one.
    pub(crate) fn name(&self, name: &str) -> Option<String> {
        let name = one_line(&self.masked(name), NAME_CHARS_MAX);
        (!name.is_empty()).then_some(name)
    }

    /// A text of strangers as this reader may see it.
    pub(crate) fn masked(&self, text: &str) -> String {
        match self.eyes {
            Eyes::Stranger => mask_addresses(text),
            Eyes::Member => text.to_owned(),
        }
    }

    /// What stands behind the address of a feed: for members, the key of their feed reader.
    pub(crate) fn feed_key(&self) -> String {
        let key = match self.eyes {
            Eyes::Stranger => None,
            Eyes::Member => self.reader.and_then(|reader| reader.feeds.as_deref()),
        };
        key.map(|key| format!("?k={}", super::routes::encode(key))).unwrap_or_default()
    }

    /// The address of a feed, for programs that know no language and no cookie.
    pub(crate) fn feed_href(&self, route: &Route) -> String {
        match self.eyes {
            Eyes::Stranger => self.href(route),
            Eyes::Member => format!("{}{}{}", self.site.base_path, route.path(), self.feed_key()),
        }
    }

    fn account(&self) -> String {
        let name = self.reader.map(|reader| one_line(&reader.name, NAME_CHARS_MAX));
        match name.as_deref() {
            None => self.say("account_stranger"),
            Some("") => self.say("account_nameless"),
            Some(name) => self.tell("account_reader", &[("name", name)]),
        }
    }

    /// The frame of a page; `route` is its address without a query, if it has a lasting one.
    pub(crate) fn frame(&self, title: &str, route: Option<&Route>, query: &[(&str, &str)]) -> Frame {
        let other = match self.language {
            Language::Fr => Language::En,
            Language::En => Language::Fr,
        };
        let there = Desk { language: other, chosen: Chosen::Here, ..*self };
        let here = match route {
            Some(route) => there.href_with(route, query),
            // Relative: the address of this page is not repeated where nothing stands under it.
            None => format!("?lang={}", other.tag()),
        };
        Frame {
            language: self.language.tag(),
            title: title.to_owned(),
            site: Link { text: self.site.host.clone(), href: self.href(&Route::Home) },
            path: Vec::new(),
            style: format!("{}{}", self.site.base_path, self.site.style.path()),
            icon: format!("{}{}", self.site.base_path, Route::Icon.path()),
            opensearch: format!("{}{}", self.site.base_path, Route::OpenSearch.path()),
            canonical: route.map(|route| self.absolute(route)),
            feeds: Vec::new(),
            noindex: false,
            other_language: Link { text: self.say("other_language"), href: here },
            other_language_tag: other.tag(),
            account: Link { text: self.account(), href: self.href(&Route::SignIn) },
        }
    }

    /// The frame of a page of a list.
    pub(crate) fn list_frame(
        &self,
        place: Place<'_>,
        title: &str,
        page: ListPage,
        query: &[(&str, &str)],
    ) -> Frame {
        let front = matches!(page, ListPage::Front);
        let name = one_line(&place.list.settings.name, NAME_CHARS_MAX);
        let route = Route::list(place.segment, page);
        let title = if front { name.clone() } else { format!("{title} — {name}") };
        let mut frame = self.frame(&title, Some(&route), query);
        if !front {
            let href = self.href(&Route::list(place.segment, ListPage::Front));
            frame.path.push(Link { text: name, href });
        }
        frame.noindex = place.list.settings.noindex;
        frame
    }

    /// A page with one thing to say.
    pub(crate) fn notice(&self, title_key: &str, words_key: &str) -> NoticeView {
        let title = self.say(title_key);
        let mut frame = self.frame(&title, None, &[]);
        frame.noindex = true;
        NoticeView { frame, title, words: self.say(words_key) }
    }

    /// Asks whether somebody wants to leave.
    pub(crate) fn leave_question(&self, group: &str) -> LeaveView {
        let group = one_line(group, NAME_CHARS_MAX);
        self.leave_page(
            self.tell("leave_title", &[("group", &group)]),
            self.say("leave_question"),
            None,
            true,
        )
    }

    /// Says that they have left.
    pub(crate) fn left(&self, leaving: &Leaving) -> LeaveView {
        let (group, more) = match leaving {
            Leaving::Now(group) => (group.as_str(), Some(self.say("left_back"))),
            Leaving::Before(group) => (group.as_str(), None),
            Leaving::Unknown => ("", None),
        };
        let group = one_line(group, NAME_CHARS_MAX);
        let words = self.tell("left_words", &[("group", &group)]);
        self.leave_page(self.say("left_title"), words, more, false)
    }

    fn leave_page(&self, title: String, words: String, more: Option<String>, button: bool) -> LeaveView {
        let mut frame = self.frame(&title, None, &[]);
        frame.noindex = true;
        LeaveView { frame, title, words, more, button }
    }

    /// Links to the pages before and after number `page` of `pages`, counted from 1.
    pub(crate) fn pager(
        &self,
        route: &Route,
        query: &[(&str, &str)],
        page: usize,
        pages: usize,
    ) -> Option<Pager> {
        if pages <= 1 {
            return None;
        }
        let to = |number: usize, key: &str| {
            let number_words = number.to_string();
            let mut query = query.to_vec();
            if number > 1 {
                query.push(("page", &number_words));
            }
            Link { text: self.say(key), href: self.href_with(route, &query) }
        };
        Some(Pager {
            here: self.tell("page_of", &[("page", &page.to_string()), ("pages", &pages.to_string())]),
            previous: (page > 1).then(|| to(page - 1, "previous_page")),
            next: (page < pages).then(|| to(page + 1, "next_page")),
        })
    }
}

/// A mail to write (RFC 6068): address, and header fields to begin it with.
pub(crate) fn mailto(address: &str, fields: &[(&str, &str)]) -> String {
    // RFC 6068 §2: `%`, `&`, `;` and what is no URI character are encoded, the `@` stands.
    let mut href = format!("mailto:{}", super::routes::encode(address).replace("%40", "@"));
    for (at, (name, value)) in fields.iter().enumerate() {
        href.push(if at == 0 { '?' } else { '&' });
        href.push_str(name);
        href.push('=');
        href.push_str(&super::routes::encode(value));
    }
    href
}
