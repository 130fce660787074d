//! From what is written to what it means, key by key.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keys::{KEYS, Key};
use super::problem::{Place, Problem};
use super::source::Written;
use super::values::{
    Acme, ArcSeal, Backup, Closed, Config, Delivery, DeliveryTls, DkimKeyFile, Dns, Drill, InForce,
    LmtpListen, Login, Network, Presence, PrivateTargets, Smtp, Storage, TlsFiles, Web,
};
use crate::domain::address::{EmailAddress, is_domain};
use crate::domain::list::Language;
use crate::domain::time::Zone;
use crate::domain::units;

/// The smallest `message_bytes_max`: RFC 5321 §4.5.3.1.7 asks for 64 KiB at least.
const MESSAGE_BYTES_LEAST: u64 = 64 << 10;
/// The most of anything that is counted.
const COUNT_MAX: i64 = 1_000_000;
/// The port of DNS servers that name none.
const DNS_PORT: u16 = 53;

/// Reads values one by one, and keeps what was read for `parvis check`.
struct Reader<'a> {
    written: Written,
    folder: Option<&'a Path>,
    exists: &'a dyn Fn(&Path) -> bool,
    in_force: Vec<InForce>,
}

/// The whole configuration. Relative paths in the file are relative to its `folder`.
pub(super) fn config(
    written: Written,
    folder: Option<&Path>,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<Config, Problem> {
    let mut read = Reader { written, folder, exists, in_force: Vec::with_capacity(KEYS.len()) };
    let hostname = hostname(&mut read)?;
    let (data_dir, _) = read.path("data_dir")?;
    let operator = read.value("operator", "an address, or nothing", |v| optional(v, email))?;
    let language = read.value("language", "fr or en", language)?;
    let timezone = read.value("timezone", "a zone such as Europe/Paris", |v| Zone::parse(v.as_str()?))?;
    let storage = read.value("storage.url", "sled, or postgres://…", storage)?;
    let smtp = smtp(&mut read)?;
    let dns = Dns {
        servers: read
            .value("dns.servers", "addresses such as [\"127.0.0.1:53\"]", |v| each(v, dns_server))?,
    };
    let delivery = delivery(&mut read)?;
    let dkim = dkim(&mut read, &data_dir)?;
    let arc = read.value("arc.seal", "true or false", |v| {
        Some(if v.as_bool()? { ArcSeal::On } else { ArcSeal::Off })
    })?;
    let web = web(&mut read, &hostname)?;
    let acme_directory =
        read.value("acme.directory", "an https:// address, or nothing", |v| optional(v, url))?;
    let acme_email = read.value("acme.email", "an address, or nothing", |v| optional(v, email))?;
    let rspamd =
        read.value("filter.rspamd", "an address such as http://127.0.0.1:11333, or nothing", |v| {
            optional(v, url)
        })?;
    let backup = backup(&mut read)?;
    let metrics_listen = read.value("metrics.listen", LISTEN, |v| each(v, socket))?;
    let Reader { in_force, .. } = read;
    Ok(Config {
        hostname,
        data_dir,
        operator,
        language,
        timezone,
        storage,
        smtp,
        dns,
        delivery,
        dkim,
        arc,
        web,
        acme: acme_directory.map(|directory| Acme { directory, email: acme_email }),
        rspamd,
        backup,
        metrics_listen,
        written: None,
        in_force,
    })
}

const LISTEN: &str = "addresses with ports, such as [\"[::]:25\"] or [\"127.0.0.1:8080\"]";
const COUNT: &str = "a whole number from 1";

fn hostname(read: &mut Reader<'_>) -> Result<String, Problem> {
    let hostname = read.value("hostname", "a name such as lists.example.org", |v| {
        let name = v.as_str()?.trim().trim_end_matches('.').to_ascii_lowercase();
        (name.is_empty() || is_domain(&name)).then_some(name)
    })?;
    if hostname.is_empty() {
        let what = "hostname is missing: add a line such as hostname = \"lists.example.org\"";
        return Err(Problem { place: read.place("hostname"), what: what.to_owned() });
    }
    read.shows(&hostname);
    Ok(hostname)
}

fn smtp(read: &mut Reader<'_>) -> Result<Smtp, Problem> {
    let listen = read.value("smtp.listen", LISTEN, |v| each(v, socket))?;
    let lmtp = "addresses with ports, or paths of unix sockets";
    let lmtp_listen = read.value("smtp.lmtp_listen", lmtp, |v| each(v, lmtp_listen))?;
    let tls = tls(read)?;
    let size = "a size of 64 KiB or more, such as \"25 MiB\"";
    Ok(Smtp {
        listen,
        lmtp_listen,
        tls,
        message_bytes_max: read.value("smtp.message_bytes_max", size, message_size)?,
        connections_max: read.value("smtp.connections_max", COUNT, count)?,
        connections_per_peer_max: read.value("smtp.connections_per_peer_max", COUNT, count)?,
        trusted_relays: read.value(
            "smtp.trusted_relays",
            "addresses or networks, such as [\"127.0.0.1\", \"10.0.0.0/8\"]",
            |v| each(v, Network::parse),
        )?,
        trusted_authserv_id: read
            .value("smtp.trusted_authserv_id", "a name, or nothing", |v| optional(v, word))?,
    })
}

/// Both files, or neither.
fn tls(read: &mut Reader<'_>) -> Result<Presence<TlsFiles>, Problem> {
    let (cert, cert_there) = read.file("smtp.tls_cert")?;
    let (key, key_there) = read.file("smtp.tls_key")?;
    if cert.as_os_str().is_empty() || key.as_os_str().is_empty() {
        return Ok(Presence::Absent(TlsFiles { cert, key }));
    }
    let half = |read: &Reader<'_>, here: &'static str, there: &'static str, missing: &Path| Problem {
        place: read.place(here),
        what: format!("{here} is written, and {there} is not there: {}", missing.display()),
    };
    if !key_there && read.place("smtp.tls_cert") != Place::Default {
        return Err(half(read, "smtp.tls_cert", "smtp.tls_key", &key));
    }
    if !cert_there && read.place("smtp.tls_key") != Place::Default {
        return Err(half(read, "smtp.tls_key", "smtp.tls_cert", &cert));
    }
    let files = TlsFiles { cert, key };
    Ok(if cert_there && key_there { Presence::There(files) } else { Presence::Absent(files) })
}

fn delivery(read: &mut Reader<'_>) -> Result<Delivery, Problem> {
    let route = "mx, or a host such as smtp://relay.example.org:587, smtps://… or lmtp://…";
    Ok(Delivery {
        route: read.value("delivery.route", route, delivery_route)?,
        port: read.value("delivery.port", "a port from 1 to 65535", |v| {
            u16::try_from(v.as_integer()?).ok().filter(|p| *p > 0)
        })?,
        login: login(read)?,
        tls: read.value("delivery.tls", "opportunistic, required or never", |v| match v.as_str()? {
            "opportunistic" => Some(DeliveryTls::Opportunistic),
            "required" => Some(DeliveryTls::Required),
            "never" => Some(DeliveryTls::Never),
            _ => None,
        })?,
        private_targets: read.value("delivery.private_targets", "refuse or allow", |v| {
            match v.as_str()? {
                "refuse" => Some(PrivateTargets::Refuse),
                "allow" => Some(PrivateTargets::Allow),
                _ => None,
            }
        })?,
        connections_max: read.value("delivery.connections_max", COUNT, count)?,
        connections_per_host_max: read.value("delivery.connections_per_host_max", COUNT, count)?,
        rewrite_from_always: read.value(
            "delivery.rewrite_from_always",
            "domains such as [\"gmail.com\"]",
            |v| each(v, |d| is_domain(d).then(|| d.to_ascii_lowercase())),
        )?,
        retry: read.value("delivery.retry", "times such as [\"5 min\", \"1 h\"], at least one", |v| {
            each(v, some_time).filter(|times| !times.is_empty())
        })?,
        give_up_after: read
            .value("delivery.give_up_after", "a time such as \"5 days\"", |v| some_time(v.as_str()?))?,
    })
}

fn login(read: &mut Reader<'_>) -> Result<Option<Login>, Problem> {
    let user = read.value("delivery.user", "a name, or nothing", |v| optional(v, |t| Some(t.to_owned())))?;
    let (password_file, _) = read.file("delivery.password_file")?;
    match (user, password_file.as_os_str().is_empty()) {
        (None, true) => Ok(None),
        (Some(user), false) => Ok(Some(Login { user, password_file })),
        (Some(_), true) => Err(Problem {
            place: read.place("delivery.user"),
            what: "delivery.user is set and delivery.password_file is not".to_owned(),
        }),
        (None, false) => Err(Problem {
            place: read.place("delivery.password_file"),
            what: "delivery.password_file is set and delivery.user is not".to_owned(),
        }),
    }
}

fn dkim(read: &mut Reader<'_>, data_dir: &Path) -> Result<Presence<Vec<DkimKeyFile>>, Problem> {
    let takes = "keys such as [{ selector = \"parvis\", file = \"dkim.pem\" }]";
    let folder = data_dir.join("keys");
    let keys: Vec<DkimKeyFile> =
        read.value("dkim.keys", takes, |v| v.as_array()?.iter().map(|key| dkim_key(key, &folder)).collect())?;
    let missing = keys.iter().find(|key| !(read.exists)(&key.file));
    match (missing, read.place("dkim.keys")) {
        (None, _) => Ok(Presence::There(keys)),
        (Some(_), Place::Default) => Ok(Presence::Absent(keys)),
        (Some(key), place @ (Place::Line(_) | Place::Environment(_))) => {
            Err(Problem { place, what: not_there("dkim.keys", &key.file) })
        }
    }
}

fn dkim_key(value: &toml::Value, folder: &Path) -> Option<DkimKeyFile> {
    let table = value.as_table().filter(|t| t.len() == 2)?;
    let selector = table.get("selector")?.as_str().filter(|s| is_domain(s))?;
    let file = table.get("file")?.as_str().filter(|f| !f.is_empty())?;
    Some(DkimKeyFile { selector: selector.to_owned(), file: folder.join(file) })
}

fn web(read: &mut Reader<'_>, hostname: &str) -> Result<Web, Problem> {
    let listen = read.value("web.listen", LISTEN, |v| each(v, socket))?;
    let tls_listen = read.value("web.tls_listen", LISTEN, |v| each(v, socket))?;
    let written = read.value("web.base_url", "an address such as https://lists.example.org", |v| {
        optional(v, |text| url(text.trim_end_matches('/')))
    })?;
    let base_url = written.unwrap_or_else(|| format!("https://{hostname}"));
    read.shows(&base_url);
    let searches = read.value("web.searches_per_minute_max", COUNT, count)?;
    let searches_per_minute_max = u32::try_from(searches).unwrap_or(u32::MAX);
    Ok(Web { listen, tls_listen, base_url, searches_per_minute_max })
}

/// The most copies kept of one kind.
const KEEP_MAX: i64 = 1_000;

fn backup(read: &mut Reader<'_>) -> Result<Backup, Problem> {
    let (to, _) = read.path("backup.to")?;
    let hour = read.value("backup.hour", "an hour from 0 to 23", |v| {
        u8::try_from(v.as_integer()?).ok().filter(|hour| *hour < 24)
    })?;
    let mut keep = |name| {
        read.value(name, "a whole number", |v| {
            usize::try_from(v.as_integer().filter(|n| *n <= KEEP_MAX)?).ok()
        })
    };
    let (keep_days, keep_weeks, keep_months) =
        (keep("backup.keep_days")?, keep("backup.keep_weeks")?, keep("backup.keep_months")?);
    let recipients = read.value("backup.recipients", "keys of age, such as [\"age1…\"]", |v| {
        each(v, |key| (key.starts_with("age1") && key.is_ascii()).then(|| key.to_owned()))
    })?;
    let (passphrase_file, _) = read.file("backup.passphrase_file")?;
    let (identity_file, _) = read.file("backup.identity_file")?;
    let drill = read.value("backup.drill", "true or false", |v| {
        Some(if v.as_bool()? { Drill::Monthly } else { Drill::Never })
    })?;
    let some = |path: PathBuf| (!path.as_os_str().is_empty()).then_some(path);
    let closed = match (recipients.is_empty(), some(passphrase_file)) {
        (true, None) => Closed::Open,
        (false, None) => Closed::Recipients(recipients),
        (true, Some(file)) => Closed::Passphrase(file),
        (false, Some(_)) => {
            return Err(Problem {
                place: read.place("backup.passphrase_file"),
                what:
                    "backup.passphrase_file and backup.recipients are both set: copies are closed for keys, \
                       or by a passphrase"
                        .to_owned(),
            });
        }
    };
    let (to, identity_file) = (some(to), some(identity_file));
    Ok(Backup { to, hour, keep_days, keep_weeks, keep_months, closed, identity_file, drill })
}

impl Reader<'_> {
    /// Reads one key; `meaning` gives nothing for what the key does not take.
    fn value<T>(
        &mut self,
        name: &'static str,
        takes: &str,
        meaning: impl Fn(&toml::Value) -> Option<T>,
    ) -> Result<T, Problem> {
        let (value, place) = self.written.take(key(name));
        let what = format!("{name} cannot be {value}: it takes {takes}");
        let meant = meaning(&value).ok_or_else(|| Problem { place: place.clone(), what })?;
        self.in_force.push(InForce { key: name, value: value.to_string(), place });
        Ok(meant)
    }

    /// What the key read last came to mean, where that is not what is written.
    fn shows(&mut self, meaning: &str) {
        if let Some(shown) = self.in_force.last_mut() {
            shown.value = toml::Value::from(meaning).to_string();
        }
    }

    /// A path; whether it is written. One in the file is relative to the file's folder.
    fn path(&mut self, name: &'static str) -> Result<(PathBuf, Place), Problem> {
        let path = self.value(name, "a path", |v| v.as_str().map(PathBuf::from))?;
        let place = self.place(name);
        let path = match (&place, self.folder) {
            (Place::Line(_), Some(folder)) if !path.as_os_str().is_empty() => folder.join(path),
            (Place::Line(_) | Place::Default | Place::Environment(_), _) => path,
        };
        Ok((path, place))
    }

    /// A file; whether it is there. One that is written must be.
    fn file(&mut self, name: &'static str) -> Result<(PathBuf, bool), Problem> {
        let (path, place) = self.path(name)?;
        let there = !path.as_os_str().is_empty() && (self.exists)(&path);
        if !there && !path.as_os_str().is_empty() && place != Place::Default {
            return Err(Problem { place, what: not_there(name, &path) });
        }
        Ok((path, there))
    }

    /// Where a key that was read is written.
    fn place(&self, name: &str) -> Place {
        let read = self.in_force.iter().find(|one| one.key == name);
        read.map_or(Place::Default, |one| one.place.clone())
    }
}

fn key(name: &str) -> &'static Key {
    KEYS.iter().find(|key| key.name == name).expect("every key read here is in KEYS, which is tested")
}

fn not_there(name: &str, path: &Path) -> String {
    format!("{name} names {}, which is not there", path.display())
}

fn each<T>(value: &toml::Value, meaning: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(|item| meaning(item.as_str()?.trim())).collect()
}

/// Empty is none.
fn optional<T>(value: &toml::Value, meaning: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match value.as_str()?.trim() {
        "" => Some(None),
        text => meaning(text).map(Some),
    }
}

fn language(value: &toml::Value) -> Option<Language> {
    Language::ALL.into_iter().find(|l| Some(l.tag()) == value.as_str())
}

fn storage(value: &toml::Value) -> Option<Storage> {
    match value.as_str()? {
        "sled" => Some(Storage::Sled),
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Some(Storage::Postgres(url.to_owned()))
        }
        _ => None,
    }
}

fn delivery_route(value: &toml::Value) -> Option<String> {
    let route = value.as_str()?.trim();
    let target = ["smtp://", "smtps://", "lmtp://"].iter().find_map(|scheme| route.strip_prefix(scheme));
    let named = target.is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic()));
    (route == "mx" || named).then(|| route.to_owned())
}

fn socket(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

fn lmtp_listen(text: &str) -> Option<LmtpListen> {
    match text.strip_prefix("unix:").unwrap_or(text) {
        path if path.starts_with('/') => Some(LmtpListen::Unix(PathBuf::from(path))),
        address => socket(address).map(LmtpListen::Address),
    }
}

fn dns_server(text: &str) -> Option<SocketAddr> {
    socket(text).or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, DNS_PORT)))
}

fn email(text: &str) -> Option<EmailAddress> {
    EmailAddress::parse(text).ok()
}

fn word(text: &str) -> Option<String> {
    text.bytes().all(|b| b.is_ascii_graphic()).then(|| text.to_owned())
}

fn url(text: &str) -> Option<String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let plain = host.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b));
    (plain && !host.is_empty() && !host.starts_with('/')).then(|| text.to_owned())
}

fn count(value: &toml::Value) -> Option<usize> {
    let number = value.as_integer().filter(|n| (1..=COUNT_MAX).contains(n))?;
    usize::try_from(number).ok()
}

fn message_size(value: &toml::Value) -> Option<u64> {
    let size = match value.as_integer() {
        Some(bytes) => u64::try_from(bytes).ok(),
        None => units::parse_size(value.as_str()?),
    };
    size.filter(|bytes| *bytes >= MESSAGE_BYTES_LEAST)
}

fn some_time(text: &str) -> Option<Duration> {
    units::parse_duration(text).filter(|time| !time.is_zero())
}
