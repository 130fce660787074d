//! Conversations set right by hand, and posts that are withdrawn, as readers find them.

use axum::http::StatusCode;
use parvis::domain::ids::{ListId, MessageId};
use parvis::flow::set_right::{self, NotRight};
use parvis::store::archive::PostSummary;
use parvis::store::event::Decider;

use super::site::{Page, Site, links};

const BY: Decider = Decider::Operator;

struct Talk {
    site: Site,
    list: ListId,
}

/// `answers` are ids, the nearest last.
fn post(n: &str, minute: u32, answers: &[&str]) -> Vec<u8> {
    let references: Vec<String> = answers.iter().map(|id| format!("<{id}@a.example>")).collect();
    let references = if references.is_empty() {
        String::new()
    } else {
        format!("References: {}\r\n", references.join(" "))
    };
    format!(
        "From: Author {n} <{n}@a.example>\r\nMessage-ID: <{n}@a.example>\r\nSubject: About {n}\r\n{references}\
         Date: Mon, 23 Nov 2026 10:{minute:02}:00 +0000\r\n\r\nWords of {n}\r\n"
    )
    .into_bytes()
}

impl Talk {
    /// `a` ← `b` ← `c`, `a` ← `d`; and `x` ← `y`.
    fn new() -> Talk {
        let site = Site::empty();
        let list = site.list("talk@lists.example.org", "Talk", &[("archive", "public")]);
        let mails = [
            post("a", 0, &[]),
            post("b", 1, &["a"]),
            post("c", 2, &["a", "b"]),
            post("d", 3, &["a"]),
            post("x", 4, &[]),
            post("y", 5, &["x"]),
        ];
        site.posts(list, &mails);
        Talk { site, list }
    }

    fn post(&self, n: &str) -> PostSummary {
        let id = MessageId::parse(&format!("{n}@a.example")).expect("an id");
        set_right::find(&self.site.desk, None, &id).expect("there")
    }

    fn says(&self, n: &str, minute: u32, answers: &[&str]) {
        self.site.post(self.list, &post(n, minute, answers));
    }

    fn thread(&self, n: &str) -> Page {
        let page = self.site.get(&format!("/talk/m/{n}%40a.example/")).text();
        let link = links(&page).into_iter().find(|link| link.contains("/t/")).expect("its conversation");
        self.site.get(&link)
    }

    /// Who stands in the conversation of a post, in reading order, by depth.
    fn shape(&self, n: &str) -> String {
        let page = self.thread(n).text();
        let posts = page.split("class=\"post d").skip(1).map(|post| {
            let depth = post.split('"').next().expect("a depth");
            let author = post.split("<bdi>Author ").nth(1).and_then(|rest| rest.split('<').next());
            format!("{}{depth}", author.unwrap_or("-"))
        });
        posts.collect::<Vec<_>>().join(" ")
    }

    /// What everybody sees, twice: as it is, and built again from the truth.
    fn check(&self, shapes: &[(&str, &str)], threads: u64) {
        for round in ["as it is", "built again"] {
            for (n, shape) in shapes {
                assert_eq!(self.shape(n), *shape, "{n} {round}");
            }
            let front = self.site.get("/talk/").text();
            let shown = links(&front).iter().filter(|link| link.contains("/t/")).count();
            let counted = self.site.store.reader().counts(self.list).expect("readable").threads;
            assert_eq!((shown as u64, counted), (threads, threads), "{round}");
            self.site.store.rebuild().expect("built");
        }
    }
}

#[test]
fn a_post_moves_with_its_answers_and_later_ones_follow() {
    let talk = Talk::new();
    talk.check(&[("a", "a0 b1 c2 d1"), ("x", "x0 y1")], 2);
    let moved = set_right::move_to(&talk.site.desk, &talk.post("b"), &talk.post("y"), BY).expect("moved");
    assert_eq!(moved, 2);
    // It is older than the conversation it answers now, and does not give it its name.
    assert!(talk.thread("x").text().contains("<h1><bdi>About x</bdi></h1>"));
    talk.check(&[("a", "a0 d1"), ("x", "x0 y1 b2 c3"), ("c", "x0 y1 b2 c3")], 2);
    // Somebody answers the moved post: its references still name the old conversation.
    talk.says("e", 6, &["a", "b", "c"]);
    talk.says("f", 7, &["a", "d"]);
    talk.check(&[("e", "x0 y1 b2 c3 e4"), ("f", "a0 d1 f2")], 2);
}

#[test]
fn a_split_conversation_stays_split() {
    let talk = Talk::new();
    let old = talk.thread("a").text();
    set_right::split(&talk.site.desk, &talk.post("b"), BY).expect("split");
    talk.check(&[("a", "a0 d1"), ("b", "b0 c1"), ("x", "x0 y1")], 3);
    talk.says("e", 6, &["a", "b"]);
    // A program that names only the first and the last.
    talk.says("f", 7, &["a", "e"]);
    talk.check(&[("a", "a0 d1"), ("f", "b0 c1 e1 f2")], 3);
    assert!(talk.thread("b").text().contains("<h1><bdi>About b</bdi></h1>"));
    assert!(old.contains("<h1><bdi>About a</bdi></h1>"));
}

#[test]
fn two_conversations_become_one_and_both_addresses_lead_there() {
    let talk = Talk::new();
    let younger = talk.site.get("/talk/").text();
    let threads: Vec<String> = links(&younger).into_iter().filter(|link| link.contains("/t/")).collect();
    set_right::join(&talk.site.desk, &talk.post("y"), &talk.post("c"), BY).expect("joined");
    talk.check(&[("a", "a0 b1 c2 d1 x0 y1"), ("y", "a0 b1 c2 d1 x0 y1")], 1);
    let found: Vec<StatusCode> = threads.iter().map(|path| talk.site.get(path).status).collect();
    assert!(found.contains(&StatusCode::OK) && found.contains(&StatusCode::FOUND), "{found:?}");
    // And apart again, from its middle.
    set_right::split(&talk.site.desk, &talk.post("x"), BY).expect("split");
    talk.check(&[("a", "a0 b1 c2 d1"), ("y", "x0 y1")], 2);
    for path in threads {
        assert_eq!(talk.site.get(&path).status, StatusCode::OK, "{path}");
    }
}

#[test]
fn the_first_post_can_go_and_the_rest_is_still_found() {
    let talk = Talk::new();
    let before = talk.site.get("/talk/").text();
    set_right::move_to(&talk.site.desk, &talk.post("x"), &talk.post("d"), BY).expect("moved");
    talk.check(&[("y", "a0 b1 c2 d1 x2 y3")], 1);
    set_right::split(&talk.site.desk, &talk.post("x"), BY).expect("split");
    for path in links(&before).into_iter().filter(|link| link.contains("/t/")) {
        assert_eq!(talk.site.get(&path).status, StatusCode::OK, "{path}");
    }
    talk.check(&[("a", "a0 b1 c2 d1"), ("x", "x0 y1")], 2);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let talk = Talk::new();
    let other = talk.site.list("other@lists.example.org", "Other", &[("archive", "public")]);
    talk.site.post(other, &post("z", 9, &[]));
    talk.site.post(other, &post("a", 9, &[]));
    let (a, b, desk) = (talk.post_of("a"), talk.post("b"), &talk.site.desk);
    let said = |result: Result<usize, NotRight>| result.expect_err("refused").to_string();
    for (said, reason) in [
        (said(set_right::move_to(desk, &b, &talk.post("c"), BY)), "an answer to itself"),
        (said(set_right::move_to(desk, &b, &b, BY)), "an answer to itself"),
        (said(set_right::move_to(desk, &b, &talk.post("z"), BY)), "different lists"),
        (said(set_right::join(desk, &b, &talk.post("c"), BY)), "already"),
        (said(set_right::split(desk, &a, BY)), "already"),
    ] {
        assert!(said.contains(reason), "{said}");
    }
    let id = MessageId::parse("a@a.example").expect("an id");
    let several = set_right::find(desk, None, &id).expect_err("two lists have it").to_string();
    assert!(several.contains("--list"), "{several}");
    talk.check(&[("b", "a0 b1 c2 d1"), ("x", "x0 y1")], 2);
}

impl Talk {
    fn post_of(&self, n: &str) -> PostSummary {
        let id = MessageId::parse(&format!("{n}@a.example")).expect("an id");
        set_right::find(&self.site.desk, Some(self.list), &id).expect("there")
    }
}

#[test]
fn a_withdrawn_post_leaves_an_honest_stub_and_nothing_else() {
    let talk = Talk::new();
    let front = talk.site.get("/talk/").text();
    let thread = links(&front)
        .into_iter()
        .find(|l| l.contains("/t/") && !talk.site.get(l).text().contains("Words of x"))
        .expect("one");
    set_right::withdraw(&talk.site.desk, &talk.post("b"), BY).expect("withdrawn");
    set_right::withdraw(&talk.site.desk, &talk.post("a"), BY).expect("withdrawn");
    for round in ["as it is", "built again"] {
        let page = talk.site.get("/talk/m/b%40a.example/");
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::GONE, "no-store"), "{round}");
        assert!(page.text().contains("retiré par la personne qui tient ce serveur"));
        assert_eq!(page.header("x-robots-tag"), "noindex");
        assert_eq!(talk.site.get("/talk/m/b%40a.example/raw").status, StatusCode::GONE);
        assert_eq!(talk.site.get("/talk/m/b%40a.example/a/1/x").status, StatusCode::GONE);
        for path in [
            "/talk/",
            "/talk/2026/11/",
            "/talk/feed.atom",
            thread.as_str(),
            &format!("{thread}mbox"),
            &format!("{thread}feed.atom"),
            "/talk/m/b%40a.example/",
            "/talk/m/c%40a.example/",
        ] {
            let page = talk.site.get(path);
            for gone in ["Author b", "About b", "Words of b", "About a", "Words of a"] {
                assert!(!page.text().contains(gone), "{path} {gone} {round}");
            }
        }
        // The answers stay where they were, and give the conversation its name.
        assert_eq!(talk.shape("c"), "-0 -1 c2 d1", "{round}");
        assert!(talk.thread("c").text().contains("<h1><bdi>About c</bdi></h1>"));
        talk.site.store.rebuild().expect("built");
    }
    let again = set_right::withdraw(&talk.site.desk, &talk.post("b"), BY);
    assert!(again.expect_err("refused").to_string().contains("already"));
}
