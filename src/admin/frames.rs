//! How a command and the server talk: frames of a kind, a length and so many bytes.
//!
//! | kind | meaning |
//! |---|---|
//! | `R` | the request, JSON; first, from the command |
//! | `B` | a blob: a file or a message, either way |
//! | `E` | no more blobs, from the command |
//! | `P` | progress, JSON, from the server |
//! | `N` | the name of the file the next blobs belong to, from the server |
//! | `D` | done, JSON; last, from the server |
//! | `F` | not done, a sentence; last, from either: the command could not read what it was to send |

use std::io::{self, Read, Write};

use serde_json::Value;

/// One frame.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "see the table above")]
pub enum Frame {
    Request(Vec<u8>),
    Blob(Vec<u8>),
    End,
    Progress(Value),
    Name(String),
    Done(Value),
    Failed(String),
}

/// The other side of a command, wherever it is.
pub trait Channel {
    /// The next blob; `None` after the last.
    fn blob(&mut self) -> io::Result<Option<Vec<u8>>>;
    /// How far it is.
    fn progress(&mut self, progress: Value) -> io::Result<()>;
    /// A file to be written begins.
    fn file(&mut self, name: &str) -> io::Result<()>;
    /// More of the file that was begun.
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Blobs that are there already; nobody listens to the rest.
pub struct Given<Blobs>(pub Blobs);

impl<Blobs: Iterator<Item = Vec<u8>>> Channel for Given<Blobs> {
    fn blob(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.next())
    }
    fn progress(&mut self, _progress: Value) -> io::Result<()> {
        Ok(())
    }
    fn file(&mut self, _name: &str) -> io::Result<()> {
        Ok(())
    }
    fn bytes(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// A message with its packing, and then some.
const FRAME_BYTES_MAX: u32 = 80 << 20;

/// Writes one frame.
pub(super) fn write(out: &mut impl Write, frame: &Frame) -> io::Result<()> {
    let json = |value: &Value| serde_json::to_vec(value).unwrap_or_default();
    let (kind, bytes): (u8, std::borrow::Cow<'_, [u8]>) = match frame {
        Frame::Request(json) => (b'R', json.into()),
        Frame::Blob(bytes) => (b'B', bytes.into()),
        Frame::End => (b'E', [].as_slice().into()),
        Frame::Progress(value) => (b'P', json(value).into()),
        Frame::Name(name) => (b'N', name.as_bytes().into()),
        Frame::Done(value) => (b'D', json(value).into()),
        Frame::Failed(sentence) => (b'F', sentence.as_bytes().into()),
    };
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    out.write_all(&[kind])?;
    out.write_all(&len.to_be_bytes())?;
    out.write_all(&bytes)
}

/// Reads one frame; `None` at the end of the conversation.
pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut kind = [0];
    if input.read(&mut kind)? == 0 {
        return Ok(None);
    }
    let mut len = [0; 4];
    input.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len);
    if len > FRAME_BYTES_MAX {
        return Err(io::Error::other("a frame is too large"));
    }
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    input.read_exact(&mut bytes)?;
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(io::Error::other);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(io::Error::other);
    Ok(Some(match kind[0] {
        b'R' => Frame::Request(bytes),
        b'B' => Frame::Blob(bytes),
        b'E' => Frame::End,
        b'P' => Frame::Progress(json(&bytes)?),
        b'N' => Frame::Name(text(bytes)?),
        b'D' => Frame::Done(json(&bytes)?),
        b'F' => Frame::Failed(text(bytes)?),
        _ => return Err(io::Error::other("a frame of an unknown kind")),
    }))
}
