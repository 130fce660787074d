//! What crawlers may look for (sitemaps.org, protocol 0.9): public lists, their months, and their
//! latest conversations. Older ones are found by month, so no file grows without end.

use crate::domain::list::List;
use crate::domain::time::{Timestamp, Zone};
use crate::mail::html::escape;

use super::answer::{Answer, Content, Indexed, Keep};
use super::pages::{PageError, Pages, indexed, segment_of};
use super::routes::{ListPage, Route};
use super::sight::{self, Eyes, Sight};
use super::views::{Desk, Place};

/// The newest conversations of a list that are named.
const THREADS_MAX: usize = 2_000;
/// Lists that are named (the protocol allows 50,000).
const LISTS_MAX: usize = 1_000;
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// `/sitemap.xml`
pub(crate) fn of_site(pages: &Pages, desk: &Desk<'_>) -> Result<Answer, PageError> {
    let lists = pages.archive.lists()?;
    // As addresses are made for strangers, whoever asks.
    let seen: Vec<List> = lists.into_iter().filter(|list| sight::is_listed(list, None)).collect();
    let mut entries = String::new();
    for list in seen.iter().filter(|list| is_open(list)).take(LISTS_MAX) {
        let route = Route::list(&segment_of(list, &seen), ListPage::Sitemap);
        entries.push_str(&format!("<sitemap><loc>{}</loc></sitemap>\n", escape(&desk.absolute(&route))));
    }
    Ok(answer("sitemapindex", &entries))
}

/// `/LIST/sitemap.xml`
pub(crate) fn of_list(pages: &Pages, desk: &Desk<'_>, place: Place<'_>) -> Result<Answer, PageError> {
    if !is_open(place.list) {
        return pages.absent(desk);
    }
    let list = place.list.id;
    let mut entries = entry(desk, &Route::list(place.segment, ListPage::Front), None);
    // As strangers see it, whoever asks.
    let archive = pages.archive_of(place.list, Eyes::Stranger);
    for month in archive.months(list)?.iter().rev() {
        let page = ListPage::Month { year: month.year, month: month.month };
        entries.push_str(&entry(desk, &Route::list(place.segment, page), None));
    }
    for thread in archive.latest_threads(list, 0, THREADS_MAX)? {
        let route = Route::list(place.segment, ListPage::Thread { key: thread.key });
        entries.push_str(&entry(desk, &route, Some(thread.last)));
    }
    Ok(answer("urlset", &entries))
}

/// Whether strangers may read it, and search engines show it.
fn is_open(list: &List) -> bool {
    sight::of(list, None) == Sight::Archive(Eyes::Stranger) && indexed(list) == Indexed::Yes
}

fn entry(desk: &Desk<'_>, route: &Route, changed: Option<Timestamp>) -> String {
    let changed = changed.map(|at| format!("<lastmod>{}</lastmod>", at.rfc3339(&Zone::utc())));
    format!("<url><loc>{}</loc>{}</url>\n", escape(&desk.absolute(route)), changed.unwrap_or_default())
}

fn answer(kind: &str, entries: &str) -> Answer {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{kind} xmlns=\"{NAMESPACE}\">\n{entries}</{kind}>\n"
    );
    Answer { keep: Keep::Public, ..Answer::public(Content::Xml(text)) }
}
