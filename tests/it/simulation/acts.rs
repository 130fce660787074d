//! What people do in the days of a simulation, and doing it.

use parvis::domain::address::EmailAddress;
use parvis::domain::command::Decision;
use parvis::domain::list::{Language, List, ListState, Preset};
use parvis::domain::member::Joined;
use parvis::domain::token::Purpose;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act as Doing, Telling, Wish, add_member, remove_member, set_member};
use parvis::flow::moderate::moderate;
use parvis::flow::obey_command::leave_by_token;
use parvis::mail::parse::content_key;
use parvis::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use parvis::store::change::{Change, Shelf};
use parvis::store::event::{Decider, Event, Via};
use parvis::store::segments::MailPlace;

use super::driver::{End, Simulation, StateLeft};
use super::model::{Fate, OwnPosts, Place, Post, Wants};
use super::road::Planted;
use super::time::{DAY, HOUR, MINUTE};

pub(super) const LISTS: [&str; 2] = ["quartier", "atelier"];
const DOMAIN: &str = "lists.example";
const PEOPLE: u64 = 9;
const POSTS: u64 = 7;

#[derive(Clone, Debug)]
pub(super) enum Act {
    /// The post of that number comes, so many times at once.
    Post {
        number: u64,
        at_once: usize,
    },
    /// It comes, and the server is killed before it answers.
    PostUnheard {
        number: u64,
        left: StateLeft,
    },
    Decide,
    Member(Move, Place),
    Wants(Place, Wants),
    OwnPosts(Place, OwnPosts),
    ListState(&'static str, ListState),
    Moderate,
    SetClock(i64),
    RememberState,
    Restart(End),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Joins,
    LeavesByClick,
    LeavesByMail,
    IsTakenOut,
}

pub(super) fn person(number: u64) -> String {
    format!("p{number}@members.example")
}

fn place(list: &'static str, number: u64) -> Place {
    (list, person(number))
}

impl Simulation {
    /// Two lists, one of which is moderated, and people.
    pub(super) fn found(&mut self) -> Result<(), String> {
        for name in LISTS {
            let new = NewList {
                address: format!("{name}@{DOMAIN}"),
                name: None,
                language: Language::Fr,
                preset: Preset::Discussion,
            };
            let list = lists::create(&self.open().desk, &new).map_err(|e| e.to_string())?;
            if name == "atelier" {
                let settings = [("moderation".to_owned(), "all".to_owned())];
                lists::set(&self.open().desk, &list, &settings).map_err(|e| e.to_string())?;
            }
            for number in 0..PEOPLE {
                if name == "quartier" && number < 7 || number % 2 == 0 {
                    self.perform(Act::Member(Move::Joins, place(name, number)))?;
                }
            }
        }
        Ok(())
    }

    /// Fills the days.
    pub(super) fn plan(&mut self, days: i64) {
        let mut order = 0;
        let mut at = |acts: &mut std::collections::BTreeMap<_, _>, moment: i64, act: Act| {
            order += 1;
            acts.insert((moment, order), act);
        };
        let span = u64::try_from(days * DAY).expect("forward");
        let moment = |chance: &mut super::chance::Chance| i64::try_from(chance.below(span)).expect("days");
        let (chance, acts) = (&mut self.chance, &mut self.acts);
        for number in 0..POSTS {
            let first = moment(chance);
            let at_once = if chance.one_in(4) { 3 } else { 1 };
            let unheard = chance.one_in(8);
            let left = chance.pick(&[StateLeft::AsItWas, StateLeft::Older, StateLeft::Nothing]);
            let act = if unheard { Act::PostUnheard { number, left } } else { Act::Post { number, at_once } };
            at(acts, first, act);
            at(acts, first + 1_000, Act::Decide);
            if unheard || chance.one_in(3) {
                let wait = i64::try_from(chance.below(30)).expect("small");
                at(acts, first + MINUTE + wait * HOUR, Act::Post { number, at_once: 1 });
                at(acts, first + MINUTE + wait * HOUR + 2, Act::Decide);
            }
        }
        for _ in 0..14 {
            let who = place(chance.pick(&LISTS), chance.below(PEOPLE));
            let act = match chance.below(8) {
                0 | 1 => Act::Member(Move::Joins, who),
                2 => Act::Member(Move::LeavesByClick, who),
                3 => Act::Member(Move::LeavesByMail, who),
                4 => Act::Member(Move::IsTakenOut, who),
                5 => Act::Wants(who, Wants::Nothing),
                6 => Act::Wants(who, Wants::Mail),
                _ => Act::OwnPosts(who, chance.pick(&[OwnPosts::Wanted, OwnPosts::Unwanted])),
            };
            at(acts, moment(chance), act);
        }
        for _ in 0..days * 2 {
            at(acts, moment(chance), Act::Moderate);
        }
        at(acts, days * DAY + 1, Act::Decide);
        at(acts, days * DAY + 2, Act::Moderate);
        if chance.one_in(3) {
            let (list, from) = (chance.pick(&LISTS), moment(chance));
            at(acts, from, Act::ListState(list, ListState::Closed));
            at(acts, from + 6 * HOUR, Act::ListState(list, ListState::Open));
        }
        for _ in 0..chance.below(3) {
            let hours = chance.pick(&[-26, -1, 1, 5, 26]);
            at(acts, moment(chance), Act::SetClock(hours * HOUR));
        }
        let ends = [
            End::Asked,
            End::Killed(StateLeft::AsItWas),
            End::Killed(StateLeft::AsItWas),
            End::Killed(StateLeft::Older),
            End::Killed(StateLeft::Nothing),
        ];
        for _ in 0..chance.below(5) {
            let when = moment(chance);
            at(acts, when.saturating_sub(2 * HOUR).max(0), Act::RememberState);
            at(acts, when, Act::Restart(chance.pick(&ends)));
        }
        for number in 0..PEOPLE {
            if chance.one_in(6) {
                let from = moment(chance);
                let lasting = chance.pick(&[6 * HOUR, DAY, 30 * DAY]);
                self.peers.is_away(&person(number), from, from + lasting);
            }
        }
    }

    pub(super) fn perform(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Post { number, at_once } => self.send(number, at_once)?,
            Act::PostUnheard { number, left } => {
                let (id, envelope) = self.post(number, 0);
                let room = self.open().room.clone();
                self.runtime.block_on(async {
                    let taking = tokio::spawn(async move { room.take(envelope, Via::Smtp).await });
                    tokio::task::yield_now().await;
                    taking.abort();
                    let _ = taking.await;
                });
                if let Some(post) = self.model().posts.get_mut(&id) {
                    post.unheard += 1;
                }
                self.end(End::Killed(left));
                self.start();
            }
            Act::Decide => self.decide()?,
            Act::Restart(end) => {
                self.end(end);
                self.start();
            }
            Act::Moderate => self.moderate_all()?,
            Act::SetClock(millis) => self.time.set_clock_by(millis),
            Act::RememberState => self.remember_state(),
            Act::ListState(name, state) => {
                let list = self.list(name);
                lists::set_state(&self.open().desk, &list, state).map_err(|e| e.to_string())?;
            }
            Act::Member(step, place) => self.come_or_go(step, place)?,
            Act::Wants(place, wants) => {
                let word = if wants == Wants::Mail { "active" } else { "paused" };
                self.set(&place, "state", word)?;
                self.model().wants(&place, wants);
            }
            Act::OwnPosts(place, own) => {
                self.set(&place, "own_posts", if own == OwnPosts::Wanted { "yes" } else { "no" })?;
                if let Some(member) = self.model().members.get_mut(&place) {
                    member.1 = own;
                }
            }
        }
        Ok(())
    }

    fn come_or_go(&mut self, step: Move, place: Place) -> Result<(), String> {
        let now = self.time.clock();
        let doing = Doing { now, by: None, telling: Telling::Letter };
        match step {
            Move::Joins => {
                let wish = Wish {
                    email: EmailAddress::parse(&place.1).expect("an address"),
                    name: None,
                    language: None,
                    since: None,
                    settings: Vec::new(),
                    joined: Joined::Declared,
                };
                let list = self.list(place.0);
                match (add_member(self.store(), &list, &wish, doing).map_err(|e| e.to_string())?, list.state)
                {
                    (Ok(_), _) => self.model().joins(place),
                    // Nobody joins a closed list.
                    (Err(_), ListState::Closed) => {}
                    (Err(not_done), ListState::Open | ListState::Removed) => return Err(not_done.to_string()),
                }
            }
            Move::LeavesByClick => {
                if let Some(token) = self.leave_token(&place) {
                    leave_by_token(self.store(), &token, now).map_err(|e| e.to_string())?;
                    self.model().leaves(&place);
                }
            }
            Move::LeavesByMail => {
                if let Some(token) = self.leave_token(&place) {
                    let to = format!("{}-stop+{token}@{DOMAIN}", place.0);
                    let envelope = envelope("somebody@else.example", &to, b"Subject: stop\r\n\r\n".to_vec());
                    let room = self.open().room.clone();
                    let reply = self.runtime.block_on(room.take(envelope, Via::Smtp));
                    if reply[0].code() != 250 {
                        return Err(format!("leaving by mail was answered {:?}", reply[0]));
                    }
                    self.model().leaves(&place);
                }
            }
            Move::IsTakenOut => {
                let email = EmailAddress::parse(&place.1).expect("an address");
                // Who is no member cannot be removed; that is an answer, not a failure.
                let _ = remove_member(self.store(), &self.list(place.0), &email, doing)
                    .map_err(|e| e.to_string())?;
                self.model().leaves(&place);
            }
        }
        Ok(())
    }

    fn set(&self, place: &Place, key: &str, value: &str) -> Result<(), String> {
        let email = EmailAddress::parse(&place.1).expect("an address");
        let doing = Doing { now: self.time.clock(), by: None, telling: Telling::Nobody };
        let pairs = [(key.to_owned(), value.to_owned())];
        // Who is no member has no settings.
        let _ = set_member(self.store(), &self.list(place.0), &email, &pairs, doing)
            .map_err(|e| e.to_string())?;
        Ok(())
    }

    fn moderate_all(&mut self) -> Result<(), String> {
        for held in self.store().held().map_err(|e| e.to_string())? {
            let decision = match self.chance.below(6) {
                0 => Decision::Refuse("Pas ici, merci.".to_owned()),
                1 => Decision::Discard,
                _ => Decision::Accept,
            };
            moderate(&self.open().desk, held.id, Decider::Operator, decision).map_err(|e| e.to_string())?;
        }
        self.learn_decisions();
        Ok(())
    }

    /// A post and the mail it is, made the same each time.
    fn post(&mut self, number: u64, hops: usize) -> (String, Envelope) {
        let (list, author) = (LISTS[usize::from(number % 3 == 2)], person(number % 5));
        let id = format!("post-{number}@authors.example");
        let raw = format!(
            "From: <{author}>\r\nTo: <{list}@{DOMAIN}>\r\nSubject: Nouvelle {number}\r\n\
             Date: Sun, 22 Nov 2026 12:00:00 +0100\r\nMessage-ID: <{id}>\r\n\r\nVoici la nouvelle {number}.\r\n"
        );
        let trace = "Received: from there by here; Sun, 22 Nov 2026 12:00:00 +0100\r\n".repeat(hops);
        let raw = (trace + &raw).into_bytes();
        let fresh =
            Post { list, author: author.clone(), accepted: 0, unheard: 0, ended: 0, fate: Fate::Open };
        self.model().posts.entry(id.clone()).or_insert(fresh);
        (id, envelope(&author, &format!("{list}@{DOMAIN}"), raw))
    }

    fn send(&mut self, number: u64, at_once: usize) -> Result<(), String> {
        for hops in 0..at_once {
            // Each came another way.
            let (id, envelope) = self.post(number, hops);
            let had = self.model().posts.get(&id).is_some_and(|post| post.accepted > 0);
            if self.planted == Planted::TakenTwice && had {
                self.take_without_asking(&id, &envelope)?;
            }
        }
        let (id, _) = self.post(number, 0);
        let envelopes: Vec<Envelope> = (0..at_once).map(|hops| self.post(number, hops).1).collect();
        let room = self.open().room.clone();
        let replies = self.runtime.block_on(async move {
            let taking: Vec<_> = envelopes
                .into_iter()
                .map(|envelope| {
                    let room = room.clone();
                    tokio::spawn(async move { room.take(envelope, Via::Smtp).await })
                })
                .collect();
            let mut replies = Vec::new();
            for task in taking {
                replies.extend(task.await.expect("no panic"));
            }
            replies
        });
        for reply in replies {
            match reply.code() {
                250 => {
                    if let Some(post) = self.model().posts.get_mut(&id) {
                        post.accepted += 1;
                    }
                }
                550 => {}
                code => return Err(format!("<{id}> was answered {code}")),
            }
        }
        if self.chance.one_in(2) { self.decide() } else { Ok(()) }
    }

    /// What a door does that does not look whether it has a post.
    fn take_without_asking(&self, id: &str, envelope: &Envelope) -> Result<(), String> {
        let list = self.model().posts[id].list;
        let (list, post) = (self.list(list).id, self.store().next_post());
        let event = Event::Received {
            post,
            list: Some(list),
            mail: MailPlace { file: String::new(), offset: 0, len: 0 },
            content: content_key(&envelope.raw).iter().map(|byte| format!("{byte:02x}")).collect(),
            author: None,
            proof: parvis::domain::proof::Proof::NoMeans,
            via: Via::Smtp,
            door: None,
            disclosed: false,
        };
        let now = self.time.clock();
        let change = Change::at(now).mail(post, Shelf::List(list), &envelope.raw, "", now).event(event);
        self.store().commit(change).map_err(|error| error.to_string())
    }

    pub(super) fn list(&self, name: &str) -> List {
        let lists = self.store().reader().lists_named(name).expect("readable");
        lists.into_iter().next().expect("it was founded")
    }

    fn leave_token(&self, place: &Place) -> Option<String> {
        let email = EmailAddress::parse(&place.1).expect("an address");
        let person = self.store().person_at(&email).expect("readable")?.id;
        let list = self.list(place.0).id;
        Some(self.store().tokens().token(Purpose::Leave { list, person }).to_string())
    }
}

fn envelope(from: &str, to: &str, raw: Vec<u8>) -> Envelope {
    let address = |text: &str| EmailAddress::parse(text).expect("an address");
    Envelope {
        protocol: Protocol::Esmtp,
        peer: Peer::Local,
        helo: "members.example".to_owned(),
        sender: ReversePath::from(address(from)),
        recipients: vec![address(to)],
        raw,
        eight_bit: false,
    }
}
