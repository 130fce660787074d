//! What a crash leaves: files that end in the midst of the last group. What was answered is there,
//! what was not goes to `set-aside/`, and the next commits find everything in order.

use std::fs;
use std::path::{Path, PathBuf};

use parvis::domain::ids::ListId;
use parvis::store::change::{Change, Shelf};
use parvis::store::event::LetterAbout;
use parvis::store::{Store, StoreError, verify};

use super::history::{Dice, step};
use super::reopen::a_little_of_everything;
use super::scene::*;
use super::tell::tell;

/// Cuts that are tried, of every so many bytes (a prime, so that all parts of lines are met).
const STRIDE: usize = 13;

/// A file as it was before and after the last group.
struct Growth {
    name: String,
    before: Option<Vec<u8>>,
    after: Vec<u8>,
}

/// Files in the order a group writes them.
fn growths(before: &Path, after: &Path) -> Vec<Growth> {
    let mut growths: Vec<Growth> = Vec::new();
    for folder in ["mail/1", "transit", "people", "deliveries", "journal"] {
        for name in names(&after.join(folder)) {
            let name = format!("{folder}/{name}");
            let (before, after) =
                (fs::read(before.join(&name)).ok(), fs::read(after.join(&name)).expect("there"));
            if before.as_ref() != Some(&after) {
                growths.push(Growth { name, before, after });
            }
        }
    }
    growths
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn write_or_remove(path: &Path, content: Option<&[u8]>) {
    match content {
        Some(content) => fs::write(path, content).expect("written"),
        None => {
            let _ = fs::remove_file(path);
        }
    }
}

/// Everything in `set-aside/`, one after the other.
fn set_aside(data: &Path) -> Vec<u8> {
    let folder = data.join("set-aside");
    names(&folder).iter().flat_map(|name| fs::read(folder.join(name)).expect("readable")).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

/// One group that writes to every kind of file there is, in three parts that stand for themselves:
/// the person, the outcome, and the rest.
struct LastGroup {
    person: Change,
    outcome: Change,
    all: Change,
}

fn last_group(store: &Store, list: ListId) -> LastGroup {
    let raw = mail("anne", "Dernier", &ids("9@writers.example", &["1@writers.example"]));
    let report = mail("server", "Report", "");
    let (person, change) = member_change(store, &[list], "eve");
    let fan = store.fans().expect("readable").remove(0);
    let owed = store.owed(fan.post).expect("readable").iter().next().expect("one");
    let letter = store.next_letter();
    let (post, bounce) = (store.next_post(), store.next_post());
    let outcome = parvis::store::ledger::CopyOutcome { post: fan.post, person: owed, result: taken() };
    let all = change
        .mail(post, Shelf::List(list), &raw, "anne@writers.example", at(2))
        .event(received(Some(list), post, &raw, None))
        .event(published(store, list, post))
        .mail(bounce, Shelf::Transit, &report, "", at(2))
        .event(received(None, bounce, &report, None))
        .event(parvis::store::event::Event::LetterOwed {
            letter,
            about: LetterAbout::Welcome { list, person },
        })
        .outcome(outcome.clone());
    let person = super::scene::person(person, "eve");
    LastGroup { person: Change::at(at(0)).person(person), outcome: Change::at(at(0)).outcome(outcome), all }
}

/// What the store tells after each part of the last group that can stand without the rest.
struct Tellings {
    nothing: String,
    person: String,
    person_and_outcome: String,
    all: String,
}

fn make(scene: &mut Scene) -> (Vec<Growth>, PathBuf, Tellings) {
    let list = a_little_of_everything(scene.store());
    let nothing = tell(scene.store());
    scene.close();
    let before = scene.beside("before");
    copy_folder(&scene.data(), &before);

    // The parts one after the other, in a copy; its fence is up.
    let copy = scene.beside("copy");
    copy_folder(&scene.data(), &copy);
    let copied = open(&copy).expect("opens");
    // What a copy gives from there on is numbered apart.
    let as_first = |store: &Store| {
        tell(store).replace("fence: Up(Elsewhere)", "fence: Down").replace("person 10004:", "person 4:")
    };
    let parts = last_group(&copied, list);
    copied.commit(parts.person).expect("committed");
    let person = as_first(&copied);
    copied.commit(parts.outcome).expect("committed");
    let person_and_outcome = as_first(&copied);
    drop(copied);

    let group = last_group(scene.reopen(), list).all;
    scene.store().commit(group).expect("committed");
    let all = tell(scene.store());
    scene.close();
    let growths = growths(&before, &scene.data());
    (growths, before, Tellings { nothing, person, person_and_outcome, all })
}

#[test]
fn whatever_a_crash_leaves_of_the_last_group_the_store_opens_and_goes_on() {
    let mut scene = Scene::new();
    let (growths, before, tellings) = make(&mut scene);
    let files: Vec<&str> = growths.iter().map(|growth| growth.name.as_str()).collect();
    let day = "transit/2026-11-22.mbox";
    assert_eq!(
        files,
        ["mail/1/000001.mbox", day, "people/000001.jsonl", "deliveries/000001.jsonl", "journal/000001.jsonl"]
    );
    let data = scene.data();
    let mut tried = 0;
    for (cut_file, growth) in growths.iter().enumerate() {
        let start = growth.before.as_ref().map_or(0, Vec::len);
        let near_the_end = growth.after.len().saturating_sub(3);
        let cuts = (start..growth.after.len()).filter(|cut| {
            let from_start = cut - start;
            from_start.is_multiple_of(STRIDE) || from_start < 2 || *cut >= near_the_end
        });
        for cut in cuts.chain([growth.after.len()]) {
            for (number, file) in growths.iter().enumerate() {
                let content = match number.cmp(&cut_file) {
                    std::cmp::Ordering::Less => Some(&file.after[..]),
                    std::cmp::Ordering::Equal => Some(&file.after[..cut]),
                    std::cmp::Ordering::Greater => file.before.as_deref(),
                };
                write_or_remove(&data.join(&file.name), content);
            }
            let _ = fs::remove_dir_all(data.join("set-aside"));
            let _ = fs::remove_dir_all(data.join("state"));
            tried += 1;
            // Every other time the state is lost as well.
            if tried % 2 == 0 {
                copy_folder(&before.join("state"), &data.join("state"));
            }
            let store = open(&data).expect("opens");
            let whole = |name: &str| {
                let position = growths.iter().position(|growth| growth.name == name).expect("one of them");
                position < cut_file || (position == cut_file && cut == growth.after.len())
            };
            let expected = match () {
                () if whole("journal/000001.jsonl") => &tellings.all,
                () if whole("deliveries/000001.jsonl") => &tellings.person_and_outcome,
                () if whole("people/000001.jsonl") => &tellings.person,
                () => &tellings.nothing,
            };
            let at = format!("{} cut at {cut}", growth.name);
            assert_eq!(&tell(&store), expected, "{at}");
            if cut < growth.after.len() {
                let kept = set_aside(&data);
                assert!(contains(&kept, &growth.after[start..cut]), "{at}: what was torn is kept");
            }
            if tried % 16 == 0 {
                goes_on(store, &at);
            }
        }
    }
    assert!(tried > 150, "{tried}");
}

/// The next commits are taken, and nothing is lost or doubled by them.
fn goes_on(store: Store, at: &str) {
    let list = ListId(1);
    let before = store.posts(parvis::domain::ids::PostId(0), 1000).expect("readable").len();
    let id = post(&store, list, &mail("bob", "Et encore", ""));
    join(&store, &[list], "frida");
    for finding in verify::verify(&store).expect("readable") {
        assert_eq!(finding.faults, [""; 0], "{at}: {}", finding.what);
    }
    let compared = verify::compare_with_rebuilt(&store).expect("built");
    assert_eq!(compared.faults, [""; 0], "{at}");
    let (data, told) = (store.data().to_owned(), tell(&store));
    drop(store);
    let store = open(&data).expect("opens");
    assert_eq!(tell(&store), told, "{at}");
    assert_eq!(store.posts(parvis::domain::ids::PostId(0), 1000).expect("readable").len(), before + 1);
    assert_eq!(store.raw(id).expect("readable"), Some(mail("bob", "Et encore", "")));
}

#[test]
fn an_end_of_garbage_is_set_aside() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    let mut dice = Dice(11);
    for name in
        ["mail/1/000001.mbox", "people/000001.jsonl", "deliveries/000001.jsonl", "journal/000001.jsonl"]
    {
        for garbage in [&b"\0\0\0\0"[..], b"\n\n\n", b"{\"seq\":9}\n{\"seq\":", b"{}\n{}\n{}\n", b"From x\n"]
        {
            scene.close();
            let path = scene.data().join(name);
            let whole = fs::read(&path).expect("there");
            fs::write(&path, [&whole[..], garbage].concat()).expect("written");
            if dice.roll(2) == 0 {
                fs::remove_dir_all(scene.data().join("state")).expect("removed");
            }
            let _ = fs::remove_dir_all(scene.data().join("set-aside"));
            assert_eq!(tell(scene.reopen()), before, "{name} {garbage:?}");
            assert_eq!(fs::read(&path).expect("there"), whole, "{name} {garbage:?}");
            assert!(contains(&set_aside(&scene.data()), garbage), "{name} {garbage:?}");
        }
    }
}

#[test]
fn a_state_of_garbage_is_moved_aside_and_built_again() {
    let mut scene = Scene::new();
    let mut dice = Dice(5);
    (0..60).for_each(|_| step(scene.store(), &mut dice));
    let before = tell(scene.store());
    scene.close();
    let good = scene.beside("good-state");
    copy_folder(&scene.data().join("state"), &good);
    let (mut at_once, mut at_the_next_start, mut unharmed) = (0, 0, 0);
    for seed in 0..50 {
        scene.close();
        for number in 1..=9 {
            let _ = fs::remove_dir_all(scene.data().join(format!("state.unusable-{number}")));
        }
        fs::remove_dir_all(scene.data().join("state")).expect("there");
        copy_folder(&good, &scene.data().join("state"));
        garble(&scene.data().join("state/000001"), &mut Dice(seed));
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tell(scene.reopen())));
        match (told, scene.store().opened().rebuilt.is_some()) {
            (Ok(told), rebuilt) => {
                assert_eq!(told, before, "seed {seed}");
                if rebuilt { at_once += 1 } else { unharmed += 1 }
            }
            (Err(_), false) => {
                assert_eq!(tell(scene.reopen()), before, "seed {seed}");
                assert!(scene.store().opened().rebuilt.is_some(), "seed {seed}");
                at_the_next_start += 1;
            }
            (Err(_), true) => panic!("seed {seed}: a state built anew does not answer"),
        }
        assert_eq!(
            scene.store().fence().expect("readable"),
            parvis::store::event::Fence::Down,
            "built again in its place, it goes on by itself"
        );
    }
    println!("{at_once} noticed at once, {at_the_next_start} when asked, {unharmed} unharmed");
    assert!(at_once > 0);
}

/// Other bytes in some places of some files.
fn garble(folder: &Path, dice: &mut Dice) {
    for _ in 0..=dice.roll(3) {
        let files: Vec<PathBuf> =
            names(folder).iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect();
        let path = dice.pick(&files).expect("some");
        let mut bytes = fs::read(&path).expect("readable");
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let start = dice.roll(used);
        let end = (start + 1 + dice.roll(200)).min(bytes.len());
        bytes[start..end].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8);
        fs::write(&path, bytes).expect("written");
    }
}

#[test]
fn an_unfinished_snapshot_does_not_keep_the_state_from_opening() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    scene.close();
    fs::write(scene.data().join("state/000001/snap.0000000000000999.generating"), b"").expect("written");
    assert_eq!(tell(scene.reopen()), before);
    assert_eq!(scene.store().opened().rebuilt, None);
}

#[test]
fn a_truth_that_became_shorter_stops_the_start() {
    let mut scene = Scene::new();
    a_little_of_everything(scene.store());
    let before = tell(scene.store());
    for name in ["journal/000001.jsonl", "people/000001.jsonl"] {
        scene.close();
        let path = scene.data().join(name);
        let whole = fs::read(&path).expect("there");
        for less in [&whole[..whole.len() / 2], b""] {
            fs::write(&path, less).expect("written");
            let refused = open(&scene.data()).err();
            let Some(StoreError::Io { why, .. }) = refused else { panic!("{name}: {refused:?}") };
            assert!(why.contains("shorter than it was"), "{why}");
        }
        fs::write(&path, whole).expect("written");
        assert_eq!(tell(scene.reopen()), before);
    }
}
