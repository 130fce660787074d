//! `parvis backup` and `restore`: everything comes back, and sends nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::scene::{LIST, Ran, Scene, WORLDS, World, bare, done, finish, parsed, post, refused, text};

/// Two members, two posts that are owed, one that waits, a setting that is no default.
fn lived_in(world: World) -> Scene {
    let scene = Scene::with_members(world);
    for (n, subject) in [(1, "Bonjour"), (2, "Re: Bonjour")] {
        write_in(&scene, n, subject);
    }
    scene.done(&["list", "set", LIST, "hold_all=yes", "promise=Jamais plus de trois par jour"]);
    write_in(&scene, 3, "Trois");
    scene
}

fn write_in(scene: &Scene, n: u32, subject: &str) {
    let text = post(&format!("{n}@x.example"), "anne@members.example", subject, &format!("texte {n}"));
    scene.done(&["post", LIST, &scene.file("x.eml", text)]);
}

/// What one can see, but for when copies are tried next.
fn facts(ask: impl Fn(&[&str]) -> Value) -> Vec<Value> {
    let mut facts: Vec<Value> = [
        &["list", "ls"][..],
        &["member", "ls", LIST],
        &["held", "ls"],
        &["person", "show", "anne@members.example"],
        &["queue", "ls"],
    ]
    .into_iter()
    .map(ask)
    .collect();
    for item in facts[4].as_array_mut().into_iter().flatten() {
        for key in ["next", "attempts", "last_reply"] {
            item[key] = Value::Null;
        }
    }
    facts
}

/// A restored server, by its own configuration.
struct Back {
    dir: PathBuf,
}

impl Back {
    fn run(&self, args: &[&str]) -> Ran {
        let config = text(&self.dir.join("parvis.toml"));
        finish(bare(Path::new("/"), &[&["--config", &config][..], args].concat()), b"")
    }

    fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        parsed(&done(&args, self.run(&args)))
    }
}

fn restore(scene: &Scene, from: &Path, name: &str, more: &[&str]) -> (Back, Value) {
    let dir = scene.path(name);
    let (from, into) = (text(from), text(&dir));
    let args = [&["restore", &from, "--dir", &into, "--json"][..], more].concat();
    let said = parsed(&done(&args, finish(bare(&scene.path(""), &args), b"")));
    if !dir.join("parvis.toml").exists() {
        let config = fs::read_to_string(scene.path("parvis.toml")).unwrap();
        let config = config.replace("data_dir = \"data\"", &format!("data_dir = {:?}", text(&dir)));
        fs::write(dir.join("parvis.toml"), config).unwrap();
    }
    (Back { dir }, said)
}

fn comes_back(scene: &Scene, from: &Path, name: &str) -> Back {
    let (back, said) = restore(scene, from, name, &[]);
    assert_eq!((&said["lists"], &said["members"], &said["posts"]), (&json!(1), &json!(2), &json!(2)));
    assert_eq!((&said["held"], &said["fenced"], &said["damaged"]), (&json!(1), &json!(true), &json!([])));
    assert_eq!(facts(|args| back.json(args)), facts(|args| scene.json(args)), "{name}");
    back
}

#[test]
fn a_backup_brings_everything_back() {
    for world in WORLDS {
        let scene = lived_in(world);
        let file = scene.path("all.tar.zst");
        let said = scene.json(&["backup", &text(&file)]);
        assert_eq!(said["path"], text(&file), "{world:?}");
        let back = comes_back(&scene, &file, "back");

        // No mail leaves, and that is said before everything else.
        let queue = back.run(&["queue", "ls"]);
        assert!(queue.err.starts_with("no mail leaves: this is what was kept on "), "{queue:?}");
        let check = back.run(&["check", "--offline"]);
        assert_eq!(check.code, 1, "{check:?}");
        assert!(check.out.starts_with("wrong  fence: no mail leaves: "), "{check:?}");
        assert!(check.out.contains("parvis queue release --newer-than "), "{check:?}");
        // The moment it says covers all of what was owed then, to the last millisecond.
        let moment = check.out.split("--newer-than ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        let released = back.json(&["queue", "release", "--newer-than", moment]);
        assert_eq!(
            (&released["was_fenced"], &released["dropped"], &released["released"]),
            (&json!(true), &json!(5), &json!(0))
        );
        assert_eq!(back.json(&["queue", "ls"]), json!([]));
        assert_eq!(back.run(&["check", "--offline", "--store"]).code, 0);
    }
}

#[test]
fn numbers_others_may_have_seen_are_not_given_again() {
    let scene = lived_in(World::Alone);
    let file = scene.path("all.tar.zst");
    scene.done(&["backup", &text(&file)]);
    // What the lost server did after the backup, and told others about.
    scene.done(&["list", "set", LIST, "hold_all=no"]);
    write_in(&scene, 4, "Quatre");
    let numbers = |queue: Value| -> Vec<u64> {
        let ids = queue.as_array().cloned().unwrap_or_default();
        let number = |item: &Value| item["id"].as_str()?.split_once('-')?.0.parse().ok();
        ids.iter().filter_map(number).collect()
    };
    let seen = numbers(scene.json(&["queue", "ls"])).into_iter().max().unwrap();
    let (back, _) = restore(&scene, &file, "back", &[]);
    back.json(&["list", "set", LIST, "hold_all=no"]);
    let other = post("5@x.example", "bob@members.example", "Cinq", "autre chose");
    back.json(&["post", LIST, &scene.file("x.eml", other)]);
    let given = numbers(back.json(&["queue", "ls"])).into_iter().max().unwrap();
    assert!(given > seen + 1_000, "{given} after {seen}");
}

#[test]
fn a_folder_of_copies_takes_what_is_new_and_each_comes_back() {
    let scene = lived_in(World::BesideAServer);
    let folder = scene.path("copies");
    let first = scene.json(&["backup", "--to", &text(&folder)]);
    let again = scene.json(&["backup", "--to", &text(&folder)]);
    assert!(again["new_bytes"].as_u64() < first["new_bytes"].as_u64(), "{again}");
    write_in(&scene, 4, "Quatre");
    // Retention keeps one of each day: of three in one day the newest.
    let last = scene.json(&["backup", "--to", &text(&folder)]);
    let names: Vec<PathBuf> = fs::read_dir(&folder).unwrap().flatten().map(|e| e.path()).collect();
    assert_eq!(names, [PathBuf::from(last["path"].as_str().unwrap())]);
    let (back, said) = restore(&scene, &folder, "back", &[]);
    assert_eq!((&said["posts"], &said["held"]), (&json!(2), &json!(2)));
    assert_eq!(facts(|args| back.json(args)), facts(|args| scene.json(args)));
}

#[test]
fn a_copy_by_other_means_brings_everything_back() {
    let scene = lived_in(World::BesideAServer);
    let copy = |name: &str, kinds: &[&str]| {
        let target = scene.path(name);
        fs::create_dir(&target).unwrap();
        for _ in 0..2 {
            for kind in kinds {
                let from = scene.data().join(kind);
                let copied = Command::new("cp").arg("-a").arg(&from).arg(&target).status().unwrap();
                assert!(copied.success(), "{kind}");
            }
        }
        target
    };
    let all = copy("all", &["."]);
    comes_back(&scene, &all, "back-all");
    let keys = copy("keys", &["mail", "journal", "people", "deliveries", "keys"]);
    comes_back(&scene, &keys, "back-keys");
    // Without ledgers nobody knows who has their copy; without keys old links end.
    let least = copy("least", &["mail", "journal", "people"]);
    let (back, said) = restore(&scene, &least, "back-least", &[]);
    assert_eq!((&said["posts"], &said["token_key"], &said["held"]), (&json!(2), &json!(false), &json!(1)));
    assert_eq!(facts(|args| back.json(args))[..2], facts(|args| scene.json(args))[..2]);
    fs::remove_dir_all(scene.path("least/people")).unwrap();
    let why = refused(&[], &finish(bare(&scene.path(""), &["restore", "least", "--dir", "no"]), b""));
    assert!(why.contains("has no people/"), "{why}");
}

#[test]
fn what_was_decided_since_counts() {
    let scene = lived_in(World::Alone);
    let file = scene.path("all.tar.zst");
    scene.done(&["backup", &text(&file)]);
    scene.done(&["member", "remove", LIST, "bob@members.example"]);
    scene.done(&["member", "add", LIST, "claire@members.example", "--no-welcome"]);
    scene.done(&["list", "set", LIST, "hold_all=no", "promise=Autre chose"]);
    let held = scene.json(&["held", "ls"])[0]["id"].as_str().unwrap().to_owned();
    scene.done(&["held", "discard", &held]);
    write_in(&scene, 4, "Quatre");
    let owed = scene.json(&["queue", "ls"]);
    scene.done(&["queue", "drop", owed[0]["id"].as_str().unwrap()]);

    // All of the newer folder: nothing is lost.
    let (back, said) = restore(&scene, &file, "all-of-it", &["--journal", &text(&scene.data())]);
    assert_eq!((&said["newer"]["lost"], &said["newer"]["messages"]), (&json!(0), &json!(1)), "{said}");
    assert_eq!(facts(|args| back.json(args)), facts(|args| scene.json(args)));

    // The journal alone: who left is gone; who came is a number nobody knows, and the post's text is lost.
    let alone = scene.path("alone");
    fs::create_dir(&alone).unwrap();
    fs::copy(scene.data().join("journal/000001.jsonl"), alone.join("000001.jsonl")).unwrap();
    fs::rename(&alone, scene.path("journal")).unwrap();
    let journal = text(&scene.path("journal"));
    let (back, said) = restore(&scene, &file, "alone-back", &["--journal", &journal]);
    assert_eq!((&said["newer"]["lost"], &said["newer"]["unknown"]), (&json!(1), &json!(1)), "{said}");
    let members = back.json(&["member", "ls", LIST]);
    let states: Vec<_> = members.as_array().unwrap().iter().map(|m| (&m["email"], &m["state"])).collect();
    assert!(!states.contains(&(&json!("bob@members.example"), &json!("active"))), "{members}");
    assert_eq!(back.json(&["list", "show", LIST])["promise"], "Autre chose");
    assert_eq!(back.json(&["held", "ls"]), json!([]));

    // Another server's journal is none of ours.
    let other = Scene::with_members(World::Alone);
    let (file, other) = (text(&file), text(&other.data()));
    let args = ["restore", &file, "--dir", "no", "--journal", &other];
    let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
    assert!(why.contains("older than the copy") || why.contains("of another server"), "{why}");
}

#[test]
fn who_was_forgotten_since_is_forgotten_in_an_older_backup() {
    let scene = lived_in(World::Alone);
    let file = scene.path("all.tar.zst");
    scene.done(&["backup", &text(&file)]);
    scene.done(&["person", "erase", "anne@members.example"]);
    scene.done(&["member", "remove", LIST, "bob@members.example"]);
    let names_anne = |folder: &Path| -> Vec<String> {
        let found =
            Command::new("grep").args(["-rlai", "anne@members.example"]).arg(folder).output().unwrap();
        String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    assert_eq!(names_anne(&scene.data()), [""; 0]);
    // All of the newer folder, and its journal alone.
    let alone = scene.path("alone");
    fs::create_dir_all(alone.join("journal")).unwrap();
    fs::copy(scene.data().join("journal/000001.jsonl"), alone.join("journal/000001.jsonl")).unwrap();
    for (name, newer) in [("whole", scene.data()), ("by-journal", alone)] {
        let (back, said) = restore(&scene, &file, name, &["--journal", &text(&newer)]);
        assert_eq!(said["forgotten_again"], json!(1), "{name}: {said}");
        assert_eq!(names_anne(&back.dir), [""; 0], "{name}");
        let members = back.json(&["member", "ls", LIST]);
        let active = members.as_array().unwrap().iter().filter(|member| member["state"] == "active").count();
        assert_eq!(active, 0, "{name}: {members}");
        assert_eq!(back.run(&["check", "--offline", "--store"]).out.matches("wrong").count(), 1, "the fence");
    }
    // Without it nobody knows of the wish; the key that came along tells a table of members later.
    let (back, said) = restore(&scene, &file, "older", &[]);
    assert_eq!(said["forgotten_again"], json!(0));
    assert!(!names_anne(&back.dir).is_empty());
}

#[test]
fn encrypted_backups_open_for_those_they_are_for() {
    let scene = lived_in(World::Alone);
    let secret = scene.file("secret", "correct horse battery staple\n");
    let file = text(&scene.path("all.tar.zst.age"));
    scene.done(&["backup", &file, "--passphrase-file", &secret]);
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    let args = ["restore", &file, "--dir", "back"];
    let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
    assert!(why.contains("is encrypted: say which key opens it"), "{why}");
    let wrong = scene.file("wrong", "another\n");
    let args = ["restore", &file, "--dir", "back", "--passphrase-file", &wrong];
    let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
    assert!(why.contains("cannot be decrypted"), "{why}");
    let (back, _) = restore(&scene, Path::new(&file), "back", &["--passphrase-file", &secret]);
    assert_eq!(facts(|args| back.json(args)), facts(|args| scene.json(args)));
    let why = scene.refused(&["backup", "x.age", "--recipient", "age1nonsense"]);
    assert!(why.contains("is no key of age"), "{why}");
}

#[test]
fn what_is_damaged_is_named_and_nothing_is_replaced() {
    let scene = lived_in(World::Alone);
    let file = scene.path("all.tar.zst");
    scene.done(&["backup", &text(&file)]);
    let good = fs::read(&file).unwrap();
    // Of the fifth byte zstd learns how much memory it may take, and nothing else (RFC 8878, 3.1.1.1.2).
    let (tried, mut refused_of_them) = (40, 0);
    for at in (0..good.len()).step_by(good.len() / tried + 1).chain([5]) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&file, &bytes).unwrap();
        let file = text(&file);
        let args = ["restore", &file, "--dir", "back"];
        let ran = finish(bare(&scene.path(""), &args), b"");
        if ran.code == 0 {
            // A few bits say how it was packed and nothing of what: then everything is there.
            comes_back(&scene, &scene.path("all.tar.zst"), "again");
            for name in ["back", "again"] {
                fs::remove_dir_all(scene.path(name)).unwrap();
            }
            continue;
        }
        assert_eq!(ran.code, 1, "byte {at}: {ran:?}");
        assert!(ran.err.contains("is not as it was written: "), "byte {at}: {ran:?}");
        assert_eq!(fs::read_dir(scene.path("back")).map_or(0, |entries| entries.count()), 0, "byte {at}");
        refused_of_them += 1;
    }
    assert!(refused_of_them > tried * 3 / 4, "{refused_of_them} of {tried}");
    fs::write(&file, &good).unwrap();
    let (file, data) = (text(&file), text(&scene.data()));
    let args = ["restore", &file, "--dir", &data];
    let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
    assert!(why.contains("is not empty"), "{why}");
    let why = scene.refused(&["backup", &text(&scene.data().join("x.tar.zst"))]);
    assert!(why.contains("is inside the data folder"), "{why}");
}
