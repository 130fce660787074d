//! What goes out is signed: with which keys, over what, on which threads.
//!
//! DKIM (RFC 6376, RFC 8463) and, where wanted, ARC (RFC 8617). Keys are read when a server starts. Knows no lists, no store and no
//! clock: the domain and the moment are arguments.

mod arc;
mod dkim;
mod key;
mod pool;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use dkim::{Common, NamedKey};
pub use key::{Algorithm, InvalidKey, NotSigned, SigningKey};

use crate::mail::own_results::OwnResults;
use pool::Pool;

/// The keys of an installation, and the threads that use them.
pub struct Signer {
    keys: Arc<[NamedKey]>,
    pool: Pool,
    /// Who seals; `None`: nobody does.
    seals_as: Option<String>,
}

/// Why there is no signer.
#[derive(Debug, thiserror::Error)]
pub enum NoSigner {
    /// The file cannot be read.
    #[error("cannot read the DKIM key {}: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// What is in it is no key.
    #[error("cannot sign with {}: {why}", path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: InvalidKey,
    },
    /// The system gives no threads.
    #[error("cannot start the threads that sign: {0}")]
    Threads(std::io::Error),
}

/// Reads one key from its file.
pub fn read_key(path: &Path) -> Result<SigningKey, NoSigner> {
    let text = std::fs::read(path).map_err(|why| NoSigner::Unreadable { path: path.to_owned(), why })?;
    SigningKey::from_pem(&String::from_utf8_lossy(&text))
        .map_err(|why| NoSigner::Invalid { path: path.to_owned(), why })
}

/// Whether a key's file can be read by more than its owner.
pub fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o007;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & OTHERS != 0)
}

impl Signer {
    /// With keys, in the order their signatures are written; one thread for each core.
    pub fn start(keys: Vec<NamedKey>) -> Result<Signer, NoSigner> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Pool::start(cores).map_err(NoSigner::Threads)?;
        Ok(Signer { keys: keys.into(), pool, seals_as: None })
    }

    /// The same signer, which seals as well, under the name results have at the door.
    pub fn that_seals(self, host: &str) -> Signer {
        Signer { seals_as: Some(host.to_owned()), ..self }
    }

    /// The seal all copies of a post share (RFC 8617), to stand above their common `head`; nothing
    /// if none is to be added. `found` is what was found out at the door. Done at once: it is one
    /// for many copies.
    pub fn seal(
        &self,
        common: &Common,
        head: &[u8],
        found: Option<&OwnResults>,
        at: i64,
    ) -> Result<Vec<u8>, NotSigned> {
        let rsa = self.keys.iter().find(|named| named.key.algorithm() == Algorithm::RsaSha256);
        match (&self.seals_as, rsa.or_else(|| self.keys.first())) {
            (Some(host), Some(named)) => {
                arc::seal(common, head, host, found, named, at).map(Option::unwrap_or_default)
            }
            (Some(_) | None, _) => Ok(Vec::new()),
        }
    }

    /// The `DKIM-Signature` fields of one copy; `own` are the fields only it has, `at` is when, in
    /// seconds since 1970.
    pub async fn sign(&self, common: Arc<Common>, own: Vec<u8>, at: i64) -> Result<Vec<u8>, NotSigned> {
        let keys = self.keys.clone();
        self.pool.run(move || common.sign(&keys, &own, at)).await.unwrap_or(Err(NotSigned))
    }
}
