//! `parvis member …` and `parvis person show`

use serde_json::{Value, json};

use super::scene::{LIST, Scene, WORLDS, World, assert_shape, done, parsed, post, refused};

const MEMBER_SHAPE: &str = "email:text name:text|null reading:text day:text|null role:text since:moment state:text \
    hour:number|null until:moment|null pause_until:moment|null digest_form:text quiet:text|null own_posts:text|null \
    language:text|null list:text";

fn emails(members: &Value) -> Vec<&str> {
    members.as_array().into_iter().flatten().filter_map(|member| member["email"].as_str()).collect()
}

#[test]
fn somebody_is_added_changed_and_taken_out() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        assert!(scene.done(&["member", "ls", LIST]).contains("no members yet"));
        let added = scene.json(&[
            "member",
            "add",
            LIST,
            "Anne@Members.example",
            "--name",
            "Anne-Zoë",
            "--reading",
            "weekly",
            "--role",
            "animator",
        ]);
        assert_shape(&added, MEMBER_SHAPE);
        let said = |key: &str| added[key].as_str();
        assert_eq!(
            [said("name"), said("reading"), said("role"), said("state"), said("joined")],
            [Some("Anne-Zoë"), Some("weekly"), Some("animator"), Some("active"), Some("declared")]
        );
        assert_eq!(said("email").map(str::to_lowercase).as_deref(), Some("anne@members.example"));
        // Capitals make nobody else.
        assert!(scene.done(&["member", "add", LIST, "ANNE@members.EXAMPLE"]).contains("already"));
        scene.done(&["member", "add", LIST, "bob@members.example", "--no-welcome"]);
        let members = scene.json(&["member", "ls", LIST]);
        assert_eq!(members.as_array().map(Vec::len), Some(2), "{members}");
        assert!(members[1]["name"].is_null(), "nobody told us");
        let letters = scene.json(&["queue", "ls"]);
        assert_eq!(letters.as_array().map(Vec::len), Some(1), "one letter, to Anne: {letters}");

        let set = ["member", "set", LIST, "anne@members.example"];
        let settings = [
            "reading=daily",
            "hour=7",
            "day=friday",
            "quiet=22-7",
            "own_posts=no",
            "digest_form=plain",
            "until=2027-01-01",
            "language=en",
            "name=Anne Élodie",
            "email=anne@new.example",
        ];
        let changed = scene.json(&[&set[..], &settings].concat());
        assert_shape(&changed, MEMBER_SHAPE);
        assert_eq!(
            (&changed["hour"], &changed["day"], &changed["language"]),
            (&json!(7), &json!("friday"), &json!("en"))
        );
        assert_eq!(
            (&changed["email"], &changed["name"]),
            (&json!("anne@new.example"), &json!("Anne Élodie"))
        );
        let shown = scene.json(&["member", "show", "anne@new.example"]);
        assert_eq!(shown["lists"].as_array().map(Vec::len), Some(1));
        assert_eq!((&shown["name"], &shown["lists"][0]["reading"]), (&json!("Anne Élodie"), &json!("daily")));
        for key in ["email", "reading", "day", "role", "since", "state"] {
            assert_eq!(shown[key], shown["lists"][0][key], "the member stands above their lists too: {key}");
        }
        scene.done(&["list", "create", "autre@lists.example.org", "--animator", "anne@new.example"]);
        let both = scene.json(&["member", "show", "anne@new.example"]);
        assert_eq!(both["lists"].as_array().map(Vec::len), Some(2));
        assert_eq!((&both["email"], &both["state"]), (&json!("anne@new.example"), &json!("active")));
        assert_eq!(both["reading"], json!(null), "each there, daily here");
        scene.done(&["member", "remove", "autre@lists.example.org", "anne@new.example"]);
        assert_eq!(scene.json(&["member", "show", "anne@new.example"])["reading"], json!("daily"));
        assert!(
            scene
                .refused(&["member", "show", "anne@members.example"])
                .contains("nobody of this address is known here")
        );
        assert!(scene.done(&["member", "show", "anne@new.example"]).contains("name       Anne Élodie"));

        scene.done(&["member", "remove", LIST, "bob@members.example"]);
        assert_eq!(emails(&scene.json(&["member", "ls", LIST])), ["anne@new.example"]);
        let why = scene.refused(&["member", "remove", LIST, "bob@members.example"]);
        assert_eq!(
            why,
            format!(
                "cannot take bob@members.example out of {LIST}: bob@members.example is not a member of {LIST}"
            )
        );
    }
}

#[test]
fn what_a_member_cannot_be() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let before = scene.json(&["member", "ls", LIST]);
        let anne = "anne@members.example";
        let cases: [(&[&str], &str); 10] = [
            (
                &["member", "add", "nolist", anne],
                "cannot add anne@members.example to nolist: there is no list nolist",
            ),
            (&["member", "add", LIST, "anne"], "\"anne\" is not an address"),
            (&["member", "add", LIST, "quartier-stop@lists.example"], "is an address of the list itself"),
            (
                &["member", "set", LIST, anne, "reading=hourly"],
                "reading cannot be \"hourly\": it takes each, daily, weekly or none",
            ),
            (&["member", "set", LIST, anne, "colour=red"], "a member has no setting \"colour\""),
            (&["member", "set", LIST, anne, "language=de"], "language cannot be \"de\": it takes fr or en"),
            (
                &["member", "set", LIST, anne, "hour=7", "email=bob@members.example"],
                "bob@members.example belongs to somebody else",
            ),
            (
                &["member", "set", LIST, "nobody@x.example", "hour=7"],
                "nobody@x.example is not a member of quartier@lists.example",
            ),
            (&["member", "ls", "nolist"], "cannot show the members of nolist: there is no list nolist"),
            (
                &["person", "show", "nobody@x.example"],
                "cannot show nobody@x.example: nobody of this address is known here",
            ),
        ];
        for (args, said) in cases {
            let why = scene.refused(args);
            assert!(why.contains(said), "{world:?} {args:?}: {why}");
        }
        assert_eq!(scene.json(&["member", "ls", LIST]), before);
    }
}

const TABLE: &str = "name,email,role,colour\n\
    Anne-Zoë,anne@members.example,member,red\n\
    Nobody,not an address,,\n\
    \"Martin, Bob\",BOB@members.example,animator,\n\
    Again,anne@members.example,,\n\
    Claire,claire@members.example,queen,\n";

#[test]
fn a_table_of_members_is_read() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        let file = scene.file("members.csv", TABLE);
        let why = scene.refused(&["member", "import", LIST, &file, "--all-or-nothing"]);
        assert!(
            why.starts_with(&format!("cannot add members to {LIST}: nobody was added: line 3: ")),
            "{why}"
        );
        assert_eq!(scene.json(&["member", "ls", LIST]), json!([]));

        let imported = scene.json(&["member", "import", LIST, &file]);
        assert_eq!((&imported["added"], &imported["ignored_columns"]), (&json!(2), &json!(["colour"])));
        let lines: Vec<u64> =
            imported["bad"].as_array().unwrap().iter().filter_map(|bad| bad["line"].as_u64()).collect();
        assert_eq!(lines, [3, 5, 6], "{imported}");
        assert_eq!(scene.json(&["queue", "ls"]), json!([]), "nobody is mailed");
        assert_eq!(scene.json(&["member", "show", "bob@members.example"])["name"], "Martin, Bob");

        let said = scene.done(&["member", "import", LIST, &file]);
        assert!(said.starts_with("0 added, 0 changed, 2 were members already\n"), "{said}");
        assert!(
            said.contains("line 3: ") && said.contains("the column \"colour\" was not looked at"),
            "{said}"
        );

        let args = ["member", "import", LIST, "-", "--welcome", "--json"];
        let answer = parsed(&done(&args, scene.feed(&args, b"email\r\ndora@members.example\r\n")));
        assert_eq!(answer["added"], 1);
        assert_eq!(scene.json(&["queue", "ls"])[0]["to"], "dora@members.example");

        let args = ["member", "import", LIST, "-"];
        let why = refused(&args, &scene.feed(&args, b""));
        assert!(why.starts_with(&format!("cannot add members to {LIST}: ")), "{why}");
        assert_eq!(
            scene.refused(&["member", "import", LIST, "/nowhere.csv"]),
            "cannot read /nowhere.csv: No such file or directory"
        );
    }
}

#[test]
fn everything_about_somebody() {
    for world in WORLDS {
        let scene = Scene::with_members(world);
        let mine = scene.file("1.eml", post("1@x.example", "anne@members.example", "Bonjour", "x"));
        scene.done(&["post", LIST, &mine]);
        let archive = format!(
            "From x@old.example Mon Jan  2 10:00:00 2006\n{}\n",
            post("2@x.example", "Old <old@elsewhere.example>", "Ancien", "y")
        );
        scene.done(&["import", "mbox", LIST, &scene.file("old.mbox", archive)]);

        let anne = scene.json(&["person", "show", "ANNE@members.example"]);
        assert_shape(
            &anne,
            "person:text addresses:list name:text language:null lists:list posts:list history:list",
        );
        assert_shape(
            &anne["posts"][0],
            "id:text list:text message_id:text subject:text at:moment state:text",
        );
        assert_eq!(anne["posts"][0]["message_id"], "1@x.example");
        assert_shape(&anne["history"][0], "at:moment what:text list:text");
        assert_eq!(anne["history"][0]["what"], "added");
        // Who only ever wrote, in an archive from elsewhere, is somebody too.
        let old = scene.json(&["person", "show", "old@elsewhere.example"]);
        assert_eq!((old["posts"].as_array().map(Vec::len), &old["lists"]), (Some(1), &json!([])));
        let words = scene.done(&["person", "show", "anne@members.example"]);
        assert!(words.contains("Bonjour") && words.contains("History\n"), "{words}");
    }
}

#[test]
fn twenty_at_once() {
    for world in WORLDS {
        let scene = Scene::with_list(world);
        std::thread::scope(|scope| {
            for n in 0..20 {
                let scene = &scene;
                scope.spawn(move || {
                    scene.done(&["member", "add", LIST, &format!("m{n}@members.example"), "--no-welcome"])
                });
            }
        });
        assert_eq!(scene.json(&["member", "ls", LIST]).as_array().map(Vec::len), Some(20), "{world:?}");
        // The same one by all is one.
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| scene.done(&["member", "add", LIST, "same@members.example", "--no-welcome"]));
            }
        });
        assert_eq!(scene.json(&["list", "show", LIST])["members"], 21);
    }
}

#[test]
fn settings_changed_at_once_are_all_changed() {
    let scene = Scene::with_list(World::BesideAServer);
    let settings = ["pace=3", "footer=none", "digest_hour=9", "promise=x", "archive=public", "edits=none"];
    std::thread::scope(|scope| {
        for setting in settings {
            let scene = &scene;
            scope.spawn(move || scene.done(&["list", "set", LIST, setting]));
        }
    });
    let list = scene.json(&["list", "show", LIST]);
    for setting in settings {
        let (key, value) = setting.split_once('=').unwrap();
        assert_eq!(list[key], value);
    }
}
