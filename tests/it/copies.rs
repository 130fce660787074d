//! What becomes of a post on its way to a member: `tests/posts/CASE/post.eml` in, `copy.eml` out.
//!
//! Files are LF in git and CRLF on the way; that every line of a copy ends with CRLF is checked
//! first. `edits.txt`, where there is one, says how the list differs from the one below.
//! `UPDATE_EXPECT=1` accepts new copies.

use std::path::{Path, PathBuf};

use expect_test::expect_file;
use parvis::domain::list::Language;
use parvis::mail::compose::{
    AttachmentLinks, CopyEdits, FromEdit, Posting, PreparedCopy, ReplyToEdit, Touch, prepare,
};
use parvis::mail::headers::Headers;
use parvis::mail::parse::{content_key, summarize};
use parvis::mail::show::{attachment, plain_text, show};
use proptest::prelude::*;

pub(crate) const URL: &str = "https://lists.example/u/TOKEN";
pub(crate) const ADDRESS: &str = "ants-stop+TOKEN@lists.example";
const FOOTER: &str = "Ants, a group at lists.example\nTo leave, write to: ants-stop@lists.example";
const FOOTER_FR: &str = "Les fourmis, à lists.example\nPour partir, écrivez à : ants-stop@lists.example";

fn list() -> CopyEdits<'static> {
    CopyEdits {
        list_id: "ants.lists.example",
        list_phrase: "The Ants",
        language: Language::En,
        post_address: "ants@lists.example",
        posting: Posting::ByMail,
        help_address: "ants-help@lists.example",
        subscribe_address: "ants-join@lists.example",
        owner_address: "ants-animators@lists.example",
        archive_url: Some("https://lists.example/ants/"),
        archived_at: Some("https://lists.example/ants/m/1@author.example/"),
        subject_prefix: "",
        footer: Some(FOOTER),
        attachments: None,
        reply_to: ReplyToEdit::Author,
        from: FromEdit::AsItIs,
        touch: Touch::WhereNeeded,
        missing_message_id: None,
        missing_date: None,
        loop_mark: "ants.lists.example",
    }
}

/// The list as `edits.txt` of a case wants it: one `key=value` a line.
fn list_of(case: &Path) -> CopyEdits<'static> {
    let mut edits = list();
    let text = std::fs::read_to_string(case.join("edits.txt")).unwrap_or_default();
    for line in text.lines() {
        match line {
            "footer=none" => edits.footer = None,
            "footer=fr" => edits.footer = Some(FOOTER_FR),
            "prefix=ascii" => edits.subject_prefix = "[ants]",
            "prefix=accent" => edits.subject_prefix = "[été]",
            "phrase=accent" => edits.list_phrase = "Le quartier des Lilas, l’été",
            "reply_to=list" => edits.reply_to = ReplyToEdit::List,
            "touch=none" => edits.touch = Touch::NoContent,
            "from=list" => edits.from = FromEdit::ViaList { member_name: "" },
            "from=list, known as Zoé" => edits.from = FromEdit::ViaList { member_name: "Zoé Petit" },
            "posting=no" => edits.posting = Posting::No,
            "archive=none" => (edits.archive_url, edits.archived_at) = (None, None),
            "missing=filled" => {
                edits.missing_message_id = Some("made-1@lists.example");
                edits.missing_date = Some("Sun, 22 Nov 2026 18:30:00 +0100");
            }
            other => panic!("{other:?} in {}", case.display()),
        }
    }
    edits
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in bytes {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/posts")
}

/// The copy of a case but for what only one member's has.
pub(crate) fn prepared(case: &Path) -> PreparedCopy {
    prepare(&crlf(&post_of(case)), &list_of(case))
}

/// The copy of any mail, on the list as it is without `edits.txt`.
pub(crate) fn prepared_from(raw: &[u8]) -> PreparedCopy {
    prepare(raw, &list())
}

pub(crate) fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("readable").map(|entry| entry.expect("readable").path()).collect();
    cases.sort();
    assert!(cases.len() >= 25);
    cases
}

fn post_of(case: &Path) -> Vec<u8> {
    std::fs::read(case.join("post.eml")).expect("every case has a post")
}

fn copy(raw: &[u8], edits: &CopyEdits<'_>) -> Vec<u8> {
    let prepared = prepare(raw, edits);
    let copy = [prepared.head(URL, ADDRESS).as_slice(), prepared.body()].concat();
    assert_eq!(prepared.eight_bit(), !copy.is_ascii());
    copy
}

/// What must hold for any copy: it can travel, and its header can be read.
fn check_travels(copy: &[u8], lines: Lines) {
    let mut previous = 0;
    for &byte in copy {
        assert!(byte != 0, "NUL");
        assert!((byte == b'\n') == (previous == b'\r'), "a stray CR or LF");
        previous = byte;
    }
    assert_ne!(previous, b'\r');
    let headers = Headers::scan(copy).expect("a copy has a header");
    for name in
        ["from", "subject", "reply-to", "to", "cc", "date", "message-id", "content-type", "precedence"]
    {
        assert!(headers.count(name) <= 1, "several {name}");
    }
    for name in
        ["list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post", "parvis-loop", "precedence"]
    {
        assert!(headers.has(name), "no {name}");
    }
    assert_eq!(headers.count("list-id"), 1);
    let checked = match lines {
        Lines::All => copy,
        Lines::OfHeader => &copy[..headers.body_offset()],
    };
    assert!(checked.split(|&b| b == b'\n').all(|line| line.len() <= 999), "a line over 998");
}

/// Signed content may hold lines that nobody may cut.
#[derive(Clone, Copy)]
enum Lines {
    All,
    OfHeader,
}

#[test]
fn every_post_becomes_the_copy_beside_it() {
    for case in cases() {
        let (raw, edits) = (post_of(&case), list_of(&case));
        let made = copy(&crlf(&raw), &edits);
        check_travels(&made, Lines::All);
        assert_eq!(copy(&raw, &edits), made, "line ends of {} make a difference", case.display());
        // Bytes outside UTF-8 are written as `\xE9` in the expected copy.
        let shown: String = made
            .utf8_chunks()
            .flat_map(|chunk| {
                let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")).collect::<String>();
                [chunk.valid().to_owned(), invalid]
            })
            .collect();
        expect_file![case.join("copy.eml")].assert_eq(&shown.replace("\r\n", "\n"));
    }
}

#[test]
fn a_copy_without_edits_has_the_posts_bytes() {
    for case in cases() {
        let raw = crlf(&post_of(&case));
        let edits = CopyEdits { touch: Touch::NoContent, ..list() };
        let made = copy(&raw, &edits);
        let (headers, fault) = Headers::scan_leniently(&raw);
        if fault.is_some() || raw.split(|&b| b == b'\n').any(|line| line.len() > 999) {
            continue;
        }
        assert!(made.ends_with(headers.body()), "{}", case.display());
        // What stays of the header stays in its order and bytes.
        let all = Headers::scan(&made).expect("a copy has a header");
        for name in ["from", "date", "message-id", "references", "in-reply-to", "dkim-signature", "subject"] {
            let first = |headers: &Headers<'_>| headers.all(name).next().map(|field| field.raw().to_vec());
            assert_eq!(first(&all), first(&headers), "{name} of {}", case.display());
        }
    }
}

fn whole(copy: &PreparedCopy) -> Vec<u8> {
    [copy.head(URL, ADDRESS).as_slice(), copy.body()].concat()
}

#[test]
fn a_copy_in_seven_bits_reads_the_same() {
    for case in cases() {
        let name = case.file_name().expect("a folder").to_string_lossy().into_owned();
        let prepared = prepare(&crlf(&post_of(&case)), &list_of(&case));
        let seven = prepared.in_seven_bits();
        let seven = seven.unwrap_or_else(|| panic!("{name} has no copy in seven bits"));
        let (eight, seven) = (whole(&prepared), whole(&seven));
        assert!(seven.is_ascii(), "{name}");
        check_travels(&seven, Lines::All);
        if eight.is_ascii() {
            assert!(seven == eight, "{name} was in seven bits already");
        }
        let read = |copy: &[u8]| format!("{:#?}", summarize(copy));
        assert_eq!(read(&seven), read(&eight), "{name}");
    }
}

#[test]
fn each_part_is_wrapped_as_it_needs() {
    let post = "From: Zo\u{eb} <zoe@author.example>\r\nSubject: \u{c9}t\u{e9}\r\nDate: Sun, 22 Nov 2026 18:30:00 \
         +0100\r\nMessage-ID: <1@author.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; \
         boundary=m\r\nContent-Transfer-Encoding: 8bit\r\n\r\npr\u{e9}ambule\r\n--m\r\nContent-Type: text/plain; \
         charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u{e9}t\u{e9}\r\n--m\r\nContent-Type: text/x-diff; \
         name=plain.txt\r\n\r\nascii\r\n--m\r\nContent-Type: application/octet-stream\r\nContent-Disposition: \
         attachment; filename=\"r\u{e9}union.bin\"\r\n\r\n\u{e9}\r\n--m--\r\n";
    let edits = CopyEdits { footer: None, ..list() };
    let seven = whole(&prepare(post.as_bytes(), &edits).in_seven_bits().expect("nothing is signed"));
    let seven = String::from_utf8(seven).expect("ASCII");
    let from = seven.find("From: ").expect("it has an author");
    expect_test::expect![[r#"
        From: =?utf-8?Q?Zo=C3=AB?=
         <zoe@author.example>
        Subject: =?utf-8?B?w4l0w6k=?=
        Date: Sun, 22 Nov 2026 18:30:00 +0100
        Message-ID: <1@author.example>
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=m

        pr??ambule
        --m
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        =C3=A9t=C3=A9
        --m
        Content-Type: text/x-diff; name=plain.txt

        ascii
        --m
        Content-Type: application/octet-stream
        Content-Disposition: attachment;
         filename*=utf-8''r%C3%A9union.bin
        Content-Transfer-Encoding: base64

        w6k=
        --m--
    "#]]
    .assert_eq(&seven[from..].replace("\r\n", "\n"));
}

#[test]
fn what_is_signed_in_eight_bits_stays_so() {
    let signed = |inner: &str| {
        format!(
            "From: anne@author.example\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n{inner}\r\n\
             --s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n"
        )
    };
    for (inner, possible) in [
        ("Content-Type: text/plain; charset=utf-8\r\n\r\nascii", true),
        ("Content-Type: text/plain; charset=utf-8\r\n\r\n\u{e9}t\u{e9}", false),
        ("Content-Type: text/plain\r\nContent-Description: \u{e9}t\u{e9}\r\n\r\nascii", false),
        ("Content-Type: multipart/mixed; boundary=m\r\n\r\n\u{e9}\r\n--m\r\n\r\nx\r\n--m--", false),
    ] {
        let copy = prepare(signed(inner).as_bytes(), &list()).in_seven_bits();
        assert_eq!(copy.is_some(), possible, "{inner:?}");
        if let Some(copy) = copy {
            let copy = String::from_utf8(whole(&copy)).expect("ASCII");
            assert!(copy.contains(inner), "{copy}");
        }
    }
    let sealed = "From: anne@author.example\r\nContent-Type: application/pkcs7-mime\r\n\
                  Content-Transfer-Encoding: binary\r\n\r\n\u{e9}\r\n";
    assert!(prepare(sealed.as_bytes(), &list()).in_seven_bits().is_none());
}

#[test]
fn a_copy_of_a_copy_is_not_edited_twice() {
    for case in cases() {
        if case.ends_with("malformed-two-types") {
            continue; // The copy is not malformed any more.
        }
        let edits = CopyEdits { subject_prefix: "[ants]", ..list_of(&case) };
        let once = copy(&crlf(&post_of(&case)), &edits);
        let twice = copy(&once, &edits);
        let (once, twice) = (String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
        for mark in ["leave, write to", "List-Id:", "[ants] ", "Precedence:"] {
            assert_eq!(
                once.matches(mark).count(),
                twice.matches(mark).count(),
                "{mark} of {}",
                case.display()
            );
        }
    }
}

#[test]
fn signed_content_keeps_its_bytes() {
    let part = "Content-Type: text/plain\r\n\r\nSigned  \r\n\r\n.\r\nFrom here\r\n";
    let part = format!("{part}{}\r\n", "long ".repeat(400));
    let signature = "Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n";
    let signed = format!("--s\r\n{part}\r\n--s\r\n{signature}\r\n--s--\r\n");
    let top = "From: a@author.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: ";
    let shapes = [
        format!("{top}multipart/signed; protocol=\"application/pgp-signature\"; boundary=s\r\n\r\n{signed}"),
        format!(
            "{top}multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n\
             {signed}\r\n--m--\r\n"
        ),
        format!(
            "{top}multipart/alternative; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/signed; boundary=s\r\n\
             \r\n{signed}\r\n--m--\r\n"
        ),
        format!("{top}multipart/encrypted; boundary=s\r\n\r\n{signed}"),
        format!(
            "{top}multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\
             Content-Type: multipart/signed; boundary=s\r\n\r\n{signed}\r\n--m--\r\n"
        ),
    ];
    for shape in shapes {
        for raw in [shape.clone(), shape.replace("\r\n", "\n")] {
            let made = copy(raw.as_bytes(), &list());
            check_travels(&made, Lines::OfHeader);
            let made = String::from_utf8(made).expect("ASCII");
            assert!(made.contains(&signed), "{made}");
        }
    }
}

/// A post with files of so many bytes, each in a part of its own.
fn with_files(files: &[(&str, usize)], disposition: &str) -> String {
    let parts: String = files
        .iter()
        .map(|(name, bytes)| {
            let lines = format!("{}\r\n", "QUJD".repeat(19)).repeat(bytes / 57);
            format!(
                "--m\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Transfer-Encoding: \
                 base64\r\nContent-Disposition: {disposition}; filename=\"{name}\"\r\n\r\n{lines}"
            )
        })
        .collect();
    format!(
        "From: a@author.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; \
         boundary=m\r\n\r\n--m\r\n\r\nSee the files.\r\n{parts}--m--\r\n"
    )
}

fn linking() -> CopyEdits<'static> {
    let folder = "https://lists.example/ants/m/1%40author.example/a/";
    CopyEdits { attachments: Some(AttachmentLinks { folder, query: "?k=KEY" }), ..list() }
}

#[test]
fn large_attachments_become_links_and_the_small_ones_stay() {
    let raw =
        with_files(&[("plan v2.pdf", 4_000_000), ("note.txt", 2_000), ("été.zip", 2_500_000)], "attachment");
    let made = copy(raw.as_bytes(), &linking());
    check_travels(&made, Lines::All);
    assert!(made.len() < 10_000, "{}", made.len());
    let shown = show(&made);
    let text = plain_text(&made);
    assert_eq!(shown.attachments.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["note.txt"]);
    for told in [
        "Attachment: plan v2.pdf (4.0\u{a0}MB)\nhttps://lists.example/ants/m/1%40author.example/a/1/plan%20v2.pdf?k=KEY",
        "(2.5\u{a0}MB)\nhttps://lists.example/ants/m/1%40author.example/a/3/",
        "To leave, write to: ants-stop@lists.example",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    // The numbers are the archive's.
    assert_eq!(attachment(raw.as_bytes(), 1).map(|(one, _)| one.name), Some("plan v2.pdf".to_owned()));
}

#[test]
fn what_is_not_large_or_may_not_be_touched_keeps_its_files() {
    let small = with_files(&[("a.pdf", 2_000_000), ("b.pdf", 2_000_000)], "attachment");
    let large = with_files(&[("a.pdf", 6_000_000)], "attachment");
    let inner = large.split_once("\r\n\r\n").expect("a body").1;
    let wrapped = |kind: &str| {
        format!(
            "From: a@author.example\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; boundary=o\r\n\r\n--o\r\n\
             Content-Type: multipart/mixed; boundary=m\r\n\r\n{inner}\r\n--o--\r\n"
        )
    };
    let forwarded = format!(
        "From: a@author.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=o\r\n\r\n\
         --o\r\nContent-Type: message/rfc822\r\n\r\n{large}\r\n--o--\r\n"
    );
    for raw in [small, wrapped("multipart/signed"), wrapped("multipart/encrypted"), forwarded] {
        let made = copy(raw.as_bytes(), &linking());
        check_travels(&made, Lines::OfHeader);
        assert_eq!(made.windows(8).filter(|w| w == b"QUJDQUJD").count(), count_of(&raw), "{}", &raw[..300]);
    }
    let untouched = CopyEdits { touch: Touch::NoContent, ..linking() };
    assert!(copy(large.as_bytes(), &untouched).len() > 6_000_000);
    assert!(copy(large.as_bytes(), &list()).len() > 6_000_000, "a list whose attachments stay");
}

fn count_of(raw: &str) -> usize {
    raw.as_bytes().windows(8).filter(|w| w == b"QUJDQUJD").count()
}

#[test]
fn an_author_whose_name_cannot_be_folded_is_still_the_author() {
    let raw = format!("From: {}<a@author.example>\r\n\r\nx\r\n", "n".repeat(3_000));
    let made = copy(raw.as_bytes(), &list());
    check_travels(&made, Lines::All);
    assert_eq!(summarize(&made).author_address, summarize(raw.as_bytes()).author_address);
}

#[test]
fn bombs_are_copied_in_one_pass() {
    let nested: String = (0..20_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary={n}\r\n\r\n--{n}\r\n"))
        .collect();
    let long = format!("From: a@author.example\r\n\r\n{}\r\n", "é".repeat(500_000));
    let mixed = "From: a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n";
    let parts = format!("{mixed}{}", "--a\r\n\r\n".repeat(100_000));
    let lines = format!("{mixed}--a\r\n{}--a--\r\n", "x".repeat(1_200).repeat(20) + "\r\n");
    let fields = "X: y\r\n".repeat(100_000);
    let subject = format!("Subject: {}\r\n\r\nx", "=?".repeat(15_000));
    for raw in [nested, long, parts, lines, fields, subject, format!("{mixed}{}", "x".repeat(200_000))] {
        check_travels(&copy(raw.as_bytes(), &list()), Lines::All);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_become_a_copy_that_travels(raw: Vec<u8>, text in "(\\PC|[-:\r\n=?<>()\"; ]){0,300}") {
        let _ = content_key(&raw);
        check_travels(&copy(&raw, &list()), Lines::All);
        if let Some(seven) = prepare(&raw, &list()).in_seven_bits() {
            let seven = whole(&seven);
            prop_assert!(seven.is_ascii());
            check_travels(&seven, Lines::All);
        }
        check_travels(&copy(text.as_bytes(), &list()), Lines::All);
    }

    #[test]
    fn damaged_posts_become_copies_that_travel(
        case in 0usize..100,
        cut in 0usize..4_000,
        at in 0usize..4_000,
        with in "[-\r\n:;=\"ab ]{0,6}",
    ) {
        let cases = cases();
        let case = &cases[case % cases.len()];
        let mut raw = post_of(case);
        let at = at.min(raw.len());
        raw.splice(at..at, with.bytes());
        raw.truncate(raw.len().saturating_sub(cut % (raw.len() + 1)));
        check_travels(&copy(&raw, &list_of(case)), Lines::OfHeader);
        let all = CopyEdits {
            subject_prefix: "[été]",
            footer: Some(FOOTER_FR),
            reply_to: ReplyToEdit::List,
            missing_message_id: Some("made-1@lists.example"),
            missing_date: Some("Sun, 22 Nov 2026 18:30:00 +0100"),
            ..list()
        };
        check_travels(&copy(&raw, &all), Lines::OfHeader);
    }
}
