//! From a request to an [`Answer`]: what is asked, whether this reader may see it, what to show.
//!
//! Synchronous and bounded: run on a thread that may wait. Holds the archive's read-only face, so
//! nothing here can change anything.

use axum::http::StatusCode;

use crate::domain::ids::MessageId;
use crate::domain::list::{Language, List};
use crate::mail::show::{Attachment, Shown, show_with_pictures};
use crate::search::{Search, SearchError};
use crate::store::StoreError;
use crate::store::archive::{ArchiveReader, PostState, PostSummary};

use super::answer::{Answer, Content, Indexed, Keep};
use super::downloads::Wanted;
use super::editions;
use super::feeds;
use super::found_files;
use super::mbox;
use super::request::Query;
use super::routes::{Asked, ListPage, Route};
use super::searching;
use super::sight::{self, Eyes, Reader, Sight};
use super::sitemap;
use super::templates::{TemplateError, Templates};
use super::threads;
use super::thumbnails::Thumbnails;
use super::unsubscribe::LeaveError;
use super::views::{
    Chosen, Desk, FrontView, HomeView, Latest, ListLine, MonthPage, MonthView, More, PostPageView, Printed,
    Site,
};
use super::words::Words;
use super::{Opens, Papers, downloads, views::Place};

/// Conversations on one page of a list's front.
const THREADS_PER_PAGE: usize = 30;
/// Posts on one page of a month.
const MONTH_POSTS_PER_PAGE: usize = 200;
/// Posts of a month in one file; a busier month is cut there.
const MBOX_POSTS_MAX: usize = 20_000;
/// Lists on the first page, and lists of one name.
const LISTS_MAX: usize = 1_000;
/// Posts of one Message-ID shown together.
const SAME_ID_MAX: usize = 10;

/// Where crawlers have nothing to look for, below the path the site stands under.
const NOT_FOR_CRAWLERS: [&str; 4] = ["/u/", "/in/", "/search", "/*/search"];

/// Everything pages are made from.
pub(crate) struct Pages {
    pub(crate) archive: ArchiveReader,
    /// Long conversations, read before.
    pub(crate) threads: threads::ReadThreads,
    pub(crate) search: Search,
    pub(crate) templates: Templates,
    pub(crate) words: Words,
    pub(crate) site: Site,
    /// Small pictures.
    pub(crate) thumbnails: Thumbnails,
    /// Which post's attachments a key opens.
    pub(crate) opens: Opens,
    /// The edition a key opens on paper.
    pub(crate) papers: Papers,
    /// For readers who say nothing, where no list has a language.
    pub(crate) language: Language,
}

/// A page that could not be made: the machine's fault, never the reader's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("cannot read the archive")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("cannot look for words")]
    Search(#[from] SearchError),
    #[error("cannot look at a request to leave, or to sign in")]
    Door(#[from] LeaveError),
}

/// What was asked, apart from the path.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) query: Query,
    /// By the browser.
    pub(crate) preferred: Option<Language>,
    /// Who is signed in, or whose feed this is; nobody: a stranger.
    pub(crate) reader: Option<Reader>,
}

impl Wish {
    pub(crate) fn language(&self, otherwise: Language) -> Language {
        self.query.language.or(self.preferred).unwrap_or(otherwise)
    }

    /// The words that are looked for; empty if none are.
    pub(crate) fn words(&self) -> &str {
        self.query.words.as_deref().unwrap_or_default().trim()
    }
}

impl Pages {
    /// Answers GET.
    pub(crate) fn answer(&self, asked: &Asked, wish: &Wish) -> Result<Answer, PageError> {
        let desk = self.desk(wish, self.language);
        match asked {
            // Whether anything stands there is not looked up, so the answer tells nothing.
            Asked::Slash(route) => Ok(Answer::elsewhere(StatusCode::PERMANENT_REDIRECT, desk.href(route))),
            Asked::Nothing => self.absent(&desk),
            Asked::Page(route) => match route {
                Route::Home => self.home(&desk),
                Route::Health => Ok(Answer { keep: Keep::No, ..text("ok\n") }),
                Route::Robots => Ok(self.robots(&desk)),
                Route::Sitemap => sitemap::of_site(self, &desk),
                Route::Icon => Ok(Answer::public(Content::Icon)),
                Route::Style { hash } => self.style(&desk, hash),
                Route::Search => searching::everywhere(self, wish, &desk),
                Route::OpenSearch => searching::description(self, &desk),
                // Answered by `unsubscribe`, which may write.
                Route::Unsubscribe { .. } => self.absent(&desk),
                // Answered by `sign_in`, which may write.
                Route::SignIn | Route::SignInLink { .. } | Route::SignOut => self.absent(&desk),
                Route::List { list, page } => self.of_list(wish, list, page),
            },
        }
    }

    /// The archive of a list as these eyes may see it.
    pub(crate) fn archive_of(&self, list: &List, eyes: Eyes) -> ArchiveReader {
        match eyes {
            Eyes::Stranger => self.archive.only_from(list.open_from()),
            Eyes::Member => self.archive.clone(),
        }
    }

    /// Words and language for this reader.
    pub(crate) fn desk<'a>(&'a self, wish: &'a Wish, otherwise: Language) -> Desk<'a> {
        let chosen = match wish.query.language {
            Some(_) => Chosen::Here,
            None => Chosen::Elsewhere,
        };
        let language = wish.language(otherwise);
        let (eyes, reader) = (Eyes::Stranger, wish.reader.as_ref());
        Desk { words: &self.words, site: &self.site, language, chosen, eyes, reader }
    }

    /// The one answer for what is not there and for what is not for this reader.
    pub(crate) fn absent(&self, desk: &Desk<'_>) -> Result<Answer, PageError> {
        self.notice(desk, StatusCode::NOT_FOUND, "absent")
    }

    /// A page that says one thing: `KEY_title` and `KEY_words`.
    pub(crate) fn notice(&self, desk: &Desk<'_>, status: StatusCode, key: &str) -> Result<Answer, PageError> {
        let view = desk.notice(&format!("{key}_title"), &format!("{key}_words"));
        Ok(Answer::private(status, desk.language, self.templates.render(desk.language, "notice", &view)?))
    }

    fn robots(&self, desk: &Desk<'_>) -> Answer {
        let below = NOT_FOR_CRAWLERS.map(|path| format!("Disallow: {}{path}\n", self.site.base_path));
        let sitemap = desk.absolute(&Route::Sitemap);
        text(&format!("User-agent: *\n{}Sitemap: {sitemap}\n", below.concat()))
    }

    fn style(&self, desk: &Desk<'_>, hash: &str) -> Result<Answer, PageError> {
        if hash != self.templates.style_hash {
            return self.absent(desk);
        }
        let css = Content::Css(self.templates.style.clone());
        Ok(Answer { keep: Keep::Forever, ..Answer::public(css) })
    }

    fn home(&self, desk: &Desk<'_>) -> Result<Answer, PageError> {
        let mut lists = self.archive.lists()?;
        lists.retain(|list| sight::is_listed(list, desk.reader));
        lists.truncate(LISTS_MAX);
        let view = HomeView::new(desk, self.list_lines(desk, &lists)?);
        self.public_page(desk, "home", &view, &Route::Home, Indexed::Yes)
    }

    fn list_lines(&self, desk: &Desk<'_>, lists: &[List]) -> Result<Vec<ListLine>, PageError> {
        let mut lines = Vec::new();
        for list in lists {
            let segment = segment_of(list, lists);
            let place = Place { list, segment: &segment };
            let (posts, last) = match sight::of(list, desk.reader) {
                Sight::Archive(eyes) => {
                    let archive = self.archive_of(list, eyes);
                    let posts = archive.months(list.id)?.iter().map(|m| u64::from(m.posts)).sum();
                    (Some(posts), archive.latest_posts(list.id, 1)?.first().map(|post| post.date))
                }
                Sight::Doorstep | Sight::Nothing => (None, None),
            };
            lines.push(ListLine::new(desk, place, posts, last));
        }
        Ok(lines)
    }

    fn of_list(&self, wish: &Wish, name: &str, page: &ListPage) -> Result<Answer, PageError> {
        let local_part = name.split('@').next().unwrap_or_default();
        let mut named = self.archive.lists_named(local_part)?;
        if let (ListPage::Attachment { id, n, name: file }, Some(key)) = (page, &wish.query.key)
            && let Some(answer) =
                downloads::opened(self, &named, name, key, &Wanted { id, n: *n, name: file })?
        {
            return Ok(answer);
        }
        if let (ListPage::Paper { number }, Some(key)) = (page, &wish.query.key)
            && let Some(answer) = downloads::paper(self, &named, name, key, *number)
        {
            return Ok(answer);
        }
        // What this reader may not see does not take part in anything below.
        let reader = wish.reader.as_ref();
        named.retain(|list| sight::is_listed(list, reader));
        named.truncate(LISTS_MAX);
        let mut meant = named.iter().filter(|list| !name.contains('@') || list.address.to_string() == name);
        let desk = self.desk(wish, self.language);
        let (list, other) = (meant.next(), meant.next());
        let Some(list) = list else { return self.absent(&desk) };
        if other.is_some() {
            let front = *page == ListPage::Front;
            return if front { self.choice(&desk, &named) } else { self.absent(&desk) };
        }
        let segment = segment_of(list, &named);
        let place = Place { list, segment: &segment };
        let desk = self.desk(wish, list.settings.language);
        match sight::of(list, reader) {
            Sight::Archive(eyes) => self.of_archive(wish, &Desk { eyes, ..desk }, place, page),
            Sight::Doorstep if *page == ListPage::Front => {
                let view = FrontView::new(&desk, place, None);
                let route = Route::list(&segment, ListPage::Front);
                self.public_page(&desk, "list", &view, &route, indexed(list))
            }
            // In the words of any unknown page: not in the language of the list.
            Sight::Doorstep | Sight::Nothing => self.absent(&self.desk(wish, self.language)),
        }
    }

    /// Several groups of that name: which one?
    fn choice(&self, desk: &Desk<'_>, lists: &[List]) -> Result<Answer, PageError> {
        let view = HomeView::choice(desk, self.list_lines(desk, lists)?);
        let html = self.templates.render(desk.language, "home", &view)?;
        Ok(Answer::private(StatusCode::MULTIPLE_CHOICES, desk.language, html))
    }

    fn of_archive(
        &self,
        wish: &Wish,
        desk: &Desk<'_>,
        place: Place<'_>,
        page: &ListPage,
    ) -> Result<Answer, PageError> {
        match page {
            ListPage::Front => self.front(wish, desk, place),
            ListPage::Feed => feeds::of_list(self, desk, place),
            ListPage::Sitemap => sitemap::of_list(self, desk, place),
            ListPage::Search => searching::in_list(self, wish, desk, place),
            ListPage::SearchFeed => found_files::feed(self, wish, desk, place),
            ListPage::SearchMbox => found_files::mbox(self, wish, desk, place),
            ListPage::Author { name } => searching::author(self, wish, desk, place, name),
            ListPage::MonthMbox { year, month } => {
                let archive = self.archive_of(place.list, desk.eyes);
                let posts = archive.month(place.list.id, (*year, *month), 0, MBOX_POSTS_MAX)?;
                if posts.is_empty() { self.absent(desk) } else { Ok(mbox::file(self, desk, posts)) }
            }
            ListPage::Month { year, month } => self.month(wish, desk, place, *year, *month),
            ListPage::Thread { key } => threads::page(self, wish, desk, place, key),
            ListPage::Edition { number } => editions::page(self, desk, place, *number),
            ListPage::EditionFeed => feeds::of_editions(self, desk, place),
            // Only the key opens it.
            ListPage::Paper { .. } => self.absent(desk),
            ListPage::ThreadFeed { key } => feeds::of_thread(self, desk, place, key),
            ListPage::ThreadMbox { key } => threads::mbox(self, desk, place, key),
            ListPage::Post { id } => self.post(wish, desk, place, id),
            ListPage::Raw { id } => downloads::raw(self, wish, desk, place, id),
            ListPage::Attachment { id, n, name } => {
                downloads::attachment(self, wish, desk, place, &Wanted { id, n: *n, name })
            }
        }
    }

    fn front(&self, wish: &Wish, desk: &Desk<'_>, place: Place<'_>) -> Result<Answer, PageError> {
        let page = wish.query.page;
        let skip = (page - 1).saturating_mul(THREADS_PER_PAGE);
        let archive = self.archive_of(place.list, desk.eyes);
        let mut threads = archive.latest_threads(place.list.id, skip, THREADS_PER_PAGE + 1)?;
        if threads.is_empty() && page > 1 {
            return self.absent(desk);
        }
        let more = if threads.len() > THREADS_PER_PAGE { More::Follows } else { More::Ends };
        threads.truncate(THREADS_PER_PAGE);
        let months = archive.months(place.list.id)?;
        let view = FrontView::new(desk, place, Some(&Latest { threads, months, page, more }));
        let route = Route::list(place.segment, ListPage::Front);
        self.public_page(desk, "list", &view, &route, indexed(place.list))
    }

    fn month(
        &self,
        wish: &Wish,
        desk: &Desk<'_>,
        place: Place<'_>,
        year: i16,
        month: i8,
    ) -> Result<Answer, PageError> {
        let archive = self.archive_of(place.list, desk.eyes);
        let months = archive.months(place.list.id)?;
        let count = months.iter().find(|m| (m.year, m.month) == (year, month)).map_or(0, |m| m.posts);
        let pages = usize::try_from(count).unwrap_or(usize::MAX).div_ceil(MONTH_POSTS_PER_PAGE);
        let page = wish.query.page;
        if page > pages {
            return self.absent(desk);
        }
        let skip = (page - 1) * MONTH_POSTS_PER_PAGE;
        let posts = archive.month(place.list.id, (year, month), skip, MONTH_POSTS_PER_PAGE)?;
        let of = MonthPage { year, month, posts: &posts, months: &months, page, pages };
        let route = Route::list(place.segment, ListPage::Month { year, month });
        self.public_page(desk, "month", &MonthView::new(desk, place, &of), &route, indexed(place.list))
    }

    fn post(
        &self,
        wish: &Wish,
        desk: &Desk<'_>,
        place: Place<'_>,
        id: &MessageId,
    ) -> Result<Answer, PageError> {
        let posts = match self.found(wish, desk.eyes, place, id)? {
            Found::Nothing => return self.absent(desk),
            Found::Posts(posts) => posts,
        };
        let mut shown = Vec::new();
        for post in &posts {
            shown.push(self.read(desk, place, post)?.map(|read| read.shown));
        }
        let printed: Vec<Printed<'_>> =
            posts.iter().zip(&shown).map(|(post, shown)| Printed { post, shown: shown.as_ref() }).collect();
        let around = match posts.first() {
            Some(first) => threads::around(self, desk.eyes, place, first)?,
            None => None,
        };
        let neighbours = around.as_ref().map(threads::Around::neighbours);
        let Some(view) = PostPageView::new(desk, place, &printed, neighbours.as_ref()) else {
            return self.absent(desk);
        };
        let route = Route::list(place.segment, ListPage::Post { id: id.clone() });
        let hidden = posts.iter().any(|post| post.no_archive);
        let indexed = if hidden { Indexed::No } else { indexed(place.list) };
        let page = self.public_page(desk, "post", &view, &route, indexed)?;
        let gone = posts.iter().all(|post| post.withdrawn.is_some());
        Ok(if gone { Answer { status: StatusCode::GONE, keep: Keep::No, ..page } } else { page })
    }

    /// Where a post stands that had this address before it came here, if this reader may see it.
    pub(crate) fn at_old_address(&self, wish: &Wish, path: &str) -> Result<Option<Answer>, PageError> {
        let Some((list, post)) = self.archive.at_old_address(path)? else { return Ok(None) };
        let Some(list) = self.archive.list(list)? else { return Ok(None) };
        let Sight::Archive(eyes) = sight::of(&list, wish.reader.as_ref()) else { return Ok(None) };
        let Some(post) = self.archive_of(&list, eyes).post(post)? else { return Ok(None) };
        let mut lists = self.archive.lists()?;
        lists.retain(|list| sight::is_listed(list, wish.reader.as_ref()));
        let page = ListPage::Post { id: post.message_id };
        let href = self.desk(wish, self.language).href(&Route::list(&segment_of(&list, &lists), page));
        Ok(Some(Answer::elsewhere(StatusCode::MOVED_PERMANENTLY, href)))
    }

    /// That something was here, and is no more (RFC 9110 §15.5.11).
    pub(crate) fn gone(&self, desk: &Desk<'_>) -> Result<Answer, PageError> {
        self.notice(desk, StatusCode::GONE, "withdrawn")
    }

    /// The posts of a Message-ID, or the one whose content was asked for.
    pub(crate) fn found(
        &self,
        wish: &Wish,
        eyes: Eyes,
        place: Place<'_>,
        id: &MessageId,
    ) -> Result<Found, PageError> {
        let archive = self.archive_of(place.list, eyes);
        let mut posts = archive.posts_by_message_id(place.list.id, id)?;
        if let Some(content) = &wish.query.content {
            posts.retain(|post| post.hash12 == *content);
        }
        posts.truncate(SAME_ID_MAX);
        posts.retain(|post| post.state == PostState::Published);
        Ok(if posts.is_empty() { Found::Nothing } else { Found::Posts(posts) })
    }

    /// The mail of a post, read for a page; nothing of those that are not shown.
    pub(crate) fn read(
        &self,
        desk: &Desk<'_>,
        place: Place<'_>,
        post: &PostSummary,
    ) -> Result<Option<Read>, PageError> {
        if desk.hidden_because(post).is_some() {
            return Ok(None);
        }
        let raw = self.archive.raw(post.id)?;
        let address_of = |one: &Attachment| Some(desk.attachment_href(place, post, one));
        Ok(raw.map(|raw| Read { shown: show_with_pictures(&raw, &address_of), raw_bytes: raw.len() }))
    }

    /// A page anybody may keep for a minute.
    pub(crate) fn public_page<V: serde::Serialize>(
        &self,
        desk: &Desk<'_>,
        template: &'static str,
        view: &V,
        route: &Route,
        indexed: Indexed,
    ) -> Result<Answer, PageError> {
        let html = self.templates.render(desk.language, template, view)?;
        Ok(Answer {
            language: Some(desk.language),
            indexed,
            canonical: Some(desk.absolute(route)),
            ..Answer::public(Content::Html(html))
        })
    }
}

/// A mail as a page shows it.
pub(crate) struct Read {
    pub(crate) shown: Shown,
    /// What reading it cost.
    pub(crate) raw_bytes: usize,
}

/// What stands behind a Message-ID.
pub(crate) enum Found {
    /// Nothing ever did, as far as this reader may know.
    Nothing,
    /// One post or more.
    Posts(Vec<PostSummary>),
}

/// Whether search engines may show pages of a list.
pub(crate) fn indexed(list: &List) -> Indexed {
    if list.settings.noindex { Indexed::No } else { Indexed::Yes }
}

/// The local part, or the whole address where several of these lists share it, or where the part
/// alone leads elsewhere.
pub(crate) fn segment_of(list: &List, among: &[List]) -> String {
    let alike = among.iter().filter(|other| other.address.name() == list.address.name()).count();
    if alike > 1 || list.address.name() == "in" {
        list.address.to_string()
    } else {
        list.address.name().to_owned()
    }
}

fn text(words: &str) -> Answer {
    Answer::public(Content::Text(words.to_owned()))
}
