//! The groups, one group, and one month of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::list::ListState;
use crate::domain::time::{CivilDate, Timestamp};
use crate::store::archive::{MonthCount, PostState, PostSummary, ThreadSummary, WithdrawnBy};

use super::super::dates;
use super::super::routes::{ListPage, Route};
use super::super::text::one_line;
use super::{Desk, Door, Frame, Link, NAME_CHARS_MAX, Pager, Place, SearchBox, When};

/// Longer promises and descriptions are cut, characters.
const PROMISE_CHARS_MAX: usize = 500;
/// So many years show their months at once; earlier ones wait behind a line.
const RECENT_YEARS: usize = 3;
/// Bars of months have this many heights.
const BAR_HEIGHTS: u32 = 8;

/// `/`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HomeView {
    frame: Frame,
    title: String,
    words: Option<String>,
    lists: Vec<ListLine>,
    search: Option<SearchBox>,
}

/// One group among others.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ListLine {
    name: Link,
    language: &'static str,
    promise: String,
    description: String,
    /// How many messages, and when the last one came, if a stranger may know.
    facts: Option<String>,
}

/// `/LIST/`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FrontView {
    frame: Frame,
    name: String,
    language: &'static str,
    promise: String,
    description: String,
    /// Why something is not here, or is not possible any more.
    notices: Vec<String>,
    doors: Vec<Door>,
    conversations: Option<ConversationsView>,
    search: Option<SearchBox>,
}

#[derive(Clone, Debug, Serialize)]
struct ConversationsView {
    threads: Vec<ThreadLine>,
    pager: Option<Pager>,
    feed: Link,
    years: Vec<YearView>,
    earlier: Option<EarlierView>,
}

#[derive(Clone, Debug, Serialize)]
struct ThreadLine {
    subject: Link,
    author: String,
    messages: String,
    when: When,
}

#[derive(Clone, Debug, Serialize)]
struct EarlierView {
    title: String,
    years: Vec<YearView>,
}

#[derive(Clone, Debug, Serialize)]
struct YearView {
    year: i16,
    months: Vec<MonthCell>,
}

#[derive(Clone, Debug, Serialize)]
struct MonthCell {
    short: &'static str,
    /// For those who hear the page: month, year and how many.
    label: String,
    href: Option<String>,
    /// 0 to [`BAR_HEIGHTS`], of the busiest month.
    height: u32,
}

/// `/LIST/YYYY/MM/`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MonthView {
    frame: Frame,
    title: String,
    facts: String,
    days: Vec<DayView>,
    pager: Option<Pager>,
    before: Option<Link>,
    after: Option<Link>,
    mbox: Link,
}

#[derive(Clone, Debug, Serialize)]
struct DayView {
    title: String,
    posts: Vec<PostLine>,
}

#[derive(Clone, Debug, Serialize)]
struct PostLine {
    when: When,
    /// `None` where there is nothing to read.
    subject: Option<Link>,
    author: String,
    notice: Option<String>,
    language: Option<String>,
}

impl HomeView {
    /// The groups a stranger may see.
    pub(crate) fn new(desk: &Desk<'_>, lists: Vec<ListLine>) -> HomeView {
        let title = desk.tell("home_title", &[("host", &desk.site.host)]);
        let words = lists.is_empty().then(|| desk.say("home_empty"));
        let frame = desk.frame(&title, Some(&Route::Home), &[]);
        let search = lists.iter().any(|list| list.facts.is_some()).then(|| SearchBox::everywhere(desk, ""));
        HomeView { frame, title, words, lists, search }
    }

    /// Groups of several domains that share one name.
    pub(crate) fn choice(desk: &Desk<'_>, lists: Vec<ListLine>) -> HomeView {
        let title = desk.say("choose_title");
        let mut frame = desk.frame(&title, None, &[]);
        frame.noindex = true;
        HomeView { frame, title, words: Some(desk.say("choose_words")), lists, search: None }
    }
}

impl ListLine {
    /// `posts` and `last` only of lists whose messages a stranger may read.
    pub(crate) fn new(
        desk: &Desk<'_>,
        place: Place<'_>,
        posts: Option<u64>,
        last: Option<Timestamp>,
    ) -> ListLine {
        let settings = &place.list.settings;
        let messages = posts.map(|count| desk.count("messages", count));
        let latest = last.map(|at| desk.tell("last_message", &[("date", &desk.day(at).words)]));
        let facts = match (messages, latest) {
            (Some(messages), Some(latest)) => {
                Some(desk.tell("in_order", &[("first", &messages), ("second", &latest)]))
            }
            (Some(_), None) => Some(desk.say("no_messages")),
            (None, _) => None,
        };
        let href = desk.href(&Route::list(place.segment, ListPage::Front));
        ListLine {
            name: Link { text: one_line(&settings.name, NAME_CHARS_MAX), href },
            language: settings.language.tag(),
            promise: one_line(&settings.promise, PROMISE_CHARS_MAX),
            description: one_line(&settings.description, PROMISE_CHARS_MAX),
            facts,
        }
    }
}

/// The conversations of one page of a list's front.
pub(crate) struct Latest {
    pub(crate) threads: Vec<ThreadSummary>,
    pub(crate) months: Vec<MonthCount>,
    /// Counted from 1.
    pub(crate) page: usize,
    pub(crate) more: More,
}

/// Whether anything follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum More {
    /// Something does.
    Follows,
    /// This was the last.
    Ends,
}

impl FrontView {
    /// `latest` is `None` where a stranger may know no more than the promise and how to join.
    pub(crate) fn new(desk: &Desk<'_>, place: Place<'_>, latest: Option<&Latest>) -> FrontView {
        let settings = &place.list.settings;
        let page = latest.map_or(1, |latest| latest.page).to_string();
        let query: &[(&str, &str)] = if page == "1" { &[] } else { &[("page", &page)] };
        let mut frame = desk.list_frame(place, "", ListPage::Front, query);
        let mut notices = Vec::new();
        if place.list.state == ListState::Closed {
            notices.push(desk.say("closed_words"));
        }
        match latest {
            Some(_) => frame.feeds.push(feed_link(desk, place)),
            None => notices.push(desk.say("members_only")),
        }
        let join = desk.join_door(place.list);
        let write = latest.and_then(|_| desk.write_door(place.list));
        FrontView {
            frame,
            name: one_line(&settings.name, NAME_CHARS_MAX),
            language: settings.language.tag(),
            promise: one_line(&settings.promise, PROMISE_CHARS_MAX),
            description: one_line(&settings.description, PROMISE_CHARS_MAX),
            notices,
            doors: join.into_iter().chain(write).collect(),
            conversations: latest.map(|latest| conversations(desk, place, latest)),
            search: latest.map(|_| SearchBox::in_list(desk, place, "")),
        }
    }
}

fn feed_link(desk: &Desk<'_>, place: Place<'_>) -> Link {
    Link { text: desk.say("feed"), href: desk.feed_href(&Route::list(place.segment, ListPage::Feed)) }
}

fn conversations(desk: &Desk<'_>, place: Place<'_>, latest: &Latest) -> ConversationsView {
    let front = Route::list(place.segment, ListPage::Front);
    let pages = match latest.more {
        More::Follows => latest.page + 1,
        More::Ends => latest.page,
    };
    let busiest = latest.months.iter().map(|month| month.posts).max().unwrap_or(0);
    let mut years: Vec<YearView> = years_of(&latest.months)
        .into_iter()
        .map(|(year, months)| YearView {
            year,
            months: (1..=12).map(|month| month_cell(desk, place, year, month, &months, busiest)).collect(),
        })
        .collect();
    let earlier = years.split_off(years.len().min(RECENT_YEARS));
    ConversationsView {
        threads: latest.threads.iter().map(|thread| thread_line(desk, place, thread)).collect(),
        pager: desk.endless_pager(&front, latest.page, pages),
        feed: feed_link(desk, place),
        years,
        earlier: earlier_years(desk, earlier),
    }
}

fn thread_line(desk: &Desk<'_>, place: Place<'_>, thread: &ThreadSummary) -> ThreadLine {
    let route = Route::list(place.segment, ListPage::Thread { key: thread.key.clone() });
    ThreadLine {
        subject: Link {
            text: desk.subject(super::thread::bare_subject(&thread.subject)),
            href: desk.href(&route),
        },
        author: desk.name(&thread.first_author).unwrap_or_else(|| desk.say("no_author")),
        messages: desk.count("messages", thread.posts.into()),
        when: desk.day(thread.last),
    }
}

/// Newest first.
fn years_of(months: &[MonthCount]) -> Vec<(i16, Vec<MonthCount>)> {
    let mut years: BTreeMap<i16, Vec<MonthCount>> = BTreeMap::new();
    for month in months {
        years.entry(month.year).or_default().push(*month);
    }
    years.into_iter().rev().collect()
}

fn month_cell(
    desk: &Desk<'_>,
    place: Place<'_>,
    year: i16,
    month: i8,
    months: &[MonthCount],
    busiest: u32,
) -> MonthCell {
    let posts = months.iter().find(|count| count.month == month).map_or(0, |count| count.posts);
    let name = dates::month(desk.language, year, month);
    let messages = desk.count("messages", posts.into());
    let route = Route::list(place.segment, ListPage::Month { year, month });
    MonthCell {
        short: dates::month_short(desk.language, month),
        label: desk.tell("month_count", &[("month", &name), ("posts", &messages)]),
        href: (posts > 0).then(|| desk.href(&route)),
        height: bar_height(posts, busiest),
    }
}

/// Any message at all shows as a bar.
fn bar_height(posts: u32, busiest: u32) -> u32 {
    let scaled = u64::from(posts) * u64::from(BAR_HEIGHTS);
    u32::try_from(scaled.div_ceil(u64::from(busiest.max(1)))).unwrap_or(BAR_HEIGHTS).min(BAR_HEIGHTS)
}

fn earlier_years(desk: &Desk<'_>, years: Vec<YearView>) -> Option<EarlierView> {
    let (newest, oldest) = (years.first()?.year.to_string(), years.last()?.year.to_string());
    let title = if newest == oldest {
        desk.tell("months_earlier_one", &[("first", &oldest)])
    } else {
        desk.tell("months_earlier", &[("first", &oldest), ("last", &newest)])
    };
    Some(EarlierView { title, years })
}

/// One page of one month.
pub(crate) struct MonthPage<'p> {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) posts: &'p [PostSummary],
    pub(crate) months: &'p [MonthCount],
    /// Counted from 1.
    pub(crate) page: usize,
    pub(crate) pages: usize,
}

impl MonthView {
    /// One page of one month, by day.
    pub(crate) fn new(desk: &Desk<'_>, place: Place<'_>, of: &MonthPage<'_>) -> MonthView {
        let title = dates::month(desk.language, of.year, of.month);
        let here = ListPage::Month { year: of.year, month: of.month };
        let page = of.page.to_string();
        let query: &[(&str, &str)] = if of.page == 1 { &[] } else { &[("page", &page)] };
        let at = (of.year, of.month);
        let count = of.months.iter().find(|m| (m.year, m.month) == at).map_or(0, |m| m.posts);
        let link = |key: &str, m: &MonthCount| {
            let route = Route::list(place.segment, ListPage::Month { year: m.year, month: m.month });
            let name = dates::month(desk.language, m.year, m.month);
            Link { text: desk.tell(key, &[("month", &name)]), href: desk.href(&route) }
        };
        let before = of.months.iter().rfind(|m| (m.year, m.month) < at);
        let after = of.months.iter().find(|m| (m.year, m.month) > at);
        MonthView {
            frame: desk.list_frame(place, &title, here.clone(), query),
            title: capitalised(&title),
            facts: desk.count("messages", count.into()),
            days: days(desk, place, of.posts),
            pager: desk.pager(&Route::list(place.segment, here), &[], of.page, of.pages),
            before: before.map(|m| link("month_before", m)),
            after: after.map(|m| link("month_after", m)),
            mbox: Link {
                text: desk.say("month_mbox"),
                href: desk.href(&Route::list(
                    place.segment,
                    ListPage::MonthMbox { year: of.year, month: of.month },
                )),
            },
        }
    }
}

fn days(desk: &Desk<'_>, place: Place<'_>, posts: &[PostSummary]) -> Vec<DayView> {
    let mut days: Vec<(CivilDate, DayView)> = Vec::new();
    for post in posts {
        let date = post.date.date_in(&desk.site.zone);
        let line = post_line(desk, place, post);
        match days.last_mut().filter(|(day, _)| *day == date) {
            Some((_, day)) => day.posts.push(line),
            None => {
                let title = capitalised(&dates::day(desk.language, date));
                days.push((date, DayView { title, posts: vec![line] }));
            }
        }
    }
    days.into_iter().map(|(_, day)| day).collect()
}

fn post_line(desk: &Desk<'_>, place: Place<'_>, post: &PostSummary) -> PostLine {
    let route = Route::list(place.segment, ListPage::Post { id: post.message_id.clone() });
    let notice = desk.hidden_because(post);
    let subject = Link { text: desk.subject(&post.subject), href: desk.href(&route) };
    PostLine {
        when: When {
            words: dates::hour(desk.language, post.date, &desk.site.zone),
            datetime: post.date.rfc3339(&desk.site.zone),
        },
        subject: notice.is_none().then_some(subject),
        author: if notice.is_none() { desk.author(post) } else { String::new() },
        notice,
        language: post.language.clone(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Who took it away: the sentence that says so.
fn withdrawn_words(by: WithdrawnBy) -> &'static str {
    match by {
        WithdrawnBy::Author => "withdrawn_author",
        WithdrawnBy::Animator => "withdrawn_animators",
        WithdrawnBy::Operator => "withdrawn_operator",
    }
}

impl Desk<'_> {
    /// Why a post's words are not shown, if they are not.
    pub(crate) fn hidden_because(&self, post: &PostSummary) -> Option<String> {
        match post.state {
            PostState::Published if post.withdrawn.is_some() => {
                post.withdrawn.map(|by| self.say(withdrawn_words(by)))
            }
            PostState::Published if post.no_archive => Some(self.say("not_kept")),
            PostState::Published => None,
            PostState::Undecided | PostState::Held | PostState::Refused | PostState::Dropped => {
                Some(self.say("not_here"))
            }
        }
    }

    /// What stands above a post whose words are not shown, in place of its subject.
    pub(crate) fn title_of_hidden(&self, post: &PostSummary) -> String {
        self.say(if post.withdrawn.is_some() { "withdrawn_title" } else { "not_shown" })
    }

    /// A pager of something whose end is not counted: only whether more follows is known.
    fn endless_pager(&self, route: &Route, page: usize, pages: usize) -> Option<Pager> {
        let mut pager = self.pager(route, &[], page, pages)?;
        pager.here = self.tell("page_alone", &[("page", &page.to_string())]);
        Some(pager)
    }
}
