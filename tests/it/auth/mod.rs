//! Who is writing: real signatures, a DNS that answers from a table, and one that does not.

mod door;
mod hostile;
mod proofs;
mod suites;
mod unwanted;

use std::net::IpAddr;
use std::sync::Arc;

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use parvis::auth::{Arrived, Checker, Found};
use parvis::dns::Resolver;
use parvis::domain::address::EmailAddress;
use parvis::domain::network::Network;

use crate::fake_dns::FakeDns;

/// A key of somebody's, and its record.
pub(crate) struct Key {
    pkcs8: Vec<u8>,
    pub(crate) record: String,
}

impl Key {
    pub(crate) fn new() -> Key {
        let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_der(&pkcs8).unwrap().public_key();
        let record = format!("v=DKIM1; k=ed25519; p={}", data_encoding::BASE64.encode(&public));
        Key { pkcs8, record }
    }

    pub(crate) fn key(&self) -> Ed25519Key {
        Ed25519Key::from_pkcs8_der(&self.pkcs8).unwrap()
    }

    /// The message with a signature of that domain, under the selector `s`, on top.
    pub(crate) fn sign(&self, domain: &str, mail: &str) -> String {
        let signature = DkimSigner::from_key(self.key())
            .domain(domain)
            .selector("s")
            .headers(["From", "To", "Subject", "Date"])
            .sign(mail.as_bytes())
            .unwrap();
        let mut header = Vec::new();
        signature.write_header(&mut header);
        format!("{}{mail}", String::from_utf8(header).unwrap())
    }
}

/// A mail of somebody's, with CRLF.
pub(crate) fn mail(from: &str) -> String {
    format!(
        "From: {from}\r\nTo: quartier@lists.example\r\nSubject: Le puits\r\n\
         Date: Mon, 23 Nov 2026 09:00:00 +0100\r\nMessage-ID: <puits@anne.example>\r\n\r\n\
         Qui a les cl=C3=A9s ?\r\n"
    )
}

pub(crate) fn checker(dns: &FakeDns, believed: Option<&str>) -> Checker {
    let relays = vec![Network::parse("127.0.0.1").unwrap()];
    Checker::new(Arc::new(Resolver::new(&[dns.address])), relays, believed.map(ToOwned::to_owned))
}

/// A message from this address, with this reverse-path.
pub(crate) async fn ask(checker: &Checker, peer: &str, sender: &str, mail: &str) -> Found {
    let sender = EmailAddress::parse(sender).ok();
    let peer: Option<IpAddr> = peer.parse().ok();
    let arrived = Arrived { peer, helo: "mail.anne.example", sender: sender.as_ref() };
    let (raw, found) = checker.check(&arrived, mail.as_bytes().to_vec()).await;
    assert_eq!(raw, mail.as_bytes(), "the message comes back as it was");
    found
}

/// What was found in a line: the proof and what our header says.
pub(crate) fn told(found: &Found) -> String {
    let header = parvis::auth::header("lists.example", &found.checks);
    let results = header.replace("\r\n\t", " ").replace("Authentication-Results: lists.example; ", "");
    format!("{:?}: {}", found.proof, results.trim_end())
}
