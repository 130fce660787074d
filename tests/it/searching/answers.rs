//! Queries with known answers, French and English.

use parvis::search::{Order, Reader, plain};

use super::{Town, names};

#[test]
fn what_people_ask_and_find() {
    let town = Town::new();
    for (query, wanted) in [
        // Accents, capitals, plurals, elision, ligatures.
        ("école", &["fete"][..]),
        ("ecole", &["fete"]),
        ("ÉCOLES", &["fete"]),
        ("l’école", &["fete"]),
        ("travail", &["compost"]),
        ("cheval", &["compost"]),
        ("coeur", &["cours"]),
        ("choeur", &["coeur"]),
        ("œuf", &["coeur"]),
        ("été", &["cours", "velo"]),
        ("ete jardinage", &["cours"]),
        ("velo", &["velo"]),
        // Quotes and signatures do not count: the answer does not have « chaises », nor « Lavoir » Anne.
        ("chaises", &["fete"]),
        ("Lavoir", &[]),
        ("sono", &["fete-re"]),
        // Words that are everywhere are no condition.
        ("la fête des voisins", &["fete", "fete-re"]),
        ("the keys of the bakery", &["keys"]),
        // English endings, possessives, names with apostrophes.
        ("meeting", &["meeting"]),
        ("garden", &["keys", "meeting"]),
        ("gardeners", &["keys", "meeting"]),
        ("O'Connell whistle", &["keys"]),
        // What hyphens join.
        ("email", &["coeur"]),
        ("e-mail", &["coeur"]),
        ("courriel", &["coeur"]),
        ("mails", &["coeur"]),
        // Conditions as one says them in French.
        ("de:anne", &["fete", "cours"]),
        ("sujet:composteur", &["compost"]),
        ("après:08/2026 avant:\"septembre 2026\"", &["meeting"]),
        ("avant:3/3/2026", &["fete"]),
        ("avec:pj", &["meeting"]),
        ("rendezvous", &["fete-re"]),
        ("rendez-vous", &["fete-re"]),
        // Phrases.
        ("\"fête des voisins\"", &["fete", "fete-re"]),
        ("\"voisins fête\"", &[]),
        ("\"petit vélo\"", &["velo"]),
        ("\"vélo petit\"", &[]),
        // Conditions.
        ("from:anne", &["fete", "cours"]),
        ("from:\"Anne Martin\" jardinage", &["cours"]),
        ("from:anne.martin@lilas.example", &["fete", "cours"]),
        ("from:lefevre", &["compost", "coeur"]),
        ("subject:jardinage", &["cours"]),
        ("subject:composteur", &["compost"]),
        ("jardin", &["cours", "compost"]),
        ("jardin -semis", &["compost"]),
        ("compost -\"bac à compost\"", &[]),
        ("after:2026-08 before:2026-09", &["meeting"]),
        ("before:2026-03-03", &["fete"]),
        ("after:2026-10-05", &["longtemps", "discret"]),
        ("has:attachment", &["meeting"]),
        ("has:attachment gardeners", &["meeting"]),
        ("-has:attachment minutes", &[]),
        // Attachments: names, and the words of those that are text.
        ("square", &["meeting"]),
        ("trampoline", &["meeting"]),
        // Addresses, for those who have the posts anyway.
        ("karim.perso@exemple.example", &["velo"]),
        ("clairière", &["longtemps"]),
        // Nothing.
        ("introuvablement", &[]),
        ("", &[]),
    ] {
        let mut found = names(&town.find(query));
        let mut wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{query}");
    }
}

#[test]
fn where_nothing_has_all_the_words_what_has_most_of_them() {
    let town = Town::new();
    for (query, wanted, nearly) in [
        ("été jardinage", &["cours"][..], false),
        ("été jardinage introuvablement", &["cours"], true),
        ("dis-moi où est le jardinage d'été introuvablement semis", &["cours"], true),
        // Two words are too few to leave one out, and two of three say nothing.
        ("jardinage introuvablement", &[], false),
        ("été introuvablement nullepart", &[], false),
        // What somebody insists on stays.
        ("été jardinage semis \"voisins fête\"", &[], false),
        ("été jardinage introuvablement from:karim", &[], false),
        ("été jardinage introuvablement -semis", &[], false),
    ] {
        let found = town.find_nearly(query);
        assert_eq!(
            (names(&found).as_slice(), found.nearly),
            (wanted.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>().as_slice(), nearly),
            "{query}"
        );
        assert!(!town.find(query).nearly, "a feed or a file has all the words");
    }
}

#[test]
fn the_most_fitting_first_or_the_newest() {
    let town = Town::new();
    let best = names(&town.find_as(Reader::Member, Order::Relevance, "fête voisins"));
    assert_eq!(best, ["fete", "fete-re"]);
    let newest = names(&town.find_as(Reader::Member, Order::Newest, "fête voisins"));
    assert_eq!(newest, ["fete-re", "fete"]);
    let all = names(&town.find("after:2026-01"));
    assert_eq!(all.first().map(String::as_str), Some("longtemps"), "without words, the newest first");
}

#[test]
fn an_excerpt_shows_why() {
    let town = Town::new();
    for (query, part) in [
        ("ecoles", "cour de l’[école]. Nous"),
        ("chevaux portail", "travaux du [portail] commencent"),
        ("clairière", "se trouvait une [clairière] enchantée."),
        ("email", "un [e-mail] si"),
    ] {
        let found = town.find(query);
        let hit = found.groups.first().and_then(|group| group.hits.first()).expect(query);
        let marked: String = hit
            .excerpt
            .iter()
            .map(|piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect();
        assert!(marked.contains(part), "{query}: {marked}");
        assert!(plain(&hit.excerpt).len() < 300);
    }
}

#[test]
fn what_may_have_been_meant() {
    let town = Town::new();
    for (query, meant) in [
        ("clairrière", Some("clairière")),
        ("compsot", Some("compost")),
        ("jardinnage", Some("jardinage")),
        ("fête des voizins", Some("fête des voisins")),
        ("xqzzkw", None),
        ("compost", None),
    ] {
        assert_eq!(town.find(query).suggestion.as_deref(), meant, "{query}");
    }
}

#[test]
fn a_page_of_answers() {
    let town = Town::new();
    let page = town.site.get("/village/search?q=f%C3%AAte+voisins").text();
    for part in [
        "2 messages trouvés, dans une conversation",
        "<mark>Fête</mark> des <mark>voisins</mark>",
        "name=\"q\" value=\"fête voisins\"",
        "Les plus récents d’abord",
        "<meta name=\"robots\" content=\"noindex\">",
        "lang=\"fr\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = town.site.get("/search?q=keys&lang=en").text();
    for part in
        ["One message found, in one conversation", "href=\"/village/?lang&#x3D;en\"", "<mark>keys</mark>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = town.site.get("/village/search?q=compsot").text();
    assert!(
        page.contains("Vouliez-vous dire «\u{a0}compost\u{a0}»") && page.contains("q&#x3D;compost"),
        "{page}"
    );
    let page = town.site.get("/village/search?q=after:demain").text();
    assert!(page.contains("«\u{a0}after:demain\u{a0}» n’a pas été compris"), "{page}");
    let front = town.site.get("/village/").text();
    assert!(front.contains("action=\"/village/search\""), "{front}");
    assert!(town.site.get("/").text().contains("action=\"/search\""));
    assert_eq!(town.site.get("/village/search?q=village&page=2").status, 404);
}

#[test]
fn what_was_found_as_a_feed_and_as_a_file() {
    let town = Town::new();
    let page = town.site.get("/village/search?q=voisins").text();
    for link in ["/village/search/feed.atom?q&#x3D;voisins", "/village/search/mbox?q&#x3D;voisins"] {
        assert!(page.contains(link), "{link}: {page}");
    }
    let feed = town.site.get("/village/search/feed.atom?q=voisins");
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    let feed = feed.text();
    assert_eq!(feed.matches("<entry").count(), 2, "{feed}");
    assert!(feed.contains("/village/search/feed.atom?q") && !feed.contains("anne.martin@lilas"), "{feed}");
    let file = town.site.get("/village/search/mbox?q=voisins");
    assert_eq!(file.header("content-type"), "application/mbox");
    assert_eq!(file.text().matches("\nMessage-ID: ").count(), 2);
    assert!(!file.text().contains("anne.martin@lilas"));
    for path in ["search/feed.atom", "search/mbox", "search/mbox?q=", "search/feed.atom?q=*"] {
        assert_eq!(town.site.get(&format!("/village/{path}")).status, 404, "{path}");
        assert_eq!(town.site.get(&format!("/cercle/{path}")).status, 404, "{path}");
    }
    let here = town.site.get("/village/search/mbox?q=list:cercle+tulipes").text();
    assert!(!here.contains("Message-ID"), "{here}");
}

#[test]
fn a_month_as_a_file() {
    let town = Town::new();
    assert!(town.site.get("/village/2026/03/").text().contains("/village/2026/03/mbox"));
    let month = town.site.get("/village/2026/03/mbox");
    assert_eq!(month.text().matches("\nMessage-ID: ").count(), 2);
    assert_eq!(town.site.get("/village/2026/10/mbox").text().matches("saperlipopette").count(), 0);
    assert_eq!(town.site.get("/village/2026/02/mbox").status, 404);
    assert_eq!(town.site.get("/cercle/2026/10/mbox").status, 404);
}

#[test]
fn what_one_author_wrote() {
    let town = Town::new();
    for name in ["Anne%20Martin", "anne%20martin", "ANNE%20%20MARTIN"] {
        let page = town.site.get(&format!("/village/by/{name}/")).text();
        assert!(page.contains("Messages de Anne Martin"), "{name}: {page}");
        assert!(
            page.contains("Cours d") && page.contains("<span>2") && !page.contains("Composteur"),
            "{page}"
        );
    }
    assert!(town.site.get("/village/search?q=semis").text().contains("/village/by/Anne%20Martin/"));
    for name in ["Personne", "anne.martin%40lilas.example", "Louise%20Roux", "%22%3E%3Cscript%3E"] {
        assert_eq!(town.site.get(&format!("/village/by/{name}/")).status, 404, "{name}");
    }
    assert_eq!(town.site.get("/cercle/by/Eve/").status, 404);
    assert_eq!(town.site.get("/village/by/Anne%20Martin/?page=2").status, 404);
}

#[test]
fn browsers_are_told_how_to_search() {
    let town = Town::new();
    let xml = town.site.get("/opensearch.xml");
    assert_eq!(xml.header("content-type"), "application/opensearchdescription+xml; charset=utf-8");
    assert!(xml.text().contains("https://lists.example.org/search?q"), "{}", xml.text());
    assert!(town.site.get("/village/").text().contains("href=\"/opensearch.xml\""));
}
