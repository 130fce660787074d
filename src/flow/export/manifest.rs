//! `manifest.json`: what the other files of an export are, so that anybody can check them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::ids::PostId;
use crate::domain::time::Timestamp;

/// What was exported.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version that wrote it.
    pub parvis: String,
    /// The list's address.
    pub list: String,
    /// When.
    pub at: Timestamp,
    /// How much there is.
    pub counts: Counts,
    /// Posts whose bytes could not be read; they are in no file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<DamagedPost>,
    /// Every file but this one.
    pub files: Vec<ManifestFile>,
}

/// How much an export holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub posts: u64,
    pub members: u64,
    pub decisions: u64,
}

/// A post whose bytes are not what they were.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DamagedPost {
    /// Its number.
    pub post: PostId,
    /// In words.
    pub why: String,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its name in the folder.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// In hexadecimal, as `sha256sum` writes it.
    pub sha256: String,
}

impl Manifest {
    /// As it stands in the file.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data") + "\n"
    }
}

/// Length and hash of bytes that pass.
#[derive(Default)]
pub(super) struct Digest {
    bytes: u64,
    hash: Sha256,
}

impl Digest {
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
    }

    pub(super) fn of(self, name: &str) -> ManifestFile {
        let sha256 = data_encoding::HEXLOWER.encode(&self.hash.finalize());
        ManifestFile { name: name.to_owned(), bytes: self.bytes, sha256 }
    }
}
