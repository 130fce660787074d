//! `parvis.toml` and the environment, as an operator meets them.

use std::path::Path;

use expect_test::expect;
use parvis::config::{
    Config, ConfigError, ConfigPath, DeliveryTls, KEYS, LmtpListen, Presence, Storage, environment,
};
use parvis::domain::list::ListSettings;
use parvis::domain::member::MEMBER_SETTINGS;

const EXAMPLE: &str = include_str!("../../data/parvis.toml");

fn environment_of(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let exists = |path: &Path| !path.display().to_string().contains("missing");
    Config::from_text(Some(text), Path::new("/srv/parvis.toml"), environment_of(variables), &exists)
}

/// What is in force, without the places.
fn values(config: &Config) -> Vec<String> {
    let line = |l: String| l.rsplit_once("  (").expect("a place").0.to_owned();
    config.show().into_iter().map(line).collect()
}

/// Every key of the example as if its # had been taken away.
fn uncommented() -> String {
    let is_key =
        |l: &str| l.strip_prefix('#').is_some_and(|l| l.starts_with(|c: char| c.is_ascii_lowercase()));
    EXAMPLE.lines().map(|l| if is_key(l) { &l[1..] } else { l }.to_owned() + "\n").collect()
}

#[test]
fn the_example_is_complete_and_is_the_defaults() {
    let bare = read("hostname = \"lists.example.org\"", &[]).unwrap();
    let example = read(EXAMPLE, &[]).unwrap();
    let written = read(&uncommented(), &[]).unwrap();
    assert_eq!(values(&example), values(&bare));
    assert_eq!(values(&written), values(&bare));
    for config in [&example, &written] {
        assert_eq!(config.smtp, bare.smtp);
        assert_eq!(config.delivery, bare.delivery);
        assert_eq!(config.dkim, bare.dkim);
        assert_eq!(config.web, bare.web);
        assert_eq!(config.data_dir, bare.data_dir);
    }
    assert!(written.show().iter().all(|line| line.contains("(line ")), "{:#?}", written.show());
    assert_eq!(written.show().len(), KEYS.len());
}

/// First and second cells of the rows of `docs/settings.md` below a heading.
fn documented(heading: &str) -> Vec<(&'static str, &'static str)> {
    let text = include_str!("../../docs/settings.md");
    let section = text.split("\n## ").find(|s| s.starts_with(heading)).expect("a heading");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells =
        |row: &'static str| row.split_once("` | ").and_then(|(k, rest)| Some((k, rest.split_once(" |")?.0)));
    rows.map(|row| cells(row).expect("a row")).collect()
}

#[test]
fn every_setting_is_documented_in_its_order() {
    let keys: Vec<&str> = documented("The server").into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    for (key, (name, default)) in KEYS.iter().zip(documented("The server")) {
        let written = default.trim_matches('`') == key.default;
        assert!(written || matches!(name, "hostname" | "web.base_url"), "{name}: {default}");
    }
    let list: Vec<&str> = documented("A list").into_iter().map(|(key, _)| key).collect();
    assert_eq!(list, ListSettings::KEYS);
    let member: Vec<&str> = documented("A member").into_iter().map(|(key, _)| key).collect();
    assert!(MEMBER_SETTINGS.iter().chain(&["name", "email", "language"]).all(|key| member.contains(key)));
}

#[test]
fn what_is_in_force() {
    let config = read(
        "hostname = \"Lists.Example.org.\"\n[storage]\nurl = \"postgres://parvis:secret@db/parvis\"\n",
        &[("PARVIS_SMTP__LISTEN", "127.0.0.1:0, [::1]:0")],
    );
    expect![[r#"
        hostname = "lists.example.org"  (line 1)
        data_dir = "/var/lib/parvis"  (default)
        operator = ""  (default)
        language = "fr"  (default)
        timezone = "Europe/Paris"  (default)
        storage.url = "postgres://parvis:…@db/parvis"  (line 3)
        smtp.listen = ["127.0.0.1:0", "[::1]:0"]  (PARVIS_SMTP__LISTEN)
        smtp.lmtp_listen = []  (default)
        smtp.tls_cert = "/etc/parvis/cert.pem"  (default)
        smtp.tls_key = "/etc/parvis/key.pem"  (default)
        smtp.message_bytes_max = "25 MiB"  (default)
        smtp.connections_max = 512  (default)
        smtp.connections_per_peer_max = 16  (default)
        smtp.trusted_relays = ["127.0.0.1", "::1"]  (default)
        smtp.trusted_authserv_id = ""  (default)
        dns.servers = []  (default)
        delivery.route = "mx"  (default)
        delivery.port = 25  (default)
        delivery.user = ""  (default)
        delivery.password_file = ""  (default)
        delivery.tls = "opportunistic"  (default)
        delivery.private_targets = "refuse"  (default)
        delivery.connections_max = 64  (default)
        delivery.connections_per_host_max = 4  (default)
        delivery.rewrite_from_always = ["gmail.com", "yahoo.com"]  (default)
        delivery.retry = ["5 min", "15 min", "1 h", "4 h", "12 h", "24 h"]  (default)
        delivery.give_up_after = "5 days"  (default)
        dkim.keys = [{ file = "dkim.pem", selector = "parvis" }]  (default)
        arc.seal = false  (default)
        web.listen = ["127.0.0.1:8080"]  (default)
        web.tls_listen = []  (default)
        web.base_url = "https://lists.example.org"  (default)
        web.searches_per_minute_max = 60  (default)
        acme.directory = ""  (default)
        acme.email = ""  (default)
        filter.rspamd = ""  (default)
        backup.to = ""  (default)
        backup.hour = 3  (default)
        backup.keep_days = 7  (default)
        backup.keep_weeks = 4  (default)
        backup.keep_months = 6  (default)
        backup.recipients = []  (default)
        backup.passphrase_file = ""  (default)
        backup.identity_file = ""  (default)
        backup.drill = true  (default)
        metrics.listen = []  (default)"#]]
    .assert_eq(&config.unwrap().show().join("\n"));
}

#[test]
fn what_is_written_is_meant() {
    let config = read(
        r#"
        hostname = "lists.example.org"
        data_dir = "data"
        operator = "Op@Example.org"
        language = "en"
        timezone = "America/Montreal"
        [smtp]
        lmtp_listen = ["127.0.0.1:24", "/run/parvis/lmtp", "unix:/run/other"]
        message_bytes_max = 1000000
        [dns]
        servers = ["127.0.0.1:5353", "::1"]
        [delivery]
        route = "smtp://relay.example.org:587"
        user = "parvis"
        password_file = "password"
        tls = "required"
        rewrite_from_always = ["Example.COM"]
        [[dkim.keys]]
        selector = "a"
        file = "a.pem"
        [[dkim.keys]]
        selector = "b"
        file = "/elsewhere/b.pem"
        [web]
        base_url = "https://lists.example.org/groups/"
        "#,
        &[],
    )
    .unwrap();
    assert_eq!(config.data_dir, Path::new("/srv/data"));
    assert_eq!(config.operator.unwrap().as_str(), "Op@Example.org");
    assert_eq!(config.timezone.name(), "America/Montreal");
    assert_eq!(config.smtp.lmtp_listen[1], LmtpListen::Unix("/run/parvis/lmtp".into()));
    assert_eq!(config.smtp.message_bytes_max, 1_000_000);
    assert_eq!(config.dns.servers[1].to_string(), "[::1]:53");
    let login = config.delivery.login.unwrap();
    assert_eq!((login.user.as_str(), login.password_file.as_path()), ("parvis", Path::new("/srv/password")));
    assert_eq!(config.delivery.tls, DeliveryTls::Required);
    assert_eq!(config.delivery.rewrite_from_always, ["example.com"]);
    let keys = config.dkim.there().unwrap();
    assert_eq!(keys[0].file, Path::new("/srv/data/keys/a.pem"));
    assert_eq!(keys[1].file, Path::new("/elsewhere/b.pem"));
    assert_eq!(config.web.base_url, "https://lists.example.org/groups");
    assert_eq!(config.storage, Storage::Sled);
}

#[test]
fn the_environment_says_it_instead() {
    let config = read(
        "hostname = \"file.example\"\n[smtp]\nlisten = [\"[::]:25\"]\n",
        &[
            ("PARVIS_HOSTNAME", "lists.example.org"),
            ("PARVIS_DATA_DIR", "here"),
            ("PARVIS_OPERATOR", ""),
            ("PARVIS_SMTP__LISTEN", r#"["127.0.0.1:2525"]"#),
            ("PARVIS_SMTP__CONNECTIONS_MAX", "7"),
            ("PARVIS_DELIVERY__RETRY", "1 s,2 s"),
            ("PARVIS_DELIVERY__REWRITE_FROM_ALWAYS", ""),
            ("PARVIS_DELIVERY__TLS", "\"never\""),
            ("PARVIS_DKIM__KEYS", r#"[{selector = "s", file = "s.pem"}]"#),
            ("PARVIS_ARC__SEAL", "true"),
            ("PARVIS_CONFIG", "/elsewhere.toml"),
            ("PARVIS_ANYTHING", "else"),
            ("PARVIS_SMTP", "no key"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.hostname, "lists.example.org");
    assert_eq!(config.data_dir, Path::new("here"));
    assert_eq!(config.smtp.listen[0].to_string(), "127.0.0.1:2525");
    assert_eq!(config.smtp.connections_max, 7);
    assert_eq!(config.delivery.retry.iter().map(|d| d.as_secs()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(config.delivery.rewrite_from_always, Vec::<String>::new());
    assert_eq!(config.delivery.tls, DeliveryTls::Never);
    assert_eq!(config.dkim.there().unwrap()[0].file, Path::new("here/keys/s.pem"));
}

/// What is said about each text, below the text itself.
fn sentences(cases: &[(&str, &[(&str, &str)])]) -> String {
    let say = |(text, variables): &(&str, &[(&str, &str)])| {
        let error = read(text, variables).map(|config| config.show()).expect_err("a mistake");
        assert!(std::error::Error::source(&error).is_none(), "the sentence is whole");
        format!("{}\n    {error}\n", if variables.is_empty() { text } else { variables[0].0 })
    };
    cases.iter().map(say).collect()
}

#[test]
fn what_is_not_known_is_told_with_what_is() {
    let cases = [
        "",
        "hostname = \"h",
        "hostname = \"h\"\nhostname = \"h\"",
        "hostnam = \"h\"",
        "listen = []",
        "colour = \"h\"",
        "[smpt]\nlisten = []",
        "smtp = 3",
        "[smtp]\n\nlistn = []",
        "[smtp]\noperator = \"a@b.example\"",
        "[arc]\ncolour = 1",
    ];
    expect![[r#"

            cannot read /srv/parvis.toml: hostname is missing: add a line such as hostname = "lists.example.org"
        hostname = "h
            cannot read /srv/parvis.toml: line 1: not TOML: invalid basic string, expected `"`
        hostname = "h"
        hostname = "h"
            cannot read /srv/parvis.toml: line 2: not TOML: duplicate key
        hostnam = "h"
            cannot read /srv/parvis.toml: line 1: there is no key "hostnam"; did you mean hostname?
        listen = []
            cannot read /srv/parvis.toml: line 1: there is no key "listen" outside a section; it belongs below [smtp]
        colour = "h"
            cannot read /srv/parvis.toml: line 1: there is no key "colour"; there are hostname, data_dir, operator, language, timezone, storage, smtp, dns, delivery, dkim, arc, web, acme, filter, backup, metrics
        [smpt]
        listen = []
            cannot read /srv/parvis.toml: line 1: there is no key "smpt"; did you mean smtp?
        smtp = 3
            cannot read /srv/parvis.toml: line 1: "smtp" is a section: write [smtp] and its keys below
        [smtp]

        listn = []
            cannot read /srv/parvis.toml: line 3: [smtp] has no key "listn"; did you mean listen?
        [smtp]
        operator = "a@b.example"
            cannot read /srv/parvis.toml: line 2: [smtp] has no key "operator"; it belongs above the first section
        [arc]
        colour = 1
            cannot read /srv/parvis.toml: line 2: [arc] has no key "colour"; there are seal
    "#]].assert_eq(&sentences(&cases.map(|text| (text, [].as_slice()))));
}

#[test]
fn what_cannot_be_meant_is_told_with_what_can() {
    let cases = [
        "hostname = \"\"",
        "hostname = \"not a name\"",
        "hostname = 3",
        "operator = \"nobody\"",
        "timezone = \"Europe/Lutece\"",
        "[smtp]\nlisten = \"[::]:25\"",
        "[smtp]\nlisten = [\n  \"[::]:25\",\n  \"25\",\n]",
        "[smtp]\nmessage_bytes_max = \"10 KiB\"",
        "[smtp]\nconnections_max = 0",
        "[smtp]\ntls_cert = \"missing.pem\"",
        "[delivery]\nroute = \"ftp://x\"",
        "[delivery]\nretry = []",
        "[delivery]\nuser = \"x\"",
        "[delivery]\nport = 70000",
        "[dkim]\nkeys = [{ selector = \"a\", file = \"missing\" }]",
        "[dkim]\nkeys = [{ selector = \"a\", fil = \"b\" }]",
        "[web]\nbase_url = \"lists.example.org\"",
    ];
    let whole = |text: &str| match text.starts_with("hostname") {
        true => text.to_owned(),
        false => format!("hostname = \"h.example\"\n{text}"),
    };
    let texts = cases.map(whole);
    let cases: Vec<_> = texts.iter().map(|text| (text.as_str(), [].as_slice())).collect();
    expect![[r#"
        hostname = ""
            cannot read /srv/parvis.toml: line 1: hostname is missing: add a line such as hostname = "lists.example.org"
        hostname = "not a name"
            cannot read /srv/parvis.toml: line 1: hostname cannot be "not a name": it takes a name such as lists.example.org
        hostname = 3
            cannot read /srv/parvis.toml: line 1: hostname cannot be 3: it takes a name such as lists.example.org
        operator = "nobody"
            cannot read /srv/parvis.toml: line 2: operator cannot be "nobody": it takes an address, or nothing
        timezone = "Europe/Lutece"
            cannot read /srv/parvis.toml: line 2: timezone cannot be "Europe/Lutece": it takes a zone such as Europe/Paris
        [smtp]
        listen = "[::]:25"
            cannot read /srv/parvis.toml: line 3: smtp.listen cannot be "[::]:25": it takes addresses with ports, such as ["[::]:25"] or ["127.0.0.1:8080"]
        [smtp]
        listen = [
          "[::]:25",
          "25",
        ]
            cannot read /srv/parvis.toml: line 3: smtp.listen cannot be ["[::]:25", "25"]: it takes addresses with ports, such as ["[::]:25"] or ["127.0.0.1:8080"]
        [smtp]
        message_bytes_max = "10 KiB"
            cannot read /srv/parvis.toml: line 3: smtp.message_bytes_max cannot be "10 KiB": it takes a size of 64 KiB or more, such as "25 MiB"
        [smtp]
        connections_max = 0
            cannot read /srv/parvis.toml: line 3: smtp.connections_max cannot be 0: it takes a whole number from 1
        [smtp]
        tls_cert = "missing.pem"
            cannot read /srv/parvis.toml: line 3: smtp.tls_cert names /srv/missing.pem, which is not there
        [delivery]
        route = "ftp://x"
            cannot read /srv/parvis.toml: line 3: delivery.route cannot be "ftp://x": it takes mx, or a host such as smtp://relay.example.org:587, smtps://… or lmtp://…
        [delivery]
        retry = []
            cannot read /srv/parvis.toml: line 3: delivery.retry cannot be []: it takes times such as ["5 min", "1 h"], at least one
        [delivery]
        user = "x"
            cannot read /srv/parvis.toml: line 3: delivery.user is set and delivery.password_file is not
        [delivery]
        port = 70000
            cannot read /srv/parvis.toml: line 3: delivery.port cannot be 70000: it takes a port from 1 to 65535
        [dkim]
        keys = [{ selector = "a", file = "missing" }]
            cannot read /srv/parvis.toml: line 3: dkim.keys names /var/lib/parvis/keys/missing, which is not there
        [dkim]
        keys = [{ selector = "a", fil = "b" }]
            cannot read /srv/parvis.toml: line 3: dkim.keys cannot be [{ fil = "b", selector = "a" }]: it takes keys such as [{ selector = "parvis", file = "dkim.pem" }]
        [web]
        base_url = "lists.example.org"
            cannot read /srv/parvis.toml: line 3: web.base_url cannot be "lists.example.org": it takes an address such as https://lists.example.org
    "#]].assert_eq(&sentences(&cases).replace("hostname = \"h.example\"\n", ""));
}

#[test]
fn variables_are_told_the_same() {
    let cases = [
        [("PARVIS_SMTP__LISTN", "x")],
        [("PARVIS_DNS__RESOLV_CONF", "x")],
        [("PARVIS_COLOUR__RED", "x")],
        [("PARVIS_SMTP__CONNECTIONS_MAX", "many")],
        [("PARVIS_LANGUAGE", "de")],
    ];
    let cases: Vec<_> = cases.iter().map(|v| ("hostname = \"h.example\"", v.as_slice())).collect();
    expect![[r#"
        PARVIS_SMTP__LISTN
            cannot use PARVIS_SMTP__LISTN of the environment: there is no such key; did you mean PARVIS_SMTP__LISTEN?
        PARVIS_DNS__RESOLV_CONF
            cannot use PARVIS_DNS__RESOLV_CONF of the environment: [dns] has no such key; there are servers
        PARVIS_COLOUR__RED
            cannot use PARVIS_COLOUR__RED of the environment: there is no section "colour"; there are storage, smtp, dns, delivery, dkim, arc, web, acme, filter, backup, metrics
        PARVIS_SMTP__CONNECTIONS_MAX
            cannot use PARVIS_SMTP__CONNECTIONS_MAX of the environment: smtp.connections_max cannot be "many": it takes a whole number from 1
        PARVIS_LANGUAGE
            cannot use PARVIS_LANGUAGE of the environment: language cannot be "de": it takes fr or en
    "#]].assert_eq(&sentences(&cases));
}

#[test]
fn files_at_their_default_place_need_not_be_there() {
    let none = |_: &Path| false;
    let read = |text: &str| Config::from_text(Some(text), Path::new("/srv/parvis.toml"), [], &none);
    let config = read("hostname = \"h.example\"").unwrap();
    assert!(
        matches!(config.smtp.tls, Presence::Absent(ref tls) if tls.cert == Path::new("/etc/parvis/cert.pem"))
    );
    assert!(config.dkim.there().is_none());
    let error = read("hostname = \"h.example\"\n[smtp]\ntls_key = \"k.pem\"").unwrap_err();
    assert!(
        error.to_string().contains("line 3: smtp.tls_key names /srv/k.pem, which is not there"),
        "{error}"
    );

    // One written and there, the other at its default place and not there: no TLS by surprise.
    let only_ours = |path: &Path| path.starts_with("/srv");
    let text = "hostname = \"h.example\"\n[smtp]\ntls_cert = \"c.pem\"";
    let error = Config::from_text(Some(text), Path::new("/srv/parvis.toml"), [], &only_ours).unwrap_err();
    assert!(error.to_string().contains("smtp.tls_key is not there: /etc/parvis/key.pem"), "{error}");
}

#[test]
fn a_file_that_is_named_must_be_there_and_the_default_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parvis.toml");
    let load = |variables: &[(&str, &str)]| {
        Config::load(&ConfigPath::Written(path.clone()), environment_of(variables)).map(|c| c.hostname)
    };
    let error = load(&[("PARVIS_HOSTNAME", "h.example")]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot read {}: ", path.display())), "{error}");
    std::fs::write(&path, "hostname = \"h.example\"").unwrap();
    assert_eq!(load(&[]).unwrap(), "h.example");
    std::fs::write(&path, b"hostname = \"\xff\"").unwrap();
    assert!(load(&[]).is_err());

    let nothing = |variables: &[(&str, &str)]| {
        Config::from_text(None, Path::new("/etc/parvis/parvis.toml"), environment_of(variables), &|_| false)
    };
    assert_eq!(nothing(&[("PARVIS_HOSTNAME", "h.example")]).unwrap().hostname, "h.example");
    expect!["there is no /etc/parvis/parvis.toml: write one with `parvis init --hostname HOST`, name another with --config, or set PARVIS_HOSTNAME"].assert_eq(&nothing(&[]).unwrap_err().to_string());
}

#[test]
fn only_our_variables_are_looked_at() {
    assert!(environment().iter().all(|(name, _)| name.starts_with("PARVIS_")));
}

#[test]
fn no_text_is_too_strange_to_be_refused_in_a_sentence() {
    let whole = uncommented();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        if let Err(error) = read(&whole[..end], &[]) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    proptest::proptest!(|(text in "(?s).{0,200}", value in ".{0,50}")| {
        let _ = read(&text, &[]);
        let _ = read("hostname = \"h.example\"", &[("PARVIS_SMTP__LISTEN", &value), ("PARVIS_LANGUAGE", &value)]);
        let _ = read(&format!("hostname = {value}"), &[]);
    });
}
