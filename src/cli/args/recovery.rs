//! The words of `parvis backup`, `restore` and `drill`.

use std::path::PathBuf;

use clap::Args;

/// `parvis backup`
#[derive(Args, Debug)]
pub(in crate::cli) struct BackupArgs {
    /// The archive to write; one that is there is replaced once the new one is whole
    #[arg(value_name = "FILE.tar.zst", required_unless_present = "to", conflicts_with = "to")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// A folder of copies: only what is new since the last one takes room
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) to: Option<PathBuf>,
    /// Encrypt for this key of age (age1…); may be given several times
    #[arg(long, value_name = "KEY", conflicts_with = "passphrase_file")]
    pub(in crate::cli) recipient: Vec<String>,
    /// Encrypt with the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,
}

/// What opens an encrypted backup.
#[derive(Args, Debug)]
pub(in crate::cli) struct UnsealArgs {
    /// The key that opens an encrypted backup, as age-keygen writes it
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) identity: Option<PathBuf>,
    /// The file whose first line opens an encrypted backup
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) passphrase_file: Option<PathBuf>,
}

/// `parvis restore`
#[derive(Args, Debug)]
pub(in crate::cli) struct RestoreArgs {
    /// A backup, a folder of them, or a copy of the data folder (mail/, journal/ and people/ are enough)
    pub(in crate::cli) file: PathBuf,
    /// The data folder to make; it must be new or empty
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) dir: PathBuf,
    /// A journal that is younger than the backup: what it says was decided since counts
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) journal: Option<PathBuf>,
    /// Restore what can be read of a damaged backup
    #[arg(long)]
    pub(in crate::cli) keep_going: bool,
    #[command(flatten)]
    pub(in crate::cli) unseal: UnsealArgs,
}

/// `parvis drill`
#[derive(Args, Debug)]
pub(in crate::cli) struct DrillArgs {
    /// A backup, a folder of them, or a copy of the data folder
    pub(in crate::cli) file: PathBuf,
    /// What is younger than the backup is told, and is no difference
    #[arg(long)]
    pub(in crate::cli) as_of_backup: bool,
    #[command(flatten)]
    pub(in crate::cli) unseal: UnsealArgs,
}
