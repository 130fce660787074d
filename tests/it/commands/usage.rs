//! How commands are written, and what is said about those that are written wrongly.

use std::fs;
use std::process::Stdio;

use super::scene::{LIST, Scene, World, bare, finish, parsed, refused, sentence, text};

/// Words on the command line, the exit code, and something that must be said.
const WRONG: &[(&[&str], &str)] = &[
    (&[], "Usage: parvis"),
    (&["listt"], "list"),
    (&["list"], "Usage: parvis list"),
    (&["list", "ls", "--jsn"], "--json"),
    (&["list", "create"], "<ADDRESS>"),
    (&["list", "create", LIST, "--preset", "foo"], "discussion, announce, private"),
    (&["list", "create", LIST, "--language", "de"], "fr, en"),
    (&["list", "set", LIST], "KEY=VALUE"),
    (&["list", "set", LIST, "archive"], "\"archive\" is not KEY=VALUE"),
    (&["member", "add", LIST, "a@b.example", "--reading", "foo"], "each, daily, weekly, none"),
    (&["member", "add", LIST, "a@b.example", "--role", "foo"], "member or animator"),
    (&["queue", "release", "--newer-than", "yesterday"], "2026-11-20"),
    (&["completions", "foo"], "bash, elvish, fish"),
    (&["import", "mbox", LIST], "<FILES>"),
];

#[test]
fn wrong_usage_is_told_and_is_2() {
    let scene = Scene::new(World::Alone);
    for (args, said) in WRONG {
        let ran = finish(bare(&scene.path(""), args), b"");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(said), "{args:?}: {}", ran.err);
    }
    assert!(!scene.data().exists(), "nothing was touched");
}

#[test]
fn help_is_everywhere_with_an_example() {
    let scene = Scene::new(World::Alone);
    let leaves = [
        "demo",
        "init",
        "serve",
        "check",
        "list create",
        "list ls",
        "list show",
        "list set",
        "list close",
        "list reopen",
        "list remove",
        "member add",
        "member import",
        "member ls",
        "member show",
        "member set",
        "member remove",
        "post",
        "import mbox",
        "import maildir",
        "export",
        "queue ls",
        "queue retry",
        "queue drop",
        "queue release",
        "held ls",
        "held show",
        "held accept",
        "held refuse",
        "held discard",
        "trace",
        "letters",
        "person show",
        "reindex",
        "bench",
        "completions",
        "man",
    ];
    for command in leaves {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ran = finish(bare(&scene.path(""), &words), b"");
        assert_eq!(ran.code, 0, "{command}");
        assert!(
            ran.out.contains(&format!("Example: parvis {command}"))
                || ran.out.contains("Example: parvis --config"),
            "{command}"
        );
    }
}

#[test]
fn options_before_and_after_the_command() {
    let scene = Scene::with_list(World::Alone);
    let config = text(&scene.path("parvis.toml"));
    let orders: [&[&str]; 4] = [
        &["--config", &config, "--json", "list", "ls"],
        &["list", "ls", "--json", "--config", &config],
        &["--json", "list", "--config", &config, "ls"],
        &["list", "--json", "ls", "--config", &config],
    ];
    let expected = scene.json(&["list", "ls"]);
    for args in orders {
        let ran = finish(bare(&scene.path(""), args), b"");
        assert_eq!((ran.code, parsed(&ran.out)), (0, expected.clone()), "{args:?}");
    }
    let mut command = bare(&scene.path(""), &["list", "ls", "--json"]);
    command.env("PARVIS_CONFIG", &config);
    assert_eq!(parsed(&finish(command, b"").out), expected);
}

#[test]
fn configurations_that_cannot_be_used() {
    let scene = Scene::new(World::Alone);
    let cases: [(&str, &str); 5] = [
        ("hostname = \"lists.example\"\n[smpt]\n", "line 2: there is no key \"smpt\"; did you mean smtp?"),
        (
            "hostname = \"lists.example\"\n[web]\nlsten = []\n",
            "line 3: [web] has no key \"lsten\"; did you mean listen?",
        ),
        ("hostname = \"lists.example\"\nlanguage = \"de\"\n", "line 2"),
        ("language = \"fr\"\n", "hostname"),
        ("hostname = ", "line 1"),
    ];
    for (config, said) in cases {
        let file = scene.file("wrong.toml", config);
        let args = ["--config", &file, "list", "ls"];
        let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
        assert!(why.starts_with(&format!("cannot read {file}: ")) && why.contains(said), "{config:?}: {why}");
    }
    let args = ["list", "ls", "--config", "/nowhere/parvis.toml"];
    let why = refused(&args, &finish(bare(&scene.path(""), &args), b""));
    assert_eq!(why, "cannot read /nowhere/parvis.toml: No such file or directory");

    let mut command = scene.command(&["list", "ls"]);
    command.env("PARVIS_SMPT__LISTEN", "[]");
    let why = refused(&["PARVIS_SMPT__LISTEN"], &finish(command, b""));
    assert!(why.starts_with("cannot use PARVIS_SMPT__LISTEN of the environment: "), "{why}");
    let mut command = scene.command(&["list", "ls"]);
    command.env("PARVIS_HOME", "/").env("PARVIS_CONFIG", "");
    assert_eq!(finish(command, b"").code, 0, "other PARVIS_ names are nobody's");
}

#[test]
fn a_folder_that_cannot_be_one() {
    let scene = Scene::new(World::Alone);
    fs::write(scene.data(), "a file").unwrap();
    let why = scene.refused(&["list", "ls"]);
    assert!(why.starts_with("cannot show the lists: cannot open the data folder: "), "{why}");
    let ran = scene.run(&["check", "--offline"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("wrong  storage: "), "{ran:?}");
    assert_eq!(sentence(&["check"], &ran), "this installation is not right: storage");
}

#[test]
fn whoever_stops_reading_is_no_fault() {
    let scene = Scene::with_list(World::Alone);
    for args in [
        &["list", "ls"][..],
        &["letters"],
        &["completions", "bash"],
        &["list", "show", LIST, "--json"],
        &["--help"],
    ] {
        let mut command = scene.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn completions_pages_and_letters() {
    let scene = Scene::new(World::Alone);
    for (shell, said) in [("bash", "complete"), ("zsh", "#compdef parvis"), ("fish", "complete -c parvis")] {
        assert!(scene.done(&["completions", shell]).contains(said), "{shell}");
    }
    let pages = scene.path("man/man1");
    scene.done(&["man", &text(&pages)]);
    for page in ["parvis.1", "parvis-list-create.1", "parvis-member-import.1", "parvis-held-refuse.1"] {
        let page = fs::read_to_string(pages.join(page)).unwrap();
        assert!(page.contains(".TH parvis") && page.contains("parvis "), "{page}");
    }
    let (all, french) = (scene.json(&["letters"]), scene.json(&["letters", "--lang", "fr"]));
    let (all, french) = (all.as_array().unwrap(), french.as_array().unwrap());
    assert!(!french.is_empty() && french.len() < all.len());
    assert!(french.iter().all(|letter| letter["language"] == "fr"
        && letter["subject"].is_string()
        && letter["text"].is_string()));
    assert!(scene.done(&["letters", "--lang", "en"]).contains("== welcome (en"));
    let file = scene.file("file", "");
    let why = scene.refused(&["man", &format!("{file}/below")]);
    assert!(why.starts_with(&format!("cannot write manual pages to {file}/below: ")), "{why}");
}
