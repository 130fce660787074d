//! A byte that changed on disk, anywhere: it is named, and costs no more than what it is part of.

use std::fs;

use parvis::domain::ids::{ListId, PostId};
use parvis::store::{Store, StoreError, verify};

use super::reopen::a_little_of_everything;
use super::scene::*;
use super::tell::tell;

/// Bytes that are tried, of every so many (a prime, so that all parts of lines are met).
const STRIDE: usize = 61;

const FILES: [&str; 4] =
    ["mail/1/000001.mbox", "people/000001.jsonl", "deliveries/000001.jsonl", "journal/000001.jsonl"];

fn faults(store: &Store) -> Vec<String> {
    verify::verify(store).expect("readable").into_iter().flat_map(|finding| finding.faults).collect()
}

/// Each byte of the files in turn as another one, and back again.
fn with_each_byte_changed(data: &std::path::Path, mut each: impl FnMut(&str, usize, &[u8])) {
    for name in FILES {
        let path = data.join(name);
        let whole = fs::read(&path).expect("there");
        for at in (0..whole.len()).filter(|at| at.is_multiple_of(STRIDE) || whole[*at] == b'\n') {
            for flip in [0x01, 0x20] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                fs::write(&path, &changed).expect("written");
                each(name, at, &whole);
            }
        }
        fs::write(&path, &whole).expect("written");
    }
}

#[test]
fn a_changed_byte_is_named_and_the_state_goes_on() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    assert_eq!(faults(scene.store()), [""; 0]);
    let data = scene.data();
    with_each_byte_changed(&data, |name, at, whole| {
        let named = faults(scene.store());
        // What mbox readers need in front of each message is not part of the message.
        let in_from_line = name.starts_with("mail/") && {
            let line = whole[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            whole[line..].starts_with(b"From ") && whole[at] != b'\n' && at >= line + 5
        };
        assert_eq!(named.is_empty(), in_from_line, "{name} byte {at}: {named:?}");
        if at % (7 * STRIDE) == 0 {
            let told = tell(scene.reopen());
            if !name.starts_with("mail/") && !name.starts_with("deliveries/") {
                assert_eq!(told, before, "{name} byte {at}");
            }
        }
    });
    assert_eq!(tell(scene.reopen()), before);
}

#[test]
fn a_store_built_from_damaged_files_lacks_what_is_damaged_and_nothing_else() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let readable = |store: &Store| {
        let raws = (1..=4).map(|post| store.raw(PostId(post)));
        raws.filter(|raw| matches!(raw, Ok(Some(_)))).count()
    };
    assert_eq!(readable(scene.store()), 4);
    scene.close();
    let data = scene.data();
    let originals: Vec<Vec<u8>> =
        FILES.iter().map(|name| fs::read(data.join(name)).expect("there")).collect();
    with_each_byte_changed(&data, |name, at, whole| {
        let _ = fs::remove_dir_all(data.join("state"));
        let _ = fs::remove_dir_all(data.join("set-aside"));
        match open(&data) {
            Ok(store) => {
                let label = format!("{name} byte {at}");
                assert!(readable(&store) >= 3, "{label}");
                let persons = store.persons().expect("readable").len();
                assert!(persons >= if name.starts_with("people") { 1 } else { 3 }, "{label}");
                if !name.starts_with("journal") {
                    assert_eq!(store.letters().expect("readable").len(), 1, "{label}");
                    assert_eq!(store.reader().counts(ListId(1)).expect("readable").posts, 2, "{label}");
                }
                let outcomes = store.ledger(PostId(1)).expect("readable").len();
                assert!(outcomes >= if name == "deliveries/000001.jsonl" { 0 } else { 2 }, "{label}");
                let in_last_line = !whole[at..whole.len() - 1].contains(&b'\n');
                let told = !faults(&store).is_empty() || data.join("set-aside").exists();
                assert!(told || name.starts_with("mail/"), "{label} {in_last_line}");
            }
            Err(StoreError::Io { .. } | StoreError::Damaged { .. }) => {}
            Err(other) => panic!("{name} byte {at}: {other}"),
        }
        // A new open may have written and cut: everything as it was.
        FILES
            .iter()
            .zip(&originals)
            .for_each(|(name, bytes)| fs::write(data.join(name), bytes).expect("written"));
    });
}

#[test]
fn a_damaged_ledger_line_costs_one_answer() {
    let mut scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let people = ["anne", "bob", "carla", "dao"].map(|name| join(scene.store(), &[list], name));
    let post = post(scene.store(), list, &mail("anne", "Un", ""));
    people[..3].iter().for_each(|person| outcome(scene.store(), post, *person, taken()));
    scene.close();
    let path = scene.data().join("deliveries/000001.jsonl");
    let mut bytes = fs::read(&path).expect("there");
    let second = bytes.iter().position(|byte| *byte == b'\n').expect("lines") + 20;
    bytes[second] ^= 1;
    fs::write(&path, bytes).expect("written");
    fs::remove_dir_all(scene.data().join("state")).expect("removed");
    let store = scene.reopen();
    let owed: Vec<_> = store.owed(post).expect("readable").iter().collect();
    assert_eq!(owed, [people[1], people[3]], "who stands after the damage is not sent it again");
}

#[test]
fn with_the_line_of_a_message_damaged_its_bytes_stay_in_the_mbox() {
    let mut scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let anne = join(scene.store(), &[list], "anne");
    let raw = mail("anne", "Précieux", "");
    let post = receive(scene.store(), list, &raw);
    owe_letter(scene.store(), parvis::store::event::LetterAbout::Welcome { list, person: anne });
    scene.close();
    let (journal, mbox) =
        (scene.data().join("journal/000001.jsonl"), scene.data().join("mail/1/000001.mbox"));
    let mut text = fs::read_to_string(&journal).expect("text");
    text = text.replace("\"what\":\"received\"", "\"what\":\"deceived\"");
    fs::write(&journal, text).expect("written");
    let before = fs::read(&mbox).expect("there");
    fs::remove_dir_all(scene.data().join("state")).expect("removed");
    for _ in 0..3 {
        let store = scene.reopen();
        assert_eq!(store.post(post).expect("readable"), None);
        assert_eq!(fs::read(&mbox).expect("there"), before);
        assert_eq!(store.letters().expect("readable").len(), 1);
        assert!(faults(store).iter().any(|fault| fault.contains("journal/000001.jsonl holds no line")));
    }
    // The next message comes after it, and gets another number's place in the file.
    let next = receive(scene.store(), list, &mail("anne", "Ensuite", ""));
    assert!(fs::read(&mbox).expect("there").starts_with(&before));
    assert_eq!(scene.reopen().raw(next).expect("readable"), Some(mail("anne", "Ensuite", "")));
}
