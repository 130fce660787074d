//! The door over real sockets: what a peer sees when it is slow, many, hostile, or when we stop.

#![allow(clippy::unwrap_used, reason = "in tests, and in what only tests call, it is an assertion")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parvis::domain::address::EmailAddress;
use parvis::net::slots::Slots;
use parvis::smtp::envelope::{Envelope, Peer, Protocol, ReversePath};
use parvis::smtp::reply::Reply;
use parvis::smtp::server::{Deadlines, Mailroom, ServerOptions, serve};
use parvis::smtp::session::Door;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::dialogues::{HOSTNAME, ScriptedMailroom};

/// Nothing here takes this long; it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

const HELLO: &str = "EHLO mail.anne.example\r\n";
const TO_LIST: &str = "MAIL FROM:<anne@home.example>\r\nRCPT TO:<list@lists.example.org>\r\nDATA\r\n";

/// Keeps what it is given; lets a message through for each permit, when it has a gate.
struct KeepingMailroom {
    script: ScriptedMailroom,
    kept: Mutex<Vec<Envelope>>,
    begun: Notify,
    gate: Semaphore,
}

impl Mailroom for KeepingMailroom {
    fn ready(&self) -> Result<(), Reply> {
        self.script.ready()
    }

    async fn recipient(&self, sender: &ReversePath, recipient: &EmailAddress) -> Result<(), Reply> {
        self.script.recipient(sender, recipient.domain(), recipient.local_part())
    }

    async fn receive(&self, envelope: Envelope) -> Vec<Reply> {
        self.begun.notify_one();
        self.gate.acquire().await.expect("never closed").forget();
        assert!(envelope.helo != "bug.example", "a message that kills the mailroom");
        let replies = self.script.receive(&envelope);
        self.kept.lock().await.push(envelope);
        replies
    }
}

struct TestDoor {
    address: SocketAddr,
    mailroom: Arc<KeepingMailroom>,
    slots: Arc<Slots>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

/// Deadlines nobody meets by accident.
fn patient() -> Deadlines {
    Deadlines { linger: Duration::from_millis(300), ..Deadlines::default() }
}

fn mailroom(permits: usize) -> Arc<KeepingMailroom> {
    Arc::new(KeepingMailroom {
        script: ScriptedMailroom::new(),
        kept: Mutex::default(),
        begun: Notify::new(),
        gate: Semaphore::new(permits),
    })
}

fn options(door: Door, slots: &Arc<Slots>, deadlines: Deadlines) -> ServerOptions {
    ServerOptions {
        hostname: HOSTNAME.to_owned(),
        door,
        message_bytes_max: 100_000,
        slots: Arc::clone(slots),
        deadlines,
        tls: None,
    }
}

async fn open(slots: Arc<Slots>, deadlines: Deadlines, permits: usize) -> TestDoor {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mailroom = mailroom(permits);
    let (stop, stopped) = watch::channel(false);
    let served =
        tokio::spawn(serve(listener, mailroom.clone(), options(Door::Smtp, &slots, deadlines), stopped));
    TestDoor { address, mailroom, slots, stop, served }
}

async fn open_wide() -> TestDoor {
    open(Slots::new(100, 100, Vec::new()), patient(), 1000).await
}

/// A client that writes what it likes and reads whole replies.
struct Client<S> {
    stream: S,
    heard: Vec<u8>,
}

impl Client<TcpStream> {
    async fn connect(address: SocketAddr) -> Client<TcpStream> {
        Client { stream: TcpStream::connect(address).await.unwrap(), heard: Vec::new() }
    }

    async fn greeted(address: SocketAddr) -> Client<TcpStream> {
        let mut client = Client::connect(address).await;
        assert_eq!(client.code().await, 220);
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next reply, of one or more lines.
    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            while let Some(end) = self.heard.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                reply.push_str(std::str::from_utf8(&line).unwrap());
                if line[3] == b' ' {
                    return reply;
                }
            }
            let mut buffer = [0; 4096];
            let bytes =
                timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("an answer in time").unwrap();
            assert!(bytes > 0, "closed after {reply:?}");
            self.heard.extend_from_slice(&buffer[..bytes]);
        }
    }

    async fn code(&mut self) -> u16 {
        self.reply().await[..3].parse().unwrap()
    }

    async fn codes(&mut self, count: usize) -> Vec<u16> {
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(self.code().await);
        }
        codes
    }

    /// Everything until the server hangs up; a reset counts as that.
    async fn rest(&mut self) -> String {
        let mut rest = std::mem::take(&mut self.heard);
        let mut buffer = [0; 4096];
        loop {
            match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("the server hangs up in time")
            {
                Ok(0) | Err(_) => return String::from_utf8(rest).unwrap(),
                Ok(bytes) => rest.extend_from_slice(&buffer[..bytes]),
            }
        }
    }

    async fn post(&mut self, body: &str) -> u16 {
        self.say(&format!("{TO_LIST}{body}\r\n.\r\n")).await;
        assert_eq!(self.codes(3).await, [250, 250, 354]);
        self.code().await
    }
}

fn codes_in(replies: &str) -> Vec<&str> {
    replies.lines().filter(|l| l.as_bytes()[3] == b' ').map(|l| &l[..3]).collect()
}

#[tokio::test]
async fn a_pipelining_peer_posts_as_much_as_it_likes() {
    let door = open_wide().await;
    let mut client = Client::greeted(door.address).await;
    client.say(HELLO).await;
    assert_eq!(client.code().await, 250);
    for post in 0..50 {
        assert_eq!(
            client.post(&format!("Subject: {post}\r\n\r\n..dots\r\n{}", "mot ".repeat(1_000))).await,
            250
        );
    }
    let kept = door.mailroom.kept.lock().await;
    assert_eq!(kept.len(), 50);
    assert_eq!(kept[7].peer, Peer::Address("127.0.0.1".parse().unwrap()));
    assert_eq!(kept[7].protocol, Protocol::Esmtp);
    assert!(
        kept[7].raw.starts_with(b"Subject: 7\r\n\r\n.dots\r\nmot ") && kept[7].raw.ends_with(b"mot \r\n")
    );
}

/// Threats on both sides of us: another server may have read the end of the message elsewhere.
#[tokio::test]
async fn nothing_is_smuggled_in_behind_a_false_end() {
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r\n", "\r.\r", "\r\n.\r\r\n", "\r\n\0.\r\n"] {
        for (how, piece) in [("in one write", usize::MAX), ("in small writes", 7)] {
            let door = open_wide().await;
            let mut client = Client::greeted(door.address).await;
            let smuggled = format!(
                "MAIL FROM:<boss@victim.example>\r\n{}",
                &TO_LIST["MAIL FROM:<anne@home.example>\r\n".len()..]
            );
            let all = format!(
                "{HELLO}{TO_LIST}Subject: harmless\r\n\r\nhello{end}{smuggled}Subject: forged\r\n\r\nx\r\n.\r\nNOOP\r\n"
            );
            for part in all.as_bytes().chunks(piece.min(all.len())) {
                if client.stream.write_all(part).await.is_err() {
                    break;
                }
            }
            let heard = client.rest().await;
            let (_, after) = heard.split_once("354").unwrap_or_else(|| panic!("{end:?} {how}: {heard}"));
            let after = codes_in(after.split_once('\n').unwrap().1);
            assert_eq!(after, [if end.contains('\0') { "554" } else { "550" }], "{end:?} {how}");
            assert!(door.mailroom.kept.lock().await.is_empty(), "{end:?} {how}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_read_to_its_end() {
    let door = open_wide().await;
    let mut client = Client::greeted(door.address).await;
    client.say(HELLO).await;
    client.code().await;
    let body = format!("{}MAIL FROM:<x@y.example>\r\nDATA", "tout un paragraphe\r\n".repeat(6_000));
    assert_eq!(client.post(&body).await, 552);
    client.say("NOOP\r\n").await;
    assert_eq!(client.code().await, 250);
    client.say(&format!("{TO_LIST}{}", "x".repeat(250_000))).await;
    assert!(client.rest().await.contains("421 4.3.4"));
    assert!(door.mailroom.kept.lock().await.is_empty());
}

#[tokio::test]
async fn lmtp_over_a_unix_socket_answers_for_each_recipient() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mailroom = mailroom(1);
    let (_stop, stopped) = watch::channel(false);
    let slots = Slots::new(2, 1, Vec::new());
    tokio::spawn(serve(listener, mailroom.clone(), options(Door::Lmtp, &slots, patient()), stopped));
    let mut client = Client { stream: UnixStream::connect(&path).await.unwrap(), heard: Vec::new() };
    assert_eq!(client.code().await, 220);
    client.say("LHLO mta.example\r\nMAIL FROM:<anne@home.example>\r\n").await;
    for name in ["list", "unknown", "rejected", "full", "LIST", "other"] {
        client.say(&format!("RCPT TO:<{name}@lists.example.org>\r\n")).await;
    }
    client.say("DATA\r\n").await;
    assert_eq!(client.codes(9).await, [250, 250, 250, 550, 250, 250, 250, 250, 354]);
    client.say("hello\r\n.\r\nQUIT\r\n").await;
    assert_eq!(client.codes(6).await, [250, 550, 452, 250, 250, 221]);
    assert_eq!(client.rest().await, "");
    let kept = mailroom.kept.lock().await;
    let to: Vec<&str> = kept[0].recipients.iter().map(EmailAddress::local_part).collect();
    assert_eq!((to, kept[0].peer), (vec!["list", "rejected", "full", "other"], Peer::Local));
}

#[tokio::test]
async fn a_peer_has_so_many_connections_and_no_more() {
    let door = open(Slots::new(6, 3, vec!["127.0.0.1".parse().unwrap()]), patient(), 10).await;
    let from = async |address: &str| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        Client { stream: socket.connect(door.address).await.unwrap(), heard: Vec::new() }
    };
    let mut held = Vec::new();
    for (address, code) in [
        ("127.0.0.2", 220),
        ("127.0.0.2", 220),
        ("127.0.0.2", 220),
        ("127.0.0.2", 421),
        ("127.0.0.3", 220),
        ("127.0.0.1", 220),
        ("127.0.0.1", 220),
        ("127.0.0.1", 421),
        ("127.0.0.4", 421),
    ] {
        let mut client = from(address).await;
        assert_eq!(client.code().await, code, "{address}");
        if code == 421 {
            assert_eq!(client.rest().await, "", "{address}");
        } else {
            held.push(client);
        }
    }
    held[0].say("QUIT\r\n").await;
    assert!(held[0].rest().await.starts_with("221"));
    drop(held.remove(0));
    timeout(PATIENCE, async {
        while door.slots.in_use() > 5 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the place is given back");
    assert_eq!(from("127.0.0.2").await.code().await, 220);
}

#[tokio::test]
async fn who_speaks_first_is_not_listened_to() {
    let deadlines = Deadlines { greeting: PATIENCE, ..patient() };
    let door = open(Slots::new(9, 9, Vec::new()), deadlines, 1).await;
    let mut client = Client::connect(door.address).await;
    client.say(&format!("{HELLO}{TO_LIST}x\r\n.\r\n")).await;
    let heard = client.rest().await;
    assert_eq!(codes_in(&heard), ["554"]);
    assert!(door.mailroom.kept.lock().await.is_empty());
}

/// Slow peers are cut at the deadline of the whole thing they do, whatever they drip meanwhile; an
/// honest one posts all the time.
#[tokio::test]
async fn slow_peers_are_cut_and_hinder_nobody() {
    let short = Duration::from_millis(400);
    let deadlines = Deadlines {
        idle: short,
        command: short,
        content_window: short,
        content_bytes_per_second: 5_000,
        ..patient()
    };
    let door = open(Slots::new(200, 200, Vec::new()), deadlines, 1_000_000).await;
    let mut slow = Vec::new();
    for kind in 0..40 {
        let address = door.address;
        slow.push(tokio::spawn(async move {
            let mut client = Client::greeted(address).await;
            let (drip, begin) = match kind % 4 {
                0 => ("", String::new()),
                1 => ("a", "NOOP ".to_owned()),
                2 => ("a", format!("{HELLO}{TO_LIST}")),
                _ => ("\r\n", format!("{HELLO}{TO_LIST}Subject: x")),
            };
            client.say(&begin).await;
            let (mut reading, mut writing) = client.stream.into_split();
            let dripping = tokio::spawn(async move {
                let mut pause = tokio::time::interval(Duration::from_millis(20));
                while !drip.is_empty() && writing.write_all(drip.as_bytes()).await.is_ok() {
                    pause.tick().await;
                }
                writing
            });
            let mut heard = Vec::new();
            let mut buffer = [0; 1024];
            while let Ok(bytes @ 1..) = reading.read(&mut buffer).await {
                heard.extend_from_slice(&buffer[..bytes]);
            }
            dripping.abort();
            String::from_utf8(heard).unwrap()
        }));
    }
    let honest = async {
        let mut posts = 0;
        while slow.iter().any(|task| !task.is_finished()) {
            let mut client = Client::greeted(door.address).await;
            client.say(HELLO).await;
            client.code().await;
            assert_eq!(client.post("hello").await, 250);
            posts += 1;
        }
        posts
    };
    let posts = timeout(PATIENCE, honest).await.expect("every slow peer is cut");
    for task in slow {
        assert!(task.await.unwrap().contains("421 4.4.2"));
    }
    assert_eq!(door.mailroom.kept.lock().await.len(), posts);
}

#[tokio::test]
async fn a_crowded_door_is_less_patient() {
    let deadlines = Deadlines { crowded: Duration::from_millis(200), ..patient() };
    let door = open(Slots::new(5, 5, Vec::new()), deadlines, 1).await;
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(Client::greeted(door.address).await);
    }
    let heard = idle.pop().unwrap().rest().await;
    assert!(heard.contains("421 4.4.2"), "{heard}");
}

#[tokio::test]
async fn a_connection_lasts_so_long_and_no_longer() {
    let deadlines = Deadlines { session: Duration::from_millis(300), ..patient() };
    let door = open(Slots::new(5, 5, Vec::new()), deadlines, 1).await;
    let mut client = Client::greeted(door.address).await;
    assert!(client.rest().await.contains("421 4.4.2 long enough"));
}

#[tokio::test]
async fn stopping_finishes_the_messages_in_hand() {
    let door = open_wide().await;
    let mut idle = Client::greeted(door.address).await;
    let mut in_data = Client::greeted(door.address).await;
    in_data.say(&format!("{HELLO}{TO_LIST}Subject: half")).await;
    in_data.codes(4).await;
    let mut between = Client::greeted(door.address).await;
    between.say("EHLO x.example\r\nMAIL FROM:<anne@home.example>\r\n").await;
    between.codes(2).await;
    door.stop.send(true).unwrap();
    assert!(idle.rest().await.contains("421 4.3.2"));
    assert!(between.rest().await.contains("421 4.3.2"));
    in_data.say(" and whole\r\n.\r\nMAIL FROM:<>\r\n").await;
    let last = in_data.rest().await;
    assert_eq!(codes_in(&last).first(), Some(&"250"), "{last}");
    assert_eq!(codes_in(&last).last(), Some(&"421"), "{last}");
    timeout(PATIENCE, door.served).await.expect("the server stops").unwrap();
    assert_eq!(door.mailroom.kept.lock().await.len(), 1);
    assert!(TcpStream::connect(door.address).await.is_err());
}

#[tokio::test]
async fn stopping_waits_for_a_message_being_kept_and_not_for_one_that_never_ends() {
    let deadlines = Deadlines { stop: Duration::from_millis(300), ..patient() };
    let door = open(Slots::new(5, 5, Vec::new()), deadlines, 0).await;
    let mut keeping = Client::greeted(door.address).await;
    keeping.say(&format!("{HELLO}{TO_LIST}x\r\n.\r\n")).await;
    door.mailroom.begun.notified().await;
    let mut endless = Client::greeted(door.address).await;
    endless.say(&format!("{HELLO}{TO_LIST}and then")).await;
    endless.codes(4).await;
    door.stop.send(true).unwrap();
    assert!(endless.rest().await.contains("421 4.3.2"));
    assert!(!door.served.is_finished());
    door.mailroom.gate.add_permits(1);
    keeping.codes(4).await;
    assert_eq!(keeping.codes(2).await, [250, 421]);
    timeout(PATIENCE, door.served).await.expect("the server stops").unwrap();
}

/// A socket closed with unread input is reset, and what we said last would be lost with it.
#[tokio::test]
async fn our_last_word_reaches_who_goes_on_talking() {
    let door = open_wide().await;
    let mut client = Client::greeted(door.address).await;
    client.say(HELLO).await;
    client.code().await;
    client.say("BDAT 600000 LAST\r\n").await;
    for _ in 0..300 {
        client.say(&"x".repeat(2_000)).await;
    }
    client.stream.shutdown().await.unwrap();
    let mut heard = Vec::new();
    client.stream.read_to_end(&mut heard).await.expect("an orderly end");
    assert_eq!(heard, b"502 5.5.1 not offered here\r\n");
}

#[tokio::test]
async fn a_bug_in_the_mailroom_costs_one_connection() {
    let door = open_wide().await;
    let mut unlucky = Client::greeted(door.address).await;
    unlucky.say(&format!("EHLO bug.example\r\n{TO_LIST}x\r\n.\r\n")).await;
    assert!(!codes_in(&unlucky.rest().await).contains(&"451"));
    let mut client = Client::greeted(door.address).await;
    client.say(HELLO).await;
    client.code().await;
    assert_eq!(client.post("hello").await, 250);
}

#[tokio::test]
async fn many_errors_are_answered_late_and_then_not_at_all() {
    let deadlines = Deadlines { penalty: Duration::from_millis(20), ..patient() };
    let door = open(Slots::new(5, 5, Vec::new()), deadlines, 1).await;
    let mut client = Client::greeted(door.address).await;
    let before = tokio::time::Instant::now();
    for _ in 0..19 {
        client.say("FOO\r\n").await;
        assert_eq!(client.code().await, 500);
    }
    assert!(before.elapsed() >= Duration::from_millis(20) * 9);
    client.say("FOO\r\nNOOP\r\n").await;
    assert!(client.rest().await.starts_with("421 4.7.0"));
}
