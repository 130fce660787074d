//! `parvis search`

use super::scene::{LIST, Scene, WORLDS, assert_shape, parsed, post};

#[test]
fn words_are_found_in_both_worlds() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let file =
            scene.file("1.eml", post("1@x.example", "anne@members.example", "Le puits", "Des carottes."));
        scene.done(&["post", LIST, &file]);
        // `--json` may stand before and behind every command, also where -word may stand.
        for args in [
            &["--json", "search", LIST, "carotte"][..],
            &["search", "--json", LIST, "carotte"],
            &["search", LIST, "carotte", "--json"],
            &["search", LIST, "carotte", "--json", "-navet"],
        ] {
            let found = found(&scene, args);
            assert_eq!(found.len(), 1, "{world:?} {args:?}");
            let shape =
                "message_id:text thread:text subject:text from:text date:moment excerpt:text url:text";
            assert_shape(&found[0], shape);
            assert_eq!(found[0]["message_id"], "1@x.example");
        }
        assert!(found(&scene, &["--json", "search", LIST, "carotte", "-puits"]).is_empty());
    }
}

/// What is found; the index may be a moment behind a running server's archive.
fn found(scene: &Scene, args: &[&str]) -> Vec<serde_json::Value> {
    let words = || parsed(&scene.done(args)).as_array().unwrap().clone();
    for _ in 0..40 {
        let found = words();
        if !found.is_empty() || args.contains(&"-puits") {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    words()
}
