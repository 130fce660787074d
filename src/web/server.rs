//! The sockets below the pages: who may connect, how long a request may take to come, and TLS.
//!
//! HTTP/1.1 only. A client that is slow to ask, slow to read, or one of too many loses its place;
//! nobody else waits for it. Knows nothing of what is answered.

mod patience;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::limits::Peer;
use crate::net::door::{Listen, keep_open, stopped};
use crate::net::slots::Slots;
use patience::Patient;

/// Connections at once, in all.
pub const CONNECTIONS_MAX: usize = 500;

/// Connections at once from one address.
pub const CONNECTIONS_PER_CLIENT_MAX: usize = 20;

/// Octets of a request's head, its line included.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Header fields of a request.
const HEAD_FIELDS_MAX: usize = 100;

/// How long a client may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WebDeadlines {
    /// From the end of one answer, or the beginning of a connection, to the end of a request's head.
    pub head: Duration,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// To take anything at all of what it is sent.
    pub reading: Duration,
    /// For what is in hand when the server stops.
    pub stop: Duration,
}

impl Default for WebDeadlines {
    fn default() -> WebDeadlines {
        WebDeadlines {
            head: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            reading: Duration::from_secs(60),
            stop: Duration::from_secs(10),
        }
    }
}

/// A socket pages are read at.
#[derive(Debug)]
pub struct WebDoor {
    /// Bound.
    pub listener: TcpListener,
    /// https; none: plain http.
    pub tls: Option<Arc<ServerConfig>>,
    /// Shared by all such sockets.
    pub slots: Arc<Slots>,
    /// How long a client may take.
    pub deadlines: WebDeadlines,
}

impl WebDoor {
    /// Plain http, with places of its own.
    pub fn plain(listener: TcpListener) -> WebDoor {
        let slots = Slots::new(CONNECTIONS_MAX, CONNECTIONS_MAX, Vec::new());
        WebDoor { listener, tls: None, slots, deadlines: WebDeadlines::default() }
    }
}

/// Answers until `stop` becomes true (or its sender is gone), then finishes what is in hand.
pub async fn serve(door: WebDoor, router: Router, stop: watch::Receiver<bool>) {
    let WebDoor { listener, tls, slots, deadlines } = door;
    let tls = tls.map(TlsAcceptor::from);
    let doors_stop = stop.clone();
    let admit = move |(stream, client), connections: &mut JoinSet<()>| {
        let Some(slot) = slots.take(Some(client)) else {
            debug!(%client, "too many connections to the web");
            return;
        };
        let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
        connections.spawn(async move {
            if let Err(error) = converse(stream, tls, seen_from(router, client), deadlines, stop).await {
                debug!(%client, %error, "a connection of the web broke");
            }
            drop(slot);
        });
    };
    keep_open(Visitors(listener), "the web", doors_stop, admit).await;
}

struct Visitors(TcpListener);

impl Listen for Visitors {
    type Connection = (TcpStream, IpAddr);

    async fn accept(&self) -> io::Result<(TcpStream, IpAddr)> {
        let (stream, address) = self.0.accept().await?;
        Ok((stream, address.ip().to_canonical()))
    }
}

/// The pages, told for each request whose connection it came over.
fn seen_from(router: Router, client: IpAddr) -> Router {
    router.layer(Extension(Peer(client)))
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

async fn converse(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    deadlines: WebDeadlines,
    stop: watch::Receiver<bool>,
) -> Result<(), Broken> {
    // Without this, the end of an answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    match tls {
        None => answer(stream, router, deadlines, stop).await,
        Some(tls) => {
            let stream = timeout(deadlines.handshake, tls.accept(stream)).await??;
            answer(stream, router, deadlines, stop).await
        }
    }
}

async fn answer<S>(
    stream: S,
    router: Router,
    deadlines: WebDeadlines,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(Patient::new(stream, deadlines.reading));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX);
    let connection = builder.serve_connection(stream, TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    timeout(deadlines.stop, connection).await?
}
