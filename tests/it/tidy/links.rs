//! Links from one of our documents to another file of ours lead somewhere.

use super::{Found, files_below, none, root};

/// Where documents are.
const PLACES: &[&str] =
    &["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "data", "deploy", "docs"];

/// The places a Markdown text links to, with the line each is on: `[words](place)`.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for rest in line.split("](").skip(1) {
            found.extend(rest.split_once(')').map(|(place, _)| (number, place.to_owned())));
        }
    }
    found
}

/// Whether a place is a file beside the document that names it.
fn is_ours(place: &str) -> bool {
    !place.contains("://") && !place.starts_with("mailto:") && !place.starts_with('#')
}

#[test]
fn links_lead_somewhere() {
    let documents: Vec<Found> = PLACES
        .iter()
        .flat_map(|place| files_below(place))
        .filter(|file| file.path.ends_with(".md"))
        .collect();
    let mut faults = Vec::new();
    for document in &documents {
        let folder = root().join(&document.path);
        let folder = folder.parent().expect("a file is in a folder");
        for (line, place) in links(&document.text()) {
            let file = place.split('#').next().unwrap_or(&place);
            if is_ours(&place) && !folder.join(file).exists() {
                faults.push(format!("{}:{line}: there is no {place}", document.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn links_are_found() {
    let text = "See [a](b.md#c), [d](https://e.example/f)\nand [g](#h).";
    let found = links(text);
    let places: Vec<&str> =
        found.iter().map(|(_, place)| place.as_str()).filter(|place| is_ours(place)).collect();
    assert_eq!(places, ["b.md#c"]);
    assert_eq!(found[2], (2, "#h".to_owned()));
}
