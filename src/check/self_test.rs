//! A mail to the operator by the way copies take: whether the next server takes it is the test.

use super::Finding;
use crate::domain::address::EmailAddress;
use crate::domain::time::{Timestamp, Zone};
use crate::sign::{Common, NamedKey};
use crate::smtp::client::{Bits, Copy, Outbox, Outcome};
use crate::smtp::dot_stuff::dot_stuff;

/// What the mail is made from.
pub struct SelfTest<'a> {
    /// Whose name it is sent in.
    pub hostname: &'a str,
    /// Who gets it.
    pub operator: &'a EmailAddress,
    /// Where copies go, for the words.
    pub route: &'a str,
    /// What signs it.
    pub keys: &'a [NamedKey],
    /// When it is sent, and in which zone that is written.
    pub now: Timestamp,
    /// See above.
    pub zone: &'a Zone,
}

/// Sends it.
pub async fn self_test(test: &SelfTest<'_>, outbox: &impl Outbox) -> Finding {
    let (what, about) = ("self-test", test.route);
    let (head, body) = written(test);
    let signed = Common::new(test.hostname, &head, &body).sign(test.keys, &[], test.now.seconds());
    let mut whole = signed.unwrap_or_default();
    whole.extend_from_slice(&head);
    let copy = Copy {
        sender: None,
        recipient: test.operator.clone(),
        head: dot_stuff(&whole),
        body: dot_stuff(&body),
        bits: Bits::Seven,
    };
    let (to, route) = (test.operator, test.route);
    let why = match outbox.carry(copy).await {
        Outcome::Taken { reply } => {
            return Finding::good(
                what,
                about,
                format!("a mail to {to} was taken by way of {route}: {reply}"),
            );
        }
        Outcome::Refused { reply, .. } | Outcome::PutOff { reply, .. } => reply,
        Outcome::Lost { why, .. } => why,
        Outcome::NeedsSevenBits => "the server takes no eight bits".to_owned(),
    };
    let detail = format!("a mail to {to} could not be handed over by way of {route}: {why}");
    Finding::wrong(what, about, detail, "[delivery] route = \"smtp://your-mail-server:25\"".to_owned())
}

/// Plain ASCII, and no answer wanted (RFC 3834).
fn written(test: &SelfTest<'_>) -> (Vec<u8>, Vec<u8>) {
    let SelfTest { hostname, operator, route, keys: _, now, zone } = test;
    let head = format!(
        "From: Parvis <postmaster@{hostname}>\r\nTo: <{operator}>\r\nSubject: parvis check on {hostname}\r\n\
         Date: {}\r\nMessage-ID: <check.{}@{hostname}>\r\nAuto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n",
        now.rfc5322(zone),
        now.millis(),
    );
    let body = format!(
        "Somebody typed `parvis check` on {hostname}. That you read this means that mail leaves it\r\n\
         (by way of {route}). There is nothing to do.\r\n"
    );
    (head.into_bytes(), body.into_bytes())
}
