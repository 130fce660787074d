//! `parvis import …` and `parvis export`

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::scene::{LIST, Scene, WORLDS, World, assert_shape, finish, post, text};

const IMPORT_SHAPE: &str = "messages:number imported:number duplicates:number unreadable:list";

/// An archive of so many messages, from and to numbers.
fn mbox(numbers: std::ops::Range<u32>) -> String {
    let message = |n: u32| {
        let body = format!("Bonjour {n}\n>From here on\n");
        format!(
            "From anne@old.example Mon Jan  2 10:00:00 2006\n{}\n",
            post(&format!("{n}@old.example"), "Anne <anne@old.example>", &format!("Sujet {n}"), &body)
        )
    };
    numbers.map(message).collect()
}

fn counts(answer: &Value) -> [u64; 4] {
    assert_shape(answer, IMPORT_SHAPE);
    let count = |key: &str| answer[key].as_u64().unwrap();
    [
        count("messages"),
        count("imported"),
        count("duplicates"),
        answer["unreadable"].as_array().unwrap().len() as u64,
    ]
}

#[test]
fn an_archive_in_every_wrapping_is_the_same() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        let plain = mbox(0..40);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(plain.as_bytes()).unwrap();
        let pipermail = plain
            .replace("From anne@old.example", "From anne at old.example")
            .replace("<anne@old.example>", "anne at old.example (Anne)");
        let files = [
            scene.file("a.mbox", &plain),
            scene.file("a.mbox.gz", gz.finish().unwrap()),
            scene.file("a.mbox.zst", zstd::encode_all(plain.as_bytes(), 1).unwrap()),
            scene.file("crlf.mbox", plain.replace('\n', "\r\n")),
        ];
        assert_eq!(counts(&scene.json(&["import", "mbox", LIST, &files[1], "--dry-run"])), [40, 40, 0, 0]);
        assert_eq!(scene.json(&["list", "show", LIST])["posts"], 0, "a rehearsal changes nothing");
        assert_eq!(counts(&scene.json(&["import", "mbox", LIST, &files[0]])), [40, 40, 0, 0], "{world:?}");
        for file in &files {
            assert_eq!(counts(&scene.json(&["import", "mbox", LIST, file])), [40, 0, 40, 0], "{file}");
        }
        let all: Vec<&str> =
            ["import", "mbox", LIST].into_iter().chain(files.iter().map(String::as_str)).collect();
        assert_eq!(counts(&scene.json(&all)), [160, 0, 160, 0]);
        assert_eq!(scene.json(&["list", "show", LIST])["posts"], 40);
        assert_eq!(scene.json(&["queue", "ls"]), json!([]), "nobody is mailed");
        let words = scene.done(&["import", "mbox", LIST, &files[0]]);
        assert_eq!(words, "40 messages: 0 imported, 40 there already, 0 cannot be read\n");

        scene.done(&["list", "create", "pipermail@lists.example"]);
        let file = scene.file("2006-January.txt", pipermail);
        assert_eq!(counts(&scene.json(&["import", "mbox", "pipermail", &file])), [40, 40, 0, 0]);
        let trace = scene.json(&["trace", "<3@old.example>"]);
        let what: Vec<&Value> =
            trace["events"].as_array().unwrap().iter().map(|event| &event["what"]).collect();
        assert_eq!(what, ["imported", "imported"], "once in each list");
    }
}

#[test]
fn a_maildir_and_what_is_no_archive() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        for (n, folder) in [(1, "cur"), (2, "new"), (3, "cur")] {
            fs::create_dir_all(scene.path("maildir").join(folder)).unwrap();
            let message = post(&format!("{n}@old.example"), "anne@old.example", "Sujet", &n.to_string());
            fs::write(scene.path("maildir").join(folder).join(format!("13{n}0000000.x.host:2,S")), message)
                .unwrap();
        }
        fs::write(scene.path("maildir/cur/1400000000.empty.host:2,"), "").unwrap();
        let maildir = text(&scene.path("maildir"));
        let answer = scene.json(&["import", "maildir", LIST, &maildir]);
        assert_eq!(counts(&answer), [4, 3, 0, 1]);
        assert_shape(&answer["unreadable"][0], "n:number why:text");
        assert_eq!(answer["unreadable"][0]["n"], 4);

        let good = scene.file("good.mbox", mbox(10..12));
        let bad = scene.file("bad.mbox", format!("{}From x\n\n{}", mbox(12..13), mbox(13..14)));
        let answer = scene.json(&["import", "mbox", LIST, &good, &bad]);
        let [messages, imported, duplicates, unreadable] = counts(&answer);
        assert_eq!(messages, imported + duplicates + unreadable);
        if let Some(first) = answer["unreadable"].get(0) {
            assert_eq!((&first["file"], &first["n"]), (&json!(bad), &json!(2)), "{answer}");
        }
        let no_mailbox = scene.file("no.mbox", "garbage\nmore\n");
        let cases = [
            (
                ["mbox", LIST, "/nowhere.mbox"],
                "cannot read /nowhere.mbox: No such file or directory".to_owned(),
            ),
            (
                ["mbox", LIST, &maildir],
                format!("cannot read {maildir}: it is a folder; parvis import maildir reads it"),
            ),
            (
                ["maildir", LIST, &good],
                format!("cannot read {good}: it is no folder; parvis import mbox reads files"),
            ),
            (
                ["mbox", LIST, &no_mailbox],
                format!(
                    "cannot import into {LIST}: cannot read {no_mailbox}: no line begins with \"From \": this is not a mailbox"
                ),
            ),
            (["mbox", "nolist", &good], "cannot import into nolist: there is no list nolist".to_owned()),
        ];
        for (args, why) in cases {
            assert_eq!(scene.refused(&[&["import"][..], &args].concat()), why, "{world:?}");
        }
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gz.write_all(mbox(100..1_500).as_bytes()).unwrap();
        let mut torn = gz.finish().unwrap();
        torn.truncate(torn.len() / 2);
        let torn = scene.file("torn.mbox.gz", torn);
        let why = scene.refused(&["import", "mbox", LIST, &torn]);
        assert!(why.starts_with(&format!("cannot import into {LIST}: cannot read {torn}: ")), "{why}");
        assert!(why.ends_with("run it again to go on"), "{why}");
    }
}

const MANY: u32 = 4_000;

#[test]
fn an_import_killed_half_way_goes_on() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        let file = scene.file("many.mbox", mbox(0..MANY));
        let args = ["import", "mbox", LIST, &file];
        let mut child = scene
            .command(&args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let segments = scene.data().join("mail");
        let began = Instant::now();
        // Once some of it is on the disk.
        while bytes_below(&segments) < 300_000 && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let [messages, imported, duplicates, unreadable] = counts(&scene.json(&args));
        assert_eq!((messages, unreadable), (u64::from(MANY), 0));
        assert_eq!(imported + duplicates, messages);
        assert!(duplicates > 0, "{world:?}: it was killed before it began");
        assert_eq!(scene.json(&["list", "show", LIST])["posts"], MANY, "{world:?}");
        let ran = scene.run(&["check", "--offline", "--store"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
}

fn bytes_below(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes_below(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

#[test]
fn progress_is_no_flood() {
    let scene = Scene::with_list(World::BesideAServer);
    let file = scene.file("many.mbox", mbox(0..MANY));
    let began = Instant::now();
    let ran = scene.run(&["import", "mbox", LIST, &file]);
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.lines().count() <= seconds, "{}", ran.err);
    let args = ["import", "mbox", LIST, &file, "--json"];
    let quiet = finish(scene.command(&args), b"");
    assert_eq!(quiet.err, "");
}

#[test]
fn posts_that_were_for_members_are_so_on_another_server() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let (older, newer) = (scene.file("a.mbox", mbox(0..20)), scene.file("b.mbox", mbox(20..25)));
        let export = |list: &str, folder: &str| {
            let out = scene.path(folder);
            scene.done(&["export", list, "--out", &text(&out)]);
            let said = fs::read_to_string(out.join("list.toml")).unwrap();
            let open_from = said.lines().find(|line| line.starts_with("open_from")).map(str::to_owned);
            (text(&out.join("archive.mbox")), open_from)
        };
        scene.done(&["import", "mbox", LIST, &older]);
        assert_eq!(export(LIST, "private").1, None);
        scene.done(&["list", "set", LIST, "archive=public"]);
        let (past, open_from) = export(LIST, "past");
        assert_eq!(open_from.as_deref(), Some("open_from = \"end\""));
        scene.done(&["import", "mbox", LIST, &newer]);
        let (whole, open_from) = export(LIST, "whole");
        assert!(open_from.as_ref().is_some_and(|line| line.contains('@')), "{open_from:?}");

        for (copy, archive, open_from) in [("un", &whole, &open_from), ("deux", &past, &None)] {
            let address = format!("{copy}@lists.example");
            scene.done(&["list", "create", &address]);
            scene.done(&["list", "set", copy, "archive=public"]);
            for _ in 0..2 {
                let words = scene.done(&["import", "mbox", copy, archive]);
                assert!(words.contains("still are, as list.toml says"), "{words}");
            }
            let shown = scene.json(&["list", "show", copy]);
            assert_eq!((&shown["older_posts"], &shown["archive"]), (&json!("members"), &json!("public")));
            if open_from.is_some() {
                assert_eq!(&export(copy, copy).1, open_from);
            }
        }
        // Made public after they came.
        scene.done(&["list", "create", "trois@lists.example"]);
        scene.done(&["import", "mbox", "trois", &whole]);
        scene.done(&["list", "set", "trois", "archive=public"]);
        assert_eq!(export("trois", "trois").1, open_from);
        // Beside posts that everybody reads, there is no room for them.
        scene.done(&["list", "create", "quatre@lists.example"]);
        scene.done(&["list", "set", "quatre", "archive=public"]);
        scene.done(&["import", "mbox", "quatre", &newer]);
        let why = scene.refused(&["import", "mbox", "quatre", &whole]);
        assert!(why.contains("import them into a list without posts"), "{why}");
        let broken = scene.path("whole").join("list.toml");
        fs::write(&broken, "address = ").unwrap();
        let why = scene.refused(&["import", "mbox", "un", &whole]);
        assert!(why.contains("which posts are for members"), "{why}");
    }
}

#[test]
fn an_export_is_whole_and_comes_back() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let file = scene.file("a.mbox", mbox(0..20));
        scene.done(&["import", "mbox", LIST, &file]);
        scene.done(&["list", "set", LIST, "archive=public", "promise=Une fête"]);
        let out = scene.path("out/quartier");
        let answer = scene.json(&["export", LIST, "--out", &text(&out)]);
        assert_shape(&answer, "list:text out:text manifest:object");
        let names = ["archive.mbox", "members.csv", "list.toml", "decisions.jsonl", "manifest.json"];
        for name in names {
            assert!(out.join(name).exists(), "{name}");
        }
        let manifest: Value =
            serde_json::from_reader(File::open(out.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest, answer["manifest"]);
        let listed = manifest["files"].as_array().unwrap();
        assert_eq!(listed.len(), names.len() - 1);
        for entry in listed {
            let path = out.join(entry["name"].as_str().unwrap_or_else(|| panic!("{entry}")));
            let sum = Command::new("sha256sum").arg(&path).output().unwrap();
            let sum = String::from_utf8(sum.stdout).unwrap();
            assert!(sum.starts_with(entry["sha256"].as_str().unwrap()), "{entry}");
        }
        assert!(fs::read_to_string(out.join("members.csv")).unwrap().contains("Anne-Zoë"));
        // Again into the same folder: the newer one replaces the older.
        let words = scene.done(&["export", LIST, "--out", &text(&out)]);
        assert!(words.contains("20 posts, 2 members"), "{words}");

        scene.done(&["list", "create", "copie@lists.example"]);
        let archive = text(&out.join("archive.mbox"));
        assert_eq!(
            counts(&scene.json(&["import", "mbox", LIST, &archive])),
            [20, 0, 20, 0],
            "what came is what went"
        );
        assert_eq!(counts(&scene.json(&["import", "mbox", "copie", &archive])), [20, 20, 0, 0]);
        let members = scene.json(&["member", "import", "copie", &text(&out.join("members.csv"))]);
        assert_eq!((&members["added"], &members["bad"]), (&json!(2), &json!([])));

        let why = scene.refused(&["export", "nolist", "--out", &text(&scene.path("none"))]);
        assert_eq!(why, "cannot export nolist: there is no list nolist");
        assert!(!scene.path("none").exists());
        let blocked = format!("{file}/below");
        let why = scene.refused(&["export", LIST, "--out", &blocked]);
        assert!(
            why.starts_with(&format!("cannot export {LIST}: "))
                && why.contains(&format!("cannot write {blocked}: ")),
            "{why}"
        );
    }
}
