//! `parvis list …`

use std::fs;

use serde_json::{Value, json};

use super::scene::{LIST, Scene, WORLDS, World, assert_shape, post};

/// As interface.md names them; each is a text, as `list set` takes it.
const SETTINGS: &str = "name:text description:text promise:text language:text posting:text moderation:text joining:text \
    archive:text listed:text roster:text reply_to:text own_posts:text subject_prefix:text footer:text edits:text \
    attachments:text post_bytes_max:text digest_day:text digest_hour:text curation:text edition_days:text \
    curation_wait:text consent:text noindex:text hold_all:text pace:text retention:text until:text";
const LIST_SHAPE: &str = "address:text name:text language:text posts:number threads:number members:number held:number state:text since:moment";

#[test]
fn a_list_is_made_shown_and_changed() {
    for world in WORLDS {
        let scene = Scene::new(world);
        assert_eq!(scene.json(&["list", "ls"]), json!([]), "{world:?}");
        assert!(scene.done(&["list", "ls"]).contains("there are no lists"));
        let made = scene.json(&[
            "list",
            "create",
            "Quartier@Lists.Example",
            "--name",
            "Été",
            "--language",
            "en",
            "--animator",
            "Claire@members.example",
        ]);
        assert_eq!(
            (&made["address"], &made["name"], &made["language"]),
            (&json!(LIST), &json!("Été"), &json!("en"))
        );
        assert_eq!(made["members"], 1, "the animator is a member");
        let lists = scene.json(&["list", "ls"]);
        assert_eq!(lists.as_array().map(Vec::len), Some(1));
        let shown = scene.json(&["list", "show", LIST]);
        assert_eq!(lists[0], shown);
        assert_shape(&shown, LIST_SHAPE);
        assert_shape(&shown, SETTINGS);
        for name in ["quartier", "QUARTIER", "Quartier@LISTS.example"] {
            assert_eq!(scene.json(&["list", "show", name]), shown, "{name}");
        }
        let changed = scene.json(&[
            "list",
            "set",
            LIST,
            "archive=public",
            "footer=none",
            "promise=Une fête, par = an",
            "pace=3",
        ]);
        let expected =
            [("archive", "public"), ("footer", "none"), ("promise", "Une fête, par = an"), ("pace", "3")];
        for (key, value) in expected {
            assert_eq!(changed[key], value);
        }
        assert_eq!(scene.json(&["list", "show", LIST]), changed);
        let words = scene.done(&["list", "show", LIST]);
        assert!(
            words.contains("Who writes\n  posting         members\n") && !words.contains("Other"),
            "{words}"
        );
        let mail = scene.json(&["queue", "ls"]);
        assert_eq!(mail[0]["to"], "Claire@members.example", "one letter: {mail}");
        assert_eq!(mail.as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn presets_are_what_they_promise() {
    let scene = Scene::new(World::Alone);
    let keys = ["posting", "moderation", "joining", "archive", "listed", "roster", "reply_to"];
    let presets = [
        ("discussion", ["members", "first-post", "open", "members", "no", "animators", "list"]),
        ("announce", ["animators", "none", "open", "public", "yes", "hidden", "author"]),
        ("private", ["members", "first-post", "approval", "members", "no", "members", "list"]),
    ];
    for (preset, expected) in presets {
        let made = scene.json(&["list", "create", &format!("{preset}@lists.example"), "--preset", preset]);
        let found: Vec<&str> = keys.iter().filter_map(|key| made[*key].as_str()).collect();
        assert_eq!(found, expected, "{preset}");
    }
}

#[test]
fn what_a_list_cannot_be() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        let before = scene.json(&["list", "ls"]);
        let cases: [(&[&str], &str); 14] = [
            (
                &["list", "create", "x"],
                "cannot make the list x: \"x\" is not an address: write it as quartier@lists.example.org",
            ),
            (&["list", "create", LIST], "cannot make the list quartier@lists.example: it is there already"),
            (
                &["list", "create", "postmaster@lists.example"],
                "cannot make the list postmaster@lists.example: ",
            ),
            (&["list", "create", "quartier-stop@lists.example"], "would be read as an address of the other"),
            (
                &["list", "create", "b@lists.example", "--animator", "nobody"],
                "cannot make the list b@lists.example: \"nobody\" cannot be an animator: an address is written name@domain",
            ),
            (&["list", "show", "nolist"], "cannot show nolist: there is no list nolist"),
            (
                &["list", "show", "quartier@other.example"],
                "cannot show quartier@other.example: there is no list quartier@other.example",
            ),
            (
                &["list", "set", LIST, "archve=public"],
                "cannot change quartier@lists.example: a list has no setting \"archve\"; did you mean archive?",
            ),
            (
                &["list", "set", LIST, "archive=secret"],
                "archive cannot be \"secret\": it takes public, members, none",
            ),
            (&["list", "set", LIST, "digest_hour=25"], "digest_hour cannot be \"25\""),
            (&["list", "set", LIST, "archive=public", "footer=long"], "footer cannot be \"long\""),
            (&["list", "close", "nolist"], "cannot close nolist: there is no list nolist"),
            (
                &["list", "reopen", "nolist@lists.example"],
                "cannot reopen nolist@lists.example: there is no list nolist@lists.example",
            ),
            (&["list", "remove", "nolist", "--yes"], "cannot remove nolist: there is no list nolist"),
        ];
        for (args, said) in cases {
            let why = scene.refused(args);
            assert!(why.contains(said), "{world:?} {args:?}: {why}");
        }
        assert_eq!(scene.json(&["list", "ls"]), before, "nothing was changed, and nothing half");
    }
}

#[test]
fn a_closed_list_takes_neither_posts_nor_members() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let file = scene.file("post.eml", post("1@x.example", "anne@members.example", "Bonjour", "x"));
        assert_eq!(scene.json(&["list", "close", LIST])["state"], "closed");
        assert_eq!(scene.json(&["list", "close", LIST])["state"], "closed", "twice is once");
        let why = scene.refused(&["post", LIST, &file]);
        assert!(why.starts_with("cannot post to quartier@lists.example: the door says 550 5.7.1 "), "{why}");
        let closed = "quartier@lists.example is closed; parvis list reopen opens it again";
        let why = scene.refused(&["member", "add", LIST, "c@members.example"]);
        assert_eq!(why, format!("cannot add c@members.example to {LIST}: {closed}"));
        let csv = scene.file("m.csv", "email\nc@members.example\n");
        assert_eq!(
            scene.refused(&["member", "import", LIST, &csv]),
            format!("cannot add members to {LIST}: {closed}")
        );
        assert_eq!(scene.json(&["list", "show", LIST])["members"], 2);
        assert_eq!(scene.json(&["list", "reopen", LIST])["state"], "open");
        scene.done(&["post", LIST, &file]);
        scene.done(&["member", "add", LIST, "c@members.example"]);
    }
}

#[test]
fn removing_asks_exports_and_can_be_taken_back() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let file = scene.file("post.eml", post("1@x.example", "anne@members.example", "Bonjour", "Ça va ?"));
        scene.done(&["post", LIST, &file]);
        let before = scene.json(&["list", "show", LIST]);
        let why = scene.refused(&["list", "remove", LIST]);
        assert_eq!(why, format!("cannot remove {LIST}: say --yes to remove a list with all it holds"));
        assert_eq!(scene.json(&["list", "show", LIST]), before);
        assert!(!scene.data().join("removed").exists());

        let removed = scene.json(&["list", "remove", LIST, "--yes"]);
        let export = removed["exported"].as_str().map(std::path::PathBuf::from).unwrap();
        assert!(export.starts_with(scene.data().join("removed")), "{export:?}");
        let archive = fs::read_to_string(export.join("archive.mbox")).unwrap();
        assert!(archive.contains("Ça va ?"));
        assert!(fs::read_to_string(export.join("members.csv")).unwrap().contains("anne@members.example"));
        assert!(export.join("manifest.json").exists());

        assert_eq!(scene.json(&["list", "ls"]), json!([]));
        assert_eq!(scene.json(&["member", "show", "anne@members.example"])["lists"], json!([]));
        assert!(scene.refused(&["list", "show", LIST]).contains("there is no list"));
        assert!(scene.refused(&["post", LIST, &file]).contains("there is no list"));
        let why = scene.refused(&["list", "create", LIST]);
        assert!(why.contains("it was removed, and is kept for 30 days"), "{why}");

        scene.done(&["list", "reopen", LIST]);
        let counts = |list: &Value| ["posts", "threads", "members"].map(|key| list[key].clone());
        assert_eq!(counts(&scene.json(&["list", "show", LIST])), counts(&before));
        scene.done(&["list", "remove", LIST, "--yes"]);
        assert_eq!(fs::read_dir(scene.data().join("removed")).unwrap().count(), 2);
    }
}
