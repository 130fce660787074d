//! The smallest reader of pages: one GET, one answer.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a page answered.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Fetches a page.
pub(super) async fn get(address: SocketAddr, path: &str) -> io::Result<Page> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept-Language: en\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    let status = status.ok_or_else(|| io::Error::other("what answered does not speak HTTP"))?;
    Ok(Page { status, body })
}
