//! One connection of the peer, by its script.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::script::{Dialect, Does, Ending, Point, Script, Tls, Trouble};
use super::{Memory, Taken};

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) async fn converse(stream: impl Stream + 'static, script: Arc<Script>, memory: Arc<Memory>) {
    let (number, open) = memory.note(|seen| {
        seen.connections += 1;
        seen.open += 1;
        seen.open_most = seen.open_most.max(seen.open);
        (seen.connections, seen.open)
    });
    let mut conversation = Conversation {
        stream: Box::new(stream),
        encrypted: false,
        logged_in: false,
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

struct Conversation {
    stream: Box<dyn Stream>,
    encrypted: bool,
    logged_in: bool,
    script: Arc<Script>,
    memory: Arc<Memory>,
    number: usize,
    sender: Option<String>,
    recipients: Vec<String>,
    occurrences: Vec<Point>,
    unread: Vec<u8>,
}

/// `None` ends the conversation.
impl Conversation {
    async fn run(&mut self, open: usize) -> Option<()> {
        if let Tls::AtOnce(config) = self.script.tls.clone() {
            self.encrypt(config).await?;
        }
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
                if matches!(self.script.tls, Tls::Offered(_) | Tls::Broken) && !self.encrypted {
                    lines.push("STARTTLS");
                }
                let last = lines.pop().unwrap();
                let usual: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
                self.answer(Point::Hello, line, &format!("{usual}250 {last}\r\n")).await?;
            }
            ("HELO", Dialect::Smtp | Dialect::OldSmtp) => {
                self.answer(Point::Helo, line, "250 fake.example\r\n").await?;
            }
            ("STARTTLS", _) if !self.encrypted => {
                let said = self.answer(Point::StartTls, line, "220 2.0.0 go\r\n").await?;
                match self.script.tls.clone() {
                    Tls::Offered(config) if said == '2' => self.encrypt(config).await?,
                    Tls::Broken if said == '2' => {
                        self.read().await?;
                        self.say("this is no handshake, whatever it is\r\n").await?;
                        return None;
                    }
                    Tls::Never | Tls::AtOnce(_) | Tls::Offered(_) | Tls::Broken => {}
                }
            }
            ("AUTH", _) => self.log_in(line).await?,
            ("MAIL", _) if self.script.login.is_some() && !self.logged_in => {
                self.say("530 5.7.0 log in first\r\n").await?;
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
            let taken = Taken { connection, sender, recipient, encrypted: self.encrypted, content };
            match self.trouble(Point::Dot, "").map(|trouble| trouble.does) {
                Some(Does::Say(text) | Does::SayAndDrop(text)) if !text.starts_with('2') => {}
                Some(_) | None => self.memory.note(|seen| seen.taken.push(taken)),
            }
            self.answer(Point::Dot, "", "250 2.0.0 taken\r\n").await?;
        }
        Some(())
    }

    async fn encrypt(&mut self, config: Arc<ServerConfig>) -> Option<()> {
        assert!(self.unread.is_empty(), "said before the handshake: {:?}", self.unread);
        let clear = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(TlsAcceptor::from(config).accept(clear).await.ok()?);
        self.encrypted = true;
        Some(())
    }

    async fn log_in(&mut self, line: &str) -> Option<()> {
        let decoded = |text: &str| {
            let bytes = data_encoding::BASE64.decode(text.trim_end().as_bytes()).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let brought = match line.strip_prefix("AUTH PLAIN ") {
            Some(plain) => decoded(plain).trim_start_matches('\0').replace('\0', " "),
            None => {
                let mut brought = Vec::new();
                for challenge in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                    self.answer(Point::Auth, line, challenge).await?;
                    while !self.unread.ends_with(b"\r\n") {
                        self.read().await?;
                    }
                    brought.push(decoded(&String::from_utf8(std::mem::take(&mut self.unread)).unwrap()));
                }
                brought.join(" ")
            }
        };
        let (user, password) = self.script.login.unwrap_or_default();
        let right = brought == format!("{user} {password}");
        let usual = if right { "235 2.7.0 welcome\r\n" } else { "535 5.7.8 who are you\r\n" };
        self.logged_in = self.answer(Point::Auth, line, usual).await? == '2';
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
