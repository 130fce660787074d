//! Whole lives of members, told in mails: `tests/lives/*.txt`, one life a file.
//!
//! A script is what people send, what they get, and what is so then. Lines:
//!
//! - `list ADDRESS KEY=VALUE…`, `member LIST EMAIL KEY=VALUE…`, `set LIST KEY=VALUE…`: as the operator.
//! - `EMAIL -> ADDRESS: SUBJECT`, then the body, indented; `+ Field: value` adds a field to the
//!   header, `+ proof: proven` says what the mail system would find out.
//! - `EMAIL answers: WORDS`: answers the last mail they got, quoting it, as mail programs do.
//! - `EMAIL gets: WORDS`: the next mail they have not read says this, in its subject or text.
//! - `EMAIL gets nothing`, `nobody gets anything`.
//! - `LIST EMAIL is KEY=VALUE…`, `LIST EMAIL is nobody`; `held N`; `published N`.
//! - `later 3 days`, `later 2 hours`.

mod script;
mod town;

use std::path::Path;

#[test]
fn lives_go_as_they_are_told() {
    let only = std::env::var("PARVIS_LIFE").unwrap_or_default();
    let mut files: Vec<_> = std::fs::read_dir(Path::new("tests/lives"))
        .expect("lives")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .filter(|path| path.display().to_string().contains(&only))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut faults = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        if let Err(fault) = script::play(&text) {
            faults.push(format!("{}:{fault}", file.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
