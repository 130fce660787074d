//! What we found out, as a header (RFC 8601), and nobody else's under our name.

use super::relay::without_comments;
use crate::domain::proof::Checks;
use crate::mail::headers::{Field, Headers};
use crate::mail::own_results::OwnResults;
use crate::mail::words::mailboxes;

/// What the server in front says, among what we found out.
const RELAY: &str = "x-relay";

/// Whether it was the server in front that vouched for the author, in what [`results_in`] gave.
pub fn relay_vouched(results: &[String]) -> bool {
    results.iter().any(|result| result.split('=').next() == Some(RELAY))
}

/// Our `Authentication-Results:` field, folded, with its CRLF.
pub fn header(hostname: &str, checks: &Checks) -> String {
    let mut results = Vec::new();
    if let Some(spf) = &checks.spf {
        results.push(format!("spf={} smtp.mailfrom={}", spf.result, harmless(&spf.domain)));
    }
    for dkim in &checks.dkim {
        results.push(format!("dkim={} header.d={}", dkim.result, harmless(&dkim.domain)));
    }
    if let Some(dmarc) = &checks.dmarc {
        let (result, domain) = (dmarc.result, harmless(&dmarc.domain));
        results.push(format!("dmarc={result} (p={}) header.from={domain}", dmarc.policy));
    }
    if let Some(arc) = &checks.arc {
        results.push(format!("arc={}", arc.result));
    }
    if let Some(word) = &checks.relay {
        // Not one of ours (RFC 8601 §2.7.7); only `dmarc=pass` and its like are believed.
        results.push(format!("{RELAY}=pass ({word})"));
    }
    if results.is_empty() {
        results.push("none".to_owned());
    }
    format!("Authentication-Results: {hostname};\r\n\t{}\r\n", results.join(";\r\n\t"))
}

/// What our own field on top of a kept message says: `spf=pass smtp.mailfrom=anne.example`, and so
/// on; nothing if it was not looked into.
pub fn results_in(raw: &[u8], hostname: &str) -> Vec<String> {
    let (headers, _) = Headers::scan_leniently(raw);
    let Some(field) = headers.fields().first().filter(|field| claims_to_be(field, hostname)) else {
        return Vec::new();
    };
    let value = field.value().replace(['\r', '\n', '\t'], " ");
    value.split(';').skip(1).map(|result| result.trim().to_owned()).collect()
}

/// Whether our own field on top of a kept message says that its author's domain signed it: whoever
/// is disproved all the same was signed for others.
pub fn author_signed(raw: &[u8], hostname: &str) -> bool {
    let Some(results) = OwnResults::of(raw, hostname) else { return false };
    let (headers, _) = Headers::scan_leniently(raw);
    let from = mailboxes(&headers.get("from").unwrap_or_default());
    let author = from.first().and_then(|from| from.address.as_ref()).map(|from| from.domain().to_owned());
    let passed = |method| results.each(method).filter(|result| result.result == "pass");
    passed("dmarc").next().is_some() || passed("dkim").any(|dkim| Some(&dkim.domain) == author.as_ref())
}

/// The message without `Authentication-Results:` that claim to be ours, in pieces (RFC 8601 §5).
pub fn without_ours<'a>(raw: &'a [u8], hostname: &str) -> Vec<&'a [u8]> {
    let (headers, _) = Headers::scan_leniently(raw);
    let (mut pieces, mut from) = (Vec::new(), 0);
    for field in headers.fields().iter().filter(|field| claims_to_be(field, hostname)) {
        // Fields are slices of the message.
        let start = field.raw().as_ptr() as usize - raw.as_ptr() as usize;
        pieces.push(&raw[from..start]);
        from = start + field.raw().len();
    }
    pieces.push(&raw[from..]);
    pieces
}

fn claims_to_be(field: &Field<'_>, hostname: &str) -> bool {
    if !field.is("authentication-results") {
        return false;
    }
    let value = without_comments(&field.value());
    let id = value.split(|c: char| c == ';' || c.is_whitespace()).find(|word| !word.is_empty()).unwrap_or("");
    let id = id.trim_matches('"').split('/').next().unwrap_or("").trim_end_matches('.');
    id.eq_ignore_ascii_case(hostname)
}

/// A domain as a word of a header. Strangers choose it.
fn harmless(domain: &str) -> String {
    let known = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '?' };
    let text: String = domain.chars().take(255).map(known).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::proof::{CheckResult, DmarcCheck, DomainCheck, Policy};
    use expect_test::expect;

    #[test]
    fn what_was_found_out_is_told() {
        let check = |result, domain: &str| DomainCheck { result, domain: domain.to_owned() };
        let checks = Checks {
            spf: Some(check(CheckResult::Softfail, "anne.example")),
            dkim: vec![check(CheckResult::Pass, "anne.example"), check(CheckResult::Neutral, "x\r\nBcc: y")],
            dmarc: Some(DmarcCheck {
                result: CheckResult::Pass,
                domain: "anne.example".to_owned(),
                policy: Policy::Reject,
            }),
            arc: None,
            relay: Some("dmarc=pass".to_owned()),
        };
        expect![[r#"
            Authentication-Results: lists.example;
            	spf=softfail smtp.mailfrom=anne.example;
            	dkim=pass header.d=anne.example;
            	dkim=neutral header.d=x??Bcc??y;
            	dmarc=pass (p=reject) header.from=anne.example;
            	x-relay=pass (dmarc=pass)
        "#]]
        .assert_eq(&header("lists.example", &checks).replace("\r\n", "\n"));
        let kept = format!("{}Received: x\r\n\r\n", header("lists.example", &checks));
        let results = results_in(kept.as_bytes(), "lists.example");
        assert!(relay_vouched(&results) && !relay_vouched(&results[..4]));
        assert_eq!(
            results,
            [
                "spf=softfail smtp.mailfrom=anne.example",
                "dkim=pass header.d=anne.example",
                "dkim=neutral header.d=x??Bcc??y",
                "dmarc=pass (p=reject) header.from=anne.example",
                "x-relay=pass (dmarc=pass)",
            ]
        );
        assert!(results_in(b"Subject: x\r\n\r\n", "lists.example").is_empty());
        assert_eq!(
            header("lists.example", &Checks::default()),
            "Authentication-Results: lists.example;\r\n\tnone\r\n"
        );
    }

    #[test]
    fn nobody_speaks_in_our_name() {
        for (field, ours) in [
            ("Authentication-Results: lists.example; dmarc=pass", true),
            ("authentication-results : LISTS.example 1; dmarc=pass", true),
            ("Authentication-Results: (x) lists.example.; dmarc=pass", true),
            ("Authentication-Results: \"lists.example\"; dmarc=pass", true),
            ("Authentication-Results:\r\n lists.example;\r\n\tdmarc=pass", true),
            ("Authentication-Results: lists.example", true),
            ("Authentication-Results: lists.example/1; dmarc=pass", true),
            ("Authentication-Results: mx.lists.example; dmarc=pass", false),
            ("Authentication-Results: lists.example.evil.example; dmarc=pass", false),
            ("X-Authentication-Results: lists.example; dmarc=pass", false),
        ] {
            let (above, below) =
                ("Subject: a\r\n", "From: b\r\n\r\nAuthentication-Results: lists.example\r\n");
            let raw = format!("{above}{field}\r\n{below}");
            let kept = without_ours(raw.as_bytes(), "lists.example").concat();
            let expected = if ours { format!("{above}{below}") } else { raw.clone() };
            assert_eq!(String::from_utf8_lossy(&kept), expected, "{field}");
        }
    }
}
