//! Where posts were found before they came here: addresses of another archive, and the post each led to.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::archive::ArchiveReader;
use super::keys;
use super::view::View;
use crate::domain::ids::{ListId, PostId};

/// Longer paths are no address of an archive, bytes.
pub const PATH_BYTES_MAX: usize = 1_024;

/// A path of another archive, and the post it led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OldAddress {
    /// From its slash on, without host, query and fragment; as it was written.
    pub path: String,
    /// The post.
    pub post: PostId,
}

/// As it is kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct OldAddressRecord {
    list: ListId,
    path: String,
    post: PostId,
}

pub(super) fn note(view: &mut View<'_>, list: ListId, addresses: &[OldAddress]) {
    for OldAddress { path, post } in addresses {
        let record = OldAddressRecord { list, path: path.clone(), post: *post };
        view.put_record(keys::old_address(&hash(path)), &record);
    }
}

impl ArchiveReader {
    /// The post an address of another archive led to, and its list.
    pub fn at_old_address(&self, path: &str) -> Result<Option<(ListId, PostId)>, StoreError> {
        if path.len() > PATH_BYTES_MAX {
            return Ok(None);
        }
        let record: Option<OldAddressRecord> = self.record(&keys::old_address(&hash(path)))?;
        Ok(record.filter(|record| record.path == path).map(|record| (record.list, record.post)))
    }

    /// All of a list, by path.
    pub fn old_addresses(&self, list: ListId) -> Result<Vec<OldAddress>, StoreError> {
        let mut all: Vec<OldAddressRecord> = self.all(&keys::old_addresses())?;
        all.retain(|record| record.list == list);
        all.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(all.into_iter().map(|OldAddressRecord { path, post, .. }| OldAddress { path, post }).collect())
    }
}

fn hash(path: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(path.as_bytes())[..16]);
    short
}
