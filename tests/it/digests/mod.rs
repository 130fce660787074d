//! Digests as their readers get them: whatever clocks, rhythms and restarts do, posts and digests of
//! a member together are each post once.

mod answering;
mod contents;
mod editions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use parvis::config::Config;
use parvis::domain::address::EmailAddress;
use parvis::domain::list::{Language, List, Preset};
use parvis::domain::member::{Joined, Reading};
use parvis::domain::proof::Proof;
use parvis::domain::time::Timestamp;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act, Telling, Wish, add_member, remove_member, set_member};
use parvis::flow::receive::PostRoom;
use parvis::flow::send::copies::CopyMaker;
use parvis::flow::send::dispatch::{Dispatch, Sorted};
use parvis::flow::{Desk, decide, digests, send::deliver};
use parvis::mail::parse::content_key;
use parvis::serve::open_desk;
use parvis::smtp::client::{Copy, Outbox, Outcome};
use parvis::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Event, Via};
use parvis::store::segments::MailPlace;
use parvis::store::verify;

const HOUR: i64 = 3_600_000;

struct Scene {
    folder: tempfile::TempDir,
    now: Arc<Mutex<Timestamp>>,
    desk: Option<Desk>,
    boxes: Boxes,
    runtime: tokio::runtime::Runtime,
    posts: u64,
    zone: &'static str,
}

/// Mails by recipient.
#[derive(Default, Clone)]
struct Boxes(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Outbox for Boxes {
    async fn carry(&self, copy: Copy) -> Outcome {
        let raw = [copy.head.as_bytes(), copy.body.as_bytes()].concat();
        let raw = String::from_utf8_lossy(&raw).into_owned();
        self.0.lock().unwrap().entry(copy.recipient.to_string()).or_default().push(raw);
        Outcome::Taken { reply: "250 ok".to_owned() }
    }
}

impl Scene {
    fn new(at: &str) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new(Timestamp::parse_rfc3339(at).unwrap()));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut scene = Scene {
            folder,
            now,
            desk: None,
            boxes: Boxes::default(),
            runtime,
            posts: 0,
            zone: "Europe/Paris",
        };
        scene.open();
        let new = NewList {
            address: "lilas@lists.example".to_owned(),
            name: Some("Les Lilas".to_owned()),
            language: Language::Fr,
            preset: Preset::Discussion,
        };
        lists::create(scene.desk(), &new).unwrap();
        scene.set_list(&[("posting", "anyone"), ("moderation", "none")]);
        scene
    }

    /// Opens the folder as a new server would.
    fn open(&mut self) {
        self.desk = None;
        let data = self.folder.path().join("data").display().to_string();
        let zone = self.zone;
        let text = format!("hostname = \"lists.example\"\ndata_dir = {data:?}\ntimezone = \"{zone}\"\n");
        let path = self.folder.path().join("parvis.toml");
        let config = Config::from_text(Some(&text), &path, Vec::new(), &|file| file.exists()).unwrap();
        let now = self.now.clone();
        self.desk = Some(open_desk(&config, Arc::new(move || *now.lock().unwrap())).unwrap());
    }

    fn desk(&self) -> &Desk {
        self.desk.as_ref().unwrap()
    }

    fn list(&self) -> List {
        lists::find(self.desk(), "lilas@lists.example").unwrap()
    }

    fn set_list(&self, settings: &[(&str, &str)]) {
        let settings: Vec<(String, String)> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        lists::set(self.desk(), &self.list(), &settings).unwrap();
    }

    fn act(&self) -> Act {
        Act { now: self.desk().now(), by: None, telling: Telling::Nobody }
    }

    fn add(&self, name: &str, settings: &[(&str, &str)]) {
        let wish = Wish {
            email: EmailAddress::parse(&format!("{name}@members.example")).unwrap(),
            name: None,
            language: None,
            since: None,
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            joined: Joined::Declared,
        };
        add_member(&self.desk().store, &self.list(), &wish, self.act()).unwrap().unwrap();
    }

    fn set(&self, name: &str, settings: &[(&str, &str)]) {
        let email = EmailAddress::parse(&format!("{name}@members.example")).unwrap();
        let settings: Vec<(String, String)> =
            settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        set_member(&self.desk().store, &self.list(), &email, &settings, self.act()).unwrap().unwrap();
    }

    fn post_of(&mut self, body: &str) -> u64 {
        let subject = format!("Re: sujet {}", self.posts + 1);
        self.post_as("Anne", &subject, body)
    }

    fn post_as(&mut self, author: &str, subject: &str, body: &str) -> u64 {
        self.posts += 1;
        let (mark, now) = (self.posts, self.desk().now());
        let store = &self.desk().store;
        let post = store.next_post();
        let raw = format!(
            "From: {author} <a@author.example>\r\nSubject: {subject}\r\nDate: {}\r\n\
             Message-ID: <p{mark}@author.example>\r\n\r\nmark-{mark}-\r\n{body}\r\n",
            now.rfc5322(&self.desk().zone)
        );
        let event = Event::Received {
            post,
            list: Some(self.list().id),
            mail: MailPlace { file: String::new(), offset: 0, len: 0 },
            content: HEXLOWER.encode(&content_key(raw.as_bytes())),
            author: None,
            proof: Proof::NoMeans,
            via: Via::Smtp,
            door: None,
            disclosed: false,
        };
        let shelf = Shelf::List(self.list().id);
        let change = Change::at(now).mail(post, shelf, raw.as_bytes(), "s@author.example", now);
        store.commit(change.event(event)).unwrap();
        assert_eq!(decide::decide_waiting(self.desk()).unwrap(), 1);
        mark
    }

    fn post(&mut self) -> u64 {
        self.post_of("Bonjour.")
    }

    /// Moves the clock, and nobody looks.
    fn later(&self, millis: i64) {
        let mut now = self.now.lock().unwrap();
        *now = Timestamp::from_millis(now.millis() + millis);
    }

    /// Moves the clock, looks whose turn it is, and sends what is owed.
    fn after(&self, millis: i64) {
        self.later(millis);
        digests::issue_due(self.desk()).unwrap();
        self.deliver();
    }

    fn deliver(&self) {
        let (mut dispatch, maker, desk) = (Dispatch::of(self.desk()), CopyMaker::default(), self.desk());
        loop {
            dispatch.refill(desk, desk.now()).unwrap();
            while dispatch.sort(desk, &self.boxes) == Sorted::NotYet {}
            let Some(work) = dispatch.take(desk.now(), 4) else { return };
            let sending = deliver::carry_out(desk, &self.boxes, &maker, &work, 0, 0.5);
            let ended = self.runtime.block_on(sending).unwrap();
            dispatch.give_back(&work, ended, desk.now());
        }
    }

    fn mails(&self, name: &str) -> Vec<String> {
        let boxes = self.boxes.0.lock().unwrap();
        boxes.get(&format!("{name}@members.example")).cloned().unwrap_or_default()
    }

    /// Answers the latest mail somebody got: where its Reply-To says, proven to be theirs.
    fn answer(&mut self, name: &str, words: &str) {
        self.write(name, &answers_of(&self.mails(name).pop().unwrap()), words);
    }

    fn write(&mut self, name: &str, to: &str, words: &str) {
        self.hand_in(name, to, "", words);
    }

    fn write_answering(&mut self, name: &str, id: &str, words: &str) {
        self.hand_in(name, "lilas@lists.example", &format!("In-Reply-To: <{id}>\r\n"), words);
    }

    fn hand_in(&mut self, name: &str, to: &str, fields: &str, words: &str) {
        self.keep(name, to, fields, words);
        self.decide();
    }

    /// Decides what was kept, and sends what follows.
    fn decide(&mut self) {
        decide::decide_waiting(self.desk()).unwrap();
        self.deliver();
    }

    /// Takes a mail, and decides nothing yet.
    fn keep(&mut self, name: &str, to: &str, fields: &str, words: &str) {
        let raw = format!(
            "From: {name} <{name}@members.example>\r\nTo: <{to}>\r\nSubject: Re: edition\r\n{fields}\
             Message-ID: <a{}@members.example>\r\n\r\n{}\r\n",
            self.posts,
            words.replace('\n', "\r\n")
        );
        self.posts += 1_000;
        let desk = Arc::new(self.desk.take().unwrap());
        let envelope = Envelope {
            protocol: Protocol::Esmtp,
            peer: Peer::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7))),
            helo: "mail.example".to_owned(),
            sender: ReversePath::from(EmailAddress::parse(&format!("{name}@members.example")).unwrap()),
            recipients: vec![EmailAddress::parse(to).unwrap()],
            raw: raw.into_bytes(),
            eight_bit: true,
        };
        let room = PostRoom::new(desk.clone());
        let replies = self.runtime.block_on(room.take_as(envelope, Via::Smtp, Some(Proof::Proven)));
        assert_eq!(replies[0].code(), 250);
        drop(room);
        self.desk = Arc::into_inner(desk);
    }

    /// The posts somebody got, mail by mail; a page says what its text says.
    fn got(&self, name: &str) -> Vec<Vec<u64>> {
        let marks = |mail: &String| {
            let text = mail.split("Content-Type: text/html").next().unwrap_or_default();
            let marks = text.split("mark-").skip(1).filter_map(|rest| rest.split('-').next()?.parse().ok());
            marks.collect::<Vec<u64>>()
        };
        self.mails(name).iter().map(marks).filter(|marks| !marks.is_empty()).collect()
    }

    fn is_whole(&self) {
        for finding in verify::verify(&self.desk().store).unwrap() {
            assert_eq!(finding.faults, Vec::<String>::new(), "{}", finding.what);
        }
        let compared = verify::compare_with_rebuilt(&self.desk().store).unwrap();
        assert_eq!(compared.faults, Vec::<String>::new());
    }
}

#[test]
fn each_reads_in_their_own_rhythm() {
    // A Friday.
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    scene.add("each", &[]);
    scene.add("daily", &[("reading", "daily")]);
    scene.add("late", &[("reading", "daily"), ("hour", "20")]);
    scene.add("weekly", &[("reading", "weekly")]);
    scene.add("sunday", &[("reading", "weekly"), ("day", "sunday"), ("digest_form", "mime")]);
    scene.add("none", &[("reading", "none")]);
    let (one, two) = (scene.post(), scene.post());
    scene.after(0);
    assert_eq!(scene.got("each"), [[one], [two]]);
    assert_eq!(scene.got("daily").len(), 0);
    // 20:00 the same day, 8:00 the next.
    scene.after(10 * HOUR);
    assert_eq!(scene.got("late"), [[one, two]]);
    scene.after(12 * HOUR);
    assert_eq!(scene.got("daily"), [[one, two]]);
    let three = scene.post();
    scene.after(24 * HOUR);
    assert_eq!(scene.got("sunday"), [[one, two, three]]);
    // Nothing was written on Sunday: nothing comes on Monday to who has all of it.
    scene.after(24 * HOUR);
    scene.after(24 * HOUR);
    assert_eq!(scene.got("daily"), [vec![one, two], vec![three]]);
    assert_eq!(scene.got("weekly"), [[one, two, three]]);
    assert_eq!(scene.got("none").len(), 0);
    let mail = scene.mails("daily")[0].clone();
    for field in [
        "List-Unsubscribe: <",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Id: Les Lilas <lilas.lists.example>",
        "Auto-Submitted: auto-generated",
        "Precedence: list",
        "Message-ID: <digest-",
        "Content-Type: multipart/alternative",
    ] {
        assert!(mail.contains(field), "{field} is not in\n{mail}");
    }
    assert!(!mail.contains("Archived-At"));
    scene.is_whole();
}

/// The part of a mail a field begins with, and where it says to answer.
fn answers_of(mail: &str) -> String {
    let field = mail.split("Reply-To:").nth(1).unwrap();
    field.split('<').nth(1).unwrap().split('>').next().unwrap().to_owned()
}

#[test]
fn a_change_of_rhythm_loses_and_repeats_nothing() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    for name in ["to-each", "to-weekly", "to-none", "on-holiday", "gone"] {
        scene.add(name, &[("reading", "daily")]);
    }
    let one = scene.post();
    scene.after(0);
    scene.set("to-each", &[("reading", "each")]);
    scene.set("to-weekly", &[("reading", "weekly"), ("day", "saturday")]);
    scene.set("to-none", &[("reading", "none")]);
    scene.set("on-holiday", &[("state", "paused")]);
    let gone = EmailAddress::parse("gone@members.example").unwrap();
    remove_member(&scene.desk().store, &scene.list(), &gone, scene.act()).unwrap().unwrap();
    scene.after(HOUR);
    let two = scene.post();
    scene.after(HOUR);
    assert_eq!(scene.got("to-each"), [[one], [two]]);
    scene.after(24 * HOUR);
    assert_eq!(scene.got("to-weekly"), [[one, two]]);
    assert_eq!((scene.got("to-none").len(), scene.got("gone").len()), (0, 0));
    assert_eq!(scene.got("on-holiday").len(), 0);
    scene.set("on-holiday", &[("state", "active")]);
    scene.after(24 * HOUR);
    assert_eq!(scene.got("on-holiday"), [[one]]);
    scene.set("to-each", &[("reading", "daily")]);
    let three = scene.post();
    scene.after(24 * HOUR);
    assert_eq!(scene.got("to-each"), [[one], [two], [three]]);
    scene.after(7 * 24 * HOUR);
    assert_eq!(scene.got("to-weekly"), [vec![one, two], vec![three]]);
    assert!(scene.desk().store.awaited(scene.list().id).unwrap().is_empty());
    scene.is_whole();
}

/// In a folder that came from a copy: whose turn came since may have been served elsewhere.
#[test]
fn what_another_server_may_have_sent_is_sent_once() {
    let mut scene = Scene::new("2026-11-20T20:00:00+01:00");
    scene.add("daily", &[("reading", "daily")]);
    scene.add("weekly", &[("reading", "weekly"), ("day", "monday")]);
    let (one, copied) = (scene.post(), scene.desk().now());
    *scene.now.lock().unwrap() = Timestamp::from_millis(copied.millis() + 14 * HOUR);
    let two = scene.post();
    let dropped = [(); 2].map(|()| digests::drop_had_their_turn(scene.desk(), copied).unwrap());
    assert_eq!(dropped, [1, 0], "the weekly one had not had its turn");
    (0..3).for_each(|_| scene.after(24 * HOUR));
    assert_eq!((scene.got("daily"), scene.got("weekly")), (vec![vec![two]], vec![vec![one, two]]));
    scene.is_whole();
}

/// Three hundred posts, each with much to say: several mails, none too large, none missing.
#[test]
fn a_day_too_long_for_one_mail_is_several() {
    let mut scene = Scene::new("2026-11-20T10:00:00+01:00");
    for form in ["page", "mime", "plain"] {
        scene.add(form, &[("reading", "daily"), ("digest_form", form)]);
    }
    let quoted: String = (0..600).map(|n| format!("> ce qui a été dit avant, ligne {n}\r\n")).collect();
    let said = "Une phrase qui dit quelque chose de nouveau.\r\n".repeat(120);
    let all: Vec<u64> = (0..300).map(|_| scene.post_of(&format!("{said}\r\n{quoted}"))).collect();
    scene.after(24 * HOUR);
    for form in ["page", "mime", "plain"] {
        let got: Vec<u64> = scene.got(form).into_iter().flatten().collect();
        assert_eq!(got, all, "{form}");
        let (mails, largest) = (scene.mails(form).len(), scene.mails(form).iter().map(String::len).max());
        assert!(mails > 1 && largest < Some(5 << 18), "{form}: {mails} mails, {largest:?}");
    }
    let first = &scene.mails("page")[0];
    assert!(first.contains("(1/") && !first.contains("ligne 599"), "{first}");
    scene.is_whole();
}

/// The text of a mail in quoted-printable, as somebody reads it.
fn text_of(mail: &str) -> String {
    let text = mail.split("Content-Type: text/html").next().unwrap_or_default();
    let bytes = text.replace("=\r\n", "").into_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'=').then(|| bytes.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).replace('\r', "")
}

/// By chance: people change how they read, clocks jump, servers end at any moment.
/// `PARVIS_SEEDS=500 cargo test --test it posts_and_digests` tries so many.
#[test]
fn posts_and_digests_together_are_each_post_once() {
    let seeds = std::env::var("PARVIS_SEEDS").ok().and_then(|count| count.parse().ok());
    for seed in 0..seeds.unwrap_or(12_u64) {
        let mut chance = fastrand(seed);
        // Summer time ends on 25 October, and begins on 28 March.
        let days = ["2026-10-20T10:00:00+02:00", "2027-03-24T10:00:00+01:00"];
        let mut scene = Scene::new(days[usize::from(seed % 2 == 1)]);
        let names = ["a", "b", "c", "d"];
        names.iter().for_each(|name| scene.add(name, &[]));
        let mut readings: BTreeMap<&str, Reading> = names.iter().map(|n| (*n, Reading::Each)).collect();
        let mut all = Vec::new();
        for _ in 0..90 {
            match chance(11) {
                10 => {
                    // In the last second before the hour, and in the first of it.
                    let name = names[usize::try_from(chance(4)).unwrap()];
                    let hour = chance(24).to_string();
                    scene.later(HOUR - 1_000);
                    all.push(scene.post());
                    scene.set(name, &[("reading", "daily"), ("hour", &hour)]);
                    scene.later(1_000);
                    scene.set(name, &[("reading", ["each", "weekly"][usize::try_from(chance(2)).unwrap()])]);
                    scene.after(0);
                }
                0..=3 => all.push(scene.post()),
                4 => {
                    let name = names[usize::try_from(chance(4)).unwrap()];
                    let (reading, word) =
                        [(Reading::Each, "each"), (Reading::Daily, "daily"), (Reading::Weekly, "weekly")]
                            [usize::try_from(chance(3)).unwrap()];
                    let (hour, form) = (
                        chance(24).to_string(),
                        ["page", "mime", "plain"][usize::try_from(chance(3)).unwrap()],
                    );
                    scene.set(name, &[("reading", word), ("hour", &hour), ("digest_form", form)]);
                    readings.insert(name, reading);
                }
                5 => {
                    let zones = ["Europe/Paris", "Europe/Paris", "America/Montreal", "Asia/Tokyo"];
                    scene.zone = zones[usize::try_from(chance(4)).unwrap()];
                    scene.open();
                }
                6 => digests::issue_due(scene.desk()).unwrap(),
                7 => {
                    // Frozen, and then the server ends before anything has left.
                    digests::issue_now(scene.desk(), &scene.list()).unwrap();
                    scene.open();
                }
                8 if chance(4) == 0 => {
                    scene.after([-26, -3, 3, 26][usize::try_from(chance(4)).unwrap()] * HOUR)
                }
                _ => scene.after(i64::try_from(chance(9)).unwrap() * HOUR),
            }
        }
        // A fortnight in which nobody writes.
        for _ in 0..(14 * 4) {
            scene.after(6 * HOUR);
        }
        for name in names {
            let mut got: Vec<u64> = scene.got(name).into_iter().flatten().collect();
            got.sort_unstable();
            assert_eq!(got, all, "seed {seed}: {name}, who read {:?}", readings[name]);
        }
        scene.is_whole();
    }
}

/// Small numbers by a seed (splitmix64).
fn fastrand(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}
