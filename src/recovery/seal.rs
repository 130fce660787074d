//! Who may read a copy: everybody who has the file, or whoever has a key or a passphrase (age).

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::SecretString;
use age::x25519;

use super::{RecoveryError, io_error, refused};

/// What an encrypted file begins with (age-encryption.org/v1).
const AGE_MAGIC: &[u8] = b"age-encryption.org/";

/// For whom a copy is closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Seal {
    /// For nobody.
    #[default]
    Open,
    /// For all but the holders of these keys: `age1…`.
    Recipients(Vec<String>),
    /// For all who do not know what stands in this file's first line.
    Passphrase(PathBuf),
}

/// What opens a closed copy; both may be tried.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Unseal {
    /// A file of keys as `age-keygen` writes it.
    pub identity: Option<PathBuf>,
    /// A file whose first line is the passphrase.
    pub passphrase: Option<PathBuf>,
}

/// What a copy is written with, and read again with to see whether it is right. Besides the
/// recipients it is closed for a key that is made here and thrown away with this: nobody else could
/// read what was just written.
pub(super) enum Closing {
    Open,
    For(Vec<x25519::Recipient>, x25519::Identity),
    By(SecretString),
}

impl Seal {
    /// Whether copies are closed.
    pub fn is_open(&self) -> bool {
        *self == Seal::Open
    }

    pub(super) fn closing(&self) -> Result<Closing, RecoveryError> {
        match self {
            Seal::Open => Ok(Closing::Open),
            Seal::Passphrase(file) => Ok(Closing::By(passphrase(file)?)),
            Seal::Recipients(keys) => {
                let mut recipients = Vec::new();
                for key in keys {
                    match x25519::Recipient::from_str(key) {
                        Ok(recipient) => recipients.push(recipient),
                        Err(why) => return refused(format!("{key:?} is no key of age (age1…): {why}")),
                    }
                }
                let own = x25519::Identity::generate();
                recipients.push(own.to_public());
                Ok(Closing::For(recipients, own))
            }
        }
    }
}

/// Whether a text is a key that copies can be closed for.
pub fn is_recipient(key: &str) -> bool {
    x25519::Recipient::from_str(key).is_ok()
}

impl Closing {
    /// Writes to `out`, closed.
    pub(super) fn writer<'a>(&self, out: impl Write + 'a) -> io::Result<Sealed<'a>> {
        let out: Box<dyn Write + 'a> = Box::new(out);
        let encryptor = match self {
            Closing::Open => return Ok(Sealed::Open(out)),
            Closing::By(passphrase) => age::Encryptor::with_user_passphrase(passphrase.clone()),
            Closing::For(recipients, _) => {
                age::Encryptor::with_recipients(recipients.iter().map(|one| one as &dyn age::Recipient))
                    .map_err(io::Error::other)?
            }
        };
        Ok(Sealed::Closed(Box::new(encryptor.wrap_output(out)?)))
    }

    /// Reads again what was written with this.
    pub(super) fn reader<'a>(&self, input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        match self {
            Closing::Open => Ok(Box::new(input)),
            Closing::By(passphrase) => open_with(input, &age::scrypt::Identity::new(passphrase.clone())),
            Closing::For(_, own) => open_with(input, own),
        }
    }
}

fn open_with<'a>(input: impl Read + 'a, identity: &dyn age::Identity) -> io::Result<Box<dyn Read + 'a>> {
    let decryptor = age::Decryptor::new(input).map_err(io::Error::other)?;
    Ok(Box::new(decryptor.decrypt(std::iter::once(identity)).map_err(io::Error::other)?))
}

/// Something that is written, closed or open.
pub(super) enum Sealed<'a> {
    Open(Box<dyn Write + 'a>),
    Closed(Box<age::stream::StreamWriter<Box<dyn Write + 'a>>>),
}

impl Sealed<'_> {
    /// Writes what is still to be written.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Sealed::Open(mut out) => out.flush(),
            Sealed::Closed(out) => out.finish().and_then(|mut out| out.flush()),
        }
    }
}

impl Write for Sealed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sealed::Open(out) => out.write(bytes),
            Sealed::Closed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sealed::Open(out) => out.flush(),
            Sealed::Closed(out) => out.flush(),
        }
    }
}

impl Unseal {
    /// The content of a file that may be closed.
    pub(super) fn open(&self, path: &Path) -> Result<Box<dyn Read>, RecoveryError> {
        let open = || File::open(path).map(BufReader::new).map_err(io_error("read", path));
        let mut begins = Vec::new();
        open()?.take(AGE_MAGIC.len() as u64).read_to_end(&mut begins).map_err(io_error("read", path))?;
        if begins != AGE_MAGIC {
            return Ok(Box::new(open()?));
        }
        let mut identities: Vec<Box<dyn age::Identity>> = Vec::new();
        if let Some(file) = &self.identity {
            let read = age::IdentityFile::from_file(file.display().to_string());
            let keys = read.map_err(io_error("read the keys in", file))?.into_identities();
            let keys = keys.map_err(|why| RecoveryError::Refused(format!("{}: {why}", file.display())))?;
            identities.extend(keys.into_iter().map(|key| key as Box<dyn age::Identity>));
        }
        if let Some(file) = &self.passphrase {
            identities.push(Box::new(age::scrypt::Identity::new(passphrase(file)?)));
        }
        if identities.is_empty() {
            return refused(format!(
                "{} is encrypted: say which key opens it with --identity FILE, or --passphrase-file FILE",
                path.display()
            ));
        }
        let cannot = |why: age::DecryptError| {
            RecoveryError::Refused(format!("{} cannot be decrypted: {why}", path.display()))
        };
        let decryptor = age::Decryptor::new(open()?).map_err(cannot)?;
        let opened = decryptor.decrypt(identities.iter().map(|one| one.as_ref())).map_err(cannot)?;
        Ok(Box::new(opened))
    }
}

fn passphrase(file: &Path) -> Result<SecretString, RecoveryError> {
    let text = fs::read_to_string(file).map_err(io_error("read the passphrase in", file))?;
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line.to_owned())),
        Some(_) | None => refused(format!("{} holds no passphrase in its first line", file.display())),
    }
}
