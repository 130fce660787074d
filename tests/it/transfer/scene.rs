//! A store in a folder of its own, one list, and mailboxes in a line each.

use std::path::Path;

use parvis::domain::address::EmailAddress;
use parvis::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
use parvis::domain::member::{Joined, Membership};
use parvis::domain::time::{Timestamp, Zone};
use parvis::flow::import::sources::mbox_items_from;
use parvis::flow::import::{Imported, Item, Run, SourceFault, Stopped, import};
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::store::change::Change;
use parvis::store::event::{Event, ListCause};
use parvis::store::{Store, StoreOptions};

/// A store whose folder goes with the test.
pub(super) struct Scene {
    folder: tempfile::TempDir,
    store: Option<Store>,
}

impl Scene {
    pub(super) fn new() -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Some(open(&folder.path().join("data"), 0));
        Scene { folder, store }
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().expect("open")
    }

    pub(super) fn beside(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn data(&self) -> std::path::PathBuf {
        self.beside("data")
    }

    /// As after the server was started again.
    pub(super) fn reopen(&mut self, reserve_bytes: u64) {
        self.store = None;
        self.store = Some(open(&self.data(), reserve_bytes));
    }

    pub(super) fn list(&self, name: &str) -> List {
        let list = List {
            id: self.store().next_list(),
            address: ListAddress::parse(&format!("{name}@lists.example")).expect("a name"),
            state: ListState::Open,
            since: at(0),
            settings: ListSettings::preset(Preset::Discussion, name, Language::Fr),
            opening: None,
        };
        let event = Event::List { list: Box::new(list.clone()), cause: ListCause::Made, by: None };
        self.store().commit(Change::at(at(0)).event(event)).expect("made");
        list
    }

    pub(super) fn import(&self, list: &List, mbox: &[u8]) -> Imported {
        self.try_import(list, items(mbox), Run::Real).expect("imported")
    }

    pub(super) fn try_import(
        &self,
        list: &List,
        items: impl Iterator<Item = Result<Item, SourceFault>>,
        run: Run,
    ) -> Result<Imported, Stopped> {
        import(self.store(), list.id, at(0), items, run, &mut |_| {})
    }

    /// Makes somebody a member without a letter.
    pub(super) fn member(&self, list: &List, email: &str, settings: &[(&str, &str)]) -> Membership {
        let act = Act { now: at(0), by: None, telling: Telling::Nobody };
        add_member(self.store(), list, &wish(email, settings), act).expect("kept").expect("taken").member
    }

    pub(super) fn posts(&self, list: &List) -> u64 {
        self.store().reader().counts(list.id).expect("read").posts
    }

    /// Nothing is owed to anybody.
    pub(super) fn assert_silence(&self) {
        assert_eq!(self.store().fans().expect("read"), []);
        assert_eq!(self.store().letters().expect("read"), []);
    }

    /// Every event so far, as JSON.
    pub(super) fn history(&self) -> Vec<serde_json::Value> {
        let mut events = Vec::new();
        self.store()
            .history(|line| events.push(serde_json::to_value(&line.event).expect("plain")))
            .expect("read");
        events
    }
}

pub(super) fn wish(email: &str, settings: &[(&str, &str)]) -> Wish {
    Wish {
        email: address(email),
        name: None,
        language: None,
        since: None,
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        joined: Joined::Declared,
    }
}

pub(super) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect(text)
}

fn open(data: &Path, reserve_bytes: u64) -> Store {
    let zone = Zone::parse("Europe/Paris").expect("bundled");
    Store::open(StoreOptions { data: data.to_owned(), zone, reserve_bytes }, at(0)).expect("it opens")
}

/// So many seconds after 22 November 2026, noon.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_348_800 + seconds)
}

pub(super) fn items(mbox: &[u8]) -> impl Iterator<Item = Result<Item, SourceFault>> + use<> {
    mbox_items_from(std::io::Cursor::new(mbox.to_vec()), "the test").expect("a reader")
}

/// The n-th message of a mailbox, with its `From ` line and closing line.
pub(super) fn entry(n: u32) -> String {
    let day = n % 28 + 1;
    let name = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"][day as usize % 7];
    format!(
        "From writer{n}@writers.example {name} Jan {day:2} 10:00:00 2015\n\
         From: Writer {n} <writer{n}@writers.example>\nDate: {name}, {day} Jan 2015 11:00:00 +0100\n\
         Subject: number {n}\nMessage-ID: <{n}@writers.example>\n\nHello,\n>From here on: {n}.\n\n"
    )
}

pub(super) fn mailbox(count: u32) -> Vec<u8> {
    (1..=count).map(entry).collect::<String>().into_bytes()
}

/// What Python's `mailbox.mbox` counts.
pub(super) fn python_counts(mbox: &[u8]) -> u64 {
    mbox.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"From ")).count() as u64
}

pub(super) fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mboxes");
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("readable")
        .map(|entry| {
            let path = entry.expect("readable").path();
            (
                path.file_stem().expect("named").to_string_lossy().into_owned(),
                std::fs::read(&path).expect("read"),
            )
        })
        .collect();
    found.sort();
    assert!(found.len() >= 8);
    found
}
