//! What can be asked, as it travels over the control socket.

use serde::{Deserialize, Serialize};

use crate::domain::list::{Language, ListState};
use crate::domain::member::{Reading, Role};
use crate::domain::time::Timestamp;
use crate::domain::wish::PostsLeft;
use crate::flow::export::OpenFrom;
use crate::flow::opening::Past;

/// One command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the commands are described in docs/commands.md")]
pub enum Request {
    ListCreate {
        address: String,
        name: Option<String>,
        language: Option<Language>,
        preset: String,
        animators: Vec<String>,
    },
    ListLs,
    ListShow {
        list: String,
    },
    ListHistory {
        list: String,
        language: Option<Language>,
    },
    ListSet {
        list: String,
        settings: Vec<(String, String)>,
        past: Past,
    },
    ListState {
        list: String,
        state: ListState,
    },
    ListRemove {
        list: String,
    },
    MemberAdd {
        list: String,
        email: String,
        name: Option<String>,
        reading: Option<Reading>,
        role: Option<Role>,
        welcome: Welcoming,
    },
    /// Somebody without an address: their name, and who brings it.
    MemberAddOnPaper {
        list: String,
        who: String,
    },
    /// The file follows as one blob.
    MemberImport {
        list: String,
        welcome: Welcoming,
        bad_rows: BadRows,
    },
    MemberLs {
        list: String,
    },
    MemberShow {
        email: String,
    },
    MemberSet {
        list: String,
        email: String,
        settings: Vec<(String, String)>,
    },
    MemberRemove {
        list: String,
        email: String,
    },
    PersonShow {
        email: String,
    },
    PersonExport {
        email: String,
    },
    PersonErase {
        email: String,
        posts: PostsLeft,
    },
    /// The message follows as one blob.
    Post {
        list: String,
        sender: Option<String>,
    },
    /// Threads and posts of the archive, by Message-ID.
    SetRight {
        list: Option<String>,
        message_id: String,
        how: SetRight,
    },
    Trace {
        message_id: String,
    },
    Search {
        list: String,
        query: String,
    },
    HeldLs {
        list: Option<String>,
    },
    HeldShow {
        id: String,
    },
    HeldDecide {
        id: String,
        decision: HeldDecision,
    },
    DigestDraft {
        list: String,
    },
    DigestSend {
        list: String,
    },
    DigestShow {
        list: String,
        number: Option<u32>,
    },
    /// The PDF comes back as blobs; without a number the latest.
    DigestPrint {
        list: String,
        number: Option<u32>,
    },
    QueueLs,
    QueueRetry {
        id: Option<String>,
    },
    QueueDrop {
        id: String,
    },
    QueueRelease {
        newer_than: Option<Timestamp>,
    },
    /// The messages follow, a blob each.
    OldAddresses {
        list: String,
    },
    Import {
        list: String,
        rehearsal: Rehearsal,
        /// Of which of these messages on strangers may read them.
        #[serde(default)]
        open_from: OpenFrom,
    },
    /// The files come back as blobs.
    Export {
        list: String,
    },
    /// Which files there are and how long each is: the command copies them itself.
    Cut,
    /// Whether mail may leave.
    Fence,
    /// Everything the server holds, a fact a line in blobs that come back.
    Facts {
        after: u64,
    },
    /// Pages as strangers get them, one a line in blobs that come back.
    Pages {
        paths: Vec<String>,
    },
    CheckStore,
    Reindex {
        what: ReindexWhat,
    },
}

/// Whether new members get a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Welcoming {
    Letter,
    Silent,
}

/// What happens to a file of members in which some rows cannot be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadRows {
    /// The good ones are taken.
    Skip,
    /// None is.
    RefuseAll,
}

/// What is decided about something held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum HeldDecision {
    Accept,
    Refuse(String),
    Discard,
}

impl Request {
    /// An import of posts that are for whoever may read the list.
    pub fn import(list: String, rehearsal: Rehearsal) -> Request {
        Request::Import { list, rehearsal, open_from: OpenFrom::default() }
    }
}

/// What is set right about a post.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum SetRight {
    MoveTo(String),
    Split,
    JoinWith(String),
    Withdraw,
}

/// Whether anything is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rehearsal {
    /// Nothing is.
    Dry,
    /// It is.
    ForReal,
}

/// How much is built again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReindexWhat {
    /// Threads and what else pages need.
    Derived,
    /// The whole working state; mail is held back afterwards.
    All,
}
