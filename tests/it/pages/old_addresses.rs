//! Links into an archive that was elsewhere lead to the same post here, and tell strangers nothing.

use axum::http::StatusCode;
use parvis::flow::import::old_addresses::{Noted, note};

use super::site::{Site, mail};

const TABLE: &str = "\
https://old.example/pipermail/quartier/2026-December/000001.html\t<question@lilas.example>
/hyperkitty/list/quartier@old.example/message/ABCD/ <reponse/1@fournil.example>
# a remark

http://old.example/sympa/arc/quartier/2026-12/msg00003.html,<nobody@lilas.example>
old.example,<question@lilas.example>
/x no-id
";

#[test]
fn they_lead_to_the_permalink_for_good() {
    let site = Site::sample();
    let quartier = site.store.reader().lists_named("quartier").expect("readable").remove(0).id;
    let noted = note(&site.desk, quartier, TABLE).expect("noted");
    assert_eq!((noted.noted, noted.known), (2, 0));
    assert_eq!(noted.unusable.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [5, 6, 7]);
    let again = note(&site.desk, quartier, TABLE).expect("noted");
    assert_eq!(Noted { unusable: Vec::new(), ..again }, Noted { noted: 0, known: 2, unusable: Vec::new() });
    for (old, new) in [
        ("/pipermail/quartier/2026-December/000001.html", "/quartier/m/question%40lilas.example/"),
        ("/hyperkitty/list/quartier@old.example/message/ABCD/", "/quartier/m/reponse%2F1%40fournil.example/"),
    ] {
        let page = site.get(old);
        assert_eq!((page.status, page.header("location")), (StatusCode::MOVED_PERMANENTLY, new), "{old}");
        assert_eq!(site.get(page.header("location")).status, StatusCode::OK);
    }
    assert_eq!(site.get("/pipermail/quartier/2026-December/000002.html").status, StatusCode::NOT_FOUND);
}

#[test]
fn of_a_private_list_they_are_not_there() {
    let site = Site::sample();
    let secret = site.store.reader().lists_named("cercle").expect("readable").remove(0).id;
    let post = site.store.reader().latest_posts(secret, 1).expect("readable").remove(0);
    let table = format!("/pipermail/cercle/2026-December/000000.html <{}>", post.message_id);
    assert_eq!(note(&site.desk, secret, &table).expect("noted").noted, 1);
    site.post(secret, &mail("01-question"));
    let (there, nowhere) = (
        site.get("/pipermail/cercle/2026-December/000000.html"),
        site.get("/pipermail/x/2026-December/1.html"),
    );
    assert_eq!((there.status, there.body), (nowhere.status, nowhere.body));
}
