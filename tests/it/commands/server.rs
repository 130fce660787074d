//! A command and a server that starts, stops, dies, or is there already.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::scene::{LIST, Scene, World, bare, finish, refused, signal};

#[test]
fn a_folder_is_served_once() {
    let scene = Scene::with_list(World::BesideAServer);
    let data = scene.data();
    assert_eq!(scene.refused_to_serve(), format!("cannot serve: a server is running on {} already", data.display()));
    scene.done(&["list", "show", LIST]);
}

#[test]
fn without_a_configuration_it_is_said_how_to_get_one() {
    let scene = Scene::new(World::Alone);
    for args in [["serve"].as_slice(), &["list", "ls"]] {
        let mut command = bare(&scene.path(""), args);
        command.stdin(Stdio::null());
        let ran = finish(command, b"");
        // A machine that has one at the usual place is not the machine this is about.
        if !std::path::Path::new("/etc/parvis/parvis.toml").exists() {
            assert!(refused(args, &ran).contains("write one with `parvis init --hostname HOST`"), "{ran:?}");
        }
    }
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let scene = Scene::new(World::Alone);
    let config = std::fs::read_to_string(scene.path("parvis.toml")).unwrap();
    scene.file("parvis.toml", config.replacen("127.0.0.1:0", &address.to_string(), 1));
    assert_eq!(
        scene.refused_to_serve(),
        format!("cannot serve: cannot listen on {address}: Address already in use")
    );
    // And nothing is left that would keep the next from starting.
    scene.done(&["list", "ls"]);
}

#[test]
fn commands_while_a_server_stops_and_starts() {
    let mut scene = Scene::with_list(World::BesideAServer);
    let mut added = 0;
    for round in 0..4 {
        let adding = std::thread::scope(|scope| {
            let commands: Vec<_> = (0..6)
                .map(|n| {
                    let email = format!("m{round}-{n}@members.example");
                    let command = scene.command(&["member", "add", LIST, &email, "--no-welcome"]);
                    scope.spawn(move || {
                        std::thread::sleep(Duration::from_millis(n * 15));
                        finish(command, b"")
                    })
                })
                .collect();
            signal("TERM", scene.server());
            commands.into_iter().map(|command| command.join().unwrap()).collect::<Vec<_>>()
        });
        for ran in &adding {
            assert_eq!(ran.code, 0, "{ran:?}");
        }
        added += adding.len();
        assert_eq!(scene.wait_for_server(), 0, "{}", scene.log());
        scene.start_server();
    }
    assert_eq!(scene.json(&["list", "show", LIST])["members"], added);
}

#[test]
fn who_says_nothing_keeps_no_server_from_stopping() {
    let mut scene = Scene::with_list(World::BesideAServer);
    let _silent = std::os::unix::net::UnixStream::connect(scene.data().join("control.sock")).unwrap();
    let began = Instant::now();
    assert_eq!(scene.stop_server(), 0, "{}", scene.log());
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(!scene.data().join("control.sock").exists());
}

#[test]
fn what_a_killed_server_leaves_is_in_nobodys_way() {
    let mut scene = Scene::with_list(World::BesideAServer);
    scene.kill_server();
    assert!(scene.data().join("control.sock").exists());
    scene.done(&["member", "add", LIST, "a@members.example"]);
    scene.start_server();
    assert_eq!(scene.json(&["list", "show", LIST])["members"], 1);
    assert_eq!(scene.stop_server(), 0);
}

#[test]
fn only_the_owner_speaks_to_it() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new(World::BesideAServer);
    let socket = std::fs::metadata(scene.data().join("control.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o077, 0);
}
