//! A message that ends the server each time it is opened is put aside, and the operator is told.

use std::sync::Arc;
use std::time::Duration;

use parvis::domain::address::EmailAddress;
use parvis::domain::proof::Proof;
use parvis::flow::decide::{Suspects, decide_left_behind};
use parvis::store::archive::PostState;
use parvis::store::change::Change;
use parvis::store::event::{DropReason, Event};

use super::town::Town;

const ANNE: &str = "anne@members.example";
const OPERATOR: &str = "operator@lists.example";

fn post(id: &str) -> String {
    format!(
        "From: <{ANNE}>\nTo: <quartier@lists.example>\nSubject: {id}\nMessage-ID: <{id}@mail.example>\n\nBonjour\n"
    )
}

#[test]
fn a_message_that_ended_the_server_three_times_ends_it_no_more() {
    let mut town = Town::new();
    let operator = EmailAddress::parse(OPERATOR).expect("valid");
    Arc::get_mut(&mut town.desk).expect("nobody else has it").operator = Some(operator);
    town.found("quartier@lists.example", &[("moderation".to_owned(), "none".to_owned())]);
    town.add("quartier", ANNE, vec![]);
    assert_eq!(town.take(ANNE, false, "quartier@lists.example", &post("deadly"), Proof::Proven), 250);
    let deadly = town.desk.store.undecided().expect("readable")[0].0;
    // Three servers began to read it, and were never heard of again.
    for attempts in 1..=3 {
        let began = Event::Attempted { post: deadly, attempts };
        town.desk.store.commit(Change::at(town.desk.now()).event(began)).expect("noted");
    }
    assert_eq!(town.take(ANNE, false, "quartier@lists.example", &post("harmless"), Proof::Proven), 250);
    decide_left_behind(&town.desk).expect("decided");
    assert_eq!(town.published(), 1, "the one behind it does not wait");
    Suspects::default().decide(&town.desk).expect("decided");

    let info = town.desk.store.post(deadly).expect("readable").expect("there");
    assert_eq!((info.state, info.drop_reason), (PostState::Dropped, Some(DropReason::Poison)));
    assert!(town.desk.store.raw(deadly).expect("readable").is_some(), "it is kept");
    town.later(Duration::ZERO);
    let told = town.next(OPERATOR).expect("the operator is told");
    assert!(told.subject.contains("mis de côté"), "{}", told.subject);
    assert!(told.text.contains(&format!("id={deadly}.")), "{}", told.text);
    assert!(town.next(OPERATOR).is_none(), "once");
    assert_eq!(town.all(ANNE).len(), 1, "her harmless post, and nothing about the other");
}
