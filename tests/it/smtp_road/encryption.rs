//! TLS and logging in, as peers see it: what goes in clear, to whom a password is given, and what
//! becomes of copies where a peer cannot prove who it is.

use std::sync::Arc;
use std::time::Duration;

use parvis::smtp::client::{Login, Outbox, PoolOptions, Security, SmtpOutbox, Tlsa, Trust};
use parvis::smtp::route::Route;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData};
use sha2::{Digest, Sha256, Sha512};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};

use super::{HOSTNAME, brief, copy_to, is_taken};
use crate::fake_peer::{Does, FakePeer, Point, Script, Tls, Trouble};

/// An authority, and a certificate it gave.
pub(crate) struct Certificates {
    pub(crate) authority: CertificateDer<'static>,
    own: CertificateDer<'static>,
    pub(super) own_key: Vec<u8>,
    pub(super) server: Arc<ServerConfig>,
}

impl Certificates {
    pub(crate) fn of(name: &str) -> Certificates {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let chain = vec![own.der().clone(), issuer.der().clone()];
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        let own_key = key.subject_public_key_info();
        Certificates {
            authority: issuer.der().clone(),
            own: own.der().clone(),
            own_key,
            server: Arc::new(server),
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::of(vec![self.authority.clone()])
    }
}

fn options(security: Security, trust: Trust) -> PoolOptions {
    PoolOptions { security, trust, rest_after_failure: Duration::ZERO, ..PoolOptions::default() }
}

/// One copy to the peer of `script`: what became of it, and whether it was encrypted.
async fn carried(script: Script, scheme: &str, options: PoolOptions) -> String {
    let peer = FakePeer::start(script).await;
    let route = Route::parse(&peer.route(scheme)).unwrap();
    let outbox = SmtpOutbox::new(route, HOSTNAME, options).unwrap();
    let outcome = outbox.carry(copy_to("a@a.example")).await;
    outbox.close().await;
    let seen = peer.seen();
    assert_eq!(seen.taken.len(), usize::from(is_taken(&outcome)), "{outcome:?}");
    match seen.taken.first() {
        None => brief(&outcome),
        Some(taken) if taken.encrypted => "encrypted".to_owned(),
        Some(_) => "in clear".to_owned(),
    }
}

#[tokio::test]
async fn what_is_asked_of_a_certificate_is_what_is_done() {
    let (good, other) = (Certificates::of("127.0.0.1"), Certificates::of("mail.example"));
    let offers = |certificates: &Certificates| Tls::Offered(certificates.server.clone());
    let not_encrypted = "PutOff at Encryption";
    for (name, tls, security, trust, expected) in [
        ("good, any", offers(&good), Security::Opportunistic, good.trust(), "encrypted"),
        ("unknown, any", offers(&good), Security::Opportunistic, Trust::none(), "encrypted"),
        ("another\u{2019}s name, any", offers(&other), Security::Opportunistic, other.trust(), "encrypted"),
        ("none, any", Tls::Never, Security::Opportunistic, good.trust(), "in clear"),
        ("broken, any", Tls::Broken, Security::Opportunistic, good.trust(), "in clear"),
        ("good, never", offers(&good), Security::Never, good.trust(), "in clear"),
        ("unknown, encrypted", offers(&good), Security::Encrypted, Trust::none(), "encrypted"),
        ("none, encrypted", Tls::Never, Security::Encrypted, Trust::none(), not_encrypted),
        ("broken, encrypted", Tls::Broken, Security::Encrypted, Trust::none(), not_encrypted),
        ("good, verified", offers(&good), Security::Verified, good.trust(), "encrypted"),
        ("unknown, verified", offers(&good), Security::Verified, other.trust(), not_encrypted),
        ("nobody trusted, verified", offers(&good), Security::Verified, Trust::none(), not_encrypted),
        ("another\u{2019}s name, verified", offers(&other), Security::Verified, other.trust(), not_encrypted),
        ("none, verified", Tls::Never, Security::Verified, good.trust(), not_encrypted),
        ("broken, verified", Tls::Broken, Security::Verified, good.trust(), not_encrypted),
    ] {
        let script = Script { tls, ..Script::default() };
        assert_eq!(carried(script, "smtp", options(security, trust)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn smtps_is_encrypted_from_the_first_byte_and_verified() {
    let (good, other) = (Certificates::of("127.0.0.1"), Certificates::of("127.0.0.1"));
    for (tls, trust, expected) in [
        (Tls::AtOnce(good.server.clone()), good.trust(), "encrypted"),
        (Tls::AtOnce(good.server.clone()), other.trust(), "PutOff at Encryption"),
        (Tls::Never, good.trust(), "PutOff at Encryption"),
    ] {
        let script = Script { tls, ..Script::default() };
        let options = options(Security::Opportunistic, trust);
        assert_eq!(carried(script, "smtps", options).await, expected);
    }
}

#[tokio::test]
async fn the_words_of_a_zone_vouch_for_a_certificate() {
    let (good, other) = (Certificates::of("127.0.0.1"), Certificates::of("mail.example"));
    let sha256 = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
    let sha512 = |bytes: &[u8]| Sha512::digest(bytes).to_vec();
    let record = |usage, selector, matching, data| Tlsa { usage, selector, matching, data };
    let no = "PutOff at Encryption";
    for (name, certificates, record, expected) in [
        ("3 1 1", &good, record(3, 1, 1, sha256(&good.own_key)), "encrypted"),
        ("3 1 2", &good, record(3, 1, 2, sha512(&good.own_key)), "encrypted"),
        ("3 0 1", &good, record(3, 0, 1, sha256(&good.own)), "encrypted"),
        ("3 0 0", &good, record(3, 0, 0, good.own.to_vec()), "encrypted"),
        ("3 1 1, its name does not count", &other, record(3, 1, 1, sha256(&other.own_key)), "encrypted"),
        ("3 1 1 of another", &good, record(3, 1, 1, sha256(&other.own_key)), no),
        ("3 1 1 of its authority", &good, record(3, 1, 1, sha256(&good.authority)), no),
        ("2 0 1", &good, record(2, 0, 1, sha256(&good.authority)), "encrypted"),
        ("2 0 0", &good, record(2, 0, 0, good.authority.to_vec()), "encrypted"),
        ("2 0 1, its name does count", &other, record(2, 0, 1, sha256(&other.authority)), no),
        ("2 0 1 of another", &good, record(2, 0, 1, sha256(&other.authority)), no),
        ("1 1 1 is not for mail", &good, record(1, 1, 1, sha256(&good.own_key)), no),
        ("a digest cut short", &good, record(3, 1, 1, sha256(&good.own_key)[..31].to_vec()), no),
    ] {
        let script = Script { tls: Tls::Offered(certificates.server.clone()), ..Script::default() };
        let security = Security::Dane([record].into());
        assert_eq!(carried(script, "smtp", options(security, Trust::none())).await, expected, "{name}");
    }
}

#[tokio::test]
async fn what_was_said_in_clear_does_not_count_behind_the_handshake() {
    let good = Certificates::of("127.0.0.1");
    let inject = Trouble::say(Point::StartTls, "220 go\r\n250 injected\r\n");
    for (trouble, security, expected) in [
        (inject.clone(), Security::Opportunistic, "PutOff at Encryption"),
        (inject, Security::Verified, "PutOff at Encryption"),
        (
            Trouble::say(Point::StartTls, "454 4.7.0 not now\r\n"),
            Security::Verified,
            "PutOff at Encryption (454 4.7.0 not now)",
        ),
        (Trouble::say(Point::StartTls, "454 4.7.0 not now\r\n"), Security::Opportunistic, "in clear"),
        (
            Trouble::at(Point::StartTls, Does::SayAndDrop("421 4.3.2 bye\r\n".to_owned())),
            Security::Opportunistic,
            "PutOff at Encryption (421 4.3.2 bye)",
        ),
        (Trouble::at(Point::StartTls, Does::Drop), Security::Opportunistic, "PutOff at Encryption"),
        (Trouble::at(Point::StartTls, Does::EndlessLines), Security::Opportunistic, "PutOff at Encryption"),
        (Trouble::at(Point::StartTls, Does::EndlessLine), Security::Opportunistic, "PutOff at Encryption"),
        // Behind the handshake, hello comes again, and may fail.
        (
            Trouble::say(Point::Hello, "421 4.3.2 no\r\n").the_nth(2),
            Security::Opportunistic,
            "PutOff at Hello (421 4.3.2 no)",
        ),
    ] {
        let script = Script { tls: Tls::Offered(good.server.clone()), ..Script::with([trouble.clone()]) };
        let options = options(security, good.trust());
        assert_eq!(carried(script, "smtp", options).await, expected, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_peer_that_hangs_in_the_handshake_is_given_up() {
    let script = Script { tls: Tls::Broken, ..Script::with([Trouble::at(Point::StartTls, Does::Hang)]) };
    let mut options = options(Security::Verified, Trust::none());
    options.timeouts.encryption = Duration::from_millis(150);
    assert_eq!(carried(script, "smtp", options).await, "PutOff at Encryption");
}

#[tokio::test]
async fn many_copies_go_over_one_encrypted_connection() {
    let good = Certificates::of("127.0.0.1");
    let script = Script { tls: Tls::Offered(good.server.clone()), ..Script::default() };
    let peer = FakePeer::start(script).await;
    let route = Route::parse(&peer.route("smtp")).unwrap();
    let outbox = SmtpOutbox::new(route, HOSTNAME, options(Security::Verified, good.trust())).unwrap();
    for number in 0..200 {
        assert!(is_taken(&outbox.carry(copy_to(&format!("reader{number}@a.example"))).await));
    }
    let seen = peer.seen();
    assert_eq!((seen.connections, seen.count("EHLO"), seen.taken.len()), (1, 2, 200));
    assert!(seen.taken.iter().all(|taken| taken.encrypted));
}

#[tokio::test]
async fn a_password_is_given_in_the_way_the_peer_knows() {
    for (offers, commands, expected) in [
        (vec!["AUTH PLAIN LOGIN"], "AUTH PLAIN AHBhcnZpcwBvcGVuIHNlc2FtZQ==", "in clear"),
        (vec!["AUTH LOGIN XOAUTH2"], "AUTH LOGIN", "in clear"),
        (vec!["AUTH=LOGIN PLAIN"], "AUTH PLAIN AHBhcnZpcwBvcGVuIHNlc2FtZQ==", "in clear"),
        (vec!["AUTH CRAM-MD5"], "QUIT", "PutOff at Login"),
        (vec![], "QUIT", "PutOff at Login"),
    ] {
        let script = Script { offers, login: Some(("parvis", "open sesame")), ..Script::default() };
        let peer = FakePeer::start(script).await;
        let login = Login::new("parvis", "open sesame");
        let options = PoolOptions { login, ..options(Security::Opportunistic, Trust::none()) };
        let route = Route::parse(&peer.route("smtp")).unwrap();
        let outbox = SmtpOutbox::new(route, HOSTNAME, options).unwrap();
        let outcome = outbox.carry(copy_to("a@a.example")).await;
        assert_eq!(is_taken(&outcome), expected == "in clear", "{outcome:?}");
        let seen = peer.seen();
        let after_hello = seen.commands.get(1).map_or("QUIT", |(_, line)| line.as_str());
        assert_eq!(after_hello, commands);
    }
}

#[tokio::test]
async fn a_wrong_password_puts_off_and_refuses_nobody() {
    let script = Script { offers: vec!["AUTH PLAIN"], login: Some(("parvis", "right")), ..Script::default() };
    let login = Login::new("parvis", "wrong");
    let options = PoolOptions { login, ..options(Security::Opportunistic, Trust::none()) };
    let outcome = carried(script, "smtp", options).await;
    assert_eq!(outcome, "PutOff at Login (535 5.7.8 who are you)");
}

#[test]
fn a_password_is_not_shown() {
    let login = Login::new("parvis", "open sesame").unwrap();
    assert_eq!(format!("{login:?}"), "Login(\"parvis\")");
    assert!(Login::new("", "x").is_none() && Login::new("a\0b", "x").is_none());
}
