//! TLS towards peers: what is asked of a certificate, and how it is judged. Knows no command.
//!
//! Anybody's certificate is better than none against those who only listen (RFC 7435); where a name
//! must be proven, by the authorities the system trusts or by what the peer's own zone says (DANE).

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256, Sha512};

/// What one connection asks of TLS.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Security {
    /// Nothing: it is not even begun.
    Never,
    /// Where it is offered, with whatever certificate (RFC 7435); in clear where it is not.
    Opportunistic,
    /// Always, with whatever certificate.
    Encrypted,
    /// Always, with a certificate for the peer's name from an authority that is trusted.
    Verified,
    /// Always, with a certificate the peer's zone vouches for (RFC 7672).
    Dane(Arc<[Tlsa]>),
}

/// A TLSA record (RFC 6698 §2.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tlsa {
    /// 2: an authority of theirs; 3: their own certificate. SMTP uses no other (RFC 7672 §3.1.3).
    pub usage: u8,
    /// 0: the whole certificate; 1: its public key.
    pub selector: u8,
    /// 0: the thing itself; 1: its SHA-256; 2: its SHA-512.
    pub matching: u8,
    /// What is compared.
    pub data: Vec<u8>,
}

/// Which authorities are trusted to name peers.
#[derive(Clone)]
pub struct Trust(Arc<RootCertStore>);

/// How connections are encrypted, made once for all of them.
#[derive(Clone)]
pub(super) struct Encryption {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    unverified: Arc<ClientConfig>,
    /// Missing when no authority is trusted.
    verified: Option<Arc<ClientConfig>>,
}

impl Trust {
    /// None: every certificate that must be verified is refused.
    pub fn none() -> Trust {
        Trust(Arc::new(RootCertStore::empty()))
    }

    /// The authorities this system trusts, or those `SSL_CERT_FILE` names. Reads files.
    pub fn of_system() -> Trust {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
        }
        Trust::of(found.certs)
    }

    /// These authorities; what is no certificate is left out.
    pub fn of(authorities: Vec<CertificateDer<'static>>) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities);
        Trust(Arc::new(roots))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} authorities)", self.0.len())
    }
}

impl Encryption {
    pub(super) fn new(trust: Trust) -> Encryption {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let unverified = config(&provider, Arc::new(Anybody { provider: provider.clone() }));
        let verifier = WebPkiServerVerifier::builder_with_provider(trust.0.clone(), provider.clone()).build();
        let verified = verifier.ok().map(|verifier| config(&provider, verifier));
        Encryption { provider, trust, unverified, verified }
    }

    /// What a handshake needs, or why there can be none.
    pub(super) fn config(&self, security: &Security) -> Result<Arc<ClientConfig>, &'static str> {
        match security {
            Security::Never | Security::Opportunistic | Security::Encrypted => Ok(self.unverified.clone()),
            Security::Verified => {
                self.verified.clone().ok_or("this system trusts no authority that could vouch for it")
            }
            Security::Dane(records) => Ok(config(
                &self.provider,
                Arc::new(Dane { records: records.clone(), provider: self.provider.clone() }),
            )),
        }
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryption({:?})", self.trust)
    }
}

/// The name a certificate is to be good for.
pub(super) fn name_of(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.trim_end_matches('.').to_owned()).ok()
}

fn config(provider: &Arc<CryptoProvider>, verifier: Arc<dyn ServerCertVerifier>) -> Arc<ClientConfig> {
    let versions =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = versions.expect("the provider knows TLS 1.2 and 1.3");
    Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Takes any certificate; its key must be the one that speaks.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

/// Takes what the records vouch for (RFC 7672 §3.1).
#[derive(Debug)]
struct Dane {
    records: Arc<[Tlsa]>,
    provider: Arc<CryptoProvider>,
}

impl Dane {
    fn judged(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut why = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        for record in self.records.iter().filter(|record| record.is_usable()) {
            if record.usage == Tlsa::DANE_EE {
                // Neither name nor dates count: the record says more (RFC 7672 §3.1.1).
                if record.matches(end_entity) {
                    return Ok(());
                }
                continue;
            }
            let whole = (record.selector, record.matching) == (0, 0);
            let given = whole.then(|| CertificateDer::from(record.data.clone()));
            let sent = intermediates.iter().filter(|certificate| record.matches(certificate));
            for anchor in given.iter().chain(sent) {
                match self.vouched_by(anchor, end_entity, intermediates, name, now) {
                    Ok(()) => return Ok(()),
                    Err(error) => why = error,
                }
            }
        }
        Err(why)
    }

    /// A chain that ends at `anchor`, with a certificate for the host's name (RFC 7672 §3.1.2).
    fn vouched_by(
        &self,
        anchor: &CertificateDer<'_>,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut roots = RootCertStore::empty();
        roots.add(anchor.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, name, &[], now).map(|_| ())
    }
}

impl Tlsa {
    const DANE_TA: u8 = 2;
    const DANE_EE: u8 = 3;

    /// Whether it can vouch for a mail server (RFC 7672 §3.1.3; RFC 7671 §10.3).
    pub fn is_usable(&self) -> bool {
        let length_fits = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, Tlsa::DANE_TA | Tlsa::DANE_EE) && self.selector <= 1 && length_fits
    }

    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let key;
        let selected: &[u8] = match self.selector {
            0 => certificate,
            _ => match ParsedCertificate::try_from(certificate) {
                Ok(parsed) => {
                    key = parsed.subject_public_key_info();
                    &key
                }
                Err(_) => return false,
            },
        };
        match self.matching {
            0 => self.data == selected,
            1 => self.data == Sha256::digest(selected).as_slice(),
            _ => self.data == Sha512::digest(selected).as_slice(),
        }
    }
}

/// What both verifiers leave to the provider: that who speaks holds the certificate's key.
macro_rules! signatures_as_usual {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls12_signature(message, certificate, signed, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signed, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    signatures_as_usual!();
}

impl ServerCertVerifier for Dane {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judged(end_entity, intermediates, name, now).map(|()| ServerCertVerified::assertion())
    }

    signatures_as_usual!();
}

/// Why a handshake failed, as an operator can use it.
pub(super) fn words_for(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
            "its certificate is none of those its TLSA records name".to_owned()
        }
        Some(Error::InvalidCertificate(why)) => {
            format!("its certificate does not hold: {}", plain_words_for(why))
        }
        Some(other) => other.to_string(),
        None => error.to_string(),
    }
}

/// The usual faults of certificates.
fn plain_words_for(error: &CertificateError) -> String {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, Other, UnknownIssuer,
    };
    if matches!(error, UnknownIssuer) {
        "nobody this system trusts vouches for it".to_owned()
    } else if matches!(error, Expired | ExpiredContext { .. }) {
        "it has expired".to_owned()
    } else if matches!(error, NotValidForName | NotValidForNameContext { .. }) {
        "it is for another name".to_owned()
    } else if matches!(error, Other(_)) {
        // An authority's own certificate in a server's place: how servers sign for themselves.
        "it is signed by itself, or misused".to_owned()
    } else {
        error.to_string()
    }
}
