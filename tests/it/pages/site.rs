//! A site of invented communities to ask for pages: a store in a temporary folder, the web's
//! router, and no socket.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use parvis::domain::address::EmailAddress;
use parvis::domain::ids::ListId;
use parvis::domain::list::{Language, List, ListAddress, ListSettings, ListState, Preset};
use parvis::domain::member::{Joined, Person};
use parvis::domain::network::Network;
use parvis::domain::retry::RetrySchedule;
use parvis::domain::time::{Timestamp, Zone};
use parvis::domain::token::Purpose;
use parvis::flow::Desk;
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::letters::Letters;
use parvis::mail::parse;
use parvis::search::Search;
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Event, ListCause};
use parvis::store::segments::MailPlace;
use parvis::store::{Store, StoreOptions};
use parvis::understand::PhraseBook;
use parvis::web::{self, Doors, LeaveDoor, Leaving, WebOptions, WebState};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// What a stranger wrote to look for holes.
pub(crate) const VECTOR: &str = "\"'><img src=x onerror=alert(1)>";
/// A token that leaves the group.
pub(crate) const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234567";

pub(crate) struct Site {
    pub(crate) store: Arc<Store>,
    pub(crate) search: Search,
    pub(crate) desk: Arc<Desk>,
    clock: Arc<Mutex<Timestamp>>,
    pub(crate) left: Arc<Mutex<Vec<String>>>,
    router: axum::Router,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Page {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first field of that name; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-12-06T12:00:00+01:00").expect("valid")
}

impl Site {
    /// Without any list.
    pub(crate) fn empty() -> Site {
        Site::at("https://lists.example.org", None)
    }

    pub(crate) fn at(base_url: &str, templates: Option<&Path>) -> Site {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let zone = Zone::parse("Europe/Paris").expect("bundled");
        let options = StoreOptions { data: folder.path().to_owned(), zone: zone.clone(), reserve_bytes: 0 };
        let store = Arc::new(Store::open(options, now()).expect("an empty folder opens"));
        let left = Arc::new(Mutex::new(Vec::new()));
        let options = WebOptions {
            base_url: base_url.to_owned(),
            zone,
            language: Language::Fr,
            templates: templates.map(Path::to_owned),
            trusted: Network::parse("127.0.0.1").into_iter().collect(),
            searches_per_minute_max: 60,
        };
        let tokens = store.tokens().clone();
        let opens = move |key: &str| match tokens.read(key) {
            Some(Purpose::Attachments { post }) => Some(post),
            Some(
                Purpose::Bounce { .. }
                | Purpose::Probe { .. }
                | Purpose::Answer { .. }
                | Purpose::Digest { .. }
                | Purpose::Private { .. }
                | Purpose::Paper { .. }
                | Purpose::Leave { .. }
                | Purpose::LeaveIssue { .. }
                | Purpose::Question { .. }
                | Purpose::Pass { .. }
                | Purpose::Form { .. },
            )
            | None => None,
        };
        let clock = Arc::new(Mutex::new(now()));
        let search = Search::new(store.reader().clone(), options.zone.clone());
        let desk = Arc::new(desk(store.clone(), search.clone(), &options, clock.clone()));
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let members = {
            let _within = runtime.enter();
            parvis::serve::members_door(&desk)
        };
        let state = WebState::new(
            store.reader().clone(),
            search.clone(),
            Doors { leave: door(left.clone()), members, opens: Arc::new(opens), papers: Arc::new(|_| None) },
            &options,
            desk.clock.clone(),
            {
                let changes = store.changes();
                Arc::new(move || *changes.borrow())
            },
        );
        let router = web::router(state.expect("the templates read"));
        Site { store, search, desk, clock, left, router, runtime, _folder: folder }
    }

    /// The communities most tests look at.
    pub(crate) fn sample() -> Site {
        let site = Site::empty();
        let quartier = site.list(
            "quartier@lists.example.org",
            "Le quartier des Lilas",
            &[
                ("archive", "public"),
                ("promise", "Les nouvelles du quartier, entre voisines et voisins : jamais de publicité."),
                ("description", "Coups de main, objets à prêter, fêtes, fuites d’eau et chats perdus."),
            ],
        );
        for name in
            ["01-question", "02-reponse", "03-photo", "04-a-part", "05-deux-fois", "06-deux-fois", "07-html"]
        {
            site.post(quartier, &mail(name));
        }
        site.list(
            "conseil@lists.example.org",
            "Le conseil",
            &[("listed", "yes"), ("promise", "Les affaires du conseil.")],
        );
        site.list("cercle@lists.example.org", "Le cercle secret", &[("listed", "no")]);
        site.list("hello@a.example", "Hello from A", &[("archive", "public"), ("language", "en")]);
        site.list("hello@b.example", "Hello from B", &[("archive", "public"), ("language", "en")]);
        let secret = site.store.reader().lists_named("cercle").expect("readable")[0].id;
        site.post(secret, &mail("05-deux-fois"));
        site
    }

    pub(crate) fn list(&self, address: &str, name: &str, settings: &[(&str, &str)]) -> ListId {
        let id = self.store.next_list();
        let mut chosen = ListSettings::preset(Preset::Discussion, name, Language::Fr);
        for (key, value) in settings {
            chosen.set(key, value).expect("a setting");
        }
        let address = ListAddress::parse(address).expect("an address");
        let list =
            List { id, address, state: ListState::Open, since: now(), settings: chosen, opening: None };
        self.put_list(list, ListCause::Made);
        id
    }

    pub(crate) fn put_list(&self, list: List, cause: ListCause) {
        let change = Change::at(now()).event(Event::List { list: Box::new(list), cause, by: None });
        self.store.commit(change).expect("durable");
    }

    /// A post in the archive, sent to nobody.
    pub(crate) fn post(&self, list: ListId, raw: &[u8]) {
        self.posts(list, &[raw.to_vec()]);
    }

    pub(crate) fn posts(&self, list: ListId, mails: &[Vec<u8>]) {
        let mut change = Change::at(now());
        for raw in mails {
            let post = self.store.next_post();
            let summary = parse::summarize(raw);
            let dated = summary.date.unwrap_or(now());
            let content = data_encoding::HEXLOWER.encode(&parse::content_key(raw));
            let mail = MailPlace { file: String::new(), offset: 0, len: 0 };
            change = change
                .mail(post, Shelf::List(list), raw, "", dated)
                .summary(post, summary)
                .event(Event::Imported { post, list, mail, content, dated });
        }
        self.store.commit(change).expect("durable");
    }

    /// Lets time pass.
    pub(crate) fn later(&self, span: std::time::Duration) {
        let mut now = self.clock.lock().expect("nobody panics");
        *now = *now + span;
    }

    /// Somebody who is a member of that list from now on.
    pub(crate) fn member(&self, list: ListId, email: &str, name: &str) -> Person {
        let list = self.store.reader().list(list).expect("readable").expect("there");
        let email = EmailAddress::parse(email).expect("an address");
        let wish = Wish {
            email: email.clone(),
            name: Some(name.to_owned()),
            language: None,
            since: None,
            settings: Vec::new(),
            joined: Joined::Declared,
        };
        let act = Act { now: now(), by: None, telling: Telling::Nobody };
        add_member(&self.store, &list, &wish, act).expect("committed").expect("added");
        self.store.person_at(&email).expect("readable").expect("known")
    }

    /// The cookie of somebody who asked for a link by mail and pressed its button.
    pub(crate) fn signed_in(&self, person: &Person) -> String {
        let address = person.addresses.first().expect("one");
        parvis::flow::sign_in::ask(&self.desk, address, Language::Fr).expect("asked");
        let asked = self.store.questions_to(person.id).expect("readable");
        let question = asked.last().expect("a link").question.number;
        let link = self.store.tokens().token(Purpose::Question { question, person: person.id });
        let page = self.post_form(&format!("/in/{link}"), "", "enter=yes");
        let cookie = page.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        assert!(cookie.starts_with("__Host-parvis="), "{} {cookie}", page.status);
        cookie
    }

    /// A form as a browser sends it from a page of this site.
    pub(crate) fn post_form(&self, path: &str, cookie: &str, body: &str) -> Page {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("cookie", cookie),
        ];
        self.ask(Method::POST, path, &headers, body)
    }

    /// What somebody who is signed in gets.
    pub(crate) fn get_as(&self, cookie: &str, path: &str) -> Page {
        self.ask(Method::GET, path, &[("cookie", cookie)], "")
    }

    pub(crate) fn get(&self, path: &str) -> Page {
        self.ask(Method::GET, path, &[], "")
    }

    pub(crate) fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let router = self.router.clone();
        self.runtime.block_on(async {
            let response = router.oneshot(request).await.expect("an answer");
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a whole body").to_vec();
            Page { status: parts.status, headers: parts.headers, body }
        })
    }
}

fn desk(store: Arc<Store>, search: Search, options: &WebOptions, clock: Arc<Mutex<Timestamp>>) -> Desk {
    Desk {
        pages: Default::default(),
        store,
        search,
        letters: Letters::new(None).0,
        digests: parvis::digest::DigestTemplates::new(None).0,
        phrases: PhraseBook::new(None).0,
        hostname: "lists.example.org".to_owned(),
        base_url: options.base_url.clone(),
        language: options.language,
        zone: options.zone.clone(),
        operator: None,
        signer: None,
        rewrite_from_always: Vec::new(),
        retry: RetrySchedule { waits: Vec::new(), give_up_after: std::time::Duration::from_secs(60) },
        clock: Arc::new(move || *clock.lock().expect("nobody panics")),
        bell: Arc::default(),
        letter_waits: Default::default(),
        taking: Default::default(),
    }
}

fn door(left: Arc<Mutex<Vec<String>>>) -> LeaveDoor {
    LeaveDoor {
        look: Arc::new(|token| Ok((token == TOKEN).then(|| "Le quartier des Lilas".to_owned()))),
        leave: Arc::new(move |token, _| {
            let mut left = left.lock().expect("nobody panics");
            let group = "Le quartier des Lilas".to_owned();
            let before = left.iter().any(|known| known == token);
            if token != TOKEN {
                return Ok(Leaving::Unknown);
            }
            left.push(token.to_owned());
            Ok(if before { Leaving::Before(group) } else { Leaving::Now(group) })
        }),
    }
}

/// A mail of `tests/pages/mails`, with the line ends of the wire.
pub(crate) fn mail(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/pages/mails/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("a mail");
    text.replace('\n', "\r\n").into_bytes()
}

/// What the pages of a text lead to, within the site, without anchors.
pub(crate) fn links(page: &str) -> Vec<String> {
    let mut found: Vec<String> = ["href=\"", "src=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .map(|link| link.replace("&amp;", "&").replace("&#x3D;", "=").replace("&#x27;", "'"))
        .map(|link| link.split('#').next().unwrap_or_default().to_owned())
        .filter(|link| !link.is_empty())
        .collect();
    found.sort();
    found.dedup();
    found
}
