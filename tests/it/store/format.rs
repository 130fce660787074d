//! A data folder of the first format, kept as it was written: every later version reads it.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{expect, expect_file};
use parvis::domain::ids::{ListId, PersonId};
use parvis::domain::moderation::HoldReason;
use parvis::domain::token::Purpose;
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Event, LetterAbout};
use parvis::store::verify;

use super::scene::*;
use super::tell::tell;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-v1")
}

#[test]
fn a_folder_of_the_first_format_is_read_as_it_was_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    copy_folder(&fixture(), &data);
    let store = open(&data).expect("opens");
    expect_file!["../../fixtures/store-v1.txt"].assert_eq(&tell(&store));
    let leave = store.tokens().token(Purpose::Leave { list: ListId(1), person: PersonId(2) });
    expect!["caaaaaiaaabmqkwpxazsbwkp26ir2eph"].assert_eq(leave.as_str());
    for finding in verify::verify(&store).expect("readable") {
        assert_eq!(finding.faults, [""; 0], "{}", finding.what);
    }
    assert!(!data.join("set-aside").exists());
}

/// Writes the fixture anew, where `PARVIS_WRITE_STORE_FIXTURE` names a folder. A format that is in
/// use is never written anew: a new one gets a folder of its own beside it.
#[test]
fn write_the_folder() {
    let Some(target) = std::env::var_os("PARVIS_WRITE_STORE_FIXTURE") else { return };
    let mut scene = Scene::new();
    let key: Vec<u8> = (1..=32).collect();
    scene.close();
    fs::write(scene.data().join("keys/token.key"), key).expect("written");
    let store = scene.reopen();
    let (quartier, jardin) = (make_list(store, "quartier"), make_list(store, "jardin"));
    let [anne, bob] = ["anne", "bob"].map(|name| join(store, &[quartier], name));
    let carla = join(store, &[quartier, jardin], "carla");
    join(store, &[jardin], "dao");

    let first = post(store, quartier, &mail("anne", "Fuite au 3e", &ids("1@writers.example", &[])));
    [anne, bob, carla].into_iter().for_each(|person| outcome(store, first, person, taken()));
    let answer = post(
        store,
        quartier,
        &mail("bob", "Re: Fuite au 3e", &ids("2@writers.example", &["1@writers.example"])),
    );
    outcome(store, answer, anne, taken());
    outcome(store, answer, bob, put_off(600));
    hold(store, receive(store, quartier, &mail("zoe", "Bonjour", "")), HoldReason::FirstPost);
    let refused = receive(store, jardin, &mail("zoe", "Publicité", ""));
    hold(store, refused, HoldReason::Moderated);
    refuse(store, refused, "Pas ici, s'il vous plaît.");
    import(store, jardin, &mail("carla", "Semis", &ids("3@writers.example", &[])), at(-1_000_000));
    let open_end = b"From: dao@writers.example\nSubject: Sans fin\n\nFrom me\n>From you\nno end of line";
    receive(store, jardin, open_end);

    let report = mail("server", "Delivery report", "");
    let bounce = store.next_post();
    let change = Change::at(at(2))
        .mail(bounce, Shelf::Transit, &report, "", at(2))
        .event(received(None, bounce, &report, None));
    store.commit(change).expect("received");
    owe_letter(store, LetterAbout::Welcome { list: jardin, person: carla });
    let done = owe_letter(store, LetterAbout::NowAnimator { list: quartier, person: anne });
    let outcome = parvis::store::event::LetterOutcome::Taken("250 ok".to_owned());
    store.commit(Change::at(at(7)).event(Event::LetterDone { letter: done, outcome })).expect("done");
    scene.close();
    for name in ["state", "lock"] {
        let path = scene.data().join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.expect("removed");
    }
    copy_folder(&scene.data(), Path::new(&target));
}
