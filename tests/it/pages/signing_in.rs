//! Reading what members may read: asking for a link, its button, what opens then, and the way out.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use expect_test::expect_file;
use parvis::domain::ids::ListId;
use parvis::domain::member::Person;
use parvis::domain::token::Purpose;
use parvis::flow::membership::{Act, Telling, remove_member};
use parvis::store::event::ListCause;

use super::site::{Page, Site, links, mail, now};

/// A private list with a post, and a member of it.
fn circle() -> (Site, ListId, Person) {
    let site = Site::sample();
    let list = site.store.reader().lists_named("cercle").expect("readable").remove(0).id;
    let jeanne = site.member(list, "jeanne@lilas.example", "Jeanne Petit");
    (site, list, jeanne)
}

fn links_sent(site: &Site, person: &Person) -> usize {
    site.store.questions_to(person.id).expect("readable").len()
}

/// Everything a reader could tell two answers apart by.
fn told(page: &Page) -> String {
    format!("{} {:?}\n{}", page.status, page.headers, page.text())
}

#[test]
fn whoever_asks_for_a_link_is_answered_the_same() {
    let (site, list, jeanne) = circle();
    let gone = site.member(list, "paul@lilas.example", "Paul");
    leave(&site, list, &gone);
    let ask = |address: &str| site.post_form("/in/", "", &format!("address={address}"));
    let member = ask("jeanne%40lilas.example");
    assert_eq!(member.status, StatusCode::OK);
    for stranger in ["nobody%40lilas.example", "paul%40lilas.example", "JEANNE%40LILAS.example"] {
        assert_eq!(told(&ask(stranger)), told(&member), "{stranger}");
    }
    // What is asked for is looked up after the answer.
    for _ in 0..1_000 {
        if links_sent(&site, &jeanne) == 2 {
            break;
        }
        site.get("/nobody/");
    }
    assert_eq!(links_sent(&site, &jeanne), 2);
    assert_eq!(site.store.questions_to(gone.id).expect("readable").len(), 0);
    let letters = site.store.letters().expect("readable");
    assert!(letters.iter().all(|letter| letter.about.person() == jeanne.id) && letters.len() == 2);
    for wrong in ["address=", "address=nobody", "", "address=a%40b.example%0aBcc%3ac%40d.example", "a"] {
        let page = site.post_form("/in/", "", wrong);
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(page.text().contains("role=\"alert\"") && !page.text().contains("Bcc"));
    }
}

#[test]
fn nobody_is_sent_more_than_a_few_links() {
    let (site, _, jeanne) = circle();
    let ask =
        || parvis::flow::sign_in::ask(&site.desk, &jeanne.addresses[0], parvis::domain::list::Language::Fr);
    for _ in 0..10 {
        ask().expect("asked");
    }
    assert_eq!(links_sent(&site, &jeanne), 3);
    for _ in 0..24 {
        site.later(Duration::from_secs(3_600));
        ask().expect("asked");
        ask().expect("asked");
    }
    assert!(links_sent(&site, &jeanne) <= 3 + 10, "ten a day at most");
}

fn link(site: &Site, person: &Person) -> String {
    parvis::flow::sign_in::ask(&site.desk, &person.addresses[0], parvis::domain::list::Language::Fr)
        .expect("asked");
    let asked = site.store.questions_to(person.id).expect("readable");
    let question = asked.last().expect("a link").question.number;
    format!("/in/{}", site.store.tokens().token(Purpose::Question { question, person: person.id }))
}

fn leave(site: &Site, list: ListId, person: &Person) {
    let list = site.store.reader().list(list).expect("readable").expect("there");
    let act = Act { now: now(), by: None, telling: Telling::Nobody };
    remove_member(&site.store, &list, &person.addresses[0], act).expect("done").expect("taken out");
}

#[test]
fn a_link_signs_nobody_in_until_its_button_is_pressed_and_then_once() {
    let (site, _, jeanne) = circle();
    let path = link(&site, &jeanne);
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
        for _ in 0..5 {
            let page = site.ask(method.clone(), &path, &[], "enter=yes");
            assert_eq!((page.header("set-cookie"), page.header("cache-control")), ("", "no-store"));
        }
    }
    let page = site.get(&path);
    expect_file!["../../pages/in-button.fr.html"].assert_eq(&super::looks::without_hash(&page.text()));
    assert!(!page.text().contains(&path[4..]), "the link does not stand on its page");
    assert_eq!(page.header("x-robots-tag"), "noindex");
    let urlencoded = ("content-type", "application/x-www-form-urlencoded");
    for headers in [
        vec![urlencoded, ("origin", "https://evil.example")],
        vec![urlencoded, ("origin", "null")],
        vec![urlencoded, ("sec-fetch-site", "cross-site")],
        vec![("content-type", "text/plain")],
        vec![],
    ] {
        let page = site.ask(Method::POST, &path, &headers, "enter=yes");
        assert_eq!((page.status, page.header("set-cookie")), (StatusCode::FORBIDDEN, ""), "{headers:?}");
    }
    let entered =
        site.ask(Method::POST, &path, &[urlencoded, ("origin", "https://lists.example.org")], "enter=yes");
    assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = entered.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-parvis=")
            && cookie.ends_with("; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    let again = site.post_form(&path, "", "enter=yes");
    assert_eq!((again.status, again.header("set-cookie")), (StatusCode::NOT_FOUND, ""));
    assert_eq!(again.body, site.get(&path).body, "used up");
    let old = link(&site, &jeanne);
    site.later(Duration::from_secs(30 * 60));
    assert_eq!(site.post_form(&old, "", "enter=yes").status, StatusCode::NOT_FOUND, "too old");
    // No other token of ours signs anybody in.
    let list = ListId(1);
    for purpose in [
        Purpose::Leave { list, person: jeanne.id },
        Purpose::Pass { pass: parvis::domain::ids::PassId(1), person: jeanne.id },
    ] {
        let path = format!("/in/{}", site.store.tokens().token(purpose));
        assert_eq!(site.post_form(&path, "", "enter=yes").status, StatusCode::NOT_FOUND);
    }
}

/// Every page of the private list that somebody who is signed in finds.
fn crawl(site: &Site, cookie: &str) -> Vec<String> {
    let mut seen = vec!["/cercle/".to_owned()];
    let mut at = 0;
    while let Some(path) = seen.get(at).cloned() {
        at += 1;
        let page = site.get_as(cookie, &path);
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(
            (page.header("cache-control"), page.header("x-robots-tag")),
            ("no-store", "noindex"),
            "{path}"
        );
        assert!(page.header("vary").contains("Cookie"), "{path}");
        for link in links(&page.text()) {
            if link.starts_with("/cercle/") && !seen.contains(&link) && !link.contains("lang=") {
                seen.push(link);
            }
        }
    }
    seen
}

#[test]
fn members_read_their_private_list_and_everybody_else_finds_nothing() {
    let (site, list, jeanne) = circle();
    let other = site.store.reader().lists_named("conseil").expect("readable").remove(0).id;
    let outsider = site.signed_in(&site.member(other, "marcel@lilas.example", "Marcel"));
    let cookie = site.signed_in(&jeanne);
    assert!(site.get_as(&cookie, "/").text().contains("Le cercle secret"));
    let pages = crawl(&site, &cookie);
    assert!(pages.len() > 8, "{pages:?}");
    assert!(
        pages.iter().any(|path| path.ends_with("/raw")) && pages.iter().any(|path| path.ends_with("/mbox"))
    );
    let raw = pages.iter().find(|path| path.ends_with("/raw")).expect("one");
    assert_eq!(site.get_as(&cookie, raw).body, mail("05-deux-fois"), "the bytes as they came");
    let keyed = pages.iter().filter(|path| path.contains("?k=")).count();
    assert_eq!(keyed, 2, "the list's feed and the conversation's");
    finds_nothing(
        &site,
        &pages,
        &[("", "a stranger"), (&outsider, "another list's member"), ("__Host-parvis=abc", "a guess")],
    );
    // Whoever leaves has seen the last of it, with the cookie and with the key of the feed.
    leave(&site, list, &jeanne);
    finds_nothing(&site, &pages, &[(&cookie, "somebody who left")]);
}

fn finds_nothing(site: &Site, pages: &[String], readers: &[(&str, &str)]) {
    for (cookie, who) in readers {
        for path in pages {
            // Whoever has the key of a feed is its reader, as long as that is a member.
            let keyless = path.split("?k=").next().expect("a path");
            let path = if who.starts_with("somebody") { path } else { keyless };
            let nowhere = path.replacen("/cercle/", "/nobody/", 1);
            let (there, nowhere) = (site.get_as(cookie, path), site.get_as(cookie, &nowhere));
            assert_eq!(told(&there), told(&nowhere), "{who} {path}");
            assert_eq!(there.status, StatusCode::NOT_FOUND, "{who} {path}");
        }
        assert!(!site.get_as(cookie, "/").text().contains("cercle"), "{who}");
    }
}

#[test]
fn a_switch_of_policy_counts_from_the_next_request() {
    let (site, list, jeanne) = circle();
    let cookie = site.signed_in(&jeanne);
    let set = |archive: &str| {
        let mut list = site.store.reader().list(list).expect("readable").expect("there");
        list.settings.set("archive", archive).expect("a setting");
        site.put_list(list, ListCause::Settings);
    };
    for (archive, stranger, member) in
        [("public", 200, 200), ("members", 404, 200), ("none", 404, 404), ("members", 404, 200)]
    {
        set(archive);
        let path = "/cercle/m/cles%40lilas.example/";
        assert_eq!(site.get(path).status.as_u16(), stranger, "{archive}");
        assert_eq!(site.get_as(&cookie, path).status.as_u16(), member, "{archive}");
    }
}

#[test]
fn a_feed_has_a_key_of_its_own_that_opens_no_page() {
    let (site, _, jeanne) = circle();
    let cookie = site.signed_in(&jeanne);
    let you = site.get_as(&cookie, "/in/").text();
    let feed =
        links(&you).into_iter().find(|link| link.contains("/cercle/feed.atom?k=")).expect("their feed");
    let path = feed.strip_prefix("https://lists.example.org").expect("ours").to_owned();
    let page = site.get(&path);
    assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
    let key = path.split("k=").nth(1).expect("a key").to_owned();
    assert!(page.text().contains("<entry>") && page.text().contains(&key));
    for page in ["/cercle/", "/cercle/m/cles%40lilas.example/", "/cercle/m/cles%40lilas.example/raw"] {
        assert_eq!(site.get(&format!("{page}?k={key}")).status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(
            site.get_as(&format!("__Host-parvis={key}"), page).status,
            StatusCode::NOT_FOUND,
            "{page}"
        );
    }
    let browsers = cookie.split('=').nth(1).expect("a value");
    assert_eq!(site.get(&format!("/cercle/feed.atom?k={browsers}")).status, StatusCode::NOT_FOUND);
    // A new address closes the old one.
    let form = form_of(&you);
    let changed = site.post_form("/in/out", &cookie, &format!("form={form}&which=feeds"));
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    assert_eq!(site.get(&path).status, StatusCode::NOT_FOUND);
    let you = site.get_as(&cookie, "/in/").text();
    let feed = links(&you).into_iter().find(|link| link.contains("/cercle/feed.atom?k=")).expect("a new one");
    assert_eq!(
        site.get(feed.strip_prefix("https://lists.example.org").expect("ours")).status,
        StatusCode::OK
    );
}

fn form_of(page: &str) -> String {
    let value = page.split("name=\"form\" value=\"").nth(1).expect("a form");
    value.split('"').next().expect("a value").to_owned()
}

#[test]
fn signing_out_here_and_everywhere() {
    let (site, _, jeanne) = circle();
    let (one, two, three) = (site.signed_in(&jeanne), site.signed_in(&jeanne), site.signed_in(&jeanne));
    let reads = |cookie: &str| site.get_as(cookie, "/cercle/").status == StatusCode::OK;
    let form = form_of(&site.get_as(&one, "/in/").text());
    let others = form_of(&site.get_as(&two, "/in/").text());
    assert_ne!(form, others);
    for body in [
        "which=here".to_owned(),
        format!("form={others}&which=here"),
        format!("form={form}&which=all"),
        format!("form={form}"),
    ] {
        assert_eq!(site.post_form("/in/out", &one, &body).status, StatusCode::FORBIDDEN, "{body}");
    }
    let foreign = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://evil.example"),
        ("cookie", one.as_str()),
    ];
    let foreign = site.ask(Method::POST, "/in/out", &foreign, &format!("form={form}&which=everywhere"));
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert!(reads(&one) && reads(&two) && reads(&three));
    let out = site.post_form("/in/out", &one, &format!("form={form}&which=here"));
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/in/"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert!(!reads(&one) && reads(&two) && reads(&three));
    let out = site.post_form("/in/out", &two, &format!("form={others}&which=everywhere"));
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(!reads(&two) && !reads(&three));
    assert_eq!(site.store.passes_of(jeanne.id).expect("readable").len(), 0);
}

#[test]
fn who_is_signed_in_stays_so_when_the_state_is_built_again_and_not_for_ever() {
    let (site, _, jeanne) = circle();
    let (one, two) = (site.signed_in(&jeanne), site.signed_in(&jeanne));
    let form = form_of(&site.get_as(&two, "/in/").text());
    site.post_form("/in/out", &two, &format!("form={form}&which=here"));
    site.store.rebuild().expect("built");
    let reads = |cookie: &str| site.get_as(cookie, "/cercle/").status == StatusCode::OK;
    assert!(reads(&one) && !reads(&two));
    expect_file!["../../pages/you.fr.html"].assert_eq(&keyless(&site.get_as(&one, "/in/").text()));
    site.later(Duration::from_secs(366 * 86_400));
    assert!(!reads(&one));
    parvis::flow::keep_house::keep_house(&site.desk).expect("kept");
    let left = site.store.passes_of(jeanne.id).expect("readable");
    assert_eq!(left.len(), 1, "the feed outlives the browser");
}

/// Without what is made from a key nobody knows before.
fn keyless(page: &str) -> String {
    let mut page = super::looks::without_hash(page);
    for mark in ["?k&#x3D;", "value=\""] {
        let key = page.split(mark).nth(1).and_then(|rest| rest.get(..32)).unwrap_or("none").to_owned();
        page = page.replace(&key, "KEY");
    }
    page
}

#[test]
fn a_member_of_a_public_list_sees_addresses_and_strangers_do_not() {
    let site = Site::sample();
    let list = site.store.reader().lists_named("quartier").expect("readable").remove(0).id;
    let cookie = site.signed_in(&site.member(list, "jeanne@lilas.example", "Jeanne"));
    let path = "/quartier/m/question%40lilas.example/raw";
    assert_eq!(site.get_as(&cookie, path).body, mail("01-question"));
    assert_ne!(site.get(path).body, mail("01-question"));
    // What its author keeps out of the archive is in it for nobody.
    assert_eq!(site.get_as(&cookie, "/quartier/m/a-part%40lilas.example/raw").status, StatusCode::NOT_FOUND);
}
