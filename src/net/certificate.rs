//! One certificate with its key: read from PEM, found fit or not, and asked for its names and its end.
//!
//! RFC 5280 for the two dates, which are the only things read from the DER by ourselves.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use crate::domain::time::Timestamp;

/// The largest file of certificates or keys that is read, bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Certificates of one chain.
const CHAIN_MAX: usize = 20;

/// Why a pair of files is no certificate we could show.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No certificate in the first file.
    #[error("there is no certificate (PEM) in the certificate file")]
    NoCertificate,
    /// No key in the second.
    #[error("there is no private key (PEM) in the key file")]
    NoKey,
    /// They do not belong together, or are of a kind nobody takes.
    #[error("certificate and key are of no use: {0}")]
    Unfit(#[from] rustls::Error),
    /// Its dates cannot be read.
    #[error("the certificate's dates cannot be read")]
    Dates,
    /// It has ended.
    #[error("the certificate has expired")]
    Expired,
}

/// A chain with its key, as it is shown to peers.
#[derive(Clone)]
pub struct Certificate {
    /// What rustls takes.
    pub(super) shown: Arc<CertifiedKey>,
    /// From when on it counts.
    pub not_before: Timestamp,
    /// Until when it counts.
    pub not_after: Timestamp,
}

impl Certificate {
    /// From the two texts as PEM; the chain begins with our own.
    pub fn parse(chain: &[u8], key: &[u8]) -> Result<Certificate, CertificateError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .take(CHAIN_MAX)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate)?;
        let first = chain.first().ok_or(CertificateError::NoCertificate)?;
        let (not_before, not_after) = validity(first).ok_or(CertificateError::Dates)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey)?;
        let shown = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?;
        Ok(Certificate { shown: Arc::new(shown), not_before, not_after })
    }

    /// Whether a client that asks for this name would be content with it.
    pub fn covers(&self, name: &str) -> bool {
        let first = self.shown.cert.first().map(ParsedCertificate::try_from);
        match (first, ServerName::try_from(name)) {
            (Some(Ok(first)), Ok(name)) => verify_server_name(&first, &name).is_ok(),
            _ => false,
        }
    }
}

/// Never the key.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The `Validity` of a certificate (RFC 5280 §4.1): two times in the fifth place of its first part.
pub fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let mut certificate = Der(Der(certificate).take(SEQUENCE)?);
    let mut part = Der(certificate.take(SEQUENCE)?);
    if part.next_tag() == Some(VERSION) {
        part.take(VERSION)?;
    }
    part.take(INTEGER)?;
    part.take(SEQUENCE)?;
    part.take(SEQUENCE)?;
    let mut validity = Der(part.take(SEQUENCE)?);
    Some((validity.time()?, validity.time()?))
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// What is left of a row of DER values (X.690).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn next_tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The content of the next value, if it is of that kind.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (*found == tag).then_some(content)
    }

    /// RFC 5280 §4.1.2.5: `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on.
    fn time(&mut self) -> Option<Timestamp> {
        let (year, rest) = match self.next_tag()? {
            UTC_TIME => {
                let (year, rest) = self.take(UTC_TIME)?.split_at_checked(2)?;
                let year = number(year)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            GENERALIZED_TIME => {
                let (year, rest) = self.take(GENERALIZED_TIME)?.split_at_checked(4)?;
                (number(year)?, rest)
            }
            _ => return None,
        };
        let [month, day, hour, minute, second] =
            [0, 2, 4, 6, 8].map(|at| rest.get(at..at + 2).and_then(number));
        let (month, day, hour, minute, second) = (month?, day?, hour?, minute?, second?);
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        (rest.get(10..) == Some(b"Z")).then(|| Timestamp::parse_rfc3339(&text)).flatten()
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(names: &[&str]) -> (String, String, Vec<u8>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem(), certificate.der().to_vec())
    }

    #[test]
    fn a_pair_is_taken_and_knows_its_names_and_its_end() {
        let (chain, key, der) = made(&["lists.example.org", "*.example.net"]);
        let certificate = Certificate::parse(chain.as_bytes(), key.as_bytes()).unwrap();
        for (name, covers) in [
            ("lists.example.org", true),
            ("LISTS.example.org", true),
            ("a.example.net", true),
            ("example.org", false),
            ("not a name", false),
        ] {
            assert_eq!(certificate.covers(name), covers, "{name}");
        }
        // What rcgen writes when nobody says anything: 1975 and 4096, each in a form of its own.
        assert!(certificate.not_before < certificate.not_after);
        let (from, until) = validity(&der).unwrap();
        assert_eq!((from.seconds(), until.seconds()), (157_766_400, 67_090_118_400));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let (chain, key, _) = made(&["lists.example.org"]);
        let (_, other_key, _) = made(&["lists.example.org"]);
        for (chain, key, why) in [
            ("", key.as_str(), "no certificate"),
            (key.as_str(), key.as_str(), "no certificate"),
            (chain.as_str(), "", "no private key"),
            (chain.as_str(), chain.as_str(), "no private key"),
            (chain.as_str(), other_key.as_str(), "of no use"),
        ] {
            let error = Certificate::parse(chain.as_bytes(), key.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn neither_garbage_nor_half_a_certificate_has_dates_or_panics() {
        let (chain, key, der) = made(&["lists.example.org"]);
        let dates_end = 120;
        for end in 0..der.len() {
            let dates = validity(&der[..end]);
            assert!(end > dates_end || dates.is_none(), "{end}");
        }
        for at in 0..der.len() {
            for byte in [0, 0x30, 0x80, 0x84, 0xff] {
                let mut broken = der.clone();
                broken[at] = byte;
                let _ = validity(&broken);
            }
        }
        for end in 0..chain.len() {
            assert!(
                Certificate::parse(&chain.as_bytes()[..end], key.as_bytes()).is_err()
                    || end + 2 > chain.len()
            );
        }
    }
}
