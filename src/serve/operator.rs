//! Letters to whoever runs the server, about the server itself.
//!
//! Carried at once, by whoever has something to say: the store need not be open for that.

use std::sync::Arc;

use super::ServeError;
use crate::config::Config;
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::list::Language;
use crate::domain::time::{Timestamp, Zone};
use crate::flow::Desk;
use crate::flow::receive::PostRoom;
use crate::letters::{AutoSubmitted, Frame, Letter, LetterMail, Letters, Mailbox};
use crate::sign::{Common, NamedKey};
use crate::smtp::client::{Bits, Copy, Outbox, Outcome};
use crate::smtp::dot_stuff::dot_stuff;
use crate::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use crate::store::event::Via;

/// What such a letter is written with.
pub struct Sheet<'a> {
    /// The templates.
    pub letters: &'a Letters,
    /// The name of the host.
    pub hostname: &'a str,
    /// Of the letter.
    pub language: Language,
    /// In which its date is told.
    pub zone: &'a Zone,
    /// The moment.
    pub now: Timestamp,
}

impl<'a> Sheet<'a> {
    pub(super) fn of(desk: &'a Desk) -> Sheet<'a> {
        Sheet {
            letters: &desk.letters,
            hostname: &desk.hostname,
            language: desk.language,
            zone: &desk.zone,
            now: desk.now(),
        }
    }

    fn postmaster(&self) -> EmailAddress {
        EmailAddress::parse(&format!("postmaster@{}", self.hostname)).expect("a host name is one")
    }

    /// Writes it. `occasion` begins its Message-ID.
    pub fn write(&self, to: &EmailAddress, occasion: &str, letter: Letter<'_>) -> LetterMail {
        let from = self.postmaster();
        let message_id = MessageId::parse(&format!("{occasion}-{}@{}", self.now.millis(), self.hostname));
        let frame = Frame {
            language: self.language,
            to: Mailbox { name: "", address: to },
            from: Mailbox { name: "Parvis", address: &from },
            reply_to: None,
            list: None,
            message_id: &message_id.expect("digits and a host name"),
            date: self.now,
            zone: self.zone,
            in_reply_to: None,
            references: &[],
            auto: AutoSubmitted::Generated,
        };
        self.letters.compose(letter, &frame)
    }

    /// Carries a letter; whether nothing is left to be done about it.
    pub async fn send<O: Outbox>(
        &self,
        outbox: &O,
        operator: &EmailAddress,
        keys: &[NamedKey],
        mail: &[u8],
    ) -> bool {
        match outbox.carry(self.signed(operator, keys, mail)).await {
            Outcome::Taken { .. } | Outcome::Refused { .. } | Outcome::NeedsSevenBits => true,
            Outcome::PutOff { reply, .. } => {
                tracing::warn!(to = %operator, reply, "a letter to the operator is put off");
                false
            }
            Outcome::Lost { why, .. } => {
                tracing::warn!(to = %operator, reply = why, "a letter to the operator is put off");
                false
            }
        }
    }

    fn signed(&self, operator: &EmailAddress, keys: &[NamedKey], mail: &[u8]) -> Copy {
        let end = mail.windows(4).position(|four| four == b"\r\n\r\n").map_or(mail.len(), |at| at + 4);
        let (head, body) = mail.split_at(end);
        // Unsigned it may not arrive; it is better sent than not.
        let mut whole =
            Common::new(self.hostname, head, body).sign(keys, &[], self.now.seconds()).unwrap_or_default();
        whole.extend_from_slice(head);
        let (head, body) = (dot_stuff(&whole), dot_stuff(body));
        Copy { sender: None, recipient: operator.clone(), head, body, bits: Bits::Seven }
    }
}

/// Tells the operator; without one the letter waits in `held ls`. Whether nothing is left to be said.
pub(super) async fn tell<O: Outbox>(
    config: &Config,
    desk: &Arc<Desk>,
    outbox: &O,
    keys: &[NamedKey],
    occasion: &str,
    letter: Letter<'_>,
) -> bool {
    let sheet = Sheet::of(desk);
    match &config.operator {
        Some(operator) => {
            let mail = sheet.write(operator, occasion, letter);
            sheet.send(outbox, operator, keys, &mail.bytes).await
        }
        None => keep(desk, sheet.write(&sheet.postmaster(), occasion, letter).bytes).await,
    }
}

/// Hands a letter to our own postmaster, which nobody reads by mail: it waits among what is held.
async fn keep(desk: &Arc<Desk>, raw: Vec<u8>) -> bool {
    let envelope = Envelope {
        protocol: Protocol::Lmtp,
        peer: Peer::Local,
        helo: "parvis".to_owned(),
        sender: ReversePath::NULL,
        raw,
        recipients: vec![Sheet::of(desk).postmaster()],
        eight_bit: true,
    };
    let replies = PostRoom::new(desk.clone()).take(envelope, Via::Command).await;
    let refused = replies.iter().find(|reply| !reply.is_success());
    if let Some(reply) = refused {
        tracing::warn!(%reply, "a letter to the operator is not kept yet; again in an hour");
    }
    refused.is_none()
}

/// Carries a letter for a command, which is no server.
pub fn send_now(
    config: &Config,
    sheet: &Sheet<'_>,
    operator: &EmailAddress,
    mail: &LetterMail,
) -> Result<bool, ServeError> {
    let (_, keys) = super::check_facts(config, &[]);
    let road = super::way_out(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ServeError::Task(error.to_string()))?;
    Ok(runtime.block_on(sheet.send(&road, operator, &keys, &mail.bytes)))
}
