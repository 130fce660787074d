//! STARTTLS over real sockets: what is inside TLS, what is not, and what becomes of open sessions
//! when the certificate changes.

#![allow(clippy::unwrap_used, reason = "in tests, and in what only tests call, it is an assertion")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parvis::domain::address::EmailAddress;
use parvis::domain::time::Timestamp;
use parvis::net::certificate::Certificate;
use parvis::net::certificates::{Certificates, install_crypto_provider};
use parvis::net::slots::Slots;
use parvis::smtp::envelope::{Envelope, Protocol, ReversePath};
use parvis::smtp::reply::Reply;
use parvis::smtp::server::{Deadlines, Mailroom, ServerOptions, StartTls, serve};
use parvis::smtp::session::Door;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const HOSTNAME: &str = "lists.example.org";
const PATIENCE: Duration = Duration::from_secs(20);
const POST: &str = "MAIL FROM:<anne@home.example>\r\nRCPT TO:<list@lists.example.org>\r\nDATA\r\nSubject: a\r\n\r\nb\r\n.\r\n";

#[derive(Default)]
struct Keeping(Mutex<Vec<Envelope>>);

impl Mailroom for Keeping {
    fn ready(&self) -> Result<(), Reply> {
        Ok(())
    }

    async fn recipient(&self, _: &ReversePath, _: &EmailAddress) -> Result<(), Reply> {
        Ok(())
    }

    async fn receive(&self, envelope: Envelope) -> Vec<Reply> {
        self.0.lock().await.push(envelope);
        vec![Reply::new(250, "2.0.0 kept")]
    }
}

struct TestDoor {
    address: SocketAddr,
    mailroom: Arc<Keeping>,
    certificates: Arc<Certificates>,
    _stop: watch::Sender<bool>,
}

/// A certificate of an afternoon, and how it looks to who knows it.
fn made() -> (Certificate, CertificateDer<'static>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec![HOSTNAME.to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificate = Certificate::parse(made.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    (certificate, made.der().clone())
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap()
}

async fn open(deadlines: Deadlines) -> TestDoor {
    install_crypto_provider();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (mailroom, certificates) = (Arc::new(Keeping::default()), Certificates::new());
    let options = ServerOptions {
        hostname: HOSTNAME.to_owned(),
        door: Door::Smtp,
        message_bytes_max: 100_000,
        slots: Slots::new(50, 50, Vec::new()),
        deadlines,
        tls: Some(StartTls::new(&certificates)),
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, mailroom.clone(), options, stopped));
    TestDoor { address, mailroom, certificates, _stop: stop }
}

/// Reads until what was heard ends as wanted, or the server hangs up.
async fn hear<S: AsyncRead + Unpin>(stream: &mut S, until: impl Fn(&str) -> bool) -> String {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        if until(&text) {
            return text;
        }
        match timeout(PATIENCE, stream.read(&mut buffer)).await.expect("an answer in time") {
            Ok(0) | Err(_) => return text + "<closed>",
            Ok(bytes) => heard.extend_from_slice(&buffer[..bytes]),
        }
    }
}

/// The next reply.
async fn reply<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let whole = |text: &str| {
        text.ends_with("\r\n")
            && text.lines().last().is_some_and(|line| line.as_bytes().get(3) == Some(&b' '))
    };
    hear(stream, whole).await
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, line: &str) -> String {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    reply(stream).await
}

/// A connection up to the answer to STARTTLS.
async fn asked_for_tls(door: &TestDoor) -> TcpStream {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    assert!(reply(&mut stream).await.starts_with("220 "));
    assert!(ask(&mut stream, "EHLO mail.anne.example").await.contains("250 STARTTLS\r\n"));
    assert!(ask(&mut stream, "STARTTLS").await.starts_with("220 2.0.0 "));
    stream
}

async fn inside(
    stream: TcpStream,
    known: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(known.clone()).unwrap();
    let config = ClientConfig::builder_with_protocol_versions(versions)
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(HOSTNAME).unwrap(), stream).await
}

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn a_post_inside_tls_says_so() {
    let door = open(Deadlines::default()).await;
    let (certificate, known) = made();
    door.certificates.replace(certificate, now()).unwrap();
    for version in BOTH {
        let mut stream = inside(asked_for_tls(&door).await, &known, &[version]).await.unwrap();
        // RFC 3207 §4.2: what was said before is forgotten.
        assert!(ask(&mut stream, "MAIL FROM:<anne@home.example>").await.starts_with("503 "));
        let hello = ask(&mut stream, "EHLO mail.anne.example").await;
        assert!(hello.contains("PIPELINING") && !hello.contains("STARTTLS"), "{hello}");
        assert!(ask(&mut stream, "STARTTLS").await.starts_with("503 "));
        stream.write_all(POST.as_bytes()).await.unwrap();
        hear(&mut stream, |text| text.ends_with("250 2.0.0 kept\r\n")).await;
    }
    let kept = door.mailroom.0.lock().await;
    assert_eq!(kept.iter().map(|e| e.protocol).collect::<Vec<_>>(), [Protocol::Esmtps, Protocol::Esmtps]);
}

#[tokio::test]
async fn without_a_certificate_it_is_not_offered() {
    let door = open(Deadlines::default()).await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    reply(&mut stream).await;
    assert!(!ask(&mut stream, "EHLO mail.anne.example").await.contains("STARTTLS"));
    assert!(ask(&mut stream, "STARTTLS").await.starts_with("502 "));
    assert!(ask(&mut stream, "NOOP").await.starts_with("250 "));
}

#[tokio::test]
async fn nothing_said_before_the_handshake_is_obeyed_inside_it() {
    let door = open(Deadlines::default()).await;
    let (certificate, known) = made();
    door.certificates.replace(certificate, now()).unwrap();
    // In one piece with STARTTLS: no handshake at all.
    for injected in ["RSET\r\n", "MAIL FROM:<a@b.example>\r\n", POST, "x", "\r\n"] {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        reply(&mut stream).await;
        ask(&mut stream, "EHLO mail.anne.example").await;
        stream.write_all(format!("STARTTLS\r\n{injected}").as_bytes()).await.unwrap();
        let rest = hear(&mut stream, |_| false).await;
        assert!(rest.starts_with("501 5.5.1 ") && rest.matches("\r\n").count() == 1, "{injected:?}: {rest}");
    }
    // After our answer: whatever comes in the clear is no handshake.
    for injected in ["RSET\r\n", POST] {
        let mut stream = asked_for_tls(&door).await;
        stream.write_all(injected.as_bytes()).await.unwrap();
        let rest = hear(&mut stream, |_| false).await;
        assert!(!rest.contains("250") && rest.ends_with("<closed>"), "{injected:?}: {rest}");
        let mut stream = asked_for_tls(&door).await;
        stream.write_all(injected.as_bytes()).await.unwrap();
        assert!(inside(stream, &known, BOTH).await.is_err());
    }
    assert!(door.mailroom.0.lock().await.is_empty());
}

#[tokio::test]
async fn a_handshake_has_its_time() {
    let deadlines = Deadlines { handshake: Duration::from_millis(100), ..Deadlines::default() };
    let door = open(deadlines).await;
    door.certificates.replace(made().0, now()).unwrap();
    let mut stream = asked_for_tls(&door).await;
    // The beginning of a handshake, and never more: type, version, length.
    stream.write_all(&[0x16, 3, 1, 2, 0]).await.unwrap();
    assert_eq!(hear(&mut stream, |_| false).await, "<closed>");
}

#[tokio::test]
async fn a_new_certificate_leaves_open_sessions_alone() {
    let door = open(Deadlines::default()).await;
    let (first, known_first) = made();
    let (second, known_second) = made();
    door.certificates.replace(first, now()).unwrap();
    let mut before = inside(asked_for_tls(&door).await, &known_first, BOTH).await.unwrap();
    ask(&mut before, "EHLO mail.anne.example").await;
    let half_way = asked_for_tls(&door).await;
    door.certificates.replace(second, now()).unwrap();
    before.write_all(POST.as_bytes()).await.unwrap();
    hear(&mut before, |text| text.ends_with("250 2.0.0 kept\r\n")).await;
    // Whoever shakes hands now sees the new one.
    let mut after = inside(half_way, &known_second, BOTH).await.unwrap();
    assert!(ask(&mut after, "EHLO mail.anne.example").await.starts_with("250-"));
    assert!(inside(asked_for_tls(&door).await, &known_first, BOTH).await.is_err());
}
