//! What was kept long enough goes, and nothing else; what is left still follows from the files.

use std::time::Duration;

use parvis::domain::command::Decision;
use parvis::domain::ids::PostId;
use parvis::domain::proof::Proof;
use parvis::flow::moderate::moderate;
use parvis::flow::retain::{self, LetGo};
use parvis::store::event::Decider;
use parvis::store::verify;

use super::town::Town;

const DAY: Duration = Duration::from_secs(86_400);

fn town() -> Town {
    let mut town = Town::new();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    town.found("quartier@lists.example", &[pair("moderation", "all")]);
    town.add("quartier", "anne@mail.example", vec![]);
    town.add("quartier", "bob@mail.example", vec![]);
    let mut send = |to: &str, id: &str, words: &str| {
        let raw = format!(
            "From: <anne@mail.example>\nTo: <{to}@lists.example>\nMessage-ID: <{id}@mail.example>\nSubject: {words}\n\n{words}\n"
        );
        town.send("anne@mail.example", false, &format!("{to}@lists.example"), &raw, Proof::Proven);
    };
    send("quartier", "1", "published words");
    send("quartier", "2", "discarded words");
    send("quartier", "3", "waiting words");
    send("quartier-request", "4", "hebdo");
    send("quartier-animateurs", "5", "a word to people");
    moderate(&town.desk, PostId(2), Decider::Operator, Decision::Discard).expect("put away");
    town
}

fn says(town: &Town, number: u64) -> Option<String> {
    let raw = town.desk.store.raw(PostId(number)).expect("readable");
    raw.map(|raw| String::from_utf8_lossy(&raw).into_owned())
}

#[test]
fn what_was_kept_long_enough_goes() {
    let mut town = town();
    assert_eq!(retain::let_go(&town.desk).expect("looked"), LetGo::default(), "nothing is old yet");
    town.later(DAY * 61);
    // A request that was obeyed, with the file of that day, unless something in it still waits.
    assert!(says(&town, 4).is_none_or(|words| !words.contains("hebdo")));
    assert!(says(&town, 5).is_some_and(|words| words.contains("a word to people")));
    assert!(says(&town, 2).is_some_and(|words| words.contains("discarded words")));
    town.later(DAY * 30);
    assert!(says(&town, 2).is_some_and(|words| !words.contains("discarded words")));
    assert!(town.desk.store.held().expect("readable").is_empty(), "nobody came");
    town.later(DAY * 61);
    town.later(DAY * 91);
    for number in 2..=5 {
        assert!(says(&town, number).is_none_or(|words| !words.contains("word")), "{number}");
    }
    let left = std::fs::read_dir(town.data().join("transit")).expect("readable").count();
    assert_eq!(left, 0, "no day is left of transit");
    for finding in verify::verify(&town.desk.store).expect("looked at") {
        assert_eq!(finding.faults, Vec::<String>::new(), "{}", finding.what);
    }
    let compared = verify::compare_with_rebuilt(&town.desk.store).expect("built");
    assert_eq!(compared.faults, Vec::<String>::new());
}

#[test]
fn what_came_back_is_gone_after_thirty_days() {
    let mut town = town();
    town.set("quartier", &[("moderation".to_owned(), "none".to_owned())]);
    let post = "From: <anne@mail.example>\nTo: <quartier@lists.example>\nMessage-ID: <6@mail.example>\nSubject: x\n\nwords\n";
    town.send("anne@mail.example", false, "quartier@lists.example", post, Proof::Proven);
    let sender = town.all("bob@mail.example").last().map(|got| got.sender.clone());
    let sender = sender.filter(|sender| sender.contains("-bounces+")).expect("he got a copy");
    let raw = format!(
        "From: MAILER-DAEMON@mx.example\nTo: <{sender}>\nSubject: failure notice\n\n<bob@mail.example>: user unknown, said quietly\n"
    );
    assert_eq!(town.send("", true, &sender, &raw, Proof::NoMeans), 250);
    let kept = |town: &Town| {
        (1..20).filter_map(|number| says(town, number)).any(|text| text.contains("said quietly"))
    };
    town.later(DAY * 29);
    assert!(kept(&town));
    town.later(DAY * 2);
    assert!(!kept(&town));
    // What it said of him is remembered.
    let person = town.member("quartier", "bob@mail.example").expect("a member").person;
    let reach = town.desk.store.reach(town.list("quartier").id, person).expect("readable");
    assert_eq!(reach.days.len(), 1);
}

#[test]
fn a_list_keeps_its_posts_as_long_as_it_says() {
    let mut town = town();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    town.set("quartier", &[pair("moderation", "none"), pair("retention", "365 days")]);
    let answer = |town: &mut Town, id: &str| {
        let raw = format!(
            "From: <bob@mail.example>\nTo: <quartier@lists.example>\nMessage-ID: <{id}@mail.example>\nReferences: <first@mail.example>\nSubject: Re: x\n\nwords of {id}\n"
        );
        town.send("bob@mail.example", false, "quartier@lists.example", &raw, Proof::Proven);
    };
    answer(&mut town, "first");
    town.later(DAY * 300);
    answer(&mut town, "second");
    let shown = |town: &Town| {
        let reader = town.desk.store.reader();
        let posts = reader.post_numbers(town.list("quartier").id).expect("readable").into_iter();
        let posts = posts.map(|post| reader.post(post).expect("readable").expect("there"));
        posts
            .map(|post| (post.message_id.to_string(), post.withdrawn.is_some(), post.thread))
            .collect::<Vec<_>>()
    };
    let before = shown(&town);
    assert!(before.iter().all(|(_, withdrawn, _)| !withdrawn));
    town.later(DAY * 66);
    let after = shown(&town);
    assert_eq!(
        after.iter().map(|(id, _, thread)| (id, thread)).collect::<Vec<_>>(),
        before.iter().map(|(id, _, thread)| (id, thread)).collect::<Vec<_>>()
    );
    assert_eq!(
        after.iter().map(|(id, gone, _)| (id.as_str(), *gone)).collect::<Vec<_>>(),
        [("first@mail.example", true), ("second@mail.example", false)]
    );
    let words = |town: &Town| {
        let file = std::fs::read(town.data().join("mail/1/000001.mbox")).expect("readable");
        (
            memchr::memmem::find(&file, b"words of first").is_some(),
            memchr::memmem::find(&file, b"words of second").is_some(),
        )
    };
    assert_eq!(words(&town), (false, true));
    let compared = verify::compare_with_rebuilt(&town.desk.store).expect("built");
    assert_eq!(compared.faults, Vec::<String>::new());
}

#[test]
fn what_a_removed_list_held_goes_after_a_month() {
    let mut town = town();
    let list = town.desk.store.reader().lists_named("quartier").expect("readable").remove(0);
    // As `list remove` does: an export beside the data, named by the day.
    let export = town.data().join("removed").join("quartier@lists.example-2026-11-23");
    std::fs::create_dir_all(&export).expect("a folder");
    parvis::flow::lists::set_state(&town.desk, &list, parvis::domain::list::ListState::Removed)
        .expect("removed");
    town.later(DAY * 29);
    assert!(says(&town, 1).is_some_and(|words| words.contains("published words")), "it can still come back");
    town.later(DAY * 3);
    assert!(says(&town, 1).is_none_or(|words| !words.contains("published words")));
    assert!(!export.exists());
}
