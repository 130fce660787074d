//! Each invariant, broken on purpose, is found and named; nothing else is.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::*;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId};
use crate::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
use crate::domain::member::{DigestForm, Person};
use crate::domain::proof::Proof;
use crate::domain::time::{Timestamp, Zone};
use crate::store::change::{Change, Shelf};
use crate::store::event::{Event, ListCause, Via};
use crate::store::issue::Issue;
use crate::store::ledger::{CopyOutcome, CopyResult, LedgerLine};
use crate::store::person_set::PersonSet;
use crate::store::records::{FanOutRecord, PostRecord};
use crate::store::segments::MailPlace;
use crate::store::view::View;
use crate::store::{StoreOptions, lines};

const LIST: ListId = ListId(1);
const READERS: [PersonId; 2] = [PersonId(1), PersonId(2)];

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_348_800)
}

fn person(number: u32) -> Person {
    let address = EmailAddress::parse(&format!("p{number}@x.example")).expect("an address");
    Person { id: PersonId(number), addresses: vec![address], name: String::new(), language: None }
}

fn received(post: u64) -> Change {
    let raw = format!("From: a@x.example\nSubject: s{post}\nMessage-ID: <{post}@x>\n\nwords {post}\n");
    let event = Event::Received {
        post: PostId(post),
        list: Some(LIST),
        mail: MailPlace { file: String::new(), offset: 0, len: 0 },
        content: data_encoding::HEXLOWER.encode(&crate::mail::parse::content_key(raw.as_bytes())),
        author: Some(PersonId(1)),
        proof: Proof::NoMeans,
        via: Via::Lmtp,
        door: None,
        disclosed: false,
    };
    Change::at(now()).mail(PostId(post), Shelf::List(LIST), raw.as_bytes(), "", now()).event(event)
}

fn set(persons: &[PersonId]) -> PersonSet {
    persons.iter().copied().collect()
}

/// A post that somebody has, one gets later and one is owed; another undecided; a third held.
fn lived_in(data: &Path) -> Store {
    let options = StoreOptions { data: data.to_owned(), zone: Zone::utc(), reserve_bytes: 0 };
    let store = Store::open(options, now()).expect("opens");
    let address = ListAddress::parse("a@x.example").expect("an address");
    let settings = ListSettings::preset(Preset::Discussion, "x", Language::En);
    let list = List { id: LIST, address, state: ListState::Open, since: now(), settings, opening: None };
    let made = Event::List { list: Box::new(list), cause: ListCause::Made, by: None };
    let published = Event::Published {
        post: PostId(1),
        list: LIST,
        by: None,
        readers: set(&READERS),
        from: None,
        later: set(&[PersonId(3)]),
    };
    let outcome =
        CopyOutcome { post: PostId(1), person: PersonId(1), result: CopyResult::Taken("250".into()) };
    let people = Change::at(now()).event(made).person(person(1)).person(person(2)).person(person(3));
    let reason = crate::domain::moderation::HoldReason::FirstPost;
    for change in [
        people,
        received(1),
        Change::at(now()).event(published),
        Change::at(now()).outcome(outcome),
        received(2),
        received(3),
        Change::at(now()).event(Event::Held { post: PostId(3), reason }),
        issue(10, &[PersonId(3)]),
    ] {
        store.commit(change).expect("committed");
    }
    store
}

fn issue(number: u64, readers: &[PersonId]) -> Change {
    let issue = Issue {
        number: PostId(number),
        list: LIST,
        at: now(),
        posts: vec![PostId(1)],
        form: DigestForm::default(),
        part: (1, 1),
        edition: None,
    };
    Change::at(now()).event(Event::Issued { issue: Box::new(issue), slot: None, readers: set(readers) })
}

/// Writes into the state what no event says.
fn alter(store: &Store, work: impl FnOnce(&mut View<'_>)) {
    let mut view = View::new(store.reader().engine());
    work(&mut view);
    store.reader().engine().apply(&view.into_batch()).expect("applied");
}

fn append(store: &Store, file: &str, bytes: &[u8]) {
    let mut file = File::options().append(true).open(store.data().join(file)).expect("there");
    file.write_all(bytes).expect("written");
}

/// A line of a ledger nobody wrote, which the state is told of.
fn ledger_line(store: &Store, post: u64, person: u32) {
    let copies = vec![(PersonId(person), CopyResult::Taken("250".to_owned()))];
    let bytes = lines::write(&LedgerLine { post: PostId(post), at: now(), copies });
    append(store, "deliveries/000001.jsonl", &bytes);
}

type Plant = fn(&Store);

/// What is done, which finding tells it, and in which words.
const PLANTED: &[(Plant, &str, &str)] = &[
    (
        |store| alter(store, |view| view.remove(keys::undecided_post(PostId(2)))),
        "held and undecided",
        "message 2 is not where its state says",
    ),
    (
        |store| alter(store, |view| view.remove(keys::held_post(PostId(3)))),
        "held and undecided",
        "message 3 is not where its state says",
    ),
    (
        |store| {
            let key = keys::post(PostId(2));
            alter(store, |view| {
                let mut post: PostRecord = view.record(&key).expect("readable").expect("there");
                let first: PostRecord =
                    view.record(&keys::post(PostId(1))).expect("readable").expect("there");
                post.mail = first.mail;
                view.put_record(key, &post);
            });
        },
        "mail files",
        "mail/1/000001.mbox: two messages are at byte 0",
    ),
    (
        |store| {
            let (file, junk) = ("mail/1/000001.mbox", b"junk");
            let end = fs::metadata(store.data().join(file)).expect("there").len() + junk.len() as u64;
            append(store, file, junk);
            alter(store, |view| view.put(keys::mail_file_end(file), end.to_be_bytes().to_vec()));
        },
        "mail files",
        "4 bytes at byte ",
    ),
    (
        |store| {
            let key = keys::fan_out(PostId(1));
            alter(store, |view| {
                let mut fan: FanOutRecord = view.record(&key).expect("readable").expect("there");
                fan.totals.taken = 0;
                view.put_record(key, &fan);
            });
        },
        "copies owed",
        "post 1: 2 were owed, 1 are accounted for",
    ),
    (|store| ledger_line(store, 1, 1), "outcomes", "post 1: the copy of person 1 was settled twice"),
    (|store| ledger_line(store, 99, 1), "outcomes", "an outcome is of message 99, which there is not"),
    (|store| ledger_line(store, 1, 99), "outcomes", "post 1: an outcome is of person 99, who is nobody"),
    (
        |store| store.commit(issue(11, &[PersonId(3)])).expect("committed"),
        "digests",
        "digest 11: person 3 has post 1 already",
    ),
    (
        |store| store.commit(issue(11, &[PersonId(2)])).expect("committed"),
        "digests",
        "digest 11: person 2 has post 1 already",
    ),
    (
        |store| {
            let blobs = store.data().join("state/000001/blobs");
            fs::create_dir_all(&blobs).expect("a folder");
            fs::write(blobs.join("17"), b"x").expect("written");
        },
        "state values",
        "blobs is not empty",
    ),
    (
        |store| {
            use std::os::unix::fs::PermissionsExt;
            let key = store.data().join("keys/token.key");
            fs::set_permissions(key, fs::Permissions::from_mode(0o644)).expect("changed");
        },
        "keys",
        "others on this machine may read it: chmod 600 ",
    ),
    (
        |store| alter(store, |view| view.put(b"zzz".to_vec(), b"?".to_vec())),
        "state",
        "zzz should not be there",
    ),
];

#[test]
fn what_is_planted_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let look = |store: &Store| {
        let mut findings = verify(store).expect("looked at");
        findings.extend(compare_if_still(store).expect("compared"));
        findings
    };
    let store = lived_in(&folder.path().join("whole"));
    for finding in look(&store) {
        assert_eq!(finding.faults, Vec::<String>::new(), "{}", finding.what);
        let may_be_none = ["set aside"].contains(&finding.what);
        assert!(finding.looked_at > 0 || may_be_none, "{} looked at nothing", finding.what);
    }
    for (number, (plant, what, words)) in PLANTED.iter().enumerate() {
        let store = lived_in(&folder.path().join(number.to_string()));
        plant(&store);
        let found = look(&store);
        let told = found.iter().filter(|finding| finding.what == *what).flat_map(|finding| &finding.faults);
        let told: Vec<&String> = told.collect();
        assert!(told.iter().any(|fault| fault.contains(words)), "{words}: {found:#?}");
    }
}
