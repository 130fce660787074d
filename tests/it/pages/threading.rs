//! Conversations from references (RFC 5256 §3), in whatever order their posts come.

use parvis::domain::ids::ListId;

use super::site::Site;

/// One post: its id and the minute it was written in, what stands in References, and in In-Reply-To.
type Said = (&'static str, u32, &'static str, &'static str);

/// Posts, and the conversations they are: authors in reading order, how deep each stands.
const TREES: &[(&str, &[Said], &str)] = &[
    (
        "a chain",
        &[("a", 1, "", ""), ("b", 2, "a", ""), ("c", 3, "a b", ""), ("d", 4, "a b c", "")],
        "a0 b1 c2 d3",
    ),
    (
        "two answers to each",
        &[("a", 1, "", ""), ("b", 2, "a", ""), ("c", 3, "a", ""), ("d", 4, "a b", ""), ("e", 5, "a c", "")],
        "a0 b1 d2 c1 e2",
    ),
    ("In-Reply-To alone", &[("a", 1, "", ""), ("b", 2, "", "a"), ("c", 3, "", "b")], "a0 b1 c2"),
    (
        "In-Reply-To is nearer than References",
        &[("a", 1, "", ""), ("b", 2, "a", ""), ("c", 3, "a", "b")],
        "a0 b1 c2",
    ),
    ("the first is not there", &[("b", 2, "a", ""), ("c", 3, "a", ""), ("d", 4, "a c", "")], "b0 c0 d1"),
    (
        "one in the middle is not there",
        &[("a", 1, "", ""), ("c", 3, "a b", ""), ("d", 4, "a b c", "")],
        "a0 c1 d2",
    ),
    (
        "references cut at their beginning",
        &[("a", 1, "", ""), ("b", 2, "a", ""), ("d", 4, "c", ""), ("c", 3, "b", "")],
        "a0 b1 c2 d3",
    ),
    (
        "two conversations that a third post joins",
        &[("a", 1, "", ""), ("x", 2, "", ""), ("y", 3, "x", ""), ("z", 4, "a x", "")],
        "a0 x1 y2 z2",
    ),
    ("each answers the other", &[("a", 1, "b", ""), ("b", 2, "a", "")], "b0 a1"),
    ("a ring of three", &[("a", 1, "c", ""), ("b", 2, "a", ""), ("c", 3, "b", "")], "c0 a1 b2"),
    ("who answers themselves", &[("a", 1, "a", ""), ("b", 2, "a b", "")], "a0 b1"),
    ("the same subject is no answer", &[("a", 1, "", ""), ("b", 2, "", "")], "a0 | b0"),
    (
        "an answer older than what it answers",
        &[("a", 9, "", ""), ("b", 2, "a", ""), ("c", 3, "a", "")],
        "a0 b1 c1",
    ),
];

fn mail((id, minute, references, answered): &Said) -> Vec<u8> {
    let ids = |ids: &str| {
        ids.split(' ')
            .filter(|id| !id.is_empty())
            .map(|id| format!("<{id}@t.example>"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let field = |name: &str, text: &str| {
        if text.is_empty() { String::new() } else { format!("{name}: {}\r\n", ids(text)) }
    };
    format!(
        "From: Author {id} <{id}@a.example>\r\nMessage-ID: <{id}@t.example>\r\nSubject: Re: The same\r\n{}{}\
         Date: Mon, 23 Nov 2026 10:{minute:02}:00 +0000\r\n\r\nWords of {id}\r\n",
        field("References", references),
        field("In-Reply-To", answered)
    )
    .into_bytes()
}

/// Every order of so many things (Heap's algorithm, without recursion).
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut orders = vec![order.clone()];
    let mut counters = vec![0; count];
    let mut at = 0;
    while at < count {
        if counters[at] < at {
            order.swap(if at % 2 == 0 { 0 } else { counters[at] }, at);
            orders.push(order.clone());
            counters[at] += 1;
            at = 0;
        } else {
            counters[at] = 0;
            at += 1;
        }
    }
    orders
}

/// The conversations of a list as their pages show them.
fn shown(site: &Site, list: ListId, name: &str) -> String {
    let threads = site.store.reader().latest_threads(list, 0, 100).expect("readable");
    let mut shown: Vec<String> = threads
        .iter()
        .map(|thread| {
            let page = site.get(&format!("/{name}/t/{}/", thread.key)).text();
            let cards = page.split("class=\"post d").skip(1);
            let words: Vec<String> = cards
                .map(|card| {
                    let author = card.split("<bdi>Author ").nth(1).and_then(|rest| rest.split('<').next());
                    format!("{}{}", author.unwrap_or("?"), card.split('"').next().unwrap_or("?"))
                })
                .collect();
            words.join(" ")
        })
        .collect();
    shown.sort();
    shown.join(" | ")
}

#[test]
fn the_same_posts_are_the_same_conversations_in_whatever_order_they_come() {
    let site = Site::empty();
    let mut lists = 0;
    for (what, posts, wanted) in TREES {
        for order in orders(posts.len()) {
            lists += 1;
            let name = format!("l{lists}");
            let list = site.list(&format!("{name}@lists.example.org"), "Talk", &[("archive", "public")]);
            for at in &order {
                site.post(list, &mail(&posts[*at]));
            }
            let came: Vec<&str> = order.iter().map(|at| posts[*at].0).collect();
            assert_eq!(shown(&site, list, &name), *wanted, "{what}: {came:?}");
        }
    }
}
