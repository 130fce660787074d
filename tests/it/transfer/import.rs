//! Archives put into a list.

use std::io::Write;

use expect_test::expect;
use parvis::domain::ids::PostId;
use parvis::domain::time::Timestamp;
use parvis::flow::import::sources::{maildir_items, mbox_items};
use parvis::flow::import::{Imported, Item, Message, Run, SourceFault, StopCause, UnreadableMessage};
use parvis::store::StoreError;
use proptest::prelude::*;

use super::scene::{Scene, entry, fixtures, items, mailbox, python_counts};

fn summary(imported: &Imported) -> (u64, u64, u64, u64) {
    let Imported { messages, imported: new, duplicates, unreadable: _, unreadable_unnamed: _ } = imported;
    assert_eq!(*messages, new + duplicates + imported.unreadable_count());
    (*messages, *new, *duplicates, imported.unreadable_count())
}

#[test]
fn every_mailbox_is_counted_as_python_counts_it_and_twice_is_once() {
    for (name, mbox) in fixtures() {
        let crlf = mbox.split(|b| *b == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        let scene = Scene::new();
        let list = scene.list("quartier");
        if name == "not-a-mailbox" {
            let stopped = scene.try_import(&list, items(&mbox), Run::Real).expect_err("no mailbox");
            assert!(stopped.to_string().contains("this is not a mailbox"), "{stopped}");
            continue;
        }
        let dry = scene.try_import(&list, items(&mbox), Run::Dry).expect("looked at");
        assert_eq!(scene.posts(&list), 0, "{name}");
        let first = scene.import(&list, &mbox);
        assert_eq!(first, dry, "{name}");
        assert_eq!(first.messages, python_counts(&mbox), "{name}");
        assert_eq!(scene.posts(&list), first.imported, "{name}");
        // Where lengths are told, other line ends make them wrong.
        let others = if name.starts_with("mboxcl") { vec![&mbox] } else { vec![&mbox, &crlf] };
        for again in others {
            let again = scene.import(&list, again);
            assert_eq!(
                summary(&again),
                (first.messages, 0, first.messages - first.unreadable_count(), first.unreadable_count()),
                "{name}"
            );
        }
        assert_eq!(scene.posts(&list), first.imported, "{name}");
        scene.assert_silence();
    }
}

#[test]
fn compressed_mailboxes_are_opened() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&mailbox(7)).expect("memory");
    let gzip = gzip.finish().expect("memory");
    let path = scene.beside("2015.mbox.gz");
    std::fs::write(&path, &gzip).expect("written");
    let imported = scene.try_import(&list, mbox_items(&path).expect("there"), Run::Real).expect("imported");
    assert_eq!(summary(&imported), (7, 7, 0, 0));
    let zstd = zstd::encode_all(&mailbox(9)[..], 1).expect("memory");
    assert_eq!(summary(&scene.import(&list, &zstd)), (9, 2, 7, 0));
    let stopped = scene.try_import(&list, items(&gzip[..gzip.len() / 2]), Run::Real).expect_err("cut off");
    assert!(matches!(stopped.cause, StopCause::Source(_)), "{stopped}");
    for (path, why) in [(scene.beside("absent"), "No such file"), (scene.data(), "it is a folder")] {
        let fault = mbox_items(&path).err().expect("no mailbox");
        assert!(fault.to_string().contains(why), "{fault}");
    }
}

#[test]
fn messages_keep_their_order_sender_and_date() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let bare = "From - \nReceived: from a by b; Fri, 2 Jan 2015 08:00:00 +0000\nReceived: from c by a; Thu, 1 Jan 2015 08:00:00 +0000\nSubject: traced\n\nx\n\n\
        From someone\nSubject: dated\nDate: Sat, 3 Jan 2015 08:00:00 +0000\n\nx\n\n\
        From someone\nSubject: of no day\n\nx\n\n\
        From ahead@writers.example Thu Jan  1 10:00:00 2099\nSubject: ahead of us\n\nx\n";
    let mbox = [&mailbox(1500)[..], bare.as_bytes()].concat();
    assert_eq!(summary(&scene.import(&list, &mbox)), (1504, 1504, 0, 0));
    let store = scene.store();
    let posts = store.posts(PostId(0), usize::MAX).expect("read");
    for (n, info) in (1u32..).zip(&posts[..1500]) {
        let kept = store.kept_mail(info).expect("whole");
        assert_eq!(kept.sender, format!("writer{n}@writers.example"));
        let shown = store.reader().post(info.id).expect("read").expect("published");
        assert_eq!(shown.subject, format!("number {n}"));
        assert!(kept.raw.ends_with(format!("\nFrom here on: {n}.\n").as_bytes()));
    }
    let told = Timestamp::parse_rfc3339("2015-01-02T10:00:00Z").expect("valid");
    assert_eq!(posts[0].received, told);
    let rest: Vec<String> = posts[1500..].iter().map(|info| info.received.to_string()).collect();
    assert_eq!(
        rest,
        ["2015-01-02T08:00:00Z", "2015-01-03T08:00:00Z", "2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"]
    );
    assert_eq!(store.kept_mail(&posts[1500]).expect("whole").sender, "");
}

#[test]
fn an_import_that_was_stopped_goes_on_where_it_was() {
    const ALL: u32 = 1300;
    let mbox = mailbox(ALL);
    for stop in [0, 1, 300, 512, 513, 1024, 1299] {
        let mut scene = Scene::new();
        let list = scene.list("quartier");
        let broken = Err(SourceFault("somebody pulled the plug".to_owned()));
        let some = items(&mbox).take(stop).chain([broken]).chain(items(&mbox));
        let stopped = scene.try_import(&list, some, Run::Real).expect_err("stopped");
        assert_eq!(stopped.to_string(), "somebody pulled the plug");
        assert_eq!(summary(&stopped.so_far), (stop as u64, stop as u64, 0, 0));
        scene.reopen(0);
        assert_eq!(scene.posts(&list), stop as u64);
        let numbers = scene.store().reader().post_numbers(list.id).expect("read");
        assert_eq!(numbers.len(), stop);
        let rest = scene.import(&list, &mbox);
        assert_eq!(summary(&rest), (1300, 1300 - stop as u64, stop as u64, 0));
        assert_eq!(scene.posts(&list), u64::from(ALL));
        let subjects: Vec<String> = scene
            .store()
            .reader()
            .post_numbers(list.id)
            .expect("read")
            .into_iter()
            .map(|post| scene.store().reader().post(post).expect("read").expect("published").subject)
            .collect();
        assert_eq!(subjects, (1..=ALL).map(|n| format!("number {n}")).collect::<Vec<_>>());
    }
}

#[test]
fn a_store_that_takes_no_more_says_what_it_has() {
    let mut scene = Scene::new();
    let list = scene.list("quartier");
    scene.import(&list, &mailbox(3));
    scene.reopen(u64::MAX);
    let stopped = scene.try_import(&list, items(&mailbox(5)), Run::Real).expect_err("no room");
    assert!(matches!(stopped.cause, StopCause::Store(StoreError::Full)), "{stopped}");
    assert_eq!(summary(&stopped.so_far), (0, 0, 0, 0));
    assert_eq!(
        summary(&scene.try_import(&list, items(&mailbox(5)), Run::Dry).expect("looked at")),
        (5, 2, 3, 0)
    );
}

#[test]
fn what_cannot_be_taken_is_named_and_stops_nothing() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let mbox = format!(
        "{}From x Thu Jan  1 10:00:00 2015\n\n{}From x Thu Jan  1 10:00:00 2015\n\n\n\n{}From x Thu Jan  1 10:00:00 2015\nno header at all\n\n{}",
        entry(1),
        entry(2),
        entry(3),
        entry(4)
    );
    let huge = Message { n: 9, raw: vec![b'a'; (64 << 20) + 1], sender: String::new(), dated: None };
    let items = items(mbox.as_bytes()).chain([
        Ok(Item::Unreadable(UnreadableMessage { n: 8, why: "told by whoever reads".to_owned() })),
        Ok(Item::Message(huge)),
        Ok(Item::Message(Message { n: 10, raw: entry(5).into_bytes(), sender: String::new(), dated: None })),
    ]);
    let imported = scene.try_import(&list, items, Run::Real).expect("imported");
    assert_eq!(summary(&imported), (10, 5, 0, 5));
    let named: String = imported.unreadable.iter().map(|u| format!("{} {}\n", u.n, u.why)).collect();
    expect![[r#"
        2 nothing below the "From " line: the file was cut off here, or the message lost
        4 it is empty
        6 no header field, so nothing says who wrote it, when, about what
        8 told by whoever reads
        9 larger than 64 MiB
    "#]]
    .assert_eq(&named);
    let json = serde_json::to_value(&imported).expect("plain");
    assert_eq!(json["unreadable"][1], serde_json::json!({ "n": 4, "why": "it is empty" }));
    assert!(json.get("unreadable_unnamed").is_none());
}

#[test]
fn one_id_with_two_texts_is_two_posts() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let other = entry(1).replace("Hello,", "Hello again,");
    let traced = entry(1).replace("Subject", "Received: by x\nX-Spam: no\nSubject");
    let mbox = [entry(1), other, traced, entry(1)].concat();
    assert_eq!(summary(&scene.import(&list, mbox.as_bytes())), (4, 2, 2, 0));
    assert_eq!(scene.posts(&list), 2);
    // Another list has none of them.
    assert_eq!(summary(&scene.import(&scene.list("jardin"), mbox.as_bytes())), (4, 2, 2, 0));
}

#[test]
fn nobody_is_written_to() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.member(&list, "writer1@writers.example", &[]);
    scene.member(&list, "reader@readers.example", &[("reading", "each")]);
    scene.member(&list, "keeper@readers.example", &[("role", "animator")]);
    let before = scene.history().len();
    scene.import(&list, &mailbox(40));
    scene.assert_silence();
    assert_eq!(scene.store().undecided().expect("read"), []);
    assert!(scene.history()[before..].iter().all(|event| event["what"] == "imported"));
}

#[test]
fn a_dry_run_changes_nothing() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.import(&list, &mailbox(2));
    let before = scene.history();
    let next = scene.store().next_post();
    let mbox = [mailbox(5), mailbox(5)].concat();
    assert_eq!(summary(&scene.try_import(&list, items(&mbox), Run::Dry).expect("looked at")), (10, 3, 7, 0));
    assert_eq!(scene.history(), before);
    assert_eq!(scene.store().next_post().0, next.0 + 1);
}

#[test]
fn a_maildir_is_read() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let maildir = scene.beside("Maildir");
    for folder in ["new", "cur", "tmp", "cur/folder"] {
        std::fs::create_dir_all(maildir.join(folder)).expect("made");
    }
    let message = |n: u32| format!("Return-Path: <envelope{n}@writers.example>\nSubject: {n}\n\nx{n}\n");
    for (file, text) in [
        ("cur/1420100003.a.host:2,S", message(3)),
        ("new/1420100001.b.host", message(1)),
        ("new/1420100002.c.host", message(2)),
        // Seen while somebody reads: in both, and counted once.
        ("cur/1420100002.c.host:2,", message(2)),
        ("cur/1420100004.d.host:2,S", String::new()),
        (
            "cur/1420100005.e.host:2,S",
            format!("From x@writers.example Fri Jan  2 10:00:00 2015\n{}", message(5)),
        ),
        ("tmp/1420100006.f.host", message(6)),
        ("cur/.hidden", message(7)),
    ] {
        std::fs::write(maildir.join(file), text).expect("written");
    }
    let imported =
        scene.try_import(&list, maildir_items(&maildir).expect("one"), Run::Real).expect("imported");
    assert_eq!(summary(&imported), (5, 4, 0, 1));
    assert_eq!(imported.unreadable[0], UnreadableMessage { n: 4, why: "it is empty".to_owned() });
    let store = scene.store();
    let told: Vec<String> = store
        .posts(PostId(0), 9)
        .expect("read")
        .iter()
        .map(|info| format!("{} {}", store.kept_mail(info).expect("whole").sender, info.received))
        .collect();
    assert_eq!(
        told,
        [
            "envelope1@writers.example 2015-01-01T08:13:21Z",
            "envelope2@writers.example 2015-01-01T08:13:22Z",
            "envelope3@writers.example 2015-01-01T08:13:23Z",
            "x@writers.example 2015-01-02T10:00:00Z",
        ]
    );
    let again = scene.try_import(&list, maildir_items(&maildir).expect("one"), Run::Real).expect("imported");
    assert_eq!(summary(&again), (5, 0, 4, 1));
    assert!(maildir_items(&scene.data()).is_err());
}

#[test]
fn progress_is_told() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let mut told = Vec::new();
    let mut progress = |so_far: &Imported| told.push(so_far.messages);
    parvis::flow::import::import(
        scene.store(),
        list.id,
        super::scene::at(0),
        items(&mailbox(2000)),
        Run::Real,
        &mut progress,
    )
    .expect("imported");
    assert!(told.len() >= 4 && told.is_sorted() && told.last() == Some(&2000), "{told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_a_mailbox_holds_it_adds_up(
        lines in prop::collection::vec("(From |>From |From: a@b.example|Subject: x|Content-Length: 9|Date: now||\\PC{0,12}|From x Thu Jan  1 10:00:00 2015)\r?", 0..60)
    ) {
        let mbox = format!("From x\n{}\n", lines.join("\n"));
        let scene = Scene::new();
        let list = scene.list("quartier");
        let first = scene.import(&list, mbox.as_bytes());
        prop_assert_eq!(first.messages, python_counts(mbox.as_bytes()));
        prop_assert_eq!(scene.posts(&list), first.imported);
        let again = scene.import(&list, mbox.as_bytes());
        prop_assert_eq!(summary(&again), (first.messages, 0, first.imported + first.duplicates, first.unreadable_count()));
    }
}
