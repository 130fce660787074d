//! `parvis drill`: a backup is good, or what differs is named exactly.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::scene::{LIST, Ran, Scene, WORLDS, World, assert_shape, parsed, post, text};
use crate::sink::Sink;

fn lived_in(world: World) -> Scene {
    let scene = Scene::with_members(world);
    scene.done(&["list", "set", LIST, "archive=public"]);
    for n in 1..=3 {
        write_in(&scene, n);
    }
    scene
}

fn write_in(scene: &Scene, n: u32) {
    let text =
        post(&format!("{n}@x.example"), "anne@members.example", &format!("Numéro {n}"), "texte entier");
    scene.done(&["post", LIST, &scene.file("x.eml", text)]);
}

fn drill(scene: &Scene, file: &Path, more: &[&str]) -> (Ran, Value) {
    let file = text(file);
    let ran = scene.run(&[&["drill", &file, "--json"][..], more].concat());
    let said = parsed(&ran.out);
    assert_shape(&said, "good:yes differs:list younger:list of:moment path:text");
    assert!(said["seconds"].is_number(), "{said}");
    assert_eq!(ran.code, if said["good"] == json!(true) { 0 } else { 1 }, "{ran:?}");
    let differs = said["differs"].as_array().unwrap().len();
    assert_eq!(differs == 0, said["good"] == json!(true), "{said}");
    assert_eq!(
        ran.err.starts_with("parvis: the backup does not give everything back: "),
        differs > 0,
        "{ran:?}"
    );
    // It leaves nothing behind.
    let left = fs::read_dir(scene.data()).unwrap().flatten();
    let left: Vec<_> = left.filter(|e| e.file_name().to_string_lossy().starts_with(".drill")).collect();
    assert!(left.is_empty(), "{left:?}");
    (ran, said)
}

fn differs(said: &Value) -> Vec<String> {
    said["differs"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fresh_backup_is_good_and_what_came_since_is_named() {
    for world in WORLDS {
        let scene = lived_in(world);
        let file = scene.path("all.tar.zst");
        scene.done(&["backup", &text(&file)]);
        let (_, said) = drill(&scene, &file, &[]);
        assert_eq!((&said["good"], &said["posts"], &said["members"]), (&json!(true), &json!(3), &json!(2)));
        assert!(said["pages"].as_u64() >= Some(6), "{world:?}: {said}");

        write_in(&scene, 4);
        scene.done(&["member", "add", LIST, "claire@members.example", "--no-welcome"]);
        scene.done(&["list", "set", LIST, "promise=Peu"]);
        let (_, said) = drill(&scene, &file, &[]);
        let found = differs(&said).join("\n");
        for part in ["<4@x.example>", "claire@members.example, member of", ", promise: "] {
            assert!(found.contains(part), "{part}: {found}");
        }
        let (_, said) = drill(&scene, &file, &["--as-of-backup"]);
        assert_eq!(said["good"], json!(true), "{said}");
        assert!(said["younger"].as_array().unwrap().len() >= 3, "{said}");

        // What waited in the backup and was let go since is the same message.
        scene.done(&["list", "set", LIST, "hold_all=yes"]);
        write_in(&scene, 5);
        scene.done(&["backup", &text(&file)]);
        let held = scene.json(&["held", "ls"])[0]["id"].as_str().unwrap().to_owned();
        scene.done(&["held", "accept", &held]);
        let (_, said) = drill(&scene, &file, &["--as-of-backup"]);
        assert_eq!(said["good"], json!(true), "{world:?}: {said}");
    }
}

/// Makes a copy by hand without something, and drills it.
fn without(change: impl Fn(&Path)) -> Vec<String> {
    let scene = lived_in(World::Alone);
    let copy = scene.path("copy");
    let copied = Command::new("cp").arg("-a").arg(scene.data()).arg(&copy).status().unwrap();
    assert!(copied.success());
    change(&copy);
    let (_, said) = drill(&scene, &copy, &[]);
    differs(&said)
}

fn rewrite(path: &Path, change: impl Fn(&str) -> String) {
    let before = fs::read_to_string(path).unwrap();
    let after = change(&before);
    assert_ne!(before, after, "{}", path.display());
    fs::write(path, after).unwrap();
}

#[test]
fn what_a_backup_lacks_is_named_exactly() {
    // One post.
    let found = without(|copy| {
        rewrite(&copy.join("mail/1/000001.mbox"), |mail| mail.replacen("texte entier", "texte éteint", 1));
    });
    assert!(found.iter().any(|one| one.contains("message 1") && one.contains("<1@x.example>")), "{found:?}");
    // One member: the line that they joined.
    let found = without(|copy| {
        rewrite(&copy.join("journal/000001.jsonl"), |journal| {
            let kept = journal
                .lines()
                .filter(|l| !(l.contains("\"what\":\"member\"") && l.contains("\"person\":2")));
            kept.map(|line| format!("{line}\n")).collect()
        });
    });
    assert!(found.iter().any(|one| one.starts_with("bob@members.example, member of ")), "{found:?}");
    // One setting.
    let found = without(|copy| {
        rewrite(&copy.join("journal/000001.jsonl"), |journal| {
            let kept = journal.lines().filter(|l| !l.contains("\"cause\":\"settings\""));
            kept.map(|line| format!("{line}\n")).collect()
        });
    });
    assert!(found.iter().any(|one| one.contains("quartier@lists.example, archive: ")), "{found:?}");
}

#[test]
fn one_byte_another_is_named_with_its_file() {
    let scene = lived_in(World::Alone);
    let folder = scene.path("copies");
    let path = scene.json(&["backup", "--to", &text(&folder)])["path"].as_str().unwrap().to_owned();
    for file in ["mail/1/000001.mbox", "people/000001.jsonl", "journal/000001.jsonl", "keys/token.key"] {
        let target = Path::new(&path).join(file);
        let good = fs::read(&target).unwrap();
        let mut bad = good.clone();
        let at = good.len() / 2;
        bad[at] ^= 1;
        fs::write(&target, &bad).unwrap();
        let (_, said) = drill(&scene, &folder, &[]);
        let found = differs(&said);
        assert!(found.iter().any(|one| one.starts_with(&format!("{file} is damaged"))), "{file}: {found:?}");
        fs::write(&target, &good).unwrap();
    }
    let (_, said) = drill(&scene, &folder, &[]);
    assert_eq!(said["good"], json!(true), "{said}");
    // Another setting of the server's own.
    rewrite(&scene.path("parvis.toml"), |text| format!("language = \"en\"\n{text}"));
    let (_, said) = drill(&scene, &folder, &[]);
    assert!(differs(&said).iter().any(|one| one.starts_with("setting language: ")), "{said}");
}

#[test]
fn the_page_is_printed_mailed_and_says_how_to_come_back() {
    let sink = Sink::open();
    let scene = Scene::with_route(World::Alone, &format!("smtp://{}", sink.address));
    rewrite(&scene.path("parvis.toml"), |text| {
        format!("operator = \"op@ops.example\"\nlanguage = \"en\"\n{text}")
    });
    scene.done(&["list", "create", LIST]);
    let file = scene.path("all.tar.zst");
    scene.done(&["backup", &text(&file)]);
    let page = scene.done(&["drill", &text(&file)]);
    for part in [
        "Rehearsed: lists.example can come back",
        "nothing differs",
        &format!("parvis restore {} --dir ", text(&file)),
        "queue release --newer-than ",
        "lists.example. 3600 IN A ",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let got = sink.got();
    let mailed: Vec<_> = got.iter().filter(|one| one.recipient == "op@ops.example").collect();
    assert_eq!(mailed.len(), 1, "{got:?}");
    // Nothing else left.
    assert_eq!(got.len(), 1);
}
