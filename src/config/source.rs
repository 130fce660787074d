//! What is written, in the file and in the environment, by key and place.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use super::keys::{self, Key};
use super::problem::{Place, Problem};
use crate::domain::units;

/// What our variables begin with.
pub(super) const PREFIX: &str = "PARVIS_";
/// What stands between section and key in a variable's name.
const SEPARATOR: &str = "__";

/// The values that are written anywhere, the environment's over the file's.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    values: BTreeMap<&'static str, (toml::Value, Place)>,
}

impl Written {
    /// Takes every key of a file, and none that does not exist.
    pub(super) fn read_file(&mut self, text: &str) -> Result<(), Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let broken = |error: toml::de::Error| {
            let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            Problem { place: line_of(text, error.span().unwrap_or(0..0)), what: format!("not TOML: {what}") }
        };
        let mut values: toml::Table = text.parse().map_err(broken)?;
        // Parsed a second time for the places, which plain values do not keep.
        let places = DeTable::parse(text).map_err(broken)?;
        for (name, value) in places.get_ref() {
            let place = line_of(text, name.span());
            let name: &str = name.get_ref();
            let written = values.remove(name).expect("the same text has the same keys");
            if let Some(key) = keys::find("", name) {
                self.values.insert(key.name, (written, place));
                continue;
            }
            let (true, toml::Value::Table(mut section), Some(places)) =
                (keys::sections().contains(&name), written, value.get_ref().as_table())
            else {
                return Err(Problem { place, what: unknown_at_top(name) });
            };
            for key in places.keys() {
                let place = line_of(text, key.span());
                let key: &str = key.get_ref();
                let Some(known) = keys::find(name, key) else {
                    return Err(Problem { place, what: unknown_in(name, key) });
                };
                let written = section.remove(key).expect("the same text has the same keys");
                self.values.insert(known.name, (written, place));
            }
        }
        Ok(())
    }

    /// Takes `PARVIS_HOSTNAME`, `PARVIS_SMTP__LISTEN` and their like.
    pub(super) fn read_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Problem> {
        for (variable, text) in environment {
            let Some(name) = variable.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else { continue };
            let known = match name.split_once(SEPARATOR) {
                None => match keys::find("", &name) {
                    Some(key) => key,
                    // PARVIS_CONFIG and whatever else begins so is not for us.
                    None => continue,
                },
                Some((section, key)) => keys::find(section, key).ok_or_else(|| Problem {
                    place: Place::Environment(variable.clone()),
                    what: unknown_variable(&name),
                })?,
            };
            let value = value_of(known, &text);
            self.values.insert(known.name, (value, Place::Environment(variable)));
        }
        Ok(())
    }

    /// What is in force for a key, and where it is written.
    pub(super) fn take(&mut self, key: &Key) -> (toml::Value, Place) {
        self.values.remove(key.name).unwrap_or_else(|| (key.default_value(), Place::Default))
    }
}

/// A variable's text as the type its key takes. What cannot be that type stays text, and is
/// refused where the key is read, with what it takes.
fn value_of(key: &Key, text: &str) -> toml::Value {
    let as_toml = || format!("value = {text}").parse::<toml::Table>().ok()?.remove("value");
    let string = || toml::Value::String(text.to_owned());
    match key.default_value() {
        toml::Value::Array(_) => match as_toml() {
            Some(array @ toml::Value::Array(_)) => array,
            _ => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
            }
        },
        toml::Value::Integer(_) => text.trim().parse().map_or_else(|_| string(), toml::Value::Integer),
        toml::Value::Boolean(_) => text.trim().parse().map_or_else(|_| string(), toml::Value::Boolean),
        // Some tools keep the quotes of `NAME="value"`.
        _ if text.starts_with('"') => as_toml().unwrap_or_else(string),
        toml::Value::String(_) | toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => {
            string()
        }
    }
}

fn line_of(text: &str, span: Range<usize>) -> Place {
    let before = text.as_bytes().get(..span.start).unwrap_or(text.as_bytes());
    Place::Line(1 + before.iter().filter(|b| **b == b'\n').count())
}

fn unknown_at_top(name: &str) -> String {
    let sections = keys::sections();
    if sections.contains(&name) {
        return format!("{name:?} is a section: write [{name}] and its keys below");
    }
    let known = [keys::of_section(""), sections].concat();
    let elsewhere = keys::sections().into_iter().find(|s| keys::find(s, name).is_some());
    match (units::nearest(name, &known), elsewhere) {
        (_, Some(section)) => {
            format!("there is no key {name:?} outside a section; it belongs below [{section}]")
        }
        (Some(near), None) => format!("there is no key {name:?}; did you mean {near}?"),
        (None, None) => format!("there is no key {name:?}; there are {}", known.join(", ")),
    }
}

fn unknown_in(section: &str, key: &str) -> String {
    let known = keys::of_section(section);
    if keys::find("", key).is_some() {
        return format!("[{section}] has no key {key:?}; it belongs above the first section");
    }
    match units::nearest(key, &known) {
        Some(near) => format!("[{section}] has no key {key:?}; did you mean {near}?"),
        None => format!("[{section}] has no key {key:?}; there are {}", known.join(", ")),
    }
}

fn unknown_variable(name: &str) -> String {
    let variable = |key: &Key| match key.parts() {
        ("", key) => key.to_owned(),
        (section, key) => format!("{section}{SEPARATOR}{key}"),
    };
    let known: Vec<String> = keys::KEYS.iter().map(variable).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let section = name.split(SEPARATOR).next().unwrap_or_default();
    match (units::nearest(name, &known), keys::of_section(section)) {
        (Some(near), _) => {
            format!("there is no such key; did you mean {PREFIX}{}?", near.to_ascii_uppercase())
        }
        (None, keys) if keys.is_empty() => {
            format!("there is no section {section:?}; there are {}", keys::sections().join(", "))
        }
        (None, keys) => format!("[{section}] has no such key; there are {}", keys.join(", ")),
    }
}
