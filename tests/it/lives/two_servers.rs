//! Two servers that are members of each other, and write to each other's service addresses: it ends
//! by itself, after few mails.

use parvis::domain::proof::Proof;

use super::town::Town;

const HOSTS: [&str; 2] = ["lists.un.example", "lists.deux.example"];
/// In all, both ways (RFC 3834 §2 asks that it end; this is how soon).
const MAILS_MAX: usize = 6;

/// Carries what each town wrote to the other until nothing moves; how many mails that were.
fn carry_until_quiet(towns: &mut [Town; 2], addresses: &[&str]) -> usize {
    let mut carried = 0;
    for _ in 0..50 {
        let mut moved = false;
        for from in 0..2 {
            let to = 1 - from;
            for address in addresses.iter().map(|name| format!("{name}@{}", HOSTS[to])) {
                while let Some(got) = towns[from].next(&address) {
                    (moved, carried) = (true, carried + 1);
                    let raw = String::from_utf8_lossy(&got.raw).replace("\r\n", "\n");
                    // Copies come from their bounce address, letters from nobody; both prove themselves.
                    let letter = raw.contains("\nAuto-Submitted:");
                    let sender = format!("quartier@{}", HOSTS[from]);
                    towns[to].send(&sender, letter, &address, &raw, Proof::Proven);
                }
            }
        }
        if !moved {
            return carried;
        }
    }
    panic!("it never ends");
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn two_servers_that_are_members_of_each_other_come_to_an_end() {
    // By what the other is a member, and who may post: the worst is anybody, unmoderated.
    for (member, posting) in [
        ("quartier", "anyone"),
        ("quartier", "members"),
        ("quartier-request", "anyone"),
        ("parvis", "anyone"),
    ] {
        let mut towns = HOSTS.map(Town::at);
        for (town, n) in towns.iter().zip(0..) {
            town.found(
                &format!("quartier@{}", HOSTS[n]),
                &[pair("moderation", "none"), pair("posting", posting)],
            );
            town.add("quartier", &format!("{member}@{}", HOSTS[1 - n]), vec![]);
            town.add("quartier", "anne@mail.example", vec![]);
        }
        let raw = format!(
            "From: Anne <anne@mail.example>\nTo: <quartier@{}>\nSubject: Bonjour\nMessage-ID: <1@mail.example>\n\nà tous\n",
            HOSTS[0]
        );
        towns[0].send("anne@mail.example", false, &format!("quartier@{}", HOSTS[0]), &raw, Proof::Proven);
        let carried =
            carry_until_quiet(&mut towns, &[member, "quartier", "quartier-aide", "quartier-request"]);
        assert!((1..=MAILS_MAX).contains(&carried), "{member} {posting}: {carried} mails");
        for town in &mut towns {
            let copies = std::iter::from_fn(|| town.next("anne@mail.example")).count();
            assert!(copies <= 2, "{member} {posting}: anne got {copies}");
        }
    }
}

#[test]
fn two_servers_that_ask_each_other_to_join_come_to_an_end() {
    let mut towns = HOSTS.map(Town::at);
    for (town, n) in towns.iter().zip(0..) {
        town.found(&format!("quartier@{}", HOSTS[n]), &[]);
    }
    let services = ["quartier", "quartier-request", "quartier-aide", "parvis"];
    for service in services {
        let raw = format!(
            "From: <{service}@{}>\nTo: <quartier-inscription@{}>\nSubject: inscription\nMessage-ID: <{service}@x.example>\n\n\n",
            HOSTS[1], HOSTS[0]
        );
        let sender = format!("{service}@{}", HOSTS[1]);
        towns[0].send(&sender, false, &format!("quartier-inscription@{}", HOSTS[0]), &raw, Proof::NoMeans);
        let carried = carry_until_quiet(&mut towns, &services);
        assert!(carried <= MAILS_MAX, "{service}: {carried} mails");
        assert!(
            towns[0]
                .member("quartier", &sender)
                .is_none_or(|m| m.state != parvis::domain::member::MemberState::Active)
        );
    }
}
