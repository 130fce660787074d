//! `parvis.toml` and the environment, read once into what they mean.
//!
//! Every key has a default but `hostname`. What is written and cannot be meant is an error that says
//! where it stands; nothing is guessed. The rest of the program gets values, never keys or texts.

mod keys;
mod problem;
mod read;
mod source;
mod values;

pub use keys::{KEYS, Key};
pub use problem::ConfigError;
pub use values::{
    Acme, ArcSeal, Backup, Closed, Config, Delivery, DeliveryTls, DkimKeyFile, Dns, Drill, LmtpListen, Login,
    Network, Presence, PrivateTargets, Smtp, Storage, TlsFiles, Web,
};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use problem::{Place, Problem};
use source::Written;

/// Where the configuration is looked for when nobody says where.
pub const DEFAULT_PATH: &str = "/etc/parvis/parvis.toml";

/// The file to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigPath {
    /// [`DEFAULT_PATH`], which need not be there if the environment says enough.
    Default,
    /// One somebody named: it must be there.
    Written(PathBuf),
}

impl Config {
    /// Reads the file and what the environment says instead of it.
    pub fn load(
        path: &ConfigPath,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let (path, may_be_absent) = match path {
            ConfigPath::Default => (Path::new(DEFAULT_PATH), true),
            ConfigPath::Written(path) => (path.as_path(), false),
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_absent => None,
            Err(why) => return Err(ConfigError::Unreadable { path: path.to_owned(), why }),
        };
        Config::from_text(text.as_deref(), path, environment, &|file| file.exists())
    }

    /// The same for a text already read (`None`: there is no file) that stands at `path`; `exists`
    /// tells which of the files it names are there.
    pub fn from_text(
        text: Option<&str>,
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        exists: &dyn Fn(&Path) -> bool,
    ) -> Result<Config, ConfigError> {
        let read = || -> Result<Config, Problem> {
            let mut written = Written::default();
            if let Some(text) = text {
                written.read_file(text)?;
            }
            written.read_environment(environment)?;
            let mut config = read::config(written, path.parent(), exists)?;
            config.written = text.map(str::to_owned);
            Ok(config)
        };
        read().map_err(|problem| match problem.place {
            Place::Line(line) => ConfigError::InFile { path: path.to_owned(), line, what: problem.what },
            Place::Environment(name) => ConfigError::InEnvironment { name, what: problem.what },
            Place::Default if text.is_none() => ConfigError::NoFile { path: path.to_owned() },
            Place::Default => ConfigError::Missing { path: path.to_owned(), what: problem.what },
        })
    }
}

/// What the environment says to us: the variables that begin with `PARVIS_`.
///
/// The one place of the program that looks at the environment.
pub fn environment() -> Vec<(String, String)> {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let all = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    all.filter(|(name, _)| name.starts_with(source::PREFIX)).collect()
}
