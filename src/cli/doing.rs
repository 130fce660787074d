//! What a command was about to do, for the sentence that says why it did not.

use crate::admin::request::{HeldDecision, Rehearsal, ReindexWhat, Request, SetRight};
use crate::domain::list::ListState;

/// `cannot add anne@example.org to quartier@lists.example.org`
pub(super) fn cannot(request: &Request) -> String {
    format!("cannot {}", doing(request))
}

fn doing(request: &Request) -> String {
    match request {
        Request::ListCreate { address, .. } => format!("make the list {address}"),
        Request::ListLs => "show the lists".to_owned(),
        Request::ListShow { list } => format!("show {list}"),
        Request::ListHistory { list, .. } => format!("show what was decided in {list}"),
        Request::ListSet { list, .. } => format!("change {list}"),
        Request::ListState { list, state: ListState::Closed } => format!("close {list}"),
        Request::ListState { list, state: ListState::Open } => format!("reopen {list}"),
        Request::ListState { list, state: ListState::Removed } | Request::ListRemove { list } => {
            format!("remove {list}")
        }
        Request::MemberAdd { list, email, .. } => format!("add {email} to {list}"),
        Request::MemberAddOnPaper { list, .. } => format!("add somebody to {list}"),
        Request::MemberImport { list, .. } => format!("add members to {list}"),
        Request::MemberLs { list } => format!("show the members of {list}"),
        Request::MemberShow { email } | Request::PersonShow { email } => format!("show {email}"),
        Request::PersonExport { email } => format!("export {email}"),
        Request::PersonErase { email, .. } => format!("forget {email}"),
        Request::MemberSet { list, email, .. } => format!("change {email} on {list}"),
        Request::MemberRemove { list, email } => format!("take {email} out of {list}"),
        Request::Post { list, .. } => format!("post to {list}"),
        Request::Search { list, .. } => format!("search {list}"),
        Request::SetRight { message_id, how: SetRight::MoveTo(_), .. } => format!("move {message_id}"),
        Request::SetRight { message_id, how: SetRight::Split, .. } => format!("split off {message_id}"),
        Request::SetRight { message_id, how: SetRight::JoinWith(with), .. } => {
            format!("join the conversations of {message_id} and {with}")
        }
        Request::SetRight { message_id, how: SetRight::Withdraw, .. } => format!("withdraw {message_id}"),
        Request::Trace { message_id } => format!("trace {message_id}"),
        Request::HeldLs { list: None } => "show what waits".to_owned(),
        Request::HeldLs { list: Some(list) } => format!("show what waits for {list}"),
        Request::HeldShow { id } => format!("show {id}"),
        Request::HeldDecide { id, decision: HeldDecision::Accept } => format!("accept {id}"),
        Request::HeldDecide { id, decision: HeldDecision::Refuse(_) } => format!("refuse {id}"),
        Request::HeldDecide { id, decision: HeldDecision::Discard } => format!("discard {id}"),
        Request::DigestDraft { list } => format!("make the next digest of {list}"),
        Request::DigestSend { list } => format!("send a digest of {list}"),
        Request::DigestPrint { list, .. } => format!("print an edition of {list}"),
        Request::DigestShow { list, .. } => format!("show a digest of {list}"),
        Request::QueueLs => "show the queue".to_owned(),
        Request::QueueRetry { id: None } => "try the queue again".to_owned(),
        Request::QueueRetry { id: Some(id) } => format!("try {id} again"),
        Request::QueueDrop { id } => format!("drop {id}"),
        Request::QueueRelease { .. } => "let mail leave again".to_owned(),
        Request::OldAddresses { list } => format!("note old addresses of {list}"),
        Request::Import { list, rehearsal: Rehearsal::Dry, .. } => format!("rehearse an import into {list}"),
        Request::Import { list, rehearsal: Rehearsal::ForReal, .. } => format!("import into {list}"),
        Request::Export { list } => format!("export {list}"),
        Request::Fence => "see whether mail may leave".to_owned(),
        Request::Cut => "copy the data folder".to_owned(),
        Request::Facts { .. } | Request::Pages { .. } => "compare what is here".to_owned(),
        Request::CheckStore => "look at the data folder".to_owned(),
        Request::Reindex { what: ReindexWhat::Derived } => "build derived data again".to_owned(),
        Request::Reindex { what: ReindexWhat::All } => "build the whole state again".to_owned(),
    }
}
