//! A disk of a few megabytes for one test: the test runs itself again where one is mounted for it
//! alone. Needs a kernel and rights that allow that; where they do not, it is skipped, by name.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the small disk is, for the process that was started on it.
const DISK: &str = "PARVIS_TEST_SMALL_DISK";

/// Where the small disk is, in the process that has one.
pub(crate) fn place() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "that is how the process is told")]
    std::env::var_os(DISK).map(PathBuf::from)
}

/// Runs a test of this program on a new disk of so many MiB.
pub(crate) fn run_on_one(test: &str, mib: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = format!("mount -t tmpfs -o size={mib}m,mode=0700 none \"$1\" || exit 77; shift; exec \"$@\"");
    let run = |namespace: &str| {
        Command::new("unshare")
            .args([namespace, "sh", "-c", &mount, "sh"])
            .arg(folder.path())
            .arg(std::env::current_exe().expect("known"))
            .args(["--exact", test, "--nocapture"])
            .env(DISK, folder.path())
            .output()
    };
    // Not root: as root of a namespace of one's own.
    for namespace in ["-m", "-rm"] {
        let Ok(output) = run(namespace) else { continue };
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let ran = out.contains("running 1 test");
        match output.status.code() {
            Some(0) if ran => {
                let ledger = out.lines().filter(|line| line.contains(": "));
                ledger.for_each(|line| println!("{line}"));
                return;
            }
            Some(1 | 77) if !ran => {}
            other => panic!("{other:?}\n{out}\n{err}"),
        }
    }
    println!("skipped: no disk can be mounted here for {test}");
}

/// What takes the room on a disk.
pub(crate) struct Ballast(PathBuf);

impl Ballast {
    pub(crate) fn on(disk: &Path) -> Ballast {
        Ballast(disk.join("ballast"))
    }

    /// Leaves so many bytes free.
    pub(crate) fn leave(&self, bytes: usize) {
        let mut file = File::options().create(true).append(true).open(&self.0).expect("made");
        while file.write_all(&[0; 4096]).is_ok() {}
        let len = file.metadata().expect("known").len();
        file.set_len(len.saturating_sub(bytes as u64)).expect("cut");
    }

    /// Keeps a third of what it took.
    pub(crate) fn shrink(&self) {
        let len = fs::metadata(&self.0).map_or(0, |metadata| metadata.len());
        if len > 0 {
            File::options().write(true).open(&self.0).expect("there").set_len(len / 3).expect("cut");
        }
    }

    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes a disk that can only be read, or one that can be written to again.
pub(crate) fn remount(disk: &Path, how: &str) {
    let mut command = Command::new("mount");
    command.args(["-o", &format!("remount,{how}")]).arg(disk).stderr(Stdio::inherit());
    assert!(command.status().expect("there is a mount").success(), "remount,{how}");
}
