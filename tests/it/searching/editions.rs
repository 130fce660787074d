//! Editions are found by what animators wrote in them, by whom may read them.

use parvis::domain::edition::{Edition, EditionItem, Fold, ItemPlace};
use parvis::domain::ids::{ListId, PostId};
use parvis::search::{EditionHit, Order, Reader, plain};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Decider, Event};
use parvis::store::segments::MailPlace;

use super::super::pages::site::now;
use super::Town;

impl Town {
    /// An edition of a list that speaks of these posts, each with a note.
    fn edition(&self, list: ListId, number: u32, words: [&str; 2], items: &[(PostId, &str)]) {
        let item = |(n, (post, note)): (u32, &(PostId, &str))| EditionItem {
            number: n,
            posts: vec![*post],
            title: String::new(),
            note: (*note).to_owned(),
            place: ItemPlace::In,
            fold: Fold::Open,
            noticed: None,
        };
        let eve = self.site.member(list, "eve.redac@lilas.example", "Ève Bardet");
        let edition = Edition {
            number,
            revision: 1,
            opened: now(),
            goes: now(),
            title: words[0].to_owned(),
            intro: words[1].to_owned(),
            items: (1..).zip(items).map(item).collect(),
            by: vec![eve.id],
            heard: Vec::new(),
        };
        let document = self.site.store.next_post();
        let json = serde_json::to_string(&edition).expect("plain data");
        let raw = format!("From: <l@lists.example>\r\nContent-Type: application/json\r\n\r\n{json}\r\n");
        let mail = MailPlace { file: String::new(), offset: 0, len: 0 };
        let event = Event::Edition { list, number, document, mail };
        let change = Change::at(now()).mail(document, Shelf::List(list), raw.as_bytes(), "", now());
        self.site.store.commit(change.event(event)).expect("durable");
        self.site.search.catch_up_wholly(|_| ()).expect("an index");
    }

    /// A post by the name its id begins with.
    fn post_named(&self, list: ListId, name: &str) -> PostId {
        let posts = self.site.store.reader().latest_posts(list, 100).expect("readable");
        posts.into_iter().find(|post| post.message_id.as_str().starts_with(name)).expect("there").id
    }

    fn editions(&self, reader: Reader, query: &str) -> Vec<EditionHit> {
        self.find_as(reader, Order::Relevance, query).editions
    }
}

/// A village with an edition, and a circle with another.
fn town() -> Town {
    let town = Town::new();
    let (compost, kept) =
        (town.post_named(town.village, "compost"), town.post_named(town.village, "discret"));
    town.edition(
        town.village,
        1,
        ["Les glanes de l’automne", "Une quinzaine ensoleillée. Écrivez à gazette@lilas.example !"],
        &[(compost, "Prévoir des bottes"), (kept, "Parole de farfadet")],
    );
    let secret = town.post_named(town.circle, "secret");
    town.edition(town.circle, 1, ["", "Rendez-vous au chaudron"], &[(secret, "")]);
    town
}

#[test]
fn editions_are_found_by_the_words_of_those_who_made_them() {
    let town = town();
    for (query, found) in [
        ("glanes", 1),
        ("ensoleille", 1),
        ("quinzaines", 1),
        ("bottes", 1),
        ("from:bardet glanes", 1),
        ("from:bardet", 1),
        ("subject:glane", 1),
        ("subject:bottes", 0),
        ("glanes -bottes", 0),
        ("glanes after:2027", 0),
        ("chaudron", 0),
        ("saperlipopette", 0),
        // A condition alone is about posts.
        ("after:2026-01", 0),
    ] {
        assert_eq!(town.editions(Reader::Member, query).len(), found, "{query}");
    }
    let hit = &town.editions(Reader::Member, "bottes")[0];
    assert_eq!((hit.number, hit.by.as_slice()), (1, ["Ève Bardet".to_owned()].as_slice()));
    assert_eq!(plain(&hit.title), "Les glanes de l’automne");
    assert!(hit.excerpt.iter().any(|piece| piece.marked && piece.text == "bottes"), "{:?}", hit.excerpt);
    assert!(!plain(&hit.excerpt).contains("lilas.example"), "{:?}", hit.excerpt);
    // They stand beside the posts, and are none.
    let found = town.find("jardin");
    assert!(found.editions.is_empty() && found.posts_in_all > 0);
    assert_eq!(town.find("glanes").posts_in_all, 0);
    // And are there again in an index built anew.
    town.site.search.rebuild().expect("built");
    assert_eq!(town.editions(Reader::Member, "bottes").len(), 1);
    town.site.search.throw_away().expect("gone");
    town.site.search.catch_up_wholly(|_| ()).expect("an index");
    assert_eq!(town.editions(Reader::Member, "bottes").len(), 1);
}

#[test]
fn strangers_find_what_their_page_would_say() {
    let town = town();
    // The note about a post whose author keeps it from strangers.
    assert_eq!(town.editions(Reader::Member, "farfadet").len(), 1);
    assert_eq!(town.editions(Reader::Stranger, "farfadet").len(), 0);
    let page = town.site.get("/village/search?q=bottes").text();
    for said in
        ["/village/e/1/", "<mark>bottes</mark>", "Édition 1", "préparée par Ève Bardet", "de l’automne"]
    {
        assert!(page.contains(said), "{said} is not in\n{page}");
    }
    assert!(!page.contains("Aucun message"), "{page}");
    let page = town.site.get("/village/search?q=farfadet").text();
    assert!(!page.contains("/e/1/") && page.contains("Aucun message"), "{page}");
    // What is taken back takes the word about it along.
    let post = town.post_named(town.village, "compost");
    let event = Event::Withdrawn { post, by: Decider::Operator };
    town.site.store.commit(Change::at(now()).event(event)).expect("durable");
    town.site.search.catch_up_wholly(|_| ()).expect("an index");
    for reader in [Reader::Member, Reader::Stranger] {
        assert_eq!(town.editions(reader, "bottes").len(), 0);
        assert_eq!(town.editions(reader, "glanes").len(), 1);
    }
}

#[test]
fn editions_of_a_private_list_are_for_its_members() {
    let town = town();
    for path in ["/search?q=chaudron", "/village/search?q=list:cercle+chaudron"] {
        let page = town.site.get(path).text();
        assert!(!page.contains("<mark>") && !page.contains("/e/"), "{page}");
    }
    let eve = town.site.store.person_at(
        &parvis::domain::address::EmailAddress::parse("eve.redac@lilas.example").expect("an address"),
    );
    let eve = town.site.signed_in(&eve.expect("readable").expect("known"));
    let page = town.site.get_as(&eve, "/cercle/search?q=chaudron").text();
    assert!(page.contains("<mark>chaudron</mark>") && page.contains("/cercle/e/1/"), "{page}");
    // One that has no title is called by its number, once.
    assert_eq!(page.matches("Édition 1").count(), 1, "{page}");
}
