//! Closed and opened again, built again, copied: the answers are the same.

use std::fs;
use std::path::Path;

use parvis::domain::ids::{ListId, PostId};
use parvis::domain::member::MemberState;
use parvis::domain::moderation::HoldReason;
use parvis::domain::time::Zone;
use parvis::store::change::Change;
use parvis::store::event::{Event, Fence, FenceReason, LetterAbout};
use parvis::store::{Store, StoreError, StoreOptions, verify};

use super::history::{Dice, step};
use super::scene::*;
use super::tell::tell;

/// Nothing is at fault, and the state is what the truth makes it.
fn is_sound(store: &Store) {
    for finding in verify::verify(store).expect("readable") {
        assert_eq!(finding.faults, [""; 0], "{}", finding.what);
    }
    let compared = verify::compare_with_rebuilt(store).expect("built");
    assert_eq!(compared.faults, [""; 0]);
}

/// Small, and with something of everything.
pub(super) fn a_little_of_everything(store: &Store) -> ListId {
    let list = make_list(store, "quartier");
    let [anne, bob, carla] = ["anne", "bob", "carla"].map(|name| join(store, &[list], name));
    let first = post(store, list, &mail("anne", "Un", &ids("1@writers.example", &[])));
    outcome(store, first, anne, taken());
    outcome(store, first, bob, put_off(600));
    let second = post(store, list, &mail("bob", "Deux", &ids("2@writers.example", &["1@writers.example"])));
    [anne, bob, carla].into_iter().for_each(|person| outcome(store, second, person, taken()));
    let held = receive(store, list, &mail("zoe", "Trois", ""));
    hold(store, held, HoldReason::FirstPost);
    receive(store, list, &mail("zoe", "Quatre", ""));
    owe_letter(store, LetterAbout::Welcome { list, person: carla });
    change_member(store, list, carla, |member| member.state = MemberState::Left);
    list
}

#[test]
fn after_each_step_the_store_opens_as_it_was() {
    let mut scene = Scene::new();
    let mut dice = Dice(7);
    for _ in 0..80 {
        step(scene.store(), &mut dice);
        let before = tell(scene.store());
        assert_eq!(tell(scene.reopen()), before);
    }
    assert_eq!(scene.store().opened().rebuilt, None);
    assert_eq!(scene.store().fence().expect("readable"), Fence::Down);
}

#[test]
fn a_long_history_by_chance_is_sound_and_can_be_built_again() {
    for seed in [1, 2, 3] {
        let mut scene = Scene::new();
        let mut dice = Dice(seed);
        for number in 0..300 {
            step(scene.store(), &mut dice);
            if number % 60 == 59 {
                let before = tell(scene.store());
                assert_eq!(tell(scene.reopen()), before, "seed {seed}");
            }
        }
        is_sound(scene.store());
        let before = tell(scene.store());
        scene.store().rebuild().expect("built");
        assert_eq!(tell(scene.store()), before, "seed {seed}");
        is_sound(scene.store());
        (0..30).for_each(|_| step(scene.store(), &mut dice));
        is_sound(scene.store());
    }
}

#[test]
fn without_its_state_a_store_builds_it_and_mail_goes_on() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    scene.close();
    fs::remove_dir_all(scene.data().join("state")).expect("removed");
    let store = scene.reopen();
    assert_eq!(store.opened().rebuilt.as_deref(), Some("it was not there"));
    assert!(!store.opened().elsewhere);
    assert_eq!(tell(store), before);
    is_sound(store);
}

#[test]
fn a_copied_folder_sends_nothing_until_somebody_says_so() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    scene.close();
    let copy = scene.beside("copy");
    copy_folder(&scene.data(), &copy);
    for _ in 0..2 {
        let copied = open(&copy).expect("opens");
        assert_eq!(copied.fence().expect("readable"), Fence::Up(FenceReason::Elsewhere));
        assert_eq!(tell(&copied), before.replace("fence: Down", "fence: Up(Elsewhere)"));
        is_sound(&copied);
    }
    let copied = open(&copy).expect("opens");
    assert_eq!((copied.opened().rebuilt.clone(), copied.opened().elsewhere), (None, false));
    copied.commit(Change::at(at(9)).event(Event::Fence { fence: Fence::Down })).expect("down");
    assert_eq!(tell(&copied), before);
    assert_eq!(scene.reopen().fence().expect("readable"), Fence::Down, "the first one is where it was");
}

#[test]
fn a_folder_that_was_moved_on_its_disk_is_where_it_was() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    scene.close();
    let moved = scene.beside("moved");
    fs::rename(scene.data(), &moved).expect("renamed");
    let store = open(&moved).expect("opens");
    assert_eq!(tell(&store), before);
    assert_eq!(store.opened().rebuilt, None);
}

#[test]
fn numbers_are_never_given_twice() {
    let mut scene = Scene::new();
    let list = a_little_of_everything(scene.store());
    for round in 0..3 {
        if round == 2 {
            scene.close();
            fs::remove_dir_all(scene.data().join("state")).expect("removed");
        }
        let store = scene.reopen();
        let posts = store.posts(PostId(0), 100).expect("posts");
        assert!(store.next_post() > posts.last().expect("some").id);
        let persons = store.persons().expect("persons");
        assert!(store.next_person() > persons.last().expect("some").id);
        assert!(store.next_list() > list);
        assert!(store.next_letter() > store.letters().expect("some").last().expect("one").letter);
        // Done letters keep their numbers as well.
        let letter = owe_letter(store, LetterAbout::Welcome { list, person: persons[0].id });
        let outcome = parvis::store::event::LetterOutcome::Pointless;
        store.commit(Change::at(at(7)).event(Event::LetterDone { letter, outcome })).expect("done");
        assert!(scene.reopen().next_letter() > letter);
    }
}

#[test]
fn another_zone_sorts_posts_into_other_months() {
    let mut scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let raw = b"From: a@writers.example\r\nDate: Thu, 31 Dec 2026 23:00:00 +0000\r\n\r\nx\r\n";
    import(scene.store(), list, raw, at(0));
    let months = |store: &Store| -> Vec<(i16, i8)> {
        store.reader().months(list).expect("readable").iter().map(|m| (m.year, m.month)).collect()
    };
    assert_eq!(months(scene.store()), [(2027, 1)]);
    scene.close();
    let options = |zone| StoreOptions { zone, ..options(&scene.data()) };
    let store = Store::open(options(Zone::utc()), at(0)).expect("opens");
    assert_eq!(months(&store), [(2026, 12)]);
    assert_eq!(store.opened().rebuilt.as_deref(), Some("its months are those of Europe/Paris"));
    assert_eq!(store.fence().expect("readable"), Fence::Down);
    drop(store);
    let store = Store::open(options(Zone::utc()), at(0)).expect("opens");
    assert_eq!(store.opened().rebuilt, None);
}

#[test]
fn rebuilding_disturbs_neither_readers_nor_writers() {
    let scene = Scene::new();
    let store = scene.store();
    let list = a_little_of_everything(store);
    let (writers, posts_each, rebuilds) = (4, 25, 4);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            scope.spawn(move || {
                for n in 0..posts_each {
                    let raw = mail(
                        "anne",
                        &format!("{writer} {n}"),
                        &ids(&format!("{writer}-{n}@writers.example"), &[]),
                    );
                    post(store, list, &raw);
                }
            });
        }
        let reading = scope.spawn(move || {
            for _ in 0..40 {
                let latest = store.reader().latest_posts(list, 5).expect("readable");
                assert!(!latest.is_empty());
                assert!(store.raw(latest[0].id).expect("readable").is_some());
                assert_eq!(store.readers(list, at(0)).expect("readable").len(), 2);
            }
        });
        for _ in 0..rebuilds {
            store.rebuild().expect("built");
            verify::compare_with_rebuilt(store).expect("a comparison beside the writers does no harm");
        }
        reading.join().expect("no panic");
    });
    assert_eq!(store.reader().counts(list).expect("counts").posts, 2 + writers * posts_each as u64);
    is_sound(store);
    assert_eq!(state_folders(&scene.data()), ["000005", "instance"]);
}

fn state_folders(data: &Path) -> Vec<String> {
    let entries = fs::read_dir(data.join("state")).expect("readable");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn one_store_at_a_time() {
    let mut scene = Scene::new();
    assert!(matches!(open(&scene.data()), Err(StoreError::InUse(_))));
    scene.close();
    assert!(open(&scene.data()).is_ok());
}

#[test]
fn an_mbox_reader_finds_each_post_as_it_was_sent() {
    let scene = Scene::new();
    let list = make_list(scene.store(), "quartier");
    let raws = ["Un", "Deux"].map(|subject| mail("anne", subject, ""));
    raws.iter().for_each(|raw| {
        post(scene.store(), list, raw);
    });
    let mbox = fs::read_to_string(scene.data().join(format!("mail/{list}/000001.mbox"))).expect("text");
    assert_eq!(mbox.lines().filter(|line| line.starts_with("From ")).count(), 2);
    assert!(mbox.contains("\n>From here on: Deux.\n"));
}

#[test]
fn what_somebody_else_puts_into_mail_stays_there() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    let foreign = ["mail/notes.mbox", "mail/1/old-archive.mbox", "mail/1/000001.mbox.idx"];
    for name in foreign {
        fs::write(scene.data().join(name), "From somebody\n\nhello\n").expect("written");
    }
    assert_eq!(tell(scene.reopen()), before);
    for name in foreign {
        assert!(fs::read(scene.data().join(name)).expect("there").starts_with(b"From somebody"));
    }
    assert!(!scene.data().join("set-aside").exists());
}
