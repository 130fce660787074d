//! What strangers do not learn: that a list is there, what it holds, and anybody's address.

use axum::http::{Method, StatusCode};

use parvis::domain::ids::{PersonId, PostId};
use parvis::domain::token::Purpose;
use parvis::store::PostInfo;

use super::site::{Page, Site, links};

/// Pages below a list's name.
const BELOW: [&str; 11] = [
    "",
    "feed.atom",
    "2026/12/",
    "2026/12",
    "t/abcdefghijkl/",
    "t/abcdefghijkl/feed.atom",
    "t/abcdefghijkl/mbox",
    "m/cles%40lilas.example/",
    "m/cles%40lilas.example/raw",
    "m/cles%40lilas.example/a/1/x",
    "x.css",
];

fn same(one: &Page, other: &Page, name: &str, unknown: &str) {
    assert_eq!(one.status, other.status);
    assert_eq!(one.body, other.body);
    let mut headers = one.headers.clone();
    if let Some(location) = headers.get_mut("location") {
        let there = location.to_str().expect("ASCII").replace(name, unknown);
        *location = there.parse().expect("a header");
    }
    assert_eq!(headers, other.headers);
}

#[test]
fn a_private_list_answers_as_one_that_does_not_exist() {
    let site = Site::sample();
    let with_thread: Vec<String> = {
        let secret = site.store.reader().lists_named("cercle").expect("readable").remove(0).id;
        let threads = site.store.reader().latest_threads(secret, 0, 1).expect("readable");
        ["", "feed.atom", "mbox"].map(|end| format!("t/{}/{end}", threads[0].key)).to_vec()
    };
    let below = BELOW.iter().map(|&path| path.to_owned()).chain(with_thread);
    for path in below {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            for (headers, query) in [
                (vec![], ""),
                (vec![("accept-language", "en")], ""),
                (vec![("range", "bytes=0-10"), ("if-none-match", "*")], ""),
                (vec![], "?lang=en&page=2"),
            ] {
                let there = format!("/cercle/{path}{query}");
                let nowhere = format!("/nobody/{path}{query}");
                let there = site.ask(method.clone(), &there, &headers, "");
                let nowhere = site.ask(method.clone(), &nowhere, &headers, "");
                same(&there, &nowhere, "cercle", "nobody");
                assert_ne!(there.status, StatusCode::OK);
            }
        }
        let whole = site.get(&format!("/cercle@lists.example.org/{path}"));
        let nowhere = site.get(&format!("/nobody@lists.example.org/{path}"));
        same(&whole, &nowhere, "cercle", "nobody");
    }
}

#[test]
fn a_listed_list_shows_its_doorstep_and_nothing_below_it() {
    let site = Site::sample();
    assert_eq!(site.get("/conseil/").status, StatusCode::OK);
    for path in BELOW.iter().filter(|path| !path.is_empty()) {
        let there = site.get(&format!("/conseil/{path}"));
        let nowhere = site.get(&format!("/nobody/{path}"));
        same(&there, &nowhere, "conseil", "nobody");
    }
    let home = site.get("/").text();
    assert!(home.contains("Le conseil") && !home.contains("cercle"));
}

#[test]
fn a_hidden_list_of_the_same_name_does_not_show_through() {
    let alone = Site::empty();
    alone.list("un@a.example", "Un", &[("archive", "public")]);
    let beside = Site::empty();
    beside.list("un@a.example", "Un", &[("archive", "public")]);
    beside.list("un@b.example", "Un autre", &[("listed", "no")]);
    for path in ["/", "/un/", "/un@a.example/", "/un@b.example/", "/un/feed.atom"] {
        let (one, other) = (alone.get(path), beside.get(path));
        assert_eq!((one.status, one.body), (other.status, other.body), "{path}");
    }
}

#[test]
fn a_crawl_of_everything_harvests_no_address_of_a_member() {
    let site = Site::sample();
    let mut seen = vec!["/".to_owned(), "/quartier/m/question%40lilas.example/raw".to_owned()];
    let mut at = 0;
    while let Some(path) = seen.get(at).cloned() {
        at += 1;
        let page = site.get(&path);
        let text = page.text();
        // Ids of messages keep their form in copies of messages: they are nobody's address.
        for address in ["jeanne.petit@", "marcel@", "anne.wood@", "solange@", "paul@", "mairie@"] {
            let shown =
                text.match_indices(address).any(|(at, _)| !text[at + address.len()..].starts_with('…'));
            assert!(!shown, "{path} shows {address}");
        }
        assert!(!text.contains("Words that are not for the archive"), "{path}");
        assert!(!path.contains('@') || path.starts_with("/hello@"), "{path}");
        for link in links(&text) {
            if link.starts_with('/') && !seen.contains(&link) {
                seen.push(link);
            }
        }
    }
    assert!(
        seen.iter().any(|path| path.ends_with("/mbox")) && seen.iter().any(|path| path.ends_with("/raw"))
    );
    let files = seen.iter().filter(|path| path.contains("/a/"));
    // A picture has two addresses: as it came, and small.
    assert_eq!(files.count(), 4, "{seen:?}");
}

#[test]
fn what_its_author_keeps_out_of_the_archive_is_not_in_it() {
    let site = Site::sample();
    let page = site.get("/quartier/m/a-part%40lilas.example/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("à la demande de son auteur"), "a stub keeps the conversation together");
    assert_eq!(page.header("x-robots-tag"), "noindex");
    assert_eq!(site.get("/quartier/m/a-part%40lilas.example/raw").status, StatusCode::NOT_FOUND);
}

#[test]
fn lists_that_ask_for_it_stay_out_of_search_engines() {
    let site = Site::empty();
    site.list("discret@lists.example.org", "Discret", &[("archive", "public"), ("noindex", "yes")]);
    let page = site.get("/discret/");
    assert_eq!(page.header("x-robots-tag"), "noindex");
    assert!(page.text().contains("<meta name=\"robots\" content=\"noindex\">"));
}

#[test]
fn the_key_in_a_copy_opens_that_posts_attachments_and_nothing_else() {
    let site = Site::sample();
    let list = site.store.reader().lists_named("cercle").expect("readable").remove(0).id;
    let raw = |id: &str| {
        format!(
            "From: Anne <anne@lilas.example>\r\nMessage-ID: <{id}>\r\nSubject: Plan\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nVoici.\r\n--b\r\n\
             Content-Type: text/plain; name=plan.txt\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\n\
             anne@lilas.example\r\n--b--\r\n"
        )
    };
    for id in ["plan@lilas.example", "autre@lilas.example"] {
        site.post(list, raw(id).as_bytes());
    }
    let posts = site.store.posts(PostId(0), 100).expect("readable");
    let number = |id: &str| {
        let is_it = |post: &&PostInfo| post.message_id.as_ref().is_some_and(|known| known.as_str() == id);
        posts.iter().find(is_it).expect("kept").id
    };
    let tokens = site.store.tokens();
    let key = tokens.token(Purpose::Attachments { post: number("plan@lilas.example") });
    let other = tokens.token(Purpose::Attachments { post: number("autre@lilas.example") });
    let leave = tokens.token(Purpose::Leave { list, person: PersonId(1) });
    let path = "/cercle/m/plan%40lilas.example/a/1/plan.txt";
    let page = site.get(&format!("{path}?k={key}"));
    assert_eq!(page.status, StatusCode::OK);
    // Whoever has the key had it in their mail as it was.
    assert_eq!(page.text(), "anne@lilas.example");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.header("content-disposition").starts_with("attachment; "));
    for wrong in [
        path.to_owned(),
        format!("{path}?k={other}"),
        format!("{path}?k={leave}"),
        format!("{path}?k=abc"),
        format!("/cercle/m/plan%40lilas.example/a/2/plan.txt?k={key}"),
        format!("/cercle/m/plan%40lilas.example/a/1/plan.pdf?k={key}"),
        format!("/cercle/m/plan%40lilas.example/?k={key}"),
        format!("/cercle/m/plan%40lilas.example/raw?k={key}"),
        format!("/conseil/m/plan%40lilas.example/a/1/plan.txt?k={key}"),
    ] {
        let page = site.get(&wrong);
        let nowhere =
            site.get(&wrong.replacen("/cercle/", "/nobody/", 1).replacen("/conseil/", "/nobody/", 1));
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{wrong}");
        assert_eq!(page.body, nowhere.body, "{wrong}");
    }
}
