//! What arrives at the door: who is it for, may it come in, and keeping it before anybody is told
//! that it was taken.
//!
//! Nothing here reads a body as MIME, and nothing is answered 250 before it is safe. What becomes
//! of a message afterwards is `decide_post`'s.

mod replies;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::replies::{Share, later, one_reply, refusal_reply};
use super::{Desk, obey_command, requests};
use crate::domain::address::EmailAddress;
use crate::domain::door::{self, Admission, Arrival, Form, RECEIVED_MAX, Refusal, Standing, Writer};
use crate::domain::ids::{ListId, PersonId, PostId};
use crate::domain::list::{Language, List};
use crate::domain::member::{Joined, MemberState, Role};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::recipient::{ListDoor, LocalPart, meanings};
use crate::domain::time::Timestamp;
use crate::letters::{DoorRefusal, door as words};
use crate::mail::autoreply;
use crate::mail::headers::Headers;
use crate::mail::parse::{self, SingletonFault};
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
    Bounce,
    Nobody,
}

/// What is known of a message before anything is kept.
struct Seen {
    content: [u8; 32],
    form: Form,
    automatic: bool,
    author: Option<PersonId>,
    proof: Proof,
    bytes: u64,
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
    /// The mailroom of a desk.
    pub fn new(desk: Arc<Desk>) -> PostRoom {
        PostRoom { desk }
    }

    fn destination(&self, address: &EmailAddress) -> Result<Destination, StoreError> {
        let ours = address.domain().eq_ignore_ascii_case(&self.desk.hostname);
        for meaning in meanings(address.local_part()) {
            match meaning {
                LocalPart::List { name, door } => {
                    let lists = self.desk.store.reader().lists_named(&name)?;
                    let here = |list: &List| list.address.domain().eq_ignore_ascii_case(address.domain());
                    let Some(list) = lists.into_iter().find(here) else { continue };
                    return Ok(match door {
                        ListDoor::Post => Destination::Post(Box::new(list)),
                        ListDoor::Bounce(_) => Destination::Bounce,
                        ListDoor::Join
                        | ListDoor::Leave
                        | ListDoor::LeaveByToken(_)
                        | ListDoor::Help
                        | ListDoor::Request
                        | ListDoor::Animators
                        | ListDoor::Poll
                        | ListDoor::Event
                        | ListDoor::Search
                        | ListDoor::Answer(_) => Destination::List(Box::new(list), door),
                    });
                }
                LocalPart::Operator if ours || self.is_our_domain(address)? => {
                    return Ok(Destination::Operator);
                }
                LocalPart::Service if ours => return Ok(Destination::Service),
                LocalPart::Bounce(_) if ours || self.is_our_domain(address)? => {
                    return Ok(Destination::Bounce);
                }
                LocalPart::Answer(token) if ours || self.is_our_domain(address)? => {
                    return Ok(Destination::Answer(token));
                }
                LocalPart::Operator | LocalPart::Service | LocalPart::Bounce(_) | LocalPart::Answer(_) => {}
            }
        }
        Ok(Destination::Nobody)
    }

    fn is_our_domain(&self, address: &EmailAddress) -> Result<bool, StoreError> {
        let lists = self.desk.store.reader().lists()?;
        Ok(lists.iter().any(|list| list.address.domain().eq_ignore_ascii_case(address.domain())))
    }

    fn may_receive(&self, sender: &ReversePath, address: &EmailAddress) -> Result<(), Reply> {
        let relay_denied = || Reply::new(550, "5.7.1 we do not carry mail for that domain");
        match self.destination(address).map_err(|error| later(&error))? {
            Destination::Post(list) if sender.is_null() => Err(Reply::new(
                550,
                &format!("5.7.1 {}", words(DoorRefusal::NullSender, list.settings.language)),
            )),
            Destination::Nobody => {
                let ours = address.domain().eq_ignore_ascii_case(&self.desk.hostname)
                    || self.is_our_domain(address).map_err(|error| later(&error))?;
                if !ours {
                    return Err(relay_denied());
                }
                Err(Reply::new(550, &format!("5.1.1 {}", words(DoorRefusal::UnknownAddress, Language::Fr))))
            }
            Destination::Post(_)
            | Destination::List(..)
            | Destination::Service
            | Destination::Answer(_)
            | Destination::Operator
            | Destination::Bounce => Ok(()),
        }
    }

    /// Keeps a message for everybody it was written to. One reply, or for LMTP one each.
    pub async fn take(&self, envelope: Envelope, via: Via) -> Vec<Reply> {
        self.take_as(envelope, via, None).await
    }

    /// The same where it is known already who really writes.
    pub async fn take_as(&self, envelope: Envelope, via: Via, proof: Option<Proof>) -> Vec<Reply> {
        let per_recipient = envelope.protocol == Protocol::Lmtp;
        let count = envelope.recipients.len();
        let _taking = Taking::one(&self.desk.taking);
        match self.try_take(&envelope, via, proof).await {
            Ok(shares) if per_recipient => shares.into_iter().map(|share| share.reply()).collect(),
            Ok(shares) => vec![one_reply(shares)],
            Err(error) => vec![later(&error); if per_recipient { count } else { 1 }],
        }
    }

    async fn try_take(
        &self,
        envelope: &Envelope,
        via: Via,
        proof: Option<Proof>,
    ) -> Result<Vec<Share>, StoreError> {
        let mut seen = self.look_at(envelope)?;
        seen.proof = proof.unwrap_or(seen.proof);
        for _ in 0..ATTEMPTS_MAX {
            let now = self.desk.now();
            let mut change = Change::at(now);
            let mut shares = Vec::with_capacity(envelope.recipients.len());
            let (mut left, mut refused) = (Vec::new(), Vec::new());
            let mut anything = false;
            for address in &envelope.recipients {
                let share = match self.destination(address)? {
                    Destination::Post(list) => {
                        let (share, next) = self.take_post(&list, &seen, envelope, via, change, now)?;
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
                    | Destination::Bounce
                    | Destination::Nobody) => {
                        anything = true;
                        change = self.take_other(&other, &seen, envelope, via, change, now)?;
                        Share::Kept
                    }
                };
                shares.push(share);
            }
            let one_answer = envelope.protocol != Protocol::Lmtp;
            if one_answer && shares.iter().any(|share| matches!(share, Share::Kept)) {
                for list in refused {
                    let held = self.hold_beside(&list, &seen, envelope, via, change, now)?;
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
        seen: &Seen,
        envelope: &Envelope,
        via: Via,
        change: Change,
        now: Timestamp,
    ) -> Result<(Share, (Change, bool)), StoreError> {
        let headers = Headers::scan_leniently(&envelope.raw).0;
        let own_copy =
            autoreply::carries_list_mark(&headers, &list.address.list_id(), &list.address.to_string());
        let arrival = Arrival {
            bytes: seen.bytes,
            standing: self.standing(list.id, seen.author)?,
            proof: seen.proof,
            form: if own_copy { Form::OwnCopy } else { seen.form },
            writer: if seen.automatic { Writer::Machine } else { Writer::Person },
        };
        let language = list.settings.language;
        match door::admit(list, &arrival) {
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
                    && requests::looks_like(&self.desk, list, &envelope.raw)?.is_some() => {}
            Admission::Refuse(refusal) => {
                return Ok((Share::Refused(refusal_reply(list, refusal, language)), (change, false)));
            }
        }
        if let Some(earlier) = self.desk.store.same_content(Some(list.id), &seen.content)? {
            tracing::info!(list = %list.address, post = %earlier, "the same post came again");
            return Ok((Share::Kept, (change, false)));
        }
        let shelf = Shelf::List(list.id);
        let (change, _) = self.keep(change, Some(list.id), None, shelf, seen, envelope, via, now);
        Ok((Share::Kept, (change, true)))
    }

    /// SMTP has one answer for all recipients. Where that is 250 for another list's sake, this one
    /// cannot refuse any more: the post waits for those who look after it, and is not lost.
    fn hold_beside(
        &self,
        list: &List,
        seen: &Seen,
        envelope: &Envelope,
        via: Via,
        change: Change,
        now: Timestamp,
    ) -> Result<(Change, bool), StoreError> {
        if self.desk.store.same_content(Some(list.id), &seen.content)?.is_some() {
            return Ok((change, false));
        }
        let shelf = Shelf::List(list.id);
        let (change, post) = self.keep(change, Some(list.id), None, shelf, seen, envelope, via, now);
        let held = Event::Held { post, reason: HoldReason::OtherList };
        Ok((change.summary(post, parse::summarize(&envelope.raw)).event(held), true))
    }

    /// What is no post is kept for a few days, and for the people it is meant for.
    fn take_other(
        &self,
        destination: &Destination,
        seen: &Seen,
        envelope: &Envelope,
        via: Via,
        change: Change,
        now: Timestamp,
    ) -> Result<Change, StoreError> {
        let door = self.request_door(destination);
        let (list, reason) = match destination {
            Destination::List(list, ListDoor::Animators) => (Some(list.id), Some(HoldReason::ToAnimators)),
            Destination::List(list, _) | Destination::Post(list) => {
                (Some(list.id), Some(HoldReason::Request))
            }
            Destination::Answer(_) => (self.list_asked_about(door)?, Some(HoldReason::Request)),
            Destination::Service => (None, Some(HoldReason::Request)),
            Destination::Operator => (None, Some(HoldReason::ToOperator)),
            Destination::Bounce | Destination::Nobody => (None, None),
        };
        let automatic = seen.automatic && !matches!(destination, Destination::Operator);
        let door = door.filter(|_| !automatic);
        let (change, post) = self.keep(change, list, door, Shelf::Transit, seen, envelope, via, now);
        Ok(match reason {
            // Read once it is safe, as a post is.
            Some(_) if door.is_some() => change,
            Some(reason) if !automatic => {
                change.summary(post, parse::summarize(&envelope.raw)).event(Event::Held { post, reason })
            }
            Some(_) => change.event(Event::Dropped { post, why: DropReason::Automatic, by: None }),
            None => change.event(Event::Dropped { post, why: DropReason::Obeyed, by: None }),
        })
    }

    /// What a mail to an address beside a list's own asks for, if it is ours to read. A token that
    /// is none of ours says nothing: the words alone count.
    fn request_door(&self, destination: &Destination) -> Option<RequestDoor> {
        let answer = |token: &str| match requests::question_of_token(&self.desk, token) {
            Some(question) => RequestDoor::Answer(question),
            None => RequestDoor::Request,
        };
        match destination {
            Destination::List(_, door) => match door {
                ListDoor::Join => Some(RequestDoor::Join),
                ListDoor::Leave => Some(RequestDoor::Leave),
                ListDoor::Help => Some(RequestDoor::Help),
                ListDoor::Request => Some(RequestDoor::Request),
                ListDoor::Answer(token) => Some(answer(token)),
                ListDoor::LeaveByToken(_)
                | ListDoor::Post
                | ListDoor::Animators
                | ListDoor::Poll
                | ListDoor::Event
                | ListDoor::Search
                | ListDoor::Bounce(_) => None,
            },
            Destination::Answer(token) => Some(answer(token)),
            Destination::Service => Some(RequestDoor::Request),
            Destination::Post(_) | Destination::Operator | Destination::Bounce | Destination::Nobody => None,
        }
    }

    fn list_asked_about(&self, door: Option<RequestDoor>) -> Result<Option<ListId>, StoreError> {
        let Some(RequestDoor::Answer(question)) = door else { return Ok(None) };
        Ok(self.desk.store.question(question)?.and_then(|asked| asked.question.list))
    }

    #[allow(clippy::too_many_arguments, reason = "each is one fact of the same moment")]
    fn keep(
        &self,
        change: Change,
        list: Option<ListId>,
        door: Option<RequestDoor>,
        shelf: Shelf,
        seen: &Seen,
        envelope: &Envelope,
        via: Via,
        now: Timestamp,
    ) -> (Change, PostId) {
        let post = self.desk.store.next_post();
        let id = format!("P{post}");
        let received = received_line(envelope, &self.desk.hostname, &id, now, &self.desk.zone);
        let raw = [received.as_bytes(), &envelope.raw].concat();
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
        };
        let change = match shelf {
            // What is no post may come twice: two requests are two requests.
            Shelf::List(_) => change.expect(Expect::NewContent(list, seen.content)),
            Shelf::Transit => change,
        };
        (change.mail(post, shelf, &raw, sender, now).event(event), post)
    }

    fn look_at(&self, envelope: &Envelope) -> Result<Seen, StoreError> {
        let (headers, fault) = Headers::scan_leniently(&envelope.raw);
        let from = headers.get("from").map(|value| mailboxes(&value)).unwrap_or_default();
        let author = match from.into_iter().find_map(|mailbox| mailbox.address) {
            Some(address) => self.desk.store.person_at(&address)?.map(|person| person.id),
            None => None,
        };
        let not_one_author = |fault: &SingletonFault| match fault {
            SingletonFault::Repeated(_) => false,
            SingletonFault::NoFrom
            | SingletonFault::SeveralFrom
            | SingletonFault::SeveralAuthors
            | SingletonFault::GroupInFrom
            | SingletonFault::NoAuthorAddress
            | SingletonFault::BlankBeforeColon => true,
        };
        let form = if fault.is_some() {
            Form::Unreadable
        } else if headers.count("received") > RECEIVED_MAX {
            Form::TooManyHops
        } else if parse::singleton_faults(&headers).iter().any(not_one_author) {
            Form::NotOneAuthor
        } else {
            Form::Sound
        };
        Ok(Seen {
            content: parse::content_key(&envelope.raw),
            form,
            automatic: autoreply::automatic_post(&headers, envelope.sender.address()).is_some(),
            author,
            // Signatures and SPF are not looked at yet: nobody has the means to prove anything.
            proof: Proof::NoMeans,
            bytes: envelope.raw.len() as u64,
        })
    }

    fn standing(&self, list: ListId, author: Option<PersonId>) -> Result<Standing, StoreError> {
        standing(&self.desk, list, author)
    }
}

/// Who somebody is to a list.
pub(super) fn standing(desk: &Desk, list: ListId, author: Option<PersonId>) -> Result<Standing, StoreError> {
    let Some(person) = author else { return Ok(Standing::Stranger) };
    let Some(member) = desk.store.member(list, person)? else { return Ok(Standing::Stranger) };
    Ok(match (member.state, member.role, member.joined) {
        (MemberState::Left | MemberState::Pending, _, _) => Standing::Stranger,
        (_, Role::Animator, _) => Standing::Animator,
        (_, Role::Member, Joined::Confirmed) if member.posts == 0 => Standing::Newcomer,
        (_, Role::Member, Joined::Confirmed | Joined::Declared | Joined::Imported) => Standing::Member,
    })
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
