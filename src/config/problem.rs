//! What can be wrong with a configuration, each in one sentence.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A line of it cannot be meant.
    #[error("cannot read {}: line {line}: {what}", path.display())]
    InFile {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// A variable of the environment cannot be meant.
    #[error("cannot use {name} of the environment: {what}")]
    InEnvironment {
        /// `PARVIS_SMTP__LISTEN`
        name: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// Something that has no default is not there.
    #[error("cannot read {}: {what}", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// There is neither a file nor enough in the environment.
    #[error(
        "there is no {}: write one with `parvis init --hostname HOST`, name another with --config, \
         or set PARVIS_HOSTNAME",
        path.display()
    )]
    NoFile {
        /// Where it was looked for.
        path: PathBuf,
    },
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Default,
    Line(usize),
    Environment(String),
}

/// Something that cannot be meant, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Problem {
    pub(super) place: Place,
    pub(super) what: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Default => f.write_str("default"),
            Place::Line(line) => write!(f, "line {line}"),
            Place::Environment(name) => f.write_str(name),
        }
    }
}
