//! Our seals (RFC 8617), looked at by somebody else's verifier: one for all readers, good on each
//! one's copy, over one server or several, and honest about what was broken before.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use data_encoding::BASE64;
use parvis::mail::canonical::{self, Form};
use parvis::mail::compose::{PreparedCopy, own_fields};
use parvis::mail::own_results::OwnResults;
use parvis::sign::{Common, NamedKey, Signer};
use tokio::runtime::Runtime;

use crate::copies;
use crate::signing::{ALL_PASS, AT, Verifier, keys};

const HOST: &str = "mx.lists.example";

struct Sealer {
    signer: Signer,
    verifier: Verifier,
    runtime: Runtime,
    public: String,
}

impl Sealer {
    fn new() -> Sealer {
        let keys = keys();
        let verifier = Verifier::new("lists.example", &keys);
        let public = keys.first().unwrap().key.public_base64();
        let signer = Signer::start(keys).unwrap().that_seals(HOST);
        Sealer { signer, verifier, runtime: Runtime::new().unwrap(), public }
    }

    /// The seal of a prepared post that came with these results.
    fn seal(&self, prepared: &PreparedCopy, results: &str) -> String {
        let kept = format!("Authentication-Results: {HOST};\r\n\t{results}\r\n\r\n");
        let found = OwnResults::of(kept.as_bytes(), HOST).filter(|_| !results.is_empty());
        let head = prepared.common_head();
        let common = Common::new("lists.example", &head, prepared.body());
        String::from_utf8(self.signer.seal(&common, &head, found.as_ref(), AT).unwrap()).unwrap()
    }

    /// One reader's copy as it leaves.
    fn copy(&self, prepared: &PreparedCopy, seal: &str, reader: &str) -> Vec<u8> {
        let own = own_fields(&format!("https://lists.example/u/{reader}"), copies::ADDRESS);
        let common = Common::new("lists.example", &prepared.common_head(), prepared.body());
        let signed = self.runtime.block_on(self.signer.sign(common.into(), own.clone(), AT)).unwrap();
        [signed, seal.into(), prepared.head_with(&own), prepared.body().to_vec()].concat()
    }
}

/// The fields of sets, the seal's and the others', without folding.
fn sets(mail: &[u8]) -> Vec<String> {
    let (fields, mut sets) = (canonical::fields(mail), Vec::new());
    for (name, raw) in fields.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with(b"arc-")) {
        let text =
            String::from_utf8_lossy(&raw[name.len() + 1..]).split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.split(" b=").next().unwrap().split(" h=").next().unwrap().to_owned();
        sets.push(format!("{}: {text}", String::from_utf8_lossy(name)));
    }
    sets
}

fn plain() -> PreparedCopy {
    copies::prepared(&copies::folder().join("plain-footer-widened"))
}

#[test]
fn one_seal_is_good_on_every_readers_copy() {
    let sealer = Sealer::new();
    let (mut seen, results) =
        (0, "spf=pass smtp.mailfrom=anne.example;\r\n\tdkim=pass header.d=anne.example");
    for case in copies::cases() {
        if case.ends_with("untouched") {
            continue; // `to :` is a To (RFC 6376 §3.4.2), but not to this verifier.
        }
        let prepared = copies::prepared(&case);
        let seal = sealer.seal(&prepared, results);
        if sets(&prepared.common_head()).is_empty() {
            seen += 1;
            for reader in ["one", "two"] {
                let copy = sealer.copy(&prepared, &seal, reader);
                assert_eq!(sealer.verifier.says_of_seals(&copy), "pass", "{}", case.display());
                assert_eq!(sealer.verifier.says(&copy), ALL_PASS, "{}", case.display());
            }
        }
        assert!(seal.split("\r\n").all(|line| line.len() <= 78), "{seal}");
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_set_says_what_it_should() {
    let sealer = Sealer::new();
    let seal = sealer.seal(
        &plain(),
        "spf=pass smtp.mailfrom=anne.example;\r\n\tdmarc=none (p=none) header.from=anne.example",
    );
    assert_eq!(
        sets(seal.as_bytes()),
        [
            "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=lists.example; s=parvis; t=1700000000;",
            "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=lists.example; s=parvis; t=1700000000;",
            "ARC-Authentication-Results: i=1; mx.lists.example; spf=pass smtp.mailfrom=anne.example; \
             dmarc=none (p=none) header.from=anne.example",
        ]
    );
    assert!(seal.contains("h=From:") && !seal.contains("List-Unsubscribe"), "{seal}");
    assert!(sealer.seal(&plain(), "").contains("i=1; mx.lists.example;\r\n\tnone\r\n"), "nobody looked");
    let without = Signer::start(keys()).unwrap();
    let common = Common::new("lists.example", &plain().common_head(), plain().body());
    assert!(without.seal(&common, &plain().common_head(), None, AT).unwrap().is_empty());
}

#[test]
fn what_readers_see_is_covered() {
    let sealer = Sealer::new();
    let prepared = plain();
    let copy = sealer.copy(&prepared, &sealer.seal(&prepared, "spf=pass smtp.mailfrom=a.example"), "one");
    let copy = String::from_utf8(copy).unwrap();
    for bad in [
        copy.replacen("Anne Martin", "Anne Marten", 1),
        copy.replacen("spf=pass", "spf=fail", 1),
        format!("From: added\r\n{copy}"),
        format!("Subject: added\r\n{copy}"),
        format!("{copy}one more line\r\n"),
    ] {
        assert_ne!(bad, copy);
        assert_eq!(sealer.verifier.says_of_seals(&bad), "fail", "{bad}");
    }
    assert_eq!(sealer.verifier.says_of_seals(copy.replacen("u/one", "u/two", 1)), "pass");
}

#[test]
fn a_second_list_adds_to_a_good_chain_and_gives_up_a_broken_one() {
    let sealer = Sealer::new();
    let first = plain();
    let copy = sealer.copy(&first, &sealer.seal(&first, "dkim=pass header.d=a.example"), "one");
    let second = copies::prepared_from(&copy);
    assert_ne!(second.body(), first.body(), "the second list's footer breaks the first's signature");

    let seal = sealer.seal(&second, "dkim=pass header.d=lists.example;\r\n\tarc=pass");
    assert!(sets(seal.as_bytes())[0].starts_with("ARC-Seal: i=2; a=rsa-sha256; cv=pass; "), "{seal}");
    let good = sealer.copy(&second, &seal, "two");
    assert_eq!(
        (sealer.verifier.says_of_seals(&good), sealer.verifier.says(&good).as_str()),
        ("pass", "parvis=pass older=pass edwards=pass parvis=fail older=fail edwards=fail")
    );
    let third = copies::prepared_from(&good);
    let good = sealer.copy(&third, &sealer.seal(&third, "arc=pass"), "three");
    assert_eq!((sealer.verifier.says_of_seals(&good), sets(&good).len()), ("pass", 9));
    let unsealed = String::from_utf8(sealer.copy(&second, "", "two")).unwrap();
    assert_eq!(sealer.verifier.says_of_seals(&unsealed), "fail", "edited, and nobody answers for it");

    for broken in ["arc=fail", "arc=temperror", "arc=permerror"] {
        let seal = sealer.seal(&second, broken);
        assert!(sets(seal.as_bytes())[0].starts_with("ARC-Seal: i=2; a=rsa-sha256; cv=fail; "), "{seal}");
        assert!(covers_itself_alone(&seal, &sealer.public), "{seal}");
        let given_up = sealer.copy(&second, &seal, "two");
        assert_eq!(sealer.verifier.says_of_seals(&given_up), "fail");
        let third = copies::prepared_from(&given_up);
        for results in ["arc=pass", "arc=fail"] {
            assert_eq!(sealer.seal(&third, results), "", "nothing is added to a chain that is given up");
        }
    }
    for unknown in ["", "none", "dkim=pass header.d=lists.example"] {
        assert_eq!(sealer.seal(&second, unknown), "", "nobody looked at the chain: {unknown}");
    }
}

/// RFC 8617 §5.1.2, worked out here once more.
fn covers_itself_alone(set: &str, public: &str) -> bool {
    let (unsigned, signature) = set[..set.find("ARC-Message-Signature").unwrap()].split_once("\tb=").unwrap();
    let signature: String = signature.split_whitespace().collect();
    let mut covered = Vec::new();
    let fields = canonical::fields(set.as_bytes());
    let seal = format!("{unsigned}\tb=\r\n");
    for raw in [fields[2].1, fields[1].1, seal.as_bytes()] {
        canonical::push_field(&mut covered, raw, Form::Relaxed);
    }
    covered.truncate(covered.len() - 2);
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, BASE64.decode(public.as_bytes()).unwrap());
    key.verify(&covered, &BASE64.decode(signature.as_bytes()).unwrap()).is_ok()
}

#[test]
fn chains_that_are_none_are_never_called_good() {
    let sealer = Sealer::new();
    let set = |n: &str, cv: &str| {
        format!(
            "ARC-Seal: i={n}; a=rsa-sha256; cv={cv}; d=x.example; s=x; b=YQ==\r\n\
             ARC-Message-Signature: i={n}; d=x.example\r\nARC-Authentication-Results: i={n}; x.example; none\r\n"
        )
    };
    let chain = |n: u32| (1..=n).rev().map(|n| set(&n.to_string(), "pass")).collect::<String>();
    // What stands in the post, what was found at the door, and how our seal begins.
    for (fields, found, expected) in [
        (chain(49), "pass", "ARC-Seal: i=50; a=rsa-sha256; cv=pass;"),
        (chain(49), "fail", "ARC-Seal: i=50; a=rsa-sha256; cv=fail;"),
        (chain(50), "pass", ""),
        (chain(50), "fail", ""),
        (set("2", "pass"), "pass", ""),
        (set("2", "pass"), "fail", "ARC-Seal: i=3; a=rsa-sha256; cv=fail;"),
        (set("1", "none") + &set("1", "none"), "pass", ""),
        (set("1", "none") + &set("1", "none"), "fail", "ARC-Seal: i=2; a=rsa-sha256; cv=fail;"),
        (set("1", "FAIL"), "fail", ""),
        (set("x", "none"), "fail", ""),
        (set("4294967295", "none"), "fail", ""),
        (set("0", "none"), "pass", ""),
        ("ARC-Seal:\r\nARC-Seal: i\r\narc-seal : i=7\r\n".to_owned(), "pass", ""),
        (
            "ARC-Seal:\r\nARC-Seal: i\r\narc-seal : i=7\r\n".to_owned(),
            "fail",
            "ARC-Seal: i=8; a=rsa-sha256; cv=fail;",
        ),
    ] {
        let post = format!("{fields}From: anne@a.example\r\nSubject: x\r\n\r\nx\r\n");
        let seal = sealer.seal(&copies::prepared_from(post.as_bytes()), &format!("arc={found}"));
        let begins = seal.split("\r\n").next().unwrap();
        assert_eq!(begins, expected, "{found}: {fields}");
    }
    let whole = set("1", "none") + &set("2", "pass");
    for end in 0..whole.len() {
        let post = format!("{}\r\nSubject: x\r\n\r\nx\r\n", &whole[..end]);
        let _ = sealer.seal(&copies::prepared_from(post.as_bytes()), "arc=pass");
    }
}

/// The keys' order does not matter: every server checks RSA.
#[test]
fn the_first_rsa_key_seals() {
    let mut turned: Vec<NamedKey> = keys();
    turned.rotate_right(1);
    let signer = Signer::start(turned).unwrap().that_seals(HOST);
    let common = Common::new("lists.example", &plain().common_head(), plain().body());
    let seal = signer.seal(&common, &plain().common_head(), None, AT).unwrap();
    assert!(sets(&seal)[0].contains("a=rsa-sha256;") && sets(&seal)[0].contains("s=parvis;"));
    let edwards = Signer::start(keys().split_off(2)).unwrap().that_seals(HOST);
    let seal = edwards.seal(&common, &plain().common_head(), None, AT).unwrap();
    assert!(sets(&seal)[0].contains("a=ed25519-sha256;"));
}
