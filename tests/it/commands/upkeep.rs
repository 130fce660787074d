//! `parvis init`, `check` and `reindex`

use std::fs;

use serde_json::{Value, json};

use super::scene::{
    LIST, Scene, WORLDS, World, assert_shape, bare, finish, parsed, post, refused, sentence, text,
};

#[test]
fn a_fresh_installation_is_right() {
    let scene = Scene::new(World::Alone);
    let dir = scene.path("installation");
    let args =
        ["init", "--dir", &text(&dir), "--hostname", "lists.example.org", "--operator", "op@example.org"];
    let ran = finish(bare(&scene.path(""), &args), b"");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("Written: ") && ran.err.contains("Then start the server:"), "{ran:?}");
    for record in
        [" IN MX 10 lists.example.org.", "\"v=spf1 ", "parvis._domainkey.lists.example.org. ", "\"v=DMARC1; "]
    {
        assert!(ran.out.contains(record), "{record}: {}", ran.out);
    }
    assert!(
        fs::read_to_string(dir.join("parvis.toml")).unwrap().contains("hostname = \"lists.example.org\"")
    );
    let before = fs::read(dir.join("keys/dkim.pem")).unwrap();
    let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
    assert!(why.contains("exists already, and init replaces nothing"), "{why}");
    assert_eq!(fs::read(dir.join("keys/dkim.pem")).unwrap(), before);
    let why = refused(&[], &finish(bare(&scene.path(""), &["init", "--dir", "d", "--hostname", "a b"]), b""));
    assert!(why.contains("cannot be our hostname"), "{why}");

    let config = text(&dir.join("parvis.toml"));
    let checks: [&[&str]; 3] = [
        &["check", "--offline"],
        &["check", "--offline", "--store"],
        &["check", "--offline", "--store", "--json"],
    ];
    for check in checks {
        let args = [&["--config", &config][..], check].concat();
        let ran = finish(bare(&scene.path(""), &args), b"");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        if check.contains(&"--json") {
            let lines = parsed(&ran.out);
            for line in lines.as_array().unwrap() {
                assert_shape(line, "what:text good:yes detail:text mend:text|null");
            }
        } else {
            assert!(
                ran.out.lines().count() < 30 && ran.out.contains("other keys are at their defaults"),
                "{}",
                ran.out
            );
            // No TLS and no smarthost yet are told, and are no faults.
            assert!(ran.out.contains("good   TLS: without: there is no "), "{}", ran.out);
            assert!(
                ran.out.contains("good   delivery: copies go to each domain's own servers"),
                "{}",
                ran.out
            );
        }
    }
}

#[test]
fn check_says_what_is_wrong_and_what_to_write() {
    let scene = Scene::new(World::Alone);
    let config = scene.file("wrong.toml", "hostname = \"lists.example\"\nlanguage = \"de\"\n");
    let args = ["check", "--offline", "--config", &config];
    let ran = finish(bare(&scene.path(""), &args), b"");
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("wrong  configuration: cannot read "), "{ran:?}");
    assert_eq!(sentence(&args, &ran), "this installation is not right: configuration");
    let ran = finish(bare(&scene.path(""), &["check", "--offline", "--config", &config, "--json"]), b"");
    assert_eq!(parsed(&ran.out)[0]["good"], json!(false));
}

#[test]
fn check_finds_damage() {
    let scene = Scene::with_members(World::Alone);
    let file = scene.file("1.eml", post("1@x.example", "anne@members.example", "Bonjour", "intact"));
    scene.done(&["post", LIST, &file]);
    scene.done(&["check", "--offline", "--store"]);
    let folder = fs::read_dir(scene.data().join("mail"))
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .find(|p| p.is_dir() && p.file_name().is_some_and(|n| n == "1"));
    let segment = fs::read_dir(folder.expect("the list's mail")).unwrap().flatten().next().unwrap().path();
    let mail = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, mail.replace("intact", "intakt")).unwrap();
    let ran = scene.run(&["check", "--offline", "--store"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("wrong  messages: "), "{}", ran.out);
    assert_eq!(sentence(&["check"], &ran), "this installation is not right: messages");
}

fn facts(scene: &Scene) -> [Value; 4] {
    let lists = scene.json(&["list", "ls"]);
    [lists, scene.json(&["member", "ls", LIST]), scene.json(&["held", "ls"]), scene.json(&["queue", "ls"])]
}

#[test]
fn what_is_built_again_is_the_same() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        for (n, subject) in [(1, "Bonjour"), (2, "Re: Bonjour")] {
            let text = post(&format!("{n}@x.example"), "anne@members.example", subject, &n.to_string());
            scene.done(&["post", LIST, &scene.file("x.eml", text)]);
        }
        scene.done(&["list", "set", LIST, "hold_all=yes"]);
        scene.done(&[
            "post",
            LIST,
            &scene.file("x.eml", post("3@x.example", "bob@members.example", "Trois", "3")),
        ]);
        let settled = |mut facts: [Value; 4]| {
            // When something is tried next is nobody's truth while a server tries.
            for item in facts[3].as_array_mut().into_iter().flatten() {
                for key in ["next", "attempts", "last_reply"] {
                    item[key] = Value::Null;
                }
            }
            facts
        };
        let before = settled(facts(&scene));
        let again = scene.json(&["reindex"]);
        assert_eq!((&again["posts"], &again["held_back"]), (&json!(2), &json!(false)), "{world:?}");
        assert_eq!(settled(facts(&scene)), before);
        scene.done(&["check", "--offline", "--store"]);

        let words = scene.done(&["reindex", "--all"]);
        assert!(words.contains("No mail leaves until you say: parvis queue release"), "{words}");
        assert_eq!(settled(facts(&scene)), before);
        let ran = scene.run(&["check", "--offline", "--store"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(
            ran.out.contains("wrong  fence: ") && ran.out.contains("mend it: parvis queue release"),
            "{}",
            ran.out
        );
        assert_eq!(scene.json(&["queue", "release"])["was_fenced"], true);
        scene.done(&["check", "--offline", "--store"]);
    }
}
