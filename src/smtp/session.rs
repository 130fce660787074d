//! The server side of one SMTP or LMTP conversation, without I/O: bytes in, replies and events out.
//!
//! RFC 5321, RFC 2033 (LMTP), RFC 2920 (pipelining), RFC 1870 (SIZE). The caller owns the socket and
//! the deadlines, and answers the questions the conversation raises. Knows nothing of lists.
//!
//! What was agreed about a message (its envelope) is forgotten by every final answer to DATA, by
//! RSET, by a new greeting and by every way a conversation ends, and nowhere else.

use super::command::{self, Body, Command, Refusal};
use super::content::{Content, Fault, Progress};
use super::envelope::{Envelope, Peer, Protocol, ReversePath};
use super::reply::{self, Reply};
use crate::domain::address::EmailAddress;

/// Octets of a command line with its CRLF (RFC 5321 §4.5.3.1.4 asks for 512 and what extensions add).
pub const COMMAND_LINE_BYTES_MAX: usize = 2048;

/// Octets without a line end until we hang up.
const ENDLESS_LINE_BYTES: usize = 64 * 1024;

/// Recipients of one message (RFC 5321 §4.5.3.1.8 asks for 100).
pub const RECIPIENTS_MAX: usize = 100;

/// Errors since the last accepted message after which each further one is answered late.
const ERRORS_BEFORE_PENALTY: u32 = 10;

/// The error, counted since the last accepted message, at which we hang up.
const ERRORS_MAX: u32 = 20;

/// Commands that carry no mail since the last accepted message; one more and we hang up.
const IDLE_COMMANDS_MAX: u32 = 100;

/// Recipients that were not taken since the last accepted message; one more and we hang up.
const REFUSED_RECIPIENTS_MAX: u32 = 100;

/// Which of the two protocols a listener speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
}

/// Whether STARTTLS (RFC 3207) can be answered. The only answer so far is no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tls {
    /// Not offered.
    Unavailable,
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
    Closed,
}

/// What follows once the session has looked at its input; `Event` without its borrows.
enum Step {
    GoOn,
    NeedInput,
    Ready,
    Recipient,
    Message(Envelope),
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
            State::Command | State::AskedReady | State::AskedRecipient(_) | State::AskedMessage(_) => {
                if self.line.is_empty() { Expects::Command } else { Expects::RestOfCommand }
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
            State::Command | State::LongLine { .. } | State::Content(_) | State::Closed => {}
        }
    }

    /// Carries out the next line, if all of it has come.
    fn take_line(&mut self, input: &mut &[u8]) -> Step {
        let (piece, ended) = match memchr::memchr(b'\n', input) {
            Some(end) => (&input[..=end], true),
            None => (*input, false),
        };
        let bytes = self.line.len() + piece.len();
        if bytes > COMMAND_LINE_BYTES_MAX {
            let last = self.line.last().copied().unwrap_or_default();
            self.state = State::LongLine { bytes: self.line.len(), last };
            self.line.clear();
            return Step::GoOn;
        }
        *input = &input[piece.len()..];
        match (ended, self.line.is_empty()) {
            (false, _) => {
                self.line.extend_from_slice(piece);
                Step::NeedInput
            }
            (true, true) => self.obey(piece),
            (true, false) => {
                self.line.extend_from_slice(piece);
                let mut line = std::mem::take(&mut self.line);
                let step = self.obey(&line);
                line.clear();
                self.line = line;
                step
            }
        }
    }

    fn skip_long_line(&mut self, input: &mut &[u8]) -> Step {
        let State::LongLine { bytes, last } = &mut self.state else { return Step::GoOn };
        let allowance = ENDLESS_LINE_BYTES - *bytes;
        let end = memchr::memchr(b'\n', &input[..input.len().min(allowance)]);
        let piece = &input[..end.unwrap_or(input.len().min(allowance))];
        *bytes += piece.len();
        *last = piece.last().copied().unwrap_or(*last);
        let last = *last;
        *input = &input[piece.len() + usize::from(end.is_some())..];
        match end {
            Some(_) if last == b'\r' => {
                self.completed += 1;
                self.state = State::Command;
                self.say_error(&reply::LINE_TOO_LONG)
            }
            Some(_) => self.leave(&reply::BARE_LINE_END),
            None if input.is_empty() => Step::NeedInput,
            None => self.leave(&reply::ENDLESS_LINE),
        }
    }

    fn obey(&mut self, line: &[u8]) -> Step {
        self.completed += 1;
        let command = match command::parse(line, &self.settings.hostname) {
            Ok(command) => command,
            Err(Refusal::Say(reply)) => return self.say_error(&reply),
            Err(Refusal::Leave(reply)) => return self.leave(&reply),
        };
        match command {
            Command::Hello { protocol, name } => self.greet(protocol, name),
            Command::Mail { sender, bytes, body } => self.begin_transaction(sender, bytes, body),
            Command::Rcpt { recipient } => self.ask_recipient(recipient),
            Command::Data => self.begin_content(),
            Command::Rset => {
                self.transaction = None;
                self.say_idle(&reply::RESET_OK)
            }
            Command::Noop => self.say_idle(&reply::NOOP_OK),
            Command::Help => self.say_idle(&reply::HELP),
            Command::Vrfy => self.say_idle(&reply::VERIFY),
            Command::Quit => self.leave(&reply::GOODBYE),
            Command::StartTls => match self.settings.tls {
                Tls::Unavailable => self.say_error(&reply::NOT_OFFERED),
            },
            Command::NotOffered => self.say_error(&reply::NOT_OFFERED),
        }
    }

    /// RFC 5321 §4.1.1.1; RFC 2033 §4.1.
    fn greet(&mut self, protocol: Protocol, name: String) -> Step {
        match (self.settings.door, protocol) {
            (Door::Smtp, Protocol::Smtp | Protocol::Esmtp) | (Door::Lmtp, Protocol::Lmtp) => {}
            (Door::Smtp, Protocol::Lmtp) => return self.say_error(&reply::WRONG_GREETING_SMTP),
            (Door::Lmtp, Protocol::Smtp | Protocol::Esmtp) => {
                return self.say_error(&reply::WRONG_GREETING_LMTP);
            }
        }
        self.transaction = None;
        self.hello = Some(Hello { protocol, name });
        if !self.may_idle() {
            return Step::GoOn;
        }
        let hostname = self.settings.hostname.as_str();
        let size = format!("SIZE {}", self.settings.message_bytes_max);
        let extensions = [hostname, &size, "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"];
        let lines = match protocol {
            Protocol::Smtp => &extensions[..1],
            Protocol::Esmtp | Protocol::Lmtp => &extensions[..],
        };
        reply::write_plain(&mut self.output, 250, lines);
        Step::GoOn
    }

    fn begin_transaction(&mut self, sender: ReversePath, announced_bytes: usize, body: Body) -> Step {
        if self.hello.is_none() {
            return self.say_error(&reply::HELLO_FIRST);
        }
        if self.transaction.is_some() {
            return self.say_error(&reply::ALREADY_SENDER);
        }
        // RFC 1870 §6.1: what is announced too large need not be sent.
        if announced_bytes > self.settings.message_bytes_max {
            return self.say_error(&reply::MESSAGE_TOO_LARGE);
        }
        self.transaction = Some(Transaction {
            sender,
            body,
            announced_bytes,
            recipients: Vec::new(),
            accepted: Vec::new(),
            refused: 0,
        });
        self.state = State::AskedReady;
        Step::Ready
    }

    fn ask_recipient(&mut self, recipient: EmailAddress) -> Step {
        let Some(transaction) = &self.transaction else {
            return self.say_error(&reply::SENDER_FIRST);
        };
        if transaction.accepted.len() >= RECIPIENTS_MAX {
            self.say(&reply::TOO_MANY_RECIPIENTS);
            return Step::GoOn;
        }
        self.state = State::AskedRecipient(recipient);
        Step::Recipient
    }

    fn refuse_recipient(&mut self, refusal: &Reply) {
        if let Some(transaction) = &mut self.transaction {
            transaction.refused += 1;
        }
        self.since_message.refused_recipients += 1;
        if self.since_message.refused_recipients > REFUSED_RECIPIENTS_MAX {
            self.leave(&reply::TOO_MANY_ERRORS);
        } else {
            self.say(refusal);
        }
    }

    fn begin_content(&mut self) -> Step {
        let Some(transaction) = &self.transaction else {
            return self.say_error(&reply::SENDER_FIRST);
        };
        if transaction.accepted.is_empty() {
            // RFC 2033 §4.2 wants 503 in either case.
            let refusal = match self.settings.door {
                Door::Smtp if transaction.refused > 0 => reply::NO_RECIPIENT_LEFT,
                Door::Smtp | Door::Lmtp => reply::RECIPIENT_FIRST,
            };
            return self.say_error(&refusal);
        }
        let content = Content::new(self.settings.message_bytes_max, transaction.announced_bytes);
        self.state = State::Content(content);
        reply::write_plain(&mut self.output, 354, &["go on, and end with a line that is a dot"]);
        Step::GoOn
    }

    fn end_content(&mut self) -> Step {
        self.completed += 1;
        let state = std::mem::replace(&mut self.state, State::Command);
        let (State::Content(content), Some(transaction), Some(hello)) =
            (state, self.transaction.take(), &self.hello)
        else {
            return self.leave(&reply::LOCAL_TROUBLE);
        };
        let Transaction { sender, body, announced_bytes: _, recipients, accepted, refused: _ } = transaction;
        match content.finish() {
            Ok(raw) => {
                let (protocol, helo) = (hello.protocol, hello.name.clone());
                self.state = State::AskedMessage(accepted);
                let eight_bit = matches!(body, Body::EightBit);
                Step::Message(Envelope {
                    protocol,
                    peer: self.peer,
                    helo,
                    sender,
                    recipients,
                    raw,
                    eight_bit,
                })
            }
            Err(fault) => {
                let answers = match self.settings.door {
                    Door::Smtp => 1,
                    Door::Lmtp => accepted.len(),
                };
                self.refuse_content(fault, answers)
            }
        }
    }

    fn refuse_content(&mut self, fault: Fault, answers: usize) -> Step {
        let refusal = match fault {
            Fault::Loop => reply::MAIL_LOOP,
            Fault::HeaderTooLarge => reply::HEADER_TOO_LARGE,
            Fault::TooLarge => reply::MESSAGE_TOO_LARGE,
            Fault::LineTooLong => reply::TEXT_LINE_TOO_LONG,
            Fault::Nul => reply::NUL_IN_MESSAGE,
            Fault::BareLineEnd => reply::BARE_ENDS_IN_MESSAGE,
        };
        for _ in 0..answers {
            refusal.write(&mut self.output);
        }
        // What follows may be meant as part of the message by whoever wrote it.
        if fault == Fault::BareLineEnd {
            self.state = State::Closed;
        }
        Step::GoOn
    }

    fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
        if reply.closes() {
            self.transaction = None;
            self.state = State::Closed;
        }
    }

    /// Says that something was wrong with a command, until it was too often.
    fn say_error(&mut self, reply: &Reply) -> Step {
        self.since_message.errors += 1;
        if self.since_message.errors >= ERRORS_MAX {
            return self.leave(&reply::TOO_MANY_ERRORS);
        }
        if self.since_message.errors > ERRORS_BEFORE_PENALTY {
            self.penalties += 1;
        }
        self.say(reply);
        Step::GoOn
    }

    /// Answers a command that carries no mail, until it was too often.
    fn say_idle(&mut self, reply: &Reply) -> Step {
        if self.may_idle() {
            self.say(reply);
        }
        Step::GoOn
    }

    fn may_idle(&mut self) -> bool {
        self.since_message.idle_commands += 1;
        let may = self.since_message.idle_commands <= IDLE_COMMANDS_MAX;
        if !may {
            self.leave(&reply::TOO_MUCH_IDLING);
        }
        may
    }

    /// The last word of a conversation.
    fn leave(&mut self, reply: &Reply) -> Step {
        reply.write(&mut self.output);
        self.transaction = None;
        self.line = Vec::new();
        self.state = State::Closed;
        Step::GoOn
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
