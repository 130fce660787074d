//! Looking for words: what people ask, and what they should find; and what nobody may find out.

mod answers;
mod communities;
mod editions;
mod index;
mod safety;

use parvis::domain::ids::ListId;
use parvis::search::{Found, Gathered, Order, Reader, Search, Shelf, Wish};

use super::pages::site::Site;

/// The posts of `tests/search/village.mbox`, with the line ends of the wire.
fn village_posts() -> Vec<Vec<u8>> {
    let path = format!("{}/tests/search/village.mbox", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a fixture");
    let mails = text.split("\nFrom ").map(|mail| mail.split_once('\n').map_or("", |(_, rest)| rest));
    mails.map(|mail| mail.replace('\n', "\r\n").into_bytes()).collect()
}

/// A public village, and a private circle whose one post nobody else may find.
struct Town {
    site: Site,
    village: ListId,
    circle: ListId,
}

const SECRET: &[u8] = b"From: Eve <eve@lilas.example>\r\nSubject: Conspiration des tulipes\r\n\
    Date: Mon, 5 Oct 2026 10:00:00 +0200\r\nMessage-ID: <secret@lilas.example>\r\n\r\n\
    La conspiration des tulipes commence dimanche, parole de canariculture.\r\n";

impl Town {
    fn new() -> Town {
        let site = Site::empty();
        let village = site.list("village@lists.example.org", "Le village", &[("archive", "public")]);
        let circle = site.list("cercle@lists.example.org", "Le cercle", &[("listed", "no")]);
        site.posts(village, &village_posts());
        site.post(circle, SECRET);
        site.search.catch_up_wholly(|_| ()).expect("an index");
        Town { site, village, circle }
    }

    /// What a member of the village finds there.
    fn find(&self, query: &str) -> Found {
        self.find_as(Reader::Member, Order::Relevance, query)
    }

    fn find_as(&self, reader: Reader, order: Order, query: &str) -> Found {
        find_in(&self.site.search, self.village, reader, order, query)
    }
}

fn find_in(search: &Search, list: ListId, reader: Reader, order: Order, query: &str) -> Found {
    ask(search, list, reader, order, query, false)
}

fn ask(search: &Search, list: ListId, reader: Reader, order: Order, query: &str, nearly: bool) -> Found {
    let shelves = [Shelf { list, address: "village@lists.example.org".to_owned(), reader, from: None }];
    let wish = Wish {
        query,
        readable: &shelves,
        at_hand: &[list],
        order,
        gathered: Gathered::Posts,
        nearly,
        skip: 0,
        take: 20,
    };
    search.find(&wish).expect("an answer")
}

impl Town {
    /// As on a page: where nothing has all the words, what has nearly all of them.
    fn find_nearly(&self, query: &str) -> Found {
        ask(&self.site.search, self.village, Reader::Stranger, Order::Relevance, query, true)
    }
}

/// The names of the posts found, in their order.
fn names(found: &Found) -> Vec<String> {
    let hits = found.groups.iter().flat_map(|group| &group.hits);
    hits.map(|hit| hit.post.message_id.as_str().split('@').next().unwrap_or_default().to_owned()).collect()
}
