//! A small SMTP or LMTP server on a loopback port that misbehaves as its script says, and remembers
//! what it was told. Strict about order, so that a sender who loses step is found out.

#![allow(clippy::unwrap_used)] // in a helper of tests, too, it fails the test

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Where in the conversation something happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Point {
    Banner,
    /// EHLO and LHLO.
    Hello,
    Helo,
    Mail,
    Rcpt,
    Data,
    /// The first bytes of a message.
    Content,
    Dot,
    Rset,
    Quit,
}

/// What the peer does there instead of its usual answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    Drop,
    /// Says no more and reads no more.
    Hang,
    /// These bytes; whether the step succeeded is read off their first digit.
    Say(String),
    SayAndDrop(String),
    EndlessLines,
    EndlessLine,
    /// A byte of an answer now and then.
    Drip,
}

#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    at: Point,
    does: Does,
    connection: Option<usize>,
    occurrence: Option<usize>,
    recipient: Option<&'static str>,
}

impl Trouble {
    pub(crate) fn at(at: Point, does: Does) -> Trouble {
        Trouble { at, does, connection: None, occurrence: None, recipient: None }
    }

    pub(crate) fn say(at: Point, text: &str) -> Trouble {
        Trouble::at(at, Does::Say(text.to_owned()))
    }

    /// Only on this connection; the first is 1.
    pub(crate) fn on_connection(self, connection: usize) -> Trouble {
        Trouble { connection: Some(connection), ..self }
    }

    /// Only this time on its connection; the first is 1.
    pub(crate) fn the_nth(self, occurrence: usize) -> Trouble {
        Trouble { occurrence: Some(occurrence), ..self }
    }

    /// Only for a RCPT that names this address.
    pub(crate) fn to(self, recipient: &'static str) -> Trouble {
        Trouble { recipient: Some(recipient), ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Smtp,
    /// Knows HELO only.
    OldSmtp,
    Lmtp,
}

/// What a peer takes for the end of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    CrLfDotCrLf,
    /// Any mixture of CR and LF around the dot: what smuggling lives on.
    Lenient,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) dialect: Dialect,
    pub(crate) offers: Vec<&'static str>,
    pub(crate) ending: Ending,
    /// Connections beyond this get 421 for a greeting.
    pub(crate) connections_max: usize,
    pub(crate) troubles: Vec<Trouble>,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            dialect: Dialect::Smtp,
            offers: vec!["PIPELINING", "SIZE 10000000", "8BITMIME"],
            ending: Ending::CrLfDotCrLf,
            connections_max: usize::MAX,
            troubles: vec![],
        }
    }
}

impl Script {
    pub(crate) fn with(troubles: impl IntoIterator<Item = Trouble>) -> Script {
        Script { troubles: troubles.into_iter().collect(), ..Script::default() }
    }
}

/// A message the peer has answered 250 to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    pub(crate) connection: usize,
    pub(crate) sender: String,
    pub(crate) recipient: String,
    /// As read by a receiver: doubled dots undone.
    pub(crate) content: Vec<u8>,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) open: usize,
    pub(crate) open_most: usize,
    /// Command lines, each after the number of its connection.
    pub(crate) commands: Vec<(usize, String)>,
    pub(crate) commands_at_once_most: usize,
    /// Messages that ended, taken or not.
    pub(crate) dots: usize,
    pub(crate) taken: Vec<Taken>,
}

impl Seen {
    pub(crate) fn count(&self, verb: &str) -> usize {
        self.commands.iter().filter(|(_, line)| line.starts_with(verb)).count()
    }
}

#[derive(Default)]
struct Memory {
    seen: Mutex<Seen>,
    changed: Notify,
}

impl Memory {
    fn note<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        let result = change(&mut self.seen.lock().unwrap());
        self.changed.notify_waiters();
        result
    }
}

/// Listens until dropped.
pub(crate) struct FakePeer {
    address: Option<SocketAddr>,
    memory: Arc<Memory>,
    _tasks: JoinSet<()>,
}

impl FakePeer {
    pub(crate) async fn start(script: Script) -> FakePeer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (memory, mut tasks) = (Arc::new(Memory::default()), JoinSet::new());
        let (script, shared) = (Arc::new(script), memory.clone());
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                conversations.spawn(converse(stream, script.clone(), shared.clone()));
                while conversations.try_join_next().is_some() {}
            }
        });
        FakePeer { address: Some(address), memory, _tasks: tasks }
    }

    pub(crate) async fn start_on_socket(path: &Path, script: Script) -> FakePeer {
        let listener = UnixListener::bind(path).unwrap();
        let (memory, mut tasks) = (Arc::new(Memory::default()), JoinSet::new());
        let (script, shared) = (Arc::new(script), memory.clone());
        tasks.spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                conversations.spawn(converse(stream, script.clone(), shared.clone()));
            }
        });
        FakePeer { address: None, memory, _tasks: tasks }
    }

    /// `smtp://127.0.0.1:port`, with the scheme that is asked for.
    pub(crate) fn route(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address.expect("a TCP peer"))
    }

    pub(crate) fn seen(&self) -> Seen {
        self.memory.seen.lock().unwrap().clone()
    }

    /// Waits until the peer has seen what is asked for.
    pub(crate) async fn until(&self, what: impl Fn(&Seen) -> bool) -> Seen {
        let wait = async {
            loop {
                let changed = self.memory.changed.notified();
                if what(&self.memory.seen.lock().unwrap()) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), wait).await.is_err() {
            panic!("the peer never saw it: {:?}", self.seen());
        }
        self.seen()
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, script: Arc<Script>, memory: Arc<Memory>) {
    let (number, open) = memory.note(|seen| {
        seen.connections += 1;
        seen.open += 1;
        seen.open_most = seen.open_most.max(seen.open);
        (seen.connections, seen.open)
    });
    let mut conversation = Conversation {
        stream,
        script,
        memory: memory.clone(),
        number,
        sender: None,
        recipients: vec![],
        occurrences: vec![],
        unread: vec![],
    };
    let _hung_up: Option<()> = conversation.run(open).await;
    // Closed first, then counted: who waits for the count finds it closed.
    drop(conversation);
    memory.note(|seen| seen.open -= 1);
}

struct Conversation<S> {
    stream: S,
    script: Arc<Script>,
    memory: Arc<Memory>,
    number: usize,
    sender: Option<String>,
    recipients: Vec<String>,
    occurrences: Vec<Point>,
    unread: Vec<u8>,
}

/// `None` ends the conversation.
impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    async fn run(&mut self, open: usize) -> Option<()> {
        if open > self.script.connections_max {
            self.stream.write_all(b"421 4.7.0 too many connections\r\n").await.ok()?;
            return None;
        }
        self.answer(Point::Banner, "", "220 fake.example at your service\r\n").await?;
        loop {
            let mut at_once = 0;
            while let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap();
                at_once += 1;
                self.memory.note(|seen| {
                    seen.commands.push((self.number, line.trim_end().to_owned()));
                    seen.commands_at_once_most = seen.commands_at_once_most.max(at_once);
                });
                assert!(line.ends_with("\r\n"), "{line:?}");
                self.obey(line.trim_end()).await?;
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Option<()> {
        self.unread.reserve(64 * 1024);
        let read = self.stream.read_buf(&mut self.unread).await.ok()?;
        (read > 0).then_some(())
    }

    async fn obey(&mut self, line: &str) -> Option<()> {
        let verb = line.split(' ').next().unwrap_or_default();
        match (verb, self.script.dialect) {
            ("EHLO", Dialect::Smtp) | ("LHLO", Dialect::Lmtp) => {
                let mut lines = vec!["fake.example"];
                lines.extend(&self.script.offers);
                let last = lines.pop().unwrap();
                let usual: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
                self.answer(Point::Hello, line, &format!("{usual}250 {last}\r\n")).await?;
            }
            ("HELO", Dialect::Smtp | Dialect::OldSmtp) => {
                self.answer(Point::Helo, line, "250 fake.example\r\n").await?;
            }
            ("MAIL", _) if self.sender.is_some() => self.say("503 5.5.1 nested MAIL\r\n").await?,
            ("MAIL", _) => {
                if self.answer(Point::Mail, line, "250 2.1.0 ok\r\n").await? == '2' {
                    self.sender = Some(bracketed(line));
                }
            }
            ("RCPT", _) => {
                let usual =
                    if self.sender.is_some() { "250 2.1.5 ok\r\n" } else { "503 5.5.1 MAIL first\r\n" };
                if self.answer(Point::Rcpt, line, usual).await? == '2' {
                    self.recipients.push(bracketed(line));
                }
            }
            ("DATA", _) => {
                let usual = if self.recipients.is_empty() { "503 5.5.1 to whom\r\n" } else { "354 go\r\n" };
                if self.answer(Point::Data, line, usual).await? == '3' {
                    self.take_message().await?;
                }
            }
            ("RSET", _) => {
                (self.sender, self.recipients) = (None, vec![]);
                self.answer(Point::Rset, line, "250 2.0.0 ok\r\n").await?;
            }
            ("QUIT", _) => {
                self.answer(Point::Quit, line, "221 2.0.0 bye\r\n").await?;
                return None;
            }
            (_, _) => self.say("502 5.5.2 what\r\n").await?,
        }
        Some(())
    }

    async fn take_message(&mut self) -> Option<()> {
        if self.unread.is_empty() {
            self.read().await?;
        }
        let early = self.trouble(Point::Content, "");
        if early.is_some() {
            self.answer(Point::Content, "", "").await?;
        }
        let mut searched = 0;
        let (end, next) = loop {
            match end_of_message(&self.unread, searched, self.script.ending) {
                Some(found) => break found,
                None => searched = self.unread.len().saturating_sub(4),
            }
            self.read().await?;
        };
        let message: Vec<u8> = self.unread.drain(..next).collect();
        self.memory.note(|seen| seen.dots += 1);
        let (sender, recipients) = (self.sender.take(), std::mem::take(&mut self.recipients));
        if early.is_some() {
            return Some(());
        }
        if recipients.is_empty() && self.script.dialect != Dialect::Lmtp {
            return self.say("554 5.5.1 no valid recipients\r\n").await;
        }
        for recipient in recipients {
            // Noted before it is said, so that whoever was answered finds it.
            let (connection, sender) = (self.number, sender.clone().unwrap_or_default());
            let content = undotted(&message[..end]);
            let taken = Taken { connection, sender, recipient, content };
            match self.trouble(Point::Dot, "").map(|trouble| trouble.does) {
                Some(Does::Say(text) | Does::SayAndDrop(text)) if !text.starts_with('2') => {}
                Some(_) | None => self.memory.note(|seen| seen.taken.push(taken)),
            }
            self.answer(Point::Dot, "", "250 2.0.0 taken\r\n").await?;
        }
        Some(())
    }

    async fn say(&mut self, text: &str) -> Option<()> {
        self.stream.write_all(text.as_bytes()).await.ok()
    }

    /// The trouble due the next time `at` comes.
    fn trouble(&self, at: Point, line: &str) -> Option<Trouble> {
        let occurrence = self.occurrences.iter().filter(|point| **point == at).count() + 1;
        let due = |trouble: &&Trouble| {
            trouble.at == at
                && trouble.connection.is_none_or(|connection| connection == self.number)
                && trouble.occurrence.is_none_or(|nth| nth == occurrence)
                && trouble.recipient.is_none_or(|recipient| line.contains(recipient))
        };
        self.script.troubles.iter().find(due).cloned()
    }

    /// Answers as usual or as the script says; gives the first digit of what was said.
    async fn answer(&mut self, at: Point, line: &str, usual: &str) -> Option<char> {
        let trouble = self.trouble(at, line);
        self.occurrences.push(at);
        let code = usual.get(..3).unwrap_or("250").to_owned();
        let text = match trouble.map(|trouble| trouble.does) {
            None => usual.to_owned(),
            Some(Does::Say(text)) => text,
            Some(Does::SayAndDrop(text)) => {
                self.say(&text).await?;
                return None;
            }
            Some(Does::Drop) => return None,
            Some(Does::Hang) => std::future::pending().await,
            Some(Does::EndlessLines) => loop {
                self.say(&format!("{code}-more\r\n").repeat(100)).await?;
            },
            Some(Does::EndlessLine) => {
                self.say(&format!("{code} ")).await?;
                loop {
                    self.say(&"x".repeat(1000)).await?;
                }
            }
            Some(Does::Drip) => {
                let mut pace = tokio::time::interval(Duration::from_millis(20));
                for byte in format!("{code} ").bytes().chain(std::iter::repeat(b'x')) {
                    pace.tick().await;
                    self.stream.write_all(&[byte]).await.ok()?;
                }
                return None;
            }
        };
        self.say(&text).await?;
        text.chars().next()
    }
}

fn bracketed(line: &str) -> String {
    let start = line.find('<').expect("an address in brackets");
    let end = line.rfind('>').expect("an address in brackets");
    line[start + 1..end].to_owned()
}

/// Where the message ends, and where what follows it begins.
fn end_of_message(bytes: &[u8], from: usize, ending: Ending) -> Option<(usize, usize)> {
    let is_end = |before: &[u8], after: &[u8]| match ending {
        Ending::CrLfDotCrLf => (before.is_empty() || before.ends_with(b"\r\n")) && after.starts_with(b"\r\n"),
        Ending::Lenient => {
            before.last().is_none_or(|b| b"\r\n".contains(b))
                && after.first().is_some_and(|b| b"\r\n".contains(b))
        }
    };
    let mut from = from;
    loop {
        let dot = from + bytes[from..].iter().position(|b| *b == b'.')?;
        let after = &bytes[dot + 1..];
        if is_end(&bytes[..dot], after) {
            return Some((dot, dot + 1 + if after.starts_with(b"\r\n") { 2 } else { 1 }));
        }
        from = dot + 1;
    }
}

/// RFC 5321 §4.5.2, the receiver's part.
fn undotted(message: &[u8]) -> Vec<u8> {
    let lines = message.split_inclusive(|b| *b == b'\n');
    lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
}
