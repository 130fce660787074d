//! The main job on this machine alone: two communities, live posts through Parvis's own door,
//! every copy caught in a mailbox one can look at, and a ledger that must agree.
//!
//! Nothing here is a shortcut: lists and archives are made as an operator would, posts are sent
//! over SMTP, copies are delivered over SMTP, pages are read over HTTP.

mod catcher;
mod http;
mod ledger;
mod material;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

pub use self::ledger::{Difference, Ledger};
use self::material::{COMMUNITIES, Community};
use crate::admin::request::{BadRows, Rehearsal, Request, Welcoming};
use crate::admin::{Given, NotDone, pack, perform};
use crate::config::{Config, ConfigError};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{MessageId, PostId};
use crate::flow::opening::Past;
use crate::flow::{FlowError, digests, import};
use crate::mail::headers::Headers;
use crate::serve::{self, ServeError, Server};
use crate::smtp::client::{Bits, Carrier, Copy, Outcome, Timeouts};
use crate::smtp::dot_stuff::dot_stuff;
use crate::smtp::route::Route;
use crate::web;
use crate::web::server::WebDoor;

/// How the demo tells what it does.
pub trait Teller {
    /// One sentence.
    fn say(&self, sentence: &str);
    /// So much of so much is done of what the last sentence said.
    fn progress(&self, done: u64, of: u64);
}

/// Why the demo did not work.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The configuration it made for itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A command.
    #[error(transparent)]
    NotDone(#[from] NotDone),
    /// Files or sockets.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A live post was not taken.
    #[error("the door did not take {post}: {reply}")]
    NotTaken {
        /// Its file.
        post: String,
        /// What the door said.
        reply: String,
    },
    /// Copies were still owed after [`DELIVERY_WAIT`].
    #[error("copies are still owed after {} seconds", DELIVERY_WAIT.as_secs())]
    StillOwed,
}

/// A demo that runs.
pub struct Demo {
    /// The server.
    pub server: Server,
    /// Where everything is.
    pub folder: PathBuf,
    /// The archive.
    pub archive: SocketAddr,
    /// The page of mailboxes.
    pub mailboxes: SocketAddr,
    sent: Vec<Sent>,
    accepted: u64,
    issues: Vec<PostId>,
    stop_catching: tokio::sync::watch::Sender<bool>,
}

/// A live post that was taken.
#[derive(Clone, Debug)]
struct Sent {
    list: &'static str,
    message_id: MessageId,
}

/// Copies of a dozen posts to a dozen members take a moment, not minutes.
pub const DELIVERY_WAIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The host of both communities.
const HOSTNAME: &str = "parvis.example";

/// Builds everything up and sends the live posts. Returns once every copy has arrived.
pub async fn run(folder: &Path, teller: &dyn Teller) -> Result<Demo, DemoError> {
    let mailboxes = folder.join("mailboxes");
    std::fs::create_dir_all(&mailboxes).map_err(|source| io(&mailboxes, source))?;
    let (stop_catching, stopping) = tokio::sync::watch::channel(false);
    let catcher =
        catcher::open(mailboxes.clone(), stopping.clone()).await.map_err(|source| io(&mailboxes, source))?;
    let config = configuration(folder, catcher)?;
    let mut server = serve::start(&config, serve::system_clock()).await?;
    let archive = first(&server.web)?;
    for community in &COMMUNITIES {
        found(&server, community, teller).await?;
    }
    let page = page_of_mailboxes(mailboxes, stopping).await?;
    teller.say("Sending twelve posts through the door, as members' mail programs would");
    let (sent, accepted) = send_live_posts(&mut server, teller).await?;
    teller.say("Delivering a copy to every member who reads each post");
    wait_for_copies(&server, teller).await?;
    teller.say("Sending those who read once a day or a week what they await, in one mail");
    let issues = send_digests(&server).await?;
    wait_for_copies(&server, teller).await?;
    Ok(Demo {
        server,
        folder: folder.to_owned(),
        archive,
        mailboxes: page,
        sent,
        accepted,
        issues,
        stop_catching,
    })
}

impl Demo {
    /// What was accepted, owed, taken, found and read, and where that differs.
    pub async fn ledger(&self) -> Result<Ledger, DemoError> {
        ledger::compare(self).await
    }

    /// Ends everything.
    pub async fn stop(mut self) -> Result<(), DemoError> {
        self.server.stop();
        let ended = self.server.wait().await;
        self.stop_catching.send_replace(true);
        Ok(ended?)
    }
}

fn io(path: &Path, source: std::io::Error) -> DemoError {
    DemoError::Io { doing: format!("use {}", path.display()), source }
}

fn first(addresses: &[SocketAddr]) -> Result<SocketAddr, DemoError> {
    addresses.first().copied().ok_or_else(|| DemoError::Io {
        doing: "find the door".to_owned(),
        source: std::io::Error::other("nothing is listened on"),
    })
}

/// Nobody answers there, so that nothing is asked outside this machine.
const NO_DNS: &str = "127.0.0.1:1";

/// Loopback ports, the catcher as the smarthost, nothing from the environment.
fn configuration(folder: &Path, catcher: SocketAddr) -> Result<Config, DemoError> {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let web = free.map_err(|source| DemoError::Io { doing: "find a free port".to_owned(), source })?;
    let text = format!(
        "hostname = \"{HOSTNAME}\"\ndata_dir = {data:?}\nlanguage = \"fr\"\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\n\
         [dns]\nservers = [\"{NO_DNS}\"]\n\
         [delivery]\nroute = \"smtp://{catcher}\"\nconnections_max = 8\n\
         [web]\nlisten = [\"{web}\"]\nbase_url = \"http://{web}\"\n",
        data = folder.join("data").display().to_string(),
    );
    let path = folder.join("parvis.toml");
    std::fs::write(&path, &text).map_err(|source| io(&path, source))?;
    Ok(Config::from_text(Some(&text), &path, Vec::new(), &|file| file.exists())?)
}

/// One community: its list, its members, its archive.
async fn found(server: &Server, community: &'static Community, teller: &dyn Teller) -> Result<(), DemoError> {
    teller.say(&format!("Founding {} ({})", community.name, community.address));
    let create = Request::ListCreate {
        address: community.address.to_owned(),
        name: Some(community.name.to_owned()),
        language: Some(community.language),
        preset: "discussion".to_owned(),
        animators: Vec::new(),
    };
    ask(server, create, Vec::new()).await?;
    let settings = [
        ("archive", "public"),
        ("listed", "yes"),
        ("promise", community.promise),
        ("description", community.description),
    ];
    let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    ask(
        server,
        Request::ListSet { list: community.address.to_owned(), settings, past: Past::Kept },
        Vec::new(),
    )
    .await?;
    let members = Request::MemberImport {
        list: community.address.to_owned(),
        welcome: Welcoming::Silent,
        bad_rows: BadRows::RefuseAll,
    };
    let added = ask(server, members, vec![community.members.as_bytes().to_vec()]).await?;
    teller.say(&format!("  {} members", added["added"]));
    let wrong = |fault: import::SourceFault| DemoError::Io {
        doing: "read the archive that comes with Parvis".to_owned(),
        source: std::io::Error::other(fault),
    };
    let items = import::sources::mbox_items_from(std::io::Cursor::new(community.archive), community.address)
        .map_err(wrong)?;
    let items: Vec<Vec<u8>> =
        items.map(|item| item.map(|item| pack(&item))).collect::<Result<_, _>>().map_err(wrong)?;
    let request = Request::import(community.address.to_owned(), Rehearsal::ForReal);
    let imported = ask(server, request, items).await?;
    teller.say(&format!("  {} messages of its archive, nobody mailed", imported["imported"]));
    Ok(())
}

/// What a command would ask over the control socket.
async fn ask(server: &Server, request: Request, blobs: Vec<Vec<u8>>) -> Result<Value, DemoError> {
    let desk = server.desk.clone();
    let performed =
        tokio::task::spawn_blocking(move || perform(&desk, request, &mut Given(blobs.into_iter())));
    let ended = performed.await.map_err(|error| DemoError::Io {
        doing: "carry out a command".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(ended?)
}

async fn send_live_posts(server: &mut Server, teller: &dyn Teller) -> Result<(Vec<Sent>, u64), DemoError> {
    let door = first(&server.smtp)?;
    let route = Route::parse(&format!("smtp://{door}")).map_err(|error| DemoError::Io {
        doing: "find the door".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    let refused = |post: &str, outcome: &Outcome| DemoError::NotTaken {
        post: post.to_owned(),
        reply: match outcome {
            Outcome::Taken { reply } | Outcome::PutOff { reply, .. } | Outcome::Refused { reply, .. } => {
                reply.clone()
            }
            Outcome::NeedsSevenBits => "the door takes seven bits only".to_owned(),
            Outcome::Lost { why, .. } => why.clone(),
        },
    };
    let opened = Carrier::open(&route, "members.example", &Timeouts::default()).await;
    let mut carrier = opened.map_err(|outcome| refused("the first post", &outcome))?;
    let posts: Vec<(&Community, &str, &[u8])> =
        COMMUNITIES.iter().flat_map(|c| c.live.iter().map(move |(name, text)| (c, *name, *text))).collect();
    let (mut sent, mut accepted) = (Vec::new(), 0);
    for (done, (community, name, text)) in (1_u64..).zip(&posts) {
        let (copy, message_id) = as_sent(community, text, server)?;
        match carrier.carry(&copy).await {
            Outcome::Taken { .. } => {
                accepted += 1;
                sent.push(Sent { list: community.address, message_id });
            }
            outcome @ (Outcome::PutOff { .. }
            | Outcome::Refused { .. }
            | Outcome::NeedsSevenBits
            | Outcome::Lost { .. }) => {
                return Err(refused(name, &outcome));
            }
        }
        teller.progress(done, posts.len() as u64);
    }
    carrier.quit().await;
    Ok((sent, accepted))
}

/// A live post as its author's program sends it, now.
fn as_sent(community: &Community, text: &[u8], server: &Server) -> Result<(Copy, MessageId), DemoError> {
    let now = server.desk.now().rfc5322(&server.desk.zone);
    let raw = format!("Date: {now}\r\n").into_bytes();
    let raw = [raw.as_slice(), text].concat();
    let (headers, _) = Headers::scan_leniently(&raw);
    let wrong = |what: &str| DemoError::Io {
        doing: format!("read a live post of {}", community.address),
        source: std::io::Error::other(format!("it has no {what}")),
    };
    let id =
        headers.get("message-id").and_then(|value| MessageId::parse(&value)).ok_or_else(|| wrong("id"))?;
    let from = headers.get("from").ok_or_else(|| wrong("author"))?;
    let author = crate::mail::words::mailboxes(&from).into_iter().find_map(|mailbox| mailbox.address);
    let recipient = EmailAddress::parse(community.address).map_err(|_| wrong("list"))?;
    let split = headers.body_offset();
    let copy = Copy {
        sender: author,
        recipient,
        head: dot_stuff(&raw[..split]),
        body: dot_stuff(&raw[split..]),
        bits: Bits::Eight,
    };
    Ok((copy, id))
}

/// Nobody waits for tomorrow morning: what members await in a digest leaves now.
async fn send_digests(server: &Server) -> Result<Vec<PostId>, DemoError> {
    let desk = server.desk.clone();
    let issued = tokio::task::spawn_blocking(move || -> Result<Vec<PostId>, FlowError> {
        let mut issues = Vec::new();
        for list in desk.store.reader().lists()? {
            issues.extend(digests::issue_now(&desk, &list)?);
        }
        Ok(issues)
    });
    let issued = issued.await.map_err(|error| DemoError::Io {
        doing: "make digests".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(issued.map_err(ServeError::from)?)
}

async fn wait_for_copies(server: &Server, teller: &dyn Teller) -> Result<(), DemoError> {
    let store = &server.desk.store;
    let mut waited = Duration::ZERO;
    loop {
        let undecided = store.undecided().map_err(ServeError::from)?.len() as u64;
        let fans = store.fans().map_err(ServeError::from)?;
        let of: u64 = fans.iter().map(|fan| u64::from(fan.totals.owed)).sum();
        let done: u64 = fans.iter().map(|fan| u64::from(fan.totals.taken + fan.totals.failed)).sum();
        if undecided == 0 && fans.is_empty() {
            return Ok(());
        }
        teller.progress(done, of.max(1));
        if waited > DELIVERY_WAIT {
            return Err(DemoError::StillOwed);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
}

async fn page_of_mailboxes(
    folder: PathBuf,
    stopping: tokio::sync::watch::Receiver<bool>,
) -> Result<SocketAddr, DemoError> {
    let doing = || "open the page of mailboxes".to_owned();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.map_err(|source| DemoError::Io { doing: doing(), source })?;
    let address = listener.local_addr().map_err(|source| DemoError::Io { doing: doing(), source })?;
    let router = web::mailboxes::router(Arc::new(folder));
    tokio::spawn(web::server::serve(WebDoor::plain(listener), router, stopping));
    Ok(address)
}
