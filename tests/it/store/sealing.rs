//! Files that have grown long are sealed, and the next is begun.

use std::fs;

use parvis::domain::ids::{ListId, PersonId, PostId};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::Event;
use parvis::store::ledger::CopyResult;
use parvis::store::{Store, verify};

use super::scene::*;
use super::tell::tell;

const MIB: usize = 1 << 20;

#[test]
fn a_full_segment_is_followed_by_another() {
    let mut scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let other = make_list(scene.store(), "jardin");
    let large = [&mail("anne", "Long", "")[..], &vec![b'x'; 65 * MIB]].concat();
    let first = scene.store().next_post();
    let change = Change::at(at(2)).mail(first, Shelf::List(list), &large, "", at(2));
    scene.store().commit(change.event(received(Some(list), first, b"", None))).expect("received");
    let file = |store: &Store, post| store.post(post).expect("readable").expect("kept").mail.file;
    let elsewhere = post(scene.store(), other, &mail("anne", "Ailleurs", ""));
    assert_eq!(file(scene.store(), first), "mail/1/000001.mbox");
    assert_eq!(file(scene.store(), elsewhere), "mail/2/000001.mbox");
    for subject in ["Un", "Deux, l'état perdu"] {
        let next = post(scene.store(), ListId(1), &mail("anne", subject, ""));
        assert_eq!(file(scene.store(), next), "mail/1/000002.mbox");
        scene.close();
        fs::remove_dir_all(scene.data().join("state")).expect("removed");
        assert_eq!(scene.reopen().raw(next).expect("readable"), Some(mail("anne", subject, "")));
    }
    assert!(scene.store().raw(first).expect("readable") == Some(large));
    assert!(!scene.data().join("set-aside").exists());
}

#[test]
fn a_full_journal_file_is_followed_by_another() {
    let mut scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let refused = receive(scene.store(), list, &mail("zoe", "Non", ""));
    let words = "x".repeat(8 * MIB);
    for _ in 0..9 {
        let event = Event::Refused { post: refused, by: None, words: words.clone() };
        scene.store().commit(Change::at(at(4)).event(event)).expect("refused");
    }
    let last = post(scene.store(), list, &mail("anne", "Oui", ""));
    let before = tell(scene.store());
    assert!(scene.data().join("journal/000002.jsonl").exists());
    assert!(!scene.data().join("journal/000003.jsonl").exists());
    assert_eq!(tell(scene.reopen()), before);
    scene.close();
    fs::remove_dir_all(scene.data().join("state")).expect("removed");
    assert_eq!(tell(scene.reopen()), before);
    publish_again(&mut scene, last);
    for finding in verify::verify(scene.store()).expect("readable") {
        assert_eq!(finding.faults, [""; 0], "{}", finding.what);
    }
}

#[test]
fn a_full_file_of_the_ledger_is_followed_by_another() {
    let mut scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let people: Vec<PersonId> = (0..7).map(|n| join(scene.store(), &[list], &format!("reader{n}"))).collect();
    let first = post(scene.store(), list, &mail("anne", "Un", ""));
    let second = post(scene.store(), list, &mail("anne", "Deux", ""));
    let long = CopyResult::Failed("5".repeat(6 * MIB));
    for person in &people[..4] {
        outcome(scene.store(), first, *person, long.clone());
    }
    outcome(scene.store(), second, people[0], taken());
    outcome(scene.store(), first, people[4], taken());
    let told = |store: &Store| {
        let copies = |post| -> Vec<PersonId> {
            let lines = store.ledger(post).expect("readable");
            lines.iter().flat_map(|line| &line.copies).map(|(person, _)| *person).collect()
        };
        assert_eq!((copies(first), copies(second)), (people[..5].to_vec(), people[..1].to_vec()));
        let owed = |post| store.owed(post).expect("readable").iter().collect::<Vec<_>>();
        assert_eq!((owed(first), owed(second)), (people[5..].to_vec(), people[1..].to_vec()));
    };
    let names = |scene: &Scene| -> Vec<bool> {
        let exists = |n| scene.data().join(format!("deliveries/00000{n}.jsonl")).exists();
        (1..=3).map(exists).collect()
    };
    told(scene.store());
    assert_eq!(names(&scene), [true, true, false]);
    told(scene.reopen());
    scene.close();
    fs::remove_dir_all(scene.data().join("state")).expect("removed");
    told(scene.reopen());
    outcome(scene.store(), second, people[1], taken());
    assert_eq!(names(&scene), [true, true, false]);
    assert!(verify::verify(scene.store()).expect("readable").iter().all(|finding| finding.faults.is_empty()));
}

/// What goes on goes to the second file.
fn publish_again(scene: &mut Scene, last: PostId) {
    let length =
        |scene: &Scene| fs::metadata(scene.data().join("journal/000002.jsonl")).expect("there").len();
    let before = length(scene);
    let next = post(scene.store(), ListId(1), &mail("anne", "Encore", ""));
    assert!(next > last && length(scene) > before);
}
