//! The public suites of cases for SPF (RFC 7208, openspf) and ARC (RFC 8617), where somebody has
//! put copies of them.
//!
//! `PARVIS_SPF_SUITE=spf.json PARVIS_ARC_SUITE=arc.json cargo test --test it suites -- --nocapture`.
//! The files are theirs, made JSON: lists of `{"tests": {NAME: {helo, host, mailfrom, result}},
//! "zonedata": {NAME: […]}}` and `{"tests": {NAME: {message, cv}}, "txt": {NAME: TEXT}}`.

use parvis::auth::Arrived;
use parvis::domain::address::EmailAddress;
use parvis::domain::proof::CheckResult;
use serde_json::Value;

use super::{checker, mail};
use crate::fake_dns::{FakeDns, Manner};

/// Cases that end otherwise here. The library takes a colon or a slash inside a name for a mistake,
/// and knows fewer macros than there are; that a name of the client's cannot be looked up ends the
/// judgement for now instead of passing over that name. The rest is how this test publishes.
const DIFFERENT: &[&str] = &[
    "a-colon-domain",
    "a-colon-domain-ip4mapped",
    "macro-mania-in-domain",
    "modifier-charset-good",
    "mx-colon-domain",
    "mx-colon-domain-ip4mapped",
    "nospftxttimeout",
    "null-text",
    "ptr-cname-loop",
    "redirect-after-mechanisms2",
    "txttimeout",
];

#[tokio::test]
async fn the_suite_of_spf() {
    let Ok(path) = std::env::var("PARVIS_SPF_SUITE") else { return };
    let scenarios: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut agree, mut refused, mut known, mut differ) = (0, 0, 0, Vec::new());
    for scenario in &scenarios {
        let dns = FakeDns::start().await;
        for (name, records) in scenario["zonedata"].as_object().unwrap() {
            publish(&dns, name, records.as_array().unwrap());
        }
        for (name, case) in scenario["tests"].as_object().unwrap() {
            let text = case["mailfrom"].as_str().unwrap_or_default();
            let sender = EmailAddress::parse(text).ok();
            if sender.is_none() && !text.is_empty() {
                refused += 1;
                continue;
            }
            let (helo, host) = (case["helo"].as_str().unwrap(), case["host"].as_str().unwrap());
            let arrived = Arrived { peer: host.parse().ok(), helo, sender: sender.as_ref() };
            let message = mail("anne@anne.example").into_bytes();
            let (_, found) = checker(&dns, None).check(&arrived, message).await;
            let result = found.checks.spf.as_ref().map_or(CheckResult::None, |spf| spf.result);
            let result = format!("{result:?}").to_ascii_lowercase();
            let expected = words(&case["result"]);
            if expected.contains(&result.as_str()) {
                agree += 1;
            } else if DIFFERENT.contains(&name.as_str()) {
                known += 1;
            } else {
                differ.push(format!("{name}: {result}, expected {expected:?}"));
            }
        }
    }
    println!("{agree} agree, {refused} have a sender no door takes, {known} are known to differ");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// Cases of seals that end otherwise here. The library is lenient about tags that are double, in
/// the wrong case, unknown or of SHA-1, and asks for `c=`, which may be missing. No seal lends
/// anybody any trust here, so only the word in our header differs. The three of `cv=fail` are a
/// chain that says of itself that it is broken: the suite expects nothing to be said, we say fail.
const DIFFERENT_SEALS: &[&str] = &[
    "ams_fields_a_na",
    "ams_fields_a_sha1",
    "ams_fields_c_na",
    "ams_fields_h_empty",
    "ams_fields_h_includes_as",
    "as_fields_a_na",
    "as_fields_a_sha1",
    "as_format_inv_tag_key",
    "as_format_tags_dup",
    "as_format_tags_key_case",
    "as_format_tags_sc",
    "cv_fail_i1_as_cv_fail",
    "cv_fail_i2_as1_fail",
    "cv_fail_i2_as2_fail",
];

#[tokio::test]
async fn the_suite_of_arc() {
    let Ok(path) = std::env::var("PARVIS_ARC_SUITE") else { return };
    let scenarios: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut agree, mut known, mut differ) = (0, 0, Vec::new());
    for scenario in &scenarios {
        let dns = FakeDns::start().await;
        for (name, text) in scenario["txt"].as_object().unwrap() {
            dns.txt(name, text.as_str().unwrap());
        }
        for (name, case) in scenario["tests"].as_object().unwrap() {
            let message = case["message"].as_str().unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
            let arrived = Arrived { peer: None, helo: "mail.example", sender: None };
            let (_, found) = checker(&dns, None).check(&arrived, message.into_bytes()).await;
            let result = found.checks.arc.as_ref().map_or(CheckResult::None, |arc| arc.result);
            let result = format!("{result:?}").to_ascii_lowercase().replace("none", "");
            let expected = case["cv"].as_str().unwrap().to_ascii_lowercase();
            if result == expected.replace("none", "") {
                agree += 1;
            } else if DIFFERENT_SEALS.contains(&name.as_str()) {
                known += 1;
            } else {
                differ.push(format!("{name}: {result}, expected {expected}"));
            }
        }
    }
    println!("{agree} agree, {known} are known to differ");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// One, or several in a list.
fn words(value: &Value) -> Vec<&str> {
    let several = value.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(value));
    several.iter().map(|one| one.as_str().unwrap()).collect()
}

fn publish(dns: &FakeDns, name: &str, records: &[Value]) {
    let has_texts = records.iter().any(|record| record.get("TXT").is_some());
    for record in records {
        let Some((kind, data)) = record.as_object().and_then(|record| record.iter().next()) else {
            // Of the old type only, where there are texts.
            if !has_texts {
                dns.manner(&name.to_ascii_lowercase(), Manner::ServFail);
            }
            continue;
        };
        let text = || words(data).concat();
        match kind.as_str() {
            "TXT" if text() != "NONE" => drop(dns.txt(name, &text())),
            // What they publish as the old type stands as text too, unless they say otherwise.
            "SPF" if !has_texts => drop(dns.txt(name, &text())),
            "A" | "AAAA" => drop(dns.ip(name, &text())),
            "MX" => {
                let preference = u16::try_from(data[0].as_u64().unwrap()).unwrap();
                dns.mx(name, preference, data[1].as_str().unwrap());
            }
            "PTR" => drop(dns.ptr(name, &text())),
            "CNAME" => drop(dns.alias(name, &text())),
            _ => {}
        }
    }
}
