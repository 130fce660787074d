//! A small SMTP or LMTP server on a loopback port that misbehaves as its script says, and remembers
//! what it was told. Strict about order, so that a sender who loses step is found out.

#![allow(clippy::unwrap_used)] // in a helper of tests, too, it fails the test

mod conversation;
mod script;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use conversation::converse;
pub(crate) use script::{Dialect, Does, Ending, Point, Script, Tls, Trouble};

/// A message the peer has answered 250 to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    pub(crate) connection: usize,
    pub(crate) sender: String,
    pub(crate) recipient: String,
    pub(crate) encrypted: bool,
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
        FakePeer::start_at("127.0.0.1:0".parse().unwrap(), script).await
    }

    /// At another address of this machine, and the same port: another host.
    pub(crate) async fn start_beside(&self, ip: &str, script: Script) -> FakePeer {
        FakePeer::start_at(SocketAddr::new(ip.parse().unwrap(), self.port()), script).await
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.expect("a TCP peer").port()
    }

    async fn start_at(address: SocketAddr, script: Script) -> FakePeer {
        let listener = TcpListener::bind(address).await.unwrap();
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
