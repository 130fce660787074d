//! A server without sockets, and the mailboxes of everybody it writes to.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use parvis::domain::address::EmailAddress;
use parvis::domain::ids::PostId;
use parvis::domain::list::{Language, List, Preset};
use parvis::domain::member::{Joined, Membership};
use parvis::domain::proof::Proof;
use parvis::domain::retry::RetrySchedule;
use parvis::domain::time::{Timestamp, Zone};
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{self, Act, Telling, Wish, add_member};
use parvis::flow::opening;
use parvis::flow::receive::PostRoom;
use parvis::flow::send::copies::CopyMaker;
use parvis::flow::send::dispatch::{Dispatch, Sorted};
use parvis::flow::{Desk, decide, send::deliver};
use parvis::letters::Letters;
use parvis::smtp::client::{Copy, Outbox, Outcome};
use parvis::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use parvis::store::event::Via;
use parvis::store::{Store, StoreOptions};
use tokio::runtime::Runtime;

/// A mail somebody got.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) raw: Vec<u8>,
    /// Where it comes back, should it.
    pub(super) sender: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) reply_to: String,
    pub(super) message_id: String,
}

/// What other servers say to a copy for that address at that moment; nothing: they take it.
pub(super) type Peers = Box<dyn FnMut(&str, Timestamp) -> Option<Outcome> + Send>;

/// Everybody's mailbox.
#[derive(Clone)]
pub(super) struct Boxes {
    got: Arc<Mutex<HashMap<String, Vec<Got>>>>,
    peers: Arc<Mutex<Peers>>,
    now: Arc<Mutex<Timestamp>>,
}

impl Outbox for Boxes {
    async fn carry(&self, copy: Copy) -> Outcome {
        let recipient = copy.recipient.to_string().to_lowercase();
        let now = *self.now.lock().expect("whole");
        if let Some(said) = (self.peers.lock().expect("whole"))(&recipient, now) {
            return said;
        }
        let raw = unstuff(&[copy.head.as_bytes(), copy.body.as_bytes()].concat());
        let parsed = MessageParser::default().parse(&raw).expect("what we send is a mail");
        let address = |list: Option<&mail_parser::Address<'_>>| {
            list.and_then(|a| a.first()).and_then(|a| a.address()).unwrap_or_default().to_owned()
        };
        let reply_to = Some(address(parsed.reply_to())).filter(|a| !a.is_empty());
        let got = Got {
            raw: raw.clone(),
            sender: copy.sender.as_ref().map(ToString::to_string).unwrap_or_default(),
            subject: parsed.subject().unwrap_or_default().to_owned(),
            text: parsed.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
            reply_to: reply_to.unwrap_or_else(|| address(parsed.from())),
            message_id: parsed.message_id().unwrap_or_default().to_owned(),
        };
        self.got.lock().expect("whole").entry(recipient).or_default().push(got);
        Outcome::Taken { reply: "250 2.0.0 thanks".to_owned() }
    }
}

fn unstuff(raw: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(raw).replace("\r\n..", "\r\n.");
    text.trim_end_matches(".\r\n").as_bytes().to_vec()
}

pub(super) struct Town {
    pub(super) desk: Arc<Desk>,
    now: Arc<Mutex<Timestamp>>,
    boxes: Boxes,
    read: HashMap<String, usize>,
    runtime: Runtime,
    folder: tempfile::TempDir,
}

/// Copies in hand at once.
const AT_ONCE: usize = 4;
pub(super) const HOST: &str = "lists.example";

impl Town {
    pub(super) fn new() -> Town {
        Town::at(HOST)
    }

    /// A town of another name.
    pub(super) fn at(host: &str) -> Town {
        let retry = RetrySchedule { waits: Vec::new(), give_up_after: std::time::Duration::from_secs(60) };
        Town::among(host, retry, Box::new(|_, _| None))
    }

    /// A town whose mail is tried again, among servers that do not always take it.
    pub(super) fn among(host: &str, retry: RetrySchedule, peers: Peers) -> Town {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Arc::new(Mutex::new(Timestamp::parse_rfc3339("2026-11-23T10:00:00+01:00").expect("valid")));
        let zone = Zone::parse("Europe/Paris").expect("bundled");
        let options = StoreOptions { data: folder.path().join("data"), zone: zone.clone(), reserve_bytes: 0 };
        let store = Store::open(options, *now.lock().expect("whole")).expect("a new store");
        let clock = now.clone();
        let desk = Desk {
            pages: Default::default(),
            search: parvis::search::Search::new(store.reader().clone(), zone.clone()),
            store: Arc::new(store),
            letters: Letters::new(None).0,
            digests: parvis::digest::DigestTemplates::new(None).0,
            phrases: parvis::understand::PhraseBook::new(None).0,
            hostname: host.to_owned(),
            base_url: format!("https://{host}"),
            language: Language::Fr,
            zone,
            operator: None,
            signer: None,
            rewrite_from_always: Vec::new(),
            retry,
            clock: Arc::new(move || *clock.lock().expect("whole")),
            bell: Arc::default(),
            letter_waits: Default::default(),
            taking: Default::default(),
        };
        Town {
            desk: Arc::new(desk),
            boxes: Boxes { got: Arc::default(), peers: Arc::new(Mutex::new(peers)), now: now.clone() },
            now,
            read: HashMap::new(),
            runtime: Runtime::new().expect("a runtime"),
            folder,
        }
    }

    /// The data folder.
    pub(super) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn later(&mut self, span: std::time::Duration) {
        {
            let mut now = self.now.lock().expect("whole");
            *now = *now + span;
        }
        parvis::flow::keep_house::keep_house(&self.desk).expect("kept");
        self.deliver();
    }

    pub(super) fn found(&self, address: &str, settings: &[(String, String)]) {
        let language = match settings.iter().find(|(key, _)| key == "language") {
            Some((_, value)) if value == "en" => Language::En,
            _ => Language::Fr,
        };
        let new = NewList { address: address.to_owned(), name: None, language, preset: Preset::Discussion };
        let list = lists::create(&self.desk, &new).expect("made");
        lists::set(&self.desk, &list, settings).expect("set");
    }

    pub(super) fn list(&self, text: &str) -> List {
        lists::find(&self.desk, text).expect("there is one")
    }

    pub(super) fn set(&self, list: &str, settings: &[(String, String)]) {
        lists::set(&self.desk, &self.list(list), settings).expect("set");
    }

    pub(super) fn show_past(&mut self, list: &str) {
        opening::show_past(&self.desk, &self.list(list)).expect("announced");
        self.later(std::time::Duration::ZERO);
    }

    /// Makes the draft of the next edition now, as the operator may.
    pub(super) fn draft(&mut self, list: &str) {
        parvis::flow::digests::draft_now(&self.desk, &self.list(list)).expect("drafted");
        self.later(std::time::Duration::ZERO);
    }

    pub(super) fn threads(&self, list: &str) -> u64 {
        self.desk.store.reader().counts(self.list(list).id).expect("readable").threads
    }

    /// Posts of a list that anybody may read, were its archive public.
    pub(super) fn read_by_strangers(&self, list: &str) -> usize {
        let list = self.list(list);
        let archive = self.desk.store.reader().only_from(list.open_from());
        let posts = archive.post_numbers(list.id).expect("readable").into_iter();
        posts
            .filter(|post| archive.post(*post).expect("readable").is_some_and(|post| !post.no_archive))
            .count()
    }

    pub(super) fn add(&self, list: &str, email: &str, mut settings: Vec<(String, String)>) {
        let mut take = |wanted: &str| {
            let at = settings.iter().position(|(key, _)| key == wanted)?;
            Some(settings.remove(at).1)
        };
        let name = take("name").map(|name| name.replace('_', " "));
        let language = take("language");
        let joined = take("joined");
        let wish = Wish {
            email: EmailAddress::parse(email).expect("an address"),
            name,
            language: language.map(|l| if l == "en" { Language::En } else { Language::Fr }),
            since: None,
            settings,
            joined: if joined.as_deref() == Some("imported") { Joined::Imported } else { Joined::Declared },
        };
        let act = Act { now: self.desk.now(), by: None, telling: Telling::Nobody };
        add_member(&self.desk.store, &self.list(list), &wish, act).expect("committed").expect("added");
    }

    pub(super) fn remove(&mut self, list: &str, email: &str) {
        let act = Act { now: self.desk.now(), by: None, telling: Telling::Letter };
        let email = EmailAddress::parse(email).expect("an address");
        membership::remove_member(&self.desk.store, &self.list(list), &email, act)
            .expect("done")
            .expect("taken out");
        self.deliver();
    }

    pub(super) fn member(&self, list: &str, email: &str) -> Option<Membership> {
        let person =
            self.desk.store.person_at(&EmailAddress::parse(email).expect("valid")).expect("readable")?;
        self.desk.store.member(self.list(list).id, person.id).expect("readable")
    }

    pub(super) fn language(&self, email: &str) -> String {
        let person =
            self.desk.store.person_at(&EmailAddress::parse(email).expect("valid")).expect("readable");
        person.and_then(|p| p.language).map(|l| l.to_string()).unwrap_or_default()
    }

    /// Hands a mail to the door, has everything decided, and sends what is owed then. The reply's code.
    pub(super) fn send(&mut self, from: &str, null: bool, to: &str, raw: &str, proof: Proof) -> u16 {
        let code = self.take(from, null, to, raw, proof);
        // Searches find what was published before.
        self.desk.search.catch_up_wholly(|_| ()).expect("an index");
        decide::decide_waiting(&self.desk).expect("decided");
        self.deliver();
        code
    }

    /// Hands a mail to the door, and no more. The reply's code.
    pub(super) fn take(&mut self, from: &str, null: bool, to: &str, raw: &str, proof: Proof) -> u16 {
        self.take_in(&self.room(), from, null, to, raw, proof)
    }

    /// A room that remembers how much came.
    pub(super) fn room(&self) -> PostRoom {
        PostRoom::new(self.desk.clone())
    }

    /// The same in a room.
    pub(super) fn take_in(
        &self,
        room: &PostRoom,
        from: &str,
        null: bool,
        to: &str,
        raw: &str,
        proof: Proof,
    ) -> u16 {
        let envelope = Envelope {
            protocol: Protocol::Esmtp,
            peer: Peer::Address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
            helo: "mail.example".to_owned(),
            sender: if null {
                ReversePath::NULL
            } else {
                ReversePath::from(EmailAddress::parse(from).expect("an address"))
            },
            recipients: vec![EmailAddress::parse(to).expect("an address")],
            raw: raw.replace('\n', "\r\n").into_bytes(),
            eight_bit: true,
        };
        {
            let mut now = self.now.lock().expect("whole");
            *now = *now + std::time::Duration::from_secs(1);
        }
        self.runtime.block_on(room.take_as(envelope, Via::Smtp, Some(proof)))[0].code()
    }

    fn deliver(&self) {
        let (mut dispatch, maker) = (Dispatch::of(&self.desk), CopyMaker::default());
        loop {
            dispatch.refill(&self.desk, self.desk.now()).expect("readable");
            while dispatch.sort(&self.desk, &self.boxes) == Sorted::NotYet {}
            let Some(work) = dispatch.take(self.desk.now(), AT_ONCE) else { return };
            let attempts = dispatch.letter_attempts(&work);
            let ended = self
                .runtime
                .block_on(deliver::carry_out(&self.desk, &self.boxes, &maker, &work, attempts, 0.5))
                .expect("carried");
            dispatch.give_back(&work, ended, self.desk.now());
        }
    }

    /// Whoever got a mail.
    pub(super) fn everybody(&self) -> Vec<String> {
        self.boxes.got.lock().expect("whole").keys().cloned().collect()
    }

    /// Everything somebody got, read or not.
    pub(super) fn all(&self, email: &str) -> Vec<Got> {
        self.boxes.got.lock().expect("whole").get(&email.to_lowercase()).cloned().unwrap_or_default()
    }

    /// The next mail they have not read.
    pub(super) fn next(&mut self, email: &str) -> Option<Got> {
        let read = self.read.entry(email.to_lowercase()).or_default();
        let boxes = self.boxes.got.lock().expect("whole");
        let got = boxes.get(&email.to_lowercase())?.get(*read)?.clone();
        *read += 1;
        Some(got)
    }

    /// Who has mail they have not read, and what.
    pub(super) fn unread(&self) -> Vec<String> {
        let boxes = self.boxes.got.lock().expect("whole");
        let unread = |(email, got): (&String, &Vec<Got>)| {
            let rest = &got[self.read.get(email).copied().unwrap_or(0)..];
            rest.iter().map(|got| format!("{email}: {}", got.subject)).collect::<Vec<_>>()
        };
        boxes.iter().flat_map(unread).collect()
    }

    pub(super) fn published(&self) -> usize {
        let posts = self.desk.store.posts(PostId(0), 10_000).expect("readable");
        posts.iter().filter(|p| p.state == parvis::store::archive::PostState::Published).count()
    }
}
