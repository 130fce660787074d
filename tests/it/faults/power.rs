//! The power goes: of the data folder there is what was synced, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parvis::flow::membership::Telling;

use super::{Chance, settle, shims, times};
use crate::killed::process::{Home, Senders};
use crate::sink::Sink;

const CUTS: u64 = 4;
const MEMBERS: usize = 5;

/// What stands in a folder by what was synced of it.
fn image(shadow: &Path, inode: u64, into: &Path) {
    fs::create_dir_all(into).expect("a folder");
    let names = fs::read_to_string(shadow.join(format!("names-{inode}"))).unwrap_or_default();
    for line in names.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(inode), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let (inode, target): (u64, _) = (inode.parse().expect("a number"), into.join(name));
        match kind {
            "d" => image(shadow, inode, &target),
            // A name that was synced, of a file that was not: it is there, and empty.
            _ => match fs::read(shadow.join(format!("content-{inode}"))) {
                Ok(content) => private(&target, &content),
                Err(_) => private(&target, b""),
            },
        }
    }
}

fn private(path: &Path, content: &[u8]) {
    fs::write(path, content).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(path, mode).expect("ours");
}

fn inode(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("there"))
}

#[test]
fn what_was_answered_survives_a_power_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = include_str!("powercut.c");
    let Some(shim) = shims::build(folder.path(), "powercut", source, "the power cut") else { return };
    for seed in Chance::seeds(CUTS * times()) {
        let mut chance = Chance(seed);
        let sink = Sink::open();
        let home = Home::found(&sink, MEMBERS, Telling::Nobody);
        let data = home.path("data");
        let shadow = folder.path().join(format!("shadow-{seed}"));
        fs::create_dir(&shadow).expect("a folder");
        // What was there before is synced: begin with everything.
        let mut known = BTreeMap::new();
        begin_with(&data, &shadow, &mut known);
        let parvis = home.start_with(|command| {
            command.env("LD_PRELOAD", &shim).env("POWER_ROOT", &data).env("POWER_SHADOW", &shadow);
        });
        let senders = Senders::begin(home.smtp, 3, Duration::from_millis(chance.below(30)));
        std::thread::sleep(Duration::from_millis(200 + chance.below(1_200)));
        parvis.kill();
        parvis.wait();
        let accepted = senders.accepted().len();
        let posts = senders.give_up();
        assert!(accepted > 0, "the cut met nothing");
        let found = folder.path().join(format!("found-{seed}"));
        image(&shadow, inode(&data), &found);
        fs::rename(&data, home.path("lost")).expect("moved");
        fs::rename(&found, &data).expect("moved");
        settle(&home.desk(), &posts, &format!("power cut, seed {seed}"));
    }
}

fn begin_with(folder: &Path, shadow: &Path, known: &mut BTreeMap<u64, PathBuf>) {
    let mut names = String::new();
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        let (path, number) = (entry.path(), inode(&entry.path()));
        let is_folder = path.is_dir();
        names.push_str(&format!(
            "{number} {} {}\n",
            if is_folder { 'd' } else { 'f' },
            entry.file_name().display()
        ));
        if is_folder {
            begin_with(&path, shadow, known);
        } else if path.is_file() {
            fs::copy(&path, shadow.join(format!("content-{number}"))).expect("copied");
        }
        known.insert(number, path);
    }
    fs::write(shadow.join(format!("names-{}", inode(folder))), names).expect("written");
}
