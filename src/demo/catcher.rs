//! A mailbox catcher: takes every mail over SMTP and lays it down as `ADDRESS/0001.eml`.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::domain::address::EmailAddress;
use crate::net::slots::Slots;
use crate::smtp::envelope::{Envelope, ReversePath};
use crate::smtp::reply::Reply;
use crate::smtp::server::{Deadlines, Mailroom, ServerOptions, serve};
use crate::smtp::session::Door;

/// Everybody's mailbox.
struct Catcher {
    folder: PathBuf,
    counts: Mutex<HashMap<String, u32>>,
}

const MESSAGE_BYTES_MAX: usize = 50 << 20;
const CONNECTIONS_MAX: usize = 100;

/// Catches mail on a free port until told to stop.
pub(super) async fn open(folder: PathBuf, stop: watch::Receiver<bool>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let catcher = Arc::new(Catcher { folder, counts: Mutex::default() });
    let options = ServerOptions {
        hostname: "mailboxes.example".to_owned(),
        door: Door::Smtp,
        message_bytes_max: MESSAGE_BYTES_MAX,
        slots: Slots::new(CONNECTIONS_MAX, CONNECTIONS_MAX, Vec::new()),
        deadlines: Deadlines::default(),
        tls: None,
    };
    tokio::spawn(serve(listener, catcher, options, stop));
    Ok(address)
}

impl Catcher {
    fn lay_down(&self, recipient: &EmailAddress, envelope: &Envelope) -> io::Result<()> {
        let key = recipient.key();
        let folder = self.folder.join(&key);
        std::fs::create_dir_all(&folder)?;
        let number = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(key).or_default();
            *count += 1;
            *count
        };
        // The last server on the way writes down the return path (RFC 5321 §4.4).
        let mut bytes = format!("Return-Path: {}\r\n", envelope.sender).into_bytes();
        bytes.extend_from_slice(&envelope.raw);
        std::fs::write(folder.join(format!("{number:04}.eml")), bytes)
    }
}

impl Mailroom for Catcher {
    fn ready(&self) -> Result<(), Reply> {
        Ok(())
    }

    async fn recipient(&self, _sender: &ReversePath, _recipient: &EmailAddress) -> Result<(), Reply> {
        Ok(())
    }

    async fn receive(&self, envelope: Envelope) -> Vec<Reply> {
        for recipient in &envelope.recipients {
            if let Err(error) = self.lay_down(recipient, &envelope) {
                return vec![Reply::new(451, &format!("4.3.0 the mailbox cannot be written: {error}"))];
            }
        }
        vec![Reply::new(250, "2.0.0 it is in the mailbox")]
    }
}
