//! Twenty thousand random conversations against the rules of RFC 5321 §4.1.4 in thirty lines.
//!
//! What a session takes must be what the reference takes, whatever was said before: no refused
//! message, no RSET and no second greeting may leave anything of an envelope behind.

use parvis::smtp::envelope::Peer;
use parvis::smtp::reply::Reply;
use parvis::smtp::session::{Door, Event, Session, SessionSettings, Tls};

use crate::dialogues::{HOSTNAME, ScriptedMailroom, next_below};

const SEQUENCES: usize = 20_000;

/// Fewer than the errors and idle commands a session bears.
const STEPS_MAX: usize = 18;

/// What is said, and whether it is followed by a message where it is taken.
const VERBS: [&str; 14] = [
    "EHLO x.example",
    "HELO x.example",
    "LHLO x.example",
    "MAIL FROM:<anne@home.example>",
    "MAIL FROM:<>",
    "MAIL FROM:<anne@home.example> SIZE=99999",
    "RCPT TO:<list@lists.example.org>",
    "RCPT TO:<rejected@lists.example.org>",
    "RCPT TO:<unknown@lists.example.org>",
    "DATA",
    "DATA with a message that is too large",
    "RSET",
    "NOOP",
    "NONSENSE",
];

/// The whole of what a server has to remember.
#[derive(Default)]
struct Reference {
    greeted: bool,
    sender: Option<&'static str>,
    recipients: Vec<&'static str>,
    refused: bool,
}

impl Reference {
    /// The codes that answer a verb, in order.
    fn codes(&mut self, verb: &'static str) -> Vec<u16> {
        let has_sender = self.sender.is_some();
        let (what, argument) = verb.split_once(' ').unwrap_or((verb, ""));
        match what {
            "EHLO" | "HELO" => {
                *self = Reference { greeted: true, ..Reference::default() };
                vec![250]
            }
            "MAIL" if !self.greeted || has_sender => vec![503],
            "MAIL" if argument.ends_with("SIZE=99999") => vec![552],
            "MAIL" => {
                self.sender = Some(&argument[5..]);
                vec![250]
            }
            "RCPT" if !has_sender => vec![503],
            "RCPT"
                if argument.contains("unknown")
                    || (argument.contains("list@") && self.sender == Some("<>")) =>
            {
                self.refused = true;
                vec![550]
            }
            "RCPT" => {
                if !self.recipients.contains(&argument) {
                    self.recipients.push(argument);
                }
                vec![250]
            }
            "DATA" if !self.recipients.is_empty() => {
                let taken = std::mem::replace(self, Reference { greeted: true, ..Reference::default() });
                let answer = if !argument.is_empty() {
                    552
                } else if taken.recipients[0].contains("rejected") {
                    550
                } else {
                    250
                };
                vec![354, answer]
            }
            "DATA" => vec![if self.refused { 554 } else { 503 }],
            "RSET" => {
                *self = Reference { greeted: self.greeted, ..Reference::default() };
                vec![250]
            }
            "NOOP" => vec![250],
            _ => vec![500],
        }
    }
}

/// One verb at the real session; the codes it answers with, and the recipients of what it took.
fn say(session: &mut Session, verb: &str) -> (Vec<u16>, Option<Vec<String>>) {
    let mailroom = ScriptedMailroom::new();
    let (what, argument) = verb.split_once(' ').unwrap_or((verb, ""));
    let line = if what == "DATA" { what } else { verb };
    let message =
        if argument.is_empty() { "x\r\n.\r\n".to_owned() } else { format!("{}\r\n.\r\n", "x".repeat(120)) };
    let mut taken = None;
    let mut bytes = format!("{line}\r\n").into_bytes();
    loop {
        let mut input = bytes.as_slice();
        loop {
            match session.advance(&mut input) {
                Event::StartTls => panic!("not offered here"),
                Event::NeedInput | Event::Close => break,
                Event::Ready => session.answer(mailroom.ready()),
                Event::Recipient { sender, recipient } => {
                    let verdict = mailroom.recipient(sender, recipient.domain(), recipient.local_part());
                    session.answer(verdict);
                }
                Event::Message(envelope) => {
                    let replies: Vec<Reply> = mailroom.receive(&envelope);
                    taken = Some(envelope.recipients.iter().map(|r| format!("TO:<{r}>")).collect());
                    session.answer_message(replies);
                }
            }
        }
        if session.output().ends_with(b"354 go on, and end with a line that is a dot\r\n") {
            bytes.clear();
            bytes.extend_from_slice(message.as_bytes());
        } else {
            break;
        }
    }
    let output = String::from_utf8(std::mem::take(session.output())).expect("ASCII");
    let is_last_line = |line: &&str| line.as_bytes()[3] == b' ';
    let codes = output.lines().filter(is_last_line).map(|line| line[..3].parse().expect("a code")).collect();
    (codes, taken)
}

#[test]
fn any_order_of_commands_is_answered_as_the_rules_say() {
    let mut seed = 20_261_123;
    let mut messages = 0;
    for sequence in 0..SEQUENCES {
        let settings = SessionSettings {
            hostname: HOSTNAME.to_owned(),
            door: Door::Smtp,
            message_bytes_max: 100,
            tls: Tls::Unavailable,
        };
        let mut session = Session::new(settings, Peer::Local);
        session.output().clear();
        let mut reference = Reference::default();
        let mut said = Vec::new();
        for step in 0..STEPS_MAX {
            // Half of the conversations begin politely and half of the verbs are those of a
            // message, or few would come as far as DATA.
            let verb = match (step, sequence % 2, next_below(&mut seed, 2)) {
                (0, 0, _) => VERBS[0],
                (_, _, 0) => ["MAIL FROM:<anne@home.example>", VERBS[6], "DATA"][next_below(&mut seed, 3)],
                _ => VERBS[next_below(&mut seed, VERBS.len())],
            };
            said.push(verb);
            let recipients = reference.recipients.clone();
            let expected = reference.codes(verb);
            let (codes, taken) = say(&mut session, verb);
            assert_eq!(codes, expected, "sequence {sequence}: {said:?}");
            let handed_over = matches!(expected[..], [354, 250 | 550]);
            assert_eq!(taken.is_some(), handed_over, "sequence {sequence}: {said:?}");
            if let Some(taken) = taken {
                assert_eq!(taken, recipients, "sequence {sequence}: {said:?}");
                messages += 1;
            }
        }
    }
    assert!(messages > SEQUENCES / 10, "only {messages} messages were taken");
}
