//! A month of a list of five hundred, with every mailbox that can fail, on the real flow: nobody is
//! paused who should not be, and everybody who should.

use std::collections::HashMap;
use std::time::Duration;

use parvis::domain::member::MemberState;
use parvis::domain::proof::Proof;
use parvis::domain::retry::RetrySchedule;
use parvis::domain::time::Timestamp;
use parvis::smtp::client::{Outcome, Stage};

use super::town::{Got, Peers, Town};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// What the month begins with, in the town's clock.
const BEGIN: &str = "2026-11-23T10:00:00+01:00";
const DAYS: u64 = 30;

/// A mailbox, by how it fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    /// It does not.
    Good,
    /// Its server knows no such mailbox, and says so in the dialogue.
    Gone,
    /// The same, by a report afterwards.
    GoneLater,
    /// It is full, and stays so.
    Full,
    /// It is full for three days.
    FullForThreeDays,
    /// Its server wants to be asked again for a day, the first time.
    Grey,
    /// Its domain does not exist.
    DeadDomain,
    /// Its server never answers.
    Silent,
    /// Its owner moved away, and a report says where to.
    Moved,
    /// Its owner is on holiday, and a machine says so each time.
    Holiday,
    /// A filter there does not like what we send.
    Filter,
    /// A report without a part for machines, and without the message.
    BareReport,
    /// It forwards to a mailbox that is not there; the report names that one.
    Forwarder,
    /// A large provider is out of order for two days.
    Outage,
    /// The same, and says meanwhile that it knows nobody.
    WrongOutage,
    /// Every third mail is refused.
    NowAndThen,
    /// Reports say that it will take longer, each time.
    Warns,
    /// Its owner tells the provider that our mail is unwanted.
    Complains,
    /// Planted on purpose: two weeks of « nobody here », of which the table below knows nothing.
    Planted,
}

const FAILING: [Kind; 17] = [
    Kind::Gone,
    Kind::GoneLater,
    Kind::Full,
    Kind::FullForThreeDays,
    Kind::Grey,
    Kind::DeadDomain,
    Kind::Silent,
    Kind::Moved,
    Kind::Holiday,
    Kind::Filter,
    Kind::BareReport,
    Kind::Forwarder,
    Kind::Outage,
    Kind::WrongOutage,
    Kind::NowAndThen,
    Kind::Warns,
    Kind::Complains,
];

/// What is to become of a membership within the month.
fn wanted(kind: Kind) -> MemberState {
    match kind {
        Kind::Gone
        | Kind::GoneLater
        | Kind::Full
        | Kind::DeadDomain
        | Kind::Silent
        | Kind::Moved
        | Kind::BareReport
        | Kind::Forwarder => MemberState::Bouncing,
        Kind::Complains => MemberState::Paused,
        Kind::Good
        | Kind::FullForThreeDays
        | Kind::Grey
        | Kind::Holiday
        | Kind::Filter
        | Kind::Outage
        | Kind::WrongOutage
        | Kind::NowAndThen
        | Kind::Warns
        | Kind::Planted => MemberState::Active,
    }
}

fn address(kind: Kind, number: usize) -> String {
    format!("member{number}@{}.example", format!("{kind:?}").to_lowercase())
}

fn begin() -> Timestamp {
    Timestamp::parse_rfc3339(BEGIN).expect("valid")
}

fn refused(reply: &str) -> Option<Outcome> {
    Some(Outcome::Refused { code: 550, enhanced: None, reply: reply.to_owned(), stage: Stage::Rcpt })
}

fn put_off(reply: &str, stage: Stage) -> Option<Outcome> {
    let code = (stage >= Stage::Mail).then_some(450);
    Some(Outcome::PutOff { code, enhanced: None, reply: reply.to_owned(), stage })
}

/// What their servers say.
fn peers() -> Peers {
    let mut seen: HashMap<String, (Timestamp, u32)> = HashMap::new();
    Box::new(move |address, now| {
        let domain =
            address.split('@').nth(1).and_then(|domain| domain.split('.').next()).unwrap_or_default();
        let day = now.since(begin()).as_secs() / DAY;
        let (first, times) = seen.entry(address.to_owned()).or_insert((now, 0));
        *times += 1;
        match domain {
            "gone" => refused("550 5.1.1 <them>: Recipient address rejected: User unknown"),
            "full" => refused("552 5.2.2 mailbox full"),
            "fullforthreedays" if (4..7).contains(&day) => refused("452 4.2.2 over quota, try later"),
            "grey" if now < *first + Duration::from_secs(DAY) => {
                put_off("450 4.7.1 greylisted, please try again", Stage::Rcpt)
            }
            "deaddomain" => Some(Outcome::Refused {
                code: 550,
                enhanced: None,
                reply: "550 5.1.2 deaddomain.example: no such domain".to_owned(),
                stage: Stage::Connect,
            }),
            "silent" => put_off("no connection to mx.silent.example: timed out", Stage::Connect),
            "filter" => refused("554 5.7.1 Message rejected as spam by content filtering"),
            "outage" if (8..10).contains(&day) => put_off("421 4.3.2 service not available", Stage::Greeting),
            "wrongoutage" if (8..11).contains(&day) => refused("550 5.1.1 user unknown"),
            "nowandthen" if times.is_multiple_of(3) => refused("550 5.1.1 user unknown"),
            "planted" if day < 14 => refused("550 5.1.1 user unknown"),
            _ => None,
        }
    })
}

/// What comes back of a mail that was taken.
fn comes_back(kind: Kind, address: &str, got: &Got) -> Option<String> {
    let head = |kind: &str| {
        format!(
            "From: MAILER-DAEMON@mx.example\nTo: <{}>\nSubject: Undelivered Mail Returned to Sender\n\
             MIME-Version: 1.0\nContent-Type: {kind}\n\n",
            got.sender
        )
    };
    let report = |names: &str, action: &str, status: &str, said: &str| {
        format!(
            "{}--b\n\nThis is the mail system. It could not be delivered.\n\n--b\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
             Final-Recipient: rfc822; {names}\nAction: {action}\nStatus: {status}\n\
             Diagnostic-Code: smtp; {said}\n\n--b--\n",
            head("multipart/report; report-type=delivery-status; boundary=b")
        )
    };
    match kind {
        Kind::GoneLater => Some(report(address, "failed", "5.1.1", "550 5.1.1 no such user")),
        Kind::Moved => {
            Some(report(address, "failed", "5.1.6", "551 5.1.6 user has moved, try new@far.example"))
        }
        Kind::Forwarder => {
            Some(report("somebody@elsewhere.example", "failed", "5.1.1", "550 5.1.1 user unknown"))
        }
        Kind::Warns => {
            Some(report(address, "delayed", "4.4.1", "connection timed out, will retry for 5 days"))
        }
        Kind::BareReport => Some(format!(
            "{}Hi. This is the mail program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\
             Sorry, no mailbox here by that name. (#5.1.1)\n",
            head("text/plain")
        )),
        Kind::Holiday => Some(format!(
            "From: <{address}>\nTo: <{}>\nSubject: Absence : je suis en vacances\n\
             Auto-Submitted: auto-replied\n\nJe reviens le 15.\n",
            got.sender
        )),
        Kind::Complains => Some(format!(
            "From: <abuse@provider.example>\nTo: <{}>\nSubject: complaint\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA complaint.\n\n\
             --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n\n\
             --b\nContent-Type: message/rfc822\n\nSubject: {}\n\n--b--\n",
            got.sender, got.subject
        )),
        Kind::Good
        | Kind::Gone
        | Kind::Full
        | Kind::FullForThreeDays
        | Kind::Grey
        | Kind::DeadDomain
        | Kind::Silent
        | Kind::Filter
        | Kind::Outage
        | Kind::WrongOutage
        | Kind::NowAndThen
        | Kind::Planted => None,
    }
}

/// Lives through the month, and says what is not as it should be.
fn month(kinds: &[(Kind, usize)], post_every: u64) -> Vec<String> {
    let waits = [300, 900, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR].map(Duration::from_secs).to_vec();
    let retry = RetrySchedule { waits, give_up_after: Duration::from_secs(5 * DAY) };
    let mut town = Town::among(super::town::HOST, retry, peers());
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    town.found("quartier@lists.example", &[pair("moderation", "none")]);
    let animator = vec![pair("role", "animator"), pair("reading", "none"), pair("name", "Claire_Martin")];
    town.add("quartier", "claire@courrier.example", animator);
    let mut everybody = Vec::new();
    for (kind, count) in kinds {
        everybody.extend((0..*count).map(|number| (*kind, address(*kind, number))));
    }
    for (n, (_, address)) in everybody.iter().enumerate() {
        // Some read each day’s posts together.
        let daily = n % 5 == 4;
        town.add("quartier", address, vec![pair("reading", if daily { "daily" } else { "each" })]);
    }
    let mut answered: HashMap<String, usize> = HashMap::new();
    for day in 0..DAYS {
        if day % post_every == 0 {
            let raw = format!(
                "From: <claire@courrier.example>\nTo: <quartier@lists.example>\n\
                 Message-ID: <day-{day}@courrier.example>\nSubject: Jour {day}\n\nBonjour, jour {day}.\n"
            );
            let (from, to) = ("claire@courrier.example", "quartier@lists.example");
            assert_eq!(town.send(from, false, to, &raw, Proof::Proven), 250);
        }
        for _ in 0..4 {
            town.later(Duration::from_secs(6 * HOUR));
            parvis::flow::digests::issue_due(&town.desk).expect("issued");
            town.later(Duration::ZERO);
            answer(&mut town, &everybody, &mut answered);
        }
    }
    let mut faults = Vec::new();
    for (kind, address) in &everybody {
        let state = town.member("quartier", address).map(|member| member.state);
        if state != Some(wanted(*kind)) {
            faults.push(format!("{address} is {state:?}, and should be {:?}", wanted(*kind)));
        }
    }
    faults
}

/// Their servers answer what came since the last time.
fn answer(town: &mut Town, everybody: &[(Kind, String)], answered: &mut HashMap<String, usize>) {
    for (kind, address) in everybody {
        let all = town.all(address);
        let done = answered.entry(address.clone()).or_default();
        let new: Vec<Got> = all.into_iter().skip(*done).collect();
        *done += new.len();
        for got in new.iter().filter(|got| !got.sender.is_empty()) {
            if let Some(raw) = comes_back(*kind, address, got) {
                let (from, null) =
                    if *kind == Kind::Holiday { (address.as_str(), false) } else { ("", true) };
                assert_eq!(town.send(from, null, &got.sender, &raw, Proof::NoMeans), 250);
            }
        }
    }
}

#[test]
fn a_month_of_five_hundred_pauses_whom_it_should_and_nobody_else() {
    let mut kinds: Vec<(Kind, usize)> = FAILING.iter().map(|kind| (*kind, 5)).collect();
    kinds.push((Kind::Good, 500 - 5 * FAILING.len()));
    let faults = month(&kinds, 2);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The test above can fail: somebody of whom it says « never », and who is paused all the same, is found.
#[test]
fn a_mistake_planted_on_purpose_is_found() {
    let faults = month(&[(Kind::Planted, 5), (Kind::Good, 5)], 1);
    assert_eq!(faults.len(), 5, "{faults:#?}");
}
