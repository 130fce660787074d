//! One connection to one peer, kept open: copies in, outcomes out, one after the other.
//!
//! RFC 5321, pipelined where offered (RFC 2920); or LMTP (RFC 2033), where one recipient a
//! transaction means one answer a message. STARTTLS and AUTH are not built yet. Knows no pool.

use super::answer::{Answer, Severity, kept};
use super::command::{self, Extension, Step, is_speakable};
use super::wire::{Break, Broken, Wire};
use super::{Copy, Fate, Outcome, Stage, Timeouts};
use crate::domain::address::EmailAddress;
use crate::smtp::route::Route;

/// A connection on which the peer has said hello.
pub struct Carrier {
    wire: Wire,
    timeouts: Timeouts,
    protocol: Protocol,
    offers: Vec<Extension>,
    standing: Standing,
    carried: u32,
    /// Commands on their way out; kept for its memory.
    commands: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Smtp,
    Lmtp,
}

/// Whether, and how, the connection can take another copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Ready,
    /// The peer may still hold a sender or recipient of the last transaction.
    MustReset,
    /// No more copies.
    Closed,
    /// Closed by the peer while it waited, so the copy it was given last can go by another.
    WentStale,
}

/// Whether the peer waits for a message after DATA.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Wanted,
    Declined,
}

impl Carrier {
    /// Connects and says hello as `hostname`. Whatever fails is a [`Outcome::PutOff`], also a 5xx:
    /// here the peer speaks of us, not of any copy.
    pub async fn open(route: &Route, hostname: &str, timeouts: &Timeouts) -> Result<Carrier, Outcome> {
        let put_off = |stage| move |broken: Broken| unreachable_peer(&broken.why, stage);
        let (wire, protocol) = match route {
            Route::Smtp(peer) => (Wire::tcp(peer, timeouts).await, Protocol::Smtp),
            Route::Lmtp(peer) => (Wire::tcp(peer, timeouts).await, Protocol::Lmtp),
            Route::LmtpSocket(path) => (Wire::unix(path, timeouts).await, Protocol::Lmtp),
            Route::Mx | Route::Smtps(_) => {
                (Err(Broken::garbled(format!("route {route} is not built yet"))), Protocol::Smtp)
            }
        };
        let mut carrier = Carrier {
            wire: wire.map_err(put_off(Stage::Connect))?,
            timeouts: timeouts.clone(),
            protocol,
            offers: Vec::new(),
            standing: Standing::Ready,
            carried: 0,
            commands: Vec::new(),
        };
        let greeting = carrier.wire.hear(timeouts.greeting).await.map_err(put_off(Stage::Greeting))?;
        if greeting.severity() != Severity::Done {
            return Err(declined(&greeting, Stage::Greeting));
        }
        carrier.hello(hostname).await?;
        Ok(carrier)
    }

    /// EHLO or LHLO; HELO for those who know no EHLO (RFC 5321 §3.2).
    async fn hello(&mut self, hostname: &str) -> Result<(), Outcome> {
        let verb = match self.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        let answer = self.ask_hello(verb, hostname).await?;
        match (answer.severity(), self.protocol) {
            (Severity::Done, _) => {
                self.offers = answer.lines().skip(1).filter_map(Extension::in_line).collect();
                return Ok(());
            }
            (Severity::Never, Protocol::Smtp) => {}
            (Severity::Never, Protocol::Lmtp) | (Severity::GoOn | Severity::Later, _) => {
                return Err(declined(&answer, Stage::Hello));
            }
        }
        let answer = self.ask_hello("HELO", hostname).await?;
        match answer.severity() {
            Severity::Done => Ok(()),
            Severity::GoOn | Severity::Later | Severity::Never => Err(declined(&answer, Stage::Hello)),
        }
    }

    async fn ask_hello(&mut self, verb: &str, hostname: &str) -> Result<Answer, Outcome> {
        let broken = |broken: Broken| unreachable_peer(&broken.why, Stage::Hello);
        if self.wire.has_unasked() {
            return Err(broken(unasked()));
        }
        let command = format!("{verb} {hostname}\r\n");
        self.wire.say(command.as_bytes(), self.timeouts.hello).await.map_err(broken)?;
        self.wire.hear(self.timeouts.hello).await.map_err(broken)
    }

    /// Carries one copy.
    ///
    /// SIZE and BODY=8BITMIME are said where offered. A message of eight bits goes as it is to a
    /// peer that does not offer 8BITMIME: turning it into seven is not built yet. Afterwards
    /// [`Carrier::is_open`] says whether the connection can take another copy.
    pub async fn carry(&mut self, copy: &Copy) -> Outcome {
        let outcome = match self.begin(copy).await {
            Ok(()) => self.send(copy).await,
            Err(outcome) => outcome,
        };
        self.carried = self.carried.saturating_add(1);
        outcome
    }

    /// Whether another copy can be given.
    pub fn is_open(&self) -> bool {
        match self.standing {
            Standing::Ready | Standing::MustReset => true,
            Standing::Closed | Standing::WentStale => false,
        }
    }

    /// Whether the peer had hung up before it said a word to the last copy, as servers do with
    /// connections that were idle or have carried much: that copy can go by a fresh connection now.
    pub fn went_stale(&self) -> bool {
        self.standing == Standing::WentStale
    }

    /// How many copies it was given.
    pub fn carried(&self) -> u32 {
        self.carried
    }

    /// Says goodbye, and waits a little for the answer (RFC 5321 §4.1.1.10).
    pub async fn quit(mut self) {
        if self.is_open() {
            let limit = self.timeouts.quit;
            let goodbye = async {
                self.wire.say(b"QUIT\r\n", limit).await?;
                self.wire.hear(limit).await
            };
            // Whatever is answered, and when it is not, the connection is closed.
            let _answer = tokio::time::timeout(limit, goodbye).await;
        }
    }

    /// MAIL, RCPT and DATA. `Ok` when the peer waits for the message; else the connection is back
    /// in step, or closed.
    async fn begin(&mut self, copy: &Copy) -> Result<(), Outcome> {
        if let Some(address) = copy.sender.iter().chain([&copy.recipient]).find(|a| !is_speakable(a.as_str()))
        {
            return Err(unspeakable(address));
        }
        let steps = match self.standing {
            Standing::Ready => &[Step::Mail, Step::Rcpt, Step::Data][..],
            Standing::MustReset => &[Step::Reset, Step::Mail, Step::Rcpt, Step::Data][..],
            Standing::Closed | Standing::WentStale => {
                return Err(self.lost(unasked(), Stage::Mail, Fate::NotTaken));
            }
        };
        if !self.wire.is_silent().await {
            let outcome = self.lost(unasked(), Stage::Mail, Fate::NotTaken);
            self.stale_if_used();
            return Err(outcome);
        }
        self.standing = Standing::MustReset;
        let together = if self.offers.contains(&Extension::Pipelining) { steps.len() } else { 1 };
        let mut refusals = Vec::new();
        let mut data = Data::Declined;
        for group in steps.chunks(together) {
            command::write(&mut self.commands, group, copy, &self.offers);
            self.ask(group[0].stage()).await?;
            for step in group {
                match self.answer_to(*step, steps[0], &refusals).await? {
                    (_, Severity::Done) => {}
                    (_, Severity::GoOn) => data = Data::Wanted,
                    (answer, Severity::Later | Severity::Never) => refusals.push((*step, answer)),
                }
            }
            if !refusals.is_empty() {
                break;
            }
        }
        match (refusals.first(), data) {
            (None, Data::Wanted) if !self.wire.has_unasked() => Ok(()),
            (None, _) => Err(self.lost(unasked(), Stage::Data, Fate::NotTaken)),
            (Some((step, answer)), data) => {
                let outcome = declined(answer, step.stage());
                if data == Data::Wanted {
                    self.send_nothing(&refusals).await;
                }
                Err(outcome)
            }
        }
    }

    /// Sends `self.commands`. A peer that hung up may have said why: that is for `answer_to` to read.
    async fn ask(&mut self, stage: Stage) -> Result<(), Outcome> {
        let limit = self.limit(stage);
        match self.wire.say(&self.commands, limit).await {
            Ok(()) | Err(Broken { how: Break::Closed, .. }) => Ok(()),
            Err(broken) => Err(self.lost(broken, stage, Fate::NotTaken)),
        }
    }

    /// The answer to one command, if it is one that command can have.
    async fn answer_to(
        &mut self,
        step: Step,
        first: Step,
        refusals: &[(Step, Answer)],
    ) -> Result<(Answer, Severity), Outcome> {
        let heard = self.wire.hear(self.limit(step.stage())).await;
        let nothing_heard_before = step == first;
        // What is known of the copy stays known when the rest of the answers never comes.
        let refused = refusals.first().map(|(step, answer)| declined(answer, step.stage()));
        let answer = match heard {
            Ok(answer) => answer,
            Err(broken) => {
                let how = broken.how;
                let outcome = self.lost(broken, step.stage(), Fate::NotTaken);
                if how == Break::Closed && nothing_heard_before {
                    self.stale_if_used();
                }
                return Err(refused.unwrap_or(outcome));
            }
        };
        let severity = answer.severity();
        let outcome = match (step, severity) {
            // RFC 5321 §3.8: the peer is going away, whatever it was asked.
            _ if answer.code == CLOSING => {
                self.standing = Standing::Closed;
                if nothing_heard_before {
                    self.stale_if_used();
                }
                declined(&answer, step.stage())
            }
            (Step::Reset | Step::Mail | Step::Rcpt, Severity::Done)
            | (Step::Mail | Step::Rcpt | Step::Data, Severity::Later | Severity::Never)
            | (Step::Data, Severity::GoOn) => return Ok((answer, severity)),
            (Step::Reset, _) | (Step::Mail | Step::Rcpt, Severity::GoOn) | (Step::Data, Severity::Done) => {
                let outcome = self.lost(out_of_step(&answer), step.stage(), Fate::NotTaken);
                if step == Step::Reset {
                    self.stale_if_used();
                }
                outcome
            }
        };
        Err(refused.unwrap_or(outcome))
    }

    /// Ends a message that is wanted although its recipient is not (RFC 2920 §3.1). Where that
    /// could reach somebody, or would have no answer, the connection is given up instead.
    async fn send_nothing(&mut self, refusals: &[(Step, Answer)]) {
        let recipient_refused = refusals.iter().any(|(step, _)| *step == Step::Rcpt);
        if self.protocol == Protocol::Lmtp || !recipient_refused || self.wire.has_unasked() {
            self.standing = Standing::Closed;
            return;
        }
        let limit = self.timeouts.data;
        let answered = match self.wire.say(b".\r\n", limit).await {
            Ok(()) => self.wire.hear(limit).await,
            Err(broken) => Err(broken),
        };
        self.standing = match answered {
            Ok(answer) if answer.code != CLOSING => Standing::MustReset,
            Ok(_) | Err(_) => Standing::Closed,
        };
    }

    /// The message, the final dot, and what the peer says to it.
    async fn send(&mut self, copy: &Copy) -> Outcome {
        if let Err(broken) = self.wire.send_message([&copy.head, &copy.body], &self.timeouts).await {
            let last_word = match broken.how {
                Break::Closed => self.wire.hear(self.timeouts.quit).await.ok(),
                Break::TimedOut | Break::Garbled => None,
            };
            let lost = self.lost(broken, Stage::Content, Fate::NotTaken);
            return match last_word {
                Some(answer) if answer.code >= 400 => declined(&answer, Stage::Content),
                Some(_) | None => lost,
            };
        }
        let answer = match self.wire.hear(self.timeouts.final_dot).await {
            Ok(answer) => answer,
            Err(broken) => return self.lost(broken, Stage::Content, Fate::Unknown),
        };
        self.standing = match answer.code {
            // More than one answer: which is the one to the next command?
            _ if self.wire.has_unasked() => Standing::Closed,
            CLOSING => Standing::Closed,
            ..=299 => Standing::Ready,
            300.. => Standing::MustReset,
        };
        match answer.severity() {
            Severity::Done => Outcome::Taken { reply: answer.reply() },
            Severity::Later | Severity::Never => declined(&answer, Stage::Content),
            Severity::GoOn => self.lost(out_of_step(&answer), Stage::Content, Fate::Unknown),
        }
    }

    fn limit(&self, stage: Stage) -> std::time::Duration {
        match stage {
            Stage::Connect => self.timeouts.connect,
            Stage::Greeting => self.timeouts.greeting,
            Stage::Hello => self.timeouts.hello,
            Stage::Mail => self.timeouts.mail,
            Stage::Rcpt => self.timeouts.rcpt,
            Stage::Data => self.timeouts.data,
            Stage::Content => self.timeouts.final_dot,
        }
    }

    fn lost(&mut self, broken: Broken, stage: Stage, fate: Fate) -> Outcome {
        self.standing = Standing::Closed;
        Outcome::Lost { why: kept(&broken.why), stage, fate }
    }

    fn stale_if_used(&mut self) {
        if self.carried > 0 {
            self.standing = Standing::WentStale;
        }
    }
}

/// RFC 5321 §3.8, §4.2.3: "service not available, closing transmission channel".
const CLOSING: u16 = 421;

/// Replies that ask us to authenticate or encrypt first (RFC 4954 §6, RFC 3207 §4): true of every
/// copy until the operator acts, and no fault of any recipient.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];

/// What a 4xx or 5xx means for the copy.
fn declined(answer: &Answer, stage: Stage) -> Outcome {
    let (code, enhanced, reply) = (answer.code, answer.enhanced(), answer.reply());
    let about_us = stage < Stage::Mail || ABOUT_US.contains(&code);
    match answer.severity() {
        Severity::Never if !about_us => Outcome::Refused { code, enhanced, reply, stage },
        Severity::Done | Severity::GoOn | Severity::Later | Severity::Never => {
            Outcome::PutOff { code: Some(code), enhanced, reply, stage }
        }
    }
}

fn unreachable_peer(why: &str, stage: Stage) -> Outcome {
    Outcome::PutOff { code: None, enhanced: None, reply: kept(why), stage }
}

fn unasked() -> Broken {
    Broken::garbled("hung up, or answered what it was not asked")
}

fn out_of_step(answer: &Answer) -> Broken {
    Broken::garbled(format!("answered out of step: {}", answer.reply()))
}

fn unspeakable(address: &EmailAddress) -> Outcome {
    Outcome::Refused {
        code: 553,
        enhanced: None,
        reply: kept(&format!("{:?} is no address SMTP can carry", address.as_str())),
        stage: Stage::Rcpt,
    }
}
