//! What each proof allows at the door, and what is written down of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use parvis::admin::request::Request;
use parvis::admin::{Given, perform};
use parvis::domain::address::EmailAddress;
use parvis::domain::list::{Language, List, Preset};
use parvis::domain::member::Joined;
use parvis::domain::moderation::HoldReason;
use parvis::domain::proof::Proof;
use parvis::domain::retry::RetrySchedule;
use parvis::domain::time::{Timestamp, Zone};
use parvis::filter::Filter;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::flow::receive::PostRoom;
use parvis::flow::{Desk, decide};
use parvis::letters::Letters;
use parvis::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use parvis::store::archive::PostState;
use parvis::store::event::{DropReason, Via};
use parvis::store::{PostInfo, Store, StoreOptions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Key, checker, mail};
use crate::fake_dns::{FakeDns, Manner};

const BEGIN: i64 = 1_795_500_000;

pub(crate) struct House {
    runtime: Runtime,
    _dns: FakeDns,
    pub(crate) desk: Arc<Desk>,
    room: PostRoom,
    now: Arc<Mutex<Timestamp>>,
    _folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn new(world: impl AsyncFn() -> FakeDns) -> House {
        House::trusting(world, None, None)
    }

    /// One whose operator reads mail there.
    pub(crate) fn run_by(operator: &str, world: impl AsyncFn() -> FakeDns) -> House {
        House::trusting(world, None, EmailAddress::parse(operator).ok())
    }

    /// One that believes results of that name.
    pub(crate) fn believing(world: impl AsyncFn() -> FakeDns, name: &str) -> House {
        House::trusting(world, Some(name), None)
    }

    fn trusting(
        world: impl AsyncFn() -> FakeDns,
        believed: Option<&str>,
        operator: Option<EmailAddress>,
    ) -> House {
        let runtime = Runtime::new().unwrap();
        let dns = runtime.block_on(world());
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new(Timestamp::from_seconds(BEGIN)));
        let zone = Zone::parse("Europe/Paris").unwrap();
        let options = StoreOptions { data: folder.path().join("data"), zone: zone.clone(), reserve_bytes: 0 };
        let told = now.clone();
        let store = Store::open(options, Timestamp::from_seconds(BEGIN)).unwrap();
        let desk = Arc::new(Desk {
            pages: Default::default(),
            search: parvis::search::Search::new(store.reader().clone(), zone.clone()),
            store: Arc::new(store),
            letters: Letters::new(None).0,
            digests: parvis::digest::DigestTemplates::new(None).0,
            phrases: parvis::understand::PhraseBook::new(None).0,
            hostname: "lists.example".to_owned(),
            base_url: "https://lists.example".to_owned(),
            language: Language::Fr,
            zone,
            operator,
            signer: None,
            retry: RetrySchedule {
                waits: vec![Duration::from_secs(60)],
                give_up_after: Duration::from_secs(600),
            },
            clock: Arc::new(move || *told.lock().unwrap()),
            bell: Arc::default(),
            letter_waits: Default::default(),
            taking: Default::default(),
            rewrite_from_always: Vec::new(),
        });
        let room = PostRoom::new(desk.clone()).checking(Arc::new(checker(&dns, believed)));
        House { runtime, _dns: dns, desk, room, now, _folder: folder }
    }

    pub(crate) fn list(&self, address: &str, preset: Preset) -> List {
        let new = NewList { address: address.to_owned(), name: None, language: Language::Fr, preset };
        lists::create(&self.desk, &new).unwrap()
    }

    pub(crate) fn member(&self, list: &List, email: &str, settings: &[(&str, &str)]) {
        let wish = Wish {
            email: EmailAddress::parse(email).unwrap(),
            name: None,
            language: None,
            since: None,
            settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            joined: Joined::Declared,
        };
        let act = Act { now: self.desk.now(), by: None, telling: Telling::Nobody };
        add_member(&self.desk.store, list, &wish, act).unwrap().unwrap();
    }

    pub(crate) fn later(&self, seconds: i64) {
        *self.now.lock().unwrap() = Timestamp::from_seconds(BEGIN + seconds);
    }

    /// Hands a message in from 192.0.2.7, has it decided, and says what the door answered.
    pub(crate) fn hand_in(&self, sender: &str, to: &str, raw: &str) -> String {
        self.hand_in_from("192.0.2.7", sender, to, raw)
    }

    pub(crate) fn hand_in_from(&self, peer: &str, sender: &str, to: &str, raw: &str) -> String {
        let envelope = Envelope {
            protocol: Protocol::Esmtp,
            peer: Peer::Address(peer.parse().unwrap()),
            helo: "mail.anne.example".to_owned(),
            sender: EmailAddress::parse(sender).map_or(ReversePath::NULL, ReversePath::from),
            recipients: vec![EmailAddress::parse(to).unwrap()],
            raw: raw.as_bytes().to_vec(),
            eight_bit: false,
        };
        let reply = self.runtime.block_on(self.room.take(envelope, Via::Smtp)).remove(0).to_string();
        decide::decide_waiting(&self.desk).unwrap();
        reply
    }

    pub(crate) fn run<T>(&self, doing: impl Future<Output = T>) -> T {
        self.runtime.block_on(doing)
    }

    pub(crate) fn filter_with(&mut self, filter: Filter) {
        let room = PostRoom::new(self.desk.clone());
        self.room = std::mem::replace(&mut self.room, room).filtering(filter);
    }

    pub(crate) fn all(&self) -> Vec<PostInfo> {
        self.desk.store.posts(parvis::domain::ids::PostId(0), 1000).unwrap()
    }

    pub(crate) fn last(&self) -> PostInfo {
        self.desk.store.posts(parvis::domain::ids::PostId(0), 1000).unwrap().pop().unwrap()
    }

    /// Whether the trace of the last post has these words in the event about who writes.
    fn said_of_the_last(&self, words: &str) -> bool {
        let last = self.last().id.to_string();
        let request = Request::Trace { message_id: "<puits@anne.example>".to_owned() };
        let told = perform(&self.desk, request, &mut Given(std::iter::empty())).unwrap();
        let about = |event: &&Value| event["post"] == json!(last) && !event["checks"].is_null();
        let events = told["events"].as_array().unwrap();
        events.iter().filter(about).any(|event| event["what"].as_str().unwrap().contains(words))
    }

    pub(crate) fn kept(&self) -> String {
        String::from_utf8(self.desk.store.raw(self.last().id).unwrap().unwrap()).unwrap()
    }
}

async fn world(key: &Key) -> FakeDns {
    let dns = FakeDns::start().await;
    dns.txt("anne.example", "v=spf1 ip4:192.0.2.7 -all").txt("bob.example", "v=spf1 ip4:198.51.100.1 -all");
    dns.txt("s._domainkey.anne.example", &key.record);
    dns.manner("trouble.example", Manner::ServFail).manner("_dmarc.trouble.example", Manner::ServFail);
    dns
}

#[test]
fn a_post_is_its_authors_or_waits() {
    let key = Key::new();
    let house = House::new(async || world(&key).await);
    let list = house.list("quartier@lists.example", Preset::Discussion);
    for email in ["a@anne.example", "b@bob.example", "c@plain.example", "d@trouble.example"] {
        house.member(&list, email, &[]);
    }
    let post = |from: &str| {
        let reply = house.hand_in(from, "quartier@lists.example", &mail(from));
        let last = house.last();
        (reply[..3].to_owned(), last.proof, last.state, last.hold_reason)
    };
    let published = |proof| ("250".to_owned(), Some(proof), PostState::Published, None);
    assert_eq!(post("a@anne.example"), published(Proof::Proven));
    assert_eq!(post("c@plain.example"), published(Proof::NoMeans));
    let unproven = |proof| ("250".to_owned(), Some(proof), PostState::Held, Some(HoldReason::Unproven));
    assert_eq!(post("b@bob.example"), unproven(Proof::Disproved));
    // Put off for an hour, then it waits for somebody to look at it.
    for (seconds, expected) in [(0, "451"), (600, "451"), (3500, "451")] {
        house.later(seconds);
        assert_eq!(post("d@trouble.example").0, expected);
    }
    house.later(3700);
    assert_eq!(post("d@trouble.example"), unproven(Proof::CannotTell));
    // Whose address is misused is not written to; whose mail waits for the DNS is.
    let letters = house.desk.store.letters().unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
}

#[test]
fn an_announcement_is_proven_or_waits() {
    let key = Key::new();
    let house = House::new(async || world(&key).await);
    let list = house.list("lettre@lists.example", Preset::Announce);
    for email in ["a@anne.example", "c@plain.example"] {
        house.member(&list, email, &[("role", "animator")]);
    }
    for (from, expected) in [("a@anne.example", PostState::Published), ("c@plain.example", PostState::Held)] {
        let reply = house.hand_in(from, "lettre@lists.example", &mail(from));
        assert_eq!((&reply[..3], house.last().state), ("250", expected), "{from}");
    }
    assert_eq!(house.last().hold_reason, Some(HoldReason::Unproven));
}

#[test]
fn what_is_disproved_is_not_obeyed() {
    let key = Key::new();
    let house = House::new(async || world(&key).await);
    let list = house.list("quartier@lists.example", Preset::Discussion);
    house.member(&list, "b@bob.example", &[]);
    house.hand_in("b@bob.example", "quartier-stop@lists.example", &mail("b@bob.example"));
    let last = house.last();
    assert_eq!((last.proof, last.state), (Some(Proof::Disproved), PostState::Dropped));
    assert_eq!(last.drop_reason, Some(DropReason::Disproved));
    // People may still read what is written to them.
    house.hand_in("b@bob.example", "quartier-animateurs@lists.example", &mail("b@bob.example"));
    assert_eq!(house.last().hold_reason, Some(HoldReason::ToAnimators));
    assert!(house.desk.store.letters().unwrap().is_empty());
}

/// Who has one mail of Anne's could bring it to any list she is on (RFC 6376 §8.6).
#[test]
fn a_signature_alone_proves_nothing_to_those_it_was_not_made_for() {
    let key = Key::new();
    let house = House::new(async || world(&key).await);
    for name in ["quartier", "chorale"] {
        let list = house.list(&format!("{name}@lists.example"), Preset::Discussion);
        house.member(&list, "a@anne.example", &[]);
    }
    let post = |n: usize, peer: &str, to: &str, head: &str, named: &str| {
        let text = mail("a@anne.example").replace("quartier@lists.example", named);
        let signed = key.sign("anne.example", &text.replace("Qui a", &format!("{n}. Qui a")));
        let reply = house.hand_in_from(peer, "a@anne.example", to, &format!("{head}{signed}"));
        assert!(reply.starts_with("250"), "{reply}");
        house.last().proof
    };
    let (hers, anothers) = ("192.0.2.7", "198.51.100.66");
    let (here, elsewhere) = ("quartier@lists.example", "chorale@lists.example");
    for (n, (peer, to, head, named, proof)) in [
        (anothers, here, "", here, Proof::Proven),
        (anothers, here, "", "Le quartier <Quartier@Lists.example>, bob@bob.example", Proof::Proven),
        (anothers, here, "", elsewhere, Proof::Disproved),
        (anothers, here, "", "bob@bob.example", Proof::Disproved),
        // Cc is not among what was signed, and a second To is read by some and signed by none.
        (anothers, here, "Cc: quartier@lists.example\r\n", elsewhere, Proof::Disproved),
        (anothers, here, "To: quartier@lists.example\r\n", elsewhere, Proof::Disproved),
        // Her own server may bring what it likes.
        (hers, here, "", "bob@bob.example", Proof::Proven),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(post(n, peer, to, head, named), Some(proof), "{n}: {head}{named}");
        let said = house.said_of_the_last("signed this, but not for this list");
        assert_eq!(
            said,
            proof == Proof::Disproved,
            "{n}: the trace says why a good signature was not enough"
        );
    }
    let forged = mail("a@anne.example").replace("Qui a", "Personne n’a");
    house.hand_in_from(anothers, "a@anne.example", here, &forged);
    assert_eq!(house.last().proof, Some(Proof::Disproved));
    assert!(!house.said_of_the_last("signed this") && house.said_of_the_last("could have proven it"));
}

#[test]
fn our_results_stand_on_top_and_nobody_elses_under_our_name() {
    let key = Key::new();
    let house = House::new(async || world(&key).await);
    let list = house.list("quartier@lists.example", Preset::Discussion);
    house.member(&list, "a@anne.example", &[]);
    let signed = key.sign("anne.example", &mail("a@anne.example"));
    let forged = "Authentication-Results: Lists.Example; dmarc=pass header.from=bob.example\r\n";
    let others = "Authentication-Results: mx.other.example; dmarc=fail\r\n";
    let sent = format!("{forged}{others}{signed}");
    house.hand_in("a@anne.example", "quartier@lists.example", &sent);
    let kept = house.kept();
    let ours = "Authentication-Results: lists.example;\r\n\tspf=pass smtp.mailfrom=anne.example;\r\n\t\
                dkim=pass header.d=anne.example;\r\n\tdmarc=none (p=none) header.from=anne.example\r\n\
                Received: from mail.anne.example ([192.0.2.7])";
    assert!(kept.starts_with(ours), "{kept}");
    assert!(kept.ends_with(&format!("{others}{signed}")), "{kept}");
    assert_eq!(house.last().state, PostState::Published);
    // The same again is the same, whatever we wrote on top of it.
    assert!(house.hand_in("a@anne.example", "quartier@lists.example", &sent).starts_with("250"));
    assert_eq!(house.desk.store.posts(parvis::domain::ids::PostId(0), 10).unwrap().len(), 1);
}
