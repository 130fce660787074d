//! The bytes of one connection and their time limits: commands out, answers in. Knows no command.
//!
//! mail-send opens the connection, and will wrap it in TLS when that is built. Its reading and
//! writing are not used: `read` and `cmds` have one time limit for everything and drop what a peer
//! says beyond the answers asked for (see `answer`), `cmds` makes a system call of each pipelined
//! command, and `write_message` copies and stuffs again the body that thousands of copies share.

use std::io::{self, IoSlice};
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use mail_send::SmtpClient;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

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
        let unreachable =
            |why: String| Broken { how: Break::Closed, why: format!("cannot connect to {peer}: {why}") };
        let addresses = timeout(timeouts.connect, lookup_host((peer.host.as_str(), peer.port)))
            .await
            .map_err(|_| unreachable("its name took too long to look up".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        let mut why = "its name has no address".to_owned();
        for address in addresses.take(ADDRESSES_MAX) {
            match SmtpClient::connect(address, timeouts.connect).await {
                Ok(SmtpClient { stream, timeout: _ }) => {
                    // Without it, Nagle's algorithm and a peer's delayed ACK cost 40 ms a copy.
                    stream.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
                    return Ok(Wire::over(stream));
                }
                Err(mail_send::Error::Timeout) => why = format!("{address} took too long to answer"),
                Err(error) => why = error.to_string(),
            }
        }
        Err(unreachable(why))
    }

    pub(super) async fn unix(path: &Path, timeouts: &Timeouts) -> Result<Wire, Broken> {
        let unreachable = |why: String| Broken {
            how: Break::Closed,
            why: format!("cannot connect to {}: {why}", path.display()),
        };
        let stream = timeout(timeouts.connect, UnixStream::connect(path))
            .await
            .map_err(|_| unreachable("it took too long to answer".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        Ok(Wire::over(stream))
    }

    fn over(stream: impl Stream + 'static) -> Wire {
        Wire { stream: Box::new(stream), answers: Answers::default() }
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
