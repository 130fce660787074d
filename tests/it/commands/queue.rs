//! `parvis queue …`

use serde_json::{Value, json};

use super::scene::{LIST, Scene, WORLDS, World, assert_shape, post};
use crate::fake_peer::{FakePeer, Script};

fn with_a_post(world: World) -> Scene {
    let scene = Scene::with_members(world);
    let file = scene.file("1.eml", post("1@x.example", "anne@members.example", "Bonjour", "x"));
    scene.done(&["post", LIST, &file]);
    scene
}

fn ids(queue: &Value) -> Vec<&str> {
    queue.as_array().into_iter().flatten().filter_map(|item| item["id"].as_str()).collect()
}

#[test]
fn what_is_owed_is_shown_and_dropped() {
    for world in WORLDS {
        let scene = with_a_post(world);
        let queue = scene.json(&["queue", "ls"]);
        assert_eq!(queue.as_array().map(Vec::len), Some(2), "{world:?}: {queue}");
        for item in queue.as_array().unwrap() {
            assert_shape(item, "id:text to:text post:text attempts:number next:moment last_reply:text|null");
            assert_eq!(item["post"], "1@x.example");
        }
        scene.done(&["member", "add", LIST, "claire@members.example"]);
        let queue = scene.json(&["queue", "ls"]);
        let letter = &queue[2];
        assert_shape(letter, "id:text to:text post:null attempts:number next:moment last_reply:text|null");
        let words = scene.done(&["queue", "ls"]);
        assert!(words.starts_with("ID") && words.contains("claire@members.example"), "{words}");

        for id in ids(&queue) {
            scene.done(&["queue", "retry", id]);
            assert_eq!(scene.json(&["queue", "drop", id]), json!({ "dropped": id }));
            let nothing = "nothing waits under this id; parvis queue ls shows what does";
            assert_eq!(scene.refused(&["queue", "drop", id]), format!("cannot drop {id}: {nothing}"));
            assert_eq!(scene.refused(&["queue", "retry", id]), format!("cannot try {id} again: {nothing}"));
        }
        assert_eq!(scene.json(&["queue", "ls"]), json!([]));
        assert_eq!(scene.done(&["queue", "ls"]), "nothing is owed to anybody\n");
        assert_eq!(
            scene.refused(&["queue", "drop", "x-1"]),
            "cannot drop x-1: it is no id of the queue; parvis queue ls shows them"
        );
        scene.done(&["queue", "retry"]);
        assert_eq!(scene.json(&["queue", "release"])["was_fenced"], false);
    }
}

#[test]
fn release_may_drop_what_is_old() {
    for world in WORLDS {
        let scene = with_a_post(world);
        let kept = scene.json(&["queue", "release", "--newer-than", "2001-01-01"]);
        assert_eq!((&kept["released"], &kept["dropped"]), (&json!(2), &json!(0)));
        let dropped = scene.json(&["queue", "release", "--newer-than", "2999-01-01T00:00:00+01:00"]);
        assert_eq!((&dropped["released"], &dropped["dropped"]), (&json!(0), &json!(2)));
        assert_eq!(scene.json(&["queue", "ls"]), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_is_tried_again_now() {
    let peer = FakePeer::start(Script::default()).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let route = format!("smtp://{}", free.local_addr().unwrap());
    drop(free);
    let peer_route = peer.route("smtp");
    tokio::task::spawn_blocking(move || {
        let mut scene = Scene::with_route(World::Alone, &route);
        scene.done(&["list", "create", LIST]);
        for member in ["anne", "bob"] {
            scene.done(&["member", "add", LIST, &format!("{member}@members.example"), "--no-welcome"]);
        }
        let file = scene.file("1.eml", post("1@x.example", "anne@members.example", "Bonjour", "x"));
        scene.done(&["post", LIST, &file]);
        scene.start_server();
        let queue = until(&scene, |queue| queue.as_array().unwrap().iter().all(|item| item["attempts"] == 1));
        assert!(queue[0]["last_reply"].as_str().unwrap().contains("cannot connect"), "{queue}");
        assert_eq!(scene.stop_server(), 0);
        // The server of the members' mailboxes is where it should be now.
        let config = std::fs::read_to_string(scene.path("parvis.toml")).unwrap();
        scene.file("parvis.toml", config.replace(&route, &peer_route));
        scene.start_server();
        assert_eq!(scene.json(&["queue", "ls"]).as_array().map(Vec::len), Some(2), "its time has not come");
        assert_eq!(scene.json(&["queue", "retry"])["again"], 2);
        until(&scene, |queue| *queue == json!([]));
        let trace = scene.json(&["trace", "1@x.example"]);
        let taken: Vec<&Value> =
            trace["events"].as_array().unwrap().iter().filter(|event| event["what"] == "taken").collect();
        assert_eq!(taken.len(), 2, "{trace:#}");
        assert!(
            taken
                .iter()
                .all(|event| event["to"].is_string() && event["reply"].as_str().unwrap().starts_with("250")),
            "{trace:#}"
        );
    })
    .await
    .unwrap();
    assert_eq!(peer.seen().taken.len(), 2);
}

#[test]
fn a_letter_that_was_put_off_says_so_and_is_tried_again_now() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let route = format!("smtp://{}", free.local_addr().unwrap());
    drop(free);
    let mut scene = Scene::with_route(World::Alone, &route);
    scene.done(&["list", "create", LIST]);
    scene.done(&["member", "add", LIST, "anne@members.example"]);
    scene.start_server();
    let queue = until(&scene, |queue| queue[0]["attempts"] == 1);
    assert!(queue[0]["last_reply"].as_str().unwrap().contains("cannot connect"), "{queue}");
    let id = queue[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(scene.json(&["queue", "retry", &id])["again"], 1);
    until(&scene, |queue| queue[0]["attempts"] == 2);
    assert_eq!(scene.stop_server(), 0);
}

/// Looks at the queue until it is as it should be.
fn until(scene: &Scene, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let queue = scene.json(&["queue", "ls"]);
        if is(&queue) {
            return queue;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the queue stays as it is: {:#}\n{}", scene.json(&["queue", "ls"]), scene.log());
}
