//! MTA-STS (RFC 8461): the text that says a domain has a policy, and the policy. Bytes in, values
//! out; fetches nothing.

use std::time::Duration;

/// The longest policy that is read, in bytes (RFC 8461 §3.2 asks for 64 KiB at most).
pub(super) const POLICY_BYTES_MAX: usize = 64 << 10;
/// The most servers a policy names.
const PATTERNS_MAX: usize = 100;
/// The longest a policy holds (RFC 8461 §3.2: 31,557,600 seconds).
const AGE_MAX: Duration = Duration::from_secs(31_557_600);

/// What a domain asks of those who bring it mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Policy {
    pub(super) mode: Mode,
    /// Of its servers: names, or `*.` in front of one.
    pub(super) patterns: Vec<String>,
    /// For how long it holds.
    pub(super) age: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Only servers the policy names, with certificates that hold.
    Enforce,
    /// As if there were none, but tell somebody.
    Testing,
    /// There is none any more.
    None,
}

/// The id in the text at `_mta-sts.` of a domain: another id is another policy (RFC 8461 §3.1).
/// Nothing unless exactly one text is of this kind.
pub(super) fn id_in(texts: &[Vec<u8>]) -> Option<String> {
    let mut ours = texts.iter().filter(|text| {
        let version = text.split(|b| *b == b';').next().unwrap_or_default();
        version.trim_ascii() == b"v=STSv1"
    });
    let (Some(text), None) = (ours.next(), ours.next()) else { return None };
    let text = std::str::from_utf8(text).ok()?;
    let id = text.split(';').find_map(|field| field.trim().strip_prefix("id="))?.trim();
    let fits = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| id.to_owned())
}

/// Reads a policy; `None` for what is none (RFC 8461 §3.2).
pub(super) fn parse(bytes: &[u8]) -> Option<Policy> {
    let text = std::str::from_utf8(bytes.get(..POLICY_BYTES_MAX).unwrap_or(bytes)).ok()?;
    let (mut version, mut mode, mut age, mut patterns) = (None, None, None, Vec::new());
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        // Of all but `mx`, the first counts.
        match key.trim() {
            "version" => _ = version.get_or_insert(value),
            "mode" => _ = mode.get_or_insert(value),
            "max_age" => _ = age.get_or_insert(value),
            "mx" if patterns.len() < PATTERNS_MAX => patterns.push(value.to_ascii_lowercase()),
            _ => {}
        }
    }
    if version != Some("STSv1") {
        return None;
    }
    let mode = match mode? {
        "enforce" => Mode::Enforce,
        "testing" => Mode::Testing,
        "none" => Mode::None,
        _ => return None,
    };
    if patterns.is_empty() && mode != Mode::None {
        return None;
    }
    let age = age?;
    let digits = age.bytes().all(|b| b.is_ascii_digit());
    let seconds = digits.then(|| age.parse::<u64>().ok())??;
    Some(Policy { mode, patterns, age: Duration::from_secs(seconds).min(AGE_MAX) })
}

impl Policy {
    /// Whether it names this server: `*.` stands for one label (RFC 8461 §4.1).
    pub(super) fn names(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.patterns.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => {
                host.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest == parent)
            }
            None => *pattern == host,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_says_there_is_a_policy() {
        for (texts, id) in [
            (&["v=STSv1; id=20260101T000000;"][..], Some("20260101T000000")),
            (&["v=STSv1;id=1"], Some("1")),
            (&["v=spf1 -all", "v=STSv1; id=1;"], Some("1")),
            (&["v=STSv1; id=1", "v=STSv1; id=2"], None),
            (&["v=STSv1"], None),
            (&["v=STSv1; id=a-b"], None),
            (&["v=STSv2; id=1"], None),
            (&["id=1; v=STSv1"], None),
            (&["v=STSv1; id="], None),
            (&[], None),
        ] {
            let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
            assert_eq!(id_in(&texts).as_deref(), id, "{texts:?}");
        }
    }

    const GOOD: &str =
        "version: STSv1\r\nmode: enforce\r\nmx: MX1.example\r\nmx: *.mail.example\r\nmax_age: 604800\r\n";

    #[test]
    fn a_policy_names_servers() {
        let policy = parse(GOOD.as_bytes()).expect("it is one");
        assert_eq!((policy.mode, policy.age), (Mode::Enforce, Duration::from_secs(604_800)));
        for (host, named) in [
            ("mx1.example", true),
            ("MX1.EXAMPLE", true),
            ("a.mail.example", true),
            ("a.b.mail.example", false),
            ("mail.example", false),
            (".mail.example", false),
            ("mx2.example", false),
            ("", false),
        ] {
            assert_eq!(policy.names(host), named, "{host}");
        }
    }

    #[test]
    fn what_is_no_policy() {
        assert_eq!(parse(b"version: STSv1\nmode: none\nmax_age: 1\n").map(|p| p.mode), Some(Mode::None));
        assert!(parse(GOOD.replace("\r\n", "\n").as_bytes()).is_some());
        for (from, to) in [
            ("STSv1", "STSv2"),
            ("version: STSv1\r\n", ""),
            ("enforce", "perhaps"),
            ("max_age: 604800\r\n", ""),
            ("604800", "-1"),
            ("604800", "99999999999999999999999"),
            ("mx: MX1.example\r\nmx: *.mail.example\r\n", ""),
        ] {
            assert_eq!(parse(GOOD.replace(from, to).as_bytes()), None, "{from} as {to}");
        }
        assert_eq!(parse(GOOD.replace("604800", "999999999").as_bytes()).map(|p| p.age), Some(AGE_MAX));
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(bytes: Vec<u8>, end in 0usize..100) {
            let _ = parse(&bytes);
            let _ = id_in(&[bytes]);
            let _ = parse(&GOOD.as_bytes()[..end.min(GOOD.len())]);
        }
    }
}
