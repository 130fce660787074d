//! The control socket: how a command reaches the server that has the data folder open.
//!
//! `DATA_DIR/control.sock`, for the folder's owner alone. Each conversation has a thread to
//! itself, since what commands do waits for the disk.

use std::fs::{File, Permissions};
use std::future::Future;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::net::UnixListener;
use tokio::task::JoinSet;

use super::frames::{self, Channel, Frame};
use super::{Request, perform};
use crate::flow::Desk;

/// Where a server listens.
pub fn path(data: &Path) -> PathBuf {
    data.join(NAME)
}

const NAME: &str = "control.sock";
/// The system takes paths of sockets up to 107 bytes (`unix(7)`).
const PATH_BYTES_MAX: usize = 107;

/// Listens in a data folder whose lock is ours: what a killed server left there is taken away.
///
/// The socket is made in a folder nobody else can enter, and comes to its place once it is the
/// owner's alone: there is no moment at which another could connect.
pub fn listen(data: &Path) -> io::Result<UnixListener> {
    let _ = std::fs::remove_file(path(data));
    let private = tempfile::Builder::new().prefix(".control-").tempdir_in(data)?;
    let listener = by_short_path(private.path(), |path| UnixListener::bind(path))?;
    let made = path(private.path());
    std::fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    std::fs::rename(&made, path(data))?;
    Ok(listener)
}

/// The server of a data folder, if there is one.
pub fn connect(data: &Path) -> io::Result<UnixStream> {
    by_short_path(data, |path| UnixStream::connect(path))
}

/// A folder with a long name is gone through by its descriptor, which has a short one.
fn by_short_path<T>(data: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = path(data);
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return with(&path);
    }
    let folder = File::open(data)?;
    with(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(NAME))
}

/// Answers commands until `stop` resolves. Who has asked by then is answered; who still sends an
/// archive is told that it was not read to its end, and who says nothing is not waited for.
pub async fn serve(
    listener: UnixListener,
    path: PathBuf,
    desk: Arc<Desk>,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let stopping = Arc::new(AtomicBool::new(false));
    let mut conversations = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = conversations.join_next(), if !conversations.is_empty() => {}
            accepted = listener.accept() => begin(&mut conversations, accepted?.0, &desk, &stopping),
        }
    }
    stopping.store(true, Ordering::Relaxed);
    // From here on commands find no server, and wait for the folder. Those who found one before and
    // stand in the queue are not left without an answer.
    let _ = std::fs::remove_file(&path);
    while let Ok(accepted) = tokio::time::timeout(LAST_CALL, listener.accept()).await {
        begin(&mut conversations, accepted?.0, &desk, &stopping);
    }
    drop(listener);
    while conversations.join_next().await.is_some() {}
    Ok(())
}

/// Whoever connected is in the queue at once; this is for the moment the queue is looked through.
const LAST_CALL: Duration = Duration::from_millis(20);
/// How often somebody who reads looks whether the server stops.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// While the server stops, a command that has asked for something may be silent for so long.
const SILENCE_MAX: Duration = Duration::from_secs(2);

fn begin(
    conversations: &mut JoinSet<()>,
    stream: tokio::net::UnixStream,
    desk: &Arc<Desk>,
    stopping: &Arc<AtomicBool>,
) {
    let (desk, stopping) = (desk.clone(), stopping.clone());
    conversations.spawn_blocking(move || {
        if let Err(error) = converse(&desk, stream, &stopping) {
            tracing::warn!(%error, "a conversation with a command broke");
        }
    });
}

fn converse(desk: &Arc<Desk>, stream: tokio::net::UnixStream, stopping: &Arc<AtomicBool>) -> io::Result<()> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(LOOK_EVERY))?;
    let ear = Ear { stream: stream.try_clone()?, stopping: stopping.clone() };
    let mut side = Side {
        input: BufReader::new(ear),
        output: BufWriter::new(stream),
        stopping: stopping.clone(),
        blobs: 0,
    };
    let json = match frames::read(&mut side.input)? {
        Some(Frame::Request(json)) => json,
        // Somebody only looked whether a server is there.
        None => return Ok(()),
        Some(_) => return Err(io::Error::other("no request came first")),
    };
    let answer = match serde_json::from_slice::<Request>(&json) {
        Ok(request) => match perform(desk, request, &mut side) {
            Ok(value) => Frame::Done(value),
            Err(why) => Frame::Failed(why.to_string()),
        },
        Err(why) => Frame::Failed(format!("the running server is of another version: {why}")),
    };
    side.send(&answer)?;
    // What the command still sends is read, so that it gets to read the answer.
    let mut rest = [0; 4096];
    while side.input.read(&mut rest).is_ok_and(|count| count > 0) {}
    Ok(())
}

/// Listens to a command; while the server stops, no longer than it takes.
struct Ear {
    stream: UnixStream,
    stopping: Arc<AtomicBool>,
}

impl Read for Ear {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut silent = Duration::ZERO;
        loop {
            match self.stream.read(into) {
                Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(why) if why.kind() == ErrorKind::Interrupted => continue,
                read => return read,
            }
            if self.stopping.load(Ordering::Relaxed) {
                silent += LOOK_EVERY;
                if silent >= SILENCE_MAX {
                    return Err(io::Error::other(STOPS));
                }
            }
        }
    }
}

const STOPS: &str = "the server is stopping";

/// One side of a conversation.
struct Side {
    input: BufReader<Ear>,
    output: BufWriter<UnixStream>,
    stopping: Arc<AtomicBool>,
    /// Blobs that were asked for.
    blobs: u64,
}

impl Side {
    fn send(&mut self, frame: &Frame) -> io::Result<()> {
        frames::write(&mut self.output, frame)?;
        self.output.flush()
    }
}

impl Channel for Side {
    fn blob(&mut self) -> io::Result<Option<Vec<u8>>> {
        // An archive may be long; what was read of it so far is kept.
        self.blobs += 1;
        if self.blobs > 1 && self.stopping.load(Ordering::Relaxed) {
            return Err(io::Error::other(STOPS));
        }
        match frames::read(&mut self.input)? {
            Some(Frame::Blob(bytes)) => Ok(Some(bytes)),
            Some(Frame::End) | None => Ok(None),
            Some(Frame::Failed(why)) => Err(io::Error::other(why)),
            Some(_) => Err(io::Error::other("something else than a blob came")),
        }
    }

    fn progress(&mut self, progress: Value) -> io::Result<()> {
        self.send(&Frame::Progress(progress))
    }

    fn file(&mut self, name: &str) -> io::Result<()> {
        self.send(&Frame::Name(name.to_owned()))
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        frames::write(&mut self.output, &Frame::Blob(bytes.to_vec()))
    }
}

/// How a request to a running server ended.
pub enum Answer {
    /// Done, with this to show.
    Done(Value),
    /// Not done, and why.
    Failed(String),
}

/// Blobs to be sent, begun where they are read.
pub type Blobs = Box<dyn FnOnce() -> Box<dyn Iterator<Item = io::Result<Vec<u8>>>> + Send>;

/// No blobs.
pub fn no_blobs() -> Blobs {
    Box::new(|| Box::new(std::iter::empty()))
}

/// What it means that a conversation broke off.
fn unanswered(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            io::Error::other("the server ended before it answered; what it did until then is kept")
        }
        _ => error,
    }
}

/// Asks a running server. Blobs are sent while its progress and files are read.
pub fn ask(
    stream: UnixStream,
    request: &Request,
    blobs: Blobs,
    mut each: impl FnMut(Frame) -> io::Result<()>,
) -> io::Result<Answer> {
    let sending = stream.try_clone()?;
    let request = serde_json::to_vec(request).map_err(io::Error::other)?;
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || -> io::Result<()> {
            let mut output = BufWriter::new(&sending);
            frames::write(&mut output, &Frame::Request(request))?;
            output.flush()?;
            let mut last = Frame::End;
            for blob in blobs() {
                match blob {
                    Ok(bytes) => frames::write(&mut output, &Frame::Blob(bytes))?,
                    // The server tells what it did until then, and why no more.
                    Err(why) => {
                        last = Frame::Failed(why.to_string());
                        break;
                    }
                }
            }
            frames::write(&mut output, &last)?;
            output.flush()?;
            sending.shutdown(std::net::Shutdown::Write)
        });
        let mut input = BufReader::new(&stream);
        let answer = loop {
            match frames::read(&mut input).map_err(unanswered)? {
                Some(Frame::Done(value)) => break Answer::Done(value),
                Some(Frame::Failed(sentence)) => break Answer::Failed(sentence),
                Some(frame) => each(frame)?,
                None => return Err(unanswered(io::ErrorKind::UnexpectedEof.into())),
            }
        };
        match (sender.join(), &answer) {
            // What could not be sent matters only if the server did not say no before.
            (Ok(Err(error)), Answer::Done(_)) => Err(error),
            (Err(_), _) => Err(io::Error::other("sending to the server failed")),
            (Ok(_), _) => Ok(answer),
        }
    })
}
