//! Makes the signed copy of every message of mbox files, so that other programs can verify them:
//! `cargo run --example compose_and_sign KEYS OUT MBOX...`. KEYS is a folder of PEM files, each
//! named by its selector; OUT gets `N.eml` (the copy), `N.raw` (the post, with CRLF) and `dns.txt`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for those who test")]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use parvis::domain::list::Language;
use parvis::mail::compose::{self, CopyEdits, FromEdit, Posting, ReplyToEdit, Touch};
use parvis::mail::mbox;
use parvis::sign::{Common, NamedKey, read_key};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [keys, out, files @ ..] = arguments.as_slice() else {
        println!("usage: compose_and_sign KEYS OUT MBOX...");
        return;
    };
    let mut named: Vec<NamedKey> = fs::read_dir(keys)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "pem"))
        .map(|path| NamedKey {
            selector: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            key: read_key(&path).unwrap(),
        })
        .collect();
    named.sort_by(|a, b| a.selector.cmp(&b.selector));
    fs::create_dir_all(out).unwrap();
    let record = |key: &NamedKey| format!("{}._domainkey.lists.example {}\n", key.selector, key.key.record());
    fs::write(Path::new(out).join("dns.txt"), named.iter().map(record).collect::<String>()).unwrap();
    let mut number = 0;
    for file in files {
        let file = mbox::open_archive(BufReader::new(File::open(file).unwrap())).unwrap();
        for entry in mbox::MboxReader::new(file).flatten() {
            number += 1;
            let raw = with_crlf(&entry.raw);
            let copy = copy(&raw, &named, number);
            fs::write(Path::new(out).join(format!("{number}.eml")), copy).unwrap();
            fs::write(Path::new(out).join(format!("{number}.raw")), raw).unwrap();
        }
    }
    println!("{number} copies");
}

/// Every fourth as one of four lists would: edited; untouched; under the list's name; without eight bits.
fn copy(raw: &[u8], keys: &[NamedKey], number: usize) -> Vec<u8> {
    let edits = CopyEdits {
        list_id: "ants.lists.example",
        list_phrase: "Les fourmis, l’été",
        language: Language::Fr,
        post_address: "ants@lists.example",
        posting: Posting::ByMail,
        help_address: "ants-aide@lists.example",
        subscribe_address: "ants-inscription@lists.example",
        owner_address: "ants-animateurs@lists.example",
        archive_url: Some("https://lists.example/ants/"),
        archived_at: Some("https://lists.example/ants/m/1/"),
        subject_prefix: "[été]",
        footer: Some(
            "Les fourmis · ants@lists.example\nPour partir\u{a0}: écrivez à ants-stop@lists.example",
        ),
        attachments: None,
        reply_to: ReplyToEdit::List,
        from: match number % 4 {
            2 => FromEdit::ViaList { member_name: "" },
            _ => FromEdit::AsItIs,
        },
        touch: match number % 4 {
            1 => Touch::NoContent,
            _ => Touch::WhereNeeded,
        },
        missing_message_id: Some("made-1@lists.example"),
        missing_date: Some("Sun, 22 Nov 2026 18:30:00 +0100"),
        loop_mark: "ants.lists.example",
    };
    let whole = compose::prepare(raw, &edits);
    let prepared = match number % 4 {
        3 if whole.eight_bit() => whole.in_seven_bits().unwrap_or(whole),
        _ => whole,
    };
    let own = compose::own_fields("https://lists.example/u/TOKEN", "ants-stop+TOKEN@lists.example");
    let common = Common::new("lists.example", &prepared.common_head(), prepared.body());
    let signatures = common.sign(keys, &own, 1_700_000_000).unwrap();
    [signatures, prepared.head_with(&own), prepared.body().to_vec()].concat()
}

/// As the message was on the wire.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
        out.extend_from_slice(b"\r\n");
    }
    out
}
