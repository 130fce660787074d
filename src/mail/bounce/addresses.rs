//! The addresses a report names in its words: those that could not be reached, as far as that can
//! be told.

use crate::mail::headers::Headers;

/// Addresses of one report.
const ADDRESSES_MAX: usize = 50;

/// Before an address that failed: in small letters.
const LEADS: &[&str] = &[
    "to:",
    "recipient",
    "rcpt to",
    "address",
    "user",
    "mailbox",
    "account",
    "deliver",
    "following",
    "failed",
    "unknown",
    "destinataire",
    "adresse",
    "empf",
    "usuario",
    "destinatario",
];

/// Every address in a text, in order, each once.
pub(super) fn all_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let local = text[..at]
            .rfind(|c| !is_local(c))
            .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
        let domain = &text[at + 1..];
        let end =
            domain.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(domain.len());
        let domain = domain[..end].split("..").next().unwrap_or_default().trim_end_matches(['.', '-']);
        let local = text[local..at].trim_start_matches(['.', '\'', '=', '/', '*', '&']);
        let local = local.rsplit(':').next().unwrap_or(local);
        let local = if local.to_lowercase().starts_with("smtp=") { &local[5..] } else { local };
        if local.is_empty() || domain.is_empty() || domain.starts_with('.') || found.len() >= ADDRESSES_MAX {
            continue;
        }
        let address = format!("{local}@{domain}");
        if !found.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
            found.push(address);
        }
    }
    found
}

pub(super) fn first_in(text: &str) -> Option<String> {
    all_in(text).into_iter().next()
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.:".contains(c)
}

/// Whether an address is the one of a list to which another belongs: `quartier@` of
/// `quartier-bounces+…@`.
fn is_behind(service: &str, address: &str) -> bool {
    let (service, address) = (service.to_lowercase(), address.to_lowercase());
    let (Some((local, domain)), Some((name, other))) = (service.split_once('@'), address.split_once('@'))
    else {
        return false;
    };
    domain == other && local.strip_prefix(name).is_some_and(|rest| rest.starts_with(['-', '+']))
}

/// The addresses a report for people says could not be reached.
pub(super) fn named(headers: &Headers<'_>, human: &str) -> Vec<String> {
    let mut ours: Vec<String> = Vec::new();
    for field in ["from", "to", "reply-to", "sender", "return-path", "errors-to", "cc", "delivered-to"] {
        ours.extend(headers.all(field).flat_map(|field| all_in(&field.value())));
    }
    let is_other = |address: &String| {
        let local = address.split('@').next().unwrap_or_default().to_lowercase();
        let services =
            ["postmaster", "mailer-daemon", "abuse", "helpdesk", "support", "mailmaster", "webmaster"];
        let own = |own: &String| own.eq_ignore_ascii_case(address) || is_behind(own, address);
        !ours.iter().any(own) && !services.contains(&local.as_str())
    };
    let mut ranks: [Vec<String>; 3] = Default::default();
    let mut before = String::new();
    for line in human.lines().filter(|line| !line.trim().is_empty()) {
        let small = line.to_lowercase();
        // A header that is quoted names senders, and lists.
        let is_header =
            ["from:", "cc:", "message-id:", "reply-to:", "sender:", "subject:", "mail from", "date:"];
        let quoted =
            is_header.iter().any(|name| small.trim_start().starts_with(name)) || small.contains("message-id");
        for address in all_in(line).into_iter().filter(|address| is_other(address) && !quoted) {
            let rank = rank(line, &small, &before, &address);
            if !ranks.iter().flatten().any(|known| known.eq_ignore_ascii_case(&address)) {
                ranks[rank].push(address);
            }
        }
        before = small;
    }
    ranks.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// How likely an address in a line is the one that failed; 0 is most.
fn rank(line: &str, small: &str, before: &str, address: &str) -> usize {
    let bare = line.trim().trim_matches([
        '<', '>', ':', ',', ';', '"', '\'', '(', ')', '*', '-', ' ', '\t', '.', '|', '[', ']',
    ]);
    let starts = line
        .trim_start_matches([' ', '\t', '<', '"', '\'', '*', '-', '|', '(', '.', '['])
        .starts_with(address);
    let leads = LEADS.iter().any(|lead| small.contains(lead)) || super::words::is_telling(small);
    match (bare.eq_ignore_ascii_case(address) || starts, leads) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) if LEADS.iter().any(|lead| before.contains(lead)) => 1,
        (false, false) => 2,
    }
}
