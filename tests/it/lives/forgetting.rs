//! After somebody is forgotten, nothing in the data folder names them, but for what docs/privacy.md
//! says; all else is as it was.

use std::io::Read;
use std::path::{Path, PathBuf};

use parvis::domain::address::EmailAddress;
use parvis::domain::ids::PostId;
use parvis::domain::proof::Proof;
use parvis::domain::wish::PostsLeft;
use parvis::flow::forget::{self, Report};
use parvis::flow::import::{self, Item, Message, Run};
use parvis::store::archive::{PostState, PostSummary};
use parvis::store::event::Decider;
use parvis::store::verify;

use super::town::Town;

const ZOE: &str = "zoe.martin@courrier.example";
const BOB: &str = "bob@club.example";
const DAILY: &str = "daily@club.example";
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
/// What tells her, in lower case.
const TRACES: [&str; 6] = [
    "zoe.martin@courrier.example",
    "zoé martin",
    "zo=c3=a9 martin",
    "martin, zoé",
    "zoe.martin%40",
    "zouzou",
];

/// A list where Zoé wrote, was answered and quoted in every way programs do, and asked for things.
fn lived_in() -> Town {
    let mut town = Town::new();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    town.found("quartier@lists.example", &[pair("moderation", "none"), pair("archive", "public")]);
    town.found("jardin@lists.example", &[pair("moderation", "all")]);
    town.add(
        "quartier",
        ZOE,
        vec![pair("name", "Zoé_Martin"), pair("reading", "weekly"), pair("quiet", "22-7")],
    );
    town.add("jardin", ZOE, vec![]);
    town.add("quartier", BOB, vec![pair("name", "Bob")]);
    let mut send = |from: &str, to: &str, id: &str, fields: &str, body: &str| {
        let raw = format!(
            "From: {from}\nTo: <{to}@lists.example>\nMessage-ID: <{id}>\nDate: Mon, 23 Nov 2026 10:00:00 +0100\n\
             MIME-Version: 1.0\n{fields}\n\n{body}"
        );
        let address = from.split(['<', '>']).nth(1).unwrap_or(from).to_owned();
        assert_eq!(
            town.send(&address, false, &format!("{to}@lists.example"), &raw, Proof::Proven),
            250,
            "{raw}"
        );
    };
    let zoe = "=?utf-8?q?Zo=C3=A9_Martin?= <Zoe.Martin@courrier.example>";
    let text = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit";
    send(
        zoe,
        "quartier",
        "a1@courrier.example",
        &format!("Subject: Vide-grenier\n{text}"),
        "Venez dimanche.\n\n-- \nZoé Martin, 06 12 34 56 78\n",
    );
    send(
        "\"Zouzou\" <zoe.martin@courrier.example>",
        "quartier",
        "a2@courrier.example",
        "Subject: Re: Vide-grenier\nIn-Reply-To: <a1@courrier.example>\nReferences: <a1@courrier.example>",
        "Et samedi aussi.\n",
    );
    let reply = "Subject: Re: Vide-grenier\nReferences: <a1@courrier.example>";
    send(
        "Bob <bob@club.example>",
        "quartier",
        "b1@club.example",
        &format!("{reply}\n{text}"),
        "Le lun. 23 nov. 2026, Zoé Martin <zoe.martin@courrier.example> a écrit :\n> Venez dimanche.\n\nOui !\n",
    );
    send(
        "Bob <bob@club.example>",
        "quartier",
        "b2@club.example",
        &format!(
            "{reply}\nCc: \"Martin, =?utf-8?b?Wm/DqQ==?=\" <zoe.martin@courrier.example>\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64"
        ),
        "TWVyY2kgWm/DqSBNYXJ0aW4sIGVjcmlzLW1vaSA6IHpvZS5tYXJ0\naW5AY291cnJpZXIuZXhhbXBsZQo=\n",
    );
    send(
        "Bob <bob@club.example>",
        "quartier",
        "b3@club.example",
        &format!(
            "{reply}\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable"
        ),
        "<p>Merci Zo=C3=A9 Mar=\ntin, <a href=3D\"mailto:zoe.martin%40courrier.example\">=C3=A9cris</a></p>\n",
    );
    send(zoe, "jardin", "a3@courrier.example", "Subject: Graines", "Qui en veut ?\n");
    send(zoe, "quartier-request", "a4@courrier.example", "Subject: pause jusqu'au 15 décembre", "\n");
    send(
        "Bob <bob@club.example>",
        "quartier-animateurs",
        "b4@club.example",
        "Subject: Question",
        "Qui est zoe.martin@courrier.example ?\n",
    );
    town
}

/// What lies about in a folder of some age: a server's complaint about her mailbox, a digest her
/// neighbours await, an edition in which an animator names her, a list that was removed, the end of
/// a file that was set aside, a picture made small, a state that could not be opened.
fn of_some_age(town: &mut Town) {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let zoe = "Zoé Martin <zoe.martin@courrier.example>";
    let copy = town.all(BOB).into_iter().next().expect("he reads each post");
    let report = format!(
        "From: <>\nTo: <{}>\nMessage-ID: <dsn@courrier.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\n\
         <zoe.martin@courrier.example>: mailbox full\n\n--x\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.courrier.example\n\nFinal-Recipient: rfc822; zoe.martin@courrier.example\n\
         Action: failed\nStatus: 5.2.2\n\n--x--\n",
        copy.sender
    );
    assert_eq!(town.send("", true, &copy.sender, &report, Proof::NoMeans), 250);
    town.add("quartier", DAILY, vec![pair("reading", "daily")]);
    let raw = format!(
        "From: {zoe}\nTo: <quartier@lists.example>\nMessage-ID: <a5@courrier.example>\n\
         Subject: Pour demain\nContent-Type: text/plain; charset=utf-8\n\nRendez-vous.\n\n-- \nZouzou\n"
    );
    assert_eq!(town.send(ZOE, false, "quartier@lists.example", &raw, Proof::Proven), 250);
    town.found("gazette@lists.example", &[pair("moderation", "none"), pair("curation", "draft")]);
    town.add("gazette", ZOE, vec![pair("reading", "weekly")]);
    let raw = raw.replace("<a5@", "<a6@").replace("quartier@", "gazette@");
    assert_eq!(town.send(ZOE, false, "gazette@lists.example", &raw, Proof::Proven), 250);
    parvis::flow::digests::draft_now(&town.desk, &town.list("gazette")).expect("drafted");
    let aside = town.data().join("set-aside");
    std::fs::create_dir_all(&aside).expect("a folder");
    std::fs::write(aside.join("mail-000009"), format!("From: {zoe}\n\nla moitié d'un message"))
        .expect("written");
    let unusable = town.data().join("state.unusable-1");
    std::fs::create_dir_all(&unusable).expect("a folder");
    std::fs::write(unusable.join("db"), b"..zoe.martin@courrier.example..").expect("written");
}

/// Every file below a folder, with what is in it, unpacked as far as programs pack.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).expect("readable");
            found.push((path, bytes));
        }
    }
    found
}

/// Where any of her traces stands, as it is, or in text wrapped for the road, or packed.
fn traces_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (path, bytes) in files(folder) {
        let mut texts = vec![bytes.clone()];
        // sled keeps values as they are; frames of zstd, wherever they begin, are opened.
        let magic = [0x28, 0xb5, 0x2f, 0xfd];
        for at in bytes.windows(4).enumerate().filter(|(_, four)| *four == magic).map(|(at, _)| at) {
            let mut plain = Vec::new();
            if let Ok(mut decoder) = zstd::Decoder::new(&bytes[at..]) {
                let _ = decoder.read_to_end(&mut plain);
                texts.push(plain);
            }
        }
        let words = String::from_utf8_lossy(&bytes).replace("=\n", "").replace("=\r\n", "");
        texts.push(words.clone().into_bytes());
        for run in words.split("\n\n").filter(|run| run.len() > 20) {
            let joined: String = run.split_whitespace().collect();
            texts.extend(data_encoding::BASE64.decode(joined.as_bytes()));
        }
        for text in texts {
            let text = String::from_utf8_lossy(&text).to_lowercase();
            found.extend(
                TRACES
                    .iter()
                    .filter(|trace| text.contains(**trace))
                    .map(|trace| format!("{trace} in {}", path.display())),
            );
        }
    }
    found.sort();
    found.dedup();
    found
}

fn posts(town: &Town) -> Vec<PostSummary> {
    let reader = town.desk.store.reader();
    let numbers = reader.post_numbers(town.list("quartier").id).expect("readable");
    numbers.into_iter().map(|post| reader.post(post).expect("readable").expect("published")).collect()
}

fn erase(town: &Town, how: PostsLeft) -> Report {
    let email = EmailAddress::parse(ZOE).expect("valid");
    let person = town.desk.store.person_at(&email).expect("readable").expect("known");
    forget::begin(&town.desk, &person, how, Some(Decider::Operator)).expect("begun");
    forget::carry_out(&town.desk, person.id).expect("done")
}

fn all_is_well(town: &Town) {
    for finding in verify::verify(&town.desk.store).expect("looked at") {
        assert_eq!(finding.faults, Vec::<String>::new(), "{}", finding.what);
    }
    let compared = verify::compare_with_rebuilt(&town.desk.store).expect("built");
    assert_eq!(compared.faults, Vec::<String>::new(), "the state is what the truth says");
}

#[test]
fn nothing_names_who_was_forgotten() {
    for how in [PostsLeft::Nameless, PostsLeft::Withdrawn] {
        let town = lived_in();
        town.desk.search.catch_up_wholly(|_| ()).expect("indexed");
        assert!(traces_in(&town.data()).len() > 10, "she is everywhere");
        let before = posts(&town);
        let report = erase(&town, how);
        assert_eq!((report.own, report.mentions), (4, 4), "{report:?}");
        assert_eq!(traces_in(&town.data()), Vec::<String>::new());
        let said =
            files(&town.data()).iter().any(|(_, bytes)| memchr::memmem::find(bytes, b"06 12 34").is_some());
        assert!(!said, "nor does her signature");
        all_is_well(&town);

        // What others wrote is there, in the same threads, under the same links.
        let after = posts(&town);
        assert_eq!(after.len(), before.len());
        for (was, is) in before.iter().zip(&after) {
            assert_eq!(
                (&was.message_id, was.thread, was.date, &was.hash12),
                (&is.message_id, is.thread, is.date, &is.hash12)
            );
            let hers = was.message_id.as_str().starts_with('a');
            let nameless = hers && how == PostsLeft::Nameless;
            assert_eq!(is.author_name.starts_with("Ex-membre"), nameless, "{is:?}");
            assert_eq!(is.withdrawn.is_some(), hers && how == PostsLeft::Withdrawn, "{is:?}");
        }
        assert!(town.desk.store.held().expect("readable").iter().all(|item| item.from == BOB));
        // Once more changes nothing.
        let number = town.desk.store.forgettings().expect("readable")[0].person;
        assert_eq!(forget::carry_out(&town.desk, number).expect("done"), Report::default());
    }
}

#[test]
fn nothing_names_her_in_a_folder_of_some_age() {
    for how in [PostsLeft::Nameless, PostsLeft::Withdrawn] {
        let mut town = lived_in();
        of_some_age(&mut town);
        town.desk.search.catch_up_wholly(|_| ()).expect("indexed");
        assert!(traces_in(&town.data()).len() > 10, "she is everywhere");
        let report = erase(&town, how);
        assert_eq!(traces_in(&town.data()), Vec::<String>::new(), "{report:?}");
        all_is_well(&town);
        // What her neighbours await comes, and does not name her either; nor does anything later.
        for _ in 0..8 {
            town.later(DAY);
            parvis::flow::digests::issue_due(&town.desk).expect("issued");
            town.later(std::time::Duration::from_secs(60));
        }
        let digests = town.all(DAILY);
        assert!(digests.iter().any(|got| got.text.contains("Pour demain")) || how == PostsLeft::Withdrawn);
        for got in digests {
            let raw = String::from_utf8_lossy(&got.raw).to_lowercase() + &got.text.to_lowercase();
            assert_eq!(TRACES.iter().find(|trace| raw.contains(**trace)), None, "{raw}");
        }
        assert_eq!(traces_in(&town.data()), Vec::<String>::new(), "a week later");
        all_is_well(&town);
    }
}

#[test]
fn no_old_archive_and_no_table_brings_her_back() {
    let town = lived_in();
    let list = town.list("quartier");
    let raw: Vec<Vec<u8>> =
        posts(&town).iter().map(|post| town.desk.store.raw(post.id).expect("read").expect("there")).collect();
    erase(&town, PostsLeft::Nameless);
    let more =
        b"From: Zo\xc3\xa9 Martin <zoe.martin@courrier.example>\r\nMessage-ID: <old@courrier.example>\r\n\
        Date: Mon, 5 Jan 2015 10:00:00 +0100\r\nSubject: Ancien\r\n\r\nUn vieux mot.\r\n"
            .to_vec();
    let archive: Vec<Vec<u8>> = raw.into_iter().chain([more]).collect();
    let again = |town: &Town| {
        let items = archive.iter().zip(1..).map(|(raw, n)| {
            Ok(Item::Message(Message { n, raw: raw.clone(), sender: ZOE.to_owned(), dated: None }))
        });
        import::import(&town.desk.store, list.id, town.desk.now(), items, Run::Real, &mut |_| {})
            .expect("imported")
    };
    let imported = again(&town);
    assert_eq!((imported.imported, imported.duplicates), (1, 5));
    assert_eq!(again(&town).duplicates, 6, "twice doubles nothing");
    assert_eq!(traces_in(&town.data()), Vec::<String>::new());
    assert_eq!(posts(&town).iter().filter(|post| post.author_name.starts_with("Ex-membre")).count(), 3);
    let email = EmailAddress::parse(ZOE).expect("valid");
    let wish = parvis::flow::membership::Wish {
        email,
        name: None,
        language: None,
        since: None,
        settings: Vec::new(),
        joined: parvis::domain::member::Joined::Imported,
    };
    let act = parvis::flow::membership::Act {
        now: town.desk.now(),
        by: None,
        telling: parvis::flow::membership::Telling::Nobody,
    };
    let refused =
        parvis::flow::membership::add_member(&town.desk.store, &list, &wish, act).expect("readable");
    assert!(refused.is_err_and(|why| why.to_string().contains("wished to be forgotten")));
}

#[test]
fn it_is_taken_up_again_wherever_it_was_stopped() {
    // What was begun and carried no further, and what was carried half way: some files done, some
    // not, as a machine that stops leaves it. The next look of the house ends it.
    for done in 0..4 {
        let mut town = lived_in();
        let email = EmailAddress::parse(ZOE).expect("valid");
        let person = town.desk.store.person_at(&email).expect("readable").expect("known");
        forget::begin(&town.desk, &person, PostsLeft::Nameless, None).expect("begun");
        if done > 0 {
            town.desk.store.keep_names(person.id, &["Zoé Martin".into(), "Zouzou".into()]).expect("kept");
        }
        if done > 1 {
            // Half the posts are made anew, by hand, and a file lies beside its place.
            let list = town.list("quartier").id;
            let file = format!("mail/{list}/000001.mbox");
            town.desk.store.replace_messages(&file, |message| {
                (message.post == PostId(1)).then(|| parvis::store::rewrite::Replaced {
                    sender: String::new(),
                    raw: b"From: x@x.invalid\r\nMessage-ID: <a1@courrier.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\n".to_vec(),
                })
            }, |_| None).expect("replaced");
            std::fs::write(
                town.data().join(format!("{file}.beside")),
                b"half of zoe.martin@courrier.example",
            )
            .expect("written");
        }
        if done > 2 {
            town.desk.store.forget_person(person.id).expect("gone");
            // From here on nobody can say whom to look for; all before was done when it came so far.
            continue;
        }
        town.later(std::time::Duration::from_secs(3_600));
        assert_eq!(traces_in(&town.data()), Vec::<String>::new(), "stopped after {done}");
        assert!(town.desk.store.forgettings().expect("readable")[0].done.is_some());
        all_is_well(&town);
        assert!(
            town.desk
                .store
                .posts(PostId(0), 100)
                .expect("readable")
                .iter()
                .all(|p| p.state != PostState::Undecided)
        );
    }
}
