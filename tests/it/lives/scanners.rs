//! Programs that fetch every link of every mail before its reader does, each of them more than once:
//! nothing is changed by that (threat C07), whatever letter or copy the link stands in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use mail_parser::MessageParser;
use parvis::config::Config;
use parvis::web;
use tower::ServiceExt;

use super::script;
use super::town::{HOST, Town};

/// What fetches links: browsers, the scanners of large providers, and who only looks ahead.
const AGENTS: [(&str, &str); 4] = [
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
    ("user-agent", "Mozilla/5.0 (compatible; SafeLinks scanner)"),
    ("sec-purpose", "prefetch"),
    ("purpose", "prefetch"),
];

/// The links of a mail to this server: in its fields, its text and its HTML.
fn links(raw: &[u8]) -> BTreeSet<String> {
    let parsed = MessageParser::default().parse(raw).expect("what we send is a mail");
    let head = String::from_utf8_lossy(raw).split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let bodies = parsed.parts.iter().filter_map(|part| part.text_contents().map(ToOwned::to_owned));
    let mut found = BTreeSet::new();
    for text in bodies.chain([head]) {
        for rest in text.split(&format!("https://{HOST}")).skip(1) {
            let end = rest.find(|c: char| c.is_whitespace() || "<>\"'),".contains(c)).unwrap_or(rest.len());
            found.insert(rest[..end].replace("&amp;", "&"));
        }
    }
    found
}

/// Every file of the truth, as it is now.
fn truth(town: &Town) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in ["mail", "journal", "people", "deliveries", "transit"] {
        let Ok(entries) = std::fs::read_dir(town.data().join(folder)) else { continue };
        for path in entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_file()) {
            found.insert(path.display().to_string(), std::fs::read(&path).expect("readable"));
        }
    }
    found
}

fn config(town: &Town) -> Config {
    let text = format!(
        "hostname = \"{HOST}\"\ndata_dir = \"{}\"\n[web]\nbase_url = \"https://{HOST}\"\n",
        town.data().display()
    );
    let path = town.data().join("parvis.toml");
    Config::from_text(Some(&text), &path, Vec::new(), &|file| file.exists()).expect("a configuration")
}

#[test]
fn fetching_every_link_of_every_mail_changes_nothing() {
    let (mut fetched, mut shapes) = (0, BTreeSet::new());
    for entry in std::fs::read_dir(Path::new("tests/lives")).expect("lives") {
        let file = entry.expect("readable").path();
        let town = script::played(&std::fs::read_to_string(&file).expect("readable")).expect("a life");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let router = {
            let _within = runtime.enter();
            web::router(parvis::serve::pages_of(&config(&town), &Arc::clone(&town.desk)).expect("pages"))
        };
        let found: BTreeSet<String> = town
            .everybody()
            .iter()
            .flat_map(|email| town.all(email))
            .flat_map(|got| links(&got.raw))
            .collect();
        let before = truth(&town);
        for link in &found {
            let first = link.trim_start_matches('/').split('/').next().unwrap_or_default();
            shapes.insert(if first.len() < 3 { first.to_owned() } else { "a list".to_owned() });
            for method in [Method::HEAD, Method::GET, Method::OPTIONS, Method::GET] {
                for (field, value) in AGENTS {
                    let request = Request::builder().method(method.clone()).uri(link).header(field, value);
                    let request = request.body(Body::empty()).expect("a request");
                    let answer = runtime.block_on(router.clone().oneshot(request)).expect("never fails");
                    assert!(
                        answer.status() < StatusCode::INTERNAL_SERVER_ERROR,
                        "{link}: {}",
                        answer.status()
                    );
                    fetched += 1;
                }
            }
        }
        assert!(truth(&town) == before, "{}: something was changed by {found:?}", file.display());
    }
    assert!(fetched >= 1_000, "{fetched}");
    assert!(shapes.contains("u") && shapes.contains("a list"), "{shapes:?}");
}
