//! What strangers write, call themselves and answer is printed by many commands and stands in the
//! log. None of it begins a line of its own there, or speaks to the terminal of whoever reads it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::scene::{LIST, Ran, Scene, World, post};

/// Clears the screen, in each way there is; begins a line that looks like one of ours; turns the
/// direction of writing round; and is a format of C's.
const HOSTILE: &str =
    "a\u{1b}[2J\u{9b}2J\u{7}\r\n2026-11-23T10:00:00Z  INFO forged\u{2028}b\u{202e}c%n\u{7f}";

fn harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn encoded(text: &str) -> String {
    format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(text.as_bytes()))
}

/// A server for members' mail that puts everything off, in words nobody should see raw.
fn rude_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || converse(stream));
        }
    });
    format!("smtp://{address}")
}

fn converse(mut stream: TcpStream) -> std::io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 rude.example\r\n")?;
    for line in lines.lines() {
        let line = line?;
        let answer = match line.get(..4) {
            Some("EHLO") => "250 rude.example\r\n".to_owned(),
            Some("RCPT") => "451 4.7.1 later\u{1b}[31m\u{9b}2J\u{202e}\rgo away %n\r\n".to_owned(),
            Some("QUIT") | None => return Ok(()),
            Some(_) => "250 2.0.0 ok\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// The address of the door, as the log says it.
fn door(scene: &Scene) -> String {
    until(scene, "the door", || scene.log().contains("SMTP is open address="));
    let log = scene.log();
    let at = log.find("SMTP is open address=").expect("waited for");
    log[at..].split('=').nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned()
}

/// Hands these bytes in as somebody with a strange name; what the door said in the end.
fn by_smtp(door: &str, from: &str, message: &str) -> String {
    let mut stream = TcpStream::connect(door).unwrap();
    let helo = format!("EHLO {}\r\n", HOSTILE.replace(['\r', '\n'], ""));
    let lines = [
        &helo,
        "HELO x\r\n",
        &format!("MAIL FROM:<{from}>\r\n"),
        &format!("RCPT TO:<{LIST}>\r\n"),
        "DATA\r\n",
    ];
    let mut said = BufReader::new(stream.try_clone().unwrap());
    let mut reply = || {
        let mut line = String::new();
        while said.read_line(&mut line).unwrap() > 0
            && line.lines().last().is_some_and(|l| l.get(3..4) == Some("-"))
        {}
        line
    };
    reply();
    for line in lines {
        stream.write_all(line.as_bytes()).unwrap();
        reply();
    }
    stream.write_all(message.replace('\n', "\r\n").as_bytes()).unwrap();
    stream.write_all(b"\r\n.\r\n").unwrap();
    let answer = reply();
    stream.write_all(b"QUIT\r\n").unwrap();
    let _ = stream.read(&mut [0; 64]);
    answer
}

/// From, Subject and the name of a file that say what they should not.
fn hostile_post(id: &str, author: &str) -> String {
    let (name, subject) = (encoded(HOSTILE), encoded(&format!("Fête {HOSTILE}")));
    format!(
        "From: {name} <{author}>\nTo: {LIST}\nSubject: {subject}\nMessage-ID: <{id}>\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0100\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n\
         Bonjour \u{1b}[31m rouge\u{202e}\n--b\nContent-Type: application/pdf\n\
         Content-Disposition: attachment; filename=\"{name}\"\n\nx\n--b--\n"
    )
}

fn assert_harmless(what: &[&str], ran: &Ran) {
    for said in [&ran.out, &ran.err] {
        if let Some(at) = said.find(harmful) {
            panic!("{what:?} says {:?}", &said[at.saturating_sub(20)..].chars().take(60).collect::<String>());
        }
        assert!(!said.lines().any(|line| line.starts_with("2026-11-23T10:00:00Z")), "{what:?}: {said}");
    }
}

fn until(scene: &Scene, what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for {what}: {}", scene.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_command_and_no_log_line_passes_on_what_strangers_say_to_a_terminal() {
    let mut scene = Scene::with_route(World::Alone, &rude_server());
    scene.done(&["list", "create", LIST, "--name", "Le quartier"]);
    scene.done(&["list", "set", LIST, "posting=anyone", "moderation=none", "consent=none"]);
    scene.done(&["member", "add", LIST, "bob@members.example", "--name", "Bob", "--no-welcome"]);
    let table = format!("email,name\nanne@members.example,\"{HOSTILE}\"\n\"{HOSTILE}\",x\n");
    let table = scene.file("members.csv", table);
    let odd_name = scene.file("odd\u{1b}[2J\u{9b}.mbox", "no mail\n");
    scene.start_server();
    let door = door(&scene);

    // One goes out, one waits, one is refused.
    let odd_id = "strange\u{1b}[2Jid\u{202e}@x.example";
    let answer =
        by_smtp(&door, "eve@strangers.example", &hostile_post("1@x.example", "eve@strangers.example"));
    assert!(answer.starts_with("250"), "{answer}");
    until(&scene, "a copy that is put off", || scene.log().contains("a copy was put off"));
    scene.done(&["list", "set", LIST, "hold_all=yes"]);
    let answer = by_smtp(&door, "eve@strangers.example", &hostile_post(odd_id, "eve@strangers.example"));
    assert!(answer.starts_with("250"), "{answer}");
    until(&scene, "a post that waits", || {
        scene.json(&["held", "ls"]).as_array().is_some_and(|held| !held.is_empty())
    });
    let held = scene.json(&["held", "ls"])[0]["id"].as_str().unwrap().to_owned();
    by_smtp(&door, "eve@strangers.example", &hostile_post("3@x.example", "a@b.example, c@d.example"));

    let posted =
        scene.file("posted.eml", post("odd\u{1b}[2J\u{9b}@x.example", "bob@members.example", HOSTILE, "x"));
    let commands: &[&[&str]] = &[
        &["member", "import", LIST, &table],
        &["post", LIST, &posted],
        &["list", "ls"],
        &["list", "show", LIST],
        &["list", "show", LIST, "--history"],
        &["list", "set", LIST, &format!("description={HOSTILE}")],
        &["member", "ls", LIST],
        &["member", "show", "anne@members.example"],
        &["person", "show", "anne@members.example"],
        &["person", "export", "anne@members.example"],
        &["held", "ls"],
        &["held", "show", &held],
        &["held", "refuse", "nothing\u{1b}[2J"],
        &["trace", "1@x.example"],
        &["trace", odd_id],
        &["search", LIST, "fête"],
        &["queue", "ls"],
        &["digest", "draft", LIST],
        &["import", "mbox", LIST, &odd_name],
        &["check", "--offline", "--store"],
        &["held", "refuse", &held, "--reason", HOSTILE],
    ];
    for command in commands {
        assert_harmless(command, &scene.run(command));
        assert_harmless(command, &scene.run(&[command, &["--json"][..]].concat()));
    }
    // What was said by others is there, but for what it was meant to do.
    assert!(scene.done(&["queue", "ls"]).contains("go away %n"));
    assert!(scene.done(&["trace", "1@x.example"]).contains("go away %n"));
    assert_eq!(scene.stop_server(), 0);
    let log = scene.log();
    assert!(log.contains("go away %n") && log.contains("1@x.example"), "{log}");
    for line in log.lines() {
        assert!(!line.contains(harmful), "{line:?}");
        assert!(line.starts_with("20") && !line.starts_with("2026-11-23T10:00:00Z"), "{line}");
    }
}
