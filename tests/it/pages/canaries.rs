//! Crawls with canaries: what is said among members is at no address for anybody else, whoever read
//! it before, whatever is kept, while it comes in, and right after an archive is closed.

use axum::http::StatusCode;
use parvis::domain::ids::ListId;
use parvis::domain::list::List;
use parvis::flow::lists;
use parvis::flow::membership::{Act, Telling, remove_member};

use super::site::{Page, Site, links, now};

/// A word of each list that stands nowhere else.
const CIRCLE: &str = "amarante";
const SQUARE: &str = "garance";

const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn said(list: &str, n: u8, canary: &str) -> Vec<u8> {
    let answers = if n > 1 { format!("References: <{list}1@l.example>\r\n") } else { String::new() };
    format!(
        "From: Rose {canary} <rose.{canary}@lilas.example>\r\nTo: <{list}@lists.example.org>\r\n\
         Subject: La {canary}\r\nMessage-ID: <{list}{n}@l.example>\r\n{answers}\
         Date: {n:02} Dec 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nParlons de {canary}.\r\n--b\r\n\
         Content-Type: text/plain; name={canary}.txt\r\nContent-Disposition: attachment\r\n\r\n{canary}\r\n--b\r\n\
         Content-Type: image/png; name={canary}.png\r\nContent-Disposition: attachment\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{PICTURE}\r\n--b--\r\n"
    )
    .into_bytes()
}

struct Town {
    site: Site,
    circle: ListId,
    square: ListId,
}

impl Town {
    /// A circle of members, and a square for everybody.
    fn new() -> Town {
        let site = Site::empty();
        let circle = site.list("cercle@lists.example.org", "Le cercle", &[]);
        let square = site.list("place@lists.example.org", "La place", &[("archive", "public")]);
        let town = Town { site, circle, square };
        for n in 1..=3 {
            town.site.post(circle, &said("cercle", n, CIRCLE));
            town.site.post(square, &said("place", n, SQUARE));
        }
        town.index();
        town
    }

    fn index(&self) {
        self.site.search.catch_up_wholly(|_| ()).expect("caught up");
    }

    fn of(&self, list: ListId) -> List {
        self.site.store.reader().list(list).expect("readable").expect("there")
    }

    /// Every page there is from the first on for this reader, and those one may guess.
    fn crawl(&self, cookie: &str, known: &[String]) -> Vec<(String, Page)> {
        let mut paths: Vec<String> = vec!["/".to_owned(), "/sitemap.xml".to_owned()];
        for list in ["cercle", "place"] {
            for end in ["", "2026/12/", "2026/12/mbox", "feed.atom", "e/feed.atom", "sitemap.xml", "search"] {
                paths.push(format!("/{list}/{end}"));
            }
            for n in 1..=3 {
                paths.push(format!("/{list}/m/{list}{n}%40l.example/"));
                paths.push(format!("/{list}/m/{list}{n}%40l.example/raw"));
            }
            for word in [CIRCLE, SQUARE, "from:rose", "has:attachment", "after:2026-11", "parlons"] {
                for place in ["search", "search/feed.atom", "search/mbox"] {
                    paths.push(format!("/{list}/{place}?q={word}"));
                }
            }
            paths.push(format!("/search?q=list:{list}+parlons"));
        }
        for word in [CIRCLE, SQUARE, "parlons", "rose", "amarente"] {
            paths.push(format!("/search?q={word}"));
        }
        paths.extend(known.iter().filter(|path| !path.starts_with("/in/")).cloned());
        let mut pages: Vec<(String, Page)> = Vec::new();
        let mut at = 0;
        while let Some(path) = paths.get(at).cloned() {
            at += 1;
            let page = if cookie.is_empty() { self.site.get(&path) } else { self.site.get_as(cookie, &path) };
            let own = |link: &String| link.starts_with('/') && link != "/in/" && !link.contains("lang");
            for link in links(&page.text()).into_iter().filter(own) {
                if !paths.contains(&link) && paths.len() < 400 {
                    paths.push(link);
                }
            }
            pages.push((path, page));
        }
        pages
    }
}

/// The pages that say it, but for those that only repeat what one asked for.
fn saying<'p>(pages: &'p [(String, Page)], canary: &str) -> Vec<&'p str> {
    let says = |(path, page): &&(String, Page)| {
        let text = page.text().to_lowercase();
        let marked = text.contains(&format!("<mark>{canary}</mark>"));
        marked
            || text.contains(&format!("parlons de {canary}"))
            || !path.contains(canary) && text.contains(canary)
    };
    pages.iter().filter(says).map(|(path, _)| path.as_str()).collect()
}

#[test]
fn what_is_said_among_members_is_said_to_nobody_else() {
    let town = Town::new();
    let member = town.site.member(town.circle, "anne@lilas.example", "Anne");
    let gone = town.site.member(town.circle, "paul@lilas.example", "Paul");
    let other = town.site.member(town.square, "zoe@lilas.example", "Zoé");
    let (member, gone_cookie, other) =
        (town.site.signed_in(&member), town.site.signed_in(&gone), town.site.signed_in(&other));
    // What everybody's browser and feed reader knew: with it the others come back.
    let theirs = town.crawl(&member, &[]);
    let before = town.crawl(&gone_cookie, &[]);
    assert!(saying(&theirs, CIRCLE).len() > 20 && saying(&before, CIRCLE).len() > 20);
    let act = Act { now: now(), by: None, telling: Telling::Nobody };
    remove_member(&town.site.store, &town.of(town.circle), &gone.addresses[0], act)
        .expect("done")
        .expect("taken out");
    let known: Vec<String> = theirs.iter().chain(&before).map(|(path, _)| path.clone()).collect();
    // The keys of a member's own feeds are theirs to give away.
    let known: Vec<String> =
        known.iter().map(|path| path.split("?k=").next().unwrap_or(path).to_owned()).collect();
    let feeds: Vec<String> =
        before.iter().map(|(path, _)| path.clone()).filter(|path| path.contains("k=")).collect();
    assert!(!feeds.is_empty(), "a member's feeds have a key");
    for (who, cookie) in
        [("a stranger", ""), ("who left", gone_cookie.as_str()), ("another list's member", &other)]
    {
        for _ in 0..2 {
            let pages = town.crawl(cookie, &known);
            assert_eq!(saying(&pages, CIRCLE), Vec::<&str>::new(), "{who}");
            assert!(saying(&pages, SQUARE).len() > 20, "{who}");
        }
        for feed in &feeds {
            let page = if cookie.is_empty() { town.site.get(feed) } else { town.site.get_as(cookie, feed) };
            assert!(!page.text().contains(CIRCLE), "{who}: {feed}");
        }
        assert!(saying(&town.crawl(&member, &[]), CIRCLE).len() > 20, "and members still read it");
    }
}

#[test]
fn an_archive_that_closes_is_closed_at_once_in_everything_that_is_kept() {
    let town = Town::new();
    let pages = town.crawl("", &[]);
    assert!(saying(&pages, SQUARE).len() > 20);
    let known: Vec<String> = pages.iter().map(|(path, _)| path.clone()).collect();
    let tags: Vec<(String, String)> =
        pages.iter().map(|(path, page)| (path.clone(), page.header("etag").to_owned())).collect();
    let set = |value: &str| {
        let wish = [("archive".to_owned(), value.to_owned())];
        lists::set(&town.site.desk, &town.of(town.square), &wish).expect("set");
    };
    set("members");
    assert_eq!(saying(&town.crawl("", &known), SQUARE), Vec::<&str>::new());
    for (path, tag) in tags.iter().filter(|(path, tag)| path.starts_with("/place/") && !tag.is_empty()) {
        let page = town.site.ask(axum::http::Method::GET, path, &[("if-none-match", tag)], "");
        assert_ne!(page.status, StatusCode::NOT_MODIFIED, "{path}");
    }
    // What is written now, and what comes in from an old archive, too.
    for n in 4..=6 {
        town.site.post(town.square, &said("place", n, SQUARE));
        assert_eq!(saying(&town.crawl("", &known), SQUARE), Vec::<&str>::new());
        town.index();
        assert_eq!(saying(&town.crawl("", &known), SQUARE), Vec::<&str>::new());
    }
}
