//! Members added, changed and taken out, one by one and by table.

use expect_test::expect;
use parvis::domain::list::List;
use parvis::domain::member::{Joined, MemberState, Reading, Role};
use parvis::flow::members_csv::{AddedMembers, BadRows, add_members, read};
use parvis::flow::membership::{
    Act, AddOutcome, NotDone, Telling, add_member, parse_language, parse_name, remove_member, set_member,
};
use parvis::flow::obey_command::end_membership;
use parvis::store::event::MemberCause;

use super::scene::{Scene, address, at, wish};

fn act(telling: Telling) -> Act {
    Act { now: at(60), by: None, telling }
}

fn import(scene: &Scene, list: &List, table: &str, telling: Telling, bad_rows: BadRows) -> AddedMembers {
    let rows = read(table.as_bytes(), at(60)).expect("a table");
    add_members(scene.store(), list, rows, act(telling), bad_rows).expect("kept")
}

fn silently(scene: &Scene, list: &List, table: &str) -> AddedMembers {
    import(scene, list, table, Telling::Nobody, BadRows::LeftOut)
}

/// Everybody on a list, in the order they came.
fn shown(scene: &Scene, list: &List) -> String {
    let mut text = String::new();
    for member in scene.store().members(list.id).expect("read") {
        let person = scene.store().person(member.person).expect("read").expect("known");
        text += &format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} since {}\n",
            person.addresses[0],
            person.name,
            person.language,
            member.state,
            member.reading,
            member.role,
            member.joined,
            member.since
        );
    }
    text
}

fn letters(scene: &Scene) -> Vec<String> {
    let owed = scene.store().letters().expect("read");
    owed.iter()
        .map(|letter| serde_json::to_value(&letter.about).expect("plain")["letter"].to_string())
        .collect()
}

fn leave(scene: &Scene, list: &List, email: &str, cause: MemberCause) {
    let person = scene.store().person_at(&address(email)).expect("read").expect("known");
    let member = scene.store().member(list.id, person.id).expect("read").expect("a member");
    scene.store().commit(end_membership(scene.store(), member, cause, at(30))).expect("kept");
}

#[test]
fn a_table_makes_members_and_doubles_none() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let table = "name,email,role,reading,since,language,day,state\n\
        Anne Petit,anne@people.example,animator,daily,2019-03-31,fr,,\n\
        \"Durand, Bob\",Bob@People.example,,,,,,\n\
        ,carla@people.example,member,weekly,2020-01-01T12:00:00+01:00,en-GB,friday,paused\n";
    let done = silently(&scene, &list, table);
    assert_eq!(done, AddedMembers { added: 3, ..AddedMembers::default() });
    let all = shown(&scene, &list);
    expect![[r#"
        anne@people.example "Anne Petit" Some(Fr) Active Daily Animator Imported since 2019-03-31T00:00:00Z
        Bob@People.example "Durand, Bob" None Active Each Member Imported since 2026-11-22T12:01:00Z
        carla@people.example "" Some(En) Paused Weekly Member Imported since 2020-01-01T11:00:00Z
    "#]]
    .assert_eq(&all);
    let again = silently(&scene, &list, table);
    assert_eq!(again, AddedMembers { as_before: 3, ..AddedMembers::default() });
    assert_eq!(shown(&scene, &list), all);
    let changed = silently(&scene, &list, "email;reading\nbob@people.example;none\nanne@people.example;\n");
    assert_eq!((changed.updated, changed.as_before, changed.bad), (1, 1, vec![]));
    assert!(shown(&scene, &list).contains("Active None Member"));
    scene.assert_silence();
}

#[test]
fn bad_rows_keep_no_other_out_unless_wished() {
    let table = "email,reading\nanne@people.example,each\nnobody,each\nbob@people.example,sometimes\nquartier@lists.example,\nquartier-stop@lists.example,\ncarla@people.example,\n";
    let scene = Scene::new();
    let list = scene.list("quartier");
    let stopped = import(&scene, &list, table, Telling::Letter, BadRows::StopAll);
    assert_eq!((stopped.added, stopped.bad.len()), (0, 2));
    assert_eq!(shown(&scene, &list), "");
    let done = silently(&scene, &list, table);
    assert_eq!(done.added, 2);
    let bad: String = done.bad.iter().map(|row| format!("{}: {}\n", row.line, row.why)).collect();
    expect![[r#"
        3: "nobody" is not an address: an address is written name@domain
        4: reading cannot be "sometimes": it takes each, daily, weekly or none
        5: quartier@lists.example is an address of the list itself
        6: quartier-stop@lists.example is an address of the list itself
    "#]]
    .assert_eq(&bad);
    // What only the store can tell stops all as well.
    let own = import(
        &scene,
        &list,
        "email\ndora@people.example\nquartier@lists.example\n",
        Telling::Nobody,
        BadRows::StopAll,
    );
    assert_eq!((own.added, own.bad[0].line), (0, 3));
    assert!(!shown(&scene, &list).contains("dora"));
    let good = import(
        &scene,
        &list,
        "email\ndora@people.example\nemil@people.example\n",
        Telling::Nobody,
        BadRows::StopAll,
    );
    assert_eq!((good.added, good.bad), (2, vec![]));
    scene.assert_silence();
}

#[test]
fn who_left_by_themselves_does_not_come_back_with_a_table() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let table = "email\nanne@people.example\nbob@people.example\ncarla@people.example\n";
    silently(&scene, &list, table);
    leave(&scene, &list, "anne@people.example", MemberCause::LeftByClick);
    leave(&scene, &list, "bob@people.example", MemberCause::Removed);
    leave(&scene, &list, "carla@people.example", MemberCause::LeftByMail);
    let done = import(&scene, &list, table, Telling::Letter, BadRows::LeftOut);
    assert_eq!((done.added, done.as_before), (1, 0));
    let bad: String = done.bad.iter().map(|row| format!("{}: {}\n", row.line, row.why)).collect();
    expect![[r#"
        2: anne@people.example left on 2026-11-22; if they asked to come back, add them with member add
        4: carla@people.example left on 2026-11-22; if they asked to come back, add them with member add
    "#]]
    .assert_eq(&bad);
    let anne = wish("anne@people.example", &[]);
    let added = add_member(scene.store(), &list, &anne, act(Telling::Letter)).expect("kept").expect("taken");
    assert_eq!((added.outcome, added.member.joined), (AddOutcome::Joined, Joined::Declared));
    // On another list they never were.
    assert_eq!(silently(&scene, &scene.list("jardin"), table).added, 3);
}

#[test]
fn only_new_members_are_welcomed_and_each_once() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    silently(&scene, &list, "email\nanne@people.example\n");
    let table = "email,role\nanne@people.example,\nbob@people.example,\ncarla@people.example,animator\n";
    import(&scene, &list, table, Telling::Letter, BadRows::LeftOut);
    assert_eq!(letters(&scene), ["\"welcome\"", "\"now-animator\""]);
    import(&scene, &list, table, Telling::Letter, BadRows::LeftOut);
    assert_eq!(letters(&scene).len(), 2);
}

#[test]
fn a_person_is_one_person_on_all_lists() {
    let scene = Scene::new();
    let (quartier, jardin) = (scene.list("quartier"), scene.list("jardin"));
    silently(&scene, &quartier, "email,name\nanne@people.example,Anne\n");
    silently(&scene, &quartier, "email,name\nanne@people.example,Anne Petit\n");
    silently(&scene, &jardin, "email,name,language\nANNE@people.example,Someone Else,en\n");
    let anne = scene.store().person_at(&address("anne@people.example")).expect("read").expect("known");
    assert_eq!(anne.name, "Anne Petit");
    assert_eq!(scene.store().memberships(anne.id).expect("read").len(), 2);
    assert_eq!(scene.store().persons().expect("read").len(), 1);
    // Two addresses of one person in one table.
    let email = address("anne@people.example");
    let moved = vec![("email".to_owned(), "anne@new.example".to_owned())];
    set_member(scene.store(), &quartier, &email, &moved, act(Telling::Nobody)).expect("kept").expect("taken");
    assert_eq!(scene.store().person_at(&email).expect("read"), None);
}

#[test]
fn ten_thousand_rows_are_taken() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let rows: String = (0..10_000).map(|n| format!("reader{n}@people.example,Reader {n}\n")).collect();
    let table = format!("email,name\n{rows}");
    assert_eq!(silently(&scene, &list, &table).added, 10_000);
    let other = scene.list("jardin");
    let once = import(&scene, &other, &table, Telling::Nobody, BadRows::StopAll);
    assert_eq!((once.added, once.bad.len()), (10_000, 0));
    assert_eq!(scene.store().persons().expect("read").len(), 10_000);
    assert_eq!(scene.store().readers(list.id, at(90)).expect("read").len(), 10_000);
}

#[test]
fn adding_one_who_is_there_says_so() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    let add = |wish| add_member(scene.store(), &list, &wish, act(Telling::Letter)).expect("kept");
    let outcome =
        |settings: &[(&str, &str)]| add(wish("anne@people.example", settings)).map(|added| added.outcome);
    assert_eq!(outcome(&[]), Ok(AddOutcome::Joined));
    assert_eq!(outcome(&[]), Ok(AddOutcome::AsBefore));
    assert_eq!(outcome(&[("reading", "daily")]), Ok(AddOutcome::Updated));
    assert_eq!(outcome(&[("role", "animator")]), Ok(AddOutcome::Updated));
    assert_eq!(outcome(&[("role", "animator")]), Ok(AddOutcome::AsBefore));
    assert_eq!(letters(&scene), ["\"welcome\"", "\"now-animator\""]);
    assert!(matches!(outcome(&[("reading", "often")]), Err(NotDone::Setting(_))));
    assert!(matches!(add(wish("quartier@lists.example", &[])), Err(NotDone::OwnAddress(_))));
    let named =
        parvis::flow::membership::Wish { name: Some("Anne".to_owned()), ..wish("anne@people.example", &[]) };
    let added = add(named).expect("taken");
    assert_eq!((added.outcome, added.person.name.as_str()), (AddOutcome::Updated, "Anne"));
    assert_eq!((added.member.reading, added.member.role), (Reading::Daily, Role::Animator));
}

#[test]
fn settings_of_a_member() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.member(&list, "anne@people.example", &[]);
    scene.member(&list, "bob@people.example", &[]);
    let mut text = String::new();
    for (email, key, value) in [
        ("anne@people.example", "reading", "weekly"),
        ("anne@people.example", "name", "  Anne\r\nPetit "),
        ("anne@people.example", "language", "en"),
        ("anne@people.example", "language", "klingon"),
        ("anne@people.example", "state", "paused"),
        ("anne@people.example", "state", "left"),
        ("anne@people.example", "state", "pending"),
        ("anne@people.example", "hour", "25"),
        ("anne@people.example", "colour", "blue"),
        ("anne@people.example", "email", "a@b>\r\nDATA"),
        ("anne@people.example", "email", "bob@people.example"),
        ("anne@people.example", "email", "quartier-help@lists.example"),
        ("anne@people.example", "email", "Anne@people.example"),
        ("anne@people.example", "email", "anne@new.example"),
        ("anne@people.example", "reading", "each"),
        ("anne@new.example", "reading", "each"),
        ("dora@people.example", "reading", "each"),
    ] {
        let pairs = [(key.to_owned(), value.to_owned())];
        let done =
            set_member(scene.store(), &list, &address(email), &pairs, act(Telling::Letter)).expect("kept");
        let said = match done {
            Ok(added) => format!(
                "{:?}: {} {:?} {:?} {:?} {:?}",
                added.outcome,
                added.person.addresses[0],
                added.person.name,
                added.person.language,
                added.member.reading,
                added.member.state
            ),
            Err(not_done) => not_done.to_string(),
        };
        text += &format!("{key}={value:?}: {said}\n");
    }
    expect![[r#"
        reading="weekly": Updated: anne@people.example "" None Weekly Active
        name="  Anne\r\nPetit ": Updated: anne@people.example "Anne Petit" None Weekly Active
        language="en": Updated: anne@people.example "Anne Petit" Some(En) Weekly Active
        language="klingon": language cannot be "klingon": it takes fr or en
        state="paused": Updated: anne@people.example "Anne Petit" Some(En) Weekly Paused
        state="left": state cannot be set to left: remove the member
        state="pending": state cannot be set to pending: nobody would be asked
        hour="25": hour cannot be "25": it takes an hour from 0 to 23
        colour="blue": a member has no setting "colour"; there are name, email, language, reading, day, hour, role, until, pause_until, digest_form, quiet, own_posts, threads, state, together
        email="a@b>\r\nDATA": "a@b>\r\nDATA" is not an address: the part after the @ is not a domain
        email="bob@people.example": bob@people.example belongs to somebody else
        email="quartier-help@lists.example": quartier-help@lists.example is an address of the list itself
        email="Anne@people.example": Updated: Anne@people.example "Anne Petit" Some(En) Weekly Paused
        email="anne@new.example": Updated: anne@new.example "Anne Petit" Some(En) Weekly Paused
        reading="each": anne@people.example is not a member of quartier@lists.example
        reading="each": Updated: anne@new.example "Anne Petit" Some(En) Each Paused
        reading="each": dora@people.example is not a member of quartier@lists.example
    "#]].assert_eq(&text);
    scene.assert_silence();
    let pairs = [("role".to_owned(), "animator".to_owned())];
    set_member(scene.store(), &list, &address("bob@people.example"), &pairs, act(Telling::Letter))
        .expect("kept")
        .expect("taken");
    assert_eq!(letters(&scene), ["\"now-animator\""]);
}

#[test]
fn taking_somebody_out_is_told_as_such() {
    let scene = Scene::new();
    let list = scene.list("quartier");
    scene.member(&list, "anne@people.example", &[]);
    let email = address("anne@people.example");
    let remove = || remove_member(scene.store(), &list, &email, act(Telling::Letter)).expect("kept");
    let person = remove().expect("a member");
    let member = scene.store().member(list.id, person.id).expect("read").expect("kept");
    assert_eq!(member.state, MemberState::Left);
    let owed = scene.store().letters().expect("read");
    let about = serde_json::to_value(&owed[0].about).expect("plain");
    assert_eq!((about["letter"].as_str(), about["ending"].as_str()), (Some("farewell"), Some("taken-out")));
    assert_eq!(
        remove().map_err(|not_done| not_done.to_string()).expect_err("gone"),
        "anne@people.example is not a member of quartier@lists.example"
    );
    assert_eq!(scene.store().letters().expect("read").len(), 1);
}

#[test]
fn names_and_languages() {
    assert_eq!(parse_name("Anne\u{202e}\r\nBcc: x"), Ok("Anne Bcc: x".to_owned()));
    assert!(parse_name(&"é".repeat(201)).is_err() && parse_name(&"é".repeat(200)).is_ok());
    assert!(parse_language("").is_ok_and(|language| language.is_none()));
    assert!(parse_language("FR_ch").is_ok() && parse_language("frisian").is_err());
}
