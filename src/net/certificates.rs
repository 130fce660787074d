//! The certificate in use: shown to each new connection, replaced without touching open ones.
//!
//! Whoever replaces it is elsewhere. What is here never gets worse: what is not fit is not taken.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::{Certificate, CertificateError, FILE_BYTES_MAX};
use crate::domain::time::Timestamp;

/// Makes the one crypto provider that of the whole process; a second call changes nothing.
///
/// Libraries that make connections by themselves look for it there.
pub fn install_crypto_provider() {
    // An error says that there is one: ours, since no other is linked.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// The certificate that is shown, if there is one yet.
#[derive(Default)]
pub struct Certificates {
    current: RwLock<Option<Certificate>>,
}

impl Certificates {
    /// None yet.
    pub fn new() -> Arc<Certificates> {
        Arc::default()
    }

    /// The one in use.
    pub fn current(&self) -> Option<Certificate> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Is there one?
    pub fn is_there(&self) -> bool {
        self.current().is_some()
    }

    /// Shows this one from now on. One that has ended does not take the place of one that has not.
    pub fn replace(&self, new: Certificate, now: Timestamp) -> Result<(), CertificateError> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if new.not_after < now && current.as_ref().is_some_and(|old| old.not_after >= now) {
            return Err(CertificateError::Expired);
        }
        *current = Some(new);
        Ok(())
    }

    /// What a listener needs. TLS 1.2 and 1.3 (RFC 8996 ended the others).
    pub fn server_config(self: &Arc<Certificates>, protocols: &[&str]) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let mut config = builder
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("the provider has suites of both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current().map(|certificate| certificate.shown)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificates").field(&self.current()).finish()
    }
}

/// Two files that are looked at again and again.
#[derive(Debug)]
pub struct WatchedFiles {
    chain: std::path::PathBuf,
    key: std::path::PathBuf,
    /// What they held when they were last looked at.
    seen: Option<(Vec<u8>, Vec<u8>)>,
    could_be_read: bool,
}

impl WatchedFiles {
    /// Files that were not looked at yet.
    pub fn new(chain: &Path, key: &Path) -> WatchedFiles {
        WatchedFiles { chain: chain.to_owned(), key: key.to_owned(), seen: None, could_be_read: true }
    }

    /// What is in them, if that is not what was there at the last look. Trouble is told once.
    pub fn look(&mut self) -> Option<Result<Certificate, CertificateError>> {
        let found = match read(&self.chain).and_then(|chain| Ok((chain, read(&self.key)?))) {
            Ok(found) => found,
            Err(error) => {
                let is_news = std::mem::replace(&mut self.could_be_read, false);
                return is_news.then_some(Err(error));
            }
        };
        self.could_be_read = true;
        if self.seen.as_ref() == Some(&found) {
            return None;
        }
        let read = Certificate::parse(&found.0, &found.1);
        self.seen = Some(found);
        Some(read)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(from: i32, until: i32) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["lists.example.org".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn files_are_read_when_they_change_and_trouble_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let (chain, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let write = |(c, k): &(String, String)| {
            fs::write(&chain, c).unwrap();
            fs::write(&key, k).unwrap();
        };
        let mut files = WatchedFiles::new(&chain, &key);
        assert!(matches!(files.look(), Some(Err(CertificateError::Read { .. }))));
        assert!(files.look().is_none());
        let first = pair(2020, 2030);
        write(&first);
        assert!(matches!(files.look(), Some(Ok(_))));
        assert!(files.look().is_none());
        // Half renewed, as between the two writes of a renewing program; then whole.
        let second = pair(2020, 2031);
        fs::write(&chain, &second.0).unwrap();
        assert!(matches!(files.look(), Some(Err(CertificateError::Unfit(_)))));
        assert!(files.look().is_none());
        fs::write(&key, &second.1).unwrap();
        assert!(matches!(files.look(), Some(Ok(_))));
        fs::remove_file(&key).unwrap();
        assert!(matches!(files.look(), Some(Err(CertificateError::Read { .. }))));
        fs::write(&key, &second.1).unwrap();
        assert!(files.look().is_none());
    }

    #[test]
    fn one_that_has_ended_does_not_replace_one_that_counts() {
        let now = Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let read =
            |(chain, key): (String, String)| Certificate::parse(chain.as_bytes(), key.as_bytes()).unwrap();
        let certificates = Certificates::new();
        assert!(!certificates.is_there());
        // Better than none: peers of opportunistic TLS do not look at dates.
        certificates.replace(read(pair(2019, 2020)), now).unwrap();
        certificates.replace(read(pair(2020, 2030)), now).unwrap();
        assert!(certificates.replace(read(pair(2019, 2021)), now).is_err());
        assert_eq!(certificates.current().unwrap().not_after.seconds(), 1_893_456_000);
    }
}
