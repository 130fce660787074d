//! Files that have grown long are sealed, and the next is begun.

use std::fs;

use parvis::domain::ids::{ListId, PostId};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::Event;
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

/// What goes on goes to the second file.
fn publish_again(scene: &mut Scene, last: PostId) {
    let length =
        |scene: &Scene| fs::metadata(scene.data().join("journal/000002.jsonl")).expect("there").len();
    let before = length(scene);
    let next = post(scene.store(), ListId(1), &mail("anne", "Encore", ""));
    assert!(next > last && length(scene) > before);
}
