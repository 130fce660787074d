//! `list.toml`: a list's address and settings, as `list set` names them.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::domain::ids::MessageId;
use crate::domain::list::{
    InvalidListAddress, InvalidListSetting, Language, List, ListAddress, ListSettings, ListState, Preset,
};

/// What a `list.toml` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportedList {
    /// Where posts were sent.
    pub address: ListAddress,
    /// Whether it took posts.
    pub state: ListState,
    /// What its keeper chose; what the file does not name is as in a new list.
    pub settings: ListSettings,
    /// Which of its posts strangers could read.
    pub open_from: OpenFrom,
}

/// From which post of an archive on everybody may read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum OpenFrom {
    /// From the first one; or nobody but members may, if the settings say so.
    #[default]
    Beginning,
    /// From the one of this Message-ID; what stands before it is for members.
    Post(MessageId),
    /// What there is, is for members; what comes later is for everybody.
    End,
}

/// The word for [`OpenFrom::End`] in the file.
const END: &str = "end";

/// Why a `list.toml` cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidListFile {
    /// It is not TOML, or lacks something.
    #[error("{0}")]
    Form(String),
    /// Its address is none.
    #[error(transparent)]
    Address(#[from] InvalidListAddress),
    /// A setting is not taken.
    #[error(transparent)]
    Setting(#[from] InvalidListSetting),
}

/// The text of the file.
pub(super) fn list_toml(list: &List, open_from: &OpenFrom) -> String {
    let mut text =
        String::from("# A list of Parvis: its address and settings, by the names of `parvis list set`.\n\n");
    let mut line = |key: &str, value: String| {
        writeln!(text, "{key} = {}", toml::Value::String(value)).expect("memory takes it");
    };
    line("address", list.address.to_string());
    let state = match list.state {
        ListState::Open => "open",
        ListState::Closed => "closed",
        ListState::Removed => "removed",
    };
    line("state", state.to_owned());
    for (key, value) in list.settings.values() {
        line(key, value);
    }
    match open_from {
        OpenFrom::Beginning => {}
        OpenFrom::Post(id) => line("open_from", format!("<{id}>")),
        OpenFrom::End => line("open_from", END.to_owned()),
    }
    text
}

/// Reads the text of such a file.
pub fn read_list(text: &str) -> Result<ExportedList, InvalidListFile> {
    let form = |why: &dyn std::fmt::Display| InvalidListFile::Form(why.to_string());
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| form(&error.message()))?;
    let address = table.get("address").and_then(toml::Value::as_str);
    let address = ListAddress::parse(address.ok_or_else(|| form(&"it names no address"))?)?;
    let mut list = ExportedList {
        state: ListState::Open,
        settings: ListSettings::preset(Preset::Discussion, address.name(), Language::default()),
        address,
        open_from: OpenFrom::Beginning,
    };
    for (key, value) in &table {
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(true) => "yes".to_owned(),
            toml::Value::Boolean(false) => "no".to_owned(),
            toml::Value::Float(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => return Err(form(&format!("{key} is neither words nor a number"))),
        };
        match (key.as_str(), value.as_str()) {
            ("address", _) => {}
            ("state", "open") => list.state = ListState::Open,
            ("state", "closed") => list.state = ListState::Closed,
            ("state", "removed") => list.state = ListState::Removed,
            ("state", other) => {
                return Err(form(&format!("state cannot be {other:?}: it is open, closed or removed")));
            }
            ("open_from", END) => list.open_from = OpenFrom::End,
            ("open_from", id) => {
                let id = MessageId::parse(id).ok_or_else(|| form(&"open_from names no message"))?;
                list.open_from = OpenFrom::Post(id);
            }
            (key, value) => list.settings.set(key, value)?,
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ListId;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_list_can_be_written_and_read_again() {
        let mut settings = ListSettings::preset(Preset::Private, "L’« été » du \"quartier\"", Language::En);
        settings.set("description", "a = 1 # \\ 'x'").expect("plain");
        settings.set("post_bytes_max", "3 MiB").expect("a size");
        for state in [ListState::Open, ListState::Closed, ListState::Removed] {
            let list = List {
                id: ListId(3),
                address: ListAddress::parse("quartier@lists.example").expect("valid"),
                state,
                since: Timestamp::from_seconds(0),
                settings: settings.clone(),
                opening: None,
            };
            let id = MessageId::parse("a=\"b\"@c.example").expect("an id");
            for open_from in [OpenFrom::Beginning, OpenFrom::Post(id), OpenFrom::End] {
                let read = read_list(&list_toml(&list, &open_from)).expect("own output");
                let address = list.address.clone();
                assert_eq!(read, ExportedList { address, state, settings: settings.clone(), open_from });
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "it names no address"),
            ("address = 'x'", "\"x\" is not an address: write it as quartier@lists.example.org"),
            (
                "address = 'a@b.example'\nposting = 'all'",
                "posting cannot be \"all\": it takes anyone, members, animators",
            ),
            ("address = 'a@b.example'\nposting = ['all']", "posting is neither words nor a number"),
            ("address = 'a@b.example'\nstate = 'x'", "state cannot be \"x\": it is open, closed or removed"),
        ] {
            assert_eq!(read_list(text).map_err(|error| error.to_string()), Err(why.to_owned()), "{text}");
        }
        assert!(read_list("address = ").is_err());
        let read =
            read_list("address = 'a@b.example'\ndigest_hour = 7\nnoindex = true").expect("loose types");
        assert_eq!((read.settings.digest_hour, read.settings.noindex), (7, true));
    }
}
