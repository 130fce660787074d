//! A whole server in this process and everybody's servers beside it: what each of these answers
//! concerns that one copy, what waits outlives a restart, and who leaves gets nothing more.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use parvis::config::Config;
use parvis::domain::address::EmailAddress;
use parvis::domain::ids::PostId;
use parvis::domain::list::{Language, Preset};
use parvis::domain::member::{Joined, MemberState};
use parvis::domain::moderation::HoldReason;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::serve::{self, Server, system_clock};
use parvis::store::change::Change;
use parvis::store::event::{Event, Fence};
use parvis::store::ledger::CopyResult;
use tokio::runtime::Runtime;

use crate::conversation::Conversation;
use crate::sink::{Does, Sink};

const LIST: &str = "quartier@lists.example";
const WAIT: Duration = Duration::from_secs(30);

/// A server that runs in this process. Closed when it is dropped.
struct Running {
    runtime: Runtime,
    server: Server,
}

impl Running {
    fn start(folder: &Path, data: &str, sink: &Sink) -> Running {
        Running::start_with(folder, data, sink, "")
    }

    fn start_with(folder: &Path, data: &str, sink: &Sink, more: &str) -> Running {
        let web = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a free port");
        let text = format!(
            "hostname = \"lists.example\"\ndata_dir = {:?}\n[smtp]\nlisten = [\"127.0.0.1:0\"]\n\
             [dns]\nservers = [\"127.0.0.1:1\"]\n\
             [delivery]\nroute = \"smtp://{}\"\nconnections_max = 4\nretry = [\"1 s\"]\n\
             [web]\nlisten = [\"{web}\"]\nbase_url = \"http://{web}\"\n{more}",
            folder.join(data).display().to_string(),
            sink.address,
        );
        let config =
            Config::from_text(Some(&text), &folder.join("parvis.toml"), Vec::new(), &|file| file.exists());
        let runtime = Runtime::new().expect("a runtime");
        let server =
            runtime.block_on(serve::start(&config.expect("valid"), system_clock())).expect("it starts");
        Running { runtime, server }
    }

    fn found(&self, members: &[&str]) {
        let desk = &self.server.desk;
        let new = NewList {
            address: LIST.to_owned(),
            name: None,
            language: Language::Fr,
            preset: Preset::Discussion,
        };
        let list = lists::create(desk, &new).expect("made");
        for name in members {
            let wish = Wish {
                email: address(name),
                name: None,
                language: None,
                since: None,
                settings: Vec::new(),
                joined: Joined::Declared,
            };
            let act = Act { now: desk.now(), by: None, telling: Telling::Nobody };
            add_member(&desk.store, &list, &wish, act).expect("committed").expect("added");
        }
    }

    fn post(&self, id: &str, author: &str) {
        let author = address(author);
        let raw = format!(
            "From: <{author}>\r\nTo: <{LIST}>\r\nSubject: {id}\r\nDate: Sun, 22 Nov 2026 12:00:00 +0100\r\n\
             Message-ID: <{id}@authors.example>\r\n\r\nVoici {id}.\r\n"
        );
        let mut talk = Conversation::begin(self.server.smtp[0]).expect("it greets");
        assert_eq!(talk.send(author.as_str(), LIST, &raw), Some(250));
    }

    /// How the copies of a post stand: the last that is known of each member, by name.
    fn copies(&self, post: u64) -> Vec<(String, CopyResult)> {
        let store = &self.server.desk.store;
        let mut last = std::collections::BTreeMap::new();
        for line in store.ledger(PostId(post)).expect("readable") {
            for (person, result) in line.copies {
                let person = store.person(person).expect("readable").expect("known");
                last.insert(person.addresses[0].local_part().to_owned(), result);
            }
        }
        last.into_iter().collect()
    }

    fn is_member(&self, name: &str) -> bool {
        let store = &self.server.desk.store;
        let list = store.reader().lists().expect("readable")[0].id;
        let person = store.person_at(&address(name)).expect("readable").expect("known").id;
        store.member(list, person).expect("readable").is_some_and(|member| member.state != MemberState::Left)
    }

    fn is_owed_nothing(&self) -> bool {
        self.server.desk.store.fans().expect("readable").is_empty()
    }

    fn stop(mut self) {
        self.server.stop();
        self.runtime.block_on(self.server.wait()).expect("it ends");
    }
}

fn address(name: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{name}@members.example")).expect("an address")
}

#[allow(clippy::disallowed_methods, reason = "how long real servers take is what is looked at")]
fn now() -> Instant {
    Instant::now()
}

/// Waits until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = now();
    while !is_so() {
        assert!(begun.elapsed() < WAIT, "{what} never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How many copies of a post somebody has.
fn has(sink: &Sink, name: &str, id: &str) -> usize {
    let (recipient, id) = (address(name).key(), format!("{id}@authors.example"));
    sink.got().iter().filter(|got| got.recipient == recipient && got.message_id == id).count()
}

/// What stands between two words in somebody's copy of a post.
fn in_copy(sink: &Sink, name: &str, begin: &str, end: char) -> String {
    let recipient = address(name).key();
    let copy = sink.got().into_iter().find(|got| got.recipient == recipient).expect("they have one");
    let text = String::from_utf8_lossy(&copy.raw).into_owned();
    let from = text.find(begin).unwrap_or_else(|| panic!("no {begin} in {text}")) + begin.len();
    text[from..].split(end).next().unwrap_or_default().to_owned()
}

fn http(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn each_servers_answer_concerns_its_own_copy() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    sink.does("basile@members.example", Does::Say("450 4.2.1 the mailbox rests"));
    sink.does("chloe@members.example", Does::Say("550 5.1.1 nobody of that name"));
    let parvis = Running::start(folder.path(), "data", &sink);
    parvis.found(&["anne", "basile", "chloe"]);
    parvis.post("one", "anne");
    until("an outcome for each", || parvis.copies(1).len() == 3);
    let copies = parvis.copies(1);
    assert!(matches!(&copies[0].1, CopyResult::Taken(_)), "{copies:?}");
    assert!(
        matches!(&copies[1].1, CopyResult::PutOff { reply, .. } if reply.contains("rests")),
        "{copies:?}"
    );
    assert!(matches!(&copies[2].1, CopyResult::Failed(reply) if reply.contains("nobody")), "{copies:?}");
    sink.does("basile@members.example", Does::Take);
    until("the end of it", || parvis.is_owed_nothing());
    let counts = ["anne", "basile", "chloe"].map(|name| has(&sink, name, "one"));
    assert_eq!(counts, [1, 1, 0]);
    parvis.stop();
}

/// The one test that counts: a process counts in one place.
#[test]
fn what_happens_can_be_read_as_numbers() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    sink.does("basile@members.example", Does::Say("450 4.2.1 the mailbox rests"));
    let more = "[metrics]\nlisten = [\"127.0.0.1:0\"]\n";
    let parvis = Running::start_with(folder.path(), "data", &sink, more);
    parvis.found(&["anne", "basile"]);
    let get = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        http(parvis.server.metrics[0], &request)
    };
    let number = |name: &str| -> f64 {
        let text = get("/metrics");
        let line =
            text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    };
    let before = ["taken", "put-off"].map(|o| number(&format!("parvis_deliveries_total{{outcome=\"{o}\"}}")));
    parvis.post("one", "anne");
    until("an outcome for each", || parvis.copies(1).len() == 2);
    for (outcome, before) in ["taken", "put-off"].into_iter().zip(before) {
        assert!(number(&format!("parvis_deliveries_total{{outcome=\"{outcome}\"}}")) > before, "{outcome}");
    }
    assert!(number("parvis_road_connections_total{asked=\"opportunistic\",came=\"clear\"}") > 0.0);
    assert!((number("parvis_queue_copies") - 1.0).abs() < 0.1);
    until("some age", || number("parvis_queue_age_seconds") > 0.0);
    assert!(number("parvis_commit_seconds_count") > 0.0);
    assert!(number("parvis_posts_total{outcome=\"published\"}") > 0.0);
    assert!(number("parvis_disk_free_bytes") > 0.0 && (number("parvis_healthy") - 1.0).abs() < 0.1);
    let refused = "parvis_door_replies_total{code=\"550\",reason=\"5.1.1\"}";
    let before = number(refused);
    let mut talk = Conversation::begin(parvis.server.smtp[0]).expect("it greets");
    assert_eq!(talk.send("anne@members.example", "nobody@lists.example", ""), Some(550));
    assert!((number(refused) - before - 1.0).abs() < 0.1);
    assert!(get("/healthz").ends_with("\r\n\r\nok\n"));
    assert!(get("/other").starts_with("HTTP/1.1 404 "));
    // Each name that is shown is explained, and each that is explained is shown.
    let (text, page) = (get("/metrics"), include_str!("../../docs/metrics.md"));
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(page.contains(&format!("`{name}")), "{name} is not in docs/metrics.md");
    }
    sink.does("basile@members.example", Does::Take);
    parvis.stop();
}

#[test]
fn a_server_that_hangs_delays_nobody_else() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    sink.does("hugo@members.example", Does::Hang(Duration::from_secs(3)));
    let parvis = Running::start(folder.path(), "data", &sink);
    let others: Vec<String> = (0..12).map(|number| format!("m{number}")).collect();
    let names: Vec<&str> = ["hugo"].into_iter().chain(others.iter().map(String::as_str)).collect();
    parvis.found(&names);
    parvis.post("one", "m0");
    parvis.post("two", "m1");
    until("the others' copies", || {
        others.iter().all(|name| has(&sink, name, "one") == 1 && has(&sink, name, "two") == 1)
    });
    assert_eq!((has(&sink, "hugo", "one"), has(&sink, "hugo", "two")), (0, 0));
    until("hugo's copies", || parvis.is_owed_nothing());
    assert_eq!((has(&sink, "hugo", "one"), has(&sink, "hugo", "two")), (1, 1));
    parvis.stop();
}

/// RFC 5321 lets a peer take ten minutes; whoever asks a server to end does not wait for those.
#[test]
fn a_server_that_hangs_does_not_keep_us_from_ending() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    sink.does("hugo@members.example", Does::Hang(Duration::from_secs(600)));
    let parvis = Running::start(folder.path(), "data", &sink);
    parvis.found(&["anne", "hugo"]);
    parvis.post("one", "anne");
    until("a copy in hand", || parvis.copies(1).len() == 1 && sink.asked() == 2);
    let begun = now();
    parvis.stop();
    assert!(begun.elapsed() < WAIT);
    sink.does("hugo@members.example", Does::Take);
    let parvis = Running::start(folder.path(), "data", &sink);
    until("the end of it", || parvis.is_owed_nothing());
    assert_eq!((has(&sink, "anne", "one"), has(&sink, "hugo", "one")), (1, 1));
    parvis.stop();
}

/// One answer stands for all recipients of a mail: what one list takes and another would refuse
/// waits there, and is not lost.
#[test]
fn a_post_that_only_one_of_two_lists_takes_waits_at_the_other() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    let parvis = Running::start(folder.path(), "data", &sink);
    parvis.found(&["anne"]);
    let new = NewList {
        address: "atelier@lists.example".to_owned(),
        name: None,
        language: Language::Fr,
        preset: Preset::Discussion,
    };
    let atelier = lists::create(&parvis.server.desk, &new).expect("made");
    let raw = "From: <anne@members.example>\r\nSubject: a tous\r\nMessage-ID: <one@authors.example>\r\n\r\nBonjour.";
    for _ in 0..2 {
        // The second time, too: the same mail again changes nothing.
        let mut talk = Conversation::begin(parvis.server.smtp[0]).expect("it greets");
        let to = [LIST, "atelier@lists.example"];
        assert_eq!(talk.send_to("anne@members.example", &to, raw), Some(250));
    }
    let mut talk = Conversation::begin(parvis.server.smtp[0]).expect("it greets");
    assert_eq!(talk.send("anne@members.example", "atelier@lists.example", raw), Some(550));
    until("its copy", || has(&sink, "anne", "one") == 1);
    let held = parvis.server.desk.store.held().expect("readable");
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!((held[0].list, held[0].reason), (Some(atelier.id), HoldReason::OtherList));
    parvis.stop();
}

#[test]
fn what_waits_outlives_a_restart() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    sink.does("basile@members.example", Does::Say("450 4.2.1 the mailbox rests"));
    let parvis = Running::start(folder.path(), "data", &sink);
    parvis.found(&["anne", "basile"]);
    parvis.post("one", "anne");
    until("an outcome for each", || parvis.copies(1).len() == 2);
    parvis.stop();
    sink.does("basile@members.example", Does::Take);
    let parvis = Running::start(folder.path(), "data", &sink);
    until("the end of it", || parvis.is_owed_nothing());
    assert_eq!((has(&sink, "anne", "one"), has(&sink, "basile", "one")), (1, 1));
    parvis.stop();
}

#[test]
fn who_leaves_while_a_copy_waits_does_not_get_it() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    let parvis = Running::start(folder.path(), "data", &sink);
    parvis.found(&["anne", "basile", "chloe"]);
    parvis.post("one", "anne");
    until("the first post", || parvis.copies(1).len() == 3);
    for name in ["basile", "chloe"] {
        sink.does(&address(name).key(), Does::Say("450 4.2.1 the mailbox rests"));
    }
    parvis.post("two", "anne");
    until("an outcome for each", || parvis.copies(2).len() == 3);

    // A program that follows links leaves nothing (RFC 8058 §3.1).
    let (web, click) = (parvis.server.web[0], in_copy(&sink, "basile", "/u/", '>'));
    let page = http(web, &format!("GET /u/{click} HTTP/1.0\r\nHost: {web}\r\n\r\n"));
    assert!(page.starts_with("HTTP/1.0 200"), "{page}");
    assert!(parvis.is_member("basile"));
    let form = "List-Unsubscribe=One-Click";
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let click = format!(
        "POST /u/{click} HTTP/1.0\r\nHost: {web}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    let page = http(web, &click);
    assert!(page.starts_with("HTTP/1.0 200"), "{page}");
    assert!(!parvis.is_member("basile"));

    // Whoever sends it: the token says who leaves.
    let stop = format!("quartier-stop+{}@lists.example", in_copy(&sink, "chloe", "quartier-stop+", '@'));
    let mut talk = Conversation::begin(parvis.server.smtp[0]).expect("it greets");
    assert_eq!(talk.send("robot@elsewhere.example", &stop, "Subject: stop\r\n"), Some(250));
    assert!(!parvis.is_member("chloe"));

    for name in ["basile", "chloe"] {
        sink.does(&address(name).key(), Does::Take);
    }
    until("the end of it", || parvis.is_owed_nothing());
    assert_eq!(["anne", "basile", "chloe"].map(|name| has(&sink, name, "two")), [1, 0, 0]);
    let copies = parvis.copies(2);
    assert_eq!((&copies[1].1, &copies[2].1), (&CopyResult::Gone, &CopyResult::Gone));
    parvis.stop();
}

#[test]
fn a_copied_folder_sends_nothing_until_it_is_released() {
    let (folder, sink) = (tempfile::tempdir().expect("a folder"), Sink::open());
    sink.does("basile@members.example", Does::Say("450 4.2.1 the mailbox rests"));
    let parvis = Running::start(folder.path(), "data", &sink);
    parvis.found(&["anne", "basile"]);
    parvis.post("one", "anne");
    until("an outcome for each", || parvis.copies(1).len() == 2);
    parvis.stop();
    copy_folder(&folder.path().join("data"), &folder.path().join("copy"));
    sink.does("basile@members.example", Does::Take);
    let before = sink.got().len();
    let copy = Running::start(folder.path(), "copy", &sink);
    copy.post("two", "anne");
    let store = &copy.server.desk.store;
    until("the second post", || store.fans().expect("readable").len() == 2);
    assert!(matches!(store.fence(), Ok(Fence::Up(_))));
    // Longer than the next attempt is away.
    std::thread::sleep(Duration::from_millis(1_300));
    assert_eq!(sink.got().len(), before, "nothing leaves a copy");
    let now = copy.server.desk.now();
    store.commit(Change::at(now).event(Event::Fence { fence: Fence::Down })).expect("released");
    until("the end of it", || copy.is_owed_nothing());
    let counts = ["anne", "basile"].map(|name| (has(&sink, name, "one"), has(&sink, name, "two")));
    assert_eq!(counts, [(1, 1), (1, 1)]);
    copy.stop();
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let (kind, target) = (entry.file_type().expect("known"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}
