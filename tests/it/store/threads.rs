//! Who answers whom, in whatever order it comes.

use parvis::domain::ids::{ListId, MessageId, PostId};
use parvis::store::Store;
use parvis::store::archive::{ThreadId, ThreadSummary};

use super::scene::*;

/// A post of that id, written so many minutes after noon.
fn say(store: &Store, list: ListId, minute: i64, own: &str, answers: &[&str]) -> PostId {
    let date = at(minute * 60).rfc5322(&paris());
    let raw = format!(
        "From: {own} <{own}@writers.example>\r\nDate: {date}\r\nSubject: About {own}\r\n{}\r\nText of {own}\r\n",
        ids(own, answers).replace('\n', "\r\n")
    );
    post(store, list, raw.as_bytes())
}

fn thread_ids(store: &Store, list: ListId, id: ThreadId) -> Vec<String> {
    let thread = store.reader().thread(list, id, 100).expect("readable").expect("there");
    thread.posts.iter().map(|post| post.message_id.to_string()).collect()
}

fn latest(store: &Store, list: ListId) -> Vec<ThreadSummary> {
    store.reader().latest_threads(list, 0, 100).expect("readable")
}

fn key_of(store: &Store, list: ListId, post: PostId) -> String {
    let thread = store.reader().post(post).expect("readable").expect("shown").thread;
    store.reader().thread(list, thread, 0).expect("readable").expect("there").summary.key
}

#[test]
fn a_parent_that_comes_late_finds_its_thread() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let answer = say(store, list, 10, "b", &["a"]);
    let key = key_of(store, list, answer);
    let parent = say(store, list, 0, "a", &[]);
    let thread = ThreadId(answer);
    assert_eq!(thread_ids(store, list, thread), ["a", "b"]);
    let summary = &latest(store, list)[0];
    assert_eq!((summary.subject.as_str(), summary.first_author.as_str()), ("About a", "a"));
    assert_eq!((summary.posts, summary.last_author.as_str()), (2, "b"));
    assert_eq!(summary.key, key, "the link of the thread is what it was");
    assert_eq!(store.reader().post(parent).expect("readable").expect("shown").thread, thread);
    let counts = store.reader().counts(list).expect("counts");
    assert_eq!((counts.posts, counts.threads), (2, 1));
}

#[test]
fn answers_to_what_is_not_there_are_one_thread() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let one = say(store, list, 1, "b", &["lost"]);
    say(store, list, 2, "c", &["lost"]);
    assert_eq!(thread_ids(store, list, ThreadId(one)), ["b", "c"]);
}

#[test]
fn a_post_that_answers_two_threads_joins_them() {
    let mut scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let other_list = make_list(store, "jardin");
    let a = say(store, list, 0, "a", &[]);
    let b = say(store, list, 5, "b", &[]);
    let c = say(store, list, 6, "c", &[]);
    say(store, other_list, 7, "b", &[]);
    let keys = [a, b, c].map(|post| key_of(store, list, post));
    assert_eq!(latest(store, list).iter().map(|t| t.posts).collect::<Vec<_>>(), [1, 1, 1]);

    say(store, list, 20, "d", &["c", "b"]);
    let found = latest(store, list);
    assert_eq!(
        found.iter().map(|t| (t.id, t.posts)).collect::<Vec<_>>(),
        [(ThreadId(b), 3), (ThreadId(a), 1)]
    );
    say(store, list, 21, "e", &["b", "a"]);
    let found = latest(store, list);
    assert_eq!(found.len(), 1);
    let ThreadSummary { id, posts, subject, last_author, .. } = &found[0];
    assert_eq!((*id, *posts, subject.as_str(), last_author.as_str()), (ThreadId(a), 5, "About a", "e"));
    assert_eq!(store.reader().counts(list).expect("counts").threads, 1);
    assert_eq!(store.reader().counts(other_list).expect("counts").threads, 1);

    for _ in 0..2 {
        let store = scene.reopen();
        for (post, key) in [a, b, c].into_iter().zip(&keys) {
            assert_eq!(
                store.reader().thread_of(list, key).expect("readable"),
                Some(ThreadId(a)),
                "an old link"
            );
            assert_eq!(thread_ids(store, list, ThreadId(post)), ["a", "b", "c", "d", "e"]);
        }
        assert_eq!(latest(store, list)[0].key, keys[0], "the older thread's own link stays");
        assert_eq!(store.reader().latest_threads(list, 1, 5).expect("readable"), []);
    }
}

#[test]
fn threads_joined_one_after_the_other_are_still_found_from_the_first_link() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    const THREADS: i64 = 40;
    let posts: Vec<PostId> = (0..THREADS).map(|n| say(store, list, n, &format!("t{n}"), &[])).collect();
    let last = *posts.last().expect("some");
    let key = key_of(store, list, last);
    for n in (1..THREADS).rev() {
        say(store, list, 100 + n, &format!("j{n}"), &[&format!("t{}", n - 1), &format!("t{n}")]);
    }
    assert_eq!(store.reader().thread_of(list, &key).expect("readable"), Some(ThreadId(posts[0])));
    let thread = store.reader().thread(list, ThreadId(last), 1000).expect("readable").expect("there");
    assert_eq!(thread.posts.len() as i64, THREADS * 2 - 1);
    assert_eq!(store.reader().counts(list).expect("counts").threads, 1);
}

#[test]
fn several_posts_of_one_message_id_stay_several() {
    let mut scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let first = say(store, list, 0, "a", &[]);
    let again = post(store, list, &mail("zoe", "Another text", &ids("a", &[])));
    let without = post(store, list, &mail("bob", "No id", ""));
    let id = MessageId::parse("a").expect("an id");
    let told = |store: &Store| {
        let posts = store.reader().posts_by_message_id(list, &id).expect("readable");
        assert_eq!(posts.iter().map(|post| post.id).collect::<Vec<_>>(), [first, again]);
        assert_ne!(posts[0].hash12, posts[1].hash12);
        let made = store.reader().post(without).expect("readable").expect("shown").message_id;
        assert!(made.as_str().ends_with("@lists.example"), "{made}");
        assert_eq!(store.reader().posts_by_message_id(list, &made).expect("readable")[0].id, without);
        (posts[0].hash12.clone(), posts[1].hash12.clone(), made)
    };
    let before = told(store);
    assert_eq!(told(scene.reopen()), before, "links to posts are what they were");
    scene.store().rebuild().expect("built");
    assert_eq!(told(scene.store()), before);
}

#[test]
fn the_first_posts_of_a_thread_are_the_oldest() {
    let scene = Scene::new();
    let store = scene.store();
    let list = make_list(store, "quartier");
    let late = say(store, list, 9, "c", &["a"]);
    say(store, list, 3, "b", &["a"]);
    say(store, list, 1, "a", &[]);
    let thread = store.reader().thread(list, ThreadId(late), 2).expect("readable").expect("there");
    assert_eq!(thread.summary.posts, 3);
    assert_eq!(thread.posts.iter().map(|p| p.message_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(store.reader().thread(list, ThreadId(PostId(99)), 2).expect("readable"), None);
    for hash in ["", "short", "éééééééééééé", "AAAAAAAAAAAA", "aaaaaaaaaaa1", "aaaaaaaaaaaaa"] {
        assert_eq!(store.reader().thread_of(list, hash).expect("readable"), None, "{hash}");
    }
}
