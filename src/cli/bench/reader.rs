//! The readers `parvis bench` sends: GET after GET over one connection each, with the time each took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One reader's connection.
pub(super) struct Reader {
    stream: TcpStream,
    host: String,
    /// What was read and not looked at yet.
    ahead: Vec<u8>,
}

impl Reader {
    pub(super) async fn connect(address: SocketAddr) -> anyhow::Result<Reader> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Reader { stream, host: address.to_string(), ahead: Vec::new() })
    }

    /// A page, and all of its bytes.
    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Language: fr\r\n\r\n", self.host);
        self.stream.write_all(request.as_bytes()).await?;
        let mut answer = std::mem::take(&mut self.ahead);
        let head = loop {
            if let Some(end) = memchr::memmem::find(&answer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut answer).await?;
        };
        let fields = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
        if !fields.starts_with("http/1.1 200 ") {
            bail!("{path} answers {}", fields.lines().next().unwrap_or_default());
        }
        let length = fields.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).context("no length")?;
        while answer.len() < head + length {
            self.more(&mut answer).await?;
        }
        self.ahead = answer.split_off(head + length);
        Ok(answer.split_off(head))
    }

    async fn more(&mut self, answer: &mut Vec<u8>) -> anyhow::Result<()> {
        match self.stream.read_buf(answer).await? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }
}

/// What reading was like.
pub(super) struct Read {
    took: Vec<Duration>,
    bytes: u64,
    seconds: f64,
}

/// Reads these pages in their order, and again from the first, until the time is over.
pub(super) async fn read(
    address: SocketAddr,
    paths: Arc<Vec<String>>,
    readers: usize,
    seconds: u64,
) -> anyhow::Result<Read> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut reading = tokio::task::JoinSet::new();
    for _ in 0..readers {
        let (paths, next) = (paths.clone(), next.clone());
        reading.spawn(async move {
            let mut reader = Reader::connect(address).await?;
            let (mut took, mut bytes) = (Vec::new(), 0);
            while begun.elapsed() < Duration::from_secs(seconds) {
                let at = next.fetch_add(1, Ordering::Relaxed) % paths.len();
                let asked = Instant::now();
                bytes += reader.get(&paths[at]).await?.len() as u64;
                took.push(asked.elapsed());
            }
            anyhow::Ok((took, bytes))
        });
    }
    let mut read = Read { took: Vec::new(), bytes: 0, seconds: 0.0 };
    while let Some(ended) = reading.join_next().await {
        let (took, bytes) = ended??;
        read.took.extend(took);
        read.bytes += bytes;
    }
    read.seconds = begun.elapsed().as_secs_f64();
    read.took.sort_unstable();
    Ok(read)
}

impl Read {
    /// So many in a hundred took no longer, milliseconds.
    fn percentile(&self, of_hundred: usize) -> f64 {
        let at = (self.took.len() * of_hundred / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).map_or(0.0, |took| (took.as_secs_f64() * 1e5).round() / 100.0)
    }

    /// Puts what was measured beside the rest.
    pub(super) fn tell(&self, what: &str, measured: &mut serde_json::Map<String, Value>) {
        let count = self.took.len();
        measured.insert(what.to_owned(), json!(count));
        measured.insert(format!("{what} per second"), json!((count as f64 / self.seconds).round()));
        measured.insert("p50 ms".to_owned(), json!(self.percentile(50)));
        measured.insert("p99 ms".to_owned(), json!(self.percentile(99)));
        measured.insert("bytes each".to_owned(), json!(self.bytes / (count.max(1) as u64)));
    }
}
