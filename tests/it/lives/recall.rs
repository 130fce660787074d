//! A post that is called back while copies are still owed; and decisions made at the same moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parvis::domain::command::Decision;
use parvis::domain::ids::PostId;
use parvis::domain::proof::Proof;
use parvis::domain::retry::RetrySchedule;
use parvis::flow::moderate::moderate;
use parvis::smtp::client::{Outcome, Stage};
use parvis::store::archive::PostState;
use parvis::store::event::{Decider, Event};

use super::town::{HOST, Town};

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn mail(town: &mut Town, from: &str, to: &str, subject: &str, more: &str, text: &str) {
    let id = format!("{}@mail.example", subject.split_whitespace().collect::<String>());
    let raw = format!(
        "From: <{from}>\nTo: <{to}>\nSubject: {subject}\nMessage-ID: <{id}>\n{more}MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
    );
    assert_eq!(town.send(from, false, to, &raw, Proof::Proven), 250);
}

#[test]
fn what_is_still_owed_of_a_post_that_is_called_back_is_not_sent() {
    let closed = Arc::new(AtomicBool::new(true));
    let still = closed.clone();
    let peers = move |address: &str, _| {
        let slow = address.starts_with("slow") && still.load(Ordering::Relaxed);
        let reply = "451 4.3.0 come back later".to_owned();
        slow.then_some(Outcome::PutOff { code: Some(451), enhanced: None, reply, stage: Stage::Rcpt })
    };
    let retry = RetrySchedule {
        waits: vec![Duration::from_secs(900)],
        give_up_after: Duration::from_secs(5 * 86_400),
    };
    let mut town = Town::among(HOST, retry, Box::new(peers));
    town.found("quartier@lists.example", &[pair("moderation", "none")]);
    let animator = vec![pair("role", "animator"), pair("name", "Claire_Martin")];
    town.add("quartier", "claire@fast.example", animator);
    for n in 0..6 {
        town.add("quartier", &format!("slow{n}@slow.example"), vec![]);
    }
    town.add("quartier", "weekly@fast.example", vec![pair("reading", "weekly")]);
    town.add("quartier", "paul@fast.example", vec![pair("name", "Paul_Petit")]);

    mail(&mut town, "paul@fast.example", "quartier@lists.example", "Ma vie", "", "Trop de choses.");
    assert_eq!(town.all("claire@fast.example").len(), 1);
    let more = "In-Reply-To: <Mavie@mail.example>\n";
    mail(&mut town, "claire@fast.example", "quartier@lists.example", "Re: Ma vie", more, "retirer");
    let asked = town.all("claire@fast.example").pop().expect("asked");
    assert!(asked.text.contains("oui"), "{}", asked.text);
    mail(&mut town, "claire@fast.example", &asked.reply_to, "Re: cela", "", "oui");
    let told = town.all("claire@fast.example").pop().expect("told");
    assert!(
        told.text.contains("déjà parti chez deux") || told.text.contains("chez 2 personnes sur 9"),
        "{}",
        told.text
    );

    closed.store(false, Ordering::Relaxed);
    for _ in 0..12 {
        town.later(Duration::from_secs(86_400));
        parvis::flow::digests::issue_due(&town.desk).expect("issued");
        town.later(Duration::ZERO);
    }
    for n in 0..6 {
        assert!(
            town.all(&format!("slow{n}@slow.example")).is_empty(),
            "a copy left after it was called back"
        );
    }
    let weekly = town.all("weekly@fast.example");
    assert!(weekly.iter().all(|got| !got.text.contains("Trop de choses")), "{weekly:?}");
    let stub = town.desk.store.reader().post(PostId(1)).expect("readable").expect("there");
    assert!(stub.withdrawn.is_some() && stub.subject.is_empty());
    // Its author was told by whom.
    let told = town.all("paul@fast.example").pop().expect("told");
    assert!(told.text.contains("retiré par Claire Martin"), "{}", told.text);
}

#[test]
fn of_two_decisions_at_the_same_moment_one_counts() {
    let mut town = Town::new();
    town.found("quartier@lists.example", &[pair("moderation", "all")]);
    town.add("quartier", "claire@mail.example", vec![pair("role", "animator"), pair("name", "Claire")]);
    town.add("quartier", "paul@mail.example", vec![pair("reading", "none")]);
    for round in 0..20 {
        let subject = format!("Annonce {round}");
        mail(&mut town, "paul@mail.example", "quartier@lists.example", &subject, "", "Bonjour.");
        let held = town.desk.store.held().expect("readable");
        let post = held.last().expect("it waits").id;
        let asked = town.all("claire@mail.example").pop().expect("asked");
        let desk = town.desk.clone();
        let operator = std::thread::spawn(move || {
            moderate(&desk, post, Decider::Operator, Decision::Refuse("hors sujet".to_owned()))
                .expect("asked")
        });
        mail(&mut town, "claire@mail.example", &asked.reply_to, &format!("Re: {round}"), "", "ok");
        operator.join().expect("ended");
        let info = town.desk.store.post(post).expect("readable").expect("there");
        assert!(matches!(info.state, PostState::Published | PostState::Refused));
        let mut decisions = 0;
        town.desk
            .store
            .history(|line| {
                let about = |known: PostId| usize::from(known == post);
                decisions += match &line.event {
                    Event::Published { post, .. } | Event::Refused { post, .. } => about(*post),
                    _ => 0,
                };
            })
            .expect("readable");
        assert_eq!(decisions, 1, "round {round}");
    }
}
