//! A store in a folder of its own, and the few verbs tests need: lists, people and posts in a line each.

use std::path::Path;

use parvis::domain::address::EmailAddress;
use parvis::domain::ids::{ListId, PersonId, PostId};
use parvis::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
use parvis::domain::member::{Joined, Membership, Person};
use parvis::domain::moderation::HoldReason;
use parvis::domain::proof::Proof;
use parvis::domain::time::{Timestamp, Zone};
use parvis::mail::parse::content_key;
use parvis::store::change::{Change, Expect, Shelf};
use parvis::store::event::{Decider, DropReason, Event, LetterAbout, ListCause, MemberCause, Via};
use parvis::store::ledger::{CopyOutcome, CopyResult};
use parvis::store::segments::MailPlace;
use parvis::store::{Store, StoreError, StoreOptions};

/// A store that is closed and opened again, and whose folder goes with the test.
pub(super) struct Scene {
    folder: tempfile::TempDir,
    store: Option<Store>,
}

impl Scene {
    pub(super) fn new() -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Some(open(&folder.path().join("data")).expect("a new store"));
        Scene { folder, store }
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().expect("open")
    }

    pub(super) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Beside the data folder.
    pub(super) fn beside(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn close(&mut self) {
        self.store = None;
    }

    pub(super) fn reopen(&mut self) -> &Store {
        self.close();
        self.store = Some(open(&self.data()).expect("it opens again"));
        self.store()
    }
}

pub(super) fn options(data: &Path) -> StoreOptions {
    StoreOptions { data: data.to_owned(), zone: paris(), reserve_bytes: 0 }
}

pub(super) fn open(data: &Path) -> Result<Store, StoreError> {
    Store::open(options(data), at(0))
}

pub(super) fn paris() -> Zone {
    Zone::parse("Europe/Paris").expect("bundled")
}

/// So many seconds after 22 November 2026, noon.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_348_800 + seconds)
}

/// Copies a folder with everything in it.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// A message from `name@writers.example`, LF as in fixtures, CRLF as received.
pub(super) fn mail(name: &str, subject: &str, more_header: &str) -> Vec<u8> {
    format!(
        "From: {name} <{name}@writers.example>\nDate: Sun, 22 Nov 2026 13:00:00 +0100\n\
         Subject: {subject}\n{more_header}\nHello from {name},\nFrom here on: {subject}.\n"
    )
    .replace('\n', "\r\n")
    .into_bytes()
}

/// The header lines of a message that has an id and answers others.
pub(super) fn ids(own: &str, answers: &[&str]) -> String {
    let own = format!("Message-ID: <{own}>\n");
    match answers {
        [] => own,
        answers => format!("{own}References: <{}>\n", answers.join("> <")),
    }
}

pub(super) fn list(id: ListId, name: &str) -> List {
    List {
        id,
        address: ListAddress::parse(&format!("{name}@lists.example")).expect("a name"),
        state: ListState::Open,
        since: at(0),
        settings: ListSettings::preset(Preset::Discussion, name, Language::Fr),
        opening: None,
    }
}

pub(super) fn person(id: PersonId, name: &str) -> Person {
    let address = EmailAddress::parse(&format!("{name}@members.example")).expect("an address");
    Person { id, addresses: vec![address], name: name.to_owned(), language: None }
}

pub(super) fn list_change(store: &Store, name: &str) -> (ListId, Change) {
    let list = list(store.next_list(), name);
    let change = Change::at(at(0)).expect(Expect::ListAddressOf(list.address.clone(), list.id));
    (list.id, change.event(Event::List { list: Box::new(list), cause: ListCause::Made, by: None }))
}

pub(super) fn make_list(store: &Store, name: &str) -> ListId {
    let (list, change) = list_change(store, name);
    store.commit(change).expect("made");
    list
}

pub(super) fn member_change(store: &Store, lists: &[ListId], name: &str) -> (PersonId, Change) {
    let person = person(store.next_person(), name);
    let id = person.id;
    let mut change = Change::at(at(0)).expect(Expect::Person(id, None)).person(person);
    for list in lists {
        let member = Box::new(Membership::new(*list, id, Joined::Declared, at(0)));
        change = change.expect(Expect::Member(*list, id, None)).event(Event::Member {
            member,
            cause: MemberCause::Added,
            by: None,
        });
    }
    (id, change)
}

pub(super) fn join(store: &Store, lists: &[ListId], name: &str) -> PersonId {
    let (person, change) = member_change(store, lists, name);
    store.commit(change).expect("joined");
    person
}

pub(super) fn change_member(
    store: &Store,
    list: ListId,
    person: PersonId,
    edit: impl FnOnce(&mut Membership),
) {
    let seen = store.member(list, person).expect("readable").expect("a member");
    let mut member = seen.clone();
    edit(&mut member);
    let change = Change::at(at(1))
        .expect(Expect::Member(list, person, Some(Box::new(seen))))
        .event(Event::Member { member: Box::new(member), cause: MemberCause::Set, by: Some(person) });
    store.commit(change).expect("changed");
}

pub(super) fn no_place() -> MailPlace {
    MailPlace { file: String::new(), offset: 0, len: 0 }
}

pub(super) fn hex(raw: &[u8]) -> String {
    content_key(raw).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn received(list: Option<ListId>, post: PostId, raw: &[u8], author: Option<PersonId>) -> Event {
    Event::Received {
        post,
        list,
        mail: no_place(),
        content: hex(raw),
        author,
        proof: Proof::NoMeans,
        via: Via::Smtp,
        door: None,
        disclosed: false,
    }
}

/// What the door commits before it says 250.
pub(super) fn receive_change(store: &Store, list: ListId, raw: &[u8]) -> (PostId, Change) {
    let post = store.next_post();
    let change = Change::at(at(2))
        .expect(Expect::NewContent(Some(list), content_key(raw)))
        .mail(post, Shelf::List(list), raw, "sender@writers.example", at(2))
        .event(received(Some(list), post, raw, None));
    (post, change)
}

pub(super) fn receive(store: &Store, list: ListId, raw: &[u8]) -> PostId {
    let (post, change) = receive_change(store, list, raw);
    store.commit(change).expect("received");
    post
}

pub(super) fn published(store: &Store, list: ListId, post: PostId) -> Event {
    let readers = store.readers(list, at(3)).expect("readable");
    Event::Published {
        post,
        list,
        by: None,
        readers: readers.as_ref().clone(),
        from: None,
        later: parvis::store::person_set::PersonSet::default(),
    }
}

pub(super) fn publish(store: &Store, list: ListId, post: PostId) {
    let event = published(store, list, post);
    store.commit(Change::at(at(3)).expect(Expect::Undecided(post)).event(event)).expect("published");
}

/// Received and published.
pub(super) fn post(store: &Store, list: ListId, raw: &[u8]) -> PostId {
    let post = receive(store, list, raw);
    publish(store, list, post);
    post
}

pub(super) fn hold(store: &Store, post: PostId, reason: HoldReason) {
    let change = Change::at(at(3)).expect(Expect::Undecided(post)).event(Event::Held { post, reason });
    store.commit(change).expect("held");
}

pub(super) fn refuse(store: &Store, post: PostId, words: &str) {
    let event = Event::Refused { post, by: Some(Decider::Operator), words: words.to_owned() };
    store.commit(Change::at(at(4)).expect(Expect::Held(post)).event(event)).expect("refused");
}

pub(super) fn discard(store: &Store, post: PostId) {
    let event = Event::Dropped { post, why: DropReason::Discarded, by: Some(Decider::Operator) };
    store.commit(Change::at(at(4)).expect(Expect::Held(post)).event(event)).expect("dropped");
}

pub(super) fn import_change(store: &Store, list: ListId, raw: &[u8], dated: Timestamp) -> (PostId, Change) {
    let post = store.next_post();
    let change = Change::at(at(2))
        .expect(Expect::NewContent(Some(list), content_key(raw)))
        .mail(post, Shelf::List(list), raw, "sender@writers.example", dated)
        .event(Event::Imported { post, list, mail: no_place(), content: hex(raw), dated });
    (post, change)
}

pub(super) fn import(store: &Store, list: ListId, raw: &[u8], dated: Timestamp) -> PostId {
    let (post, change) = import_change(store, list, raw, dated);
    store.commit(change).expect("imported");
    post
}

pub(super) fn taken() -> CopyResult {
    CopyResult::Taken("250 2.0.0 queued".to_owned())
}

pub(super) fn put_off(seconds: i64) -> CopyResult {
    CopyResult::PutOff { attempts: 1, next: at(seconds), reply: "451 4.7.1 later".to_owned() }
}

pub(super) fn outcome_change(post: PostId, person: PersonId, result: CopyResult) -> Change {
    Change::at(at(5)).outcome(CopyOutcome { post, person, result })
}

pub(super) fn outcome(store: &Store, post: PostId, person: PersonId, result: CopyResult) {
    store.commit(outcome_change(post, person, result)).expect("noted");
}

pub(super) fn owe_letter(store: &Store, about: LetterAbout) -> u64 {
    let letter = store.next_letter();
    store.commit(Change::at(at(6)).event(Event::LetterOwed { letter, about })).expect("owed");
    letter
}
