//! An archive that is opened: what had been written for members stays with them, at every address.

use std::time::Duration;

use axum::http::StatusCode;
use parvis::domain::address::EmailAddress;
use parvis::domain::ids::MessageId;
use parvis::domain::list::ListState;
use parvis::flow::export::OpenFrom;
use parvis::flow::import::closed;
use parvis::flow::membership::{Act, Telling, remove_member};
use parvis::flow::{keep_house, lists, opening};

use super::site::{Site, links, now};

const CANARY: &str = "zinzolin";

fn written(id: &str, answers: &str, subject: &str, day: u8, text: &str) -> Vec<u8> {
    let answers =
        if answers.is_empty() { String::new() } else { format!("References: <{answers}@l.example>\r\n") };
    format!(
        "From: Jeanne Petit <jeanne@lilas.example>\r\nTo: <jardin@lists.example.org>\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@l.example>\r\nDate: {day:02} Dec 2026 10:00:00 +0100\r\n{answers}MIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{text}\r\n--b\r\n\
         Content-Type: text/plain; name={id}.txt\r\nContent-Disposition: attachment\r\n\r\n{text}\r\n--b--\r\n"
    )
    .into_bytes()
}

/// A list with three older posts, opened, and two newer ones, one of which answers an older one.
fn opened() -> Site {
    let site = Site::empty();
    let jardin = site.list("jardin@lists.example.org", "Le jardin", &[("listed", "yes")]);
    site.post(jardin, &written("a1", "", "Zinzolin un", 1, "Le zinzolin est entre nous."));
    site.post(jardin, &written("a2", "a1", "Re: Zinzolin un", 2, "Zinzolin deux."));
    site.post(jardin, &written("a3", "", "Zinzolin trois", 3, "Zinzolin trois."));
    site.member(jardin, "paul@lilas.example", "Paul");
    let list = site.store.reader().list(jardin).expect("readable").expect("there");
    lists::set(&site.desk, &list, &[("archive".to_owned(), "public".to_owned())]).expect("set");
    site.post(jardin, &written("b1", "a2", "Re: la suite", 4, "La suite, pour tout le monde."));
    site.post(jardin, &written("b2", "", "Du nouveau", 5, "Du nouveau, pour tout le monde."));
    site.search.catch_up_wholly(|_| ()).expect("caught up");
    site
}

/// Everything there is to read from the first page on, and addresses one may guess.
fn crawled(site: &Site) -> Vec<(String, StatusCode, String)> {
    let mut paths: Vec<String> =
        ["/", "/jardin/", "/sitemap.xml", "/jardin/sitemap.xml", "/jardin/feed.atom"]
            .map(str::to_owned)
            .to_vec();
    for id in ["a1", "a2", "a3", "b1", "b2"] {
        for end in ["", "raw", &format!("a/1/{id}.txt")] {
            paths.push(format!("/jardin/m/{id}%40l.example/{end}"));
        }
    }
    for query in ["zinzolin", "zinzolain", "jeanne", "suite", "from:jeanne", "after:2020", "has:attachment"] {
        for place in ["/search", "/jardin/search", "/jardin/search/feed.atom", "/jardin/search/mbox"] {
            paths.push(format!("{place}?q={query}"));
        }
    }
    paths.extend(["/jardin/2026/12/".to_owned(), "/jardin/2026/12/mbox".to_owned()]);
    paths.push("/jardin/by/Jeanne%20Petit/".to_owned());
    let mut at = 0;
    let mut pages = Vec::new();
    while let Some(path) = paths.get(at).cloned() {
        at += 1;
        let page = site.get(&path);
        let text = page.text();
        for link in links(&text).into_iter().chain(locations(&text)) {
            if link.starts_with('/') && !paths.contains(&link) && paths.len() < 500 {
                paths.push(link);
            }
        }
        pages.push((path, page.status, text));
    }
    pages
}

fn locations(xml: &str) -> Vec<String> {
    let found = xml.split("<loc>https://lists.example.org").skip(1);
    found.filter_map(|rest| rest.split('<').next().map(str::to_owned)).collect()
}

#[test]
fn what_was_written_before_is_nowhere_for_strangers() {
    let site = opened();
    let pages = crawled(&site);
    assert!(pages.iter().filter(|(_, status, _)| *status == StatusCode::OK).count() > 25);
    for (path, _, text) in &pages {
        let said = text.to_lowercase().replace("q=zinzolin", "").replace("value=\"zinzolin\"", "");
        // The words one looked for stand on the page of their search, and in the names of its feeds.
        if !path.contains("q=zinzol") {
            assert!(!said.contains(CANARY), "{path}\n{text}");
        }
        assert!(!said.contains("est entre nous"), "{path}");
    }
    for id in ["a1", "a2", "a3"] {
        for end in ["", "raw", &format!("a/1/{id}.txt")] {
            let there = site.get(&format!("/jardin/m/{id}%40l.example/{end}"));
            let nowhere = site.get(&format!("/jardin/m/nobody%40l.example/{end}"));
            assert_eq!((there.status, there.body), (nowhere.status, nowhere.body), "{id}/{end}");
        }
    }
    let front = site.get("/jardin/").text();
    assert!(front.contains("la suite") && front.contains("Du nouveau"), "{front}");
    let month = site.get("/jardin/2026/12/").text();
    assert_eq!(month.matches("jardin/m/").count(), 2, "{month}");
    assert!(site.get("/search?q=nouveau").text().contains("Du <mark>nouveau</mark>"));
    assert!(!site.get("/search?q=zinzolain").text().contains("<a href=\"/search?q=zinzolin"));
}

#[test]
fn what_was_for_members_elsewhere_is_for_nobody_else_while_it_comes_in_and_after() {
    let site = Site::empty();
    let id = site.list("copie@lists.example.org", "La copie", &[("archive", "public")]);
    let list = || site.store.reader().list(id).expect("readable").expect("there");
    let until = OpenFrom::Post(MessageId::parse("b1@l.example").expect("an id"));
    let closed = closed::close(&site.desk, &list(), &until).expect("closed");
    for (name, answers, day) in [("a1", "", 1), ("a2", "a1", 2), ("b1", "a2", 4), ("b2", "", 5)] {
        site.post(id, &written(name, answers, "Zinzolin", day, "Zinzolin encore."));
        site.search.catch_up_wholly(|_| ()).expect("caught up");
        assert_eq!(site.get(&format!("/copie/m/{name}%40l.example/")).status, StatusCode::NOT_FOUND);
        assert!(!site.get("/search?q=zinzolin").text().contains("<mark>"));
        // Whoever sets something meanwhile opens nothing.
        lists::set(&site.desk, &list(), &[("archive".to_owned(), "public".to_owned())]).expect("set");
    }
    closed::open(&site.desk, &closed, &until).expect("opened");
    for (name, status) in [("a1", 404), ("a2", 404), ("b1", 200), ("b2", 200)] {
        assert_eq!(site.get(&format!("/copie/m/{name}%40l.example/")).status, status, "{name}");
    }
    assert!(site.get("/search?q=zinzolin").text().contains("<mark>"));
}

/// Out of the archive by its author's wish, and written by somebody no other post is from.
fn kept_out(id: &str, answers: &str, subject: &str, day: u8) -> Vec<u8> {
    let text = String::from_utf8(written(id, answers, subject, day, "Zinzolin.")).expect("ours");
    format!("X-No-Archive: yes\r\n{}", text.replace("Jeanne Petit", "Zinzolin Quéré")).into_bytes()
}

#[test]
fn conversations_nobody_is_shown_are_called_nothing() {
    let site = Site::empty();
    let jardin =
        site.list("jardin@lists.example.org", "Le jardin", &[("archive", "public"), ("listed", "yes")]);
    // One alone, one that is answered, and one that answers last.
    site.post(jardin, &kept_out("a1", "", "Zinzolin un", 1));
    site.post(jardin, &kept_out("a2", "", "Zinzolin deux", 2));
    site.post(jardin, &written("b1", "a2", "La suite", 3, "La suite, pour tout le monde."));
    site.post(jardin, &written("b2", "", "Du nouveau", 4, "Du nouveau, pour tout le monde."));
    site.post(jardin, &kept_out("a3", "b2", "Re: Zinzolin trois", 5));
    site.search.catch_up_wholly(|_| ()).expect("caught up");
    let pages = crawled(&site);
    assert!(pages.iter().filter(|(_, status, _)| *status == StatusCode::OK).count() > 20);
    for (path, _, text) in &pages {
        if !path.contains("q=zinzol") {
            assert!(!text.to_lowercase().contains(CANARY), "{path}\n{text}");
        }
    }
    let front = site.get("/jardin/").text();
    assert!(front.contains("La suite") && front.contains("Du nouveau"), "{front}");
    assert!(!front.contains("(sans objet)"), "{front}");
    let stub = site.get("/jardin/m/a1%40l.example/").text();
    assert!(stub.contains("<h1><bdi>Un message qui n’est pas montré ici</bdi></h1>"), "{stub}");
    assert!(stub.contains("à la demande de son auteur"), "{stub}");
    // What comes later is a conversation again.
    site.post(jardin, &written("b3", "a1", "Enfin", 6, "Enfin."));
    assert!(site.get("/jardin/").text().contains("Enfin"));
}

#[test]
fn members_read_all_of_it() {
    let site = opened();
    let jardin = site.store.reader().lists_named("jardin").expect("readable").remove(0).id;
    let jeanne = site.member(jardin, "jeanne@lilas.example", "Jeanne Petit");
    let cookie = site.signed_in(&jeanne);
    for path in ["/jardin/", "/jardin/2026/12/", "/jardin/m/a1%40l.example/", "/search?q=zinzolin"] {
        let page = site.get_as(&cookie, path);
        assert!(page.text().to_lowercase().contains(CANARY), "{path}");
        // And what they were shown is kept for nobody else.
        let stranger = site.get(path).text().to_lowercase().replace("value=\"zinzolin\"", "");
        assert!(!stranger.contains("est entre nous") && !stranger.contains("zinzolin un"), "{path}");
    }
}

#[test]
fn nobody_to_tell_and_it_is_open_at_once() {
    let site = opened();
    let list = site.store.reader().lists_named("jardin").expect("readable").remove(0);
    let paul = EmailAddress::parse("paul@lilas.example").expect("an address");
    let act = Act { now: now(), by: None, telling: Telling::Nobody };
    remove_member(&site.store, &list, &paul, act).expect("done").expect("taken out");
    let list = site.store.reader().lists_named("jardin").expect("readable").remove(0);
    opening::show_past(&site.desk, &list).expect("shown");
    assert!(site.get("/jardin/m/a1%40l.example/").text().contains("est entre nous"));
}

#[test]
fn what_came_from_elsewhere_before_anybody_was_a_member_is_simply_open() {
    let site = Site::empty();
    let id = site.list("vieux@lists.example.org", "Vieux", &[]);
    site.post(id, &written("v1", "", "Un", 1, "Premier."));
    let list = site.store.reader().list(id).expect("readable").expect("there");
    let list = lists::set(&site.desk, &list, &[("archive".to_owned(), "public".to_owned())]).expect("set");
    assert_eq!(list.opening, None);
    assert_eq!(site.get("/vieux/m/v1%40l.example/").status, StatusCode::OK);
}

#[test]
fn a_list_that_never_had_a_post_is_simply_open_and_one_that_closes_again_is_closed() {
    let site = Site::empty();
    let id = site.list("club@lists.example.org", "Le club", &[]);
    let set = |value: &str| {
        let list = site.store.reader().list(id).expect("readable").expect("there");
        lists::set(&site.desk, &list, &[("archive".to_owned(), value.to_owned())]).expect("set")
    };
    assert_eq!(set("public").opening, None);
    site.post(id, &written("c1", "", "Un", 1, "Premier."));
    site.member(id, "paul@lilas.example", "Paul");
    assert_eq!(site.get("/club/m/c1%40l.example/").status, StatusCode::OK);
    assert_eq!(set("members").opening, None);
    assert_eq!(site.get("/club/m/c1%40l.example/").status, StatusCode::NOT_FOUND);
    assert!(set("public").opening.is_some());
    assert_eq!(site.get("/club/m/c1%40l.example/").status, StatusCode::NOT_FOUND);
}

#[test]
fn members_are_told_and_it_opens_two_weeks_later() {
    let site = opened();
    let jardin = site.store.reader().lists_named("jardin").expect("readable").remove(0);
    let anne = site.member(jardin.id, "anne@lilas.example", "Anne");
    let list = opening::show_past(&site.desk, &jardin).expect("announced");
    let asked = site.store.questions_to(anne.id).expect("readable");
    assert_eq!(asked.len(), 1);
    assert!(opening::show_past(&site.desk, &list).is_err(), "once is enough");
    let closed = |site: &Site| site.get("/jardin/m/a1%40l.example/").status == StatusCode::NOT_FOUND;
    for _ in 0..13 {
        site.later(Duration::from_secs(86_400));
        keep_house::keep_house(&site.desk).expect("kept");
        assert!(closed(&site));
    }
    site.later(Duration::from_secs(86_400 + 1));
    keep_house::keep_house(&site.desk).expect("kept");
    assert!(!closed(&site));
    let list = site.store.reader().list(jardin.id).expect("readable").expect("there");
    assert_eq!((list.opening, list.state), (None, ListState::Open));
}
