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
