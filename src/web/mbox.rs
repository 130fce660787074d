//! A conversation as a file for mail programs, read from the archive while it is sent.
//!
//! mboxrd: a `From ` line before each message, and one more `>` before lines that look like one.
//! A slow reader keeps one message in memory, and no thread.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use http_body::Frame;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::domain::time::Timestamp;

use super::source::{PostSummary, StoreError};

type ReadMail = dyn Fn(&PostSummary) -> Result<Option<Vec<u8>>, StoreError> + Send + Sync;

/// The mails of a conversation, as they come out of the archive.
pub(crate) struct Mails {
    posts: std::vec::IntoIter<PostSummary>,
    read: Arc<ReadMail>,
    reading: Option<JoinHandle<Result<Option<Vec<u8>>, StoreError>>>,
}

impl Mails {
    /// Those of `posts` in their order; `read` gives each as [`mboxrd`] makes it.
    pub(crate) fn new(
        posts: Vec<PostSummary>,
        read: impl Fn(&PostSummary) -> Result<Option<Vec<u8>>, StoreError> + Send + Sync + 'static,
    ) -> Mails {
        Mails { posts: posts.into_iter(), read: Arc::new(read), reading: None }
    }
}

impl HttpBody for Mails {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        loop {
            if self.reading.is_none() {
                let Some(post) = self.posts.next() else { return Poll::Ready(None) };
                let read = Arc::clone(&self.read);
                self.reading = Some(spawn_blocking(move || read(&post)));
            }
            let Some(reading) = self.reading.as_mut() else { return Poll::Ready(None) };
            let read = ready!(Pin::new(reading).poll(context));
            self.reading = None;
            match read {
                Ok(Ok(Some(mail))) => return Poll::Ready(Some(Ok(Frame::data(Bytes::from(mail))))),
                // Cut off rather than silently incomplete.
                Ok(Err(fault)) => return Poll::Ready(Some(Err(fault))),
                // A mail that is gone since the page was asked for, or that kills its reader.
                Ok(Ok(None)) | Err(_) => {}
            }
        }
    }
}

impl fmt::Debug for Mails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mails").field("left", &self.posts.len()).finish_non_exhaustive()
    }
}

/// One message of an mbox file, with LF at the ends of lines as mail programs expect there.
pub(crate) fn mboxrd(message: &[u8], received: Timestamp) -> Vec<u8> {
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
