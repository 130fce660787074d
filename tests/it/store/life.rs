//! What happens in a list, from its making to its delivered posts.

use std::time::Duration;

use parvis::domain::ids::PostId;
use parvis::domain::list::ListState;
use parvis::domain::member::{MemberState, Reading};
use parvis::domain::moderation::HoldReason;
use parvis::mail::parse::content_key;
use parvis::store::archive::PostState;
use parvis::store::change::{Change, Conflict, Expect, Shelf};
use parvis::store::event::{Ending, Event, LetterAbout, LetterOutcome, ListCause};
use parvis::store::ledger::CopyResult;
use parvis::store::{Store, StoreError};

use super::scene::*;

fn readers(store: &Store, list: parvis::domain::ids::ListId, seconds: i64) -> Vec<u32> {
    store.readers(list, at(seconds)).expect("readable").iter().map(|person| person.0).collect()
}

#[test]
fn lists_are_found_by_address_and_by_name() {
    let scene = Scene::new();
    let store = scene.store();
    let quartier = make_list(store, "quartier");
    let jardin = make_list(store, "jardin");
    let addresses = |store: &Store| -> Vec<String> {
        store.reader().lists().expect("lists").iter().map(|list| list.address.to_string()).collect()
    };
    assert_eq!(addresses(store), ["jardin@lists.example", "quartier@lists.example"]);
    assert_eq!(store.reader().lists_named("jardin").expect("named")[0].id, jardin);
    assert!(store.reader().lists_named("jard").expect("named").is_empty());

    let (other, change) = list_change(store, "quartier");
    assert!(matches!(store.commit(change), Err(StoreError::Conflict(Conflict::AddressTaken))));
    assert_eq!(store.list(other).expect("readable"), None);

    let seen = store.list(quartier).expect("readable").expect("there");
    let mut moved = list(quartier, "voisins");
    moved.state = ListState::Closed;
    let change = Change::at(at(1)).expect(Expect::List(Box::new(seen.clone()))).event(Event::List {
        list: Box::new(moved.clone()),
        cause: ListCause::Settings,
        by: None,
    });
    store.commit(change).expect("moved");
    assert_eq!(store.list_at(&seen.address).expect("readable"), None);
    assert_eq!(store.list_at(&moved.address).expect("readable"), Some(moved.clone()));
    let change = Change::at(at(1)).expect(Expect::List(Box::new(seen)));
    assert!(matches!(store.commit(change), Err(StoreError::Conflict(Conflict::Changed))));

    moved.state = ListState::Removed;
    let event = Event::List { list: Box::new(moved), cause: ListCause::State, by: None };
    store.commit(Change::at(at(2)).event(event)).expect("removed");
    assert_eq!(addresses(store), ["jardin@lists.example"]);
    assert!(store.list(quartier).expect("readable").is_some(), "its number still says which it was");
}

#[test]
fn readers_are_those_who_get_each_post_at_that_moment() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let other = make_list(store, "jardin");
    let (anne, bob) = (join(store, &[list], "anne"), join(store, &[list, other], "bob"));
    assert_eq!(readers(store, list, 0), [anne.0, bob.0]);
    assert_eq!(readers(store, other, 0), [bob.0]);

    change_member(store, list, anne, |member| {
        member.state = MemberState::Paused;
        member.pause_until = Some(at(3600));
    });
    assert_eq!(readers(store, list, 0), [bob.0]);
    assert_eq!(readers(store, list, 3599), [bob.0]);
    assert_eq!(readers(store, list, 3600), [anne.0, bob.0], "the pause ended by itself");

    change_member(store, list, bob, |member| member.until = Some(at(7200)));
    assert_eq!(readers(store, list, 7199), [anne.0, bob.0]);
    assert_eq!(readers(store, list, 7200), [anne.0], "the membership ended by itself");

    change_member(store, list, anne, |member| member.reading = Reading::Daily);
    assert_eq!(readers(store, list, 4000), [bob.0]);
    change_member(store, list, bob, |member| member.state = MemberState::Left);
    assert!(readers(store, list, 4000).is_empty());
    let carla = join(store, &[list], "carla");
    assert_eq!(readers(store, list, 4000), [carla.0]);
    assert_eq!(readers(store, other, 4000), [bob.0]);
}

#[test]
fn an_address_belongs_to_one_person_and_can_pass_to_another() {
    let scene = Scene::new();
    let store = scene.store();
    let mut anne = person(store.next_person(), "anne");
    let mut bob = person(store.next_person(), "bob");
    let (old, new) = (anne.addresses[0].clone(), bob.addresses[0].clone());
    store.commit(Change::at(at(0)).person(anne.clone()).person(bob.clone())).expect("known");

    let taken = Change::at(at(0)).expect(Expect::AddressOf(old.clone(), bob.id));
    assert!(matches!(store.commit(taken), Err(StoreError::Conflict(Conflict::AddressTaken))));
    let stale = Change::at(at(0)).expect(Expect::Person(anne.id, Some(Box::new(bob.clone()))));
    assert!(matches!(store.commit(stale), Err(StoreError::Conflict(Conflict::Changed))));

    // In one change, the taker first: what Anne gives up is Bob's by then.
    bob.addresses = vec![new.clone(), old.clone()];
    anne.addresses = vec!["anne@elsewhere.example".parse_address()];
    store.commit(Change::at(at(1)).person(bob.clone()).person(anne.clone())).expect("changed");
    assert_eq!(store.person_at(&old).expect("readable"), Some(bob));
    assert_eq!(store.person_at(&anne.addresses[0]).expect("readable"), Some(anne));
}

trait ParseAddress {
    fn parse_address(&self) -> parvis::domain::address::EmailAddress;
}

impl ParseAddress for str {
    fn parse_address(&self) -> parvis::domain::address::EmailAddress {
        parvis::domain::address::EmailAddress::parse(self).expect("an address")
    }
}

#[test]
fn a_post_goes_from_the_door_to_its_last_copy() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let names = ["anne", "bob", "carla", "dao"];
    let people = names.map(|name| join(store, &[list], name));
    let raw = mail("anne", "Fuite au 3e", &ids("1@writers.example", &[]));

    let received = store.next_post();
    let change = Change::at(at(2))
        .expect(Expect::NewContent(Some(list), content_key(&raw)))
        .mail(received, Shelf::List(list), &raw, "anne@writers.example", at(2))
        .event(super::scene::received(Some(list), received, &raw, Some(people[0])));
    store.commit(change).expect("received");
    assert_eq!(store.undecided().expect("readable"), [(received, 0)]);
    assert_eq!(store.raw(received).expect("readable"), Some(raw.clone()));
    assert_eq!(store.reader().post(received).expect("readable"), None, "nobody sees it yet");
    assert_eq!(store.same_content(Some(list), &content_key(&raw)).expect("readable"), Some(received));
    store.commit(Change::at(at(2)).event(Event::Attempted { post: received, attempts: 2 })).expect("noted");
    assert_eq!(store.undecided().expect("readable"), [(received, 2)]);

    publish(store, list, received);
    assert!(store.undecided().expect("readable").is_empty());
    let shown = store.reader().post(received).expect("readable").expect("published");
    assert_eq!((shown.subject.as_str(), shown.author_name.as_str()), ("Fuite au 3e", "anne"));
    assert_eq!(store.member(list, people[0]).expect("readable").expect("a member").posts, 1);
    let fan = store.fan(received).expect("readable").expect("owed");
    assert_eq!((fan.totals.owed, fan.totals.taken), (4, 0));

    outcome(store, received, people[0], taken());
    outcome(store, received, people[1], put_off(600));
    let due = |seconds| store.due(at(seconds), 10).expect("readable");
    assert_eq!((due(599).copies.len(), due(599).next), (0, Some(at(600))));
    assert_eq!(due(600).copies, [(received, people[1])]);
    outcome(store, received, people[1], put_off(900));
    assert_eq!(due(600).copies, [], "the earlier moment is forgotten");
    assert!(store.is_owed(received, people[1]).expect("readable"));
    outcome(store, received, people[1], CopyResult::Failed("550 5.1.1 nobody".to_owned()));
    outcome(store, received, people[1], taken());
    assert!(due(9_999).copies.is_empty());
    outcome(store, received, people[2], CopyResult::Gone);
    let totals = store.fan(received).expect("readable").expect("one is owed").totals;
    assert_eq!((totals.taken, totals.failed, totals.gone), (1, 1, 1), "a second answer does not count");
    assert_eq!(store.owed(received).expect("readable").iter().collect::<Vec<_>>(), [people[3]]);

    outcome(store, received, people[3], taken());
    assert_eq!(store.fan(received).expect("readable"), None);
    let mut last = None;
    store.history(|line| last = Some(line.event)).expect("readable");
    assert!(matches!(last, Some(Event::Delivered { post, totals }) if post == received && totals.taken == 2));
    let copies: usize = store.ledger(received).expect("readable").iter().map(|line| line.copies.len()).sum();
    assert_eq!(copies, 6, "the ledger still tells what became of each copy");
}

#[test]
fn what_waits_is_decided_once() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    join(store, &[list], "anne");
    let raws: Vec<Vec<u8>> = (0..3).map(|n| mail("zoe", &format!("No {n}"), "")).collect();
    let posts: Vec<PostId> = raws.iter().map(|raw| receive(store, list, raw)).collect();
    posts.iter().for_each(|post| hold(store, *post, HoldReason::FirstPost));
    let held = store.held().expect("readable");
    assert_eq!((held.len(), held[0].subject.as_str()), (3, "No 0"));
    assert_eq!((held[0].from.as_str(), held[0].reason), ("zoe@writers.example", HoldReason::FirstPost));

    refuse(store, posts[0], "Déjà dit hier.");
    discard(store, posts[1]);
    let event = published(store, list, posts[2]);
    store.commit(Change::at(at(4)).expect(Expect::Held(posts[2])).event(event)).expect("published");
    assert!(store.held().expect("readable").is_empty());
    let infos = store.posts(PostId(0), 10).expect("readable");
    let states: Vec<PostState> = infos.iter().map(|info| info.state).collect();
    assert_eq!(states, [PostState::Refused, PostState::Dropped, PostState::Published]);
    assert_eq!(infos[0].refusal.as_deref(), Some("Déjà dit hier."));
    assert!(infos.iter().all(|info| info.hold_reason == Some(HoldReason::FirstPost)));

    for post in &posts {
        for expect in [Expect::Held(*post), Expect::Undecided(*post)] {
            let again = store.commit(Change::at(at(5)).expect(expect));
            assert!(matches!(again, Err(StoreError::Conflict(Conflict::Decided))));
        }
    }
    let again = |n: usize| store.commit(receive_change(store, list, &raws[n]).1);
    for n in [0, 1] {
        assert!(again(n).is_ok(), "{n}: what was refused or thrown away may come again");
    }
    let duplicate = again(2);
    assert!(
        matches!(duplicate, Err(StoreError::Conflict(Conflict::Duplicate(post))) if post == posts[2]),
        "what was published may not: {duplicate:?}"
    );
}

#[test]
fn of_twenty_who_bring_the_same_message_one_wins() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    for round in 0..5 {
        let raw = mail("anne", &format!("Round {round}"), "");
        let answers: Vec<(PostId, Result<(), StoreError>)> = std::thread::scope(|scope| {
            let bring = || {
                let (post, change) = receive_change(store, list, &raw);
                (post, store.commit(change))
            };
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(bring)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let winners: Vec<PostId> = answers.iter().filter(|(_, a)| a.is_ok()).map(|(post, _)| *post).collect();
        assert_eq!(winners.len(), 1);
        for (_, answer) in answers.iter().filter(|(_, answer)| answer.is_err()) {
            let Err(StoreError::Conflict(Conflict::Duplicate(post))) = answer else { panic!("{answer:?}") };
            assert_eq!(*post, winners[0]);
        }
    }
    assert_eq!(store.posts(PostId(0), 1000).expect("readable").len(), 5);
}

#[test]
fn of_two_animators_the_first_decides() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    join(store, &[list], "anne");
    for round in 0..10 {
        let post = receive(store, list, &mail("zoe", &format!("Round {round}"), ""));
        hold(store, post, HoldReason::FirstPost);
        let publishing = published(store, list, post);
        let refusing = Event::Refused { post, by: None, words: "Non".to_owned() };
        let decide = |event| store.submit(Change::at(at(4)).expect(Expect::Held(post)).event(event));
        let answers = std::thread::scope(|scope| {
            let one = scope.spawn(|| decide(publishing).wait());
            let other = scope.spawn(|| decide(refusing).wait());
            [one.join().expect("no panic"), other.join().expect("no panic")]
        });
        let state = store.post(post).expect("readable").expect("kept").state;
        match answers {
            [Ok(()), Err(StoreError::Conflict(Conflict::Decided))] => assert_eq!(state, PostState::Published),
            [Err(StoreError::Conflict(Conflict::Decided)), Ok(())] => assert_eq!(state, PostState::Refused),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_failed_expectation_changes_nothing_of_its_change() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let anne = join(store, &[list], "anne");
    let before = super::tell::tell(store);
    let raw = mail("anne", "Rien", "");
    let post = store.next_post();
    let mut stranger = person(store.next_person(), "zoe");
    stranger.addresses.extend(person(anne, "anne").addresses);
    let change = Change::at(at(2))
        .mail(post, Shelf::List(list), &raw, "", at(2))
        .event(received(Some(list), post, &raw, None))
        .expect(Expect::AddressOf(stranger.addresses[1].clone(), stranger.id))
        .person(stranger);
    assert!(matches!(store.commit(change), Err(StoreError::Conflict(Conflict::AddressTaken))));
    assert_eq!(super::tell::tell(store), before);
    assert_eq!(std::fs::metadata(scene.data().join("mail")).map(|_| ()).ok(), Some(()));
    let segment = scene.data().join(format!("mail/{list}/000001.mbox"));
    assert_eq!(std::fs::metadata(segment).map_or(0, |m| m.len()), 0, "not a byte was written");
}

#[test]
fn letters_are_owed_until_they_are_done() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let anne = join(store, &[list], "anne");
    let letter = owe_letter(store, LetterAbout::Welcome { list, person: anne });
    let other = owe_letter(store, LetterAbout::Farewell { list, person: anne, ending: Ending::TheyLeft });
    assert_ne!(letter, other);
    assert_eq!(store.letters().expect("readable").len(), 2);
    let done = || {
        let outcome = LetterOutcome::Taken("250 ok".to_owned());
        Change::at(at(7)).expect(Expect::LetterOwed(letter)).event(Event::LetterDone { letter, outcome })
    };
    store.commit(done()).expect("done");
    assert!(matches!(store.commit(done()), Err(StoreError::Conflict(Conflict::Decided))));
    let left: Vec<u64> = store.letters().expect("readable").iter().map(|letter| letter.letter).collect();
    assert_eq!(left, [other]);
}

#[test]
fn months_are_those_of_the_zone() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let dated = |date: &str, subject: &str| {
        let raw = format!("From: a@writers.example\r\nDate: {date}\r\nSubject: {subject}\r\n\r\nx\r\n");
        import(store, list, raw.as_bytes(), at(0))
    };
    // In Paris it was September already, and not yet January.
    dated("Mon, 31 Aug 2026 23:30:00 +0000", "one");
    dated("Thu, 31 Dec 2026 22:59:59 +0000", "two");
    dated("Thu, 31 Dec 2026 23:00:00 +0000", "three");
    let months = store.reader().months(list).expect("readable");
    let months: Vec<(i16, i8, u32)> = months.iter().map(|m| (m.year, m.month, m.posts)).collect();
    assert_eq!(months, [(2026, 9, 1), (2026, 12, 1), (2027, 1, 1)]);
    let december = store.reader().month(list, (2026, 12), 0, 10).expect("readable");
    assert_eq!(december[0].subject, "two");
    assert_eq!(store.reader().month(list, (2026, 12), 1, 10).expect("readable"), []);
    let latest = store.reader().latest_posts(list, 2).expect("readable");
    assert_eq!(latest.iter().map(|p| p.subject.as_str()).collect::<Vec<_>>(), ["three", "two"]);
}

#[test]
fn a_live_post_is_dated_by_its_author_within_reason() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let day = Duration::from_secs(86_400);
    for (n, (written, shown)) in [
        (at(0), at(0)),
        (at(0) - day * 8, at(2)),
        (at(0) + day * 8, at(2)),
        (at(0) - day * 6, at(0) - day * 6),
    ]
    .into_iter()
    .enumerate()
    {
        let date = written.rfc5322(&paris());
        let raw = format!("From: a@writers.example\r\nDate: {date}\r\nSubject: {n}\r\n\r\nx\r\n");
        let id = post(store, list, raw.as_bytes());
        assert_eq!(store.reader().post(id).expect("readable").expect("shown").date, shown, "{n}");
    }
}

#[test]
fn what_is_received_and_decided_in_one_change_is_read_all_the_same() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let raw = mail("anne", "Tout de suite", &ids("1@writers.example", &[]));
    let (post, change) = receive_change(store, list, &raw);
    store.commit(change.event(published(store, list, post))).expect("published");
    let shown = store.reader().post(post).expect("readable").expect("shown");
    assert_eq!(shown.subject, "Tout de suite");
    assert_eq!(shown.message_id.as_str(), "1@writers.example");
}

#[test]
fn mail_for_the_operator_is_kept_apart() {
    let mut scene = Scene::new();
    let raw = mail("anne", "Bonjour", "");
    let post = scene.store().next_post();
    let change =
        Change::at(at(2)).mail(post, Shelf::Transit, &raw, "", at(2)).event(received(None, post, &raw, None));
    scene.store().commit(change).expect("received");
    hold(scene.store(), post, HoldReason::ToOperator);
    for _ in 0..2 {
        let store = scene.reopen();
        assert_eq!(store.raw(post).expect("readable"), Some(raw.clone()));
        let held = store.held().expect("readable");
        assert_eq!((held[0].list, held[0].subject.as_str()), (None, "Bonjour"));
        let info = store.post(post).expect("readable").expect("kept");
        assert_eq!(info.mail.file, "transit/2026-11-22.mbox");
    }
}

#[test]
fn what_is_too_long_is_refused_or_cut_and_never_lost() {
    let mut scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let anne = join(store, &[list], "anne");
    let long = "\u{10348}\"\\".repeat(2_000);

    let mut crowd = person(store.next_person(), "zoe");
    crowd.addresses = (0..300).map(|n| format!("zoe{n}@members.example").parse_address()).collect();
    let refused = store.commit(Change::at(at(0)).person(crowd));
    assert!(matches!(refused, Err(StoreError::TooLong(_))), "{refused:?}");
    let about = LetterAbout::Refused { post: PostId(1), person: anne, words: long.clone() };
    let refused = store.commit(Change::at(at(0)).event(Event::LetterOwed { letter: 1, about }));
    assert!(matches!(refused, Err(StoreError::TooLong(_))), "{refused:?}");

    let id = format!("{}@x", "\\".repeat(980));
    let references: Vec<String> = (0..200).map(|n| format!("{n}{}", "\"".repeat(900))).collect();
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    let long_mail = mail("anne", &long, &ids(&id, &references));
    let published = post(store, list, &long_mail);
    outcome(
        store,
        published,
        anne,
        CopyResult::PutOff { attempts: 1, next: at(9), reply: "\u{1}".repeat(5_000) },
    );
    let held = receive(store, list, &mail("bob", &long, &format!("X-A: 1\n{}", ids(&id, &[]))));
    hold(store, held, HoldReason::FirstPost);
    refuse(store, held, &long);
    let mut summary = parvis::mail::parse::summarize(&long_mail);
    (summary.subject, summary.author_name, summary.excerpt) = (long.clone(), long.clone(), long.clone());
    let (imported, change) = import_change(store, list, &mail("carla", "short", ""), at(0));
    store.commit(change.summary(imported, summary)).expect("imported");

    let shown = store.reader().post(published).expect("readable").expect("shown");
    assert_eq!(shown.message_id.as_str(), id);
    assert_eq!(store.raw(published).expect("readable"), Some(long_mail));
    let thread = store.reader().thread(list, shown.thread, 10).expect("readable").expect("a thread");
    assert!(thread.summary.subject.starts_with("\u{10348}\"\\"));
    assert_eq!(store.post(held).expect("readable").expect("kept").state, PostState::Refused);
    let mut words = String::new();
    let keep_words = |line: parvis::store::event::Line| {
        if let Event::Refused { words: said, .. } = line.event {
            words = said;
        }
    };
    store.history(keep_words).expect("readable");
    assert_eq!(words, long, "the journal has every word");
    let before = super::tell::tell(store);
    assert_eq!(super::tell::tell(scene.reopen()), before);
}
