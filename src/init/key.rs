//! The key copies are signed with (RFC 6376 §3.3), as PEM.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use data_encoding::BASE64;

/// Characters in a line of PEM (RFC 7468 §2).
const PEM_LINE: usize = 64;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// An RSA key of 2048 bits: what every receiver can check (RFC 8301 §3.2).
pub struct DkimKey {
    pair: KeyPair,
}

/// A text that holds no private key we can use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an RSA private key in PKCS#8 PEM")]
pub struct InvalidKey;

/// The system gave no randomness, or the library is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no key could be made")]
pub struct NoKey;

impl DkimKey {
    /// A new key, from the system's randomness.
    pub fn generate() -> Result<DkimKey, NoKey> {
        KeyPair::generate(KeySize::Rsa2048).map(|pair| DkimKey { pair }).map_err(|_| NoKey)
    }

    /// Reads what [`DkimKey::private_pem`] wrote.
    pub fn from_pem(text: &str) -> Result<DkimKey, InvalidKey> {
        let inner = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).ok_or(InvalidKey)?.0;
        let inner: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = BASE64.decode(inner.as_bytes()).map_err(|_| InvalidKey)?;
        KeyPair::from_pkcs8(&der).map(|pair| DkimKey { pair }).map_err(|_| InvalidKey)
    }

    /// PKCS#8 (RFC 5958) in PEM (RFC 7468 §10).
    pub fn private_pem(&self) -> String {
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&self.pair).expect("a key of ours has this form");
        let encoded = BASE64.encode(der.as_ref());
        let mut pem = format!("{BEGIN}\n");
        for line in encoded.as_bytes().chunks(PEM_LINE) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem + END + "\n"
    }

    /// The `p=` of its DNS record: the SubjectPublicKeyInfo in base64 (RFC 6376 §3.6.1).
    pub fn public_base64(&self) -> String {
        let public = self.pair.public_key();
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(public).expect("a key of ours has this form");
        BASE64.encode(der.as_ref())
    }
}

/// The public half only: keys end up in logs.
impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DkimKey").field("public", &self.public_base64()).finish_non_exhaustive()
    }
}
