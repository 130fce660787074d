//! An installation in a folder of its own, the program to be run on it, and what it said.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Whether a server runs on the data a command is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum World {
    Alone,
    BesideAServer,
}

pub(super) const WORLDS: [World; 2] = [World::Alone, World::BesideAServer];

/// The list most cases are about.
pub(super) const LIST: &str = "quartier@lists.example";

/// What a command said.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

pub(super) struct Scene {
    folder: TempDir,
    server: Option<Child>,
}

impl Scene {
    /// Copies go nowhere: nobody listens on port 1.
    pub(super) fn new(world: World) -> Scene {
        Scene::with_route(world, "smtp://127.0.0.1:1")
    }

    pub(super) fn with_route(world: World, route: &str) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "hostname = \"lists.example\"\ndata_dir = \"data\"\n\
             [smtp]\nlisten = [\"127.0.0.1:0\"]\n[dns]\nservers = [\"127.0.0.1:1\"]\n\
             [delivery]\nroute = \"{route}\"\n\
             [web]\nlisten = [\"127.0.0.1:0\"]\nbase_url = \"http://lists.example\"\n"
        );
        fs::write(folder.path().join("parvis.toml"), config).unwrap();
        let mut scene = Scene { folder, server: None };
        if world == World::BesideAServer {
            scene.start_server();
        }
        scene
    }

    /// With a list nobody is on.
    pub(super) fn with_list(world: World) -> Scene {
        let scene = Scene::new(world);
        scene.done(&["list", "create", LIST, "--name", "Le quartier"]);
        scene
    }

    /// With two members who may write.
    pub(super) fn with_members(world: World) -> Scene {
        let scene = Scene::with_list(world);
        for (email, name) in [("anne@members.example", "Anne-Zoë"), ("bob@members.example", "Bob")] {
            scene.done(&["member", "add", LIST, email, "--name", name, "--no-welcome"]);
        }
        scene
    }

    pub(super) fn start_server(&mut self) {
        let mut server = self.command(&["serve"]);
        let log = fs::File::create(self.path("server.log")).unwrap();
        self.server = Some(server.stdin(Stdio::null()).stderr(log).spawn().unwrap());
        let began = Instant::now();
        while !self.data().join("control.sock").exists() {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends SIGTERM and gives the exit code.
    pub(super) fn stop_server(&mut self) -> i32 {
        let mut server = self.server.take().expect("a server runs");
        signal("TERM", &server);
        server.wait().unwrap().code().unwrap_or(-1)
    }

    /// Waits for a server that was told to stop.
    pub(super) fn wait_for_server(&mut self) -> i32 {
        self.server.take().expect("a server runs").wait().unwrap().code().unwrap_or(-1)
    }

    /// The sentence of a server that does not start.
    pub(super) fn refused_to_serve(&self) -> String {
        let ran = self.run(&["serve"]);
        // What it logs until then is not what it says in the end.
        let last = ran.err.lines().last().unwrap_or_default().to_owned();
        assert_eq!(ran.code, 1, "{ran:?}");
        refused(&["serve"], &Ran { err: last, ..ran })
    }

    /// As a power cut would.
    pub(super) fn kill_server(&mut self) {
        let mut server = self.server.take().expect("a server runs");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    pub(super) fn server(&self) -> &Child {
        self.server.as_ref().expect("a server runs")
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file to be given to a command, and its path as the command takes it.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        text(&path)
    }

    /// The program with our configuration, and nothing from the environment.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.folder.path(), args);
        command.arg("--config").arg(self.path("parvis.toml"));
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args), b"")
    }

    /// With something on standard input.
    pub(super) fn feed(&self, args: &[&str], input: &[u8]) -> Ran {
        finish(self.command(args), input)
    }

    /// What must work; its answer.
    pub(super) fn done(&self, args: &[&str]) -> String {
        done(args, self.run(args))
    }

    pub(super) fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        parsed(&self.done(&args))
    }

    /// What must not; the sentence that says why, without `parvis: `.
    pub(super) fn refused(&self, args: &[&str]) -> String {
        refused(args, &self.run(args))
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The program in a folder, with an empty environment.
pub(super) fn bare(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parvis"));
    command.args(args).env_clear().current_dir(folder);
    command
}

pub(super) fn finish(mut command: Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().expect("piped");
    // Who reads no input closes it; that is no fault.
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(super) fn done(args: &[&str], ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    ran.out
}

/// One sentence on one line that says what was being done; no trace of our own insides.
pub(super) fn refused(args: &[&str], ran: &Ran) -> String {
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{args:?}: {ran:?}");
    sentence(args, ran)
}

pub(super) fn sentence(args: &[&str], ran: &Ran) -> String {
    let lines: Vec<&str> = ran.err.lines().collect();
    let [line] = lines[..] else { panic!("{args:?}: not one line: {ran:?}") };
    for ours in ["panicked", "Error {", "Kind(", "os error", "backtrace", "Some(", "\\n"] {
        assert!(!line.contains(ours), "{args:?}: {line}");
    }
    line.strip_prefix("parvis: ").unwrap_or_else(|| panic!("{args:?}: {line}")).to_owned()
}

pub(super) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(super) fn text(path: &Path) -> String {
    path.to_str().expect("a temporary folder has a plain name").to_owned()
}

/// Through the program everybody has: no signals without unsafe code.
pub(super) fn signal(name: &str, child: &Child) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
}

/// A post from one of the members.
pub(super) fn post(id: &str, author: &str, subject: &str, body: &str) -> String {
    format!(
        "From: {author}\nTo: {LIST}\nSubject: {subject}\nMessage-ID: <{id}>\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0100\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{body}\n"
    )
}

/// Every key of a list of `name: type`, each with a value of that type.
pub(super) fn assert_shape(value: &Value, shape: &str) {
    for field in shape.split_whitespace() {
        let (key, kind) = field.split_once(':').expect("name:type");
        let found = value.get(key).unwrap_or_else(|| panic!("{key} is not in {value:#}"));
        let fits = |kind: &str| match kind {
            "text" => found.is_string(),
            "number" => found.is_u64(),
            "list" => found.is_array(),
            "object" => found.is_object(),
            "yes" => found.is_boolean(),
            "null" => found.is_null(),
            "moment" => found.as_str().is_some_and(is_moment),
            other => panic!("no such type: {other}"),
        };
        assert!(kind.split('|').any(fits), "{key} is no {kind} in {value:#}");
    }
}

/// RFC 3339 with an offset.
fn is_moment(text: &str) -> bool {
    let offset = text.get(19..).unwrap_or_default();
    text.len() >= 20
        && text.as_bytes()[10] == b'T'
        && offset.contains(['+', '-', 'Z'])
        && text.parse::<jiff::Timestamp>().is_ok()
}
