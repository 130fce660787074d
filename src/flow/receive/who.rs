//! Who writes what stands at the door, and how long a sender is asked to come again while the DNS
//! does not say.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::auth::{Arrived, Checker, Found, SpamWord};
use crate::domain::address::EmailAddress;
use crate::domain::door::{PATIENCE, Patience};
use crate::domain::time::Timestamp;
use crate::domain::unwanted::Unwanted;
use crate::filter::{Filter, Questioned};
use crate::smtp::envelope::{Envelope, Peer};

/// Messages remembered as put off. Of more, those that wait longest are taken for new ones.
const PUT_OFF_MAX: usize = 10_000;

/// When each message that cannot be told was first seen. A restart begins the hour anew.
#[derive(Default)]
pub(super) struct PutOff {
    first: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl PutOff {
    /// Whether this message may be put off once more.
    pub(super) fn patience(&self, content: [u8; 32], now: Timestamp) -> Patience {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first.len() >= PUT_OFF_MAX && !first.contains_key(&content) {
            first.retain(|_, seen| now.since(*seen) < PATIENCE * 24);
            if first.len() >= PUT_OFF_MAX {
                first.clear();
            }
        }
        let seen = *first.entry(content).or_insert(now);
        if now.since(seen) < PATIENCE { Patience::Left } else { Patience::Over }
    }
}

/// Has a message looked at. Its bytes leave the envelope and come back: they are never there twice.
pub(super) async fn find_out(checker: &Checker, envelope: &mut Envelope) -> Found {
    let raw = std::mem::take(&mut envelope.raw);
    let arrived = Arrived {
        peer: match envelope.peer {
            Peer::Address(address) => Some(address),
            Peer::Local => None,
        },
        helo: &envelope.helo,
        sender: envelope.sender.address(),
    };
    let (raw, found) = checker.check(&arrived, raw).await;
    envelope.raw = raw;
    tracing::debug!(proof = ?found.proof, checks = ?found.checks, "looked who writes");
    found
}

/// Whether anybody wants it: what the filter says, or else a server in front that may.
pub(super) async fn unwanted(
    filter: Option<&Filter>,
    envelope: &Envelope,
    found: Option<&Found>,
) -> Unwanted {
    let Some(filter) = filter else {
        // It has taken the message already; refusing it now would send a report to nobody knows whom.
        return match found.and_then(|found| found.relay.spam) {
            Some(SpamWord::Spam) => Unwanted::Doubtful,
            Some(SpamWord::Ham) | None => Unwanted::No,
        };
    };
    let client = found.and_then(|found| found.client.as_ref());
    let message = Questioned {
        client: client.map(|client| client.address),
        helo: client.map_or("", |client| &client.helo),
        sender: envelope.sender.address().map_or("", EmailAddress::as_str),
        recipients: envelope.recipients.iter().map(EmailAddress::as_str).collect(),
        raw: &envelope.raw,
    };
    filter.verdict(&message).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_put_off_for_an_hour() {
        let put_off = PutOff::default();
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        for (content, seconds, expected) in [
            (1, 0, Patience::Left),
            (1, 300, Patience::Left),
            (2, 3000, Patience::Left),
            (1, 3599, Patience::Left),
            (1, 3600, Patience::Over),
            (2, 3600, Patience::Left),
            (1, 90_000, Patience::Over),
        ] {
            assert_eq!(put_off.patience([content; 32], at(seconds)), expected, "{content} {seconds}");
        }
    }

    #[test]
    fn a_flood_is_not_remembered_for_ever() {
        let put_off = PutOff::default();
        for n in 0..30_000_u32 {
            let mut content = [0; 32];
            content[..4].copy_from_slice(&n.to_be_bytes());
            put_off.patience(content, Timestamp::from_seconds(i64::from(n)));
        }
        assert!(put_off.first.lock().unwrap().len() <= PUT_OFF_MAX);
    }
}
