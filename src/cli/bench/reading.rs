//! `parvis bench search` and `parvis bench pages`: an archive as its readers have it, over HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::material::{self, Chance};
use super::reader::{Read, Reader, read};
use super::{AUTHOR, BenchArgs, LIST, ask, community, configured, end, memory_mb, open, send};
use crate::admin::pack;
use crate::admin::request::{Rehearsal, Request};
use crate::domain::list::{ArchivePolicy, ListState};
use crate::flow::import::{Item, Message};
use crate::flow::opening::Past;
use crate::mail::show::{Block, show};
use crate::search::Standing;
use crate::serve::{self, Server};

/// Different searches.
const SEARCHES: usize = 5_000;
/// A search that finds nothing new is sent again after so long.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// And given up after so long.
const FOUND_WITHIN_MAX: Duration = Duration::from_secs(60);
/// Pages of conversations that are read; of more, the latest.
const THREADS_MAX: usize = 200_000;

type Measured = Map<String, Value>;

/// Words looked for in all lists strangers may read.
pub(super) async fn search(args: &BenchArgs, folder: &Path) -> anyhow::Result<Value> {
    let mut measured = Measured::new();
    let server = archive(args, folder, &mut measured).await?;
    tell_sizes(&server, &mut measured)?;
    let web = *server.web.first().context("no pages are open")?;
    let searches = Arc::new(searches(&server, args)?);
    // What a server does first, it does slowly: that is a start, and not a search.
    read(web, searches.clone(), 1, 1).await?;
    let found = read(web, searches.clone(), args.readers.unwrap_or(1), args.seconds).await?;
    found.tell("searches", &mut measured);
    if args.data.is_none() {
        let took = published_and_found(&server).await?;
        measured.insert("found after publishing, s".to_owned(), json!(hundredths(took)));
    }
    measured.insert("memory MB".to_owned(), json!(memory_mb()));
    end(server).await?;
    Ok(Value::Object(measured))
}

/// Pages of conversations, each a different one until all were read.
pub(super) async fn pages(args: &BenchArgs, folder: &Path) -> anyhow::Result<Value> {
    let mut measured = Measured::new();
    let server = archive(args, folder, &mut measured).await?;
    let web = *server.web.first().context("no pages are open")?;
    let paths = Arc::new(threads(&server)?);
    measured.insert("conversations".to_owned(), json!(paths.len()));
    read(web, paths.clone(), 1, 1).await?;
    let before = memory_mb();
    let shown: Read = read(web, paths, args.readers.unwrap_or(8), args.seconds).await?;
    shown.tell("pages", &mut measured);
    measured.insert("memory MB before".to_owned(), json!(before));
    measured.insert("memory MB".to_owned(), json!(memory_mb()));
    end(server).await?;
    Ok(Value::Object(measured))
}

/// The archive of `--data`, its pages alone; or one made here, with a whole server.
async fn archive(args: &BenchArgs, folder: &Path, measured: &mut Measured) -> anyhow::Result<Server> {
    if let Some(data) = &args.data {
        let config = configured(data, folder, "mx")?;
        let server = serve::only_pages(&config, serve::system_clock()).await?;
        caught_up(&server).await?;
        return Ok(server);
    }
    let server = community(folder, "mx", 1).await?;
    let settings = vec![("archive".to_owned(), "public".to_owned())];
    ask(
        &server,
        Request::ListSet { list: LIST.to_owned(), settings, past: Past::Kept },
        Box::new(std::iter::empty()),
    )
    .await?;
    let count = u64::from(args.messages.unwrap_or(80_000));
    let items = (0..count).map(|n| {
        let raw = material::message(n, LIST);
        pack(&Item::Message(Message { n: n + 1, raw, sender: AUTHOR.to_owned(), dated: None }))
    });
    let begun = Instant::now();
    let request = Request::import(LIST.to_owned(), Rehearsal::ForReal);
    let answer = ask(&server, request, Box::new(items)).await?;
    let durable = begun.elapsed().as_secs_f64();
    caught_up(&server).await?;
    if answer["imported"] != json!(count) {
        bail!("{count} messages were given, {} imported", answer["imported"]);
    }
    let indexed = begun.elapsed().as_secs_f64();
    measured.insert("messages".to_owned(), json!(count));
    measured.insert("imported per second".to_owned(), json!((count as f64 / durable).round()));
    measured.insert("imported and indexed per second".to_owned(), json!((count as f64 / indexed).round()));
    Ok(server)
}

async fn caught_up(server: &Server) -> anyhow::Result<()> {
    let search = server.desk.search.clone();
    tokio::task::spawn_blocking(move || search.catch_up_wholly(|_| ())).await??;
    match server.desk.search.behind() {
        Standing::UpToDate => Ok(()),
        Standing::Behind(lines) => bail!("the search index is {lines} lines behind"),
    }
}

/// How large the index is, against what people read in these mails.
fn tell_sizes(server: &Server, measured: &mut Measured) -> anyhow::Result<()> {
    let archive = server.desk.store.reader();
    let mut text = 0;
    for list in archive.lists()? {
        for number in archive.post_numbers(list.id)? {
            let raw = archive.raw(number)?.unwrap_or_default();
            let blocks = show(&raw).blocks;
            text += blocks.iter().map(|block| words_of(block).len() as u64).sum::<u64>();
        }
    }
    let index = folder_bytes(&archive.data().join("search"))?;
    measured.insert("text MB".to_owned(), json!(text / 1_000_000));
    measured.insert("index MB".to_owned(), json!(index / 1_000_000));
    measured.insert("index / text".to_owned(), json!(hundredths(index as f64 / text.max(1) as f64)));
    Ok(())
}

fn words_of(block: &Block) -> &str {
    match block {
        Block::Text(text) | Block::Quote { text, .. } | Block::Signature(text) => text,
    }
}

fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

/// One, two or three words each: of the subjects where the archive is given, else of its makings.
fn searches(server: &Server, args: &BenchArgs) -> anyhow::Result<Vec<String>> {
    let mut chance = Chance::new(7);
    let known = if args.data.is_some() { subject_words(server)? } else { Vec::new() };
    let mut word = || match known.len() {
        0 => chance.word(),
        count => known[chance.below(count as u64) as usize].clone(),
    };
    let query = |n: usize| (0..=n % 3).map(|_| word()).collect::<Vec<_>>().join("+");
    Ok((0..SEARCHES).map(query).map(|words| format!("/search?q={words}")).collect())
}

fn subject_words(server: &Server) -> anyhow::Result<Vec<String>> {
    let archive = server.desk.store.reader();
    let mut words = Vec::new();
    for list in archive.lists()? {
        for thread in archive.latest_threads(list.id, 0, THREADS_MAX)? {
            let plain = |word: &&str| word.len() > 2 && word.bytes().all(|b| b.is_ascii_alphanumeric());
            words.extend(thread.subject.split_whitespace().filter(plain).map(str::to_owned));
        }
    }
    if words.is_empty() {
        bail!("there is nothing to look for in this archive");
    }
    Ok(words)
}

fn threads(server: &Server) -> anyhow::Result<Vec<String>> {
    let archive = server.desk.store.reader();
    let mut paths = Vec::new();
    for list in archive.lists()? {
        if list.settings.archive != ArchivePolicy::Public || list.state == ListState::Removed {
            continue;
        }
        for thread in archive.latest_threads(list.id, 0, THREADS_MAX)? {
            paths.push(format!("/{}/t/{}/", list.address.name(), thread.key));
        }
    }
    if paths.is_empty() {
        bail!("strangers may read no conversation of this archive");
    }
    Ok(paths)
}

/// A post at the door, and how long until a stranger's search finds it.
async fn published_and_found(server: &Server) -> anyhow::Result<f64> {
    let post = format!(
        "From: The author <{AUTHOR}>\r\nTo: <{LIST}>\r\nSubject: Unheard\r\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <unheard@bench.example>\r\n\r\nzyxwvutsrq\r\n"
    );
    let mut carrier = open(server).await?;
    send(&mut carrier, post.as_bytes()).await?;
    let begun = Instant::now();
    let mut reader = Reader::connect(*server.web.first().context("no pages are open")?).await?;
    while begun.elapsed() < FOUND_WITHIN_MAX {
        let page = reader.get("/search?q=zyxwvutsrq").await?;
        if memchr::memmem::find(&page, b"<mark>zyxwvutsrq</mark>").is_some() {
            return Ok(begun.elapsed().as_secs_f64());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    bail!("a post that was published is not found")
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
