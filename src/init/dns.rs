//! The DNS records a new server needs, as lines for its zone file (RFC 1035 §5.1).

use super::SELECTOR;
use super::key::DkimKey;
use crate::domain::address::EmailAddress;
use crate::domain::mta_sts;

/// How long others may remember our records, in seconds: short enough to mend a mistake.
const TTL_SECONDS: u32 = 3600;
/// The longest string in a TXT record, in bytes (RFC 1035 §3.3).
const TXT_STRING_MAX: usize = 255;

/// Every record, each below a line that says why.
pub fn records(hostname: &str, operator: Option<&EmailAddress>, key: &DkimKey) -> String {
    let record = |name: &str, kind: &str, value: &str| record_line(name, kind, value) + "\n";
    let mut zone = String::new();
    zone.push_str("; Where the server is: write its own addresses, and take the ; away.\n");
    zone.push_str(&format!("; {}", record(hostname, "A", "192.0.2.1")));
    zone.push_str(&format!("; {}", record(hostname, "AAAA", "2001:db8::1")));
    zone.push_str(&format!("; And ask whoever rents you these addresses that they name {hostname} (PTR).\n"));
    zone.push_str("; Mail for the lists comes here.\n");
    zone.push_str(&record(hostname, "MX", &format!("10 {hostname}.")));
    zone.push_str("; Only this server sends mail in its name (SPF).\n");
    zone.push_str(&record(hostname, "TXT", &txt("v=spf1 mx -all")));
    zone.push_str("; Copies are signed with the key this is the public half of (DKIM).\n");
    let dkim = format!("v=DKIM1; k=rsa; p={}", key.public_base64());
    zone.push_str(&record(&format!("{SELECTOR}._domainkey.{hostname}"), "TXT", &txt(&dkim)));
    zone.push_str("; Mail in its name that is neither signed nor sent by it is not to be trusted (DMARC).\n");
    zone.push_str(&record(&format!("_dmarc.{hostname}"), "TXT", &txt(&dmarc_record(operator))));
    if let Some(operator) = operator.filter(|o| !related(&o.domain().to_ascii_lowercase(), hostname)) {
        // RFC 7489 §7.1.
        let domain = operator.domain().to_ascii_lowercase();
        let name = format!("{hostname}._report._dmarc.{domain}");
        zone.push_str(&format!(
            "; In the zone of {domain}, so that reports about {hostname} may go there.\n"
        ));
        zone.push_str(&format!("; {}", record(&name, "TXT", &txt("v=DMARC1"))));
    }
    if let Some(operator) = operator {
        // RFC 8460 §3.
        let reports = format!("v=TLSRPTv1; rua=mailto:{}", report_address(operator));
        zone.push_str("; Who could not encrypt what they sent to it says so there (TLS-RPT).\n");
        zone.push_str(&record(&format!("_smtp._tls.{hostname}"), "TXT", &txt(&reports)));
    }
    zone.push_str("; Later, when the certificate is good: who brings it mail must encrypt (MTA-STS).\n");
    for line in mail_policy_records(hostname, hostname) {
        zone.push_str(&format!("; {line}\n"));
    }
    zone
}

/// By which a domain whose mail comes to `server` says that it has a policy, and where (RFC 8461
/// §3.1, §3.3).
pub fn mail_policy_records(domain: &str, server: &str) -> [String; 2] {
    [
        record_line(&mta_sts::host(domain), "CNAME", &format!("{server}.")),
        record_line(&mta_sts::record_name(domain), "TXT", &txt(&mta_sts::record(server))),
    ]
}

/// One record as a line of a zone file, without its end.
pub fn record_line(name: &str, kind: &str, value: &str) -> String {
    format!("{name}. {TTL_SECONDS} IN {kind} {value}")
}

/// What a DMARC record of ours says (RFC 9989 §4.7).
pub fn dmarc_record(operator: Option<&EmailAddress>) -> String {
    let mut dmarc = "v=DMARC1; p=quarantine; adkim=r; aspf=r".to_owned();
    if let Some(operator) = operator {
        dmarc.push_str(&format!("; rua=mailto:{}", report_address(operator)));
    }
    dmarc
}

/// Whether one is the other or above it.
fn related(one: &str, other: &str) -> bool {
    let below = |a: &str, b: &str| a == b || a.ends_with(&format!(".{b}"));
    below(one, other) || below(other, one)
}

/// An address as part of a tag list (RFC 7489 §6.2): commas, semicolons and exclamation marks mean
/// something there, and so are percent-encoded.
fn report_address(address: &EmailAddress) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"@.-_+".contains(&b);
    let encode = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    address.as_str().bytes().map(encode).collect()
}

/// A text as quoted strings of at most 255 bytes each, which receivers put together again.
pub fn txt(text: &str) -> String {
    let strings: Vec<String> = text
        .as_bytes()
        .chunks(TXT_STRING_MAX)
        .map(|chunk| {
            let quoted: String = chunk.iter().copied().map(escaped).collect();
            format!("\"{quoted}\"")
        })
        .collect();
    strings.join(" ")
}

fn escaped(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        _ => char::from(byte).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_several_strings() {
        assert_eq!(txt("a\"b"), "\"a\\\"b\"");
        let long = txt(&"x".repeat(600));
        let strings: Vec<&str> = long.split(' ').collect();
        assert_eq!(strings.iter().map(|s| s.len() - 2).collect::<Vec<_>>(), [255, 255, 90]);
    }
}
