//! Days of a small community in a moment: the real flow on a real store, a clock that is a number,
//! peers that take, put off, refuse, hang and drop, members who come and go, servers that are killed
//! and started again, all by seed. What must be so in the end is in `check`.
//!
//! A seed that fails is printed. `PARVIS_SEED=17 cargo test --test it simulation` runs it alone,
//! `PARVIS_SEEDS=20000` runs more of them.

mod acts;
mod chance;
mod check;
mod driver;
mod model;
mod peers;
mod road;
mod time;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use check::{COUNTED, Depth, Tally, check};
use driver::Simulation;
use road::Planted;

/// Seeds of a usual run.
const SEEDS: u64 = 200;
/// Every so many seeds the state is built again and compared.
const REBUILD_EVERY: u64 = 10;
const DAYS: i64 = 3;
const WORKERS: usize = 2;

fn run(seed: u64, planted: Planted, depth: Depth, tally: &mut Tally) -> Vec<String> {
    let mut simulation = Simulation::new(seed, planted);
    let ran = simulation.found().and_then(|()| {
        simulation.plan(DAYS);
        simulation.run()
    });
    match ran {
        Ok(()) => check(&simulation, depth, tally),
        Err(fault) => vec![fault],
    }
}

fn number_from(name: &str) -> Option<u64> {
    #[allow(clippy::disallowed_methods, reason = "which seeds to run is for whoever runs them to say")]
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_post_reaches_every_reader_once() {
    let (first, end) = match number_from("PARVIS_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, number_from("PARVIS_SEEDS").unwrap_or(SEEDS)),
    };
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let tally = Mutex::new(Tally::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let deep = seed.is_multiple_of(REBUILD_EVERY) || end - first == 1;
                    let depth = if deep { Depth::WithRebuild } else { Depth::Usual };
                    let mut counted = Tally::new();
                    let faults = run(seed, Planted::Nothing, depth, &mut counted);
                    for (what, count) in counted {
                        *tally.lock().expect("whole").entry(what).or_default() += count;
                    }
                    if !faults.is_empty() {
                        failed.lock().expect("whole").push(format!("PARVIS_SEED={seed}: {faults:#?}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("whole");
    assert!(failed.is_empty(), "{} of {} seeds:\n{}", failed.len(), end - first, failed.join("\n"));
    let tally = tally.into_inner().expect("whole");
    let never: Vec<&str> =
        COUNTED.into_iter().filter(|what| tally.get(what).is_none_or(|n| *n == 0)).collect();
    assert!(never.is_empty() || end - first < SEEDS, "never happened: {never:?}");
}

/// A simulation that finds nothing proves nothing: each of these is planted, and has to be found.
#[test]
fn planted_faults_are_found() {
    for (planted, sentence) in [
        (Planted::SentTwice, " times, "),
        (Planted::OutcomeLost, "still owed"),
        (Planted::MadeTooEarly, "wants no mail of it now"),
        (Planted::TakenTwice, "is kept 2 times"),
    ] {
        let found = (0..40).find(|seed| {
            let faults = run(*seed, planted, Depth::Usual, &mut Tally::new());
            faults.iter().any(|fault| fault.contains(sentence))
        });
        assert!(found.is_some(), "{planted:?} was not found");
    }
}
