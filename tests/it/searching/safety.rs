//! What strangers wrote, and what strangers ask.

use std::time::{Duration, Instant};

use parvis::domain::list::ArchivePolicy;
use parvis::search::{Order, Reader};
use parvis::store::event::ListCause;

use super::{Town, names};

/// Everything one may ask, as a browser sends it.
fn asked(query: &str) -> String {
    percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn words_of_a_private_list_are_nowhere() {
    let town = Town::new();
    let nonsense = town.site.get("/search?q=motquinexistepas").text();
    for words in
        ["conspiration", "tulipes", "canariculture", "list:cercle tulipes", "from:eve", "Conspirotion"]
    {
        for path in ["/search", "/village/search"] {
            let page = town.site.get(&format!("{path}?q={}", asked(words))).text();
            assert!(!page.contains("<mark>") && !page.contains("secret%40"), "{words}: {page}");
            assert!(!page.contains("Vouliez-vous dire"), "{words}: {page}");
        }
        let page = town.site.get(&format!("/search?q={}", asked(words))).text();
        let shown = |page: &str, words: &str| page.replace(words, "").replace(&asked(words), "");
        let encoded = |words: &str| words.replace(' ', "%20").replace(':', "%3A");
        let (page, nonsense) =
            (shown(&page, words).replace(&encoded(words), ""), shown(&nonsense, "motquinexistepas"));
        assert_eq!(page, nonsense, "{words} is told from a word that nobody wrote");
    }
    for path in ["/cercle/search?q=tulipes", "/cercle/search"] {
        let there = town.site.get(path);
        let nowhere = town.site.get(&path.replace("cercle", "nobody"));
        assert_eq!((there.status, &there.body), (nowhere.status, &nowhere.body));
        assert_eq!(there.status, 404);
    }
}

#[test]
fn members_find_what_is_theirs() {
    let town = Town::new();
    let eve = town.site.member(town.circle, "eve@lilas.example", "Eve");
    let paul = town.site.member(town.village, "paul@noyer.example", "Paul");
    let (eve, paul) = (town.site.signed_in(&eve), town.site.signed_in(&paul));
    for path in ["/search?q=tulipes", "/cercle/search?q=tulipes", "/village/search?q=list:cercle+tulipes"] {
        assert!(town.site.get_as(&eve, path).text().contains("<mark>tulipes</mark>"), "{path}");
        assert!(!town.site.get_as(&paul, path).text().contains("<mark>"), "{path}");
    }
    let kept = "/village/search?q=saperlipopette";
    assert!(town.site.get_as(&paul, kept).text().contains("<mark>saperlipopette</mark>"));
    assert!(!town.site.get_as(&eve, kept).text().contains("<mark>"), "Eve is a stranger there");
}

#[test]
fn a_list_that_closes_its_archive_is_closed_to_search_at_once() {
    let town = Town::new();
    assert!(town.site.get("/search?q=compost").text().contains("<mark>"));
    let mut list = town.site.store.reader().list(town.village).expect("readable").expect("there");
    list.settings.archive = ArchivePolicy::Members;
    town.site.put_list(list.clone(), ListCause::Settings);
    assert!(!town.site.get("/search?q=compost").text().contains("<mark>"));
    assert_eq!(town.site.get("/village/search?q=compost").status, 404);
    list.settings.archive = ArchivePolicy::Public;
    town.site.put_list(list, ListCause::Settings);
    assert!(town.site.get("/search?q=compost").text().contains("<mark>"));
}

#[test]
fn strangers_find_no_addresses_and_nothing_an_author_keeps_from_them() {
    let town = Town::new();
    for query in [
        "saperlipopette",
        "from:louise",
        "from:anne.martin@lilas.example",
        "karim.perso@exemple.example",
        "\"karim perso exemple example\"",
    ] {
        let found = town.find_as(Reader::Stranger, Order::Relevance, query);
        assert_eq!(names(&found), Vec::<String>::new(), "{query}");
        assert_eq!(found.posts_in_all, 0, "{query}");
    }
    assert_eq!(names(&town.find("saperlipopette")), ["discret"], "members have it");
    let page = town.site.get("/village/search?q=rouge").text();
    assert!(page.contains("<mark>rouge</mark>") && !page.contains("exemple.example"), "{page}");
}

#[test]
fn what_strangers_wrote_stays_text() {
    let town = Town::new();
    for query in
        ["balise", "alert", "script", "\"><script>alert(9)</script>", "onerror=alert(2)", "' onfocus='x"]
    {
        for path in ["/search", "/village/search"] {
            let page = town.site.get(&format!("{path}?q={}", asked(query))).text();
            for trap in ["<script", "<img", "<b on", "onfocus='"] {
                assert!(!page.contains(trap), "{query}: {trap} in {page}");
            }
        }
    }
    let page = town.site.get("/village/search?q=balise").text();
    assert!(page.contains("&lt;b onmouseover"), "{page}");
}

#[test]
fn hostile_queries_are_answered_in_time() {
    let town = Town::new();
    let long = "a".repeat(5_000);
    let many = "mot ".repeat(1_200);
    let phrase = format!("\"{}\"", "la fête ".repeat(500));
    let marks = "\"".repeat(3_000);
    let minus = "-".repeat(3_000);
    let nested = "from:".repeat(800);
    for query in [
        &long,
        &many,
        &phrase,
        &marks,
        &minus,
        &nested,
        "*",
        "?",
        "a*",
        "***a***",
        "~",
        "^",
        "\\",
        "(((",
        ")",
        "[a TO z]",
        "field:value",
        "\0",
        "\u{202e}",
        "-a -b -c",
        "-fête",
        "after:9999-99-99 before:0000-00-00",
        "after:0001 before:9999",
        "has:",
        "list:",
        "from:\"",
        "AND OR NOT",
        "🎉",
        "%",
        "é\u{301}\u{301}\u{301}",
    ] {
        let began = Instant::now();
        let page = town.site.get(&format!("/search?q={}", asked(query)));
        assert_eq!(page.status, 200, "{query}");
        assert!(began.elapsed() < Duration::from_secs(3), "{query}");
    }
    for query in ["q=%ff%fe", "q", "q=&q=&q=", "page=0&q=a", "q=a&order=%00"] {
        assert_eq!(town.site.get(&format!("/search?{query}")).status, 200, "{query}");
    }
}
