//! One-click leaving (RFC 8058): POST leaves, nothing else does.

use axum::http::{Method, StatusCode};

use super::site::{Site, TOKEN};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

#[test]
fn following_the_link_a_hundred_times_leaves_nothing() {
    let site = Site::empty();
    let path = format!("/u/{TOKEN}");
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
        for query in ["", "?List-Unsubscribe=One-Click"] {
            site.ask(method.clone(), &format!("{path}{query}"), &[FORM], ONE_CLICK);
        }
    }
    for _ in 0..100 {
        assert_eq!(site.get(&path).status, StatusCode::OK);
    }
    assert!(site.left.lock().expect("unpoisoned").is_empty());
    let page = site.get(&path);
    assert!(page.text().contains("<form method=\"post\">") && !page.text().contains(TOKEN));
    assert_eq!((page.header("cache-control"), page.header("x-robots-tag")), ("no-store", "noindex"));
}

#[test]
fn one_click_leaves_and_a_second_one_does_no_harm() {
    let site = Site::empty();
    let path = format!("/u/{TOKEN}");
    let parts =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", ONE_CLICK),
        ("multipart/form-data; boundary=x", parts),
        ("application/x-www-form-urlencoded", ONE_CLICK),
    ] {
        let page = site.ask(Method::POST, &path, &[("content-type", kind)], body);
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
        assert_eq!((page.header("location"), page.header("set-cookie")), ("", ""));
        assert!(page.text().contains("C’est fait"));
    }
    assert_eq!(site.left.lock().expect("unpoisoned").len(), 3);
}

#[test]
fn anything_else_that_is_posted_is_refused_and_changes_nothing() {
    let site = Site::empty();
    let path = format!("/u/{TOKEN}");
    let long = format!("{ONE_CLICK}&{}", "a".repeat(100_000));
    for (kind, body) in [
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "List-Unsubscribe=Two-Clicks"),
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&x=y"),
        ("application/x-www-form-urlencoded", long.as_str()),
        ("text/plain", ONE_CLICK),
        ("application/json", "{\"List-Unsubscribe\":\"One-Click\"}"),
    ] {
        let page = site.ask(Method::POST, &path, &[("content-type", kind)], body);
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{kind}");
    }
    assert!(site.left.lock().expect("unpoisoned").is_empty());
    let unknown = site.ask(Method::POST, "/u/unknown", &[FORM], ONE_CLICK);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let get = site.get("/u/unknown");
    assert_eq!((get.status, get.body), (StatusCode::NOT_FOUND, unknown.body), "the same calm page");
    let elsewhere = site.ask(Method::POST, "/quartier/", &[FORM], ONE_CLICK);
    assert_eq!((elsewhere.status, elsewhere.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
}
