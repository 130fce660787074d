//! The bytes of one connection and their time limits: commands out, answers in. Knows no command.
//!
//! mail-send opens the connection. Its handshake drops what a peer says before it, which is where
//! answers are injected, so rustls is asked directly. Its reading and writing are not used either: `read` and `cmds` have one time limit for everything and drop what a peer
//! says beyond the answers asked for (see `answer`), `cmds` makes a system call of each pipelined
//! command, and `write_message` copies and stuffs again the body that thousands of copies share.

use std::fmt::Display;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mail_send::SmtpClient;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use super::Timeouts;
use super::answer::{Answer, Answers};
use crate::smtp::dot_stuff::DotStuffed;
use crate::smtp::route::Peer;

/// How many addresses of one host are tried before it counts as unreachable.
const ADDRESSES_MAX: usize = 4;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Wire {
    stream: Box<dyn Stream>,
    answers: Answers,
    far: Far,
    secrecy: Secrecy,
}

/// Whether what is said leaves this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Far {
    Here,
    Away,
}

/// Whether others can read along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Clear,
    Encrypted,
}

/// A connection that can no longer be used.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) how: Break,
    pub(super) why: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Break {
    /// The peer closed or reset it, or it could not be opened.
    Closed,
    TimedOut,
    /// The peer said what cannot be understood, or what nobody asked for.
    Garbled,
}

impl Broken {
    pub(super) fn garbled(why: impl Into<String>) -> Broken {
        Broken { how: Break::Garbled, why: why.into() }
    }

    fn closed(error: &io::Error) -> Broken {
        Broken { how: Break::Closed, why: format!("the connection broke: {error}") }
    }

    fn timed_out(what: &str) -> Broken {
        Broken { how: Break::TimedOut, why: format!("took too long to {what}") }
    }
}

impl Wire {
    pub(super) async fn tcp(peer: &Peer, timeouts: &Timeouts) -> Result<Wire, Broken> {
        let addresses = timeout(timeouts.connect, lookup_host((peer.host.as_str(), peer.port)))
            .await
            .map_err(|_| unreachable(peer, "its name took too long to look up"))?
            .map_err(|error| unreachable(peer, error))?;
        Wire::to_first(peer, addresses.take(ADDRESSES_MAX), timeouts).await
    }

    /// Connects to the first of a host's addresses that answers.
    pub(super) async fn to_one_of(
        host: &str,
        addresses: &[SocketAddr],
        timeouts: &Timeouts,
    ) -> Result<Wire, Broken> {
        Wire::to_first(host, addresses.iter().copied().take(ADDRESSES_MAX), timeouts).await
    }

    async fn to_first(
        peer: impl Display,
        addresses: impl Iterator<Item = SocketAddr>,
        timeouts: &Timeouts,
    ) -> Result<Wire, Broken> {
        let mut why = "its name has no address".to_owned();
        for address in addresses {
            match SmtpClient::connect(address, timeouts.connect).await {
                Ok(SmtpClient { stream, timeout: _ }) => {
                    let (here, there) = (stream.local_addr(), stream.peer_addr());
                    let is_here = there.as_ref().is_ok_and(|there| there.ip().to_canonical().is_loopback());
                    // Whatever the DNS says: who calls their own address calls themselves.
                    let ip = |address: io::Result<SocketAddr>| address.map(|address| address.ip()).ok();
                    if !is_here && ip(here).is_some_and(|here| ip(there) == Some(here)) {
                        why = format!("{address} is this machine");
                        continue;
                    }
                    // Without it, Nagle's algorithm and a peer's delayed ACK cost 40 ms a copy.
                    stream.set_nodelay(true).map_err(|error| unreachable(&peer, error))?;
                    return Ok(Wire::over(stream, if is_here { Far::Here } else { Far::Away }));
                }
                Err(mail_send::Error::Timeout) => why = format!("{address} took too long to answer"),
                Err(error) => why = error.to_string(),
            }
        }
        Err(unreachable(peer, why))
    }

    pub(super) async fn unix(path: &Path, timeouts: &Timeouts) -> Result<Wire, Broken> {
        let stream = timeout(timeouts.connect, UnixStream::connect(path))
            .await
            .map_err(|_| unreachable(path.display(), "it took too long to answer"))?
            .map_err(|error| unreachable(path.display(), error))?;
        Ok(Wire::over(stream, Far::Here))
    }

    fn over(stream: impl Stream + 'static, far: Far) -> Wire {
        Wire { stream: Box::new(stream), answers: Answers::default(), far, secrecy: Secrecy::Clear }
    }

    /// Whether the peer is on this machine, so that nobody can listen in between.
    pub(super) fn is_on_this_machine(&self) -> bool {
        self.far == Far::Here
    }

    /// Whether what is said is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.secrecy == Secrecy::Encrypted
    }

    /// The same connection, encrypted. What was said in clear must have been taken before.
    pub(super) async fn encrypted(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        limit: Duration,
    ) -> Result<Wire, Broken> {
        let stream = timeout(limit, TlsConnector::from(config).connect(name, self.stream))
            .await
            .map_err(|_| Broken::timed_out("agree on TLS"))?
            .map_err(|error| Broken::garbled(super::tls::words_for(&error)))?;
        Ok(Wire { secrecy: Secrecy::Encrypted, ..Wire::over(stream, self.far) })
    }

    /// Sends commands.
    pub(super) async fn say(&mut self, commands: &[u8], limit: Duration) -> Result<(), Broken> {
        let stream = &mut self.stream;
        let written = timeout(limit, async {
            stream.write_all(commands).await?;
            stream.flush().await
        });
        written.await.map_err(|_| Broken::timed_out("read a command"))?.map_err(|e| Broken::closed(&e))
    }

    /// Sends a message and the dot that ends it. An error means that the dot did not go out whole.
    pub(super) async fn send_message(
        &mut self,
        parts: [&DotStuffed; 2],
        timeouts: &Timeouts,
    ) -> Result<(), Broken> {
        let [head, body] = parts.map(|part| IoSlice::new(part.as_bytes()));
        let mut slices = [head, body, IoSlice::new(b".\r\n")];
        let mut rest = &mut slices[..];
        let end = Instant::now() + timeouts.content;
        while !rest.is_empty() {
            let limit = end.min(Instant::now() + timeouts.block);
            let written = timeout_at(limit, self.stream.write_vectored(rest))
                .await
                .map_err(|_| Broken::timed_out("read the message"))?
                .map_err(|error| Broken::closed(&error))?;
            if written == 0 {
                return Err(Broken::closed(&io::ErrorKind::WriteZero.into()));
            }
            IoSlice::advance_slices(&mut rest, written);
        }
        timeout_at(end, self.stream.flush())
            .await
            .map_err(|_| Broken::timed_out("read the message"))?
            .map_err(|error| Broken::closed(&error))
    }

    /// The next answer; `limit` is for all of it.
    pub(super) async fn hear(&mut self, limit: Duration) -> Result<Answer, Broken> {
        timeout(limit, async {
            loop {
                if let Some(answer) = self.answers.next().map_err(|why| Broken::garbled(why.to_string()))? {
                    return Ok(answer);
                }
                match self.stream.read_buf(self.answers.space()).await {
                    Ok(0) => return Err(Broken::closed(&io::ErrorKind::UnexpectedEof.into())),
                    Ok(_) => {}
                    Err(error) => return Err(Broken::closed(&error)),
                }
            }
        })
        .await
        .map_err(|_| Broken::timed_out("answer"))?
    }

    /// Whether the peer has said more than it was asked.
    pub(super) fn has_unasked(&self) -> bool {
        self.answers.has_more()
    }

    /// Looks, without waiting, whether a peer that owes no answer has spoken or hung up. Costs no
    /// system call as long as the reactor has seen nothing.
    pub(super) async fn is_silent(&mut self) -> bool {
        if self.answers.has_more() {
            return false;
        }
        let stream = &mut self.stream;
        std::future::poll_fn(|context| {
            let mut byte = [0; 1];
            let polled = Pin::new(&mut *stream).poll_read(context, &mut ReadBuf::new(&mut byte));
            Poll::Ready(polled.is_pending())
        })
        .await
    }
}

fn unreachable(peer: impl Display, why: impl Display) -> Broken {
    Broken { how: Break::Closed, why: format!("cannot connect to {peer}: {why}") }
}
