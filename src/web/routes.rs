//! The table of addresses: a path read into a [`Route`], and a [`Route`] written as a path.
//!
//! The one place that knows how addresses look. Reading says nothing about whether the page is
//! there: lists and posts are looked up by `pages`, never files (so `..` leads nowhere).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::domain::ids::MessageId;
use crate::domain::token::Token;

/// Longer paths lead nowhere, bytes. A Message-ID of 990 bytes fits, every byte encoded.
pub(crate) const PATH_BYTES_MAX: usize = 4 * 1024;

/// What stays readable in a segment. The `@` of a Message-ID is encoded, because programs that
/// harvest addresses read paths as well.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same for the segment of a list, which may be its whole address.
const LIST_SEGMENT: &AsciiSet = &SEGMENT.remove(b'@');

/// A page that has an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// `/`
    Home,
    /// `/healthz`
    Health,
    /// `/robots.txt`
    Robots,
    /// `/sitemap.xml`
    Sitemap,
    /// `/icon.svg`
    Icon,
    /// `/style-HASH.css`
    Style { hash: String },
    /// `/search`
    Search,
    /// `/opensearch.xml`
    OpenSearch,
    /// `/u/TOKEN`
    Unsubscribe { token: String },
    /// `/in/`
    SignIn,
    /// `/in/out`
    SignOut,
    /// `/in/TOKEN`
    SignInLink { token: String },
    /// `/LIST/…`, by the list's local part or its whole address.
    List { list: String, page: ListPage },
}

/// A page of one list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ListPage {
    /// `/LIST/`
    Front,
    /// `/LIST/feed.atom`
    Feed,
    /// `/LIST/sitemap.xml`
    Sitemap,
    /// `/LIST/search`
    Search,
    /// `/LIST/search/feed.atom`
    SearchFeed,
    /// `/LIST/search/mbox`
    SearchMbox,
    /// `/LIST/by/NAME/`
    Author { name: String },
    /// `/LIST/2026/11/mbox`
    MonthMbox { year: i16, month: i8 },
    /// `/LIST/2026/11/`
    Month { year: i16, month: i8 },
    /// `/LIST/t/THREAD/`
    Thread { key: String },
    /// `/LIST/t/THREAD/feed.atom`
    ThreadFeed { key: String },
    /// `/LIST/t/THREAD/mbox`
    ThreadMbox { key: String },
    /// `/LIST/e/N/`
    Edition { number: u32 },
    /// `/LIST/e/feed.atom`
    EditionFeed,
    /// `/LIST/e/N/paper.pdf`
    Paper { number: u32 },
    /// `/LIST/m/MESSAGE-ID/`
    Post { id: MessageId },
    /// `/LIST/m/MESSAGE-ID/raw`
    Raw { id: MessageId },
    /// `/LIST/m/MESSAGE-ID/a/N/NAME`
    Attachment { id: MessageId, n: u32, name: String },
}

/// What a path asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// A page that could exist.
    Page(Route),
    /// That page is written with a slash at its end.
    Slash(Route),
    /// No page has such an address.
    Nothing,
}

impl Asked {
    /// Reads the path of a request as it was sent, still percent-encoded.
    pub(crate) fn parse(path: &str) -> Asked {
        if path.len() > PATH_BYTES_MAX {
            return Asked::Nothing;
        }
        let Some(path) = path.strip_prefix('/') else { return Asked::Nothing };
        let decoded: Option<Vec<String>> = path.split('/').map(decode).collect();
        let Some(segments) = decoded else { return Asked::Nothing };
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            [""] => Asked::Page(Route::Home),
            ["healthz"] => Asked::Page(Route::Health),
            ["robots.txt"] => Asked::Page(Route::Robots),
            ["sitemap.xml"] => Asked::Page(Route::Sitemap),
            ["icon.svg"] => Asked::Page(Route::Icon),
            // A list of that name stands under `/search/`.
            ["search"] => Asked::Page(Route::Search),
            ["opensearch.xml"] => Asked::Page(Route::OpenSearch),
            ["u", token] if !token.is_empty() && *token != FEED => {
                Asked::Page(Route::Unsubscribe { token: (*token).to_owned() })
            }
            ["in"] => Asked::Slash(Route::SignIn),
            ["in", ""] => Asked::Page(Route::SignIn),
            ["in", "out"] => Asked::Page(Route::SignOut),
            ["in", token] if Token::has_shape(token) => {
                Asked::Page(Route::SignInLink { token: (*token).to_owned() })
            }
            [file] if style_hash(file).is_some() => {
                let hash = style_hash(file).unwrap_or_default().to_owned();
                Asked::Page(Route::Style { hash })
            }
            [list, rest @ ..] if is_list_segment(list) => list_page(list, rest),
            _ => Asked::Nothing,
        }
    }
}

const FEED: &str = "feed.atom";

fn list_page(list: &str, rest: &[&str]) -> Asked {
    let of = |page: ListPage| Route::List { list: list.to_owned(), page };
    let page = |page: Option<ListPage>| page.map_or(Asked::Nothing, |p| Asked::Page(of(p)));
    let slash = |page: Option<ListPage>| page.map_or(Asked::Nothing, |p| Asked::Slash(of(p)));
    match rest {
        [] => slash(Some(ListPage::Front)),
        [""] => page(Some(ListPage::Front)),
        ["feed.atom"] => page(Some(ListPage::Feed)),
        ["sitemap.xml"] => page(Some(ListPage::Sitemap)),
        ["search"] => page(Some(ListPage::Search)),
        ["search", FEED] => page(Some(ListPage::SearchFeed)),
        ["search", "mbox"] => page(Some(ListPage::SearchMbox)),
        ["by", name, ""] if !name.is_empty() => page(Some(ListPage::Author { name: (*name).to_owned() })),
        ["by", name] if !name.is_empty() => slash(Some(ListPage::Author { name: (*name).to_owned() })),
        ["t", key, ""] => page(thread_key(key).map(|key| ListPage::Thread { key })),
        ["t", key] => slash(thread_key(key).map(|key| ListPage::Thread { key })),
        ["t", key, "feed.atom"] => page(thread_key(key).map(|key| ListPage::ThreadFeed { key })),
        ["t", key, "mbox"] => page(thread_key(key).map(|key| ListPage::ThreadMbox { key })),
        [year, month, "mbox"] => {
            page(month_at(year, month).map(|(year, month)| ListPage::MonthMbox { year, month }))
        }
        ["e", FEED] => page(Some(ListPage::EditionFeed)),
        ["e", number, "paper.pdf"] => page(edition_number(number).map(|number| ListPage::Paper { number })),
        ["e", number, ""] => page(edition_number(number).map(|number| ListPage::Edition { number })),
        ["e", number] => slash(edition_number(number).map(|number| ListPage::Edition { number })),
        ["m", post @ ..] => post_page(list, post),
        [year, month, ""] => page(month_of(year, month)),
        [year, month] => slash(month_of(year, month)),
        _ => Asked::Nothing,
    }
}

/// Message-IDs may hold slashes, and proxies decode `%2F`: what the end does not explain is the id.
fn post_page(list: &str, segments: &[&str]) -> Asked {
    let of = |page: ListPage| Route::List { list: list.to_owned(), page };
    match segments {
        [] | [""] => Asked::Nothing,
        [id @ .., "raw"] if !id.is_empty() => match joined_id(id) {
            Some(id) => Asked::Page(of(ListPage::Raw { id })),
            None => Asked::Nothing,
        },
        [id @ .., "a", n, name] if !id.is_empty() && attachment_number(n).is_some() && !name.is_empty() => {
            match (joined_id(id), attachment_number(n)) {
                (Some(id), Some(n)) => {
                    Asked::Page(of(ListPage::Attachment { id, n, name: (*name).to_owned() }))
                }
                (None, _) | (_, None) => Asked::Nothing,
            }
        }
        [id @ .., ""] => joined_id(id).map_or(Asked::Nothing, |id| Asked::Page(of(ListPage::Post { id }))),
        id => joined_id(id).map_or(Asked::Nothing, |id| Asked::Slash(of(ListPage::Post { id }))),
    }
}

impl Route {
    /// A page of the list with that segment.
    pub(crate) fn list(list: &str, page: ListPage) -> Route {
        Route::List { list: list.to_owned(), page }
    }

    /// Whether something can be posted there.
    pub(crate) fn takes_forms(&self) -> bool {
        match self {
            Route::Unsubscribe { .. } | Route::SignIn | Route::SignOut | Route::SignInLink { .. } => true,
            Route::Home
            | Route::Health
            | Route::Robots
            | Route::Sitemap
            | Route::Icon
            | Route::Search
            | Route::OpenSearch
            | Route::Style { .. }
            | Route::List { .. } => false,
        }
    }

    /// The path, percent-encoded, from its first slash.
    pub(crate) fn path(&self) -> String {
        match self {
            Route::Home => "/".to_owned(),
            Route::Health => "/healthz".to_owned(),
            Route::Robots => "/robots.txt".to_owned(),
            Route::Sitemap => "/sitemap.xml".to_owned(),
            Route::Icon => "/icon.svg".to_owned(),
            Route::Search => "/search".to_owned(),
            Route::OpenSearch => "/opensearch.xml".to_owned(),
            Route::Style { hash } => format!("/style-{hash}.css"),
            Route::Unsubscribe { token } => format!("/u/{}", encode(token)),
            Route::SignIn => "/in/".to_owned(),
            Route::SignOut => "/in/out".to_owned(),
            Route::SignInLink { token } => format!("/in/{}", encode(token)),
            Route::List { list, page } => {
                format!("/{}/{}", utf8_percent_encode(list, LIST_SEGMENT), page.path())
            }
        }
    }
}

impl ListPage {
    /// Whether it takes more work than a page of a screen's length.
    pub(crate) fn is_long(&self) -> bool {
        matches!(self, ListPage::ThreadMbox { .. } | ListPage::MonthMbox { .. } | ListPage::SearchMbox)
    }

    /// Whether the search index is asked.
    pub(crate) fn is_search(&self) -> bool {
        matches!(
            self,
            ListPage::Search | ListPage::SearchFeed | ListPage::SearchMbox | ListPage::Author { .. }
        )
    }

    /// Whether feed readers ask for it, which sign in by a key of their own.
    pub(crate) fn is_feed(&self) -> bool {
        matches!(
            self,
            ListPage::Feed | ListPage::ThreadFeed { .. } | ListPage::SearchFeed | ListPage::EditionFeed
        )
    }

    fn path(&self) -> String {
        match self {
            ListPage::Front => String::new(),
            ListPage::Feed => FEED.to_owned(),
            ListPage::Sitemap => "sitemap.xml".to_owned(),
            ListPage::Search => "search".to_owned(),
            ListPage::SearchFeed => format!("search/{FEED}"),
            ListPage::SearchMbox => "search/mbox".to_owned(),
            ListPage::Author { name } => format!("by/{}/", encode(name)),
            ListPage::MonthMbox { year, month } => format!("{year:04}/{month:02}/mbox"),
            ListPage::Month { year, month } => format!("{year:04}/{month:02}/"),
            ListPage::Thread { key } => format!("t/{}/", encode(key)),
            ListPage::Edition { number } => format!("e/{number}/"),
            ListPage::EditionFeed => format!("e/{FEED}"),
            ListPage::Paper { number } => format!("e/{number}/paper.pdf"),
            ListPage::ThreadFeed { key } => format!("t/{}/{FEED}", encode(key)),
            ListPage::ThreadMbox { key } => format!("t/{}/mbox", encode(key)),
            ListPage::Post { id } => format!("m/{}/", encode(id.as_str())),
            ListPage::Raw { id } => format!("m/{}/raw", encode(id.as_str())),
            ListPage::Attachment { id, n, name } => {
                format!("m/{}/a/{n}/{}", encode(id.as_str()), encode(name))
            }
        }
    }
}

/// One value as a path segment or as a value of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(|text| text.into_owned())
}

fn is_list_segment(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.+@".contains(&b);
    // A dot alone is the file of somebody who looks for holes: only whole addresses hold dots.
    let shaped = text.contains('@') || !text.contains('.');
    !text.is_empty() && shaped && text.bytes().all(plain)
}

/// The key of a thread: the first letters of a hash.
fn thread_key(text: &str) -> Option<String> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (plain && (1..=64).contains(&text.len())).then(|| text.to_owned())
}

fn month_of(year: &str, month: &str) -> Option<ListPage> {
    month_at(year, month).map(|(year, month)| ListPage::Month { year, month })
}

fn month_at(year: &str, month: &str) -> Option<(i16, i8)> {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(year, 4) || !digits(month, 2) {
        return None;
    }
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    (year > 0 && (1..=12).contains(&month)).then_some((year, month))
}

fn edition_number(text: &str) -> Option<u32> {
    attachment_number(text).filter(|number| *number > 0)
}

/// Written as a plain number without leading zeros, so that each attachment has one address.
fn attachment_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn joined_id(segments: &[&str]) -> Option<MessageId> {
    let joined = segments.join("/");
    // `MessageId::parse` takes brackets away, and an address holds none.
    if joined.starts_with('<') { None } else { MessageId::parse(&joined).filter(|id| id.as_str() == joined) }
}

fn style_hash(file: &str) -> Option<&str> {
    let hash = file.strip_prefix("style-")?.strip_suffix(".css")?;
    (!hash.is_empty() && hash.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(path: &str, asked: &str) {
        let shown = match Asked::parse(path) {
            Asked::Page(route) => route.path(),
            Asked::Slash(route) => format!("-> {}", route.path()),
            Asked::Nothing => "nothing".to_owned(),
        };
        assert_eq!(shown, asked, "{path}");
    }

    #[test]
    fn every_address_of_the_contract() {
        for (path, asked) in [
            ("/", "/"),
            ("/healthz", "/healthz"),
            ("/robots.txt", "/robots.txt"),
            ("/sitemap.xml", "/sitemap.xml"),
            ("/quartier/sitemap.xml", "/quartier/sitemap.xml"),
            ("/style-0a1b2c.css", "/style-0a1b2c.css"),
            ("/u/abc", "/u/abc"),
            ("/u/", "/u/"),
            ("/u", "-> /u/"),
            ("/in", "-> /in/"),
            ("/in/", "/in/"),
            ("/in/out", "/in/out"),
            ("/in/abcdefghijklmnopqrstuvwxyz234567", "/in/abcdefghijklmnopqrstuvwxyz234567"),
            ("/in/abc", "nothing"),
            ("/quartier", "-> /quartier/"),
            ("/quartier/", "/quartier/"),
            ("/quartier@lists.example.org/", "/quartier@lists.example.org/"),
            ("/quartier%40lists.example.org/", "/quartier@lists.example.org/"),
            ("/quartier/feed.atom", "/quartier/feed.atom"),
            ("/search", "/search"),
            ("/opensearch.xml", "/opensearch.xml"),
            ("/quartier/search/feed.atom", "/quartier/search/feed.atom"),
            ("/quartier/search/mbox", "/quartier/search/mbox"),
            ("/quartier/by/Anne%20Martin/", "/quartier/by/Anne%20Martin/"),
            ("/quartier/by/Anne", "-> /quartier/by/Anne/"),
            ("/quartier/by/", "nothing"),
            ("/quartier/2026/11/mbox", "/quartier/2026/11/mbox"),
            ("/quartier/2026/13/mbox", "nothing"),
            ("/search/", "/search/"),
            ("/quartier/search", "/quartier/search"),
            ("/quartier/search/", "nothing"),
            ("/quartier/2026/11", "-> /quartier/2026/11/"),
            ("/quartier/2026/11/", "/quartier/2026/11/"),
            ("/quartier/e/12", "-> /quartier/e/12/"),
            ("/quartier/e/12/", "/quartier/e/12/"),
            ("/quartier/e/feed.atom", "/quartier/e/feed.atom"),
            ("/quartier/e/12/paper.pdf", "/quartier/e/12/paper.pdf"),
            ("/quartier/e/0/paper.pdf", "nothing"),
            ("/quartier/e/012/", "nothing"),
            ("/quartier/2026/13/", "nothing"),
            ("/quartier/2026/1/", "nothing"),
            ("/quartier/+026/11/", "nothing"),
            ("/quartier/t/abcdefghijkl", "-> /quartier/t/abcdefghijkl/"),
            ("/quartier/t/abcdefghijkl/", "/quartier/t/abcdefghijkl/"),
            ("/quartier/t/abcdefghijkl/feed.atom", "/quartier/t/abcdefghijkl/feed.atom"),
            ("/quartier/t/abcdefghijkl/mbox", "/quartier/t/abcdefghijkl/mbox"),
            ("/quartier/t/abcdefghijkl/x.css", "nothing"),
            ("/quartier/m/1@a.example/", "/quartier/m/1%40a.example/"),
            ("/quartier/m/1%40a.example", "-> /quartier/m/1%40a.example/"),
            ("/quartier/m/1%40a.example/raw", "/quartier/m/1%40a.example/raw"),
            ("/quartier/m/1%40a.example/a/2/plan.pdf", "/quartier/m/1%40a.example/a/2/plan.pdf"),
            ("/quartier/m/a%2Fb%3F%23%25%40c/", "/quartier/m/a%2Fb%3F%23%25%40c/"),
            ("/quartier/m/a/b@c/", "/quartier/m/a%2Fb%40c/"),
            ("/quartier/m/", "nothing"),
            ("/Quartier/", "nothing"),
            ("/quartier/x.css", "nothing"),
            ("/../etc/passwd", "nothing"),
            ("/..%2f..%2fetc/passwd", "nothing"),
            ("/.git/", "nothing"),
            ("/quartier/%ff/", "nothing"),
            ("/Your+account+is+hacked", "nothing"),
            ("", "nothing"),
        ] {
            check(path, asked);
        }
        check(&format!("/quartier/m/{}/", "a".repeat(PATH_BYTES_MAX)), "nothing");
    }

    proptest! {
        #[test]
        fn any_path_is_read_and_what_is_read_can_be_written(path in "/?[ -~é\u{0}]{0,60}") {
            if let Asked::Page(route) | Asked::Slash(route) = Asked::parse(&path) {
                prop_assert_eq!(Asked::parse(&route.path()), Asked::Page(route));
            }
        }

        #[test]
        fn any_message_id_has_one_address(text in "[!-~é]{1,40}", n in any::<u32>(), name in "[^/\u{0}]{1,20}") {
            let Some(id) = MessageId::parse(&text) else { return Ok(()) };
            for page in [
                ListPage::Post { id: id.clone() },
                ListPage::Raw { id: id.clone() },
                ListPage::Attachment { id: id.clone(), n, name: name.clone() },
            ] {
                let route = Route::list("quartier", page);
                prop_assert_eq!(Asked::parse(&route.path()), Asked::Page(route));
            }
        }
    }
}
