//! Sample facts for the letters about what animators ask for.

use super::Neighbourhood;
use crate::domain::care::Came;
use crate::domain::list::Language;
use crate::domain::member::{MemberState, Reading, Role};
use crate::domain::time::Timestamp;
use crate::letters::history::{Happened, HistoryEntry};
use crate::letters::kinds::Group;
use crate::letters::orders::{
    History, MemberRow, Members, MembersShown, Order, OrderAct, OrderLine, Ordered, Overview, Recalled,
};

/// The letter of that sample.
pub(super) fn letter<'a>(
    name: &str,
    language: Language,
    place: &'a Neighbourhood,
    group: Group<'a>,
) -> Order<'a> {
    let (all, title) = (&place.ordered, place.title);
    let (people, unclear, topics) = (&all[..3], &all[3..9], &all[9..]);
    let ordered = |lines| Ordered { group, lines };
    let recalled = Recalled {
        group,
        author: "Jeanne Petit",
        title,
        by: "Claire Martin",
        by_reader: name == "recalled" || name == "recalled-own",
        own: name == "recalled-own" || name == "recalled-of-reader",
        gone: match name {
            "recalled-own" => (0, 312),
            "recalled-late" => (312, 312),
            _ => (41, 312),
        },
    };
    let members =
        |rows, shown| Members { group, count: if shown == MembersShown::Names { 1 } else { 4 }, rows, shown };
    match name {
        "ask-orders" => Order::Ask(ordered(people)),
        "ask-orders-unclear" => Order::Ask(ordered(&all[2..6])),
        "ask-orders-topic" => Order::Ask(ordered(&topics[..1])),
        "orders-done" => Order::Done(ordered(&all[..1])),
        "orders-done-some" => Order::Done(ordered(&all[2..5])),
        "orders-done-none" => Order::Done(ordered(unclear)),
        "members" => Order::Members(members(&place.rows, MembersShown::Whole)),
        "members-names" => Order::Members(members(&place.rows[..1], MembersShown::Names)),
        "members-count" => Order::Members(members(&[], MembersShown::Count)),
        "history" => Order::History(History { group, entries: &place.history }),
        "history-none" => Order::History(History { group, entries: &[] }),
        "overview" => Order::Overview(Overview { group, members: 48, paused: 2, unreached: 1, posts: 12 }),
        "overview-quiet" => {
            let members = if language == Language::Fr { 1 } else { 2 };
            Order::Overview(Overview { group, members, paused: 0, unreached: 0, posts: 0 })
        }
        _ => Order::Recalled(recalled),
    }
}

/// What an animator may ask for.
pub(super) fn ordered(title: &str) -> Vec<OrderLine> {
    let line = |act, who: &str, title: &str, came| OrderLine {
        act,
        who: who.to_owned(),
        title: title.to_owned(),
        posts: if act == OrderAct::Pace { 3 } else { 0 },
        came,
    };
    vec![
        line(OrderAct::Add, "Anne Martin (anne@courrier.example)", "", Came::Done),
        line(OrderAct::Add, "paul@courrier.example", "", Came::Done),
        line(OrderAct::Animate, "Luc Roy (luc@courrier.example)", "", Came::Done),
        line(OrderAct::Add, "Jeanne Petit", "", Came::NoAddress),
        line(OrderAct::Add, "marcel@courrier.example", "", Came::Already),
        line(OrderAct::Remove, "Lea", "", Came::NoSuchName),
        line(OrderAct::Remove, "Jeanne", "", Came::SeveralOfThatName),
        line(OrderAct::Remove, "hugo@courrier.example", "", Came::NoMember),
        line(OrderAct::Add, "noe@courrier.example", "", Came::Banned),
        line(OrderAct::Slow, "", title, Came::Done),
        line(OrderAct::Close, "", title, Came::Done),
    ]
}

/// What was decided.
pub(super) fn history(title: &str, now: Timestamp) -> Vec<HistoryEntry> {
    let entry = |hours: i64, who: &str, what, whom: &str, words: &str| HistoryEntry {
        at: Timestamp::from_seconds(now.seconds() - hours * 3_600),
        who: who.to_owned(),
        what,
        whom: whom.to_owned(),
        title: title.to_owned(),
        words: words.to_owned(),
    };
    vec![
        entry(2, "Claire Martin", Happened::Sent, "Jeanne Petit", ""),
        entry(26, "Paul Petit", Happened::Refused, "Luc Roy", "hors sujet"),
        entry(50, "Claire Martin", Happened::Added, "Anne Martin", ""),
        entry(51, "", Happened::Removed, "Marc Noir", ""),
        entry(90, "Claire Martin", Happened::Slowed, "", ""),
        entry(91, "", Happened::Unreached, "Anne Roy", ""),
    ]
}

/// Who is part of a group.
pub(super) fn rows() -> Vec<MemberRow> {
    let row = |name: &str, address: &str, reading, role, state| MemberRow {
        name: name.to_owned(),
        address: address.to_owned(),
        reading,
        role,
        state,
    };
    let (active, member) = (MemberState::Active, Role::Member);
    vec![
        row("Claire Martin", "claire@courrier.example", Reading::Each, Role::Animator, active),
        row("Jeanne Petit", "jeanne@courrier.example", Reading::Weekly, member, active),
        row("", "paul@courrier.example", Reading::Daily, member, MemberState::Paused),
        row("Anne Roy", "anne@ancien.example", Reading::Each, member, MemberState::Bouncing),
    ]
}
