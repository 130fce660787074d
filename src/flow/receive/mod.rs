//! What arrives at the door: who is it for, may it come in, and keeping it before anybody is told
//! that it was taken.
//!
//! Nothing here reads a body as MIME, and nothing is answered 250 before it is safe. What becomes
//! of a message afterwards is `decide`'s.

mod caps;
mod disclosed;
mod recipients;
mod replies;
mod seen;
mod who;

use self::recipients::{asked, form_of, is_report};
use self::seen::Seen;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::caps::{Caps, Room};
use self::replies::{flood_reply, later, refusal_reply, unwanted_reply};
use self::who::PutOff;
use crate::auth::{self, Checker, Found};
use crate::domain::address::EmailAddress;
use crate::domain::door::{self, Admission, Arrival, Form, Patience, Refusal, Standing, Writer};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::List;
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::recipient::ListDoor;
use crate::domain::time::Timestamp;
use crate::domain::unwanted::Unwanted;
use crate::filter::Filter;
use crate::flow::author::{looks_like, standing};
use crate::flow::{Desk, obey_command};
use crate::mail::autoreply;
use crate::mail::headers::Headers;
use crate::mail::parse;
use crate::mail::words::mailboxes;
use crate::smtp::envelope::{Envelope, Protocol, ReversePath};
use crate::smtp::received::received_line;
use crate::smtp::reply::Reply;
use crate::smtp::server::Mailroom;
use crate::store::StoreError;
use crate::store::change::{Change, Conflict, Expect, Shelf};
use crate::store::event::{DropReason, Event, RequestDoor, Via};

/// The door's [`Mailroom`].
pub struct PostRoom {
    desk: Arc<Desk>,
    checker: Option<Arc<Checker>>,
    filter: Option<Filter>,
    put_off: PutOff,
    caps: Caps,
}

/// What one recipient of an envelope stands for.
#[derive(Clone, PartialEq, Debug)]
enum Destination {
    Post(Box<List>),
    /// Something for the people or the program behind a list.
    List(Box<List>, ListDoor),
    Service,
    Operator,
    /// `re+TOKEN@`: an answer to a letter about no list, or about one with a long name.
    Answer(String),
    /// A copy that could not be delivered.
    Bounce(String),
    Nobody,
}

/// What becomes of one recipient's share.
enum Share {
    /// It is in the change, or there already.
    Kept,
    Refused(Reply),
}

/// A message as one of its recipients sees it, at one moment.
#[derive(Clone, Copy)]
struct Coming<'a> {
    seen: &'a Seen,
    envelope: &'a Envelope,
    via: Via,
    now: Timestamp,
}

/// Others may take the same message at the same moment; then one looks again.
const ATTEMPTS_MAX: usize = 8;

/// Counts one message more while it lives.
struct Taking<'a>(&'a AtomicUsize);

impl Taking<'_> {
    fn one(count: &AtomicUsize) -> Taking<'_> {
        count.fetch_add(1, Ordering::Relaxed);
        Taking(count)
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PostRoom {
    /// The mailroom of a desk, where nobody looks who really writes.
    pub fn new(desk: Arc<Desk>) -> PostRoom {
        PostRoom { desk, checker: None, filter: None, put_off: PutOff::default(), caps: Caps::default() }
    }

    /// Looks who really writes.
    pub fn checking(self, checker: Arc<Checker>) -> PostRoom {
        PostRoom { checker: Some(checker), ..self }
    }

    /// Has each message looked at by a filter.
    pub fn filtering(self, filter: Filter) -> PostRoom {
        PostRoom { filter: Some(filter), ..self }
    }

    /// Keeps a message for everybody it was written to. One reply, or for LMTP one each.
    pub async fn take(&self, envelope: Envelope, via: Via) -> Vec<Reply> {
        self.take_as(envelope, via, None).await
    }

    /// The same where it is known already who really writes.
    pub async fn take_as(&self, mut envelope: Envelope, via: Via, proof: Option<Proof>) -> Vec<Reply> {
        let per_recipient = envelope.protocol == Protocol::Lmtp;
        let count = envelope.recipients.len();
        // Whoever runs the server may hand in what they like.
        let checker = self.checker.as_deref().filter(|_| via != Via::Command);
        let found = match checker {
            Some(checker) => Some(who::find_out(checker, &mut envelope).await),
            None => None,
        };
        let filter = self.filter.as_ref().filter(|_| via != Via::Command);
        let mut unwanted = who::unwanted(filter, &envelope, found.as_ref()).await;
        if unwanted == Unwanted::Clearly {
            match self.language_without_operator(&envelope) {
                Ok(Some(language)) => {
                    return vec![unwanted_reply(language); if per_recipient { count } else { 1 }];
                }
                // Who runs the server is always reached, and decides.
                Ok(None) => unwanted = Unwanted::Doubtful,
                Err(error) => return vec![later(&error); if per_recipient { count } else { 1 }],
            }
        }
        let _taking = Taking::one(&self.desk.taking);
        match self.try_take(&mut envelope, (found.as_ref(), proof), unwanted, via).await {
            Ok(shares) if per_recipient => shares.into_iter().map(|share| share.reply()).collect(),
            Ok(shares) => vec![one_reply(shares)],
            Err(error) => vec![later(&error); if per_recipient { count } else { 1 }],
        }
    }

    async fn try_take(
        &self,
        envelope: &mut Envelope,
        (found, proof): (Option<&Found>, Option<Proof>),
        unwanted: Unwanted,
        via: Via,
    ) -> Result<Vec<Share>, StoreError> {
        self.told_what_it_answers(envelope)?;
        let envelope: &Envelope = envelope;
        let mut seen = self.look_at(envelope, found, unwanted)?;
        if let Some(proof) = proof {
            (seen.proof, seen.signed_for) = (proof, None);
        }
        for _ in 0..ATTEMPTS_MAX {
            let now = self.desk.now();
            let mut change = Change::at(now);
            let mut shares = Vec::with_capacity(envelope.recipients.len());
            let (mut left, mut refused) = (Vec::new(), Vec::new());
            let mut anything = false;
            for (at, address) in envelope.recipients.iter().enumerate() {
                // Two addresses may mean one: a list's own, and that of its digest.
                if envelope.recipients[..at].contains(address) {
                    shares.push(Share::Kept);
                    continue;
                }
                let seen = seen.at(address);
                let coming = Coming { seen: &seen, envelope, via, now };
                let share = match self.destination(address)? {
                    Destination::Post(list) => {
                        let (share, next) = self.take_post(&list, coming, change)?;
                        anything |= next.1;
                        change = next.0;
                        match &share {
                            Share::Refused(_) => refused.push(list),
                            Share::Kept => {}
                        }
                        share
                    }
                    Destination::List(list, ListDoor::LeaveByToken(token)) => {
                        left.push((list.id, token));
                        Share::Kept
                    }
                    other @ (Destination::List(..)
                    | Destination::Service
                    | Destination::Answer(_)
                    | Destination::Operator
                    | Destination::Bounce(_)
                    | Destination::Nobody) => match self.room_for(&other, &seen, now)? {
                        Room::Full => Share::Refused(flood_reply()),
                        Room::Left => {
                            anything = true;
                            change = self.take_other(&other, coming, change)?;
                            Share::Kept
                        }
                    },
                };
                shares.push(share);
            }
            let one_answer = envelope.protocol != Protocol::Lmtp;
            if one_answer && shares.iter().any(|share| matches!(share, Share::Kept)) {
                let coming = Coming { seen: &seen, envelope, via, now };
                for list in refused {
                    let held = self.hold_beside(&list, coming, change)?;
                    anything |= held.1;
                    change = held.0;
                }
            }
            for (list, token) in left {
                obey_command::leave_by_mail(&self.desk, list, &token).await?;
            }
            if !anything {
                return Ok(shares);
            }
            match self.desk.store.submit(change).await {
                Ok(()) => return Ok(shares),
                Err(StoreError::Conflict(Conflict::Duplicate(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict(Conflict::Changed))
    }

    /// The door's decision on a post, and the change with the post in it if it comes in.
    fn take_post(
        &self,
        list: &List,
        coming: Coming<'_>,
        change: Change,
    ) -> Result<(Share, (Change, bool)), StoreError> {
        let Coming { seen, envelope, .. } = coming;
        let headers = Headers::scan_leniently(&envelope.raw).0;
        let own_copy =
            autoreply::carries_list_mark(&headers, &list.address.list_id(), &list.address.to_string());
        let arrival = Arrival {
            bytes: seen.bytes,
            standing: self.standing(list.id, seen.author)?,
            proof: seen.proof,
            patience: seen.patience,
            form: if own_copy { Form::OwnCopy } else { seen.form },
            writer: if seen.automatic { Writer::Machine } else { Writer::Person },
        };
        let language = list.settings.language;
        let banned = seen.author.map(|author| self.desk.store.is_banned(list.id, author)).transpose()?;
        let banned = banned == Some(true);
        match door::admit(list, &arrival) {
            // As a stranger is told where only members write: it is nobody's business who was banned.
            Admission::Admit | Admission::Refuse(Refusal::MembersOnly) if banned => {
                let reply = refusal_reply(list, Refusal::MembersOnly, language);
                return Ok((Share::Refused(reply), (change, false)));
            }
            Admission::Admit => {}
            Admission::Swallow => {
                tracing::warn!(list = %list.address, "one of our own copies came back, and was not taken for a post");
                return Ok((Share::Kept, (change, false)));
            }
            Admission::NotNow => {
                let reply =
                    Reply::new(451, "4.7.0 we cannot find out now who writes; please try again later");
                return Ok((Share::Refused(reply), (change, false)));
            }
            Admission::Refuse(Refusal::MembersOnly)
                if seen.proof != Proof::Disproved
                    && looks_like(&self.desk, list, &envelope.raw)?.is_some() => {}
            Admission::Refuse(refusal) => {
                return Ok((Share::Refused(refusal_reply(list, refusal, language)), (change, false)));
            }
        }
        if let Some(earlier) = self.desk.store.same_content(Some(list.id), &seen.content)? {
            tracing::info!(list = %list.address, post = %earlier, "the same post came again");
            return Ok((Share::Kept, (change, false)));
        }
        let shelf = Shelf::List(list.id);
        let (change, post) = self.keep(change, Some(list.id), None, shelf, coming)?;
        let change = match seen.unwanted {
            // It waits at once, and nobody gets a letter about it.
            Unwanted::Doubtful | Unwanted::Clearly => change
                .summary(post, parse::summarize(&envelope.raw))
                .event(Event::Held { post, reason: HoldReason::Doubtful }),
            Unwanted::No => change,
        };
        Ok((Share::Kept, (change, true)))
    }

    /// SMTP has one answer for all recipients. Where that is 250 for another list's sake, this one
    /// cannot refuse any more: the post waits for those who look after it, and is not lost.
    fn hold_beside(
        &self,
        list: &List,
        coming: Coming<'_>,
        change: Change,
    ) -> Result<(Change, bool), StoreError> {
        let Coming { seen, envelope, now, .. } = coming;
        if self.desk.store.same_content(Some(list.id), &seen.content)?.is_some() {
            return Ok((change, false));
        }
        let shelf = Shelf::List(list.id);
        let (change, post) = self.keep(change, Some(list.id), None, shelf, coming)?;
        let reason = HoldReason::OtherList;
        let change =
            change.summary(post, parse::summarize(&envelope.raw)).event(Event::Held { post, reason });
        Ok((asked(&self.desk, change, Some(list.id), (post, reason), seen, now)?, true))
    }

    /// What is no post is kept for a few days, and for the people it is meant for.
    fn take_other(
        &self,
        destination: &Destination,
        coming: Coming<'_>,
        change: Change,
    ) -> Result<Change, StoreError> {
        let Coming { seen, envelope, now, .. } = coming;
        let door = self.request_door(destination, &envelope.raw);
        let (list, reason) = match destination {
            Destination::List(list, ListDoor::Animators) => (Some(list.id), Some(HoldReason::ToAnimators)),
            Destination::List(list, _) | Destination::Post(list) => {
                (Some(list.id), Some(HoldReason::Request))
            }
            Destination::Answer(_) => (self.list_asked_about(door)?, Some(HoldReason::Request)),
            Destination::Service => (self.list_asked_about(door)?, Some(HoldReason::Request)),
            Destination::Operator => (None, Some(HoldReason::ToOperator)),
            Destination::Bounce(_) => (self.list_asked_about(door)?, None),
            Destination::Nobody => (None, None),
        };
        let automatic = seen.automatic && !matches!(destination, Destination::Operator);
        let comes_back = matches!(destination, Destination::Bounce(_));
        let door = door.filter(|_| comes_back || (!automatic && seen.proof != Proof::Disproved));
        let reports = seen.is_report && *destination == Destination::Operator;
        let door = door.or(reports.then_some(RequestDoor::Report));
        let (change, post) = self.keep(change, list, door, Shelf::Transit, coming)?;
        Ok(match reason {
            // Read once it is safe, as a post is.
            _ if door.is_some() => change,
            // What is disproved is never obeyed nor answered; people may still read it.
            Some(HoldReason::Request) if seen.proof == Proof::Disproved => {
                change.event(Event::Dropped { post, why: DropReason::Disproved, by: None })
            }
            Some(reason) if !automatic => {
                let change =
                    change.summary(post, parse::summarize(&envelope.raw)).event(Event::Held { post, reason });
                asked(&self.desk, change, list, (post, reason), seen, now)?
            }
            Some(_) => change.event(Event::Dropped { post, why: DropReason::Automatic, by: None }),
            None => change.event(Event::Dropped { post, why: DropReason::Obeyed, by: None }),
        })
    }

    fn keep(
        &self,
        change: Change,
        list: Option<ListId>,
        door: Option<RequestDoor>,
        shelf: Shelf,
        coming: Coming<'_>,
    ) -> Result<(Change, PostId), StoreError> {
        let Coming { seen, envelope, via, now } = coming;
        let post = self.desk.store.next_post();
        let id = format!("P{post}");
        let received = received_line(envelope, &self.desk.hostname, &id, now, &self.desk.zone);
        // Only what is written to all is for everybody's eyes.
        let cleaned = match shelf {
            Shelf::List(_) => disclosed::cleaned(&self.desk, &envelope.raw),
            Shelf::Transit => None,
        };
        let (written, disclosed) = match &cleaned {
            Some(cleaned) => (cleaned.raw.as_slice(), cleaned.disclosed.as_slice()),
            None => (envelope.raw.as_slice(), [].as_slice()),
        };
        let mut pieces = vec![seen.results.as_bytes(), received.as_bytes()];
        pieces.extend(auth::without_ours(written, &self.desk.hostname));
        let raw = pieces.concat();
        let sender = envelope.sender.address().map_or("", EmailAddress::as_str);
        let event = Event::Received {
            post,
            list,
            mail: crate::store::segments::MailPlace { file: String::new(), offset: 0, len: 0 },
            content: data_encoding::HEXLOWER.encode(&seen.content),
            author: seen.author,
            proof: seen.proof,
            via,
            door,
            disclosed: !disclosed.is_empty(),
        };
        let change = match shelf {
            // What is no post may come twice: two requests are two requests.
            Shelf::List(_) => change.expect(Expect::NewContent(list, seen.content)),
            Shelf::Transit => change,
        };
        let change = change.mail(post, shelf, &raw, sender, now).event(event);
        let ended = disclosed::ended(&self.desk, disclosed)?;
        Ok((ended.into_iter().fold(change, Change::event), post))
    }

    fn look_at(
        &self,
        envelope: &Envelope,
        found: Option<&Found>,
        unwanted: Unwanted,
    ) -> Result<Seen, StoreError> {
        let (headers, fault) = Headers::scan_leniently(&envelope.raw);
        let from = headers.get("from").map(|value| mailboxes(&value)).unwrap_or_default();
        let author = match from.into_iter().find_map(|mailbox| mailbox.address) {
            Some(address) => self.desk.store.person_at(&address)?.map(|person| person.id),
            None => None,
        };
        let form = if fault.is_some() { Form::Unreadable } else { form_of(&headers) };
        let content = parse::content_key(&envelope.raw);
        let proof = found.map_or(Proof::NoMeans, |found| found.proof);
        Ok(Seen {
            content,
            form,
            is_report: is_report(&headers),
            automatic: autoreply::automatic_post(&headers, envelope.sender.address()).is_some(),
            author,
            proof,
            unwanted,
            client: found.and_then(|found| found.client.as_ref()).map(|client| client.address),
            patience: match proof {
                Proof::CannotTell => self.put_off.patience(content, self.desk.now()),
                Proof::Proven | Proof::NoMeans | Proof::Disproved => Patience::Left,
            },
            signed_for: found.and_then(|found| found.signed_for.clone()),
            results: found.map_or_else(String::new, |found| auth::header(&self.desk.hostname, &found.checks)),
            bytes: envelope.raw.len() as u64,
        })
    }

    fn standing(&self, list: ListId, author: Option<PersonId>) -> Result<Standing, StoreError> {
        standing(&self.desk, list, author)
    }
}

impl Mailroom for PostRoom {
    fn ready(&self) -> Result<(), Reply> {
        self.desk.store.room().map_err(|error| later(&error))
    }

    async fn recipient(&self, sender: &ReversePath, recipient: &EmailAddress) -> Result<(), Reply> {
        self.may_receive(sender, recipient)
    }

    async fn receive(&self, envelope: Envelope) -> Vec<Reply> {
        let via = match envelope.protocol {
            Protocol::Smtp | Protocol::Esmtp | Protocol::Esmtps => Via::Smtp,
            Protocol::Lmtp => Via::Lmtp,
        };
        let message_id = Headers::scan_leniently(&envelope.raw).0.get("message-id");
        let message_id = message_id.map(|id| id.trim().chars().take(LOGGED_ID_CHARS_MAX).collect::<String>());
        let to: Vec<&str> = envelope.recipients.iter().map(EmailAddress::as_str).collect();
        let (peer, to, bytes) = (envelope.peer, to.join(" "), envelope.raw.len());
        let replies = self.take(envelope, via).await;
        let said: Vec<String> = replies.iter().map(ToString::to_string).collect();
        tracing::info!(%peer, message_id, to, bytes, reply = said.join(" / "), "a message was answered");
        replies
    }
}

/// More of a Message-ID is not logged; strangers choose them.
const LOGGED_ID_CHARS_MAX: usize = 200;

impl Share {
    fn reply(self) -> Reply {
        match self {
            Share::Kept => Reply::new(250, "2.0.0 taken, and kept"),
            Share::Refused(reply) => reply,
        }
    }
}

/// SMTP has one answer for all recipients: refused only if all are.
fn one_reply(shares: Vec<Share>) -> Reply {
    let mut refusals = Vec::new();
    for share in shares {
        match share {
            Share::Kept => return share.reply(),
            Share::Refused(reply) => refusals.push(reply),
        }
    }
    // One that may yet be taken asks for the whole to come again.
    let later = refusals.iter().position(|reply| reply.code() < 500);
    let first = later.unwrap_or(0);
    if refusals.is_empty() { Share::Kept.reply() } else { refusals.swap_remove(first) }
}
