//! An issue as a mail, in one language: gathered from the archive when it is sent.

use super::sheet::{Gathered, Made, gather, has_archive, sheet};
use crate::digest::{self, Enclosed};
use crate::domain::ids::{ListId, MessageId, PostId};
use crate::domain::list::{Language, List};
use crate::domain::member::DigestForm;
use crate::domain::recipient::ListDoor;
use crate::domain::time::Timestamp;
use crate::domain::token::Purpose;
use crate::flow::send::compose_copy::{ListWords, page_of};
use crate::flow::{Desk, FlowError, answer_address, beside};
use crate::mail::compose::{self, PreparedCopy};
use crate::mail::words;
use crate::store::StoreError;
use crate::store::issue::Issue;

/// What all its readers in that language get, of these lists if any is named; nothing if no post of
/// it is there any more.
pub(in crate::flow) fn compose(
    desk: &Desk,
    (issue, of): (&Issue, &[ListId]),
    list: &List,
    language: Language,
) -> Result<Option<PreparedCopy>, FlowError> {
    let edition = match issue.edition {
        Some(number) => desk.store.reader().edition(list.id, number)?,
        None => None,
    };
    let mut gathered = gather(desk, &issue.posts, of, edition.as_ref().map(|shown| &shown.edition))?;
    // As its contents say it.
    gathered.sort_by_key(|post| post.conversation);
    let made = Made { number: issue.edition, shown: edition.as_ref(), at: issue.at, part: issue.part };
    let Some(sheet) = sheet(desk, list, language, &gathered, &made)? else { return Ok(None) };
    let (fields, body) = match issue.form {
        DigestForm::Page => {
            let bodies = desk.digests.print(&sheet);
            for fault in &bodies.faults {
                tracing::warn!(template = %fault.path.display(), why = %fault.why, "a digest's own template was not used");
            }
            digest::page(&bodies)
        }
        DigestForm::Mime => digest::mime(&sheet, &enclosed(desk, list, &gathered)),
        DigestForm::Plain => digest::plain(&sheet, &enclosed(desk, list, &gathered)),
    };
    let head = head(desk, list, issue, &sheet.title, issue.at, language);
    let raw = [head.as_bytes(), &fields, b"\r\n", &body].concat();
    Ok(Some(compose::prepare(&raw, &ListWords::new(desk, list).edits(language))))
}

/// RFC 3834 §5: a machine wrote it. It is no post, so it has no page of the archive.
fn head(
    desk: &Desk,
    list: &List,
    issue: &Issue,
    title: &str,
    since: Timestamp,
    language: Language,
) -> String {
    let from = beside(list, &ListDoor::Request);
    let token = desk.store.tokens().token(Purpose::Digest { issue: issue.number });
    let answers = answer_address(&desk.hostname, Some(&list.address), &token);
    let name = words::phrase(&list.settings.name, "From: ".len());
    let id = message_id(desk, issue);
    format!(
        "From: {name}\r\n <{from}>\r\nTo: {name}\r\n <{}>\r\nReply-To: {name}\r\n <{answers}>\r\nSubject: {}\r\nDate: {}\r\n\
         Message-ID: <{id}>\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n\
         Content-Language: {}\r\n",
        list.address,
        words::unstructured(title, "Subject: ".len()),
        since.rfc5322(&desk.zone),
        language.tag(),
    )
}

/// The issue a message that names its Message-ID answers.
pub(in crate::flow) fn issue_of_id(desk: &Desk, ids: &str) -> Result<Option<Issue>, StoreError> {
    for id in ids.split_whitespace() {
        let number =
            id.trim_start_matches('<').strip_prefix("digest-").and_then(|rest| rest.split('-').next());
        let Some(number) = number.and_then(|number| number.parse().ok()).map(PostId) else { continue };
        let issue = desk.store.issue(number)?;
        let is_it = |issue: &Issue| id.trim_matches(['<', '>']) == message_id(desk, issue).as_str();
        if let Some(issue) = issue.filter(is_it) {
            return Ok(Some(issue));
        }
    }
    Ok(None)
}

/// The Message-ID of all its copies.
pub fn message_id(desk: &Desk, issue: &Issue) -> MessageId {
    MessageId::parse(&format!("digest-{}-{}@{}", issue.number, issue.at.millis(), desk.hostname))
        .expect("digits and a host name")
}

fn enclosed<'a>(desk: &Desk, list: &List, gathered: &'a [Gathered]) -> Vec<Enclosed<'a>> {
    let one = |Gathered { post, raw, conversation: _ }: &'a Gathered| Enclosed {
        raw,
        page: (has_archive(list) && !post.no_archive).then(|| page_of(desk, list, &post.message_id)),
        message_id: post.message_id.to_string(),
    };
    gathered.iter().map(one).collect()
}
