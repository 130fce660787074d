//! A conversation as a file for mail programs, read from the archive while it is sent.
//!
//! mboxrd: a `From ` line before each message, and one more `>` before lines that look like one.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use http_body::Frame;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::domain::time::Timestamp;

/// Posts that wait for a slow reader, at most.
const POSTS_AHEAD_MAX: usize = 1;

/// The posts of a conversation, as they come out of the archive.
#[derive(Debug)]
pub(crate) struct Posts(Receiver<Bytes>);

/// Where the archive puts them in.
#[derive(Debug)]
pub(crate) struct Writer(Sender<Bytes>);

/// Two ends of one file.
pub(crate) fn pipe() -> (Writer, Posts) {
    let (sender, receiver) = channel(POSTS_AHEAD_MAX);
    (Writer(sender), Posts(receiver))
}

/// Whether anybody still reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reader {
    /// Go on.
    Waits,
    /// They hung up.
    Gone,
}

impl Writer {
    /// Waits while the reader is slow: never call it on the reactor.
    pub(crate) fn write(&self, message: &[u8], received: Timestamp) -> Reader {
        match self.0.blocking_send(Bytes::from(mboxrd(message, received))) {
            Ok(()) => Reader::Waits,
            Err(_) => Reader::Gone,
        }
    }
}

/// One message of an mbox file, with LF at the ends of lines as mail programs expect there.
fn mboxrd(message: &[u8], received: Timestamp) -> Vec<u8> {
    let mut out = format!("From parvis@invalid {}\n", received.asctime_utc()).into_bytes();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let unquoted = text.iter().position(|byte| *byte != b'>').unwrap_or(text.len());
        if text[unquoted..].starts_with(b"From ") {
            out.push(b'>');
        }
        out.extend_from_slice(text);
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

impl HttpBody for Posts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_look_like_the_start_of_a_message_are_marked() {
        let at = Timestamp::parse_rfc3339("2026-11-22T17:30:00Z").expect("valid");
        let file = mboxrd(b"Subject: a\r\n\r\nFrom here\r\n>From there\r\nFromage\n>>x", at);
        assert_eq!(
            String::from_utf8(file).expect("ASCII"),
            "From parvis@invalid Sun Nov 22 17:30:00 2026\nSubject: a\n\n>From here\n>>From there\nFromage\n>>x\n\n"
        );
    }
}
