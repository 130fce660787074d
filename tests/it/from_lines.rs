//! Whose name copies go out under, from what was found out at the door to the copy itself, and in
//! the words of `trace`.

use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use parvis::admin::request::Request;
use parvis::admin::{Given, perform};
use parvis::config::Config;
use parvis::domain::address::EmailAddress;
use parvis::domain::from_line::FromLine;
use parvis::domain::ids::PostId;
use parvis::domain::list::{Edits, Footer, Language, List, Moderation, Posting, Preset, ReplyTo};
use parvis::domain::member::Joined;
use parvis::domain::proof::Proof;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::flow::send::copies::{CopyMaker, send_copy};
use parvis::flow::{Desk, decide};
use parvis::mail::headers::Headers;
use parvis::mail::parse::content_key;
use parvis::serve::{open_desk, system_clock};
use parvis::smtp::client::{Copy, Outbox, Outcome};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Event, ListCause, Via};
use parvis::store::segments::MailPlace;
use tokio::runtime::Runtime;

const LIST: &str = "quartier@lists.example";

struct Scene {
    _folder: tempfile::TempDir,
    desk: Arc<Desk>,
    list: List,
}

/// Takes every copy.
#[derive(Default)]
struct Taken(Mutex<Vec<Copy>>);

impl Outbox for Taken {
    async fn carry(&self, copy: Copy) -> Outcome {
        self.0.lock().unwrap().push(copy);
        Outcome::Taken { reply: "250 taken".to_owned() }
    }
}

impl Scene {
    fn new(change: impl Fn(&mut List)) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "hostname = \"lists.example\"\ndata_dir = {:?}\n[delivery]\nrewrite_from_always = [\"big.example\"]\n",
            folder.path().join("data").display().to_string()
        );
        let path = folder.path().join("parvis.toml");
        let config = Config::from_text(Some(&text), &path, Vec::new(), &|file| file.exists()).unwrap();
        let desk = open_desk(&config, system_clock()).unwrap();
        let new = NewList {
            address: LIST.to_owned(),
            name: Some("Quartier".to_owned()),
            language: Language::Fr,
            preset: Preset::Discussion,
        };
        let mut list = lists::create(&desk, &new).unwrap();
        list.settings.moderation = Moderation::None;
        change(&mut list);
        let event = Event::List { list: Box::new(list.clone()), cause: ListCause::Settings, by: None };
        desk.store.commit(Change::at(desk.now()).event(event)).unwrap();
        let wish = Wish {
            email: EmailAddress::parse("bob@members.example").unwrap(),
            name: None,
            language: None,
            since: None,
            settings: Vec::new(),
            joined: Joined::Declared,
        };
        let act = Act { now: desk.now(), by: None, telling: Telling::Nobody };
        add_member(&desk.store, &list, &wish, act).unwrap().unwrap();
        Scene { _folder: folder, desk: Arc::new(desk), list }
    }

    /// A post as the door keeps it, decided.
    fn post(&self, raw: &str, proof: Proof) -> PostId {
        let store = &self.desk.store;
        let (post, raw) = (store.next_post(), raw.as_bytes());
        let event = Event::Received {
            post,
            list: Some(self.list.id),
            mail: MailPlace { file: String::new(), offset: 0, len: 0 },
            content: HEXLOWER.encode(&content_key(raw)),
            author: None,
            proof,
            via: Via::Smtp,
            door: None,
            disclosed: false,
        };
        let now = self.desk.now();
        let change = Change::at(now).mail(post, Shelf::List(self.list.id), raw, "s@author.example", now);
        store.commit(change.event(event)).unwrap();
        assert_eq!(decide::decide_waiting(&self.desk).unwrap(), 1);
        post
    }

    fn decided(&self, post: PostId) -> Option<FromLine> {
        self.desk.store.post(post).unwrap().unwrap().from_line
    }

    /// The header of the copy that goes out.
    fn copy(&self, post: PostId) -> String {
        let (taken, maker) = (Taken::default(), CopyMaker::default());
        let reader = self.desk.store.owed(post).unwrap().iter().next().unwrap();
        let runtime = Runtime::new().unwrap();
        runtime.block_on(send_copy(&self.desk, &taken, &maker, post, reader, 0.0)).unwrap();
        let copy = taken.0.into_inner().unwrap().pop().unwrap();
        String::from_utf8(copy.head.as_bytes().to_vec()).unwrap()
    }

    fn trace(&self, id: &str) -> String {
        let request = Request::Trace { message_id: id.to_owned() };
        perform(&self.desk, request, &mut Given(std::iter::empty())).unwrap().to_string()
    }
}

/// A post of the author, with what we found at the door and the domain's signature.
fn post(domain: &str, found: &str) -> String {
    let results = match found {
        "" => String::new(),
        found => format!("Authentication-Results: lists.example;\r\n\t{found}\r\n"),
    };
    format!(
        "{results}Received: from a by lists.example\r\n\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=x;\r\n h=From:To:Subject:Date; bh=a; b=b\r\n\
         From: Anne Martin <anne@{domain}>\r\nTo: <{LIST}>\r\nSubject: Samedi\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0100\r\nMessage-ID: <1@{domain}>\r\n\r\nBonjour.\r\n"
    )
}

fn edited(_: &mut List) {}

fn without_footer(list: &mut List) {
    list.settings.footer = Footer::None;
    list.settings.reply_to = ReplyTo::Author;
}

fn untouched(list: &mut List) {
    list.settings.edits = Edits::None;
    list.settings.subject_prefix = "[quartier]".to_owned();
}

#[test]
fn from_is_the_lists_where_it_must_be_and_nowhere_else() {
    const SIGNED: &str = "spf=pass smtp.mailfrom=DOMAIN;\r\n\tdkim=pass header.d=DOMAIN;\r\n\t";
    const SPF_ONLY: &str = "spf=pass smtp.mailfrom=DOMAIN;\r\n\tdkim=fail header.d=DOMAIN;\r\n\t";
    const OTHERS: &str = "dkim=pass header.d=other.example;\r\n\t";
    let (author, big, own) = ("author.example", "big.example", "lists.example");
    type Change = fn(&mut List);
    for (domain, found, dmarc, change, proof, expected) in [
        (author, "", "", edited as Change, Proof::NoMeans, FromLine::NotAsked),
        (author, SIGNED, "pass (p=none)", edited, Proof::Proven, FromLine::NoPolicy),
        (author, SIGNED, "none (p=none)", edited, Proof::Proven, FromLine::NoPolicy),
        (author, SIGNED, "pass (p=quarantine)", edited, Proof::Proven, FromLine::Quarantine),
        (author, SIGNED, "pass (p=reject)", edited, Proof::Proven, FromLine::Reject),
        (author, SIGNED, "pass (p=reject)", without_footer, Proof::Proven, FromLine::SignatureHolds),
        (author, SIGNED, "pass (p=reject)", untouched, Proof::Proven, FromLine::SignatureHolds),
        (author, SPF_ONLY, "pass (p=reject)", untouched, Proof::Proven, FromLine::Reject),
        (author, OTHERS, "pass (p=reject)", untouched, Proof::Proven, FromLine::Reject),
        (author, "", "temperror (p=none)", edited, Proof::NoMeans, FromLine::NotAsked),
        (author, SIGNED, "temperror (p=none)", edited, Proof::Proven, FromLine::Unknown),
        (big, "", "", edited, Proof::NoMeans, FromLine::NeverBelieved),
        (big, SIGNED, "pass (p=none)", edited, Proof::Proven, FromLine::NeverBelieved),
        (big, SIGNED, "pass (p=none)", untouched, Proof::Proven, FromLine::SignatureHolds),
        (own, SIGNED, "pass (p=reject)", edited, Proof::Proven, FromLine::OwnDomain),
    ] {
        let scene = Scene::new(|list| {
            list.settings.posting = Posting::Anyone;
            change(list);
        });
        let results =
            if dmarc.is_empty() { String::new() } else { format!("{found}dmarc={dmarc} header.from=DOMAIN") };
        let raw = post(domain, &results.replace("DOMAIN", domain));
        let number = scene.post(&raw, proof);
        assert_eq!(scene.decided(number), Some(expected), "{domain} {results}");
        let head = scene.copy(number);
        let (headers, _) = Headers::scan_leniently(head.as_bytes());
        let from = headers.get("from").unwrap().into_owned();
        let told = scene.trace(&format!("<1@{domain}>"));
        assert!(told.contains(&expected.to_string()), "{told}");
        if expected.is_rewritten() {
            assert_eq!(from, format!("Anne Martin via Quartier <{LIST}>"));
            assert_eq!(headers.get("author").unwrap(), format!("Anne Martin <anne@{domain}>"));
            assert!(headers.has("x-original-dkim-signature") && !headers.has("dkim-signature"), "{head}");
        } else {
            assert_eq!(from, format!("Anne Martin <anne@{domain}>"));
            assert!(headers.has("dkim-signature") && !headers.has("author"), "{head}");
        }
        // Whoever reads the archive sees who wrote it.
        let shown = scene.desk.store.reader().post(number).unwrap().unwrap();
        assert_eq!(shown.author_name, "Anne Martin");
        assert_eq!(shown.author_address.unwrap().domain(), domain);
    }
}

#[test]
fn what_was_decided_when_it_was_published_stays_when_settings_change() {
    let scene = Scene::new(|list| list.settings.posting = Posting::Anyone);
    let raw = post("author.example", "dmarc=pass (p=reject) header.from=author.example");
    let number = scene.post(&raw, Proof::Proven);
    let mut later = scene.list.clone();
    later.settings.edits = Edits::None;
    let event = Event::List { list: Box::new(later), cause: ListCause::Settings, by: None };
    scene.desk.store.commit(Change::at(scene.desk.now()).event(event)).unwrap();
    assert!(scene.copy(number).contains("From: Anne Martin via Quartier"));
}
