//! Machines that answer machines: which mail no person wrote, which mail must not be answered, and
//! which has been through this list already.
//!
//! RFC 3834 §2 and §5, RFC 5321 §6.3, and what mail systems really send.

use super::content_type::ContentType;
use super::headers::Headers;
use super::words;
use crate::domain::address::EmailAddress;

/// The field that marks what a list has sent, with the list's id. Lists leave the marks of others
/// in place, so that lists which are members of each other stop after one turn.
pub const LOOP_FIELD: &str = "Parvis-Loop";

/// What shows that a program wrote, or that an answer would go to one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Automatic {
    /// The envelope has no sender: a bounce, or an answer that wants none.
    NullSender,
    /// `Auto-Submitted` other than `no` (RFC 3834 §5).
    AutoSubmitted,
    /// A field or subject of an absence notice.
    AbsenceNotice,
    /// A delivery or reading report (RFC 6522).
    Report,
    /// `Precedence: bulk`, `junk` or `auto_reply`.
    Bulk,
    /// Sent by a list.
    List,
    /// The author or sender is a service: MAILER-DAEMON, postmaster, noreply, a list's own address.
    Service,
    /// The author's program asks for no automatic answers.
    Suppressed,
}

/// Whether a message may never be given to a list's members, because no person wrote it for them.
/// `sender` is the envelope's, `None` for the null sender.
///
/// `X-Auto-Response-Suppress` alone proves nothing: Exchange puts it on people's mail.
pub fn automatic_post(headers: &Headers<'_>, sender: Option<&EmailAddress>) -> Option<Automatic> {
    if sender.is_none() {
        return Some(Automatic::NullSender);
    }
    if is_auto_submitted(headers) {
        return Some(Automatic::AutoSubmitted);
    }
    if is_absence_notice(headers) {
        return Some(Automatic::AbsenceNotice);
    }
    if is_report(headers) {
        return Some(Automatic::Report);
    }
    if has_precedence(headers, &["bulk", "junk", "auto_reply"]) {
        return Some(Automatic::Bulk);
    }
    let daemon = |address: &EmailAddress| address.local_part().eq_ignore_ascii_case("mailer-daemon");
    let by_daemon = sender.is_some_and(daemon) || authors(headers).iter().any(daemon);
    by_daemon.then_some(Automatic::Service)
}

/// Whether a letter of ours may answer a message: stricter than [`automatic_post`] (RFC 3834 §2).
pub fn may_be_answered(headers: &Headers<'_>, sender: Option<&EmailAddress>) -> Result<(), Automatic> {
    if let Some(automatic) = automatic_post(headers, sender) {
        return Err(automatic);
    }
    if has_precedence(headers, &["list"]) || headers.fields().iter().any(|field| is_list_field(field.name()))
    {
        return Err(Automatic::List);
    }
    if headers.has("x-auto-response-suppress") && !is_none(headers, "x-auto-response-suppress") {
        return Err(Automatic::Suppressed);
    }
    let by_service = sender.is_some_and(is_service) || authors(headers).iter().any(is_service);
    if by_service { Err(Automatic::Service) } else { Ok(()) }
}

/// Whether this list has sent this message before (RFC 5321 §6.3; threat M14).
pub fn carries_list_mark(headers: &Headers<'_>, list_id: &str, list_address: &str) -> bool {
    let is_ours = |text: &str| {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let text = text.strip_prefix("mailto:").or_else(|| text.strip_prefix("MAILTO:")).unwrap_or(text);
        let text = text.split('?').next().unwrap_or_default().trim();
        text.eq_ignore_ascii_case(list_id) || text.eq_ignore_ascii_case(list_address)
    };
    let bracketed = |name| {
        headers.all(name).any(|field| {
            let value = field.value();
            value.split('<').skip(1).any(|rest| is_ours(rest.split('>').next().unwrap_or_default()))
        })
    };
    let bare = |name| {
        headers
            .all(name)
            .any(|field| field.value().split(|c: char| c.is_whitespace() || c == ',').any(is_ours))
    };
    bracketed("list-id")
        || bracketed("list-post")
        || bare("list-id")
        || [LOOP_FIELD, "x-loop"].into_iter().any(bare)
}

/// `Auto-Submitted: no (really)` is a person's; parameters and comments are tolerated.
fn is_auto_submitted(headers: &Headers<'_>) -> bool {
    ["auto-submitted", "autosubmitted"].into_iter().any(|name| {
        headers.all(name).any(|field| {
            let essence = ContentType::parse(&field.value()).essence;
            !essence.is_empty() && essence != "no"
        })
    })
}

fn is_absence_notice(headers: &Headers<'_>) -> bool {
    const FIELDS: [&str; 7] = [
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-auto-reply",
        "x-autoreply-from",
        "x-mail-autoreply",
        "x-ms-exchange-inbox-rules-loop",
    ];
    if FIELDS.into_iter().any(|name| headers.has(name) && !is_no(headers, name)) {
        return true;
    }
    let machine_generated =
        headers.get("x-fc-machinegenerated").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    machine_generated || (headers.has("x-auto-response-suppress") && subject_announces_absence(headers))
}

fn is_no(headers: &Headers<'_>, name: &str) -> bool {
    headers.get(name).is_some_and(|value| value.eq_ignore_ascii_case("no"))
}

fn is_none(headers: &Headers<'_>, name: &str) -> bool {
    headers.get(name).is_some_and(|value| value.eq_ignore_ascii_case("none"))
}

/// Only believed beside other evidence: people write such subjects too.
fn subject_announces_absence(headers: &Headers<'_>) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "automatic reply",
        "auto reply",
        "autoreply",
        "out of office",
        "réponse automatique",
        "reponse automatique",
        "absence du bureau",
        "absent du bureau",
        "automatische antwort",
    ];
    let subject = words::clean(&words::decode(&headers.get("subject").unwrap_or_default())).to_lowercase();
    BEGINNINGS.iter().any(|beginning| subject.starts_with(beginning))
}

fn is_report(headers: &Headers<'_>) -> bool {
    headers.get("content-type").is_some_and(|value| {
        let essence = ContentType::parse(&value).essence;
        matches!(
            essence.as_str(),
            "multipart/report"
                | "message/delivery-status"
                | "message/disposition-notification"
                | "message/feedback-report"
        )
    })
}

fn has_precedence(headers: &Headers<'_>, words: &[&str]) -> bool {
    headers.all("precedence").any(|field| {
        let essence = ContentType::parse(&field.value()).essence;
        words.contains(&essence.as_str())
    })
}

/// RFC 2369, RFC 2919: whatever begins so was added by a list.
pub(crate) fn is_list_field(name: &str) -> bool {
    name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("list-"))
}

fn authors(headers: &Headers<'_>) -> Vec<EmailAddress> {
    let fields = headers.fields().iter().filter(|field| field.is("from") || field.is("sender"));
    fields.flat_map(|field| words::mailboxes(&field.value())).filter_map(|mailbox| mailbox.address).collect()
}

/// Whether a program answers at that address (RFC 3834 §2).
fn is_service(address: &EmailAddress) -> bool {
    let local = address.local_part().to_ascii_lowercase();
    let plain: String = local.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
    const NAMES: [&str; 7] =
        ["mailerdaemon", "postmaster", "noreply", "donotreply", "nepasrepondre", "listserv", "majordomo"];
    NAMES.contains(&plain.as_str())
        || ["noreply", "donotreply"].iter().any(|name| plain.starts_with(name) || plain.ends_with(name))
        || local.starts_with("owner-")
        || ["-request", "-bounces", "-bounce", "-owner", "-errors"].iter().any(|end| local.ends_with(end))
        || local.contains("-bounces+")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(header: &str, sender: &str) -> (Option<Automatic>, Option<Automatic>) {
        let raw = format!("From: Anne <anne@author.example>\n{header}\n");
        let headers = Headers::scan(raw.as_bytes()).expect("well formed");
        let sender = EmailAddress::parse(sender).ok();
        (automatic_post(&headers, sender.as_ref()), may_be_answered(&headers, sender.as_ref()).err())
    }

    #[test]
    fn who_wrote_and_who_may_be_answered() {
        use Automatic::*;
        let anne = "anne@author.example";
        for (header, sender, post, answer) in [
            ("", anne, None, None),
            ("", "", Some(NullSender), Some(NullSender)),
            ("Auto-Submitted: auto-replied\n", anne, Some(AutoSubmitted), Some(AutoSubmitted)),
            (
                "Auto-Submitted: (vacation) auto-replied; owner-email=x\n",
                anne,
                Some(AutoSubmitted),
                Some(AutoSubmitted),
            ),
            ("Auto-Submitted: No (a person)\n", anne, None, None),
            ("Auto-Submitted: no; x=y\n", anne, None, None),
            ("Auto-Submitted:\n", anne, None, None),
            ("Precedence: bulk\n", anne, Some(Bulk), Some(Bulk)),
            ("Precedence: Junk (x)\n", anne, Some(Bulk), Some(Bulk)),
            ("Precedence: list\n", anne, None, Some(List)),
            ("Precedence: first-class\n", anne, None, None),
            ("List-Id: <other.example>\n", anne, None, Some(List)),
            ("List-Unsubscribe: <https://x.example>\n", anne, None, Some(List)),
            ("X-Auto-Response-Suppress: All\n", anne, None, Some(Suppressed)),
            ("X-Auto-Response-Suppress: None\n", anne, None, None),
            (
                "X-Auto-Response-Suppress: All\nSubject: =?utf-8?q?R=C3=A9ponse_automatique_:_x?=\n",
                anne,
                Some(AbsenceNotice),
                Some(AbsenceNotice),
            ),
            ("Subject: Out of office furniture\n", anne, None, None),
            ("X-Autoreply: yes\n", anne, Some(AbsenceNotice), Some(AbsenceNotice)),
            ("X-Autorespond: away\n", anne, Some(AbsenceNotice), Some(AbsenceNotice)),
            ("X-Autoreply: no\n", anne, None, None),
            (
                "Content-Type: multipart/report; report-type=delivery-status\n",
                anne,
                Some(Report),
                Some(Report),
            ),
            ("Content-Type: Multipart/Report;\n boundary=x\n", anne, Some(Report), Some(Report)),
            ("Sender: MAILER-DAEMON@x.example\n", anne, Some(Service), Some(Service)),
            ("", "mailer-daemon@x.example", Some(Service), Some(Service)),
            ("", "postmaster@x.example", None, Some(Service)),
            ("", "no-reply@x.example", None, Some(Service)),
            ("", "shop.noreply@x.example", None, Some(Service)),
            ("", "ne-pas-repondre@x.example", None, Some(Service)),
            ("", "owner-ants@x.example", None, Some(Service)),
            ("", "ants-request@x.example", None, Some(Service)),
            ("", "ants-bounces+abc@x.example", None, Some(Service)),
            ("", "reply@x.example", None, None),
        ] {
            assert_eq!(both(header, sender), (post, answer), "{header:?} {sender}");
        }
    }

    #[test]
    fn the_marks_of_a_list() {
        for (header, ours) in [
            ("List-Id: Ants <ants.lists.example>\n", true),
            ("List-ID: \"The <Ants>\"\n <ANTS.lists.example>\n", true),
            ("List-Id: ants.lists.example\n", true),
            ("List-Id: <more-ants.lists.example>\n", false),
            ("List-Post: <mailto:ants@lists.example>\n", true),
            ("List-Post: <mailto:ants@lists.example?subject=x>\n", true),
            ("List-Post: NO\n", false),
            ("X-Loop: ants@lists.example\n", true),
            ("Parvis-Loop: other.lists.example\nParvis-Loop: ants.lists.example\n", true),
            ("Parvis-Loop: other.lists.example\n", false),
            // A mail server in front of us writes this on everything it hands over.
            ("Delivered-To: ants@lists.example\n", false),
            ("To: ants@lists.example\n", false),
        ] {
            let headers = Headers::scan(header.as_bytes()).expect("well formed");
            assert_eq!(
                carries_list_mark(&headers, "ants.lists.example", "ants@lists.example"),
                ours,
                "{header:?}"
            );
        }
    }
}
