//! One connection to one peer, kept open: copies in, outcomes out, one after the other.
//!
//! RFC 5321, pipelined where offered (RFC 2920); or LMTP (RFC 2033), where one recipient a
//! transaction means one answer a message. How it is opened is `opening`'s. Knows no pool.

use super::answer::{Answer, EnhancedCode, Severity, kept};
use super::command::{self, Extension, Step, Unfit};
use super::wire::{Break, Broken, Wire};
use super::{Copy, Fate, Outcome, Stage, Timeouts};

/// A connection on which the peer has said hello.
pub struct Carrier {
    pub(super) wire: Wire,
    pub(super) timeouts: Timeouts,
    pub(super) protocol: Protocol,
    pub(super) offers: Vec<Extension>,
    standing: Standing,
    carried: u32,
    /// Commands on their way out; kept for its memory.
    commands: Vec<u8>,
}

/// How a peer is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
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
    /// A connection on which nothing was said yet.
    pub(super) fn over(wire: Wire, protocol: Protocol, timeouts: Timeouts) -> Carrier {
        Carrier {
            wire,
            timeouts,
            protocol,
            offers: Vec::new(),
            standing: Standing::Ready,
            carried: 0,
            commands: Vec::new(),
        }
    }

    /// Carries one copy.
    ///
    /// SIZE and BODY=8BITMIME are said where offered; a peer is not given what it said it does not
    /// take. Afterwards [`Carrier::is_open`] says whether the connection can take another copy.
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
        if let Some(unfit) = command::unfit(copy, &self.offers) {
            return Err(not_taken(&unfit));
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

    pub(super) fn limit(&self, stage: Stage) -> std::time::Duration {
        match stage {
            Stage::Connect => self.timeouts.connect,
            Stage::Greeting => self.timeouts.greeting,
            Stage::Hello => self.timeouts.hello,
            Stage::Encryption => self.timeouts.encryption,
            Stage::Login => self.timeouts.login,
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
pub(super) fn declined(answer: &Answer, stage: Stage) -> Outcome {
    let (code, enhanced, reply) = (answer.code, answer.enhanced(), answer.reply());
    let about_us = stage < Stage::Mail || ABOUT_US.contains(&code);
    match answer.severity() {
        Severity::Never if !about_us => Outcome::Refused { code, enhanced, reply, stage },
        Severity::Done | Severity::GoOn | Severity::Later | Severity::Never => {
            Outcome::PutOff { code: Some(code), enhanced, reply, stage }
        }
    }
}

pub(super) fn unreachable_peer(why: &str, stage: Stage) -> Outcome {
    Outcome::PutOff { code: None, enhanced: None, reply: kept(why), stage }
}

pub(super) fn unasked() -> Broken {
    Broken::garbled("hung up, or answered what it was not asked")
}

fn out_of_step(answer: &Answer) -> Broken {
    Broken::garbled(format!("answered out of step: {}", answer.reply()))
}

/// What a copy the peer cannot take is to become.
fn not_taken(unfit: &Unfit) -> Outcome {
    let (code, subject, detail, why, stage) = match unfit {
        Unfit::EightBits => return Outcome::NeedsSevenBits,
        Unfit::Address(address) => {
            let why = format!("{:?} is no address SMTP can carry", address.as_str());
            (553, 1, 3, why, Stage::Rcpt)
        }
        // RFC 1870 §6.3.
        Unfit::TooLarge { most } => {
            (552, 3, 4, format!("it takes messages of at most {most} bytes"), Stage::Mail)
        }
    };
    let enhanced = EnhancedCode { class: 5, subject, detail };
    let reply = kept(&format!("{code} {enhanced} {why}"));
    Outcome::Refused { code, enhanced: Some(enhanced), reply, stage }
}
