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
use crate::mail::mask::mask_raw;
use crate::mail::mbox::write_entry;

use crate::store::StoreError;
use crate::store::archive::PostSummary;

use super::answer::{Answer, Content, Indexed};
use super::pages::Pages;
use super::sight::Eyes;
use super::views::Desk;

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

/// Posts as one file, by date; to strangers with addresses masked.
pub(crate) fn file(pages: &Pages, desk: &Desk<'_>, mut posts: Vec<PostSummary>) -> Answer {
    posts.retain(|post| desk.hidden_because(post).is_none());
    posts.sort_by_key(|post| (post.date, post.id));
    let (archive, eyes) = (pages.archive.clone(), desk.eyes);
    let mails = Mails::new(posts, move |post| {
        let raw = archive.raw(post.id)?;
        let shown = raw.map(|raw| match eyes {
            Eyes::Stranger => mask_raw(&raw),
            Eyes::Member => raw,
        });
        Ok(shown.map(|shown| entry(&shown, post.received)))
    });
    Answer { indexed: Indexed::No, ..Answer::public(Content::Mbox(mails)) }
}

/// One message of the file.
pub(crate) fn entry(mail: &[u8], received: Timestamp) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 16);
    // No envelope sender: strangers learn no address.
    write_entry(&mut out, "", received, mail).expect("memory takes every write");
    out
}
