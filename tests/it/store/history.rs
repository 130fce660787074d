//! A life of a store by chance: from one seed, always the same.

use parvis::domain::address::EmailAddress;
use parvis::domain::ids::{ListId, PersonId, PostId};
use parvis::domain::list::ListState;
use parvis::domain::member::{MemberState, Reading};
use parvis::domain::moderation::HoldReason;
use parvis::store::Store;
use parvis::store::archive::PostState;
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{DropReason, Event, LetterAbout, LetterOutcome, ListCause};
use parvis::store::ledger::CopyResult;

use super::scene::*;

/// SplitMix64: chance that a seed repeats.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).expect("below sides")
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.roll(from.len())].clone())
    }
}

/// One more thing happens.
pub(super) fn step(store: &Store, dice: &mut Dice) {
    let lists: Vec<ListId> = store.reader().lists().expect("lists").iter().map(|list| list.id).collect();
    let people: Vec<PersonId> = store.persons().expect("persons").iter().map(|person| person.id).collect();
    let number = dice.roll(1 << 30);
    match (dice.roll(22), dice.pick(&lists), dice.pick(&people)) {
        (_, None, _) | (0, _, _) if lists.len() < 4 => {
            make_list(store, &format!("list{number}"));
        }
        (1..=2, Some(list), _) | (_, Some(list), None) => {
            join(store, &[list], &format!("person{number}"));
        }
        (3, Some(list), Some(person)) => change_membership(store, dice, list, person),
        (4, _, Some(person)) => change_address(store, dice, person, number),
        (5, Some(list), _) => change_list(store, dice, list),
        (6..=8, Some(list), person) => {
            let raw = some_mail(dice, list, number);
            let post = store.next_post();
            let change = Change::at(at(2)).mail(post, Shelf::List(list), &raw, "", at(2)).event(received(
                Some(list),
                post,
                &raw,
                person,
            ));
            store.commit(change).expect("received");
        }
        (9, Some(list), _) => {
            let raw = some_mail(dice, list, number);
            let dated = at(dice.roll(200_000_000) as i64 - 100_000_000);
            let (_, change) = import_change(store, list, &raw, dated);
            store.commit(change).expect("imported");
        }
        (10..=13, _, _) => decide(store, dice),
        (14, Some(list), Some(person)) => {
            owe_letter(store, LetterAbout::Welcome { list, person });
        }
        (15, _, _) => {
            if let Some(letter) = dice.pick(&store.letters().expect("readable")) {
                let event = Event::LetterDone { letter: letter.letter, outcome: LetterOutcome::Pointless };
                store.commit(Change::at(at(7)).event(event)).expect("done");
            }
        }
        (16, _, _) => {
            let raw = mail("server", &format!("Report {number}"), "");
            let post = store.next_post();
            let change = Change::at(at(2 + dice.roll(200_000) as i64))
                .mail(post, Shelf::Transit, &raw, "", at(2))
                .event(received(None, post, &raw, None));
            store.commit(change).expect("received");
        }
        _ => outcomes(store, dice),
    }
}

fn change_membership(store: &Store, dice: &mut Dice, list: ListId, person: PersonId) {
    if store.member(list, person).expect("readable").is_none() {
        return;
    }
    change_member(store, list, person, |member| match dice.roll(4) {
        0 => member.state = MemberState::Left,
        1 => member.state = MemberState::Active,
        2 => member.reading = [Reading::Each, Reading::Daily][dice.roll(2)],
        _ => {
            member.state = MemberState::Paused;
            member.pause_until = Some(at(dice.roll(10_000) as i64));
        }
    });
}

fn change_address(store: &Store, dice: &mut Dice, person: PersonId, number: usize) {
    let mut person = store.person(person).expect("readable").expect("known");
    let address = EmailAddress::parse(&format!("new{number}@members.example")).expect("an address");
    match dice.roll(2) {
        0 => person.addresses = vec![address],
        _ => person.addresses.insert(0, address),
    }
    person.addresses.truncate(3);
    store.commit(Change::at(at(1)).person(person)).expect("changed");
}

fn change_list(store: &Store, dice: &mut Dice, list: ListId) {
    let mut list = store.list(list).expect("readable").expect("there");
    match dice.roll(3) {
        0 => list.settings.description = format!("described {}", dice.roll(100)),
        1 => list.state = ListState::Closed,
        _ => list.state = ListState::Open,
    }
    let event = Event::List { list: Box::new(list), cause: ListCause::Settings, by: None };
    store.commit(Change::at(at(1)).event(event)).expect("changed");
}

/// Ids are drawn from few, so that posts answer each other, mention what is not there, come twice.
fn some_mail(dice: &mut Dice, list: ListId, number: usize) -> Vec<u8> {
    let id = |n: usize| format!("{list}-{n}@writers.example");
    let own = id(dice.roll(60));
    let answers: Vec<String> = (0..dice.roll(4)).map(|_| id(dice.roll(60))).collect();
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let header = if dice.roll(10) == 0 { String::new() } else { ids(&own, &answers) };
    let name = ["anne", "bob", "carla"][dice.roll(3)];
    mail(name, &format!("Subject {number}"), &header)
}

fn decide(store: &Store, dice: &mut Dice) {
    let open: Vec<PostId> = store
        .posts(PostId(0), 100_000)
        .expect("posts")
        .iter()
        .filter(|post| matches!(post.state, PostState::Undecided | PostState::Held))
        .map(|post| post.id)
        .collect();
    let Some(post) = dice.pick(&open) else { return };
    let info = store.post(post).expect("readable").expect("kept");
    let publish = info.list.map(|list| published(store, list, post));
    let event = match (dice.roll(7), publish) {
        (0, _) => Event::Held { post, reason: HoldReason::FirstPost },
        (1, _) => Event::Refused { post, by: None, words: "Plus tard".to_owned() },
        (2, _) => Event::Dropped { post, why: DropReason::Discarded, by: None },
        (3, _) if info.state == PostState::Undecided => Event::Attempted { post, attempts: 1 },
        (_, Some(publish)) => publish,
        (_, None) => Event::Dropped { post, why: DropReason::Obeyed, by: None },
    };
    store.commit(Change::at(at(4)).event(event)).expect("decided");
}

fn outcomes(store: &Store, dice: &mut Dice) {
    let Some(fan) = dice.pick(&store.fans().expect("readable")) else { return };
    let owed: Vec<PersonId> = store.owed(fan.post).expect("readable").iter().collect();
    for _ in 0..=dice.roll(3) {
        let Some(person) = dice.pick(&owed) else { return };
        let result = match dice.roll(5) {
            0 => put_off(dice.roll(10_000) as i64),
            1 => CopyResult::Failed("550 5.1.1 no such user".to_owned()),
            2 => CopyResult::Gone,
            _ => taken(),
        };
        outcome(store, fan.post, person, result);
    }
}
