//! `parvis post`, `held` and `trace`

use serde_json::{Value, json};

use super::scene::{LIST, Scene, WORLDS, World, assert_shape, done, parsed, post, refused};

fn events<'a>(trace: &'a Value, key: &str) -> Vec<&'a str> {
    trace["events"].as_array().into_iter().flatten().map(|event| event[key].as_str().unwrap_or("-")).collect()
}

#[test]
fn a_post_is_taken_refused_and_traced() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let file = scene.file(
            "1.eml",
            post("1@x.example", "Anne <ANNE@members.example>", "=?utf-8?q?F=C3=AAte?=", "Bonjour"),
        );
        assert_eq!(scene.json(&["post", LIST, &file])["message_id"], "1@x.example");
        // The same again, with the line ends of the wire, from standard input.
        let wire = post("1@x.example", "Anne <ANNE@members.example>", "=?utf-8?q?F=C3=AAte?=", "Bonjour")
            .replace('\n', "\r\n");
        let args = ["post", LIST, "-"];
        done(&args, scene.feed(&args, wire.as_bytes()));
        let list = scene.json(&["list", "show", LIST]);
        assert_eq!((&list["posts"], &list["threads"]), (&json!(1), &json!(1)), "{world:?}");
        // The same words under another id are another post.
        let twin = wire.replace("1@x.example", "2@x.example");
        done(&args, scene.feed(&args, twin.as_bytes()));
        assert_eq!(scene.json(&["list", "show", LIST])["posts"], 2);

        let trace = scene.json(&["trace", "<1@x.example>"]);
        assert_shape(&trace, "message_id:text events:list");
        assert_eq!(trace["message_id"], "1@x.example");
        for event in trace["events"].as_array().unwrap() {
            assert_shape(event, "at:moment what:text post:text list:text");
        }
        let what = events(&trace, "what");
        assert_eq!(what[..2], ["received from parvis post", "published"]);
        let mut owed: Vec<&str> = events(&trace, "to").into_iter().filter(|to| *to != "-").collect();
        owed.sort_unstable();
        owed.dedup();
        assert_eq!(owed, ["anne@members.example", "bob@members.example"], "{trace:#}");
        assert!(scene.done(&["trace", "1@x.example"]).contains("  published  for quartier@lists.example\n"));

        let stranger = post("3@x.example", "eve@strangers.example", "Achetez", "x");
        let why = refused(&args, &scene.feed(&args, stranger.as_bytes()));
        assert!(
            why.starts_with(&format!("cannot post to {LIST}: the door says 550 5.7.1 Ce groupe est reserve")),
            "{why}"
        );
        assert_eq!(
            scene.refused(&["trace", "3@x.example"]),
            "cannot trace 3@x.example: no message of this id came here, or it was not kept"
        );
        assert!(scene.refused(&["trace", "a b"]).contains("it is no Message-ID"));
        assert!(refused(&args, &scene.feed(&args, b"")).starts_with(&format!("cannot post to {LIST}: ")));
        assert_eq!(
            scene.refused(&["post", LIST, "/nowhere.eml"]),
            "cannot read /nowhere.eml: No such file or directory"
        );
        assert!(
            scene.refused(&["post", LIST, &file, "--sender", "me"]).contains("\"me\" cannot be a sender")
        );
    }
}

const HELD_SHAPE: &str = "id:text list:text from:text subject:text reason:text at:moment";

fn held_one(scene: &Scene, id: &str, subject: &str) -> String {
    let text = post(id, "anne@members.example", subject, "Voilà.\n\u{1b}[31mrouge");
    scene.done(&["post", LIST, &scene.file("held.eml", text)]);
    let held = scene.json(&["held", "ls", LIST]);
    let item = held.as_array().and_then(|held| held.last()).expect("it waits");
    assert_shape(item, HELD_SHAPE);
    item["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_waits_is_read_and_decided_once() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        scene.done(&["list", "set", LIST, "moderation=all"]);
        scene.done(&["list", "create", "autre@lists.example"]);
        assert_eq!(scene.done(&["held", "ls"]), "nothing waits\n");
        let id = held_one(&scene, "1@x.example", "=?utf-8?q?F=C3=AAte?=");
        assert_eq!(scene.json(&["list", "show", LIST])["held"], 1);
        assert_eq!(scene.json(&["held", "ls"]), scene.json(&["held", "ls", LIST]));
        assert_eq!(scene.json(&["held", "ls", "autre"]), json!([]));
        let shown = scene.json(&["held", "show", &id]);
        assert_shape(&shown, HELD_SHAPE);
        assert_eq!((&shown["subject"], &shown["from"]), (&json!("Fête"), &json!("anne@members.example")));
        let words = scene.done(&["held", "show", &id]);
        assert!(words.contains("Subject  Fête\n") && words.contains("\nVoilà.\n[31mrouge\n"), "{words:?}");
        assert!(words.contains(&format!("parvis held accept {id}")));

        assert_eq!(scene.json(&["held", "accept", &id]), json!({ "id": id, "became": "published" }));
        let twice = "it does not wait any more: it has gone out already";
        assert_eq!(scene.refused(&["held", "refuse", &id]), format!("cannot refuse {id}: {twice}"));
        assert_eq!(scene.refused(&["held", "show", &id]), format!("cannot show {id}: {twice}"));

        let id = held_one(&scene, "2@x.example", "Deux");
        scene.done(&["held", "refuse", &id, "--reason", "Merci, mais non."]);
        assert!(scene.refused(&["held", "accept", &id]).ends_with("it was refused already"));
        let trace = scene.json(&["trace", "2@x.example"]);
        let decided = &trace["events"][1];
        assert_eq!(
            (&decided["what"], &decided["by"], &decided["words"]),
            (&json!("refused"), &json!("the operator"), &json!("Merci, mais non."))
        );

        let id = held_one(&scene, "3@x.example", "Trois");
        scene.done(&["held", "discard", &id]);
        assert!(scene.refused(&["held", "discard", &id]).ends_with("it was put away already"));
        assert_eq!(scene.json(&["held", "ls"]), json!([]));
        assert_eq!(scene.json(&["list", "show", LIST])["posts"], 1);

        let waiting = held_one(&scene, "4@x.example", "Quatre");
        assert_eq!(
            events(&scene.json(&["trace", "4@x.example"]), "what"),
            ["received from parvis post", "held"]
        );
        for (command, id, why) in [
            ("accept", "999", "nothing waits under this number"),
            ("show", "x", "it is not a number; parvis held ls shows them"),
        ] {
            assert_eq!(scene.refused(&["held", command, id]), format!("cannot {command} {id}: {why}"));
        }
        scene.done(&["held", "accept", &waiting]);
    }
}

#[test]
fn nothing_is_asked() {
    // Everything that could want a word more gets the end of its input instead, and still ends.
    let scene = Scene::with_list(World::Alone);
    for args in [&["list", "remove", LIST][..], &["member", "import", LIST, "-"], &["post", LIST, "-"]] {
        let ran = scene.feed(args, b"");
        assert_eq!(ran.code, 1, "{args:?}: {ran:?}");
    }
    assert_eq!(parsed(&scene.done(&["held", "ls", "--json"])), json!([]));
}
