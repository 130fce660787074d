//! What a door does whatever is spoken at it: connections come, each has a task of its own, and when
//! the server stops nobody new is let in and those inside finish.
//!
//! Knows neither SMTP nor HTTP; who is let in, and what is said to them, is its caller's.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

/// Pause after the system had no file descriptor or memory for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub trait Listen: Send {
    /// One of them, and who is at its other end.
    type Connection: Send;

    /// The next one.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

/// Hands each connection to `admit`, which gives it a task in the set or sends it away, until `stop`
/// becomes true (or its sender is gone); then the door is shut, and those inside finish.
///
/// `door` names it in the log: "the door", "the web".
pub async fn keep_open<L: Listen>(
    listener: L,
    door: &'static str,
    mut stop: watch::Receiver<bool>,
    mut admit: impl FnMut(L::Connection, &mut JoinSet<()>),
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended {
                    warn!(%error, door, "a connection ended in a failure of ours");
                }
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(connection) => admit(connection, &mut connections),
            Err(error) if is_of_one_connection(&error) => {
                debug!(%error, door, "a peer left before it was let in");
            }
            Err(error) => {
                warn!(%error, door, "cannot take connections for a moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Waits until the server shall stop.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could say stop, so nobody wants us to go on.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Did only this one connection fail, so that the next can be taken at once?
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
