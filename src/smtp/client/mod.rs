//! How copies leave: one copy to one recipient in, one [`Outcome`] out.
//!
//! [`Outbox`] is what the rest of Parvis sees; [`SmtpOutbox`] is the one that talks to peers, over
//! [`Carrier`]s kept open. Knows neither lists nor when to try again.

mod answer;
mod carrier;
mod command;
mod mx;
mod opening;
mod pool;
mod tls;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use answer::{EnhancedCode, REPLY_BYTES_MAX};
pub use carrier::Carrier;
pub use mx::{
    Asked, Asking, Exchange, MailPolicy, MxOptions, MxOutbox, PrivateTargets, Signposts, Vouched,
    read_policy, says_policy,
};
pub use opening::Login;
pub use pool::{InvalidOutbox, PoolOptions, SmtpOutbox};
pub use tls::{Security, Tlsa, Trust};

use crate::domain::address::EmailAddress;
use crate::smtp::dot_stuff::DotStuffed;

/// One message for one person, ready to go.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The return path; `None` is `<>`, which nobody answers.
    pub sender: Option<EmailAddress>,
    /// Who gets it.
    pub recipient: EmailAddress,
    /// The header of this copy and the empty line after it.
    pub head: DotStuffed,
    /// What follows the empty line; one and the same for many copies.
    pub body: DotStuffed,
    /// Whether head or body need eight bits.
    pub bits: Bits,
}

impl Copy {
    /// Bytes the peer will keep: what SIZE counts (RFC 1870 §3).
    fn received_len(&self) -> usize {
        self.head.received_len() + self.body.received_len()
    }
}

/// What the bytes of a message need of the road (RFC 6152).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bits {
    /// ASCII only.
    Seven,
    /// Bytes above 127, which a peer without 8BITMIME has not promised to keep.
    Eight,
}

/// What became of one copy. Replies are one line of printable ASCII, at most [`REPLY_BYTES_MAX`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The peer has it and answers for it from now on (RFC 5321 §6.1).
    Taken {
        /// What it said to the final dot.
        reply: String,
    },
    /// Not now, and nothing was delivered: to be tried again later.
    PutOff {
        /// The peer's code, `None` when no peer could be spoken to.
        code: Option<u16>,
        /// Its enhanced code.
        enhanced: Option<EnhancedCode>,
        /// The peer's words, or why none could be spoken to.
        reply: String,
        /// Where it happened. Before [`Stage::Mail`] it is about us or the peer, not about this copy.
        stage: Stage,
    },
    /// Never, said of this sender, recipient or message; nothing was delivered.
    Refused {
        /// 500 to 599.
        code: u16,
        /// Its enhanced code.
        enhanced: Option<EnhancedCode>,
        /// The peer's words.
        reply: String,
        /// What it was that was refused.
        stage: Stage,
    },
    /// The peer does not offer 8BITMIME, and the copy needs it: to be brought again in seven bits,
    /// now, or never to reach this peer. Nothing of it was said.
    NeedsSevenBits,
    /// The conversation broke: to be tried again later, and sooner or later by [`Fate`].
    Lost {
        /// What happened, in our words.
        why: String,
        /// Where.
        stage: Stage,
        /// Whether the peer may have it.
        fate: Fate,
    },
}

/// What is known of a copy whose conversation broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The final dot was never sent, so the peer may not deliver it (RFC 5321 §4.1.1.4).
    NotTaken,
    /// The final dot was sent and no answer came: sent again, the copy may arrive twice (RFC 1047).
    Unknown,
}

/// How far a copy got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Opening the connection.
    Connect,
    /// The peer's first words.
    Greeting,
    /// EHLO, HELO or LHLO.
    Hello,
    /// STARTTLS, or what stands in its place.
    Encryption,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before any of the message was sent.
    Data,
    /// The message, up to and with the final dot.
    Content,
}

/// Who carries what leaves. A simulation stands in for it.
pub trait Outbox: Send + Sync {
    /// Carries one copy and says what became of it; never waits longer than its time limits.
    ///
    /// Many tasks may call it at once. Each should commit the outcome before it brings the next
    /// copy: then a crash repeats at most the copies that were in hand.
    fn carry(&self, copy: Copy) -> impl Future<Output = Outcome> + Send;

    /// With which others a copy for somebody at `domain` shares its fate, as far as that is known.
    fn destination(&self, _domain: impl FnOnce() -> String) -> Destination {
        Destination::One
    }
}

/// Where copies go that share their fate: if those servers are slow, all of them are late.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Destination {
    /// One server takes everything.
    One,
    /// The servers of some domains.
    Of {
        /// Their names, or the domain's as long as they are not known.
        servers: Arc<str>,
        /// More copies at once would only wait for each other.
        at_once_max: usize,
    },
}

/// How long a peer may take, per step (RFC 5321 §4.5.3.2). Each is for the whole answer, so that
/// one who sends a byte now and then gains nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// TCP, for each address of the peer.
    pub connect: Duration,
    /// The peer's first words.
    pub greeting: Duration,
    /// EHLO, HELO, LHLO.
    pub hello: Duration,
    /// STARTTLS, and the handshake after it.
    pub encryption: Duration,
    /// Each answer while logging in.
    pub login: Duration,
    /// MAIL and RSET.
    pub mail: Duration,
    /// RCPT.
    pub rcpt: Duration,
    /// The 354 after DATA.
    pub data: Duration,
    /// A part of the message, between two signs that the peer reads on.
    pub block: Duration,
    /// The whole message, however well the peer reads on.
    pub content: Duration,
    /// The answer to the final dot.
    pub final_dot: Duration,
    /// The answer to QUIT.
    pub quit: Duration,
}

impl Timeouts {
    const CONNECT: Duration = Duration::from_secs(30);
    const GREETING: Duration = Duration::from_mins(5);
    const HELLO: Duration = Duration::from_mins(5);
    const ENCRYPTION: Duration = Duration::from_mins(2);
    const LOGIN: Duration = Duration::from_mins(5);
    const MAIL: Duration = Duration::from_mins(5);
    const RCPT: Duration = Duration::from_mins(5);
    const DATA: Duration = Duration::from_mins(2);
    const BLOCK: Duration = Duration::from_mins(3);
    const CONTENT: Duration = Duration::from_hours(1);
    const FINAL_DOT: Duration = Duration::from_mins(10);
    const QUIT: Duration = Duration::from_secs(10);
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Timeouts::CONNECT,
            greeting: Timeouts::GREETING,
            hello: Timeouts::HELLO,
            encryption: Timeouts::ENCRYPTION,
            login: Timeouts::LOGIN,
            mail: Timeouts::MAIL,
            rcpt: Timeouts::RCPT,
            data: Timeouts::DATA,
            block: Timeouts::BLOCK,
            content: Timeouts::CONTENT,
            final_dot: Timeouts::FINAL_DOT,
            quit: Timeouts::QUIT,
        }
    }
}
