//! How long, how begun: what a file looks like from a distance.

use super::source::{Function, code_of, functions, line_of, places_of};
use super::{Found, files_below, none, rust_files};

/// A function has no more lines than this, signature and closing brace included…
const FUNCTION_LINES_MAX: usize = 90;

/// …but for these, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    ("src/domain/list.rs", "set", "one arm for each setting, and nothing between them"),
    ("src/store/apply.rs", "apply", "one arm for each event, and nothing between them"),
    ("src/flow/send/letters/exchange.rs", "ask", "one arm for each question, and nothing between them"),
    ("src/flow/send/letters/exchange.rs", "tell", "one arm for each note, and nothing between them"),
    ("src/flow/requests/answers.rs", "answer", "one arm for each question, and nothing between them"),
    ("src/letters/samples.rs", "letter", "one letter of each kind, one after the other"),
    ("src/letters/samples/exchange.rs", "letter", "one letter of each kind, one after the other"),
    ("src/store/catch_up/tests.rs", "eventful", "one of each event, one after the other"),
];

/// A file has no more lines than this, its tests included…
const FILE_LINES_MAX: usize = 500;

/// …but for these, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[
    ("src/mail/bounce/words.rs", "the wording of servers: a table in the shape of code"),
    ("src/store/apply.rs", "what each event does to the state: one arm each, and small helpers"),
    ("src/domain/list.rs", "every setting of a list, one after the other: a table in the shape of code"),
    ("src/letters/kinds.rs", "every letter and its name: a table in the shape of code"),
    ("src/store/event.rs", "every thing that can happen, one after the other: the vocabulary of the journal"),
];

/// Where something may be printed.
const PRINTERS: &[&str] = &["src/cli.rs", "src/cli/", "src/main.rs"];

fn ours() -> Vec<Found> {
    rust_files("src").into_iter().chain(rust_files("tests")).collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    let says = |file: &&Found| !file.text().starts_with("//! ");
    let faults: Vec<String> =
        ours().iter().filter(says).map(|file| format!("{}: no //! at its top", file.path)).collect();
    none(&faults);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut faults = Vec::new();
    for file in ours() {
        for function in functions(&code_of(&file.text())) {
            let (name, line, lines) = (function.name, function.line, function.lines);
            let excused =
                LONG_FUNCTIONS.iter().any(|(path, excused, _)| *path == file.path && *excused == name);
            if lines > FUNCTION_LINES_MAX && !excused {
                faults.push(format!("{}:{line}: fn {name} has {lines} lines", file.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn files_are_read_in_one_go() {
    let mut faults = Vec::new();
    for file in ours() {
        let lines = file.text().lines().count();
        let excused = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > FILE_LINES_MAX && !excused {
            faults.push(format!("{}: {lines} lines; split it, or argue in LONG_FILES", file.path));
        }
    }
    none(&faults);
}

#[test]
fn excuses_are_still_needed() {
    for (path, _) in LONG_FILES {
        let found = ours().into_iter().find(|file| file.path == *path);
        let lines = found.map_or(0, |file| file.text().lines().count());
        assert!(lines > FILE_LINES_MAX, "{path} has {lines} lines, and needs no excuse");
    }
    for (path, name, _) in LONG_FUNCTIONS {
        let found = ours().into_iter().find(|file| file.path == *path).map(|file| code_of(&file.text()));
        let long = |function: &Function| function.name == *name && function.lines > FUNCTION_LINES_MAX;
        assert!(functions(&found.unwrap_or_default()).iter().any(long), "{path}: fn {name} needs no excuse");
    }
}

#[test]
fn only_the_command_line_prints() {
    let mut faults = Vec::new();
    for file in rust_files("src") {
        if PRINTERS.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        let code = code_of(&file.text());
        for word in ["print", "println", "eprint", "eprintln"] {
            for at in places_of(&code, word) {
                if code[at + word.len()..].starts_with('!') {
                    faults.push(format!("{}:{}: {word}! outside cli", file.path, line_of(&code, at)));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn every_test_file_is_run() {
    let files = rust_files("tests/it");
    let main = files.iter().find(|f| f.path == "tests/it/main.rs").expect("the test program").text();
    let faults: Vec<String> = files_below("tests/it")
        .iter()
        .filter_map(|f| f.path.strip_prefix("tests/it/")?.strip_suffix(".rs").map(str::to_owned))
        .map(|name| name.trim_end_matches("/mod").to_owned())
        .filter(|name| !name.contains('/') && name != "main")
        .filter(|name| !main.lines().any(|line| line == format!("mod {name};")))
        .map(|name| format!("tests/it/{name}.rs is named nowhere in tests/it/main.rs"))
        .collect();
    none(&faults);
}
