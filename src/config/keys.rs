//! Every key there is, with its default and what it is for.

/// One key of `parvis.toml`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// `smtp.listen`: the section, a dot and the key; a top-level key alone.
    pub name: &'static str,
    /// As TOML. Its type is the type the key takes.
    pub default: &'static str,
}

macro_rules! keys {
    ($($name:literal = $default:literal,)+) => {
        /// Every key, in the order of the example file.
        pub const KEYS: &[Key] = &[$(Key { name: $name, default: $default }),+];
    };
}

keys! {
    "hostname" = r#""""#,
    "data_dir" = r#""/var/lib/parvis""#,
    "operator" = r#""""#,
    "language" = r#""fr""#,
    "timezone" = r#""Europe/Paris""#,
    "storage.url" = r#""sled""#,
    "smtp.listen" = r#"["[::]:25"]"#,
    "smtp.lmtp_listen" = "[]",
    "smtp.tls_cert" = r#""/etc/parvis/cert.pem""#,
    "smtp.tls_key" = r#""/etc/parvis/key.pem""#,
    "smtp.message_bytes_max" = r#""25 MiB""#,
    "smtp.connections_max" = "512",
    "smtp.connections_per_peer_max" = "16",
    "smtp.trusted_relays" = r#"["127.0.0.1", "::1"]"#,
    "smtp.trusted_authserv_id" = r#""""#,
    "dns.servers" = "[]",
    "delivery.route" = r#""mx""#,
    "delivery.port" = "25",
    "delivery.user" = r#""""#,
    "delivery.password_file" = r#""""#,
    "delivery.tls" = r#""opportunistic""#,
    "delivery.private_targets" = r#""refuse""#,
    "delivery.connections_max" = "64",
    "delivery.connections_per_host_max" = "4",
    "delivery.rewrite_from_always" = r#"["gmail.com", "yahoo.com"]"#,
    "delivery.retry" = r#"["5 min", "15 min", "1 h", "4 h", "12 h", "24 h"]"#,
    "delivery.give_up_after" = r#""5 days""#,
    "dkim.keys" = r#"[{ selector = "parvis", file = "dkim.pem" }]"#,
    "arc.seal" = "false",
    "web.listen" = r#"["127.0.0.1:8080"]"#,
    "web.tls_listen" = "[]",
    "web.base_url" = r#""""#,
    "web.searches_per_minute_max" = "60",
    "acme.directory" = r#""""#,
    "acme.email" = r#""""#,
    "filter.rspamd" = r#""""#,
    "backup.to" = r#""""#,
    "backup.hour" = "3",
    "backup.keep_days" = "7",
    "backup.keep_weeks" = "4",
    "backup.keep_months" = "6",
    "backup.recipients" = "[]",
    "backup.passphrase_file" = r#""""#,
    "backup.identity_file" = r#""""#,
    "backup.drill" = "true",
    "metrics.listen" = "[]",
}

impl Key {
    /// The section, empty for a top-level key, and the key in it.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }

    /// The default as a value.
    pub(super) fn default_value(&self) -> toml::Value {
        let line = format!("value = {}", self.default);
        let mut table: toml::Table = line.parse().expect("written above");
        table.remove("value").expect("just written")
    }
}

/// The key of that name.
pub(super) fn find(section: &str, key: &str) -> Option<&'static Key> {
    KEYS.iter().find(|known| known.parts() == (section, key))
}

/// The keys of a section by their short names; those of the top level for an empty one.
pub(super) fn of_section(section: &str) -> Vec<&'static str> {
    KEYS.iter().map(Key::parts).filter(|(s, _)| *s == section).map(|(_, key)| key).collect()
}

/// Every section, once.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(|k| k.parts().0).filter(|s| !s.is_empty()).collect();
    sections.dedup();
    sections
}
