//! Whose name the copies of a post go out under: found out when it is published, and kept with it.

use crate::domain::from_line::{self, AuthorDomain, AuthorPolicy, AuthorSignature, FromFacts, FromLine};
use crate::domain::list::List;
use crate::domain::proof::Proof;
use crate::flow::Desk;
use crate::flow::send::compose_copy::compose_copy;
use crate::mail::compose::{FromEdit, PreparedCopy};
use crate::mail::headers::Headers;
use crate::mail::own_results::{OwnResult, OwnResults};
use crate::mail::parse::Summary;
use crate::mail::signed::{self, Halves};
use crate::mail::words;
use crate::store::PostInfo;

/// Decides it.
pub(super) fn choose_from(
    desk: &Desk,
    info: &PostInfo,
    list: &List,
    summary: &Summary,
    raw: &[u8],
) -> FromLine {
    let (headers, _) = Headers::scan_leniently(raw);
    let domains: Vec<String> = headers
        .all("from")
        .flat_map(|field| words::mailboxes(&field.value()))
        .filter_map(|mailbox| mailbox.address.map(|address| address.domain().to_ascii_lowercase()))
        .collect();
    let domain = author_domain(desk, list, &domains);
    let found = OwnResults::of(raw, &desk.hostname);
    let policy = found.as_ref().map_or(AuthorPolicy::NotAsked, |found| policy(found, info));
    let signature = match (domain, policy) {
        // Nothing depends on it.
        (AuthorDomain::TheLists, _)
        | (AuthorDomain::Another, AuthorPolicy::None | AuthorPolicy::NotAsked) => AuthorSignature::Absent,
        (
            AuthorDomain::NeverBelieved | AuthorDomain::Another,
            AuthorPolicy::None
            | AuthorPolicy::NotAsked
            | AuthorPolicy::Quarantine
            | AuthorPolicy::Reject
            | AuthorPolicy::Unknown,
        ) => match &found {
            Some(found) => {
                signature(&good_domains(found, &domains), || copy(desk, info, list, summary, raw), raw)
            }
            None => AuthorSignature::Absent,
        },
    };
    from_line::decide(&FromFacts { domain, policy, signature })
}

/// Of several authors, the one whose mail is hardest to carry counts.
fn author_domain(desk: &Desk, list: &List, domains: &[String]) -> AuthorDomain {
    let is_lists = |domain: &String| domain.eq_ignore_ascii_case(list.address.domain());
    if domains.iter().any(|domain| desk.rewrite_from_always.contains(domain)) {
        AuthorDomain::NeverBelieved
    } else if !domains.is_empty() && domains.iter().all(is_lists) {
        AuthorDomain::TheLists
    } else {
        AuthorDomain::Another
    }
}

/// What the author's domain asks for, as it was found at the door.
fn policy(found: &OwnResults, info: &PostInfo) -> AuthorPolicy {
    let Some(dmarc) = found.each("dmarc").next() else { return AuthorPolicy::NotAsked };
    match (dmarc.policy.as_str(), dmarc.result.as_str(), info.proof) {
        ("reject", _, _) => AuthorPolicy::Reject,
        ("quarantine", _, _) => AuthorPolicy::Quarantine,
        // Where nobody can be asked anything, that is no sign of a policy.
        (_, "temperror", Some(Proof::NoMeans) | None) => AuthorPolicy::NotAsked,
        (_, "temperror", Some(Proof::Proven | Proof::Disproved | Proof::CannotTell)) => AuthorPolicy::Unknown,
        (_, _, _) => AuthorPolicy::None,
    }
}

/// The domains that vouch for the author and whose signature was good when the post came.
fn good_domains(found: &OwnResults, authors: &[String]) -> Vec<String> {
    // RFC 9989 §4.4: relaxed alignment, as far as it can be told without asking again.
    let below = |a: &str, b: &str| a == b || a.ends_with(&format!(".{b}"));
    let vouches = |one: &&OwnResult| {
        !authors.is_empty() && authors.iter().all(|a| below(a, &one.domain) || below(&one.domain, a))
    };
    let good = found.each("dkim").filter(|one| one.result == "pass").filter(vouches);
    good.map(|one| one.domain.clone()).collect()
}

/// Whether one of these domains' signatures holds in the copy as well.
fn signature(good: &[String], copy: impl FnOnce() -> PreparedCopy, raw: &[u8]) -> AuthorSignature {
    if good.is_empty() {
        return AuthorSignature::Absent;
    }
    let copy = copy();
    let (headers, _) = Headers::scan_leniently(raw);
    let (head, body) = raw.split_at(headers.body_offset());
    let after = copy.common_head();
    let kept = signed::kept(Halves { head, body }, Halves { head: &after, body: copy.body() });
    // Which of a domain's signatures was the good one is not said: all of them must hold.
    let holds = |domain: &String| {
        let mut its = kept.iter().filter(|one| one.domain == *domain).peekable();
        its.peek().is_some() && its.all(|one| one.holds)
    };
    if good.iter().any(holds) { AuthorSignature::Holds } else { AuthorSignature::Breaks }
}

/// The copy as it would be under the author's name.
fn copy(desk: &Desk, info: &PostInfo, list: &List, summary: &Summary, raw: &[u8]) -> PreparedCopy {
    let info = PostInfo {
        message_id: info.message_id.clone().or_else(|| summary.message_id.clone()),
        ..info.clone()
    };
    compose_copy(desk, &info, list, list.settings.language, FromEdit::AsItIs, raw)
}
