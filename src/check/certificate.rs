//! The certificate: there, ours, and not about to end.

use std::fs;

use super::{Facts, Finding};
use crate::domain::time::{Timestamp, Zone};
use crate::net::certificate::Certificate;

/// Days before its end from which on a certificate is called wrong: it should have been renewed.
const DAYS_LEFT_MIN: i64 = 14;

/// What peers are shown.
pub fn certificate(facts: &Facts, now: Timestamp) -> Finding {
    let (what, host) = ("TLS", facts.hostname.as_str());
    let Some((chain_file, key_file)) = &facts.certificate else {
        let mut finding = Finding::good(what, host, "without: there is no certificate".to_owned());
        finding.mend =
            Some("[acme] directory = \"https://acme-v02.api.letsencrypt.org/directory\"".to_owned());
        return finding;
    };
    let file = chain_file.display();
    let mend = format!("a certificate for {host} in {file}, its key in {}", key_file.display());
    let read = fs::read(chain_file)
        .and_then(|chain| Ok((chain, fs::read(key_file)?)))
        .map_err(|error| error.to_string())
        .and_then(|(chain, key)| Certificate::parse(&chain, &key).map_err(|error| error.to_string()));
    let certificate = match read {
        Ok(certificate) => certificate,
        Err(why) => return Finding::wrong(what, host, format!("{file} cannot be used: {why}"), mend),
    };
    let days = (certificate.not_after.seconds() - now.seconds()).div_euclid(86_400);
    let until = certificate.not_after.rfc3339(&Zone::utc());
    if !certificate.covers(host) {
        return Finding::wrong(what, host, format!("the certificate in {file} is not for {host}"), mend);
    }
    if days < 0 {
        return Finding::wrong(what, host, format!("the certificate in {file} ended at {until}"), mend);
    }
    if days < DAYS_LEFT_MIN {
        let detail = format!("the certificate in {file} ends in {days} days, at {until}");
        return Finding::wrong(what, host, detail, mend);
    }
    Finding::good(what, host, format!("the certificate in {file} is for {host}, until {until}"))
}
