//! The time of day jumps by more than a year and back, while the server runs and while it does not.

use std::time::{Duration, Instant};

use parvis::domain::address::EmailAddress;
use parvis::flow::membership::Telling;

use super::settle;
use super::shims::Clock;
use crate::killed::process::{Heard, Home, LIST, Parvis, log, member, send_one};
use crate::sink::{Does, Sink};

const MEMBERS: usize = 3;
const YEAR: i64 = 400 * 86_400;
const DRAIN_WAIT: Duration = Duration::from_secs(60);

struct Scene {
    sink: Sink,
    home: Home,
    clock: Clock,
    posts: Vec<(String, Heard)>,
}

impl Scene {
    fn new(folder: &std::path::Path) -> Option<Scene> {
        let clock = Clock::new(folder)?;
        let sink = Sink::open();
        let home = Home::found(&sink, MEMBERS, Telling::Nobody);
        Some(Scene { sink, home, clock, posts: Vec::new() })
    }

    fn start(&self) -> Parvis {
        self.home.start_with(|command| {
            command.envs(self.clock.environment());
        })
    }

    fn send(&mut self) {
        let id = format!("p{}@authors.example", self.posts.len());
        assert_eq!(send_one(self.home.smtp, &id, &member(0)), Some(250), "{}", log(&self.home));
        self.posts.push((id, Heard::Accepted));
    }

    /// Everybody but `without` has so many posts, each once.
    fn arrive(&self, posts: usize, without: Option<&str>) {
        let begun = Instant::now();
        loop {
            let got = self.sink.got();
            let count = |who: &str| got.iter().filter(|got| got.recipient == who).count();
            let wanted = |who: &str| if Some(who) == without { posts - 1 } else { posts };
            let counts = (0..MEMBERS).map(member).map(|who| (count(&who), wanted(&who)));
            let counts: Vec<_> = counts.collect();
            assert!(counts.iter().all(|(has, wanted)| has <= wanted), "more than once: {counts:?}");
            if counts.iter().all(|(has, wanted)| has == wanted) {
                return;
            }
            assert!(begun.elapsed() < DRAIN_WAIT, "{counts:?}: {}", log(&self.home));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_still_here(&self, number: usize) -> bool {
        let desk = self.home.desk();
        let who = EmailAddress::parse(&member(number)).expect("an address");
        let person = desk.store.person_at(&who).expect("readable").expect("known");
        let list = parvis::flow::lists::find(&desk, LIST).expect("there is one");
        let member = desk.store.member(list.id, person.id).expect("readable").expect("there");
        member.state == parvis::domain::member::MemberState::Active
    }
}

#[test]
fn a_clock_that_jumps_while_it_runs_costs_nobody_their_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut scene) = Scene::new(folder.path()) else { return };
    let parvis = scene.start();
    // One server wants no mail yet.
    let late = member(1);
    scene.sink.does(&late, Does::Say("451 4.7.1 come again"));
    scene.send();
    scene.arrive(1, Some(&late));
    for ahead in [YEAR, -YEAR, 0] {
        let asked = scene.sink.asked();
        scene.clock.ahead(ahead);
        // It is tried again meanwhile, at its usual pace.
        let begun = Instant::now();
        while scene.sink.asked() < asked + 2 {
            assert!(begun.elapsed() < DRAIN_WAIT, "{ahead}: {}", log(&scene.home));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    scene.clock.ahead(YEAR);
    scene.sink.does(&late, Does::Take);
    scene.arrive(1, None);
    for ahead in [-YEAR, YEAR, 0] {
        scene.clock.ahead(ahead);
        scene.send();
        scene.arrive(scene.posts.len(), None);
    }
    assert!(parvis.has_ended().is_none(), "it is the same process");
    assert!(parvis.ask_to_end().success());
    settle(&scene.home.desk(), &scene.posts, "a clock that jumps");
}

#[test]
fn a_machine_that_starts_with_a_wrong_clock_loses_nothing_by_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut scene) = Scene::new(folder.path()) else { return };
    let late = member(1);
    scene.sink.does(&late, Does::Say("451 4.7.1 come again"));
    for (number, ahead) in [0, YEAR, -YEAR, 0].into_iter().enumerate() {
        scene.clock.ahead(ahead);
        let parvis = scene.start();
        scene.send();
        if number == 0 {
            scene.arrive(1, Some(&late));
        }
        let asked = scene.sink.asked();
        let begun = Instant::now();
        while scene.sink.asked() <= asked {
            assert!(begun.elapsed() < DRAIN_WAIT, "{ahead}: {}", log(&scene.home));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(parvis.ask_to_end().success());
    }
    scene.sink.does(&late, Does::Take);
    let parvis = scene.start();
    scene.arrive(scene.posts.len(), None);
    assert!(parvis.ask_to_end().success());
    assert!((0..MEMBERS).all(|number| scene.is_still_here(number)), "nobody was taken for dead");
    settle(&scene.home.desk(), &scene.posts, "a machine with a wrong clock");
}
