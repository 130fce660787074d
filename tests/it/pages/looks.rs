//! What pages say and how they are found. Expected pages are in `tests/pages`; read them as pages.

use axum::http::{Method, StatusCode};
use expect_test::expect_file;
use parvis::domain::list::ListState;
use parvis::store::event::ListCause;

use super::site::{Site, links, mail};

#[test]
fn pages_as_they_are() {
    let site = Site::sample();
    let first = site.get("/quartier/").text();
    let thread = links(&first).into_iter().find(|link| link.contains("/t/")).expect("a thread");
    let threads: Vec<String> = links(&first).into_iter().filter(|link| link.contains("/t/")).collect();
    let mut longest = thread;
    for path in threads {
        if site.get(&path).text().contains("Jeanne Petit") {
            longest = path;
        }
    }
    for (path, language, file) in [
        ("/", "fr", expect_file!["../../pages/home.fr.html"]),
        ("/", "en", expect_file!["../../pages/home.en.html"]),
        ("/quartier/", "fr", expect_file!["../../pages/list.fr.html"]),
        ("/quartier/", "en", expect_file!["../../pages/list.en.html"]),
        ("/conseil/", "fr", expect_file!["../../pages/members-only.fr.html"]),
        ("/hello/", "en", expect_file!["../../pages/choice.en.html"]),
        ("/quartier/2026/11/", "fr", expect_file!["../../pages/month.fr.html"]),
        (&longest, "fr", expect_file!["../../pages/thread.fr.html"]),
        (&format!("{longest}?flat"), "en", expect_file!["../../pages/thread-flat.en.html"]),
        ("/quartier/m/question%40lilas.example/", "fr", expect_file!["../../pages/post.fr.html"]),
        ("/quartier/m/photo%40millbrook.example/", "en", expect_file!["../../pages/post-files.en.html"]),
        ("/quartier/m/a-part%40lilas.example/", "fr", expect_file!["../../pages/post-not-kept.fr.html"]),
        ("/quartier/m/cles%40lilas.example/", "fr", expect_file!["../../pages/post-twice.fr.html"]),
        ("/quartier/m/horaires%40ville.example/", "fr", expect_file!["../../pages/post-html.fr.html"]),
        ("/quartier/m/question%40lilas.example/raw", "fr", expect_file!["../../pages/raw.txt"]),
        ("/quartier/feed.atom", "fr", expect_file!["../../pages/list.atom"]),
        (&format!("{longest}feed.atom"), "fr", expect_file!["../../pages/thread.atom"]),
        (&format!("{longest}mbox"), "fr", expect_file!["../../pages/thread.mbox"]),
        ("/nobody/", "fr", expect_file!["../../pages/absent.fr.html"]),
        ("/nobody/", "en", expect_file!["../../pages/absent.en.html"]),
        ("/u/abcdefghijklmnopqrstuvwxyz234567", "fr", expect_file!["../../pages/leave.fr.html"]),
        ("/u/unknown", "en", expect_file!["../../pages/leave-unknown.en.html"]),
        ("/in/", "fr", expect_file!["../../pages/in.fr.html"]),
        ("/in/", "en", expect_file!["../../pages/in.en.html"]),
        ("/in/abcdefghijklmnopqrstuvwxyz234567", "fr", expect_file!["../../pages/in-too-old.fr.html"]),
        ("/robots.txt", "fr", expect_file!["../../pages/robots.txt"]),
        ("/healthz", "fr", expect_file!["../../pages/healthz.txt"]),
    ] {
        let page = site.ask(Method::GET, path, &[("accept-language", language)], "");
        file.assert_eq(&without_hash(&page.text().replace('\r', "")));
    }
}

/// So that a change of the style sheet changes no page here.
pub(super) fn without_hash(page: &str) -> String {
    page.replace(&style_hash(page), "HASH")
}

fn style_hash(page: &str) -> String {
    let hash = page.split("/style-").nth(1).and_then(|rest| rest.split('.').next());
    hash.unwrap_or("no page holds this").to_owned()
}

#[test]
fn the_readers_language_is_the_one_they_chose_then_the_browsers_then_the_lists() {
    let site = Site::sample();
    for (path, accept, language) in [
        ("/", "", "fr"),
        ("/", "en-GB,fr;q=0.5", "en"),
        ("/?lang=fr", "en", "fr"),
        ("/?lang=xx", "en", "en"),
        ("/quartier/", "", "fr"),
        ("/hello@a.example/", "", "en"),
        ("/hello@a.example/", "fr", "fr"),
    ] {
        let page = site.ask(Method::GET, path, &[("accept-language", accept)], "");
        assert_eq!(page.header("content-language"), language, "{path} {accept}");
        assert!(page.text().contains(&format!("<html lang=\"{language}\">")), "{path} {accept}");
        let vary: Vec<_> = page.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["Accept-Language, Cookie", "accept-encoding"], "{path}");
    }
    let chosen = site.get("/quartier/?lang=en").text();
    assert!(chosen.contains("/quartier/2026/11/?lang&#x3D;en"), "the choice goes along in links");
    assert!(chosen.contains("<link rel=\"canonical\" href=\"https://lists.example.org/quartier/\">"));
}

#[test]
fn a_missing_slash_is_put_there_without_looking_anything_up() {
    let site = Site::sample();
    for (path, there) in [
        ("/quartier", "/quartier/"),
        ("/nobody", "/nobody/"),
        ("/quartier/2026/11", "/quartier/2026/11/"),
        ("/quartier/t/abc", "/quartier/t/abc/"),
        ("/quartier/m/a%2fb@c", "/quartier/m/a%2Fb%40c/"),
        ("/quartier?lang=en&next=//evil.example", "/quartier/?lang=en"),
    ] {
        let page = site.get(path);
        assert_eq!((page.status, page.header("location")), (StatusCode::PERMANENT_REDIRECT, there));
    }
}

#[test]
fn a_page_that_did_not_change_is_not_sent_twice() {
    let site = Site::sample();
    for path in ["/", "/quartier/", "/quartier/feed.atom", "/quartier/m/question%40lilas.example/raw"] {
        let page = site.get(path);
        let tag = page.header("etag");
        assert!(tag.starts_with("W/\"") && page.header("cache-control") == "public, max-age=60", "{path}");
        let again = site.ask(Method::GET, path, &[("if-none-match", tag)], "");
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(again.header("etag"), tag);
        let other = site.ask(Method::GET, path, &[("if-none-match", "\"other\"")], "");
        assert_eq!(other.status, StatusCode::OK);
    }
}

#[test]
fn a_page_shown_before_is_shown_anew_when_something_changes() {
    let site = Site::sample();
    let list = site.store.reader().lists_named("quartier").expect("readable").remove(0);
    let before = site.get("/quartier/");
    assert_eq!(site.get("/quartier/").body, before.body);
    site.post(
        list.id,
        b"From: A <a@a.example>\r\nMessage-ID: <new@a.example>\r\nSubject: Something new\r\n\r\nHello\r\n",
    );
    let after = site.get("/quartier/");
    assert!(after.text().contains("Something new") && after.header("etag") != before.header("etag"));
    // In one language, for one cookie, with one query.
    let english = site.ask(Method::GET, "/quartier/", &[("accept-language", "en")], "");
    assert!(english.text().contains("<html lang=\"en\">"));
    assert!(site.get("/quartier/").text().contains("<html lang=\"fr\">"));
    let mut closed = list.clone();
    closed.settings.set("archive", "members").expect("a setting");
    closed.settings.set("listed", "no").expect("a setting");
    site.put_list(closed, ListCause::Settings);
    assert_eq!(site.get("/quartier/").status, StatusCode::NOT_FOUND);
}

#[test]
fn sitemaps_name_what_may_be_found_and_nothing_else() {
    let site = Site::sample();
    site.list("discret@lists.example.org", "Discret", &[("archive", "public"), ("noindex", "yes")]);
    let all = site.get("/sitemap.xml");
    assert_eq!(all.header("content-type"), "application/xml; charset=utf-8");
    let named: Vec<String> = all
        .text()
        .split("<loc>")
        .skip(1)
        .map(|l| l.split('<').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        named,
        [
            "https://lists.example.org/hello@a.example/sitemap.xml",
            "https://lists.example.org/hello@b.example/sitemap.xml",
            "https://lists.example.org/quartier/sitemap.xml",
        ]
    );
    let list = site.get("/quartier/sitemap.xml").text();
    for path in list.split("<loc>https://lists.example.org").skip(1).filter_map(|l| l.split('<').next()) {
        assert_eq!(site.get(path).status, StatusCode::OK, "{path}");
    }
    assert!(list.matches("<url>").count() >= 5, "{list}");
    for path in ["/discret/sitemap.xml", "/conseil/sitemap.xml", "/cercle/sitemap.xml", "/nobody/sitemap.xml"]
    {
        assert_eq!(site.get(path).status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(site.get("/robots.txt").text().ends_with("Sitemap: https://lists.example.org/sitemap.xml\n"));
}

#[test]
fn head_answers_as_get() {
    let site = Site::sample();
    for path in ["/", "/quartier/", "/nobody/", "/quartier", "/robots.txt", "/u/unknown"] {
        let get = site.get(path);
        let head = site.ask(Method::HEAD, path, &[], "");
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
    }
}

#[test]
fn pages_are_sent_compressed_to_those_who_can() {
    let site = Site::sample();
    for encoding in ["gzip", "br"] {
        let page = site.ask(Method::GET, "/quartier/", &[("accept-encoding", encoding)], "");
        assert_eq!(page.header("content-encoding"), encoding);
        assert!(page.body.len() * 2 < site.get("/quartier/").body.len());
    }
}

#[test]
fn every_link_of_a_crawl_leads_somewhere_and_nothing_changes() {
    let site = Site::sample();
    let before = *site.store.changes().borrow();
    let mut seen = vec!["/".to_owned(), "/hello/".to_owned()];
    let mut at = 0;
    while let Some(path) = seen.get(at).cloned() {
        at += 1;
        let page = site.get(&path);
        assert!(page.status.is_success() || page.status == StatusCode::MULTIPLE_CHOICES, "{path}");
        let is_page = page.header("content-type").starts_with("text/html");
        for link in if is_page { links(&page.text()) } else { Vec::new() } {
            let (link, ours) = match link.strip_prefix("https://lists.example.org") {
                Some(path) => (path.to_owned(), true),
                None => (link.clone(), link.starts_with('/') && !link.starts_with("//")),
            };
            let mail = link.starts_with("mailto:");
            // Only what members wrote leads elsewhere.
            let written = link.contains("lilas.example/plan") || link.contains("ville.example/horaires");
            assert!(ours || mail || written || link.starts_with('?'), "{path} leads to {link}");
            if ours && !seen.contains(&link) {
                seen.push(link);
            }
        }
    }
    assert!(seen.len() > 60, "{} pages", seen.len());
    assert_eq!(*site.store.changes().borrow(), before, "GET is safe");
    assert!(site.left.lock().expect("unpoisoned").is_empty());
}

#[test]
fn a_long_conversation_is_paged_and_a_deep_one_is_set_in_no_further() {
    let site = Site::empty();
    let list = site.list("long@lists.example.org", "Long", &[("archive", "public")]);
    let reply = |n: usize| {
        let parent = if n == 0 { String::new() } else { format!("In-Reply-To: <{}@a.example>\r\n", n - 1) };
        format!(
            "From: A <a@a.example>\r\nMessage-ID: <{n}@a.example>\r\nSubject: Re: Long\r\n{parent}\
             Date: Mon, 23 Nov 2026 {:02}:{:02}:00 +0000\r\n\r\nMot {n}\r\n",
            n / 60,
            n % 60
        )
        .into_bytes()
    };
    site.posts(list, &(0..450).map(reply).collect::<Vec<_>>());
    let front = site.get("/long/").text();
    let thread = links(&front).into_iter().find(|link| link.contains("/t/")).expect("one thread");
    for (query, posts, first, last) in [
        ("", 100, 0, 99),
        ("?page=2", 100, 100, 199),
        ("?flat&page=5", 50, 400, 449),
        ("?page=5", 50, 400, 449),
    ] {
        let page = site.get(&format!("{thread}{query}")).text();
        assert_eq!(page.matches("<article").count(), posts, "{query}");
        assert!(
            page.contains(&format!("<p>Mot {first}</p>")) && page.contains(&format!("<p>Mot {last}</p>"))
        );
        assert!(!page.contains("d7\""), "no deeper than the sixth step");
    }
    assert_eq!(site.get(&format!("{thread}?page=6")).status, StatusCode::NOT_FOUND);
    let months = [("/long/2026/11/", 200), ("/long/2026/11/?page=3", 50)];
    for (path, posts) in months {
        assert_eq!(site.get(path).text().matches("class=\"by\"").count(), posts, "{path}");
    }
    assert_eq!(site.get("/long/2026/11/?page=4").status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/long/2026/10/").status, StatusCode::NOT_FOUND);
}

#[test]
fn a_closed_group_can_be_read_and_offers_nothing_to_do() {
    let site = Site::empty();
    let id = site.list("ancien@lists.example.org", "Ancien", &[("archive", "public")]);
    site.post(id, &mail("01-question"));
    let mut list = site.store.reader().list(id).expect("readable").expect("there");
    list.state = ListState::Closed;
    site.put_list(list.clone(), ListCause::State);
    for path in ["/ancien/", "/ancien/m/question%40lilas.example/"] {
        let page = site.get(path);
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text().contains("mailto:"), "{path}");
    }
    list.state = ListState::Removed;
    site.put_list(list, ListCause::State);
    assert_eq!(site.get("/ancien/").body, site.get("/nobody/").body);
}

#[test]
fn a_folder_may_replace_templates() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("notice.hbs"), "{{title}}!").expect("written");
    let site = Site::at("https://lists.example.org", Some(folder.path()));
    assert_eq!(site.get("/nobody/").text(), "Cette page n’existe pas!");
    assert!(site.get("/").text().contains("<!DOCTYPE html>"));
}

#[test]
fn a_site_may_stand_below_a_path() {
    let site = Site::at("https://example.org/lists", None);
    site.list("quartier@lists.example.org", "Le quartier", &[("archive", "public")]);
    for path in ["/lists/", "/"] {
        let page = site.get(path).text();
        assert!(page.contains("href=\"/lists/quartier/\"") && page.contains("href=\"/lists/style-"));
        assert!(page.contains("<link rel=\"canonical\" href=\"https://example.org/lists/\">"));
    }
    assert_eq!(site.get("/lists/quartier/").status, StatusCode::OK);
    assert_eq!(site.get("/lists/quartier").header("location"), "/lists/quartier/");
}

/// WCAG 2.2, 1.4.3: words have a contrast of at least 4.5 to what they stand on, 1.4.11: what
/// carries meaning without words of at least 3.
#[test]
fn every_colour_of_words_can_be_read_in_light_and_dark() {
    let style = include_str!("../../../templates/web/style.css");
    let themes: Vec<&str> =
        style.split(":root {").skip(1).take(2).filter_map(|t| t.split('}').next()).collect();
    assert_eq!(themes.len(), 2);
    for theme in themes {
        let colour = |name: &str| {
            let value = theme.split(&format!("--{name}: #")).nth(1).expect(name);
            let channel = |at: usize| {
                let value = f64::from(u8::from_str_radix(&value[at..at + 2], 16).expect("hex")) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
        };
        for (words, ground, least) in [
            ("ink", "paper", 7.0),
            ("ink", "tint", 7.0),
            ("soft", "paper", 4.5),
            ("soft", "tint", 4.5),
            ("accent", "paper", 4.5),
            ("accent", "tint", 4.5),
        ] {
            let (one, other) = (colour(words), colour(ground));
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(contrast >= least, "{words} on {ground}: {contrast:.2}");
        }
    }
}

/// Every sentence the code asks for is there: the names stand in calls such as `say("name")`.
#[test]
fn no_sentence_is_missing_and_none_is_left_over() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut code = String::new();
    for folder in ["src/web", "src/web/views", "templates/web"] {
        for file in std::fs::read_dir(format!("{root}/{folder}")).expect("a folder").flatten() {
            if file.path().is_file() {
                code.push_str(&std::fs::read_to_string(file.path()).expect("text"));
            }
        }
    }
    let words = include_str!("../../../data/locales/fr/web.ftl");
    let keys: Vec<&str> =
        words.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key).collect();
    let asked = |name: &str| {
        let used = [format!("\"{name}\""), format!("t.{name}}}}}")];
        let notice = name.trim_end_matches("_title").trim_end_matches("_words");
        used.iter().any(|used| code.contains(used)) || code.contains(&format!("\"{notice}\")"))
    };
    for key in keys.iter().filter(|key| !key.starts_with(['#', ' '])) {
        assert!(asked(key), "nobody says {key}");
    }
    for call in ["say(\"", "tell(\"", "count(\"", "addressed(\""] {
        for name in code.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(keys.contains(&name), "there is no sentence {name}");
        }
    }
}
