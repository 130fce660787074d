//! `parvis bench`: what this machine does with Parvis's own parts, measured on the spot.
//!
//! A real server on loopback ports, a real store on the real disk; the sink that takes copies is
//! our own door with nothing behind it, unless another is named.

#![allow(clippy::disallowed_methods, reason = "measuring reads the clock")]

mod material;
mod reader;
mod reading;
mod recovery;
mod system;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

use self::system::{SINK, Spent, anonymous_mb, memory_mb};
use super::args::{BenchArgs, BenchWhat};
use super::{Voice, log, show};
use crate::admin::request::{Rehearsal, Request, Welcoming};
use crate::admin::{Given, pack, perform};
use crate::config::Config;
use crate::domain::address::EmailAddress;
use crate::domain::member::Role;
use crate::flow::import::{Item, Message};
use crate::init::DkimKey;
use crate::net::slots::Slots;
use crate::serve::{self, Server};
use crate::sign::SigningKey;
use crate::smtp::client::{Bits, Carrier, Copy, Outcome, Timeouts};
use crate::smtp::dot_stuff::dot_stuff;
use crate::smtp::envelope::{Envelope, ReversePath};
use crate::smtp::reply::Reply;
use crate::smtp::route::Route;
use crate::smtp::server::{Deadlines, Mailroom, ServerOptions, serve as serve_smtp};
use crate::smtp::session::Door;

const LIST: &str = "bench@parvis.example";
const AUTHOR: &str = "author@members.example";
/// Messages, if not said.
const MESSAGES: u32 = 20_000;

pub(super) fn bench(args: &BenchArgs, voice: &Voice) -> anyhow::Result<()> {
    log::to_stderr("error");
    let temporary;
    let folder = match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            dir.as_path()
        }
        None => {
            temporary = tempfile::Builder::new().prefix("parvis-bench-").tempdir_in(".")?;
            temporary.path()
        }
    };
    // A configuration's paths are those of its own folder.
    let folder = &std::path::absolute(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let beside = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name(SINK).build()?;
    let measured = runtime.block_on(async {
        match args.what {
            BenchWhat::FanOut => fan_out(args, folder, beside.handle()).await,
            BenchWhat::Ingest => ingest(args, folder).await,
            BenchWhat::Import => import(args, folder).await,
            BenchWhat::Start => start(args, folder).await,
            BenchWhat::Search => reading::search(args, folder).await,
            BenchWhat::Pages => reading::pages(args, folder).await,
            BenchWhat::Recovery => recovery::recovery(args, folder).await,
        }
    })?;
    if voice.json {
        return show::json(&measured);
    }
    let mut text = String::new();
    for (key, value) in measured.as_object().into_iter().flatten() {
        text.push_str(&format!("{key:<28} {}\n", show::word(value)));
    }
    show::print(&text)
}

/// One post to many members over a smarthost route, a copy each, every outcome durable.
async fn fan_out(args: &BenchArgs, folder: &Path, beside: &Handle) -> anyhow::Result<Value> {
    let (_stop, stopping) = watch::channel(false);
    let taken = Arc::new(AtomicU64::new(0));
    let route = match &args.sink {
        Some(url) => url.clone(),
        None => format!("smtp://{}", sink(taken.clone(), stopping, beside)?),
    };
    if args.signed {
        write_key(folder)?;
    }
    let server = community(folder, &route, args.members).await?;
    let post = message(0, args.bytes);
    let mut carrier = open(&server).await?;
    let (begun, spent) = (Instant::now(), Spent::now());
    send(&mut carrier, &post).await?;
    let answered = begun.elapsed();
    let store = &server.desk.store;
    while !(store.undecided()?.is_empty() && store.fans()?.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let recipients = f64::from(args.members);
    let spent = Spent::since(spent);
    end(server).await?;
    let mut measured = json!({
        "recipients": args.members,
        "bytes": args.bytes,
        "answered after ms": answered.as_millis() as u64,
        "seconds": seconds,
        "recipients per second": (recipients / seconds).round(),
        "processor ms a copy": milliseconds(spent.ours, recipients),
        "processor ms a copy, of our own sink": milliseconds(spent.sink, recipients),
        "memory MB": memory_mb(),
    });
    if args.signed {
        let bare = tokio::task::spawn_blocking(bare_signatures).await??;
        measured["signatures per second, nothing else"] = json!(bare.per_second.round());
        measured["processor ms a signature"] = json!(bare.milliseconds);
        measured["signed fan-out of that, %"] =
            json!((100.0 * recipients / seconds / bare.per_second).round());
    }
    Ok(measured)
}

fn milliseconds(spent: Duration, times: f64) -> f64 {
    (spent.as_secs_f64() * 1e6 / times).round() / 1e3
}

/// Makes the key the server will find at its default place.
fn write_key(folder: &Path) -> anyhow::Result<()> {
    let keys = folder.join("data").join("keys");
    std::fs::create_dir_all(&keys)?;
    let path = keys.join("dkim.pem");
    std::fs::write(&path, DkimKey::generate()?.private_pem())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// What signing costs that does nothing else.
struct Bare {
    /// Of all cores together.
    per_second: f64,
    milliseconds: f64,
}

/// What all cores together sign with RSA-2048 when they do nothing else.
fn bare_signatures() -> anyhow::Result<Bare> {
    const MEASURED: Duration = Duration::from_secs(3);
    let text = DkimKey::generate()?.private_pem();
    let key = SigningKey::from_pem(&text)?;
    let cores = std::thread::available_parallelism()?.get();
    let (begun, spent) = (Instant::now(), Spent::now());
    let signed: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let mut signed = 0_u64;
                    while begun.elapsed() < MEASURED && key.try_out().is_ok() {
                        signed += 1;
                    }
                    signed
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    });
    let signed = signed as f64;
    Ok(Bare {
        per_second: signed / begun.elapsed().as_secs_f64(),
        milliseconds: milliseconds(Spent::since(spent).ours, signed),
    })
}

/// Posts over many connections, each answered only when it is on the disk.
async fn ingest(args: &BenchArgs, folder: &Path) -> anyhow::Result<Value> {
    let server = community(folder, "mx", 1).await?;
    let next = Arc::new(AtomicU64::new(0));
    let all = u64::from(args.messages.unwrap_or(MESSAGES));
    let begun = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..args.connections {
        let (next, bytes) = (next.clone(), args.bytes);
        let mut carrier = open(&server).await?;
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= all {
                    return anyhow::Ok(());
                }
                send(&mut carrier, &message(number, bytes)).await?;
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    while !server.desk.store.undecided()?.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let decided = begun.elapsed().as_secs_f64();
    let list = server.desk.store.reader().lists()?.remove(0);
    let archived = server.desk.store.reader().counts(list.id)?.posts;
    let anonymous = anonymous_mb();
    end(server).await?;
    if archived != all {
        bail!("{all} posts were answered 250, {archived} are in the archive");
    }
    Ok(json!({
        "posts": all,
        "bytes": args.bytes,
        "connections": args.connections,
        "seconds": seconds,
        "posts per second": (all as f64 / seconds).round(),
        "all in the archive after s": decided,
        "memory MB": memory_mb(),
        "of these no file's at the end, MB": anonymous,
    }))
}

/// An archive put into a list.
async fn import(args: &BenchArgs, folder: &Path) -> anyhow::Result<Value> {
    let server = community(folder, "mx", 1).await?;
    let seconds = import_some(&server, args).await?;
    end(server).await?;
    Ok(json!({
        "messages": args.messages.unwrap_or(MESSAGES),
        "bytes": args.bytes,
        "seconds": seconds,
        "messages per second": (f64::from(args.messages.unwrap_or(MESSAGES)) / seconds).round(),
        "memory MB": memory_mb(),
    }))
}

/// Starting with so many posts in the store, after a clean end.
async fn start(args: &BenchArgs, folder: &Path) -> anyhow::Result<Value> {
    let first = community(folder, "mx", 1).await?;
    import_some(&first, args).await?;
    end(first).await?;
    let begun = Instant::now();
    let second = server(folder, "mx").await?;
    let seconds = begun.elapsed().as_secs_f64();
    end(second).await?;
    Ok(
        json!({ "posts": args.messages.unwrap_or(MESSAGES), "seconds until the doors are open": seconds, "memory MB": memory_mb() }),
    )
}

async fn import_some(server: &Server, args: &BenchArgs) -> anyhow::Result<f64> {
    let (messages, bytes) = (u64::from(args.messages.unwrap_or(MESSAGES)), args.bytes);
    let items = (1..=messages).map(move |n| {
        pack(&Item::Message(Message { n, raw: message(n, bytes), sender: AUTHOR.to_owned(), dated: None }))
    });
    let begun = Instant::now();
    let request = Request::import(LIST.to_owned(), Rehearsal::ForReal);
    let answer = ask(server, request, Box::new(items)).await?;
    let seconds = begun.elapsed().as_secs_f64();
    if answer["imported"] != json!(messages) {
        bail!("{messages} messages were given, {} imported", answer["imported"]);
    }
    Ok(seconds)
}

async fn server(folder: &Path, route: &str) -> anyhow::Result<Server> {
    let config = configured(&folder.join("data"), folder, route)?;
    Ok(serve::start(&config, serve::system_clock()).await?)
}

fn configured(data: &Path, folder: &Path, route: &str) -> anyhow::Result<Config> {
    let text = configuration(data, route);
    Ok(Config::from_text(Some(&text), &folder.join("parvis.toml"), Vec::new(), &|file| file.exists())?)
}

/// Loopback ports, and nobody to ask.
fn configuration(data: &Path, route: &str) -> String {
    format!(
        "hostname = \"parvis.example\"\ndata_dir = {:?}\n[smtp]\nlisten = [\"127.0.0.1:0\"]\n\
         connections_max = 2000\nconnections_per_peer_max = 2000\n\
         [dns]\nservers = [\"127.0.0.1:1\"]\n[delivery]\nroute = {route:?}\n[web]\nlisten = [\"127.0.0.1:0\"]\n",
        data.display().to_string()
    )
}

/// A server and the list, with nothing left to find out.
async fn community(folder: &Path, route: &str, members: u32) -> anyhow::Result<Server> {
    let server = server(folder, route).await?;
    found(&server, members).await?;
    server.settled().await;
    Ok(server)
}

async fn found(server: &Server, members: u32) -> anyhow::Result<()> {
    let create = Request::ListCreate {
        address: LIST.to_owned(),
        name: Some("Bench".to_owned()),
        language: None,
        preset: "discussion".to_owned(),
        animators: Vec::new(),
    };
    ask(server, create, Box::new(std::iter::empty())).await?;
    let add = Request::MemberAdd {
        list: LIST.to_owned(),
        email: AUTHOR.to_owned(),
        name: Some("The author".to_owned()),
        reading: None,
        role: Some(Role::Animator),
        welcome: Welcoming::Silent,
    };
    ask(server, add, Box::new(std::iter::empty())).await?;
    let mut csv = String::from("email,name\n");
    for number in 1..members {
        csv.push_str(&format!("member{number}@members.example,Member {number}\n"));
    }
    let request = Request::MemberImport {
        list: LIST.to_owned(),
        welcome: Welcoming::Silent,
        bad_rows: crate::admin::request::BadRows::Skip,
    };
    ask(server, request, Box::new(std::iter::once(csv.into_bytes()))).await?;
    Ok(())
}

async fn ask(
    server: &Server,
    request: Request,
    blobs: Box<dyn Iterator<Item = Vec<u8>> + Send>,
) -> anyhow::Result<Value> {
    let desk = server.desk.clone();
    Ok(tokio::task::spawn_blocking(move || perform(&desk, request, &mut Given(blobs))).await??)
}

async fn open(server: &Server) -> anyhow::Result<Carrier> {
    let door = server.smtp.first().context("no door is open")?;
    let route = Route::parse(&format!("smtp://{door}"))?;
    match Carrier::open(&route, "members.example", &Timeouts::default()).await {
        Ok(carrier) => Ok(carrier),
        Err(outcome) => bail!("the door does not open: {outcome:?}"),
    }
}

async fn send(carrier: &mut Carrier, raw: &[u8]) -> anyhow::Result<()> {
    let split = memchr::memmem::find(raw, b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
    let copy = Copy {
        sender: EmailAddress::parse(AUTHOR).ok(),
        recipient: EmailAddress::parse(LIST)?,
        head: dot_stuff(&raw[..split]),
        body: dot_stuff(&raw[split..]),
        bits: Bits::Seven,
    };
    match carrier.carry(&copy).await {
        Outcome::Taken { .. } => Ok(()),
        outcome @ (Outcome::PutOff { .. }
        | Outcome::Refused { .. }
        | Outcome::NeedsSevenBits
        | Outcome::Lost { .. }) => {
            bail!("the door did not take a post: {outcome:?}")
        }
    }
}

async fn end(mut server: Server) -> anyhow::Result<()> {
    server.stop();
    Ok(server.wait().await?)
}

/// A post of about so many bytes; every fourth begins a thread, the others answer.
fn message(number: u64, bytes: usize) -> Vec<u8> {
    let answers = if number.is_multiple_of(4) {
        String::new()
    } else {
        format!(
            "In-Reply-To: <{0}@members.example>\r\nReferences: <{0}@members.example>\r\n",
            number - number % 4
        )
    };
    let mut raw = format!(
        "From: The author <{AUTHOR}>\r\nTo: <{LIST}>\r\nSubject: Measuring, {number}\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{number}@members.example>\r\n{answers}\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    .into_bytes();
    const LINES: [&[u8]; 4] = [
        b"The neighbours meet on the square at six, bring a chair and something to share.\r\n",
        b"We have tables for forty, and would like to know by Friday who will come.\r\n",
        b"If it rains, everything will be in the school, which Mr Martin opens for us.\r\n",
        b"What is left over from last year's party is in your inbox since Tuesday.\r\n",
    ];
    for line in LINES.iter().cycle() {
        if raw.len() + line.len() > bytes {
            break;
        }
        raw.extend_from_slice(line);
    }
    raw
}

/// A door with nothing behind it.
struct Sink(Arc<AtomicU64>);

impl Mailroom for Sink {
    fn ready(&self) -> Result<(), Reply> {
        Ok(())
    }
    async fn recipient(&self, _sender: &ReversePath, _recipient: &EmailAddress) -> Result<(), Reply> {
        Ok(())
    }
    async fn receive(&self, _envelope: Envelope) -> Vec<Reply> {
        self.0.fetch_add(1, Ordering::Relaxed);
        vec![Reply::new(250, "2.0.0 taken")]
    }
}

/// On threads of its own, so that its time can be told from ours.
fn sink(
    taken: Arc<AtomicU64>,
    stopping: watch::Receiver<bool>,
    beside: &Handle,
) -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let options = ServerOptions {
        hostname: "sink.example".to_owned(),
        door: Door::Smtp,
        message_bytes_max: 50 << 20,
        slots: Slots::new(2_000, 2_000, Vec::new()),
        deadlines: Deadlines::default(),
        tls: None,
    };
    let _inside = beside.enter();
    let listener = TcpListener::from_std(listener)?;
    beside.spawn(serve_smtp(listener, Arc::new(Sink(taken)), options, stopping));
    Ok(address)
}
