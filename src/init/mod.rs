//! What `parvis init` writes and says: a configuration, a signing key, and the DNS records to add.
//!
//! The plan is a value made from the request and the key; writing it is the only step that touches
//! the disk, and it never replaces anything.

mod dns;
mod key;

pub use dns::{dmarc_record, mail_policy_records, record_line, records, txt};
pub use key::{DkimKey, InvalidKey, NoKey};

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::domain::address::{EmailAddress, is_domain};

/// The example every installation starts from.
const EXAMPLE: &str = include_str!("../../data/parvis.toml");
/// Where everything is kept, unless one says otherwise.
pub const DATA_DIR: &str = "/var/lib/parvis";
/// The name of our signing key in DNS.
pub const SELECTOR: &str = "parvis";

/// What somebody asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InitRequest {
    /// Where.
    pub place: InitPlace,
    /// Our name, which is also the domain of the lists.
    pub hostname: String,
    /// Who runs the server.
    pub operator: Option<EmailAddress>,
}

/// Where an installation goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InitPlace {
    /// `/etc/parvis` and `/var/lib/parvis`.
    System,
    /// Everything in one folder, by its absolute path.
    Folder(PathBuf),
}

/// What would be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InitPlan {
    /// In this order.
    pub files: Vec<NewFile>,
    /// The DNS records to add, in zone-file form.
    pub records: String,
}

/// A file that does not exist yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFile {
    /// Where.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
    /// Who may read it.
    pub secrecy: Secrecy,
}

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secrecy {
    /// Everybody on this machine.
    Public,
    /// Nobody but its owner, nor the folder it is in.
    Secret,
}

/// Why nothing, or not everything, was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Not the name of a host.
    #[error("{0:?} cannot be our hostname: write a name such as lists.example.org")]
    Hostname(String),
    /// A folder must be named from the root, because the configuration will name it.
    #[error("{} is not an absolute path", .0.display())]
    Relative(PathBuf),
    /// A folder whose name cannot be written into the configuration.
    #[error("{} cannot be written into a configuration, which is UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// Something is there already; nothing was written.
    #[error("{} exists already, and init replaces nothing", .0.display())]
    Exists(PathBuf),
    /// The disk failed.
    #[error("cannot write {}: {why}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

/// What to write for a request.
pub fn plan(request: &InitRequest, key: &DkimKey) -> Result<InitPlan, InitError> {
    let hostname = request.hostname.trim_end_matches('.').to_ascii_lowercase();
    if hostname.is_empty() || !is_domain(&hostname) {
        return Err(InitError::Hostname(request.hostname.clone()));
    }
    let (config, data_dir) = match &request.place {
        InitPlace::System => (PathBuf::from("/etc/parvis/parvis.toml"), PathBuf::from(DATA_DIR)),
        InitPlace::Folder(folder) if folder.is_relative() => {
            return Err(InitError::Relative(folder.clone()));
        }
        InitPlace::Folder(folder) => (folder.join("parvis.toml"), folder.clone()),
    };
    let text = configuration(request, &hostname)?;
    // The configuration last: where it is, the installation is whole.
    let pem = data_dir.join("keys").join("dkim.pem");
    let files = vec![
        NewFile { path: pem, text: key.private_pem(), secrecy: Secrecy::Secret },
        NewFile { path: config, text, secrecy: Secrecy::Public },
    ];
    let records = records(&hostname, request.operator.as_ref(), key);
    Ok(InitPlan { files, records })
}

/// The example with what was asked for written in.
fn configuration(request: &InitRequest, hostname: &str) -> Result<String, InitError> {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = String::with_capacity(EXAMPLE.len());
    for line in EXAMPLE.lines() {
        let operator = request.operator.as_ref();
        match (line.split_once(" = ").map(|(key, _)| key), &request.place, operator) {
            (Some("hostname"), _, _) => text.push_str(&format!("hostname = {}", quoted(hostname))),
            (Some("#data_dir"), InitPlace::Folder(folder), _) => {
                let folder = folder.to_str().ok_or_else(|| InitError::NotUtf8(folder.clone()))?;
                text.push_str(&format!("data_dir = {}", quoted(folder)));
            }
            (Some("#operator"), _, Some(operator)) => {
                text.push_str(&format!("operator = {}", quoted(operator.as_str())));
            }
            (Some("#base_url"), _, _) => {
                text.push_str(&format!("#base_url = {}", quoted(&format!("https://{hostname}"))));
            }
            (_, InitPlace::System | InitPlace::Folder(_), _) => text.push_str(line),
        }
        text.push('\n');
    }
    Ok(text)
}

/// Writes a plan; nothing at all if one of its files is there already.
pub fn write(plan: &InitPlan) -> Result<(), InitError> {
    if let Some(there) = plan.files.iter().find(|file| file.path.symlink_metadata().is_ok()) {
        return Err(InitError::Exists(there.path.clone()));
    }
    for file in &plan.files {
        write_new(file).map_err(|why| InitError::Write { path: file.path.clone(), why })?;
    }
    Ok(())
}

fn write_new(new: &NewFile) -> io::Result<()> {
    let (file_mode, folder_mode) = match new.secrecy {
        Secrecy::Public => (0o644, 0o755),
        Secrecy::Secret => (0o600, 0o700),
    };
    let folder = new.path.parent().unwrap_or(Path::new("/"));
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    // Only the folder itself is secret: those above it were there or are everybody's.
    DirBuilder::new().recursive(true).mode(folder_mode).create(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(file_mode).open(&new.path)?;
    file.write_all(new.text.as_bytes())?;
    file.sync_all()?;
    fs::File::open(folder)?.sync_all()
}
