//! `parvis demo` as somebody sees it who has just got the program.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "a real program is waited for in real time")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn demo(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parvis"));
    command.arg("demo").args(args).env_clear().current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Every mail in every mailbox.
fn mails(dir: &Path) -> Vec<PathBuf> {
    let below = |path: &Path| {
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    };
    below(&dir.join("mailboxes")).iter().flat_map(|mailbox| below(mailbox)).collect()
}

#[test]
fn once_counts_and_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--once", "--dir", "here", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ledger: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |key: &str| ledger[key].as_u64().unwrap_or_else(|| panic!("{key} in {ledger}"));
    assert_eq!(count("accepted"), count("published"));
    assert!(
        count("accepted") >= 10 && count("owed") >= 100 && count("pages") > count("accepted"),
        "{ledger}"
    );
    for key in ["taken", "found", "read_back"] {
        assert_eq!(count(key), count("owed"), "{key}");
    }
    assert_eq!(
        mails(&folder.path().join("here")).len() as u64,
        count("found"),
        "the files are there to be looked at"
    );

    let again = demo(folder.path(), &["--once", "--dir", "here"]).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("here is not empty"), "{said}");
}

#[test]
fn a_mail_that_is_gone_is_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), &["--once", "--dir", "here"]).spawn().unwrap();
    let dir = folder.path().join("here");
    let gone = loop {
        // What was seen first may be in the middle of being written; it goes all the same.
        if let Some(mail) = mails(&dir).into_iter().next() {
            fs::remove_file(&mail).unwrap();
            break mail;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before a mail was seen");
        std::thread::sleep(Duration::from_millis(1));
    };
    let output = child.wait_with_output().unwrap();
    let (said, why) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{said}{why}");
    let owner = gone.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap();
    assert!(said.contains(&format!("is not in the mailbox of {owner}")), "{said}");
    assert!(said.contains("This does not agree."), "{said}");
    assert!(
        why.contains("what was sent and what arrived do not agree: ") && why.lines().count() == 1,
        "{why}"
    );
}

/// A demo that ends with its test, however that ends.
struct Staying(Child);

impl Drop for Staying {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads until a line begins so; what was read.
fn until(child: &mut Child, beginning: &str) -> String {
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.as_mut().expect("piped"));
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {said}");
        said.push_str(&line);
        if line.starts_with(beginning) {
            return said;
        }
    }
}

#[test]
fn it_stays_until_told_to_end() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut staying = Staying(demo(folder.path(), &["--dir", "here"]).spawn().unwrap());
        let child = &mut staying.0;
        let said = until(child, "Ctrl-C ends it.");
        let address = said
            .lines()
            .find_map(|line| line.strip_prefix("Open the archive:    http://"))
            .expect("an address");
        let mut stream = std::net::TcpStream::connect(address.trim_end_matches('/')).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Millbrook"), "{page}");
        assert!(child.try_wait().unwrap().is_none(), "it stays");
        let began = Instant::now();
        assert!(
            Command::new("kill")
                .arg(format!("-{signal}"))
                .arg(child.id().to_string())
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}
