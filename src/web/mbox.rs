//! A conversation as a file for mail programs, read from the archive while it is sent.
//!
//! A slow reader keeps one message in memory, and no thread.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use http_body::Frame;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::domain::time::Timestamp;
use crate::mail::mbox::write_entry;

use crate::store::StoreError;
use crate::store::archive::PostSummary;

type ReadMail = dyn Fn(&PostSummary) -> Result<Option<Vec<u8>>, StoreError> + Send + Sync;

/// The mails of a conversation, as they come out of the archive.
pub(crate) struct Mails {
    posts: std::vec::IntoIter<PostSummary>,
    read: Arc<ReadMail>,
    reading: Option<JoinHandle<Result<Option<Vec<u8>>, StoreError>>>,
}

impl Mails {
    /// Those of `posts` in their order; `read` gives each as [`entry`] makes it.
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

/// One message of the file.
pub(crate) fn entry(mail: &[u8], received: Timestamp) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 16);
    // No envelope sender: strangers learn no address.
    write_entry(&mut out, "", received, mail).expect("memory takes every write");
    out
}
