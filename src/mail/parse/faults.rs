//! Headers that say two things at once, or not who writes.
//!
//! RFC 5322 §3.6 allows these fields once; programs that meet two believe different ones, which is
//! how forgeries pass (RFC 6376 §8.15, RFC 7103 §7.5.1; threats M04, M05).

use crate::mail::headers::Headers;
use crate::mail::words;

/// Fields that may be there once (RFC 5322 §3.6, RFC 2045 §3).
pub(crate) const SINGLETONS: [&str; 13] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// One thing that is wrong with who writes, or with fields that may be there once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SingletonFault {
    /// No From at all.
    #[error("the message has no From field")]
    NoFrom,
    /// More than one From field.
    #[error("the message has several From fields")]
    SeveralFrom,
    /// More than one mailbox in From.
    #[error("the From field names several authors")]
    SeveralAuthors,
    /// A group instead of a mailbox in From.
    #[error("the From field names a group")]
    GroupInFrom,
    /// Nothing in From that mail could be sent to.
    #[error("the From field holds no address")]
    NoAuthorAddress,
    /// Blanks between the name From and its colon, which programs read differently.
    #[error("the From field is misspelt")]
    BlankBeforeColon,
    /// Another field that may be there once, twice.
    #[error("the message has several {0} fields")]
    Repeated(&'static str),
}

/// All that is wrong with who writes and with fields that may be there once.
pub fn singleton_faults(headers: &Headers<'_>) -> Vec<SingletonFault> {
    let mut faults = Vec::new();
    match headers.count("from") {
        0 => faults.push(SingletonFault::NoFrom),
        1 => {}
        _ => faults.push(SingletonFault::SeveralFrom),
    }
    if let Some(field) = headers.all("from").next() {
        if field.has_blank_before_colon() {
            faults.push(SingletonFault::BlankBeforeColon);
        }
        let list = words::address_list(&field.value());
        if list.groups > 0 {
            faults.push(SingletonFault::GroupInFrom);
        }
        if list.mailboxes.len() > 1 {
            faults.push(SingletonFault::SeveralAuthors);
        }
        if list.mailboxes.iter().all(|mailbox| mailbox.address.is_none()) {
            faults.push(SingletonFault::NoAuthorAddress);
        }
    }
    let repeated = SINGLETONS.into_iter().filter(|&name| name != "from" && headers.count(name) > 1);
    faults.extend(repeated.map(SingletonFault::Repeated));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_must_be_plain() {
        use SingletonFault::*;
        for (raw, faults) in [
            ("From: Anne <a@x.example>\n", vec![]),
            ("Subject: x\n", vec![NoFrom]),
            ("From: a@x.example\nFrom: b@y.example\n", vec![SeveralFrom]),
            ("From: a@x.example, b@y.example\n", vec![SeveralAuthors]),
            ("From: <a@x.example>\u{0}<b@y.example>\n", vec![SeveralAuthors]),
            ("From: g: a@x.example;\n", vec![GroupInFrom]),
            ("From: Anne\n", vec![NoAuthorAddress]),
            ("From:\n", vec![NoAuthorAddress]),
            ("From : a@x.example\n", vec![BlankBeforeColon]),
            ("From: a@x.example\nSubject: a\nsubject: b\n", vec![Repeated("subject")]),
            ("From: a@x.example\nContent-Type: a/b\nContent-Type: c/d\n", vec![Repeated("content-type")]),
            ("From: a@x.example\nReceived: a\nReceived: b\n", vec![]),
        ] {
            let (headers, _) = Headers::scan_leniently(raw.as_bytes());
            assert_eq!(singleton_faults(&headers), faults, "{raw:?}");
        }
    }
}
