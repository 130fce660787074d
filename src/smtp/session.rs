//! The server side of one SMTP or LMTP conversation, without I/O: bytes in, replies and events out.
//!
//! RFC 5321, RFC 2033 (LMTP), RFC 2920 (pipelining), RFC 1870 (SIZE), RFC 3207 (STARTTLS). The caller owns the socket and
//! the deadlines, and answers the questions the conversation raises. Knows nothing of lists.
//!
//! What was agreed about a message (its envelope) is forgotten by every final answer to DATA, by
//! RSET, by a new greeting and by every way a conversation ends, and nowhere else.

mod obey;

use super::command::Body;
use super::content::{Content, Progress};
use super::envelope::{Envelope, Peer, Protocol, ReversePath};
use super::reply::{self, Reply};
use crate::domain::address::EmailAddress;

/// Octets of a command line with its CRLF (RFC 5321 §4.5.3.1.4 asks for 512 and what extensions add).
pub const COMMAND_LINE_BYTES_MAX: usize = 2048;

/// Recipients of one message (RFC 5321 §4.5.3.1.8 asks for 100).
pub const RECIPIENTS_MAX: usize = 100;

/// Which of the two protocols a listener speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
}

/// How far TLS has come on this connection (RFC 3207).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tls {
    /// Not offered.
    Unavailable,
    /// STARTTLS is offered and was not asked for yet.
    Offered,
    /// Everything said now is inside it; not offered again (§4.2).
    Active,
}

/// What a conversation needs to know beforehand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionSettings {
    /// Our name in the greeting; where `<postmaster>` lives.
    pub hostname: String,
    /// What is spoken.
    pub door: Door,
    /// Octets of a message.
    pub message_bytes_max: usize,
    /// Is there TLS to start?
    pub tls: Tls,
}

/// One conversation.
#[derive(Debug)]
pub struct Session {
    settings: SessionSettings,
    peer: Peer,
    output: Vec<u8>,
    state: State,
    /// A command line of which the end has not come yet.
    line: Vec<u8>,
    hello: Option<Hello>,
    transaction: Option<Transaction>,
    since_message: Counts,
    penalties: u32,
    /// Lines and messages that were read to their end.
    completed: u64,
}

/// What the conversation needs before it can go on.
#[derive(PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// All input is used up.
    NeedInput,
    /// May a message begin? Answer with [`Session::answer`].
    Ready,
    /// May this address be written to? Answer with [`Session::answer`].
    Recipient {
        /// Who writes.
        sender: &'a ReversePath,
        /// To whom.
        recipient: &'a EmailAddress,
    },
    /// A whole message. Answer with [`Session::answer_message`].
    Message(Envelope),
    /// Write the output, begin TLS, and say so with [`Session::tls_started`]. Until then whatever
    /// the peer says is outside TLS, and ends the conversation.
    StartTls,
    /// Write the output and hang up.
    Close,
}

/// What the peer is in the middle of: deadlines differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expects {
    /// The next command; nothing of it has come.
    Command,
    /// The rest of a command line.
    RestOfCommand,
    /// The rest of a message.
    Content,
    /// Nothing more.
    Nothing,
}

#[derive(Debug)]
enum State {
    Command,
    /// Reading a line that is too long to its end: octets so far, and the last of them.
    LongLine {
        bytes: usize,
        last: u8,
    },
    AskedReady,
    AskedRecipient(EmailAddress),
    Content(Content),
    /// For which entries of `Envelope::recipients` an answer is due, in the order of the RCPTs.
    AskedMessage(Vec<usize>),
    /// STARTTLS was answered: the next byte belongs to TLS.
    AskedTls,
    Closed,
}

/// What follows once the session has looked at its input; `Event` without its borrows.
enum Step {
    GoOn,
    NeedInput,
    Ready,
    Recipient,
    Message(Envelope),
    StartTls,
}

#[derive(Debug)]
struct Hello {
    protocol: Protocol,
    name: String,
}

#[derive(Debug)]
struct Transaction {
    sender: ReversePath,
    body: Body,
    announced_bytes: usize,
    /// Each address once.
    recipients: Vec<EmailAddress>,
    /// For each RCPT that was taken, its place in `recipients`.
    accepted: Vec<usize>,
    refused: usize,
}

/// What a peer has used up since its last accepted message.
#[derive(Default, Debug)]
struct Counts {
    errors: u32,
    idle_commands: u32,
    refused_recipients: u32,
}

impl Session {
    /// A conversation that begins with our greeting, which is already in the output.
    pub fn new(settings: SessionSettings, peer: Peer) -> Session {
        let protocol = match settings.door {
            Door::Smtp => "ESMTP",
            Door::Lmtp => "LMTP",
        };
        let mut output = Vec::new();
        reply::write_plain(&mut output, 220, &[&format!("{} {protocol} Parvis", settings.hostname)]);
        Session {
            settings,
            peer,
            output,
            state: State::Command,
            line: Vec::new(),
            hello: None,
            transaction: None,
            since_message: Counts::default(),
            penalties: 0,
            completed: 0,
        }
    }

    /// Takes from the front of `input` and says what is needed next.
    ///
    /// A question that was not answered counts as answered with "not now".
    pub fn advance(&mut self, input: &mut &[u8]) -> Event<'_> {
        self.answer_forgotten_question();
        let step = loop {
            let step = match &mut self.state {
                State::Closed => return Event::Close,
                State::Content(content) => match content.feed(input) {
                    Progress::More => Step::NeedInput,
                    Progress::Ended => self.end_content(),
                    Progress::TooMuch => self.leave(&reply::ENDLESS_MESSAGE),
                },
                State::LongLine { .. } => self.skip_long_line(input),
                State::AskedTls if input.is_empty() => Step::StartTls,
                State::AskedTls => self.leave(&reply::TALKED_BEFORE_TLS),
                State::Command | State::AskedReady | State::AskedRecipient(_) | State::AskedMessage(_) => {
                    self.take_line(input)
                }
            };
            if !matches!(step, Step::GoOn) {
                break step;
            }
        };
        match (step, &self.state, &self.transaction) {
            (Step::Message(envelope), _, _) => Event::Message(envelope),
            (Step::Recipient, State::AskedRecipient(recipient), Some(transaction)) => {
                Event::Recipient { sender: &transaction.sender, recipient }
            }
            (Step::Ready, _, _) => Event::Ready,
            (Step::StartTls, _, _) => Event::StartTls,
            (Step::NeedInput | Step::GoOn | Step::Recipient, _, _) => Event::NeedInput,
        }
    }

    /// The mailroom's word on [`Event::Ready`] or [`Event::Recipient`].
    pub fn answer(&mut self, verdict: Result<(), Reply>) {
        match (std::mem::replace(&mut self.state, State::Command), verdict) {
            (State::AskedReady, Ok(())) => self.say(&reply::SENDER_OK),
            (State::AskedReady, Err(refusal)) => {
                self.transaction = None;
                self.say(&refusal);
            }
            (State::AskedRecipient(recipient), Ok(())) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.accept(recipient);
                }
                self.say(&reply::RECIPIENT_OK);
            }
            (State::AskedRecipient(_), Err(refusal)) => self.refuse_recipient(&refusal),
            // Nothing was asked, so nothing is said.
            (
                state @ (State::Command
                | State::LongLine { .. }
                | State::Content(_)
                | State::AskedMessage(_)
                | State::AskedTls
                | State::Closed),
                _,
            ) => self.state = state,
        }
    }

    /// The mailroom's word on [`Event::Message`]: one reply, or with LMTP one for each of
    /// `Envelope::recipients`, in their order. A missing one counts as "not now".
    pub fn answer_message(&mut self, replies: Vec<Reply>) {
        let State::AskedMessage(accepted) = &mut self.state else { return };
        let accepted = std::mem::take(accepted);
        self.state = State::Command;
        let reply_to = |index: usize| replies.get(index).cloned().unwrap_or(reply::LOCAL_TROUBLE);
        let said: Vec<Reply> = match self.settings.door {
            Door::Smtp => vec![reply_to(0)],
            Door::Lmtp => accepted.into_iter().map(reply_to).collect(),
        };
        if said.iter().any(Reply::is_success) {
            self.since_message = Counts::default();
        }
        for reply in &said {
            reply.write(&mut self.output);
        }
        if said.iter().any(Reply::closes) {
            self.state = State::Closed;
        }
    }

    /// TLS is on: the conversation begins again, with nothing of what was said before it
    /// (RFC 3207 §4.2). What the peer has wasted still counts.
    pub fn tls_started(&mut self) {
        self.hello = None;
        self.transaction = None;
        self.line.clear();
        self.output.clear();
        self.settings.tls = Tls::Active;
        self.state = State::Command;
    }

    /// Ends the conversation for a reason of the caller's: a deadline, a stop.
    pub(super) fn close_with(&mut self, reply: &Reply) {
        if !matches!(self.state, State::Closed) {
            self.leave(reply);
        }
    }

    /// Ends a conversation before anything was said in it.
    pub(super) fn refuse_to_begin(&mut self, reply: &Reply) {
        self.output.clear();
        self.leave(reply);
    }

    /// What has to be written, in order; the caller empties it.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// What the peer is in the middle of.
    pub fn expects(&self) -> Expects {
        match &self.state {
            State::Command
            | State::AskedReady
            | State::AskedRecipient(_)
            | State::AskedMessage(_)
            | State::AskedTls => {
                if self.line.is_empty() {
                    Expects::Command
                } else {
                    Expects::RestOfCommand
                }
            }
            State::LongLine { .. } => Expects::RestOfCommand,
            State::Content(_) => Expects::Content,
            State::Closed => Expects::Nothing,
        }
    }

    /// Errors since this was last asked that deserve a pause before they are answered.
    pub fn take_penalties(&mut self) -> u32 {
        std::mem::take(&mut self.penalties)
    }

    /// Grows with each line and each message that was read to its end.
    pub(super) fn completed(&self) -> u64 {
        self.completed
    }

    fn answer_forgotten_question(&mut self) {
        match self.state {
            State::AskedReady | State::AskedRecipient(_) => self.answer(Err(reply::LOCAL_TROUBLE)),
            State::AskedMessage(_) => self.answer_message(Vec::new()),
            State::Command | State::LongLine { .. } | State::Content(_) | State::AskedTls | State::Closed => {
            }
        }
    }
}

impl Transaction {
    fn accept(&mut self, recipient: EmailAddress) {
        let place = self.recipients.iter().position(|known| *known == recipient).unwrap_or_else(|| {
            self.recipients.push(recipient);
            self.recipients.len() - 1
        });
        self.accepted.push(place);
    }
}
