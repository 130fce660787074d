//! The hour of the digests, and an end at each step of it: every reader has each post once, in one
//! digest, and a digest again only as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parvis::flow::membership::Telling;

use super::injected::{may_trace, wait_for_its_end, with_paths};
use super::shims::Clock;
use super::{is_here, settle, times};
use crate::killed::process::{CONNECTIONS_MAX, Heard, Home, Parvis, log, member, send_one};
use crate::sink::{Got, Sink};

const MEMBERS: usize = 4;
const POSTS_A_DAY: usize = 2;
const DAY: i64 = 86_400;
const DRAIN_WAIT: Duration = Duration::from_secs(60);

/// Where the end comes.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// At the n-th such call on a file of ours.
    Call(&'static str, u64),
    /// Right after so many readers' servers have said 250.
    Taken(usize),
}

fn steps() -> Vec<Step> {
    let last = if times() > 1 { 15 } else { 3 };
    let calls = ["fdatasync", "write"].into_iter();
    let calls = calls.flat_map(|call| (1..=last).map(move |nth| Step::Call(call, nth)));
    calls.chain((1..=MEMBERS).map(Step::Taken)).collect()
}

struct Scene {
    sink: Sink,
    home: Home,
    clock: Clock,
    posts: Vec<(String, Heard)>,
}

impl Scene {
    /// Half a day after midnight, or at the end of it, so many days from now.
    fn set(&self, day: i64, hour: i64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let now = i64::try_from(now).expect("soon");
        self.clock.ahead((now / DAY + 1 + day) * DAY + hour * 3_600 - now);
    }

    fn command(&self, tracer: Option<&[String]>) -> Command {
        let mut command =
            Command::new(if tracer.is_some() { "strace" } else { env!("CARGO_BIN_EXE_parvis") });
        for (name, value) in self.clock.environment() {
            match tracer {
                Some(_) => drop(command.arg("-E").arg(format!("{name}={}", value.display()))),
                None => drop(command.env(name, value)),
            }
        }
        if let Some(args) = tracer {
            command.args(args).arg(env!("CARGO_BIN_EXE_parvis"));
        }
        command
    }

    fn start(&self) -> Parvis {
        self.home.try_to_start(self.command(None)).unwrap_or_else(|| panic!("{}", log(&self.home)))
    }

    fn missing(&self) -> Vec<(String, String)> {
        let has = shares(&self.sink.got());
        let wanted = self.posts.iter().flat_map(|(id, _)| (0..MEMBERS).map(|n| (member(n), id.clone())));
        wanted.filter(|pair| !has.contains_key(pair)).collect()
    }

    /// Waits until everybody has everything, or it ends.
    fn drain(&self, parvis: &Parvis) -> bool {
        let begun = Instant::now();
        while !self.missing().is_empty() {
            if parvis.has_ended().is_some() {
                return false;
            }
            assert!(begun.elapsed() < DRAIN_WAIT, "{:?}: {}", self.missing(), log(&self.home));
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    fn hour(&self, step: Step) -> bool {
        self.sink.next_epoch();
        let parvis = match step {
            Step::Call(call, nth) => {
                let inject = format!("inject={call}:signal=KILL:when={nth}");
                let args = with_paths(&["-f", "-qq", "-o", "/dev/null", "-e", &inject], &self.home);
                self.home.try_to_start(self.command(Some(&args)))
            }
            Step::Taken(count) => {
                let parvis = self.start();
                let (victim, mut taken) = (parvis.clone(), 0);
                self.sink.after_each(move || {
                    taken += 1;
                    if taken == count {
                        victim.kill();
                    }
                });
                Some(parvis)
            }
        };
        let whole = parvis.as_ref().is_some_and(|parvis| self.drain(parvis));
        self.sink.after_each(|| ());
        if let Some(parvis) = parvis {
            parvis.kill_children();
            parvis.kill();
            parvis.wait();
        }
        wait_for_its_end(&self.home);
        whole
    }
}

/// How often each reader was told each post, by digests that differ.
fn shares(got: &[Got]) -> BTreeMap<(String, String), usize> {
    let mut first: BTreeMap<(&str, &str), &Got> = BTreeMap::new();
    for got in got {
        let known = *first.entry((&got.recipient, &got.message_id)).or_insert(got);
        assert_eq!(
            String::from_utf8_lossy(&known.raw),
            String::from_utf8_lossy(&got.raw),
            "a digest that comes again is the same"
        );
    }
    let mut shares = BTreeMap::new();
    for got in first.into_values() {
        let text = String::from_utf8_lossy(&got.raw);
        let ids = text.split("Voici p").skip(1).filter_map(|rest| rest.split_once(','));
        let ids: BTreeSet<String> = ids.map(|(id, _)| format!("p{id}")).collect();
        for id in ids {
            *shares.entry((got.recipient.clone(), id)).or_default() += 1;
        }
    }
    shares
}

#[test]
fn a_digest_comes_once_wherever_its_hour_is_cut() {
    if !is_here("strace", "the digest hour") || !may_trace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let Some(clock) = Clock::new(folder.path()) else { return };
    let (sink, place) = (Sink::open(), std::env::temp_dir());
    let home = Home::found_in(&place, &sink, MEMBERS, Telling::Nobody, &[("reading", "daily")]);
    let mut scene = Scene { sink, home, clock, posts: Vec::new() };
    for (day, step) in (0..).zip(steps()) {
        scene.set(day, 12);
        let parvis = scene.start();
        for _ in 0..POSTS_A_DAY {
            let id = format!("p{}@authors.example", scene.posts.len());
            assert_eq!(send_one(scene.home.smtp, &id, &member(0)), Some(250), "{}", log(&scene.home));
            scene.posts.push((id, Heard::Accepted));
        }
        assert!(parvis.ask_to_end().success());
        scene.set(day + 1, 11);
        let whole = scene.hour(step);
        scene.sink.next_epoch();
        let parvis = scene.start();
        assert!(scene.drain(&parvis), "{}", log(&scene.home));
        assert!(parvis.ask_to_end().success());
        let got = scene.sink.got();
        let shares = shares(&got);
        let twice: Vec<_> = shares.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{step:?}: {twice:?}");
        let mails: BTreeSet<_> = got.iter().map(|got| (&got.recipient, &got.message_id)).collect();
        let again = got.len() - mails.len();
        println!(
            "digest hour, {step:?}: {}; {} posts, {} shares of {} readers, {} digests, {again} of them again so far",
            if whole { "it went through" } else { "it ended there" },
            scene.posts.len(),
            shares.len(),
            MEMBERS,
            mails.len(),
        );
        assert!(again <= CONNECTIONS_MAX * (usize::try_from(day).expect("few") + 1));
    }
    settle(&scene.home.desk(), &scene.posts, "digest hours");
}
