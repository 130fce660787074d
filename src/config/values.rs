//! What the configuration means.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Place;
use crate::domain::address::EmailAddress;
use crate::domain::list::Language;
pub use crate::domain::network::Network;
use crate::domain::time::Zone;

/// Everything an operator chose, and our choice for the rest.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our name in EHLO and in Message-IDs, in lower case.
    pub hostname: String,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Who runs this server, if they said.
    pub operator: Option<EmailAddress>,
    /// Of a list that names none.
    pub language: Language,
    /// In which days begin.
    pub timezone: Zone,
    /// What keeps the working state.
    pub storage: Storage,
    /// The door posts come in by.
    pub smtp: Smtp,
    /// Who is asked about names.
    pub dns: Dns,
    /// How copies go out.
    pub delivery: Delivery,
    /// What signs them; absent: nothing does.
    pub dkim: Presence<Vec<DkimKeyFile>>,
    /// Whether copies are sealed (RFC 8617).
    pub arc: ArcSeal,
    /// The pages.
    pub web: Web,
    /// Where certificates come from, if we fetch them.
    pub acme: Option<Acme>,
    /// A filter that gives a verdict on unwanted mail.
    pub rspamd: Option<String>,
    /// Copies of everything, made by the server itself.
    pub backup: Backup,
    /// Where measurements can be read.
    pub metrics_listen: Vec<SocketAddr>,
    /// The file it was read from, as it is written; none: the environment said it all.
    pub written: Option<String>,
    pub(super) in_force: Vec<InForce>,
}

/// One key as it is in force.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) place: Place,
}

/// Something that is in files which need not be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Presence<T> {
    /// The files are there.
    There(T),
    /// They are not at their default place, so we do without.
    Absent(T),
}

impl<T> Presence<T> {
    /// What is there.
    pub fn there(&self) -> Option<&T> {
        match self {
            Presence::There(value) => Some(value),
            Presence::Absent(_) => None,
        }
    }
}

/// What keeps the working state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Storage {
    /// sled, in the data directory.
    Sled,
    /// A PostgreSQL server.
    Postgres(String),
}

/// The door posts come in by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Smtp {
    /// Where we listen.
    pub listen: Vec<SocketAddr>,
    /// Where we speak LMTP.
    pub lmtp_listen: Vec<LmtpListen>,
    /// STARTTLS.
    pub tls: Presence<TlsFiles>,
    /// The largest message taken, in bytes.
    pub message_bytes_max: u64,
    /// The most connections at once.
    pub connections_max: usize,
    /// The most of them from one address.
    pub connections_per_peer_max: usize,
    /// Mail servers in front of us.
    pub trusted_relays: Vec<Network>,
    /// The name whose Authentication-Results are believed.
    pub trusted_authserv_id: Option<String>,
}

/// Where LMTP is spoken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LmtpListen {
    /// On a port.
    Address(SocketAddr),
    /// On a unix socket.
    Unix(PathBuf),
}

/// A certificate chain and its key, PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Who is asked about names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dns {
    /// None: the system's.
    pub servers: Vec<SocketAddr>,
}

/// How copies go out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// `mx`, or a URL of a checked scheme.
    pub route: String,
    /// What mx delivery connects to.
    pub port: u16,
    /// Who we are to a smarthost.
    pub login: Option<Login>,
    /// Whether connections must be encrypted.
    pub tls: DeliveryTls,
    /// Whether mx delivery may go to private addresses.
    pub private_targets: PrivateTargets,
    /// The most connections at once.
    pub connections_max: usize,
    /// The most of them to one mx host.
    pub connections_per_host_max: usize,
    /// Domains whose From is always rewritten, in lower case.
    pub rewrite_from_always: Vec<String>,
    /// How long after each failed attempt the next one is; the last repeats.
    pub retry: Vec<Duration>,
    /// How long a copy is tried.
    pub give_up_after: Duration,
}

/// A name and the file of its password.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Login {
    pub user: String,
    pub password_file: PathBuf,
}

/// Whether connections of delivery are encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryTls {
    /// Where it is offered.
    Opportunistic,
    /// Or the copy waits.
    Required,
    /// Never.
    Never,
}

/// Whether mx delivery may go to private and loopback addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrivateTargets {
    /// It may not: strangers choose where their mail goes.
    Refuse,
    /// It may.
    Allow,
}

/// A key that signs copies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DkimKeyFile {
    /// Its name in DNS.
    pub selector: String,
    /// PEM.
    pub file: PathBuf,
}

/// Whether copies are sealed (RFC 8617).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArcSeal {
    /// They are not.
    Off,
    /// They are.
    On,
}

/// The pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Web {
    /// Where we listen.
    pub listen: Vec<SocketAddr>,
    /// Where we speak https ourselves.
    pub tls_listen: Vec<SocketAddr>,
    /// What links begin with; no slash at the end.
    pub base_url: String,
    /// Of one client.
    pub searches_per_minute_max: u32,
}

/// Where certificates come from (RFC 8555).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acme {
    /// The directory's URL.
    pub directory: String,
    /// Whom they may write to.
    pub email: Option<EmailAddress>,
}

/// Copies of everything, made by the server itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    /// The folder they go to; none: no copies are made.
    pub to: Option<PathBuf>,
    /// The hour of the day, from 0 to 23.
    pub hour: u8,
    /// The newest of each of so many days stays…
    pub keep_days: usize,
    /// …of each of so many weeks…
    pub keep_weeks: usize,
    /// …and of each of so many months.
    pub keep_months: usize,
    /// For whom they are closed.
    pub closed: Closed,
    /// A key that opens them, for the drill.
    pub identity_file: Option<PathBuf>,
    /// Whether they are rehearsed once a month.
    pub drill: Drill,
}

/// For whom copies are closed (age).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Closed {
    /// For nobody.
    Open,
    /// For all but the holders of these keys.
    Recipients(Vec<String>),
    /// For all who do not know what is in this file.
    Passphrase(PathBuf),
}

/// Whether a restore is rehearsed once a month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drill {
    /// It is.
    Monthly,
    /// It is not.
    Never,
}

impl Config {
    /// Where the keys are.
    pub fn keys_dir(&self) -> PathBuf {
        self.data_dir.join("keys")
    }

    /// Where a key that is in force is written: `line 12`, a variable's name, `default`.
    pub fn written_at(&self, key: &str) -> String {
        let read = self.in_force.iter().find(|one| one.key == key);
        read.map_or_else(|| Place::Default.to_string(), |one| one.place.to_string())
    }

    /// What is in force, one line a key, with where it is written. Passwords are not shown.
    pub fn show(&self) -> Vec<String> {
        let line = |one: &InForce| format!("{} = {}  ({})", one.key, without_password(&one.value), one.place);
        self.in_force.iter().map(line).collect()
    }
}

/// `postgres://parvis:secret@db/parvis` without the secret.
fn without_password(value: &str) -> String {
    let hidden = || {
        let (scheme, rest) = value.split_once("://")?;
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:…@{host}"))
    };
    hidden().unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_begins_alike() {
        for (network, address, holds) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let network = Network::parse(network).expect(network);
            assert_eq!(network.contains(address.parse().expect("valid")), holds, "{network} {address}");
        }
        for text in ["", "localhost", "127.0.0.1/33", "::1/129", "127.0.0.1/x", "127.0.0.1/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
