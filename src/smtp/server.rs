//! The door itself: sockets, deadlines and limits around a [`Session`].
//!
//! One task a connection, all of them children of [`serve`]. Whatever a peer sent in one go is
//! answered in one write (RFC 2920 §3.2). Knows nothing of lists: a [`Mailroom`] takes what arrives.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::debug;

use super::connection::{self, Connection};
use super::envelope::{Envelope, Peer, ReversePath};
use super::reply::{self, Reply};
use super::session::{Door, Session, SessionSettings, Tls};
use crate::domain::address::EmailAddress;
use crate::net::certificates::Certificates;
use crate::net::door::{self, Listen};
use crate::net::slots::Slots;

/// Who takes what arrives; `flow` implements it.
pub trait Mailroom: Send + Sync + 'static {
    /// Is there room for a message now? Asked at MAIL; `Err` with 452 4.3.1 or 451.
    fn ready(&self) -> Result<(), Reply>;

    /// May this address be written to? Asked at each RCPT, so it only reads, and fast.
    fn recipient(
        &self,
        sender: &ReversePath,
        recipient: &EmailAddress,
    ) -> impl Future<Output = Result<(), Reply>> + Send;

    /// Takes a whole message. A 2xx says it will not be lost; 421 also ends the connection.
    ///
    /// SMTP wants one reply, LMTP one for each of the envelope's recipients, in their order.
    fn receive(&self, envelope: Envelope) -> impl Future<Output = Vec<Reply>> + Send;
}

/// What a listener needs to know. Clones share their slots.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Our name in the greeting; where `<postmaster>` lives.
    pub hostname: String,
    /// What is spoken on this listener.
    pub door: Door,
    /// Octets of a message.
    pub message_bytes_max: usize,
    /// How many connections there may be.
    pub slots: Arc<Slots>,
    /// How long a peer may take.
    pub deadlines: Deadlines,
    /// What STARTTLS shows; none: it is not offered here.
    pub tls: Option<StartTls>,
}

/// STARTTLS (RFC 3207) as a listener offers it: while there is a certificate.
#[derive(Clone, Debug)]
pub struct StartTls {
    certificates: Arc<Certificates>,
    pub(super) config: Arc<ServerConfig>,
}

impl StartTls {
    /// With whatever certificate is there when a connection comes.
    pub fn new(certificates: &Arc<Certificates>) -> StartTls {
        StartTls { certificates: Arc::clone(certificates), config: certificates.server_config(&[]) }
    }
}

/// How long a peer may take, for each thing it can be in the middle of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlines {
    /// From one command to the beginning of the next (RFC 5321 §4.5.3.2.7: at least 5 minutes).
    pub idle: Duration,
    /// From the first byte of a command line to its last.
    pub command: Duration,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// In each such time of a message ...
    pub content_window: Duration,
    /// ... so many bytes a second have to come.
    pub content_bytes_per_second: u64,
    /// A whole connection; a message begun before may still take as long again.
    pub session: Duration,
    /// Instead of the first three, when most slots are taken.
    pub crowded: Duration,
    /// For the messages in hand when the server stops.
    pub stop: Duration,
    /// Before each answer to a peer that makes one error after the other.
    pub penalty: Duration,
    /// Before the greeting; who talks meanwhile is refused. Nought still refuses who talked already.
    pub greeting: Duration,
    /// To read what a peer still sends after our last word, so that it sees that word.
    pub linger: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            idle: Duration::from_secs(5 * 60),
            command: Duration::from_secs(60),
            handshake: Duration::from_secs(30),
            content_window: Duration::from_secs(30),
            content_bytes_per_second: 500,
            session: Duration::from_secs(20 * 60),
            crowded: Duration::from_secs(10),
            stop: Duration::from_secs(10),
            penalty: Duration::from_secs(1),
            greeting: Duration::ZERO,
            linger: Duration::from_secs(2),
        }
    }
}

/// A bound socket, TCP or, for an MTA on the same machine, unix.
#[derive(Debug)]
pub enum Listener {
    /// Over the network.
    Tcp(TcpListener),
    /// On this machine.
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener::Tcp(listener)
    }
}

impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Listener {
        Listener::Unix(listener)
    }
}

/// A connection that came.
#[derive(Debug)]
pub enum Accepted {
    /// Over the network.
    Tcp(TcpStream),
    /// From this machine.
    Unix(UnixStream),
}

/// Takes connections until `stop` becomes true (or its sender is gone), then finishes the messages
/// in hand and returns.
pub async fn serve<M: Mailroom>(
    listener: impl Into<Listener>,
    mailroom: Arc<M>,
    options: ServerOptions,
    stop: watch::Receiver<bool>,
) {
    let options = Arc::new(options);
    let (doors_stop, admitted) = (stop.clone(), move |(stream, peer), connections: &mut JoinSet<()>| {
        admit(stream, peer, &mailroom, &options, &stop, connections);
    });
    door::keep_open(listener.into(), "the door", doors_stop, admitted).await;
}

/// Gives a connection its own task, or sends it away.
fn admit<M: Mailroom>(
    stream: Accepted,
    peer: Peer,
    mailroom: &Arc<M>,
    options: &Arc<ServerOptions>,
    stop: &watch::Receiver<bool>,
    connections: &mut JoinSet<()>,
) {
    let Some(slot) = options.slots.take(peer.address()) else {
        debug!(%peer, "too many connections at the door");
        metrics::counter!("parvis_door_turned_away_total").increment(1);
        send_away(&stream);
        return;
    };
    metrics::counter!("parvis_door_connections_total").increment(1);
    let settings = SessionSettings {
        hostname: options.hostname.clone(),
        door: options.door,
        message_bytes_max: options.message_bytes_max,
        tls: match (options.door, &options.tls) {
            (Door::Smtp, Some(tls)) if tls.certificates.is_there() => Tls::Offered,
            (Door::Smtp | Door::Lmtp, _) => Tls::Unavailable,
        },
    };
    let session = Session::new(settings, peer);
    let (mailroom, options, stop) = (Arc::clone(mailroom), Arc::clone(options), stop.clone());
    connections.spawn(async move {
        let ended = match stream {
            Accepted::Tcp(stream) => {
                // Without this, a reply waits for the peer's delayed acknowledgement (40 ms).
                let _ = stream.set_nodelay(true);
                connection::run(Connection::new(stream, session, options, stop), &*mailroom).await
            }
            Accepted::Unix(stream) => {
                connection::run(Connection::new(stream, session, options, stop), &*mailroom).await
            }
        };
        if let Err(error) = ended {
            debug!(%peer, %error, "a connection at the door broke");
        }
        drop(slot);
    });
}

/// Without waiting: this must not cost more than it costs the peer.
fn send_away(stream: &Accepted) {
    let mut words = Vec::new();
    reply::TOO_MANY_CONNECTIONS.write(&mut words);
    let _ = match stream {
        Accepted::Tcp(stream) => stream.try_write(&words),
        Accepted::Unix(stream) => stream.try_write(&words),
    };
}

impl Listen for Listener {
    type Connection = (Accepted, Peer);

    async fn accept(&self) -> io::Result<(Accepted, Peer)> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((Accepted::Tcp(stream), Peer::from(address)))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Accepted::Unix(stream), Peer::Local))
            }
        }
    }
}
