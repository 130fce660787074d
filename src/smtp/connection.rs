//! One connection at the door: reads for its session, writes for it, and looks at the clock.
//!
//! Deadlines are for whole things (a command, so many bytes of a message), never for one read: a
//! peer that sends a byte now and then gains nothing by it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::reply::{self, Reply};
use super::server::{Mailroom, ServerOptions};
use super::session::{Event, Expects, Session};
use super::stream::Stream;
use crate::net::door::stopped;

/// Bytes taken from the socket at once.
const READ_BYTES: usize = 64 * 1024;

/// How often a waiting connection looks whether it has become crowded.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// Bytes read and thrown away after our last word.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// A socket with its session.
pub(super) struct Connection<S> {
    stream: Stream<S>,
    session: Session,
    options: Arc<ServerOptions>,
    stop: watch::Receiver<bool>,
    opened: Instant,
    /// What the peer is in the middle of, after how much else, since when, and how many bytes of it came.
    expects: Expects,
    completed: u64,
    since: Instant,
    bytes: u64,
    /// Since when the server wants to stop.
    stopping: Option<Instant>,
}

enum Heard {
    Bytes(usize),
    /// The peer closed its side.
    End,
    /// Time is up, and this is what there is to say about it.
    Late(Reply),
    Stop,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn new(
        stream: S,
        session: Session,
        options: Arc<ServerOptions>,
        stop: watch::Receiver<bool>,
    ) -> Connection<S> {
        let now = Instant::now();
        Connection {
            stream: Stream::Plain(stream),
            session,
            options,
            stop,
            opened: now,
            expects: Expects::Command,
            completed: 0,
            since: now,
            bytes: 0,
            stopping: None,
        }
    }

    /// RFC 5321 §4.3.1: the server speaks first. Who does not wait is no mail server.
    async fn listen_before_speaking(&mut self) -> io::Result<bool> {
        let mut early = [0; 1];
        let pause = self.options.deadlines.greeting;
        let heard = tokio::select! {
            biased;
            heard = self.stream.read(&mut early) => heard?,
            () = sleep(pause), if !pause.is_zero() => return Ok(false),
            () = std::future::ready(()), if pause.is_zero() => return Ok(false),
        };
        Ok(heard > 0)
    }

    /// Waits for more from the peer, as long as it may take.
    async fn hear(&mut self, buffer: &mut [u8]) -> io::Result<Heard> {
        loop {
            let now = Instant::now();
            let (deadline, reply) = self.deadline(now);
            if now >= deadline {
                if self.keeps_up(now) {
                    continue;
                }
                return Ok(Heard::Late(reply));
            }
            tokio::select! {
                // First the stop: a peer that never pauses would otherwise never hear of it.
                biased;
                () = stopped(&mut self.stop), if self.stopping.is_none() => {
                    self.stopping = Some(Instant::now());
                    return Ok(Heard::Stop);
                }
                heard = self.stream.read(buffer) => {
                    let bytes = heard?;
                    return Ok(if bytes == 0 { Heard::End } else { Heard::Bytes(bytes) });
                }
                () = sleep_until(deadline.min(now + LOOK_AROUND)) => {}
            }
        }
    }

    /// Until when the peer may keep us waiting, and what it is told then.
    fn deadline(&self, now: Instant) -> (Instant, Reply) {
        let deadlines = &self.options.deadlines;
        let crowded = self.options.slots.are_crowded();
        let shortened = |patience: Duration| if crowded { patience.min(deadlines.crowded) } else { patience };
        let (patience, session) = match self.expects {
            Expects::Command => (deadlines.idle, deadlines.session),
            Expects::RestOfCommand => (deadlines.command, deadlines.session),
            Expects::Content => (deadlines.content_window, deadlines.session * 2),
            Expects::Nothing => return (now, reply::TOO_SLOW),
        };
        [
            (self.since + shortened(patience), reply::TOO_SLOW),
            (self.opened + session, reply::SESSION_TOO_LONG),
        ]
        .into_iter()
        .chain(self.stopping.map(|since| (since + deadlines.stop, reply::STOPPING)))
        .min_by_key(|(deadline, _)| *deadline)
        .expect("two are always there")
    }

    /// At the end of a window of content: did enough come to be given another?
    fn keeps_up(&mut self, now: Instant) -> bool {
        let deadlines = &self.options.deadlines;
        let over = |since: Instant, patience: Duration| now >= since + patience;
        if self.expects != Expects::Content
            || over(self.opened, deadlines.session * 2)
            || self.stopping.is_some_and(|since| over(since, deadlines.stop))
        {
            return false;
        }
        let window_millis = u64::try_from((now - self.since).as_millis()).unwrap_or(u64::MAX);
        let wanted = deadlines.content_bytes_per_second.saturating_mul(window_millis) / 1000;
        let enough = self.bytes >= wanted;
        (self.since, self.bytes) = (now, 0);
        enough
    }

    /// Starts the clock anew where the peer has come to something else.
    fn note_progress(&mut self, bytes: usize) {
        let (expects, completed) = (self.session.expects(), self.session.completed());
        self.bytes += bytes as u64;
        if (expects, completed) != (self.expects, self.completed) {
            (self.expects, self.completed) = (expects, completed);
            (self.since, self.bytes) = (Instant::now(), 0);
        }
    }

    /// Writes what the session has said so far, in one go.
    async fn speak(&mut self) -> io::Result<()> {
        let penalties = self.session.take_penalties();
        if penalties > 0 && self.stopping.is_none() {
            tokio::select! {
                () = sleep(self.options.deadlines.penalty * penalties) => {}
                () = stopped(&mut self.stop) => {}
            }
        }
        let output = self.session.output();
        if output.is_empty() {
            return Ok(());
        }
        count_refusals(output);
        // A peer that does not read is as slow as one that does not write.
        let spoken = async {
            self.stream.write_all(output).await?;
            self.stream.flush().await
        };
        timeout(self.options.deadlines.command, spoken).await??;
        output.clear();
        Ok(())
    }

    /// What was said is out; now the handshake, within its time.
    async fn start_tls(&mut self) -> io::Result<()> {
        self.speak().await?;
        let deadlines = &self.options.deadlines;
        let crowded = self.options.slots.are_crowded();
        let patience = if crowded { deadlines.handshake.min(deadlines.crowded) } else { deadlines.handshake };
        let tls = self.options.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        tokio::select! {
            started = timeout(patience, self.stream.start_tls(Arc::clone(&tls.config))) => started??,
            () = stopped(&mut self.stop), if self.stopping.is_none() => {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        self.session.tls_started();
        self.note_progress(0);
        Ok(())
    }

    /// Closing a socket with unread input resets it, and the peer may lose our last words. So our
    /// side is closed first, and the rest of what the peer sends is read and forgotten.
    async fn hang_up(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.stream.shutdown().await?;
        let drained = async {
            let mut left = LINGER_BYTES_MAX;
            while left > 0 {
                match self.stream.read(buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(bytes) => left = left.saturating_sub(bytes),
                }
            }
        };
        let _ = timeout(self.options.deadlines.linger, drained).await;
        Ok(())
    }
}

/// Holds one conversation from greeting to goodbye.
pub(super) async fn run<S, M>(mut connection: Connection<S>, mailroom: &M) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    M: Mailroom,
{
    if connection.listen_before_speaking().await? {
        connection.session.refuse_to_begin(&reply::TALKED_FIRST);
    }
    connection.speak().await?;
    let mut buffer = vec![0; READ_BYTES];
    while connection.session.expects() != Expects::Nothing {
        match connection.hear(&mut buffer).await? {
            Heard::Bytes(bytes) => {
                let wish = obey(&mut connection.session, mailroom, &buffer[..bytes]).await;
                connection.note_progress(bytes);
                if wish == Wish::StartTls {
                    connection.start_tls().await?;
                }
            }
            Heard::End => return Ok(()),
            Heard::Late(reply) => connection.session.close_with(&reply),
            Heard::Stop => {}
        }
        // RFC 5321 §3.8: a message in hand is finished, everything else can come again.
        if connection.stopping.is_some() && connection.session.expects() != Expects::Content {
            connection.session.close_with(&reply::STOPPING);
        }
        connection.speak().await?;
    }
    connection.hang_up(&mut buffer).await
}

/// Every refusal and putting-off is counted, whoever decided it, by its two codes.
fn count_refusals(output: &[u8]) {
    for line in output.split(|byte| *byte == b'\n') {
        let Some((code @ [b'4' | b'5', _, _], text)) = line.split_at_checked(3) else { continue };
        // The last line of a reply has a space there, and each reply one last line.
        let Some(text) = text.strip_prefix(b" ") else { continue };
        let enhanced = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        metrics::counter!("parvis_door_replies_total", "code" => word(code), "reason" => word(enhanced))
            .increment(1);
    }
}

/// What has to be done with the socket before more can be heard.
#[derive(PartialEq, Eq)]
enum Wish {
    Nothing,
    StartTls,
}

/// Brings what was heard to the session, and its questions to the mailroom.
async fn obey<M: Mailroom>(session: &mut Session, mailroom: &M, mut input: &[u8]) -> Wish {
    loop {
        match session.advance(&mut input) {
            Event::NeedInput | Event::Close => return Wish::Nothing,
            Event::StartTls => return Wish::StartTls,
            Event::Ready => {
                let verdict = mailroom.ready();
                session.answer(verdict);
            }
            Event::Recipient { sender, recipient } => {
                let verdict = mailroom.recipient(sender, recipient).await;
                session.answer(verdict);
            }
            Event::Message(envelope) => {
                let replies = mailroom.receive(envelope).await;
                session.answer_message(replies);
            }
        }
    }
}
