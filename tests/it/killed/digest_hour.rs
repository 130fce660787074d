//! The real program, killed at any moment of the hour in which digests are frozen and sent.
//!
//! `PARVIS_KILLS=200 cargo test --test it digest_hour` kills as often as that.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::Duration;

use parvis::domain::address::EmailAddress;
use parvis::flow::lists;
use parvis::flow::membership::{Act, Telling, set_member};
use parvis::store::verify;

use super::process::{Home, LIST, member, send_one};
use super::{DRAIN_WAIT, moments, number_from};
use crate::sink::Sink;

const MEMBERS: usize = 8;
const KILLS: usize = 12;
const POSTS_A_ROUND: usize = 3;

/// Everybody reads in digests whose posts can be told apart.
fn read_daily(home: &Home) {
    let desk = home.desk();
    let list = lists::find(&desk, LIST).expect("the list");
    let settings = [("reading", "daily"), ("digest_form", "plain")];
    let settings: Vec<(String, String)> = settings.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
    for number in 0..MEMBERS {
        let email = EmailAddress::parse(&member(number)).expect("an address");
        let act = Act { now: desk.now(), by: None, telling: Telling::Nobody };
        set_member(&desk.store, &list, &email, &settings, act).expect("committed").expect("changed");
    }
}

/// `parvis digest send`, as somebody types it.
fn digest_send(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parvis"));
    command.env_clear().arg("--config").arg(home.path("parvis.toml")).args(["digest", "send", LIST]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The digests each post stands in, by reader: a digest that came again is the same one.
fn digests(sink: &Sink, ids: &[String]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for got in sink.got() {
        let text = String::from_utf8_lossy(&got.raw).into_owned();
        for id in ids.iter().filter(|id| text.contains(&format!("<{id}>"))) {
            found.entry((got.recipient.clone(), id.clone())).or_default().insert(got.message_id.clone());
        }
    }
    found
}

#[test]
fn killed_at_any_moment_of_it_each_reader_has_each_post_in_one_digest() {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    read_daily(&home);
    let mut parvis = home.start();
    let mut ids = Vec::new();
    for (round, moment) in moments().take(number_from("PARVIS_KILLS").unwrap_or(KILLS)).enumerate() {
        for n in 0..POSTS_A_ROUND {
            let id = format!("d{round}-{n}@author.example");
            assert_eq!(send_one(home.smtp, &id, &member(n)), Some(250), "<{id}>");
            ids.push(id);
        }
        let mut asking = digest_send(&home).spawn().expect("it starts");
        std::thread::sleep(moment);
        parvis.kill();
        parvis.wait();
        // Without a server the command may have gone on by itself: it is killed as well.
        let _ = asking.kill();
        asking.wait().expect("a child of ours");
        sink.next_epoch();
        parvis = home.start();
    }
    let mut waited = Duration::ZERO;
    let everything = ids.len() * MEMBERS;
    loop {
        digest_send(&home).status().expect("it starts");
        let found = digests(&sink, &ids);
        if found.len() == everything {
            break;
        }
        assert!(waited < DRAIN_WAIT, "{} of {everything} came", found.len());
        std::thread::sleep(Duration::from_millis(200));
        waited += Duration::from_millis(200);
    }
    for ((reader, id), digests) in digests(&sink, &ids) {
        assert_eq!(digests.len(), 1, "{reader} has <{id}> in {digests:?}");
    }
    let status = parvis.ask_to_end();
    assert!(status.success(), "{status}");
    for finding in verify::verify(&home.desk().store).expect("verified") {
        assert!(finding.faults.is_empty(), "{finding:?}");
    }
}
