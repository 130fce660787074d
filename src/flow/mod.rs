//! What Parvis does, in the order a post meets it: `receive`, `decide`, `publish`, `send`; what people ask
//! for, and what time brings.
//!
//! Rules are asked for a verdict (`domain`), bytes are made (`mail`, `letters`), changes are
//! committed (`store`), copies are handed to an outbox (`smtp`). No sockets, no keys, no clock:
//! the moment is an argument, or asked of a [`Clock`] that `serve` owns.

pub mod about;
pub mod after_restore;
mod author;
mod bounces;
pub mod decide;
pub mod digests;
pub mod export;
pub mod forget;
pub mod history;
pub mod import;
pub mod keep_house;
mod letter_ids;
pub mod lists;
mod looking;
pub mod members_csv;
pub mod membership;
pub mod moderate;
pub mod obey_command;
pub mod opening;
mod publish;
pub mod receive;
mod requests;
pub mod retain;
pub mod send;
pub mod set_right;
pub mod sign_in;
mod summaries;
mod whereabouts;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use self::send::compose_copy::page_of;
use self::send::letter_waits::LetterWaits;
use crate::digest::DigestTemplates;
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::list::{Language, List, ListAddress};
use crate::domain::member::{MemberState, Membership};
use crate::domain::recipient::{ListDoor, word_for};
use crate::domain::retry::RetrySchedule;
use crate::domain::time::{Timestamp, Zone};
use crate::domain::token::Token;
use crate::letters::Letters;
use crate::search::Search;
use crate::sign::Signer;
use crate::store::{Store, StoreError};
use crate::understand::PhraseBook;

/// The folder, below the data, of what removed lists held.
pub const REMOVED: &str = "removed";

/// Tells the moment; in tests, whatever the test says.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Shows pages as strangers get them: of each path its status and its text.
pub type PagesAside = Box<dyn Fn(&[String]) -> Vec<(u16, String)> + Send + Sync>;

/// What everything here needs to know and cannot find in the store.
pub struct Desk {
    /// All that is kept.
    pub store: Arc<Store>,
    /// Finds words in the archive.
    pub search: Search,
    /// The mails we write ourselves.
    pub letters: Letters,
    /// What digests are printed with.
    pub digests: DigestTemplates,
    /// What people write to us, as they say it.
    pub phrases: PhraseBook,
    /// Who we are in EHLO and Message-IDs.
    pub hostname: String,
    /// What links begin with, without a slash at the end.
    pub base_url: String,
    /// Of a list that names none.
    pub language: Language,
    /// In which days begin, for those who told us no other.
    pub zone: Zone,
    /// What signs all that leaves; `None`: nothing does.
    pub signer: Option<Arc<Signer>>,
    /// Who runs the server, if they want to be written to.
    pub operator: Option<EmailAddress>,
    /// Domains whose mail other servers do not believe from us, in lower case.
    pub rewrite_from_always: Vec<String>,
    /// When copies are tried again.
    pub retry: RetrySchedule,
    /// The moment.
    pub clock: Clock,
    /// Rings when the queue should be looked at though no line was written.
    pub bell: Arc<tokio::sync::Notify>,
    /// Letters that were put off.
    pub letter_waits: Arc<LetterWaits>,
    /// Messages being kept at this moment; a server waits for each.
    pub taking: AtomicUsize,
    /// Shows pages as strangers get them, where there are any.
    pub pages: OnceLock<PagesAside>,
}

/// Why something could not be carried out. The machine failed; nobody was refused anything.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FlowError {
    /// Whether it is for want of room on the disk: what was to be done can be done later.
    pub fn is_for_want_of_room(&self) -> bool {
        matches!(self, FlowError::Store(StoreError::Full))
    }
}

/// How often it is looked whether a full disk has room again.
pub const FULL_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

impl Desk {
    /// The moment.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Has the queue looked at.
    pub fn nudge(&self) {
        self.bell.notify_one();
    }

    /// The page of a list's archive.
    pub fn archive_url(&self, list: &List) -> String {
        format!("{}/{}/", self.base_url, list.address.name())
    }

    /// The lasting page of a post.
    pub fn post_url(&self, list: &List, id: &MessageId) -> String {
        page_of(self, list, id)
    }

    /// The lasting page of an edition.
    pub fn edition_url(&self, list: &List, number: u32) -> String {
        format!("{}e/{number}/", self.archive_url(list))
    }

    /// The page where one click leaves a list.
    pub fn leave_url(&self, token: &Token) -> String {
        format!("{}/u/{token}", self.base_url)
    }

    /// The page that lets whoever holds the token read what members may.
    pub fn sign_in_url(&self, token: &Token) -> String {
        format!("{}/in/{token}", self.base_url)
    }
}

/// Who is a member: neither gone, nor still asking.
pub(crate) fn is_current(member: &Membership) -> bool {
    !matches!(member.state, MemberState::Left | MemberState::Pending)
}

/// An address beside a list's own, in the list's language: `quartier-aide@…`.
pub fn beside(list: &List, door: &ListDoor) -> String {
    list.address.beside(word_for(door, list.settings.language))
}

/// The address that makes whom the token names leave: `quartier-stop+TOKEN@…`.
pub fn leave_address(address: &ListAddress, language: Language, token: &Token) -> EmailAddress {
    let word = word_for(&ListDoor::Leave, language);
    token_address(address, &format!("{}-{word}", address.name()), "re", token)
}

/// Where a letter is answered: `quartier+TOKEN@…`, or `re+TOKEN@` of the host for a letter about no list.
pub fn answer_address(hostname: &str, list: Option<&ListAddress>, token: &Token) -> EmailAddress {
    match list {
        Some(list) => token_address(list, list.name(), "re", token),
        None => EmailAddress::parse(&format!("re+{token}@{hostname}"))
            .expect("a token and a host make an address"),
    }
}

/// Where a copy comes back that could not be delivered: `quartier-bounces+TOKEN@…` (VERP).
pub fn bounce_address(address: &ListAddress, token: &Token) -> EmailAddress {
    token_address(address, &format!("{}-bounces", address.name()), "bounces", token)
}

/// A name that was imported may be too long for a token behind it; then the host's own is used.
fn token_address(address: &ListAddress, name: &str, short: &str, token: &Token) -> EmailAddress {
    let parse = |name: &str| EmailAddress::parse(&format!("{name}+{token}@{}", address.domain()));
    parse(name).or_else(|_| parse(short)).expect("a token and a list's domain make an address")
}
