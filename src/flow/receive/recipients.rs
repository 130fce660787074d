//! What each recipient means, whether it may be written to, and whether there is room for one more
//! stranger.

use super::caps::Room;
use super::replies::later;
use super::{Destination, PostRoom, Seen};
use crate::domain::address::EmailAddress;
use crate::domain::door::{Form, RECEIVED_MAX, Standing};
use crate::domain::ids::{ListId, PostId};
use crate::domain::list::{Language, List};
use crate::domain::moderation::HoldReason;
use crate::domain::proof::Proof;
use crate::domain::recipient::{ListDoor, LocalPart, meanings};
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::domain::unwanted::Unwanted;
use crate::flow::moderate::{self, Held};
use crate::flow::{Desk, FlowError, answer_address, bounces, digests, is_current, letter_ids, requests};
use crate::letters::{DoorRefusal, door as words};
use crate::mail::answering;
use crate::mail::headers::Headers;
use crate::mail::parse::{SingletonFault, singleton_faults};
use crate::mail::subject::is_answered;
use crate::mail::words::{clean, decode};
use crate::smtp::envelope::{Envelope, ReversePath};
use crate::smtp::reply::Reply;
use crate::store::change::Change;
use crate::store::event::RequestDoor;
use crate::store::{OpenQuestion, StoreError};

/// The form of a header that could be read.
pub(super) fn form_of(headers: &Headers<'_>) -> Form {
    let not_one_author = |fault: &SingletonFault| match fault {
        SingletonFault::Repeated(_) => false,
        SingletonFault::NoFrom
        | SingletonFault::SeveralFrom
        | SingletonFault::SeveralAuthors
        | SingletonFault::GroupInFrom
        | SingletonFault::NoAuthorAddress
        | SingletonFault::BlankBeforeColon => true,
    };
    if headers.count("received") > RECEIVED_MAX {
        Form::TooManyHops
    } else if singleton_faults(headers).iter().any(not_one_author) {
        Form::NotOneAuthor
    } else {
        Form::Sound
    }
}

/// Whether a message says of itself that it reports something (RFC 6522).
pub(super) fn is_report(headers: &Headers<'_>) -> bool {
    let kind = headers.get("content-type").map(|kind| kind.trim_start().to_ascii_lowercase());
    kind.is_some_and(|kind| kind.starts_with("multipart/report"))
}

/// With the question to those who look after the list, where something waits for them.
pub(super) fn asked(
    desk: &Desk,
    change: Change,
    list: Option<ListId>,
    (post, reason): (PostId, HoldReason),
    seen: &Seen,
    now: Timestamp,
) -> Result<Change, StoreError> {
    let list = list.map(|list| desk.store.list(list)).transpose()?.flatten();
    // Machines and probable forgers are kept for the operator, and no letter is written about them.
    let is_worth_a_letter =
        !seen.automatic && seen.unwanted == Unwanted::No && seen.proof != Proof::Disproved;
    let asking = match &list {
        Some(list) => {
            let held = Held { post, reason, proof: seen.proof, author: seen.author };
            moderate::ask(desk, list, held, now)
        }
        None if reason == HoldReason::ToOperator && is_worth_a_letter => moderate::pass_on(desk, post),
        None => return Ok(change),
    };
    match asking {
        Ok(asking) => Ok(asking.onto(change)),
        Err(FlowError::Store(error)) => Err(error),
    }
}

impl PostRoom {
    pub(super) fn destination(&self, address: &EmailAddress) -> Result<Destination, StoreError> {
        let ours = address.domain().eq_ignore_ascii_case(&self.desk.hostname);
        for meaning in meanings(address.local_part()) {
            match meaning {
                LocalPart::List { name, door } => {
                    let lists = self.desk.store.reader().lists_named(&name)?;
                    let here = |list: &List| list.address.domain().eq_ignore_ascii_case(address.domain());
                    let Some(list) = lists.into_iter().find(here) else { continue };
                    return Ok(match door {
                        ListDoor::Post => Destination::Post(Box::new(list)),
                        ListDoor::Bounce(token) => Destination::Bounce(token),
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
                LocalPart::Bounce(token) if ours || self.is_our_domain(address)? => {
                    return Ok(Destination::Bounce(token));
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

    pub(super) fn may_receive(&self, sender: &ReversePath, address: &EmailAddress) -> Result<(), Reply> {
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
            | Destination::Bounce(_) => Ok(()),
        }
    }

    /// What a mail to an address beside a list's own asks for, if it is ours to read. A token that
    /// is none of ours says nothing: the words alone count.
    ///
    /// Where one asks for anything, an answer to a letter that asks is one to its question, though the
    /// program it comes from knows no Reply-To.
    pub(super) fn request_door(&self, destination: &Destination, raw: &[u8]) -> Option<RequestDoor> {
        let door = self.door_of(destination);
        match door {
            Some(RequestDoor::Help | RequestDoor::Request) => {
                letter_ids::question_answered(&self.desk, raw).or(door)
            }
            other => other,
        }
    }

    fn door_of(&self, destination: &Destination) -> Option<RequestDoor> {
        let answer = |token: &str| requests::door_of_token(&self.desk, token).unwrap_or(RequestDoor::Request);
        match destination {
            Destination::List(_, door) => match door {
                ListDoor::Join => Some(RequestDoor::Join),
                ListDoor::Leave => Some(RequestDoor::Leave),
                ListDoor::Help => Some(RequestDoor::Help),
                ListDoor::Request => Some(RequestDoor::Request),
                ListDoor::Search => Some(RequestDoor::Search),
                ListDoor::Answer(token) => Some(answer(token)),
                ListDoor::LeaveByToken(_)
                | ListDoor::Post
                | ListDoor::Animators
                | ListDoor::Poll
                | ListDoor::Event
                | ListDoor::Bounce(_) => None,
            },
            Destination::Answer(token) => Some(answer(token)),
            Destination::Service => Some(RequestDoor::Request),
            Destination::Bounce(token) => bounces::door(&self.desk, token),
            Destination::Post(_) | Destination::Operator | Destination::Nobody => None,
        }
    }

    pub(super) fn list_asked_about(&self, door: Option<RequestDoor>) -> Result<Option<ListId>, StoreError> {
        let asked_about = |asked: OpenQuestion| asked.question.list;
        Ok(match door {
            Some(RequestDoor::Answer(question)) => self.desk.store.question(question)?.and_then(asked_about),
            Some(RequestDoor::Digest { issue }) => self.desk.store.issue(issue)?.map(|issue| issue.list),
            Some(RequestDoor::Private { post } | RequestDoor::Bounce { post, .. }) => {
                self.desk.store.post(post)?.and_then(|info| info.list)
            }
            Some(RequestDoor::Probe { list, .. }) => Some(list),
            Some(
                RequestDoor::Join
                | RequestDoor::Leave
                | RequestDoor::Help
                | RequestDoor::Request
                | RequestDoor::Search
                | RequestDoor::Report
                | RequestDoor::Post,
            )
            | None => None,
        })
    }

    /// What is written to the address of a post in a digest is an answer to that post, for its list.
    pub(super) fn told_what_it_answers(&self, envelope: &mut Envelope) -> Result<(), StoreError> {
        let all = envelope.recipients.clone();
        for recipient in &mut envelope.recipients {
            let token = meanings(recipient.local_part()).into_iter().find_map(|meaning| match meaning {
                LocalPart::List { door: ListDoor::Answer(token), .. } | LocalPart::Answer(token) => {
                    Some(token)
                }
                LocalPart::List { .. } | LocalPart::Service | LocalPart::Operator | LocalPart::Bounce(_) => {
                    None
                }
            });
            let purpose = token.and_then(|token| self.desk.store.tokens().read(&token));
            if purpose.is_none()
                && let Some(answered) = self.answered_at_list(recipient, &all, &envelope.raw)?
            {
                *recipient = answered;
                continue;
            }
            let Some(Purpose::Answer { post }) = purpose else { continue };
            let Some(post) = self.desk.store.reader().post(post)? else { continue };
            let Some(list) = self.desk.store.list(post.list)? else { continue };
            let Ok(address) = EmailAddress::parse(&list.address.to_string()) else { continue };
            envelope.raw = answering::in_thread(&envelope.raw, &post.message_id, &post.references);
            *recipient = address;
        }
        Ok(())
    }

    /// What a mail to a list answers that no other member has: a letter that asks its author something,
    /// or a whole digest. Where that is answered.
    fn answered_at_list(
        &self,
        recipient: &EmailAddress,
        all: &[EmailAddress],
        raw: &[u8],
    ) -> Result<Option<EmailAddress>, StoreError> {
        let (list, to_animators) = match self.destination(recipient)? {
            Destination::Post(list) => (list, false),
            Destination::List(list, ListDoor::Animators) => (list, true),
            Destination::List(..)
            | Destination::Service
            | Destination::Operator
            | Destination::Answer(_)
            | Destination::Bounce(_)
            | Destination::Nobody => return Ok(None),
        };
        let (headers, _) = Headers::scan_leniently(raw);
        let subject = headers.get("subject").map(|subject| clean(&decode(&subject))).unwrap_or_default();
        // Who wrote another subject over it began something of their own.
        if !is_answered(&subject) {
            return Ok(None);
        }
        // What animators say to each other about anything but a draft, which each of them has, is theirs.
        if to_animators {
            return letter_ids::draft_answered(&self.desk, &headers, all);
        }
        match letter_ids::address_answered(&self.desk, &headers, all) {
            Some(address) => Ok(Some(address)),
            None => self.digest_answered(&list, &headers),
        }
    }

    /// A whole digest that a mail to its list answers: where that is answered.
    fn digest_answered(&self, list: &List, headers: &Headers) -> Result<Option<EmailAddress>, StoreError> {
        let answered = headers.get("in-reply-to").unwrap_or_default();
        let issue = digests::issue_of_id(&self.desk, &answered)?.filter(|issue| issue.list == list.id);
        let token = |number| self.desk.store.tokens().token(Purpose::Digest { issue: number });
        Ok(issue.map(|issue| answer_address(&self.desk.hostname, Some(&list.address), &token(issue.number))))
    }

    /// In which language this is refused to all it is for; none: the operator is among them.
    pub(super) fn language_without_operator(
        &self,
        envelope: &Envelope,
    ) -> Result<Option<Language>, StoreError> {
        let mut language = None;
        for address in &envelope.recipients {
            match self.destination(address)? {
                Destination::Operator => return Ok(None),
                Destination::Post(list) | Destination::List(list, _) => {
                    language.get_or_insert(list.settings.language);
                }
                Destination::Service
                | Destination::Answer(_)
                | Destination::Bounce(_)
                | Destination::Nobody => {}
            }
        }
        Ok(Some(language.unwrap_or(self.desk.language)))
    }

    /// Whether strangers may write to these people once more.
    pub(super) fn room_for(
        &self,
        destination: &Destination,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<Room, StoreError> {
        if matches!(destination, Destination::List(_, ListDoor::Join))
            && self.caps.one_more_join(seen.client, now) == Room::Full
        {
            return Ok(Room::Full);
        }
        let list = match destination {
            Destination::List(_, ListDoor::Answer(_))
            | Destination::Answer(_)
            | Destination::Bounce(_)
            | Destination::Nobody => {
                return Ok(Room::Left);
            }
            Destination::List(list, _) | Destination::Post(list) => Some(list.id),
            Destination::Service | Destination::Operator => None,
        };
        let known = match list {
            Some(list) => self.standing(list, seen.author)? != Standing::Stranger,
            // Whoever only asked to join is a stranger still.
            None => match seen.author {
                Some(author) => self.desk.store.memberships(author)?.iter().any(is_current),
                None => false,
            },
        };
        // Anybody can write a member's address in From, and must not see by this whose it is.
        Ok(if known && seen.proof == Proof::Proven {
            Room::Left
        } else {
            self.caps.one_more(list, seen.client, now)
        })
    }
}
