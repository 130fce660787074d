//! Our signatures, looked at by somebody else's verifier: they are good on what we send, stay good
//! on its way, and no longer are when somebody changes what a reader sees.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};
use parvis::config::Config;
use parvis::mail::compose::own_fields;
use parvis::serve;
use parvis::sign::{Algorithm, Common, InvalidKey, NamedKey, Signer, SigningKey, read_key};
use tokio::runtime::Runtime;

use crate::copies;

/// Seconds since 1970 of a moment long past, so that no verifier finds it in the future.
pub(crate) const AT: i64 = 1_700_000_000;

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn rsa_pkcs8(size: KeySize) -> Vec<u8> {
    let pair = KeyPair::generate(size).unwrap();
    AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec()
}

/// What is inside PKCS#8 of a key of 2048 bits: version, algorithm, and the head of a string.
fn pkcs1_of(pkcs8: &[u8]) -> &[u8] {
    &pkcs8[26..]
}

fn ed25519_pkcs8() -> Vec<u8> {
    Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap().as_ref().to_vec()
}

fn named(selector: &str, text: &str) -> NamedKey {
    NamedKey { selector: selector.to_owned(), key: SigningKey::from_pem(text).unwrap() }
}

pub(crate) fn keys() -> Vec<NamedKey> {
    vec![
        named("parvis", &pem("PRIVATE KEY", &rsa_pkcs8(KeySize::Rsa2048))),
        named("older", &pem("RSA PRIVATE KEY", pkcs1_of(&rsa_pkcs8(KeySize::Rsa2048)))),
        named("edwards", &pem("PRIVATE KEY", &ed25519_pkcs8())),
    ]
}

/// The DNS as far as our keys are in it; whatever else is asked fails.
struct Records(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Records {
    fn get<Q: Hash + Eq + ?Sized>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        self.0.get(name).cloned()
    }
    fn remove<Q: Hash + Eq + ?Sized>(&self, _name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
    {
        None
    }
    fn insert(&self, _name: Box<str>, _value: Txt, _valid_until: Instant) {}
}

/// Somebody else's verifier, with the records of our keys.
pub(crate) struct Verifier {
    runtime: Runtime,
    authenticator: MessageAuthenticator,
    records: Records,
}

impl Verifier {
    pub(crate) fn new(domain: &str, keys: &[NamedKey]) -> Verifier {
        let record = |key: &NamedKey| {
            let name = format!("{}._domainkey.{domain}.", key.selector).into_boxed_str();
            (name, DomainKey::parse(key.key.record().as_bytes()).unwrap().into())
        };
        let nobody = ResolverConfig::default();
        Verifier {
            runtime: Runtime::new().unwrap(),
            authenticator: MessageAuthenticator::new(nobody, ResolverOpts::default()).unwrap(),
            records: Records(keys.iter().map(record).collect()),
        }
    }

    /// Which of our signatures are good: `parvis=pass older=pass`.
    pub(crate) fn says(&self, mail: impl AsRef<[u8]>) -> String {
        let message = AuthenticatedMessage::parse(mail.as_ref()).unwrap();
        let asked = Parameters::new(&message).with_txt_cache(&self.records);
        let results = self.runtime.block_on(self.authenticator.verify_dkim(asked));
        let word = |result: &DkimResult| if *result == DkimResult::Pass { "pass" } else { "fail" };
        let ours = results.iter().filter_map(|output| {
            let signature = output.signature()?;
            (signature.d == "lists.example").then(|| format!("{}={}", signature.s, word(output.result())))
        });
        ours.collect::<Vec<_>>().join(" ")
    }

    /// What it says of the seals: `none`, `pass`, or else.
    pub(crate) fn says_of_seals(&self, mail: impl AsRef<[u8]>) -> &'static str {
        let message = AuthenticatedMessage::parse(mail.as_ref()).unwrap();
        let asked = Parameters::new(&message).with_txt_cache(&self.records);
        let output = self.runtime.block_on(self.authenticator.verify_arc(asked));
        match output.result() {
            DkimResult::Pass => "pass",
            DkimResult::None => "none",
            DkimResult::Fail(_) | DkimResult::Neutral(_) => "fail",
            DkimResult::PermError(_) | DkimResult::TempError(_) => "error",
        }
    }
}

pub(crate) const ALL_PASS: &str = "parvis=pass older=pass edwards=pass";
const NONE_PASS: &str = "parvis=fail older=fail edwards=fail";

fn signed(keys: &[NamedKey], common_head: &[u8], own: &[u8], head: &[u8], body: &[u8]) -> Vec<u8> {
    let common = Common::new("Lists.Example", common_head, body);
    [common.sign(keys, own, AT).unwrap(), head.to_vec(), body.to_vec()].concat()
}

#[test]
fn every_copy_is_signed_well_by_every_key() {
    let keys = keys();
    let verifier = Verifier::new("lists.example", &keys);
    for case in copies::cases() {
        if case.ends_with("untouched") {
            continue; // `to :` is a To (RFC 6376 §3.4.2), but not to this verifier.
        }
        let prepared = copies::prepared(&case);
        let own = own_fields(copies::URL, copies::ADDRESS);
        let mail = signed(&keys, &prepared.common_head(), &own, &prepared.head_with(&own), prepared.body());
        assert_eq!(verifier.says(&mail), ALL_PASS, "{}", case.display());
        let whole = prepared.head_with(&own);
        let mail = signed(&keys, &whole, b"", &whole, prepared.body());
        assert_eq!(verifier.says(&mail), ALL_PASS, "signed in one piece: {}", case.display());
    }
}

#[test]
fn what_servers_on_the_way_do_is_no_harm_and_what_forgers_do_is_seen() {
    let keys = keys();
    let verifier = Verifier::new("lists.example", &keys);
    let prepared = copies::prepared(&copies::folder().join("plain-footer-widened"));
    let own = own_fields(copies::URL, copies::ADDRESS);
    let mail = signed(&keys, &prepared.common_head(), &own, &prepared.head_with(&own), prepared.body());
    let mail = String::from_utf8(mail).unwrap();
    let on_top = |field: &str| format!("{field}\r\n{mail}");
    let replaced = |from: &str, to: &str| {
        assert!(mail.contains(from), "{from} in {mail}");
        mail.replacen(from, to, 1)
    };
    for good in [
        mail.clone(),
        on_top("Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0100"),
        on_top("Return-Path: <x@lists.example>"),
        on_top("Authentication-Results: mx.example; dkim=pass"),
        replaced("Subject: ", "SUBJECT:\t "),
        replaced("\r\n\r\n", "\r\n\r\n").to_string() + "\r\n\r\n",
    ] {
        assert_eq!(verifier.says(&good), ALL_PASS, "{good}");
    }
    for name in [
        "From",
        "Reply-To",
        "To",
        "Cc",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
        "List-Id",
        "List-Post",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Archived-At",
    ] {
        assert_eq!(verifier.says(on_top(&format!("{name}: added"))), NONE_PASS, "a second {name}");
    }
    for bad in [
        replaced("u/TOKEN", "u/OTHER"),
        replaced("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", ""),
        replaced("Anne Martin", "Anne Marten"),
        mail.clone() + "one more line\r\n",
    ] {
        assert_eq!(verifier.says(&bad), NONE_PASS, "{bad}");
    }
}

#[test]
fn a_signature_says_what_it_should_and_no_more() {
    let keys = keys();
    let prepared = copies::prepared(&copies::folder().join("plain"));
    let own = own_fields(copies::URL, copies::ADDRESS);
    let fields = Common::new("lists.example", &prepared.common_head(), prepared.body());
    let fields = String::from_utf8(fields.sign(&keys, &own, AT).unwrap()).unwrap();
    assert_eq!(fields.matches("DKIM-Signature: v=1; ").count(), 3);
    assert!(fields.split("\r\n").all(|line| line.len() <= 78), "{fields}");
    let unfolded = fields.replace("\r\n\t ", "").replace("\r\n\t", " ");
    for line in unfolded.lines() {
        let tags: Vec<&str> = line["DKIM-Signature:".len()..].split(';').map(str::trim).collect();
        let name = |tag: &&str| tag.split('=').next().unwrap_or_default().to_owned();
        assert_eq!(
            tags.iter().map(name).collect::<Vec<_>>(),
            ["v", "a", "c", "d", "s", "t", "h", "bh", "b"],
            "no l= and no x=: {line}"
        );
        assert!(line.contains(" c=relaxed/relaxed; d=lists.example; ") && line.contains(" t=1700000000; "));
        let h = tags.iter().find_map(|tag| tag.strip_prefix("h=")).unwrap();
        let count = |name: &str| h.split(':').filter(|n| *n == name).count();
        // Twice what is there once, once what is not there.
        assert_eq!((count("From"), count("Subject"), count("Reply-To")), (2, 2, 1), "{h}");
        assert_eq!((count("List-Unsubscribe"), count("List-Unsubscribe-Post")), (2, 2), "{h}");
        assert_eq!((count("Received"), count("DKIM-Signature"), count("Return-Path")), (0, 0, 0), "{h}");
    }
}

#[test]
fn keys_are_read_in_the_forms_that_exist_and_refused_with_the_reason() {
    let rsa = rsa_pkcs8(KeySize::Rsa2048);
    let certificate = pem("CERTIFICATE", b"first something else");
    for (text, algorithm) in [
        (pem("PRIVATE KEY", &rsa), Algorithm::RsaSha256),
        (pem("RSA PRIVATE KEY", pkcs1_of(&rsa)), Algorithm::RsaSha256),
        (pem("PRIVATE KEY", &rsa).replace('\n', "\r\n"), Algorithm::RsaSha256),
        (format!("A note.\n{certificate}{}", pem("PRIVATE KEY", &rsa)), Algorithm::RsaSha256),
        (pem("PRIVATE KEY", &ed25519_pkcs8()), Algorithm::Ed25519Sha256),
    ] {
        let key = SigningKey::from_pem(&text).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let secret = text.lines().rev().find(|line| !line.starts_with('-')).unwrap();
        assert!(!format!("{key:?}").contains(secret), "a key shows");
        for end in (0..text.len()).step_by(7) {
            let _ = SigningKey::from_pem(&text[..end]);
        }
    }
    for (text, why) in [
        ("", InvalidKey::NoPem),
        ("parvis", InvalidKey::NoPem),
        (&certificate, InvalidKey::NoPem),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n", InvalidKey::NoPem),
        ("-----BEGIN PRIVATE KEY-----\nAAAA", InvalidKey::NoPem),
        (&pem("ENCRYPTED PRIVATE KEY", b"x"), InvalidKey::Encrypted),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            InvalidKey::Encrypted,
        ),
        (&pem("PRIVATE KEY", b"not a key"), InvalidKey::Unusable),
        (&pem("RSA PRIVATE KEY", &rsa), InvalidKey::Unusable),
    ] {
        assert_eq!(SigningKey::from_pem(text).err(), Some(why), "{text}");
    }
    let missing = read_key(Path::new("/nowhere/dkim.pem")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read the DKIM key /nowhere/dkim.pem: "), "{missing}");
}

#[test]
fn many_copies_are_signed_at_once() {
    let keys = keys();
    let verifier = Verifier::new("lists.example", &keys);
    let prepared = copies::prepared(&copies::folder().join("plain"));
    let common = Arc::new(Common::new("lists.example", &prepared.common_head(), prepared.body()));
    let signer = Arc::new(Signer::start(keys).unwrap());
    let runtime = Runtime::new().unwrap();
    let mails = runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..100 {
            let (signer, common) = (signer.clone(), common.clone());
            let own = own_fields(&format!("https://lists.example/u/{n}"), copies::ADDRESS);
            tasks.spawn(async move { (signer.sign(common, own.clone(), AT).await.unwrap(), own) });
        }
        tasks.join_all().await
    });
    for (fields, own) in mails {
        let mail = [fields, prepared.head_with(&own), prepared.body().to_vec()].concat();
        assert_eq!(verifier.says(&mail), ALL_PASS);
    }
}

#[test]
fn a_key_that_cannot_be_used_stops_the_start_and_says_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("data/keys");
    std::fs::create_dir_all(&keys).unwrap();
    std::fs::write(keys.join("2027.pem"), "a note, and no key").unwrap();
    let text = format!(
        "hostname = \"lists.example\"\ndata_dir = {:?}\nsmtp.listen = []\n\
         dkim.keys = [{{ selector = \"y27\", file = \"2027.pem\" }}]\n",
        folder.path().join("data").display().to_string()
    );
    let path = folder.path().join("parvis.toml");
    let config = Config::from_text(Some(&text), &path, Vec::new(), &|file| file.exists()).unwrap();
    let started = Runtime::new().unwrap().block_on(serve::start(&config, serve::system_clock()));
    let error = started.err().unwrap().to_string();
    assert!(error.contains("2027.pem: it holds no private key in PEM"), "{error}");
    assert!(error.ends_with("(dkim.keys: line 4)"), "{error}");
}
