//! `parvis init`, as the person sees it who starts a server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{self, KeyPair};
use expect_test::expect;
use parvis::config::{Config, ConfigPath};
use parvis::domain::address::EmailAddress;
use parvis::domain::mta_sts;
use parvis::init::{DkimKey, InitPlace, InitPlan, InitRequest, plan, write};

fn request(place: InitPlace) -> InitRequest {
    let operator = EmailAddress::parse("op@elsewhere.example").expect("valid");
    InitRequest { place, hostname: "Lists.Example.org".to_owned(), operator: Some(operator) }
}

/// Names, TTL, kind and joined text of the records, as a name server reads the lines.
fn zone(records: &str) -> Vec<(String, String, String)> {
    let lines = records.lines().filter(|line| !line.starts_with(';'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.splitn(5, ' ').collect();
            let [name, ttl, "IN", kind, value] = fields[..] else { panic!("not a record: {line}") };
            assert!(name.ends_with('.') && ttl.parse::<u32>().is_ok(), "{line}");
            let value = match kind {
                "TXT" => value
                    .strip_prefix('"')
                    .and_then(|v| v.strip_suffix('"'))
                    .expect("quoted")
                    .split("\" \"")
                    .inspect(|s| assert!(s.len() <= 255 && !s.contains('"'), "{line}"))
                    .collect(),
                _ => value.to_owned(),
            };
            (name.to_owned(), kind.to_owned(), value)
        })
        .collect()
}

#[test]
fn the_records_of_a_new_server() {
    let key = DkimKey::generate().unwrap();
    let InitPlan { records, .. } = plan(&request(InitPlace::System), &key).unwrap();
    let public = key.public_base64();
    let shown: String = zone(&records)
        .into_iter()
        .map(|(name, kind, value)| format!("{name} {kind} {}\n", value.replace(&public, "PUBLIC")))
        .collect();
    expect![[r#"
        lists.example.org. MX 10 lists.example.org.
        lists.example.org. TXT v=spf1 mx -all
        parvis._domainkey.lists.example.org. TXT v=DKIM1; k=rsa; p=PUBLIC
        _dmarc.lists.example.org. TXT v=DMARC1; p=quarantine; adkim=r; aspf=r; rua=mailto:op@elsewhere.example
        _smtp._tls.lists.example.org. TXT v=TLSRPTv1; rua=mailto:op@elsewhere.example
    "#]]
    .assert_eq(&shown);
    let comments: Vec<&str> = records.lines().filter(|line| line.starts_with(';')).collect();
    expect![[r#"
        ; Where the server is: write its own addresses, and take the ; away.
        ; lists.example.org. 3600 IN A 192.0.2.1
        ; lists.example.org. 3600 IN AAAA 2001:db8::1
        ; And ask whoever rents you these addresses that they name lists.example.org (PTR).
        ; Mail for the lists comes here.
        ; Only this server sends mail in its name (SPF).
        ; Copies are signed with the key this is the public half of (DKIM).
        ; Mail in its name that is neither signed nor sent by it is not to be trusted (DMARC).
        ; In the zone of elsewhere.example, so that reports about lists.example.org may go there.
        ; lists.example.org._report._dmarc.elsewhere.example. 3600 IN TXT "v=DMARC1"
        ; Who could not encrypt what they sent to it says so there (TLS-RPT).
        ; Later, when the certificate is good: who brings it mail must encrypt (MTA-STS).
        ; mta-sts.lists.example.org. 3600 IN CNAME lists.example.org.
        ; _mta-sts.lists.example.org. 3600 IN TXT "v=STSv1; id=ID""#]]
    .assert_eq(&comments.join("\n").replace(&mta_sts::record("lists.example.org"), "v=STSv1; id=ID"));

    let nobody = InitRequest { operator: None, ..request(InitPlace::System) };
    assert!(!plan(&nobody, &key).unwrap().records.contains("rua="));
    let own = EmailAddress::parse("op@example.org").ok();
    let own = InitRequest { operator: own, ..request(InitPlace::System) };
    assert!(!plan(&own, &key).unwrap().records.contains("_report"));
}

#[test]
fn a_folder_holds_a_whole_installation_that_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a \"new\" server");
    let key = DkimKey::generate().unwrap();
    let plan = plan(&request(InitPlace::Folder(dir.clone())), &key).unwrap();
    write(&plan).unwrap();

    let config = Config::load(&ConfigPath::Written(dir.join("parvis.toml")), []).unwrap();
    assert_eq!(config.hostname, "lists.example.org");
    assert_eq!(config.data_dir, dir);
    assert_eq!(config.operator.unwrap().as_str(), "op@elsewhere.example");
    let [ref signing] = config.dkim.there().unwrap()[..] else { panic!("one key") };
    assert_eq!(signing.selector, "parvis");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&signing.file) & 0o177, 0);
    assert_eq!(mode(signing.file.parent().unwrap()) & 0o077, 0);

    let pem = fs::read_to_string(&signing.file).unwrap();
    assert!(pem.lines().all(|line| line.len() <= 64));
    let der = pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let der = data_encoding::BASE64.decode(der.as_bytes()).unwrap();
    let pair = signature::RsaKeyPair::from_pkcs8(&der).unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let published =
        zone(&plan.records).into_iter().find(|(name, ..)| name.starts_with("parvis._domainkey")).unwrap().2;
    let published = published.strip_prefix("v=DKIM1; k=rsa; p=").unwrap();
    assert_eq!(data_encoding::BASE64.decode(published.as_bytes()).unwrap(), public.as_ref());
    assert_eq!(DkimKey::from_pem(&pem).unwrap().private_pem(), pem);
}

#[test]
fn nothing_is_ever_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let key = DkimKey::generate().unwrap();
    let plan = plan(&request(InitPlace::Folder(folder.path().to_owned())), &key).unwrap();
    let pem = folder.path().join("keys/dkim.pem");
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::write(&pem, "precious").unwrap();
    let error = write(&plan).unwrap_err().to_string();
    assert_eq!(error, format!("{} exists already, and init replaces nothing", pem.display()));
    assert_eq!(fs::read_to_string(&pem).unwrap(), "precious");
    assert!(!folder.path().join("parvis.toml").exists(), "nothing is half done");
}

#[test]
fn what_cannot_be_started() {
    let key = DkimKey::generate().unwrap();
    let fails = |request: InitRequest| plan(&request, &key).unwrap_err().to_string();
    let named = |name: &str| InitRequest { hostname: name.to_owned(), ..request(InitPlace::System) };
    expect![[r#""a\"\nb" cannot be our hostname: write a name such as lists.example.org"#]]
        .assert_eq(&fails(named("a\"\nb")));
    expect![[r#""" cannot be our hostname: write a name such as lists.example.org"#]]
        .assert_eq(&fails(named("")));
    expect!["here is not an absolute path"].assert_eq(&fails(request(InitPlace::Folder("here".into()))));
}

#[test]
fn a_key_is_not_shown_and_garbage_is_no_key() {
    let key = DkimKey::generate().unwrap();
    let pem = key.private_pem();
    assert!(!format!("{key:?}").contains(pem.lines().nth(5).unwrap()));
    for end in 0..pem.len() - 1 {
        assert!(DkimKey::from_pem(&pem[..end]).is_err());
    }
    assert!(DkimKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").is_err());
}
