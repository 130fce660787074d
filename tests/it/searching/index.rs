//! The index beside the archive: it follows, it is never ahead, and it may be lost.

use std::fs;

use parvis::domain::time::Zone;
use parvis::search::{Order, Reader, Search, Standing};

use super::{Town, find_in, names, village_posts};
use crate::pages::site::Site;

fn found_in(town: &Town, search: &Search, query: &str) -> Vec<String> {
    names(&find_in(search, town.village, Reader::Member, Order::Relevance, query))
}

/// Another look at the same folder, as a later start has it.
fn later(town: &Town) -> Search {
    Search::new(town.site.store.reader().clone(), Zone::utc())
}

#[test]
fn what_is_published_is_found_once_it_is_taken_in() {
    let town = Town::new();
    let more = b"From: Ali <ali@lilas.example>\r\nSubject: Ruche\r\nMessage-ID: <ruche@lilas.example>\r\n\r\nUn essaim !\r\n";
    town.site.post(town.village, more);
    assert_eq!(names(&town.find("essaim")), Vec::<String>::new());
    assert_eq!(town.site.search.catch_up().expect("an index"), Standing::UpToDate);
    assert_eq!(names(&town.find("essaim")), ["ruche"]);
    assert_eq!(names(&town.find("école")), ["fete"]);
}

#[test]
fn a_later_start_goes_on_where_the_earlier_one_was() {
    let Town { site, village, circle } = Town::new();
    let (reader, zone) = (site.store.reader().clone(), Zone::utc());
    let Site { search, store, .. } = site;
    drop(search);
    let again = Search::new(reader, zone);
    assert_eq!(again.catch_up().expect("an index"), Standing::UpToDate);
    let found = find_in(&again, village, Reader::Member, Order::Relevance, "école");
    assert_eq!(names(&found), ["fete"], "and not twice");
    assert_eq!(store.reader().counts(circle).expect("readable").posts, 1);
}

#[test]
fn a_broken_index_is_put_aside_and_built_again() {
    for damage in ["missing", "meta", "truncated", "changed", "emptied", "nonsense"] {
        let town = Town::new();
        let folder = town.site.store.reader().data().join("search");
        // The earlier server has ended: its index is open no more.
        town.site.search.close();
        let mut files: Vec<_> =
            fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        let of = |end: &str| files.iter().find(|file| file.to_string_lossy().ends_with(end)).expect(end);
        match damage {
            "missing" => fs::remove_dir_all(&folder).expect("removed"),
            "meta" => fs::remove_file(of("meta.json")).expect("removed"),
            "truncated" => fs::write(of(".store"), b"").expect("written"),
            "changed" => {
                let mut bytes = fs::read(of(".idx")).expect("read");
                bytes[3] ^= 0xff;
                fs::write(of(".idx"), bytes).expect("written");
            }
            "emptied" => files.iter().step_by(2).for_each(|file| fs::remove_file(file).expect("removed")),
            _ => fs::write(of("meta.json"), b"{}").expect("written"),
        }
        let again = later(&town);
        again.catch_up_wholly(|_| ()).expect(damage);
        assert_eq!(found_in(&town, &again, "école"), ["fete"], "{damage}");
        assert_eq!(found_in(&town, &again, "clairière"), ["longtemps"], "{damage}");
        assert!(!folder.with_extension("unusable").exists(), "{damage}");
    }
}

#[test]
fn an_index_of_another_archive_is_not_believed() {
    let (one, other) = (Town::new(), Town::new());
    other.site.post(other.village, &village_posts()[0]);
    other.site.search.catch_up_wholly(|_| ()).expect("an index");
    let folder = |town: &Town| town.site.store.reader().data().join("search");
    one.site.search.close();
    other.site.search.close();
    fs::remove_dir_all(folder(&one)).expect("removed");
    fs::rename(folder(&other), folder(&one)).expect("moved");
    let again = later(&one);
    again.catch_up_wholly(|_| ()).expect("an index");
    assert_eq!(found_in(&one, &again, "école"), ["fete"]);
}

#[test]
fn built_again_by_command_it_finds_the_same() {
    let town = Town::new();
    let before = names(&town.find("jardin"));
    town.site.search.rebuild().expect("an index");
    assert_eq!(names(&town.find("jardin")), before);
    assert!(!before.is_empty());
}

#[test]
fn before_there_is_an_index_nothing_is_found_and_that_is_said() {
    let site = Site::empty();
    let list = site.list("village@lists.example.org", "Le village", &[("archive", "public")]);
    site.posts(list, &village_posts());
    let page = site.get("/village/search?q=%C3%A9cole");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("<mark>"));
    site.search.catch_up_wholly(|_| ()).expect("an index");
    assert!(site.get("/village/search?q=%C3%A9cole").text().contains("<mark>école</mark>"));
}
