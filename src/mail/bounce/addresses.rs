//! The addresses a report names in its words: those that could not be reached, as far as that can
//! be told.

use crate::mail::headers::Headers;

/// Fields of one name that are looked at.
const FIELDS_MAX: usize = 20;
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
        let local = text[local..at].trim_start_matches(['.', '\'', '/', '*', '&']);
        // `=?utf-8?B?…?=@` is a name nobody decoded.
        let local = if local.starts_with("=?") { local } else { local.trim_start_matches('=') };
        let local = local.rsplit(':').next().unwrap_or(local);
        let local = if local.to_lowercase().starts_with("smtp=") { &local[5..] } else { local };
        // `dav...@nord.example`: shortened so that nobody reads it.
        if local.is_empty()
            || local.ends_with("..")
            || domain.is_empty()
            || domain.starts_with('.')
            || found.len() >= ADDRESSES_MAX
        {
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
    let found = among(headers, human);
    if found.is_empty() { led_by(human) } else { found }
}

/// Of two readings that differ altogether, the one the mail that came back bears out.
pub(super) fn either(listed: Vec<String>, named: Vec<String>, original: &str) -> Vec<String> {
    if listed.is_empty() {
        return named;
    }
    let is_in =
        |address: &String, others: &[String]| others.iter().any(|other| other.eq_ignore_ascii_case(address));
    let differ = !named.is_empty() && !listed.iter().any(|address| is_in(address, &named));
    let to = if differ { header(original, "to") } else { Vec::new() };
    let borne_out = |found: &[String]| found.iter().any(|address| is_in(address, &to));
    if differ && borne_out(&named) && !borne_out(&listed) { named } else { listed }
}

/// Addresses a line begins with that says of them, or that follows a line which says, that they could
/// not be reached: also those of whoever wrote, who may have written to themselves.
fn led_by(human: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = String::new();
    for line in human.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let bare = line.trim_start_matches('<');
        let first = first_in(bare).filter(|address| bare.starts_with(address.as_str()));
        if let Some(address) = first {
            let rest = bare[address.len()..].trim_start_matches('>').trim();
            let follows =
                rest.is_empty() && (super::words::is_telling(&before) || before.contains("delivery"));
            if follows || rest.starts_with(':') {
                found.push(address);
            }
        }
        before = line.to_lowercase();
    }
    found.truncate(ADDRESSES_MAX);
    found
}

/// The addresses in a field of a header that came back.
fn header(original: &str, wanted: &str) -> Vec<String> {
    let fields = super::status::fields(original).skip_while(|(name, _)| name.is_empty());
    let fields = fields.take_while(|(name, _)| !name.is_empty());
    let found = fields.filter(|(name, _)| name == wanted).take(FIELDS_MAX);
    found.flat_map(|(_, value)| all_in(&value)).collect()
}

/// The addresses that could not be reached, but for those of whoever wrote and of services.
fn among(headers: &Headers<'_>, human: &str) -> Vec<String> {
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
        // « a@b <c@d>: malformed »: nobody was written to.
        let quoted = quoted || small.contains("malformed address");
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
