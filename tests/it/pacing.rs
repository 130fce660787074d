//! Whose copy leaves next when destinations are slow, dead, or too much for us: what one of them
//! does delays its own copies only, and no failure of ours keeps a copy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::HEXLOWER;
use parvis::config::Config;
use parvis::domain::address::EmailAddress;
use parvis::domain::ids::PostId;
use parvis::domain::list::{Language, List, Moderation, Posting, Preset};
use parvis::domain::member::Joined;
use parvis::domain::proof::Proof;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::flow::{Desk, decide, send::deliver};
use parvis::mail::parse::content_key;
use parvis::serve::{open_desk, system_clock};
use parvis::smtp::client::{Copy, Destination, Outbox, Outcome, Stage};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Event, ListCause, Via};
use parvis::store::segments::MailPlace;
use tokio::sync::{Notify, watch};

const AT_ONCE: usize = 8;

struct Scene {
    _folder: tempfile::TempDir,
    desk: Arc<Desk>,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "hostname = \"lists.example\"\ndata_dir = {:?}\n[delivery]\nretry = [\"1 s\"]\n",
            folder.path().join("data").display().to_string()
        );
        let path = folder.path().join("parvis.toml");
        let config = Config::from_text(Some(&text), &path, Vec::new(), &|file| file.exists()).unwrap();
        Scene { _folder: folder, desk: Arc::new(open_desk(&config, system_clock()).unwrap()) }
    }

    fn list(&self, name: &str, members: impl Iterator<Item = String>) -> List {
        let desk = &self.desk;
        let new = NewList {
            address: format!("{name}@lists.example"),
            name: None,
            language: Language::Fr,
            preset: Preset::Discussion,
        };
        let mut list = lists::create(desk, &new).unwrap();
        list.settings.moderation = Moderation::None;
        list.settings.posting = Posting::Anyone;
        let event = Event::List { list: Box::new(list.clone()), cause: ListCause::Settings, by: None };
        desk.store.commit(Change::at(desk.now()).event(event)).unwrap();
        for email in members {
            let wish = Wish {
                email: EmailAddress::parse(&email).unwrap(),
                name: None,
                language: None,
                since: None,
                settings: Vec::new(),
                joined: Joined::Declared,
            };
            let act = Act { now: desk.now(), by: None, telling: Telling::Nobody };
            add_member(&desk.store, &list, &wish, act).unwrap().unwrap();
        }
        list
    }

    fn post(&self, list: &List) -> PostId {
        let (store, now) = (&self.desk.store, self.desk.now());
        let post = store.next_post();
        let raw = format!(
            "From: <a@author.example>\r\nSubject: hello\r\nDate: Sun, 22 Nov 2026 12:00:00 +0100\r\n\
             Message-ID: <{}@author.example>\r\n\r\nHello.\r\n",
            post.0
        );
        let event = Event::Received {
            post,
            list: Some(list.id),
            mail: MailPlace { file: String::new(), offset: 0, len: 0 },
            content: HEXLOWER.encode(&content_key(raw.as_bytes())),
            author: None,
            proof: Proof::NoMeans,
            via: Via::Smtp,
            door: None,
            disclosed: false,
        };
        let change =
            Change::at(now).mail(post, Shelf::List(list.id), raw.as_bytes(), "s@author.example", now);
        store.commit(change.event(event)).unwrap();
        assert_eq!(decide::decide_waiting(&self.desk).unwrap(), 1);
        post
    }
}

/// Each domain is a destination of its own, and does what its name says.
#[derive(Default)]
struct Peers {
    tried: Mutex<Vec<EmailAddress>>,
    taken: Mutex<Vec<EmailAddress>>,
    in_hand: Mutex<HashMap<String, (usize, usize)>>,
    news: Notify,
}

impl Peers {
    fn taken_at(&self, domain: &str) -> usize {
        self.taken.lock().unwrap().iter().filter(|recipient| recipient.domain() == domain).count()
    }

    fn tried_at(&self, domain: &str) -> usize {
        self.tried.lock().unwrap().iter().filter(|recipient| recipient.domain() == domain).count()
    }

    fn most_in_hand(&self, domain: &str) -> usize {
        self.in_hand.lock().unwrap().get(domain).map_or(0, |(_, most)| *most)
    }

    async fn until(&self, what: impl Fn(&Peers) -> bool) {
        let waiting = async {
            loop {
                let news = self.news.notified();
                if what(self) {
                    return;
                }
                news.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(waited.is_ok(), "it never came: {:?}", self.tried.lock().unwrap().len());
    }
}

impl Outbox for Peers {
    async fn carry(&self, copy: Copy) -> Outcome {
        let domain = copy.recipient.domain().to_owned();
        let tried_before = self.tried.lock().unwrap().contains(&copy.recipient);
        self.tried.lock().unwrap().push(copy.recipient.clone());
        {
            let mut in_hand = self.in_hand.lock().unwrap();
            let (now, most) = in_hand.entry(domain.clone()).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        self.news.notify_waiters();
        match domain.split('.').next().unwrap() {
            "hangs" => std::future::pending().await,
            // Without the message of a panic, since this one is meant.
            "panics" if !tried_before => std::panic::resume_unwind(Box::new("meant")),
            _ => tokio::task::yield_now().await,
        }
        self.in_hand.lock().unwrap().get_mut(&domain).unwrap().0 -= 1;
        if domain.starts_with("enough") {
            let reply = "421 4.7.0 too fast".to_owned();
            return Outcome::PutOff { code: Some(421), enhanced: None, reply, stage: Stage::Mail };
        }
        self.taken.lock().unwrap().push(copy.recipient);
        self.news.notify_waiters();
        Outcome::Taken { reply: "250 taken".to_owned() }
    }

    fn destination(&self, domain: impl FnOnce() -> String) -> Destination {
        Destination::Of { servers: domain().into(), at_once_max: 4 }
    }
}

/// Sends until it is so, and then no more.
fn sent_until(scene: &Scene, what: impl Fn(&Peers) -> bool) -> Arc<Peers> {
    let peers = Arc::new(Peers::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (_stop, stopping) = watch::channel(false);
        let mut sending = tokio::task::JoinSet::new();
        sending.spawn(deliver::deliver(scene.desk.clone(), peers.clone(), AT_ONCE, stopping));
        peers.until(what).await;
        sending.shutdown().await;
    });
    peers
}

fn people(count: usize, domain: &str) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("p{number}@{domain}"))
}

#[test]
fn dead_destinations_delay_their_own_copies_only() {
    let scene = Scene::new();
    let dead = (0..30).flat_map(|number| {
        people(5, ["hangs.example", "hangs.test"][number % 2]).map(move |p| format!("{number}{p}"))
    });
    let list = scene.list("quartier", dead.chain(people(100, "fast.example")));
    scene.post(&list);
    let peers = sent_until(&scene, |peers| peers.taken_at("fast.example") == 100);
    for domain in ["hangs.example", "hangs.test"] {
        assert!((1..=2).contains(&peers.most_in_hand(domain)), "{}", peers.most_in_hand(domain));
    }
    assert!(peers.most_in_hand("fast.example") <= 4);
}

#[test]
fn many_dead_destinations_leave_room_for_those_that_live() {
    let scene = Scene::new();
    let list = scene.list("quartier", people(10, "fast.example"));
    scene.post(&list);
    sent_until(&scene, |peers| peers.taken_at("fast.example") == 10);
    let dead = (0..40).map(|number| format!("p@hangs.d{number}.example"));
    let list = scene.list("voisins", dead.chain(people(60, "fast.example")));
    scene.post(&list);
    let peers = sent_until(&scene, |peers| peers.taken_at("fast.example") == 60);
    let hanging =
        (0..40).filter(|number| peers.most_in_hand(&format!("hangs.d{number}.example")) > 0).count();
    assert!(hanging <= AT_ONCE / 2, "{hanging} at once");
}

#[test]
fn a_long_list_does_not_delay_anothers_five() {
    let scene = Scene::new();
    let long = scene.list("ville", people(400, "fast.example"));
    let short = scene.list("rue", (0..5).map(|number| format!("short{number}@fast.example")));
    scene.post(&long);
    scene.post(&short);
    let is_short = |recipient: &EmailAddress| recipient.local_part().starts_with("short");
    let peers = sent_until(&scene, |peers| peers.taken_at("fast.example") == 405);
    let taken = peers.taken.lock().unwrap();
    let last = taken.iter().rposition(is_short).unwrap();
    assert!(last < 40, "the last of five was number {last}");
}

#[test]
fn a_destination_that_wants_a_pause_has_it() {
    let scene = Scene::new();
    let list = scene.list("quartier", people(50, "enough.example").chain(people(50, "fast.example")));
    scene.post(&list);
    let peers = sent_until(&scene, |peers| {
        peers.taken_at("fast.example") == 50 && peers.tried_at("enough.example") > 0
    });
    assert!(peers.tried_at("enough.example") <= 2, "{} tries", peers.tried_at("enough.example"));
}

#[test]
fn a_panic_of_ours_puts_one_copy_off_and_keeps_none() {
    let scene = Scene::new();
    let list = scene.list("quartier", people(3, "panics.example").chain(people(3, "fast.example")));
    let post = scene.post(&list);
    let peers = sent_until(&scene, |peers| {
        peers.taken_at("panics.example") == 3 && peers.taken_at("fast.example") == 3
    });
    assert_eq!(peers.tried_at("panics.example"), 6);
    let put_off = scene.desk.store.ledger(post).unwrap().into_iter().flat_map(|line| line.copies);
    let words = put_off.filter(|(_, result)| format!("{result:?}").contains("a failure of ours")).count();
    assert_eq!(words, 3);
}
