//! Conversations at the door as files: what the client says, what it hears, what the mailroom gets.
//!
//! `tests/dialogues/*.txt`, one topic each. `C:` is a line with its CRLF; `C<` is bytes, as strings
//! with `\r \n \t \0 \xNN`, each perhaps times a number: `"a"*3000 "\r\n"`. `S:` is heard, `M:` is
//! what the mailroom got, `E:` is us hanging up. `>` sets the scene. Only `C` and `>` lines are
//! read; the others are compared. `UPDATE_EXPECT=1` writes them.
//!
//! Each conversation is held three times: line by line, byte by byte, and all in one go. A client
//! must not be able to tell the difference.

#![allow(clippy::unwrap_used, reason = "in tests, and in what only tests call, it is an assertion")]

use std::fmt::Write as _;
use std::path::Path;

use expect_test::expect_file;
use parvis::smtp::envelope::{Envelope, Peer, ReversePath};
use parvis::smtp::reply::Reply;
use parvis::smtp::session::{Door, Event, Session, SessionSettings, Tls};

pub(crate) const HOSTNAME: &str = "lists.example.org";

/// A mailroom that goes by the local part of the recipients.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedMailroom {
    ready: Option<Reply>,
}

impl ScriptedMailroom {
    pub(crate) fn new() -> ScriptedMailroom {
        ScriptedMailroom { ready: None }
    }

    pub(crate) fn ready(&self) -> Result<(), Reply> {
        self.ready.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn recipient(&self, sender: &ReversePath, domain: &str, local: &str) -> Result<(), Reply> {
        match local.to_ascii_lowercase().as_str() {
            _ if domain != HOSTNAME => Err(Reply::new(550, "5.7.1 we do not relay")),
            "unknown" => Err(Reply::new(550, "5.1.1 no such address")),
            "later" => Err(Reply::new(451, "4.3.0 later")),
            "goodbye" => Err(Reply::new(421, "4.3.2 not now")),
            "list" if sender.is_null() => Err(Reply::new(550, "5.7.1 posts have an author")),
            _ => Ok(()),
        }
    }

    pub(crate) fn receive(&self, envelope: &Envelope) -> Vec<Reply> {
        let answer = |local: &str| match local {
            "rejected" => Reply::new(550, "5.7.1 not here"),
            "full" => Reply::new(452, "4.3.1 full"),
            "hangup" => Reply::new(421, "4.3.0 trouble"),
            _ => Reply::new(250, "2.0.0 kept"),
        };
        envelope.recipients.iter().map(|r| answer(r.local_part())).collect()
    }
}

/// What a session is given and what it is told.
struct Scene {
    settings: SessionSettings,
    mailroom: ScriptedMailroom,
}

impl Scene {
    fn set(&mut self, line: &str) {
        let (what, value) = line.split_once(' ').expect("> WHAT VALUE");
        match what {
            "door" => self.settings.door = if value == "lmtp" { Door::Lmtp } else { Door::Smtp },
            "tls" => self.settings.tls = Tls::Offered,
            "limit" => self.settings.message_bytes_max = value.parse().expect("a number"),
            "ready" => {
                let (code, text) = value.split_once(' ').expect("a code and a text");
                self.mailroom.ready = Some(Reply::new(code.parse().expect("a code"), text));
            }
            other => panic!("no such thing in a scene: {other}"),
        }
    }

    fn begin(&self) -> Session {
        Session::new(self.settings.clone(), Peer::Address("192.0.2.7".parse().expect("an address")))
    }
}

/// What stands where TLS begins: what a client said before it counts no more.
const TLS_STARTED: &str = "T: begins\n";

/// Brings bytes to a session, and returns what then happens, one line each.
fn converse(session: &mut Session, mailroom: &ScriptedMailroom, mut input: &[u8]) -> String {
    let mut happened = String::new();
    loop {
        let event = session.advance(&mut input);
        let message = match event {
            Event::NeedInput => {
                assert!(input.is_empty(), "input is used up");
                hear(session, &mut happened);
                return happened;
            }
            Event::Close => {
                hear(session, &mut happened);
                happened.push_str("E: closed\n");
                return happened;
            }
            Event::StartTls => {
                hear(session, &mut happened);
                session.tls_started();
                happened.push_str(TLS_STARTED);
                return happened;
            }
            Event::Ready => {
                session.answer(mailroom.ready());
                continue;
            }
            Event::Recipient { sender, recipient } => {
                let verdict = mailroom.recipient(sender, recipient.domain(), recipient.local_part());
                session.answer(verdict);
                continue;
            }
            Event::Message(envelope) => envelope,
        };
        hear(session, &mut happened);
        describe(&message, &mut happened);
        session.answer_message(mailroom.receive(&message));
    }
}

fn hear(session: &mut Session, happened: &mut String) {
    let output = String::from_utf8(std::mem::take(session.output())).expect("replies are ASCII");
    assert!(output.is_empty() || output.ends_with("\r\n"), "{output:?}");
    for line in output.split_terminator("\r\n") {
        assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{line:?}");
        writeln!(happened, "S: {line}").expect("a string takes everything");
    }
}

fn describe(message: &Envelope, happened: &mut String) {
    let Envelope { protocol, peer: _, helo, sender, recipients, raw, eight_bit } = message;
    let to: Vec<&str> = recipients.iter().map(|r| r.as_str()).collect();
    let bits = if *eight_bit { " 8bit" } else { "" };
    let text =
        if raw.len() > 200 { format!("{} bytes", raw.len()) } else { format!("\"{}\"", raw.escape_ascii()) };
    let with = protocol.keyword();
    writeln!(happened, "M: {with}{bits} {helo} {sender} -> {} {text}", to.join(" "))
        .expect("a string takes everything");
}

/// The bytes of a `C:` or `C<` line.
fn said_by_client(line: &str) -> Option<Vec<u8>> {
    if let Some(text) = line.strip_prefix("C:") {
        return Some([text.strip_prefix(' ').unwrap_or(text).as_bytes(), b"\r\n"].concat());
    }
    line.strip_prefix("C<").map(bytes_of)
}

fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.trim();
    while let Some(quoted) = rest.strip_prefix('"') {
        let (string, after) = unquoted(quoted);
        let (times, after) = match after.strip_prefix('*') {
            Some(after) => {
                let (number, after) = after.split_once(' ').unwrap_or((after, ""));
                (number.parse().expect("a number of times"), after)
            }
            None => (1, after),
        };
        bytes.extend(string.repeat(times));
        rest = after.trim();
    }
    assert!(rest.is_empty(), "strings only: {rest}");
    bytes
}

fn unquoted(text: &str) -> (Vec<u8>, &str) {
    let mut string = Vec::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (string, &text[at + 1..]),
            b'\\' => match bytes.next().expect("something after a backslash").1 {
                b'r' => string.push(b'\r'),
                b'n' => string.push(b'\n'),
                b't' => string.push(b'\t'),
                b'0' => string.push(0),
                b'x' => {
                    let hex = &text[at + 2..at + 4];
                    bytes.nth(1);
                    string.push(u8::from_str_radix(hex, 16).expect("two hexadecimal digits"));
                }
                other => string.push(other),
            },
            other => string.push(other),
        }
    }
    panic!("a string without an end: {text}")
}

/// The file with what really happens in it; and the two other ways to hold the conversation.
fn replay(script: &str) -> (String, String, [String; 3]) {
    let settings = SessionSettings {
        hostname: HOSTNAME.to_owned(),
        door: Door::Smtp,
        message_bytes_max: 10_000,
        tls: Tls::Unavailable,
    };
    let mut scene = Scene { settings, mailroom: ScriptedMailroom::new() };
    for line in script.lines().filter_map(|l| l.strip_prefix("> ")) {
        scene.set(line);
    }
    let mut whole = scene.begin();
    let mut transcript = String::new();
    let mut heard = String::new();
    hear(&mut whole, &mut heard);
    let mut greeted = false;
    let mut everything = Vec::new();
    // Where TLS began: nobody can send what is inside it together with what is before it.
    let mut cuts = Vec::new();
    let mut is_open = true;
    for line in script.lines().filter(|l| !["S:", "M:", "E:", "T:"].iter().any(|p| l.starts_with(p))) {
        let said = said_by_client(line);
        if said.is_some() && !greeted {
            transcript.push_str(&heard);
            greeted = true;
        }
        writeln!(transcript, "{line}").expect("a string takes everything");
        if let Some(bytes) = said {
            everything.extend_from_slice(&bytes);
            if is_open {
                let happened = converse(&mut whole, &scene.mailroom, &bytes);
                is_open = !happened.ends_with("E: closed\n");
                if happened.ends_with(TLS_STARTED) {
                    cuts.push(everything.len());
                }
                transcript.push_str(&happened);
                heard.push_str(&happened);
            }
        }
    }
    let mut bytewise = scene.begin();
    let mut at_once = scene.begin();
    let mut by_byte = String::new();
    let mut in_one_go = String::new();
    hear(&mut bytewise, &mut by_byte);
    for byte in &everything {
        if !by_byte.ends_with("E: closed\n") {
            by_byte.push_str(&converse(&mut bytewise, &scene.mailroom, &[*byte]));
        }
    }
    hear(&mut at_once, &mut in_one_go);
    converse_in_pieces(&mut at_once, &scene.mailroom, &everything, &cuts, &mut in_one_go);
    (transcript, heard, [by_byte, in_one_go, every_prefix_is_survived(&scene, &everything, &cuts)])
}

fn converse_in_pieces(
    session: &mut Session,
    mailroom: &ScriptedMailroom,
    bytes: &[u8],
    cuts: &[usize],
    happened: &mut String,
) {
    let mut from = 0;
    for end in cuts.iter().copied().filter(|cut| *cut <= bytes.len()).chain([bytes.len()]) {
        if !happened.ends_with("E: closed\n") {
            happened.push_str(&converse(session, mailroom, &bytes[from..end]));
        }
        from = end;
    }
}

/// A peer may vanish anywhere; nothing it has not finished counts.
fn every_prefix_is_survived(scene: &Scene, everything: &[u8], cuts: &[usize]) -> String {
    let mut last = String::new();
    let step = 1 + everything.len() / 300;
    for end in (0..everything.len()).step_by(step).chain([everything.len()]) {
        let mut session = scene.begin();
        last.clear();
        hear(&mut session, &mut last);
        let mut cuts: Vec<usize> = cuts.iter().copied().chain([end / 2]).collect();
        cuts.sort_unstable();
        converse_in_pieces(&mut session, &scene.mailroom, &everything[..end], &cuts, &mut last);
    }
    last
}

#[test]
fn conversations_go_as_written_however_the_bytes_come() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 25, "only {} dialogues", files.len());
    for file in files {
        let script = std::fs::read_to_string(&file).unwrap();
        let (transcript, heard, other_ways) = replay(&script);
        for (way, other) in ["byte by byte", "in one go", "in two halves"].iter().zip(&other_ways) {
            assert_eq!(other, &heard, "{} {way}", file.display());
        }
        expect_file![&file].assert_eq(&transcript);
        after_the_greeting_every_reply_has_an_enhanced_code_of_its_class(&transcript);
    }
}

/// RFC 2034 §4; not on greetings, their answers and 354.
fn after_the_greeting_every_reply_has_an_enhanced_code_of_its_class(transcript: &str) {
    for line in transcript.lines().filter_map(|l| l.strip_prefix("S: ")) {
        let (code, text) = (&line[..3], &line[4..]);
        let is_hello = code == "250" && !text.contains("2.");
        if code == "220" || code == "354" || is_hello {
            continue;
        }
        let mut status = text.split(' ').next().unwrap_or_default().split('.');
        assert_eq!(status.next(), Some(&code[..1]), "{line}");
        assert_eq!(status.filter(|n| n.parse::<u16>().is_ok()).count(), 2, "{line}");
    }
}

#[test]
fn no_garbage_breaks_a_session() {
    let mut seed = 7_u64;
    let words: &[&[u8]] = &[
        b"EHLO x",
        b"MAIL FROM:<",
        b"RCPT TO:<",
        b"DATA",
        b"RSET",
        b"QUIT",
        b"BDAT 5",
        b"a@b.example",
        b">",
        b"\r\n",
        b"\n",
        b"\r",
        b".",
        b"\0",
        b"\xff\xfe",
        b" SIZE=",
        b"\r\n.\r\n",
        b"list@lists.example.org>\r\n",
        b"MAIL FROM:<>\r\n",
        b"EHLO y\r\n",
        b"DATA\r\n",
        b"NOOP\r\n",
        b"\"",
        b"\\",
        b"+0D",
    ];
    let settings = SessionSettings {
        hostname: HOSTNAME.to_owned(),
        door: Door::Smtp,
        message_bytes_max: 100,
        tls: Tls::Unavailable,
    };
    let scene = Scene { settings, mailroom: ScriptedMailroom::new() };
    for _ in 0..3_000 {
        let mut input = Vec::new();
        for _ in 0..30 {
            input.extend_from_slice(words[next_below(&mut seed, words.len())]);
        }
        let (mut whole, mut pieces) = (scene.begin(), scene.begin());
        let at_once = converse(&mut whole, &scene.mailroom, &input);
        let mut by_piece = String::new();
        for piece in input.chunks(1 + next_below(&mut seed, 7)) {
            if !by_piece.ends_with("E: closed\n") {
                by_piece.push_str(&converse(&mut pieces, &scene.mailroom, piece));
            }
        }
        assert_eq!(
            by_piece.trim_start_matches("S: 220 lists.example.org ESMTP Parvis\n"),
            at_once.trim_start_matches("S: 220 lists.example.org ESMTP Parvis\n"),
            "{}",
            input.escape_ascii()
        );
    }
}

/// A small number below a limit; the same series for the same seed (splitmix64).
pub(crate) fn next_below(seed: &mut u64, limit: usize) -> usize {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).expect("below a usize")
}
