//! A private key from its file: RSA or Ed25519, PKCS#8 or PKCS#1 in PEM (RFC 7468).

use std::fmt;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, PublicKey as RsaPublicKey};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use data_encoding::BASE64;

/// A key that signs.
pub struct SigningKey(Kind);

enum Kind {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// How a key signs, as `a=` says it (RFC 6376 §3.3.1, RFC 8463 §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// `rsa-sha256`
    RsaSha256,
    /// `ed25519-sha256`
    Ed25519Sha256,
}

/// Why a text is no key that signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidKey {
    /// Nothing in PEM, or nothing of a private key.
    #[error("it holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")]
    NoPem,
    /// It wants a password, and nobody is there to type it.
    #[error("its private key is encrypted; write it without a password")]
    Encrypted,
    /// A key of a kind nobody checks, too short, or damaged (RFC 8301 §3.2).
    #[error("its private key is neither RSA of 2048 to 8192 bits nor Ed25519")]
    Unusable,
}

/// The library did not sign; nothing is known that makes it do so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the key did not sign")]
pub struct NotSigned;

impl SigningKey {
    /// Reads the first private key of a PEM file.
    pub fn from_pem(text: &str) -> Result<SigningKey, InvalidKey> {
        let (label, der) = first_private(text)?;
        let rsa = |pair: Result<RsaKeyPair, _>| pair.ok().map(|pair| Kind::Rsa(Box::new(pair)));
        let kind = match label {
            // RFC 8017 §A.1.2.
            Label::Pkcs1 => rsa(RsaKeyPair::from_der(&der)),
            // RFC 5958.
            Label::Pkcs8 => rsa(RsaKeyPair::from_pkcs8(&der))
                .or_else(|| Ed25519KeyPair::from_pkcs8(&der).ok().map(Kind::Ed25519)),
        };
        kind.map(SigningKey).ok_or(InvalidKey::Unusable)
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Kind::Rsa(_) => Algorithm::RsaSha256,
            Kind::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// What DNS says of it, under `SELECTOR._domainkey.DOMAIN` (RFC 6376 §3.6.1, RFC 8463 §4).
    pub fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.algorithm().key_type(), self.public_base64())
    }

    /// The `p=` of its record.
    pub fn public_base64(&self) -> String {
        match &self.0 {
            Kind::Rsa(pair) => {
                let public: &RsaPublicKey = pair.public_key();
                let der = AsDer::<PublicKeyX509Der<'_>>::as_der(public).expect("an RSA key has this form");
                BASE64.encode(der.as_ref())
            }
            Kind::Ed25519(pair) => BASE64.encode(pair.public_key().as_ref()),
        }
    }

    /// Signs something of no meaning: to see that it can, and how fast.
    pub fn try_out(&self) -> Result<(), NotSigned> {
        self.sign(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"parvis")).map(|_| ())
    }

    /// Signs a SHA-256 digest.
    pub(super) fn sign(&self, digest: &Digest) -> Result<Vec<u8>, NotSigned> {
        match &self.0 {
            Kind::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, digest, &mut signature).map_err(|_| NotSigned)?;
                Ok(signature)
            }
            // RFC 8463 §3: the digest is what Ed25519 signs.
            Kind::Ed25519(pair) => {
                let signature = pair.try_sign(digest.as_ref()).map_err(|_| NotSigned)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

impl Algorithm {
    /// As in `a=`.
    pub fn tag(self) -> &'static str {
        match self {
            Algorithm::RsaSha256 => "rsa-sha256",
            Algorithm::Ed25519Sha256 => "ed25519-sha256",
        }
    }

    /// As in `k=` of a record.
    pub fn key_type(self) -> &'static str {
        match self {
            Algorithm::RsaSha256 => "rsa",
            Algorithm::Ed25519Sha256 => "ed25519",
        }
    }
}

/// The public half only: keys end up in logs.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("record", &self.record()).finish_non_exhaustive()
    }
}

enum Label {
    Pkcs1,
    Pkcs8,
}

/// The first private key between `-----BEGIN …-----` and `-----END …-----`.
fn first_private(text: &str) -> Result<(Label, Vec<u8>), InvalidKey> {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once(BEGIN) {
        let (label, after) = begun.split_once(DASHES).ok_or(InvalidKey::NoPem)?;
        rest = after;
        let kind = match label {
            "PRIVATE KEY" => Label::Pkcs8,
            "RSA PRIVATE KEY" => Label::Pkcs1,
            "ENCRYPTED PRIVATE KEY" => return Err(InvalidKey::Encrypted),
            _ => continue,
        };
        let (inner, _) = after.split_once(&format!("-----END {label}")).ok_or(InvalidKey::NoPem)?;
        if inner.contains("ENCRYPTED") {
            // RFC 1421 §4.6.1.1: `Proc-Type: 4,ENCRYPTED`.
            return Err(InvalidKey::Encrypted);
        }
        let inner: Vec<u8> = inner.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        return BASE64.decode(&inner).map(|der| (kind, der)).map_err(|_| InvalidKey::NoPem);
    }
    Err(InvalidKey::NoPem)
}
