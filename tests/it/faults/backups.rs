//! Copies taken while everything is in motion: each comes back, whole, with all that was answered
//! before it was begun, and sends nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use parvis::domain::ids::PostId;
use parvis::domain::time::Zone;
use parvis::flow::membership::Telling;
use parvis::store::event::Fence;
use parvis::store::{Store, StoreOptions, verify};

use super::times;
use crate::killed::process::{Home, Senders};
use crate::sink::{Sink, header};

const COPIES: u64 = 4;
const MEMBERS: usize = 5;

#[test]
fn each_backup_under_load_comes_back() {
    let sink = Sink::open();
    let home = Home::found(&sink, MEMBERS, Telling::Nobody);
    let parvis = home.start();
    let senders = Senders::begin(home.smtp, 4, Duration::ZERO);
    for copy in 0..COPIES * times() {
        let enough = 20 * (usize::try_from(copy).expect("a few") + 1);
        while senders.accepted().len() < enough {
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = senders.accepted();
        // An archive, a generation beside the last, and a copy by other means.
        let (args, from) = match copy % 3 {
            0 => (vec!["backup".to_owned(), home.path("all.tar.zst").display().to_string()], "all.tar.zst"),
            1 => (
                vec!["backup".to_owned(), "--to".to_owned(), home.path("copies").display().to_string()],
                "copies",
            ),
            _ => (Vec::new(), "by-hand"),
        };
        if args.is_empty() {
            by_hand(&home.path("data"), &home.path(from));
        } else {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            run(&home, &args);
        }
        let back = home.path(&format!("back-{copy}"));
        run(
            &home,
            &["restore", &home.path(from).display().to_string(), "--dir", &back.display().to_string()],
        );
        let options = StoreOptions {
            data: back.clone(),
            zone: Zone::parse("Europe/Paris").expect("bundled"),
            reserve_bytes: 0,
        };
        let store = Store::open(options, parvis::domain::time::Timestamp::from_seconds(1_795_600_000))
            .expect("opens");
        assert_ne!(store.fence().expect("readable"), Fence::Down, "copy {copy}");
        for finding in verify::verify(&store).expect("verified") {
            assert!(finding.faults.is_empty(), "copy {copy}: {finding:?}");
        }
        let mut kept = std::collections::BTreeSet::new();
        for info in store.posts(PostId(0), usize::MAX).expect("readable") {
            let raw = store.raw(info.id).expect("readable").expect("there");
            kept.insert(header(&raw, "message-id").trim_matches(['<', '>']).to_owned());
        }
        let missing: Vec<&String> = before.iter().filter(|id| !kept.contains(*id)).collect();
        println!(
            "copy {copy} ({from}): {} accepted before it, {} in it, {} missing",
            before.len(),
            kept.len(),
            missing.len()
        );
        assert!(missing.is_empty(), "copy {copy}: {missing:?}");
        drop(store);
        std::fs::remove_dir_all(back).expect("removed");
    }
    senders.end();
    assert!(parvis.ask_to_end().success());
}

fn run(home: &Home, args: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parvis"));
    command.arg("--config").arg(home.path("parvis.toml")).args(args).env_clear();
    let ran = command.output().expect("it runs");
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// As `rsync -a` run twice does.
fn by_hand(data: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    for _ in 0..2 {
        for kind in ["deliveries", "journal", "keys", "mail", "people", "transit"] {
            super::copy_folder(&data.join(kind), &to.join(kind));
        }
    }
}
