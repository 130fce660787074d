//! Mailboxes of every kind, read and written.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};

use expect_test::{Expect, expect};
use parvis::domain::time::Timestamp;
use parvis::mail::maildir;
use parvis::mail::mbox::{
    MESSAGE_BYTES_MAX, MboxReader, Unreadable, Why, open_archive, restore_addresses, write_entry,
};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/mboxes/{name}.mbox", env!("CARGO_MANIFEST_DIR"))).expect("a fixture")
}

/// Every entry: number, offset, `From ` line, and the message with visible line ends.
fn read(bytes: &[u8]) -> String {
    let mut out = String::new();
    for entry in MboxReader::new(bytes) {
        match entry {
            Ok(entry) => {
                let from_line = String::from_utf8_lossy(&entry.from_line).into_owned();
                writeln!(out, "{} at {}: {from_line}", entry.n, entry.offset).expect("a string");
                let text = String::from_utf8_lossy(&entry.raw).replace('\r', "␍");
                text.lines().for_each(|line| writeln!(out, "   |{line}").expect("a string"));
            }
            Err(Unreadable { n, offset, why }) => writeln!(out, "{n} at {offset}: {why}").expect("a string"),
        }
    }
    out
}

fn check(name: &str, expected: Expect) {
    expected.assert_eq(&read(&fixture(name)));
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.split(|b| *b == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

/// What Python's `mailbox.mbox` counts: lines that begin with `From `.
fn python_counts(bytes: &[u8]) -> usize {
    bytes.split(|b| *b == b'\n').filter(|line| line.starts_with(b"From ")).count()
}

fn counted(bytes: &[u8]) -> usize {
    MboxReader::new(bytes).filter(|entry| !matches!(entry, Err(Unreadable { n: 0, .. }))).count()
}

#[test]
fn ours_mboxrd() {
    check(
        "mboxrd",
        expect![[r#"
        1 at 0: marie@exemple.example Sun Nov 22 17:30:00 2026
           |From: Marie <marie@exemple.example>
           |Message-ID: <1@exemple.example>
           |Subject: un
           |
           |Bonjour,
           |From ici, tout va bien.
           |>From cité
           |
           |fin
        2 at 185: jean@exemple.example Sun Nov 22 17:31:00 2026
           |From: Jean <jean@exemple.example>
           |Message-ID: <2@exemple.example>
           |Subject: deux
           |
           |
           |> From marie@exemple.example
           |From
    "#]],
    );
}

#[test]
fn mboxo_of_thunderbird() {
    check(
        "mboxo",
        expect![[r#"
        1 at 0: - Sun Nov 22 17:30:00 2026
           |X-Mozilla-Status: 0001
           |From: Marie <marie@exemple.example>
           |Subject: un
           |
           |From ici, tout va bien.
        2 at 130: - Sun Nov 22 17:31:00 2026
           |From: Jean <jean@exemple.example>
           |Subject: deux
           |
           |Bien.
    "#]],
    );
}

#[test]
fn mboxcl2_with_bare_from_lines_inside() {
    check(
        "mboxcl2",
        expect![[r#"
        1 at 0: marie@exemple.example Sun Nov 22 17:30:00 2026
           |From: Marie <marie@exemple.example>
           |Content-Length: 104
           |Subject: un
           |
           |Bonjour,
           |
           |From Paris with a header:
           |From: rien
           |
           |From marie@exemple.example Sun Nov 22 17:30:00 2026
           |fin
        2 at 131: a line of message 1 that begins with "From "; its text was kept there
        3 at 169: a line of message 1 that begins with "From "; its text was kept there
        4 at 226: jean@exemple.example Sun Nov 22 17:31:00 2026
           |From: Jean <jean@exemple.example>
           |Content-Length: 10
           |Subject: deux
           |
           |From ici
    "#]],
    );
}

#[test]
fn content_lengths_that_are_wrong() {
    check(
        "mboxcl",
        expect![[r#"
        1 at 0: marie@exemple.example Sun Nov 22 17:30:00 2026
           |From: Marie <marie@exemple.example>
           |Content-Length: 70
           |Subject: un
           |
           |From ici
        2 at 131: jean@exemple.example Sun Nov 22 17:31:00 2026
           |From: Jean <jean@exemple.example>
           |Content-Length: 3
           |Subject: deux
           |
           |longue suite
        3 at 263: paul@exemple.example Sun Nov 22 17:32:00 2026
           |From: Paul <paul@exemple.example>
           |Content-Length: 99999999999999999999999
           |Subject: trois
           |
           |fin
    "#]],
    );
}

#[test]
fn lines_that_end_in_crlf() {
    let crlf = crlf(&fixture("mboxrd"));
    expect![[r#"
        1 at 0: marie@exemple.example Sun Nov 22 17:30:00 2026
           |From: Marie <marie@exemple.example>␍
           |Message-ID: <1@exemple.example>␍
           |Subject: un␍
           |␍
           |Bonjour,␍
           |From ici, tout va bien.␍
           |>From cité␍
           |␍
           |fin␍
        2 at 195: jean@exemple.example Sun Nov 22 17:31:00 2026
           |From: Jean <jean@exemple.example>␍
           |Message-ID: <2@exemple.example>␍
           |Subject: deux␍
           |␍
           |␍
           |> From marie@exemple.example␍
           |From␍
    "#]]
    .assert_eq(&read(&crlf));
}

#[test]
fn public_archives_of_mailman_2() {
    check(
        "pipermail",
        expect![[r#"
        1 at 0: marie at exemple.example  Thu Jan  5 10:23:45 2006
           |From: marie@exemple.example (Marie Dupont)
           |Date: Thu, 05 Jan 2006 10:23:45 +0100
           |Subject: [Quartier] un
           |Message-ID: <1@exemple.example>
           |
           |Les horaires :
           |From nine to five, every day.
           |From the second line on, it is free.
           |
           |Écrire à jean at exemple.example.
        2 at 211: a line of message 1 that begins with "From "; its text was kept there
        3 at 241: a line of message 1 that begins with "From "; its text was kept there
        4 at 316: jean at exemple.example  Thu Jan  5 11:23:45 2006
           |From: jean@exemple.example (=?iso-8859-1?q?J=E9r=F4me?=)
           |Date: Thu, 05 Jan 2006 11:23:45 +0100
           |Subject: [Quartier] deux
           |
           |A patch :
        5 at 506: 0123456789abcdef Mon Sep 17 00:00:00 2001
           |From: Jean <jean at exemple.example>
           |Subject: [PATCH] trois
           |
           |-- 
    "#]],
    );
}

#[test]
fn files_cut_off_or_none_at_all() {
    check(
        "cut-off",
        expect![[r#"
        1 at 20: marie@exemple.example Sun Nov 22 17:30:00 2026
           |From: Marie <marie@exemple.example>
           |Subject: un
           |
           |cut off in the mid
        2 at 140: nothing below the "From " line: the file was cut off here, or the message lost
        3 at 192: paul@exemple.example Sun Nov 22 17:32:00 2026
           |Subject: cut off in the head
    "#]],
    );
    check(
        "not-a-mailbox",
        expect![[r#"
        0 at 0: no line begins with "From ": this is not a mailbox
    "#]],
    );
    check(
        "empty",
        expect![[r#"
        0 at 0: the file is empty
    "#]],
    );
}

#[test]
fn every_beginning_of_every_fixture_is_counted_as_python_does() {
    let names = ["mboxrd", "mboxo", "mboxcl", "mboxcl2", "pipermail", "cut-off", "not-a-mailbox", "empty"];
    for (name, bytes) in names.iter().flat_map(|name| [(name, fixture(name)), (name, crlf(&fixture(name)))]) {
        for end in 0..=bytes.len() {
            assert_eq!(counted(&bytes[..end]), python_counts(&bytes[..end]), "{name} up to {end}");
        }
    }
}

#[test]
fn archives_as_they_are_kept() {
    let plain = fixture("mboxrd");
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    };
    let (one, other) = plain.split_at(100);
    let zstd = zstd::encode_all(&plain[..], 3).expect("memory");
    for archive in [plain.clone(), gzip(&plain), [gzip(one), gzip(other)].concat(), zstd.clone()] {
        let mut bytes = Vec::new();
        open_archive(&archive[..]).expect("opens").read_to_end(&mut bytes).expect("reads");
        assert_eq!(bytes, plain);
    }
    let torn = open_archive(&zstd[..zstd.len() - 5]).expect("opens");
    let last = MboxReader::new(torn).last().expect("says so");
    assert!(matches!(last, Err(Unreadable { n: 0, why: Why::Broken(_), .. })), "{last:?}");
}

#[test]
fn a_message_too_large_is_skipped_and_counted() {
    let line = "x".repeat(1023) + "\n";
    let body = line.as_bytes().repeat(MESSAGE_BYTES_MAX / 1024 + 10);
    let mbox = b"From a@b.example Sun Nov 22 17:30:00 2026\nSubject: x\n\n"
        .chain(&body[..])
        .chain(&b"\nFrom c@d.example Sun Nov 22 17:31:00 2026\nSubject: y\n\nfin\n"[..]);
    let entries: Vec<_> = MboxReader::new(BufReader::new(mbox)).collect();
    assert!(matches!(entries[0], Err(Unreadable { n: 1, why: Why::TooLarge, .. })));
    assert_eq!(entries[1].as_ref().map(|e| e.raw.clone()), Ok(b"Subject: y\n\nfin\n".to_vec()));
    assert_eq!(entries.len(), 2);
}

#[test]
fn wrong_content_lengths_do_not_add_up() {
    let one = b"From a@b.example Sun Nov 22 17:30:00 2026\nContent-Length: 60000000\n\nx\n\n";
    let mbox = one.repeat(20_000);
    assert_eq!(counted(&mbox), 20_000);
}

#[test]
fn addresses_of_mailman_2() {
    for (line, restored) in [
        ("From: marie at exemple.example (Marie)", "From: marie@exemple.example (Marie)"),
        ("from: marie.d at exemple.example", "from: marie.d@exemple.example"),
        ("From: marie@exemple.example (Marie at home)", "From: marie@exemple.example (Marie at home)"),
        ("From: Marie at home <marie@exemple.example>", "From: Marie at home <marie@exemple.example>"),
        ("From: Marie Dupont at exemple.example", "From: Marie Dupont at exemple.example"),
        ("From: ", "From: "),
        ("Subject: marie at exemple.example", "Subject: marie at exemple.example"),
    ] {
        let raw = format!("{line}\nTo: x at y.example\n\nFrom: a at b.example\n");
        let expected = raw.replacen(line, restored, 1);
        assert_eq!(restore_addresses(raw.as_bytes()), expected.as_bytes());
    }
}

#[test]
fn what_we_write_others_read() {
    let mut out = Vec::new();
    let moment = Timestamp::from_seconds(1_795_368_600);
    write_entry(&mut out, "marie@exemple.example", moment, b"Subject: x\r\n\r\nFrom a\r\n>From b\r\n\r\n")
        .expect("memory");
    write_entry(&mut out, "", moment, b"Subject: y\n\nmixed\r\nends").expect("memory");
    write_entry(&mut out, "two words\nFrom x", moment, b"").expect("memory");
    expect![[r#"
        From marie@exemple.example Sun Nov 22 17:30:00 2026
        Subject: x

        >From a
        >>From b


        From MAILER-DAEMON Sun Nov 22 17:30:00 2026
        Subject: y

        mixed␍
        ends

        From twowordsFromx Sun Nov 22 17:30:00 2026

    "#]]
    .assert_eq(&String::from_utf8_lossy(&out).replace('\r', "␍"));
}

proptest! {
    #[test]
    fn what_we_write_comes_back(
        messages in prop::collection::vec(prop::collection::vec(0..LINES.len(), 1..12), 1..6),
    ) {
        let messages: Vec<Vec<u8>> = messages
            .into_iter()
            .map(|lines| [&b"Subject: x\n"[..], &lines.iter().flat_map(|n| LINES[*n].bytes()).collect::<Vec<u8>>()].concat())
            .collect();
        let mut mbox = Vec::new();
        for (message, second) in messages.iter().zip(0..) {
            write_entry(&mut mbox, "a@b.example", Timestamp::from_seconds(second), message).expect("memory");
        }
        let back: Vec<Vec<u8>> = MboxReader::new(&mbox[..]).map(|entry| entry.expect("ours").raw).collect();
        prop_assert_eq!(back, messages);
    }

    #[test]
    fn any_file_is_counted_as_python_does(lines in prop::collection::vec(0..LINES.len(), 0..40), cut in 0..30usize) {
        let mut bytes: Vec<u8> = lines.iter().flat_map(|n| LINES[*n].bytes()).collect();
        bytes.truncate(bytes.len().saturating_sub(cut));
        prop_assert_eq!(counted(&bytes), python_counts(&bytes));
    }

    #[test]
    fn nothing_of_a_mailbox_is_lost(lines in prop::collection::vec(0..LINES.len(), 0..40)) {
        let bytes: Vec<u8> = lines.iter().flat_map(|n| LINES[*n].bytes()).collect();
        let kept: usize = MboxReader::new(&bytes[..]).filter_map(Result::ok).map(|e| bonjours(&e.raw)).sum();
        let begins = |at: &usize| bytes[*at..].starts_with(b"From ") && (*at == 0 || bytes[at - 1] == b'\n');
        let start = (0..bytes.len()).find(begins).unwrap_or(bytes.len());
        prop_assert_eq!(kept, bonjours(&bytes[start..]));
    }
}

/// Counts a word that stands only in bodies.
fn bonjours(bytes: &[u8]) -> usize {
    bytes.windows(7).filter(|w| w == b"bonjour").count()
}

/// Lines a mailbox can be confused with.
const LINES: [&str; 14] = [
    "\n",
    "\r\n",
    "bonjour\n",
    "bonjour\r\n",
    "From: x\n",
    "From ici\n",
    ">From bonjour\n",
    ">>From bonjour\n",
    "From a@b.example Sun Nov 22 17:30:00 2026\n",
    "Content-Length: 10\n",
    "Content-Length: 60\n",
    "Subject: z\n",
    "From \n",
    "From\n",
];

#[test]
fn which_files_of_a_maildir_are_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in [
        "cur/2.b.host:2,S",
        "new/1.a.host",
        "new/2.b.host",
        "new/.nfs1",
        "tmp/3.c.host",
        "cur/10.d.host:2,",
        "dovecot.index",
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        std::fs::write(path, "Subject: x\n\n").expect("a file");
    }
    std::fs::create_dir(folder.path().join("cur/folder")).expect("a folder");
    let files = maildir::message_files(folder.path()).expect("readable");
    let names: Vec<String> =
        files.iter().map(|f| f.strip_prefix(folder.path()).expect("inside").display().to_string()).collect();
    assert_eq!(names, ["new/1.a.host", "cur/2.b.host:2,S", "cur/10.d.host:2,"]);
    assert!(maildir::is_maildir(folder.path()) && !maildir::is_maildir(&folder.path().join("cur")));
}
