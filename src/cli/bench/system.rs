//! What the system says of this process: memory, and time on its processors.

use std::fs;
use std::time::Duration;

/// Threads of the sink are named so, to tell its time from that of the program under test.
pub(super) const SINK: &str = "sink";

/// The most memory this process had, MB; files that are mapped included.
pub(super) fn memory_mb() -> u64 {
    kilobytes("VmHWM:") / 1024
}

/// The memory it has now that is no file's, MB.
pub(super) fn anonymous_mb() -> u64 {
    kilobytes("RssAnon:") / 1024
}

fn kilobytes(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|text| text.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}

/// Time this process was on processors.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Spent {
    /// The program under test.
    pub(super) ours: Duration,
    /// What takes copies.
    pub(super) sink: Duration,
}

impl Spent {
    /// So far.
    pub(super) fn now() -> Spent {
        let all = fs::read_to_string("/proc/self/stat").map(|line| of_line(&line)).unwrap_or_default();
        let mut sink = Duration::ZERO;
        for thread in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
            if name.trim() == SINK {
                let line = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
                sink += of_line(&line);
            }
        }
        Spent { ours: all.saturating_sub(sink), sink }
    }

    /// Since then.
    pub(super) fn since(then: Spent) -> Spent {
        let now = Spent::now();
        Spent { ours: now.ours.saturating_sub(then.ours), sink: now.sink.saturating_sub(then.sink) }
    }
}

/// Linux counts it in hundredths of a second for whoever reads it there, whatever the machine.
const TICK: Duration = Duration::from_millis(10);

/// `utime` and `stime` of a line of `/proc/…/stat` (proc_pid_stat(5)); the name before them may
/// hold anything.
fn of_line(line: &str) -> Duration {
    let after_name = line.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u32>().ok());
    TICK * ticks.sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_behind_the_name_whatever_it_is() {
        let line = "77 (a) S 9) R 1 2 3 4 5 6 7 8 9 10 150 25 13 14 15";
        assert_eq!(of_line(line), Duration::from_millis(1_750));
        for broken in ["", ")", "1 (x) R 1 2", "1 (x) R 1 2 3 4 5 6 7 8 9 10 x -1"] {
            assert_eq!(of_line(broken), Duration::ZERO, "{broken}");
        }
    }
}
