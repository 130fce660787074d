//! Seals (RFC 8617): what was found out about a post at the door, told to the servers its copies
//! reach, whose own checks the list's edits may spoil.
//!
//! One set of three fields for all copies of a post in one language: it covers what they share, and
//! nothing that is one reader's.

use aws_lc_rs::digest::{Context, SHA256};

use super::dkim::{COVERED, Common, NamedKey, OWN, complete, push_names};
use super::key::NotSigned;
use crate::mail::canonical::{self, Form};
use crate::mail::own_results::OwnResults;

/// Sets a message may carry (RFC 8617 §4.2.1).
const SETS_MAX: u32 = 50;

/// The fields of a set, in the order a seal covers them (RFC 8617 §5.1.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Results,
    Message,
    Seal,
}

const KINDS: [(&str, Kind); 3] = [
    ("ARC-Authentication-Results", Kind::Results),
    ("ARC-Message-Signature", Kind::Message),
    ("ARC-Seal", Kind::Seal),
];

/// One field of an earlier set.
struct Link<'a> {
    instance: Option<u32>,
    kind: Kind,
    /// A seal that says that what came before it was broken.
    given_up: bool,
    raw: &'a [u8],
}

/// How the sets stood at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    None,
    Pass,
    Fail,
}

impl Standing {
    /// As in `cv=`.
    fn tag(self) -> &'static str {
        match self {
            Standing::None => "none",
            Standing::Pass => "pass",
            Standing::Fail => "fail",
        }
    }
}

/// The three fields on top of the common header. `None`: there is no set to add, because the sets
/// are given up or too many, or because nobody looked at them when the post came.
pub(super) fn seal(
    common: &Common,
    head: &[u8],
    host: &str,
    found: Option<&OwnResults>,
    named: &NamedKey,
    at: i64,
) -> Result<Option<Vec<u8>>, NotSigned> {
    let links = links(head);
    let Some((instance, standing)) = next(&links, found) else { return Ok(None) };
    let results = results_field(instance, host, found);
    let message = message_field(common, head, instance, named, at)?;

    let mut sealed = Vec::new();
    // RFC 8617 §5.1.2: behind a broken chain, a seal answers for its own set alone.
    let earlier = if standing == Standing::Pass { links.as_slice() } else { &[] };
    let raw = earlier.iter().map(|link| link.raw).chain([results.as_bytes(), message.as_bytes()]);
    raw.for_each(|raw| canonical::push_field(&mut sealed, raw, Form::Relaxed));
    let mut header = Context::new(&SHA256);
    header.update(&sealed);
    let (algorithm, selector, domain) = (named.key.algorithm().tag(), &named.selector, &common.domain);
    let cv = standing.tag();
    let field = format!(
        "ARC-Seal: i={instance}; a={algorithm}; cv={cv};\r\n\td={domain}; s={selector};\r\n\tt={at};\r\n\tb="
    );
    let seal = complete(&header, field, &named.key)?;
    Ok(Some([seal, message, results].concat().into_bytes()))
}

/// What the results at the door said, whatever else the header has about them.
fn results_field(instance: u32, host: &str, found: Option<&OwnResults>) -> String {
    let text = found.map_or("none", |found| found.text.as_str());
    let folded: Vec<&str> = text.split(';').map(str::trim).filter(|result| !result.is_empty()).collect();
    format!("ARC-Authentication-Results: i={instance}; {host};\r\n\t{}\r\n", folded.join(";\r\n\t"))
}

/// The signature over what all copies share. Signatures that are there are covered with it, and
/// may be added to: each copy gets its own (RFC 8617 §4.1.2).
fn message_field(
    common: &Common,
    head: &[u8],
    instance: u32,
    named: &NamedKey,
    at: i64,
) -> Result<String, NotSigned> {
    let mut whole = common.clone();
    whole.add(head, &["DKIM-Signature"]);
    let (algorithm, selector) = (named.key.algorithm().tag(), &named.selector);
    let Common { domain, header, names, body_hash } = &whole;
    let mut field = format!(
        "ARC-Message-Signature: i={instance}; a={algorithm}; c=relaxed/relaxed;\r\n\td={domain}; \
         s={selector};\r\n\tt={at};\r\n\t"
    );
    let once_more = COVERED.iter().filter(|name| !OWN.contains(name));
    push_names(&mut field, names.iter().chain(once_more));
    field.push_str(&format!(";\r\n\tbh={body_hash};\r\n\tb="));
    complete(header, field, &named.key)
}

/// Our number, and what we say of the sets before. `links` are in the order of their numbers.
fn next(links: &[Link<'_>], found: Option<&OwnResults>) -> Option<(u32, Standing)> {
    if links.is_empty() {
        return Some((1, Standing::None));
    }
    // RFC 8617 §5.1.2: nothing is added to a chain that is given up.
    if links.iter().any(|link| link.given_up) {
        return None;
    }
    let instance = links.iter().filter_map(|link| link.instance).max()?.checked_add(1)?;
    if instance > SETS_MAX {
        return None;
    }
    let said = found?.each("arc").next()?;
    // RFC 8617 §5.2.1: all failures are permanent, those of the DNS too.
    let standing = if said.result == "pass" { Standing::Pass } else { Standing::Fail };
    // What we cannot put in order ourselves, we do not say is good.
    (standing == Standing::Fail || are_whole(links)).then_some((instance, standing))
}

/// Whether there is one of each kind for each number from one on.
fn are_whole(links: &[Link<'_>]) -> bool {
    let kinds = KINDS.iter().map(|(_, kind)| *kind);
    let wanted = (1..=SETS_MAX).flat_map(|n| kinds.clone().map(move |kind| (Some(n), kind)));
    links.len().is_multiple_of(KINDS.len())
        && links.len() <= SETS_MAX as usize * KINDS.len()
        && links.iter().zip(wanted).all(|(link, wanted)| (link.instance, link.kind) == wanted)
}

/// The fields of the sets that are there, by their numbers.
fn links(head: &[u8]) -> Vec<Link<'_>> {
    let mut links: Vec<Link<'_>> = Vec::new();
    for (name, raw) in canonical::fields(head) {
        let known = KINDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        let Some(&(_, kind)) = known else { continue };
        let value = raw.splitn(2, |&b| b == b':').nth(1).unwrap_or_default();
        let instance = tag(value, "i").and_then(|number| number.parse().ok());
        let instance = instance.filter(|number| (1..=SETS_MAX).contains(number));
        let given_up =
            kind == Kind::Seal && tag(value, "cv").is_some_and(|cv| cv.eq_ignore_ascii_case("fail"));
        links.push(Link { instance, kind, given_up, raw });
    }
    links.sort_by_key(|link| (link.instance, link.kind));
    links
}

/// The value of a tag (RFC 6376 §3.2), without blanks.
fn tag(value: &[u8], wanted: &str) -> Option<String> {
    value.split(|&b| b == b';').find_map(|tag| {
        let tag: String = String::from_utf8_lossy(tag).split_whitespace().collect();
        let (name, value) = tag.split_once('=')?;
        (name == wanted).then(|| value.to_owned())
    })
}
