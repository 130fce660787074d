//! The whole server on a disk that gets full, is full when it starts, or can only be read.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use parvis::domain::ids::PostId;
use parvis::flow::membership::Telling;
use parvis::store::archive::PostState;

use super::settle;
use crate::killed::process::{Heard, Home, Parvis, log, member, send_one};
use crate::sink::Sink;
use crate::small_disk::{self, Ballast, remount};

const MEMBERS: usize = 3;
const DISK_MIB: u32 = 160;
/// Less free than this, and posts are put off.
const RESERVE_BYTES: usize = 64 << 20;
/// So long until it goes on once there is room again.
const ROOM_WAIT: Duration = Duration::from_secs(60);
/// So long until pages can be read after it was started.
const START_WAIT: Duration = Duration::from_secs(20);
/// So long until it has ended after the disk failed.
const END_WAIT: Duration = Duration::from_secs(20);

#[test]
fn a_full_disk_puts_off_and_it_goes_on_by_itself() {
    small_disk::run_on_one("faults::disks::gets_full", DISK_MIB);
}

#[test]
fn a_server_that_is_started_on_a_full_disk_loses_nothing() {
    small_disk::run_on_one("faults::disks::is_full_when_it_starts", DISK_MIB);
}

#[test]
fn a_disk_that_can_only_be_read_ends_it_in_clear_words() {
    small_disk::run_on_one("faults::disks::can_only_be_read", DISK_MIB);
}

struct Scene {
    sink: Sink,
    home: Home,
    posts: Vec<(String, Heard)>,
}

impl Scene {
    fn on(disk: &Path) -> Scene {
        let sink = Sink::open();
        let home = Home::found_in(disk, &sink, MEMBERS, Telling::Nobody, &[]);
        Scene { sink, home, posts: Vec::new() }
    }

    /// Sends so many posts; what each was answered.
    fn send(&mut self, count: usize) -> Vec<Option<u16>> {
        let mut codes = Vec::new();
        for _ in 0..count {
            let id = format!("p{}@authors.example", self.posts.len());
            let code = send_one(self.home.smtp, &id, &member(0));
            self.posts.push((id, if code == Some(250) { Heard::Accepted } else { Heard::Nothing }));
            codes.push(code);
        }
        codes
    }

    /// Sends until it is taken again.
    fn goes_on(&mut self) {
        let begun = Instant::now();
        while self.send(1) != [Some(250)] {
            assert!(begun.elapsed() < ROOM_WAIT, "it does not go on: {}", log(&self.home));
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Everybody gets everything that was taken, once.
    fn everybody_has_everything(&self) {
        let accepted = self.posts.iter().filter(|(_, heard)| *heard == Heard::Accepted).count();
        let begun = Instant::now();
        while self.sink.got().len() < accepted * MEMBERS {
            assert!(begun.elapsed() < ROOM_WAIT, "{} copies: {}", self.sink.got().len(), log(&self.home));
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut got: Vec<_> =
            self.sink.got().into_iter().map(|got| (got.recipient, got.message_id)).collect();
        let count = got.len();
        got.sort();
        got.dedup();
        assert_eq!((got.len(), count), (accepted * MEMBERS, accepted * MEMBERS), "each once");
    }

    fn end(self, parvis: &Parvis, about: &str) {
        self.everybody_has_everything();
        assert!(parvis.ask_to_end().success(), "{}", log(&self.home));
        settle(&self.home.desk(), &self.posts, about);
    }
}

fn are_put_off(codes: &[Option<u16>]) -> bool {
    codes.iter().all(|code| matches!(code, Some(400..500)))
}

/// The status of a page. Pages open a little after the door of mail does.
fn page(web: SocketAddr) -> String {
    let begun = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(web) {
            Ok(stream) => break stream,
            Err(error) => assert!(begun.elapsed() < START_WAIT, "it does not listen: {error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    stream.write_all(b"GET / HTTP/1.1\r\nHost: lists.example\r\nConnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer.lines().next().unwrap_or_default().to_owned()
}

/// The part that runs on the small disk; nothing in an ordinary run. So are the next ones.
#[test]
fn gets_full() {
    let Some(disk) = small_disk::place() else { return };
    let (mut scene, ballast) = (Scene::on(&disk), Ballast::on(&disk));
    let parvis = scene.home.start();
    assert_eq!(scene.send(5), [Some(250); 5]);
    // Below the reserve posts are put off; mail and pages go on.
    ballast.leave(RESERVE_BYTES / 2);
    assert!(are_put_off(&scene.send(3)), "{:?}", scene.posts);
    assert!(page(scene.home.web).contains(" 200 "));
    // To the last byte.
    ballast.leave(0);
    assert!(are_put_off(&scene.send(5)), "{:?}", scene.posts);
    assert!(page(scene.home.web).contains(" 200 "));
    ballast.remove();
    scene.goes_on();
    assert!(parvis.has_ended().is_none(), "it is the same process");
    assert_eq!(scene.send(3), [Some(250); 3]);
    scene.end(&parvis, "a full disk");
}

#[test]
fn is_full_when_it_starts() {
    let Some(disk) = small_disk::place() else { return };
    let (mut scene, ballast) = (Scene::on(&disk), Ballast::on(&disk));
    for free in [0, 4 << 10, 300 << 10, 2 << 20] {
        let parvis = scene.home.start();
        scene.goes_on();
        scene.send(3);
        ballast.leave(free);
        parvis.kill();
        parvis.wait();
        for _ in 0..3 {
            let Some(parvis) = scene.home.try_to_start(Command::new(env!("CARGO_BIN_EXE_parvis"))) else {
                let said = log(&scene.home);
                let last = said.lines().last().unwrap_or_default();
                assert!(last.starts_with("parvis: ") && last.contains("full"), "{said}");
                continue;
            };
            assert!(are_put_off(&scene.send(1)), "{free} free: {:?}", scene.posts);
            parvis.kill();
            parvis.wait();
        }
        ballast.remove();
    }
    let parvis = scene.home.start();
    scene.goes_on();
    // What was on its way when it was killed may have come twice; the store says what is owed.
    assert!(parvis.ask_to_end().success());
    let desk = scene.home.desk();
    settle(&desk, &scene.posts, "started on a full disk");
    let posts = desk.store.posts(PostId(0), usize::MAX).expect("readable");
    let put_away = posts.iter().filter(|post| post.state == PostState::Dropped).count();
    assert_eq!(put_away, 0, "no message is to blame for a full disk");
}

#[test]
fn can_only_be_read() {
    let Some(disk) = small_disk::place() else { return };
    let mut scene = Scene::on(&disk);
    let parvis = scene.home.start();
    assert_eq!(scene.send(3), [Some(250); 3]);
    scene.everybody_has_everything();
    // While it runs: files that are open keep a disk from being made read-only, so it is a start.
    assert!(parvis.ask_to_end().success());
    let elsewhere = tempfile::tempdir().expect("a folder");
    remount(&disk, "ro");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_parvis"));
    serve.arg("--config").arg(scene.home.path("parvis.toml")).arg("serve").env_clear();
    serve.current_dir(elsewhere.path());
    let begun = Instant::now();
    let ended = serve.output().expect("it runs");
    assert!(begun.elapsed() < END_WAIT);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(last.contains(&scene.home.path("data").display().to_string()), "{said}");
    assert!(last.to_lowercase().contains("read-only"), "{said}");
    remount(&disk, "rw");
    let parvis = scene.home.start();
    assert_eq!(scene.send(2), [Some(250); 2]);
    scene.end(&parvis, "a disk that can only be read");
}
