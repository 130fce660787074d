//! What a conversation does with each line: commands in their order, and what is said to them.
//!
//! RFC 5321 §4.1.4 for the order. Every limit on what one peer may waste is here.

use super::super::command::{self, Body, Command, Refusal};
use super::super::content::{Content, Fault};
use super::super::envelope::{Envelope, Protocol, ReversePath};
use super::super::reply::{self, Reply};
use super::{COMMAND_LINE_BYTES_MAX, Door, Hello, RECIPIENTS_MAX, Session, State, Step, Tls, Transaction};
use crate::domain::address::EmailAddress;

/// Octets without a line end until we hang up.
const ENDLESS_LINE_BYTES: usize = 64 * 1024;

/// Errors since the last accepted message after which each further one is answered late.
const ERRORS_BEFORE_PENALTY: u32 = 10;

/// The error, counted since the last accepted message, at which we hang up.
const ERRORS_MAX: u32 = 20;

/// Commands that carry no mail since the last accepted message; one more and we hang up.
const IDLE_COMMANDS_MAX: u32 = 100;

/// Recipients that were not taken since the last accepted message; one more and we hang up.
const REFUSED_RECIPIENTS_MAX: u32 = 100;

/// What the peer has sent behind a command line already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Behind {
    Nothing,
    Something,
}

impl Session {
    /// Carries out the next line, if all of it has come.
    pub(super) fn take_line(&mut self, input: &mut &[u8]) -> Step {
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
        // What has come behind this line; `Content` and the other commands do not care.
        let more = if input.is_empty() { Behind::Nothing } else { Behind::Something };
        match (ended, self.line.is_empty()) {
            (false, _) => {
                self.line.extend_from_slice(piece);
                Step::NeedInput
            }
            (true, true) => self.obey(piece, more),
            (true, false) => {
                self.line.extend_from_slice(piece);
                let mut line = std::mem::take(&mut self.line);
                let step = self.obey(&line, more);
                line.clear();
                self.line = line;
                step
            }
        }
    }

    pub(super) fn skip_long_line(&mut self, input: &mut &[u8]) -> Step {
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

    fn obey(&mut self, line: &[u8], behind: Behind) -> Step {
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
            Command::StartTls => self.start_tls(behind),
            Command::NotOffered => self.say_error(&reply::NOT_OFFERED),
        }
    }

    /// RFC 3207 §4. A peer that talks on without waiting would have those commands, which anybody
    /// on the way may have put there, taken for its own inside TLS (CVE-2011-0411): we hang up.
    fn start_tls(&mut self, behind: Behind) -> Step {
        match (self.settings.tls, behind) {
            (Tls::Unavailable, _) => self.say_error(&reply::NOT_OFFERED),
            (Tls::Active, _) => self.say_error(&reply::TLS_ALREADY),
            (Tls::Offered, Behind::Something) => self.leave(&reply::TALKED_BEFORE_TLS),
            (Tls::Offered, Behind::Nothing) => {
                if self.may_idle() {
                    self.transaction = None;
                    self.state = State::AskedTls;
                    reply::TLS_READY.write(&mut self.output);
                }
                Step::GoOn
            }
        }
    }

    /// RFC 5321 §4.1.1.1; RFC 2033 §4.1.
    fn greet(&mut self, protocol: Protocol, name: String) -> Step {
        match (self.settings.door, protocol) {
            (Door::Smtp, Protocol::Smtp | Protocol::Esmtp | Protocol::Esmtps)
            | (Door::Lmtp, Protocol::Lmtp) => {}
            (Door::Smtp, Protocol::Lmtp) => return self.say_error(&reply::WRONG_GREETING_SMTP),
            (Door::Lmtp, Protocol::Smtp | Protocol::Esmtp | Protocol::Esmtps) => {
                return self.say_error(&reply::WRONG_GREETING_LMTP);
            }
        }
        let protocol = match (protocol, self.settings.tls) {
            (Protocol::Esmtp, Tls::Active) => Protocol::Esmtps,
            (protocol, Tls::Unavailable | Tls::Offered | Tls::Active) => protocol,
        };
        self.transaction = None;
        self.hello = Some(Hello { protocol, name });
        if !self.may_idle() {
            return Step::GoOn;
        }
        let hostname = self.settings.hostname.as_str();
        let size = format!("SIZE {}", self.settings.message_bytes_max);
        let mut lines = vec![hostname];
        match protocol {
            Protocol::Smtp => {}
            Protocol::Esmtp | Protocol::Esmtps | Protocol::Lmtp => {
                lines.extend([size.as_str(), "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"]);
                if self.settings.tls == Tls::Offered {
                    lines.push("STARTTLS");
                }
            }
        }
        reply::write_plain(&mut self.output, 250, &lines);
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

    pub(super) fn refuse_recipient(&mut self, refusal: &Reply) {
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

    pub(super) fn end_content(&mut self) -> Step {
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
        if matches!(fault, Fault::BareLineEnd | Fault::Nul) {
            self.state = State::Closed;
        }
        Step::GoOn
    }

    pub(super) fn say(&mut self, reply: &Reply) {
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
    pub(super) fn leave(&mut self, reply: &Reply) -> Step {
        reply.write(&mut self.output);
        self.transaction = None;
        self.line = Vec::new();
        self.state = State::Closed;
        Step::GoOn
    }
}
