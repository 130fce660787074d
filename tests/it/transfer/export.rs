//! A list out of the store, and into another.

use std::collections::BTreeMap;

use parvis::domain::ids::PostId;
use parvis::domain::list::List;
use parvis::domain::moderation::HoldReason;
use parvis::domain::proof::Proof;
use parvis::flow::export::{
    ARCHIVE, DECISIONS, Folder, LIST, MANIFEST, MEMBERS, Manifest, Piece, export, read_list,
};
use parvis::flow::members_csv::{BadRows, add_members, read};
use parvis::flow::membership::{Act, Telling, remove_member};
use parvis::mail::parse::{content_key, summarize};
use parvis::store::Store;
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Decider, Event, Via};
use parvis::store::person_set::PersonSet;
use parvis::store::segments::MailPlace;
use sha2::{Digest, Sha256};

use super::scene::{Scene, address, at, entry, fixtures, mailbox};

type Files = BTreeMap<&'static str, Vec<u8>>;

fn exported(store: &Store, list: &List) -> (Manifest, Files) {
    let mut files = Files::new();
    let mut current = "";
    let manifest = export(store, list, at(100), &mut |piece| {
        match piece {
            Piece::File(name) => {
                current = name;
                assert!(files.insert(name, Vec::new()).is_none(), "{name} twice");
            }
            Piece::Bytes(bytes) => files.get_mut(current).expect("named first").extend_from_slice(bytes),
        }
        Ok(())
    });
    (manifest.expect("exported"), files)
}

fn text<'a>(files: &'a Files, name: &str) -> &'a str {
    std::str::from_utf8(&files[name]).expect("text")
}

/// Takes a post as the door does: with its trace in front, to be decided.
fn receive(scene: &Scene, list: &List, raw: &[u8]) -> PostId {
    let store = scene.store();
    let post = store.next_post();
    let trace = format!(
        "Received: from x ([192.0.2.1])\r\n\tby lists.example with ESMTP id P{post};\r\n\tSun, 22 Nov 2026 13:00:00 +0100\r\n"
    );
    let kept = [trace.as_bytes(), raw].concat();
    let event = Event::Received {
        post,
        list: Some(list.id),
        mail: MailPlace { file: String::new(), offset: 0, len: 0 },
        content: data_encoding::HEXLOWER.encode(&content_key(raw)),
        author: None,
        proof: Proof::NoMeans,
        via: Via::Smtp,
        door: None,
        disclosed: false,
    };
    let change = Change::at(at(10)).mail(post, Shelf::List(list.id), &kept, "anne@people.example", at(10));
    store.commit(change.summary(post, summarize(&kept)).event(event)).expect("kept");
    post
}

fn decide(scene: &Scene, event: Event) {
    scene.store().commit(Change::at(at(20)).event(event)).expect("kept");
}

fn publish(scene: &Scene, list: &List, post: PostId, by: Option<Decider>) {
    decide(
        scene,
        Event::Published {
            post,
            list: list.id,
            by,
            readers: PersonSet::default(),
            from: None,
            later: PersonSet::default(),
        },
    );
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

#[test]
fn a_list_that_moved_twice_is_as_if_it_had_not() {
    let odd = [
        "From a@b.example Thu Jan  1 10:00:00 2015\nSubject: open end\n\nno line end".to_owned(),
        "From a@b.example Thu Jan  1 10:00:00 2015\nSubject: blank lines\n\n\n\nx\n\n\n\n".to_owned(),
        "From MAILER-DAEMON Thu Jan  1 10:00:00 2015\nSubject: quotes\n\n>From a\n>>From b\n>>>From c\n> From d\nfrom e\n\n".to_owned(),
        "From x at y.example Thu Jan  1 10:00:00 2015\nSubject: only a header\n\n".to_owned(),
        "From a@b.example Thu Jan  1 10:00:00 2015\r\nSubject: CRLF\r\n\r\n>From x\r\n\r\n".to_owned(),
        "From a@b.example Thu Jan  1 10:00:00 2015\nSubject: mixed\n\na\r\nb\nc\rd\n\n".to_owned(),
    ];
    let mut mailboxes = fixtures();
    mailboxes.retain(|(name, _)| name != "not-a-mailbox");
    mailboxes.push(("odd".to_owned(), odd.join("\n").into_bytes()));
    mailboxes.push(("plain".to_owned(), mailbox(700)));
    for (name, mbox) in mailboxes {
        let scene = Scene::new();
        let first = scene.list("quartier");
        let imported = scene.import(&first, &mbox);
        let (manifest, files) = exported(scene.store(), &first);
        assert_eq!(manifest.counts.posts, imported.imported, "{name}");
        let other = Scene::new();
        let second = other.list("jardin");
        let again = other.import(&second, &files[ARCHIVE]);
        assert_eq!((again.messages, again.imported), (imported.imported, imported.imported), "{name}");
        let (_, once_more) = exported(other.store(), &second);
        assert_eq!(text(&once_more, ARCHIVE), text(&files, ARCHIVE), "{name}");
        if name == "plain" {
            assert_eq!(text(&files, ARCHIVE), String::from_utf8_lossy(&mbox), "{name}");
        }
        for (post, twin) in numbers(scene.store(), &first).into_iter().zip(numbers(other.store(), &second)) {
            let raw = |store: &Store, post| {
                String::from_utf8(store.raw(post).expect("read").expect("kept")).expect("text")
            };
            let (raw, twin) = (raw(scene.store(), post), raw(other.store(), twin));
            let whole = if raw.ends_with('\n') { raw } else { raw + "\n" };
            let as_written = if whole.lines().count() == whole.matches("\r\n").count() {
                whole.replace("\r\n", "\n")
            } else {
                whole
            };
            assert_eq!(twin, as_written, "{name}");
        }
    }
}

fn numbers(store: &Store, list: &List) -> Vec<PostId> {
    store.reader().post_numbers(list.id).expect("read")
}

#[test]
fn what_was_accepted_is_what_is_exported() {
    let scene = Scene::new();
    let (list, other) = (scene.list("quartier"), scene.list("jardin"));
    scene.import(&list, entry(1).as_bytes());
    let own = "From: Anne <anne@people.example>\nSubject: two\nMessage-ID: <2@people.example>\n\nFrom me.\n";
    let posts: Vec<PostId> = [own, "Subject: held\n\nx\n", "Subject: refused\n\nx\n"]
        .iter()
        .map(|raw| receive(&scene, &list, &crlf(raw)))
        .collect();
    let elsewhere = receive(&scene, &other, &crlf("Subject: elsewhere\n\nx\n"));
    publish(&scene, &other, elsewhere, None);
    let anne = scene.member(&list, "anne@people.example", &[("role", "animator")]).person;
    publish(&scene, &list, posts[0], Some(Decider::Person(anne)));
    decide(&scene, Event::Held { post: posts[1], reason: HoldReason::FirstPost });
    decide(
        &scene,
        Event::Refused { post: posts[2], by: Some(Decider::Person(anne)), words: "pas ici".to_owned() },
    );
    let (manifest, files) = exported(scene.store(), &list);
    let two = format!(
        "From anne@people.example Sun Nov 22 12:00:10 2026\n{}\n",
        own.replace("\nFrom me", "\n>From me")
    );
    assert_eq!(text(&files, ARCHIVE), entry(1) + &two);
    assert_eq!((manifest.counts.posts, manifest.counts.members, manifest.counts.decisions), (2, 1, 5));
    let decisions: Vec<serde_json::Value> =
        text(&files, DECISIONS).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let told: Vec<&str> = decisions.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(told, ["list", "member", "published", "held", "refused"]);
    assert_eq!(decisions[2]["message_id"], "2@people.example");
    assert_eq!(decisions[2]["by"], serde_json::json!({ "person": anne.0 }));
    assert_eq!(decisions[2]["at"], "2026-11-22T12:00:20Z");
    assert_eq!(decisions[4]["words"], "pas ici");
    assert!(!text(&files, DECISIONS).contains("anne@people.example"), "persons are numbers");
}

#[test]
fn members_come_back_as_they_were() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.member(
        &list,
        "anne@people.example",
        &[("role", "animator"), ("reading", "weekly"), ("day", "friday")],
    );
    scene.member(
        &list,
        "bob@people.example",
        &[("state", "paused"), ("pause_until", "2027-01-01"), ("quiet", "22-7")],
    );
    scene.member(
        &list,
        "carla@people.example",
        &[("own_posts", "no"), ("digest_form", "mime"), ("hour", "7")],
    );
    scene.member(&list, "dora@people.example", &[("state", "pending")]);
    scene.member(&list, "emil@people.example", &[]);
    let act = Act { now: at(50), by: None, telling: Telling::Nobody };
    remove_member(scene.store(), &list, &address("emil@people.example"), act).expect("kept").expect("taken");
    let name =
        vec![("name".to_owned(), "=SUM(\"1\"), l'«é»".to_owned()), ("language".to_owned(), "en".to_owned())];
    parvis::flow::membership::set_member(scene.store(), &list, &address("bob@people.example"), &name, act)
        .expect("kept")
        .expect("taken");
    let (manifest, files) = exported(scene.store(), &list);
    assert_eq!(manifest.counts.members, 3);
    let table = text(&files, MEMBERS);
    assert!(table.starts_with("email,name,reading,day,language,role,since,state,"), "{table}");
    assert!(table.contains(",\"'=SUM("), "{table}");
    let other = Scene::new();
    let moved = other.list("quartier");
    let rows = read(table.as_bytes(), at(60)).expect("own output");
    assert_eq!((rows.bad.as_slice(), rows.ignored_columns.as_slice()), (&[][..], &[][..]));
    let done = add_members(other.store(), &moved, rows, act, BadRows::StopAll).expect("kept");
    assert_eq!((done.added, done.bad), (3, vec![]));
    let (_, again) = exported(other.store(), &moved);
    assert_eq!(text(&again, MEMBERS), table.replace(",declared,", ",imported,"));
}

#[test]
fn settings_come_back_as_they_were() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let (_, files) = exported(scene.store(), &list);
    let read = read_list(text(&files, LIST)).expect("own output");
    assert_eq!((read.address, read.state, read.settings), (list.address, list.state, list.settings));
}

#[test]
fn the_manifest_tells_what_is_there() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.import(&list, &mailbox(1000));
    let (manifest, files) = exported(scene.store(), &list);
    assert_eq!(files.keys().copied().collect::<Vec<_>>(), [ARCHIVE, DECISIONS, LIST, MANIFEST, MEMBERS]);
    let written: Manifest = serde_json::from_slice(&files[MANIFEST]).expect("JSON");
    assert_eq!(written, manifest);
    assert_eq!((written.list.as_str(), written.counts.posts), ("quartier@lists.example", 1000));
    for file in &written.files {
        let bytes = &files[file.name.as_str()];
        assert_eq!(file.bytes, bytes.len() as u64);
        assert_eq!(file.sha256, data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)));
    }
    assert_eq!(written.files.len(), 4);
}

#[test]
fn a_folder_has_all_files_or_none() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.import(&list, &mailbox(3));
    let path = scene.beside("out/quartier");
    let into = |list: &List, path: &std::path::Path| {
        let mut folder = Folder::new(path).expect("made");
        export(scene.store(), list, at(0), &mut |piece| folder.take(piece)).expect("exported");
        folder
    };
    let names = || {
        let mut names: Vec<String> = std::fs::read_dir(&path)
            .expect("there")
            .map(|e| e.expect("read").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    drop(into(&list, &path));
    assert_eq!(names(), Vec::<String>::new());
    into(&list, &path).finish().expect("named");
    assert_eq!(names(), [ARCHIVE, DECISIONS, LIST, MANIFEST, MEMBERS]);
    for file in ["", MEMBERS, ARCHIVE] {
        let mode = std::fs::metadata(path.join(file)).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file:?}");
    }
    scene.import(&list, &mailbox(5));
    into(&list, &path).finish().expect("replaced");
    let mbox = std::fs::read(path.join(ARCHIVE)).expect("there");
    assert_eq!(mbox, mailbox(5));
    assert_eq!(names().len(), 5);
    let mut refusing = |_: Piece<'_>| Err(std::io::Error::other("gone"));
    assert!(export(scene.store(), &list, at(0), &mut refusing).is_err());
}

#[test]
fn a_damaged_post_is_named_and_keeps_no_other_back() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.import(&list, &mailbox(5));
    let segment = scene.data().join(format!("mail/{}/000001.mbox", list.id));
    let kept = String::from_utf8(std::fs::read(&segment).expect("there")).expect("text");
    std::fs::write(&segment, kept.replace("number 3", "number X")).expect("written");
    let (manifest, files) = exported(scene.store(), &list);
    assert_eq!((manifest.counts.posts, manifest.damaged.len()), (4, 1));
    assert!(manifest.damaged[0].why.contains("not those received"), "{}", manifest.damaged[0].why);
    assert!(!text(&files, ARCHIVE).contains("number X"));
    assert!(text(&files, MANIFEST).contains("\"damaged\""));
}
