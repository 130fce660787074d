//! Somebody who writes to Parvis over a real connection, one command after the other.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes on a busy machine.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// One connection to the door.
pub(crate) struct Conversation {
    lines: BufReader<TcpStream>,
    out: TcpStream,
}

impl Conversation {
    pub(crate) fn begin(door: SocketAddr) -> Option<Conversation> {
        let out = TcpStream::connect(door).ok()?;
        out.set_read_timeout(Some(ANSWER_WAIT)).ok()?;
        let lines = BufReader::new(out.try_clone().ok()?);
        let mut conversation = Conversation { lines, out };
        (conversation.answer()? == 220).then_some(())?;
        conversation.ask("EHLO members.example")?;
        Some(conversation)
    }

    /// The code of the next answer.
    fn answer(&mut self) -> Option<u16> {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.get(..3)?.parse().ok();
            }
        }
    }

    fn ask(&mut self, line: &str) -> Option<u16> {
        self.out.write_all(format!("{line}\r\n").as_bytes()).ok()?;
        self.answer()
    }

    pub(crate) fn send(&mut self, from: &str, to: &str, raw: &str) -> Option<u16> {
        self.send_to(from, &[to], raw)
    }

    /// The code of the answer that ended it; `None` if the connection broke.
    pub(crate) fn send_to(&mut self, from: &str, to: &[&str], raw: &str) -> Option<u16> {
        let recipients = to.iter().map(|to| format!("RCPT TO:<{to}>"));
        for line in std::iter::once(format!("MAIL FROM:<{from}>")).chain(recipients) {
            let code = self.ask(&line)?;
            if code != 250 {
                return Some(code);
            }
        }
        match self.ask("DATA")? {
            354 => self.ask(&format!("{raw}\r\n.")),
            code => Some(code),
        }
    }
}
