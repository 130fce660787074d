//! What must be so at the end of every run.

use std::collections::BTreeMap;

use parvis::domain::ids::PostId;
use parvis::store::archive::PostState;
use parvis::store::event::{Event, LetterOutcome, Totals};
use parvis::store::ledger::CopyResult;
use parvis::store::{PostInfo, verify};

use super::acts::LISTS;
use super::driver::{GIVE_UP_AFTER, Simulation};
use super::model::{Fate, Post};
use super::peers::Seen;

/// Whether everything is built again from the truth and compared, which takes longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Depth {
    Usual,
    WithRebuild,
}

/// How often each thing happened: what never happens is not tested.
pub(super) type Tally = BTreeMap<&'static str, u64>;

/// What [`check`] counts.
pub(super) const COUNTED: [&str; 8] =
    ["taken", "put off", "failed", "gone", "taken twice", "held", "came again", "letters taken"];

/// Everything that is not as it must be.
pub(super) fn check(simulation: &Simulation, depth: Depth, tally: &mut Tally) -> Vec<String> {
    let seen = simulation.peers.seen();
    let mut faults = seen.faults.clone();
    count(simulation, &seen, tally);
    nothing_is_owed(simulation, &mut faults);
    let kept = simulation.kept();
    let posts = simulation.model().posts.clone();
    for (id, post) in &posts {
        let infos = kept.get(id).map(Vec::as_slice).unwrap_or_default();
        once_in_the_archive(id, post, infos, &mut faults);
        copies_of(simulation, id, post, infos, &seen, &mut faults);
    }
    for id in kept.keys().filter(|id| !posts.contains_key(*id)) {
        faults.push(format!("<{id}> is kept, and nobody sent it"));
    }
    for ((recipient, id), count) in &seen.mailboxes {
        let excused = seen.excused.get(&(recipient.clone(), id.clone())).copied().unwrap_or(0);
        if *count > 1 + excused {
            faults.push(format!("{recipient} got <{id}> {count} times, {excused} of them excused"));
        }
    }
    letters(simulation, &seen, &mut faults);
    the_store_is_whole(simulation, depth, &mut faults);
    faults
}

fn count(simulation: &Simulation, seen: &Seen, tally: &mut Tally) {
    let mut add = |what, count| *tally.entry(what).or_default() += count;
    let store = simulation.store();
    for info in store.posts(PostId(0), usize::MAX).expect("readable") {
        add("held", u64::from(info.hold_reason.is_some()));
        for (_, result) in store.ledger(info.id).expect("readable").into_iter().flat_map(|line| line.copies) {
            let what = match result {
                CopyResult::Taken(_) => "taken",
                CopyResult::PutOff { .. } => "put off",
                CopyResult::Failed(_) => "failed",
                CopyResult::Gone => "gone",
            };
            add(what, 1);
        }
    }
    let twice = seen.mailboxes.values().filter(|count| **count > 1).count();
    add("taken twice", twice as u64);
    add("letters taken", seen.mailboxes.keys().filter(|(_, id)| id.starts_with("letter-")).count() as u64);
    let again = simulation.model().posts.values().filter(|post| post.accepted > 1).count();
    add("came again", again as u64);
}

fn nothing_is_owed(simulation: &Simulation, faults: &mut Vec<String>) {
    let store = simulation.store();
    for fan in store.fans().expect("readable") {
        faults.push(format!("post {} is still owed: {:?}", fan.post, fan.totals));
    }
    for letter in store.letters().expect("readable") {
        faults.push(format!("a letter is still owed: {letter:?}"));
    }
    for (post, _) in store.undecided().expect("readable") {
        faults.push(format!("nobody has decided about {post}"));
    }
}

fn once_in_the_archive(id: &str, post: &Post, infos: &[PostInfo], faults: &mut Vec<String>) {
    // What an animator said no to may be sent again.
    let times = infos.len().saturating_sub(post.ended);
    match (post.accepted, post.unheard) {
        (1.., _) if times != 1 && (times, &post.fate) != (0, &Fate::Ended) => {
            faults.push(format!("<{id}> was answered 250 and is kept {times} times"))
        }
        (0, 1..) if times > 1 => faults.push(format!("<{id}> is kept {times} times")),
        (0, 0) if times > 0 => faults.push(format!("<{id}> was refused and is kept")),
        _ => {}
    }
    if post.fate == Fate::Open && times > 0 {
        faults.push(format!("<{id}> is kept, and neither published nor held"));
    }
}

fn copies_of(
    simulation: &Simulation,
    id: &str,
    post: &Post,
    infos: &[PostInfo],
    seen: &Seen,
    faults: &mut Vec<String>,
) {
    let mailboxes = seen.mailboxes.iter().filter(|((_, of), _)| of == id);
    let got: BTreeMap<&str, u32> = mailboxes.map(|((recipient, _), n)| (recipient.as_str(), *n)).collect();
    let Fate::Published { readers, at, step } = &post.fate else {
        for recipient in got.keys() {
            faults.push(format!("{recipient} got <{id}>, which was not published"));
        }
        return;
    };
    for recipient in got.keys().filter(|recipient| !readers.contains(**recipient)) {
        faults.push(format!("{recipient} got <{id}> and was no reader when it was published"));
    }
    for reader in readers.iter().filter(|reader| !got.contains_key(reader.as_str())) {
        let item = (reader.clone(), id.to_owned());
        let went = simulation.model().lapsed_since(&(post.list, reader.clone()), *step);
        let refused = seen.refused.contains(&item);
        let tried = seen.put_off.get(&item).map(Vec::as_slice).unwrap_or_default();
        let given_up = tried.iter().any(|when| when.since(*at) >= GIVE_UP_AFTER);
        if !went && !refused && !given_up {
            faults.push(format!("{reader} never got <{id}>"));
        }
    }
    if let Some(info) = infos.iter().find(|info| info.state == PostState::Published) {
        ledger(simulation, id, info, readers.len(), &got, faults);
    }
}

/// The ledger says the same as the mailboxes, and its sums are those of the journal.
fn ledger(
    simulation: &Simulation,
    id: &str,
    info: &PostInfo,
    readers: usize,
    got: &BTreeMap<&str, u32>,
    faults: &mut Vec<String>,
) {
    let store = simulation.store();
    let mut last = BTreeMap::new();
    for line in store.ledger(info.id).expect("readable") {
        for (person, result) in line.copies {
            if matches!(
                last.get(&person),
                Some(CopyResult::Taken(_) | CopyResult::Failed(_) | CopyResult::Gone)
            ) {
                faults.push(format!("<{id}>: the copy for {person} was answered for twice"));
            }
            last.insert(person, result);
        }
    }
    let mut sums = Totals { owed: u32::try_from(readers).expect("few"), ..Totals::default() };
    for (person, result) in &last {
        let who = store.person(*person).expect("readable").expect("known").addresses[0].key();
        match result {
            CopyResult::Taken(_) => {
                sums.taken += 1;
                if !got.contains_key(who.as_str()) {
                    faults.push(format!("<{id}>: the ledger says that {who} has it, and nobody gave it"));
                }
            }
            CopyResult::Failed(_) => sums.failed += 1,
            CopyResult::Gone => sums.gone += 1,
            CopyResult::PutOff { .. } => {
                faults.push(format!("<{id}>: the copy of {who} is put off for ever"))
            }
        }
    }
    let mut said = Vec::new();
    store
        .history(|line| {
            if let Event::Delivered { post, totals } = line.event
                && post == info.id
            {
                said.push(totals);
            }
        })
        .expect("readable");
    if said != [sums] && !(said.is_empty() && readers == 0) {
        faults.push(format!("<{id}>: the journal says {said:?}, the ledger {sums:?}"));
    }
}

/// Every letter that was owed is answered for once, and what was taken lies in a mailbox.
fn letters(simulation: &Simulation, seen: &Seen, faults: &mut Vec<String>) {
    let mut owed: BTreeMap<u64, (String, Vec<LetterOutcome>)> = BTreeMap::new();
    let store = simulation.store();
    store
        .history(|line| {
            if let Event::LetterOwed { letter, about: _ } = line.event {
                let id = format!("letter-{letter}-{}", line.at.millis());
                if owed.insert(letter, (id, Vec::new())).is_some() {
                    faults.push(format!("letter {letter} was owed twice"));
                }
            } else if let Event::LetterDone { letter, outcome } = line.event
                && let Some((_, outcomes)) = owed.get_mut(&letter)
            {
                outcomes.push(outcome);
            }
        })
        .expect("readable");
    for (letter, (id, outcomes)) in owed {
        // What it asks may stand behind a dot, the server's name behind an at.
        let is_it = |of: &str| of.split(['.', '@']).next() == Some(id.as_str());
        let arrived = seen.mailboxes.keys().filter(|(_, of)| is_it(of)).count();
        match outcomes.as_slice() {
            [LetterOutcome::Taken(_)] if arrived == 1 => {}
            [LetterOutcome::Pointless | LetterOutcome::Failed(_)] if arrived <= 1 => {}
            other => faults.push(format!("letter {letter} arrived at {arrived}, and ended as {other:?}")),
        }
    }
}

fn the_store_is_whole(simulation: &Simulation, depth: Depth, faults: &mut Vec<String>) {
    let store = simulation.store();
    let mut findings = verify::verify(store).expect("verified");
    if depth == Depth::WithRebuild {
        findings.push(verify::compare_with_rebuilt(store).expect("compared"));
    }
    for finding in findings {
        faults.extend(finding.faults.into_iter().map(|fault| format!("{}: {fault}", finding.what)));
    }
    let published = store.posts(PostId(0), usize::MAX).expect("readable");
    let published = published.iter().filter(|info| info.state == PostState::Published).count() as u64;
    let counted: u64 = LISTS
        .iter()
        .map(|name| store.reader().counts(simulation.list(name).id).expect("readable").posts)
        .sum();
    if published != counted {
        faults.push(format!("{published} posts are published, the lists count {counted}"));
    }
}
