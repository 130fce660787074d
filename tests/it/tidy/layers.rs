//! Arrows point down: which part of the program may name which, and the one home of each library.

use super::source::{code_of, is_word, line_of, places_of};
use super::{none, rust_files};

/// What a part may name of the others, beside itself. `flow::obey_command` is that module alone.
/// ARCHITECTURE.md has the picture, and the reasons.
const MAY_NAME: &[(&str, &[&str])] = &[
    // What a list is, and what a message is.
    ("domain", &[]),
    ("mail", &["domain"]),
    // Find, remember, carry, write: none of them knows another.
    ("letters", &["domain", "mail"]),
    // Several posts in one mail: facts in, bytes out.
    ("digest", &["domain", "mail", "letters"]),
    // The same on paper.
    ("paper", &["domain", "mail", "digest"]),
    // What people mean: words in, a meaning out. Of a mail it gets only the words.
    ("understand", &["domain"]),
    ("config", &["domain"]),
    ("init", &["domain"]),
    ("store", &["domain", "mail"]),
    ("search", &["domain", "mail", "store"]),
    // Copies of a data folder, and a data folder from a copy.
    ("recovery", &["domain", "store"]),
    // Sockets and certificates, and names.
    ("net", &["domain"]),
    ("dns", &[]),
    ("smtp", &["domain", "net"]),
    ("auth", &["domain", "mail", "dns"]),
    ("filter", &["domain"]),
    // Keys, and what they sign.
    ("sign", &["mail"]),
    // What happens.
    (
        "flow",
        &[
            "domain",
            "mail",
            "letters",
            "digest",
            "paper",
            "understand",
            "store",
            "search",
            "smtp",
            "sign",
            "dns",
            "auth",
            "filter",
        ],
    ),
    ("web", &["domain", "mail", "store", "search", "net", "flow::obey_command"]),
    // `parvis post` hands in an envelope as the door would.
    (
        "admin",
        &[
            "domain",
            "mail",
            "letters",
            "config",
            "store",
            "recovery",
            "search",
            "smtp::envelope",
            "auth",
            "flow",
        ],
    ),
    // Looks at an installation from outside.
    ("check", &["domain", "init", "dns", "auth", "net", "sign", "smtp"]),
    // How it runs.
    (
        "serve",
        &[
            "domain",
            "mail",
            "letters",
            "digest",
            "paper",
            "understand",
            "config",
            "init",
            "store",
            "recovery",
            "search",
            "net",
            "smtp",
            "sign",
            "dns",
            "auth",
            "filter",
            "flow",
            "web",
            "admin",
            "check",
        ],
    ),
    (
        "demo",
        &[
            "domain", "mail", "config", "init", "store", "search", "net", "smtp", "dns", "auth", "flow",
            "web", "admin", "serve",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "mail",
            "letters",
            "digest",
            "understand",
            "config",
            "init",
            "store",
            "recovery",
            "search",
            "net",
            "smtp",
            "sign",
            "dns",
            "auth",
            "filter",
            "flow",
            "web",
            "admin",
            "check",
            "serve",
            "demo",
        ],
    ),
];

/// Where a library may be named: folders, or files without `.rs`. One that is not here is for all:
/// `serde`, `serde_json`, `thiserror`, `tracing`, `metrics`, `tokio`'s channels, the codecs and checksums.
const HOMES: &[(&str, &[&str])] = &[
    ("sled", &["store/engine"]),
    ("pdf_writer", &["paper/ink"]),
    ("subsetter", &["paper/ink"]),
    ("rustybuzz", &["paper/fonts"]),
    ("hypher", &["paper"]),
    ("tantivy", &["search"]),
    ("image", &["web/thumbnails"]),
    ("frostem", &["search"]),
    ("rustc_hash", &["search"]),
    ("unicode_normalization", &["search"]),
    ("crc32fast", &["store"]),
    ("rustix", &["store", "cli/show", "cli/owner", "recovery"]),
    ("mail_parser", &["mail"]),
    ("encoding_rs", &["mail"]),
    ("whatlang", &["mail"]),
    ("age", &["recovery/seal"]),
    ("tar", &["recovery/archive"]),
    ("zstd", &["mail/mbox", "recovery", "web/packed"]),
    ("flate2", &["mail/mbox", "paper/ink"]),
    ("ammonia", &["mail/html"]),
    ("html2text", &["mail/html"]),
    ("mail_builder", &["letters"]),
    ("smtp_proto", &["smtp"]),
    ("mail_send", &["smtp"]),
    ("rustls", &["net", "smtp", "web/server", "dns", "auth/spf_facts"]),
    ("tokio_rustls", &["smtp", "web/server"]),
    ("hyper", &["smtp/client/mx", "filter", "web/aside"]),
    ("hyper_util", &["smtp/client/mx", "web/server", "web/aside", "filter"]),
    ("metrics_exporter_prometheus", &["serve"]),
    ("instant_acme", &["net"]),
    ("hickory_resolver", &["dns"]),
    ("mail_auth", &["auth"]),
    ("http_body_util", &["smtp/client/mx", "filter"]),
    ("axum", &["web"]),
    ("tower", &["web"]),
    ("tower_http", &["web"]),
    ("http_body", &["web"]),
    ("fluent_bundle", &["web"]),
    ("unic_langid", &["web"]),
    ("handlebars", &["letters", "digest/templates", "web"]),
    ("hmac", &["domain/token"]),
    ("jiff", &["domain/time"]),
    ("aws_lc_rs", &["init", "net", "sign"]),
    ("getrandom", &["store"]),
    ("toml", &["config", "init", "flow/export", "understand/book", "understand/edition/verbs"]),
    ("csv", &["flow"]),
    ("tempfile", &["digest/templates", "store", "recovery", "flow", "admin", "cli", "net", "serve"]),
    ("mimalloc", &["main"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anyhow", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("tracing_subscriber", &["cli", "main"]),
];

/// What of the standard library and tokio a part does without: whoever decides neither reads nor
/// waits.
const KEEPS_FROM: &[(&str, &[&str])] = &[
    ("domain", &["std::fs", "std::net::Tcp", "std::env", "std::process", "std::thread", "tokio"]),
    ("mail", &["std::net", "std::env", "std::process", "std::thread", "tokio"]),
    ("understand", &["std::net", "std::env", "std::process", "std::thread", "tokio"]),
    ("paper", &["std::net", "std::env", "std::process", "std::thread", "tokio"]),
    ("digest", &["std::net", "std::env", "std::process", "std::thread", "tokio"]),
    ("letters", &["std::net", "std::env", "std::process", "std::thread", "tokio"]),
    ("store", &["std::net", "std::env", "std::process"]),
    ("flow", &["std::net::Tcp", "std::env", "std::process", "tokio::net"]),
];

/// What one file names of another part: which, and where.
fn parts_named(path: &str, code: &str) -> Vec<(String, usize)> {
    let mut named = Vec::new();
    for at in places_of(code, "crate") {
        if let Some(rest) = code[at..].strip_prefix("crate::") {
            named.extend(first_names(rest).into_iter().map(|name| (name, at)));
        }
    }
    // `super::` reaches the top when there are as many of them as folders above.
    let depth = path.trim_end_matches("/mod.rs").matches('/').count();
    for at in places_of(code, "super") {
        let chain = "super::".repeat(depth);
        let continues = code[..at].ends_with("super::");
        if let Some(rest) = code[at..].strip_prefix(&chain).filter(|_| !continues) {
            let parts = first_names(rest).into_iter().filter(|name| is_part(name));
            named.extend(parts.map(|name| (name, at)));
        }
    }
    named
}

fn is_part(name: &str) -> bool {
    let part = name.split("::").next().unwrap_or(name);
    MAY_NAME.iter().any(|(known, _)| *known == part)
}

/// `a::b::C` gives `a::b`; `{a::b, c}` gives `a::b` and `c`.
fn first_names(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![two_names(rest)] };
    let (mut depth, mut start, mut names) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(two_names(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(two_names(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn two_names(path: &str) -> String {
    let word = |text: &str| -> String {
        text.trim_start().bytes().take_while(|byte| is_word(*byte)).map(char::from).collect()
    };
    let first = word(path);
    match path.trim_start().strip_prefix(&format!("{first}::")).map(word) {
        Some(second) if !second.is_empty() => format!("{first}::{second}"),
        Some(_) | None => first,
    }
}

/// The part a path of `src` belongs to; none for `lib.rs` and `main.rs`.
fn part_of(path: &str) -> Option<String> {
    let below = path.strip_prefix("src/")?;
    let part = below.split('/').next()?.trim_end_matches(".rs");
    (!matches!(part, "lib" | "main")).then(|| part.to_owned())
}

#[test]
fn arrows_point_down() {
    let mut faults = Vec::new();
    for file in rust_files("src") {
        let Some(part) = part_of(&file.path) else { continue };
        let Some((_, may_name)) = MAY_NAME.iter().find(|(known, _)| *known == part) else {
            faults.push(format!("{}: the part `{part}` has no row in MAY_NAME", file.path));
            continue;
        };
        let code = code_of(&file.text());
        for (name, at) in parts_named(&file.path, &code) {
            let other = name.split("::").next().unwrap_or(&name);
            if other != part && !may_name.contains(&other) && !may_name.contains(&name.as_str()) {
                faults.push(format!("{}:{}: `{part}` may not name `{name}`", file.path, line_of(&code, at)));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_table_of_layers_has_no_circle() {
    for (row, (part, may_name)) in MAY_NAME.iter().enumerate() {
        for other in *may_name {
            let other = other.split("::").next().unwrap_or(other);
            let above = MAY_NAME[..row].iter().any(|(known, _)| *known == other);
            assert!(above, "`{part}` names `{other}`, which does not stand above it in the table");
        }
    }
}

#[test]
fn the_program_is_thin() {
    let main = code_of(&rust_files("src").into_iter().find(|f| f.path == "src/main.rs").expect("it").text());
    let named: Vec<String> = places_of(&main, "parvis")
        .into_iter()
        .filter_map(|at| main[at..].strip_prefix("parvis::"))
        .flat_map(first_names)
        .filter(|name| name.split("::").next() != Some("cli"))
        .collect();
    assert!(named.is_empty(), "src/main.rs names {named:?}, and may name `cli` alone");
}

#[test]
fn libraries_stay_at_home() {
    let mut faults = Vec::new();
    for file in rust_files("src") {
        let code = code_of(&file.text());
        let place = file.path.trim_start_matches("src/").trim_end_matches(".rs");
        for (library, homes) in HOMES {
            let is_home = |home: &&str| place == *home || place.starts_with(&format!("{home}/"));
            if homes.iter().any(is_home) {
                continue;
            }
            for at in places_of(&code, library) {
                let used = code[at + library.len()..].starts_with("::") && !code[..at].ends_with("::");
                let imported = code[..at].ends_with("use ");
                if used || imported {
                    let line = line_of(&code, at);
                    faults.push(format!("{}:{line}: `{library}` lives in {homes:?}", file.path));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn who_decides_does_not_reach_out() {
    let mut faults = Vec::new();
    for file in rust_files("src") {
        let Some(part) = part_of(&file.path) else { continue };
        let code = code_of(&file.text());
        for (_, outside) in KEEPS_FROM.iter().filter(|(known, _)| *known == part) {
            for name in *outside {
                for (at, _) in code.match_indices(name) {
                    faults.push(format!(
                        "{}:{}: `{part}` keeps from `{name}`",
                        file.path,
                        line_of(&code, at)
                    ));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn names_are_found_however_they_are_written() {
    let code = "use crate::mail;\nuse crate::{domain::{a, b}, store};\nlet x = crate::web::views::y();";
    let named: Vec<String> = parts_named("src/smtp/reply.rs", code).into_iter().map(|(n, _)| n).collect();
    assert_eq!(named, ["mail", "domain", "store", "web::views"]);
    for (path, code) in [
        ("src/smtp/mod.rs", "use super::store::Store;"),
        ("src/smtp/reply.rs", "use super::super::store::Store;"),
        ("src/smtp/client/wire.rs", "use super::super::super::{store::Store};"),
    ] {
        assert_eq!(parts_named(path, code).first().map(|(n, _)| n.as_str()), Some("store::Store"), "{path}");
    }
    assert!(parts_named("src/smtp/client/wire.rs", "use super::super::store;").is_empty());
}
