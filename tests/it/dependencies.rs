//! What the program is made of, beside what we wrote: versions without known holes, licences that
//! ask nothing of those who run it, one source for all, and a reason for each.
//!
//! `deny.toml` is the table; `cargo deny` reads it too, but is not installed everywhere, and its
//! advisories come by the network.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = include_str!("../../Cargo.toml");
const LOCK: &str = include_str!("../../Cargo.lock");
const DENY: &str = include_str!("../../deny.toml");
/// What `Cargo.lock` may name as the source of anything: cargo's own registry, no `git+` and no path.
const SOURCE: &str = "registry+";

/// A package that is built.
struct Package {
    name: String,
    version: String,
    license: String,
}

fn table(text: &str) -> toml::Table {
    text.parse().expect("TOML")
}

fn text(value: &toml::Value, key: &str) -> String {
    value.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
}

fn rows(text: &str, section: &str, key: &str) -> Vec<toml::Value> {
    let table = table(text);
    let list = table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
    list.cloned().unwrap_or_else(|| panic!("[{section}] has no {key}"))
}

/// Runs cargo, which needs neither the network nor a lock for what it is asked here.
fn cargo(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, since it started this test");
    assert!(done.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("cargo speaks UTF-8")
}

/// Everything that is built for this machine, tests included. Packages of other systems stand in
/// `Cargo.lock` as well, and so do those of features nobody asks for; `cargo tree` knows the
/// difference, and `cargo metadata` does not.
fn built() -> Vec<Package> {
    let form = "--format={p}\t{l}";
    let said = cargo(&["tree", "--locked", "--offline", "--prefix=none", "--edges=normal,build,dev", form]);
    let read = |line: &str| {
        let (package, license) = line.split_once('\t')?;
        let (name, rest) = package.split_once(" v")?;
        let version = rest.split(' ').next()?.to_owned();
        Some(Package { name: name.to_owned(), version, license: license.trim_end_matches(" (*)").to_owned() })
    };
    let packages: Vec<Package> = said.lines().filter_map(read).collect();
    assert!(packages.len() > 100, "cargo told of {} packages only", packages.len());
    packages
}

/// Whether a version is older than another: numbers compared, `-alpha` before the release.
fn is_older(version: &str, than: &str) -> bool {
    let key = |version: &str| {
        let version = version.split('+').next().unwrap_or(version).to_owned();
        let (numbers, early) = match version.split_once('-') {
            Some((numbers, _)) => (numbers.to_owned(), 0),
            None => (version, 1),
        };
        let numbers: Vec<u64> = numbers.split('.').map(|n| n.parse().expect("a number")).collect();
        (numbers, early)
    };
    key(version) < key(than)
}

#[test]
fn nothing_denied_is_built() {
    let built = built();
    for row in rows(DENY, "bans", "deny") {
        let (spec, reason) = (text(&row, "crate"), text(&row, "reason"));
        assert!(!reason.is_empty(), "{spec} is denied without a reason");
        let (name, below) = spec.split_once(":<").map_or((spec.as_str(), None), |(n, v)| (n, Some(v)));
        for package in built.iter().filter(|package| package.name == name) {
            let denied = below.is_none_or(|below| is_older(&package.version, below));
            assert!(!denied, "{name} {} is built, and should not be: {reason}", package.version);
        }
    }
}

#[test]
fn versions_are_compared_as_numbers() {
    for (older, newer) in
        [("0.3.9", "0.3.10"), ("4.2.3", "4.2.4"), ("1.0.0-alpha.2", "1.0.0"), ("0.9.0", "1.0.0")]
    {
        assert!(is_older(older, newer), "{older} {newer}");
        assert!(!is_older(newer, older), "{newer} {older}");
        assert!(!is_older(newer, newer), "{newer}");
    }
}

/// Whether a licence expression (SPDX) can be satisfied with what is allowed: `/` is an old way to
/// write OR, AND binds more than OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = any_of(&mut words, allowed);
    assert!(words.next().is_none(), "not a licence expression: {expression}");
    answer
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Tokens<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut answer = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        answer |= all_of(words, allowed);
    }
    answer
}

fn all_of(words: &mut Tokens<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut answer = one_of(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        answer &= one_of(words, allowed);
    }
    answer
}

fn one_of(words: &mut Tokens<'_>, allowed: &BTreeSet<String>) -> bool {
    match words.next() {
        Some("(") => {
            let answer = any_of(words, allowed);
            assert_eq!(words.next(), Some(")"), "a parenthesis stays open");
            answer
        }
        Some(license) if words.next_if_eq(&"WITH").is_some() => {
            let exception = words.next().unwrap_or_default();
            allowed.contains(&format!("{license} WITH {exception}"))
        }
        Some(license) => allowed.contains(license),
        None => false,
    }
}

#[test]
fn licences_ask_nothing_of_those_who_run_it() {
    let string = |value: &toml::Value| value.as_str().expect("a licence").to_owned();
    let allowed: BTreeSet<String> = rows(DENY, "licenses", "allow").iter().map(string).collect();
    let exceptions = rows(DENY, "licenses", "exceptions");
    let built = built();
    let mut faults = Vec::new();
    for package in &built {
        let mut allowed = allowed.clone();
        for row in exceptions.iter().filter(|row| text(row, "crate") == package.name) {
            allowed
                .extend(row.get("allow").and_then(toml::Value::as_array).into_iter().flatten().map(string));
        }
        if !is_allowed(&package.license, &allowed) {
            faults.push(format!("{} {}: {:?}", package.name, package.version, package.license));
        }
    }
    assert!(faults.is_empty(), "licences that deny.toml does not allow:\n{}", faults.join("\n"));
    for row in &exceptions {
        let name = text(row, "crate");
        assert!(
            built.iter().any(|package| package.name == name),
            "{name} is not built, and needs no exception"
        );
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned));
    for (expression, answer) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("MIT/GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT AND ISC", true),
        ("(GPL-3.0-only OR MIT) AND GPL-3.0-only", false),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), answer, "{expression}");
    }
}

/// No git, no folder beside ours, no other registry; and a checksum for each.
#[test]
fn everything_comes_from_one_place() {
    let lock = table(LOCK);
    let packages = lock.get("package").and_then(toml::Value::as_array).expect("packages");
    for package in packages {
        let (name, source) = (text(package, "name"), text(package, "source"));
        if name == "parvis" {
            assert!(source.is_empty(), "we come from {source}");
        } else {
            assert!(source.starts_with(SOURCE), "{name} comes from {source}");
            assert_eq!(text(package, "checksum").len(), 64, "{name} has no SHA-256");
        }
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let manifest = table(MANIFEST);
        let Some(dependencies) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
        for (name, wanted) in dependencies {
            for elsewhere in ["git", "path", "registry"] {
                assert!(wanted.get(elsewhere).is_none(), "{name} comes from a {elsewhere}");
            }
        }
    }
    assert!(!manifest_has("patch") && !manifest_has("replace"), "Cargo.toml replaces a package");
}

fn manifest_has(section: &str) -> bool {
    table(MANIFEST).contains_key(section)
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    let mut section = "";
    let mut faults = Vec::new();
    for (line, number) in MANIFEST.lines().zip(1..) {
        if line.starts_with('[') {
            section = line;
        }
        let is_dependency = section.ends_with("dependencies]") && line.contains(" = ");
        let reason = line.rsplit_once(" # ").map_or("", |(_, reason)| reason);
        if is_dependency && !line.starts_with('#') && reason.trim().len() < 4 {
            faults.push(format!("Cargo.toml:{number}: {line}"));
        }
    }
    assert!(faults.is_empty(), "dependencies without a reason:\n{}", faults.join("\n"));
}

#[test]
fn every_dependency_is_used() {
    let manifest = table(MANIFEST);
    let names = ["dependencies", "dev-dependencies"].map(|section| {
        let of = manifest.get(section).and_then(toml::Value::as_table).expect("a section of Cargo.toml");
        of.keys().map(|name| name.replace('-', "_")).collect::<Vec<_>>()
    });
    let rust = ["src", "tests/it"].map(rust_below).concat();
    for name in names.concat() {
        let named = ["::", "!(", " as "].iter().any(|after| rust.contains(&format!("{name}{after}")));
        assert!(named, "nothing uses {name}");
    }
}

/// All Rust below a folder, in one text.
fn rust_below(folder: &str) -> String {
    let mut waiting = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut text = String::new();
    while let Some(place) = waiting.pop() {
        if place.is_dir() {
            let entries = std::fs::read_dir(&place).expect("a folder of ours can be read");
            waiting.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
        } else if place.extension().is_some_and(|ending| ending == "rs") {
            text += &std::fs::read_to_string(&place).expect("a file of ours can be read");
        }
    }
    text
}
