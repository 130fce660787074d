//! What hostile mails, paths and headers do: nothing.

use axum::http::{Method, StatusCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::site::{Page, Site, TOKEN, VECTOR, links, mail};

const FILE_POLICY: &str =
    "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                           frame-ancestors 'none'; base-uri 'none'";

fn guarded(page: &Page, path: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), value, "{path}");
    }
    // Where there is a form, our own host learns where it stood; nobody else does.
    let told = if path.starts_with("/in/") && page.status != 405 { "same-origin" } else { "no-referrer" };
    assert_eq!(page.header("referrer-policy"), told, "{path}");
    assert!(page.header("permissions-policy").contains("camera=()"), "{path}");
    let policy = page.header("content-security-policy");
    assert!([PAGE_POLICY, FILE_POLICY].contains(&policy), "{path}");
    assert!(!page.header("cache-control").is_empty(), "{path}");
    assert_eq!(page.header("set-cookie"), "", "{path}");
}

#[test]
fn every_answer_carries_the_headers_that_keep_readers_safe() {
    let site = Site::sample();
    let mut paths: Vec<String> =
        ["/", "/quartier", "/nobody/", "/healthz", "/robots.txt", "/favicon.ico", "/%ff"]
            .map(str::to_owned)
            .to_vec();
    paths.push(format!("/u/{TOKEN}"));
    for page in ["/", "/quartier/", "/quartier/m/photo%40millbrook.example/"] {
        paths.extend(links(&site.get(page).text()).into_iter().filter(|link| link.starts_with('/')));
    }
    for path in paths {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::from_bytes(b"FOO").expect("a token"),
        ] {
            guarded(&site.ask(method, &path, &[], ""), &path);
        }
    }
}

#[test]
fn attachments_are_kept_never_run() {
    let site = Site::sample();
    let page = site.get("/quartier/m/photo%40millbrook.example/").text();
    let files: Vec<String> = links(&page).into_iter().filter(|link| link.contains("/a/")).collect();
    for (name, kind, disposition) in [
        ("tables.png", "image/png", "inline; filename=\"tables.png\"; filename*=UTF-8''tables.png"),
        (
            "not-a-picture.png",
            "application/octet-stream",
            "attachment; filename=\"not-a-picture.png\"; filename*=UTF-8''not-a-picture.png",
        ),
        (
            ".csv",
            "application/octet-stream",
            "attachment; filename=\"Qui vient_ _t_.csv\"; filename*=UTF-8''Qui%20vient%2C%20%C3%A9t%C3%A9.csv",
        ),
    ] {
        let path = files.iter().find(|path| path.contains(&format!("{name}?"))).expect(name);
        let file = site.get(path);
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, kind), "{name}");
        assert_eq!(file.header("content-disposition"), disposition);
        assert_eq!(file.header("content-security-policy"), FILE_POLICY);
        let other_name = path.replace(name, "other.html");
        assert_eq!(site.get(&other_name).status, StatusCode::NOT_FOUND);
    }
    for wrong in ["/a/0/tables.png", "/a/9/tables.png", "/a/01/tables.png", "/a/99999999999/x", "/a/1/..%2f"]
    {
        let path = format!("/quartier/m/photo%40millbrook.example{wrong}");
        assert_ne!(site.get(&path).status, StatusCode::OK, "{path}");
    }
}

#[test]
fn what_strangers_write_is_text_everywhere() {
    let site = Site::empty();
    let list = site.list(
        "hostile@lists.example.org",
        VECTOR,
        &[("archive", "public"), ("promise", VECTOR), ("description", VECTOR)],
    );
    site.post(list, &mail("hostile"));
    let mut seen = vec!["/".to_owned()];
    let mut at = 0;
    while let Some(path) = seen.get(at).cloned() {
        at += 1;
        let page = site.get(&path);
        assert!(page.status.is_success(), "{path}: {}", page.status);
        let kind = page.header("content-type");
        let text = page.text();
        if kind.starts_with("text/html") || kind.starts_with("application/atom") {
            for wrong in ["<img src=x", "<script", "\"javascript:", "onerror=alert(1)>", "\u{202e}"] {
                assert!(!text.contains(wrong), "{path} holds {wrong}");
            }
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{path}");
        } else if !kind.starts_with("text/css") {
            assert_eq!(page.header("content-security-policy"), FILE_POLICY, "{path}");
        }
        for link in links(&text).into_iter().filter(|_| kind.starts_with("text/html")) {
            let known = ["/", "?", "mailto:", "https://lists.example.org/", "https://evil.example/"];
            assert!(known.iter().any(|start| link.starts_with(start)), "{path} leads to {link}");
            if link.starts_with('/') && !seen.contains(&link) {
                seen.push(link);
            }
        }
    }
    assert!(seen.len() > 8, "{seen:?}");
}

#[test]
fn nothing_of_a_wrong_address_is_repeated() {
    let site = Site::sample();
    let words = "Your+account+was+closed,+call+0800";
    for path in [
        format!("/{words}"),
        format!("/{words}/"),
        format!("/quartier/{words}/"),
        format!("/quartier/m/{words}/"),
        format!("/quartier/?lang={words}&q={words}&next=//evil.example"),
        format!("/u/{words}"),
    ] {
        let page = site.get(&path);
        let said = format!("{}{:?}", page.text(), page.headers);
        assert!(!said.contains("account") || page.status.is_redirection(), "{path}");
        assert!(!said.contains("evil.example"), "{path}");
    }
}

#[test]
fn headers_nobody_vouches_for_change_nothing() {
    let site = Site::sample();
    for path in ["/", "/quartier/", "/quartier/feed.atom"] {
        let plain = site.get(path);
        for header in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-original-url", "/cercle/"),
            ("x-rewrite-url", "/cercle/"),
            ("forwarded", "host=evil.example"),
            ("accept", "application/json"),
            ("cookie", "session=1"),
        ] {
            let page = site.ask(Method::GET, path, &[header], "");
            assert_eq!((page.status, &page.body), (plain.status, &plain.body), "{path} {header:?}");
            assert_eq!(page.headers, plain.headers);
        }
    }
}

#[test]
fn forty_ways_up_and_out_lead_nowhere() {
    let site = Site::sample();
    let ups = [
        "..",
        "%2e%2e",
        "%2E.",
        "..%2f",
        "..%5c",
        "%252e%252e",
        "....//",
        ".../...//",
        "..;/",
        "%c0%ae%c0%ae",
    ];
    for up in ups {
        for path in [
            format!("/{up}/{up}/etc/passwd"),
            format!("/quartier/{up}/{up}/etc/passwd"),
            format!("/quartier/m/{up}/{up}/etc/passwd"),
            format!("/quartier/m/photo%40millbrook.example/a/1/{up}/{up}/etc/passwd"),
        ] {
            let page = site.get(&path);
            let quiet = [StatusCode::NOT_FOUND, StatusCode::PERMANENT_REDIRECT].contains(&page.status);
            assert!(quiet && !page.text().contains("root:"), "{path}: {}", page.status);
        }
    }
}

#[test]
fn no_address_makes_the_server_stumble() {
    let site = Site::sample();
    let segments = prop_oneof![
        Just("quartier".to_owned()),
        Just("cercle".to_owned()),
        Just("hello@a.example".to_owned()),
        Just("m".to_owned()),
        Just("t".to_owned()),
        Just("a".to_owned()),
        Just("u".to_owned()),
        Just("raw".to_owned()),
        Just("2026".to_owned()),
        Just("feed.atom".to_owned()),
        Just("photo%40millbrook.example".to_owned()),
        "(%[0-9a-f]{2}|[a-z0-9.~@+]){0,12}",
    ];
    let paths = (prop::collection::vec(segments, 0..7), "[a-z0-9=&%+]{0,20}");
    let mut runner = TestRunner::new(Config { cases: 1500, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&paths, |(segments, query)| {
        let path = format!("/{}?{query}", segments.join("/"));
        let page = site.get(&path);
        let calm = [200, 300, 302, 308, 404].contains(&page.status.as_u16());
        prop_assert!(calm, "{}: {}", path, page.status);
        Ok(())
    });
    tried.expect("every address gets a calm answer");
}
