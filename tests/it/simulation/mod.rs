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

use std::sync::atomic::{AtomicU64, Ordering};

use check::{Depth, check};
use driver::Simulation;
use road::Planted;

/// Seeds of a usual run.
const SEEDS: u64 = 200;
/// Every so many seeds the state is built again and compared.
const REBUILD_EVERY: u64 = 10;
const DAYS: i64 = 3;
const WORKERS: usize = 2;

fn run(seed: u64, planted: Planted, depth: Depth) -> Vec<String> {
    let mut simulation = Simulation::new(seed, planted);
    let ran = simulation.found().and_then(|()| {
        simulation.plan(DAYS);
        simulation.run()
    });
    match ran {
        Ok(()) => check(&simulation, depth),
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
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let deep = seed % REBUILD_EVERY == 0 || end - first == 1;
                    let depth = if deep { Depth::WithRebuild } else { Depth::Usual };
                    let faults = run(seed, Planted::Nothing, depth);
                    if !faults.is_empty() {
                        failed.lock().expect("whole").push(format!("PARVIS_SEED={seed}: {faults:#?}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("whole");
    assert!(failed.is_empty(), "{} of {} seeds:\n{}", failed.len(), end - first, failed.join("\n"));
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
            let faults = run(*seed, planted, Depth::Usual);
            faults.iter().any(|fault| fault.contains(sentence))
        });
        assert!(found.is_some(), "{planted:?} was not found");
    }
}
