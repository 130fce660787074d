//! What a copy says about itself: what it is a copy of, of which moment, and what each file is.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;

/// The file a copy keeps it in, beside the data.
pub const MANIFEST: &str = "manifest.json";
/// The file a copy keeps the configuration in.
pub const CONFIGURATION: &str = "parvis.toml";
/// The form of copies. A later one may add to it; what this one needs stays.
pub const FORMAT: u32 = 1;

/// A copy in its own words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Which form it has.
    pub format: u32,
    /// The moment it is a copy of.
    pub at: Timestamp,
    /// Whose.
    pub hostname: String,
    /// The journal's length in lines at that moment.
    pub journal: u64,
    /// The configuration in force, a line a key; passwords are left out.
    pub settings: Vec<String>,
    /// Each file, by its path.
    pub files: BTreeMap<String, Kept>,
}

/// One file of a copy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// Whose copy is made, and when.
#[derive(Clone, Debug)]
pub struct About {
    /// The moment.
    pub at: Timestamp,
    /// Whose.
    pub hostname: String,
    /// The configuration in force, a line a key.
    pub settings: Vec<String>,
    /// The configuration as it is written, if it is in a file.
    pub configuration: Option<String>,
}

impl Manifest {
    /// One with no files yet.
    pub fn begin(about: &About, journal: u64) -> Manifest {
        let About { at, hostname, settings, configuration: _ } = about.clone();
        Manifest { format: FORMAT, at, hostname, journal, settings, files: BTreeMap::new() }
    }

    /// As it stands in the file.
    pub fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("plain data");
        text.push(b'\n');
        text
    }

    /// From the file.
    pub fn read(text: &[u8]) -> Result<Manifest, String> {
        let manifest: Manifest =
            serde_json::from_slice(text).map_err(|why| format!("{MANIFEST} cannot be read: {why}"))?;
        if manifest.format > FORMAT {
            return Err(format!(
                "it has form {}, and this version knows forms up to {FORMAT}",
                manifest.format
            ));
        }
        Ok(manifest)
    }

    /// How many bytes it is about.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|kept| kept.bytes).sum()
    }

    /// What is found that is not as it says; a sentence each.
    pub fn faults(&self, found: &BTreeMap<String, Kept>) -> Vec<String> {
        let mut faults = Vec::new();
        for (path, kept) in &self.files {
            match found.get(path) {
                None => faults.push(format!("{path} is missing")),
                Some(there) if there.bytes != kept.bytes => {
                    faults.push(format!("{path} has {} bytes instead of {}", there.bytes, kept.bytes));
                }
                Some(there) if there.sha256 != kept.sha256 => {
                    faults.push(format!("{path} is damaged: its bytes are not those that were copied"));
                }
                Some(_) => {}
            }
        }
        let unknown = found.keys().filter(|path| !self.files.contains_key(*path));
        faults.extend(unknown.map(|path| format!("{path} is in the copy, and was not copied")));
        faults
    }
}

/// Reads through, and knows afterwards what it was.
pub(super) struct Hashing<R> {
    inner: R,
    digest: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(inner: R) -> Hashing<R> {
        Hashing { inner, digest: Sha256::new(), bytes: 0 }
    }

    /// What was read so far.
    pub(super) fn kept(self) -> Kept {
        Kept { bytes: self.bytes, sha256: data_encoding::HEXLOWER.encode(&self.digest.finalize()) }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.digest.update(&into[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// What some bytes are.
pub(super) fn kept_of(bytes: &[u8]) -> Kept {
    Kept { bytes: bytes.len() as u64, sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)) }
}
