//! The sockets of the web: slow, greedy and too many clients, https, and the plain port beside it.

#![allow(clippy::unwrap_used, reason = "in tests, and in what only tests call, it is an assertion")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use parvis::domain::mta_sts;
use parvis::domain::time::Timestamp;
use parvis::net::certificate::Certificate;
use parvis::net::certificates::{Certificates, install_crypto_provider};
use parvis::net::slots::Slots;
use parvis::web::front::{self, Challenges};
use parvis::web::server::{WebDeadlines, WebDoor, serve};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(150);
const HOSTNAME: &str = "lists.example.org";
/// More than sockets hold between two programs.
const LARGE: usize = 64 << 20;

struct Open {
    address: SocketAddr,
    slots: Arc<Slots>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

fn pages() -> Router {
    Router::new()
        .route("/", get(|| async { "a page\n" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(SOON).await;
                "at last\n"
            }),
        )
}

async fn open(slots: Arc<Slots>, deadlines: WebDeadlines, router: Router) -> Open {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let door = WebDoor { listener, tls: None, slots: slots.clone(), deadlines };
    let (stop, stopping) = watch::channel(false);
    Open { address, slots, stop, served: tokio::spawn(serve(door, router, stopping)) }
}

fn hasty() -> WebDeadlines {
    WebDeadlines { head: SOON, handshake: SOON, reading: SOON, stop: Duration::from_secs(10) }
}

fn wide() -> Arc<Slots> {
    Slots::new(200, 200, Vec::new())
}

/// Everything until the server hangs up; a reset counts as that.
async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match timeout(PATIENCE, stream.read(&mut buffer)).await.expect("the server hangs up in time") {
            Ok(0) | Err(_) => return String::from_utf8(heard).unwrap(),
            Ok(bytes) => heard.extend_from_slice(&buffer[..bytes]),
        }
    }
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, request: &str) -> String {
    // A server that hangs up half way through has said why.
    let _ = stream.write_all(request.as_bytes()).await;
    rest(&mut stream).await
}

async fn fetch(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    ask(TcpStream::connect(address).await.unwrap(), &request).await
}

#[tokio::test]
async fn clients_that_never_finish_asking_lose_their_place_and_delay_nobody() {
    let web = open(wide(), hasty(), pages()).await;
    let mut drips = Vec::new();
    for at in 0..100 {
        let mut stream = TcpStream::connect(web.address).await.unwrap();
        stream.write_all(&b"GET / HTTP/1.1\r\nHost: x\r\nX: "[..at % 28]).await.unwrap();
        drips.push(stream);
    }
    assert!(fetch(web.address, "/").await.ends_with("a page\n"));
    for mut drip in drips {
        // Nothing, or that it took too long.
        let heard = rest(&mut drip).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{heard}");
    }
    // One that asked once and then only stays is the same.
    let mut idle = TcpStream::connect(web.address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(rest(&mut idle).await.ends_with("a page\n"));
    assert_eq!(web.slots.in_use(), 0);
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_place() {
    let web = open(wide(), hasty(), pages()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(web.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    while web.slots.in_use() == 0 {
        tokio::task::yield_now().await;
    }
    timeout(PATIENCE, async {
        while web.slots.in_use() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the place is free again");
    assert!(rest(&mut stream).await.len() < LARGE);
}

#[tokio::test]
async fn a_request_has_a_largest_head() {
    let web = open(wide(), WebDeadlines::default(), pages()).await;
    for (head, code) in [
        (format!("X: {}\r\n", "x".repeat(1 << 20)), "431"),
        ("X: y\r\n".repeat(101), "431"),
        (format!("X: {}\r\n", "x".repeat(20 << 10)), "200"),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n");
        let answer = ask(TcpStream::connect(web.address).await.unwrap(), &request).await;
        // A client that is still writing may lose the answer with the connection.
        let lost = answer.is_empty() && head.len() > 1 << 19;
        assert!(lost || answer.starts_with(&format!("HTTP/1.1 {code}")), "{code}: {answer}");
    }
    let both = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let answer = ask(TcpStream::connect(web.address).await.unwrap(), both).await;
    assert!(!answer.contains("a page"), "{answer}");
}

#[tokio::test]
async fn one_client_does_not_get_all_the_places() {
    let web = open(Slots::new(10, 2, Vec::new()), WebDeadlines::default(), pages()).await;
    let held =
        [TcpStream::connect(web.address).await.unwrap(), TcpStream::connect(web.address).await.unwrap()];
    while web.slots.in_use() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fetch(web.address, "/").await, "");
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let other = other.connect(web.address).await.unwrap();
    let answer = ask(other, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("a page\n"));
    drop(held);
    while web.slots.in_use() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(fetch(web.address, "/").await.ends_with("a page\n"));
}

#[tokio::test]
async fn stopping_finishes_the_answer_in_hand() {
    let web = open(wide(), WebDeadlines::default(), pages()).await;
    let mut stream = TcpStream::connect(web.address).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    while web.slots.in_use() == 0 {
        tokio::task::yield_now().await;
    }
    let _idle = TcpStream::connect(web.address).await.unwrap();
    tokio::time::sleep(SOON / 3).await;
    web.stop.send_replace(true);
    assert!(rest(&mut stream).await.ends_with("at last\n"));
    timeout(PATIENCE, web.served).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(web.address).await.is_err());
}

#[tokio::test]
async fn the_plain_port_answers_challenges_and_sends_everybody_else_to_https() {
    let challenges = Challenges::default();
    challenges.show("a-token", "a-token.thumb");
    let router = front::redirect(&format!("https://{HOSTNAME}/below/"));
    let web = open(wide(), WebDeadlines::default(), front::with_challenges(router, challenges.clone())).await;
    for (path, place) in [
        ("/", "/"),
        ("/quartier/m/a%2Fb%40c.example/?flat", "/quartier/m/a%2Fb%40c.example/?flat"),
        ("//evil.example/x", "//evil.example/x"),
        ("/.well-known/acme-challenge/other", "/.well-known/acme-challenge/other"),
    ] {
        let answer = fetch(web.address, path).await;
        assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
        assert!(answer.contains(&format!("\r\nlocation: https://{HOSTNAME}{place}\r\n")), "{answer}");
        assert!(answer.contains("x-content-type-options: nosniff") && !answer.contains("strict-transport"));
    }
    let answer = fetch(web.address, "/.well-known/acme-challenge/a-token").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\na-token.thumb"), "{answer}");
    challenges.forget("a-token");
    assert!(fetch(web.address, "/.well-known/acme-challenge/a-token").await.starts_with("HTTP/1.1 308 "));
}

#[tokio::test]
async fn whether_all_is_well_is_said_before_anything_else() {
    for (health, code, word) in
        [(Ok(()), "200", "ok\n"), (Err("the disk is short"), "503", "the disk is short\n")]
    {
        let health: front::Health = Arc::new(move || health);
        for router in [
            front::with_health(pages(), health.clone()),
            front::measurements(Arc::new(|| "numbers".to_owned()), health),
        ] {
            let web = open(wide(), WebDeadlines::default(), router).await;
            let answer = fetch(web.address, "/healthz").await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")) && answer.ends_with(word), "{answer}");
        }
    }
}

#[tokio::test]
async fn servers_that_bring_mail_read_what_is_asked_of_them() {
    let policy = mta_sts::policy(HOSTNAME);
    let web = open(wide(), WebDeadlines::default(), front::with_mail_policy(pages(), &policy)).await;
    let answer = fetch(web.address, "/.well-known/mta-sts.txt").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\r\n\r\n{policy}")),
        "{answer}"
    );
    assert!(answer.contains("\r\ncontent-type: text/plain"), "{answer}");
    assert!(fetch(web.address, "/").await.ends_with("a page\n"));
}

#[tokio::test]
async fn https_shows_the_same_pages_and_asks_to_be_preferred() {
    install_crypto_provider();
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec![HOSTNAME.to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificates = Certificates::new();
    let tls = Some(certificates.server_config(&["http/1.1"]));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let door = WebDoor { listener, tls, slots: wide(), deadlines: hasty() };
    let (_stop, stopping) = watch::channel(false);
    tokio::spawn(serve(door, front::secured(pages()), stopping));
    let mut roots = RootCertStore::empty();
    roots.add(made.der().clone()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(HOSTNAME).unwrap();
    // No certificate yet: no handshake, and nothing worse.
    let stream = TcpStream::connect(address).await.unwrap();
    assert!(connector.connect(name.clone(), stream).await.is_err());
    let pem = Certificate::parse(made.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    certificates.replace(pem, Timestamp::from_seconds(1_795_341_600)).unwrap();
    let stream = connector.connect(name, TcpStream::connect(address).await.unwrap()).await.unwrap();
    let answer = ask(stream, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.contains("\r\nstrict-transport-security: max-age=15552000\r\n"), "{answer}");
    assert!(answer.ends_with("a page\n"), "{answer}");
    // Who does not shake hands loses the place.
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
}
