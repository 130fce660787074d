//! Parvis as a process that can be killed, and people who write to it over real connections.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use parvis::config::Config;
use parvis::domain::address::EmailAddress;
use parvis::domain::list::{Language, Preset};
use parvis::domain::member::Joined;
use parvis::flow::Desk;
use parvis::flow::lists::{self, NewList};
use parvis::flow::membership::{Act, Telling, Wish, add_member};
use parvis::serve::{open_desk, system_clock};
use tokio::runtime::Runtime;

use crate::conversation::Conversation;
use crate::fake_dns::FakeDns;
use crate::sink::Sink;

pub(crate) const LIST: &str = "quartier@lists.example";
pub(crate) const CONNECTIONS_MAX: usize = 8;
const START_WAIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Where everything is, in a folder that goes with the test.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) smtp: SocketAddr,
    pub(crate) web: SocketAddr,
    text: String,
    /// Nobody has a name here, and that is said at once: a post waits for nothing.
    _names: (FakeDns, Runtime),
}

impl Home {
    /// A list with so many members, each of whom gets a letter or not.
    pub(crate) fn found(sink: &Sink, members: usize, telling: Telling) -> Home {
        Home::found_in(&std::env::temp_dir(), sink, members, telling, &[])
    }

    /// The same at a place, its members reading as these settings say.
    pub(crate) fn found_in(
        place: &Path,
        sink: &Sink,
        members: usize,
        telling: Telling,
        settings: &[(&str, &str)],
    ) -> Home {
        let folder = tempfile::tempdir_in(place).expect("a folder");
        let (smtp, web) = (free_port(), free_port());
        let runtime = Runtime::new().expect("a runtime");
        let dns = runtime.block_on(FakeDns::start());
        let data = folder.path().join("data").display().to_string();
        let text = format!(
            "hostname = \"lists.example\"\ndata_dir = {data:?}\n[smtp]\nlisten = [\"{smtp}\"]\n\
             [dns]\nservers = [\"{}\"]\n[delivery]\nroute = \"smtp://{}\"\nconnections_max = {CONNECTIONS_MAX}\nretry = [\"1 s\"]\n\
             [web]\nlisten = [\"{web}\"]\nbase_url = \"http://{web}\"\n",
            dns.address, sink.address
        );
        std::fs::write(folder.path().join("parvis.toml"), &text).expect("written");
        let home = Home { folder, smtp, web, text, _names: (dns, runtime) };
        let desk = home.desk();
        let new = NewList {
            address: LIST.to_owned(),
            name: None,
            language: Language::Fr,
            preset: Preset::Discussion,
        };
        let list = lists::create(&desk, &new).expect("made");
        for number in 0..members {
            let wish = Wish {
                email: EmailAddress::parse(&member(number)).expect("an address"),
                name: None,
                language: None,
                since: None,
                settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                joined: Joined::Declared,
            };
            let act = Act { now: desk.now(), by: None, telling };
            add_member(&desk.store, &list, &wish, act).expect("committed").expect("added");
        }
        home
    }

    /// Everything Parvis keeps, while it does not run.
    pub(crate) fn desk(&self) -> Desk {
        let path = self.path("parvis.toml");
        let config = Config::from_text(Some(&self.text), &path, Vec::new(), &|file| file.exists());
        open_desk(&config.expect("a configuration"), system_clock()).expect("it opens")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts Parvis and waits until it greets.
    pub(crate) fn start(&self) -> Parvis {
        self.start_with(|_| ())
    }

    /// The same in another environment.
    pub(crate) fn start_with(&self, with: impl FnOnce(&mut Command)) -> Parvis {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parvis"));
        command.env_clear();
        with(&mut command);
        let parvis = self.begin(command);
        let greeted = self.greets(&parvis);
        assert!(greeted, "parvis does not greet: {}", read(&self.path("log")));
        parvis
    }

    /// Starts it under another program; `None` if it ended before it greeted.
    pub(crate) fn start_under(&self, program: &str, args: &[String]) -> Option<Parvis> {
        let mut command = Command::new(program);
        command.args(args).arg(env!("CARGO_BIN_EXE_parvis"));
        self.try_to_start(command)
    }

    /// Starts it by a command; `None` if it ended before it greeted.
    pub(crate) fn try_to_start(&self, command: Command) -> Option<Parvis> {
        let parvis = self.begin(command);
        if self.greets(&parvis) {
            return Some(parvis);
        }
        if parvis.has_ended().is_none() {
            parvis.kill_children();
            parvis.kill();
        }
        parvis.wait();
        None
    }

    fn begin(&self, mut command: Command) -> Parvis {
        let log = OpenOptions::new().create(true).append(true).open(self.path("log")).expect("writable");
        command.arg("--config").arg(self.path("parvis.toml")).arg("serve");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Parvis { child: Arc::new(Mutex::new(command.spawn().expect("it starts"))) }
    }

    fn greets(&self, parvis: &Parvis) -> bool {
        let mut waited = Duration::ZERO;
        while Conversation::begin(self.smtp).is_none() {
            if waited >= START_WAIT || parvis.has_ended().is_some() {
                return false;
            }
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
        true
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

pub(crate) fn member(number: usize) -> String {
    format!("m{number}@members.example")
}

/// A port nobody listens on; the same one serves every start.
fn free_port() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}

/// A server that runs, or did.
#[derive(Clone)]
pub(crate) struct Parvis {
    child: Arc<Mutex<Child>>,
}

impl Parvis {
    /// SIGKILL; harmless if it is dead already.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill().expect("a child of ours");
    }

    /// SIGKILL to what runs under it: a tracer that ends lets go of what it traces.
    pub(crate) fn kill_children(&self) {
        let id = self.child.lock().unwrap_or_else(PoisonError::into_inner).id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let _ = Command::new("kill").args(["-KILL", child]).status();
        }
    }

    pub(crate) fn has_ended(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().expect("a child of ours")
    }

    pub(crate) fn wait(&self) -> ExitStatus {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(status) = self.has_ended() {
                return status;
            }
            assert!(waited < START_WAIT, "it does not end");
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// SIGTERM, and its end.
    pub(crate) fn ask_to_end(&self) -> ExitStatus {
        let id = self.child.lock().unwrap_or_else(PoisonError::into_inner).id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("there is a kill");
        assert!(asked.success(), "{asked}");
        self.wait()
    }
}

/// A test that fails leaves nothing running.
impl Drop for Parvis {
    fn drop(&mut self) {
        if Arc::strong_count(&self.child) == 1 {
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a post was answered, as far as its author knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    Accepted,
    /// The connection broke before an answer, and it was not sent again.
    Nothing,
}

/// People who write one post after the other, until they are told to stop.
pub(crate) struct Senders {
    stop: Arc<AtomicBool>,
    /// Nobody will answer any more.
    hopeless: Arc<AtomicBool>,
    accepted: Arc<Mutex<Vec<String>>>,
    threads: Vec<JoinHandle<Vec<(String, Heard)>>>,
}

impl Senders {
    pub(crate) fn begin(door: SocketAddr, count: usize, pause: Duration) -> Senders {
        let (stop, hopeless) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let threads = (0..count).map(|sender| {
            let (stop, hopeless, accepted) = (stop.clone(), hopeless.clone(), accepted.clone());
            std::thread::spawn(move || write_posts(door, sender, pause, (&*stop, &*hopeless), &accepted))
        });
        Senders { threads: threads.collect(), stop, hopeless, accepted }
    }

    /// What was answered 250 so far.
    pub(crate) fn accepted(&self) -> Vec<String> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same as `end` where no server will come back.
    pub(crate) fn give_up(self) -> Vec<(String, Heard)> {
        self.hopeless.store(true, Ordering::SeqCst);
        self.end()
    }

    /// Every post that was sent, by its Message-ID.
    pub(crate) fn end(self) -> Vec<(String, Heard)> {
        self.stop.store(true, Ordering::SeqCst);
        self.threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    }
}

/// One post, as its author's program sends it each time.
pub(crate) fn post(id: &str, author: &str) -> String {
    format!(
        "From: <{author}>\r\nTo: <{LIST}>\r\nSubject: Nouvelles de {id}\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0100\r\nMessage-ID: <{id}>\r\n\r\nVoici {id}, et bonne lecture.\r\n"
    )
}

fn write_posts(
    door: SocketAddr,
    sender: usize,
    pause: Duration,
    (stop, hopeless): (&AtomicBool, &AtomicBool),
    accepted: &Mutex<Vec<String>>,
) -> Vec<(String, Heard)> {
    let (mut known, mut conversation, author) = (Vec::new(), None, member(sender));
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("{sender}-{number}@authors.example");
        // Every third author's program forgets what it heard nothing about.
        let patient = number % 3 != 2;
        let heard = loop {
            let talk = conversation.take().or_else(|| Conversation::begin(door));
            if hopeless.load(Ordering::SeqCst) {
                break Heard::Nothing;
            }
            let Some(mut talk) = talk else {
                std::thread::sleep(LOOK_EVERY);
                continue;
            };
            match talk.send(&author, LIST, &post(&id, &author)) {
                Some(250) => {
                    conversation = Some(talk);
                    accepted.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
                    break Heard::Accepted;
                }
                Some(421) | None if !patient => break Heard::Nothing,
                Some(400..500) | None => std::thread::sleep(LOOK_EVERY),
                Some(code) => panic!("{id} was answered {code}"),
            }
        };
        known.push((id, heard));
        std::thread::sleep(pause);
    }
    known
}

/// Hands one post in, and gives the code it was answered.
pub(crate) fn send_one(door: SocketAddr, id: &str, author: &str) -> Option<u16> {
    Conversation::begin(door)?.send(author, LIST, &post(id, author))
}

pub(crate) fn log(home: &Home) -> String {
    read(&home.path("log"))
}
