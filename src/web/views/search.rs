//! What was found, and the box to ask in.

use serde::Serialize;

use super::super::routes::{ListPage, Route};
use super::super::text::one_line;
use super::post::is_language_tag;
use super::set::marked;
use super::thread::bare_subject;
use super::{Chosen, Desk, Frame, Link, NAME_CHARS_MAX, Pager, Place, When};
use crate::domain::ids::ListId;
use crate::search::{EditionHit, Found, Group, Hit, Order, Piece, QUERY_CHARS_MAX, Standing};
use crate::store::archive::PostSummary;

/// A box to look for words.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SearchBox {
    action: String,
    label: String,
    words: String,
    longest: usize,
    /// Taken along where it was chosen on a page.
    language: Option<&'static str>,
    newest: bool,
}

/// `/search`, `/LIST/search`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SearchView {
    frame: Frame,
    title: String,
    search: SearchBox,
    notices: Vec<String>,
    suggestion: Option<Link>,
    facts: Option<String>,
    orders: Vec<OrderLink>,
    editions: Vec<EditionFound>,
    groups: Vec<GroupView>,
    pager: Option<Pager>,
    help: Vec<HelpLine>,
    /// What was found as a feed and as a file.
    tools: Vec<Link>,
}

#[derive(Clone, Debug, Serialize)]
struct OrderLink {
    text: String,
    /// `None`: it is this one.
    href: Option<String>,
}

/// An edition whose own words hold what was looked for.
#[derive(Clone, Debug, Serialize)]
struct EditionFound {
    /// Escaped, with marks.
    title: String,
    /// By its number, where it has a title too.
    named: Option<String>,
    by: Option<String>,
    when: When,
    href: String,
    list: Option<Link>,
    excerpt: String,
    language: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct GroupView {
    /// Escaped, with marks.
    subject: String,
    language: Option<String>,
    href: String,
    hits: Vec<HitView>,
    others: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct HitView {
    author: String,
    /// What else they wrote.
    by: Option<String>,
    when: When,
    href: String,
    list: Option<Link>,
    /// Escaped, with marks.
    excerpt: String,
    language: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct HelpLine {
    words: String,
    example: Link,
}

/// `/opensearch.xml`
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OpenSearchView {
    name: String,
    description: String,
    language: &'static str,
    icon: String,
    template: String,
}

impl OpenSearchView {
    pub(crate) fn new(desk: &Desk<'_>) -> OpenSearchView {
        OpenSearchView {
            // OpenSearch 1.1 allows sixteen characters.
            name: one_line(&desk.site.host, 16),
            description: desk.tell("search_in", &[("group", &desk.site.host)]),
            language: desk.language.tag(),
            icon: desk.absolute(&Route::Icon),
            template: desk.absolute(&Route::Search) + "?q={searchTerms}",
        }
    }
}

/// What was found, and what for.
pub(crate) struct Results<'r> {
    /// In which list; `None`: in all of them.
    pub(crate) place: Option<Place<'r>>,
    /// As they were asked for.
    pub(crate) words: &'r str,
    pub(crate) order: Order,
    pub(crate) found: &'r Found,
    /// The thread of each group, as its page is called.
    pub(crate) threads: Vec<Option<String>>,
    /// Where what each list has stands.
    pub(crate) place_of: &'r dyn Fn(ListId) -> Option<Place<'r>>,
    /// Counted from 1.
    pub(crate) page: usize,
    pub(crate) pages: usize,
}

impl SearchBox {
    pub(crate) fn in_list(desk: &Desk<'_>, place: Place<'_>, words: &str) -> SearchBox {
        SearchBox::new(desk, &search_route(Some(place)), words)
    }

    pub(crate) fn everywhere(desk: &Desk<'_>, words: &str) -> SearchBox {
        SearchBox::new(desk, &Route::Search, words)
    }

    fn new(desk: &Desk<'_>, route: &Route, words: &str) -> SearchBox {
        SearchBox {
            // A form writes its own query.
            action: format!("{}{}", desk.site.base_path, route.path()),
            label: desk.say("search_label"),
            words: words.to_owned(),
            longest: QUERY_CHARS_MAX,
            language: (desk.chosen == Chosen::Here).then(|| desk.language.tag()),
            newest: false,
        }
    }
}

pub(crate) fn search_route(place: Option<Place<'_>>) -> Route {
    place.map_or(Route::Search, |place| Route::list(place.segment, ListPage::Search))
}

impl SearchView {
    pub(crate) fn new(desk: &Desk<'_>, of: &Results<'_>) -> SearchView {
        let route = search_route(of.place);
        let title = match of.place {
            Some(place) => {
                let group = one_line(&place.list.settings.name, NAME_CHARS_MAX);
                desk.tell("search_in", &[("group", &group)])
            }
            None => desk.say("search_title"),
        };
        let query = query_of(of.words, of.order);
        let mut frame = match of.place {
            Some(place) => desk.list_frame(place, &desk.say("search_title"), ListPage::Search, &query),
            None => desk.frame(&title, Some(&route), &query),
        };
        frame.noindex = true;
        let nothing = of.found.groups.is_empty();
        let search =
            SearchBox { newest: of.order == Order::Newest, ..SearchBox::new(desk, &route, of.words) };
        SearchView {
            frame,
            title,
            search,
            notices: notices(desk, of),
            suggestion: suggestion(desk, of, &route),
            facts: (!nothing).then(|| facts(desk, of.found)),
            orders: if nothing { Vec::new() } else { orders(desk, of, &route) },
            editions: of.found.editions.iter().filter_map(|hit| edition_view(desk, of, hit)).collect(),
            groups: groups(desk, of),
            pager: desk.pager(&route, &query, of.page, of.pages),
            help: if nothing && of.found.editions.is_empty() { help(desk, &route) } else { Vec::new() },
            // A feed and a file hold what has all the words, which is nothing.
            tools: of
                .place
                .filter(|_| !nothing && !of.found.nearly)
                .map_or_else(Vec::new, |place| tools(desk, place, of.words)),
        }
    }

    /// What one author wrote.
    pub(crate) fn of_author(desk: &Desk<'_>, of: &Results<'_>, name: &str) -> SearchView {
        let mut view = SearchView::new(desk, of);
        let Some(place) = of.place else { return view };
        let page = ListPage::Author { name: name.to_owned() };
        let route = Route::list(place.segment, page.clone());
        view.title = desk.tell("author_title", &[("author", &desk.subject(name))]);
        view.frame = desk.list_frame(place, &view.title, page, &[]);
        view.frame.noindex = true;
        view.pager = desk.pager(&route, &[], of.page, of.pages);
        view.orders = Vec::new();
        view.facts = Some(desk.count("messages", of.found.posts_in_all));
        view
    }
}

/// What stands behind the `?`, but for the page.
fn query_of(words: &str, order: Order) -> Vec<(&'static str, &str)> {
    let mut query = vec![("q", words)];
    match order {
        Order::Relevance => {}
        Order::Newest => query.push(("order", "date")),
    }
    query
}

fn tools(desk: &Desk<'_>, place: Place<'_>, words: &str) -> Vec<Link> {
    [("search_feed", ListPage::SearchFeed), ("search_mbox", ListPage::SearchMbox)]
        .map(|(key, page)| Link {
            text: desk.say(key),
            href: desk.href_with(&Route::list(place.segment, page), &[("q", words)]),
        })
        .into()
}

fn notices(desk: &Desk<'_>, of: &Results<'_>) -> Vec<String> {
    let found = of.found;
    let unread = found.unread.iter().map(|part| desk.tell("search_unread", &[("part", part)]));
    let mut notices: Vec<String> = unread.collect();
    if found.groups.is_empty() && found.editions.is_empty() && !found.nothing_asked {
        notices.push(desk.say("search_nothing"));
    }
    if found.nearly {
        notices.push(desk.say("search_nearly"));
    }
    match found.behind {
        Standing::UpToDate => {}
        Standing::Behind(_) => notices.push(desk.say("search_behind")),
    }
    notices
}

fn suggestion(desk: &Desk<'_>, of: &Results<'_>, route: &Route) -> Option<Link> {
    let words = of.found.suggestion.as_deref()?;
    let text = desk.tell("search_meant", &[("words", words)]);
    Some(Link { text, href: desk.href_with(route, &query_of(words, of.order)) })
}

fn facts(desk: &Desk<'_>, found: &Found) -> String {
    let posts = desk.count("search_found", found.posts_in_all);
    let threads = desk.count("search_threads", found.groups_in_all as u64);
    desk.tell("search_found_in", &[("posts", &posts), ("threads", &threads)])
}

fn orders(desk: &Desk<'_>, of: &Results<'_>, route: &Route) -> Vec<OrderLink> {
    let link = |order: Order, key: &str| OrderLink {
        text: desk.say(key),
        href: (of.order != order).then(|| desk.href_with(route, &query_of(of.words, order))),
    };
    vec![link(Order::Relevance, "search_best"), link(Order::Newest, "search_newest")]
}

fn groups(desk: &Desk<'_>, of: &Results<'_>) -> Vec<GroupView> {
    let groups = of.found.groups.iter().zip(&of.threads);
    groups.filter_map(|(group, thread)| group_view(desk, of, group, thread.as_deref())).collect()
}

fn group_view(desk: &Desk<'_>, of: &Results<'_>, group: &Group, thread: Option<&str>) -> Option<GroupView> {
    let first = group.hits.first()?;
    let place = (of.place_of)(first.post.list)?;
    let href = match thread {
        Some(key) => desk.href(&Route::list(place.segment, ListPage::Thread { key: key.to_owned() })),
        None => post_href(desk, place, &first.post),
    };
    let hits: Vec<HitView> = group.hits.iter().filter_map(|hit| hit_view(desk, of, hit)).collect();
    let others = u64::from(group.posts).saturating_sub(hits.len() as u64);
    Some(GroupView {
        subject: subject(desk, first),
        language: language(&first.post),
        href,
        hits,
        others: (others > 0).then(|| desk.count("search_others", others)),
    })
}

fn hit_view(desk: &Desk<'_>, of: &Results<'_>, hit: &Hit) -> Option<HitView> {
    let place = (of.place_of)(hit.post.list)?;
    Some(HitView {
        author: desk.author(&hit.post),
        by: by(desk, place, &hit.post),
        when: desk.day(hit.post.date),
        href: post_href(desk, place, &hit.post),
        list: list_link(desk, of, place),
        excerpt: marked(&hit.excerpt),
        language: language(&hit.post),
    })
}

/// The list something stands in, where that is not the one at hand.
fn list_link(desk: &Desk<'_>, of: &Results<'_>, place: Place<'_>) -> Option<Link> {
    of.place.is_none_or(|here| here.list.id != place.list.id).then(|| Link {
        text: one_line(&place.list.settings.name, NAME_CHARS_MAX),
        href: desk.href(&Route::list(place.segment, ListPage::Front)),
    })
}

fn edition_view(desk: &Desk<'_>, of: &Results<'_>, hit: &EditionHit) -> Option<EditionFound> {
    let place = (of.place_of)(hit.list)?;
    let number = hit.number;
    let named = desk.tell("edition_title", &[("number", &number.to_string())]);
    let by: Vec<String> = hit.by.iter().filter_map(|name| desk.name(name)).collect();
    let untitled = hit.title.is_empty();
    Some(EditionFound {
        title: if untitled {
            marked(&[Piece { text: named.clone(), marked: false }])
        } else {
            marked(&hit.title)
        },
        named: (!untitled).then_some(named),
        by: (!by.is_empty()).then(|| desk.tell("edition_by", &[("names", &by.join(", "))])),
        href: desk.href(&Route::list(place.segment, ListPage::Edition { number })),
        when: desk.day(hit.at),
        list: list_link(desk, of, place),
        excerpt: marked(&hit.excerpt),
        language: place.list.settings.language.tag(),
    })
}

/// The page of an author who has a name.
fn by(desk: &Desk<'_>, place: Place<'_>, post: &PostSummary) -> Option<String> {
    let name = desk.name(&post.author_name).filter(|name| !name.contains(['@', '/']) && name.len() <= 200)?;
    Some(desk.href(&Route::list(place.segment, ListPage::Author { name })))
}

fn post_href(desk: &Desk<'_>, place: Place<'_>, post: &PostSummary) -> String {
    desk.href(&Route::list(place.segment, ListPage::Post { id: post.message_id.clone() }))
}

fn subject(desk: &Desk<'_>, hit: &Hit) -> String {
    if hit.subject.iter().all(|piece| piece.text.trim().is_empty()) {
        return marked(&[Piece { text: desk.say("no_subject"), marked: false }]);
    }
    let mut subject = hit.subject.clone();
    // A conversation is not called « Re: ».
    if let Some(first) = subject.first_mut().filter(|first| !first.marked) {
        let bare = bare_subject(&first.text);
        let start = first.text.find(bare).filter(|_| !bare.is_empty()).unwrap_or(first.text.len());
        first.text.drain(..start);
    }
    marked(&subject)
}

fn language(post: &PostSummary) -> Option<String> {
    post.language.clone().filter(|tag| is_language_tag(tag))
}

fn help(desk: &Desk<'_>, route: &Route) -> Vec<HelpLine> {
    [
        ("search_help_phrase", "search_help_phrase_example"),
        ("search_help_from", "search_help_from_example"),
        ("search_help_subject", "search_help_subject_example"),
        ("search_help_dates", "search_help_dates_example"),
        ("search_help_attachment", "search_help_attachment_example"),
        ("search_help_without", "search_help_without_example"),
    ]
    .map(|(words, example)| {
        let example = desk.say(example);
        let href = desk.href_with(route, &[("q", &example)]);
        HelpLine { words: desk.say(words), example: Link { text: example, href } }
    })
    .into()
}
