//! Everybody's mail server in one: takes copies over real connections, remembers them, and does at
//! chosen moments what servers do. Each connection is a thread; nothing of Parvis is used.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What somebody's server does when a copy comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Take,
    /// Says this to RCPT.
    Say(&'static str),
    /// Says nothing for so long, to RCPT, then takes it.
    Hang(Duration),
}

/// A copy that was answered 250.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) recipient: String,
    pub(crate) message_id: String,
    pub(crate) raw: Vec<u8>,
    /// As [`Sink::next_epoch`] counts.
    pub(crate) epoch: usize,
}

type After = Box<dyn FnMut() + Send>;

#[derive(Default)]
struct State {
    got: Mutex<Vec<Got>>,
    does: Mutex<HashMap<String, Does>>,
    after_each: Mutex<Option<After>>,
    asked: AtomicUsize,
    epoch: AtomicUsize,
}

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

impl Sink {
    /// Listens on a free port until the test process ends.
    pub(crate) fn open() -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let sink = Sink { address: listener.local_addr().expect("bound"), state: Arc::default() };
        let listening = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = listening.clone();
                std::thread::spawn(move || {
                    // A peer that is killed breaks its connections; that is what is tested.
                    let _ = sink.talk(stream);
                });
            }
        });
        sink
    }

    pub(crate) fn does(&self, recipient: &str, does: Does) {
        lock(&self.state.does).insert(recipient.to_owned(), does);
    }

    /// Called right after each 250 to a message is written, before anything else is read.
    pub(crate) fn after_each(&self, after: impl FnMut() + Send + 'static) {
        *lock(&self.state.after_each) = Some(Box::new(after));
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        lock(&self.state.got).clone()
    }

    /// How often a recipient was named.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// What comes from now on comes from another process.
    pub(crate) fn next_epoch(&self) {
        self.state.epoch.fetch_add(1, Ordering::SeqCst);
    }

    fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let epoch = self.state.epoch.load(Ordering::SeqCst);
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut out = stream;
        out.write_all(b"220 mailboxes.example ESMTP\r\n")?;
        let mut recipient = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let verb = line.trim_end().to_ascii_uppercase();
            let answer = match verb.split(' ').next().unwrap_or_default() {
                "EHLO" => "250-mailboxes.example\r\n250-PIPELINING\r\n250 8BITMIME",
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_ascii_lowercase();
                    let does = lock(&self.state.does).get(&address).cloned().unwrap_or(Does::Take);
                    recipient.clear();
                    self.state.asked.fetch_add(1, Ordering::SeqCst);
                    match does {
                        Does::Say(words) => words,
                        Does::Take => {
                            recipient = address;
                            "250 2.1.5 ok"
                        }
                        Does::Hang(long) => {
                            std::thread::sleep(long);
                            recipient = address;
                            "250 2.1.5 ok"
                        }
                    }
                }
                "DATA" if recipient.is_empty() => "554 5.5.1 for nobody",
                "DATA" => {
                    out.write_all(b"354 go on\r\n")?;
                    let raw = message(&mut lines)?;
                    self.take(&recipient, raw, epoch);
                    recipient.clear();
                    out.write_all(b"250 2.0.0 it is in the mailbox\r\n")?;
                    if let Some(after) = lock(&self.state.after_each).as_mut() {
                        after();
                    }
                    continue;
                }
                "QUIT" => {
                    out.write_all(b"221 2.0.0 bye\r\n")?;
                    return Ok(());
                }
                _ => "250 2.0.0 ok",
            };
            out.write_all(answer.as_bytes())?;
            out.write_all(b"\r\n")?;
        }
    }

    fn take(&self, recipient: &str, raw: Vec<u8>, epoch: usize) {
        let message_id = header(&raw, "message-id").trim_matches(['<', '>']).to_owned();
        lock(&self.state.got).push(Got { recipient: recipient.to_owned(), message_id, raw, epoch });
    }
}

/// Up to the line with the dot alone, which is not given.
fn message(lines: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

/// The value of a header field on one line.
pub(crate) fn header(raw: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut head = text.lines().take_while(|line| !line.is_empty());
    let value = head.find_map(|line| {
        line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    });
    value.unwrap_or_default().to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
