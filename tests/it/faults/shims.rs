//! What is preloaded into the program under test, built where there is a C compiler.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::is_here;

/// Builds a shim into a folder; none where there is no C compiler.
pub(super) fn build(folder: &Path, name: &str, source: &str, what: &str) -> Option<PathBuf> {
    if !is_here("cc", what) {
        return None;
    }
    let (code, built) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    fs::write(&code, source).expect("written");
    let mut compile = Command::new("cc");
    compile.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&built).arg(&code).arg("-ldl");
    assert!(compile.status().expect("it runs").success(), "{name} does not compile");
    Some(built)
}

/// A time of day that can be set for one program.
pub(super) struct Clock {
    shim: PathBuf,
    file: PathBuf,
}

impl Clock {
    pub(super) fn new(folder: &Path) -> Option<Clock> {
        let shim = build(folder, "clock", include_str!("clock.c"), "a clock that jumps")?;
        let clock = Clock { shim, file: folder.join("ahead") };
        fs::write(&clock.file, 0_i64.to_ne_bytes()).expect("written");
        Some(clock)
    }

    /// From now on it shows so many seconds more than the machine's.
    pub(super) fn ahead(&self, seconds: i64) {
        let mut file = File::options().write(true).open(&self.file).expect("there");
        file.seek(SeekFrom::Start(0)).expect("it is a file");
        file.write_all(&seconds.to_ne_bytes()).expect("written");
    }

    /// What the program needs in its environment.
    pub(super) fn environment(&self) -> [(&'static str, &Path); 2] {
        [("LD_PRELOAD", &self.shim), ("CLOCK_AHEAD", &self.file)]
    }
}
